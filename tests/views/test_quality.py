"""Data quality: hand-worked shares, fix-lists and recording lags from tiny loads."""

import re
from datetime import date

import pytest

from cpm_metrics.extracts.prepare import prepare
from cpm_metrics.extracts.problems import InputFile
from cpm_metrics.rules import all_rules
from cpm_metrics.store import Store
from cpm_metrics.views import lists, quality
from tests.extracts.files import xlsx
from tests.views.loads import CASES, MEETINGS, REVIEWS, computed, load, three_loads


@pytest.fixture(scope="module")
def three(tmp_path_factory):
    return three_loads(tmp_path_factory.mktemp("store"))


def test_what_can_be_told_is_every_obligation_less_those_that_cannot(three):
    """The share of every rule has the same numbers as the list of obligations, for all teams and for one."""
    store, infos = three
    results = computed(store, infos[1])
    found = quality.assessable(results)
    for teams in ([], ["North"]):
        shares = quality.by_rule(quality.of_teams(found, teams))
        obligations = lists.obligations(results, teams=teams)
        assert shares["all"].sum() == len(obligations)
        assert shares["cannot_tell"].sum() == (obligations["status"] == "cannot_tell").sum()
        assert len(quality.unassessable(results, teams)) == shares["cannot_tell"].sum()


def test_the_chair_of_two_of_three_meetings_is_unknown(three):
    """In June three CPMs were held: one with a role, one blank, one written in words that aren't known."""
    store, infos = three
    shares = quality.by_rule(quality.assessable(computed(store, infos[1]))).set_index("rule")
    assert shares.loc["cpm-chair", "share"] == "1 of 3"
    assert shares.loc["cpm-chair", "percent"] == 33.3
    assert shares.loc["proceedings-26-weeks", "share"] == "0 of 3"
    assert shares.loc["final-plan-chair", "share"] == "nothing was due"


def test_the_share_is_all_only_when_it_is_all():
    """999 of 1,000 and 1,999 of 2,000 are not 100%."""
    assert [quality.percent(*pair) for pair in ((2000, 2000), (1999, 2000), (1, 5000), (0, 7), (0, 0))] == [100, 99.9, 0.1, 0, None]


def test_a_record_is_fixed_by_a_worker_and_a_missing_column_by_the_extract(three):
    """A blank chair's role is for the worker; a column that isn't in the extract is one thing to ask for, not one per child."""
    store, infos = three
    rows = quality.unassessable(computed(store, infos[1]))
    chair = rows[rows["rule"] == "cpm-chair"]
    assert chair[["child_id", "where", "fix"]].sort_values("child_id").values.tolist() == [
        ["0001", "record", "Enter the role of whoever chaired the CPM of 20 May 2026."],
        ["0002", "record", "Write the role of whoever chaired the CPM of 24 Apr 2026 in words that are known, for example Team manager."],
    ]
    assert set(rows.loc[rows["rule"] == "care-plan", "fix"]) == {"Add the column “Care plan completed date” to Cases."}
    assert set(rows.loc[rows["rule"] == "proceedings-26-weeks", "fix"]) == {"Load Proceedings."}
    assert set(rows.loc[rows["rule"] == "cpm-after-change", "fix"]) == {"Load Significant changes or load Placements."}
    assert set(rows.loc[rows["rule"] == "iro-informed", "fix"]) == {"Add the column “Care plan change” to Meetings."}
    groups = quality.missing_groups(rows).set_index("needs")
    assert groups.loc["Proceedings", ["where", "obligations", "children", "fixes"]].tolist()[:2] == ["extract", len(rows[rows["needs"] == "Proceedings"])]
    assert groups.loc["Chair role", ["where", "obligations", "children", "fixes"]].tolist() == ["record", 2, 2, 2]
    assert groups["obligations"].sum() == len(rows)


def test_the_fix_list_has_one_row_per_child_and_thing_by_team_and_worker(three):
    """What holds up several obligations of a child is entered once; children who left are left out where only those in care are wanted."""
    store, infos = three
    fixes = quality.fix_list(quality.unassessable(computed(store, infos[1])))
    assert fixes[["child_id", "team", "worker", "needs"]].values.tolist() == [
        ["0001", "North", "Nia", "Agreed frequency"],
        ["0001", "North", "Nia", "Chair role"],
        ["0002", "South", "Sam", "Chair role"],
    ]
    assert fixes["fix"].iloc[0] == "Write the agreed frequency of the CPM of 20 May 2026 as a number of days, weeks or months, for example “every 6 weeks”."
    assert not len(quality.fix_list(quality.unassessable(computed(store, infos[1])), in_care=False))


def test_whoever_holds_the_child_now_gets_the_row(three):
    """In July 0001 is with South, who can enter it; the obligations of the rule still count where they fell due."""
    store, infos = three
    fixes = quality.fix_list(quality.unassessable(computed(store, infos[2])))
    assert set(fixes.loc[fixes["child_id"] == "0001", "team"]) == {"South"}


def test_several_obligations_need_one_entry(tmp_path):
    """Whether permanence is planned for decides both stretches of a child with one review; it is one cell to fill in."""
    case = ["0007", "Di", "Dale", date(2025, 1, 6), None, "North", "Nia"]
    store = Store(tmp_path)
    book = xlsx({"cases": [CASES[:8], [*case, None]], "meetings": [MEETINGS], "reviews": [REVIEWS, ["0007", date(2025, 1, 30), "Held"]]})
    prepared = prepare([InputFile("all.xlsx", book)], isolated=False)
    info = store.commit(prepared, date(2026, 1, 30), "Ann")
    rows = quality.unassessable(computed(store, info))
    assert len(rows[rows["rule"] == "cpm-before-review"]) == 2
    fixes = quality.fix_list(rows)
    assert fixes[["child_id", "needs", "unlocks", "obligations"]].values.tolist() == [
        ["0007", "Actively planning for permanence", "CPM before each review", 2],
    ]


def test_the_lag_is_counted_from_the_meeting_to_the_extract_that_first_has_it(three):
    """Four meetings appear after the first load, by hand: 12, 31, 38 and 37 days after they were held."""
    store, infos = three
    rows = quality.recording_lag([store.snapshot(i.load_id) for i in infos], computed(store, infos[2]))
    by = {(r.child_id, r.kind, str(r.day.date())): (r.lag, r.back_dated, r.new_child, r.team) for r in rows.itertuples()}
    assert by == {
        ("0001", "cpm", "2026-05-20"): (12, False, False, "South"),  # no allocation history: the team that holds the case now
        ("0001", "review", "2026-05-01"): (31, True, False, "South"),
        ("0002", "cpm", "2026-04-24"): (38, True, True, "South"),
        ("0002", "cpm", "2026-05-25"): (37, True, False, "South"),
    }
    teams = quality.lag_by_team(rows, late_after=30)
    assert teams.values.tolist() == [["South", 4, 34.0, 26.25, 37.25, 38, 3], ["All", 4, 34.0, 26.25, 37.25, 38, 3]]


def test_with_one_load_the_lag_cannot_be_told(three):
    store, infos = three
    assert quality.recording_lag([store.snapshot(infos[0].load_id)], computed(store, infos[0])) is None


def test_a_dataset_that_carried_on_or_is_loaded_for_the_first_time_shows_no_delay(tmp_path):
    """Reviews come with the second load for the first time, meetings carry on: nothing is late. In the third they are, once."""
    store = Store(tmp_path)
    case = ["0001", "Ada", "Asher", date(2026, 1, 5), None, "North", "Nia", "Yes", None]
    meeting = ["M1", "0001", "CPM", date(2026, 1, 12), None, None, None, None]
    planned = ["M2", "0001", "CPM", date(2026, 2, 20), None, None, None, None]
    first = load(store, date(2026, 2, 2), cases=[case], meetings=[meeting, planned])
    second = load(store, date(2026, 3, 2), cases=[case], reviews=[["0001", date(2026, 1, 30), "Held"]])
    snapshots = [store.snapshot(i.load_id) for i in (first, second)]
    assert len(quality.recording_lag(snapshots, computed(store, second))) == 0
    third = load(store, date(2026, 4, 1), cases=[case], meetings=[meeting, planned], reviews=[["0001", date(2026, 1, 30), "Held"], ["0001", date(2026, 3, 20), "Held"]])
    rows = quality.recording_lag([*snapshots, store.snapshot(third.load_id)], computed(store, third))
    assert rows[["kind", "lag", "back_dated"]].values.tolist() == [["cpm", 40, False], ["review", 12, False]]


def test_over_loads_keeps_the_newest_of_one_day_and_no_undone_one(tmp_path):
    """A load that replaced one of the same extract date stands for that day; an undone one is no part of the trend."""
    store, infos = three_loads(tmp_path)
    case = ["0001", "Ada", "Asher", date(2026, 4, 6), None, "North", "Nia", "Yes", None]
    again = load(store, date(2026, 7, 1), cases=[case])
    load(store, date(2026, 7, 8), cases=[case])
    store.undo("Ann")
    kept = quality.in_order(store.history())
    assert [i.load_id for i in kept] == [infos[0].load_id, infos[1].load_id, again.load_id]
    trend = quality.over_loads(kept, [quality.assessable(computed(store, i)) for i in kept])
    assert trend["all"].tolist() == [len(lists.obligations(computed(store, i))) for i in kept]
    assert trend["warning"].tolist() == [i.problem_counts.get("warning", 0) for i in kept]
    assert quality.usual_gap(kept).days in (30, 31)


def test_problems_are_grouped_and_each_group_opens_its_own(three):
    """The groups hold every problem once."""
    store, infos = three
    found = quality.problems(store.snapshot(infos[1].load_id))
    groups = quality.problem_groups(found)
    assert len(found) == sum(infos[1].problem_counts.values()) == groups["problems"].sum() > 0
    assert sum(len(quality.of_group(found, group)) for _, group in groups.iterrows()) == len(found)


def test_indicators_say_the_column_they_need(three):
    store, infos = three
    needs = quality.indicators_without(computed(store, infos[1])).set_index("indicator")
    assert needs.loc["actions-overdue", "fix"].startswith("Load Actions and add the column “Due date” to Actions")
    assert needs.loc["placement-moves", "fix"] == "Load Placements."


def test_every_thing_that_a_rule_can_miss_has_advice():
    """The words for something missing in every rule's SQL and needs: a dataset, a column of one, or a sentence of its own."""
    for rule in all_rules():
        said = set()
        for start in re.finditer(r"THEN '([A-Za-z][^']*(?:''[^']*)*)'(?=[^,]*? AS missing)", rule.clock):
            said.add(start[1].replace("''", "'"))
        for missing in said - set(quality._RECORD) - set(quality._ASKED):
            for alternatives in quality._wanted(missing):
                assert all(dataset for _, dataset in alternatives), f"{rule.code}: {missing}"
    wanted = quality._ask_for("Date started to be looked after (the extract begins later)")
    assert wanted.fix.startswith("Take the extract from further back")


def test_what_a_yearly_return_does_not_have_is_asked_for_as_rows_not_as_a_column():
    assert quality._sentence(quality._wanted("Reviews after 31 Mar 2026")) == "Load Reviews after 31 Mar 2026."
