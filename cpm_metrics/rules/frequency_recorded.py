"""The record form asks for the agreed frequency."""

from cpm_metrics.rules import Example, Rule

RULE = Rule(
    code="frequency-recorded",
    order=90,
    title="Frequency recorded",
    question="Does each CPM's record say how often CPMs should be held?",
    level="guidance",
    source="Quick Guide 4 and record form",
    done_words="a frequency is recorded",
    record=True,
    needs=(("meetings",),),
    clock="""
        SELECT child_id, care_started, meeting_date, meeting_id, meeting_key,
            CASE WHEN has_agreed_frequency THEN agreed_frequency IS NOT NULL END AS satisfied,
            'Agreed frequency' AS missing, 'no frequency is recorded' AS detail
        FROM held_cpms WHERE meeting_type = 'cpm'
    """,
    examples=(
        Example("filled in", "2026-02-01", {"meetings": [{"meeting_date": "2026-01-06", "agreed_frequency": "as needed"}]},
                [{"status": "on_time", "due_date": "2026-01-06", "closes_on": "2026-01-06"}]),
        Example("blank is missed", "2026-02-01", {"meetings": [{"meeting_date": "2026-01-06"}]}, [{"status": "missed"}]),
        Example("the column isn't in the extract", "2026-02-01", {"meetings": [{"meeting_date": "2026-01-06"}]},
                [{"status": "cannot_tell"}], without=("meetings.agreed_frequency",)),
        Example("not asked of the meeting before the final plan", "2026-02-01",
                {"meetings": [{"meeting_date": "2026-01-06", "meeting_type": "final_plan_cpm"}]}, []),
    ),
)  # fmt: skip
