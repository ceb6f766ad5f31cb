"""Keeping and erasing: how long loads are kept, and a child taken out of all of them."""

from datetime import UTC, datetime, timedelta

import streamlit as st

from cpm_metrics.access import Right
from cpm_metrics.errors import CpmError
from cpm_metrics.views import look
from pages._shared import data, frame, show, state
from pages._shared.faults import refused
from pages._shared.gate import allow, who

USUAL_DAYS = 400


def page() -> None:
    allow(Right.PEOPLE)
    frame.title("Keeping and erasing")
    st.caption("What is deleted here is gone for good from the store. Backups and the spreadsheets themselves are elsewhere: see to them too.")
    said = state.forget("keeping-said")
    if said:
        st.success(show.plain(said), icon=":material/check_circle:")
    problem = state.forget("keeping-refused")
    if problem:
        refused(problem)
    left, right = st.columns(2, gap="large")
    with left:
        loads()
    with right:
        child()


def loads() -> None:
    st.header("Delete old loads", anchor=False)
    found = data.administered().history()
    st.caption("Trends over loads, and what was known at the time, reach back only as far as loads are kept. The current load is never deleted.")
    if not found:
        show.empty("Nothing is loaded yet", "There is nothing to delete.", ":material/inventory_2:")
        return
    days = int(st.number_input("Delete loads made more than this many days ago", min_value=1, max_value=10_000, value=USUAL_DAYS, step=1, key="keeping-days"))
    current = data.administered().current()
    before = datetime.now(UTC) - timedelta(days=days)
    old = [info for info in found if info.loaded_at < before and (current is None or info.load_id != current.info.load_id)]
    if not old:
        show.empty("No load is that old", f"{look.count(len(found), 'load')} kept; the oldest was made on {look.day(min(info.loaded_at for info in found).date())}.", ":material/inventory_2:")
        return
    st.dataframe(
        {"Extract taken on": [info.extract_date for info in old], "Loaded on": [info.loaded_at.date() for info in old], "Undone": ["Yes" if info.undone else "No" for info in old]},
        hide_index=True, alt="Loads that would be deleted", height=min(42 + 35 * len(old), 300),
    )  # fmt: skip
    sure = st.checkbox(f"Delete {look.count(len(old), 'load')} for good", key=f"keeping-sure-{days}-{len(old)}")
    st.button("Delete", key="keeping-delete", type="primary", icon=":material/delete_forever:", disabled=not sure, **state.on_click(delete, days))


def child() -> None:
    st.header("Erase a child", anchor=False)
    st.caption(
        "For a court order, a rightful request or a record made by mistake. The child leaves every load, note, exception and saved list; in the audit "
        "“erased” stands where the ID was, and that somebody was erased, by whom and under which reference. The next extract must not hold the child, or they come back."
    )
    wanted = st.text_input("Child ID", key="keeping-child").strip()
    reference = st.text_input("Reference", key="keeping-reference", max_chars=120, placeholder="For example: information rights request 2026-118", help="No name and no child ID: it stays in the audit.").strip()
    again = st.text_input("Child ID once more", key="keeping-again").strip()
    if again and again != wanted:
        st.warning("The two IDs are not the same.", icon=":material/info:")
    st.button("Erase", key="keeping-erase", type="primary", icon=":material/delete_forever:", disabled=not (wanted and reference and again == wanted), **state.on_click(erase, wanted, reference))


def delete(days: int) -> None:
    done(lambda: f"Deleted for good: {look.count(len(data.administered().retain(days, who(), confirmed=True)), 'load')}.")


def erase(wanted: str, reference: str) -> None:
    def work() -> str:
        found = data.administered().erase(wanted, who(), reference)
        for key in ("keeping-child", "keeping-again"):
            state.set_widget(key, "")
        return f"Erased: {look.count(sum(found.rows.values()), 'row')} in {look.count(found.loads, 'load')}, {look.count(found.notes, 'note')}, {look.count(found.exceptions, 'exception')}. {found.to_read}"

    done(work)


def done(work) -> None:
    try:
        allow(Right.PEOPLE)
        state.remember("keeping-said", work())
    except CpmError as problem:
        state.remember("keeping-refused", problem)


page()
