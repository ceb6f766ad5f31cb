"""The Care Planning Meeting Record: made from the extracts, completed in Word, read back, added to a load, and kept."""

from __future__ import annotations

import io
import random
import subprocess
import sys
import zipfile
from datetime import date
from pathlib import Path

import docx
import pandas as pd
import pytest
from openpyxl import Workbook

from cpm_metrics.documents.record import record_docx
from cpm_metrics.engine import compute
from cpm_metrics.errors import LoadRefused, UnknownName, UnreadableFile
from cpm_metrics.extracts.datasets import DOMAINS
from cpm_metrics.extracts.prepare import prepare
from cpm_metrics.extracts.problems import InputFile
from cpm_metrics.records import AgreedAction, already_there, form, prepared, read_record
from cpm_metrics.store import Store
from cpm_metrics.views import contract
from tests.records.completing import Form, own_form, rows_of

EXTRACT = date(2026, 11, 20)
MEETING = date(2026, 11, 18)
CASES = ["Child ID", "Forename", "Surname", "Date of birth", "Date started to be looked after", "Allocated team", "Allocated worker", "Team manager", "Permanence plan", "Permanence plan agreed date", "Legal status"]
MEETINGS = ["Meeting ID", "Child ID", "Meeting type", "Meeting date", "Meeting status", "Agreed frequency", "Domains considered", "Attendees"]
# The record says who chaired and whether the plan changed; this extract has no such columns.


def book(*sheets: tuple[list, ...]) -> InputFile:
    out = Workbook()
    out.remove(out.active)
    for at, rows in enumerate(sheets):
        page = out.create_sheet(f"S{at}")
        for row in rows:
            page.append(row)
    buffer = io.BytesIO()
    out.save(buffer)
    return InputFile("extract.xlsx", buffer.getvalue())


CASE_ROWS = (
    CASES,
    ["0101", "Łukasz", "Śmiły-Invented", date(2015, 3, 4), date(2026, 1, 5), "North", "Jo Field", "Sam Hill", "Adoption", date(2026, 5, 1), "C1"],
    ["0102", "Mia", "Bell-Invented", date(2017, 1, 2), date(2026, 2, 2), "North", "Jo Field", None, None, None, "C2"],
)
MEETING_ROWS = (
    MEETINGS,
    ["M1", "0101", "CPM", date(2026, 1, 12), "Held", "every 6 weeks", "Health; Education", "Jo Field, Social worker; Pat Green, Fostering"],
    ["M2", "0102", "CPM", date(2026, 2, 9), "Held", None, "All", None],
)


@pytest.fixture
def store(tmp_path) -> Store:
    out = Store(tmp_path / "store")
    out.commit(prepare([book(CASE_ROWS, MEETING_ROWS)]), EXTRACT, "Ann", confirmed=True)
    return out


def completed(content: bytes, *, considerations: bool = False) -> bytes:
    done = (
        Form(content).beside("Date of meeting", "18/11/2026").beside("Chaired by (name and position)", "Sam Hill, Team Manager")
        .tick(form.KINDS["cpm"], *[form.DOMAIN_WORDS[d] for d in DOMAINS if d != "self_care"], form.PLAN_CHANGES["substantial"], "Jo Field, Social worker")
        .rows(("Name and Position", "Name and Position"), [("Dr Ivy Moss, Parenting assessor", "Grandma")])
        .after("Agreed frequency", "4 weekly").below("What’s working well?", "School: settled").below("What needs to happen?", "Match with adopters")
        .below(form.SECTIONS["purpose"][0], "Review of Care Plan")
        .rows(("Action", "Responsible", "Timescale"), [("Chase the medical", "Jo Field", "02/12/2026"), ("Write to school", "Pat", "2 weeks"), ("Think", "", "ASAP")])
    )  # fmt: skip
    return done.content()


# -- the form


def test_the_form_holds_what_the_meeting_should_have_before_it(store):
    """The child, who usually attends, the plan, the last meeting's frequency, and the domains it left out."""
    content = record_docx(compute(store.current()), "0101")
    text = "\n".join(p.text for p in docx.Document(io.BytesIO(content)).paragraphs)
    tables = "\n".join(cell.text for table in docx.Document(io.BytesIO(content)).tables for row in table.rows for cell in row.cells)
    assert "Łukasz Śmiły-Invented" in tables
    assert "0101" in tables
    assert "Adoption, agreed 1 May 2026" in text
    for person in ("Jo Field, Social worker", "Sam Hill, Team manager", "Pat Green, Fostering"):
        assert text.count(person) == 1
    assert "every 6 weeks" in text
    assert "Not covered at the last meeting (12 Jan 2026): emotional and behavioural development, identity" in text
    assert "Next Care Planning Meeting needed by: 23 Feb 2026 (overdue)" in text


def test_only_a_child_in_care_has_a_next_meeting(store):
    with pytest.raises(UnknownName, match="not in care"):
        record_docx(compute(store.current()), "9999")


def test_open_actions_and_undiscussed_assessments_stand_in_the_form(tmp_path):
    """From the extracts of actions and assessments; a completed action and a discussed assessment don't."""
    actions = (["Child ID", "Meeting date", "Action", "Responsible", "Due date", "Completed date"],
               ["0101", date(2026, 1, 12), "Refer to CAMHS", "Jo Field", date(2026, 2, 1), None],
               ["0101", date(2026, 1, 12), "Done already", "Jo Field", date(2026, 2, 1), date(2026, 1, 20)])  # fmt: skip
    assessments = (["Child ID", "Assessment type", "Assessment date"],
                   ["0101", "Psychological assessment", date(2026, 3, 1)], ["0101", "Parenting assessment", date(2026, 1, 7)])  # fmt: skip
    reviews = (["Child ID", "Review date", "Review status"], ["0101", date(2026, 1, 30), "Held"], ["0101", date(2026, 12, 1), "Booked"])
    store = Store(tmp_path / "store")
    store.commit(prepare([book(CASE_ROWS, MEETING_ROWS, actions, assessments, reviews)]), EXTRACT, "Ann", confirmed=True)
    document = docx.Document(io.BytesIO(record_docx(compute(store.current()), "0101")))
    text = "\n".join([p.text for p in document.paragraphs] + [cell.text for table in document.tables for row in table.rows for cell in row.cells])
    assert "Refer to CAMHS" in text
    assert "Done already" not in text
    assert "not yet discussed at a meeting: Psychological assessment, received 1 Mar 2026" in text
    assert "Parenting assessment, received" not in text
    assert "Next Child in Care Review: 1 Dec 2026 (booked)" in text


# -- reading it back


def test_a_form_that_nobody_completed_says_what_is_missing(store):
    """Nothing that we filled in comes back as if it had been said at the meeting."""
    record = read_record(InputFile("r.docx", record_docx(compute(store.current()), "0101")))
    assert record.child_ids == ["0101"]
    assert (record.meeting_date, record.meeting_type, record.domains, record.plan_change) == (None, None, None, None)
    assert (record.attendees, record.actions, record.frequency, record.permanence, record.purpose, record.working_well) == ([], [], "", "", "", "")
    for words in ("date of the meeting is blank", "kind of meeting isn’t ticked", "Who chaired", "Nobody is ticked", "frequency", "seven domains", "Care Plan changed"):
        assert any(words in line for line in record.unread), words


def test_a_completed_form_is_read_whole(store):
    record = read_record(InputFile("r.docx", completed(record_docx(compute(store.current()), "0101"))))
    assert (record.meeting_date, record.meeting_type, record.also_placement_planning) == (MEETING, "cpm", False)
    assert (record.chair, record.chair_role) == ("Sam Hill, Team Manager", "team_manager")
    assert [(a.name, a.position, a.role) for a in record.attendees] == [
        ("Jo Field", "Social worker", "social_worker"), ("Dr Ivy Moss", "Parenting assessor", "parenting_assessor"), ("Grandma", "", "other")]  # fmt: skip
    assert record.domains == tuple(d for d in DOMAINS if d != "self_care")
    assert (record.frequency, record.plan_change, record.purpose) == ("4 weekly", "substantial", "Review of Care Plan")
    assert (record.working_well, record.needs_to_happen) == ("School: settled", "Match with adopters")
    assert record.actions == [
        AgreedAction("Chase the medical", "Jo Field", "02/12/2026", date(2026, 12, 2)),
        AgreedAction("Write to school", "Pat", "2 weeks", date(2026, 12, 2)),
        AgreedAction("Think", "", "ASAP", None),
    ]
    (left,) = record.unread
    assert "“ASAP”" in left


def test_a_councils_own_copy_of_the_quick_guides_form(store):
    """Its headings, without our rows: what it doesn't ask is said, the rest is read."""
    content = own_form([
        "Care Planning Meeting Record",
        [["Date of meeting", "18th November 2026"], ["Name of Child / Children", "Mia Bell-Invented"], ["D.O.B", "02/01/2017"]],
        "In attendance:",
        [["Name and Position", "Name and Position"], ["Jo Field – Social Worker", "Kim Lee (IRO)"], ["Chair", ""]],
        "Purpose of the meeting and agreed frequency of Care Planning Meetings", "(For example: Development of a Care Plan, review of Care Plan)",
        "To review the plan. Meetings to be monthly.",
        "Plan for permanence", "Long-term fostering",
        [["What’s working well?"], ["Contact with mum"], ["What are we worried about?"], ["Sleep"]],
        "What needs to happen?",
        [["Action", "Responsible", "Timescale"], ["Refer", "Jo", "3 months"], ["", "", ""]],
    ])  # fmt: skip
    record = read_record(InputFile("own.docx", content))
    assert (record.meeting_date, record.names, record.born, record.child_ids) == (MEETING, "Mia Bell-Invented", [date(2017, 1, 2)], [])
    assert [(a.name, a.role) for a in record.attendees] == [("Jo Field", "social_worker"), ("Kim Lee", "iro"), ("Chair", "other")]
    assert (record.frequency, record.permanence, record.working_well, record.worried_about) == ("monthly", "Long-term fostering", "Contact with mum", "Sleep")
    assert record.purpose == "To review the plan. Meetings to be monthly."
    assert record.actions == [AgreedAction("Refer", "Jo", "3 months", date(2027, 2, 18))]
    assert (record.domains, record.plan_change, record.meeting_type) == (None, None, None)


@pytest.mark.parametrize(
    ("written", "read"),
    [("11/18/2026", None), ("18/11/26", MEETING), ("Wednesday 18 November 2026", MEETING), ("Thursday 18 November 2026", None), ("next week", None)],
)
def test_the_meetings_date_is_never_guessed(store, written, read):
    content = Form(record_docx(compute(store.current()), "0101")).beside("Date of meeting", written).content()
    assert read_record(InputFile("r.docx", content)).meeting_date == read


def test_deleted_text_of_tracked_changes_is_not_read(store):
    filled = Form(record_docx(compute(store.current()), "0101")).below("What are we worried about?", "KEEP").content()
    deleted = '<w:del w:id="1" w:author="x" xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:r><w:delText>GONE</w:delText></w:r></w:del>'
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(filled)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name == "word/document.xml":
                data = data.decode().replace("<w:r><w:t>KEEP", deleted + "<w:r><w:t>KEEP").encode()
                assert b"GONE" in data
            new.writestr(name, data)
    assert read_record(InputFile("r.docx", out.getvalue())).worried_about == "KEEP"


def bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("word/document.xml", b" " * (9 * 2**20))
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\xd0\xcf\x11\xe0 old Word", "before 2007"), (b"PK\x03\x04 cut off", "can't be read"), (b"%PDF-1.7", "can't be read"), (b"", "can't be read"),
        (bomb(), "unpacks to far more"), (book(CASE_ROWS).data, "can't be read"), (own_form(["Dear all,", "the meeting is off."]), "not a Care Planning Meeting Record"),
    ],
    ids=["doc", "cut", "pdf", "empty", "bomb", "xlsx", "letter"],
)  # fmt: skip
def test_what_is_no_record_is_refused_in_words(content, words):
    with pytest.raises(UnreadableFile, match=words) as refused:
        read_record(InputFile("a.docx", content))
    assert "a.docx" in refused.value.what
    assert refused.value.remedy


def test_a_damaged_record_is_read_or_refused():
    """Bytes and parts of a good one spoiled, each in its own way: never an error of the libraries that unpack and parse it."""
    whole = own_form(["Date of meeting: 18/11/2026", "In attendance", "Jo Field, Social worker", "Domains considered"])
    chance, refused = random.Random(3), 0
    for _ in range(60):
        spoiled = bytearray(whole)
        spoiled[chance.randrange(len(spoiled))] ^= 1 << chance.randrange(8)
        refused += not readable(bytes(spoiled))
    with zipfile.ZipFile(io.BytesIO(whole)) as packed:
        parts = {name: packed.read(name) for name in packed.namelist()}
    for name, content in parts.items():
        for spoiled in (None, b"", content[: len(content) // 2], b"<w:document/>", b"<a xmlns='b'/>"):
            out = io.BytesIO()
            with zipfile.ZipFile(out, "w") as packed:
                for other, kept in parts.items():
                    if other != name or spoiled is not None:
                        packed.writestr(other, spoiled if other == name else kept)
            refused += not readable(out.getvalue())
    assert refused


def readable(content: bytes) -> bool:
    try:
        read_record(InputFile("a.docx", content))
    except UnreadableFile:
        return False
    return True


@pytest.mark.parametrize("line", ["a" + " " * 300_000 + "b", "(" * 300_000, "☐" * 300_000, "a:" * 150_000], ids=["spaces", "brackets", "boxes", "colons"])
def test_a_line_made_to_take_hours_takes_a_moment(line):
    """Read in a process of its own, which is ended after a minute: patterns must not grow faster than the text."""
    content = own_form(["Date of meeting: 18/11/2026", "In attendance", line, "Domains considered", line, line])
    code = "import sys; from cpm_metrics.extracts.problems import InputFile; from cpm_metrics.records import read_record; read_record(InputFile('r.docx', sys.stdin.buffer.read()))"
    subprocess.run([sys.executable, "-c", code], input=content, cwd=Path(__file__).parents[2], timeout=60, check=True)


def test_a_bomb_by_another_name_is_found():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("word/other.xml", b" " * (9 * 2**20))
    with pytest.raises(UnreadableFile, match="unpacks to far more"):
        read_record(InputFile("a.docx", out.getvalue()))


def test_entities_of_the_documents_xml_are_not_followed(tmp_path):
    """A document can't read a file of this computer into a record."""
    secret = tmp_path / "secret.txt"
    secret.write_text("TOP SECRET")
    plain = own_form(["Date of meeting: 18/11/2026", "In attendance", "&x;"])
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(plain)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name == "word/document.xml":
                data = data.replace(b"&amp;x;", b"&x;").replace(b"<w:document", f'<!DOCTYPE d [<!ENTITY x SYSTEM "file://{secret}">]><w:document'.encode(), 1)
            new.writestr(name, data)
    assert "SECRET" not in str(read_record(InputFile("r.docx", out.getvalue())))


# -- becoming a meeting


def add(store: Store, children=("0101",), content: bytes | None = None):
    content = content or completed(record_docx(compute(store.current()), "0101"))
    file = InputFile("r.docx", content)
    return store.add(prepared(read_record(file), children, file), "Ann")


def test_who_sent_apologies_was_not_there():
    content = own_form(["Date of meeting: 18/11/2026", "In attendance", "Jo Field, Social worker", "Apologies:", "Sam Ray, Team manager", "Present:", "Kim Lee, IRO", "Domains considered"])
    record = read_record(InputFile("own.docx", content))
    assert [(a.name, a.role) for a in record.attendees] == [("Jo Field", "social_worker"), ("Kim Lee", "iro")]


def test_a_record_becomes_a_meeting_with_attendees_domains_and_actions(store):
    """It meets what was due, and what a record doesn't tell of (the minutes) stays unknown."""
    before = compute(store.current())
    late = before.rows("SELECT status FROM obligations WHERE rule = 'agreed-frequency' AND child_id = '0101'")
    assert late == [("overdue",)]
    info = add(store)
    assert info.extract_date == EXTRACT
    (meeting,) = rows_of(store.current(), "meetings", meeting_date=MEETING)
    assert (meeting["child_id"], meeting["status"], meeting["chair_role"]) == ("0101", "held", "team_manager")
    assert meeting["attendee_roles"] == ["other", "parenting_assessor", "social_worker"]
    after = compute(store.current())
    assert after.rows("SELECT status, done_date FROM obligations WHERE rule = 'agreed-frequency' AND anchor_date = DATE '2026-01-12'") == [("late", MEETING)]
    assert after.rows("SELECT status FROM obligations WHERE rule = 'progress-domains' AND due_date = $1", [MEETING]) == [("missed",)]
    assert after.rows("SELECT status FROM obligations WHERE rule = 'minutes-on-file' AND anchor_date = $1", [MEETING]) == [("cannot_tell",)]
    # Every other child is as before.
    of_the_other = [frame[frame["child_id"] == "0102"].reset_index(drop=True) for frame in map(contract.obligations, (before, after))]
    pd.testing.assert_frame_equal(*of_the_other)


def test_a_column_that_only_a_record_has_is_not_taken_for_loaded(store):
    """Until an extract has it: then what the record said of it counts."""
    add(store)
    rule = "SELECT child_id, status FROM obligations WHERE rule = 'cpm-chair' ORDER BY ALL"
    assert {status for _, status in compute(store.current()).rows(rule)} == {"cannot_tell"}
    wider = [[*row, extra] for row, extra in zip(MEETING_ROWS, ("Chair role", "Team manager", "Social worker"), strict=True)]
    complex_too = [[*row, extra] for row, extra in zip(CASE_ROWS, ("Complex case", "No", "No"), strict=True)]
    store.commit(prepare([book(complex_too, wider)]), date(2026, 11, 27), "Ann", confirmed=True)
    assert compute(store.current()).rows(rule) == [("0101", "on_time"), ("0101", "on_time"), ("0102", "on_time")]


def test_one_records_actions_dont_speak_for_every_child(store):
    """No extract of actions was ever loaded: that stays so, for this child too; the actions can be seen with the child."""
    add(store)
    assert "actions" not in store.current().loaded()
    after = compute(store.current())
    assert {status for (status,) in after.rows("SELECT DISTINCT status FROM obligations WHERE rule = 'action-completed'")} == {"cannot_tell"}
    assert len(rows_of(store.current(), "actions", child_id="0101")) == 3


def test_a_meeting_after_the_extract_counts_as_booked_until_the_next_extract(store):
    content = Form(completed(record_docx(compute(store.current()), "0101"))).beside("Date of meeting", "24/11/2026").content()
    add(store, content=content)
    results = compute(store.current())
    assert results.rows("SELECT state FROM timeline_meetings WHERE meeting_date = DATE '2026-11-24'") == [("booked",)]
    assert results.rows("SELECT count(*) FROM obligations WHERE done_date = DATE '2026-11-24'") == [(0,)]


def test_it_can_be_undone_and_stands_in_the_audit(store):
    first = store.current().info.load_id
    add(store)
    assert store.state.audit()[0].what == "record added"
    store.undo("Ann")
    assert store.current().info.load_id == first
    assert not rows_of(store.current(), "meetings", meeting_date=MEETING)


def test_a_meeting_that_is_loaded_already_is_noticed(store):
    assert already_there(store.current(), ["0101", "0102"], date(2026, 1, 12)) == ["0101"]
    assert already_there(store.current(), ["0101"], MEETING) == []


def test_a_booked_row_of_that_day_gives_way_to_the_record(tmp_path):
    """One meeting stays one, and the row left out is counted and said."""
    store = Store(tmp_path / "store")
    store.commit(prepare([book(CASE_ROWS, (*MEETING_ROWS, ["M3", "0101", "CPM", MEETING, "Booked", None, None, None]))]), EXTRACT, "Ann", confirmed=True)
    add(store)
    (meeting,) = rows_of(store.current(), "meetings", meeting_date=MEETING)
    assert meeting["status"] == "held"
    sources = store.current().table("sources").to_pylist()
    assert all(source["rows_read"] == source["rows_loaded"] + source["rows_left_out"] for source in sources)
    assert [p["kind"] for p in store.current().table("problems").to_pylist() if p["kind"].startswith("record")] == ["record_in_its_place"]


def test_the_next_extract_keeps_a_record_it_doesnt_have_and_replaces_one_it_has(store):
    """Nothing that a person confirmed is lost with the weekly load, and nothing is counted twice."""
    add(store)
    later = date(2026, 11, 27)
    store.commit(prepare([book(CASE_ROWS, MEETING_ROWS)]), later, "Ann", confirmed=True)
    assert len(rows_of(store.current(), "meetings", meeting_date=MEETING)) == 1
    assert len(rows_of(store.current(), "actions", child_id="0101")) == 3
    told = (*MEETING_ROWS, ["M9", "0101", "Care Planning Meeting", MEETING, "Held", "monthly", "All", None])
    actions = (["Child ID", "Meeting date", "Action", "Due date"], ["0101", MEETING, "Chase the medical", date(2026, 12, 2)])
    store.commit(prepare([book(CASE_ROWS, told, actions)]), date(2026, 12, 4), "Ann", confirmed=True)
    (meeting,) = rows_of(store.current(), "meetings", meeting_date=MEETING)
    assert meeting["meeting_id"] == "M9"
    assert [row["action"] for row in rows_of(store.current(), "actions")] == ["Chase the medical"]
    sources = store.current().table("sources").to_pylist()
    assert all(source["rows_read"] == source["rows_loaded"] + source["rows_left_out"] for source in sources)
    assert {p["kind"] for p in store.current().table("problems").to_pylist()} >= {"record_in_the_extract"}
    compute(store.current())


def test_a_load_without_meetings_carries_records_along(store):
    add(store)
    store.commit(prepare([book(CASE_ROWS)]), date(2026, 11, 27), "Ann", confirmed=True)
    assert len(rows_of(store.current(), "meetings", meeting_date=MEETING)) == 1
    assert len(rows_of(store.current(), "actions")) == 3


def test_two_records_after_one_another_are_both_kept(store):
    add(store)
    second = Form(completed(record_docx(compute(store.current()), "0102"))).beside("Date of meeting", "19/11/2026").content()
    add(store, children=["0102"], content=second)
    assert {(row["child_id"], row["meeting_date"]) for row in store.current().table("meetings").to_pylist()} >= {("0101", MEETING), ("0102", date(2026, 11, 19))}
    assert len(rows_of(store.current(), "actions")) == 6
    assert len({row["source"] for row in rows_of(store.current(), "actions")}) == 2


def test_without_meetings_one_record_is_refused(tmp_path):
    store = Store(tmp_path / "store")
    store.commit(prepare([book(CASE_ROWS)]), EXTRACT, "Ann", confirmed=True)
    with pytest.raises(LoadRefused, match="every other child"):
        add(store)


def test_siblings_in_one_record_are_one_meeting_with_two_children(store):
    add(store, children=["0101", "0102"])
    rows = rows_of(store.current(), "meetings", meeting_date=MEETING)
    assert [row["child_id"] for row in rows] == ["0101", "0102"]
    assert len({row["meeting_id"] for row in rows}) == 1
