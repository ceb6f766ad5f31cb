"""The peer of the engine: the same 28 rules and 15 indicators in vectorised pandas, to be timed beside it.

Written as somebody who likes pandas would: text keys become whole numbers once, every table is cut down to the columns it needs
and kept in order of date, "the first meeting from this day on" is a `merge_asof`, and no step walks over rows in Python. It reads
the same practice rules (PRACTICE_RULES.md, docs/readings.md) and the same settings as the engine.

What it leaves out, to its own advantage: the sentence `why`; datasets and columns that were never loaded; rules and indicators
that are switched off. What blank values in rows leave unknown is "cannot tell", as in the engine.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import pandas as pd

from benchmarks.peer_pandas.facts import known_facts
from benchmarks.peer_pandas.flags import raise_flags
from benchmarks.peer_pandas.rules import start_clocks
from benchmarks.peer_pandas.status import settle, told
from cpm_metrics.settings import Settings

__all__ = ["compute"]


def compute(
    tables: Mapping[str, pd.DataFrame], as_at: date, settings: Settings | None = None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Every obligation and every flag.

    Args:
        tables: the ten datasets of `cpm_metrics.extracts.datasets`, with the columns of a snapshot and the types of
            `benchmarks.peer_pandas.tables.read`. Each child and start of care stands once in `cases`.
        as_at: the date for which everything is computed.
        settings: the authority's figures; the defaults where none are given.

    Returns:
        obligations: rule, child_id, care_started, anchor_date, due_date, done_date, meeting_id, closes_on, lapses_on, status, days,
            team, worker; grouped by rule, in no order within it. Dates are datetime64[us] or NaT, days Int32.
        indicators: indicator, child_id, care_started, since, figure, unit, grade.
    """
    settings = settings or Settings()
    facts = known_facts(tables, as_at, settings)
    settled = {rule: settle(facts, clock, settings) for rule, clock in start_clocks(facts, settings)}
    return told(facts, settled), raise_flags(facts, settled, settings)
