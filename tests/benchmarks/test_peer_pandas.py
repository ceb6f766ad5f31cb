"""The pandas peer gives the engine's rows, every one: a race between two that differ would say nothing."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

import pandas as pd
import pytest

from benchmarks.peer_pandas import compute, tables
from cpm_metrics import engine, sample
from cpm_metrics.extracts.prepare import prepare
from cpm_metrics.extracts.problems import InputFile
from cpm_metrics.indicators import all_indicators
from cpm_metrics.rules import all_rules
from cpm_metrics.settings import Limit, Settings
from cpm_metrics.store import Store
from tests.oracle.children import random_council

OBLIGATIONS = [name for name in engine.CONTRACT_COLUMNS if name != "why"]
INDICATORS = ["indicator", "child_id", "care_started", "since", "figure", "unit", "grade"]


def in_order(frame: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """The rows as text, in an order of their own, so that only what they say counts."""
    assert list(frame.columns) == columns
    words = frame.astype("str").astype("object").where(frame.notna(), "")
    return words.sort_values(columns, ignore_index=True)


def assert_equal_to_the_engine(results: engine.Results) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Obligations and flags, row for row; returns the engine's."""
    obligations, flags = compute(tables.read(results.cursor(), "snap"), results.as_at, results.settings)
    theirs = results.frame(f"SELECT {', '.join(OBLIGATIONS)} FROM obligations")
    raised = results.frame(f"SELECT {', '.join(INDICATORS)} FROM indicators")
    pd.testing.assert_frame_equal(in_order(obligations, OBLIGATIONS), in_order(theirs, OBLIGATIONS))
    pd.testing.assert_frame_equal(in_order(flags, INDICATORS), in_order(raised, INDICATORS))
    return theirs, raised


@pytest.mark.parametrize("seed", range(3))
def test_random_councils(seed):
    """Every dataset loaded, dates crowded around every boundary, blanks everywhere."""
    as_at = date(2026, 6, 1) + timedelta(days=seed * 61 % 400)
    assert_equal_to_the_engine(engine.compute_rows(random_council(7000 + seed, 24, as_at), as_at))


def test_yearly_returns_and_unknown_starts():
    """What rows themselves leave unknown: the true start of care, reviews before or after a return, assessments before SSD's first."""
    as_at = date(2026, 6, 20)
    council = random_council(77, 24, as_at)
    chance = Random(77)
    for case in council["cases"]:
        case["start_unknown"], case["yearly"] = chance.random() < 0.2, chance.random() < 0.5
    for assessment in council["assessments"]:
        if assessment["assessment_type"] == "child":
            assessment["assessment_type_text"] = "Child and family assessment (SSD)"
    oldest = min(case["care_started"] for case in council["cases"]) + timedelta(days=300)
    council["reviews"] = [r for r in council["reviews"] if oldest < r["review_date"] < date(2026, 3, 1)]
    council["assessments"] = [a for a in council["assessments"] if oldest < a["assessment_date"]]
    obligations, _ = assert_equal_to_the_engine(engine.compute_rows(council, as_at))
    blank = obligations["due_date"].isna() & obligations["rule"].eq("statutory-review")
    assert blank.any(), "no stretch whose review can't be dated: this council tests nothing"


def test_other_settings():
    """The peer reads the same figures from the same place."""
    as_at = date(2026, 6, 20)
    settings = Settings(
        {
            "initial-cpm.limit": Limit(10, "working days"),
            "statutory-review.first": Limit(4, "weeks"),
            "annual-assessment.limit": Limit(300, "calendar days"),
            "actions-rolled-over.limit": 1,
        }
    )
    assert_equal_to_the_engine(engine.compute_rows(random_council(99, 12, as_at), as_at, settings=settings))


def test_the_sample_council(tmp_path):
    """The same through a real store, and every rule, status and indicator but the rarest is met with."""
    files = sample.write(tmp_path / "files", children=60, messy=False)
    store = Store(tmp_path / "store")
    store.commit(prepare([InputFile(path.name, path) for path in files]), date(2026, 11, 20), "test")
    obligations, flags = assert_equal_to_the_engine(engine.compute(store.current()))
    assert set(obligations["rule"]) == {rule.code for rule in all_rules()}
    assert set(obligations["status"]) == set(engine.STATUSES)
    assert len({indicator.code for indicator in all_indicators()} - set(flags["indicator"])) <= 2
