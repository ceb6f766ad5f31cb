"""What was known on the as-at date, per child and period of care: meetings, reviews, stretches, placements, workers.

Rows in `tables` are read, never changed. Every `date` later than the as-at date reads as blank (`_past`), except dates
of meetings and reviews (they are bookings) and planned dates (action due, final care plan due).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta

from .dates import DAY, add

CPM_TYPES = ("cpm", "final_plan_cpm")

# Every figure, once. (limit, unit) unless said otherwise.
DEFAULTS = {
    "initial-cpm": (10, "calendar_days"),
    "care-plan": (10, "working_days"),
    "placement-planning": (3, "calendar_days"),
    "separate-plans": (10, "working_days"),
    "first-review": (20, "working_days"),
    "second-review": (3, "months"),
    "later-review": (6, "months"),
    "cpm-after-change": (20, "working_days"),
    "minutes-on-file": (5, "working_days"),
    "minutes-distributed": (5, "working_days"),
    "iro-informed": (5, "working_days"),
    "care-plan-updated": (10, "working_days"),
    "review-after-change": (10, "working_days"),
    "annual-assessment": (12, "months"),
    "assessment-after-change": (45, "working_days"),
    "final-plan-cpm": (-14, "calendar_days"),
    "minutes-on-cpr": (5, "working_days"),
    "proceedings-26-weeks": (181, "calendar_days"),
    "days_before_start": 28,  # meetings of a period: from this many days before it
    "due_soon_days": 28,
    "placement_meeting_days_before": 7,
    "off": (),  # rules switched off
}


def state_of(status: str | None, day: date, as_at: date) -> str:
    """held, booked, cancelled, postponed or not_recorded."""
    if status in ("cancelled", "postponed"):
        return status
    if day > as_at:
        return "booked"
    if status == "booked":
        # On the as-at date itself the day has not passed yet, so it is still booked (NOTES 3).
        return "booked" if day == as_at else "not_recorded"
    return "held"


def _same_status(one: dict, other: dict) -> bool:
    """By code or by words."""
    return any(one.get(c) is not None and one.get(c) == other.get(c) for c in ("legal_code", "legal_status"))


@dataclass
class Meeting:
    meeting_id: str | None
    kind: str
    day: date
    state: str
    row: dict

    @property
    def is_cpm(self) -> bool:
        return self.kind in CPM_TYPES

    @property
    def held_cpm(self) -> bool:
        return self.is_cpm and self.state == "held"


@dataclass
class Review:
    day: date
    state: str
    meeting_id: str | None = None


@dataclass
class Stretch:
    n: int  # 1 for the stretch from the start of care
    anchor: date
    review_due: date | None  # its statutory-review due date; None where it can't be told (NOTES 44)
    held: date | None  # the review that ended it
    booked: date | None  # only on the open stretch
    in_scope: bool | None
    inferred: bool = False

    @property
    def ends_on(self) -> date | None:
        return self.held or self.booked or self.review_due


@dataclass
class Period:
    child_id: str
    start: date
    end: date | None  # None while open on the as-at date
    prev_end: date | None
    case: dict
    meetings: list[Meeting] = field(default_factory=list)  # every type, every state, by day
    reviews: list[Review] = field(default_factory=list)
    stretches: list[Stretch] = field(default_factory=list)
    reviews_from: date | None = None  # reviews before this day are unknown: only "date of latest review" was loaded (NOTES 44)

    def contains(self, day: date) -> bool:
        return self.start <= day and (self.end is None or day <= self.end)

    @property
    def held_cpms(self) -> list[Meeting]:
        return [m for m in self.meetings if m.held_cpm]

    @property
    def held_reviews(self) -> list[Review]:
        return [r for r in self.reviews if r.state == "held"]

    @property
    def booked_review(self) -> date | None:
        return min((r.day for r in self.reviews if r.state == "booked"), default=None)


class Facts:
    def __init__(self, tables, as_at: date, loaded, settings=None):
        self.tables, self.as_at, self.loaded = tables, as_at, loaded
        self.settings = DEFAULTS | (settings or {})
        self.periods = self._periods()
        for p in self.periods:
            p.meetings = self._meetings(p)
            p.reviews = self._reviews(p)
            p.reviews_from = self._reviews_from(p)
            p.stretches = self._stretches(p)

    # What was loaded.

    def has(self, dataset: str, *columns: str) -> bool:
        return dataset in self.loaded and all(c in self.loaded[dataset] for c in columns)

    def rows(self, dataset: str, child_id: str | None = None) -> list[dict]:
        if dataset not in self.loaded:
            return []
        return [r for r in self.tables.get(dataset, []) if child_id is None or r["child_id"] == child_id]

    def value(self, dataset: str, row: dict, column: str):
        """A cell, blank when its column was not loaded."""
        return row.get(column) if self.has(dataset, column) else None

    def past(self, dataset: str, row: dict, column: str) -> date | None:
        d = self.value(dataset, row, column)
        return d if d is not None and d <= self.as_at else None

    @property
    def reviews_listed(self) -> bool:
        """Each review has a row: in their own dataset, or in Meetings."""
        return self.has("reviews") or any(m["meeting_type"] == "review" for m in self.rows("meetings"))

    @property
    def reviews_known(self) -> bool:
        return self.reviews_listed or self.has("cases", "latest_review")

    @property
    def meetings_known(self) -> bool:
        return self.has("meetings")

    # Children and their periods.

    def known_cases(self, child_id: str | None = None) -> list[dict]:
        return [c for c in self.rows("cases", child_id) if c["care_started"] <= self.as_at]

    def left_out(self, child_id: str) -> bool:
        """Every legal status known by the as-at date is V3 or V4. A child with none known stays in."""
        codes = []
        for c in self.known_cases(child_id):
            start = self.value("cases", c, "legal_status_start")
            if self.value("cases", c, "legal_status") and (start is None or start <= self.as_at):
                codes.append(c.get("legal_code"))
        for s in self.rows("legal_statuses", child_id):
            if s["legal_status_start"] <= self.as_at:
                codes.append(s.get("legal_code"))
        return bool(codes) and all(code in ("V3", "V4") for code in codes)

    def _periods(self) -> list[Period]:
        out = []
        for child_id in sorted({c["child_id"] for c in self.known_cases()}):
            if self.left_out(child_id):
                continue
            prev_end = None
            for c in sorted(self.known_cases(child_id), key=lambda c: c["care_started"]):
                end = self.past("cases", c, "care_ceased")
                out.append(Period(child_id, c["care_started"], end, prev_end, c))
                prev_end = end
        return out

    def _meetings(self, p: Period) -> list[Meeting]:
        first = p.start - timedelta(days=self.settings["days_before_start"])
        if p.prev_end is not None:
            first = max(first, p.prev_end + DAY)
        out = []
        for r in self.rows("meetings", p.child_id):
            day = r["meeting_date"]
            if day < first or (p.end is not None and day > p.end):
                continue
            state = state_of(self.value("meetings", r, "status"), day, self.as_at)
            out.append(Meeting(self.value("meetings", r, "meeting_id"), r["meeting_type"], day, state, r))
        return sorted(out, key=lambda m: (m.day, m.meeting_id is None, m.meeting_id or ""))

    def final_plans_held(self, child_id: str) -> list[tuple[date, str | None]]:
        """(day, meeting id), in or out of care."""
        return [
            (m["meeting_date"], self.value("meetings", m, "meeting_id"))
            for m in self.rows("meetings", child_id)
            if m["meeting_type"] == "final_plan_cpm"
            and state_of(self.value("meetings", m, "status"), m["meeting_date"], self.as_at) == "held"
        ]

    def _reviews(self, p: Period) -> list[Review]:
        """One per day, from the three places a review can come from. Of two records of one day the happier one counts."""
        found: list[Review] = []
        for r in self.rows("meetings", p.child_id):
            if r["meeting_type"] == "review":
                state = state_of(self.value("meetings", r, "status"), r["meeting_date"], self.as_at)
                found.append(Review(r["meeting_date"], state, self.value("meetings", r, "meeting_id")))
        for r in self.rows("reviews", p.child_id):
            found.append(
                Review(r["review_date"], state_of(self.value("reviews", r, "status"), r["review_date"], self.as_at))
            )
        for c in self.known_cases(p.child_id):
            day = self.value("cases", c, "latest_review")
            if day is not None:
                found.append(Review(day, state_of(None, day, self.as_at)))
        order = ["held", "booked", "not_recorded", "postponed", "cancelled"]
        out = []
        for day in sorted({r.day for r in found}):
            if not p.contains(day) or (p.prev_end is not None and day <= p.prev_end):
                continue
            same = [r for r in found if r.day == day]
            state = min((r.state for r in same), key=order.index)
            ids = sorted(r.meeting_id for r in same if r.state == state and r.meeting_id is not None)
            out.append(Review(day, state, ids[0] if ids else None))
        return out

    def _reviews_from(self, p: Period) -> date | None:
        if self.reviews_listed or not self.has("cases", "latest_review"):
            return None
        newest = [c["latest_review"] for c in self.rows("cases", p.child_id) if c.get("latest_review")]
        first = p.held_reviews[0].day if p.held_reviews else max(newest, default=None)
        return first if first and first > add(p.start, *self.settings["first-review"]) else None

    def _stretches(self, p: Period) -> list[Stretch]:
        anchors = [p.start] + [r.day for r in p.held_reviews]
        out = []
        for n, anchor in enumerate(anchors, start=1):
            due = add(anchor, *self.settings[{1: "first-review", 2: "second-review"}.get(n, "later-review")])
            if n == 2 and p.reviews_from:
                # The one known is not the first; or it may be the first one, held late.
                first_due = add(p.start, *self.settings["first-review"])
                due = None if anchor <= add(first_due, *self.settings["second-review"]) else add(anchor, *self.settings["later-review"])
            held = anchors[n] if n < len(anchors) else None
            until = held or p.end or self.as_at
            in_scope, inferred = self._scope(p, anchor, until)
            booked = None if held else p.booked_review
            out.append(Stretch(n, anchor, due, held, booked, in_scope, inferred))
        return out

    # Scope of cpm-before-review.

    def proceedings(self, child_id: str) -> list[dict]:
        return [r for r in self.rows("proceedings", child_id) if r["issued"] <= self.as_at]

    def open_on(self, row: dict, day: date) -> bool:
        concluded = self.past("proceedings", row, "concluded")
        return row["issued"] <= day and (concluded is None or concluded >= day)

    def _within(self, case: dict, day: date) -> bool:
        end = self.value("cases", case, "care_ceased")
        return case["care_started"] <= day and (end is None or day <= end)

    def _c1_spells(self, p: Period) -> list[tuple[date, date | None]]:
        spells = []
        # A status whose end is blank ended when the next one began: a child has one legal status at a time.
        told = [
            (s["legal_status_start"], self.past("legal_statuses", s, "legal_status_end"), s.get("legal_code"))
            for s in self.rows("legal_statuses", p.child_id)
            if s["legal_status_start"] <= self.as_at
        ]
        for c in self.known_cases(p.child_id):
            if self.value("cases", c, "legal_status"):
                written = self.value("cases", c, "legal_status_start")
                begun = [s["legal_status_start"] for s in self.rows("legal_statuses", p.child_id) if _same_status(s, c)]
                # A blank start is that of the history's, if it has this status beginning within the period.
                if written is None and any(self._within(c, day) for day in begun):
                    continue
                start = written or c["care_started"]
                if start <= self.as_at and start not in begun:
                    told.append((start, self.past("cases", c, "care_ceased"), c.get("legal_code")))
        for start, end, code in told:
            if code == "C1":
                later = [other for other, _, _ in told if other > start]
                spells.append((start, end or min(later, default=None)))
        return spells

    def _scope(self, p: Period, anchor: date, until: date) -> tuple[bool | None, bool]:
        rows = self.proceedings(p.child_id)
        for r in rows:
            concluded = self.past("proceedings", r, "concluded")
            if r["issued"] <= until and (concluded is None or concluded >= anchor):
                return True, False
        if not rows:
            for start, end in self._c1_spells(p):
                if start <= until and (end is None or end >= anchor):
                    return True, True
        legal_known = self.has("legal_statuses") or self.has("cases", "legal_status")
        in_proceedings = False if self.has("proceedings") or legal_known else None

        achieved = self.past("cases", p.case, "permanence_achieved")
        actively = self.value("cases", p.case, "planning_permanence")
        if achieved is not None:
            planning = anchor < achieved
        elif actively is not None:
            planning = actively
        elif self.has("cases", "permanence_achieved"):
            planning = True
        else:
            planning = None
        if planning:
            return True, False
        if planning is None or in_proceedings is None:
            return None, False
        return False, False

    # Who had the case.

    def allocated(self, p: Period, due: date | None) -> tuple[str | None, str | None]:
        """(team, worker) on min(due, as-at); as-at when there is no due date."""
        day = self.as_at if due is None else min(due, self.as_at)
        history = [a for a in self.rows("allocations", p.child_id) if a["allocation_start"] <= self.as_at]
        if not history:
            return self.value("cases", p.case, "team"), self.value("cases", p.case, "worker")
        history.sort(key=lambda a: a["allocation_start"])
        begun = [a for a in history if a["allocation_start"] <= day]
        covering = []
        for a in begun:
            end = self.past("allocations", a, "allocation_end")
            if end is None or end >= day:
                covering.append(a)
        chosen = covering[-1] if covering else begun[-1] if begun else history[0]
        return self.value("allocations", chosen, "team"), self.value("allocations", chosen, "worker")

    # Dated facts of a period.

    def placement_days(self, p: Period) -> list[tuple[date, date | None]]:
        """(start, end) for each day on which a placement of P began; the later end where two began on one day."""
        out: dict[date, date | None] = {}
        for r in self.rows("placements", p.child_id):
            start = r["placement_start"]
            if start > self.as_at or not p.contains(start):
                continue
            end = self.past("placements", r, "placement_end")
            if start in out:
                end = None if end is None or out[start] is None else max(end, out[start])
            out[start] = end
        return sorted(out.items())

    def change_days(self, p: Period) -> list[date] | None:
        """None when it cannot be told."""
        if self.has("changes"):
            days = {r["change_date"] for r in self.rows("changes", p.child_id)}
        elif self.has("placements"):
            days = {start for start, _ in self.placement_days(p) if start > p.start}
        else:
            return None
        return sorted(d for d in days if d <= self.as_at and p.contains(d))

    def assessments(self, p: Period, kind: str) -> list[dict]:
        """Of that kind, up to the end of P and the as-at date (also those before P)."""
        last = p.end or self.as_at
        rows = [r for r in self.rows("assessments", p.child_id) if r["assessment_type"] == kind]
        return sorted((r for r in rows if r["assessment_date"] <= last), key=lambda r: r["assessment_date"])

    def actions(self, p: Period) -> list[tuple[dict, date]]:
        """(action, its meeting's date) for each action of a CPM of P."""
        out = []
        for a in self.rows("actions", p.child_id):
            same_id = []
            action_meeting = self.value("actions", a, "meeting_id")
            if action_meeting is not None:
                same_id = [
                    m for m in self.rows("meetings", p.child_id)
                    if self.value("meetings", m, "meeting_id") == action_meeting
                ]  # fmt: skip
            if same_id:
                days = [m.day for m in p.meetings if m.is_cpm and m.meeting_id == action_meeting]
            else:
                days = [m.day for m in p.meetings if m.is_cpm and m.day == a["meeting_date"]]
            if days and min(days) <= self.as_at:
                out.append((a, min(days)))
        return out
