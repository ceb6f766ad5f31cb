"""From starting the server until the first useful screen stands in the browser, beside the same one-line page."""

from __future__ import annotations

import time
from pathlib import Path

from playwright.sync_api import Browser

from benchmarks.browser import AT_REST, browsing, new_page
from benchmarks.clicks import CHILDREN, ONE_LINE
from benchmarks.measure import Row, median, said, spread
from benchmarks.work import Work
from tests.sessions import serve, until_it_answers

TIMES = 3


def bench(work: Work) -> list[Row]:
    store = work.council(CHILDREN)
    folder = work.new_folder("cold")
    one_line = folder / "one_line.py"
    one_line.write_text(ONE_LINE, "utf-8")
    ours, plain = [], []
    with browsing() as browser:
        for n in range(work.runs(5) + 1):
            # The first of each fills the disk's cache.
            a = _until_useful(browser, store.folder, "app.py", folder / "ours.txt", "Follow-up overdue")
            b = _until_useful(browser, None, one_line, folder / "one-line.txt", "Again")
            if n:
                ours.append(a)
                plain.append(b)
    ratio = median(ours) / median(plain)
    return [Row("cold-start", "First useful screen after a cold start", "a one-line Streamlit page", f"≤ {TIMES} ×", f"{ratio:.1f} ×: {said(median(ours))} against {said(median(plain))}", ratio <= TIMES,
                [f"Cold start: from starting the server to This week’s counts in the browser, at rest, council of {CHILDREN:,} in care: {spread(ours)}; one-line page {spread(plain)}."])]  # fmt: skip


def _until_useful(browser: Browser, store: Path | None, script: Path | str, log: Path, words: str) -> float:
    page = new_page(browser)
    begin = time.perf_counter()
    with serve(store, log, script=script, wait=False) as server:
        until_it_answers(server)
        page.goto(server.url)
        page.get_by_text(words).first.wait_for(timeout=60_000)
        page.wait_for_function(AT_REST, timeout=60_000)
        found = time.perf_counter() - begin
        page.context.close()
    return found
