"""What people change: settings, remembered mappings, and the audit. SQLite in WAL mode, or PostgreSQL by CPM_STATE_URL.

Nothing here is about a child but their ID in an audit line.
"""

from __future__ import annotations

import json
import os
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.schema import CreateTable

from cpm_metrics.errors import StoreProblem
from cpm_metrics.store.problems import writing_to

FILE = "state.sqlite"

_meta = sa.MetaData()
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
        before = self.settings().get(name)
        row = {"name": name, "value": value, "set_by": by, "set_at": _now(), "reason": reason}
        change = {"before": before, "after": value, "reason": reason}
        self._write(
            sa.delete(_settings).where(_settings.c.name == name),
            sa.insert(_settings).values(row),
            _line(by, "setting changed", name, change),
        )

    def clear_setting(self, name: str, by: str, reason: str) -> None:
        """Back to the default."""
        change = {"before": self.settings().get(name), "after": None, "reason": reason}
        self._write(sa.delete(_settings).where(_settings.c.name == name), _line(by, "setting cleared", name, change))

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

    def forget_mapping(self, kind: str, key: str, by: str) -> None:
        here = sa.and_(_mappings.c.kind == kind, _mappings.c.key == key)
        self._write(sa.delete(_mappings).where(here), _line(by, "mapping forgotten", kind, {}))

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


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
