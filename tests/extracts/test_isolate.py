"""Hostile and damaged files: refused before they are opened, or stopped in the child process. The tests' own process survives."""

import contextlib
import gc
import io
import itertools
import os
import signal
import subprocess
import tempfile
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cpm_metrics.errors import CpmError, UnreadableFile
from cpm_metrics.extracts import isolate
from cpm_metrics.extracts.mapping import MappingBook
from cpm_metrics.extracts.prepare import inspect, prepare
from cpm_metrics.extracts.problems import InputFile

from .files import CASES, MEETINGS, content, csv_bytes, day, edit_zip, load, xlsx

CASE = ["0012", "Null", day("01/02/2015"), day("03/04/2025"), None, "North"]
GOOD = xlsx(
    {
        "Cases": [CASES, CASE],
        "Meetings": [
            MEETINGS,
            ["M1", "0012", "CPM rev.", "31/02/2025", "", "", ""],
            ["M1", "0012", "CPM rev.", "10/02/2025", "", "", "Health; x"],
        ],
    }
)

# More than fits into a pipe at once.
LONG = csv_bytes([["Child ID", "Date started to be looked after", "Allocated team"], *([str(i), "03/04/2025", f"North {i}"] for i in range(5_000))])


def test_the_child_process_gives_the_same_as_this_one(tmp_path):
    path = tmp_path / "good.xlsx"
    path.write_bytes(GOOD)
    here = prepare(
        [InputFile("good.xlsx", GOOD), InputFile("uasc.csv", csv_bytes([["CHILD", "SEX", "DOB", "DUC"], ["1", "1", "", ""]]))], isolated=False
    )
    there = prepare([InputFile("good.xlsx", path), InputFile("uasc.csv", csv_bytes([["CHILD", "SEX", "DOB", "DUC"], ["1", "1", "", ""]]))])
    assert there == here
    assert here.questions
    assert here.unknown_tables
    assert inspect([InputFile("good.xlsx", GOOD)]) == inspect([InputFile("good.xlsx", GOOD)], isolated=False)


def test_errors_come_back_whole():
    with pytest.raises(CpmError) as here:
        prepare([InputFile("a.csv", b"a,b\r\n1,2\r\n")], isolated=False)
    with pytest.raises(CpmError) as there:
        prepare([InputFile("a.csv", b"a,b\r\n1,2\r\n")])
    assert (type(here.value), str(here.value), here.value.remedy) == (
        type(there.value),
        str(there.value),
        there.value.remedy,
    )


def test_progress_that_raises_ends_the_child():
    class Cancelled(Exception):
        pass

    def cancel(stage, done, total):
        raise Cancelled

    with pytest.raises(Cancelled):
        prepare([InputFile("good.xlsx", GOOD)], progress=cancel)


def test_a_file_that_takes_too_long_is_stopped():
    rows = "\r\n".join(
        ["Child ID,Date started to be looked after,Allocated team", *(f"{i},01/01/2025,N{i}" for i in range(400_000))]
    )
    started = time.monotonic()
    with pytest.raises(UnreadableFile, match="could not be read within 1 seconds"):
        isolate.run_isolated(
            "prepare", [InputFile("slow.csv", rows.encode())], MappingBook(), lambda *a: None, time_limit=1
        )
    assert time.monotonic() - started < 10


@pytest.mark.skipif(os.name != "posix", reason="the memory limit is the operating system's")
def test_a_file_that_takes_too_much_memory_is_stopped():
    rows = b"Child ID,Date started to be looked after,Allocated team\r\n" + b"1,01/01/2025,N\r\n" * 3_000_000
    with pytest.raises(UnreadableFile, match="could not be read: reading it needs more than the"):
        isolate.run_isolated(
            "prepare", [InputFile("big.csv", rows)], MappingBook(), lambda *a: None, memory_limit=700 * 2**20
        )


@pytest.mark.skipif(os.name != "posix", reason="signals of this kind are POSIX")
@pytest.mark.parametrize(("sent", "limit", "said"), [(signal.SIGSTOP, 2, "within 2 seconds"), (signal.SIGKILL, 60, "it is damaged")])
def test_a_child_that_stops_within_its_answer_is_not_waited_for(monkeypatch, sent, limit, said):
    """After the head of the answer, before its tables: the same limit counts, the page hears of it all the time, and asked again it reads again."""
    whole = isolate._receive

    def interrupted(pipe):
        message = whole(pipe)
        if message and b'"prepared"' in message[:30]:
            os.kill(reading._child.process.pid, sent)
            time.sleep(0.2)
        return message

    with contextlib.closing(isolate.Reading([InputFile("long.csv", LONG)], time_limit=limit)) as reading:
        reading.inspect()
        monkeypatch.setattr(isolate, "_receive", interrupted)
        ticks = []
        began = time.monotonic()
        with ThreadPoolExecutor(1) as pool, pytest.raises(UnreadableFile, match=said):
            pool.submit(reading.prepare, None, lambda *a: ticks.append(time.monotonic())).result(timeout=20)
        assert time.monotonic() - began < limit + 5
        assert sent == signal.SIGKILL or max(b - a for a, b in itertools.pairwise(ticks)) < 1
        monkeypatch.undo()
        reading.time_limit = 60
        assert reading.prepare().counts["cases"] == 5_000


def _with_sheet(change) -> bytes:
    return edit_zip(GOOD, lambda name, data: change(data) if name == "xl/worksheets/sheet1.xml" else data)


def _bomb(part: str, start: bytes, end: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(GOOD)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
        with new.open(part, "w") as big:
            big.write(start)
            for _ in range(600):
                big.write(b"A" * 2**20)
            big.write(end)
    return out.getvalue()


def test_a_600_mb_comment_in_a_small_zip_is_refused_quickly():
    bomb = _bomb("xl/comments9.xml", b"<comments><t>", b"</t></comments>")
    assert len(bomb) < 2**20
    started = time.monotonic()
    with pytest.raises(UnreadableFile, match="unpacks to far more than a spreadsheet of its size holds"):
        load(("bomb.xlsx", bomb))
    assert time.monotonic() - started < 2


@pytest.mark.parametrize("cell", ["XFD1048576", "A1048576", "XFD3"])
def test_one_far_cell_is_refused_before_any_reader_allocates_for_it(cell):
    row = cell.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    far = _with_sheet(
        lambda xml: xml.replace(
            b"</sheetData>", f'<row r="{row}"><c r="{cell}"><v>1</v></c></row></sheetData>'.encode()
        )
    )
    if cell == "XFD3":
        assert load(("far.xlsx", far)).tables["cases"].num_rows == 1
    else:
        with pytest.raises(UnreadableFile, match=r"far\.xlsx, sheet Cases, reaches to row 1,048,576"):
            load(("far.xlsx", far))


def test_quotes_of_the_other_kind_hide_nothing():
    far = _with_sheet(
        lambda xml: xml.replace(b"</sheetData>", b"<row r='1048576'><c r='XFD1048576'><v>1</v></c></row></sheetData>")
    )
    with pytest.raises(UnreadableFile, match="reaches to row 1,048,576"):
        load(("far.xlsx", far))


def test_a_far_cell_inside_a_near_row_is_refused_too():
    far = _with_sheet(
        lambda xml: xml.replace(b"</sheetData>", b'<row r="3"><c r="XFD1048576"><v>1</v></c></row></sheetData>')
    )
    with pytest.raises(UnreadableFile, match="reaches to row"):
        load(("far.xlsx", far))


@pytest.mark.parametrize(
    "evil",
    [b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>', b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'],
)  # fmt: skip
def test_entities_are_refused(evil):
    data = _with_sheet(lambda xml: xml.replace(b"<worksheet", evil + b"<worksheet", 1))
    with pytest.raises(UnreadableFile, match="entity definitions"):
        load(("evil.xlsx", data))


def test_an_entity_in_a_number_is_refused_because_the_reader_would_lose_digits():
    data = xlsx({"Cases": [CASES, [1234, "A", None, day("03/04/2025"), None, "N"]]})
    data = edit_zip(data, lambda name, xml: xml.replace(b"<v>1234</v>", b"<v>12&#51;4</v>"))
    with pytest.raises(UnreadableFile, match="writes a number in a way that no spreadsheet program does"):
        load(("evil.xlsx", data))


@pytest.mark.parametrize("dimension", [b"A1", b"A1:XFD1048576", b"C3:D4", b"ZZZ9"])
def test_a_wrong_dimension_tag_loses_no_rows(dimension):
    import re

    data = _with_sheet(lambda xml: re.sub(rb'<dimension ref="[^"]*"', b'<dimension ref="' + dimension + b'"', xml))
    assert content(load(("d.xlsx", data)), "cases") == content(load(("g.xlsx", GOOD)), "cases")


def test_strict_open_xml_gives_all_rows():
    def strict(name, data):
        data = data.replace(
            b"http://schemas.openxmlformats.org/spreadsheetml/2006/main",
            b"http://purl.oclc.org/ooxml/spreadsheetml/main",
        )
        return data.replace(
            b"http://schemas.openxmlformats.org/officeDocument/2006/relationships",
            b"http://purl.oclc.org/ooxml/officeDocument/relationships",
        )

    assert content(load(("s.xlsx", edit_zip(GOOD, strict))), "cases") == content(load(("g.xlsx", GOOD)), "cases")


def test_dates_stored_as_iso_text_are_dates():
    data = _with_sheet(
        lambda xml: xml.replace(b'<c r="D2" s="1"><v>45750</v>', b'<c r="D2" s="1" t="d"><v>2025-04-03</v>')
    )
    assert content(load(("s.xlsx", data)), "cases") == content(load(("g.xlsx", GOOD)), "cases")


def test_every_truncation_of_a_workbook_is_refused_in_plain_words():
    for size in range(0, len(GOOD) - 1, 173):
        with pytest.raises(UnreadableFile):
            load(("cut.xlsx", GOOD[:size]))


def test_hidden_sheets_rows_and_columns_are_read_and_said():
    import xlsxwriter

    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        front = book.add_worksheet("Front")
        front.write_string(0, 0, "Hello")
        sheet = book.add_worksheet("Cases")
        for i, row in enumerate([CASES, ["1", "A", "", "01/01/2025", "", "N"], ["2", "B", "", "01/01/2025", "", "N"]]):
            for j, value in enumerate(row):
                sheet.write_string(i, j, value)
        sheet.set_row(2, None, None, {"hidden": True})
        sheet.set_column(1, 1, 10, None, {"hidden": True})
        sheet.hide()
    prepared = load(("h.xlsx", buffer.getvalue()))
    assert prepared.tables["cases"].num_rows == 2
    notes = " ".join(prepared.sources[0].notes)
    assert "The sheet is hidden" in notes
    assert "1 row is hidden" in notes
    assert "Column B is hidden" in notes


def test_a_200_mb_workbook_is_refused_at_once_with_its_size(tmp_path):
    """Over the limit the file isn't even opened; the person is told to split it."""
    path = tmp_path / "huge.xlsx"
    with path.open("wb") as file:
        file.truncate(200 * 2**20 + 1)
    started = time.monotonic()
    with pytest.raises(UnreadableFile, match=r"huge\.xlsx is larger than 200 MB"):
        load(("huge.xlsx", path))
    assert time.monotonic() - started < 2


# -- read once, asked several times


@pytest.fixture(autouse=True)
def none_waits() -> None:
    """Pages that other tests opened in this process may have left some."""
    for waiting in list(isolate._WAITING._all):
        if (reading := waiting()) is not None:
            reading.close()


def _children() -> set[int]:
    """The processes that this one has started and that still run."""
    return {int(line.split()[0]) for line in subprocess.run(["ps", "--ppid", str(os.getpid()), "-o", "pid=,args="], capture_output=True, text=True, check=False).stdout.splitlines() if "cpm_metrics.extracts.worker" in line}


def _ends(process: int) -> bool:
    until = time.monotonic() + 10
    while process in _children():
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


FILES = [InputFile("good.xlsx", GOOD), InputFile("uasc.csv", csv_bytes([["CHILD", "SEX", "DOB", "DUC"], ["1", "1", "", ""]]))]


def test_files_are_read_once_however_often_they_are_asked_about():
    """The rows stay in the child: later questions, with other mappings too, read nothing again and get what a first one would."""
    said: list[str] = []
    with contextlib.closing(isolate.Reading(FILES)) as reading:
        views = reading.inspect(MappingBook(), lambda stage, *_: said.append(stage))
        assert any(stage.startswith("Reading rows of good.xlsx") for stage in said)
        said.clear()
        book = MappingBook()
        book.remember_value("meetings", "meeting_type", "CPM rev.", "cpm")
        book.remember_headers(["CHILD", "SEX", "DOB", "DUC"], "ignore")
        prepared = [reading.prepare(b, lambda stage, *_: said.append(stage)) for b in (MappingBook(), book, MappingBook())]
        again = reading.inspect(MappingBook())
        assert not any(stage.startswith(("Opening", "Unpacking", "Reading", "Looking")) for stage in said)
    assert views == again == inspect(FILES, isolated=False)
    assert prepared[0] == prepared[2] == prepare(FILES, isolated=False)
    assert prepared[1] == prepare(FILES, mapping=book, isolated=False)
    assert [q.field for q in prepared[1].questions] == ["domains"]


def test_a_closed_reading_leaves_no_process_and_reads_again_when_asked():
    """Closed, forgotten, or cancelled in the middle: the child is gone. Nothing was written anywhere."""
    before = set(Path(tempfile.gettempdir()).iterdir())
    reading = isolate.Reading(FILES)
    first = reading.prepare()
    (child,) = _children()
    reading.close()
    assert _ends(child)
    assert reading.prepare() == first

    (child,) = _children()
    del reading
    gc.collect()
    assert _ends(child)

    class Cancelled(Exception):
        pass

    def cancel(stage, done, total):
        if stage.startswith("Reading rows"):
            raise Cancelled

    reading = isolate.Reading(FILES)
    with pytest.raises(Cancelled):
        reading.inspect(MappingBook(), cancel)
    assert not _children()
    assert reading.prepare() == first
    reading.close()
    new = set(Path(tempfile.gettempdir()).iterdir()) - before
    assert not [path for path in new if path.is_file() and "good" in path.name]


def test_a_refused_file_is_refused_again_in_the_same_words():
    with contextlib.closing(isolate.Reading([InputFile("a.xlsx", b"%PDF-1.4")])) as reading:
        for _ in range(2):
            with pytest.raises(UnreadableFile, match=r"a\.xlsx is not a spreadsheet: it is a PDF"):
                reading.inspect()


def test_only_some_readings_wait(monkeypatch):
    """Memory is bounded: the one that waited longest goes, and reads again when it is asked."""
    monkeypatch.setattr(isolate, "MOST_WAITING", 2)
    readings = [isolate.Reading(FILES) for _ in range(3)]
    views = [reading.inspect() for reading in readings]
    assert len(_children()) == 2
    assert readings[0]._child is None
    assert readings[0].inspect() == views[1]
    assert len(_children()) == 2
    for reading in readings:
        reading.close()
    assert not _children()


def test_an_idle_reading_ends_by_itself(monkeypatch):
    monkeypatch.setattr(isolate, "IDLE_LIMIT", 0.3)
    reading = isolate.Reading(FILES)
    reading.inspect()
    (child,) = _children()
    assert _ends(child)


def test_progress_comes_also_while_a_stage_takes_long_and_stopping_takes_less_than_a_second():
    """Nothing to count while a big sheet is unpacked and looked over: the stage is said again and again, and the person's Stop is
    noticed each time. The child is gone at once."""
    rows = [CASES, *[[f"{n:05d}", f"Name {n}", day("01/02/2015"), day("03/04/2025"), None, "North"] for n in range(60_000)]]
    big = [InputFile("big.xlsx", xlsx({"Cases": rows}))]
    times: list[float] = []
    with contextlib.closing(isolate.Reading(big)) as reading:
        reading.inspect(MappingBook(), lambda *at: times.append(time.monotonic()))
    assert max(b - a for a, b in itertools.pairwise(times)) < 1

    class Cancelled(Exception):
        pass

    stopped: list[float] = []

    def stop_halfway(*_at):
        stopped.append(time.monotonic())
        if len(stopped) == max(2, len(times) // 2):
            raise Cancelled

    with pytest.raises(Cancelled):
        prepare(big, progress=stop_halfway)
    assert time.monotonic() - stopped[-1] < 1
    assert not _children()


def test_two_questions_at_once_are_answered_one_after_the_other():
    """Two runs of a page may overlap: nobody gets the other's answer."""
    with contextlib.closing(isolate.Reading(FILES)) as reading, ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda n: reading.inspect() if n % 2 else reading.prepare(), range(8)))
    assert all(a == answers[n % 2] for n, a in enumerate(answers))


def test_inspecting_and_preparing_agree_about_what_stops_a_load():
    """A second table that only looks like meetings is left out by both where there are meetings already, and stops both where not."""
    half = ["Child ID", "Meeting type", "Colour"]
    both = [InputFile("a.xlsx", xlsx({"Meetings": [MEETINGS, ["M1", "1", "CPM", "01/01/2025", "", "", ""]], "Other": [half, ["1", "CPM", "red"]]}))]
    alone = [InputFile("a.xlsx", xlsx({"Other": [half, ["1", "CPM", "red"]]}))]
    assert not any(v.refuse for v in inspect(both, isolated=False))
    assert prepare(both, isolated=False).counts == {"meetings": 1}
    assert any(v.refuse for v in inspect(alone, isolated=False))
    with pytest.raises(CpmError, match="Meeting date"):
        prepare(alone, isolated=False)


def test_the_child_gets_no_key_of_the_store(monkeypatch, tmp_path):
    """The process that parses files from outside has nothing to open the store with."""
    for name in ("CPM_KEY", "CPM_KEY_FILE", "CPM_NEW_KEY", "CPM_NEW_KEY_FILE", "CPM_STATE_URL"):
        monkeypatch.setenv(name, "what opens the store")
    child = isolate._Child([], 2**30)
    try:
        seen = Path(f"/proc/{child.process.pid}/environ").read_bytes() if Path("/proc/self/environ").exists() else b""
        assert b"what opens the store" not in seen
    finally:
        child.process.kill()
        child.process.wait()
