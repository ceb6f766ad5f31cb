"""Teams in a real browser: a cell of the matrix opens its rows, the keyboard changes the rule in each view, a phone shows numbers at once."""

from __future__ import annotations

import re
from datetime import date
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Page, expect

from cpm_metrics.views import funnel, teams
from tests.browser.test_the_way import HEADER, ROW, cells, heading, no_error, settled

START, END = date(2025, 11, 21), date(2026, 11, 20)
LINES = 61  # height of a row of the matrix


def test_a_cell_of_the_matrix_opens_its_rows(page: Page, app, results):
    """The first rule, all teams together: as many rows as the cell counts, those that can't be told included."""
    page.goto(f"{app.url}/teams?view=matrix")
    heading(page, "Teams")
    settled(page)
    first = teams.grid(results, START, END)
    row = first.whole.set_index("rule").loc[first.rows["rule"].iloc[0]]
    frame = page.get_by_test_id("stDataFrame").first
    box = frame.locator("canvas").first.bounding_box()
    page.mouse.click(box["x"] + 148 + 40, box["y"] + HEADER + LINES / 2)
    settled(page)
    expect(page.get_by_role("heading", name=re.compile(rf"{re.escape(first.rows['title'].iloc[0])}: all \d+ teams \({int(row['counted'] + row['cannot_tell'])}\)"))).to_be_visible()
    no_error(page)


def test_comparing_teams_by_keyboard(page: Page, app, results):
    """Another rule by the keyboard: the sentence, the chart's words for who can't see it, and the address change with it."""
    page.goto(f"{app.url}/teams?view=compare")
    heading(page, "Teams")
    settled(page)
    choice = page.get_by_role("combobox", name="Rule")
    choice.focus()
    page.keyboard.type("Minutes distributed")
    page.keyboard.press("Enter")
    settled(page)
    assert parse_qs(urlsplit(page.url).query)["rule"] == ["minutes-distributed"]
    said = funnel.words(funnel.funnel(results, "minutes-distributed", START, END), teams.percent)
    expect(page.get_by_text(said[0], exact=False).first).to_be_visible()
    expect(page.get_by_label(re.compile("Minutes distributed, teams compared")).first).to_be_attached()
    no_error(page)


def test_another_rule_by_keyboard_alone(page: Page, app, results):
    """Tab into the rules, arrow down to the third, Shift+Space: its teams stand below. A click on another's name takes the tick away."""
    page.goto(f"{app.url}/teams")
    heading(page, "Teams")
    settled(page)
    table = teams.by_rule(results, START, END)
    grid = page.get_by_test_id("stDataFrame").first.locator("canvas").first
    page.get_by_role("button", name=re.compile("How is this counted")).focus()
    for _ in range(8):  # past the buttons above the table
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.tagName") == "CANVAS":
            break
    for _ in range(2):
        page.keyboard.press("ArrowDown")
        page.wait_for_timeout(200)
    page.keyboard.press("Shift+Space")
    settled(page)
    assert parse_qs(urlsplit(page.url).query)["rule"] == [table["rule"].iloc[2]]
    expect(page.get_by_role("heading", level=2, name=table["title"].iloc[2], exact=True)).to_be_visible()
    box = grid.bounding_box()
    page.mouse.click(box["x"] + 33 + 40, box["y"] + HEADER + ROW * 3 + ROW / 2)
    settled(page)
    assert parse_qs(urlsplit(page.url).query)["rule"] == [table["rule"].iloc[3]]
    expect(page.get_by_role("heading", level=2, name=table["title"].iloc[3], exact=True)).to_be_visible()
    no_error(page)


def test_a_phone_shows_numbers_without_scrolling(page: Page, app, results):
    """390 by 844: the first rules with their rate and how many were counted stand on the first screen."""
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{app.url}/teams")
    heading(page, "Teams")
    settled(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    box = page.get_by_test_id("stDataFrame").first.bounding_box()
    assert box["y"] + HEADER + 5 * ROW < 844
    first = teams.by_rule(results, START, END).iloc[0]
    shown = cells(page)[0]
    assert shown[:3] == [first["title"], teams.percent(first["rate"]) or "too few", str(first["counted"])]
    assert box["width"] + 1 >= 33 + 190 + 85  # the widths of the tick, the rule and its rate
