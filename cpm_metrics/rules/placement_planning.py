"""A placement planning meeting within 72 hours of every move into a home."""

from cpm_metrics.rules import Example, Rule
from cpm_metrics.settings import Limit

RULE = Rule(
    code="placement-planning",
    order=30,
    title="Placement planning meeting",
    question="Was a placement planning meeting, or a CPM marked as one too, held within the limit of each move?",
    level="guidance",
    source="Quick Guide 1",
    notes="72 hours are counted as 3 calendar days, because extracts give days and no times. A meeting up to 7 days before "
    "the move counts, but not one before the previous home began. The latest placement "
    "in the cases extract is no substitute for the placements extract.",
    anchor_words="moved into a home on",
    done_words="placement planning meeting held on",
    lapses_words="the placement or care ended",
    limits={"limit": Limit(3, "calendar days"), "window": Limit(7, "calendar days")},
    needs=(("placements",),),
    clock="""
        WITH moves AS (
            SELECT *, placement_start AS anchor, least(placement_end, care_ceased) AS ends FROM placements_of_care
        ),
        windows AS (SELECT *, greatest($before_window, previous_start + 1) AS opens FROM moves),
        -- One row: a move whose planning could have been at a CPM that isn't marked either way, for want of the column.
        unmarked AS (
            SELECT DISTINCT w.care_started, w.source, w.row FROM windows w JOIN held_cpms m
              ON m.child_id = w.child_id AND m.care_started = w.care_started AND NOT m.has_also_placement_planning
             AND m.meeting_date >= w.opens AND (w.ends IS NULL OR m.meeting_date <= w.ends)
        ),
        met AS (
            SELECT w.care_started, w.source, w.row, min(m.meeting_date) AS done_date,
                arg_min_null(m.meeting_id, (m.meeting_date, m.meeting_id IS NULL, m.meeting_id)) AS meeting_id
            FROM windows w JOIN placement_meetings m
              ON m.child_id = w.child_id AND m.care_started = w.care_started
             AND m.meeting_date >= w.opens AND (w.ends IS NULL OR m.meeting_date <= w.ends)
            GROUP BY ALL
        )
        SELECT w.child_id, w.care_started, w.anchor AS anchor_date, met.done_date, met.meeting_id, w.ends AS lapses_on,
            CASE WHEN NOT is_loaded('meetings') THEN 'Meetings'
                 WHEN met.done_date IS NULL AND unmarked.row IS NOT NULL THEN 'Also placement planning' END AS missing
        FROM windows w
        LEFT JOIN met USING (care_started, source, row)
        LEFT JOIN unmarked USING (care_started, source, row)
    """,
    examples=(
        Example("the third day is in time, for each move", "2026-03-01",
                {"placements": [{"placement_start": "2026-01-05", "placement_end": "2026-02-02"}, {"placement_start": "2026-02-02"}],
                 "meetings": [{"meeting_type": "placement_planning", "meeting_date": "2026-01-08"},
                              {"meeting_type": "placement_planning", "meeting_date": "2026-02-06"}]},
                [{"status": "on_time", "days": 0}, {"status": "late", "days": 1}]),
        Example("a CPM counts when it is marked, up to 7 days before", "2026-03-01",
                {"placements": [{"placement_start": "2026-01-05"}],
                 "meetings": [{"meeting_date": "2025-12-29", "also_placement_planning": True}]},
                [{"status": "on_time", "done_date": "2025-12-29"}]),
        Example("a CPM that isn't marked doesn't count", "2026-03-01",
                {"placements": [{"placement_start": "2026-01-05"}], "meetings": [{"meeting_date": "2026-01-06"}]},
                [{"status": "overdue"}]),
        Example("the meeting for the last move doesn't serve the next", "2026-03-01",
                {"placements": [{"placement_start": "2026-01-05", "placement_end": "2026-01-08"}, {"placement_start": "2026-01-08"}],
                 "meetings": [{"meeting_type": "placement_planning", "meeting_date": "2026-01-05"}]},
                [{"status": "on_time"}, {"status": "overdue", "done_date": None}]),
        Example("a stay of two days owes nothing", "2026-03-01",
                {"placements": [{"placement_start": "2026-01-05", "placement_end": "2026-01-07"}], "meetings": []},
                [{"status": "lapsed", "lapses_on": "2026-01-07"}]),
        Example("placements never loaded", "2026-03-01", {"meetings": []}, [{"status": "cannot_tell"}],
                without=("placements",)),
    ),
)  # fmt: skip
