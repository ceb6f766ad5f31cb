"""Each child's open proceedings along the weeks since issue; and how many weeks proceedings took, with those still open."""

from __future__ import annotations

import html
from datetime import date, timedelta

import pandas as pd
import plotly.graph_objects as go

from cpm_metrics.charts.base import base, grid, ink, paper
from cpm_metrics.views import look
from cpm_metrics.views.proceedings import GRADE, on_weeks

_PATTERNS = {"": "", "amber": "/", "red": "x"}
ROW = 25  # pixels


def weeks(rows: pd.DataFrame, as_at: date, amber: int, red: int, dark: bool = False) -> go.Figure:
    """A bar per set of open proceedings, from issue to the as-at date, in weeks; on it the filing date, the day by which to hold the final
    plan CPM, and the CPM held or booked. Frame as `proceedings.select` gives it; drawn in its order, the first at the top."""
    above, below = 64, 44  # pixels: the legend above takes two lines
    figure = base(dark, ROW * len(rows) + above + below + 38)
    places = list(range(len(rows), 0, -1))
    of = {name: list(rows[name]) for name in ("issued", "week", "grade", "cpm_due", "plan_due", "first_held", "booked")}
    names = [_short(name) for name in rows["name"]]
    now = [on_weeks(issued, as_at + timedelta(days=1)) for issued in of["issued"]]  # the as-at day is part of the bar
    for grade, words in GRADE.items():
        mine = [at for at in range(len(rows)) if of["grade"][at] == grade]
        if not mine:
            continue
        label = {"": f"Up to week {amber}", "amber": f"Weeks {amber + 1} to {red}", "red": f"Beyond week {red}"}[grade]
        figure.add_bar(
            orientation="h", y=[places[at] for at in mine], x=[now[at] for at in mine], width=0.62, name=f"{words.mark} {label}",
            marker={"color": words.colour(dark), "line": {"width": 0}, "pattern": {"shape": _PATTERNS[grade], "bgcolor": words.colour(dark), "fgcolor": paper(dark), "size": 6, "solidity": 0.18}},
            hovertext=[f"<b>{names[at]}</b><br>Week {of['week'][at]}: {label.lower()}<br>Issued {look.day(of['issued'][at])}" for at in mine], hoverinfo="text",
        )  # fmt: skip
    for column, title, symbol, size in (("cpm_due", "Hold the final plan CPM by", "line-ns", 14), ("plan_due", "Filing date", "diamond", 11), ("first_held", "Final plan CPM held", "circle", 11), ("booked", "Final plan CPM booked", "circle-open", 11)):
        mine = [at for at in range(len(rows)) if pd.notna(of[column][at]) and not (column == "booked" and pd.notna(of["first_held"][at]))]
        if not mine:
            continue
        days = [of[column][at] for at in mine]
        x = [on_weeks(of["issued"][at], day) for at, day in zip(mine, days, strict=True)]
        y = [places[at] for at in mine]
        colour = ink(dark)
        line = {"width": 3 if symbol == "line-ns" else 2, "color": colour}
        if symbol in ("circle", "diamond"):  # a rim in the colour of the paper parts the mark from the bar under it
            size, line = size + 2, {"width": 2.5, "color": paper(dark)}
        elif symbol == "circle-open":
            figure.add_scatter(x=x, y=y, mode="markers", marker={"symbol": "circle", "size": size + 3, "color": paper(dark)}, hoverinfo="skip", showlegend=False)
        figure.add_scatter(
            x=x, y=y, mode="markers", name=title, marker={"symbol": symbol, "size": size, "color": colour, "line": line},
            hovertext=[f"<b>{names[at]}</b><br>{title}: {look.day(day)}" for at, day in zip(mine, days, strict=True)], hoverinfo="text",
        )  # fmt: skip
    ends = [on_weeks(issued, day) for name in ("plan_due", "booked", "first_held") for issued, day in zip(of["issued"], of[name], strict=True) if pd.notna(day)]
    right = min(max([red + 2, *(x + 1 for x in now), *(x + 1 for x in ends)]), 104)
    top = len(rows) + 1.5  # room for the words of the two lines above the first bar
    for week in (amber, red):
        figure.add_shape(type="line", x0=week, x1=week, y0=0.4, y1=top, line={"color": ink(dark), "width": 1.5, "dash": "dot" if week == amber else "solid"}, layer="above", opacity=0.75)
        figure.add_annotation(x=week, y=top, text=f" week {week} ends ", showarrow=False, xanchor="right" if week == amber else "left", yanchor="top", font={"size": 11})
    figure.update_layout(
        barmode="overlay", showlegend=True, dragmode=False, margin={"l": 22 + 7 * max((min(len(str(n)), 24) for n in rows["name"]), default=0), "r": 10, "t": above, "b": below},
        legend={"orientation": "h", "yref": "container", "yanchor": "top", "y": 1, "x": 0, "traceorder": "normal"},
    )  # fmt: skip
    figure.update_xaxes(range=[0, right], gridcolor=grid(dark), zeroline=False, fixedrange=True, dtick=4 if right <= 60 else 8, title={"text": "weeks since issue", "font": {"size": 12}})
    figure.update_yaxes(tickvals=places, ticktext=[f"{name}  " for name in names], range=[0.4, top], showgrid=False, zeroline=False, fixedrange=True)
    return figure


def _short(name: str) -> str:
    text = str(name) if len(str(name)) <= 24 else f"{str(name)[:23]}…"
    return html.escape(text, quote=False)


def weeks_words(rows: pd.DataFrame, as_at: date, amber: int, red: int) -> str:
    """The same in a sentence."""
    counts = {grade: int((rows["grade"] == grade).sum()) for grade in GRADE}
    return (
        f"{look.count(len(rows), 'set', 'sets')} of open proceedings on {look.day(as_at)}: {counts['red']:,} beyond week {red}, {counts['amber']:,} in weeks {amber + 1} to {red}, "
        f"{counts['']:,} up to week {amber}; a filing date for {int(rows['plan_due'].notna().sum()):,}, a final plan CPM held for {int(rows['first_held'].notna().sum()):,}. The list has each child’s dates."
    )


def lengths(table: pd.DataFrame, open_on: date, dark: bool = False) -> go.Figure:
    """Bars per band of weeks: those that concluded, and those open on the last day. Frame as `proceedings.length_table` gives it."""
    figure = base(dark, 250)
    for column, words, title, pattern in (
        ("concluded", look.STATUS["on_time"], "Concluded in the time chosen", ""), ("open", look.STATUS["due_soon"], f"Still open on {look.day(open_on)}", "/"),
    ):  # fmt: skip
        figure.add_bar(
            name=title, x=table["band"], y=table[column], text=[n or "" for n in table[column]], textposition="outside", cliponaxis=False,
            marker={"color": words.colour(dark), "pattern": {"shape": pattern, "bgcolor": words.colour(dark), "fgcolor": paper(dark), "size": 7, "solidity": 0.2}},
            hovertext=[f"<b>{band}</b><br>{title}: {n:,}" for band, n in zip(table["band"], table[column], strict=True)], hoverinfo="text",
        )  # fmt: skip
    figure.update_layout(barmode="group", showlegend=True, dragmode=False, legend={"orientation": "h", "yanchor": "bottom", "y": 1.06, "x": 0}, margin={"l": 44, "r": 10, "t": 46, "b": 30})
    figure.update_xaxes(type="category", fixedrange=True, showgrid=False)
    figure.update_yaxes(gridcolor=grid(dark), zeroline=False, fixedrange=True, rangemode="tozero", title={"text": "sets of proceedings", "font": {"size": 12}})
    return figure


def lengths_words(table: pd.DataFrame, open_on: date) -> str:
    """The same in a sentence."""
    return "How many weeks: " + "; ".join(f"{row.band}: {row.concluded} concluded, {row.open} still open on {look.day(open_on)}" for row in table.itertuples()) + "."
