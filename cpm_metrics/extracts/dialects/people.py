"""Tables with a row for each child that add to the Cases: the header of SSDA903, the persons of SSD. A child may stand in several (the
returns of two years). Every row is looked at, so that their order doesn't matter; what two rows tell differently isn't known."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

from ..cells import Fault, show
from ..codes import read_gender
from ..folding import squash
from ..problems import ERROR, WARNING
from ..values import MESSAGES, read_date, read_text
from .tables import Made, Row, SourceTable


def read_name(cell: object) -> tuple[object, Fault | None]:
    return read_text(cell, keep_words=True)


@dataclass(frozen=True)
class Adds:
    """A field of the Cases: its name in words, the headers it is read from (the first that is filled), and how a cell is read."""

    words: str
    headers: tuple[str, ...]
    read: Callable[[object], tuple[object, Fault | None]]


def gender(*headers: str) -> Adds:
    return Adds("Gender", headers, read_gender)


def date_of_birth(*headers: str) -> Adds:
    return Adds("Date of birth", headers, read_date)


class People:
    """`tables`: of one dialect. `key`: the header of the child's ID; `adds`: field of the Cases -> what tells it."""

    def __init__(self, tables: list[SourceTable], key: str, adds: dict[str, Adds]) -> None:
        self._key, self._adds = key, adds
        self._rows: dict[str, list[Row]] = defaultdict(list)
        self._without: dict[int, list[Row]] = {}
        for t in tables:
            self._without[id(t)] = []
            for row in t.rows():
                child = row.id(squash(key)) if row.usable else None
                if child is None:
                    self._without[id(t)].append(row)
                else:
                    self._rows[child].append(row)

    def of(self, child: str) -> dict[str, object]:
        """Field -> value: what the child's rows tell, where they don't differ. {} for a child that has no row."""
        if child not in self._rows:
            return {}
        return {field: next(iter(told)) if len(told := self._told(child, field)) == 1 else None for field in self._adds}

    def _cell(self, row: Row, field: str) -> tuple[str, object]:
        """The header of the first cell that is filled, and the cell."""
        headers = self._adds[field].headers
        return next(((header, cell) for header in headers if (cell := row.cell(squash(header))) is not None and row.text(squash(header))), (headers[0], None))

    def _told(self, child: str, field: str) -> dict[object, list[Row]]:
        told: dict[object, list[Row]] = defaultdict(list)
        for row in self._rows[child]:
            value, _ = self._adds[field].read(self._cell(row, field)[1])
            if value is not None:
                told[value].append(row)
        return told

    def says(self, made: Made, children: set[str | None]) -> int:
        """Says what is wrong in a table, and gives how many of its rows add to one of `children`."""
        t = made.source
        used = 0
        for child in sorted(self._rows.keys() & children):
            mine = [row for row in self._rows[child] if row.source is t]
            used += len(mine)
            for field, what in self._adds.items():
                told = self._told(child, field) if mine else {}
                for row in mine:
                    header, cell = self._cell(row, field)
                    fault = what.read(cell)[1]
                    if fault and not told:
                        said, remedy = MESSAGES[fault.kind]
                        made.say(WARNING, fault.kind, f"{what.words} {said}", remedy, row, header, fault.shown)
                    if len(told) > 1 and not fault and cell is not None:
                        others = next(rows for value, rows in told.items() if row not in rows)
                        made.say(WARNING, "told_differently", f"{what.words} is told differently in row {others[0].number} of {others[0].source.table.file}, so it was left blank.",
                                 "Correct whichever is wrong.", row, header, show(cell))  # fmt: skip
        for row in self._without[id(t)]:
            if row.fault:
                made.say(ERROR, row.fault[0], row.fault[1], row.fault[2], row)
            else:
                said, remedy = MESSAGES["blank_required"]
                made.say(ERROR, "blank_required", f"{self._key} {said}", remedy, row, self._key, row.text(squash(self._key)))
        return used

    def alone(self, table: SourceTable, children: set[str]) -> int:
        """How many of a table's children are none of these."""
        return sum(1 for child, rows in self._rows.items() if child not in children for row in rows if row.source is table)


class Names(People):
    """Tables that give a name for an ID: `prefix`_id, `prefix`_name."""

    def __init__(self, tables: list[SourceTable], prefix: str) -> None:
        super().__init__(tables, f"{prefix}_id", {"name": Adds("The name", (f"{prefix}_name",), read_name)})

    def name(self, id: str | None) -> object:
        """None where it isn't told, or told differently."""
        return None if id is None else self.of(id).get("name")
