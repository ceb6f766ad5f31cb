"""Write one snapshot file: what the new files hold, and what carries on from the load before."""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from cpm_metrics.errors import StoreProblem
from cpm_metrics.extracts.cross_checks import cross_checks
from cpm_metrics.extracts.datasets import DATASETS, columns
from cpm_metrics.extracts.problems import ColumnMap, Prepared, Source
from cpm_metrics.store import connect
from cpm_metrics.store.erase import Child, Erased
from cpm_metrics.store.loads import SCHEMA_VERSION, LoadedFile, LoadInfo
from cpm_metrics.store.problems import STILL_SERVED, megabytes
from cpm_metrics.store.snapshot import Snapshot

Progress = Callable[[str, int, int | None], None]

# Version of a snapshot -> SQL that makes it the next version. There is only one version so far.
UPGRADES: dict[int, tuple[str, ...]] = {}

# The header row of a source that is no table but a Care Planning Meeting Record, added to a load by a person (cpm_metrics/records).
RECORD = 0
_CPM = ("cpm", "final_plan_cpm")

ROOM_TIMES = 3
_SMALLEST = 1_000_000

# The tables of a snapshot beside the ten datasets. `from_load` is the load that a row came with.
TABLES: dict[str, dict[str, str]] = {
    # a table of a file that was read
    "sources": {
        "source": "INTEGER", "file": "VARCHAR", "sheet": "VARCHAR", "dataset": "VARCHAR", "header_row": "INTEGER",
        "columns": "VARCHAR[]", "unmapped": "VARCHAR[]", "rows_read": "INTEGER", "rows_loaded": "INTEGER",
        "rows_left_out": "INTEGER", "mapping": "VARCHAR", "notes": "VARCHAR[]", "from_load": "VARCHAR",
    },
    # something wrong with a file; `across` is true for what only shows across datasets
    "problems": {
        "severity": "VARCHAR", "dataset": "VARCHAR", "file": "VARCHAR", "sheet": "VARCHAR", "row": "INTEGER",
        "column": "VARCHAR", "header": "VARCHAR", "value": "VARCHAR", "kind": "VARCHAR", "message": "VARCHAR",
        "remedy": "VARCHAR", "across": "BOOLEAN", "from_load": "VARCHAR",
    },
    # a file of this load
    "files": {"name": "VARCHAR", "sha256": "VARCHAR", "size": "BIGINT"},
    # this load
    "load": {
        "load_id": "VARCHAR", "previous": "VARCHAR", "extract_date": "DATE", "loaded_at": "TIMESTAMP",
        "loaded_by": "VARCHAR", "schema_version": "INTEGER", "info": "VARCHAR",
    },
    # a dataset that has been loaded
    "loaded": {"dataset": "VARCHAR", "extract_date": "DATE", "from_load": "VARCHAR", "rows": "INTEGER"},
}  # fmt: skip


@dataclasses.dataclass
class Contents:
    """What a snapshot will hold. Rows of `sources` and `problems` are plain dictionaries by the columns of `TABLES`."""

    tables: dict[str, pa.Table]
    sources: list[dict[str, Any]]
    problems: list[dict[str, Any]]
    files: list[LoadedFile]
    dataset_dates: dict[str, tuple[date, str]]

    def counts(self) -> dict[str, int]:
        return {name: self.tables[name].num_rows for name in self.dataset_dates}

    def problem_counts(self) -> dict[str, int]:
        return dict(Counter(problem["severity"] for problem in self.problems))

    def expected_bytes(self) -> int:
        return sum(table.nbytes for table in self.tables.values()) + 500 * len(self.problems)


def contents(prepared: Prepared, extract_date: date, load_id: str, before: Snapshot | None) -> Contents:
    """The new files' rows, every dataset they don't have from the load `before`, and its records that they don't have either."""
    found = Contents(
        tables=dict(prepared.tables),
        sources=[_row("sources", source, from_load=load_id) for source in prepared.sources],
        problems=[_row("problems", problem, across=False, from_load=load_id) for problem in prepared.problems],
        files=[LoadedFile(file.name, file.sha256, file.size) for file in prepared.files],
        dataset_dates={name: (extract_date, load_id) for name in DATASETS if name in prepared.tables},
    )
    if before is not None:
        shift = max((source["source"] for source in found.sources), default=0)
        _carry_on(found, before, shift)
        _keep_records(found, before, shift, load_id)
        _no_wider_than_the_extracts(found)
        _one_load_or_several(found, set(prepared.tables))
    found.problems += _across(found, extract_date, load_id)
    return found


def contents_with(record: Prepared, extract_date: date, load_id: str, before: Snapshot) -> Contents:
    """Everything of the load `before`, and the rows of a record. A CPM of its day that was only booked gives way to it.

    A dataset that was never loaded stays so, though the record's rows are in it: one record doesn't tell of the other children.
    """
    shift = max(source.source for source in record.sources)
    found = Contents({}, [_row("sources", source, from_load=load_id) for source in record.sources], [],
                     [LoadedFile(file.name, file.sha256, file.size) for file in record.files], {})  # fmt: skip
    _carry_on(found, before, shift)
    _keep_records(found, before, shift, load_id)
    for name, rows in record.tables.items():
        if name == "meetings" and name in found.tables:
            days = set(zip(rows["child_id"].to_pylist(), rows["meeting_date"].to_pylist(), strict=True))
            _leave_out(
                found, name, [row["meeting_type"] in _CPM and (row["child_id"], row["meeting_date"]) in days for row in _keys(found.tables[name], "meeting_type")],
                "record_in_its_place", "A Care Planning Meeting Record tells how this meeting went, and stands in the place of its row.", load_id,
            )  # fmt: skip
        found.tables[name] = pa.concat_tables([found.tables[name], rows]) if name in found.tables else rows
    _no_wider_than_the_extracts(found)
    found.problems += _across(found, extract_date, load_id)
    return found


def _one_load_or_several(found: Contents, new: set[str]) -> None:
    """What prepare() tells one dataset from another of the same files must be the same where the other carries on."""
    from cpm_metrics.extracts.prepare import (  # all the readers of files: whoever only looks needs none
        some_years_only,
        teams_of_cases,
    )

    sources = [_source(source) for source in found.sources]
    if ("cases" in new) != ("reviews" in new):
        some_years_only(found.tables, sources)
    if "cases" not in new and "allocations" in new:
        teams_of_cases(found.tables, sources)
        for row, source in zip(found.sources, sources, strict=True):
            row["notes"] = source.notes


def _no_wider_than_the_extracts(found: Contents) -> None:
    """What only a record tells of doesn't count as a column that was loaded: for every other child it would look as if it had been, and
    was blank. Such columns stand among the source's `unmapped` until an extract has them."""
    for dataset in found.dataset_dates:
        sources = [source for source in found.sources if source["dataset"] == dataset]
        there = {column for source in sources if source["header_row"] != RECORD for column in source["columns"]}
        for source in sources:
            if source["header_row"] == RECORD and there:
                told = [*source["columns"], *source["unmapped"]]
                source["columns"] = [column for column in told if column in there]
                source["unmapped"] = [column for column in told if column not in there]


def _keys(table: pa.Table, *more: str) -> list[dict[str, Any]]:
    return table.select(["child_id", "meeting_date", *more]).to_pylist()


def _leave_out(found: Contents, name: str, which: list[bool], kind: str, message: str, load_id: str) -> None:
    """Take rows out of a dataset and say so: in the counts of the tables they came from, and as a note for each."""
    if not any(which):
        return
    table = found.tables[name]
    mask = pa.array(which, pa.bool_())
    by_number = {source["source"]: source for source in found.sources}
    for gone in table.filter(mask).select(["source", "row"]).to_pylist():
        source = by_number[gone["source"]]
        source["rows_loaded"] -= 1
        source["rows_left_out"] += 1
        found.problems.append(
            _row("problems", None, severity="note", dataset=name, file=source["file"], sheet=source["sheet"], row=gone["row"], kind=kind,
                 message=message, remedy="Nothing.", across=False, from_load=load_id)
        )  # fmt: skip
    found.tables[name] = table.filter(pc.invert(mask))


def _keep_records(found: Contents, before: Snapshot, shift: int, load_id: str) -> None:
    """Rows that came from records, of datasets that the new files have too (or that were never loaded): kept, unless the new files
    now tell of that meeting themselves."""
    numbers = {source["source"]: source for source in before.table("sources").to_pylist() if source["header_row"] == RECORD}
    for name in ("meetings", "actions"):
        if name in found.dataset_dates and found.dataset_dates[name][1] != load_id:
            continue  # carried on as a whole, records included
        wanted = {number for number, source in numbers.items() if source["dataset"] == name}
        table = before.table(name)
        rows = table.filter(pc.is_in(table["source"], pa.array(sorted(wanted), pa.int32())))
        if not rows.num_rows:
            continue
        told = set()
        if name in found.tables:
            told = {(row["child_id"], row["meeting_date"]) for row in _keys(found.tables[name], *(["meeting_type"] if name == "meetings" else []))
                    if row.get("meeting_type", "cpm") in _CPM}  # fmt: skip
        for number in sorted(wanted & set(rows["source"].to_pylist())):
            found.sources.append(numbers[number] | {"source": number + shift})
        kept = _shifted(rows, shift)
        new = found.tables.get(name)
        found.tables[name] = kept
        _leave_out(
            found, name, [(row["child_id"], row["meeting_date"]) in told for row in _keys(kept)],
            "record_in_the_extract", "What this Care Planning Meeting Record said is now in the extract, which stands in its place.", load_id,
        )  # fmt: skip
        if new is not None:
            found.tables[name] = pa.concat_tables([new, found.tables[name]])


def _shifted(table: pa.Table, shift: int) -> pa.Table:
    at = table.schema.get_field_index("source")
    return table.set_column(at, table.schema.field("source"), pc.add(table["source"], pa.scalar(shift, pa.int32())))


def _carry_on(found: Contents, before: Snapshot, shift: int) -> None:
    """Bring the other datasets along with their sources, renumbered after the new ones, and their problems."""
    carried = {name: kept for name, kept in before.loaded().items() if name not in found.tables}
    wanted: set[int] = set()
    for name, kept in carried.items():
        table = before.table(name)
        wanted.update(pc.unique(table["source"]).to_pylist())
        found.tables[name] = _shifted(table, shift)
        found.dataset_dates[name] = (kept.extract_date, kept.from_load)
    for source in before.table("sources").to_pylist():
        if source["dataset"] in carried or source["source"] in wanted:
            found.sources.append(source | {"source": source["source"] + shift})
    for problem in before.table("problems").to_pylist():
        if problem["dataset"] in carried and not problem["across"]:
            found.problems.append(problem)


def _across(found: Contents, extract_date: date, load_id: str) -> list[dict[str, Any]]:
    """What shows only across datasets is found anew at each load: the others may have changed."""
    problems = cross_checks(found.tables, extract_date, [_source(row) for row in found.sources])
    return [_row("problems", problem, across=True, from_load=load_id) for problem in problems]


def _source(row: dict[str, Any]) -> Source:
    """The reader's own record again, from a row of `sources`."""
    known = {field.name: row[field.name] for field in dataclasses.fields(Source)}
    return Source(**known | {"mapping": [ColumnMap(**column) for column in json.loads(row["mapping"])]})


def _row(table: str, thing: Any, **more: Any) -> dict[str, Any]:
    """A row of `sources` or `problems` from an object with attributes of those names."""
    return {name: more[name] if name in more else _plain(getattr(thing, name, None), kind)
            for name, kind in TABLES[table].items()}  # fmt: skip


def _plain(value: Any, kind: str) -> Any:
    if value is None:
        return None
    if kind == "VARCHAR[]":
        return [str(part) for part in value]
    if kind == "VARCHAR":
        return value if isinstance(value, str) else json.dumps(_jsonable(value), ensure_ascii=False)
    return value


def _jsonable(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _jsonable(dataclasses.asdict(value))
    if isinstance(value, Mapping):
        return {str(key): _jsonable(part) for key, part in value.items()}
    if isinstance(value, (list, tuple, set)):
        return [_jsonable(part) for part in value]
    return value if isinstance(value, (str, int, float, bool)) or value is None else str(value)


def check_room(folder: Path, expected: int) -> None:
    """Raises StoreProblem where less than three times the expected size is free."""
    needed = ROOM_TIMES * max(expected, _SMALLEST)
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise StoreProblem(
            f"There is not enough room in {folder}: this load needs {megabytes(needed)} free, and {megabytes(free)} "
            f"is. Nothing was changed. {STILL_SERVED}",
            "Make room there, or name another folder with --store.",
        )


def write(path: Path, content: Contents, info: LoadInfo, progress: Progress) -> None:
    """Build the snapshot file. Raises OSError and duckdb.Error; the caller clears what is left."""
    most = max((len(rows) for rows in (*content.tables.values(), content.problems)), default=0)
    con = connect.builder(path, path.with_suffix(".spill"), threads=connect.threads_for(most))
    try:
        for done, (name, dataset) in enumerate(DATASETS.items()):
            progress("writing", done, len(DATASETS))
            _create(con, name, columns(dataset), content.tables.get(name))
        for name, rows in _describing(content, info).items():
            _create(con, name, TABLES[name], _arrow(rows, TABLES[name]))
        progress("writing", len(DATASETS), len(DATASETS))
        con.execute(f"CHECKPOINT {connect.BUILT}")
    finally:
        con.close()


def _describing(content: Contents, info: LoadInfo) -> dict[str, Iterable[dict[str, Any]]]:
    return {
        "sources": content.sources,
        "problems": content.problems,
        "files": [file._asdict() for file in info.files],
        "loaded": [
            {"dataset": name, "extract_date": when, "from_load": load, "rows": info.counts[name]}
            for name, (when, load) in info.dataset_dates.items()
        ],
        "load": [load_row(info)],
    }


def load_row(info: LoadInfo) -> dict[str, Any]:
    return {
        "load_id": info.load_id,
        "previous": info.previous,
        "extract_date": info.extract_date,
        "loaded_at": info.loaded_at.replace(tzinfo=None),
        "loaded_by": info.by,
        "schema_version": info.schema_version,
        "info": json.dumps(info.as_json()),
    }


_ARROW = {
    "INTEGER": pa.int32(), "BIGINT": pa.int64(), "VARCHAR": pa.string(), "VARCHAR[]": pa.list_(pa.string()),
    "DATE": pa.date32(), "TIMESTAMP": pa.timestamp("us"), "BOOLEAN": pa.bool_(),
}  # fmt: skip


def _arrow(rows: Iterable[dict[str, Any]], kinds: dict[str, str]) -> pa.Table:
    schema = pa.schema([(name, _ARROW[kind]) for name, kind in kinds.items()])
    return pa.Table.from_pylist(list(rows), schema=schema)


def _create(con: duckdb.DuckDBPyConnection, name: str, kinds: dict[str, str], rows: pa.Table | None) -> None:
    spelled = ", ".join(f'"{column}" {kind}' for column, kind in kinds.items())
    con.execute(f'CREATE TABLE "{name}" ({spelled})')
    if rows is None or not rows.num_rows:
        return
    con.register("incoming", rows)
    con.execute(f'INSERT INTO "{name}" BY NAME FROM incoming')
    con.unregister("incoming")


def upgrade(old: Path, new: Path, info: LoadInfo) -> None:
    """Copy an older snapshot and bring the copy to today's version, as the load `info`."""
    shutil.copyfile(old, new)
    con = connect.builder(new, new.with_suffix(".spill"))
    try:
        version = con.execute("SELECT schema_version FROM load").fetchone()[0]
        while version < SCHEMA_VERSION:
            for statement in UPGRADES[version]:
                con.execute(statement)
            version += 1
        row = load_row(info)
        con.execute("DELETE FROM load")
        con.execute(f"INSERT INTO load VALUES ({', '.join('?' * len(row))})", list(row.values()))
        con.execute(f"CHECKPOINT {connect.BUILT}")
    finally:
        con.close()


def rewrite(old: Path, new: Path, info: LoadInfo, child: Child | None = None, into: Erased | None = None) -> LoadInfo:
    """Write a snapshot anew, as its store is encrypted now and, with `child`, without that child. Gives what the load is then.

    Every table is compared with the old one before this returns. Raises StoreProblem where it isn't the same, duckdb.Error.
    """
    con = connect.builder(new, new.with_suffix(".spill"), old)
    try:
        tables = [name for (name,) in con.execute("SELECT table_name FROM duckdb_tables() WHERE database_name = ? ORDER BY table_name", [connect.OLD]).fetchall()]
        if child is not None:
            info = child.copy_without(con, tables, info, into or Erased(child.word))
            (version,) = con.execute(f"SELECT schema_version FROM {connect.OLD}.load").fetchone()
            row = load_row(info) | {"schema_version": version}
            con.execute(f"CREATE TABLE load AS FROM {connect.OLD}.load LIMIT 0")
            con.execute(f"INSERT INTO load ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})", list(row.values()))
        else:
            for name in tables:
                con.execute(f'CREATE TABLE {connect.BUILT}."{name}" AS FROM {connect.OLD}."{name}"')
        con.execute(f"CHECKPOINT {connect.BUILT}")
        for name in tables:
            _same(con, name, child)
        return info
    finally:
        con.close()


def _same(con: duckdb.DuckDBPyConnection, table: str, child: Child | None) -> None:
    """Raises StoreProblem where the table written anew isn't the old one (but for the child)."""
    columns = "COLUMNS(*)"
    where, values = "", []
    if child is not None and table not in DATASETS:
        return  # its rows change
    if child is not None:
        where, values = " WHERE child_id IS DISTINCT FROM ?", [child.child_id]
        columns = "child_id, source, row"  # texts change
    found = [
        con.execute(f'SELECT count(*), bit_xor(hash(t)) FROM (SELECT {columns} FROM {place}."{table}"{where}) t', values).fetchone() for place in (connect.OLD, connect.BUILT)
    ]
    left = child is not None and con.execute(f'SELECT count(*) FROM {connect.BUILT}."{table}" WHERE child_id = ?', [child.child_id]).fetchone()[0]
    if found[0] != found[1] or left:
        raise StoreProblem(f"A load that was written anew did not come out the same ({table}), so it was not used.", "Tell whoever looks after this program.")
