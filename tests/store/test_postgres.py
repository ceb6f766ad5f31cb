"""Settings, notes and audit in PostgreSQL (CPM_STATE_URL): many processes write at once, and the audit only grows.

A server of its own, on a socket in a folder of its own. `python tasks.py test` installs PostgreSQL where it can; Windows has no such
sockets, there these are skipped.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from store_making import EXTRACT, prepared

from cpm_metrics.errors import StoreProblem
from cpm_metrics.store import State, Store
from cpm_metrics.store.key import read
from cpm_metrics.store.problems import KeyProblem
from cpm_metrics.store.state import About

KEY = "x7Gq9 lantern orbit pickle forty"  # invented, for these tests only
ABOUT = About("initial-cpm", "00007", EXTRACT, EXTRACT, None)


def tool(name: str) -> str | None:
    return shutil.which(name) or next(iter(sorted(map(str, Path("/usr/lib/postgresql").glob(f"*/bin/{name}")), reverse=True)), None)


@pytest.fixture(scope="module")
def server():
    """The folder of its socket."""
    if os.name == "nt":
        pytest.skip("no sockets on Windows")
    assert tool("initdb"), "These tests need PostgreSQL: apt-get install postgresql"
    place = Path(tempfile.mkdtemp(prefix="cpm-postgres-"))
    other: dict = {}
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root
        shutil.chown(place, "nobody")
        other = {"user": "nobody", "extra_groups": []}

    def call(*command: object) -> None:
        subprocess.run([str(part) for part in command], check=True, cwd=place, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ | {"LC_ALL": "C"}, **other)

    try:
        call(tool("initdb"), "-D", place / "data", "-U", "cpm", "-A", "trust", "-N", "-E", "UTF8", "--locale=C")
        call(tool("pg_ctl"), "-D", place / "data", "-w", "-l", place / "log", "-o", f"-k {place} -c listen_addresses='' -c fsync=off -c deadlock_timeout=200ms", "start")
        yield place
        call(tool("pg_ctl"), "-D", place / "data", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(place, ignore_errors=True)


@pytest.fixture
def url(server, request):
    """A new database."""
    admin = sa.create_engine(f"postgresql+psycopg://cpm@/postgres?host={server}", isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    name = f"cpm{abs(hash(request.node.name))}"
    with admin.connect() as con:
        con.exec_driver_sql(f"CREATE DATABASE {name}")
    yield f"postgresql+psycopg://cpm@/{name}?host={server}"
    with admin.connect() as con:
        con.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")


def at_once(count: int, work: Callable[[int], None]) -> list[str]:
    """What went wrong in so many threads that begin together."""
    wrong: list[str] = []
    ready = threading.Barrier(count)

    def run(number: int) -> None:
        ready.wait()
        try:
            work(number)
        except Exception as problem:
            wrong.append(f"{type(problem).__name__}: {problem}")

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return wrong


@pytest.mark.parametrize("made_before", [False, True])
def test_processes_that_begin_at_once_lose_no_line(url, tmp_path, made_before):
    """Each has a State of its own, as each process has."""
    if made_before:
        State(tmp_path, url).note("Ann", "first")

    def write(number: int) -> None:
        for again in range(5):
            state = State(tmp_path, url)
            state.note(str(number), "looked", str(again))
            state.close()

    assert at_once(8, write) == []
    lines = State(tmp_path, url).audit(what="looked")
    assert sorted((line.who, line.subject) for line in lines) == sorted((str(number), str(again)) for number in range(8) for again in range(5))


def test_many_who_save_under_one_name_or_change_one_setting_each_have_their_line(url, tmp_path):
    def write(number: int) -> None:
        state = State(tmp_path, url)
        for again in range(5):
            state.save("rebase", "chart", "same", {"x": again}, str(number))
            state.set_setting("cpm.limit", again, str(number), "")

    assert at_once(6, write) == []
    state = State(tmp_path, url)
    assert state.saved("rebase", "chart") == {"same": {"x": 4}}
    assert state.settings() == {"cpm.limit": 4}
    assert [len(state.audit(what=what)) for what in ("rebase saved", "setting changed")] == [30, 30]


def test_the_audit_can_be_added_to_but_not_changed(url, tmp_path):
    state = State(tmp_path, url)
    state.note("Ann", "export", "worklist", {"rows": 3})
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    for statement in ("UPDATE audit SET who = 'Bob'", "DELETE FROM audit", "DELETE FROM audit WHERE number = 1", "TRUNCATE audit"):
        with pytest.raises(sa.exc.DBAPIError, match="only be added to"), engine.begin() as con:
            con.exec_driver_sql(statement)
    assert [(line.who, line.what, line.subject, line.detail) for line in state.audit()] == [("Ann", "export", "worklist", {"rows": 3})]
    with engine.begin() as con:  # a database of an earlier version has no such trigger, and gets it
        con.exec_driver_sql("DROP TRIGGER audit_no_change ON audit")
    State(tmp_path, url).note("Ann", "looked")
    with pytest.raises(sa.exc.DBAPIError, match="only be added to"), engine.begin() as con:
        con.exec_driver_sql("DELETE FROM audit")


@pytest.mark.parametrize("what", ["encrypt", "erase"])
def test_what_is_written_while_every_row_is_changed_is_not_passed_by(url, tmp_path, monkeypatch, what):
    """Each row is sealed, by whoever encrypted or by whoever wrote it since; no note about the child is left. Nobody waits for ever."""
    monkeypatch.setenv("CPM_STATE_URL", url)
    store = Store(tmp_path / "store")
    store.commit(prepared(1), EXTRACT, "Ann")
    store.state.add_note(ABOUT, "words", "Ann")
    begun, done = threading.Event(), threading.Event()

    def work(number: int) -> None:
        if number:
            state = State(store.folder)
            while not done.is_set():
                try:
                    state.add_note(ABOUT._replace(child_id=f"9000{number}"), "words", f"Person {number}")
                except KeyProblem:  # the store is encrypted by now, and this one was not given the key
                    return
                begun.set()
            return
        try:
            begun.wait()
            if what == "encrypt":
                store.encrypt(read(KEY, "test"), "Ann")
            else:
                store.erase(ABOUT.child_id, "Ann", "IG-1")
        finally:
            done.set()

    assert at_once(5, work) == []
    if what == "encrypt":
        monkeypatch.setenv("CPM_KEY", KEY)
    fresh = Store(store.folder).state
    fresh.read_all()
    assert fresh.notes(ABOUT.child_id) == [] or what == "encrypt"
    assert len(fresh.audit(10_000, what="note added")) == len(fresh.notes()) + (what == "erase")
    with sa.create_engine(url, poolclass=sa.NullPool).connect() as con:
        assert ("Person" in str(con.exec_driver_sql("SELECT * FROM notes").fetchall())) is (what == "erase")
        with pytest.raises(sa.exc.DBAPIError, match="only be added to"):
            con.exec_driver_sql("DELETE FROM audit")


def test_a_database_that_is_not_there_is_no_empty_one(url, tmp_path):
    for wrong in (url.replace("/cpm", "/nowhere"), url.replace("cpm@", "nobody-such@"), url.split("?")[0] + "?host=/nowhere"):
        for ask in (State(tmp_path, wrong).settings, lambda wrong=wrong: State(tmp_path, wrong).note("Ann", "looked")):
            with pytest.raises(StoreProblem, match="database that CPM_STATE_URL names") as problem:
                ask()
            assert "backup" not in str(problem.value)
    assert State(tmp_path, url).settings() == {}  # nothing was ever written
