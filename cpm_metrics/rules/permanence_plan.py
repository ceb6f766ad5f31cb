"""A permanence plan by the second review."""

from cpm_metrics.rules import Example, Rule

RULE = Rule(
    code="permanence-plan",
    order=70,
    title="Permanence plan by the second review",
    question="Was a permanence plan agreed by the second Child in Care Review?",
    level="guidance",
    source="Quick Guide 3",
    notes="Until the second review is held, its booked or latest lawful date counts (see Child in Care Review).",
    anchor_words="came into care on",
    done_words="permanence plan agreed on",
    limits={},
    clock="""
        WITH first AS (SELECT * FROM stretches WHERE n = 1),
        second AS (SELECT * FROM stretches WHERE n = 2),
        -- With no review held, the second follows the first one's booked or latest date.
        expected AS (
            SELECT f.child_id, f.care_started, f.ends_on AS anchor FROM first f
        )
        SELECT p.child_id, p.care_started, p.care_started AS anchor_date,
            CASE WHEN s.n IS NOT NULL THEN s.ends_on ELSE $second_review END AS due_date,
            CASE WHEN s.held_date IS NOT NULL THEN 'the second review was held that day'
                 WHEN s.booked_date IS NOT NULL THEN 'the second review is booked for that day'
                 ELSE 'the second review is due by then' END AS limit_text,
            p.permanence_agreed AS done_date, p.care_ceased AS lapses_on,
            CASE WHEN NOT p.has_permanence_agreed THEN 'Permanence plan agreed date'
                 WHEN p.permanence_plan_text IS NOT NULL AND p.permanence_agreed_blank
                 THEN 'Permanence plan agreed date for this child''s plan'
                 WHEN p.start_unknown THEN 'Date started to be looked after (the extract begins later)'
                 WHEN f.reviews_known <> 'all' THEN 'Reviews' END AS missing
        FROM periods p
        JOIN first f USING (child_id, care_started)
        JOIN expected e USING (child_id, care_started)
        LEFT JOIN calendar ON calendar.day = e.anchor
        LEFT JOIN second s ON s.child_id = p.child_id AND s.care_started = p.care_started
    """,
    examples=(
        Example("agreed on the day of the second review", "2026-06-01",
                {"cases": [{"care_started": "2026-01-05", "permanence_agreed": "2026-04-29"}],
                 "reviews": [{"review_date": "2026-01-30"}, {"review_date": "2026-04-29"}]},
                [{"status": "on_time", "due_date": "2026-04-29"}]),
        Example("one review held: three months from it", "2026-06-01", {"reviews": [{"review_date": "2026-01-30"}]},
                [{"status": "overdue", "due_date": "2026-04-30"}]),
        Example("one held and the second booked", "2026-04-01",
                {"reviews": [{"review_date": "2026-01-30"}, {"review_date": "2026-04-20", "status": "booked"}]},
                [{"status": "due_soon", "due_date": "2026-04-20"}]),
        Example("none held: 20 working days and three months", "2026-03-01", {"reviews": []},
                [{"status": "upcoming", "due_date": "2026-05-02"}]),
        Example("only a latest review, held after the as-at date: when the second one was isn't known", "2026-09-01",
                {"cases": [{"care_started": "2020-01-06", "latest_review": "2026-10-01"}]}, [{"status": "cannot_tell"}], without=("reviews",)),
        Example("a plan with no date", "2026-06-01",
                {"cases": [{"care_started": "2026-01-05", "permanence_plan": "adoption", "permanence_plan_text": "Adoption"}], "reviews": []},
                [{"status": "cannot_tell"}]),
    ),
)  # fmt: skip
