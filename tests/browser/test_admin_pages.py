"""The administration pages in a real browser: what axe finds, the width of a phone, and each page's task by the keyboard alone."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

from cpm_metrics import sample
from cpm_metrics.access import People
from cpm_metrics.access.people import Access, short
from cpm_metrics.errors import CpmError
from cpm_metrics.store import Store, loads
from tests.browser.conftest import EXTRACT, App, start
from tests.browser.test_the_way import cells, heading, no_error, settled
from tests.pages.conftest import fill

PAGES = {"people": "People and access", "audit": "Audit", "keeping": "Keeping and erasing"}
LONG = "maximiliana.wolfeschlegelsteinhausenbergerdorff-llewellyn@childrens-services.longest-council.example"
WAITS = {"w1": "Dee Marsh", "w2": LONG}


@pytest.fixture(scope="module")
def council(tmp_path_factory) -> Iterator[App]:
    """A store of its own: an old load, one to go back to and a current one, people with and without a role, a service, an app role, and who waits."""
    folder = tmp_path_factory.mktemp("browser-admin")
    files = sample.write(folder, children=20, seed=7, extract_date=EXTRACT)
    real = loads.now()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loads, "now", lambda: real - timedelta(days=500))
        fill(folder / "store", files, EXTRACT)
    fill(folder / "store", files, EXTRACT)
    store = fill(folder / "store", files, EXTRACT)
    register = People(store.state)
    register.set_service("North", ["Court Team 1", "A team that is gone"], "a test")
    register.give("t/ada", Access("administrator", name="Ada Fenwick"), "a test")
    register.give("t/ben", Access("service-manager", services=("North",), name="Ben Okoro"), "a test")
    register.give("t/una", Access("analyst", drill=False, name=f"una.{LONG}"), "a test")
    register.give_by_claim("7d1f6c1e-6f67-4f0b-9a3d-6a8c9f5f7f10", Access("service-manager", services=("North",)), "a test")
    for key, name in WAITS.items():
        with pytest.raises(CpmError, match="no access"):
            register.viewer({"oid": key, "tid": "t", "name": name})
    yield from start(folder / "store", folder / "log.txt")


def opened(page: Page, app: App, address: str) -> None:
    page.goto(f"{app.url}/{address}")
    heading(page, PAGES[address])
    settled(page)


def to_the_page(page: Page) -> None:
    """Past the links beside it, as the first Tab offers."""
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to main content")).to_be_focused()
    page.keyboard.press("Enter")


def tab_to(page: Page, target: Locator, most: int = 40, key: str = "Tab") -> None:
    """Tab until it has the focus; fails where the keyboard doesn't come by."""
    expect(target).to_be_visible()
    for _ in range(most):
        page.keyboard.press(key)
        if target.evaluate("it => it === document.activeElement"):
            return
    pytest.fail(f"{most} times {key} did not come to {target}")


def said(page: Page, words: str) -> Locator:
    return page.get_by_test_id("stAlert").filter(has_text=words)


def press(page: Page, target: Locator, key: str = "Enter") -> None:
    tab_to(page, target)
    page.keyboard.press(key)
    settled(page)


def person(page: Page, name: str) -> Locator:
    return page.locator("summary").filter(has_text=name)


def of_person(page: Page, name: str) -> Locator:
    """What stands in the part of a person that is open."""
    return page.locator("details[open]").filter(has=person(page, name))


@pytest.mark.parametrize(("width", "height"), [(1366, 768), (390, 844)], ids=["laptop", "phone"])
def test_axe_finds_nothing_serious_and_nothing_sticks_out(page: Page, council, width, height):
    """With every part of a page opened. Nothing is wider than the window, however long an address or an ID
    is; tables scroll within themselves."""
    found = []
    page.set_viewport_size({"width": width, "height": height})
    for address in PAGES:
        page.emulate_media(color_scheme="light")
        opened(page, council, address)
        page.evaluate("document.querySelectorAll('[data-testid=stMain] summary').forEach(it => it.click())")
        settled(page)
        assert page.locator("details:not([open])").count() == 0
        if width > 640 or address == "people":  # the others have no parts to open: test_accessible.py sees them on a phone and in the dark
            found += [f"{address}, light: {wrong}" for wrong in axe(page)]
        if width > 640 and address == "people":
            before = background(page)
            page.emulate_media(color_scheme="dark")
            settled(page)
            assert background(page) != before
            found += [f"{address}, dark: {wrong}" for wrong in axe(page)]
        out = page.evaluate(
            """width => [...document.querySelectorAll('[data-testid=stMain] *')]
            .filter(it => !it.closest('[data-testid=stDataFrame]') && it.checkVisibility() && it.getBoundingClientRect().right > width + 1)
            .map(it => it.outerHTML.slice(0, 120))""",
            width,
        )
        main = page.evaluate("(it => it.scrollWidth - it.clientWidth)(document.querySelector('[data-testid=stMain]'))")
        if out or main or page.evaluate("document.documentElement.scrollWidth") > width:
            found.append(f"{address} is wider than {width}: {out[:3]}")
    assert not found, "\n".join(found)


def axe(page: Page) -> list[str]:
    wrong = [one for one in Axe().run(page).response["violations"] if one["impact"] in ("serious", "critical")]
    return [f"{one['help']} ({one['id']}), {[node['html'][:120] for node in one['nodes'][:3]]}" for one in wrong]


def background(page: Page) -> str:
    return page.evaluate("getComputedStyle(document.querySelector('[data-testid=stApp]')).backgroundColor")


def test_a_role_is_given_and_taken_away_and_a_service_added_by_keyboard(page: Page, council):
    """Whoever waits gets a role and a team; then asked first, all is taken away again. What happened is said where it was done."""
    register = People(Store(council.store).state)
    opened(page, council, "people")
    to_the_page(page)
    press(page, person(page, "Dee Marsh"))
    form = of_person(page, "Dee Marsh")
    tab_to(page, form.get_by_role("combobox", name="Role"))
    page.keyboard.type("Team man")
    page.keyboard.press("Enter")
    settled(page)
    press(page, form.get_by_role("button", name="Give access"))
    expect(said(page, "exactly one team")).to_be_in_viewport()
    tab_to(page, form.get_by_role("combobox", name="Team"), key="Shift+Tab")
    page.keyboard.type("Court Team 1")
    page.keyboard.press("Enter")
    settled(page)
    press(page, form.get_by_role("button", name="Give access"))
    expect(said(page, "Saved: Dee Marsh")).to_be_in_viewport()
    key = "t/w1"
    assert register.persons()[key] == Access("team-manager", teams=("Court Team 1",), name="Dee Marsh")

    expect(person(page, "Dee Marsh")).to_contain_text(f"({short(key)}) · Team manager · Court Team 1")
    press(page, person(page, "Dee Marsh"))
    form = of_person(page, "Dee Marsh")
    press(page, form.get_by_role("button", name="Take all access away"))
    expect(page.get_by_text("will see nothing from their next click on")).to_be_in_viewport()
    assert register.persons()[key].role == "team-manager"
    press(page, form.get_by_role("button", name="Yes, take it away"))
    expect(said(page, "has no access any more")).to_be_in_viewport()
    assert register.persons()[key].role == "none"

    press(page, person(page, "New service"))
    form = of_person(page, "New service")
    tab_to(page, form.get_by_role("textbox", name="Name of the service"))
    page.keyboard.type("Courts")
    tab_to(page, form.get_by_role("combobox", name="Teams"))
    settled(page)  # the name has been sent
    page.keyboard.type("Court Team 2")
    page.keyboard.press("Enter")
    settled(page)
    if page.get_by_role("listbox").is_visible():  # it stays open for another team, or closed as the page came back, where Escape empties the field
        page.keyboard.press("Escape")
    press(page, form.get_by_role("button", name="Add"))
    expect(said(page, "The service is added")).to_be_visible()
    assert People(Store(council.store).state).services()["Courts"] == ("Court Team 2",)
    no_error(page)


def test_the_audit_is_searched_read_and_taken_away_by_keyboard(page: Page, council, tmp_path):
    """A word narrows the lines; a ticked one is read in full below; the file has what was found, and its taking is a line of the audit."""
    code = short("t/ben")
    opened(page, council, "audit")
    to_the_page(page)
    tab_to(page, page.get_by_role("textbox", name="About or more"))
    page.keyboard.type(code)
    page.keyboard.press("Enter")
    settled(page)
    expect(page.get_by_text(re.compile("^1 of .* lines$"))).to_be_visible()
    assert cells(page)[0][-2] == code
    tab_to(page, page.get_by_test_id("stDataFrame").locator("canvas").first)
    page.keyboard.press("ArrowRight")
    page.wait_for_timeout(200)
    page.keyboard.press("Shift+Space")
    settled(page)
    expect(page.get_by_test_id("stText").filter(has_text="services: North")).to_be_visible()
    with page.expect_download() as caught:
        press(page, page.get_by_role("button", name="CSV"))
    caught.value.save_as(tmp_path / "audit.csv")
    with (tmp_path / "audit.csv").open(encoding="utf-8-sig") as file:
        assert [line["subject"] for line in csv.DictReader(file)] == [code]
    assert [line.subject for line in Store(council.store).state.audit(what="exported")] == ["Audit"]
    no_error(page)


def test_old_loads_and_a_child_go_only_when_confirmed_by_keyboard(page: Page, council):
    """Nothing goes at the first press. Whose ID it is stands there before the child is erased."""
    store = Store(council.store)
    child, name = store.current().cursor().execute("SELECT child_id, forename || ' ' || surname FROM snapshot.cases WHERE care_ceased IS NULL ORDER BY child_id LIMIT 1").fetchone()
    opened(page, council, "keeping")
    to_the_page(page)
    press(page, page.get_by_role("button", name=re.compile("Delete$")))
    expect(said(page, "Nothing is deleted yet")).to_be_in_viewport()
    assert len(store.history()) == 3
    tab_to(page, page.get_by_role("checkbox", name="Delete 1 load for good"), key="Shift+Tab")
    page.keyboard.press("Space")
    page.keyboard.press("Tab")  # at once, before the page has run: the button is there
    page.keyboard.press("Enter")
    settled(page)
    expect(said(page, "If the clock is right, press the button once more.")).to_be_in_viewport()  # 500 days without a load
    assert len(store.history()) == 3
    press(page, page.get_by_role("button", name=re.compile("Delete$")))
    expect(said(page, "Deleted for good: 1 load")).to_be_in_viewport()
    assert len(store.history()) == 2

    erase = page.get_by_role("button", name="Erase for good")
    for label, typed in (("Child ID", child), ("Reference", "request 118"), ("Child ID once more", f"{child}0")):
        tab_to(page, page.get_by_role("textbox", name=label, exact=True))
        page.keyboard.type(typed)
    press(page, erase)
    expect(said(page, "Nobody is erased yet: the two IDs are not the same.")).to_be_in_viewport()
    expect(page.get_by_text(f"In the newest load this is {name}")).to_be_visible()
    tab_to(page, page.get_by_role("textbox", name="Child ID once more"), key="Shift+Tab")
    page.keyboard.press("End")
    page.keyboard.press("Backspace")
    assert child in store.current().children()
    press(page, erase)
    expect(said(page, "Erased:")).to_be_visible(timeout=30_000)
    assert child not in Store(council.store).current().children()
    no_error(page)
    assert name.split()[-1] not in council.log.read_text()
