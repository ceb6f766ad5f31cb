"""Minutes of every CPM sent out within five working days."""

from cpm_metrics.rules import Example, Rule
from cpm_metrics.settings import Limit

RULE = Rule(
    code="minutes-distributed",
    order=120,
    title="Minutes distributed",
    question="Were the minutes of each CPM distributed within the limit?",
    level="guidance",
    source="Quick Guide 6",
    notes="Never lapses.",
    anchor_words="CPM held on",
    done_words="minutes distributed on",
    limits={"limit": Limit(5, "working days")},
    needs=(("meetings",),),
    clock="""
        SELECT child_id, care_started, meeting_date AS anchor_date, upto(minutes_distributed) AS done_date, meeting_key AS about_meeting,
            CASE WHEN NOT has_minutes_distributed THEN 'Minutes distributed date' END AS missing
        FROM held_cpms
    """,
    examples=(
        Example("the fifth working day", "2026-02-01",
                {"meetings": [{"meeting_date": "2026-01-06", "minutes_distributed": "2026-01-13"}]}, [{"status": "on_time"}]),
        Example("the sixth", "2026-02-01",
                {"meetings": [{"meeting_date": "2026-01-06", "minutes_distributed": "2026-01-14"}]}, [{"status": "late", "days": 1}]),
        Example("sent after the as-at date", "2026-01-10",
                {"meetings": [{"meeting_date": "2026-01-06", "minutes_distributed": "2026-01-12"}]},
                [{"status": "due_soon", "done_date": None}]),
    ),
)  # fmt: skip
