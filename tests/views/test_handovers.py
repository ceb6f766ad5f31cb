"""Hand-overs, by hand: a gap is none, the day itself is the new team's, and each miss belongs where obligations say."""

from __future__ import annotations

import pytest

from cpm_metrics import views
from cpm_metrics.engine import compute_rows
from cpm_metrics.views import handovers
from tests.views.days import d

# Ann passes from Court to South on 10 March, after a gap; from Wren to Crow within South on 1 April. Ben never moves. Cas has no
# allocation. Before care, Ann was Front Door's.
TABLES = {
    "cases": [
        {"child_id": "ANN", "care_started": d("2025-01-06"), "team": "South", "worker": "Crow", "forename": "Ann", "surname": "Lee"},
        {"child_id": "BEN", "care_started": d("2025-01-06"), "team": "South", "worker": "Crow"},
        {"child_id": "CAS", "care_started": d("2025-01-06"), "team": "South"},
    ],
    "meetings": [
        # First CPM due on 16 January, held on 3 March; its minutes are due on 10 March, the very day of the hand-over.
        {"meeting_id": "M1", "child_id": "ANN", "meeting_type": "cpm", "meeting_date": d("2025-03-03"), "status": "held", "minutes_uploaded": d("2025-03-12")},
    ],
    "reviews": [{"child_id": "BEN", "review_date": d("2025-01-31")}],
    "allocations": [
        {"child_id": "ANN", "team": "Front Door", "worker": "Jay", "allocation_start": d("2024-11-01"), "allocation_end": d("2024-12-31")},
        {"child_id": "ANN", "team": "Court", "worker": "Heron", "allocation_start": d("2025-01-06"), "allocation_end": d("2025-02-28")},
        {"child_id": "ANN", "team": "South", "worker": "Wren", "allocation_start": d("2025-03-10"), "allocation_end": d("2025-03-31")},
        {"child_id": "ANN", "team": "South", "worker": "Crow", "allocation_start": d("2025-04-01")},
        {"child_id": "BEN", "team": "South", "worker": "Crow", "allocation_start": d("2025-01-06")},
    ],
}  # fmt: skip
AS_AT, ALL = d("2025-06-02"), (d("2024-01-01"), d("2025-06-02"))


@pytest.fixture(scope="module")
def results():
    return compute_rows(TABLES, AS_AT)


def test_one_hand_over_between_teams_and_one_between_workers(results):
    """Neither the gap, nor the allocation before care, nor the first one in care is a hand-over."""
    (row,) = handovers.handovers(results, *ALL).rows.itertuples()
    assert (row.child_id, row.name, row.day.date(), row.team_before, row.worker_before, row.team, row.worker) == ("ANN", "Ann Lee", d("2025-03-10"), "Court", "Heron", "South", "Wren")
    every = handovers.handovers(results, *ALL, between_teams=False).rows
    assert every["day"].dt.date.tolist() == [d("2025-04-01"), d("2025-03-10")]
    assert every["moved_team"].tolist() == [False, True]


def test_the_dates_are_both_included(results):
    day = d("2025-03-10")
    assert len(handovers.handovers(results, day, day).rows) == 1
    assert not len(handovers.handovers(results, d("2025-03-11"), AS_AT).rows)
    assert not len(handovers.handovers(results, *(d("2025-01-01"), d("2025-03-09"))).rows)


def test_either_team_sees_it(results):
    assert [len(handovers.handovers(results, *ALL, [team]).rows) for team in ("Court", "South", "Front Door")] == [1, 1, 0]


def test_what_was_open_is_what_the_contract_says(results):
    """Worked out from the command line's frame by the definition, row by row; and whose each is, as that frame has it."""
    h = handovers.handovers(results, *ALL).rows.iloc[0]
    day = h["day"]
    mine = views.obligations(results)
    mine = mine[(mine["child_id"] == "ANN") & (mine["status"] != "cannot_tell") & mine["due_date"].notna()]
    was_open = mine[(mine["anchor_date"] < day) & ~(mine["done_date"] < day) & ~(mine["closes_on"] < day) & ~(mine["lapses_on"] < day)]
    rows = handovers.open_then(results, h)
    assert sorted(rows["rule"]) == sorted(was_open["rule"])
    assert h["open"] == len(was_open) == h["past_due"] + h["after"]
    assert h["past_due"] == (was_open["due_date"] < day).sum()
    assert h["not_on_time"] == ((was_open["due_date"] >= day) & was_open["status"].isin(["late", "missed", "overdue"])).sum()
    assert set(rows.loc[rows["belongs"] == "before", "team"]) == {"Court"}
    assert set(rows.loc[rows["belongs"] == "after", "team"]) == {"South"}


def test_due_on_the_day_is_the_new_teams(results):
    """Minutes of the CPM of 3 March: 5 working days on is 10 March. The review due on 3 February is the old team's."""
    rows = handovers.open_then(results, handovers.handovers(results, *ALL).rows.iloc[0]).set_index("rule")
    assert rows.loc["minutes-on-file", ["belongs", "team", "status"]].tolist() == ["after", "South", "late"]
    assert rows.loc["minutes-on-file", "due_date"].date() == d("2025-03-10")
    assert rows.loc["statutory-review", ["belongs", "team", "status"]].tolist() == ["before", "Court", "overdue"]
    assert "initial-cpm" not in rows.index  # held on 3 March, late, a week before


def test_who_cannot_be_placed_is_counted(results):
    """Cas has no allocation in an extract that has them."""
    h = handovers.handovers(results, *ALL)
    assert (h.loaded, h.without) == (True, 1)
    assert handovers.handovers(results, *ALL, ["Court"]).without == 0


def test_without_allocations_it_says_so():
    h = handovers.handovers(compute_rows({name: rows for name, rows in TABLES.items() if name != "allocations"}, AS_AT), *ALL)
    assert not h.loaded
    assert not len(h.rows)


def test_nothing_after_the_as_at_date(results):
    """On 20 March the change of worker of 1 April isn't known, whatever dates are asked for."""
    then = compute_rows(TABLES, d("2025-03-20"))
    assert handovers.handovers(then, *ALL, between_teams=False).rows["day"].dt.date.tolist() == [d("2025-03-10")]


def test_a_team_left_blank_is_a_team_not_recorded():
    """An allocation with no team: from Court to nobody known."""
    tables = TABLES | {"allocations": [*TABLES["allocations"][:2], {"child_id": "ANN", "worker": "Wren", "allocation_start": d("2025-03-10")}]}
    (row,) = handovers.handovers(compute_rows(tables, AS_AT), *ALL).rows.itertuples()
    assert row.team_before == "Court"
    assert row.team is None or row.team != row.team
    pairs = handovers.between(handovers.handovers(compute_rows(tables, AS_AT), *ALL).rows)
    assert (len(pairs), pairs["handovers"].tolist()) == (1, [1])
