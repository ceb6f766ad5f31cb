"""Statements run two at a time, each as soon as what it reads is there (cpm_metrics/steps.py)."""

from __future__ import annotations

import re
import threading
from string import Template

import pytest

from cpm_metrics import engine
from cpm_metrics.settings import Settings
from cpm_metrics.steps import Step, run, steps_of
from cpm_metrics.store import connect


def test_a_statement_comes_after_what_it_reads_however_they_stand():
    con = connect.memory()
    run(con, steps_of(con, "CREATE TABLE c AS FROM b; CREATE VIEW b AS SELECT x + 1 AS x FROM a; -- FROM c\nCREATE TABLE a AS SELECT 1 AS x;"))
    assert con.execute("FROM c").fetchall() == [(2,)]


def test_what_a_statement_makes_and_reads_is_found_but_not_in_comments():
    (made,) = steps_of(connect.memory(), "-- CREATE TABLE x AS FROM y\nCREATE TABLE z AS SELECT * FROM a JOIN b USING (n) LEFT JOIN (SELECT * FROM c) USING (n)")
    assert made.makes == "z"
    assert made.reads >= {"a", "b", "c"}
    assert not made.reads & {"y", "x"}


def test_rows_are_committed_in_the_order_of_the_steps_whichever_is_done_first():
    con = connect.memory()
    con.execute("CREATE TABLE t (x INTEGER)")
    second_done = threading.Event()

    def first(cursor) -> None:
        assert second_done.wait(30)
        cursor.execute("INSERT INTO t VALUES (1)")

    def second(cursor) -> None:
        cursor.execute("INSERT INTO t VALUES (2)")
        second_done.set()

    run(con, [Step(first), Step(second), Step("INSERT INTO t VALUES (3)")])
    assert con.execute("SELECT x FROM t ORDER BY rowid").fetchall() == [(1,), (2,), (3,)]


def test_steps_that_wait_for_each_other_are_an_error_not_a_standstill():
    con = connect.memory()
    with pytest.raises(ValueError, match="wait for each other: a, b"):
        run(con, steps_of(con, "CREATE TABLE a AS FROM b; CREATE TABLE b AS FROM a"))


def test_what_a_step_raises_is_raised_and_what_it_did_is_undone():
    con = connect.memory()
    con.execute("CREATE TABLE t (x INTEGER)")

    def breaks(cursor) -> None:
        cursor.execute("INSERT INTO t VALUES (1)")
        raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        run(con, [Step(breaks), Step("CREATE TABLE u AS FROM t", "u", frozenset({"t"}))])
    assert con.execute("FROM t").fetchall() == []


def test_compressed_in_between_the_rows_are_the_same():
    con = connect.memory()
    run(con, [*steps_of(con, "CREATE TABLE a AS SELECT range AS x, 'words ' || range % 7 AS w FROM range(300_000); CREATE TABLE b AS SELECT * FROM a; CREATE TABLE n AS SELECT count(*) AS n FROM b")], compress_beyond=100_000)
    assert con.execute("SELECT count(*), sum(x), count(DISTINCT w), (SELECT n FROM n) FROM b").fetchone() == (300_000, 44_999_850_000, 7, 300_000)


def test_no_shared_table_is_read_without_being_waited_for():
    """What DuckDB's own parser finds to be read in sql/ is what `steps_of` finds: one missed would be read before it is there, now and then."""
    con = connect.memory()
    filled = engine._shared(Settings()) | {"rule_codes": "'a'", "statuses": "'b'"}
    *tables, _ = engine._sql_files()
    found = [step for text in tables for step in steps_of(con, Template(text).substitute(filled))]
    made = {step.makes for step in found}
    asked = {step.makes: re.search(r"CREATE (?:TABLE|VIEW) \w+ AS\b(.*)", step.do, re.DOTALL) for step in found}
    assert [name for name, query in asked.items() if not query] == ["decided"]  # reads nothing: its columns are declared
    for step in found:
        if query := asked[step.makes]:
            (tree,) = con.execute("SELECT json_serialize_sql(?)", [query[1]]).fetchone()
            assert '"error":false' in tree, step.makes
            assert set(re.findall(r'"table_name":"(\w+)"', tree)) & made == step.reads & made, step.makes
