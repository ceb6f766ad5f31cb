"""Children and their ways through care, meetings apart: entry, court, homes, plans, teams, leaving.

A `Journey` is one family's period of care: the brothers and sisters who came into care on one day. Everything is
drawn to its end, also beyond the extract date; what lies after it is cut off where the tables are written (council.py),
except for meetings, which are played day by day (timeline.py).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from random import Random

from cpm_metrics.sample.days import add_months, days
from cpm_metrics.sample.people import ARRIVED_ALONE, BOYS, GIRLS, SURNAMES

FAR = date(2099, 12, 31)
YEARS_BACK = 10  # how long ago the longest stays began
# Ways into and through care: (name, weight, youngest, oldest at entry). The weights make about 400 in care out of 160
# entries a year, which is England's proportion.
PATHS = (
    ("brief", 25, 0, 16),
    ("court_home", 10, 0, 13),
    ("court_kin", 14, 0, 12),
    ("court_adoption", 12, 0, 4),
    ("court_care", 18, 1, 13),
    ("teenager", 11, 12, 16),
    ("unaccompanied", 11, 14, 17),
    ("disabled", 1.2, 7, 14),
)
SIBLINGS = (1, 1, 1, 1, 1, 1, 2, 2, 3, 4)


@dataclass
class Child:
    child_id: str
    forename: str
    surname: str
    born: date
    gender: str
    sibling_group: str = ""

    def eighteen(self) -> date:
        return add_months(self.born, 18 * 12)

    def age(self, day: date) -> float:
        return (day - self.born).days / 365.25


@dataclass
class Proceedings:
    issued: date
    concluded: date
    la_assessment: date | None
    experts: bool
    experts_received: date | None
    plan_due: date | None
    plan_filed: date
    order_sought: str
    recorded: bool = True  # False: the extract has no row for it, only the interim care order


@dataclass
class Placement:
    start: date
    end: date
    kind: str
    provider: str
    reason: str


@dataclass
class Care:
    """One child's period of care. `outcome`: home, kin, adoption, care, teenager, unaccompanied, disabled."""

    child: Child
    started: date
    ends: date
    reason: str
    outcome: str
    plan: str
    legal: list[tuple[str, date]] = field(default_factory=list)
    placements: list[Placement] = field(default_factory=list)
    agreed: date | None = None
    achieved: date | None = None
    complex_case: bool = False
    changes: list[tuple[date, str]] = field(default_factory=list)
    care_plan: date | None = None
    placement_plan: date | None = None

    def in_care(self, day: date) -> bool:
        return self.started <= day <= self.ends

    def planning(self, day: date) -> bool:
        """Still actively planning for permanence."""
        return self.achieved is None or day < self.achieved


@dataclass
class Journey:
    cares: list[Care]
    started: date
    path: str
    area: str
    proceedings: Proceedings | None = None
    teams: list[tuple[str, date]] = field(default_factory=list)  # team, from when; the first from `started`
    seat: int = 0  # which post of a team
    iro: str = ""
    story: str = ""
    # What the stories turn: nothing is ever late; nothing booked from a day on; actions are never finished; workers
    # by day.
    diligent: bool = False
    unbooked: bool = False
    stuck_actions: bool = False
    workers: list[tuple[str, date]] = field(default_factory=list)

    @property
    def ends(self) -> date:
        return max(care.ends for care in self.cares)

    def team_on(self, day: date) -> str:
        return next((team for team, first in reversed(self.teams) if first <= day), self.teams[0][0])

    def in_court(self, day: date) -> bool:
        return self.proceedings is not None and self.proceedings.issued <= day < self.proceedings.concluded


def courses(path: str) -> bool:
    return path.startswith("court")


# --- children ---------------------------------------------------------------------------------------------------------


class Register:
    """Hands out child numbers (seven digits, zeros in front) and sibling group numbers, each once."""

    def __init__(self, rng: Random, kept_free: set[str]) -> None:
        self._rng = rng
        self._taken = set(kept_free)
        self._groups = 0

    def child_id(self) -> str:
        while True:
            number = f"{self._rng.randrange(12_000, 995_000):07d}"
            if number not in self._taken:
                self._taken.add(number)
                return number

    def sibling_group(self) -> str:
        self._groups += 1
        return f"SG{self._groups:04d}"


def draw_children(rng: Random, register: Register, path: str, day: date, number: int) -> list[Child]:
    """Brothers and sisters on the day that they come into care."""
    youngest, oldest = next((low, high) for name, _, low, high in PATHS if name == path)
    number = 1 if path in ("unaccompanied", "disabled") else number
    surname = rng.choice(SURNAMES)
    group = register.sibling_group() if number > 1 else ""
    age = rng.uniform(youngest, oldest + 0.99) * 365.25
    if path == "court_adoption":
        age = rng.choice((rng.uniform(0, 60), rng.uniform(60, 1600)))
    elif path == "unaccompanied":
        age = rng.uniform(15, 17.6) * 365.25
    children = []
    for _ in range(number):
        boy = rng.random() < (0.9 if path == "unaccompanied" else 0.53)
        names = ARRIVED_ALONE if path == "unaccompanied" and boy else BOYS if boy else GIRLS
        taken = {c.forename for c in children}
        forename = rng.choice([n for n in names if n not in taken])
        born = day - days(int(age))
        children.append(Child(register.child_id(), forename, surname, born, "Male" if boy else "Female", group))
        age += rng.uniform(330, 1300)
        if age > 16.5 * 365.25:
            break
    return children


# --- a journey --------------------------------------------------------------------------------------------------------


def draw_journey(rng: Random, children: list[Child], started: date, path: str) -> Journey:
    """A period of care for these children, each with the outcome that suits the path and the child's age."""
    north = rng.random() < 0.5
    journey = Journey([], started, path, rng.choice(("North", "East") if north else ("South", "West")))
    if courses(path):
        journey.proceedings = _draw_proceedings(rng, started, path)
    shared_end: dict[str, date] = {}
    for child in children:
        outcome = _outcome(path, child.age(started))
        care = _draw_care(rng, journey, child, outcome, shared_end)
        together = next((c for c in journey.cares if c.outcome == outcome), None)
        if together and rng.random() < 0.7:
            care.placements = [Placement(p.start, p.end, p.kind, p.provider, p.reason) for p in together.placements]
            _end_placements(care)
        else:
            care.placements = _draw_placements(rng, care)
        care.changes = _draw_changes(rng, care)
        journey.cares.append(care)
    journey.teams = _draw_teams(rng, journey, "North" if north else "South")
    journey.seat = rng.randrange(1_000_000)
    return journey


def _outcome(path: str, age: float) -> str:
    if path == "court_adoption" and age > 5.5:
        return "care"
    return {
        "brief": "home",
        "court_home": "home",
        "court_kin": "kin",
        "court_adoption": "adoption",
        "court_care": "care",
    }.get(path, path)


def _draw_proceedings(rng: Random, started: date, path: str) -> Proceedings:
    issued = started + days(rng.randint(0, 8) if rng.random() < 0.65 else rng.randint(20, 130))
    length = rng.randint(145, 182) if rng.random() < 0.66 else int(rng.triangular(184, 330, 205))
    concluded = issued + days(length)
    due = concluded - days(rng.randint(21, 38))
    filed = due + days(rng.choice((-3, -2, -1, -1, 0, 0, 0, 0, 1, 4)))
    prompt = rng.random() < 0.9
    la = due - days(rng.randint(19, 35) if prompt else rng.randint(2, 9))
    experts = rng.random() < 0.6
    received = (due - days(rng.randint(19, 42) if rng.random() < 0.9 else rng.randint(1, 9))) if experts else None
    sought = {
        "court_home": "Supervision order", "court_kin": "Special guardianship order",
        "court_adoption": "Care order and placement order", "court_care": "Care order",
    }[path]  # fmt: skip
    timetabled = None if rng.random() < 0.04 else due
    return Proceedings(
        issued, concluded, la, experts, received, timetabled, filed, sought, recorded=rng.random() > 0.015
    )


def _draw_care(rng: Random, journey: Journey, child: Child, outcome: str, shared_end: dict[str, date]) -> Care:
    started, court = journey.started, journey.proceedings
    settled = None
    if outcome == "home":
        stay = started + days(int(rng.triangular(8, 230, 60)))
        ends = court.concluded + days(rng.randint(0, 2)) if court else stay
        reason, plan = "E4A - Returned home to live with parents", "Return home"
    elif outcome == "kin":
        ends = court.concluded + days(rng.randint(0, 3))
        reason, plan = "E46 - Special guardianship order made to carers", "SGO or CAO"
    elif outcome == "adoption":
        settled = court.concluded + days(rng.randint(60, 330))
        ends = settled + days(rng.randint(150, 450))
        reason, plan = "E12 - Adopted, consent dispensed with", "Adoption"
    elif outcome == "care":
        settled = court.concluded + days(int(rng.triangular(90, 620, 200))) if rng.random() < 0.94 else None
        ends, reason, plan = FAR, "E8 - Period of being looked after ceased for another reason", "Long-term fostering"
        if rng.random() < 0.30:
            ends = court.concluded + days(rng.randint(250, 2600))
            reason = rng.choice(
                (
                    "E4A - Returned home to live with parents",
                    "E45 - Special guardianship order made to former foster carers",
                )
            )
        if child.age(started) > 10 and rng.random() < 0.4:
            plan = "Residential"
    elif outcome == "teenager":
        settled = started + days(rng.randint(130, 420)) if rng.random() < 0.88 else None
        ends, reason, plan = FAR, "", rng.choice(("Residential", "Long-term fostering", "Supported living"))
        if rng.random() < 0.4:
            ends, reason = started + days(rng.randint(120, 700)), "E4A - Returned home to live with parents"
    elif outcome == "unaccompanied":
        settled = started + days(rng.randint(110, 330)) if rng.random() < 0.92 else None
        ends, reason, plan = FAR, "", "Supported living" if child.age(started) > 15.7 else "Long-term fostering"
    else:  # disabled
        settled = started + days(rng.randint(120, 300))
        ends, reason, plan = FAR, "", "Residential"
    if outcome in shared_end and rng.random() < 0.8:
        ends = shared_end[outcome]
    shared_end.setdefault(outcome, ends)
    grown = child.eighteen()
    if ends >= grown:
        ends, reason = grown, "E11 - Turned 18 and moved on to independent living"
    if settled and settled >= ends:
        settled = None
    care = Care(child, started, ends, reason, outcome, plan, achieved=settled)
    care.complex_case = rng.random() < 0.14
    care.legal = _legal(rng, journey, care)
    return care


def _legal(rng: Random, journey: Journey, care: Care) -> list[tuple[str, date]]:
    """SSDA903 codes in turn, each from a day."""
    court = journey.proceedings
    if court is None:
        return [("V2", care.started)]
    at_once = court.issued - care.started <= days(8)
    first = (rng.choice(("L2", "L1")) if court.issued > care.started else "C1") if at_once else "V2"
    interim = court.issued if at_once else court.issued + days(rng.randint(0, 12))
    legal = [(first, care.started)] + ([("C1", interim)] if interim > care.started else [])
    if care.ends > court.concluded + days(3):
        legal.append(("E1" if care.outcome == "adoption" else "C2", court.concluded))
    return legal


FOSTER = "U6 - Foster placement with other foster carer"
FIRST_HOMES = {
    "home": (FOSTER, FOSTER, "U3 - Foster placement with relative or friend"),
    "kin": ("U3 - Foster placement with relative or friend", "U3 - Foster placement with relative or friend", FOSTER),
    "adoption": (FOSTER, FOSTER, "U5 - Foster carer who is also an approved adopter (FFA)"),
    "care": (FOSTER, FOSTER, FOSTER, "K2 - Children's home"),
    "teenager": (FOSTER, "K2 - Children's home", "K2 - Children's home"),
    "unaccompanied": (FOSTER, "H5 - Semi-independent living accommodation"),
    "disabled": ("K2 - Children's home", "S1 - Residential school"),
}
SETTLED_HOMES = {
    "Adoption": "A6 - Placed for adoption with placement order",
    "Long-term fostering": "U4 - Foster placement with other foster carer, long term",
    "Residential": "K2 - Children's home",
    "Supported living": "H5 - Semi-independent living accommodation",
}
MOVE_REASONS = (
    "CARPL - Change to implement the care plan",
    "CREQB - Carer requests the placement to end: child's behaviour",
    "CREQO - Carer requests the placement to end: other",
    "CHILD - Child requests the placement to end",
    "LAREQ - Local authority requests the placement to end",
)


def _provider(rng: Random, kind: str) -> str:
    if kind[0] in "KHS":
        return rng.choice(("PR4 - Private provision", "PR4 - Private provision", "PR1 - Own provision"))
    return rng.choice(("PR1 - Own provision", "PR1 - Own provision", "PR4 - Private provision"))


def _draw_placements(rng: Random, care: Care) -> list[Placement]:
    starts = [(care.started, rng.choice(FIRST_HOMES[care.outcome]), "Start of the period of care")]
    day = care.started
    if rng.random() < 0.12:
        day += days(rng.randint(3, 21))
        starts.append((day, FOSTER, MOVE_REASONS[0]))
    pace = 330 if care.outcome == "teenager" else 1400 if care.outcome == "disabled" else 620
    while True:
        calm = 3.2 if care.achieved and day >= care.achieved else 1
        day += days(20 + int(rng.expovariate(1 / (pace * calm))))
        if day >= care.ends:
            break
        kind = starts[-1][1] if rng.random() < 0.7 else rng.choice((FOSTER, "K2 - Children's home"))
        if care.child.age(day) > 16.3 and rng.random() < 0.5:
            kind = "H5 - Semi-independent living accommodation"
        if kind.startswith(("K2", "H5")) and care.child.age(day) < 9:
            kind = FOSTER
        starts.append((day, kind, rng.choice(MOVE_REASONS)))
    if care.achieved and (care.outcome == "adoption" or rng.random() < 0.4):
        starts = [s for s in starts if not 0 <= (s[0] - care.achieved).days < 120 or s[0] == care.started]
        starts.append((care.achieved, SETTLED_HOMES.get(care.plan, FOSTER), MOVE_REASONS[0]))
        if care.outcome == "adoption":
            starts = [s for s in starts if s[0] <= care.achieved]
        starts.sort(key=lambda s: s[0])
    out = [Placement(day, FAR, kind, _provider(rng, kind), reason) for day, kind, reason in starts]
    for placement, following in pairwise(out):
        placement.end = following.start
    care.placements = out
    _end_placements(care)
    return care.placements


def _end_placements(care: Care) -> None:
    care.placements = [p for p in care.placements if p.start < care.ends or p.start == care.started]
    for placement in care.placements:
        placement.end = min(placement.end, care.ends)
    care.placements[-1].end = care.ends


CHANGES = (
    "Permanently excluded from school",
    "Allegation made against the carer",
    "Missing from home overnight",
    "Parent has stopped coming to family time",
    "Bereavement in the family",
    "New disclosure",
    "Charged with an offence",
    "Change of school",
    "Sibling has come into care",
    "Mental health crisis",
    "Carer is seriously ill",
    "Parent released from prison",
)


def _draw_changes(rng: Random, care: Care) -> list[tuple[date, str]]:
    changes = [
        (p.start, "Unplanned move of home" if "CARPL" not in p.reason else "Planned move of home")
        for p in care.placements[1:] if rng.random() < 0.7
    ]  # fmt: skip
    day = care.started
    while True:
        day += days(25 + int(rng.expovariate(1 / 1300)))
        if day >= min(care.ends, FAR):
            break
        changes.append((day, rng.choice(CHANGES)))
    return sorted(set(changes))


def _draw_teams(rng: Random, journey: Journey, half: str) -> list[tuple[str, date]]:
    """Who holds the case, from when: safeguarding to court to children in care or permanence."""
    path, started, court = journey.path, journey.started, journey.proceedings
    in_care, permanence = f"Children in Care {journey.area}", f"Permanence {half}"
    first = (f"Family Safeguarding {half}", started)
    if path == "unaccompanied":
        return [first, ("Unaccompanied Young People", started + days(rng.randint(5, 16)))]
    if path == "disabled":
        return [("Disabled Children's Team", started)]
    if path == "brief":
        return [first, (in_care, started + days(rng.randint(85, 110)))]
    if path == "teenager":
        if journey.cares[0].complex_case and rng.random() < 0.3:
            return [first, ("Disabled Children's Team", started + days(rng.randint(30, 90)))]
        return [first, (in_care, started + days(rng.randint(45, 95)))]
    court_team = ("Court Team 1" if half == "North" else "Court Team 2", court.issued + days(rng.randint(3, 75)))
    if court.issued - started <= days(1) and rng.random() < 0.5:
        court_team = (court_team[0], started)
    later = permanence if path in ("court_adoption", "court_kin") or rng.random() < 0.22 else in_care
    hand_over = (later, court.concluded + days(rng.randint(12, 45)))
    teams = [court_team, hand_over] if court_team[1] == started else [first, court_team, hand_over]
    settled = [c.achieved for c in journey.cares if c.outcome == "care" and c.achieved]
    if later == in_care and settled and rng.random() < 0.12:
        moved = max(settled) + days(rng.randint(30, 120))
        if moved > hand_over[1] + days(30):
            teams.append((permanence, moved))
    return teams


# --- everybody --------------------------------------------------------------------------------------------------------


def populate(
    rng: Random, register: Register, children: int, extract_date: date, present: list[Journey]
) -> list[Journey]:
    """Journeys until exactly `children` are in care on the extract date, and all who left in the five years before.

    Entries are spread evenly over `YEARS_BACK` years and each is kept when it reaches into the last five: so those
    who left
    come in their natural proportion to those who stayed, whatever the size. `present` already count.
    """
    window = add_months(extract_date, -60)
    names, weights = [p[0] for p in PATHS], [p[1] for p in PATHS]

    def current(journeys: list[Journey]) -> int:
        return sum(care.started <= extract_date < care.ends for j in journeys for care in j.cares)

    out, missing = list(present), children - current(present)
    while missing > 0:
        started = extract_date - days(rng.randrange(4, YEARS_BACK * 365))
        path = rng.choices(names, weights)[0]
        family = draw_children(rng, register, path, started, rng.choice(SIBLINGS))
        family = [c for c in family if c.eighteen() > started + days(40) and c.born <= started]
        if not family:
            continue
        chain = [draw_journey(rng, family, started, path)]
        again = _return_to_care(rng, chain[0], extract_date)
        chain += [again] if again else []
        if not (chain := _seen_since(window, chain)):
            continue
        here = current(chain)
        if here > missing:
            continue
        out += chain
        missing -= here
    return out


def _seen_since(window: date, chain: list[Journey]) -> list[Journey]:
    """Without the children who had left for good before the window."""
    seen = {care.child.child_id for journey in chain for care in journey.cares if care.ends >= window}
    for journey in chain:
        journey.cares = [care for care in journey.cares if care.child.child_id in seen]
    return [journey for journey in chain if journey.cares]


def _return_to_care(rng: Random, before: Journey, extract_date: date) -> Journey | None:
    """Some of those who went home come back into care, on one day and together."""
    if any(care.outcome != "home" for care in before.cares) or before.ends > extract_date or rng.random() > 0.16:
        return None
    day = before.ends + days(rng.randint(45, 800))
    children = [care.child for care in before.cares if care.child.age(day) < 16.5]
    if day > extract_date - days(4) or not children:
        return None
    oldest = max(child.age(day) for child in children)
    path = "teenager" if oldest > 13.5 else rng.choice(("court_care", "court_care", "brief"))
    return draw_journey(rng, children, day, path)
