"""What calamine doesn't say about an .xlsx: error cells (it gives blanks), formulas without a stored result, numbers of more
than 15 digits (it rounds), hidden rows and columns. Looked up in the sheet's own XML, and only where a quick search finds a trace.
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
_DIGITS_ALIKE = bytes.maketrans(b"123456789", b"000000000")
_VALUE = re.compile(rb"<(?:\w+:)?v[^>]*>(.*?)</(?:\w+:)?v>", re.S)
_VALUE_TAG = re.compile(rb"<(?:\w+:)?v[\s/>]")
_WHERE = re.compile(rb'\br="([A-Z]+)(\d+)"')
_TYPE = re.compile(rb'\bt="(\w+)"')
_ROW_TAG = re.compile(rb"<(?:\w+:)?row\b[^>]*>")
_COL_TAG = re.compile(rb"<(?:\w+:)?col\b[^>]*>")
_HIDDEN = re.compile(rb'\bhidden="(?:1|true)"')


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


def look_up(facts: SheetFacts, xml: bytes, uncalculated: bool = False) -> None:
    """Puts into `facts` all but how far the sheet reaches. `uncalculated`: a 0 as the result of a formula says nothing (see
    `calculates_on_load`)."""
    if b't="e"' in xml:
        for match in _ERROR_CELL.finditer(xml):
            _put(facts, match, Fault("excel_error", _text(match["body"]) or "#N/A"))
    if b"<f" in xml or b":f" in xml:
        for match in _FORMULA_CELL.finditer(xml):
            if _without_result(match, uncalculated):
                _put(facts, match, Fault(*FORMULA))
    if b"0" * 16 in xml.translate(_DIGITS_ALIKE):
        for match in _LONG_NUMBER.finditer(xml):
            if not _TYPE.search(match["attrs"]) or _TYPE.search(match["attrs"])[1] == b"n":
                _put(facts, match, _text(match["body"]).split(".")[0])
    if b'hidden="' in xml:
        for match in _ROW_TAG.finditer(xml):
            if _HIDDEN.search(match[0]):
                number = re.search(rb'\br="(\d+)"', match[0])
                if number:
                    facts.hidden_rows.add(int(number[1]))
        for match in _COL_TAG.finditer(xml):
            low, high = re.search(rb'\bmin="(\d+)"', match[0]), re.search(rb'\bmax="(\d+)"', match[0])
            if _HIDDEN.search(match[0]) and low and high:
                facts.hidden_columns |= set(range(int(low[1]) - 1, min(int(high[1]), 16384)))


def _without_result(match: re.Match, uncalculated: bool) -> bool:
    """An empty text is a result too: Excel writes it as <v></v> in a cell of type str."""
    kind = _TYPE.search(match["attrs"])
    if kind and kind[1] != b"n":
        return not _VALUE_TAG.search(match["body"])
    text = _text(match["body"])
    return not text or (uncalculated and text == "0")


def _put(facts: SheetFacts, match: re.Match, value: Fault | str) -> None:
    where = _WHERE.search(match["attrs"])
    if where:
        facts.cells[int(where[2]), column_index(where[1].decode())] = value


def _text(body: bytes) -> str:
    found = _VALUE.search(body)
    return found[1].decode("utf-8", "replace").strip() if found else ""
