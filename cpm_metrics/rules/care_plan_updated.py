"""What a CPM changes is written into the care plan."""

from cpm_metrics.rules import Example, Rule
from cpm_metrics.settings import Limit

RULE = Rule(
    code="care-plan-updated",
    order=160,
    title="Care plan updated after a change",
    question="Was the care plan updated within the limit when a CPM changed it?",
    level="local",
    source="Quick Guide 7; the limit is ours",
    notes="Never lapses.",
    anchor_words="a CPM changed the care plan on",
    done_words="care plan updated on",
    limits={"limit": Limit(10, "working days")},
    needs=(("meetings.plan_change",),),
    clock="""
        SELECT child_id, care_started, meeting_date AS anchor_date, upto(plan_updated) AS done_date, meeting_key AS about_meeting,
            CASE WHEN NOT has_plan_change THEN 'Care plan change (Meetings)' WHEN NOT has_plan_updated THEN 'Care plan updated date' END AS missing
        FROM held_cpms WHERE plan_change IN ('minor', 'substantial') OR NOT has_plan_change
    """,
    examples=(
        Example("the tenth working day", "2026-02-01",
                {"meetings": [{"meeting_date": "2026-01-06", "plan_change": "minor", "plan_updated": "2026-01-20"}]},
                [{"status": "on_time", "due_date": "2026-01-20"}]),
        Example("late", "2026-02-01",
                {"meetings": [{"meeting_date": "2026-01-06", "plan_change": "minor", "plan_updated": "2026-01-21"}]},
                [{"status": "late", "days": 1}]),
    ),
)  # fmt: skip
