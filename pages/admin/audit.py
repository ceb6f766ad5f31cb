"""The audit: who signed in, loaded, undid, changed a setting, opened a child, took something away. It can only be added to."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pandas as pd
import streamlit as st

from cpm_metrics.access import Right
from cpm_metrics.views import audit, look
from pages._shared import data, downloads, frame, show
from pages._shared.gate import allow

LONDON = ZoneInfo("Europe/London")
MOST = 500


def page() -> None:
    viewer = allow(Right.PEOPLE)
    frame.title("Audit")
    st.caption("Every line was written when it happened and can't be changed. Times are of London. No child's name is in it: a child is named by their ID.")
    if viewer.masked:
        st.info("Names are hidden now: who did it is not shown.", icon=":material/visibility_off:")
    lines = audit.lines(data.store().state, LONDON)
    if not len(lines):
        show.empty("Nothing noted yet", "The first load, sign-in or change appears here.", ":material/policy:")
        return
    found = searched(lines)
    st.markdown(f"**{len(found):,}** of {look.count(len(lines), 'line')}" + (f", the newest {MOST:,} shown; the files have all of them" if len(found) > MOST else ""))
    if not len(found):
        show.empty("No line is like that", "Take out a filter, or choose more days.", ":material/search_off:")
        return
    st.dataframe(
        found.head(MOST), hide_index=True, alt="Lines of the audit, newest first",
        column_config={"number": None, "at": st.column_config.DatetimeColumn("When", format="DD MMM YYYY HH:mm:ss"), "who": "Who", "what": "What", "subject": "About", "detail": st.column_config.TextColumn("More", width="large")},
    )  # fmt: skip
    downloads.offer_list(found, "audit", {"Lines": f"{len(found):,} of {len(lines):,}"}, title="Audit", headers={"number": "Line", "at": "When", "subject": "About", "detail": "More"})


def searched(lines: pd.DataFrame) -> pd.DataFrame:
    first, last = lines["at"].min().date(), lines["at"].max().date()
    with st.container(horizontal=True):
        kinds = st.multiselect("What happened", sorted(lines["what"].unique()), key="audit-what", placeholder="Everything")
        names = st.multiselect("Who", sorted(lines["who"].unique()), key="audit-who", placeholder="Everybody")
        about = st.text_input("About", key="audit-about", placeholder="A child ID, load, setting…", help="Any part of what a line is about, or of its details.")
        days = st.date_input("Days", (max(first, last - timedelta(days=90)), last), min_value=first, max_value=last, key="audit-days", format="DD/MM/YYYY")
    return audit.searched(lines, kinds, names, about, *(span(days) or (None, None)))


def span(days) -> tuple[datetime, datetime] | None:
    """From the first moment of the first day to the last of the last; None while only one end is chosen."""
    if not (isinstance(days, tuple) and len(days) == 2 and all(isinstance(day, date) for day in days)):
        return None
    return datetime.combine(days[0], time.min), datetime.combine(days[1], time.max)


page()
