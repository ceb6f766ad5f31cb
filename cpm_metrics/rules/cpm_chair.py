"""Who chairs a CPM."""

from cpm_metrics.rules import Example, Rule

RULE = Rule(
    code="cpm-chair",
    order=140,
    title="CPM chaired by the right person",
    question="Was each CPM chaired by the social worker or a manager, and not by the social worker where the case is complex?",
    level="guidance",
    source="Quick Guide 5",
    done_words="the chair's role is recorded and right",
    record=True,
    needs=(("meetings",),),
    clock="""
        SELECT m.child_id, m.care_started, m.meeting_date, m.meeting_id, m.meeting_key,
            CASE WHEN NOT m.has_chair_role OR m.chair_role IS NULL THEN NULL
                 WHEN m.chair_role = 'social_worker' THEN CASE WHEN p.has_complex_case THEN NOT coalesce(p.complex_case, false) END
                 ELSE m.chair_role IN ('team_manager', 'senior_practitioner', 'service_manager') END AS satisfied,
            CASE WHEN m.chair_role = 'social_worker' THEN 'Complex case' ELSE 'Chair role' END AS missing,
            CASE WHEN m.chair_role = 'social_worker' THEN 'chaired by the social worker in a complex case'
                 ELSE 'the chair''s role was ' || replace(m.chair_role, '_', ' ') END AS detail
        FROM held_cpms m JOIN periods p USING (child_id, care_started)
        WHERE m.meeting_type = 'cpm'
    """,
    examples=(
        Example("the social worker", "2026-02-01", {"meetings": [{"meeting_date": "2026-01-06", "chair_role": "social_worker"}]},
                [{"status": "on_time"}]),
        Example("the social worker in a complex case", "2026-02-01",
                {"cases": [{"care_started": "2026-01-05", "complex_case": True}],
                 "meetings": [{"meeting_date": "2026-01-06", "chair_role": "social_worker"},
                              {"meeting_date": "2026-01-07", "chair_role": "senior_practitioner"}]},
                [{"status": "missed"}, {"status": "on_time"}]),
        Example("the IRO chairs reviews, not CPMs", "2026-02-01", {"meetings": [{"meeting_date": "2026-01-06", "chair_role": "iro"}]},
                [{"status": "missed"}]),
        Example("whether the case is complex isn't in the extract", "2026-02-01",
                {"meetings": [{"meeting_date": "2026-01-06", "chair_role": "social_worker"}]}, [{"status": "cannot_tell"}],
                without=("cases.complex_case",)),
        Example("blank", "2026-02-01", {"meetings": [{"meeting_date": "2026-01-06"}]}, [{"status": "cannot_tell"}]),
    ),
)  # fmt: skip
