"""A CPM whenever the child's circumstances change significantly."""

from cpm_metrics.rules import Example, Rule
from cpm_metrics.settings import Limit

RULE = Rule(
    code="cpm-after-change",
    order=100,
    title="CPM after a significant change",
    question="Was a CPM held within the limit of each significant change?",
    level="local",
    source="Quick Guide 4; the limit is ours",
    notes="From the significant-changes extract; when it was never loaded, each move to another placement counts as one.",
    anchor_words="a significant change on",
    done_words="CPM held on",
    limits={"limit": Limit(20, "working days")},
    needs=(("changes", "placements"),),
    clock="""
        SELECT c.child_id, c.care_started, c.change_date AS anchor_date, m.meeting_date AS done_date, m.meeting_id,
            c.care_ceased AS lapses_on, c.change AS detail,
            CASE WHEN NOT is_loaded('meetings') THEN 'Meetings' END AS missing
        FROM changes_known c
        LEFT JOIN cpm_days m
          ON m.child_id = c.child_id AND m.care_started = c.care_started AND c.change_date BETWEEN m.opens AND m.meeting_date
    """,
    examples=(
        Example("the day of the change counts; two changes on one day are one", "2026-06-01",
                {"changes": [{"change_date": "2026-02-02"}, {"change_date": "2026-02-02", "change": "exclusion"}],
                 "meetings": [{"meeting_date": "2026-02-02"}]},
                [{"status": "on_time", "due_date": "2026-03-02", "days": -28}]),
        Example("still waiting", "2026-02-10", {"changes": [{"change_date": "2026-02-02"}], "meetings": [{"meeting_date": "2026-02-01"}]},
                [{"status": "due_soon"}]),
        Example("without the extract, moves after coming into care", "2026-06-01",
                {"placements": [{"placement_start": "2026-01-05", "placement_end": "2026-02-02"}, {"placement_start": "2026-02-02"}],
                 "meetings": []},
                [{"anchor_date": "2026-02-02", "status": "overdue", "due_date": "2026-03-02"}], without=("changes",)),
        Example("back in care on the day the last period ended: the placement of that day is no move", "2026-06-01",
                {"cases": [{"care_started": "2026-01-05", "care_ceased": "2026-02-02"}, {"care_started": "2026-02-02"}],
                 "placements": [{"placement_start": "2026-01-05", "placement_end": "2026-02-02"}, {"placement_start": "2026-02-02"}], "meetings": []},
                [{"care_started": "2026-01-05", "status": "lapsed", "lapses_on": "2026-02-02"}], without=("changes",)),
        Example("the extract was loaded: moves alone are no change", "2026-06-01",
                {"placements": [{"placement_start": "2026-02-02"}], "changes": [], "meetings": []}, []),
    ),
)  # fmt: skip
