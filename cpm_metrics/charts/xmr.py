"""One rule month by month, with its mean, its limits and its signals."""

from __future__ import annotations

import html

import pandas as pd
import plotly.graph_objects as go

from cpm_metrics.charts.base import base, grid, ink, paper
from cpm_metrics.views.look import STATUS
from cpm_metrics.views.xmr import DIRECTIONS, SIGNALS, Xmr

_SYMBOLS = {"better": "triangle-up", "": "circle", "worse": "triangle-down"}


def xmr(x: Xmr, dark: bool = False) -> go.Figure:
    """A dot per month (quarter), coloured and shaped by its signal; mean and limits by stretch; those with too few counted as hollow
    dots along the bottom, which stand for no percentage."""
    points, size = x.points, len(x.points)
    figure = base(dark, 420)
    lowest = min([*points["percent"].dropna(), *(s.low for s in x.stretches if s.low is not None and s.low > 0), 100])
    bottom = max(0, 10 * ((lowest - 6) // 10))
    line = STATUS["on_time"].colour(dark)
    for number, s in enumerate(x.stretches):
        if s.mean is None:
            continue
        ends = [s.first - 0.45, s.last + 0.45]
        for name, value, dash, width, colour in (("Mean", s.mean, "solid", 2, line), ("Limits", s.low, "dash", 1.5, ink(dark)), ("Limits", s.high, "dash", 1.5, ink(dark))):
            if value is None or (name == "Limits" and not 0 < value < 100):
                continue
            figure.add_scatter(
                x=ends, y=[value] * 2, mode="lines", name="Limits of the ordinary swing" if name == "Limits" else name, legendgroup=name,
                showlegend=number == len(x.stretches) - 1 and (name == "Mean" or value == (s.low if s.low is not None and s.low > 0 else s.high)), line={"color": colour, "width": width, "dash": dash}, hoverinfo="skip",
            )  # fmt: skip
            if number == len(x.stretches) - 1:
                figure.add_annotation(x=ends[1], y=value, text=f"{value:.0f}%", showarrow=False, xanchor="left", xshift=3, font={"size": 12, "color": colour})
    drawn = points[points["percent"].notna()]
    for _, rows in drawn.groupby("stretch"):
        figure.add_scatter(x=rows.index, y=rows["percent"], mode="lines", line={"color": DIRECTIONS[""].colour(dark), "width": 1.2}, hoverinfo="skip", showlegend=False)
    for way, words in DIRECTIONS.items():
        rows = points[points["direction"] == way]
        if not len(rows):
            continue
        colour = words.colour(dark)
        few = way == "few"
        figure.add_scatter(
            x=rows.index, y=[bottom + 1.5] * len(rows) if few else rows["percent"], mode="markers", name=words.word,
            marker={"symbol": "circle-open" if few else _SYMBOLS[way], "size": 13 if way in ("better", "worse") else 9, "color": colour, "line": {"width": 1.6 if few else 1, "color": colour if few else paper(dark)}},
            hovertext=[_said(row) for row in rows.itertuples()], hoverinfo="text",
        )  # fmt: skip
    for s in x.stretches[1:]:
        figure.add_shape(type="line", x0=s.first - 0.5, x1=s.first - 0.5, y0=bottom, y1=103, line={"color": ink(dark), "width": 1.2, "dash": "dot"})
        figure.add_annotation(x=s.first - 0.5, y=103, text="rebased", showarrow=False, yanchor="bottom", xanchor="center", font={"size": 12}, hovertext=html.escape(s.reason, quote=False))
    # As many labels as have room on a phone.
    every = max(1, -(-size // 5))
    ticks = list(range(size - 1, -1, -every))[::-1]
    figure.update_layout(
        margin={"l": 66, "r": 44, "t": 26, "b": 96}, showlegend=True, dragmode=False,
        legend={"orientation": "h", "yanchor": "top", "y": -0.13, "x": 0, "traceorder": "normal", "itemclick": False, "itemdoubleclick": False},
    )  # fmt: skip
    labels = [points["label"].iloc[at].replace(" ", "<br>") for at in ticks]
    figure.update_xaxes(range=[-0.7, size - 0.3], tickvals=ticks, ticktext=labels, tickangle=0, showgrid=False, zeroline=False, fixedrange=True)
    figure.update_yaxes(range=[bottom - 1, 103], gridcolor=grid(dark), zeroline=False, fixedrange=True, ticksuffix="%", title={"text": "done on time", "font": {"size": 12}, "standoff": 10})
    return figure


def _said(row) -> str:
    counts = f"{row.on_time} of {row.counted} on time" + (f", {row.cannot_tell} can’t be told" if row.cannot_tell else "")
    if pd.isna(row.percent):
        return f"<b>{row.label}</b><br>{counts}<br>too few counted for a percentage"
    return f"<b>{row.label}: {row.percent:.0f}%</b><br>{counts}<br>" + ("<br>".join(SIGNALS[name] for name in row.signals) or "ordinary swing")
