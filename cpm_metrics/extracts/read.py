"""Files -> their raw tables. What a file is, is told by its first bytes, not by its name."""

from __future__ import annotations

import hashlib
import io
import itertools
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import python_calamine as calamine

from ..errors import CpmError, UnreadableFile, together
from .cells import Fault, RawTable, is_blank_row
from .preflight import check_size, password_protected, preflight
from .problems import FileInfo, InputFile
from .read_csv import read_csv
from .sheet_facts import SheetFacts

Progress = Callable[[str, int, int | None], None]
ROWS_AT_ONCE = 2_000  # rows between two words of progress


def _silent(stage: str, done: int, total: int | None) -> None:
    pass


@dataclass(frozen=True)
class ReadFiles:
    """Files as they were read, before anyone has decided what their tables are. Nothing below changes the tables: they can be
    inspected and prepared any number of times."""

    infos: list[FileInfo]
    tables: list[RawTable]


def read_files(files: Sequence[InputFile], say: Progress) -> ReadFiles:
    """Every table of every file. Raises UnreadableFile, which says what is wrong with all of them."""
    infos, raw, wrong = [], [], []
    for i, file in enumerate(files):
        say(f"Opening {file.name}", i, len(files))
        try:
            check_size(file)
            data = file.read()
            infos.append(FileInfo(file.name, hashlib.sha256(data).hexdigest(), len(data)))
            raw += read(InputFile(file.name, data), say)
        except OSError as problem:
            wrong.append(
                UnreadableFile(
                    f"{file.name} could not be opened ({problem.strerror or 'unknown reason'}).",
                    "Check the path and that it is not open elsewhere.",
                )
            )
        except CpmError as problem:
            wrong.append(problem)
    if wrong:
        raise together(UnreadableFile, wrong)
    return ReadFiles(infos, raw)


def read(file: InputFile, say: Progress = _silent) -> list[RawTable]:
    """All non-empty sheets of a workbook, or the one table of a CSV. Raises UnreadableFile."""
    data = file.read()
    facts = preflight(file.name, data, say)
    return [read_csv(file.name, data, say)] if facts is None else _read_workbook(file.name, data, facts, say)


def _read_workbook(name: str, data: bytes, facts: dict[str, SheetFacts], say: Progress) -> list[RawTable]:
    try:
        return _read_sheets(name, data, facts, say)
    except calamine.PasswordError as problem:
        raise password_protected(name) from problem
    except calamine.CalamineError as problem:
        raise _damaged(name) from problem
    except BaseException as problem:
        # A broken file can make the Rust reader panic, which arrives as a BaseException of its own.
        if type(problem).__name__ != "PanicException":
            raise
        raise _damaged(name) from None


def _damaged(what: str) -> UnreadableFile:
    return UnreadableFile(
        f"{what} is damaged, or not a spreadsheet.", "Open it in Excel, save it as .xlsx, and load that."
    )


def _read_sheets(name: str, data: bytes, facts: dict[str, SheetFacts], say: Progress) -> list[RawTable]:
    workbook = calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
    tables = []
    for meta in workbook.sheets_metadata:
        if meta.typ != calamine.SheetTypeEnum.WorkSheet:
            continue
        known = facts.get(meta.name) or SheetFacts()
        where = f"{name}, sheet {meta.name}"
        say(f"Reading {where} ({known.rows:,} rows)" if known.rows else f"Reading {where}", 0, None)
        try:
            sheet = _sheet(workbook, meta.name, known)  # in one go: nothing to count until it is back
            rows = _rows(sheet, f"Reading rows of {where}", say)
        except (calamine.CalamineError, NotUnderstood) as problem:
            raise _damaged(f"{name}, sheet {meta.name},") from problem
        table = _table(name, meta, sheet, rows, known)
        if table.rows:
            tables.append(table)
    return tables


class NotUnderstood(Exception):
    """What a sheet says about its cells makes no sense."""


def _sheet(workbook: calamine.CalamineWorkbook, name: str, facts: SheetFacts) -> calamine.CalamineSheet:
    """What is to be said about the cells is looked up while calamine reads them."""
    with ThreadPoolExecutor(1) as beside:
        reading = beside.submit(workbook.get_sheet_by_name, name)
        try:
            facts.complete()
        except (ValueError, LookupError) as problem:
            raise NotUnderstood from problem
        return reading.result()


def _rows(sheet: calamine.CalamineSheet, stage: str, say: Progress) -> list[list]:
    """From the first row with a cell on, as `sheet.to_python(skip_empty_area=True)` gives them, in pieces."""
    if sheet.start is None:
        return []
    pieces, out = itertools.islice(sheet.iter_rows(), sheet.start[0], None), []
    while piece := list(itertools.islice(pieces, ROWS_AT_ONCE)):
        out += piece
        say(stage, len(out), sheet.height)
    return out


def _table(name: str, meta, sheet, rows: list[list], facts: SheetFacts) -> RawTable:
    first_row, first_column = sheet.start or (0, 0)
    rows, first_row, first_column = _with_faults(rows, first_row, first_column, facts)
    kept = [i for i, row in enumerate(rows) if not is_blank_row(row)]
    table = RawTable(
        name,
        meta.name,
        [rows[i] for i in kept] if len(kept) < len(rows) else rows,
        [first_row + i + 1 for i in kept],
        first_column,
        merged=facts.merged or [(a[0] + 1, a[1], b[0] + 1, b[1]) for a, b in sheet.merged_cell_ranges or []],
        hidden_rows=facts.hidden_rows,
        hidden_columns=facts.hidden_columns,
    )
    if meta.visible != calamine.SheetVisibleEnum.Visible:
        table.notes.append("The sheet is hidden in the workbook; it was read all the same.")
    return table


def _with_faults(rows: list[list], first_row: int, first_column: int, facts: SheetFacts) -> tuple[list[list], int, int]:
    """Puts the cells that calamine gives as blank or rounded (errors, formulas without a result, long numbers) in place."""
    if not facts.cells:
        return rows, first_row, first_column
    places = facts.cells
    top, left = min(r for r, _ in places), min(c for _, c in places)
    bottom, right = max(r for r, _ in places), max(c for _, c in places)
    if not rows:
        first_row, first_column = top - 1, left
    if left < first_column:
        rows = [[""] * (first_column - left) + row for row in rows]
        first_column = left
    width = max(max((len(r) for r in rows), default=0), right - first_column + 1)
    if top - 1 < first_row:
        rows = [[""] * width for _ in range(first_row - top + 1)] + rows
        first_row = top - 1
    rows += [[""] * width for _ in range(bottom - first_row - len(rows))]
    for row in rows:
        row += [""] * (width - len(row))
    for (r, c), value in places.items():
        cell = rows[r - 1 - first_row][c - first_column]
        if isinstance(value, Fault) or cell == "" or isinstance(cell, float):
            rows[r - 1 - first_row][c - first_column] = value
    return rows, first_row, first_column
