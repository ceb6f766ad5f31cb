"""Annex A, SSDA903 and SSD as they come from a council. All children are invented."""

import datetime as dt

import pytest

from cpm_metrics.errors import LoadRefused
from cpm_metrics.extracts.mapping import MappingBook
from cpm_metrics.extracts.prepare import prepare
from cpm_metrics.extracts.problems import InputFile

from .files import csv_bytes, day, kinds, load, xlsx

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
    with pytest.raises(LoadRefused, match="No table in the files could be recognised"):
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
    assert {p.kind for p in prepared.problems} == {"start_unknown", "team_not_recorded", "blank_required"}
    (blank,) = [p for p in prepared.problems if p.kind == "blank_required"]
    assert (blank.file, blank.row, blank.header) == ("ssd_cla_placement.csv", 4, "clap_cla_id")
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
    import datetime as dt

    from cpm_metrics.engine import compute
    from cpm_metrics.store import Store

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
    from cpm_metrics.engine import compute
    from cpm_metrics.store import Store

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
