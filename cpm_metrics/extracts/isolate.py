"""Runs reading and cleaning in a child process with a time and memory limit, so that no file can take the server down or stall it.

What goes in is files and a mapping; what comes back is JSON and Arrow, nothing that could run. The child keeps the rows that it
read in its memory, and nothing on disk, so that each file is read once however often it is asked about.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import json
import os
import queue
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from ..errors import CpmError, LoadRefused, UnreadableFile
from .mapping import MappingBook
from .problems import (
    ColumnMap,
    FileInfo,
    HeaderRow,
    InputFile,
    Prepared,
    Problem,
    Question,
    Source,
    TableView,
    UnknownTable,
)

if TYPE_CHECKING:
    import pyarrow as pa

Progress = Callable[[str, int, int | None], None]
TIME_LIMIT = 300  # seconds for one answer
MEMORY_LIMIT = 4 * 2**30  # bytes of address space of one child
MOST_WAITING = 3  # children of this process that wait for the next question
IDLE_LIMIT = 15 * 60  # seconds that one waits
TICK = 0.25  # seconds between two calls of `progress`, however long a stage takes
_ROOT = Path(__file__).resolve().parents[2]
_ERRORS = {kind.__name__: kind for kind in (CpmError, UnreadableFile, LoadRefused)}


def run_isolated(task: str, files: Sequence[InputFile], book: MappingBook, say: Progress,
                 time_limit: float = TIME_LIMIT, memory_limit: int = MEMORY_LIMIT) -> Prepared | list[TableView]:  # fmt: skip
    """One answer of a `Reading`. `task` is "prepare" or "inspect"."""
    with contextlib.closing(Reading(files, time_limit, memory_limit)) as reading:
        return reading.ask(task, book, say)


class Reading:
    """Files that are read once, by a child process that answers about them until `close()`.

    It is closed by itself when this object or this process ends, after IDLE_LIMIT without a question, and when it has waited
    longest of more than MOST_WAITING. Asked again after that, the files are read again: nobody needs to know. Each question raises
    what the task raises (UnreadableFile, LoadRefused), and UnreadableFile when a limit is reached; what `progress` raises ends the
    child. `progress` is called every TICK at least, with the stage as it was. One question at a time; others wait.
    """

    def __init__(self, files: Sequence[InputFile], time_limit: float = TIME_LIMIT, memory_limit: int = MEMORY_LIMIT) -> None:
        self.files = tuple(files)
        self.time_limit, self.memory_limit = time_limit, memory_limit
        self._lock = threading.Lock()
        self._child: _Child | None = None
        self._idle: threading.Timer | None = None

    def inspect(self, mapping: MappingBook | None = None, progress: Progress | None = None) -> list[TableView]:
        return self.ask("inspect", mapping or MappingBook(), progress or _silent)

    def prepare(self, mapping: MappingBook | None = None, progress: Progress | None = None) -> Prepared:
        return self.ask("prepare", mapping or MappingBook(), progress or _silent)

    def ask(self, task: str, book: MappingBook, say: Progress) -> Prepared | list[TableView]:
        while not self._lock.acquire(timeout=TICK):
            say("Waiting for the answer before this one", 0, None)
        try:
            _WAITING.remove(self)
            if self._idle:
                self._idle.cancel()
            child = self._child
            if child is None or not child.alive:
                self.close()
                child = self._child = _Child(self.files, self.memory_limit)
            child.send(json.dumps({"task": task, "mapping": book.to_json()}).encode())
            try:
                answer = self._answer(child, say)
            except CpmError:
                self._wait()
                raise
            except BaseException:
                self.close()
                raise
            self._wait()
            return answer
        finally:
            self._lock.release()

    def close(self) -> None:
        """Ends the child, whatever it is doing. What it read is gone with it."""
        _WAITING.remove(self)
        if self._idle:
            self._idle.cancel()
        child, self._child = self._child, None
        if child is not None:
            child.end()

    def _wait(self) -> None:
        """For the next question, with the child alive, unless it isn't any more."""
        if self._child is None or not self._child.alive:
            self.close()
            return
        this = weakref.ref(self)
        self._idle = threading.Timer(IDLE_LIMIT, lambda: (reading := this()) and reading.close())
        self._idle.daemon = True
        self._idle.start()
        for oldest in _WAITING.add(self):
            oldest.close()

    def _answer(self, child: _Child, say: Progress) -> Prepared | list[TableView]:
        at: tuple[str, int, int | None] = ("Starting", 0, None)
        until = time.monotonic() + self.time_limit

        def receive() -> bytes:
            return self._next(child, at, until, say)

        while True:
            head = json.loads(receive())
            if head["is"] == "progress":
                at = head["stage"], head["done"], head["total"]
                say(*at)
            elif head["is"] == "error":
                raise _ERRORS[head["kind"]](head["what"], head["remedy"])
            elif head["is"] == "views":
                return [_view(v) for v in head["views"]]
            else:
                return _prepared(head, receive)

    def _next(self, child: _Child, at: tuple[str, int, int | None], until: float, say: Progress) -> bytes:
        """The child's next message, of its progress or a part of its answer: all of it within the one time limit."""
        while True:
            try:
                message = child.answers.get(timeout=TICK)
            except queue.Empty:
                message = b""
            if time.monotonic() > until:
                child.end()
                raise UnreadableFile(
                    f"{self._named(at[0])} could not be read within {self.time_limit:.0f} seconds, so reading was stopped.",
                    "Split it, or save it again from Excel as .xlsx.",
                )
            if not message:
                say(*at)  # raises where the person has stopped it: before anything is said about a child that ended for that
            if message is None:
                child.end()
                raise UnreadableFile(
                    f"{self._named(at[0])} could not be read: reading it needs more than the {self.memory_limit / 2**30:.0f} GB of memory that one load may take, or it is damaged.",
                    "Open it in Excel, delete what is not needed, save it as .xlsx, and load that.",
                )
            if message:
                return message

    def _named(self, stage: str) -> str:
        """The file that a stage is about."""
        return max((f.name for f in self.files if f.name in stage), key=len, default="One of the files")


class _Child:
    """The process, and the two threads that write to it and read from it, so that nobody waits on a pipe."""

    def __init__(self, files: Sequence[InputFile], memory_limit: int) -> None:
        # What opens the store is no business of the process that reads strangers' files.
        secret = ("CPM_KEY", "CPM_KEY_FILE", "CPM_NEW_KEY", "CPM_NEW_KEY_FILE", "CPM_STATE_URL")
        environment = {name: value for name, value in os.environ.items() if name not in secret} | {"PYTHONPATH": os.pathsep.join([str(_ROOT), os.environ.get("PYTHONPATH", "")])}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "cpm_metrics.extracts.worker"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment, cwd=_ROOT,
        )  # fmt: skip
        self.answers: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._questions: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        opening = {
            "memory": memory_limit,
            "files": [{"name": f.name, "path": None if isinstance(f.data, bytes) else str(Path(f.data).resolve()), "size": len(f.data) if isinstance(f.data, bytes) else 0} for f in files],
        }  # fmt: skip
        self.send(json.dumps(opening).encode())
        for f in files:
            if isinstance(f.data, bytes):
                self._questions.put(f.data)
        threading.Thread(target=_write, args=(self.process.stdin, self._questions), name="reading: to the child", daemon=True).start()
        threading.Thread(target=_read, args=(self.process.stdout, self.answers), name="reading: from the child", daemon=True).start()
        self.end = weakref.finalize(self, _end, self.process, self._questions)

    @property
    def alive(self) -> bool:
        return self.end.alive and self.process.poll() is None

    def send(self, message: bytes) -> None:
        self._questions.put(len(message).to_bytes(8, "big") + message)


def _end(process: subprocess.Popen, questions: queue.SimpleQueue) -> None:
    process.kill()
    questions.put(None)
    process.wait()


def _write(pipe: BinaryIO, questions: queue.SimpleQueue) -> None:
    with contextlib.suppress(OSError, ValueError), pipe:
        while (message := questions.get()) is not None:
            pipe.write(message)
            pipe.flush()


def _read(pipe: BinaryIO, answers: queue.SimpleQueue) -> None:
    with contextlib.suppress(OSError, ValueError), pipe:
        while message := _receive(pipe):
            answers.put(message)
    answers.put(None)


class _Waiting:
    """The readings whose children wait, the longest first. Holds none of them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._all: list[weakref.ref[Reading]] = []

    def add(self, reading: Reading) -> list[Reading]:
        """-> those that have to go for it."""
        with self._lock:
            self._all.append(weakref.ref(reading))
            self._all = [r for r in self._all if r() is not None]
            going, self._all = self._all[:-MOST_WAITING], self._all[-MOST_WAITING:]
            return [r for ref in going if (r := ref()) is not None]

    def remove(self, reading: Reading) -> None:
        with self._lock:
            self._all = [r for r in self._all if r() not in (None, reading)]


_WAITING = _Waiting()


def _silent(stage: str, done: int, total: int | None) -> None:
    pass


def _send(pipe: BinaryIO, message: bytes) -> None:
    pipe.write(len(message).to_bytes(8, "big"))
    pipe.write(message)


def _receive(pipe: BinaryIO) -> bytes | None:
    """One message, or None when the other side ended before it was whole."""
    size = pipe.read(8)
    if len(size) < 8:
        return None
    length = int.from_bytes(size, "big")
    message = pipe.read(length)
    return message if len(message) == length else None


def send_prepared(pipe: BinaryIO, prepared: Prepared) -> None:
    import pyarrow as pa  # the child is already reading while it is imported: see worker.py

    head = {
        "is": "prepared", "tables": list(prepared.tables),
        "sources": [dataclasses.asdict(s) for s in prepared.sources],
        "problems": [[getattr(p, f.name) for f in dataclasses.fields(Problem)] for p in prepared.problems],
        "files": [dataclasses.asdict(f) for f in prepared.files],
        "newest": _iso(prepared.newest_date), "suggested": _iso(prepared.suggested_extract_date),
        "questions": [dataclasses.asdict(q) for q in prepared.questions],
        "unknown": [dataclasses.asdict(u) for u in prepared.unknown_tables],
    }  # fmt: skip
    _send(pipe, json.dumps(head).encode())
    for table in prepared.tables.values():
        size = pa.MockOutputStream()  # counts what is written; the pipe then takes it without a copy of it being made first
        _write_table(size, table)
        pipe.write(size.size().to_bytes(8, "big"))
        _write_table(pa.PythonFile(pipe, mode="w"), table)


def _write_table(sink: pa.NativeFile, table: pa.Table) -> None:
    import pyarrow as pa

    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)


def send_views(pipe: BinaryIO, views: list[TableView]) -> None:
    _send(pipe, json.dumps({"is": "views", "views": [dataclasses.asdict(v) for v in views]}).encode())


def send_progress(pipe: BinaryIO, stage: str, done: int, total: int | None) -> None:
    _send(pipe, json.dumps({"is": "progress", "stage": stage, "done": done, "total": total}).encode())
    pipe.flush()


def send_error(pipe: BinaryIO, error: CpmError) -> None:
    _send(
        pipe,
        json.dumps({"is": "error", "kind": type(error).__name__, "what": error.what, "remedy": error.remedy}).encode(),
    )


def _prepared(head: dict, receive: Callable[[], bytes]) -> Prepared:
    import pyarrow as pa

    tables = {name: pa.ipc.open_stream(receive()).read_all() for name in head["tables"]}
    return Prepared(
        tables,
        [Source(**(s | {"mapping": [_column(m) for m in s["mapping"]]})) for s in head["sources"]],
        [Problem(*p) for p in head["problems"]],
        [FileInfo(**f) for f in head["files"]],
        _date(head["newest"]), _date(head["suggested"]),
        [Question(**(q | {"choices": tuple(q["choices"])})) for q in head["questions"]],
        [UnknownTable(**(u | {"headers": tuple(u["headers"]), "samples": tuple(tuple(s) for s in u["samples"])})) for u in head["unknown"]],
    )  # fmt: skip


def _view(view: dict) -> TableView:
    rows_at = tuple(HeaderRow(r["number"], tuple(_column(m) for m in r["columns"]), r["rows"]) for r in view["rows_at"])
    return TableView(**(view | {"mapping": tuple(_column(m) for m in view["mapping"]), "missing": tuple(view["missing"]), "rows_at": rows_at}))


def _column(m: dict) -> ColumnMap:
    return ColumnMap(**(m | {"samples": tuple(m["samples"])}))


def _iso(day: dt.date | None) -> str | None:
    return day.isoformat() if day else None


def _date(text: str | None) -> dt.date | None:
    return dt.date.fromisoformat(text) if text else None
