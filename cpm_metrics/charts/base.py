"""What every figure shares: size, font, ink and grid, for the light and the dark theme. Nothing of it knows what is drawn."""

from __future__ import annotations

import plotly.graph_objects as go

from cpm_metrics.views import look


def base(dark: bool, height: int) -> go.Figure:
    figure = go.Figure()
    figure.update_layout(
        height=height, margin={"l": 8, "r": 8, "t": 8, "b": 8}, paper_bgcolor="rgba(0,0,0,0)", plot_bgcolor="rgba(0,0,0,0)",
        font={"family": "Source Sans, sans-serif", "size": 13, "color": ink(dark)}, showlegend=False, bargap=0.25,
        hoverlabel={"font": {"family": "Source Sans, sans-serif", "size": 13}, "align": "left"},
        dragmode="pan", hovermode="closest",
    )  # fmt: skip
    return figure


def ink(dark: bool) -> str:
    """The colour of words and lines."""
    return look.INK[dark]


def grid(dark: bool) -> str:
    return look.GRID[dark]


def paper(dark: bool) -> str:
    """What lies behind a figure, for the thin lines that part its bars."""
    return look.PAPER[dark]
