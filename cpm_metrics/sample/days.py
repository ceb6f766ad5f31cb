"""Days, working days and calendar months, as far as inventing a council needs them."""

from __future__ import annotations

import calendar
from bisect import bisect_left, bisect_right
from datetime import date, timedelta

from cpm_metrics.workdays import bank_holidays


def days(number: int) -> timedelta:
    return timedelta(days=number)


def add_months(day: date, number: int) -> date:
    """31 January + 1 month is 28 (29) February."""
    year, month = divmod(day.year * 12 + day.month - 1 + number, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


class WorkingDays:
    """England's working days between two years, both included."""

    def __init__(self, first_year: int, last_year: int) -> None:
        closed = bank_holidays()
        first, last = date(first_year, 1, 1).toordinal(), date(last_year, 12, 31).toordinal()
        every_day = ((number, date.fromordinal(number)) for number in range(first, last + 1))
        self._open = [number for number, day in every_day if day.weekday() < 5 and day not in closed]

    def on_or_after(self, day: date) -> date:
        return date.fromordinal(self._open[bisect_left(self._open, day.toordinal())])

    def on_or_before(self, day: date) -> date:
        return date.fromordinal(self._open[bisect_right(self._open, day.toordinal()) - 1])

    def plus(self, day: date, number: int) -> date:
        """The `number`th working day after `day`; `day` itself is day 0."""
        if number == 0:
            return day
        return date.fromordinal(self._open[bisect_right(self._open, day.toordinal()) + number - 1])

    def between(self, first: date, last: date) -> list[date]:
        a, b = bisect_left(self._open, first.toordinal()), bisect_right(self._open, last.toordinal())
        return [date.fromordinal(number) for number in self._open[a:b]]
