"""The Proceedings page: its numbers are those of the command line's frames, and each opens its rows."""

from __future__ import annotations

import pytest

from cpm_metrics import views
from cpm_metrics.engine import compute
from cpm_metrics.views import proceedings as court
from tests.pages.conftest import EXTRACT, fill, numbers, open_page, texts

PAGE = "pages/teams/proceedings.py"
COURT = ("tile-court-", "count-court-")



@pytest.fixture(scope="module")
def everything(results):
    return court.all_proceedings(results)



def test_the_counts_are_the_command_lines(full, results, everything):
    """Final plan CPMs overdue are the contract's; beyond week 26 are the red flags of children in care."""
    at = open_page(PAGE)
    assert not at.error
    shown = numbers(at, *COURT)
    contract, flags = views.obligations(results), views.indicators(results)
    assert shown["cpm_overdue"] == ((contract["rule"] == "final-plan-cpm") & (contract["status"] == "overdue")).sum()
    running = flags[(flags["indicator"] == "proceedings-long") & flags["child_id"].notna()]
    in_care = everything[everything["in_care"]]
    assert court.select(in_care, "red")["child_id"].nunique() == (running["figure"] > 26).sum()
    assert shown == court.counts(everything) | {"inferred": len(court.inferred(results))}
    assert shown["open"] == shown["first"] + shown["amber"] + shown["red"] > 0


@pytest.mark.parametrize("which", [*court.LISTS, "inferred"])
def test_each_count_opens_its_rows(which, full):
    at = open_page(PAGE, show=which)
    assert not at.error
    number = numbers(at, *COURT)[which]
    assert f"({number:,})" in at.header[0].value
    assert (len(at.dataframe[0].value) if number else 0) == number


def test_by_team_adds_up_and_follows_the_filter(full, everything):
    """Each team's counts are those of its rows; with one team in the address only its row is there."""
    table = open_page(PAGE, view="teams").dataframe[0].value.set_index("team")
    teams = table.drop(index="All teams", errors="ignore")
    assert teams["open"].sum() == court.counts(everything)["open"]
    assert list(teams.index) == sorted(teams.index)
    team = teams.index[0]
    alone = open_page(PAGE, view="teams", team=team).dataframe[0].value
    assert alone["team"].tolist() == [team]
    assert alone["open"].tolist() == [teams.loc[team, "open"]]


def test_how_long_they_took_equals_the_rule(full, results):
    """Concluded in the twelve months to the as-at date, in the limit and after it: the obligations of `proceedings-26-weeks` done in them."""
    at = open_page(PAGE, view="lengths")
    assert not at.error
    contract = views.obligations(results)
    done = contract[(contract["rule"] == "proceedings-26-weeks") & contract["done_date"].between("2025-11-21", EXTRACT.isoformat())]
    words = texts(at)
    assert f"{(done['status'] == 'on_time').sum():,} within the limit of the law" in words
    assert f"{(done['status'] == 'late').sum():,} after it" in words
    table = at.dataframe[0].value
    assert table["concluded"].sum() + table["open"].sum() == len(at.dataframe[1].value)
    assert not open_page(PAGE, view="lengths", year="2025").error


def test_an_earlier_date_and_words_from_elsewhere(full):
    for words in ({"as_at": "2026-09-01"}, {"view": "nonsense", "show": "nonsense", "year": "nonsense"}, {"as_at": "2017-01-05"}):
        at = open_page(PAGE, **words)
        assert not at.error
        assert not at.exception


def test_without_proceedings_it_says_what_to_load(tmp_path, monkeypatch, sample_files):
    """Cases and meetings alone: no empty green page, but what is missing."""
    store = fill(tmp_path / "store", [path for path in sample_files if path.name.startswith(("cases", "meetings"))])
    assert not court.loaded(compute(store.current()))
    monkeypatch.setenv("CPM_STORE", str(tmp_path / "store"))
    at = open_page(PAGE)
    assert not at.error
    assert "Proceedings are not in the extracts" in texts(at)
