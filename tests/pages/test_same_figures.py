"""The same thing has the same number on every page: what the pages show beside the files that the command line writes.

The expected figures are counted here from those files alone, by hand, and through none of `cpm_metrics.views`. What the files don't
have (who is in care on the day, and with which team) is read from the engine's own table of children.
"""

from __future__ import annotations

import re
from datetime import date, timedelta

import pandas as pd
import pytest

from cpm_metrics import cli
from cpm_metrics.engine import compute
from cpm_metrics.indicators import all_indicators
from cpm_metrics.rules import all_rules
from tests.pages.conftest import EXTRACT, numbers, open_page, texts

OPEN = ("overdue", "due_soon", "upcoming", "cannot_tell")
COUNTED = ("on_time", "late", "missed", "overdue")
TITLES = {rule.code: rule.title for rule in all_rules()}
SIGNS = {thing.code: thing.title for thing in all_indicators()}
CPM_OVERDUE = ("initial-cpm", "cpm-before-review", "agreed-frequency", "cpm-after-change", "final-plan-cpm")  # PRACTICE_RULES.md section 4
EARLIER = date(2026, 9, 1)


class Expected:
    """Figures counted from the command line's files, for a day and perhaps one team (None: all)."""

    def __init__(self, folder, store, as_at: date, one_team: bool) -> None:
        frames = {}
        for command in ("obligations", "indicators"):
            file = folder / f"{command}.csv"
            assert cli.main([command, "--as-at", as_at.isoformat(), "--store", str(store.folder), "--output", str(file)]) == 0
            frames[command] = pd.read_csv(file, dtype={"child_id": str, "meeting_id": str}, parse_dates=[c for c in pd.read_csv(file, nrows=0) if c.endswith(("_date", "_on", "since", "started"))])
        self.as_at, everything, flags = as_at, frames["obligations"], frames["indicators"]
        children = compute(store.current(), as_at).frame("SELECT child_id, care_started, team FROM children WHERE in_care AND current AND NOT left_out")
        self.team = everything.loc[everything["status"] == "overdue", "team"].value_counts().index[0] if one_team else None
        self.unassessable = set(flags.loc[flags["child_id"].isna(), "indicator"])
        flags = flags.dropna(subset="child_id").merge(children[["child_id", "team"]], on="child_id", how="left", validate="many_to_one")
        keys = set(zip(children["child_id"], children["care_started"], strict=True))
        everything["in_care"] = [key in keys for key in zip(everything["child_id"], everything["care_started"], strict=True)]
        mine = [frame if self.team is None else frame[frame["team"] == self.team] for frame in (everything, flags, children)]
        self.obligations, self.flags, self.children = mine
        self.status = self.obligations["status"]
        self.everything = everything

    @property
    def from_before(self) -> int:
        """Overdue for the children whom the team holds now, from when another team held them."""
        theirs = self.everything["child_id"].isin(self.children["child_id"]) & (self.everything["team"] != self.team)
        return 0 if self.team is None else int((theirs & (self.everything["status"] == "overdue")).sum())

    def words(self) -> dict[str, str]:
        return ({} if self.as_at == EXTRACT else {"as_at": self.as_at.isoformat()}) | ({} if self.team is None else {"team": self.team})

    def due(self, start: date, end: date) -> pd.DataFrame:
        """Obligations by their due date (those without one by their anchor), both days included."""
        day = self.obligations["due_date"].fillna(self.obligations["anchor_date"])
        return self.obligations[day.between(pd.Timestamp(start), pd.Timestamp(end))]

    @property
    def year(self) -> tuple[date, date]:
        return self.as_at.replace(year=self.as_at.year - 1) + timedelta(days=1), self.as_at


@pytest.fixture(scope="module", params=[(EXTRACT, False), (EXTRACT, True), (EARLIER, False), (EARLIER, True)], ids=["newest, all", "newest, one team", "earlier, all", "earlier, one team"])
def expected(request, full_store, tmp_path_factory) -> Expected:
    return Expected(tmp_path_factory.mktemp("command-line"), full_store, *request.param)



def opened(path: str, expected: Expected, **more: str):
    at = open_page(path, **expected.words(), **more)
    assert not at.exception
    assert not at.error
    return at


def number(text: str, pattern: str) -> int:
    return int(re.search(pattern, text)[1].replace(",", ""))


def table_with(at, *columns: str) -> pd.DataFrame:
    return next(shown.value for shown in at.dataframe if set(columns) <= set(shown.value))


def test_this_week(expected, full):
    """Each overdue obligation on one count; due soon, cannot tell and flags; and as many rows below as the count says."""
    at = opened("", expected)
    now, also, in_care = numbers(at, "tile-"), numbers(at, "count-"), expected.obligations["in_care"]
    overdue, soon = expected.status == "overdue", expected.status == "due_soon"
    assert now["meetings"] + now["plans"] + now["records"] == (overdue & in_care).sum() > 0
    assert now["due"] == (soon & in_care).sum()
    assert now["drift"] == len(expected.flags)
    assert also.pop("from_before", 0) == expected.from_before
    assert also == {"left_care": ((overdue | soon) & ~in_care).sum(), "cannot_tell": (expected.status == "cannot_tell").sum()}
    assert number(texts(at), r"All ([\d,]+) overdue obligations") == overdue.sum()
    assert sum(len(shown.value) for shown in at.dataframe if "why" in shown.value) == now["meetings"]


@pytest.mark.parametrize("which", ["plans", "records", "due", "unbooked", "drift", "left_care", "cannot_tell"])
def test_each_count_of_this_week_opens_as_many_rows(expected, full, which):
    at = opened("", expected, show=which)
    count = (numbers(at, "tile-") | numbers(at, "count-"))[which]
    assert count == sum(len(shown.value) for shown in at.dataframe if "why" in shown.value)


def test_the_worklist(expected, full):
    """Every open obligation, and how many there are of each status."""
    at = opened("pages/now/worklist.py", expected)
    rows = table_with(at, "name", "status")
    assert len(rows) == expected.status.isin(OPEN).sum()
    said = next(caption.value for caption in at.caption if "open obligation" in caption.value)
    for status, words in (("overdue", "overdue"), ("due_soon", "due soon"), ("upcoming", "upcoming"), ("cannot_tell", "cannot tell")):
        there = (expected.status == status).sum()
        assert number(said, rf"([\d,]+) {words}\b") == there if there else f" {words}" not in said


def test_the_calendar(expected, full):
    """CPM obligations and reviews overdue for children in care now, by obligation as the command line has them; the child with a CPM overdue is flagged so."""
    of, in_care = expected.obligations, expected.obligations["in_care"]
    overdue = (expected.status == "overdue") & in_care
    # “?” (None) instead of nought where nothing has a known date, and some can't be told.
    assert (numbers(opened("pages/now/calendar.py", expected, count="obligations"), "tile-cal-")["overdue"] or 0) == (overdue & of["rule"].isin(CPM_OVERDUE)).sum()
    if expected.team is None:  # meetings to hold go by the team of today, obligations by the team that held the case
        assert numbers(opened("pages/now/calendar.py", expected, view="review"), "tile-cal-")["overdue"] == (overdue & (of["rule"] == "statutory-review")).sum()
    at = opened("pages/now/calendar.py", expected, show="overdue")
    assert set(at.session_state["_rows-cal-cpm-meetings-overdue-0"] if numbers(at, "tile-cal-")["overdue"] else []) == set(expected.flags.loc[expected.flags["indicator"] == "cpm-overdue", "child_id"])
    assert number(texts(at), r"([\d,]+) child(?:ren)? in care") == len(expected.children)


def test_drift(expected, full):
    at = opened("pages/teams/drift.py", expected)
    shown = numbers(at, "tile-drift-")
    assert (shown["signs"], shown["children"]) == (len(expected.flags), expected.flags["child_id"].nunique())
    assert shown["silent"] == (expected.flags["indicator"] == "silent-drift").sum()
    assert f"of {len(expected.children)} {'child' if len(expected.children) == 1 else 'children'} in care" in next(b.label for b in at.button if b.key == "tile-drift-children")
    by_title = table_with(at, "title", "all").set_index("title")["all"]
    for code, title in SIGNS.items():
        count = (expected.flags["indicator"] == code).sum()
        assert by_title[title] == ("?" if code in expected.unassessable else f"{count:,}" if count else "")


def test_proceedings(expected, full):
    """For children in care, those running long and those without a filing date are the indicators of the same name."""
    at = opened("pages/teams/proceedings.py", expected)
    shown = numbers(at, "tile-court-")
    for tile, code in (("no_date", "no-filing-date"), (("amber", "red"), "proceedings-long")):
        rows = []
        for which in (tile,) if isinstance(tile, str) else tile:
            rows += opened("pages/teams/proceedings.py", expected, show=which).session_state[f"_rows-court-{which}"] if shown[which] else []
        assert set(rows) & set(expected.children["child_id"]) == set(expected.flags.loc[expected.flags["indicator"] == code, "child_id"])
    if expected.team is None:
        assert shown["cpm_overdue"] == ((expected.everything["rule"] == "final-plan-cpm") & (expected.everything["status"] == "overdue")).sum()


def test_teams(expected, full):
    """Rule by rule and rules by teams: every count is how many obligations the files have."""
    due = expected.due(*expected.year)
    counts = due.groupby(["rule", "status"]).size().unstack(fill_value=0).reindex(columns=[*COUNTED, "cannot_tell"], fill_value=0)
    counts = counts[counts.sum(axis=1) > 0]
    shown = table_with(opened("pages/teams/teams.py", expected), "counted", "cannot_tell").set_index("title")
    assert set(shown.index) == {TITLES[code] for code in counts.index}
    for code, row in counts.iterrows():
        assert shown.loc[TITLES[code], [*COUNTED, "cannot_tell"]].astype(int).to_dict() == row.to_dict()
        assert shown.loc[TITLES[code], "counted"] == row[list(COUNTED)].sum()
    one = opened("pages/teams/teams.py", expected, view="compare", rule="statutory-review")
    table = table_with(one, "team", "counted").set_index("team")
    review = due[due["rule"] == "statutory-review"]
    by_team = review[review["status"].isin(COUNTED)].groupby("team").size()
    for team in table.index.intersection(by_team.index):
        assert table.loc[team, "counted"] == by_team[team]


def test_meeting_quality(expected, full):
    """By the day of the meeting: minutes on file, who chaired, the domains, the frequency."""
    start, end = (pd.Timestamp(day) for day in expected.year)
    mine = expected.obligations[expected.obligations["anchor_date"].between(start, end)]
    shown = table_with(opened("pages/teams/meeting_quality.py", expected), "title", "in_order").set_index("title")
    for code in ("minutes-on-file", "minutes-distributed", "cpm-chair", "progress-domains", "frequency-recorded"):
        of = mine.loc[mine["rule"] == code, "status"]
        for column, statuses in (("in_order", ["on_time"]), ("late", ["late"]), ("lacking", ["missed", "overdue"]), ("cannot_tell", ["cannot_tell"])):
            count = int(of.isin(statuses).sum())
            assert shown.loc[TITLES[code], column] == (f"{count:,}" if count else "")


def test_the_directors_pack(expected, full):
    """Its front page: the figures of the other pages."""
    at = opened("pages/reports/pack.py", expected)
    table = at.dataframe[0].value.set_index("what")
    shown = {name: (None if pd.isna(n) else int(n)) for name, n in table["rows"].items()}
    due = expected.due(*expected.year)
    assert shown["Overdue"] == (expected.status == "overdue").sum()
    assert shown["Due soon"] == (expected.status == "due_soon").sum()
    assert shown["Cannot tell, of every year"] == (expected.status == "cannot_tell").sum()
    assert shown["Fell due and counted"] == due["status"].isin(COUNTED).sum()
    assert shown["Silent drift"] == (expected.flags["indicator"] == "silent-drift").sum()
    assert shown["Drift flags, all"] == len(expected.flags)
    assert table.loc["Overdue", "children"] == expected.obligations.loc[expected.status == "overdue", "child_id"].nunique()
    assert number(texts(at).replace("\\", ""), r"Children in care:\*\* ([\d,]+)") == len(expected.children)
    assert shown["Final plans to get ready"] == numbers(opened("pages/teams/proceedings.py", expected), "tile-court-")["ready"]


def test_a_child(expected, full):
    """The child with the most overdue: all obligations of the present period of care, and all the flags, whoever holds the case."""
    overdue = expected.obligations[(expected.status == "overdue") & expected.obligations["in_care"]]
    child = overdue["child_id"].value_counts().index[0]
    at = open_page("pages/children/child.py", child=child, **expected.words())
    of = expected.everything[(expected.everything["child_id"] == child) & expected.everything["in_care"]]
    assert at.tabs[0].label == f"All obligations ({len(of)})"
    assert len(table_with(at, "title", "status", "anchor_date")) == len(of)
    heading = next(h.value for h in at.header if h.value.startswith("Drift flags"))
    if expected.team is None:
        assert heading == f"Drift flags ({(expected.flags['child_id'] == child).sum()})"
