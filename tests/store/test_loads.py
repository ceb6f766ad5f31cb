"""A load from the files to the current snapshot: what it holds, what it asks first, and what carries on."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from store_making import BIG, EXTRACT, big, cases, child_ids, meetings, name_of, prepared, seen, table

from cpm_metrics.errors import LoadRefused, NeedsConfirmation, StoreProblem, UnknownName
from cpm_metrics.extracts.datasets import DATASETS, columns
from cpm_metrics.extracts.problems import Problem
from cpm_metrics.store import Store, loads


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store")


def problem(dataset: str, severity: str = "warning") -> Problem:
    return Problem(
        severity, "bad_date", "This is not a date.", "Correct it.", dataset, f"{dataset}.xlsx", "Sheet1", 7, "C"
    )


def test_an_empty_folder_has_no_current_load_and_reading_creates_nothing(store):
    assert store.current() is None
    assert store.history() == []
    assert store.state.settings() == {}
    assert not store.folder.exists()


def test_a_load_holds_every_dataset_with_its_declared_columns(store):
    info = store.commit(prepared(), EXTRACT, "Ann")
    snapshot = store.current()
    assert snapshot.info == info
    for name, dataset in DATASETS.items():
        found = snapshot.cursor().execute(f"DESCRIBE snapshot.{name}").fetchall()
        assert {row[0]: row[1] for row in found} == columns(dataset), name
    assert snapshot.table("cases").select(["child_id", "row"]).to_pylist()[0] == {"child_id": "00001", "row": 2}
    assert snapshot.frame("SELECT attendee_roles[2] AS role FROM snapshot.meetings LIMIT 1").role[0] == "iro"


def test_a_load_says_who_when_and_from_what(store):
    info = store.commit(prepared(problems=[problem("cases"), problem("cases", "error")]), EXTRACT, "Ann")
    assert (info.by, info.extract_date, info.previous, info.undone) == ("Ann", EXTRACT, None, False)
    assert [file.name for file in info.files] == ["cases.xlsx", "meetings.xlsx"]
    assert info.counts == {"cases": 100, "meetings": 200}
    assert info.problem_counts == {"warning": 1, "error": 1}
    assert info.dataset_dates["cases"] == (EXTRACT, info.load_id)
    assert store.history() == [info]
    assert [(line.who, line.what, line.subject) for line in store.state.audit()] == [("Ann", "load", info.load_id)]


def test_a_load_of_more_rows_than_a_row_group_is_whole(store):
    store.commit(big(5), EXTRACT, "Ann")
    found = seen(store.folder)
    assert found["changes"]["rows"] == [BIG + 5, BIG + 5]
    assert found["changes"]["versions"] == [name_of(5)]


def test_what_is_not_in_a_load_carries_on_with_its_own_date_sources_and_problems(store):
    first = store.commit(prepared(1, [problem("cases"), problem("meetings")]), EXTRACT, "Ann")
    reviews = table("reviews", 40, child_id=child_ids(40), review_date=date(2025, 9, 1), status="held")
    later = EXTRACT + timedelta(days=7)
    second = store.commit(
        prepared(2, [problem("reviews")], reviews=reviews, cases=cases(version=2, source=2)), later, "Ann"
    )

    assert second.dataset_dates == {
        "reviews": (later, second.load_id), "cases": (later, second.load_id), "meetings": (EXTRACT, first.load_id),
    }  # fmt: skip
    snapshot = store.current()
    assert snapshot.loaded()["meetings"] == (EXTRACT, first.load_id, 200)
    assert set(snapshot.columns_present()) == {"reviews", "cases", "meetings"}
    # Each row still leads to the table it was read from.
    led = snapshot.frame(
        "SELECT DISTINCT 'meetings' AS d, s.dataset, s.from_load, s.source FROM snapshot.meetings JOIN snapshot.sources s "
        "USING (source) UNION SELECT DISTINCT 'cases', s.dataset, s.from_load, s.source FROM snapshot.cases JOIN "
        "snapshot.sources s USING (source)"
    )
    assert sorted(led.itertuples(index=False, name=None)) == [
        ("cases", "cases", second.load_id, 2), ("meetings", "meetings", first.load_id, 4),
    ]  # fmt: skip
    kept = snapshot.frame("SELECT dataset, from_load FROM snapshot.problems WHERE NOT across ORDER BY dataset")
    assert kept.values.tolist() == [["meetings", first.load_id], ["reviews", second.load_id]]


def test_what_only_shows_across_datasets_is_looked_for_anew_at_each_load(store):
    """Meetings of children who are not among the cases; the next load brings the cases, and nothing is wrong any more."""
    store.commit(prepared(1, cases=cases(90), meetings=meetings(100)), EXTRACT, "Ann")
    across = 'SELECT kind, file, "row" FROM snapshot.problems WHERE across'
    assert store.current().frame(across).values.tolist() == [
        ["unknown_child", "meetings.xlsx", row] for row in range(92, 102)
    ]
    store.commit(prepared(2, actions=table("actions", 0)), EXTRACT, "Ann")
    assert len(store.current().frame(across)) == 10  # with both carried on, the file is still named
    assert set(store.current().frame(across)["file"]) == {"meetings.xlsx"}
    store.commit(prepared(3, cases=cases(100)), EXTRACT, "Ann")
    assert len(store.current().frame(across)) == 0


def test_carrying_on_twice_keeps_the_first_date(store):
    first = store.commit(prepared(1), EXTRACT, "Ann")
    for day in (1, 2):
        store.commit(prepared(day + 1, cases=cases(version=day + 1)), EXTRACT + timedelta(days=day), "Ann")
    assert store.current().loaded()["meetings"] == (EXTRACT, first.load_id, 200)
    sources = store.current().table("sources")["source"].to_pylist()
    assert len(sources) == len(set(sources)) == 2


def test_a_dataset_loaded_empty_is_asked_about_and_then_does_not_carry_on(store):
    """A report that failed at night has headers too: every CPM would look as if it had never been held."""
    store.commit(prepared(1), EXTRACT, "Ann")
    with pytest.raises(NeedsConfirmation, match=r"not one row of Meetings \(200 in the current load\)") as asked:
        store.commit(prepared(2, meetings=table("meetings", 0)), EXTRACT, "Ann")
    assert asked.value.reasons == ["emptied"]
    store.commit(prepared(2, meetings=table("meetings", 0)), EXTRACT, "Ann", confirmed=True)
    assert store.current().loaded()["meetings"].rows == 0
    assert store.current().loaded()["cases"].rows == 100


def test_a_load_without_a_date_or_without_data_is_refused_and_changes_nothing(store):
    with pytest.raises(LoadRefused, match="extract date is missing"):
        store.commit(prepared(), None, "Ann")
    with pytest.raises(LoadRefused, match="none of the datasets"):
        empty = prepared()
        empty.tables.clear()
        store.commit(empty, EXTRACT, "Ann")
    assert not store.folder.exists()


def test_an_extract_date_ahead_of_the_clock_is_asked_about(store):
    with pytest.raises(NeedsConfirmation, match="in the future: this computer says today is") as asked:
        store.commit(prepared(), date.today() + timedelta(days=1), "Ann")
    assert asked.value.reasons == ["future_extract"]
    assert store.current() is None
    store.commit(prepared(), date.today(), "Ann")  # today itself is fine
    store.commit(prepared(2), date.today() + timedelta(days=1), "Ann", confirmed=True)


def test_the_same_files_again_are_asked_about(store):
    store.commit(prepared(1), EXTRACT, "Ann")
    with pytest.raises(NeedsConfirmation, match="same files") as asked:
        store.commit(prepared(1), EXTRACT, "Ann")
    assert asked.value.reasons == ["same_files"]
    assert len(store.history()) == 1
    store.commit(prepared(1), EXTRACT, "Ann", confirmed=True)
    assert len(store.history()) == 2


@pytest.mark.parametrize(("kept", "asks"), [(100, False), (80, False), (79, True), (0, True)])
def test_losing_more_than_a_fifth_of_the_children_is_asked_about(store, kept, asks):
    store.commit(prepared(1), EXTRACT, "Ann")
    fewer = prepared(2, cases=cases(kept, 2))
    if not asks:
        store.commit(fewer, EXTRACT, "Ann")
        return
    with pytest.raises(NeedsConfirmation, match=f"{100 - kept} of the 100 children") as asked:
        store.commit(fewer, EXTRACT, "Ann")
    assert asked.value.reasons == ["children_lost"] + ["emptied"] * (not kept)


def test_as_many_children_but_others_is_asked_about(store):
    store.commit(prepared(1), EXTRACT, "Ann")
    with pytest.raises(NeedsConfirmation, match="100 of the 100 children"):
        store.commit(prepared(2, cases=cases(100, 2, first=5000)), EXTRACT, "Ann")


def test_no_child_is_lost_where_the_cases_carry_on(store):
    store.commit(prepared(1), EXTRACT, "Ann")
    store.commit(prepared(2, meetings=meetings(10, 2)), EXTRACT, "Ann")


def test_all_reasons_are_given_at_once(store, monkeypatch):
    store.commit(prepared(1), EXTRACT, "Ann")
    again = prepared(1, cases=cases(10), meetings=meetings())
    early = loads.now() - timedelta(days=2)
    monkeypatch.setattr(loads, "now", lambda: early)
    with pytest.raises(NeedsConfirmation) as asked:
        store.commit(again, EXTRACT - timedelta(days=1), "Ann")
    assert asked.value.reasons == ["same_files", "children_lost", "older_extract", "clock_behind"]
    assert all(sentence in str(asked.value) for sentence in asked.value.explanations.values())


def test_a_clock_set_back_does_not_disturb_the_order_of_loads(store, monkeypatch):
    first = store.commit(prepared(1), EXTRACT, "Ann")
    early = loads.now() - timedelta(days=2)
    monkeypatch.setattr(loads, "now", lambda: early)
    second = store.commit(prepared(2), EXTRACT, "Ann", confirmed=True)
    assert second.load_id > first.load_id
    assert second.loaded_at == early
    assert [info.load_id for info in store.history()] == [second.load_id, first.load_id]
    assert store.current().info == second


def test_a_cancelled_load_leaves_nothing_behind(store):
    store.commit(prepared(1), EXTRACT, "Ann")

    def cancel(stage, done, total):
        if stage == "writing" and done == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.commit(prepared(2), EXTRACT, "Ann", progress=cancel)
    assert seen(store.folder)["cases"]["versions"] == [name_of(1)]
    assert list((store.folder / "building").iterdir()) == []


def test_undo_goes_back_one_load_and_keeps_the_undone_one(store):
    first = store.commit(prepared(1), EXTRACT, "Ann")
    second = store.commit(prepared(2), EXTRACT, "Ann")
    assert store.undo("Bob") == first
    assert store.current().info == first
    assert [(info.load_id, info.undone) for info in store.history()] == [(second.load_id, True), (first.load_id, False)]
    assert store.snapshot(second.load_id).table("cases")["team"][0].as_py() == "Team 2"
    assert store.state.audit()[0][2:] == ("Bob", "undo", second.load_id, {"now_current": first.load_id})
    # The next load comes after the one that is current, and the undone one stays as it was.
    third = store.commit(prepared(3), EXTRACT, "Ann")
    assert third.previous == first.load_id
    assert [info.undone for info in store.history()] == [False, True, False]
    assert store.snapshot(second.load_id).info.undone


def test_undoing_the_first_load_leaves_an_empty_store_that_still_has_its_history(store):
    only = store.commit(prepared(1), EXTRACT, "Ann")
    assert store.undo("Bob") is None
    assert store.current() is None
    assert [info.load_id for info in store.history()] == [only.load_id]
    with pytest.raises(StoreProblem, match="no load to undo"):
        store.undo("Bob")


def test_undo_of_a_load_that_is_no_longer_current_is_refused(store):
    first = store.commit(prepared(1), EXTRACT, "Ann")
    second = store.commit(prepared(2), EXTRACT, "Ann")
    with pytest.raises(StoreProblem, match="in the meantime"):
        store.undo("Bob", load_id=first.load_id)
    assert store.current().info == second


def test_another_store_object_sees_a_new_load_at_once_and_an_old_snapshot_stays_readable(store):
    store.commit(prepared(1), EXTRACT, "Ann")
    reader = Store(store.folder)
    old = reader.current()
    store.commit(prepared(2), EXTRACT, "Ann")
    assert reader.current().table("cases")["team"][0].as_py() == "Team 2"
    assert old.table("cases")["team"][0].as_py() == "Team 1"


def test_an_unknown_load_is_refused_with_where_to_look(store):
    with pytest.raises(UnknownName, match="history"):
        store.snapshot("20260101T000000000000Z-00000000")
