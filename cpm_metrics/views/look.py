"""One visual language: the words, marks and colours of every status, level, grade and plan, for pages, charts and exports.

Nothing is told by colour alone: each status has a word and a mark. Colours are told apart with the common kinds of colour
blindness (blue, amber, purple, vermilion, grey; never red against green) and differ in lightness too. `.streamlit/config.toml`
has the same colours under Streamlit's names (`tone`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime

import pandas as pd

from cpm_metrics.extracts.datasets import NOT_RECORDED


@dataclass(frozen=True)
class Look:
    """`mark` stands before the word in tables and exports, `icon` on pages, `tone` is Streamlit's name for the colour."""

    word: str
    mark: str
    icon: str
    tone: str
    light: str
    dark: str
    meaning: str = ""

    @property
    def label(self) -> str:
        return f"{self.mark} {self.word}"

    def colour(self, dark: bool) -> str:
        return self.dark if dark else self.light


STATUS: dict[str, Look] = {
    "overdue": Look("Overdue", "▲", ":material/error:", "red", "#a32406", "#ff9a76",
                    "Not done, and the due date has passed."),
    "due_soon": Look("Due soon", "●", ":material/schedule:", "yellow", "#a16207", "#e6cf5c",
                     "Not done yet; due within the limit of “due soon” (28 days unless your authority set another), that day included."),
    "upcoming": Look("Upcoming", "○", ":material/event_upcoming:", "gray", "#5b6b77", "#9aa9b5",
                     "Not done yet; due later than that."),
    "cannot_tell": Look("Cannot tell", "?", ":material/help:", "gray", "#5b6b77", "#9aa9b5",
                        "What the rule needs was not in the extracts. Never counted as done and never as overdue."),
    "missed": Look("Missed", "✕", ":material/cancel:", "violet", "#7b2d6b", "#dd9bd0",
                   "Never done, and it no longer can be: the review was held, the plan was filed, or the child left care."),
    "late": Look("Late", "◆", ":material/history:", "orange", "#b45309", "#f5b461", "Done, after the due date."),
    "on_time": Look("On time", "✓", ":material/check_circle:", "blue", "#1d5fa8", "#7db4f0",
                    "Done on or before the due date."),
    "lapsed": Look("Lapsed", "–", ":material/remove:", "gray", "#66737d", "#71808c",
                   "No longer needed before it fell due, for example because the child left care. Not counted."),
}  # fmt: skip
OPEN = ("overdue", "due_soon", "upcoming", "cannot_tell")


def like(status: str, word: str, mark: str, icon: str, meaning: str = "") -> Look:
    """Other words in the colours of a status: every colour is written down once, here."""
    return replace(STATUS[status], word=word, mark=mark, icon=icon, meaning=meaning)


# What stands for a team that nobody recorded, everywhere: loading writes it where the cell is blank.
NO_TEAM = NOT_RECORDED

# The rest of the palette, as (light theme, dark theme): words and lines, the lines behind a chart, what lies behind it, and quiet marks.
INK, GRID, PAPER, QUIET = ("#1c2730", "#e8edf1"), ("#e1e7eb", "#2b3740"), ("#ffffff", "#11171c"), ("#5b6b77", "#9aa9b5")
CURVE, CURVE_BAND = ("#0b5c7d", "#7fc8e4"), ("rgba(11,92,125,0.18)", "rgba(127,200,228,0.22)")
HEAD, LINE = "#e3ebf0", "#a0acb5"  # of a table on paper or in a workbook: behind its headings, and its thin lines
HATCHED = "#d9dfe4"  # on paper, behind the part of a bar that stands beside what is counted
VEIL = ("rgba(255,255,255,.7)", "rgba(17,23,28,.7)")  # behind words on a chart
ALLOWED = ("#dfe7ec", "#33424d")  # time allowed for a meeting
CELL = {"attention": ("#fcece6", "#48200f"), "quiet": ("#f2f5f7", "#1b242c"), "few_days": ("#fbf4cf", "#37300c")}
# A child's lanes; neighbouring bars alternate between two shades.
LANES = {
    "In care": (("#cfdde6", "#cfdde6"), ("#2b4252", "#2b4252")),
    "Legal status": (("#d9d2ea", "#c3b8de"), ("#463a63", "#57497a")),
    "Home": (("#cfe6e2", "#b3d8d2"), ("#1f4a45", "#285c56")),
    "Social worker": (("#f1e3cc", "#e6d1ab"), ("#4d3c1e", "#604b27")),
    "Proceedings": (("#f3d5c9", "#f3d5c9"), ("#5a2f20", "#5a2f20")),
}  # fmt: skip
COUNTED = ("on_time", "late", "missed", "overdue")

# In shades of grey: who set a limit says nothing about whether it was kept, and the statuses beside it have the colours.
LEVEL: dict[str, Look] = {
    "statutory": Look("Statutory", "§", ":material/gavel:", "gray", "#33424d", "#c6d1d9", "The law sets this limit."),
    "guidance": Look("Guidance", "G", ":material/menu_book:", "gray", "#46545f", "#bcc8d1",
                     "The Practice Hub quick guide or the guidance for care proceedings sets this limit."),
    "local": Look("Local", "L", ":material/tune:", "gray", "#5b6b77", "#9aa9b5",
                  "The guidance names no number: the limit is our default, and your council can change it."),
}  # fmt: skip

MEETING_STATE: dict[str, Look] = {
    "held": like("on_time", "Held", "✓", ":material/event_available:"),
    "booked": like("due_soon", "Booked", "○", ":material/event:"),
    "cancelled": like("missed", "Cancelled", "✕", ":material/event_busy:"),
    "postponed": like("late", "Postponed", "→", ":material/event_repeat:"),
    "not_recorded": like("cannot_tell", "Outcome not recorded", "?", ":material/help:"),
}  # fmt: skip

BOOKED: dict[str, Look] = {  # of a meeting that must be held by a date
    "in_time": like("on_time", "Booked in time", "✓", ":material/event_available:", "Booked on or before the due date."),
    "after": like("late", "Booked after the date", "◆", ":material/event_upcoming:", "Booked, but only after the due date."),
    "none": like("overdue", "Nothing booked", "▲", ":material/event_busy:", "No meeting that would meet it is booked."),
}  # fmt: skip

SEVERITY: dict[str, Look] = {
    "error": like("overdue", "Row left out", "✕", ":material/block:", "A required cell could not be used, so the row was left out."),
    "warning": like("due_soon", "Cell left blank or worth a look", "●", ":material/warning:", "The row was loaded."),
    "note": like("cannot_tell", "For information", "–", ":material/info:"),
}  # fmt: skip

# A manager's exception: how it stands on the as-at date. None of these is a status of the obligation.
EXCEPTION: dict[str, Look] = {
    "holds": like("on_time", "In force", "◈", ":material/approval:", "It holds on the as-at date, and the obligation is still open."),
    "expired": like("cannot_tell", "Expired", "–", ":material/event_busy:", "Its last day has passed."),
    "withdrawn": like("cannot_tell", "Withdrawn", "✕", ":material/undo:", "A manager took it back."),
    "later": like("cannot_tell", "Made later", "–", ":material/schedule:", "Made after the as-at date of this earlier view."),
    "closed": like("cannot_tell", "No longer open", "✓", ":material/task_alt:", "The obligation it was about has been done, missed or is no longer needed."),
    "gone": like("due_soon", "Matches nothing", "?", ":material/help:", "What it was about is not in what is shown: the extract changed, or the as-at date lies before it."),
}  # fmt: skip

# A rule's place in the lists of a manager's week. A rule that stands in none is "Records and follow-up".
GROUPS: dict[str, tuple[str, tuple[str, ...]]] = {
    "meetings": ("Meetings", (
        "initial-cpm", "placement-planning", "statutory-review", "cpm-before-review", "agreed-frequency", "cpm-after-change",
        "review-after-change", "final-plan-cpm",
    )),
    "plans": ("Plans and assessments", (
        "care-plan", "separate-plans", "permanence-plan", "annual-assessment", "assessment-after-change", "assessment-discussed",
        "proceedings-26-weeks",
    )),
    "records": ("Records and follow-up", ()),
}  # fmt: skip


def group_of(rule: str) -> str:
    return next((name for name, (_, rules) in GROUPS.items() if rule in rules), "records")


PERMANENCE_PLAN = {
    "return_home": "Return home", "adoption": "Adoption", "sgo_cao": "Special guardianship or child arrangements order",
    "long_term_fostering": "Long-term fostering", "residential": "Residential", "supported_living": "Supported living",
    "other": "Other",
}  # fmt: skip
MEETING_TYPE = {
    "cpm": "Care Planning Meeting", "final_plan_cpm": "Final plan CPM", "placement_planning": "Placement planning meeting",
    "review": "Child in Care Review", "other": "Other meeting",
}  # fmt: skip
LEGAL_STATUS = {
    "C1": "Interim care order", "C2": "Full care order", "D1": "Freeing order", "E1": "Placement order",
    "V2": "Section 20, single period", "V3": "Short breaks", "V4": "Short breaks", "J1": "On remand", "J2": "Detained (PACE)",
    "J3": "Sentenced", "L1": "Police protection", "L2": "Emergency protection order", "L3": "Child assessment order",
}  # fmt: skip


def day(value: date | datetime | pd.Timestamp | None) -> str:
    """3 Apr 2026; "" for no date. The one spelling of a date in every page and chart."""
    if value is None or pd.isna(value):
        return ""
    return f"{value.day} {value:%b %Y}"


def year_to(last: date) -> date:
    """The first day of the twelve months that end with this day."""
    return (pd.Timestamp(last) - pd.DateOffset(months=12) + pd.Timedelta(days=1)).date()


def count(number: int, one: str, many: str | None = None) -> str:
    """1 child, 2 children, 1,204 obligations."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def percent(part: int, whole: int) -> float:
    """Percent to one decimal, halves up. Python's `round` would make 9 of 16 (56.25) 56.2 and DuckDB's 56.3; `percent_sql` is the same sum."""
    return (2000 * part + whole) // (2 * whole) / 10


def percent_sql(part: str, whole: str) -> str:
    """`percent` of two whole-number columns, null where there is nothing to divide by."""
    return f"CASE WHEN {whole} > 0 THEN ((2000 * {part} + {whole}) // (2 * {whole})) / 10 END"


def days(number: int | None) -> str:
    return "" if number is None or pd.isna(number) else count(int(number), "day")


def age(born: date | pd.Timestamp | None, on: date) -> int | None:
    """Whole years; None when unknown."""
    if born is None or pd.isna(born):
        return None
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


def legal(code: str | None, written: str | None) -> str:
    """The legal status in words, with its code; as it was written when the code isn't known."""
    return f"{LEGAL_STATUS[code]} ({code})" if code in LEGAL_STATUS else (written or code or "")


def name(forename: str | None, surname: str | None, child_id: str) -> str:
    """How a child is called on pages; the child ID where the extract has no names."""
    parts = [part for part in (forename, surname) if part is not None and not pd.isna(part) and str(part).strip()]
    return " ".join(parts) or f"Child {child_id}"
