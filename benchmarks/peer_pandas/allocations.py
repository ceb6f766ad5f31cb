"""Which team and worker held a child on a day."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from benchmarks.peer_pandas.dates import days
from benchmarks.peer_pandas.lookup import NONE, asof

FOR_EVER = pd.Timestamp("9999-12-31").as_unit("us")
BEFORE_ALL = pd.Timestamp("0001-01-01").as_unit("us")


@dataclass
class Allocations:
    """`held_from`: from `date` on, until the child's next row, `owner` is a row of `teams` and `workers`.

    The rows of `cases` stand behind those of the allocations there, from `first_case` on: they serve where no history is known.
    """

    known: pd.DataFrame
    held_from: pd.DataFrame
    teams: pd.Categorical
    workers: pd.Categorical
    first_case: int


def known_allocations(allocations: pd.DataFrame, cases: pd.DataFrame, as_at: pd.Timestamp) -> Allocations:
    known = allocations[allocations["allocation_start"] <= as_at].reset_index(drop=True)
    teams, workers = (pd.concat([known[name], cases[name]], ignore_index=True).astype("category").array for name in ("team", "worker"))
    known = pd.DataFrame(
        {
            "child": known["child"],
            "date": known["allocation_start"],
            "end": known["allocation_end"].where(known["allocation_end"] <= as_at),
            "worker": workers.codes[: len(known)],
            "owner": np.arange(len(known), dtype="int32"),
            # Of two begun on one day the one that ends last, then the first by name: it must come last in order.
            "by_team": _reversed(teams.codes[: len(known)]),
            "by_worker": _reversed(workers.codes[: len(known)]),
        }
    )
    known["until"] = known["end"].fillna(FOR_EVER)
    known = known.sort_values(["date", "until", "by_team", "by_worker"], ignore_index=True)
    return Allocations(known, _held_from(known), teams, workers, len(known))


def _reversed(codes: np.ndarray) -> np.ndarray:
    """Z to A, blanks before them."""
    return np.where(codes == NONE, np.iinfo("int32").min, -codes.astype("int32"))


def _held_from(known: pd.DataFrame) -> pd.DataFrame:
    """One row per child and day on which the holder may change; one before them all for the days before the first."""
    known = known.assign(place=np.arange(len(known), dtype="int32"), reach=known.groupby("child")["until"].cummax())
    ended = known.loc[known["end"].notna(), ["child", "end"]]
    turning = pd.concat([known[["child", "date"]], ended.assign(date=ended["end"] + days(1))[["child", "date"]]])
    turning = turning.drop_duplicates().sort_values("date", ignore_index=True)
    begun_last = asof(turning.rename(columns={"date": "day"}), "day", known[["child", "date", "place", "until", "reach"]], by="child", direction="backward")
    turning["place"] = begun_last["place"]
    # The one begun last has ended, and an earlier one has not: look among all that had begun.
    other = turning[(begun_last["until"] < turning["date"]) & (begun_last["reach"] >= turning["date"])]
    if len(other):
        open_then = other[["child", "date"]].rename(columns={"date": "day"}).reset_index().merge(known, on="child")
        open_then = open_then[(open_then["date"] <= open_then["day"]) & (open_then["until"] >= open_then["day"])]
        best = open_then.groupby("index")["place"].max()
        turning.loc[best.index, "place"] = best
    turning["owner"] = known["owner"].to_numpy()[turning["place"]]
    held_from = turning[["child", "date", "owner"]]
    return pd.concat([held_from.drop_duplicates("child").assign(date=BEFORE_ALL), held_from], ignore_index=True)
