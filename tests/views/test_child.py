"""What the child's page and the supervision sheet show, against the command line's frames and against dates worked out by hand."""

from __future__ import annotations

from datetime import date, timedelta

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cpm_metrics import charts, sample, views
from cpm_metrics.engine import compute, compute_rows
from cpm_metrics.views import child
from tests.oracle.children import random_council
from tests.pages.conftest import EXTRACT, fill
from tests.views.days import d

AS_AT = date(2026, 3, 31)
STARTED = date(2026, 1, 5)


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("child")
    return compute(fill(folder / "store", sample.write(folder / "files", children=25, seed=9, extract_date=EXTRACT)).current())


def test_every_childs_figures_are_the_command_lines(results):
    """Statuses, urgent rows, open and rolled-over actions of each child equal the contract's frames."""
    contract, flags = views.obligations(results), views.indicators(results)
    for (one,) in results.rows("SELECT DISTINCT child_id FROM children"):
        mine = contract[contract["child_id"] == one]
        assert child.counts(results, one) == mine["status"].value_counts().to_dict()
        own = child.obligations(results, one)
        assert sorted(own["why"]) == sorted(mine["why"])
        assert len(child.urgent(own)) == mine["status"].isin(["overdue", "due_soon"]).sum()
        actions = child.actions(results, one)
        told = mine[mine["rule"] == "action-completed"]
        assert sorted(actions["status"]) == sorted(told["status"])
        assert int(actions["days_overdue"].sum()) == told.loc[told["status"] == "overdue", "days"].sum()
        rolled = flags[(flags["child_id"] == one) & (flags["indicator"] == "actions-rolled-over")]["figure"].sum()
        current = results.rows("SELECT care_started FROM in_care WHERE child_id = $one", {"one": one})
        assert (int(child.actions(results, one, current[0][0])["rolled_over"].sum()) if current else 0) == rolled
        by_meeting = child.actions_by_meeting(actions)
        assert by_meeting["agreed"].sum() == len(actions)
        assert by_meeting["open"].sum() == actions["open"].sum()
        assert by_meeting["rolled_over"].sum() == actions["rolled_over"].sum()


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 1_000_000))
def test_no_action_is_lost_or_doubled(seed):
    """Each action of a CPM once, with the status of its obligation, in councils with duplicates and blanks."""
    council = compute_rows(random_council(seed, 8, AS_AT), AS_AT)
    for (one,) in council.rows("SELECT DISTINCT child_id FROM periods"):
        actions = child.actions(council, one)
        told = council.rows("SELECT status FROM obligation_facts WHERE rule = 'action-completed' AND child_id = $one", {"one": one})
        assert sorted(actions["status"]) == sorted(status for (status,) in told)


def tables(**more) -> dict[str, list[dict]]:
    return {"cases": [{"child_id": "A", "care_started": STARTED, "team": "North"}], "meetings": [], "reviews": []} | more


def test_next_dates_by_hand():
    """First CPM due ten calendar days, first review twenty working days after coming into care; a booking after the due date says so."""
    booked = {"child_id": "A", "review_date": AS_AT + timedelta(days=6), "status": "booked"}
    found = child.next_dates(compute_rows(tables(reviews=[booked]), AS_AT), "A", STARTED)
    assert (found["cpm_due"], found["review_due"], found["review_booked"]) == (d("2026-01-15"), d("2026-02-02"), d("2026-04-06"))
    cpm, cpm_booked, review, review_booked = child.date_words(found, AS_AT)
    assert (cpm.value, cpm.note.split(";")[0], cpm.wanting) == ("15 Jan 2026", "75 days overdue", True)
    assert (cpm_booked.value, cpm_booked.note, cpm_booked.wanting) == ("None", "none held yet", True)
    assert (review.value, review.note, review.wanting) == ("2 Feb 2026", "57 days overdue", True)
    assert (review_booked.value, review_booked.note, review_booked.wanting) == ("6 Apr 2026", "63 days after it is due; none held yet", True)


def test_a_due_date_of_today_is_not_overdue():
    """The boundary: due on the as-at date."""
    words = child.date_words(child.next_dates(compute_rows(tables(), d("2026-02-02")), "A", STARTED), d("2026-02-02"))
    assert (words[2].value, words[2].note, words[2].wanting) == ("2 Feb 2026", "today", False)
    words = child.date_words(child.next_dates(compute_rows(tables(), d("2026-02-03")), "A", STARTED), d("2026-02-03"))
    assert (words[2].note, words[2].wanting) == ("1 day overdue", True)


def test_reviews_that_were_never_loaded_are_not_overdue():
    """Unknown is never overdue."""
    without = tables()
    del without["reviews"]
    results = compute_rows(without, AS_AT, columns={"cases": ["child_id", "care_started", "team"]})
    *_, review, booked = child.date_words(child.next_dates(results, "A", STARTED), AS_AT)
    assert (review.value, review.wanting) == ("Cannot tell", False)
    assert (booked.value, booked.wanting) == ("Cannot tell", False)
    assert not len(child.windows(results, "A").query("lane == 'Reviews'"))
    assert "Reviews" in child.not_drawn(results)


def test_actions_whose_completion_is_not_in_the_extract_cannot_be_told():
    """No completed-date column: not overdue, not rolled over, and yet listed as open."""
    meetings = [{"child_id": "A", "meeting_id": f"M{n}", "meeting_type": "cpm", "meeting_date": day, "status": "held"} for n, day in enumerate((d("2026-01-12"), d("2026-02-12"), d("2026-03-12")))]
    action = {"child_id": "A", "meeting_id": "M0", "meeting_date": d("2026-01-12"), "action": "Refer", "due_date": d("2026-02-01")}
    given_ = tables(meetings=meetings, actions=[action])
    (row,) = child.actions(compute_rows(given_, AS_AT), "A").itertuples()
    assert (row.status, row.open, row.rolled_over, row.meetings_since, row.days_overdue) == ("overdue", True, True, 2, 58)
    (row,) = child.actions(compute_rows(given_, AS_AT, columns={"actions": ["child_id", "meeting_id", "meeting_date", "action", "due_date"]}), "A").itertuples()
    assert (row.status, row.open, row.rolled_over) == ("cannot_tell", True, False)
    assert pd.isna(row.meetings_since)


def test_gaps_by_hand():
    """Nobody allocated from 1 to 9 March; no home known before 12 January; legal statuses were never loaded and have no gap."""
    given_ = tables(
        allocations=[{"child_id": "A", "team": "N", "worker": "W", "allocation_start": STARTED, "allocation_end": d("2026-02-28")}, {"child_id": "A", "team": "S", "worker": "V", "allocation_start": d("2026-03-10")}],
        placements=[{"child_id": "A", "placement_start": d("2026-01-12"), "placement_end": d("2026-02-01")}, {"child_id": "A", "placement_start": d("2026-02-02")}],
    )  # fmt: skip
    results = compute_rows(given_, AS_AT)
    found = child.gaps(results, "A", child.lanes(results, "A"))
    assert [(row.lane, row.start.date(), row.end.date()) for row in found.itertuples()] == [
        ("Home", STARTED, d("2026-01-11")), ("Social worker", d("2026-03-01"), d("2026-03-09")),
    ]  # fmt: skip
    assert child.not_drawn(results) == ["Proceedings"]


def test_every_childs_timeline_can_be_drawn_and_read(results):
    """Everything drawn stands in the table; today is marked only where it lies after the as-at date, and soon."""
    for (one,) in results.rows("SELECT DISTINCT child_id FROM children"):
        lanes, windows, marks, due = child.lanes(results, one), child.windows(results, one), child.marks(results, one), child.due(results, one)
        gaps = child.gaps(results, one, lanes)
        figure = charts.timeline(lanes, windows, marks, EXTRACT, gaps=gaps, due=due, today=EXTRACT + timedelta(days=2))
        assert "Today, 22 Nov 2026" in figure.to_json()
        assert len(charts.timeline_table(lanes, windows, marks, gaps, due)) == len(lanes) + len(windows) + len(marks) + len(gaps) + len(due)
        assert charts.timeline_words(windows, marks, EXTRACT, gaps, due).startswith("Timeline to 20 Nov 2026")
    for today, marked in ((EXTRACT, False), (EXTRACT - timedelta(days=1), False), (EXTRACT + timedelta(days=60), True), (EXTRACT + timedelta(days=61), False)):
        assert ("Today, " in charts.timeline(lanes, windows, marks, EXTRACT, today=today).to_json()) == marked


def test_a_meeting_booked_for_years_ahead_does_not_squeeze_the_chart():
    meetings = [{"child_id": "A", "meeting_type": "cpm", "meeting_date": d("2062-04-06"), "status": "booked"}]
    results = compute_rows(tables(meetings=meetings), AS_AT)
    windows, marks, due = child.windows(results, "A"), child.marks(results, "A"), child.due(results, "A")
    right, beyond = charts.timeline_ends(windows, marks, due, AS_AT)
    assert right < date(2027, 6, 1)
    assert beyond == [d("2062-04-06")]


def test_text_of_a_timeline_is_text():
    """Plotly reads some HTML: what comes from an extract is escaped."""
    given_ = tables(placements=[{"child_id": "A", "placement_start": STARTED, "placement_type": "<a href='http://x'>go</a>", "change_reason": "<b>x</b>"}])
    results = compute_rows(given_, AS_AT)
    figure = charts.timeline(child.lanes(results, "A"), child.windows(results, "A"), child.marks(results, "A"), AS_AT)
    assert "<a" not in figure.to_json()
    assert "<b>x" not in figure.to_json()
