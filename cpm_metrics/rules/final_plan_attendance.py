"""Who must be at the CPM before the final plan."""

from cpm_metrics.rules import Example, Rule

RULE = Rule(
    code="final-plan-attendance",
    order=250,
    title="Final plan CPM attendance",
    question="Were all who must attend at the CPM before the final plan?",
    level="guidance",
    source="guidance for care proceedings",
    notes="Social worker, team manager, fostering, parenting assessor, contact centre manager; the adoption manager too when "
    "the plan is adoption.",
    done_words="all who must attend did",
    record=True,
    needs=(("meetings",),),
    clock="""
        WITH judged AS (
            SELECT m.*, p.permanence_plan, p.has_permanence_plan,
                list_filter(
                    ['social_worker', 'team_manager', 'fostering', 'parenting_assessor', 'contact_centre_manager']
                        || CASE WHEN p.permanence_plan = 'adoption' THEN ['adoption_manager'] ELSE [] END,
                    lambda r: NOT list_contains(m.attendee_roles, r)) AS absent
            FROM told_cpms m JOIN periods p USING (child_id, care_started)
            WHERE m.meeting_type = 'final_plan_cpm'
        )
        SELECT child_id, care_started, meeting_date, meeting_id, meeting_key,
            CASE WHEN NOT has_attendee_roles OR attendee_roles IS NULL OR len(attendee_roles) = 0 THEN NULL
                 WHEN len(absent) > 0 THEN false
                 -- Whether the adoption manager was needed is not known.
                 WHEN NOT has_permanence_plan AND NOT list_contains(attendee_roles, 'adoption_manager') THEN NULL
                 ELSE true END AS satisfied,
            CASE WHEN NOT has_attendee_roles OR attendee_roles IS NULL OR len(attendee_roles) = 0 THEN 'Attendee roles'
                 ELSE 'Permanence plan' END AS missing,
            'absent: ' || replace(array_to_string(absent, ', '), '_', ' ') AS detail
        FROM judged
    """,
    examples=(
        Example("all five", "2026-06-20",
                {"meetings": [{"meeting_type": "final_plan_cpm", "meeting_date": "2026-06-01", "attendee_roles": [
                    "social_worker", "team_manager", "fostering", "parenting_assessor", "contact_centre_manager"]}]},
                [{"status": "on_time"}]),
        Example("for adoption, the adoption manager as well", "2026-06-20",
                {"cases": [{"care_started": "2026-01-05", "permanence_plan": "adoption", "permanence_plan_text": "Adoption"}],
                 "meetings": [{"meeting_type": "final_plan_cpm", "meeting_date": "2026-06-01", "attendee_roles": [
                     "social_worker", "team_manager", "fostering", "parenting_assessor", "contact_centre_manager"]}]},
                [{"status": "missed", "why_has": "absent: adoption manager"}]),
        Example("blank", "2026-06-20", {"meetings": [{"meeting_type": "final_plan_cpm", "meeting_date": "2026-06-01"}]},
                [{"status": "cannot_tell"}]),
    ),
)  # fmt: skip
