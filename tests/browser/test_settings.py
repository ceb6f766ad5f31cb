"""A manager changes a limit in a real browser: tried, looked at, saved with a reason, put back."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from cpm_metrics.engine import compute
from cpm_metrics.settings import Limit, Settings
from cpm_metrics.store import Store
from cpm_metrics.views import settings_effect
from tests.browser.test_the_way import heading, no_error, number, settled


def test_a_limit_is_tried_saved_and_put_back(page: Page, app, results):
    """The number of moved obligations is that of two computations side by side; the store changes only with the reason, and back again."""
    store = Store(app.store)
    page.goto(f"{app.url}/settings?setting=initial-cpm")
    heading(page, "Settings")
    settled(page)
    page.get_by_label("Limit", exact=True).fill("5")
    page.get_by_label("Limit", exact=True).press("Tab")
    page.get_by_role("button", name=re.compile("^.*Try it")).click()
    expect(page.get_by_role("heading", name="Trying 1 change: nothing is saved yet")).to_be_visible(timeout=30_000)
    settled(page)
    expected = settings_effect.between(results, compute(store.current(), settings=Settings({"initial-cpm.limit": Limit(5, "calendar days")})))
    moved = page.get_by_test_id("stButton").get_by_role("button").filter(has_text="change status")
    assert number(moved.inner_text()) == len(expected.moved) > 0
    assert store.state.settings() == {}
    page.get_by_role("textbox", name="Why is it changed?").fill("Agreed by the board")
    page.get_by_role("button", name="Save 1 change").click()
    expect(page.get_by_text(re.compile("Saved. First Care Planning Meeting: limit: 5 calendar days"))).to_be_visible(timeout=30_000)
    assert store.state.settings() == {"initial-cpm.limit": {"amount": 5, "unit": "calendar days"}}
    page.get_by_role("button", name="Try the default").click()
    settled(page)
    page.get_by_role("textbox", name="Why is it changed?").fill("Back to the guide’s figure")
    page.get_by_role("button", name="Save 1 change").click()
    expect(page.get_by_text(re.compile("Saved. First Care Planning Meeting: limit: 10 calendar days"))).to_be_visible(timeout=30_000)
    assert store.state.settings() == {}
    no_error(page)
