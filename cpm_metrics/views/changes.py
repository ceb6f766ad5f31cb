"""What differs between two computed states: the present load and the one before, or the present load and a week earlier."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from cpm_metrics.engine import Results
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
