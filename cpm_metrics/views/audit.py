"""The audit as a list that can be searched."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd

COLUMNS = ("number", "at", "who", "what", "subject", "detail")
_EVERYTHING = 1_000_000_000


def lines(state: Any, zone: ZoneInfo) -> pd.DataFrame:
    """One row per line, newest first: number, at (in that zone, without saying so: for people and Excel), who, what, subject, detail
    (in words)."""
    rows = [(line.number, line.at.astimezone(zone).replace(tzinfo=None), line.who, line.what, line.subject, in_words(line.detail)) for line in state.audit(limit=_EVERYTHING)]
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype({"at": "datetime64[ms]"})


def searched(found: pd.DataFrame, what: Sequence[str] = (), who: Sequence[str] = (), about: str = "", start: datetime | None = None, end: datetime | None = None) -> pd.DataFrame:
    """The lines of these kinds, by these people, within this time, with `about` anywhere in their subject or detail (capitals don't matter)."""
    keep = pd.Series(True, index=found.index)
    if what:
        keep &= found["what"].isin(list(what))
    if who:
        keep &= found["who"].isin(list(who))
    if about.strip():
        keep &= (found["subject"] + "\n" + found["detail"]).str.contains(about.strip(), case=False, regex=False)
    if start is not None:
        keep &= found["at"] >= pd.Timestamp(start)
    if end is not None:
        keep &= found["at"] <= pd.Timestamp(end)
    return found[keep].reset_index(drop=True)


def in_words(detail: Any) -> str:
    """A line's details, flat: "extract date: 2026-11-20; counts: cases 400, meetings 5123"."""
    if not isinstance(detail, dict):
        return "" if detail is None else str(detail)
    return "; ".join(f"{_name(name)}: {_flat(value)}" for name, value in detail.items() if value not in (None, "", [], {}))


def _flat(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{_name(name)} {_flat(inner)}" for name, inner in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(_flat(inner) for inner in value)
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def _name(name: str) -> str:
    return str(name).replace("_", " ")
