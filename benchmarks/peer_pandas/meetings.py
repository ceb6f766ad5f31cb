"""Meetings and actions of each period of care."""

from __future__ import annotations

import numpy as np
import pandas as pd

from benchmarks.peer_pandas.lookup import one_a_day, within_care

HELD, BOOKED, NOT_RECORDED, POSTPONED, CANCELLED = range(5)
"""How a meeting or review stands; where two rows tell of one day, the lower number wins."""


def state_of(day: pd.Series, status: pd.Series, words: pd.Series, as_at: pd.Timestamp) -> np.ndarray:
    """A status in words that can't be read is not taken for held; booked for the as-at date itself is still booked."""
    booked = status.eq("booked")
    return np.select(
        [status.eq("cancelled"), status.eq("postponed"), day.gt(as_at) | (booked & day.eq(as_at)), booked | (status.isna() & words.notna())],
        [CANCELLED, POSTPONED, BOOKED, NOT_RECORDED],
        HELD,
    ).astype("int8")


def placed_meetings(meetings: pd.DataFrame, periods: pd.DataFrame, as_at: pd.Timestamp) -> pd.DataFrame:
    """One row: a meeting and child within a period of care. `row` is its row in `meetings`, which keeps the other columns."""
    kind = meetings["meeting_type"]
    final = kind.eq("final_plan_cpm")
    is_cpm = kind.eq("cpm") | final
    slim = pd.DataFrame(
        {
            "child": meetings["child"],
            "meeting": meetings["meeting"],
            "date": meetings["meeting_date"],
            "row": np.arange(len(meetings)),
            "state": state_of(meetings["meeting_date"], meetings["status"], meetings["status_text"], as_at),
            "is_cpm": is_cpm,
            "is_final": final,
            "is_review": kind.eq("review"),
            "plans_placement": kind.eq("placement_planning") | (is_cpm & meetings["also_placement_planning"].fillna(False).astype(bool)),
        }
    )
    placed = within_care(slim, "date", periods, "opens")
    early = placed["is_review"] & (placed["date"].to_numpy() < periods["opens_reviews"].to_numpy()[placed["care"]])
    return placed[~early].sort_values("date", kind="stable", ignore_index=True)


def final_plans_held(meetings: pd.DataFrame, ids, as_at: pd.Timestamp) -> pd.DataFrame:
    """One row: a day on which a CPM before the final plan was held for a child, in care or not."""
    final = meetings[meetings["meeting_type"].eq("final_plan_cpm")].rename(columns={"meeting_date": "date"})
    return one_a_day(final[state_of(final["date"], final["status"], final["status_text"], as_at) == HELD], ids, by="child")


def actions_of_care(actions: pd.DataFrame, meetings: pd.DataFrame, placed: pd.DataFrame, as_at: pd.Timestamp) -> pd.DataFrame:
    """One row: an action of a CPM of a period of care, `date` being the meeting's. By the meeting's ID, else by its day."""
    cpms = placed.loc[placed["is_cpm"] & (placed["date"] <= as_at), ["child", "care", "meeting", "date", "state"]]
    with_id = meetings[(meetings["meeting"] >= 0) & meetings["meeting_type"].notna()]
    by_id = _pair(actions).isin(_pair(with_id)) & (actions["meeting"] >= 0)
    actions = actions.assign(
        action=np.arange(len(actions)), completed_date=actions["completed_date"].where(actions["completed_date"] <= as_at)
    )
    columns = ["action", "child", "due_date", "completed_date"]
    linked = pd.concat(
        [
            actions.loc[by_id, [*columns, "meeting"]].merge(cpms, on=["child", "meeting"]),
            actions.loc[~by_id, [*columns, "meeting_date"]].merge(cpms, left_on=["child", "meeting_date"], right_on=["child", "date"]),
        ],
        ignore_index=True,
    )[[*columns, "care", "date", "state"]]
    # Two CPMs on one day: the action is still one, of the one held if any.
    linked = linked.assign(not_held=linked["state"].ne(HELD)).sort_values(["not_held", "date"])
    return linked.drop_duplicates(["action", "care"]).sort_values("date", ignore_index=True)


def _pair(rows: pd.DataFrame) -> pd.Series:
    """Child and meeting ID in one number."""
    return rows["child"].astype("int64") * 2**32 + rows["meeting"]
