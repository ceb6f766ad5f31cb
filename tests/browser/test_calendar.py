"""Calendar in a real browser: a number of the grid opens its rows, and the calendar file holds no name."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from cpm_metrics.views import book_by
from tests.browser.test_the_way import HEADER, ROW, heading, no_error, settled


def test_a_number_of_the_grid_opens_its_rows_and_the_file_has_ids_only(page: Page, app, results, tmp_path):
    """The manager's job: what is overdue, all teams; the list below has exactly those; the .ics goes to the telephone without names."""
    rows = book_by.meetings(book_by.open_obligations(results))
    overdue = book_by.at(rows, None, "overdue")
    page.goto(f"{app.url}/calendar")
    heading(page, "Calendar")
    settled(page)
    frame = page.get_by_test_id("stDataFrame").first
    box = frame.locator("canvas").first.bounding_box()
    page.mouse.click(box["x"] + 176 + 35, box["y"] + HEADER + ROW * 1.5)  # “All teams”, overdue
    settled(page)
    expect(page.get_by_role("heading", name=re.compile(rf"All teams, overdue \({len(overdue)}\)"))).to_be_visible()
    with page.expect_download() as caught:
        page.get_by_role("button", name="Calendar (.ics)").click()
    caught.value.save_as(tmp_path / "list.ics")
    text = (tmp_path / "list.ics").read_text("utf-8").replace("\n ", "")
    assert text.count("BEGIN:VEVENT") == len(overdue) > 0
    assert overdue["child_id"].iloc[0] in text
    assert not any(part in text for name in overdue["name"] for part in name.split() if len(part) > 4)
    no_error(page)


def test_the_chair_load_opens_by_its_address(page: Page, app):
    page.goto(f"{app.url}/calendar?view=chair")
    heading(page, "Calendar")
    settled(page)
    expect(page.get_by_text("A service manager chairs every final plan CPM")).to_be_visible()
    no_error(page)
