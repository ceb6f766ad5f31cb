"""What runs at night: load what was delivered; keep a backup that is known to work, and no load past its time. For systemd, Docker, cron
and the Task Scheduler alike.

    python deploy/night.py load /srv/cpm-inbox
    python deploy/night.py backup /var/backups/cpm --keep-days 35 --keep-loads-days 400

load: the inbox holds one folder per extract, named for the day it was taken (2026-11-20). Whoever delivers it writes a file READY into
it last, so that half a delivery is never loaded. Oldest first; what was loaded is deleted from the inbox, because it holds names. A load
that would be surprising (fewer children, an older extract) is not made: it waits for a person, on the page Load.

backup: a new file backup-DATE-TIME.zip, then restored beside it into a scratch folder and checked, then older ones are deleted (the
seven newest always stay). A backup that can't be restored fails the job and deletes no older one. Then, whatever became of the backup,
loads made more than --keep-loads-days ago are deleted for good, but for the current one: how long records are kept is a promise.

The store is the folder that CPM_STORE names. Messages go to standard error, without a child's name. Exit code 1 where a person must look.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
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
    print(text, file=sys.stderr, flush=True)


def load(inbox: Path) -> bool:
    """Every delivery that is ready. -> whether none needs a person."""
    if not inbox.is_dir():
        say(f"There is no folder {inbox}.")
        return False
    fine = True
    for delivery in sorted(path for path in inbox.iterdir() if path.is_dir() and is_day(path.name)):
        if not (delivery / READY).exists():
            say(f"{delivery.name}: not ready yet (no file {READY} in it).")
            continue
        files = sorted(path for path in delivery.iterdir() if path.is_file() and path.name != READY and not path.name.startswith((".", "~$")))
        say(f"{delivery.name}: loading {len(files)} files.")
        if files and cpm("load", *files, "--extract-date", delivery.name, "--who", "night load"):
            shutil.rmtree(delivery)
        else:
            say(f"{delivery.name}: not loaded; its files stay in {inbox}. Load them on the page Load, or take the folder away.")
            fine = False
    return fine


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
    keeping.add_argument("--keep-loads-days", type=int, default=400, help="loads; the current one always stays")
    given = parser.parse_args()
    os.umask(0o077)
    fine = load(given.inbox) if given.command == "load" else backup_and_retention(given.folder, given.keep_days, given.keep_loads_days)
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
