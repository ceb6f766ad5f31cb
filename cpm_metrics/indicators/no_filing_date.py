"""Proceedings with no date for the final care plan."""

from cpm_metrics.indicators import Indicator
from cpm_metrics.rules import Example

INDICATOR = Indicator(
    code="no-filing-date",
    order=110,
    title="No filing date",
    question="Are proceedings open with no due date for the final care plan?",
    source="guidance for care proceedings",
    unit="days",
    needs=(("proceedings.plan_due",), ("proceedings.concluded",)),
    sql="""
        SELECT i.child_id, i.care_started, min(pr.issued) AS since, as_at() - min(pr.issued) AS figure, 'days' AS unit,
            'Proceedings issued on ' || on_day(min(pr.issued)) || ' have no date by which the final care plan is due.' AS why
        FROM proceedings_known pr JOIN in_care i USING (child_id)
        WHERE pr.concluded IS NULL AND pr.plan_due IS NULL AND pr.has_plan_due
        GROUP BY ALL
    """,
    examples=(
        Example("none", "2026-02-01", {"proceedings": [{"issued": "2026-01-12"}]}, [{"since": "2026-01-12", "figure": 20}]),
        Example("set", "2026-02-01", {"proceedings": [{"issued": "2026-01-12", "plan_due": "2026-06-01"}]}, []),
    ),
)
