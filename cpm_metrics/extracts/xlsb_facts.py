"""Facts of an .xlsb (BIFF12 records in a zip): [MS-XLSB]."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Iterator
from xml.etree import ElementTree

from .cells import Fault
from .sheet_facts import BINARY_ERRORS, FORMULA, Broken, SheetFacts

_ROW, _DIMENSION, _BUNDLE, _COLUMN, _STRINGS, _CALCULATION, _MERGED = 0, 148, 156, 60, 159, 157, 176
_CELLS = range(1, 12)
_ERRORS = (3, 11)  # a cell that is an error, a formula whose result is one
_FORMULA_TEXT, _FORMULA_NUMBER = 8, 9  # formulas with such a result
# Of the workbook (BrtCalcProp): calculate when opened; saved before everything was calculated. Of a formula (GrbitFmla): calculate when opened.
_FULL_CALC_ON_LOAD, _SOME_UNCALCED = 0x01, 0x10
_ALWAYS_CALC = 0x02


def facts(archive: zipfile.ZipFile) -> dict[str, SheetFacts]:
    """Sheet name -> facts. Raises Broken."""
    try:
        targets = {
            r.get("Id"): "xl/" + r.get("Target", "").lstrip("/").removeprefix("xl/")
            for r in ElementTree.fromstring(archive.read("xl/_rels/workbook.bin.rels"))
        }
        parts, uncalculated = {}, False
        _check_strings(archive)
        for kind, body in _records(archive.read("xl/workbook.bin")):
            if kind == _BUNDLE:
                relation, at = _text(body, 8)
                name, _ = _text(body, at)
                part = targets.get(relation, "")
                if "worksheet" in part:
                    parts[name] = part
            elif kind == _CALCULATION and len(body) >= 25:
                uncalculated = bool(body[24] & (_FULL_CALC_ON_LOAD | _SOME_UNCALCED))
        return {name: _sheet(archive.read(part), uncalculated) for name, part in parts.items()}
    except (struct.error, LookupError, ValueError, ElementTree.ParseError) as problem:
        raise Broken from problem


def _check_strings(archive: zipfile.ZipFile) -> None:
    """A count of texts beyond the size of their part would make the reader set room aside for them."""
    if "xl/sharedStrings.bin" in archive.namelist():
        data = archive.read("xl/sharedStrings.bin")
        for kind, body in _records(data):
            if kind == _STRINGS and struct.unpack_from("<I", body, 4)[0] > len(data):
                raise Broken
            break


def _sheet(data: bytes, uncalculated: bool) -> SheetFacts:
    out = SheetFacts()
    row = 0
    for kind, body in _records(data):
        if kind == _ROW:
            row = struct.unpack_from("<I", body)[0] + 1
            if row > 1_048_576:
                raise Broken
            if len(body) > 11 and body[11] & 0x10:
                out.hidden_rows.add(row)
        elif kind in _CELLS:
            column = struct.unpack_from("<I", body)[0]
            if kind > 1:
                out.reach(row, column)
            if kind in _ERRORS:
                out.cells[row, column] = Fault("excel_error", BINARY_ERRORS.get(body[8], "#N/A"))
            elif kind in (_FORMULA_TEXT, _FORMULA_NUMBER) and _without_result(kind, body, uncalculated):
                out.cells[row, column] = Fault(*FORMULA)
        elif kind == _MERGED and len(body) >= 16:
            first_row, last_row, first_column, last_column = struct.unpack_from("<4I", body)
            out.merged.append((first_row + 1, first_column, last_row + 1, last_column))
        elif kind == _DIMENSION:
            first_row, last_row, first_column, last_column = struct.unpack_from("<4I", body)
            if last_row >= 1_048_576 or last_column >= 16_384 or first_row > last_row or first_column > last_column:
                raise Broken
        elif kind == _COLUMN and len(body) >= 18 and body[16] & 1:
            first, last = struct.unpack_from("<2I", body)
            out.hidden_columns |= set(range(first, min(last, 16_383) + 1))
    return out


def _without_result(kind: int, body: bytes, uncalculated: bool) -> bool:
    """The format has no way to write no result: an empty text, or in a workbook that says it wasn't calculated a 0, stands for it."""
    length = struct.unpack_from("<I", body, 8)[0]
    at = 12 + 2 * length if kind == _FORMULA_TEXT else 16
    always = len(body) > at and bool(body[at] & _ALWAYS_CALC)
    if kind == _FORMULA_TEXT:
        return not length and (uncalculated or always)
    return uncalculated and not any(body[8:16])


def _records(data: bytes) -> Iterator[tuple[int, bytes]]:
    at, end = 0, len(data)
    while at < end:
        kind = data[at]
        at += 1
        if kind & 0x80:
            kind = kind & 0x7F | (data[at] & 0x7F) << 7
            at += 1
        length = shift = 0
        while True:
            byte = data[at]
            at += 1
            length |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80 or shift > 21:
                break
        yield kind, data[at : at + length]
        at += length


def _text(body: bytes, at: int) -> tuple[str, int]:
    length = struct.unpack_from("<I", body, at)[0]
    end = at + 4 + 2 * length
    if end > len(body):
        raise Broken
    return body[at + 4 : end].decode("utf-16-le"), end
