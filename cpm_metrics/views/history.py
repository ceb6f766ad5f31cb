"""The loads: what each brought, what differs between two of them, and what is said now of earlier months beside what was known then."""

from __future__ import annotations

import calendar
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date, timedelta

import pandas as pd

from cpm_metrics import workdays
from cpm_metrics.engine import COUNTED, Results
from cpm_metrics.extracts.datasets import DATASETS
from cpm_metrics.settings import Limit
from cpm_metrics.store import LoadInfo, Snapshot, connect
from cpm_metrics.views import changes, lists, look

# -- the list of loads


def loads(history: Sequence[LoadInfo], current: str | None) -> pd.DataFrame:
    """One row per load, newest first: load_id, state ("Current", "Earlier", "Undone"), extract_date, loaded_at (UTC), by, files, one
    column per dataset (rows; blank where it was never loaded), carried (datasets that carried on), error, warning, note."""
    rows = []
    for info in history:
        rows.append({
            "load_id": info.load_id, "state": "Current" if info.load_id == current else "Undone" if info.undone else "Earlier",
            "extract_date": pd.Timestamp(info.extract_date), "loaded_at": pd.Timestamp(info.loaded_at).tz_convert("UTC").tz_localize(None).floor("s"),
            "by": info.by, "files": "; ".join(file.name for file in info.files),
            **{name: info.counts.get(name) for name in DATASETS},
            "carried": "; ".join(DATASETS[name].title for name in carried_on(info)),
            **{severity: info.problem_counts.get(severity, 0) for severity in look.SEVERITY},
        })  # fmt: skip
    columns = ["load_id", "state", "extract_date", "loaded_at", "by", "files", *DATASETS, "carried", *look.SEVERITY]
    return pd.DataFrame(rows, columns=columns).astype({name: "Int64" for name in (*DATASETS, *look.SEVERITY)})


def carried_on(info: LoadInfo) -> dict[str, date]:
    """Dataset -> its own extract date, of those that came with an earlier load."""
    return {name: day for name, (day, load) in info.dataset_dates.items() if load != info.load_id and name in DATASETS}


def tables_read(snapshot: Snapshot) -> pd.DataFrame:
    """One row per table that came with this load itself: Table, Dataset, Rows read, Rows loaded, Rows left out (read = loaded + left out)."""
    rows = [
        (f"{s['file']}, sheet {s['sheet']}" if s["sheet"] else s["file"], DATASETS[s["dataset"]].title, s["rows_read"], s["rows_loaded"], s["rows_left_out"])
        for s in sorted(snapshot.table("sources").to_pylist(), key=lambda s: s["source"]) if s["from_load"] == snapshot.info.load_id
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["Table", "Dataset", "Rows read", "Rows loaded", "Rows left out"])


def ages(info: LoadInfo, today: date) -> pd.DataFrame:
    """One row per dataset, in their order: title, extract_date (NaT where it was never loaded), carried (bool), days (from that date
    to `today`), rows."""
    rows = []
    for name, dataset in DATASETS.items():
        day, load = info.dataset_dates.get(name, (None, None))
        rows.append((dataset.title, pd.Timestamp(day) if day else pd.NaT, day is not None and load != info.load_id, (today - day).days if day else None, info.counts.get(name)))
    return pd.DataFrame(rows, columns=["title", "extract_date", "carried", "days", "rows"]).astype({"days": "Int64", "rows": "Int64"})


def is_older_than(day: date, limit: Limit, today: date) -> bool:
    """Whether `day` lies further back than the limit: with 8 days, eight days old isn't, nine is."""
    if limit.unit == "calendar days":
        return day + timedelta(days=limit.amount) < today
    if limit.unit == "weeks":
        return day + timedelta(weeks=limit.amount) < today
    if limit.unit == "months":
        return month_after(day, limit.amount) < today
    return workdays.plus(day, limit.amount) < today


def month_after(day: date, months: int) -> date:
    """A calendar month is that many months on: 31 January + 1 = 28 (29) February."""
    year, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + year, month + 1
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


# -- two loads compared


@dataclass(frozen=True)
class Comparison:
    """What differs between an older and a newer load, each as at its own extract date.

    `added` and `gone`: children in one load's cases only (child_id, name, team, worker, in_care, care_started, care_ceased).
    `moved`: children whose team differs (child_id, name, team_before, team, worker). `newly_overdue`, `cleared`: as in
    changes.Changes. `back_dated`: events as `back_dated` gives them.
    """

    added: pd.DataFrame
    gone: pd.DataFrame
    moved: pd.DataFrame
    newly_overdue: pd.DataFrame
    cleared: pd.DataFrame
    back_dated: pd.DataFrame

    def of(self, teams: Sequence[str]) -> Comparison:
        """Those of the chosen teams (a child who moved: of either team); all when none is chosen."""
        if not teams:
            return self
        out = []
        for part in fields(self):
            frame = getattr(self, part.name)
            mine = frame["team"].isin(teams)
            if "team_before" in frame:
                mine |= frame["team_before"].isin(teams)
            out.append(frame[mine].reset_index(drop=True))
        return Comparison(*out)


def compare(older: Snapshot, newer: Snapshot, then: Results, now: Results) -> Comparison:
    """`then` and `now` are the two loads' results as at their own extract dates."""
    before, after = _people(then), _people(now)
    both = after.merge(before[["child_id", "team"]].rename(columns={"team": "team_before"}), on="child_id")
    moved = both[both["team"].fillna("") != both["team_before"].fillna("")]
    between = changes.between(then, now)
    return Comparison(
        added=after[~after["child_id"].isin(before["child_id"])].reset_index(drop=True),
        gone=before[~before["child_id"].isin(after["child_id"])].reset_index(drop=True),
        moved=moved[["child_id", "name", "team_before", "team", "worker", "in_care"]].reset_index(drop=True),
        newly_overdue=between.newly_overdue,
        cleared=between.cleared,
        back_dated=_named(back_dated(older, newer), now),
    )


def _people(results: Results) -> pd.DataFrame:
    """One row per child of the load, with the latest period of care begun by then."""
    frame = results.frame(
        """SELECT c.child_id, c.forename, c.surname, c.team, c.worker, c.in_care, c.care_started, c.care_ceased
           FROM children c WHERE c.current ORDER BY c.team, c.worker, c.child_id"""
    )
    frame.insert(1, "name", lists.names(frame))
    return frame.drop(columns=["forename", "surname"])


# Things that happen to a child or are done for one: words, dataset, its date, what must also be true, what tells two of one day
# apart, and what is shown beside it. A meeting's own dates belong to the day of the meeting.
_EVENTS: tuple[tuple[str, str, str, str, str, str], ...] = (
    ("Came into care", "cases", "care_started", "true", "''", "NULL"),
    ("Left care", "cases", "care_ceased", "true", "''", "reason_ceased"),
    ("Care plan completed", "cases", "care_plan_completed", "true", "''", "NULL"),
    ("Placement plan completed", "cases", "placement_plan_completed", "true", "''", "NULL"),
    ("Permanence plan agreed", "cases", "permanence_agreed", "true", "''", "permanence_plan_text"),
    ("Permanence achieved", "cases", "permanence_achieved", "true", "''", "NULL"),
    ("Child in Care Review held", "cases", "latest_review", "true", "''", "NULL"),
    ("Child in Care Review held", "reviews", "review_date", "HELD", "''", "NULL"),
    ("Child in Care Review held", "meetings", "meeting_date", "HELD AND meeting_type = 'review'", "''", "NULL"),
    ("Care Planning Meeting held", "meetings", "meeting_date", "HELD AND meeting_type = 'cpm'", "''", "NULL"),
    ("Final plan CPM held", "meetings", "meeting_date", "HELD AND meeting_type = 'final_plan_cpm'", "''", "NULL"),
    ("Placement planning meeting held", "meetings", "meeting_date", "HELD AND meeting_type = 'placement_planning'", "''", "NULL"),
    ("Minutes distributed", "meetings", "minutes_distributed", "true", "meeting_date::VARCHAR", "'of the meeting of ' || strftime(meeting_date, '%-d %b %Y')"),
    ("Minutes put on file", "meetings", "minutes_uploaded", "true", "meeting_date::VARCHAR", "'of the meeting of ' || strftime(meeting_date, '%-d %b %Y')"),
    ("Minutes put on the Child Permanence Report", "meetings", "minutes_on_cpr", "true", "meeting_date::VARCHAR", "'of the meeting of ' || strftime(meeting_date, '%-d %b %Y')"),
    ("IRO informed", "meetings", "iro_informed", "true", "meeting_date::VARCHAR", "'after the meeting of ' || strftime(meeting_date, '%-d %b %Y')"),
    ("Care plan updated", "meetings", "plan_updated", "true", "meeting_date::VARCHAR", "'after the meeting of ' || strftime(meeting_date, '%-d %b %Y')"),
    ("Placement began", "placements", "placement_start", "true", "''", "placement_type"),
    ("Placement ended", "placements", "placement_end", "true", "''", "placement_type"),
    ("Legal status began", "legal_statuses", "legal_status_start", "true", "coalesce(legal_code, legal_status, '')", "legal_status"),
    ("Allocated", "allocations", "allocation_start", "true", "coalesce(team, '') || '/' || coalesce(worker, '')", "concat_ws(', ', worker, team)"),
    ("Action completed", "actions", "completed_date", "true", "meeting_date::VARCHAR || coalesce(action_id, action, '')", "action"),
    ("Assessment", "assessments", "assessment_date", "true", "coalesce(assessment_type_text, assessment_type, '')", "assessment_type_text"),
    ("Significant change", "changes", "change_date", "true", "coalesce(change, '')", "change"),
    ("Proceedings issued", "proceedings", "issued", "true", "''", "NULL"),
    ("Proceedings concluded", "proceedings", "concluded", "true", "issued::VARCHAR", "'issued on ' || strftime(issued, '%-d %b %Y')"),
    ("Local authority assessment completed", "proceedings", "la_assessment", "true", "issued::VARCHAR", "'proceedings issued on ' || strftime(issued, '%-d %b %Y')"),
    ("Expert assessments received", "proceedings", "experts_received", "true", "issued::VARCHAR", "'proceedings issued on ' || strftime(issued, '%-d %b %Y')"),
    ("Final care plan filed", "proceedings", "plan_filed", "true", "issued::VARCHAR", "'proceedings issued on ' || strftime(issued, '%-d %b %Y')"),
)  # fmt: skip
# As the engine has it, on the day that the dataset was taken.
_HELD = "(status = 'held' OR (status IS NULL AND status_text IS NULL))"


def back_dated(older: Snapshot, newer: Snapshot) -> pd.DataFrame:
    """Events in the newer load that are dated on or before the day the older one was taken, and that the older one didn't have.

    Columns: child_id, what, day, detail, days (from the event to the older extract). Each dataset is compared as at the day it was
    taken itself, and only where both loads have it and its column; one that carried on shows nothing. A corrected date counts as
    an event that wasn't there. Not counted: the earlier life of children who were not in the older load because they came into
    care after it was taken.
    """
    then = older.loaded()
    columns_then, columns_now = older.columns_present(), newer.columns_present()
    told: dict[str, list[str]] = {"older": [], "newer": []}
    for what, dataset, day, condition, key, detail in _EVENTS:
        if dataset not in then:
            continue
        cut = f"DATE '{then[dataset].extract_date.isoformat()}'"
        row = f"SELECT child_id, '{what}' AS what, {day} AS day, {key} AS key, {detail} AS detail, {cut} AS taken"
        held = condition.replace("HELD", _HELD)
        told["older"].append(f"{row} FROM older_{dataset} WHERE {held} AND {day} <= {cut}")
        # A column that the older load lacked can't show that something is new.
        if day in columns_then.get(dataset, ()) and day in columns_now.get(dataset, ()):
            told["newer"].append(f"{row} FROM newer_{dataset} WHERE {held} AND {day} <= {cut}")
    columns = ["child_id", "what", "day", "detail", "days"]
    if not told["newer"] or "cases" not in then:
        return pd.DataFrame(columns=columns)
    con = connect.memory()
    try:
        for which, snapshot in (("older", older), ("newer", newer)):
            for dataset in {"cases", *(dataset for _, dataset, *_ in _EVENTS)} & then.keys():  # as whoever asks may see them, which the file isn't
                con.register(f"{which}_{dataset}", snapshot.table(dataset))
        return con.execute(
            f"""
            WITH were AS ({" UNION ALL ".join(told["older"])}),
            are AS ({" UNION ALL ".join(told["newer"])}),
            -- One row: a child whom the older load couldn't have: not in it, and in care only since it was taken.
            come AS (
                SELECT child_id FROM newer_cases WHERE child_id NOT IN (SELECT child_id FROM older_cases)
                GROUP BY child_id HAVING max(care_started) > DATE '{then["cases"].extract_date.isoformat()}'
            )
            SELECT a.child_id, a.what, a.day, min(a.detail) AS detail, max(a.taken) - a.day AS days
            FROM are a ANTI JOIN were w ON w.child_id = a.child_id AND w.what = a.what AND w.day = a.day AND w.key = a.key
            WHERE a.child_id IN (SELECT child_id FROM newer_cases) AND a.child_id NOT IN (FROM come)
            GROUP BY a.child_id, a.what, a.day, a.key
            ORDER BY days DESC, a.child_id, a.what, a.key
            """
        ).df()[columns]
    finally:
        con.close()


def _named(events: pd.DataFrame, now: Results) -> pd.DataFrame:
    people = _people(now)[["child_id", "name", "team", "worker"]]
    out = events.merge(people, on="child_id", how="left")
    out["name"] = out["name"].where(out["name"].notna(), "Child " + out["child_id"].astype(str))
    return out[["child_id", "name", "what", "day", "detail", "days", "team", "worker"]]


# -- earlier months: said now, and known then


def month_ends(last: date, number: int = 12) -> list[date]:
    """The last `number` month-ends up to `last`, itself included when it is one; oldest first."""
    out: list[date] = []
    end = last if last == month_end(last) else date(last.year, last.month, 1) - timedelta(days=1)
    while len(out) < number:
        out.append(end)
        end = date(end.year, end.month, 1) - timedelta(days=1)
    return out[::-1]


def month_end(day: date) -> date:
    return date(day.year, day.month, calendar.monthrange(day.year, day.month)[1])


def window(end: date, months: int) -> tuple[date, date]:
    """The first and the last day of the `months` calendar months that end with the month-end `end`."""
    return month_after(date(end.year, end.month, 1), 1 - months), end


def known_then(history: Sequence[LoadInfo], end: date, current: str) -> LoadInfo | None:
    """The load that shows what was known about a month-end: taken on that day or soonest after it, within the month that follows, and
    not the current load itself. Of several of one extract date the newest, which replaced the others."""
    latest = month_end(end + timedelta(days=1))
    fitting = [i for i in history if not i.undone and end <= i.extract_date <= latest]
    if not fitting:
        return None
    soonest = min(i.extract_date for i in fitting)
    found = max((i for i in fitting if i.extract_date == soonest), key=lambda i: i.load_id)
    return None if found.load_id == current else found


def by_month(results: Results) -> pd.DataFrame:
    """Counted obligations, and those that can't be told: rule, team, month (first day of the month they fell due; one without a due
    date by the day that set it off), status, n. Small enough to keep for many dates."""
    statuses = ", ".join(f"'{s}'" for s in (*COUNTED, "cannot_tell"))
    return results.frame(
        f"""SELECT rule, team, date_trunc('month', coalesce(due_date, anchor_date))::DATE AS month, status, count(*) AS n
            FROM obligation_facts WHERE status IN ({statuses}) GROUP BY ALL ORDER BY ALL"""
    )


@dataclass(frozen=True)
class Rate:
    """On time out of counted, with those that can't be told; `percent` is blank below the smallest number counted."""

    on_time: int
    counted: int
    cannot_tell: int
    percent: float | None

    @property
    def text(self) -> str:
        if not self.counted:
            return "nothing counted" if not self.cannot_tell else f"cannot tell ({self.cannot_tell:,})"
        of = f"{self.on_time:,} of {self.counted:,}"
        return of if self.percent is None else f"{of} ({self.percent:.1f}%)"


def rate(found: pd.DataFrame, end: date, months: int, smallest: int, rule: str | None = None, teams: Sequence[str] = ()) -> Rate:
    """Compliance over the `months` calendar months up to the month-end `end`, from what `by_month` gave for that day. The same as
    contract.compliance says for these dates."""
    start, _ = window(end, months)
    mine = found[(found["month"] >= pd.Timestamp(start)) & (found["month"] <= pd.Timestamp(end))]
    if rule is not None:
        mine = mine[mine["rule"] == rule]
    if teams:
        mine = mine[mine["team"].isin(list(teams))]
    sums = mine.groupby("status")["n"].sum()
    on_time, cannot_tell = int(sums.get("on_time", 0)), int(sums.get("cannot_tell", 0))
    counted = int(sum(sums.get(status, 0) for status in COUNTED))
    return Rate(on_time, counted, cannot_tell, look.percent(on_time, counted) if counted >= max(smallest, 1) else None)


def differences(
    then: Results, now: Results, end: date, months: int, rule: str | None = None, teams: Sequence[str] = ()
) -> pd.DataFrame:
    """Obligations that an earlier load and the current one judge differently as at the same month-end `end`.

    Columns: those of `lists.obligations`, `then` (the status known then, or blank: not counted) and `now`. A row that only one of them
    counts for these months and teams is one too: it fell due on another day, belongs to another team, or wasn't known.
    """
    start, _ = window(end, months)
    was, is_ = (_counted(r, start, end, rule, teams) for r in (then, now))
    both = is_.merge(was, on=changes.KEY, how="outer", suffixes=("_now", "_then"))
    both = both[both["status_now"].fillna("") != both["status_then"].fillna("")]
    kept = both[both["obligation_id_now"].notna()]
    rows = lists.obligations(now, ids=[int(i) for i in kept["obligation_id_now"]])
    rows = rows.merge(kept[["obligation_id_now", "status_then"]].rename(columns={"obligation_id_now": "obligation_id", "status_then": "then"}), on="obligation_id")
    rows["now"] = rows["status"]
    lost = both[both["obligation_id_now"].isna()]
    gone = lists.obligations(then, ids=[int(i) for i in lost["obligation_id_then"]])
    gone["then"], gone["now"] = gone["status"], None
    return pd.concat([f for f in (rows, gone) if len(f)] or [rows], ignore_index=True)


def _counted(results: Results, start: date, end: date, rule: str | None, teams: Sequence[str]) -> pd.DataFrame:
    """One row per obligation that counts in these months (or can't be told), under the key that it has in every load."""
    statuses = ", ".join(f"'{s}'" for s in (*COUNTED, "cannot_tell"))
    return results.frame(
        changes.keyed(
            f"status IN ({statuses}) AND coalesce(due_date, anchor_date) BETWEEN $start AND $end "
            "AND ($rule IS NULL OR rule = $rule) AND ($teams IS NULL OR list_contains($teams, team))"
        ),
        {"start": start, "end": end, "rule": rule, "teams": list(teams) or None},
    )
