"""Whole files through prepare(): what is loaded, left out and said."""

import datetime as dt
import io
import random

import openpyxl
import pytest

from cpm_metrics.errors import LoadRefused
from cpm_metrics.extracts import datasets
from cpm_metrics.extracts.codes import LABELS
from cpm_metrics.extracts.cross_checks import cross_checks
from cpm_metrics.extracts.dates_seen import date_in_names
from cpm_metrics.extracts.folding import squash
from cpm_metrics.extracts.mapping import MappingBook
from cpm_metrics.extracts.prepare import inspect
from cpm_metrics.extracts.problems import InputFile
from cpm_metrics.extracts.recognise import lookup
from cpm_metrics.extracts.synonyms import SYNONYMS, WEAK
from cpm_metrics.extracts.template import write_template
from cpm_metrics.extracts.union import arrow_schema
from cpm_metrics.settings import Settings
from cpm_metrics.store import Store
from cpm_metrics.views.preview import preview

from .files import CASES, MEETINGS, content, csv_bytes, day, kinds, load, xlsx

CASE = ["0012", "Null", day("01/02/2015"), day("03/04/2025"), None, "North"]
MEETING = ["M1", "0012", "CPM", day("10/04/2025"), "Held", "Social worker", "All"]


def test_the_template_filled_in_loads_as_it_is():
    buffer = io.BytesIO()
    write_template(buffer)
    book = openpyxl.load_workbook(buffer)
    for dataset in datasets.DATASETS.values():
        sheet = book[dataset.title]
        assert [c.value for c in sheet[1]] == [f.header for f in dataset.fields]
        assert all(c.comment for c in sheet[1])
        for i, f in enumerate(dataset.fields, start=1):
            by_kind = {"id": "007", "text": "C1", "date": dt.date(2026, 1, 2), "yes_no": "Yes"}
            sheet.cell(2, i, by_kind.get(f.kind) or LABELS[f.codes[0]])
    buffer = io.BytesIO()
    book.save(buffer)
    prepared = load(("cases.xlsx", buffer.getvalue()))
    assert prepared.problems == []
    assert list(prepared.tables) == list(datasets.DATASETS)
    for name, table in prepared.tables.items():
        assert table.schema == arrow_schema(datasets.DATASETS[name])
        row = table.to_pylist()[0]
        assert row["child_id"] == "007"
        assert [key for key, v in row.items() if v is None] == (["start_unknown", "yearly"] if name == "cases" else [])


def test_the_empty_template_is_refused_because_it_has_no_rows():
    buffer = io.BytesIO()
    write_template(buffer)
    with pytest.raises(LoadRefused, match="There are headers but no rows"):
        load(("template.xlsx", buffer.getvalue()))


def test_a_csv_and_a_workbook_of_the_same_rows_are_the_same_rows():
    as_text = [["0012", "Null", "01/02/2015", "03/04/2025", "", "North"]]
    book = load(("a.xlsx", xlsx({"x": [CASES, CASE]})))
    text = load(("a.csv", csv_bytes([CASES, *as_text])))
    assert content(book, "cases") == content(text, "cases")
    assert book.tables["cases"].column("surname").to_pylist() == ["Null"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_csv_encodings_and_separators(encoding, delimiter):
    rows = [
        CASES,
        ["1", 'Zoë; O’Neill, "Zo"\nline', "01/02/2015", "03/04/2025", "", "North"],
        ["2", "£", "", "03/04/2025", "", "South"],
    ]
    prepared = load(("a.csv", csv_bytes(rows, delimiter, encoding)))
    assert prepared.tables["cases"].column("surname").to_pylist() == ['Zoë; O’Neill, "Zo"\nline', "£"]
    assert prepared.tables["cases"].column("row").to_pylist() == [2, 4]


def test_a_sep_line_is_followed():
    prepared = load(
        ("a.csv", b"sep=;\r\n" + csv_bytes([CASES, ["1", "a,b,c,d,e,f,g", "", "03/04/2025", "", "North"]], ";"))
    )
    assert prepared.tables["cases"].column("row").to_pylist() == [3]


def test_headers_below_a_banner_with_odd_spelling_and_in_any_order():
    head = ["Team", "PERSON_ID", "Looked\nAfter Start\u200b Date", "Shoe size"]
    rows = [["Children in care – official"], ["Run by: somebody"], [], head, ["North", 12, day("03/04/2025"), 5]]
    prepared = load(("report.xlsx", xlsx({"Sheet1": rows})))
    source = prepared.sources[0]
    assert (source.header_row, source.unmapped, source.columns) == (
        4,
        ["Shoe size"],
        ["child_id", "care_started", "team"],
    )
    assert prepared.tables["cases"].column("child_id").to_pylist() == ["12"]
    assert prepared.tables["cases"].column("row").to_pylist() == [5]


def test_order_of_rows_and_files_and_giving_a_file_twice_change_nothing():
    rows = [["1", "A", "", "01/01/2025", "", "N"], ["1", "A", "01/01/2010", "01/01/2025", "", "N"], ["1", "B", "01/01/2010", "01/01/2025", "", "N"],
            ["2", "C", "", "01/01/2025", "", "S"], ["2", "C", "", "01/01/2025", "", "S"], ["3", "", "", "31/02/2025", "", "S"]]  # fmt: skip
    more = csv_bytes([CASES, ["4", "D", "", "01/01/2025", "", "S"], rows[0]])
    want = None
    for seed in range(6):
        random.Random(seed).shuffle(rows)
        files = [("a.csv", csv_bytes([CASES, *rows])), ("b.csv", more)]
        random.Random(seed).shuffle(files)
        got = content(load(*files), "cases")
        assert got == content(load(*files, files[0]), "cases")
        want = want or got
        assert got == want
    assert len(want) == 3


def test_the_same_period_twice_loads_the_fuller_row_and_says_so():
    prepared = load(
        ("a.csv", csv_bytes([CASES, ["1", "", "", "01/01/2025", "", "N"], ["1", "A", "", "01/01/2025", "", "N"]]))
    )
    assert prepared.tables["cases"].column("surname").to_pylist() == ["A"]
    (problem,) = [p for p in prepared.problems if p.severity == "error"]
    assert (problem.kind, problem.row) == ("same_period_twice", 2)
    assert "Surname" in problem.message


def test_problems_say_where_and_required_cells_leave_the_row_out():
    rows = [MEETINGS, MEETING, ["M2", "0012", "CPM", "31/02/2025", "Held", "", ""], ["M3", "0012", "CPM", day("11/04/2025"), "perhaps", "", ""],
            ["M4", "", "CPM", day("11/04/2025"), "", "", ""]]  # fmt: skip
    prepared = load(("m.xlsx", xlsx({"Mtg": rows})))
    assert prepared.tables["meetings"].column("meeting_id").to_pylist() == ["M1", "M3"]
    got = [(p.severity, p.kind, p.file, p.sheet, p.row, p.column, p.header, p.value) for p in prepared.problems]
    assert sorted(got) == [
        ("error", "blank_required", "m.xlsx", "Mtg", 5, "B", "Child ID", ""),
        ("error", "no_such_day", "m.xlsx", "Mtg", 3, "D", "Meeting date", "31/02/2025"),
        ("warning", "unknown_code", "m.xlsx", "Mtg", 4, "E", "Meeting status", "perhaps"),
    ]


def test_an_unknown_meeting_type_is_kept_as_other_asked_about_once_and_remembered():
    rows = [
        MEETINGS,
        MEETING,
        ["M2", "0012", "CPM rev.", "12/04/2025", "", "", ""],
        ["M3", "0012", "CPM rev.", "13/04/2025", "", "", ""],
    ]
    file = ("m.xlsx", xlsx({"Mtg": rows}))
    prepared = load(file)
    assert prepared.tables["meetings"].column("meeting_type").to_pylist() == ["cpm", "other", "other"]
    (question,) = prepared.questions
    assert (question.field, question.value, question.count, question.taken_as) == (
        "meeting_type",
        "CPM rev.",
        2,
        "other",
    )
    book = MappingBook()
    book.remember_value("meetings", "meeting_type", question.value, "cpm")
    again = load(file, mapping=MappingBook.from_json(book.to_json()))
    assert again.tables["meetings"].column("meeting_type").to_pylist() == ["cpm", "cpm", "cpm"]
    assert again.questions == []
    assert again.problems == []


def test_unknown_headers_are_mapped_once_and_remembered_for_that_set_of_headers():
    file = ("odd.csv", csv_bytes([["Kid", "Began", "Group", "Junk"], ["1", "01/01/2025", "N", "x"]]))
    with pytest.raises(LoadRefused, match="No table in the files could be recognised"):
        load(file)
    book = MappingBook()
    book.remember_headers(
        ["Kid", "Began", "Group", "Junk"],
        "cases",
        {"Kid": "child_id", "Began": "care_started", "Group": "team", "Junk": None},
    )
    prepared = load(file, mapping=MappingBook.from_json(book.to_json()))
    assert prepared.tables["cases"].num_rows == 1
    assert [m.how for m in prepared.sources[0].mapping] == ["remembered", "remembered", "remembered", None]
    assert prepared.sources[0].mapping[0].samples == ("1",)


def test_a_missing_required_column_refuses_and_names_what_is_near():
    with pytest.raises(LoadRefused) as refused:
        load(
            (
                "c.xlsx",
                xlsx(
                    {
                        "Children": [
                            ["Child ID", "Surname", "Date started to be looked aftr", "Allocated team"],
                            ["1", "A", day("01/01/2025"), "N"],
                        ]
                    }
                ),
            )
        )
    text = str(refused.value)
    assert "c.xlsx, sheet Children" in text
    assert "'Date started to be looked after' (near to it: 'Date started to be looked aftr')" in text


def test_everything_wrong_is_said_at_once():
    with pytest.raises(LoadRefused) as refused:
        load(
            ("c.xlsx", xlsx({"Cases": [["Child ID", "Surname", "Allocated team"], ["1", "A", "N"]]})),
            ("m.csv", csv_bytes([["Child ID", "Meeting type", "Meeting status", "Chair"], ["1", "CPM", "Held", "x"]])),
        )
    assert "c.xlsx, sheet Cases" in str(refused.value)
    assert "m.csv" in str(refused.value)


def test_two_headers_that_become_equal_are_refused():
    with pytest.raises(LoadRefused, match=r"two columns \(A and C\) have the same header 'Child ID'"):
        load(
            (
                "c.csv",
                csv_bytes(
                    [
                        ["Child ID", "Date started to be looked after", "child\u200b id", "Allocated team"],
                        ["1", "01/01/2025", "2", "N"],
                    ]
                ),
            )
        )


def test_tables_that_are_no_dataset_are_listed_and_do_not_stop_the_load():
    prepared = load(("a.xlsx", xlsx({"Cases": [CASES, CASE], "Notes": [["How to", "use this"], ["a", "b"]]})))
    assert [u.sheet for u in prepared.unknown_tables] == ["Notes"]
    assert "table_not_used" in kinds(prepared)


def test_a_table_that_only_looks_like_a_dataset_is_listed_when_that_dataset_is_there():
    visits = [
        ["Child ID", "Allocated team", "Allocated worker", "Visit date"],
        ["0012", "North", "A", day("01/01/2025")],
    ]
    prepared = load(("a.xlsx", xlsx({"Children": [CASES, CASE], "Visits": visits})))
    (problem,) = [p for p in prepared.problems if p.kind == "table_not_used"]
    assert (problem.severity, problem.sheet) == ("warning", "Visits")
    with pytest.raises(LoadRefused, match="sheet Cases: it looks like Cases"):
        load(("a.xlsx", xlsx({"Children": [CASES, CASE], "Cases": visits})))


def test_hints_in_brackets_do_not_hide_a_header():
    rows = [
        [
            "Child ID *",
            "Child name",
            "Date started to be looked after (dd/mm/yyyy)",
            "Allocated team (required)",
            "Complex case [Y/N]",
        ],
        ["1", "Ash Ray", "01/01/2025", "N", "y"],
    ]
    prepared = load(("a.csv", csv_bytes(rows)))
    assert prepared.sources[0].unmapped == []
    assert prepared.tables["cases"].to_pylist()[0]["surname"] == "Ash Ray"


def test_the_mapping_screen_sees_every_table_and_what_is_missing():
    files = [InputFile("a.xlsx", xlsx({"Cases": [CASES, CASE], "Odd": [["My report"], ["Kid", "Began", "Squad"], ["1", "01/01/2025", "N"]]})),
             InputFile("m.csv", csv_bytes([["Child ID", "Meeting type", "Whn"], ["1", "CPM", "01/01/2025"]]))]  # fmt: skip
    cases, odd, meetings = inspect(files, isolated=False)
    assert (cases.dataset, cases.why, cases.rows) == ("cases", "", 1)
    assert (odd.dataset, odd.header_row, odd.headers) == (None, 2, ("Kid", "Began", "Squad"))
    assert odd.mapping[1].samples == ("01/01/2025",)
    assert (meetings.dataset, meetings.missing, meetings.refuse) == ("meetings", ("meeting_date",), True)
    book = MappingBook()
    book.remember_headers(odd.headers, "ignore")
    book.remember_headers(meetings.headers, "meetings", {"Whn": "meeting_date"})
    _, meetings, odd = inspect(files, book, isolated=False)
    assert (odd.ignored, meetings.why) == (True, "")


def test_footers_are_left_out_and_counted():
    rows = [CASES, CASE, ["Total", None, None, None, None, None], ["Printed on 20/11/2026"], ["Total: 1", None, 1]]
    prepared = load(("a.xlsx", xlsx({"Cases": rows})))
    source = prepared.sources[0]
    assert (source.rows_read, source.rows_loaded) == (4, 1)
    assert "3 footer rows" in " ".join(source.notes)
    assert kinds(prepared, "error") == []


def test_child_ids_with_and_without_zeros_in_front_are_said():
    prepared = load(("a.xlsx", xlsx({"Cases": [CASES, CASE], "Meetings": [MEETINGS, ["M1", 12, *MEETING[2:]]]})))
    (problem,) = [p for p in prepared.problems if p.kind == "leading_zeros"]
    assert problem.value == "0012 and 12"


def test_a_month_first_column_is_said_as_a_whole():
    prepared = load(
        (
            "m.csv",
            csv_bytes(
                [MEETINGS, ["1", "1", "CPM", "03/04/2025", "", "", ""], ["2", "1", "CPM", "03/14/2025", "", "", ""]]
            ),
        )
    )
    assert kinds(prepared) == ["month_first", "month_first_column"]


def test_1904_workbooks_give_the_same_dates():
    assert content(load(("a.xlsx", xlsx({"c": [CASES, CASE]}, date_1904=True))), "cases") == content(
        load(("a.xlsx", xlsx({"c": [CASES, CASE]}))), "cases"
    )


def test_dates_in_file_names():
    assert date_in_names(["cla 2026-11-20.xlsx"]) == dt.date(2026, 11, 20)
    assert date_in_names(["cla_20-11-2026.xlsx", "m 2026-10-01.csv"]) == dt.date(2026, 11, 20)
    assert date_in_names(["CLA20261120.csv"]) == dt.date(2026, 11, 20)
    assert date_in_names(["report 20 Nov 2026.csv"]) == dt.date(2026, 11, 20)
    assert date_in_names(["cases.csv", "20263333.csv"]) is None


def test_the_newest_date_is_of_things_that_happened():
    rows = [
        MEETINGS,
        MEETING,
        ["M2", "0012", "CPM", "10/04/2027", "Booked", "", ""],
        ["M3", "0012", "CPM", "10/04/2028", "", "", ""],
    ]
    assert load(("m.xlsx", xlsx({"m": rows}))).suggested_extract_date == dt.date(2025, 4, 10)


def test_no_header_means_two_things_in_one_dataset():
    for name in datasets.DATASETS:
        for table in (SYNONYMS, WEAK):
            seen = {}
            for field, headers in table[name].items():
                assert field in {f.name for f in datasets.DATASETS[name].fields}
                for header in headers:
                    assert seen.setdefault(squash(header), field) == field, (name, header)
        for f in datasets.DATASETS[name].fields:
            assert lookup(name, True)[squash(f.header)][0] == f.name


def test_cross_checks():
    cases = [
        CASES,
        ["1", "", "01/01/2020", "01/01/2025", "01/12/2024", "N"],
        ["2", "", "", "01/01/2024", "", "N"],
        ["2", "", "", "01/01/2025", "", "N"],
    ]
    meetings = [MEETINGS, ["a", "1", "CPM", "01/01/2019", "", "", ""], ["b", "1", "CPM", "01/01/2030", "Held", "", ""], ["c", "9", "CPM", "01/01/2025", "", "", ""],
                ["d", "2", "CPM", "01/02/2025", "Held", "", ""], ["d", "2", "CPM", "01/02/2025", "Held", "TM", ""]]  # fmt: skip
    allocations = [
        ["Child ID", "Allocated team", "Allocation start date", "Allocation end date"],
        ["1", "N", "01/01/2025", ""],
        ["1", "S", "01/02/2025", ""],
    ]
    prepared = load(("c.csv", csv_bytes(cases)), ("m.csv", csv_bytes(meetings)), ("a.csv", csv_bytes(allocations)))
    found = cross_checks(prepared.tables, dt.date(2026, 11, 20), prepared.sources)
    assert sorted((p.kind, p.file, p.row, p.column) for p in found) == [
        ("before_birth", "m.csv", 2, "D"), ("duplicate_meeting", "m.csv", 6, "D"), ("ended_before_start", "c.csv", 2, "E"), ("held_after_extract", "m.csv", 3, "D"),
        ("overlapping_periods", "c.csv", 4, "D"), ("two_teams_at_once", "a.csv", 3, "C"), ("unknown_child", "m.csv", 4, "B"),
    ]  # fmt: skip


def test_progress_is_called_and_may_cancel(tmp_path):
    class Cancelled(Exception):
        pass

    def cancel(stage, done, total):
        raise Cancelled

    path = tmp_path / "a.csv"
    path.write_bytes(csv_bytes([CASES, ["1", "", "", "01/01/2025", "", "N"]]))
    from cpm_metrics.extracts.prepare import prepare

    with pytest.raises(Cancelled):
        prepare([InputFile("a.csv", path)], progress=cancel)


def test_legal_statuses_and_yes_no_values_that_are_not_known_are_asked_about_and_remembered():
    """As other coded values are: the question offers what it can mean, the answer goes through the mapping file, and is used."""
    rows = [["Child ID", "Date started to be looked after", "Team", "Complex case", "Legal status"],
            ["1", "01/01/2026", "N", "Y?", "Ward of court"], ["2", "01/01/2026", "N", "perhaps", "ward of  Court"], ["3", "01/01/2026", "N", "No", "Criminal"]]  # fmt: skip
    prepared = load(("c.csv", csv_bytes(rows)))
    asked = {(q.field, q.value, q.count): q.choices for q in prepared.questions}
    assert {(f, v) for f, v, _ in asked} == {
        ("complex_case", "Y?"), ("complex_case", "perhaps"), ("legal_status", "Ward of court"), ("legal_status", "ward of  Court"), ("legal_status", "Criminal")}  # fmt: skip
    assert all(choices == ("yes", "no") for (field, _, _), choices in asked.items() if field == "complex_case")
    book = MappingBook()
    book.remember_value("cases", "complex_case", "Y?", "yes")
    book.remember_value("cases", "complex_case", "perhaps", "")
    book.remember_value("cases", "legal_status", "Ward of court", "C2")
    book.remember_value("cases", "legal_status", "criminal", "")
    again = load(("c.csv", csv_bytes(rows)), mapping=MappingBook.from_json(book.to_json()))
    got = [(r["complex_case"], r["legal_code"], r["legal_status"]) for r in again.tables["cases"].to_pylist()]
    assert got == [(True, "C2", "Ward of court"), (None, "C2", "ward of  Court"), (False, None, None)]
    assert (again.questions, again.problems) == ([], [])
    with pytest.raises(LoadRefused, match="'X9' is not a value of Legal status"):
        book.remember_value("cases", "legal_status", "x", "X9")
    with pytest.raises(LoadRefused, match="coded field 'cases.surname' that does not exist"):
        book.remember_value("cases", "surname", "x", "yes")


def test_meetings_without_any_cases_are_said_to_count_for_nobody(tmp_path):
    """In an empty store; with cases loaded before, they are about those."""
    prepared = load(("m.xlsx", xlsx({"m": [MEETINGS, MEETING]})))
    (problem,) = cross_checks(prepared.tables, dt.date(2026, 11, 20), prepared.sources)
    assert (problem.severity, problem.kind) == ("warning", "no_cases")
    store = Store(tmp_path / "store")
    store.commit(load(("c.xlsx", xlsx({"c": [CASES, CASE]}))), dt.date(2026, 11, 19), "test")
    assert preview(store, prepared, dt.date(2026, 11, 20), Settings()).problems == []
    assert store.commit(prepared, dt.date(2026, 11, 20), "test").problem_counts == {}


def test_reviews_that_stop_long_before_the_extract_was_taken_are_said():
    """A return to 31 March beside a list of November: the reviews since are not in it, and the next ones only look overdue."""
    cases = csv_bytes([CASES, *([str(n), "", "", "01/01/2025", "", "N"] for n in range(20))])
    reviews = csv_bytes([["CHILD", "DOB", "REVIEW", "REVIEW_CODE"], *([str(n), "", f"{n + 1:02}/03/2026", "PN1"] for n in range(20))])
    prepared = load(("c.csv", cases), ("reviews.csv", reviews))
    (late,) = cross_checks(prepared.tables, dt.date(2026, 11, 20), prepared.sources)
    assert (late.kind, late.file, late.severity) == ("reviews_end_early", "reviews.csv", "warning")
    assert "20/03/2026, 245 days before" in late.message
    assert cross_checks(prepared.tables, dt.date(2026, 5, 19), prepared.sources) == []


def test_a_sheet_of_the_template_that_nobody_filled_in_is_not_loaded():
    """Two datasets are enough to begin: the other sheets, left empty, accuse nobody. An empty report of its own is loaded."""
    buffer = io.BytesIO()
    write_template(buffer)
    book = openpyxl.load_workbook(buffer)
    for i, f in enumerate(datasets.CASES.fields, start=1):
        book["Cases"].cell(2, i, {"child_id": "007", "care_started": dt.date(2020, 1, 2), "team": "North"}.get(f.name))
    buffer = io.BytesIO()
    book.save(buffer)
    prepared = load(("cases.xlsx", buffer.getvalue()))
    assert (list(prepared.tables), kinds(prepared)) == (["cases"], ["sheet_not_filled"] * 9)
    assert len({p.message for p in prepared.problems}) == 1
    empty = csv_bytes([[f.header for f in datasets.REVIEWS.fields]])
    assert load(("cases.xlsx", buffer.getvalue()), ("reviews.csv", empty)).tables["reviews"].num_rows == 0
