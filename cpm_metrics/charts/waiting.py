"""How long children wait: the share still waiting after each day, with its 95% interval and how many were still in view."""

from __future__ import annotations

from datetime import date

import plotly.graph_objects as go

from cpm_metrics.charts.base import base, grid, ink
from cpm_metrics.views import look, waiting


def waiting_curve(found: waiting.Curve, stage: str, as_at: date, smallest: int, *, dark: bool = False) -> go.Figure:
    """The curve in days, its axis marked in calendar months counted back from the as-at date. Where fewer than `smallest` are
    in view it is dotted: one child moves it far. Below the axis: how many had waited so long and were still in view."""
    figure = base(dark, 400)
    figure.update_layout(margin={"l": 58, "r": 18, "t": 26, "b": 104}, dragmode=False)
    months = waiting.ticks(found, as_at)
    places = [waiting.days_of(n, as_at) for n in months]
    steps = found.steps
    last = max(int(steps["days"].iloc[-1]), places[-1], 1)
    shade = int(dark)
    for name, fill in (("high", None), ("low", "tonexty")):
        figure.add_scatter(
            x=steps["days"], y=steps[name] * 100, mode="lines", line={"shape": "hv", "width": 0}, fill=fill, fillcolor=look.CURVE_BAND[shade] if fill else None, hoverinfo="skip",
        )  # fmt: skip
    many = steps[steps["at_risk"] >= smallest]
    few = steps[steps.index >= max(len(many) - 1, 0)]
    for part, dash in ((many, "solid"), (few if len(few) > 1 or not len(many) else few.iloc[:0], "dot")):
        figure.add_scatter(
            x=part["days"], y=part["share"] * 100, mode="lines", line={"shape": "hv", "width": 2.6, "color": look.CURVE[shade], "dash": dash},
            hovertext=[f"<b>After {waiting.spelled(row.days, as_at)}</b><br>{100 * row.share:.0f}% still waiting (95% interval {100 * row.low:.0f}% to {100 * row.high:.0f}%)"
                       f"<br>{look.count(row.at_risk, 'child', 'children')} had waited so long and {'was' if row.at_risk == 1 else 'were'} still in view" for row in part.itertuples()],
            hoverinfo="text",
        )  # fmt: skip
    if found.median is not None and waiting.enough(found, smallest):
        for ends in ({"x0": 0, "x1": found.median, "y0": 50, "y1": 50}, {"x0": found.median, "x1": found.median, "y0": 0, "y1": 50}):
            figure.add_shape(type="line", **ends, line={"color": ink(dark), "width": 1.2, "dash": "dash"})
        figure.add_annotation(
            x=found.median, y=50, text=f"<b>half within {look.count(waiting.months_of(found.median, as_at), 'month')}</b>", showarrow=False, xanchor="left", yanchor="bottom", xshift=6, yshift=3
        )
    figure.add_annotation(
        x=0, xref="paper", y=0, yref="paper", yshift=-62, text="Children who had waited so long and were still in view:", showarrow=False, xanchor="left", yanchor="middle", font={"size": 12}
    )
    for place, row in zip(places, waiting.numbers(found, months, as_at).itertuples(), strict=True):
        figure.add_annotation(x=place, y=0, yref="paper", yshift=-84, text=f"{row.at_risk:,}", showarrow=False, yanchor="middle", font={"size": 13})
    begins = {"plan": "the child came into care", "achieved": "the plan was agreed"}[stage]
    figure.update_xaxes(
        tickvals=places, ticktext=[str(n) for n in months], range=[-last * 0.02, last * 1.02], gridcolor=grid(dark), zeroline=False, fixedrange=True,
        title={"text": f"months since {begins}", "font": {"size": 12}, "standoff": 6},
    )  # fmt: skip
    figure.update_yaxes(range=[0, 104], tickvals=[0, 25, 50, 75, 100], ticktext=["0%", "25%", "50%", "75%", "100%"], gridcolor=grid(dark), zeroline=False, fixedrange=True, title={"text": "still waiting", "font": {"size": 12}, "standoff": 8})
    return figure


def waiting_words(found: waiting.Curve, stage: str, as_at: date, smallest: int) -> str:
    """What the curve shows, for whoever can't see it."""
    table = waiting.numbers(found, waiting.ticks(found, as_at), as_at)
    parts = [
        f"after {look.count(row.months, 'month')} {row.share:.0f}% still waiting, {look.count(row.at_risk, 'child', 'children')} in view" for row in table.itertuples() if row.share == row.share and row.months
    ]
    return f"{waiting.STAGES[stage].title}. {waiting.median_words(found, stage, as_at, smallest)} " + (f"{'; '.join(parts)}." if parts else "")
