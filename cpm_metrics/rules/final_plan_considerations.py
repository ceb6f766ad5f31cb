"""What must be considered before the proposed care plan is agreed."""

from cpm_metrics.rules import Example, Rule

RULE = Rule(
    code="final-plan-considerations",
    order=260,
    title="Final plan CPM considerations",
    question="Were all five considerations recorded at the CPM before the final plan?",
    level="guidance",
    source="guidance for care proceedings",
    done_words="all five considerations are recorded",
    record=True,
    needs=(("meetings",),),
    clock="""
        WITH judged AS (
            SELECT *, [
                {'what': 'parents'' assessments', 'done': considered_parents},
                {'what': 'connected persons'' assessments, special guardianship and support plan', 'done': considered_connected},
                {'what': 'permanence outside the family', 'done': considered_outside_family},
                {'what': 'proposed contact and transition', 'done': considered_contact},
                {'what': 'local authority final evidence', 'done': considered_evidence}] AS five
            FROM held_cpms WHERE meeting_type = 'final_plan_cpm'
        ),
        split AS (
            SELECT *, list_transform(list_filter(five, lambda c: NOT c.done), lambda c: c.what) AS refused,
                list_transform(list_filter(five, lambda c: c.done IS NULL), lambda c: c.what) AS blank
            FROM judged
        )
        SELECT child_id, care_started, meeting_date, meeting_id, meeting_key,
            CASE WHEN len(refused) > 0 THEN false WHEN len(blank) > 0 THEN NULL ELSE true END AS satisfied,
            'consideration of ' || array_to_string(blank, '; ') AS missing,
            'not considered: ' || array_to_string(refused, '; ') AS detail
        FROM split
    """,
    examples=(
        Example("all five", "2026-06-20",
                {"meetings": [{"meeting_type": "final_plan_cpm", "meeting_date": "2026-06-01", "considered_parents": True, "considered_connected": True,
                               "considered_outside_family": True, "considered_contact": True, "considered_evidence": True}]},
                [{"status": "on_time"}]),
        Example("a “no” outweighs a blank", "2026-06-20",
                {"meetings": [{"meeting_type": "final_plan_cpm", "meeting_date": "2026-06-01", "considered_parents": True, "considered_connected": False}]},
                [{"status": "missed", "why_has": "not considered: connected persons"}]),
        Example("a blank alone", "2026-06-20",
                {"meetings": [{"meeting_type": "final_plan_cpm", "meeting_date": "2026-06-01", "considered_parents": True}]},
                [{"status": "cannot_tell"}]),
    ),
)  # fmt: skip
