"""On the child's page: what if a meeting or a filing date moved, or the first CPM's days were counted otherwise. Nothing is saved."""

from __future__ import annotations

from datetime import date, timedelta

import pandas as pd
import streamlit as st

from cpm_metrics.views import look, what_if
from pages._shared import show, state
from pages._shared.frame import View

_TYPES = {"cpm": "Care Planning Meeting", "final_plan_cpm": "CPM before the final care plan"}


def panel(view: View, child: str, care_started: date, period: pd.Series) -> None:
    if not (period["current"] and period["in_care"]) or period["left_out"]:
        show.empty("Only for a child in care", "What if works on the present period of care of a child whose obligations are counted.", ":material/info:")
        return
    st.markdown(":material/science: Try a change and see which due dates and statuses would move. **Nothing here is saved**, and nobody else sees it.")
    change = _asked(view, child, care_started)
    if change.empty:
        st.caption("Choose a day above. Until then everything is as it stands.")
        return
    _told(view, _worked_out(view, child, care_started, change))


def _key(child: str, field: str) -> str:
    return f"what-if-{field}-{child}"


def _asked(view: View, child: str, care_started: date) -> what_if.Change:
    offer = what_if.offer(view.results, child, care_started)
    ahead, last = view.as_at + timedelta(days=1), view.as_at + timedelta(days=730)
    with st.grid(3, min_column_width=250, gap="small"):
        with st.container():
            booked = f"booked for {look.day(offer.review_booked)} now" if offer.review_booked else "none is booked now"
            review = st.date_input(
                f"Next review on ({booked})", value=None, min_value=ahead, max_value=last, format="DD/MM/YYYY", key=_key(child, "review"), disabled=bool(offer.review),
                help=offer.review or "As if the next Child in Care Review were booked for that day.",
            )  # fmt: skip
        with st.container():
            cpm = st.date_input(
                "One more CPM on", value=None, min_value=care_started, max_value=last, format="DD/MM/YYYY", key=_key(child, "cpm"), disabled=bool(offer.cpm),
                help=offer.cpm or "Up to the as-at date: as if it had been held. Later: as if it were booked.",
            )  # fmt: skip
            kind = st.selectbox("Which CPM", list(_TYPES), format_func=_TYPES.get, key=_key(child, "type"), label_visibility="collapsed", disabled=bool(offer.cpm))
        with st.container():
            chosen, filing = None, None
            if not offer.proceedings:
                st.date_input("Final care plan due at court on", value=None, key=_key(child, "filing-none"), disabled=True, help="No open care proceedings in this period of care.", format="DD/MM/YYYY")
            else:
                chosen = offer.proceedings[-1]
                if len(offer.proceedings) > 1:
                    at = st.selectbox("Proceedings issued on", range(len(offer.proceedings)), index=len(offer.proceedings) - 1, format_func=lambda n: look.day(offer.proceedings[n].issued), key=_key(child, "proceedings"))
                    chosen = offer.proceedings[at]
                due = f"{look.day(chosen.plan_due)} now" if chosen.plan_due else "no date recorded now"
                filing = st.date_input(f"Final care plan due at court on ({due})", value=None, min_value=chosen.issued, max_value=last, format="DD/MM/YYYY", key=_key(child, "filing"))
    switch = st.checkbox(f"Count the first CPM’s limit as {offer.other_limit.text} instead of {offer.limit.text}", key=_key(child, "days"))
    st.button("Start again", key=_key(child, "again"), icon=":material/restart_alt:", **state.on_click(_again, child))
    return what_if.Change(
        review=review, filing=filing if filing != (chosen.plan_due if chosen else None) else None, proceedings=(chosen.source, chosen.row) if chosen else None,
        cpm=cpm, cpm_type=kind, first_cpm=offer.other_limit if switch else None,
    )  # fmt: skip


def _again(child: str) -> None:
    for field in ("review", "cpm", "filing"):
        state.set_widget(_key(child, field), None)
    state.set_widget(_key(child, "days"), False)


def _worked_out(view: View, child: str, care_started: date, change: what_if.Change) -> what_if.Outcome:
    """Worked out once, while the visitor looks at it: the page runs again at every click."""
    key = (view.info.load_id, view.as_at, view.results.settings.key, child, care_started, change)
    kept = state.recall("what-if")
    if kept is None or kept[0] != key:
        with st.spinner("Working it out…"):
            kept = (key, what_if.compare(view.results, child, care_started, change))
        state.remember("what-if", kept)
    return kept[1]


def _told(view: View, found: what_if.Outcome) -> None:
    moved, all_of_them = found.moved, len(found.moved) + found.same
    if len(moved):
        st.markdown(f"**{look.count(len(moved), 'obligation')}** of {all_of_them} would be different on {look.day(view.as_at)}:")
        shown = moved.assign(
            status_before=[[look.STATUS[s].label] if s in look.STATUS else [] for s in moved["status_before"]], status_after=[[look.STATUS[s].label] if s in look.STATUS else [] for s in moved["status_after"]],
            shift=(moved["due_after"] - moved["due_before"]).dt.days.astype("Int64"),
        )  # fmt: skip
        with_done = moved["done_before"].notna().any() or moved["done_after"].notna().any()
        st.dataframe(
            shown, hide_index=True, key="what-if-moved", alt="Obligations as they are and as they would be", height=show.height(shown, 460), placeholder="",
            column_order=["title", "anchor_date", "due_before", "due_after", "shift", "status_before", "status_after", *(["done_before", "done_after"] if with_done else [])],
            column_config={
                "title": st.column_config.TextColumn("What", width=230), "anchor_date": show.date_column("Set off on"), "due_before": show.date_column("Due now"), "due_after": show.date_column("Due then"),
                "shift": show.number_column("Days later", width=85, help="Below zero: earlier."), "status_before": show.status_column("Status now"), "status_after": show.status_column("Status then"),
                "done_before": show.date_column("Done now"), "done_after": show.date_column("Done then"),
            },
        )  # fmt: skip
        with st.expander("In full, sentence by sentence"):
            for row in moved.itertuples():
                with st.container(border=True, gap=None):
                    st.caption("Now")
                    st.text(row.why_before or "There is no such obligation.")
                    st.caption("Then")
                    st.text(row.why_after or "There would be no such obligation.")
    else:
        st.markdown(f"None of the {all_of_them:,} obligations would have another due date or status on {look.day(view.as_at)}.")
    for words, flags in (("Drift flags that would go", found.flags_gone), ("Drift flags that would be raised, or read", found.flags_new)):
        if flags:
            st.markdown(f"**{words}**")
            for flag in flags:
                st.text(f"⚑ {flag}")
    if found.own_record:
        st.caption(f"The meeting’s own record (minutes, chair, what was discussed) would set off {look.count(found.own_record, 'more obligation')}. They aren’t listed: nobody knows what would be recorded.")
    for kept in found.kept:
        _on_the_day(kept)


def _on_the_day(kept: what_if.Kept) -> None:
    with st.container(border=True):
        st.markdown(f"**If that {kept.what} is held on {look.day(kept.day)}**, and so is everything booked until then:")
        for row in kept.met.itertuples():
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                show.badge(look.STATUS[row.status], f", {look.days(row.days)}" if row.status == "late" else "")
                st.markdown(f"{row.title}, due {look.day(row.due_date)}", width="content")
        if not len(kept.met):
            st.caption(f"Nothing that is open now would be met by this {kept.what}: it comes after another meeting that serves, or nothing is open.")
        if kept.next_review:
            st.caption(f"The review after it would be due by {look.day(kept.next_review)}.")
