"""Sheets as other programs than Excel may write them: cells and rows that don't say where they stand, blanks around =, either quote,
letters of either case, prefixes; and what makes two readings of one sheet possible, which is refused. All children are invented."""

from __future__ import annotations

import random
import re
import time

import pytest

from cpm_metrics.errors import UnreadableFile
from cpm_metrics.extracts.cells import Fault
from cpm_metrics.extracts.folding import column_letter
from cpm_metrics.extracts.problems import InputFile
from cpm_metrics.extracts.read import read

from .files import edit_zip, load, xlsx

_BOOK = xlsx({"Meetings": [["x"]]})
_HEAD = ("Child ID", "Meeting type", "Meeting date", "Chair", "Minutes uploaded date")


def book(rows: str, around: str = "<worksheet {ns}>{cols}<sheetData>{rows}</sheetData></worksheet>", cols: str = "") -> bytes:
    """A workbook whose one sheet has these rows, to the letter."""
    xml = around.format(ns='xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"', rows=rows, cols=cols)
    return edit_zip(_BOOK, lambda name, content: xml.encode() if name == "xl/worksheets/sheet1.xml" else content)


def text(value: str, attributes: str = "") -> str:
    return f'<c{attributes} t="inlineStr"><is><t>{value}</t></is></c>'


def _row(*cells: str) -> str:
    return f"<row>{''.join(cells)}</row>"


HEAD = _row(*map(text, _HEAD))


def _problems(data: bytes) -> list[tuple]:
    return [(p.kind, p.row, p.column, p.value) for p in load(("a.xlsx", data)).problems]


# -- where cells stand


def test_errors_formulas_and_long_numbers_of_cells_without_a_place():
    """Streaming writers leave r out. Each was a silent blank, or a rounded ID."""
    rows = HEAD + _row(text("1"), text("CPM"), text("01/02/2026"), text("A"), '<c t="e"><v>#N/A</v></c>')
    rows += _row(text("2"), text("CPM"), text("01/02/2026"), text("A"), "<c><f>TODAY()</f></c>") + "<row/>"
    rows += _row("<c><v>12345678901234567</v></c>", text("CPM"), text("01/02/2026"), "<c/>", '<c t="e"><v>#REF!</v></c>')
    prepared = load(("a.xlsx", book(rows)))
    said = [(p.kind, p.row, p.column, p.value) for p in prepared.problems]
    assert said == [("excel_error", 2, "E", "#N/A"), ("formula", 3, "E", "(formula)"), ("excel_error", 5, "E", "#REF!")]
    assert prepared.tables["meetings"].column("child_id").to_pylist() == ["1", "2", "12345678901234567"]


@pytest.mark.parametrize("change", [lambda x: x.replace('="', ' = "'), lambda x: x.replace('="', '\n=\t"'), lambda x: x.replace('"', "'"), lambda x: x.replace('="', "= '").replace('"', "'")])
@pytest.mark.parametrize("places", [True, False])
def test_blanks_around_the_equals_sign_and_either_quote(change, places):
    rows = HEAD + _row(text("1"), text("CPM"), text("01/02/2026"), text("A"), '<c t="e"><v>#N/A</v></c>')
    rows += '<row hidden="1">' + "".join((text("2"), text("CPM"), text("01/02/2026"), text("A"), "<c><f>NOW()</f></c>")) + "</row>"
    if places:
        rows = _with_places(rows)
    prepared = load(("a.xlsx", book(change(rows), cols=change('<cols><col min="4" max="4" hidden="true"/></cols>'))))
    assert [(p.kind, p.row, p.column) for p in prepared.problems] == [("excel_error", 2, "E"), ("formula", 3, "E")]
    assert prepared.sources[0].notes == ["1 row is hidden in the sheet (a filter, perhaps); read all the same.", "Column D is hidden in the sheet; read all the same."]


def _with_places(rows: str) -> str:
    out, row = [], 0
    for row, piece in enumerate(re.findall(r"<row.*?</row>", rows), start=1):
        cells = iter(range(100))
        piece = re.sub(r"<c\b", lambda m, row=row, cells=cells: f'<c r="{column_letter(next(cells))}{row}"', piece)
        out.append(piece.replace("<row", f'<row r="{row}"', 1))
    return "".join(out)


@pytest.mark.parametrize("seed", range(60))
def test_every_cell_stands_where_it_should_however_the_sheet_is_written(seed):
    """Texts name their own place, faults are put in among them: calamine and we must agree about all of them."""
    rng = random.Random(seed)
    prefix = rng.choice(["", "", "x:"])
    equals, quote = rng.choice([("=", '"'), (" = ", '"'), ("=", "'"), ("\n=", '"')])
    lower, leave_out = rng.random() < 0.2, rng.choice([0.0, 0.3, 1.0])
    rows, row, expected, hidden = [], 0, {}, set()
    for _ in range(rng.randrange(2, 12)):
        gap = rng.choice([0, 0, 0, 1, 5])
        row += 1 + gap
        at = "" if not gap and rng.random() < leave_out else f' r="{row}"'
        if rng.random() < 0.2:
            at += ' hidden="1"'
            hidden.add(row)
        cells, column = [], -1
        for _ in range(rng.randrange(7)):
            step = rng.choice([0, 0, 0, 1, 30])
            column += 1 + step
            place = f"{column_letter(column)}{row}"
            r = "" if not step and rng.random() < leave_out else f' r="{place.lower() if lower else place}"'
            kind = rng.randrange(8)
            if kind == 0:
                cells.append(f'<c{r} t="e"><v>#REF!</v></c>')
                expected[place] = Fault("excel_error", "#REF!")
            elif kind == 1:
                cells.append(f"<c{r}><f>A1</f></c>")
                expected[place] = Fault("formula", "(formula)")
            elif kind == 2:
                cells.append(f"<c{r}><v>12345678901234567</v></c>")
                expected[place] = "12345678901234567"
            elif kind == 3:
                cells.append(f"<c{r}/>")
            else:
                cells.append(text(place, r))
                expected[place] = place
        rows.append(f"<row{at}>{''.join(cells)}</row>" if cells else f"<row{at}/>")
    xml = re.sub(r"<(/?)", rf"<\1{prefix}", "".join(rows)).replace("=", equals).replace('"', quote)
    around = f"<{prefix}worksheet {{ns}}>{{cols}}<{prefix}sheetData>{{rows}}</{prefix}sheetData></{prefix}worksheet>"
    if prefix:
        around = around.replace("{ns}", 'xmlns:x="http://schemas.openxmlformats.org/spreadsheetml/2006/main"')
    tables = read(InputFile("a.xlsx", book(xml, around)))
    found = {
        f"{column_letter(t.first_column + j)}{t.numbers[i]}": cell
        for t in tables for i, line in enumerate(t.rows) for j, cell in enumerate(line) if cell not in (None, "")
    }  # fmt: skip
    assert found == expected
    if tables and expected and any(isinstance(value, Fault) for value in expected.values()):
        assert tables[0].hidden_rows == hidden


def test_a_sheet_walked_through_that_is_no_xml_is_damaged():
    with pytest.raises(UnreadableFile, match="damaged"):
        read(InputFile("a.xlsx", book(HEAD + '<row><c t="e"><v>#N/A</v></c></row><zz:row/>')))


# -- how far they reach


@pytest.mark.parametrize("place", ["xfd1048576", "a1048576", "A0000000000001048576", "a600000"])
@pytest.mark.parametrize("written", ['r="{}"', "r = '{}'", 'r\n="{}"'])
def test_a_far_cell_is_refused_however_its_place_is_written(place, written):
    rows = f'<row r="1">{text("Child ID")}<c {written.format(place)}><v>1</v></c></row>'
    with pytest.raises(UnreadableFile, match=r"reaches to row (1,048,576|600,000) and"):
        read(InputFile("a.xlsx", book(rows)))


@pytest.mark.parametrize("row", ['r = "600000"', "r='600000'", 'spans="1:2" r="600000"', 'r="0600000"'])
def test_a_far_row_is_refused_however_its_number_is_written(row):
    with pytest.raises(UnreadableFile, match="reaches to row 600,000 and"):
        read(InputFile("a.xlsx", book(f'<row r="1">{text("Child ID")}</row><row {row}>{text("1")}</row>')))


def test_rows_without_numbers_below_one_with_a_number_are_counted():
    with pytest.raises(UnreadableFile, match="reaches to row 500,002 and"):
        read(InputFile("a.xlsx", book('<row r="2"><c/></row>' + "<row/>" * 500_000)))


def test_wide_and_long_is_too_much_in_small_letters_too():
    with pytest.raises(UnreadableFile, match="reaches to row 20,000 and 16,384 columns"):
        read(InputFile("a.xlsx", book('<row r="1"><c r="xfd1"><v>1</v></c><c r="a20000"><v>1</v></c></row>')))


def test_what_stands_before_the_cells_does_not_count():
    """A selection in the last row, and the dimension, are no cells."""
    around = '<worksheet {ns}><dimension ref="A1:XFD1048576"/><sheetViews><sheetView workbookViewId="0"><selection activeCell="XFD1048576"/></sheetView></sheetViews><sheetData>{rows}</sheetData></worksheet>'
    assert len(read(InputFile("a.xlsx", book(_with_places(HEAD), around)))[0].rows) == 1


# -- what could be read in two ways


def test_a_row_that_is_there_twice_is_refused():
    """calamine puts the second in the place of the first: a record went without a word."""
    rows = _with_places(HEAD + _row(text("1"), text("CPM"), text("01/02/2026")) + _row(text("2"), text("CPM"), text("02/02/2026"))).replace('r="3"', 'r="2"')
    with pytest.raises(UnreadableFile, match="sheet Meetings, is damaged: it has row 2 twice.*Export it again"):
        read(InputFile("a.xlsx", book(rows)))
    with pytest.raises(UnreadableFile, match="it has row 2 twice"):  # the second by its number, the third as the next one
        read(InputFile("a.xlsx", book(HEAD + _row(text("1")) + f'<row r="2">{text("2")}</row>')))


@pytest.mark.parametrize("value", ["12<!-- x -->3", "<![CDATA[123]]>", "12<?x y?>3"])
def test_a_value_with_markup_in_it_is_refused(value):
    """calamine stops reading there: 123 became 12, or blank."""
    with pytest.raises(UnreadableFile, match="writes a number in a way that no spreadsheet program does"):
        read(InputFile("a.xlsx", book(f"<row><c><v>{value}</v></c></row>")))


def test_comments_elsewhere_do_no_harm():
    around = "<!-- a --><worksheet {ns}><!-- <v>1<!- --><sheetData><!-- b -->{rows}</sheetData><!-- c --></worksheet>"
    table = read(InputFile("a.xlsx", book(_row(text("a<!-- d -->b"), text("<![CDATA[c]]>"), "<!-- e --><c><v>5</v><!-- f --></c>", text("?")), around)))[0]
    assert table.rows == [["ab", "c", 5.0, "?"]]


def test_a_text_with_an_entity_and_blanks_around_the_equals_sign_is_read():
    rows = '<row><c r = "A1" t = "str"><v>a &amp; b</v></c></row>'
    assert read(InputFile("a.xlsx", book(rows)))[0].rows == [["a & b"]]


def test_looking_takes_no_long_time_over_a_run_of_blanks():
    """A pattern that begins again at each blank would take hours."""
    started = time.process_time()
    read(InputFile("a.xlsx", book(HEAD + f'<row{" " * 2_000_000}><c t = "e"><v>#N/A</v></c></row>')))
    assert time.process_time() - started < 20
