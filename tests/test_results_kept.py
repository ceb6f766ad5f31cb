"""A Results keeps its answers: the same question has the same answer, however much whoever had it first has done with it."""

from __future__ import annotations

import contextlib
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import duckdb
import numpy as np
import pandas as pd
import pytest

from cpm_metrics import answers
from cpm_metrics.engine import Results
from cpm_metrics.settings import Settings

DAY = date(2026, 3, 31)
ALL = "SELECT * FROM things ORDER BY id"


class Asked(Results):
    """Counts the questions that reach DuckDB."""

    questions = 0

    def cursor(self):
        self.questions += 1
        return super().cursor()


@pytest.fixture
def results() -> Asked:
    con = duckdb.connect()
    con.execute("""CREATE TABLE things AS SELECT i AS id, 'Child ' || i AS name, CASE WHEN i > 2 THEN i END AS few, DATE '2026-01-01' + i::INTEGER AS day, i / 2 AS half,
        i > 2 AS late, CASE WHEN i > 2 THEN i > 3 END AS perhaps, NULL::VARCHAR AS blank, (i / 3)::DECIMAL(6, 2) AS share FROM range(6) t(i)""")
    return Asked(con, DAY, DAY, "load", Settings())


def cells_kept(results) -> int:
    return sum(cells for _, cells in results._answers._answers.values())


def test_the_same_question_is_asked_once(results):
    first, again = results.frame(ALL), results.frame(ALL)
    pd.testing.assert_frame_equal(first, again)
    assert first is not again and results.questions == 1
    assert results.rows(ALL) == results.rows(ALL) == [tuple(row) for row in results.cursor().execute(ALL).fetchall()]
    assert results.questions == 3


def write_a_column(f):
    f["name"] = "x"


def write_cells(f):
    for column in f.columns:
        f.loc[0, column] = f.loc[5, column]
        f.iloc[1, f.columns.get_loc(column)] = f.iloc[4, f.columns.get_loc(column)]


def write_a_series(f):
    one = f["half"]
    one.iloc[0] = 99
    one += 1


def write_in_place(f):
    f["few"] += 1
    f["perhaps"] |= True
    f.insert(0, "new", 1)
    f.pop("day")
    f.loc[len(f)] = f.iloc[0]


def write_what_names_it(f):
    f.index.name, f.columns.name, f.attrs["note"] = "i", "k", 1
    f.columns = [name.upper() for name in f.columns]
    f.index = range(10, 16)


def write_numbers_beneath(f):
    for column in f.columns:
        with contextlib.suppress(ValueError):  # "read-only", where it isn't a copy anyway
            f[column].to_numpy(copy=False)[0] = f[column].to_numpy(copy=False)[1]


@pytest.mark.parametrize("change", [write_a_column, write_cells, write_a_series, write_in_place, write_what_names_it, write_numbers_beneath], ids=lambda change: change.__name__)
def test_what_somebody_does_with_an_answer_is_theirs_alone(results, change):
    right = results.cursor().execute(ALL).df()
    for whose in (results.frame(ALL), results.frame(ALL)):  # the one that was asked for, the one that was kept
        change(whose)
        kept = results.frame(ALL)
        pd.testing.assert_frame_equal(kept, right)
        assert list(kept.columns) == list(right.columns) and kept.attrs == {} and kept.index.name is None and kept.columns.name is None
    rows = results.rows(ALL)
    rows.clear()
    assert len(results.rows(ALL)) == 6


@pytest.mark.parametrize("one, other", [(1, True), (1, 1.0), (0, False), ("1", 1), (None, "None"), (["1"], ["1", "2"]), (date(2026, 1, 1), "2026-01-01")])
def test_questions_that_look_alike_have_their_own_answers(results, one, other):
    sql = "SELECT typeof($1) || ' ' || $1::VARCHAR AS said"
    right = [results.cursor().execute(sql, [value]).fetchall() for value in (one, other)]
    assert [results.rows(sql, [value]) for value in (one, other)] == right == [results.rows(sql, {"1": value}) for value in (one, other)]


def test_what_could_be_changed_in_place_or_not_be_told_apart_is_not_kept(results):
    for sql in ("SELECT [1, 2] AS a", "SELECT {'b': 1} AS a", "SELECT MAP([1], [2]) AS a", "SELECT 'x'::BLOB AS a", "SELECT [1.5] AS a", "SELECT 1 AS a, [1] AS a"):
        before = results.questions
        results.frame(sql).iat[0, 0], results.frame(sql), results.rows(sql), results.rows(sql)
        assert results.questions == before + 4, sql
    many = np.arange(2_000)  # its repr is cut short: two of them read alike
    other = many.copy()
    other[1_000] = 7
    assert results.rows("SELECT list_sum($1) AS n", [many]) != results.rows("SELECT list_sum($1) AS n", [other])


def test_no_more_is_kept_than_has_room_and_the_longest_unasked_goes_first(results, monkeypatch):
    monkeypatch.setattr(answers, "MOST_KEPT", 4 * (answers.AN_ANSWER + 10))
    ask = lambda n: results.rows(f"SELECT {n} AS n FROM range(10)")  # noqa: E731
    for n in range(4):
        ask(n)
    assert ask(0) and results.questions == 4
    ask(4)
    assert ask(0) and results.questions == 5  # just asked: still there
    assert ask(1) and results.questions == 6  # the oldest had gone
    assert cells_kept(results) == results._answers.cells <= answers.MOST_KEPT
    before = results.questions
    assert len(results.rows("SELECT 1 AS n FROM range(1000)")) == len(results.rows("SELECT 1 AS n FROM range(1000)")) == 1000
    assert results.questions == before + 2  # too much for one


def test_sessions_that_ask_and_write_at_once_have_the_right_answers(results):
    right = results.cursor().execute(ALL).df()

    def session(n: int) -> bool:
        well = True
        for _ in range(60):
            own = results.frame(ALL)
            well &= own.equals(right)
            own.loc[:, "half"] = -n
            own["name"] = str(n)
            well &= (own["half"] == -n).all() and results.frame(ALL, {}).equals(right)
        return bool(well)

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(session, range(8)))
    assert cells_kept(results) == results._answers.cells


def late_ones(results, than: int = 0, *, lists: bool = False) -> pd.DataFrame:
    made.append((than, lists))
    frame = results.frame("SELECT * FROM things WHERE id > $1 ORDER BY id", [than])
    return frame.assign(two=[[1, 2]] * len(frame)) if lists else frame.assign(word=None)


made: list = []


def test_what_is_made_of_a_results_is_made_once_for_the_same_words(results):
    made.clear()
    right = late_ones(results, 2)
    for _ in range(3):
        own = results.once(late_ones, 2)
        pd.testing.assert_frame_equal(own, right)
        own["name"], own.loc[0, "half"] = "x", 99
    assert made == [(2, False)] * 2
    pd.testing.assert_frame_equal(results.once(late_ones, 3), late_ones(results, 3))
    pd.testing.assert_frame_equal(results.once(late_ones, than=3), late_ones(results, 3))
    results.once(late_ones, 2, lists=True)["two"].iloc[0].append(3)
    assert results.once(late_ones, 2, lists=True)["two"].iloc[0] == [1, 2]  # could be changed in place: made anew
