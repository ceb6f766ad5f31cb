"""What the rules look up by date: the period of care a day belongs to, the next meeting, one row of several."""

from __future__ import annotations

import numpy as np
import pandas as pd

NONE = -1
"""Stands for "no row" in columns of row numbers and codes."""


def asof(
    rows: pd.DataFrame, on: str, events: pd.DataFrame, *, by: str = "care", direction: str = "forward", exact: bool = True
) -> pd.DataFrame:
    """For each row the nearest event of the same `by`, from its day on ("forward") or up to it ("backward").

    `events` has columns `by` and `date`, in order of date. Returns its other columns and `date`, with the index of `rows`; blank, or
    NONE for whole numbers, where there is none. A row whose day is blank has none.
    """
    left = rows[[by, on]]
    if left[on].hasnans:
        left = left[left[on].notna()]
    if not left[on].is_monotonic_increasing:
        left = left.sort_values(on, kind="stable")
    found = pd.merge_asof(
        left.rename(columns={on: "_day"}), events, left_on="_day", right_on="date", by=by, direction=direction, allow_exact_matches=exact
    )
    found = found.set_index(left.index)[events.columns.drop(by)]
    if not found.index.equals(rows.index):
        found = found.reindex(rows.index)
    codes = [name for name, kind in events.dtypes.items() if kind.kind == "i" and name != by]
    return found.assign(**{name: found[name].fillna(NONE).astype("int32") for name in codes})


def within_care(rows: pd.DataFrame, day: str, periods: pd.DataFrame, opens: str = "care_started") -> pd.DataFrame:
    """The rows (with a column `child`) whose day lies from a period's `opens` to its end, with that period's number as `care`.

    A row can lie in two periods where they overlap, as in SQL's join.
    """
    slim = pd.DataFrame({"child": rows["child"].to_numpy(), "row": np.arange(len(rows)), "day": rows[day].to_numpy()})
    pairs = slim.merge(periods[["child", "care", opens, "care_ceased"]], on="child")
    inside = (pairs["day"] >= pairs[opens]) & ~(pairs["day"] > pairs["care_ceased"])
    pairs = pairs[inside]
    return rows.take(pairs["row"]).reset_index(drop=True).assign(care=pairs["care"].to_numpy())


def id_order(rows: pd.DataFrame, by: list[str], ids: pd.api.extensions.ExtensionArray) -> np.ndarray:
    """Where rows share the same `by`, the order of their meeting IDs as text, blank ones last; 0 where nothing is shared.

    Only those are compared: putting every ID of the table in order would take longer than all else.
    """
    order = np.zeros(len(rows), "int32")
    shared = rows.duplicated(by, keep=False).to_numpy()
    texts = pd.Series(ids.take(rows["meeting"].to_numpy()[shared], allow_fill=True))
    order[shared] = texts.rank(method="dense", na_option="bottom")
    return order


def one_a_day(meetings: pd.DataFrame, ids: pd.api.extensions.ExtensionArray, by: str = "care") -> pd.DataFrame:
    """One row per period of care (or child) and date, in order of date: `care`, `date`, `meeting` (the smallest ID, if any)."""
    rows = meetings[[by, "date", "meeting"]]
    rows = rows.assign(order=id_order(rows, [by, "date"], ids))
    return rows.sort_values(["date", "order"]).drop_duplicates([by, "date"]).drop(columns="order")
