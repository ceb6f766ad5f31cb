"""Which day an extract is probably of: from its file names, or the newest thing in it that has happened."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

# Dates of things that have happened by the day of the extract: not birth, bookings, due dates.
_HAPPENED = {
    "cases": ("care_started", "care_ceased", "legal_status_start", "placement_start", "permanence_agreed", "permanence_achieved", "care_plan_completed",
              "placement_plan_completed", "latest_review"),
    "meetings": ("plan_updated", "iro_informed", "minutes_distributed", "minutes_uploaded", "minutes_on_cpr"),
    "placements": ("placement_start", "placement_end"),
    "legal_statuses": ("legal_status_start", "legal_status_end"),
    "allocations": ("allocation_start", "allocation_end"),
    "actions": ("meeting_date", "completed_date"),
    "assessments": ("assessment_date",),
    "changes": ("change_date",),
    "proceedings": ("issued", "concluded", "la_assessment", "experts_received", "plan_filed"),
}  # fmt: skip
_WHEN_HELD = {"meetings": "meeting_date", "reviews": "review_date"}


def newest_date(tables: dict[str, pa.Table]) -> dt.date | None:
    dates = []
    for name, table in tables.items():
        dates += [pc.max(table.column(c)).as_py() for c in _HAPPENED.get(name, ())]
        if name in _WHEN_HELD:
            held = table.column(_WHEN_HELD[name]).filter(pc.equal(table.column("status"), "held"))
            dates.append(pc.max(held).as_py())
    return max((d for d in dates if d), default=None)


_NAME_DATES = (
    (re.compile(r"(?<!\d)(?P<y>20\d\d)[-_. ]?(?P<m>0[1-9]|1[0-2])[-_. ]?(?P<d>0[1-9]|[12]\d|3[01])(?!\d)"), None),
    (re.compile(r"(?<!\d)(?P<d>0?[1-9]|[12]\d|3[01])[-_. ](?P<m>0?[1-9]|1[0-2])[-_. ](?P<y>20\d\d)(?!\d)"), None),
    (re.compile(r"(?<!\d)(?P<d>0[1-9]|[12]\d|3[01])(?P<m>0[1-9]|1[0-2])(?P<y>20\d\d)(?!\d)"), None),
    (re.compile(r"(?<!\d)(?P<d>0?[1-9]|[12]\d|3[01])(?:st|nd|rd|th)?[-_. ]?(?P<mon>jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*[-_. ]?(?P<y>20\d\d)(?!\d)", re.I), "mon"),
)  # fmt: skip
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]


def date_in_names(names: Sequence[str]) -> dt.date | None:
    """The newest date written in the file names (2026-11-20, 20-11-2026, 20261120, 20 Nov 2026), or None."""
    found = []
    for name in names:
        for pattern, _ in _NAME_DATES:
            for m in pattern.finditer(name):
                part = m.groupdict()
                month = _MONTHS.index(part["mon"].lower()) + 1 if part.get("mon") else int(part["m"])
                try:
                    found.append(dt.date(int(part["y"]), month, int(part["d"])))
                except ValueError:
                    continue
    return max(found, default=None)
