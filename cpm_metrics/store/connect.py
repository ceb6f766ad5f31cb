"""Every DuckDB connection of the product is opened here, and locked down (ASSURANCE.md section 1).

Whoever uses a connection takes **one `.cursor()` per query**: a connection shared by threads can return another
thread's rows without an error. The files of an encrypted store are opened with its key, found by the file's place.
"""

from __future__ import annotations

import importlib.util
import os
import re
import secrets
from collections.abc import Mapping
from pathlib import Path

import duckdb

from cpm_metrics.errors import StoreProblem
from cpm_metrics.store import encryption
from cpm_metrics.store.problems import KeyProblem, said_by_the_disk

MEMORY_LIMIT = "2GB"
SNAPSHOTS = "snapshots"
SPILL = "spill"

BUILT, OLD = "built", "old"

STORAGE = "v1.4.0"
"""The oldest DuckDB that can read a plain snapshot. Left to itself DuckDB writes for one of 2024, without a compression of texts that
takes a third less time to write and less room. Of an encrypted snapshot, which needs a newer one, it decides itself."""

ROW_GROUP = 122_880
"""Rows of which DuckDB makes one piece of work."""

_BEFORE = (
    "SET autoinstall_known_extensions = false",
    "SET autoload_known_extensions = false",
    "SET allow_community_extensions = false",
    "SET python_enable_replacements = false",
)
_AFTER = ("SET enable_external_access = false", "SET lock_configuration = true")


def threads_for(most_rows: int) -> int | None:
    """How many threads a query needs where the largest table has so many rows; None for all cores. A second one has no part in tables
    of one row group, and takes a third more processor time not to have it."""
    return 1 if most_rows <= ROW_GROUP else None


def memory(attach: Mapping[str, Path] | None = None, spill: Path | None = None, threads: int | None = None) -> duckdb.DuckDBPyConnection:
    """A locked-down connection in memory with snapshot files attached read-only under the given aliases.

    Arrow tables come in with `register`: variables of Python are not visible to SQL. Queries that outgrow the memory
    limit spill into the store's own folder, taken from the first snapshot's path where `spill` is not given, and into
    nothing at all where neither is known; encrypted where a snapshot is. `threads`: that one query may use; all cores by default. Raises duckdb.Error where a file is missing or is not a
    snapshot, KeyProblem where it needs a key that isn't there.
    """
    attach = {alias: Path(path) for alias, path in (attach or {}).items()}
    if spill is None:
        spill = next((_spill_folder(path) for path in attach.values()), None)
    known = {alias: encryption.of(_root(path)) for alias, path in attach.items()}
    con = duckdb.connect(":memory:")
    try:
        _begin(con, spill, any(known.values()), threads)
        for alias, path in attach.items():
            _attach(con, alias, path, known[alias])
        _lock_down(con)
    except BaseException:
        con.close()
        raise
    return con


def builder(path: Path, spill: Path, old: Path | None = None, threads: int | None = None) -> duckdb.DuckDBPyConnection:
    """A locked-down connection that writes the one new snapshot file `path` and can reach nothing else, but for the snapshot `old`,
    which it reads as `old`. The new file is encrypted where its store is. `threads` as in `memory`."""
    known = encryption.of_new(_root(path))
    con = duckdb.connect(":memory:")
    try:
        _begin(con, spill, known is not None, threads)
        if old is not None:
            _attach(con, OLD, old, known)
        _attach_one(con, BUILT, path, known.present.duckdb if known else None, read_only=False)
        con.execute(f"USE {BUILT}")
        _lock_down(con)
    except BaseException:
        con.close()
        raise
    return con


def key_of(path: Path) -> str | None:
    """The number of the key (`Encryption.number`) with which a snapshot file is encrypted; None for a plain one. Raises duckdb.Error, KeyProblem."""
    known = encryption.of(_root(path))
    if known is None or not encryption.is_encrypted(path):
        return None
    con = duckdb.connect(":memory:")
    try:
        _begin(con, None, encrypted=True)
        used = _attach(con, OLD, path, known)
    finally:
        con.close()
    return next(master.number for master in (known.present, known.old) if master and master.duckdb == used)


def _root(path: Path) -> Path:
    """The store's folder: snapshots, previews and what is being built lie in a folder in it."""
    return path.parent.parent


def _begin(con: duckdb.DuckDBPyConnection, spill: Path | None, encrypted: bool = False, threads: int | None = None) -> None:
    for line in _BEFORE:
        con.execute(line)
    if threads is not None:
        con.execute(f"SET threads = {threads:d}")
    con.execute(f"SET memory_limit = '{os.environ.get('CPM_MEMORY_LIMIT', MEMORY_LIMIT)}'")
    con.execute("SET temp_directory = " + _quoted(spill or ""))
    if encrypted:
        # OpenSSL comes with this extension. DuckDB's own cryptography is not meant for writing, and it refuses (rightly).
        con.execute(f"LOAD {_quoted(_extension())}")
        con.execute("SET temp_file_encryption = true")


def _extension() -> Path:
    found = importlib.util.find_spec("duckdb_extension_httpfs")
    places = [Path(place) / "extensions" / f"v{duckdb.__version__}" / "httpfs.duckdb_extension" for place in (found.submodule_search_locations or [] if found else [])]
    there = next((place for place in places if place.exists()), None)
    if there is None:
        raise StoreProblem(f"An encrypted store needs the package duckdb-extension-httpfs {duckdb.__version__}, which is not installed.", "Install the locked packages again: python tasks.py run.")
    return there


def _attach(con: duckdb.DuckDBPyConnection, alias: str, path: Path, known: encryption.Encryption | None) -> str | None:
    """Attach read-only, with whichever of the store's keys fits. Gives the key. Raises duckdb.Error, KeyProblem."""
    if not re.fullmatch(r"[a-z][a-z0-9_]*", alias):
        raise ValueError(f"not an alias: {alias!r}")
    sealed = encryption.is_encrypted(path)
    if known is None:
        if sealed:
            raise encryption.marker_missing(_root(path))
        return _attach_one(con, alias, path, None)
    for key in (suiting := [key for key in known.file_keys() if (key is not None) == sealed]):
        try:
            return _attach_one(con, alias, path, key)
        except duckdb.Error:
            if key == suiting[-1]:
                raise
    if not path.exists():
        raise duckdb.IOException("no such file")
    if encryption.is_duckdb(path):
        raise KeyProblem(f"A file in the encrypted store {_root(path)} is not encrypted, so it is not read: {path.name}.", "`python -m cpm_metrics encrypt` encrypts what is left. If nobody here put the file there, ask who did.")
    raise duckdb.IOException("not a snapshot")


def _attach_one(con: duckdb.DuckDBPyConnection, alias: str, path: Path, key: str | None, read_only: bool = True) -> str | None:
    # A file that is there (the copy of an older snapshot, to be brought to today's version) stays in the way it was written.
    is_new = not read_only and not path.exists()
    options = ["READ_ONLY"] * read_only + [f"STORAGE_VERSION '{STORAGE}'"] * (is_new and key is None) + ([f"ENCRYPTION_KEY {_quoted(key)}", "ENCRYPTION_CIPHER 'GCM'"] if key else [])
    try:
        con.execute(f"ATTACH {_quoted(path)} AS {alias}" + (f" ({', '.join(options)})" if options else ""))
    except duckdb.Error as problem:
        # Its text could repeat the statement, and that holds the key: only what the disk said is kept.
        raise type(problem)(f"the file {path.name} can't be attached: {said_by_the_disk(str(problem)) or 'no reason given'}") from None
    # Without a key, or with one that a version of DuckDB takes no notice of, a plain file would be made without a word.
    (is_so,) = con.execute("SELECT encrypted FROM duckdb_databases() WHERE database_name = ?", [alias]).fetchone()
    if is_so != (key is not None):
        raise KeyProblem(f"DuckDB did not encrypt {path.name}, so nothing was written to it.", "Tell whoever looks after this program.")
    return key


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
