"""Stores that the page tests look at: an empty one, and one with an invented council of 60 children."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest
from streamlit import config
from streamlit.testing.v1 import AppTest

from cpm_metrics import sample
from cpm_metrics.engine import compute
from cpm_metrics.extracts.prepare import prepare
from cpm_metrics.extracts.problems import InputFile, Prepared
from cpm_metrics.store import Store

ROOT = Path(__file__).resolve().parents[2]
EXTRACT = date(2026, 11, 20)


def fill(folder: Path, files: list[Path], extract_date: date = EXTRACT, before: Callable[[Prepared], None] | None = None) -> Store:
    """A store with these files loaded; `before`: what makes of them a load of the week before, which comes first."""
    store = Store(folder)
    if before is not None:
        earlier = prepare([InputFile(path.name, path) for path in files])
        before(earlier)
        store.commit(earlier, extract_date - timedelta(days=7), "a test", confirmed=True)
    store.commit(prepare([InputFile(path.name, path) for path in files]), extract_date, "a test", confirmed=True)
    return store


@pytest.fixture(scope="session")
def sample_files(tmp_path_factory) -> list[Path]:
    return sample.write(tmp_path_factory.mktemp("sample"), children=60, seed=7, extract_date=EXTRACT)


@pytest.fixture(scope="session")
def full_store(tmp_path_factory, sample_files) -> Store:
    return fill(tmp_path_factory.mktemp("full"), sample_files)


@pytest.fixture(scope="session")
def results(full_store):
    return compute(full_store.current())


@pytest.fixture
def full(full_store, monkeypatch):
    monkeypatch.setenv("CPM_STORE", str(full_store.folder))
    return full_store


@pytest.fixture
def empty(tmp_path, monkeypatch):
    monkeypatch.setenv("CPM_STORE", str(tmp_path / "store"))
    return tmp_path / "store"


@pytest.fixture(autouse=True)
def private_address():
    """The address as .streamlit/config.toml sets it, wherever pytest was started."""
    before = config.get_option("server.address")
    config.set_option("server.address", "127.0.0.1")
    yield
    config.set_option("server.address", before)


def open_page(path: str, **params: str | list[str]) -> AppTest:
    """A page as a visitor gets it: through app.py, with these words in the address."""
    at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    for name, value in params.items():
        at.query_params[name.replace("_", "-")] = value
    if path:
        at.run()
        at.switch_page(path)
        for name, value in params.items():
            at.query_params[name.replace("_", "-")] = value
    return at.run()


def texts(at: AppTest) -> str:
    """Everything that stands on the page in words."""
    kinds = ("title", "header", "subheader", "caption", "markdown", "text", "info", "warning", "error", "success")
    return "\n".join(str(element.value) for kind in kinds for element in getattr(at, kind))


def numbers(at: AppTest, *prefixes: str) -> dict[str, int | None]:
    """What stands on the count buttons whose keys begin so, by the rest of the key; None for “cannot tell”."""
    found = {}
    for button in at.button:
        for prefix in prefixes:
            if button.key and button.key.startswith(prefix):
                words = button.label.split("**")[1].replace(",", "")
                found[button.key.removeprefix(prefix)] = None if words == "?" else int(words)
    return found


def list_with(at: AppTest, column: str) -> pd.DataFrame:
    """The first table of the page that has this column."""
    return next(table.value for table in at.dataframe if column in table.value)
