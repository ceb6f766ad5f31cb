"""Many social workers in a year."""

from cpm_metrics.indicators import Indicator
from cpm_metrics.rules import Example
from cpm_metrics.settings import Limit

INDICATOR = Indicator(
    code="worker-changes",
    order=130,
    title="Changes of social worker",
    question="Were as many different social workers as the limit allocated within the time?",
    source="ours",
    unit="workers",
    limits={"limit": 3, "window": Limit(12, "months")},
    needs=(("allocations.worker",),),
    sql="""
        WITH seen AS (  -- one row: a worker allocated on any day of the window, with the first such day
            SELECT i.child_id, i.care_started, a.worker, min(a.allocation_start) AS first_day
            FROM allocations_known a JOIN in_care i USING (child_id)
            WHERE a.worker IS NOT NULL AND (a.allocation_end IS NULL OR a.allocation_end > $ago_window)
            GROUP BY i.child_id, i.care_started, a.worker
        ),
        numbered AS (SELECT *, row_number() OVER (PARTITION BY child_id, care_started ORDER BY first_day, worker) AS n FROM seen)
        SELECT child_id, care_started, min(first_day) FILTER (n = $limit_amount) AS since, count(*) AS figure, 'workers' AS unit,
            count(*) || ' different allocated social workers in the ' || $window_text || ' to ' || on_day(as_at()) || '.' AS why
        FROM numbered GROUP BY ALL HAVING count(*) >= $limit_amount
    """,
    examples=(
        Example("three, the first on the first day of the window", "2026-06-30",
                {"allocations": [{"worker": "Ash", "allocation_start": "2025-01-01", "allocation_end": "2025-07-01"},
                                 {"worker": "Birch", "allocation_start": "2025-07-02", "allocation_end": "2026-01-01"},
                                 {"worker": "Cedar", "allocation_start": "2026-01-02"}]},
                [{"figure": 3, "since": "2026-01-02"}]),
        Example("one gone the day before it", "2026-06-30",
                {"allocations": [{"worker": "Ash", "allocation_start": "2025-01-01", "allocation_end": "2025-06-30"},
                                 {"worker": "Birch", "allocation_start": "2025-07-01", "allocation_end": "2026-01-01"},
                                 {"worker": "Cedar", "allocation_start": "2026-01-02"}]}, []),
    ),
)  # fmt: skip
