"""The arithmetic that all rules share, against totals worked by hand. Examples test rules; these test what lies under them."""

from __future__ import annotations

from datetime import date

import pytest

from cpm_metrics import views
from cpm_metrics.engine import compute_rows


def d(text):
    return date.fromisoformat(text)


# Three children. Ann and Ben are siblings, Cas returned to care; Dot has short breaks only and is left out.
COUNCIL = {
    "cases": [
        {"child_id": "ANN", "care_started": d("2025-01-06"), "team": "South", "worker": "Wren", "permanence_achieved": None},
        {"child_id": "BEN", "care_started": d("2025-01-06"), "team": "South", "worker": "Wren"},
        {"child_id": "CAS", "care_started": d("2024-03-04"), "care_ceased": d("2024-06-28"), "team": "North"},
        {"child_id": "CAS", "care_started": d("2024-07-15"), "team": "North"},
        {"child_id": "DOT", "care_started": d("2025-01-06"), "team": "North", "legal_status": "V4", "legal_code": "V4"},
    ],
    "meetings": [
        # One meeting about both siblings.
        {"meeting_id": "M1", "child_id": "ANN", "meeting_type": "cpm", "meeting_date": d("2025-01-13"), "status": "held"},
        {"meeting_id": "M1", "child_id": "BEN", "meeting_type": "cpm", "meeting_date": d("2025-01-13"), "status": "held"},
        {"meeting_id": "M2", "child_id": "ANN", "meeting_type": "cpm", "meeting_date": d("2025-05-20"), "status": "booked"},
        # Between Cas's two periods, within 28 days of the second: it belongs to the second.
        {"meeting_id": "M3", "child_id": "CAS", "meeting_type": "cpm", "meeting_date": d("2024-07-01")},
        {"meeting_id": "M4", "child_id": "DOT", "meeting_type": "cpm", "meeting_date": d("2025-01-13"), "status": "held"},
    ],
    "reviews": [
        {"child_id": "ANN", "review_date": d("2025-01-31")},
        {"child_id": "ANN", "review_date": d("2025-04-29")},
        {"child_id": "ANN", "review_date": d("2025-04-29"), "status": "cancelled"},  # told twice: held wins
        {"child_id": "BEN", "review_date": d("2025-02-05")},
        {"child_id": "CAS", "review_date": d("2024-03-28")},
        {"child_id": "CAS", "review_date": d("2024-08-12")},
        {"child_id": "CAS", "review_date": d("2024-11-11")},
    ],
    "allocations": [
        {"child_id": "ANN", "team": "Court", "worker": "Heron", "allocation_start": d("2025-01-06"), "allocation_end": d("2025-02-28")},
        {"child_id": "ANN", "team": "South", "worker": "Wren", "allocation_start": d("2025-03-10")},
    ],
}  # fmt: skip
AS_AT = d("2025-06-02")


@pytest.fixture(scope="module")
def results():
    return compute_rows(COUNCIL, AS_AT)


def test_periods_and_who_is_left_out(results):
    """Five periods, four counted, three children in care."""
    assert results.rows("SELECT count(*), count(*) FILTER (NOT left_out) FROM children") == [(5, 4)]
    assert results.rows("SELECT child_id FROM in_care ORDER BY 1") == [("ANN",), ("BEN",), ("CAS",)]


def test_a_meeting_is_counted_once_for_each_child_and_for_one_period(results):
    """Four rows of CPM in scope: M1 twice, M2, M3. None is doubled by joins."""
    rows = results.rows("SELECT meeting_id, child_id, care_started, state FROM timeline_meetings WHERE is_cpm ORDER BY 1, 2")
    assert rows == [
        ("M1", "ANN", d("2025-01-06"), "held"),
        ("M1", "BEN", d("2025-01-06"), "held"),
        ("M2", "ANN", d("2025-01-06"), "not_recorded"),
        ("M3", "CAS", d("2024-07-15"), "held"),
    ]


def test_stretches(results):
    """Reviews + 1 for each period; due by 20 working days, 3 months, 6 months; the anchor is the review actually held."""
    rows = results.rows("SELECT child_id, n, anchor_date, review_due, held_date FROM stretches ORDER BY child_id, care_started, n")
    assert rows == [
        ("ANN", 1, d("2025-01-06"), d("2025-02-03"), d("2025-01-31")),
        ("ANN", 2, d("2025-01-31"), d("2025-04-30"), d("2025-04-29")),
        ("ANN", 3, d("2025-04-29"), d("2025-10-29"), None),
        ("BEN", 1, d("2025-01-06"), d("2025-02-03"), d("2025-02-05")),
        ("BEN", 2, d("2025-02-05"), d("2025-05-05"), None),
        ("CAS", 1, d("2024-03-04"), d("2024-04-03"), d("2024-03-28")),  # Good Friday 29 March, Easter Monday 1 April
        ("CAS", 2, d("2024-03-28"), d("2024-06-28"), None),
        ("CAS", 1, d("2024-07-15"), d("2024-08-12"), d("2024-08-12")),
        ("CAS", 2, d("2024-08-12"), d("2024-11-12"), d("2024-11-11")),
        ("CAS", 3, d("2024-11-11"), d("2025-05-11"), None),
    ]


def test_statuses_of_two_rules_counted_by_hand(results):
    """Reviews: Ann in time twice and one ahead; Ben late and one overdue; Cas in time three times, one lapsed, one overdue."""
    rows = results.rows("SELECT status, count(*) FROM obligations WHERE rule = 'statutory-review' GROUP BY 1 ORDER BY 1")
    assert rows == [("lapsed", 1), ("late", 1), ("on_time", 5), ("overdue", 2), ("upcoming", 1)]
    rows = results.rows("SELECT status, count(*) FROM obligations WHERE rule = 'initial-cpm' GROUP BY 1 ORDER BY 1")
    assert rows == [("missed", 1), ("on_time", 3)]


def test_a_miss_belongs_to_the_team_that_held_the_case_then(results):
    """Ann was with Court until 28 February; in the gap Court still holds; from 10 March South does."""
    rows = results.rows(
        "SELECT due_date, team, worker FROM obligations WHERE child_id = 'ANN' AND rule IN ('statutory-review') ORDER BY anchor_date"
    )
    assert rows == [
        (d("2025-02-03"), "Court", "Heron"), (d("2025-04-30"), "South", "Wren"), (d("2025-10-29"), "South", "Wren"),
    ]  # fmt: skip
    assert results.rows("SELECT DISTINCT team FROM obligations WHERE child_id = 'BEN'") == [("South",)]


def test_compliance_by_hand(results):
    """8 reviews counted: 5 of them in time; below ten there is no percentage."""
    table = views.compliance(results, "rule").set_index("rule")
    assert list(table.loc["statutory-review", ["on_time", "late", "missed", "overdue", "counted"]]) == [5, 1, 0, 2, 8]
    assert table["rate"].isna()["statutory-review"]
    within = views.compliance(results, ["rule", "team"], d("2025-02-03"), d("2025-02-03")).set_index(["rule", "team"])
    assert list(within.loc[("statutory-review", "Court"), ["on_time", "counted"]]) == [1, 1]
    assert list(within.loc[("statutory-review", "South"), ["late", "counted"]]) == [1, 1]


def test_a_rate_needs_ten(results):
    """All rules together: 17 or more counted have a rate with one decimal."""
    table = views.compliance(compute_rows(COUNCIL | {"cases": COUNCIL["cases"] * 1}, AS_AT), "team")
    for row in table.to_dict("records"):
        assert row["counted"] == row["on_time"] + row["late"] + row["missed"] + row["overdue"]
        assert (row["rate"] == row["rate"]) == (row["counted"] >= 10)


def test_a_snapshot_shared_by_threads_never_mixes_rows(results):
    """Each question has a cursor of its own: on one shared connection, threads got other threads' rows."""
    from concurrent.futures import ThreadPoolExecutor

    def ask(n):
        child = ("ANN", "BEN", "CAS")[n % 3]
        return {found for (found,) in results.rows("SELECT child_id FROM obligations WHERE child_id = ?", [child])} == {child}

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(ask, range(240)))


def test_a_meeting_from_a_file_without_a_column_is_unknown_and_not_silent():
    """Two files of meetings, one with the columns and one without: what the second one's meeting decided can't be told."""
    here = ["child_id", "meeting_type", "meeting_date", "status"]
    tables = {
        "cases": [{"child_id": "A", "care_started": d("2026-01-05"), "team": "North", "source": 1, "row": 2}],
        "meetings": [
            {"child_id": "A", "meeting_type": "cpm", "meeting_date": d("2026-01-12"), "status": "held", "plan_change": "none", "source": 2, "row": 2},
            {"child_id": "A", "meeting_type": "cpm", "meeting_date": d("2026-02-09"), "status": "held", "source": 3, "row": 2},
        ],
        "sources": [
            {"source": 1, "dataset": "cases", "columns": ["child_id", "care_started", "team"]},
            {"source": 2, "dataset": "meetings", "columns": [*here, "plan_change", "agreed_frequency"]},
            {"source": 3, "dataset": "meetings", "columns": here},
        ],
        "loaded": [{"dataset": "cases", "extract_date": d("2026-03-02")}, {"dataset": "meetings", "extract_date": d("2026-03-02")}],
    }
    found = compute_rows(tables, d("2026-03-02"))
    for rule in ("iro-informed", "care-plan-updated", "review-after-change", "agreed-frequency"):
        assert found.rows("SELECT anchor_date, status FROM obligations WHERE rule = $1", [rule]) == [(d("2026-02-09"), "cannot_tell")], rule


def test_first_cpms_from_a_file_without_also_placement_planning_may_have_been_both():
    """Of two files one has the column: a first CPM from the other may have planned the placement too, unless one of its day is marked."""
    here = ["meeting_id", "child_id", "meeting_type", "meeting_date"]
    first, later = d("2026-01-12"), d("2026-02-09")
    held = [("A", first, None), ("B", first, None), ("B", first, True), ("C", first, False), ("C", later, None), ("D", first, None), ("D", first, False)]
    tables = {
        "cases": [{"child_id": c, "care_started": d("2026-01-05"), "team": "North", "source": 1, "row": n} for n, c in enumerate("ABCD")],
        "meetings": [
            {"meeting_id": f"M{n}", "child_id": child, "meeting_type": "cpm", "meeting_date": day, "also_placement_planning": both, "source": 3 if both is None else 2, "row": n}
            for n, (child, day, both) in enumerate(held)
        ],
        "sources": [
            {"source": 1, "dataset": "cases", "columns": ["child_id", "care_started", "team", "care_plan_completed", "placement_plan_completed"]},
            {"source": 2, "dataset": "meetings", "columns": [*here, "also_placement_planning"]},
            {"source": 3, "dataset": "meetings", "columns": here},
        ],
        "loaded": [{"dataset": "cases", "extract_date": d("2026-03-02")}, {"dataset": "meetings", "extract_date": d("2026-03-02")}],
    }
    found = compute_rows(tables, d("2026-03-02")).rows("SELECT child_id, anchor_date, status, missing FROM obligations WHERE rule = 'separate-plans' ORDER BY child_id")
    untold = (first, "cannot_tell", "Also placement planning (Meetings)")
    assert found == [("A", *untold), ("B", first, "overdue", None), ("D", *untold)]
