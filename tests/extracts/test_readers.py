"""Formats, and calamine against openpyxl cell by cell."""

from __future__ import annotations

import datetime as dt
import io
import random

import openpyxl
import pytest

from cpm_metrics.errors import LoadRefused, UnreadableFile
from cpm_metrics.extracts.cells import Fault
from cpm_metrics.extracts.problems import InputFile
from cpm_metrics.extracts.read import read

from . import binary_files as binary
from .bad_inputs import DATA
from .files import CASES, MEETINGS, content, csv_bytes, day, edit_zip, kinds, load, xlsx

CASE = ["0012", "Null", day("01/02/2015"), day("03/04/2025"), None, "North"]


def _random_cell(rng: random.Random):
    return rng.choice([
        None, rng.randrange(10**6), rng.randrange(10**15, 10**17), round(rng.random() * 1000, 3), True, False, f"00{rng.randrange(999)}", "text  with spaces ", "a\nb", "é😀",
        dt.date(1900 + rng.randrange(1, 200), rng.randrange(1, 13), rng.randrange(1, 29)), dt.datetime(2024, 5, 6, 7, 8, rng.randrange(60)), "#N/A", "=1+1", " ",
    ])  # fmt: skip


def _openpyxl_cells(data: bytes) -> dict[str, dict[tuple[int, int], object]]:
    book = openpyxl.load_workbook(io.BytesIO(data), data_only=True)
    return {
        s.title: {
            (c.row, c.column): c.value
            for row in s.iter_rows()
            for c in row
            if c.value is not None and str(c.value).strip()
        }
        for s in book.worksheets
    }


def _same(ours: object, theirs: object) -> bool:
    if isinstance(ours, Fault):
        return ours.shown == theirs
    if isinstance(theirs, bool) or isinstance(ours, bool):
        return ours is theirs
    if isinstance(theirs, dt.datetime):
        return (ours if isinstance(ours, dt.datetime) else dt.datetime(ours.year, ours.month, ours.day)) == theirs
    if isinstance(theirs, int | float):
        return (int(ours) if isinstance(ours, str) else ours) == theirs
    return ours == theirs


@pytest.mark.parametrize("seed", range(30))
def test_calamine_and_openpyxl_see_the_same_cells(seed):
    rng = random.Random(seed)
    book = openpyxl.Workbook()
    if seed % 5 == 0:
        book.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904
    for n in range(3):
        sheet = book.create_sheet(f"S{n}")
        for _ in range(rng.randrange(60)):
            value = _random_cell(rng)
            if not (book.epoch.year == 1904 and isinstance(value, dt.date) and value.year < 1905):
                cell = sheet.cell(rng.randrange(1, 40), rng.randrange(1, 31))
                if cell.value is not None:
                    continue
                cell.value = value
                if value == "=1+1":
                    cell.data_type = "s"
    buffer = io.BytesIO()
    book.save(buffer)
    theirs = {name: cells for name, cells in _openpyxl_cells(buffer.getvalue()).items() if cells}
    ours = {
        t.sheet: {
            (t.numbers[i], t.first_column + j + 1): cell
            for i, row in enumerate(t.rows)
            for j, cell in enumerate(row)
            if cell is not None and str(cell).strip()
        }
        for t in read(InputFile("a.xlsx", buffer.getvalue()))
    }
    assert ours.keys() == theirs.keys()
    for name, cells in theirs.items():
        assert ours[name].keys() == cells.keys()
        for place, value in cells.items():
            assert _same(ours[name][place], value), (name, place, ours[name][place], value)


@pytest.mark.parametrize("name", ["seed.xls", "seed.xlsb", "seed.ods"])
def test_the_other_workbook_formats(name):
    prepared = load((name, (DATA / name).read_bytes()))
    first = prepared.tables["cases"].to_pylist()[0]
    assert (first["child_id"], first["care_started"], first["team"], first["row"]) == (
        "0012",
        dt.date(2025, 4, 3),
        "N",
        2,
    )


def test_error_cells_are_errors_in_every_format():
    assert ("excel_error", 4, "C", "#N/A") in [
        (p.kind, p.row, p.column, p.value) for p in load(("a.xls", (DATA / "seed.xls").read_bytes())).problems
    ]
    assert ("excel_error", 3, "C", "#DIV/0!") in [
        (p.kind, p.row, p.column, p.value) for p in load(("a.ods", (DATA / "seed.ods").read_bytes())).problems
    ]


def test_merged_data_cells_are_row_errors_in_xls_and_ods_too():
    assert "merged" in kinds(load(("a.xls", (DATA / "seed.xls").read_bytes())), "error")
    assert "merged" in kinds(load(("a.ods", (DATA / "seed.ods").read_bytes())), "error")


def test_a_macro_workbook_is_read_and_its_macros_are_not():
    def as_macro(name, data):
        if name == "[Content_Types].xml":
            return data.replace(b"spreadsheetml.sheet.main+xml", b"ms-excel.sheet.macroEnabled.main+xml")
        return data

    good = xlsx({"Cases": [CASES, CASE]})
    assert content(load(("a.xlsm", edit_zip(good, as_macro))), "cases") == content(load(("a.xlsx", good)), "cases")


def test_the_ending_of_the_name_does_not_matter_for_workbooks():
    good = xlsx({"Cases": [CASES, CASE]})
    for name in ("a.csv", "a.xls", "a", "a.txt"):
        assert content(load((name, good)), "cases") == content(load(("a.xlsx", good)), "cases")


def test_a_path_and_bytes_are_the_same_file(tmp_path):
    from cpm_metrics.extracts.prepare import prepare

    path = tmp_path / "a.csv"
    path.write_bytes(csv_bytes([CASES, ["1", "A", "", "01/01/2025", "", "N"]]))
    one = prepare([InputFile("a.csv", path)], isolated=False)
    assert one == prepare([InputFile("a.csv", path.read_bytes())], isolated=False)
    with pytest.raises(UnreadableFile, match=r"gone\.csv could not be opened"):
        prepare([InputFile("gone.csv", tmp_path / "gone.csv")], isolated=False)


def test_a_cancelled_column_is_a_status():
    rows = [
        ["Child ID", "Meeting type", "Meeting date", "CANCELLED_ON"],
        ["1", "CPM", "01/01/2025", ""],
        ["1", "CPM", "01/02/2025", "30/01/2025"],
    ]
    assert load(("m.csv", csv_bytes(rows))).tables["meetings"].column("status").to_pylist() == [None, "cancelled"]
    rows = [
        ["Child ID", "Meeting type", "Meeting date", "Cancelled"],
        ["1", "CPM", "01/01/2025", "N"],
        ["1", "CPM", "01/02/2025", "Y"],
        ["1", "CPM", "01/03/2025", "eh"],
    ]
    prepared = load(("m.csv", csv_bytes(rows)))
    assert prepared.tables["meetings"].column("status").to_pylist() == [None, "cancelled", None]
    assert kinds(prepared) == ["unknown_code"]


def test_tables_of_one_dataset_in_several_sheets_and_files_are_one():
    one = (
        "north.xlsx",
        xlsx(
            {
                "Area 1": [MEETINGS, ["M1", "1", "CPM", "01/01/2025", "", "", ""]],
                "Area 2": [MEETINGS, ["M2", "1", "CPM", "02/01/2025", "", "", ""]],
            }
        ),
    )
    two = ("south.csv", csv_bytes([["Child ID", "Date of meeting", "Type of meeting"], ["1", "03/01/2025", "CPM"]]))
    prepared = load(one, two)
    assert prepared.tables["meetings"].num_rows == 3
    assert [(s.source, s.file, s.sheet) for s in prepared.sources] == [
        (1, "north.xlsx", "Area 1"),
        (2, "north.xlsx", "Area 2"),
        (3, "south.csv", ""),
    ]


# -- formulas without a stored result

def _without_result(name: str, data: bytes) -> bool:
    """Whether the team of child 0012, in the second row, is such a formula."""
    row = next(row for row in read(InputFile(name, data))[0].rows if row[0] == "0012")
    return row[2] == Fault("formula", "(formula)")


@pytest.mark.parametrize(
    ("data", "seen"),
    [
        (binary.xls(binary.EMPTY_TEXT), True),  # as xlwt writes every formula
        (binary.xls(binary.EMPTY_TEXT, by_excel=True), False),  # ="" as Excel writes it
        (binary.xls(binary.EMPTY_TEXT, 2, by_excel=True), True),
        (binary.xls(binary.xls_number(0), 2), True),  # as Apache POI writes it
        (binary.xls(binary.xls_number(0), uncalculated=True, by_excel=True), True),
        (binary.xls(binary.xls_number(0), by_excel=True), False),
        (binary.xls(binary.xls_number(7), 2), False),
    ],
)
def test_a_formula_without_a_result_in_an_xls(data, seen):
    """The format has no empty result: a blank text, or a 0 of a cell or sheet that says it was not calculated, stands for one."""
    assert _without_result("a.xls", data) == seen


@pytest.mark.parametrize(
    ("data", "seen"),
    [
        (binary.xlsb(binary.xlsb_text("", 2)), True),
        (binary.xlsb(binary.xlsb_text("")), False),
        (binary.xlsb(binary.xlsb_text(""), calculation=1), True),
        (binary.xlsb(binary.xlsb_number(0), 9, calculation=0x10), True),
        (binary.xlsb(binary.xlsb_number(0), 9), False),
        (binary.xlsb(binary.xlsb_number(3), 9, calculation=0x11), False),
        (binary.xlsb(binary.xlsb_text("South"), calculation=1), False),
    ],
)
def test_a_formula_without_a_result_in_an_xlsb(data, seen):
    """The same, by the workbook's calculation properties and the formula's own mark."""
    assert _without_result("a.xlsb", data) == seen


@pytest.mark.parametrize(
    ("cell", "seen"),
    [
        ('<table:table-cell table:formula="of:=A1"/>', True),
        ('<table:table-cell table:formula="of:=A1"><text:p></text:p></table:table-cell>', True),
        ('<table:table-cell table:formula="of:=&quot;&quot;" office:value-type="string" office:string-value=""/>', False),
        ('<table:table-cell table:formula="of:=A1" office:value-type="string"><text:p>North</text:p></table:table-cell>', False),
    ],
)
def test_a_formula_without_a_result_in_an_ods(cell, seen):
    """Without a type and a text it has no result; an empty text has a type."""
    assert _without_result("a.ods", binary.ods(cell)) == seen


@pytest.mark.parametrize(
    ("cell", "full", "seen"),
    [
        (b'<c r="F2"><f>A1</f></c>', False, True), (b'<c r="F2" t="n"><f>A1</f></c>', False, True), (b'<c r="F2" t="str"><f>A1</f></c>', False, True), (b'<c r="F2"><f>A1</f><v/></c>', False, True),
        (b'<c r="F2" t="str"><f>A1</f><v></v></c>', False, False), (b'<c r="F2"><f>A1</f><v>0</v></c>', False, False), (b'<c r="F2"><f>A1</f><v>0</v></c>', True, True), (b'<c r="F2"><f>A1</f><v>7</v></c>', True, False),
    ],
)  # fmt: skip
def test_a_formula_without_a_result_in_an_xlsx(cell, full, seen):
    """XlsxWriter writes a 0 and asks Excel to calculate; others write no value at all, with or without a type."""
    import re

    def change(name, xml):
        if name == "xl/worksheets/sheet1.xml":
            return re.sub(rb'<c r="F2"[^>]*>.*?</c>', cell, xml)
        return xml.replace(b' fullCalcOnLoad="1"', b' fullCalcOnLoad="1"' if full else b"") if name == "xl/workbook.xml" else xml

    data = edit_zip(xlsx({"Cases": [CASES, CASE]}), change)
    if seen:
        with pytest.raises(LoadRefused, match="row 2, column F: Allocated team holds a formula whose result is not stored in the file. Open the file in Excel, save it"):
            load(("a.xlsx", data), ("other.csv", b"a,b\r\n"))
    else:
        assert not [p for p in _problems_of(data) if p.kind == "formula"]


def _problems_of(data: bytes) -> list:
    try:
        return load(("a.xlsx", data)).problems
    except LoadRefused as refused:
        assert "formula" not in str(refused)
        return []


def test_the_same_words_in_every_format():
    """A row whose required cell is such a formula is left out, and the person is told to save it in Excel."""
    others = ("cases.xlsx", xlsx({"Cases": [CASES, CASE]}))
    for name, data in (("a.xls", binary.xls(binary.EMPTY_TEXT)), ("a.xlsb", binary.xlsb(binary.xlsb_text("", 2))), ("a.ods", binary.ods('<table:table-cell table:formula="of:=A1"/>'))):
        problem = next(p for p in load((name, data), others).problems if p.kind == "formula" and p.row == 2)
        assert (problem.severity, problem.message) == ("error", "Allocated team holds a formula whose result is not stored in the file.")
        assert problem.remedy == "Open the file in Excel, save it, and load it again."


def test_merged_data_cells_are_row_errors_in_xlsb_too():
    """Rows 3 and 4, column A: which child the value is for can't be known."""
    prepared = load(("a.xlsb", binary.xlsb(merged=(2, 3, 0, 0))))
    assert [p.row for p in prepared.problems if p.kind == "merged"] == [3, 4]


# -- what is said while reading


def test_reading_says_how_far_it_is():
    """Unpacking, looking over, reading with the number of rows, and then the rows, all of them at the end."""
    said: list[tuple] = []
    rows = [CASES, *[[f"{n:05d}", "A", None, day("03/04/2025"), None, "North"] for n in range(5_000)]]
    table = read(InputFile("a.xlsx", xlsx({"Cases": rows})), lambda *at: said.append(at))[0]
    assert len(table.rows) == 5_001
    stages = [stage for stage, _, _ in said]
    assert stages[0].startswith("Unpacking a.xlsx (")
    assert any(s.startswith("Looking over a.xlsx, sheet Cases (") for s in stages)
    assert "Reading a.xlsx, sheet Cases (5,001 rows)" in stages
    assert [at for at in said if at[0].startswith("Reading rows of")] == [("Reading rows of a.xlsx, sheet Cases", done, 5_001) for done in (2_000, 4_000, 5_001)]


def test_reading_a_csv_says_how_far_it_is():
    """Lines done and all."""
    said: list[tuple] = []
    read(InputFile("a.csv", csv_bytes([CASES, *[["1", "A", "", "03/04/2025", "", "N"]] * 12_000])), lambda *at: said.append(at))
    assert [at[1:] for at in said] == [(1, 12_001), (5_001, 12_001), (10_001, 12_001)]


def test_cells_stand_where_they_stood_whatever_is_blank_before_them():
    """Reading in pieces loses no row and moves none: blank rows and columns before, between and after."""
    import xlsxwriter

    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        sheet = book.add_worksheet("S")
        for at in (3, 4, 2_002, 4_003, 4_500):
            sheet.write_string(at, 2, f"row {at + 1}")
    table = read(InputFile("a.xlsx", buffer.getvalue()))[0]
    assert table.numbers == [4, 5, 2_003, 4_004, 4_501]
    assert [row[0] for row in table.rows] == [f"row {n}" for n in table.numbers]
    assert table.first_column == 2
