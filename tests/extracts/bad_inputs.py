"""Bad inputs: name -> how to make the files. What each must give stands in bad_inputs_expected.txt (see test_bad_inputs.py)."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from pathlib import Path

from .files import CASES, MEETINGS, csv_bytes, day, edit_zip, xlsx

DATA = Path(__file__).parent / "data"
Files = list[tuple[str, bytes]]
BAD: dict[str, Callable[[], Files]] = {}

CASE = ["0012", "Null", day("01/02/2015"), day("03/04/2025"), None, "North"]
TEXT_CASE = ["0012", "Null", "01/02/2015", "03/04/2025", "", "North"]
MEETING = ["M1", "0012", "CPM", day("10/04/2025"), "Held", "Social worker", "All"]


def case(**values) -> list:
    """A good case in text with some cells replaced: id, surname, born, started, ceased, team."""
    names = ["id", "surname", "born", "started", "ceased", "team"]
    return [values.get(n, v) for n, v in zip(names, TEXT_CASE, strict=True)]


def meeting(**values) -> list:
    names = ["meeting", "id", "type", "date", "status", "role", "domains"]
    return [
        values.get(n, v)
        for n, v in zip(names, ["M1", "0012", "CPM", "10/04/2025", "Held", "Social worker", "All"], strict=True)
    ]


def add(name: str):
    def register(make: Callable[[], Files]) -> Callable[[], Files]:
        BAD[name] = make
        return make

    return register


def add_rows(name: str, *rows: list, header: list = CASES, file: str = "in.csv") -> None:
    BAD[name] = lambda: [(file, csv_bytes([header, *rows]))]


def add_sheet(name: str, *rows: list, header: list = CASES, **more) -> None:
    BAD[name] = lambda: [("in.xlsx", xlsx({"Sheet1": [header, *rows]}, **more))]


def raw(name: str, data: bytes, file: str = "in.csv") -> None:
    BAD[name] = lambda: [(file, data)]


GOOD = xlsx({"Cases": [CASES, CASE]})


def patched(name: str, old: bytes, new: bytes, part: str = "xl/worksheets/sheet1.xml", base: bytes = GOOD) -> None:
    def make() -> Files:
        def change(n: str, data: bytes) -> bytes:
            if n != part:
                return data
            assert old in data, (old, data[:2000])
            return data.replace(old, new, 1)

        return [("in.xlsx", edit_zip(base, change))]

    BAD[name] = make


# what is not a spreadsheet

raw("no bytes", b"", "in.xlsx")
raw("a PDF named xlsx", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3 ...", "in.xlsx")
raw("HTML named xls", b"<html><body><table><tr><td>Child ID</td></tr></table></body></html>", "in.xls")
raw("HTML named csv", b"\xef\xbb\xbf  <!DOCTYPE html><html></html>", "in.csv")
raw(
    "XML spreadsheet 2003 named xls",
    b'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"/>',
    "in.xls",
)
raw("plain text named xlsx", b"Child ID,Team\r\n1,N\r\n", "in.xlsx")
raw("a picture named csv", b"\x89PNG\r\n\x1a\n0000", "in.csv")
raw("a zip of something else", edit_zip(GOOD, lambda n, d: d).replace(b"xl/", b"zz/"), "in.xlsx")
raw("an empty zip", b"PK\x05\x06" + b"\0" * 18, "in.xlsx")
raw("an OLE file that is no workbook", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 1000, "in.xls")
raw("a truncated xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 500 + "Workbook".encode("utf-16-le"), "in.xls")
raw("a truncated xlsx", GOOD[: len(GOOD) // 2], "in.xlsx")
raw("an xlsx with a broken byte", GOOD[:900] + bytes([GOOD[900] ^ 255]) + GOOD[901:], "in.xlsx")
raw("bytes that are no text", bytes(range(128, 256)) * 3, "in.csv")
raw("NUL bytes in a csv", b"Child ID,Team\r\n1\x00,N\r\n", "in.csv")
raw("zeros named xlsx", b"\0" * 3000, "in.xlsx")


@add("password-protected")
def _() -> Files:
    return [("in.xlsx", (DATA / "protected.xlsx").read_bytes())]


# sizes and parts

patched("one cell at XFD1048576", b"</sheetData>", b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>')
patched("a cell in the last row", b"</sheetData>", b'<row r="1048576"><c r="A1048576"><v>1</v></c></row></sheetData>')
patched("billion laughs", b"<worksheet", b'<!DOCTYPE x [<!ENTITY a "a"><!ENTITY b "&a;&a;">]><worksheet')
patched("external entity", b"<worksheet", b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><worksheet')
patched(
    "entity in a number",
    b"<v>1234</v>",
    b"<v>12&#51;4</v>",
    base=xlsx({"Cases": [CASES, [1234, "A", None, day("03/04/2025"), None, "N"]]}),
)
patched("xml cut short inside a sheet", b"</sheetData>", b"")


@add("the same part twice in the zip")
def _() -> Files:
    import warnings
    import zipfile

    out = io.BytesIO(GOOD)
    with warnings.catch_warnings(), zipfile.ZipFile(out, "a") as archive:
        warnings.simplefilter("ignore")
        archive.writestr("xl/worksheets/sheet1.xml", b"<worksheet/>")
    return [("in.xlsx", out.getvalue())]


@add("a part whose checksum is wrong")
def _() -> Files:
    at = GOOD.index(b"PK\x01\x02") + 16
    return [("in.xlsx", GOOD[:at] + struct.pack("<I", 123456) + GOOD[at + 4 :])]


@add("a part whose size is wrong")
def _() -> Files:
    at = GOOD.index(b"PK\x01\x02") + 24
    return [("in.xlsx", GOOD[:at] + struct.pack("<I", 7) + GOOD[at + 4 :])]


# tables and headers

add_rows("headers only")
raw("a csv of blank lines", b"\r\n\r\n \r\n")
add_rows("headers of nothing we know", ["1", "2", "3"], header=["Apples", "Pears", "Plums"])
add_rows("a required column missing", case()[:5], header=CASES[:5])
add_rows("a required column misspelt", TEXT_CASE, header=[*CASES[:5], "Alocated taem"])
add_rows("two required columns missing", ["0012", "CPM", "x"], header=["Child ID", "Chair", "Meeting status"])
add_rows("the same header twice", [*TEXT_CASE, "9"], header=[*CASES, "Child ID"])
add_rows("headers that become equal", [*TEXT_CASE, "9"], header=[*CASES, " child\u200b-ID "])
BAD["headers below row 20"] = lambda: [("in.csv", csv_bytes([["line"]] * 25 + [CASES, TEXT_CASE]))]
BAD["two files, both wrong"] = lambda: [("a.pdf", b"%PDF-1.7"), ("b.xlsx", b"")]
BAD["a good file and a broken one"] = lambda: [("a.xlsx", GOOD), ("b.xlsx", GOOD[:500])]
BAD["a good sheet and one with a required column missing"] = lambda: [
    (
        "in.xlsx",
        xlsx({"Cases": [CASES, CASE], "Meetings": [["Child ID", "Meeting type", "Chair"], ["0012", "CPM", "A"]]}),
    )
]
BAD["a sheet that is no dataset"] = lambda: [
    ("in.xlsx", xlsx({"Cases": [CASES, CASE], "Notes": [["Read", "me"], ["x", "y"]]}))
]

# ids

add_sheet("an id with decimals", [12.5, *CASE[1:]], CASE)
add_sheet("an id that is a date", [day("01/01/2025"), *CASE[1:]], CASE)
add_sheet("an id that is true", [True, *CASE[1:]], CASE)
add_rows("an id in scientific notation", case(id="1.23E+15"), TEXT_CASE)
add_sheet("a blank id", [None, *CASE[1:]], CASE)
add_sheet("an id N/A", ["N/A", *CASE[1:]], CASE)
add_sheet("an id with a control character", ["12\x0734", *CASE[1:]], CASE)
patched(
    "an id with a NUL",
    b">zzzz<",
    b">12_x0000_34<",
    part="xl/sharedStrings.xml",
    base=xlsx({"Cases": [CASES, ["zzzz", *CASE[1:]], CASE]}),
)
add_sheet("an id with a zero-width space", ["12\u200b34", *CASE[1:]], CASE)
add_sheet("the same id with and without zeros in front", CASE, [12, "Other", None, day("03/04/2025"), None, "North"])
patched(
    "a number of 17 digits keeps them all",
    b"<v>1234</v>",
    b"<v>90071992547409931</v>",
    base=xlsx({"Cases": [CASES, [1234, "A", None, day("03/04/2025"), None, "N"]]}),
)
patched(
    "a number that Excel has rounded",
    b"<v>1234</v>",
    b"<v>9.0071992547409931E16</v>",
    base=xlsx({"Cases": [CASES, [1234, "A", None, day("03/04/2025"), None, "N"], CASE]}),
)

# dates

for text, name in [
    ("3/13/2024", "month first"), ("31/02/2024", "31 February"), ("29/02/1900", "29 February 1900"), ("29/02/2023", "29 February in no leap year"), ("45000", "a serial number as text"),
    ("13/03/1824", "the year 1824"), ("13/03/2324", "the year 2324"), ("TBC", "no date at all"), ("Mar-24", "a month"), ("13/03/2024 25:00", "an hour 25"),
    ("Tuesday 13 March 2024", "the wrong weekday"), ("20240313", "digits without separators"), ("#REF!", "an error as text"), ("", "blank"),
]:  # fmt: skip
    add_rows(f"required date: {name}", case(started=text), TEXT_CASE)
add_rows("optional date that is none", case(born="about 2015"))
add_rows("dates of both orders in one column", case(), case(id="2", started="04/14/2025"))
add_sheet("a number where a date should be", ["1", "A", None, 45000, None, "N"], CASE)
add_sheet("a date before March 1900", ["1", "A", day("03/02/1900"), day("03/04/2025"), None, "N"])
patched("a negative date serial", b"<v>45750</v>", b"<v>-5</v>")
patched("a date serial of 99999999", b"<v>45750</v>", b"<v>99999999</v>")

# cells

patched("an #N/A cell in a required column", b"<v>45750</v>", b"<v>#N/A</v>")
BAD["an #N/A cell in a required column"] = lambda: [
    (
        "in.xlsx",
        edit_zip(GOOD, lambda n, d: d.replace(b'<c r="D2" s="1"><v>45750</v>', b'<c r="D2" s="1" t="e"><v>#N/A</v>')),
    )
]
BAD["a #REF! cell in an optional column"] = lambda: [
    (
        "in.xlsx",
        edit_zip(
            GOOD,
            lambda n, d: d.replace(b'<c r="C2" s="1"><v>42036</v>', b'<c r="C2" s="1" t="e"><f>A9</f><v>#REF!</v>'),
        ),
    )
]
BAD["a formula without a stored result"] = lambda: [
    (
        "in.xlsx",
        edit_zip(GOOD, lambda n, d: d.replace(b'<c r="D2" s="1"><v>45750</v>', b'<c r="D2" s="1"><f>TODAY()</f>')),
    )
]
BAD["all formulas without stored results"] = lambda: [
    (
        "in.xlsx",
        edit_zip(
            xlsx({"Cases": [CASES, CASE, ["2", *CASE[1:]]]}),
            lambda n, d: d.replace(b"<v>45750</v>", b"<f>TODAY()</f><v></v>"),
        ),
    )
]
patched(
    "merged data cells",
    b"</sheetData>",
    b'</sheetData><mergeCells count="1"><mergeCell ref="F2:F3"/></mergeCells>',
    base=xlsx({"Cases": [CASES, CASE, ["2", "B", None, day("03/04/2025")], ["3", *CASE[1:]]]}),
)
add_sheet("control characters in a text", ["0012", "Smi\x07th", *CASE[2:]])
add_sheet("zero-width and right-to-left marks in a text", ["0012", "\u202eSmith\u200b 😀", *CASE[2:]])

# coded values

add_rows("an unknown meeting type", meeting(type="CPM rev."), meeting(meeting="M2", type="CPM rev."), header=MEETINGS)
add_rows("a blank meeting type", meeting(type=""), meeting(), header=MEETINGS)
add_rows("an unknown status", meeting(status="perhaps"), header=MEETINGS)
add_rows("an unknown chair role", meeting(role="Magician"), header=MEETINGS)
add_rows("an unknown domain", meeting(domains="Health; Housing"), header=MEETINGS)
add_rows("neither yes nor no", [*TEXT_CASE, "perhaps"], header=[*CASES, "Complex case"])
add_rows("an unknown permanence plan", [*TEXT_CASE, "Live on the moon"], header=[*CASES, "Permanence plan"])
add_rows("an unknown legal status", [*TEXT_CASE, "Ward of court"], header=[*CASES, "Legal status"])

# the public shapes

REPORT = ["Mosaic ID", "Start date of period of care", "Team"]
EPISODES = ["CHILD", "DECOM", "RNE", "LS", "PLACE", "DEC", "REC"]
add_rows("a report with a team blank", ["1", "03/04/2025", ""], ["2", "03/04/2025", "#N/A"], ["3", "03/04/2025", "North"], header=REPORT)
add_rows("the SSDA903 header alone", ["1", "1", "01/02/2015", "WBRI"], header=["CHILD", "SEX", "DOB", "ETHNIC"], file="Header.csv")
add_rows("SSD's persons alone", ["1", "Brown"], header=["pers_person_id", "pers_surname"], file="ssd_person.csv")
add_rows("a gap of a month between episodes", ["1", "01/02/2026", "S", "V2", "U4", "02/03/2026", "X1"], ["1", "04/04/2026", "P", "V2", "U4", "", ""], header=EPISODES)
add_rows("a gap of a day between episodes", ["1", "01/02/2026", "S", "V2", "U4", "02/03/2026", "X1"], ["1", "03/03/2026", "P", "V2", "U4", "", ""], header=EPISODES)
add_rows("episodes that overlap", ["1", "01/02/2026", "S", "V2", "U4", "02/03/2026", "X1"], ["1", "01/03/2026", "P", "V2", "U4", "", ""], header=EPISODES)
add_rows("an episode that another should follow", ["1", "01/02/2026", "S", "V2", "U4", "02/03/2026", "X1"], header=EPISODES)
BAD["an SSD review of a period that is nowhere"] = lambda: [
    ("ssd_cla_episodes.csv", csv_bytes([["clae_person_id", "clae_cla_episode_start_date", "clae_cla_episode_start_reason", "clae_cla_id"], ["1", "2026-02-01", "S", "c1"]])),
    ("ssd_cla_reviews.csv", csv_bytes([["clar_cla_id", "clar_cla_review_date"], ["c1", "2026-02-20"], ["c9", "2026-02-20"]])),
]  # fmt: skip
BAD["two tables that differ about a period of care"] = lambda: [
    ("list.csv", csv_bytes([CASES, case()])), ("episodes.csv", csv_bytes([EPISODES, ["0012", "04/04/2025", "S", "V2", "U4", "", ""]])),
]  # fmt: skip
BAD["a file of nothing we know beside a good one"] = lambda: [("list.csv", csv_bytes([CASES, case()])), ("junk.csv", csv_bytes([["a", "b"], ["1", "2"]]))]
add_rows("care plans of SSD that are no history", ["1", "2026-05-01"], header=["lacp_person_id", "lacp_cla_care_plan_start_date"], file="ssd_cla_care_plan.csv")
_PLANS = BAD["care plans of SSD that are no history"]
BAD["care plans of SSD that are no history"] = lambda: [
    ("ssd_cla_episodes.csv", csv_bytes([["clae_person_id", "clae_cla_episode_start_date", "clae_cla_episode_start_reason", "clae_cla_id"], ["1", "2020-02-01", "S", "c1"]])), *_PLANS(),
]  # fmt: skip

# rows

add_rows("identical rows", TEXT_CASE, TEXT_CASE, TEXT_CASE)
add_rows("the same period twice", TEXT_CASE, case(surname=""))
add_rows("footers", TEXT_CASE, ["Total: 1", "", "", "", "", ""], ["Printed on 20/11/2026", "", "", "", "", ""])
add_rows("every row unusable", case(started="x"), case(team=""))
raw("a row cut short", csv_bytes([CASES, TEXT_CASE]) + b"0013,Brown,01/02/2015\r\n")
raw("a row with a stray separator", csv_bytes([CASES, TEXT_CASE]) + b"0013,Brown,Ann,01/02/2015,03/04/2025,,North\r\n")
raw("an unclosed quote", csv_bytes([CASES]) + b'0013,"Brown,01/02/2015,03/04/2025,,North\r\n' + csv_bytes([TEXT_CASE]))
raw(
    "an unclosed quote that a later row closes",
    csv_bytes([CASES])
    + b'0013,"Brown,01/02/2015,03/04/2025,,North\r\n0014,Green,01/02/2015,03/04/2025,,North\r\n'
    + b'0015,"Black",01/02/2015,03/04/2025,,North\r\n',
)
raw("text after a closing quote", csv_bytes([CASES, TEXT_CASE]) + b'0013,"Brown" x,01/02/2015,03/04/2025,,North\r\n')
raw(
    "a cell of two million characters",
    csv_bytes([CASES, TEXT_CASE]) + b'0013,"' + b"x" * 2_000_000 + b'",01/02/2015,03/04/2025,,North\r\n',
)
