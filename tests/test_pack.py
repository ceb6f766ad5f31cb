"""The director's pack, read back: every figure in the workbook and in the PDF is the command line's."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import date

import openpyxl
import pandas as pd
import pypdf
import pytest

from cpm_metrics import export, views
from cpm_metrics.documents import pack_pdf, pack_xlsx
from cpm_metrics.engine import compute
from cpm_metrics.rules import all_rules
from cpm_metrics.settings import Limit, Settings
from cpm_metrics.store import Store
from cpm_metrics.views import lists, pack, proceedings, quality
from tests.pages.conftest import full_store, results, sample_files  # noqa: F401

START, END = date(2025, 11, 21), date(2026, 11, 20)
COUNTS = ["On time", "Late", "Missed", "Overdue", "Counted", "Cannot tell"]
OURS = ["on_time", "late", "missed", "overdue", "counted", "cannot_tell"]
TITLES = {rule.code: rule.title for rule in all_rules()}


def made(results, store, **more) -> pack.Pack:  # noqa: F811
    return pack.make(results, store.current().info, store.state, **({"start": START, "end": END, "today": date(2026, 11, 22)} | more))


def read(content: bytes) -> dict[str, pd.DataFrame]:
    book = openpyxl.load_workbook(io.BytesIO(content))
    out = {}
    for sheet in book:
        header, *rows = sheet.iter_rows(values_only=True)
        out[sheet.title] = pd.DataFrame(rows, columns=header)
    return out


def front(content: bytes) -> dict[str, list]:
    """First column -> the rest of its line, of the front page above its list of sheets."""
    rows = [row for row in openpyxl.load_workbook(io.BytesIO(content))["Summary"].iter_rows(values_only=True) if row[0]]
    return {row[0]: list(row[1:]) for row in rows[: [row[0] for row in rows].index("Sheet")]}


def text_of(content: bytes) -> str:
    return "\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(content)).pages)


def squeezed(text: str) -> str:
    return re.sub(r"\s+", " ", text)


@pytest.fixture(scope="module")
def whole(results, full_store):  # noqa: F811
    return made(results, full_store)


@pytest.fixture(scope="module")
def file(whole) -> bytes:
    return pack_xlsx.workbook(whole)


@pytest.fixture(scope="module")
def document(whole) -> bytes:
    return pack_pdf.document(whole)


@pytest.fixture(scope="module")
def sheets(file) -> dict[str, pd.DataFrame]:
    return read(file)


def test_counts_by_rule_and_team_are_the_command_lines(sheets, results):  # noqa: F811
    """By rule, by team and rule by team, read back from the file, against `compliance`."""
    by_rule = sheets["By rule"].set_index("Rule")
    expected = views.compliance(results, "rule", START, END)
    assert len(by_rule) == len(expected)
    for row in expected.itertuples():
        got = by_rule.loc[TITLES[row.rule]]
        assert got[COUNTS].tolist() == [getattr(row, name) for name in OURS]
        assert (None if pd.isna(got["On time, %"]) else got["On time, %"]) == (None if pd.isna(row.rate) else row.rate)
    by_team = sheets["By team"].set_index("Team")
    expected = views.compliance(results, "team", START, END)
    assert by_team.loc[by_team["Counted"] > 0, COUNTS].loc[sorted(expected["team"].dropna())].values.tolist() == expected.dropna(subset="team").sort_values("team")[OURS].values.tolist()
    assert list(by_team.index) == sorted(by_team.index), "teams are not ranked"
    expected = views.compliance(results, ["rule", "team"], START, END)
    got = sheets["Rule by team"]
    assert {(r["Rule"], r["Team"], *(r[c] for c in COUNTS)) for r in got.to_dict("records")} == {(TITLES[r.rule], r.team, *(getattr(r, c) for c in OURS)) for r in expected.itertuples()}


def test_the_lists_are_the_command_lines(sheets, results):  # noqa: F811
    """Overdue, due soon, flags: the same children, rules and dates as `obligations` and `indicators`."""
    contract = views.obligations(results)
    for name, status in (("Overdue", "overdue"), ("Due soon", "due_soon")):
        wanted = contract[contract["status"] == status]
        got = sheets[name]
        assert sorted(zip(got["Child ID"], got["Rule"], got["Due date"], strict=True)) == sorted(zip(wanted["child_id"], wanted["rule"].map(TITLES), wanted["due_date"].map(lambda d: d.to_pydatetime()), strict=True))
    assert sheets["Overdue"]["Days overdue"].sum() == contract.loc[contract["status"] == "overdue", "days"].sum()
    flags = views.indicators(results).dropna(subset="child_id")
    assert len(sheets["Drift flags"]) == len(flags)
    silent = flags[flags["indicator"] == "silent-drift"]
    shown = sheets["Silent drift"]["Child ID"].dropna() if "None." not in sheets["Silent drift"]["Child ID"].tolist() else []
    assert sorted(shown) == sorted(silent["child_id"])
    ready = proceedings.select(proceedings.all_proceedings(results), "ready")
    assert len(ready) == 0 or sorted(sheets["Final plan readiness"]["Child ID"]) == sorted(ready["child_id"])


def test_data_quality_and_definitions(sheets, results):  # noqa: F811
    """What can be told, per rule; every rule and sign with its question, limit, source and level."""
    contract = views.obligations(results)
    told = sheets["Data quality"].set_index("Rule")
    for code, title in TITLES.items():
        mine = contract[contract["rule"] == code]
        assert told.loc[title, ["Obligations", "Cannot tell"]].tolist() == [len(mine), (mine["status"] == "cannot_tell").sum()]
    assert told["Cannot tell"].sum() == len(quality.unassessable(results))
    definitions = sheets["Definitions"]
    assert definitions["Code"].tolist() == views.rules()["code"].tolist()
    for column in ("Question", "Source", "On"):
        assert definitions[column].notna().all()
    assert definitions.set_index("Code").loc["initial-cpm", ["Limit in use", "Default"]].tolist() == ["10 calendar days", "10 calendar days"]


def test_the_front_page_says_what_it_stands_for(file, results):  # noqa: F811
    said = front(file)
    contract = views.obligations(results)
    overdue = contract[contract["status"] == "overdue"]
    assert said["Overdue"][:2] == [len(overdue), overdue["child_id"].nunique()]
    assert said["Due soon"][0] == (contract["status"] == "due_soon").sum()
    assert said["Drift flags, all"][0] == views.indicators(results)["child_id"].notna().sum()
    assert said["Cannot tell, of every year"][0] == (contract["status"] == "cannot_tell").sum()
    assert said["As at"][0] == "20 Nov 2026"
    assert said["Extract taken on"][0] == "20 Nov 2026"
    assert said["Reconstructed"][0].startswith("No")
    assert said["Age of the extract"][0].startswith("2 days on 22 Nov 2026, within")
    assert said["Teams"][0] == "all teams"
    assert said["Children in care"][0].split()[0].rstrip(",") == str(results.rows("SELECT count(*) FROM in_care")[0][0])
    assert said["Left out"][0].startswith(f"{views.left_out(results)} ")
    assert f"{len(contract):,} obligations" in said["Cannot tell"][0]
    assert said["Names"][0].startswith("left out")


def test_a_workbook_to_be_read_and_printed(file, whole):
    """Frozen headers, filters, widths, real dates, A4 across, coloured words; no formula, nothing hidden, no author."""
    book = openpyxl.load_workbook(io.BytesIO(file))
    assert book.sheetnames == ["Summary", *(sheet.name for sheet in whole.sheets)]
    for page in book:
        assert page.sheet_state == "visible"
        assert page.page_setup.orientation == "landscape"
        assert int(page.page_setup.paperSize) == 9
        assert not any(cell.data_type == "f" for row in page.iter_rows() for cell in row)
        if page.title != "Summary":
            assert page.freeze_panes in ("A2", "B2")
            assert page.auto_filter.ref.startswith("A1:")
            assert page.print_title_rows == "$1:$1"
            assert all(dimension.width >= 8 for dimension in page.column_dimensions.values())
    overdue = book["Overdue"]
    columns = {cell.value: cell.column for cell in overdue[1]}
    assert overdue.cell(2, columns["Due date"]).is_date
    assert overdue.cell(2, columns["Status"]).value == "▲ Overdue"
    assert any("Overdue" in str(rule.formula) for rules in overdue.conditional_formatting for rule in rules.rules)
    assert not book.properties.creator
    with zipfile.ZipFile(io.BytesIO(file)) as parts:
        assert not [name for name in parts.namelist() if "comment" in name or "vba" in name or "externalLink" in name]


def test_small_numbers_have_counts_and_no_percentage(full_store, results):  # noqa: F811
    """With the smallest number at 40: below it no percentage in any sheet or table; from it on there is one."""
    chosen = compute(full_store.current(), settings=Settings({"general.smallest_counted": 40}))
    found = made(chosen, full_store)
    tables = read(pack_xlsx.workbook(found))
    for name in ("By rule", "By team", "Rule by team"):
        assert tables[name].loc[tables[name]["Counted"] < 40, "On time, %"].isna().all()
        assert tables[name].loc[tables[name]["Counted"] >= 40, "On time, %"].notna().all()
    told = tables["Data quality"]
    assert told.loc[told["Obligations"] < 40, "Can be told, %"].isna().all()
    for chart in found.charts:
        for at, name in enumerate(chart.headers):
            if name == "On time, %":
                counted = chart.headers.index("Counted")
                assert all(("%" in row[at]) == (int(row[counted].replace(",", "")) >= 40) for row in chart.rows)


def test_chosen_teams_and_an_earlier_day(full_store, results):  # noqa: F811
    """Everything is the chosen teams' and that day's; the front page, every printed page and the file's name say reconstructed."""
    then = compute(full_store.current(), date(2026, 9, 1))
    team = then.rows("SELECT team FROM obligation_facts WHERE status = 'overdue' GROUP BY team ORDER BY count(*) DESC LIMIT 1")[0][0]
    found = made(then, full_store, chosen=[team], start=date(2025, 9, 2), end=date(2026, 9, 1), charted=["initial-cpm"])
    content = pack_xlsx.workbook(found)
    tables, said = read(content), front(content)
    contract = views.obligations(then)
    assert len(tables["Overdue"]) == ((contract["status"] == "overdue") & (contract["team"] == team)).sum() == said["Overdue"][0]
    assert set(tables["Overdue"]["Team"]) == {team}
    flags = lists.flags(then, teams=[team])
    assert tables["Drift flags"]["Team"].dropna().tolist() == flags["team"].tolist()
    expected = views.compliance(then, "rule", date(2025, 9, 2), date(2026, 9, 1), [team]).set_index("rule")
    assert tables["By rule"]["Counted"].sum() == expected["counted"].sum()
    assert said["Reconstructed"][0].startswith("Yes: put together for 1 Sep 2026")
    assert said["Teams"][0] == team
    assert found.file_name == "directors-pack-2026-09-01-reconstructed"
    assert "(reconstructed)" in openpyxl.load_workbook(io.BytesIO(content))["Overdue"].oddHeader.left.text
    paper = pack_pdf.document(found)
    assert text_of(paper).count("As at 1 Sep 2026 (reconstructed)") == len(pypdf.PdfReader(io.BytesIO(paper)).pages)


def test_the_pdf_says_the_same(whole, document, results):  # noqa: F811
    """Each chart has its title, its sentences and its table; the table by rule is `compliance`; nothing but the footer names a place."""
    reader = pypdf.PdfReader(io.BytesIO(document))
    words = squeezed("\n".join(page.extract_text() for page in reader.pages))
    for chart in whole.charts:
        assert squeezed(chart.title) in words
        assert squeezed(chart.reading[0])[:60] in words
    for row in views.compliance(results, "rule", START, END).itertuples():
        assert f"{row.on_time:,} {row.late:,} {row.missed:,} {row.overdue:,} {row.counted:,}" in words
    contract = views.obligations(results)
    assert f"{(contract['status'] == 'overdue').sum():,} obligations overdue" in words
    assert sum(len(page.images) for page in reader.pages) == len(whole.charts)
    assert not reader.metadata.author
    assert f"Page {len(reader.pages)} of {len(reader.pages)}" in words


def test_names_only_when_asked_for(file, document, full_store, results):  # noqa: F811
    """By default no name of a child or of staff is anywhere in either file; with names both say so on the front."""
    people = {name for row in results.rows("SELECT forename || ' ' || surname, worker, iro, team_manager FROM children") for name in row if name}
    inside = "\n".join(zipfile.ZipFile(io.BytesIO(file)).read(name).decode("utf-8", "replace") for name in zipfile.ZipFile(io.BytesIO(file)).namelist())
    assert not [name for name in people if name in inside]
    words = squeezed(text_of(document))
    assert not [name for name in people if name in words]
    named = made(results, full_store, names=True, charted=())
    content = pack_xlsx.workbook(named)
    assert front(content)["Names"][0].startswith("INCLUDED")
    assert read(content)["Overdue"]["Name"].tolist() == lists.obligations(results, statuses=["overdue"])["name"].tolist()
    assert named.file_name.endswith("-with-names")
    assert "INCLUDED: names of children" in squeezed(text_of(pack_pdf.document(named)))
    assert all(c in "abcdefghijklmnopqrstuvwxyz0123456789-" for c in named.file_name)


def test_an_old_extract_and_changed_settings_are_said(full_store):  # noqa: F811
    chosen = compute(full_store.current(), settings=Settings({"initial-cpm.limit": Limit(5, "working days"), "permanence-plan.on": False, "silent-drift.on": False}))
    content = pack_xlsx.workbook(made(chosen, full_store, today=date(2026, 12, 24)))
    said, tables = front(content), read(content)
    assert said["Age of the extract"][0].startswith("Too old: 34 days")
    assert "First Care Planning Meeting: limit" in said["Settings"][0]
    limits = tables["Definitions"].set_index("Code")
    assert limits.loc["initial-cpm", ["Limit in use", "Default"]].tolist() == ["5 working days", "10 calendar days"]
    assert limits.loc["permanence-plan", "On"] == "No"
    assert "Permanence plan by the second review" not in tables["Data quality"]["Rule"].tolist()
    assert "Switched off" in tables["Silent drift"].iloc[0, 0]


def test_what_an_extract_can_do_to_it(tmp_path):
    """Teams named like formulas, mathematics, HTML or with letters that few fonts have: text in the workbook, and a PDF all the same."""
    from tests.views.loads import load

    teams = ["=1+1", "$x^2$ team", "<b>Łódź</b> *North*", "チーム " + "n" * 90]
    cases = [[f"{at:04}", "Zuzanna", "Secretname", date(2026, 1, 5), None, team, "Workername", None, None] for at, team in enumerate(teams)]
    meetings = [[f"M{at}", f"{at:04}", "CPM", date(2026, 1, 9), "Held", "Team Manager", "every Secretname", None] for at in range(len(teams))]
    store = Store(tmp_path / "store")
    load(store, date(2026, 6, 1), cases=cases, meetings=meetings)
    results = compute(store.current())  # noqa: F811
    found = pack.make(results, store.current().info, store.state, start=date(2025, 6, 2), end=date(2026, 6, 1), today=date(2026, 6, 1), charted=["initial-cpm"])
    content = pack_xlsx.workbook(found)
    by_team = read(content)["By team"]["Team"].tolist()
    assert set(by_team) == set(teams)
    assert not any(cell.data_type == "f" for page in openpyxl.load_workbook(io.BytesIO(content)) for row in page.iter_rows() for cell in row)
    assert "Final plan readiness" in openpyxl.load_workbook(io.BytesIO(content)).sheetnames
    assert read(content)["Final plan readiness"].iloc[0, 0] == "Cannot tell: no proceedings were loaded."
    paper = pack_pdf.document(found)
    inside = "".join(zipfile.ZipFile(io.BytesIO(content)).read(name).decode("utf-8", "replace") for name in zipfile.ZipFile(io.BytesIO(content)).namelist()) + text_of(paper)
    for word in ("Secretname", "Zuzanna", "Workername"):
        assert word not in inside
    assert "=1+1" in text_of(paper)
    assert len(pypdf.PdfReader(io.BytesIO(paper)).pages) >= len(found.charts)


def test_the_name_of_a_sheet_is_whole_words():
    """At most 31 characters, never cut inside a word, never ending in "in" or "of", never twice, never one that Excel keeps for itself."""
    assert export.sheet_name("Meetings overdue: children in care now") == "Meetings overdue children"
    assert export.sheet_name("Plans and assessments overdue: children in care now") == "Plans and assessments overdue"
    assert export.sheet_name("No. of CPMs") == "No. of CPMs"
    assert export.sheet_name("History") == "History list"
    assert export.sheet_name("[:*?/]") == "List"
    assert export.sheet_name("Overdue", ["overdue"]) == "Overdue 2"
    assert len(export.sheet_name("n" * 60)) == 31
