"""Lists of obligations and flags with the child's name and the rule's words: the rows behind every count on a page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pandas as pd

from cpm_metrics.engine import Results
from cpm_metrics.indicators import all_indicators
from cpm_metrics.rules import all_rules
from cpm_metrics.views import look

# One row: an obligation, with who it is about. `in_care`: whether the child is in care now and this is the present period.
# `team_now`, `worker_now`: who holds the child on the as-at date, in whatever period of care, or held it when care ended.
# `next_cpm`: the first CPM booked after the as-at date.
FACTS = """
    SELECT f.*, g.grouping, c.forename, c.surname, c.iro, h.team AS team_now, h.worker AS worker_now, i.child_id IS NOT NULL AS in_care, b.next_cpm
    FROM obligations f
    LEFT JOIN children c ON c.child_id = f.child_id AND c.care_started = f.care_started
    LEFT JOIN children h ON h.child_id = f.child_id AND h.current
    LEFT JOIN in_care i ON i.child_id = f.child_id AND i.care_started = f.care_started
    LEFT JOIN (
        SELECT child_id, care_started, min(meeting_date) AS next_cpm
        FROM timeline_meetings WHERE is_cpm AND state = 'booked' GROUP BY ALL
    ) b ON b.child_id = f.child_id AND b.care_started = f.care_started
    LEFT JOIN (SELECT unnest($rules) AS rule, unnest($groupings) AS grouping) g ON g.rule = f.rule
"""


def fellows(which: str) -> str:
    """SQL of a table: the obligations that fit `which`, a condition on `obligation_facts`, and those of the same rule, child, period and
    anchor (the actions of one meeting). Numbering them is then right, and a sixth of the work of numbering all."""
    return f"""(
        FROM obligation_facts AS f SEMI JOIN (SELECT rule, child_id, care_started, anchor_date FROM obligation_facts WHERE {which}) AS wanted
        ON wanted.rule = f.rule AND wanted.child_id = f.child_id
            AND wanted.care_started IS NOT DISTINCT FROM f.care_started AND wanted.anchor_date IS NOT DISTINCT FROM f.anchor_date
    )"""


def _groups() -> dict[str, list[str]]:
    codes = [rule.code for rule in all_rules()]
    return {"rules": codes, "groupings": [look.group_of(code) for code in codes]}


def teams(results: Results) -> list[str]:
    """Every team that holds a child or held one when something was due, in name order."""
    return [
        team
        for (team,) in results.rows(
            "SELECT DISTINCT team FROM (SELECT team FROM obligation_facts UNION SELECT team FROM periods) WHERE team IS NOT NULL ORDER BY team"
        )
    ]


def cases_left_out(results: Results) -> int:
    """How many spreadsheet rows of Cases the load left out because a required cell could not be used (footers and repeats aside)."""
    return results.rows("SELECT count(DISTINCT (file, sheet, row)) FROM snap.problems WHERE severity = 'error' AND dataset = 'cases' AND row IS NOT NULL AND NOT across")[0][0]


def leavers_from(results: Results) -> date | None:
    """The earliest day on which a child left care and didn't come back, of the loaded cases; None where nobody has left. A child back
    in care brings the ends of earlier periods along: they say nothing of who left."""
    return results.rows("SELECT min(ended) FROM (SELECT last(care_ceased ORDER BY care_started) AS ended FROM snap.cases GROUP BY child_id)")[0][0]


def too_small(results: Results, *, of_all: bool = True) -> str:
    """What must be said of an as-at date before the extract's leavers begin: who is still known had the best chance to be in care long.
    "" for every other date. `of_all`: whether the results are of every child of the extract."""
    since = leavers_from(results)
    if not results.reconstructed or (since is not None and results.as_at >= since):
        return ""
    if since is None:
        who = "No child who has left care is in the extract" if of_all else "No child who has left care is among those you see"
    else:
        who = f"Children who left care before {look.day(since)} are not in the extract" if of_all else f"No child who left care before {look.day(since)} is among those you see"
    return f"{who}, so the numbers of that time are too small."


def obligations(
    results: Results,
    *,
    teams: Sequence[str] = (),
    statuses: Sequence[str] = (),
    grouping: str | None = None,
    rule: str | None = None,
    in_care: bool | None = None,
    due: tuple[date | None, date | None] = (None, None),
    ids: Sequence[int] | None = None,
    came_to: Sequence[str] = (),
) -> pd.DataFrame:
    """Obligations that fit every filter given, the longest overdue (then the soonest due) first.

    Columns: obligation_id, child_id, name, team and worker (that held the case when it fell due), team_now and worker_now (that hold the
    child on the as-at date, or held it when care ended), iro, rule, title, level, advisory, status, anchor_date, due_date, done_date,
    days (as in the contract), days_left (to the due date, where it lies ahead), next_cpm, in_care, care_started, meeting_id, closes_on, lapses_on, missing, why. `due` bounds the due date (for one that has none, the day that set it off), both included.
    `came_to`: of children in care whom these teams hold now, and others held when it fell due.
    """
    where, params = ["true"], _groups()
    for column, values in (("team", teams), ("status", statuses), ("obligation_id", ids)):
        if values or (column == "obligation_id" and ids is not None):
            where.append(f"list_contains(${column}s, x.{column})")
            params[f"{column}s"] = list(values)
    if came_to:
        where.append("list_contains($came_to, x.team_now) AND NOT coalesce(list_contains($came_to, x.team), false) AND x.child_id IN (SELECT child_id FROM in_care)")
        params["came_to"] = list(came_to)
    for column, value in (("grouping", grouping), ("rule", rule), ("in_care", in_care)):
        if value is not None:
            where.append(f"x.{column} = ${column}")
            params[column] = value
    if due[0] is not None:
        where.append("coalesce(x.due_date, x.anchor_date) >= $due_from")
        params["due_from"] = due[0]
    if due[1] is not None:
        where.append("coalesce(x.due_date, x.anchor_date) <= $due_to")
        params["due_to"] = due[1]
    frame = results.frame(
        f"""
        WITH x AS ({FACTS})
        SELECT x.obligation_id, x.child_id, x.forename, x.surname, x.team, x.worker, x.team_now, x.worker_now, x.iro, x.rule, x.level, x.advisory, x.status,
            x.anchor_date, x.due_date, x.done_date, x.days,
            CASE WHEN x.status IN ('due_soon', 'upcoming') THEN x.due_date - as_at() END AS days_left,
            x.next_cpm, x.in_care, x.care_started, x.meeting_id, x.closes_on, x.lapses_on, x.missing, x.why
        FROM x
        WHERE {" AND ".join(where)}
        ORDER BY x.status <> 'overdue', x.days DESC NULLS LAST, x.due_date NULLS LAST, x.child_id, x.rule, x.obligation_id
        """,
        params,
    )  # fmt: skip
    return _with_words(frame)


def _with_words(frame: pd.DataFrame) -> pd.DataFrame:
    titles = {rule.code: rule.title for rule in all_rules()}
    frame.insert(2, "name", names(frame))
    frame.insert(frame.columns.get_loc("rule") + 1, "title", frame["rule"].map(titles))
    return frame.drop(columns=["forename", "surname"])


def names(frame: pd.DataFrame) -> list[str]:
    return [look.name(*row) for row in frame[["forename", "surname", "child_id"]].itertuples(index=False, name=None)]


def flags(results: Results, *, teams: Sequence[str] = (), indicator: str | None = None, child: str | None = None) -> pd.DataFrame:
    """Drift flags, in the order of the indicators, the oldest first.

    Columns: child_id, name, team, worker (on the as-at date), indicator, title, since, figure, unit, grade, why.
    """
    where, params = ["true"], {}
    if teams:
        where.append("list_contains($teams, c.team)")
        params["teams"] = list(teams)
    if indicator:
        where.append("i.indicator = $indicator")
        params["indicator"] = indicator
    if child:
        where.append("i.child_id = $child")
        params["child"] = child
    frame = results.frame(
        f"""SELECT i.child_id, c.forename, c.surname, c.team, c.worker, i.indicator, i.since, i.figure, i.unit, i.grade, i.why
            FROM indicators i JOIN children c USING (child_id, care_started) WHERE {" AND ".join(where)}""",
        params,
    )
    order = {thing.code: (at, thing.title) for at, thing in enumerate(all_indicators())}
    frame.insert(1, "name", names(frame))
    frame.insert(frame.columns.get_loc("indicator") + 1, "title", [order[code][1] for code in frame["indicator"]])
    frame["place"] = [order[code][0] for code in frame["indicator"]]
    frame = frame.sort_values(["place", "since", "child_id"], kind="stable", na_position="last", ignore_index=True)
    return frame.drop(columns=["forename", "surname", "place"])


def not_assessed(results: Results) -> list[tuple[str, str]]:
    """(title, what it needs) of each indicator that can't be assessed from what was loaded."""
    titles = {thing.code: thing.title for thing in all_indicators()}
    return [(titles[code], needs) for code, needs in results.rows("SELECT indicator, needs FROM unassessable ORDER BY indicator")]
