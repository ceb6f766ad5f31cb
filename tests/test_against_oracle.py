"""The product's rules against a second implementation, written from the specification alone (tests/oracle)."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

import pytest

from cpm_metrics import views
from cpm_metrics.engine import compute_rows
from cpm_metrics.settings import Limit, Settings
from tests.oracle.children import drop, drop_column, loaded_all, optional_columns, random_council
from tests.oracle.compare import differences
from tests.oracle.indicators import flags, unassessable
from tests.oracle.rules import obligations


def disagreements(tables, loaded, as_at, settings=None, oracle_settings=None) -> list[str]:
    """Obligations, flags (figures where the specification fixes them) and what can't be assessed, compared."""
    tables = {name: rows for name, rows in tables.items() if name in loaded}
    results = compute_rows(tables, as_at, columns=loaded, settings=settings)
    out = differences(views.obligations(results).to_dict("records"), obligations(tables, as_at, loaded, oracle_settings))
    theirs = flags(tables, as_at, loaded, oracle_settings)
    fixed = {flag["indicator"] for flag in theirs if "figure" in flag["stated"]}
    ours = {(i, c, f if i in fixed else None) for i, c, f in results.rows("SELECT indicator, child_id, figure FROM indicators")}
    expected = {(f["indicator"], f["child_id"], f["figure"] if f["indicator"] in fixed else None) for f in theirs}
    out += [f"flag, product only: {flag}" for flag in ours - expected] + [f"flag, oracle only: {flag}" for flag in expected - ours]
    cannot = {code for (code,) in results.rows("SELECT indicator FROM unassessable")} ^ unassessable(tables, as_at, loaded, oracle_settings)
    return out + [f"assessable by one only: {code}" for code in cannot]


@pytest.mark.parametrize("seed", range(12))
def test_full_councils_agree(seed):
    """Every dataset loaded, dates crowded around every boundary."""
    as_at = date(2026, 6, 1) + timedelta(days=seed * 37 % 400)
    tables = random_council(1000 + seed, 20, as_at)
    assert disagreements(tables, loaded_all(tables), as_at) == []


AS_AT = date(2026, 6, 20)
COUNCIL = random_council(99, 12, AS_AT)


@pytest.mark.parametrize("dataset", [name for name in COUNCIL if name != "cases"])
def test_agree_without_a_dataset(dataset):
    """Unknown is never green and never overdue: both say so in the same places."""
    assert disagreements(*drop(COUNCIL, dataset), AS_AT) == []


@pytest.mark.parametrize(("dataset", "column"), optional_columns())
def test_agree_without_a_column(dataset, column):
    """The same for each optional column."""
    assert disagreements(*drop_column(COUNCIL, dataset, column), AS_AT) == []


def test_agree_with_cases_and_meetings_alone():
    """Two datasets are enough to begin."""
    tables = {name: COUNCIL[name] for name in ("cases", "meetings")}
    assert disagreements(tables, loaded_all(tables), AS_AT) == []


def test_agree_with_nothing_that_says_whether_cpms_are_owed():
    """Meetings and reviews, and not a word on planning or court: no CPM between reviews can be owed, and the indicators say so."""
    tables, loaded = {name: COUNCIL[name] for name in ("cases", "meetings", "reviews")}, None
    for column in ("permanence_achieved", "planning_permanence", "legal_status"):
        tables, loaded = drop_column(tables, "cases", column, loaded)
        unable = unassessable(tables, AS_AT, loaded)
        assert ({"reviews-without-cpm", "no-recent-cpm"} <= unable) == (column == "legal_status")
    assert disagreements(tables, loaded, AS_AT) == []


@pytest.mark.parametrize("seed", range(4))
def test_agree_where_only_the_latest_review_is_known(seed):
    """No list of reviews, only each case's latest one, before or after the as-at date, sometimes that of another period of care."""
    as_at = date(2026, 6, 1) + timedelta(days=seed * 53 % 400)
    tables = random_council(4000 + seed, 20, as_at)
    chance = Random(seed)
    days = sorted((r["child_id"], r["review_date"]) for r in tables["reviews"])
    for case in tables["cases"]:
        mine = [day for child, day in days if child == case["child_id"] and day >= case["care_started"]]
        case["latest_review"] = chance.choice([None, mine[0], mine[-1], mine[-1]]) if mine else None
    tables["meetings"] = [m for m in tables["meetings"] if m["meeting_type"] != "review"]
    assert disagreements(*drop(tables, "reviews"), as_at) == []


def test_agree_with_other_settings():
    """A changed limit or unit means the same to both."""
    ours = Settings({"initial-cpm.limit": Limit(10, "working days"), "care-plan.limit": Limit(14, "calendar days")})
    theirs = {"initial-cpm": (10, "working_days"), "care-plan": (14, "calendar_days")}
    assert disagreements(COUNCIL, loaded_all(COUNCIL), AS_AT, ours, theirs) == []
