"""What a change of settings would do, against statuses worked out by hand and against the command line's frames."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cpm_metrics import views
from cpm_metrics.engine import compute, compute_rows
from cpm_metrics.errors import CpmError
from cpm_metrics.settings import LONGEST, UNITS, Limit, Settings, all_settings, as_kept
from cpm_metrics.views import lists, settings_effect
from tests.pages.conftest import full_store, results, sample_files  # noqa: F401

S, AS_AT = date(2026, 1, 5), date(2026, 3, 2)
DECLARED = {s.name: s for s in all_settings()}


def council(days: dict[str, int | None]) -> dict:
    """Children who came into care on S, with a first CPM so many days later (None: none)."""
    return {
        "cases": [{"child_id": child, "care_started": S, "team": "North"} for child in days],
        "meetings": [{"meeting_id": f"M{child}", "child_id": child, "meeting_type": "cpm", "meeting_date": S + timedelta(days=day)} for child, day in days.items() if day is not None],
    }  # fmt: skip


def effect(tables: dict, chosen: dict, as_at: date = AS_AT) -> settings_effect.Effect:
    return settings_effect.between(compute_rows(tables, as_at), compute_rows(tables, as_at, settings=Settings(chosen)))


def moves(found: settings_effect.Effect, rule: str) -> dict[str, tuple[str, str]]:
    return {row.child_id: (row.before, row.after) for row in found.moved.itertuples() if row.rule == rule}


def test_five_days_instead_of_ten():
    """Day 5 is still in time, day 6 and day 10 no longer, day 11 was late before; every due date moves by five days."""
    found = effect(council({"five": 5, "six": 6, "ten": 10, "eleven": 11, "none": None}), {"initial-cpm.limit": Limit(5, "calendar days")})
    assert moves(found, "initial-cpm") == {"six": ("on_time", "late"), "ten": ("on_time", "late")}
    assert found.moved["due_before"].map(lambda d: d.date()).tolist() == [S + timedelta(days=10)] * 2
    assert found.moved["due_date"].map(lambda d: d.date()).tolist() == [S + timedelta(days=5)] * 2
    assert sorted(found.due_moved["child_id"]) == ["eleven", "five", "none"]
    assert settings_effect.from_to(found.moved)[["rule", "before", "after", "obligations", "children"]].values.tolist() == [["initial-cpm", "on_time", "late", 2, 2]]
    assert "5 calendar days" in found.moved["why"].iloc[0]


@settings(max_examples=8, deadline=None)
@given(limit=st.integers(0, 20), day=st.one_of(st.none(), st.integers(0, 20)), as_at=st.integers(0, 60))
def test_the_boundary_day_by_hand(limit, day, as_at):
    """The status before and after is what counting the days gives, for any limit, meeting and as-at date."""

    def by_hand(allowed: int) -> str:
        if day is not None and day <= as_at:
            return "on_time" if day <= allowed else "late"
        return "overdue" if allowed < as_at else "due_soon" if allowed - as_at <= 28 else "upcoming"

    found = effect(council({"A": day}), {"initial-cpm.limit": Limit(limit, "calendar days")}, S + timedelta(days=as_at))
    before, after = by_hand(10), by_hand(limit)
    assert moves(found, "initial-cpm") == ({"A": (before, after)} if before != after else {})
    assert len(found.due_moved[found.due_moved["rule"] == "initial-cpm"]) == (before == after and limit != 10)


def test_flags_come_and_go():
    """A CPM that becomes overdue raises the flag; the other way round clears it."""
    tables = council({"A": None})
    tight = Settings({"initial-cpm.limit": Limit(2, "calendar days")})
    day = S + timedelta(days=5)
    default, changed = compute_rows(tables, day), compute_rows(tables, day, settings=tight)
    raised = settings_effect.between(default, changed)
    assert "cpm-overdue" in set(raised.flags_raised["indicator"])
    assert not len(raised.flags_cleared)
    cleared = settings_effect.between(changed, default)
    assert cleared.flags_cleared["indicator"].tolist() == raised.flags_raised["indicator"].tolist()


def test_a_rule_that_is_switched_off_takes_its_obligations_along():
    tables = council({"A": 3, "B": None})
    found = effect(tables, {"initial-cpm.on": False})
    assert moves(found, "initial-cpm") == {"A": ("on_time", "not_there"), "B": ("overdue", "not_there")}
    assert found.moved.loc[found.moved["child_id"] == "B", "why"].item()
    assert found.counted[0] - found.counted[1] == 2
    assert "CPM overdue" in settings_effect.leans_on("initial-cpm")


def test_actions_of_one_meeting_are_not_mixed_up():
    """Three actions share rule, child and day: those that keep their status are not told as moved when something else changes."""
    tables = council({"A": 3})
    tables["actions"] = [{"child_id": "A", "meeting_id": "MA", "action": None, "due_date": S + timedelta(days=n), "completed_date": done} for n, done in ((20, None), (30, S + timedelta(days=31)), (300, None))]
    found = effect(tables, {"general.due_soon": Limit(300, "calendar days")})
    assert [row for row in found.moved.itertuples() if row.rule == "action-completed" and row.before != "upcoming"] == []


def test_on_a_whole_council_nothing_is_lost(full_store, results):  # noqa: F811
    """What the command line counts by rule and status before, moved as the effect says, is what it counts after."""
    chosen = Settings({"statutory-review.later": Limit(5, "months"), "minutes-distributed.limit": Limit(3, "working days"), "general.before_care": Limit(0, "weeks"), "cpm-chair.on": False})
    after = compute(full_store.current(), settings=chosen)
    found = settings_effect.between(results, after)
    counts = [Counter(zip(frame["rule"], frame["status"], strict=True)) for frame in (views.obligations(results), views.obligations(after))]
    for row in found.moved.itertuples():
        counts[0][row.rule, row.before] -= 1
        counts[0][row.rule, row.after] += 1
    assert {key: n for key, n in counts[0].items() if n and key[1] != "not_there"} == dict(counts[1])
    assert len(found.moved) == settings_effect.from_to(found.moved)["obligations"].sum() > 100
    flags = [set(zip(f["indicator"], f["child_id"], strict=True)) for f in (lists.flags(results), lists.flags(after))]
    assert set(zip(found.flags_raised["indicator"], found.flags_raised["child_id"], strict=True)) == flags[1] - flags[0]
    assert set(zip(found.flags_cleared["indicator"], found.flags_cleared["child_id"], strict=True)) == flags[0] - flags[1]
    assert settings_effect.between(results, compute(full_store.current())).nothing


def test_every_limit_works_in_every_unit_it_may_have():
    """A setting that the page lets through must never stop the engine; units that would are refused in words."""
    tables = council({"A": 3}) | {name: [] for name in ("reviews", "placements", "actions", "assessments", "significant_changes", "proceedings", "legal_statuses", "allocations")}
    limits = [s for s in DECLARED.values() if isinstance(s.default, Limit)]
    for unit in UNITS:
        for amount in (0, LONGEST[unit]):
            compute_rows(tables, AS_AT, settings=Settings({s.name: Limit(amount, unit) for s in limits if unit in s.units}))
    backwards = [s for s in limits if "working days" not in s.units]
    assert {s.name for s in backwards} >= {"general.before_care", "final-plan-cpm.limit", "no-recent-cpm.limit", "silent-drift.window"}
    for setting in backwards:
        with pytest.raises(CpmError, match="counts backwards"):
            Settings({setting.name: Limit(5, "working days")})


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("initial-cpm.limit", {"amount": -1, "unit": "weeks"}, "not a limit"), ("initial-cpm.limit", {"amount": 521, "unit": "weeks"}, "not a limit"),
        ("initial-cpm.limit", {"amount": None, "unit": "weeks"}, "not a limit"), ("initial-cpm.limit", {"amount": 5, "unit": "fortnights"}, "not a unit"),
        ("initial-cpm.limit", {"amount": 5, "days": 5}, "can't be the value"), ("general.smallest_counted", 0, "can't be the value"), ("rebooked.limit", 100_000, "can't be the value"), ("cpm-chair.on", 1, "can't be the value"),
    ],
)  # fmt: skip
def test_bad_values_are_refused_in_words(name, value, words):
    with pytest.raises(CpmError, match=words) as refused:
        Settings({name: value})
    assert refused.value.remedy


def test_amber_beyond_red_is_a_contradiction():
    assert "beyond red" in Settings({"proceedings-long.amber": 27}).contradiction()
    assert Settings({"proceedings-long.amber": 26}).contradiction() == Settings().contradiction() == ""


def test_every_setting_can_be_found_and_has_its_source():
    """Each declared setting stands on exactly one line of the page, and what is kept reads back as what was chosen."""
    things = settings_effect.things(Settings())
    assert Counter(name for thing in things for name in thing.names) == Counter(list(DECLARED))
    assert all(thing.source and thing.question and thing.group in settings_effect.GROUPS for thing in things)
    found = [thing.code for thing in things if settings_effect.finds(thing, "first care 10 calendar", Settings())]
    assert found == ["initial-cpm"]
    for name, setting in DECLARED.items():
        assert Settings({name: as_kept(setting.default)})[name] == setting.default
        assert re.search(r"\w", setting.title)
