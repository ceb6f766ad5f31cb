"""Councils of invented children, made to fall on the boundaries where two implementations part.

`random_council(seed, n_children, as_at, wild=False)` gives tables: dataset name -> list of typed rows with the columns of
datasets.py. Beside the declared columns: `<coded column>_text` (as a person would have written it) and `legal_code`.
Dates run to some months after the as-at date. `wild` adds records on which the specification says nothing (NOTES.md,
"left out unless wild"): use it for "does not crash", not for "the same rows".
`loaded_all(tables)`, `drop(tables, dataset, loaded)`, `drop_column(tables, dataset, column, loaded)`,
`write_workbook(tables, path, loaded=None, seed=0)`.
"""

from __future__ import annotations

import copy
from datetime import date
from pathlib import Path
from random import Random

from cpm_metrics.extracts.datasets import DATASETS, DOMAINS, ROLES

from .dates import add_days, add_months, add_working_days, is_working_day

ROLE_TEXT = {
    "social_worker": "Social worker", "team_manager": "Team Manager", "senior_practitioner": "Senior practitioner",
    "service_manager": "Service Manager", "fostering": "Fostering", "adoption_manager": "Adoption manager",
    "parenting_assessor": "Parenting assessor", "contact_centre_manager": "Contact Centre Manager", "iro": "IRO",
    "other": "Other",
}  # fmt: skip
DOMAIN_TEXT = {
    "health": "Health", "education": "Education", "emotional_behavioural": "Emotional and behavioural development",
    "identity": "Identity", "family_social": "Family and social relationships",
    "social_presentation": "Social presentation", "self_care": "Self-care skills",
}  # fmt: skip
TYPE_TEXT = {
    "cpm": ("CPM", "Care Planning Meeting", "Care Planning Meeting Record"),
    "final_plan_cpm": ("CPM - final care plan", "Final Care Plan CPM"),
    "placement_planning": ("Placement Planning Meeting", "PPM"),
    "review": ("LAC Review", "CLA Review", "Child in Care Review", "Looked After Child Review"),
    "other": ("Other",),
}
STATUS_TEXT = {"held": ("Held",), "booked": ("Booked",), "cancelled": ("Cancelled",), "postponed": ("Postponed",)}
CHANGE_TEXT = {"none": ("None",), "minor": ("Minor",), "substantial": ("Substantial",)}
PLAN_TEXT = {
    "return_home": ("Return home",), "adoption": ("Adoption",), "sgo_cao": ("SGO/CAO",),
    "long_term_fostering": ("Long term fostering",), "residential": ("Residential",),
    "supported_living": ("Supported living",), "other": ("Other",),
}  # fmt: skip
ASSESSMENT_TEXT = {
    "child": ("Child", "Family", "C&F", "Single"),
    "specialist": ("Specialist", "Expert", "Psychological", "Parenting"),
    "other": ("Other",),
}
LEGAL_TEXT = {
    "C1": ("C1", "C1: ICO", "Interim care order"), "C2": ("C2", "C2: Full care order"), "E1": ("E1",),
    "V2": ("V2", "V2: Section 20"), "V3": ("V3",), "V4": ("V4",), None: ("Not yet recorded",),
}  # fmt: skip
UNDERSTOOD = (
    "weekly", "Weekly", "fortnightly", "monthly", "Monthly ", "4 weekly", "6 weekly", "every 6 weeks", "Every 4 weeks",
    "2 months", "1 month", "3 months", "28 days", "10 days", "28", "30",
)  # fmt: skip
NOT_UNDERSTOOD = ("as needed", "TBC", "see minutes", "when the court says", "monthly or sooner")
UNREAD_TEXT = "Xqz"


class _Maker:
    def __init__(self, seed: int, as_at: date, wild: bool):
        self.r = Random(seed)
        self.as_at = as_at
        self.wild = wild
        self.tables: dict[str, list[dict]] = {name: [] for name in DATASETS}
        self.next_meeting = 1
        self.next_action = 1

    # Small choices.

    def p(self, chance: float) -> bool:
        return self.r.random() < chance

    def pick(self, *options):
        return self.r.choice(options)

    def near(self, d: date) -> date:
        """d itself, or a day beside it, or the working day beside it, seldom far off."""
        kind = self.r.random()
        if kind < 0.35:
            return d
        if kind < 0.75:
            return add_days(d, self.pick(-1, 1))
        if kind < 0.85:
            return add_working_days(d, self.pick(-1, 1))
        if kind < 0.95:
            return add_days(d, self.r.randint(-6, 6))
        return add_days(d, self.r.randint(-60, 60))

    def special(self, lo: date, hi: date) -> date:
        """A day on which calendars are hard, in lo..hi when there is one."""
        days = []
        for year in range(lo.year, hi.year + 1):
            for month, day in ((12, 19), (12, 23), (12, 24), (12, 25), (12, 26), (12, 31), (1, 1), (1, 31), (2, 28), (3, 31),
                               (5, 31), (8, 30), (8, 31), (10, 31), (11, 29), (11, 30)):  # fmt: skip
                days.append(date(year, month, day))
            days.append(add_days(date(year, 3, 1), -1))
            d = date(year, 3, 20)
            while d < date(year, 5, 31):
                if d.weekday() < 5 and not is_working_day(d):
                    days += [add_days(d, -1), d]
                d = add_days(d, 1)
        days = [d for d in days if lo <= d <= hi]
        return self.r.choice(days) if days else add_days(lo, self.r.randint(0, max(0, (hi - lo).days)))

    def maybe(self, d: date, blank=0.25) -> date | None:
        return None if self.p(blank) else self.near(d)

    def yes_no(self, yes=0.4, no=0.3):
        x = self.r.random()
        return True if x < yes else False if x < yes + no else None

    def coded(self, row: dict, column: str, code, texts) -> None:
        row[column] = code
        row[column + "_text"] = self.r.choice(texts[code]) if code is not None else None

    def add(self, dataset: str, **values) -> dict:
        fields = DATASETS[dataset].fields
        row = {f.name: None for f in fields}
        row |= {f.name + "_text": None for f in fields if f.kind in ("code", "codes")}
        if any(f.name == "legal_status" for f in fields):
            row["legal_code"] = None
        row |= values
        self.tables[dataset].append(row)
        return row

    # A child.

    def start_of_care(self) -> date:
        a = self.as_at
        kind = self.r.random()
        if kind < 0.45:
            back = self.pick(
                0, 1, 3, 9, 10, 11, 14, 21, 27, 28, 29, 30, 60, 119, 120, 121, 180, 182, 183, 364, 365, 366, 400, 730
            )
            return self.near(add_days(a, -back))
        if kind < 0.6:
            return self.near(add_months(a, -self.pick(1, 2, 3, 4, 6, 9, 12, 13, 24)))
        if kind < 0.85:
            return self.special(add_days(a, -900), a)
        if kind < 0.88:
            return add_days(a, self.pick(1, 2, 30))  # not yet known on the as-at date
        return add_days(a, -self.r.randint(0, 1200))

    def family(self, first_id: int, size: int) -> None:
        ids = [f"{first_id + i:06d}" if self.p(0.8) else f"C{first_id + i}" for i in range(size)]
        group = f"S{first_id}" if size > 1 else None
        start = self.start_of_care()
        shared: list[dict] = []
        for child_id in ids:
            s = start if self.p(0.7) else self.start_of_care()
            for period in self.periods(s):
                self.period(child_id, group, *period, shared)
            self.child_wide(child_id)
        # One meeting about several brothers and sisters: the same id and day, often another outcome per child.
        for row in shared:
            for other in ids:
                if other != row["child_id"] and self.p(0.6):
                    twin = copy.deepcopy(row)
                    twin["child_id"] = other
                    if self.p(0.4):
                        self.coded(twin, "plan_change", self.pick(None, "none", "minor", "substantial"), CHANGE_TEXT)
                        twin["plan_updated"] = self.maybe(add_working_days(row["meeting_date"], 10))
                    self.tables["meetings"].append(twin)
                    if self.p(0.3):
                        self.actions(other, twin)

    def periods(self, start: date) -> list[tuple[date, date | None]]:
        """Periods of care, the last one at `start`; earlier ones before it, so that returns within 28 days happen."""
        out = []
        if self.p(0.65):
            end = None
        elif self.p(0.2):
            end = self.near(self.as_at)
        else:
            end = add_days(start, self.pick(0, 1, 2, 3, 4, 9, 10, 11, 14, 27, 28, 60, 91, 182, 365, 500))
        if end is not None and end < start:
            end = start
        out.append((start, end))
        while self.p(0.25) and len(out) < 3:
            gap = self.pick(1, 2, 5, 14, 27, 28, 29, 30, 90) if not self.wild else self.pick(0, 1, 28, -3)
            before_end = add_days(out[0][0], -gap)
            out.insert(0, (add_days(before_end, -self.pick(0, 1, 10, 20, 28, 40, 91, 200)), before_end))
        return out

    def period(self, child_id, group, s: date, e: date | None, shared: list[dict]) -> None:
        a = self.as_at
        last = min(e, add_days(a, 120)) if e else add_days(a, 120)
        reviews = self.reviews(child_id, s, e)
        r2 = reviews[1] if len(reviews) > 1 else add_months(add_working_days(s, 20), 3)
        case = self.add(
            "cases", child_id=child_id, forename=self.pick("Ada", "Ben", "Cleo", "Dev", "Esme", "Finn"),
            surname=self.pick("Ash", "Birch", "Cole", "Dunn"), date_of_birth=add_days(s, -self.r.randint(700, 4500)),
            gender=self.pick("F", "M"), sibling_group=group, care_started=s, care_ceased=e,
            reason_ceased="E8" if e else None, team=self.pick("North", "South", "Court", "Permanence"),
            worker=self.pick("A. Able", "B. Best", "C. Clear", None), iro=self.pick("I. One", "I. Two", None),
            complex_case=self.yes_no(0.3, 0.4), planning_permanence=self.yes_no(0.3, 0.3),
            care_plan_completed=self.maybe(add_working_days(s, 10), 0.3),
            placement_plan_completed=self.maybe(add_working_days(s, 11), 0.3),
        )  # fmt: skip
        plan = self.pick(None, "adoption", "adoption", "return_home", "sgo_cao", "long_term_fostering", "other")
        self.coded(case, "permanence_plan", plan, PLAN_TEXT)
        if self.p(0.6):
            case["permanence_agreed"] = self.near(
                self.pick(r2, add_months(s, 4), add_months(a, -12), add_months(a, -13), a, add_months(s, 1))
            )
        if self.p(0.25):
            case["permanence_achieved"] = self.near(self.pick(a, add_months(a, -3), r2, *(reviews or [s])))
        if reviews and self.p(0.2):
            held = [d for d in reviews if d <= a]
            case["latest_review"] = max(held) if held and self.p(0.8) else self.near(self.r.choice(reviews))
        if self.p(0.85):
            code = self.pick("C1", "C1", "C2", "V2", "E1") if not self.p(0.02) else None
            self.coded_legal(case, code, self.maybe(s, 0.2))

        if self.p(0.85):
            moves = [s] if self.p(0.9) else [add_days(s, self.pick(-1, 1))]
            while self.p(0.55) and len(moves) < 6:
                nxt = add_days(moves[-1], self.pick(1, 2, 3, 4, 7, 8, 14, 30, 90, 180))
                moves.append(nxt if self.p(0.8) else max(add_days(moves[-1], 1), self.near(add_months(a, -12))))
            for i, start in enumerate(moves):
                follower = moves[i + 1] if i + 1 < len(moves) else None
                if follower:
                    end = self.pick(follower, follower, add_days(follower, -1), None, add_days(follower, 2))
                else:
                    end = (
                        e
                        if e and self.p(0.8)
                        else self.pick(None, None, self.near(a), add_days(start, self.pick(0, 1, 3)))
                    )
                if end and end < start:
                    end = start
                self.add(
                    "placements", child_id=child_id, placement_start=start, placement_end=end,
                    placement_type=self.pick("Foster care", "Residential", "Kinship"), change_reason=self.pick(None, "Planned"),
                )  # fmt: skip
                for _ in range(self.pick(0, 1, 1, 2)):
                    day = self.near(add_days(start, self.pick(-8, -7, -7, 0, 2, 3, 3, 4)))
                    self.meeting(child_id, "placement_planning", day, shared)

        change_days = []
        while self.p(0.4):
            day = self.near(
                self.pick(s, add_days(s, 20), add_working_days(a, -20), add_working_days(a, -45), a, e or a)
            )
            change_days.append(day)
            self.add("changes", child_id=child_id, change_date=day, change=self.pick("School move", "Missing", None))

        wanted = [
            add_days(s, -29),
            add_days(s, -28),
            add_days(s, -27),
            add_days(s, -1),
            s,
            add_days(s, 10),
            add_days(s, 10),
        ]
        wanted += [add_days(d, k) for d in reviews for k in (-14, -1, 0, 0, 1)]
        wanted += [add_working_days(d, 20) for d in change_days] + change_days
        wanted += [a, a, add_days(a, 1), add_days(a, 28), add_days(a, 29), add_months(a, -6), add_months(a, -12)]
        if e:
            wanted += [e, add_days(e, 1)]
        days = []
        for _ in range(self.pick(0, 1, 2, 3, 4, 6, 9)):
            d = self.near(self.r.choice(wanted))
            days.append(d)
            if self.p(0.1):
                days.append(d)  # two on one day
        for d in sorted(days):
            row = self.meeting(child_id, "cpm", d, shared)
            text = row["agreed_frequency"]
            if text and self.p(0.6):  # a next one around the agreed day
                step = {
                    "weekly": 7,
                    "fortnightly": 14,
                    "28 days": 28,
                    "28": 28,
                    "4 weekly": 28,
                    "every 6 weeks": 42,
                }.get(text)
                nxt = add_days(d, step) if step else add_months(d, 2 if text == "2 months" else 1)
                self.meeting(child_id, "cpm", self.near(nxt), shared)
            self.actions(child_id, row)
        if self.p(0.15):
            self.meeting(child_id, "other", self.near(a), shared)

        self.assessments(child_id, s, e, change_days, reviews)
        if self.p(0.6):
            self.proceedings(child_id, s, last, shared)

    def reviews(self, child_id, s: date, e: date | None) -> list[date]:
        """Days that were reviews or would be; the rows go to their own dataset, to Meetings or to both."""
        out: list[date] = []
        d = self.near(add_working_days(s, 20))
        if self.p(0.03):
            d = s
        while d <= add_days(self.as_at, 150) and len(out) < 8:
            if out and d <= out[-1]:
                break
            if self.p(0.85):
                after = d > self.as_at
                if after:
                    status = self.pick("booked", "booked", None, "cancelled", "postponed", "held")
                else:
                    status = self.pick("held", "held", "held", "held", None, None, "booked", "cancelled", "postponed")
                where = self.pick("reviews", "reviews", "meetings", "both", "both")
                if where != "meetings":
                    self.review_row(child_id, d, status)
                if where != "reviews":
                    other = status if self.p(0.85) else self.pick("held", "booked", "cancelled", None)
                    row = self.plain_meeting(child_id, "review", d)
                    self.coded(row, "status", other, STATUS_TEXT)
                if status in ("held", None) and not after:
                    out.append(d)
                elif self.p(0.7):
                    d = add_days(d, self.pick(1, 7, 14))
                    continue
                else:
                    break
            elif not self.p(0.3):
                break
            d = self.near(add_months(d, 3 if len(out) == 1 else 6))
        if e is not None and self.p(0.3):
            self.review_row(child_id, self.near(e), self.pick("held", None))
        if self.p(0.2):
            self.review_row(child_id, self.near(self.as_at), self.pick("held", "booked", None))
        return out

    def review_row(self, child_id, d, status):
        row = self.add("reviews", child_id=child_id, review_date=d, participation=self.pick(None, "PN1", "PN3"))
        self.coded(row, "status", status, STATUS_TEXT)
        if status == "cancelled" and self.p(0.3):  # cancelled and held the same day
            self.coded(self.add("reviews", child_id=child_id, review_date=d), "status", "held", STATUS_TEXT)

    def plain_meeting(self, child_id, kind, d) -> dict:
        meeting_id = None
        if self.p(0.85):
            meeting_id = f"M{self.next_meeting:05d}"
            self.next_meeting += 1
        row = self.add("meetings", meeting_id=meeting_id, child_id=child_id, meeting_date=d)
        self.coded(row, "meeting_type", kind, TYPE_TEXT)
        return row

    def meeting(self, child_id, kind, d, shared) -> dict:
        row = self.plain_meeting(child_id, kind, d)
        if d > self.as_at:
            status = self.pick("booked", "booked", "held", None, "cancelled", "postponed")
        else:
            status = self.pick("held", "held", "held", "held", "held", None, None, "booked", "cancelled", "postponed")
        self.coded(row, "status", status, STATUS_TEXT)
        if kind in ("cpm", "final_plan_cpm"):
            row["chair"] = self.pick("A. Able", None)
            role = self.pick("social_worker", "social_worker", "team_manager", "service_manager", "iro", "other", None,
                             "service_manager")  # fmt: skip
            self.coded(row, "chair_role", role, {k: (v,) for k, v in ROLE_TEXT.items()})
            row["agreed_frequency"] = (
                self.r.choice(UNDERSTOOD).strip()
                if self.p(0.5)
                else self.r.choice(NOT_UNDERSTOOD)
                if self.p(0.2)
                else None
            )
            row["also_placement_planning"] = self.yes_no(0.35, 0.3)
            self.coded(row, "plan_change", self.pick(None, "none", "minor", "substantial", "substantial"), CHANGE_TEXT)
            row["plan_updated"] = self.maybe(add_working_days(d, 10))
            row["iro_informed"] = self.maybe(add_working_days(d, 5))
            row["minutes_distributed"] = self.maybe(add_working_days(d, 5))
            row["minutes_uploaded"] = self.maybe(add_working_days(d, 5))
            row["minutes_on_cpr"] = self.maybe(add_working_days(d, 5))
            self.list_of(row, "domains", DOMAINS, DOMAINS, DOMAIN_TEXT)
            needed = ("social_worker", "team_manager", "fostering", "parenting_assessor", "contact_centre_manager")
            self.list_of(row, "attendee_roles", needed, ROLES, ROLE_TEXT)
            for column in ("parents", "connected", "outside_family", "contact", "evidence"):
                row["considered_" + column] = self.yes_no(0.93, 0.03)
            if row["plan_change"] == "substantial" and self.p(0.5):
                self.review_row(
                    child_id, self.near(self.pick(d, add_working_days(d, 10))), self.pick("held", None, "booked")
                )
        if row["meeting_id"] and self.p(0.3):
            shared.append(row)
        return row

    def list_of(self, row, column, needed, every, texts) -> None:
        x = self.r.random()
        if x < 0.15:
            return
        chosen = set(needed)
        if x < 0.5:
            chosen -= set(self.r.sample(sorted(needed), self.pick(1, 1, 2, len(needed) - 1)))
        if self.p(0.5):
            chosen.add(self.r.choice(every))
        codes = [c for c in every if c in chosen]
        words = [texts[c] for c in codes]
        if column == "domains" and len(codes) == 7 and self.p(0.5):
            words = ["All"]
        # The loader reads an unknown attendee as "other" and an unknown domain as "?".
        if self.p(0.08) and (column == "domains" or self.wild):
            codes, words = codes + ["?"], words + [UNREAD_TEXT]
        row[column], row[column + "_text"] = codes, "; ".join(words)

    def actions(self, child_id, meeting) -> None:
        if meeting["status"] in ("cancelled", "postponed") and not self.p(0.2):
            return
        for _ in range(self.pick(0, 0, 1, 1, 2, 3)):
            d = meeting["meeting_date"]
            due = self.pick(
                None, add_days(d, 28), add_days(d, 28), self.near(self.as_at), add_days(d, 90), self.near(d)
            )
            done = None if self.p(0.45) else self.near(due or add_days(d, 20))
            action_id = None
            if self.p(0.8):
                action_id, self.next_action = f"A{self.next_action}", self.next_action + 1
            by = self.pick("id", "date", "both")
            if by == "id" and meeting["meeting_id"] is None:
                by = "date"
            named = add_days(d, self.pick(-1, 1)) if self.wild and by == "both" and self.p(0.3) else d
            self.add(
                "actions", action_id=action_id, child_id=child_id, meeting_date=named,
                meeting_id=None if by == "date" else meeting["meeting_id"],
                action=f"{self.pick('Refer', 'Visit', 'Write', 'Ask')} {self.r.randint(1, 99999)}",
                responsible=self.pick("Social worker", "Health", None), due_date=due, completed_date=done,
            )  # fmt: skip
        if self.p(0.05):  # of a meeting nobody has a record of, or of a review
            self.add("actions", child_id=child_id, meeting_date=add_days(meeting["meeting_date"], 3), meeting_id="NOBODY" if self.wild else None,
                     action=f"Lost {self.r.randint(1, 99999)}", due_date=self.near(self.as_at))  # fmt: skip

    def assessments(self, child_id, s: date, e: date | None, change_days: list[date], reviews: list[date]) -> None:
        a = self.as_at
        days = []
        if self.p(0.6):
            days.append(self.near(self.pick(s, add_days(s, -30), add_months(s, -12), add_months(s, -20))))
        for d in list(days) or [s]:
            for _ in range(self.pick(0, 1, 2, 3)):
                d = self.near(add_months(d, 12))
                days.append(d)
        days += [self.near(self.pick(d, add_working_days(d, 45))) for d in change_days if self.p(0.6)]
        if e and self.p(0.2):
            days += [e, add_days(e, 1)]
        for d in days:
            if d <= add_days(a, 200):
                row = self.add("assessments", child_id=child_id, assessment_date=d)
                self.coded(row, "assessment_type", "child" if self.p(0.9) else "other", ASSESSMENT_TEXT)
        while self.p(0.4):
            d = self.near(self.pick(s, a, add_days(a, -30), e or a, *(reviews or [s])))
            for _ in range(self.pick(1, 1, 2)):
                row = self.add("assessments", child_id=child_id, assessment_date=d)
                self.coded(row, "assessment_type", "specialist", ASSESSMENT_TEXT)

    def proceedings(self, child_id, s, last, shared) -> None:
        a = self.as_at
        issued = self.pick(
            s, add_days(s, -1), add_days(s, 5), add_days(s, 40), add_days(a, -181), add_days(a, -182), add_days(a, -139),
            add_days(a, -140), add_days(a, -141), add_days(a, 3), self.near(last),
        )  # fmt: skip
        taken = [r for r in self.tables["proceedings"] if r["child_id"] == child_id]
        if taken and not self.wild:
            ends = [r["concluded"] for r in taken]
            if None in ends or max(ends) >= issued:
                return
        concluded = (
            None if self.p(0.5) else max(issued, self.near(self.pick(add_days(issued, 181), a, add_days(issued, 60))))
        )
        due = (
            None
            if self.p(0.25)
            else self.near(self.pick(add_days(issued, 140), add_days(a, 14), add_days(a, 42), add_days(a, -1)))
        )
        filed = None if self.p(0.4) else max(issued, self.near(due or a))
        if filed and concluded and filed > concluded and not self.wild:
            filed = concluded
        meeting_days = []
        for _ in range(self.pick(0, 1, 1, 2)):
            base = add_days(due, -14) if due else add_days(issued, 100)
            meeting_days.append(self.near(self.pick(base, base, issued, filed or base, concluded or base)))
        first = min(meeting_days, default=add_days(issued, 100))
        self.add(
            "proceedings", child_id=child_id, issued=issued, concluded=concluded, la_assessment=self.maybe(first, 0.2),
            experts_commissioned=self.yes_no(0.5, 0.3), experts_received=self.maybe(first, 0.35), plan_due=due,
            plan_filed=filed, order_sought=self.pick("Care order", "Placement order", None),
        )  # fmt: skip
        for d in meeting_days:
            self.actions(child_id, self.meeting(child_id, "final_plan_cpm", d, shared))

    def coded_legal(self, row, code, start) -> None:
        row["legal_status"], row["legal_code"], row["legal_status_start"] = self.r.choice(LEGAL_TEXT[code]), code, start

    def child_wide(self, child_id) -> None:
        """Legal statuses and allocations run across periods."""
        a = self.as_at
        cases = [c for c in self.tables["cases"] if c["child_id"] == child_id]
        first = min(c["care_started"] for c in cases)
        short_breaks = self.p(0.07)
        if short_breaks:
            for c in cases:
                self.coded_legal(c, self.pick("V3", "V4"), c["care_started"])
                if self.p(0.1):
                    c["legal_status"] = c["legal_code"] = c["legal_status_start"] = None
        d = first
        for _ in range(self.pick(0, 1, 1, 2, 3)):
            code = (
                self.pick("V3", "V4", "V3", "V4", "V2")
                if short_breaks
                else self.pick("C1", "C1", "C2", "V2", "V3", "E1")
            )
            if self.p(0.01):
                code = None
            if short_breaks and code == "V2" and self.p(0.5):
                d = add_days(a, self.pick(0, 1))
            end = self.near(self.pick(add_days(d, 60), add_days(d, 180), a)) if self.p(0.7) else None
            if end is not None and end < d:
                end = d
            row = self.add("legal_statuses", child_id=child_id, legal_status_end=end)
            self.coded_legal(row, code, d)
            d = add_days(end, self.pick(0, 0, 1, 10)) if end else add_days(d, 50)
        if self.p(0.75):
            d = self.near(first)
            used = set()
            for _ in range(self.pick(1, 1, 2, 3, 4, 5)):
                if d in used:
                    break
                used.add(d)
                length = self.pick(0, 10, 10, 30, 90, 180, 365)
                end = None if self.p(0.15) else add_days(d, length)
                self.add(
                    "allocations", child_id=child_id, worker=self.pick("A. Able", "B. Best", "C. Clear", "D. Dear", "E. Ever", None),
                    team=self.pick("North", "South", "Court", "Permanence"), allocation_start=d, allocation_end=end,
                )  # fmt: skip
                nxt = add_days(end or add_days(d, length + 1), self.pick(0, 1, 1, 1, 5, 40, -5))
                d = nxt if self.p(0.85) else self.near(add_months(a, -12))


def random_council(seed: int, n_children: int, as_at: date, wild: bool = False) -> dict[str, list[dict]]:
    m = _Maker(seed, as_at, wild)
    made = 0
    while made < n_children:
        size = min(n_children - made, m.pick(1, 1, 1, 2, 3))
        m.family(1000 + 10 * made, size)
        made += size
    # Every dataset has a row, so that "loaded" and "not empty" are the same thing.
    child = m.tables["cases"][0]["child_id"]
    long_ago = add_days(as_at, -3000)
    fillers = {
        "meetings": {
            "meeting_type": "other",
            "meeting_type_text": "Other",
            "meeting_date": long_ago,
            "meeting_id": "M0",
        },
        "reviews": {"review_date": long_ago},
        "placements": {"placement_start": long_ago, "placement_end": long_ago},
        "legal_statuses": {
            "legal_status": "V2",
            "legal_code": "V2",
            "legal_status_start": long_ago,
            "legal_status_end": long_ago,
        },
        "allocations": {"team": "Old", "allocation_start": long_ago, "allocation_end": long_ago},
        "actions": {"meeting_date": long_ago, "action": "Old"},
        "assessments": {"assessment_type": "other", "assessment_type_text": "Other", "assessment_date": long_ago},
        "changes": {"change_date": long_ago},
        "proceedings": {"issued": long_ago, "concluded": long_ago},
    }
    for dataset, values in fillers.items():
        if not m.tables[dataset]:
            m.add(dataset, child_id=child, **values)
    return {name: _tidy(name, rows, wild) for name, rows in m.tables.items()}


def _tidy(name: str, rows: list[dict], wild: bool) -> list[dict]:
    """Leaves out what the loader would (exact duplicates) and what the specification leaves open."""
    out, seen = [], set()
    for row in rows:
        key = repr(sorted(row.items(), key=lambda kv: kv[0]))
        if (
            name == "assessments"
        ):  # "Child" twice on one day says nothing new; two specialist ones are told by their words
            key = (row["child_id"], row["assessment_date"], row["assessment_type"], row["assessment_type_text"])
        if not wild:
            if name == "placements":
                key = (row["child_id"], row["placement_start"])
            elif name == "allocations":
                key = (row["child_id"], row["allocation_start"])
            elif name == "cases":
                key = (row["child_id"], row["care_started"])
            elif name == "meetings" and row["meeting_id"]:
                key = (row["child_id"], row["meeting_id"])
        if key not in seen:
            seen.add(key)
            out.append(row)
    return out


# --- what was loaded ---


def loaded_all(tables) -> dict[str, set[str]]:
    return {name: {f.name for f in DATASETS[name].fields} for name in tables}


def drop(tables, dataset: str, loaded=None):
    """(tables, loaded) as if the dataset had never been loaded."""
    loaded = {k: set(v) for k, v in (loaded or loaded_all(tables)).items()}
    loaded.pop(dataset, None)
    return {k: ([] if k == dataset else v) for k, v in tables.items()}, loaded


def drop_column(tables, dataset: str, column: str, loaded=None):
    """(tables, loaded) as if the extract had no such column."""
    loaded = {k: set(v) for k, v in (loaded or loaded_all(tables)).items()}
    loaded[dataset].discard(column)
    blank = {column, column + "_text"} | ({"legal_code"} if column == "legal_status" else set())
    rows = [{k: (None if k in blank else v) for k, v in r.items()} for r in tables[dataset]]
    return tables | {dataset: rows}, loaded


def optional_columns() -> list[tuple[str, str]]:
    return [(d.name, f.name) for d in DATASETS.values() for f in d.fields if not f.required]


# --- the same council as a workbook ---


def write_workbook(tables, path: Path | str, loaded=None, seed: int = 0) -> None:
    """The template's sheets. Dates are by turns true Excel dates and dd/mm/yyyy text; codes are written as a person would."""
    from openpyxl import Workbook

    loaded = loaded or loaded_all(tables)
    r = Random(seed)
    book = Workbook()
    book.remove(book.active)
    for name, dataset in DATASETS.items():
        if name not in loaded:
            continue
        sheet = book.create_sheet(dataset.title)
        fields = [f for f in dataset.fields if f.name in loaded[name]]
        sheet.append([f.header for f in fields])
        for number, row in enumerate(tables[name], start=2):
            for column, f in enumerate(fields, start=1):
                value = row.get(f.name)
                if value is None:
                    continue
                cell = sheet.cell(number, column)
                if f.kind == "date":
                    if r.random() < 0.3:
                        cell.value, cell.number_format = value.strftime("%d/%m/%Y"), "@"
                    else:
                        cell.value, cell.number_format = value, "dd/mm/yyyy"
                elif f.kind == "yes_no":
                    cell.value = r.choice(("Yes", "Y", "yes", "True", 1) if value else ("No", "N", "no", "False", 0))
                elif f.kind in ("code", "codes"):
                    cell.value = row[f.name + "_text"]
                elif f.kind == "id":
                    cell.value, cell.number_format = value, "@"
                else:
                    cell.value = value
    book.save(path)


__all__ = ["drop", "drop_column", "loaded_all", "optional_columns", "random_council", "write_workbook"]
