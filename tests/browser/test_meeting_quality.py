"""Meeting quality in a real browser: a number opens its rows, the meetings say what each lacks, and the list is downloaded."""

from __future__ import annotations

import csv
import re
from datetime import date

from playwright.sync_api import Page, expect

from cpm_metrics.views import meeting_quality as quality
from tests.browser.test_the_way import HEADER, ROW, cells, heading, no_error, settled

START, END = date(2025, 11, 21), date(2026, 11, 20)
CHECK, LEVEL, RATE, PART = 275, 100, 85, 100  # widths of the columns


def test_a_number_opens_its_rows(page: Page, app, results):
    """What lacks in minutes on file, listed with as many rows as the number says."""
    table = quality.counts(results, START, END)
    page.goto(f"{app.url}/meeting-quality")
    heading(page, "Meeting quality")
    settled(page)
    box = page.get_by_test_id("stDataFrame").first.locator("canvas").first.bounding_box()
    page.mouse.click(box["x"] + CHECK + LEVEL + RATE + 2.5 * PART, box["y"] + HEADER + ROW / 2)
    settled(page)
    expect(page.get_by_role("heading", name=re.compile(rf"{re.escape(table['title'].iloc[0])}: ✕ Lacking \({table['lacking'].iloc[0]:,}\)"))).to_be_visible()
    no_error(page)


def test_the_meetings_that_lack_something_are_downloaded(page: Page, app, results, tmp_path):
    """Meeting by meeting, filtered by what is lacking; the file has the same rows."""
    found = quality.meetings(results, START, END)
    code, (words, number) = max(quality.items(found).items(), key=lambda item: item[1][1])
    page.goto(f"{app.url}/meeting-quality")
    heading(page, "Meeting quality")
    settled(page)
    page.get_by_role("radio", name="Meeting by meeting").or_(page.get_by_role("button", name="Meeting by meeting")).first.click()
    settled(page)
    page.goto(f"{page.url}&lack={code}")
    heading(page, "Meeting quality")
    settled(page)
    expect(page.get_by_role("heading", name=re.compile(rf"Meetings \({number:,}\)"))).to_be_visible()
    assert any(words in cell for cell in cells(page)[0])
    with page.expect_download() as caught:
        page.get_by_role("button", name="CSV").first.click()
    caught.value.save_as(tmp_path / "list.csv")
    with (tmp_path / "list.csv").open(encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == number
    assert all(words in row["What it lacks"] for row in rows)
    no_error(page)
