"""Proceedings in a real browser: the list of what must be ready, with what is missing; a name opens the child."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Page, expect

from cpm_metrics.views import proceedings as court
from tests.browser.test_the_way import cells, click_name, heading, no_error, settled, tile


def test_what_must_be_ready_and_the_child_behind_it(page: Page, app, results):
    """From the counts to the open proceedings, the longest first, each with its week; a click on the name opens that child."""
    frame = court.all_proceedings(results)
    page.goto(f"{app.url}/proceedings")
    heading(page, "Proceedings")
    settled(page)
    ready = court.select(frame, "ready")
    tile(page, "Getting ready").click()
    settled(page)
    assert parse_qs(urlsplit(page.url).query)["show"] == ["ready"]
    expect(page.get_by_role("heading", name=re.compile(rf"Getting ready by 18 Dec 2026 \({len(ready)}\)"))).to_be_visible()
    tile(page, "Open proceedings").click()
    settled(page)
    rows = court.select(frame, "open")
    first = cells(page)[0]
    assert rows["name"].iloc[0] in first
    assert str(rows["week"].iloc[0]) in first
    click_name(page, 0)
    heading(page, rows["name"].iloc[0])
    assert rows["name"].iloc[0].split()[-1] not in page.url
    no_error(page)
