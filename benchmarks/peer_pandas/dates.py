"""Dates by the column: limits after a day, calendar months, working days. All dates are datetime64[us]; blank is NaT."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd

from cpm_metrics import workdays
from cpm_metrics.settings import Limit

DATE = "datetime64[us]"
DAY = np.timedelta64(1, "D")


def days(count: int) -> pd.Timedelta:
    return pd.Timedelta(count, "D").as_unit("us")


def after(column: pd.Series, limit: Limit) -> pd.Series:
    """The column's days plus the limit; day 0 is the day itself."""
    if limit.unit == "months":
        return column + pd.DateOffset(months=limit.amount)
    if limit.unit == "working days":
        return plus_working_days(column, limit.amount)
    return column + days(limit.amount * (7 if limit.unit == "weeks" else 1))


def before(column: pd.Series | pd.Timestamp, limit: Limit) -> pd.Series | pd.Timestamp:
    """The limit before. Not in working days: no rule counts them backwards."""
    if limit.unit == "months":
        return column - pd.DateOffset(months=limit.amount)
    return column - days(limit.amount * (7 if limit.unit == "weeks" else 1))


def plus_working_days(column: pd.Series, count: int) -> pd.Series:
    """So many working days on; the start need not be one itself."""
    if count == 0:
        return column
    found = np.busday_offset(column.to_numpy().astype("datetime64[D]"), count, roll="backward", busdaycal=_england())
    return pd.Series(found.astype(DATE), column.index)


@cache
def _england() -> np.busdaycalendar:
    return np.busdaycalendar(holidays=np.array(list(workdays.bank_holidays()), "datetime64[D]"))


def plus_months(column: pd.Series, months: np.ndarray) -> pd.Series:
    """A number of calendar months for each day: 31 January + 1 is the last of February."""
    day = column.to_numpy().astype("datetime64[D]")
    first = day.astype("datetime64[M]")
    target = first + months.astype("timedelta64[M]")
    last = (target + 1).astype("datetime64[D]") - DAY
    return pd.Series(np.minimum(target.astype("datetime64[D]") + (day - first), last).astype(DATE), column.index)


def earliest(*columns: pd.Series) -> pd.Series:
    """Row by row, the earliest that isn't blank."""
    return _pick(np.fmin, columns)


def latest(*columns: pd.Series) -> pd.Series:
    """Row by row, the latest that isn't blank."""
    return _pick(np.fmax, columns)


def _pick(of_two: np.ufunc, columns: tuple[pd.Series, ...]) -> pd.Series:
    return pd.Series(of_two.reduce([column.to_numpy() for column in columns]), columns[0].index)
