"""Backup, restore and check: by restoring, and by damaging every kind of file."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from datetime import date
from pathlib import Path

import pytest

from cpm_metrics import sample
from cpm_metrics.engine import compute
from cpm_metrics.errors import CpmError, StoreProblem
from cpm_metrics.extracts.prepare import prepare
from cpm_metrics.extracts.problems import InputFile
from cpm_metrics.store import Store
from cpm_metrics.store.backup import MANIFEST, backup, check, restore
from cpm_metrics.views import contract

ROOT = Path(__file__).resolve().parents[2]
EXTRACT = date(2026, 11, 20)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return [InputFile(path.name, path) for path in sample.write(tmp_path_factory.mktemp("files"), children=12, seed=3, extract_date=EXTRACT)]


@pytest.fixture
def store(tmp_path, files) -> Store:
    """Two loads, one of them undone, a setting and its audit."""
    out = Store(tmp_path / "store")
    for _ in range(2):
        out.commit(prepare(files), EXTRACT, "Ann", confirmed=True)
    out.undo("Ann")
    out.state.set_setting("initial-cpm.limit", {"amount": 12, "unit": "working days"}, "Ann", "policy")
    return out


def wrong(store: Store) -> list[str]:
    return [finding.wrong for finding in check(store) if finding.wrong]


def test_what_comes_back_is_what_was_backed_up(store, tmp_path):
    """Every row of every obligation, the history with its undone load, the settings and the audit; for this account only."""
    assert backup(store, tmp_path / "b.zip", "Ann") == 2
    back = restore(tmp_path / "b.zip", tmp_path / "back" / "store", "Bob")
    assert contract.obligations(compute(back.current())).equals(contract.obligations(compute(store.current())))
    assert [(i.load_id, i.undone) for i in back.history()] == [(i.load_id, i.undone) for i in store.history()]
    assert back.state.settings() == store.state.settings()
    assert [line.what for line in back.state.audit()][:2] == ["restore", "backup"]
    if os.name != "nt":
        assert (tmp_path / "b.zip").stat().st_mode & 0o077 == 0
        assert all(path.stat().st_mode & 0o077 == 0 for path in [back.folder, *back.folder.rglob("*")])
    assert wrong(back) == []


def test_trying_a_backup_out_leaves_the_audit_in_use_as_it_was(store, tmp_path, monkeypatch):
    """With settings and audit in another database (CPM_STATE_URL) the restored folder is a copy of the loads only."""
    monkeypatch.setenv("CPM_STATE_URL", f"sqlite:///{tmp_path / 'elsewhere.sqlite'}")
    store = Store(store.folder)
    backup(store, tmp_path / "b.zip", "night backup")
    before = store.state.audit()
    assert [line.what for line in before] == ["backup"]
    trial = restore(tmp_path / "b.zip", tmp_path / "trial" / "store", "night backup")
    assert wrong(trial) == []
    assert store.state.audit() == before


def test_a_whole_store_and_an_empty_one_are_whole(store, tmp_path):
    assert wrong(store) == []
    assert wrong(Store(tmp_path / "none")) == []
    assert not (tmp_path / "none").exists()


def flip(path: Path, at: int = 5000) -> None:
    with path.open("r+b") as file:
        file.seek(at)
        byte = file.read(1)
        file.seek(at)
        file.write(bytes([byte[0] ^ 0xFF]))


def snapshot(store: Store) -> Path:
    return store.current().path


DAMAGE = {
    "a byte of a load": (lambda s: flip(snapshot(s)), "not as it was written"),
    "half of a load": (lambda s: os.truncate(snapshot(s), snapshot(s).stat().st_size // 2), "not as it was written"),
    "a load that is gone": (lambda s: snapshot(s).unlink(), "missing"),
    "a record that is gone": (lambda s: snapshot(s).with_suffix(".json").unlink(), "record"),
    "a record of nonsense": (lambda s: snapshot(s).with_suffix(".json").write_text("{"), "record"),
    "the pointer": (lambda s: (s.folder / "current").write_text("nowhere"), "current"),
    "the settings": (lambda s: (s.state.close(), flip(s.folder / "state.sqlite", 20), (s.folder / "state.sqlite").write_bytes(b"x" * 9000)), "state.sqlite"),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_check_finds_every_kind_of_damage_and_changes_nothing(store, name):
    store.current()
    damage, words = DAMAGE[name]
    for left in store.folder.glob("state.sqlite-*"):
        left.unlink()
    damage(store)
    before = {path: path.read_bytes() for path in store.folder.rglob("*") if path.is_file()}
    found = wrong(Store(store.folder))
    assert found
    assert words in " ".join(found)
    assert {path: path.read_bytes() for path in before if path.exists()} == before


def test_the_command_exits_with_1_where_something_is_wrong(store):
    def check_it() -> subprocess.CompletedProcess:
        return subprocess.run([sys.executable, "-m", "cpm_metrics", "check", "--store", str(store.folder)], cwd=ROOT, capture_output=True, text=True, check=False)

    assert check_it().returncode == 0
    flip(snapshot(store))
    done = check_it()
    assert done.returncode == 1
    assert "WRONG" in done.stderr
    assert "recover" in done.stderr


def remade(old: Path, new: Path, change) -> Path:
    """The backup with `change(name, data)` done to each file in it; None leaves one out."""
    with zipfile.ZipFile(old) as a, zipfile.ZipFile(new, "w") as b:
        for name in a.namelist():
            made = change(name, a.read(name))
            if made is not None:
                b.writestr(*made)
    return new


def test_a_damaged_backup_is_refused_and_nothing_is_put_anywhere(store, tmp_path):
    """One byte, a file left out, one more, a name that leads outside, a newer version, half of it, something else."""
    whole = tmp_path / "b.zip"
    backup(store, whole, "Ann")

    def outside(name, data):
        if name == MANIFEST:
            data = data.replace(b'"current"', b'"../current"')
        return ("../current" if name == "current" else name), data

    def newer(name, data):
        return name, json.dumps(json.loads(data) | {"schema_version": 99}).encode() if name == MANIFEST else data

    bad = [
        remade(whole, tmp_path / "1.zip", lambda n, d: (n, d[:-1] + b"x") if n == "current" else (n, d)),
        remade(whole, tmp_path / "2.zip", lambda n, d: None if n.endswith(".json") and n != MANIFEST else (n, d)),
        remade(whole, tmp_path / "3.zip", lambda n, d: ("snapshots/extra.duckdb", d) if n == "current" else (n, d)),
        remade(whole, tmp_path / "4.zip", outside),
        remade(whole, tmp_path / "5.zip", newer),
    ]
    (tmp_path / "6.zip").write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    (tmp_path / "7.zip").write_bytes(b"no zip")
    for file in [*bad, tmp_path / "6.zip", tmp_path / "7.zip", tmp_path / "8.zip"]:
        with pytest.raises(CpmError) as refused:
            restore(file, tmp_path / "new", "Ann")
        assert file.name in refused.value.what
        assert refused.value.remedy
        assert not (tmp_path / "new").exists()
    assert sorted(p.name for p in tmp_path.iterdir() if not p.name.endswith(".zip")) == ["store"]


def test_nothing_is_ever_written_over(store, tmp_path):
    backup(store, tmp_path / "b.zip", "Ann")
    before = (tmp_path / "b.zip").read_bytes()
    with pytest.raises(CpmError, match="exists already"):
        backup(store, tmp_path / "b.zip", "Ann")
    with pytest.raises(CpmError, match="holds something already"):
        restore(tmp_path / "b.zip", store.folder, "Ann")
    assert (tmp_path / "b.zip").read_bytes() == before
    with pytest.raises(StoreProblem, match="nothing to back up"):
        backup(Store(tmp_path / "none"), tmp_path / "c.zip", "Ann")


def test_a_backup_killed_at_any_moment_leaves_no_half_backup_and_the_store_whole(store, tmp_path):
    """kill -9 after growing waits: either there is a backup that restores, or none; and the next one works."""
    for number in range(6):
        target = tmp_path / f"k{number}.zip"
        process = subprocess.Popen([sys.executable, "-m", "cpm_metrics", "backup", str(target), "--store", str(store.folder)], cwd=ROOT, stderr=subprocess.DEVNULL)
        time.sleep(0.25 + number * 0.15)
        process.send_signal(signal.SIGKILL if os.name != "nt" else signal.SIGTERM)
        process.wait()
        if target.exists():
            restore(target, tmp_path / f"r{number}", "Ann")
    assert wrong(store) == []
    assert backup(store, tmp_path / "after.zip", "Ann") == 2
    assert not list((store.folder / "building").iterdir())
