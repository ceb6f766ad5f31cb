"""What was known on the as-at date, put together once for all rules: periods of care, meetings, reviews, stretches and the rest.

Children and meeting IDs are whole numbers here (`child`, `meeting`), and a period of care is its row number in `periods` (`care`).
Frames of events have their day as `date` and are in order of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
import pyarrow as pa

from benchmarks.peer_pandas.allocations import Allocations, known_allocations
from benchmarks.peer_pandas.dates import DATE, days
from benchmarks.peer_pandas.lookup import NONE, one_a_day, within_care
from benchmarks.peer_pandas.meetings import HELD, actions_of_care, final_plans_held, placed_meetings
from benchmarks.peer_pandas.periods import periods_of_care
from benchmarks.peer_pandas.reviews import Knowledge, known_reviews, review_knowledge
from benchmarks.peer_pandas.stretches import stretches_of_care
from benchmarks.peer_pandas.tables import LISTS, USED
from cpm_metrics.settings import Settings

PLACED = ("child_id", "meeting_id", "meeting_type", "meeting_date", "status", "status_text", "also_placement_planning")
ASKED = [name for name in USED["meetings"] if name not in PLACED]
"""The columns of meetings that only rules about one CPM's record ask for."""


@dataclass
class Facts:
    as_at: pd.Timestamp
    child_ids: pd.api.extensions.ExtensionArray
    meeting_ids: pd.api.extensions.ExtensionArray
    periods: pd.DataFrame
    allocations: Allocations
    meetings: pd.DataFrame
    """One row: a meeting of a period of care, any kind and state."""
    cpms: pd.DataFrame
    """One row: a CPM held, with all its columns."""
    cpm_days: pd.DataFrame
    """One row: a day on which a CPM was held, in a period of care."""
    final_plans: pd.DataFrame
    """One row: a day on which a CPM before the final plan was held for a child, in care or not."""
    reviews: pd.DataFrame
    """One row: a review held; `n` numbers them within the period of care."""
    knowledge: Knowledge
    stretches: pd.DataFrame
    placements: pd.DataFrame
    changes: pd.DataFrame
    assessments: pd.DataFrame
    """One row: a day with a child or family assessment of a child."""
    assessments_begin: pd.Timestamp
    """The first day of a table of assessments that is known to begin on some day (SSD), else NaT."""
    specialist: pd.DataFrame
    proceedings: pd.DataFrame
    actions: pd.DataFrame

    @cached_property
    def ordinary_cpms(self) -> pd.DataFrame:
        return self.cpms[~self.cpms["is_final"]]

    @cached_property
    def final_cpms(self) -> pd.DataFrame:
        return self.cpms[self.cpms["is_final"]]

    def upto(self, column: pd.Series) -> pd.Series:
        return column.where(column <= self.as_at)

    def of(self, care: pd.Series, column: str) -> pd.Series:
        """A column of `periods` for each row's period of care."""
        return pd.Series(self.periods[column].array.take(care.to_numpy()), care.index)


def known_facts(tables: Mapping[str, pd.DataFrame], as_at, settings: Settings) -> Facts:
    as_at = pd.Timestamp(as_at).as_unit("us")
    tables, child_ids, meeting_ids = _numbered(tables)

    def upto(column: pd.Series) -> pd.Series:
        return column.where(column <= as_at)

    allocations = known_allocations(tables["allocations"], tables["cases"], as_at)
    periods = periods_of_care(tables["cases"], tables["legal_statuses"], as_at, settings)
    meetings = placed_meetings(tables["meetings"], periods, as_at)
    cpms = meetings[meetings["is_cpm"] & meetings["state"].eq(HELD)]
    cpms = pd.concat([cpms, tables["meetings"][ASKED].take(cpms["row"]).set_index(cpms.index)], axis=1)
    timeline = known_reviews(tables, meetings, periods, meeting_ids, as_at)
    reviews = timeline[timeline["state"].eq(HELD)]
    reviews = reviews.assign(n=reviews.groupby("care").cumcount() + 1)
    knowledge = review_knowledge(periods, reviews, tables["reviews"]["review_date"], settings)

    proceedings = tables["proceedings"]
    proceedings = proceedings[proceedings["issued"] <= as_at]
    proceedings = proceedings.assign(
        **{name: upto(proceedings[name]) for name in ("concluded", "la_assessment", "experts_received", "plan_filed")}
    ).sort_values(["issued", "source", "row"])
    stretches = stretches_of_care(periods, timeline, reviews, knowledge, proceedings, tables, as_at, settings)

    placements = tables["placements"]
    placements = placements[placements["placement_start"] <= as_at]
    placements = placements.assign(placement_end=upto(placements["placement_end"]))
    changes = tables["changes"].rename(columns={"change_date": "date"})
    changes = within_care(changes[changes["date"] <= as_at], "date", periods)

    assessments = tables["assessments"].rename(columns={"assessment_date": "date"})
    of_child = assessments["assessment_type"].eq("child")
    from_ssd = assessments.loc[of_child, "assessment_type_text"].eq("Child and family assessment (SSD)").all()
    begin = assessments.loc[of_child, "date"].min() if from_ssd else pd.NaT
    assessments = assessments[assessments["date"] <= as_at].sort_values("date")
    specialist = assessments[assessments["assessment_type"].eq("specialist")]

    return Facts(
        as_at=as_at,
        child_ids=child_ids,
        meeting_ids=meeting_ids,
        periods=periods,
        allocations=allocations,
        meetings=meetings,
        cpms=cpms,
        cpm_days=one_a_day(cpms, meeting_ids),
        final_plans=final_plans_held(tables["meetings"], meeting_ids, as_at),
        reviews=reviews,
        knowledge=knowledge,
        stretches=stretches,
        placements=_with_previous(within_care(placements, "placement_start", periods)),
        changes=changes[["care", "child", "date"]].drop_duplicates().sort_values("date"),
        assessments=assessments.loc[assessments["assessment_type"].eq("child"), ["child", "date"]].drop_duplicates(),
        assessments_begin=begin,
        specialist=within_care(specialist[["child", "date"]], "date", periods),
        proceedings=proceedings,
        actions=actions_of_care(tables["actions"], tables["meetings"], meetings, as_at),
    )


def _numbered(tables: Mapping[str, pd.DataFrame]):
    """The tables cut down to what is used, children and meeting IDs as numbers, rows of children without a case left out."""
    frames = {name: tables[name][list(columns)] for name, columns in USED.items()}
    codes, child_ids = pd.factorize(pd.concat([frame["child_id"] for frame in frames.values()], ignore_index=True))
    known = codes[: len(frames["cases"])].max(initial=NONE) + 1  # cases come first: later numbers have no case
    ends = np.cumsum([len(frame) for frame in frames.values()])[:-1]
    meeting_codes, meeting_ids = pd.factorize(
        pd.concat([frames["meetings"]["meeting_id"], frames["actions"]["meeting_id"]], ignore_index=True)
    )
    split = len(frames["meetings"])
    meeting = {"meetings": meeting_codes[:split], "actions": meeting_codes[split:]}
    out = {}
    for (name, frame), child in zip(frames.items(), np.split(codes, ends), strict=True):
        kept = frame.drop(columns=["child_id", "meeting_id"], errors="ignore").assign(child=child.astype("int32"))
        if name in meeting:
            kept["meeting"] = meeting[name].astype("int32")
        kept = kept if (child < known).all() else kept[child < known]
        out[name] = _typed(kept).reset_index(drop=True)
    return out, child_ids.array, meeting_ids.array


def _typed(frame: pd.DataFrame) -> pd.DataFrame:
    """Dates in one unit; lists as Arrow's, whatever they were read with."""
    dates = {name: DATE for name, kind in frame.dtypes.items() if kind.kind == "M" and kind != DATE}
    lists = {name: pd.ArrowDtype(pa.list_(pa.string())) for name in LISTS if name in frame and frame[name].dtype == "object"}
    return frame.astype(dates | lists) if dates or lists else frame


def _with_previous(placements: pd.DataFrame) -> pd.DataFrame:
    """Beside each placement, when the last one before it in the same period of care began (not on the same day)."""
    starts = placements[["care", "placement_start"]].drop_duplicates().sort_values("placement_start")
    starts["opens_after"] = starts.groupby("care")["placement_start"].shift() + days(1)
    return placements.merge(starts, on=["care", "placement_start"]).sort_values("placement_start", ignore_index=True)
