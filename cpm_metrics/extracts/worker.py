"""The child process of isolate.py: limits itself, reads the files it was given once, and answers about them on standard output
until nobody can ask any more."""

from __future__ import annotations

import contextlib
import gc
import json
import sys
from pathlib import Path

from ..errors import CpmError
from . import isolate
from .mapping import MappingBook
from .prepare import ReadFiles, inspect_read, prepare_read, read_files
from .problems import InputFile


class _WithoutPandas:
    """pyarrow imports pandas with the first list it is given, in case there is a frame in it. There is none here, and it takes as long as
    reading 20,000 rows."""

    @staticmethod
    def find_spec(name: str, path: object = None, target: object = None) -> None:
        if name == "pandas":
            raise ModuleNotFoundError(name)


def main() -> None:
    sys.meta_path.insert(0, _WithoutPandas)
    source, answer = sys.stdin.buffer, sys.stdout.buffer
    opening = json.loads(isolate._receive(source) or b"null")
    if opening is None:
        return
    _limit_memory(opening["memory"])
    gc.disable()  # what is read has no cycles: collecting while it grows costs a third of the time
    files = [InputFile(f["name"], Path(f["path"]) if f["path"] else source.read(f["size"])) for f in opening["files"]]
    read: ReadFiles | None = None

    def say(stage: str, done: int, total: int | None) -> None:
        isolate.send_progress(answer, stage, done, total)

    while message := isolate._receive(source):
        request = json.loads(message)
        book = MappingBook.from_json(request["mapping"])
        try:
            if read is None:
                read = read_files(files, say)
                files = []  # their bytes are not needed any more
            if request["task"] == "inspect":
                isolate.send_views(answer, inspect_read(read, book, say))
            else:
                isolate.send_prepared(answer, prepare_read(read, book, say))
        except CpmError as error:
            isolate.send_error(answer, error)
        answer.flush()
        gc.collect()


def _limit_memory(limit: int) -> None:
    with contextlib.suppress(ImportError, ValueError, OSError):  # no such limits on Windows
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError):  # nobody listens any more
        main()
