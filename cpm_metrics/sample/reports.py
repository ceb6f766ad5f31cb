"""How the invented council's reports look: titles and headers of each, and the words that its people use.

Headers are the template's in another case, order or spelling, so that they need no mapping; the others are columns that
nobody asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from random import Random

from cpm_metrics.extracts.datasets import DATASETS
from cpm_metrics.extracts.folding import squash
from cpm_metrics.sample.people import SERVICE_OF


@dataclass
class Layout:
    """How a report writes one dataset; `headers` are separated by semicolons.

    `text_dates` is the share of rows whose dates are dd/mm/yyyy text, as left behind by a migration.
    """

    dataset: str
    headers: str
    title: tuple[str, ...] = ()
    footer: tuple[str, ...] = ()
    text_dates: float = 0.0

    def columns(self) -> list[tuple[str, str | None]]:
        """Header as written, and the field it stands for; None for a column that we don't know."""
        fields = {squash(f.header): f.name for f in DATASETS[self.dataset].fields}
        headers = [header.replace("|", "\n").strip(" ") for header in self.headers.split(";")]
        return [(header, fields.get(squash(header))) for header in headers]


LAYOUTS: dict[str, Layout] = {
    layout.dataset: layout
    for layout in (
        Layout(
            "cases",
            "CHILD ID; SURNAME; FORENAME; Date Of Birth; Age; Gender; Sibling  Group; Service; Allocated Team;"
            "Allocated worker; Team Manager; I.R.O.; Date started to be|looked after; Date ceased to be|looked after;"
            "Reason Ceased; Legal Status; Legal Status Start Date; Placement Type; Placement Start Date; Complex Case;"
            "Actively planning for permanence; Permanence Plan; Permanence plan agreed date; Permanence achieved date;"
            "Care plan completed date; Placement plan completed date; Date of latest review; Notes",
            ("{council} - children in care", "Run on {date} at 06:12. All periods of care of the last five years", ""),
            ("", "Total: {rows}"),
        ),
        Layout(
            "meetings",
            "Meeting ID; Child ID; Meeting Type; MEETING DATE; Meeting status; Venue; Chair; Chair Role; Purpose;"
            "Agreed frequency; Also Placement Planning; Care Plan Change; Care plan updated date; IRO informed date;"
            "Minutes distributed date; Minutes uploaded date; Minutes on CPR date; Attendees; Attendee Roles;"
            "Domains considered; What is working well?; What are we worried about?; What needs to happen?;"
            "Considered parents assessments; Considered connected persons assessments;"
            "Considered permanence outside the family; Considered contact arrangements; Considered final evidence",
            ("Meetings recorded for children in care", ""),
            text_dates=0.2,
        ),
        Layout("reviews", "Child ID; Review date; Review Status; Venue; Participation Code", text_dates=1.0),
        Layout(
            "placements",
            "Child ID; Placement start date; Placement end date; Placement type; Placement provider; Change reason;"
            "Beds",
            ("Placement history",),
            ("", "Total: {rows}"),
        ),
        Layout(
            "legal_statuses",
            "CHILD ID; LEGAL STATUS; LEGAL STATUS START DATE; LEGAL STATUS END DATE",
            text_dates=0.3,
        ),
        Layout(
            "allocations",
            "Child ID; Allocated team; Allocated worker; Allocation start date; Allocation end date",
            ("Worker and team history", "Run on {date}"),
        ),
        Layout(
            "actions",
            "Action ID; Child ID; Meeting ID; Meeting date; Action; Responsible; Due date; Completed date",
            text_dates=0.15,
        ),
        Layout("assessments", "Child ID; Assessment Type; Assessment Date; Form version"),
        Layout("changes", "Child ID; Change date; Change", text_dates=0.5),
        Layout(
            "proceedings",
            "Child ID; Court reference; Proceedings issued date; Proceedings concluded date;"
            "LA assessment completed date; Expert assessments commissioned; Expert assessments received date;"
            "Final care plan due date; Final care plan filed date; Order sought",
            ("Public law proceedings tracker",),
        ),
    )
}

VENUES = ("Civic Centre", "Teams", "Teams", "Foster home", "Children’s centre – room 2", "School")
# Columns of real reports that we have no use for: header -> what stands in it.
EXTRA: dict[str, Callable[[dict, Random, date], object]] = {
    "Age": lambda row, rng, today: (
        (today - row["date_of_birth"]).days // 366 if isinstance(row.get("date_of_birth"), date) else ""
    ),
    "Service": lambda row, rng, today: SERVICE_OF.get(row.get("team", ""), ""),
    "Notes": lambda row, rng, today: (
        "Sibling placed separately" if row.get("sibling_group") and rng.random() < 0.1 else ""
    ),
    "Venue": lambda row, rng, today: rng.choice(VENUES),
    "Beds": lambda row, rng, today: 1,
    "Form version": lambda row, rng, today: rng.choice(("v3", "v4")),
    "Court reference": lambda row, rng, today: f"HW{rng.randrange(10, 27)}C{rng.randrange(10_000, 60_000)}",
}


def _words(table: str) -> dict[str, tuple[str, ...]]:
    """Lines of a value as in the template, a colon, and what people write; what stands there twice comes up more."""
    pairs = (line.split(":", 1) for line in table.strip().splitlines())
    return {value.strip(): tuple(words.strip(" ") for words in written.split("/")) for value, written in pairs}


_ROLES = _words("""
Social worker: Social Worker / Social Worker / SW / Allocated social worker
Team manager: Team Manager / TM / Team manager
Senior practitioner: Senior Practitioner / Senior practitioner
Fostering: Supervising social worker / Fostering rep / Fostering
Service manager: Service Manager / service manager
IRO: IRO / Independent Reviewing Officer
""")
_YES_NO = _words("""
Yes: Yes / Yes / Y
No: No / No / N
""")
OTHERS_PRESENT = (
    "Foster carer",
    "Mother; Foster carer",
    "School",
    "Health visitor",
    "Father; School",
    "Family support worker",
)

# Field -> value as in the template -> what people write. A field or value not named here is written as it is.
WORDINGS: dict[str, dict[str, tuple[str, ...]]] = {
    "meeting_type": _words("""
Care Planning Meeting: Care Planning Meeting / CPM / CPM / care planning meeting / Care Planning Meeting Record
Final Care Plan CPM: CPM - final care plan / Final Care Plan CPM / CPM - Final Care Plan
Placement Planning Meeting: PPM / Placement Planning Meeting
Child in Care Review: LAC Review / Child in Care Review / CLA Review / Looked After Child Review
"""),
    "status": _words("""
Held: Held / Held / Held / held / HELD / Completed
Booked: Booked / Booked / Planned / Scheduled
Cancelled: Cancelled / CANCELLED
Postponed: Postponed / Rearranged
"""),
    "chair_role": _ROLES,
    "legal_status": _words("""
C1 - Interim care order: C1 / C1: ICO / C1 - Interim care order / Interim care order
C2 - Full care order: C2 / C2 - Full care order / C2: Full Care Order
V2 - Accommodated under section 20: V2 / Section 20 / V2 - Single period of accommodation under section 20
E1 - Placement order granted: E1 / E1 - Placement order granted
"""),
    "plan_change": _words("""
None: None / No change / none
Minor: Minor / Minor change
Substantial: Substantial / Significant change
"""),
    "permanence_plan": _words("""
Long-term fostering: Long term fostering / Long-term fostering / Long term foster care
SGO or CAO: Special Guardianship Order / SGO
Return home: Return home / Return to family
Supported living: Supported living in the community / Supported living
"""),
    "assessment_type": _words("""
Child and family: Child and family assessment / C&F / Single assessment / Child & Family Assessment
"""),
    "gender": _words("""
Male: Male / Male / M
Female: Female / Female / F
"""),
    **dict.fromkeys(
        (
            "complex_case",
            "planning_permanence",
            "also_placement_planning",
            "experts_commissioned",
            "considered_parents",
            "considered_connected",
            "considered_outside_family",
            "considered_contact",
            "considered_evidence",
        ),
        _YES_NO,
    ),
}


def worded(name: str, value: str, rng: Random) -> str:
    """A template value in somebody's words."""
    if name == "attendee_roles":
        return "; ".join(
            rng.choice(_ROLES.get(role, (role,)) if role != "Other" else OTHERS_PRESENT) for role in value.split("; ")
        )
    choices = WORDINGS.get(name, {}).get(value)
    return rng.choice(choices) if choices else value
