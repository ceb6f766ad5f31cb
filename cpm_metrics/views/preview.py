"""What a load would do, before it is made: built beside, computed, compared with the current load, and thrown away."""

from __future__ import annotations

import dataclasses
import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from cpm_metrics.engine import compute
from cpm_metrics.extracts.problems import Prepared, Problem
from cpm_metrics.settings import Settings
from cpm_metrics.store import LoadInfo, Snapshot, Store, build
from cpm_metrics.store.problems import writing_to
from cpm_metrics.views import contract, history

PREFIX = "preview-"  # then the process that makes it
_IN_USE: set[Path] = set()  # by this process


@dataclass(frozen=True)
class Preview:
    """`problems`: those of the files and those that only show across datasets. `comparison` is None for the first load.
    `carried`: dataset -> extract date, of those that the new files don't have and that carry on."""

    problems: list[Problem]
    children_before: int
    children_after: int
    left_out: int
    """Children left out because they only ever had short breaks (V3, V4)."""
    comparison: history.Comparison | None
    carried: dict[str, date]


def preview(
    store: Store,
    prepared: Prepared,
    extract_date: date,
    settings: Settings,
    progress: Callable[[str, int, int | None], None] = lambda stage, done, total: None,
) -> Preview:
    """Builds the snapshot in a folder of its own inside the store; nothing of the store changes. `progress` may raise to cancel.

    Raises StoreProblem where the disk is full or can't be written to."""
    with writing_to(store.folder):
        return _made(store, prepared, extract_date, settings, progress)


def _made(store: Store, prepared: Prepared, extract_date: date, settings: Settings, progress: Callable[[str, int, int | None], None]) -> Preview:
    progress("Checking across datasets", 0, None)
    before = store.current()
    store.folder.mkdir(parents=True, exist_ok=True)
    clear_leftovers(store.folder)
    folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=store.folder))
    _IN_USE.add(folder)
    try:
        content = build.contents(prepared, extract_date, "preview", before)
        problems = [*prepared.problems, *_across(content, set(prepared.tables))]
        info = LoadInfo("preview", None, extract_date, datetime.now(UTC), "preview", content.files, content.counts(),
                        content.dataset_dates, content.problem_counts())  # fmt: skip
        path = folder / "preview.duckdb"
        build.write(path, content, info, progress)
        snapshot = Snapshot(path, info)
        progress("Working out what would be due", 0, None)
        after = compute(snapshot, settings=settings)
        progress("Comparing with the current load", 0, None)
        earlier = compute(before, settings=settings) if before else None
        in_care = "SELECT count(*) FROM in_care"
        return Preview(
            problems=problems,
            children_before=earlier.rows(in_care)[0][0] if earlier else 0,
            children_after=after.rows(in_care)[0][0],
            left_out=contract.left_out(after),
            comparison=history.compare(before, snapshot, earlier, after) if before else None,
            carried={name: when for name, (when, load) in content.dataset_dates.items() if load != "preview"},
        )
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        _IN_USE.discard(folder)


def _across(content: build.Contents, new: set[str]) -> list[Problem]:
    """What the load would report across datasets, those that carry on included, about its own rows."""
    names = [f.name for f in dataclasses.fields(Problem)]
    return [Problem(**{n: p[n] for n in names}) for p in content.problems if p["across"] and (p["dataset"] is None or p["dataset"] in new)]


def clear_leftovers(folder: Path) -> None:
    """Previews whose process ended before it could take them away (killed, the computer switched off): they hold children's records."""
    for left in folder.glob(f"{PREFIX}*"):
        owner = left.name.removeprefix(PREFIX).partition("-")[0]
        # In a container every process has the same number as the one before it.
        mine = owner == str(os.getpid())
        if left not in _IN_USE and (mine or not (owner.isdigit() and _runs(int(owner)))):
            shutil.rmtree(left, ignore_errors=True)


def _runs(process: int) -> bool:
    if os.name != "posix":
        return False  # no harmless way to ask; a folder that is in use can't be taken away there
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
