"""A first Care Planning Meeting before the child comes into care, or soon after."""

from cpm_metrics.rules import Example, Rule
from cpm_metrics.settings import Limit

RULE = Rule(
    code="initial-cpm",
    order=10,
    title="First Care Planning Meeting",
    question="Was a Care Planning Meeting held before the child came into care, or within the limit after?",
    level="guidance",
    source="Quick Guide 1",
    notes="The Quick Guide says “10 days” here and “working days” elsewhere, so calendar days are the default.",
    anchor_words="came into care on",
    done_words="first CPM held on",
    limits={"limit": Limit(10, "calendar days")},
    clock="""
        SELECT p.child_id, p.care_started, p.care_started AS anchor_date,
            m.meeting_date AS done_date, m.meeting_id, p.care_ceased AS lapses_on,
            CASE WHEN NOT is_loaded('meetings') THEN 'Meetings' WHEN p.start_unknown
                 THEN 'Date started to be looked after (the extract begins later)' END AS missing
        FROM periods p LEFT JOIN first_cpm m USING (child_id, care_started)
    """,
    examples=(
        Example(
            "the tenth day is in time", "2026-02-01",
            {"meetings": [{"meeting_id": "M1", "meeting_date": "2026-01-15"}]},
            [{"status": "on_time", "due_date": "2026-01-15", "done_date": "2026-01-15", "meeting_id": "M1", "days": 0}],
        ),
        Example(
            "the eleventh day is late", "2026-02-01",
            {"meetings": [{"meeting_date": "2026-01-16"}]},
            [{"status": "late", "days": 1}],
        ),
        Example(
            "before care began counts, four weeks back and no more", "2026-02-01",
            {"meetings": [{"meeting_date": "2025-12-08"}]},
            [{"status": "on_time", "done_date": "2025-12-08", "days": -38}],
        ),
        Example(
            "29 days before care began is another matter", "2026-02-01",
            {"meetings": [{"meeting_date": "2025-12-07"}]},
            [{"status": "overdue", "days": 17}],
        ),
        Example(
            "a booking in the past with no outcome is not a meeting held", "2026-02-01",
            {"meetings": [{"meeting_date": "2026-01-12", "status": "booked"}]},
            [{"status": "overdue", "done_date": None}],
        ),
        Example(
            "booked ahead is not held, whatever the status says", "2026-01-10",
            {"meetings": [{"meeting_date": "2026-01-14", "status": "held"}]},
            [{"status": "due_soon", "days": None}],
        ),
        Example(
            "a child who left before the limit owes nothing", "2026-02-01",
            {"cases": [{"care_started": "2026-01-05", "care_ceased": "2026-01-15"}], "meetings": []},
            [{"status": "lapsed", "lapses_on": "2026-01-15"}],
        ),
        Example(
            "a child who left after the limit was missed", "2026-02-01",
            {"cases": [{"care_started": "2026-01-05", "care_ceased": "2026-01-16"}], "meetings": []},
            [{"status": "missed"}],
        ),
        Example("no meetings loaded: cannot tell", "2026-02-01", {}, [{"status": "cannot_tell"}], without=("meetings",)),
        Example(
            "in working days, where the authority says so", "2026-02-01",
            {"meetings": [{"meeting_date": "2026-01-19"}]},
            [{"status": "on_time", "due_date": "2026-01-19"}],
            settings={"initial-cpm.limit": Limit(10, "working days")},
        ),
    ),
)  # fmt: skip
