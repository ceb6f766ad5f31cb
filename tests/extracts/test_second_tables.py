"""Rows below a table that are no records of it: headers once more, another table, a foot of two cells. All children are invented."""

from __future__ import annotations

import pytest

from .files import csv_bytes, day, kinds, load, xlsx

REVIEWS = ["Child ID", "Review date"]
FIRST = [REVIEWS, ["1", day("02/01/2026")], ["2", day("03/01/2026")]]


def _left_out(prepared) -> list[tuple]:
    return [(p.severity, p.kind, p.row) for p in prepared.problems]


def _reviews(rows: list[list]):
    return load(("a.xlsx", xlsx({"Sheet1": rows})))


@pytest.mark.parametrize(
    "headers", [["Child ID", "Placement start date"], ["Person ID", "Placement start date"], [None, "Child ID", "Placement start date"], ["child id", "Review date "]]
)
def test_another_table_below_is_left_out_whole_and_said(headers):
    """The dates of placements were once reviews that had been held."""
    shift = [None] * headers.index(None) if None in headers else []
    if headers[0] == "child id":
        headers = [*headers, "Something else"]  # nearly the same is not the same: what stands below may be other than it seems
    rows = [*FIRST, [], ["Placements"], headers, [*shift, "1", day("02/01/2025")], [*shift, "2", day("03/02/2025")], ["Total", 2.0]]
    prepared = _reviews(rows)
    assert [r["review_date"] for r in prepared.tables["reviews"].to_pylist()] == [day("02/01/2026"), day("03/01/2026")]
    assert _left_out(prepared) == [("note", "footer", 5), *(("error", "another_table", n) for n in (6, 7, 8, 9))]
    said = prepared.problems[-1]
    assert "begins in row 6" in said.message and "a sheet of its own" in said.remedy


def test_another_table_in_a_csv_whatever_its_width():
    rows = [["Child ID", "Review date", "Participation code"], ["1", "02/01/2026", "PN1"], ["Child ID", "Placement start date"], ["1", "02/01/2025"]]
    prepared = load(("a.csv", csv_bytes(rows)))
    assert prepared.tables["reviews"].num_rows == 1
    assert _left_out(prepared) == [("error", "another_table", 3), ("error", "another_table", 4)]


def test_the_rows_above_the_fuller_headers_of_another_table_are_said_too():
    """The fuller headers are chosen; what stands above them went without a word, as if it were the report's title."""
    rows = [["Two lists"], *FIRST, [], [None, "Child ID", "Placement start date", "Provider name"], [None, "1", day("02/01/2025"), "A"]]
    prepared = _reviews(rows)
    assert list(prepared.tables) == ["placements"]
    assert _left_out(prepared) == [("error", "another_table", n) for n in (2, 3, 4)]
    assert (prepared.sources[0].rows_read, prepared.sources[0].rows_left_out) == (4, 3)


@pytest.mark.parametrize("line", [["Child", "All reviews"], ["Child ID", "Review date", "Participation code"], ["Report of team 1", "Child ID"]])
def test_lines_right_above_the_headers_are_no_table(line):
    """Neither a title nor headers in two lines take the records with them, whichever line was taken for the headers."""
    prepared = _reviews([line, *FIRST])
    assert prepared.tables["reviews"].num_rows == 2
    assert "another_table" not in kinds(prepared)


def test_headers_that_a_report_repeats_on_each_page_are_headings():
    prepared = _reviews([*FIRST, REVIEWS, ["3", day("04/01/2026")], [" child  id", "REVIEW DATE"], ["4", day("05/01/2026")]])
    assert prepared.tables["reviews"].column("child_id").to_pylist() == ["1", "2", "3", "4"]
    assert _left_out(prepared) == [("note", "footer", 4), ("note", "footer", 6)]


@pytest.mark.parametrize(
    "row",
    [
        ["C1", "Child", day("01/02/2026")], ["KIM", "Child", day("01/02/2026")], ["1", "Child", None], [None, "Child", None], [None, "Child", "Completed"],
        ["Child", "Child", day("01/02/2026")], [None, "Child", "Assessment date"],
    ],
)  # fmt: skip
def test_a_row_with_words_that_are_headers_elsewhere_takes_no_other_row_with_it(row):
    """“Child” is a type of assessment and, in SSDA903, the header of the child's ID."""
    rows = [["Child ID", "Assessment type", "Assessment date"], ["1", "Single", day("01/02/2026")], row, ["2", "Single", day("02/02/2026")]]
    prepared = load(("a.xlsx", xlsx({"Assessments": rows})))
    assert {"1", "2"} <= set(prepared.tables["assessments"].column("child_id").to_pylist())
    assert "another_table" not in kinds(prepared)


def test_a_record_of_texts_only_is_a_record():
    """Names that are headers of something: a social worker in every cell."""
    rows = [["Child ID", "Legal status", "Legal status start date", "Child name"], ["ABC", "Care order", "01/02/2026", "Surname"], ["DEF", "Care order", None, "Team"], ["GHI", "C2", "01/02/2026", "A"]]
    prepared = load(("a.xlsx", xlsx({"Legal statuses": rows})))
    assert prepared.tables["legal_statuses"].column("child_id").to_pylist() == ["ABC", "GHI"]
    assert _left_out(prepared) == [("error", "blank_required", 3)]


# -- feet of two cells


@pytest.mark.parametrize("foot", [["Report run on", day("12/11/2026")], ["Run by", "J Smith"], ["Printed on:", "12/11/2026"], ["Total", 2.0], ["Source", "Case system"]])
def test_a_foot_of_two_cells_is_no_record(foot):
    """“Report run on” was once a child with a review on the day of the report."""
    prepared = _reviews([*FIRST, foot])
    assert prepared.tables["reviews"].column("child_id").to_pylist() == ["1", "2"]
    assert _left_out(prepared) == [("note", "footer", 4)]


def test_a_record_whose_child_is_blank_is_no_foot_whatever_it_begins_with():
    rows = [["Surname", "Child ID", "Meeting type", "Meeting date"], ["Source", None, "CPM", day("02/01/2026")], ["Source", "12", "CPM", day("02/01/2026")]]
    prepared = load(("a.xlsx", xlsx({"Meetings": rows})))
    assert prepared.tables["meetings"].column("child_id").to_pylist() == ["12"]
    assert _left_out(prepared) == [("error", "blank_required", 2)]
