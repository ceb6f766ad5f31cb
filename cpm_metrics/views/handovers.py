"""Children who passed from one team or social worker to another, and what was open on that day.

By the allocation history, exactly as obligations are attributed: what had fallen due before the day of the hand-over belongs to
the team that held the case when it fell due; what falls due on that day or later belongs to the team that holds it then.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import pandas as pd

from cpm_metrics.engine import Results
from cpm_metrics.views import lists

# One row: a day on which a child in care passed to another team or worker. A gap between two allocations is no hand-over: the
# last one before it goes on. $moved: between teams only.
_HANDOVERS = """
    SELECT p.child_id, p.care_started, a.from_day AS day, a.team_before, a.worker_before, a.team, a.worker,
        a.team IS DISTINCT FROM a.team_before AS moved_team
    FROM (
        SELECT *, lag(team) OVER each_child AS team_before, lag(worker) OVER each_child AS worker_before, row_number() OVER each_child AS n
        FROM allocated_from WINDOW each_child AS (PARTITION BY child_id ORDER BY from_day)
    ) a
    JOIN periods p ON p.child_id = a.child_id AND a.from_day > p.care_started AND a.from_day <= coalesce(p.care_ceased, as_at())
    WHERE a.n > 1 AND (a.team IS DISTINCT FROM a.team_before OR a.worker IS DISTINCT FROM a.worker_before)
      AND a.from_day BETWEEN $start AND least($end, as_at())
      AND ($teams IS NULL OR list_contains($teams, a.team) OR list_contains($teams, a.team_before))
      AND (NOT $moved OR a.team IS DISTINCT FROM a.team_before)
"""
# Set off before the day, and on its morning neither done nor closed nor lapsed.
_OPEN = """
    o.anchor_date < h.day AND (o.done_date IS NULL OR o.done_date >= h.day)
    AND (o.closes_on IS NULL OR o.closes_on >= h.day) AND (o.lapses_on IS NULL OR o.lapses_on >= h.day) AND o.due_date IS NOT NULL
    AND o.status <> 'cannot_tell'
"""


@dataclass(frozen=True)
class Handovers:
    """`rows`: one per hand-over, newest first: child_id, name, care_started, day, team_before, worker_before, team, worker, moved_team,
    open (obligations open that morning), past_due (of them, past their due date: the former team's, or that of one before it), after
    (due on that day or later), not_on_time (of those after, fallen due since and late, missed or overdue), cannot_tell, ids (the open
    ones' obligation_id).

    `loaded`: whether the extracts have an allocation history at all. `without`: children in care during these dates for whom it has
    no row, so that nothing can be said of them.
    """

    rows: pd.DataFrame
    loaded: bool
    without: int


def handovers(results: Results, start: date, end: date, teams: Sequence[str] = (), *, between_teams: bool = True) -> Handovers:
    """Hand-overs from `start` to `end`, both included, to or from one of the teams (all by default); `between_teams`: no changes of
    social worker within a team."""
    chosen = {"start": start, "end": end, "teams": list(teams) or None}
    frame = results.frame(
        f"""
        WITH h AS ({_HANDOVERS}),
        was AS (  -- one row: an obligation of the child's period of care, on the day of a hand-over
            SELECT h.child_id, h.care_started, h.day, o.obligation_id, o.due_date < h.day AS past, o.status,
                {_OPEN} AS was_open, o.status = 'cannot_tell' AND o.anchor_date < h.day AS unknown
            FROM h JOIN obligation_facts o ON o.child_id = h.child_id AND o.care_started = h.care_started
        ),
        counts AS (
            SELECT child_id, care_started, day,
                count(*) FILTER (was_open) AS open, count(*) FILTER (was_open AND past) AS past_due,
                count(*) FILTER (was_open AND NOT past) AS after,
                count(*) FILTER (was_open AND NOT past AND status IN ('late', 'missed', 'overdue')) AS not_on_time,
                count(*) FILTER (unknown) AS cannot_tell,
                list(obligation_id ORDER BY obligation_id) FILTER (was_open) AS ids
            FROM was GROUP BY ALL
        )
        SELECT h.child_id, c.forename, c.surname, h.* EXCLUDE (child_id),
            coalesce(n.open, 0) AS open, coalesce(n.past_due, 0) AS past_due, coalesce(n.after, 0) AS after,
            coalesce(n.not_on_time, 0) AS not_on_time, coalesce(n.cannot_tell, 0) AS cannot_tell, coalesce(n.ids, []) AS ids
        FROM h JOIN periods c USING (child_id, care_started) LEFT JOIN counts n USING (child_id, care_started, day)
        ORDER BY h.day DESC, h.child_id
        """,
        chosen | {"moved": between_teams},
    )
    frame.insert(1, "name", lists.names(frame))
    frame["ids"] = [[int(number) for number in ids] for ids in frame["ids"]]
    (loaded,) = results.rows("SELECT is_loaded('allocations')")[0]
    (without,) = results.rows(
        """SELECT count(DISTINCT child_id) FROM periods
           WHERE care_started <= $end AND coalesce(care_ceased, as_at()) >= $start AND child_id NOT IN (SELECT child_id FROM allocations_known)
             AND ($teams IS NULL OR list_contains($teams, team))""",
        chosen,
    )[0]
    return Handovers(frame.drop(columns=["forename", "surname"]), bool(loaded), int(without))


def open_then(results: Results, row: pd.Series) -> pd.DataFrame:
    """The obligations open at one hand-over, as `lists.obligations`, with `belongs` ("before" or "after") in front: past their due date
    before the day, or due on it or later. `team` says whose each is."""
    rows = lists.obligations(results, ids=row["ids"])
    rows.insert(0, "belongs", ["before" if due < row["day"] else "after" for due in rows["due_date"]])
    return rows.sort_values(["due_date", "rule"], kind="stable", ignore_index=True)


def between(rows: pd.DataFrame) -> pd.DataFrame:
    """One row per pair of teams, in name order: team_before, team (blank: not recorded), handovers, children, open, past_due, after, not_on_time."""
    sums = rows.groupby(["team_before", "team"], dropna=False, as_index=False).agg(
        handovers=("child_id", "size"), children=("child_id", "nunique"), open=("open", "sum"), past_due=("past_due", "sum"), after=("after", "sum"), not_on_time=("not_on_time", "sum")
    )  # fmt: skip
    return sums.sort_values(["team_before", "team"], kind="stable", na_position="last", ignore_index=True)
