"""The store's folder: names, the pointer, the lock, and moving files so that a crash at any moment harms nothing.

- `current`: one line: the id of the current load, or "none"
- `snapshots/<id>.duckdb`: a load; never changed once it is here
- `snapshots/<id>.json`: what is known about it, with its size and SHA-256, so that damage shows
- `snapshots/<id>.undone`: the mark of a load that was undone (or found damaged); the pointer has the last word
- `building/`: what is being written now, or was when something crashed
- `spill/`: scratch space of running queries
- `state.sqlite`: settings, mappings, audit
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
from cpm_metrics.store.connect import SNAPSHOTS, SPILL
from cpm_metrics.store.problems import STILL_SERVED

NONE = "none"
LOAD_ID = re.compile(r"\d{8}T\d{12}Z-[0-9a-f]{8}")
_STAMP = "%Y%m%dT%H%M%S%fZ"
_SPILL_KEPT_SECONDS = 24 * 3600


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
        return self.snapshots / f"{load_id}.duckdb"

    def record(self, load_id: str) -> Path:
        return self.snapshots / f"{load_id}.json"

    def mark(self, load_id: str) -> Path:
        return self.snapshots / f"{load_id}.undone"

    # -- reading

    def load_ids(self) -> list[str]:
        """Every load with a snapshot or a record, oldest first, those of a crash included."""
        found = {p.stem for p in self.snapshots.glob("*") if p.suffix in (".duckdb", ".json")}
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
        """{"load": …, "bytes": …, "sha256": …}; None where it is missing or unreadable (the snapshot holds the same)."""
        try:
            record = json.loads(self.record(load_id).read_text("utf-8"))
            return record if {"load", "bytes", "sha256"} <= record.keys() else None
        except (OSError, ValueError, AttributeError):
            return None

    # -- changing

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
        if not self.load_ids() and not self.pointer.exists():
            self.point_to(None)
        current = self.current_id()
        for load_id in self.load_ids():
            if load_id > (current or "") and not self.mark(load_id).exists():
                self.remove(load_id)
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
        record = {"load": info, "bytes": built.stat().st_size, "sha256": sha256(built)}
        beside = self.building / f"{load_id}.json"
        write_synced(beside, json.dumps(record, indent=1))
        os.replace(beside, self.record(load_id))
        os.replace(built, self.snapshot(load_id))
        sync(self.snapshots)

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
        for path in (self.snapshot(load_id), self.record(load_id), self.mark(load_id)):
            path.unlink(missing_ok=True)

    def clear_building(self) -> None:
        _empty(self.building)

    def _clear_spill(self) -> None:
        """DuckDB clears its own scratch files; those of a killed process are cleared when surely no query needs them."""
        for folder in self.spill.glob("*"):
            if folder.stat().st_mtime < time.time() - _SPILL_KEPT_SECONDS:
                shutil.rmtree(folder, ignore_errors=True)


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


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
