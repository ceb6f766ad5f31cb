"""Obligations as a calendar file. It leaves the building on phones: child IDs, rules and dates only, never a name or a sentence."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pandas as pd
from icalendar import Calendar, Event

from cpm_metrics.views import look


def calendar(rows: pd.DataFrame, as_at: date) -> bytes:
    """An iCalendar file (RFC 5545) with one all-day entry on the due date of each row; rows without a due date are left out.

    Args:
        rows: with uid, child_id, title, level, status, due_date, as `worklist.rows` gives them. The same obligation has the same UID
            in every file, so that importing a newer file moves its entry.
        as_at: the day for which the rows were worked out; stands as the time stamp, so that the newer of two files wins.

    Events, not to-dos: Outlook and most telephones import no others. They mark no time as busy.
    """
    out = Calendar()
    out.add("prodid", "-//Care Planning Meetings//Worklist//EN")
    out.add("version", "2.0")
    out.add("method", "PUBLISH")
    stamp = datetime.combine(as_at, time(), UTC)
    for row in rows[rows["due_date"].notna()].itertuples():
        due = row.due_date.date()
        event = Event()
        event.add("uid", f"{row.uid}@care-planning-meetings")
        event.add("dtstamp", stamp)
        event.add("dtstart", due)
        event.add("dtend", due + timedelta(days=1))
        event.add("summary", f"{row.title} due: child {row.child_id}")
        event.add("description", f"{look.STATUS[row.status].word} on {look.day(as_at)}. {look.LEVEL[row.level].word} limit. Due {look.day(due)}.")
        event.add("class", "CONFIDENTIAL")
        event.add("transp", "TRANSPARENT")
        out.add_component(event)
    return out.to_ical()


def without_date(rows: pd.DataFrame) -> int:
    """How many rows have no due date, and so no entry."""
    return int(rows["due_date"].isna().sum())
