"""The store's folder: names, the pointer, the lock, and moving files so that a crash at any moment harms nothing.

- `current`: one line: the id of the current load, or "none"
- `snapshots/<id>.duckdb`: a load; never changed once it is here. One that was written anew since (encrypted, re-keyed, a child
  erased: rewrite.py) is `<id>.<task>.duckdb`: a name of its own, because other processes still have the one before open
- `snapshots/<id>.json`: what is known about it, the name of its file, and its size and SHA-256, so that damage shows
- `snapshots/<id>.undone`: the mark of a load that was undone (or found damaged); the pointer has the last word
- `building/`: what is being written now, or was when something crashed
- `spill/`: scratch space of running queries
- `state.sqlite`: settings, mappings, audit
- `encryption.json`: there where the store is encrypted (encryption.py)
- `edition`: a word that is another one after loads were written anew
- `pending.json`: there while the whole store is being rewritten, or was when something crashed (rewrite.py)
- `lock`: held while something is changed; readers never need it
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import filelock

from cpm_metrics.errors import StoreProblem
from cpm_metrics.store import encryption
from cpm_metrics.store.connect import SNAPSHOTS, SPILL
from cpm_metrics.store.problems import STILL_SERVED

NONE = "none"
LOAD_ID = re.compile(r"\d{8}T\d{12}Z-[0-9a-f]{8}")
_BELONGS = re.compile(LOAD_ID.pattern + r"(\.[0-9a-f]{8})?\.duckdb")
_STAMP = "%Y%m%dT%H%M%S%fZ"
_SPILL_KEPT_SECONDS = 24 * 3600

# Path of a snapshot -> (which file that was, its SHA-256): every byte is read once per process, and again where the file is another one.
_READ: dict[Path, tuple[tuple[int, ...], str]] = {}
_CORRUPT = "corrupt"  # in the place of a SHA-256: DuckDB could not read it


class PointerDamaged(Exception):
    """The pointer is missing though there are loads, or it says nothing that can be understood."""


class Folder:
    """Reads never create anything; `ready()` makes the folders and is called under the lock only."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.snapshots = root / SNAPSHOTS
        self.building = root / "building"
        self.spill = root / SPILL
        self.pointer = root / "current"

    def snapshot(self, load_id: str) -> Path:
        """Where the load's file is, or should be. Where its record is lost and there are several: the newest."""
        named = (self.read_outside(load_id) or {}).get("file")
        if named and _BELONGS.fullmatch(named) and named.startswith(load_id):
            return self.snapshots / named
        there = [] if named else sorted(self.files_of(load_id), key=lambda path: path.stat().st_mtime)
        return there[-1] if there else self.snapshots / f"{load_id}.duckdb"

    def files_of(self, load_id: str) -> list[Path]:
        """Every snapshot file of a load: one, but for a moment or after a crash."""
        return [path for path in self.snapshots.glob(f"{load_id}*.duckdb") if _BELONGS.fullmatch(path.name)]

    def record(self, load_id: str) -> Path:
        return self.snapshots / f"{load_id}.json"

    def mark(self, load_id: str) -> Path:
        return self.snapshots / f"{load_id}.undone"

    # -- reading

    def load_ids(self) -> list[str]:
        """Every load with a snapshot or a record, oldest first, those of a crash included."""
        found = {p.name.partition(".")[0] for p in self.snapshots.glob("*") if p.suffix in (".duckdb", ".json")}
        return sorted(name for name in found if LOAD_ID.fullmatch(name))

    def current_id(self) -> str | None:
        """The current load's id, None for an empty store. Raises PointerDamaged."""
        try:
            text = self.pointer.read_text("ascii").strip()
        except (FileNotFoundError, NotADirectoryError):
            if self.load_ids():
                raise PointerDamaged from None
            return None
        except UnicodeDecodeError:
            raise PointerDamaged from None
        if text == NONE:
            return None
        if not LOAD_ID.fullmatch(text):
            raise PointerDamaged
        return text

    def read_record(self, load_id: str) -> dict[str, Any] | None:
        """{"load": …, "bytes": …, "sha256": …, "file": …}; None where it is missing or unreadable (the snapshot holds the same).

        Raises KeyProblem where the store is encrypted and the key isn't there.
        """
        record = self.read_outside(load_id)
        if record and "sealed" in record:
            known = encryption.of(self.root)
            if known is None:
                raise encryption.marker_missing(self.root)
            try:
                record["load"] = json.loads(known.open(record["sealed"], _where(load_id)))
            except (ValueError, TypeError, encryption.Unsealed):
                return None
        return record if record and "load" in record else None

    def read_outside(self, load_id: str) -> dict[str, Any] | None:
        """As `read_record`, but without a key: "load" is still under "sealed" in an encrypted store."""
        try:
            record = json.loads(self.record(load_id).read_text("utf-8"))
            whole = {"bytes", "sha256"} <= record.keys() and ("load" in record or "sealed" in record)
            return {"file": f"{load_id}.duckdb"} | record if whole else None
        except (OSError, ValueError, AttributeError):
            return None

    def as_written(self, load_id: str, again: bool = False) -> bool:
        """Whether the load's file is there, byte for byte as it was written: once per process and file, or now with `again`.

        Of a load without a record (an older one, or the record is lost) nobody knows: it only has to be there.
        """
        for _ in range(3):
            record, path = self.read_outside(load_id), self.snapshot(load_id)
            try:
                if record is None:
                    if _READ.get(path) != (_which(path), _CORRUPT):
                        return True
                elif path.stat().st_size == record["bytes"] and _read(path, again) == record["sha256"]:
                    return True
            except OSError:
                pass  # missing, or the disk can't read it
            if self.read_outside(load_id) == record:
                break
            # It was written anew between the two lines (rewrite.py): look at the new one.
        return False

    def say_corrupt(self, load_id: str) -> None:
        """DuckDB could not read the file, and no SHA-256 is there that would tell: from now on it is not as it was written."""
        path = self.snapshot(load_id)
        if path.exists() and self.read_outside(load_id) is None:
            _READ[path] = (_which(path), _CORRUPT)

    def edition(self) -> str:
        try:
            return (self.root / "edition").read_text("ascii").strip()
        except (OSError, UnicodeDecodeError):
            return ""

    # -- changing

    def new_edition(self, task: str) -> None:
        beside = self.building / "edition"
        write_synced(beside, task + "\n")
        os.replace(beside, self.root / "edition")

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the store's lock, or raise StoreProblem at once where another process or thread has it.

        The system lets go of the lock when the process ends, however it ends.
        """
        self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = filelock.FileLock(self.root / "lock", mode=0o600)
        try:
            lock.acquire(timeout=0)
        except filelock.Timeout:
            raise StoreProblem(
                f"Another load is being written to {self.root} at this moment, so this one was not begun. {STILL_SERVED}",
                "Try again in a minute.",
            ) from None
        try:
            yield
        finally:
            lock.release()

    def ready(self) -> None:
        """Make what is missing and clear what a crash left. Only under the lock.

        A snapshot newer than the current one that was not undone was never announced: its load crashed just before the
        switch. Ids always grow, so nothing else is newer.
        """
        for folder in (self.snapshots, self.building, self.spill):
            folder.mkdir(parents=True, exist_ok=True)
        _empty(self.building)
        for left in self.root.glob(f"{encryption.MARKER}.*"):
            left.unlink()
        if not self.load_ids() and not self.pointer.exists():
            self.point_to(None)
        current = self.current_id()
        for load_id in self.load_ids():
            if load_id > (current or "") and not self.mark(load_id).exists():
                self.remove(load_id)
            else:
                self.clear_older_files(load_id)
        if current:
            self.mark(current).unlink(missing_ok=True)
        self._clear_spill()

    def new_id(self, at: datetime) -> str:
        """An id that sorts after every other even when the clock was set back."""
        newest = max(self.load_ids(), default="")
        stamp = at.strftime(_STAMP)
        if newest and stamp <= newest[: len(stamp)]:
            stamp = (datetime.strptime(newest.split("-")[0], _STAMP) + timedelta(microseconds=1)).strftime(_STAMP)
        return f"{stamp}-{secrets.token_hex(4)}"

    def publish(self, load_id: str, built: Path, info: dict[str, Any]) -> None:
        """Put a built snapshot beside the others. It is not current until `point_to`."""
        sync(built)
        record = self._record(load_id, info) | {"bytes": built.stat().st_size, "sha256": sha256(built)}
        self._write_record(load_id, record)
        os.replace(built, self.snapshot(load_id))
        sync(self.snapshots)

    def publish_again(self, load_id: str, built: Path, info: dict[str, Any], task: str) -> None:
        """Put a snapshot that was written anew in the place of the one before, which is gone then; the record is the switch.

        Raises StoreProblem where the old one can't be taken away (on Windows, where another program has it open).
        """
        sync(built)
        record = self._record(load_id, info) | {"bytes": built.stat().st_size, "sha256": sha256(built), "file": f"{load_id}.{task}.duckdb", "task": task}
        os.replace(built, self.snapshots / record["file"])
        sync(self.snapshots)
        self._write_record(load_id, record)
        sync(self.snapshots)
        self.clear_older_files(load_id)

    def _record(self, load_id: str, info: dict[str, Any]) -> dict[str, Any]:
        known = encryption.of(self.root)
        return {"sealed": known.cipher.seal(json.dumps(info), _where(load_id))} if known else {"load": info}

    def _write_record(self, load_id: str, record: dict[str, Any]) -> None:
        beside = self.building / f"{load_id}.json"
        write_synced(beside, json.dumps(record, indent=1))
        os.replace(beside, self.record(load_id))

    def clear_older_files(self, load_id: str) -> None:
        """Take away what a load was before it was written anew. Only where its record says which file it is."""
        record = self.read_outside(load_id)
        if not record or not (self.snapshots / record["file"]).exists():
            return
        for path in self.files_of(load_id):
            if path.name != record["file"]:
                try:
                    path.unlink()
                except PermissionError:
                    if os.name != "nt":
                        raise
                    raise StoreProblem(
                        "An earlier form of a load can't be taken away, because another program has it open. What was begun is not finished.",
                        "Stop the dashboard, and give the same command again.",
                    ) from None

    def point_to(self, load_id: str | None) -> None:
        """The switch: one replaced file."""
        beside = self.building / "current"
        write_synced(beside, (load_id or NONE) + "\n")
        os.replace(beside, self.pointer)
        sync(self.root)

    def set_mark(self, load_id: str, why: dict[str, str]) -> None:
        write_synced(self.mark(load_id), json.dumps(why))
        sync(self.snapshots)

    def remove(self, load_id: str) -> None:
        """The record first: whoever reads meanwhile sees the load whole (its file says the same) or not at all."""
        for path in (self.record(load_id), *self.files_of(load_id), self.mark(load_id)):
            path.unlink(missing_ok=True)

    def clear_building(self) -> None:
        _empty(self.building)

    def _clear_spill(self) -> None:
        """DuckDB clears its own scratch files; those of a killed process are cleared when surely no query needs them."""
        for folder in self.spill.glob("*"):
            if folder.stat().st_mtime < time.time() - _SPILL_KEPT_SECONDS:
                shutil.rmtree(folder, ignore_errors=True)


def _where(load_id: str) -> str:
    return f"the record of the load {load_id}"


def _empty(folder: Path) -> None:
    for path in folder.glob("*"):
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def write_synced(path: Path, text: str) -> None:
    path.write_text(text, "utf-8")
    sync(path)


def sync(path: Path) -> None:
    """Make a file, or the names in a folder, outlast a power cut."""
    if path.is_dir() and os.name == "nt":
        return  # Windows can't sync a folder
    number = os.open(path, os.O_RDONLY if path.is_dir() or os.name != "nt" else os.O_RDWR)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _which(path: Path) -> tuple[int, ...]:
    found = path.stat()
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def _read(path: Path, again: bool) -> str:
    which = _which(path)
    known = _READ.get(path)
    if again or known is None or known[0] != which:
        known = _READ[path] = (which, sha256(path))
    return known[1]


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
