"""Shapes that are not one table per dataset: SSDA903 files and SSD tables, turned into the datasets before cleaning.

Each row made keeps the spreadsheet row and columns that it came from. Shapes that differ only in their headers (Annex A, reports
of case systems) need none of this: synonyms.py knows them.
"""

from __future__ import annotations

from ..cells import RawTable
from ..mapping import MappingBook
from ..recognise import HEADER_ROWS, Recognised, header_text
from . import assessments, ssd, ssda903
from .tables import SourceTable, source_table


def apply_dialects(raw: list[RawTable], book: MappingBook) -> tuple[list[Recognised], list[RawTable]]:
    """-> (what the dialects made, the tables left for ordinary recognition). Tables with remembered headers are left alone."""
    tables: list[SourceTable] = []
    rest: list[RawTable] = []
    for table in raw:
        found = (
            None if _remembered(table, book) else source_table(table, (*ssda903.KINDS, *ssd.KINDS, *assessments.KINDS))
        )
        if found:
            tables.append(found)
        else:
            rest.append(table)
    made: list[Recognised] = []
    for dialect in (ssda903, ssd, assessments):
        mine = [t for t in tables if t.kind in {k.name for k in dialect.KINDS}]
        done, left = dialect.convert(mine) if mine else ([], [])
        made += done
        rest += [t.table for t in left]
    return made, rest


def _remembered(table: RawTable, book: MappingBook) -> bool:
    return any(book.for_headers([header_text(cell) for cell in row]) for row in table.rows[:HEADER_ROWS])
