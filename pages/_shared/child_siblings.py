"""On the child's page: brothers and sisters, their meetings side by side, and where one day could serve all."""

from __future__ import annotations

from datetime import date

import pandas as pd
import streamlit as st

from cpm_metrics.views import look, siblings
from pages._shared import show
from pages._shared.frame import View


def line(together: pd.DataFrame, as_at: date) -> None:
    """One line under the child's next dates, where the brothers' and sisters' meetings are booked for different days."""
    for one in siblings.alignment(together, as_at):
        if together[f"{one.what.lower()}_booked"].nunique() > 1:
            st.caption(f":material/family_restroom: Brothers and sisters in care ({len(together) - 1}). {one.words.split('. ')[0].rstrip('.')}.")


def panel(view: View, together: pd.DataFrame, family: pd.DataFrame, size: int) -> None:
    """`together` as `siblings.side_by_side`, `family` as `child.siblings`; `size`: how many children share the sibling group."""
    if not len(family):
        show.empty("None known", "No other child in the extracts has the same sibling group.", ":material/info:")
        return
    if size > siblings.LARGEST:
        st.warning(
            f"{size:,} children share this child’s sibling group, which looks like a cell that was filled in by habit. Check the sibling group in the case system; what stands below may not be a family.",
            icon=":material/help:",
        )  # fmt: skip
    elif len(together):
        for one in siblings.alignment(together, view.as_at):
            title = f"{'Reviews' if one.what == 'review' else 'CPMs'}: {'on one day' if one.aligned else 'not on one day'}"
            with st.container(border=True, gap=None):
                st.markdown(f"{':material/check_circle:' if one.aligned else ':material/event_repeat:'} **{title}**")
                st.text(one.words)
        apart = siblings.differences(together)
        if apart:
            st.caption(f":material/call_split: {apart} Reviews and CPMs of all need one another’s diaries.")
    if len(together):
        st.markdown(f"**In care now, side by side ({len(together)})**")
        show.children_list(
            together, ["team", "worker", "last_cpm", "cpm_due", "cpm_booked", "last_review", "review_due", "review_booked"], "together", height=show.height(together, 460),
            alt="The child and its brothers and sisters in care: last and next meetings",
            extra={
                "team": st.column_config.TextColumn("Team", width=140, help="The team that holds the child on the as-at date."), "last_cpm": show.date_column("Last CPM"), "cpm_due": show.date_column("CPM needed by", "Blank: nothing open, or it can’t be told.", 115), "cpm_booked": show.date_column("CPM booked"),
                "last_review": show.date_column("Last review"), "review_due": show.date_column("Review due by", "Blank: nothing open, or it can’t be told.", 110), "review_booked": show.date_column("Review booked", width=110),
            },
        )  # fmt: skip
    st.markdown(f"**Everybody else in the sibling group ({look.count(len(family), 'child', 'children')})**")
    show.children_list(
        family, ["born", "in_care", "team", "worker", "placement", "overdue", "flags"], "siblings", alt="Brothers and sisters", height=show.height(family, 460),
        extra={
            "born": show.date_column("Born"), "in_care": st.column_config.CheckboxColumn("In care", width=65), "placement": st.column_config.TextColumn("Home", width=230),
            "team": show.team_column(help="The team that holds the child on the as-at date, or held it when care ended."),
            "overdue": show.number_column("Overdue", width=75), "flags": show.number_column("Flags", width=60),
        },
    )  # fmt: skip
