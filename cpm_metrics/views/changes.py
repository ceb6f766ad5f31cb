"""What differs between two computed states: the present load and the one before, or the present load and a week earlier.

*Slipped* is what is further away than it was: a booked CPM, placement planning meeting or review that was put off, or a due date
that moved later while nothing was done. What slips doesn't show in a list of late things: putting a review off takes the
obligations that hang on it out of "overdue". It takes two loads; one load alone has only the last date of each booking.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import pandas as pd

from cpm_metrics.engine import Results
from cpm_metrics.views import lists, look

# What makes an obligation the same in two loads. Several may share it (two actions of one meeting): they are numbered.
KEY = ["rule", "child_id", "care_started", "anchor_date", "n"]


def keyed(which: str) -> str:
    """SQL: the obligations that fit `which`, a condition on `obligation_facts`. Columns: `KEY`, status, team, obligation_id."""
    return f"""
        SELECT rule, child_id, care_started, anchor_date, n, status, team, obligation_id FROM (
            SELECT *, row_number() OVER (PARTITION BY rule, child_id, care_started, anchor_date ORDER BY due_date, detail, obligation_id) AS n
            FROM {lists.fellows(which)}
        ) WHERE {which}"""


@dataclass(frozen=True)
class Changes:
    """`newly_overdue` and `cleared`: rows as `lists.obligations` gives them (cleared ones as `_cleared` does, with `now`: what became of
    them). `flags_new` and `flags_gone`: rows as `lists.flags` gives them. `slipped` and `unsaid` (bookings whose day
    has passed with no outcome recorded, so that it can't be told): rows as `slipped` gives them."""

    newly_overdue: pd.DataFrame
    cleared: pd.DataFrame
    flags_new: pd.DataFrame
    flags_gone: pd.DataFrame
    slipped: pd.DataFrame
    unsaid: pd.DataFrame

    def of(self, teams: Sequence[str]) -> Changes:
        """Those of the chosen teams; all when none is chosen."""
        if not teams:
            return self
        parts = (getattr(self, part.name) for part in fields(self))
        return Changes(*(frame[frame["team"].isin(teams)].reset_index(drop=True) for frame in parts))


def between(before: Results, now: Results) -> Changes:
    """What changed. Nothing is a change in the child's life alone: an obligation that fell due is one too."""
    overdue_now, overdue_then = (r.frame(keyed("status = 'overdue'")) for r in (now, before))
    new = overdue_now.merge(overdue_then[KEY], on=KEY, how="left", indicator=True)
    new = new[new["_merge"] == "left_only"]
    gone = overdue_then.merge(overdue_now[KEY], on=KEY, how="left", indicator=True)
    gone = gone[gone["_merge"] == "left_only"].drop(columns="_merge")
    ids = set(gone["child_id"])
    status_now = now.frame(keyed("list_contains($ids, child_id)"), {"ids": sorted(ids)})
    gone = gone.merge(status_now[[*KEY, "status", "obligation_id"]].rename(columns={"status": "now", "obligation_id": "id_now"}), on=KEY, how="left")
    flags_now, flags_then = lists.flags(now), lists.flags(before)
    moved = slipped(before, now)
    return Changes(
        newly_overdue=lists.obligations(now, ids=new["obligation_id"].tolist()),
        cleared=_cleared(before, now, gone),
        flags_new=without(flags_now, flags_then),
        flags_gone=without(flags_then, flags_now),
        slipped=moved[moved["became"] != "not_recorded"].reset_index(drop=True),
        unsaid=moved[moved["became"] == "not_recorded"].reset_index(drop=True),
    )


def _cleared(before: Results, now: Results, gone: pd.DataFrame) -> pd.DataFrame:
    """What was overdue and isn't, in the order it had, with `now` (its status now; blank for what is gone) and everything else as it
    stands now: its dates, days and sentence. Team, worker and number are those it was overdue under; what is gone keeps its old
    sentence, which says so. `gone`: obligation_id (in `before`), now, id_now (in `now`)."""
    then = lists.obligations(before, ids=gone["obligation_id"].tolist())
    present = lists.obligations(now, ids=gone["id_now"].dropna().astype(int).tolist()).rename(columns={"obligation_id": "id_now"})
    kept = then[["obligation_id", "team", "worker"]].merge(gone[["obligation_id", "now", "id_now"]], on="obligation_id", how="left")
    there = kept.merge(present.drop(columns=["team", "worker"]), on="id_now")
    lost = then[~then["obligation_id"].isin(there["obligation_id"])]
    lost = lost.assign(now=None, why=[f"No longer there. As at {look.day(before.as_at)}: {why}" for why in lost["why"]])
    both = pd.concat([part for part in (there, lost) if len(part)] or [there])[[*then.columns, "now"]]
    return both.set_index("obligation_id").loc[then["obligation_id"]].reset_index()[[*then.columns, "now"]]


def without(flags: pd.DataFrame, others: pd.DataFrame) -> pd.DataFrame:
    known = set(zip(others["indicator"], others["child_id"], strict=True))
    # As a series: an empty list in brackets would choose no columns instead of no rows.
    new = pd.Series([pair not in known for pair in zip(flags["indicator"], flags["child_id"], strict=True)], index=flags.index, dtype=bool)
    return flags[new].reset_index(drop=True)


# -- slipped

KINDS = {"review": "Child in Care Review", "final": "Final plan CPM", "cpm": "Care Planning Meeting", "placement": "Placement planning meeting"}
# One row: a meeting or review that counts for a child in care now, with its kind in the words of `KINDS`.
_MEETINGS = """
    SELECT t.child_id, t.care_started, t.kind, t.day, t.state FROM (
        SELECT child_id, care_started, review_date AS day, state, 'review' AS kind FROM timeline_reviews
        UNION ALL
        SELECT child_id, care_started, meeting_date, state,
            CASE meeting_type WHEN 'final_plan_cpm' THEN 'final' WHEN 'cpm' THEN 'cpm' ELSE 'placement' END
        FROM timeline_meetings WHERE is_cpm OR meeting_type = 'placement_planning'
    ) t JOIN in_care USING (child_id, care_started)
"""
BECAME = {
    "moved": "Moved to a later day", "held_later": "Held later than booked", "cancelled": "Cancelled, no new date",
    "postponed": "Postponed, no new date", "gone": "No longer in the extract, no new date", "due_later": "Due date moved later",
    "not_recorded": "Day passed, outcome not recorded",
}  # fmt: skip


def slipped(before: Results, now: Results) -> pd.DataFrame:
    """Booked meetings put off and due dates moved later, of children who are in care in the same period in both states.

    A booking is a child's earliest one of a kind. It slipped when no meeting of that kind came to be known as held by its day, and
    it was held later, or the earliest booking now is later, or none is booked. "not_recorded": its day has passed and nothing says
    what became of it, so whether it slipped can't be told. A due date slipped when the obligation was open then, is open still, and falls due later.

    Columns: child_id, name, title (what it is), became (a key of `BECAME`), was, moved_to (blank: no new date), days (from one to the
    other), team, worker (of the child now; of the obligation).
    """
    found = pd.concat([_bookings(before, now), _due_dates(before, now)], ignore_index=True)
    found["days"] = (found["moved_to"] - found["was"]).dt.days.astype("Int64")
    found["order"] = found["became"].eq("due_later")
    found = found.sort_values(["order", "was", "child_id", "title"], kind="stable", ignore_index=True)
    return found[["child_id", "name", "title", "became", "was", "moved_to", "days", "team", "worker"]]


def _bookings(before: Results, now: Results) -> pd.DataFrame:
    one = ["child_id", "care_started", "kind"]
    then, present = before.frame(_MEETINGS), now.frame(_MEETINGS)
    booked = then[then["state"] == "booked"].groupby(one, as_index=False)["day"].min().rename(columns={"day": "was"})
    people = now.frame("SELECT child_id, care_started, forename, surname, team, worker FROM children JOIN in_care USING (child_id, care_started)")
    booked = booked.merge(people, on=["child_id", "care_started"])  # in care in this period now, too
    # The first one held since the last that was known then, even if it was recorded late: it is what had been booked.
    last = then[then["state"] == "held"].groupby(one, as_index=False)["day"].max().rename(columns={"day": "last"})
    held = present[present["state"] == "held"].merge(last, on=one, how="left")
    held = held[held["last"].isna() | (held["day"] > held["last"])].groupby(one, as_index=False)["day"].min().rename(columns={"day": "held"})
    ahead = present[present["state"] == "booked"].groupby(one, as_index=False)["day"].min().rename(columns={"day": "ahead"})
    # Told more than once for its day: by the strongest.
    told = present.assign(rank=present["state"].map({"not_recorded": 0, "postponed": 1, "cancelled": 2})).dropna(subset="rank")
    told = told.sort_values("rank", kind="stable").drop_duplicates([*one, "day"]).rename(columns={"day": "was"})[[*one, "was", "state"]]
    out = booked.merge(held, on=one, how="left").merge(ahead, on=one, how="left").merge(told, on=[*one, "was"], how="left")
    out["moved_to"] = out["held"].fillna(out["ahead"])
    out = out[out["moved_to"].isna() | (out["moved_to"] > out["was"])]
    became = out["state"].fillna("gone").where(out["ahead"].isna(), "moved").where(out["held"].isna(), "held_later")
    # Its day has passed, what became of it isn't recorded, and another is booked: that may be the next one.
    out["became"] = became.where(~((became == "moved") & (out["state"] == "not_recorded")), "not_recorded")
    out.loc[out["became"] == "not_recorded", "moved_to"] = pd.NaT
    out["name"] = lists.names(out)
    out["title"] = out["kind"].map(KINDS)
    return out


def _due_dates(before: Results, now: Results) -> pd.DataFrame:
    """Those of one rule and anchor (the actions of one meeting) are told apart by their words, those of the same words by their
    order, and not at all where their number changed."""
    same = ["rule", "child_id", "care_started", "anchor_date"]
    then, present = (r.frame(_OPEN_DATED) for r in (before, now))
    worded = present.merge(then, on=[*same, "detail", "n", "alike"], suffixes=("", "_then"))
    left, left_then = present[~present["obligation_id"].isin(worded["obligation_id"])], then[~then["obligation_id"].isin(worded["obligation_id_then"])]
    alone = left[left["together"] == 1].merge(left_then[left_then["together"] == 1], on=same, suffixes=("", "_then"))
    both = pd.concat([pairs[["obligation_id", "due_date", "due_date_then"]] for pairs in (worded, alone)], ignore_index=True)
    both = both[both["due_date"] > both["due_date_then"]].drop(columns="due_date")
    rows = lists.obligations(now, ids=both["obligation_id"].tolist()).merge(both, on="obligation_id")
    rows = rows[rows["in_care"].astype(bool)]
    return rows.assign(became="due_later", was=rows["due_date_then"], moved_to=rows["due_date"])


_OPEN = "status IN ('overdue', 'due_soon', 'upcoming')"
# One row: an obligation not done yet. `n`: its place among those with the same words, `alike` of them; `together`: how many have
# its rule, child and anchor, closed ones too.
_OPEN_DATED = f"""
    FROM (
        SELECT rule, child_id, care_started, anchor_date, due_date, status, obligation_id, coalesce(detail, '') AS detail,
            row_number() OVER (PARTITION BY rule, child_id, care_started, anchor_date, detail ORDER BY due_date, obligation_id) AS n,
            count(*) OVER (PARTITION BY rule, child_id, care_started, anchor_date, detail) AS alike,
            count(*) OVER (PARTITION BY rule, child_id, care_started, anchor_date) AS together
        FROM {lists.fellows(_OPEN)}
    ) WHERE {_OPEN}
"""
