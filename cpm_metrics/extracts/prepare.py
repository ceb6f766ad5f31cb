"""Files -> everything a load would bring. Nothing is stored here. See docs/design.md, "extracts", for the promises."""

from __future__ import annotations

import datetime as dt
import functools
import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence

import pyarrow as pa

from ..errors import CpmError, LoadRefused, UnreadableFile
from .cells import RawTable, show
from .clean import Cleaned, clean
from .datasets import DATASETS
from .dates_seen import date_in_names, newest_date
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
from .union import union

Progress = Callable[[str, int, int | None], None]


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


def inspect(
    files: Sequence[InputFile],
    mapping: MappingBook | None = None,
    progress: Progress | None = None,
    isolated: bool = True,
) -> list[TableView]:
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
        return TableView(
            t.file,
            t.sheet,
            r.dataset.name,
            t.numbers[r.header_index],
            tuple(r.mapping),
            len(t.rows) - r.header_index - 1,
        )
    number = t.numbers[r.header_index] if r.header_index is not None else None
    return TableView(
        t.file,
        t.sheet,
        r.nearest,
        number,
        tuple(r.mapping),
        len(t.rows) - (r.header_index or 0) - 1,
        r.missing,
        r.why,
        r.remedy,
        r.refuse,
        r.ignored,
    )


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
            wrong.append(
                UnreadableFile(
                    f"{file.name} could not be opened ({problem.strerror or 'unknown reason'}).",
                    "Check the path and that it is not open elsewhere.",
                )
            )
        except CpmError as problem:
            wrong.append(problem)
    if wrong:
        raise _together(UnreadableFile, wrong)
    return infos, raw


def _recognise_all(
    raw: list[RawTable], book: MappingBook, say: Progress
) -> tuple[list[Recognised], list[NotRecognised]]:
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
            + [
                LoadRefused(
                    "No table in the files could be recognised.",
                    "Say on the mapping screen what the columns are, or use the template's headers.",
                )
            ],
        )
    return known, unknown


def _together(kind: type[CpmError], errors: list[CpmError]) -> CpmError:
    if len(errors) == 1:
        return kind(errors[0].what, errors[0].remedy)
    return kind("\n".join(str(e) for e in errors))


def place(table: RawTable) -> str:
    return f"{table.file}, sheet {table.sheet}" if table.sheet else table.file


def _clean_all(
    infos: list[FileInfo], known: list[Recognised], unknown: list[NotRecognised], book: MappingBook, say: Progress
) -> Prepared:
    sources, problems, questions = [], [], []
    parts: dict[str, list[tuple[Source, Cleaned]]] = defaultdict(list)
    for number, r in enumerate(known, start=1):
        cleaned = clean(
            r,
            number,
            book,
            lambda done, total, r=r: say(f"Checking {r.dataset.title} ({len(r.table.rows):,} rows)", done, total),
        )
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
            tables[name] = union(DATASETS[name], parts[name], problems)
    if not any(t.num_rows for t in tables.values()):
        raise _nothing_left(sources, problems)
    _leading_zeros(tables, problems)
    newest = newest_date(tables)
    unknown_tables = [_unknown_table(u) for u in unknown]
    for u, r in zip(unknown_tables, unknown, strict=True):
        severity = WARNING if r.missing and r.nearest in tables else NOTE
        problems.append(
            Problem(
                severity,
                "table_not_used",
                f"The table was not used: {u.why}",
                "If it is needed, say on the mapping screen what its columns are.",
                None,
                u.file,
                u.sheet,
            )
        )
    return Prepared(
        tables, sources, problems, infos, newest,
        date_in_names([i.name for i in infos]) or newest, _merge_questions(questions), unknown_tables,
    )  # fmt: skip


def _nothing_left(sources: list[Source], problems: list[Problem]) -> LoadRefused:
    places = "; ".join(f"{s.file}, sheet {s.sheet}" if s.sheet else s.file for s in sources)
    if not sum(s.rows_read for s in sources):
        return LoadRefused(
            f"There are headers but no rows: {places}.", "Check that the report ran, and export it again."
        )
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
    return [
        Question(d, f, h, v, n, c, t)
        for (d, f, h, v, c, t), n in sorted(counts.items(), key=lambda kv: (-kv[1], str(kv[0])))
    ]
