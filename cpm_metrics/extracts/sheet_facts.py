"""What a file says about a sheet that calamine does not: error cells, formulas without a result, what is hidden, how far it reaches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from .cells import Fault


@dataclass
class SheetFacts:
    """`cells`: (row as seen, column from 0) -> Fault, or the exact digits of a long number. `rows`, `columns`: how far cells reach.

    `look` fills in the rest, where that was put off: all that makes a file unsafe is known before, what is only said about its cells can
    be looked up while calamine, which needs no Python for it, reads the sheet.
    """

    cells: dict[tuple[int, int], Fault | str] = field(default_factory=dict)
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)
    rows: int = 0
    columns: int = 0
    look: Callable[[SheetFacts], None] | None = None

    def complete(self) -> None:
        """Raises ValueError or LookupError where what is found makes no sense."""
        look, self.look = self.look, None
        if look:
            look(self)

    def reach(self, row: int, column: int) -> None:
        self.rows, self.columns = max(self.rows, row), max(self.columns, column + 1)


FORMULA = ("formula", "(formula)")  # the Fault of a formula whose result isn't in the file

# Error codes of the binary formats.
BINARY_ERRORS = {
    0x00: "#NULL!",
    0x07: "#DIV/0!",
    0x0F: "#VALUE!",
    0x17: "#REF!",
    0x1D: "#NAME?",
    0x24: "#NUM!",
    0x2A: "#N/A",
    0x2B: "#GETTING_DATA",
}


class Broken(Exception):
    """The file contradicts itself: what is in it can't be trusted."""
