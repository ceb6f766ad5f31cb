"""How old what is shown is: said on every page when the extract is past its limit, and when datasets carried on from before."""

from __future__ import annotations

from datetime import date

import streamlit as st

from cpm_metrics.settings import Settings
from cpm_metrics.store import LoadInfo
from cpm_metrics.views import history, look


def banner(info: LoadInfo, settings: Settings, today: date | None = None) -> None:
    """A warning for an old extract, and one line for datasets older than it. Nothing where both are as they should be."""
    today = today or date.today()
    limit = settings["general.stale_extract"]
    if history.is_older_than(info.extract_date, limit, today):
        st.warning(
            f"The extract is {look.days((today - info.extract_date).days)} old (taken on {look.day(info.extract_date)}; the limit is {limit.text}): "
            "what happened since then is not in it. Load a newer one on the Load page.",
            icon=":material/update:",
        )
    carried = carried_words(info)
    if carried:
        st.caption(f":material/update: {carried}")


def carried_words(info: LoadInfo) -> str:
    """One sentence for the datasets that are older than the extract; "" where none is."""
    older = {name: day for name, day in history.carried_on(info).items() if day != info.extract_date}
    if not older:
        return ""
    titles = [f"{history.DATASETS[name].title} ({look.day(day)})" for name, day in older.items()]
    return f"Older than the extract of {look.day(info.extract_date)}, carried on from an earlier load: {', '.join(titles)}."
