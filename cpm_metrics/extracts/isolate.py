"""Runs reading and cleaning in a child process with a time and memory limit, so that no file can take the server down or stall it.

What goes in is files and a mapping; what comes back is JSON and Arrow, nothing that could run.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa

from ..errors import CpmError, LoadRefused, UnreadableFile
from .mapping import MappingBook
from .problems import ColumnMap, FileInfo, InputFile, Prepared, Problem, Question, Source, TableView, UnknownTable

TIME_LIMIT = 300  # seconds
MEMORY_LIMIT = 4 * 2**30  # bytes of address space
_ROOT = Path(__file__).resolve().parents[2]
_ERRORS = {kind.__name__: kind for kind in (CpmError, UnreadableFile, LoadRefused)}


def run_isolated(task: str, files: Sequence[InputFile], book: MappingBook, say: Callable[[str, int, int | None], None],
                 time_limit: float = TIME_LIMIT, memory_limit: int = MEMORY_LIMIT) -> Prepared | list[TableView]:  # fmt: skip
    """`task` is "prepare" or "inspect". Raises what the task raises, and UnreadableFile when the limits are reached."""
    request = {
        "task": task, "mapping": book.to_json(), "memory": memory_limit,
        "files": [{"name": f.name, "path": None if isinstance(f.data, bytes) else str(Path(f.data).resolve()), "size": len(f.data) if isinstance(f.data, bytes) else 0} for f in files],
    }  # fmt: skip
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(_ROOT), os.environ.get("PYTHONPATH", "")])}
    child = subprocess.Popen(
        [sys.executable, "-m", "cpm_metrics.extracts.worker"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment, cwd=_ROOT,
    )  # fmt: skip
    out_of_time = threading.Event()

    def stop() -> None:
        out_of_time.set()
        child.kill()

    timer = threading.Timer(time_limit, stop)
    timer.start()
    doing = ""
    try:
        with contextlib.suppress(BrokenPipeError):
            _send(child.stdin, json.dumps(request).encode())
            for f in files:
                if isinstance(f.data, bytes):
                    child.stdin.write(f.data)
            child.stdin.close()
        while message := _receive(child.stdout):
            head = json.loads(message)
            if head["is"] == "progress":
                doing = head["stage"]
                say(head["stage"], head["done"], head["total"])
            elif head["is"] == "error":
                raise _ERRORS[head["kind"]](head["what"], head["remedy"])
            elif head["is"] == "views":
                return [_view(v) for v in head["views"]]
            else:
                return _prepared(head, child.stdout)
    finally:
        timer.cancel()
        child.kill()
        child.wait()
        child.stdout.close()
        with contextlib.suppress(BrokenPipeError):
            child.stdin.close()
    name = doing.removeprefix("Reading ") if doing.startswith("Reading ") else "One of the files"
    if out_of_time.is_set():
        raise UnreadableFile(
            f"{name} could not be read within {time_limit:.0f} seconds, so reading was stopped.",
            "Split it, or save it again from Excel as .xlsx.",
        )
    raise UnreadableFile(
        f"{name} could not be read: reading it needs more than the {memory_limit / 2**30:.0f} GB of memory that one load may take, or it is damaged.",
        "Open it in Excel, delete what is not needed, save it as .xlsx, and load that.",
    )


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
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
        _send(pipe, sink.getvalue())


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


def _prepared(head: dict, pipe: BinaryIO) -> Prepared:
    tables = {}
    for name in head["tables"]:
        content = _receive(pipe)
        if content is None:
            raise UnreadableFile("Reading stopped before it was done.", "Load the files again.")
        tables[name] = pa.ipc.open_stream(content).read_all()
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
    return TableView(
        **(view | {"mapping": tuple(_column(m) for m in view["mapping"]), "missing": tuple(view["missing"])})
    )


def _column(m: dict) -> ColumnMap:
    return ColumnMap(**(m | {"samples": tuple(m["samples"])}))


def _iso(day: dt.date | None) -> str | None:
    return day.isoformat() if day else None


def _date(text: str | None) -> dt.date | None:
    return dt.date.fromisoformat(text) if text else None
