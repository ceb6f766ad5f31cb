"""Back up a store into one file, put it back, and say whether a store is whole.

A backup is a zip: every load with its record and mark, the pointer, the settings and audit (copied by SQLite itself, so that a change
at that moment is in it whole or not at all), and `manifest.json` with the SHA-256 of each. It holds children's data like the store: a
backup of an encrypted store is encrypted like it, and needs the key that the store had then.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
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
from cpm_metrics.store import encryption, key, rewrite
from cpm_metrics.store.folder import LOAD_ID, Folder, PointerDamaged, sha256, sync
from cpm_metrics.store.loads import SCHEMA_VERSION
from cpm_metrics.store.problems import KeyProblem, day, is_full, megabytes, writing_to
from cpm_metrics.store.state import FILE, holds_all, to_read_only
from cpm_metrics.store.store import Store

MANIFEST = "manifest.json"
KIND = "cpm_metrics backup"
_IN_SNAPSHOTS = re.compile(LOAD_ID.pattern + r"(\.[0-9a-f]{8})?\.duckdb|" + LOAD_ID.pattern + r"\.(json|undone)")
NO_KEY = "no key was given that opens it"
Progress = Callable[[str, int, int | None], None]


@dataclass(frozen=True)
class Finding:
    """One thing that `check` looked at. `wrong` is "" where all is well, as far as it was looked into: `unseen` says what was not."""

    what: str
    wrong: str = ""
    remedy: str = ""
    unseen: str = ""


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
    with writing_to(target.parent), store._changing():
        try:
            with tempfile.TemporaryDirectory(dir=folder.building) as scratch:
                files = _files(folder, Path(scratch))
                manifest = {
                    "kind": KIND, "version": cpm_metrics.__version__, "schema_version": SCHEMA_VERSION, "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
                    "encrypted": encryption.in_use(folder.root), "files": {},
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
    out += [(name, folder.root / name) for name in (encryption.MARKER, "edition") if (folder.root / name).exists()]
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
        _needs_the_key(packed, source)
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
    if not store.state.elsewhere:
        # The line belongs into what was restored. A database elsewhere is that of the store in use, of which nothing was restored: each
        # night's trial of the backup would stand in its audit.
        store.state.note(by, "restore", "", {"made_at": manifest["made_at"]})
    return store


def _needs_the_key(packed: zipfile.ZipFile, source: Path) -> None:
    """Raises KeyProblem before anything is written: without the key nobody could say whether what was restored is whole."""
    if encryption.MARKER not in packed.namelist():
        if encryption.required() or key.from_environment():
            raise KeyProblem(f"{source.name} is the backup of a store that is not encrypted, and a key is given.", "Restore it without the key, and then encrypt it: `python -m cpm_metrics encrypt`.")
        return
    with tempfile.TemporaryDirectory() as scratch:
        (Path(scratch) / encryption.MARKER).write_bytes(packed.read(encryption.MARKER))
        try:
            encryption.of(Path(scratch))
        except KeyProblem as problem:
            raise KeyProblem(problem.what.replace(f"the store {scratch}", f"the store in {source.name}").replace(f"The store {scratch}", f"The store in {source.name}"), problem.remedy) from None


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
        return name in ("current", "edition", encryption.MARKER, FILE)
    return len(parts) == 2 and parts[0] == "snapshots" and bool(_IN_SNAPSHOTS.fullmatch(parts[1]))


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
    """Looks at every part of a store and changes nothing. An empty store is whole.

    Without its key an encrypted store is looked at from outside: every file is as it was written, and what is in it is `unseen`.
    """
    folder = Folder(store.folder)
    out = [_pointer(folder), _key(folder), _begun(folder)]
    unseen = NO_KEY if out[1].unseen else ""
    ids = folder.load_ids()
    for done, load_id in enumerate(ids):
        progress("checking", done, len(ids))
        out.append(_load(store, folder, load_id, unseen))
    out.append(_state(store, folder, unseen))
    if not any(finding.wrong or finding.unseen for finding in out):
        out.append(_opens(store))
    return out


def _key(folder: Folder) -> Finding:
    what = "encrypted, and the key opens it" if encryption.in_use(folder.root) else "not encrypted"
    try:
        encryption.of(folder.root)
    except KeyProblem as problem:
        return Finding("the key", problem.what, problem.remedy, unseen=NO_KEY if encryption.in_use(folder.root) else "")
    return Finding(what)


def _begun(folder: Folder) -> Finding:
    begun = rewrite.unfinished(folder.root)
    if begun:
        return Finding("what was begun is finished", f"Something was begun and is not finished: {begun}.", "Give that command again; it goes on where it stopped.")
    plain = [path.name for path in folder.snapshots.glob("*.duckdb") if encryption.is_duckdb(path) and not encryption.is_encrypted(path)] if encryption.in_use(folder.root) else []
    if plain:
        return Finding("nothing is plain in an encrypted store", f"A file in the encrypted store is not encrypted: {', '.join(plain)}.", "`python -m cpm_metrics encrypt` encrypts what is left. If nobody here put it there, ask who did.")
    return Finding("nothing that was begun is unfinished")


def _pointer(folder: Folder) -> Finding:
    what = "which load is current"
    try:
        current = folder.current_id()
    except PointerDamaged:
        return Finding(what, "The file 'current' is damaged or missing.", "`python -m cpm_metrics recover` makes the last good load current.")
    if current and not folder.snapshot(current).exists():
        return Finding(what, "The current load's file is missing.", "`python -m cpm_metrics recover` makes the last good load current.")
    return Finding(what)


def _load(store: Store, folder: Folder, load_id: str, unseen: str) -> Finding:
    record = folder.read_outside(load_id) if unseen else folder.read_record(load_id)
    what = f"load {load_id}"
    path = folder.snapshot(load_id)
    remedy = "Restore it from a backup; if it is the current load, `python -m cpm_metrics recover` goes back to the last good one."
    if not path.exists():
        return Finding(what, f"The file of the load {load_id} is missing.", remedy)
    if record is None:
        return Finding(what, f"The record of the load {load_id} is missing or can't be read, so its file can't be checked against it.", remedy)
    if not unseen:
        what = f"load of {day(datetime.fromisoformat(record['load']['extract_date']))} ({load_id})"
    if path.stat().st_size != record["bytes"] or sha256(path) != record["sha256"]:
        return Finding(what, f"The file of the {what} is not as it was written.", remedy)
    if unseen:
        return Finding(what, unseen=unseen)
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
    except CpmError as problem:
        return problem.what
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


def _state(store: Store, folder: Folder, unseen: str) -> Finding:
    what = "settings, notes and audit"
    if os.environ.get("CPM_STATE_URL"):
        return Finding(f"{what}: kept in another database (CPM_STATE_URL), which is backed up and checked by its own tools")
    path = folder.root / FILE
    if not path.exists():
        return Finding(f"{what}: none yet")
    try:
        with contextlib.closing(sqlite3.connect(to_read_only(path, holds_all(path)), uri=True, timeout=30)) as con:
            said = con.execute("PRAGMA integrity_check").fetchone()[0]
    except sqlite3.OperationalError as problem:
        # "disk I/O error", "unable to open", "locked": of what is in the file this says nothing.
        why = "the disk is full" if is_full(folder.root) else "another process holds it" if "locked" in str(problem) else "it is closed to this account, or the disk can't read it"
        return Finding(what, f"The file {FILE} could not be opened, so it was not checked ({why}).", "Put that right, and check again.")
    except sqlite3.Error as problem:
        said = type(problem).__name__
    if said != "ok":
        return Finding(what, f"The file {FILE} is damaged.", "Restore it from a backup.")
    if unseen:
        return Finding(what, unseen=unseen)
    try:
        store.state.read_all()
    except CpmError as problem:
        return Finding(what, problem.what, problem.remedy)
    return Finding(what)


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
