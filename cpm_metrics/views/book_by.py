"""The calendar: which meetings must be held by which week, what is booked for them, and who must chair the final plan ones.

An open obligation has a due date; a *meeting to hold* is what a manager books. One CPM meets every open CPM obligation of the
child, except that only a final plan CPM meets `final-plan-cpm`. So a child needs one meeting, by the earliest due date, and a
second one where that isn't a final plan CPM and one is due as well. Calendar limits don't roll off weekends and bank holidays:
the due date stays, and beside it stands the last working day on or before it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import pandas as pd

from cpm_metrics import workdays
from cpm_metrics.engine import Results
from cpm_metrics.errors import OutOfCalendar
from cpm_metrics.views import lists, look, worklist
from cpm_metrics.views.look import NO_TEAM

CPM_RULES = ("initial-cpm", "cpm-before-review", "agreed-frequency", "cpm-after-change", "final-plan-cpm")
LAYERS: dict[str, tuple[str, ...]] = {"cpm": CPM_RULES, "review": ("statutory-review",)}
WEEKS = 12
OVERDUE, LATER, CANNOT_TELL, LEFT_CARE = "overdue", "later", "cannot_tell", "left_care"  # places beside the weeks
STATES = tuple(look.BOOKED)


@dataclass(frozen=True)
class Week:
    """A week from Monday to Sunday. `working_days`: of the whole week; `left`: from the as-at date on, that day included. Both are
    None beyond the years whose bank holidays are known."""

    monday: date
    working_days: int | None
    left: int | None
    holidays: tuple[tuple[date, str], ...]

    @property
    def place(self) -> str:
        return self.monday.isoformat()

    @property
    def label(self) -> str:
        return f"{self.monday.day} {self.monday:%b}"

    @property
    def words(self) -> str:
        """For the table's line of working days: "5", "4 ⚑" (a bank holiday in it), "1 left"."""
        if self.working_days is None:
            return "?"
        mark = " ⚑" if self.holidays else ""
        return f"{self.left} left{mark}" if self.left < self.working_days else f"{self.working_days}{mark}"


def weeks(as_at: date, count: int = WEEKS) -> list[Week]:
    """The week of the as-at date first."""
    first = as_at - timedelta(days=as_at.weekday())
    return [_week(first + timedelta(weeks=n), as_at) for n in range(count)]


def _week(monday: date, as_at: date) -> Week:
    days = [monday + timedelta(days=n) for n in range(5)]
    if not known(days[0]) or not known(days[-1]):
        return Week(monday, None, None, ())
    free = workdays.bank_holidays()
    working = [day for day in days if day not in free]
    return Week(monday, len(working), sum(day >= as_at for day in working), tuple((day, free[day]) for day in days if day in free))


def known(day: date) -> bool:
    """Whether the bank holidays of that day's year are known."""
    try:
        workdays.check(day)
    except OutOfCalendar:
        return False
    return True


def last_working_day(due: date) -> date | None:
    """The last working day on or before a due date; None beyond the years whose bank holidays are known."""
    return workdays.last_working_day_before(due + timedelta(days=1)) if known(due) else None


def working_days_left(due: date, as_at: date) -> int | None:
    """Working days from the as-at date to the due date, both included; None where not known, or where the due date has passed."""
    if due < as_at or not known(due):
        return None
    free = workdays.bank_holidays()
    return sum((as_at + timedelta(days=n)).weekday() < 5 and as_at + timedelta(days=n) not in free for n in range((due - as_at).days + 1))


# One row: an open obligation of the layer, with the first meeting booked that would meet it. An ordinary CPM doesn't meet
# `final-plan-cpm`; what was agreed at a meeting, or begins after a review, is met on a later day only.
_OPEN = """
    WITH open AS (
        SELECT f.obligation_id, f.child_id, f.care_started, f.rule, f.anchor_date, i.child_id IS NOT NULL AS in_care_now
        FROM obligation_facts f LEFT JOIN in_care i ON i.child_id = f.child_id AND i.care_started = f.care_started
        WHERE list_contains($rules, f.rule)
          AND (f.status IN ('overdue', 'due_soon', 'upcoming')
               OR (f.status = 'cannot_tell' AND f.done_date IS NULL AND f.closes_on IS NULL AND f.lapses_on IS NULL))
    ),
    diary AS (
        SELECT child_id, care_started, meeting_date, 'cpm' AS layer, meeting_type = 'final_plan_cpm' AS final_plan
        FROM timeline_meetings WHERE is_cpm AND state = 'booked'
        UNION ALL
        SELECT child_id, care_started, review_date, 'review', false FROM timeline_reviews WHERE state = 'booked'
    ),
    booked AS (
        SELECT o.obligation_id, min(d.meeting_date) AS booked_date
        FROM open o JOIN diary d
          ON d.child_id = o.child_id AND d.care_started = o.care_started AND d.layer = $layer
         AND (o.rule <> 'final-plan-cpm' OR d.final_plan)
         AND CASE WHEN o.rule IN ('cpm-before-review', 'agreed-frequency') AND o.anchor_date > o.care_started
                  THEN d.meeting_date > o.anchor_date ELSE d.meeting_date >= o.anchor_date END
        GROUP BY ALL
    )
    SELECT o.obligation_id, b.booked_date, o.in_care_now, c.sibling_group
    FROM open o JOIN children c ON c.child_id = o.child_id AND c.care_started = o.care_started
    LEFT JOIN booked b USING (obligation_id)
"""


def open_obligations(results: Results, layer: str = "cpm") -> pd.DataFrame:
    """Every obligation of the layer that is not done and still can be, for all teams: the columns of `lists.obligations`, and

    booked_date: the first meeting booked that would meet it; state: a key of `look.BOOKED` (in_time, after, none; blank where the
    due date can't be told); place: "overdue", the Monday of its week (yyyy-mm-dd), "later", "cannot_tell" or "left_care" (open,
    but the child isn't in care now); last_day: the last working day on or before the due date, blank where not known;
    working_days_left: from the as-at date to the due date; sibling_group.
    """
    booked = results.frame(_OPEN, {"rules": list(LAYERS[layer]), "layer": layer})
    frame = lists.obligations(results, ids=booked["obligation_id"].tolist())
    frame = frame.merge(booked, on="obligation_id", how="left", validate="one_to_one")
    dues = {due: due.date() for due in frame["due_date"].dropna().unique()}
    ends = weeks(results.as_at)[-1].monday + timedelta(days=7)
    frame["state"] = [_state(due, booked) for due, booked in zip(frame["due_date"], frame["booked_date"], strict=True)]
    frame.loc[frame["status"] == "cannot_tell", "state"] = None
    frame["place"] = [
        CANNOT_TELL if status == "cannot_tell" and here else LEFT_CARE if not here else OVERDUE if status == "overdue" else _place(dues[due], ends)
        for status, here, due in zip(frame["status"], frame["in_care_now"], frame["due_date"], strict=True)
    ]
    last = {due: last_working_day(day) for due, day in dues.items()}
    left = {due: working_days_left(day, results.as_at) if day < ends else None for due, day in dues.items()}
    frame["last_day"] = pd.to_datetime(pd.Series([last.get(due) for due in frame["due_date"]], index=frame.index, dtype="object"))
    frame["working_days_left"] = pd.array([left.get(due) for due in frame["due_date"]], dtype="Int64")
    return frame.drop(columns="in_care_now")


def _state(due: pd.Timestamp, booked: pd.Timestamp) -> str:
    if pd.isna(booked):
        return "none"
    return "in_time" if booked <= due else "after"


def _place(due: date, ends: date) -> str:
    return LATER if due >= ends else (due - timedelta(days=due.weekday())).isoformat()


def meetings(obligations: pd.DataFrame) -> pd.DataFrame:
    """One row per meeting to hold, from `open_obligations` of all teams: the row of the obligation that governs (the earliest due;
    the final plan's first where two fall on one day), and

    kind: "CPM", "Final plan CPM" or "Child in Care Review"; meets: how many open obligations it meets; also: the titles of the
    others (one whose stretch begins on that very due date, because a review was held on it, needs the meeting a day later). `team` and `worker` are those that hold the child now, because they have to book it. Obligations that can't be
    told, or of children not in care now, are in none.
    """
    rows = obligations[~obligations["place"].isin([CANNOT_TELL, LEFT_CARE])].copy()
    rows["final"] = rows["rule"] == "final-plan-cpm"
    rows = rows.sort_values(["due_date", "final", "child_id", "rule", "obligation_id"], ascending=[True, False, True, True, True], kind="stable")
    one = ["child_id", "care_started"]
    # Where the final plan CPM comes first, it meets everything else as well.
    rows["kind"] = (rows["final"] | rows.groupby(one)["final"].transform("first")).map({True: "Final plan CPM", False: "CPM"}) if len(rows) else pd.Series(dtype="str")
    rows.loc[rows["rule"] == "statutory-review", "kind"] = "Child in Care Review"
    grouped = rows.groupby([*one, "kind"], sort=False)
    rows["meets"] = grouped["rule"].transform("size") if len(rows) else pd.Series(dtype="int64")
    others = {key: "; ".join(dict.fromkeys(titles.iloc[1:])) for key, titles in grouped["title"]}
    out = rows.drop_duplicates([*one, "kind"]).drop(columns=["final", "team", "worker"]).rename(columns={"team_now": "team", "worker_now": "worker"})
    out["also"] = [others[key] for key in out[[*one, "kind"]].itertuples(index=False, name=None)]
    return out.reset_index(drop=True)


def all_meetings(results: Results, layer: str = "cpm") -> pd.DataFrame:
    """`meetings` of `open_obligations`, to be kept with `Results.once`."""
    return meetings(results.once(open_obligations, layer))


def of_teams(frame: pd.DataFrame, teams: Sequence[str]) -> pd.DataFrame:
    """The rows of the chosen teams (none chosen: all), by the column `team`."""
    return frame[frame["team"].isin(list(teams))].reset_index(drop=True) if teams else frame.reset_index(drop=True)


def obligations_of(obligations: pd.DataFrame, teams: Sequence[str]) -> pd.DataFrame:
    """`open_obligations` of the children whom the chosen teams hold now: those that the meetings of these teams answer."""
    return obligations[obligations["team_now"].isin(list(teams))] if teams else obligations


def by_team(frame: pd.DataFrame, as_at: date) -> pd.DataFrame:
    """One row per team and place ("overdue", each of the weeks, "later") that has any: team, place, in_time, after, none, total."""
    places = [OVERDUE, *(week.place for week in weeks(as_at)), LATER]
    rows = frame[frame["place"].isin(places)]
    rows = rows.assign(team=rows["team"].fillna(NO_TEAM), place=pd.Categorical(rows["place"], places, ordered=True))
    counts = rows.groupby(["team", "place", "state"], observed=True).size().unstack("state", fill_value=0).reindex(columns=list(STATES), fill_value=0)
    counts["total"] = counts.sum(axis=1)
    out = counts.reset_index().sort_values(["team", "place"], ignore_index=True)
    return out.assign(place=out["place"].astype(str))


def by_week(frame: pd.DataFrame, as_at: date) -> pd.DataFrame:
    """One row for "overdue" and each of the weeks: place, in_time, after, none, total."""
    places = [OVERDUE, *(week.place for week in weeks(as_at))]
    counts = by_team(frame, as_at).groupby("place")[[*STATES, "total"]].sum().reindex(places, fill_value=0)
    return counts.astype(int).rename_axis("place").reset_index()


def cells(counts: pd.DataFrame, as_at: date, state: str | None = None) -> pd.DataFrame:
    """`by_team` as a table of words: the working days of each week, all teams together, then a row per team.

    Columns: team, overdue, each week's Monday, later. A cell reads "5 (2)": five meetings, nothing booked for two; with `state`,
    how many have that state. Blank: none.
    """
    span = weeks(as_at)
    places = [OVERDUE, *(week.place for week in span), LATER]
    rows: list[dict[str, str]] = [{"team": "Working days"} | {week.place: week.words for week in span}]
    names = sorted(counts["team"].unique(), key=lambda name: (name == NO_TEAM, name))
    wholes = counts.groupby("place")[[*STATES, "total"]].sum()
    if len(names) != 1:
        rows.append({"team": "All teams"} | {place: _cell(wholes.loc[place], state) for place in places if place in wholes.index})
    for name in names:
        own = counts[counts["team"] == name].set_index("place")
        rows.append({"team": name} | {place: _cell(own.loc[place], state) for place in places if place in own.index})
    return pd.DataFrame([{name: row.get(name, "") for name in ("team", *places)} for row in rows])


def _cell(row: pd.Series, state: str | None) -> str:
    if state:
        return f"{row[state]}" if row[state] else ""
    return f"{row['total']} ({row['none']})" if row["none"] else f"{row['total']}" if row["total"] else ""


def counts_of(frame: pd.DataFrame) -> dict[str, int]:
    """How many rows: `hold` (overdue or due in the weeks shown), of them `overdue`, `none`, `after`, `in_time`; beside them `later`,
    `cannot_tell`, `left_care`."""
    within = frame[~frame["place"].isin([LATER, CANNOT_TELL, LEFT_CARE])]
    return {"hold": len(within), OVERDUE: int((within["place"] == OVERDUE).sum())} | {state: int((within["state"] == state).sum()) for state in STATES} | {
        place: int((frame["place"] == place).sum()) for place in (LATER, CANNOT_TELL, LEFT_CARE)
    }  # fmt: skip


def within(frame: pd.DataFrame, which: str) -> pd.DataFrame:
    """The rows behind one of `counts_of`, in no order."""
    if which in (OVERDUE, LATER, CANNOT_TELL, LEFT_CARE):
        return frame[frame["place"] == which]
    rows = frame[~frame["place"].isin([LATER, CANNOT_TELL, LEFT_CARE])]
    return rows if which == "hold" else rows[rows["state"] == which]


def select(frame: pd.DataFrame, which: str) -> pd.DataFrame:
    """The same, the earliest due first."""
    return within(frame, which).sort_values(["due_date", "child_id"], kind="stable", na_position="last").reset_index(drop=True)


def at(frame: pd.DataFrame, team: str | None, place: str | None, state: str | None = None) -> pd.DataFrame:
    """The rows behind a cell: of one team (None: all; `NO_TEAM`: none recorded), one place (None: all shown), one state (None: all)."""
    rows = frame[~frame["place"].isin([CANNOT_TELL, LEFT_CARE])]
    if team is not None:
        rows = rows[rows["team"].fillna(NO_TEAM) == team]
    rows = rows[rows["place"] == place] if place is not None else rows
    rows = rows[rows["state"] == state] if state is not None else rows
    return rows.sort_values(["due_date", "child_id"], kind="stable").reset_index(drop=True)


def standing(results: Results, obligations: pd.DataFrame, teams: Sequence[str] = ()) -> dict[str, int]:
    """Every child in care of the teams, once: `known` (a meeting must be held by a known date), `cannot_tell` (only what can't be
    told), `nothing` (nothing to hold); `children`: all of them."""
    here = results.frame("SELECT child_id, c.team FROM children c JOIN in_care USING (child_id, care_started)")
    here = set(of_teams(here, teams)["child_id"])
    told = set(obligations.loc[~obligations["place"].isin([CANNOT_TELL, LEFT_CARE]), "child_id"]) & here
    unclear = (set(obligations.loc[obligations["place"] == CANNOT_TELL, "child_id"]) & here) - told
    return {"children": len(here), "known": len(told), "cannot_tell": len(unclear), "nothing": len(here) - len(told) - len(unclear)}


def with_uid(results: Results, rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with the `uid` that the worklist gives their obligation, for a calendar file."""
    return rows.merge(worklist.rows(results)[["obligation_id", "uid"]], on="obligation_id", how="left")


# -- who chairs


def chair_rows(results: Results, obligations: pd.DataFrame, teams: Sequence[str] = ()) -> pd.DataFrame:
    """One row per child and final plan CPM that a service manager must chair: each one booked, and each to be held with none booked.

    Columns: child_id, name, team, worker (who hold the child now), due_date (blank: no open obligation, or no filing date),
    last_day, booked_date, state, week (the Monday of the week of the booking, or by which to hold it; "overdue", "later"),
    meeting (one meeting about several children has one), chair (who is down to chair), chair_ok (true, false, blank when not
    recorded), sibling_group, and rule, title, level, status, obligation_id, why of the open obligation.
    """
    first = weeks(results.as_at)[0].monday
    ends = first + timedelta(weeks=WEEKS)
    final = obligations[(obligations["rule"] == "final-plan-cpm") & obligations["place"].ne(CANNOT_TELL) & obligations["place"].ne(LEFT_CARE)]
    final = final.sort_values(["due_date", "obligation_id"]).drop_duplicates(["child_id", "care_started"])
    final = final.drop(columns=["team", "worker"]).rename(columns={"team_now": "team", "worker_now": "worker"})
    diary = results.frame(
        """
        SELECT m.child_id, m.care_started, m.meeting_date, coalesce(min(m.meeting_id), m.child_id || ' ' || m.meeting_date) AS meeting,
            coalesce(arg_min(m.chair, m.meeting_key), '') AS chair_name, arg_min(m.chair_role, m.meeting_key) AS chair_role,
            any_value(c.forename) AS forename, any_value(c.surname) AS surname, any_value(c.team) AS team, any_value(c.worker) AS worker,
            any_value(c.sibling_group) AS sibling_group
        FROM timeline_meetings m JOIN in_care USING (child_id, care_started) JOIN children c USING (child_id, care_started)
        WHERE m.meeting_type = 'final_plan_cpm' AND m.state = 'booked'
        GROUP BY m.child_id, m.care_started, m.meeting_date ORDER BY m.meeting_date, m.child_id
        """
    )
    diary["name"] = lists.names(diary)
    by_child = final.set_index("child_id")
    out = []
    for row in diary.itertuples():
        need = by_child.loc[row.child_id] if row.child_id in by_child.index else None
        day = row.meeting_date.date()
        out.append({
            "child_id": row.child_id, "name": row.name, "team": row.team, "worker": row.worker, "booked_date": row.meeting_date,
            "due_date": None if need is None else need["due_date"], "last_day": None if need is None else need["last_day"],
            "state": None if need is None else _state(need["due_date"], row.meeting_date), "week": _place(day, ends), "meeting": f"{row.meeting}",
            "chair": _chair(row.chair_role, row.chair_name), "chair_ok": None if pd.isna(row.chair_role) else row.chair_role == "service_manager",
            "sibling_group": row.sibling_group, "rule": "final-plan-cpm", "title": "Final plan CPM", "level": "guidance",
            "status": None if need is None else need["status"], "obligation_id": None if need is None else need["obligation_id"],
            "why": f"Booked for {look.day(day)}. " + (need["why"] if need is not None else "No open obligation with a due date stands behind it: there is no filing date, or one was held already."),
        })  # fmt: skip
    for row in final[final["state"] == "none"].itertuples():
        out.append({
            "child_id": row.child_id, "name": row.name, "team": row.team, "worker": row.worker, "booked_date": None, "due_date": row.due_date,
            "last_day": row.last_day, "state": "none", "week": row.place, "meeting": None, "chair": "", "chair_ok": None,
            "sibling_group": row.sibling_group, "rule": row.rule, "title": "Final plan CPM", "level": row.level, "status": row.status,
            "obligation_id": row.obligation_id, "why": row.why,
        })  # fmt: skip
    columns = ["child_id", "name", "team", "worker", "due_date", "last_day", "booked_date", "state", "week", "meeting", "chair", "chair_ok", "sibling_group", "rule", "title", "level", "status", "obligation_id", "why"]
    frame = of_teams(pd.DataFrame(out, columns=columns), teams)
    for name in ("due_date", "last_day", "booked_date"):
        frame[name] = pd.to_datetime(frame[name])
    frame["obligation_id"] = frame["obligation_id"].astype("Int64")
    return frame.sort_values(["booked_date", "due_date", "child_id"], kind="stable", na_position="last").reset_index(drop=True)


def _chair(role: str | None, name: str) -> str:
    if pd.isna(role):
        return f"? {name}: role not recorded" if name else "? not recorded"
    words = role.replace("_", " ")
    said = f"{words[:1].upper()}{words[1:]}" + (f", {name}" if name else "")
    return f"✓ {said}" if role == "service_manager" else f"✕ {said}"


def chair_load(rows: pd.DataFrame, as_at: date) -> pd.DataFrame:
    """One row for "overdue", each of the weeks and "later": place, meetings (booked in that week: one about several children counts
    once), children (in them), to_book (children whose final plan CPM must be held by that week, with none booked)."""
    out = []
    for place in (OVERDUE, *(week.place for week in weeks(as_at)), LATER):
        here = rows[rows["week"] == place]
        booked = here[here["booked_date"].notna()]
        out.append({"place": place, "meetings": booked["meeting"].nunique(), "children": booked["child_id"].nunique(), "to_book": here.loc[here["booked_date"].isna(), "child_id"].nunique()})
    return pd.DataFrame(out)
