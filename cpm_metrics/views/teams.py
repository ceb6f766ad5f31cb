"""Rules by team: counts and rates. Teams stand in name order and are not ranked.

An obligation whose team nobody recorded belongs to no team: it is in every sum over all teams, and stands apart as `NO_TEAM`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import pandas as pd

from cpm_metrics.engine import Results
from cpm_metrics.rules import all_rules
from cpm_metrics.views import funnel, lists, look
from cpm_metrics.views.contract import compliance
from cpm_metrics.views.look import NO_TEAM

COUNTS = ("on_time", "late", "missed", "overdue", "counted", "cannot_tell")


def by_rule(results: Results, start: date, end: date, teams: Sequence[str] = ()) -> pd.DataFrame:
    """One row per rule that had anything due: rule, title, level, the counts, rate (percent, blank below the smallest number)."""
    frame = compliance(results, "rule", start, end, list(teams) or None)
    return _titled(frame)


def by_team(results: Results, rule: str, start: date, end: date, teams: Sequence[str] = ()) -> pd.DataFrame:
    """One row per team, in name order, for one rule; where no team is recorded, `team` is blank and the row is the last."""
    frame = compliance(results, ["rule", "team"], start, end, list(teams) or None)
    frame = frame[frame["rule"] == rule].drop(columns="rule")
    return frame.sort_values("team", key=lambda names: names.mask(names == NO_TEAM), kind="stable", na_position="last", ignore_index=True)


def matrix(results: Results, start: date, end: date, teams: Sequence[str] = ()) -> pd.DataFrame:
    """Rules down, teams across; a cell reads "82% of 50", "3 of 7" (too few for a rate) or is blank (nothing was due), with those that
    can't be told beside it: "82% of 50, ? 4"."""
    frame = _titled(compliance(results, ["rule", "team"], start, end, list(teams) or None))
    frame["cell"] = [cell(*row) for row in frame[["on_time", "counted", "cannot_tell", "rate"]].itertuples(index=False, name=None)]
    frame["team"] = frame["team"].astype(object).where(frame["team"].notna(), NO_TEAM)
    wide = frame.pivot(index="rule", columns="team", values="cell")
    order = [rule.code for rule in all_rules() if rule.code in wide.index]
    wide = wide.loc[order, sorted(wide.columns, key=lambda team: (team == NO_TEAM, team))].reset_index()
    wide.insert(1, "title", wide["rule"].map({rule.code: rule.title for rule in all_rules()}))
    return wide


@dataclass(frozen=True)
class Grid:
    """The same as `matrix` for a page: `rows` (rule, title, level), `teams` (names; None where none is recorded), and `cells`, one row per
    rule and team that had anything: rule, team, the counts, rate, `place` (a key of funnel.PLACES, "" where not compared). `whole`: per
    rule, the sums of the teams shown (with no team chosen, of everything). `compared`: cells compared with the rate of all teams together."""

    rows: pd.DataFrame
    teams: list[str | None]
    cells: pd.DataFrame
    whole: pd.DataFrame
    compared: int


def grid(results: Results, start: date, end: date, teams: Sequence[str] = ()) -> Grid:
    """Every rule by every team, from one query. A cell is compared, as in the funnel plot, with the rate of all teams, chosen or not."""
    smallest = results.settings["general.smallest_counted"]
    everything = compliance(results, ["rule", "team"], start, end)
    overall = everything.groupby("rule")[["on_time", "counted"]].sum()
    cells = everything[everything["team"].isin(list(teams))].reset_index(drop=True) if teams else everything
    sums = [overall.loc[code] for code in cells["rule"]]
    cells["place"] = [
        funnel.place(on_time, counted, int(s["on_time"]), int(s["counted"])) if counted >= max(smallest, 1) and pd.notna(team) and team != NO_TEAM else ""
        for team, on_time, counted, s in zip(cells["team"], cells["on_time"], cells["counted"], sums, strict=True)
    ]
    whole = cells.groupby("rule", as_index=False)[list(COUNTS)].sum()
    whole["rate"] = [look.percent(a, n) if n and n >= smallest else None for a, n in zip(whole["on_time"], whole["counted"], strict=True)]
    rows = _titled(whole.copy())[["rule", "title", "level"]]
    names: list[str | None] = sorted(cells["team"].dropna().unique(), key=lambda team: (team == NO_TEAM, team))
    return Grid(rows, [*names, *([None] if cells["team"].isna().any() else [])], cells, whole, int((cells["place"] != "").sum()))


def cell(on_time: int, counted: int, cannot_tell: int, rate: float | None) -> str:
    """What a cell of the matrix says: never a percentage without its number, nor without those that can't be told."""
    if not counted:
        return f"? {cannot_tell:,}" if cannot_tell else ""
    said = f"{on_time:,} of {counted:,}" if pd.isna(rate) else f"{percent(rate)} of {counted:,}"
    return f"{said}, ? {cannot_tell:,}" if cannot_tell else said


def percent(rate: float | None) -> str:
    """A rate as whole percent that is 100% only when all were on time, and 0% only when none was."""
    if rate is None or pd.isna(rate):
        return ""
    if 99 < rate < 100:
        return "99%"
    return "1%" if 0 < rate < 1 else f"{rate:.0f}%"


def behind(results: Results, rule: str, team: str | None, statuses: Sequence[str], start: date, end: date, teams: Sequence[str] = ()) -> pd.DataFrame:
    """The obligations behind a count, as `lists.obligations`: of one team, of `NO_TEAM`, or (None) of all the teams chosen."""
    if team == NO_TEAM:
        rows = lists.obligations(results, rule=rule, statuses=statuses, due=(start, end))
        return rows[rows["team"].fillna(NO_TEAM) == NO_TEAM].reset_index(drop=True)
    return lists.obligations(results, teams=[team] if team is not None else list(teams), rule=rule, statuses=statuses, due=(start, end))


def short_names(teams: Sequence[str]) -> dict[str, str]:
    """Names for narrow columns: the first letters of all words but the last ("CiC North"), where that tells the teams apart; a short
    name stays as it is."""
    short = {}
    for team in teams:
        words = team.split()
        first = "".join(word[0] for word in words[:-1])
        short[team] = team if len(team) <= 9 or len(words) < 2 else f"{first} {words[-1]}"
    taken = list(short.values())
    return {team: name if taken.count(name) == 1 else team for team, name in short.items()}


def usual_rule(table: pd.DataFrame) -> str:
    """The rule to begin with, of those in a `by_rule` table: the statutory review, where one was counted; else the one most counted."""
    counted = table.set_index("rule")["counted"]
    return "statutory-review" if counted.get("statutory-review", 0) else str(counted.idxmax())


def _titled(frame: pd.DataFrame) -> pd.DataFrame:
    by_code = {rule.code: rule for rule in all_rules()}
    frame.insert(1, "title", [by_code[code].title for code in frame["rule"]])
    frame.insert(2, "level", [look.LEVEL[by_code[code].level].word for code in frame["rule"]])
    return frame.sort_values("rule", key=lambda codes: [by_code[code].order for code in codes], kind="stable", ignore_index=True)
