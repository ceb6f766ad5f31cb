"""The worklist as a visitor gets it: every open obligation, filters, saved views, notes and manager's exceptions."""

from __future__ import annotations

import io
from datetime import date

import pandas as pd
import pytest
from icalendar import Calendar

from cpm_metrics import ics, views
from cpm_metrics.engine import compute
from cpm_metrics.views import exceptions, lists, look, worklist
from pages._shared.gate import who
from tests.pages.conftest import EXTRACT, fill, open_page, texts

PAGE = "pages/now/worklist.py"


@pytest.fixture
def own(tmp_path, monkeypatch, sample_files):
    """A store in which notes, exceptions and views can be kept."""
    store = fill(tmp_path / "store", sample_files)
    monkeypatch.setenv("CPM_STORE", str(store.folder))
    return store


@pytest.fixture(scope="module")
def rows(results):
    return exceptions.beside(worklist.rows(results), {})


def table(at) -> pd.DataFrame:
    return at.dataframe[0].value


def about(store, at: int = 0):
    """The row that stands `at` in the list as it opens."""
    found = exceptions.beside(worklist.rows(compute(store.current())), {})
    return worklist.chosen_rows(found, worklist.Chosen()).iloc[at]


# -- what is in it


@pytest.mark.parametrize("as_at", [EXTRACT, date(2026, 9, 1)])
def test_it_holds_every_open_obligation_of_the_command_line(full, full_store, as_at):
    """Also for an earlier date and for one team: as many rows, and the same number of each status, in the table and in words."""
    contract = views.obligations(compute(full_store.current(), as_at))
    team = contract.loc[contract["status"] == "overdue", "team"].value_counts().index[0]
    for words, expected in (({}, contract), ({"team": team}, contract[contract["team"] == team])):
        at = open_page(PAGE, as_at=as_at.isoformat(), **words)
        assert not at.error
        counts = {status: int((expected["status"] == status).sum()) for status in look.OPEN}
        shown = [status[0] for status in table(at)["status"]]
        assert {status: shown.count(look.STATUS[status].label) for status in look.OPEN} == counts
        said = next(c.value for c in at.caption if "open obligation" in c.value)
        assert said.startswith(f"**{sum(counts.values()):,}** of {sum(counts.values()):,} open obligations")
        for status, number in counts.items():
            assert not number or f"{number:,} {look.STATUS[status].word.lower()}" in said


def test_the_words_of_the_address_are_its_filters(full, rows):
    """A bookmark: status, rule, what is due when, care, order; what is nonsense in it counts as nothing chosen."""
    at = open_page(PAGE, status="overdue,due_soon", rule="minutes-on-file", care="now", when="overdue-90", order="oldest")
    expected = worklist.chosen_rows(rows, worklist.Chosen(status=("overdue", "due_soon"), rule=("minutes-on-file",), care="now", when="overdue-90", order="oldest"))
    assert len(expected) > 0
    assert table(at)["child_id"].tolist() == expected["child_id"].tolist()
    assert len(table(open_page(PAGE, status="nonsense", when="someday", order=""))) == len(rows)


def test_a_filter_stands_in_the_address_but_a_persons_name_does_not(full, rows):
    at = open_page(PAGE)
    worker = rows["worker_now"].dropna().value_counts().index[0]
    at.multiselect(key="work-status").set_value(["overdue"]).run()
    at.multiselect(key="work-worker").set_value([worker]).run()
    assert not at.error
    assert len(table(at)) == len(worklist.chosen_rows(rows, worklist.Chosen(status=("overdue",), worker=(worker,))))
    assert at.query_params["status"] == "overdue"
    assert worker not in str(at.query_params)
    assert not any(name in str(at.query_params) for name in rows["name"])
    at.button[[b.label for b in at.button].index("Clear filters")].click().run()
    assert len(table(at)) == len(rows)
    assert "status" not in at.query_params


def test_siblings_stand_together_and_who_has_none_recorded_is_said(full, rows):
    at = open_page(PAGE, siblings="yes", care="now")
    found = worklist.chosen_rows(rows, worklist.Chosen(siblings=True, care="now"))
    assert table(at)["family"].tolist() == found["family"].tolist()
    alone = found.loc[found["sibling_group"].isna(), "child_id"].nunique()
    assert f"No sibling group is recorded for {alone} child" in texts(at)


def test_nothing_that_fits_says_what_to_do(full):
    at = open_page(PAGE, status="cannot_tell", when="overdue")
    assert not at.error
    assert "Nothing fits these filters" in texts(at)


# -- views and columns


def test_a_view_is_saved_opened_renamed_and_deleted(own, rows):
    """The whole life of a saved view; another visit has it too, and opens it first when it was asked to."""
    at = open_page(PAGE, status="overdue", care="now")
    at.text_input(key="view-name").set_value("  Mine *b*  ")
    at.checkbox(key="view-first").check()
    at.button(key="view-add").click().run()
    assert not at.error
    assert "Saved as" in at.info[0].value
    assert list(own.state.saved("view", who())) == ["Mine *b*"]

    again = open_page(PAGE)
    assert again.selectbox(key="work-view").value == "Mine *b*"
    assert len(table(again)) == len(worklist.chosen_rows(rows, worklist.Chosen(status=("overdue",), care="now")))

    again.multiselect(key="work-status").set_value(["due_soon"]).run()
    again.button(key="view-replace").click().run()
    assert own.state.saved("view", who())["Mine *b*"]["chosen"]["status"] == ["due_soon"]
    rename = next(i for i in again.text_input if (i.key or "").startswith("view-rename"))
    rename.set_value("Monday").run()
    assert list(own.state.saved("view", who())) == ["Monday"]
    assert open_page(PAGE).selectbox(key="work-view").value == "Monday"
    again.checkbox(key="view-sure").check().run()
    again.button(key="view-delete").click().run()
    assert not again.error
    assert own.state.saved("view", who()) == {}
    assert len(table(open_page(PAGE))) == len(rows)


def test_a_view_brings_its_teams_and_says_when_they_are_gone(own, rows):
    team = rows["team"].dropna().value_counts().index[0]
    plain = {"chosen": worklist.Chosen().plain(), "columns": ["title", "nonsense"], "teams": [team]}
    own.state.save("view", who(), "Ours", plain, who())
    own.state.save("view", who(), "Lost", plain | {"teams": ["No such team"]}, who())
    at = open_page(PAGE)
    at.selectbox(key="work-view").set_value("Ours").run()
    assert not at.error
    assert len(table(at)) == int((rows["team"] == team).sum())
    assert at.sidebar.multiselect[0].value == [team]
    assert at.multiselect(key="work-columns").value == ["title"]
    at.selectbox(key="work-view").set_value("Lost").run()
    assert "not in the newest extract" in texts(at)
    assert len(table(at)) == int((rows["team"] == team).sum())  # nothing was widened


def test_columns_are_kept_for_the_next_visit(own):
    at = open_page(PAGE)
    at.multiselect(key="work-columns").set_value(["title", "iro", "why"]).run()
    assert not at.error
    assert open_page(PAGE).multiselect(key="work-columns").value == ["title", "iro", "why"]


# -- notes and exceptions


def test_an_exception_is_shown_apart_and_stays_counted(own):
    """Made, expired and about nothing: the open one is under its own filter and in its own status; all three are on record."""
    row = about(own)
    own.state.add_exception(exceptions.about(row), "Father *abroad* <b>", date(2026, 12, 31), "Ann")
    own.state.add_exception(exceptions.about(about(own, 5)), "Old", date(2026, 1, 1), "Ann")
    own.state.add_exception(exceptions.about(row)._replace(child_id="nobody"), "Lost", date(2026, 12, 31), "Ann")
    before = views.obligations(compute(own.current()))["status"].value_counts()
    at = open_page(PAGE)
    whole = len(table(at))
    assert whole == sum(int(before.get(status, 0)) for status in look.OPEN)
    assert "**1 of them with a manager’s exception**" in texts(at)
    assert table(at)["exception"].notna().sum() == 1
    record = at.dataframe[1].value
    assert sorted(record["state"]) == sorted(look.EXCEPTION[s].label for s in ("holds", "expired", "gone"))
    at.segmented_control[0].set_value("with").run()
    assert (table(at)["child_id"].tolist(), table(at)["status"].tolist()[0]) == ([row["child_id"]], ["▲ Overdue"])
    at.segmented_control[0].set_value("without").run()
    assert len(table(at)) == whole - 1


def panel_of(rule=None, child=None, started=None, anchor=None):
    """A page with the panel of one open obligation alone; of the first, where none is named."""
    from cpm_metrics.views import exceptions, lists
    from pages._shared import frame, notes

    view = frame.view()
    rows = lists.obligations(view.results, statuses=["overdue"], rule=rule)
    notes.panel(view, next(row for _, row in rows.iterrows() if rule is None or exceptions.about(row)[:4] == (rule, child, started, anchor)))


def test_the_forms_keep_what_is_typed(own):
    """The panel alone, for one row: a note, then an exception, then its withdrawal; each under the name of who did it, all on record."""
    from streamlit.testing.v1 import AppTest

    row = about(own)

    at = AppTest.from_function(panel_of, args=exceptions.about(row)[:4], default_timeout=60).run()
    at.text_area[0].set_value("Spoke to *Otis* <b>")
    at.button[0].click().run()
    assert [note.text for note in own.state.notes(row["child_id"])] == ["Spoke to *Otis* <b>"]
    assert "Spoke to *Otis* <b>" in [text.value for text in at.text]
    reason = next(area for area in at.text_area if area.label == "Reason")
    reason.set_value("IRO agrees")
    assert (at.date_input[0].min, at.date_input[0].max) == (EXTRACT, date(2027, 5, 20))
    next(b for b in at.button if b.label == "Make the exception").click().run()
    (kept,) = own.state.exceptions(row["child_id"])
    assert (kept.text, kept.expires, kept.who, kept.about) == ("IRO agrees", date(2026, 12, 18), who(), exceptions.about(row))
    next(b for b in at.button if b.label == "Withdraw this exception").click().run()
    assert not at.exception
    assert own.state.exceptions(row["child_id"])[0].withdrawn_by == who()
    assert "In force" not in texts(at)


def test_nothing_is_kept_without_words_and_nothing_is_excepted_in_the_past(own):
    from streamlit.testing.v1 import AppTest

    row = about(own)

    at = AppTest.from_function(panel_of, args=exceptions.about(row)[:4], default_timeout=60).run()
    for label in ("Add the note", "Make the exception"):
        next(b for b in at.button if b.label == label).click().run()
        assert "first" in at.warning[0].value
    assert own.state.notes() == own.state.exceptions() == []
    at = AppTest.from_function(panel_of, default_timeout=60)
    at.session_state["as-at"] = date(2026, 9, 1)
    at.run()
    assert not any(b.label == "Make the exception" for b in at.button)
    assert "Exceptions are made for the present" in texts(at)


# -- what is taken along


def test_the_files_hold_the_rows_and_the_calendar_no_name(results, rows):
    """Excel with every row and its filters; the calendar's entries name nobody of the council."""
    content = ics.calendar(rows, EXTRACT)
    assert len(Calendar.from_ical(content).walk("VEVENT")) == int(rows["due_date"].notna().sum())
    text = content.decode().replace("\r\n ", "")
    people = {name for column in ("forename", "surname") for (name,) in results.rows(f"SELECT DISTINCT {column} FROM children WHERE {column} IS NOT NULL")}
    people |= {name for column in ("worker", "iro", "team_manager") for (name,) in results.rows(f"SELECT DISTINCT {column} FROM children WHERE {column} IS NOT NULL")}
    words = set(text.replace(":", " ").split())
    assert not [name for name in people if name in (words if " " not in name else text)]


def test_supervision_sheets_are_made_for_the_ticked_children(own):
    """The function behind the button, with a note and an exception: one page a child."""
    import pypdf

    from cpm_metrics.documents import supervision

    results = compute(own.current())
    found = worklist.rows(results)
    children = list(dict.fromkeys(found["child_id"]))[:3]
    own.state.add_note(exceptions.about(lists.obligations(results, ids=[int(found["obligation_id"].iloc[0])]).iloc[0]), "Asked twice", "Ann")
    pdf = supervision.pdf(results, children, own.state.notes(), own.state.exceptions())
    assert len(pypdf.PdfReader(io.BytesIO(pdf)).pages) == 3
