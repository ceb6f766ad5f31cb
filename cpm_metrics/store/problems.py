"""What can be wrong with a store or a load, said in words that can be shown to anyone."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import sqlalchemy.exc

from cpm_metrics.errors import NeedsConfirmation, StoreProblem

if TYPE_CHECKING:
    from cpm_metrics.store.loads import LoadInfo

STILL_SERVED = "Everything loaded before is whole and still served."


class SurprisingLoad(NeedsConfirmation):
    """The load is possible but surprising. `reasons` lists codes, `explanations` says each in a sentence.

    Codes: same_files, children_lost, emptied, older_extract, clock_behind, future_extract.
    """

    def __init__(self, explanations: dict[str, str]) -> None:
        self.explanations = explanations
        self.reasons = list(explanations)
        super().__init__(
            " ".join(explanations.values()), "If that is right, confirm the load. Nothing has changed yet."
        )


class DamagedStore(StoreProblem):
    """The current load can't be read. `last_good` is the newest load that can (None where there is none)."""

    def __init__(self, what: str, last_good: LoadInfo | None) -> None:
        self.last_good = last_good
        super().__init__(what, _how_to_recover(last_good))


class KeyProblem(StoreProblem):
    """The store is encrypted, or should be, and the key is missing, not the right one, or no key. Nothing in the store is damaged by it."""


def _how_to_recover(last_good: LoadInfo | None) -> str:
    if last_good is None:
        return "No other load can be read either: restore the store's folder from a backup, or load the files again."
    return (
        f"The last good load has the extract date {day(last_good.extract_date)} and was loaded on "
        f"{moment(last_good.loaded_at)}. To make it current choose 'Go back to the last good load', or type "
        "`python -m cpm_metrics recover`."
    )


def day(value: date) -> str:
    return f"{value.day} {value:%B %Y}"


def moment(value: datetime) -> str:
    return f"{day(value)} at {value:%H:%M} UTC"


def megabytes(count: int) -> str:
    return f"{max(count, 1) / 1_000_000:,.1f} MB"


@contextmanager
def writing_to(folder: Path) -> Iterator[None]:
    """Turn what the disk or the databases say into a StoreProblem.

    Only the kind of failure is passed on, never the text: DuckDB quotes the data it stumbled over.
    """
    try:
        yield
    except OSError as error:
        raise _from_disk(folder, error.errno) from None
    except duckdb.OutOfMemoryException:
        raise StoreProblem(
            f"This load needs more memory than the limit allows. {STILL_SERVED}",
            "Close other programs, or set CPM_MEMORY_LIMIT to more, for example 4GB, and load again.",
        ) from None
    except (duckdb.Error, sqlalchemy.exc.SQLAlchemyError) as error:
        number = _errno_of(str(error), folder)
        if number is not None:
            raise _from_disk(folder, number) from None
        raise StoreProblem(
            f"The load could not be written to {folder} ({type(error).__name__}). {STILL_SERVED}",
            "Try again; if it happens again, tell whoever looks after this dashboard.",
        ) from None


_SAID = {
    "No space left": errno.ENOSPC,
    "disk is full": errno.ENOSPC,
    "File too large": errno.EFBIG,
    "Read-only": errno.EROFS,
    "readonly": errno.EROFS,
    "unable to open": errno.EROFS,
    "Permission denied": errno.EACCES,
    "Input/output error": errno.EIO,
    "disk I/O error": errno.EIO,
}
_FULL = 1_000_000  # bytes free, or fewer
ROOM_TO_GO_ON = 10_000_000


def said_by_the_disk(text: str) -> str:
    """The words of the operating system in a database's message; "" where there are none."""
    return next((words for words in _SAID if words in text), "")


def _errno_of(text: str, folder: Path) -> int | None:
    """The databases say in words what the disk said in numbers."""
    words = said_by_the_disk(text)
    # SQLite has one word for all that goes wrong beneath it, and another for all that keeps a file from being made.
    if words in ("", "disk I/O error", "unable to open") and is_full(folder):
        return errno.ENOSPC
    return _SAID.get(words)


def is_full(folder: Path) -> bool:
    """Whether the disk that holds the folder has no room left (one that can't be written to at all is not full)."""
    return folder.is_dir() and os.access(folder, os.W_OK) and shutil.disk_usage(folder).free < _FULL


def _from_disk(folder: Path, number: int | None) -> StoreProblem:
    if number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return StoreProblem(
            f"The disk that holds {folder} is full, so nothing was changed. {STILL_SERVED}",
            f"Make room on it ({megabytes(ROOM_TO_GO_ON)} at least), or ask for more, and try again.",
        )
    if number in (errno.EROFS, errno.EACCES, errno.EPERM):
        return StoreProblem(
            f"The folder {folder} can't be written to, so nothing was changed. {STILL_SERVED}",
            "Give the account that runs this program permission to write there, or name another folder with --store.",
        )
    if number in (errno.ENOTDIR, errno.EEXIST):
        return StoreProblem(
            f"The store {folder} is not a folder, or lies inside something that is not one.",
            "Name a folder with --store or CPM_STORE; it is made where it doesn't exist.",
        )
    return StoreProblem(
        f"The folder {folder} could not be written ({errno.errorcode.get(number or 0, 'unknown fault')}). {STILL_SERVED}",
        "Check the disk and try again.",
    )
