"""What a load would do, before it is made: built beside, computed, compared with the current load, and thrown away."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from cpm_metrics.engine import compute
from cpm_metrics.extracts.cross_checks import cross_checks
from cpm_metrics.extracts.problems import Prepared, Problem
from cpm_metrics.settings import Settings
from cpm_metrics.store import LoadInfo, Snapshot, Store, build
from cpm_metrics.views import contract, history


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
    """Builds the snapshot in a folder of its own inside the store; nothing of the store changes. `progress` may raise to cancel."""
    progress("Checking across datasets", 0, None)
    problems = [*prepared.problems, *cross_checks(prepared.tables, extract_date, sources=prepared.sources)]
    before = store.current()
    store.folder.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="preview-", dir=store.folder))
    try:
        content = build.contents(prepared, extract_date, "preview", before)
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
