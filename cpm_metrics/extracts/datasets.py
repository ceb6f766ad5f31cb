"""The ten datasets, declared once. Reader, template, store, pages and documentation take names and meanings from here.

Source: shared/EXTRACTS.md section 1. The headers are a contract: don't rename them.
"""

from __future__ import annotations

from dataclasses import dataclass

# How a column is typed in the store.
#   id, text -> VARCHAR    date -> DATE    yes_no -> BOOLEAN    code -> VARCHAR, one of `codes`    codes -> VARCHAR[]
KINDS = {"id": "VARCHAR", "text": "VARCHAR", "date": "DATE", "yes_no": "BOOLEAN", "code": "VARCHAR", "codes": "VARCHAR[]"}

# What stands for a team that nobody told us.
NOT_RECORDED = "Not recorded"

MEETING_TYPES = ("cpm", "final_plan_cpm", "placement_planning", "review", "other")
MEETING_STATUSES = ("held", "booked", "cancelled", "postponed")
ROLES = (
    "social_worker", "team_manager", "senior_practitioner", "service_manager", "fostering", "adoption_manager",
    "parenting_assessor", "contact_centre_manager", "iro", "other",
)  # fmt: skip
PLAN_CHANGES = ("none", "minor", "substantial")
DOMAINS = (
    "health", "education", "emotional_behavioural", "identity", "family_social", "social_presentation", "self_care",
)  # fmt: skip
PERMANENCE_PLANS = (
    "return_home", "adoption", "sgo_cao", "long_term_fostering", "residential", "supported_living", "other",
)  # fmt: skip
ASSESSMENT_TYPES = ("child", "specialist", "other")
# The mark in a `codes` list for "something else was written here that could not be read": such a record can't be judged
# incomplete, only unknown.
UNREAD = "?"


@dataclass(frozen=True)
class Field:
    """One column. `name` is the column in the store, `header` what the template shows, `help` the template's comment."""

    name: str
    header: str
    kind: str
    help: str = ""
    required: bool = False
    codes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Dataset:
    """One kind of table. `row` says what one row is; `key` names the fields that tell its rows apart for a reader."""

    name: str
    title: str
    row: str
    fields: tuple[Field, ...]
    derived: tuple[Field, ...] = ()
    """Columns that no header is for: a dialect works them out (extracts/dialects)."""

    def field(self, name: str) -> Field:
        return next(f for f in self.fields if f.name == name)

    @property
    def required(self) -> tuple[Field, ...]:
        return tuple(f for f in self.fields if f.required)


def _f(name, header, kind, help="", required=False, codes=()):
    return Field(name, header, kind, help, required, tuple(codes))


CHILD = _f("child_id", "Child ID", "id", "The child's number in your case system. Kept as text, zeros in front included.", True)

CASES = Dataset(
    "cases", "Cases", "a child and period of care",
    (
        CHILD,
        _f("forename", "Forename", "text"),
        _f("surname", "Surname", "text"),
        _f("date_of_birth", "Date of birth", "date"),
        _f("gender", "Gender", "text"),
        _f("sibling_group", "Sibling group", "id", "Any value that brothers and sisters share."),
        _f("care_started", "Date started to be looked after", "date", "First day of this period of care.", True),
        _f("care_ceased", "Date ceased to be looked after", "date", "Blank while the child is in care."),
        _f("reason_ceased", "Reason ceased", "text"),
        _f("legal_status", "Legal status", "text", "Code or name, for example C1 or Interim care order."),
        _f("legal_status_start", "Legal status start date", "date"),
        _f("placement_type", "Placement type", "text"),
        _f("placement_start", "Placement start date", "date"),
        _f("team", "Allocated team", "text", "", True),
        _f("worker", "Allocated worker", "text"),
        _f("team_manager", "Team manager", "text"),
        _f("iro", "IRO", "text", "The Independent Reviewing Officer."),
        _f("complex_case", "Complex case", "yes_no", "Yes where there is complexity or the case is contentious."),
        _f("planning_permanence", "Actively planning for permanence", "yes_no"),
        _f("permanence_plan", "Permanence plan", "code", "", False, PERMANENCE_PLANS),
        _f("permanence_agreed", "Permanence plan agreed date", "date"),
        _f("permanence_achieved", "Permanence achieved date", "date", "When the child was matched or settled."),
        _f("care_plan_completed", "Care plan completed date", "date"),
        _f("placement_plan_completed", "Placement plan completed date", "date"),
        _f("latest_review", "Date of latest review", "date"),
    ),
    # `start_unknown`: the period of care began before the first episode in the file, on a day that isn't known. `yearly`: from a
    # return that holds the reviews of some years only.
    derived=(_f("start_unknown", "Start of care not known", "yes_no"), _f("yearly", "From a yearly return", "yes_no")),
)  # fmt: skip

MEETINGS = Dataset(
    "meetings", "Meetings", "a meeting and child",
    (
        _f("meeting_id", "Meeting ID", "id", "The same ID on several rows means one meeting about several children."),
        CHILD,
        _f("meeting_type", "Meeting type", "code", "Care Planning Meeting, Final Care Plan CPM, Placement Planning Meeting, Child in Care Review.", True, MEETING_TYPES),
        _f("meeting_date", "Meeting date", "date", "", True),
        _f("status", "Meeting status", "code", "Held, Booked, Cancelled or Postponed.", False, MEETING_STATUSES),
        _f("chair", "Chair", "text"),
        _f("chair_role", "Chair role", "code", "", False, ROLES),
        _f("purpose", "Purpose", "text"),
        _f("agreed_frequency", "Agreed frequency", "text", "For example: monthly, every 6 weeks, 28 days."),
        _f("also_placement_planning", "Also placement planning", "yes_no"),
        _f("plan_change", "Care plan change", "code", "None, Minor or Substantial.", False, PLAN_CHANGES),
        _f("plan_updated", "Care plan updated date", "date"),
        _f("iro_informed", "IRO informed date", "date"),
        _f("minutes_distributed", "Minutes distributed date", "date"),
        _f("minutes_uploaded", "Minutes uploaded date", "date"),
        _f("minutes_on_cpr", "Minutes on CPR date", "date", "When the minutes were attached to the Child Permanence Report."),
        _f("attendees", "Attendees", "text", "Names, separated by semicolons."),
        _f("attendee_roles", "Attendee roles", "codes", "Roles, separated by semicolons.", False, ROLES),
        _f("domains", "Domains considered", "codes", "A list separated by semicolons, or All.", False, DOMAINS),
        _f("working_well", "What is working well", "text"),
        _f("worried_about", "What are we worried about", "text"),
        _f("needs_to_happen", "What needs to happen", "text"),
        _f("considered_parents", "Considered parents' assessments", "yes_no"),
        _f("considered_connected", "Considered connected persons' assessments", "yes_no"),
        _f("considered_outside_family", "Considered permanence outside the family", "yes_no"),
        _f("considered_contact", "Considered contact arrangements", "yes_no"),
        _f("considered_evidence", "Considered final evidence", "yes_no"),
    ),
)  # fmt: skip

REVIEWS = Dataset(
    "reviews", "Reviews", "a review and child",
    (
        CHILD,
        _f("review_date", "Review date", "date", "The Child in Care Review chaired by the IRO.", True),
        _f("status", "Review status", "code", "Held, Booked, Cancelled or Postponed.", False, MEETING_STATUSES),
        _f("participation", "Participation code", "text", "PN0 to PN7."),
    ),
)  # fmt: skip

PLACEMENTS = Dataset(
    "placements", "Placements", "a placement",
    (
        CHILD,
        _f("placement_start", "Placement start date", "date", "", True),
        _f("placement_end", "Placement end date", "date"),
        _f("placement_type", "Placement type", "text"),
        _f("provider", "Placement provider", "text"),
        _f("change_reason", "Change reason", "text"),
    ),
)  # fmt: skip

LEGAL_STATUSES = Dataset(
    "legal_statuses", "Legal statuses", "a legal status",
    (
        CHILD,
        _f("legal_status", "Legal status", "text", "Code or name, for example C1 or Interim care order.", True),
        _f("legal_status_start", "Legal status start date", "date", "", True),
        _f("legal_status_end", "Legal status end date", "date"),
    ),
)  # fmt: skip

ALLOCATIONS = Dataset(
    "allocations", "Allocations", "an allocation of a child to a worker and team",
    (
        CHILD,
        _f("worker", "Allocated worker", "text"),
        _f("team", "Allocated team", "text", "", True),
        _f("allocation_start", "Allocation start date", "date", "", True),
        _f("allocation_end", "Allocation end date", "date"),
    ),
)  # fmt: skip

ACTIONS = Dataset(
    "actions", "Actions", "an action agreed at a meeting",
    (
        _f("action_id", "Action ID", "id"),
        CHILD,
        _f("meeting_date", "Meeting date", "date", "Of the meeting that agreed the action.", True),
        _f("meeting_id", "Meeting ID", "id"),
        _f("action", "Action", "text", "", True),
        _f("responsible", "Responsible", "text"),
        _f("due_date", "Due date", "date"),
        _f("completed_date", "Completed date", "date"),
    ),
)  # fmt: skip

ASSESSMENTS = Dataset(
    "assessments", "Assessments", "an assessment of a child",
    (
        CHILD,
        _f("assessment_type", "Assessment type", "code", "Child, family or C&F; or specialist, psychological, parenting and the like.", True, ASSESSMENT_TYPES),
        _f("assessment_date", "Assessment date", "date", "The day it was completed or received.", True),
    ),
)  # fmt: skip

CHANGES = Dataset(
    "changes", "Significant changes", "a significant change in a child's circumstances or plan",
    (
        CHILD,
        _f("change_date", "Change date", "date", "", True),
        _f("change", "Change", "text"),
    ),
)  # fmt: skip

PROCEEDINGS = Dataset(
    "proceedings", "Proceedings", "a set of care proceedings and child",
    (
        CHILD,
        _f("issued", "Proceedings issued date", "date", "", True),
        _f("concluded", "Proceedings concluded date", "date"),
        _f("la_assessment", "LA assessment completed date", "date"),
        _f("experts_commissioned", "Expert assessments commissioned", "yes_no"),
        _f("experts_received", "Expert assessments received date", "date"),
        _f("plan_due", "Final care plan due date", "date", "When the final care plan must be filed with the court."),
        _f("plan_filed", "Final care plan filed date", "date"),
        _f("order_sought", "Order sought", "text"),
    ),
)  # fmt: skip

DATASETS: dict[str, Dataset] = {
    d.name: d
    for d in (CASES, MEETINGS, REVIEWS, PLACEMENTS, LEGAL_STATUSES, ALLOCATIONS, ACTIONS, ASSESSMENTS, CHANGES, PROCEEDINGS)
}

# Coded columns keep what was written beside the code, in a column `<name>_text`: two different specialist assessments of
# one day stay two, and a person can see what the code was made from.
RAW_SUFFIX = "_text"


def columns(dataset: Dataset) -> dict[str, str]:
    """Column name -> DuckDB type of the dataset's table in a snapshot, in order.

    Beside the declared fields: `<coded field>_text` (as written), for legal statuses `legal_code` ("C1"; null when it could
    not be told), and where the row came from: `source` (see the snapshot's `sources`) and `row` (spreadsheet row).
    """
    out: dict[str, str] = {}
    for f in (*dataset.fields, *dataset.derived):
        out[f.name] = KINDS[f.kind]
        if f.kind in ("code", "codes"):
            out[f.name + RAW_SUFFIX] = "VARCHAR"
        if f.name == "legal_status":
            out["legal_code"] = "VARCHAR"
    return out | {"source": "INTEGER", "row": "INTEGER"}
