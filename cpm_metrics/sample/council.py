"""The invented council as ten clean tables.

Rows are dicts by field name (`extracts.datasets`), their values as the template has them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from random import Random

from cpm_metrics.errors import CpmError
from cpm_metrics.extracts.datasets import DATASETS
from cpm_metrics.sample import stories
from cpm_metrics.sample.days import WorkingDays, add_months, days
from cpm_metrics.sample.journeys import YEARS_BACK, Care, Child, Journey, Placement, Register, draw_children, populate
from cpm_metrics.sample.people import Staff, hire
from cpm_metrics.sample.practice import SLIPPED, Practice
from cpm_metrics.sample.records import World, action_rows, assessment_rows, make_plans, meeting_rows
from cpm_metrics.sample.timeline import Meeting, Timeline


@dataclass
class Council:
    seed: int
    extract_date: date
    tables: dict[str, list[dict]] = field(default_factory=lambda: {name: [] for name in DATASETS})
    stories: list[stories.Story] = field(default_factory=list)
    journeys: list[Journey] = field(default_factory=list)
    staff: Staff | None = None


def build(children: int, seed: int, extract_date: date) -> Council:
    """A council with exactly `children` in care on the extract date, those with short breaks only not counted."""
    if children < 1:
        raise CpmError("A sample needs at least one child in care.", "Use --children 1 or more.")
    working = WorkingDays(extract_date.year - YEARS_BACK - 20, extract_date.year + 3)
    slipped_since = add_months(extract_date.replace(day=1), -7)
    first_day = extract_date - days(YEARS_BACK * 366 + 400)
    staff = hire(seed, children, first_day, add_months(extract_date, 24), (SLIPPED, slipped_since - days(1)))
    world = World(Random(f"{seed}:records"), staff, Practice(seed, slipped_since), working, extract_date)

    register = Register(Random(f"{seed}:numbers"), stories.CHILD_IDS)
    told, in_stories = stories.tell(seed, children, extract_date, staff, working)
    journeys = populate(Random(f"{seed}:journeys"), register, children, extract_date, in_stories)
    council = Council(seed, extract_date, stories=told, journeys=journeys, staff=staff)

    iros = Random(f"{seed}:iros")
    of_child: dict[str, str] = {}
    for journey in journeys:
        journey.iro = of_child.setdefault(journey.cares[0].child.child_id, iros.choice(staff.iros))
    played = []
    for number, journey in enumerate(journeys):
        timeline = Timeline(journey, Random(f"{seed}:timeline:{number}"), working, world.practice, extract_date)
        played.append((journey, stories.retouch(journey, timeline.play(), extract_date, working)))
    _number_meetings([meeting for _, meetings in played for meeting in meetings])
    for number, (journey, meetings) in enumerate(played):
        world.rng = Random(f"{seed}:records:{number}")
        make_plans(world, journey, meetings)
        stories.amend(journey, extract_date)
        _write_journey(council, world, journey, meetings)
    _short_breaks(council, world, register, max(1, round(children * 0.015)))
    _sort(council)
    return council


def _number_meetings(meetings: list[Meeting]) -> None:
    for number, meeting in enumerate(sorted(meetings, key=lambda m: m.day), start=1):
        meeting.meeting_id = f"{300_000 + number}"


def _sort(council: Council) -> None:
    tables = council.tables
    tables["cases"].sort(key=lambda r: (r["child_id"], r["care_started"]))
    tables["meetings"].sort(key=lambda r: (r["meeting_date"], r["meeting_id"], r["child_id"]))
    tables["reviews"].sort(key=lambda r: (r["review_date"], r["child_id"]))
    for name, column in (
        ("placements", "placement_start"), ("legal_statuses", "legal_status_start"), ("allocations",
        "allocation_start"),
        ("assessments", "assessment_date"), ("changes", "change_date"), ("proceedings", "issued"),
    ):  # fmt: skip
        tables[name].sort(key=lambda r, column=column: (r["child_id"], r[column]))
    tables["actions"].sort(key=lambda r: (r["meeting_date"], r["meeting_id"], r["child_id"]))
    for number, row in enumerate(tables["actions"], start=1):
        row["action_id"] = f"A{number:06d}"


# --- one journey into rows --------------------------------------------------------------------------------------------


def _write_journey(council: Council, world: World, journey: Journey, meetings: list[Meeting]) -> None:
    tables, today = council.tables, council.extract_date
    for meeting in meetings:
        if meeting.kind == "review":
            _write_review(tables, world, meeting)
            # The case system also lists the reviews of the last two years among the meetings.
            if (today - meeting.day).days > 730:
                continue
        tables["meetings"] += meeting_rows(world, journey, meeting)
        if meeting.status == "held" and meeting.kind in ("cpm", "final_plan_cpm"):
            tables["actions"] += action_rows(world, journey, meeting)
    for care in journey.cares:
        child = care.child.child_id
        reviews = [m.day for m in meetings if m.kind == "review" and m.status == "held" and care in m.cares]
        tables["placements"] += _placements(world, care)
        tables["legal_statuses"] += _legal_statuses(world, care)
        allocations = _allocations(world, journey, care)
        tables["allocations"] += allocations
        tables["assessments"] += assessment_rows(world, journey, care)
        tables["changes"] += [
            {"child_id": child, "change_date": day, "change": change}
            for day, change in care.changes
            if day <= min(today, care.ends)
        ]
        tables["proceedings"] += _proceedings(world, journey, care)
        tables["cases"].append(_case(world, journey, care, allocations[-1], max(reviews, default=None)))


def _write_review(tables: dict[str, list[dict]], world: World, meeting: Meeting) -> None:
    status = meeting.status.capitalize()
    for care in meeting.cares:
        held = meeting.status == "held"
        code = (
            ""
            if not held
            else "PN0"
            if care.child.age(meeting.day) < 4
            else world.rng.choice(("PN1", "PN1", "PN1", "PN2", "PN3", "PN5", "PN6"))
        )
        tables["reviews"].append(
            {"child_id": care.child.child_id, "review_date": meeting.day, "status": status, "participation": code}
        )


LEGAL = {
    "V2": "V2 - Accommodated under section 20", "C1": "C1 - Interim care order",
    "C2": "C2 - Full care order",
    "E1": "E1 - Placement order granted", "L1": "L1 - Under police protection",
    "L2": "L2 - Emergency protection order (EPO)",
    "V4": "V4 - Accommodated under an agreed series of short breaks",
    "V3": "V3 - Accommodated under an agreed series of short breaks",
}  # fmt: skip


def _legal_statuses(world: World, care: Care) -> list[dict]:
    ends = [start for _, start in care.legal[1:]] + [care.ends]
    return [
        {
            "child_id": care.child.child_id, "legal_status": LEGAL[code], "legal_status_start": start,
            "legal_status_end": world.known(end),
        }
        for (code, start), end in zip(care.legal, ends, strict=True) if start <= world.today and start <= end
    ]  # fmt: skip


def _placements(world: World, care: Care) -> list[dict]:
    return [
        {
            "child_id": care.child.child_id, "placement_start": p.start, "placement_end": world.known(p.end),
            "placement_type": p.kind, "provider": p.provider, "change_reason": p.reason,
        }
        for p in care.placements if p.start <= world.today
    ]  # fmt: skip


def _allocations(world: World, journey: Journey, care: Care) -> list[dict]:
    """Team and worker in turn, without gaps: each ends the day before the next begins."""
    last = min(care.ends, world.today)
    starts = [first for _, first in journey.teams[1:]] + [last + days(1)]
    spells = []
    for (team, first), following in zip(journey.teams, starts, strict=True):
        until = min(following - days(1), last)
        if first > until:
            continue
        if journey.workers:
            changes = [day for _, day in journey.workers if first < day <= until]
            spells += [(team, world.worker_on(journey, day), day) for day in [first, *changes]]
        else:
            posts = world.staff.posts[team]
            spells += [(team, s.who, s.first) for s in posts[journey.seat % len(posts)].during(first, until)]
    ends = [day - days(1) for _, _, day in spells[1:]] + [care.ends if care.ends <= world.today else None]
    return [
        {"child_id": care.child.child_id, "worker": who, "team": team, "allocation_start": day, "allocation_end": end}
        for (team, who, day), end in zip(spells, ends, strict=True)
    ]


def _proceedings(world: World, journey: Journey, care: Care) -> list[dict]:
    court, known = journey.proceedings, world.known
    if court is None or court.issued > world.today or not court.recorded or care.ends < court.issued:
        return []
    # The court sets the timetable about three weeks after issue.
    timetabled = court.issued + days(21) <= world.today
    return [{
        "child_id": care.child.child_id, "issued": court.issued, "concluded": known(court.concluded),
        "la_assessment": known(court.la_assessment), "experts_commissioned": "Yes" if court.experts else "No",
        "experts_received": known(court.experts_received), "plan_due": court.plan_due if timetabled else None,
        "plan_filed": known(court.plan_filed), "order_sought": court.order_sought,
    }]  # fmt: skip


def _case(world: World, journey: Journey, care: Care, allocation: dict, latest_review: date | None) -> dict:
    child, today, rng = care.child, world.today, world.rng
    last = min(care.ends, today)
    home = [p for p in care.placements if p.start <= today][-1]
    code, since = [step for step in care.legal if step[1] <= last][-1]
    ceased = world.known(care.ends)
    return {
        "child_id": child.child_id, "forename": child.forename, "surname": child.surname, "date_of_birth": child.born,
        "gender": child.gender, "sibling_group": child.sibling_group, "care_started": care.started,
        "care_ceased": ceased, "reason_ceased": care.reason if ceased else "",
        "legal_status": LEGAL[code], "legal_status_start": since,
        "placement_type": home.kind, "placement_start": home.start, "team": allocation["team"],
        "worker": allocation["worker"],
        "team_manager": world.staff.manager_of(allocation["team"], last), "iro": journey.iro,
        "complex_case": "Yes" if care.complex_case else "" if rng.random() < 0.01 else "No",
        "planning_permanence": "" if rng.random() < 0.01 else "Yes" if care.planning(last) else "No",
        "permanence_plan": care.plan if care.agreed or rng.random() < 0.015 else "", "permanence_agreed": care.agreed,
        "permanence_achieved": world.known(care.achieved), "care_plan_completed": world.known(care.care_plan),
        "placement_plan_completed": world.known(care.placement_plan), "latest_review": latest_review,
    }  # fmt: skip


# --- short breaks -----------------------------------------------------------------------------------------------------


def _short_breaks(council: Council, world: World, register: Register, number: int) -> None:
    """Children with a series of short breaks (V3, V4): in the extract, left out by the rules."""
    today = world.today
    for n in range(number):
        rng = world.rng = Random(f"{council.seed}:breaks:{n}")
        started = today - days(rng.randint(60, 1100))
        (child,) = draw_children(rng, register, "disabled", started, 1)
        journey = _short_break_journey(child, started, rng)
        journey.iro = rng.choice(council.staff.iros)
        meetings, day = [], world.working.plus(started, rng.randint(40, 60))
        while day <= today:
            meetings.append(
                Meeting("review", day, "held", journey.cares, meeting_id=f"{290_000 + n * 20 + len(meetings)}")
            )
            day = world.working.on_or_before(add_months(day, 6))
        _write_journey(council, world, journey, meetings)
        council.journeys.append(journey)


def _short_break_journey(child: Child, started: date, rng: Random) -> Journey:
    care = Care(child, started, child.eighteen(), "E8 - Ceased for another reason", "disabled", "Return home")
    care.legal = [(rng.choice(("V3", "V4", "V4")), started)]
    care.placements = [
        Placement(
            started, care.ends, "U6 - Foster placement with other foster carer", "PR1 - Own provision", "Short breaks"
        )
    ]
    return Journey(
        [care], started, "breaks", "North", teams=[("Disabled Children's Team", started)], seat=rng.randrange(1_000_000)
    )
