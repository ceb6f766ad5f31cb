"""Brothers and sisters side by side: their dates are those of each one's own page, and one day for all is never promised too late."""

from __future__ import annotations

from datetime import date, timedelta

import pandas as pd
import pytest

from cpm_metrics.engine import compute_rows
from cpm_metrics.views import child, siblings
from tests.views.days import d

AS_AT = date(2026, 3, 31)


def family(booked: dict[str, str | None] = {}, group: str = "SG1", **cases) -> dict[str, list[dict]]:  # noqa: B006
    """Ann, Ben and Cat in care since 5 January, first review held on 30 January (Cat: 20 January), so the next by 30 (20) April."""
    return {
        "cases": [{"child_id": c, "sibling_group": group, "care_started": d("2026-01-05"), "team": "North", "worker": "Wren", "date_of_birth": d(f"201{n}-05-05")} | cases.get(c, {}) for n, c in enumerate("ABC")],
        "meetings": [],
        "reviews": [{"child_id": c, "review_date": d("2026-01-20" if c == "C" else "2026-01-30"), "status": "held"} for c in "ABC"]
        + [{"child_id": c, "review_date": d(day), "status": "booked"} for c, day in booked.items() if day],
    }  # fmt: skip


def told(tables) -> tuple[siblings.Alignment, siblings.Alignment]:
    results = compute_rows(tables, AS_AT)
    return tuple(siblings.alignment(siblings.side_by_side(results, "A"), AS_AT))


def test_each_ones_dates_are_those_of_its_own_page():
    """The eldest first; the same figures as the child's own next dates."""
    results = compute_rows(family({"A": "2026-04-15", "B": "2026-04-27"}), AS_AT)
    rows = siblings.side_by_side(results, "B")
    assert list(rows["child_id"]) == ["A", "B", "C"]
    for row in rows.itertuples():
        own = child.next_dates(results, row.child_id, d("2026-01-05"))
        for name in ("cpm_due", "cpm_booked", "last_cpm", "review_due", "review_booked", "last_review"):
            value = getattr(row, name)
            assert (None if pd.isna(value) else value.date()) == own[name]
    assert siblings.side_by_side(results, "A").equals(rows)


def test_reviews_apart_and_until_when_one_serves_all():
    """Booked 12 days apart; Cat's is due first, on 20 April, so one review serves all until then, and the one of the 15th is early enough."""
    review, _ = told(family({"A": "2026-04-15", "B": "2026-04-27"}))
    assert not review.aligned
    assert "Reviews booked 15 Apr 2026 and 27 Apr 2026, 12 days apart; 1 child has none booked" in review.words
    assert "Due by 20 Apr 2026 and 30 Apr 2026, 10 days apart" in review.words
    assert "One review for all of them would be in time until 20 Apr 2026; the one booked for 15 Apr 2026 is early enough" in review.words


@pytest.mark.parametrize(("day", "enough"), [("2026-04-20", True), ("2026-04-21", False)])
def test_the_last_day_that_serves_all(day, enough):
    """Held on the day it is due is in time; a day later is not, and the engine says the same."""
    review, _ = told(family({"A": day, "B": "2026-04-29"}))
    assert ("is early enough" in review.words) == enough
    held = family()
    held["reviews"] += [{"child_id": c, "review_date": d(day), "status": "held"} for c in "ABC"]
    late = compute_rows(held, d("2026-05-10")).rows("SELECT count(*) FROM obligation_facts WHERE rule = 'statutory-review' AND status = 'late' AND done_date = $day", {"day": d(day)})[0][0]
    assert (late == 0) == enough


def test_all_on_one_day():
    review, cpm = told(family(dict.fromkeys("ABC", "2026-04-16")))
    assert review.aligned
    assert "Reviews booked 16 Apr 2026 for all of them" in review.words
    assert "One review" not in review.words
    assert not cpm.aligned  # none is booked


def test_overdue_is_not_promised():
    """Cat's review was due before the as-at date: none can be in time for all."""
    tables = family()
    tables["reviews"] = [row for row in tables["reviews"] if row["child_id"] != "C"]
    review, _ = told(tables)
    assert "can’t be in time any more: the earliest was due by 2 Feb 2026" in review.words


def test_who_is_not_in_care_or_not_in_the_group():
    """One who left care is not beside the others; a child without siblings in care, or out of care itself, has nobody beside it."""
    left = family(B={"care_ceased": d("2026-02-20")})
    results = compute_rows(left, AS_AT)
    assert list(siblings.side_by_side(results, "A")["child_id"]) == ["A", "C"]
    assert not len(siblings.side_by_side(results, "B"))
    assert list(child.siblings(results, "A")["child_id"]) == ["B", "C"]
    alone = compute_rows(family(B={"sibling_group": None}, C={"sibling_group": None}), AS_AT)
    assert not len(siblings.side_by_side(alone, "A"))
    assert not len(siblings.side_by_side(alone, "B"))
    assert siblings.alignment(siblings.side_by_side(alone, "A"), AS_AT) == []
    assert siblings.group_size(alone, "B") == 0


def test_what_cannot_be_told_is_said():
    """Without reviews, nobody knows by when the next is due."""
    tables = family()
    del tables["reviews"]
    results = compute_rows(tables, AS_AT, columns={"cases": ["child_id", "sibling_group", "care_started", "team"]})
    review, _ = siblings.alignment(siblings.side_by_side(results, "A"), AS_AT)
    assert "For 3 children it can’t be told by when the review is due" in review.words
    assert "Due by" not in review.words


def test_other_teams_and_workers_are_said():
    results = compute_rows(family(B={"team": "South", "worker": None}), AS_AT)
    assert siblings.differences(siblings.side_by_side(results, "A")) == "They have 2 teams, social worker not recorded for 1."
    assert siblings.differences(siblings.side_by_side(compute_rows(family(), AS_AT), "A")) == ""


def test_a_cpm_for_court_is_not_replaced_by_another():
    tables = family() | {"proceedings": [{"child_id": "A", "issued": d("2026-01-12"), "plan_due": AS_AT + timedelta(days=60)}]}
    _, cpm = told(tables)
    assert "For 1 child a CPM before the final care plan is open, which another CPM does not replace" in cpm.words
