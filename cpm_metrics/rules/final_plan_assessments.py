"""The CPM before the final plan is held when the assessments are in."""

from cpm_metrics.rules import Example, Rule

RULE = Rule(
    code="final-plan-assessments",
    order=230,
    title="Assessments in before the final plan CPM",
    question="Were the local authority's and any expert assessments complete by the CPM before the final plan?",
    level="guidance",
    source="guidance for care proceedings",
    done_words="the assessments were complete",
    record=True,
    needs=(("meetings",),),
    clock="""
        WITH open_then AS (  -- the proceedings open on the day of the meeting; of several, those issued last
            SELECT m.child_id, m.care_started, m.meeting_date, m.meeting_id, m.meeting_key, pr.* EXCLUDE (child_id)
            FROM held_cpms m LEFT JOIN proceedings_known pr
              ON pr.child_id = m.child_id AND m.meeting_date BETWEEN pr.issued AND coalesce(pr.concluded, DATE '9999-12-31')
            WHERE m.meeting_type = 'final_plan_cpm'
            QUALIFY row_number() OVER (PARTITION BY m.child_id, m.care_started, m.meeting_key ORDER BY pr.issued DESC NULLS LAST, pr.source, pr.row) = 1
        ),
        judged AS (
            SELECT *,
                CASE WHEN NOT has_la_assessment THEN NULL ELSE coalesce(la_assessment <= meeting_date, false) END AS ours,
                CASE WHEN experts_received <= meeting_date OR NOT experts_commissioned THEN true
                     WHEN experts_commissioned IS NULL OR NOT has_experts_received THEN NULL ELSE false END AS theirs
            FROM open_then
        )
        SELECT child_id, care_started, meeting_date, meeting_id, meeting_key,
            CASE WHEN issued IS NULL THEN NULL WHEN NOT ours OR NOT theirs THEN false ELSE ours AND theirs END AS satisfied,
            CASE WHEN NOT is_loaded('proceedings') THEN 'Proceedings' WHEN issued IS NULL THEN 'proceedings open on that day'
                 WHEN ours IS NULL THEN 'LA assessment completed date'
                 WHEN experts_commissioned IS NULL THEN 'Expert assessments commissioned'
                 ELSE 'Expert assessments received date' END AS missing,
            concat_ws(' and ', CASE WHEN NOT ours THEN 'the local authority''s assessment was not complete' END,
                      CASE WHEN NOT theirs THEN 'expert assessments were not in' END) AS detail
        FROM judged
    """,
    examples=(
        Example("both in by the day", "2026-06-20",
                {"proceedings": [{"issued": "2026-01-12", "la_assessment": "2026-06-01", "experts_commissioned": True, "experts_received": "2026-05-20"}],
                 "meetings": [{"meeting_type": "final_plan_cpm", "meeting_date": "2026-06-01"}]},
                [{"status": "on_time"}]),
        Example("none commissioned", "2026-06-20",
                {"proceedings": [{"issued": "2026-01-12", "la_assessment": "2026-06-01", "experts_commissioned": False}],
                 "meetings": [{"meeting_type": "final_plan_cpm", "meeting_date": "2026-06-01"}]},
                [{"status": "on_time"}]),
        Example("a blank date is not complete", "2026-06-20",
                {"proceedings": [{"issued": "2026-01-12", "experts_commissioned": True, "experts_received": "2026-06-02"}],
                 "meetings": [{"meeting_type": "final_plan_cpm", "meeting_date": "2026-06-01"}]},
                [{"status": "missed", "why_has": "expert assessments were not in"}]),
        Example("no proceedings that day", "2026-06-20",
                {"proceedings": [{"issued": "2026-06-02"}], "meetings": [{"meeting_type": "final_plan_cpm", "meeting_date": "2026-06-01"}]},
                [{"status": "cannot_tell"}]),
    ),
)  # fmt: skip
