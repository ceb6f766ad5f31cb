"""Back up a store into one file, put it back, and say whether a store is whole.

A backup is a zip: every load with its record and mark, the pointer, the settings and audit (copied by SQLite itself, so that a change
at that moment is in it whole or not at all), and `manifest.json` with the SHA-256 of each. It holds children's data like the store.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import sqlite3
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

import cpm_metrics
from cpm_metrics.errors import CpmError, StoreProblem
from cpm_metrics.store.folder import LOAD_ID, Folder, PointerDamaged, sha256, sync
from cpm_metrics.store.loads import SCHEMA_VERSION
from cpm_metrics.store.problems import day, megabytes, writing_to
from cpm_metrics.store.state import FILE
from cpm_metrics.store.store import Store

MANIFEST = "manifest.json"
KIND = "cpm_metrics backup"
Progress = Callable[[str, int, int | None], None]


@dataclass(frozen=True)
class Finding:
    """One thing that `check` looked at. `wrong` is "" where all is well."""

    what: str
    wrong: str = ""
    remedy: str = ""


def _silent(stage: str, done: int, total: int | None) -> None:
    pass


def backup(store: Store, target: Path, by: str, progress: Progress = _silent) -> int:
    """Write a backup to `target`, all of it or nothing, and note it in the audit. Gives the number of loads in it.

    Loads go on being served meanwhile; a new one waits. Raises StoreProblem (another load is being written, no room, nothing there),
    CpmError where `target` exists.
    """
    target = Path(target).absolute()
    if target.exists():
        raise CpmError(f"{target} exists already, and a backup is never written over another file.", "Name a new file.")
    if store.current() is None:
        raise StoreProblem(f"There is nothing to back up: nothing has been loaded into {store.folder}.", "")
    store.state.note(by, "backup", "", {})
    folder = Folder(store.folder)
    part = target.with_name(target.name + ".part")
    with writing_to(target.parent), folder.locked():
        folder.ready()
        try:
            with tempfile.TemporaryDirectory(dir=folder.building) as scratch:
                files = _files(folder, Path(scratch))
                manifest = {
                    "kind": KIND, "version": cpm_metrics.__version__, "schema_version": SCHEMA_VERSION, "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
                    "made_by": by, "files": {},
                }  # fmt: skip
                # Snapshots are compressed inside already.
                with part.open("xb") as out, zipfile.ZipFile(out, "w", zipfile.ZIP_STORED, allowZip64=True) as packed:
                    for done, (name, path) in enumerate(files):
                        progress("backing up", done, len(files))
                        manifest["files"][name] = {"bytes": path.stat().st_size, "sha256": sha256(path)}
                        packed.write(path, name)
                    packed.writestr(MANIFEST, json.dumps(manifest, indent=1))
                sync(part)
            os.replace(part, target)
            sync(target.parent)
        finally:
            part.unlink(missing_ok=True)
    return sum(name.endswith(".duckdb") for name, _ in files)


def _files(folder: Folder, scratch: Path) -> list[tuple[str, Path]]:
    """(name in the backup, where it is). The state is copied into `scratch` first."""
    out = [("current", folder.pointer)]
    for load_id in folder.load_ids():
        out += [(f"snapshots/{path.name}", path) for path in (folder.snapshot(load_id), folder.record(load_id), folder.mark(load_id)) if path.exists()]
    if (folder.root / FILE).exists():
        copy = scratch / FILE
        with contextlib.closing(sqlite3.connect(folder.root / FILE)) as old, contextlib.closing(sqlite3.connect(copy)) as new:
            old.backup(new)
        out.append((FILE, copy))
    return out


def restore(source: Path, target: Path, by: str, progress: Progress = _silent) -> Store:
    """Put a backup into `target`, a folder that is empty or doesn't exist: all of it or nothing. Every byte is checked first.

    Raises CpmError where the file is no whole backup or the folder holds something.
    """
    os.umask(0o077)  # as in Store: for this account only
    source, target = Path(source), Path(target).absolute()
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise CpmError(f"{target} holds something already, and a restored store is never put over another.", "Name an empty folder, look at the restored store there, and then put it in place of the other.")
    with _opened(source) as (packed, manifest), writing_to(target.parent):
        target.parent.mkdir(parents=True, exist_ok=True)
        names = list(manifest["files"])
        needed = sum(entry["bytes"] for entry in manifest["files"].values())
        if shutil.disk_usage(target.parent).free < needed:
            raise StoreProblem(f"There is not enough room in {target.parent}: the backup needs {megabytes(needed)}.", "Make room, or name another folder.")
        beside = Path(tempfile.mkdtemp(prefix=f".{target.name}-restoring-", dir=target.parent))
        try:
            (beside / "snapshots").mkdir()
            for done, name in enumerate(names):
                progress("restoring", done, len(names))
                _extract(packed, name, beside / name, manifest["files"][name], source)
            if target.exists():
                target.rmdir()
            os.replace(beside, target)
            sync(target.parent)
        except BaseException:
            shutil.rmtree(beside, ignore_errors=True)
            raise
    store = Store(target)
    wrong = [finding for finding in check(store) if finding.wrong]
    if wrong:
        raise StoreProblem(f"The backup was restored to {target}, but it is not whole: {wrong[0].wrong}", wrong[0].remedy or "Restore an earlier backup.")
    store.state.note(by, "restore", "", {"made_at": manifest["made_at"]})
    return store


@contextlib.contextmanager
def _opened(source: Path) -> Iterator[tuple[zipfile.ZipFile, dict]]:
    try:
        with zipfile.ZipFile(source) as packed:
            manifest = json.loads(packed.read(MANIFEST))
            names = set(packed.namelist()) - {MANIFEST}
            if manifest["kind"] != KIND or set(manifest["files"]) != names or not all(map(_ours, names)):
                raise ValueError
            if manifest["schema_version"] > SCHEMA_VERSION:
                raise CpmError(f"{source.name} was made by a newer version of this program ({manifest['version']}).", "Update this program, then restore it.")
            yield packed, manifest
    except OSError as problem:
        raise CpmError(f"{source} can't be opened ({problem.strerror or 'unknown reason'}).", "Check the path.") from None
    except (zipfile.BadZipFile, KeyError, ValueError, TypeError):
        raise CpmError(f"{source.name} is no whole backup of this program.", "Choose a file that `python -m cpm_metrics backup` wrote, or an earlier one.") from None


def _ours(name: str) -> bool:
    """Whether a name in the backup is one that we write: nothing is ever put outside the folder."""
    parts = PurePosixPath(name).parts
    if len(parts) == 1:
        return name in ("current", FILE)
    return len(parts) == 2 and parts[0] == "snapshots" and Path(parts[1]).suffix in (".duckdb", ".json", ".undone") and bool(LOAD_ID.fullmatch(Path(parts[1]).stem))


def _extract(packed: zipfile.ZipFile, name: str, to: Path, entry: dict, source: Path) -> None:
    digest, size = hashlib.sha256(), 0
    with packed.open(name) as old, to.open("xb") as new:
        while piece := old.read(2**20):
            size += len(piece)
            if size > entry["bytes"]:
                break
            digest.update(piece)
            new.write(piece)
    if size != entry["bytes"] or digest.hexdigest() != entry["sha256"]:
        raise CpmError(f"{source.name} is damaged: {name} in it is not as it was written.", "Restore an earlier backup.")
    sync(to)


# -- is it whole?


def check(store: Store, progress: Progress = _silent) -> list[Finding]:
    """Looks at every part of a store and changes nothing. An empty store is whole."""
    folder = Folder(store.folder)
    out = [_pointer(folder)]
    ids = folder.load_ids()
    for done, load_id in enumerate(ids):
        progress("checking", done, len(ids))
        out.append(_load(store, folder, load_id))
    out.append(_state(folder))
    if not any(finding.wrong for finding in out):
        out.append(_opens(store))
    return out


def _pointer(folder: Folder) -> Finding:
    what = "which load is current"
    try:
        current = folder.current_id()
    except PointerDamaged:
        return Finding(what, "The file 'current' is damaged or missing.", "`python -m cpm_metrics recover` makes the last good load current.")
    if current and not folder.snapshot(current).exists():
        return Finding(what, "The current load's file is missing.", "`python -m cpm_metrics recover` makes the last good load current.")
    return Finding(what)


def _load(store: Store, folder: Folder, load_id: str) -> Finding:
    record = folder.read_record(load_id)
    what = f"load {load_id}"
    path = folder.snapshot(load_id)
    remedy = "Restore it from a backup; if it is the current load, `python -m cpm_metrics recover` goes back to the last good one."
    if not path.exists():
        return Finding(what, f"The file of the load {load_id} is missing.", remedy)
    if record is None:
        return Finding(what, f"The record of the load {load_id} is missing or can't be read, so its file can't be checked against it.", remedy)
    what = f"load of {day(datetime.fromisoformat(record['load']['extract_date']))} ({load_id})"
    if path.stat().st_size != record["bytes"] or sha256(path) != record["sha256"]:
        return Finding(what, f"The file of the {what} is not as it was written.", remedy)
    wrong = _rows_of(store, folder, load_id)
    return Finding(what, wrong, remedy if wrong else "")


def _rows_of(store: Store, folder: Folder, load_id: str) -> str:
    """The counts inside agree with each other; "" where they do."""
    import duckdb

    from cpm_metrics.store import connect

    try:
        con = connect.memory({"snapshot": folder.snapshot(load_id)})
    except duckdb.Error as problem:
        return f"The file of the load {load_id} can't be opened ({type(problem).__name__})."
    try:
        for dataset, rows in con.execute("SELECT dataset, rows FROM snapshot.loaded").fetchall():
            if con.execute(f'SELECT count(*) FROM snapshot."{dataset}"').fetchone()[0] != rows:
                return f"The load {load_id} does not hold as many rows of {dataset} as it says."
        (uneven,) = con.execute("SELECT count(*) FROM snapshot.sources WHERE rows_read <> rows_loaded + rows_left_out").fetchone()
        return f"In the load {load_id}, rows read are not rows loaded and left out." if uneven else ""
    except duckdb.Error as problem:
        return f"The file of the load {load_id} can't be read ({type(problem).__name__})."
    finally:
        con.close()


def _state(folder: Folder) -> Finding:
    what = "settings, notes and audit"
    if os.environ.get("CPM_STATE_URL"):
        return Finding(f"{what}: kept in another database (CPM_STATE_URL), which is backed up and checked by its own tools")
    path = folder.root / FILE
    if not path.exists():
        return Finding(f"{what}: none yet")
    try:
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as con:
            said = con.execute("PRAGMA integrity_check").fetchone()[0]
    except sqlite3.Error as problem:
        said = type(problem).__name__
    return Finding(what) if said == "ok" else Finding(what, f"The file {FILE} is damaged.", "Restore it from a backup.")


def _opens(store: Store) -> Finding:
    """The current load opens as the pages open it."""
    what = "the current load opens"
    try:
        current = store.current()
        if current is not None:
            current.children()
    except CpmError as problem:
        return Finding(what, problem.what, problem.remedy)
    return Finding(what)
