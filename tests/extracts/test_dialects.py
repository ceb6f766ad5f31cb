"""Annex A, SSDA903 and SSD as they come from a council. All children are invented."""

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cpm_metrics.engine import compute
from cpm_metrics.errors import LoadRefused
from cpm_metrics.extracts.cross_checks import cross_checks
from cpm_metrics.extracts.mapping import MappingBook
from cpm_metrics.extracts.prepare import prepare
from cpm_metrics.extracts.problems import InputFile
from cpm_metrics.store import Store

from .files import content, csv_bytes, day, kinds, load, xlsx

LIST_8 = [
    "Child Unique ID", "Gender", "Ethnicity", "Date of Birth", "Age of Child (Years)",
    "Unaccompanied Asylum Seeking Child (UASC) within the Last 12 Months (Y/N)", "Does the Child have a Disability", "Child's Category of Need",
    "Is this a Second or Subsequent Period of being a Looked After Child Within the last 12 months", "Date Started to be Looked After",
    "Child's Legal Status", "Start date of current legal status", "Date of Latest Statutory Review", "Date of Last Social Work Visit",
    "What is the permanence plan for this child?", "Date of Last IRO Visit / Contact to the Child", "Date of Last Health Assessment", "Date of Last Dental Check",
    "Number of Placements in the Last 12 months", "Date Ceased to be Looked After ", "Reason Ceased to be Looked After", "Start Date of Most Recent Placement",
    "Placement Type", "Placement Provider", "Placement Postcode", "URN of Placement", "Placement Location", "LA of Placement",
    "Number of Episodes of the Child being 'Missing' from their Placement in the last 12 months", "Number of Episodes of the Child being absent",
    "Was the child offered a Return Interview after their last missing episode (Y/N)?",
    "Did the child accept a Return Interview after their last missing episode (Y/N)?", "Allocated Team", "Allocated Worker",
]  # fmt: skip


def annex_a_row(**values):
    row = [None] * len(LIST_8)
    for name, value in values.items():
        row[next(i for i, h in enumerate(LIST_8) if h.strip().startswith(name.replace("_", " ")))] = value
    return row


def annex_a():
    rows = [
        ["Annex A - List 8: Looked after children"], LIST_8,
        annex_a_row(Child_Unique_ID="000101", Gender="a) Male", Date_of_Birth=day("01/02/2015"), Date_Started=day("03/04/2025"), Start_date_of_current="03/04/2025",
                    Date_of_Latest=day("01/09/2026"), What_is="Long-term fostering", Allocated_Team="North", Allocated_Worker="A Green", Placement_Type="U4"),
        annex_a_row(Child_Unique_ID="000102", Date_Started=day("03/04/2024"), What_is="b) Adoption", Allocated_Team="South"),
    ]  # fmt: skip
    at = LIST_8.index("Child's Legal Status")
    rows[2][at], rows[3][at] = "C1: ICO", "E1 - Placement order granted AND C2 - Full care order"
    list_9 = [
        ["Annex A - List 9"],
        [
            "Child Unique ID",
            "Gender",
            "Date of Birth",
            "Allocated Team",
            "Eligible Category",
            "In Touch",
            "Accommodation",
        ],
        ["1", "M", "", "N", "", "", ""],
    ]
    list_4 = [["Child Unique ID", "Gender", "Date of Birth", "Continuous Assessment Start Date", "Continuous Assessment Date of Authorisation", "Allocated Team"],
              ["000101", "M", "", "01/02/2026", "01/03/2026", "North"], ["000102", "M", "", "01/02/2026", None, "North"]]  # fmt: skip
    return xlsx({"List_8": rows, "List_9": list_9, "List_4": list_4})


def test_annex_a_list_8_is_the_cases():
    prepared = load(("Annex A 20-11-2026.xlsx", annex_a()))
    rows = prepared.tables["cases"].to_pylist()
    assert [r["child_id"] for r in rows] == ["000101", "000102"]
    assert [r["legal_code"] for r in rows] == ["C1", "E1"]
    assert [r["permanence_plan"] for r in rows] == ["long_term_fostering", "adoption"]
    assert rows[0]["latest_review"] == dt.date(2026, 9, 1)
    assert rows[0]["team"] == "North"
    assert rows[0]["surname"] is None
    source = next(s for s in prepared.sources if s.dataset == "cases")
    assert (source.header_row, len(source.unmapped)) == (2, 34 - len(source.columns))
    assert sorted(u.sheet for u in prepared.unknown_tables) == ["List_4", "List_9"]
    assert kinds(prepared, "error") == []
    assert prepared.suggested_extract_date == dt.date(2026, 11, 20)


def test_annex_a_list_4_is_no_history_of_assessments():
    """It holds six months: taken as the whole history, every child with an older assessment would look overdue."""
    assert "assessments" not in load(("Annex A.xlsx", annex_a())).tables


def test_the_spelling_of_ssd_annex_a_is_known():
    rows = [["ChildUniqueID", "Gender", "DateOfBirth", "LoookedAfterStartDate", "LegalStatus", "MostRecentLegalStatusStart", "LatestStatutoryReviewDate", "PermanencePlan",
             "CeasedLookedAfterDate", "ReasonCeasedLookedAfter", "MostRecentPlacementStartDate", "PlacementType", "AllocatedTeam", "AllocatedWorker"],
            ["12", "a) Male", "01/02/2015", "03/04/2025", "C2", "", "01/09/2026", "f) Long-term fostering", "", "", "03/04/2025", "U1", "North", "A Green"]]  # fmt: skip
    prepared = load(("AA_8.csv", csv_bytes(rows)))
    (row,) = prepared.tables["cases"].to_pylist()
    assert (row["care_started"], row["permanence_plan"], row["placement_start"]) == (
        dt.date(2025, 4, 3),
        "long_term_fostering",
        dt.date(2025, 4, 3),
    )


EPISODES = [
    "CHILD",
    "DECOM",
    "RNE",
    "LS",
    "CIN",
    "PLACE",
    "PLACE_PROVIDER",
    "DEC",
    "REC",
    "REASON_PLACE_CHANGE",
    "HOME_POST",
    "PL_POST",
    "URN",
]


def episode(child, decom, rne, ls, place="U4", dec="", rec="", change=""):
    return [child, decom, rne, ls, "N1", place, "PR1", dec, rec, change, "", "", ""]


def ssda903():
    episodes = [
        EPISODES,
        # 101: one period, a move, a change of legal status, a change of both; still in care
        episode("101", "01/02/2025", "S", "V2", "U6", "01/03/2025", "X1", "CARPL"), episode("101", "01/03/2025", "P", "V2", "U4", "01/05/2025", "X1"),
        episode("101", "01/05/2025", "L", "C1", "U4", "01/08/2025", "X1"), episode("101", "01/08/2025", "B", "C2", "K2"),
        # 102: two periods
        episode("102", "01/01/2024", "S", "V2", "U4", "01/06/2024", "E4A"), episode("102", "01/01/2025", "S", "C1", "U4"),
        # 103: the file begins in the middle of a period
        episode("103", "01/04/2025", "L", "C2", "U4"),
        # 104: short breaks only
        episode("104", "01/04/2025", "S", "V4", "K2", "05/04/2025", "E4A"),
        # unreadable date
        episode("105", "04/13/2025", "S", "C2"),
    ]  # fmt: skip
    header = [["CHILD", "SEX", "DOB", "ETHNIC", "UPN", "MOTHER", "MC_DOB"], ["101", "1", "01/02/2015", "WBRI", "", "", ""], ["102", "2", "01/02/2016", "WBRI", "", "", ""],
              ["999", "2", "01/02/2016", "WBRI", "", "", ""]]  # fmt: skip
    reviews = [
        ["CHILD", "DOB", "REVIEW", "REVIEW_CODE"],
        ["101", "01/02/2015", "20/02/2025", "PN1"],
        ["101", "01/02/2015", "20/05/2025", "PN0"],
    ]
    return [
        ("header.csv", csv_bytes(header)),
        ("episodes.csv", csv_bytes(episodes)),
        ("reviews.csv", csv_bytes(reviews)),
    ]


def test_ssda903_episodes_become_periods_placements_and_legal_statuses():
    prepared = load(*ssda903())
    D = dt.date
    cases = {(r["child_id"], r["care_started"]): r for r in prepared.tables["cases"].to_pylist()}
    assert {k: v["care_ceased"] for k, v in cases.items()} == {
        ("101", D(2025, 2, 1)): None, ("102", D(2024, 1, 1)): D(2024, 6, 1), ("102", D(2025, 1, 1)): None, ("103", D(2025, 4, 1)): None,
        ("104", D(2025, 4, 1)): D(2025, 4, 5),
    }  # fmt: skip
    first = cases["101", D(2025, 2, 1)]
    assert (first["legal_code"], first["legal_status_start"], first["placement_start"], first["gender"], first["date_of_birth"], first["team"]) == (
        "C2", D(2025, 8, 1), D(2025, 8, 1), "Male", D(2015, 2, 1), "Not recorded")  # fmt: skip
    placements = [
        (r["child_id"], r["placement_start"], r["placement_end"], r["row"])
        for r in prepared.tables["placements"].to_pylist()
        if r["child_id"] in ("101", "103")
    ]
    assert placements == [
        ("101", D(2025, 2, 1), D(2025, 3, 1), 2),
        ("101", D(2025, 3, 1), D(2025, 8, 1), 3),
        ("101", D(2025, 8, 1), None, 5),
    ]
    legal = [
        (r["legal_code"], r["legal_status_start"], r["legal_status_end"])
        for r in prepared.tables["legal_statuses"].to_pylist()
        if r["child_id"] == "101"
    ]
    assert legal == [
        ("V2", D(2025, 2, 1), D(2025, 5, 1)),
        ("C1", D(2025, 5, 1), D(2025, 8, 1)),
        ("C2", D(2025, 8, 1), None),
    ]
    assert [(r["review_date"], r["participation"]) for r in prepared.tables["reviews"].to_pylist()] == [
        (D(2025, 2, 20), "PN1"),
        (D(2025, 5, 20), "PN0"),
    ]
    (unknown,) = [p for p in prepared.problems if p.kind == "start_unknown"]
    assert (unknown.row, unknown.column, unknown.value) == (8, "C", "L")
    (bad,) = [p for p in prepared.problems if p.severity == "error"]
    assert (bad.kind, bad.row, bad.column, bad.header) == ("month_first", 10, "B", "DECOM")
    assert "team_not_recorded" in kinds(prepared)
    source = next(s for s in prepared.sources if s.file == "episodes.csv" and s.dataset == "cases")
    assert (source.rows_read, source.rows_loaded, source.rows_left_out) == (9, 5, 4)


def test_two_years_of_ssda903_give_the_same_periods_in_either_order():
    year_1 = csv_bytes(
        [
            EPISODES,
            episode("1", "01/02/2025", "S", "V2", dec="01/03/2025", rec="X1"),
            episode("1", "01/03/2025", "P", "V2"),
        ]
    )
    year_2 = csv_bytes([EPISODES, episode("1", "01/03/2025", "P", "V2", dec="01/06/2025", rec="E4A")])
    for files in ([("y1.csv", year_1), ("y2.csv", year_2)], [("y2.csv", year_2), ("y1.csv", year_1)]):
        prepared = load(*files)
        assert [(r["care_started"], r["care_ceased"]) for r in prepared.tables["cases"].to_pylist()] == [
            (dt.date(2025, 2, 1), dt.date(2025, 6, 1))
        ]
        assert prepared.tables["placements"].num_rows == 2


def test_overlapping_and_unfinished_episodes_of_real_returns():
    """Seen in public test returns: two-digit years, a new period inside an old one, a reason for ceasing without its date."""
    rows = [
        EPISODES, episode("1", "14/03/2017", "L", "V2", dec="20/04/17", rec="X1"), episode("1", "20/04/2017", "P", "V2", dec="20/11/17", rec="X1"),
        episode("1", "20/11/2017", "P", "V2", dec="29/01/18", rec="E11"), episode("1", "12/11/2018", "S", "C2", rec="X1"),
        episode("2", "28/03/2017", "S", "C1", dec="08/04/17", rec="X1"), episode("2", "08/04/2017", "P", "C1", rec="E3"),
        episode("3", "01/03/2017", "S", "C1", dec="01/09/17", rec="X1"), episode("3", "20/08/2017", "S", "C1"), episode("3", "01/09/2017", "P", "C1", dec="01/10/17", rec="E11"),
    ]  # fmt: skip
    prepared = load(("episodes.csv", csv_bytes(rows)))
    D = dt.date
    assert sorted((r["child_id"], r["care_started"], r["care_ceased"] or D.max) for r in prepared.tables["cases"].to_pylist()) == [
        ("1", D(2017, 3, 14), D(2018, 1, 29)), ("1", D(2018, 11, 12), D.max), ("2", D(2017, 3, 28), D.max), ("3", D(2017, 3, 1), D(2017, 10, 1)),
        ("3", D(2017, 8, 20), D.max),
    ]  # fmt: skip
    assert {"end_date_missing", "start_unknown"} <= set(kinds(prepared, "warning"))


def test_other_ssda903_files_are_listed_and_do_not_stop_the_load():
    uasc = csv_bytes([["CHILD", "SEX", "DOB", "DUC"], ["101", "1", "01/02/2015", ""]])
    oc3 = csv_bytes([["CHILD", "DOB", "IN_TOUCH", "ACTIV", "ACCOM"], ["101", "01/02/2005", "YES", "F1", "B1"]])
    workers = csv_bytes([["CHILD", "SW_ID", "SW_DECOM", "SW_DEC", "SW_REASON"], ["101", "SW001", "01/02/2025", "", ""]])
    prepared = load(*ssda903(), ("uasc.csv", uasc), ("oc3.csv", oc3), ("sw_episodes.csv", workers))
    assert [u.file for u in prepared.unknown_tables] == ["uasc.csv", "oc3.csv"]
    assert prepared.tables["allocations"].to_pylist()[0]["worker"] == "SW001"


def test_the_ssda903_header_alone_is_no_load():
    with pytest.raises(LoadRefused, match="it is the header of an SSDA903 return.* Load the episodes file with it"):
        prepare([InputFile(*ssda903()[0])])


def ssd():
    return [
        ("ssd_cla_episodes.csv", csv_bytes([
            ["clae_cla_episode_id", "clae_person_id", "clae_cla_placement_id", "clae_cla_episode_start_date", "clae_cla_episode_start_reason", "clae_cla_episode_ceased_date",
             "clae_cla_episode_ceased_reason", "clae_cla_id", "clae_entered_care_date"],
            ["e1", "101", "p1", "2025-02-01", "S", "2025-03-01", "X1", "c1", "2025-02-01 00:00:00"], ["e2", "101", "p2", "2025-03-01", "P", "", "", "c1", "2025-02-01 00:00:00"],
            ["e3", "102", "p3", "2025-04-01", "L", "2025-06-01", "E4A", "c2", ""]])),
        ("ssd_person.csv", csv_bytes([["pers_person_id", "pers_forename", "pers_surname", "pers_dob", "pers_sex"], ["101", "Ash", "None", "2015-02-01", "F"],
                                      ["102", "Bo", "Ray", "2014-02-01", "M"]])),
        ("ssd_cla_placement.csv", csv_bytes([["clap_cla_placement_id", "clap_cla_id", "clap_cla_placement_start_date", "clap_cla_placement_type", "clap_cla_placement_end_date"],
                                             ["p1", "c1", "2025-02-01", "U6", "2025-03-01"], ["p2", "c1", "2025-03-01", "U4", ""], ["p9", "c9", "2025-03-01", "U4", ""]])),
        ("ssd_legal_status.csv", csv_bytes([["lega_legal_status_id", "lega_person_id", "lega_legal_status", "lega_legal_status_start_date", "lega_legal_status_end_date"],
                                            ["l1", "101", "C2", "2025-02-01", ""]])),
        ("ssd_cla_reviews.csv", csv_bytes([["clar_cla_review_id", "clar_cla_id", "clar_cla_review_due_date", "clar_cla_review_date", "clar_cla_review_cancelled",
                                            "clar_cla_review_participation"],
                                           ["r1", "c1", "2025-03-01", "2025-02-27", "N", "PN1"], ["r2", "c1", "2025-05-01", "2025-05-20", "Y", ""],
                                           ["r3", "c1", "2025-06-01", "", "N", ""]])),
        ("ssd_involvements.csv", csv_bytes([["invo_involvements_id", "invo_professional_id", "invo_professional_role_id", "invo_professional_team", "invo_person_id",
                                             "invo_involvement_start_date", "invo_involvement_end_date"],
                                            ["i1", "w1", "Allocated social worker", "t1", "101", "2025-02-01", "2025-05-01"], ["i2", "w2", "Allocated social worker", "t2", "101", "2025-05-01", ""],
                                            ["i3", "w3", "IRO", "t9", "101", "2025-02-01", ""]])),
        ("ssd_professionals.csv", csv_bytes([["prof_professional_id", "prof_professional_name"], ["w1", "A Green"], ["w2", "B Brown"], ["w3", "C Black"]])),
        ("ssd_department.csv", csv_bytes([["dept_team_id", "dept_team_name"], ["t1", "North"], ["t2", "South"]])),
        ("ssd_cin_assessments.csv", csv_bytes([["cina_assessment_id", "cina_person_id", "cina_assessment_start_date", "cina_assessment_auth_date"],
                                               ["a1", "101", "2025-02-01", "2025-03-01"], ["a2", "101", "2026-02-01", ""]])),
        ("ssd_cla_care_plan.csv", csv_bytes([["lacp_table_id", "lacp_person_id", "lacp_cla_care_plan_start_date", "lacp_cla_care_plan_end_date"],
                                             ["x1", "101", "2025-02-10", ""]])),
    ]  # fmt: skip


def test_ssd_tables_by_their_column_names():
    D = dt.date
    prepared = load(*ssd())
    cases = {r["child_id"]: r for r in prepared.tables["cases"].to_pylist()}
    assert {c: (r["care_started"], r["care_ceased"], r["surname"], r["team"], r["worker"]) for c, r in cases.items()} == {
        "101": (D(2025, 2, 1), None, "None", "South", "B Brown"), "102": (D(2025, 4, 1), D(2025, 6, 1), "Ray", "Not recorded", None)}  # fmt: skip
    assert cases["101"]["care_plan_completed"] == D(2025, 2, 10)
    assert [(r["child_id"], r["placement_start"]) for r in prepared.tables["placements"].to_pylist()] == [
        ("101", D(2025, 2, 1)),
        ("101", D(2025, 3, 1)),
    ]
    assert [(r["child_id"], r["review_date"], r["status"]) for r in prepared.tables["reviews"].to_pylist()] == [
        ("101", D(2025, 2, 27), None),
        ("101", D(2025, 5, 20), "cancelled"),
    ]
    assert [(r["team"], r["worker"], r["allocation_start"]) for r in prepared.tables["allocations"].to_pylist()] == [
        ("North", "A Green", D(2025, 2, 1)), ("South", "B Brown", D(2025, 5, 1))]  # fmt: skip
    assert prepared.tables["legal_statuses"].to_pylist()[0]["legal_code"] == "C2"
    assert prepared.tables["assessments"].num_rows == 1
    assert {p.kind for p in prepared.problems} == {"start_unknown", "team_not_recorded", "unknown_period", "care_plan_history", "assessments_begin"}
    (gone,) = [p for p in prepared.problems if p.kind == "unknown_period"]
    assert (gone.severity, gone.file, gone.row, gone.header, gone.value) == ("error", "ssd_cla_placement.csv", 4, "clap_cla_id", "c9")
    assert prepared.unknown_tables == []


@pytest.mark.parametrize(
    ("dataset", "headers", "row"),
    [
        ("cases", ["Mosaic ID", "Start date of period of care", "Team", "Social worker"], ["1", "01/01/2025", "N", "A"]),
        ("cases", ["PERSONID", "ADMISSIONDATE", "DISCHARGEDATE", "Team name"], ["1", "01/01/2025", "", "N"]),
        ("reviews", ["SUBJECT_COMPOUND_ID", "LAC_REVIEW_DATE", "LAC_REVIEW_PARTICIPATION_CODE"], ["1", "01/01/2025", "PN1"]),
        ("meetings", ["PERSON_ID", "WORKFLOW_STEP_ID", "WORKFLOW_STEP_TYPE.DESCRIPTION", "Date of meeting", "STEP_STATUS"], ["1", "7", "Care Planning Meeting Record", "01/01/2025", "COMPLETED"]),
        ("meetings", ["ANSWERFORSUBJECTID", "INSTANCEID", "AnnexAReturn_typeOfMeeting", "dateOfMeeting"], ["1", "7", "CPM", "01/01/2025"]),
        ("meetings", ["DIM_PERSON_ID", "FACT_MEETING_ID", "DIM_LOOKUP_MTG_TYPE_ID_CODE", "MEETING_DTTM"], ["1", "7", "CPM", "2025-01-01 10:00:00"]),
        ("actions", ["Child ID", "Date of meeting", "Action", "Responsible", "Timescale"], ["1", "01/01/2025", "Find a school", "SW", "01/02/2025"]),
        ("placements", ["Child Number", "Date placement started", "Date placement ended", "Type of placement"], ["1", "01/01/2025", "", "U4"]),
        ("proceedings", ["Person ID", "Issue date", "Final order date"], ["1", "01/01/2025", ""]),
    ],
)  # fmt: skip
def test_reports_of_case_systems_with_their_own_headers(dataset, headers, row):
    prepared = load(("report.csv", csv_bytes([headers, row])))
    assert prepared.counts == {dataset: 1}
    assert prepared.sources[0].unmapped == []
    assert prepared.problems == []


def test_an_unknown_start_is_cannot_tell_all_the_way(tmp_path):
    """The first episode is no start of care: what counts from it can't be told, and is neither overdue nor in time."""
    episodes = (
        "CHILD,DECOM,RNE,LS,CIN,PLACE,PLACE_PROVIDER,DEC,REC,REASON_PLACE_CHANGE\n"
        "1,01/04/2024,L,C2,N1,U4,PR1,,,\n"
        "2,01/05/2026,S,C2,N1,U4,PR1,,,\n"
    )
    reviews = "CHILD,DOB,REVIEW,REVIEW_CODE\n1,01/02/2015,10/06/2026,PN1\n"
    prepared = load(("episodes.csv", episodes.encode()), ("reviews.csv", reviews.encode()))
    store = Store(tmp_path / "store")
    store.commit(prepared, dt.date(2026, 6, 30), "test")
    results = compute(store.current())
    rows = results.rows("SELECT child_id, rule, status FROM obligations WHERE rule IN ('statutory-review', 'annual-assessment') ORDER BY ALL")
    assert rows == [
        ("1", "annual-assessment", "cannot_tell"),
        ("1", "statutory-review", "cannot_tell"),
        ("1", "statutory-review", "upcoming"),
        ("2", "annual-assessment", "cannot_tell"),
        ("2", "statutory-review", "overdue"),
    ]


def test_a_cancelled_column_that_was_left_out_stays_out():
    """What the person said on the mapping screen wins over what we would have made of the header."""
    headers = ["Child ID", "Meeting type", "Meeting date", "Cancelled on"]
    data = csv_bytes([headers, ["1", "CPM", "05/01/2026", "04/01/2026"]])
    assert load(("m.csv", data)).tables["meetings"]["status"].to_pylist() == ["cancelled"]
    book = MappingBook()
    book.remember_headers(headers, "meetings", {"Cancelled on": None})
    assert load(("m.csv", data), mapping=book).tables["meetings"]["status"].to_pylist() == [None]


@pytest.mark.parametrize("header", ["Outcome/Status", "State", "What happened"])
def test_a_column_of_statuses_is_the_status_whatever_its_header(header):
    """Without it a cancelled meeting of the past would count as held."""
    headers = ["Child ID", "Meeting type", "Meeting date", header]
    data = csv_bytes([headers, ["1", "CPM", "05/01/2026", "Cancelled"], ["1", "CPM", "09/01/2026", "Held"], ["1", "CPM", "12/01/2026", ""]])
    assert load(("m.csv", data)).tables["meetings"]["status"].to_pylist() == ["cancelled", "held", None]
    book = MappingBook()
    book.remember_headers(headers, "meetings", {header: None})
    assert load(("m.csv", data), mapping=book).tables["meetings"]["status"].to_pylist() == [None] * 3


def test_1_january_1900_is_no_date():
    data = csv_bytes([["Child ID", "Assessment type", "Assessment date"], ["1", "Child", "1900-01-01"], ["1", "Child", "2026-01-05"]])
    prepared = load(("a.csv", data))
    assert prepared.tables["assessments"].num_rows == 1
    assert kinds(prepared, "error") == ["placeholder_date"]


def test_one_years_reviews_accuse_nobody_of_the_years_before(tmp_path):
    """A child in care since 2020, one year's reviews: the first review is not late by six years, and the next is due in six months."""
    episodes = "CHILD,DECOM,RNE,LS,CIN,PLACE,PLACE_PROVIDER,DEC,REC,REASON_PLACE_CHANGE\n1,01/05/2020,S,C2,N1,U6,PR1,,,\n2,01/05/2026,S,C2,N1,U4,PR1,,,\n"
    reviews = "CHILD,DOB,REVIEW,REVIEW_CODE\n1,01/02/2015,10/06/2026,PN1\n"
    store = Store(tmp_path / "store")
    store.commit(load(("episodes.csv", episodes.encode()), ("reviews.csv", reviews.encode())), dt.date(2026, 6, 30), "test")
    rows = compute(store.current()).rows("SELECT child_id, due_date, status FROM obligations WHERE rule = 'statutory-review' ORDER BY ALL")
    assert rows == [
        ("1", dt.date(2020, 6, 2), "cannot_tell"), ("1", dt.date(2026, 12, 10), "upcoming"), ("2", dt.date(2026, 6, 2), "overdue"),
    ]  # fmt: skip


def test_a_move_on_the_first_day_does_not_end_care():
    """Two episodes of one file that begin on one day: the first lasted no day, the second goes on."""
    episodes = (
        "CHILD,DECOM,RNE,LS,CIN,PLACE,PLACE_PROVIDER,DEC,REC,REASON_PLACE_CHANGE\n"
        "113,13/01/2026,S,C1,N1,U6,PR1,13/01/2026,X1,CARPL\n113,13/01/2026,P,C1,N1,U6,PR1,,,\n113,13/01/2026,P,C1,N1,U6,PR1,,,\n"
    )
    prepared = load(("episodes.csv", episodes.encode()))
    (case,) = prepared.tables["cases"].to_pylist()
    assert (case["care_started"], case["care_ceased"]) == (dt.date(2026, 1, 13), None)
    ends = [row["placement_end"] for row in prepared.tables["placements"].to_pylist()]
    assert sorted(ends, key=str) == [dt.date(2026, 1, 13), None]


# one period of care told by several tables

CASE_LIST = [
    "Child ID", "Surname", "Date started to be looked after", "Date ceased to be looked after", "Allocated team", "Allocated worker", "Legal status", "Date of birth",
]  # fmt: skip


def both_orders(*files):
    """The same files forwards and backwards must give the same rows; -> the load, and its cases by child and start."""
    first, second = load(*files), load(*reversed(files))
    assert content(first, "cases") == content(second, "cases")
    rows = {(r["child_id"], r["care_started"]): r for r in first.tables["cases"].to_pylist()}
    assert "overlapping_periods" not in {p.kind for p in cross_checks(first.tables, dt.date(2026, 11, 20), first.sources)}
    return first, rows


def episodes_csv(*rows):
    return ("episodes.csv", csv_bytes([EPISODES, *rows]))


def case_list(*rows):
    return ("case list.csv", csv_bytes([CASE_LIST, *rows]))


def test_a_case_list_with_teams_and_ssda903_fill_each_other_in():
    """The team comes from the list, legal status and date of birth from the return, whichever file is given first; one row a child."""
    header = ("header.csv", csv_bytes([["CHILD", "SEX", "DOB", "ETHNIC"], ["1", "2", "01/02/2015", "WBRI"]]))
    prepared, rows = both_orders(
        case_list(["1", "Lee", "01/02/2026", "", "North", "A Green", "", ""], ["2", "Ray", "01/02/2026", "", "South", "", "", ""]),
        episodes_csv(episode("1", "01/02/2026", "S", "C2")), header,
    )  # fmt: skip
    row = rows["1", dt.date(2026, 2, 1)]
    assert (row["team"], row["worker"], row["surname"], row["legal_code"], row["legal_status_start"], row["date_of_birth"], row["gender"], row["yearly"]) == (
        "North", "A Green", "Lee", "C2", dt.date(2026, 2, 1), dt.date(2015, 2, 1), "Female", True)  # fmt: skip
    assert len(rows) == 2
    assert kinds(prepared, "error") == kinds(prepared, "warning") == []
    assert "put_together" in kinds(prepared, "note")
    # Only the row that the return tells of has the return's columns: a blank is "none" only where there is a column.
    columns = {s.source: s.columns for s in prepared.sources}
    assert "placement_type" in columns[row["source"]]
    assert "placement_type" not in columns[rows["2", dt.date(2026, 2, 1)]["source"]]


def test_where_two_tables_differ_the_case_list_stands_and_both_values_are_said():
    prepared, rows = both_orders(
        case_list(["1", "Lee", "06/01/2026", "", "North", "", "C1: ICO", "01/02/2015"], ["2", "Ray", "06/01/2025", "01/06/2025", "South", "", "C2", ""]),
        episodes_csv(episode("1", "05/01/2026", "S", "C2"), episode("2", "06/01/2025", "S", "C2", dec="02/06/2025", rec="E4A")),
    )  # fmt: skip
    assert set(rows) == {("1", dt.date(2026, 1, 6)), ("2", dt.date(2025, 1, 6))}
    assert rows["1", dt.date(2026, 1, 6)]["legal_code"] == "C1"
    assert rows["2", dt.date(2025, 1, 6)]["care_ceased"] == dt.date(2025, 6, 1)
    assert rows["2", dt.date(2025, 1, 6)]["reason_ceased"] is None  # it is of another end
    said = {(p.row, p.column, p.value) for p in prepared.problems if p.kind == "tables_differ"}
    assert said == {(2, "C", "06/01/2026 / 05/01/2026"), (2, "G", "C1: ICO / C2"), (3, "D", "01/06/2025 / 02/06/2025")}


def test_the_true_start_of_another_table_replaces_one_that_is_not_known():
    """SSDA903 begins in the middle of care; Annex A has the day. Nothing is then “cannot tell” for want of it, and nothing says so."""
    annex = ("Annex A.xlsx", xlsx({"List 8": [LIST_8, annex_a_row(Child_Unique_ID="1", Date_Started=day("03/02/2020"), Allocated_Team="North")]}))
    prepared, rows = both_orders(episodes_csv(episode("1", "01/04/2026", "L", "C2"), episode("2", "01/04/2026", "L", "C2")), annex)
    assert rows["1", dt.date(2020, 2, 3)]["start_unknown"] is None
    assert rows["1", dt.date(2020, 2, 3)]["yearly"] is True
    assert rows["2", dt.date(2026, 4, 1)]["start_unknown"] is True
    assert [p.row for p in prepared.problems if p.kind == "start_unknown"] == [3]


def test_a_list_of_current_periods_and_a_return_with_earlier_ones():
    """Earlier periods of the return stay; the current one is put together; ends that differ by a day don't make two periods overlap."""
    _, rows = both_orders(
        case_list(["1", "", "10/06/2025", "", "North", "", "", ""], ["2", "", "01/01/2024", "02/06/2024", "North", "", "", ""]),
        episodes_csv(episode("1", "10/02/2025", "S", "V2", dec="01/03/2025", rec="E4A"), episode("1", "10/06/2025", "S", "C1"),
                     episode("2", "01/01/2024", "S", "V2", dec="01/06/2024", rec="E4A"), episode("2", "01/06/2024", "S", "V2")),
    )  # fmt: skip
    assert {key: row["care_ceased"] for key, row in rows.items()} == {
        ("1", dt.date(2025, 2, 10)): dt.date(2025, 3, 1), ("1", dt.date(2025, 6, 10)): None,
        ("2", dt.date(2024, 1, 1)): dt.date(2024, 6, 1), ("2", dt.date(2024, 6, 1)): None,
    }  # fmt: skip


def test_an_end_of_care_that_only_one_table_has():
    """A real end is taken, and said. An episode that says another follows (X1) is no end: the list's open period stands."""
    prepared, rows = both_orders(
        case_list(["1", "", "01/02/2026", "", "N", "", "", ""], ["2", "", "01/02/2026", "", "N", "", "", ""], ["3", "", "01/02/2026", "01/07/2026", "N", "", "", ""]),
        episodes_csv(episode("1", "01/02/2026", "S", "V2", dec="01/05/2026", rec="E4A"), episode("2", "01/02/2026", "S", "V2", dec="01/05/2026", rec="X1"),
                     episode("3", "01/02/2026", "S", "V2")),
    )  # fmt: skip
    assert [row["care_ceased"] for _, row in sorted(rows.items())] == [dt.date(2026, 5, 1), None, dt.date(2026, 7, 1)]
    assert [p.row for p in prepared.problems if p.kind == "end_of_care_filled"] == [2]


def test_periods_put_together_count_once(tmp_path):
    """No doubled obligations: one first CPM for each period of care, in the team of the list."""
    prepared = load(
        case_list(["1", "", "06/01/2026", "", "North", "", "", ""], ["2", "", "03/02/2020", "", "South", "", "", ""]),
        episodes_csv(episode("1", "05/01/2026", "S", "C2"), episode("2", "01/04/2026", "L", "C2")),
        ("sw_episodes.csv", csv_bytes([["CHILD", "SW_ID", "SW_DECOM", "SW_DEC", "SW_REASON"], ["1", "SW1", "05/01/2026", "", ""]])),
    )  # fmt: skip
    store = Store(tmp_path / "store")
    store.commit(prepared, dt.date(2026, 6, 30), "test")
    rows = compute(store.current()).rows("SELECT child_id, care_started, team, worker FROM obligations WHERE rule = 'initial-cpm' ORDER BY ALL")
    assert rows == [("1", dt.date(2026, 1, 6), "North", "SW1"), ("2", dt.date(2020, 2, 3), "South", None)]


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_however_two_tables_overlap_no_child_has_two_periods_at_once(data):
    """Periods within each table don't overlap; put together they don't either, no child is lost, and the order of files is nothing."""
    days = st.lists(st.integers(0, 900), min_size=2, max_size=6, unique=True).map(sorted)
    first = dt.date(2024, 1, 1)

    def spans():
        cuts = [first + dt.timedelta(days=n) for n in data.draw(days)]
        pairs = list(zip(cuts[::2], cuts[1::2], strict=False))
        last_open = data.draw(st.booleans())
        return [(a, None if last_open and i == len(pairs) - 1 else b) for i, (a, b) in enumerate(pairs)]

    shown = "{:%d/%m/%Y}".format
    listed, returned = spans(), spans()
    rows = [["1", "", shown(a), shown(b) if b else "", "N", "", "", ""] for a, b in listed]
    told = [episode("1", shown(a), "S", "V2", dec=shown(b) if b else "", rec="E4A" if b else "") for a, b in returned]
    _, found = both_orders(case_list(*rows), episodes_csv(*told, episode("2", "01/01/2025", "S", "V2")))
    assert {child for child, _ in found} == {"1", "2"}


# gaps and overlaps


def test_a_gap_between_episodes_is_said_with_its_rows_and_days():
    prepared = load(episodes_csv(
        episode("1", "01/02/2026", "S", "V2", dec="02/03/2026", rec="X1"), episode("1", "04/05/2026", "P", "V2"),
        episode("2", "01/02/2026", "S", "V2", dec="02/03/2026", rec="X1"), episode("2", "03/03/2026", "P", "V2"),
        episode("3", "01/02/2026", "S", "V2", dec="02/05/2026", rec="X1"), episode("3", "20/04/2026", "L", "C1"),
        episode("4", "01/04/2026", "L", "C1"),
    ))  # fmt: skip
    said = {p.row: (p.kind, "gap after the episode in row 2" in p.message, p.value) for p in prepared.problems if p.kind in ("start_unknown", "episodes_gap", "episodes_overlap")}
    assert said == {
        3: ("start_unknown", True, "02/03/2026 / 04/05/2026"), 5: ("episodes_gap", False, "02/03/2026 / 03/03/2026"), 7: ("episodes_overlap", False, "02/05/2026 / 20/04/2026"),
        8: ("start_unknown", False, "L"),
    }  # fmt: skip
    # A slip of one day does not end care.
    assert [(r["child_id"], r["care_started"], r["care_ceased"]) for r in prepared.tables["cases"].to_pylist() if r["child_id"] == "2"] == [("2", dt.date(2026, 2, 1), None)]


# SSD's care plans and assessments

SSD_EPISODES = ["clae_person_id", "clae_cla_episode_start_date", "clae_cla_episode_start_reason", "clae_cla_episode_ceased_date", "clae_cla_episode_ceased_reason", "clae_cla_id",
                "clae_entered_care_date"]  # fmt: skip
SSD_PLANS = ["lacp_table_id", "lacp_person_id", "lacp_cla_care_plan_start_date", "lacp_cla_care_plan_end_date", "lacp_cla_care_plan_json"]


def ssd_episodes(*periods):
    return ("ssd_cla_episodes.csv", csv_bytes([SSD_EPISODES, *([c, start, "S", end, "E4A" if end else "", f"c{n}", start] for n, (c, start, end) in enumerate(periods))]))


def statuses(tmp_path, rule, *files):
    store = Store(tmp_path / "store")
    store.commit(load(*files), dt.date(2026, 11, 20), "test")
    return compute(store.current()).rows(f"SELECT child_id, anchor_date, status FROM obligations WHERE rule = '{rule}' ORDER BY ALL")


def test_ssd_care_plans_that_are_no_history_accuse_nobody(tmp_path):
    """A table of active plans: the plan of a child long in care is not its first, and a child that left has none in it."""
    D = dt.date
    plans = csv_bytes([SSD_PLANS, ["1", "1", "2026-02-09", "", ""], ["2", "2", "2024-05-01", "", ""], ["3", "3", "2024-03-20", "", ""], ["4", "6", "2026-02-20", "", ""]])
    files = (ssd_episodes(("1", "2026-02-02", ""), ("2", "2018-02-01", ""), ("3", "2024-02-01", ""), ("4", "2026-09-01", ""), ("5", "2025-02-01", "2025-06-01"), ("6", "2026-02-02", "")),
             ("ssd_cla_care_plan.csv", plans))  # fmt: skip
    assert statuses(tmp_path, "care-plan", *files) == [
        ("1", D(2026, 2, 2), "on_time"), ("2", D(2018, 2, 1), "cannot_tell"), ("3", D(2024, 2, 1), "cannot_tell"), ("4", D(2026, 9, 1), "overdue"),
        ("5", D(2025, 2, 1), "cannot_tell"), ("6", D(2026, 2, 2), "late"),
    ]  # fmt: skip
    assert "3 of 6 periods" in next(p.message for p in load(*files).problems if p.kind == "care_plan_history")


def test_ssd_care_plans_with_history_say_how_late_the_first_one_was(tmp_path):
    plans = csv_bytes([SSD_PLANS, ["1", "9", "2020-01-01", "2020-09-01", ""], ["2", "1", "2024-03-20", "2024-09-01", ""], ["3", "1", "2024-09-01", "", ""]])
    got = statuses(tmp_path, "care-plan", ssd_episodes(("1", "2024-02-01", ""), ("2", "2024-02-01", "2024-06-01")), ("ssd_cla_care_plan.csv", plans))
    assert got == [("1", dt.date(2024, 2, 1), "late"), ("2", dt.date(2024, 2, 1), "missed")]


def test_without_ssds_care_plans_nobody_lacks_one(tmp_path):
    assert statuses(tmp_path, "care-plan", ssd_episodes(("1", "2024-02-01", ""))) == [("1", dt.date(2024, 2, 1), "cannot_tell")]


def test_ssd_assessments_that_begin_on_some_day_accuse_nobody_of_the_time_before(tmp_path):
    D = dt.date
    assessments = csv_bytes([["cina_assessment_id", "cina_person_id", "cina_assessment_auth_date"], ["1", "1", "2026-03-01"], ["2", "3", "2024-02-20"]])
    files = (ssd_episodes(("1", "2018-02-01", ""), ("2", "2020-02-01", ""), ("3", "2024-03-01", ""), ("4", "2025-03-01", "")), ("ssd_cin_assessments.csv", assessments))
    assert statuses(tmp_path, "annual-assessment", *files) == [
        ("1", D(2018, 2, 1), "cannot_tell"), ("1", D(2026, 3, 1), "upcoming"), ("2", D(2020, 2, 1), "cannot_tell"), ("3", D(2024, 2, 20), "overdue"),
        ("4", D(2025, 3, 1), "overdue"),
    ]  # fmt: skip
    whole = csv_bytes([["Child ID", "Assessment type", "Assessment date"], ["1", "Child", "2026-03-01"]])
    (tmp_path / "more").mkdir()
    got = statuses(tmp_path / "more", "annual-assessment", ssd_episodes(("1", "2018-02-01", "")), ("assessments.csv", whole))
    assert got == [("1", D(2018, 2, 1), "late"), ("1", D(2026, 3, 1), "upcoming")]


@pytest.mark.parametrize(
    ("text", "plan"),
    [
        ('{"REMAINSUP":"","RETURN1M":"Y","RETURN6M":"","ADOPTION":""}', "return_home"), ('{"RETURN1M":"Y","RETURN6M":"Yes"}', "return_home"), ('{"ADOPTION": 1, "OTHERPLN": null}', "adoption"),
        ('[{"LTFOST18":"true"}]', "long_term_fostering"), ('{"RESPLMT":"Y"}', "residential"), ('{"SUPPLIV":"Y"}', "supported_living"), ('{"OTHERPLN":"Y"}', "other"),
        ('{"LTRELFR":"Y"}', "sgo_cao"), ("B) Adoption", "adoption"), ("c) SGO/CAO", "sgo_cao"),
        ('{"ADOPTION":"Y","LTFOST18":"Y"}', None), ('{"ADOPTION":"perhaps"}', None), ('{"ADOPTION":""}', None), ('{"NEWKEY":"Y"}', None), ('{"ADOPTION":"Y"', None), ("[]", None), ("7", None), ("", None),
    ],
)  # fmt: skip
def test_the_permanence_plan_of_ssd_where_it_is_plain(text, plan):
    """Else blank, in a row of a source without the column: unknown, not "no adoption plan"."""
    prepared = load(ssd_episodes(("1", "2026-02-02", "")), ("ssd_cla_care_plan.csv", csv_bytes([SSD_PLANS, ["1", "1", "2026-02-09", "", text]])))
    (row,) = prepared.tables["cases"].to_pylist()
    source = next(s for s in prepared.sources if s.source == row["source"])
    assert row["permanence_plan"] == plan
    assert ("permanence_plan" in source.columns) == (plan is not None)


def test_ssds_permanence_plan_is_of_the_childs_latest_period_only():
    files = (ssd_episodes(("1", "2020-02-03", "2020-06-01"), ("1", "2026-02-02", "")),
             ("ssd_cla_care_plan.csv", csv_bytes([SSD_PLANS, ["1", "1", "2020-02-09", "2020-06-01", '{"ADOPTION":"Y"}'], ["1", "1", "2026-02-09", "", '{"ADOPTION":"Y"}']])))  # fmt: skip
    assert [r["permanence_plan"] for r in sorted(load(*files).tables["cases"].to_pylist(), key=lambda r: r["care_started"])] == [None, "adoption"]


def test_the_sex_of_ssd_is_read_from_whichever_column_is_filled():
    people = csv_bytes([["pers_person_id", "pers_sex", "pers_gender"], ["1", "F", ""], ["2", "", "01"], ["3", "M", "Female"]])
    prepared = load(ssd_episodes(*((c, "2026-02-02", "") for c in "123")), ("ssd_person.csv", people))
    assert prepared.tables["cases"].column("gender").to_pylist() == ["Female", "Male", "Female"]
    assert any(n.startswith("Not lost: 3 of 3 rows were used") for s in prepared.sources for n in s.notes)


# Annex A and what no rule needs


@pytest.mark.parametrize(
    ("text", "plan"),
    [
        ("a) Return to family", "return_home"), ("b) Adoption", "adoption"), ("c) SGO/CAO", "sgo_cao"), ("d) Supported living in the community", "supported_living"),
        ("e) Long-term residential placement", "residential"), ("f) Long-term fostering", "long_term_fostering"), ("g) Other", "other"), ("Other (please specify)", "other"),
        ("Special Guardianship order/Residence order", "sgo_cao"), ("(c) Special Guardianship Order / Child Arrangements Order", "sgo_cao"),
        ("Independent living/supported living in the community (Pathways or other)", "supported_living"), ("Return to birth family", "return_home"),
    ],
)  # fmt: skip
def test_the_permanence_plans_of_annex_a(text, plan):
    rows = [LIST_8, annex_a_row(Child_Unique_ID="1", Gender="b) Female", Date_Started=day("03/02/2020"), What_is=text, Allocated_Team="North")]
    (row,) = load(("Annex A.xlsx", xlsx({"List 8": rows}))).tables["cases"].to_pylist()
    assert (row["permanence_plan"], row["gender"]) == (plan, "Female")


def test_no_child_of_annex_a_is_dropped_for_want_of_a_team():
    """Our own template keeps its contract: there a blank required cell leaves the row out."""
    rows = [LIST_8, annex_a_row(Child_Unique_ID="1", Date_Started=day("03/02/2020")), annex_a_row(Child_Unique_ID="2", Date_Started=day("03/02/2020"), Allocated_Team="North")]
    prepared = load(("Annex A.xlsx", xlsx({"List 8": rows})))
    assert prepared.tables["cases"].column("team").to_pylist() == ["Not recorded", "North"]
    assert kinds(prepared) == ["team_blank"]
    ours = load(("cases.csv", csv_bytes([CASE_LIST, ["1", "", "03/02/2020", "", "", "", "", ""], ["2", "", "03/02/2020", "", "N", "", "", ""]])))
    assert (kinds(ours, "error"), ours.tables["cases"].num_rows) == (["blank_required"], 1)


def test_tables_of_known_returns_that_no_rule_needs_are_notes():
    """Real warnings stay in sight. A whole file of which nothing is used stops the load, unless it is known what it is."""
    lists = xlsx({
        "Cover": [["Annex A"], ["x", "y"]], "List 1": [["Child Unique ID", "Gender", "Contact Source"], ["1", "M", "x"]],
        "List 7": [["Child Unique ID", "Date of Birth", "Allocated Team", "Allocated Worker"], ["1", "", "N", "W"]],
        "List 8": [LIST_8, annex_a_row(Child_Unique_ID="1", Date_Started=day("03/02/2020"), Allocated_Team="North")],
    })  # fmt: skip
    files = [("Annex A.xlsx", lists), ("uasc.csv", csv_bytes([["CHILD", "SEX", "DOB", "DUC"], ["1", "1", "", ""]])),
             ("contacts.csv", csv_bytes([["cont_contact_id", "cont_person_id", "cont_contact_date"], ["1", "1", "2025-01-01"]])), ("junk.csv", csv_bytes([["a", "b"], ["1", "2"]])),
             ("header.csv", ssda903()[0][1])]  # fmt: skip
    with pytest.raises(LoadRefused, match="junk.csv: none of its first 20 rows"):
        load(*files)
    prepared = load(*(file for file in files if file[0] != "junk.csv"))
    assert [p.file for p in prepared.problems if p.severity == "warning"] == ["header.csv"]
    assert sorted({(p.file, p.sheet) for p in prepared.problems if p.kind == "table_not_used" and p.severity == "note"}) == [
        ("Annex A.xlsx", "Cover"), ("Annex A.xlsx", "List 1"), ("Annex A.xlsx", "List 7"), ("contacts.csv", ""), ("uasc.csv", "")]  # fmt: skip


def test_a_yearly_return_of_reviews_accuses_nobody_whichever_table_the_cases_are_from(tmp_path):
    """A case list beside the reviews of one year: the child in care since 2020 is not years late."""
    reviews = ("reviews.csv", csv_bytes([["CHILD", "DOB", "REVIEW", "REVIEW_CODE"], ["1", "", "10/06/2026", "PN1"]]))
    got = statuses(tmp_path, "statutory-review", case_list(["1", "", "03/02/2020", "", "North", "", "", ""]), reviews)
    assert got == [("1", dt.date(2020, 2, 3), "cannot_tell"), ("1", dt.date(2026, 6, 10), "due_soon")]


def test_an_ssd_table_that_only_adds_to_others_makes_no_empty_dataset():
    """Alone it would replace the Cases or Allocations loaded before by nothing."""
    placements = ("p.csv", csv_bytes([["clap_person_id", "clap_cla_placement_start_date"], ["1", "2026-02-01"]]))
    people, names = ("person.csv", csv_bytes([["pers_person_id", "pers_dob"], ["1", ""]])), ("prof.csv", csv_bytes([["prof_professional_id", "prof_professional_name"], ["1", "A"]]))
    prepared = load(placements, people, names)
    assert list(prepared.tables) == ["placements"]
    assert [(p.file, p.severity) for p in prepared.problems if p.kind == "table_not_used"] == [("person.csv", "warning"), ("prof.csv", "warning")]


def test_an_ssd_table_of_assessments_of_which_none_is_authorised_accuses_nobody():
    assessments = csv_bytes([["cina_assessment_id", "cina_person_id", "cina_assessment_auth_date"], ["1", "1", ""]])
    prepared = load(ssd_episodes(("1", "2018-02-01", "")), ("ssd_cin_assessments.csv", assessments))
    assert "assessments" not in prepared.tables
    assert "none in it is authorised" in next(p.message for p in prepared.problems if p.kind == "table_not_used")
