"""SSDA903 files and SSD tables with what can't be told in them: said with its place, and never taken for something else."""

from __future__ import annotations

import io

import openpyxl
import pytest

from cpm_metrics.errors import LoadRefused
from cpm_metrics.extracts.cross_checks import cross_checks
from cpm_metrics.extracts.problems import Prepared

from .files import csv_bytes, day, load

EPISODES = ["CHILD", "DECOM", "RNE", "LS", "CIN", "PLACE", "PLACE_PROVIDER", "DEC", "REC", "REASON_PLACE_CHANGE"]
ONE = ["1", "01/04/2023", "S", "V2", "N1", "U1", "PR1", "", "", ""]
CLAE = ["clae_person_id", "clae_cla_id", "clae_cla_episode_start_date", "clae_cla_episode_start_reason", "clae_cla_episode_ceased_date", "clae_cla_episode_ceased_reason"]
P1, P2 = ["1", "p1", "2024-04-01", "S", "", ""], ["2", "p2", "2024-04-01", "S", "", ""]


def said(prepared: Prepared, *kinds: str) -> list[tuple]:
    return [(p.severity, p.kind, p.file, p.row, p.column, p.value) for p in prepared.problems if p.kind in kinds]


def cases(prepared: Prepared, *names: str) -> list[tuple]:
    return [tuple(row[name] for name in names) for row in prepared.tables["cases"].to_pylist()]


def episodes(*rows: list[str], header: list[str] = EPISODES) -> bytes:
    return csv_bytes([header, *rows])


def clae(*rows: list[str]) -> tuple[str, bytes]:
    return "ce.csv", csv_bytes([CLAE, *(rows or (P1, P2))])


# -- the same told twice


@pytest.mark.parametrize("turned", [False, True])
def test_a_header_told_twice_adds_up_whatever_the_order(turned):
    files = [("h24.csv", b"CHILD,SEX,DOB,ETHNIC\n1,1,01/02/2012,x\n"), ("h25.csv", b"CHILD,SEX,DOB,ETHNIC\n1,1,,x\n")]
    prepared = load(("e.csv", episodes(ONE)), *(reversed(files) if turned else files))
    assert cases(prepared, "date_of_birth", "gender") == [(day("01/02/2012"), "Male")]
    assert not said(prepared, "told_differently")


def test_what_two_rows_of_a_header_tell_differently_is_not_known():
    prepared = load(("e.csv", episodes(ONE)), ("h.csv", b"CHILD,SEX,DOB,ETHNIC\n1,1,01/02/2012,x\n1,2,01/02/2012,x\n"))
    assert cases(prepared, "date_of_birth", "gender") == [(day("01/02/2012"), None)]
    assert said(prepared, "told_differently") == [("warning", "told_differently", "h.csv", 2, "B", "1"), ("warning", "told_differently", "h.csv", 3, "B", "2")]


def test_of_two_persons_and_two_names_for_one_id_neither_is_taken():
    persons = csv_bytes([["pers_person_id", "pers_forename", "pers_dob"], ["1", "Ann", "2012-01-02"], ["1", "Ann", "2010-01-02"], ["2", "Bo", "2012-02-30"]])
    names = csv_bytes([["prof_professional_id", "prof_professional_name"], ["w1", "Ada"], ["w1", "Bob"]])
    involved = csv_bytes([["invo_person_id", "invo_professional_id", "invo_professional_team", "invo_involvement_start_date"], ["1", "w1", "North", "2024-04-01"]])
    prepared = load(clae(), ("per.csv", persons), ("prof.csv", names), ("invo.csv", involved))
    assert sorted(cases(prepared, "child_id", "forename", "date_of_birth")) == [("1", "Ann", None), ("2", "Bo", None)]
    assert prepared.tables["allocations"]["worker"].to_pylist() == ["w1"]
    assert [one[2:5] for one in said(prepared, "told_differently")] == [("per.csv", 2, "C"), ("per.csv", 3, "C"), ("prof.csv", 2, "B"), ("prof.csv", 3, "B")]
    assert said(prepared, "no_such_day") == [("warning", "no_such_day", "per.csv", 4, "C", "2012-02-30")]  # in its own file, not in the episodes'


@pytest.mark.parametrize("turned", [False, True])
def test_of_an_episode_in_two_years_files_the_later_ones_is_used_and_the_difference_said(turned):
    old = ["1", "01/04/2023", "S", "V2", "N1", "U1", "PR1", "01/05/2024", "E4A", ""]
    new = ["1", "01/04/2023", "S", "C2", "N1", "U4", "PR1", "01/06/2024", "E4A", ""]
    files = [("e24.csv", episodes(old)), ("e25.csv", episodes(new))]
    prepared = load(*(reversed(files) if turned else files))
    assert cases(prepared, "care_ceased", "legal_status", "placement_type") == [(day("01/06/2024"), "C2", "U4")]
    assert said(prepared, "told_differently") == [("warning", "told_differently", "e25.csv", 2, "B", "01/04/2023")]
    assert sorted((s.file, s.rows_read, s.rows_loaded) for s in prepared.sources if s.dataset == "cases") == [("e24.csv", 1, 0), ("e25.csv", 1, 1)]


def test_an_episode_that_ended_since_is_no_difference():
    prepared = load(("e24.csv", episodes(ONE)), ("e25.csv", episodes([*ONE[:7], "01/06/2024", "E4A", ""])))
    assert cases(prepared, "care_ceased") == [(day("01/06/2024"),)]
    assert not said(prepared, "told_differently")
    assert {s.file for s in prepared.sources} == {"e24.csv", "e25.csv"}  # read, though nothing of it is left to load


# -- columns and rows


@pytest.mark.parametrize(("header", "letters"), [([*EPISODES, "ls "], "D and K"), ([*EPISODES, "DEC"], "H and K"), (["CHILD", *EPISODES], "A and B")])
def test_two_columns_of_one_header_are_a_question(header, letters):
    with pytest.raises(LoadRefused, match=rf"e\.csv: two columns \({letters}\) have the same header"):
        load(("e.csv", csv_bytes([header, ["1", *ONE] if header[1] == "CHILD" else [*ONE, "E1"]])))


def test_a_column_twice_that_is_not_used_is_no_matter():
    assert load(("e.csv", csv_bytes([[*EPISODES, "NOTE", "NOTE"], [*ONE, "a", "b"]]))).counts["cases"] == 1


@pytest.mark.parametrize("column", ["A", "D", "F", "H"])
def test_merged_rows_of_a_return_are_left_out_by_name(column):
    book = openpyxl.Workbook()
    for row in (EPISODES, [*ONE[:7], "01/05/2024", "E4A", ""], ["2", *ONE[1:]], ["3", *ONE[1:]]):
        book.active.append(row)
    book.active.merge_cells(f"{column}2:{column}3")
    out = io.BytesIO()
    book.save(out)
    prepared = load(("e.xlsx", out.getvalue()))
    assert cases(prepared, "child_id", "care_ceased") == [("3", None)]
    assert said(prepared, "merged") == [("error", "merged", "e.xlsx", 2, None, None), ("error", "merged", "e.xlsx", 3, None, None)]


def test_a_hidden_column_of_a_return_is_said():
    book = openpyxl.Workbook()
    for row in (EPISODES, ONE):
        book.active.append(row)
    book.active.column_dimensions["D"].hidden = True
    out = io.BytesIO()
    book.save(out)
    assert any("Column D is hidden" in note for s in load(("e.xlsx", out.getvalue())).sources for note in s.notes)


def test_broken_rows_of_persons_and_headers_are_not_used():
    persons = b'pers_person_id,pers_sex,pers_dob\n1,M,2011-02-03,2012-02-03\n2,"M,2012-03-04\n'
    prepared = load(clae(), ("per.csv", persons))
    assert cases(prepared, "gender", "date_of_birth") == [(None, None)] * 2
    assert [one[:4] for one in said(prepared, "ragged", "unclosed_quote")] == [("error", "ragged", "per.csv", 2), ("error", "unclosed_quote", "per.csv", 3)]
    prepared = load(("e.csv", episodes(ONE)), ("h.csv", b"CHILD,UPN,SEX,DOB,ETHNIC\n1,12,34,1,02/03/2012,WBRI\n,9,1,02/03/2012,WBRI\n"))
    assert cases(prepared, "gender", "date_of_birth") == [(None, None)]
    assert [one[:5] for one in said(prepared, "ragged", "blank_required")] == [("error", "ragged", "h.csv", 2, None), ("error", "blank_required", "h.csv", 3, "A")]


# -- values


def test_a_review_is_cancelled_in_other_words_too_and_asked_about_where_they_are_not_known():
    words = ["Y", "Cancelled", "T", "2024-04-20", "N", "", "X", "#N/A"]
    rows = [["1", f"2024-0{n}-20", word] for n, word in enumerate(words, start=1)]
    prepared = load(clae(), ("r.csv", csv_bytes([["clar_cla_person_id", "clar_cla_review_date", "clar_cla_review_cancelled"], *rows])))
    assert prepared.tables["reviews"]["status"].to_pylist() == ["cancelled"] * 4 + [None] * 4
    assert [one[1:] for one in said(prepared, "unknown_code", "excel_error")] == [("unknown_code", "r.csv", 8, "C", "X"), ("excel_error", "r.csv", 9, "C", "#N/A")]


def test_a_cancelled_column_beside_a_status_that_cannot_be_read_is_said():
    cells = [["Held", "31/04/2024"], ["Booked", "#N/A"], ["", "Illness"], ["Held", "Postponed"], ["Held", "No"], ["Held", "N/A"]]
    rows = [["1", "CPM", f"0{n}/04/2024", *cell] for n, cell in enumerate(cells, start=1)]
    prepared = load(("c.csv", b"Child ID,Date started to be looked after,Allocated team\n1,01/01/2024,N\n"),
                    ("m.csv", csv_bytes([["Child ID", "Meeting type", "Meeting date", "Meeting status", "Date cancelled"], *rows])))  # fmt: skip
    assert prepared.tables["meetings"]["status"].to_pylist() == ["held", "booked", None, "postponed", "held", "held"]
    assert prepared.tables["meetings"]["status_text"].to_pylist()[2] == "Illness"  # so that it isn't taken for held
    assert said(prepared, "cancelled_unclear") == [("warning", "cancelled_unclear", "m.csv", n, "E", value) for n, value in ((2, "31/04/2024"), (3, "#N/A"), (4, "Illness"))]


def test_dates_of_a_return_that_cannot_be_read_are_said():
    entered = ["clae_person_id", "clae_cla_episode_start_date", "clae_cla_episode_start_reason", "clae_cla_episode_ceased_date", "clae_entered_care_date"]
    prepared = load(("ce.csv", csv_bytes([entered, ["1", "2024-04-01", "S", "2024-15-01", "13/25/2024"], ["1", "2024-06-01", "P", "", ""]])))
    assert said(prepared, "no_such_day", "month_first") == [("warning", "no_such_day", "ce.csv", 2, "E", "13/25/2024"), ("warning", "no_such_day", "ce.csv", 2, "D", "2024-15-01")]
    later = ["1", "01/07/2024", "T", "V2", "N1", "U1", "PR1", "", "", ""]
    prepared = load(("e.csv", episodes([*ONE[:7], "31/06/2024", "X1", ""], later)))
    assert said(prepared, "no_such_day") == [("warning", "no_such_day", "e.csv", 2, "H", "31/06/2024")]


@pytest.mark.parametrize("text", ["C1/C2", "C1 or C2", "C1 -> C2", "C1 discharged", "C2 (revoked 2024)"])
def test_a_legal_status_that_names_two_or_is_over_is_asked_about(text):
    prepared = load(("c.csv", csv_bytes([["Child ID", "Date started to be looked after", "Allocated team", "Legal status"], ["1", "01/01/2024", "N", text]])))
    assert cases(prepared, "legal_status", "legal_code") == [(text, None)]
    assert said(prepared, "unknown_legal_status") == [("warning", "unknown_legal_status", "c.csv", 2, "D", text)]


def test_month_first_dates_of_one_column_cast_doubt_on_the_others():
    prepared = load(("c.csv", csv_bytes([["Child ID", "Date of birth", "Date started to be looked after", "Allocated team"], ["1", "12/25/2010", "03/04/2024", "N"], ["2", "", "05/05/2024", "N"]])))
    assert [(p.column, p.message.split(".")[0]) for p in prepared.problems if p.kind == "month_first_column"][1:] == [("C", "Date started to be looked after: dates in another column of this table are written month first")]


# -- tables


@pytest.mark.parametrize(
    ("headers", "row", "says"),
    [
        (["lega_legal_status_id", "lega_person_id", "lega_legal_status", "lega_legal_status_start"], ["l1", "1", "C1", "2024-04-01"], "'lega_legal_status_start_date' is missing"),
        (["clar_cla_review_id", "clar_cla_person_id", "clar_review_date"], ["r1", "1", "2024-04-20"], "'clar_cla_review_date' is missing"),
        (["clap_cla_placement_id", "clap_cla_id", "clap_start_date"], ["x1", "p1", "2024-04-01"], "'clap_cla_placement_start_date' is missing"),
        (["invo_involvements_id", "invo_person_id", "invo_start"], ["i1", "1", "2024-04-01"], "'invo_involvement_start_date' is missing"),
        (["cina_assessment_id", "cina_person_id", "cina_auth_date"], ["a1", "1", "2024-04-01"], "'cina_assessment_auth_date' is missing"),
    ],
)
def test_a_table_of_ssd_that_is_needed_and_lacks_a_column_stops_the_load(headers, row, says):
    with pytest.raises(LoadRefused, match=says):
        load(clae(), ("t.csv", csv_bytes([headers, row])))


def test_a_table_of_ssd_that_no_rule_needs_is_left_out_as_before():
    other = csv_bytes([["clah_health_check_id", "clah_person_id", "clah_health_check_date"], ["1", "1", "2024-05-01"]])
    assert [t.why for t in load(clae(), ("h.csv", other)).unknown_tables] == ["it is an SSD table that no rule needs."]


def test_an_involvement_without_a_role_is_named():
    headers = ["invo_person_id", "invo_professional_id", "invo_professional_role_id", "invo_professional_team", "invo_involvement_start_date"]
    rows = [["1", "w1", "Allocated social worker", "T1", "2024-04-01"], ["2", "w2", "", "T2", "2024-05-01"], ["1", "w3", "IRO", "T3", "2024-05-01"]]
    prepared = load(clae(), ("i.csv", csv_bytes([headers, *rows])))
    assert prepared.tables["allocations"]["worker"].to_pylist() == ["w1"]
    assert said(prepared, "role_blank") == [("warning", "role_blank", "i.csv", 3, "C", "")]


def test_one_column_of_ssd_among_ordinary_headers_makes_no_table_of_ssd():
    prepared = load(clae(), ("r.csv", b"Child ID,clar_cla_review_date\n1,2024-05-01\n"))
    assert [(r["child_id"], r["review_date"]) for r in prepared.tables["reviews"].to_pylist()] == [("1", day("01/05/2024"))]


def test_a_team_that_is_blank_is_not_more_filled_in():
    rows = [["1", "01/02/2024", "", "Ann"], ["1", "01/02/2024", "South", "Ann"]]
    prepared = load(("c.csv", csv_bytes([["Person ID", "Start of POC", "Team", "Worker"], *rows])))
    assert cases(prepared, "team") == [("South",)]


def test_actions_of_no_cpm_are_said_once_for_their_table():
    meetings = csv_bytes([["Meeting ID", "Child ID", "Meeting type", "Meeting date", "Meeting status"], ["M1", "1", "CPM", "21/06/2025", "Held"], ["R1", "1", "Review", "22/06/2025", "Held"]])
    actions = [["M1", "20/06/2025", "kept: by the ID"], ["", "21/06/2025", "kept: by the date"], ["ZZ", "25/06/2025", "lost"], ["R1", "21/06/2025", "a review's"], ["", "22/06/2025", "a review's day"]]
    listed = csv_bytes([["Child ID", "Meeting ID", "Meeting date", "Action"], *(["1", *action] for action in actions)])
    prepared = load(("c.csv", b"Child ID,Date started to be looked after,Allocated team\n1,01/06/2025,N\n"), ("m.csv", meetings), ("a.csv", listed))
    (one,) = [p for p in cross_checks(prepared.tables, day("01/03/2026"), prepared.sources) if p.kind == "actions_of_no_cpm"]
    assert (one.file, one.row, one.value) == ("a.csv", 4, "25/06/2025")
    assert one.message.startswith("3 actions belong to no Care Planning Meeting that is loaded, this one first")
