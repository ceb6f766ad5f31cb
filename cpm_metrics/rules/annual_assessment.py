"""A new child assessment every year."""

from cpm_metrics.rules import Example, Rule
from cpm_metrics.settings import Limit

RULE = Rule(
    code="annual-assessment",
    order=180,
    title="Annual child assessment",
    question="Was a new child or family assessment completed within a year of the one before?",
    level="guidance",
    source="Quick Guide 1",
    notes="The first year runs from the last assessment on or before the day the child came into care, else from that day.",
    anchor_words="the year runs from",
    done_words="assessment completed on",
    limits={"limit": Limit(12, "months")},
    clock="""
        WITH child_assessments AS (
            SELECT DISTINCT child_id, assessment_date FROM assessments_known WHERE assessment_type = 'child'
        ),
        -- One row, where all come from SSD, whose table begins on some day: the ones before it aren't known.
        begins AS (
            SELECT min(assessment_date) AS day FROM snap.assessments WHERE assessment_type = 'child'
            HAVING bool_and(coalesce(assessment_type_text = 'Child and family assessment (SSD)', false))
        ),
        bases AS (
            SELECT p.child_id, p.care_started, p.care_ceased,
                -- With no assessment before it, an unknown start is no base; nor is a start before the table of assessments begins.
                (p.start_unknown OR p.care_started < coalesce((SELECT day FROM begins), p.care_started)) AND count(*) FILTER (a.assessment_date <= p.care_started) = 0 AS unknown, p.start_unknown,
                coalesce(max(a.assessment_date) FILTER (a.assessment_date <= p.care_started), p.care_started) AS anchor_date
            FROM periods p LEFT JOIN child_assessments a USING (child_id)
            GROUP BY p.child_id, p.care_started, p.care_ceased, p.start_unknown
            UNION ALL
            SELECT p.child_id, p.care_started, p.care_ceased, false, false, a.assessment_date
            FROM periods p JOIN child_assessments a USING (child_id)
            WHERE a.assessment_date > p.care_started AND (p.care_ceased IS NULL OR a.assessment_date <= p.care_ceased)
        )
        SELECT child_id, care_started, anchor_date, care_ceased AS lapses_on,
            lead(anchor_date) OVER (PARTITION BY child_id, care_started ORDER BY anchor_date) AS done_date,
            CASE WHEN NOT is_loaded('assessments') THEN 'Assessments' WHEN unknown AND start_unknown
                 THEN 'Date started to be looked after (the extract begins later)' WHEN unknown THEN 'Assessments' END AS missing
        FROM bases
    """,
    examples=(
        Example("a year from the assessment before care, then from each", "2027-06-01",
                {"assessments": [{"assessment_date": "2025-11-10"}, {"assessment_date": "2026-11-10"}]},
                [{"anchor_date": "2025-11-10", "due_date": "2026-11-10", "status": "on_time"},
                 {"anchor_date": "2026-11-10", "due_date": "2027-11-10", "status": "upcoming"}]),
        Example("none before: a year from coming into care", "2027-01-07", {"assessments": []},
                [{"due_date": "2027-01-05", "status": "overdue", "days": 2}]),
        Example("a specialist assessment is another kind", "2027-01-07",
                {"assessments": [{"assessment_date": "2026-06-01", "assessment_type": "specialist"}]}, [{"status": "overdue"}]),
        Example("assessments never loaded", "2027-01-07", {}, [{"anchor_date": "2026-01-05", "status": "cannot_tell"}],
                without=("assessments",)),
    ),
)  # fmt: skip
