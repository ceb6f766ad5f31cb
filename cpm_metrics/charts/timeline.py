"""A child's swim-lanes, with the time allowed and the gaps, and the same in words."""

from __future__ import annotations

import html
from datetime import date, timedelta

import pandas as pd
import plotly.graph_objects as go

from cpm_metrics.charts.base import base, grid, ink, paper
from cpm_metrics.views import look

LANES = ("In care", "Legal status", "Home", "Social worker", "Proceedings", "Changes", "Reviews", "CPMs")
_DAY = 86_400_000  # milliseconds, plotly's unit for the length of a bar on a date axis
# Neighbouring bars of a lane alternate between two shades, so that a change is seen without a legend.
_SHADES = {
    "In care": (("#cfdde6", "#cfdde6"), ("#2b4252", "#2b4252")),
    "Legal status": (("#d9d2ea", "#c3b8de"), ("#463a63", "#57497a")),
    "Home": (("#cfe6e2", "#b3d8d2"), ("#1f4a45", "#285c56")),
    "Social worker": (("#f1e3cc", "#e6d1ab"), ("#4d3c1e", "#604b27")),
    "Proceedings": (("#f3d5c9", "#f3d5c9"), ("#5a2f20", "#5a2f20")),
}
_GAPS = {"late": "late", "overdue": "overdue", "missed": "missed"}
_SYMBOLS = {"held": "circle", "booked": "circle-open", "cancelled": "x", "postponed": "triangle-right-open", "not_recorded": "diamond-open"}
_GAP_SYMBOL = {"late": "◆ late", "overdue": "▲ overdue", "missed": "✕ missed"}


def timeline(
    lanes: pd.DataFrame, windows: pd.DataFrame, marks: pd.DataFrame, as_at: date, *, start: date | None = None, dark: bool = False
) -> go.Figure:
    """The child's swim-lanes. Frames as views/child.py gives them; `start`: the left edge (the first bar by default)."""
    shown = [lane for lane in LANES if lane in set(lanes["lane"]) | set(marks["lane"]) | set(windows["lane"])]
    height_of = {lane: len(shown) - at for at, lane in enumerate(shown)}
    figure = base(dark, 46 * len(shown) + 70)
    # Bars of one lane lie over each other, each on its lane: grouped, they would be set beside it.
    figure.update_layout(margin={"l": 100, "r": 10, "t": 8, "b": 32}, barmode="overlay")
    ahead = max([as_at + timedelta(days=60), *(d.date() + timedelta(days=20) for d in marks["day"].dropna()), *(d.date() + timedelta(days=10) for d in windows["end"].dropna())])
    left = start or (lanes["start"].min().date() if len(lanes) else as_at - timedelta(days=365))
    for lane, bars in lanes.groupby("lane", sort=False):
        shades = _SHADES[lane][1 if dark else 0]
        starts = bars["start"]
        ends = bars["end"].fillna(pd.Timestamp(as_at))
        labels = ["" if pd.isna(label) else html.escape(str(label), quote=False) for label in bars["label"]]
        notes = ["" if pd.isna(note) or note == label else f"<br>{html.escape(str(note), quote=False)}" for note, label in zip(bars["note"], bars["label"], strict=True)]
        figure.add_bar(
            orientation="h", y=[height_of[lane]] * len(bars), base=starts, x=[max((e - s).days, 1) * _DAY for s, e in zip(starts, ends, strict=True)],
            width=0.62, marker={"color": [shades[at % 2] for at in range(len(bars))], "line": {"width": 1, "color": paper(dark)}},
            hovertext=[f"<b>{lane}: {label or 'not recorded'}</b><br>{look.day(s)} to {look.day(e) if pd.notna(e) else 'now'}{note}"
                       for label, note, s, e in zip(labels, notes, starts, bars["end"], strict=True)],
            hoverinfo="text",
        )  # fmt: skip
        _bar_words(figure, [pd.NA if pd.isna(label) else html.escape(str(label), quote=False) for label in bars["label"]], starts, ends, left, ahead, height_of[lane])
    _shade(figure, windows, height_of, dark)
    for (lane, state), points in marks.groupby(["lane", "state"], sort=False):
        words = look.MEETING_STATE[state]
        change = lane == "Changes"
        figure.add_scatter(
            x=points["day"], y=[height_of[lane]] * len(points), mode="markers",
            marker={"symbol": "star-diamond" if change else _SYMBOLS[state], "size": 11, "color": ("#9aa9b5" if dark else "#5b6b77") if change else words.colour(dark), "line": {"width": 2, "color": words.colour(dark)}},
            hovertext=[f"<b>{html.escape(str(label), quote=False)}</b><br>{look.day(d)}{'' if change else ': ' + words.word.lower()}" for label, d in zip(points["label"], points["day"], strict=True)],
            hoverinfo="text",
        )  # fmt: skip
    figure.add_shape(type="line", x0=as_at, x1=as_at, y0=0.4, y1=len(shown) + 0.55, line={"color": ink(dark), "width": 1.5, "dash": "dot"})
    figure.add_annotation(x=as_at, y=len(shown) + 0.55, text=f"As at {look.day(as_at)}", showarrow=False, yanchor="bottom", xanchor="right", font={"size": 12})
    figure.update_xaxes(type="date", range=[left, ahead], gridcolor=grid(dark), zeroline=False, tickformat="%b %Y", ticklabelmode="instant", side="bottom")
    figure.update_yaxes(tickvals=[height_of[lane] for lane in shown], ticktext=shown, range=[0.4, len(shown) + 0.95], showgrid=False, zeroline=False, fixedrange=True)
    return figure


def _bar_words(figure: go.Figure, labels: list, starts: pd.Series, ends: pd.Series, left: date, ahead: date, height: int) -> None:
    """Each bar's words at the left end of what is seen of it, where there is room for them."""
    per_letter = max((ahead - left).days, 1) / 110  # days that a letter takes
    shown = []
    for label, start, end in zip(labels, starts, ends, strict=True):
        first, last = max(start.date(), left), min(end.date(), ahead)
        if not pd.isna(label) and (last - first).days > len(label) * per_letter + 4:
            shown.append((first, label))
    figure.add_scatter(x=[day for day, _ in shown], y=[height] * len(shown), text=[f" {label}" for _, label in shown], mode="text", textposition="middle right", textfont={"size": 12}, hoverinfo="skip")


def _shade(figure: go.Figure, windows: pd.DataFrame, height_of: dict[str, int], dark: bool) -> None:
    """Time allowed as a pale band, gaps as a strong one below the marks."""
    spans = windows[windows["start"].notna() & windows["end"].notna() & (windows["end"] > windows["start"])]
    for kind, rows in spans.groupby("kind", sort=False):
        gap = _GAPS.get(kind)
        colour = look.STATUS[gap].colour(dark) if gap else ("#33424d" if dark else "#dfe7ec")
        figure.add_bar(
            orientation="h", y=[height_of[lane] - (0.3 if gap else 0) for lane in rows["lane"]], base=rows["start"],
            x=[(e - s).days * _DAY for s, e in zip(rows["start"], rows["end"], strict=True)],
            width=0.16 if gap else 0.5, marker={"color": colour, "line": {"width": 1, "color": paper(dark)}},
            hovertext=[f"<b>{_GAP_SYMBOL.get(kind, 'Time allowed')}</b><br>{look.day(s)} to {look.day(e)}" for s, e in zip(rows["start"], rows["end"], strict=True)],
            hoverinfo="text",
        )  # fmt: skip


def timeline_words(windows: pd.DataFrame, marks: pd.DataFrame, as_at: date) -> str:
    """What the timeline shows, in a sentence for whoever can't see it."""
    held = marks[(marks["state"] == "held")]
    gaps = windows[windows["kind"].isin(list(_GAPS))]
    parts = [
        look.count(int((held["lane"] == "CPMs").sum()), "Care Planning or placement planning meeting") + " held",
        look.count(int((held["lane"] == "Reviews").sum()), "review") + " held",
        ", ".join(f"{n} {kind}" for kind, n in gaps["kind"].value_counts().items()) or "no gaps",
    ]
    return f"Timeline to {look.day(as_at)}: {'; '.join(parts)}."
