"""All rows of a dataset, from however many files and sheets, once each. Order never matters."""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict

import pyarrow as pa

from .clean import Cleaned
from .combine import Combined
from .datasets import DATASETS, NOT_RECORDED, Dataset, columns
from .problems import ERROR, NOTE, Problem, Source

_ARROW = {
    "VARCHAR": pa.string(),
    "DATE": pa.date32(),
    "BOOLEAN": pa.bool_(),
    "VARCHAR[]": pa.list_(pa.string()),
    "INTEGER": pa.int32(),
}


def arrow_schema(dataset: Dataset) -> pa.Schema:
    return pa.schema([(name, _ARROW[kind]) for name, kind in columns(dataset).items()])


def union(
    dataset: Dataset, parts: list[tuple[Source, Cleaned]], problems: list[Problem], sources: list[Source]
) -> pa.Table:
    """All rows of a dataset. Rows equal in everything but where they came from are loaded once; periods of care that several
    tables tell of are put together (combine.py). Rows that then have more columns than their table become a source of their
    own, added to `sources`: a blank is "not done" only where there was a column."""
    names = list(columns(dataset))
    content = names[:-2]
    by_number = {source.source: source for source, _ in parts}
    values = dict(parts[0][1].columns) if len(parts) == 1 else {n: list(itertools.chain.from_iterable(c.columns[n] for _, c in parts)) for n in names}
    rows: dict[tuple, int] = {}  # content -> index of the row that stands for it
    copies: Counter[int] = Counter()
    if dataset.name == "cases" or not _differ(dataset, values):
        for i, key in enumerate(zip(*(values[n] for n in content), strict=True)):
            if rows.setdefault(key, i) != i:
                copies[values["source"][i]] += 1
    for number, count in copies.items():
        source = by_number[number]
        source.notes.append(
            f"{count} row{'s' if count > 1 else ''} left out because an identical row was already there."
        )
        problems.append(
            Problem(
                NOTE,
                "duplicate_rows",
                f"{count} row{'s are' if count > 1 else ' is'} identical to another row in everything; loaded once.",
                "",
                dataset.name,
                source.file,
                source.sheet,
            )
        )
    kept = sorted(rows.values()) if rows else range(len(values["row"]))
    if dataset.name == "cases":
        _one_per_period(content, rows, values, by_number, problems)
        kept = sorted(rows.values())
        if len({(s.file, s.sheet) for s in by_number.values()}) > 1:
            combined = Combined(values, kept, by_number, problems)
            kept = combined.kept
            _own_sources(combined, values, by_number, sources)
    if len(kept) < len(values["row"]):
        values = {n: [column[i] for i in kept] for n, column in values.items()}
    loaded = Counter(values["source"])
    for source in by_number.values():
        source.rows_loaded = loaded[source.source]
        source.rows_left_out = source.rows_read - source.rows_loaded
    schema = arrow_schema(dataset)
    return pa.Table.from_arrays([pa.array(values[n], type=schema.field(n).type) for n in names], schema=schema)


def _differ(dataset: Dataset, values: dict[str, list]) -> bool:
    """Whether the IDs and required cells alone tell all rows apart: the common case, and much faster to see than from every cell."""
    telling = [f.name for f in dataset.fields if f.required or f.kind == "id"]
    return len(set(zip(*(values[n] for n in telling), strict=True))) == len(values["row"])


def _own_sources(combined: Combined, values: dict[str, list], by_number: dict[int, Source], sources: list[Source]) -> None:
    """Rows that other tables brought columns to: a source each for one table and set of columns. Where no row of a table is left
    with its own columns, the most rows stay under its number."""
    groups: dict[int, dict[frozenset[str], list[int]]] = defaultdict(lambda: defaultdict(list))
    for i in combined.kept:
        number = values["source"][i]
        groups[number][frozenset(combined.known.get(i, by_number[number].columns))].append(i)
    for number, found in sorted(groups.items()):
        table = by_number[number]
        own = frozenset(table.columns)
        stays = own if own in found else max(found, key=lambda known: (len(found[known]), sorted(known)))
        for known, rows in sorted(found.items(), key=lambda item: sorted(item[0])):
            if known == own:
                continue
            in_order = [f.name for f in DATASETS["cases"].fields if f.name in known]
            note = f"{len(rows)} row{' was' if len(rows) == 1 else 's were'} filled in from other tables, which have more columns."
            if known == stays:
                table.columns = in_order
                table.notes.append(note)
                continue
            new = Source(
                max(s.source for s in sources) + 1, table.file, table.sheet, "cases", table.header_row, in_order, [], table.mapping, len(rows), notes=[note],
            )  # fmt: skip
            sources.append(new)
            by_number[new.source] = new
            table.rows_read -= len(rows)
            for i in rows:
                values["source"][i] = new.source


def _one_per_period(
    content: list[str],
    rows: dict[tuple, int],
    values: dict[str, list],
    sources: dict[int, Source],
    problems: list[Problem],
) -> None:
    """Takes out of `rows` all but one per table, child and start: the fullest, then the first in a fixed order; never by position."""
    child, started = content.index("child_id"), content.index("care_started")
    headers = {f.name: f.header for f in DATASETS["cases"].fields}  # what was worked out has none
    groups: dict[tuple, list[tuple]] = defaultdict(list)
    for key, i in rows.items():
        table = sources[values["source"][i]]
        groups[table.file, table.sheet, key[child], key[started]].append(key)
    for group in groups.values():
        if len(group) == 1:
            continue
        group.sort(key=lambda key: (-sum(v is not None and v != NOT_RECORDED for v in key), [("" if v is None else str(v)) for v in key]))
        for key in group[1:]:
            i = rows.pop(key)
            source = sources[values["source"][i]]
            differ = [
                headers[n]
                for n, a, b in zip(content, group[0], key, strict=True)
                if a != b and n in headers
            ]
            problems.append(
                Problem(
                    ERROR, "same_period_twice",
                    f"The same child and start of care stand in another row that differs in {', '.join(differ) or 'spelling'}; the row with more filled in was loaded.",
                    "Keep one row per child and period of care. The history of placements, legal statuses and workers has its own sheets.",
                    "cases", source.file, source.sheet, values["row"][i], None, "Child ID", key[child],
                )
            )  # fmt: skip
