"""How many meetings must be held by each week and what is booked for them; and who sits in the chair when."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import plotly.graph_objects as go

from cpm_metrics.charts.base import base, grid, ink, paper
from cpm_metrics.views import look
from cpm_metrics.views.book_by import LATER, OVERDUE, Week

_PATTERNS = {"in_time": "", "after": "/", "none": "x"}


def book_by(counts: pd.DataFrame, weeks: Sequence[Week], dark: bool = False) -> go.Figure:
    """A bar for what is overdue and one per week, of the three states in `look.BOOKED`. Frame as `book_by.by_week` gives it."""
    labels = _labels(counts["place"], weeks)
    bars = []
    for state, words in look.BOOKED.items():
        bars.append((words, counts[state], _PATTERNS[state], [f"<b>{label}</b><br>{words.label}: {n:,}" for label, n in zip(labels, counts[state], strict=True)]))
    return _bars(bars, labels, counts["total"], "meetings", dark)


def chair_load(load: pd.DataFrame, weeks: Sequence[Week], dark: bool = False) -> go.Figure:
    """For each week: children whose final plan CPM is booked in it, and those who must have one by then with none booked. Frame as
    `book_by.chair_load` gives it."""
    labels = _labels(load["place"], weeks)
    bars = []
    for column, words in (("children", look.MEETING_STATE["booked"]), ("to_book", look.BOOKED["none"])):
        hover = [f"<b>{label}</b><br>{words.label}: {look.count(n, 'child', 'children')}" for label, n in zip(labels, load[column], strict=True)]
        bars.append((words, load[column], _PATTERNS["none"] if column == "to_book" else "", hover))
    return _bars(bars, labels, load["children"] + load["to_book"], "children", dark)


def _labels(places: pd.Series, weeks: Sequence[Week]) -> list[str]:
    names = {week.place: f"{week.label} ⚑{week.working_days}" if week.holidays else week.label for week in weeks}
    return [{OVERDUE: "Overdue", LATER: "Later"}.get(place) or names[place] for place in places]


def _bars(bars: list[tuple], labels: list[str], totals: pd.Series, unit: str, dark: bool) -> go.Figure:
    figure = base(dark, 230)
    background = paper(dark)
    for words, numbers, pattern, hover in bars:
        figure.add_bar(
            name=words.label, x=labels, y=numbers, hovertext=hover, hoverinfo="text",
            marker={"color": words.colour(dark), "line": {"width": 1, "color": background},
                    "pattern": {"shape": pattern, "bgcolor": words.colour(dark), "fgcolor": background, "size": 7, "solidity": 0.2}},
        )  # fmt: skip
    figure.add_scatter(x=labels, y=totals, mode="text", text=[f"{n:,}" if n else "" for n in totals], textposition="top center", textfont={"size": 12, "color": ink(dark)}, hoverinfo="skip", showlegend=False)
    figure.update_layout(
        barmode="stack", showlegend=True, legend={"orientation": "h", "yanchor": "bottom", "y": 1.02, "x": 0, "traceorder": "normal"}, dragmode=False,
        margin={"l": 44, "r": 10, "t": 34, "b": 44}, bargap=0.3,
    )  # fmt: skip
    figure.update_xaxes(type="category", fixedrange=True, showgrid=False, automargin=True, tickfont={"size": 12})
    figure.update_yaxes(gridcolor=grid(dark), zeroline=False, fixedrange=True, rangemode="tozero", range=[0, max(int(totals.max() * 1.18) + 1, 4)], title={"text": unit, "font": {"size": 12}})
    return figure


def book_by_words(counts: pd.DataFrame, weeks: Sequence[Week]) -> str:
    """The same in a sentence for whoever can't see it."""
    names = {week.place: f"by the week of {look.day(week.monday)}" for week in weeks} | {OVERDUE: "overdue"}
    parts = [f"{names[row.place]}: {row.total}, nothing booked for {row.none}" for row in counts.itertuples() if row.total]
    return "Meetings to hold by week: " + ("; ".join(parts) or "none") + "."


def chair_load_words(load: pd.DataFrame, weeks: Sequence[Week]) -> str:
    """The same in a sentence."""
    names = {week.place: f"week of {look.day(week.monday)}" for week in weeks} | {OVERDUE: "overdue", LATER: "later"}
    parts = [f"{names[row.place]}: {look.count(row.meetings, 'meeting')} booked, {look.count(row.to_book, 'child', 'children')} to book" for row in load.itertuples() if row.meetings or row.to_book]
    return "Final plan CPMs to chair: " + ("; ".join(parts) or "none") + "."
