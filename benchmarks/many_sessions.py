"""Sixty people at work: each in a session of its own clicks every 15 seconds, anywhere, and must see the right page with the right child;
beside one person doing the same alone."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from random import Random

from benchmarks.clicks import CHILDREN, CLICKS
from benchmarks.measure import Row, median, p95, said
from benchmarks.work import Work
from cpm_metrics.store import Store
from tests.sessions import Server, Visitor, serve

SESSIONS, EVERY, LASTS = 60, 15.0, 75.0
TIMES, GB = 4, 1.5
WIDE = {"History"}  # its heavy view is computed once, with progress: seconds that no other click has; visited, but not opened here


@dataclass
class Seen:
    times: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


def bench(work: Work) -> list[Row]:
    store = work.council(CHILDREN)
    sessions, every, lasts = (8, 3.0, 12.0) if work.small else (SESSIONS, EVERY, LASTS)
    people = children(store, sessions)
    with serve(store.folder, work.new_folder("sessions") / "log.txt") as server:
        with Visitor(server.url, patience=300) as first:  # what is computed once is there for both
            for click in CLICKS:
                first.open(click.address)
        alone = Seen()
        _person(server, people[0], 0, 0.0, every / 8, lasts / 2, alone)  # the same clicks, more often: as many as can be in less time
        together, most = _together(server, people, every, lasts)
    ratio = p95(together.times) / p95(alone.times)
    peak = most / 2**30
    lines = [
        f"{sessions} sessions of a council of {CHILDREN:,} in care, each clicking every {every:.0f} s for {lasts:.0f} s on pages chosen at random: {len(together.times):,} clicks, "
        f"median {said(median(together.times))}, 95th percentile {said(p95(together.times))}, longest {said(max(together.times))}; one session: {len(alone.times)} clicks, median {said(median(alone.times))}, 95th percentile {said(p95(alone.times))}. "
        f"Each click’s page and child were checked: {len(together.wrong) + len(alone.wrong)} wrong or with an error. The server’s processes together held {peak:.2f} GB at most."
    ]
    lines += [f"- {text}" for text in (alone.wrong + together.wrong)[:5]]
    wrong = len(together.wrong) + len(alone.wrong)
    return [Row("sessions", f"{SESSIONS} sessions, each clicking every {EVERY:.0f} s", "one session", f"95th percentile ≤ {TIMES} ×, no error, ≤ {GB} GB",
                f"{ratio:.1f} ×: {said(p95(together.times))} against {said(p95(alone.times))}; {wrong} errors; {peak:.2f} GB", ratio <= TIMES and not wrong and peak <= GB, lines)]  # fmt: skip


def children(store: Store, many: int) -> list[tuple[str, str]]:
    """(child_id, name) of so many children in care."""
    return store.current().cursor().execute(
        f"SELECT child_id, forename || ' ' || surname FROM snapshot.cases WHERE care_ceased IS NULL ORDER BY child_id LIMIT {many}"
    ).fetchall()  # fmt: skip


def _together(server: Server, people: list[tuple[str, str]], every: float, lasts: float) -> tuple[Seen, int]:
    """-> what they saw, and the most memory that the server held."""
    found, most, done = Seen(), [server.memory()], threading.Event()

    def watch() -> None:
        while not done.wait(0.5):
            most.append(server.memory())

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    with ThreadPoolExecutor(len(people)) as pool:
        waiting = [pool.submit(_person, server, child, n, every * n / len(people), every, lasts, found) for n, child in enumerate(people)]
        for one in waiting:
            one.result()
    done.set()
    watcher.join()
    return found, max(most)


def _person(server: Server, child: tuple[str, str], number: int, delay: float, every: float, lasts: float, seen: Seen) -> None:
    """Comes after `delay`, opens This week, then clicks every `every` seconds. What is wrong is noted, with no name in it."""
    rng = Random(number)
    time.sleep(delay)
    with Visitor(server.url, patience=120) as visitor:
        try:
            visitor.open()
        except Exception as problem:
            seen.wrong.append(f"session {number}, opening: {type(problem).__name__}")
            return
        begin, n = time.monotonic(), 0
        while (rest := begin + (n + 1) * every - time.monotonic()) > -lasts and time.monotonic() - begin < lasts:
            time.sleep(max(rest, 0))
            n += 1
            click = rng.choice(CLICKS)
            try:
                seen.times.append(_do(visitor, click, child, rng.randrange(2)))
            except Exception as problem:
                seen.wrong.append(f"session {number}, {click.page}: {type(problem).__name__}")


def _do(visitor: Visitor, click, child: tuple[str, str], which: int) -> float:
    """A click on the page where the person is, if that is the page; otherwise the way there."""
    if click.page == "Child" and visitor.title != child[1]:
        run = visitor.open("child", child=child[0])
        right = child[1]
    elif visitor.title == click.page and click.page not in WIDE and (click.keys or click.widget):
        run = visitor.click(click.keys[which]) if click.keys else visitor.choose(click.widget, click.values[which])
        right = click.page
    elif click.page == "Child":
        run = visitor.choose(click.widget, click.values[which])
        right = child[1]
    else:
        run = visitor.follow(click.page)
        right = click.page
    if visitor.title != right:
        raise AssertionError("another page or another child")
    return run.seconds

