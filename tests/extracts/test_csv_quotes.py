"""A stray quotation mark that a later one closes takes no record with it; notes over several lines are read. All children are invented."""

from __future__ import annotations

import pytest

from .files import csv_bytes, load

HEAD = ["Child ID", "Review date", "Participation code"]


def _load(text: str):
    return load(("a.csv", text.encode()))


def _rows(prepared) -> list[tuple]:
    return [(r["row"], r["child_id"]) for r in prepared.tables["reviews"].to_pylist()]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(
    ("lines", "broken"),
    [
        (['1,01/02/2026,"PN1', "2,02/02/2026,PN2", '3,03/02/2026,PN3"', "4,04/02/2026,PN4"], {2}),  # in the last column
        (['1,01/02/2026,"PN1', '2,02/02/2026,PN2"', "3,03/02/2026,PN3", "4,04/02/2026,PN4"], {2}),  # closed on the next line
        (["1,01/02/2026,PN1", '2,"02/02/2026,PN2', '3,03/02/2026",PN3', "4,04/02/2026,PN4"], {3}),  # in the middle
        (['"1,01/02/2026,PN1', '2",02/02/2026,PN2', "3,03/02/2026,PN3", "4,04/02/2026,PN4"], {2}),  # in the first
        (['1,01/02/2026,"PN1', "2,02/02/2026,", ',03/02/2026,"PN3', '4,04/02/2026,PN4"'], {2, 4}),  # twice, with blanks
    ],
)  # fmt: skip
def test_a_stray_quote_takes_no_record_with_it(lines, broken, end, delimiter):
    """Two of three reviews were once inside the third's participation code. Each row is loaded or has its line."""
    prepared = _load(end.join([",".join(HEAD), *lines, ""]).replace(",", delimiter))
    said = {p.row for p in prepared.problems if p.severity == "error"}
    assert broken <= said
    assert {p.row for p in prepared.problems if p.kind == "unclosed_quote"} == broken
    assert {row for row, _ in _rows(prepared)} | said == {2, 3, 4, 5}
    assert prepared.sources[0].rows_read == 4


NOTES = [
    "Attended:\nIRO, SW, TM\nAll went well",
    "IRO,SW,TM\nIRO,SW,TM\nIRO,SW,TM",
    "see 1, 2, 3\n4, 5, 6\n7, 8, 9",
    "On 1/2/26, 3 people came, 5 left\nOn 2/2/26, 4 people came, 6 left\nend",
    "5 Long Road,Anytown,AB1 2CD\n6 Short Road,Anytown,AB1 2CD",
    'He said "yes", twice\n\n1. one, two, three\n2. four',
    "a\n,,\nb",
    "a\n\n\nb,c",
]


@pytest.mark.parametrize("delimiter", [",", ";"])
@pytest.mark.parametrize("at", [0, 1, 2])
@pytest.mark.parametrize("note", NOTES)
def test_notes_over_lines_are_read_whatever_their_commas(note, at, delimiter):
    """Whether there are as many of them as in a record or not."""
    note = note.replace(",", delimiter)
    rows = [["Child ID", "Review date"], *([str(n), f"0{n}/02/2026"] for n in range(1, 4))]
    for i, row in enumerate(rows):
        row.insert(at, "Participation code" if not i else note if i == 2 else "PN1")
    prepared = load(("a.csv", csv_bytes(rows, delimiter)))
    assert prepared.problems == []
    assert [r["participation"] for r in prepared.tables["reviews"].to_pylist()] == ["PN1", note, "PN1"]


def test_notes_over_lines_in_two_columns():
    rows = [["Child ID", "Meeting type", "Meeting date", "What is working well", "What are we worried about"], *([str(n), "CPM", f"0{n}/02/2026", "a, b\nc, d, e, f\ng", "h\ni, j, k, l, m\nn"] for n in range(1, 5))]
    assert load(("a.csv", csv_bytes(rows))).tables["meetings"].num_rows == 4
