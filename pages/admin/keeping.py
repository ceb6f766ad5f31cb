"""Keeping and erasing: how long loads are kept, and a child taken out of all of them."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import streamlit as st

from cpm_metrics.access import Right
from cpm_metrics.errors import CpmError, NeedsConfirmation
from cpm_metrics.views import look
from cpm_metrics.views.child import periods
from pages._shared import data, frame, show, state
from pages._shared.faults import refused
from pages._shared.gate import allow, who

USUAL_DAYS = 400


def page() -> None:
    allow(Right.PEOPLE)
    frame.title("Keeping and erasing")
    st.caption("What is deleted here is gone from the store for good. Backups, files that were downloaded and the spreadsheets themselves are elsewhere: see to them too.")
    left, right = st.columns(2, gap="large")
    with left:
        loads()
    with right:
        child()


def loads() -> None:
    st.header("Delete old loads", anchor=False)
    answer("loads")
    found = data.administered().history()
    st.caption(
        "Trends over loads, and what was known at the time, reach back only as far as loads are kept. The current load and the one before it are never deleted. "
        f"Where the nightly job is set up, it deletes loads after {USUAL_DAYS} days by itself (docs/hosting.md)."
    )
    if not found:
        show.empty("Nothing is loaded yet", "There is nothing to delete.", ":material/inventory_2:")
        return
    days = int(st.number_input("Delete loads made more than this many days ago", min_value=1, max_value=10_000, value=USUAL_DAYS, step=1, key="keeping-days"))
    current = data.administered().current()
    before = datetime.now(UTC) - timedelta(days=days)
    others = [info for info in found if current is None or info.load_id != current.info.load_id]
    undo = max((info.load_id for info in others if not info.undone), default=None)  # what “Undo” goes back to stays, as `retain` says
    old = [info for info in others if info.loaded_at < before and info.load_id != undo]
    if not old:
        oldest = min(info.loaded_at for info in found).date()
        show.empty("No load is to go", f"{look.count(len(found), 'load')} kept; the oldest was made on {look.day(oldest)}. Choose fewer days to delete newer ones.", ":material/inventory_2:")
        return
    st.dataframe(
        {"Extract taken on": [info.extract_date for info in old], "Loaded on": [info.loaded_at.date() for info in old], "Undone": ["Yes" if info.undone else "No" for info in old]},
        hide_index=True, placeholder="", alt="Loads that would be deleted", height=show.height(old, 300),
        column_config={"Extract taken on": show.date_column("Extract taken on", width=130), "Loaded on": show.date_column("Loaded on", width=130)},
    )  # fmt: skip
    ticked = f"keeping-sure-{days}-{len(old)}"
    st.checkbox(f"Delete {look.count(len(old), 'load')} for good", key=ticked)
    # Never greyed out: whoever tabs on from the tick would find no button there until the page has run.
    st.button("Delete", key="keeping-delete", type="primary", icon=":material/delete_forever:", **state.on_click(done, "loads", delete, days, len(old), ticked))


def child() -> None:
    st.header("Erase a child", anchor=False)
    st.caption(
        "For example after a court order, a request that was granted, or a record made by mistake. The child is taken out of every load, note, exception and saved list. "
        "In the audit “erased” stands where the ID was, with who did it and under which reference. It can’t be undone. "
        "The next extract must not have the child, or they come back."
    )
    wanted = st.text_input("Child ID", key="keeping-child").strip()
    st.text_input("Reference", key="keeping-reference", max_chars=120, placeholder="For example: information rights request 2026-118", help="Where it was asked for and decided. No name and no child ID: it stays in the audit.")
    again = st.text_input("Child ID once more", key="keeping-again").strip()
    if wanted:
        st.info(known_as(wanted), icon=":material/person:")
    if again and again != wanted:
        st.warning("The two IDs are not the same.", icon=":material/info:")
    answer("child")
    st.button("Erase for good", key="keeping-erase", type="primary", icon=":material/delete_forever:", **state.on_click(done, "child", erase, wanted))


def known_as(child_id: str) -> str:
    """Whom the ID means, so that nobody is erased for a slip in it."""
    current = data.store().current()
    found = periods(data.results(current.info.load_id, current.info.extract_date), child_id) if current else ()
    if not len(found):
        return f"{show.plain(child_id)} is not in the newest load. Older loads, notes and exceptions are looked through too; zeros in front count."
    latest = found.iloc[0]
    name = look.name(latest["forename"], latest["surname"], child_id)  # "Child 0042" without one, or while names are hidden
    return f"In the newest load this is **{show.plain(name)}**" + (f", {show.plain(latest['team'])}." if isinstance(latest["team"], str) else ".")


def delete(days: int, count: int, ticked: str) -> str:
    """What stood on the page at the click, and nothing that was typed since."""
    if not state.widget(ticked):
        raise CpmError(f"Nothing is deleted yet. {look.count(count, 'load')} would be deleted for good.", "Tick the box above the button first.")
    doubted = state.recall("keeping-doubted") == (days, count)
    state.forget("keeping-doubted")
    try:
        gone = data.administered().retain(days, who(), confirmed=doubted)
    except NeedsConfirmation as question:
        state.remember("keeping-doubted", (days, count))
        raise CpmError(f"Nothing is deleted yet. {question.what}", "If the clock is right, press the button once more.") from None
    return f"Deleted for good: {look.count(len(gone), 'load')}."


def erase(shown: str) -> str:
    """`shown`: the ID for which the page said whose it is."""
    wanted, reference, again = ((state.widget(f"keeping-{name}") or "").strip() for name in ("child", "reference", "again"))
    if not (wanted and reference and again):
        raise CpmError("Nobody is erased yet.", "Fill in the child’s ID, the reference, and the ID once more.")
    if wanted != again:
        raise CpmError("Nobody is erased yet: the two IDs are not the same.", "Type the same ID twice.")
    if wanted != shown:
        raise CpmError("Nobody is erased yet: the ID was changed just now.", "Read whose it is, then press the button again.")
    found = data.administered().erase(wanted, who(), reference)
    for name in ("child", "reference", "again"):
        state.set_widget(f"keeping-{name}", "")
    return f"Erased: {look.count(sum(found.rows.values()), 'row')} in {look.count(found.loads, 'load')}, {look.count(found.notes, 'note')}, {look.count(found.exceptions, 'exception')}. {found.to_read}"


def done(place: str, work: Callable[..., str], *args) -> None:
    try:
        allow(Right.PEOPLE)
        state.remember("keeping-answer", (place, work(*args)))
    except CpmError as problem:
        state.remember("keeping-answer", (place, problem))


def answer(place: str) -> None:
    """What became of the last click, near what was clicked: on a phone the page's top is far away."""
    at, found = state.recall("keeping-answer") or ("", "")
    if at != place:
        return
    state.forget("keeping-answer")
    if isinstance(found, CpmError):
        refused(found)
    else:
        st.success(show.plain(found), icon=":material/check_circle:")


page()
