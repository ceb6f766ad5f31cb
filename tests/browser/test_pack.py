"""The assistant director's pack, taken out in a real browser."""

from __future__ import annotations

import io

import openpyxl
import pypdf
from playwright.sync_api import Page

from cpm_metrics import views
from cpm_metrics.store import Store
from tests.browser.test_the_way import heading, no_error, settled


def test_one_click_each_for_the_workbook_and_the_pdf(page: Page, app, results, tmp_path):
    """Both are made on the click, hold the command line's figures, and are noted in the audit without a name."""
    page.goto(f"{app.url}/pack")
    heading(page, "Director’s pack")
    settled(page)
    files = {}
    for label, name in (("Excel workbook", "xlsx"), ("PDF of the charts", "pdf")):
        with page.expect_download(timeout=60_000) as caught:
            page.get_by_role("button", name=label).click()
        assert caught.value.suggested_filename == f"directors-pack-2026-11-20.{name}"
        caught.value.save_as(tmp_path / f"pack.{name}")
        files[name] = (tmp_path / f"pack.{name}").read_bytes()
    book = openpyxl.load_workbook(io.BytesIO(files["xlsx"]))
    overdue = int((views.obligations(results)["status"] == "overdue").sum())
    assert book["Overdue"].max_row == overdue + 1
    assert f"{overdue:,} obligations overdue" in " ".join(pypdf.PdfReader(io.BytesIO(files["pdf"])).pages[n].extract_text().replace("\n", " ") for n in range(5)) or overdue == 1
    lines = [line for line in Store(app.store).state.audit(what="exported") if line.subject == "Director’s pack"]
    assert [line.detail["file"] for line in lines] == ["directors-pack-2026-11-20.pdf", "directors-pack-2026-11-20.xlsx"]
    assert all(line.detail["names"] is False and line.detail["as_at"] == "2026-11-20" for line in lines)
    no_error(page)
    assert "Traceback" not in app.log.read_text()


def test_a_list_of_an_earlier_day_says_reconstructed_in_its_name(page: Page, app, results):
    """A CSV has no front page that could say it."""
    page.goto(f"{app.url}/teams?as-at=2026-09-01&rule=initial-cpm")
    heading(page, "Teams")
    settled(page)
    with page.expect_download() as caught:
        page.get_by_role("button", name="CSV").first.click()
    assert caught.value.suggested_filename.endswith("2026-09-01-reconstructed.csv")
