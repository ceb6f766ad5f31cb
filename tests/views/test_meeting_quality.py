"""Meeting quality against the command line's frames, and against meetings judged by hand."""

from __future__ import annotations

from datetime import date, timedelta

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cpm_metrics import views
from cpm_metrics.engine import compute_rows
from cpm_metrics.extracts.datasets import DATASETS
from cpm_metrics.settings import Settings
from cpm_metrics.store import connect
from cpm_metrics.views import look
from cpm_metrics.views import meeting_quality as quality
from tests.oracle.children import random_council
from tests.views.days import d

AS_AT = date(2026, 11, 20)
START, END = date(2025, 11, 21), AS_AT
RECORD = ("cpm-chair", "final-plan-chair", "final-plan-attendance", "final-plan-considerations", "final-plan-assessments", "progress-domains", "frequency-recorded")


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
@given(st.integers(0, 1_000_000), st.integers(0, 200))
def test_every_count_is_the_command_lines(seed, back):
    """By the day of the meeting: the obligations set off in that time. A rule on the record is due that day, so there it is `compliance` too,
    in all, by team and for one team. Every number opens as many rows."""
    found = compute_rows(random_council(seed, 20, AS_AT + timedelta(days=30)), AS_AT)
    start, end = START - timedelta(days=back), END - timedelta(days=back)
    contract = views.obligations(found)
    table = quality.counts(found, start, end).set_index("check")
    for code in quality.RULES:
        mine = contract[(contract["rule"] == code) & contract["anchor_date"].dt.date.between(start, end)]
        for part, statuses in quality.PARTS.items():
            assert table.loc[code, part] == mine["status"].isin(statuses).sum(), (code, part)
            assert len(quality.behind(found, code, part, start, end)) == table.loc[code, part]
    official = views.compliance(found, "rule", start, end).set_index("rule")
    for code in RECORD:
        if code in official.index:
            row, expected = table.loc[code], official.loc[code]
            assert [row["in_order"], row["late"], row["lacking"], row["counted"], row["cannot_tell"]] == [
                expected["on_time"], expected["late"], expected["missed"] + expected["overdue"], expected["counted"], expected["cannot_tell"]]  # fmt: skip
            assert row["rate"] == expected["rate"] or (pd.isna(row["rate"]) and pd.isna(expected["rate"]))
    by_team = quality.by_team(found, start, end)
    assert by_team.groupby("check")[list(quality.PARTS)].sum().sum().sum() == table[list(quality.PARTS)].sum().sum()
    official = views.compliance(found, ["rule", "team"], start, end)
    for row in by_team[by_team["check"].isin(RECORD) & (by_team["team"] != quality.NO_TEAM)].itertuples():
        (expected,) = official[(official["rule"] == row.check) & (official["team"] == row.team)].itertuples()
        assert (row.in_order, row.lacking, row.cannot_tell) == (expected.on_time, expected.missed, expected.cannot_tell)
        one = quality.counts(found, start, end, [row.team]).set_index("check").loc[row.check]
        assert (one["in_order"], one["lacking"], one["cannot_tell"]) == (row.in_order, row.lacking, row.cannot_tell)


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
@given(st.integers(0, 1_000_000))
def test_the_list_of_meetings_agrees_with_the_counts(seed):
    """Each held CPM and child once; what they lack adds up to the numbers of the checks, with what the record leaves blank beside them."""
    found = compute_rows(random_council(seed, 20, AS_AT + timedelta(days=30)), AS_AT)
    rows, table = quality.meetings(found, START, END), quality.counts(found, START, END).set_index("check")
    held = found.rows("SELECT count(*) FROM held_cpms WHERE meeting_date BETWEEN ? AND ?", [START, END])[0][0]
    of = quality.summary(rows)
    assert of.held == held == of.lack + of.whole + of.untold
    assert of.no_outcome == table.loc["outcome", "lacking"] == len(rows) - held
    lacks = quality.items(rows)
    for code in quality.RULES:
        assert lacks.get(code, ("", 0))[1] == table.loc[code, "lacking"]
        assert lacks.get(f"{code}-blank", ("", 0))[1] <= table.loc[code, "cannot_tell"]
    for part in quality.PARTS:
        assert len(quality.outcomes(found, part, START, END)) == table.loc["outcome", part]
        for code in (quality.OWNER, quality.DUE):
            assert len(quality.actions(found, code, part, START, END)) == table.loc[code, part]
    for code in (quality.OWNER, quality.DUE):
        acts = quality.actions(found, code, "lacking", START, END)
        assert len(acts) == table.loc[code, "lacking"]
        assert lacks.get(code, ("", 0))[1] <= len(acts)
    for row in rows.itertuples():
        assert len(row.lacks) == len(row.items) == len(row.why.split("\n") if row.why else [])


def test_actions_with_no_due_date_are_the_obligations_that_cannot_be_told():
    """Of held CPMs; an action of a cancelled one is no record of a meeting that took place."""
    found = compute_rows(random_council(3, 60, AS_AT), AS_AT)
    told = found.rows(
        """SELECT count(*) FROM obligations o JOIN held_cpms m ON m.child_id = o.child_id AND m.care_started = o.care_started AND m.meeting_key = o.about_meeting
           WHERE o.rule = 'action-completed' AND o.status = 'cannot_tell' AND o.missing = 'Due date of this action' AND o.anchor_date BETWEEN ? AND ?""",
        [START, END],
    )[0][0]
    assert told == quality.counts(found, START, END).set_index("check").loc["action-due", "lacking"] > 0


SEVEN = list(DATASETS["meetings"].field("domains").codes)
WHOLE = {
    "chair_role": "team_manager", "agreed_frequency": "monthly", "domains": SEVEN, "minutes_uploaded": d("2026-06-03"), "minutes_distributed": d("2026-06-03"), "plan_change": "none",
}  # fmt: skip


def meeting(ref: str, **more) -> dict:
    return {"meeting_id": ref, "child_id": ref, "meeting_type": "cpm", "meeting_date": d("2026-06-01"), "status": "held"} | WHOLE | more


def council(*meetings: dict, actions: list[dict] | None = None, without: tuple[str, ...] = (), **more):
    cases = [{"child_id": child, "care_started": d("2026-01-05"), "team": "North", "worker": "Wren", "complex_case": False} for child in dict.fromkeys(m["child_id"] for m in meetings)]
    tables = {"cases": cases, "meetings": list(meetings), "proceedings": []} | ({} if actions is None else {"actions": actions}) | more
    return compute_rows(tables, AS_AT, columns={"meetings": [f.name for f in DATASETS["meetings"].fields if f.name not in without]})


def lacks(found) -> dict[str, list[str]]:
    return {row.child_id: row.lacks for row in quality.meetings(found, START, END).itertuples()}


def test_what_each_meeting_lacks_by_hand():
    """WHOLE lacks nothing, nor does LATE, whose minutes came late. BARE has a date and no more. MIX: one domain of seven, chaired by the IRO, a
    plan change that the IRO never heard of. GONE was planned and nobody said what became of it; PUT was put off."""
    acts = [{"child_id": "ACT", "meeting_id": "ACT", "meeting_date": d("2026-06-01"), "action": "Refer", "responsible": "  "}, {"child_id": "ACT", "meeting_id": "ACT", "meeting_date": d("2026-06-01"), "action": "Ring", "responsible": "Wren", "due_date": d("2026-07-01")}]
    found = council(
        meeting("WHOLE"), meeting("LATE", minutes_uploaded=d("2026-09-01")), meeting("BARE", **dict.fromkeys(WHOLE)), meeting("MIX", domains=["health"], chair_role="iro", plan_change="minor", plan_updated=d("2026-06-02")),
        meeting("GONE", status="booked"), meeting("PUT", status="postponed"), meeting("ACT"), actions=acts,
    )  # fmt: skip
    assert lacks(found) == {
        "WHOLE": [], "LATE": [], "BARE": ["minutes not on file", "minutes not distributed", "no chair recorded", "domains not recorded", "no frequency recorded"],
        "MIX": ["chair not as the guidance asks", "not all seven domains", "IRO not informed"], "GONE": ["outcome not recorded"], "ACT": ["action with no owner", "action with no due date"],
    }  # fmt: skip
    of = quality.summary(quality.meetings(found, START, END))
    assert (of.held, of.lack, of.whole, of.untold, of.no_outcome) == (5, 3, 2, 0, 1)
    table = quality.counts(found, START, END).set_index("check")
    assert table.loc["outcome", ["in_order", "lacking"]].tolist() == [6, 1]
    assert table.loc["action-owner", ["in_order", "lacking"]].tolist() == [1, 1]
    assert quality.actions(found, "action-owner", "lacking", START, END)["action"].tolist() == ["Refer"]


def test_minutes_not_due_yet_are_not_lacking():
    """Held two days ago, within five working days: not due yet. On the sixth they lack."""
    for held, word in ((d("2026-11-13"), "not_due"), (d("2026-11-12"), "lacking")):
        found = council(meeting("A", meeting_date=held, minutes_uploaded=None))
        assert quality.counts(found, START, END).set_index("check").loc["minutes-on-file", word] == 1
        assert bool(lacks(found)["A"]) == (word == "lacking")


def test_the_final_plan_meeting_has_checks_of_its_own():
    """A team manager in the chair, the fostering manager away, one thing not considered and no proceedings that day."""
    final = meeting(
        "A", meeting_type="final_plan_cpm", attendee_roles=["social_worker", "team_manager", "parenting_assessor", "contact_centre_manager"],
        considered_parents=True, considered_connected=True, considered_outside_family=True, considered_contact=True, considered_evidence=False,
    )  # fmt: skip
    expected = ["no service manager in the chair", "someone who must attend was absent", "not everything considered", "no proceedings recorded for that day"]
    assert lacks(council(final)) == {"A": expected}
    assert lacks(council(final | {"considered_evidence": None, "attendee_roles": None, "chair_role": "service_manager"}))["A"] == [
        "attendance not recorded", "considerations left blank", "no proceedings recorded for that day"]  # fmt: skip


def test_what_the_extract_does_not_have_is_untold_and_not_lacking():
    """Without the column no record is to blame: one meeting that lacks nothing and can't be told in full."""
    found = council(meeting("A"), without=("chair_role", "domains"))
    of = quality.summary(quality.meetings(found, START, END))
    assert (of.held, of.lack, of.whole, of.untold) == (1, 0, 0, 1)
    table = quality.counts(found, START, END).set_index("check")
    assert table.loc["cpm-chair", ["in_order", "lacking", "cannot_tell"]].tolist() == [0, 0, 1]
    assert quality.unassessable(found) == {"action-owner": "Actions", "action-due": "Actions"}
    found = council(meeting("A"), without=("plan_change",))
    assert "Care plan change" in quality.unassessable(found)["iro-informed"]
    assert "Care plan change" in quality.counts(found, START, END).set_index("check").loc["iro-informed", "needs"]


def test_a_meeting_about_two_children_is_two_records():
    pair = [meeting("A"), meeting("A") | {"child_id": "B", "domains": ["health"]}]
    assert lacks(council(*pair)) == {"A": [], "B": ["not all seven domains"]}


def test_both_ends_of_the_time_count_and_nothing_after_the_as_at_date():
    found = council(meeting("A", meeting_date=START), meeting("B", meeting_date=END), meeting("C", meeting_date=START - timedelta(days=1)), meeting("D", meeting_date=d("2026-11-25"), status="booked"), cases=[
        {"child_id": child, "care_started": d("2025-01-06"), "team": "North"} for child in "ABCD"])  # fmt: skip
    assert set(quality.meetings(found, START, END)["child_id"]) == {"A", "B"}
    assert set(quality.meetings(found, START, d("2026-12-31"))["child_id"]) == {"A", "B"}
    assert quality.counts(found, START, d("2026-12-31")).set_index("check").loc["outcome", "in_order"] == 2


def test_the_list_goes_by_the_team_on_the_day_of_the_meeting():
    """First held the case on the day, Second when the minutes were due, and now."""
    allocations = [
        {"child_id": "A", "team": "First", "worker": "Wren", "allocation_start": d("2026-01-05"), "allocation_end": d("2026-06-03")},
        {"child_id": "A", "team": "Second", "worker": "Heron", "allocation_start": d("2026-06-04")},
    ]
    found = council(meeting("A", minutes_uploaded=None, domains=["health"]), allocations=allocations)
    assert quality.meetings(found, START, END)[["team", "worker"]].values.tolist() == [["First", "Wren"]]
    by_team = quality.by_team(found, START, END).set_index(["check", "team"])
    assert by_team.loc[("progress-domains", "First"), "lacking"] == 1
    assert by_team.loc[("minutes-on-file", "Second"), "lacking"] == 1
    assert list(quality.meetings(found, START, END, ["Second"])["child_id"]) == []


def test_no_team_recorded_can_be_opened():
    found = council(meeting("A", domains=["health"]), cases=[{"child_id": "A", "care_started": d("2026-01-05"), "team": None}])
    (row,) = quality.by_team(found, START, END, check="progress-domains").itertuples()
    assert (row.team, row.lacking) == (quality.NO_TEAM, 1)
    assert len(quality.behind(found, "progress-domains", "lacking", START, END, None)) == 1


def test_a_rule_that_is_off_is_not_checked():
    found = compute_rows(random_council(3, 10, AS_AT), AS_AT, settings=Settings({"cpm-chair.on": False}))
    assert "cpm-chair" not in set(quality.counts(found, START, END)["check"])
    assert not any("cpm-chair" in items for items in quality.meetings(found, START, END)["items"])


@pytest.mark.parametrize("tables", [{"cases": []}, {"cases": [{"child_id": "A", "care_started": d("2026-01-05"), "team": "North"}]}])
def test_nothing_to_check(tables):
    found = compute_rows(tables, AS_AT)
    assert not len(quality.meetings(found, START, END))
    assert not len(quality.by_team(found, START, END))
    assert (quality.counts(found, START, END)["counted"] == 0).all()


def test_a_team_that_loading_writes_as_not_recorded_opens_its_rows(tmp_path):
    """A team that isn’t known is stored as “Not recorded”, not as a blank: its counts open as many rows as they say."""
    import pandas as pd

    from cpm_metrics.engine import compute
    from cpm_metrics.extracts.prepare import prepare
    from cpm_metrics.extracts.problems import InputFile
    from cpm_metrics.store import Store

    pd.DataFrame({"Child ID": ["1"], "Allocated team": [quality.NO_TEAM], "Allocated worker": ["A Worker"], "Date started to be looked after": ["02/01/2026"], "Status": ["open"]}).to_csv(tmp_path / "cases.csv", index=False)
    pd.DataFrame({"Meeting ID": ["m"], "Child ID": ["1"], "Meeting type": ["Care Planning Meeting"], "Meeting date": ["08/01/2026"], "Meeting status": ["Held"]}).to_csv(tmp_path / "meetings.csv", index=False)
    store = Store(tmp_path / "store")
    store.commit(prepare([InputFile(path.name, path) for path in sorted(tmp_path.glob("*.csv"))]), date(2026, 11, 20), "a test", confirmed=True)
    results = compute(store.current())
    table = quality.by_team(results, date(2026, 1, 1), date(2026, 11, 20))
    assert set(table["team"]) == {quality.NO_TEAM}
    for row in table[table["check"].isin(quality.RULES)].itertuples():
        assert len(quality.behind(results, row.check, None, date(2026, 1, 1), date(2026, 11, 20), None)) == sum(getattr(row, part) for part in quality.PARTS)
    assert len(quality.outcomes(results, None, date(2026, 1, 1), date(2026, 11, 20), None)) == 1


@given(st.integers(0, 3000), st.integers(1, 3000))
def test_a_percentage_is_the_same_in_python_and_in_sql(part, whole):
    """9 of 16 is 56.25: one rounds it up and the other to the even digit, if left to themselves."""
    assert look.percent(9, 16) == 56.3
    with connect.memory() as connection:
        ((said,),) = connection.execute(f"SELECT {look.percent_sql('part', 'of')} FROM (SELECT ? AS part, ? AS of)", [min(part, whole), whole]).fetchall()
    assert said == look.percent(min(part, whole), whole)
