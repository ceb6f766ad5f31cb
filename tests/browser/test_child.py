"""The Child page in a real browser: the sheet on paper, a review moved by keyboard, a hostile name as text, a phone."""

from __future__ import annotations

import csv
import re
from datetime import date, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect
from pypdf import PdfReader

from cpm_metrics.views import child, look, siblings, what_if
from tests.browser.conftest import EXTRACT, start
from tests.browser.test_the_way import cells, heading, no_error, settled
from tests.pages.conftest import fill

NAME = ("<b>Zoë</b>", ":material/home: :house: *x* Łęcka")


@pytest.fixture
def someone(results) -> str:
    """A child in care with something overdue and brothers or sisters in care."""
    return results.rows(
        """SELECT c.child_id FROM children c JOIN in_care USING (child_id, care_started)
           WHERE (SELECT count(*) FROM children s JOIN in_care USING (child_id, care_started) WHERE s.sibling_group = c.sibling_group) > 1
           ORDER BY (SELECT count(*) FROM obligation_facts f WHERE f.child_id = c.child_id AND f.status = 'overdue') DESC, 1 LIMIT 1"""
    )[0][0]


def test_from_the_child_to_the_sheet_and_what_if(page: Page, app, results, someone, tmp_path):
    """The main task: open the child, take the sheet along, then try another day for the review, by keyboard alone."""
    row = child.periods(results, someone).iloc[0]
    page.goto(f"{app.url}/child?child={someone}")
    heading(page, f"{row['forename']} {row['surname']}")
    settled(page)
    no_error(page)
    with page.expect_download() as caught:
        page.get_by_role("button", name="Supervision sheet").click()
    assert caught.value.suggested_filename == f"supervision-{someone}-{EXTRACT.isoformat()}.pdf"
    caught.value.save_as(tmp_path / "sheet.pdf")
    (sheet,) = PdfReader(tmp_path / "sheet.pdf").pages
    text = " ".join(sheet.extract_text().split())
    assert row["surname"] in text
    assert f"Child ID {someone}" in text
    with page.expect_download() as caught:
        page.get_by_role("button", name="Prepare the next meeting").click()
    assert caught.value.suggested_filename == f"cpm-record-{someone}-{EXTRACT.isoformat()}.docx"

    page.get_by_role("tab", name="All obligations").focus()
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Nothing here is saved")).to_be_visible()
    day = EXTRACT + timedelta(days=21)
    field = page.get_by_test_id("stDateInput").filter(has_text=re.compile("Next review on"))
    field.get_by_role("spinbutton").first.focus()
    page.keyboard.type(f"{day:%d%m%Y}")
    for _ in range(3):  # past the buttons that clear it and open the month: a day counts when one leaves the field
        page.keyboard.press("Tab")
    expected = what_if.compare(results, someone, row["care_started"].date(), what_if.Change(review=day))
    expect(page.get_by_text(re.compile(rf"{len(expected.moved)} obligations? of {len(expected.moved) + expected.same} would be different"))).to_be_visible(timeout=20_000)
    expect(page.get_by_text(re.compile(r"If that review is held on"))).to_be_visible()
    assert day.isoformat() not in page.url
    no_error(page)


def test_a_list_without_a_reason_opens_a_child_by_keyboard_too(page: Page, app, results, someone):
    """Brothers and sisters side by side: no sentence to read, but the row can be ticked and its child opened."""
    together = siblings.side_by_side(results, someone)
    page.goto(f"{app.url}/child?child={someone}")
    heading(page, look.name(*child.periods(results, someone).iloc[0][["forename", "surname"]], someone))
    page.get_by_role("tab", name="Brothers and sisters").click()
    settled(page)
    frame = next(one for one in page.get_by_test_id("stDataFrame").all() if one.is_visible())
    frame.locator("canvas").first.focus()
    page.keyboard.press("ArrowDown")
    page.wait_for_timeout(200)
    page.keyboard.press("Shift+Space")
    settled(page)
    row = together.iloc[1]
    expect(page.get_by_test_id("stText").filter(has_text=row["name"]).first).to_be_visible()
    page.get_by_role("button", name="Open the child").press("Enter")
    heading(page, row["name"])
    assert parse_qs(urlsplit(page.url).query)["child"] == [row["child_id"]]
    no_error(page)


@pytest.fixture
def messy_app(tmp_path):
    with (tmp_path / "cases.csv").open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(["Child ID", "Forename", "Surname", "Sibling group", "Date started to be looked after", "Date ceased to be looked after", "Allocated team"])
        out.writerows([[f"00{n}", *NAME, "G", "05/01/2026", "", "North"] for n in range(2)])
    with (tmp_path / "meetings.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["Meeting ID", "Child ID", "Meeting type", "Meeting date", "Meeting status"], ["M1", "000", "Care Planning Meeting", "12/01/2026", "Held"]])
    fill(tmp_path / "store", [tmp_path / "cases.csv", tmp_path / "meetings.csv"], date(2026, 3, 31))
    yield from start(tmp_path / "store", tmp_path / "log.txt")


def test_a_name_is_text_everywhere_on_the_page(page: Page, messy_app):
    """In the heading and in the list of brothers and sisters: no picture, no bold, as it was written."""
    page.goto(f"{messy_app.url}/child?child=000")
    heading(page, " ".join(NAME))
    settled(page)
    page.get_by_role("tab", name="Brothers and sisters").click()
    settled(page)
    found = [at for at in range(page.get_by_test_id("stDataFrame").count()) if page.get_by_test_id("stDataFrame").nth(at).is_visible()]
    assert found
    for at in found:
        for row in cells(page, at):
            assert " ".join(NAME) in " ".join(row).replace("\u2060", "")


def test_a_phone_shows_the_child_without_scrolling_sideways(page: Page, app, someone):
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{app.url}/child?child={someone}")
    expect(page.get_by_role("heading", name="Timeline")).to_be_visible(timeout=30_000)
    settled(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    chart = page.locator(".js-plotly-plot").first.bounding_box()
    assert chart["width"] <= 390
    no_error(page)
