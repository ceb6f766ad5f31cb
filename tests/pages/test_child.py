"""The Child page: its figures against the command line's frames, what can be taken along, what if, and text that stays text."""

from __future__ import annotations

import csv
import io
import re
from datetime import date, timedelta

import pandas as pd
import pytest
from pypdf import PdfReader
from streamlit.testing.v1 import AppTest

from cpm_metrics import views
from cpm_metrics.documents import supervision
from cpm_metrics.engine import compute
from cpm_metrics.store import Store
from cpm_metrics.views import child, lists, siblings, what_if, worklist
from pages._shared.show import button_label
from tests.pages.conftest import EXTRACT, fill, open_page, texts
from tests.views.loads import load

PAGE = "pages/children/child.py"
NASTY = ("<b>Zoë</b> *x*", ":material/home: [go](http://evil.test) Łęcka")


@pytest.fixture(scope="module")
def someone(results) -> str:
    """A child in care with overdue obligations, actions rolled over and brothers or sisters in care."""
    found = results.rows(
        """SELECT c.child_id FROM children c JOIN in_care USING (child_id, care_started)
           WHERE (SELECT count(*) FROM children s JOIN in_care USING (child_id, care_started) WHERE s.sibling_group = c.sibling_group) > 1
           ORDER BY (SELECT count(*) FROM obligation_facts f WHERE f.child_id = c.child_id AND f.status = 'overdue') DESC, 1 LIMIT 1"""
    )
    return found[0][0]


def table(at: AppTest, *columns: str):
    return next(frame.value for frame in at.dataframe if set(columns) <= set(frame.value.columns))


def test_the_page_has_the_command_lines_figures(full, results, someone):
    """Overdue and due soon, flags, the tabs' numbers and the next dates."""
    at = open_page(PAGE, child=someone)
    assert not at.error
    assert not at.exception
    contract, flags = views.obligations(results), views.indicators(results)
    started = child.periods(results, someone).iloc[0]["care_started"]
    mine = contract[(contract["child_id"] == someone) & (contract["care_started"] == started)]
    urgent = mine["status"].isin(["overdue", "due_soon"]).sum()
    headings = [header.value for header in at.header]
    assert f"Overdue and due soon ({urgent})" in headings
    assert f"Drift flags ({(flags['child_id'] == someone).sum()})" in headings
    labels = [tab.label for tab in at.tabs]
    assert labels[0] == f"All obligations ({len(mine)})"
    actions = child.actions(results, someone, started.date())
    assert labels[1] == f"Actions ({actions['open'].sum()} open)"
    words = child.date_words(child.next_dates(results, someone, started.date()), EXTRACT)
    assert [(metric.label, metric.value, metric.delta) for metric in at.metric] == [(one.title, one.value, one.note) for one in words]
    together = siblings.side_by_side(results, someone)
    assert list(table(at, "cpm_due", "review_booked")["name"]) == list(together["name"])
    for one in siblings.alignment(together, EXTRACT):
        assert one.words in texts(at)


def test_actions_stand_by_the_meeting_that_agreed_them(full, results):
    found = results.rows("SELECT child_id, figure FROM indicators WHERE indicator = 'actions-rolled-over' ORDER BY figure DESC, 1 LIMIT 1")
    if not found:
        pytest.fail("the sample has no child with actions rolled over")
    one, figure = found[0]
    at = open_page(PAGE, child=one)
    assert table(at, "agreed", "rolled_over")["rolled_over"].sum() == figure
    assert (table(at, "rolled", "meetings_since")["rolled"] != "").sum() == figure
    assert f"**{figure} rolled over**" in texts(at)


def test_the_supervision_sheet_and_the_record_have_no_name_in_theirs(full, results, someone):
    """Both can be downloaded; a file's name has the child ID and the date."""
    at = open_page(PAGE, child=someone)
    row = child.periods(results, someone).iloc[0]
    files = {button.key: button.proto for button in at.get("download_button")} if at.get("download_button") else {}
    assert {"child-sheet", "child-record"} <= set(files)
    assert row["surname"] not in str(at.get("download_button"))


def test_nothing_changes_until_a_day_is_chosen(full, results, someone):
    at = open_page(PAGE, child=someone)
    assert "Nothing here is saved" in texts(at)
    assert "Until then everything is as it stands" in texts(at)
    assert not any("status_after" in frame.value for frame in at.dataframe)


def test_what_if_shows_the_engines_answer_and_saves_nothing(full, results, someone):
    """A review moved: the table is `what_if.compare`'s; the address has nothing of it; starting again clears it."""
    started = child.periods(results, someone).iloc[0]["care_started"].date()
    day = EXTRACT + timedelta(days=21)
    at = open_page(PAGE, child=someone)
    at.date_input(key=f"what-if-review-{someone}").set_value(day).run()
    assert not at.error
    expected = what_if.compare(results, someone, started, what_if.Change(review=day))
    assert len(expected.moved)
    shown = table(at, "due_before", "due_after")
    assert list(shown["title"]) == list(expected.moved["title"])
    assert list(shown["due_after"]) == list(expected.moved["due_after"])
    assert f"**{len(expected.moved)} obligation" in texts(at)
    assert "If that review is held on" in texts(at)
    assert not any("what" in name or str(day) in str(value) for name, value in at.query_params.items())
    at.button(key=f"what-if-again-{someone}").click().run()
    assert "Until then everything is as it stands" in texts(at)
    assert Store(full.folder).state.audit() == full.state.audit()


def test_the_first_cpms_days_can_be_counted_otherwise(full, results, someone):
    at = open_page(PAGE, child=someone)
    at.checkbox(key=f"what-if-days-{someone}").check().run()
    assert not at.error
    assert "10 working days instead of 10 calendar days" in at.checkbox(key=f"what-if-days-{someone}").label
    assert "First Care Planning Meeting" in list(table(at, "due_before", "due_after")["title"])


def test_a_child_who_left_care_has_no_what_if(full, results):
    (one,) = results.rows("SELECT child_id FROM periods WHERE current AND NOT in_care ORDER BY 1 LIMIT 1")[0]
    at = open_page(PAGE, child=one)
    assert not at.error
    assert "Only for a child in care" in texts(at)
    assert not at.metric


@pytest.mark.parametrize("span", ["1y", "2y", "care", "all", "nonsense"])
def test_every_span_of_the_timeline(full, someone, span):
    at = open_page(PAGE, child=someone, span=span)
    assert not at.error
    assert not at.exception


def obligations_table(at: AppTest):
    return next(frame for frame in at.dataframe if "anchor_date" in frame.value and "level" in frame.value)


def test_other_rows_are_another_table(full, someone):
    """Streamlit keeps ticks by place: once a status is chosen, a tick may not stand beside another obligation, with the form for its note."""
    at = open_page(PAGE, child=someone)
    every, before = obligations_table(at).value, obligations_table(at).proto.id
    pills = next(group for group in at.button_group if group.label == "Status")
    pills.set_value(["overdue"]).run()
    assert not at.error
    assert 0 < len(obligations_table(at).value) < len(every)
    assert obligations_table(at).proto.id != before
    next(group for group in at.button_group if group.label == "Status").set_value([]).run()
    assert obligations_table(at).proto.id == before


def test_the_status_chosen_for_one_child_is_not_left_on_for_the_next(full, results, someone):
    at = open_page(PAGE, child=someone)
    next(group for group in at.button_group if group.label == "Status").set_value(["overdue"]).run()
    (other,) = results.rows("SELECT child_id FROM in_care WHERE child_id <> $one AND child_id IN (SELECT child_id FROM obligation_facts WHERE status = 'overdue') ORDER BY 1 LIMIT 1", {"one": someone})[0]
    at.query_params["child"] = other
    at.run()
    assert not at.error
    assert len(obligations_table(at).value) == len(child.obligations(results, other, child.periods(results, other).iloc[0]["care_started"].date()))


# -- back in care


@pytest.fixture(scope="module")
def twice(tmp_path_factory) -> Store:
    """0001 was in care in the first half of 2025 and is again since April 2026; a CPM of each period has no minutes on file."""
    store = Store(tmp_path_factory.mktemp("twice"))
    cases = [["0001", "Ada", "Asher", *days, "North", "Nia", "Yes", None] for days in ((date(2025, 1, 6), date(2025, 6, 2)), (date(2026, 4, 6), None))]
    meetings = [[f"M{n}", "0001", "CPM", day, "Held", "Team Manager", "monthly", None] for n, day in enumerate((date(2025, 1, 10), date(2026, 4, 10)))]
    load(store, date(2026, 6, 1), cases=cases, meetings=meetings, reviews=[["0001", date(2026, 5, 1), "Held"]])
    return store


def test_what_is_overdue_from_an_earlier_period_is_said_and_can_be_opened(twice, monkeypatch):
    """The page shows one period; with what it says of the other it has as many as the supervision sheet. The button opens the other one,
    which points back."""
    monkeypatch.setenv("CPM_STORE", str(twice.folder))
    results = compute(twice.current())
    counts = {day: child.obligations(results, "0001", day)["status"].value_counts() for day in (date(2025, 1, 6), date(2026, 4, 6))}
    before, now = (found.get("overdue", 0) for found in counts.values())
    assert before and now
    at = open_page(PAGE, child="0001")
    assert not at.error
    assert f"**{before} more overdue** from an earlier period of care, 6 Jan 2025 to 2 Jun 2025" in texts(at)
    (page,) = PdfReader(io.BytesIO(supervision.pdf(results, ["0001"]))).pages
    assert f"Overdue ({before + now})" in " ".join(page.extract_text().split())
    at.button(key="open-period-2025-01-06").click().run()
    assert not at.error
    assert at.query_params["period"] in ("2025-01-06", ["2025-01-06"])
    assert len(obligations_table(at).value) == counts[date(2025, 1, 6)].sum()
    assert f"{now} more overdue" in texts(at)
    assert "from a later period of care, 6 Apr 2026 to now" in texts(at)


def test_a_row_of_an_earlier_period_opens_that_period(twice, monkeypatch):
    """A name clicked in the worklist: the address has the row's period only where it isn't the present one."""
    monkeypatch.setenv("CPM_STORE", str(twice.folder))
    at = open_page("pages/now/worklist.py")
    rows = worklist.chosen_rows(worklist.rows(compute(twice.current())).assign(exception=None), worklist.Chosen())
    opened = at.session_state["_periods-work"]
    assert opened == ["2025-01-06" if started == pd.Timestamp(2025, 1, 6) else None for started in rows["care_started"]]
    assert set(opened) == {"2025-01-06", None}
    at.session_state["_open"] = {"child": "0001", "period": "2025-01-06"}
    at.run()
    assert "6 Jan 2025 to 2 Jun 2025" in texts(at)


# -- a messy extract


@pytest.fixture(scope="module")
def messy(tmp_path_factory) -> Store:
    """Two children with hostile names and one "sibling group" for all fifteen; teams blank; cases and meetings only, few columns."""
    folder = tmp_path_factory.mktemp("messy")
    with (folder / "cases.csv").open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(["Child ID", "Forename", "Surname", "Sibling group", "Date started to be looked after", "Date ceased to be looked after", "Allocated team"])
        for n in range(15):
            out.writerow([f"00{n}", *NASTY, "N/A-group", "05/01/2026", "", "North *team*"])
    with (folder / "meetings.csv").open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(["Meeting ID", "Child ID", "Meeting type", "Meeting date", "Meeting status"])
        out.writerow(["M1", "000", "Care Planning Meeting", "12/01/2026", "Held"])
    return fill(folder / "store", [folder / "cases.csv", folder / "meetings.csv"], date(2026, 3, 31))


def test_a_messy_extract_is_shown_and_what_is_unknown_is_said(messy, monkeypatch):
    """Names are text, what was never loaded is named, a sibling group of everybody is doubted, and what can't be changed says why."""
    monkeypatch.setenv("CPM_STORE", str(messy.folder))
    at = open_page(PAGE, child="000")
    assert not at.error
    assert not at.exception
    title = at.title[0].value
    assert "<b>" not in title.replace("\\<b\\>", "")
    assert ":material/" not in title  # the browser shows the escaped one as text: tests/browser/test_child.py
    assert "15 children share this child’s sibling group" in texts(at) + "".join(w.value for w in at.warning)
    assert "Not drawn, because the extracts never had them: Placements, Allocations, Proceedings, Reviews." in texts(at)
    review = next(metric for metric in at.metric if metric.label == "Review due by")
    assert review.value == "Cannot tell"
    assert "No sign of drift" not in texts(at)
    assert "Can’t be assessed from what was loaded" in texts(at)
    assert at.date_input(key="what-if-review-000").disabled
    names = table(at, "cpm_due", "review_booked")["name"]
    assert all(":material/" not in name for name in names)
    assert {name.replace("\u2060", "") for name in names} == {" ".join(NASTY)}


@pytest.mark.parametrize("name", [":material/home:", "a :house: b", ":a::b:", "::", "10:30: x", "Ann: Bee"])
def test_a_name_is_no_picture_in_a_button(name):
    """A word joiner stands in every such code, nothing else changes."""
    shown = button_label(name)
    assert not re.search(r":[\w+/-]+:", shown)
    assert shown.replace("\u2060", "") == name


def test_the_sheet_of_a_messy_extract(messy):
    """The same names on paper, as they are written."""
    (page,) = PdfReader(io.BytesIO(supervision.pdf(compute(messy.current()), ["000"]))).pages
    text = " ".join(page.extract_text().split())
    assert " ".join(NASTY) in text
    assert "Cannot tell" in text


def test_the_list_filters_by_team_do_not_hide_a_child(full, results, someone):
    """An address with another team still opens the child: the filter is for finding."""
    team = lists.obligations(results, statuses=("overdue",))["team"].mode()[0]
    at = open_page(PAGE, child=someone, team=team)
    assert not at.error
    assert someone in texts(at).replace("\\", "")
