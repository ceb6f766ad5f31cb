"""One child: who, where, what is due and why, and everything a timeline needs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pandas as pd

from cpm_metrics.engine import Results
from cpm_metrics.views import lists, look


def picker(results: Results, teams: Sequence[str] = ()) -> dict[str, str]:
    """child_id -> "Name (ID)", of the children in care with the chosen teams, by name."""
    frame = results.frame(
        f"""SELECT c.child_id, c.forename, c.surname FROM children c JOIN in_care USING (child_id, care_started)
            {"WHERE list_contains($teams, c.team)" if teams else ""}""",
        {"teams": list(teams)} if teams else (),
    )
    called = sorted(zip(lists.names(frame), frame["child_id"], strict=True), key=lambda pair: (pair[0].casefold(), pair[1]))
    return {child: f"{name} ({child})" if not name.startswith("Child ") else name for name, child in called}


def periods(results: Results, child: str) -> pd.DataFrame:
    """One row per period of care known by the as-at date, the latest first: the columns of `children`."""
    return results.frame("SELECT * FROM children WHERE child_id = $child ORDER BY care_started DESC", {"child": child})


def obligations(results: Results, child: str, care_started: date | None = None) -> pd.DataFrame:
    """Every obligation of the child (of one period of care), as `lists.obligations` gives them."""
    ids = results.rows(
        "SELECT obligation_id FROM obligation_facts WHERE child_id = $child AND care_started = coalesce($started, care_started)",
        {"child": child, "started": care_started},
    )
    return lists.obligations(results, ids=[number for (number,) in ids])


def next_dates(results: Results, child: str, care_started: date) -> dict[str, date | None]:
    """`review`: booked or due; `review_booked`; `cpm`: the earliest open CPM due date; `cpm_booked`; `last_cpm`; `last_review`; `cpm_unknown`: how many open
    CPM obligations can't be told."""
    key = {"child": child, "started": care_started}
    (row,) = results.rows(
        """
        SELECT
            (SELECT min(coalesce(booked_date, review_due)) FROM stretches s WHERE s.child_id = $child AND s.care_started = $started AND held_date IS NULL),
            (SELECT min(booked_date) FROM stretches s WHERE s.child_id = $child AND s.care_started = $started AND held_date IS NULL),
            (SELECT min(due_date) FROM obligation_facts WHERE child_id = $child AND care_started = $started
                AND status IN ('overdue', 'due_soon', 'upcoming')
                AND rule IN ('initial-cpm', 'cpm-before-review', 'agreed-frequency', 'cpm-after-change', 'final-plan-cpm')),
            (SELECT min(meeting_date) FROM timeline_meetings WHERE child_id = $child AND care_started = $started AND is_cpm AND state = 'booked'),
            (SELECT max(meeting_date) FROM held_cpms WHERE child_id = $child AND care_started = $started),
            (SELECT max(review_date) FROM held_reviews WHERE child_id = $child AND care_started = $started),
            (SELECT count(*) FROM obligation_facts WHERE child_id = $child AND care_started = $started AND status = 'cannot_tell'
                AND done_date IS NULL AND closes_on IS NULL AND lapses_on IS NULL
                AND rule IN ('initial-cpm', 'cpm-before-review', 'agreed-frequency', 'cpm-after-change', 'final-plan-cpm'))
        """,
        key,
    )
    return dict(zip(("review", "review_booked", "cpm", "cpm_booked", "last_cpm", "last_review", "cpm_unknown"), row, strict=True))


def actions(results: Results, child: str, care_started: date) -> pd.DataFrame:
    """Actions of the period's CPMs, open ones first: action, responsible, meeting_date, due_date, completed_date, state,
    days_overdue, meetings_since (CPMs held since it was agreed, while it stayed open)."""
    frame = results.frame(
        """
        SELECT a.action, a.responsible, a.meeting_date, a.due_date, a.completed_date,
            CASE WHEN a.completed_date IS NOT NULL THEN 'done' WHEN a.due_date < as_at() THEN 'overdue'
                 WHEN a.due_date IS NULL THEN 'no_date' ELSE 'open' END AS state,
            CASE WHEN a.completed_date IS NULL AND a.due_date < as_at() THEN as_at() - a.due_date END AS days_overdue,
            CASE WHEN a.completed_date IS NULL THEN (
                SELECT count(*) FROM cpm_days m WHERE m.child_id = a.child_id AND m.care_started = a.care_started AND m.meeting_date > a.meeting_date
            ) END AS meetings_since
        FROM actions_known a WHERE a.child_id = $child AND a.care_started = $started
        ORDER BY a.completed_date IS NOT NULL, a.due_date NULLS LAST, a.meeting_date DESC, a.row
        """,
        {"child": child, "started": care_started},
    )
    words = {"done": "✓ Done", "overdue": "▲ Overdue", "no_date": "? No due date", "open": "○ Open"}
    frame["state"] = frame["state"].map(words)
    return frame


def meetings(results: Results, child: str, care_started: date) -> pd.DataFrame:
    """CPMs, placement planning meetings and reviews of the period, the latest first.

    Columns: meeting_date, kind, state, chair_role, agreed_frequency, plan_change, minutes_uploaded, meeting_id, is_cpm, is_review.
    """
    frame = results.frame(
        """
        SELECT meeting_date, meeting_type, state, chair_role, agreed_frequency, plan_change, minutes_uploaded, meeting_id,
            is_cpm, false AS is_review
        FROM timeline_meetings WHERE child_id = $child AND care_started = $started AND meeting_type IS DISTINCT FROM 'review'
        UNION ALL
        SELECT review_date, 'review', state, NULL, NULL, NULL, NULL, meeting_id, false, true
        FROM timeline_reviews WHERE child_id = $child AND care_started = $started
        ORDER BY meeting_date DESC
        """,
        {"child": child, "started": care_started},
    )
    frame.insert(1, "kind", frame["meeting_type"].map(look.MEETING_TYPE).fillna("Other meeting"))
    return frame.drop(columns="meeting_type")


def siblings(results: Results, child: str) -> pd.DataFrame:
    """Brothers and sisters (the same sibling group) in the latest period of care: child_id, name, born, in_care, team, worker,
    placement, overdue, flags, next_cpm, next_review, shares_team."""
    frame = results.frame(
        """
        WITH me AS (SELECT sibling_group, team FROM children WHERE child_id = $child AND current AND sibling_group IS NOT NULL)
        SELECT c.child_id, c.forename, c.surname, c.date_of_birth AS born, c.in_care, c.team, c.worker,
            coalesce((SELECT last(p.placement_type ORDER BY p.placement_start) FROM placements_of_care p
                WHERE p.child_id = c.child_id AND p.care_started = c.care_started), c.placement_type) AS placement,
            (SELECT count(*) FROM obligation_facts f WHERE f.child_id = c.child_id AND f.care_started = c.care_started AND f.status = 'overdue') AS overdue,
            (SELECT count(*) FROM indicators i WHERE i.child_id = c.child_id AND i.care_started = c.care_started) AS flags,
            (SELECT min(meeting_date) FROM timeline_meetings m WHERE m.child_id = c.child_id AND m.care_started = c.care_started AND m.is_cpm AND m.state = 'booked') AS next_cpm,
            (SELECT min(coalesce(booked_date, review_due)) FROM stretches s WHERE s.child_id = c.child_id AND s.care_started = c.care_started AND s.held_date IS NULL AND c.in_care) AS next_review
        FROM children c JOIN me ON c.sibling_group = me.sibling_group
        WHERE c.current AND c.child_id <> $child ORDER BY c.date_of_birth NULLS LAST, c.child_id
        """,
        {"child": child},
    )
    frame.insert(1, "name", lists.names(frame))
    return frame.drop(columns=["forename", "surname"])


def lanes(results: Results, child: str) -> pd.DataFrame:
    """Bars of the timeline, over every period of care: lane, label, start, end (blank while it lasts), note."""
    return results.frame(
        """
        SELECT * FROM (
            SELECT 'In care' AS lane, 'In care' AS label, care_started AS start, care_ceased AS "end", reason_ceased AS note
            FROM children WHERE child_id = $child
            UNION ALL
            SELECT 'Legal status', coalesce(legal_code, legal_status), legal_status_start, legal_status_end, legal_status
            FROM legal_known WHERE child_id = $child
            UNION ALL
            SELECT 'Home', placement_type, placement_start,
                coalesce(placement_end, lead(placement_start) OVER (ORDER BY placement_start, row)), change_reason
            FROM placements_known WHERE child_id = $child
            UNION ALL
            SELECT 'Social worker', coalesce(worker, 'not recorded'), allocation_start,
                coalesce(allocation_end, lead(allocation_start) OVER (ORDER BY allocation_start, row)), team
            FROM allocations_known WHERE child_id = $child
            UNION ALL
            SELECT 'Proceedings', 'Care proceedings', issued, concluded, order_sought FROM proceedings_known WHERE child_id = $child
        ) ORDER BY lane, start
        """,
        {"child": child},
    )


def windows(results: Results, child: str) -> pd.DataFrame:
    """What shades the timeline: one row per span of time in which a review or CPM was due or missing.

    Columns: lane ("Reviews" or "CPMs"), start, end, kind ("window": time allowed; "late", "overdue", "missed": the gap), title.
    """
    return results.frame(
        """
        WITH spans AS (
            SELECT CASE WHEN rule = 'statutory-review' THEN 'Reviews' ELSE 'CPMs' END AS lane, anchor_date, due_date, done_date,
                status, rule, least(closes_on, lapses_on) AS ended
            FROM obligation_facts
            WHERE child_id = $child AND due_date IS NOT NULL AND status <> 'lapsed'
              AND rule IN ('statutory-review', 'initial-cpm', 'cpm-before-review')
        )
        SELECT lane, anchor_date AS start, least(due_date, coalesce(done_date, due_date)) AS "end", 'window' AS kind, rule FROM spans
        UNION ALL
        SELECT lane, due_date, done_date, 'late', rule FROM spans WHERE status = 'late'
        UNION ALL
        SELECT lane, due_date, as_at(), 'overdue', rule FROM spans WHERE status = 'overdue'
        UNION ALL
        SELECT lane, CASE WHEN ended > due_date THEN due_date ELSE anchor_date END, ended, 'missed', rule FROM spans WHERE status = 'missed'
        ORDER BY lane, start
        """,
        {"child": child},
    )


def marks(results: Results, child: str) -> pd.DataFrame:
    """Points of the timeline: lane ("Reviews", "CPMs", "Changes"), day, state, label."""
    frame = results.frame(
        """
        SELECT 'Reviews' AS lane, review_date AS day, state, 'Child in Care Review' AS label FROM timeline_reviews WHERE child_id = $child
        UNION ALL
        SELECT 'CPMs', meeting_date, state,
            CASE meeting_type WHEN 'final_plan_cpm' THEN 'Final plan CPM' WHEN 'placement_planning' THEN 'Placement planning meeting' ELSE 'Care Planning Meeting' END
        FROM timeline_meetings WHERE child_id = $child AND (is_cpm OR meeting_type = 'placement_planning')
        UNION ALL
        SELECT 'Changes', change_date, 'held', coalesce(change, 'Significant change') FROM changes_known WHERE child_id = $child
        ORDER BY 1, 2
        """,
        {"child": child},
    )
    return frame
