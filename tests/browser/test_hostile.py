"""A store in which every text wants to be markup, code, a link or a formula: every page, every view, every file that can be taken
away. Nothing is taken for anything but text, nothing is asked for from elsewhere, and no child's name leaves by the way."""

from __future__ import annotations

import csv
import io
import os
import re
import stat
import zipfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

import pyarrow as pa
import pypdf
import pytest
from icalendar import Calendar
from playwright.sync_api import Download, Page, expect

from cpm_metrics import sample
from cpm_metrics.engine import compute
from cpm_metrics.extracts.datasets import DATASETS
from cpm_metrics.extracts.prepare import prepare
from cpm_metrics.extracts.problems import InputFile
from cpm_metrics.store import Store
from cpm_metrics.store.state import About
from tests.browser.conftest import EXTRACT, App, start
from tests.browser.test_load_hostile import EVIL, FOUND, no_formula
from tests.browser.test_the_way import settled
from tests.browser.test_worklist import tick

TEXTS = [*EVIL, "{nb}", "two\nlines\r\nof text", "null", "NaN", "None", "<b>bold</b><a href='http://evil.example'>a</a>", "&L&D&[File]", "=cmd|' /C calc'!A0", "_x000D_", "a\r=1+1", "w" * 5_000]
SECRET = "Qzxnoteword"  # stands in every note, exception and name: never in a log, an address, a title, a file's name or the audit
VIEWS = [
    "", "?show=records", "worklist", "worklist?siblings=yes", "calendar?view=review", "calendar?view=chair", "calendar?show=cannot_tell&count=obligations",
    "teams", "teams?view=matrix", "teams?view=compare", "teams?view=trend", "teams?view=handovers",
    "drift", "drift?show=children", "drift?show=silent", "drift?show=plan", "drift?show=achieved",
    "proceedings", "proceedings?view=teams", "proceedings?view=lengths", "meeting-quality", "meeting-quality?view=teams", "meeting-quality?view=meetings",
    "pack", "pack?view=pdf", "load", "data-quality", *(f"data-quality?show={which}" for which in ("rules", "missing", "problems", "lag", "loads")),
    "history", "mappings", "rule-book", "settings",
]  # fmt: skip
# In a chart, Plotly reads a little HTML of its own: there every text must have come escaped. A link in its drawing has no business at all.
IN_CHARTS = """() => [...document.querySelectorAll('.js-plotly-plot')].flatMap(e => [
    ...[...e.querySelectorAll('a')].map(a => a.outerHTML.slice(0, 200)), ...[...e.querySelectorAll('tspan')].filter(t => /^(strong|bold|inline|x|a)$/.test(t.textContent.trim())).map(t => t.outerHTML.slice(0, 200)),
    ...(JSON.stringify([e.data, e.layout]).match(/<(img|script|a |b>bold)[^>]{0,60}/g) || [])])"""
DOWNLOADS = """() => [...document.querySelectorAll('[data-testid=stDownloadButton] button:not([disabled])')].filter(b => b.checkVisibility()).map(b =>
    [...b.closest('[class*="st-key-"]').classList].find(c => c.startsWith('st-key-')))"""
RUNNING = "() => document.querySelector('[data-testid=stApp]')?.getAttribute('data-test-script-state') === 'notRunning' && !document.querySelector('[data-stale=true]') && !document.querySelector('[data-testid=stSkeleton]')"


def evil_store(folder) -> Store:
    """The invented council of a few children, after every text that reading leaves as it is has become one of `TEXTS`; names have
    `SECRET` in them. Teams, workers and groups stay as many as they were, so that every page has its lists."""
    files = sample.write(folder / "files", children=10, seed=7, extract_date=EXTRACT, messy=False)
    prepared = prepare([InputFile(path.name, path) for path in files])
    ids: dict[str, str] = {}
    for name, table in prepared.tables.items():
        kinds = {f.name: f.kind for f in DATASETS[name].fields}
        for at, column in enumerate(table.column_names):
            if kinds.get(column) not in ("text", "id") or column in ("legal_status", "agreed_frequency", "gender"):
                continue
            values = table[column].to_pylist()
            if column == "child_id":
                new = [v if v is None else ids.setdefault(v, v if len(ids) % 4 else TEXTS[len(ids) % len(EVIL[:17])].replace(" ", "") + v) for v in values]
            elif column in ("team", "worker", "iro", "chair", "team_manager", "sibling_group", "meeting_id", "placement_type", "provider"):
                known: dict[str, str] = {}
                new = [v if v is None else known.setdefault(v, TEXTS[(at + len(known)) % len(TEXTS)] + (f" {len(known)}" if len(known) >= len(TEXTS) else "")) for v in values]
                if column == "worker":
                    new = [v if v is None else v.replace("5,000", "") for v in new]
            else:
                new = [None if v is None else TEXTS[(at + n) % len(TEXTS)] + (SECRET if column in ("forename", "surname") else "") for n, v in enumerate(values)]
            table = table.set_column(table.schema.get_field_index(column), column, pa.array(new, pa.string()))
        prepared.tables[name] = table
    store = Store(folder / "store")
    store.commit(prepared, EXTRACT, "a test", confirmed=True)
    return store


def notes_of(store: Store) -> list[str]:
    """Notes, exceptions and saved views with markup in them, on the first obligations that are open. -> the children."""
    rows = compute(store.current()).frame("SELECT rule, child_id, care_started, anchor_date, due_date FROM obligations WHERE status = 'overdue' ORDER BY child_id, rule, anchor_date LIMIT 30")
    for at, row in enumerate(rows.itertuples()):
        about = About(row.rule, row.child_id, row.care_started.date(), row.anchor_date.date(), row.due_date.date())
        store.state.add_note(about, f"{SECRET} {TEXTS[at % len(TEXTS)]}", "**a** <b>test</b>")
        store.state.add_exception(about, f"{SECRET} {TEXTS[-at % len(TEXTS)]}", EXTRACT.replace(month=12), "[a](http://evil.example)")
    for name in ("**strong**", ":material/home: [x](http://evil.example)", "<img src=x onerror=alert(1)>"):
        store.state.save("view", "worklist", name, {"chosen": {}, "columns": []}, "a test")
    return list(dict.fromkeys(rows["child_id"]))


@pytest.fixture(scope="module")
def evil(tmp_path_factory) -> Iterator[tuple[App, Store, list[str]]]:
    folder = tmp_path_factory.mktemp("evil")
    store = evil_store(folder)
    children = notes_of(store)
    for app in start(store.folder, folder / "log.txt"):
        yield app, store, children


def test_every_page_and_file_takes_text_as_text(evil, page: Page, tmp_path):
    """Everything that is wrong anywhere, at once."""
    app, store, children = evil
    asked: list[str] = []
    spoke: list[str] = []
    wrong: list[str] = []
    taken: dict[str, str] = {}  # key of the button -> name of its file
    page.on("request", lambda request: asked.append(request.url))
    page.on("dialog", lambda dialog: (spoke.append(dialog.message), dialog.dismiss()))
    for address in [*VIEWS, *(f"child?child={quote(child, safe='')}" for child in children[:2])]:
        page.goto(f"{app.url}/{address}")
        expect(page.get_by_role("heading", level=1).first).to_be_visible(timeout=30_000)
        page.wait_for_function(RUNNING, timeout=30_000)
        wrong += [f"{address}: {problem}" for problem in (*page.evaluate(FOUND), *page.evaluate(IN_CHARTS))]
        if page.get_by_text("Something went wrong").count():
            wrong.append(f"{address}: an error")
        wrong += [f"{address}: its {where} names a child" for where, text in (("address", unquote(page.url)), ("title", page.title())) if SECRET in text]
        for key in page.evaluate(DOWNLOADS):
            if key in taken or address.startswith("child") and key.startswith(("xlsx-", "csv-")) and any(taken):
                continue
            with page.expect_download() as caught:
                page.locator(f".{key} button").first.click()
            taken[key] = caught.value.suggested_filename
            wrong += [f"{address}: {taken[key]}: {problem}" for problem in what_is_wrong(caught.value, tmp_path)]
    notes_shown(page, app, wrong)
    assert wrong == []
    assert spoke == []
    assert {urlsplit(url).hostname for url in asked if not url.startswith(("data:", "blob:"))} == {"127.0.0.1"}
    assert {".xlsx", ".csv", ".ics", ".pdf", ".docx"} <= {name[name.rindex("."):] for name in taken.values()}
    log = app.log.read_text("utf-8")
    assert SECRET not in log
    assert "evil" not in log
    kept = repr(store.state.audit())
    assert "note added" in kept
    assert SECRET not in kept
    if os.name == "posix":
        assert {path.name: oct(stat.S_IMODE(path.stat().st_mode)) for path in store.folder.rglob("*") if stat.S_IMODE(path.stat().st_mode) & 0o077} == {}


def notes_shown(page: Page, app: App, wrong: list[str]) -> None:
    """The worklist's first row with an exception, ticked: its sentence, notes and exceptions; the supervision sheet has them as they are."""
    page.goto(f"{app.url}/worklist?shown=with")
    expect(page.get_by_role("heading", level=1).first).to_be_visible(timeout=30_000)
    settled(page)
    tick(page, 0)
    expect(page.get_by_role("button", name="Add the note")).to_be_visible(timeout=30_000)
    assert SECRET in page.get_by_test_id("stMain").inner_text()
    page.get_by_text(re.compile("^Manager’s exceptions on record")).click()
    settled(page)
    wrong += [f"notes: {problem}" for problem in page.evaluate(FOUND)]
    with page.expect_download() as caught:
        page.get_by_role("button", name="Supervision sheets").click()
    text = "".join(sheet.extract_text() for sheet in pypdf.PdfReader(caught.value.path()).pages)
    assert SECRET in text


def what_is_wrong(download: Download, folder: Path) -> list[str]:
    """With one file that was taken away: its name, and what in it is no plain text."""
    name, path = download.suggested_filename, folder / "download"
    download.save_as(path)
    data = path.read_bytes()
    out = ["names a child"] if SECRET in name or not name.isascii() else []
    kind = name[name.rindex("."):]
    if kind == ".xlsx":
        try:
            no_formula(data)
        except AssertionError as problem:
            out.append(str(problem)[:300])
    elif kind == ".csv":
        cells = [cell for row in csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")) for cell in row]
        out += [cell[:80] for cell in cells if re.match(r"[=+@\t\r-]", cell) and not re.fullmatch(r"-?[\d.]+(e-?\d+)?", cell)]
    elif kind == ".ics":
        texts = [str(value) for event in Calendar.from_ical(data).walk("VEVENT") for value in event.values()]
        out += [text[:80] for text in texts if SECRET in text]
    elif kind == ".docx":
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            whole = {part: packed.read(part) for part in packed.namelist()}
        out += [part for part, content in whole.items() if b"TargetMode" in content]
        out += [mark.decode() for mark in (b"w:hyperlink", b"w:instrText", b"w:fldSimple", b"w:altChunk", b"w:object") if mark in whole["word/document.xml"]]
    elif kind == ".pdf":
        read = pypdf.PdfReader(io.BytesIO(data))
        out += [f"page {at} has /{what}" for at, sheet in enumerate(read.pages, 1) for what in ("Annots", "AA") if f"/{what}" in sheet]
        out += [f"the file has {what}" for what in ("/AA", "/AcroForm", "/Names") if what in read.trailer["/Root"]]
        # fpdf2 says how large the first page opens, which is a place; an action would be a dictionary.
        if isinstance(read.trailer["/Root"].get("/OpenAction", []), dict):
            out.append("the file has an action")
    return out
