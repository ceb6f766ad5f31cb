"""Loads to test the store with, and processes that make them.

Every row of load number `version` carries that number, so a mixture of two loads would show at once.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa

from cpm_metrics.errors import CpmError
from cpm_metrics.extracts.datasets import DATASETS, columns
from cpm_metrics.extracts.problems import ColumnMap, FileInfo, Prepared, Problem, Source
from cpm_metrics.store import Store

EXTRACT = date(2026, 1, 31)
BIG = 125_000  # above the 122,880 rows from which DuckDB 1.5 recovers part of a transaction
TYPES = {
    "VARCHAR": pa.string(), "DATE": pa.date32(), "BOOLEAN": pa.bool_(), "INTEGER": pa.int32(),
    "VARCHAR[]": pa.list_(pa.string()),
}  # fmt: skip


def table(dataset: str, rows: int, source: int = 1, **values) -> pa.Table:
    """`rows` rows of a dataset. A value is one for all rows, or a list."""
    found = {}
    for name, kind in columns(DATASETS[dataset]).items():
        value = source if name == "source" else values.get(name)
        if name == "row":
            value = list(range(2, rows + 2))
        found[name] = pa.array(value if isinstance(value, list) else [value] * rows, TYPES[kind])
    return pa.table(found)


def child_ids(count: int, first: int = 1) -> list[str]:
    return [f"{number:05d}" for number in range(first, first + count)]


def cases(children: int = 100, version: int = 1, first: int = 1, source: int = 1) -> pa.Table:
    return table(
        "cases", children, source, child_id=child_ids(children, first), forename=name_of(version),
        date_of_birth=date(2015, 1, 1), care_started=date(2025, 1, 6), team=f"Team {version}",
    )  # fmt: skip


def meetings(count: int = 200, version: int = 1, source: int = 2, children: int = 100) -> pa.Table:
    ids = child_ids(children)
    days = [date(2025, 1, 6) + timedelta(days=number // children) for number in range(count)]
    return table(
        "meetings", count, source, child_id=(ids * (count // children + 1))[:count], meeting_type="cpm",
        meeting_type_text="CPM", meeting_date=days, status="held", chair=name_of(version),
        attendee_roles=[["social_worker", "iro"]] * count,
    )  # fmt: skip


def name_of(version: int) -> str:
    return f"Inventedname{version:04d}"


def prepared(version: int = 1, problems: list[Problem] | None = None, **tables: pa.Table) -> Prepared:
    """What the extracts would hand over: one file and source per table, numbered from 1 in the order given."""
    tables = tables or {"cases": cases(version=version), "meetings": meetings(version=version)}
    sources = [
        Source(
            source=number, file=f"{name}.xlsx", sheet="Sheet1", dataset=name, header_row=1,
            columns=["child_id"], unmapped=["Colour"], mapping=[ColumnMap("A", "Child ID", "child_id", "known header")],
            rows_read=rows.num_rows, rows_loaded=rows.num_rows,
        )
        for number, (name, rows) in enumerate(tables.items(), start=1)
    ]  # fmt: skip
    files = [FileInfo(f"{name}.xlsx", f"{version:060x}{number:04x}", 1000) for number, name in enumerate(tables)]
    return Prepared(tables=tables, sources=sources, problems=problems or [], files=files)


def big(version: int) -> Prepared:
    """Version n has n more children and changes than version 0, so that numbers tell versions apart too."""
    changes = table(
        "changes", BIG + version, child_id=(child_ids(1000) * 200)[: BIG + version], change_date=date(2025, 6, 2),
        change=name_of(version), source=2,
    )  # fmt: skip
    return prepared(version, cases=cases(1000 + version, version), changes=changes)


MARKED = {"cases": "forename", "meetings": "chair", "changes": "change"}


def seen(folder: Path) -> dict | None:
    """What a reader sees: the versions found anywhere, and how many rows. Reads every row."""
    snapshot = Store(folder).current()
    if snapshot is None:
        return None
    found: dict = {"load_id": snapshot.info.load_id}
    for name in snapshot.loaded():
        query = (
            f'SELECT list(DISTINCT "{MARKED[name]}"), count(*), count("row"), bit_xor(hash(t)) FROM snapshot.{name} t'
        )
        versions, rows, numbered, checksum = snapshot.cursor().execute(query).fetchone()
        found[name] = {"versions": versions, "rows": [rows, numbered], "checksum": checksum}
    return found


# -- processes


def in_a_child(work) -> dict:
    """Run `work` in a forked process and return what it returned, or {"died": true}."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        try:
            with os.fdopen(writing, "w") as out:
                out.write(json.dumps(work()))
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as back:
        text = back.read()
    os.waitpid(pid, 0)
    return json.loads(text) if text else {"died": True}


def kill_loop(folder: Path, kills: int, seed: int) -> dict:
    """Load again and again, killed at random moments; after each kill a fresh process looks. Forks only: this process
    never opens a database itself, so a child begins clean."""
    rng = random.Random(seed)

    def load(version: int):
        return lambda: Store(folder).commit(big(version), EXTRACT, "tester", confirmed=True).load_id

    in_a_child(load(0))
    began = time.monotonic()
    in_a_child(load(1))
    usual = time.monotonic() - began
    current, tally, bad = 1, {"old": 0, "new": 0}, []
    for version in range(2, kills + 2):
        pid = os.fork()
        if pid == 0:
            try:
                load(version)()
            finally:
                os._exit(0)
        time.sleep(rng.uniform(0, usual * 1.1))
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        found = in_a_child(lambda: seen(folder))
        whole = {v: _is_version(found, v) for v in (current, version)}
        if not any(whole.values()):
            bad.append({"version": version, "current": current, "found": found})
        tally["new" if whole[version] else "old"] += 1
        current = version if whole[version] else current
    in_a_child(load(kills + 2))
    return {"bad": bad, "tally": tally, "usual": usual, "current": current, "last": kills + 2}


def _is_version(found: dict | None, version: int) -> bool:
    if not found or "cases" not in found:
        return False
    wanted = {"cases": 1000 + version, "changes": BIG + version}
    return all(
        found[name]["versions"] == [name_of(version)] and found[name]["rows"] == [rows, rows]
        for name, rows in wanted.items()
    )


def load_and_wait(folder: Path, gate: Path) -> dict:
    """Begin a load, say so with the file gate/inside, and go on once gate/go is there."""

    def hold(stage: str, done: int, total: int | None) -> None:
        if stage == "writing" and not (gate / "inside").exists():
            (gate / "inside").touch()
            while not (gate / "go").exists():
                time.sleep(0.01)

    return {"load_id": Store(folder).commit(prepared(2), EXTRACT, "first", confirmed=True, progress=hold).load_id}


def die_at(folder: Path, stage: str) -> None:
    """Load version 2 and be killed: at a stage, half-way where it has steps, or just before the switch."""
    store = Store(folder)

    def die(now: str, done: int, total: int | None) -> None:
        if now == stage and (total is None or done == total // 2):
            os.kill(os.getpid(), signal.SIGKILL)

    if stage == "switch":
        store._files.point_to = lambda load_id: die(stage, 0, None)
    store.commit(prepared(2), EXTRACT, "Ann", progress=die)


def load_with_small_files(folder: Path, limit: int) -> dict:
    """Load where no file may grow beyond `limit` bytes."""
    import resource

    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    try:
        Store(folder).commit(big(3), EXTRACT, "tester", confirmed=True)
    except CpmError as error:
        return {"error": type(error).__name__, "text": str(error)}
    return {"error": None}


if __name__ == "__main__":
    what, folder, *rest = sys.argv[1:]
    work = {
        "kill-loop": lambda: kill_loop(Path(folder), int(rest[0]), int(rest[1])),
        "load-and-wait": lambda: load_and_wait(Path(folder), Path(rest[0])),
        "die-at": lambda: die_at(Path(folder), rest[0]),
        "small-files": lambda: load_with_small_files(Path(folder), int(rest[0])),
    }
    print(json.dumps(work[what]()))
