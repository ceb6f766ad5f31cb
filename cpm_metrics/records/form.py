"""The words of the Care Planning Meeting Record, once, for the form that is written and the one that is read.

Source: the record at the end of the Practice Hub quick guide. The rows for the child ID, the kind of meeting, the chair, the
change to the Care Plan, the domains and the considerations are ours: without them the record could not be counted.
"""

from __future__ import annotations

from cpm_metrics.extracts.datasets import DOMAINS

TITLE = "Care Planning Meeting Record"

# Section -> (the heading written, other beginnings of a heading that mean it, all compared folded).
SECTIONS: dict[str, tuple[str, tuple[str, ...]]] = {
    "date": ("Date of meeting", ("date of the meeting", "meeting date", "date of care planning meeting")),
    "names": ("Name of Child / Children", ("name of child", "names of children", "childs name", "name of children", "child name")),
    "born": ("D.O.B", ("dob", "d o b", "date of birth", "dates of birth")),
    "ids": ("Child ID", ("child ids", "case number", "mosaic id", "person id", "liquidlogic id", "child id s")),
    "kind": ("Kind of meeting", ("type of meeting", "meeting type")),
    "chair": ("Chaired by (name and position)", ("chaired by", "chair", "chairperson")),
    "attendance": ("In attendance", ("attendance", "attendees", "present")),
    "apologies": ("Apologies", ("apologies from",)),
    "purpose": ("Purpose of the meeting and agreed frequency of Care Planning Meetings", ("purpose of the meeting", "purpose of meeting", "purpose")),
    "frequency": ("Agreed frequency of Care Planning Meetings", ("agreed frequency", "frequency of care planning meetings", "frequency")),
    "permanence": ("Plan for permanence", ("permanence plan", "plan of permanence")),
    "progress": ("Progress of Care Plan", ("progress of the care plan",)),
    "domains": ("Considered at this meeting (tick)", ("considered at this meeting", "domains considered")),
    "working_well": ("What’s working well?", ("whats working well", "what is working well")),
    "worried_about": ("What are we worried about?", ("what are we worried about",)),
    "recommendations": ("Recommendations from recent assessments including specialist assessments", ("recommendations from recent assessments", "recommendations from assessments")),
    "considerations": ("Before the final plan is agreed (tick when considered)", ("before the final plan is agreed",)),
    "plan_change": ("Change to the Care Plan (tick one)", ("change to the care plan", "care plan change", "changes to the care plan")),
    "needs_to_happen": ("What needs to happen?", ("what needs to happen",)),
    "open_actions": ("Open actions of earlier meetings", ("actions still open", "open actions")),
    "background": ("For the meeting to know", ("for the meeting to know",)),
}  # fmt: skip

# Words of the form itself below a heading: not part of what was written in. Compared folded, by how they begin.
INSTRUCTIONS = (
    "for example development of a care plan",
    "current plan proposed plan and permanence options",
    "address specific risks and concerns",
    "this section should be used to provide an overview",
    "as the extract says",
    "name and position",
)

ACTION_HEADERS = {"action": "Action", "responsible": "Responsible", "due": "Timescale"}
OPEN_HEADERS = ("Action", "Responsible", "Agreed on", "Due", "What happened")

DOMAIN_WORDS = dict(
    zip(
        DOMAINS,
        ("Health", "Education", "Emotional and behavioural development", "Identity", "Family and social relationships", "Social presentation", "Self-care skills"),
        strict=True,
    )
)
KINDS = {"cpm": "Care Planning Meeting", "final_plan_cpm": "Care Planning Meeting before the final care plan is filed"}
PLAN_CHANGES = {"none": "No change", "minor": "Minor change", "substantial": "Substantial change"}
CONSIDERATIONS = {
    "considered_parents": "Conclusion of parents’ assessments",
    "considered_connected": "Conclusion of connected persons’ assessments / Special Guardianship Order and support plan",
    "considered_outside_family": "Permanence outside the family",
    "considered_contact": "Proposed contact arrangements, and any transition",
    "considered_evidence": "Local authority final evidence",
}
ALSO_PLACEMENT = "Also the placement planning meeting"

EMPTY_BOX, TICKED = "☐", ("☒", "☑", "✓", "✔", "✗", "[x]", "(x)")
