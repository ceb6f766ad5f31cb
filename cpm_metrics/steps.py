"""Statements that make tables, run two at a time: each as soon as the tables that it reads are there.

DuckDB itself shares a statement out among cores only where a table has more rows than a row group, which a council's tables haven't.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

import duckdb

AT_ONCE = 2
COMPRESS_BEYOND = 1_400_000_000
"""Bytes held in tables. What runs needs some more beside it."""

_MADE = re.compile(r"\bCREATE (?:TABLE|VIEW) (\w+)")
_COMMENT = re.compile(r"--.*")
_READ = re.compile(r"\b(?:FROM|JOIN)\s+(\w+)")


@dataclass(frozen=True)
class Step:
    """`do` is SQL, or what is done with a cursor. `makes`: the table or view that is there afterwards, if any. `reads`: what its SQL
    reads from."""

    do: str | Callable[[duckdb.DuckDBPyConnection], None]
    makes: str = ""
    reads: frozenset[str] = frozenset()

    def run(self, cursor: duckdb.DuckDBPyConnection) -> None:
        if callable(self.do):
            self.do(cursor)
        else:
            cursor.execute(self.do)


def steps_of(con: duckdb.DuckDBPyConnection, sql: str) -> list[Step]:
    """One for each statement."""
    found = []
    for statement in con.extract_statements(sql):
        bare = _COMMENT.sub("", statement.query)
        made = _MADE.search(bare)
        found.append(Step(statement.query, made[1] if made else "", frozenset(_READ.findall(bare))))
    return found


def run(con: duckdb.DuckDBPyConnection, steps: Iterable[Step], compress_beyond: int | None = COMPRESS_BEYOND) -> None:
    """All steps; one that reads what another makes comes after it. Where several could go at once, the one that the longest chain of others
    waits for goes first, else they are taken in their order. Those that make nothing new (they add rows) are committed in their order: the
    same load gives the same rows in the same places.

    `compress_beyond`: bytes held in tables, beyond which they are compressed in between; None: never, and it is not asked after each step
    how many they are.

    Raises ValueError where steps wait for each other; what a step raises, when the others that run have ended.
    """
    left = _longest_chain_first(list(steps))
    unmade = {step.makes for step in left} - {""}
    running: dict[Future[duckdb.DuckDBPyConnection], Step] = {}
    adding = [step for step in left if not step.makes]
    added: dict[int, duckdb.DuckDBPyConnection] = {}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        while left or running:
            full = compress_beyond is not None and _held(con) > compress_beyond
            if full and not running:
                if not added:
                    # To a tenth or so; only when asked for, and while nothing else runs. It takes as long as writing it did.
                    con.execute("CHECKPOINT")
                full = False
            for step in [] if full else _ready(left, unmade, AT_ONCE - len(running)):
                left.remove(step)
                running[pool.submit(_begun, con, step)] = step
            if not running:
                raise ValueError(f"Steps that wait for each other: {', '.join(sorted(unmade))}")
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                step, cursor = running.pop(future), future.result()
                if step.makes:
                    _commit(cursor)
                    unmade.discard(step.makes)
                else:
                    added[id(step)] = cursor
            while adding and id(adding[0]) in added:
                _commit(added.pop(id(adding.pop(0))))


def _longest_chain_first(steps: list[Step]) -> list[Step]:
    by_name = {step.makes: step for step in steps if step.makes}
    waiting: dict[str, int] = {}  # what a step makes -> how long the longest chain of steps is that reads it, one from another

    def told(step: Step, length: int) -> None:
        for name in step.reads & by_name.keys():
            if waiting.get(name, 0) < length <= len(steps):  # beyond, they wait for each other
                waiting[name] = length
                told(by_name[name], length + 1)

    for step in steps:
        told(step, 1)
    return sorted(steps, key=lambda step: -waiting.get(step.makes, 0))


def _ready(left: Sequence[Step], unmade: set[str], most: int) -> list[Step]:
    return [step for step in left if not unmade & step.reads][:most]


def _begun(con: duckdb.DuckDBPyConnection, step: Step) -> duckdb.DuckDBPyConnection:
    """Done, not yet committed."""
    cursor = con.cursor()
    cursor.begin()
    try:
        step.run(cursor)
    except BaseException:
        cursor.close()
        raise
    return cursor


def _commit(cursor: duckdb.DuckDBPyConnection) -> None:
    cursor.commit()
    cursor.close()


def _held(con: duckdb.DuckDBPyConnection) -> int:
    """Bytes of the tables in memory."""
    return con.execute("SELECT sum(memory_usage_bytes) FROM duckdb_memory() WHERE tag = 'IN_MEMORY_TABLE'").fetchone()[0]
