"""A load as one person may see it, and with names hidden: the figures stay what they are, the rest is not there."""

from __future__ import annotations

import re

import pytest

from cpm_metrics import views
from cpm_metrics.access import LOCAL, Seen
from cpm_metrics.access.people import NotAllowed
from cpm_metrics.access.within import CHILD, FREE, LISTS, STAFF, Within, held_by
from cpm_metrics.engine import compute
from cpm_metrics.extracts.datasets import DATASETS, columns
from cpm_metrics.store import Store
from cpm_metrics.store.state import About, chart_of
from tests.pages.conftest import EXTRACT, fill, full_store, sample_files  # noqa: F401 - fixtures
from tests.sessions import Visitor, serve

# Columns of text that name nobody: codes, places in a list, words of a fixed list. A new text column fails below until it is looked at.
NAMES_NOBODY = {
    "cases": {"child_id", "gender", "sibling_group", "reason_ceased", "legal_status", "legal_code", "placement_type", "team", "permanence_plan", "permanence_plan_text"},
    "meetings": {"child_id", "meeting_id", "meeting_type", "status", "chair_role", "agreed_frequency", "plan_change",
                 "meeting_type_text", "status_text", "chair_role_text", "plan_change_text", "attendee_roles_text", "domains_text"},
    "reviews": {"child_id", "status", "participation", "status_text"}, "placements": {"child_id", "placement_type"},
    "legal_statuses": {"child_id", "legal_status", "legal_code"}, "allocations": {"child_id", "team"},
    "actions": {"child_id", "action_id", "meeting_id"}, "assessments": {"child_id", "assessment_type", "assessment_type_text"},
    "changes": {"child_id"}, "proceedings": {"child_id", "order_sought"},
}  # fmt: skip


def whole(store: Store):
    return compute(store.current())


def test_every_text_column_is_hidden_or_names_nobody():
    """Whoever adds a column to a dataset decides here whether somebody's name can stand in it."""
    for dataset in DATASETS.values():
        hidden = {*STAFF.get(dataset.name, ()), *LISTS.get(dataset.name, ()), *FREE.get(dataset.name, ()), *(CHILD if dataset.name == "cases" else ())}
        texts = {name for name, kind in columns(dataset).items() if kind == "VARCHAR"}
        assert texts - hidden == NAMES_NOBODY[dataset.name], dataset.name


def test_only_their_children_and_with_the_same_figures(full_store):  # noqa: F811
    """One team's view has its children's obligations and flags exactly as everybody's view has them, and nothing of anybody else."""
    everything = whole(full_store)
    team = everything.rows("SELECT team FROM children WHERE current GROUP BY team ORDER BY count(*) DESC")[0][0]
    children = held_by(everything, [team])
    mine = compute(Within(full_store.current(), children, masked=False))
    for frame in (views.obligations, views.indicators):
        theirs = frame(everything)
        expected = theirs[theirs["child_id"].isin(children)].reset_index(drop=True)
        assert len(expected) and frame(mine).reset_index(drop=True).equals(expected)
    for dataset in DATASETS:
        assert {child for (child,) in mine.rows(f"SELECT DISTINCT child_id FROM snap.{dataset}")} <= children
    assert not mine.rows("SELECT 1 FROM duckdb_databases() WHERE path IS NOT NULL")  # the file with the others is gone
    assert not mine.rows("SELECT 1 FROM snap.problems WHERE value IS NOT NULL")


def test_nobody_without_teams_sees_anything(full_store):  # noqa: F811
    assert compute(Within(full_store.current(), frozenset(), masked=False)).rows("SELECT count(*) FROM children") == [(0,)]


def test_hidden_names_change_no_figure(full_store):  # noqa: F811
    """Statuses, dates and flags are the same; workers are told apart still, and who chairs may be who manages the team."""
    everything, hidden = whole(full_store), compute(Within(full_store.current(), None, masked=True))
    keep = ["rule", "child_id", "care_started", "anchor_date", "due_date", "done_date", "status", "days", "team"]
    assert views.obligations(hidden)[keep].equals(views.obligations(everything)[keep])
    assert views.indicators(hidden)[["indicator", "child_id", "since", "figure"]].equals(views.indicators(everything)[["indicator", "child_id", "since", "figure"]])
    for table, column in (("cases", "worker"), ("meetings", "chair")):
        count = f"SELECT count(DISTINCT lower(trim({column}))) FROM snap.{table}"
        assert hidden.rows(count) == everything.rows(count)
    assert hidden.rows("SELECT count(*) FROM snap.cases WHERE forename IS NOT NULL OR surname IS NOT NULL OR date_of_birth IS NOT NULL") == [(0,)]


def test_what_people_wrote_is_hidden_too(tmp_path, sample_files):  # noqa: F811
    store = fill(tmp_path / "store", sample_files)
    about = About("initial-cpm", "1", EXTRACT, EXTRACT, None)
    store.state.add_note(about, "Spoke to Quillfeather.", "Isolde Marrow")
    store.state.set_setting("general.due_soon", {"amount": 3, "unit": "weeks"}, "Isolde Marrow", "Asked by Quillfeather")
    store.state.save("rebase", chart_of("initial-cpm", []), "2026-03", {"reason": "Quillfeather left", "by": "Isolde Marrow"}, "Isolde Marrow")

    def written(state) -> str:
        return repr([state.notes(), state.settings_in_full(), state.saved("rebase", chart_of("initial-cpm", [])), state.audit(what="setting changed")])

    hidden, shown = (written(Seen(store, LOCAL("here", masked=masked), lambda: None).state) for masked in (True, False))
    assert shown.count("Quillfeather") == shown.count("Isolde") == 4
    assert "Quillfeather" not in hidden and "Isolde" not in hidden
    assert not re.search("cases|xlsx", repr(Seen(store, LOCAL("here", masked=True), lambda: None).history()[0].files))


@pytest.fixture(scope="module")
def running(tmp_path_factory, sample_files):  # noqa: F811
    folder = tmp_path_factory.mktemp("shared-screen")
    store = fill(folder / "store", sample_files)
    with serve(store.folder, folder / "log.txt") as server:
        yield server, store


def test_no_name_and_no_date_of_birth_reaches_the_browser(running):
    """Screen-share mode: every frame of every page, searched for every name of a child or a member of staff and every date of birth."""
    from pages._shared import navigation

    server, store = running
    cursor = store.current().cursor
    people = {name for (name,) in cursor().execute(
        "SELECT surname FROM snapshot.cases UNION SELECT worker FROM snapshot.cases UNION SELECT iro FROM snapshot.cases UNION SELECT team_manager FROM snapshot.cases "
        "UNION SELECT chair FROM snapshot.meetings UNION SELECT responsible FROM snapshot.actions UNION SELECT forename || ' ' || surname FROM snapshot.cases").fetchall() if name}  # fmt: skip
    words = {child.lower() for (child,) in cursor().execute("SELECT DISTINCT child_id FROM snapshot.cases").fetchall()}
    people = {name for name in people if len(name) > 3 and name.lower() not in words}
    born = {day for (day,) in cursor().execute("SELECT date_of_birth FROM snapshot.cases WHERE date_of_birth IS NOT NULL").fetchall()}
    child = cursor().execute("SELECT child_id FROM snapshot.cases WHERE care_ceased IS NULL ORDER BY child_id").fetchone()[0]
    with Visitor(server.url, keep_frames=True) as visitor:  # otherwise they are there to be found
        visitor.open("child", child=child)
        said = b"".join(visitor.frames).decode("utf-8", "ignore")
        assert any(name in said for name in people) and any(f"born {day.day} {day:%b %Y}" in said for day in born)
    everything = 0
    for entries in navigation.PAGES.values():
        for entry in entries:
            for asked in [{}, {"child": child}] if entry.url == "child" else [{}]:
                with Visitor(server.url, keep_frames=True) as visitor:
                    visitor.open("rule-book")
                    visitor.choose("Hide names", True)
                    visitor.frames.clear()
                    visitor.open(entry.url, **asked)
                    said = b"".join(visitor.frames).decode("utf-8", "ignore")
                    everything += len(said)
                    found = sorted(name for name in people if re.search(rf"\b{re.escape(name)}\b", said))
                    assert not found, (entry.title, found[:5])
                    assert not [day for day in born if f"born {day.day} {day:%b %Y}" in said or day.isoformat() in said and entry.url == "child"], entry.title
    assert everything > 100_000


def test_no_table_has_anything_of_the_others(full_store):  # noqa: F811
    """Every table of one team's view, searched for the IDs and names of everybody else and for what the files were called."""
    everything = whole(full_store)
    names = dict(everything.rows("SELECT child_id, any_value(forename || ' ' || surname) FROM snap.cases WHERE forename IS NOT NULL GROUP BY ALL"))
    team = everything.rows("SELECT team FROM children WHERE current GROUP BY team ORDER BY count(*) DESC")[0][0]
    children = held_by(everything, [team])
    others = set(everything.rows("SELECT DISTINCT child_id FROM snap.cases")) - {(child,) for child in children}
    files = {name.partition(".")[0] for (name,) in everything.rows("SELECT name FROM snap.files")}
    mine = Within(full_store.current(), children, masked=False)
    shared = {names[child] for child in children if child in names}
    con = mine.attached("seen")
    tables = [name for (name,) in con.execute("SELECT table_name FROM duckdb_tables() WHERE database_name = 'seen'").fetchall()]
    assert {"sources", "problems", "files", "load", *DATASETS} <= set(tables)
    for table in tables:
        said = repr(con.execute(f"FROM seen.{table}").fetchall())
        words = set(re.findall(r"[A-Za-z0-9-]+", said))
        assert not words & {child for (child,) in others}, table
        assert not [names[child] for (child,) in others if child in names and names[child] not in shared and names[child] in said], table
        if table not in DATASETS:
            assert not [name for name in files if name in words], table
    con.close()
    with pytest.raises(NotAllowed):
        mine.path  # noqa: B018 - the file has everybody
    assert not re.search("|".join(re.escape(name) for name in files), repr(mine.info.files))
