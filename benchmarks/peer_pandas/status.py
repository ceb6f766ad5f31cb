"""From a rule's clock to obligations: status, days, and who held the child."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from benchmarks.peer_pandas.dates import DATE, after, earliest
from benchmarks.peer_pandas.lookup import NONE, asof
from cpm_metrics.engine import STATUSES
from cpm_metrics.settings import Settings

CANNOT_TELL, ON_TIME, LATE, LAPSED, MISSED, OVERDUE, DUE_SOON, UPCOMING = range(len(STATUSES))
STATUS = pd.CategoricalDtype(STATUSES)
DATES = ("anchor", "due", "done", "closes", "lapses")


def clock(rows: pd.DataFrame, *, anchor: pd.Series, due: pd.Series, done=None, meeting=None, closes=None, lapses=None, unknown=None) -> pd.DataFrame:
    """One row per thing due, with the index of `rows`, whose `care` says whose. Blank where nothing is given; `unknown`: cannot tell."""
    blank = pd.Series(pd.NaT, rows.index, DATE)
    return pd.DataFrame(
        {
            "care": rows["care"],
            "anchor": anchor,
            "due": due,
            "done": blank if done is None else done,
            "meeting": pd.Series(NONE, rows.index, "int32") if meeting is None else meeting,
            "closes": blank if closes is None else closes,
            "lapses": blank if lapses is None else lapses,
            "unknown": False if unknown is None else unknown,
        }
    )


def record(rows: pd.DataFrame, satisfied: pd.Series) -> pd.DataFrame:
    """A record rule: due and closed on the meeting's day. `satisfied` is boolean; NA is "cannot tell"."""
    met = satisfied.fillna(False).astype(bool)
    return clock(
        rows, anchor=rows["date"], due=rows["date"], done=rows["date"].where(met), meeting=rows["meeting"].where(met, NONE),
        closes=rows["date"], unknown=satisfied.isna(),
    )  # fmt: skip


def settle(facts, rows: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """The clock's rows with `status` (int8, a place in STATUSES), `days` and `owner` (a row of the allocations' teams and workers)."""
    as_at = facts.as_at
    closes, lapses = facts.upto(rows["closes"]), facts.upto(rows["lapses"])
    due, done = rows["due"], rows["done"]
    soon = after(pd.Series([as_at]), settings["general.due_soon"])[0]
    status = np.select(
        [
            rows["unknown"] | due.isna(), done <= due, done > due, lapses <= due, closes.notna() | lapses.notna(), due < as_at, due <= soon,
        ],
        [CANNOT_TELL, ON_TIME, LATE, LAPSED, MISSED, OVERDUE, DUE_SOON],
        UPCOMING,
    ).astype("int8")  # fmt: skip
    finished = (status == ON_TIME) | (status == LATE)
    ended = done.where(finished).mask(status == OVERDUE, as_at)
    return rows.drop(columns="unknown").assign(
        closes=closes, lapses=lapses, status=status, days=(ended - due).dt.days.astype("Int32"), owner=_owner(facts, rows)
    )


def _owner(facts, rows: pd.DataFrame) -> np.ndarray:
    """Allocated on the due date, or the as-at date where that is earlier; with no history, as the case says."""
    care = rows["care"].to_numpy()
    owned = pd.DataFrame(
        {
            "child": facts.periods["child"].to_numpy()[care],
            "day": earliest(rows["due"], pd.Series(facts.as_at, rows.index)),
        },
    )
    found = asof(owned, "day", facts.allocations.held_from, by="child", direction="backward")["owner"].to_numpy()
    return np.where(found == NONE, facts.allocations.first_case + facts.periods["case"].to_numpy()[care], found)


def told(facts, settled: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """All obligations in one frame, numbers turned back into what they stand for."""
    rows = pd.concat(settled.values(), ignore_index=True)
    rules = pd.CategoricalDtype(list(settled))
    care, owner = rows["care"].to_numpy(), rows["owner"].to_numpy()
    return pd.DataFrame(
        {
            "rule": pd.Categorical.from_codes(np.repeat(np.arange(len(settled)), [len(frame) for frame in settled.values()]), dtype=rules),
            "child_id": pd.Categorical.from_codes(facts.periods["child"].to_numpy()[care], categories=facts.child_ids),
            "care_started": facts.periods["care_started"].array.take(care),
            "anchor_date": rows["anchor"],
            "due_date": rows["due"],
            "done_date": rows["done"],
            "meeting_id": facts.meeting_ids.take(rows["meeting"].to_numpy(), allow_fill=True),
            "closes_on": rows["closes"],
            "lapses_on": rows["lapses"],
            "status": pd.Categorical.from_codes(rows["status"], dtype=STATUS),
            "days": rows["days"],
            "team": facts.allocations.teams.take(owner),
            "worker": facts.allocations.workers.take(owner),
        },
        copy=False,
    )
