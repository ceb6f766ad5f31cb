"""What was written down: minutes, chairs, attendance, plans, actions and assessments of journeys already played."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from random import Random

from cpm_metrics.extracts.codes import LABELS
from cpm_metrics.extracts.datasets import DOMAINS
from cpm_metrics.sample.days import WorkingDays, add_months, days
from cpm_metrics.sample.journeys import Care, Journey
from cpm_metrics.sample.people import Staff
from cpm_metrics.sample.practice import NO_MINUTES, Practice
from cpm_metrics.sample.timeline import Meeting

WORKING_WELL = (
    "Settled with the carers and sleeping well.",
    "Attendance at school has improved.",
    "Enjoys family time with grandparents.",
    "Good relationship with the key worker.",
    "Health assessment is up to date.",
    "Has joined a football club.",
    "The carers understand what upsets the child and respond calmly.",
    "Reading age has caught up.",
)
WORRIES = (
    "Family time with mother is unpredictable.",
    "Waiting for the school place to be confirmed.",
    "Nightmares have come back.",
    "The carers need more breaks.",
    "Father has not engaged with the assessment.",
    "The plan is taking too long for the child.",
    "Conflict with peers at school.",
    "Immigration status is not settled.",
    "Missed two appointments with the dentist.",
)
NEXT_STEPS = (
    "Update the care plan and share it.",
    "Agree a family time plan.",
    "Bring the matching paperwork to panel.",
    "Chase the specialist assessment.",
    "Complete the actions below before the next meeting.",
    "Plan the transition with school.",
)
ACTIONS = (
    ("Send a referral to the therapeutic service", "social_worker"),
    ("Complete the life story work plan", "social_worker"),
    ("Update the care plan and send it to the IRO", "social_worker"),
    ("Arrange family time with siblings", "social_worker"),
    ("Confirm the support package for the carers", "fostering"),
    ("Book the dental check and eye test", "carer"),
    ("Request the health assessment report", "social_worker"),
    ("Meet the school about the personal education plan", "social_worker"),
    ("Obtain the passport and birth certificate", "social_worker"),
    ("Complete the matching report for panel", "fostering"),
    ("Visit the connected person and start the viability assessment", "social_worker"),
    ("Agree the savings arrangements", "team_manager"),
    ("Chase the housing letter for parents", "social_worker"),
    ("Review the risk plan", "team_manager"),
    ("Start the pathway assessment", "social_worker"),
    ("Speak with the independent visitor service", "social_worker"),
)
STUCK = (
    ("Present the long-term match to the permanence panel", "social_worker"),
    ("Complete the together or apart assessment", "social_worker"),
    ("Agree the special guardianship support plan with the grandparents", "team_manager"),
)
SPECIALISTS = (
    "Psychological assessment",
    "Parenting assessment",
    "CAMHS assessment",
    "Together and apart assessment",
    "Educational psychologist assessment",
)
COURT_SPECIALISTS = ("Parenting assessment", "Psychological assessment", "Psychiatric assessment", "PAMS assessment")


@dataclass
class World:
    """What every record needs to know."""

    rng: Random
    staff: Staff
    practice: Practice
    working: WorkingDays
    today: date

    def known(self, day: date | None) -> date | None:
        """The day when the extract can know it, else nothing."""
        return day if day is not None and day <= self.today else None

    def keeps(self, journey: Journey, aspect: str, day: date) -> bool:
        return journey.diligent or self.rng.random() < self.practice.chance(journey.team_on(day), aspect, day)

    def worker_on(self, journey: Journey, day: date) -> str:
        if journey.workers:
            return next((who for who, first in reversed(journey.workers) if first <= day), journey.workers[0][0])
        posts = self.staff.posts[journey.team_on(day)]
        return posts[journey.seat % len(posts)].on(day)


# --- one meeting ------------------------------------------------------------------------------------------------------


def meeting_rows(world: World, journey: Journey, meeting: Meeting) -> list[dict]:
    """One row per child. What the meeting has in common (chair, minutes) is the same on every row."""
    rng, day = world.rng, meeting.day
    common: dict = {
        "meeting_id": meeting.meeting_id, "meeting_type": LABELS[meeting.kind], "meeting_date": day,
        "status": "" if meeting.status == "held" and rng.random() < 0.03 else LABELS[meeting.status],
        "purpose": meeting.purpose,
    }  # fmt: skip
    if meeting.status == "held":
        common |= _held(world, journey, meeting)
    rows = []
    for care in meeting.cares:
        row = common | {"child_id": care.child.child_id}
        if id(care) in meeting.closing and meeting.frequency:
            row["agreed_frequency"] = "No further meetings unless circumstances change"
        if meeting.status == "held" and meeting.kind == "final_plan_cpm" and care.plan == "Adoption" and care.agreed:
            if rng.random() < 0.82:
                row["minutes_on_cpr"] = world.known(world.working.plus(day, rng.randint(0, 5)))
            elif rng.random() < 0.5:
                row["minutes_on_cpr"] = world.known(world.working.plus(day, rng.randint(6, 20)))
        rows.append(row)
    return rows


def _held(world: World, journey: Journey, meeting: Meeting) -> dict:
    if meeting.kind == "review":
        return {"chair": journey.iro, "chair_role": LABELS["iro"]}
    out = _chair_and_attendance(world, journey, meeting)
    if meeting.kind == "placement_planning":
        return {name: out[name] for name in ("chair", "chair_role", "attendees", "attendee_roles")}
    rng = world.rng
    out |= _minutes(world, journey, meeting.day)
    out |= {
        "agreed_frequency": meeting.frequency,
        "plan_change": LABELS.get(meeting.plan_change, ""),
        "working_well": rng.choice(WORKING_WELL),
        "worried_about": rng.choice(WORRIES),
        "needs_to_happen": rng.choice(NEXT_STEPS),
    }
    if meeting.plan_change in ("minor", "substantial"):
        out["iro_informed"] = _done(world, journey, "minutes", meeting.day, 5, 12)
        out["plan_updated"] = _done(world, journey, "plan", meeting.day, 10, 15)
    if meeting.kind == "cpm":
        out["also_placement_planning"] = "Yes" if meeting.combined else rng.choice(("No", "No", ""))
        out["domains"] = _domains(world, journey, meeting.day)
    else:
        for name in ("parents", "connected", "outside_family", "contact", "evidence"):
            out[f"considered_{name}"] = (
                "Yes" if journey.diligent or rng.random() < 0.965 else rng.choice(("No", "No", ""))
            )
    return out


def _chair_and_attendance(world: World, journey: Journey, meeting: Meeting) -> dict:
    rng, day = world.rng, meeting.day
    team = journey.team_on(day)
    partners = world.staff.partners
    worker, manager = world.worker_on(journey, day), world.staff.manager_of(team, day)
    senior, service = world.staff.seniors[team].on(day), world.staff.service_manager_of(team, day)
    if meeting.kind == "final_plan_cpm":
        role = "service_manager" if journey.diligent or rng.random() < 0.91 else "team_manager"
        roles = ["social_worker", "team_manager", "fostering", "parenting_assessor", "contact_centre_manager"]
        roles += ["adoption_manager"] if any(care.plan == "Adoption" for care in meeting.cares) else []
        roles = [r for r in roles if journey.diligent or rng.random() < 0.97]
    else:
        weights = (13, 60, 25, 1, 1) if any(care.complex_case for care in meeting.cares) else (72, 15, 9.5, 2.5, 1)
        role = rng.choices(("social_worker", "team_manager", "senior_practitioner", "iro", "other"), weights)[0]
        roles = ["social_worker"] + [
            r for r, likely in (("team_manager", 0.5), ("fostering", 0.7), ("other", 0.8)) if rng.random() < likely
        ]
    who = {
        "social_worker": worker, "team_manager": manager, "senior_practitioner": senior, "service_manager": service,
        "iro": journey.iro, "other": "",
    }  # fmt: skip
    roles += [role] if role not in roles else []
    names = [who[r] if r in who else partners[r][journey.seat % len(partners[r])] for r in roles]
    blank = rng.random() < 0.008
    return {
        "chair": "" if blank else who[role],
        "chair_role": "" if blank else LABELS[role],
        "attendees": "; ".join(name for name in names if name),
        "attendee_roles": "; ".join(LABELS[r] for r in roles),
    }


def _minutes(world: World, journey: Journey, day: date) -> dict:
    sent = _done(world, journey, "minutes", day, 5, 15)
    on_file = sent if world.rng.random() < 0.65 else _done(world, journey, "minutes", day, 5, 20)
    if NO_MINUTES in (journey.team_on(day), journey.team_on(world.working.plus(day, 5))):
        on_file = None
    return {"minutes_distributed": sent, "minutes_uploaded": on_file}


def _done(world: World, journey: Journey, aspect: str, day: date, limit: int, longest: int) -> date | None:
    """A day within `limit` working days, or later by up to `longest`, or never (a fifth of the failures)."""
    rng = world.rng
    if world.keeps(journey, aspect, day):
        return world.known(world.working.plus(day, rng.randint(0, limit)))
    return None if rng.random() < 0.2 else world.known(world.working.plus(day, limit + rng.randint(1, longest)))


def _domains(world: World, journey: Journey, day: date) -> str:
    rng = world.rng
    if world.keeps(journey, "record", day):
        return "All" if rng.random() < 0.4 else "; ".join(LABELS[d] for d in DOMAINS)
    if rng.random() < 0.1:
        return ""
    left_out = set(rng.sample(DOMAINS, rng.randint(1, 3)))
    return "; ".join(LABELS[d] for d in DOMAINS if d not in left_out)


# --- plans ------------------------------------------------------------------------------------------------------------


def make_plans(world: World, journey: Journey, meetings: list[Meeting]) -> None:
    """Care plan, placement plan and permanence plan dates of each child, from the reviews that were held."""
    rng, working = world.rng, world.working
    for care in journey.cares:
        started = care.started
        care.care_plan = _plan_date(world, journey, started, 3, 10)
        together = care.care_plan and rng.random() < 0.7
        care.placement_plan = care.care_plan if together else _plan_date(world, journey, started, 1, 10)
        reviews = [m.day for m in meetings if m.kind == "review" and m.status == "held" and care in m.cares]
        first = reviews[0] if reviews else working.plus(started, 20)
        second = reviews[1] if len(reviews) > 1 else add_months(first, 3)
        if world.keeps(journey, "plan", min(second, world.today)):
            agreed = max(second - days(rng.randint(0, 25)), started + days(10))
        else:
            agreed = second + days(int(rng.triangular(4, 260, 40)))
            if rng.random() < 0.5 and (world.today - started).days < 800:
                agreed = None
        if care.achieved and agreed and agreed >= care.achieved:
            agreed = max(started + days(8), care.achieved - days(rng.randint(20, 60)))
        if care.achieved and not agreed and care.achieved <= world.today:
            agreed = care.achieved - days(rng.randint(15, 50))
        care.agreed = world.known(agreed) if agreed and agreed <= care.ends else None


def _plan_date(world: World, journey: Journey, day: date, soonest: int, limit: int) -> date | None:
    rng = world.rng
    if world.keeps(journey, "plan", day):
        return world.working.plus(day, rng.randint(soonest, limit))
    if rng.random() < 0.08 and (world.today - day).days < 500:
        return None
    return world.working.plus(day, limit + int(rng.triangular(1, 30, 4)))


# --- actions and assessments ------------------------------------------------------------------------------------------


def action_rows(world: World, journey: Journey, meeting: Meeting) -> list[dict]:
    rng, day = world.rng, meeting.day
    rows = []
    for number, care in enumerate(meeting.cares):
        if journey.stuck_actions and (world.today - day).days < 420:
            chosen = STUCK
        else:
            chosen = rng.sample(ACTIONS, rng.choice((1, 2, 2, 3) if number == 0 else (0, 1, 1, 2)))
        for action, who in chosen:
            stuck = journey.stuck_actions and (action, who) in STUCK
            rows.append({
                "child_id": care.child.child_id, "meeting_date": day, "meeting_id": meeting.meeting_id,
                "action": action, "responsible": _responsible(world, journey, who, day),
                **_timescale(world, journey, day, care, stuck),
            })  # fmt: skip
    return rows


def _responsible(world: World, journey: Journey, who: str, day: date) -> str:
    if who == "social_worker":
        return world.worker_on(journey, day)
    if who == "team_manager":
        return world.staff.manager_of(journey.team_on(day), day)
    return "Foster carer" if who == "carer" else world.staff.partners["fostering"][journey.seat % 6]


def _timescale(world: World, journey: Journey, day: date, care: Care, stuck: bool) -> dict:
    rng = world.rng
    due = world.working.on_or_after(day + days(rng.choice((7, 10, 14, 14, 21, 28, 28, 42))))
    if stuck:
        return {"due_date": due, "completed_date": None}
    if world.keeps(journey, "action", due if due <= world.today else day):
        done = due - days(rng.randint(0, min(9, (due - day).days - 1)))
    elif ((world.today - due).days < 150 and rng.random() < 0.22) or rng.random() < 0.002:
        done = None
    else:
        done = due + days(int(rng.triangular(1, 90, 10)))
    done = world.known(done) if done and done <= care.ends else None
    return {"due_date": None if rng.random() < 0.02 else due, "completed_date": done}


def assessment_rows(world: World, journey: Journey, care: Care) -> list[dict]:
    """A child and family assessment about every year and after changes; specialists' in court and now and then."""
    rng, last = world.rng, min(care.ends, world.today)
    before = care.started - days(rng.randint(1, 60))
    latest = before if rng.random() < 0.75 and before >= care.child.born else care.started
    done = [] if latest == care.started else [latest]
    after_changes = []
    for day, _ in care.changes:
        if world.keeps(journey, "assessment", min(day, last)):
            after_changes.append(day + days(rng.randint(12, 60)))
        elif rng.random() < 0.5:
            after_changes.append(day + days(rng.randint(68, 110)))
    while True:
        due = add_months(latest, 12)
        planned = due - days(rng.randint(0, 40))
        if not world.keeps(journey, "assessment", min(due, last)):
            planned = due + days(int(rng.triangular(3, 240, 30)))
        latest = min([planned] + [d for d in after_changes if d > latest])
        if latest > last:
            break
        done.append(latest)
    rows = [("Child and family", world.working.on_or_before(day)) for day in done]
    court = journey.proceedings
    if court and court.experts_received and court.experts_received <= last:
        rows.append((rng.choice(COURT_SPECIALISTS), court.experts_received))
    day = care.started
    while True:
        day += days(60 + int(rng.expovariate(1 / 1500)))
        if day > last:
            break
        if care.planning(day) or rng.random() < 0.15:
            rows.append((rng.choice(SPECIALISTS), world.working.on_or_before(day)))
    child = care.child.child_id
    return [
        {"child_id": child, "assessment_type": kind, "assessment_date": day}
        for kind, day in sorted(set(rows), key=lambda r: r[::-1])
    ]
