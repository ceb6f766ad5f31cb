"""The user's own sheet with its problems marked: the right cells, nothing lost, and nothing in it that could run or lead out."""

import io
import zipfile
from datetime import date, datetime
from pathlib import Path

import openpyxl
import pytest
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.datavalidation import DataValidation

from cpm_metrics import marked
from cpm_metrics.errors import UnreadableFile
from cpm_metrics.extracts.prepare import prepare
from cpm_metrics.extracts.problems import InputFile, Problem
from cpm_metrics.extracts.read import read
from tests.extracts.files import csv_bytes, xlsx

ROOT = Path(__file__).resolve().parent
CASES = ["Child ID", "Surname", "Date started to be looked after", "Allocated team", "Care plan completed date"]


def opened(data: bytes):
    return openpyxl.load_workbook(io.BytesIO(data))


def made(file: InputFile, problems=None):
    problems = problems if problems is not None else prepare([file], isolated=False).problems
    ((name, data),) = marked.workbook([file], problems).items()
    return name, opened(data), problems, data


def test_the_cells_are_marked_where_they_are_wrong():
    """Two bad dates in a sheet with a title above: their own cells are filled and say what is wrong, the others are as they were."""
    rows = [["Cases of Harrowmere"], [], CASES, ["0012", "Ash", date(2026, 1, 5), "North", "31/02/2026"], ["0013", "Birch", "ASAP", "South", None]]
    name, book, problems, _ = made(InputFile("my cases.xlsx", xlsx({"Cases": rows})))
    assert name == "my cases - marked.xlsx"
    assert book.sheetnames == ["Problems", "Cases"]
    sheet = book["Cases"]
    assert {c.coordinate for row in sheet.iter_rows() for c in row if c.comment} == {"E4", "C5"}
    assert "Row left out" in sheet["C5"].comment.text
    assert "left blank" in sheet["E4"].comment.text
    assert sheet["C5"].fill.start_color.rgb.endswith(marked.FILLS["error"])
    assert sheet["A4"].fill.fill_type is None
    assert sheet["A4"].value == "0012"
    assert sheet["C4"].value == datetime(2026, 1, 5)
    listed = [[c.value for c in row] for row in book["Problems"].iter_rows(min_row=4)]
    assert [line[:7] for line in listed] == [
        [words, "my cases.xlsx", "Cases", p.row, p.column, p.header, p.value]
        for p, words in ((p, "Row left out" if p.severity == "error" else "Cell left blank or worth a look") for p in problems)
    ]
    assert book["Problems"]["D4"].hyperlink.location == f"'Cases'!{problems[0].column}{problems[0].row}"


def test_a_problem_of_a_whole_row_marks_its_first_cell_and_one_of_no_row_stands_in_the_list():
    file = InputFile("a.xlsx", xlsx({"Cases": [CASES, ["1", "Ash", date(2026, 1, 5), "North", None]]}))
    problems = [Problem("error", "ragged", "The row is odd.", "Check it.", "cases", "a.xlsx", "Cases", 2), Problem("note", "x", "About all.")]
    _, book, _, _ = made(file, problems)
    assert "The row is odd." in book["Cases"]["A2"].comment.text
    assert [row[7].value for row in book["Problems"].iter_rows(min_row=4)] == ["The row is odd.", "About all."]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp1252", "utf-16"])
def test_a_csv_becomes_a_sheet_with_its_rows_in_their_places(encoding):
    """Every cell is text, as written; ids keep their zeros."""
    rows = [["Report"], CASES, ["0012", "Åsh", "05/01/2026", "North", "31/02/2026"], ["0013", "O’Neil", "05/01/2026", "South", ""]]
    name, book, _problems, _ = made(InputFile("cases.csv", csv_bytes(rows, encoding=encoding)))
    assert name == "cases - marked.xlsx"
    sheet = book.worksheets[1]
    assert [[c.value for c in row] for row in sheet.iter_rows(min_row=3, max_row=4, max_col=4)] == [["0012", "Åsh", "05/01/2026", "North"], ["0013", "O’Neil", "05/01/2026", "South"]]
    assert sheet["E3"].comment.text.startswith("Cell left blank")


@pytest.mark.parametrize("text", ["=1+1", "+1", "-2", "@SUM(A1)", '=HYPERLINK("http://x")', "=cmd|' /C calc'!A0", "\t=1"])
def test_no_text_is_a_formula(text):
    """In the sheet built from a CSV, in the user's own workbook and in the list: typed as text, with the quote prefix."""
    rows = [[*CASES, "Notes"], ["0012", text, "05/01/2026", "North", text, text]]
    files = [InputFile("a.csv", csv_bytes(rows)), InputFile("b.xlsx", xlsx({"Cases": rows}))]
    for file in files:
        _, book, _, data = made(file, [Problem("warning", "x", "Wrong.", "", "cases", file.name, file.name == "b.xlsx" and "Cases" or "", 2, "E", "Notes", text)])
        with zipfile.ZipFile(io.BytesIO(data)) as parts:
            assert not any(b"<f>" in parts.read(n) or b"<f " in parts.read(n) for n in parts.namelist() if "worksheets/sheet" in n)
        cells = [c for sheet in book.worksheets for row in sheet.iter_rows() for c in row if isinstance(c.value, str) and c.value.strip() == text.strip()]
        assert len(cells) >= 4
        assert all(c.data_type == "s" and c.quotePrefix for c in cells)


def test_what_runs_hides_or_leads_out_is_gone():
    """Formulas become their values, a hidden sheet is shown, links, validations, names and the author are gone."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Cases"
    sheet.append(CASES)
    sheet.append(["0012", "Ash", date(2026, 1, 5), "North", "31/02/2026"])
    sheet["F1"], sheet["F2"] = "Sum", "=SUM(1,2)"
    sheet["B2"].hyperlink = "http://example.org/"
    sheet.row_dimensions[2].hidden = True
    sheet.column_dimensions["E"].hidden = True
    check = DataValidation("list", formula1="[other.xlsx]Sheet1!$A$1:$A$9")
    check.add("D2")
    sheet.add_data_validation(check)
    book.defined_names["far"] = DefinedName("far", attr_text="[1]Sheet1!$A$1")
    secret = book.create_sheet("Secret")
    secret["A1"], secret.sheet_state = "hidden", "veryHidden"
    book.properties.creator = "Jo Bloggs"
    buffer = io.BytesIO()
    book.save(buffer)
    _, out, _, data = made(InputFile("own.xlsm", buffer.getvalue()), [Problem("warning", "not_a_date", "No date.", "", "cases", "own.xlsm", "Cases", 2, "E", CASES[4], "31/02/2026")])
    assert out["Cases"]["F2"].value is None
    assert {s.sheet_state for s in out.worksheets} == {"visible"}
    assert not out["Cases"].row_dimensions[2].hidden
    assert not out["Cases"].column_dimensions["E"].hidden
    assert "E2" in {c.coordinate for row in out["Cases"].iter_rows() for c in row if c.comment}
    with zipfile.ZipFile(io.BytesIO(data)) as parts:
        everything = b"".join(parts.read(n) for n in parts.namelist())
        assert not [n for n in parts.namelist() if "external" in n.lower() or "vba" in n.lower() or "pivot" in n.lower()]
    for gone in (b"example.org", b"other.xlsx", b"Bloggs", b"SUM(", b"[1]Sheet1"):
        assert gone not in everything


def test_every_cell_of_the_input_is_in_what_comes_out():
    """What was read of the workbook is in the marked one, cell by cell (each at its own place)."""
    rows = [CASES, *[[f"{n:04d}", f"Name {n}", date(2026, 1, 5), "North", None] for n in range(300)]]
    file = InputFile("many.xlsx", xlsx({"Cases": rows, "Other things": [["a", "b"], [1, 2.5], [True, "x"]]}))
    _, book, _, _ = made(file, [])
    seen = [[c.value for c in row] for row in book["Cases"].iter_rows(max_col=5)]
    assert seen == [[datetime(v.year, v.month, v.day) if isinstance(v, date) else v for v in row] for row in rows]
    assert [[c.value for c in row] for row in book["Other things"].iter_rows()] == [["a", "b"], [1, 2.5], [True, "x"]]


def test_a_very_large_file_shows_the_rows_with_something_wrong(monkeypatch):
    """Beyond the limit only the first rows and the wrong ones stand there, in their own places, and the list says so."""
    monkeypatch.setattr(marked, "MOST_CELLS", 100)
    rows = [CASES, *[[f"{n:04d}", "Ash", date(2026, 1, 5), "North", "31/02/2026" if n == 200 else None] for n in range(300)]]
    _, book, _problems, _ = made(InputFile("large.xlsx", xlsx({"Cases": rows})))
    sheet = book["Cases"]
    assert sheet["A202"].value == "0200"
    assert sheet["E202"].comment
    assert sheet["A150"].value is None
    assert "large" in book["Problems"]["A2"].value


def test_two_files_of_one_name_give_two_workbooks_and_a_bad_one_is_refused():
    data = xlsx({"Cases": [CASES, ["1", "Ash", date(2026, 1, 5), "North", None]]})
    assert list(marked.workbook([InputFile("a.xlsx", data), InputFile("a.xlsx", data)], [])) == ["a - marked.xlsx", "a - marked (2).xlsx"]
    with pytest.raises(UnreadableFile):
        marked.workbook([InputFile("a.xlsx", b"%PDF-1.4")], [])


def test_a_sheet_that_is_called_problems_is_kept_beside_the_list():
    file = InputFile("a.xlsx", xlsx({"Problems": [CASES, ["1", "Ash", date(2026, 1, 5), "North", "31/02/2026"]]}))
    _, book, _, _ = made(file)
    assert book.sheetnames == ["Problems 2", "Problems"]
    assert book["Problems"]["E2"].comment


@pytest.mark.parametrize("name", ["seed.xls", "seed.xlsb", "seed.ods"])
def test_other_workbooks_become_a_sheet_per_table(name):
    """Every table that was read stands in it, each filled cell at its own place."""
    file = InputFile(name, ROOT / "extracts" / "data" / name)
    out, book, _, _ = made(file, [])
    assert out == "seed - marked.xlsx"
    tables = read(file)
    assert len(book.worksheets) == 1 + len(tables) > 1
    for table, sheet in zip(tables, book.worksheets[1:], strict=True):
        for line, row in zip(table.numbers, table.rows, strict=True):
            for j, value in enumerate(row):
                if value not in (None, ""):
                    assert sheet.cell(line, table.first_column + j + 1).value not in (None, "")
