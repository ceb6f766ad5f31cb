"""At least one CPM between each review, where permanence is being planned or the child is in care proceedings."""

from cpm_metrics.rules import Example, Rule

RULE = Rule(
    code="cpm-before-review",
    order=60,
    title="CPM before each review",
    question="Was at least one CPM held between each Child in Care Review and the next?",
    level="guidance",
    source="Quick Guide 3 and 4",
    notes="Only while permanence is being planned or the child is in care proceedings, judged on the day the stretch began. "
    "An interim care order (C1) with no proceedings loaded counts as in proceedings and is said to be inferred. "
    "For the first stretch a CPM held before the child came into care counts too.",
    anchor_words="the stretch between reviews began on",
    done_words="CPM held on",
    closes_words="the review was held",
    clock="""
        WITH met AS (
            SELECT s.child_id, s.care_started, s.n, min(m.meeting_date) AS done_date,
                arg_min_null(m.meeting_id, m.meeting_date) AS meeting_id
            FROM stretches s JOIN cpm_days m
              ON m.child_id = s.child_id AND m.care_started = s.care_started
             AND (s.n = 1 OR m.meeting_date > s.anchor_date) AND (s.held_date IS NULL OR m.meeting_date <= s.held_date)
            GROUP BY ALL
        )
        SELECT s.child_id, s.care_started, s.anchor_date, s.ends_on AS due_date, met.done_date, met.meeting_id,
            s.held_date AS closes_on, CASE WHEN s.held_date IS NULL THEN s.care_ceased END AS lapses_on,
            CASE WHEN s.held_date IS NOT NULL THEN 'the review was held that day'
                 WHEN s.booked_date IS NOT NULL THEN 'the review is booked for that day'
                 ELSE 'the review is due by then' END AS limit_text,
            CASE WHEN s.inferred THEN 'in care proceedings: inferred from an interim care order' END AS detail,
            CASE WHEN NOT is_loaded('meetings') THEN 'Meetings'
                 WHEN s.in_scope IS NULL AND p.planning_permanence IS NULL AND p.permanence_achieved IS NULL
                 THEN 'Permanence achieved date, or Actively planning for permanence'
                 WHEN s.in_scope IS NULL THEN 'Proceedings, or Legal status'
                 WHEN s.missing IS NOT NULL AND s.held_date IS NULL AND s.booked_date IS NULL THEN s.missing
                 WHEN s.reviews_known = 'none' OR (s.reviews_known = 'latest' AND s.n = 1) THEN
                    CASE WHEN p.start_unknown THEN 'Date started to be looked after (the extract begins later)' ELSE 'Reviews' END END AS missing
        FROM stretches s JOIN periods p USING (child_id, care_started) LEFT JOIN met USING (child_id, care_started, n)
        WHERE s.in_scope IS NOT false
    """,
    examples=(
        Example("a CPM on the day of the review is in time; one on the day of the last review is not of this stretch", "2026-06-01",
                {"reviews": [{"review_date": "2026-01-30"}, {"review_date": "2026-04-30"}],
                 "meetings": [{"meeting_date": "2026-01-30", "meeting_id": "M1"}]},
                [{"status": "on_time", "due_date": "2026-01-30", "meeting_id": "M1"},
                 {"status": "missed", "due_date": "2026-04-30", "closes_on": "2026-04-30"},
                 {"status": "upcoming", "due_date": "2026-10-30", "closes_on": None}]),
        Example("the booked review is what the next CPM must come before", "2026-03-01",
                {"reviews": [{"review_date": "2026-01-30"}, {"review_date": "2026-03-20", "status": "booked"}], "meetings": []},
                [{"status": "missed"}, {"status": "due_soon", "due_date": "2026-03-20"}]),
        Example("settled children are not counted: matched on the day the stretch began", "2026-03-01",
                {"cases": [{"care_started": "2026-01-05", "permanence_achieved": "2026-01-30"}],
                 "reviews": [{"review_date": "2026-01-30"}], "meetings": []},
                [{"anchor_date": "2026-01-05", "status": "missed"}]),
        Example("marked as not planning for permanence", "2026-03-01",
                {"cases": [{"care_started": "2026-01-05", "planning_permanence": False}], "reviews": []}, []),
        Example("in care proceedings, whatever the mark says", "2026-03-01",
                {"cases": [{"care_started": "2026-01-05", "planning_permanence": False}], "reviews": [], "meetings": [],
                 "proceedings": [{"issued": "2026-02-20"}]},
                [{"status": "overdue", "due_date": "2026-02-02"}]),
        Example("an interim care order with no proceedings loaded", "2026-03-01",
                {"cases": [{"care_started": "2026-01-05", "planning_permanence": False, "legal_status": "C1", "legal_code": "C1"}],
                 "reviews": [], "meetings": []},
                [{"status": "overdue"}]),
        Example("the case's interim care order has no start: the legal statuses say when it began, after this stretch", "2026-06-15",
                {"cases": [{"care_started": "2026-01-05", "planning_permanence": False, "legal_status": "C1", "legal_code": "C1"}],
                 "legal_statuses": [{"legal_status": "V2", "legal_code": "V2", "legal_status_start": "2026-01-05"}, {"legal_status": "C1", "legal_code": "C1", "legal_status_start": "2026-06-01"}],
                 "reviews": [{"review_date": "2026-01-30"}, {"review_date": "2026-04-30"}], "meetings": []},
                [{"anchor_date": "2026-04-30", "status": "upcoming"}]),
        Example("only a latest review, held after the as-at date: where the first stretch ended isn't known", "2026-09-01",
                {"cases": [{"care_started": "2020-01-06", "latest_review": "2026-10-01"}], "meetings": []}, [{"status": "cannot_tell"}], without=("reviews",)),
        Example("nothing says whether permanence is being planned", "2026-03-01", {"reviews": [], "meetings": []},
                [{"status": "cannot_tell"}], without=("cases.permanence_achieved",)),
    ),
)  # fmt: skip
