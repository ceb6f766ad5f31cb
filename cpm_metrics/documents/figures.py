"""The pack's charts as pictures (matplotlib), in the colours of views/look.py. Each status has a hatch and a word besides its colour.

Figures are made without pyplot, whose state is shared between threads. Words from extracts are drawn as they are: a `$` in a team's
name is no formula.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import cache

import numpy as np
import pandas as pd
from matplotlib import font_manager
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from cpm_metrics.views import funnel, look, teams, xmr
from cpm_metrics.views.pack import Chart

INK, GRID, MUTED, PAPER = (shades[0] for shades in (look.INK, look.GRID, look.QUIET, look.PAPER))
DPI = 130
_HATCH = {"on_time": "", "late": "///", "missed": "xxx", "overdue": "..."}
_MARKS = {"better": "^", "": "o", "worse": "v", "above_outer": "^", "above_inner": "^", "within": "o", "below_inner": "v", "below_outer": "v"}


def draw(chart: Chart) -> bytes | None:
    """The chart as PNG, 10 inches wide; None where there is nothing to draw (its table and sentences say so)."""
    figure = _DRAWN[chart.kind](chart.data)
    if figure is None:
        return None
    buffer = io.BytesIO()
    FigureCanvasAgg(figure).print_png(buffer)
    return buffer.getvalue()


def _figure(height: float):
    figure = Figure(figsize=(10, height), dpi=DPI, layout="constrained")
    axes = figure.subplots()
    axes.set_axisbelow(True)
    axes.tick_params(colors=INK, labelsize=9, length=0)
    for side in ("top", "right", "left", "bottom"):
        axes.spines[side].set_visible(False)
    return figure, axes


def _bars(names: Sequence[str]):
    """Horizontal bars, the first on top."""
    figure, axes = _figure(max(2.2, 0.235 * len(names) + 1.0))
    axes.grid(axis="x", color=GRID, linewidth=0.8)
    axes.set_yticks(range(len(names)), labels=[_short(name) for name in names], parse_math=False)
    axes.set_ylim(len(names) - 0.4, -0.6)
    return figure, axes


@cache
def _letters() -> frozenset[int]:
    """What matplotlib's own font can write."""
    return frozenset(font_manager.get_font(font_manager.findfont("DejaVu Sans")).get_charmap())


def _short(text: object) -> str:
    """At most 44 letters; □ for one that the font lacks, as in the PDF's tables."""
    text = "".join(letter if ord(letter) in _letters() else "□" for letter in " ".join(str(text).split()))
    return text if len(text) <= 44 else text[:43] + "…"


def _legend(axes, columns: int = 4) -> None:
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=columns, frameon=False, fontsize=9, labelcolor=INK, handlelength=1.6, borderaxespad=0.2)


def _stacked(frame: pd.DataFrame, names: Sequence[str], share: bool):
    figure, axes = _bars(names)
    left = np.zeros(len(frame))
    for status in look.COUNTED:
        words = look.STATUS[status]
        width = (100 * frame[status] / frame["counted"] if share else frame[status]).to_numpy(dtype=float)
        axes.barh(range(len(frame)), width, left=left, height=0.72, color=words.light, edgecolor=PAPER, linewidth=0.5, hatch=_HATCH[status], label=words.label)
        left += width
    _legend(axes)
    return figure, axes


def shares(frame: pd.DataFrame) -> Figure | None:
    """The four counted statuses of each rule as shares, with how many were counted beside the bar."""
    if not len(frame):
        return None
    figure, axes = _stacked(frame, frame["title"], share=True)
    for at, row in enumerate(frame.itertuples()):
        axes.text(101, at, f"{teams.percent(row.rate)} of {row.counted:,}", va="center", fontsize=9, color=INK)
    axes.set_xlim(0, 116)
    axes.set_xticks(range(0, 101, 20), labels=[f"{n}%" for n in range(0, 101, 20)])
    axes.set_xlabel("of those that fell due and were counted; beside the bar: on time of how many", fontsize=9, color=INK)
    return figure


def by_team(frame: pd.DataFrame) -> Figure | None:
    """The four counted statuses of each team as numbers, in name order."""
    if not len(frame):
        return None
    figure, axes = _stacked(frame, frame["team"], share=False)
    axes.set_xlabel("obligations that fell due and were counted", fontsize=9, color=INK)
    return figure


def overdue(frame: pd.DataFrame) -> Figure | None:
    """Overdue obligations by rule: about children in care now, and those left open when care ended."""
    if not len(frame):
        return None
    figure, axes = _bars(frame["title"])
    words = look.STATUS["overdue"]
    now, rest = frame["now"].to_numpy(dtype=float), (frame["rows"] - frame["now"]).to_numpy(dtype=float)
    axes.barh(range(len(frame)), now, height=0.72, color=words.light, label="▲ Overdue: in care now")
    axes.barh(range(len(frame)), rest, left=now, height=0.72, color=look.HATCHED, edgecolor=MUTED, linewidth=0.5, hatch="///", label="– Overdue: care has ended")
    most = float((now + rest).max())
    for at, number in enumerate(frame["rows"]):
        axes.text(number + most * 0.008, at, f"{number:,}", va="center", fontsize=9, color=INK)
    axes.set_xlim(0, most * 1.07)
    _legend(axes)
    return figure


def flags(frame: pd.DataFrame) -> Figure | None:
    """Children by sign of drift, in the order of the signs; beside it for how many it can't be told."""
    if not len(frame):
        return None
    figure, axes = _bars(frame["title"])
    told, untold = frame["all"].to_numpy(dtype=float), frame["cannot_tell"].fillna(0).to_numpy(dtype=float)
    axes.barh(range(len(frame)), told, height=0.72, color=look.STATUS["on_time"].light, label="Children flagged")
    axes.barh(range(len(frame)), untold, left=told, height=0.72, color=look.HATCHED, edgecolor=MUTED, linewidth=0.5, hatch="///", label="? Cannot tell")
    most = max(float((told + untold).max()), 1.0)
    for at, (number, unknown) in enumerate(zip(told, untold, strict=True)):
        axes.text(number + unknown + most * 0.008, at, f"{int(number):,}" + (f", ? {int(unknown):,}" if unknown else ""), va="center", fontsize=9, color=INK)
    axes.set_xlim(0, most * 1.12)
    _legend(axes)
    axes.set_xlabel("children in care now", fontsize=9, color=INK)
    return figure


def told(frame: pd.DataFrame) -> Figure | None:
    """The share of each rule's obligations that can be told."""
    if not len(frame):
        return None
    figure, axes = _bars(frame["title"])
    percent = frame["percent"].to_numpy(dtype=float)
    axes.barh(range(len(frame)), percent, height=0.72, color=look.STATUS["on_time"].light, label="Can be told")
    axes.barh(range(len(frame)), 100 - percent, left=percent, height=0.72, color=look.HATCHED, edgecolor=MUTED, linewidth=0.5, hatch="///", label=look.STATUS["cannot_tell"].label)
    for at, row in enumerate(frame.itertuples()):
        axes.text(101, at, f"{row.told:,} of {row.all:,}", va="center", fontsize=9, color=INK)
    axes.set_xlim(0, 120)
    axes.set_xticks(range(0, 101, 20), labels=[f"{n}%" for n in range(0, 101, 20)])
    _legend(axes)
    return figure


def trend(x: xmr.Xmr) -> Figure | None:
    """Percent on time per month or quarter, with the mean and the limits of the ordinary swing of each stretch."""
    points = x.points
    if not len(points) or not points["percent"].notna().any():
        return None
    figure, axes = _figure(3.3)
    axes.grid(axis="y", color=GRID, linewidth=0.8)
    lows = [s.low for s in x.stretches if s.low is not None and s.low > 0]
    bottom = max(0.0, 10 * ((min([*points["percent"].dropna(), *lows, 100]) - 8) // 10))
    for number, s in enumerate(x.stretches):
        if s.mean is None:
            continue
        ends = [s.first - 0.45, s.last + 0.45]
        axes.plot(ends, [s.mean] * 2, color=look.STATUS["on_time"].light, linewidth=1.6, label="Mean" if not number else None)
        for at, value in enumerate((s.low, s.high)):
            if value is not None and 0 < value < 100:
                axes.plot(ends, [value] * 2, color=INK, linewidth=1.2, linestyle="--", label="Limits of the ordinary swing" if not number and not at else None)
        if number:
            axes.axvline(s.first - 0.5, color=INK, linewidth=1, linestyle=":")
            axes.text(s.first - 0.4, 101.5, "rebased", fontsize=9, color=INK)
    for _, rows in points[points["percent"].notna()].groupby("stretch"):
        axes.plot(rows.index, rows["percent"], color=MUTED, linewidth=1)
    for way, words in xmr.DIRECTIONS.items():
        rows = points[points["direction"] == way]
        if len(rows):
            few = way == "few"
            axes.scatter(rows.index, [bottom + 1.5] * len(rows) if few else rows["percent"], marker="o" if few else _MARKS[way], s=46 if way in ("better", "worse") else 26, zorder=3,
                         facecolors="none" if few else words.light, edgecolors=words.light, label=words.word)  # fmt: skip
    every = max(1, -(-len(points) // 12))
    ticks = list(range(len(points) - 1, -1, -every))[::-1]
    axes.set_xticks(ticks, labels=[points["label"].iloc[at].replace(" ", "\n") for at in ticks], parse_math=False)
    axes.set_ylim(bottom - 1, 104)
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:.0f}%" if 0 <= value <= 100 else "")
    axes.set_ylabel("done on time", fontsize=9, color=INK)
    _legend(axes, 5)
    return figure


def beside(f: funnel.Funnel) -> Figure | None:
    """Each team's percent on time over how many were counted, within the limits of chance around all teams together."""
    shown = f.compared
    if not len(shown):
        return None
    figure, axes = _figure(3.5)
    axes.grid(color=GRID, linewidth=0.8)
    most = max([*shown["counted"], f.smallest + 5])
    first, last = max(1, f.smallest - 1), most * 1.06 + 2
    numbers = np.linspace(first, last, 160)
    lowest = min([100 * f.rate, *(shown["on_time"] / shown["counted"] * 100)])
    for tail, name, dash in ((funnel.OUTER, "99.8%: outer limits", "-"), (funnel.INNER, "95%: inner limits", "--")):
        low, high = funnel.limits(f.rate, numbers, tail)
        lowest = min(lowest, 100 * low[0])
        for at, (values, edge) in enumerate(((low, 0.0), (high, 1.0))):
            axes.plot(numbers, np.where(values == edge, np.nan, 100 * values), color=INK, linewidth=1.2, linestyle=dash, label=None if at else name)
    axes.axhline(100 * f.rate, color=look.STATUS["on_time"].light, linewidth=1.6, linestyle=":", label=f"All teams together: {teams.percent(100 * f.rate)}")
    for place, words in funnel.PLACES.items():
        rows = shown[shown["place"] == place]
        if not len(rows):
            continue
        y = 100 * rows["on_time"] / rows["counted"]
        axes.scatter(rows["counted"], y, marker=_MARKS[place], s=55 if place != "within" else 36, zorder=3, facecolors="none" if "inner" in place else words.light, edgecolors=words.light, linewidths=1.6, label=words.word)
        if place != "within" or len(shown) <= 4:
            for n, percent, team in zip(rows["counted"], y, rows["team"], strict=True):
                axes.annotate(_short(team), (n, percent), xytext=(-7 if n > 0.6 * most else 7, 0), textcoords="offset points", ha="right" if n > 0.6 * most else "left", va="center", fontsize=9, color=INK, parse_math=False)
    axes.set_xlim(max(0, first - 0.03 * last), last)
    axes.set_ylim(max(0.0, 10 * np.floor((lowest - 4) / 10)) - 1, 104)
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:.0f}%" if 0 <= value <= 100 else "")
    axes.set_xlabel("obligations counted", fontsize=9, color=INK)
    axes.set_ylabel("done on time", fontsize=9, color=INK)
    _legend(axes, 3)
    return figure


_DRAWN = {"shares": shares, "overdue": overdue, "teams": by_team, "trend": trend, "funnel": beside, "drift": flags, "told": told}
