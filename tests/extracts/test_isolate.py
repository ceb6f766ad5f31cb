"""Hostile and damaged files: refused before they are opened, or stopped in the child process. The tests' own process survives."""

import io
import os
import time
import zipfile

import pytest

from cpm_metrics.errors import CpmError, UnreadableFile
from cpm_metrics.extracts import isolate
from cpm_metrics.extracts.mapping import MappingBook
from cpm_metrics.extracts.prepare import inspect, prepare
from cpm_metrics.extracts.problems import InputFile

from .files import CASES, MEETINGS, content, csv_bytes, day, edit_zip, load, xlsx

CASE = ["0012", "Null", day("01/02/2015"), day("03/04/2025"), None, "North"]
GOOD = xlsx(
    {
        "Cases": [CASES, CASE],
        "Meetings": [
            MEETINGS,
            ["M1", "0012", "CPM rev.", "31/02/2025", "", "", ""],
            ["M1", "0012", "CPM rev.", "10/02/2025", "", "", "Health; x"],
        ],
    }
)


def test_the_child_process_gives_the_same_as_this_one(tmp_path):
    path = tmp_path / "good.xlsx"
    path.write_bytes(GOOD)
    here = prepare(
        [InputFile("good.xlsx", GOOD), InputFile("x.csv", csv_bytes([["a", "b"], ["1", "2"]]))], isolated=False
    )
    there = prepare([InputFile("good.xlsx", path), InputFile("x.csv", csv_bytes([["a", "b"], ["1", "2"]]))])
    assert there == here
    assert here.questions
    assert here.unknown_tables
    assert inspect([InputFile("good.xlsx", GOOD)]) == inspect([InputFile("good.xlsx", GOOD)], isolated=False)


def test_errors_come_back_whole():
    with pytest.raises(CpmError) as here:
        prepare([InputFile("a.csv", b"a,b\r\n1,2\r\n")], isolated=False)
    with pytest.raises(CpmError) as there:
        prepare([InputFile("a.csv", b"a,b\r\n1,2\r\n")])
    assert (type(here.value), str(here.value), here.value.remedy) == (
        type(there.value),
        str(there.value),
        there.value.remedy,
    )


def test_progress_that_raises_ends_the_child():
    class Cancelled(Exception):
        pass

    def cancel(stage, done, total):
        raise Cancelled

    with pytest.raises(Cancelled):
        prepare([InputFile("good.xlsx", GOOD)], progress=cancel)


def test_a_file_that_takes_too_long_is_stopped():
    rows = "\r\n".join(
        ["Child ID,Date started to be looked after,Allocated team", *(f"{i},01/01/2025,N{i}" for i in range(400_000))]
    )
    started = time.monotonic()
    with pytest.raises(UnreadableFile, match="could not be read within 1 seconds"):
        isolate.run_isolated(
            "prepare", [InputFile("slow.csv", rows.encode())], MappingBook(), lambda *a: None, time_limit=1
        )
    assert time.monotonic() - started < 10


@pytest.mark.skipif(os.name != "posix", reason="the memory limit is the operating system's")
def test_a_file_that_takes_too_much_memory_is_stopped():
    rows = b"Child ID,Date started to be looked after,Allocated team\r\n" + b"1,01/01/2025,N\r\n" * 3_000_000
    with pytest.raises(UnreadableFile, match="could not be read: reading it needs more than the"):
        isolate.run_isolated(
            "prepare", [InputFile("big.csv", rows)], MappingBook(), lambda *a: None, memory_limit=700 * 2**20
        )


def _with_sheet(change) -> bytes:
    return edit_zip(GOOD, lambda name, data: change(data) if name == "xl/worksheets/sheet1.xml" else data)


def _bomb(part: str, start: bytes, end: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(GOOD)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
        with new.open(part, "w") as big:
            big.write(start)
            for _ in range(600):
                big.write(b"A" * 2**20)
            big.write(end)
    return out.getvalue()


def test_a_600_mb_comment_in_a_small_zip_is_refused_quickly():
    bomb = _bomb("xl/comments9.xml", b"<comments><t>", b"</t></comments>")
    assert len(bomb) < 2**20
    started = time.monotonic()
    with pytest.raises(UnreadableFile, match="unpacks to far more than a spreadsheet of its size holds"):
        load(("bomb.xlsx", bomb))
    assert time.monotonic() - started < 2


@pytest.mark.parametrize("cell", ["XFD1048576", "A1048576", "XFD2"])
def test_one_far_cell_is_refused_before_any_reader_allocates_for_it(cell):
    row = cell.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    far = _with_sheet(
        lambda xml: xml.replace(
            b"</sheetData>", f'<row r="{row}"><c r="{cell}"><v>1</v></c></row></sheetData>'.encode()
        )
    )
    if cell == "XFD2":
        assert load(("far.xlsx", far)).tables["cases"].num_rows == 1
    else:
        with pytest.raises(UnreadableFile, match=r"far\.xlsx, sheet Cases, reaches to row 1,048,576"):
            load(("far.xlsx", far))


def test_quotes_of_the_other_kind_hide_nothing():
    far = _with_sheet(
        lambda xml: xml.replace(b"</sheetData>", b"<row r='1048576'><c r='XFD1048576'><v>1</v></c></row></sheetData>")
    )
    with pytest.raises(UnreadableFile, match="reaches to row 1,048,576"):
        load(("far.xlsx", far))


def test_a_far_cell_inside_a_near_row_is_refused_too():
    far = _with_sheet(
        lambda xml: xml.replace(b"</sheetData>", b'<row r="3"><c r="XFD1048576"><v>1</v></c></row></sheetData>')
    )
    with pytest.raises(UnreadableFile, match="reaches to row"):
        load(("far.xlsx", far))


@pytest.mark.parametrize(
    "evil",
    [b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>', b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'],
)  # fmt: skip
def test_entities_are_refused(evil):
    data = _with_sheet(lambda xml: xml.replace(b"<worksheet", evil + b"<worksheet", 1))
    with pytest.raises(UnreadableFile, match="entity definitions"):
        load(("evil.xlsx", data))


def test_an_entity_in_a_number_is_refused_because_the_reader_would_lose_digits():
    data = xlsx({"Cases": [CASES, [1234, "A", None, day("03/04/2025"), None, "N"]]})
    data = edit_zip(data, lambda name, xml: xml.replace(b"<v>1234</v>", b"<v>12&#51;4</v>"))
    with pytest.raises(UnreadableFile, match="writes a number in a way that no spreadsheet program does"):
        load(("evil.xlsx", data))


@pytest.mark.parametrize("dimension", [b"A1", b"A1:XFD1048576", b"C3:D4", b"ZZZ9"])
def test_a_wrong_dimension_tag_loses_no_rows(dimension):
    import re

    data = _with_sheet(lambda xml: re.sub(rb'<dimension ref="[^"]*"', b'<dimension ref="' + dimension + b'"', xml))
    assert content(load(("d.xlsx", data)), "cases") == content(load(("g.xlsx", GOOD)), "cases")


def test_strict_open_xml_gives_all_rows():
    def strict(name, data):
        data = data.replace(
            b"http://schemas.openxmlformats.org/spreadsheetml/2006/main",
            b"http://purl.oclc.org/ooxml/spreadsheetml/main",
        )
        return data.replace(
            b"http://schemas.openxmlformats.org/officeDocument/2006/relationships",
            b"http://purl.oclc.org/ooxml/officeDocument/relationships",
        )

    assert content(load(("s.xlsx", edit_zip(GOOD, strict))), "cases") == content(load(("g.xlsx", GOOD)), "cases")


def test_dates_stored_as_iso_text_are_dates():
    data = _with_sheet(
        lambda xml: xml.replace(b'<c r="D2" s="1"><v>45750</v>', b'<c r="D2" s="1" t="d"><v>2025-04-03</v>')
    )
    assert content(load(("s.xlsx", data)), "cases") == content(load(("g.xlsx", GOOD)), "cases")


def test_every_truncation_of_a_workbook_is_refused_in_plain_words():
    for size in range(0, len(GOOD) - 1, 173):
        with pytest.raises(UnreadableFile):
            load(("cut.xlsx", GOOD[:size]))


def test_hidden_sheets_rows_and_columns_are_read_and_said():
    import xlsxwriter

    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        front = book.add_worksheet("Front")
        front.write_string(0, 0, "Hello")
        sheet = book.add_worksheet("Cases")
        for i, row in enumerate([CASES, ["1", "A", "", "01/01/2025", "", "N"], ["2", "B", "", "01/01/2025", "", "N"]]):
            for j, value in enumerate(row):
                sheet.write_string(i, j, value)
        sheet.set_row(2, None, None, {"hidden": True})
        sheet.set_column(1, 1, 10, None, {"hidden": True})
        sheet.hide()
    prepared = load(("h.xlsx", buffer.getvalue()))
    assert prepared.tables["cases"].num_rows == 2
    notes = " ".join(prepared.sources[0].notes)
    assert "The sheet is hidden" in notes
    assert "1 row is hidden" in notes
    assert "Column B is hidden" in notes


def test_a_200_mb_workbook_is_refused_at_once_with_its_size(tmp_path):
    """Over the limit the file isn't even opened; the person is told to split it."""
    path = tmp_path / "huge.xlsx"
    with path.open("wb") as file:
        file.truncate(200 * 2**20 + 1)
    started = time.monotonic()
    with pytest.raises(UnreadableFile, match=r"huge\.xlsx is larger than 200 MB"):
        load(("huge.xlsx", path))
    assert time.monotonic() - started < 2
