"""A service manager chairs the CPM before the final plan."""

from cpm_metrics.rules import Example, Rule

RULE = Rule(
    code="final-plan-chair",
    order=240,
    title="Final plan CPM chaired by a service manager",
    question="Was the CPM before the final plan chaired by a service manager?",
    level="guidance",
    source="guidance for care proceedings",
    done_words="a service manager chaired",
    record=True,
    needs=(("meetings",),),
    clock="""
        SELECT child_id, care_started, meeting_date, meeting_id, meeting_key,
            CASE WHEN has_chair_role THEN chair_role = 'service_manager' END AS satisfied,
            'Chair role' AS missing, 'the chair''s role was ' || replace(chair_role, '_', ' ') AS detail
        FROM held_cpms WHERE meeting_type = 'final_plan_cpm'
    """,
    examples=(
        Example("a service manager", "2026-06-20",
                {"meetings": [{"meeting_type": "final_plan_cpm", "meeting_date": "2026-06-01", "chair_role": "service_manager"}]},
                [{"status": "on_time"}]),
        Example("a team manager is not", "2026-06-20",
                {"meetings": [{"meeting_type": "final_plan_cpm", "meeting_date": "2026-06-01", "chair_role": "team_manager"}]},
                [{"status": "missed"}]),
        Example("blank", "2026-06-20", {"meetings": [{"meeting_type": "final_plan_cpm", "meeting_date": "2026-06-01"}]},
                [{"status": "cannot_tell"}]),
    ),
)  # fmt: skip
