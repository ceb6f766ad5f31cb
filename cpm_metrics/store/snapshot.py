"""One load, read-only: the file never changes, so any number of threads and processes can read it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import duckdb
import pyarrow as pa

from cpm_metrics.errors import StoreProblem
from cpm_metrics.store import connect
from cpm_metrics.store.loads import LoadInfo

if TYPE_CHECKING:
    import pandas as pd

ALIAS = "snapshot"


class LoadedDataset(NamedTuple):
    """How old a dataset is, and which load it came with (an earlier one where it was carried on)."""

    extract_date: date
    from_load: str
    rows: int


class Snapshot:
    """`path`, `info`, and questions that every page asks. Opened on the first query. Tables: docs/design.md, 'store'.

    `find` gives where the file is now: a load that is written anew (encrypted, re-keyed, a child erased) gets a new one. `damage` reads
    every byte of it and gives what to say where it is not as it was written; it is told what DuckDB said, where it said something.
    """

    def __init__(
        self, path: Path, info: LoadInfo, find: Callable[[], Path] | None = None, damage: Callable[[duckdb.Error | None], StoreProblem | None] | None = None
    ) -> None:
        self.made_of = self._opened = path
        self.info = info
        self._find = find or (lambda: path)
        self._damage = damage or (lambda said: None)
        self._con: duckdb.DuckDBPyConnection | None = None
        self._opening = threading.Lock()

    def __repr__(self) -> str:
        return f"Snapshot({self.info.load_id})"

    @property
    def path(self) -> Path:
        """The file: everything in it, whoever asks."""
        return self._find()

    def attached(self, alias: str) -> duckdb.DuckDBPyConnection:
        """A new locked-down connection in memory with this snapshot attached under that name: `FROM <alias>.cases`.

        Raises StoreProblem where the file is damaged. Whoever computes with it takes far longer than to read every byte before, and would
        otherwise stumble over the damage on the way, where nobody could tell what it is.
        """
        if problem := self._damage(None):
            raise problem
        return self._attached(alias)

    def _attached(self, alias: str) -> duckdb.DuckDBPyConnection:
        tried = self._find()
        threads = connect.threads_for(max(self.info.counts.values(), default=0))
        try:
            return connect.memory({alias: tried}, threads=threads)
        except duckdb.Error:
            if self._find() == tried:
                raise
            return connect.memory({alias: self._find()}, threads=threads)  # it was written anew between the two lines

    def connect(self) -> duckdb.DuckDBPyConnection:
        """The same as `snapshot`, for questions: `FROM snapshot.cases`."""
        return self._attached(ALIAS)

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """Where DuckDB can't read the file because it is damaged, say so as everywhere else. Raises StoreProblem."""
        try:
            yield
        except duckdb.Error as said:
            problem = self._damage(said)
            if problem is None:
                raise
            self.close()
            raise problem from None

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """A cursor of this snapshot's own connection, for one query. Tables are `snapshot.<table>`."""
        with self._opening:
            now = self._find()
            if self._con is not None and now != self._opened:
                self._con.close()
                self._con = None
            if self._con is None:
                self._con, self._opened = self.connect(), now
            return self._con.cursor()

    def frame(self, sql: str, params: tuple = ()) -> pd.DataFrame:
        with self._reading():
            return self.cursor().execute(sql, params).df()

    def table(self, name: str) -> pa.Table:
        """A whole table, in the order of the file it came from."""
        with self._reading():
            return self.cursor().execute(f"FROM {ALIAS}.{name}").to_arrow_table()

    def _rows(self, sql: str) -> list[tuple]:
        with self._reading():
            return self.cursor().execute(sql).fetchall()

    def loaded(self) -> dict[str, LoadedDataset]:
        """Dataset -> how old it is; a dataset that was never loaded isn't there."""
        rows = self._rows(f"SELECT dataset, extract_date, from_load, rows FROM {ALIAS}.loaded")
        return {dataset: LoadedDataset(*rest) for dataset, *rest in rows}

    def columns_present(self) -> dict[str, set[str]]:
        """Dataset -> the columns that at least one of its files had. An absent dataset was never loaded."""
        present: dict[str, set[str]] = {dataset: set() for dataset in self.loaded()}
        for dataset, columns in self._rows(f"SELECT dataset, columns FROM {ALIAS}.sources"):
            present.setdefault(dataset, set()).update(columns)
        return present

    def children(self) -> set[str]:
        return {child for (child,) in self._rows(f"SELECT DISTINCT child_id FROM {ALIAS}.cases")}

    def close(self) -> None:
        with self._opening:
            if self._con is not None:
                self._con.close()
                self._con = None
