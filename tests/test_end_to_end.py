"""The whole way, as an analyst goes it: workbook in, obligations out, by the real commands, against the oracle."""

from __future__ import annotations

import subprocess
import sys
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from tests.oracle.children import loaded_all, random_council, write_workbook
from tests.oracle.compare import differences
from tests.oracle.rules import obligations

ROOT = Path(__file__).resolve().parent.parent
AS_AT = date(2026, 6, 20)
DATES = ["care_started", "anchor_date", "due_date", "done_date", "closes_on", "lapses_on"]


def command(*arguments, **kwargs):
    """`python -m cpm_metrics …` as a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "cpm_metrics", *map(str, arguments)], cwd=ROOT, capture_output=True, text=True, encoding="utf-8", check=False, **kwargs
    )


def loaded_obligations(store, *files):
    """Load the files with --yes and read back what `obligations --output` wrote."""
    done = command("load", *files, "--extract-date", AS_AT, "--store", store, "--yes")
    assert done.returncode == 0, done.stderr
    out = store / "obligations.csv"
    assert command("obligations", "--store", store, "--output", out).returncode == 0
    frame = pd.read_csv(out, dtype=str, keep_default_na=False)
    for column in DATES:
        frame[column] = [date.fromisoformat(text) if text else None for text in frame[column]]
    frame["days"] = [int(text) if text else None for text in frame["days"]]
    return frame.replace({"": None}).to_dict("records")


@pytest.mark.parametrize("seed", [11, 12])
def test_a_workbook_gives_the_oracles_obligations(tmp_path, seed):
    """Nothing is lost or changed between the spreadsheet's cells and the rows of the command line."""
    tables = random_council(seed, 40, AS_AT)
    book = tmp_path / "council.xlsx"
    write_workbook(tables, book)
    rows = loaded_obligations(tmp_path / "store", book)
    assert differences(rows, obligations(tables, AS_AT, loaded_all(tables))) == []


def test_the_same_file_twice_and_rows_in_another_order_change_nothing(tmp_path):
    """A file given twice, and its rows upside down, give the same obligations."""
    tables = random_council(13, 25, AS_AT)
    write_workbook(tables, tmp_path / "council.xlsx")
    write_workbook({name: rows[::-1] for name, rows in tables.items()}, tmp_path / "upside down.xlsx")
    loaded_obligations(tmp_path / "once", tmp_path / "council.xlsx")
    loaded_obligations(tmp_path / "twice", tmp_path / "council.xlsx", tmp_path / "upside down.xlsx")
    once, twice = ((tmp_path / name / "obligations.csv").read_text("utf-8") for name in ("once", "twice"))
    assert once.count("\n") > 1000
    assert once == twice
