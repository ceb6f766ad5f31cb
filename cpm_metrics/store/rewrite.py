"""What changes every load at once: encrypting, re-keying, erasing a child, deleting loads for good.

Each is written down before it begins: encrypting and re-keying in the store's marker (encryption.py), the others in `pending.json`. Load
by load is then written anew beside the old one and switched to by its record; a crash leaves every load whole, the old one or the new one,
and readable with the present key. What was begun is finished by the next command that changes the store, the same one or any other.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from cpm_metrics.errors import CpmError, NeedsConfirmation, StoreProblem, UnknownName
from cpm_metrics.extracts.datasets import DATASETS
from cpm_metrics.store import build, encryption, loads
from cpm_metrics.store.encryption import Encryption
from cpm_metrics.store.erase import Child, Erased
from cpm_metrics.store.folder import sync, write_synced
from cpm_metrics.store.key import Key
from cpm_metrics.store.loads import LoadInfo
from cpm_metrics.store.problems import KeyProblem, day, moment, writing_to
from cpm_metrics.store.state import AuditLine

if TYPE_CHECKING:
    from cpm_metrics.store.store import Store

PENDING = "pending.json"
EXTRACT_SLACK = timedelta(days=60)  # as long as extracts may stay away before the clock is doubted
_WHERE = "what was begun"
ERASED = "erased"
_STAFF = {"who", "set_by", "withdrawn_by"}


# -- encrypting


def encrypt(store: Store, key: Key, by: str) -> int:
    with encryption.using(store.folder, key):
        known = encryption.of(store.folder)
        with store._changing():  # finishes what was begun
            if known is None or not known.unfinished:
                _every_load_is_whole(store)
                encryption.begin_encrypting(store.folder, key, by)
                finish(store)
        return len(store._files.load_ids())


def rekey(store: Store, new: Key, by: str) -> int:
    with encryption.using(store.folder, new) if _opens_with(store, new) else contextlib.nullcontext():
        with store._changing():  # finishes one that was begun
            known = encryption.of(store.folder)
            if known is None:
                raise KeyProblem(f"The store {store.folder} is not encrypted, so it has no key to change.", "`python -m cpm_metrics encrypt` encrypts it.")
            finished = _opens_with(store, new)
            if not finished:
                _every_load_is_whole(store)
                encryption.begin_rekey(store.folder, known, new, by)
        if not finished:
            with encryption.using(store.folder, new), store._changing():
                pass
    return len(store._files.load_ids())


def _opens_with(store: Store, key: Key) -> bool:
    """Whether the store opens with the new key already: an earlier try began."""
    try:
        with encryption.using(store.folder, key):
            return encryption.of(store.folder) is not None
    except KeyProblem:
        return False


# -- deleting loads


def retain(store: Store, days: int, by: str, confirmed: bool) -> list[LoadInfo]:
    if days < 1:
        raise CpmError("Loads are kept for one day at least.", "Give a number of days from 1.")
    with store._changing():
        current = store._current_id()
        every = [info for load_id in store._files.load_ids() if (info := store._info(load_id))]
        # The one before is what `undo` goes back to: whatever the clock says, history is never down to one load by itself.
        before = max((info.load_id for info in every if info.load_id != current and not store._files.mark(info.load_id).exists()), default=None)
        old = [info for info in every if info.loaded_at < loads.now() - timedelta(days=days) and info.load_id != current]
        found = [info for info in old if info.load_id != before]
        if old and not found and confirmed:
            raise StoreProblem(
                "Nothing was deleted: the only load that old is the one before the current one, which is kept so that the current one can be undone.",
                f"To delete it too: `python -m cpm_metrics retention --load {before}`.",
            )
        if found and not confirmed and (doubt := _doubt(every, current, days)):
            raise NeedsConfirmation(
                f"{doubt} Has loading stopped, or is this computer's clock ({moment(loads.now())}) wrong?",
                f"If the clock is right, confirm, and {len(found)} load{'s are' if len(found) > 1 else ' is'} deleted for good. The current load and the one before it are kept in any case.",
            )
        if found:
            _delete(store, [info.load_id for info in found], by, {"older_than_days": days})
    return found


def _doubt(every: list[LoadInfo], current: str | None, days: int) -> str:
    """What in the loads contradicts the clock, which alone says how old they are; "" where nothing does.

    A clock that was set forward makes every load look old, and the next night's load, made by the same clock, looks new. What doesn't go
    by the clock is when the extracts were taken; and where they do (one computer names the files and loads them), the leap stays
    between the loads before and those after.
    """
    now = loads.now()
    newest = next((info for info in every if info.load_id == current), None)
    if newest and newest.loaded_at < now - timedelta(days=days):
        return f"Even the current load was made more than {days} days ago, on {moment(newest.loaded_at)}."
    taken = max((info.extract_date for info in every if info.extract_date <= now.date()), default=None)
    if taken and now.date() - taken > EXTRACT_SLACK:
        return f"The newest extract was taken on {day(taken)}, {(now.date() - taken).days} days ago by the clock."
    old, young = ([info.loaded_at for info in every if (info.loaded_at < now - timedelta(days=days)) is is_old] for is_old in (True, False))
    if old and young and min(young) - max(old) > timedelta(days=days):
        return f"Between {moment(max(old))} and {moment(min(young))}, more than {days} days, nothing was loaded."
    return ""


def delete_load(store: Store, load_id: str, by: str) -> None:
    with store._changing(finishing=False):
        begun = _pending(store)
        finish(store)
        if begun and load_id in begun.get("loads", ()):
            return
        if load_id not in store._files.load_ids():
            raise UnknownName(f"There is no load {load_id} in {store.folder}.", "`history` lists the loads.")
        if load_id == store._current_id():
            raise StoreProblem("That is the current load, which is never deleted.", "Undo it first, or `recover` where it is damaged.")
        _delete(store, [load_id], by, {})


def _delete(store: Store, load_ids: list[str], by: str, why: dict[str, Any]) -> None:
    _begin(store, {"what": "delete", "loads": load_ids, "by": by, "why": why})
    finish(store)


# -- erasing


def erase(store: Store, child_id: str, by: str, reference: str) -> Erased:
    child_id = child_id.strip()
    if not reference.strip():
        raise CpmError("An erasure needs a reference: where it was asked for and decided.", "Give it as --reference, without the child's ID or name.")
    with store._changing(finishing=False):
        begun = _pending(store)
        erased = finish(store)
        if begun and erased and begun["child"]["child_id"] == child_id:
            return erased
        _every_load_is_whole(store)
        known, names = _knows(store, child_id)
        if not known:
            raise UnknownName("No load, note or exception in this store is about a child with that ID.", "Check the ID: zeros in front count.")
        child = Child(child_id, names)
        if child.out_of(reference) != reference or child_id in reference.split():
            raise CpmError("The reference names the child, and it is kept in the audit.", "Give one without the child's ID or name.")
        _begin(store, {"what": "erase", "child": child.as_json(), "by": by, "reference": reference})
        return finish(store)


def _knows(store: Store, child_id: str) -> tuple[bool, set[tuple[str, str]]]:
    """Whether anything is about the child, and every name it has had."""
    found, names = False, set()
    for load_id in store._files.load_ids():
        snapshot = store._readable(load_id)
        con = snapshot.attached("s")
        try:
            for name in DATASETS:
                found = found or bool(con.execute(f"SELECT 1 FROM s.{name} WHERE child_id = ? LIMIT 1", [child_id]).fetchone())
            names |= set(con.execute("SELECT DISTINCT forename, surname FROM s.cases WHERE child_id = ? AND forename IS NOT NULL AND surname IS NOT NULL", [child_id]).fetchall())
        finally:
            con.close()
    state = store.state
    return found or bool(state.notes(child_id) or state.exceptions(child_id) or state.audit(1, subject=child_id)), names


# -- beginning and finishing


def finish(store: Store) -> Erased | None:
    """Do what was begun and is not done. Only while the store is being changed."""
    known = encryption.of(store.folder)
    erased = None
    if known is not None and known.unfinished:
        with _unfinished(store.folder, "Encrypting the store"):
            _encrypt_what_is_left(store, known)
    task = _pending(store)
    if task and task["what"] == "delete":
        with _unfinished(store.folder, "Deleting loads"):
            _delete_what_is_left(store, task)
    elif task:
        with _unfinished(store.folder, "The erasure"):
            erased = _erase_what_is_left(store, task)
    return erased


def unfinished(folder: Path) -> str:
    """What was begun and not finished, in words; "" where nothing was. Needs no key."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        marker = json.loads((folder / encryption.MARKER).read_text("utf-8"))
        if marker["old"] or marker["plain_too"]:
            return "changing the key" if marker["old"] else "encrypting the store"
    return "erasing a child, or deleting loads" if (folder / PENDING).exists() else ""


def _encrypt_what_is_left(store: Store, known: Encryption) -> None:
    files = store._files
    _no_previews(store.folder)
    for load_id in files.load_ids():
        if _task_of(store, load_id) != known.task:
            _write_anew(store, load_id, known.task)
        if files.mark(load_id).exists():  # an earlier version noted who undid it
            mark = json.loads(files.mark(load_id).read_text("utf-8") or "{}")
            files.set_mark(load_id, {name: value for name, value in mark.items() if name != "by"})
    if store.state.exists():
        line = AuditLine(0, loads.now(), known.by, "store re-keyed" if known.old else "store encrypted", "", {"key": known.number, "task": known.task})
        _state_once(store, lambda table, row: row, known.number, line)
    files.new_edition(known.task)
    encryption.finish(store.folder)


def _delete_what_is_left(store: Store, task: dict[str, Any]) -> None:
    for load_id in task["loads"]:
        store._files.remove(load_id)
    sync(store._files.snapshots)
    done = any(line.detail.get("task") == task["task"] for line in store.state.audit(50, what="loads deleted"))
    if not done:
        store.state.note(task["by"], "loads deleted", "", task["why"] | {"loads": task["loads"], "task": task["task"]})
    _done(store, task)


def _erase_what_is_left(store: Store, task: dict[str, Any]) -> Erased:
    child = Child.of_json(task["child"])
    files, into = store._files, Erased(child.word)
    _no_previews(store.folder)
    for load_id in files.load_ids():
        if _task_of(store, load_id) != task["task"]:
            _write_anew(store, load_id, task["task"], child, into)
        into.loads += 1

    def change(table: str, row: dict[str, Any]) -> dict[str, Any] | None:
        if row.get("child_id") == child.child_id:
            into.notes += table == "notes"
            into.exceptions += table == "exceptions"
            return None
        after = {name: value if name in _STAFF else child.out_of_json(value) if isinstance(value, (str, list, dict)) else value for name, value in row.items()}
        if table == "audit" and row["subject"] == child.child_id:
            after["subject"] = ERASED
        if table == "saved" and (after["owner"], after["name"]) != (row["owner"], row["name"]):
            after["name"] += f" {secrets.token_hex(2)}"  # another may have become the same
        into.texts += after != row and table != "audit"
        return after

    if store.state.exists():
        known = encryption.of(store.folder)
        line = AuditLine(0, loads.now(), task["by"], "child erased", ERASED, {"reference": task["reference"], "task": task["task"], "rows": into.rows, "loads": into.loads})
        _state_once(store, change, known.number if known else "", line)
    files.new_edition(task["task"])
    _done(store, task)
    return into


def _state_once(store: Store, change: Any, number: str, line: AuditLine) -> None:
    """Change the rows of the settings database and note it, unless that was done before a crash; and leave nothing of before in its file."""
    state = store.state
    with state.transaction(writing=False):
        pass  # learns what the rows are sealed with
    if state._key != number or not any(old.detail.get("task") == line.detail["task"] for old in state.audit(50, what=line.what)):
        state.change_rows(change, number, line)
    state.compact()


def _write_anew(store: Store, load_id: str, task: str, child: Child | None = None, into: Erased | None = None) -> None:
    files = store._files
    info, old = store._info(load_id), files.snapshot(load_id)
    if info is None or not old.exists():
        raise StoreProblem(f"The load {load_id} is damaged or missing.", _remedy(load_id))
    build.check_room(store.folder, old.stat().st_size)
    built = files.building / f"{load_id}.duckdb"
    built.unlink(missing_ok=True)
    try:
        info = build.rewrite(old, built, info, child, into)
    except duckdb.Error as said:
        if problem := store._damage(load_id, said):
            raise StoreProblem(problem.what, _remedy(load_id)) from None
        raise
    files.publish_again(load_id, built, info.as_json(), task)


def _task_of(store: Store, load_id: str) -> str:
    return (store._files.read_outside(load_id) or {}).get("task", "")


def _every_load_is_whole(store: Store) -> None:
    """Nothing is begun that can't be finished."""
    for load_id in store._files.load_ids():
        if not store._is_whole(load_id):
            raise StoreProblem(f"{store._what_is_damaged(load_id)} Nothing was begun.", _remedy(load_id))


def _remedy(load_id: str) -> str:
    return f"Restore it from a backup, or delete it for good: `python -m cpm_metrics retention --load {load_id}`."


def _no_previews(folder: Path) -> None:
    """What a load would do is worked out in folders of their own (views/preview.py). Whoever looks at one now does so again."""
    for left in folder.glob("preview-*"):
        shutil.rmtree(left, ignore_errors=True)


@contextlib.contextmanager
def _unfinished(folder: Path, what: str) -> Iterator[None]:
    try:
        with writing_to(folder):
            yield
    except KeyProblem:
        raise
    except KeyboardInterrupt:
        raise StoreProblem(f"Stopped. {what} was begun and is not finished; every load is whole.", "Give the same command again: it goes on where it stopped.") from None
    except StoreProblem as problem:
        why = problem.what.replace("so nothing was changed", "so it was not finished").replace(" Nothing was changed.", "")
        raise StoreProblem(f"{what} was begun and is not finished. {why}", f"{problem.remedy} Then give the same command again: it goes on where it stopped.") from None


def _begin(store: Store, task: dict[str, Any]) -> None:
    text = json.dumps(task | {"task": secrets.token_hex(4)})
    known = encryption.of(store.folder)
    beside = store._files.building / PENDING
    write_synced(beside, known.cipher.seal(text, _WHERE) if known else text)
    os.replace(beside, store.folder / PENDING)
    sync(store.folder)


def _pending(store: Store) -> dict[str, Any] | None:
    try:
        text = (store.folder / PENDING).read_text("utf-8")
    except FileNotFoundError:
        return None
    known = encryption.of(store.folder)
    try:
        return json.loads(known.open(text, _WHERE) if known and encryption.is_sealed(text) else text)
    except ValueError:
        raise StoreProblem(f"{store.folder / PENDING} can't be read, so it isn't known what was begun and not finished.", "Take that file away, and give the command again that was stopped.") from None


def _done(store: Store, task: dict[str, Any]) -> None:
    (store.folder / PENDING).unlink()
    sync(store.folder)
