"""A click on any page, of a council of 1,000: as the server sees it (the session's own protocol, tests/sessions.py) and as the browser sees
it, beside a one-line Streamlit page in the same run."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Page

from benchmarks.browser import at_rest, browsing, new_page, seen
from benchmarks.measure import Row, median, p95, said, sentence
from benchmarks.work import Work
from cpm_metrics.store import Store
from tests.sessions import Visitor, serve

MEDIAN, P95 = 4, 5
CHILDREN = 1_000
ONE_LINE = 'import streamlit as st; st.button("Again")\n'


@dataclass(frozen=True)
class Click:
    """Two clicks on a page that undo or follow each other; the first is not what is chosen already. A `key` is a button's; else a widget's label and its two values. `links`: what
    to press in the browser (a CSS selector or words), where it isn't the button with that key."""

    page: str  # words of the link
    address: str
    keys: tuple[str, str] | None = None
    widget: str = ""
    values: tuple[Any, Any] | None = None
    press: tuple[str, str] | None = None


CLICKS = (
    Click("This week", "", keys=("tile-records", "tile-plans")),
    Click("Worklist", "worklist", widget="Nothing booked", values=(True, False), press=("Nothing booked", "Nothing booked")),
    Click("Calendar", "calendar", keys=("tile-cal-overdue", "tile-cal-none")),
    Click("Child", "child", widget="How far back", values=(["One year"], ["Everything known"]), press=("One year", "Everything known")),
    Click("Teams", "teams", widget="View", values=(["Rules × teams"], ["Rule by rule"]), press=("Rules × teams", "Rule by rule")),
    Click("Drift", "drift", keys=("tile-drift-silent", "tile-drift-plan")),
    Click("Proceedings", "proceedings", keys=("tile-court-ready", "tile-court-open")),
    Click("Meeting quality", "meeting-quality", widget="View", values=(["Checks × teams"], ["Check by check"]), press=("Checks × teams", "Check by check")),
    Click("Director’s pack", "pack", widget="Include names", values=(True, False), press=("Include names", "Include names")),
    Click("Load", "load"),
    Click("Data quality", "data-quality", keys=("tile-quality-rules", "tile-quality-fixes")),
    Click("History", "history", widget="View", values=(["Earlier months"], ["Loads"]), press=("Earlier months", "Loads")),
    Click("Remembered mappings", "mappings"),
    Click("Rule book", "rule-book", widget="Level", values=(["Statutory"], []), press=("Statutory", "Statutory")),
    Click("Settings", "settings", widget="Search", values=("review", ""), press=("keys:review", "keys:")),
)  # fmt: skip


def bench(work: Work) -> list[Row]:
    store = work.council(CHILDREN)
    folder = work.new_folder("clicks")
    one_line = folder / "one_line.py"
    one_line.write_text(ONE_LINE, "utf-8")
    runs = work.runs(12)
    with serve(store.folder, folder / "ours.txt") as ours, serve(None, folder / "one-line.txt", script=one_line) as plain:
        server = _as_the_server_sees(ours.url, plain.url, a_child(store), runs)
        browser = _as_the_browser_sees(ours.url, plain.url, a_child(store), runs)
    return [_row("clicks-server", "A click on any page, as the server sees it", server), _row("clicks-browser", "… as the browser sees it", browser)]


def a_child(store: Store) -> str:
    """One in care with many meetings: the heaviest of the pages about a child."""
    return store.current().cursor().execute(
        "SELECT child_id FROM snapshot.meetings SEMI JOIN (FROM snapshot.cases WHERE care_ceased IS NULL) USING (child_id) GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1"
    ).fetchone()[0]  # fmt: skip


Times = dict[str, list[float]]


def _as_the_server_sees(ours: str, plain: str, child: str, runs: int) -> Times:
    found: Times = {"one line": []}
    with Visitor(plain) as peer, Visitor(ours, patience=300) as visitor:
        peer.open()
        visitor.open()
        for click in CLICKS:
            arriving = [_arrive(visitor, click) for _ in range(runs + 2)][2:]  # the first fill what is computed once
            if click.page == "Child":
                visitor.open("child", child=child)
                assert visitor.title != "Child"
            clicking = [] if not (click.keys or click.widget) else [_click(visitor, click, n) for n in range(runs + 2)][2:]
            found[click.page] = arriving + clicking
            found["one line"] += [peer.click("Again").seconds for _ in range(len(arriving) + len(clicking))]
    return found


def _arrive(visitor: Visitor, click: Click) -> float:
    """By the link beside the page, from another page."""
    visitor.follow("Load" if click.page != "Load" else "Remembered mappings")
    seconds = visitor.follow(click.page).seconds
    assert visitor.title == click.page, f"{visitor.title!r} instead of {click.page!r}"
    return seconds


def _click(visitor: Visitor, click: Click, n: int) -> float:
    title = visitor.title
    run = visitor.click(click.keys[n % 2]) if click.keys else visitor.choose(click.widget, click.values[n % 2])
    assert visitor.title == title
    return run.seconds


def _as_the_browser_sees(ours: str, plain: str, child: str, runs: int) -> Times:
    found: Times = {"one line": []}
    with browsing() as browser:
        peer, page = new_page(browser), new_page(browser)
        peer.goto(plain)
        peer.get_by_role("button", name="Again").wait_for()
        at_rest(peer)
        page.goto(ours)
        page.get_by_role("heading", level=1, name="This week").wait_for(timeout=60_000)
        for click in CLICKS:
            page.bring_to_front()
            link = page.get_by_test_id("stSidebar").get_by_role("link", name=click.page, exact=True)
            away = page.get_by_test_id("stSidebar").get_by_role("link", name="Load" if click.page != "Load" else "Remembered mappings", exact=True)
            times = []
            for n in range(max(runs // 3, 1) + 1):
                away.click()
                at_rest(page)
                seconds = seen(page, link.click)
                if n:
                    times.append(seconds)
            if click.page == "Child":
                page.goto(f"{ours}/child?child={child}")
                page.get_by_role("heading", name="Timeline").wait_for(timeout=60_000)
            at_rest(page)
            press = _presses(page, click)
            times += [seen(page, press[n % 2]) for n in range(runs + 2)][2:] if press else []
            if page.get_by_text("Something went wrong").count():
                raise AssertionError(f"an error on {click.page}")
            found[click.page] = times
            peer.bring_to_front()
            again = peer.get_by_role("button", name="Again")
            found["one line"] += [seen(peer, again.click) for _ in range(max(runs // 2, 2))]
    return found


def _presses(page: Page, click: Click) -> tuple[Callable[[], None], ...]:
    if click.keys:
        return tuple(page.locator(f".st-key-{key}").get_by_role("button").click for key in click.keys)
    if not click.press:
        return ()
    if click.press[0].startswith("keys:"):
        field = page.get_by_label(click.widget, exact=True)
        return tuple(lambda words=words: _type(field, words.removeprefix("keys:")) for words in click.press)
    what_is_pressed = page.get_by_test_id("stMain").locator("button, label, [role=radio]")  # not a heading with the same words
    return tuple(what_is_pressed.filter(has_text=re.compile(rf"^\s*{re.escape(words)}\s*$")).first.click for words in click.press)


def _type(field: Any, words: str) -> None:
    """Only the last key counts: it is the one that makes the page run."""
    field.evaluate("(it, words) => { Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value').set.call(it, words); it.dispatchEvent(new Event('input', {bubbles: true})); }", words)
    field.press("Enter")


def _row(name: str, what: str, times: Times) -> Row:
    plain = times.pop("one line")
    ratios = {page: (median(values) / median(plain), p95(values) / p95(plain)) for page, values in times.items()}
    worst, slowest = max(ratios, key=lambda page: ratios[page][0]), max(ratios, key=lambda page: ratios[page][1])
    within = sum(a <= MEDIAN and b <= P95 for a, b in ratios.values())
    lines = [f"{sentence(what)}: one-line page {said(median(plain))}, 95th percentile {said(p95(plain))} ({len(plain)} clicks). Council of {CHILDREN:,} in care and as many who left. Median, 95th percentile, and their ratios to the one-line page’s:"]
    lines += [f"- {page}: {said(median(values))}, {said(p95(values))}: {ratios[page][0]:.1f} × and {ratios[page][1]:.1f} × ({len(values)} clicks)" for page, values in times.items()]
    return Row(name, what, "a one-line Streamlit page", f"≤ {MEDIAN} × median, ≤ {P95} × 95th percentile",
               f"{within} of {len(times)} pages within; worst {ratios[worst][0]:.1f} × median ({worst}), {ratios[slowest][1]:.1f} × 95th percentile ({slowest})", within == len(times), lines)  # fmt: skip

