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
                 -- One held before that day and not in the extracts may have been in time.
                 WHEN m.meeting_date < k.known_from AND (r.review_date <= $limit) IS NOT true THEN 'Reviews before ' || on_day(k.known_from)
                 WHEN r.review_date IS NULL AND m.meeting_date > k.known_until THEN 'Reviews after ' || on_day(k.known_until) END AS missing
        FROM (SELECT *, meeting_date AS anchor FROM held_cpms) m
        LEFT JOIN calendar ON calendar.day = m.anchor
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
        Example("only a latest review: one before it may have been in time", "2026-06-01",
                {"cases": [{"care_started": "2025-01-06", "latest_review": "2026-05-20"}],
                 "meetings": [{"meeting_date": "2026-03-02", "plan_change": "substantial"}, {"meeting_date": "2026-05-12", "plan_change": "substantial"}]},
                [{"status": "cannot_tell", "due_date": "2026-03-16", "why_has": "Reviews before 20 May 2026"}, {"status": "on_time", "done_date": "2026-05-20"}], without=("reviews",)),
        Example("a yearly return: changed in the year before it", "2026-06-01",
                {"cases": [{"care_started": "2025-01-06", "yearly": True}], "reviews": [{"review_date": "2025-05-20"}],
                 "meetings": [{"meeting_date": "2025-03-03", "plan_change": "substantial"}, {"meeting_date": "2025-04-01", "plan_change": "substantial"}]},
                [{"status": "cannot_tell", "why_has": "Reviews before 1 Apr 2025"}, {"status": "late", "done_date": "2025-05-20"}]),
        Example("a minor change asks for none", "2026-02-01", {"meetings": [{"meeting_date": "2026-01-06", "plan_change": "minor"}]}, []),
    ),
)  # fmt: skip
