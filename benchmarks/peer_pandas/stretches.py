"""The stretches between reviews, and whether a CPM is owed in them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from benchmarks.peer_pandas.dates import after
from benchmarks.peer_pandas.lookup import NONE
from benchmarks.peer_pandas.meetings import BOOKED
from benchmarks.peer_pandas.reviews import Knowledge
from cpm_metrics.settings import Settings


def stretches_of_care(
    periods: pd.DataFrame, timeline: pd.DataFrame, held: pd.DataFrame, knowledge: Knowledge, proceedings: pd.DataFrame,
    tables: Mapping[str, pd.DataFrame], as_at: pd.Timestamp, settings: Settings,
) -> pd.DataFrame:  # fmt: skip
    """One row: a stretch; the first begins with care, each other one with a review held, the last has no review yet.

    `care`, `n`, `anchor`, `due` (of the review that ends it), `held` and its `meeting`, `booked`, `ends_on`, `unsure_when` (when that
    review was due can't be told), `in_scope`. In order of period and `n`.
    """
    starts = pd.concat(
        [
            pd.DataFrame({"care": periods["care"], "anchor": periods["care_started"], "n": 1, "meeting": NONE}),
            held.assign(n=held["n"] + 1).rename(columns={"date": "anchor"})[["care", "anchor", "n", "meeting"]],
        ]
    ).sort_values(["care", "n"], ignore_index=True)
    care = starts["care"].to_numpy()
    is_last = starts["care"].ne(starts["care"].shift(-1))
    out = starts.assign(
        child=periods["child"].to_numpy()[care],
        held=starts["anchor"].shift(-1).mask(is_last),
        meeting=np.where(is_last, NONE, starts["meeting"].shift(-1, fill_value=NONE)).astype("int32"),
    )

    first, second = out["n"].eq(1), out["n"].eq(2)
    late, unsure, until = (getattr(knowledge, name).to_numpy()[care] for name in ("late", "unsure", "until"))
    due = after(out["anchor"], settings["statutory-review.later"])
    due = due.mask(second & ~late, after(out["anchor"], settings["statutory-review.second"]))
    due = due.mask(first, pd.Series(knowledge.first_due.to_numpy()[care]))
    due = due.mask(second & unsure)
    booked = timeline[timeline["state"].eq(BOOKED)].drop_duplicates("care").set_index("care")["date"].reindex(periods["care"])
    out["booked"] = pd.Series(booked.to_numpy()[care]).where(is_last)
    beyond = out["held"].isna() & out["booked"].isna() & (until < as_at) & (due > until)
    out["due"] = due.mask(beyond)
    out["unsure_when"] = (second & unsure) | beyond
    out["ends_on"] = out["held"].fillna(out["booked"]).fillna(out["due"])
    out["in_scope"] = _in_scope(out, periods, proceedings, tables["legal_statuses"], as_at)
    return out


def _in_scope(stretches, periods, proceedings, legal_statuses, as_at) -> pd.Series:
    care = stretches["care"].to_numpy()
    achieved = pd.Series(periods["permanence_achieved"].to_numpy()[care])
    planning = periods["planning_permanence"].fillna(True).to_numpy(bool)[care]  # blank: yes, while nothing is achieved
    ceased = pd.Series(periods["care_ceased"].to_numpy()[care])
    reach = stretches[["child", "anchor"]].assign(until=stretches["held"].fillna(ceased).fillna(as_at))
    court = _overlapped(reach, proceedings.rename(columns={"issued": "begins", "concluded": "ends"}))
    interim = _overlapped(reach, _interim_orders(periods, proceedings, legal_statuses, as_at))
    return (stretches["anchor"] < achieved) | (achieved.isna() & planning) | court | interim


def _overlapped(stretches: pd.DataFrame, spells: pd.DataFrame) -> np.ndarray:
    """Which stretches a spell (`begins` to `ends`, both included) of the same child overlaps."""
    pairs = stretches.reset_index().merge(spells[["child", "begins", "ends"]], on="child")
    pairs = pairs[(pairs["begins"] <= pairs["until"]) & ~(pairs["ends"] < pairs["anchor"])]
    return stretches.index.isin(pairs["index"])


def _interim_orders(periods, proceedings, legal_statuses, as_at) -> pd.DataFrame:
    """C1 of children with no proceedings row. A blank end is the start of the child's next status."""
    columns = ["child", "legal_code", "begins", "ends"]
    told = legal_statuses.rename(columns={"legal_status_start": "begins", "legal_status_end": "ends"})
    of_cases = periods[periods["legal_status"].notna()].rename(columns={"status_began": "begins", "care_ceased": "ends"})
    # The case's own status, unless the legal statuses have it: the same code or words, and the same start. Where the case has no start,
    # any within that period of care.
    own = of_cases[~_stands_in(of_cases, told, "legal_code") & ~_stands_in(of_cases, told, "legal_status")]
    known = pd.concat([told.loc[told["begins"] <= as_at, columns], own[columns]])
    known["ends"] = known["ends"].where(known["ends"] <= as_at)
    interim = known.loc[known["legal_code"].eq("C1"), "child"]
    known = known[known["child"].isin(interim) & ~known["child"].isin(proceedings["child"])]
    starts = known[["child", "begins"]].drop_duplicates().sort_values("begins")
    starts["next"] = starts.groupby("child")["begins"].shift(-1)
    known = known[known["legal_code"].eq("C1")].merge(starts, on=["child", "begins"])
    return known.assign(ends=known["ends"].fillna(known["next"]))


def _stands_in(rows: pd.DataFrame, told: pd.DataFrame, column: str) -> pd.Series:
    slim = rows[["child", column, "care_started", "ceases", "legal_status_start"]].reset_index()
    pairs = slim.merge(told[["child", column, "begins"]].dropna(), on=["child", column])
    within = (pairs["begins"] >= pairs["care_started"]) & ~(pairs["begins"] > pairs["ceases"])
    found = pairs[pairs["begins"].eq(pairs["legal_status_start"]) | (pairs["legal_status_start"].isna() & within)]
    return pd.Series(rows.index.isin(found["index"]), rows.index)
