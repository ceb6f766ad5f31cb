"""What a specialist assessment recommends is discussed at a CPM before the next review."""

from cpm_metrics.rules import Example, Rule

RULE = Rule(
    code="assessment-discussed",
    order=200,
    title="Specialist assessment discussed",
    question="Was a CPM held after each specialist assessment and by the next Child in Care Review?",
    level="guidance",
    source="Quick Guide 1",
    anchor_words="a specialist assessment was received on",
    done_words="CPM held on",
    needs=(("assessments",),),
    clock="""
        WITH received AS (
            SELECT p.child_id, p.care_started, p.care_ceased, a.assessment_date AS anchor_date, a.assessment_type_text
            FROM assessments_known a
            JOIN periods p
              ON p.child_id = a.child_id AND a.assessment_date >= p.care_started
             AND (p.care_ceased IS NULL OR a.assessment_date <= p.care_ceased)
            WHERE a.assessment_type = 'specialist'
        ),
        open_stretch AS (SELECT * FROM stretches WHERE held_date IS NULL)
        SELECT x.child_id, x.care_started, x.anchor_date, x.care_ceased AS lapses_on, x.assessment_type_text AS detail,
            CASE WHEN k.known_from IS NULL OR x.anchor_date >= k.known_from THEN coalesce(r.review_date, s.ends_on) END AS due_date,
            CASE WHEN r.review_date IS NOT NULL THEN 'the next review was held that day'
                 WHEN s.booked_date IS NOT NULL THEN 'the next review is booked for that day'
                 ELSE 'the next review is due by then' END AS limit_text,
            m.meeting_date AS done_date, m.meeting_id,
            CASE WHEN NOT is_loaded('meetings') THEN 'Meetings' WHEN x.anchor_date < k.known_from THEN 'Reviews before ' || on_day(k.known_from)
                 WHEN r.review_date IS NULL AND s.ends_on IS NULL THEN coalesce(s.missing, 'Reviews') WHEN s.reviews_known = 'none' THEN 'Reviews' END AS missing
        FROM received x
        JOIN open_stretch s USING (child_id, care_started)
        JOIN review_knowledge k USING (child_id, care_started)
        LEFT JOIN held_reviews r
          ON r.child_id = x.child_id AND r.care_started = x.care_started AND x.anchor_date BETWEEN r.opens AND r.review_date
        LEFT JOIN cpm_days m
          ON m.child_id = x.child_id AND m.care_started = x.care_started AND x.anchor_date BETWEEN m.opens AND m.meeting_date
    """,
    examples=(
        Example("by the next review, that day included", "2026-06-01",
                {"assessments": [{"assessment_date": "2026-02-10", "assessment_type": "specialist"}],
                 "reviews": [{"review_date": "2026-01-30"}, {"review_date": "2026-04-30"}], "meetings": [{"meeting_date": "2026-04-30"}]},
                [{"status": "on_time", "due_date": "2026-04-30"}]),
        Example("no review since: the one that is booked, else due", "2026-03-01",
                {"assessments": [{"assessment_date": "2026-02-10", "assessment_type": "specialist"}],
                 "reviews": [{"review_date": "2026-01-30"}], "meetings": []},
                [{"status": "upcoming", "due_date": "2026-04-30"}]),
        Example("the CPM before it was received doesn't count", "2026-06-01",
                {"assessments": [{"assessment_date": "2026-02-10", "assessment_type": "specialist"}],
                 "reviews": [{"review_date": "2026-02-10"}], "meetings": [{"meeting_date": "2026-02-09"}]},
                [{"status": "overdue", "due_date": "2026-02-10"}]),
        Example("only a latest review: which one was next isn't known before it", "2026-09-01",
                {"cases": [{"care_started": "2020-01-06", "latest_review": "2026-10-01"}],
                 "assessments": [{"assessment_date": "2025-02-10", "assessment_type": "specialist"}], "meetings": [{"meeting_date": "2025-04-30"}]},
                [{"status": "cannot_tell", "due_date": None, "why_has": "Reviews before 1 Oct 2026"}], without=("reviews",)),
        Example("a yearly return: received in the year before it", "2026-06-01",
                {"cases": [{"care_started": "2025-01-06", "yearly": True}], "reviews": [{"review_date": "2025-05-20"}], "meetings": [],
                 "assessments": [{"assessment_date": "2025-03-31", "assessment_type": "specialist"}, {"assessment_date": "2025-04-01", "assessment_type": "specialist"}]},
                [{"status": "cannot_tell", "due_date": None}, {"status": "overdue", "due_date": "2025-05-20"}]),
        Example("a yearly return that holds the next review, though not those after it", "2026-11-20",
                {"cases": [{"care_started": "2025-08-04", "yearly": True}],
                 "assessments": [{"assessment_date": "2026-03-02", "assessment_type": "specialist"}, {"assessment_date": "2026-03-20", "assessment_type": "specialist"}],
                 "reviews": [{"review_date": "2025-09-01"}, {"review_date": "2025-12-01"}, {"review_date": "2026-03-10"}], "meetings": [{"meeting_date": "2026-03-10"}]},
                [{"status": "on_time", "due_date": "2026-03-10"}, {"status": "cannot_tell", "due_date": None}]),
    ),
)  # fmt: skip
