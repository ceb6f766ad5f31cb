"""What if: with nothing changed nothing differs; with one thing changed, what was worked out by hand; and nothing is saved."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cpm_metrics import sample, views
from cpm_metrics.engine import compute, compute_rows
from cpm_metrics.settings import Limit
from cpm_metrics.views import what_if
from cpm_metrics.views.what_if import Change, compare, offer
from tests.oracle.children import random_council
from tests.pages.conftest import EXTRACT, fill
from tests.views.days import d

AS_AT = date(2026, 3, 31)
STARTED = date(2026, 1, 5)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("what-if")
    return fill(folder / "store", sample.write(folder / "files", children=8, seed=5, extract_date=EXTRACT))


@pytest.mark.parametrize("back", [0, 200])
def test_nothing_changed_nothing_differs_for_every_child(store, back):
    """Each child's own rows give the identical obligations, flags and sentences, also on an earlier date."""
    results = compute(store.current(), EXTRACT - timedelta(days=back))
    counts = views.obligations(results).groupby("child_id").size().to_dict()
    for child, started in results.rows("SELECT child_id, care_started FROM children WHERE current AND NOT left_out"):
        found = compare(results, child, started, Change())
        assert not len(found.moved)
        assert found.same == counts.get(child, 0)
        assert (found.flags_new, found.flags_gone, found.kept, found.own_record) == ([], [], [], 0)


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 1_000_000))
def test_nor_in_random_councils(seed):
    """Dates crowd around the boundaries, reviews come as meetings or not, cells are blank."""
    results = compute_rows(random_council(seed, 4, AS_AT), AS_AT)
    for child, started in results.rows("SELECT child_id, care_started FROM children WHERE current"):
        found = compare(results, child, started, Change())
        assert not len(found.moved)
        assert (found.flags_new, found.flags_gone) == ([], [])


def test_what_the_extract_as_a_whole_says_is_kept():
    """Two files of meetings, one without minutes; the reviews come as meetings, and this child has none. One dataset was never loaded."""
    row = {"child_id": "A", "meeting_type": "cpm", "status": "held"}
    tables = {
        "cases": [{"child_id": c, "care_started": STARTED, "team": "North", "source": 1, "row": n} for n, c in enumerate("AB")],
        "meetings": [
            row | {"meeting_date": d("2026-01-12"), "source": 2, "row": 2}, row | {"meeting_date": d("2026-02-12"), "source": 3, "row": 2},
            {"child_id": "B", "meeting_type": "review", "meeting_date": d("2026-01-30"), "status": "held", "source": 2, "row": 3},
        ],
        "sources": [
            {"source": 1, "dataset": "cases", "columns": ["child_id", "care_started", "team"]},
            {"source": 2, "dataset": "meetings", "columns": ["child_id", "meeting_type", "meeting_date", "status", "minutes_uploaded"]},
            {"source": 3, "dataset": "meetings", "columns": ["child_id", "meeting_type", "meeting_date", "status"]},
        ],
        "loaded": [{"dataset": "cases", "extract_date": AS_AT}, {"dataset": "meetings", "extract_date": AS_AT}],
    }  # fmt: skip
    results = compute_rows(tables, AS_AT)
    minutes = results.rows("SELECT anchor_date, status FROM obligation_facts WHERE rule = 'minutes-on-file' ORDER BY 1")
    assert minutes == [(d("2026-01-12"), "overdue"), (d("2026-02-12"), "cannot_tell")]
    assert results.rows("SELECT status FROM obligation_facts WHERE rule = 'statutory-review' AND child_id = 'A'") == [("overdue",)]
    found = compare(results, "A", STARTED, Change())
    assert not len(found.moved)
    assert found.same == (views.obligations(results)["child_id"] == "A").sum()


def ann(**more) -> dict[str, list[dict]]:
    """In care since 5 January, planning for permanence; first CPM held on the 19th; reviewed on 30 January, the next booked for 20 April."""
    return {
        "cases": [{"child_id": "A", "care_started": STARTED, "team": "North", "planning_permanence": True}],
        "meetings": [{"child_id": "A", "meeting_id": "M1", "meeting_type": "cpm", "meeting_date": d("2026-01-19"), "status": "held"}],
        "reviews": [{"child_id": "A", "review_date": d("2026-01-30"), "status": "held"}, {"child_id": "A", "review_date": d("2026-04-20"), "status": "booked"}],
    } | more  # fmt: skip


def moved(found: what_if.Outcome) -> dict[str, tuple]:
    return {row.rule: (row.due_before.date(), row.due_after.date(), row.status_before, row.status_after) for row in found.moved.itertuples()}


def test_a_review_moved_moves_what_hangs_on_it():
    """The CPM before it and the permanence plan by the second review are due on its day; nothing else moves."""
    results = compute_rows(ann(), AS_AT)
    found = compare(results, "A", STARTED, Change(review=d("2026-05-20")))
    was, now = d("2026-04-20"), d("2026-05-20")
    assert moved(found) == {"cpm-before-review": (was, now, "due_soon", "upcoming"), "permanence-plan": (was, now, "due_soon", "upcoming")}
    (kept,) = found.kept
    states = {row.title: (row.status, row.days) for row in kept.met.itertuples()}
    # The second review is due three months after 30 January: 30 April.
    assert states["Child in Care Review"] == ("late", 20)
    assert states["CPM before each review"][0] == "missed"
    assert kept.next_review == d("2026-11-20")  # six months after it


@pytest.mark.parametrize(("day", "status"), [("2026-04-30", "on_time"), ("2026-05-01", "late")])
def test_a_review_on_its_last_day_and_the_day_after(day, status):
    (kept,) = compare(compute_rows(ann(), AS_AT), "A", STARTED, Change(review=d(day))).kept
    assert kept.met.set_index("title").loc["Child in Care Review", "status"] == status


def test_a_review_is_booked_where_none_was():
    results = compute_rows(ann(reviews=[{"child_id": "A", "review_date": d("2026-01-30"), "status": "held"}]), AS_AT)
    found = compare(results, "A", STARTED, Change(review=d("2026-04-10")))
    assert moved(found)["cpm-before-review"] == (d("2026-04-30"), d("2026-04-10"), "upcoming", "due_soon")


def test_reviews_that_come_as_meetings_are_moved_too():
    meetings = ann()["meetings"] + [
        {"child_id": "A", "meeting_type": "review", "meeting_date": d("2026-01-30"), "status": "held"},
        {"child_id": "A", "meeting_type": "review", "meeting_date": d("2026-04-20"), "status": "booked"},
    ]
    tables = ann(meetings=meetings)
    del tables["reviews"]
    found = compare(compute_rows(tables, AS_AT), "A", STARTED, Change(review=d("2026-05-20")))
    assert moved(found)["cpm-before-review"][:2] == (d("2026-04-20"), d("2026-05-20"))


def test_without_reviews_none_can_be_moved():
    tables = ann()
    del tables["reviews"]
    assert offer(compute_rows(tables, AS_AT), "A", STARTED).review
    assert not offer(compute_rows(ann(), AS_AT), "A", STARTED).review


def test_working_days_instead_of_calendar_days():
    """Ten calendar days from Monday 5 January end on the 15th, ten working days on the 19th: the CPM of that day was late, and would be in time."""
    results = compute_rows(ann(), AS_AT)
    given_ = offer(results, "A", STARTED)
    assert (given_.limit.text, given_.other_limit.text) == ("10 calendar days", "10 working days")
    found = compare(results, "A", STARTED, Change(first_cpm=given_.other_limit))
    assert moved(found) == {"initial-cpm": (d("2026-01-15"), d("2026-01-19"), "late", "on_time")}
    assert "10 working days" in found.moved["why_after"].iloc[0]


def test_a_bank_holiday_moves_the_working_days():
    """Care began on 27 March 2026; Good Friday and Easter Monday lie between: 14 April, which would be the 10th without them."""
    results = compute_rows({"cases": [{"child_id": "A", "care_started": d("2026-03-27"), "team": "N"}], "meetings": []}, AS_AT)
    found = compare(results, "A", d("2026-03-27"), Change(first_cpm=Limit(10, "working days")))
    assert moved(found)["initial-cpm"] == (d("2026-04-06"), d("2026-04-14"), "due_soon", "due_soon")


def court(**more) -> dict[str, list[dict]]:
    return ann(proceedings=[{"child_id": "A", "issued": d("2026-01-12"), **more}])


def test_a_filing_date_moved_set_and_unknown_to_the_extract():
    """Due 14 calendar days before it. Without a date, or without the column, it could not be told."""
    results = compute_rows(court(plan_due=d("2026-04-10")), AS_AT)
    (one,) = offer(results, "A", STARTED).proceedings
    assert (one.issued, one.plan_due) == (d("2026-01-12"), d("2026-04-10"))
    change = Change(filing=d("2026-05-20"), proceedings=(one.source, one.row))
    assert moved(compare(results, "A", STARTED, change)) == {"final-plan-cpm": (d("2026-03-27"), d("2026-05-06"), "overdue", "upcoming")}
    for blank in (compute_rows(court(), AS_AT), compute_rows(court(), AS_AT, columns={"proceedings": ["child_id", "issued", "concluded", "plan_filed"]})):
        (row,) = compare(blank, "A", STARTED, change).moved.query("rule == 'final-plan-cpm'").itertuples()
        assert (row.status_before, row.status_after, row.due_after.date()) == ("cannot_tell", "upcoming", d("2026-05-06"))


def test_concluded_or_filed_proceedings_offer_nothing():
    for ended in ({"concluded": AS_AT}, {"plan_filed": AS_AT}):
        assert offer(compute_rows(court(**ended), AS_AT), "A", STARTED).proceedings == []


def test_one_more_cpm_that_was_held():
    """On 2 March, after the review: the CPM before the next review is done. What the meeting's own record would owe is counted apart."""
    found = compare(compute_rows(ann(), AS_AT), "A", STARTED, Change(cpm=d("2026-03-02")))
    (row,) = found.moved.itertuples()
    assert (row.rule, row.status_before, row.status_after, row.done_after.date()) == ("cpm-before-review", "due_soon", "on_time", d("2026-03-02"))
    assert found.own_record > 0
    assert found.kept == []


@pytest.mark.parametrize(("day", "status"), [("2026-04-20", "on_time"), ("2026-04-21", None)])
def test_one_more_cpm_booked(day, status):
    """Booked, it changes no status; held on the day of the booked review it is in time, a day later it belongs to the next stretch."""
    found = compare(compute_rows(ann(), AS_AT), "A", STARTED, Change(cpm=d(day)))
    assert not len(found.moved)
    assert any(flag.startswith("Nothing booked") for flag in found.flags_gone)
    (kept,) = found.kept
    states = dict(zip(kept.met["title"], kept.met["status"], strict=True))
    assert states.get("CPM before each review") == status


def test_a_cpm_booked_before_it_serves_first():
    meetings = [*ann()["meetings"], {"child_id": "A", "meeting_type": "cpm", "meeting_date": d("2026-04-08"), "status": "booked"}]
    (kept,) = compare(compute_rows(ann(meetings=meetings), AS_AT), "A", STARTED, Change(cpm=d("2026-04-15"))).kept
    assert "CPM before each review" not in set(kept.met["title"])


def test_only_the_last_cpm_before_the_plan_serves_for_court():
    results = compute_rows(court(plan_due=d("2026-05-20")), AS_AT)
    for kind, found in (("cpm", False), ("final_plan_cpm", True)):
        (kept,) = compare(results, "A", STARTED, Change(cpm=d("2026-05-06"), cpm_type=kind)).kept
        assert ("CPM before the final care plan" in set(kept.met["title"])) == found


def test_it_serves_for_proceedings_of_the_earlier_period_of_care_too():
    back = d("2026-02-16")
    tables = court(plan_due=d("2026-05-20"))
    tables["cases"] = [{**tables["cases"][0], "care_ceased": d("2026-02-02")}, {**tables["cases"][0], "care_started": back}]
    (kept,) = compare(compute_rows(tables, AS_AT), "A", back, Change(cpm=d("2026-05-06"), cpm_type="final_plan_cpm")).kept
    assert dict(zip(kept.met["title"], kept.met["status"], strict=True))["CPM before the final care plan"] == "on_time"


def test_nothing_is_saved(store):
    """The results shared with every other visitor, and the store's folder, are as they were."""
    results = compute(store.current())
    child, started = results.rows("SELECT child_id, care_started FROM in_care ORDER BY 1 LIMIT 1")[0]
    before, files = views.obligations(results), {path: path.stat().st_mtime_ns for path in store.folder.rglob("*") if path.is_file()}
    compare(results, child, started, Change(review=EXTRACT + timedelta(days=9), cpm=EXTRACT + timedelta(days=5), first_cpm=Limit(1, "months")))
    assert views.obligations(results).equals(before)
    assert {path: path.stat().st_mtime_ns for path in store.folder.rglob("*") if path.is_file()} == files
    assert Change().empty and Change(proceedings=(1, 2)).empty and not Change(cpm=EXTRACT).empty
