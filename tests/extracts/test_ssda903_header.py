"""What is wrong in the header of an SSDA903 return is said of the header, once. All children are invented."""

from __future__ import annotations

from .files import day, load

EPISODES = b"CHILD,DECOM,RNE,LS,PLACE,DEC,REC\n1,01/02/2025,S,C2,U1,,\n2,01/02/2025,S,V2,U1,01/03/2025,E4A\n2,01/06/2025,S,V2,U1,,\n"


def test_a_date_of_birth_that_is_none_is_said_of_the_header_once():
    """It was once said of rows of the episodes, one for each period of care, in no column."""
    header = b"CHILD,SEX,DOB,ETHNIC\n1,1,01/01/2015,WBRI\n2,#N/A,31/02/2014,WBRI\n99,1,31/02/2014,WBRI\n"
    prepared = load(("episodes.csv", EPISODES), ("header.csv", header))
    said = [(p.severity, p.kind, p.file, p.row, p.column, p.header, p.value, p.message) for p in prepared.problems if p.severity != "note"]
    assert said == [
        ("warning", "no_such_day", "header.csv", 3, "C", "DOB", "31/02/2014", "Date of birth is a day that does not exist."),
        ("warning", "excel_error", "header.csv", 3, "B", "SEX", "#N/A", "Gender holds an Excel error."),
    ]
    people = [(r["child_id"], r["date_of_birth"], r["gender"]) for r in prepared.tables["cases"].to_pylist()]
    assert people == [("1", day("01/01/2015"), "Male"), ("2", None, None), ("2", None, None)]


def test_of_two_years_headers_the_one_that_is_used_is_spoken_of():
    old, new = b"CHILD,SEX,DOB,ETHNIC\n2,2,31/02/2014,WBRI\n", b"CHILD,SEX,DOB,ETHNIC\n2,2,28/02/2014,WBRI\n"
    prepared = load(("episodes.csv", EPISODES), ("header 2025.csv", old), ("header 2026.csv", new))
    assert [p for p in prepared.problems if p.severity != "note"] == []
    assert [r["date_of_birth"] for r in prepared.tables["cases"].to_pylist()] == [None, day("28/02/2014"), day("28/02/2014")]
