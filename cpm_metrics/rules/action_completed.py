"""Actions of CPMs are done by the day that the meeting set."""

from cpm_metrics.rules import Example, Rule

RULE = Rule(
    code="action-completed",
    order=210,
    title="Action completed",
    question="Was each action that a CPM agreed completed by its due date?",
    level="guidance",
    source="Quick Guide 2 and 6",
    notes="An action belongs to the CPM with its Meeting ID, else to the child's CPM on its meeting date.",
    anchor_words="a CPM agreed the action on",
    done_words="completed on",
    needs=(("actions",), ("meetings",)),
    clock="""
        SELECT a.child_id, a.care_started, a.meeting_date AS anchor_date, a.due_date, a.completed_date AS done_date,
            a.meeting_key AS about_meeting, p.care_ceased AS lapses_on, 'the date set by the meeting' AS limit_text, a.action AS detail,
            CASE WHEN NOT a.has_due_date THEN 'Due date' WHEN a.due_date IS NULL THEN 'Due date of this action'
                 WHEN NOT a.has_completed_date THEN 'Completed date' END AS missing
        FROM actions_known a JOIN periods p USING (child_id, care_started)
    """,
    examples=(
        Example("by its due date", "2026-03-01",
                {"meetings": [{"meeting_id": "M1", "meeting_date": "2026-01-06"}],
                 "actions": [{"meeting_id": "M1", "meeting_date": "2026-01-06", "action": "Refer to CAMHS", "due_date": "2026-02-01",
                              "completed_date": "2026-02-01"}]},
                [{"status": "on_time", "anchor_date": "2026-01-06"}]),
        Example("overdue, and one with no date", "2026-03-01",
                {"meetings": [{"meeting_date": "2026-01-06"}],
                 "actions": [{"meeting_date": "2026-01-06", "action": "A", "due_date": "2026-02-01"}, {"meeting_date": "2026-01-06", "action": "B"}]},
                [{"status": "overdue", "days": 28}, {"status": "cannot_tell", "due_date": None}]),
        Example("an action of a review is not a CPM's", "2026-03-01",
                {"meetings": [{"meeting_id": "R", "meeting_type": "review", "meeting_date": "2026-01-06"}, {"meeting_id": "M", "meeting_date": "2026-01-06"}],
                 "actions": [{"meeting_id": "R", "meeting_date": "2026-01-06", "action": "A", "due_date": "2026-02-01"}]}, []),
    ),
)  # fmt: skip
