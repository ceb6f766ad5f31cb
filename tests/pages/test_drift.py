"""The Drift page as a visitor gets it; its numbers against the command line's frames."""

from __future__ import annotations

import io
from datetime import date

import openpyxl
import pytest
from openpyxl import Workbook

from cpm_metrics import views
from cpm_metrics.engine import compute
from cpm_metrics.indicators import all_indicators
from cpm_metrics.views import drift, lists, waiting
from tests.pages.conftest import EXTRACT, fill, list_with, numbers, open_page, texts

PAGE = "pages/teams/drift.py"
SHOWS = ("signs", "children", "silent", "plan", "achieved")






@pytest.mark.parametrize("show", SHOWS)
@pytest.mark.parametrize("as_at", [None, "2026-03-01"])
def test_every_part_opens(full, show, as_at):
    at = open_page(PAGE, show=show, **({"as_at": as_at} if as_at else {}))
    assert not at.exception
    assert not at.error
    assert at.title[0].value == "Drift"
    assert ("Reconstructed" in texts(at)) == (as_at is not None)


def test_the_tiles_are_the_command_lines(full, results):
    """Flags and children of `indicators`, and the children in care who wait."""
    contract = views.indicators(results)
    named = contract[contract["child_id"].notna()]
    shown = numbers(open_page(PAGE), "tile-drift-")
    assert shown["signs"] == len(named)
    assert shown["children"] == named["child_id"].nunique()
    assert shown["silent"] == (named["indicator"] == "silent-drift").sum()
    for stage in waiting.STAGES:
        assert shown[stage] == waiting.counts(waiting.rows(results, stage))["waiting"]


def test_the_matrix_is_the_command_lines(full, results):
    """Every number of every sign; the teams' names are no names of columns."""
    contract = views.indicators(results)
    table = open_page(PAGE).dataframe[0].value
    by_title = {thing.title: thing.code for thing in all_indicators()}
    assert list(table["title"]) == [thing.title for thing in all_indicators()]
    for row in table.itertuples():
        assert row.all == (str((contract["indicator"] == by_title[row.title]).sum()) if (contract["indicator"] == by_title[row.title]).any() else "")
    teams = drift.matrix(results).teams
    assert [name for name in table.columns if name.startswith("t") and name != "title"] == [f"t{at}" for at in range(len(teams))]


@pytest.mark.parametrize("code", [thing.code for thing in all_indicators()])
def test_a_sign_opens_its_children(full, results, code):
    """By its address; the rows are the command line's."""
    at = open_page(PAGE, sign=code)
    assert not at.error
    flags = lists.flags(results, indicator=code)
    if len(flags):
        assert sorted(list_with(at, "why")["why"]) == sorted(flags["why"])
    else:
        assert "No child" in texts(at)


def test_the_children_with_all_their_signs(full, results):
    at = open_page(PAGE, show="children")
    table = list_with(at, "signs")
    children = drift.children(results)
    assert [list(signs) for signs in table["signs"]] == children["signs"].tolist()
    assert f"({len(children)})" in texts(at)
    one = open_page(PAGE, show="children", sign="actions-overdue")
    assert len(list_with(one, "signs")) == len(lists.flags(results, indicator="actions-overdue"))


def test_silent_drift_is_explained_in_a_sentence(full, results):
    at = open_page(PAGE, show="silent")
    assert "was held in time" in texts(at)
    assert "12 months" in texts(at)
    assert len(list_with(at, "still")) == len(lists.flags(results, indicator="silent-drift")) > 0


@pytest.mark.parametrize("stage", waiting.STAGES)
def test_the_waits_say_what_the_estimate_says(full, results, stage):
    """The sentence, the counts and the table of the line are those of the view, for whom it shows by default; every number opens its rows."""
    rows = waiting.rows(results, stage)
    chosen = waiting.since(rows, waiting.coverage(results).since)
    found, of = waiting.curve(chosen), waiting.counts(chosen)
    at = open_page(PAGE, show=stage)
    assert waiting.median_words(found, stage, EXTRACT, 10) in texts(at)
    shown = numbers(at, "count-")
    assert shown["now"] == waiting.counts(rows)["waiting"]
    assert [shown[fate] for fate in ("done", "left", "unknown")] == [of[fate] for fate in ("done", "left", "unknown")]
    line = list_with(at, "at_risk")
    assert line["at_risk"].iloc[0] == found.n
    assert not at.error
    for who in ("now", "waiting", "done", "left", "unknown"):
        page = open_page(PAGE, show=stage, who=who)
        assert not page.error
        number = shown.get(who, shown["now"])
        if number:
            table = next(f.value for f in page.dataframe if "name" in f.value)
            assert len(table) == number
    still = next(f.value for f in at.dataframe if "days" in f.value and "name" in f.value)
    assert still["days"].is_monotonic_decreasing


def test_a_year_and_a_plan_can_be_chosen(full, results):
    rows = waiting.rows(results, "achieved")
    table = waiting.by_year(rows, EXTRACT, 10, waiting.coverage(results).since)
    year = int(table.loc[table["periods"] >= 10, "year"].iloc[0])
    at = open_page(PAGE, show="achieved", cohort=str(year))
    assert not at.error
    assert waiting.median_words(waiting.curve(waiting.of_year(rows, year)), "achieved", EXTRACT, 10) in texts(at)
    one = open_page(PAGE, show="achieved", cohort="everyone", plan="long_term_fostering")
    mine = rows[rows["plan_code"] == "long_term_fostering"]
    assert waiting.median_words(waiting.curve(mine), "achieved", EXTRACT, 10) in texts(one)
    assert not open_page(PAGE, show="achieved", cohort="1066", plan="nonsense", who="nobody", sign="none").error


def test_a_team_has_the_waits_that_began_with_it_and_the_children_it_holds(full, results):
    rows = waiting.rows(results, "plan")
    team = rows["team_then"].value_counts().index[0]
    at = open_page(PAGE, show="plan", team=team)
    assert not at.error
    mine = waiting.of_teams(waiting.since(rows, waiting.coverage(results).since), [team], "team_then")
    assert numbers(at, "count-")["done"] == waiting.counts(mine)["done"]
    assert numbers(at, "count-")["now"] == waiting.counts(waiting.of_teams(rows, [team]))["waiting"] == numbers(at, "tile-drift-")["plan"]
    assert numbers(at, "tile-drift-")["signs"] == len(lists.flags(results, teams=[team]))


# -- a messy extract


@pytest.fixture
def messy(tmp_path, monkeypatch):
    """Cases and meetings alone, without dates of permanence; a team called like a column, one blank, names with marks of Markdown and HTML."""
    book = Workbook()
    cases = book.active
    cases.title = "Cases"
    cases.append(["Child ID", "Forename", "Surname", "Date started to be looked after", "Date ceased to be looked after", "Allocated team", "Allocated worker"])
    for n, (forename, surname, team) in enumerate([("<b>Ada</b>", "*Łuk*", "title"), (":material/home:", "![x](http://example.invalid/x.png)", "all"), ("=1+1", "[link](http://example.invalid)", "No team recorded"), ("Ben", "_Birch_", "t0")], 1):
        cases.append([f"000{n}", forename, surname, date(2025, 1, 6 + n), None, team, "Wren"])
    meetings = book.create_sheet("Meetings")
    meetings.append(["Child ID", "Meeting type", "Meeting date"])
    meetings.append(["0001", "CPM", date(2025, 2, 3)])
    target = tmp_path / "extract.xlsx"
    book.save(target)
    store = fill(tmp_path / "store", [target])
    monkeypatch.setenv("CPM_STORE", str(tmp_path / "store"))
    return compute(store.current())


@pytest.mark.parametrize("show", SHOWS)
def test_a_messy_extract_is_shown_and_what_it_lacks_is_said(messy, show):
    at = open_page(PAGE, show=show, **({"sign": "cpm-overdue"} if show == "signs" else {}))
    assert not at.exception
    assert not at.error
    shown = numbers(at, "tile-drift-")
    assert (shown["plan"], shown["achieved"]) == (None, None)
    if show in waiting.STAGES:
        assert "is not in the extract" in texts(at)
    if show in ("signs", "children"):
        for title, needs in lists.not_assessed(messy):
            assert f"{title}: the extracts do not have {needs}." in texts(at)
    assert "![x](" not in "\n".join(str(m.value) for m in at.markdown)


def test_a_sign_that_cannot_be_assessed_is_a_question_mark(messy):
    table = open_page(PAGE).dataframe[0].value.set_index("title")
    unassessable = {title for title, _ in lists.not_assessed(messy)}
    assert unassessable
    for title, row in table.iterrows():
        assert (row["all"] == "?") == (title in unassessable)


def test_the_download_holds_the_whole_list_and_no_formula(messy):
    from pages._shared import downloads

    rows = drift.children(messy)
    assert len(rows)
    book = openpyxl.load_workbook(io.BytesIO(downloads.export.xlsx_bytes(downloads.in_words(rows.drop(columns="codes")), "Children", {}, downloads.HEADERS)))
    sheet = book.worksheets[0]
    assert sheet.max_row == len(rows) + 1
    assert all(cell.data_type != "f" for row in sheet.iter_rows() for cell in row)
