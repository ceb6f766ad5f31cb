"""The audit: who signed in, loaded, undid, changed a setting, opened a child, took something away. It can only be added to."""

import zlib
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
USUAL_DAYS = 90


def page() -> None:
    viewer = allow(Right.PEOPLE)
    frame.title("Audit")
    st.caption("Every line was written when it happened and can’t be changed. Times are of London. No child’s name is in it: a child is named by their ID.")
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
    listed(found.head(MOST))
    downloads.offer_list(found, "audit", {"Lines": f"{len(found):,} of {len(lines):,}"}, title="Audit", headers={"number": "Line", "at": "When", "who": "Who", "what": "What happened", "subject": "About", "detail": "More"})


def listed(found: pd.DataFrame) -> None:
    """The table, and the ticked line in full: a cell shows only the beginning of a long one."""
    # Streamlit keeps ticks by place: with other lines it must be another table.
    version = zlib.crc32(",".join(map(str, found["number"])).encode())
    ticked = st.dataframe(
        found, hide_index=True, placeholder="", height=show.height(found, 430), alt="Lines of the audit, newest first", key=f"audit-lines-{version:x}", on_select="rerun", selection_mode="single-row",
        column_config={
            "number": None, "at": st.column_config.DatetimeColumn("When", format="D MMM YYYY HH:mm:ss", help="Tick a line to read it in full below. With the keyboard: Shift+Space."),
            "who": "Who", "what": "What happened", "subject": "About", "detail": st.column_config.TextColumn("More", width="large"),
        },
    ).selection.rows  # fmt: skip
    if not ticked or ticked[0] >= len(found):
        st.caption("Tick a line to read it in full.")
        return
    line = found.iloc[ticked[0]]
    with st.container(border=True):
        st.text(f"{look.day(line['at'].date())}, {line['at']:%H:%M:%S} · {line['who']} · {line['what']}" + (f" · {line['subject']}" if line["subject"] else ""))
        if line["detail"]:
            st.text(line["detail"])


def searched(lines: pd.DataFrame) -> pd.DataFrame:
    first, last = lines["at"].min().date(), lines["at"].max().date()
    with st.container(horizontal=True):
        kinds = st.multiselect("What happened", sorted(lines["what"].unique()), key="audit-what", placeholder="Everything")
        names = st.multiselect("Who", sorted(lines["who"].unique()), key="audit-who", placeholder="Everybody")
        about = st.text_input("About or more", key="audit-about", placeholder="A child ID, load, setting…", help="Any part of what stands under About or More.")
        # As wide as two dates: in half a phone's width the second one was cut off.
        days = st.date_input("Days", (max(first, last - timedelta(days=USUAL_DAYS)), last), min_value=first, max_value=last, key="audit-days", format="DD/MM/YYYY", width=270)
    chosen = span(days)
    if chosen is None:
        st.caption("Choose the last day too. Until then the lines of every day are shown.")
    elif chosen[0].date() > first:
        st.caption(f"There are older lines, back to {look.day(first)}: choose more days to see them.")
    return audit.searched(lines, kinds, names, about, *(chosen or (None, None)))


def span(days) -> tuple[datetime, datetime] | None:
    """From the first moment of the first day to the last of the last; None while only one end is chosen."""
    if not (isinstance(days, tuple) and len(days) == 2 and all(isinstance(day, date) for day in days)):
        return None
    return datetime.combine(days[0], time.min), datetime.combine(days[1], time.max)


page()
