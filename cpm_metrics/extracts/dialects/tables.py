"""Tables of a dialect: found by the headers they must have, read by column, turned into recognised tables of our datasets."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from ...errors import LoadRefused
from ..cells import MERGED, RawTable, is_blank
from ..datasets import DATASETS, NOT_RECORDED
from ..folding import squash
from ..problems import DERIVED, WARNING, ColumnMap, Problem
from ..read_csv import ROW_FAULTS, ragged
from ..recognise import HEADER_ROWS, Recognised
from ..values import MESSAGES, read_date, read_id, text_of

__all__ = ["NOT_RECORDED", "Kind", "Made", "Row", "SourceTable", "source_table"]


@dataclass(frozen=True)
class Kind:
    """A table of a dialect: it has all of `needs`, one of `one_of` and none of `without` among its (squashed) headers."""

    name: str
    needs: tuple[str, ...]
    without: tuple[str, ...] = ()
    one_of: tuple[str, ...] = ()


@dataclass(eq=False)
class SourceTable:
    kind: str
    table: RawTable
    header_index: int
    columns: dict[str, int]  # squashed header -> column index
    twice: dict[str, int] = field(default_factory=dict)  # squashed header -> index of the second column of that header

    def column(self, *names: str) -> int | None:
        """Raises LoadRefused where two columns have that header: which of them to use isn't known."""
        name = next((n for n in names if n in self.columns), None)
        if name is None:
            return None
        if name in self.twice:
            t, first, second = self.table, self.columns[name], self.twice[name]
            raise LoadRefused(
                f"{t.file}{', sheet ' + t.sheet if t.sheet else ''}: two columns ({t.letter(first)} and {t.letter(second)}) have the same header "
                f"“{str(t.rows[self.header_index][first]).strip()}” in row {t.numbers[self.header_index]}.",
                "Rename or delete one of them, so that it is clear which to use.",
            )
        return self.columns[name]

    @cached_property
    def merged_rows(self) -> set[int]:
        """The numbers of the rows that share a cell with another row, or whose own cells are one, in columns with a header."""
        t, out = self.table, set[int]()
        named = {j + t.first_column for j in self.columns.values()}
        for first_row, first_column, last_row, last_column in t.merged:
            if any(first_column <= j <= last_column for j in named):
                out |= set(range(max(first_row, t.numbers[self.header_index] + 1), last_row + 1))
        return out

    def rows(self) -> Iterator[Row]:
        for i in range(self.header_index + 1, len(self.table.rows)):
            yield Row(self, i)

    @property
    def count(self) -> int:
        return len(self.table.rows) - self.header_index - 1


@dataclass(frozen=True)
class Row:
    """One row of a dialect's table."""

    source: SourceTable
    index: int

    def cell(self, *names: str) -> object:
        j = self.source.column(*names)
        cells = self.source.table.rows[self.index]
        return cells[j] if j is not None and j < len(cells) else None

    def text(self, *names: str) -> str:
        cell = self.cell(*names)
        return "" if cell is None else text_of(cell)

    def id(self, *names: str) -> str | None:
        return read_id(self.cell(*names))[0]

    def date(self, *names: str) -> dt.date | None:
        return read_date(self.cell(*names))[0]

    @property
    def number(self) -> int:
        return self.source.table.numbers[self.index]

    @property
    def usable(self) -> bool:
        """False for a row of which it isn't known which cell is which: cleaning says so of those that are rows of a dataset."""
        return self.fault is None

    @property
    def fault(self) -> tuple[str, str, str] | None:
        """Why the row isn't usable: kind of problem, what is wrong, what to do."""
        t = self.source.table
        if self.index in t.row_faults:
            kind = t.row_faults[self.index]
            return (kind, *ROW_FAULTS[kind])
        if t.ragged_row(self.index, self.source.header_index):
            return ("ragged", *ragged(len(t.rows[self.index]), len(t.rows[self.source.header_index])))
        if self.number in self.source.merged_rows:
            return ("merged", *MERGED)
        return None


def source_table(table: RawTable, kinds: Sequence[Kind]) -> SourceTable | None:
    for index, row in enumerate(table.rows[:HEADER_ROWS]):
        columns: dict[str, int] = {}
        twice: dict[str, int] = {}
        for j, cell in enumerate(row):
            key = squash(cell) if isinstance(cell, str) and not is_blank(cell) else ""
            if key in columns:
                twice[key] = j
            elif key:
                columns[key] = j
        for kind in kinds:
            if (
                all(n in columns for n in kind.needs)
                and (not kind.one_of or any(n in columns for n in kind.one_of))
                and not any(n in columns for n in kind.without)
            ):
                return SourceTable(kind.name, table, index, columns, twice)
    return None


@dataclass
class Made:
    """Rows of one dataset, made from one table. `from_columns`: field -> headers in the source that it is read from."""

    source: SourceTable
    dataset: str
    from_columns: dict[str, tuple[str, ...]]
    rows: list[tuple[int, dict[str, object]]] = field(default_factory=list)
    used: set[int] = field(default_factory=set)  # row indexes of the source that stand in `rows`
    # for each of `rows`, the fields that can't be known for it, although there is a column
    unknown: list[frozenset[str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    flags: frozenset[str] = frozenset()  # as in `Recognised`

    def add(self, row: Row, values: dict[str, object], unknown: Iterable[str] = ()) -> None:
        self.rows.append((row.index, values))
        self.used.add(row.index)
        self.unknown.append(frozenset(unknown))

    def parted(self, how_joined: str) -> list[Recognised | None]:
        """`recognised`, once for the rows that know all fields and once for each set of fields that rows don't know: only where
        there is a column does a blank say "not done"."""
        kinds = sorted(set(self.unknown), key=sorted)
        if not any(kinds):
            return [self.recognised(how_joined)]
        parts = []
        for kind in kinds:
            rows = [row for row, unknown in zip(self.rows, self.unknown, strict=True) if unknown == kind]
            parts.append(Made(
                self.source, self.dataset, {n: h for n, h in self.from_columns.items() if n not in kind},
                [(i, {n: v for n, v in values.items() if n not in kind}) for i, values in rows], {i for i, _ in rows},
            ))  # fmt: skip
        parts[0].used, parts[0].notes, parts[0].problems = self.used, self.notes, self.problems
        return [
            part.recognised(how_joined if part is parts[0] else "", len(self.rows) - len(part.rows) if part is parts[0] else None)
            for part in parts
        ]

    def fills_in(self, used: int, what: str) -> Recognised | None:
        """A table whose rows are no rows of a dataset but add to others: `used` of them do."""
        self.notes.append(f"Not lost: {used} of {self.source.count} rows were used to fill in {what}; a row of this table is none of its own.")
        return self.recognised("")

    def say(
        self,
        severity: str,
        kind: str,
        message: str,
        remedy: str,
        row: Row | None = None,
        header: str | None = None,
        value: str | None = None,
    ) -> None:
        """A problem of `row`, which may be of another table of the same kind."""
        source = row.source if row else self.source
        t = source.table
        j = source.column(squash(header)) if header else None
        letter = t.letter(j) if j is not None else None
        self.problems.append(
            Problem(
                severity,
                kind,
                message,
                remedy,
                self.dataset,
                t.file,
                t.sheet,
                row.number if row else None,
                letter,
                header,
                value,
            )
        )

    def say_unreadable(self, row: Row, header: str) -> bool:
        """A date that stands in no row made, so that cleaning doesn't see it. Gives whether there was something to say."""
        fault = read_date(row.cell(squash(header)))[1]
        if fault:
            what, remedy = MESSAGES[fault.kind]
            self.say(WARNING, fault.kind, f"{header} {what}", remedy, row, header, fault.shown)
        return fault is not None

    def recognised(self, how_joined: str, elsewhere: int | None = 0) -> Recognised | None:
        """`how_joined` explains the rows that have no row of their own, for example "episodes continue a period of care".
        `elsewhere`: rows that another part counts; None when this part counts just its own."""
        t = self.source.table
        dataset = DATASETS[self.dataset]
        fields = [
            f
            for f in (*dataset.fields, *dataset.derived)
            if any(f.name in values for _, values in self.rows) or f.name in self.from_columns
        ]
        header_row = t.rows[self.source.header_index]
        mapping, letters, headers, hidden = [], [], [], set()
        for f in fields:
            j = self.source.column(*(squash(n) for n in self.from_columns.get(f.name, ())))
            letter = t.letter(j) if j is not None else ""
            header = str(header_row[j]).strip() if j is not None else "(worked out)"
            if j is not None and j + t.first_column in t.hidden_columns:
                hidden.add(len(letters))
            letters.append(letter)
            headers.append(header)
            samples = list(
                dict.fromkeys(text_of(v[f.name])[:80] for _, v in self.rows[:200] if not is_blank(v.get(f.name)))
            )[:3]
            mapping.append(ColumnMap(letter, header, f.name, DERIVED, tuple(samples)))
        used_columns = {self.source.column(*(squash(n) for n in names)) for names in self.from_columns.values()}
        for j, cell in enumerate(header_row):
            if j not in used_columns and not is_blank(cell):
                mapping.append(ColumnMap(t.letter(j), str(cell).strip(), None, None))
        raw = RawTable(
            t.file, t.sheet, [headers, *([values.get(f.name) for f in fields] for _, values in self.rows)],
            [t.numbers[self.source.header_index], *(t.numbers[i] for i, _ in self.rows)],
            notes=[*t.notes, *self.notes], letters=letters,
            cut={n: fault for n, (i, _) in enumerate(self.rows, start=1) if (fault := Row(self.source, i).fault)}, hidden_rows=t.hidden_rows, hidden_columns=hidden,
        )  # fmt: skip
        folded = self.source.count - len(self.used) if elsewhere is not None else 0
        if folded and how_joined:
            raw.notes.append(f"{folded} of {self.source.count} rows have no row of their own: {how_joined}.")
        extra = len(self.rows) + (elsewhere or 0) - len(self.used)
        return Recognised(
            raw,
            dataset,
            0,
            {f.name: j for j, f in enumerate(fields)},
            mapping,
            [],
            folded=folded - extra,
            flags=set(self.flags),
            problems=self.problems,
        )
