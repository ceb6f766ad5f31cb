"""The pages about the data, each for its main task: hand out what to enter, compare two loads, look a rule up."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from cpm_metrics.engine import compute
from cpm_metrics.rules import all_rules
from cpm_metrics.views import history
from tests.browser.conftest import start
from tests.browser.test_the_way import cells, heading, no_error, number, settled
from tests.views.loads import three_loads


@pytest.fixture
def three(tmp_path):
    """Three loads of two children, the last of 1 July 2026."""
    store, infos = three_loads(tmp_path / "store")
    for app in start(store.folder, tmp_path / "log.txt"):
        yield app, store, infos


def test_what_to_enter_is_downloaded_to_be_handed_out(page: Page, three):
    """The list of the page is the file's, and says by team and worker what to enter."""
    app, *_ = three
    page.goto(f"{app.url}/data-quality")
    heading(page, "Data quality")
    settled(page)
    with page.expect_download() as waiting:
        page.get_by_role("button", name="CSV").first.click()
    rows = list(csv.DictReader(io.StringIO(Path(waiting.value.path()).read_text("utf-8-sig"))))
    assert rows
    assert {"team", "worker", "What to enter"} <= rows[0].keys()
    title = page.get_by_role("heading", name="Things to enter")
    expect(title).to_contain_text(f"({len(rows)})")
    no_error(page)


def test_two_loads_compared(page: Page, three):
    """May against June: one child came. The page's count, its rows and the frame agree."""
    app, store, (may, june, *_) = three
    page.goto(f"{app.url}/history?view=compare&older={may.load_id}&newer={june.load_id}&show=added")
    heading(page, "History")
    settled(page)
    no_error(page)
    then, now = store.snapshot(may.load_id), store.snapshot(june.load_id)
    found = history.compare(then, now, compute(then), compute(now))
    assert found.added["child_id"].tolist() == ["0002"]
    counts = page.locator("[class*=st-key-compare-], [class*=st-key-count-compare-]").get_by_role("button")
    assert [number(text) for text in counts.all_inner_texts()] == [len(getattr(found, name)) for name in ("added", "gone", "moved", "newly_overdue", "cleared", "back_dated")]
    assert any("Ben Birch" in row for row in cells(page))


def test_a_rule_is_found_and_its_limit_is_the_one_in_use(page: Page, app):
    page.goto(f"{app.url}/rule-book")
    heading(page, "Rule book")
    settled(page)
    rule = next(rule for rule in all_rules() if rule.code == "initial-cpm")
    page.get_by_text(rule.title).first.click()
    expect(page.get_by_text(rule.question).first).to_be_visible()
    expect(page.get_by_text("10 calendar days").first).to_be_visible()
    no_error(page)
