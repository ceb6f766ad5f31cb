"""What one cell means."""

import datetime as dt

import pytest

from cpm_metrics.extracts.cells import Fault
from cpm_metrics.extracts.codes import LABELS, PHRASES, legal_code, read_code, read_domains, read_roles
from cpm_metrics.extracts.datasets import DATASETS, DOMAINS, ROLES
from cpm_metrics.extracts.values import MESSAGES, read_date, read_id, read_text, read_yes_no

D = dt.date


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("13/03/2024", D(2024, 3, 13)), ("3/4/2024", D(2024, 4, 3)), ("04/03/24", D(2024, 3, 4)), ("01/01/68", D(2068, 1, 1)),
        ("01/01/69", D(1969, 1, 1)), ("13-03-2024", D(2024, 3, 13)), ("13.03.2024", D(2024, 3, 13)), ("13-Mar-2024", D(2024, 3, 13)),
        ("13-MAR-24", D(2024, 3, 13)), ("13 March 2024", D(2024, 3, 13)), ("13th March 2024", D(2024, 3, 13)),
        ("Wednesday 13 March 2024", D(2024, 3, 13)), ("Wed, 13 Mar 2024", D(2024, 3, 13)), ("2024-03-13", D(2024, 3, 13)),
        ("2024-03-13 10:30", D(2024, 3, 13)), ("2024-03-13T10:30:00.000", D(2024, 3, 13)), ("2024-06-30T23:00:00Z", D(2024, 7, 1)),
        ("2024-01-31T23:00:00Z", D(2024, 1, 31)), ("13/03/2024 10:30:00", D(2024, 3, 13)), ("13/03/2024 9:15 PM", D(2024, 3, 13)),
        ("13-MAR-24 00.00.00.000000000", D(2024, 3, 13)), (" 13/03/2024\u200b", D(2024, 3, 13)), ("13Mar2024", D(2024, 3, 13)),
        (D(2024, 3, 13), D(2024, 3, 13)), (dt.datetime(2024, 3, 13, 23, 59), D(2024, 3, 13)), ("29/02/2024", D(2024, 2, 29)),
        ("", None), (None, None), ("N/A", None), ("-", None), ("None", None), ("null", None),
        ("13-03-98", D(1998, 3, 13)), ("30/06/2024 11:30 PM Z", D(2024, 7, 1)), ("30/06/2024 11:30 AM Z", D(2024, 6, 30)), ("30/06/2024 12:10 AM Z", D(2024, 6, 30)),
    ],
)  # fmt: skip
def test_dates_that_are_read(cell, expected):
    assert read_date(cell) == (expected, None)


@pytest.mark.parametrize(
    ("cell", "kind"),
    [
        ("3/13/2024", "month_first"), ("31/02/2024", "no_such_day"), ("29/02/1900", "no_such_day"), ("29/02/2023", "no_such_day"),
        ("13/13/2024", "no_such_day"), ("March 13, 2024", "not_a_date"), ("Mar-24", "not_a_date"), ("20240313", "number_as_date"),
        ("45000", "number_as_date"), (45000.0, "number_as_date"), (-5.0, "number_as_date"), (99999999.0, "number_as_date"),
        (True, "number_as_date"), (dt.time(0, 0), "time_as_date"), (D(1900, 2, 28), "excel_1900"), ("01/01/1899", "date_out_of_range"),
        ("01/01/2199", "date_out_of_range"), ("TBC", "not_a_date"), ("next week", "not_a_date"), ("12/2024", "not_a_date"), ("2024", "number_as_date"),
        ("Tuesday 13 March 2024", "weekday_differs"), ("13/03-2024", "not_a_date"), ("13/03/2024 and 14/03/2024", "not_a_date"),
        ("13/03/2024 25:00", "not_a_date"), ("2024-13-03", "no_such_day"), ("24-03-01", "year_unclear"), ("13-03-24", "year_unclear"), (Fault("excel_error", "#REF!"), "excel_error"), ("#N/A", "excel_error"),
    ],
)  # fmt: skip
def test_dates_that_are_never_guessed(cell, kind):
    value, fault = read_date(cell)
    assert value is None
    assert fault.kind == kind
    assert fault.kind in MESSAGES


@pytest.mark.parametrize(
    ("cell", "expected"),
    [("0001234", "0001234"), ("1234", "1234"), (1234.0, "1234"), ("1234.0", "1234"), (" 12 34 ", "12 34"), ('="00123"', "00123"), ("'00123", "00123"),
     ("9007199254740993", "9007199254740993"), ("AB-12/3", "AB-12/3"), (0.0, "0"), ("1E5", "1E5"), ("", None), ("N/A", None)],
)  # fmt: skip
def test_ids_are_kept_as_text(cell, expected):
    assert read_id(cell) == (expected, None)


@pytest.mark.parametrize(("cell", "kind"), [(12.5, "id_not_whole"), (9007199254740992.0, "id_rounded"), ("1.23E+15", "id_rounded"), (D(2024, 1, 1), "id_is_date"),
                                            (True, "id_is_yes_no"), ("12\x0034", "id_unreadable"), ("#REF!", "excel_error")])  # fmt: skip
def test_ids_that_are_not_certain_are_refused(cell, kind):
    value, fault = read_id(cell)
    assert value is None
    assert fault.kind == kind


def test_surnames_that_look_blank_are_kept_and_blank_words_elsewhere_are_blank():
    for name in ("NA", "None", "Null", "Nan"):
        assert read_text(name, keep_words=True) == (name, None)
        assert read_text(name) == (None, None)
    assert read_text("N/A", keep_words=True) == (None, None)


@pytest.mark.parametrize(("cell", "expected"), [("Y", True), ("yes", True), (True, True), ("1", True), (1.0, True), ("Yes - see minutes", True), ("N", False),
                                                ("no", False), (False, False), ("0", False), (0.0, False), ("FALSE", False), ("", None), ("n/a", None)])  # fmt: skip
def test_yes_and_no(cell, expected):
    assert read_yes_no(cell) == (expected, None)


def test_maybe_is_neither_yes_nor_no():
    assert read_yes_no("Maybe")[1].kind == "not_yes_no"


@pytest.mark.parametrize(
    ("text", "code"),
    [("CPM", "cpm"), ("Care Planning Meeting", "cpm"), ("Care Planning Meeting Record", "cpm"), ("care planning meetings", "cpm"), ("CPM 3", "cpm"),
     ("CLA Care Planning Meeting", "cpm"), ("Initial Care Planning Meeting", "cpm"), ("CPM - final care plan", "final_plan_cpm"), ("Care Plan Meeting", "cpm"),
     ("Final Care Plan CPM", "final_plan_cpm"), ("Final Care Planning Meeting", "final_plan_cpm"), ("CPM (final care plan)", "final_plan_cpm"),
     ("Placement Planning Meeting", "placement_planning"), ("PPM", "placement_planning"), ("LAC Review", "review"), ("CLA Review", "review"),
     ("Child in Care Review", "review"), ("Looked After Child Review", "review"), ("First LAC Review", "review"), ("Statutory Review", "review"),
     ("Looked After Review", "review"), ("Child Looked After Review Meeting", "review"), ("2nd CLA Review", "review"), ("Review", "review"),
     ("Children Looked After Review", "review"), ("LAC Review 4", "review"), ("Strategy meeting", "other"), ("cpm", "cpm"), ("final_plan_cpm", "final_plan_cpm"),
     ("CPM rev.", None), ("Pathway plan review", None), ("Supervision of CPM", None), ("Cancelled CPM", None)],
)  # fmt: skip
def test_meeting_types_by_meaning(text, code):
    assert read_code("meeting_type", DATASETS["meetings"].field("meeting_type").codes, text, {}) == code


@pytest.mark.parametrize(
    ("text", "code"),
    [("C1: ICO", "C1"), ("Interim care order", "C1"), ("C2", "C2"), ("Full Care Order", "C2"), ("E1 - Placement order granted AND C2 - Full care order", "E1"),
     ("Section 20", "V2"), ("V2 Single period of accommodation", "V2"), ("v3", "V3"), ("S20 CA 1989", "V2"), ("Emergency Protection Order", "L2"),
     ("Remanded to local authority", "J1"), ("Care plan", None), ("C11", None), ("", None), (None, None)],
)  # fmt: skip
def test_legal_status_by_its_code_or_its_name(text, code):
    assert legal_code(text) == code


def test_every_code_has_a_label_that_reads_back_as_it():
    for dataset in DATASETS.values():
        for f in dataset.fields:
            for code in f.codes:
                if f.kind == "code":
                    assert read_code(f.name, f.codes, LABELS[code], {}) == code, (f.name, code)
    assert set(DOMAINS) == set(read_domains(DOMAINS, "; ".join(LABELS[c] for c in DOMAINS), {})[0])
    assert read_roles(ROLES, "; ".join(LABELS[c] for c in ROLES), {}) == ROLES


def test_domains_lists_and_all_and_unknown_entries():
    assert read_domains(DOMAINS, "All", {}) == (DOMAINS, [])
    assert read_domains(DOMAINS, "Identity\nhealth; Self-care skills", {}) == (("health", "identity", "self_care"), [])
    assert read_domains(DOMAINS, "Health, Education", {}) == (("health", "education"), [])
    assert read_domains(DOMAINS, "Health; housing", {}) == (("health", "?"), ["housing"])
    assert read_domains(DOMAINS, "Health; housing", {"housing": ""}) == (("health",), [])


def test_roles_in_a_list_of_attendees():
    assert read_roles(ROLES, "Social Worker; TM; Mother; School", {}) == ("social_worker", "team_manager", "other")
    assert read_roles(ROLES, "Asha Brown (Social Worker), Team Manager - J Green", {}) == (
        "social_worker",
        "team_manager",
    )
    assert "team_manager" not in read_roles(ROLES, "Team Manager (apologies)", {})
    assert read_roles(ROLES, "Assistant to the Service Manager", {}) == ("other",)


def test_phrases_are_folded_and_belong_to_coded_fields():
    fields = {f.name for d in DATASETS.values() for f in d.fields if f.codes}
    assert set(PHRASES) == fields
