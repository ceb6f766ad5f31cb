"""Care proceedings end within 26 weeks."""

from cpm_metrics.rules import Example, Rule
from cpm_metrics.settings import Limit

RULE = Rule(
    code="proceedings-26-weeks",
    order=280,
    title="Proceedings concluded in 26 weeks",
    question="Were care proceedings concluded within 26 weeks, the day of issue being the first day?",
    level="statutory",
    source="Children Act 1989, section 32",
    anchor_words="proceedings were issued on",
    done_words="concluded on",
    limits={"limit": Limit(181, "calendar days")},
    needs=(("proceedings",),),
    clock="""
        SELECT pr.child_id, p.care_started, pr.issued AS anchor_date, pr.concluded AS done_date,
            CASE WHEN NOT pr.has_concluded THEN 'Proceedings concluded date' END AS missing
        FROM proceedings_known pr
        JOIN periods p
          ON p.child_id = pr.child_id AND pr.issued >= p.care_started AND (p.care_ceased IS NULL OR pr.issued <= p.care_ceased)
    """,
    examples=(
        Example("the last day of week 26", "2026-12-01", {"proceedings": [{"issued": "2026-01-12", "concluded": "2026-07-12"}]},
                [{"status": "on_time", "due_date": "2026-07-12"}]),
        Example("a day more", "2026-12-01", {"proceedings": [{"issued": "2026-01-12", "concluded": "2026-07-13"}]},
                [{"status": "late", "days": 1}]),
        Example("still running", "2026-12-01", {"proceedings": [{"issued": "2026-01-12"}]}, [{"status": "overdue"}]),
        Example("issued before care began: not of this period of care", "2026-12-01", {"proceedings": [{"issued": "2026-01-04"}]}, []),
    ),
)  # fmt: skip
