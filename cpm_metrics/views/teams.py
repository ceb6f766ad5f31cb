"""Rules by team: counts and rates. Teams stand in name order and are not ranked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pandas as pd

from cpm_metrics.engine import Results
from cpm_metrics.rules import all_rules
from cpm_metrics.views import look
from cpm_metrics.views.contract import compliance

COUNTS = ("on_time", "late", "missed", "overdue", "counted", "cannot_tell")


def by_rule(results: Results, start: date, end: date, teams: Sequence[str] = ()) -> pd.DataFrame:
    """One row per rule that had anything due: rule, title, level, the counts, rate (percent, blank below the smallest number)."""
    frame = compliance(results, "rule", start, end, list(teams) or None)
    return _titled(frame)


def by_team(results: Results, rule: str, start: date, end: date, teams: Sequence[str] = ()) -> pd.DataFrame:
    """One row per team, in name order, for one rule."""
    frame = compliance(results, ["rule", "team"], start, end, list(teams) or None)
    return frame[frame["rule"] == rule].drop(columns="rule").reset_index(drop=True)


def matrix(results: Results, start: date, end: date, teams: Sequence[str] = ()) -> pd.DataFrame:
    """Rules down, teams across; a cell reads "82% of 50", "3 of 7" (too few for a rate) or is blank (nothing was due)."""
    frame = _titled(compliance(results, ["rule", "team"], start, end, list(teams) or None))
    frame["cell"] = [cell(*row) for row in frame[["on_time", "counted", "cannot_tell", "rate"]].itertuples(index=False, name=None)]
    wide = frame.pivot(index="rule", columns="team", values="cell")
    order = [rule.code for rule in all_rules() if rule.code in wide.index]
    wide = wide.loc[order, sorted(wide.columns)].reset_index()
    wide.insert(1, "title", wide["rule"].map({rule.code: rule.title for rule in all_rules()}))
    return wide


def cell(on_time: int, counted: int, cannot_tell: int, rate: float | None) -> str:
    """What a cell of the matrix says: never a percentage without its number."""
    if not counted:
        return f"? {cannot_tell}" if cannot_tell else ""
    return f"{on_time} of {counted}" if pd.isna(rate) else f"{percent(rate)} of {counted}"


def percent(rate: float | None) -> str:
    """A rate as whole percent that is 100% only when all were on time, and 0% only when none was."""
    if rate is None or pd.isna(rate):
        return ""
    if 99 < rate < 100:
        return "99%"
    return "1%" if 0 < rate < 1 else f"{rate:.0f}%"


def _titled(frame: pd.DataFrame) -> pd.DataFrame:
    by_code = {rule.code: rule for rule in all_rules()}
    frame.insert(1, "title", [by_code[code].title for code in frame["rule"]])
    frame.insert(2, "level", [look.LEVEL[by_code[code].level].word for code in frame["rule"]])
    return frame.sort_values("rule", key=lambda codes: [by_code[code].order for code in codes], kind="stable", ignore_index=True)
