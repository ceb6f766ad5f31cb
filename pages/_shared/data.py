"""The store and what was computed from it, shared between sessions.

A Results is computed once for a load, an as-at date and the settings, which together are its key: nothing else decides what
is in it. No right depends on who asks yet; when it does, filter after this, per person.
"""

from __future__ import annotations

import os
from datetime import date, timedelta
from pathlib import Path

import streamlit as st

from cpm_metrics.engine import Results, compute
from cpm_metrics.settings import Settings
from cpm_metrics.store import Store
from cpm_metrics.views import changes

WEEK = timedelta(days=7)


def folder() -> Path:
    return Path(os.environ.get("CPM_STORE") or "data/store").absolute()


def store() -> Store:
    return _store(str(folder()))


@st.cache_resource(max_entries=4, show_spinner=False)
def _store(path: str) -> Store:
    return Store(path)


def settings() -> Settings:
    return Settings(store().state.settings())


def results(load_id: str, as_at: date, chosen: Settings | None = None) -> Results:
    """`chosen`: settings that are only tried; those in use by default."""
    chosen = chosen or settings()
    return _results(str(folder()), load_id, as_at, chosen.key, chosen)


@st.cache_resource(max_entries=8, show_spinner="Working out what was due and what was done…")
def _results(path: str, load_id: str, as_at: date, settings_key: str, _settings: Settings) -> Results:
    place = _store(path)
    current = place.current()
    snapshot = current if current and current.info.load_id == load_id else place.snapshot(load_id)
    return compute(snapshot, as_at, _settings)


def earlier(load_id: str, as_at: date) -> tuple[Results, str] | None:
    """What the present state is compared with, and how to call it: the load before, for the newest extract's own date;
    otherwise the same load as at a week earlier."""
    place = store()
    info = place.current().info
    if as_at == info.extract_date and info.previous:
        before = next((i for i in place.history() if i.load_id == info.previous), None)
        if before is not None and before.extract_date < info.extract_date:
            return results(before.load_id, before.extract_date), "load"
    return results(load_id, as_at - WEEK), "week"


def changed(load_id: str, as_at: date) -> tuple[changes.Changes, date, str]:
    """What changed since then, the date it is compared with, and "load" or "week"."""
    before, how = earlier(load_id, as_at)
    chosen = settings()
    found = _changes(str(folder()), before.load_id, before.as_at, load_id, as_at, chosen.key, before, results(load_id, as_at))
    return found, before.as_at, how


@st.cache_resource(max_entries=8, show_spinner=False)
def _changes(path: str, load_before: str, as_at_before: date, load_id: str, as_at: date, settings_key: str, _before: Results, _now: Results):
    return changes.between(_before, _now)
