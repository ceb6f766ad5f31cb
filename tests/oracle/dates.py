"""Days and months as PRACTICE_RULES.md section 1 defines them."""

from __future__ import annotations

import calendar as _std
from datetime import date, timedelta
from functools import cache

import holidays

DAY = timedelta(days=1)
_ENGLAND = holidays.country_holidays("GB", subdiv="ENG")
FIRST_YEAR, LAST_YEAR = _ENGLAND.start_year, _ENGLAND.end_year


@cache
def is_working_day(d: date) -> bool:
    if not FIRST_YEAR <= d.year <= LAST_YEAR:
        raise ValueError(f"bank holidays of {d.year} are not known")
    return d.weekday() < 5 and d not in _ENGLAND


def add_days(d: date, n: int) -> date:
    return d + timedelta(days=n)


def add_working_days(d: date, n: int) -> date:
    """The n-th working day after d; d itself is day 0, working day or not."""
    step = DAY if n >= 0 else -DAY
    left = abs(n)
    while left:
        d += step
        if is_working_day(d):
            left -= 1
    return d


def add_months(d: date, n: int) -> date:
    month0 = d.year * 12 + d.month - 1 + n
    year, month = divmod(month0, 12)
    month += 1
    return date(year, month, min(d.day, _std.monthrange(year, month)[1]))


def add(d: date, limit: int, unit: str) -> date:
    return {"calendar_days": add_days, "working_days": add_working_days, "months": add_months}[unit](d, limit)
