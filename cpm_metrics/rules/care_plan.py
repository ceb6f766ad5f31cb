"""The care plan itself, written within ten working days."""

from cpm_metrics.rules import Example, Rule
from cpm_metrics.settings import Limit

RULE = Rule(
    code="care-plan",
    order=20,
    title="Care plan completed",
    question="Was the care plan completed within the limit after the child came into care?",
    level="statutory",
    source="Care Planning Regulations 2010, regulation 4",
    anchor_words="came into care on",
    done_words="care plan completed on",
    limits={"limit": Limit(10, "working days")},
    clock="""
        SELECT child_id, care_started, care_started AS anchor_date, care_plan_completed AS done_date,
            care_ceased AS lapses_on, CASE WHEN NOT has_care_plan_completed THEN 'Care plan completed date' WHEN start_unknown
                 THEN 'Date started to be looked after (the extract begins later)' END AS missing
        FROM periods
    """,
    examples=(
        Example("the tenth working day is in time", "2026-02-01",
                {"cases": [{"care_started": "2026-01-05", "care_plan_completed": "2026-01-19"}]},
                [{"status": "on_time", "due_date": "2026-01-19", "done_date": "2026-01-19"}]),
        Example("a day more is late", "2026-02-01",
                {"cases": [{"care_started": "2026-01-05", "care_plan_completed": "2026-01-20"}]},
                [{"status": "late", "days": 1}]),
        Example("bank holidays at Easter don't count", "2026-05-01",
                {"cases": [{"care_started": "2026-04-01"}]}, [{"due_date": "2026-04-17", "status": "overdue"}]),
        Example("completed after the as-at date is not yet completed", "2026-01-15",
                {"cases": [{"care_started": "2026-01-05", "care_plan_completed": "2026-01-16"}]},
                [{"status": "due_soon", "done_date": None}]),
        Example("the column isn't in the extract", "2026-02-01", {}, [{"status": "cannot_tell"}],
                without=("cases.care_plan_completed",)),
    ),
)  # fmt: skip
