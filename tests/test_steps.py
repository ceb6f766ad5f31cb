"""Statements run two at a time, each as soon as what it reads is there (cpm_metrics/steps.py)."""

from __future__ import annotations

import threading

import pytest

from cpm_metrics import steps
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


def test_compressed_in_between_the_rows_are_the_same(monkeypatch):
    monkeypatch.setattr(steps, "COMPRESS_BEYOND", 100_000)
    con = connect.memory()
    run(con, [*steps_of(con, "CREATE TABLE a AS SELECT range AS x, 'words ' || range % 7 AS w FROM range(300_000); CREATE TABLE b AS SELECT * FROM a; CREATE TABLE n AS SELECT count(*) AS n FROM b")], compress=True)
    assert con.execute("SELECT count(*), sum(x), count(DISTINCT w), (SELECT n FROM n) FROM b").fetchone() == (300_000, 44_999_850_000, 7, 300_000)
