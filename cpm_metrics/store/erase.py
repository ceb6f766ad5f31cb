"""Taking one child out: which rows go, and what becomes of the child's ID and name where somebody wrote them about somebody else.

- Every row with the child's ID goes, from every dataset of every load, and every note and exception about the child.
- Rows about other children stay. Where their text has the child's ID or full name, that is replaced by a word like `erased-3f9a`
  (the same everywhere, so that brothers and sisters stay one group). Columns of staff are left alone. A first name alone, a nickname or
  a description can't be told from other words: `Erased.to_read` says where to look.
- Problems about the child's rows go; so do the values of cells in rows that were left out of a load, because nobody can tell whose
  they were. Samples of cells go altogether. Files named after the child lose their name.
- The audit keeps its lines; the child's ID in them becomes the word, also as it is written in names of files.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import duckdb

from cpm_metrics.extracts.datasets import DATASETS
from cpm_metrics.store.connect import BUILT, OLD
from cpm_metrics.store.loads import LoadInfo

# A shorter ID is not looked for inside a text: "12" is in "12 working days".
_SHORTEST_IN_TEXT = 4
# Names of people at work, who may be called as the child is; and what a machine wrote.
_LEFT_ALONE = {
    "child_id", "team", "worker", "team_manager", "iro", "chair", "provider", "dataset", "severity", "kind", "message", "remedy", "column",
    "header", "from_load", "load_id", "previous", "loaded_by", "info", "sha256", "sheet",
}  # fmt: skip


# What the files that the pages make of one child are called, before the ID.
_BEFORE_AN_ID = "(?:child|supervision|cpm-record)-"
# "12/11" is 12-11 in a name, which is in every 2026-12-11 too.
_LIKE_A_DATE = re.compile(r"\d{1,4}(?:-\d{1,4})*")


def in_file_names(child_id: str) -> str:
    """A child's ID as it stands in the names of files that are made of one child; the audit has those names."""
    return "".join(sign if sign.isalnum() else "-" for sign in child_id)


@dataclass
class Erased:
    """What went: `rows` over all loads by dataset; `texts`: places elsewhere in which the child was named. It holds nothing of the child."""

    word: str
    loads: int = 0
    rows: dict[str, int] = field(default_factory=dict)
    notes: int = 0
    exceptions: int = 0
    texts: int = 0

    @property
    def to_read(self) -> str:
        return (
            "Minutes, actions and notes about brothers and sisters may still name the child in other words: read them. The files that were loaded, "
            "exports, backups and the case system are outside this store; the next extract that has the child brings it back."
        )

    def as_json(self) -> dict[str, Any]:
        return {name: value for name, value in asdict(self).items() if name != "word"}


def without_samples(mapping: str) -> str:
    """The record of how columns were mapped, as `sources` has it, without the cells that stood for them."""
    return json.dumps([column | {"samples": []} for column in json.loads(mapping)], ensure_ascii=False)


class Child:
    """Whom to take out. `names`: (forename, surname) as in any load."""

    def __init__(self, child_id: str, names: Iterable[tuple[str, str]], word: str | None = None) -> None:
        self.child_id = child_id
        self.names = sorted({(a.strip(), b.strip()) for a, b in names if a and b and a.strip() and b.strip()})
        self.word = word or f"erased-{secrets.token_hex(2)}"
        whole = [re.escape(child_id)] if len(child_id) >= _SHORTEST_IN_TEXT else []
        in_name = in_file_names(child_id)
        if in_name != child_id and len(in_name) >= _SHORTEST_IN_TEXT and not _LIKE_A_DATE.fullmatch(in_name):
            whole.append(re.escape(in_name))
        elif not whole or in_name != child_id:
            whole.append(f"{_BEFORE_AN_ID}{re.escape(in_name)}")
        for a, b in ((_spaced(a), _spaced(b)) for a, b in self.names):
            whole += [rf"{a}[\s_]+{b}", rf"{b},?[\s_]+{a}"]
        self._any = "|".join(whole) or r"[^\s\S]"
        self._pattern = re.compile(rf"(?<![^\W_])(?:{self._any})(?![^\W_])", re.I)

    def __repr__(self) -> str:
        return f"Child({self.word})"

    @classmethod
    def of_json(cls, data: dict[str, Any]) -> Child:
        return cls(data["child_id"], [tuple(pair) for pair in data["names"]], data["word"])

    def as_json(self) -> dict[str, Any]:
        return {"child_id": self.child_id, "names": self.names, "word": self.word}

    def out_of(self, text: str) -> str:
        return self.word if text == self.child_id else self._pattern.sub(self.word, text)

    def out_of_json(self, value: Any) -> Any:
        """In every text of a JSON value, keys included."""
        if isinstance(value, str):
            return self.out_of(value)
        if isinstance(value, list):
            return [self.out_of_json(part) for part in value]
        if isinstance(value, dict):
            return {self.out_of(key): self.out_of_json(part) for key, part in value.items()}
        return self.word if str(value) == self.child_id and not isinstance(value, (bool, type(None))) and len(self.child_id) >= _SHORTEST_IN_TEXT else value

    # -- a snapshot

    def copy_without(self, con: duckdb.DuckDBPyConnection, tables: list[str], info: LoadInfo, into: Erased) -> LoadInfo:
        """Copy every table of `old` to `built` without the child. Nothing about the child is ever written to the new file.

        Gives what the load is now: its rows, problems and file names. The `load` table is left to the caller.
        """
        word = _text(self.word)
        # One row: one of the child's rows, by the file it came from.
        own = " UNION ALL ".join(f"SELECT source, row FROM {OLD}.{name} WHERE child_id = {_text(self.child_id)}" for name in DATASETS if name in tables)
        con.execute(f"CREATE TEMP TABLE gone AS SELECT s.source, s.file, s.sheet, g.row FROM ({own}) g JOIN {OLD}.sources s USING (source)")
        # One row: a file that is named after the child, or is a record of a meeting about nobody else.
        con.execute(f"""
            CREATE TEMP TABLE renamed AS
            SELECT file, {word} || '.' || row_number() OVER (ORDER BY file) AS name FROM (
                SELECT file FROM {OLD}.sources GROUP BY file
                HAVING {self._mentions("file")} OR bool_and(header_row = 0 AND source IN (SELECT source FROM gone))
                UNION SELECT name FROM {OLD}.files WHERE {self._mentions("name")}
            )""")
        self._without_samples(con)
        counts = dict(info.counts)
        for name in tables:
            if name == "load":
                continue
            kinds = dict(con.execute("SELECT column_name, data_type FROM duckdb_columns() WHERE database_name = ? AND table_name = ? ORDER BY column_index", [OLD, name]).fetchall())
            take = {column: self._cleaned(column, kind) if self._to_clean(name, column, kind) else f"t.{_name(column)}" for column, kind in kinds.items()}
            where = "true"
            if name in ("sources", "problems", "files"):
                column = "name" if name == "files" else "file"
                take[column] = f"coalesce((SELECT r.name FROM renamed r WHERE r.file = t.{column}), t.{column})"
            if name in DATASETS:
                where = f"child_id IS DISTINCT FROM {_text(self.child_id)}"
                (rows,) = con.execute(f"SELECT count(*) FROM {OLD}.{_name(name)} WHERE NOT ({where})").fetchone()
                if rows:
                    into.rows[name] = into.rows.get(name, 0) + rows
                if name in counts:
                    counts[name] -= rows
            elif name == "problems":
                same_row = "g.file IS NOT DISTINCT FROM t.file AND g.sheet IS NOT DISTINCT FROM t.sheet AND g.row = t.row"
                where = f"NOT ({self._about('t.value')} OR EXISTS (SELECT 1 FROM gone g WHERE {same_row}))"
                take["value"] = "CASE WHEN t.severity <> 'error' THEN t.value END"
            elif name == "sources":
                fewer = "(SELECT count(*)::INTEGER FROM gone g WHERE g.source = t.source)"
                take |= {column: f"t.{column} - {fewer}" for column in ("rows_read", "rows_loaded")}
                take["mapping"] = "(SELECT m.mapping FROM mapped m WHERE m.source = t.source)"
            elif name == "loaded":
                fewer = " ".join(f"WHEN '{d}' THEN (SELECT count(*)::INTEGER FROM {OLD}.{d} WHERE child_id = {_text(self.child_id)})" for d in DATASETS if d in tables)
                take["rows"] = f"t.rows - (CASE t.dataset {fewer} ELSE 0 END)"
            select = ", ".join(f"{sql} AS {_name(column)}" for column, sql in take.items())
            con.execute(f"CREATE TABLE {BUILT}.{_name(name)} AS SELECT {select} FROM {OLD}.{_name(name)} t WHERE {where}")
        names = dict(con.execute("SELECT file, name FROM renamed").fetchall())
        files = [file._replace(name=names.get(file.name, file.name)) for file in info.files]
        problems = dict(con.execute(f"SELECT severity, count(*) FROM {BUILT}.problems GROUP BY severity").fetchall())
        return replace(info, counts=counts, problem_counts=problems, files=files)

    def _without_samples(self, con: duckdb.DuckDBPyConnection) -> None:
        """The records of how columns were mapped, without samples of cells: those of every child alike."""
        con.execute("CREATE TEMP TABLE mapped (source INTEGER, mapping VARCHAR)")
        for source, mapping in con.execute(f"SELECT source, mapping FROM {OLD}.sources WHERE mapping IS NOT NULL").fetchall():
            con.execute("INSERT INTO mapped VALUES (?, ?)", [source, without_samples(mapping)])

    def _to_clean(self, table: str, column: str, kind: str) -> bool:
        return kind in ("VARCHAR", "VARCHAR[]") and column not in _LEFT_ALONE and table not in ("sources", "files", "loaded", "load") and not (table == "problems" and column == "value")

    def _cleaned(self, column: str, kind: str) -> str:
        def one(text: str) -> str:
            out = text
            for _ in range(2):  # the sign between two mentions belongs to the first
                out = f"regexp_replace({out}, {_text(self._re2)}, {_text(chr(92) + '1' + self.word + chr(92) + '2')}, 'gi')"
            return f"CASE WHEN {text} = {_text(self.child_id)} THEN {_text(self.word)} ELSE {out} END"

        return one(_name(column)) if kind == "VARCHAR" else f"list_transform({_name(column)}, lambda x: {one('x')})"

    @property
    def _re2(self) -> str:
        """The same for DuckDB, whose expressions can't look behind: the signs around it are groups 1 and 2."""
        return rf"(^|[^\pL\pN])(?:{self._any})($|[^\pL\pN])"

    def _mentions(self, column: str) -> str:
        return f"(regexp_matches({column}, {_text(self._re2)}, 'i') OR {column} = {_text(self.child_id)})"

    def _about(self, column: str) -> str:
        """Whether a cell is the child's ID or one of the names, alone or in a text."""
        alone = ", ".join(_text(part.lower()) for part in sorted({self.child_id, *(p for pair in self.names for p in pair)}))
        return f"coalesce({self._mentions(column)} OR lower(trim({column})) IN ({alone}), false)"


def _spaced(name: str) -> str:
    return r"[\s_]+".join(re.escape(part) for part in name.split())


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _name(column: str) -> str:
    return '"' + column.replace('"', '""') + '"'
