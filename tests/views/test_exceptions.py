"""Manager's exceptions beside the obligations they are about: matched from load to load, never changing a status, never dropped."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from cpm_metrics.engine import compute_rows
from cpm_metrics.store.state import About, ManagersException, State
from cpm_metrics.views import contract, exceptions, lists, look

AS_AT = date(2026, 11, 20)
START = date(2026, 1, 5)
MET = date(2026, 10, 1)


def results(actions=(), as_at=AS_AT, plan=None, children=("A",)):
    return compute_rows(
        {
            "cases": [{"child_id": c, "care_started": START, "team": "North", "worker": "Nia", "care_plan_completed": plan} for c in children],
            "meetings": [{"child_id": "A", "meeting_type": "cpm", "meeting_date": MET, "status": "held"}],
            "actions": [{"child_id": "A", "meeting_date": MET, "action": words, "due_date": due, "completed_date": done} for words, due, done in actions],
        },
        as_at,
    )


def made(about: About, expires=date(2026, 12, 31), number=1, withdrawn=None) -> ManagersException:
    return ManagersException(number, datetime(2026, 11, 21, tzinfo=UTC), "Ann", about, "Father abroad", expires, withdrawn, "Ann" if withdrawn else None)


def care_plan(due=date(2026, 1, 19)) -> About:
    return About("care-plan", "A", START, START, due)


def an_action(due) -> About:
    return About("action-completed", "A", START, MET, due)


def state_of(found, exception):
    return exceptions.standing(found, [exception])[0].state


def test_the_status_stays_as_it_is():
    """With an exception the obligation is overdue all the same, in the command line's frame and in every list; the day stands beside it."""
    found = results()
    before = contract.obligations(found)
    forced = exceptions.in_force(exceptions.standing(found, [made(care_plan())]))
    rows = exceptions.beside(lists.obligations(found, statuses=["overdue"]), forced)
    one = rows[rows["rule"] == "care-plan"].iloc[0]
    assert (one["status"], one["exception"].date()) == ("overdue", date(2026, 12, 31))
    assert rows["exception"].notna().sum() == 1
    assert contract.obligations(found).equals(before)


def test_its_last_day_counts_and_the_next_does_not():
    found = results()
    assert state_of(found, made(care_plan(), expires=AS_AT)) == "holds"
    assert state_of(found, made(care_plan(), expires=AS_AT - timedelta(days=1))) == "expired"


def test_one_that_holds_no_more_is_listed_as_such():
    """Withdrawn, done since, in no extract, before care began: each has its word, and none is dropped from the list."""
    assert state_of(results(), made(care_plan(), withdrawn=datetime(2026, 11, 21, tzinfo=UTC))) == "withdrawn"
    assert state_of(results(plan=date(2026, 11, 1)), made(care_plan())) == "closed"
    assert state_of(results(children=["B"]), made(care_plan())) == "gone"
    assert state_of(results(as_at=date(2026, 1, 4)), made(care_plan())) == "gone"
    kept = [made(care_plan(), number=1), made(care_plan(), number=2, expires=date(2026, 1, 1)), made(About("care-plan", "Z", START, START, None), number=3)]
    listed = exceptions.listed(results(), exceptions.standing(results(), kept))
    assert listed["state"].tolist() == ["gone", "expired", "holds"]
    assert listed["name"].tolist()[0] == "Child Z"
    assert set(listed["state"]) <= set(look.EXCEPTION)


def test_looking_back_it_holds_from_the_day_it_was_made():
    """For the newest date it holds although it was made after the extract; for an earlier date, only if it was made by then."""
    for as_at, state in ((date(2026, 11, 21), "holds"), (date(2026, 11, 20), "later")):
        found = results(as_at=as_at)
        assert state_of(found, made(care_plan())) == "holds"
        found.extract_date = date(2026, 12, 4)  # the same day seen from a later extract
        assert state_of(found, made(care_plan())) == state


def test_a_due_date_that_moved_is_still_the_same_obligation():
    """Only one has its rule, child, period and day: the due date may be another."""
    assert state_of(results(), made(care_plan(due=date(2026, 3, 1)))) == "holds"


def test_the_due_date_tells_several_apart():
    """Two actions of one meeting: the exception is about the one of its due date; when that one is done, it never passes to the other."""
    first, second = date(2026, 11, 1), date(2026, 11, 8)
    both = results([("a", first, None), ("b", second, None)])
    (one,) = exceptions.standing(both, [made(an_action(second))])
    assert [row for row in lists.obligations(both, ids=one.match.open)["due_date"].dt.date] == [second]
    done = results([("a", first, None), ("b", second, date(2026, 11, 10))])
    assert state_of(done, made(an_action(second))) == "closed"
    assert state_of(both, made(an_action(date(2026, 12, 24)))) == "gone"


def test_what_nothing_tells_apart_is_covered_together():
    """Two actions of one meeting with one due date: the exception stands for both, and says so beforehand."""
    due = date(2026, 11, 1)
    both = results([("a", due, None), ("b", due, None), ("c", date(2026, 11, 2), None)])
    (one,) = exceptions.standing(both, [made(an_action(due))])
    assert len(one.match.open) == 2
    row = lists.obligations(both, rule="action-completed", due=(due, due)).iloc[0]
    assert exceptions.covered(both, row) == 2
    assert exceptions.about(row) == an_action(due)
    half = results([("a", due, None), ("b", due, date(2026, 11, 1)), ("c", date(2026, 11, 2), None)])
    (one,) = exceptions.standing(half, [made(an_action(due))])
    assert (one.state, len(one.match.open)) == ("holds", 1)


def test_of_two_the_newest_holds():
    found = results()
    stands = exceptions.standing(found, [made(care_plan(), number=2, expires=date(2027, 1, 1)), made(care_plan(), number=1)])
    assert exceptions.in_force(stands)[care_plan()].number == 2


def test_teams():
    """A team's list has its own, and those of which no team is known."""
    found = results()
    stands = exceptions.standing(found, [made(care_plan()), made(About("care-plan", "Z", START, START, None), number=2)])
    assert exceptions.listed(found, stands, ["North"])["number"].tolist() == [2, 1]
    assert exceptions.listed(found, stands, ["South"])["number"].tolist() == [2]
    assert list(exceptions.listed(found, [])) == exceptions.COLUMNS


@pytest.mark.parametrize(("as_at", "last"), [(date(2026, 11, 20), date(2027, 5, 20)), (date(2026, 8, 31), date(2027, 2, 28))])
def test_half_a_year_at_most(as_at, last):
    assert exceptions.last_day(as_at) == last


def test_from_the_store_and_back(tmp_path):
    """Kept, withdrawn, and on record after it; notes stand beside their own obligation alone."""
    kept, found = State(tmp_path), results([("a", date(2026, 11, 1), None)])
    plan = lists.obligations(found, rule="care-plan").iloc[0]
    other = lists.obligations(found, rule="action-completed").iloc[0]
    kept.add_exception(exceptions.about(plan), "Father abroad", date(2026, 12, 31), "Ann")
    kept.add_note(exceptions.about(plan), "Asked twice", "Ann")
    assert list(exceptions.in_force(exceptions.standing(found, kept.exceptions()))) == [exceptions.about(plan)]
    assert [note.text for note in exceptions.notes_of(found, kept.notes("A"), plan)] == ["Asked twice"]
    assert exceptions.notes_of(found, kept.notes("A"), other) == []
    kept.withdraw_exception(kept.exceptions()[0].number, "Bob")
    stands = exceptions.standing(found, kept.exceptions())
    assert exceptions.in_force(stands) == {}
    listed = exceptions.listed(found, stands).iloc[0]
    assert (listed["state"], listed["withdrawn_by"], listed["reason"], listed["status"]) == ("withdrawn", "Bob", "Father abroad", "overdue")
