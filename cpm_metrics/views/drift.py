"""Drift: which child has which sign of a plan that stands still, by team; and for whom a sign can't be told.

Signs are listed. They are never added up into a score for a child, and neither children nor teams are ranked by them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from cpm_metrics.engine import Results
from cpm_metrics.indicators import Indicator, all_indicators
from cpm_metrics.views import lists, look

STANDS_STILL = ("no-permanence-plan", "plan-not-achieved", "actions-rolled-over")  # what makes drift silent, when every meeting is in time
_CPM_DUE = ("initial-cpm", "cpm-before-review", "agreed-frequency", "cpm-after-change", "final-plan-cpm")
_TIMELY = ("initial-cpm", "cpm-before-review", "statutory-review", "agreed-frequency")

# Indicator -> the rules whose open obligations it reads. Where one of a child's can't be told, nor can the sign's absence.
_READS: dict[str, tuple[str, ...]] = {
    "no-permanence-plan": ("permanence-plan",), "cpm-overdue": _CPM_DUE, "nothing-booked": _CPM_DUE,
    "actions-overdue": ("action-completed",), "assessment-out-of-date": ("annual-assessment",),
}  # fmt: skip


def on(results: Results) -> list[Indicator]:
    """The indicators that are switched on, in their order."""
    return [thing for thing in all_indicators() if results.settings[f"{thing.code}.on"]]


def children_in_care(results: Results, teams: Sequence[str] = ()) -> dict[str | None, int]:
    """Team that holds the child on the as-at date (None: none recorded) -> how many children are in care."""
    found = dict(results.rows("SELECT c.team, count(*) FROM children c JOIN in_care USING (child_id, care_started) GROUP BY ALL"))
    return {team: n for team, n in found.items() if not teams or team in teams}


@dataclass(frozen=True)
class Matrix:
    """`teams`: in name order, last None (no team recorded) where there is such a child. `frame`: one row per indicator that is
    on: indicator, title, question, assessed, all (children), one column per team ("t0", "t1", … in the order of `teams`),
    cannot_tell (children not flagged for whom it can't be told). Where not assessed the numbers are blank."""

    teams: list[str | None]
    frame: pd.DataFrame


def matrix(results: Results, teams: Sequence[str] = ()) -> Matrix:
    flags, untold = lists.flags(results, teams=teams), cannot_tell(results, teams)
    held = children_in_care(results, teams)
    names: list[str | None] = sorted((team for team in held if team is not None), key=lambda team: (team == look.NO_TEAM, team))
    if None in held:
        names.append(None)
    unassessable = {code for (code,) in results.rows("SELECT indicator FROM unassessable")}
    out = []
    for thing in on(results):
        assessed = thing.code not in unassessable
        mine = flags[flags["indicator"] == thing.code]
        by_team = mine.groupby("team", dropna=False)["child_id"].nunique()
        counted = {None if pd.isna(team) else team: int(n) for team, n in by_team.items()}
        out.append(
            {"indicator": thing.code, "title": thing.title, "question": thing.question, "assessed": assessed, "all": mine["child_id"].nunique() if assessed else None}
            | {f"t{at}": counted.get(team, 0) if assessed else None for at, team in enumerate(names)}
            | {"cannot_tell": int((untold["indicator"] == thing.code).sum()) if assessed else None}
        )
    frame = pd.DataFrame(out, columns=["indicator", "title", "question", "assessed", "all", *(f"t{at}" for at in range(len(names))), "cannot_tell"])
    return Matrix(names, frame.astype({name: "Int64" for name in ("all", "cannot_tell", *(f"t{at}" for at in range(len(names))))}))


def children(results: Results, teams: Sequence[str] = ()) -> pd.DataFrame:
    """One row per child with any sign, by team and name: child_id, name, team, worker, signs (list of titles, in the order of the
    indicators), codes, why (each sign's title and sentence, one a line)."""
    flags = lists.flags(results, teams=teams)
    out = []
    for child_id, mine in flags.groupby("child_id", sort=False):
        first = mine.iloc[0]
        out.append(
            (child_id, first["name"], first["team"], first["worker"], list(mine["title"]), list(mine["indicator"]), "\n".join(f"{row.title}: {row.why}" for row in mine.itertuples()))
        )
    frame = pd.DataFrame(out, columns=["child_id", "name", "team", "worker", "signs", "codes", "why"])
    return frame.sort_values(["team", "name", "child_id"], na_position="last", kind="stable", ignore_index=True)


def silent(results: Results, teams: Sequence[str] = ()) -> pd.DataFrame:
    """Children in silent drift, by team and name: as `lists.flags`, with `still` (titles of what stands still) after `title`."""
    flags = lists.flags(results, teams=teams)
    mine = flags[flags["indicator"] == "silent-drift"].sort_values(["team", "name", "child_id"], na_position="last", kind="stable", ignore_index=True)
    still = flags[flags["indicator"].isin(STANDS_STILL)].groupby("child_id")["title"].agg(list)
    mine.insert(mine.columns.get_loc("title") + 1, "still", [still.get(child, []) for child in mine["child_id"]])
    return mine


def cannot_tell(results: Results, teams: Sequence[str] = ()) -> pd.DataFrame:
    """One row per child in care and indicator that isn't raised and can't be told either: child_id, name, team, worker, indicator,
    title, why (what is missing). Indicators that can't be assessed for anybody are not in it: see `lists.not_assessed`.

    Silent drift can't be told where every counted meeting was in time and whether the plan stands still can't be told.
    """
    reads = [(code, rule) for code, rules in _READS.items() for rule in rules]
    frame = results.frame(
        f"""
        WITH read AS (SELECT unnest($indicators) AS indicator, unnest($rules) AS rule),
        untold AS (
            SELECT r.indicator, f.child_id, f.care_started,
                'Cannot tell, because the extracts do not have: ' || string_agg(DISTINCT coalesce(f.missing, 'a date'), '; ' ORDER BY coalesce(f.missing, 'a date')) || '.' AS why
            FROM obligation_facts f JOIN in_care USING (child_id, care_started) JOIN read r ON r.rule = f.rule
            WHERE f.status = 'cannot_tell' AND f.done_date IS NULL AND f.closes_on IS NULL AND f.lapses_on IS NULL  -- still open
              -- A frequency that can't be read was kept, in time or late, where a CPM followed.
              AND NOT (f.rule = 'agreed-frequency' AND EXISTS (
                  FROM cpm_days d WHERE d.child_id = f.child_id AND d.care_started = f.care_started AND d.meeting_date > f.anchor_date))
            GROUP BY ALL
            UNION ALL  -- the latest closed stretch between reviews
            SELECT 'reviews-without-cpm', child_id, care_started, 'Cannot tell, because the extracts do not have: ' || coalesce(missing, 'a date') || '.'
            FROM (
                SELECT f.* FROM obligation_facts f JOIN in_care USING (child_id, care_started)
                JOIN stretches s ON s.child_id = f.child_id AND s.care_started = f.care_started AND s.anchor_date = f.anchor_date AND s.held_date IS NOT NULL
                WHERE f.rule = 'cpm-before-review'
                QUALIFY row_number() OVER (PARTITION BY f.child_id, f.care_started ORDER BY f.anchor_date DESC) = 1
            ) WHERE status = 'cannot_tell'
            UNION ALL
            SELECT 'no-recent-cpm', child_id, care_started, 'Cannot tell whether permanence is being planned for: neither “Actively planning for permanence” nor “Permanence achieved date” says.'
            FROM stretches JOIN in_care USING (child_id, care_started) WHERE held_date IS NULL AND in_scope IS NULL
            UNION ALL
            SELECT 'plan-not-achieved', child_id, care_started,
                CASE WHEN NOT has_permanence_agreed OR NOT has_permanence_achieved THEN 'Cannot tell, because this child’s extract has no agreed or no achieved date.'
                     ELSE 'Cannot tell, because a permanence plan is named but not the day it was agreed.' END
            FROM periods JOIN in_care USING (child_id, care_started)
            WHERE permanence_achieved IS NULL
              AND (NOT has_permanence_agreed OR NOT has_permanence_achieved OR permanence_agreed IS NULL AND permanence_agreed_blank AND permanence_plan_text IS NOT NULL)
            UNION ALL
            SELECT DISTINCT 'actions-rolled-over', a.child_id, a.care_started, 'Cannot tell, because the child’s actions have no completed date in the extract.'
            FROM actions_known a JOIN in_care USING (child_id, care_started) WHERE NOT a.has_completed_date
        ),
        timely AS (
            SELECT f.child_id, f.care_started FROM obligation_facts f JOIN in_care USING (child_id, care_started)
            WHERE f.rule IN ({", ".join(repr(rule) for rule in _TIMELY)}) AND f.due_date <= as_at() AND f.due_date > {results.settings["silent-drift.window"].before("as_at()")}
              AND f.status IN ('on_time', 'late', 'missed', 'overdue')
            GROUP BY ALL HAVING bool_and(f.status = 'on_time')
        ),
        everything AS (
            FROM untold
            UNION ALL
            SELECT 'silent-drift', u.child_id, u.care_started, 'Every review and CPM due was held in time, but whether the plan stands still can’t be told. ' || min(u.why)
            FROM untold u JOIN timely USING (child_id, care_started) WHERE u.indicator IN ({", ".join(repr(code) for code in STANDS_STILL)}) GROUP BY ALL
        )
        SELECT e.child_id, c.forename, c.surname, c.team, c.worker, e.indicator, min(e.why) AS why
        FROM everything e JOIN children c USING (child_id, care_started)
        WHERE NOT EXISTS (FROM indicators i WHERE i.indicator = e.indicator AND i.child_id = e.child_id AND i.care_started = e.care_started)
          AND e.indicator NOT IN (SELECT indicator FROM unassessable)
          AND ($teams IS NULL OR list_contains($teams, c.team))
        GROUP BY ALL ORDER BY c.team NULLS LAST, c.surname, c.forename, e.child_id
        """,
        {"indicators": [code for code, _ in reads], "rules": [rule for _, rule in reads], "teams": list(teams) or None},
    )
    things = {thing.code: thing.title for thing in on(results)}
    frame = frame[frame["indicator"].isin(list(things))].reset_index(drop=True)
    frame.insert(1, "name", lists.names(frame))
    frame.insert(frame.columns.get_loc("indicator") + 1, "title", frame["indicator"].map(things))
    return frame.drop(columns=["forename", "surname"])
