"""Care proceedings that run long."""

from cpm_metrics.indicators import Indicator
from cpm_metrics.rules import Example

INDICATOR = Indicator(
    code="proceedings-long",
    order=100,
    title="Proceedings running long",
    question="Are open proceedings beyond week 20 (amber) or week 26 (red)?",
    source="Children Act 1989, section 32; the amber week is ours",
    unit="week",
    notes="The week of issue is week 1.",
    limits={"amber": 20, "red": 26},
    needs=(("proceedings.concluded",),),
    sql="""
        SELECT child_id, care_started, issued + 7 * CASE WHEN week > $red_amount THEN $red_amount ELSE $amber_amount END AS since,
            week AS figure, 'week' AS unit, CASE WHEN week > $red_amount THEN 'red' ELSE 'amber' END AS grade,
            'Proceedings issued on ' || on_day(issued) || ' are in week ' || week || ' and not concluded ('
                || CASE WHEN week > $red_amount THEN 'red: beyond week $red_amount' ELSE 'amber: beyond week $amber_amount' END || ').' AS why
        FROM (
            SELECT i.child_id, i.care_started, min(pr.issued) AS issued, (as_at() - min(pr.issued)) // 7 + 1 AS week
            FROM proceedings_known pr JOIN in_care i USING (child_id)
            WHERE pr.concluded IS NULL GROUP BY ALL
        )
        WHERE week > $amber_amount
    """,
    examples=(
        Example("the first day of week 21", "2026-06-01", {"proceedings": [{"issued": "2026-01-12"}]}, [{"figure": 21, "grade": "amber"}]),
        Example("the last day of week 20", "2026-05-31", {"proceedings": [{"issued": "2026-01-12"}]}, []),
        Example("the first day of week 27", "2026-07-13", {"proceedings": [{"issued": "2026-01-12"}]}, [{"figure": 27, "grade": "red"}]),
        Example("concluded", "2026-07-13", {"proceedings": [{"issued": "2026-01-12", "concluded": "2026-07-13"}]}, []),
    ),
)
