"""What a person sees when the machine fails them: a disk that can't be written or is full, a store that another process holds, a clock
that was set back. A sentence that says what is wrong and what to do, everything loaded before still there, and the load works once
the fault is mended.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import tasks
from cpm_metrics.store import Store
from tests.faults import versions
from tests.faults.forks import Copy, Forks
from tests.faults.test_killed_servers import CURRENT, shown
from tests.faults.uploading import LOAD, Loader
from tests.sessions import ROOT

HOLD = """
import sys
from pathlib import Path
from cpm_metrics.store.folder import Folder
with Folder(Path(sys.argv[1])).locked():
    print("held", flush=True)
    sys.stdin.read()
"""


def must(*command: object) -> None:
    done = subprocess.run([*([] if os.geteuid() == 0 else ["sudo", "-n"]), *map(str, command)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"this test needs to mount a small disk (root, or sudo without a password): {done.stderr}"


@pytest.fixture
def disk(tmp_path) -> Iterator[Path]:
    """A disk of 24 MB in memory."""
    mount = tmp_path / "disk"
    mount.mkdir()
    must("mount", "-t", "tmpfs", "-o", f"size=24m,mode=700,uid={os.geteuid()}", "tmpfs", mount)
    yield mount
    must("umount", "-l", mount)


@pytest.fixture
def served(disk, tmp_path) -> Iterator[tuple[Copy, Path, Forks]]:
    """A server with version 1, its store on the small disk."""
    with Forks(disk / "store", tmp_path) as forks:
        loading = forks.command("load", *versions.files(tmp_path / "sheets", 1), "--extract-date", versions.day(1))
        assert loading.wait() == 0, loading.log.read_text()
        server = forks.server()
        yield server, disk / "store", forks
        server.stop()


def tried(server: Copy, folder: Path, break_it: Callable[[], object], said: str, mend: Callable[[], object], early: bool = False) -> str:
    """Somebody brings version 2 and presses Load, when it is broken already (`early`) or breaks just before the click: `said` is on the page and
    version 1 still current. Once it is mended the next click loads it. -> the page with the message."""
    files = versions.files(folder, 2)
    with Loader(server.url, strict=False) as visitor:
        if early:
            break_it()
            visitor.bring(files, until=said)
        else:
            visitor.bring(files)
            break_it()
            visitor.press()
            visitor.until(said)
        text = visitor.text
        assert shown(server) == 1
        mend()
        if early:
            visitor.click("Try again")
            visitor.until(LOAD)
        else:
            visitor.rerun()
        visitor.press()
        visitor.until(CURRENT)
    assert shown(server) == 2
    assert "Inventedname" not in server.log.read_text()
    assert "Something went wrong" not in text
    return text


def test_a_disk_that_turned_read_only(served, disk, tmp_path):
    """As after a fault of the disk, or a restart with the wrong mount: the server comes up, shows what was loaded, and says what it can't do."""
    first, folder, forks = served
    first.stop()
    must("mount", "-o", "remount,ro", disk)
    server = forks.server()
    text = tried(server, tmp_path / "sheets", lambda: None, "can't be written to", lambda: must("mount", "-o", "remount,rw", disk), early=True)
    server.stop()
    assert "Everything loaded before is whole and still served" in text and "permission to write there" in text
    assert versions.in_store(Store(folder)) == 2


def test_a_disk_that_is_full(served, disk, tmp_path):
    """Between the preview and the click."""
    server, folder, _ = served

    def fill() -> None:
        with (disk / "filler").open("wb", buffering=0) as file, pytest.raises(OSError):
            while True:
                file.write(bytes(65536))

    text = tried(server, tmp_path / "sheets", fill, "Make room", (disk / "filler").unlink)
    assert "still served" in text
    assert versions.in_store(Store(folder)) == 2


def test_a_store_that_another_process_is_changing(served, tmp_path):
    """Refused at once, not waited for; reading goes on meanwhile."""
    server, folder, _ = served
    holding: list[subprocess.Popen] = []

    def hold() -> None:
        holding.append(subprocess.Popen([sys.executable, "-c", HOLD, str(folder)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
        assert holding[0].stdout.readline() == "held\n"

    text = tried(server, tmp_path / "sheets", hold, "Another load is being written", lambda: holding[0].communicate())
    assert "Try again in a minute" in text
    assert versions.in_store(Store(folder)) == 2


def faketime() -> str:
    """The library that tells a process another time, installed from Debian where it is missing."""
    def found() -> list[Path]:
        return sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))

    assert found() or (tasks.apt("faketime") and found()), "libfaketime is needed: as root, apt-get install faketime"
    return str(found()[0])


def test_a_clock_that_was_set_back(tmp_path):
    """A load was made while the clock ran 500 days ahead; now it is right, which is: set back. That load is still shown; a new one asks first
    and says why, and comes after it all the same; so does the next one. An extract of next year asks too."""
    folder = tmp_path / "store"
    ahead = {"LD_PRELOAD": faketime(), "FAKETIME": "+500d", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    load = [sys.executable, "-m", "cpm_metrics", "load", *versions.files(tmp_path / "sheets", 1), "--extract-date", str(versions.day(1)), "--store", str(folder)]
    subprocess.run(load, cwd=ROOT, env=os.environ | ahead, check=True, capture_output=True, timeout=60)
    assert Store(folder).current().info.loaded_at > datetime.now(UTC) + timedelta(days=400)
    with Forks(folder, tmp_path) as forks:
        server = forks.server()
        assert shown(server) == 1
        for version, reason in ((2, "has the clock been set back?"), (366, "is in the future: this computer says today is")):
            with Loader(server.url) as visitor:
                visitor.bring(versions.files(tmp_path / "sheets", version))
                visitor.press()
                visitor.until("This load is unusual")
                assert reason in visitor.text
                assert shown(server) < version
                visitor.click("Yes, load it all the same")
                visitor.until(CURRENT)
            assert shown(server) == version
        assert versions.in_store(Store(folder)) == 366
        assert versions.known(Store(folder).history()) == [366, 2, 1]
