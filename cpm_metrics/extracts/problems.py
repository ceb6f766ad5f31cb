"""What prepare() gives back: problems, sources, questions. Plain records, so that pages, store and command line share them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

ERROR, WARNING, NOTE = "error", "warning", "note"

# How sure the reader is of a column.
TEMPLATE, SYNONYM, REMEMBERED, DERIVED = "template header", "known header", "remembered", "worked out"


@dataclass(frozen=True)
class InputFile:
    """A file to load: its name as the user knows it, and its bytes or where they are."""

    name: str
    data: bytes | Path

    def read(self) -> bytes:
        return self.data if isinstance(self.data, bytes) else Path(self.data).read_bytes()


@dataclass(frozen=True)
class FileInfo:
    name: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong. `error` left the row out, `warning` left the cell blank or wants a look, `note` is for information.

    `message` and `remedy` never quote a cell; the value itself is only in `value`. `row` is the spreadsheet row (in a CSV
    the line), `column` the spreadsheet's column letter; both None when the problem is about more than one cell.
    """

    severity: str
    kind: str
    message: str
    remedy: str = ""
    dataset: str | None = None
    file: str | None = None
    sheet: str | None = None
    row: int | None = None
    column: str | None = None
    header: str | None = None
    value: str | None = None


@dataclass(frozen=True)
class ColumnMap:
    """How one column of the user's table was understood; `field` is None when it is kept out."""

    letter: str
    header: str
    field: str | None
    how: str | None
    samples: tuple[str, ...] = ()


@dataclass
class Source:
    """One table read. rows_read == rows_loaded + rows_left_out, always."""

    source: int
    file: str
    sheet: str
    dataset: str
    header_row: int
    columns: list[str]
    unmapped: list[str]
    mapping: list[ColumnMap]
    rows_read: int = 0
    rows_loaded: int = 0
    rows_left_out: int = 0
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class UnknownTable:
    """A table that is none of the datasets: listed, so that the user can map it, or see that it was meant to be left."""

    file: str
    sheet: str
    header_row: int | None
    headers: tuple[str, ...]
    samples: tuple[tuple[str, ...], ...]
    why: str


@dataclass(frozen=True)
class HeaderRow:
    """A row that could hold a table's headers: its number as seen, the columns it would give, and the rows below it."""

    number: int
    columns: tuple[ColumnMap, ...]
    rows: int


@dataclass(frozen=True)
class TableView:
    """One table as the mapping screen shows it. `dataset` is what it was recognised as, or (with `why`) what it is nearest to.

    `missing` are the names of required fields without a column; `refuse` says that a load with this table stops. `rows_at` are the
    rows that could hold the headers, of a table that wasn't recognised.
    """

    file: str
    sheet: str
    dataset: str | None
    header_row: int | None
    mapping: tuple[ColumnMap, ...]
    rows: int
    missing: tuple[str, ...] = ()
    why: str = ""
    remedy: str = ""
    refuse: bool = False
    ignored: bool = False
    rows_at: tuple[HeaderRow, ...] = ()

    @property
    def headers(self) -> tuple[str, ...]:
        """What `MappingBook.remember_headers` wants."""
        return tuple(m.header for m in self.mapping if m.header)


@dataclass(frozen=True)
class Question:
    """A coded value we don't know. The answer goes into the MappingBook: `remember_value(dataset, field, value, code)`."""

    dataset: str
    field: str
    header: str
    value: str
    count: int
    choices: tuple[str, ...]
    taken_as: str | None


@dataclass
class Prepared:
    """Everything a load would bring, before anything is stored. See docs/design.md, "extracts"."""

    tables: dict[str, pa.Table]
    sources: list[Source]
    problems: list[Problem]
    files: list[FileInfo]
    newest_date: dt.date | None = None
    suggested_extract_date: dt.date | None = None
    questions: list[Question] = field(default_factory=list)
    unknown_tables: list[UnknownTable] = field(default_factory=list)

    @property
    def counts(self) -> dict[str, int]:
        return {name: table.num_rows for name, table in self.tables.items()}
