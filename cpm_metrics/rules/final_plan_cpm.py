"""In care proceedings, a CPM two weeks before the final care plan is filed."""

from cpm_metrics.rules import Example, Rule
from cpm_metrics.settings import Limit

RULE = Rule(
    code="final-plan-cpm",
    order=220,
    title="CPM before the final care plan",
    question="Was the CPM before the final care plan held in time before the plan is due at court?",
    level="guidance",
    source="guidance for care proceedings",
    anchor_words="proceedings were issued on",
    done_words="CPM before the final plan held on",
    closes_words="the final plan was filed",
    lapses_words="proceedings concluded",
    limits={"limit": Limit(14, "calendar days")},
    needs=(("proceedings",),),
    clock="""
        WITH own AS (
            SELECT p.care_started, pr.*, pr.plan_due AS anchor, coalesce(pr.plan_filed, pr.concluded) AS ends
            FROM proceedings_known pr
            JOIN periods p
              ON p.child_id = pr.child_id AND pr.issued >= p.care_started AND (p.care_ceased IS NULL OR pr.issued <= p.care_ceased)
        ),
        met AS (
            SELECT o.care_started, o.source, o.row, min(m.meeting_date) AS done_date,
                arg_min_null(m.meeting_id, (m.meeting_date, m.meeting_id IS NULL, m.meeting_id)) AS meeting_id
            FROM own o JOIN snap.meetings m  -- of any period of care, or of none: the court doesn't stop where care does
              ON m.child_id = o.child_id AND m.meeting_type = 'final_plan_cpm' AND state_of(m.meeting_date, m.status, m.status_text) = 'held'
             AND m.meeting_date >= o.issued AND (o.ends IS NULL OR m.meeting_date <= o.ends)
            GROUP BY ALL
        )
        SELECT o.child_id, o.care_started, o.issued AS anchor_date, $before_limit AS due_date, met.done_date, met.meeting_id,
            o.plan_filed AS closes_on, CASE WHEN o.plan_filed IS NULL THEN o.concluded END AS lapses_on,
            $limit_text || ' before the plan is due at court on ' || on_day(o.plan_due) AS limit_text,
            CASE WHEN NOT is_loaded('meetings') THEN 'Meetings' WHEN NOT o.has_plan_due THEN 'Final care plan due date'
                 WHEN o.plan_due IS NULL THEN 'Final care plan due date: no filing date recorded' END AS missing
        FROM own o LEFT JOIN met USING (care_started, source, row)
    """,
    examples=(
        Example("two weeks before, to the day", "2026-06-20",
                {"proceedings": [{"issued": "2026-01-12", "plan_due": "2026-06-15"}],
                 "meetings": [{"meeting_type": "final_plan_cpm", "meeting_date": "2026-06-01"}]},
                [{"status": "on_time", "due_date": "2026-06-01"}]),
        Example("an ordinary CPM doesn't do", "2026-06-05",
                {"proceedings": [{"issued": "2026-01-12", "plan_due": "2026-06-15"}], "meetings": [{"meeting_date": "2026-06-01"}]},
                [{"status": "overdue", "days": 4}]),
        Example("filed without it", "2026-06-20",
                {"proceedings": [{"issued": "2026-01-12", "plan_due": "2026-06-15", "plan_filed": "2026-06-12"}],
                 "meetings": [{"meeting_type": "final_plan_cpm", "meeting_date": "2026-06-13"}]},
                [{"status": "missed", "closes_on": "2026-06-12", "done_date": None}]),
        Example("withdrawn before it was due", "2026-06-20",
                {"proceedings": [{"issued": "2026-01-12", "plan_due": "2026-06-15", "concluded": "2026-05-01"}], "meetings": []},
                [{"status": "lapsed", "lapses_on": "2026-05-01"}]),
        Example("held after the child left care", "2026-06-20",
                {"cases": [{"care_started": "2026-01-05", "care_ceased": "2026-03-02"}], "proceedings": [{"issued": "2026-01-12", "plan_due": "2026-06-15"}],
                 "meetings": [{"meeting_type": "final_plan_cpm", "meeting_date": "2026-03-16", "status": "cancelled"}, {"meeting_type": "final_plan_cpm", "meeting_date": "2026-03-23"}]},
                [{"status": "on_time", "done_date": "2026-03-23"}]),
        Example("in the next period of care", "2026-06-20",
                {"cases": [{"care_started": "2026-01-05", "care_ceased": "2026-03-02"}, {"care_started": "2026-05-04"}],
                 "proceedings": [{"issued": "2026-01-12", "plan_due": "2026-06-15"}],
                 "meetings": [{"meeting_type": "final_plan_cpm", "meeting_date": "2026-05-20", "meeting_id": "F2"}]},
                [{"care_started": "2026-01-05", "status": "on_time", "meeting_id": "F2"}]),
        Example("no filing date", "2026-06-20", {"proceedings": [{"issued": "2026-01-12"}], "meetings": []},
                [{"status": "cannot_tell", "due_date": None, "why_has": "no filing date recorded"}]),
    ),
)  # fmt: skip
