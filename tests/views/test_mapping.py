"""What the mapping screen works with: tables of real files, what a choice would do, what is remembered of it."""

import datetime as dt
import json

import pytest

from cpm_metrics.errors import LoadRefused
from cpm_metrics.extracts.datasets import DATASETS
from cpm_metrics.extracts.mapping import IGNORE, MappingBook
from cpm_metrics.extracts.prepare import prepare
from cpm_metrics.extracts.problems import InputFile, Question
from cpm_metrics.views import mapping
from tests.extracts.files import xlsx

CASES = [["Child ID", "Surname", "Date started to be looked after", "Allocated team", "Patch"], ["0012", "Sample", dt.date(2025, 3, 1), "Team A", "north"]]
LOG = [
    ["Mtg log", None, None, None], ["Yng person no.", "Sort of mtg", "Took place", "Colour"],
    ["0012", "CPM rev.", dt.date(2026, 2, 3), "red"], ["0012", "CPM", dt.date(2026, 3, 3), "blue"],
]  # fmt: skip


def book_of(**sheets) -> InputFile:
    return InputFile("report.xlsx", xlsx({title.replace("_", " "): rows for title, rows in sheets.items()}))


def csv_of(name, *lines) -> InputFile:
    return InputFile(name, "\n".join(lines).encode())


def look(*files, book=None):
    return mapping.look_into(files, book or MappingBook(), isolated=False)


def test_a_table_with_no_known_header_can_be_mapped_and_loads():
    """None of its headers is known: its likeliest header row is offered with examples; once said, a load takes it without asking."""
    file = book_of(Cases=CASES, Log=LOG)
    table, cases = look(file)
    assert (table.must, table.dataset, table.rows) == (True, None, 2)
    row = table.rows_at[0]
    assert (row.number, row.headers) == (2, ("Yng person no.", "Sort of mtg", "Took place", "Colour"))
    assert row.columns[2].samples == ("2026-02-03", "2026-03-03")
    assert (cases.must, cases.dataset) == (False, "cases")

    book = MappingBook()
    chosen = {"A": "child_id", "B": "meeting_type", "C": "meeting_date", "D": None}
    assert mapping.judge(table, row, "meetings", chosen, book).fits
    mapping.remember(book, table, row, "meetings", chosen)
    prepared = prepare([file], mapping=book)
    assert prepared.counts == {"cases": 1, "meetings": 2}
    assert [q.value for q in prepared.questions] == ["CPM rev."]
    again = look(file, book=book)
    assert not any(t.must for t in again)
    assert {t.dataset for t in again} == {"cases", "meetings"}


def test_nothing_is_guessed():
    """Every field of a table that nobody knows is open, even where a header is like the field's; likeness only orders the pick-list."""
    table = look(book_of(Log=[["Child no", "Meet type", "Date of meet"], ["1", "CPM", dt.date(2026, 1, 5)]]))[0]
    row = table.rows_at[0]
    date = DATASETS["meetings"].field("meeting_date")
    chosen = mapping.chosen_at_first(table, row, "meetings")
    assert "meeting_date" not in chosen.values()
    first = mapping.near(date, "meetings", row, {})[0]
    assert first.header == "Date of meet"
    assert mapping.like(date, first)


@pytest.mark.parametrize(
    "rows",
    [
        [["12345", "Sample", "12/03/2026"], ["12346", "Other", "13/03/2026"]],
        [["Billie", "12/03/2026", "CPM"], ["Alex", "13/03/2026", "CPM"]],
        [["Red", "Red", "Blue"], ["Red", "Red", "Red"]],
        [["Only one row", "of words", "here"]],
    ],
)
def test_records_are_never_offered_as_headers(rows):
    """A file without headers: a row with a number, a date or a text twice is a record, and what is remembered must not be one."""
    assert [t.rows_at for t in look(book_of(Stuff=rows))] == [()]


def test_a_missing_required_column_is_asked_for():
    """A table that is clearly meant: the one missing field is named, and choosing it is enough."""
    table = look(book_of(Meetings=[["Child ID", "Meeting type", "Mtg dt"], ["1", "CPM", dt.date(2026, 1, 5)]]))[0]
    assert table.must
    assert table.refuse
    row = table.rows_at[0]
    chosen = mapping.chosen_at_first(table, row, "meetings")
    found = mapping.judge(table, row, "meetings", chosen, MappingBook())
    assert [f.header for f in found.missing] == ["Meeting date"]
    assert mapping.certainty(table, row, "meetings", chosen) == "Not sure: 2 of the 3 required columns are known."
    assert mapping.judge(table, row, "meetings", chosen | {"C": "meeting_date"}, MappingBook()).fits


def test_two_columns_for_one_field_and_headers_that_are_the_same():
    """Both are said, with the letters, and neither is used until it is decided."""
    table = look(book_of(Log=[["No", "Sort", "When", "Then", "when"], ["1", "CPM", dt.date(2026, 1, 5), dt.date(2026, 1, 6), "x"]]))
    row = mapping.HeaderRow(1, tuple(mapping.Column(letter, h) for letter, h in zip("ABCDE", ["No", "Sort", "When", "Then", "when"], strict=True)))
    chosen = {"A": "child_id", "B": "meeting_type", "C": "meeting_date", "D": "meeting_date"}
    found = mapping.judge(table[0], row, "meetings", chosen, MappingBook())
    assert [(f.name, letters) for f, letters in found.twice] == [("meeting_date", ("C", "D"))]
    assert found.same == (("C", "E"),)
    assert not found.fits


def test_examples_that_do_not_look_like_the_field():
    """Month-first dates, words for yes and no, unknown codes: said, in words, and never as a reason to stop."""
    field = DATASETS["meetings"].field
    book = MappingBook()
    assert mapping.doubt(field("meeting_date"), "meetings", ["2026-02-03 00:00:00", "03/02/2026"], book) == ""
    assert mapping.doubt(field("meeting_date"), "meetings", ["03/02/2026", "02/13/2026"], book) == "Not all of these read as dates."
    assert mapping.doubt(field("meeting_date"), "meetings", ["soon"], book) == "These don’t read as dates."
    assert mapping.doubt(field("meeting_date"), "meetings", [], book) == "No values in the first rows."
    assert mapping.doubt(field("considered_contact"), "meetings", ["perhaps"], book) == "These don’t read as yes or no."
    assert mapping.doubt(field("domains"), "meetings", ["; ".join(["Health"] * 20)[:80]], book) == ""
    unknown = mapping.doubt(field("meeting_type"), "meetings", ["CPM rev.", "CPM", "N/A"], book)
    assert unknown == "1 of these 3 values is not known yet: you can say what they mean next."
    book.remember_value("meetings", "meeting_type", "CPM rev.", "cpm")
    assert mapping.doubt(field("meeting_type"), "meetings", ["CPM rev.", "CPM", "N/A"], book) == ""


def test_a_cancelled_column_stays_what_it_is():
    """A column that says "cancelled" with a date is read as the status by a rule of its own, after the mapping is remembered too."""
    file = book_of(Meetings=[["Child ID", "Meeting type", "Meeting date", "Cancelled on", "Mood"], ["1", "CPM", dt.date(2026, 1, 5), dt.date(2026, 1, 4), "x"], ["1", "CPM", dt.date(2026, 1, 7), None, "x"]])
    table = look(file)[0]
    row = table.rows_at[0]
    chosen = mapping.chosen_at_first(table, row, "meetings") | {"E": "purpose"}
    assert chosen["D"] == "status"
    book = MappingBook()
    mapping.remember(book, table, row, "meetings", chosen)
    loaded = prepare([file], mapping=book, isolated=False).tables["meetings"]
    assert loaded["status"].to_pylist() == ["cancelled", None]
    assert loaded["purpose"].to_pylist() == ["x", "x"]


def test_a_known_column_can_be_left_out():
    """Leaving out what would be recognised holds for later loads too."""
    file = book_of(Cases=CASES)
    table = look(file)[0]
    row = table.rows_at[0]
    chosen = mapping.chosen_at_first(table, row, "cases") | {"B": None}
    assert mapping.changed(table, row, "cases", chosen)
    assert not mapping.changed(table, row, "cases", mapping.chosen_at_first(table, row, "cases"))
    book = MappingBook()
    mapping.remember(book, table, row, "cases", chosen)
    assert prepare([file], mapping=book, isolated=False).tables["cases"]["surname"].to_pylist() == [None]


def test_tables_with_the_same_headers_are_one_question():
    """Twelve monthly exports are mapped once."""
    files = [csv_of(f"month {n}.csv", "No of yp,Sort of mtg,Took place", f"{n},CPM,0{n}/02/2026") for n in range(1, 4)]
    tables = look(*files)
    assert len(tables) == 1
    assert [p[0] for p in tables[0].places] == ["month 1.csv", "month 2.csv", "month 3.csv"]
    assert tables[0].rows == 3


def test_what_needs_no_answer_is_not_asked_about():
    """Annex A's other lists, a cover sheet and returns with their own columns load as they are."""
    header = "CHILD,DECOM,RNE,LS,CIN,PLACE,PLACE_PROVIDER,DEC,REC,REASON_PLACE_CHANGE,HOME_POST,PL_POST,URN"
    episodes = csv_of("episodes.csv", header, "1,01/04/2025,S,C2,N1,U1,PR1,,,,,,")
    tables = look(book_of(Cases=CASES, Cover=[["Prepared for the service"], ["Ask the data team"]], List_1=[["Child Unique ID", "Gender", "Ethnicity", "Contact source"], ["9", "F", "x", "y"]]), episodes)
    assert not any(t.must for t in tables)
    derived = next(t for t in tables if t.derived)
    assert "placements" in derived.derived
    assert mapping.certainty(derived, None, None, {}).startswith("Sure")


def test_certainty_in_words():
    """Template headers, known headers and remembered ones are told apart."""
    sure = look(book_of(Cases=CASES))[0]
    assert mapping.certainty(sure, sure.rows_at[0], "cases", {}) == "Sure: the required columns have the template’s headers."
    fairly = look(book_of(Cases=[["PersonID", "Date became looked after", "Team"], ["1", dt.date(2025, 1, 1), "A"]]))[0]
    assert fairly.known, fairly.why
    assert mapping.certainty(fairly, fairly.rows_at[0], "cases", {}).startswith("Fairly sure")


def test_values_and_their_meaning():
    """A value not explained yet says what happens to it until then."""
    asked = Question("meetings", "meeting_type", "Meeting type", "CPM rev.", 12, ("cpm",), "other")
    assert mapping.meaning_until_then(asked) == "until then counted as Other"
    status = Question("meetings", "status", "Meeting status", "Finalised", 2, ("held",), None)
    assert "outcome not recorded" in mapping.meaning_until_then(status)  # not "left blank": that would count as held
    legal = Question("cases", "legal_status", "Legal status", "Order of some kind", 1, ("C1",), None)
    assert mapping.meaning_until_then(legal) == "until then kept as it is written, and no rule can use it"
    assert mapping.label("cpm") == "Care Planning Meeting"
    assert mapping.label("") == "Read as blank"


def test_what_is_remembered_can_be_listed():
    """Columns used, left out and taken as usual; tables left out of every load last; values by field."""
    book = MappingBook()
    book.remember_headers(["No", "Sort", "When", "Chair", "Colour"], "meetings", {"No": "child_id", "Sort": "meeting_type", "When": "meeting_date", "Colour": None})
    book.remember_headers(["Budget", "Line"], IGNORE)
    book.remember_value("meetings", "meeting_type", "CPM rev.", "cpm")
    at = dt.datetime(2026, 11, 2, tzinfo=dt.UTC)
    meetings, out = mapping.remembered(book, {mapping.header_key(["when", "NO", "sort", "chair", "colour"]): (at, "Kim")})
    assert meetings.used == (("No", "Child ID"), ("Sort", "Meeting type"), ("When", "Meeting date"))
    assert (meetings.left_out, meetings.usual) == (("Colour",), ("Chair",))
    assert (meetings.when, meetings.by) == (at, "Kim")
    assert (out.title, out.when) == ("Left out of every load", None)
    assert [v.value for v in mapping.values(book)["Meetings", "Meeting type"]] == ["CPM rev."]


def test_mapping_files_come_and_go():
    """What one copy wrote another can add; new, replaced and the same are counted; a filled-in file of the command line is understood."""
    one, two = MappingBook(), MappingBook()
    for book in (one, two):
        book.remember_headers(["No", "Sort"], "meetings", {"No": "child_id"})
    two.remember_headers(["A thing", "B thing"], IGNORE)
    two.remember_value("meetings", "meeting_type", "CPM rev.", "cpm")
    one.remember_value("meetings", "meeting_type", "cpm rev", "other")
    text = json.loads(two.to_json())
    text["unknown_tables"] = [{"dataset": "reviews", "headers": ["Yp", "Rev"], "columns": {"Yp": "child_id", "Rev": "review_date"}}, {"dataset": None, "headers": ["x"], "columns": {}}]
    text["questions"] = [{"dataset": "meetings", "field": "status", "value": "Did", "code": "held"}, {"dataset": "meetings", "field": "status", "value": "Hm", "code": None}]
    brought = mapping.book_of_file(("\ufeff" + json.dumps(text)).encode())
    assert mapping.merge(one, brought) == (3, 1, 1)
    assert one.codes_for("meetings", "meeting_type") == {"cpm rev": "cpm"}
    assert one.for_headers(["Rev", "Yp"]).dataset == "reviews"


@pytest.mark.parametrize("data", [b"", b"\xff\xfe\x00", b"[]", b"{}", b'{"version": 1, "headers": [{}]}', b"[" * 100_000, b'{"version": 1, "unknown_tables": [1]}', b'{"version": 1, "questions": {"a": 1}}'])
def test_a_file_that_is_no_mapping_file(data):
    """Refused in words, whatever it holds."""
    with pytest.raises(LoadRefused, match="mapping file"):
        mapping.book_of_file(data)


def test_a_table_left_out_for_good_can_be_taken_back():
    """It comes with its columns and examples, so that the screen can say what it is after all; that replaces what was remembered."""
    file = book_of(Cases=CASES, Log=LOG)
    book = MappingBook()
    book.remember_headers(LOG[1], IGNORE)
    table = next(t for t in look(file, book=book) if t.ignored)
    row = table.rows_at[0]
    assert (row.number, row.headers, table.rows) == (2, tuple(LOG[1]), 2)
    assert row.columns[0].samples == ("0012",)
    chosen = {"A": "child_id", "B": "meeting_type", "C": "meeting_date", "D": None}
    assert mapping.judge(table, row, "meetings", chosen, book).fits
    mapping.remember(book, table, row, "meetings", chosen)
    assert prepare([file], mapping=book, isolated=False).counts == {"cases": 1, "meetings": 2}


def test_header_rows_come_with_what_was_read():
    """Title rows above: the rows that look like headers are offered, the fullest first, each with the rows below it; the file isn't read again."""
    rows = [["Log of meetings", "North"], ["Yng person no.", "Sort of mtg", "Took place"], ["0012", "CPM", dt.date(2026, 2, 3)], ["0013", "CPM", dt.date(2026, 2, 4)]]
    table = look(book_of(Cases=CASES, Log=rows))[0]
    assert [(r.number, r.rows) for r in table.rows_at] == [(2, 2), (1, 3)]
    assert table.rows == 2
