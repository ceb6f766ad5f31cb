"""The Calendar page: its numbers are those of the command line's frames, and each opens its rows."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from cpm_metrics import ics, views
from cpm_metrics.views import book_by, lists
from tests.pages.conftest import EXTRACT, numbers, open_page, texts

PAGE = "pages/now/calendar.py"
CAL = ("tile-cal-", "count-cal-")



@pytest.fixture(scope="module")
def obligations(results):
    return book_by.open_obligations(results)



def test_the_obligations_counted_are_the_command_lines(full, results):
    """Open CPM obligations of children in care now, by the contract's frame, in the twelve weeks and beside them."""
    contract = views.obligations(results)
    here = {child for (child,) in results.rows("SELECT child_id FROM in_care")}
    mine = contract[contract["rule"].isin(book_by.CPM_RULES) & contract["child_id"].isin(here)]
    ends = date(2026, 11, 16) + timedelta(weeks=12)
    shown = numbers(open_page(PAGE, count="obligations"), *CAL)
    assert shown["overdue"] == (mine["status"] == "overdue").sum()
    ahead = mine[mine["status"].isin(["due_soon", "upcoming"])]
    within = [due.date() < ends for due in ahead["due_date"]]
    assert shown["hold"] == shown["overdue"] + sum(within)
    assert shown["later"] == len(within) - sum(within)
    assert shown["none"] + shown["after"] + shown["in_time"] == shown["hold"]


def test_the_meetings_are_each_child_once(full, obligations):
    """One row per child and kind of meeting; the list has as many rows as the count says; the bookings are parted without rest."""
    at = open_page(PAGE)
    assert not at.error
    shown, rows = numbers(at, *CAL), book_by.meetings(obligations)
    assert shown == book_by.counts_of(rows) | {place: book_by.counts_of(obligations)[place] for place in ("cannot_tell", "left_care")}
    assert not rows.duplicated(["child_id", "kind"]).any()
    grid, listed = at.dataframe[0].value, at.dataframe[1].value
    assert len(listed) == shown["hold"]
    assert grid["team"].tolist()[:2] == ["Working days", "All teams"]
    assert grid["team"].tolist()[2:] == sorted(grid["team"].tolist()[2:])


@pytest.mark.parametrize("which", ["overdue", "none", "after", "in_time", "later", "cannot_tell"])
@pytest.mark.parametrize("words", [{}, {"count": "obligations"}, {"view": "review"}])
def test_each_count_opens_its_rows(which, words, full):
    at = open_page(PAGE, show=which, **words)
    assert not at.error
    number = numbers(at, *CAL)[which]
    assert f"({number:,})" in at.header[0].value
    lists_shown = [frame.value for frame in at.dataframe if "team" not in frame.value.columns[:1]]
    assert (len(lists_shown[0]) if number else 0) == number


def test_a_team_in_the_address_filters_everything(full, obligations):
    """Meetings of the team that holds the child now; the grid has that team's row alone."""
    rows = book_by.meetings(obligations)
    team = rows["team"].value_counts().index[0]
    at = open_page(PAGE, team=team)
    assert numbers(at, *CAL)["hold"] == book_by.counts_of(book_by.of_teams(rows, [team]))["hold"]
    assert at.dataframe[0].value["team"].tolist() == ["Working days", team]
    assert set(at.dataframe[1].value["team"]) == {team}


@pytest.mark.parametrize("by", ["meetings", "obligations"])
def test_the_other_count_on_the_tile_is_of_the_same_children(full, results, obligations, by):
    """Beside the meetings of a team the obligations that they answer, never fewer than meetings; beside a team's obligations the meetings that
    they need, never more. The team of now and the team then are of different children."""
    here = book_by.within(obligations, "hold")
    moved = here[here["team"].notna() & (here["team"] != here["team_now"])]
    (team, other) = moved[["team", "team_now"]].iloc[0]
    for one in (team, other):
        tile = next(button for button in open_page(PAGE, team=one, count=by).button if button.key == "tile-cal-hold")
        rows = book_by.within(book_by.of_teams(book_by.meetings(obligations) if by == "meetings" else obligations, [one]), "hold")
        if by == "meetings":
            beside = int(here["child_id"].isin(rows["child_id"]).sum())
            assert beside >= len(rows)
        else:
            beside = len(book_by.meetings(rows))
            assert rows["child_id"].nunique() <= beside <= len(rows)
        unit = "obligation" if by == "meetings" else "meeting"
        assert f"· {beside:,} {unit}{'' if beside == 1 else 's'}*" in tile.label


def test_the_teams_add_up(results, obligations):
    for rows in (obligations, book_by.meetings(obligations)):
        parts = [book_by.counts_of(book_by.of_teams(rows, [team])) for team in lists.teams(results)]
        nobody = book_by.counts_of(rows[rows["team"].isna()])
        assert {name: sum(part[name] for part in parts) + nobody[name] for name in nobody} == book_by.counts_of(rows)


def test_the_chair_load_and_an_earlier_date(full, results, obligations):
    """The chair's rows; a reconstructed date says so; what is not in the address's vocabulary counts as absent."""
    rows = book_by.chair_rows(results, obligations)
    at = open_page(PAGE, view="chair")
    assert not at.error
    if len(rows):
        assert len(at.dataframe[-1].value) == len(rows)
    for words in ({"as_at": "2026-09-01"}, {"view": "nonsense", "show": "nonsense", "count": "nonsense"}):
        at = open_page(PAGE, **words)
        assert not at.error
        assert numbers(at, *CAL)["hold"] >= 0
    assert "Bank holidays ahead: Christmas Day, 25 Dec 2026" in texts(at)


def test_the_calendar_file_has_ids_and_no_names(results, obligations):
    """One entry for each dated row, on its due date; no name of a child or a worker in it."""
    rows = book_by.select(book_by.meetings(obligations), "hold")
    text = ics.calendar(book_by.with_uid(results, rows), EXTRACT).decode().replace("\r\n ", "")
    assert text.count("BEGIN:VEVENT") == len(rows)
    for row in rows.itertuples():
        assert row.child_id in text
        assert f"DTSTART;VALUE=DATE:{row.due_date:%Y%m%d}" in text
        assert not any(part in text for part in row.name.split() if len(part) > 4)
