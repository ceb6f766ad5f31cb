"""Child in Care Reviews at the statutory intervals, counted from the review actually held."""

from cpm_metrics.rules import Example, Rule
from cpm_metrics.settings import Limit

RULE = Rule(
    code="statutory-review",
    order=50,
    title="Child in Care Review",
    question="Was each Child in Care Review held within its interval of the one before?",
    level="statutory",
    source="Care Planning Regulations 2010, regulation 33",
    notes="First: from coming into care. Second: from the first. Later ones: each from the one before. Where only the date "
    "of the latest review was loaded and it can't be the first, the reviews before it are unknown: cannot tell.",
    anchor_words="the review before was on",
    done_words="review held on",
    limits={"first": Limit(20, "working days"), "second": Limit(3, "months"), "later": Limit(6, "months")},
    clock="""
        SELECT child_id, care_started, anchor_date, review_due AS due_date, held_date AS done_date,
            review_meeting_id AS meeting_id, stretches.care_ceased AS lapses_on,
            CASE WHEN n = 1 THEN 'came into care on' END AS anchor_words,
            CASE WHEN n = 1 THEN $first_text WHEN n = 2 AND reviews_known <> 'latest' THEN $second_text ELSE $later_text END AS limit_text,
            CASE WHEN stretches.missing IS NOT NULL THEN stretches.missing WHEN reviews_known = 'none' OR (reviews_known = 'latest' AND n = 1) THEN
                CASE WHEN p.start_unknown THEN 'Date started to be looked after (the extract begins later)' ELSE 'Reviews' END END AS missing
        FROM stretches JOIN periods p USING (child_id, care_started)
    """,
    examples=(
        Example("20 working days, then 3 months, then 6", "2026-12-01",
                {"reviews": [{"review_date": "2026-02-02"}, {"review_date": "2026-05-05"}]},
                [{"due_date": "2026-02-02", "status": "on_time"}, {"due_date": "2026-05-02", "status": "late", "days": 3},
                 {"anchor_date": "2026-05-05", "due_date": "2026-11-05", "status": "overdue", "days": 26}]),
        Example("months end with the month", "2026-02-15",
                {"cases": [{"care_started": "2025-10-01"}],
                 "reviews": [{"review_date": "2025-10-20"}, {"review_date": "2025-11-30"}, {"review_date": "2025-12-31"}]},
                [{"due_date": "2025-10-29"}, {"due_date": "2026-01-20"}, {"due_date": "2026-05-30"},
                 {"due_date": "2026-06-30", "status": "upcoming"}]),
        Example("a review as a row of Meetings is the same review", "2026-02-10",
                {"reviews": [{"review_date": "2026-01-30"}],
                 "meetings": [{"meeting_id": "R1", "meeting_type": "review", "meeting_date": "2026-01-30"}]},
                [{"status": "on_time", "meeting_id": "R1"}, {"due_date": "2026-04-30", "status": "upcoming"}]),
        Example("cancelled is not held", "2026-02-10", {"reviews": [{"review_date": "2026-01-30", "status": "cancelled"}]},
                [{"status": "overdue", "days": 8}]),
        Example("left care on the due date", "2026-03-01",
                {"cases": [{"care_started": "2026-01-05", "care_ceased": "2026-02-02"}], "reviews": []}, [{"status": "lapsed"}]),
        Example("no reviews in any extract", "2026-03-01", {"meetings": []}, [{"status": "cannot_tell", "due_date": "2026-02-02"}],
                without=("reviews", "cases.latest_review")),
        Example("care began before the first episode in the file", "2026-06-01",
                {"cases": [{"care_started": "2026-01-05", "start_unknown": True}], "reviews": [{"review_date": "2026-03-05"}]},
                [{"status": "cannot_tell"}, {"due_date": "2026-09-05", "status": "upcoming"}]),
        Example("only a latest review that may be the first, held late, or the second: due in three months or in six", "2026-11-20",
                {"cases": [{"care_started": "2026-01-05", "latest_review": "2026-02-20"}]},
                [{"status": "cannot_tell"}, {"anchor_date": "2026-02-20", "due_date": None, "status": "cannot_tell"}], without=("reviews",)),
        Example("a yearly return of the year before: what was held since isn't in it", "2026-11-20",
                {"cases": [{"care_started": "2025-08-04", "yearly": True}], "reviews": [{"review_date": "2025-09-01"}, {"review_date": "2025-12-01"}, {"review_date": "2026-03-10"}]},
                [{"status": "on_time"}, {"status": "on_time"}, {"status": "on_time"}, {"anchor_date": "2026-03-10", "due_date": None, "status": "cannot_tell", "why_has": "Reviews after 31 Mar 2026"}]),
        Example("a yearly return: what was due before it was written and isn't in it was not held", "2026-11-20",
                {"cases": [{"care_started": "2025-04-07", "yearly": True}], "reviews": [{"review_date": "2025-05-01"}, {"child_id": "B", "review_date": "2026-03-20"}]},
                [{"status": "on_time"}, {"due_date": "2025-08-01", "status": "overdue"}]),
        Example("only a latest review, held after the as-at date: that there were others is known, not when", "2026-09-01",
                {"cases": [{"care_started": "2020-01-06", "latest_review": "2026-10-01"}]}, [{"status": "cannot_tell", "days": None}], without=("reviews",)),
        Example("only a latest review, of a later period of care", "2026-11-20",
                {"cases": [{"care_started": "2024-01-08", "care_ceased": "2025-03-03", "latest_review": "2026-10-01"}, {"care_started": "2026-09-01", "latest_review": "2026-10-01"}]},
                [{"anchor_date": "2024-01-08", "status": "cannot_tell"}, {"anchor_date": "2026-09-01", "status": "cannot_tell"}, {"anchor_date": "2026-10-01", "due_date": None, "status": "cannot_tell"}], without=("reviews",)),
        Example("only a latest review that can't be the first", "2026-03-01",
                {"cases": [{"care_started": "2024-01-08", "latest_review": "2026-01-15"}]},
                [{"status": "cannot_tell"}, {"due_date": "2026-07-15", "status": "upcoming"}], without=("reviews",)),
    ),
)  # fmt: skip
