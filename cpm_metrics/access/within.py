"""A load as one person may see it: without the children of other teams and, where names are to be hidden, without names.

A copy in memory of the rows that remain, made before anything is worked out, with the file detached again. So whatever asks it,
the engine, a page, an export or a query nobody foresaw, finds no trace of another team's child.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import duckdb

from cpm_metrics.access.people import NotAllowed
from cpm_metrics.engine import Results
from cpm_metrics.extracts.datasets import DATASETS
from cpm_metrics.store.erase import without_samples
from cpm_metrics.store.loads import LoadInfo
from cpm_metrics.store.snapshot import ALIAS, Snapshot

_WHOLE = "whole"
# Names of staff, told apart by a number of their own, the same in every column: who chairs may be who manages the team.
STAFF = {"cases": ("worker", "team_manager", "iro"), "allocations": ("worker",), "meetings": ("chair",), "actions": ("responsible",)}
LISTS = {"meetings": ("attendees",)}
# What people write in sentences. An action that comes back in the next meeting has the same words, so the same number.
FREE = {
    "meetings": ("purpose", "working_well", "worried_about", "needs_to_happen"), "actions": ("action",), "changes": ("change",),
    "placements": ("provider", "change_reason"),
}  # fmt: skip
CHILD = ("forename", "surname", "date_of_birth")
HIDDEN = "hidden"
_ELSEWHERE = "Whoever loads the spreadsheets sees what it is."


def held_by(results: Results, teams: Iterable[str]) -> frozenset[str]:
    """The IDs of the children whom these teams hold on the day of the results, or held when care ended."""
    return frozenset(child for (child,) in results.rows("SELECT child_id FROM children WHERE current AND list_contains(?, team)", [list(teams)]))


class Within(Snapshot):
    """A snapshot with only some children in it (None: all), and with names hidden or not."""

    def __init__(self, whole: Snapshot, children: Iterable[str] | None, masked: bool) -> None:
        super().__init__(whole.made_of, without_names(whole.info, masked))
        self._whole = whole
        self._children = None if children is None else sorted(children)
        self._masked = masked

    @property
    def path(self) -> Path:
        raise NotAllowed("Only the whole load is a file.", "Ask for its tables.")

    def attached(self, alias: str) -> duckdb.DuckDBPyConnection:
        con = self._whole.attached(_WHOLE)
        try:
            con.execute(f"ATTACH ':memory:' AS {alias}")
            con.execute("CREATE TEMP TABLE mine AS SELECT unnest(?::VARCHAR[]) AS child_id", [self._children or []])
            for (table,) in con.execute("SELECT table_name FROM duckdb_tables() WHERE database_name = ?", [_WHOLE]).fetchall():
                con.execute(f"CREATE TABLE {alias}.{table} AS FROM {_WHOLE}.{table} {self._where(table)}")
            con.execute("DROP TABLE mine")
            con.execute(f"DETACH {_WHOLE}")
            if self._children is not None or self._masked:
                _count_only(con, alias)
            if self._masked:
                _mask(con, alias)
        except BaseException:
            con.close()
            raise
        return con

    def connect(self) -> duckdb.DuckDBPyConnection:
        return self.attached(ALIAS)

    def _where(self, table: str) -> str:
        return "WHERE child_id IN (FROM mine)" if self._children is not None and table in DATASETS else ""


def without_names(info: LoadInfo, masked: bool) -> LoadInfo:
    """What is known of a load, without what its files are called (a record's has a child's name, perhaps), and masked without who made it."""
    files = [file._replace(name=f"file {number}") for number, file in enumerate(info.files, 1)]
    return replace(info, by=HIDDEN if masked else info.by, files=files)


def _count_only(con: duckdb.DuckDBPyConnection, alias: str) -> None:
    """Problems quote cells and files, and whose row it was can't be told: how many there are stays, what they are doesn't."""
    # The names of the files are gone from every table, and from whoever could guess them: a number stands for each.
    con.execute(f"CREATE TEMP TABLE files_named AS SELECT file, 'file ' || row_number() OVER (ORDER BY min(place), file) AS called FROM "
                f"(SELECT file, source AS place FROM {alias}.sources UNION ALL SELECT file, 2147483647 FROM {alias}.problems) WHERE file IS NOT NULL GROUP BY file")  # fmt: skip
    con.execute(f"UPDATE {alias}.problems p SET value = NULL, message = '{_ELSEWHERE}', remedy = '', header = NULL, sheet = NULL, file = (SELECT called FROM files_named n WHERE n.file = p.file)")
    con.execute(f"UPDATE {alias}.sources s SET file = (SELECT called FROM files_named n WHERE n.file = s.file), sheet = NULL, notes = [], unmapped = []")
    for source, mapping in con.execute(f"SELECT source, mapping FROM {alias}.sources WHERE mapping IS NOT NULL").fetchall():
        con.execute(f"UPDATE {alias}.sources SET mapping = ? WHERE source = ?", [without_samples(mapping), source])
    con.execute("DROP TABLE files_named")
    con.execute(f"UPDATE {alias}.files SET name = 'file', sha256 = ''")
    con.execute(f"UPDATE {alias}.load SET info = NULL, loaded_by = '{HIDDEN}'")


def _mask(con: duckdb.DuckDBPyConnection, alias: str) -> None:
    there = {f"{t}.{c}" for t, c in con.execute("SELECT table_name, column_name FROM duckdb_columns() WHERE database_name = ?", [alias]).fetchall()}
    for column in CHILD:
        con.execute(f"UPDATE {alias}.cases SET {column} = NULL")
    staff = [(t, c) for t, columns in STAFF.items() for c in columns if f"{t}.{c}" in there]
    _number(con, alias, staff, "Person")
    for table, columns in LISTS.items():
        for column in columns:
            con.execute(f"UPDATE {alias}.{table} SET {column} = array_to_string(list_transform(string_split({column}, ';'), x -> '{HIDDEN}'), ';') WHERE trim({column}) <> ''")
    _number(con, alias, [(t, c) for t, columns in FREE.items() for c in columns if f"{t}.{c}" in there], "Text hidden,")
    for table, column in sorted(name.split(".") for name in there):
        if table in DATASETS and column.endswith("_text"):  # what was written where a code is expected, names perhaps
            con.execute(f"UPDATE {alias}.{table} SET {column} = '{HIDDEN}' WHERE trim({column}) <> ''")


def _number(con: duckdb.DuckDBPyConnection, alias: str, columns: list[tuple[str, str]], word: str) -> None:
    """Each different text becomes `word` and a number, the same in all of the columns."""
    every = " UNION ".join(f"SELECT DISTINCT lower(trim({c})) AS said FROM {alias}.{t} WHERE trim({c}) <> ''" for t, c in columns)
    con.execute(f"CREATE TEMP TABLE numbered AS SELECT said, row_number() OVER (ORDER BY said) AS n FROM ({every})")
    for table, column in columns:
        con.execute(f"UPDATE {alias}.{table} SET {column} = '{word} ' || n FROM numbered WHERE said = lower(trim({column}))")
    con.execute("DROP TABLE numbered")
