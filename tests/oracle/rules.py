"""Every obligation of PRACTICE_RULES.md section 3, the slow and plain way: one function per rule, one period at a time.

`obligations(tables, as_at, loaded, settings=None)` gives dicts with the 14 contract columns (`why` empty) and two more for
whoever compares: `ties`, every meeting id that could equally stand in `meeting_id` (several on one day), and `about`, the
id of the meeting the row is about.
"""

from __future__ import annotations

import re
from datetime import date, timedelta

from .dates import DAY, add, add_days, add_months
from .facts import Facts, Meeting, Period

COLUMNS = (
    "rule", "child_id", "care_started", "anchor_date", "due_date", "done_date", "meeting_id", "closes_on", "lapses_on",
    "status", "days", "team", "worker", "why",
)  # fmt: skip
COUNTED = ("on_time", "late", "missed", "overdue")
DOMAINS = {
    "health", "education", "emotional_behavioural", "identity", "family_social", "social_presentation", "self_care",
}  # fmt: skip
CHAIRS = {"social_worker", "team_manager", "senior_practitioner", "service_manager"}
FINAL_ATTENDANCE = {"social_worker", "team_manager", "fostering", "parenting_assessor", "contact_centre_manager"}
CONSIDERATIONS = (
    "considered_parents", "considered_connected", "considered_outside_family", "considered_contact", "considered_evidence",
)  # fmt: skip
UNREAD = "?"


def status_of(*, known, due, done, closes, lapses, as_at, due_soon_days) -> str:
    if not known:
        return "cannot_tell"
    if done is not None:
        return "on_time" if done <= due else "late"
    if lapses is not None and lapses <= due and lapses <= as_at:
        return "lapsed"
    if (closes is not None and closes <= as_at) or (lapses is not None and lapses <= as_at):
        return "missed"
    if due < as_at:
        return "overdue"
    if due <= as_at + timedelta(days=due_soon_days):
        return "due_soon"
    return "upcoming"


_EVERY = re.compile(r"^(?:every )?(\d+) (day|week|month)s?$")
_NLY = re.compile(r"^(?:every )?(\d+)[ -]?(week|month)ly$")


def frequency(text: str) -> tuple[int, str] | None:
    """(limit, unit), or None when the words are not among those understood."""
    words = " ".join(text.lower().split())
    fixed = {"weekly": (7, "calendar_days"), "fortnightly": (14, "calendar_days"), "monthly": (1, "months")}
    if words in fixed:
        return fixed[words]
    if re.fullmatch(r"\d+", words):
        number, unit = int(words), "day"
    else:
        match = _EVERY.match(words) or _NLY.match(words)
        if not match:
            return None
        number, unit = int(match.group(1)), match.group(2)
    if number == 0:
        return None
    return {"day": (number, "calendar_days"), "week": (7 * number, "calendar_days"), "month": (number, "months")}[unit]


class _Book:
    def __init__(self, facts: Facts):
        self.f = facts
        self.rows: list[dict] = []

    def put(
        self, rule, p: Period, anchor, due, *, done=None, met=None, closes=None, lapses=None, known=True, about=None
    ):
        """`done` is a date; or `met` a list of candidate (day, meeting id), of which the earliest counts."""
        ties: list = []
        meeting_id = None
        if met:
            done = min(day for day, _ in met)
            ties = [mid for day, mid in met if day == done]
            meeting_id = min((t for t in ties if t is not None), default=None)
        if anchor > self.f.as_at:
            return
        assert due is not None or not known, (rule, p.child_id, anchor)
        status = status_of(
            known=known, due=due, done=done, closes=closes, lapses=lapses, as_at=self.f.as_at,
            due_soon_days=self.f.settings["due_soon_days"],
        )  # fmt: skip
        days = None
        if status in ("on_time", "late"):
            days = (done - due).days
        elif status == "overdue":
            days = (self.f.as_at - due).days
        team, worker = self.f.allocated(p, due)
        self.rows.append(
            {
                "rule": rule,
                "child_id": p.child_id,
                "care_started": p.start,
                "anchor_date": anchor,
                "due_date": due,
                "done_date": done,
                "meeting_id": meeting_id,
                "closes_on": closes,
                "lapses_on": lapses,
                "status": status,
                "days": days,
                "team": team,
                "worker": worker,
                "why": None,
                "ties": ties,
                "about": about,
            }
        )

    def cannot_tell(self, rule, p: Period, due=None):
        """Whether there is anything due is itself unknown: one row for the period."""
        self.put(rule, p, p.start, due, known=False)

    def record(self, rule, p: Period, m: Meeting, satisfied: bool | None):
        met = [(m.day, m.meeting_id)] if satisfied else []
        self.put(rule, p, m.day, m.day, met=met, closes=m.day, known=satisfied is not None, about=m.meeting_id)


def _ids(meetings) -> list[tuple[date, str | None]]:
    return [(m.day, m.meeting_id) for m in meetings]


# --- one function per rule: (book, facts, period) ---


def initial_cpm(b, f, p):
    b.put(
        "initial-cpm", p, p.start, add(p.start, *f.settings["initial-cpm"]), met=_ids(p.held_cpms), lapses=p.end,
        known=f.meetings_known,
    )  # fmt: skip


def care_plan(b, f, p):
    b.put(
        "care-plan", p, p.start, add(p.start, *f.settings["care-plan"]), done=f.past("cases", p.case, "care_plan_completed"),
        lapses=p.end, known=f.has("cases", "care_plan_completed"),
    )  # fmt: skip


def placement_planning(b, f, p):
    if not f.has("placements"):
        return b.cannot_tell("placement-planning", p)
    previous = None
    for start, end in f.placement_days(p):
        first = add_days(start, -f.settings["placement_meeting_days_before"])
        if previous is not None:
            first = max(first, previous + DAY)
        previous = start
        met = []
        for m in p.meetings:
            fits = m.kind == "placement_planning" or (
                m.is_cpm and f.value("meetings", m.row, "also_placement_planning") is True
            )
            if fits and m.state == "held" and m.day >= first and (end is None or m.day <= end):
                met.append((m.day, m.meeting_id))
        lapses = min((d for d in (end, p.end) if d is not None), default=None)
        # Without the mark, a CPM in the window may or may not have been placement planning too; with none there, nothing was.
        unmarked = not f.has("meetings", "also_placement_planning") and any(
            m.is_cpm and m.state == "held" and m.day >= first and (end is None or m.day <= end) for m in p.meetings
        )
        known = f.meetings_known and (bool(met) or not unmarked)
        b.put(
            "placement-planning", p, start, add(start, *f.settings["placement-planning"]), met=met, lapses=lapses,
            known=known,
        )  # fmt: skip


def separate_plans(b, f, p):
    if not f.has("meetings", "also_placement_planning"):
        return b.cannot_tell("separate-plans", p)
    if not p.held_cpms:
        return
    first_day = p.held_cpms[0].day
    combined = [
        m for m in p.held_cpms if m.day == first_day and f.value("meetings", m.row, "also_placement_planning") is True
    ]
    if not combined:
        return
    one = f.past("cases", p.case, "care_plan_completed")
    two = f.past("cases", p.case, "placement_plan_completed")
    b.put(
        "separate-plans", p, first_day, add(first_day, *f.settings["separate-plans"]),
        done=max(one, two) if one and two else None, lapses=p.end,
        known=f.has("cases", "care_plan_completed", "placement_plan_completed"), about=combined[0].meeting_id,
    )  # fmt: skip


def statutory_review(b, f, p):
    if not f.reviews_known:
        return b.cannot_tell("statutory-review", p, add(p.start, *f.settings["first-review"]))
    for s in p.stretches:
        met = [(r.day, r.meeting_id) for r in p.held_reviews if r.day == s.held] if s.held else []
        known = s.review_due is not None and not (s.n == 1 and p.reviews_from)
        b.put("statutory-review", p, s.anchor, s.review_due, met=met, lapses=p.end, known=known)


def cpm_before_review(b, f, p):
    if not f.reviews_known:
        return b.cannot_tell("cpm-before-review", p)
    for s in p.stretches:
        if s.in_scope is False:
            continue
        met = [
            (m.day, m.meeting_id)
            for m in p.held_cpms
            if (s.n == 1 or m.day > s.anchor) and (s.held is None or m.day <= s.held)
        ]
        b.put(
            "cpm-before-review", p, s.anchor, s.ends_on, met=met, closes=s.held, lapses=None if s.held else p.end,
            known=f.meetings_known and s.in_scope is not None and s.ends_on is not None and not (s.n == 1 and p.reviews_from),
        )  # fmt: skip


def permanence_plan(b, f, p):
    if not f.reviews_known:
        due = None
    else:
        first, *later = p.stretches
        due = later[0].ends_on if later else add(first.ends_on, *f.settings["second-review"])
    written = f.value("cases", p.case, "permanence_agreed")
    plan_without_date = written is None and f.value("cases", p.case, "permanence_plan") is not None
    known = due is not None and f.has("cases", "permanence_agreed") and not plan_without_date and not p.reviews_from
    b.put(
        "permanence-plan", p, p.start, due, done=f.past("cases", p.case, "permanence_agreed"), lapses=p.end, known=known
    )


def agreed_frequency(b, f, p):
    if not f.has("meetings", "agreed_frequency"):
        return b.cannot_tell("agreed-frequency", p)
    for m in p.held_cpms:
        text = f.value("meetings", m.row, "agreed_frequency")
        if not (text or "").strip():
            continue
        every = frequency(text)
        b.put(
            "agreed-frequency", p, m.day, add(m.day, *every) if every else None,
            met=_ids(n for n in p.held_cpms if n.day > m.day), lapses=p.end, known=every is not None, about=m.meeting_id,
        )  # fmt: skip


def frequency_recorded(b, f, p):
    if not f.meetings_known:
        return b.cannot_tell("frequency-recorded", p)
    for m in p.held_cpms:
        if m.kind == "cpm":
            satisfied = None
            if f.has("meetings", "agreed_frequency"):
                satisfied = bool((f.value("meetings", m.row, "agreed_frequency") or "").strip())
            b.record("frequency-recorded", p, m, satisfied)


def cpm_after_change(b, f, p):
    days = f.change_days(p)
    if days is None:
        return b.cannot_tell("cpm-after-change", p)
    for c in days:
        b.put(
            "cpm-after-change", p, c, add(c, *f.settings["cpm-after-change"]),
            met=_ids(m for m in p.held_cpms if m.day >= c), lapses=p.end, known=f.meetings_known,
        )  # fmt: skip


def _minutes(rule, column, kinds=("cpm", "final_plan_cpm")):
    def minutes(b, f, p):
        if not f.meetings_known:
            return b.cannot_tell(rule, p)
        for m in p.held_cpms:
            if m.kind in kinds:
                b.put(
                    rule, p, m.day, add(m.day, *f.settings[rule]), done=f.past("meetings", m.row, column),
                    known=f.has("meetings", column), about=m.meeting_id,
                )  # fmt: skip

    return minutes


def progress_domains(b, f, p):
    if not f.meetings_known:
        return b.cannot_tell("progress-domains", p)
    for m in p.held_cpms:
        if m.kind == "cpm":
            b.record("progress-domains", p, m, _all_of(DOMAINS, f.value("meetings", m.row, "domains")))


def _all_of(needed: set[str], found: list[str] | None) -> bool | None:
    if not found:
        return None
    if needed <= set(found):
        return True
    return None if UNREAD in found else False


def cpm_chair(b, f, p):
    if not f.meetings_known:
        return b.cannot_tell("cpm-chair", p)
    for m in p.held_cpms:
        if m.kind != "cpm":
            continue
        role = f.value("meetings", m.row, "chair_role")
        if role is None:
            satisfied = None
        elif role not in CHAIRS:
            satisfied = False
        elif role != "social_worker":
            satisfied = True
        elif not f.has("cases", "complex_case"):
            satisfied = None
        else:
            satisfied = f.value("cases", p.case, "complex_case") is not True
        b.record("cpm-chair", p, m, satisfied)


def _after_plan_change(rule, column):
    def plan_change(b, f, p):
        if not f.has("meetings", "plan_change"):
            return b.cannot_tell(rule, p)
        for m in p.held_cpms:
            if f.value("meetings", m.row, "plan_change") in ("minor", "substantial"):
                b.put(
                    rule, p, m.day, add(m.day, *f.settings[rule]), done=f.past("meetings", m.row, column),
                    known=f.has("meetings", column), about=m.meeting_id,
                )  # fmt: skip

    return plan_change


def review_after_change(b, f, p):
    if not f.has("meetings", "plan_change"):
        return b.cannot_tell("review-after-change", p)
    for m in p.held_cpms:
        if f.value("meetings", m.row, "plan_change") == "substantial":
            due = add(m.day, *f.settings["review-after-change"])
            met = [(r.day, r.meeting_id) for r in p.held_reviews if r.day >= m.day]
            # Before `reviews_from` there may have been one that nobody told of; only one in time settles it.
            told = p.reviews_from is None or m.day >= p.reviews_from or any(day <= due for day, _ in met)
            b.put("review-after-change", p, m.day, due, met=met, lapses=p.end, known=f.reviews_known and told, about=m.meeting_id)


def annual_assessment(b, f, p):
    limit = f.settings["annual-assessment"]
    if not f.has("assessments"):
        return b.cannot_tell("annual-assessment", p, add(p.start, *limit))
    days = sorted({r["assessment_date"] for r in f.assessments(p, "child")})
    base = max((d for d in days if d <= p.start), default=p.start)
    chain = [base] + [d for d in days if d > p.start]
    for i, anchor in enumerate(chain):
        done = chain[i + 1] if i + 1 < len(chain) else None
        b.put("annual-assessment", p, anchor, add(anchor, *limit), done=done, lapses=p.end)


def assessment_after_change(b, f, p):
    days = f.change_days(p)
    if days is None:
        return b.cannot_tell("assessment-after-change", p)
    for c in days:
        done = min((r["assessment_date"] for r in f.assessments(p, "child") if r["assessment_date"] >= c), default=None)
        b.put(
            "assessment-after-change", p, c, add(c, *f.settings["assessment-after-change"]), done=done, lapses=p.end,
            known=f.has("assessments"),
        )  # fmt: skip


def assessment_discussed(b, f, p):
    if not f.has("assessments"):
        return b.cannot_tell("assessment-discussed", p)
    for r in f.assessments(p, "specialist"):
        x = r["assessment_date"]
        if x < p.start:
            continue
        due = None
        if f.reviews_known and (p.reviews_from is None or x >= p.reviews_from):
            due = min((v.day for v in p.held_reviews if v.day >= x), default=p.stretches[-1].ends_on)
        b.put(
            "assessment-discussed", p, x, due, met=_ids(m for m in p.held_cpms if m.day >= x), lapses=p.end,
            known=f.meetings_known and due is not None,
        )  # fmt: skip


def action_completed(b, f, p):
    if not (f.has("actions") and f.meetings_known):
        return b.cannot_tell("action-completed", p)
    for a, anchor in f.actions(p):
        due = f.value("actions", a, "due_date")
        b.put(
            "action-completed", p, anchor, due, done=f.past("actions", a, "completed_date"), lapses=p.end,
            known=due is not None and f.has("actions", "completed_date"),
        )  # fmt: skip


def _issued_in(f, p) -> list[dict]:
    return [r for r in f.proceedings(p.child_id) if p.contains(r["issued"])]


def final_plan_cpm(b, f, p):
    if not f.has("proceedings"):
        return b.cannot_tell("final-plan-cpm", p)
    for r in _issued_in(f, p):
        planned = f.value("proceedings", r, "plan_due")
        filed = f.past("proceedings", r, "plan_filed")
        concluded = f.past("proceedings", r, "concluded")
        last = filed or concluded
        met = [(day, meeting) for day, meeting in f.final_plans_held(p.child_id) if day >= r["issued"] and (last is None or day <= last)]
        b.put(
            "final-plan-cpm", p, r["issued"], add(planned, *f.settings["final-plan-cpm"]) if planned else None, met=met,
            closes=filed, lapses=None if filed else concluded, known=planned is not None and f.meetings_known,
        )  # fmt: skip


def _final_record(rule, judge):
    def final_record(b, f, p):
        if not f.meetings_known:
            return b.cannot_tell(rule, p)
        for m in p.held_cpms:
            if m.kind == "final_plan_cpm":
                b.record(rule, p, m, judge(f, p, m))

    return final_record


def _assessments_in_time(f, p, m) -> bool | None:
    answers = []
    for r in f.proceedings(p.child_id):
        if not f.open_on(r, m.day):
            continue
        if f.has("proceedings", "la_assessment"):
            day = f.past("proceedings", r, "la_assessment")
            answers.append(day is not None and day <= m.day)
        else:
            answers.append(None)
        commissioned = f.value("proceedings", r, "experts_commissioned")
        received = f.past("proceedings", r, "experts_received")
        in_time = received is not None and received <= m.day
        if commissioned is False or in_time:
            answers.append(True)
        elif commissioned is None or not f.has("proceedings", "experts_received"):
            answers.append(None)
        else:
            answers.append(False)
    if False in answers:
        return False
    return None if not answers or None in answers else True


def _service_manager(f, p, m) -> bool | None:
    role = f.value("meetings", m.row, "chair_role")
    return None if role is None else role == "service_manager"


def _attendance(f, p, m) -> bool | None:
    there = f.value("meetings", m.row, "attendee_roles")
    plain = _all_of(FINAL_ATTENDANCE, there)
    with_adoption = _all_of(FINAL_ATTENDANCE | {"adoption_manager"}, there)
    if not f.has("cases", "permanence_plan"):
        return plain if plain == with_adoption else None
    return with_adoption if f.value("cases", p.case, "permanence_plan") == "adoption" else plain


def _considered(f, p, m) -> bool | None:
    answers = [f.value("meetings", m.row, c) for c in CONSIDERATIONS]
    if False in answers:
        return False
    return None if None in answers else True


def minutes_on_cpr(b, f, p):
    if not (f.meetings_known and f.has("cases", "permanence_plan")):
        return b.cannot_tell("minutes-on-cpr", p)
    if f.value("cases", p.case, "permanence_plan") == "adoption":
        _minutes("minutes-on-cpr", "minutes_on_cpr", ("final_plan_cpm",))(b, f, p)


def proceedings_26_weeks(b, f, p):
    if not f.has("proceedings"):
        return b.cannot_tell("proceedings-26-weeks", p)
    for r in _issued_in(f, p):
        b.put(
            "proceedings-26-weeks", p, r["issued"], add(r["issued"], *f.settings["proceedings-26-weeks"]),
            done=f.past("proceedings", r, "concluded"), known=f.has("proceedings", "concluded"),
        )  # fmt: skip


RULES = {
    "initial-cpm": initial_cpm,
    "care-plan": care_plan,
    "placement-planning": placement_planning,
    "separate-plans": separate_plans,
    "statutory-review": statutory_review,
    "cpm-before-review": cpm_before_review,
    "permanence-plan": permanence_plan,
    "agreed-frequency": agreed_frequency,
    "frequency-recorded": frequency_recorded,
    "cpm-after-change": cpm_after_change,
    "minutes-on-file": _minutes("minutes-on-file", "minutes_uploaded"),
    "minutes-distributed": _minutes("minutes-distributed", "minutes_distributed"),
    "progress-domains": progress_domains,
    "cpm-chair": cpm_chair,
    "iro-informed": _after_plan_change("iro-informed", "iro_informed"),
    "care-plan-updated": _after_plan_change("care-plan-updated", "plan_updated"),
    "review-after-change": review_after_change,
    "annual-assessment": annual_assessment,
    "assessment-after-change": assessment_after_change,
    "assessment-discussed": assessment_discussed,
    "action-completed": action_completed,
    "final-plan-cpm": final_plan_cpm,
    "final-plan-assessments": _final_record("final-plan-assessments", _assessments_in_time),
    "final-plan-chair": _final_record("final-plan-chair", _service_manager),
    "final-plan-attendance": _final_record("final-plan-attendance", _attendance),
    "final-plan-considerations": _final_record("final-plan-considerations", _considered),
    "minutes-on-cpr": minutes_on_cpr,
    "proceedings-26-weeks": proceedings_26_weeks,
}


def obligations(tables, as_at: date, loaded, settings=None) -> list[dict]:
    return obligations_of(Facts(tables, as_at, loaded, settings))


def obligations_of(facts: Facts) -> list[dict]:
    book = _Book(facts)
    for p in facts.periods:
        for code, rule in RULES.items():
            if code not in facts.settings["off"]:
                rule(book, facts, p)
    return sorted(
        book.rows,
        key=lambda r: (
            r["rule"], r["child_id"], r["care_started"], r["anchor_date"], r["due_date"] or date.max,
            r["done_date"] or date.max, r["about"] or "", r["meeting_id"] or "",
        ),
    )  # fmt: skip


__all__ = ["COLUMNS", "COUNTED", "RULES", "add_months", "frequency", "obligations", "obligations_of", "status_of"]
