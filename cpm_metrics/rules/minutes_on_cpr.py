"""For adoption, the minutes go with the Child Permanence Report."""

from cpm_metrics.rules import Example, Rule
from cpm_metrics.settings import Limit

RULE = Rule(
    code="minutes-on-cpr",
    order=270,
    title="Minutes on the Child Permanence Report",
    question="Where the plan is adoption, were the minutes attached to the Child Permanence Report within the limit?",
    level="local",
    source="guidance for care proceedings; the limit is ours",
    notes="Never lapses.",
    anchor_words="CPM before the final plan held on",
    done_words="minutes attached on",
    limits={"limit": Limit(5, "working days")},
    needs=(("meetings",), ("cases.permanence_plan",)),
    clock="""
        SELECT m.child_id, m.care_started, m.meeting_date AS anchor_date, upto(m.minutes_on_cpr) AS done_date, m.meeting_key AS about_meeting,
            CASE WHEN NOT p.has_permanence_plan THEN 'Permanence plan' WHEN NOT m.has_minutes_on_cpr THEN 'Minutes on CPR date' END AS missing
        FROM held_cpms m JOIN periods p USING (child_id, care_started)
        WHERE m.meeting_type = 'final_plan_cpm' AND (p.permanence_plan = 'adoption' OR NOT p.has_permanence_plan)
    """,
    examples=(
        Example("within five working days", "2026-06-20",
                {"cases": [{"care_started": "2026-01-05", "permanence_plan": "adoption", "permanence_plan_text": "Adoption"}],
                 "meetings": [{"meeting_type": "final_plan_cpm", "meeting_date": "2026-06-01", "minutes_on_cpr": "2026-06-08"}]},
                [{"status": "on_time"}]),
        Example("only for adoption", "2026-06-20", {"meetings": [{"meeting_type": "final_plan_cpm", "meeting_date": "2026-06-01"}]}, []),
    ),
)  # fmt: skip
