"""A permanence plan agreed more than a year ago and not achieved."""

from cpm_metrics.indicators import Indicator
from cpm_metrics.rules import Example
from cpm_metrics.settings import Limit

INDICATOR = Indicator(
    code="plan-not-achieved",
    order=20,
    title="Permanence plan not achieved",
    question="Was the permanence plan agreed more than the limit ago, and is it still not achieved?",
    source="Quick Guide 2 and 3; the limit is ours",
    unit="days",
    limits={"limit": Limit(12, "months")},
    needs=(("cases.permanence_agreed",), ("cases.permanence_achieved",)),
    sql="""
        SELECT child_id, care_started, $limit AS since, as_at() - anchor AS figure, 'days' AS unit,
            'Permanence plan agreed on ' || on_day(anchor) || ' and not achieved by ' || on_day(as_at()) || ', more than ' || $limit_text
                || ' later.' AS why
        FROM (SELECT *, permanence_agreed AS anchor FROM periods JOIN in_care USING (child_id, care_started)
              WHERE has_permanence_agreed AND has_permanence_achieved)
        WHERE anchor < $ago_limit AND permanence_achieved IS NULL
    """,
    examples=(
        Example("a year and a day", "2026-06-02", {"cases": [{"care_started": "2025-01-05", "permanence_agreed": "2025-06-01"}]},
                [{"since": "2026-06-01", "figure": 366}]),
        Example("a year to the day is not more than a year", "2026-06-01",
                {"cases": [{"care_started": "2025-01-05", "permanence_agreed": "2025-06-01"}]}, []),
        Example("achieved", "2026-07-01",
                {"cases": [{"care_started": "2025-01-05", "permanence_agreed": "2025-06-01", "permanence_achieved": "2026-07-01"}]}, []),
    ),
)  # fmt: skip
