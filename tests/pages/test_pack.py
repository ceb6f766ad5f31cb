"""The director's pack on its page: what is in it is shown first, and is the command line's."""

from __future__ import annotations

from datetime import date

from cpm_metrics import views
from cpm_metrics.engine import compute
from cpm_metrics.views import pack
from tests.pages.conftest import EXTRACT, open_page, texts

PAGE = "pages/reports/pack.py"


def headlines(at) -> dict[str, int]:
    table = next(frame.value for frame in at.dataframe if "what" in frame.value)
    return dict(zip(table["what"], table["rows"], strict=True))


def test_the_front_page_is_shown_before_anything_is_made(full, results):
    """The headline figures are the command line's; nothing is noted, because nothing was taken out."""
    at = open_page(PAGE)
    assert not at.exception
    assert not at.error
    contract = views.obligations(results)
    shown = headlines(at)
    assert shown["Overdue"] == (contract["status"] == "overdue").sum()
    assert shown["Cannot tell, of every year"] == (contract["status"] == "cannot_tell").sum()
    assert shown["Drift flags, all"] == views.indicators(results)["child_id"].notna().sum()
    assert "children by ID only" in texts(at)
    assert [button.proto.label for button in at.get("download_button")] == ["Excel workbook", "PDF of the charts", "Counts for outside the service"]
    assert not [line for line in full.state.audit(what="exported") if line.subject == "Director’s pack"]


def test_each_sheet_and_chart_can_be_looked_at(full, results):
    """Every sheet's first rows and every chart with its sentence; the counts in the choices are the rows."""
    at = open_page(PAGE, view="workbook")
    found = pack.make(results, full.current().info, full.state, start=date(2025, 11, 21), end=EXTRACT)
    assert at.selectbox(key="pack-sheet").options == [f"{sheet.name} ({len(sheet.frame):,})" for sheet in found.sheets]
    for sheet in found.sheets:
        at.selectbox(key="pack-sheet").set_value(sheet.name).run()
        assert not at.error, sheet.name
    at = open_page(PAGE, view="pdf")
    for chart in found.charts[:4]:
        at.selectbox(key="pack-chart").set_value(chart.title).run()
        assert not at.error, chart.title


def test_teams_and_day_are_those_beside_the_page(full):
    then = compute(full.current(), date(2026, 9, 1))
    team = then.rows("SELECT team FROM obligation_facts WHERE status = 'overdue' GROUP BY team ORDER BY count(*) DESC LIMIT 1")[0][0]
    at = open_page(PAGE, as_at="2026-09-01", team=team)
    contract = views.obligations(then)
    assert headlines(at)["Overdue"] == ((contract["status"] == "overdue") & (contract["team"] == team)).sum()
    assert "Yes: put together for 1 Sep 2026" in texts(at).replace("\\", "")


def test_names_are_a_choice_and_warned_about(full):
    at = open_page(PAGE)
    assert not any("Keep it within the service" in warning.value for warning in at.warning)
    at.checkbox(key="pack-names").check().run()
    assert any("Keep it within the service" in warning.value for warning in at.warning)
    assert "INCLUDED" in texts(at)


def test_a_time_the_wrong_way_round_and_one_with_nothing_due(full):
    at = open_page(PAGE, **{"from": "2026-06-01", "to": "2026-05-01"})
    assert any("lies after" in warning.value for warning in at.warning)
    at = open_page(PAGE, **{"from": "1990-01-01", "to": "1990-02-01"})
    assert not at.error
    assert headlines(at)["Fell due and counted"] == 0
