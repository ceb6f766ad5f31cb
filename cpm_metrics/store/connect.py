"""Every DuckDB connection of the product is opened here, and locked down (ASSURANCE.md section 1).

Whoever uses a connection takes **one `.cursor()` per query**: a connection shared by threads can return another
thread's rows without an error.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Mapping
from pathlib import Path

import duckdb

MEMORY_LIMIT = "2GB"
SNAPSHOTS = "snapshots"
SPILL = "spill"

_BEFORE = (
    "SET autoinstall_known_extensions = false",
    "SET autoload_known_extensions = false",
    "SET allow_community_extensions = false",
    "SET python_enable_replacements = false",
)
_AFTER = ("SET enable_external_access = false", "SET lock_configuration = true")


def memory(attach: Mapping[str, Path] | None = None, spill: Path | None = None) -> duckdb.DuckDBPyConnection:
    """A locked-down connection in memory with snapshot files attached read-only under the given aliases.

    Arrow tables come in with `register`: variables of Python are not visible to SQL. Queries that outgrow the memory
    limit spill into the store's own folder, taken from the first snapshot's path where `spill` is not given, and into
    nothing at all where neither is known. Raises duckdb.Error where a file is missing or is not a snapshot.
    """
    attach = attach or {}
    if spill is None:
        spill = next((_spill_folder(Path(path)) for path in attach.values()), None)
    con = duckdb.connect(":memory:")
    try:
        _begin(con, spill)
        for alias, path in attach.items():
            if not re.fullmatch(r"[a-z][a-z0-9_]*", alias):
                raise ValueError(f"not an alias: {alias!r}")
            con.execute(f"ATTACH {_quoted(path)} AS {alias} (READ_ONLY)")
        _lock_down(con)
    except BaseException:
        con.close()
        raise
    return con


def builder(path: Path, spill: Path) -> duckdb.DuckDBPyConnection:
    """A locked-down connection that writes the one new snapshot file `path` and can reach nothing else."""
    con = duckdb.connect(str(path))
    try:
        _begin(con, spill)
        _lock_down(con)
    except BaseException:
        con.close()
        raise
    return con


def _begin(con: duckdb.DuckDBPyConnection, spill: Path | None) -> None:
    for line in _BEFORE:
        con.execute(line)
    con.execute(f"SET memory_limit = '{os.environ.get('CPM_MEMORY_LIMIT', MEMORY_LIMIT)}'")
    con.execute("SET temp_directory = " + _quoted(spill or ""))


def _lock_down(con: duckdb.DuckDBPyConnection) -> None:
    for line in _AFTER:
        con.execute(line)


def _spill_folder(snapshot: Path) -> Path | None:
    """A folder of this connection's own: two processes that spill into one folder overwrite each other's files."""
    if snapshot.parent.name != SNAPSHOTS:
        return None
    return snapshot.parent.parent / SPILL / f"{os.getpid()}-{secrets.token_hex(4)}"


def _quoted(path: Path | str) -> str:
    return "'" + str(path).replace("'", "''") + "'"
