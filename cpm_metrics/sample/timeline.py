"""Plays a journey day by day: which reviews and meetings were held, when, and which were cancelled or booked.

A Care Planning Meeting is planned for the earliest of: the agreed frequency, the next review, a change that needs
one. The team's practice decides whether the plan is kept. Only reviews and meetings that the extract could know come
out: what was held by the extract date, and what is booked for after it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from random import Random

from cpm_metrics.sample.days import WorkingDays, add_months, days
from cpm_metrics.sample.journeys import FAR, Care, Journey
from cpm_metrics.sample.practice import Practice

# Agreed frequencies as people write them: (months, days, wordings).
MONTHLY = (1, 0, ("Monthly", "monthly", "4 weekly", "every 4 weeks", "28 days", "28"))
SIX_WEEKS = (0, 42, ("6 weekly", "every 6 weeks", "6 weeks", "42 days"))
TWO_MONTHS = (2, 0, ("2 months", "every 2 months", "8 weekly"))
THREE_MONTHS = (3, 0, ("every 3 months", "3 months", "12 weekly", "3 monthly"))
FOUR_MONTHS = (4, 0, ("every 4 months", "4 months"))
SIX_MONTHS = (6, 0, ("6 monthly", "every 6 months"))
NO_MORE = ("", "", "No further meetings unless circumstances change", "As and when needed")
IN_COURT = (MONTHLY, SIX_WEEKS, SIX_WEEKS, TWO_MONTHS)
PLANNING = (SIX_WEEKS, TWO_MONTHS, THREE_MONTHS, FOUR_MONTHS, FOUR_MONTHS, SIX_MONTHS, SIX_MONTHS)


@dataclass
class Meeting:
    """`kind`: cpm, final_plan_cpm, placement_planning, review. `status`: held, booked, cancelled, postponed."""

    kind: str
    day: date
    status: str
    cares: list[Care]
    frequency: str = ""
    combined: bool = False
    plan_change: str = ""
    purpose: str = ""
    meeting_id: str = ""
    closing: set[int] = field(default_factory=set)  # ids of the cares for whom this was meant to be the last one


def frequency_due(day: date, frequency: tuple, words: str) -> date:
    """The next meeting's due date. The wording decides: "4 weekly" and "monthly" differ by some days."""
    months, number, _ = frequency
    lead = words.split()[
        -2 if words.split()[-1] in ("weeks", "days", "weekly", "months", "monthly") and len(words.split()) > 1 else -1
    ]
    if lead.isdigit():
        if "week" in words:
            return day + days(7 * int(lead))
        if "month" in words:
            return add_months(day, int(lead))
        return day + days(int(lead))
    return add_months(day, months) if months else day + days(number)


class Timeline:
    """One journey's meetings. `play()` returns them in order of time."""

    def __init__(
        self, journey: Journey, rng: Random, working: WorkingDays, practice: Practice, extract_date: date
    ) -> None:
        self.journey, self.rng, self.working, self.practice, self.today = journey, rng, working, practice, extract_date
        self.meetings: list[Meeting] = []
        self.last_review: date | None = None
        self.reviews_held = 0
        self.last_cpm: date | None = None
        self.due_by_frequency: date | None = None
        self.cpm_since_review = False
        self.owed: set[int] = set()  # ids of the cares for whom the last CPM agreed when to meet next
        self.slipping = False  # the next CPM is planned too late
        self.newest_birth = max(care.child.born for care in journey.cares)
        self.changes = sorted({day for care in journey.cares for day, _ in care.changes})
        self.combined_on: date | None = None

    # -- choices

    def _keeps(self, aspect: str, day: date) -> bool:
        if self.journey.diligent:
            return True
        return self.rng.random() < self.practice.chance(self.journey.team_on(min(day, self.today)), aspect, day)

    def _late_by(self, day: date) -> int:
        """Days late once something is late: mostly a week or three, now and then months."""
        slipped = self.practice.chance(self.journey.team_on(min(day, self.today)), "cpm", day) < 0.5
        if self.rng.random() < 0.18:
            return self.rng.randint(90, 330)  # forgotten
        return int(self.rng.triangular(20, 120, 50) if slipped else self.rng.triangular(2, 75, 12))

    def _active(self, day: date) -> bool:
        return any(self._needs_cpm(care, day) for care in self.journey.cares)

    def _needs_cpm(self, care: Care, day: date) -> bool:
        return care.in_care(max(day, care.started)) and (care.planning(day) or self.journey.in_court(day))

    # -- the run of events

    def play(self) -> list[Meeting]:
        self.next_review, self.next_cpm, self.next_final = self._first_review(), self._first_cpm(), self._plan_final()
        last_day = min(self.today, self.journey.ends)
        while True:
            day, _, happens = min(
                (self.next_cpm, 0, self._cpm), (self.next_final, 1, self._final), (self.next_review, 2, self._review),
                key=lambda event: event[:2],
            )  # fmt: skip
            if day > last_day:
                break
            happens(day)
        if self.journey.ends > self.today:
            self._book()
        self._placement_planning()
        self.meetings.sort(key=lambda m: (m.day, m.kind))
        return self.meetings

    def _first_review(self) -> date:
        due = self.working.plus(self.journey.started, 20)
        if self._keeps("review", due):
            return self.working.on_or_before(due - days(self.rng.randint(0, 9)))
        return self.working.on_or_after(due + days(self.rng.randint(1, 16)))

    def _first_cpm(self) -> date:
        started = self.journey.started
        if self._keeps("cpm", started):
            early = self.rng.random() < 0.13
            day = started + days(
                self.rng.randint(-9, -1) if early else self.rng.choice((0, 1, 2, 2, 3, 3, 5, 6, 7, 8, 9, 10))
            )
            day = self.working.on_or_before(max(day, self.newest_birth))
            return day if day >= self.newest_birth else self.working.on_or_after(self.newest_birth)
        return self.working.on_or_after(started + days(int(self.rng.triangular(11, 35, 13))))

    def _plan_final(self) -> date:
        court = self.journey.proceedings
        if court is None or (not self.journey.diligent and self.rng.random() < 0.04):
            return FAR
        due = court.plan_due or court.plan_filed
        if self._keeps("final", due):
            return self.working.on_or_before(due - days(self.rng.randint(14, 19)))
        return self.working.on_or_after(due - days(self.rng.randint(1, 12)))

    def _review(self, day: date) -> None:
        present = [care for care in self.journey.cares if care.in_care(day)]
        if present and not self.journey.diligent and self.rng.random() < 0.03:
            self._called_off("review", day, present)
        self._add("review", day, "held", present)
        self.last_review, self.cpm_since_review = day, False
        self.reviews_held += 1
        due = add_months(day, 3 if self.reviews_held == 1 else 6)
        if self._keeps("review", due):
            self.next_review = self.working.on_or_before(due - days(self.rng.randint(0, 16)))
        else:
            self.next_review = self.working.on_or_after(due + days(int(self.rng.triangular(1, 40, 4))))
        if not self.slipping or self.rng.random() < 0.15:
            self.next_cpm = min(self.next_cpm, self._plan_cpm(day))

    def _final(self, day: date) -> None:
        present = [care for care in self.journey.cares if care.in_care(day)]
        self.next_final = FAR
        if self.journey.proceedings.concluded < day:
            return
        self._add(
            "final_plan_cpm", day, "held", present, purpose="Agree the final care plan", plan_change=self._plan_change()
        )
        self.last_cpm, self.cpm_since_review = day, True
        self.owed -= {id(care) for care in present}
        self.next_cpm = max(self.next_cpm, self.working.on_or_after(day + days(7)))

    def _cpm(self, day: date) -> None:
        journey, rng = self.journey, self.rng
        due_to_change = [
            care for care in journey.cares if any(self._since_last(c) and c <= day for c, _ in care.changes)
        ]
        present = [c for c in journey.cares if self._needs_cpm(c, day) or c in due_to_change or id(c) in self.owed]
        present = [c for c in present or journey.cares if day <= c.ends]
        age = (self.today - day).days
        if not journey.diligent and age < 120 and self.last_cpm and rng.random() < 0.025:
            self._add(
                "cpm", day, "booked", present, purpose="Review the care plan"
            )  # nobody recorded what became of it
            self.next_cpm = self.working.on_or_after(day + days(rng.randint(12, 35)))
            return
        if not journey.diligent and rng.random() < 0.06:
            self._called_off("cpm", day, present)
        meeting = self._add("cpm", day, "held", present, purpose=self._purpose(day), plan_change=self._plan_change())
        meeting.combined = self.last_cpm is None and -7 <= (day - journey.started).days <= 3 and rng.random() < 0.6
        if meeting.combined:
            self.combined_on = day
        self.last_cpm, self.cpm_since_review = day, True
        self._agree_frequency(meeting, day)
        self.owed -= {id(care) for care in meeting.cares}
        if meeting.frequency not in NO_MORE:
            self.owed |= {id(care) for care in meeting.cares} - meeting.closing
        if (
            meeting.plan_change == "substantial"
            and self.next_review > day + days(14)
            and day > journey.started
            and rng.random() < 0.6
        ):
            self.next_review = self.working.plus(day, rng.randint(3, 10))
            self.cpm_since_review = True
        self.next_cpm = self._plan_cpm(day)

    def _agree_frequency(self, meeting: Meeting, day: date) -> None:
        """Write the frequency down, or that there need be no more; sets when the next one is due by it."""
        journey, rng = self.journey, self.rng
        if not self._active(day):
            self.due_by_frequency = None
            if rng.random() < 0.2:
                self._write(meeting, day, SIX_MONTHS)
            else:
                meeting.frequency = rng.choice(NO_MORE)
            return
        usual = IN_COURT if journey.in_court(day) else (THREE_MONTHS,) if journey.diligent else PLANNING
        self._write(meeting, day, rng.choice(usual))
        due = self.due_by_frequency
        meeting.closing = {
            id(care) for care in meeting.cares
            if care.achieved and care.achieved <= due and care.ends > due and not journey.in_court(due)
        }  # fmt: skip
        if len(meeting.closing) == len(meeting.cares):
            meeting.frequency, self.due_by_frequency = rng.choice(NO_MORE), None
        elif not journey.diligent and not self._keeps("record", day) and rng.random() < 0.6:
            meeting.frequency = ""  # agreed, but nobody wrote it down

    def _write(self, meeting: Meeting, day: date, frequency: tuple) -> None:
        meeting.frequency = self.rng.choice(frequency[2])
        self.due_by_frequency = frequency_due(day, frequency, meeting.frequency)

    def _since_last(self, day: date) -> bool:
        return self.last_cpm is None or day > self.last_cpm

    def _plan_cpm(self, after: date) -> date:
        """When the next one is planned, with the team's practice applied; FAR when nothing asks for one."""
        rng, aims = self.rng, []
        if self.due_by_frequency:
            aims.append(self.due_by_frequency - days(rng.randint(0, 7)))
        if self._active(after) and not self.cpm_since_review:
            aims.append(self.next_review - days(rng.randint(3, 15)))
        change = next((c for c in self.changes if self._since_last(c)), None)
        if change:
            aims.append(change + days(rng.randint(4, 24)))
        day = min(aims, default=FAR)
        if day > self.today + days(400):
            return FAR
        self.slipping = not self._keeps("cpm", day)
        if self.slipping:
            return self.working.on_or_after(max(day + days(7 + self._late_by(day)), after + days(2)))
        day = self.working.on_or_before(day)
        return day if day > after else self.working.on_or_after(after + days(1))

    # -- what goes beside

    def _purpose(self, day: date) -> str:
        if self.last_cpm is None:
            return "Development of a care plan"
        if self.journey.in_court(day):
            return self.rng.choice(
                ("Review of care plan during proceedings", "Progress of assessments", "Formulate a plan of permanence")
            )
        return self.rng.choice(
            ("Review of care plan", "Progress of the permanence plan", "Concerns about the current care plan")
        )

    def _plan_change(self) -> str:
        return self.rng.choices(("none", "minor", "substantial", ""), (66, 27, 5.5, 1.5))[0]

    def _add(self, kind: str, day: date, status: str, present: list[Care], **more: str) -> Meeting:
        meeting = Meeting(kind, day, status, present, **more)
        if present:
            self.meetings.append(meeting)
        return meeting

    def _called_off(self, kind: str, day: date, present: list[Care]) -> None:
        """An earlier appointment that was cancelled or postponed."""
        planned = self.working.on_or_before(day - days(self.rng.randint(3, 14)))
        latest = max([m.day for m in self.meetings] + [self.journey.started])
        if planned > latest:
            self._add(kind, planned, self.rng.choice(("cancelled", "postponed")), present)

    def _book(self) -> None:
        """What stands in the diary for after the extract date."""
        rng, journey = self.rng, self.journey
        last_day = min(care.ends for care in journey.cares if care.ends > self.today)
        still = [care for care in journey.cares if care.ends > self.today]
        if self.next_review <= self.today:
            self.next_review = self.working.on_or_after(self.today + days(rng.randint(5, 25)))
        if self.next_review < last_day and rng.random() < 0.9:
            self._add("review", self.next_review, "booked", still)
        if journey.unbooked:
            return
        due = self.due_by_frequency
        if due and due < self.today < self.next_cpm and not journey.diligent:
            for _ in range(rng.choice((0, 0, 0, 1, 1, 2))):
                day = self.working.on_or_before(self.today - days(rng.randint(1, 30)))
                if self.last_cpm < day:
                    self._add("cpm", day, rng.choice(("cancelled", "postponed")), still, purpose="Review of care plan")
        ahead = (self.next_cpm - self.today).days
        if self.next_cpm < last_day and rng.random() < (0.88 if ahead < 50 else 0.5):
            needing = [c for c in still if self._needs_cpm(c, self.next_cpm)] or still
            self._add("cpm", self.next_cpm, "booked", needing, purpose="Review of care plan")
        if self.next_final < last_day and (self.next_final - self.today).days < 60 and rng.random() < 0.85:
            self._add("final_plan_cpm", self.next_final, "booked", still, purpose="Agree the final care plan")

    def _placement_planning(self) -> None:
        """One for each start of a placement; brothers and sisters who move on one day share it."""
        by_start: dict[date, list[tuple[Care, date]]] = {}
        for care in self.journey.cares:
            before = care.started - days(28)
            for placement in care.placements:
                earliest = max(placement.start - days(7), before + days(1), care.child.born)
                by_start.setdefault(placement.start, []).append((care, earliest))
                before = placement.start
        for start, movers in sorted(by_start.items(), key=lambda item: item[0]):
            if start > self.today + days(10):
                break
            if start == self.journey.started and self.combined_on:
                continue
            earliest = max(day for _, day in movers)
            open_days = self.working.between(max(earliest, start - days(4)), start + days(3))
            if self._keeps("placement", start) and open_days:
                day = self.rng.choice(open_days)
            elif self.rng.random() < 0.75:
                day = self.working.on_or_after(start + days(self.rng.randint(4, 13)))
            else:
                continue
            present = [care for care, _ in movers if day <= min(p.end for p in care.placements if p.start == start)]
            if not any(m.kind == "placement_planning" and m.day == day for m in self.meetings):
                self._add(
                    "placement_planning",
                    day,
                    "held" if day <= self.today else "booked",
                    present,
                    purpose="Placement plan",
                )
