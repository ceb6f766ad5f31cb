"""Names, headers and values that want to be markup, code or a formula, through the whole way of a load in a real browser."""

from __future__ import annotations

import io
import re
import zipfile
from urllib.parse import urlsplit

import openpyxl
from openpyxl import Workbook
from playwright.sync_api import Page, expect

from cpm_metrics.store import Store
from tests.browser.test_load import pick
from tests.browser.test_the_way import heading, settled

EVIL = [
    "<img src=x onerror=alert(1)>", "<script>alert(1)</script>", "**strong**", "`inline`", "# head", ":material/home:", ":red[red]", "$x^2$", "[x](http://evil.example)", "![x](http://evil.example/p.png)",
    "http://evil.example/a", '=HYPERLINK("http://evil.example","x")', "+1+1", "@SUM(A1)", "-2+3", "\u202eturned\u202c", "\u200fmarked", "👩‍👧 Łucja", "x" * 400,
]  # fmt: skip
FILE = "cases **strong** :material⁄home: [x](evil) <img src=x onerror=alert(1)> \u202eturned 👩 " + "y" * 150 + " 2026-11-20.xlsx"
SHEET = "<b>x<b> __strong__ `inline` =1"
# What would show that a text was taken for markup. `home` is an icon that no page of ours uses here.
FOUND = """() => [...document.querySelectorAll('[data-testid=stMain] *')].filter(e =>
    (['IMG', 'SCRIPT', 'IFRAME', 'OBJECT'].includes(e.tagName) && !e.src?.startsWith(location.origin)) || (e.tagName === 'A' && /evil/.test(e.href)) ||
    (['STRONG', 'B', 'CODE', 'EM', 'H1', 'H2', 'H3'].includes(e.tagName) && /^(strong|inline|x|head|red)$/.test(e.textContent.trim())) ||
    (e.dataset.testid === 'stIconMaterial' && e.textContent.trim() === 'home') || e.classList.contains('katex')
).map(e => e.outerHTML.slice(0, 200))"""


def workbook() -> bytes:
    """Cases under known headers with three evil ones beside, and a log of meetings under evil headers alone."""
    book = Workbook()
    cases, log = book.active, book.create_sheet("log")
    cases.title = SHEET
    header = ["Child ID", "Forename", "Surname", "Date started to be looked after", "Allocated team", "Allocated worker", EVIL[0], "**strong** [x](http://evil.example)", ":material/home: " + "z" * 300]
    rows = [header, *[[f"{n:04d}", v, v, "05/01/2026", v, v, v, v, v] for n, v in enumerate(EVIL, 1)]]
    for sheet, lines in ((cases, rows), (log, [["Yng <b>person</b>", "**strong** sort", "[Took](http://evil.example) place", "=cmd|A1"], *[[f"{n:04d}", v, "05/02/2026", v] for n, v in enumerate(EVIL, 1)]])):
        for r, line in enumerate(lines, 1):
            for c, value in enumerate(line, 1):
                cell = sheet.cell(r, c)
                cell._value, cell.data_type = value, "s"
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def test_nothing_in_a_file_runs_or_is_markup(new_app, page: Page, tmp_path):
    """Upload, mapping, preview, the marked spreadsheet, the load, its history and what is remembered: everything is text, nothing
    is asked for from elsewhere, and no download has a formula."""
    asked: list[str] = []
    spoke: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("dialog", lambda dialog: (spoke.append(dialog.message), dialog.dismiss()))

    def clean(where: str) -> None:
        settled(page)
        assert page.evaluate(FOUND) == [], where

    page.goto(f"{new_app.url}/load")
    heading(page, "Load")
    page.locator("input[type=file]").first.set_input_files({"name": FILE, "mimeType": "application/octet-stream", "buffer": workbook()})
    use = page.get_by_role("button", name=re.compile("Use this mapping"))
    expect(use).to_be_visible(timeout=60_000)
    page.get_by_text(re.compile("^The other")).first.click()
    clean("mapping")
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    pick(page, re.compile("What is this table"), re.compile("^Meetings"))
    for field, column in (("Child ID", "person"), ("Meeting type", "sort"), ("Meeting date", "Took")):
        pick(page, re.compile(field), re.compile(column))
    clean("columns chosen")
    use.click()
    load = page.get_by_role("button", name=re.compile("Load as the extract of 20 Nov 2026"))
    expect(load).to_be_visible(timeout=60_000)
    clean("preview")
    shown = page.get_by_test_id("stMain").inner_text()
    assert "“**strong**”" in shown
    assert "“<img src=x onerror=alert(1)>”" in shown
    assert "\u202e" not in shown
    for name in (re.compile("marked"), "Excel"):
        with page.expect_download() as caught:
            page.get_by_role("button", name=name).first.click()
        caught.value.save_as(tmp_path / "out.xlsx")
        assert "\u202e" not in caught.value.suggested_filename
        no_formula((tmp_path / "out.xlsx").read_bytes())
    with page.expect_download() as caught:
        page.get_by_role("button", name="CSV").first.click()
    caught.value.save_as(tmp_path / "out.csv")
    assert not re.search(r'(?m)(^|,)"?[=+@-]', (tmp_path / "out.csv").read_text("utf-8-sig"))
    load.click()
    expect(page.get_by_text("is now current")).to_be_visible(timeout=60_000)
    expect(page.get_by_text(f"{len(EVIL)} children in care")).to_be_visible()
    clean("loaded")
    for path in ("history", "mappings", "data-quality", ""):
        page.goto(f"{new_app.url}/{path}")
        expect(page.get_by_role("heading", level=1)).to_be_visible(timeout=30_000)
        clean(path)
    assert not spoke
    assert {urlsplit(url).hostname for url in asked if not url.startswith(("data:", "blob:"))} == {"127.0.0.1"}
    assert Store(new_app.store).current().info.files[0].name.startswith("cases **strong**")
    assert "evil" not in new_app.log.read_text()


def no_formula(data: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert not any(b"<f>" in archive.read(name) or b"<f " in archive.read(name) for name in archive.namelist() if "worksheets/sheet" in name)
        assert not any(b"TargetMode" in archive.read(name) for name in archive.namelist() if name.endswith(".rels"))
    book = openpyxl.load_workbook(io.BytesIO(data))
    assert {cell.data_type for sheet in book for row in sheet.iter_rows() for cell in row} <= {"s", "n", "d", "b"}
