"""The record itself, in a real browser: prepared on the child's page, completed, dropped on Load, confirmed, and seen with the child."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from cpm_metrics.engine import compute
from cpm_metrics.records import form
from cpm_metrics.store import Store
from tests.browser.conftest import EXTRACT, start
from tests.browser.test_the_way import heading, no_error, settled
from tests.pages.conftest import fill
from tests.records.completing import Form


@pytest.fixture
def own_app(tmp_path, files):
    """A store of its own: this test changes it."""
    fill(tmp_path / "store", files, EXTRACT)
    yield from start(tmp_path / "store", tmp_path / "log.txt")


def test_from_the_childs_page_to_a_meeting(page: Page, own_app, tmp_path):
    results = compute(Store(own_app.store).current())
    day = EXTRACT - timedelta(days=1)
    (child,) = results.rows("SELECT child_id FROM in_care WHERE child_id NOT IN (SELECT child_id FROM timeline_meetings WHERE meeting_date = $1) ORDER BY child_id LIMIT 1", [day])[0]
    page.goto(f"{own_app.url}/child?child={child}")
    settled(page)
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Prepare the next meeting").click()
    name = waiting.value.suggested_filename
    assert name.endswith(".docx")
    prepared = Path(waiting.value.path()).read_bytes()
    done = (
        Form(prepared).beside("Date of meeting", day.strftime("%d/%m/%Y")).beside("Chaired by (name and position)", "Kit Moss, Social worker")
        .tick(form.KINDS["cpm"]).after("Agreed frequency", "monthly")
        .rows(("Name and Position", "Name and Position"), [("Kit Moss, Social worker", "")])
        .rows(("Action", "Responsible", "Timescale"), [("Ring the <b>school</b>", "Kit", "when possible")])
    )  # fmt: skip
    file = tmp_path / "completed record.docx"
    file.write_bytes(done.content())

    page.get_by_test_id("stSidebar").get_by_role("link", name="Load", exact=True).click()
    heading(page, "Load")
    page.locator("input[type=file]").first.set_input_files(str(file))
    expect(page.get_by_role("heading", name="A Care Planning Meeting Record")).to_be_visible(timeout=20_000)
    # What couldn't be read is said, and nothing is added by itself.
    expect(page.get_by_text("Which of the seven domains were considered isn’t ticked")).to_be_visible()
    expect(page.get_by_text("“when possible”")).to_be_visible()
    page.get_by_role("button", name="Health", exact=True).click()
    settled(page)
    add = page.get_by_role("button", name=re.compile(f"Add this meeting of {day.day} Nov 2026 for 1 child"))
    add.click()
    expect(page.get_by_text("The meeting is added.")).to_be_visible(timeout=20_000)
    no_error(page)
    expect(page.get_by_text("completed record.docx")).to_have_count(0)

    after = Store(own_app.store).current()
    (meeting,) = [row for row in after.table("meetings").to_pylist() if row["meeting_date"] == day and row["child_id"] == child]
    assert (meeting["status"], meeting["agreed_frequency"], meeting["domains"], meeting["chair_role"]) == ("held", "monthly", ["health"], "social_worker")
    page.get_by_role("link", name="Open the child").click()
    settled(page)
    expect(page.get_by_text(f"last held {day.day} Nov 2026").first).to_be_visible(timeout=20_000)
    no_error(page)

    # The same record again: refused, because it would be counted twice.
    page.get_by_test_id("stSidebar").get_by_role("link", name="Load", exact=True).click()
    heading(page, "Load")
    page.locator("input[type=file]").first.set_input_files(str(file))
    expect(page.get_by_text("It would be counted twice")).to_be_visible(timeout=20_000)
    expect(page.get_by_role("button", name=re.compile("Add this meeting"))).to_have_count(0)
