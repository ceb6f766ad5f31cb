"""What a manager does, in a real browser: load the workbooks, find an overdue child, open the child, download the list."""

from __future__ import annotations

import csv
import re
import subprocess
import sys
from datetime import date
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import openpyxl
import pytest
from playwright.sync_api import Page, expect

from cpm_metrics.engine import compute
from cpm_metrics.store import Store
from cpm_metrics.views import lists, teams, this_week
from tests.browser.conftest import ROOT

HEADER, ROW = 34, 33  # heights of a table's lines, at our font size


def heading(page: Page, text: str) -> None:
    expect(page.get_by_role("heading", level=1, name=text, exact=True)).to_be_visible(timeout=30_000)


def settled(page: Page) -> None:
    """The click has reached the server, the script has finished, and nothing on the page is stale."""
    page.wait_for_timeout(400)
    page.wait_for_function("() => document.querySelector('[data-testid=stApp]')?.getAttribute('data-test-script-state') === 'notRunning'", timeout=30_000)
    page.wait_for_timeout(300)


def cells(page: Page, table: int = 0) -> list[list[str]]:
    """What the table says to a screen reader: its visible rows."""
    grid = page.get_by_test_id("stDataFrame").nth(table).locator("table[role=grid]")
    expect(grid.locator("td").first).to_be_attached(timeout=10_000)
    return [[cell.inner_text() for cell in row.locator("td").all()] for row in grid.locator("tbody tr").all()]


def click_name(page: Page, row: int, table: int = 0) -> None:
    frame = page.get_by_test_id("stDataFrame").nth(table)
    frame.scroll_into_view_if_needed()
    box = frame.locator("canvas").first.bounding_box()
    page.mouse.click(box["x"] + 33 + 60, box["y"] + HEADER + ROW * row + ROW / 2)


def tile(page: Page, title: str):
    return page.get_by_test_id("stButton").get_by_role("button").filter(has_text=re.compile(rf"^[\d,]+ ?{title}"))


def number(text: str) -> int:
    return int(re.match(r"\s*([\d,]+)", text).group(1).replace(",", ""))


def no_error(page: Page) -> None:
    expect(page.get_by_text("Something went wrong")).to_have_count(0)
    expect(page.get_by_text("Page not found")).to_have_count(0)


def command_line(store: Path, *arguments: str) -> list[dict[str, str]]:
    done = subprocess.run([sys.executable, "-m", "cpm_metrics", *arguments, "--store", str(store)], cwd=ROOT, capture_output=True, text=True, encoding="utf-8", check=True)
    return list(csv.DictReader(done.stdout.splitlines()))


def test_from_workbooks_to_a_child_and_the_list(page: Page, new_app, files, tmp_path):
    """The main job: an empty store, the council's workbooks through the upload, the preview, the load, an overdue child, the lists."""
    page.goto(new_app.url)
    heading(page, "This week")
    expect(page.get_by_text("Nothing is loaded yet")).to_be_visible()
    page.get_by_role("link", name="Go to Load").click()
    heading(page, "Load")

    page.locator("input[type=file]").first.set_input_files([str(file) for file in files])
    load = page.get_by_role("button", name=re.compile("Load as the extract of 20 Nov 2026"))
    expect(load).to_be_visible(timeout=60_000)
    expect(page.get_by_text("rows read", exact=False).first).to_be_attached()
    load.click()
    expect(page.get_by_text(re.compile("extract of 20 Nov 2026 is now current"))).to_be_visible(timeout=60_000)

    page.get_by_test_id("stSidebar").get_by_role("link", name="This week").click()
    heading(page, "This week")
    settled(page)
    results = compute(Store(new_app.store).current())
    counts = this_week.counts(results)
    follow_up = tile(page, "Follow-up overdue")
    assert number(follow_up.inner_text()) == counts["records"].rows > 0
    follow_up.click()
    settled(page)
    assert parse_qs(urlsplit(page.url).query)["show"] == ["records"]
    rows = this_week.rows(results, "records")
    expect(page.get_by_role("heading", name=re.compile(rf"^Follow-up overdue \({len(rows):,}\)"))).to_be_visible()
    settled(page)
    assert rows["name"].iloc[0] in " ".join(cells(page)[0])

    with page.expect_download() as caught:
        page.get_by_role("button", name="CSV").first.click()
    caught.value.save_as(tmp_path / "list.csv")
    with (tmp_path / "list.csv").open(encoding="utf-8-sig") as file:
        listed = list(csv.DictReader(file))
    assert len(listed) == len(rows)
    overdue = {(row["rule"], row["child_id"], row["due_date"], row["days"]) for row in command_line(new_app.store, "obligations") if row["status"] == "overdue"}
    assert {(row["rule"], row["child_id"], row["due_date"], row["days"]) for row in listed} <= overdue
    with page.expect_download() as caught:
        page.get_by_role("button", name="Excel").first.click()
    caught.value.save_as(tmp_path / "list.xlsx")
    book = openpyxl.load_workbook(tmp_path / "list.xlsx")
    assert book.worksheets[0].max_row == len(rows) + 1
    assert book["About"]["B2"].value == "20 Nov 2026"

    click_name(page, 0)
    heading(page, rows["name"].iloc[0])
    settled(page)
    assert parse_qs(urlsplit(page.url).query)["child"] == [rows["child_id"].iloc[0]]
    assert rows["name"].iloc[0].split()[-1] not in page.url
    assert rows["name"].iloc[0].split()[-1] not in page.title()
    expect(page.get_by_text(rows["title"].iloc[0]).first).to_be_attached()
    no_error(page)
    log = new_app.log.read_text()
    assert "Traceback" not in log
    assert not any(name in log for name in rows["name"])


def test_a_row_opens_its_own_child_also_after_sorting(page: Page, app, results):
    """The browser sorts the table by itself; the click must still mean the row that was clicked."""
    page.goto(f"{app.url}/?show=records")
    heading(page, "This week")
    settled(page)
    box = page.get_by_test_id("stDataFrame").first.locator("canvas").first.bounding_box()
    page.mouse.click(box["x"] + 33 + 60, box["y"] + HEADER / 2)  # by name
    page.wait_for_timeout(600)
    first = next(text for text in cells(page)[0] if text.strip())
    assert first == min(this_week.rows(results, "records")["name"])
    click_name(page, 0)
    heading(page, first)


def test_a_bookmark_opens_the_same_page(page: Page, app, results):
    """As-at date and team stand in the address; another visitor who opens it sees the same, and so does whoever walks on and comes back."""
    as_at = date(2026, 10, 1)
    then = compute(Store(app.store).current(), as_at)
    team = then.rows("SELECT team FROM obligation_facts WHERE status = 'overdue' GROUP BY team ORDER BY count(*) DESC LIMIT 1")[0][0]
    page.goto(f"{app.url}/?as-at=2026-10-01&team={team.replace(' ', '+')}&show=records")
    heading(page, "This week")
    settled(page)
    expect(page.get_by_text("As at 1 Oct 2026")).to_be_visible()
    expect(page.get_by_text("Reconstructed")).to_be_visible()
    assert number(tile(page, "Follow-up overdue").inner_text()) == this_week.counts(then, [team])["records"].rows
    page.get_by_test_id("stSidebar").get_by_role("link", name="Teams").click()
    heading(page, "Teams")
    settled(page)
    query = parse_qs(urlsplit(page.url).query)
    assert (query["as-at"], query["team"]) == (["2026-10-01"], [team])
    page.go_back()
    heading(page, "This week")
    settled(page)
    expect(page.get_by_text("As at 1 Oct 2026")).to_be_visible()
    no_error(page)


@pytest.mark.parametrize("path", ["", "teams", "teams?view=matrix", "child", "load", "rule-book"])
def test_each_page_opens_by_its_address_and_nothing_leaves_this_computer(page: Page, app, results, path):
    """Every request of the browser goes to 127.0.0.1, and no page shows an error or says that it doesn't exist."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("websocket", lambda socket: asked.append(socket.url))
    if path == "child":
        path = f"child?child={lists.flags(results)['child_id'].iloc[0]}"
    page.goto(f"{app.url}/{path}")
    expect(page.get_by_role("heading", level=1)).to_be_visible(timeout=30_000)
    settled(page)
    no_error(page)
    hosts = {urlsplit(url).hostname for url in asked if not url.startswith(("data:", "blob:"))}
    assert hosts == {"127.0.0.1"}


def test_the_first_visit_after_a_start_may_be_a_deep_link(page: Page, new_app):
    """Streamlit says "Page not found" there when a folder named pages exists, unless told otherwise (app.py)."""
    page.goto(f"{new_app.url}/rule-book?rule=initial-cpm")
    heading(page, "Rule book")
    settled(page)
    no_error(page)
    expect(page.get_by_role("heading", name="First Care Planning Meeting")).to_be_visible()


def test_a_team_count_opens_its_rows(page: Page, app, results):
    """Teams: a click on a number lists exactly those obligations."""
    page.goto(f"{app.url}/teams?rule=statutory-review")
    heading(page, "Teams")
    settled(page)
    start, end = date(2025, 11, 21), date(2026, 11, 20)
    table = teams.by_team(results, "statutory-review", start, end)
    frame = page.get_by_test_id("stDataFrame").nth(1)
    frame.scroll_into_view_if_needed()
    box = frame.locator("canvas").first.bounding_box()
    page.mouse.click(box["x"] + 170 + 40, box["y"] + HEADER + ROW / 2)  # the rate of the first team
    settled(page)
    team = table["team"].iloc[0]
    expect(page.get_by_role("heading", name=re.compile(rf"Child in Care Review: {re.escape(team)} \({table['counted'].iloc[0]}\)"))).to_be_visible()


def test_the_keyboard_opens_a_child(page: Page, app, results):
    """Without a mouse: arrow keys in the table, Shift+Space ticks the row, its sentence and a button stand below."""
    page.goto(f"{app.url}/?show=records")
    heading(page, "This week")
    settled(page)
    rows = this_week.rows(results, "records")
    box = page.get_by_test_id("stDataFrame").first.locator("canvas").first.bounding_box()
    page.mouse.click(box["x"] + 33 + 200, box["y"] + HEADER + ROW / 2)
    page.wait_for_timeout(300)
    page.keyboard.press("ArrowDown")
    page.wait_for_timeout(200)
    page.keyboard.press("Shift+Space")
    settled(page)
    expect(page.get_by_test_id("stText").filter(has_text=rows["why"].iloc[1])).to_be_visible()
    page.get_by_role("button", name="Open the child").press("Enter")
    heading(page, rows["name"].iloc[1])


def test_a_phone_shows_the_counts_without_scrolling_sideways(page: Page, app):
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(app.url)
    heading(page, "This week")
    settled(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert tile(page, "Newly overdue").bounding_box()["y"] < 300


def test_both_rows_of_counts_show_without_scrolling_on_a_small_laptop(page: Page, app):
    """At 1366 by 768: what changed, what stands now, and the beginning of the list."""
    page.goto(app.url)
    heading(page, "This week")
    settled(page)
    for title in ("Newly overdue", "No longer overdue", "Meetings overdue", "Plans overdue", "Follow-up overdue", "Due, nothing booked", "Due in 4 weeks"):
        box = tile(page, title).bounding_box()
        assert box["y"] + box["height"] < 460, title
    assert page.get_by_test_id("stDataFrame").first.bounding_box()["y"] < 600
