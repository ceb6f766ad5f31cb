"""A CPM is due and none is in the diary."""

from cpm_metrics.indicators import Indicator
from cpm_metrics.rules import Example

INDICATOR = Indicator(
    code="nothing-booked",
    order=60,
    title="Nothing booked",
    question="Is the next CPM overdue or due soon, with none booked?",
    source="Quick Guide 2 and 4",
    unit="days",
    notes="The figure is the days left to the due date; below nought, the days past it.",
    needs=(("meetings",),),
    sql="""
        WITH next AS (
            SELECT child_id, care_started, min(due_date) AS due_date, arg_min(status, due_date) AS status
            FROM obligation_facts
            WHERE rule IN ('initial-cpm', 'cpm-before-review', 'agreed-frequency', 'cpm-after-change', 'final-plan-cpm')
              AND status IN ('overdue', 'due_soon', 'upcoming')
            GROUP BY ALL
        )
        SELECT n.child_id, n.care_started, least(n.due_date, as_at()) AS since, n.due_date - as_at() AS figure, 'days' AS unit,
            'A CPM ' || CASE n.status WHEN 'overdue' THEN 'was' ELSE 'is' END || ' due by ' || on_day(n.due_date)
                || ' and none is booked after ' || on_day(as_at()) || '.' AS why
        FROM next n JOIN in_care USING (child_id, care_started)
        WHERE n.status IN ('overdue', 'due_soon')
          AND NOT EXISTS (FROM placed_meetings m
              WHERE m.child_id = n.child_id AND m.care_started = n.care_started AND m.is_cpm AND m.state = 'booked'
                AND m.meeting_date > as_at())
    """,
    examples=(
        Example("overdue, none booked", "2026-01-20", {"meetings": []}, [{"figure": -5}]),
        Example("booked", "2026-01-20", {"meetings": [{"meeting_date": "2026-01-25", "status": "booked"}]}, []),
        Example("a cancelled booking is none", "2026-01-10", {"meetings": [{"meeting_date": "2026-01-12", "status": "cancelled"}]},
                [{"figure": 5}]),
    ),
)
