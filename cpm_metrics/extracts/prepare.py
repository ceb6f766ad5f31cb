"""Files -> everything a load would bring. Nothing is stored here. See docs/design.md, "extracts", for the promises."""

from __future__ import annotations

import datetime as dt
import functools
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence

import pyarrow as pa

from ..errors import LoadRefused, together
from .cells import RawTable, show
from .clean import Cleaned, clean
from .datasets import DATASETS, NOT_RECORDED
from .dates_seen import date_in_names, newest_date
from .dialects import apply_dialects, not_needed, tells_some_years
from .header_rows import columns_below, header_rows
from .isolate import run_isolated
from .mapping import MappingBook
from .problems import (
    DERIVED,
    ERROR,
    NOTE,
    TEMPLATE,
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
from .read import ReadFiles, read_files
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
    return prepare_read(read_files(files, say), book, say)


def inspect_here(files: Sequence[InputFile], book: MappingBook, say: Progress) -> list[TableView]:
    return inspect_read(read_files(files, say), book, say)


def prepare_read(read: ReadFiles, book: MappingBook, say: Progress) -> Prepared:
    known, unknown = _recognise_all(read.tables, book, say)
    return _clean_all(read.infos, known, unknown, book, say)


def inspect_read(read: ReadFiles, book: MappingBook, say: Progress) -> list[TableView]:
    known, unknown = _told_apart(read.tables, book, say)
    return [_view(r) for r in (*known, *unknown)]


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
        columns_below(t, r.header_index) if r.ignored and r.header_index is not None else tuple(r.mapping),
        len(t.rows) - (r.header_index or 0) - 1,
        r.missing,
        r.why,
        r.remedy,
        r.refuse,
        r.ignored,
        () if r.ignored else header_rows(t),
    )


def _some(files: Sequence[InputFile]) -> None:
    if not files:
        raise LoadRefused("No file was given.", "Choose at least one spreadsheet.")


def _silent(stage: str, done: int, total: int | None) -> None:
    pass


def _told_apart(raw: list[RawTable], book: MappingBook, say: Progress) -> tuple[list[Recognised], list[NotRecognised]]:
    """The tables that are a dataset, and those that aren't. What `refuse` says there holds for the mapping screen and for a load."""
    say("Recognising columns", 0, len(raw))
    known, rest = apply_dialects(raw, book)
    found = []
    for done, table in enumerate(rest, start=len(raw) - len(rest)):
        say("Recognising columns of tables", done, len(raw))
        found.append(recognise(table, book))
    known += [r for r in found if isinstance(r, Recognised)]
    unknown = [r for r in found if isinstance(r, NotRecognised)]
    used = {r.table.file for r in known}
    for r in unknown:
        kind = not_needed(r.table) if not r.ignored else None
        if kind:
            r.why, r.remedy, r.refuse, r.no_loss = kind.why, kind.remedy, kind.refuse, kind.no_loss
        elif known and r.table.file not in used and not (r.ignored or r.no_loss) and header_rows(r.table):
            # A whole file of which nothing would be used: one team's meetings may be in it, under a header that isn't known.
            r.refuse = True
            r.remedy = r.remedy or "Say on the mapping screen what its columns are or that it is to be left out, or load the others without it."
        # Looks like a dataset by some of its headers only, and that dataset is there: it is another kind of table.
        elif r.refuse and r.missing and not r.by_name and r.nearest in {k.dataset.name for k in known}:
            r.refuse = False
    return known, unknown


def _recognise_all(
    raw: list[RawTable], book: MappingBook, say: Progress
) -> tuple[list[Recognised], list[NotRecognised]]:
    known, unknown = _told_apart(raw, book, say)
    refused = [LoadRefused(f"{place(r.table)}: {r.why}", r.remedy) for r in unknown if r.refuse]
    if refused:
        raise together(LoadRefused, refused)
    if not known:
        if not raw:
            raise LoadRefused("The files hold no rows.", "Check that the report ran, and export it again.")
        raise together(
            LoadRefused,
            [LoadRefused(f"{place(r.table)}: {r.why}", r.remedy) for r in unknown]
            + [
                LoadRefused(
                    "No table in the files could be recognised.",
                    "Say on the mapping screen what the columns are, or use the template's headers.",
                )
            ],
        )
    return known, unknown


def place(table: RawTable) -> str:
    return f"{table.file}, sheet {table.sheet}" if table.sheet else table.file


def _clean_all(
    infos: list[FileInfo], known: list[Recognised], unknown: list[NotRecognised], book: MappingBook, say: Progress
) -> Prepared:
    sources, problems, questions = [], [], []
    known, unfilled = _without_unfilled(known)
    problems += unfilled
    parts: dict[str, list[tuple[Source, Cleaned]]] = defaultdict(list)
    for number, r in enumerate(known, start=1):
        cleaned = clean(
            r,
            number,
            book,
            lambda done, total, r=r: say(f"Checking {r.dataset.title} ({len(r.table.rows):,} rows), columns", done, total),
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
            tables[name] = union(DATASETS[name], parts[name], problems, sources)
    if not any(t.num_rows for t in tables.values()):
        raise _nothing_left(sources, problems)
    problems += [
        Problem(
            WARNING, "no_rows", f"The report holds headers but no rows: it counts as {DATASETS[s.dataset].title} being loaded, and as nothing having happened.",
            "Check that the report ran. Leave the file out to keep what was loaded before.", s.dataset, s.file, s.sheet,
        )
        for s in sources if not s.rows_read and not tables[s.dataset].num_rows
    ]  # fmt: skip
    _leading_zeros(tables, problems)
    newest = newest_date(tables)
    teams_of_cases(tables, sources)
    some_years_only(tables, sources)
    problems += _not_used(known, unknown, tables)
    unknown_tables = [_unknown_table(u) for u in unknown]
    return Prepared(
        tables, sources, problems, infos, newest,
        date_in_names([i.name for i in infos]) or newest, _merge_questions(questions), unknown_tables,
    )  # fmt: skip


def _without_unfilled(known: list[Recognised]) -> tuple[list[Recognised], list[Problem]]:
    """A sheet of our template that nobody filled in, beside one that somebody did, is a dataset that isn't there, not one in which
    nothing happened: else every child would lack its assessments and reviews. A report of its own that is empty stays loaded."""
    rows = {id(r): len(r.table.rows) - r.header_index - 1 for r in known}
    filled = {r.table.file for r in known if rows[id(r)]}
    out, said = [], []
    for r in known:
        ours = {m.field for m in r.mapping if m.how == TEMPLATE} == {f.name for f in r.dataset.fields}
        if rows[id(r)] or not ours or not r.table.sheet or r.table.file not in filled:
            out.append(r)
            continue
        said.append(Problem(
            NOTE, "sheet_not_filled", "The sheet was not filled in: it holds the template's headers only. It counts as not loaded, and what rests on it is “cannot tell”.",
            "", r.dataset.name, r.table.file, r.table.sheet,
        ))  # fmt: skip
    return out, said


def _not_used(known: list[Recognised], unknown: list[NotRecognised], tables: dict[str, pa.Table]) -> list[Problem]:
    """A line for each table that was not used: a warning where that may be a loss, a note where another sheet of the file was
    used or it is a table of a known return that no rule needs. The lines of one kind have the same words."""
    used = {r.table.file for r in known}
    out = []
    for r in unknown:
        maybe_meant = bool(r.missing) and r.nearest in tables
        lost = not r.ignored and not r.no_loss and (maybe_meant or r.table.file not in used)
        what = "The table was not used" if r.table.file in used else "Nothing in this file was used"
        remedy = r.remedy or ("" if r.ignored or r.no_loss else "If it is needed, say on the mapping screen what its columns are.")
        out.append(Problem(WARNING if lost else NOTE, "table_not_used", f"{what}: {r.why}", remedy, None, r.table.file, r.table.sheet))
    return out


def teams_of_cases(tables: dict[str, pa.Table], sources: list[Source]) -> None:
    """An allocation without a team (SSDA903 has none) must not hide the child's team: the team of the child's newest case that
    has one stands in, as it does where there is no allocation at all."""
    if "cases" not in tables or "allocations" not in tables:
        return
    newest: dict[str, tuple[dt.date, str]] = {}
    cases = tables["cases"]
    for child, start, team in zip(*(cases.column(n).to_pylist() for n in ("child_id", "care_started", "team")), strict=True):
        if team != NOT_RECORDED:
            newest[child] = max(newest.get(child, (start, team)), (start, team))
    table = tables["allocations"]
    filled: Counter[int] = Counter()
    teams = table.column("team").to_pylist()
    for i, (child, source) in enumerate(zip(table.column("child_id").to_pylist(), table.column("source").to_pylist(), strict=True)):
        if teams[i] == NOT_RECORDED and child in newest:
            teams[i] = newest[child][1]
            filled[source] += 1
    if not filled:
        return
    at = table.schema.get_field_index("team")
    tables["allocations"] = table.set_column(at, table.schema.field("team"), pa.array(teams, type=table.schema.field("team").type))
    for source in sources:
        if filled[source.source]:
            count = filled[source.source]
            source.notes.append(f"{count} allocation{' has' if count == 1 else 's have'} no team: the child's team in Cases stands in.")


def some_years_only(tables: dict[str, pa.Table], sources: Sequence[Source]) -> None:
    """Where all reviews come from a yearly return, no case is accused of the years before it or after it, whichever table and
    whichever load the case is from. Where they don't, only the return's own cases stay marked."""
    reviews = [s for s in sources if s.dataset == "reviews"]
    if "cases" not in tables or not reviews:
        return
    some_years = all(tells_some_years(s.mapping) for s in reviews)
    worked_out = {s.source for s in sources if s.dataset == "cases" and any(m.how == DERIVED for m in s.mapping)}
    table = tables["cases"]
    at = table.schema.get_field_index("yearly")
    rows = zip(table.column("source").to_pylist(), table.column("yearly").to_pylist(), strict=True)
    yearly = [True if some_years else known if source in worked_out else None for source, known in rows]
    tables["cases"] = table.set_column(at, table.schema.field("yearly"), pa.array(yearly, type=pa.bool_()))


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
