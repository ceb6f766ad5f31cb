"""What is known that the child's next Care Planning Meeting should have before it: the figures of the record's form."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

import pandas as pd

from cpm_metrics.engine import Results
from cpm_metrics.errors import UnknownName
from cpm_metrics.extracts.datasets import DOMAINS, UNREAD
from cpm_metrics.views import child as one_child
from cpm_metrics.views import look


@dataclass(frozen=True)
class NextMeeting:
    """`attends`: (name, position) of who came to the last CPMs of the period, and the allocated workers. `open_actions`: action,
    responsible, meeting_date, due_date. `not_discussed`: assessments received and not yet discussed at a CPM. `domains_left_out`: of
    the last CPM held; None where its record doesn't say. `proceedings`: the open set, or None."""

    child_id: str
    name: str
    born: date | None
    care_started: date
    team: str | None
    legal_status: str | None
    permanence_plan: str
    attends: list[tuple[str, str]]
    ahead: list[tuple[str, date | None, str]]
    open_actions: pd.DataFrame
    not_discussed: list[str]
    last_cpm: date | None
    domains_left_out: list[str] | None
    frequency: str | None
    proceedings: dict | None
    as_at: date
    extract_date: date


def next_meeting(results: Results, child_id: str) -> NextMeeting:
    """For the child's current period of care. Raises UnknownName for a child who isn't in the extracts or not in care."""
    periods = one_child.periods(results, child_id)
    if not len(periods) or not periods["in_care"].iloc[0]:
        raise UnknownName("This child is not in care on the chosen day, so there is no next meeting to prepare.")
    period = periods.iloc[0]
    started = period["care_started"].date()
    obligations = one_child.obligations(results, child_id, started)
    actions = one_child.actions(results, child_id, started)
    meetings = results.frame(
        """SELECT meeting_date, attendees, chair, chair_role, domains, agreed_frequency FROM told_cpms
           WHERE child_id = $child AND care_started = $started ORDER BY meeting_date DESC""",
        {"child": child_id, "started": started},
    )
    (proceedings,) = results.rows(
        """SELECT (SELECT {'issued': p.issued, 'plan_due': p.plan_due, 'experts_commissioned': p.experts_commissioned, 'experts_received': p.experts_received,
                           'la_assessment': p.la_assessment}
                   FROM proceedings_known p WHERE p.child_id = $child AND p.concluded IS NULL ORDER BY p.issued DESC LIMIT 1)""",
        {"child": child_id},
    )  # fmt: skip
    last = meetings.iloc[0] if len(meetings) else None
    return NextMeeting(
        child_id=child_id,
        name=look.name(period["forename"], period["surname"], child_id),
        born=None if pd.isna(period["date_of_birth"]) else period["date_of_birth"].date(),
        care_started=started,
        team=_text(period["team"]),
        legal_status=_text(look.legal(_text(period["legal_code"]), _text(period["legal_status"]))),
        permanence_plan=_plan(period),
        attends=_attends(period, meetings.head(3)),
        ahead=_ahead(results, child_id, started, obligations, proceedings[0]),
        open_actions=actions[actions["open"].astype(bool)][["action", "responsible", "meeting_date", "due_date"]].reset_index(drop=True),
        not_discussed=_not_discussed(results, child_id, obligations),
        last_cpm=None if last is None else last["meeting_date"].date(),
        domains_left_out=_left_out(last),
        frequency=None if last is None else _text(last["agreed_frequency"]),
        proceedings=proceedings[0],
        as_at=results.as_at,
        extract_date=results.extract_date,
    )


def _text(value: object) -> str | None:
    return None if value is None or pd.isna(value) or not str(value).strip() else str(value)


def _plan(period: pd.Series) -> str:
    plan = _text(period["permanence_plan"])
    words = look.PERMANENCE_PLAN.get(plan, plan) if plan else "None recorded"
    agreed = f", agreed {look.day(period['permanence_agreed'])}" if pd.notna(period["permanence_agreed"]) else ", no agreed date recorded" if plan else ""
    return words + agreed


def _attends(period: pd.Series, meetings: pd.DataFrame) -> list[tuple[str, str]]:
    """The allocated workers, then everybody named as attending one of the last CPMs; each once."""
    out = [(name, position) for name, position in ((_text(period["worker"]), "Social worker"), (_text(period["team_manager"]), "Team manager")) if name]
    seen = {name.casefold() for name, _ in out}
    for written in meetings["attendees"].dropna():
        for person in (part.strip() for part in str(written).replace("\n", ";").split(";")):
            name, _, position = person.partition(",")
            if name.strip() and name.strip().casefold() not in seen:
                seen.add(name.strip().casefold())
                out.append((name.strip(), position.strip()))
    return out


def _ahead(results: Results, child_id: str, started: date, obligations: pd.DataFrame, proceedings: dict | None) -> list[tuple[str, date | None, str]]:
    """(what, when, in what state) of the dates that the meeting plans towards."""
    dates = one_child.next_dates(results, child_id, started)
    due, booked = dates["cpm_due"], dates["review_booked"]
    needed = "not known: what it takes to know is not in the extracts" if dates["cpm_unknown"] else "nothing open"
    review = "booked" if booked else "not booked; due by then" if dates["review_due"] else "not known"
    out = [
        ("Next Care Planning Meeting needed by", due, ("overdue" if due < results.as_at else "") if due else needed),
        ("Next Child in Care Review", booked or dates["review_due"], review),
    ]
    if proceedings:
        out.append(("Final care plan to be filed", proceedings["plan_due"], "" if proceedings["plan_due"] else "no filing date recorded"))
    open_ones = obligations[obligations["status"].isin(["overdue", "due_soon"]) & obligations["rule"].isin(["permanence-plan", "annual-assessment", "proceedings-26-weeks"])]
    out += [(row.title, row.due_date.date(), look.STATUS[row.status].word.lower()) for row in open_ones.itertuples()]
    return out


def _not_discussed(results: Results, child_id: str, obligations: pd.DataFrame) -> list[str]:
    waiting = obligations[(obligations["rule"] == "assessment-discussed") & obligations["status"].isin(["overdue", "due_soon", "upcoming", "cannot_tell"])]
    words = dict(results.rows("SELECT assessment_date, string_agg(DISTINCT assessment_type_text, '; ') FROM assessments_known WHERE child_id = $child AND assessment_type = 'specialist' GROUP BY 1", {"child": child_id}))
    return [f"{words.get(row.anchor_date.date()) or 'Specialist assessment'}, received {look.day(row.anchor_date)}" for row in waiting.drop_duplicates("anchor_date").itertuples()]


def _left_out(last: pd.Series | None) -> list[str] | None:
    if last is None or not isinstance(last["domains"], Iterable):
        return None
    covered = set(last["domains"])
    return None if UNREAD in covered else [domain for domain in DOMAINS if domain not in covered]


