"""The real app on a free port of this computer, with a store of its own, in a real browser.

The browser is CHROMIUM_PATH, else /usr/bin/chromium, else the one that Playwright installed. Without any, the tests fail.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from cpm_metrics import sample
from cpm_metrics.store import Store
from tests.pages.conftest import fill

ROOT = Path(__file__).resolve().parents[2]
EXTRACT = date(2026, 11, 20)
CHILDREN = 60


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    found = next((path for path in (os.environ.get("CHROMIUM_PATH"), "/usr/bin/chromium") if path and Path(path).exists()), None)
    more = {"executable_path": found} if found else {}
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        more["args"] = ["--no-sandbox"]  # Chromium refuses to run as root with it
    return browser_type_launch_args | more


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args):
    return browser_context_args | {"viewport": {"width": 1366, "height": 768}, "locale": "en-GB"}


@dataclass(frozen=True)
class App:
    url: str
    store: Path
    log: Path


def start(store: Path, log: Path) -> Iterator[App]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with log.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)],
            cwd=ROOT, env=os.environ | {"CPM_STORE": str(store)}, stdout=out, stderr=subprocess.STDOUT,
        )  # fmt: skip
    try:
        app = App(f"http://127.0.0.1:{port}", store, log)
        for _ in range(150):
            if process.poll() is not None:
                pytest.fail(f"the app stopped: {log.read_text()}")
            try:
                urllib.request.urlopen(f"{app.url}/_stcore/health", timeout=1)
                break
            except OSError:
                time.sleep(0.2)
        else:
            pytest.fail("the app did not answer within 30 seconds")
        yield app
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()


@pytest.fixture(scope="session")
def files(tmp_path_factory) -> list[Path]:
    return sample.write(tmp_path_factory.mktemp("browser-sample"), children=CHILDREN, seed=7, extract_date=EXTRACT)


@pytest.fixture(scope="session")
def app(tmp_path_factory, files) -> Iterator[App]:
    """With the sample loaded."""
    folder = tmp_path_factory.mktemp("browser-full")
    fill(folder / "store", files, EXTRACT)
    yield from start(folder / "store", folder / "log.txt")


@pytest.fixture
def new_app(tmp_path) -> Iterator[App]:
    """With nothing loaded."""
    yield from start(tmp_path / "store", tmp_path / "log.txt")


@pytest.fixture
def results(app):
    from cpm_metrics.engine import compute

    return compute(Store(app.store).current())
