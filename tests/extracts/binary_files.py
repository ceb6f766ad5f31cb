"""Workbooks of the binary formats and .ods with cells that no library at hand writes: seed files with records put in by hand."""

from __future__ import annotations

import io
import struct
import zipfile

from cpm_metrics.extracts.xls_facts import _records as xls_records
from cpm_metrics.extracts.xls_facts import _workbook_stream

from .bad_inputs import DATA
from .files import edit_zip

EMPTY_TEXT = b"\x03\0\0\0\0\0\xff\xff"  # [MS-XLS] FormulaValue


def xls_number(value: float) -> bytes:
    return struct.pack("<d", value)


def xls(value: bytes, flags: int = 0, *, by_excel: bool = False, uncalculated: bool = False) -> bytes:
    """seed.xls with a formula in C2 (the team of child 0012) whose stored result is these 8 bytes."""
    data = (DATA / "seed.xls").read_bytes()
    stream = _workbook_stream(data)
    at = data.index(stream)
    out, sheet_begins = b"", False
    bound = None
    for kind, body in xls_records(stream, 0):
        if kind == 0:
            break
        if kind == 0x0085:
            bound = len(out) + 4
        if kind == 0x000A and not sheet_begins:
            if by_excel:
                out += _record(0x01C1, b"\xc1\x01\0\0\x80\x38\x01\0")
            sheet_begins = True
            out += _record(kind, body)
            start = len(out)
            continue
        if kind == 0x00FD and struct.unpack_from("<HH", body) == (1, 2):
            body, kind = body[:6] + value + struct.pack("<HIH", flags, 0, 3) + b"\x1e\x01\0", 0x0006
        out += _record(kind, body)
        if kind == 0x0809 and sheet_begins and uncalculated:
            out += _record(0x005E, b"\0\0")
    out = out[:bound] + struct.pack("<I", start) + out[bound + 4 :]
    assert len(out) <= len(stream)
    return data[:at] + out.ljust(len(stream), b"\0") + data[at + len(stream) :]


def _record(kind: int, body: bytes) -> bytes:
    return struct.pack("<HH", kind, len(body)) + body


def xlsb(cell: bytes | None = None, kind: int = 8, *, calculation: int = 0, merged: tuple[int, int, int, int] | None = None) -> bytes:
    """seed.xlsb with the third cell of its second row (the team of child 0012) as a formula of this kind and body, with these flags
    of BrtCalcProp, and with merged cells (first row, last row, first column, last column, all from 0)."""

    def change(name: str, data: bytes) -> bytes:
        if name == "xl/workbook.bin":
            return b"".join(_brt(k, b[:24] + bytes([calculation]) + b[25:] if k == 157 else b) for k, b in _brt_records(data))
        if name != "xl/worksheets/sheet1.bin":
            return data
        out, row = b"", -1
        for k, body in _brt_records(data):
            if k == 0:
                row = struct.unpack_from("<I", body)[0]
            if cell is not None and row == 1 and 1 <= k <= 11 and struct.unpack_from("<I", body)[0] == 2:
                k, body = kind, body[:8] + cell
            out += _brt(k, body)
            if k == 146 and merged:
                out += _brt(177, struct.pack("<I", 1)) + _brt(176, struct.pack("<4I", *merged)) + _brt(178, b"")
        return out

    return edit_zip((DATA / "seed.xlsb").read_bytes(), change)


def xlsb_text(text: str, flags: int = 0) -> bytes:
    return struct.pack("<I", len(text)) + text.encode("utf-16-le") + struct.pack("<H", flags) + struct.pack("<II", 0, 0)


def xlsb_number(value: float, flags: int = 0) -> bytes:
    return struct.pack("<dH", value, flags) + struct.pack("<II", 0, 0)


def _brt_records(data: bytes):
    from cpm_metrics.extracts.xlsb_facts import _records

    return _records(data)


def _brt(kind: int, body: bytes) -> bytes:
    head = bytes([kind]) if kind < 0x80 else bytes([kind & 0x7F | 0x80, kind >> 7])
    length, size = len(body), b""
    while True:
        size += bytes([length & 0x7F | (0x80 if length > 0x7F else 0)])
        length >>= 7
        if not length:
            return head + size + body


def ods(cell: str) -> bytes:
    """One sheet of cases, with this XML for the team of child 0012."""
    rows = [["Child ID", "Date started to be looked after", "Allocated team"], ["0012", "03/04/2025", cell], ["0013", "03/04/2025", "South"]]
    text = '<table:table-cell office:value-type="string"><text:p>{}</text:p></table:table-cell>'
    body = "".join("<table:table-row>" + "".join(c if c.startswith("<") else text.format(c) for c in row) + "</table:table-row>" for row in rows)
    content = (
        '<?xml version="1.0" encoding="UTF-8"?><office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
        'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" office:version="1.2">'
        f'<office:body><office:spreadsheet><table:table table:name="Cases">{body}</table:table></office:spreadsheet></office:body></office:document-content>'
    )
    manifest = (
        '<?xml version="1.0" encoding="UTF-8"?><manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
        '<manifest:file-entry manifest:full-path="/" manifest:media-type="application/vnd.oasis.opendocument.spreadsheet"/></manifest:manifest>'
    )
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", content)
        archive.writestr("META-INF/manifest.xml", manifest)
    return buffer.getvalue()
