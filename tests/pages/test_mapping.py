"""The mapping screen and the page of what it remembered, driven as a person does, on a real store."""

import datetime as dt
import logging
import time
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from cpm_metrics.extracts.mapping import IGNORE, MappingBook
from cpm_metrics.store import Store
from tests.extracts.files import xlsx

ROOT = Path(__file__).resolve().parents[2]
CASES = [["Child ID", "Surname", "Date started to be looked after", "Allocated team"], ["0012", "Secretname", dt.date(2025, 3, 1), "Team A"]]
LOG = [["Yng person no.", "Sort of mtg", "Took place", "Colour <b>of</b> *it*"], ["0012", "CPM rev.", dt.date(2026, 2, 3), "red"], ["0012", "Odd one", dt.date(2026, 3, 3), "blue"]]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("CPM_STORE", str(tmp_path / "store"))
    monkeypatch.setenv("CPM_TEST_FILES", str(tmp_path / "files"))
    (tmp_path / "files").mkdir()
    return tmp_path


@pytest.fixture
def store(folder):
    return Store(folder / "store")


def write(folder, name="report.xlsx", **sheets):
    (folder / "files" / name).write_bytes(xlsx({title.replace("_", " "): rows for title, rows in sheets.items()}))


def screen() -> AppTest:
    return settled(AppTest.from_file(str(Path(__file__).with_name("mapping_page.py")), default_timeout=30).run())


def settled(at: AppTest) -> AppTest:
    """Until nothing runs any more."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        assert not at.exception
        if "Stop" not in [b.label for b in at.button]:
            return at
        time.sleep(0.1)
        at.run()
    raise AssertionError("it never came to an end")


def pick(at, label, value, nth=0):
    box = [s for s in at.selectbox if s.label.startswith(label)][nth]
    box.set_value(value).run()
    return settled(at)


def press(at, label):
    next(b for b in at.button if b.label == label).click().run()
    return settled(at)


def button(at, label):
    return next((b for b in at.button if b.label == label), None)


def prepared(at):
    return next((t.value for t in at.text if t.value.startswith("Prepared")), None)


def words(at) -> str:
    return "\n".join(e.value for e in (*at.markdown, *at.caption, *at.text, *at.header, *at.error))


def test_known_files_ask_nothing(folder, store):
    """Template headers: the load goes on at once; how the columns were understood can be looked at."""
    write(folder, Cases=CASES)
    at = screen()
    assert prepared(at) == "Prepared: cases 1"
    assert button(at, "Use this mapping") is None
    assert "Sure: the required columns have the template’s headers" in words(at).replace("\\", "")
    assert not store.mapping_book().header_mappings


def test_headers_nobody_foresaw_are_mapped_once(folder, store, caplog):
    """Dataset, then one pick-list per required field; remembered only by Use this mapping; then used without asking. No value
    of the file goes into log, address or store."""
    write(folder, Cases=CASES, Log=LOG)
    with caplog.at_level(logging.DEBUG):
        at = screen()
        assert prepared(at) is None
        assert "1 table can’t be told by its headers alone" in words(at)
        pick(at, "What is this table?", "meetings")
        assert button(at, "Use this mapping").disabled
        assert words(at).count("Still missing") == 3
        pick(at, "Child ID (required)", "A")
        pick(at, "Meeting type (required)", "B")
        assert not store.mapping_book().header_mappings
        pick(at, "Meeting date (required)", "C")
        assert next(s for s in at.selectbox if s.label.startswith("Column C")).value == "meeting_date"
        assert not store.mapping_book().header_mappings
        press(at, "Use this mapping")
    assert prepared(at) == "Prepared: cases 1, meetings 2"
    kept = store.mapping_book().header_mappings
    assert [(m.dataset, m.columns) for m in kept] == [("meetings", {"Yng person no.": "child_id", "Sort of mtg": "meeting_type", "Took place": "meeting_date", "Colour <b>of</b> *it*": None})]
    assert prepared(screen()) == "Prepared: cases 1, meetings 2"
    assert "Secretname" not in caplog.text + store.mapping_book().to_json() + str(dict(at.query_params)) + str(store.state.audit())


def test_values_are_asked_about_and_remembered(folder, store):
    """Unknown coded values with their counts; “ask me again later” is the default; what is said is used at once."""
    write(folder, Cases=CASES, Meetings=[["Child ID", "Meeting type", "Meeting date"], *(r[:3] for r in LOG[1:]), ["0012", "CPM rev.", dt.date(2026, 4, 1)]])
    at = screen()
    assert "**2 values to explain** (3 cells)" in words(at)
    assert "Meetings, Meeting type · 2 times · until then counted as Other" in words(at)
    assert button(at, "Remember these meanings").disabled
    pick(at, "Meeting type: CPM rev", "cpm")
    press(at, "Remember these meanings")
    assert store.mapping_book().codes_for("meetings", "meeting_type") == {"cpm rev": "cpm"}
    assert "**1 value to explain** (1 cell)" in words(at)


def test_a_table_left_out_this_time_is_asked_about_again(folder, store):
    """Nothing is remembered of it; the load goes on without it, also where its headers would stop a load."""
    write(folder, Cases=CASES, Meetings=[["Child ID", "Meeting type", "Mtg dt"], ["0012", "CPM", dt.date(2026, 1, 5)]])
    at = screen()
    assert prepared(at) is None
    pick(at, "What is this table?", "later")
    press(at, "Use this mapping")
    assert prepared(at) == "Prepared: cases 1"
    assert not store.mapping_book().header_mappings
    assert prepared(screen()) is None


def test_a_table_left_out_for_good(folder, store):
    """Remembered as a table to leave out, and said on the next screen."""
    write(folder, Cases=CASES, Budget=[["Cost centre", "Line"], ["north", "fuel"]])
    at = screen()
    pick(at, "What is this table?", IGNORE)
    press(at, "Use this mapping")
    assert [m.dataset for m in store.mapping_book().header_mappings] == [IGNORE]
    assert "left out, as you said before" in words(screen()).replace("\\", "")


def test_a_table_left_out_for_good_is_corrected_on_the_screen(folder, store):
    """Without forgetting it first: choose what it is, and it is used from then on."""
    book = store.mapping_book()
    book.remember_headers(LOG[0], IGNORE)
    store.keep_mapping_book(book, "tester")
    write(folder, Cases=CASES, Log=LOG)
    at = screen()
    assert prepared(at) == "Prepared: cases 1"
    at.selectbox(key="map-which-0").set_value(1).run()  # after those that are used
    pick(settled(at), "What is this table?", "meetings")
    for field, column in (("Child ID", "A"), ("Meeting type", "B"), ("Meeting date", "C")):
        pick(at, f"{field} (required)", column)
    press(at, "Use this mapping")
    assert prepared(at) == "Prepared: cases 1, meetings 2"
    assert [m.dataset for m in store.mapping_book().header_mappings] == ["meetings"]


def test_what_was_recognised_can_be_corrected(folder, store):
    """A known column is left out, and another given a field: only then is there something to use."""
    write(folder, Cases=CASES)
    at = screen()
    pick(at, "Column B, Surname", "")
    press(at, "Use this mapping")
    assert store.mapping_book().header_mappings[0].columns["Surname"] is None
    assert prepared(at) == "Prepared: cases 1"


def test_two_columns_for_one_field_stop(folder):
    """Said with the letters; the button waits."""
    write(folder, Cases=CASES)
    at = pick(screen(), "Column B, Surname", "team")
    assert "Allocated team is given to 2 columns (B, D)" in at.error[0].value
    assert button(at, "Use this mapping").disabled


def test_sixty_columns(folder):
    """The required fields are enough to go on; all columns are there, each with a label of its own, and can be filtered."""
    head = [f"Thing {n}" for n in range(60)]
    write(folder, Cases=CASES, Wide=[head, [f"text {n}" for n in range(60)]])
    at = pick(screen(), "What is this table?", "meetings")
    labels = [s.label for s in at.selectbox if s.label.startswith("Column")]
    assert len(labels) == len(set(labels)) >= 60
    assert "Column BH, Thing 59, is" in labels


def test_nothing_from_a_file_is_html_or_markup(folder):
    """Headers and examples are text, whatever they hold."""
    write(folder, Log=[["![x](http://evil.example/a)", "<script>b</script>", "Plain"], ["[link](http://evil.example)", "**bold**", "$x$"]])
    shown = words(screen())
    assert "![x](" not in shown
    assert "[link](" not in shown
    assert "**bold**" not in shown
    assert "<script>" not in shown


def test_a_damaged_file_is_said(folder):
    """What can't be read is refused in words, with no screen."""
    (folder / "files" / "broken.xlsx").write_bytes(b"PK\x03\x04 nothing")
    at = screen()
    assert "broken" in at.error[0].value
    assert prepared(at) is None


# -- what is remembered


def remembered() -> AppTest:
    return AppTest.from_file(str(ROOT / "pages/data/mappings.py"), default_timeout=30).run()


def filled(store) -> MappingBook:
    book = store.mapping_book()
    book.remember_headers(["No", "Sort", "When"], "meetings", {"No": "child_id", "Sort": "meeting_type", "When": "meeting_date"})
    book.remember_headers(["Budget", "Line"], IGNORE)
    book.remember_value("meetings", "meeting_type", "CPM *rev*.", "cpm")
    store.keep_mapping_book(book, "tester")
    return book


def test_nothing_remembered_says_so(folder, store):
    at = remembered()
    assert not at.exception
    assert "Nothing remembered yet" in words(at)


def test_what_is_remembered_is_listed_and_forgotten_one_by_one(folder, store):
    """Each table and each value has its own button, behind a question; the rest stays."""
    filled(store)
    at = remembered()
    assert {e.label.replace("\\", "") for e in at.expander} >= {"**Meetings** · No, Sort, When", "**Left out of every load** · Budget, Line", "Meetings, Meeting type (1)"}
    assert "“CPM \\*rev\\*\\.” → **Care Planning Meeting**" in words(at)
    next(b for b in at.button if str(b.key).startswith("forget-value")).click().run()
    assert not store.mapping_book().value_mappings
    assert len(store.mapping_book().header_mappings) == 2
    next(b for b in at.button if str(b.key).startswith("forget-table")).click().run()
    assert [m.dataset for m in store.mapping_book().header_mappings] == [IGNORE]
    assert "asked about again" in at.success[0].value


def test_when_it_was_remembered(folder, store):
    """What came by the screen says when and by whom; what came from a file doesn't pretend to."""
    write(folder, Cases=CASES, Budget=[["Cost centre", "Line"], ["north", "fuel"]])
    at = pick(screen(), "What is this table?", IGNORE)
    press(at, "Use this mapping")
    assert "by tester" in words(remembered())


def test_mapping_files(folder, store):
    """A mapping file is looked at before it is added; it adds to what is there."""
    filled(store)
    other = MappingBook()
    other.remember_headers(["Yp", "Rev"], "reviews", {"Yp": "child_id", "Rev": "review_date"})
    other.remember_value("meetings", "meeting_type", "CPM *rev*.", "other")
    at = remembered()
    assert at.get("download_button")
    at.file_uploader[0].upload("m.json", other.to_json().encode(), "application/json").run()
    assert "**1** new, **1** that replace" in words(at)
    assert len(store.mapping_book().header_mappings) == 2
    press(at, "Add them")
    assert len(store.mapping_book().header_mappings) == 3
    assert store.mapping_book().value_mappings[0].code == "other"


def test_a_file_that_is_no_mapping_file(folder, store):
    at = remembered()
    at.file_uploader[0].upload("m.json", b"{}", "application/json").run()
    assert "mapping file" in at.error[0].value
    assert not store.mapping_book().header_mappings
