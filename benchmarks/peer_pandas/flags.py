"""The 15 drift indicators: flags on children in care on the as-at date, for their current period of care."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from benchmarks.peer_pandas.dates import after, before, latest
from benchmarks.peer_pandas.meetings import BOOKED, CANCELLED, POSTPONED
from benchmarks.peer_pandas.status import DUE_SOON, LATE, MISSED, ON_TIME, OVERDUE, UPCOMING
from cpm_metrics.settings import Settings

OPEN_CPM = ("initial-cpm", "cpm-before-review", "agreed-frequency", "cpm-after-change", "final-plan-cpm")
MEETINGS = ("initial-cpm", "cpm-before-review", "statutory-review", "agreed-frequency")
STANDS_STILL = ("no-permanence-plan", "plan-not-achieved", "actions-rolled-over")


def raise_flags(facts, settled: Mapping[str, pd.DataFrame], settings: Settings) -> pd.DataFrame:
    flags = _Flags(facts, settled, settings)
    raised = {
        "no-permanence-plan": (flags.overdue("permanence-plan"), "days"),
        "plan-not-achieved": (flags.plan_not_achieved(), "days"),
        "reviews-without-cpm": (flags.reviews_without_cpm(), "reviews"),
        "cpm-overdue": (flags.cpm_overdue(), "days"),
        "no-recent-cpm": (flags.no_recent_cpm(), "days"),
        "nothing-booked": (flags.nothing_booked(), "days"),
        "rebooked": (flags.rebooked(), "meetings"),
        "actions-overdue": (flags.actions_overdue(), "actions"),
        "actions-rolled-over": (flags.actions_rolled_over(), "actions"),
        "proceedings-long": (flags.proceedings_long(), "week"),
        "no-filing-date": (flags.no_filing_date(), "days"),
        "assessment-out-of-date": (flags.overdue("annual-assessment"), "days"),
        "worker-changes": (flags.worker_changes(), "workers"),
        "placement-moves": (flags.placement_moves(), "placements"),
    }
    raised["silent-drift"] = (flags.silent_drift([raised[code][0] for code in STANDS_STILL]), "obligations")
    return _told(facts, raised)


def _told(facts, raised: Mapping[str, tuple[pd.DataFrame, str]]) -> pd.DataFrame:
    parts = [
        pd.DataFrame({"indicator": code, "care": rows["care"], "since": rows["since"], "figure": rows["figure"].astype("int64"), "unit": unit})
        .assign(grade=rows["grade"] if "grade" in rows else pd.Series(None, rows.index, "str"))
        for code, (rows, unit) in raised.items()
    ]  # fmt: skip
    rows = pd.concat(parts, ignore_index=True)
    rows.insert(1, "child_id", facts.child_ids.take(facts.of(rows["care"], "child").to_numpy()))
    rows.insert(2, "care_started", facts.of(rows["care"], "care_started"))
    return rows.drop(columns="care")


class _Flags:
    """Each method gives `care`, `since`, `figure` (and `grade`), one row per flag."""

    def __init__(self, facts, settled: Mapping[str, pd.DataFrame], settings: Settings) -> None:
        self.facts, self.settled, self.settings = facts, settled, settings
        self.as_at = facts.as_at
        self.flagged = facts.periods["flagged"].to_numpy()

    def in_care(self, rows: pd.DataFrame) -> pd.DataFrame:
        return rows[self.flagged[rows["care"]]]

    def of_rules(self, codes: tuple[str, ...], *statuses: int) -> pd.DataFrame:
        """Obligations of these rules with one of the statuses, of children in care."""
        wanted = (rows.loc[rows["status"].isin(statuses), ["care", "due", "status", "days"]] for rows in map(self.settled.get, codes))
        return self.in_care(pd.concat(wanted, ignore_index=True))

    def overdue(self, code: str) -> pd.DataFrame:
        return self.of_rules((code,), OVERDUE).rename(columns={"due": "since", "days": "figure"})

    def plan_not_achieved(self) -> pd.DataFrame:
        limit = self.settings["plan-not-achieved.limit"]
        p = self.in_care(self.facts.periods)
        p = p[(p["permanence_agreed"] < before(self.as_at, limit)) & p["permanence_achieved"].isna()]
        agreed = p["permanence_agreed"]
        return pd.DataFrame({"care": p["care"], "since": after(agreed, limit), "figure": (self.as_at - agreed).dt.days})

    def reviews_without_cpm(self) -> pd.DataFrame:
        owed = self.settled["cpm-before-review"]
        missed = owed.index[owed["status"].eq(MISSED)]  # both frames have the stretches' index
        closed = self.facts.stretches[self.facts.stretches["held"].notna()]
        closed = self.in_care(closed.assign(met=(~closed.index.isin(missed)).astype("int8"))).iloc[::-1]
        run = closed[closed.groupby("care")["met"].cummax().eq(0)]
        return run.groupby("care")["held"].agg(since="min", figure="size").reset_index()

    def cpm_overdue(self) -> pd.DataFrame:
        return self.of_rules(OPEN_CPM, OVERDUE).groupby("care").agg(since=("due", "min"), figure=("days", "max")).reset_index()

    def no_recent_cpm(self) -> pd.DataFrame:
        limit = self.settings["no-recent-cpm.limit"]
        s = self.in_care(self.facts.stretches[self.facts.stretches["held"].isna() & self.facts.stretches["in_scope"]])
        newest = self.facts.cpm_days.drop_duplicates("care", keep="last").set_index("care")["date"].reindex(s["care"]).set_axis(s.index)
        anchor = latest(newest, self.facts.of(s["care"], "care_started"))
        rows = pd.DataFrame({"care": s["care"], "since": after(anchor, limit), "figure": (self.as_at - anchor).dt.days})
        return rows[anchor <= before(self.as_at, limit)]

    def nothing_booked(self) -> pd.DataFrame:
        m = self.facts.meetings
        booked = m.loc[m["is_cpm"] & m["state"].eq(BOOKED) & (m["date"] > self.as_at), "care"]
        due = self.of_rules(OPEN_CPM, OVERDUE, DUE_SOON, UPCOMING).sort_values("due").drop_duplicates("care")
        due = due[due["status"].isin([OVERDUE, DUE_SOON]) & ~due["care"].isin(booked)]
        return pd.DataFrame({"care": due["care"], "since": due["due"].clip(upper=self.as_at), "figure": (due["due"] - self.as_at).dt.days})

    def rebooked(self) -> pd.DataFrame:
        m = self.facts.meetings
        off = self.in_care(m[m["is_cpm"] & m["state"].isin([CANCELLED, POSTPONED]) & (m["date"] <= self.as_at)])
        held = self.facts.cpm_days.drop_duplicates("care", keep="last").set_index("care")["date"].reindex(off["care"]).set_axis(off.index)
        return self._at_least("rebooked.limit", off[~(off["date"] <= held)].groupby("care")["date"].agg(since="min", figure="size"))

    def actions_overdue(self) -> pd.DataFrame:
        return self.of_rules(("action-completed",), OVERDUE).groupby("care")["due"].agg(since="min", figure="size").reset_index()

    def actions_rolled_over(self) -> pd.DataFrame:
        nth = self.settings["actions-rolled-over.limit"]
        a = self.in_care(self.facts.actions)
        a = a.loc[a["completed_date"].isna(), ["care", "date"]]
        # After the last CPM held up to the day that agreed it, the limit's number further on.
        cpms = self.in_care(self.facts.cpms)[["care", "date"]]
        rank = cpms.groupby("care").cumcount()
        reached = cpms.assign(place=rank).set_index(["care", "place"])["date"]
        held_by_then = pd.merge_asof(a, cpms.assign(place=rank), on="date", by="care")["place"].fillna(-1).astype("int64")
        wanted = pd.MultiIndex.from_arrays([a["care"], held_by_then + nth], names=["care", "place"])
        since = pd.Series(reached.reindex(wanted).to_numpy(), a.index)
        return a.assign(since=since)[since.notna()].groupby("care")["since"].agg(since="min", figure="size").reset_index()

    def _open_proceedings(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Per child in care the earliest issue of the open ones among `rows`: `care`, `issued`."""
        p = self.in_care(self.facts.periods)
        oldest = rows[rows["concluded"].isna()].groupby("child")["issued"].min()
        issued = oldest.reindex(p["child"]).set_axis(p.index)
        return pd.DataFrame({"care": p["care"], "issued": issued})[issued.notna()]

    def proceedings_long(self) -> pd.DataFrame:
        amber, red = self.settings["proceedings-long.amber"], self.settings["proceedings-long.red"]
        rows = self._open_proceedings(self.facts.proceedings)
        week = (self.as_at - rows["issued"]).dt.days // 7 + 1
        since = rows["issued"] + pd.to_timedelta(np.where(week > red, red, amber) * 7, unit="D").as_unit("us")
        return rows.assign(since=since, figure=week, grade=np.where(week > red, "red", "amber"))[week > amber]

    def no_filing_date(self) -> pd.DataFrame:
        rows = self._open_proceedings(self.facts.proceedings[self.facts.proceedings["plan_due"].isna()])
        return pd.DataFrame({"care": rows["care"], "since": rows["issued"], "figure": (self.as_at - rows["issued"]).dt.days})

    def worker_changes(self) -> pd.DataFrame:
        begin = before(self.as_at, self.settings["worker-changes.window"])
        known = self.facts.allocations.known
        seen = known[known["worker"].ge(0) & ~(known["end"] <= begin)].drop_duplicates(["child", "worker"])
        p = self.in_care(self.facts.periods)
        seen = seen.merge(p[["child", "care"]], on="child").sort_values("date")
        return self._nth_of("worker-changes.limit", seen, "date")

    def placement_moves(self) -> pd.DataFrame:
        begin = before(self.as_at, self.settings["placement-moves.window"])
        moves = self.in_care(self.facts.placements)
        return self._nth_of("placement-moves.limit", moves[moves["placement_start"] > begin].sort_values("placement_start"), "placement_start")

    def silent_drift(self, still: list[pd.DataFrame]) -> pd.DataFrame:
        counted = self.of_rules(MEETINGS, ON_TIME, LATE, MISSED, OVERDUE)
        counted = counted[(counted["due"] > before(self.as_at, self.settings["silent-drift.window"])) & (counted["due"] <= self.as_at)]
        timely = counted.assign(on_time=counted["status"].eq(ON_TIME)).groupby("care")["on_time"].agg(figure="size", every="all")
        since = pd.concat(still).groupby("care")["since"].min()
        return timely[timely["every"]].join(since, how="inner").reset_index()

    def _at_least(self, limit: str, groups: pd.DataFrame) -> pd.DataFrame:
        return groups[groups["figure"] >= self.settings[limit]].reset_index()

    def _nth_of(self, limit: str, rows: pd.DataFrame, day: str) -> pd.DataFrame:
        """Where there are as many as the limit: how many, since the day of the one that reached it. Rows are in order of day."""
        groups = rows.groupby("care")[day]
        reached = rows[groups.cumcount() == self.settings[limit] - 1].set_index("care")[day]
        return self._at_least(limit, pd.DataFrame({"figure": groups.size()}).join(reached.rename("since")))
