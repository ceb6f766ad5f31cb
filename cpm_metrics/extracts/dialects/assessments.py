"""SSD's table of child and family assessments, which has no type column: the table itself says the type.

It begins on some day (SSD goes back some years): the type is written so that the rules can tell such a table from a whole
history, and accuse nobody of the time before it. Annex A List 4 is not read: it holds the last six months only, and every
child whose last assessment is older would look overdue.
"""

from __future__ import annotations

from ..problems import NOTE
from ..recognise import Recognised
from .tables import Kind, Made, SourceTable

SSD = Kind("ssd_assessments", ("cinapersonid", "cinaassessmentauthdate"))
KINDS = (SSD,)
# What the rules `annual-assessment` and `assessment-after-change` look for.
FROM_SSD = "Child and family assessment (SSD)"


def convert(tables: list[SourceTable]) -> tuple[list[Recognised], list[SourceTable]]:
    out, left = [], []
    for t in tables:
        if not any(row.text("cinaassessmentauthdate") for row in t.rows()):
            left.append(t)  # loaded, it would say that no child has an assessment
            continue
        made = Made(t, "assessments", {"child_id": ("cina_person_id",), "assessment_date": ("cina_assessment_auth_date",)})
        for row in t.rows():
            if row.text("cinaassessmentauthdate"):
                made.add(row, {"child_id": row.cell("cinapersonid"), "assessment_type": FROM_SSD, "assessment_date": row.cell("cinaassessmentauthdate")})
        oldest = min((d for row in t.rows() if (d := row.date("cinaassessmentauthdate"))), default=None)
        if oldest:
            made.say(
                NOTE, "assessments_begin", f"The table begins with {oldest:%d/%m/%Y}. Assessments before that day are not known: for a child in care before it, whether the first one here "
                "came in time is “cannot tell”.", "Load Assessments with their whole history, if there is a report of them.", header="cina_assessment_auth_date",
            )  # fmt: skip
        out.append(made.recognised("the assessment is not yet authorised"))
    return out, left
