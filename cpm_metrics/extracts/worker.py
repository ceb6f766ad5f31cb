"""The child process of isolate.py: limits itself, reads the files it was given once, and answers about them on standard output
until nobody can ask any more."""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import sys
import threading
from pathlib import Path

from ..errors import CpmError
from . import isolate
from .mapping import MappingBook
from .problems import InputFile
from .read import ReadFiles, read_files


class _WithoutFrames:
    """pyarrow imports pandas with the first list it is given, in case there is a frame in it, and numpy before that. Neither has a part
    here, and they take as long as reading 20,000 rows."""

    @staticmethod
    def find_spec(name: str, path: object = None, target: object = None) -> None:
        if name in ("numpy", "pandas"):
            raise ModuleNotFoundError(name, name=name)


def main() -> None:
    sys.meta_path.insert(0, _WithoutFrames)
    source, answer = sys.stdin.buffer, sys.stdout.buffer
    opening = json.loads(isolate._receive(source) or b"null")
    if opening is None:
        return
    _limit_memory(opening["memory"])
    gc.disable()  # what is read has no cycles: collecting while it grows costs a third of the time
    # Most of what cleans is pyarrow, which is imported while the readers, which need neither it nor the interpreter, unpack and parse.
    threading.Thread(target=importlib.import_module, args=("cpm_metrics.extracts.prepare",), daemon=True).start()
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
            from .prepare import inspect_read, prepare_read  # waits for the import that has begun

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
