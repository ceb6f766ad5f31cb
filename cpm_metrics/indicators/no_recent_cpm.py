"""Half a year without a CPM where one is needed between reviews."""

from cpm_metrics.indicators import IN_SCOPE, Indicator
from cpm_metrics.rules import Example
from cpm_metrics.settings import Limit

INDICATOR = Indicator(
    code="no-recent-cpm",
    order=50,
    title="No recent CPM",
    question="While permanence is being planned or the child is in proceedings, has no CPM been held within the limit?",
    source="Quick Guide 4; the limit is ours",
    unit="days",
    limits={"limit": Limit(6, "months")},
    needs=(("meetings",), ("reviews", "cases.latest_review"), IN_SCOPE),
    sql="""
        SELECT child_id, care_started, $limit AS since, as_at() - anchor AS figure, 'days' AS unit,
            CASE WHEN last_cpm IS NULL THEN 'No CPM held since the child came into care on ' ELSE 'No CPM held since ' END
                || on_day(anchor) || ', ' || $limit_text || ' ago or longer.' AS why
        FROM (
            SELECT i.child_id, i.care_started, max(m.meeting_date) AS last_cpm, greatest(max(m.meeting_date), i.care_started) AS anchor
            FROM in_care i
            JOIN stretches s ON s.child_id = i.child_id AND s.care_started = i.care_started AND s.held_date IS NULL AND s.in_scope
            LEFT JOIN cpm_days m ON m.child_id = i.child_id AND m.care_started = i.care_started
            GROUP BY i.child_id, i.care_started
        )
        WHERE anchor <= $ago_limit
    """,
    examples=(
        Example("six months to the day before", "2026-07-20", {"meetings": [{"meeting_date": "2026-01-20"}]}, [{"figure": 181}]),
        Example("a day later", "2026-07-20", {"meetings": [{"meeting_date": "2026-01-21"}]}, []),
        Example("care began within them", "2026-07-04", {"meetings": []}, []),
    ),
)
