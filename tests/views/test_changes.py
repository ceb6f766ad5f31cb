"""What slipped between two states: bookings put off and due dates moved later, against examples worked by hand."""

from __future__ import annotations

from datetime import date, timedelta

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from cpm_metrics.engine import compute_rows
from cpm_metrics.views import changes

THEN, NOW = date(2026, 11, 13), date(2026, 11, 20)
CASE = {"child_id": "A", "care_started": date(2026, 1, 5), "team": "North", "worker": "Nia", "forename": "Ada", "surname": "Asher"}
HELD = [{"child_id": "A", "review_date": date(2026, 1, 30), "status": "held"}, {"child_id": "A", "review_date": date(2026, 4, 28), "status": "held"}]


def state(as_at: date, reviews=(), meetings=(), cases=(CASE,), **more):
    return compute_rows({"cases": list(cases), "reviews": [*HELD, *reviews], "meetings": list(meetings), **more}, as_at)


def review(day: date, status: str | None = "booked", **more) -> dict:
    return {"child_id": "A", "review_date": day, "status": status, **more}


def cpm(day: date, status: str | None = "booked", kind: str = "cpm") -> dict:
    return {"child_id": "A", "meeting_type": kind, "meeting_date": day, "status": status}


def bookings(then, now) -> list[tuple]:
    """(what, what became of it, was, moved to, days) of the bookings alone."""
    found = changes.slipped(then, now)
    found = found[found["became"] != "due_later"]
    return [
        (row.title, row.became, row.was.date(), None if pd.isna(row.moved_to) else row.moved_to.date(), None if pd.isna(row.days) else int(row.days))
        for row in found.itertuples()
    ]


def test_a_review_put_off_slipped():
    """Booked for the 25th, booked for 9 December a week later: 14 days."""
    found = bookings(state(THEN, [review(date(2026, 11, 25))]), state(NOW, [review(date(2026, 12, 9))]))
    assert found == [("Child in Care Review", "moved", date(2026, 11, 25), date(2026, 12, 9), 14)]


def test_what_became_of_a_booking():
    """Held by its day or brought forward: no slip. Held later, cancelled, postponed, gone from the extract: each says so. Passed without an
    outcome: it can't be told, even when another is booked."""
    then = state(THEN, [review(date(2026, 11, 16))])
    on, after = date(2026, 11, 16), date(2026, 11, 19)
    assert bookings(then, state(NOW, [review(on, "held")])) == []
    assert bookings(then, state(NOW, [review(date(2026, 11, 14), "held")])) == []
    assert bookings(then, state(NOW, [review(after, "held")])) == [("Child in Care Review", "held_later", on, after, 3)]
    assert bookings(then, state(NOW, [review(on, "cancelled")])) == [("Child in Care Review", "cancelled", on, None, None)]
    assert bookings(then, state(NOW, [review(on, "postponed")])) == [("Child in Care Review", "postponed", on, None, None)]
    assert bookings(then, state(NOW, [review(on, "postponed"), review(date(2026, 12, 1))])) == [("Child in Care Review", "moved", on, date(2026, 12, 1), 15)]
    assert bookings(then, state(NOW, [])) == [("Child in Care Review", "gone", on, None, None)]
    assert bookings(then, state(NOW, [review(on, "booked")])) == [("Child in Care Review", "not_recorded", on, None, None)]
    assert bookings(then, state(NOW, [review(on, "booked"), review(date(2026, 12, 1))])) == [("Child in Care Review", "not_recorded", on, None, None)]


def test_what_cannot_be_told_is_not_counted_as_slipped():
    then, now = state(THEN, [review(date(2026, 11, 16))]), state(NOW, [review(date(2026, 11, 16), "booked")])
    found = changes.between(then, now)
    assert len(found.slipped) == 0
    assert found.unsaid["title"].tolist() == ["Child in Care Review"]


def test_one_recorded_late_is_what_had_been_booked():
    """Held on the 12th, before the earlier extract, and recorded after it: brought forward. The next booking is not a slip. But a
    meeting of years ago that is recorded now has nothing to do with it."""
    then = state(THEN, [review(date(2026, 11, 25))])
    assert bookings(then, state(NOW, [review(date(2026, 11, 12), "held"), review(date(2027, 5, 12))])) == []
    old = review(date(2026, 3, 2), "held")
    assert bookings(then, state(NOW, [old, review(date(2026, 12, 9))])) == [("Child in Care Review", "moved", date(2026, 11, 25), date(2026, 12, 9), 14)]


def test_kinds_are_kept_apart_and_only_the_first_booking_counts():
    """A CPM held doesn't stand for a review; a second booking further ahead may move as it likes."""
    then = state(THEN, [review(date(2026, 11, 25)), review(date(2027, 5, 25))], [cpm(date(2026, 11, 24)), cpm(date(2026, 12, 1), kind="final_plan_cpm")])
    now = state(NOW, [review(date(2026, 11, 25)), review(date(2027, 6, 25))], [cpm(date(2026, 11, 24)), cpm(date(2026, 12, 8), kind="final_plan_cpm")])
    assert bookings(then, now) == [("Final plan CPM", "moved", date(2026, 12, 1), date(2026, 12, 8), 7)]


def test_a_child_who_left_care_needs_no_meeting():
    then = state(THEN, [review(date(2026, 11, 25))])
    assert bookings(then, state(NOW, cases=[CASE | {"care_ceased": date(2026, 11, 18)}])) == []


@settings(max_examples=12, deadline=None)
@given(st.integers(-10, 40))
def test_it_slipped_exactly_when_it_lies_later(moved):
    """The boundary: the same day is none, one day later is one."""
    was = date(2026, 12, 2)
    found = bookings(state(THEN, [review(was)]), state(NOW, [review(was + timedelta(days=moved))]))
    assert [row[4] for row in found] == ([moved] if moved > 0 else [])


# -- no longer overdue


def test_what_is_no_longer_overdue_is_told_as_it_is_now():
    """Minutes of 1 October were overdue and came on the 17th: late, that day, 40 days after 8 October. The other meeting is gone from the extract:
    its old sentence stands, and says so."""
    one, two = cpm(date(2026, 10, 1), "held"), cpm(date(2026, 10, 6), "held")
    then = state(THEN, meetings=[one | {"minutes_uploaded": None}, two | {"minutes_uploaded": None}])
    now = state(NOW, meetings=[one | {"minutes_uploaded": date(2026, 11, 17)}])
    found = changes.between(then, now).cleared
    found = found[found["rule"] == "minutes-on-file"].set_index("anchor_date")
    done, gone = found.loc[pd.Timestamp(2026, 10, 1)], found.loc[pd.Timestamp(2026, 10, 6)]
    assert (done["now"], done["status"], done["done_date"], done["days"]) == ("late", "late", pd.Timestamp(2026, 11, 17), 40)
    assert "17 Nov 2026" in done["why"]
    assert "not done by" not in done["why"]
    assert pd.isna(gone["now"])
    assert gone["why"].startswith("No longer there. As at 13 Nov 2026: ")
    assert "not done by" in gone["why"] or "overdue" in gone["why"]
    assert set(found["team"]) == {"North"}


# -- due dates


def action(words: str, due: date | None, completed: date | None = None) -> dict:
    return {"child_id": "A", "meeting_date": date(2026, 10, 1), "action": words, "due_date": due, "completed_date": completed}


def due_dates(then_actions, now_actions) -> list[tuple]:
    meetings = [cpm(date(2026, 10, 1), "held")]
    found = changes.slipped(state(THEN, meetings=meetings, actions=then_actions), state(NOW, meetings=meetings, actions=now_actions))
    found = found[found["became"] == "due_later"]
    return [(row.title, row.was.date(), row.moved_to.date(), int(row.days)) for row in found.itertuples()]


def test_an_open_action_whose_date_moved_slipped():
    """Of three actions of one meeting the second moved, past the third: one slip, told apart by their words. Moving a date forward is none."""
    d = [date(2026, 11, 30), date(2026, 12, 1), date(2026, 12, 5)]
    then = [action("a", d[0]), action("b", d[1]), action("c", d[2])]
    assert due_dates(then, [action("a", d[0]), action("b", date(2026, 12, 20)), action("c", d[2])]) == [("Action completed", d[1], date(2026, 12, 20), 19)]
    assert due_dates(then, [action("a", date(2026, 11, 25)), action("b", d[1]), action("c", d[2])]) == []


def test_an_action_done_or_new_is_no_slip():
    d = [date(2026, 11, 30), date(2026, 12, 20)]
    assert due_dates([action("a", d[0])], [action("a", d[0], date(2026, 11, 18)), action("b", d[1])]) == []
    assert due_dates([action("a", d[0]), action("a", d[1])], [action("a", d[0], date(2026, 11, 18)), action("a", d[1])]) == []


def test_putting_a_review_off_shows_what_hangs_on_it():
    """The CPM before it is due by the review's new day: overdue no more, and listed as slipped."""
    case = CASE | {"planning_permanence": True}
    then = state(THEN, [review(date(2026, 11, 25))], cases=[case])
    now = state(NOW, [review(date(2026, 12, 9))], cases=[case])
    found = changes.slipped(then, now)
    assert set(found["title"]) >= {"Child in Care Review", "CPM before each review"}
    assert set(found["days"]) == {14}
    assert changes.between(then, now).of(["South"]).slipped.empty
    assert len(changes.between(then, now).of(["North"]).slipped) == len(found)


def test_nothing_slips_between_a_state_and_itself():
    one = state(NOW, [review(date(2026, 12, 9))])
    assert changes.slipped(one, one).empty
    assert list(changes.slipped(one, one).columns) == ["child_id", "name", "title", "became", "was", "moved_to", "days", "team", "worker"]
