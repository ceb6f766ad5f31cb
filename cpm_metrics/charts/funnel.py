"""Teams around the rate of all of them: a dot each, unranked, within the limits of chance."""

from __future__ import annotations

import html

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from cpm_metrics.charts.base import base, grid, ink, paper
from cpm_metrics.views import look, teams
from cpm_metrics.views.funnel import INNER, OUTER, PLACES, Funnel, limits

_SYMBOLS = {"above_outer": "triangle-up", "above_inner": "triangle-up-open", "within": "circle", "below_inner": "triangle-down-open", "below_outer": "triangle-down"}

ROOM = 4  # so few dots are all named


def funnel(f: Funnel, dark: bool = False) -> go.Figure:
    """Percent on time over how many were counted. Teams with too few are not drawn: they stand in the table."""
    shown = f.compared
    figure = base(dark, 430)
    most = max([*shown["counted"], f.smallest + 5])
    first, last = max(1, f.smallest - 1), most * 1.06 + 2
    numbers = np.linspace(first, last, 160)
    lowest = min([100 * f.rate, *(shown["on_time"] / shown["counted"] * 100)])
    for tail, name, dash, width in ((OUTER, "99.8%: outer limits", "solid", 1.6), (INNER, "95%: inner limits", "dash", 1.3)):
        low, high = limits(f.rate, numbers, tail)
        lowest = min(lowest, 100 * low[0])
        # Where nothing could lie beyond a limit there is none: no line along the edge.
        for side, values, edge in (("low", low, 0.0), ("high", high, 1.0)):
            figure.add_scatter(
                x=numbers, y=[None if value == edge else 100 * value for value in values], mode="lines", name=name, legendgroup=name, showlegend=side == "low",
                line={"color": ink(dark), "width": width, "dash": dash}, hoverinfo="skip",
            )  # fmt: skip
    figure.add_scatter(
        x=[first, last], y=[100 * f.rate] * 2, mode="lines", name=f"All teams together: {teams.percent(100 * f.rate)}", line={"color": look.STATUS["on_time"].colour(dark), "width": 2, "dash": "dot"}, hoverinfo="skip",
    )  # fmt: skip
    bottom = max(0, 10 * np.floor((lowest - 4) / 10))
    where = _sides(shown, last, bottom)
    for place, words in PLACES.items():
        rows = shown[shown["place"] == place]
        if not len(rows):
            continue
        # Named on the chart are those outside the limits, and all where there is room for the names.
        named = place != "within" or len(shown) <= ROOM
        colour = words.colour(dark)
        figure.add_scatter(
            x=rows["counted"], y=100 * rows["on_time"] / rows["counted"], mode="markers", name=words.word, cliponaxis=False,
            marker={"symbol": _SYMBOLS[place], "size": 13 if place != "within" else 11, "color": colour, "line": {"width": 2.2 if "inner" in place else 1, "color": colour if "inner" in place else paper(dark)}},
            hovertext=[f"<b>{html.escape(str(r.team), quote=False)}</b><br>{r.on_time} of {r.counted} on time ({teams.percent(r.rate)})<br>{words.label}" for r in rows.itertuples()],
            hoverinfo="text",
        )  # fmt: skip
        for row in rows.itertuples() if named else ():
            across, up = where[row.team]
            figure.add_annotation(
                x=row.counted, y=100 * row.on_time / row.counted, text=html.escape(str(row.team), quote=False), showarrow=False, font={"size": 13}, bgcolor=look.VEIL[dark], borderpad=1,
                xanchor="left" if across > 0 else "right", xshift=across, yanchor="middle", yshift=up,
            )  # fmt: skip
    figure.update_layout(
        margin={"l": 66, "r": 14, "t": 8, "b": 104}, showlegend=True, dragmode=False,
        legend={"orientation": "h", "yanchor": "top", "y": -0.16, "x": 0, "traceorder": "normal", "itemclick": False, "itemdoubleclick": False},
    )  # fmt: skip
    figure.update_xaxes(range=[max(0, first - 0.03 * last), last], gridcolor=grid(dark), zeroline=False, fixedrange=True, title={"text": "obligations counted", "font": {"size": 12}, "standoff": 6})
    figure.update_yaxes(range=[bottom - 1, 103], gridcolor=grid(dark), zeroline=False, fixedrange=True, ticksuffix="%", title={"text": "done on time", "font": {"size": 12}, "standoff": 10})
    return figure


def _sides(shown: pd.DataFrame, last: float, bottom: float) -> dict[str, tuple[int, int]]:
    """How far beside and above its dot, in pixels, each name lies over fewest other dots and names, in a chart of usual size (900 by 300)."""
    dots = [(900 * n / last, 300 * (100 * a / n - bottom) / (103 - bottom)) for a, n in zip(shown["on_time"], shown["counted"], strict=True)]
    taken = [(x - 7, x + 7, y - 7, y + 7) for x, y in dots]
    chosen: dict[str, tuple[int, int]] = {}
    for team, place, (x, y) in zip(shown["team"], shown["place"], dots, strict=True):
        wide, best = 7 * len(str(team)) + 4, None
        for up in (-16, 0, 16) if "below" in place else (16, 0, -16):
            for across in (11, -11):
                left = x + across if across > 0 else x + across - wide
                box = (left, left + wide, y + up - 9, y + up + 9)
                clashes = sum(box[0] < b[1] and b[0] < box[1] and box[2] < b[3] and b[2] < box[3] for b in taken) + 5 * (left < 0 or left + wide > 905)
                if best is None or clashes < best[0]:
                    best = (clashes, (across, up), box)
        chosen[team] = best[1]
        if place != "within" or len(shown) <= ROOM:
            taken.append(best[2])
    return chosen
