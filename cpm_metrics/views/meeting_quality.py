"""Whether the record of each Care Planning Meeting is whole: minutes, chair, attendance, what was considered, follow-up, actions.

One row is a meeting and a child: a meeting about two children is two, as each child's file needs its record. Rules are counted
from the obligations about a meeting (`about_meeting`), by the day of the meeting and with the team that held the case when they
were due: a rule that looks at the record itself is due on the meeting's day, so its counts are those of `compliance`. What no
rule covers (actions with no owner or due date, no outcome recorded) stands with the team that held the case on the meeting's day.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import pandas as pd

from cpm_metrics.engine import Results
from cpm_metrics.rules import rule
from cpm_metrics.views import lists, look
from cpm_metrics.views.look import NO_TEAM


@dataclass(frozen=True)
class Check:
    """One thing about a meeting's record. `of`: what is counted, meetings or actions; `lacks`: in the list of meetings; `blank`:
    where the record doesn't say, though the extract has the column."""

    code: str
    title: str
    of: str
    lacks: str
    blank: str = ""


OWNER, DUE, OUTCOME = "action-owner", "action-due", "outcome"
_RULES = (
    ("minutes-on-file", "minutes not on file", ""), ("minutes-distributed", "minutes not distributed", ""),
    ("cpm-chair", "chair not as the guidance asks", "no chair recorded"), ("final-plan-chair", "no service manager in the chair", "no chair recorded"),
    ("final-plan-attendance", "someone who must attend was absent", "attendance not recorded"),
    ("final-plan-considerations", "not everything considered", "considerations left blank"),
    ("final-plan-assessments", "assessments not complete", "no proceedings recorded for that day"),
    ("progress-domains", "not all seven domains", "domains not recorded"), ("frequency-recorded", "no frequency recorded", ""),
    ("iro-informed", "IRO not informed", ""), ("care-plan-updated", "care plan not updated", ""), ("minutes-on-cpr", "minutes not on the Child Permanence Report", ""),
)  # fmt: skip
RULES = tuple(code for code, _, _ in _RULES)
CHECKS: dict[str, Check] = {code: Check(code, rule(code).title, "meetings", lacks, blank) for code, lacks, blank in _RULES} | {
    OWNER: Check(OWNER, "Action has an owner", "actions", "action with no owner"),
    DUE: Check(DUE, "Action has a due date", "actions", "action with no due date"),
    OUTCOME: Check(OUTCOME, "Outcome of a planned CPM recorded", "meetings", "outcome not recorded"),
}
# What stands in the columns of `counts`, and the statuses of an obligation that make it up. Each of these rules can end as missed or
# stay overdue, never both: a record is looked at on its day, and what has a limit of days never lapses.
PARTS: dict[str, tuple[str, ...]] = {
    "in_order": ("on_time",), "late": ("late",), "lacking": ("missed", "overdue"), "not_due": ("due_soon", "upcoming"), "cannot_tell": ("cannot_tell",),
}  # fmt: skip

# One row: a Care Planning Meeting of any state dated in the time, and child, with the team and worker that held the case that day.
_MEETINGS = """
    SELECT m.* EXCLUDE (child_id, care_started), m.child_id, m.care_started,
        CASE WHEN a.child_id IS NULL THEN p.case_team ELSE a.team END AS team, CASE WHEN a.child_id IS NULL THEN p.case_worker ELSE a.worker END AS worker
    FROM (FROM timeline_meetings WHERE is_cpm AND meeting_date BETWEEN $start AND $end AND meeting_date <= as_at()) m
    JOIN periods p ON p.child_id = m.child_id AND p.care_started = m.care_started
    ASOF LEFT JOIN allocated_from a ON a.child_id = m.child_id AND a.from_day <= m.meeting_date
"""
# One row: an action agreed at one of them that was held.
_ACTIONS = f"""
    SELECT a.child_id, a.care_started, a.meeting_key, a.meeting_date, a.action, a.responsible, a.due_date, a.completed_date, a.has_due_date,
        list_contains(s.columns, 'responsible') AS has_responsible, m.team, m.worker
    FROM actions_known a JOIN snap.sources s USING (source)
    JOIN ({_MEETINGS}) m ON m.child_id = a.child_id AND m.care_started = a.care_started AND m.meeting_key = a.meeting_key AND m.state = 'held'
"""
_MINE = "($teams IS NULL OR list_contains($teams, team))"
_NOBODYS = f"(team IS NULL OR team = '{NO_TEAM}') AND $teams IS NULL"


def on(results: Results) -> list[str]:
    """Codes of the checks in use: the rules that are switched on, and the rest."""
    return [code for code in CHECKS if code not in RULES or results.settings[f"{code}.on"]]


def unassessable(results: Results) -> dict[str, str]:
    """Check -> what is missing, where the extracts cannot show for any meeting whether anything was due."""
    ((loaded,),) = results.rows("SELECT is_loaded('actions')")
    return ({} if loaded else {OWNER: "Actions", DUE: "Actions"}) | dict(
        results.rows(
            "SELECT rule, any_value(missing) FROM obligation_facts WHERE list_contains($rules, rule) AND about_meeting IS NULL AND status = 'cannot_tell' GROUP BY rule", {"rules": list(RULES)}
        )
    )


def _params(start: date, end: date, teams: Sequence[str]) -> dict:
    return {"start": start, "end": end, "teams": list(teams) or None}


def tallies(results: Results, start: date, end: date, teams: Sequence[str] = ()) -> pd.DataFrame:
    """One row per check and team (blank: none recorded) with anything to count: check, team, then one column per entry of PARTS."""
    found = results.frame(
        f"""
        WITH meetings AS MATERIALIZED ({_MEETINGS}), acts AS MATERIALIZED ({_ACTIONS}),
        things AS (
            SELECT rule AS "check", team, status FROM obligation_facts
            WHERE list_contains($rules, rule) AND about_meeting IS NOT NULL AND anchor_date BETWEEN $start AND $end
            UNION ALL
            SELECT '{OWNER}', team, CASE WHEN NOT has_responsible THEN 'cannot_tell' WHEN {_blank("responsible")} THEN 'missed' ELSE 'on_time' END FROM acts
            UNION ALL
            SELECT '{DUE}', team, CASE WHEN NOT has_due_date THEN 'cannot_tell' WHEN due_date IS NULL THEN 'missed' ELSE 'on_time' END FROM acts
            UNION ALL
            SELECT '{OUTCOME}', team, CASE WHEN state = 'not_recorded' THEN 'missed' ELSE 'on_time' END FROM meetings WHERE state <> 'booked'
        )
        SELECT "check", team, {", ".join(f"count(*) FILTER (status IN ({', '.join(map(repr, s))})) AS {part}" for part, s in PARTS.items())}
        FROM things WHERE {_MINE} GROUP BY ALL
        """,
        _params(start, end, teams) | {"rules": [code for code in on(results) if code in RULES]},
    )
    found["place"] = [list(CHECKS).index(code) for code in found["check"]]
    return found.sort_values(["place", "team"], na_position="last", kind="stable", ignore_index=True).drop(columns="place")


def _blank(column: str) -> str:
    return f"nullif(trim({column}), '') IS NULL"


def counts(results: Results, start: date, end: date, teams: Sequence[str] = ()) -> pd.DataFrame:
    """One row per check in use: check, title, level, of, the columns of PARTS, counted (in order, late and lacking), rate (percent
    in order of those counted; blank below the smallest number), needs (what is missing, where it can't be assessed at all)."""
    sums = tallies(results, start, end, teams).groupby("check")[list(PARTS)].sum()
    needs = unassessable(results)
    rows = []
    for code in on(results):
        check = CHECKS[code]
        parts = {part: int(sums.loc[code, part]) if code in sums.index else 0 for part in PARTS}
        level = rule(code).level if code in RULES else "guidance" if check.of == "actions" else None
        rows.append({"check": code, "title": check.title, "level": level, "of": check.of, **parts, "needs": needs.get(code)} | _rate(parts, results))
    return pd.DataFrame(rows)


def _rate(parts: dict[str, int], results: Results) -> dict:
    counted = parts["in_order"] + parts["late"] + parts["lacking"]
    return {"counted": counted, "rate": look.percent(parts["in_order"], counted) if counted and counted >= results.settings["general.smallest_counted"] else None}


def by_team(results: Results, start: date, end: date, teams: Sequence[str] = (), check: str | None = None) -> pd.DataFrame:
    """One row per check and team, in name order: check, title, team (in words where none is recorded), the columns of PARTS, counted, rate."""
    found = tallies(results, start, end, teams)
    if check is not None:
        found = found[found["check"] == check].reset_index(drop=True)
    rates = [_rate({part: int(row[part]) for part in PARTS}, results) for row in found[list(PARTS)].to_dict("records")]
    found["team"] = found["team"].fillna(NO_TEAM)
    found.insert(1, "title", [CHECKS[code].title for code in found["check"]])
    found["counted"], found["rate"] = [r["counted"] for r in rates], [r["rate"] for r in rates]
    return found


def behind(results: Results, check: str, part: str | None, start: date, end: date, teams: Sequence[str] | None = ()) -> pd.DataFrame:
    """The rows of one number of a rule, as `lists.obligations`; `part` None: all of them. `teams` None: those with no team recorded."""
    statuses = list(PARTS[part]) if part else [s for group in PARTS.values() for s in group]
    ids = results.rows(
        f"""SELECT obligation_id FROM obligation_facts
            WHERE rule = $rule AND about_meeting IS NOT NULL AND anchor_date BETWEEN $start AND $end AND list_contains($statuses, status)
              AND {_NOBODYS if teams is None else _MINE}""",
        _params(start, end, teams or ()) | {"rule": check, "statuses": statuses},
    )
    return lists.obligations(results, ids=[number for (number,) in ids])


def actions(results: Results, check: str, part: str | None, start: date, end: date, teams: Sequence[str] | None = ()) -> pd.DataFrame:
    """The actions of one number of the two checks on actions, the latest meeting first: child_id, name, team, worker, meeting_date, action,
    responsible, due_date, completed_date, why (the same in a sentence)."""
    has, blank = ("has_responsible", _blank("responsible")) if check == OWNER else ("has_due_date", "due_date IS NULL")
    which = {"lacking": f"{has} AND {blank}", "in_order": f"{has} AND NOT {blank}", "cannot_tell": f"NOT {has}", None: "true"}.get(part, "false")
    frame = results.frame(
        f"""SELECT x.child_id, c.forename, c.surname, x.team, x.worker, meeting_date, action, responsible, due_date, completed_date
            FROM ({_ACTIONS}) x JOIN children c USING (child_id, care_started)
            WHERE {which} AND {_NOBODYS.replace("team ", "x.team ") if teams is None else _MINE.replace("team)", "x.team)")}
            ORDER BY meeting_date DESC, x.child_id, action""",
        _params(start, end, teams or ()),
    )
    frame.insert(1, "name", lists.names(frame))
    frame["why"] = [
        f"Agreed at the CPM of {look.day(row.meeting_date)}: “{row.action}”. Owner: {_said(row.responsible)}; due: {look.day(row.due_date) or 'no date'}; "
        + (f"completed on {look.day(row.completed_date)}." if pd.notna(row.completed_date) else "not completed.")
        for row in frame.itertuples()
    ]
    return frame.drop(columns=["forename", "surname"])


def outcomes(results: Results, part: str | None, start: date, end: date, teams: Sequence[str] | None = ()) -> pd.DataFrame:
    """The CPMs of one number of the check on outcomes, the latest first: child_id, name, team, worker, meeting_id, meeting_date, kind, state, why."""
    states = {"lacking": ["not_recorded"], "in_order": ["held", "cancelled", "postponed"], None: ["held", "cancelled", "postponed", "not_recorded"]}.get(part, [])
    frame = results.frame(
        f"""SELECT x.child_id, c.forename, c.surname, x.team, x.worker, x.meeting_id, x.meeting_date, x.meeting_type, x.state
            FROM ({_MEETINGS}) x JOIN children c USING (child_id, care_started)
            WHERE list_contains($states, x.state) AND {_NOBODYS.replace("team ", "x.team ") if teams is None else _MINE.replace("team)", "x.team)")}
            ORDER BY x.meeting_date DESC, x.child_id, x.meeting_key""",
        _params(start, end, teams or ()) | {"states": states},
    )
    frame.insert(1, "name", lists.names(frame))
    frame["kind"] = frame["meeting_type"].map(look.MEETING_TYPE)
    frame["why"] = [
        f"{row.kind} of {look.day(row.meeting_date)}: " + ("whether it was held isn’t recorded, so it doesn’t count as held." if row.state == "not_recorded" else f"{look.MEETING_STATE[row.state].word.lower()}.")
        for row in frame.itertuples()
    ]
    return frame[["child_id", "name", "team", "worker", "meeting_id", "meeting_date", "kind", "state", "why"]]


def _said(text: str | None) -> str:
    return str(text).strip() if text is not None and not pd.isna(text) and str(text).strip() else "nobody"


# -- meeting by meeting


@dataclass(frozen=True)
class Summary:
    """Held CPM records in the time: `lack` something, are `whole` (nothing lacking of what was due, and all of it could be told), or
    `untold` (nothing lacking, something can't be told); together `held`. `no_outcome`: planned, and no outcome recorded."""

    held: int
    lack: int
    whole: int
    untold: int
    no_outcome: int


def meetings(results: Results, start: date, end: date, teams: Sequence[str] = ()) -> pd.DataFrame:
    """One row per CPM held, or planned with no outcome recorded, and child, the latest first; with the team that held the case that day.

    Columns: child_id, name, team, worker, meeting_id, meeting_date, kind, state, chair (role in words), lacks (list of words),
    items (their codes: a check's, with "-blank" where the record doesn't say), untold (how many checks the extract can't show), why
    (a sentence for each thing that lacks, one a line).
    """
    params = _params(start, end, teams)
    frame = results.frame(
        f"""SELECT x.child_id, c.forename, c.surname, x.team, x.worker, x.meeting_key, x.meeting_id, x.meeting_date, x.meeting_type, x.state, x.chair_role, x.chair_role_text,
                x.care_started, x.has_chair_role, x.has_attendee_roles, x.has_domains, x.source
            FROM ({_MEETINGS}) x JOIN children c USING (child_id, care_started)
            WHERE x.state IN ('held', 'not_recorded') AND {_MINE.replace("team)", "x.team)")}
            ORDER BY x.meeting_date DESC, x.child_id, x.meeting_key""",
        params,
    )
    wanted = [code for code in on(results) if code in RULES]
    lacking = results.frame(
        """SELECT o.rule, o.child_id, o.care_started, o.about_meeting, o.status, o.missing, o.why FROM obligations o
           WHERE list_contains($rules, o.rule) AND o.status IN ('missed', 'overdue', 'cannot_tell') AND o.about_meeting IS NOT NULL
             AND o.anchor_date BETWEEN $start AND $end""",
        {"rules": wanted, "start": start, "end": end},
    )
    per: dict[tuple, list] = {}
    for row in lacking.itertuples(index=False):
        per.setdefault((row.child_id, row.care_started, row.about_meeting), []).append(row)
    acts: dict[tuple, list] = {}
    for row in results.rows(
        f"""SELECT child_id, care_started, meeting_key, count(*) FILTER (has_responsible AND {_blank("responsible")}), count(*) FILTER (has_due_date AND due_date IS NULL),
                count(*) FILTER (NOT has_responsible) + count(*) FILTER (NOT has_due_date)
            FROM ({_ACTIONS}) WHERE {_MINE} GROUP BY ALL""",
        params,
    ):
        acts[(row[0], pd.Timestamp(row[1]), row[2])] = row[3:]
    columns = {source: set(names) for source, names in results.rows("SELECT source, columns FROM snap.sources")}
    order = {code: at for at, code in enumerate(CHECKS)}
    out = []
    for row in frame.itertuples(index=False):
        found, untold = [], 0  # found: (place, item, words, sentence)
        if row.state == "not_recorded":
            found.append((order[OUTCOME], OUTCOME, CHECKS[OUTCOME].lacks, f"Planned for {look.day(row.meeting_date)}; whether it was held isn’t recorded, so it doesn’t count as held."))
        key = (row.child_id, row.care_started, row.meeting_key)
        for thing in per.get(key, ()):
            check = CHECKS[thing.rule]
            if thing.status != "cannot_tell":
                found.append((order[check.code], check.code, check.lacks, thing.why))
            elif check.blank and _in_record(thing.missing, row, columns.get(row.source, set())):
                unread = thing.missing == "Chair role" and pd.notna(row.chair_role_text)
                found.append((order[check.code], f"{check.code}-blank", "chair’s role can’t be read" if unread else check.blank, thing.why))
            else:
                untold += 1
        if key in acts:
            owner, due, hidden = acts[key]
            for code, number, said in ((OWNER, owner, "owner"), (DUE, due, "due date")):
                if number:
                    found.append((order[code], code, CHECKS[code].lacks, f"{look.count(number, 'action')} agreed on {look.day(row.meeting_date)} {'has' if number == 1 else 'have'} no {said}."))
            untold += bool(hidden)
        found.sort(key=lambda thing: thing[0])
        out.append(([w for _, _, w, _ in found], [i for _, i, _, _ in found], untold, "\n".join(s for _, _, _, s in found)))
    frame["kind"] = frame["meeting_type"].map(look.MEETING_TYPE)
    frame["chair"] = [_role(role, written) for role, written in zip(frame["chair_role"], frame["chair_role_text"], strict=True)]
    for at, name in enumerate(("lacks", "items", "untold", "why")):
        frame[name] = pd.Series([thing[at] for thing in out], index=frame.index, dtype="int64" if name == "untold" else "object")
    frame.insert(1, "name", lists.names(frame))
    return frame[["child_id", "name", "team", "worker", "meeting_id", "meeting_date", "kind", "state", "chair", "lacks", "items", "untold", "why"]]


def _role(code: str | None, written: str | None) -> str | None:
    if code is None or pd.isna(code):
        return None if written is None or pd.isna(written) else str(written)
    words = code.replace("_", " ")
    return "IRO" if code == "iro" else words[:1].upper() + words[1:]


_CONSIDERED = {"considered_parents", "considered_connected", "considered_outside_family", "considered_contact", "considered_evidence"}


def _in_record(missing: str | None, row, columns: set[str]) -> bool:
    """Whether the record itself doesn't say, and not the whole extract."""
    if missing is None or pd.isna(missing):
        return False
    if missing.startswith("consideration of "):
        return columns >= _CONSIDERED
    return {
        "Chair role": row.has_chair_role, "Attendee roles": row.has_attendee_roles, "Domains considered": row.has_domains,
        "Domains considered in words that can be read": True, "proceedings open on that day": True,
    }.get(missing, False)  # fmt: skip


def summary(frame: pd.DataFrame) -> Summary:
    """Of what `meetings` gives."""
    held = frame[frame["state"] == "held"]
    lack = held["items"].map(len) > 0
    return Summary(len(held), int(lack.sum()), int((~lack & (held["untold"] == 0)).sum()), int((~lack & (held["untold"] > 0)).sum()), int((frame["state"] == "not_recorded").sum()))


def items(frame: pd.DataFrame) -> dict[str, tuple[str, int]]:
    """Item -> (its words, how many meetings lack it), in the order of the checks. Two rules may have the same words."""
    out: dict[str, list] = {}
    for words, codes in zip(frame["lacks"], frame["items"], strict=True):
        for word, code in zip(words, codes, strict=True):
            out.setdefault(code, [word, 0])[1] += 1
    order = list(CHECKS)
    return {code: tuple(out[code]) for code in sorted(out, key=lambda c: (order.index(c.removesuffix("-blank")), c))}
