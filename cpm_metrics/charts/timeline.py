"""A child's swim-lanes, with the time allowed, the gaps and the due dates, and the same in words and as a table."""

from __future__ import annotations

import html
from datetime import date, timedelta

import pandas as pd
import plotly.graph_objects as go

from cpm_metrics.charts.base import base, grid, ink, paper
from cpm_metrics.views import look

LANES = ("In care", "Legal status", "Home", "Social worker", "Proceedings", "Changes", "Reviews", "CPMs")
_DAY = 86_400_000  # milliseconds, plotly's unit for the length of a bar on a date axis
_SYMBOLS = {"held": "circle", "booked": "circle-open", "cancelled": "x", "postponed": "triangle-right-open", "not_recorded": "diamond-open"}
_GAP_WORDS = {"late": "◆ late", "overdue": "▲ overdue", "missed": "✕ missed"}
# A meeting booked for years ahead, by a slip of the keyboard, would squeeze everything else: it is said in words.
_FURTHEST = timedelta(days=400)
# Today is a mark only where it says something: how long after the extract the page is read.
_TODAY_WITHIN = timedelta(days=60)
_LETTERS = 105  # of our size that the width of the chart takes on a laptop; on a phone plotly leaves out the words that don't fit


def timeline_ends(windows: pd.DataFrame, marks: pd.DataFrame, due: pd.DataFrame, as_at: date) -> tuple[date, list[date]]:
    """Where the chart ends, and the days of meetings and due dates beyond that."""
    days = sorted({day.date() for day in (*marks["day"].dropna(), *windows["end"].dropna(), *due["day"].dropna())})
    last = as_at + _FURTHEST
    shown = [day for day in days if day <= last]
    return max(as_at + timedelta(days=75), (shown[-1] if shown else as_at) + timedelta(days=21)), [day for day in days if day > last]


def timeline(
    lanes: pd.DataFrame, windows: pd.DataFrame, marks: pd.DataFrame, as_at: date, *, gaps: pd.DataFrame | None = None, due: pd.DataFrame | None = None,
    start: date | None = None, today: date | None = None, dark: bool = False,
) -> go.Figure:  # fmt: skip
    """The child's swim-lanes. Frames as views/child.py gives them; `start`: the left edge (the first bar by default); `today`: marked
    where it lies after the as-at date, and not long after."""
    gaps = windows.iloc[:0].rename(columns={"kind": "words"}) if gaps is None else gaps
    due = marks.iloc[:0] if due is None else due
    shown = [lane for lane in LANES if any(lane in set(frame["lane"]) for frame in (lanes, marks, windows, gaps))]
    height_of = {lane: len(shown) - at for at, lane in enumerate(shown)}
    figure = base(dark, 46 * len(shown) + 104)
    right, _ = timeline_ends(windows, marks, due, as_at)
    left = min(start or (lanes["start"].min().date() if len(lanes) else as_at - timedelta(days=365)), as_at - timedelta(days=30))
    _bars(figure, lanes, height_of, left, right, as_at, dark)
    _unrecorded(figure, gaps, height_of, left, right, dark)
    _shade(figure, windows, height_of, left, right, dark)
    _due(figure, due, height_of, left, right, dark)
    _marks(figure, marks, height_of, left, right, dark)
    _lines(figure, as_at, today, len(shown) + 0.55, dark)
    # Bars of one lane lie over each other, each on its lane: grouped, they would be set beside it. Words that don't fit their bar go.
    figure.update_layout(margin={"l": 98, "r": 8, "t": 8, "b": 42}, barmode="overlay", uniformtext={"minsize": 11, "mode": "hide"}, dragmode=False)
    figure.update_xaxes(type="date", range=[left, right], gridcolor=grid(dark), zeroline=False, tickformat="%b\n%Y", ticklabelmode="instant", fixedrange=True, tickangle=0, nticks=8)
    figure.update_yaxes(tickvals=[height_of[lane] for lane in shown], ticktext=shown, range=[0.4, len(shown) + 1.4], showgrid=False, zeroline=False, fixedrange=True)
    return figure


def _clipped(frame: pd.DataFrame, left: date, right: date) -> pd.DataFrame:
    """Rows of which something is seen, with `from` and `to` within the edges, a thin bar wide enough to be seen."""
    least = pd.Timedelta(days=max((right - left).days / 300, 1))
    out = frame[(frame["end"] >= pd.Timestamp(left)) & (frame["start"] <= pd.Timestamp(right))]
    start = out["start"].clip(lower=pd.Timestamp(left))
    return out.assign(**{"from": start, "to": pd.concat([out["end"].clip(upper=pd.Timestamp(right)), start + least], axis=1).max(axis=1)})


def _bars(figure: go.Figure, lanes: pd.DataFrame, height_of: dict[str, int], left: date, right: date, as_at: date, dark: bool) -> None:
    """All lanes as one trace: the browser draws each trace by itself, and that takes longer than its bars."""
    per_letter = max((right - left).days, 1) / _LETTERS
    words, hover, parts = [], [], []
    for lane, bars in lanes.groupby("lane", sort=False):
        shades = look.LANES[lane][1 if dark else 0]
        bars = bars.assign(open=bars["end"].isna(), end=bars["end"].fillna(pd.Timestamp(as_at)), shade=[shades[at % 2] for at in range(len(bars))])
        bars = _clipped(bars, left, right)
        parts.append(bars)
        for row in bars.itertuples():
            label = "" if pd.isna(row.label) else str(row.label)
            full = look.legal(label, None if pd.isna(row.note) else row.note) if lane == "Legal status" else label
            note = "" if pd.isna(row.note) or str(row.note) in (label, full) or full.startswith(str(row.note)) else f"<br>{_safe(row.note)}"
            words.append(_safe(_fitting(label, int((bars.at[row.Index, "to"] - bars.at[row.Index, "from"]).days / per_letter) - 1)))
            hover.append(f"<b>{lane}: {_safe(full) or 'not recorded'}</b><br>{look.day(row.start)} to {'now' if row.open else look.day(row.end)}{note}")
    if not words:
        return
    drawn = pd.concat(parts)
    figure.add_bar(
        orientation="h", y=[height_of[lane] for lane in drawn["lane"]], base=list(drawn["from"]), x=_lengths(drawn),
        width=0.62, marker={"color": list(drawn["shade"]), "line": {"width": 1, "color": paper(dark)}},
        text=words, textposition="inside", insidetextanchor="start", textangle=0, textfont={"size": 12, "color": ink(dark)}, constraintext="inside",
        hovertext=hover, hoverinfo="text",
    )  # fmt: skip


def _lengths(drawn: pd.DataFrame) -> list[int]:
    return [(end - start).days * _DAY for start, end in zip(drawn["from"], drawn["to"], strict=True)]


def _fitting(label: str, letters: int) -> str:
    """As much of a label as so many letters hold; nothing where that says nothing."""
    if len(label) <= letters:
        return label
    return label[: letters - 1].rstrip() + "…" if letters > 5 else ""


def _unrecorded(figure: go.Figure, gaps: pd.DataFrame, height_of: dict[str, int], left: date, right: date, dark: bool) -> None:
    """Time in care of which the extracts say nothing: hatched."""
    found = _clipped(gaps, left, right)
    if not len(found):
        return
    colour = look.QUIET[dark]
    figure.add_bar(
        orientation="h", y=[height_of[lane] for lane in found["lane"]], base=list(found["from"]), x=_lengths(found),
        width=0.5, marker={"color": "rgba(0,0,0,0)", "line": {"width": 1, "color": colour}, "pattern": {"shape": "/", "fgcolor": colour, "size": 6, "solidity": 0.25}},
        hovertext=[f"<b>{row.lane}: nothing recorded</b><br>{look.day(row.start)} to {look.day(row.end)}" for row in found.itertuples()], hoverinfo="text",
    )  # fmt: skip


def _shade(figure: go.Figure, windows: pd.DataFrame, height_of: dict[str, int], left: date, right: date, dark: bool) -> None:
    """Time allowed as a pale band, gaps as a strong one below the marks."""
    spans = windows[windows["start"].notna() & windows["end"].notna() & (windows["end"] > windows["start"])]
    rows = _clipped(spans.sort_values("kind", key=lambda kinds: kinds.isin(list(_GAP_WORDS)), kind="stable"), left, right)  # gaps over bands
    if not len(rows):
        return
    gap = [kind in _GAP_WORDS for kind in rows["kind"]]
    figure.add_bar(
        orientation="h", y=[height_of[lane] - (0.31 if is_gap else 0) for lane, is_gap in zip(rows["lane"], gap, strict=True)], base=list(rows["from"]), x=_lengths(rows),
        width=[0.16 if is_gap else 0.46 for is_gap in gap],
        marker={"color": [look.STATUS[kind].colour(dark) if is_gap else look.ALLOWED[dark] for kind, is_gap in zip(rows["kind"], gap, strict=True)], "line": {"width": 1, "color": paper(dark)}},
        hovertext=[f"<b>{_GAP_WORDS.get(row.kind, 'Time allowed')}</b><br>{look.day(row.start)} to {look.day(row.end)}" for row in rows.itertuples()],
        hoverinfo="text",
    )  # fmt: skip


def _due(figure: go.Figure, due: pd.DataFrame, height_of: dict[str, int], left: date, right: date, dark: bool) -> None:
    """The due dates of what is still open: an upright stroke."""
    found = due[due["day"].between(pd.Timestamp(left), pd.Timestamp(right)) & due["lane"].isin(list(height_of))]
    if not len(found):
        return
    figure.add_scatter(
        x=list(found["day"]), y=[height_of[lane] for lane in found["lane"]], mode="markers",
        marker={"symbol": "line-ns", "size": 24, "line": {"width": 3, "color": [look.STATUS[state].colour(dark) for state in found["state"]]}},
        hovertext=[f"<b>Due by {look.day(row.day)}: {_safe(row.label)}</b><br>{look.STATUS[row.state].label}" for row in found.itertuples()], hoverinfo="text",
    )  # fmt: skip


def _marks(figure: go.Figure, marks: pd.DataFrame, height_of: dict[str, int], left: date, right: date, dark: bool) -> None:
    found = marks[marks["day"].between(pd.Timestamp(left), pd.Timestamp(right))]
    if not len(found):
        return
    change = found["lane"].isin(["Changes", "Proceedings"])
    of = list(zip(found["lane"], found["state"], found["label"], found["day"], change, strict=True))
    colours = [look.QUIET[dark] if is_change else look.MEETING_STATE[state].colour(dark) for _, state, _, _, is_change in of]
    figure.add_scatter(
        x=list(found["day"]), y=[height_of[lane] for lane in found["lane"]], mode="markers",
        marker={"symbol": ["star-diamond" if is_change else _SYMBOLS[state] for _, state, _, _, is_change in of], "size": 11, "color": colours, "line": {"width": 2, "color": colours}},
        hovertext=[f"<b>{_safe(label)}</b><br>{look.day(day)}{'' if is_change else ': ' + look.MEETING_STATE[state].word.lower()}" for _, state, label, day, is_change in of],
        hoverinfo="text",
    )  # fmt: skip


def _lines(figure: go.Figure, as_at: date, today: date | None, top: float, dark: bool) -> None:
    """The as-at date and, where it is marked, today; the words of each to the left of its line, one above the other."""
    days = [(as_at, f"As at {look.day(as_at)}{' (today)' if today == as_at else ''}", "dot", 0)]
    if today is not None and timedelta() < today - as_at <= _TODAY_WITHIN:
        days.append((today, f"Today, {look.day(today)}", "dash", 17))
    for day, words, dash, higher in days:
        figure.add_shape(type="line", x0=day, x1=day, y0=0.4, y1=top + higher / 46, line={"color": ink(dark), "width": 1.5, "dash": dash})
        figure.add_annotation(x=day, y=top, text=words, showarrow=False, yanchor="bottom", xanchor="right", xshift=4, yshift=higher, font={"size": 12})


def _safe(text: object) -> str:
    return html.escape(str(text), quote=False)


def timeline_words(windows: pd.DataFrame, marks: pd.DataFrame, as_at: date, gaps: pd.DataFrame | None = None, due: pd.DataFrame | None = None) -> str:
    """What the timeline shows, in a sentence for whoever can't see it."""
    held = marks[marks["state"] == "held"]
    strong = windows[windows["kind"].isin(list(_GAP_WORDS))]
    parts = [
        look.count(int((held["lane"] == "CPMs").sum()), "Care Planning or placement planning meeting") + " held",
        look.count(int((held["lane"] == "Reviews").sum()), "review") + " held",
        ", ".join(f"{n:,} {kind}" for kind, n in strong["kind"].value_counts().items()) or "none late, overdue or missed",
    ]
    if gaps is not None and len(gaps):
        parts.append(look.count(len(gaps), "time", "times") + " in care with nothing recorded")
    if due is not None and len(due):
        parts.append(f"next due date {look.day(due['day'].min())}")
    return f"Timeline to {look.day(as_at)}: {'; '.join(parts)}."


def timeline_table(lanes: pd.DataFrame, windows: pd.DataFrame, marks: pd.DataFrame, gaps: pd.DataFrame, due: pd.DataFrame) -> pd.DataFrame:
    """Everything that the timeline draws, the latest first within each lane: lane, what, start, end (blank: one day, or still so)."""
    named = [look.legal(label, note) if lane == "Legal status" else label for lane, label, note in lanes[["lane", "label", "note"]].itertuples(index=False, name=None)]
    states = {code: words.word.lower() for code, words in look.MEETING_STATE.items()}
    parts = [
        lanes[["lane", "start", "end"]].assign(what=named),
        gaps[["lane", "start", "end"]].assign(what="nothing recorded"),
        windows[["lane", "start", "end"]].assign(what=[_GAP_WORDS.get(kind, "time allowed") for kind in windows["kind"]]),
        marks.assign(what=[label if lane in ("Changes", "Proceedings") else f"{label}, {states[state]}" for lane, label, state in zip(marks["lane"], marks["label"], marks["state"], strict=True)], start=marks["day"], end=pd.NaT)[["lane", "start", "end", "what"]],
        due.assign(what=[f"due: {label} ({look.STATUS[state].word.lower()})" for label, state in zip(due["label"], due["state"], strict=True)], start=due["day"], end=pd.NaT)[["lane", "start", "end", "what"]],
    ]  # fmt: skip
    out = pd.concat([part.astype({"start": "datetime64[us]", "end": "datetime64[us]", "what": object}) for part in parts if len(part)] or [parts[0]], ignore_index=True)
    order = {lane: at for at, lane in enumerate(LANES)}
    return out.sort_values(["lane", "start"], key=lambda column: column.map(order) if column.name == "lane" else -column.astype("int64"), kind="stable", ignore_index=True)[["lane", "what", "start", "end"]]
