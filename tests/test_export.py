"""A frame as a file: what could be a formula is text in each kind, in the cells and in the headers; numbers and dates stay what they are."""

from __future__ import annotations

import csv
import io

import openpyxl
import pandas as pd
import pytest

from cpm_metrics import export
from cpm_metrics.errors import CpmError

FORMULAS = ["=1+1", "+1", "-1+2", "@SUM(1)", "\t=1", "\r=1", "\n=1", "＝1+1", '=HYPERLINK("http://evil.example")']
PLAIN = ["Łucja O’Neill", "a=b", "", "two\nlines", "NA", "a\r=1+1", "a\r\n=1+1"]


def test_no_cell_no_header_and_no_line_of_a_csv_begins_like_a_formula():
    """A lone carriage return would otherwise end a row inside a text."""
    frame = pd.DataFrame({"=cmd|A1": FORMULAS + PLAIN, "Days": range(-3, len(FORMULAS + PLAIN) - 3), "Day": pd.Timestamp("2026-11-20")})
    rows = list(csv.reader(io.StringIO(export.csv_bytes(frame).decode("utf-8-sig"), newline="")))
    assert rows[0] == ["'=cmd|A1", "Days", "Day"]
    assert [row[0] for row in rows[1:]] == ["'" + text.replace("\r", "\n") for text in FORMULAS] + [text.replace("\r\n", "\n").replace("\r", "\n") for text in PLAIN]
    assert [row[1:] for row in rows[1:3]] == [["-3", "2026-11-20"], ["-2", "2026-11-20"]]


def test_every_text_of_a_workbook_is_typed_as_text_and_quoted_where_it_could_be_a_formula():
    frame = pd.DataFrame({"=cmd|A1": FORMULAS, "Days": range(-3, len(FORMULAS) - 3), "Day": pd.Timestamp("2026-11-20")})
    sheet = openpyxl.load_workbook(io.BytesIO(export.xlsx_bytes(frame, "List", {"=1": "=2"}))).worksheets
    cells = [row[0] for row in sheet[0].iter_rows(min_row=2)]
    assert {cell.data_type for cell in cells} == {"s"}
    assert all(cell.quotePrefix for cell in cells)
    assert [sheet[0]["A1"].data_type, sheet[0]["B2"].value, sheet[0]["B2"].data_type, sheet[0]["C2"].is_date] == ["s", -3, "n", True]
    assert {cell.data_type for row in sheet[1].iter_rows() for cell in row} == {"s"}


def test_a_file_is_whole_or_not_there(tmp_path):
    """An ending that names no format, a folder that isn't there: said, and nothing is left behind."""
    frame = pd.DataFrame({"a": [1]})
    for path in (tmp_path / "list.txt", tmp_path / "nowhere" / "list.csv"):
        with pytest.raises(CpmError):
            export.write(frame, path)
    assert list(tmp_path.iterdir()) == []
    export.write(frame, tmp_path / "list.csv")
    assert [path.name for path in tmp_path.iterdir()] == ["list.csv"]
