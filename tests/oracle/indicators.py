"""The drift indicators of PRACTICE_RULES.md section 4, in plain Python.

`flags(tables, as_at, loaded)` gives dicts with `indicator`, `child_id`, `since`, `figure` and, for whoever compares,
`stated`: the subset of ("since", "figure", "grade") that the specification really pins down. The other values are this
module's guess at "the day it began" and "a figure", and are no reason to call the product wrong.
`unassessable(tables, as_at, loaded)` gives the indicators that cannot be assessed from what was loaded.
"""

from __future__ import annotations

from datetime import date

from .dates import DAY, add_months
from .facts import Facts
from .rules import COUNTED, obligations_of

OPEN = ("overdue", "due_soon", "upcoming")
CPM_RULES = ("initial-cpm", "cpm-before-review", "agreed-frequency", "cpm-after-change", "final-plan-cpm")
SILENT_RULES = ("initial-cpm", "cpm-before-review", "statutory-review", "agreed-frequency")
STANDING_STILL = ("no-permanence-plan", "plan-not-achieved", "actions-rolled-over")
INDICATORS = (
    "no-permanence-plan", "plan-not-achieved", "reviews-without-cpm", "cpm-overdue", "no-recent-cpm", "nothing-booked",
    "rebooked", "actions-overdue", "actions-rolled-over", "proceedings-long", "no-filing-date", "assessment-out-of-date",
    "worker-changes", "placement-moves", "silent-drift",
)  # fmt: skip


def unassessable(tables, as_at: date, loaded, settings=None) -> set[str]:
    f = Facts(tables, as_at, loaded, settings)
    can = {code: True for code in INDICATORS}
    reviews, meetings = f.reviews_known, f.meetings_known
    can["no-permanence-plan"] = reviews and f.has("cases", "permanence_agreed")
    can["plan-not-achieved"] = f.has("cases", "permanence_agreed", "permanence_achieved")
    # With nothing that says whether permanence is planned or a court is at work, no stretch can be in scope.
    scope = f.has("proceedings") or f.has("legal_statuses") or any(
        f.has("cases", column) for column in ("permanence_achieved", "planning_permanence", "legal_status")
    )  # fmt: skip
    can["reviews-without-cpm"] = can["no-recent-cpm"] = reviews and meetings and scope
    can["cpm-overdue"] = can["nothing-booked"] = meetings
    can["rebooked"] = f.has("meetings", "status")
    can["actions-overdue"] = meetings and f.has("actions", "due_date", "completed_date")
    can["actions-rolled-over"] = meetings and f.has("actions", "completed_date")
    can["proceedings-long"] = f.has("proceedings", "concluded")
    can["no-filing-date"] = f.has("proceedings", "concluded", "plan_due")
    can["assessment-out-of-date"] = f.has("assessments")
    can["worker-changes"] = f.has("allocations", "worker")
    can["placement-moves"] = f.has("placements")
    can["silent-drift"] = meetings and any(can[c] for c in STANDING_STILL)
    return {code for code, able in can.items() if not able}


def flags(tables, as_at: date, loaded, settings=None) -> list[dict]:
    f = Facts(tables, as_at, loaded, settings)
    unable = unassessable(tables, as_at, loaded, settings)
    all_rows = obligations_of(f)
    year_ago, half_year_ago = add_months(as_at, -12), add_months(as_at, -6)  # the days before the windows begin
    out: list[dict] = []

    # The latest period of each child, and only if it is still open.
    current = {}
    for p in f.periods:
        if p.child_id not in current or p.start > current[p.child_id].start:
            current[p.child_id] = p

    for child_id, p in sorted(current.items()):
        if p.end is not None:
            continue
        mine = [r for r in all_rows if r["child_id"] == child_id and r["care_started"] == p.start]
        raised: dict[str, date] = {}

        def flag(code, since, figure, *stated, grade=None, child_id=child_id, raised=raised):
            if code not in unable:
                raised[code] = since
                row = {"indicator": code, "child_id": child_id, "since": since, "figure": figure, "grade": grade}
                out.append(row | {"stated": stated})

        def overdue(*rules, mine=mine):
            found = [r for r in mine if r["rule"] in rules and r["status"] == "overdue"]
            return sorted(found, key=lambda r: r["due_date"])

        if late := overdue("permanence-plan"):
            flag("no-permanence-plan", late[0]["due_date"], late[0]["days"])

        agreed = f.past("cases", p.case, "permanence_agreed")
        if agreed and agreed < year_ago and f.past("cases", p.case, "permanence_achieved") is None:
            flag("plan-not-achieved", agreed, (as_at - agreed).days)

        # Back from the latest closed stretch while each was missed; one out of scope or unknown ends the row.
        run = []
        for s in reversed([s for s in p.stretches if s.held]):
            # (anchor, closing day): a review on the day care began makes two stretches with that anchor.
            statuses = [
                r["status"] for r in mine
                if r["rule"] == "cpm-before-review" and (r["anchor_date"], r["closes_on"]) == (s.anchor, s.held)
            ]  # fmt: skip
            if statuses != ["missed"]:
                break
            run.append(s)
        if run:
            flag("reviews-without-cpm", run[-1].held, len(run), "figure")

        if late := overdue(*CPM_RULES):
            flag("cpm-overdue", late[0]["due_date"], late[0]["days"], "figure")

        held_days = [m.day for m in p.held_cpms]
        if p.stretches[-1].in_scope and p.start <= half_year_ago and not any(d > half_year_ago for d in held_days):
            last = max(held_days, default=p.start)
            flag("no-recent-cpm", last, (as_at - last).days)

        booked = [m for m in p.meetings if m.is_cpm and m.state == "booked" and m.day > as_at]
        waiting = sorted(
            (r for r in mine if r["rule"] in CPM_RULES and r["status"] in OPEN), key=lambda r: r["due_date"]
        )
        if waiting and waiting[0]["status"] in ("overdue", "due_soon") and not booked:
            flag("nothing-booked", waiting[0]["due_date"], (as_at - waiting[0]["due_date"]).days)

        last_held = max(held_days, default=None)
        called_off = [
            m.day
            for m in p.meetings
            if m.is_cpm
            and m.state in ("cancelled", "postponed")
            and m.day <= as_at
            and (not last_held or m.day > last_held)
        ]
        if len(called_off) >= 2:
            flag("rebooked", min(called_off), len(called_off))

        if late := overdue("action-completed"):
            flag("actions-overdue", late[0]["due_date"], len(late), "since", "figure")

        rolled = []
        if f.has("actions") and f.meetings_known:
            for a, anchor in f.actions(p):
                after = sorted(d for d in held_days if d > anchor)
                if f.past("actions", a, "completed_date") is None and len(after) >= 2:
                    rolled.append(after[1])
        if rolled:
            flag("actions-rolled-over", min(rolled), len(rolled))

        open_rows = [r for r in f.proceedings(child_id) if f.past("proceedings", r, "concluded") is None]
        if open_rows:
            issued = min(r["issued"] for r in open_rows)
            week = (as_at - issued).days // 7 + 1
            if week > 20:
                flag(
                    "proceedings-long",
                    issued + 140 * DAY,
                    week,
                    "figure",
                    "grade",
                    grade="red" if week > 26 else "amber",
                )
        without = [r["issued"] for r in open_rows if f.value("proceedings", r, "plan_due") is None]
        if without:
            flag("no-filing-date", min(without), (as_at - min(without)).days)

        if late := overdue("annual-assessment"):
            flag("assessment-out-of-date", late[0]["due_date"], late[0]["days"])

        workers: dict[str, date] = {}
        for a in f.rows("allocations", child_id):
            end, worker = f.past("allocations", a, "allocation_end"), f.value("allocations", a, "worker")
            if worker and a["allocation_start"] <= as_at and (end is None or end > year_ago):
                workers[worker] = min(workers.get(worker, date.max), a["allocation_start"])
        if len(workers) >= 3:
            flag("worker-changes", sorted(workers.values())[2], len(workers))

        begun = sorted(
            r["placement_start"]
            for r in f.rows("placements", child_id)
            if p.contains(r["placement_start"]) and year_ago < r["placement_start"] <= as_at
        )
        if len(begun) >= 3:
            flag("placement-moves", begun[2], len(begun))

        counted = [
            r for r in mine
            if r["rule"] in SILENT_RULES and r["status"] in COUNTED and year_ago < r["due_date"] <= as_at
        ]  # fmt: skip
        still = [raised[c] for c in STANDING_STILL if c in raised]
        if still and counted and all(r["status"] == "on_time" for r in counted):
            flag("silent-drift", min(still), len(counted))

    return sorted(out, key=lambda r: (r["indicator"], r["child_id"]))
