"""Many homes in a year."""

from cpm_metrics.indicators import Indicator
from cpm_metrics.rules import Example
from cpm_metrics.settings import Limit

INDICATOR = Indicator(
    code="placement-moves",
    order=140,
    title="Placement moves",
    question="Did as many placements as the limit begin within the time?",
    source="ours",
    unit="placements",
    limits={"limit": 3, "window": Limit(12, "months")},
    needs=(("placements",),),
    sql="""
        WITH begun AS (
            SELECT child_id, care_started, placement_start,
                row_number() OVER (PARTITION BY child_id, care_started ORDER BY placement_start) AS n
            FROM placements_of_care WHERE placement_start > $ago_window
        )
        SELECT child_id, care_started, min(placement_start) FILTER (n = $limit_amount) AS since, count(*) AS figure, 'placements' AS unit,
            count(*) || ' placements began in the ' || $window_text || ' to ' || on_day(as_at()) || ': '
                || string_agg(on_day(placement_start), ', ' ORDER BY placement_start) || '.' AS why
        FROM begun JOIN in_care USING (child_id, care_started)
        GROUP BY ALL HAVING count(*) >= $limit_amount
    """,
    examples=(
        Example("three", "2026-06-30",
                {"placements": [{"placement_start": "2026-01-05"}, {"placement_start": "2026-02-05"}, {"placement_start": "2026-03-05"}]},
                [{"figure": 3, "since": "2026-03-05"}]),
    ),
)  # fmt: skip
