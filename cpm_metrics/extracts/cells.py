"""Raw cells and raw tables: what a file says, before anyone has decided what it means."""

from __future__ import annotations

from dataclasses import dataclass, field

from .folding import column_letter


class Fault:
    """A cell that holds no usable value, and why. `kind` is the problem's kind, `shown` what the user sees in Excel."""

    __slots__ = ("kind", "shown")

    def __init__(self, kind: str, shown: str) -> None:
        self.kind, self.shown = kind, shown

    def __hash__(self) -> int:
        return hash((self.kind, self.shown))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Fault) and (self.kind, self.shown) == (other.kind, other.shown)

    def __str__(self) -> str:
        return self.shown


MERGED = "The row holds merged cells, so it is not known which rows the values are for.", "Unmerge the cells and fill in each row."

# A cell is: str, float, bool, datetime, date, time, timedelta, None (blank) or Fault.


@dataclass
class RawTable:
    """One sheet, or one CSV: rows of cells with the row numbers that the user sees.

    `rows[i][j]` stands in spreadsheet row `numbers[i]`, column `first_column + j` (0-based). In a CSV `numbers` are lines
    and rows may differ in length (`ragged`); `row_faults` says of a row index why that row can't be read at all.
    `merged` are ranges (first row, first column, last row, last column), row numbers as seen, columns 0-based.
    """

    file: str
    sheet: str
    rows: list[list]
    numbers: list[int]
    first_column: int = 0
    ragged: bool = False
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)
    row_faults: dict[int, str] = field(default_factory=dict)
    # Of a table that a dialect made: row index -> kind of what was wrong with the row in its file, what, and the remedy.
    cut: dict[int, tuple[str, str, str]] = field(default_factory=dict)
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)
    # Columns whose values come from a dialect rather than from one cell of this sheet have no letter.
    letters: list[str] | None = None

    def ragged_row(self, i: int, header: int) -> bool:
        """Whether row i of a CSV is cut short, or of any table goes on beyond the headers: which cell is which isn't known.
        Headers that are blank at the end of the line ask for no cells."""
        row, heads = self.rows[i], self.rows[header]
        if len(row) == len(heads):
            return False
        if len(row) > len(heads):
            return any(not is_blank(cell) for cell in row[len(heads) :])
        named = max((j for j, cell in enumerate(heads) if not is_blank(cell)), default=-1) + 1
        return self.ragged and len(row) < named

    def letter(self, j: int) -> str:
        return self.letters[j] if self.letters else column_letter(self.first_column + j)


def is_blank(cell: object) -> bool:
    return cell is None or (isinstance(cell, str) and (not cell or cell.isspace()))


def is_blank_row(row: list) -> bool:
    for cell in row:  # noqa: SIM110 - mostly the first cell answers it; a generator for each of 100,000 rows takes three times as long
        if not is_blank(cell):
            return False
    return True


def show(cell: object) -> str:
    """A cell as text for a person: what problems and samples show."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):
        cell += 0.0  # -0.0 is 0: equal keys of a dictionary must read alike
        return f"{cell:.0f}" if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    return str(cell)
