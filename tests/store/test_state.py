"""Settings, mappings and audit: small, shared by processes, and the audit only grows."""

from __future__ import annotations

import multiprocessing
import sys
from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from cpm_metrics.errors import StoreProblem
from cpm_metrics.store import State
from cpm_metrics.store.state import FILE, About


@pytest.fixture
def state(tmp_path):
    return State(tmp_path)


def test_a_setting_keeps_who_when_and_why_and_its_changes_are_audited(state):
    state.set_setting("initial-cpm.limit", {"amount": 12, "unit": "working days"}, "Ann", "council policy 4.2")
    state.set_setting("initial-cpm.limit", {"amount": 10, "unit": "working days"}, "Bob", "policy changed")
    (setting,) = state.settings_in_full()
    assert state.settings() == {"initial-cpm.limit": {"amount": 10, "unit": "working days"}}
    assert (setting.set_by, setting.reason) == ("Bob", "policy changed")
    newest, oldest = state.audit(what="setting changed")
    assert (newest.who, newest.detail["before"]["amount"], newest.detail["after"]["amount"]) == ("Bob", 12, 10)
    assert oldest.detail["before"] is None
    state.clear_setting("initial-cpm.limit", "Ann", "back to the guide")
    assert state.settings() == {}
    assert state.audit()[0].what == "setting cleared"


def test_several_settings_are_changed_together_or_not_at_all(state):
    """One that can't be kept keeps the others out, and the audit has no line of it."""
    state.set_setting("a", 1, "Ann", "")
    with pytest.raises(TypeError):
        state.change_settings({"b": 2, "c": object()}, ["a"], "Ann", "")
    assert state.settings() == {"a": 1}
    state.change_settings({"b": 2, "c": 3}, ["a"], "Bob", "together")
    assert state.settings() == {"b": 2, "c": 3}
    assert [(line.what, line.subject) for line in state.audit(limit=3)] == [("setting cleared", "a"), ("setting changed", "c"), ("setting changed", "b")]


@pytest.mark.parametrize("value", [0, False, None, "", [], "Ynys Môn", {"a": [1, None]}])
def test_any_json_value_comes_back_as_it_was(state, value):
    state.set_setting("a", value, "Ann", "")
    state.set_mapping("headers", "key", value, "Ann")
    assert State(state.folder).settings() == {"a": value}
    assert State(state.folder).mappings("headers") == {"key": value}


def test_mappings_are_kept_by_kind(state):
    state.set_mapping("value", "a", "cpm", "Ann")
    state.set_mapping("value", "a", "review", "Ann")
    state.set_mapping("headers", "a", {"A": "child_id"}, "Ann")
    assert state.mappings("value") == {"a": "review"}
    assert state.mappings("headers") == {"a": {"A": "child_id"}}


def test_the_audit_can_be_added_to_but_not_changed(state):
    state.note("Ann", "export", "worklist", {"rows": 3})
    engine = sa.create_engine(f"sqlite:///{state.folder / FILE}")
    for statement in ("UPDATE audit SET who = 'Bob'", "DELETE FROM audit"):
        with pytest.raises(sa.exc.IntegrityError, match="only be added to"), engine.begin() as con:
            con.exec_driver_sql(statement)
    assert [(line.who, line.what, line.subject, line.detail) for line in state.audit()] == [
        ("Ann", "export", "worklist", {"rows": 3})
    ]


def test_the_audit_is_newest_first_and_can_be_narrowed(state):
    for number in range(5):
        state.note("Ann", "looked" if number % 2 else "exported", f"{number:05d}")
    assert [line.subject for line in state.audit(limit=2)] == ["00004", "00003"]
    assert [line.subject for line in state.audit(what="looked")] == ["00003", "00001"]
    assert [line.what for line in state.audit(subject="00002")] == ["exported"]


def _write_many(folder) -> None:
    state = State(folder)
    for number in range(20):
        state.note("Ann", "looked", str(number))


def test_processes_that_begin_at_once_on_a_new_store_lose_no_line(tmp_path):
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_write_many, args=(tmp_path / "new",)) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(State(tmp_path / "new").audit()) == 60


def test_the_database_is_in_wal_mode_and_another_address_can_be_given(state, tmp_path, monkeypatch):
    state.note("Ann", "looked")
    with sa.create_engine(f"sqlite:///{state.folder / FILE}").connect() as con:
        assert con.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
    monkeypatch.setenv("CPM_STATE_URL", f"sqlite:///{tmp_path / 'elsewhere.sqlite'}")
    elsewhere = State(tmp_path)
    assert elsewhere.audit() == []
    elsewhere.note("Bob", "looked")
    assert [line.who for line in elsewhere.audit()] == ["Bob"]
    assert (tmp_path / "elsewhere.sqlite").exists()


@pytest.mark.parametrize(("url", "without", "says"), [
    ("postgresql://cpm:hidden-word@localhost/cpm", "psycopg", r"package psycopg\[binary\] is needed.*pip install 'psycopg\[binary\]'"),
    ("postgresql+psycopg2://cpm:hidden-word@localhost/cpm", "psycopg2", "package psycopg2-binary is needed.*pip install 'psycopg2-binary'"),
    ("postgres://cpm:hidden-word@localhost/cpm", None, r"not the address of a database.*postgresql\+psycopg://"),
    ("hidden-word", None, "not the address of a database"),
])  # fmt: skip
def test_a_database_without_its_driver_or_with_a_wrong_address_says_what_to_do(tmp_path, monkeypatch, url, without, says):
    if without:
        monkeypatch.setitem(sys.modules, without, None)
    for ask in (lambda: State(tmp_path, url).settings(), lambda: State(tmp_path, url).note("Ann", "looked")):
        with pytest.raises(StoreProblem, match=says) as problem:
            ask()
        assert "hidden-word" not in str(problem.value)


def test_a_damaged_file_says_what_to_do(state):
    state.folder.joinpath(FILE).write_bytes(b"this is not a database, and it is long enough to be looked at" * 20)
    with pytest.raises(StoreProblem, match="can't be read .*from a backup"):
        state.settings()


CHASED = About("initial-cpm", "1001", date(2026, 3, 2), date(2026, 3, 2), date(2026, 3, 12))


def test_notes_come_back_newest_first_and_the_audit_has_not_their_words(state):
    state.add_note(CHASED, "Ynys to chase; mother's solicitor is ill", "Ann")
    state.add_note(CHASED._replace(child_id="1002", due_date=None), "Second", "Bob")
    assert [(n.text, n.who, n.about.child_id, n.about.due_date) for n in state.notes()] == [
        ("Second", "Bob", "1002", None), ("Ynys to chase; mother's solicitor is ill", "Ann", "1001", date(2026, 3, 12))]  # fmt: skip
    (own,) = state.notes("1001")
    assert own.about == CHASED
    assert [line.subject for line in state.audit(what="note added")] == ["1002", "1001"]
    assert "solicitor" not in str(state.audit())


def test_an_exception_holds_to_its_last_day_and_stays_on_record_when_withdrawn(state):
    last = date(2026, 4, 30)
    state.add_exception(CHASED, "Court moved the hearing", last, "Ann")
    (made,) = state.exceptions("1001")
    assert made.holds_on(last)
    assert not made.holds_on(last + timedelta(days=1))
    state.withdraw_exception(made.number, "Bob")
    state.withdraw_exception(made.number, "Cy")
    (gone,) = state.exceptions()
    assert (gone.withdrawn_by, gone.text, gone.holds_on(last)) == ("Bob", "Court moved the hearing", False)
    assert [line.what for line in state.audit()] == ["exception withdrawn", "exception made"]
    assert "hearing" not in str(state.audit())


def test_what_is_kept_by_name_is_each_owners_own(state):
    state.save("view", "Ann", "My overdue", {"status": ["overdue"]}, "Ann")
    state.save("view", "Ann", "My overdue", {"status": ["due_soon"]}, "Ann")
    state.save("view", "Bob", "My overdue", {}, "Bob")
    assert state.saved("view", "Ann") == {"My overdue": {"status": ["due_soon"]}}
    state.forget("view", "Ann", "My overdue", "Ann")
    assert state.saved("view", "Ann") == {}
    assert state.saved("view", "Bob") == {"My overdue": {}}
    assert "My overdue" not in str(state.audit())


def test_a_state_made_before_these_tables_gains_them(state):
    """The file of an earlier version has the first three tables only; the first change adds the rest."""
    state.set_setting("initial-cpm.on", True, "Ann", "")
    with sa.create_engine(f"sqlite:///{state.folder / FILE}").begin() as con:
        for table in ("notes", "exceptions", "saved"):
            con.exec_driver_sql(f"DROP TABLE {table}")
    again = State(state.folder)
    assert again.notes() == again.exceptions() == []
    again.add_note(CHASED, "kept", "Ann")
    assert [n.text for n in State(state.folder).notes()] == ["kept"]
