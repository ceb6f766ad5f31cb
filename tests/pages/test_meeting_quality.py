"""The Meeting quality page as a visitor gets it; its numbers against the command line's frames."""

from __future__ import annotations

from datetime import date

import pytest
from openpyxl import Workbook

from cpm_metrics import views
from cpm_metrics.views import meeting_quality as quality
from tests.pages.conftest import EXTRACT, fill, list_with, open_page, texts

PAGE = "pages/teams/meeting_quality.py"
START, END = date(2025, 11, 21), EXTRACT




@pytest.mark.parametrize("words", [{}, {"view": "teams"}, {"view": "meetings"}, {"from": "2026-06-01", "to": "2026-06-30"}, {"from": "2026-06-01", "to": "2026-05-01"},
                                   {"from": "1990-01-01", "to": "1990-02-01"}, {"to": "2031-01-01"}, {"as_at": "2026-03-01"}, {"view": "nonsense", "check": "none", "lack": "none", "from": "soon"}])  # fmt: skip
def test_every_part_opens(full, words):
    at = open_page(PAGE, **words)
    assert not at.exception
    assert not at.error
    assert at.title[0].value == "Meeting quality"


def test_the_counts_are_the_command_lines(full, results):
    """The last twelve months by the day of the meeting: each number is how many obligations of the rule were set off in them."""
    contract = views.obligations(results)
    mine = contract[contract["anchor_date"].dt.date.between(START, END)]
    table = open_page(PAGE).dataframe[0].value
    codes = {check.title: code for code, check in quality.CHECKS.items()}
    assert len(table) == len(quality.CHECKS)
    for row in table.itertuples():
        code = codes[row.title]
        if code in quality.RULES:
            for part, statuses in quality.PARTS.items():
                number = ((mine["rule"] == code) & mine["status"].isin(statuses)).sum()
                assert getattr(row, part) == (f"{number:,}" if number else "")


def test_the_sentence_adds_up(full, results):
    of = quality.summary(quality.meetings(results, START, END))
    assert of.held == results.rows("SELECT count(*) FROM held_cpms WHERE meeting_date BETWEEN ? AND ?", [START, END])[0][0]
    assert f"{of.lack:,} of {of.held:,} records" in texts(open_page(PAGE))


@pytest.mark.parametrize("code", quality.CHECKS)
def test_a_check_opens_by_team_and_its_rows(full, results, code):
    at = open_page(PAGE, check=code)
    assert not at.error
    expected = quality.by_team(results, START, END, check=code)
    table = next(frame.value for frame in at.dataframe if list(frame.value.columns[:1]) == ["check"] and "team" in frame.value)
    assert table[["team", *quality.PARTS]].values.tolist() == expected[["team", *quality.PARTS]].values.tolist()
    number = int(expected["lacking"].sum())
    assert f"({number:,})" in at.header[-1].value
    if number:
        assert len(at.dataframe[-1].value) == number


def test_the_meetings_and_what_each_lacks(full, results):
    found = quality.meetings(results, START, END)
    at = open_page(PAGE, view="meetings")
    table = list_with(at, "lacks")
    assert len(table) == sum(map(bool, found["items"]))
    assert all(table["lacks"].map(len) > 0)
    for code, (_, number) in quality.items(found).items():
        page = open_page(PAGE, view="meetings", lack=code)
        assert not page.error
        assert len(list_with(page, "lacks")) == number
    whole = open_page(PAGE, view="meetings", lack="all")
    assert len(list_with(whole, "lacks")) == len(found)


def test_a_team_in_the_address_filters_everything(full, results):
    team = quality.meetings(results, START, END)["team"].value_counts().index[0]
    at = open_page(PAGE, team=team, view="meetings", lack="all")
    assert set(list_with(at, "lacks")["team"]) == {team}
    checks = open_page(PAGE, team=team).dataframe[0].value.set_index("title")
    expected = quality.counts(results, START, END, [team]).set_index("title")
    for title, row in expected.iterrows():
        assert checks.loc[title, "lacking"] == (f"{row['lacking']:,}" if row["lacking"] else "")


@pytest.fixture
def messy(tmp_path, monkeypatch):
    """Cases and meetings with hardly a column; a blank and a reserved team; marks of Markdown and HTML in names."""
    book = Workbook()
    cases = book.active
    cases.title = "Cases"
    cases.append(["Child ID", "Forename", "Surname", "Date started to be looked after", "Allocated team"])
    for n, (name, team) in enumerate([("<b>Ada</b>", "title"), ("*Łuk*", "check"), (":material/home:", "No team recorded")], 1):
        cases.append([f"000{n}", name, "![x](http://example.invalid/x.png)", date(2026, 1, 5), team])
    meetings = book.create_sheet("Meetings")
    meetings.append(["Child ID", "Meeting type", "Meeting date", "Chair role"])
    for n in (1, 2, 3):
        meetings.append([f"000{n}", "CPM", date(2026, 2, n), "the _boss_" if n == 1 else None])
    target = tmp_path / "extract.xlsx"
    book.save(target)
    fill(tmp_path / "store", [target])
    monkeypatch.setenv("CPM_STORE", str(tmp_path / "store"))


@pytest.mark.parametrize("words", [{}, {"view": "teams"}, {"view": "meetings"}, {"check": "cpm-chair"}, {"check": "action-owner"}, {"check": "minutes-on-file"}])
def test_a_messy_extract_is_shown_and_what_it_lacks_is_said(messy, words):
    at = open_page(PAGE, **words)
    assert not at.exception
    assert not at.error
    assert "Action has an owner: the extracts do not have Actions." in texts(at)
    assert "IRO informed of plan changes: the extracts do not have Care plan change" in texts(at)
    if words.get("view") == "meetings":
        assert sorted(word for lacks in list_with(at, "lacks")["lacks"] for word in lacks) == ["chair’s role can’t be read", "no chair recorded", "no chair recorded"]
