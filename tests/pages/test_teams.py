"""The Teams page: every figure against the command line's frames, the rebase, a messy extract."""

from __future__ import annotations

import re
from datetime import date

import pandas as pd
import pytest

from cpm_metrics import views
from cpm_metrics.engine import compute
from cpm_metrics.extracts.datasets import NOT_RECORDED
from cpm_metrics.rules import all_rules
from cpm_metrics.store import Store
from cpm_metrics.views import funnel, handovers, lists, teams, xmr
from tests.pages.conftest import EXTRACT, fill, open_page, texts
from tests.views.loads import load

PAGE = "pages/teams/teams.py"
START = date(2025, 11, 21)
COUNTS = ["on_time", "late", "missed", "overdue", "counted", "cannot_tell"]
BY_TITLE = {rule.title: rule.code for rule in all_rules()}


def table(at, *columns: str) -> pd.DataFrame:
    """The first table on the page that has these columns."""
    return next(frame.value for frame in at.dataframe if set(columns) <= set(frame.value.columns))


def said(cell: str) -> list[int | None]:
    """[percent, on time, counted, cannot tell] of a cell of the matrix, what it doesn't say being None (nothing counted: 0)."""
    cell = cell.replace("\u00a0", " ")
    rate = re.search(r"(\d+)% of (\d+)", cell)
    few = re.search(r"(?<![%\d])(\d+) of (\d+)", cell)
    untold = re.search(r"\? (\d+)", cell)
    return [int(rate[1]) if rate else None, int(few[1]) if few else None, int((rate or few)[2]) if rate or few else 0, int(untold[1]) if untold else 0]


# -- every view opens


@pytest.mark.parametrize("view", ["rules", "matrix", "compare", "trend", "handovers"])
def test_each_view_opens_for_everyone_for_a_team_and_for_a_time_of_nothing(view, full, results):
    """No error: all teams, one team, an earlier date, dates the wrong way round, a time in which nothing fell due, and nonsense."""
    (team,) = results.rows("SELECT team FROM obligation_facts WHERE team IS NOT NULL GROUP BY 1 ORDER BY count(*) DESC LIMIT 1")[0]
    for words in ({}, {"team": team}, {"as_at": "2026-03-31"}, {"from": "2026-06-01", "to": "2026-05-01"}, {"from": "1990-01-01", "to": "1990-02-01"}, {"rule": "nonsense", "every": "week", "what": "else"}):
        at = open_page(PAGE, view=view, **words)
        assert not at.exception
        assert not at.error, words


def test_an_unknown_view_is_the_first(full):
    assert open_page(PAGE, view="league-table").segmented_control(key="view").value == "rules"


# -- rule by rule


def test_a_rules_teams_are_the_command_lines(full, results):
    at = open_page(PAGE, rule="minutes-on-file")
    contract = views.compliance(results, ["rule", "team"], START, EXTRACT)
    assert table(at, "team", "rate")[["team", *COUNTS]].values.tolist() == contract.loc[contract["rule"] == "minutes-on-file", ["team", *COUNTS]].values.tolist()


# -- rules × teams


def test_every_cell_of_the_matrix_is_the_command_lines(full, results):
    """Counts, percent only from the smallest number counted, and those that can't be told beside it."""
    at = open_page(PAGE, view="matrix")
    shown = table(at, "title", "all")
    names = lists.teams(results)
    contract = {(row.rule, row.team): row for row in views.compliance(results, ["rule", "team"], START, EXTRACT).itertuples()}
    whole = {row.rule: row for row in views.compliance(results, "rule", START, EXTRACT).itertuples()}
    present = [name for name in names if any(team == name for _, team in contract)]
    seen = 0
    for row in shown.to_dict("records"):
        code = BY_TITLE[row["title"]]
        for text, expected in [(row["all"], whole[code]), *((row[f"team{n}"], contract.get((code, team))) for n, team in enumerate(present))]:
            if expected is None:
                assert text == ""
                continue
            percent, on_time, counted, untold = said(text)
            assert (counted, untold) == (expected.counted, expected.cannot_tell)
            assert (percent is None) == pd.isna(expected.rate)
            if percent is not None:
                assert f"{percent}%" == teams.percent(expected.rate)
            elif counted:
                assert on_time == expected.on_time
            seen += 1
    assert seen == len(contract) + len(whole)


# -- compare teams


def test_the_funnels_figures_are_the_command_lines(full, results):
    """The table below the chart, and the rate of all together in the sentence above it."""
    at = open_page(PAGE, view="compare", rule="minutes-distributed")
    contract = views.compliance(results, ["rule", "team"], START, EXTRACT)
    contract = contract[contract["rule"] == "minutes-distributed"]
    shown = table(at, "place")
    assert shown[["team", *COUNTS]].values.tolist() == contract[["team", *COUNTS]].values.tolist()
    overall = views.compliance(results, "rule", START, EXTRACT).set_index("rule").loc["minutes-distributed"]
    assert f"{teams.percent(overall['rate'])} of {int(overall['counted']):,}".replace("%", "\\%") in texts(at)
    for row in shown.itertuples():
        (place,) = row.place
        wanted = funnel.place(row.on_time, row.counted, int(overall["on_time"]), int(overall["counted"])) if row.counted >= 10 else "too_few"
        assert place == funnel.PLACES[wanted].label
    assert "a question to ask, not a finding" in texts(at)


def test_the_usual_rule_is_the_statutory_review(full):
    at = open_page(PAGE, view="compare")
    assert at.selectbox(key="rule-choice").value == "statutory-review"
    at.selectbox(key="rule-choice").set_value("minutes-distributed").run()
    assert not at.error
    assert at.query_params["rule"] in ("minutes-distributed", ["minutes-distributed"])


# -- over time


@pytest.mark.parametrize(("code", "every"), [("statutory-review", "month"), ("minutes-on-file", "quarter")])
def test_each_dot_counts_as_the_command_line_does(code, every, full, results):
    """Month by month (quarter by quarter), for everyone and for one team; the month of the as-at date is left out, and said."""
    (team,) = results.rows("SELECT team FROM obligation_facts WHERE rule = $rule GROUP BY 1 ORDER BY count(*) DESC LIMIT 1", {"rule": code})[0]
    for chosen in ([], [team]):
        at = open_page(PAGE, view="trend", rule=code, every=every, **({"team": chosen[0]} if chosen else {}))
        shown = table(at, "label", "what").set_index("label")
        points = xmr.xmr(results, code, chosen, every).points
        assert list(shown.index) == list(points["label"])[::-1]
        for row in points.itertuples():
            contract = views.compliance(results, "rule", row.start, row.end, chosen or None).set_index("rule")
            wanted = contract.loc[code, COUNTS].tolist() if code in contract.index else [0] * 6
            assert shown.loc[row.label, COUNTS].tolist() == [getattr(row, name) for name in COUNTS] == wanted
            assert shown.loc[row.label, "percent"] == (f"{100 * wanted[0] / wanted[4]:.1f}%" if wanted[4] >= 10 else "too few")
        assert ("Nov 2026 isn’t over" if every == "month" else "Oct–Dec 2026 isn’t over") in texts(at)


def test_a_rebase_is_marked_with_its_reason_listed_and_removed(tmp_path, monkeypatch, sample_files):
    """Kept for this rule and these teams; the audit has both steps and never the words."""
    store = fill(tmp_path / "store", sample_files)
    monkeypatch.setenv("CPM_STORE", str(store.folder))
    at = open_page(PAGE, view="trend", rule="minutes-on-file", every="quarter")
    at.button(key="FormSubmitter:mark-Mark this change").click().run()
    assert any("Say what changed" in warning.value for warning in at.warning)
    assert store.state.saved("rebase", xmr.owner("minutes-on-file", [])) == {}

    at.text_input(key="mark-reason").set_value("Reviews <b>booked</b> at once")
    at.selectbox(key="mark-month").set_value("2026-01")
    at.button(key="FormSubmitter:mark-Mark this change").click().run()
    assert not at.error
    kept = store.state.saved("rebase", xmr.owner("minutes-on-file", []))
    assert kept["2026-01"]["reason"] == "Reviews <b>booked</b> at once"
    assert "since the change marked in Jan–Mar 2026" in texts(at)
    assert "Reviews \\<b\\>booked" in texts(at)
    assert "since the change" not in texts(open_page(PAGE, view="trend", rule="minutes-distributed", every="quarter"))

    at.button(key="unmark-2026-01").click().run()
    assert store.state.saved("rebase", xmr.owner("minutes-on-file", [])) == {}
    assert "since the change" not in texts(at)
    audit = store.state.audit()
    assert [line.what for line in audit[:2]] == ["rebase removed", "rebase saved"]
    assert "booked" not in str(audit)


# -- hand-overs


def test_the_hand_overs_are_those_of_the_view(full, results):
    at = open_page(PAGE, view="handovers")
    h = handovers.handovers(results, START, EXTRACT)
    assert len(table(at, "day")) == len(h.rows) > 0
    assert table(at, "handovers")["handovers"].sum() == len(h.rows)
    assert f"{len(h.rows)} hand-over" in texts(at)
    with_workers = open_page(PAGE, view="handovers", what="workers")
    assert len(table(with_workers, "day")) == len(handovers.handovers(results, START, EXTRACT, between_teams=False).rows) > len(h.rows)
    at.toggle(key="handovers-what").set_value(True).run()
    assert at.query_params["what"] in ("workers", ["workers"])


# -- an extract that is a mess


@pytest.fixture
def messy(tmp_path, monkeypatch):
    """No allocations; children whose team the extracts don't have; a team with markup and an icon in its name; a name with a stroke."""
    store = Store(tmp_path / "store")
    names = ["<b>Ł:material/home:* [x](http://evil.example)", "South", NOT_RECORDED]
    cases = [[f"{n:04}", "Ała" if n else "*Bo*", "Lee", date(2026, 2, 2 + n % 20), None, names[n % 3], "Wren"] for n in range(36)]
    load(store, date(2026, 6, 1), cases=cases, meetings=[[f"M{n}", f"{n:04}", "CPM", date(2026, 2, 5 + n % 20), "held"] for n in range(0, 36, 2)])
    monkeypatch.setenv("CPM_STORE", str(store.folder))
    return compute(store.current())


@pytest.mark.parametrize("view", ["rules", "matrix", "compare", "trend", "handovers"])
def test_a_messy_extract_is_shown_as_text_and_nobody_is_left_out(view, messy):
    at = open_page(PAGE, view=view, rule="initial-cpm")
    assert not at.exception
    assert not at.error
    assert ":material/home:" not in texts(at)
    assert "http://evil" not in texts(at)
    if view == "handovers":
        assert "there is no allocation history" in texts(at)
    if view == "matrix":
        assert list(table(at, "all").columns) == ["title", "all", "team0", "team1", "team2"]
        assert sum(said(row)[2] for row in table(at, "all").set_index("title").loc["First Care Planning Meeting", ["team0", "team1", "team2"]]) == 36
    if view == "compare":
        assert "12 counted obligations have no team recorded" in texts(at)
        assert NOT_RECORDED not in set(table(at, "place")["team"])
    if view == "rules":
        assert NOT_RECORDED in set(table(at, "team", "rate")["team"])
    if view == "trend":
        assert "no child who left care" in texts(at)
