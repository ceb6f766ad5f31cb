"""Files -> everything a load would bring. Nothing is stored here. See docs/design.md, "extracts", for the promises."""

from __future__ import annotations

import datetime as dt
import functools
import hashlib
import itertools
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from ..errors import CpmError, LoadRefused, UnreadableFile
from .cells import RawTable, show
from .clean import Cleaned, clean
from .datasets import DATASETS, Dataset, columns
from .dialects import apply_dialects
from .isolate import run_isolated
from .mapping import MappingBook
from .preflight import check_size
from .problems import (
    ERROR,
    NOTE,
    WARNING,
    FileInfo,
    InputFile,
    Prepared,
    Problem,
    Question,
    Source,
    TableView,
    UnknownTable,
)
from .read import read
from .recognise import NotRecognised, Recognised, recognise

Progress = Callable[[str, int, int | None], None]
_ARROW = {"VARCHAR": pa.string(), "DATE": pa.date32(), "BOOLEAN": pa.bool_(), "VARCHAR[]": pa.list_(pa.string()), "INTEGER": pa.int32()}


def arrow_schema(dataset: Dataset) -> pa.Schema:
    return pa.schema([(name, _ARROW[kind]) for name, kind in columns(dataset).items()])


def prepare(
    files: Sequence[InputFile],
    *,
    extract_date: dt.date | None = None,
    mapping: MappingBook | None = None,
    progress: Progress | None = None,
    isolated: bool = True,
) -> Prepared:
    """Reads, recognises and cleans. Raises UnreadableFile or LoadRefused, whose text says everything that is wrong at once.

    Only the datasets that were found are in `tables`. `extract_date` changes no row; it is there for `cross_checks`.
    `isolated` (the default) works in a child process with limits on time and memory; what `progress` raises ends it.
    Switch it off only for files that we made ourselves.
    """
    _some(files)
    work = functools.partial(run_isolated, "prepare") if isolated else prepare_here
    return work(files, mapping or MappingBook(), progress or _silent)


def inspect(files: Sequence[InputFile], mapping: MappingBook | None = None, progress: Progress | None = None, isolated: bool = True) -> list[TableView]:
    """What each table was recognised as, without cleaning and without refusing: for the mapping screen."""
    _some(files)
    work = functools.partial(run_isolated, "inspect") if isolated else inspect_here
    return work(files, mapping or MappingBook(), progress or _silent)


def prepare_here(files: Sequence[InputFile], book: MappingBook, say: Progress) -> Prepared:
    infos, raw = _read_all(files, say)
    known, unknown = _recognise_all(raw, book, say)
    return _clean_all(infos, known, unknown, book, say)


def inspect_here(files: Sequence[InputFile], book: MappingBook, say: Progress) -> list[TableView]:
    _, raw = _read_all(files, say)
    made, rest = apply_dialects(raw, book)
    return [_view(r) for r in (*made, *(recognise(table, book) for table in rest))]


def _view(r: Recognised | NotRecognised) -> TableView:
    t = r.table
    if isinstance(r, Recognised):
        return TableView(t.file, t.sheet, r.dataset.name, t.numbers[r.header_index], tuple(r.mapping), len(t.rows) - r.header_index - 1)
    number = t.numbers[r.header_index] if r.header_index is not None else None
    return TableView(t.file, t.sheet, r.nearest, number, tuple(r.mapping), len(t.rows) - (r.header_index or 0) - 1, r.missing, r.why, r.remedy, r.refuse, r.ignored)


def _some(files: Sequence[InputFile]) -> None:
    if not files:
        raise LoadRefused("No file was given.", "Choose at least one spreadsheet.")


def _silent(stage: str, done: int, total: int | None) -> None:
    pass


def _read_all(files: Sequence[InputFile], say: Progress) -> tuple[list[FileInfo], list[RawTable]]:
    infos, raw, wrong = [], [], []
    for i, file in enumerate(files):
        say(f"Reading {file.name}", i, len(files))
        try:
            check_size(file)
            data = file.read()
            infos.append(FileInfo(file.name, hashlib.sha256(data).hexdigest(), len(data)))
            raw += read(InputFile(file.name, data))
        except OSError as problem:
            wrong.append(UnreadableFile(f"{file.name} could not be opened ({problem.strerror or 'unknown reason'}).", "Check the path and that it is not open elsewhere."))
        except CpmError as problem:
            wrong.append(problem)
    if wrong:
        raise _together(UnreadableFile, wrong)
    return infos, raw


def _recognise_all(raw: list[RawTable], book: MappingBook, say: Progress) -> tuple[list[Recognised], list[NotRecognised]]:
    say("Recognising columns", 0, len(raw))
    known, rest = apply_dialects(raw, book)
    found = [recognise(table, book) for table in rest]
    known += [r for r in found if isinstance(r, Recognised)]
    unknown = [r for r in found if isinstance(r, NotRecognised)]
    for r in unknown:
        # Looks like a dataset by some of its headers only, and that dataset is there: it is another kind of table.
        if r.refuse and r.missing and not r.by_name and r.nearest in {k.dataset.name for k in known}:
            r.refuse = False
    refused = [LoadRefused(f"{place(r.table)}: {r.why}", r.remedy) for r in unknown if r.refuse]
    if refused:
        raise _together(LoadRefused, refused)
    if not known:
        if not raw:
            raise LoadRefused("The files hold no rows.", "Check that the report ran, and export it again.")
        raise _together(
            LoadRefused,
            [LoadRefused(f"{place(r.table)}: {r.why}") for r in unknown]
            + [LoadRefused("No table in the files could be recognised.", "Say on the mapping screen what the columns are, or use the template's headers.")],
        )
    return known, unknown


def _together(kind: type[CpmError], errors: list[CpmError]) -> CpmError:
    if len(errors) == 1:
        return kind(errors[0].what, errors[0].remedy)
    return kind("\n".join(str(e) for e in errors))


def place(table: RawTable) -> str:
    return f"{table.file}, sheet {table.sheet}" if table.sheet else table.file


def _clean_all(infos: list[FileInfo], known: list[Recognised], unknown: list[NotRecognised], book: MappingBook, say: Progress) -> Prepared:
    sources, problems, questions = [], [], []
    parts: dict[str, list[tuple[Source, Cleaned]]] = defaultdict(list)
    for number, r in enumerate(known, start=1):
        cleaned = clean(r, number, book, lambda done, total, r=r: say(f"Checking {r.dataset.title} ({len(r.table.rows):,} rows)", done, total))
        source = Source(
            number, r.table.file, r.table.sheet, r.dataset.name, r.table.numbers[r.header_index],
            [f.name for f in r.dataset.fields if f.name in r.fields], r.unmapped, r.mapping,
            cleaned.rows_read, notes=cleaned.notes,
        )  # fmt: skip
        sources.append(source)
        problems += cleaned.problems
        questions += cleaned.questions
        parts[r.dataset.name].append((source, cleaned))
    tables = {}
    for name in DATASETS:
        if name in parts:
            say(f"Putting together {DATASETS[name].title}", 0, None)
            tables[name] = _union(DATASETS[name], parts[name], problems)
    if not any(t.num_rows for t in tables.values()):
        raise _nothing_left(sources, problems)
    _leading_zeros(tables, problems)
    newest = _newest_date(tables)
    unknown_tables = [_unknown_table(u) for u in unknown]
    for u, r in zip(unknown_tables, unknown, strict=True):
        severity = WARNING if r.missing and r.nearest in tables else NOTE
        problems.append(Problem(severity, "table_not_used", f"The table was not used: {u.why}", "If it is needed, say on the mapping screen what its columns are.", None, u.file, u.sheet))
    return Prepared(
        tables, sources, problems, infos, newest,
        date_in_names([i.name for i in infos]) or newest, _merge_questions(questions), unknown_tables,
    )  # fmt: skip


def _union(dataset: Dataset, parts: list[tuple[Source, Cleaned]], problems: list[Problem]) -> pa.Table:
    """All rows of a dataset. Rows equal in everything but where they came from are loaded once."""
    names = list(columns(dataset))
    content = names[:-2]
    by_number = {source.source: source for source, _ in parts}
    values = {n: list(itertools.chain.from_iterable(c.columns[n] for _, c in parts)) for n in names}
    rows: dict[tuple, int] = {}  # content -> index of the row that stands for it
    copies: Counter[int] = Counter()
    for i, key in enumerate(zip(*(values[n] for n in content), strict=True)):
        if rows.setdefault(key, i) != i:
            copies[values["source"][i]] += 1
    for number, count in copies.items():
        source = by_number[number]
        source.notes.append(f"{count} row{'s' if count > 1 else ''} left out because an identical row was already there.")
        problems.append(
            Problem(NOTE, "duplicate_rows", f"{count} row{'s are' if count > 1 else ' is'} identical to another row in everything; loaded once.", "", dataset.name, source.file, source.sheet)
        )
    if dataset.name == "cases":
        _one_per_period(content, rows, values, by_number, problems)
    if len(rows) < len(values["row"]):
        kept = sorted(rows.values())
        values = {n: [column[i] for i in kept] for n, column in values.items()}
    loaded = Counter(values["source"])
    for source, _ in parts:
        source.rows_loaded = loaded[source.source]
        source.rows_left_out = source.rows_read - source.rows_loaded
    schema = arrow_schema(dataset)
    return pa.Table.from_arrays([pa.array(values[n], type=schema.field(n).type) for n in names], schema=schema)


def _one_per_period(content: list[str], rows: dict[tuple, int], values: dict[str, list], sources: dict[int, Source], problems: list[Problem]) -> None:
    """Takes out of `rows` all but one per child and period of care: the fullest, then the first in a fixed order; never by position."""
    child, started = content.index("child_id"), content.index("care_started")
    groups: dict[tuple, list[tuple]] = defaultdict(list)
    for key in rows:
        groups[key[child], key[started]].append(key)
    for group in groups.values():
        if len(group) == 1:
            continue
        group.sort(key=lambda key: (-sum(v is not None for v in key), [("" if v is None else str(v)) for v in key]))
        for key in group[1:]:
            i = rows.pop(key)
            source = sources[values["source"][i]]
            differ = [DATASETS["cases"].field(n).header for n, a, b in zip(content, group[0], key, strict=True) if a != b and not n.endswith("legal_code") and not n.endswith("_text")]
            problems.append(
                Problem(
                    ERROR, "same_period_twice",
                    f"The same child and start of care stand in another row that differs in {', '.join(differ) or 'spelling'}; the row with more filled in was loaded.",
                    "Keep one row per child and period of care. The history of placements, legal statuses and workers has its own sheets.",
                    "cases", source.file, source.sheet, values["row"][i], None, "Child ID", key[child],
                )
            )  # fmt: skip


def _nothing_left(sources: list[Source], problems: list[Problem]) -> LoadRefused:
    places = "; ".join(f"{s.file}, sheet {s.sheet}" if s.sheet else s.file for s in sources)
    if not sum(s.rows_read for s in sources):
        return LoadRefused(f"There are headers but no rows: {places}.", "Check that the report ran, and export it again.")
    first: dict[tuple[str, str], Problem] = {}
    count: Counter[tuple[str, str]] = Counter()
    for p in problems:
        if p.severity == ERROR:
            first.setdefault((p.message, p.remedy), p)
            count[p.message, p.remedy] += 1
    lines = [
        f"{p.file}{', sheet ' + p.sheet if p.sheet else ''}, row {p.row}{', column ' + p.column if p.column else ''}"
        f"{f' and {count[key] - 1} more' if count[key] > 1 else ''}: {p.message} {p.remedy}"
        for key, p in first.items()
    ]
    return LoadRefused(f"No row of {places} can be loaded.\n" + "\n".join(lines))


def _leading_zeros(tables: dict[str, pa.Table], problems: list[Problem]) -> None:
    """0001234 and 1234 are kept as two children; that is hardly ever meant, so it is said."""
    forms: dict[str, set[str]] = defaultdict(set)
    for table in tables.values():
        for child in table.column("child_id").unique().to_pylist():
            forms[child.lstrip("0")].add(child)
    for written in sorted(sorted(w) for w in forms.values() if len(w) > 1):
        problems.append(
            Problem(
                WARNING, "leading_zeros", "One Child ID is written with and without zeros in front; they count as different children.",
                "Write it the same way in all sheets: format the column as Text.", header="Child ID", value=" and ".join(written),
            )
        )  # fmt: skip


def _unknown_table(u: NotRecognised) -> UnknownTable:
    i = u.header_index or 0
    width = len(u.table.rows[i])
    rows = u.table.rows[i + 1 : i + 4]
    return UnknownTable(
        u.table.file, u.table.sheet, u.table.numbers[i] if u.header_index is not None else None,
        tuple(" ".join(show(c).split()) for c in u.table.rows[i]) if u.header_index is not None else (),
        tuple(tuple(show(row[j])[:80] for row in rows if j < len(row)) for j in range(width)), u.why,
    )  # fmt: skip


def _merge_questions(questions: list[Question]) -> list[Question]:
    counts: dict[tuple, int] = defaultdict(int)
    for q in questions:
        counts[q.dataset, q.field, q.header, q.value, q.choices, q.taken_as] += q.count
    return [Question(d, f, h, v, n, c, t) for (d, f, h, v, c, t), n in sorted(counts.items(), key=lambda kv: (-kv[1], str(kv[0])))]


# Dates of things that have happened by the day of the extract: not birth, bookings, due dates.
_HAPPENED = {
    "cases": ("care_started", "care_ceased", "legal_status_start", "placement_start", "permanence_agreed", "permanence_achieved", "care_plan_completed",
              "placement_plan_completed", "latest_review"),
    "meetings": ("plan_updated", "iro_informed", "minutes_distributed", "minutes_uploaded", "minutes_on_cpr"),
    "placements": ("placement_start", "placement_end"),
    "legal_statuses": ("legal_status_start", "legal_status_end"),
    "allocations": ("allocation_start", "allocation_end"),
    "actions": ("meeting_date", "completed_date"),
    "assessments": ("assessment_date",),
    "changes": ("change_date",),
    "proceedings": ("issued", "concluded", "la_assessment", "experts_received", "plan_filed"),
}  # fmt: skip
_WHEN_HELD = {"meetings": "meeting_date", "reviews": "review_date"}


def _newest_date(tables: dict[str, pa.Table]) -> dt.date | None:
    dates = []
    for name, table in tables.items():
        dates += [pc.max(table.column(c)).as_py() for c in _HAPPENED.get(name, ())]
        if name in _WHEN_HELD:
            held = table.filter(pc.equal(table.column("status"), "held"))
            dates.append(pc.max(held.column(_WHEN_HELD[name])).as_py())
    return max((d for d in dates if d), default=None)


_NAME_DATES = (
    (re.compile(r"(?<!\d)(?P<y>20\d\d)[-_. ]?(?P<m>0[1-9]|1[0-2])[-_. ]?(?P<d>0[1-9]|[12]\d|3[01])(?!\d)"), None),
    (re.compile(r"(?<!\d)(?P<d>0?[1-9]|[12]\d|3[01])[-_. ](?P<m>0?[1-9]|1[0-2])[-_. ](?P<y>20\d\d)(?!\d)"), None),
    (re.compile(r"(?<!\d)(?P<d>0[1-9]|[12]\d|3[01])(?P<m>0[1-9]|1[0-2])(?P<y>20\d\d)(?!\d)"), None),
    (re.compile(r"(?<!\d)(?P<d>0?[1-9]|[12]\d|3[01])(?:st|nd|rd|th)?[-_. ]?(?P<mon>jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*[-_. ]?(?P<y>20\d\d)(?!\d)", re.I), "mon"),
)  # fmt: skip
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]


def date_in_names(names: Sequence[str]) -> dt.date | None:
    """The newest date written in the file names (2026-11-20, 20-11-2026, 20261120, 20 Nov 2026), or None."""
    found = []
    for name in names:
        for pattern, _ in _NAME_DATES:
            for m in pattern.finditer(name):
                part = m.groupdict()
                month = _MONTHS.index(part["mon"].lower()) + 1 if part.get("mon") else int(part["m"])
                try:
                    found.append(dt.date(int(part["y"]), month, int(part["d"])))
                except ValueError:
                    continue
    return max(found, default=None)

