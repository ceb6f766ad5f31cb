"""Encrypting, re-keying, erasing, deleting and upgrading a whole store: killed anywhere, on a full disk, or beside another process, every
load stays whole and readable, and the same command goes on where it stopped."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import rewriting
from store_making import EXTRACT, prepared, seen

from cpm_metrics.errors import StoreProblem
from cpm_metrics.store import Store
from cpm_metrics.store import key as keys
from cpm_metrics.store.backup import check

ROOT = Path(__file__).parents[2]
PATH = os.pathsep.join([str(ROOT), str(Path(__file__).parent)])
# With CPM_TEST_KILLS=200 or more: before every step of every task.
EVERYWHERE = int(os.environ.get("CPM_TEST_KILLS", "0")) >= 200
KEY = keys.read(rewriting.OLD, "test")


@pytest.fixture(autouse=True)
def no_key_from_outside(monkeypatch):
    for name in [name for name in os.environ if name.startswith("CPM_") and name != "CPM_TEST_KILLS"]:
        monkeypatch.delenv(name)


@pytest.mark.parametrize("task", rewriting.TASKS if EVERYWHERE else ["rekey", "erase", "retain", "upgrade"])
def test_killed_before_any_step_every_load_is_whole_and_the_same_command_finishes(task, tmp_path, record_property):
    done = subprocess.run([sys.executable, rewriting.__file__, task, str(tmp_path), "0" if EVERYWHERE else "2"], capture_output=True, text=True, env=os.environ | {"PYTHONPATH": PATH}, check=False, timeout=1800)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    record_property("kills", len(found["tries"]))
    assert found["steps"] > 8
    assert len(found["tries"]) >= 2
    known = [*(found["before"] or found["after"])["loads"], *found["after"]["loads"]]
    for tried in found["tries"]:
        assert tried["died"] == {"died": True}
        look, last = tried["seen"], tried["last"]
        assert "died" not in look, tried["at"]
        assert look["wrong"] == last["wrong"] == []
        assert all(load in known for load in look["loads"]), tried["at"]  # each as it was before, or as it is to be
        assert look["current"] == last["current"]
        assert "about the other" in look["notes"]
        # An upgrade that was killed just before its switch has a line in the audit, and the next one its own.
        assert last | {"audit": list(dict.fromkeys(last["audit"]))} == found["after"], tried["at"]
        assert not last["unfinished"]


# -- room


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 24 MB in memory."""
    mount = tmp_path / "disk"
    mount.mkdir()
    make = ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(mount)]
    if not shutil.which("mount") or subprocess.run(make, check=False, capture_output=True).returncode:
        pytest.skip("mounting is not permitted here; the kill loops above run everywhere")
    yield mount
    subprocess.run(["umount", "-l", str(mount)], check=True)


def fill(disk: Path, but: int) -> None:
    """Leave that many bytes free."""
    (disk / "filler").unlink(missing_ok=True)
    (disk / "filler").write_bytes(bytes(max(0, shutil.disk_usage(disk).free - but)))


@pytest.mark.parametrize("task", ["encrypt", "erase"])
def test_a_disk_that_is_full_stops_it_and_nothing_is_lost(small_disk, monkeypatch, task):
    """Full from the beginning: nothing is begun or it says so. Full after the first load: it is unfinished, everything is served, and the same command finishes."""
    rewriting.make(small_disk / "store", None)
    store = Store(small_disk / "store")

    def do() -> object:
        return Store(store.folder).encrypt(KEY, "Ann") if task == "encrypt" else Store(store.folder).erase(rewriting.CHILD, "Ann", "IG-1")

    fill(small_disk, 2_000_000)
    with pytest.raises(StoreProblem, match="not enough room|is full"):
        do()
    if task == "encrypt":
        monkeypatch.setenv("CPM_KEY", rewriting.OLD)
    assert len(Store(store.folder).history()) == 2
    assert Store(store.folder).current().table("cases").num_rows >= 19
    assert Store(store.folder).state.notes()
    with pytest.raises(StoreProblem, match=r"begun and is not finished.*Make room.*goes on where it stopped"):
        do()
    assert any("begun and is not finished" in finding.wrong for finding in check(Store(store.folder)))
    (small_disk / "filler").unlink()
    assert do()
    assert [finding.wrong for finding in check(Store(store.folder)) if finding.wrong] == []
    assert Store(store.folder).current().table("cases").num_rows == (20 if task == "encrypt" else 19)


# -- beside others


def test_a_load_that_is_being_written_keeps_them_out_and_the_other_way_round(tmp_path):
    store = Store(tmp_path / "store")
    store.commit(prepared(1), EXTRACT, "Ann")
    with store._files.locked():
        for way in (lambda: store.encrypt(KEY, "Ann"), lambda: store.erase("00007", "Ann", "IG-1"), lambda: store.retain(1, "Ann"), lambda: store.delete_load("x", "Ann")):
            with pytest.raises(StoreProblem, match="Another load is being written"):
                way()
    assert not (store.folder / "encryption.json").exists()


def test_readers_in_other_processes_see_every_load_whole_while_the_store_is_rewritten(tmp_path, monkeypatch):
    """Two readers ask all the time while a child is erased, and then every file encrypted once more, by another process."""
    monkeypatch.setenv("CPM_KEY", rewriting.OLD)
    rewriting.make(tmp_path / "store", rewriting.OLD)
    monkeypatch.setenv("CPM_KEY", rewriting.OLD)
    stop, found, wrong = threading.Event(), set(), []

    def read() -> None:
        store = Store(tmp_path / "store")
        while not stop.wait(0.05):
            try:
                found.add(store.current().cursor().execute("SELECT count(*), count(DISTINCT child_id), min(forename) FROM snapshot.cases").fetchone())
                store.state.notes("00008")[0]
                store.history()
            except Exception as error:
                wrong.append(repr(error))

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    try:
        code = "import sys; from cpm_metrics.store import Store, key; s = Store(sys.argv[1]); s.erase('00007', 'Ann', 'IG-1'); s.encrypt(key.from_environment(), 'Ann')"
        done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "store")], cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    finally:
        stop.set()
        for reader in readers:
            reader.join()
    assert wrong == []
    assert found == {(20, 20, "Inventedname0002"), (19, 19, "Inventedname0002")}


def test_a_load_after_a_crash_finishes_what_was_begun_first(tmp_path):
    """An erasure that was killed half-way is finished by the next load, which doesn't bring the child along."""
    rewriting.make(tmp_path / "store", None)
    code = "import sys, pathlib, rewriting; rewriting.work(pathlib.Path(sys.argv[1]), None, 'erase', 8)"
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "store")], env=os.environ | {"PYTHONPATH": PATH}, check=False)
    assert done.returncode == -signal.SIGKILL
    store = Store(tmp_path / "store")
    assert (store.folder / "pending.json").exists()
    store.commit(prepared(3, meetings=store.current().table("meetings").slice(0, 0)), EXTRACT, "Ann", confirmed=True)
    assert not (store.folder / "pending.json").exists()
    for info in store.history():
        assert rewriting.CHILD not in store.snapshot(info.load_id).children()
    assert [line.what for line in store.state.audit(2)] == ["load", "child erased"]
    assert seen(store.folder)["cases"]["rows"] == [19, 19]
