"""The yearly assessment is overdue."""

from cpm_metrics.indicators import Indicator
from cpm_metrics.rules import Example

INDICATOR = Indicator(
    code="assessment-out-of-date",
    order=120,
    title="Assessment out of date",
    question="Is the annual child assessment overdue?",
    source="Quick Guide 1",
    unit="days",
    needs=(("assessments",),),
    sql="""
        SELECT child_id, care_started, due_date AS since, days AS figure, 'days' AS unit,
            'A new child assessment was due by ' || on_day(due_date) || ', ' || how_many(days, 'day') || ' before '
                || on_day(as_at()) || '.' AS why
        FROM obligation_facts JOIN in_care USING (child_id, care_started)
        WHERE rule = 'annual-assessment' AND status = 'overdue'
    """,
    examples=(Example("a day over", "2027-01-06", {"assessments": []}, [{"since": "2027-01-05", "figure": 1}]),),
)
