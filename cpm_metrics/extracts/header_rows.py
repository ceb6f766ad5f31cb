"""Rows near the top of a table that could hold its headers, and the columns that each would give: for the mapping screen."""

from __future__ import annotations

from collections.abc import Sequence

from .cells import RawTable, is_blank, show
from .folding import squash
from .problems import ColumnMap, HeaderRow
from .recognise import HEADER_ROWS, header_text
from .values import read_date

LONGEST_HEADER = 120
SAMPLES, CUT = 3, 80  # how many different examples of a column are shown, and their first characters
LOOKED_AT = 500  # rows in which examples are looked for


def header_rows(table: RawTable) -> tuple[HeaderRow, ...]:
    """The likeliest first: the fullest, and of those the first.

    A row with a date, a number or the same text twice is a record, not headers: what is remembered must never be a child's data.
    """
    rows = table.rows[:HEADER_ROWS]
    filled = [sum(not is_blank(cell) for cell in row) for row in rows]
    widest = max(filled, default=0)
    fit = [i for i, row in enumerate(rows[: len(table.rows) - 1]) if filled[i] >= max(2, widest / 2) and _could_be_headers(row)]
    fit.sort(key=lambda i: (-filled[i], i))
    return tuple(HeaderRow(table.numbers[i], columns_below(table, i), len(table.rows) - i - 1) for i in fit)


def _could_be_headers(row: Sequence[object]) -> bool:
    texts = [header_text(cell) for cell in row if not is_blank(cell)]
    if any(not isinstance(cell, str) for cell in row if not is_blank(cell)) or len({squash(t) for t in texts}) < len(texts):
        return False
    return all(len(t) <= LONGEST_HEADER and any(ch.isalpha() for ch in t) and read_date(t)[0] is None for t in texts)


def columns_below(table: RawTable, index: int) -> tuple[ColumnMap, ...]:
    """The columns if row `index` of the table holds the headers; none has a field. Columns with neither header nor value are left away."""
    out = []
    below = table.rows[index + 1 : index + LOOKED_AT]
    for j in range(max(len(row) for row in table.rows[index : index + LOOKED_AT])):
        header = header_text(table.rows[index][j]) if j < len(table.rows[index]) else ""
        cells = (row[j] for row in below if j < len(row) and not is_blank(row[j]))
        samples = tuple(list(dict.fromkeys(show(cell).strip()[:CUT] for cell in cells))[:SAMPLES])
        if header or samples:
            out.append(ColumnMap(table.letter(j), header, None, None, samples))
    return tuple(out)
