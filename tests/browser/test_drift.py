"""Drift in a real browser: a sign's children, silent drift, the longest wait; each leads to the child."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Page, expect

from cpm_metrics.views import drift, lists, waiting
from tests.browser.test_the_way import HEADER, ROW, cells, click_name, heading, no_error, settled, tile

SIGN, ALL = 215, 55  # widths of the first columns of the matrix


def test_a_number_of_the_matrix_opens_its_children(page: Page, app, results):
    """The number of the first sign that is raised opens its rows, and no name stands in the address of the child that is opened."""
    table = drift.matrix(results).frame
    at = next(n for n, number in enumerate(table["all"]) if number)
    page.goto(f"{app.url}/drift")
    heading(page, "Drift")
    settled(page)
    box = page.get_by_test_id("stDataFrame").first.locator("canvas").first.bounding_box()
    page.mouse.click(box["x"] + SIGN + ALL / 2, box["y"] + HEADER + ROW * at + ROW / 2)
    settled(page)
    rows = lists.flags(results, indicator=table["indicator"].iloc[at])
    expect(page.get_by_role("heading", name=f"{table['title'].iloc[at]} ({len(rows)})")).to_be_visible()
    click_name(page, 0, 1)
    heading(page, rows["name"].iloc[0])
    assert rows["name"].iloc[0].split()[-1] not in page.url
    no_error(page)


def test_silent_drift_and_the_longest_wait(page: Page, app, results):
    """By the tiles: silent drift with its sentence; the curve with its sentence, the number at risk below and the children who wait, the
    longest first. The keyboard reads a wait and opens the child."""
    page.goto(f"{app.url}/drift")
    heading(page, "Drift")
    settled(page)
    tile(page, "Silent drift").click()
    settled(page)
    silent = drift.silent(results)
    expect(page.get_by_role("heading", name=f"Silent drift ({len(silent)})")).to_be_visible()
    expect(page.get_by_text("no list of late meetings shows them")).to_be_visible()
    assert silent["name"].iloc[0] in cells(page)[0]

    tile(page, "Waiting for a plan").click()
    settled(page)
    assert parse_qs(urlsplit(page.url).query)["show"] == ["plan"]
    rows = waiting.rows(results, "plan")
    chosen = waiting.since(rows, waiting.coverage(results).since)
    found = waiting.curve(chosen)
    expect(page.get_by_text(waiting.median_words(found, "plan", results.as_at, 10)).first).to_be_visible()
    chart = page.get_by_test_id("stPlotlyChart")
    expect(chart.locator(".annotation-text", has_text=re.compile(rf"^{found.n:,}$"))).to_be_visible()
    still = rows[rows["fate"] == "waiting"]
    frame = page.get_by_test_id("stDataFrame").first
    frame.scroll_into_view_if_needed()
    assert still["name"].iloc[0] in cells(page)[0]
    box = frame.locator("canvas").first.bounding_box()
    page.mouse.click(box["x"] + 33 + 250, box["y"] + HEADER + ROW / 2)
    page.wait_for_timeout(300)
    page.keyboard.press("Shift+Space")
    settled(page)
    expect(page.get_by_test_id("stText").filter(has_text="no permanence plan agreed by 20 Nov 2026")).to_be_visible()
    page.get_by_role("button", name="Open the child").press("Enter")
    heading(page, still["name"].iloc[0])
    no_error(page)


def test_a_phone_shows_it_without_scrolling_sideways(page: Page, app):
    page.set_viewport_size({"width": 390, "height": 844})
    for address in ("drift", "drift?show=plan"):
        page.goto(f"{app.url}/{address}")
        heading(page, "Drift")
        settled(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
