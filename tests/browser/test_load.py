"""What an analyst with a mess does, in a real browser: headings nobody foresaw, the same file in two windows, a load stopped."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path

from playwright.sync_api import Browser, Page, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from cpm_metrics.store import Store
from tests.browser.test_the_way import heading, settled

CASES = "Pupil no,Came in on,Crew\n0012,05/01/2026,North\n0013,06/01/2026,South\n"
MEETINGS = "Child ID,Meeting type,Meeting date\n0012,CPM rev.,08/01/2026\n0013,Care Planning Meeting,09/01/2026\n"


def upload(page: Page, url: str, *files: Path) -> None:
    page.goto(f"{url}/load")
    heading(page, "Load")
    page.locator("input[type=file]").first.set_input_files([str(file) for file in files])


def pick(page: Page, label: re.Pattern, option: re.Pattern) -> None:
    """Choose from a pick-list by its label, as with the keyboard."""
    box = page.get_by_role("combobox", name=label).first
    box.scroll_into_view_if_needed()
    box.click()
    page.get_by_role("option", name=option).first.click()
    settled(page)


def test_headings_nobody_foresaw_are_mapped_once(new_app, page: Page, tmp_path):
    """The reader asks what the table and its columns are; the answer is remembered, and the next file asks nothing."""
    (tmp_path / "case list 2026-01-31.csv").write_text(CASES)
    (tmp_path / "meetings 2026-01-31.csv").write_text(MEETINGS)
    upload(page, new_app.url, tmp_path / "case list 2026-01-31.csv", tmp_path / "meetings 2026-01-31.csv")
    use = page.get_by_role("button", name=re.compile("Use this mapping"))
    expect(use).to_be_visible(timeout=30_000)
    pick(page, re.compile("What is this table|case list", re.I), re.compile("^Cases"))
    for field, column in (("Child ID", "Pupil no"), ("Date started to be looked after", "Came in on"), ("Allocated team", "Crew")):
        pick(page, re.compile(field), re.compile(column))
    use.click()
    load = page.get_by_role("button", name=re.compile("Load as the extract of 31 Jan 2026"))
    expect(load).to_be_visible(timeout=30_000)
    # The one value that isn't known is asked about, with what it counts as until then.
    expect(page.get_by_text("“CPM rev.”")).to_be_visible()
    pick(page, re.compile("Meeting type: .*means"), re.compile("^Care Planning Meeting"))
    page.get_by_role("button", name="Remember these meanings").click()
    expect(page.get_by_text("“CPM rev.”")).to_have_count(0, timeout=30_000)
    settled(page)
    expect(load).to_be_visible(timeout=30_000)
    load.click()
    expect(page.get_by_text("is now current")).to_be_visible(timeout=30_000)
    snapshot = Store(new_app.store).current()
    assert snapshot.frame("SELECT child_id, meeting_type FROM snapshot.meetings ORDER BY 1").values.tolist() == [["0012", "cpm"], ["0013", "cpm"]]

    (tmp_path / "case list 2026-02-28.csv").write_text(CASES.replace("0013", "0014"))
    upload(page, new_app.url, tmp_path / "case list 2026-02-28.csv")
    expect(page.get_by_role("button", name=re.compile("Load as the extract of 28 Feb 2026"))).to_be_visible(timeout=30_000)
    page.goto(f"{new_app.url}/mappings")
    heading(page, "Remembered mappings")
    expect(page.get_by_text("Pupil no").first).to_be_attached(timeout=10_000)


def test_the_same_file_from_two_windows(new_app, browser: Browser, browser_context_args, tmp_path):
    """One load; the other window is asked whether the same files are really meant again."""
    (tmp_path / "cases 2026-01-31.csv").write_text("Child ID,Date started to be looked after,Allocated team\n1,05/01/2026,North\n2,06/01/2026,South\n")
    windows = [browser.new_context(**browser_context_args) for _ in range(2)]
    try:
        pages = [window.new_page() for window in windows]
        for page in pages:
            upload(page, new_app.url, tmp_path / "cases 2026-01-31.csv")
        buttons = [page.get_by_role("button", name=re.compile("Load as the extract")) for page in pages]
        for button in buttons:
            expect(button).to_be_visible(timeout=30_000)
        for button in buttons:
            button.click()
        expect(pages[0].get_by_text("is now current")).to_be_visible(timeout=30_000)
        expect(pages[1].get_by_text(re.compile("same files as in the current load|Another load is being written"))).to_be_visible(timeout=30_000)
        assert len(Store(new_app.store).history()) == 1
    finally:
        for window in windows:
            window.close()


def press_stop(page: Page) -> None:
    """Press Stop until the page says it has stopped. Each stage has a button of its own, so the one just seen may be gone."""
    stop = page.get_by_test_id("stMain").get_by_role("button", name="Stop")
    stopped = page.get_by_text(re.compile("stopped. Nothing was changed"))
    for _ in range(10):
        with contextlib.suppress(PlaywrightTimeout):
            stop.click(timeout=3_000)
        with contextlib.suppress(AssertionError):
            expect(stopped).to_be_visible(timeout=5_000)
            return
    expect(stopped).to_be_visible()


def test_reading_a_big_file_can_be_stopped_and_the_other_pages_stay_usable(new_app, page: Page, tmp_path):
    """Stage and seconds are shown; Stop ends it; nothing has changed."""
    with (tmp_path / "meetings 2026-01-31.csv").open("w") as file:
        file.write("Child ID,Meeting type,Meeting date,Purpose\n")
        for n in range(1_200_000):
            file.write(f"{n % 9999},CPM,05/01/2026,word {n}\n")
    upload(page, new_app.url, tmp_path / "meetings 2026-01-31.csv")
    expect(page.get_by_test_id("stMain").get_by_role("button", name="Stop")).to_be_visible(timeout=60_000)
    page.get_by_test_id("stSidebar").get_by_role("link", name="Rule book").click()
    heading(page, "Rule book")
    page.get_by_test_id("stSidebar").get_by_role("link", name="Load", exact=True).click()
    heading(page, "Load")
    press_stop(page)
    assert Store(new_app.store).current() is None


def test_a_big_workbook_says_what_it_does_and_stops_at_once(new_app, page: Page, tmp_path):
    """250,000 rows: the stage with the number of rows, seconds that move, and Stop within a second, at whatever stage that is."""
    import xlsxwriter

    path = tmp_path / "meetings 2026-01-31.xlsx"
    with xlsxwriter.Workbook(path, {"constant_memory": True}) as book:
        sheet = book.add_worksheet("Meetings")
        for r in range(250_001):
            for c, value in enumerate(("Child ID", "Meeting type", "Meeting date", "Purpose") if not r else (f"{r % 9999:05d}", "CPM", "05/01/2026", f"word {r}")):
                sheet.write_string(r, c, value)
    upload(page, new_app.url, path)
    expect(page.get_by_text(re.compile(r"Reading the files .*meetings 2026-01-31\.xlsx"))).to_be_visible(timeout=60_000)
    said = page.get_by_test_id("stAlert").first
    expect(said).not_to_have_text(said.inner_text())
    press_stop(page)


def test_the_files_are_still_there_after_another_page(new_app, page: Page, tmp_path):
    """Streamlit's uploader forgets them; the page keeps them until they are loaded or taken away, without reading them again."""
    (tmp_path / "cases 2026-01-31.csv").write_text("Child ID,Date started to be looked after,Allocated team\n1,05/01/2026,North\n2,06/01/2026,South\n")
    upload(page, new_app.url, tmp_path / "cases 2026-01-31.csv")
    load = page.get_by_role("button", name=re.compile("Load as the extract of 31 Jan 2026"))
    expect(load).to_be_visible(timeout=30_000)
    page.get_by_test_id("stSidebar").get_by_role("link", name="Rule book").click()
    heading(page, "Rule book")
    page.get_by_test_id("stSidebar").get_by_role("link", name="Load", exact=True).click()
    heading(page, "Load")
    expect(page.get_by_text("Still here: cases 2026-01-31.csv")).to_be_visible(timeout=30_000)
    expect(load).to_be_visible(timeout=30_000)
    page.get_by_role("button", name="Take away").click()
    settled(page)
    expect(load).to_have_count(0)
    expect(page.get_by_text("Still here")).to_have_count(0)
