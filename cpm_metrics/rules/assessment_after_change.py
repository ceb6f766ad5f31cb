"""The assessment is brought up to date after a significant change."""

from cpm_metrics.rules import Example, Rule
from cpm_metrics.settings import Limit

RULE = Rule(
    code="assessment-after-change",
    order=190,
    title="Assessment after a significant change",
    question="Was a child or family assessment completed within the limit of each significant change?",
    level="local",
    source="Quick Guide 1; the limit is ours",
    notes="Changes as in “CPM after a significant change”.",
    anchor_words="a significant change on",
    done_words="assessment completed on",
    limits={"limit": Limit(45, "working days")},
    needs=(("changes", "placements"),),
    clock="""
        WITH met AS (
            SELECT c.child_id, c.care_started, c.change_date, min(a.assessment_date) AS done_date
            FROM changes_known c JOIN assessments_known a
              ON a.child_id = c.child_id AND a.assessment_type = 'child' AND a.assessment_date >= c.change_date
             AND (c.care_ceased IS NULL OR a.assessment_date <= c.care_ceased)
            GROUP BY ALL
        ),
        -- One row, where all come from SSD, whose table begins on some day: the ones before it aren't known.
        begins AS (
            SELECT min(assessment_date) AS day FROM snap.assessments WHERE assessment_type = 'child'
            HAVING bool_and(coalesce(assessment_type_text = 'Child and family assessment (SSD)', false))
        )
        SELECT c.child_id, c.care_started, c.change_date AS anchor_date, met.done_date, c.care_ceased AS lapses_on, c.change AS detail,
            CASE WHEN NOT is_loaded('assessments') OR c.change_date < (SELECT day FROM begins) THEN 'Assessments' END AS missing
        FROM changes_known c LEFT JOIN met USING (child_id, care_started, change_date)
    """,
    examples=(
        Example("the 45th working day, Easter between", "2026-06-01",
                {"changes": [{"change_date": "2026-02-02"}], "assessments": [{"assessment_date": "2026-04-08"}]},
                [{"status": "on_time", "due_date": "2026-04-08"}]),
        Example("none since", "2026-06-01", {"changes": [{"change_date": "2026-02-02"}], "assessments": [{"assessment_date": "2026-02-01"}]},
                [{"status": "overdue"}]),
        Example("assessments never loaded", "2026-06-01", {"changes": [{"change_date": "2026-02-02"}]}, [{"status": "cannot_tell"}],
                without=("assessments",)),
    ),
)  # fmt: skip
