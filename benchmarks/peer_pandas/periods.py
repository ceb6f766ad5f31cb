"""Periods of care that had begun by the as-at date, without children whose every legal status is a short break."""

from __future__ import annotations

import numpy as np
import pandas as pd

from benchmarks.peer_pandas.dates import before, days, latest
from cpm_metrics.settings import Settings

SHORT_BREAKS = ("V3", "V4")


def periods_of_care(cases: pd.DataFrame, legal_statuses: pd.DataFrame, as_at: pd.Timestamp, settings: Settings) -> pd.DataFrame:
    """One row per period of care, numbered by its index and its column `care`. Dates after the as-at date are blank, but in `ceases`.

    `opens` is the first day whose meetings belong to it, `opens_reviews` the first day whose reviews do. `flagged`: the child is in
    care, in this period, so indicators look at it. `case`: the row of `cases`.
    """

    def upto(column: pd.Series) -> pd.Series:
        return column.where(column <= as_at)

    cases = cases[cases["care_started"] <= as_at]
    status_began = cases["legal_status_start"].fillna(cases["care_started"])
    cases = cases.assign(
        case=cases.index.astype("int32"),
        legal_status=cases["legal_status"].where(status_began <= as_at),
        status_began=status_began,
        ceases=cases["care_ceased"],
        never_agreed=cases["permanence_agreed"].isna(),
        complex_case=cases["complex_case"].fillna(False).astype(bool),
        start_unknown=cases["start_unknown"].fillna(False).astype(bool),
        yearly=cases["yearly"].fillna(False).astype(bool),
        **{
            name: upto(cases[name])
            for name in ("care_ceased", "permanence_agreed", "permanence_achieved", "care_plan_completed", "placement_plan_completed")
        },
    ).sort_values(["child", "care_started"])
    previous = cases.groupby("child")["care_ceased"].shift() + days(1)
    cases["opens"] = latest(before(cases["care_started"], settings["general.before_care"]), previous)
    cases["opens_reviews"] = latest(cases["care_started"], previous)
    cases["flagged"] = cases["care_ceased"].isna() & ~cases.duplicated("child", keep="last")

    seen = pd.concat(
        [
            legal_statuses.loc[legal_statuses["legal_status_start"] <= as_at, ["child", "legal_code"]],
            cases.loc[cases["legal_status"].notna(), ["child", "legal_code"]],
        ]
    )
    short = seen["legal_code"].isin(SHORT_BREAKS)
    left_out = np.setdiff1d(seen.loc[short, "child"], seen.loc[~short, "child"])
    periods = cases[~cases["child"].isin(left_out)].reset_index(drop=True)
    return periods.assign(care=np.arange(len(periods), dtype="int32"))
