"""One child: who, where, what is due and why, and everything a timeline needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

import pandas as pd

from cpm_metrics.engine import Results
from cpm_metrics.extracts import datasets
from cpm_metrics.rules import all_rules
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


# The rules that ask for a CPM; the same as those of the indicator `cpm-overdue`.
_CPM_RULES = "('initial-cpm', 'cpm-before-review', 'agreed-frequency', 'cpm-after-change', 'final-plan-cpm')"
# One row: a period of care, with its meetings before and ahead. `cpm_due` and `review_due` are the earliest due dates of what is
# still open; `…_pressing`: one of them is overdue or due soon; `…_unknown`: how many open ones can't be told.
# `cpm_for_court`: the CPM before the final care plan is open. `…_known`: the extracts could have told of such a meeting.
_MEETING_DATES = f"""
    SELECT c.child_id, c.care_started, c.forename, c.surname, c.team, c.worker, c.iro, c.date_of_birth,
        o.cpm_due, coalesce(o.cpm_pressing, false) AS cpm_pressing, coalesce(o.cpm_unknown, 0) AS cpm_unknown, b.cpm_booked, h.last_cpm,
        coalesce(o.cpm_for_court, false) AS cpm_for_court,
        o.review_due, coalesce(o.review_pressing, false) AS review_pressing, coalesce(o.review_unknown, 0) AS review_unknown,
        r.review_booked, r.last_review,
        is_loaded('meetings') AS cpm_known, coalesce(k.reviews_known, '') <> 'none' AS review_known
    FROM children c
    LEFT JOIN review_knowledge k USING (child_id, care_started)
    LEFT JOIN (
        SELECT child_id, care_started,
            min(due_date) FILTER (rule IN {_CPM_RULES} AND status <> 'cannot_tell') AS cpm_due,
            bool_or(status IN ('overdue', 'due_soon')) FILTER (rule IN {_CPM_RULES}) AS cpm_pressing,
            count(*) FILTER (rule IN {_CPM_RULES} AND status = 'cannot_tell') AS cpm_unknown,
            bool_or(rule = 'final-plan-cpm') AS cpm_for_court,
            min(due_date) FILTER (rule = 'statutory-review' AND status <> 'cannot_tell') AS review_due,
            bool_or(status IN ('overdue', 'due_soon')) FILTER (rule = 'statutory-review') AS review_pressing,
            count(*) FILTER (rule = 'statutory-review' AND status = 'cannot_tell') AS review_unknown
        FROM obligation_facts
        WHERE status IN ('overdue', 'due_soon', 'upcoming')
           OR (status = 'cannot_tell' AND done_date IS NULL AND closes_on IS NULL AND lapses_on IS NULL)
        GROUP BY ALL
    ) o USING (child_id, care_started)
    LEFT JOIN (
        SELECT child_id, care_started, min(meeting_date) FILTER (state = 'booked') AS cpm_booked
        FROM timeline_meetings WHERE is_cpm GROUP BY ALL
    ) b USING (child_id, care_started)
    LEFT JOIN (SELECT child_id, care_started, max(meeting_date) AS last_cpm FROM cpm_days GROUP BY ALL) h USING (child_id, care_started)
    LEFT JOIN (
        SELECT child_id, care_started, min(review_date) FILTER (state = 'booked') AS review_booked,
            max(review_date) FILTER (state = 'held') AS last_review
        FROM timeline_reviews GROUP BY ALL
    ) r USING (child_id, care_started)
"""


def next_dates(results: Results, child: str, care_started: date) -> dict[str, date | int | bool | None]:
    """`cpm_due`, `review_due`: the earliest due date of what is open; `…_pressing`: one of them is overdue or due soon; `…_unknown`: how
    many open ones can't be told; `…_booked`: the first booked; `…_known`: the extracts could have told of one; `last_cpm`,
    `last_review`: the last held."""
    names = [f"{what}_{of}" for what in ("cpm", "review") for of in ("due", "pressing", "unknown", "booked", "known")] + ["last_cpm", "last_review"]
    (row,) = results.rows(
        f"SELECT {', '.join(names)} FROM ({_MEETING_DATES}) WHERE child_id = $child AND care_started = $started",
        {"child": child, "started": care_started},
    )
    return dict(zip(names, row, strict=True))


class NextDate(NamedTuple):
    """One of a child's next dates in words. `wanting`: it is past, or lacking, or too late."""

    title: str
    value: str
    note: str
    wanting: bool


def date_words(found: Mapping[str, Any], as_at: date) -> list[NextDate]:
    """What `next_dates` gives, in words: CPM needed by and booked, review due by and booked."""
    out = []
    for what, name, needed in (("CPM", "cpm", "needed by"), ("Review", "review", "due by")):
        due, booked, last, unknown = found[f"{name}_due"], found[f"{name}_booked"], found[f"last_{name}"], found[f"{name}_unknown"]
        if due is None:
            note = "not in the extracts" if unknown else "nothing open"
            out.append(NextDate(f"{what} {needed}", "Cannot tell" if unknown else "–", note, False))
        else:
            gap = (due - as_at).days
            note = f"{look.days(-gap)} overdue" if gap < 0 else "today" if gap == 0 else f"{look.days(gap)} left"
            out.append(NextDate(f"{what} {needed}", look.day(due), note + ("; another can’t be told" if unknown else ""), gap < 0))
        held = f"last held {look.day(last)}" if last else "none held yet"
        if not found[f"{name}_known"]:
            out.append(NextDate(f"{what} booked", "Cannot tell", "not in the extracts", False))
        elif booked is None:
            out.append(NextDate(f"{what} booked", "None", held, found[f"{name}_pressing"]))
        else:
            late = due is not None and booked > due
            out.append(NextDate(f"{what} booked", look.day(booked), (f"{look.days((booked - due).days)} after it is {needed.removesuffix(' by')}; " if late else "") + held, late))
    return out


def counts(results: Results, child: str) -> dict[str, int]:
    """Status -> how many obligations of the child have it, over every period of care."""
    return dict(results.rows("SELECT status, count(*) FROM obligation_facts WHERE child_id = $child GROUP BY status", {"child": child}))


def elsewhere(results: Results, child: str, care_started: date) -> list[tuple[date, date | None, int, int]]:
    """Of the child's other periods of care with anything overdue or due soon, the latest first: (care_started, care_ceased or None, how
    many are overdue, how many due soon)."""
    return results.rows(
        """
        SELECT care_started, p.care_ceased, count(*) FILTER (f.status = 'overdue'), count(*) FILTER (f.status = 'due_soon')
        FROM obligation_facts f JOIN periods p USING (child_id, care_started)
        WHERE f.child_id = $child AND care_started <> $started AND f.status IN ('overdue', 'due_soon')
        GROUP BY ALL ORDER BY care_started DESC
        """,
        {"child": child, "started": care_started},
    )


def urgent(rows: pd.DataFrame) -> pd.DataFrame:
    """Overdue and due soon of `lists.obligations`: overdue first, then meetings before plans before records, in their order."""
    rows = rows[rows["status"].isin(["overdue", "due_soon"])]
    groups = list(look.GROUPS)
    places = [(status != "overdue", groups.index(look.group_of(rule)), at) for at, (status, rule) in enumerate(zip(rows["status"], rows["rule"], strict=True))]
    return rows.iloc[[at for *_, at in sorted(places)]]


def now(results: Results, child: str, period: pd.Series) -> tuple[str, str]:
    """(legal status, home) on the as-at date, or the last ones of a period that ended, in words; `period`: a row of `periods`."""
    known = lanes(results, child)
    out = []
    for lane, fallback in (("Legal status", period["legal_status"]), ("Home", period["placement_type"])):
        rows = known[(known["lane"] == lane) & (known["start"] >= period["care_started"] - pd.Timedelta(days=1))]
        if pd.notna(period["care_ceased"]):
            rows = rows[rows["start"] <= period["care_ceased"]]
        if not len(rows):
            out.append(recorded(fallback))
            continue
        last = rows.iloc[-1]
        words = look.legal(last["label"], last["note"]) if lane == "Legal status" else recorded(last["label"])
        out.append(f"{words}, since {look.day(last['start'])}")
    return out[0], out[1]


def plan(period: pd.Series) -> str:
    """The permanence plan with the days it was agreed and achieved; "none recorded"."""
    code, written = period["permanence_plan"], period["permanence_plan_text"]
    words = look.PERMANENCE_PLAN.get(code) or next((str(w) for w in (written, code) if pd.notna(w)), "none recorded")
    for day, what in ((period["permanence_agreed"], "agreed"), (period["permanence_achieved"], "achieved")):
        words += f", {what} {look.day(day)}" if pd.notna(day) else ""
    return words


def recorded(value: object) -> str:
    """A cell of the extract as text; "not recorded" for a blank one."""
    return "not recorded" if value is None or pd.isna(value) or not str(value).strip() else str(value)


def actions(results: Results, child: str, care_started: date | None = None) -> pd.DataFrame:
    """Actions of the child's CPMs (of one period of care), open ones first, then by due date.

    Columns: obligation_id, care_started, action, responsible, meeting_date, meeting_id, due_date, completed_date, status (of its obligation; blank where that
    rule is switched off), open (bool), days_overdue, meetings_since (CPMs held since it was agreed, for one not completed; blank
    where that can't be told), rolled_over (bool: as many as the limit of the indicator, or more).
    """
    frame = results.frame(
        """
        WITH told AS (  -- one row: an obligation to complete an action; two actions alike in all of this have one status and sentence
            SELECT child_id, care_started, about_meeting, detail, due_date, done_date, status, days, min(obligation_id) AS obligation_id
            FROM obligation_facts WHERE rule = 'action-completed' AND child_id = $child GROUP BY ALL
        )
        SELECT t.obligation_id, a.care_started, a.action, a.responsible, a.meeting_date, a.meeting_id, a.due_date, a.completed_date, t.status,
            a.completed_date IS NULL AND coalesce(t.status IN ('overdue', 'due_soon', 'upcoming', 'cannot_tell'), p.care_ceased IS NULL) AS open,
            CASE WHEN t.status = 'overdue' THEN t.days END AS days_overdue,
            CASE WHEN a.completed_date IS NULL AND a.has_completed_date THEN (
                SELECT count(*) FROM held_cpms m WHERE m.child_id = a.child_id AND m.care_started = a.care_started AND m.meeting_date > a.meeting_date
            ) END AS meetings_since
        FROM actions_known a JOIN periods p USING (child_id, care_started)
        LEFT JOIN told t ON t.care_started = a.care_started AND t.about_meeting = a.meeting_key AND t.detail IS NOT DISTINCT FROM a.action
            AND t.due_date IS NOT DISTINCT FROM a.due_date AND t.done_date IS NOT DISTINCT FROM a.completed_date
        WHERE a.child_id = $child AND a.care_started = coalesce($started, a.care_started)
        ORDER BY open DESC, a.due_date NULLS LAST, a.meeting_date DESC, a.source, a.row
        """,
        {"child": child, "started": care_started},
    )
    limit = results.settings["actions-rolled-over.limit"]
    frame["rolled_over"] = (frame["open"] & (frame["meetings_since"].fillna(-1) >= limit)).astype(bool)
    return frame


def actions_by_meeting(rows: pd.DataFrame) -> pd.DataFrame:
    """`actions`, one row per meeting that agreed some, the latest first.

    Columns: meeting_date, meeting_id, agreed, completed, open, overdue, rolled_over (counts), meetings_since (CPMs held since, for
    what it left open; blank where it left nothing or that can't be told).
    """
    frame = rows.assign(completed=rows["completed_date"].notna(), overdue=rows["status"] == "overdue", since=rows["meetings_since"].where(rows["open"]))
    out = frame.groupby(["meeting_date", "meeting_id"], dropna=False, as_index=False).agg(
        agreed=("action", "size"), completed=("completed", "sum"), open=("open", "sum"), overdue=("overdue", "sum"), rolled_over=("rolled_over", "sum"), meetings_since=("since", "max"),
    )  # fmt: skip
    return out.sort_values("meeting_date", ascending=False, ignore_index=True, kind="stable")


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
    placement, overdue, flags."""
    frame = results.frame(
        """
        WITH me AS (SELECT sibling_group, team FROM children WHERE child_id = $child AND current AND sibling_group IS NOT NULL)
        SELECT c.child_id, c.forename, c.surname, c.date_of_birth AS born, c.in_care, c.team, c.worker,
            coalesce((SELECT last(p.placement_type ORDER BY p.placement_start) FROM placements_of_care p
                WHERE p.child_id = c.child_id AND p.care_started = c.care_started), c.placement_type) AS placement,
            (SELECT count(*) FROM obligation_facts f WHERE f.child_id = c.child_id AND f.care_started = c.care_started AND f.status = 'overdue') AS overdue,
            (SELECT count(*) FROM indicators i WHERE i.child_id = c.child_id AND i.care_started = c.care_started) AS flags
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
            WHERE child_id = $child AND due_date IS NOT NULL AND status NOT IN ('lapsed', 'cannot_tell')
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
    """Points of the timeline: lane ("Reviews", "CPMs", "Changes", "Proceedings"), day, state, label."""
    return results.frame(
        """
        SELECT 'Reviews' AS lane, review_date AS day, state, 'Child in Care Review' AS label FROM timeline_reviews WHERE child_id = $child
        UNION ALL
        SELECT 'CPMs', meeting_date, state,
            CASE meeting_type WHEN 'final_plan_cpm' THEN 'Final plan CPM' WHEN 'placement_planning' THEN 'Placement planning meeting' ELSE 'Care Planning Meeting' END
        FROM timeline_meetings WHERE child_id = $child AND (is_cpm OR meeting_type = 'placement_planning')
        UNION ALL
        SELECT 'Proceedings', plan_filed, 'held', 'Final care plan filed' FROM proceedings_known WHERE child_id = $child AND plan_filed IS NOT NULL
        UNION ALL
        SELECT 'Proceedings', plan_due, 'booked', 'Final care plan due at court'
        FROM proceedings_known WHERE child_id = $child AND plan_due IS NOT NULL AND plan_filed IS NULL AND concluded IS NULL
        UNION ALL
        SELECT 'Changes', change_date, 'held', coalesce(change, 'Significant change') FROM changes_known WHERE child_id = $child
        ORDER BY 1, 2
        """,
        {"child": child},
    )


def due(results: Results, child: str) -> pd.DataFrame:
    """Due dates of what is still open, for the timeline's lanes: lane ("Reviews", "CPMs", "Proceedings"), day, state (a status), label."""
    frame = results.frame(
        f"""
        SELECT CASE WHEN rule = 'statutory-review' THEN 'Reviews' WHEN rule = 'proceedings-26-weeks' THEN 'Proceedings' ELSE 'CPMs' END AS lane,
            due_date AS day, status AS state, rule AS label
        FROM obligation_facts
        WHERE child_id = $child AND status IN ('overdue', 'due_soon', 'upcoming')
          AND (rule IN {_CPM_RULES} OR rule IN ('statutory-review', 'proceedings-26-weeks'))
        ORDER BY 1, 2
        """,
        {"child": child},
    )
    frame["label"] = frame["label"].map({rule.code: rule.title for rule in all_rules()}).astype(object)
    return frame


# The lanes that should cover the whole of a child's time in care, and the dataset that tells of each.
_WHOLE = {"Legal status": "legal_statuses", "Home": "placements", "Social worker": "allocations"}


def gaps(results: Results, child: str, bars: pd.DataFrame) -> pd.DataFrame:
    """Times in care of which `lanes` say nothing, where their dataset was loaded: lane, start (the first day), end (the last).

    A bar covers its first and its last day.
    """
    loaded = dict(results.rows("SELECT d, is_loaded(d) FROM (SELECT unnest($names) AS d)", {"names": list(_WHOLE.values())}))
    one, out = pd.Timedelta(days=1), []
    care = results.rows("SELECT care_started, coalesce(care_ceased, as_at()) FROM children WHERE child_id = $child ORDER BY 1", {"child": child})
    for lane in (lane for lane, dataset in _WHOLE.items() if loaded[dataset]):
        rows = bars[bars["lane"] == lane].sort_values("start")
        for first, last in ((pd.Timestamp(a), pd.Timestamp(b)) for a, b in care):
            known = first - one  # the last day known so far
            for start, end in zip(rows["start"], rows["end"].fillna(pd.Timestamp(results.as_at)), strict=True):
                if start > known + one and start <= last:
                    out.append((lane, known + one, start - one))
                known = max(known, min(end, last))
            if known < last:
                out.append((lane, known + one, last))
    return pd.DataFrame(out, columns=["lane", "start", "end"]).astype({"lane": object, "start": "datetime64[us]", "end": "datetime64[us]"})


def not_drawn(results: Results) -> list[str]:
    """Titles of datasets that were never loaded, without which the timeline lacks a lane."""
    names = ["placements", "allocations", "proceedings", "meetings"]
    found = dict(results.rows("SELECT d, is_loaded(d) FROM (SELECT unnest($names) AS d)", {"names": names}))
    reviews = results.rows("SELECT EXISTS (FROM review_knowledge WHERE reviews_known <> 'none')")[0][0]
    return [datasets.DATASETS[name].title for name in names if not found[name]] + ([] if reviews else [datasets.DATASETS["reviews"].title])
