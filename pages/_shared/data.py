"""The store as the person at the screen may see it, and what was computed from that, shared between sessions of the same rights.

A Results is computed once for a load, an as-at date, the settings and a `Place` (whose children, names hidden or not), which together
are its key: nothing else decides what is in it. Every cache of a page has the place as a plain argument of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import streamlit as st

from cpm_metrics.access import People, Right, Seen, Viewer
from cpm_metrics.access.within import held_by
from cpm_metrics.engine import Results, compute
from cpm_metrics.errors import CpmError
from cpm_metrics.settings import Settings
from cpm_metrics.store import Snapshot, Store
from cpm_metrics.views import changes
from pages._server import people as server
from pages._shared import state
from pages._shared.gate import gate

_SHOWN = "shown-load"
WEEK = timedelta(days=7)
# Teams of a service manager times days and loads that are looked at: one is small, a council's some tens of megabytes.
_KEPT = 48


@dataclass(frozen=True)
class Place:
    """A store as someone sees it. `teams`: None for all; `load`: the newest load, whose allocations say whose child it is now. What is computed for one is
    shared by all whose place is equal."""

    folder: str
    teams: tuple[str, ...] | None
    masked: bool
    load: str | None
    edition: str  # changes when loads are written anew: a child was erased


def folder() -> Path:
    return server.folder()


def begin() -> None:
    """Once, at the beginning of a run: the load that is current now is the one that all of this run shows, whatever becomes current
    meanwhile; else the day beside the page could be of one load and the figures of another."""
    try:
        state.remember(_SHOWN, server.whole_store().current())
    except CpmError:  # the page says why
        state.forget(_SHOWN)


def end() -> None:
    """The run is over: an open page holds no load, which may be erased."""
    state.forget(_SHOWN)


def _current() -> Snapshot | None:
    return state.recall(_SHOWN) or server.whole_store().current()


def place() -> Place:
    """What a cache needs to know of who asks."""
    viewer = gate()
    current = None
    if viewer.teams is not None:
        snapshot = _current()
        current = snapshot.info.load_id if snapshot else None
    return Place(str(folder()), None if viewer.teams is None else tuple(sorted(viewer.teams)), viewer.masked, current, server.whole_store().edition)


def store() -> Seen:
    return _seen(gate(), place())


def _seen(viewer: Viewer, where: Place) -> Seen:
    return Seen(server.whole_store(), viewer, lambda: _children(where), state.recall(_SHOWN))


def _children(where: Place) -> frozenset[str] | None:
    """Whose teams hold them now, by the newest load and whatever day is looked at."""
    if where.teams is None:
        return None
    return frozenset() if where.load is None else _held(where.folder, where.load, where.teams, where.edition)


@st.cache_resource(max_entries=_KEPT, show_spinner=False)
def _held(path: str, load_id: str, teams: tuple[str, ...], edition: str) -> frozenset[str]:
    whole = server.whole_store().snapshot(load_id)
    everyone = _results(Place(path, None, False, None, edition), load_id, whole.info.extract_date, Settings().key, Settings())
    return held_by(everyone, teams)


def administered() -> Store:
    """The whole store, for those who say what is kept in it."""
    gate().need(Right.PEOPLE)
    return server.whole_store()


def people() -> People:
    """Who may see what, for those who say so."""
    gate().need(Right.PEOPLE)
    return server.people()


def settings() -> Settings:
    return Settings(server.whole_store().state.settings())


def results(load_id: str, as_at: date, chosen: Settings | None = None) -> Results:
    """`chosen`: settings that are only tried; those in use by default."""
    chosen = chosen or settings()
    return _results(place(), load_id, as_at, chosen.key, chosen)


@st.cache_resource(max_entries=_KEPT, show_spinner="Working out what was due and what was done…")
def _results(where: Place, load_id: str, as_at: date, settings_key: str, _settings: Settings) -> Results:
    seen = Seen(server.whole_store(), _for(where), lambda: _children(where))
    current = seen.current()
    snapshot = current if current and current.info.load_id == load_id else seen.snapshot(load_id)
    return compute(snapshot, as_at, _settings)


def _for(where: Place) -> Viewer:
    """Anybody with the rights of this place: what is computed depends on nothing else of a person."""
    return Viewer("", "", (), frozenset({Right.CHILDREN}), None if where.teams is None else frozenset(where.teams), where.masked)


def earlier(load_id: str, as_at: date) -> tuple[Results, str]:
    """What the present state is compared with, and how to call it: the load before, for the newest extract's own date;
    otherwise the same load as at a week earlier."""
    before, day, how = _compared_with(store(), load_id, as_at)
    return results(before, day), how


def _compared_with(kept: Store | Seen, load_id: str, as_at: date) -> tuple[str, date, str]:
    info = kept.current().info
    if as_at == info.extract_date and info.previous:
        before = next((i for i in kept.history() if i.load_id == info.previous), None)
        if before is not None and before.extract_date < info.extract_date:
            return before.load_id, before.extract_date, "load"
    return load_id, as_at - WEEK, "week"


def work_out() -> None:
    """What the first page needs, before anybody comes: the newest load on its own day, and what that is compared with. As the whole
    authority is seen with names; it is kept under that key, and given to nobody who may see less."""
    whole, chosen = server.whole_store(), settings()
    current = whole.current()
    if current is not None:
        load_id, day = current.info.load_id, current.info.extract_date
        where = Place(str(folder()), None, False, None, whole.edition)
        for load, at in ((load_id, day), _compared_with(whole, load_id, day)[:2]):
            _results(where, load, at, chosen.key, chosen)


def changed(load_id: str, as_at: date) -> tuple[changes.Changes, date, str]:
    """What changed since then, the date it is compared with, and "load" or "week"."""
    before, how = earlier(load_id, as_at)
    chosen = settings()
    found = _changes(place(), before.load_id, before.as_at, load_id, as_at, chosen.key, before, results(load_id, as_at))
    return found, before.as_at, how


@st.cache_resource(max_entries=_KEPT, show_spinner=False)
def _changes(where: Place, load_before: str, as_at_before: date, load_id: str, as_at: date, settings_key: str, _before: Results, _now: Results):
    return changes.between(_before, _now)


def viewed(child_id: str) -> None:
    """Notes in the audit, once a session and child, that a child's page was opened."""
    already: set[str] = state.recall("viewed") or set()
    if child_id not in already:
        server.whole_store().state.note(gate().who, "child viewed", child_id)  # first: without the line there is no page
        state.remember("viewed", already | {child_id})
