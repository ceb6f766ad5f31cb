"""A real browser for measuring: from the moment a person presses to the frame in which the page has come to rest."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Error, Page, sync_playwright

AT_REST = "() => document.querySelector('[data-testid=stApp]')?.getAttribute('data-test-script-state') === 'notRunning'"
QUIET = 250  # milliseconds in which nothing more comes, until a page counts as being at rest
# Before any page: every message of a WebSocket is heard.
HEAR = """
window.WebSocket = class extends window.WebSocket {
  constructor(...all) { super(...all); this.addEventListener('message', () => window.cpmHeard?.()); }
};
"""
# From the first press to the second frame after the last message of the server and the last change of the page's main part, once nothing
# more has come for a while and the script is not running. (A quick run is over before the page says that it runs.) What stands within a
# canvas is never drawn: there a table keeps its rows for screen readers, and brings them a fifth of a second after it has drawn itself.
WATCH = """
(quiet) => { window.cpmSeen = new Promise(resolve => {
  const app = document.querySelector('[data-testid=stApp]');
  let began = null, heard = false, drawn = 0, waiting = null;
  for (const kind of ['pointerdown', 'keydown']) addEventListener(kind, () => { began ??= performance.now(); }, {capture: true, once: true});
  const rest = () => {
    if (app.getAttribute('data-test-script-state') !== 'notRunning') { waiting = setTimeout(rest, quiet); return; }
    watcher.disconnect(); window.cpmHeard = null; resolve(drawn - began);
  };
  const more = () => {
    if (began === null || !heard) return;
    requestAnimationFrame(() => requestAnimationFrame(() => { drawn = performance.now(); }));
    clearTimeout(waiting);
    waiting = setTimeout(rest, quiet);
  };
  window.cpmHeard = () => { if (began !== null) { heard = true; more(); } };
  const drawable = (change) => !(change.target.nodeType === 1 ? change.target : change.target.parentElement)?.closest('canvas');
  const watcher = new MutationObserver(changes => { if (changes.some(drawable)) more(); });
  watcher.observe(document.querySelector('[data-testid=stMain]'), {childList: true, characterData: true, subtree: true});
}); }
"""


@contextmanager
def browsing() -> Iterator[Browser]:
    """Chromium: CHROMIUM_PATH, else /usr/bin/chromium, else the one that Playwright installed."""
    found = next((path for path in (os.environ.get("CHROMIUM_PATH"), "/usr/bin/chromium") if path and Path(path).exists()), None)
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"] if root else [])  # Chromium refuses to run as root with it
        yield browser
        browser.close()


def new_page(browser: Browser) -> Page:
    page = browser.new_context(viewport={"width": 1366, "height": 768}, locale="en-GB").new_page()
    page.add_init_script(HEAR)
    return page


def at_rest(page: Page) -> None:
    page.wait_for_function(AT_REST, timeout=60_000)
    page.wait_for_timeout(QUIET)
    page.wait_for_function(AT_REST, timeout=60_000)


def seen(page: Page, press: Callable[[], None]) -> float:
    """Seconds from the press (`press` clicks or types) until the page is at rest and drawn, as the browser's own clock has it."""
    page.evaluate(WATCH, QUIET)
    press()
    try:
        return page.evaluate("Promise.race([window.cpmSeen, new Promise((_, no) => setTimeout(() => no(new Error('the page did not run')), 60000))])") / 1000
    except Error as problem:
        raise RuntimeError(f"{page.title()}, {page.url}: {problem.message}") from problem
