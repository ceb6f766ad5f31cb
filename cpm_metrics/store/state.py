"""What people write: settings, remembered mappings, notes, manager's exceptions, saved views, and the audit of all of it.

SQLite in WAL mode, or PostgreSQL by CPM_STATE_URL. About a child it holds the child ID and what a manager wrote in a note or
as the reason of an exception; the audit repeats the ID, never the words.

In an encrypted store every column that holds a person, a child or somebody's words is `Sealed` (sealed.py). What stays readable: names
of settings and rules, what was done (`audit.what`), kinds, moments, numbers. Which key the rows are sealed with stands in `meta`, so
that a process whose key was changed meanwhile notices in the same transaction.
"""

from __future__ import annotations

import json
import os
import random
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.schema import CreateTable

from cpm_metrics.errors import StoreProblem
from cpm_metrics.store import encryption
from cpm_metrics.store.problems import ROOM_TO_GO_ON, KeyProblem, is_full, megabytes, said_by_the_disk, writing_to
from cpm_metrics.store.sealed import Sealed

FILE = "state.sqlite"
# Version of these tables. Raise it with every change to a table that is there already, and add the step: version -> SQL that makes it the
# next one. (A table that is new needs no step.) All steps and the new version are one transaction.
VERSION = 2
STEPS: dict[int, tuple[str, ...]] = {
    1: (),  # `meta` came; no version before it said which it was
}

Line = tuple[str, str, dict[str, Any]]
"""What was done, to what, and the details: a line of the audit without who and when."""

_meta = sa.MetaData()


def _about_what(table: str) -> list[sa.Column]:
    """Which obligation, by what stays the same from load to load (its number doesn't). The due date is there to be shown, and
    to tell apart those of one rule and anchor."""
    return [
        sa.Column("rule", sa.String, nullable=False),
        sa.Column("child_id", Sealed(f"{table}.child_id", alike=True), nullable=False),
        sa.Column("care_started", Sealed(f"{table}.care_started"), nullable=False),
        sa.Column("anchor_date", Sealed(f"{table}.anchor_date"), nullable=False),
        sa.Column("due_date", Sealed(f"{table}.due_date")),
    ]


_settings = sa.Table(
    "settings", _meta,
    sa.Column("name", sa.String, primary_key=True),
    sa.Column("value", Sealed("settings.value", json=True), nullable=False),
    sa.Column("set_by", Sealed("settings.set_by"), nullable=False),
    sa.Column("set_at", sa.String, nullable=False),
    sa.Column("reason", Sealed("settings.reason"), nullable=False),
)  # fmt: skip
_mappings = sa.Table(
    "mappings", _meta,
    sa.Column("kind", sa.String, primary_key=True),
    sa.Column("key", Sealed("mappings.key", alike=True), primary_key=True),
    sa.Column("value", Sealed("mappings.value", json=True), nullable=False),
    sa.Column("set_by", Sealed("mappings.set_by"), nullable=False),
    sa.Column("set_at", sa.String, nullable=False),
)  # fmt: skip
_audit = sa.Table(
    "audit", _meta,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("at", sa.String, nullable=False),
    sa.Column("who", Sealed("audit.who", alike=True), nullable=False),
    sa.Column("what", sa.String, nullable=False),
    sa.Column("subject", Sealed("audit.subject", alike=True), nullable=False),
    sa.Column("detail", Sealed("audit.detail", json=True), nullable=False),
)  # fmt: skip
_notes = sa.Table(
    "notes", _meta,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("at", sa.String, nullable=False),
    sa.Column("who", Sealed("notes.who"), nullable=False),
    *_about_what("notes"),
    sa.Column("text", Sealed("notes.text"), nullable=False),
)  # fmt: skip
_exceptions = sa.Table(
    "exceptions", _meta,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("at", sa.String, nullable=False),
    sa.Column("who", Sealed("exceptions.who"), nullable=False),
    *_about_what("exceptions"),
    sa.Column("text", Sealed("exceptions.text"), nullable=False),
    sa.Column("expires", sa.String, nullable=False),
    sa.Column("withdrawn_at", sa.String),
    sa.Column("withdrawn_by", Sealed("exceptions.withdrawn_by")),
)  # fmt: skip
_saved = sa.Table(
    "saved", _meta,
    sa.Column("kind", sa.String, primary_key=True),
    sa.Column("owner", Sealed("saved.owner", alike=True), primary_key=True),
    sa.Column("name", Sealed("saved.name", alike=True), primary_key=True),
    sa.Column("value", Sealed("saved.value", json=True), nullable=False),
    sa.Column("set_by", Sealed("saved.set_by"), nullable=False),
    sa.Column("set_at", sa.String, nullable=False),
)  # fmt: skip
# "version": of these tables, see STEPS; "key": the number of the key that the rows are sealed with, "" for none
_about_itself = sa.Table(
    "meta", _meta,
    sa.Column("name", sa.String, primary_key=True),
    sa.Column("value", sa.String, nullable=False),
)  # fmt: skip

# The database itself refuses to change or delete a line of the audit.
_APPEND_ONLY = {
    "sqlite": [
        f"CREATE TRIGGER IF NOT EXISTS audit_no_{act} BEFORE {act} ON audit "
        "BEGIN SELECT RAISE(ABORT, 'the audit can only be added to'); END"
        for act in ("update", "delete")
    ],
    "postgresql": [
        "CREATE OR REPLACE FUNCTION cpm_audit_no_change() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'the audit can only be added to'; END $$",
        "DROP TRIGGER IF EXISTS audit_no_change ON audit",
        "CREATE TRIGGER audit_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON audit FOR EACH STATEMENT EXECUTE FUNCTION cpm_audit_no_change()",
    ],
}
_TAKE_AWAY = {
    "sqlite": [f"DROP TRIGGER IF EXISTS audit_no_{act}" for act in ("update", "delete")],
    "postgresql": ["DROP TRIGGER IF EXISTS audit_no_change ON audit"],
}
_HAS_TRIGGERS = {
    "sqlite": "SELECT count(*) = 2 FROM sqlite_master WHERE type = 'trigger' AND name IN ('audit_no_update', 'audit_no_delete')",
    "postgresql": "SELECT count(*) = 1 FROM pg_trigger WHERE tgname = 'audit_no_change' AND tgrelid = to_regclass('audit') AND tgenabled <> 'D'",
}

# What PostgreSQL raises where two transactions were in each other's way, by its SQLSTATE: a conflict, a deadlock, and a row that both
# put in the place of none. The next try finds what the other one did.
_IN_THE_WAY = ("40001", "40P01", "23505")
_TRIES = 10
_LOCK = 0x63706D  # of the tables, in PostgreSQL: a number of our own ("cpm")


Change = Callable[[str, dict[str, Any]], dict[str, Any] | None]


class _Older(Exception):
    """The tables are of an earlier version, and need their steps before they are read."""


class Setting(NamedTuple):
    name: str
    value: Any
    set_by: str
    set_at: datetime
    reason: str


class AuditLine(NamedTuple):
    number: int
    at: datetime
    who: str
    what: str
    subject: str
    detail: dict[str, Any]


class About(NamedTuple):
    """Which obligation a note or exception is about."""

    rule: str
    child_id: str
    care_started: date
    anchor_date: date
    due_date: date | None

    @property
    def columns(self) -> dict[str, str | None]:
        return {name: value.isoformat() if isinstance(value, date) else value for name, value in self._asdict().items()}


class Note(NamedTuple):
    number: int
    at: datetime
    who: str
    about: About
    text: str


class ManagersException(NamedTuple):
    """A manager's exception: why an obligation is accepted as it is, until when. It never changes the status."""

    number: int
    at: datetime
    who: str
    about: About
    text: str
    expires: date
    withdrawn_at: datetime | None
    withdrawn_by: str | None

    def holds_on(self, day: date) -> bool:
        """To the day it expires, that day included, unless withdrawn. (`views/exceptions.py` also asks when it was made.)"""
        return self.withdrawn_at is None and day <= self.expires


class State:
    """Small questions and small changes. Made on the first change; before it, everything reads as empty."""

    def __init__(self, folder: Path, url: str | None = None) -> None:
        self.folder = folder
        self._url = url or os.environ.get("CPM_STATE_URL")
        self._made = False
        self._making = threading.RLock()
        self._engines: dict[str, sa.Engine] = {}
        self._key = ""
        self._migrating = False

    # -- settings

    def settings(self) -> dict[str, Any]:
        """Name -> value of what was set; the defaults are not kept here."""
        return {setting.name: setting.value for setting in self.settings_in_full()}

    def settings_in_full(self) -> list[Setting]:
        return [Setting(r.name, r.value, r.set_by, _moment(r.set_at), r.reason)
                for r in self._read(sa.select(_settings).order_by(_settings.c.name))]  # fmt: skip

    def set_setting(self, name: str, value: Any, by: str, reason: str) -> None:
        """Keep a value, and the change in the audit in the same transaction."""
        self.change_settings({name: value}, [], by, reason)

    def clear_setting(self, name: str, by: str, reason: str) -> None:
        """Back to the default."""
        self.change_settings({}, [name], by, reason)

    def change_settings(self, set_to: Mapping[str, Any], cleared: Iterable[str], by: str, reason: str) -> None:
        """Several at once, all of them or none; each has its own line in the audit."""
        before = self.settings()
        work: list[sa.Executable] = []
        for name, value in set_to.items():
            row = {"name": name, "value": value, "set_by": by, "set_at": _now(), "reason": reason}
            work += [sa.delete(_settings).where(_settings.c.name == name), sa.insert(_settings).values(row),
                     _line(by, "setting changed", name, {"before": before.get(name), "after": value, "reason": reason})]  # fmt: skip
        for name in cleared:
            work += [sa.delete(_settings).where(_settings.c.name == name),
                     _line(by, "setting cleared", name, {"before": before.get(name), "after": None, "reason": reason})]  # fmt: skip
        self._write(*work)

    # -- mappings

    def mappings(self, kind: str) -> dict[str, Any]:
        """Key -> what was remembered for it."""
        return {r.key: r.value for r in self._read(sa.select(_mappings).where(_mappings.c.kind == kind))}

    def set_mapping(self, kind: str, key: str, value: Any, by: str) -> None:
        row = {"kind": kind, "key": key, "value": value, "set_by": by, "set_at": _now()}
        here = sa.and_(_mappings.c.kind == kind, _mappings.c.key == key)
        self._write(
            sa.delete(_mappings).where(here),
            sa.insert(_mappings).values(row),
            _line(by, "mapping remembered", kind, {}),
        )

    # -- notes and exceptions

    def add_note(self, about: About, text: str, by: str) -> None:
        """Keep a note on an obligation; notes are added, never changed."""
        self._write(
            sa.insert(_notes).values(at=_now(), who=by, text=text, **about.columns),
            _line(by, "note added", about.child_id, {"rule": about.rule}),
        )

    def notes(self, child_id: str | None = None) -> list[Note]:
        """Newest first."""
        query = sa.select(_notes).order_by(_notes.c.number.desc())
        if child_id is not None:
            query = query.where(_notes.c.child_id == child_id)
        return [Note(r.number, _moment(r.at), r.who, _about(r), r.text) for r in self._read(query)]

    def add_exception(self, about: About, reason: str, expires: date, by: str) -> None:
        self._write(
            sa.insert(_exceptions).values(at=_now(), who=by, text=reason, expires=expires.isoformat(), **about.columns),
            _line(by, "exception made", about.child_id, {"rule": about.rule, "expires": expires.isoformat()}),
        )

    def withdraw_exception(self, number: int, by: str) -> None:
        """It stays on record as withdrawn. One withdrawn before stays as it was."""
        found = self._read(sa.select(_exceptions).where(_exceptions.c.number == number))
        if not found or found[0].withdrawn_at is not None:
            return
        self._write(
            sa.update(_exceptions).where(_exceptions.c.number == number, _exceptions.c.withdrawn_at.is_(None)).values(withdrawn_at=_now(), withdrawn_by=by),
            _line(by, "exception withdrawn", found[0].child_id, {"rule": found[0].rule}),
        )

    def exceptions(self, child_id: str | None = None) -> list[ManagersException]:
        """All of them, expired and withdrawn too, newest first."""
        query = sa.select(_exceptions).order_by(_exceptions.c.number.desc())
        if child_id is not None:
            query = query.where(_exceptions.c.child_id == child_id)
        return [
            ManagersException(r.number, _moment(r.at), r.who, _about(r), r.text, date.fromisoformat(r.expires),
                       _moment(r.withdrawn_at) if r.withdrawn_at else None, r.withdrawn_by)
            for r in self._read(query)
        ]  # fmt: skip

    # -- what is kept by name: a list's filters ("view"), a chart's rebase, …

    def save(self, kind: str, owner: str, name: str, value: Any, by: str, note: Line | None = None, keep_days: int | None = None) -> None:
        """Keep a value under a name, in place of one of that name. `owner`: whose it is, or what it is about. The audit doesn't
        repeat the name: somebody typed it. `note`: what the audit says instead. `keep_days`: those of this kind that were kept longer
        ago go."""
        row = {"kind": kind, "owner": owner, "name": name, "value": value, "set_by": by, "set_at": _now()}
        gone = [_named(kind, owner, name)]
        if keep_days is not None:
            gone.append(sa.and_(_saved.c.kind == kind, _saved.c.set_at < (datetime.now(UTC) - timedelta(days=keep_days)).isoformat(timespec="milliseconds")))
        self._write(sa.delete(_saved).where(sa.or_(*gone)), sa.insert(_saved).values(row), _line(by, *(note or (f"{kind} saved", "", {}))))

    def saved(self, kind: str, owner: str) -> dict[str, Any]:
        """Name -> value, in name order."""
        found = self._read(sa.select(_saved).where(_saved.c.kind == kind, _saved.c.owner == owner))
        return {r.name: r.value for r in sorted(found, key=lambda r: r.name)}

    def is_saved(self, kind: str, owner: str, name: str) -> bool:
        return bool(self._read(sa.select(sa.literal(1)).where(_named(kind, owner, name)).limit(1)))

    def forget(self, kind: str, owner: str, name: str, by: str, note: Line | None = None) -> None:
        self._write(sa.delete(_saved).where(_named(kind, owner, name)), _line(by, *(note or (f"{kind} removed", "", {}))))

    # -- audit

    def note(self, who: str, what: str, subject: str = "", detail: dict[str, Any] | None = None) -> None:
        """Add a line. `subject` and `detail` hold no personal data beyond child IDs."""
        self._write(_line(who, what, subject, detail or {}))

    def audit(self, limit: int = 500, what: str | None = None, subject: str | None = None) -> list[AuditLine]:
        """Newest first."""
        query = sa.select(_audit).order_by(_audit.c.number.desc()).limit(limit)
        if what is not None:
            query = query.where(_audit.c.what == what)
        if subject is not None:
            query = query.where(_audit.c.subject == subject)
        return [AuditLine(r.number, _moment(r.at), r.who, r.what, r.subject, r.detail) for r in self._read(query)]

    def close(self) -> None:
        with self._making:
            for engine in self._engines.values():
                engine.dispose()
            self._engines = {}

    # -- the database

    def _read(self, query: sa.Select) -> list[sa.Row]:
        if not self.exists():
            return []
        try:
            try:
                with self.transaction(writing=False) as con:
                    return list(con.execute(query))
            except sa.exc.OperationalError as error:
                if self._url is not None or not said_by_the_disk(str(error)):
                    raise
                return self._read_as_it_lies(query, error)
        except _Older:
            with writing_to(self.folder):
                self.make()
            return self._read(query)
        except sa.exc.SQLAlchemyError as error:
            # A database or an account that does not exist is another matter (an OperationalError): that is not an empty one.
            if "no such table" in str(error) or (isinstance(error, sa.exc.ProgrammingError) and "does not exist" in str(error)):
                return []
            raise self._unreadable(error) from None

    def _read_as_it_lies(self, query: sa.Select, error: sa.exc.SQLAlchemyError) -> list[sa.Row]:
        """Without the files that SQLite makes beside its own even for reading: a full disk has no room for them. Raises `error` where that
        can't be: something is in the log beside the file, or another process wrote meanwhile."""
        path = self.folder / FILE
        before = _versions(path)
        if not holds_all(path):
            raise error
        with self.transaction(writing=False, as_it_lies=True) as con:
            rows = list(con.execute(query))
        if _versions(path) != before:
            raise error
        return rows

    def _unreadable(self, error: sa.exc.SQLAlchemyError) -> StoreProblem:
        """Only a file that is damaged is to be replaced: whoever moves a good one away loses every setting and the audit."""
        what, text, path = f"The settings kept in {self.folder} can't be read", str(error), self.folder / FILE
        if self._url is not None:
            return StoreProblem(
                f"The settings kept in the database that CPM_STATE_URL names can't be read ({type(error).__name__}).",
                "Check that its server runs and can be reached from here, and the name and password in CPM_STATE_URL.",
            )
        if is_full(self.folder) and said_by_the_disk(text):
            return StoreProblem(f"{what}, because the disk that holds it is full. Nothing in them is damaged.", f"Free {megabytes(ROOM_TO_GO_ON)} at least on that disk, and try again.")
        if "locked" in text or "busy" in text:
            return StoreProblem(f"{what} at this moment, because another process is changing them.", "Try again in a minute.")
        if said_by_the_disk(text):
            return StoreProblem(
                f"{what}: the file {FILE} can't be opened or the disk can't read it. That says nothing about what is in it.",
                f"Give the account that runs this program permission for {path} and what lies beside it (-wal, -shm), and check the disk.",
            )
        return StoreProblem(f"{what} ({type(error).__name__}).", f"Restore the file {FILE} from a backup; or move it away, and every setting is as it was at first.")

    def _write(self, *statements: sa.Executable) -> None:
        def write() -> None:
            with self.transaction() as con:
                for statement in statements:
                    con.execute(statement)

        with writing_to(self.folder):
            try:
                self.make()
                _again(write)
            except sa.exc.SQLAlchemyError as error:
                if self._url is None:
                    raise
                raise StoreProblem(
                    f"Nothing could be written to the database that CPM_STATE_URL names ({type(error).__name__}), so nothing was changed.",
                    "Try again. If it happens again: check that its server runs, can be reached from here, and lets this account make and change tables.",
                ) from None

    @property
    def elsewhere(self) -> bool:
        """Whether it is kept in another database, and not in the store's folder."""
        return self._url is not None

    def exists(self) -> bool:
        """Whether anything was ever written. (Another database by CPM_STATE_URL is always asked.)"""
        return self._url is not None or (self.folder / FILE).exists()

    @contextmanager
    def transaction(self, writing: bool = True, as_it_lies: bool = False, alone: bool = False) -> Iterator[sa.Connection]:
        """A transaction with the cipher that the rows are sealed with at this moment. Raises KeyProblem, SQLAlchemyError.

        `as_it_lies`: reads the file and makes none beside it. `alone`: nobody else writes meanwhile, and what others wrote before is seen.
        """
        for _ in range(5):
            key = self._key
            with self._engine(key, as_it_lies).connect() as con:
                con = con.execution_options(cpm_writing=writing, cpm_alone=alone)
                if alone and con.dialect.name == "postgresql":
                    # What is waited for here is to be seen afterwards, and not the database as it was before the wait.
                    con = con.execution_options(isolation_level="READ COMMITTED")
                with con.begin():
                    if alone and con.dialect.name == "postgresql":
                        con.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
                    sealed_with = self._sealed_with(con)
                    if sealed_with == key:
                        yield con
                        return
            self._key = sealed_with  # the store was encrypted or re-keyed since, by this or another process
        raise StoreProblem(f"The settings kept in {self.folder} are being encrypted at this moment.", "Try again in a minute.")

    def _sealed_with(self, con: sa.Connection) -> str:
        """The number of the key of the rows as they are in this transaction; of the store's own where there are no tables yet."""
        if not self._made_before(con):
            known = encryption.of(self.folder)
            return known.number if known else ""
        about = self._about_itself(con)
        version = int(about.get("version", 1))
        if version > VERSION:
            raise StoreProblem(
                f"The settings kept in {self.folder} were written by a newer version of this program (version {version}; this one knows {VERSION}).",
                "Update this program.",
            )
        if not self._migrating and any(STEPS[older] for older in range(version, VERSION)):
            raise _Older
        if not about.get("key") and (known := encryption.of(self.folder)) and not known.plain_too:
            raise KeyProblem("The store is encrypted, but its settings, notes and audit are not.", "`python -m cpm_metrics encrypt` encrypts them.")
        return about.get("key", "")

    def _about_itself(self, con: sa.Connection) -> dict[str, str]:
        if not sa.inspect(con).has_table("meta"):
            return {}
        query, how = sa.select(_about_itself), con.get_execution_options()
        if how.get("cpm_writing"):
            # Locks that SQLite has anyway. Many may write at once, and none while the rows are sealed anew or the tables made: whoever
            # does that has these rows to itself before it touches another, and never gets from the first kind of lock to the second
            # (two of those would wait for each other).
            query = query.with_for_update(read=not how.get("cpm_alone"))
        return {r.name: r.value for r in con.execute(query)}

    def _made_before(self, con: sa.Connection) -> bool:
        return sa.inspect(con).has_table("audit")

    def make(self) -> None:
        """Make the tables where they are not there, and bring older ones to today's version: all of it or nothing."""
        with self._making:
            if self._made:
                return
            if self._url is None:
                self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            encryption.of_new(self.folder)
            self._migrating = True
            try:
                if not self.exists() or not self._is_made():
                    _again(self._make)
            finally:
                self._migrating = False
            self._made = True

    def _is_made(self) -> bool:
        """Every table of today's version and the triggers are there: then nothing is made, and nobody waits."""
        with self.transaction(writing=False) as con:
            if not {table.name for table in _meta.sorted_tables} <= set(sa.inspect(con).get_table_names()):
                return False
            about = self._about_itself(con)
            return about.get("version") == str(VERSION) and "key" in about and bool(con.exec_driver_sql(_HAS_TRIGGERS[con.dialect.name]).scalar())

    def _make(self) -> None:
        with self.transaction(alone=True) as con:
            version = int(self._about_itself(con).get("version", 1)) if self._made_before(con) else VERSION
            for table in _meta.sorted_tables:
                con.execute(CreateTable(table, if_not_exists=True))
            for older in range(version, VERSION):
                for statement in STEPS[older]:
                    con.exec_driver_sql(statement)
            add_triggers(con)
            self._say_about_itself(con, "version", str(VERSION))
            self._say_about_itself(con, "key", self._key)

    def _say_about_itself(self, con: sa.Connection, name: str, value: str) -> None:
        """Changed and not replaced: whoever waits for the row goes on with it as it is then."""
        if not con.execute(sa.update(_about_itself).where(_about_itself.c.name == name).values(value=value)).rowcount:
            con.execute(sa.insert(_about_itself).values(name=name, value=value))

    def change_rows(self, change: Change, number: str, line: AuditLine | None = None) -> None:
        """Hand every row that a person wrote to `change(table, row)`, which gives the row as it is to be, or None where it goes; and seal
        it all with the store's key of that `number` ("": plain). All of it or nothing, in one transaction; `line` is added to the audit
        (its number doesn't count) after all rows were handed over.

        The one way to change a line of the audit: for encryption, and for erasing a child.
        """
        known = encryption.of(self.folder)
        cipher = known.cipher_of(number) if known and number else None
        self.make()
        with self.transaction(alone=True) as con:
            opener = known.cipher_of(self._key) if known and self._key else None
            drop_triggers(con)
            for table in _meta.sorted_tables:
                sealed = {column.name: column.type for column in table.c if isinstance(column.type, Sealed)}
                raw = sa.table(table.name, *(sa.column(c.name, sa.JSON() if c.name in sealed and sealed[c.name].json else sa.Text() if c.name in sealed else c.type) for c in table.c))
                for old in con.execute(sa.select(raw)).mappings().all() if sealed else ():
                    before = {name: sealed[name].opened(value, opener) if name in sealed else value for name, value in old.items()}
                    after = change(table.name, dict(before))
                    here = sa.and_(*(raw.c[column.name] == old[column.name] for column in table.primary_key))
                    if after is None:
                        con.execute(sa.delete(raw).where(here))
                    elif after != before or cipher is not opener:
                        con.execute(sa.update(raw).where(here).values({name: sealed[name].closed(value, cipher) if name in sealed else value for name, value in after.items()}))
            if line:
                row = {"at": _now(), "who": line.who, "what": line.what, "subject": line.subject, "detail": line.detail}
                raw = sa.table("audit", *(sa.column(name, sa.JSON() if name == "detail" else sa.Text()) for name in row))
                con.execute(sa.insert(raw).values({name: kind.closed(row[name], cipher) if isinstance(kind := _audit.c[name].type, Sealed) else row[name] for name in row}))
            self._say_about_itself(con, "key", number)
            add_triggers(con)

    def read_all(self) -> None:
        """Open every row of every table. Raises StoreProblem, KeyProblem where one doesn't open."""
        for table in _meta.sorted_tables:
            self._read(sa.select(table))

    def compact(self) -> None:
        """Leave nothing in the file of what was deleted or replaced. For another database that is its own administrator's work."""
        if self._url is not None or not self.exists():
            return
        with writing_to(self.folder), closing(sqlite3.connect(self.folder / FILE, timeout=10, isolation_level=None)) as con:
            for line in ("PRAGMA temp_store = MEMORY", "PRAGMA secure_delete = ON", "VACUUM"):
                con.execute(line)
            (busy, *_) = con.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if busy:
            raise StoreProblem("A page has the settings open at this moment, so what was replaced in them may still be in the file.", "Stop the dashboard, and give the same command again.")

    def _engine(self, key: str, as_it_lies: bool = False) -> sa.Engine:
        """For rows that are sealed with the key of that number."""
        path = self.folder / FILE
        with self._making:
            as_it_lies = self._url is None and path.exists() and (as_it_lies or not os.access(self.folder, os.W_OK))
            immutable = as_it_lies and holds_all(path)
            slot = f"{key} {as_it_lies} {immutable}"  # one for a folder that can't be written doesn't serve once it can
            if slot not in self._engines:
                known = encryption.of(self.folder)
                cipher = known.cipher_of(key) if known and key else None
                if key and cipher is None:
                    raise KeyProblem(f"The settings kept in {self.folder} are encrypted with another key than the store.", "Restore the store from a backup.") if known else encryption.marker_missing(self.folder)
                engine = _database(self._url) if self._url else _lying(path, immutable) if as_it_lies else _sqlite(path)
                engine.dialect.cpm_cipher = cipher
                self._engines[slot] = engine
            return self._engines[slot]


def _database(url: str) -> sa.Engine:
    """Raises StoreProblem, in which nothing of the address is repeated: it holds a password."""
    try:
        if url.startswith("sqlite"):
            return _beginning(sa.create_engine(url))
        # A connection that the server has closed since (it was restarted) is noticed before it is used.
        return sa.create_engine(url, isolation_level="REPEATABLE READ", pool_pre_ping=True)
    except ImportError as error:
        package = {"psycopg": "psycopg[binary]", "psycopg2": "psycopg2-binary"}.get(error.name or "", error.name or "psycopg[binary]")
        raise StoreProblem(
            f"CPM_STATE_URL names a database for which the package {package} is needed, and it is not installed.",
            f"Install it where this program runs: .venv/bin/python -m pip install '{package}'. Or take CPM_STATE_URL away: settings are then kept in {FILE}.",
        ) from None
    except sa.exc.ArgumentError:
        raise StoreProblem("CPM_STATE_URL is not the address of a database that this program knows.", "Write it as postgresql+psycopg://NAME:PASSWORD@SERVER/DATABASE.") from None


def _again(work: Callable[[], None]) -> None:
    """Once more where another transaction was in the way: nothing of ours was done then. SQLite waits by itself."""
    for tries_left in reversed(range(_TRIES)):
        try:
            return work()
        except sa.exc.DBAPIError as error:
            if not tries_left or getattr(error.orig, "sqlstate", getattr(error.orig, "pgcode", None)) not in _IN_THE_WAY:
                raise
            time.sleep(random.uniform(0, 0.02 * 2 ** min(_TRIES - tries_left, 5)))


def holds_all(path: Path) -> bool:
    """Whether everything is in the SQLite file itself, and nothing in the log beside it."""
    log = path.with_name(path.name + "-wal")
    return not log.exists() or not log.stat().st_size


def _versions(path: Path) -> list[tuple[int, int, int] | None]:
    """Of the file and its log: differ once somebody wrote."""
    found = [file.stat() if file.exists() else None for file in (path, path.with_name(path.name + "-wal"))]
    return [(stat.st_ino, stat.st_size, stat.st_mtime_ns) if stat else None for stat in found]


def to_read_only(path: Path, immutable: bool) -> str:
    """The address of a SQLite file to be read without anything being made beside it. In WAL mode SQLite can't do that unless it is told
    that nobody writes (`immutable`), or the log and its index are there."""
    return f"file:{quote(str(path))}?mode=ro" + "&immutable=1" * immutable


def _lying(path: Path, immutable: bool) -> sa.Engine:
    """For a folder that can't be written, or a full disk. Opened anew each time: what is open as immutable never sees a change."""
    return _beginning(sa.create_engine("sqlite://", creator=lambda: sqlite3.connect(to_read_only(path, immutable), uri=True, check_same_thread=False), poolclass=sa.NullPool))


def _sqlite(path: Path) -> sa.Engine:
    engine = sa.create_engine(sa.URL.create("sqlite", database=str(path)), connect_args={"timeout": 10})

    @sa.event.listens_for(engine, "connect")
    def _each_connection(con: Any, _record: Any) -> None:
        con.execute("PRAGMA journal_mode = WAL")
        con.execute("PRAGMA synchronous = FULL")
        con.execute("PRAGMA secure_delete = ON")

    return _beginning(engine)


def _beginning(engine: sa.Engine) -> sa.Engine:
    """Transactions that begin where we say so: Python's sqlite3 by itself begins none before a SELECT or a CREATE TABLE."""

    @sa.event.listens_for(engine, "connect")
    def _each_connection(con: Any, _record: Any) -> None:
        con.isolation_level = None

    @sa.event.listens_for(engine, "begin")
    def _each_transaction(con: sa.Connection) -> None:
        con.exec_driver_sql("BEGIN IMMEDIATE" if con.get_execution_options().get("cpm_writing") else "BEGIN")

    return engine


def add_triggers(con: sa.Connection) -> None:
    for statement in _APPEND_ONLY[con.dialect.name]:
        con.exec_driver_sql(statement)


def drop_triggers(con: sa.Connection) -> None:
    """For the two things that change lines of the audit: sealing them with another key, and erasing a child (rewrite.py)."""
    for statement in _TAKE_AWAY[con.dialect.name]:
        con.exec_driver_sql(statement)


def _line(who: str, what: str, subject: str, detail: dict[str, Any]) -> sa.Insert:
    json.dumps(detail)  # a value that can't be kept is a mistake of ours: say so before anything is written
    return sa.insert(_audit).values(at=_now(), who=who, what=what, subject=subject, detail=detail)


def chart_of(rule: str, teams: Iterable[str]) -> str:
    """Whose the marks on a rule's chart are: the rule's, for the teams chosen (none: all)."""
    return json.dumps([rule, *sorted(teams)], ensure_ascii=False)


def of_chart(owner: str) -> tuple[str, list[str]]:
    """The rule and the teams again."""
    rule, *teams = json.loads(owner)
    return rule, teams


def _named(kind: str, owner: str, name: str) -> sa.ColumnElement[bool]:
    return sa.and_(_saved.c.kind == kind, _saved.c.owner == owner, _saved.c.name == name)


def _about(row: sa.Row) -> About:
    return About(row.rule, row.child_id, date.fromisoformat(row.care_started), date.fromisoformat(row.anchor_date),
                 date.fromisoformat(row.due_date) if row.due_date else None)  # fmt: skip


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
