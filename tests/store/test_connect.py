"""A connection reaches the snapshots it was given, read-only, and nothing else."""

from __future__ import annotations

import threading

import duckdb
import pyarrow as pa
import pytest
from store_making import EXTRACT, prepared

from cpm_metrics.store import Store, connect


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    store = Store(tmp_path_factory.mktemp("connect") / "a store's folder")
    store.commit(prepared(), EXTRACT, "Ann")
    return store


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM glob('/etc/*')",
        "ATTACH '/tmp/other.duckdb'",
        "COPY snapshot.cases TO '/tmp/out.csv'",
        "EXPORT DATABASE '/tmp/out'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SELECT * FROM 'https://example.invalid/a.parquet'",
        "SET enable_external_access = true",
        "SET lock_configuration = false",
        "RESET lock_configuration",
        "SET python_enable_replacements = true",
        "SET memory_limit = '90GB'",
        "SET profiling_output = '/tmp/profile.json'",
        "CREATE TABLE snapshot.mine (a INTEGER)",
        "DELETE FROM snapshot.cases",
        "UPDATE snapshot.cases SET team = 'mine'",
        "SELECT * FROM local_variable",
    ],
)
def test_what_is_not_needed_is_impossible(store, statement):
    local_variable = pa.table({"a": [1]})  # noqa: F841
    with store.current().connect() as con, pytest.raises(duckdb.Error):
        con.cursor().execute(statement)


def test_arrow_tables_come_in_by_name_and_temporary_tables_work(store):
    con = store.current().connect()
    con.register("given", pa.table({"child_id": ["00007", "nobody"]}))
    con.execute("CREATE TABLE mine AS SELECT child_id FROM given SEMI JOIN snapshot.cases USING (child_id)")
    assert con.cursor().execute("FROM mine").fetchall() == [("00007",)]


def test_two_snapshots_can_be_compared(store):
    path = store.current().path
    con = connect.memory({"now": path})
    assert con.execute("SELECT count(*) FROM now.cases").fetchone() == (100,)
    with pytest.raises(ValueError, match="not an alias"):
        connect.memory({"now; DROP": path})


def test_queries_that_outgrow_memory_spill_into_the_store_and_clean_up(store, monkeypatch):
    monkeypatch.setenv("CPM_MEMORY_LIMIT", "40MB")
    con = store.current().connect()
    con.execute("CREATE TABLE many AS SELECT range AS n, hash(range) AS h FROM range(3_000_000)")
    assert con.execute("SELECT count(*) FROM (SELECT * FROM many ORDER BY h LIMIT 2_900_000)").fetchone() == (
        2_900_000,
    )
    spilt = list((store.folder / "spill").iterdir())
    con.close()
    assert spilt
    assert [path for folder in spilt for path in folder.rglob("*")] == []


def test_threads_with_a_cursor_each_get_their_own_rows(store):
    """One connection shared by threads gave other threads' rows without an error: Snapshot.cursor() hands out cursors."""
    snapshot, wrong = store.current(), []

    def ask(number: int) -> None:
        for _ in range(40):
            child = f"{number:05d}"
            rows = (
                snapshot.cursor().execute("SELECT child_id FROM snapshot.cases WHERE child_id = ?", [child]).fetchall()
            )
            wrong.extend(row for row in rows if row != (child,))

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_files_are_for_the_account_alone(store):
    for path in [*store.folder.rglob("*")]:
        assert path.stat().st_mode & 0o077 == 0, path
