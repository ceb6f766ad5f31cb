"""CPMs that keep being put off."""

from cpm_metrics.indicators import Indicator
from cpm_metrics.rules import Example

INDICATOR = Indicator(
    code="rebooked",
    order=70,
    title="CPM put off again and again",
    question="Were CPMs cancelled or postponed as often as the limit since the last one held?",
    source="Quick Guide 2; the limit is ours",
    unit="meetings",
    limits={"limit": 2},
    needs=(("meetings.status",),),
    sql="""
        SELECT m.child_id, m.care_started, min(m.meeting_date) AS since, count(*) AS figure, 'meetings' AS unit,
            how_many(count(*), 'CPM') || ' cancelled or postponed since ' ||
                coalesce('the last one held on ' || on_day(any_value(h.held_on)), 'the child came into care') || ': '
                || string_agg(on_day(m.meeting_date), ', ' ORDER BY m.meeting_date) || '.' AS why
        FROM placed_meetings m
        JOIN in_care USING (child_id, care_started)
        LEFT JOIN (SELECT child_id, care_started, max(meeting_date) AS held_on FROM cpm_days GROUP BY ALL) h
          ON h.child_id = m.child_id AND h.care_started = m.care_started
        WHERE m.is_cpm AND m.state IN ('cancelled', 'postponed') AND m.meeting_date <= as_at()
          AND (h.held_on IS NULL OR m.meeting_date > h.held_on)
        GROUP BY m.child_id, m.care_started
        HAVING count(*) >= $limit_amount
    """,
    examples=(
        Example("twice since the last", "2026-06-01",
                {"meetings": [{"meeting_date": "2026-02-01"}, {"meeting_date": "2026-03-01", "status": "cancelled"},
                              {"meeting_date": "2026-04-01", "status": "postponed"}]},
                [{"figure": 2, "since": "2026-03-01"}]),
        Example("one of them before the last", "2026-06-01",
                {"meetings": [{"meeting_date": "2026-03-15"}, {"meeting_date": "2026-03-01", "status": "cancelled"},
                              {"meeting_date": "2026-04-01", "status": "postponed"}]}, []),
        Example("not yet past", "2026-03-20",
                {"meetings": [{"meeting_date": "2026-03-01", "status": "cancelled"}, {"meeting_date": "2026-04-01", "status": "postponed"}]}, []),
    ),
)  # fmt: skip
