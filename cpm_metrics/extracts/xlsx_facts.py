"""What calamine doesn't say about an .xlsx: error cells (it gives blanks), formulas without a stored result, numbers of more
than 15 digits (it rounds), hidden rows and columns. Looked up in the sheet's own XML, and only where a quick search finds a trace.

A cell or a row need not say where it stands: then it is the next one. Such a sheet is walked through cell by cell, which takes longer.
"""

from __future__ import annotations

import posixpath
import re
import zipfile
from xml.etree import ElementTree

from .cells import Fault
from .folding import column_index
from .sheet_facts import FORMULA, SheetFacts

_ERROR_CELL = re.compile(rb'<(?:\w+:)?c\b(?P<attrs>[^>]*?\bt="e"[^>]*?)(?<!/)>(?P<body>.*?)</(?:\w+:)?c>', re.S)
_FORMULA_CELL = re.compile(rb"<(?:\w+:)?c\b(?P<attrs>[^>]*?)(?<!/)>(?P<body>\s*<(?:\w+:)?f\b.*?)</(?:\w+:)?c>", re.S)
_LONG_NUMBER = re.compile(
    rb"<(?:\w+:)?c\b(?P<attrs>[^>]*?)(?<!/)>(?P<body>\s*<(?:\w+:)?v>\s*\d{16,}(?:\.0*)?\s*</(?:\w+:)?v>\s*)</(?:\w+:)?c>"
)
# Digits and quotes made alike and blanks taken out: what a plain search can tell of a sheet, however it is written.
_TRACES, _BLANKS = bytes.maketrans(b"123456789'", b'000000000"'), b" \t\r\n"
_VALUE = re.compile(rb"<(?:\w+:)?v[^>]*>(.*?)</(?:\w+:)?v>", re.S)
_VALUE_TAG = re.compile(rb"<(?:\w+:)?v[\s/>]")
_WHERE = re.compile(rb'\br="([A-Za-z]+)(\d+)"')
_PLACE = re.compile(r"([A-Za-z]{1,3})(\d{1,9})")
_LONG = re.compile(r"\s*(\d{16,})(?:\.0*)?\s*")
_TYPE = re.compile(rb'\bt="(\w+)"')
_ROW_TAG = re.compile(rb"<(?:\w+:)?row\b[^>]*>")
_COL_TAG = re.compile(rb"<(?:\w+:)?col\b[^>]*>")
_ROW_NUMBER = re.compile(rb'\br="(\d+)"')
_HIDDEN = re.compile(rb'\bhidden="(?:1|true)"')
_EQUALS = re.compile(rb"(?<!\s)\s*=\s*(?=[\"'])")


def sheet_parts(archive: zipfile.ZipFile) -> dict[str, str]:
    """Sheet name -> name of its XML part, by the workbook's relationships; empty when it is no .xlsx or .xlsm."""
    names = {n.lower(): n for n in archive.namelist()}
    book_part = _workbook_part(archive, names)
    if book_part is None:
        return {}
    folder = posixpath.dirname(book_part)
    rels_part = names.get(f"{folder}/_rels/{posixpath.basename(book_part)}.rels".lower().lstrip("/"))
    if rels_part is None:
        return {}
    targets = {}
    for rel in ElementTree.fromstring(archive.read(rels_part)):
        target = rel.get("Target", "")
        path = target.lstrip("/") if target.startswith("/") else posixpath.normpath(posixpath.join(folder, target))
        targets[rel.get("Id")] = names.get(path.lower())
    parts = {}
    for element in ElementTree.fromstring(archive.read(book_part)).iter():
        if _local(element.tag) == "sheet":
            rel_id = next((v for k, v in element.attrib.items() if _local(k) == "id" and k != "id"), None)
            part = targets.get(rel_id)
            if part and part.lower().endswith(".xml"):
                parts[element.get("name", "")] = part
    return parts


def _workbook_part(archive: zipfile.ZipFile, names: dict[str, str]) -> str | None:
    if "xl/workbook.xml" in names:
        return names["xl/workbook.xml"]
    rels = names.get("_rels/.rels")
    if rels is None:
        return None
    for rel in ElementTree.fromstring(archive.read(rels)):
        if rel.get("Type", "").endswith("/officeDocument"):
            part = names.get(rel.get("Target", "").lstrip("/").lower())
            return part if part and part.lower().endswith(".xml") else None
    return None


def _local(tag: str) -> str:
    return tag.rsplit("}", 1)[-1]


def calculates_on_load(archive: zipfile.ZipFile) -> bool:
    """Whether the workbook asks to be calculated when it is opened. Excel never writes that; programs that can't calculate do,
    and some of them (XlsxWriter) write 0 as the result of every formula."""
    part = _workbook_part(archive, {n.lower(): n for n in archive.namelist()})
    return part is not None and any(
        _local(element.tag) == "calcPr" and element.get("fullCalcOnLoad") in ("1", "true") for element in ElementTree.fromstring(archive.read(part)).iter()
    )


def attributes_alike(xml: bytes) -> bytes:
    """Only for searching: every attribute as nearly all programs write it, name="value". Blanks around the = and either quote are legal."""
    cells = max(xml.find(b"<", 1), 0)  # behind the declaration, which mostly ends a line
    if any(xml.find(blank, cells) >= 0 and (blank + b"=" in xml or b"=" + blank in xml) for blank in (b" ", b"\n", b"\r", b"\t")):
        xml = _EQUALS.sub(b"=", xml)
    return xml.replace(b"'", b'"') if b"'" in xml and b"='" in xml else xml


def look_up(facts: SheetFacts, xml: bytes, uncalculated: bool = False) -> None:
    """Puts into `facts` all but how far the sheet reaches. `uncalculated`: a 0 as the result of a formula says nothing (see
    `calculates_on_load`)."""
    traces = xml.translate(_TRACES, _BLANKS)
    errors, formulas, hidden = b't="e"' in traces, b"<f" in traces or b":f" in traces, b'hidden="' in traces
    long = b"0" * 16 in traces
    if not (errors or formulas or hidden or long):
        return
    alike = attributes_alike(xml)
    if hidden:
        _hidden_columns(facts, alike)
    try:
        if errors:
            for match in _ERROR_CELL.finditer(alike):
                _put(facts, match, Fault("excel_error", _text(match["body"]) or "#N/A"))
        if formulas:
            for match in _FORMULA_CELL.finditer(alike):
                if _without_result(match, uncalculated):
                    _put(facts, match, Fault(*FORMULA))
        if long:
            for match in _LONG_NUMBER.finditer(alike):
                if not _TYPE.search(match["attrs"]) or _TYPE.search(match["attrs"])[1] == b"n":
                    _put(facts, match, _text(match["body"]).split(".")[0])
        if hidden:
            _hidden_rows(facts, alike)
    except _NoPlace:
        facts.cells.clear()
        _walk(facts, xml, uncalculated)


def _hidden_columns(facts: SheetFacts, xml: bytes) -> None:
    for match in _COL_TAG.finditer(xml):
        low, high = re.search(rb'\bmin="(\d+)"', match[0]), re.search(rb'\bmax="(\d+)"', match[0])
        if _HIDDEN.search(match[0]) and low and high:
            facts.hidden_columns |= set(range(int(low[1]) - 1, min(int(high[1]), 16384)))


def _hidden_rows(facts: SheetFacts, xml: bytes) -> None:
    for match in _ROW_TAG.finditer(xml):
        if _HIDDEN.search(match[0]):
            number = _ROW_NUMBER.search(match[0])
            if not number:
                raise _NoPlace
            facts.hidden_rows.add(int(number[1]))


class _NoPlace(Exception):
    """Something is to be said of a cell or a row that doesn't say where it stands."""



def _without_result(match: re.Match, uncalculated: bool) -> bool:
    """An empty text is a result too: Excel writes it as <v></v> in a cell of type str."""
    kind = _TYPE.search(match["attrs"])
    if kind and kind[1] != b"n":
        return not _VALUE_TAG.search(match["body"])
    text = _text(match["body"])
    return not text or (uncalculated and text == "0")


def _put(facts: SheetFacts, match: re.Match, value: Fault | str) -> None:
    where = _WHERE.search(match["attrs"])
    if not where:
        raise _NoPlace
    facts.cells[int(where[2]), column_index(where[1].decode().upper())] = value


def _text(body: bytes) -> str:
    found = _VALUE.search(body)
    return found[1].decode("utf-8", "replace").strip() if found else ""


def _walk(facts: SheetFacts, xml: bytes, uncalculated: bool) -> None:
    """What `look_up` puts, for a sheet that leaves places out. Entities were refused before (preflight)."""
    parser = ElementTree.XMLParser(target=_Walker(facts, uncalculated))
    try:
        parser.feed(xml)
        parser.close()
    except ElementTree.ParseError as problem:
        raise ValueError("the sheet is no XML") from problem


class _Walker:
    """Counts places as calamine does: a row or a cell without its own is the next one; one that a cell names holds for its columns,
    but does not move the row."""

    def __init__(self, facts: SheetFacts, uncalculated: bool) -> None:
        self.facts, self.uncalculated = facts, uncalculated
        self.row = self.column = 0  # of the last row and, from 1, of the last cell
        self.cell: dict[str, str] | None = None
        self.formula = False
        self.value: str | None = None  # text of <v>, once there is one
        self.in_value = False

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        name = _local(tag)
        if name == "row":
            self.row = int(attributes.get("r", self.row + 1))
            self.column = 0
            if attributes.get("hidden") in ("1", "true"):
                self.facts.hidden_rows.add(self.row)
        elif name == "c":
            self.cell, self.formula, self.value = attributes, False, None
        elif self.cell is not None and name == "f":
            self.formula = True
        elif self.cell is not None and name == "v":
            self.value, self.in_value = "", True

    def data(self, text: str) -> None:
        if self.in_value:
            self.value += text

    def end(self, tag: str) -> None:
        name = _local(tag)
        if name == "v":
            self.in_value = False
        elif name == "c" and self.cell is not None:
            self._cell(self.cell)
            self.cell = None

    def _cell(self, attributes: dict[str, str]) -> None:
        row = self.row
        self.column += 1
        if "r" in attributes:
            place = _PLACE.fullmatch(attributes["r"])
            if not place:
                raise ValueError("a cell whose place makes no sense")
            row, self.column = int(place[2]), column_index(place[1].upper()) + 1
        kind, text = attributes.get("t", "n"), (self.value or "").strip()
        found: Fault | str | None = None
        if kind == "e":
            found = Fault("excel_error", text or "#N/A")
        if self.formula:
            without = self.value is None if kind != "n" else not text or (self.uncalculated and text == "0")
            found = Fault(*FORMULA) if without else found
        elif kind == "n" and self.value is not None and (long := _LONG.fullmatch(self.value)):
            found = long[1]
        if found is not None:
            self.facts.cells[row, self.column - 1] = found
