"""A CPM that should have been held and can still be."""

from cpm_metrics.indicators import Indicator
from cpm_metrics.rules import Example

INDICATOR = Indicator(
    code="cpm-overdue",
    order=40,
    title="CPM overdue",
    question="Is a CPM overdue, and by how many days at most?",
    source="Quick Guide 1, 3 and 4; guidance for care proceedings",
    unit="days",
    needs=(("meetings",),),
    sql="""
        SELECT child_id, care_started, min(due_date) AS since, max(days) AS figure, 'days' AS unit,
            how_many(max(days), 'day') || ' overdue on ' || on_day(as_at()) || ': '
                || string_agg(DISTINCT w.title, '; ' ORDER BY w.title) || '.' AS why
        FROM obligation_facts o JOIN in_care USING (child_id, care_started) JOIN rule_words w ON w.rule = o.rule
        WHERE o.rule IN ('initial-cpm', 'cpm-before-review', 'agreed-frequency', 'cpm-after-change', 'final-plan-cpm')
          AND status = 'overdue'
        GROUP BY ALL
    """,
    examples=(
        Example("the first CPM, five days over", "2026-01-20", {"meetings": []}, [{"figure": 5, "since": "2026-01-15"}]),
        Example("on the due date", "2026-01-15", {"meetings": []}, []),
    ),
)
