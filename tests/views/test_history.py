"""History: two loads compared, and what is said now of earlier months beside what was known then; from tiny loads, by hand."""

from datetime import date

import pytest

from cpm_metrics.settings import Limit
from cpm_metrics.store import Store
from cpm_metrics.views import compliance, history
from tests.views.loads import computed, load, three_loads


@pytest.fixture(scope="module")
def three(tmp_path_factory):
    return three_loads(tmp_path_factory.mktemp("store"))


def compared(store, older, newer):
    return history.compare(store.snapshot(older.load_id), store.snapshot(newer.load_id), computed(store, older), computed(store, newer))


def test_children_added_gone_and_moved(three):
    """June adds 0002; July no longer has 0003, and 0001 has moved from North to South."""
    store, infos = three
    june, july = compared(store, *infos[:2]), compared(store, *infos[1:])
    assert june.added[["child_id", "name", "team"]].values.tolist() == [["0002", "Ben Birch", "South"]]
    assert not len(june.gone)
    assert not len(june.moved)
    assert july.gone["child_id"].tolist() == ["0003"]
    assert july.moved[["child_id", "team_before", "team"]].values.tolist() == [["0001", "North", "South"]]
    assert july.of(["North"]).moved["child_id"].tolist() == ["0001"]
    assert not len(july.of(["North"]).gone)


def test_events_entered_later_than_they_say_they_happened(three):
    """June tells of 0001's review on 1 May, the day the May extract was taken, and of all that 0002 had by then: it came into care before
    that day and wasn't there. 0001's CPM of 20 May was still to come in May. July adds 0002's CPM of 25 May; its minutes of 20 June are new."""
    store, infos = three
    june = compared(store, *infos[:2]).back_dated
    assert sorted(map(tuple, june[["child_id", "what", "days"]].values.tolist())) == [
        ("0001", "Child in Care Review held", 0), ("0002", "Came into care", 11), ("0002", "Care Planning Meeting held", 7),
    ]  # fmt: skip
    july = compared(store, *infos[1:]).back_dated
    assert july[["child_id", "name", "what", "days", "team"]].values.tolist() == [["0002", "Ben Birch", "Care Planning Meeting held", 7, "South"]]


def test_the_life_of_a_child_who_came_into_care_since_is_not_back_dated(tmp_path):
    """0002 came into care after the first extract; an earlier meeting that belongs to it could not have been in there."""
    store = Store(tmp_path)
    one = ["0001", "Ada", "Asher", date(2026, 4, 6), None, "North", "Nia", "Yes", None]
    two = ["0002", "Ben", "Birch", date(2026, 5, 4), None, "South", "Sam", None, None]
    first = load(store, date(2026, 5, 1), cases=[one], meetings=[["M1", "0001", "CPM", date(2026, 4, 10), "Held"]])
    second = load(store, date(2026, 6, 1), cases=[one, two], meetings=[["M1", "0001", "CPM", date(2026, 4, 10), "Held"], ["M2", "0002", "CPM", date(2026, 4, 28), "Held"]])
    assert not len(compared(store, first, second).back_dated)


def test_what_carried_on_or_was_never_loaded_before_is_not_back_dated(tmp_path):
    """Reviews come for the first time and meetings carry on: no event is new to a dataset that both loads have."""
    store = Store(tmp_path)
    one = ["0001", "Ada", "Asher", date(2026, 1, 5), None, "North", "Nia", "Yes", None]
    first = load(store, date(2026, 2, 2), cases=[one], meetings=[["M1", "0001", "CPM", date(2026, 1, 12), "Held"], ["M2", "0001", "CPM", date(2026, 2, 20)]])
    second = load(store, date(2026, 3, 2), cases=[one], reviews=[["0001", date(2026, 1, 30), "Held"]])
    assert not len(compared(store, first, second).back_dated)
    assert history.carried_on(second) == {"meetings": date(2026, 2, 2)}
    ages = history.ages(second, date(2026, 3, 5)).set_index("title")
    assert ages.loc["Meetings", ["carried", "days", "rows"]].tolist() == [True, 31, 2]
    assert ages.loc["Cases", ["carried", "days", "rows"]].tolist() == [False, 3, 1]
    assert ages.loc["Actions"].isna().tolist() == [True, False, True, True]


def test_newly_overdue_and_cleared_open_their_rows(three):
    """0002's first review was due on 19 May (20 working days from 20 April, 4 May being a holiday): overdue in June by 13 days. 0003's second
    review has been overdue since 30 April 2025; in July 0003 is gone, so nothing is known of it now."""
    store, infos = three
    june, july = compared(store, *infos[:2]), compared(store, *infos[1:])
    rows = june.newly_overdue[june.newly_overdue["rule"] == "statutory-review"]
    assert [(r.child_id, r.due_date.date(), r.days) for r in rows.itertuples()] == [("0002", date(2026, 5, 19), 13)]
    rows = july.cleared[july.cleared["rule"] == "statutory-review"]
    assert [(r.child_id, r.due_date.date()) for r in rows.itertuples()] == [("0003", date(2025, 4, 30))]
    assert rows["now"].isna().all()


def test_the_list_of_loads_marks_the_current_and_the_undone(tmp_path):
    store, infos = three_loads(tmp_path)
    store.undo("Bea")
    shown = history.loads(store.history(), store.current().info.load_id)
    assert shown["state"].tolist() == ["Undone", "Current", "Earlier"]
    assert shown["cases"].tolist() == [2, 3, 2]
    assert shown["extract_date"].dt.date.tolist() == [i.extract_date for i in reversed(infos)]


def test_month_ends_and_their_months():
    """A month-end that is the extract's own day counts; February has 28 or 29 days."""
    assert history.month_ends(date(2026, 11, 20), 2) == [date(2026, 9, 30), date(2026, 10, 31)]
    assert history.month_ends(date(2026, 10, 31), 2) == [date(2026, 9, 30), date(2026, 10, 31)]
    assert history.month_ends(date(2026, 11, 20))[0] == date(2025, 11, 30)
    assert history.window(date(2026, 2, 28), 1) == (date(2026, 2, 1), date(2026, 2, 28))
    assert history.window(date(2026, 2, 28), 12) == (date(2025, 3, 1), date(2026, 2, 28))
    assert history.month_after(date(2028, 1, 31), 1) == date(2028, 2, 29)


def test_known_then_is_the_load_taken_soonest_after_within_a_month(three):
    """For 30 April the load of 1 May; for 31 May that of 1 June; for 30 June the next is the current load, which says nothing of its own."""
    store, infos = three
    loads = store.history()
    current = infos[2].load_id
    assert history.known_then(loads, date(2026, 4, 30), current).load_id == infos[0].load_id
    assert history.known_then(loads, date(2026, 5, 31), current).load_id == infos[1].load_id
    assert history.known_then(loads, date(2026, 6, 30), current) is None
    assert history.known_then(loads, date(2026, 3, 31), current) is None  # 1 May is more than a month later


def test_a_current_load_that_replaced_one_of_the_same_day_leaves_nothing_known_then(tmp_path):
    """The replaced load was a mistake, not what was known."""
    store = Store(tmp_path)
    one = ["0001", "Ada", "Asher", date(2026, 1, 5), None, "North", "Nia", "Yes", None]
    load(store, date(2026, 2, 2), cases=[one])
    again = load(store, date(2026, 2, 2), cases=[one])
    assert history.known_then(store.history(), date(2026, 1, 31), again.load_id) is None


def test_what_is_said_now_of_may_and_what_was_known_then(three):
    """First CPMs due in April (to 30 April): 0001's was due on 16 April, held on 10 April. 0002's was due on 30 April, held on 24 April,
    but the extract of 1 May had no 0002: 1 of 1 then, 2 of 2 now. 0003's was due in January 2025."""
    store, infos = three
    end = date(2026, 4, 30)
    now, then = computed(store, infos[2], end), computed(store, infos[0], end)
    assert history.rate(history.by_month(now), end, 1, 10, "initial-cpm").text == "2 of 2"
    assert history.rate(history.by_month(then), end, 1, 10, "initial-cpm").text == "1 of 1"
    assert history.rate(history.by_month(now), end, 1, 1, "initial-cpm").percent == 100.0
    rows = history.differences(then, now, end, 1, "initial-cpm")
    assert rows[["child_id", "now"]].values.tolist() == [["0002", "on_time"]]
    assert rows["then"].isna().all()


def test_the_rate_is_the_same_as_compliance(three):
    """One number, two ways: what is kept for the trend adds up to what the command line says, for every month-end, rule and team."""
    store, infos = three
    for end in history.month_ends(date(2026, 7, 1), 4):
        results = computed(store, infos[2], end)
        kept = history.by_month(results)
        for months in (1, 3, 12):
            start, _ = history.window(end, months)
            for row in compliance(results, ["rule", "team"], start, end).itertuples():
                found = history.rate(kept, end, months, 10, row.rule, [row.team])
                assert (found.on_time, found.counted, found.cannot_tell) == (row.on_time, row.counted, row.cannot_tell)
            whole = compliance(results, "rule", start, end)
            assert history.rate(kept, end, months, 10).counted == whole["counted"].sum()


@pytest.mark.parametrize(
    ("limit", "day", "old"),
    [
        (Limit(8, "calendar days"), date(2026, 11, 12), False), (Limit(8, "calendar days"), date(2026, 11, 11), True),
        (Limit(1, "weeks"), date(2026, 11, 13), False), (Limit(1, "weeks"), date(2026, 11, 12), True),
        (Limit(1, "months"), date(2026, 10, 20), False), (Limit(1, "months"), date(2026, 10, 19), True),
        (Limit(5, "working days"), date(2026, 11, 13), False), (Limit(5, "working days"), date(2026, 11, 12), True),
    ],
)  # fmt: skip
def test_an_extract_is_old_after_its_last_day(limit, day, old):
    """On 20 November 2026, a Friday: the last day of the limit is not old yet, in every unit."""
    assert history.is_older_than(day, limit, date(2026, 11, 20)) is old


def test_rows_read_are_rows_loaded_and_left_out(tmp_path):
    """Three rows, one without a start and with a second fault: two problems or more, one row left out. What carries on is not counted again."""
    store = Store(tmp_path)
    one, wrong = ["0001", "Ada", "Asher", date(2026, 4, 6), None, "North", "Nia", "Yes", None], ["0002", "Ben", "B", "31/02/2026", None, None, "Nia", "Yes", None]
    first = load(store, date(2026, 5, 1), cases=[one, wrong], meetings=[["M1", "0001", "CPM", date(2026, 4, 10), "Held", None, None, None]])
    second = load(store, date(2026, 6, 1), cases=[one])
    read = history.tables_read(store.snapshot(first.load_id))
    assert read.values.tolist() == [["all.xlsx, sheet cases", "Cases", 2, 1, 1], ["all.xlsx, sheet meetings", "Meetings", 1, 1, 0]]
    assert (read["Rows read"] == read["Rows loaded"] + read["Rows left out"]).all()
    assert first.problem_counts["error"] > 1
    assert history.tables_read(store.snapshot(second.load_id)).values.tolist() == [["all.xlsx, sheet cases", "Cases", 1, 1, 0]]
