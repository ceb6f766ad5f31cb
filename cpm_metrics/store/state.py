"""What people write: settings, remembered mappings, notes, manager's exceptions, saved views, and the audit of all of it.

SQLite in WAL mode, or PostgreSQL by CPM_STATE_URL. About a child it holds the child ID and what a manager wrote in a note or
as the reason of an exception; the audit repeats the ID, never the words.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.schema import CreateTable

from cpm_metrics.errors import StoreProblem
from cpm_metrics.store.problems import writing_to

FILE = "state.sqlite"

_meta = sa.MetaData()


def _about_what() -> list[sa.Column]:
    """Which obligation, by what stays the same from load to load (its number doesn't). The due date is there to be shown, and
    to tell apart those of one rule and anchor."""
    return [
        sa.Column("rule", sa.String, nullable=False),
        sa.Column("child_id", sa.String, nullable=False),
        sa.Column("care_started", sa.String, nullable=False),
        sa.Column("anchor_date", sa.String, nullable=False),
        sa.Column("due_date", sa.String),
    ]


_settings = sa.Table(
    "settings", _meta,
    sa.Column("name", sa.String, primary_key=True),
    sa.Column("value", sa.JSON, nullable=False),
    sa.Column("set_by", sa.String, nullable=False),
    sa.Column("set_at", sa.String, nullable=False),
    sa.Column("reason", sa.String, nullable=False),
)  # fmt: skip
_mappings = sa.Table(
    "mappings", _meta,
    sa.Column("kind", sa.String, primary_key=True),
    sa.Column("key", sa.String, primary_key=True),
    sa.Column("value", sa.JSON, nullable=False),
    sa.Column("set_by", sa.String, nullable=False),
    sa.Column("set_at", sa.String, nullable=False),
)  # fmt: skip
_audit = sa.Table(
    "audit", _meta,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("at", sa.String, nullable=False),
    sa.Column("who", sa.String, nullable=False),
    sa.Column("what", sa.String, nullable=False),
    sa.Column("subject", sa.String, nullable=False),
    sa.Column("detail", sa.JSON, nullable=False),
)  # fmt: skip
_notes = sa.Table(
    "notes", _meta,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("at", sa.String, nullable=False),
    sa.Column("who", sa.String, nullable=False),
    *_about_what(),
    sa.Column("text", sa.Text, nullable=False),
)  # fmt: skip
_exceptions = sa.Table(
    "exceptions", _meta,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("at", sa.String, nullable=False),
    sa.Column("who", sa.String, nullable=False),
    *_about_what(),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("expires", sa.String, nullable=False),
    sa.Column("withdrawn_at", sa.String),
    sa.Column("withdrawn_by", sa.String),
)  # fmt: skip
_saved = sa.Table(
    "saved", _meta,
    sa.Column("kind", sa.String, primary_key=True),
    sa.Column("owner", sa.String, primary_key=True),
    sa.Column("name", sa.String, primary_key=True),
    sa.Column("value", sa.JSON, nullable=False),
    sa.Column("set_by", sa.String, nullable=False),
    sa.Column("set_at", sa.String, nullable=False),
)  # fmt: skip

# SQLite itself refuses to change or delete a line of the audit.
_APPEND_ONLY = [
    f"CREATE TRIGGER IF NOT EXISTS audit_no_{act} BEFORE {act} ON audit "
    "BEGIN SELECT RAISE(ABORT, 'the audit can only be added to'); END"
    for act in ("update", "delete")
]


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
        self._known: sa.Engine | None = None

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

    def save(self, kind: str, owner: str, name: str, value: Any, by: str) -> None:
        """Keep a value under a name, in place of one of that name. `owner`: whose it is, or what it is about. The audit doesn't
        repeat the name: somebody typed it."""
        row = {"kind": kind, "owner": owner, "name": name, "value": value, "set_by": by, "set_at": _now()}
        self._write(sa.delete(_saved).where(_named(kind, owner, name)), sa.insert(_saved).values(row), _line(by, f"{kind} saved", "", {}))

    def saved(self, kind: str, owner: str) -> dict[str, Any]:
        """Name -> value, in name order."""
        query = sa.select(_saved).where(_saved.c.kind == kind, _saved.c.owner == owner).order_by(_saved.c.name)
        return {r.name: r.value for r in self._read(query)}

    def forget(self, kind: str, owner: str, name: str, by: str) -> None:
        self._write(sa.delete(_saved).where(_named(kind, owner, name)), _line(by, f"{kind} removed", "", {}))

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
            if self._known is not None:
                self._known.dispose()
                self._known = None

    # -- the database

    def _read(self, query: sa.Select) -> list[sa.Row]:
        if self._url is None and not (self.folder / FILE).exists():
            return []
        try:
            with self._engine().connect() as con:
                return list(con.execute(query))
        except sa.exc.SQLAlchemyError as error:
            if "no such table" in str(error) or "does not exist" in str(error):
                return []
            raise StoreProblem(
                f"The settings kept in {self.folder} can't be read ({type(error).__name__}).",
                f"Restore the file {FILE} from a backup; or move it away, and every setting is as it was at first.",
            ) from None

    def _write(self, *statements: sa.Executable) -> None:
        with writing_to(self.folder):
            self._make()
            with self._engine().begin() as con:
                for statement in statements:
                    con.execute(statement)

    def _make(self) -> None:
        with self._making:
            if self._made:
                return
            if self._url is None:
                self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with self._engine().begin() as con:
                for table in _meta.sorted_tables:
                    con.execute(CreateTable(table, if_not_exists=True))
                if con.dialect.name == "sqlite":
                    for trigger in _APPEND_ONLY:
                        con.exec_driver_sql(trigger)
            self._made = True

    def _engine(self) -> sa.Engine:
        with self._making:
            if self._known is None:
                self._known = sa.create_engine(self._url) if self._url else _sqlite(self.folder / FILE)
            return self._known


def _sqlite(path: Path) -> sa.Engine:
    if path.exists() and not os.access(path.parent, os.W_OK):
        # A folder that can't be written: SQLite needs to be told, or it can't open a file that was in WAL mode.
        query = {"mode": "ro", "immutable": "1", "uri": "true"}
        return sa.create_engine(sa.URL.create("sqlite", database=f"file:{quote(str(path))}", query=query))
    engine = sa.create_engine(sa.URL.create("sqlite", database=str(path)), connect_args={"timeout": 10})

    @sa.event.listens_for(engine, "connect")
    def _each_connection(con: Any, _record: Any) -> None:
        con.execute("PRAGMA journal_mode = WAL")
        con.execute("PRAGMA synchronous = FULL")
        con.execute("PRAGMA secure_delete = ON")

    return engine


def _line(who: str, what: str, subject: str, detail: dict[str, Any]) -> sa.Insert:
    json.dumps(detail)  # a value that can't be kept is a mistake of ours: say so before anything is written
    return sa.insert(_audit).values(at=_now(), who=who, what=what, subject=subject, detail=detail)


def _named(kind: str, owner: str, name: str) -> sa.ColumnElement[bool]:
    return sa.and_(_saved.c.kind == kind, _saved.c.owner == owner, _saved.c.name == name)


def _about(row: sa.Row) -> About:
    return About(row.rule, row.child_id, date.fromisoformat(row.care_started), date.fromisoformat(row.anchor_date),
                 date.fromisoformat(row.due_date) if row.due_date else None)  # fmt: skip


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
