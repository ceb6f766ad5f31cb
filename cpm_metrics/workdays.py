"""Working days: Monday to Friday, less England's bank holidays from the `holidays` library.

Beyond the years the library knows there is no guess: `OutOfCalendar`.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache

import numpy as np

from cpm_metrics.errors import OutOfCalendar

FIRST_YEAR, LAST_YEAR = 1900, 2100


@cache
def bank_holidays() -> dict[date, str]:
    """England's bank holidays, day -> name, for every year served."""
    import holidays

    england = holidays.country_holidays("GB", subdiv="ENG", years=range(FIRST_YEAR, LAST_YEAR + 1))
    return dict(sorted(england.items()))


@cache
def _working() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(every day served, working days up to and including it, the working days themselves)."""
    days = np.arange(np.datetime64(f"{FIRST_YEAR}-01-01"), np.datetime64(f"{LAST_YEAR + 1}-01-01"), dtype="datetime64[D]")
    free = np.array(list(bank_holidays()), dtype="datetime64[D]")
    working = np.is_busday(days, holidays=free)
    return days, np.cumsum(working), days[working]


def check(day: date) -> date:
    """The day itself, or `OutOfCalendar`."""
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise OutOfCalendar(
            f"Bank holidays are known for {FIRST_YEAR} to {LAST_YEAR}, so working days around {day} can't be counted.",
            "Check the year of this date.",
        )
    return day


def plus(day: date, count: int) -> date:
    """The day `count` working days after `day`, which is day 0 and need not be a working day itself."""
    days, upto, working = _working()
    index = upto[(check(day) - days[0].item()).days] + count - 1
    if count == 0:
        return day
    if index >= len(working):
        raise OutOfCalendar(f"{count} working days after {day} is beyond {LAST_YEAR}.", "Check the year of this date.")
    return working[index].item()


def last_working_day_before(day: date) -> date:
    """The last working day before `day`."""
    one = timedelta(days=1)
    day -= one
    while day.weekday() > 4 or day in bank_holidays():
        day -= one
    return day


def calendar(counts: set[int]):
    """A pyarrow table, one row per day: `day`, and for each count n `plus_<n>`, the day n working days after it."""
    return _calendar(frozenset(counts))


@cache
def _calendar(counts: frozenset[int]):
    import pyarrow as pa

    days, upto, working = _working()
    out = {"day": pa.array(days)}
    for n in sorted(counts):
        index = upto + n - 1
        known = index < len(working)
        after = days if n == 0 else working[np.minimum(index, len(working) - 1)]
        out[f"plus_{n}"] = pa.array(after, mask=~known)
    return pa.table(out)
