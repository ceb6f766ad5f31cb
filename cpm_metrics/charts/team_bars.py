"""The four counted statuses of each team, as bars in name order."""

from __future__ import annotations

import html

import pandas as pd
import plotly.graph_objects as go

from cpm_metrics.charts.base import base, grid, paper
from cpm_metrics.views import look


def team_bars(frame: pd.DataFrame, dark: bool = False) -> go.Figure:
    """One bar per team, in name order, of the four counted statuses. Frame as views/teams.by_team gives it."""
    figure = base(dark, 30 * len(frame) + 80)
    figure.update_layout(margin={"l": 14 + 7 * max((len(str(team)) for team in frame["team"]), default=0), "r": 10, "t": 40, "b": 48})
    background = paper(dark)
    patterns = {"on_time": "", "late": "/", "missed": "x", "overdue": "."}
    for status in look.COUNTED:
        words = look.STATUS[status]
        figure.add_bar(
            orientation="h", name=words.label, y=[html.escape(str(team), quote=False) for team in frame["team"]], x=frame[status],
            marker={"color": words.colour(dark), "line": {"width": 1, "color": background}, "pattern": {"shape": patterns[status], "bgcolor": words.colour(dark), "fgcolor": background, "size": 7, "solidity": 0.2}},
            hovertext=[f"<b>{html.escape(str(team), quote=False)}</b><br>{words.label}: {n:,}" for team, n in zip(frame["team"], frame[status], strict=True)],
            hoverinfo="text",
        )  # fmt: skip
    figure.update_layout(barmode="stack", showlegend=True, legend={"orientation": "h", "yanchor": "bottom", "y": 1.0, "x": 0, "traceorder": "normal"}, dragmode=False)
    figure.update_xaxes(gridcolor=grid(dark), zeroline=False, fixedrange=True, title={"text": "obligations that fell due", "font": {"size": 12}})
    figure.update_yaxes(autorange="reversed", fixedrange=True, ticksuffix="  ")
    return figure
