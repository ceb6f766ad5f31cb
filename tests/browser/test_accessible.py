"""axe-core on every page, in both themes and on a phone: no serious or critical finding. What axe can't see stands in docs/design.md."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from pages._shared import navigation
from tests.browser.test_the_way import settled

ADDRESSES = sorted(entry.url for entries in navigation.PAGES.values() for entry in entries if entry.url)


@pytest.mark.parametrize(("scheme", "width", "height"), [("light", 1366, 768), ("dark", 1366, 768), ("light", 390, 844)], ids=["light", "dark", "phone"])
def test_axe_finds_nothing_serious(browser: Browser, app, results, scheme, width, height):
    """All findings of all pages at once, each with its page, what is wrong and where."""
    (child,) = results.rows("SELECT child_id FROM in_care ORDER BY child_id LIMIT 1")[0]
    found = []
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme, locale="en-GB")
    page = context.new_page()
    for address in ["", *ADDRESSES, f"child?child={child}"]:
        page.goto(f"{app.url}/{address}")
        page.get_by_role("heading", level=1).first.wait_for(timeout=30_000)
        settled(page)
        for wrong in Axe().run(page).response["violations"]:
            if wrong["impact"] in ("serious", "critical"):
                places = [f"{node['target']}: {node['html'][:120]}" for node in wrong["nodes"][:3]]
                found.append(f"{address}: {wrong['help']} ({wrong['id']}), {len(wrong['nodes'])} times, {places}")
    context.close()
    assert not found, "\n".join(found)
