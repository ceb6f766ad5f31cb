"""Where one meeting did for both, the two plans must still be two."""

from cpm_metrics.rules import Example, Rule
from cpm_metrics.settings import Limit

RULE = Rule(
    code="separate-plans",
    order=40,
    title="Separate care and placement plans",
    question="Where the first CPM was also the placement planning meeting, were both plans completed within the limit?",
    level="local",
    source="Quick Guide 1; the limit is ours",
    anchor_words="the first CPM, also placement planning, was held on",
    done_words="both plans completed by",
    limits={"limit": Limit(10, "working days")},
    needs=(("meetings.also_placement_planning",),),
    clock="""
        SELECT DISTINCT ON (m.child_id, m.care_started)
            m.child_id, m.care_started, m.meeting_date AS anchor_date, m.meeting_key AS about_meeting,
            -- Both are needed: with one blank there is no later of the two.
            CASE WHEN p.care_plan_completed IS NOT NULL AND p.placement_plan_completed IS NOT NULL
                 THEN greatest(p.care_plan_completed, p.placement_plan_completed) END AS done_date,
            p.care_ceased AS lapses_on,
            concat_ws(', ', CASE WHEN m.also_placement_planning IS NULL THEN 'Also placement planning (Meetings)' END,
                      CASE WHEN NOT p.has_care_plan_completed THEN 'Care plan completed date' END,
                      CASE WHEN NOT p.has_placement_plan_completed THEN 'Placement plan completed date' END) AS missing
        FROM first_cpm JOIN held_cpms m USING (child_id, care_started, meeting_date)
        JOIN periods p USING (child_id, care_started)
        -- A CPM from a table without the column may have been both, unless another one of the day is known to be.
        WHERE m.also_placement_planning OR NOT m.has_also_placement_planning
        ORDER BY m.child_id, m.care_started, m.also_placement_planning DESC NULLS LAST, m.meeting_id, m.meeting_key
    """,
    examples=(
        Example("the later of the two plans counts", "2026-03-01",
                {"cases": [{"care_started": "2026-01-05", "care_plan_completed": "2026-01-10", "placement_plan_completed": "2026-01-21"}],
                 "meetings": [{"meeting_date": "2026-01-06", "also_placement_planning": True}]},
                [{"status": "late", "due_date": "2026-01-20", "done_date": "2026-01-21", "days": 1}]),
        Example("one plan is not two", "2026-03-01",
                {"cases": [{"care_started": "2026-01-05", "care_plan_completed": "2026-01-10"}],
                 "meetings": [{"meeting_date": "2026-01-06", "also_placement_planning": True}]},
                [{"status": "overdue"}]),
        Example("only where the meeting was both", "2026-03-01", {"meetings": [{"meeting_date": "2026-01-06"}]}, []),
        Example("only the first CPM", "2026-03-01",
                {"meetings": [{"meeting_date": "2026-01-06"}, {"meeting_date": "2026-01-08", "also_placement_planning": True}]}, []),
        Example("a plan's column is missing", "2026-03-01",
                {"meetings": [{"meeting_date": "2026-01-06", "also_placement_planning": True}]},
                [{"status": "cannot_tell"}], without=("cases.placement_plan_completed",)),
    ),
)  # fmt: skip
