"""Is it safe to open, and what is it? Decided from bytes and zip directories, before any reader sees the file.

A 5 KB workbook can make a reader take gigabytes; a 1 MB one can unpack to 600 MB. What is refused here is refused with the reason.
"""

from __future__ import annotations

import functools
import io
import re
import struct
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from ..errors import UnreadableFile
from . import ods_facts, xls_facts, xlsb_facts
from .folding import column_index
from .problems import InputFile
from .sheet_facts import Broken, SheetFacts
from .xlsx_facts import attributes_alike, calculates_on_load, look_up, sheet_parts

Progress = Callable[[str, int, int | None], None]
LARGEST_FILE = 200 * 2**20  # bytes, as given
LARGEST_UNPACKED = 1200 * 2**20  # bytes, all parts of a workbook
SMALL_PART = 20 * 2**20  # bytes: below this a part may be as repetitive as it likes
HIGHEST_RATIO = 120  # unpacked : packed, of a larger part; real sheets are about 10 to 40
MOST_PARTS = 5000
LOOKED_UP_LATER = 100 * 2**20  # bytes: sheets up to this size are kept until they are read, for what is to be said about their cells
MOST_ROWS = 500_000
MOST_COLUMNS = 16_384  # what the formats themselves allow
MOST_CELLS = 30_000_000  # rows x columns of one sheet's used area

WORKBOOK_ENDINGS = (".xlsx", ".xlsm", ".xls", ".xlsb", ".ods", ".xltx", ".xltm", ".xlt")
ZIP, OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OTHER_KINDS = (
    (b"%PDF", "a PDF"), (b"\x89PNG", "a picture"), (b"\xff\xd8\xff", "a picture"), (b"GIF8", "a picture"), (b"{\\rtf", "a text document (RTF)"),
    (b"\x1f\x8b", "a compressed file (gzip)"), (b"7z\xbc\xaf", "a compressed file (7z)"), (b"Rar!", "a compressed file (RAR)"), (b"MZ", "a program"),
    (b"SQLite format", "a database"), (b"PAR1", "a Parquet file"), (b"PK\x05\x06", "an empty zip file"),
)  # fmt: skip
_HTML = re.compile(rb"\s*(<!doctype\s+html|<html|<head|<body|<table|<meta)", re.I)
_XML = re.compile(rb"\s*<\?xml", re.I)
_SAVE_AS = "Open it in Excel, save it as an Excel workbook (.xlsx), and load that."
# Digits and quotes made alike and blanks taken out, for quick searches: calamine takes letters of either case, blanks around the =, either
# quote and zeros in front, so all of these are counted too.
_DIGITS_ALIKE, _QUOTES_ALIKE, _BLANKS = bytes.maketrans(b"123456789'", b'000000000"'), bytes.maketrans(b"'", b'"'), b" \t\r\n"
_WIDE_COLUMN = re.compile(rb'r="([A-Za-z]{2,3})0')
_FAR_ROW = re.compile(rb'r="[A-Za-z]{0,3}(\d{5,})"')
_BEYOND_MOST_ROWS = re.compile(rb'r="[A-Za-z]{0,3}0*(?:[5-9]\d{5}|[1-9]\d{6,})"')  # at least MOST_ROWS
_PLAIN_ROW_NUMBER = re.compile(rb'<row r="(\d+)"')  # as Excel writes it: found five times as fast
_ROW_TAG = re.compile(rb"<(?:\w+:)?row(?=[\s/>])([^>]*)")
_ROW_NUMBER = re.compile(rb"\sr\s*=\s*[\"'](\d+)[\"']")
_MARKUP_IN_VALUE = re.compile(rb"<(?:\w+:)?v\b[^>]*>[^<]*<[!?]")
_ENTITY_IN_NUMBER = re.compile(
    rb"<(?:\w+:)?c\b([^>]*)>(?:<(?:\w+:)?f\b[^>]*/>|<(?:\w+:)?f\b[^>]*>[^<]*</(?:\w+:)?f>)?\s*<(?:\w+:)?v>[^<]*&"
)


def check_size(file: InputFile) -> None:
    """Before a byte is read. Raises UnreadableFile, or OSError for a path that is not there."""
    size = len(file.data) if isinstance(file.data, bytes) else Path(file.data).stat().st_size
    if size > LARGEST_FILE:
        raise UnreadableFile(
            f"{file.name} is larger than {LARGEST_FILE // 2**20} MB.",
            "Leave out columns or earlier years that are not needed, or split it.",
        )


def _silent(stage: str, done: int, total: int | None) -> None:
    pass


def preflight(name: str, data: bytes, say: Progress = _silent) -> dict[str, SheetFacts] | None:
    """-> sheet name -> facts for a workbook, None for text. Raises UnreadableFile with the reason and the remedy."""
    if not data:
        raise UnreadableFile(f"{name} is empty (0 bytes).", "Export it again.")
    if data.startswith(ZIP):
        return _check_zip(name, data, say)
    if data.startswith(OLE):
        say(f"Looking over {name} ({_size(len(data))})", 0, None)
        return _check_ole(name, data)
    for magic, kind in _OTHER_KINDS:
        if data.startswith(magic):
            raise UnreadableFile(
                f"{name} is not a spreadsheet: it is {kind}.", "Export the report as an Excel workbook or CSV."
            )
    head = data[:2000].lstrip(b"\xef\xbb\xbf")
    if _HTML.match(head):
        raise UnreadableFile(f"{name} is not a spreadsheet: it is a web page (HTML), whatever its name says.", _SAVE_AS)
    if _XML.match(head):
        raise UnreadableFile(
            f"{name} is not a spreadsheet we read: it is XML.",
            _SAVE_AS + " Of an SSDA903 return, load its CSV files (Header, Episodes, Reviews) instead.",
        )
    if name.lower().endswith(WORKBOOK_ENDINGS):
        if not any(data.strip(b"\x00 \r\n\t")):
            raise UnreadableFile(f"{name} is damaged: it holds nothing but blanks.", "Export it again.")
        raise UnreadableFile(
            f"{name} is not a spreadsheet: inside it is plain text or damaged.",
            "If it is CSV, rename it to .csv; otherwise export it again.",
        )
    return None


def _check_ole(name: str, data: bytes) -> dict[str, SheetFacts]:
    if "EncryptedPackage".encode("utf-16-le") in data:
        raise password_protected(name)
    if not any(stream.encode("utf-16-le") in data for stream in ("Workbook", "Book")):
        raise UnreadableFile(
            f"{name} is not a spreadsheet: it is another kind of Office file, or damaged.",
            "Export the report as an Excel workbook or CSV.",
        )
    try:
        facts, protected = xls_facts.facts(data)
    except Broken as problem:
        raise _damaged(name) from problem
    if protected:
        raise password_protected(name)
    return _within_limits(name, facts)


def _damaged(name: str) -> UnreadableFile:
    return UnreadableFile(f"{name} is damaged: it is cut short, or a part of it is broken.", "Copy or export it again.")


def _within_limits(name: str, facts: dict[str, SheetFacts]) -> dict[str, SheetFacts]:
    for sheet, fact in facts.items():
        if fact.columns > MOST_COLUMNS:
            raise _damaged(name)
        if fact.rows > MOST_ROWS or fact.rows * fact.columns > MOST_CELLS:
            raise UnreadableFile(
                f"{name}, sheet {sheet}, reaches to row {fact.rows:,} and {fact.columns:,} columns; up to {MOST_ROWS:,} rows are read.",
                "Delete the rows below and the columns beside the data (in Excel: select them, Delete, then save).",
            )
    return facts


def password_protected(name: str) -> UnreadableFile:
    return UnreadableFile(
        f"{name} is protected with a password.",
        "Open it in Excel, take the password off (File, Info, Protect Workbook), save it, and load it again.",
    )


def _size(size: int) -> str:
    return f"{size / 2**20:.0f} MB" if size >= 2**20 else f"{max(size // 2**10, 1)} KB"


def _check_zip(name: str, data: bytes, say: Progress) -> dict[str, SheetFacts]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = archive.infolist()
            _check_directory(name, parts, data)
            say(f"Unpacking {name} ({_size(sum(p.file_size for p in parts))})", 0, None)
            contents = _read_parts(name, archive, parts)
            say(f"Looking over {name} ({_size(sum(p.file_size for p in parts))})", 0, None)
            if "mimetype" in contents and b"opendocument" in contents["mimetype"]:
                if b"manifest:encryption-data" in contents.get("META-INF/manifest.xml", b""):
                    raise password_protected(name)
                return _within_limits(name, ods_facts.facts(contents["content.xml"]))
            if "xl/workbook.bin" in contents:
                return _within_limits(name, xlsb_facts.facts(archive))
            if not any(n.lower().startswith("xl/") for n in contents) and not sheet_parts(archive):
                raise UnreadableFile(
                    f"{name} is not a spreadsheet: it is a zip file of something else.",
                    "Take the spreadsheet out of it, or export the report as an Excel workbook.",
                )
            uncalculated, facts, sheets = calculates_on_load(archive), {}, sheet_parts(archive)
            later = sum(len(contents[part]) for part in sheets.values()) <= LOOKED_UP_LATER
            for sheet, part in sheets.items():
                say(f"Looking over {name}, sheet {sheet} ({_size(len(contents[part]))})", 0, None)
                facts[sheet] = _sheet_facts(name, sheet, contents[part], uncalculated)
                if not later:
                    facts[sheet].complete()
            return _within_limits(name, facts)
    except (
        zipfile.BadZipFile,
        zlib.error,
        struct.error,
        EOFError,
        ValueError,
        LookupError,
        OverflowError,
        RuntimeError,
        OSError,
        SyntaxError,
        Broken,
    ) as problem:
        raise _damaged(name) from problem


def _check_directory(name: str, parts: list[zipfile.ZipInfo], data: bytes) -> None:
    unsafe = UnreadableFile(
        f"{name} unpacks to far more than a spreadsheet of its size holds, so it was not opened.", _SAVE_AS
    )
    if len({p.filename for p in parts}) != len(parts):
        raise UnreadableFile(f"{name} is damaged: it holds the same part twice.", _SAVE_AS)
    if len(parts) > MOST_PARTS:
        raise unsafe
    if any(p.flag_bits & 1 for p in parts):
        raise password_protected(name)
    if sum(p.file_size for p in parts) > LARGEST_UNPACKED or sum(p.compress_size for p in parts) > len(data):
        raise unsafe
    if any(p.file_size > SMALL_PART and p.file_size > HIGHEST_RATIO * max(p.compress_size, 1) for p in parts):
        raise unsafe


def _read_parts(name: str, archive: zipfile.ZipFile, parts: list[zipfile.ZipInfo]) -> dict[str, bytes]:
    """Every part unpacked once (sizes and checksums are compared on the way); what matters later is kept."""
    kept = {}
    for part in parts:
        content = archive.read(part)
        if len(content) != part.file_size:
            raise zipfile.BadZipFile(part.filename)
        lower = part.filename.lower()
        if lower.endswith((".xml", ".rels", ".vml")):
            _check_xml(name, content)
        if lower.endswith(".xml") or lower == "mimetype" or lower.startswith("xl/"):
            kept[part.filename] = content if lower.endswith(".xml") or lower == "mimetype" else b""
    return kept


def _check_xml(name: str, content: bytes) -> None:
    # One character is found a dozen times as fast as several, and most sheets hold no "!" at all.
    if b"!" in content and (b"<!DOCTYPE" in content or b"<!ENTITY" in content or b"<!doctype" in content):
        raise UnreadableFile(
            f"{name} holds XML entity definitions, which no spreadsheet program writes and which can do harm, so it was not opened.",
            _SAVE_AS,
        )
    if content.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\x00" in content[:200]:
        raise UnreadableFile(
            f"{name} is written in an encoding that no spreadsheet program uses, so it was not opened.", _SAVE_AS
        )


def _sheet_facts(name: str, sheet: str, xml: bytes, uncalculated: bool) -> SheetFacts:
    start = max(xml.find(b"sheetData"), 0)  # the `dimension` before the cells is not believed
    _check_values(name, sheet, xml, start)
    rows, columns = _extent(name, sheet, xml, start)
    facts = SheetFacts(rows=rows, columns=columns, look=functools.partial(look_up, xml=xml, uncalculated=uncalculated))
    return _within_limits(name, {sheet: facts})[sheet]


def _check_values(name: str, sheet: str, xml: bytes, start: int) -> None:
    """calamine stops reading a value at an entity, a comment or the like: half an ID, or none."""
    odd = ""
    if any(xml.find(mark[1:], start) >= 0 and xml.find(mark, start) >= 0 for mark in (b"<!", b"<?")) and _MARKUP_IN_VALUE.search(xml, start):
        odd = "a comment or the like inside a value"
    if b"&" in xml and any(b't="str"' not in match[1] for match in _ENTITY_IN_NUMBER.finditer(attributes_alike(xml))):
        odd = "an entity"
    if odd:
        raise UnreadableFile(
            f"{name}, sheet {sheet}, writes a number in a way that no spreadsheet program does ({odd}), so it was not opened.", _SAVE_AS
        )


def _extent(name: str, sheet: str, xml: bytes, start: int) -> tuple[int, int]:
    """Rows and columns up to the last cell, at most: exact wherever it matters. The cells begin at `start`."""
    numbers = list(map(int, _PLAIN_ROW_NUMBER.findall(xml, start)))
    if not numbers or len(numbers) != xml.count(b"<row", start):
        numbers = _all_row_numbers(xml, start)
    if len(set(numbers)) != len(numbers):
        raise UnreadableFile(
            f"{name}, sheet {sheet}, is damaged: it has row {Counter(numbers).most_common(1)[0][0]:,} twice, and only one of the two can be read.",
            "Export it again. If that can't be done: open it in Excel, check that no row is missing, save it as .xlsx, and load that.",
        )
    rows = max(numbers, default=0)
    shape = xml.translate(_DIGITS_ALIKE, _BLANKS)
    cells = start - sum(xml.count(blank, 0, start) for blank in _BLANKS)  # where `start` is in `shape`
    columns = 1 + max((column_index(c.decode().upper()) for c in set(_WIDE_COLUMN.findall(shape, cells))), default=25)
    # A cell may name a row far below the row it stands in. Looked up one by one only where that could reach a limit, and no earlier
    # in the sheet than the first number that is long enough.
    wide = columns * MOST_ROWS > MOST_CELLS
    long = shape.find(b'00000"' if wide else b'000000"', cells)
    if long >= 0:
        quote = shape.rfind(b'"', 0, long) - len('r=')
        rest = xml[max(quote, start) :].translate(_QUOTES_ALIKE, _BLANKS)  # with its blanks, `xml` is nowhere ahead of `shape`
        if wide or _BEYOND_MOST_ROWS.search(rest):
            rows = max(rows, max(map(int, _FAR_ROW.findall(rest)), default=0))
    return rows, columns


def _all_row_numbers(xml: bytes, start: int) -> list[int]:
    """However it is written; a row without a number is the next one."""
    numbers, last = [], 0
    for tag in _ROW_TAG.finditer(xml, start):
        own = _ROW_NUMBER.search(tag[1])
        last = int(own[1]) if own else last + 1
        numbers.append(last)
    return numbers
