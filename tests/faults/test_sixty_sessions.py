"""Sixty people click while another process loads again and again: each page is that of one load, whole, and nobody sees an error.

What each page says is taken down first, from a quiet server, for the load A and for the load B, which differ in every figure. Under load,
whatever a session sees must be one of these two, word for word. "Finished without error" was once 60 pages of exceptions.
"""

from __future__ import annotations

import difflib
import os
import random
import re
import subprocess
import sys
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cpm_metrics.store import Store
from tests.faults import two_loads
from tests.sessions import Server, Visitor, serve

SESSIONS = 60
CLICKS = int(os.environ.get("CPM_CLICKS", "1"))  # of each session, after it has opened the dashboard
PAUSE = 4.0  # seconds between two loads
PAGES = {"This week": "", "Worklist": "worklist", "Teams": "teams", "Drift": "drift", "Proceedings": "proceedings", "Meeting quality": "meeting-quality"}
ROOT = Path(__file__).resolve().parents[2]


def words(visitor: Visitor) -> str:
    """What stands on the page, less the names that Streamlit gives to tables."""
    return "\n".join(line for line in visitor.text.splitlines() if not re.fullmatch("[0-9a-f]{32}", line))


def what_it_says(server: Server) -> dict[str, str]:
    """Page -> its words, of the load that is current."""
    said = {}
    for name, path in PAGES.items():
        with Visitor(server.url) as visitor:
            visitor.open(path)
            said[name] = words(visitor)
    return said


@pytest.fixture(scope="module")
def quiet(tmp_path_factory) -> tuple[Path, dict[str, dict[str, str]]]:
    """A store with B after A, and what its pages say of either (A after B)."""
    folder = tmp_path_factory.mktemp("sixty")
    store = Store(folder / "store")
    said = {}
    ready = {kind: two_loads.prepared(folder / "sheets", kind) for kind in "AB"}
    with serve(store.folder, folder / "quiet.log") as server:
        two_loads.load(store, ready["B"], "B")
        for kind in "AB":  # A's pages compare with B, and B's with A
            two_loads.load(store, ready[kind], kind)
            said[kind] = what_it_says(server)
    for name in PAGES:
        assert said["A"][name] != said["B"][name]
        assert len(said["A"][name]) > 1000
    return store.folder, said


def test_sixty_sessions_see_one_load_or_the_other_and_never_half(quiet, tmp_path, record_property):
    folder, said = quiet
    whose: Counter[str] = Counter()
    wrong: list[str] = []
    guard, began = threading.Lock(), threading.Barrier(SESSIONS + 1, timeout=120)

    def look(visitor: Visitor, name: str) -> None:
        found = [kind for kind in "AB" if words(visitor) == said[kind][name]]
        with guard:
            whose["".join(found) or "neither"] += 1
            if not found:
                wrong.append(f"{name}: {difference(words(visitor), said, name)}")

    def session(number: int) -> None:
        rng = random.Random(number)
        with Visitor(server.url, patience=300) as visitor:  # all at once, on a machine that also loads
            began.wait()
            names = rng.sample(list(PAGES), 2)
            visitor.open(PAGES[names[0]])
            look(visitor, names[0])
            for click in range(CLICKS):
                name = rng.choice(list(PAGES)) if click else names[1]
                visitor.follow(name)
                look(visitor, name)

    with serve(folder, tmp_path / "log.txt") as server:
        loading = subprocess.Popen([sys.executable, "-m", "tests.faults.two_loads", str(folder), str(PAUSE)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert loading.stdout.readline() == "ready\n"
        with ThreadPoolExecutor(SESSIONS) as pool:
            running = [pool.submit(session, number) for number in range(SESSIONS)]
            began.wait()
            for one in running:
                one.result()  # an error on a page is an error here
        out, _ = loading.communicate()
    loads = int(out)
    record_property("sessions", SESSIONS)
    record_property("pages seen", sum(whose.values()))
    record_property("loads made meanwhile", loads)
    assert wrong == []
    assert loads >= 3
    assert set(whose) == {"A", "B"}, whose
    assert sum(whose.values()) == SESSIONS * (1 + CLICKS)


def difference(text: str, said: dict[str, dict[str, str]], name: str) -> str:
    """How the page differs from the load that it is nearest to. Invented words only."""
    nearest = {kind: [line for line in difflib.ndiff(said[kind][name].splitlines(), text.splitlines()) if line[0] in "+-"] for kind in "AB"}
    kind = min(nearest, key=lambda one: len(nearest[one]))
    return f"load {kind}, but {len(nearest[kind])} lines: {nearest[kind][:8]}"
