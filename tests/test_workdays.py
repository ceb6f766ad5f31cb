"""Working days against dates looked up by hand."""

from __future__ import annotations

from datetime import date

import pytest

from cpm_metrics import workdays
from cpm_metrics.errors import OutOfCalendar


@pytest.mark.parametrize(
    ("day", "count", "expected"),
    [
        ("2026-01-05", 10, "2026-01-19"),  # two weeks, Monday to Monday
        ("2026-04-01", 10, "2026-04-17"),  # Good Friday and Easter Monday between
        ("2026-12-24", 5, "2027-01-05"),  # Christmas, Boxing Day's Monday, New Year
        ("2022-09-16", 1, "2022-09-20"),  # the Queen's funeral on the Monday
        ("2023-05-05", 1, "2023-05-09"),  # the coronation's bank holiday
        ("2020-05-07", 1, "2020-05-11"),  # VE day: the early May holiday was moved to the Friday
        ("2026-01-10", 1, "2026-01-12"),  # from a Saturday
        ("2026-01-10", 0, "2026-01-10"),  # nought is the day itself
    ],
)
def test_plus(day, count, expected):
    """Day 0 is the day itself, worked or not."""
    assert workdays.plus(date.fromisoformat(day), count) == date.fromisoformat(expected)


def test_the_calendar_says_the_same_as_counting():
    """The table that the SQL joins, day by day through two years."""
    table = workdays.calendar({5, 20}).to_pydict()
    for index, day in enumerate(table["day"]):
        if day.year in (2026, 2027):
            assert table["plus_5"][index] == workdays.plus(day, 5)
            assert table["plus_20"][index] == workdays.plus(day, 20)


def test_beyond_the_known_years_is_an_error():
    """Never a guess."""
    with pytest.raises(OutOfCalendar, match="Check the year"):
        workdays.plus(date(2101, 1, 3), 1)
    with pytest.raises(OutOfCalendar):
        workdays.plus(date(2100, 12, 30), 20)


def test_last_working_day_before():
    """Over a weekend and Easter."""
    assert workdays.last_working_day_before(date(2026, 4, 7)) == date(2026, 4, 2)
