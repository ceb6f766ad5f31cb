"""Facts of an .xls (BIFF8 in an OLE container): [MS-CFB] for the container, [MS-XLS] for the records."""

from __future__ import annotations

import struct

from .cells import Fault
from .sheet_facts import BINARY_ERRORS, FORMULA, Broken, SheetFacts

_END = 0xFFFFFFFE
_CELLS = {0x0006, 0x00FD, 0x0203, 0x027E, 0x0204, 0x0205, 0x0201}  # one cell each; they begin with row and column
_MULTIPLE = {0x00BD, 0x00BE}  # several cells of one row
_FORMULA, _RECALC_ID, _UNCALCED = 0x0006, 0x01C1, 0x005E
_CALC_ON_LOAD = 0x02  # of a formula: what is stored is not its result (as programs that can't calculate write it)


def facts(data: bytes) -> tuple[dict[str, SheetFacts], bool]:
    """-> (sheet name -> facts, whether the workbook is protected with a password). Raises Broken."""
    try:
        stream = _workbook_stream(data)
        return _sheets(stream)
    except (struct.error, IndexError, ValueError, MemoryError) as problem:
        raise Broken from problem


def _workbook_stream(data: bytes) -> bytes:
    sector = 1 << _number(data, 0x1E, 2)
    mini = 1 << _number(data, 0x20, 2)
    if sector not in (512, 4096) or mini != 64:
        raise Broken
    most = len(data) // sector + 1

    def at(n: int) -> bytes:
        return data[(n + 1) * sector : (n + 2) * sector]

    table_sectors = [n for n in struct.unpack_from("<109I", data, 0x4C) if n < _END]
    following, steps = _number(data, 0x44, 4), 0
    while following < _END and steps < most:
        block = struct.unpack(f"<{sector // 4}I", at(following).ljust(sector, b"\xff"))
        table_sectors += [n for n in block[:-1] if n < _END]
        following, steps = block[-1], steps + 1
    table: list[int] = []
    for n in table_sectors[:most]:
        table += struct.unpack(f"<{sector // 4}I", at(n).ljust(sector, b"\xff"))

    def chain(start: int, links: list[int]) -> list[int]:
        out = []
        while start < _END:
            if start >= len(links) or len(out) > len(links):
                raise Broken
            out.append(start)
            start = links[start]
        return out

    directory = b"".join(at(n) for n in chain(_number(data, 0x30, 4), table))
    root = None
    for i in range(0, len(directory) - 127, 128):
        entry = directory[i : i + 128]
        name = entry[: max(_number(entry, 64, 2) - 2, 0)].decode("utf-16-le", "replace")
        start, size = _number(entry, 116, 4), _number(entry, 120, 4)
        if entry[66] == 5:
            root = (start, size)
        if entry[66] == 2 and name in ("Workbook", "Book"):
            if size >= _number(data, 0x38, 4):
                return b"".join(at(n) for n in chain(start, table))[:size]
            if root is None:
                raise Broken
            small = b"".join(at(n) for n in chain(root[0], table))
            mini_table: list[int] = []
            for n in chain(_number(data, 0x3C, 4), table):
                mini_table += struct.unpack(f"<{sector // 4}I", at(n).ljust(sector, b"\xff"))
            return b"".join(small[n * mini : (n + 1) * mini] for n in chain(start, mini_table))[:size]
    raise Broken


def _sheets(stream: bytes) -> tuple[dict[str, SheetFacts], bool]:
    bounds: list[tuple[int, str]] = []
    protected = by_excel = False
    for kind, body in _records(stream, 0):
        if kind == 0x0085 and len(body) > 8:
            length, wide = body[6], body[7] & 1
            name = body[8 : 8 + length * (2 if wide else 1)].decode("utf-16-le" if wide else "latin-1", "replace")
            bounds.append((_number(body, 0, 4), name))
        if kind == 0x00FC and max(_number(body, 0, 4), _number(body, 4, 4)) > len(stream):
            raise Broken  # more texts than the file has bytes: the reader would set room aside for them
        protected |= kind == 0x002F
        by_excel |= kind == _RECALC_ID
        if kind == 0x000A:
            break
    if protected:
        return {}, True
    return {name: _sheet(stream, offset, by_excel) for offset, name in bounds}, False


def _sheet(stream: bytes, offset: int, by_excel: bool) -> SheetFacts:
    out = SheetFacts()
    uncalculated = False
    for kind, body in _records(stream, offset):
        uncalculated |= kind == _UNCALCED  # stands before the cells
        if kind in _CELLS and len(body) >= 6:
            row, column = struct.unpack_from("<HH", body)
            out.reach(row + 1, column)
            if kind == 0x0205 and len(body) >= 8 and body[7] == 1:
                out.cells[row + 1, column] = Fault("excel_error", BINARY_ERRORS.get(body[6], "#N/A"))
            if kind == 0x0006 and len(body) >= 14 and body[12:14] == b"\xff\xff" and body[6] == 2:
                out.cells[row + 1, column] = Fault("excel_error", BINARY_ERRORS.get(body[8], "#N/A"))
            if kind == _FORMULA and len(body) >= 16 and _without_result(body, uncalculated, by_excel):
                out.cells[row + 1, column] = Fault(*FORMULA)
        elif kind in _MULTIPLE and len(body) >= 6:
            out.reach(_number(body, 0, 2) + 1, _number(body, len(body) - 2, 2))
        elif kind == 0x0200 and len(body) >= 12:
            first_row, last_row, first_column, last_column = struct.unpack_from("<IIHH", body)
            if first_row > last_row or first_column > last_column or last_row > 0x10000 or last_column > 0x100:
                raise Broken
        elif kind == 0x0208 and len(body) >= 16 and body[12] & 0x20:
            out.hidden_rows.add(_number(body, 0, 2) + 1)
        elif kind == 0x007D and len(body) >= 10 and body[8] & 1:
            first, last = struct.unpack_from("<HH", body)
            out.hidden_columns |= set(range(first, min(last, 255) + 1))
        elif kind == 0x000A:
            break
    if out.columns > 0x100:
        raise Broken
    return out


def _without_result(body: bytes, uncalculated: bool, by_excel: bool) -> bool:
    """The format has no way to write no result: an empty text or a 0 stands for it. Each is a result too; an empty text only of
    Excel, and a 0 unless cell or sheet says that it wasn't calculated."""
    uncalculated |= bool(body[14] & _CALC_ON_LOAD)
    empty_text = body[12:14] == b"\xff\xff" and body[6] == 3
    return (empty_text and (uncalculated or not by_excel)) or (uncalculated and not any(body[6:14]))


def _records(stream: bytes, at: int):
    while at + 4 <= len(stream):
        kind, length = struct.unpack_from("<HH", stream, at)
        yield kind, stream[at + 4 : at + 4 + length]
        at += 4 + length


def _number(data: bytes, at: int, size: int) -> int:
    if at + size > len(data):
        raise Broken
    return int.from_bytes(data[at : at + size], "little")
