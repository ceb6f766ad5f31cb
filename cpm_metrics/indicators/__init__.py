"""Drift indicators: what a list of late meetings does not show. One indicator, one file, like the rules.

Each gives flags, one row per child it is raised for: `child_id`, `care_started`, `since` (the day it began), `figure` (in
`unit`) and `why` (one sentence); `grade` may say "amber" or "red". Flags are listed, never summed into a score. Only
children in care on the as-at date are flagged, for their current period of care (the table `in_care`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cpm_metrics.registry import pick, scan

IN_SCOPE = ("cases.permanence_achieved", "cases.planning_permanence", "proceedings", "legal_statuses", "cases.legal_status")
"""A need: one of what says whether CPMs between reviews are asked for. With none of them, no stretch is known to be in scope."""


@dataclass(frozen=True)
class Indicator:
    """One drift indicator. `needs` as for a rule: where it is unmet, the indicator "can't be assessed" and says so once."""

    code: str
    order: int
    title: str
    question: str
    source: str
    sql: str
    unit: str
    limits: Mapping[str, Any] = field(default_factory=dict)
    needs: tuple[tuple[str, ...], ...] = ()
    examples: tuple = ()
    notes: str = ""


def all_indicators() -> tuple[Indicator, ...]:
    """Every indicator, in the order of PRACTICE_RULES.md; those that read others' flags come after them."""
    return scan("cpm_metrics.indicators", "INDICATOR")


def indicator(code: str) -> Indicator:
    """The indicator with this code; an unknown one raises `UnknownName` with the closest codes."""
    return pick(all_indicators(), code, "indicator")
