"""What must hold for every rule on any data, tried on random councils whose dates crowd around the boundaries."""

from __future__ import annotations

import random
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cpm_metrics import views
from cpm_metrics.engine import CONTRACT_COLUMNS, COUNTED, STATUSES, compute_rows
from cpm_metrics.extracts import datasets
from cpm_metrics.rules import all_rules
from cpm_metrics.settings import Limit, Settings
from tests.oracle.children import loaded_all, random_council

AS_AT = date(2026, 3, 31)
SEEDS = st.integers(0, 1_000_000)
few = settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)

# The day on which each dataset's row begins; and dates that are plans, not events.
BEGINS = {
    "cases": "care_started", "meetings": "meeting_date", "reviews": "review_date", "placements": "placement_start",
    "legal_statuses": "legal_status_start", "allocations": "allocation_start", "actions": "meeting_date",
    "assessments": "assessment_date", "changes": "change_date", "proceedings": "issued",
}  # fmt: skip
PLANS = {"due_date", "plan_due"}


def shown(results) -> list[tuple]:
    """Every obligation and flag, as sorted texts."""
    rows = results.rows(f"SELECT {', '.join(CONTRACT_COLUMNS)} FROM obligations") + results.rows("SELECT * FROM indicators")
    return sorted(str(row) for row in rows)


def before(tables, as_at):
    """The tables with everything dated after `as_at` taken away, but for bookings and plans."""
    out = {}
    for name, rows in tables.items():
        kept = []
        for row in rows:
            booking = name in ("meetings", "reviews")
            if row[BEGINS[name]] > as_at and not booking:
                continue
            kept.append({
                key: None if isinstance(value, date) and value > as_at and key not in PLANS
                and not (booking and key == BEGINS[name]) and key != "latest_review" and key != BEGINS[name] else value
                for key, value in row.items()
            })  # fmt: skip
        out[name] = kept
    # A case's current legal status that began later was not its status then; a plan agreed later was not yet a plan.
    for row, old in zip(out["cases"], [r for r in tables["cases"] if r["care_started"] <= as_at], strict=True):
        begun = [old["legal_status_start"]] if old.get("legal_status_start") else [
            s["legal_status_start"] for s in tables["legal_statuses"]
            if s["child_id"] == old["child_id"] and (s["legal_code"] == old["legal_code"] is not None or s["legal_status"] == old["legal_status"])
            and s["legal_status_start"] >= old["care_started"] and not (old["care_ceased"] and s["legal_status_start"] > old["care_ceased"])
        ]  # fmt: skip
        if begun and min(begun) > as_at:
            row["legal_status"] = row["legal_code"] = None
        if old.get("permanence_agreed") and old["permanence_agreed"] > as_at:
            row["permanence_plan_text"] = None
    return out


@few
@given(SEEDS)
def test_nothing_after_the_as_at_date_matters(seed):
    """Bookings aside, taking away all that came later changes no obligation and no flag."""
    tables = random_council(seed, 8, AS_AT + timedelta(days=60))
    assert shown(compute_rows(tables, AS_AT)) == shown(compute_rows(before(tables, AS_AT), AS_AT))


@few
@given(SEEDS)
def test_the_order_of_rows_does_not_matter(seed):
    """Shuffled rows give the same obligations."""
    tables = random_council(seed, 8, AS_AT)
    mixed = {name: random.Random(seed).sample(rows, len(rows)) for name, rows in tables.items()}
    assert shown(compute_rows(tables, AS_AT)) == shown(compute_rows(mixed, AS_AT))


@few
@given(SEEDS)
def test_a_child_alone_is_the_child_among_others(seed):
    """No sibling's data touches another child's: computed alone, a child's rows are the same."""
    tables = random_council(seed, 6, AS_AT)
    results = compute_rows(tables, AS_AT)
    child = random.Random(seed).choice(sorted({row["child_id"] for row in tables["cases"]}))
    alone = {name: [row for row in rows if row["child_id"] == child] for name, rows in tables.items()}
    # Whether reviews come as rows of Meetings is a fact about the extract, not about the child.
    mine = [row for row in shown(results) if f"'{child}'" in row]
    assert mine == shown(compute_rows(alone, AS_AT))


@few
@given(SEEDS)
def test_every_obligation_has_one_status_and_none_is_lost(seed):
    """What the clocks raise is what the table, the exports and the compliance counts hold."""
    results = compute_rows(random_council(seed, 8, AS_AT), AS_AT)
    raised = results.rows(f"SELECT rule, count(*) FROM ({results.clocks}) GROUP BY ALL ORDER BY ALL")
    assert raised == results.rows("SELECT rule, count(*) FROM obligations GROUP BY ALL ORDER BY ALL")
    assert {status for (status,) in results.rows("SELECT DISTINCT status FROM obligations")} <= set(STATUSES)
    assert results.rows("SELECT count(*) FROM obligations WHERE status IS NULL OR why IS NULL")[0][0] == 0
    frame = views.obligations(results)
    assert len(frame) == sum(count for _, count in raised)
    for by in ("rule", "team", "worker"):
        table = views.compliance(results, by)
        assert table[list(COUNTED)].to_numpy().sum() == frame["status"].isin(COUNTED).sum()
        assert table["cannot_tell"].sum() == (frame["status"] == "cannot_tell").sum()


@few
@given(SEEDS)
def test_days_are_what_they_say(seed):
    """Late: days after due. Overdue: days to the as-at date. In time: nought or fewer. Otherwise blank."""
    results = compute_rows(random_council(seed, 8, AS_AT), AS_AT)
    for status, due, done, days in results.rows("SELECT status, due_date, done_date, days FROM obligations"):
        if status in ("on_time", "late"):
            assert days == (done - due).days and (days > 0) == (status == "late")
        elif status == "overdue":
            assert days == (AS_AT - due).days > 0
        else:
            assert days is None


MOVABLE = [
    rule for rule in all_rules()
    if "limit" in rule.limits and rule.limits["limit"].unit == "calendar days" and rule.code != "final-plan-cpm"
]  # fmt: skip


@pytest.mark.parametrize("rule", MOVABLE, ids=lambda rule: rule.code)
@settings(few, max_examples=3)
@given(SEEDS)
def test_a_day_more_changes_only_the_boundary(rule, seed):
    """With one day more, only those a day late, a day overdue, on the edge of the horizon or ended that day change."""
    tables = random_council(seed, 10, AS_AT)
    limit = rule.limits["limit"]
    longer = Settings({f"{rule.code}.limit": Limit(limit.amount + 1, limit.unit)})
    ask = """SELECT rule, child_id, status, due_date, done_date, lapses_on FROM obligation_facts
        ORDER BY rule, child_id, care_started, anchor_date, done_date, about_meeting, detail, meeting_id, lapses_on"""
    old, new = compute_rows(tables, AS_AT).rows(ask), compute_rows(tables, AS_AT, settings=longer).rows(ask)
    assert len(old) == len(new)
    for (code, _, was, due, done, lapses), (_, _, now, new_due, *_) in zip(old, new, strict=True):
        if code != rule.code:
            assert was == now
            continue
        assert new_due is None or new_due == due + timedelta(days=1)
        if was != now:
            assert (was, now) in {
                ("late", "on_time"), ("overdue", "due_soon"), ("due_soon", "upcoming"), ("missed", "lapsed"),
            }  # fmt: skip
            assert (
                (now == "on_time" and done == new_due) or (now == "due_soon" and new_due == AS_AT)
                or (now == "upcoming" and due == AS_AT + timedelta(days=28)) or (now == "lapsed" and lapses == new_due)
            )  # fmt: skip


def test_the_generator_reaches_every_rule():
    """The properties above would prove little about a rule that the random councils never set off."""
    tables = random_council(5, 40, AS_AT)
    seen = {code for (code,) in compute_rows(tables, AS_AT).rows("SELECT DISTINCT rule FROM obligations")}
    assert seen == {rule.code for rule in all_rules()}
    assert set(loaded_all(tables)) == set(datasets.DATASETS)


def test_an_indicator_whose_rules_are_all_switched_off_says_so():
    """It would otherwise be silent, and silence looks like "no sign of drift"."""
    from cpm_metrics.engine import compute_rows
    from cpm_metrics.settings import Settings

    tables = {"cases": [{"child_id": "A", "care_started": date(2024, 1, 8), "team": "North"}], "meetings": [], "reviews": []}
    off = compute_rows(tables, date(2026, 3, 1), settings=Settings({"permanence-plan.on": False}))
    on = compute_rows(tables, date(2026, 3, 1), settings=Settings({"initial-cpm.on": False}))
    assert ("no-permanence-plan", "the rule “Permanence plan by the second review”, which is switched off") in off.rows("FROM unassessable")
    # Of several, those that are on are read.
    assert "cpm-overdue" not in {code for code, _ in on.rows("FROM unassessable")}


def test_an_indicator_that_reads_others_can_be_assessed_where_one_of_them_can():
    """Silent drift is compliance with a plan that stands still: where no sign of standing still can be raised, it would only be silent."""
    tables = {"cases": [{"child_id": "A", "care_started": date(2024, 1, 8), "team": "North"}], "meetings": [], "reviews": []}
    plain = {"cases": ["child_id", "care_started", "team"]}

    def needs(found) -> dict[str, str]:
        return dict(found.rows("FROM unassessable"))

    assert needs(compute_rows(tables, AS_AT, columns=plain))["silent-drift"] == (
        "Permanence plan agreed date (Cases) or Actions; Permanence plan agreed date (Cases) or Completed date (Actions)"
    )
    assert "silent-drift" not in needs(compute_rows(tables | {"actions": []}, AS_AT, columns=plain))
    assert "silent-drift" not in needs(compute_rows(tables, AS_AT))
    off = Settings({"no-permanence-plan.on": False, "plan-not-achieved.on": False})
    assert "the indicator “No permanence plan”, which is switched off" in needs(compute_rows(tables, AS_AT, settings=off))["silent-drift"]


def test_a_day_on_which_care_ended_and_began_again_gives_each_period_its_own_meetings():
    """A move and proceedings on that day belong to both periods; the meetings of the second meet nothing of the first, but for the CPM
    before the final plan, which proceedings wait for wherever the child is."""
    day = date(2026, 3, 10)
    found = compute_rows(
        {
            "cases": [{"child_id": "1", "care_started": date(2025, 6, 2), "care_ceased": day, "team": "A"}, {"child_id": "1", "care_started": day, "team": "A"}],
            "placements": [{"child_id": "1", "placement_start": day}],
            "proceedings": [{"child_id": "1", "issued": day, "plan_due": date(2026, 6, 15)}],
            "meetings": [{"child_id": "1", "meeting_id": "m1", "meeting_type": "placement_planning", "meeting_date": date(2026, 3, 12)},
                         {"child_id": "1", "meeting_id": "m2", "meeting_type": "final_plan_cpm", "meeting_date": date(2026, 5, 20)}],
        },
        date(2026, 6, 30),
    )  # fmt: skip
    rows = found.rows("SELECT rule, care_started, status FROM obligations WHERE rule IN ('placement-planning', 'final-plan-cpm') ORDER BY ALL")
    assert [(rule, started.month) for rule, started, status in rows if status == "on_time"] == [("final-plan-cpm", 6), ("final-plan-cpm", 3), ("placement-planning", 3)]
