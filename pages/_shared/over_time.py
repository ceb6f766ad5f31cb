"""What pages show over several loads or dates: computed once per load, date and settings, kept small, drawn with its table."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from cpm_metrics.engine import Results, compute
from cpm_metrics.settings import Settings
from cpm_metrics.store import LoadInfo
from cpm_metrics.views import history, look, quality
from pages._shared import data, show

# -- computed once. What is kept has no child in it, but the rows of the lag and of a comparison, which carry their teams.


@st.cache_data(max_entries=200, show_spinner=False)
def _assessable(where: data.Place, load_id: str, as_at: date, settings_key: str, _settings: Settings) -> pd.DataFrame:
    return quality.assessable(_once(load_id, as_at, _settings))


@st.cache_data(max_entries=200, show_spinner=False)
def _by_month(where: data.Place, load_id: str, as_at: date, settings_key: str, _settings: Settings) -> pd.DataFrame:
    return history.by_month(_once(load_id, as_at, _settings))


def _once(load_id: str, as_at: date, settings: Settings) -> Results:
    """Not kept: the small frame made from it is."""
    place = data.store()
    current = place.current()
    return compute(current if current and current.info.load_id == load_id else place.snapshot(load_id), as_at, settings)


def assessable(infos: Sequence[LoadInfo]) -> list[pd.DataFrame]:
    """`quality.assessable` of each load, with progress over the first look."""
    settings = data.settings()
    return _with_progress("Working through earlier loads…", infos, lambda i: _assessable(data.place(), i.load_id, i.extract_date, settings.key, settings))


def by_month(points: Sequence[tuple[str, date]]) -> list[pd.DataFrame]:
    """`history.by_month` of each (load, as-at date), with progress over the first look."""
    settings = data.settings()
    return _with_progress("Working out earlier month-ends…", points, lambda p: _by_month(data.place(), p[0], p[1], settings.key, settings))


@st.cache_resource(max_entries=8, show_spinner="Looking for what is missing…")
def _untold(where: data.Place, load_id: str, as_at: date, settings_key: str, teams: tuple[str, ...], _results: Results) -> pd.DataFrame:
    return quality.unassessable(_results, teams)


def untold(results: Results, teams: Sequence[str]) -> pd.DataFrame:
    """`quality.unassessable`, kept. Whoever gets it must not change it."""
    return _untold(data.place(), results.load_id, results.as_at, results.settings.key, tuple(teams), results)


def _with_progress(text: str, things: Sequence, work: Callable) -> list:
    bar = st.progress(0.0, text)
    try:
        out = []
        for done, thing in enumerate(things):
            bar.progress(done / max(len(things), 1), f"{text} {done + 1} of {len(things)}")
            out.append(work(thing))
        return out
    finally:
        bar.empty()


@st.cache_resource(max_entries=4, show_spinner="Comparing each load with the one before…")
def _lag(where: data.Place, load_ids: tuple[str, ...], settings_key: str, _now: Results) -> pd.DataFrame | None:
    return quality.recording_lag([data.store().snapshot(load_id) for load_id in load_ids], _now)


def lag(infos: Sequence[LoadInfo]) -> pd.DataFrame | None:
    """`quality.recording_lag` over these loads, the newest of which says who held the case."""
    newest = infos[-1]
    now = data.results(newest.load_id, newest.extract_date)
    return _lag(data.place(), tuple(i.load_id for i in infos), data.settings().key, now)


@st.cache_resource(max_entries=4, show_spinner="Comparing the two loads…")
def _compared(where: data.Place, older: str, newer: str, settings_key: str, _then: Results, _now: Results) -> history.Comparison:
    place = data.store()
    return history.compare(place.snapshot(older), place.snapshot(newer), _then, _now)


def compared(older: LoadInfo, newer: LoadInfo) -> history.Comparison:
    then, now = (data.results(i.load_id, i.extract_date) for i in (older, newer))
    return _compared(data.place(), older.load_id, newer.load_id, data.settings().key, then, now)


# -- drawn with its table


def tall(rows: int, most: int = 420) -> int:
    """The height in pixels of a table of so many rows, without a strip of nothing below the last."""
    return min(round(32.9 * (rows + 1)) + 3, most)


@dataclass(frozen=True)
class Line:
    """One line of a chart: its name, a value (or None) per point, what is said on pointing at each, its look."""

    name: str
    values: Sequence[float | None]
    said: Sequence[str]
    light: str
    dark: str
    dash: str = "solid"
    symbol: str = "circle"


def chart(points: Sequence[str], lines: Sequence[Line], *, key: str, alt: str, axis: str, percent: bool, height: int = 260) -> None:
    """Lines over points in order; told apart by dash and mark as well as colour. Its numbers belong in a table beside it."""
    shade = show.dark()
    ink, grid = look.INK[shade], look.GRID[shade]
    figure = go.Figure()
    for line in lines:
        colour = line.dark if shade else line.light
        figure.add_scatter(
            x=list(range(len(points))), y=list(line.values), name=line.name, mode="lines+markers", connectgaps=False,
            line={"color": colour, "width": 2.5, "dash": line.dash}, marker={"symbol": line.symbol, "size": 9, "color": colour},
            hovertext=[f"<b>{html.escape(point)}</b><br>{html.escape(line.name)}: {html.escape(said)}" for point, said in zip(points, line.said, strict=True)],
            hoverinfo="text",
        )  # fmt: skip
    figure.update_layout(
        height=height, margin={"l": 64, "r": 24, "t": 30 if len(lines) > 1 else 10, "b": 30}, paper_bgcolor="rgba(0,0,0,0)", plot_bgcolor="rgba(0,0,0,0)",
        font={"family": "Source Sans, sans-serif", "size": 13, "color": ink}, dragmode=False, hovermode="closest", showlegend=len(lines) > 1,
        legend={"orientation": "h", "yanchor": "bottom", "y": 1.02, "x": 0},
    )  # fmt: skip
    figure.update_xaxes(tickvals=list(range(len(points))), ticktext=[html.escape(p) for p in points], showgrid=False, zeroline=False, showline=False, fixedrange=True, range=[-0.3, len(points) - 0.7])
    most = max((v for line in lines for v in line.values if v is not None and not pd.isna(v)), default=0)
    figure.update_yaxes(
        range=[0, 104] if percent else [0, max(most * 1.12, 1)], gridcolor=grid, zeroline=False, fixedrange=True, title={"text": axis, "font": {"size": 12}, "standoff": 12},
        ticksuffix="%" if percent else "", **({"tickformat": ",d"} if not percent else {}),
    )  # fmt: skip
    st.plotly_chart(figure, theme=None, key=key, config={"displayModeBar": False}, alt=alt)
