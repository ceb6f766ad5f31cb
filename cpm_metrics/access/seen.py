"""The store as one person may see it: the same questions as `Store` and `State`, answered within their rights.

Pages get nothing else. What is not named here doesn't exist for them: a method that `Store` gains is refused until it is allowed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cpm_metrics.access.people import NotAllowed, Viewer
from cpm_metrics.access.roles import Right
from cpm_metrics.access.within import HIDDEN, Within, without_names
from cpm_metrics.store import LoadInfo, Snapshot, Store
from cpm_metrics.store.state import Setting, State, chart_of, of_chart

# Method -> the right it takes. None: looking at what the snapshot itself is filtered for, or at what says nothing of a child.
STORE: dict[str, Right | None] = {
    "mapping_book": Right.LOAD, "keep_mapping_book": Right.LOAD, "commit": Right.LOAD, "add": Right.LOAD,
    "undo": Right.LOAD, "recover": Right.LOAD, "folder": None,
}  # fmt: skip
STATE: dict[str, Right | None] = {
    "settings": None, "set_setting": Right.SETTINGS, "clear_setting": Right.SETTINGS, "change_settings": Right.SETTINGS,
    "mappings": Right.LOAD, "set_mapping": Right.LOAD,
    "add_note": Right.DECIDE, "add_exception": Right.DECIDE, "withdraw_exception": Right.DECIDE,
}  # fmt: skip
OF_SETTINGS = {"setting changed", "setting cleared"}
# The line of the audit for what a mapping screen was told.
HEADERS_REMEMBERED = "headers remembered"
# What people keep by name for themselves or for a chart; the rest of that table says who may see what.
REBASE = "rebase"
KEPT = {"view", "view that opens first", "columns", REBASE}


class Seen:
    """`viewer`'s view of `store`. `children`: gives the IDs that they may see, None for all (`children_of`)."""

    def __init__(self, store: Store, viewer: Viewer, children: Callable[[], frozenset[str] | None], shown: Snapshot | None = None) -> None:
        self._store, self.viewer, self._children, self._shown = store, viewer, children, shown
        self.state = StateSeen(store.state, viewer, children)

    def current(self) -> Snapshot | None:
        return self._within(self._shown or self._store.current())

    def snapshot(self, load_id: str) -> Snapshot:
        found = self._within(self._store.snapshot(load_id))
        assert found is not None
        return found

    def history(self) -> list[LoadInfo]:
        return [without_names(info, self.viewer.masked) for info in self._store.history()] if self._narrowed else self._store.history()

    @property
    def _narrowed(self) -> bool:
        return self.viewer.teams is not None or self.viewer.masked

    def _within(self, snapshot: Snapshot | None) -> Snapshot | None:
        if snapshot is None or not self._narrowed:
            return snapshot
        return Within(snapshot, self._children(), self.viewer.masked)

    def __getattr__(self, name: str) -> Any:
        return _allowed(self._store, name, STORE, self.viewer)


class StateSeen:
    """What people wrote, without what is about children whom the viewer may not see."""

    def __init__(self, state: State, viewer: Viewer, children: Callable[[], frozenset[str] | None]) -> None:
        self._state, self._viewer, self._children = state, viewer, children

    def notes(self, child_id: str | None = None) -> list:
        return self._mine(self._state.notes(child_id))

    def exceptions(self, child_id: str | None = None) -> list:
        return self._mine(self._state.exceptions(child_id))

    def _mine(self, written: list) -> list:
        children = self._children()
        if children is not None:
            written = [one for one in written if one.about.child_id in children]
        return [one._replace(who=HIDDEN, text=HIDDEN) for one in written] if self._viewer.masked else written

    def add_note(self, about: Any, *rest: Any) -> None:
        self._about(about)
        self._state.add_note(about, *rest)

    def add_exception(self, about: Any, *rest: Any) -> None:
        self._about(about)
        self._state.add_exception(about, *rest)

    def withdraw_exception(self, number: int, by: str) -> None:
        self._viewer.need(Right.DECIDE)
        if any(one.number == number for one in self.exceptions()):
            self._state.withdraw_exception(number, by)

    def _about(self, about: Any) -> None:
        self._viewer.need(Right.DECIDE)
        children = self._children()
        if children is not None and about.child_id not in children:
            raise NotAllowed("There is no such child in your teams.", "Choose one from your lists.")

    def note(self, by: str, what: str, *rest: Any) -> None:
        """Pages note nothing by themselves but this: the store notes what is changed, the server what is taken and seen."""
        if what != HEADERS_REMEMBERED:
            raise NotAllowed(f"“{what}” is not noted by pages.", "")
        self._viewer.need(Right.LOAD)
        self._state.note(by, what, *rest)

    def audit(self, *args: Any, **words: Any) -> list:
        """Everybody may see how the settings came about, whoever loads who said which headers mean what, and the rest those who give access."""
        what = words.get("what")
        if what not in OF_SETTINGS:
            self._viewer.need(Right.LOAD if what == HEADERS_REMEMBERED else Right.PEOPLE)
        lines = self._state.audit(*args, **words)
        return [line._replace(who=HIDDEN, detail={**line.detail, **{name: HIDDEN for name in ("reason", "name") if name in line.detail}}) for line in lines] if self._viewer.masked else lines

    def settings_in_full(self) -> list[Setting]:
        kept = self._state.settings_in_full()
        return [one._replace(set_by=HIDDEN, reason=HIDDEN) for one in kept] if self._viewer.masked else kept

    def saved(self, kind: str, owner: str) -> dict[str, Any]:
        found = self._state.saved(kind, self._owner(kind, owner))
        if kind == REBASE and self._viewer.masked:
            return {name: value | {"by": HIDDEN, "reason": HIDDEN} for name, value in found.items()}
        return found

    def save(self, kind: str, owner: str, name: str, value: Any, by: str) -> None:
        self._state.save(kind, self._owner(kind, owner), name, value, by)

    def forget(self, kind: str, owner: str, name: str, by: str) -> None:
        self._state.forget(kind, self._owner(kind, owner), name, by)

    def _owner(self, kind: str, owner: str) -> str:
        """Under which name it is kept. People's own lists are theirs alone. The chart of all teams is, for whoever sees some, the chart of
        those: what they mark on it isn't marked for everybody."""
        if kind not in KEPT:
            raise NotAllowed(f"“{kind}” is not kept by pages.", "")
        teams = self._viewer.teams
        if kind == REBASE and teams is not None:
            rule, chosen = of_chart(owner)
            if not set(chosen) <= teams:
                raise NotAllowed("There is no such team among yours.", "Choose one from the list.")
            return chart_of(rule, chosen or teams)
        if kind != REBASE and owner != self._viewer.who:
            raise NotAllowed("These lists are somebody else’s.", "")
        return owner

    def __getattr__(self, name: str) -> Any:
        return _allowed(self._state, name, STATE, self._viewer)


def _allowed(thing: Any, name: str, table: dict[str, Right | None], viewer: Viewer) -> Any:
    if name.startswith("_") or name not in table:
        raise AttributeError(name)
    right = table[name]
    if right is not None:
        viewer.need(right)
    return getattr(thing, name)
