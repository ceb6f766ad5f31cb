"""SSD's table of care plans: when the first plan of a period of care was there, and what the permanence plan is. What it can't say
stays unknown.

The table is no history everywhere: one case system fills it with the active plan of each child only, another with the steps of
reviews in a window of time. So the first row of a child is the first plan only where that is plain:

- it began from 28 days before care to 28 days after (by the first review a plan is revised, and the active one is another);
- or within 12 months, where the table holds plans that have ended and reaches back to before care began.

A period without a plan in the table has none only where the table could hold it. `lacp_cla_care_plan_json` is a set of yes/no
answers under SSD's keys, or one text; it is of the child, not of a period, so it is read for the child's latest period only.
"""

from __future__ import annotations

import datetime as dt
import json
from collections import defaultdict

from ..codes import PHRASES, read_code
from ..datasets import PERMANENCE_PLANS
from ..folding import fold
from ..problems import NOTE
from ..recognise import Recognised
from .tables import Made, Row, SourceTable

_NEAR = dt.timedelta(days=28)
_YEAR = dt.timedelta(days=365)
# SSD's keys -> the plan in words that codes.py knows.
PLANS = {
    "REMAINSUP": "Remain with or return to family", "RETURN1M": "Return to family", "RETURN6M": "Return to family", "RETURNEV": "Return to family",
    "LTRELFR": "Long term placement with friends / family", "LTFOST18": "Long-term fostering until 18", "RESPLMT": "Long-term residential placement",
    "SUPPLIV": "Supported living in the community", "ADOPTION": "Adoption", "OTHERPLN": "Other",
}  # fmt: skip
_YES, _NO = {"y", "yes", "true", "1", "t"}, {"", "n", "no", "false", "0", "f", "null", "none"}


class CarePlans:
    """All care plans of a load. `of` says what they tell of one period of care."""

    def __init__(self, tables: list[SourceTable]) -> None:
        self.tables = tables
        self._starts: dict[str | None, list[tuple[dt.date, object]]] = defaultdict(list)
        self._rows: dict[str | None, list[tuple[dt.date, Row]]] = defaultdict(list)
        self._ended = False
        for t in tables:
            for row in t.rows():
                start = row.date("lacpclacareplanstartdate")
                if start:
                    self._starts[row.id("lacppersonid")].append((start, row.cell("lacpclacareplanstartdate")))
                    self._rows[row.id("lacppersonid")].append((start, row))
                    self._ended |= row.date("lacpclacareplanenddate") is not None
        self._oldest = min((s for found in self._starts.values() for s, _ in found), default=None)
        self._json = any(t.column("lacpclacareplanjson") is not None for t in tables)
        self.dates_unknown = self.dates_known = self.plans_unknown = self.plans_known = 0

    def of(self, child: str, start: dt.date, end: dt.date | None, latest: bool) -> tuple[dict[str, object], set[str]]:
        """-> (fields of the case, those of them that can't be known for it)."""
        if not self.tables:
            return {}, set()
        values: dict[str, object] = {"care_plan_completed": None}
        unknown = set()
        found = [s for s in sorted(self._starts.get(child, []), key=lambda s: s[0]) if s[0] >= start - _NEAR and (end is None or s[0] <= end)]
        reaches_back = self._oldest is not None and self._oldest <= start
        if found and (found[0][0] <= start + _NEAR or (self._ended and reaches_back and found[0][0] <= start + _YEAR)):
            values["care_plan_completed"] = found[0][1]
        elif found or not reaches_back or (end is not None and not self._ended):
            unknown.add("care_plan_completed")
        self.dates_unknown += "care_plan_completed" in unknown
        self.dates_known += "care_plan_completed" not in unknown
        if self._json:
            text = self._permanence(child, start) if latest else None
            values["permanence_plan"] = text
            if text is None:
                unknown.add("permanence_plan")
            if latest:
                self.plans_known += text is not None
                self.plans_unknown += text is None
        return values, unknown

    def _permanence(self, child: str, start: dt.date) -> str | None:
        """Of the child's newest plan whose answers can be read for sure."""
        found = [(s, row) for s, row in self._rows.get(child, []) if s >= start - _NEAR and row.text("lacpclacareplanjson")]
        if not found:
            return None
        newest = max(s for s, _ in found)
        told = {read_permanence(row.text("lacpclacareplanjson")) for s, row in found if s == newest}
        return told.pop() if len(told) == 1 else None

    def recognised(self, t: SourceTable) -> Recognised | None:
        made = Made(t, "cases", {})
        if self.dates_unknown:
            made.say(
                NOTE, "care_plan_history",
                f"For {self.dates_unknown} of {self.dates_known + self.dates_unknown} periods of care the table does not tell when the first care plan was completed: it holds the active "
                "plans, or plans from some day on, not all. There it is “cannot tell”, neither late nor overdue.",
                "Load a case list with the column Care plan completed date beside it.", header="lacp_cla_care_plan_start_date",
            )  # fmt: skip
        if self.plans_unknown:
            made.say(
                NOTE, "permanence_plan_unreadable",
                f"For {self.plans_unknown} of {self.plans_known + self.plans_unknown} children no permanence plan can be read for sure (none or several are marked); it was left blank.",
                "Load a case list with the column Permanence plan beside it.", header="lacp_cla_care_plan_json",
            )  # fmt: skip
        return made.fills_in(t.count, "the care plan dates and permanence plans of the Cases, where they tell of them")


def read_permanence(text: str) -> str | None:
    """The permanence plan in words that codes.py knows, from the answers or the text; None where it is not plain.

    Several answers are plain when they are of one kind of plan (return within one month, within six).
    """
    try:
        answers = json.loads(text)
    except ValueError:
        return text if read_code("permanence_plan", PERMANENCE_PLANS, text, {}) else None
    if isinstance(answers, list) and len(answers) == 1:
        answers = answers[0]
    if not isinstance(answers, dict):
        return None
    marked = []
    for key, answer in answers.items():
        said = fold(answer) if answer is not None else ""
        if said in _NO:
            continue
        if key.upper() not in PLANS or said not in _YES:
            return None  # an answer in words: what it says of the plan is not known
        marked.append(PLANS[key.upper()])
    kinds = {PHRASES["permanence_plan"][fold(words)] for words in marked}
    return marked[0] if len(kinds) == 1 else None
