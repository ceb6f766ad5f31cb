"""Formats, and calamine against openpyxl cell by cell."""

from __future__ import annotations

import datetime as dt
import io
import random

import openpyxl
import pytest

from cpm_metrics.errors import UnreadableFile
from cpm_metrics.extracts.cells import Fault
from cpm_metrics.extracts.problems import InputFile
from cpm_metrics.extracts.read import read

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
