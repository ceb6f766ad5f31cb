"""Words, colours and files: nothing from an extract becomes a format, a link or a formula."""

from __future__ import annotations

import ast
import csv
import io
import re
import zipfile
from datetime import date

import numpy as np
import openpyxl
import pandas as pd
import pytest

from cpm_metrics import charts, export
from cpm_metrics.errors import CpmError
from cpm_metrics.views import look
from pages._shared.show import plain
from tests.pages.conftest import ROOT

NASTY = ["=1+1", "+44", "-2", "@SUM(A1)", "\t=1", "=HYPERLINK(\"http://x\")", "O'Neill", "Smith, Jane", "two\nlines", "emoji 🙂", ""]


def test_csv_text_is_never_a_formula_and_numbers_stay_numbers():
    frame = pd.DataFrame({"name": NASTY, "days": [-3, 0, 4] + [None] * 8, "due": pd.to_datetime(["2026-04-03"] + [None] * 10)})
    frame["days"] = frame["days"].astype("Int64")
    rows = list(csv.DictReader(io.StringIO(export.csv_text(frame))))
    for original, row in zip(NASTY, rows, strict=True):
        assert row["name"] == ("'" + original if original[:1] in "=+-@\t" and original else original)
    assert [row["days"] for row in rows[:3]] == ["-3", "0", "4"]
    assert rows[0]["due"] == "2026-04-03"
    assert rows[1]["due"] == ""


def test_excel_text_is_typed_as_text_dates_are_dates():
    """Read back with openpyxl: strings with the quote prefix, no formula, frozen header, filter, widths, no author."""
    frame = pd.DataFrame({"name": NASTY, "days": pd.array([-3] + [None] * 10, dtype="Int64"), "due": pd.to_datetime(["2026-04-03"] + [None] * 10), "booked": [True] + [False] * 10})
    content = export.xlsx_bytes(frame, "A list", {"As at": "=cmd"}, {"due": "Due date"})
    book = openpyxl.load_workbook(io.BytesIO(content))
    page = book["A list"]
    for line, text in enumerate(NASTY, start=2):
        cell = page.cell(line, 1)
        assert (cell.value or "") == text
        assert cell.data_type in ("s", "n")
        assert cell.data_type != "f"
        if text[:1] in ("=", "+", "-", "@", "\t"):
            assert cell.quotePrefix
    assert page.cell(2, 2).value == -3
    assert page.cell(2, 3).value.date() == date(2026, 4, 3)
    assert page.cell(2, 3).is_date
    assert page.cell(2, 4).value == "Yes"
    assert page.freeze_panes == "A2"
    assert page.auto_filter.ref == "A1:D12"
    assert page["C1"].value == "Due date"
    assert book["About"]["B1"].data_type == "s"
    assert [sheet.sheet_state for sheet in book] == ["visible", "visible"]
    assert not book.properties.creator
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        assert "<f>" not in parts.read("xl/worksheets/sheet1.xml").decode()


def test_a_text_too_long_for_excel_is_said_not_cut():
    page = openpyxl.load_workbook(io.BytesIO(export.xlsx_bytes(pd.DataFrame({"a": ["x" * 40_000]}))))["List"]
    assert "40,000 characters" in page["A2"].value


def test_any_title_can_name_a_sheet():
    """Excel forbids some marks there, and more than 31 characters."""
    for title in ("Overdue: children [in] care / now?", "'quoted'", "x" * 60, "***", ""):
        assert openpyxl.load_workbook(io.BytesIO(export.xlsx_bytes(pd.DataFrame({"a": [1]}), title))).sheetnames


def test_empty_lists_and_lists_of_lists_can_be_written(tmp_path):
    frame = pd.DataFrame({"a": [["x", "y"], None, np.array(["z"])], "b": pd.to_datetime([None, None, "2026-01-02"])})
    assert "x; y" in export.csv_text(frame)
    page = openpyxl.load_workbook(io.BytesIO(export.xlsx_bytes(frame)))["List"]
    assert [page["A2"].value, page["A3"].value, page["A4"].value] == ["x; y", None, "z"]
    for suffix in ("csv", "xlsx", "parquet"):
        export.write(frame.iloc[:0][["b"]], tmp_path / f"none.{suffix}")
        assert (tmp_path / f"none.{suffix}").stat().st_size
    export.write(frame[["b"]], tmp_path / "b.parquet")
    assert len(pd.read_parquet(tmp_path / "b.parquet")) == 3
    with pytest.raises(CpmError, match=r"\.csv, \.xlsx, \.parquet"):
        export.write(frame, tmp_path / "b.docx")


def test_text_from_an_extract_is_no_markdown():
    """Every mark of Markdown is escaped, so that a name is a name."""
    assert plain("![](http://x)") == "\\!\\[\\]\\(http\\:\u2060\\/\\/x\\)"
    assert plain("Zoë O'Neill-Ağaoğlu") == r"Zoë O\'Neill\-Ağaoğlu"
    assert plain("**a** :red[b] $c$ <b> `d`").count("\\") == 13


def test_every_status_has_a_word_and_a_mark_of_its_own():
    from cpm_metrics.engine import STATUSES

    assert set(look.STATUS) == set(STATUSES)
    assert len({words.mark for words in look.STATUS.values()}) == len({words.word for words in look.STATUS.values()}) == len(STATUSES)
    assert all(words.meaning for words in look.STATUS.values())



def test_dates_and_counts_in_words():
    assert look.day(date(2026, 4, 3)) == "3 Apr 2026"
    assert look.day(pd.NaT) == look.day(None) == ""
    assert look.count(1, "child", "children") == "1 child"
    assert look.count(1204, "obligation") == "1,204 obligations"
    assert look.age(date(2015, 11, 21), date(2026, 11, 20)) == 10
    assert look.age(None, date(2026, 11, 20)) is None
    assert look.name(None, float("nan"), "007") == "Child 007"
    assert look.legal("C1", "anything") == "Interim care order (C1)"


def test_a_chart_shows_text_as_text():
    """Plotly reads some HTML in its texts: ours is escaped."""
    frame = pd.DataFrame({"team": ["<a href='http://x'>North</a>"], "on_time": [1], "late": [0], "missed": [0], "overdue": [2]})
    assert "<a" not in charts.team_bars(frame).to_json()


@pytest.mark.parametrize("text", ["[go](http://evil.test/p)", "see www.evil.test", "a@evil.test", "HTTPS://evil.test"])
def test_an_address_in_a_name_is_no_link(text):
    """The Markdown reader makes links of what looks like an address once it has read the escapes: something unseen stands between."""
    shown = plain(text).replace("\\", "")
    assert not re.search(r"https?://|www\.|\w@\w", shown, re.I)
    assert shown.replace("\u2060", "") == text


MARKDOWN = ("empty", "markdown", "caption", "header", "subheader", "info", "warning", "error", "success", "write", "title")


@pytest.mark.parametrize("path", sorted((ROOT / "pages").rglob("*.py")), ids=lambda path: path.relative_to(ROOT / "pages").as_posix())
def test_the_teams_names_are_escaped_wherever_markdown_is_read(path):
    """A team's name is data: on no page does it go into Markdown but through `plain`."""
    bare = [
        value.lineno
        for call in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr in MARKDOWN
        for value in ast.walk(call)
        if isinstance(value, ast.FormattedValue) and isinstance(value.value, ast.Attribute) and value.value.attr == "teams_text"
    ]
    assert not bare
