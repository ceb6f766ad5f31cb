"""Drift by child and team: the matrix, the children with their signs, silent drift, and for whom a sign can't be told."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cpm_metrics import views
from cpm_metrics.engine import compute_rows
from cpm_metrics.extracts.datasets import DATASETS
from cpm_metrics.indicators import all_indicators
from cpm_metrics.settings import Settings
from cpm_metrics.views import drift, lists
from tests.oracle.children import random_council
from tests.views.days import d

AS_AT = date(2026, 11, 20)


def council(seed: int = 5, children: int = 60):
    return compute_rows(random_council(seed, children, AS_AT + timedelta(days=30)), AS_AT)


@pytest.fixture(scope="module")
def results():
    return council()


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
@given(st.integers(0, 1_000_000))
def test_the_matrix_is_the_command_lines_flags(seed):
    """Each number is how many children `indicators` names; the teams add up to all; nobody is both raised and untold."""
    found = council(seed, 25)
    contract = views.indicators(found)
    table = drift.matrix(found)
    columns = [f"t{at}" for at in range(len(table.teams))]
    for row in table.frame.itertuples():
        named = contract[(contract["indicator"] == row.indicator) & contract["child_id"].notna()]
        assert row.all == named["child_id"].nunique() == len(named)
        assert sum(getattr(row, column) for column in columns) == row.all
    flags, untold = lists.flags(found), drift.cannot_tell(found)
    assert not untold.duplicated(["indicator", "child_id"]).any()
    assert not set(zip(flags["indicator"], flags["child_id"], strict=True)) & set(zip(untold["indicator"], untold["child_id"], strict=True))
    assert set(untold["child_id"]) <= {child for (child,) in found.rows("SELECT child_id FROM in_care")}


def test_one_team_is_its_column(results):
    table = drift.matrix(results)
    for at, team in enumerate(table.teams):
        if team is not None:
            one = drift.matrix(results, [team])
            assert one.teams == [team]
            assert one.frame["all"].tolist() == table.frame[f"t{at}"].tolist()
    assert sum(drift.children_in_care(results).values()) == results.rows("SELECT count(*) FROM in_care")[0][0]


def test_each_child_stands_once_with_every_sign(results):
    """All flags, in the order of the indicators; by team and name, so that nobody is ranked by how many."""
    children, flags = drift.children(results), lists.flags(results)
    assert children["child_id"].is_unique
    assert set(children["child_id"]) == set(flags["child_id"])
    assert sum(map(len, children["signs"])) == len(flags)
    for row in children.itertuples():
        mine = flags[flags["child_id"] == row.child_id]
        assert row.codes == list(mine["indicator"])
        assert row.why.split("\n") == [f"{f.title}: {f.why}" for f in mine.itertuples()]
    known = children.dropna(subset="team")
    assert list(zip(known["team"], known["name"], strict=True)) == sorted(zip(known["team"], known["name"], strict=True))


def test_silent_drift_says_what_stands_still(results):
    silent = drift.silent(results)
    assert set(silent["child_id"]) == set(lists.flags(results, indicator="silent-drift")["child_id"])
    titles = {thing.code: thing.title for thing in all_indicators()}
    for row in silent.itertuples():
        assert row.still
        assert set(row.still) <= {titles[code] for code in drift.STANDS_STILL}


def test_no_team_recorded_has_a_column():
    """A child whose team is blank is counted, last."""
    found = compute_rows({"cases": [{"child_id": "A", "care_started": d("2025-01-06"), "team": None}, {"child_id": "B", "care_started": d("2025-01-06"), "team": "North"}], "reviews": [], "meetings": []}, AS_AT)
    table = drift.matrix(found)
    assert table.teams == ["North", None]
    row = table.frame.set_index("indicator").loc["no-permanence-plan"]
    assert [row["all"], row["t0"], row["t1"]] == [2, 1, 1]


def test_what_was_never_loaded_is_not_nought():
    """Without allocations and proceedings those indicators have no number anywhere, and are told once with what they need."""
    found = compute_rows({"cases": [{"child_id": "A", "care_started": d("2025-01-06"), "team": "North"}], "meetings": [], "reviews": []}, AS_AT)
    table = drift.matrix(found).frame.set_index("indicator")
    for code in ("worker-changes", "proceedings-long", "actions-overdue"):
        assert not table.loc[code, "assessed"]
        assert table.loc[code, ["all", "t0", "cannot_tell"]].isna().all()
    assert table.loc["cpm-overdue", "assessed"]
    assert len(lists.not_assessed(found)) == (~table["assessed"]).sum()


def test_an_indicator_that_is_off_is_not_shown():
    chosen = Settings({"worker-changes.on": False})
    found = compute_rows(random_council(5, 10, AS_AT), AS_AT, settings=chosen)
    assert "worker-changes" not in set(drift.matrix(found).frame["indicator"])


def untold_of(found) -> set[tuple[str, str]]:
    frame = drift.cannot_tell(found)
    return set(zip(frame["indicator"], frame["child_id"], strict=True))


def test_for_whom_a_sign_cannot_be_told():
    """PLAN: a plan is named without its day, so neither its absence nor its age can be ruled out. FREQ: its last CPM's frequency can't be
    read. KEPT: an earlier one's can't, and a CPM followed. ACT: an open action has no due date; DONE's is completed."""
    cases = [{"child_id": child, "care_started": d("2025-01-06"), "team": "North", "permanence_agreed": d("2025-06-02"), "permanence_achieved": d("2025-09-01"), "planning_permanence": False} for child in ("FREQ", "KEPT", "ACT", "DONE")]
    cases += [{"child_id": "PLAN", "care_started": d("2025-01-06"), "team": "North", "permanence_plan": "adoption", "permanence_plan_text": "Adoption", "planning_permanence": False}]
    meetings = [
        {"meeting_id": "M1", "child_id": "FREQ", "meeting_type": "cpm", "meeting_date": d("2025-01-10"), "status": "held", "agreed_frequency": "as needed"},
        {"meeting_id": "M2", "child_id": "KEPT", "meeting_type": "cpm", "meeting_date": d("2025-01-10"), "status": "held", "agreed_frequency": "as needed"},
        {"meeting_id": "M3", "child_id": "KEPT", "meeting_type": "cpm", "meeting_date": d("2025-02-10"), "status": "held"},
        *({"meeting_id": f"M{child}", "child_id": child, "meeting_type": "cpm", "meeting_date": d("2025-01-10"), "status": "held"} for child in ("ACT", "DONE", "PLAN")),
    ]
    acts = [{"child_id": "ACT", "meeting_id": "MACT", "meeting_date": d("2025-01-10"), "action": "Refer"}, {"child_id": "DONE", "meeting_id": "MDONE", "meeting_date": d("2025-01-10"), "action": "Refer", "completed_date": d("2025-02-03")}]
    found = compute_rows({"cases": cases, "meetings": meetings, "actions": acts, "reviews": [], "changes": [], "proceedings": [], "legal_statuses": []}, AS_AT)
    pairs = untold_of(found)
    assert {child for code, child in pairs if code == "no-permanence-plan"} == {"PLAN"}
    assert {child for code, child in pairs if code == "plan-not-achieved"} == {"PLAN"}
    assert {child for code, child in pairs if code == "cpm-overdue"} == {"FREQ"}
    assert {child for code, child in pairs if code == "actions-overdue"} == {"ACT"}


def test_silent_drift_cannot_be_told_where_the_plan_cannot():
    """Both reviews of the year in time, and a plan named without its day. With a late review it isn't silent, whatever the plan."""
    case = {"child_id": "A", "care_started": d("2026-01-05"), "team": "North", "permanence_plan": "adoption", "permanence_plan_text": "Adoption", "planning_permanence": False}

    def found(review: str):
        return compute_rows(
            {"cases": [case], "meetings": [{"child_id": "A", "meeting_type": "cpm", "meeting_date": d("2026-01-10"), "status": "held"}], "reviews": [{"child_id": "A", "review_date": d(review)}], "proceedings": [], "legal_statuses": []},
            d("2026-04-01"), columns={"cases": [f.name for f in DATASETS["cases"].fields]},
        )  # fmt: skip

    assert ("silent-drift", "A") in untold_of(found("2026-01-30"))
    assert ("silent-drift", "A") not in untold_of(found("2026-02-20"))
