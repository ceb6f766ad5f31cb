"""One rule month by month: which changes are signals, and which the ordinary swing. An XmR chart by the rules of Making Data Count
(NHS England), as published in its tools and in NHSRplotthedots 0.2.2.

A point is a month (or quarter) in which obligations fell due: percent on time of those counted, by what is known on the as-at date.

- Mean: of the points, each weighing the same. Limits: mean ± 2.66 × the mean moving range (the mean difference between neighbouring
  points). No moving range is left out as an outlier: so do the Making Data Count workbooks, unlike that R package's default.
- Signals: a point outside the limits; seven or more neighbours on one side of the mean; seven or more each higher (or each lower)
  than the one before; of three neighbours on one side, two or more beyond two thirds of the way to the limit, and not beyond it.
- Fewer than 12 points: provisional, and said so. A rebase begins a new mean and new limits, and only where somebody marked one.

Our own choices. The month (quarter) of the as-at date is left out, even on its last day: it isn't over. One with fewer counted than
the smallest number for a percentage is no point: it is shown with its counts and passed over, so that the points on both sides of it
are neighbours; it is in neither mean nor limits. A percentage can't lie above 100 or below 0: a limit that does is none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

import pandas as pd

from cpm_metrics.engine import COUNTED, Results
from cpm_metrics.rules import all_rules
from cpm_metrics.store.state import chart_of
from cpm_metrics.views.history import month_after, month_end
from cpm_metrics.views.look import Look, count, like

FACTOR = 2.66  # 3 ÷ 1.128: from a mean moving range to three standard deviations
RUN = 7
ENOUGH = 12
SHOWN = {"month": 24, "quarter": 16}  # how many of them the chart goes back
_MONTHS = {"month": 1, "quarter": 3}
_SAME = 1e-9  # percentages closer than this are equal: sums of decimals are not exact

SIGNALS = {
    "above": "above the upper limit", "below": "below the lower limit",
    "run_above": "one of seven or more in a row above the mean", "run_below": "one of seven or more in a row below the mean",
    "rising": "one of seven or more in a row, each higher than the one before", "falling": "one of seven or more in a row, each lower than the one before",
    "near_high": "one of two in three close to the upper limit", "near_low": "one of two in three close to the lower limit",
}  # fmt: skip
BETTER = ("above", "run_above", "rising", "near_high")
DIRECTIONS: dict[str, Look] = {
    "better": like("on_time", "Higher than the ordinary swing", "▲", ":material/arrow_upward:"),
    "": like("upcoming", "Ordinary swing", "●", ":material/circle:"),
    "worse": like("overdue", "Lower than the ordinary swing", "▼", ":material/arrow_downward:"),
    "few": like("upcoming", "Too few for a percentage", "○", ":material/radio_button_unchecked:"),
}  # fmt: skip


@dataclass(frozen=True)
class Stretch:
    """Points under one mean: from the first one shown or a rebase (`reason`, `by`) to the next. `low` and `high`: the limits in percent,
    not cut at 0 or 100; all blank (None) with fewer than two points."""

    first: int
    last: int
    points: int
    mean: float | None
    low: float | None
    high: float | None
    reason: str = ""
    by: str = ""

    @property
    def provisional(self) -> bool:
        return self.points < ENOUGH


@dataclass(frozen=True)
class Xmr:
    """`points`: one row per month (quarter), oldest first: start, end (days), label, on_time, late, missed, overdue, counted, cannot_tell,
    percent (not rounded; blank below `smallest`), stretch (index into `stretches`), mean, low, high, signals (tuple of keys of SIGNALS),
    direction (key of DIRECTIONS). `left_out`: the one that isn't over yet."""

    rule: str
    title: str
    every: str
    points: pd.DataFrame
    stretches: list[Stretch]
    left_out: str
    smallest: int

    @property
    def counted_points(self) -> int:
        return int(self.points["percent"].notna().sum())


def owner(rule: str, teams: Sequence[str]) -> str:
    """Under which name a chart's rebases are kept: the rule, and the teams chosen."""
    return chart_of(rule, teams)


def xmr(results: Results, rule: str, teams: Sequence[str] = (), every: str | None = None, rebases: Mapping[str, Mapping[str, str]] | None = None) -> Xmr:
    """The chart of one rule for the chosen teams (none: everything).

    `every`: "month" or "quarter"; None takes quarters where fewer than half of the months have enough counted, and more of the quarters do.
    `rebases`: month ("2026-03") -> {"reason", "by"}: the month (or the quarter with it) begins a new stretch.
    """
    smallest = max(results.settings["general.smallest_counted"], 1)
    months = _counts(results, rule, teams)
    if every is None:
        by_month, by_quarter = (_points(months, results.as_at, kind, smallest) for kind in ("month", "quarter"))
        shares = [p["percent"].notna().mean() if len(p) else 0 for p in (by_month, by_quarter)]
        every = "quarter" if shares[0] < 0.5 and shares[1] > shares[0] else "month"
    points = _points(months, results.as_at, every, smallest)
    stretches = _stretches(points, rebases or {})
    _judge(points, stretches)
    titles = {r.code: r.title for r in all_rules()}
    return Xmr(rule, titles[rule], every, points, stretches, label(begin(results.as_at, every), every), smallest)


def begin(day: date, every: str) -> date:
    """The first day of the month (quarter) of a day."""
    size = _MONTHS[every]
    return date(day.year, (day.month - 1) // size * size + 1, 1)


def label(first: date, every: str) -> str:
    """Mar 2026; Jan-Mar 2026."""
    if every == "month":
        return f"{first:%b %Y}"
    return f"{first:%b}–{month_after(first, 2):%b %Y}"


def _counts(results: Results, rule: str, teams: Sequence[str]) -> pd.DataFrame:
    """One row per month with anything due, from as far back as any chart goes: month, the counted statuses, cannot_tell. The same
    obligations, placed by the same day, as contract.compliance."""
    first = min(month_after(begin(results.as_at, every), -SHOWN[every] * _MONTHS[every]) for every in SHOWN)
    counts = ", ".join(f"count(*) FILTER (status = '{status}') AS {status}" for status in (*COUNTED, "cannot_tell"))
    return results.frame(
        f"""SELECT date_trunc('month', coalesce(due_date, anchor_date))::DATE AS month, {counts} FROM obligation_facts
            WHERE rule = $rule AND coalesce(due_date, anchor_date) BETWEEN $first AND as_at() AND ($teams IS NULL OR list_contains($teams, team))
            GROUP BY 1 ORDER BY 1""",
        {"rule": rule, "first": first, "teams": list(teams) or None},
    )


def _points(months: pd.DataFrame, as_at: date, every: str, smallest: int) -> pd.DataFrame:
    """The months (quarters) that are over, from the first one in which anything was counted or could not be told."""
    size, rows = _MONTHS[every], []
    now = begin(as_at, every)
    for back in range(SHOWN[every], 0, -1):
        start = month_after(now, -back * size)
        end = month_end(month_after(start, size - 1))
        mine = months[(months["month"] >= pd.Timestamp(start)) & (months["month"] <= pd.Timestamp(end))]
        sums = {status: int(mine[status].sum()) for status in (*COUNTED, "cannot_tell")}
        if not rows and not any(sums.values()):
            continue
        counted = sum(sums[status] for status in COUNTED)
        percent = 100 * sums["on_time"] / counted if counted >= smallest else None
        rows.append({"start": start, "end": end, "label": label(start, every), **{s: sums[s] for s in COUNTED}, "counted": counted, "cannot_tell": sums["cannot_tell"], "percent": percent})
    columns = ["start", "end", "label", *COUNTED, "counted", "cannot_tell", "percent"]
    return pd.DataFrame(rows, columns=columns).astype({"percent": "float64"})


def _stretches(points: pd.DataFrame, rebases: Mapping[str, Mapping[str, str]]) -> list[Stretch]:
    """Cuts where a rebase falls after the first point shown; of two in one quarter the earlier one gives the reason."""
    cuts: dict[int, Mapping[str, str]] = {}
    for month, mark in sorted(rebases.items()):
        for at, (start, end) in enumerate(zip(points["start"], points["end"], strict=True)):
            if at and start.isoformat()[:7] <= month <= end.isoformat()[:7]:
                cuts.setdefault(at, mark)
    starts = [0, *cuts]
    out = []
    for first, following in zip(starts, [*starts[1:], len(points)], strict=True):
        values = points["percent"].iloc[first:following].dropna().tolist()
        mark = cuts.get(first, {})
        out.append(Stretch(first, following - 1, len(values), *limits(values), str(mark.get("reason", "")), str(mark.get("by", ""))))
    return out


def limits(values: Sequence[float]) -> tuple[float | None, float | None, float | None]:
    """Mean, lower and upper limit. Fewer than two values have no moving range, and so none of them."""
    if len(values) < 2:
        return None, None, None
    mean = sum(values) / len(values)
    ranges = [abs(b - a) for a, b in pairwise(values)]
    width = FACTOR * sum(ranges) / len(ranges)
    return mean, mean - width, mean + width


def signals(values: Sequence[float], mean: float, width: float) -> list[set[str]]:
    """For each value of one stretch, which signals it is part of. `width`: from the mean to a limit."""
    found: list[set[str]] = [set() for _ in values]
    side = [0 if abs(v - mean) <= _SAME else 1 if v > mean else -1 for v in values]
    outside = [abs(v - mean) > width + _SAME for v in values]
    near = [not out and abs(v - mean) > width * 2 / 3 + _SAME for v, out in zip(values, outside, strict=True)]
    step = [0 if abs(b - a) <= _SAME else 1 if b > a else -1 for a, b in pairwise(values)]
    for at, (out, s) in enumerate(zip(outside, side, strict=True)):
        if out:
            found[at].add("above" if s > 0 else "below")
    for first in range(len(values) - RUN + 1):
        for kinds, name in ((side[first : first + RUN], ("run_above", "run_below")), (step[first : first + RUN - 1], ("rising", "falling"))):
            if kinds[0] and len(set(kinds)) == 1:
                for at in range(first, first + RUN):
                    found[at].add(name[0] if kinds[0] > 0 else name[1])
    for first in range(len(values) - 2):
        three = range(first, first + 3)
        if side[first] and len({side[at] for at in three}) == 1 and sum(near[at] for at in three) >= 2:
            for at in three:
                if near[at]:
                    found[at].add("near_high" if side[at] > 0 else "near_low")
    return found


def _judge(points: pd.DataFrame, stretches: Sequence[Stretch]) -> None:
    """Adds stretch, mean, low, high, signals and direction to each point."""
    size = len(points)
    told: list[tuple[str, ...]] = [()] * size
    way = ["" if pd.notna(p) else "few" for p in points["percent"]]
    which, means, lows, highs = [0] * size, [None] * size, [None] * size, [None] * size
    for number, s in enumerate(stretches):
        places = [at for at in range(s.first, s.last + 1) if pd.notna(points["percent"].iloc[at])]
        for at in range(s.first, s.last + 1):
            which[at], means[at], lows[at], highs[at] = number, s.mean, s.low, s.high
        if s.mean is None:
            continue
        found = signals([points["percent"].iloc[at] for at in places], s.mean, s.high - s.mean)
        for at, some in zip(places, found, strict=True):
            told[at] = tuple(name for name in SIGNALS if name in some)
            if told[at]:
                way[at] = "better" if told[at][0] in BETTER else "worse"  # of several, the first in the order of SIGNALS
    points["stretch"], points["mean"], points["low"], points["high"] = which, means, lows, highs
    for name in ("mean", "low", "high"):
        points[name] = points[name].astype("float64")
    points["signals"], points["direction"] = told, way


def shown_limit(value: float | None) -> str:
    """A limit as a percentage; none where no percentage could lie beyond it."""
    return "none" if value is None or pd.isna(value) or value >= 100 or value <= 0 else f"{value:.0f}%"


def words(x: Xmr) -> list[str]:
    """What the chart shows, in sentences: the swing of the present stretch, then what is a signal in it."""
    if not x.counted_points:
        return [f"In no {x.every} were {x.smallest} or more counted, so there is no percentage to draw."]
    s = x.stretches[-1]
    since = "" if len(x.stretches) == 1 else f" since the change marked in {x.points['label'].iloc[s.first]}"
    if s.mean is None:
        return [f"Only {count(s.points, x.every)} with {x.smallest} or more counted{since}: a swing needs two."]
    out = [f"{count(s.points, x.every).capitalize()}{since}: {s.mean:.0f}% on time on average. {_swing(s)}"]
    marked = x.points.iloc[s.first : s.last + 1]
    marked = marked[marked["signals"].map(len) > 0]
    if not len(marked):
        out.append("No signal: the ups and downs are no more than the ordinary swing, so no single one of them calls for an explanation.")
    for name, text in SIGNALS.items():
        labels = [row.label for row in marked.itertuples() if name in row.signals]
        if labels:
            named = ", ".join(labels[:3]) if len(labels) <= 3 else f"{labels[0]} to {labels[-1]} ({count(len(labels), x.every)})"
            out.append(f"{DIRECTIONS['better' if name in BETTER else 'worse'].mark} {named}: {text}.")
    if s.provisional:
        out.append(f"Provisional: {count(s.points, 'point')} so far; limits settle with {ENOUGH} or more.")
    return out


def _swing(s: Stretch) -> str:
    low, high = shown_limit(s.low), shown_limit(s.high)
    if low == high == "none":
        return "It swings so much from one to the next that any percentage would be ordinary."
    if low == "none":
        return f"Ordinary: anything up to {high}."
    return f"Ordinary: anything from {low} up." if high == "none" else f"Ordinary: from {low} to {high}."


def months_of(x: Xmr) -> list[str]:
    """The months ("2026-03") at which a rebase could be marked: the first month of each point but the first."""
    return [start.isoformat()[:7] for start in x.points["start"].iloc[1:]]


def only_those_in_care(results: Results) -> bool:
    """Whether the extract has no child who left care: then earlier months hold only those who stayed."""
    return not results.rows("SELECT count(*) FROM periods WHERE NOT in_care")[0][0]
