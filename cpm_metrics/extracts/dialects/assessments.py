"""SSD's table of child and family assessments, which has no type column: the table itself says the type.

Annex A List 4 is not read: it holds the last six months only, and every child whose last assessment is older would look overdue.
"""

from __future__ import annotations

from ..recognise import Recognised
from .tables import Kind, Made, SourceTable

SSD = Kind("ssd_assessments", ("cinapersonid", "cinaassessmentauthdate"))
KINDS = (SSD,)
_COLUMNS = {
    SSD.name: ("cina_person_id", "cina_assessment_auth_date"),
}


def convert(tables: list[SourceTable]) -> tuple[list[Recognised], list[SourceTable]]:
    out = []
    for t in tables:
        child, date = _COLUMNS[t.kind]
        made = Made(t, "assessments", {"child_id": (child,), "assessment_date": (date,)})
        for row in t.rows():
            if row.text("".join(date.lower().replace("_", " ").split())):
                made.add(row, {"child_id": row.cell("".join(child.lower().replace("_", " ").split())), "assessment_type": "Child and family assessment",
                               "assessment_date": row.cell("".join(date.lower().replace("_", " ").split()))})  # fmt: skip
        out.append(made.recognised("the assessment is not yet authorised"))
    return out, []
