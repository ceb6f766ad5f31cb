"""Minutes of every CPM on the child's electronic file within five working days."""

from cpm_metrics.rules import Example, Rule
from cpm_metrics.settings import Limit

RULE = Rule(
    code="minutes-on-file",
    order=110,
    title="Minutes on the child's file",
    question="Were the minutes of each CPM uploaded to the child's file within the limit?",
    level="guidance",
    source="Quick Guide 6; guidance for care proceedings",
    notes="Never lapses: minutes are owed even when the child has left care.",
    anchor_words="CPM held on",
    done_words="minutes uploaded on",
    limits={"limit": Limit(5, "working days")},
    needs=(("meetings",),),
    clock="""
        SELECT child_id, care_started, meeting_date AS anchor_date, upto(minutes_uploaded) AS done_date, meeting_key AS about_meeting,
            CASE WHEN NOT has_minutes_uploaded THEN 'Minutes uploaded date' END AS missing
        FROM held_cpms
    """,
    examples=(
        Example("five working days, a weekend between", "2026-02-01",
                {"meetings": [{"meeting_date": "2026-01-06", "minutes_uploaded": "2026-01-13"}]},
                [{"status": "on_time", "due_date": "2026-01-13"}]),
        Example("25, 26 (28 in its place) December and 1 January are not worked", "2027-02-01",
                {"meetings": [{"meeting_date": "2026-12-24", "minutes_uploaded": "2027-01-06"}]},
                [{"status": "late", "due_date": "2027-01-05", "days": 1}]),
        Example("blank is not yet done, for ever", "2026-06-01",
                {"cases": [{"care_started": "2026-01-05", "care_ceased": "2026-02-01"}], "meetings": [{"meeting_date": "2026-01-06"}]},
                [{"status": "overdue"}]),
        Example("the column isn't in the extract", "2026-06-01", {"meetings": [{"meeting_date": "2026-01-06"}]},
                [{"status": "cannot_tell"}], without=("meetings.minutes_uploaded",)),
    ),
)  # fmt: skip
