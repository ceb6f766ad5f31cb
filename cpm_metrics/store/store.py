"""The store: the current load, its history, a new load, and the way back."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb

from cpm_metrics.errors import LoadRefused, StoreProblem, UnknownName
from cpm_metrics.extracts.mapping import MappingBook
from cpm_metrics.extracts.problems import Prepared
from cpm_metrics.store import build, connect, encryption, loads, rewrite
from cpm_metrics.store.erase import Erased
from cpm_metrics.store.folder import Folder, PointerDamaged
from cpm_metrics.store.key import Key
from cpm_metrics.store.loads import SCHEMA_VERSION, LoadInfo
from cpm_metrics.store.problems import DamagedStore, KeyProblem, SurprisingLoad, day, said_by_the_disk, writing_to
from cpm_metrics.store.snapshot import Snapshot
from cpm_metrics.store.state import State

_BOOK = "mapping book"
_ANOTHER = "Choose another load, or restore it from a backup."
# What DuckDB raises where a file's bytes are not what it wrote.
_CANNOT_READ = (duckdb.IOException, duckdb.SerializationException)


class Store:
    """One folder. Reading never writes and never waits; loading, undoing and recovering hold the folder's lock.

    Making one sets the process's umask to 077: whatever it writes from then on is for this account only.
    """

    def __init__(self, folder: Path | str) -> None:
        os.umask(0o077)
        self.folder = Path(folder).absolute()
        self.state = State(self.folder)
        self._files = Folder(self.folder)
        self._latest: Snapshot | None = None

    # -- reading

    def current(self) -> Snapshot | None:
        """The newest load; None where nothing was loaded yet. Raises StoreProblem (DamagedStore where it can't be read)."""
        encryption.of(self.folder)  # says what is wrong with the key, before anything looks damaged for want of it
        load_id = self._current_id()
        if load_id is None:
            return None
        found = self._readable(load_id)
        if found is None:
            raise DamagedStore(self._what_is_damaged(load_id), self._last_good(but=load_id))
        if found.info.schema_version < SCHEMA_VERSION:
            return self.migrate()
        self._latest = found
        return found

    def history(self) -> list[LoadInfo]:
        """Newest first, undone ones marked. A load of which nothing can be read is not listed."""
        encryption.of(self.folder)
        try:
            current = self._files.current_id()
        except PointerDamaged:
            current = "~"  # after every id: list them all
        infos = (self._info(load_id) for load_id in reversed(self._files.load_ids()))
        return [self._marked(info, current) for info in infos if info and self._announced(info.load_id, current)]

    def snapshot(self, load_id: str) -> Snapshot:
        """An earlier load. Raises UnknownName, StoreProblem."""
        info = next((info for info in self.history() if info.load_id == load_id), None)
        if info is None:
            raise UnknownName(f"There is no load {load_id} in {self.folder}.", "`history` lists the loads.")
        found = self._readable(load_id)
        if found is None:
            raise StoreProblem(self._what_is_damaged(load_id), _ANOTHER)
        found.info = info  # with the mark
        return found

    def mapping_book(self) -> MappingBook:
        """What was decided about headers and values, for every load from now on."""
        kept = self.state.mappings(_BOOK).get(_BOOK)
        return MappingBook.from_json(kept) if kept else MappingBook()

    def keep_mapping_book(self, book: MappingBook, by: str) -> None:
        self.state.set_mapping(_BOOK, _BOOK, book.to_json(), by)

    # -- loading

    def commit(
        self,
        prepared: Prepared,
        extract_date: date | None,
        by: str,
        confirmed: bool = False,
        progress: build.Progress | None = None,
    ) -> LoadInfo:
        """Make `prepared` the current load: all of it or, whatever happens, nothing.

        Raises LoadRefused (date, nothing to load), SurprisingLoad unless `confirmed`, StoreProblem, and whatever
        `progress` raises to cancel.
        """
        progress = progress or _silent
        extract_date = loads.check_extract_date(extract_date)
        if not prepared.tables:
            raise LoadRefused("These files hold none of the datasets.", "Check that you chose the right files.")
        self.current()  # brings an older store to today's version, before the lock is ours
        with self._changing():
            before = self.current()
            if not confirmed:
                self._ask_where_surprising(prepared, extract_date, before)
            progress("checking", 0, None)
            at = loads.now()
            load_id = self._files.new_id(at)
            content = build.contents(prepared, extract_date, load_id, before)
            return self._build(content, load_id, at, before, extract_date, by, "load", progress)

    def _build(
        self, content: build.Contents, load_id: str, at: datetime, before: Snapshot | None, extract_date: date, by: str, what: str, progress: build.Progress
    ) -> LoadInfo:
        """Write the file beside the others and switch to it. Call while changing."""
        build.check_room(self.folder, content.expected_bytes())
        info = LoadInfo(
            load_id=load_id,
            previous=before.info.load_id if before else None,
            extract_date=extract_date,
            loaded_at=at,
            by=by,
            files=content.files,
            counts=content.counts(),
            dataset_dates=content.dataset_dates,
            problem_counts=content.problem_counts(),
        )
        built = self._files.building / f"{load_id}.duckdb"
        build.write(built, content, info, progress)
        progress("making current", 0, None)
        self._switch_to(info, built, what)
        return info

    def add(self, record: Prepared, by: str, progress: build.Progress | None = None) -> LoadInfo:
        """Add a confirmed record (cpm_metrics/records) to the current load, as a load of its own with the same extract date.

        Raises LoadRefused where no meetings are loaded, StoreProblem.
        """
        self.current()
        with self._changing():
            before = self.current()
            if before is None or "meetings" not in before.loaded():
                raise LoadRefused(
                    "No extract of meetings is loaded, so one record would make every other child look as if none had been held.",
                    "Load the extracts of cases and meetings first.",
                )
            at = loads.now()
            load_id = self._files.new_id(at)
            content = build.contents_with(record, before.info.extract_date, load_id, before)
            return self._build(content, load_id, at, before, before.info.extract_date, by, "record added", progress or _silent)

    def _ask_where_surprising(self, prepared: Prepared, extract_date: date, before: Snapshot | None) -> None:
        found = loads.ahead_of_the_clock(extract_date)
        if before:
            cases = prepared.tables.get("cases")
            found |= loads.surprises(
                before.info,
                before.children() if cases is not None else set(),
                {file.sha256 for file in prepared.files},
                None if cases is None else set(cases["child_id"].to_pylist()),
                extract_date,
                prepared.counts,
            )
        if found:
            raise SurprisingLoad(found)

    def _switch_to(self, info: LoadInfo, built: Path, what: str) -> None:
        """Put the new file beside the others, note it in the audit, and switch; before the switch nothing has changed, after it the load is made."""
        detail = {"extract_date": info.extract_date.isoformat(), "counts": info.counts, "previous": info.previous}
        try:
            self._files.publish(info.load_id, built, info.as_json())
            self.state.note(info.by, what, info.load_id, detail)
            self._files.point_to(info.load_id)
        except BaseException as error:
            if self._files.current_id() != info.load_id:
                self._files.remove(info.load_id)
            elif isinstance(error, OSError):
                raise StoreProblem(
                    f"The load is made and is the current one, but the disk that holds {self.folder} reported a fault while it was put down for good.",
                    "Don’t load the files again. Have the disk checked, and look at History after the next restart: if this load isn’t the current one there, load them then.",
                ) from None
            raise

    # -- going back

    def undo(self, by: str, load_id: str | None = None) -> LoadInfo | None:
        """The load before becomes current; the undone one is kept and marked. None where there was none before.

        With `load_id`, only if that is still the current load. Raises StoreProblem.
        """
        with self._changing():
            undone = self._current_id()
            if undone is None:
                raise StoreProblem("There is no load to undo.", "Load an extract first.")
            if load_id not in (None, undone):
                raise StoreProblem("Another load was made in the meantime, so nothing was undone.", "Look at it first.")
            info = self._info(undone)
            if info is None:
                raise DamagedStore(self._what_is_damaged(undone), self._last_good(but=undone))
            if info.previous and info.previous not in self._files.load_ids():
                raise StoreProblem("The load before this one is not kept any more (retention), so this one was not undone.", "Load an earlier extract again.")
            if info.previous and not self._is_whole(info.previous):
                raise StoreProblem(
                    f"{self._what_is_damaged(info.previous)} So the load after it was not undone.",
                    "Restore that file from a backup, or load an earlier extract again.",
                )
            self.state.note(by, "undo", undone, {"now_current": info.previous})
            self._files.set_mark(undone, {"at": loads.now().isoformat(), "why": "undone"})
            self._files.point_to(info.previous)
            return self._info(info.previous) if info.previous else None

    def recover(self, by: str) -> LoadInfo:
        """Make the last good load current where the current one can't be read. Nothing happens where it can.

        The damaged file is kept and marked. Raises StoreProblem where there is no good load.
        """
        with self._changing(needs_pointer=False):
            try:
                damaged = self._files.current_id()
                if damaged and self._is_whole(damaged):
                    return self._info(damaged)
            except PointerDamaged:
                damaged = None
            good = self._last_good(but=damaged)
            if good is None:
                raise DamagedStore(f"No load in {self.folder} can be read.", None)
            self.state.note(by, "recover", good.load_id, {"damaged": damaged or "pointer"})
            for load_id in self._files.load_ids():
                if load_id > good.load_id and not self._files.mark(load_id).exists():
                    self._files.set_mark(load_id, {"at": loads.now().isoformat(), "why": "damaged"})
            self._files.point_to(good.load_id)
            return good

    # -- older stores

    def migrate(self, by: str = "upgrade") -> Snapshot:
        """Bring the current load to today's version as a new load with the same extract date; the old one is kept."""
        with self._changing():
            old_id = self._current_id()
            old = self._readable(old_id) if old_id else None
            if old is None:
                raise StoreProblem("There is no load to bring to today's version.", "Load an extract first.")
            at = loads.now()
            info = replace(
                old.info, load_id=self._files.new_id(at), previous=old_id, loaded_at=at, by=by,
                schema_version=SCHEMA_VERSION,
            )  # fmt: skip
            if any(version not in build.UPGRADES for version in range(old.info.schema_version, SCHEMA_VERSION)):
                raise StoreProblem(
                    f"The load of {day(old.info.extract_date)} was made by a version of this program that is too old.",
                    "Load its files again.",
                )
            build.check_room(self.folder, old.path.stat().st_size)
            built = self._files.building / f"{info.load_id}.duckdb"
            build.upgrade(old.path, built, info)
            self._switch_to(info, built, "upgrade")
            return self._snapshot(info)

    # -- the whole store at once (rewrite.py, erase.py)

    def retain(self, days: int, by: str, confirmed: bool = False) -> list[LoadInfo]:
        """Delete for good every load made more than `days` days ago, undone ones too, but never the current one and the one before it.
        Gives those deleted.

        Raises NeedsConfirmation where the loads contradict the clock: the clock may be wrong, or loading has stopped.
        """
        return rewrite.retain(self, days, by, confirmed)

    def delete_load(self, load_id: str, by: str) -> None:
        """Delete one load for good, damaged or not, that isn't the current one. Raises UnknownName, StoreProblem."""
        rewrite.delete_load(self, load_id, by)

    def erase(self, child_id: str, by: str, reference: str) -> Erased:
        """Take a child out of every file of the store (erase.py). Raises UnknownName where the store knows no such child."""
        return rewrite.erase(self, child_id, by, reference)

    def encrypt(self, key: Key, by: str) -> int:
        """Encrypt every file of the store. Gives the number of loads. Crashed on the way: give it again, or change anything."""
        return rewrite.encrypt(self, key, by)

    def rekey(self, new: Key, by: str) -> int:
        """Encrypt every file of the store with a new key. From the first moment on only the new one opens it."""
        return rewrite.rekey(self, new, by)

    @property
    def edition(self) -> str:
        """Changes whenever loads were written anew: what was computed before that is not to be shown any more."""
        return self._files.edition()

    # -- inside

    @contextmanager
    def _changing(self, needs_pointer: bool = True, finishing: bool = True) -> Iterator[None]:
        with writing_to(self.folder), self._files.locked():
            encryption.of_new(self.folder)
            try:
                self._files.ready()
            except PointerDamaged:
                if needs_pointer:
                    raise self._damaged_pointer() from None
            else:
                if finishing:
                    rewrite.finish(self)
            try:
                yield
            except BaseException as error:
                self._files.clear_building()
                # What is changed is made from the current load: where that is damaged, nothing "is whole and still served".
                if isinstance(error, duckdb.Error) and needs_pointer and (current := self._current_id()) and (problem := self._damage(current, error)):
                    raise problem from None
                raise

    def _current_id(self) -> str | None:
        try:
            return self._files.current_id()
        except PointerDamaged:
            raise self._damaged_pointer() from None

    def _damaged_pointer(self) -> DamagedStore:
        return DamagedStore(
            f"The store {self.folder} no longer says which load is current: its file 'current' is damaged or missing.",
            self._last_good(),
        )

    def _info(self, load_id: str) -> LoadInfo | None:
        """From the record beside the snapshot or, where that is lost, from the snapshot itself."""
        record = self._files.read_record(load_id)
        try:
            data = record["load"] if record else self._read_inside(load_id)
            return LoadInfo.from_json(data)
        except (duckdb.Error, KeyError, TypeError, ValueError):
            return None

    def _read_inside(self, load_id: str) -> dict[str, Any]:
        con = connect.memory({"snapshot": self._files.snapshot(load_id)})
        try:
            row = con.execute("SELECT info FROM snapshot.load").fetchone()
        finally:
            con.close()
        return json.loads(row[0]) if row else {}

    def _readable(self, load_id: str) -> Snapshot | None:
        """The snapshot if it is there as it was written and opens. Raises StoreProblem where it is from the future."""
        latest = self._latest
        if not self._files.as_written(load_id):
            return None
        if latest and latest.info.load_id == load_id and latest.made_of == self._files.snapshot(load_id):
            return latest
        info = self._info(load_id)
        if info is None:
            return None
        if info.schema_version > SCHEMA_VERSION:
            raise StoreProblem(
                f"The load of {day(info.extract_date)} was made by a newer version of this program "
                f"(store version {info.schema_version}; this one knows {SCHEMA_VERSION}).",
                "Update this program.",
            )
        found = self._snapshot(info)
        try:
            if found.cursor().execute("SELECT load_id FROM snapshot.load").fetchall() != [(load_id,)]:
                return None
        except duckdb.Error:
            return None
        return found

    def _snapshot(self, info: LoadInfo) -> Snapshot:
        return Snapshot(self._files.snapshot(info.load_id), info, lambda: self._files.snapshot(info.load_id), lambda said: self._damage(info.load_id, said))

    def _damage(self, load_id: str, said: duckdb.Error | None = None) -> StoreProblem | None:
        """Reads every byte of a load now; gives what to say where it is not as it was written, None where it is.

        `said`: what DuckDB raised on reading it, which is all there is to go by where no SHA-256 was recorded.
        """
        if isinstance(said, _CANNOT_READ) and not said_by_the_disk(str(said)):
            self._files.say_corrupt(load_id)
        if self._files.as_written(load_id, again=True):
            return None
        self._latest = None  # it has the damaged file open
        try:
            is_current = self._files.current_id() == load_id
        except PointerDamaged:
            is_current = False
        if is_current:
            return DamagedStore(self._what_is_damaged(load_id), self._last_good(but=load_id))
        return StoreProblem(self._what_is_damaged(load_id), _ANOTHER)

    def _is_whole(self, load_id: str) -> bool:
        """Every byte is as it was written."""
        if not self._files.as_written(load_id, again=True):
            return False
        try:
            found = self._readable(load_id)
        except KeyProblem:
            raise
        except StoreProblem:
            return False
        if found is not None and found is not self._latest:
            found.close()
        return found is not None

    def _last_good(self, but: str | None = None) -> LoadInfo | None:
        """The newest load that is whole and was not undone."""
        for load_id in reversed(self._files.load_ids()):
            if load_id != but and not self._files.mark(load_id).exists() and self._is_whole(load_id):
                return self._info(load_id)
        return None

    def _what_is_damaged(self, load_id: str) -> str:
        info = self._info(load_id)
        name = f"The load of {day(info.extract_date)} ({load_id})" if info else f"The load {load_id}"
        lost = "is missing from" if not self._files.snapshot(load_id).exists() else "is damaged in"
        return f"{name} {lost} {self._files.snapshots}."

    def _announced(self, load_id: str, current: str | None) -> bool:
        """A load that crashed just before the switch is no load."""
        return load_id <= (current or "") or self._files.mark(load_id).exists()

    def _marked(self, info: LoadInfo, current: str | None) -> LoadInfo:
        return replace(info, undone=info.load_id != current and self._files.mark(info.load_id).exists())


def _silent(stage: str, done: int, total: int | None) -> None:
    pass
