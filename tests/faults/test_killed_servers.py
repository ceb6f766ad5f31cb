"""The server, or the command that loads, is killed with -9 at a random moment, again and again.

After each kill: every load that was ever current is still there, byte for byte; the current one is that before or that after, whole; and the
page, of a fresh server where the server was killed, shows it. `CPM_KILLS=200` for the full run; its counts stand in docs/assurance.md.
"""

from __future__ import annotations

import os
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil
from websockets.exceptions import ConnectionClosed

from cpm_metrics.store import Store, backup
from tests.faults import versions
from tests.faults.forks import Copy, Forks
from tests.faults.uploading import Loader
from tests.sessions import PageError, Visitor

KILLS = int(os.environ.get("CPM_KILLS", "12"))
SEED = 20261122
CURRENT = "is now current"


def shown(server: Copy) -> int:
    """The version on the first page, as somebody sees it who opens it now."""
    with Visitor(server.url) as visitor:
        visitor.open("")
        return versions.on_page(visitor.text)


class Rounds:
    """Each gives (whether the new load was announced before the kill, whether the kill came while something ran)."""

    def __init__(self, forks: Forks, folder: Path) -> None:
        self.forks, self.folder, self.rng = forks, folder, random.Random(SEED)
        self.server = forks.server()
        self.children: set[int] = set()
        self.usual_command = timed(lambda: self.command(1).wait())
        with Loader(self.server.url) as visitor:
            visitor.bring(versions.files(folder, 2))
            self.usual_page = timed(lambda: (visitor.press(), visitor.until(CURRENT)))

    def command(self, version: int) -> Copy:
        files = versions.files(self.folder, version)
        return self.forks.command("load", *files, "--extract-date", versions.day(version))

    def server_loading_through_the_page(self, version: int) -> tuple[bool, bool]:
        """From the click on Load; now and then from the moment the files are dropped."""
        announced, early = False, self.rng.random() < 0.15
        wait = self.rng.uniform(0, self.usual_page * (4 if early else 1.3))
        died: list[bool] = []
        timer = threading.Timer(wait, lambda: died.append(self.kill_server()))
        try:
            with suppress(ConnectionClosed, PageError, OSError), Loader(self.server.url) as visitor:
                if early:
                    timer.start()
                visitor.bring(versions.files(self.folder, version))
                if not early:
                    timer.start()
                visitor.press()
                visitor.until(CURRENT)
                announced = True
        finally:
            timer.join()
        return announced, bool(died) and not announced

    def server_while_the_command_line_loads(self, version: int) -> tuple[bool, bool]:
        loading = self.command(version)
        time.sleep(self.rng.uniform(0, self.usual_command))
        running = loading.running()
        self.kill_server()
        assert loading.wait() == 0, loading.log.read_text()
        return True, running

    def command_line_while_the_server_serves(self, version: int) -> tuple[bool, bool]:
        loading = self.command(version)
        time.sleep(self.rng.uniform(0, self.usual_command * 1.1))
        running = loading.kill()
        return loading.wait() == 0, running

    def kill_server(self) -> bool:
        self.children |= {child.pid for child in psutil.Process(self.server.pid).children(recursive=True)}
        return self.server.kill()


def timed(work: Callable[[], object]) -> float:
    began = time.monotonic()
    work()
    return time.monotonic() - began


def test_killed_at_any_moment_no_load_is_lost_and_none_is_there_by_half(tmp_path, record_property):
    tally: Counter[str] = Counter()
    with Forks(tmp_path / "store", tmp_path) as forks:
        rounds = Rounds(forks, tmp_path / "sheets")
        kinds = (rounds.server_loading_through_the_page, rounds.server_while_the_command_line_loads, rounds.command_line_while_the_server_serves)
        kept = [2, 1]
        assert versions.known(Store(tmp_path / "store").history()) == kept
        for number in range(KILLS):
            kind, version = kinds[number % len(kinds)], number + 3
            announced, in_time = kind(version)
            if not rounds.server.running():
                rounds.server = forks.server()
            now = shown(rounds.server)
            assert now == version if announced else now in (kept[0], version), (number, kind.__name__)
            if now == version:
                kept.insert(0, version)
            store = Store(tmp_path / "store")
            assert versions.in_store(store) == now
            assert versions.known(store.history()) == kept, (number, kind.__name__)
            tally[kind.__name__.replace("_", " ")] += 1
            tally["kills while it ran" if in_time else "kills a moment too late"] += 1
            tally["new load there" if now == version else "old load there"] += 1
        assert [finding for finding in backup.check(Store(tmp_path / "store")) if finding.wrong] == []
        rounds.server.stop()
        end = time.monotonic() + 20
        while left := {pid for pid in rounds.children if psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE}:
            assert time.monotonic() < end, f"the killed servers left {left} behind"
            time.sleep(0.1)
    record_property("kills", KILLS)
    record_property("loads kept", len(kept))
    for what, times in sorted(tally.items()):
        record_property(what, times)
    assert tally["kills while it ran"] > KILLS / 2
    assert tally["new load there"] and tally["old load there"], tally
