"""What the mapping screen shows and decides: tables with their columns, what is still missing, what a choice would do.

Nothing is guessed here: what the reader knows is filled in, the rest is for the person to say. The reader itself
(`extracts.recognise`) is asked what it would make of a choice, so that the screen and a load can't disagree.
"""

from __future__ import annotations

import difflib
import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from cpm_metrics.errors import CpmError, LoadRefused
from cpm_metrics.extracts.cells import Fault, RawTable
from cpm_metrics.extracts.codes import LABELS, read_code, read_domains
from cpm_metrics.extracts.datasets import DATASETS, Field
from cpm_metrics.extracts.folding import fold, squash
from cpm_metrics.extracts.header_rows import CUT, SAMPLES
from cpm_metrics.extracts.isolate import Reading
from cpm_metrics.extracts.mapping import IGNORE, HeaderMapping, MappingBook, ValueMapping, signature
from cpm_metrics.extracts.prepare import Progress, inspect
from cpm_metrics.extracts.problems import (
    DERIVED,
    REMEMBERED,
    SYNONYM,
    TEMPLATE,
    ColumnMap,
    InputFile,
    Question,
    TableView,
)
from cpm_metrics.extracts.recognise import Recognised, recognise
from cpm_metrics.extracts.values import is_blank_text, read_date, read_yes_no

# How sure, in words, of one column.
HOW = {
    TEMPLATE: "The template’s own header",
    SYNONYM: "A header that is known",
    REMEMBERED: "As you said before",
    DERIVED: "Worked out from it",
    None: "",
}


@dataclass(frozen=True)
class Column:
    """One column of the user's table. `field` and `how` are what the reader made of it for the table's `dataset`."""

    letter: str
    header: str
    samples: tuple[str, ...] = ()
    field: str | None = None
    how: str | None = None


@dataclass(frozen=True)
class HeaderRow:
    """A row that could hold the headers: its number as the user sees it, the columns it would give, and the rows below it."""

    number: int
    columns: tuple[Column, ...]
    rows: int = 0

    @property
    def headers(self) -> tuple[str, ...]:
        return tuple(c.header for c in self.columns if c.header)


@dataclass(frozen=True)
class Table:
    """All tables with one set of headers, as one thing to say something about.

    `places` are (file, sheet, data rows). `dataset` is what it is taken as; with `why` it is only the nearest. `rows_at`
    are the rows that could hold the headers, the likeliest first; empty where the file has none. `must` says that
    someone has to decide, `refuse` that a load stops unless they do.
    """

    key: str
    places: tuple[tuple[str, str, int], ...]
    dataset: str | None
    rows_at: tuple[HeaderRow, ...]
    why: str = ""
    remedy: str = ""
    refuse: bool = False
    ignored: bool = False
    derived: tuple[str, ...] = ()
    must: bool = False

    @property
    def rows(self) -> int:
        return sum(rows for _, _, rows in self.places)

    @property
    def known(self) -> bool:
        return not self.why and not self.ignored


@dataclass(frozen=True)
class Judgement:
    """What stands in the way of a choice: `missing` required fields, `twice` (field, letters) given to two columns,
    `same` letters of columns with the same header, `other` what else the reader says. `doubts`: letter -> a sentence."""

    missing: tuple[Field, ...] = ()
    twice: tuple[tuple[Field, tuple[str, ...]], ...] = ()
    same: tuple[tuple[str, ...], ...] = ()
    other: str = ""
    doubts: Mapping[str, str] = field(default_factory=dict)

    @property
    def fits(self) -> bool:
        return not (self.missing or self.twice or self.same or self.other)


def place(file: str, sheet: str) -> str:
    return f"{file}, sheet {sheet}" if sheet else file


# -- the tables of some files


def look_into(files: Sequence[InputFile] | Reading, book: MappingBook, progress: Progress | None = None, isolated: bool = True) -> list[Table]:
    """The tables of the files, those that need a decision first. Raises UnreadableFile, LoadRefused.

    Files are read in a child process (see `extracts.isolate`); of a `Reading` it is the one that goes on to prepare the load.
    """
    views = files.inspect(book, progress) if isinstance(files, Reading) else inspect(files, book, progress, isolated)
    derived = [v for v in views if any(m.how == DERIVED for m in v.mapping)]
    plain = [v for v in views if v not in derived]
    tables = [*_same_headers(plain), *_worked_out(derived)]
    if not any(t.known for t in tables):
        # Nothing else could be loaded: whatever can be mapped has to be.
        tables = [replace(t, must=bool(t.rows_at)) if not t.ignored else t for t in tables]
    return sorted(tables, key=lambda t: (not t.must, t.ignored, t.known))


def _same_headers(views: Sequence[TableView]) -> list[Table]:
    groups: dict[tuple, list[TableView]] = defaultdict(list)
    for at, view in enumerate(views):
        groups[signature(view.headers) or (str(at),)].append(view)
    return [_table(group) for group in groups.values()]


def _table(group: list[TableView]) -> Table:
    # A name of a file or sheet can tell what the headers alone don't: the one that is worst off decides, so that all are asked about.
    view = sorted(group, key=lambda v: (not v.refuse, not v.why))[0]
    # Where no header is known the reader names the fullest row, which may be a record: only those that look like headers are offered.
    named = (view.dataset or view.ignored) and view.header_row is not None and view.headers
    found = [HeaderRow(view.header_row, _columns(view.mapping), view.rows)] if named else []
    rows_at = found + [HeaderRow(r.number, _columns(r.columns), r.rows) for r in view.rows_at if not found or r.number != view.header_row]
    # Where no header row was found, the reader counts every row.
    places = tuple((v.file, v.sheet, v.rows if found or not v.rows_at else v.rows_at[0].rows) for v in group)
    worth = bool(view.why) and not view.ignored and bool(rows_at) and view.rows > 0 and not _of_annex_a(view)
    return Table(
        _key(places, view.headers), places, view.dataset, tuple(rows_at), view.why, view.remedy, view.refuse, view.ignored,
        must=view.refuse or worth,
    )  # fmt: skip


def _columns(mapping: Iterable[ColumnMap]) -> tuple[Column, ...]:
    return tuple(Column(m.letter, m.header, m.samples, m.field, m.how) for m in mapping)


def _of_annex_a(view: TableView) -> bool:
    """A list of an Annex A workbook that is about other children: left out without asking, and said."""
    words = fold(view.sheet or view.file).removeprefix("annex a ").split()
    return len(words) > 1 and words[0] == "list" and words[1].isdigit()


def _worked_out(views: Sequence[TableView]) -> list[Table]:
    """SSDA903 and SSD: several datasets out of one table, by rules of their own that nobody needs to map."""
    groups: dict[tuple[str, str], list[TableView]] = defaultdict(list)
    for view in views:
        groups[view.file, view.sheet].append(view)
    out = []
    for (file, sheet), group in groups.items():
        datasets = tuple(dict.fromkeys(v.dataset for v in group if v.dataset))
        places = ((file, sheet, max(v.rows for v in group)),)
        columns = {c.letter or c.header: c for v in group for c in _columns(v.mapping)}
        row = HeaderRow(group[0].header_row or 1, tuple(columns.values()))
        out.append(Table(_key(places, datasets), places, datasets[0], (row,), derived=datasets))
    return out


def _key(places: Iterable[tuple], headers: Iterable[str]) -> str:
    return hashlib.sha256(repr((list(places), list(headers))).encode()).hexdigest()[:12]


# -- what a choice would do


def automatic(table: Table, row: HeaderRow, dataset: str) -> dict[str, tuple[str, str]]:
    """Letter -> (field, how sure): what the reader makes of the columns if the table is this dataset and nobody says more."""
    book = MappingBook()
    book.remember_headers(row.headers, dataset)
    return {m.letter: (m.field, m.how) for m in _trial(table, row, book).mapping if m.field}


def chosen_at_first(table: Table, row: HeaderRow, dataset: str | None) -> dict[str, str | None]:
    """Letter -> field, to begin with: what the table is read as now, or what would be for another dataset."""
    if dataset is None:
        return {}
    if table.dataset == dataset and table.rows_at and row == table.rows_at[0] and any(c.field for c in row.columns):
        return {c.letter: c.field for c in row.columns}
    found = automatic(table, row, dataset)
    return {c.letter: found.get(c.letter, (None, ""))[0] for c in row.columns}


def judge(table: Table, row: HeaderRow, dataset: str, chosen: Mapping[str, str | None], book: MappingBook) -> Judgement:
    """What stands in the way of using `chosen` (letter -> field, None to leave out) for this table."""
    fields = DATASETS[dataset]
    letters: dict[str, list[str]] = defaultdict(list)
    for column in row.columns:
        if chosen.get(column.letter):
            letters[chosen[column.letter]].append(column.letter)
    missing = tuple(f for f in fields.required if f.name not in letters)
    twice = tuple((fields.field(name), tuple(at)) for name, at in letters.items() if len(at) > 1)
    spelt: dict[str, list[str]] = defaultdict(list)
    for column in row.columns:
        if column.header:
            spelt[squash(column.header)].append(column.letter)
    same = tuple(tuple(at) for at in spelt.values() if len(at) > 1 and any(chosen.get(letter) for letter in at))
    doubts = {c.letter: d for c in row.columns if chosen.get(c.letter) and (d := doubt(fields.field(chosen[c.letter]), dataset, c.samples, book))}
    other = ""
    if not (missing or twice or same):
        trial = MappingBook()
        remember(trial, table, row, dataset, chosen)
        found = _trial(table, row, trial)
        if not isinstance(found, Recognised):
            other = f"{found.why[:1].upper()}{found.why[1:]} {found.remedy}".strip()
        else:
            made = {m.letter: m.field for m in found.mapping}
            wrong = [c for c in row.columns if made.get(c.letter) != chosen.get(c.letter)]
            if wrong:
                taken = made.get(wrong[0].letter)
                reads = f"will be read as {fields.field(taken).header} all the same" if taken else "can’t be used for that"
                other = f"Column {wrong[0].letter} {reads}. Rename its header in the spreadsheet to change that."
    return Judgement(missing, twice, same, other, doubts)


def _trial(table: Table, row: HeaderRow, book: MappingBook):
    """The reader's own answer for a table with these headers and samples."""
    file, sheet, _ = table.places[0]
    headers = [c.header for c in row.columns]
    samples = [[c.samples[i] if i < len(c.samples) else "" for c in row.columns] for i in range(SAMPLES)]
    return recognise(RawTable(file, sheet, [headers, *samples], [row.number + i for i in range(SAMPLES + 1)], letters=[c.letter for c in row.columns]), book)


def remember(book: MappingBook, table: Table, row: HeaderRow, dataset: str, chosen: Mapping[str, str | None]) -> HeaderMapping:
    """Puts the choice into the book: for every column with a header its field, or None to leave it out.

    A column that says "cancelled" with a yes or a date stands for the status in a way of its own, which only the reader
    can say; it is left to it.
    """
    if dataset == IGNORE:
        return book.remember_headers(row.headers, IGNORE)
    trial = MappingBook()
    trial.remember_headers(row.headers, dataset)
    found = _trial(table, row, trial)
    flags = {m.letter for m in found.mapping if isinstance(found, Recognised) and m.field in found.flags}
    by_header: dict[str, str | None] = {}
    for column in row.columns:
        name = chosen.get(column.letter)
        if column.header and not (column.letter in flags and name == "status"):
            by_header[column.header] = name or by_header.get(column.header)
    return book.remember_headers(row.headers, dataset, by_header)


def doubt(f: Field, dataset: str, samples: Sequence[str], book: MappingBook) -> str:
    """A sentence where the examples don't look like the field, else "". Samples are texts as shown."""
    if not samples:
        return "No values in the first rows." if f.required else ""
    samples = [s for s in samples if len(s) < CUT]
    if f.kind == "date" and samples:
        bad = sum(isinstance(read_date(s)[1], Fault) for s in samples)
        return "" if not bad else "These don’t read as dates." if bad == len(samples) else "Not all of these read as dates."
    if f.kind == "yes_no":
        bad = sum(isinstance(read_yes_no(s)[1], Fault) for s in samples)
        return "" if not bad else "These don’t read as yes or no."
    if f.kind == "code" or f.name == "domains":
        remembered = book.codes_for(dataset, f.name)
        unknown = [s for s in samples if not _known(f, s, remembered)]
        return f"{len(unknown)} of these {len(samples)} values {'is' if len(unknown) == 1 else 'are'} not known yet: you can say what they mean next." if unknown else ""
    return ""


def _known(f: Field, text: str, remembered: dict[str, str]) -> bool:
    if f.kind == "codes":
        return not read_domains(f.codes, text, remembered)[1]
    return is_blank_text(text) or read_code(f.name, f.codes, text, remembered) is not None


def near(f: Field, dataset: str, row: HeaderRow, chosen: Mapping[str, str | None]) -> list[Column]:
    """Columns not used yet, those whose header is like the field's first, for a pick-list. Never chosen by itself."""
    free = [c for c in row.columns if c.header and not chosen.get(c.letter)]
    return sorted(free, key=lambda c: -_likeness(f, c))


def like(f: Field, column: Column) -> bool:
    """Whether the header is worth naming as a possibility."""
    return _likeness(f, column) >= 0.55


def _likeness(f: Field, column: Column) -> float:
    looks = 0.0
    if f.kind == "date" and column.samples:
        looks = 0.25 if all(read_date(s)[0] for s in column.samples) else -0.5
    return difflib.SequenceMatcher(None, fold(f.header), fold(column.header)).ratio() + looks


def certainty(table: Table, row: HeaderRow | None, dataset: str | None, chosen: Mapping[str, str | None]) -> str:
    """How sure, in words, of the table as a whole."""
    if table.derived:
        return "Sure: a standard return, told by its column names."
    if row is None or dataset is None or dataset == IGNORE:
        return ""
    required = {f.name for f in DATASETS[dataset].required}
    how = {c.field: c.how for c in row.columns if c.field} if table.dataset == dataset else {}
    if table.known and required <= set(how):
        kinds = {how[name] for name in required}
        if kinds <= {REMEMBERED}:
            return "Sure: you said so before."
        if kinds <= {TEMPLATE, REMEMBERED}:
            return "Sure: the required columns have the template’s headers."
        return "Fairly sure: all required columns have headers that are known from other reports."
    matched = len(required & {name for name in chosen.values() if name})
    if matched == len(required):
        return "All required columns are chosen. Check that the examples fit."
    return f"Not sure: {matched} of the {len(required)} required columns {'is' if matched == 1 else 'are'} known."


def changed(table: Table, row: HeaderRow, dataset: str | None, chosen: Mapping[str, str | None]) -> bool:
    """Whether the choice differs from what the table is read as already."""
    if not table.known:
        return dataset is not None
    return dataset != table.dataset or row != table.rows_at[0] or any((chosen.get(c.letter) or None) != c.field for c in row.columns)


# -- coded values


def label(code: str | None) -> str:
    return "Read as blank" if code == "" else LABELS.get(code or "", code or "")


def meaning_until_then(question: Question) -> str:
    """What happens to the value as long as nobody says what it means."""
    if question.taken_as:
        return f"until then counted as {label(question.taken_as)}"
    if question.field == "legal_status":
        return "until then kept as it is written, and no rule can use it"
    if question.field == "status":
        return "until then neither held nor cancelled: once its day has passed it is listed as “outcome not recorded”"
    return "until then left blank"


# -- what is remembered


@dataclass(frozen=True)
class Remembered:
    """One remembered set of headers. `when` and `by` are None where that is not known (a file, an older version)."""

    key: str
    title: str
    headers: tuple[str, ...]
    used: tuple[tuple[str, str], ...]
    left_out: tuple[str, ...]
    usual: tuple[str, ...]
    when: datetime | None = None
    by: str | None = None


def header_key(headers: Iterable[str]) -> str:
    """A short name for a set of headers, for the audit and for widgets."""
    return hashlib.sha256(repr(signature(headers)).encode()).hexdigest()[:12]


def value_key(value: ValueMapping) -> str:
    return hashlib.sha256(repr((value.dataset, value.field, fold(value.value))).encode()).hexdigest()[:12]


def remembered(book: MappingBook, when: Mapping[str, tuple[datetime, str]]) -> list[Remembered]:
    """Every remembered set of headers, in the order of the datasets. `when`: header_key -> (time, by whom)."""
    order = [*DATASETS, IGNORE]
    out = []
    for m in sorted(book.header_mappings, key=lambda m: (order.index(m.dataset), [fold(h) for h in m.headers])):
        key = header_key(m.headers)
        answers = {squash(h): name for h, name in m.columns.items()}
        title = "Left out of every load" if m.dataset == IGNORE else DATASETS[m.dataset].title
        used = tuple((h, DATASETS[m.dataset].field(name).header) for h in m.headers if (name := answers.get(squash(h)))) if m.dataset != IGNORE else ()
        left_out = tuple(h for h in m.headers if squash(h) in answers and answers[squash(h)] is None)
        usual = tuple(h for h in m.headers if squash(h) and squash(h) not in answers) if m.dataset != IGNORE else ()
        at, by = when.get(key, (None, None))
        out.append(Remembered(key, title, tuple(h for h in m.headers if squash(h)), used, left_out, usual, at, by))
    return out


def values(book: MappingBook) -> dict[tuple[str, str], list[ValueMapping]]:
    """(dataset's title, field's header) -> remembered values, in the order of the template."""
    order = {(d.name, f.name): i for i, (d, f) in enumerate((d, f) for d in DATASETS.values() for f in d.fields)}
    out: dict[tuple[str, str], list[ValueMapping]] = defaultdict(list)
    for v in sorted(book.value_mappings, key=lambda v: (order[v.dataset, v.field], fold(v.value))):
        out[DATASETS[v.dataset].title, DATASETS[v.dataset].field(v.field).header].append(v)
    return dict(out)


def merge(into: MappingBook, other: MappingBook) -> tuple[int, int, int]:
    """Adds what `other` remembers. -> (new, replaced, the same already), headers and values together."""
    count: Counter[str] = Counter()
    have = {signature(m.headers): (m.dataset, _by_key(m.columns)) for m in into.header_mappings}
    for m in other.header_mappings:
        count[_novelty(have.get(signature(m.headers)), (m.dataset, _by_key(m.columns)))] += 1
        into.remember_headers(m.headers, m.dataset, m.columns)
    known = {(v.dataset, v.field, fold(v.value)): v.code for v in into.value_mappings}
    for v in other.value_mappings:
        count[_novelty(known.get((v.dataset, v.field, fold(v.value))), v.code)] += 1
        into.remember_value(v.dataset, v.field, v.value, v.code)
    return count["new"], count["replaced"], count["same"]


def _by_key(columns: Mapping[str, str | None]) -> dict[str, str | None]:
    return {squash(h): f for h, f in columns.items()}


def _novelty(before: object, after: object) -> str:
    return "new" if before is None else "same" if before == after else "replaced"


def book_of_file(data: bytes) -> MappingBook:
    """A mapping file, as the page or the command line's --mapping writes it, with the answers filled in since. Raises LoadRefused."""
    try:
        text = data.decode("utf-8-sig")
        book = MappingBook.from_json(text)
        more = json.loads(text)
        for table in more.get("unknown_tables") or []:
            if table["dataset"]:
                book.remember_headers(list(map(str, table["headers"])), table["dataset"], table["columns"])
        for question in more.get("questions") or []:
            if question["code"] is not None:
                book.remember_value(question["dataset"], question["field"], question["value"], question["code"])
    except CpmError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise LoadRefused("That is not a mapping file of this product.", "Use one from this page, or one that `load --mapping` wrote.") from None
    return book
