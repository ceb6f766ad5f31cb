"""No permanence plan although the second review has passed."""

from cpm_metrics.indicators import Indicator
from cpm_metrics.rules import Example

INDICATOR = Indicator(
    code="no-permanence-plan",
    order=10,
    title="No permanence plan",
    question="Has the day passed by which a permanence plan should have been agreed?",
    source="Quick Guide 3",
    unit="days",
    needs=(("cases.permanence_agreed",), ("reviews", "cases.latest_review")),
    sql="""
        SELECT child_id, care_started, due_date AS since, days AS figure, 'days' AS unit,
            'No permanence plan agreed; one was due by ' || on_day(due_date) || ', ' || how_many(days, 'day') || ' before '
                || on_day(as_at()) || '.' AS why
        FROM obligation_facts JOIN in_care USING (child_id, care_started)
        WHERE rule = 'permanence-plan' AND status = 'overdue'
    """,
    examples=(
        Example("a day over", "2026-05-03", {"reviews": []}, [{"since": "2026-05-02", "figure": 1}]),
        Example("on the day itself", "2026-05-02", {"reviews": []}, []),
    ),
)
