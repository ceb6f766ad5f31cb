"""Every page, empty and full, as a visitor gets it; its numbers against the command line's frames."""

from __future__ import annotations

import io
import logging
from datetime import date, timedelta

import pandas as pd
import pytest
from openpyxl import Workbook
from streamlit import config
from streamlit.testing.v1 import AppTest

from cpm_metrics import charts, sample, views
from cpm_metrics.engine import compute
from cpm_metrics.errors import CpmError
from cpm_metrics.extracts.prepare import prepare
from cpm_metrics.extracts.problems import InputFile
from cpm_metrics.indicators import all_indicators
from cpm_metrics.rules import all_rules
from cpm_metrics.settings import Settings
from cpm_metrics.store import Store
from cpm_metrics.views import child, lists, look, outside, pack, teams, this_week
from pages._shared import navigation
from tests.pages.conftest import EXTRACT, ROOT, fill, numbers, open_page, texts

# Path -> title of every page of the navigation, so that a new page gets these tests. "" is the one that opens first.
PAGES = {f"pages/{entry.file}.py" if entry.url else "": entry.title for entries in navigation.PAGES.values() for entry in entries}
FILES = sorted(p for p in (ROOT / "pages").rglob("*.py") if not {"_shared", "_server"} & set(p.parts))
WITH_DATA = (
    "", "pages/now/worklist.py", "pages/now/calendar.py", "pages/children/child.py", "pages/teams/teams.py", "pages/teams/drift.py", "pages/teams/proceedings.py",
    "pages/teams/meeting_quality.py",
)  # fmt: skip


# -- empty and full


@pytest.mark.parametrize("path", PAGES)
def test_an_empty_store_says_what_to_do(path, empty):
    """Nothing is loaded: no page fails, and each that needs data says so."""
    at = open_page(path)
    assert not at.exception
    assert not at.error
    if path in (*WITH_DATA, "pages/data/load.py"):
        assert "Nothing is loaded yet" in texts(at)


@pytest.mark.parametrize("path", PAGES)
def test_a_full_store_fills_every_page(path, full):
    """Something is loaded: each page has its heading, no error, and says for when and for whom it stands."""
    at = open_page(path)
    assert not at.exception
    assert not at.error
    assert at.title[0].value == PAGES[path]
    if path in WITH_DATA:
        assert "As at **20 Nov 2026**" in texts(at)
        assert "all 12 teams" in texts(at) or "all " in texts(at)


def test_every_page_has_its_row_in_the_navigation():
    """A page without one can't be opened by anybody; the tests above go through them all."""
    assert {f"pages/{entry.file}.py" for entries in navigation.PAGES.values() for entry in entries} == {path.relative_to(ROOT).as_posix() for path in FILES}


# -- the gate


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_no_page_answers_beyond_this_computer_without_sign_in(path, full):
    """A page file run by itself, without app.py, still passes the gate first: on another address it shows the reason and nothing."""
    config.set_option("server.address", "0.0.0.0")
    at = AppTest.from_file(str(path), default_timeout=30).run()
    assert "sign-in is not set up" in at.error[0].value
    assert len(at.main) == 1


def test_app_passes_the_gate_first(full):
    config.set_option("server.address", None)
    at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=30).run()
    assert "sign-in is not set up" in at.error[0].value
    assert not at.title
    assert not at.sidebar.date_input


def test_no_page_lies_directly_in_pages():
    """Streamlit serves those without app.py, and so without its gate, when a visitor deep-links after a restart."""
    assert list((ROOT / "pages").glob("*.py")) == []


# -- the as-at date (This week has its own tests, in test_this_week.py)


@pytest.mark.parametrize("path", WITH_DATA)
def test_an_earlier_date_is_said_to_be_reconstructed(path, full):
    at = open_page(path, as_at="2026-09-01")
    assert not at.error
    assert any("Reconstructed" in info.value for info in at.info)
    assert "too small" not in texts(at)
    assert "1 Sep 2026" in texts(at)


def test_a_date_before_the_extracts_leavers_begin_says_so(full, full_store):
    """The first who left and isn't back: on the day itself nothing is said, a day earlier every page's banner says why so few are counted, and so
    does the director's pack."""
    with full_store.current().attached("snap") as con:
        ends = con.execute("SELECT child_id, care_started, care_ceased FROM snap.cases ORDER BY care_started").fetchall()
    last = {child_id: ceased for child_id, _, ceased in ends}
    first = min(day for day in last.values() if day)
    words = f"Children who left care before {look.day(first)} are not in the extract, so the numbers of that time are too small."
    for day, said in ((first, False), (first - timedelta(days=1), True)):
        at = open_page("", as_at=day.isoformat())
        assert not at.error
        assert (words in texts(at)) == said
        results = compute(full_store.current(), day)
        made = pack.make(results, full_store.current().info, full_store.state, start=day - timedelta(days=365), end=day, charted=[])
        assert (words in made.facts["Reconstructed"]) == said
        few = outside.make(results, full_store.current().info, start=day - timedelta(days=365), end=day).facts.get("Too small", "")
        assert bool(few) == said
        assert look.day(first) not in few  # on which one child left care
    assert "too small" not in texts(open_page(""))


def test_a_date_after_the_extract_or_no_date_at_all_is_put_right(full):
    """An address from elsewhere: as if the word weren't there, and the page says so."""
    for wrong, words in (("2031-01-01", "after the newest extract"), ("yesterday", "no date"), ("1990-01-01", "further back")):
        at = open_page("", as_at=wrong, team="No such team", show="nonsense")
        assert not at.error
        assert words in " ".join(warning.value for warning in at.warning)
        assert "1 team of the address" in " ".join(warning.value for warning in at.warning)
        assert "As at **20 Nov 2026**" in texts(at)
        assert numbers(at, "tile-")["meetings"] >= 0


@pytest.mark.parametrize("path", WITH_DATA)
def test_an_old_extract_says_so_on_every_page(path, tmp_path_factory, monkeypatch, sample_files):
    """Older than eight days, which is a setting."""
    old = date.today() - timedelta(days=40)
    folder = tmp_path_factory.mktemp("old")
    fill(folder / "store", sample.write(folder / "files", children=12, seed=3, extract_date=old), old)
    monkeypatch.setenv("CPM_STORE", str(folder / "store"))
    at = open_page(path)
    assert any("40 days old" in warning.value for warning in at.warning)


# -- teams


def test_team_counts_are_the_command_lines(full, results):
    """The table by rule equals `compliance --by rule` for the same dates."""
    start, end = date(2025, 11, 21), EXTRACT
    at = open_page("pages/teams/teams.py")
    shown = at.dataframe[0].value
    expected = views.compliance(results, "rule", start, end).set_index("rule")
    assert len(shown) == len(expected)
    by_title = {rule.title: rule.code for rule in all_rules()}
    for row in shown.itertuples():
        assert [row.on_time, row.late, row.missed, row.overdue, row.cannot_tell] == expected.loc[by_title[row.title], ["on_time", "late", "missed", "overdue", "cannot_tell"]].tolist()


def test_few_obligations_have_no_percentage():
    assert teams.cell(3, 7, 0, None) == "3 of 7"
    assert teams.cell(41, 50, 2, 82.0) == "82% of 50, ? 2"
    assert teams.cell(0, 0, 4, None) == "? 4"
    assert teams.percent(99.6) == "99%"
    assert teams.percent(100.0) == "100%"
    assert teams.percent(0.4) == "1%"


def test_the_matrix_and_the_rule_open(full):
    for words in ({"view": "matrix"}, {"rule": "statutory-review"}, {"from": "2026-06-01", "to": "2026-05-01"}, {"from": "1990-01-01", "to": "1990-02-01"}):
        at = open_page("pages/teams/teams.py", **words)
        assert not at.exception
        assert not at.error


# -- child


@pytest.fixture(scope="session")
def overdue_child(results) -> str:
    return this_week.rows(results, "records")["child_id"].iloc[0]


def test_a_child_shows_every_obligation_with_its_why(full, results, overdue_child):
    at = open_page("pages/children/child.py", child=overdue_child)
    assert not at.error
    current = child.periods(results, overdue_child).iloc[0]
    expected = child.obligations(results, overdue_child, current["care_started"].date())
    table = next(frame.value for frame in at.dataframe if "why" in frame.value and "status" in frame.value)
    assert sorted(table["why"]) == sorted(expected["why"])
    for row in expected[expected["status"] == "overdue"].head(1).itertuples():
        assert row.why in texts(at)
    for flag in lists.flags(results, child=overdue_child).itertuples():
        assert flag.why in texts(at)


def test_the_address_never_has_a_name(full, results, overdue_child):
    """The child's name is on the page, and nowhere in the address."""
    at = open_page("pages/children/child.py", child=overdue_child)
    row = child.periods(results, overdue_child).iloc[0]
    assert row["surname"] in at.title[0].value
    assert row["surname"] not in str(at.query_params)


def test_an_unknown_child_is_told(full):
    at = open_page("pages/children/child.py", child="no-such-child")
    assert "No such child" in texts(at)
    assert not at.error


def test_each_period_of_care_has_its_own_page(full, results):
    returned = results.rows("SELECT child_id FROM children GROUP BY 1 HAVING count(*) > 1 ORDER BY 1 LIMIT 1")
    if not returned:
        pytest.fail("the sample has no child who returned to care")
    first = child.periods(results, returned[0][0]).iloc[-1]["care_started"].date().isoformat()
    at = open_page("pages/children/child.py", child=returned[0][0], period=first)
    assert not at.error
    assert not at.exception


def test_every_child_can_be_opened(full, results):
    """Frames and figures of all of them, without the page around them."""
    for (one,) in results.rows("SELECT DISTINCT child_id FROM children"):
        lanes, windows, marks = child.lanes(results, one), child.windows(results, one), child.marks(results, one)
        charts.timeline(lanes, windows, marks, results.as_at, dark=bool(len(one) % 2))
        assert charts.timeline_words(windows, marks, results.as_at).endswith(".")
        child.siblings(results, one)


# -- faults


def test_what_was_not_foreseen_is_a_number_without_values(full, monkeypatch, caplog):
    """Neither page nor log quotes the error's text, which may hold a line of data."""

    def fails(*args, **kwargs):
        raise ValueError("Amira Bell-Invented was born on 3 April")

    monkeypatch.setattr(this_week, "counts", fails)
    with caplog.at_level(logging.ERROR):
        at = open_page("")
    (shown,) = [error.value for error in at.error]
    number = shown.rsplit(" ", 1)[1].rstrip(".")
    assert len(number) == 12
    assert number in caplog.text
    assert "ValueError" in caplog.text
    assert "Amira" not in caplog.text
    assert "Amira" not in shown


def test_what_was_foreseen_is_told_in_its_own_words(full, monkeypatch):
    def fails(*args, **kwargs):
        raise CpmError("The moon is full.", "Wait a day.")

    monkeypatch.setattr(this_week, "counts", fails)
    at = open_page("")
    assert "moon is full" in at.error[0].value
    assert "Wait a day" in at.error[0].value


# -- rule book and load


def test_the_rule_book_has_every_rule_with_its_limit_in_use(full):
    at = open_page("pages/help/rule_book.py")
    headings = " ".join(expander.label for expander in at.expander)
    for thing in (*all_rules(), *all_indicators()):
        assert thing.title in headings
    for rule in all_rules():
        if "limit" in rule.limits:
            assert Settings()[f"{rule.code}.limit"].text in headings


def test_one_rule_by_its_address(full):
    at = open_page("pages/help/rule_book.py", rule="cpm-before-review")
    assert at.header[0].value == "CPM before each review"
    assert not at.expander


def test_the_history_and_undo(tmp_path, monkeypatch, sample_files):
    """Two loads; undo makes the first current again, and the page says so."""
    store = fill(tmp_path / "store", sample_files)
    fill(store.folder, sample_files)
    monkeypatch.setenv("CPM_STORE", str(tmp_path / "store"))
    at = open_page("pages/data/load.py")
    assert list(at.dataframe[0].value["state"]) == ["Current", "Earlier"]
    assert at.button(key="undo").disabled
    next(box for box in at.checkbox if box.label == "Yes, undo it for everyone").check().run()
    at.button(key="undo").click().run()
    assert not at.error
    assert "Undone" in at.success[0].value
    assert sorted(at.dataframe[0].value["state"]) == ["Current", "Undone"]


def test_the_sample_opens_from_an_empty_store(empty, monkeypatch):
    """One click, through the ordinary way in. A smaller council, for time's sake."""
    real = sample.write
    monkeypatch.setattr(sample, "write", lambda folder, **more: real(folder, children=15, **more))
    at = open_page("pages/data/load.py")
    at.button(key="sample").click().run()
    assert not at.error
    assert "invented sample council is loaded" in at.success[0].value
    assert isinstance(at.dataframe[0].value, pd.DataFrame)


# -- little data


CASES_ONLY = (["Child ID", "Date started to be looked after", "Allocated team"], ["1", date(2026, 1, 5), "North"], ["2", "soon", "North"], ["3", None, "North"])
MEETINGS_TOO = (["Child ID", "Meeting type", "Meeting date"], ["1", "CPM", date(2026, 1, 12)], ["1", "CPM", date(2026, 12, 1)])
NO_MEETINGS = (["Child ID", "Meeting type", "Meeting date"],)
LITTLE = {"cases alone": (CASES_ONLY,), "cases and meetings": (CASES_ONLY, MEETINGS_TOO), "meetings without a row": (CASES_ONLY, NO_MEETINGS)}
# Every view of every page that has several, by its address.
VIEWS = [
    *[("pages/teams/teams.py", {"view": view}) for view in ("rules", "matrix", "compare", "trend", "handovers")],
    *[("pages/teams/drift.py", {"show": show}) for show in ("signs", "children", "silent", "plan", "achieved")],
    *[("pages/teams/meeting_quality.py", {"view": view}) for view in ("checks", "teams", "meetings")],
    *[("pages/data/history.py", {"view": view}) for view in ("loads", "compare", "trend")],
    ("pages/children/child.py", {"child": "1"}),
]


@pytest.fixture(scope="session")
def little(tmp_path_factory):
    """Stores with one child who could be loaded and two who couldn't."""
    out = {}
    for name, sheets in LITTLE.items():
        book = Workbook()
        for rows in sheets:
            page = book.create_sheet()
            for row in rows:
                page.append(row)
        book.remove(book.worksheets[0])
        buffer = io.BytesIO()
        book.save(buffer)
        store = Store(tmp_path_factory.mktemp("little"))
        store.commit(prepare([InputFile("extract.xlsx", buffer.getvalue())]), EXTRACT, "a test", confirmed=True)
        out[name] = store.folder
    return out


@pytest.mark.parametrize("name", LITTLE)
def test_every_page_and_view_works_with_little_data(name, little, monkeypatch):
    """No error anywhere; the two rows of Cases that were left out are said wherever children are counted."""
    monkeypatch.setenv("CPM_STORE", str(little[name]))
    for path, words in [*((path, {}) for path in PAGES), *VIEWS]:
        at = open_page(path, **words)
        assert not at.error, (path, words)
        assert not at.exception, (path, words)
        if path in WITH_DATA and path != "pages/children/child.py":
            assert "2 rows of Cases left out" in texts(at), (path, words)
