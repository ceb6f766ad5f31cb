"""Actions carried from meeting to meeting."""

from cpm_metrics.indicators import Indicator
from cpm_metrics.rules import Example

INDICATOR = Indicator(
    code="actions-rolled-over",
    order=90,
    title="Actions rolled over",
    question="Is an action still not completed after as many further CPMs as the limit?",
    source="Quick Guide 2; the limit is ours",
    unit="actions",
    limits={"limit": 2},
    needs=(("actions",), ("actions.completed_date",), ("meetings",)),
    sql="""
        WITH later AS (  -- one row: an action not completed and a CPM held after the meeting that agreed it
            SELECT a.child_id, a.care_started, a.source, a.row, a.meeting_date AS agreed_on, m.meeting_date AS held_on,
                row_number() OVER (PARTITION BY a.care_started, a.source, a.row ORDER BY m.meeting_date) AS n
            FROM actions_known a JOIN held_cpms m
              ON m.child_id = a.child_id AND m.care_started = a.care_started AND m.meeting_date > a.meeting_date
            WHERE a.has_completed_date AND a.completed_date IS NULL
        )
        SELECT child_id, care_started, min(held_on) AS since, count(*) AS figure, 'actions' AS unit,
            how_many(count(*), 'action') || ' not completed after $limit_amount or more further CPMs; the oldest was agreed on '
                || on_day(min(agreed_on)) || '.' AS why
        FROM later JOIN in_care USING (child_id, care_started)
        WHERE n = $limit_amount
        GROUP BY ALL
    """,
    examples=(
        Example("two CPMs later", "2026-06-01",
                {"meetings": [{"meeting_date": "2026-01-06"}, {"meeting_date": "2026-02-03"}, {"meeting_date": "2026-03-03"}],
                 "actions": [{"meeting_date": "2026-01-06", "action": "A"}, {"meeting_date": "2026-02-03", "action": "B"}]},
                [{"figure": 1, "since": "2026-03-03"}]),
        Example("completed", "2026-06-01",
                {"meetings": [{"meeting_date": "2026-01-06"}, {"meeting_date": "2026-02-03"}, {"meeting_date": "2026-03-03"}],
                 "actions": [{"meeting_date": "2026-01-06", "action": "A", "completed_date": "2026-05-30"}]}, []),
    ),
)  # fmt: skip
