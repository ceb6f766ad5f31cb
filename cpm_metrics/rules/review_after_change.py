"""A review soon after a CPM changes the care plan substantially."""

from cpm_metrics.rules import Example, Rule
from cpm_metrics.settings import Limit

RULE = Rule(
    code="review-after-change",
    order=170,
    title="Review after a substantial change",
    question="Was a Child in Care Review held within the limit when a CPM changed the care plan substantially?",
    level="guidance",
    source="Quick Guide 7",
    notes="The Quick Guide says “ideally”: advisory.",
    advisory=True,
    anchor_words="a CPM changed the care plan substantially on",
    done_words="review held on",
    limits={"limit": Limit(10, "working days")},
    needs=(("meetings.plan_change",),),
    clock="""
        SELECT m.child_id, m.care_started, m.meeting_date AS anchor_date, m.meeting_key AS about_meeting,
            r.review_date AS done_date, r.meeting_id, p.care_ceased AS lapses_on,
            CASE WHEN NOT m.has_plan_change THEN 'Care plan change (Meetings)' WHEN k.reviews_known = 'none' THEN 'Reviews'
                 WHEN r.review_date IS NULL AND m.meeting_date > k.known_until THEN 'Reviews after ' || on_day(k.known_until) END AS missing
        FROM held_cpms m
        JOIN periods p USING (child_id, care_started)
        JOIN review_knowledge k USING (child_id, care_started)
        LEFT JOIN held_reviews r
          ON r.child_id = m.child_id AND r.care_started = m.care_started AND m.meeting_date BETWEEN r.opens AND r.review_date
        WHERE m.plan_change = 'substantial' OR NOT m.has_plan_change
    """,
    examples=(
        Example("the same day counts", "2026-02-01",
                {"meetings": [{"meeting_date": "2026-01-06", "plan_change": "substantial"}], "reviews": [{"review_date": "2026-01-06"}]},
                [{"status": "on_time", "due_date": "2026-01-20"}]),
        Example("only booked", "2026-01-15",
                {"meetings": [{"meeting_date": "2026-01-06", "plan_change": "substantial"}],
                 "reviews": [{"review_date": "2026-01-19", "status": "booked"}]}, [{"status": "due_soon"}]),
        Example("a minor change asks for none", "2026-02-01", {"meetings": [{"meeting_date": "2026-01-06", "plan_change": "minor"}]}, []),
    ),
)  # fmt: skip
