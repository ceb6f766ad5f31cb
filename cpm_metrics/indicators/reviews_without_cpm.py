"""Reviews that came round with no CPM before them."""

from cpm_metrics.indicators import IN_SCOPE, Indicator
from cpm_metrics.rules import Example

INDICATOR = Indicator(
    code="reviews-without-cpm",
    order=30,
    title="Reviews without a CPM before them",
    question="Was the latest Child in Care Review held with no CPM since the one before, and how many in a row?",
    source="Quick Guide 4",
    unit="reviews",
    needs=(("meetings",), ("reviews", "cases.latest_review"), IN_SCOPE),
    sql="""
        WITH closed AS (  -- one row: a stretch that a review ended, counted back from the latest
            SELECT s.child_id, s.care_started, s.held_date, coalesce(o.status = 'missed', false) AS missed,
                row_number() OVER (PARTITION BY s.child_id, s.care_started ORDER BY s.n DESC) AS back
            FROM stretches s
            LEFT JOIN obligation_facts o
              ON o.rule = 'cpm-before-review' AND o.child_id = s.child_id AND o.care_started = s.care_started
             AND o.anchor_date = s.anchor_date AND o.due_date = s.held_date
            WHERE s.held_date IS NOT NULL
        ),
        run AS (
            SELECT c.child_id, c.care_started, count(*) AS figure, min(held_date) AS since, max(held_date) AS latest
            FROM closed c
            WHERE back < coalesce((SELECT min(back) FROM closed k
                WHERE k.child_id = c.child_id AND k.care_started = c.care_started AND NOT k.missed), 2147483647)
            GROUP BY ALL
        )
        SELECT child_id, care_started, since, figure, 'reviews' AS unit,
            how_many(figure, 'review') || ' in a row without a CPM before, the latest on ' || on_day(latest) || '.' AS why
        FROM run JOIN in_care USING (child_id, care_started)
    """,
    examples=(
        Example("two in a row", "2026-06-01",
                {"reviews": [{"review_date": "2026-01-30"}, {"review_date": "2026-04-30"}], "meetings": []},
                [{"figure": 2, "since": "2026-01-30"}]),
        Example("the latest had one", "2026-06-01",
                {"reviews": [{"review_date": "2026-01-30"}, {"review_date": "2026-04-30"}], "meetings": [{"meeting_date": "2026-04-01"}]}, []),
    ),
)  # fmt: skip
