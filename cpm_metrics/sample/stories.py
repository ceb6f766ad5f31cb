"""The stories planted in every sample, under the same child numbers whatever the seed; data/README.md tells them.

Two are a team's practice (practice.py): SLIPPED and NO_MINUTES. The others are one family each: `tell` draws its
journey, `retouch` changes its meetings after they were played, `amend` its plans. A small council gets as many as fit.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from random import Random

from cpm_metrics.sample.days import WorkingDays, add_months, days
from cpm_metrics.sample.journeys import FOSTER, Child, Journey, Placement, Proceedings, draw_journey
from cpm_metrics.sample.people import Staff
from cpm_metrics.sample.practice import NO_MINUTES, SLIPPED
from cpm_metrics.sample.timeline import Meeting


@dataclass(frozen=True)
class Story:
    code: str
    title: str
    look: str  # where it shows
    children: tuple[str, ...] = ()
    team: str = ""


TEAM_STORIES = (
    Story(
        "slipped-team",
        "A team that slipped since spring",
        "Its manager left; since then CPMs are late or missed.",
        team=SLIPPED,
    ),
    Story(
        "no-minutes",
        "In time, but nothing on file",
        "CPMs are held in time and minutes sent out, but never uploaded.",
        team=NO_MINUTES,
    ),
)
CHILD_STORIES = (
    Story(
        "silent-drift",
        "Every meeting in time, a plan standing still",
        "silent-drift, actions-rolled-over; one with no permanence plan, one agreed long ago and never achieved.",
        ("0417302", "0417303"),
    ),
    Story(
        "unheld-final-plan",
        "A final care plan due in court in 12 days, no CPM",
        "final-plan-cpm overdue, nothing-booked.",
        ("0526118",),
    ),
    Story("rebooked", "A CPM rebooked three times", "rebooked with figure 3, cpm-overdue.", ("0388745",)),
    Story("many-workers", "Five social workers in a year", "worker-changes with figure 5.", ("0291660",)),
    Story(
        "long-proceedings",
        "Care proceedings in week 38",
        "proceedings-long (red), proceedings-26-weeks overdue.",
        ("0534407",),
    ),
    Story(
        "handed-over",
        "Handed over three days before a CPM fell due",
        "agreed-frequency overdue, on the new team's list.",
        ("0502291",),
    ),
)
CHILD_IDS = {child for story in CHILD_STORIES for child in story.children}

# Invented: child number -> forename, surname, gender, age in years on coming into care.
CHILDREN = {
    "0417302": ("Rosie", "Thackray", "Female", 8.4), "0417303": ("Theo", "Thackray", "Male", 6.1),
    "0526118": ("Amina", "Lockwood", "Female", 3.2), "0388745": ("Jermaine", "Ogden", "Male", 12.6),
    "0291660": ("Kasia", "Wozniak", "Female", 9.7), "0534407": ("Callum", "Bracken", "Male", 4.5),
    "0502291": ("Priya", "Sandhu", "Female", 7.3),
}  # fmt: skip
PATH_OF = {"rebooked": "teenager"}


def tell(
    seed: int, children: int, today: date, staff: Staff, working: WorkingDays
) -> tuple[list[Story], list[Journey]]:
    """The stories that fit into `children`, and their journeys."""
    told, journeys = list(TEAM_STORIES), []
    for story in CHILD_STORIES:
        if children < len(story.children):
            break
        children -= len(story.children)
        rng = Random(f"{seed}:story:{story.code}")
        started = {
            "silent-drift": today - days(812), "unheld-final-plan": today - days(154), "rebooked": today - days(395),
            "many-workers": today - days(905), "long-proceedings": today - days(268), "handed-over": today - days(236),
        }[story.code]  # fmt: skip
        journey = _journey(rng, story, started)
        _SET_UP[story.code](journey, today, staff, working)
        journeys.append(journey)
        told.append(story)
    return told, journeys


def _journey(rng: Random, story: Story, started: date) -> Journey:
    """A calm journey: one home throughout, still in care, not yet settled, no significant change."""
    group = "SG9001" if len(story.children) > 1 else ""
    family = []
    for number in story.children:
        forename, surname, gender, age = CHILDREN[number]
        family.append(Child(number, forename, surname, started - days(int(age * 365.25)), gender, group))
    journey = draw_journey(rng, family, started, PATH_OF.get(story.code, "court_care"))
    journey.story = story.code
    for care in journey.cares:
        care.ends, care.achieved, care.changes, care.complex_case = care.child.eighteen(), None, [], False
        care.plan = "Long-term fostering"
        care.placements = [Placement(started, care.ends, FOSTER, "PR1 - Own provision", "Start of the period of care")]
    return journey


def _court(journey: Journey, issued: date, concluded: date, plan_due: date, filed: date, received: date | None) -> None:
    la = plan_due - days(21)
    journey.proceedings = Proceedings(
        issued, concluded, la, received is not None, received, plan_due, filed, "Care order"
    )
    for care in journey.cares:
        care.legal = [("L2", care.started), ("C1", issued), ("C2", concluded)]


def _silent_drift(journey: Journey, today: date, staff: Staff, working: WorkingDays) -> None:
    issued = journey.started + days(3)
    _court(journey, issued, issued + days(174), issued + days(146), issued + days(146), issued + days(120))
    journey.teams = [
        ("Family Safeguarding North", journey.started), ("Court Team 1", issued + days(6)),
        ("Children in Care North", issued + days(198)),
    ]  # fmt: skip
    journey.diligent = journey.stuck_actions = True


def _unheld_final_plan(journey: Journey, today: date, staff: Staff, working: WorkingDays) -> None:
    issued = journey.started + days(2)
    _court(journey, issued, today + days(40), today + days(12), today + days(12), today - days(10))
    journey.proceedings.la_assessment = today - days(15)
    journey.teams = [("Family Safeguarding South", journey.started), ("Court Team 2", issued + days(7))]
    journey.unbooked = True


def _rebooked(journey: Journey, today: date, staff: Staff, working: WorkingDays) -> None:
    journey.teams = [
        ("Family Safeguarding South", journey.started),
        ("Children in Care South", journey.started + days(60)),
    ]


def _many_workers(journey: Journey, today: date, staff: Staff, working: WorkingDays) -> None:
    issued = journey.started + days(4)
    _court(journey, issued, issued + days(178), issued + days(150), issued + days(151), issued + days(126))
    journey.teams = [("Court Team 1", journey.started), ("Children in Care East", issued + days(200))]
    team = list(
        dict.fromkeys(
            s.who for post in staff.posts["Children in Care East"] for s in post.during(today - days(1500), today)
        )
    )
    team += [f"Agency worker {n}" for n in range(1, 7)]  # only a tiny council needs them
    first_days = (
        journey.started,
        today - days(700),
        today - days(301),
        today - days(214),
        today - days(120),
        today - days(33),
    )
    journey.workers = list(zip(team, first_days, strict=False))


def _long_proceedings(journey: Journey, today: date, staff: Staff, working: WorkingDays) -> None:
    issued = today - days(37 * 7 + 3)  # day 263 of the case: its 38th week
    _court(journey, issued, today + days(58), today + days(33), today + days(33), today - days(6))
    journey.teams = [("Family Safeguarding North", journey.started), ("Court Team 1", issued + days(8))]


def _handed_over(journey: Journey, today: date, staff: Staff, working: WorkingDays) -> None:
    issued = journey.started + days(5)
    _court(journey, issued, today - days(49), today - days(79), today - days(79), today - days(101))
    due = _last_before_hand_over(today, working) + days(28)
    journey.teams = [
        ("Family Safeguarding North", journey.started), ("Court Team 1", issued + days(9)),
        ("Children in Care North", working.on_or_before(due - days(3))),
    ]  # fmt: skip
    journey.unbooked = True


def _last_before_hand_over(today: date, working: WorkingDays) -> date:
    return working.on_or_before(today - days(36))


_SET_UP = {
    "silent-drift": _silent_drift, "unheld-final-plan": _unheld_final_plan, "rebooked": _rebooked,
    "many-workers": _many_workers, "long-proceedings": _long_proceedings, "handed-over": _handed_over,
}  # fmt: skip


def retouch(journey: Journey, meetings: list[Meeting], today: date, working: WorkingDays) -> list[Meeting]:
    """The played meetings, as the story has them."""

    def last_cpm(day: date, words: str) -> list[Meeting]:
        """Nothing of CPMs after `day`, on which one was held."""
        kept = [m for m in meetings if m.kind != "cpm" or m.day < day - days(10)]
        return [
            *kept,
            Meeting("cpm", day, "held", journey.cares, words, plan_change="none", purpose="Review of care plan"),
        ]

    def called_off(ago: int, status: str) -> Meeting:
        return Meeting(
            "cpm", working.on_or_before(today - days(ago)), status, journey.cares, purpose="Review of care plan"
        )

    if journey.story == "unheld-final-plan":
        meetings = [m for m in meetings if m.kind != "final_plan_cpm"]
    elif journey.story == "rebooked":
        meetings = last_cpm(working.on_or_before(today - days(77)), "6 weekly")
        meetings += [called_off(35, "cancelled"), called_off(22, "postponed"), called_off(8, "cancelled")]
        meetings.append(
            Meeting("cpm", working.on_or_after(today + days(7)), "booked", journey.cares, purpose="Review of care plan")
        )
    elif journey.story == "handed-over":
        meetings = last_cpm(_last_before_hand_over(today, working), "4 weekly")
    return sorted(meetings, key=lambda m: (m.day, m.kind))


def amend(journey: Journey, today: date) -> None:
    """Plans, as the story has them."""
    if journey.story == "silent-drift":
        elder, younger = journey.cares
        elder.agreed, younger.agreed = None, add_months(journey.started, 8)
