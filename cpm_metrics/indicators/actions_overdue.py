"""Actions past their day."""

from cpm_metrics.indicators import Indicator
from cpm_metrics.rules import Example

INDICATOR = Indicator(
    code="actions-overdue",
    order=80,
    title="Actions overdue",
    question="Is any action that a CPM agreed past its due date and not completed?",
    source="Quick Guide 2 and 6",
    unit="actions",
    needs=(("meetings",), ("actions",), ("actions.due_date",), ("actions.completed_date",)),
    sql="""
        SELECT child_id, care_started, min(due_date) AS since, count(*) AS figure, 'actions' AS unit,
            how_many(count(*), 'action') || ' overdue, the oldest due by ' || on_day(min(due_date)) || '.' AS why
        FROM obligation_facts JOIN in_care USING (child_id, care_started)
        WHERE rule = 'action-completed' AND status = 'overdue'
        GROUP BY ALL
    """,
    examples=(
        Example("one of two", "2026-03-01",
                {"meetings": [{"meeting_date": "2026-01-06"}],
                 "actions": [{"meeting_date": "2026-01-06", "action": "A", "due_date": "2026-02-28"},
                             {"meeting_date": "2026-01-06", "action": "B", "due_date": "2026-03-01"}]},
                [{"figure": 1, "since": "2026-02-28"}]),
    ),
)  # fmt: skip
