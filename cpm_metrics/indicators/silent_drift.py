"""Every meeting in time, and the plan stands still."""

from cpm_metrics.indicators import Indicator
from cpm_metrics.rules import Example
from cpm_metrics.settings import Limit

INDICATOR = Indicator(
    code="silent-drift",
    order=900,
    title="Silent drift",
    question="Was every meeting of the last year in time, and does the plan stand still all the same?",
    source="Quick Guide 2: “smooth transitions and avoid drift”",
    unit="obligations",
    notes="The figure is how many meetings were due and in time. The plan stands still where one of “No permanence plan”, "
    "“Permanence plan not achieved” or “Actions rolled over” is raised.",
    limits={"window": Limit(12, "months")},
    needs=(("meetings",),),
    sql="""
        WITH timely AS (
            SELECT child_id, care_started, count(*) AS figure
            FROM obligation_facts
            WHERE rule IN ('initial-cpm', 'cpm-before-review', 'statutory-review', 'agreed-frequency')
              AND due_date > $ago_window AND due_date <= as_at() AND status IN ('on_time', 'late', 'missed', 'overdue')
            GROUP BY ALL HAVING bool_and(status = 'on_time')
        ),
        still AS (
            SELECT child_id, care_started, min(since) AS since,
                string_agg(CASE indicator WHEN 'no-permanence-plan' THEN 'no permanence plan'
                    WHEN 'plan-not-achieved' THEN 'permanence plan not achieved' ELSE 'actions rolled over' END, ', ' ORDER BY indicator) AS what
            FROM indicators WHERE indicator IN ('no-permanence-plan', 'plan-not-achieved', 'actions-rolled-over') GROUP BY ALL
        )
        SELECT child_id, care_started, s.since, t.figure, 'obligations' AS unit,
            CASE WHEN t.figure = 1 THEN 'The one review or CPM' ELSE 'All ' || t.figure || ' reviews and CPMs' END || ' due in the ' || $window_text
                || ' to ' || on_day(as_at()) || ' held in time, and yet: ' || s.what || '.' AS why
        FROM timely t JOIN still s USING (child_id, care_started) JOIN in_care USING (child_id, care_started)
    """,
    examples=(
        Example("reviews and CPMs in time, no plan", "2026-05-20",
                {"reviews": [{"review_date": "2026-01-30"}, {"review_date": "2026-04-30"}],
                 "meetings": [{"meeting_date": "2026-01-10"}, {"meeting_date": "2026-04-10"}]},
                [{"figure": 5, "since": "2026-04-30"}]),
        Example("one late is not silent", "2026-05-20",
                {"reviews": [{"review_date": "2026-02-03"}, {"review_date": "2026-04-30"}],
                 "meetings": [{"meeting_date": "2026-01-10"}, {"meeting_date": "2026-04-10"}]}, []),
    ),
)  # fmt: skip
