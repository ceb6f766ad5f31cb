"""A recognised table -> typed columns and problems. Each distinct value is read once; rows are judged after all columns."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import compress
from operator import itemgetter

from .cells import MERGED, Fault, is_blank, show
from .codes import legal_code, read_code, read_domains, read_gender, read_roles
from .datasets import DATASETS, MEETING_STATUSES, NOT_RECORDED, RAW_SUFFIX, Field, columns
from .folding import fold, squash
from .mapping import MappingBook, answers
from .problems import ERROR, NOTE, TEMPLATE, WARNING, Problem, Question
from .read_csv import ROW_FAULTS, ragged
from .recognise import Recognised, lookup
from .values import (
    MESSAGES,
    could_be_month_first,
    fault_of,
    is_blank_text,
    read_date,
    read_id,
    read_text,
    read_yes_no,
    text_of,
)

# Names of people: "None", "Null" and "NA" are surnames.
_NAMES = {"forename", "surname"}
# What a person is asked about where it can't be read; see `MappingBook.answers`.
_ASKED = ("unknown_code", "unknown_code_in_list", "not_yes_no")
# Coded fields in which a value that is not known is taken as `other`, so that a required cell does not lose the row.
_UNKNOWN_IS_OTHER = {"meeting_type", "assessment_type"}
_FOOTER = re.compile(
    r"(grand |overall )?(sub ?)?totals?\b|printed (on|by|at)\b|report (run|generated|produced|created|date|printed|name|parameters?)\b|run (on|by|date|at)\b|"
    r"generated (on|by|at)\b|produced (on|by)\b|page \d+|end of (report|file|data|list)|filters? applied|(number|no|count) of (records|rows|children|cases)\b|"
    r"records?\b.{0,12}\d|source\b|copyright|confidential|official sensitive|data (as at|extracted|correct)|extracted (on|by|at)\b|notes?$|"
    r"as at \d|created (on|by)\b|exported (on|by|at)\b|\d+ (records|rows)\b"
)
_DIGIT = re.compile(r"\d")
_TOTAL = re.compile(r"(grand |overall )?(sub ?)?totals?\b|counts?\b|average\b")
# The heading of a group of rows, alone in its row: "Team: North", "Social worker - A. Name", "CiC North team (12)".
_GROUP = re.compile(r"\s*(?:[^\W\d][^\d:]{1,40}:\s*\S.*|[^\W\d][^\d]{3,60}\s*(?:[(\[]\d+[)\]])?)\s*$")


@cache
def _known_headers() -> tuple[set[str], set[str]]:
    """Every header that some dataset knows, and those of them that are the child's."""
    known = {header: field for name in DATASETS for header, (field, _, _) in lookup(name, False).items()}
    return set(known), {header for header, field in known.items() if field == "child_id"}


def _has_digit(row: list, j: int) -> bool:
    """Whether the cell could be an ID: hardly any is without a digit."""
    cell = row[j] if j < len(row) else None
    return cell is not None and (not isinstance(cell, str) or _DIGIT.search(cell) is not None)


def _is_count(cell: object) -> bool:
    return (isinstance(cell, int | float) and not isinstance(cell, bool)) or (isinstance(cell, str) and bool(re.fullmatch(r"[\d.,%\s]+", cell)))


@dataclass
class Cleaned:
    """`columns`: every column of the dataset as a list of equal length; `rows_read` includes the rows left out."""

    columns: dict[str, list]
    rows_read: int
    problems: list[Problem]
    questions: list[Question]
    notes: list[str]


def clean(
    recognised: Recognised, source: int, book: MappingBook, say: Callable[[int, int], None] = lambda done, total: None
) -> Cleaned:
    """`say(done, total)` is called for each column."""
    return _Cleaner(recognised, source, book).run(say)


class _Cleaner:
    def __init__(self, recognised: Recognised, source: int, book: MappingBook) -> None:
        self.r, self.t, self.d = recognised, recognised.table, recognised.dataset
        self.source, self.book = source, book
        # The contract of our own template: a required cell that is blank leaves the row out. Elsewhere no child is dropped for want
        # of a team.
        how = {m.field: m.how for m in recognised.mapping if m.field}
        self.is_template = all(how.get(f.name) == TEMPLATE for f in recognised.dataset.required)
        self.needed = [recognised.fields[f.name] for f in recognised.dataset.required if f.name in recognised.fields]
        self.problems: list[Problem] = list(recognised.problems)
        self.questions: list[Question] = []
        self.notes = [*self.t.notes, *recognised.notes]
        self.month_first: set[str] = set()  # fields of which a date is written so

    def run(self, say: Callable[[int, int], None]) -> Cleaned:
        start = self.r.header_index + 1
        rows, numbers = self.t.rows[start:], self.t.numbers[start:]
        above = self._table_above()
        usable = self._usable_rows(rows, numbers, start)
        self.rows = [rows[i] for i in usable] if len(usable) < len(rows) else rows
        self.numbers = [numbers[i] for i in usable]
        self.alive = [True] * len(self.rows)
        # All columns at once are much faster than one after another; rows of a CSV differ in length.
        even = len(set(map(len, self.rows))) == 1
        turned = list(zip(*self.rows, strict=True)) if even else None
        out: dict[str, list] = {}
        dates: list[tuple[Field, int, Sequence]] = []
        fields = (*self.d.fields, *self.d.derived)
        for n, f in enumerate(fields):
            say(n, len(fields))
            j = self.r.fields.get(f.name)
            cells = None if j is None else turned[j] if turned else list(map(itemgetter(j), self.rows))
            if f.name == "status" and self.r.cancelled is not None:
                cells = self._with_cancelled(cells)
            out |= self._column(f, j, cells)
            if f.kind == "date" and cells is not None:
                dates.append((f, j, cells))
        for f, j, cells in dates if self.month_first else []:
            self._beside_month_first(f, j, cells)
        out["source"] = [self.source] * len(self.rows)
        out["row"] = self.numbers
        if not all(self.alive):
            # What is said of a row that "counts all the same" is untrue of one that was left out for something else.
            gone = {number for number, ok in zip(self.numbers, self.alive, strict=True) if not ok}
            self.problems = [p for p in self.problems if p.kind != "team_blank" or p.row not in gone]
            out = {name: list(compress(values, self.alive)) for name, values in out.items()}
        self._say_hidden()
        return Cleaned(
            {name: out[name] for name in columns(self.d)},
            len(rows) + above + self.r.folded,
            self.problems,
            self.questions,
            self.notes,
        )

    # rows

    def _usable_rows(self, rows: list[list], numbers: list[int], start: int) -> list[int]:
        """Indexes of rows that can be read cell by cell; says why of the others. CSV rows are cut to the header's width."""
        width = len(self.t.rows[self.r.header_index])
        merged = self._merged_rows()
        usable, footers, other, child = [], 0, None, self.r.fields.get("child_id")
        headings = self.t.letters is None  # rows that a dialect made are in no order
        simple = not (merged or self.t.row_faults or self.t.cut)
        for i, row in enumerate(rows):
            if simple and len(row) == width and self._begins_as_a_record(row):
                usable.append(i)
                continue
            fault = self.t.row_faults.get(start + i)
            heading = self._heading(row) if headings and not fault and not _has_digit(row, child) else None
            if heading == "another" and usable:  # right below the headers it is a second line of them
                other = i
                break
            if fault:
                self._row_error(fault, numbers[i], *ROW_FAULTS[fault])
            elif heading == "again" or self._is_footer(row):
                footers += 1
                self._problem(
                    NOTE,
                    "footer",
                    "The row is a foot, a total or a heading of the report, not a record; it was left out.",
                    "",
                    row=numbers[i],
                )
            elif start + i in self.t.cut:
                kind, *said = self.t.cut[start + i]
                self._row_error(kind, numbers[i], *said)
            elif self.t.ragged_row(start + i, self.r.header_index):
                self._row_error("ragged", numbers[i], *ragged(len(row), width))
            elif numbers[i] in merged:
                self._row_error("merged", numbers[i], *MERGED)
            else:
                usable.append(i)
        if other is not None:
            self._another_table(numbers[other:], f"Another table, with other headers, begins in row {numbers[other]}; the rows from there on are not of this table, and were left out.")
        if footers:
            self.notes.append(f"{footers} footer row{'s' if footers > 1 else ''} of the report left out.")
        return usable

    def _another_table(self, numbers: Sequence[int], what: str) -> None:
        for number in numbers:
            self._row_error("another_table", number, what, "Put each table on a sheet of its own, or in a file of its own.")

    def _table_above(self) -> int:
        """How many rows of another table stand above the headers that were chosen, because they are the fuller ones. A line or two
        above the headers without a record below them is a title."""
        rows, numbers = self.t.rows[: self.r.header_index], self.t.numbers[: self.r.header_index]
        for i, row in enumerate(rows):
            child = next((j for j, c in enumerate(row) if isinstance(c, str) and squash(c) in _known_headers()[1]), None)
            below = [r for r in rows[i + 1 :] if sum(not is_blank(c) for c in r) > 1]
            if child is not None and sum(not is_blank(c) for c in row) > 1 and any(_has_digit(r, child) for r in below):
                self._another_table(numbers[i:], f"Another table, with other headers, stands above the headers in row {self.t.numbers[self.r.header_index]}; its rows were left out.")
                return len(rows) - i
        return 0

    def _heading(self, row: list) -> str | None:
        """Of a row without an ID: "again" for this table's headers once more (a report that repeats them on each page), "another" for
        those of another table, whose dates would be taken for this one's."""
        texts = [(j, c) for j, c in enumerate(row) if not is_blank(c)]
        if len(texts) < 2 or not all(isinstance(c, str) and any(map(str.isalpha, c)) and read_date(c)[0] is None for _, c in texts):
            return None
        cells = {j: squash(c) for j, c in texts}
        known, ids = _known_headers()
        own = {j: squash(c) for j, c in enumerate(self.t.rows[self.r.header_index]) if not is_blank(c)}
        child = self.r.fields["child_id"]
        if cells.get(child) not in ids | {own.get(child)}:
            headers = {cell for cell in cells.values() if cell in known}
            if not headers & (ids - {"child"}) or len(headers) < 2 or 2 * len(headers) < len(cells):  # "Child" is a type of assessment too
                return None
        again = all(own.get(j) == cell for j, cell in cells.items()) and all(j in cells for j in self.needed)
        return "again" if again else "another"

    def _is_footer(self, row: list) -> bool:
        if self._begins_as_a_record(row):
            return False
        texts = [c for c in row if not is_blank(c)]
        if _TOTAL.match(fold(texts[0])) and all(_is_count(c) for c in texts[1:]):
            return True
        if len(texts) == 1 and isinstance(texts[0], str) and _GROUP.match(texts[0]) and len(self.needed) > 1:
            return True
        first = next((j for j, c in enumerate(row) if not is_blank(c)), None)
        if first is None or not isinstance(row[first], str):
            return False
        filled = [j for j in self.needed if j < len(row) and not is_blank(row[j])]
        if len(filled) > 1:
            # "Report run on | 12/11/2026" has two of the required cells, but no child. Without any text there it is a record with a blank.
            child = self.r.fields.get("child_id")
            if child not in filled or _has_digit(row, child) or _DIGIT.search(row[first]):
                return False
        elif filled and filled != [first]:
            return False
        return bool(_FOOTER.match(fold(row[first])))

    def _begins_as_a_record(self, row: list) -> bool:
        """The common case, for speed: a row that begins with a digit and has two of the required cells is no foot of a report."""
        for first in row:
            if first is not None and first != "":
                break
        else:
            return False
        if type(first) is not str or first[0] not in "0123456789":
            return False
        filled = 0
        for j in self.needed:
            filled += j < len(row) and not is_blank(row[j])
            if filled > 1:
                return True
        return False

    def _merged_rows(self) -> set[int]:
        used = set(self.r.fields.values())
        header = self.t.numbers[self.r.header_index]
        out: set[int] = set()
        for first_row, first_column, last_row, last_column in self.t.merged:
            touched = {
                c - self.t.first_column for c in range(first_column, min(last_column, first_column + 16384) + 1)
            } & used
            if last_row > header and touched:
                out |= set(range(max(first_row, header + 1), last_row + 1))
        return out

    # columns

    def _with_cancelled(self, cells: Sequence) -> list:
        """A status beside a column that says what was cancelled: a meeting called off isn't held because its outcome was left blank."""
        remembered = self.book.codes_for(self.d.name, "status")
        out, both = [], 0
        for row, number, status in zip(self.rows, self.numbers, cells, strict=True):
            told = _status_of_flag(row[self.r.cancelled] if self.r.cancelled < len(row) else None)
            code = None if is_blank(told) or fault_of(told) else read_code("status", MEETING_STATUSES, text_of(told), remembered)
            if code in ("cancelled", "postponed"):
                both += not fault_of(status) and read_code("status", MEETING_STATUSES, text_of(status), {}) == "held"
                status = told
            elif code is None and not is_blank(told) and not is_blank_text(text_of(told)):
                self._problem(WARNING, "cancelled_unclear", "It can't be told from this column whether the meeting was cancelled; the status beside it was taken as it stands"
                              + (", and it is blank, so what became of the meeting is not known." if is_blank(status) else "."),
                              "Write Yes, No or the day on which it was cancelled.", row=number, j=self.r.cancelled, value=show(told))  # fmt: skip
                if is_blank(status):
                    status = told
            out.append(status)
        if both:
            self.notes.append(f"{both} row{'s say' if both > 1 else ' says'} both held and cancelled; counted as cancelled.")
        return out

    def _column(self, f: Field, j: int | None, cells: Sequence | None) -> dict[str, list]:
        n = len(self.rows)
        if cells is None:
            out = {f.name: [None] * n}
            if f.kind in ("code", "codes"):
                out[f.name + RAW_SUFFIX] = [None] * n
            if f.name == "legal_status":
                out["legal_code"] = [None] * n
            return out
        apart = set(cells)
        if any(cell == 0 or cell == 1 for cell in apart) and bool in set(map(type, cells)):
            # True == 1.0 as a dictionary key: told apart before.
            as_text = {c: Fault("id_is_yes_no", show(c)) if f.kind == "id" else show(c) for c in (True, False)}
            cells = [as_text[c] if isinstance(c, bool) else c for c in cells]
            apart = set(cells)
        if f.name in self.r.flags:
            cells = [_status_of_flag(c) for c in cells]
            apart = set(cells)
        read = self._reader(f)
        known = {cell: read(cell) for cell in apart}
        self._report(f, j, cells, known)
        values = {cell: value for cell, (value, _) in known.items()}
        out = {f.name: list(map(values.__getitem__, cells))}
        if self._may_be_missing(f):
            out[f.name] = [NOT_RECORDED if value is None else value for value in out[f.name]]
        if f.kind in ("code", "codes"):
            texts = {cell: None if fault_of(cell) else text_of(cell) or None for cell in known}
            out[f.name + RAW_SUFFIX] = list(map(texts.__getitem__, cells))
        if f.name == "legal_status":
            remembered = self.book.codes_for(self.d.name, f.name)
            legal = {cell: legal_code(value, remembered) for cell, (value, _) in known.items()}
            out["legal_code"] = list(map(legal.__getitem__, cells))
            self._report_legal(f, j, cells, known, legal)
        return out

    def _reader(self, f: Field):
        if f.kind == "id":
            return read_id
        if f.kind == "date":
            return read_date
        remembered = self.book.codes_for(self.d.name, f.name)
        if f.kind == "yes_no":
            return lambda cell: _read_yes_no(cell, remembered)
        if f.name == "gender":
            return read_gender
        if f.name == "legal_status":
            return lambda cell: _read_legal(cell, remembered)
        if f.kind == "text":
            return lambda cell: read_text(cell, keep_words=f.name in _NAMES)
        if f.kind == "code":
            return lambda cell: _read_one(f, cell, remembered)
        return lambda cell: _read_list(f, cell, remembered)

    def _may_be_missing(self, f: Field) -> bool:
        return f.name == "team" and not self.is_template

    def _report(self, f: Field, j: int, cells: Sequence, known: dict) -> None:
        bad = {cell: fault for cell, (value, fault) in known.items() if fault}
        blank = {cell for cell, (value, fault) in known.items() if value is None and not fault} if f.required else set()
        if not bad and not blank:
            return
        month_first = 0
        asked: Counter[str] = Counter()
        for i, cell in enumerate(cells):
            if cell in bad:
                fault = bad[cell]
                month_first += fault.kind == "month_first"
                lost = f.required and known[cell][0] is None and not self._may_be_missing(f)
                what, remedy = MESSAGES[fault.kind]
                if f.name in _UNKNOWN_IS_OTHER and fault.kind == "unknown_code":
                    what = "is a value that is not known; it was taken as Other."
                self._problem(
                    ERROR if lost else WARNING,
                    fault.kind,
                    f"{f.header} {what}",
                    remedy,
                    row=self.numbers[i],
                    j=j,
                    value=fault.shown,
                )
                if lost:
                    self.alive[i] = False
                if fault.kind in _ASKED:
                    asked.update(fault.shown.split("\n") if f.kind == "codes" else [fault.shown])
            elif cell in blank and self._may_be_missing(f):
                self._problem(WARNING, "team_blank", f"{f.header} is blank; it is shown as “{NOT_RECORDED}”, and the row counts all the same.",
                              "Fill in the team, or load a table that has it beside this one.", row=self.numbers[i], j=j, value="")  # fmt: skip
            elif cell in blank:
                what, remedy = MESSAGES["blank_required"]
                self._problem(ERROR, "blank_required", f"{f.header} {what}", remedy, row=self.numbers[i], j=j, value="")
                self.alive[i] = False
        for value, count in sorted(asked.items()):
            taken = "other" if f.name in _UNKNOWN_IS_OTHER else None
            self.questions.append(Question(self.d.name, f.name, f.header, value, count, answers(f), taken))
        if month_first:
            self.month_first.add(f.name)
            self._problem(
                WARNING, "month_first_column",
                f"{f.header}: {month_first} of the dates {'is' if month_first == 1 else 'are'} written month first. The others of this column, where both numbers are 12 or less, were read "
                "day first and may be wrong.",
                "Check how this report writes dates, and export it with day-first or ISO dates.", j=j,
            )  # fmt: skip

    def _beside_month_first(self, f: Field, j: int, cells: Sequence) -> None:
        """One report mostly writes all of its dates in one way."""
        count = sum(map(could_be_month_first, cells)) if f.name not in self.month_first else 0
        if count:
            self._problem(
                WARNING, "month_first_column",
                f"{f.header}: dates in another column of this table are written month first. {count} of the dates here, where both numbers are 12 or less, "
                f"{'was' if count == 1 else 'were'} read day first and may be wrong.",
                "Check how this report writes dates, and export it with day-first or ISO dates.", j=j,
            )  # fmt: skip

    def _report_legal(self, f: Field, j: int, cells: Sequence, known: dict, legal: dict) -> None:
        unknown = {cell for cell, (value, _) in known.items() if value and legal[cell] is None}
        if not unknown:
            return
        asked: Counter[str] = Counter()
        for i, cell in enumerate(cells):
            if cell in unknown:
                self._problem(WARNING, "unknown_legal_status", f"{f.header} is not a legal status that is known; the text was kept.",
                              "Say once what it means on the mapping screen, or begin it with its SSDA903 code, for example C1.", row=self.numbers[i], j=j, value=show(cell))  # fmt: skip
                asked[known[cell][0]] += 1
        for value, count in sorted(asked.items()):
            self.questions.append(Question(self.d.name, f.name, f.header, value, count, answers(f), None))

    # saying

    def _say_hidden(self) -> None:
        hidden = len(self.t.hidden_rows & set(self.numbers))
        if hidden:
            self.notes.append(
                f"{hidden} row{'s are' if hidden > 1 else ' is'} hidden in the sheet (a filter, perhaps); read all the same."
            )
        letters = [
            m.letter
            for m in self.r.mapping
            if m.field and self.r.fields[m.field] + self.t.first_column in self.t.hidden_columns
        ]
        if letters:
            self.notes.append(
                f"Column{'s' if len(letters) > 1 else ''} {', '.join(letters)} {'are' if len(letters) > 1 else 'is'} hidden in the sheet; read all the same."
            )

    def _row_error(self, kind: str, number: int, what: str, remedy: str) -> None:
        self._problem(ERROR, kind, what, remedy, row=number)

    def _problem(
        self,
        severity: str,
        kind: str,
        message: str,
        remedy: str,
        row: int | None = None,
        j: int | None = None,
        value: str | None = None,
    ) -> None:
        header = show(self.t.rows[self.r.header_index][j]).strip() if j is not None else None
        letter = self.t.letter(j) if j is not None else None
        self.problems.append(
            Problem(severity, kind, message, remedy, self.d.name, self.t.file, self.t.sheet, row, letter, header, value)
        )


def _status_of_flag(cell: object) -> object:
    """A "cancelled" column as a status: yes or a date is Cancelled, no is blank (held once its date has passed)."""
    yes, fault = read_yes_no(cell)
    if not fault:
        return "Cancelled" if yes else ""
    return "Cancelled" if read_date(cell)[0] else cell


def _read_yes_no(cell: object, remembered: dict[str, str]) -> tuple[bool | None, Fault | None]:
    value, fault = read_yes_no(cell)
    answer = remembered.get(fold(text_of(cell))) if fault and fault.kind == "not_yes_no" else None
    return (value, fault) if answer is None else ({"yes": True, "no": False}.get(answer), None)


def _read_legal(cell: object, remembered: dict[str, str]) -> tuple[str | None, Fault | None]:
    value, fault = read_text(cell)
    return (None, None) if value is not None and remembered.get(fold(value)) == "" else (value, fault)


def _read_one(f: Field, cell: object, remembered: dict[str, str]) -> tuple[str | None, Fault | None]:
    if cell is None or cell == "":
        return None, None
    fault = fault_of(cell)
    if fault:
        return None, fault
    text = text_of(cell)
    code = read_code(f.name, f.codes, text, remembered)
    if code is not None:
        return code or None, None
    if is_blank_text(text):
        return None, None
    return "other" if f.name in _UNKNOWN_IS_OTHER else None, Fault("unknown_code", text)


def _read_list(f: Field, cell: object, remembered: dict[str, str]) -> tuple[tuple[str, ...] | None, Fault | None]:
    if cell is None or cell == "":
        return None, None
    fault = fault_of(cell)
    if fault:
        return None, fault
    text = text_of(cell)
    if is_blank_text(text):
        return None, None
    if f.name == "domains":
        found, unknown = read_domains(f.codes, text, remembered)
        return found or None, Fault("unknown_code_in_list", "\n".join(unknown)) if unknown else None
    return read_roles(f.codes, text, remembered) or None, None
