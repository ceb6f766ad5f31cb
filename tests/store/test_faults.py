"""Whatever goes wrong, a reader sees the load before or the load after, whole; and the message says what to do."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy.exc
import store_making
from store_making import EXTRACT, name_of, prepared, seen

from cpm_metrics.errors import StoreProblem
from cpm_metrics.store import DamagedStore, Store, build, folder, loads
from cpm_metrics.store.backup import check
from cpm_metrics.store.state import FILE

KILLS = int(os.environ.get("CPM_TEST_KILLS", "40"))
ROOT = Path(__file__).parents[2]


def process(*args: object) -> subprocess.Popen:
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    return subprocess.Popen(
        [sys.executable, store_making.__file__, *map(str, args)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": path},
    )  # fmt: skip


def finished(child: subprocess.Popen) -> dict:
    out, err = child.communicate(timeout=600)
    assert child.returncode == 0, err
    return json.loads(out)


def bytes_of(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store")


@pytest.fixture
def two_loads(store):
    """A store, its earlier and its current load."""
    first = store.commit(prepared(1), EXTRACT - timedelta(days=7), "Ann")
    return store, first, store.commit(prepared(2), EXTRACT, "Ann")


# -- killed


def test_killed_at_any_moment_the_data_are_those_before_or_those_after(tmp_path, record_property):
    result = finished(process("kill-loop", tmp_path, KILLS, 20261122))
    record_property("kills", KILLS)
    assert result["bad"] == []
    assert sum(result["tally"].values()) == KILLS
    assert result["tally"]["old"] > 0
    # The load that comes after clears what the killed ones left: no name of theirs is in any file.
    ids = {info.load_id for info in Store(tmp_path).history()}
    assert {path.stem for path in (tmp_path / "snapshots").iterdir()} == ids
    assert list((tmp_path / "building").iterdir()) == []


@pytest.mark.parametrize("stage", ["checking", "writing", "making current", "switch"])
def test_killed_at_a_known_stage_nothing_has_changed_and_no_name_is_left(store, stage):
    store.commit(prepared(1), EXTRACT, "Ann")

    child = process("die-at", store.folder, stage)
    assert child.wait() == -signal.SIGKILL, child.communicate()
    assert seen(store.folder)["cases"]["versions"] == [name_of(1)]
    store.commit(prepared(3), EXTRACT, "Ann")
    assert name_of(2).encode() not in bytes_of(store.folder)
    assert name_of(3).encode() in bytes_of(store.folder)  # the search would find one


def test_a_load_that_crashed_between_publishing_and_switching_is_no_load(store):
    first = store.commit(prepared(1), EXTRACT, "Ann")
    process("die-at", store.folder, "switch").wait()
    assert len(list(store.folder.glob("snapshots/*.duckdb"))) == 2
    assert Store(store.folder).history() == [first]
    assert Store(store.folder).current().info == first
    store.commit(prepared(3), EXTRACT, "Ann")
    assert len(list(store.folder.glob("snapshots/*.duckdb"))) == 2


def test_a_load_that_fails_at_the_switch_leaves_nothing_behind(store, monkeypatch):
    store.commit(prepared(1), EXTRACT, "Ann")

    def full(load_id):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store._files, "point_to", full)
    with pytest.raises(StoreProblem, match="is full"):
        store.commit(prepared(2), EXTRACT, "Ann")
    assert len(list(store.folder.glob("snapshots/*.duckdb"))) == 1
    assert name_of(2).encode() not in bytes_of(store.folder)


def test_a_fault_of_the_disk_after_the_switch_does_not_say_that_nothing_was_loaded(store, monkeypatch):
    store.commit(prepared(1), EXTRACT, "Ann")
    before = store.current().info.load_id
    sync = folder.sync

    def fails(path):
        if path == store.folder and store._files.current_id() != before:
            raise OSError(28, "No space left on device")
        sync(path)

    monkeypatch.setattr(folder, "sync", fails)
    with pytest.raises(StoreProblem, match="is made and is the current one, but the disk") as raised:
        store.commit(prepared(2), EXTRACT, "Ann")
    assert "nothing was changed" not in str(raised.value)
    monkeypatch.undo()
    assert name_of(2).encode() in bytes_of(store.folder)
    assert Store(store.folder).current().info.previous == before
    assert [f.wrong for f in check(store) if f.wrong] == []


# -- two at once


def test_of_two_loads_at_once_one_wins_and_the_other_says_so_while_readers_read(store, tmp_path):
    first = store.commit(prepared(1), EXTRACT, "Ann")
    gate = tmp_path / "gate"
    gate.mkdir()
    other = process("load-and-wait", store.folder, gate)
    while not (gate / "inside").exists():
        assert other.poll() is None, other.communicate()
        time.sleep(0.02)
    began = time.monotonic()
    with pytest.raises(StoreProblem, match="Another load is being written .* Try again in a minute"):
        store.commit(prepared(3), EXTRACT, "Bob")
    with pytest.raises(StoreProblem, match="Another load"):
        store.undo("Bob")
    assert time.monotonic() - began < 2
    assert store.current().info == first
    assert seen(store.folder)["meetings"]["versions"] == [name_of(1)]
    (gate / "go").touch()
    won = finished(other)["load_id"]
    assert store.current().info.load_id == won
    assert [info.load_id for info in store.history()] == [won, first.load_id]


# -- no room, no permission


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 16 MB in memory."""
    mount = tmp_path / "disk"
    mount.mkdir()
    make = ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(mount)]
    if not shutil.which("mount") or subprocess.run(make, check=False, capture_output=True).returncode:
        pytest.skip("mounting is not permitted here; the tests with a limit on file size run everywhere")
    yield mount
    subprocess.run(["mount", "-o", "remount,rw", str(mount)], check=False, capture_output=True)
    subprocess.run(["umount", "-l", str(mount)], check=True)


def test_too_little_room_is_said_before_anything_is_written(small_disk):
    store = Store(small_disk / "store")
    store.commit(prepared(1), EXTRACT, "Ann")
    (small_disk / "filler").write_bytes(bytes(13_500_000))
    with pytest.raises(
        StoreProblem, match=r"not enough room .* needs 3.0 MB free, and \d\.\d MB is.*still served.*Make room"
    ):
        store.commit(prepared(2), EXTRACT, "Ann")
    assert seen(store.folder)["cases"]["versions"] == [name_of(1)]
    (small_disk / "filler").unlink()
    store.commit(prepared(2), EXTRACT, "Ann")


def test_a_disk_that_fills_up_during_a_load_leaves_the_old_data_served(small_disk):
    store = Store(small_disk / "store")
    store.commit(prepared(1), EXTRACT, "Ann")

    def fill(stage, done, total):
        if stage == "writing" and done == 0:
            with open(small_disk / "filler", "wb", buffering=0) as file:
                while file.write(bytes(4096)) == 4096:
                    pass

    with pytest.raises(StoreProblem, match="is full.*still served.*Make room") as problem:
        store.commit(prepared(2), EXTRACT, "Ann", progress=lambda *step: _but_no_error(fill, *step))
    assert name_of(2) not in str(problem.value)
    assert seen(store.folder)["cases"]["versions"] == [name_of(1)]
    assert list((store.folder / "building").iterdir()) == []
    (small_disk / "filler").unlink()
    store.commit(prepared(2), EXTRACT, "Ann")


def fill(disk: Path) -> None:
    with open(disk / "filler", "wb", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(bytes(4096)) == 4096:
            pass


def test_a_process_that_starts_on_a_full_disk_serves_the_old_data_and_settings(small_disk):
    """SQLite makes two files beside its own even to read, and a full disk has no room for them."""
    store = Store(small_disk / "store")
    first = store.commit(prepared(1), EXTRACT, "Ann")
    store.state.set_setting("cpm.limit", 10, "Ann", "council policy")
    store.state.close()
    assert not list(store.folder.glob("state.sqlite-*"))
    fill(small_disk)
    reader = Store(store.folder)
    assert reader.state.settings() == {"cpm.limit": 10}
    assert reader.state.audit()[0].what == "setting changed"
    assert reader.current().info == first
    with pytest.raises(StoreProblem, match=r"is full.*still served.*Make room on it \(10.0 MB at least\)"):
        reader.state.set_setting("cpm.limit", 12, "Ann", "")
    (small_disk / "filler").unlink()
    Store(store.folder).state.set_setting("cpm.limit", 12, "Ann", "")
    assert reader.state.settings() == {"cpm.limit": 12}  # the same reader, now that there is room


@pytest.mark.parametrize("how", ["full", "read-only"])
def test_check_calls_a_good_store_whole_on_a_full_disk_and_in_a_folder_that_cannot_be_written(small_disk, how):
    store = Store(small_disk / "store")
    store.commit(prepared(1), EXTRACT, "Ann")
    store.state.close()
    if how == "full":
        fill(small_disk)
    else:
        subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    found = check(Store(store.folder))
    assert [finding.wrong for finding in found if finding.wrong] == []
    assert "the current load opens" in [finding.what for finding in found]


def test_check_tells_settings_that_cannot_be_opened_from_damaged_ones(small_disk):
    store = Store(small_disk / "store")
    store.commit(prepared(1), EXTRACT, "Ann")
    store.state.close()
    log = small_disk / f"store/{FILE}-wal"
    log.write_bytes(b"x" * 5000)  # a log without its index, which a full disk has no room to make
    fill(small_disk)
    (wrong,) = [finding.wrong for finding in check(Store(store.folder)) if finding.wrong]
    assert "could not be opened, so it was not checked (the disk is full)" in wrong
    log.unlink()
    with (store.folder / FILE).open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * 4096)
    (wrong,) = [finding.wrong for finding in check(Store(store.folder)) if finding.wrong]
    assert wrong == f"The file {FILE} is damaged."


def test_settings_that_a_full_disk_keeps_from_being_read_are_not_called_damaged(small_disk):
    """What was written last is still in the log, and SQLite can't read that without room. Nobody is told to move a good file away."""
    store = Store(small_disk / "store")
    store.commit(prepared(1), EXTRACT, "Ann")
    store.state.close()
    folder, other = store.folder, small_disk / "other"
    other.mkdir()
    with contextlib.closing(sqlite3.connect(folder / FILE)) as con:
        con.execute("INSERT INTO settings VALUES ('late', '1', 'Ann', '2026-01-01', '')")
        con.commit()
        for name in (FILE, f"{FILE}-wal"):
            shutil.copy(folder / name, other / name)
    for path in other.iterdir():
        shutil.move(path, folder / path.name)
    fill(small_disk)
    with pytest.raises(StoreProblem, match=r"because the disk that holds it is full. Nothing in them is damaged. Free 10.0 MB") as problem:
        Store(folder).state.settings()
    assert "backup" not in str(problem.value)
    (small_disk / "filler").unlink()
    assert Store(folder).state.settings() == {"late": 1}


def test_settings_that_are_locked_or_closed_to_this_account_are_not_called_damaged(store, monkeypatch):
    store.state.set_setting("cpm.limit", 10, "Ann", "")
    store.state.close()
    for said, words in (("database is locked", "another process is changing them"), ("unable to open database file", "says nothing about what is in it")):
        def refuse(*_, said=said, **__):
            raise sqlalchemy.exc.OperationalError("", {}, sqlite3.OperationalError(said))

        with monkeypatch.context() as patch:
            patch.setattr(store.state, "transaction", refuse)
            with pytest.raises(StoreProblem, match=words) as problem:
                store.state.settings()
        assert "backup" not in str(problem.value)


def _but_no_error(work, *args) -> None:
    with contextlib.suppress(OSError):
        work(*args)


def test_a_read_only_folder_is_served_and_says_what_is_needed(small_disk):
    store = Store(small_disk / "store")
    first = store.commit(prepared(1), EXTRACT, "Ann")
    store.state.set_setting("cpm.limit", 10, "Ann", "council policy")
    store.state.close()
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    reader = Store(small_disk / "store")
    assert reader.current().table("cases").num_rows == 100
    assert reader.history() == [first]
    assert reader.state.settings() == {"cpm.limit": 10}
    for change in (lambda: reader.commit(prepared(2), EXTRACT, "Ann"), lambda: reader.undo("Ann"),
                   lambda: reader.state.set_setting("cpm.limit", 12, "Ann", "")):  # fmt: skip
        with pytest.raises(StoreProblem, match="can't be written to.*still served.*permission"):
            change()


@pytest.mark.skipif(os.name == "nt", reason="limits of this kind are POSIX")
@pytest.mark.parametrize("limit", [5_000, 300_000, 1_500_000])
def test_files_that_may_not_grow_leave_the_old_data_served(store, limit):
    store.commit(prepared(1), EXTRACT, "Ann")
    found = finished(process("small-files", store.folder, limit))
    assert found["error"] == "StoreProblem"
    assert "still served" in found["text"]
    assert "Inventedname" not in found["text"]
    assert seen(store.folder)["cases"]["versions"] == [name_of(1)]
    assert len(list(store.folder.glob("snapshots/*.duckdb"))) == 1
    assert list((store.folder / "building").iterdir()) == []


@pytest.mark.parametrize("inside", ["", "store"])
def test_a_store_that_is_no_folder_is_said(tmp_path, inside):
    (tmp_path / "notes.txt").write_text("not a folder")
    store = Store(tmp_path / "notes.txt" / inside)
    assert store.current() is None
    with pytest.raises(StoreProblem, match="is not a folder.*--store"):
        store.commit(prepared(1), EXTRACT, "Ann")


# -- damaged


@pytest.mark.parametrize(
    "content", [b"", b"\x00\xff\xfe", b"../../etc/passwd", b"20260101T000000000000Z-zzzzzzzz", None]
)
def test_a_damaged_or_missing_pointer_offers_the_last_good_load(two_loads, content):
    store, first, second = two_loads
    pointer = store.folder / "current"
    pointer.unlink() if content is None else pointer.write_bytes(content)
    for ask in (store.current, lambda: store.commit(prepared(3), EXTRACT, "Ann"), lambda: store.undo("Ann")):
        with pytest.raises(DamagedStore, match="31 January 2026.*recover") as damaged:
            ask()
        assert damaged.value.last_good == second
    assert [info.load_id for info in store.history()] == [second.load_id, first.load_id]
    assert store.recover("Ann") == second
    assert seen(store.folder)["cases"]["versions"] == [name_of(2)]
    assert store.state.audit()[0].what == "recover"


def test_a_damaged_pointer_after_an_undo_does_not_bring_the_undone_load_back(two_loads):
    store, first, _ = two_loads
    store.undo("Ann")
    (store.folder / "current").write_text("?")
    assert store.recover("Ann").load_id == first.load_id


def test_a_pointer_to_a_load_that_never_was_offers_the_last_good_one(two_loads):
    store, _, second = two_loads
    (store.folder / "current").write_text("20990101T000000000000Z-00000000\n")
    with pytest.raises(DamagedStore) as damaged:
        store.current()
    assert damaged.value.last_good.load_id == second.load_id
    assert store.recover("Ann").load_id == second.load_id


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def scribble(path: Path) -> None:
    """Same length, other bytes."""
    path.write_bytes(os.urandom(path.stat().st_size))


@pytest.mark.parametrize("harm", [cut, empty, scribble, Path.unlink])
def test_a_damaged_or_missing_snapshot_offers_the_last_good_load(two_loads, harm):
    store, first, second = two_loads
    harm(store.folder / "snapshots" / f"{second.load_id}.duckdb")
    store = Store(store.folder)
    for ask in (store.current, lambda: store.commit(prepared(3), EXTRACT, "Ann")):
        with pytest.raises(
            DamagedStore, match="The load of 31 January 2026 .*(damaged|missing).*24 January 2026"
        ) as damaged:
            ask()
        assert damaged.value.last_good == first
    assert store.recover("Ann") == first
    assert seen(store.folder)["cases"]["versions"] == [name_of(1)]
    # The next load builds on the good one; the damaged one stays in the history, marked.
    third = store.commit(prepared(3), EXTRACT, "Ann")
    assert third.previous == first.load_id
    assert [(info.load_id, info.undone) for info in store.history()][1] == (second.load_id, True)


def test_recover_skips_a_load_with_one_changed_byte(two_loads):
    """A byte that DuckDB would not look at before a query reaches it: the record's SHA-256 tells."""
    store, first, second = two_loads
    path = store.folder / "snapshots" / f"{second.load_id}.duckdb"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    (store.folder / "current").write_text("?")
    assert Store(store.folder).recover("Ann") == first


def other_byte(path: Path, part: float) -> None:
    """One byte changed, at unchanged length; not in the last, which may belong to nothing."""
    with path.open("r+b") as file:
        file.seek(int(path.stat().st_size * part))
        byte = file.read(1)[0]
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte ^ 0xFF]))


@pytest.fixture
def served(two_loads, monkeypatch):
    """The store of `two_loads` as the pages have it."""
    pytest.importorskip("streamlit")
    from pages._server import people

    store, first, second = two_loads
    monkeypatch.setattr(people, "whole_store", lambda: store)
    return store, first, second


@pytest.mark.parametrize("part", [0.0, 0.001, 0.1, 0.3, 0.5, 0.7, 0.999])
@pytest.mark.parametrize("open_before", [True, False])
def test_one_changed_byte_offers_the_last_good_load_and_the_server_is_not_well(served, part, open_before):
    """Found at the next page, not when a query comes to the byte; and a load of some datasets does not build on it."""
    from pages._server import health

    store, first, second = served
    if open_before:
        assert store.current().table("cases").num_rows == 100
        assert health.state() == ("ok", 200)
    other_byte(store.folder / "snapshots" / f"{second.load_id}.duckdb", part)
    only_cases = prepared(3, cases=store_making.cases(version=3))
    for ask in (store.current, lambda: store.commit(only_cases, EXTRACT, "Ann", confirmed=True), lambda: Store(store.folder).current()):
        with pytest.raises(DamagedStore, match="The load of 31 January 2026 .* is damaged .*24 January 2026.*recover") as damaged:
            ask()
        assert "still served" not in str(damaged.value)
        assert damaged.value.last_good == first
    assert health.state() == ("store can't be read", 503)
    assert store.recover("Ann") == first
    assert health.state() == ("ok", 200)


@pytest.mark.parametrize("recorded", [True, False])
def test_damage_under_a_file_that_looks_the_same_is_said_when_it_is_read(served, monkeypatch, recorded):
    """A disk that rots changes no date. What DuckDB stumbles over is looked into, and from then on the load is damaged everywhere."""
    from cpm_metrics.engine import compute
    from pages._server import health

    store, first, second = served
    monkeypatch.setattr("cpm_metrics.store.folder._which", lambda path: (0,) if path.exists() else None)
    if not recorded:
        (store.folder / "snapshots" / f"{second.load_id}.json").unlink()
    path = store.current().path
    before = store.snapshot(second.load_id)
    for part in range(30, 95):
        other_byte(path, part / 100)
    says = f"The load .*{second.load_id}.* is damaged .*24 January 2026"
    with pytest.raises(DamagedStore, match=says):
        compute(before) if recorded else before.table("meetings")
    only_cases = prepared(3, cases=store_making.cases(version=3))
    with pytest.raises(DamagedStore, match=says) as damaged:
        Store(store.folder).commit(only_cases, EXTRACT, "Ann", confirmed=True)
    assert damaged.value.last_good == first
    with pytest.raises(DamagedStore, match=says):
        store.current()
    assert health.state() == ("store can't be read", 503)


def test_a_file_that_was_read_once_is_not_read_again_for_each_question(two_loads, monkeypatch):
    store, _, _ = two_loads
    store.current()

    def never(path):
        raise AssertionError(path)

    monkeypatch.setattr("cpm_metrics.store.folder.sha256", never)
    assert store.current().table("cases").num_rows == 100
    assert Store(store.folder).current().loaded()


def test_recover_of_a_whole_store_changes_nothing(two_loads):
    store, _, second = two_loads
    assert store.recover("Ann") == second
    assert not any(info.undone for info in store.history())


def test_where_nothing_can_be_read_it_says_to_restore_a_backup(two_loads):
    store, first, second = two_loads
    for info in (first, second):
        empty(store.folder / "snapshots" / f"{info.load_id}.duckdb")
    store = Store(store.folder)
    for ask in (store.current, lambda: store.recover("Ann")):
        with pytest.raises(DamagedStore, match="restore the store's folder from a backup") as damaged:
            ask()
        assert damaged.value.last_good is None


def test_undo_to_a_damaged_load_is_refused(two_loads):
    store, first, second = two_loads
    cut(store.folder / "snapshots" / f"{first.load_id}.duckdb")
    with pytest.raises(StoreProblem, match="24 January 2026 .* is damaged .*not undone"):
        store.undo("Ann")
    assert store.current().info == second


@pytest.mark.parametrize("content", [None, b"", b"[]", b'{"load": 1}'])
def test_a_lost_or_damaged_record_is_read_from_the_snapshot_itself(two_loads, content):
    store, first, second = two_loads
    for info in (first, second):
        record = store.folder / "snapshots" / f"{info.load_id}.json"
        record.unlink() if content is None else record.write_bytes(content)
    store = Store(store.folder)
    assert store.current().info == second
    assert store.history() == [second, first]
    assert store.undo("Ann") == first


def test_leftovers_of_a_crash_do_not_make_an_empty_store_look_damaged(store):
    """The very first load crashed just before its switch."""
    store.commit(prepared(1), EXTRACT, "Ann")
    (store.folder / "current").write_text("none\n")
    assert Store(store.folder).current() is None
    assert Store(store.folder).history() == []


# -- other versions


def test_a_store_from_a_newer_version_says_to_update(store, monkeypatch):
    monkeypatch.setattr(loads.LoadInfo.__init__, "__defaults__", (False, 99))
    store.commit(prepared(1), EXTRACT, "Ann")
    monkeypatch.undo()
    for ask in (store.current, lambda: store.commit(prepared(2), EXTRACT, "Ann")):
        with pytest.raises(StoreProblem, match=r"newer version of this program \(store version 99; this one knows 1\)"):
            ask()


def test_a_store_from_an_older_version_is_brought_up_to_date_as_a_new_load(store, monkeypatch):
    old = store.commit(prepared(1), EXTRACT, "Ann")
    monkeypatch.setattr("cpm_metrics.store.store.SCHEMA_VERSION", 2)
    monkeypatch.setattr(build, "SCHEMA_VERSION", 2)
    monkeypatch.setattr(build, "UPGRADES", {1: ("ALTER TABLE cases ADD COLUMN passport VARCHAR DEFAULT 'none'",)})
    newer = Store(store.folder)
    snapshot = newer.current()
    assert snapshot.info.previous == old.load_id
    assert snapshot.info.schema_version == 2
    assert snapshot.info.extract_date == EXTRACT
    assert snapshot.table("cases")["passport"].to_pylist() == ["none"] * 100
    assert newer.current().info.load_id == snapshot.info.load_id
    assert len(newer.history()) == 2


def test_a_store_that_is_too_old_says_to_load_again(store, monkeypatch):
    store.commit(prepared(1), EXTRACT, "Ann")
    monkeypatch.setattr("cpm_metrics.store.store.SCHEMA_VERSION", 2)
    with pytest.raises(StoreProblem, match="too old.*Load its files again"):
        Store(store.folder).current()


def test_errors_never_quote_the_data(store):
    """A table that doesn't fit its columns is a mistake of ours, but DuckDB's message would quote the cell."""
    wrong = prepared(1)
    at = wrong.tables["cases"].schema.get_field_index("complex_case")
    wrong.tables["cases"] = wrong.tables["cases"].set_column(at, "complex_case", [["Inventedname0001"] * 100])
    with pytest.raises(StoreProblem) as problem:
        store.commit(wrong, EXTRACT, "Ann")
    assert "Inventedname" not in str(problem.value)
    assert problem.value.__cause__ is None and problem.value.__suppress_context__
