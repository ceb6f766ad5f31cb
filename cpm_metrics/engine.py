"""One snapshot, one as-at date, one set of settings -> every obligation and every flag.

The steps are the files of cpm_metrics/sql, their numbers the order to read them in; each statement runs as soon as what it reads is there
(steps.py). Into the last, `50_status.sql`, go the rules' clocks; the indicators come after it. Everything is computed in an in-memory
DuckDB that reads the snapshot; nothing is written to the store.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from datetime import date
from functools import cache
from importlib import resources
from itertools import chain, product
from string import Template
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa

from cpm_metrics import workdays
from cpm_metrics.answers import Answers, question
from cpm_metrics.errors import CpmError
from cpm_metrics.extracts import datasets
from cpm_metrics.indicators import all_indicators
from cpm_metrics.rules import Rule, all_rules
from cpm_metrics.settings import Limit, Settings
from cpm_metrics.steps import AT_ONCE, COMPRESS_BEYOND, Step, run, steps_of

CLOCK_COLUMNS = {
    "rule": "VARCHAR", "child_id": "VARCHAR", "care_started": "DATE", "anchor_date": "DATE", "due_date": "DATE",
    "done_date": "DATE", "meeting_id": "VARCHAR", "closes_on": "DATE", "lapses_on": "DATE", "missing": "VARCHAR",
    "detail": "VARCHAR", "limit_text": "VARCHAR", "anchor_words": "VARCHAR", "about_meeting": "VARCHAR",
}  # fmt: skip
MANY_ROWS = 600_000
"""In all tables of a snapshot: with more, each rule is a statement of its own, or two at a time would need too much memory."""
TOO_MANY_ROWS = 3_000_000
"""With more, not all fits in 2 GB: it is compressed from early on, which takes a quarter of the time."""
COMPRESS_EARLY = 800_000_000
"""Bytes."""
CONTRACT_COLUMNS = (
    "rule", "child_id", "care_started", "anchor_date", "due_date", "done_date", "meeting_id", "closes_on", "lapses_on",
    "status", "days", "team", "worker", "why",
)  # fmt: skip
STATUSES = ("cannot_tell", "on_time", "late", "lapsed", "missed", "overdue", "due_soon", "upcoming")
COUNTED = ("on_time", "late", "missed", "overdue")


class Results:
    """Everything computed for one load on one date. Safe to share between threads: each question has its own cursor.

    Its tables are listed in docs/design.md, under "engine". They never change once they are computed, so an answer is kept (answers.py)
    and given again to whoever asks the same: in one session, or in another that has the same rights and therefore the same Results.
    """

    def __init__(self, con: duckdb.DuckDBPyConnection, as_at: date, extract_date: date, load_id: str, settings: Settings):
        self._con = con
        self._guard = threading.Lock()
        self._answers = Answers()
        self.as_at = as_at
        self.extract_date = extract_date
        self.load_id = load_id
        self.settings = settings
        self.clocks = ""
        """SQL: what the rules' clocks raise, before a status is decided. What they raise is what `obligations` must hold."""

    @property
    def reconstructed(self) -> bool:
        """Whether the as-at date lies before the extract date: the view is put together from what is known later."""
        return self.as_at < self.extract_date

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """A cursor of one's own. A connection shared by threads returns other threads' rows, silently."""
        with self._guard:
            return self._con.cursor()

    def frame(self, sql: str, params: Sequence[Any] | Mapping[str, Any] = ()) -> pd.DataFrame:
        """The rows of a query as a DataFrame; dates are datetime64 or NaT, whole numbers with blanks are Int64.

        It is the caller's own: pandas copies a column before it is written to, so that what is kept doesn't change with it.
        """
        asked = question("frame", sql, params)
        found = self._answers.get(asked)
        return self._asked_for_frame(asked, sql, params) if found is None else found.copy(deep=False)

    def _asked_for_frame(self, asked: Hashable | None, sql: str, params: Sequence[Any] | Mapping[str, Any]) -> pd.DataFrame:
        with self.cursor() as cursor:
            frame = cursor.execute(sql, params or None).df()
            kinds = _kinds(cursor)
        for name, kind in kinds:
            if kind in ("BIGINT", "INTEGER", "NUMBER") and frame[name].dtype == "float64":
                frame[name] = frame[name].astype("Int64")
        if not _ONE_VALUE.issuperset(kind for _, kind in kinds):
            return frame
        self._answers.keep(asked, frame, len(frame) * len(kinds))
        return frame.copy(deep=False)

    def rows(self, sql: str, params: Sequence[Any] | Mapping[str, Any] = ()) -> list[tuple]:
        """The rows of a query as tuples."""
        asked = question("rows", sql, params)
        rows = self._answers.get(asked)
        if rows is None:
            with self.cursor() as cursor:
                rows = cursor.execute(sql, params or None).fetchall()
                kinds = _kinds(cursor)
            if not _ONE_VALUE.issuperset(kind for _, kind in kinds):
                return rows
            self._answers.keep(asked, rows, len(rows) * len(kinds))
        return list(rows)

    def once(self, make: Callable[..., pd.DataFrame], *args: Any, **named: Any) -> pd.DataFrame:
        """`make(results, *args, **named)`, made once and kept like the answers. `make` is a function of a module that goes by nothing but
        what it is given. What it makes is the caller's own, as a frame is."""
        told = question(args, named)
        asked = None if told is None else (make, told)
        found = self._answers.get(asked)
        if found is None:
            found = make(self, *args, **named)
            if any(isinstance(cell, list | dict | set | np.ndarray) for _, column in found.items() if column.dtype == object for cell in column):
                return found
            self._answers.keep(asked, found, found.size)
        return found.copy(deep=False)


# Kinds of a column whose cells nobody can change in place, as a list could be for all who are given it.
_ONE_VALUE = frozenset({"VARCHAR", "DATE", "BOOLEAN", "DOUBLE", "FLOAT", "DECIMAL", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UBIGINT", "TIMESTAMP"})


def _kinds(cursor: duckdb.DuckDBPyConnection) -> list[tuple[str, str]]:
    """(column, DuckDB's name of its kind; a decimal's without its digits)."""
    return [(column[0], re.sub(r"^DECIMAL\(\d+,\d+\)$", "DECIMAL", str(column[1]))) for column in cursor.description]


def compute(snapshot, as_at: date | None = None, settings: Settings | None = None) -> Results:
    """Every rule and indicator for a snapshot of the store.

    Args:
        snapshot: a `cpm_metrics.store.Snapshot`.
        as_at: the date for which everything is computed; the snapshot's extract date by default. A later one is refused:
            the extract can't know what happened after it was taken.
        settings: the authority's figures; defaults where none are given.
    """

    info = snapshot.info
    as_at = as_at or info.extract_date
    if as_at > info.extract_date:
        raise CpmError(
            f"{_day(as_at)} is after the extract was taken on {_day(info.extract_date)}, so what happened by then isn't known.",
            f"Choose {_day(info.extract_date)} or an earlier date, or load a newer extract.",
        )
    con = snapshot.attached("snap")
    missing = _missing_columns(con)
    if missing:
        raise CpmError(
            f"The load of {_day(info.loaded_at.date())} was made by an earlier version of this program and lacks {missing}.",
            "Load the same files again.",
        )
    return _compute(con, as_at, info.extract_date, info.load_id, settings or Settings())


def _missing_columns(con: duckdb.DuckDBPyConnection) -> str:
    """What the snapshot's tables lack of `datasets.columns`, as "cases.start_unknown, …"; "" when they are as they should be."""
    found = set(con.execute("SELECT table_name || '.' || column_name FROM duckdb_columns() WHERE database_name = 'snap'").fetchall())
    wanted = [f"{d.name}.{column}" for d in datasets.DATASETS.values() for column in datasets.columns(d)]
    return ", ".join(name for name in wanted if (name,) not in found)


def compute_rows(
    tables: Mapping[str, Iterable[Mapping[str, Any]]],
    as_at: date,
    *,
    columns: Mapping[str, Iterable[str]] | None = None,
    settings: Settings | None = None,
) -> Results:
    """The same from rows in memory, for examples and tests, and for "what if" on a child's own rows.

    Args:
        tables: dataset -> rows; missing columns are blank. A dataset that isn't a key was never loaded. Where `sources` and `loaded` are
            keys too, they are as in a snapshot (source, dataset, columns; dataset, extract_date), and each row says its own `source`
            and `row`.
        columns: dataset -> names of the columns that were in the extract; all of them by default.
    """
    from cpm_metrics.store import connect

    con = connect.memory()
    con.execute("ATTACH ':memory:' AS snap")
    con.execute("CREATE TABLE snap.sources (source INTEGER, dataset VARCHAR, columns VARCHAR[])")
    con.execute("CREATE TABLE snap.loaded (dataset VARCHAR, extract_date DATE)")
    for number, dataset in enumerate(datasets.DATASETS.values(), 1):
        kinds = datasets.columns(dataset)
        spelled = ", ".join(f'"{name}" {kind}' for name, kind in kinds.items())
        con.execute(f"CREATE TABLE snap.{dataset.name} ({spelled})")
        if dataset.name not in tables:
            continue
        if "sources" not in tables:
            given = list((columns or {}).get(dataset.name, [f.name for f in dataset.fields]))
            con.execute("INSERT INTO snap.sources VALUES (?, ?, ?)", [number, dataset.name, given])
            con.execute("INSERT INTO snap.loaded VALUES (?, ?)", [dataset.name, as_at])
        rows = [
            [number if name == "source" else line if name == "row" else row.get(name) for name in kinds]
            if "sources" not in tables else [row.get(name) for name in kinds]
            for line, row in enumerate(tables[dataset.name], 2)
        ]  # fmt: skip
        if rows:
            con.executemany(f"INSERT INTO snap.{dataset.name} VALUES ({', '.join('?' * len(kinds))})", rows)
    for source in tables.get("sources", ()):
        con.execute("INSERT INTO snap.sources VALUES (?, ?, ?)", [source["source"], source["dataset"], source["columns"]])
    for kept in tables.get("loaded", ()):
        con.execute("INSERT INTO snap.loaded VALUES (?, ?)", [kept["dataset"], kept["extract_date"]])
    return _compute(con, as_at, as_at, "in memory", settings or Settings())


def _compute(con: duckdb.DuckDBPyConnection, as_at: date, extract_date: date, load_id: str, settings: Settings) -> Results:
    workdays.check(as_at)
    loaded = {name for (name,) in con.execute("SELECT dataset FROM snap.loaded").fetchall()}
    present = set(con.execute("SELECT DISTINCT dataset || '.' || unnest(columns) FROM snap.sources").fetchall())
    present = loaded | {name for (name,) in present}
    if con.execute("SELECT count(*) FROM snap.meetings WHERE meeting_type = 'review'").fetchone()[0]:
        present.add("reviews")  # reviews may come as rows of Meetings
    rules = [rule for rule in all_rules() if settings[f"{rule.code}.on"]]

    rows = con.execute("SELECT sum(estimated_size) FROM duckdb_tables() WHERE database_name = 'snap'").fetchone()[0]

    _macros(con, as_at, loaded)
    shared = _shared(settings)
    shared |= {"rule_codes": _listed(rule.code for rule in all_rules()), "statuses": _listed(STATUSES)}
    clocks = [_cannot_tell(rule, unmet) if (unmet := _in_words(_lacking(rule.needs, present))) else _clock(rule, settings, shared) for rule in rules]
    beyond = COMPRESS_EARLY if rows > TOO_MANY_ROWS else COMPRESS_BEYOND if rows > MANY_ROWS else None
    *tables, status = _sql_files()
    run(con, [
        Step(lambda cursor: _table(cursor, "calendar", workdays.calendar(_working_day_counts(settings))), "calendar"),
        Step(lambda cursor: _table(cursor, "rule_words", _words(rules, settings)), "rule_words"),
        *(step for text in tables for step in steps_of(con, Template(text).substitute(shared))),
    ], beyond)  # fmt: skip
    run(con, [Step(Template(status).substitute(shared, clocks=_together(part))) for part in _parts(clocks, rows > MANY_ROWS)], beyond)
    _indicators(con, settings, shared, present)
    results = Results(con, as_at, extract_date, load_id, settings)
    results.clocks = _together(clocks)
    return results


def _together(clocks: Sequence[str]) -> str:
    """The clocks as one query, with every column that one of them may give."""
    no_row = f"SELECT {', '.join(f'NULL::{kind} AS {name}' for name, kind in CLOCK_COLUMNS.items())} WHERE false"
    return "\n    UNION ALL BY NAME\n".join([no_row, *clocks])


def _parts(clocks: Sequence[str], many: bool) -> list[list[str]]:
    """Half of the clocks at a time, so that each core has its half; of very many rows, each by itself: planning a statement takes no time
    beside running it then."""
    count = len(clocks) if many else min(AT_ONCE, len(clocks))
    return [clocks[number::count] for number in range(count)]  # dealt out in turn: neighbours are alike, and so are what they cost


def _indicators(con: duckdb.DuckDBPyConnection, settings: Settings, shared: Mapping[str, str], present: set[str]) -> None:
    con.execute(
        "CREATE TABLE indicators (indicator VARCHAR, child_id VARCHAR, care_started DATE, since DATE, figure BIGINT, "
        "unit VARCHAR, grade VARCHAR, why VARCHAR)"
    )
    con.execute("CREATE TABLE unassessable (indicator VARCHAR, needs VARCHAR)")
    first, last = [], []
    lacking: dict[str, list[tuple[str, ...]]] = {}
    for indicator in all_indicators():
        reads = [code for code in lacking if f"'{code}'" in indicator.sql]
        if not settings[f"{indicator.code}.on"]:
            lacking[indicator.code] = [(f"the indicator “{indicator.title}”, which is switched off",)]
            continue
        lacks = _lacking(indicator.needs, present) or _switched_off(indicator.sql, settings) or (_either([lacking[code] for code in reads]) if reads else [])
        lacking[indicator.code] = lacks
        if lacks:
            con.execute("INSERT INTO unassessable VALUES (?, ?)", [indicator.code, _in_words(lacks)])
            continue
        sql = Template(indicator.sql).substitute(shared | _own(indicator, settings))
        (last if reads else first).append(Step(f"INSERT INTO indicators BY NAME SELECT '{indicator.code}' AS indicator, * FROM ({sql})"))
    run(con, first)
    run(con, last)


def _table(con: duckdb.DuckDBPyConnection, name: str, rows: pa.Table) -> None:
    con.register("rows_given", rows)
    con.execute(f"CREATE TABLE {name} AS FROM rows_given")
    con.unregister("rows_given")


def _macros(con: duckdb.DuckDBPyConnection, as_at: date, loaded: set[str]) -> None:
    """What the SQL files speak of: the as-at date, blanks for what came after it, whether a dataset was loaded."""
    names = ", ".join(f"'{name}'" for name in sorted(loaded))
    for macro in (
        f"as_at() AS DATE '{as_at.isoformat()}'",
        "upto(day) AS CASE WHEN day <= as_at() THEN day END",
        f"is_loaded(dataset) AS list_contains([{names}]::VARCHAR[], dataset)",
        # A status in words that could not be read is not taken for held.
        # Booked for the as-at date itself is still booked: that day has not passed.
        "state_of(day, status, words) AS CASE WHEN status IN ('cancelled', 'postponed') THEN status WHEN day > as_at() THEN 'booked' "
        "WHEN day = as_at() AND status = 'booked' THEN 'booked' WHEN status = 'booked' OR (status IS NULL AND words IS NOT NULL) THEN 'not_recorded' ELSE 'held' END",
        "on_day(day) AS strftime(day, '%-d %b %Y')",
        "how_many(n, unit) AS n || ' ' || unit || CASE WHEN n = 1 THEN '' ELSE 's' END",
    ):
        con.execute(f"CREATE MACRO {macro}")


def _working_day_counts(settings: Settings) -> set[int]:
    return {value.amount for value in settings.values() if isinstance(value, Limit) and value.unit == "working days"}


def _shared(settings: Settings) -> dict[str, str]:
    """Limits that shared SQL needs, as SQL. The review intervals are those of the rule `statutory-review`."""
    return {
        "before_care": settings["general.before_care"].before("p.care_started"),
        "due_soon": settings["general.due_soon"].after("as_at()"),
        "first_review": settings["statutory-review.first"].after("anchor"),
        "second_review": settings["statutory-review.second"].after("anchor"),
        "later_review": settings["statutory-review.later"].after("anchor"),
    }


def _own(thing: Any, settings: Settings) -> dict[str, str]:
    """The limits of one rule or indicator as SQL: `$name` is that long after `anchor`, `$before_name` before it,
    `$ago_name` before the as-at date, `$name_text` its wording, `$name_amount` the bare number."""
    out: dict[str, str] = {}
    for what in thing.limits:
        value = settings[f"{thing.code}.{what}"]
        if not isinstance(value, Limit):
            out[f"{what}_amount"] = str(value)
            continue
        out[what] = value.after("anchor")
        out[f"{what}_text"] = f"'{value.text}'"
        out[f"{what}_amount"] = str(value.amount)
        if value.unit != "working days":
            out[f"before_{what}"] = value.before("anchor")
            out[f"ago_{what}"] = value.before("as_at()")
    return out


@cache
def _sql_files() -> list[str]:
    folder = resources.files("cpm_metrics") / "sql"
    return [path.read_text("utf-8") for path in sorted(folder.iterdir(), key=lambda path: path.name) if path.name.endswith(".sql")]


def _words(rules: Sequence[Rule], settings: Settings) -> pa.Table:
    """One row: a rule's words, for the sentence `why`."""
    kinds = {"rule": pa.string(), "title": pa.string(), "level": pa.string(), "advisory": pa.bool_(), "record": pa.bool_(), "source": pa.string(),
             "anchor_words": pa.string(), "done_words": pa.string(), "closes_words": pa.string(), "lapses_words": pa.string(),
             "limit_text": pa.string(), "place": pa.int32()}  # fmt: skip
    rows = [
        {"rule": rule.code, "limit_text": rule.limit(settings).text if "limit" in rule.limits else None, "place": rule.order}
        | {name: getattr(rule, name) for name in kinds.keys() - {"rule", "limit_text", "place"}}
        for rule in rules
    ]
    return pa.Table.from_pylist(rows, schema=pa.schema(kinds))


def _lacking(needs: Iterable[Sequence[str]], present: set[str]) -> list[tuple[str, ...]]:
    """What is missing, in the words of the template: all of these, each of them one of several."""
    return [tuple(_spelled(name) for name in alternatives) for alternatives in needs if not any(name in present for name in alternatives)]


def _switched_off(sql: str, settings: Settings) -> list[tuple[str, ...]]:
    """The rules that an indicator reads, where every one of them is switched off: it would be silent, and look like "none"."""
    read = [rule for rule in all_rules() if f"'{rule.code}'" in sql]
    if any(settings[f"{rule.code}.on"] for rule in read):
        return []
    return [tuple(f"the rule “{rule.title}”, which is switched off" for rule in read)] if read else []


def _either(lacking: Sequence[Sequence[tuple[str, ...]]]) -> list[tuple[str, ...]]:
    """What is missing where one of several would do: of each something it lacks, in every way to choose them. [] where one lacks nothing."""
    ways = {frozenset(names): names for names in (tuple(dict.fromkeys(chain(*choice))) for choice in product(*lacking))}
    return [names for way, names in ways.items() if not any(other < way for other in ways)]


def _in_words(lacking: Iterable[Sequence[str]]) -> str:
    return "; ".join(" or ".join(names) for names in lacking)


def _spelled(name: str) -> str:
    dataset, _, column = name.partition(".")
    declared = datasets.DATASETS[dataset]
    return f"{declared.field(column).header} ({declared.title})" if column else declared.title


def _cannot_tell(rule: Rule, missing: str) -> str:
    """Whether anything was due can't be known: one row per period of care says so."""
    return (
        f"SELECT '{rule.code}' AS rule, child_id, care_started, care_started AS anchor_date, "
        f"'came into care on' AS anchor_words, '{missing}' AS missing FROM periods"
    )


def _clock(rule: Rule, settings: Settings, shared: Mapping[str, str]) -> str:
    sql = Template(rule.clock).substitute(shared | _own(rule, settings))
    if rule.record:
        inner = f"""
            SELECT child_id, care_started, meeting_date AS anchor_date, meeting_date AS due_date, meeting_date AS closes_on,
                CASE WHEN satisfied THEN meeting_date END AS done_date, CASE WHEN satisfied THEN meeting_id END AS meeting_id,
                CASE WHEN satisfied IS NULL THEN missing END AS missing, CASE WHEN NOT satisfied THEN detail END AS detail,
                meeting_key AS about_meeting
            FROM ({sql})"""
    elif "limit" in rule.limits and " AS due_date" not in sql:
        inner = f"""
            SELECT clock.*, {rule.limit(settings).after("clock.anchor_date")} AS due_date
            FROM ({sql}) AS clock LEFT JOIN calendar ON calendar.day = clock.anchor_date"""
    else:
        inner = sql
    return f"SELECT '{rule.code}' AS rule, * FROM ({inner})"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)


def _day(day: date) -> str:
    return f"{day.day} {day:%b %Y}"
