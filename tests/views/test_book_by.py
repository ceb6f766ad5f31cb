"""The calendar: which week a meeting must be held by, what is booked, and who chairs; by hand, and against the command line's frames."""

from datetime import date, timedelta

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cpm_metrics import workdays
from cpm_metrics.engine import compute_rows
from cpm_metrics.views import book_by, contract
from tests.oracle.children import random_council

AS_AT = date(2026, 1, 14)  # a Wednesday
MONDAY = date(2026, 1, 12)
few = settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)


def case(child, started, **more):
    return {"child_id": child, "care_started": started, "team": "North", "worker": "Wren", "planning_permanence": False} | more


def meeting(child, day, kind="cpm", **more):
    return {"child_id": child, "meeting_date": day, "meeting_type": kind} | more


def council(**tables):
    """Every dataset loaded; empty where nothing is given."""
    empty = {"meetings": [], "reviews": [], "proceedings": [], "changes": [], "placements": [], "legal_statuses": []}
    return empty | tables


@pytest.fixture(scope="module")
def by_hand():
    """First CPMs are due ten days after coming into care. A: nothing booked for Thursday 15th. B: booked that day. C: booked a day too late. D: due
    on the 13th. E: due on the Sunday. F: due on the Monday after. G: final plan CPM due on 2 February as well. H left care; its proceedings go on."""
    start = date(2026, 1, 5)
    return compute_rows(
        council(
            cases=[
                case("A", start), case("B", start), case("C", start), case("D", start - timedelta(days=2)), case("E", start + timedelta(days=3)),
                case("F", start + timedelta(days=4), team=None), case("G", start, team="South"), case("H", date(2025, 12, 1), care_ceased=date(2026, 1, 9)),
            ],
            meetings=[
                meeting("A", date(2026, 1, 15), status="cancelled"), meeting("B", date(2026, 1, 15), status="booked"), meeting("C", date(2026, 1, 16)),
                meeting("H", date(2025, 12, 2)), meeting("G", date(2026, 2, 2), "final_plan_cpm", status="booked", meeting_id="M1"),
            ],
            proceedings=[
                {"child_id": "G", "issued": start, "plan_due": date(2026, 2, 16)}, {"child_id": "H", "issued": date(2025, 12, 2), "plan_due": date(2026, 2, 16)},
            ],
        ),
        AS_AT,
    )  # fmt: skip


def test_each_child_stands_in_the_week_of_its_earliest_due_date(by_hand):
    """A Sunday belongs to the week before it, a Monday to its own; a child who needs a final plan CPM later counts for both."""
    rows = book_by.meetings(book_by.open_obligations(by_hand))
    found = {(row.child_id, row.kind): (row.due_date.date(), row.place, row.state, row.meets) for row in rows.itertuples()}
    week, later = MONDAY.isoformat(), date(2026, 1, 19).isoformat()
    assert found == {
        ("A", "CPM"): (date(2026, 1, 15), week, "none", 1),
        ("B", "CPM"): (date(2026, 1, 15), week, "in_time", 1),
        ("C", "CPM"): (date(2026, 1, 15), week, "after", 1),
        ("D", "CPM"): (date(2026, 1, 13), "overdue", "none", 1),
        ("E", "CPM"): (date(2026, 1, 18), week, "none", 1),
        ("F", "CPM"): (date(2026, 1, 19), later, "none", 1),
        # In proceedings, so a CPM before the review is due too; the final plan CPM of 2 February is booked, but too late for the first one.
        ("G", "CPM"): (date(2026, 1, 15), week, "after", 2),
        ("G", "Final plan CPM"): (date(2026, 2, 2), date(2026, 2, 2).isoformat(), "in_time", 1),
    }  # fmt: skip


def test_the_last_working_day_is_not_the_due_date(by_hand):
    """Due on Sunday the 18th stays due on Sunday; Friday is the last working day; three working days are left, that day included."""
    rows = book_by.meetings(book_by.open_obligations(by_hand)).set_index(["child_id", "kind"])
    assert rows.loc[("E", "CPM"), ["due_date", "last_day", "working_days_left"]].tolist() == [pd.Timestamp("2026-01-18"), pd.Timestamp("2026-01-16"), 3]
    assert pd.isna(rows.loc[("D", "CPM"), "working_days_left"])


def test_counts_and_who_left_care(by_hand):
    """H's final plan CPM is still open, in no week and counted by itself. No team is a row too."""
    obligations = book_by.open_obligations(by_hand)
    counts = book_by.counts_of(obligations)
    assert counts == {"hold": 9, "overdue": 1, "none": 4, "after": 2, "in_time": 3, "later": 0, "cannot_tell": 0, "left_care": 1}
    table = book_by.by_team(book_by.meetings(obligations), AS_AT).set_index(["team", "place"])
    assert table.loc[("North", MONDAY.isoformat()), ["in_time", "after", "none", "total"]].tolist() == [1, 1, 2, 4]
    assert table.loc[(book_by.NO_TEAM, date(2026, 1, 19).isoformat()), "total"] == 1
    cells = book_by.cells(table.reset_index(), AS_AT).set_index("team")
    assert cells.loc["All teams", ["overdue", MONDAY.isoformat()]].tolist() == ["1 (1)", "5 (2)"]
    assert cells.loc["Working days", MONDAY.isoformat()] == "3 left"
    assert book_by.standing(by_hand, obligations) == {"children": 7, "known": 7, "cannot_tell": 0, "nothing": 0}
    assert book_by.standing(by_hand, obligations, ["South"]) == {"children": 1, "known": 1, "cannot_tell": 0, "nothing": 0}


@pytest.mark.parametrize(("days", "place"), [
    (1, MONDAY.isoformat()), (0, MONDAY.isoformat()), (-1, "overdue"), (80, date(2026, 3, 30).isoformat()), (81, date(2026, 3, 30).isoformat()), (82, "later"),
])  # fmt: skip
def test_the_edges_of_the_weeks(days, place):
    """Due on the as-at date is not overdue; the twelfth week ends with Sunday 5 April."""
    held = AS_AT - timedelta(days=100)
    results = compute_rows(council(cases=[case("A", held)], meetings=[meeting("A", held, agreed_frequency=f"{100 + days} days")]), AS_AT)
    rows = book_by.meetings(book_by.open_obligations(results))
    assert rows[["due_date", "place"]].values.tolist() == [[pd.Timestamp(AS_AT + timedelta(days=days)), place]]


def test_only_the_right_meeting_counts_as_booked():
    """A final plan CPM is a CPM; an ordinary one meets no final plan; a review or a cancelled one meets nothing; what was agreed today is met on a
    later day."""
    held = date(2026, 1, 5)
    base = {"cases": [case("A", held)], "proceedings": [{"child_id": "A", "issued": held, "plan_due": date(2026, 2, 16)}]}

    def booked(*meetings):
        results = compute_rows(council(**base, meetings=[meeting("A", held, status="held", agreed_frequency="4 weeks"), *meetings]), AS_AT)
        rows = book_by.open_obligations(results)
        return {row.rule: row.booked_date for row in rows.itertuples() if pd.notna(row.booked_date)}

    day = date(2026, 1, 20)
    assert booked(meeting("A", day)) == {"agreed-frequency": pd.Timestamp(day)}
    assert booked(meeting("A", day, "final_plan_cpm")) == {"agreed-frequency": pd.Timestamp(day), "final-plan-cpm": pd.Timestamp(day)}
    assert booked(meeting("A", day, "review"), meeting("A", day, status="postponed"), meeting("A", day, "placement_planning")) == {}
    # A meeting held today agrees on a frequency; another booked for today as well is not the next one.
    assert booked(meeting("A", AS_AT, status="held", agreed_frequency="2 weeks"), meeting("A", AS_AT, status="booked")) == {}


def test_where_the_final_plan_comes_first_one_meeting_meets_all():
    """Final plan CPM due on the 15th, an agreed CPM due later: one meeting, and an ordinary booking doesn't do."""
    held = date(2026, 1, 5)
    results = compute_rows(
        council(cases=[case("A", held)], proceedings=[{"child_id": "A", "issued": held, "plan_due": date(2026, 1, 29)}],
                meetings=[meeting("A", held, agreed_frequency="4 weeks"), meeting("A", date(2026, 1, 15), status="booked")]), AS_AT)  # fmt: skip
    rows = book_by.meetings(book_by.open_obligations(results))
    assert rows[["kind", "meets", "state", "also"]].values.tolist() == [["Final plan CPM", 2, "none", "CPMs as often as agreed"]]


def test_bank_holidays_and_years_nobody_knows():
    """Christmas 2026: Friday and Monday are free. Beyond the years whose bank holidays are known nothing is guessed."""
    assert [book_by.last_working_day(date(2026, 12, day)) for day in (24, 25, 27, 28, 29)] == [date(2026, 12, 24)] * 4 + [date(2026, 12, 29)]
    span = book_by.weeks(date(2026, 12, 23), 2)
    assert [(week.working_days, week.left, week.words) for week in span] == [(4, 2, "2 left ⚑"), (3, 3, "3 ⚑")]
    assert [name for week in span for _, name in week.holidays] == ["Christmas Day", "Boxing Day (observed)", "New Year's Day"]
    assert book_by.last_working_day(date(2101, 1, 3)) is None
    start = date(2026, 1, 5)
    results = compute_rows(council(cases=[case("A", start)], proceedings=[{"child_id": "A", "issued": start, "plan_due": date(2101, 3, 1)}]), AS_AT)
    rows = book_by.meetings(book_by.open_obligations(results)).set_index("kind")
    assert rows.loc["Final plan CPM", "due_date"] == pd.Timestamp("2101-02-15")
    assert pd.isna(rows.loc["Final plan CPM", "last_day"])


@few
@given(st.dates(date(2024, 1, 1), date(2030, 12, 31)))
def test_no_working_day_lies_between_the_last_one_and_the_due_date(due):
    found = book_by.last_working_day(due)
    free = workdays.bank_holidays()
    days = [found + timedelta(days=n) for n in range((due - found).days + 1)]
    assert [day for day in days if day.weekday() < 5 and day not in free] == [found]
    assert book_by.working_days_left(due, due) == (1 if found == due else 0)


@few
@given(st.integers(0, 1_000_000))
def test_every_open_obligation_of_the_command_line_stands_in_one_place(seed):
    """Rows, teams and weeks are those of the contract's frame, worked out again here."""
    as_at = date(2026, 3, 31)
    results = compute_rows(random_council(seed, 12, as_at), as_at)
    here = set(results.rows("SELECT child_id, care_started FROM in_care"))
    frame = contract.obligations(results)
    frame["here"] = [(child, started.date()) in here for child, started in zip(frame["child_id"], frame["care_started"], strict=True)]
    for layer, rules in book_by.LAYERS.items():
        known = frame[frame["rule"].isin(rules) & frame["status"].isin(["overdue", "due_soon", "upcoming"])]
        unknown = frame[frame["rule"].isin(rules) & (frame["status"] == "cannot_tell") & frame[["done_date", "closes_on", "lapses_on"]].isna().all(axis=1)]
        rows = book_by.open_obligations(results, layer)
        counts = book_by.counts_of(rows)
        assert counts["left_care"] == (~known["here"]).sum() + (~unknown["here"]).sum()
        assert counts["cannot_tell"] == unknown["here"].sum()
        expected = {}
        for row in known[known["here"]].itertuples():
            due = row.due_date.date()
            monday = date.fromordinal(due.toordinal() - (due.toordinal() - 1) % 7)
            place = "overdue" if due < as_at else "later" if (monday - date(2026, 3, 30)).days >= 84 else monday.isoformat()
            key = (book_by.NO_TEAM if pd.isna(row.team) else row.team, place)
            expected[key] = expected.get(key, 0) + 1
        table = book_by.by_team(rows, as_at)
        assert {(row.team, row.place): row.total for row in table.itertuples()} == expected
        assert counts["hold"] + counts["later"] == known["here"].sum() == table["total"].sum()
        assert (table[list(book_by.STATES)].sum(axis=1) == table["total"]).all()
        for team, place in expected:
            assert len(book_by.at(rows, team, place)) == expected[team, place]


@few
@given(st.integers(0, 1_000_000))
def test_holding_the_meeting_meets_what_it_is_said_to_meet(seed):
    """A council's child holds the meeting on its due date: every obligation it was to meet is done, computed anew on that day."""
    as_at = date(2026, 3, 31)
    tables = random_council(seed, 10, as_at)
    for row in tables["proceedings"]:
        row.update(plan_filed=None, concluded=None)
    # Whoever leaves care before the meeting's day doesn't hold it.
    tables["cases"] = [row | {"care_ceased": None if row["care_ceased"] and row["care_ceased"] > as_at else row["care_ceased"]} for row in tables["cases"] if row["care_started"] <= as_at]
    results = compute_rows(tables, as_at)
    obligations = book_by.open_obligations(results)
    rows = book_by.meetings(obligations)
    key = ["rule", "child_id", "care_started", "anchor_date", "due_date"]
    for need in rows[rows["due_date"] >= pd.Timestamp(as_at)].head(3).itertuples():
        day = need.due_date.date()
        mine = obligations[(obligations["child_id"] == need.child_id) & (obligations["place"] != "cannot_tell")]
        mine = mine if need.meets == len(mine) else mine[(mine["rule"] == "final-plan-cpm") == (need.kind == "Final plan CPM")]
        assert len(mine) == need.meets
        held = meeting(need.child_id, day, "final_plan_cpm" if need.kind == "Final plan CPM" else "cpm", status="held")
        after = compute_rows(tables | {"meetings": [*tables["meetings"], held]}, day)
        done = mine[key].merge(contract.obligations(after), on=key, how="inner")
        # A review held on the very day begins a stretch that needs a CPM on a later day: held a day after its date it would meet both.
        done = done[done["anchor_date"] < pd.Timestamp(day)]
        assert done["done_date"].notna().all() or done.loc[done["done_date"].isna(), "status"].isin(["lapsed", "missed"]).all()
        assert not done["status"].isin(["due_soon", "upcoming"]).any()


def test_a_meeting_belongs_to_the_team_that_holds_the_child_now():
    """Fell due with North, now with South: the obligation stays North's, the meeting is South's to book."""
    start = date(2025, 11, 3)
    allocations = [
        {"child_id": "A", "team": "North", "worker": "Wren", "allocation_start": start, "allocation_end": date(2025, 12, 31)},
        {"child_id": "A", "team": "South", "worker": "Heron", "allocation_start": date(2026, 1, 1)},
    ]
    obligations = book_by.open_obligations(compute_rows(council(cases=[case("A", start)], allocations=allocations), AS_AT))
    assert obligations["team"].tolist() == ["North"]
    assert book_by.meetings(obligations)[["team", "worker"]].values.tolist() == [["South", "Heron"]]
    assert len(book_by.of_teams(book_by.meetings(obligations), ["South"])) == 1


def test_the_chair_load():
    """Two sisters, one meeting; one child with none booked by the week of 2 February; one overdue; a booking with no filing date has no due date."""
    start = date(2026, 1, 5)
    children = [case(child, start) for child in ("A1", "A2", "B", "C", "D")]
    cpms = [meeting(child, start, status="held") for child in ("A1", "A2", "B", "C", "D")]
    sisters = [meeting(child, date(2026, 1, 28), "final_plan_cpm", status="booked", meeting_id="M9", chair_role=role, chair="Eve") for child, role in (("A1", "service_manager"), ("A2", "service_manager"))]
    results = compute_rows(
        council(
            cases=children, meetings=[*cpms, *sisters, meeting("D", date(2026, 1, 30), "final_plan_cpm", chair_role="team_manager")],
            proceedings=[{"child_id": child, "issued": start, "plan_due": due} for child, due in (
                ("A1", date(2026, 2, 13)), ("A2", date(2026, 2, 10)), ("B", date(2026, 2, 16)), ("C", date(2026, 1, 27)), ("D", None))],
        ),
        AS_AT,
    )  # fmt: skip
    rows = book_by.chair_rows(results, book_by.open_obligations(results))
    found = {row.child_id: (row.week, None if pd.isna(row.state) else row.state, row.chair, row.chair_ok) for row in rows.itertuples()}
    assert found == {
        "A1": ("2026-01-26", "in_time", "✓ Service manager, Eve", True), "A2": ("2026-01-26", "after", "✓ Service manager, Eve", True),
        "B": ("2026-02-02", "none", "", None), "C": ("overdue", "none", "", None), "D": ("2026-01-26", None, "✕ Team manager", False),
    }  # fmt: skip
    load = book_by.chair_load(rows, AS_AT).set_index("place")
    assert load.loc["2026-01-26", ["meetings", "children", "to_book"]].tolist() == [2, 3, 0]
    assert load.loc["2026-02-02", ["meetings", "children", "to_book"]].tolist() == [0, 0, 1]
    assert load.loc["overdue", "to_book"] == 1
    assert load[["children", "to_book"]].to_numpy().sum() == 5
    assert not len(book_by.chair_rows(results, book_by.open_obligations(results), ["South"]))


def test_nothing_loaded_but_cases_is_cannot_tell():
    """Without meetings no CPM can be told: nothing stands in a week, and nobody is said to have none due."""
    results = compute_rows({"cases": [case("A", date(2026, 1, 5))]}, AS_AT)
    obligations = book_by.open_obligations(results)
    counts = book_by.counts_of(obligations)
    assert counts["hold"] == 0 < counts["cannot_tell"]
    assert not len(book_by.meetings(obligations))
    assert book_by.standing(results, obligations) == {"children": 1, "known": 0, "cannot_tell": 1, "nothing": 0}
    assert not len(book_by.chair_rows(results, obligations))
    assert book_by.by_week(book_by.meetings(obligations), AS_AT)["total"].sum() == 0
