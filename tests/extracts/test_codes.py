"""Values that say something other than the words in them: who sent apologies, orders not made, reviews of another kind."""

import datetime as dt

import pytest

from cpm_metrics.extracts.codes import LABELS, LEGAL_CODES, legal_code, read_code, read_roles
from cpm_metrics.extracts.datasets import MEETING_TYPES, PERMANENCE_PLANS, ROLES
from cpm_metrics.extracts.values import read_text

from .files import csv_bytes, load

SW, TM, SM, IRO = "social_worker", "team_manager", "service_manager", "iro"


def present(text):
    return {role for role in read_roles(ROLES, text, {}) if role != "other"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Social worker; Service manager; IRO; Apologies: Fostering, Adoption manager, Parenting assessor", {SW, SM, IRO}),
        ("SW; Apologies - IRO, TM", {SW}), ("SW; Apologies – IRO; TM", {SW}), ("SW; Apols: IRO, TM", {SW}), ("SW\nApols\nIRO\nTM", {SW}), ("SW; apols IRO, TM", {SW}),
        ("SW\nAbsent:\nIRO\nTM", {SW}), ("SW\nNot present: IRO\nTM", {SW}), ("SW; Did not attend; TM", {SW}), ("SW; DNA; TM; IRO", {SW}),
        ("SW; Sent apologies: TM; IRO", {SW}), ("SW; Invited but did not attend: TM, IRO", {SW}), ("SW; Invited: TM, IRO", {SW}),
        ("SW; Distribution list: TM, IRO", {SW}), ("SW\nApologies were received from IRO\nTM", {SW}), ("Apologies:\nService manager", set()),
        ("Absent: IRO and Service manager", set()), ("SW, IRO. Apologies: TM, SM", {SW, IRO}),
    ],
)  # fmt: skip
def test_nobody_after_a_heading_of_apologies_was_there(text, expected):
    assert present(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Apologies: TM, SM. Present: SW, IRO", {SW, IRO}), ("Apologies: TM\nPresent:\nSW\nIRO", {SW, IRO}), ("Apologies: TM; In attendance: SW; IRO", {SW, IRO}),
        ("Absent: TM\nAttended: SW, IRO", {SW, IRO}), ("Attended: SW, TM; Not attended: SM, IRO", {SW, TM}), ("Invited: SW, TM. Attended: SW", {SW}),
        ("Those present: SW; TM. Apologies were received from IRO and SM", {SW, TM}), ("Present at the meeting: SW, TM", {SW, TM}),
    ],
)  # fmt: skip
def test_until_a_heading_of_who_was_there(text, expected):
    assert present(text) == expected


@pytest.mark.parametrize("text", ["Service manager - No", "Service manager: N", "Team manager (no)", "Service manager (invited)", "Service manager (apologies)",
    "Service manager - apologies", "TM apols", "Service manager - not present", "Service manager: N/A", "Service manager: 0", "Service manager - no, on leave",
    "Service manager attended: No", "Service manager\nPresent: No", "Service manager (Jane Smith, apologies)", "Service manager, DNA", "TM, Bob Noble, absent",
    "Service manager (declined)", "Service manager (tbc)", "Service manager (vacant)", "Jane Smith (Service manager) - No", "Service manager, No"])  # fmt: skip
def test_a_role_with_a_no_or_apologies_beside_it_was_not_there(text):
    assert read_roles(ROLES, text, {}) == ("other",)


@pytest.mark.parametrize("text", ["Service manager?", "Service manager: A", "Service manager (x)", "☐ Service manager", "Service manager ✗", "☒ Service manager"])
def test_what_can_not_be_told_does_not_count_as_presence(text):
    assert read_roles(ROLES, text, {}) == ("other",)


@pytest.mark.parametrize("text", ["Service manager (chair)", "Service manager - Jane Smith", "Jane Smith (Service manager)", "Service manager: Yes", "Service manager: Y",
    "SM (virtually)", "Service manager (Teams)", "Service manager - N Smith", "Service manager - Jae No", "☑ Service manager", "1) Service manager", "Service manager and chair",
    "Service manager (invited and attended)", "Service manager (joined 10:30)"])  # fmt: skip
def test_who_was_there_stays_there(text):
    assert present(text) == {SM}


def test_only_the_one_who_sent_apologies_is_left_out():
    assert present("SW, TM (apologies: on leave), IRO") == {SW, IRO}
    assert present("SW, TM - apologies, IRO") == {SW, IRO}
    assert present("Service manager, no; IRO, yes") == {IRO}
    assert present("SM, present; TM, absent; SW, present") == {SM, SW}
    # Whose apologies they are can't be told.
    assert present("SW, IRO, Apologies, TM") == {SW}
    assert present("SW IRO Apologies: TM, SM") == set()
    assert present("Assistant team manager") == {TM}
    assert present("(SW, TM, IRO)") == {SW, TM, IRO}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Care order (interim)", "C1"), ("Interim (ICO)", "C1"), ("Interim Care Order - S38 CA 1989", "C1"), ("Interim care order (s31)", "C1"), ("ICO until further order", "C1"), ("S31/38", "C1"),
        ("Full Care Order (FCO)", "C2"), ("Care order s31", "C2"), ("Care order granted 12/03/2025", "C2"), ("Care order (granted 12th March 2025)", "C2"), ("Section 31", "C2"),
        ("Child is subject to a full care order", "C2"), ("Full care order (C2)", "C2"),
        ("Placement order granted AND Full care order", "E1"), ("Care Order & Placement Order", "E1"), ("Placement Order S21 ACA 2002", "E1"), ("Freeing order granted", "D1"),
        ("Section 20 (Children Act 1989)", "V2"), ("S.20", "V2"), ("Section 20(4)", "V2"), ("Voluntary accommodation", "V2"), ("Accommodated under section 20", "V2"),
        ("Single period of accommodation under section 20 (Children Act 1989)", "V2"), ("Respite care", "V3"), ("Short breaks (V4)", "V4"),
        ("Accommodated under an agreed series of short-term breaks, when individual episodes of care are recorded", "V3"),
        ("Accommodated under an agreed series of short-term breaks, when agreements are recorded (ie NOT individual episodes of care)", "V4"),
        ("Police Protection (s46)", "L1"), ("Under police protection and in local authority accommodation", "L1"), ("Subject to an EPO", "L2"),
        ("Under child assessment order and in local authority accommodation", "L3"), ("Remand (LA)", "J1"), ("PACE", "J2"), ("Sentenced to a youth rehabilitation order", "J3"),
        ("Remanded to local authority accommodation or to youth detention accommodation", "J1"),
    ],
)  # fmt: skip
def test_a_legal_status_that_says_nothing_else_is_read_by_its_name(text, code):
    assert legal_code(text) == code


@pytest.mark.parametrize("text", ["Section 20 (no respite)", "Section 20 - care order applied for", "No care order", "Not on a care order", "Care order discharged",
    "S20, ICO refused", "Placement order revoked, full care order", "Full Care Order following ICO", "Interim care order expired, now section 20", "Without a care order",
    "Care order ended", "Application for care order", "Care order after ICO", "Previously care order", "Former care order", "Care order dismissed", "ICO withdrawn",
    "Considering care order", "Care order proposed", "Care order planned", "Care order was made", "Was on a care order", "Section 20 respite", "Section 20 and ICO",
    "Placement order and ICO", "Interim supervision order", "Interim section 31", "Interim care order (C2)", "ICO until 12/03/2025", "Care order 01/01/24 - 03/04/25",
    "Care order from 1/1/24 to 3/4/25", "Full care order and interim care order", "Care order or placement order", "Care order?", "S20/31", "Care proceedings", "Care plan"])  # fmt: skip
def test_a_legal_status_that_says_more_is_asked_about(text):
    assert legal_code(text) is None


def test_a_code_at_the_front_or_an_answer_settles_a_legal_status():
    assert legal_code("V2 - Section 20 (no respite)") == "V2"
    assert legal_code("Section 20 (no respite)", {"section 20 no respite": "V2"}) == "V2"
    assert [legal_code(LABELS[code]) for code in LEGAL_CODES] == list(LEGAL_CODES)
    # The labels without their codes, as somebody may copy them.
    assert [legal_code(LABELS[code][3:]) for code in LEGAL_CODES if code != "V4"] == [code for code in LEGAL_CODES if code != "V4"]


def test_a_child_whose_legal_status_denies_respite_is_asked_about_and_not_left_out():
    rows = [["Child ID", "Date started to be looked after", "Allocated team", "Legal status"], ["1", "01/02/2025", "A", "Section 20 (no respite)"]]
    prepared = load(("cases.csv", csv_bytes(rows)))
    row = prepared.tables["cases"].to_pylist()[0]
    assert (row["legal_status"], row["legal_code"]) == ("Section 20 (no respite)", None)
    assert [(q.field, q.value) for q in prepared.questions] == [("legal_status", "Section 20 (no respite)")]


@pytest.mark.parametrize("text", ["Case review", "Monthly review", "Interim review", "Follow up review", "Child review", "Child's review", "Further review", "Next review",
                                  "Review conference", "Initial review conference", "CIN review", "6 month review", "Pathway plan review"])  # fmt: skip
def test_a_review_of_no_known_kind_is_asked_about(text):
    assert read_code("meeting_type", MEETING_TYPES, text, {}) is None


@pytest.mark.parametrize("text", ["Child in Care Review", "CiC review", "LAC review", "CLA review minutes", "Looked after review", "Children looked after review", "Our child review",
    "Statutory review", "Statutory case review", "IRO review", "Review - IRO", "Review", "Review 4", "Review meeting", "First review", "Second review", "Third review",
    "Subsequent review", "1st review", "4th review", "First LAC review", "Interim LAC review", "LAC case review", "LAC review conference", "First statutory LAC review"])  # fmt: skip
def test_a_review_of_a_child_in_care_is_known(text):
    assert read_code("meeting_type", MEETING_TYPES, text, {}) == "review"


def test_other_with_a_plan_that_has_its_own_code_is_asked_about():
    read = {text: read_code("permanence_plan", PERMANENCE_PLANS, text, {}) for text in ("Other", "Other permanent plan", "h) Other", "Other: adoption", "Other - SGO")}
    assert read == {"Other": "other", "Other permanent plan": "other", "h) Other": "other", "Other: adoption": None, "Other - SGO": None}


@pytest.mark.parametrize("space", ["\u00a0", "\u2009", "\u202f", "\u2003", "\u3000"])
def test_every_space_is_an_ordinary_space(space):
    assert read_text(f"4{space}weekly{space}") == ("4 weekly", None)


def test_an_agreed_frequency_is_understood_whatever_wrote_it():
    assert read_text("28.0") == ("28", None)
    assert read_text("2.5") == ("2.5", None)
    rows = [["1", "CPM", "01/02/2026", text] for text in ("4\u00a0weekly", "28.0")]
    table = [["Child ID", "Meeting type", "Meeting date", "Agreed frequency"], *rows]
    got = load(("meetings.csv", csv_bytes(table))).tables["meetings"].to_pylist()
    assert [(r["meeting_date"], r["agreed_frequency"]) for r in got] == [(dt.date(2026, 2, 1), "4 weekly"), (dt.date(2026, 2, 1), "28")]
