"""This week: each count against the command line's frames, its rows behind it, and what changed since the last load."""

from __future__ import annotations

import json
from datetime import date, timedelta

import pandas as pd
import pytest

from cpm_metrics import views
from cpm_metrics.engine import compute
from cpm_metrics.views import changes, exceptions, history, lists, this_week
from pages._shared.show import plain
from tests.pages.conftest import EXTRACT, numbers, open_page, texts
from tests.views.loads import load, three_loads

CHANGES = ("newly_overdue", "cleared", "slipped", "back_dated", "flags_new", "flags_gone")
NOW = ("meetings", "plans", "records", "unbooked", "due", "drift")



@pytest.fixture(scope="module")
def two_loads(tmp_path_factory):
    return three_loads(tmp_path_factory.mktemp("loads"))


# -- counts


@pytest.mark.parametrize("as_at", [EXTRACT, date(2026, 9, 1)])
def test_the_counts_are_those_of_the_command_line(full_store, as_at):
    """Every overdue obligation of the command line stands in exactly one list; each count is its rows'. Also for an earlier date and for a team."""
    results = compute(full_store.current(), as_at)
    contract = views.obligations(results)
    busiest = contract.loc[contract["status"] == "overdue", "team"].value_counts().index[0]
    for teams, mine in (((), contract), ([busiest], contract[contract["team"] == busiest])):
        counts = this_week.counts(results, teams)
        assert counts["overdue"].rows == (mine["status"] == "overdue").sum() > 0
        overdue = [row for name in ("meetings", "plans", "records", "left_care") for row in this_week.rows(results, name, teams).itertuples() if row.status == "overdue"]
        assert len(overdue) == len({row.obligation_id for row in overdue}) == counts["overdue"].rows
        for name in (*this_week.LISTS, "unbooked"):
            rows = this_week.rows(results, name, teams)
            assert (len(rows), rows["child_id"].nunique()) == (counts[name].rows, counts[name].children)
        assert counts["cannot_tell"].rows == (mine["status"] == "cannot_tell").sum()
        assert counts["due"].rows + (this_week.rows(results, "left_care", teams)["status"] == "due_soon").sum() == (mine["status"] == "due_soon").sum()
    assert this_week.counts(results)["drift"].rows == views.indicators(results)["child_id"].notna().sum()


def test_nothing_booked_is_counted_from_the_meetings_themselves(results):
    """Of what falls due soon and a meeting would meet: those without any booked meeting of that kind, found again row by row."""
    kinds = {"statutory-review": "review", "review-after-change": "review", "final-plan-cpm": "final", "placement-planning": "placement",
             **dict.fromkeys(("initial-cpm", "cpm-before-review", "agreed-frequency", "cpm-after-change", "assessment-discussed"), "cpm")}  # fmt: skip
    booked = {(c, s, "review") for c, s in results.rows("SELECT child_id, care_started FROM timeline_reviews WHERE state = 'booked'")}
    for c, s, kind, also in results.rows("SELECT child_id, care_started, meeting_type, also_placement_planning FROM timeline_meetings WHERE state = 'booked'"):
        if kind in ("cpm", "final_plan_cpm"):
            booked |= {(c, s, "cpm")} | ({(c, s, "final")} if kind == "final_plan_cpm" else set()) | ({(c, s, "placement")} if also else set())
        elif kind == "placement_planning":
            booked.add((c, s, "placement"))
    in_care = set(results.rows("SELECT child_id, care_started FROM in_care"))
    expected = 0
    for row in views.obligations(results).query("status == 'due_soon'").itertuples():
        key = (row.child_id, row.care_started.date())
        expected += row.rule in kinds and key in in_care and (*key, kinds[row.rule]) not in booked
    assert this_week.counts(results)["unbooked"].rows == expected > 0


def test_the_page_shows_those_counts(full, results):
    at = open_page("")
    shown, counts = numbers(at, "tile-"), this_week.counts(results)
    assert set(shown) == {*CHANGES, *NOW}
    assert {name: shown[name] for name in NOW} == {name: counts[name].rows for name in NOW}


def test_an_earlier_date_shows_the_counts_of_that_date(full, full_store):
    then = compute(full_store.current(), date(2026, 9, 1))
    shown = numbers(open_page("", as_at="2026-09-01"), "tile-")
    assert {name: shown[name] for name in NOW} == {name: this_week.counts(then)[name].rows for name in NOW}
    before = compute(full_store.current(), date(2026, 8, 25))
    assert shown["newly_overdue"] == len(changes.between(before, then).newly_overdue)


@pytest.mark.parametrize("name", [*NOW, "newly_overdue", "cleared", "flags_new", "flags_gone"])
def test_a_click_on_a_count_opens_its_rows(name, full):
    """The list below has the title and the number of the count, and as many rows; the address says which list it is."""
    at = open_page("", show="plans" if name != "plans" else "due")
    at.button(key=f"tile-{name}").click().run()
    assert not at.error
    assert at.query_params["show"] == name
    number = numbers(at, "tile-")[name]
    label = at.button(key=f"tile-{name}").label.split("** ")[1].split(" *")[0]
    assert at.header[0].value == f"{label} ({number:,})"
    assert (len(at.dataframe[0].value) if number else 0) == number


@pytest.mark.parametrize("name", ["left_care", "cannot_tell"])
def test_the_smaller_counts_open_their_rows_too(name, full):
    at = open_page("", show=name)
    assert not at.error
    number = numbers(at, "count-")[name]
    assert (len(at.dataframe[0].value) if number else 0) == number


def test_a_team_in_the_address_filters_everything(full, results):
    (team,) = results.rows("SELECT team FROM obligation_facts WHERE status = 'overdue' GROUP BY team ORDER BY count(*) DESC LIMIT 1")[0]
    at = open_page("", team=team, show="records")
    assert numbers(at, "tile-")["records"] == this_week.counts(results, [team])["records"].rows
    assert set(at.dataframe[0].value["team"]) == {team}
    assert plain(team) in texts(at)


def test_what_came_with_the_children_is_said_and_opened(full, results):
    """A team's counts have what fell due while it held the case; beside them stands what it has from other teams, counted from the command
    line's frame. Nothing where there is none, and nothing without a team."""
    now = dict(results.rows("SELECT child_id, team FROM children JOIN in_care USING (child_id, care_started)"))
    overdue = views.obligations(results).query("status == 'overdue'")
    came = overdue[[child in now and now[child] != team for child, team in zip(overdue["child_id"], overdue["team"], strict=True)]]
    by_team = came["child_id"].map(now).value_counts()
    for team in (by_team.index[0], next(team for team in lists.teams(results) if team not in by_team.index)):
        at = open_page("", team=team, show="from_before")
        assert not at.error
        number = by_team.get(team, 0)
        assert numbers(at, "count-").get("from_before") == (number or None)
        if number:
            words = "is" if number == 1 else "are"
            assert f"**{number}** more {words} overdue for children the team holds now, from before they came to it." in [button.label for button in at.button]
            rows = at.dataframe[0].value
            assert len(rows) == number
            assert set(rows["team_now"]) == {team}
            assert team not in set(rows["team"])
    both = open_page("", team=lists.teams(results))
    assert "from_before" not in numbers(both, "count-")  # from one of them to another is from none outside
    nobody = open_page("", show="from_before")
    assert "from_before" not in numbers(nobody, "count-")
    assert nobody.header[0].value.startswith("Meetings overdue (")


def test_the_teams_add_up(results):
    whole = this_week.counts(results)
    parts = [this_week.counts(results, [team]) for team in lists.teams(results)]
    assert {name: sum(part[name].rows for part in parts) for name in whole} == {name: count.rows for name, count in whole.items()}


def test_a_list_says_how_to_read_a_sentence_that_is_cut(full):
    """The column "Why" hardly fits on a small screen: what to do stands above it."""
    assert "Tick a row to read why in full." in texts(open_page("", show="records"))


def test_the_list_begins_with_what_can_still_be_acted_on(results):
    """CPMs and reviews before placement planning, and in each the most recent first; what is due, the soonest first."""
    meetings = this_week.rows(results, "meetings")
    planning = meetings["rule"] == "placement-planning"
    assert list(planning) == sorted(planning)
    for part in (meetings[~planning], meetings[planning], this_week.rows(results, "records"), this_week.rows(results, "plans")):
        assert list(part["days"]) == sorted(part["days"])
    due = this_week.rows(results, "due")
    assert list(due["due_date"]) == sorted(due["due_date"])


def test_who_holds_the_child_now_stands_beside_who_held_the_case(full, results):
    """In the lists to act on and in the worklist's usual columns: the child's present team and worker, also for a row of an earlier period of
    care. Both headings say which they are."""
    now = {child: (team, worker) for child, team, worker in results.rows("SELECT child_id, team, worker FROM children WHERE current")}
    blank = lambda value: None if pd.isna(value) else value  # noqa: E731
    moved = 0
    for at in (*(open_page("", show=name) for name in ("records", "left_care", "newly_overdue", "due")), open_page("pages/now/worklist.py")):
        assert not at.error
        table = at.dataframe[0]
        shown = list(table.proto.column_order)
        assert {"team", "worker", "team_now", "worker_now"} <= set(shown)
        assert shown.index("worker_now") < shown.index("worker")
        for row in table.value.itertuples():
            assert (blank(row.team_now), blank(row.worker_now)) == now[row.child_id]
            moved += row.worker_now != row.worker
        said = json.loads(table.proto.columns)
        for name, title, word in (("team", "Team when due", "held the case"), ("worker", "Social worker when due", "held the case"), ("team_now", "Team now", "as-at date"), ("worker_now", "Social worker now", "as-at date")):
            assert said[name]["label"] == title
            assert word in said[name]["help"]
    assert moved


@pytest.mark.parametrize("name", [*this_week.LISTS, "unbooked"])
def test_the_worklist_opens_on_the_same_rows(full, results, name):
    """The link below a list: as many rows there as here."""
    at = open_page("pages/now/worklist.py", **this_week.as_filters(name))
    assert not at.error
    rows = this_week.rows(results, name)
    assert (len(at.dataframe[0].value) if len(rows) else 0) == len(rows)
    if len(rows):
        assert sorted(at.dataframe[0].value["child_id"]) == sorted(rows["child_id"])


# -- since the last load


def test_without_an_earlier_load_what_needs_two_cannot_be_told(full):
    """Slipped and recorded late show "?", never nought, and their lists say what to do."""
    at = open_page("", show="slipped")
    shown = numbers(at, "tile-")
    assert (shown["slipped"], shown["back_dated"]) == (None, None)
    assert "there is no earlier load to compare with" in texts(at)
    assert "Load the next extract" in texts(at)
    assert "unsaid" not in numbers(at, "count-")


def test_since_the_last_load_each_count_opens_its_rows(two_loads, monkeypatch):
    """Newly overdue, cleared, slipped, recorded late and flags: as many as two computed states, and two snapshots, differ by."""
    store, infos = two_loads
    monkeypatch.setenv("CPM_STORE", str(store.folder))
    then, now = (compute(store.snapshot(i.load_id)) for i in infos[1:])
    found = changes.between(then, now)
    late = history.back_dated(store.snapshot(infos[1].load_id), store.snapshot(infos[2].load_id))
    at = open_page("")
    assert "Since your last load**, 1 Jun 2026" in texts(at)
    expected = {name: len(getattr(found, name)) for name in CHANGES if name != "back_dated"} | {"back_dated": len(late)}
    shown = numbers(at, "tile-")
    assert {name: shown[name] for name in CHANGES} == expected
    assert expected["back_dated"] > 0
    for name in CHANGES:
        page = open_page("", show=name)
        assert not page.error
        assert (len(page.dataframe[0].value) if expected[name] else 0) == expected[name]


def test_what_slipped_is_on_the_page(tmp_path, monkeypatch):
    """A review booked for 20 June in one load and for 4 July in the next: one row, 14 days; a booking whose day passed in silence is counted apart."""
    from cpm_metrics.store import Store

    store = Store(tmp_path / "store")
    cases = [[c, None, None, date(2026, 4, 6), None, "North", "Nia", None, None] for c in ("0001", "0002")]
    held = [[c, date(2026, 5, 1), "Held"] for c in ("0001", "0002")]
    load(store, date(2026, 6, 1), cases=cases, meetings=[], reviews=[*held, ["0001", date(2026, 6, 20), "Booked"], ["0002", date(2026, 6, 5), "Booked"]])
    load(store, date(2026, 6, 8), cases=cases, meetings=[], reviews=[*held, ["0001", date(2026, 7, 4), "Booked"], ["0002", date(2026, 6, 5), "Booked"]])
    monkeypatch.setenv("CPM_STORE", str(store.folder))
    at = open_page("", show="slipped")
    assert not at.error
    rows = at.dataframe[0].value
    review = rows[rows["title"] == "Child in Care Review"]
    assert (review["name"].tolist(), review["days"].tolist(), review["became"].tolist()) == (["Child 0001"], [14], ["Moved to a later day"])
    assert review["was"].iloc[0] == pd.Timestamp("2026-06-20")
    assert numbers(at, "tile-")["slipped"] == len(rows)
    assert numbers(at, "count-")["unsaid"] == 1


def test_what_changed_between_two_states(full_store, results):
    """What is overdue then and now, less what cleared, plus what is new."""
    before = compute(full_store.current(), EXTRACT - timedelta(days=30))
    found = changes.between(before, results)
    (then,), (now,) = (r.rows("SELECT count(*) FROM obligation_facts WHERE status = 'overdue'")[0] for r in (before, results))
    assert then - len(found.cleared) + len(found.newly_overdue) == now
    assert (found.newly_overdue["status"] == "overdue").all()
    assert not (found.cleared["now"] == "overdue").any()
    flags_then, flags_now = (len(lists.flags(r)) for r in (before, results))
    assert flags_then - len(found.flags_gone) + len(found.flags_new) == flags_now
    same = changes.between(results, results)
    assert all(len(getattr(same, name)) == 0 for name in ("newly_overdue", "cleared", "flags_new", "flags_gone", "slipped", "unsaid"))


# -- manager's exceptions


def test_exceptions_are_counted_beside_and_take_nothing_away(tmp_path, monkeypatch, sample_files):
    """One overdue meeting with an exception: the counts are as before, and say how many have one, in the list and in all."""
    from tests.pages.conftest import fill

    store = fill(tmp_path / "store", sample_files)
    monkeypatch.setenv("CPM_STORE", str(store.folder))
    before = numbers(open_page("", show="records"), "tile-")
    row = this_week.rows(compute(store.current()), "records").iloc[3]
    store.state.add_exception(exceptions.about(row), "Father abroad", EXTRACT, "Ann")
    at = open_page("", show="records")
    assert numbers(at, "tile-") == before
    assert "1 of them with a manager’s exception" in texts(at)
    shown = at.dataframe[0].value
    assert shown.index[shown["exception"].notna()].tolist() == [3]
    assert len(shown) == before["records"]
