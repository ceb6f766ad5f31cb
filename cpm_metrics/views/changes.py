"""What differs between two computed states: the present load and the one before, or the present load and a week earlier."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd

from cpm_metrics.engine import Results, compute
from cpm_metrics.extracts.problems import Prepared
from cpm_metrics.settings import Settings
from cpm_metrics.store import LoadInfo, Snapshot, Store, build
from cpm_metrics.views import lists

# What makes an obligation the same in two loads. Several may share it (two actions of one meeting): they are numbered.
KEY = ["rule", "child_id", "care_started", "anchor_date", "n"]
_KEYED = """
    SELECT rule, child_id, care_started, anchor_date, status, team, obligation_id,
        row_number() OVER (PARTITION BY rule, child_id, care_started, anchor_date ORDER BY due_date, detail, obligation_id) AS n
    FROM obligation_facts
"""


@dataclass(frozen=True)
class Changes:
    """`newly_overdue` and `cleared`: rows as `lists.obligations` gives them (cleared ones from the earlier state, with `now`:
    what became of them). `flags_new` and `flags_gone`: rows as `lists.flags` gives them."""

    newly_overdue: pd.DataFrame
    cleared: pd.DataFrame
    flags_new: pd.DataFrame
    flags_gone: pd.DataFrame

    def of(self, teams: Sequence[str]) -> Changes:
        """Those of the chosen teams; all when none is chosen."""
        if not teams:
            return self
        return Changes(*(f[f["team"].isin(teams)].reset_index(drop=True)
                         for f in (self.newly_overdue, self.cleared, self.flags_new, self.flags_gone)))  # fmt: skip


def between(before: Results, now: Results) -> Changes:
    """What changed. Nothing is a change in the child's life alone: an obligation that fell due is one too."""
    overdue_now, overdue_then = (r.frame(f"FROM ({_KEYED}) WHERE status = 'overdue'") for r in (now, before))
    new = overdue_now.merge(overdue_then[KEY], on=KEY, how="left", indicator=True)
    new = new[new["_merge"] == "left_only"]
    gone = overdue_then.merge(overdue_now[KEY], on=KEY, how="left", indicator=True)
    gone = gone[gone["_merge"] == "left_only"].drop(columns="_merge")
    ids = set(gone["child_id"])
    status_now = now.frame(f"SELECT * FROM ({_KEYED}) WHERE list_contains($ids, child_id)", {"ids": sorted(ids)})
    gone = gone.merge(status_now[[*KEY, "status"]].rename(columns={"status": "now"}), on=KEY, how="left")
    cleared = lists.obligations(before, ids=gone["obligation_id"].tolist())
    cleared = cleared.merge(gone[["obligation_id", "now"]], on="obligation_id", how="left")
    flags_now, flags_then = lists.flags(now), lists.flags(before)
    return Changes(
        newly_overdue=lists.obligations(now, ids=new["obligation_id"].tolist()),
        cleared=cleared,
        flags_new=_without(flags_now, flags_then),
        flags_gone=_without(flags_then, flags_now),
    )


def _without(flags: pd.DataFrame, others: pd.DataFrame) -> pd.DataFrame:
    known = set(zip(others["indicator"], others["child_id"], strict=True))
    return flags[[pair not in known for pair in zip(flags["indicator"], flags["child_id"], strict=True)]].reset_index(drop=True)


@dataclass(frozen=True)
class Preview:
    """What a load would do, before it is made."""

    children_before: int
    children_after: int
    added: list[str]
    gone: list[str]
    changes: Changes | None
    """None where nothing was loaded before."""
    carried: dict[str, date]
    """Dataset -> extract date, of those that the new files don't have and that carry on."""


def preview(store: Store, prepared: Prepared, extract_date: date, settings: Settings) -> Preview:
    """Builds the snapshot in a folder of its own inside the store, computes it, and throws it away."""
    before = store.current()
    store.folder.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="preview-", dir=store.folder))
    try:
        content = build.contents(prepared, extract_date, "preview", before)
        info = LoadInfo("preview", None, extract_date, pd.Timestamp.now("UTC").to_pydatetime(), "preview", content.files,
                        content.counts(), content.dataset_dates, content.problem_counts())  # fmt: skip
        path = folder / "preview.duckdb"
        build.write(path, content, info, lambda stage, done, total: None)
        snapshot = Snapshot(path, info)
        after = compute(snapshot, settings=settings)
        earlier = compute(before, settings=settings) if before else None
        now_ids = snapshot.children()
        then_ids = before.children() if before else set()
        in_care = "SELECT count(*) FROM in_care"
        return Preview(
            children_before=earlier.rows(in_care)[0][0] if earlier else 0,
            children_after=after.rows(in_care)[0][0],
            added=sorted(now_ids - then_ids),
            gone=sorted(then_ids - now_ids),
            changes=between(earlier, after) if earlier else None,
            carried={name: when for name, (when, load) in content.dataset_dates.items() if load != "preview"},
        )
    finally:
        shutil.rmtree(folder, ignore_errors=True)
