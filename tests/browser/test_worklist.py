"""The worklist in a real browser: filter, tick, take along, note and except; and what a manager keeps comes back."""

from __future__ import annotations

import io
import re
from datetime import date
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import openpyxl
import pypdf
from icalendar import Calendar
from playwright.sync_api import Page, expect

from cpm_metrics.engine import compute
from cpm_metrics.store import Store
from cpm_metrics.views import exceptions, worklist
from tests.browser.test_the_way import HEADER, ROW, cells, click_name, heading, no_error, settled


def tick(page: Page, row: int) -> None:
    frame = page.get_by_test_id("stDataFrame").first
    frame.scroll_into_view_if_needed()
    box = frame.locator("canvas").first.bounding_box()
    page.mouse.click(box["x"] + 16, box["y"] + HEADER + ROW * row + ROW / 2)
    settled(page)


def taken(page: Page, button: str) -> tuple[str, bytes]:
    with page.expect_download() as caught:
        page.get_by_role("button", name=button, exact=True).click()
    return caught.value.suggested_filename, Path(caught.value.path()).read_bytes()


def test_a_manager_filters_ticks_and_takes_along(page: Page, app, results):
    """Overdue for children in care, siblings together: two rows ticked become two sheets, a calendar without names and a workbook of two rows;
    one row ticked gets a note and an exception, which is counted apart and takes nothing off the count."""
    rows = worklist.chosen_rows(exceptions.beside(worklist.rows(results), {}), worklist.Chosen(status=("overdue",), care="now", siblings=True))
    page.goto(f"{app.url}/worklist?care=now&siblings=yes")
    heading(page, "Worklist")
    settled(page)
    page.get_by_role("combobox", name="Status").click()
    page.get_by_role("option", name="Overdue").click()
    page.keyboard.press("Escape")
    settled(page)
    assert parse_qs(urlsplit(page.url).query) == {"status": ["overdue"], "care": ["now"], "siblings": ["yes"]}
    expect(page.get_by_text(re.compile(rf"^{len(rows):,} of [\d,]+ open obligations"))).to_be_visible()
    assert rows["name"].iloc[0] in " ".join(cells(page)[0])

    tick(page, 0)
    other = next(at for at in range(1, 12) if rows["child_id"].iloc[at] != rows["child_id"].iloc[0])
    tick(page, other)
    expect(page.get_by_text("2 rows ticked, 2 children")).to_be_visible()
    name, content = taken(page, "Supervision sheets")
    pages = pypdf.PdfReader(io.BytesIO(content)).pages
    assert (name, len(pages)) == ("supervision-2026-11-20.pdf", 2)
    name, content = taken(page, "Calendar")
    events = Calendar.from_ical(content).walk("VEVENT")
    two = rows.iloc[[0, other]]
    assert sorted((str(e["summary"]), e.decoded("dtstart")) for e in events) == sorted((f"{r.title} due: child {r.child_id}", r.due_date.date()) for r in two.itertuples())
    assert not any(part in content.decode() for full in two["name"] for part in full.split())
    name, content = taken(page, "Excel")
    book = openpyxl.load_workbook(io.BytesIO(content))
    assert book.worksheets[0].max_row == 3
    assert "ticked rows only" in next(row[1].value for row in book["About"].rows if row[0].value == "Filters")

    tick(page, other)
    expect(page.get_by_text(rows["why"].iloc[0])).to_be_visible()
    page.get_by_role("textbox", name="Add a note").fill("Spoke to *them* <b>today</b>")
    page.get_by_role("button", name="Add the note").click()
    expect(page.get_by_text("Spoke to *them* <b>today</b>").first).to_be_visible()
    settled(page)
    page.get_by_role("button", name="Make a manager’s exception").click()
    page.get_by_role("textbox", name="Reason").fill("IRO agrees")
    page.get_by_role("button", name="Make the exception").click()
    expect(page.get_by_text(re.compile("The exception is kept until 18 Dec 2026"))).to_be_visible()
    settled(page)
    expect(page.get_by_text(re.compile(rf"^{len(rows):,} of .*1 of them with a manager’s exception"))).to_be_visible()
    (kept,) = Store(app.store).state.exceptions()
    assert (kept.text, kept.expires, kept.about) == ("IRO agrees", date(2026, 12, 18), exceptions.about(rows.iloc[0]))
    assert compute(Store(app.store).current()).rows("SELECT count(*) FROM obligation_facts WHERE status = 'overdue'") == results.rows("SELECT count(*) FROM obligation_facts WHERE status = 'overdue'")
    page.get_by_role("button", name="Withdraw", exact=True).click()
    page.get_by_role("button", name="Withdraw this exception").click()
    expect(page.get_by_text("The exception is withdrawn.")).to_be_visible()
    no_error(page)


def test_what_is_ticked_goes_when_the_rows_do(page: Page, app, results):
    """Ticks stand by place: after another filter none of them may stand beside another child."""
    page.goto(f"{app.url}/worklist?status=overdue")
    heading(page, "Worklist")
    settled(page)
    tick(page, 1)
    expect(page.get_by_text("1 row ticked, 1 child")).to_be_visible()
    page.get_by_text("Siblings together", exact=True).click()
    settled(page)
    expect(page.get_by_text(re.compile("^Tick rows to take them along"))).to_be_visible()


def test_a_view_comes_back_on_another_visit_and_a_name_opens_the_child(page: Page, app, browser, browser_context_args, results):
    """Saved with "open it first": a new visitor of this computer lands on it. A click on a name opens that child."""
    page.goto(f"{app.url}/worklist?status=due_soon&care=now")
    heading(page, "Worklist")
    settled(page)
    page.get_by_role("button", name="Save or change views").click()
    page.get_by_role("textbox", name="Save what you see as").fill("Next weeks")
    page.get_by_text("Open it first whenever I come here").click()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Saved as “Next weeks”.")).to_be_visible()
    rows = worklist.chosen_rows(exceptions.beside(worklist.rows(results), {}), worklist.Chosen(status=("due_soon",), care="now"))
    context = browser.new_context(**browser_context_args)
    try:
        visit = context.new_page()
        visit.goto(f"{app.url}/worklist")
        heading(visit, "Worklist")
        settled(visit)
        expect(visit.get_by_text(re.compile(rf"^{len(rows):,} of [\d,]+ open obligations"))).to_be_visible()
        assert "due_soon" in visit.url
        click_name(visit, 0)
        heading(visit, rows["name"].iloc[0])
        assert rows["name"].iloc[0].split()[-1] not in visit.url
    finally:
        context.close()
        state = Store(app.store).state
        for kind in ("view", "view that opens first"):
            from pages._shared.gate import who

            for kept in list(state.saved(kind, who())):
                state.forget(kind, who(), kept, who())
