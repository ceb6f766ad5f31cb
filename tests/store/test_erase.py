"""A child who is erased is in no file of the store any more, and nothing about anybody else has changed; old loads are deleted for good."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import pytest
from store_making import EXTRACT, cases, meetings, prepared, table

from cpm_metrics.engine import compute
from cpm_metrics.errors import CpmError, NeedsConfirmation, StoreProblem, UnknownName
from cpm_metrics.extracts.problems import ColumnMap, FileInfo, Problem, Source
from cpm_metrics.store import KeyProblem, Store, loads
from cpm_metrics.store import key as keys
from cpm_metrics.store.backup import check
from cpm_metrics.store.erase import Child, in_file_names
from cpm_metrics.store.state import About
from cpm_metrics.views import contract

CHILD, SIBLING = "70707", "70708"
GONE = ("70707", "Ynysgadair", "Oakleigh-Fairweather", "Oakleighx")
ABOUT = About("initial-cpm", CHILD, date(2026, 3, 2), date(2026, 3, 2), date(2026, 3, 12))


def text_of(column: list, at: int, value: str) -> list:
    return [*column[:at], value, *column[at + 1 :]]


def load(store: Store, when: date = EXTRACT) -> None:
    """The child has row 3 of the cases (sheet row 4), and meetings with a sibling; others write about them; one row was left out."""
    ids = [f"{n:05d}" for n in range(1, 21)]
    ids[2], ids[3] = CHILD, SIBLING
    made = {
        "cases": cases(20).set_column(0, "child_id", [ids]),
        "meetings": meetings(40, children=20).set_column(1, "child_id", [ids * 2]),
        "actions": table("actions", 2, 3, child_id=[CHILD, SIBLING], meeting_date=date(2025, 2, 3), action=["Find a school", "See 70707, 70707 and Oakleigh-Fairweather, YNYSGADAIR; ask 170707"]),
    }
    for name, column, value in (("forename", 2, "Ynysgadair"), ("surname", 2, "Oakleigh-Fairweather"), ("surname", 3, "Oakleigh-Fairweather"), ("sibling_group", 2, CHILD), ("sibling_group", 3, CHILD), ("worker", 3, "Ynysgadair Oakleigh-Fairweather")):
        at = made["cases"].schema.get_field_index(name)
        made["cases"] = made["cases"].set_column(at, made["cases"].schema.field(name), [text_of(made["cases"][name].to_pylist(), column, value)])
    at = made["meetings"].schema.get_field_index("attendees")
    made["meetings"] = made["meetings"].set_column(at, made["meetings"].schema.field("attendees"), [["Ynysgadair  Oakleigh-Fairweather; Ann"] * 40])
    problems = [
        Problem("warning", "odd", "Looks odd.", dataset="cases", file="cases.xlsx", sheet="Sheet1", row=4, column="B", value="Oakleighx"),
        Problem("warning", "odd", "Looks odd.", dataset="cases", file="cases.xlsx", sheet="Sheet1", row=6, column="B", value="kept"),
        Problem("error", "bad_date", "Not a date.", dataset="cases", file="cases.xlsx", sheet="Sheet1", row=99, column="C", value="Oakleighx 2015"),
        Problem("error", "unknown_child", "Not known.", dataset="meetings", file="meetings.xlsx", sheet="Sheet1", row=77, column="A", value=" ynysgadair "),
    ]
    out = prepared(1, problems, **made)
    out.sources[0].mapping[0] = ColumnMap("A", "Child ID", "child_id", "known header", (CHILD, "00001"))
    out.files.append(FileInfo("Ynysgadair Oakleigh-Fairweather.xlsx", "a" * 64, 5))
    out.sources.append(Source(4, "Ynysgadair Oakleigh-Fairweather.xlsx", "Sheet1", "actions", 1, ["child_id"], [], []))
    store.commit(out, when, "Ann", confirmed=True)


def write_about(store: Store) -> None:
    state = store.state
    state.add_note(ABOUT, "Ynysgadair is well", "Ann")
    state.add_note(ABOUT._replace(child_id=SIBLING), "As for 70707, and Ynysgadair Oakleigh-Fairweather; kept", "Ann")
    state.add_exception(ABOUT, "Ynysgadair was ill", date(2026, 4, 30), "Ann")
    state.add_exception(ABOUT._replace(child_id=SIBLING), "kept too", date(2026, 4, 30), "Ann")
    state.save("view", "Ann", "70707", {"search": "Ynysgadair Oakleigh-Fairweather", "children": [CHILD, SIBLING], "n": 3}, "Ann")
    state.set_setting("initial-cpm.limit", {"amount": 12, "unit": "working days"}, "Ann", "as agreed for 70707")
    state.note("Ann", "child viewed", CHILD, {})
    state.note("Ann", "exported", "worklist", {"children": [CHILD]})


KEY = keys.new()


@pytest.fixture(scope="module", params=["plain", "encrypted"])
def made(request, tmp_path_factory) -> tuple[Path, str]:
    """Two loads, one of them undone, and everything written; once in a plain store and once in an encrypted one."""
    folder = tmp_path_factory.mktemp(request.param) / "store"
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("CPM_")]:
            patch.delenv(name)
        if request.param == "encrypted":
            patch.setenv("CPM_KEY", KEY)
        store = Store(folder)
        load(store, EXTRACT - timedelta(days=7))
        load(store)
        store.undo("Ann")
        load(store)
        write_about(store)
        store.state.close()
    return folder, request.param


@pytest.fixture
def store(made, tmp_path, monkeypatch) -> Store:
    folder, kind = made
    for name in [name for name in os.environ if name.startswith("CPM_")]:
        monkeypatch.delenv(name)
    if kind == "encrypted":
        monkeypatch.setenv("CPM_KEY", KEY)
    return Store(shutil.copytree(folder, tmp_path / "store"))


def everything(store: Store) -> str:
    """Every cell of every table of every load, and every row that a person wrote, as one text."""
    out = [str(info) for info in store.history()]
    for info in store.history():
        snapshot = store.snapshot(info.load_id)  # opened once
        for (name,) in snapshot.cursor().execute("SELECT table_name FROM duckdb_tables() WHERE database_name = 'snapshot'").fetchall():
            out.append(str(snapshot.table(name).to_pylist()))
    state = store.state
    out += [str(part) for part in (state.notes(), state.exceptions(), state.saved("view", "Ann"), state.settings_in_full(), state.audit())]
    return "\n".join(out)


def test_an_erased_child_is_in_no_file_and_nothing_about_others_has_changed(store):
    plain = "CPM_KEY" not in os.environ  # the figures are the same there, and the other takes twice the time
    before = contract.obligations(compute(store.current())) if plain else None
    kept = {info.load_id: store.snapshot(info.load_id).table("meetings").to_pylist() for info in store.history()}
    session = Store(store.folder)
    assert CHILD in session.current().children()
    computed = session.edition
    assert [gone in everything(store) for gone in GONE] == [True] * 4

    found = store.erase(CHILD, "Ann", "IG-2026-14")

    assert (found.loads, found.rows, found.notes, found.exceptions) == (3, {"cases": 3, "meetings": 6, "actions": 3}, 1, 1)
    assert found.texts >= 3
    text = everything(Store(store.folder))
    # The worker who is called like the child stays; 170707 is another number.
    assert text.count("Ynysgadair") == text.count("'worker': 'Ynysgadair Oakleigh-Fairweather'") == 3
    assert "Oakleighx" not in text
    assert text.count(CHILD) == text.count("170707") == 3
    state = store.state
    assert state.notes()[0].text == f"As for {found.word}, and {found.word}; kept"
    assert [e.text for e in state.exceptions()] == ["kept too"]
    (name,) = state.saved("view", "Ann")
    assert name.startswith(found.word)
    assert state.saved("view", "Ann")[name] == {"search": found.word, "children": [found.word, SIBLING], "n": 3}
    assert state.settings() == {"initial-cpm.limit": {"amount": 12, "unit": "working days"}}
    (line,) = state.audit(what="child erased")
    assert (line.who, line.subject, line.detail["reference"], line.detail["rows"]) == ("Ann", "erased", "IG-2026-14", found.rows)
    assert [line.subject for line in state.audit(what="child viewed")] == ["erased"]
    # Everybody else's figures are the same, and the loads account for their rows.
    if plain:
        after = contract.obligations(compute(store.current()))
        assert after.reset_index(drop=True).equals(before[before["child_id"] != CHILD].reset_index(drop=True))
    for info in store.history():
        snapshot = store.snapshot(info.load_id)
        assert info.counts == {name: kept.rows for name, kept in snapshot.loaded().items()} == {"cases": 19, "meetings": 38, "actions": 1}
        same = [row | {"attendees": f"{found.word}; Ann"} for row in kept[info.load_id] if row["child_id"] != CHILD]
        assert snapshot.table("meetings").to_pylist() == same
        assert {row["sibling_group"] for row in snapshot.table("cases").to_pylist()} == {None, found.word}
        assert [p["value"] for p in snapshot.table("problems").to_pylist() if p["value"]] == ["kept"]
        assert sum(info.problem_counts.values()) == snapshot.table("problems").num_rows
    assert [f.wrong for f in check(Store(store.folder)) if f.wrong] == []
    # A session that was open sees it at its next look, and knows that what it computed is out of date.
    assert CHILD not in session.current().children()
    assert session.edition != computed
    # The next load builds on it.
    load(store)
    assert CHILD in store.current().children()


def test_an_erased_child_is_in_no_byte_of_a_plain_store(tmp_path, monkeypatch):
    for name in [name for name in os.environ if name.startswith("CPM_")]:
        monkeypatch.delenv(name)
    store = Store(tmp_path / "store")
    load(store)
    write_about(store)
    (store.folder / "preview-1-abc").mkdir()
    (store.folder / "preview-1-abc" / "preview.duckdb").write_bytes(b"Ynysgadair")

    def bytes_with(words) -> dict[str, list[str]]:
        found = {str(p): [w for w in words if w.encode() in p.read_bytes()] for p in store.folder.rglob("*") if p.is_file()}
        return {name: there for name, there in found.items() if there}

    # What the search below could not tell from the child: the namesake among the staff, and the longer number.
    others = ("170707", "worker")
    assert len(bytes_with(GONE)) >= 3
    store.erase(CHILD, "Ann", "IG-2026-14")
    store.state.close()
    for path in (p for p in store.folder.rglob("*") if p.is_file()):
        data = path.read_bytes().replace(b"170707", b"").replace(b"Ynysgadair Oakleigh-Fairweather", b"")
        surname = data.count(b"Oakleigh-Fairweather")  # the sibling's own
        assert CHILD.encode() not in data and b"Ynysgadair" not in data and b"Oakleighx" not in data, path
        assert surname <= 4, path
    assert bytes_with(others[:1])


def test_erasing_says_what_is_missing_and_changes_nothing(store):
    before = everything(store)
    with pytest.raises(UnknownName, match="no|No"):
        store.erase("99999", "Ann", "IG-1")
    with pytest.raises(CpmError, match="needs a reference"):
        store.erase(CHILD, "Ann", " ")
    for reference in ("asked by the mother of 70707", "for ynysgadair oakleigh-fairweather"):
        with pytest.raises(CpmError, match="names the child"):
            store.erase(CHILD, "Ann", reference)
    path = store.snapshot(store.history()[-1].load_id).path
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    with pytest.raises(StoreProblem, match=r"Nothing was begun.*retention --load"):
        store.erase(CHILD, "Ann", "IG-1")
    path.write_bytes(data)
    assert everything(Store(store.folder)) == before


@pytest.mark.parametrize(("text", "becomes"), [("1234 and 51234, 1234a", "W and 51234, 1234a"), ("Zoë O'Brien-Ó and zoë  o'brien-ó.", "W and W."), ("O'BRIEN-Ó, Zoë; Zoë", "W; Zoë"), ("1234", "W"), ("", ""), ("record_1234_O'Brien-Ó_Zoë.docx", "record_W_W.docx")])
def test_what_counts_as_naming_a_child(text, becomes):
    assert Child("1234", [("Zoë", "O'Brien-Ó")], "W").out_of(text) == becomes


def test_a_short_id_is_never_looked_for_inside_a_text():
    child = Child("12", [], "W")
    assert child.out_of("12 working days") == "12 working days"
    assert child.out_of_json({"id": "12", "days": 12}) == {"id": "W", "days": 12}


@pytest.mark.parametrize(
    ("child_id", "text", "becomes"),
    [
        ("P/40417", "child-P-40417-2026-11-20.csv", "child-W-2026-11-20.csv"), ("P/40417", "P/40417, p-40417 and XP-40417", "W, W and XP-40417"), ("P 40417.", "supervision-P-40417--2026-11-20.pdf", "supervision-W-2026-11-20.pdf"),
        ("12/11", "cpm-record-12-11-2026-12-11.docx", "W-2026-12-11.docx"), ("12/11", "extract date 2026-12-11", "extract date 2026-12-11"),
        ("12", "child-12-timeline.csv", "W-timeline.csv"), ("12", "child-121-timeline.csv, 12 days", "child-121-timeline.csv, 12 days"), ("1234", "child-1234-actions.csv", "child-W-actions.csv"),
    ],
)  # fmt: skip
def test_the_id_is_found_as_names_of_files_have_it(child_id, text, becomes):
    """Of one with signs that no file may have in its name; and as DuckDB finds it."""
    import duckdb

    child = Child(child_id, [], "W")
    assert child.out_of(text) == becomes
    with duckdb.connect() as con:
        assert con.execute(f"SELECT {child._cleaned('a', 'VARCHAR')} FROM (SELECT ? AS a)", [text]).fetchone() == (becomes,)


def test_an_erased_child_whose_id_has_other_signs_is_not_in_the_audit_either(tmp_path):
    """The names of the files that were taken away, as the page of one child gives them."""
    child_id = "P/40417"
    store = Store(tmp_path / "store")
    store.commit(prepared(1, cases=cases(20).set_column(0, "child_id", [[child_id, *(f"{n:05d}" for n in range(2, 21))]])), EXTRACT, "Ann", confirmed=True)
    store.state.note("Ann", "exported", "Obligations of one child", {"file": f"child-{in_file_names(child_id)}-2026-11-20.csv", "children": [child_id]})
    store.erase(child_id, "Ann", "IG-1")
    (line,) = (line for line in store.state.audit() if line.what == "exported")
    assert "40417" not in str([(line.subject, line.detail) for line in store.state.audit()])
    assert line.detail["file"].endswith("-2026-11-20.csv")


def test_duckdb_and_python_find_the_same_mentions():
    """Loads are searched by one and what people wrote by the other."""
    import duckdb

    texts = ["1234", "x1234", "1234_a", "a 1234, 1234;1234", "Zoë O'Brien-Ó", "O'brien-ó, ZOË", "Zoë\tO'Brien-Ó", "Zoëx O'Brien-Ó", "ZoëO'Brien-Ó", "", "é1234", "(1234)", "Zoë_O'Brien-Ó.xlsx", "1234\n1234"]
    child = Child("1234", [("Zoë", "O'Brien-Ó")], "W")
    with duckdb.connect() as con:
        con.execute("CREATE TABLE t (n INTEGER, a VARCHAR)")
        con.executemany("INSERT INTO t VALUES (?, ?)", list(enumerate(texts)))
        found = con.execute(f"SELECT {child._cleaned('a', 'VARCHAR')} FROM t ORDER BY n").fetchall()
    assert [text for (text,) in found] == [child.out_of(text) for text in texts]


# -- retention


def aged(monkeypatch, days: int) -> None:
    real = loads.now()
    monkeypatch.setattr(loads, "now", lambda: real - timedelta(days=days))


def loaded_days_ago(folder: Path, monkeypatch, days_ago: Sequence[int], by: str, undone: int | None = None) -> Store:
    """A load made on each of these days, of an extract of that day; one of them undone."""
    store = Store(folder)
    for days in days_ago:
        with monkeypatch.context() as patch:
            aged(patch, days)
            store.commit(prepared(days + 1), date.today() - timedelta(days=days), by, confirmed=True)
            if days == undone:
                store.undo(by)
    return store


@pytest.fixture
def old_loads(tmp_path, monkeypatch) -> Store:
    return loaded_days_ago(tmp_path / "store", monkeypatch, (500, 450, 300, 0), "Ann", undone=450)


def test_loads_older_than_that_are_gone_for_good_and_the_current_one_never(old_loads):
    ids = [info.load_id for info in old_loads.history()]
    gone = old_loads.retain(400, "Ann")
    assert {info.load_id for info in gone} == set(ids[2:])
    assert [info.load_id for info in old_loads.history()] == ids[:2]
    assert {path.name.partition(".")[0] for path in (old_loads.folder / "snapshots").iterdir()} == set(ids[:2])
    assert not any(b"Inventedname0501" in path.read_bytes() for path in old_loads.folder.rglob("*") if path.is_file())
    (line,) = old_loads.state.audit(what="loads deleted")
    assert (set(line.detail["loads"]), line.detail["older_than_days"]) == (set(ids[2:]), 400)
    assert old_loads.retain(400, "Ann") == []
    assert len(old_loads.state.audit(what="loads deleted")) == 1
    assert [f.wrong for f in check(old_loads) if f.wrong] == []
    # The one before is kept whatever its age, and gone only where a person names it.
    assert old_loads.retain(100, "Ann") == []
    with pytest.raises(StoreProblem, match=f"one before the current one, which is kept.*retention --load {ids[1]}"):
        old_loads.retain(100, "Ann", confirmed=True)
    old_loads.delete_load(ids[1], "Ann")
    with pytest.raises(StoreProblem, match="not kept any more.*not undone"):
        old_loads.undo("Ann")
    assert old_loads.current().info.load_id == ids[0]


def test_a_clock_that_runs_ahead_does_not_delete_every_earlier_load(old_loads, monkeypatch):
    aged(monkeypatch, -1000)
    with pytest.raises(NeedsConfirmation, match="Even the current load .* clock .* wrong.* 2 loads are deleted"):
        old_loads.retain(400, "Ann")
    assert len(old_loads.history()) == 4
    assert len(old_loads.retain(400, "Ann", confirmed=True)) == 2
    assert len(old_loads.history()) == 2


@pytest.fixture
def nightly(tmp_path, monkeypatch) -> Store:
    """The loads of four nights, the last of them today."""
    return loaded_days_ago(tmp_path / "store", monkeypatch, (3, 2, 1, 0), "night load")


@pytest.mark.parametrize("nights", [1, 3])
@pytest.mark.parametrize(("named_by_the_clock", "says"), [(False, "The newest extract was taken on"), (True, "more than 400 days, nothing was loaded")])
def test_loads_made_by_a_clock_two_years_ahead_delete_nothing(nightly, monkeypatch, nights, named_by_the_clock, says):
    """The load of the same night looks new, so the age of the current load tells nothing: not in the first night, and not in the third."""
    ids = [info.load_id for info in nightly.history()]
    for night in range(nights):
        aged(monkeypatch, -730 - night)
        taken = date.today() + timedelta(days=night + 730 * named_by_the_clock)
        nightly.commit(prepared(10 + night), taken, "night load", confirmed=True)
        monkeypatch.undo()
    aged(monkeypatch, -730 - nights)
    with pytest.raises(NeedsConfirmation, match=f"{says}.*clock .* wrong"):
        nightly.retain(400, "night retention")
    assert [info.load_id for info in nightly.history()][nights:] == ids
    assert not nightly.state.audit(what="loads deleted")


def test_a_future_extract_date_by_mistake_does_not_hide_that_the_clock_runs_ahead(nightly, monkeypatch):
    nightly.commit(prepared(9), date.today() + timedelta(days=36500), "Ann", confirmed=True)
    aged(monkeypatch, -730)
    nightly.commit(prepared(10), date.today(), "night load", confirmed=True)
    with pytest.raises(NeedsConfirmation, match="The newest extract was taken on"):
        nightly.retain(400, "night retention")


def test_one_load_can_be_deleted_damaged_or_not_but_never_the_current_one(old_loads):
    current, middle, *_ = old_loads.history()
    path = old_loads.snapshot(middle.load_id).path
    path.write_bytes(b"damaged")
    old_loads.delete_load(middle.load_id, "Ann")
    assert middle.load_id not in [info.load_id for info in old_loads.history()]
    assert not path.exists()
    with pytest.raises(StoreProblem, match="never deleted"):
        old_loads.delete_load(current.load_id, "Ann")
    with pytest.raises(UnknownName):
        old_loads.delete_load(middle.load_id, "Ann")


def test_after_the_clock_was_set_back_loads_still_follow_one_another(tmp_path, monkeypatch):
    """A load made "before" the newest is asked about; confirmed, it is the newest: its number grows by one microsecond, its hour is the clock's."""
    store = Store(tmp_path / "store")
    first = store.commit(prepared(1), EXTRACT, "Ann")
    aged(monkeypatch, 30)
    with pytest.raises(NeedsConfirmation, match="has the clock been set back"):
        store.commit(prepared(2), EXTRACT, "Ann")
    second = store.commit(prepared(2), EXTRACT, "Ann", confirmed=True)
    assert second.load_id > first.load_id
    assert second.loaded_at < first.loaded_at
    assert [info.load_id for info in store.history()] == [second.load_id, first.load_id]
    assert store.retain(10, "Ann") == []
    assert store.undo("Ann") == first
    third = store.commit(prepared(3), EXTRACT, "Ann", confirmed=True)
    assert third.load_id > second.load_id


def test_what_needs_the_key_needs_it_here_too(store, monkeypatch):
    if "CPM_KEY" not in os.environ:
        return
    monkeypatch.delenv("CPM_KEY")
    for way in (lambda: store.erase(CHILD, "Ann", "IG-1"), lambda: store.retain(1, "Ann"), lambda: store.delete_load(CHILD, "Ann")):
        with pytest.raises(KeyProblem):
            way()
