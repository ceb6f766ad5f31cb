"""The chosen time: the same two fields on every page that counts one."""

from __future__ import annotations

from datetime import date

import pytest

from tests.pages.conftest import EXTRACT, open_page

PAGES = ["pages/teams/teams.py", "pages/teams/meeting_quality.py", "pages/reports/pack.py"]


def fields(at) -> list[date]:
    return [field.value for field in at.main.date_input]


@pytest.mark.parametrize("page", PAGES)
def test_the_usual_time_is_the_twelve_months_to_the_as_at_date(full, page):
    assert fields(open_page(page)) == [date(2025, 11, 21), EXTRACT]


def test_a_day_chosen_stands_in_the_address_and_the_usual_one_does_not(full):
    at = open_page("pages/teams/teams.py", **{"from": "2026-04-01"})
    assert fields(at) == [date(2026, 4, 1), EXTRACT]
    at.main.date_input[0].set_value(date(2025, 11, 21)).run()
    assert "from" not in at.query_params
    at.main.date_input[1].set_value(date(2026, 10, 31)).run()
    assert at.query_params["to"] in ("2026-10-31", ["2026-10-31"])


@pytest.mark.parametrize("page", PAGES)
def test_a_time_that_ends_before_it_begins_is_said(full, page):
    at = open_page(page, **{"from": "2026-06-01", "to": "2026-05-01"})
    assert not at.error
    assert "“From” lies after “to”" in at.warning[0].value


@pytest.mark.parametrize("page", PAGES)
def test_an_address_that_asks_for_the_future_breaks_no_page(full, page):
    at = open_page(page, **{"from": "2030-01-01", "to": "2031-01-01"})
    assert not at.error and not at.exception


def test_no_meeting_was_held_after_the_as_at_date(full):
    assert fields(open_page("pages/teams/meeting_quality.py", **{"from": "2030-01-01", "to": "2031-01-01"})) == [EXTRACT, EXTRACT]
