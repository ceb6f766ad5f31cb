"""A load that can't be worked with: said once, under the page's heading, and the way to another load is open."""

from __future__ import annotations

import pytest

from cpm_metrics.extracts import datasets
from tests.pages.conftest import fill, open_page

PAGES = [("", "This week"), ("pages/now/worklist.py", "Worklist"), ("pages/data/quality.py", "Data quality")]


def errors(path: str, heading: str) -> list[str]:
    at = open_page(path)
    assert not at.exception and [title.value for title in at.title] == [heading]
    return [error.value for error in at.error]


@pytest.mark.parametrize("path, heading", PAGES)
def test_of_an_earlier_version(path, heading, sample_files, tmp_path, monkeypatch):
    """One that lacks a column which this version reads."""
    store = fill(tmp_path / "store", sample_files)
    monkeypatch.setenv("CPM_STORE", str(store.folder))
    columns = datasets.columns
    monkeypatch.setattr(datasets, "columns", lambda dataset: columns(dataset) | {"new_one": "VARCHAR"})
    (said,) = errors(path, heading)
    assert "made by an earlier version of this program and lacks cases.new" in said.replace("\\", "")
    assert not open_page("pages/data/load.py").error


@pytest.mark.parametrize("path, heading", PAGES)
def test_damaged(path, heading, sample_files, tmp_path, monkeypatch):
    store = fill(tmp_path / "store", sample_files)
    monkeypatch.setenv("CPM_STORE", str(store.folder))
    with store.current().path.open("r+b") as file:
        file.truncate(20_000)
    (said,) = errors(path, heading)
    assert "is damaged in" in said
