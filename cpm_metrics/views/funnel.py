"""Teams beside each other without a ranking: which differ from all of them together by more than chance would explain.

A funnel plot for one rule, after D. J. Spiegelhalter, "Funnel plots for comparing institutional performance", Statistics in
Medicine 24 (2005) 1185-1202: each team's percent on time over how many were counted, around the rate of all teams together.

The limits are the binomial distribution's own tails. A team lies below the inner limit (95%) when so few or fewer on time would
happen in fewer than 1 in 40 teams of that size at the overall rate, below the outer limit (99.8%) in fewer than 1 in 1,000;
above likewise. Spiegelhalter draws his curves between two whole numbers by straight interpolation, which can name a team with
all of its few on time (10 of 10 where 95% are: 6 in 10 such teams do that). Ours are drawn with the incomplete beta function,
which *is* the binomial tail at whole numbers and smooth between them: a dot is beyond the curve exactly when its tail is that small.

Obligations are not independent (a child has several, and one late review makes the next late), so teams differ by more than this
allows for: pages say so beside the chart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
from scipy.special import betainc
from scipy.stats import binom

from cpm_metrics.engine import Results
from cpm_metrics.rules import all_rules
from cpm_metrics.views.contract import compliance
from cpm_metrics.views.look import NO_TEAM, Look, count, like

INNER, OUTER = 0.025, 0.001  # the tail on each side: 95% and 99.8% lie within

PLACES: dict[str, Look] = {
    "above_outer": like("on_time", "Higher than chance explains", "▲", ":material/arrow_upward:", "Above the outer limit (99.8%)."),
    "above_inner": like("on_time", "Higher, perhaps by chance", "△", ":material/arrow_drop_up:", "Between the inner (95%) and the outer limit (99.8%)."),
    "within": like("upcoming", "As chance would have it", "●", ":material/circle:", "Within the inner limits (95%)."),
    "below_inner": like("late", "Lower, perhaps by chance", "▽", ":material/arrow_drop_down:", "Between the inner (95%) and the outer limit (99.8%)."),
    "below_outer": like("overdue", "Lower than chance explains", "▼", ":material/arrow_downward:", "Below the outer limit (99.8%)."),
    "too_few": like("upcoming", "Too few to compare", "–", ":material/remove:", "Fewer counted than the smallest number for a percentage."),
}  # fmt: skip


@dataclass(frozen=True)
class Funnel:
    """One rule's teams. `teams`: in name order, columns team, on_time, late, missed, overdue, counted, cannot_tell, rate (percent to one
    decimal, blank below `smallest`), place (a key of PLACES), lower and upper (the outer limits in percent at that team's number;
    blank where it is too few, or where no result could lie beyond). `on_time` of `counted`: all teams together, and what no team is
    recorded for (`no_team` counted; extracts without teams say so in words). `all_teams`: how many teams have anything counted."""

    rule: str
    title: str
    teams: pd.DataFrame
    on_time: int
    counted: int
    no_team: int
    all_teams: int
    smallest: int

    @property
    def rate(self) -> float:
        """The share of all counted that were on time, 0 to 1; nothing counted: 0."""
        return self.on_time / self.counted if self.counted else 0.0

    @property
    def compared(self) -> pd.DataFrame:
        return self.teams[self.teams["place"] != "too_few"]


def funnel(results: Results, rule: str, start: date, end: date, teams: Sequence[str] = ()) -> Funnel:
    """The chosen teams (all by default) around the rate of all teams together, for obligations whose due date lies from `start` to `end`."""
    smallest = max(results.settings["general.smallest_counted"], 1)
    found = compliance(results, ["rule", "team"], start, end)
    found = found[found["rule"] == rule].drop(columns="rule")
    on_time, counted = int(found["on_time"].sum()), int(found["counted"].sum())
    nobodys = found["team"].isna() | (found["team"] == NO_TEAM)
    named = found[~nobodys].sort_values("team", ignore_index=True)
    all_teams = int((named["counted"] > 0).sum())
    if teams:
        named = named[named["team"].isin(list(teams))].reset_index(drop=True)
    enough = named["counted"] >= smallest
    named["place"] = [place(a, n, on_time, counted) if ok else "too_few" for a, n, ok in zip(named["on_time"], named["counted"], enough, strict=True)]
    rate = on_time / counted if counted else 0.0
    lower, upper = limits(rate, named["counted"].to_numpy(dtype=float), OUTER)
    named["lower"] = np.where(enough & (lower > 0), np.round(100 * lower, 1), np.nan)
    named["upper"] = np.where(enough & (upper < 1), np.round(100 * upper, 1), np.nan)
    titles = {r.code: r.title for r in all_rules()}
    return Funnel(rule, titles[rule], named, on_time, counted, int(found.loc[nobodys, "counted"].sum()), all_teams, smallest)


def place(on_time: int, counted: int, all_on_time: int, all_counted: int) -> str:
    """Where `on_time` of `counted` lies around the overall rate: a key of PLACES. By whole numbers, never by a rounded percentage."""
    rate = all_on_time / all_counted
    few, many = binom.cdf(on_time, counted, rate), binom.sf(on_time - 1, counted, rate)
    for tail, name in ((OUTER, "outer"), (INNER, "inner")):
        if few < tail:
            return f"below_{name}"
        if many < tail:
            return f"above_{name}"
    return "within"


def limits(rate: float, numbers: np.ndarray, tail: float) -> tuple[np.ndarray, np.ndarray]:
    """The lower and the upper limit (0 to 1) at each number counted. 0 and 1 where even none (all) on time would not be beyond it."""
    n = np.asarray(numbers, dtype=float)
    if not 0 < rate < 1:
        return np.zeros_like(n), np.ones_like(n)

    def few(k: np.ndarray) -> np.ndarray:  # the chance of k or fewer
        return betainc(np.maximum(n - k, 1e-12), k + 1, 1 - rate)

    def many(k: np.ndarray) -> np.ndarray:  # the chance of k or more
        return betainc(np.maximum(k, 1e-12), n - k + 1, rate)

    low = np.where(few(np.zeros_like(n)) >= tail, 0.0, _where(lambda k: few(k) < tail, n))
    high = np.where(many(n) >= tail, n, _where(lambda k: many(k) >= tail, n))
    return low / np.maximum(n, 1), np.where(n > 0, high / np.maximum(n, 1), 1.0)


def _where(still, n: np.ndarray) -> np.ndarray:
    """By halving: up to which k, from 0 to n, `still(k)` holds."""
    left, right = np.zeros_like(n), n.copy()
    for _ in range(50):
        middle = (left + right) / 2
        holds = still(middle)
        left, right = np.where(holds, middle, left), np.where(holds, right, middle)
    return (left + right) / 2


def words(f: Funnel, percent) -> list[str]:
    """What the chart shows: one sentence for all of it, then one for each team outside the limits. `percent` writes a rate."""
    shown, few = f.compared, f.teams[f.teams["place"] == "too_few"]
    of_all = f"{percent(100 * f.rate)} of {f.counted:,}"
    if not len(shown):
        return [f"No team has {f.smallest} or more counted, so none is compared. All together: {f.on_time:,} of {f.counted:,} on time."]
    said = f"All {count(f.all_teams, 'team')} together: {of_all} on time. "
    out_of = int((shown["place"] != "within").sum())
    if not out_of:
        said += f"None of the {count(len(shown), 'team')} compared differs from that by more than chance would explain."
    else:
        said += f"{out_of} of the {count(len(shown), 'team')} compared {'lies' if out_of == 1 else 'lie'} outside the limits" + (
            "." if out_of == len(shown) else "; the rest differ from that by no more than chance would explain."
        )
    if len(few):
        said += f" {count(len(few), 'team')} with fewer than {f.smallest} counted {'is' if len(few) == 1 else 'are'} not compared."
    out = [said]
    for row in shown[shown["place"] != "within"].itertuples():
        out.append(f"{row.team}: {percent(row.rate)} ({row.on_time} of {row.counted}), {PLACES[row.place].word[0].lower()}{PLACES[row.place].word[1:]}.")
    return out
