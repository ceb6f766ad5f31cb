"""Processes that encrypt, re-key, erase, delete or upgrade a store and are killed before their n-th step that lasts.

A step that lasts is one of the calls by which anything reaches the disk for good: replacing, linking or unlinking a file, syncing one,
committing the settings. `python rewriting.py TASK FOLDER TIMES` kills before TIMES of them in turn (0: before every one), on a copy of the store each
time, looks at what is left, gives the command again, and looks once more. It only forks: a child begins clean.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from contextlib import suppress
from datetime import date, timedelta
from pathlib import Path

from store_making import EXTRACT, cases, in_a_child, meetings, prepared

from cpm_metrics.errors import CpmError
from cpm_metrics.store import KeyProblem, Store, build, folder, loads, state, store
from cpm_metrics.store import key as keys
from cpm_metrics.store.backup import check
from cpm_metrics.store.state import About

OLD, NEW = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=", "OTg3NjU0MzIxMDk4NzY1NDMyMTA5ODc2NTQzMjEwOTg="  # invented, for these tests only
CHILD = "00007"
ABOUT = About("initial-cpm", CHILD, date(2026, 3, 2), date(2026, 3, 2), None)
OTHER = ABOUT._replace(child_id="00008")


def make(at: Path, key: str | None, one_more: bool = False) -> None:
    """Two loads, the first made 500 days ago, and notes on two children. `one_more`: another load of 520 days ago."""
    give(key)
    made = Store(at)
    real = loads.now
    for days in [520] * one_more + [500]:
        loads.now = lambda days=days: real() - timedelta(days=days)
        made.commit(prepared(1, cases=cases(20), meetings=meetings(20, children=20)), EXTRACT - timedelta(days=days), "Ann", confirmed=True)
    loads.now = real
    made.commit(prepared(2, cases=cases(20, 2), meetings=meetings(20, 2, children=20)), EXTRACT, "Ann")
    made.state.add_note(ABOUT, "about the child", "Ann")
    made.state.add_note(OTHER, "about the other", "Ann")
    made.state.close()


def give(key: str | None) -> None:
    for name in [name for name in os.environ if name.startswith("CPM_") and name != "CPM_TEST_KILLS"]:
        del os.environ[name]
    if key:
        os.environ["CPM_KEY"] = key


def newer_version() -> None:
    """This program as if it were the next version: a column more in the snapshots, one more in the settings."""
    store.SCHEMA_VERSION = build.SCHEMA_VERSION = loads.SCHEMA_VERSION + 1
    build.UPGRADES = {loads.SCHEMA_VERSION: ("ALTER TABLE cases ADD COLUMN passport VARCHAR DEFAULT 'none'",)}
    state.STEPS = state.STEPS | {state.VERSION: ("ALTER TABLE notes ADD COLUMN colour VARCHAR DEFAULT 'none'", "CREATE TABLE more (a VARCHAR)")}
    state.VERSION += 1


def upgrade(at: Store) -> None:
    newer_version()
    at.current()
    at.state.note("Ann", "looked")


# task -> key before, keys that may be needed after, the work
TASKS = {
    "encrypt": (None, (None, OLD), lambda at: at.encrypt(keys.read(OLD, "test"), "Ann")),
    "rekey": (OLD, (OLD, NEW), lambda at: at.rekey(keys.read(NEW, "test"), "Ann")),
    "erase": (None, (None,), lambda at: at.erase(CHILD, "Ann", "IG-1")),
    "erase-encrypted": (OLD, (OLD,), lambda at: at.erase(CHILD, "Ann", "IG-1")),
    "retain": (None, (None,), lambda at: at.retain(400, "Ann", confirmed=True)),
    "upgrade": (None, (None,), upgrade),
    "upgrade-encrypted": (OLD, (OLD,), upgrade),
}


def steps_counted(die_at: int | None) -> list[int]:
    """From here on every step that lasts counts, and the one of that number is never made."""
    count = [0]

    def counted(call):
        def before(*args, **kwargs):
            if count[0] == die_at:
                os.kill(os.getpid(), signal.SIGKILL)
            count[0] += 1
            return call(*args, **kwargs)

        return before

    for name in ("replace", "link", "fsync"):
        setattr(os, name, counted(getattr(os, name)))
    Path.unlink = counted(Path.unlink)
    folder.shutil.rmtree = counted(shutil.rmtree)
    changed = state.State.transaction

    def transaction(self, writing=True, **how):
        if writing and count[0] == die_at:
            os.kill(os.getpid(), signal.SIGKILL)
        count[0] += writing
        return changed(self, writing, **how)

    state.State.transaction = transaction
    return count


def looked_at(at: Path, task: str) -> dict:
    """What a fresh process sees, with whichever key opens the store."""
    for key in TASKS[task][1]:
        give(key)
        if task.startswith("upgrade"):
            newer_version()
        now = Store(at)
        try:
            history = now.history()
        except KeyProblem:
            continue
        out = {"key": key, "loads": [], "notes": [note.text for note in now.state.notes()], "current": now.current().info.extract_date.isoformat(), "versions": []}
        for info in history:
            snapshot = now.snapshot(info.load_id)
            rows = snapshot.cursor().execute("SELECT list(DISTINCT forename), count(*), count(*) FILTER (child_id = ?), bit_xor(hash(child_id, team)) FROM snapshot.cases", [CHILD]).fetchone()
            more = snapshot.cursor().execute("SELECT list(DISTINCT chair), count(*), count(*) FILTER (child_id = ?), bit_xor(hash(child_id, chair)) FROM snapshot.meetings", [CHILD]).fetchone()
            out["loads"].append([*rows, *more, info.counts])
            out["versions"].append(info.schema_version)
        out["wrong"] = [finding.wrong for finding in check(now) if finding.wrong and "begun and is not finished" not in finding.wrong and not (task == "retain" and "record of the load" in finding.wrong)]
        out["audit"] = [line.what for line in now.state.audit() if line.what not in ("load", "note added")]
        out["unfinished"] = (at / "pending.json").exists()
        return out
    raise AssertionError("no key opens the store")


def work(at: Path, key: str | None, task: str, die_at: int | None = None) -> dict:
    give(key)
    count = steps_counted(die_at)
    try:
        TASKS[task][2](Store(at))
    except CpmError as error:
        return {"error": str(error)}
    return {"steps": count[0]}


def loop(task: str, at: Path, times: int) -> dict:
    at.mkdir(parents=True, exist_ok=True)
    first_key = TASKS[task][0]
    in_a_child(lambda: make(at / "base", first_key, task == "retain"))
    whole = shutil.copytree(at / "base", at / "whole")
    steps = in_a_child(lambda: work(whole, first_key, task))["steps"]
    out = {"task": task, "steps": steps, "before": in_a_child(lambda: looked_at(at / "base", task) if not task.startswith("upgrade") else {}), "after": in_a_child(lambda: looked_at(whole, task)), "tries": []}
    every = max(1, steps // times) if times else 1
    for die_at in range(every // 2, steps, every):
        place = shutil.copytree(at / "base", at / f"at-{die_at}")
        died = in_a_child(lambda place=place, die_at=die_at: work(place, first_key, task, die_at))
        seen = in_a_child(lambda place=place: looked_at(place, task))
        again = {"error": "no try"}
        for key in TASKS[task][1]:  # the key before first, as a person would who doesn't know how far it came
            again = in_a_child(lambda place=place, key=key: work(place, key, task))
            if "steps" in again:
                break
        with suppress(FileNotFoundError):
            shutil.rmtree(place / "spill")
        out["tries"].append({"at": die_at, "died": died, "seen": seen, "again": again, "last": in_a_child(lambda place=place: looked_at(place, task))})
    return out


if __name__ == "__main__":
    print(json.dumps(loop(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))))
