"""The chosen time that a page counts: `from` and `to` in the address, by default the twelve months to the as-at date."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import streamlit as st

from cpm_metrics.views import look
from pages._shared import state


def chosen(as_at: date, *, latest: date | None = None) -> tuple[date, date]:
    """First and last day, both counted; no later than `latest`."""
    start, end = state.date_param("from") or look.year_to(as_at), state.date_param("to") or as_at
    return min(start, latest or start), min(end, latest or end)


def fields(as_at: date, start: date, end: date, labels: tuple[str, str] = ("From", "To"), places: Sequence[Any] = (st, st), *, latest: date | None = None) -> None:
    """The two date fields, each in its place."""
    for place, label, name, value, usual in zip(places, labels, ("from", "to"), (start, end), (look.year_to(as_at), as_at), strict=True):
        key = f"{name}-{value}"
        place.date_input(label, value, key=key, format="DD/MM/YYYY", max_value=latest, on_change=_change, args=(name, key, usual))


def backwards(start: date, end: date) -> bool:
    """Whether the time ends before it begins; then the page has said so."""
    if start > end:
        st.warning("“From” lies after “to”: choose an earlier first day.", icon=":material/date_range:")
    return start > end


def _change(name: str, key: str, usual: date) -> None:
    day = state.widget(key)
    state.set_params(**{name: None if day in (None, usual) else day.isoformat()})
