"""The IRO hears of changes to the care plan."""

from cpm_metrics.rules import Example, Rule
from cpm_metrics.settings import Limit

RULE = Rule(
    code="iro-informed",
    order=150,
    title="IRO informed of plan changes",
    question="Was the IRO informed within the limit when a CPM changed the care plan?",
    level="local",
    source="Quick Guide 7; the limit is ours",
    notes="Never lapses.",
    anchor_words="a CPM changed the care plan on",
    done_words="IRO informed on",
    limits={"limit": Limit(5, "working days")},
    needs=(("meetings.plan_change",),),
    clock="""
        SELECT child_id, care_started, meeting_date AS anchor_date, upto(iro_informed) AS done_date, meeting_key AS about_meeting,
            CASE WHEN NOT has_plan_change THEN 'Care plan change (Meetings)' WHEN NOT has_iro_informed THEN 'IRO informed date' END AS missing
        FROM held_cpms WHERE plan_change IN ('minor', 'substantial') OR NOT has_plan_change
    """,
    examples=(
        Example("a minor change", "2026-02-01",
                {"meetings": [{"meeting_date": "2026-01-06", "plan_change": "minor", "iro_informed": "2026-01-13"}]}, [{"status": "on_time"}]),
        Example("not informed", "2026-02-01", {"meetings": [{"meeting_date": "2026-01-06", "plan_change": "substantial"}]},
                [{"status": "overdue", "days": 19}]),
        Example("no change, nothing to say", "2026-02-01",
                {"meetings": [{"meeting_date": "2026-01-06", "plan_change": "none"}, {"meeting_date": "2026-01-07"}]}, []),
    ),
)  # fmt: skip
