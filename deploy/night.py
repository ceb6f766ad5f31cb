"""What runs at night: load what was delivered; keep a backup that is known to work, and no load past its time. For systemd, Docker, cron
and the Task Scheduler alike.

    python deploy/night.py load /srv/cpm-inbox
    python deploy/night.py backup /var/backups/cpm --keep-days 35 --keep-loads-days 400

load: the inbox holds one folder per extract, named for the day it was taken (2026-11-20). Whoever delivers it writes a file READY into
it last, so that half a delivery is never loaded. Oldest first; what was loaded is deleted from the inbox, because it holds names: each
file that the store's current load names, byte for byte, and no other. What else lies in the folder stays, without READY, for a person.
A load that would be surprising (fewer children, an older extract) is not made: it waits for a person, on the page Load.

backup: a new file backup-DATE-TIME.zip, then restored beside it into a scratch folder and checked, then older ones are deleted (the
seven newest always stay). A backup that can't be restored fails the job and deletes no older one. Then, whatever became of the backup,
loads made more than --keep-loads-days ago are deleted for good, but for the current one and the one before it: how long records are kept is a promise.

The store is the folder that CPM_STORE names. Messages go to standard error, without a child's name. Exit code 1 where a person must look.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import subprocess
import sys
import tempfile
import time
from datetime import date, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
READY = "READY"
ALWAYS_KEPT = 7
BACKUP = "backup-????-??-??-??????.zip"


def cpm(*words: object) -> bool:
    """One command of the dashboard; whether it succeeded. What it says goes on to our standard error."""
    done = subprocess.run([sys.executable, "-m", "cpm_metrics", *map(str, words)], cwd=ROOT, stdout=sys.stderr, check=False)
    return done.returncode == 0


def say(text: str) -> None:
    """Dropped where it can't be written: that must not stop the night."""
    try:
        print(text, file=sys.stderr, flush=True)
    except OSError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stderr.fileno())  # what it still holds goes there too, at our end
        os.close(nowhere)


def load(inbox: Path) -> bool:
    """Every delivery that is ready. -> whether none needs a person."""
    if not inbox.is_dir():
        say(f"There is no folder {inbox}.")
        return False
    fine = True
    try:
        for delivery in sorted(path for path in inbox.iterdir() if path.is_dir() and is_day(path.name)):
            fine = delivered(delivery) and fine
    except OSError as problem:
        say(not_allowed(inbox, problem))
        fine = False
    return fine


def delivered(delivery: Path) -> bool:
    """One delivery: loaded and taken out of the inbox, where it is ready. -> whether it needs nobody."""
    try:
        if not (delivery / READY).exists():
            say(f"{delivery.name}: not ready yet (no file {READY} in it).")
            return True
        files = sorted(path for path in delivery.iterdir() if path.is_file() and path.name != READY and not path.name.startswith((".", "~$")))
        for path in files:
            path.open("rb").close()
    except OSError as problem:
        say(f"{delivery.name}: not loaded. {not_allowed(delivery, problem)}")
        return False
    say(f"{delivery.name}: loading {len(files)} files.")
    if not (files and cpm("load", *files, "--extract-date", delivery.name, "--who", "night load")):
        say(f"{delivery.name}: not loaded; its files stay in {delivery.parent}. Load them on the page Load, or take the folder away.")
        return False
    try:
        return taken_out(delivery, files)
    except OSError as problem:
        say(f"{delivery.name}: loaded, but not all of it could be deleted. {not_allowed(delivery, problem)} Delete the rest: it holds names.")
        return False


def taken_out(delivery: Path, files: list[Path]) -> bool:
    """Delete what was loaded, and nothing else. -> whether nothing is left. Raises OSError."""
    known = in_the_store()
    loaded = [path for path in files if (path.name, hashlib.sha256(path.read_bytes()).hexdigest()) in known]
    if not loaded:
        say(f"{delivery.name}: the store's current load doesn't name these files, so nothing was deleted. `history` lists the loads.")
        return False
    (delivery / READY).unlink()  # first: whatever is left must never pass for a delivery
    for path in loaded:
        path.unlink()
    left = len(list(delivery.iterdir()))
    if left:
        say(f"{delivery.name}: loaded. What else is in {delivery} was not ({left} {'file or folder' if left == 1 else 'files or folders'}) and stays there: look at it, and take it away.")
        return False
    delivery.rmdir()
    return True


def in_the_store() -> set[tuple[str, str]]:
    """Name and SHA-256 of each file of the current load; nothing where that can't be told."""
    if str(ROOT) not in sys.path:
        sys.path.insert(0, str(ROOT))
    from cpm_metrics.errors import CpmError
    from cpm_metrics.store import Store

    try:
        current = Store(ROOT / (os.environ.get("CPM_STORE") or "data/store")).current()
    except CpmError:
        return set()
    return {(file.name, file.sha256) for file in current.info.files} if current else set()


def not_allowed(folder: Path, problem: OSError) -> str:
    """What to do about a folder or file that can't be read or emptied."""
    what = f"{problem.filename or folder} can't be read or deleted ({problem.strerror or type(problem).__name__})."
    if not isinstance(problem, PermissionError):
        return what
    return f"{what} The account that runs this needs to read and write there: give the folder {folder} and what is in it to its group, with all rights of the group (docs/hosting.md, part 7)."


def is_day(name: str) -> bool:
    try:
        return bool(re.fullmatch(r"\d{4}-\d{2}-\d{2}", name)) and bool(date.fromisoformat(name))
    except ValueError:
        return False


def backup(folder: Path, keep_days: int) -> bool:
    """A backup, tried out; then older ones go. -> whether the new one can be restored. Raises OSError where the folder can't be written."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    new = folder / f"backup-{datetime.now():%Y-%m-%d-%H%M%S}.zip"
    if not cpm("backup", new, "--who", "night backup"):
        return False
    with tempfile.TemporaryDirectory(dir=folder, prefix="trying-") as scratch:
        trial = Path(scratch) / "store"
        if not (cpm("restore", new, "--store", trial, "--who", "night backup") and cpm("check", "--store", trial)):
            say(f"{new.name} can't be restored. Nothing older was deleted.")
            return False
    oldest = time.time() - keep_days * 24 * 3600
    for path in sorted(folder.glob(BACKUP))[:-ALWAYS_KEPT]:
        if path.stat().st_mtime < oldest:
            path.unlink()
            say(f"{path.name}: deleted, older than {keep_days} days.")
    return True


def backup_and_retention(folder: Path, keep_days: int, keep_loads_days: int) -> bool:
    """-> whether both succeeded; the second is done whatever became of the first."""
    try:
        kept = backup(folder, keep_days)
    except OSError as problem:
        say(f"No backup: {problem.strerror}: {problem.filename}.")
        kept = False
    gone = cpm("retention", "--older-than", keep_loads_days, "--yes", "--who", "night retention")
    return kept and gone


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("load").add_argument("inbox", type=Path)
    keeping = commands.add_parser("backup")
    keeping.add_argument("folder", type=Path)
    keeping.add_argument("--keep-days", type=int, default=35, help="backups; the seven newest always stay")
    keeping.add_argument("--keep-loads-days", type=int, default=400, help="loads; the current one and the one before it always stay")
    given = parser.parse_args()
    os.umask(0o077)
    fine = load(given.inbox) if given.command == "load" else backup_and_retention(given.folder, given.keep_days, given.keep_loads_days)
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
