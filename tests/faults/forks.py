"""A process that has imported everything and hands out copies of itself: a dashboard or a command line that is up at once.

Starting Python and importing takes seconds; a test that kills 200 servers can't wait for that. Each copy is the real program in a process
of its own, forked before any thread or connection was made.

    with Forks(store, folder) as forks:
        server = forks.server()            # answers when this returns
        server.kill()                      # -9
        command = forks.command("load", "cases.csv", "--extract-date", "2026-01-31")
        command.wait()                     # its exit code; None after kill -9
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tests.sessions import ROOT, free_port

PATIENCE = 60


@dataclass
class Copy:
    pid: int
    log: Path
    url: str = ""
    code: Path | None = None

    def kill(self) -> bool:
        """-9. -> whether it was still running."""
        running = self.running()
        if running:
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
            self._gone()
        return running

    def stop(self) -> None:
        if self.running():
            os.kill(self.pid, signal.SIGTERM)
            self._gone()

    def running(self) -> bool:
        """Any of its threads: the first may have ended while another still has the store's files open."""
        with suppress(FileNotFoundError, ProcessLookupError):
            for thread in Path(f"/proc/{self.pid}/task").iterdir():
                with suppress(FileNotFoundError, ProcessLookupError):  # gone before the file was opened, or before it was read
                    if (thread / "stat").read_text().rpartition(")")[2].split()[0] not in "ZX":
                        return True
        return False

    def wait(self) -> int | None:
        self._gone()
        return int(self.code.read_text()) if self.code and self.code.exists() else None

    def _gone(self) -> None:
        end = time.monotonic() + PATIENCE
        while self.running():
            assert time.monotonic() < end, f"process {self.pid} doesn't end"
            time.sleep(0.005)


class Forks:
    def __init__(self, store: Path, folder: Path) -> None:
        self._store, self._folder, self._copies = store, folder, []

    def __enter__(self) -> Forks:
        self._parent = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.forks"], cwd=ROOT, env=os.environ | {"CPM_STORE": str(self._store)}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )  # fmt: skip
        assert self._parent.stdout.readline() == "ready\n"
        return self

    def __exit__(self, *_: object) -> None:
        for copy in self._copies:
            copy.kill()
        self._parent.communicate(timeout=20)

    def server(self, *, wait: bool = True) -> Copy:
        port = free_port()
        copy = self._copy(["server", "run", "app.py", "--server.port", str(port)])
        copy.url = f"http://127.0.0.1:{port}"
        end = time.monotonic() + PATIENCE
        while wait:
            try:
                urllib.request.urlopen(f"{copy.url}/_stcore/health", timeout=2).close()
                break
            except OSError:
                assert copy.running() and time.monotonic() < end, copy.log.read_text()
                time.sleep(0.02)
        return copy

    def command(self, *words: object) -> Copy:
        return self._copy(["command", *map(str, words)])

    def _copy(self, words: list[str]) -> Copy:
        base = self._folder / f"copy-{len(self._copies)}"
        log, code = base.with_suffix(".log"), base.with_suffix(".code")
        self._parent.stdin.write(json.dumps({"words": words, "log": str(log), "code": str(code)}) + "\n")
        self._parent.stdin.flush()
        copy = Copy(int(self._parent.stdout.readline()), log, code=code)
        self._copies.append(copy)
        return copy


def main() -> None:
    """Reads what to start, a line each, and answers with its process number."""
    import importlib
    import pkgutil
    import threading

    import openpyxl  # noqa: F401
    import plotly.graph_objects  # noqa: F401
    import streamlit.web.bootstrap
    import streamlit.web.cli  # noqa: F401

    import cpm_metrics

    for package in ("extracts", "store", "rules", "indicators", "views", "charts"):
        for module in pkgutil.iter_modules([str(Path(cpm_metrics.__file__).parent / package)]):
            importlib.import_module(f"cpm_metrics.{package}.{module.name}")
    importlib.import_module("cpm_metrics.cli")
    assert threading.active_count() == 1, "a fork would lose these threads"
    signal.signal(signal.SIGCHLD, lambda *_: _reap())
    print("ready", flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        pid = os.fork()
        if pid == 0:
            _become(order)
        print(pid, flush=True)


def _reap() -> None:
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def _become(order: dict) -> None:
    """The program itself; never returns."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    what, *words = order["words"]
    code = 1
    try:
        if what == "server":
            from streamlit.web.cli import main as streamlit

            sys.argv = ["streamlit", *words]
            streamlit()
        else:
            from cpm_metrics.cli import main as cpm

            code = cpm(words)
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    finally:
        beside = Path(order["code"] + ".part")
        beside.write_text(str(code))
        os.replace(beside, order["code"])
        os._exit(code)


if __name__ == "__main__":
    main()
