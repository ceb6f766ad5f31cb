"""What a second pair of eyes tried with files of its own: reports as people make them. All children are invented."""

from __future__ import annotations

import pytest

from cpm_metrics.engine import compute
from cpm_metrics.errors import LoadRefused
from cpm_metrics.extracts.prepare import prepare
from cpm_metrics.extracts.problems import InputFile
from cpm_metrics.store import Store

from .files import csv_bytes, day, kinds, load, xlsx

EPISODES = ["CHILD", "DECOM", "RNE", "LS", "CIN", "PLACE", "PLACE_PROVIDER", "DEC", "REC", "REASON_PLACE_CHANGE", "HOME_POST", "PL_POST", "URN"]
LIST = ["Child ID", "Date started to be looked after", "Allocated team"]
REVIEWS = ["CHILD", "DOB", "REVIEW", "REVIEW_CODE"]


def _episode(child: str, start: str, reason: str, end: str = "", ceased: str = "") -> list[str]:
    return [child, start, reason, "C2", "N1", "U4", "PR1", end, ceased, "", "", "", ""]


@pytest.mark.parametrize("row", [["1", "01/08/2025", "L", "C2", "N1", "U4", "PR1"], [*_episode("1", "01/08/2025", "L"), "stray"]])
def test_an_episode_cut_short_or_too_long_is_left_out_and_said(row):
    """It was once taken as a child's new, open period of care, without a word."""
    prepared = load(("episodes.csv", csv_bytes([EPISODES, _episode("1", "10/05/2025", "S", "01/08/2025", "X1"), row])))
    cases = prepared.tables["cases"].to_pylist()
    assert [(c["child_id"], c["care_started"]) for c in cases] == [("1", day("10/05/2025"))]
    [said] = [p for p in prepared.problems if p.kind == "ragged"]
    assert (said.severity, said.row) == ("error", 3)
    assert f"The row has {len(row)} cells, but the header has 13" in said.message


def test_one_start_twice_with_and_without_what_was_worked_out_is_no_crash():
    """Two children of one ID and start: a row of the return, and one whose RNE says that the start isn't known. Found by the long fuzz."""
    rows = [EPISODES, _episode("1", "10/05/2025", "S", "01/06/2025", "E4A"), _episode("1", "10/05/2025", "L", "01/06/2025", "E4A"), _episode("", "", ""), ["1", "10/05/2025", "S"]]
    prepared = load(("episodes.csv", csv_bytes(rows)))
    assert {c["child_id"] for c in prepared.tables["cases"].to_pylist()} == {"1"}


def test_headers_that_are_blank_at_the_end_of_a_csv_ask_for_no_cells():
    prepared = load(("a.csv", b"Child ID,Date started to be looked after,Allocated team,,,\r\n1,01/03/2026,T,,,\r\n2,01/04/2026,T\r\n"))
    assert prepared.tables["cases"].num_rows == 2
    assert kinds(prepared, "error") == []


def test_group_headings_and_totals_within_a_report_are_no_records():
    """Counted, and nothing untrue is said of them: a row that was left out doesn't "count all the same"."""
    rows = [
        ["Person ID", "Care start date", "Team", "Placements"], ["Team: North"], ["0101", day("10/05/2025"), "North", 2.0], ["Subtotal", None, None, 2.0],
        ["Fostering South team (1)"], ["0102", day("11/05/2025"), "South", 3.0], ["Sub total: 1"], ["Grand total", 2.0, None, 5.0], ["0103", None, None, None],
    ]  # fmt: skip
    prepared = load(("report.xlsx", xlsx({"CLA": rows})))
    assert [c["child_id"] for c in prepared.tables["cases"].to_pylist()] == ["0101", "0102"]
    assert [p.row for p in prepared.problems if p.kind == "footer"] == [2, 4, 5, 7, 8]
    assert [(p.kind, p.row) for p in prepared.problems if p.severity != "note"] == [("blank_required", 9)]


def test_a_list_of_events_is_not_taken_for_significant_changes():
    """Once every CPM of it asked for another CPM within 20 working days. Where Excel named the sheet, the file's name says what it is."""
    rows = [["Person ID", "Event", "Event date", "Outcome"], ["1", "CPM", "01/03/2026", "Held"]]
    prepared = load(("Care Planning Meetings.xlsx", xlsx({"Sheet1": rows})))
    assert list(prepared.tables) == ["meetings"]
    assert prepared.tables["meetings"].to_pylist()[0]["meeting_type"] == "cpm"
    with pytest.raises(LoadRefused, match="events.xlsx, sheet Sheet1: it looks like Meetings.*near to it: 'Event date'"):
        load(("cases.csv", csv_bytes([LIST, ["1", "01/02/2026", "T"]])), ("events.xlsx", xlsx({"Sheet1": rows})))


@pytest.mark.parametrize(
    "headers", [["LCS No.", "Start of POC", "Left POC", "Independent Reviewing Officer (IRO)"], ["Client No", "POC_START", "POC_END", "IRO"], ["YP ID", "Became LAC", "Ceased LAC", "IRO name"]]
)
def test_more_spellings_of_the_case_list(headers):
    prepared = load(("a.csv", csv_bytes([[*headers, "Team"], ["01", "01/03/2026", "", "A. Name", "T"]])))
    assert prepared.sources[0].unmapped == []
    assert prepared.sources[0].columns == ["child_id", "care_started", "care_ceased", "team", "iro"]


def test_the_sex_of_annex_a_in_the_censuses_codes():
    prepared = load(("a.csv", csv_bytes([[*LIST, "Gender"], *([str(i), "01/03/2026", "T", g] for i, g in enumerate(["1", "2", "F", "b) Female", "Not stated"]))])))
    assert [c["gender"] for c in prepared.tables["cases"].to_pylist()] == ["Male", "Female", "Female", "Female", "Not stated"]


@pytest.mark.parametrize("first", ["cases.csv", "reviews.csv"])
def test_a_yearly_return_accuses_nobody_when_it_is_loaded_on_another_day(tmp_path, first):
    """The reviews of one year and the case list in two loads, in either order: the same as in one."""
    files = {
        "cases.csv": csv_bytes([LIST, ["1", "01/03/2020", "T"], ["2", "01/02/2024", "T"]]),
        "reviews.csv": csv_bytes([REVIEWS, ["1", "", "05/06/2025", "PN1"], ["1", "", "05/12/2025", "PN1"], ["2", "", "01/03/2026", "PN1"]]),
    }
    store = Store(tmp_path)
    for name in sorted(files, key=lambda name: name != first):
        store.commit(prepare([InputFile(name, files[name])], isolated=False), day("20/11/2026"), by="test", confirmed=True)
    accused = compute(store.current()).rows("SELECT child_id FROM obligations WHERE rule = 'statutory-review' AND status IN ('late', 'overdue', 'missed')")
    assert accused == []
    full = csv_bytes([["Child ID", "Review date"], ["1", "20/03/2020"]])
    store.commit(prepare([InputFile("all.csv", full)], isolated=False), day("20/11/2026"), by="test", confirmed=True)
    again = compute(store.current()).rows("SELECT child_id FROM obligations WHERE rule = 'statutory-review' AND status = 'overdue' ORDER BY ALL")
    assert again == [("1",), ("2",)]  # a report of all reviews tells the years before


def test_allocations_without_teams_loaded_alone_keep_the_teams_of_the_cases(tmp_path):
    """SSDA903's social workers on another day than the case list: no child moves to “Not recorded”."""
    store = Store(tmp_path)
    workers = csv_bytes([["CHILD", "DOB", "SW_ID", "SW_DECOM", "SW_DEC", "SW_REASON"], ["1", "", "AB1", "01/03/2026", "", "NEWSTR"]])
    for name, content in (("cases.csv", csv_bytes([LIST, ["1", "01/03/2026", "North"]])), ("social_workers.csv", workers)):
        store.commit(prepare([InputFile(name, content)], isolated=False), day("20/11/2026"), by="test", confirmed=True)
    assert compute(store.current()).rows("SELECT team, worker FROM children") == [("North", "AB1")]
