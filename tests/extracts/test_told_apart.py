"""Reports whose headers fit several datasets, and columns that are easily taken for what they aren't: silent wrong answers, first of all."""

import pytest

from cpm_metrics.errors import LoadRefused
from cpm_metrics.extracts.mapping import MappingBook

from .files import csv_bytes, kinds, load

CASES = ["Child ID", "Date started to be looked after", "Allocated team"]
WHO = ["Child ID", "Surname", "DOB", "Allocated team", "Social worker", "CLA start date", "Legal status"]
ONE, TWO = (["1", "Ray", "01/01/2015", "North", "W", "01/02/2025", "C2"], ["2", "Lee", "01/01/2016", "North", "W", "01/03/2025", "C2"])


def read_as(headers: list[str], *rows: list[str], file: str = "report.csv") -> dict[str, int]:
    return load((file, csv_bytes([headers, *rows]))).counts


@pytest.mark.parametrize(
    ("dataset", "headers", "rows"),
    [
        ("meetings", ["Meeting type", "Meeting date", "Meeting status"], [["CPM", "05/02/2025", "Held"], ["CPM", "05/05/2025", "Held"]]),
        ("reviews", ["Review date"], [["01/03/2025"], ["01/06/2025"]]),
        ("placements", ["Placement start date", "Placement end date"], [["01/02/2025", "01/03/2025"], ["01/03/2025", ""]]),
        ("legal_statuses", ["Legal status start date", "Legal status end date"], [["01/02/2025", "01/03/2025"], ["01/03/2025", ""]]),
        ("proceedings", ["Proceedings issued date", "Order sought"], [["01/03/2025", "x"], ["01/09/2025", "y"]]),
    ],
)
def test_a_report_with_the_childs_team_and_start_of_care_is_not_a_case_list(dataset, headers, rows):
    """It has all that Cases needs; but its rows tell several things of one child."""
    prepared = load(("report.csv", csv_bytes([WHO + headers, *(ONE + row for row in rows)])))
    assert prepared.counts == {dataset: 2}
    assert "The headers fit Cases too" in prepared.sources[0].notes[0]


def test_a_report_of_one_meeting_each_is_meetings_for_its_columns():
    assert read_as([*WHO[:-1], "Meeting type", "Meeting date"], ONE[:-1] + ["CPM", "05/02/2025"], TWO[:-1] + ["CPM", "07/03/2025"]) == {"meetings": 2}


def test_a_case_list_that_tells_of_one_review_or_placement_is_a_case_list():
    wide = [*WHO, "IRO", "Placement type", "Placement start date", "Permanence plan", "Review date"]
    more = ["I", "U1", "01/02/2025", "Adoption", "01/03/2025"]
    assert read_as(wide, ONE + more, TWO + more) == {"cases": 2}
    assert read_as([*WHO, "Placement start date"], ONE + ["01/02/2025"], TWO + ["01/03/2025"], file="Placements.csv") == {"cases": 2}


def test_a_wide_case_list_joined_with_reviews_says_what_was_not_read():
    wide = [*WHO, "IRO", "Complex case", "Placement type", "Permanence plan", "Review date"]
    prepared = load(("report.csv", csv_bytes([wide, *(ONE + ["I", "No", "U1", "Adoption", day] for day in ("01/03/2025", "01/06/2025"))])))
    assert prepared.counts == {"cases": 1}
    assert "two_tables_in_one" in kinds(prepared, "warning")


@pytest.mark.parametrize(
    ("headers", "row", "lacks"),
    [
        (["Child ID", "Surname", "Date started to be looked after", "Legal status", "Placement type", "Placement start date"], ["1", "Ray", "01/02/2025", "C2", "U1", "01/02/2025"], "Allocated team"),
        (["Child ID", "Date started to be looked after", "Legal status", "Placement type", "IRO", "Permanence plan", "Application date"], ["1", "01/02/2025", "C2", "U1", "I", "Adoption", "01/03/2025"], "Allocated team"),
        (["Child ID", "Meeting date", "Chair", "Minutes distributed date", "Review date"], ["1", "01/02/2025", "x", "", "03/03/2025"], "Meeting type"),
    ],
)
def test_a_table_that_lacks_one_column_is_refused_for_it_and_not_taken_for_another(headers, row, lacks):
    with pytest.raises(LoadRefused, match=lacks):
        load(("report.csv", csv_bytes([headers, row])))


def test_a_file_of_which_nothing_would_be_used_stops_the_load():
    """One team's meetings, under a header that isn't known, beside the others'."""
    good = ("north.csv", csv_bytes([["Child ID", "Meeting type", "Meeting date"], ["1", "CPM", "05/02/2025"]]))
    south = ("south.csv", csv_bytes([["Child ID", "Meeting type", "Mtg Dt"], ["2", "CPM", "05/02/2025"]]))
    with pytest.raises(LoadRefused, match="south.csv: it looks like Meetings, but the required column 'Meeting date'"):
        load(good, south)
    book = MappingBook()
    book.remember_headers(["Child ID", "Meeting type", "Mtg Dt"], "ignore")
    assert load(good, south, mapping=book).counts == {"meetings": 1}


def test_what_was_cancelled_is_not_held_whatever_the_outcome_says():
    headers = ["Child ID", "Meeting type", "Meeting date", "Outcome", "Cancelled on"]
    prepared = load(("m.csv", csv_bytes([headers, ["1", "CPM", "01/02/2025", "", "30/01/2025"], ["2", "CPM", "01/02/2025", "Held", ""], ["3", "CPM", "01/02/2025", "Held", "30/01/2025"]])))
    assert prepared.tables["meetings"].column("status").to_pylist() == ["cancelled", "held", "cancelled"]
    (source,) = prepared.sources
    assert source.unmapped == []
    assert source.notes[-1] == "1 row says both held and cancelled; counted as cancelled."
    assert "was used beside the status" in source.notes[0]


def test_the_status_of_the_minutes_is_not_that_of_the_meeting():
    headers = ["Child ID", "Meeting type", "Meeting date", "Minutes status"]
    prepared = load(("m.csv", csv_bytes([headers, ["1", "CPM", "01/02/2025", "Completed"], ["2", "CPM", "01/02/2025", "Planned"]])))
    assert prepared.tables["meetings"].column("status").to_pylist() == [None, None]
    assert prepared.sources[0].unmapped == ["Minutes status"]


def test_headers_without_rows_are_said():
    prepared = load(("c.csv", csv_bytes([CASES, ["1", "01/02/2025", "North"]])), ("m.csv", csv_bytes([["Child ID", "Meeting type", "Meeting date"]])))
    assert prepared.counts == {"cases": 1, "meetings": 0}
    assert kinds(prepared, "warning") == ["no_rows"]


def test_a_column_with_values_and_no_header_is_said():
    prepared = load(("c.csv", csv_bytes([[*CASES, ""], ["1", "01/02/2025", "North", "x"]])))
    assert prepared.sources[0].notes == ["Column D has values but no header; kept out."]
