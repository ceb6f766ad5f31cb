"""The child process of isolate.py: limits itself, does one task, answers on standard output."""

from __future__ import annotations

import contextlib
import gc
import json
import sys
from pathlib import Path

from ..errors import CpmError
from . import isolate
from .mapping import MappingBook
from .prepare import inspect_here, prepare_here
from .problems import InputFile


def main() -> None:
    source, answer = sys.stdin.buffer, sys.stdout.buffer
    request = json.loads(isolate._receive(source) or b"{}")
    _limit_memory(request["memory"])
    gc.disable()  # one task, then the process ends: collecting costs a third of the time
    files = [InputFile(f["name"], Path(f["path"]) if f["path"] else source.read(f["size"])) for f in request["files"]]
    book = MappingBook.from_json(request["mapping"])

    def say(stage: str, done: int, total: int | None) -> None:
        isolate.send_progress(answer, stage, done, total)

    try:
        if request["task"] == "inspect":
            isolate.send_views(answer, inspect_here(files, book, say))
        else:
            isolate.send_prepared(answer, prepare_here(files, book, say))
    except CpmError as error:
        isolate.send_error(answer, error)
    answer.flush()


def _limit_memory(limit: int) -> None:
    with contextlib.suppress(ImportError, ValueError, OSError):  # no such limits on Windows
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    main()
