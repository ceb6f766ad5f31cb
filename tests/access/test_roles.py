"""Every page, its addresses and its files, as each role, on a running server: nobody gets a child of other teams, or a page that isn't theirs."""

from __future__ import annotations

import io
import re
import time
import zipfile
from collections.abc import Iterable

import pytest

from cpm_metrics.access import ROLES, People, Right, Seen
from cpm_metrics.access.people import Access, NotAllowed
from cpm_metrics.store.state import chart_of
from pages._shared import navigation
from tests.access.conftest import Hosted, key_of
from tests.faults.uploading import Loader
from tests.pages.conftest import ROOT
from tests.sessions import PageError, Visitor

ENTRIES = [entry for entries in navigation.PAGES.values() for entry in entries]
# What each person of `people_of` may open. A page that is new fails here until somebody says who may open it.
WORK = {"", "worklist", "calendar", "child", "teams", "drift", "proceedings", "meeting-quality", "pack"}
EVERYBODY = {"data-quality", "rule-book", "settings"}
LOADING = {"load", "history", "mappings"}
ADMIN = {"people", "audit", "keeping"}
MATRIX = {
    "admin": WORK | EVERYBODY | LOADING | ADMIN, "manager": WORK | EVERYBODY, "team": WORK | EVERYBODY, "analyst": WORK | EVERYBODY | LOADING,
    "loader": EVERYBODY | LOADING,
}  # fmt: skip
# Addresses that open lists, other views of a page, or name what isn't the viewer's.
OTHERS = [{"team": "{other}"}, {"as-at": "2026-06-30"}]
WORDS = {
    "": [*OTHERS, *({"show": word} for word in ("newly_overdue", "cleared", "slipped", "back_dated", "flags_new", "plans", "unbooked", "drift", "left_care", "cannot_tell"))],
    "worklist": [*OTHERS, {"unbooked": "yes"}],
    "calendar": [*OTHERS, {"view": "review"}, {"view": "chair"}, {"show": "overdue"}, {"show": "left_care"}],
    "child": [{"child": "{foreign}"}, {"child": "{own}"}, {"child": "{foreign}", "as-at": "2026-01-31"}],
    "teams": [*OTHERS, {"rule": "cpm-before-review"}, {"view": "matrix"}, {"view": "compare"}, {"view": "trend"}, {"view": "handovers"}, {"view": "handovers", "what": "workers"}],
    "drift": [*OTHERS, {"show": "silent"}, {"show": "children"}, {"show": "plan"}, {"show": "achieved"}, {"show": "plan", "who": "left"}],
    "proceedings": [{"view": "teams"}, {"view": "lengths"}, {"show": "ready"}], "meeting-quality": [*OTHERS, {"view": "teams"}, {"view": "meetings"}],
    "data-quality": [*OTHERS, *({"show": word} for word in ("rules", "missing", "problems", "lag", "loads"))],
    "history": [{"view": "compare"}, {"view": "trend"}, {"view": "compare", "show": "moved"}, {"view": "compare", "show": "back_dated"}],
}  # fmt: skip


def test_every_page_is_in_the_matrix():
    """Each role is asked about each page, so that a page can't be forgotten."""
    assert {entry.url for entry in ENTRIES} == set().union(*MATRIX.values())


def test_every_word_is_one_that_the_page_knows():
    """A page passes over a word that it doesn't know: its lists would never be opened here."""
    everywhere = {"team", "as-at", "child"}
    for entry in ENTRIES:
        source = (ROOT / f"pages/{entry.file}.py").read_text("utf-8")
        for name, value in {pair for words in WORDS.get(entry.url, []) for pair in words.items()}:
            assert name in everywhere or re.search(rf'"{name}"|parts\(VIEWS' if name == "view" else f'"{name}"', source), (entry.url, name)
            assert name in everywhere or f'"{value}"' in source or name == "rule", (entry.url, name, value)


def foreign(council: Hosted, who: str) -> dict[str, str]:
    """Children of the teams that aren't theirs: ID -> team."""
    own = {"manager": council.teams[:2], "team": council.teams[:1]}.get(who)
    return {} if own is None else {child: team for child, team in council.children.items() if team not in own}


def said_of_others(text: str, others: Iterable[str]) -> list[str]:
    """IDs of others' children among the words."""
    return sorted(set(re.findall(r"[A-Za-z0-9-]+", text)) & set(others))


@pytest.mark.parametrize("who", MATRIX)
def test_each_role_sees_its_pages_and_its_children(council, who):
    """Page by page and address by address: what isn't theirs isn't there; and in what was sent to the browser neither."""
    others = foreign(council, who)
    whole = council.store.current()
    names = dict(whole.cursor().execute("SELECT child_id, forename || ' ' || surname FROM snapshot.cases").fetchall())
    mine = {names[child] for child in council.children if child not in others and names.get(child)}
    theirs = {names[child] for child in others if names.get(child)} - mine
    own = sorted(set(council.children) - set(others))
    given = {"own": own[0], "foreign": next(iter(others), "nobody"), "other": council.teams[-1]}
    for entry in ENTRIES:
        for words in [{}, *WORDS.get(entry.url, [])]:
            asked = {name: value.format(**given) for name, value in words.items()}
            with council.visitor(who, keep_frames=True) as visitor:
                visitor.open(entry.url, **asked)
                where = f"{who} at {entry.url or 'the first page'} {asked}"
                if entry.url in MATRIX[who]:
                    assert "Your role doesn't include" not in visitor.text, where
                elif entry.url:
                    assert visitor.title == "Not for your role", where
                frames = b"".join(visitor.frames).decode("utf-8", "ignore")
                asked_for = set(asked.values())
                assert not [child for child in said_of_others(visitor.text, others) if child not in asked_for], where
                assert not [name for name in theirs if name in frames], where
                if who == "loader":
                    assert not [name for name in mine if name in frames], where
                    assert not said_of_others(visitor.text, council.children), where


def test_who_may_not_open_children_loads_by_counts(council, tmp_path):
    """The preview says how many children would be gone, and not which."""
    ids = sorted(council.children)[:3]
    cases = tmp_path / "cases 2026-11-21.csv"
    cases.write_text("Child ID,Date started to be looked after,Allocated team\n" + "".join(f"{child},03/03/2025,{council.teams[0]}\n" for child in ids))
    for who, shown in (("loader", False), ("analyst", True)):
        with Loader(council.url, cookies=council.cookies(who)) as visitor:
            visitor.bring([cases])
            assert ("looking at single children" in visitor.text) != shown, who
            assert bool(said_of_others(visitor.text, set(council.children) - set(ids))) == shown, who


def test_a_child_of_others_looks_like_one_that_does_not_exist(council):
    """The same words for both, in an address of one's own making."""
    others = foreign(council, "team")
    said = []
    for child in (next(iter(others)), "no-such-child"):
        with council.visitor("team") as visitor:
            visitor.open("child", child=child)
            said.append(re.sub(re.escape(child), "…", visitor.text))
    assert said[0] == said[1]
    assert "No such child" in said[0]


@pytest.mark.parametrize("who", ["team", "manager"])
def test_every_file_holds_only_their_children(council, who):
    """All that can be taken away from every page: neither IDs nor names of other teams' children, in any part of any file."""
    others = foreign(council, who)
    taken = 0
    for entry in ENTRIES:
        if entry.url not in MATRIX[who]:
            continue
        for words in [{}, *WORDS.get(entry.url, [])]:
            own = sorted(set(council.children) - set(others))[0]
            asked = {name: value.format(own=own, foreign=next(iter(others)), other=council.teams[-1]) for name, value in words.items()}
            with council.visitor(who) as visitor:
                visitor.open(entry.url, **asked)
                for button in visitor.download_ids:
                    content = visitor.take(button)
                    taken += 1
                    assert not said_of_others(text_of(content), others), (entry.url, asked, button)
    assert taken > 60


def text_of(content: bytes) -> str:
    """Every word in a file: each part of a workbook or Word file, the text of a PDF."""
    if content[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(content)) as parts:
            return " ".join(parts.read(name).decode("utf-8", "ignore") for name in parts.namelist())
    if content[:4] == b"%PDF":
        from pypdf import PdfReader

        return " ".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages)
    return content.decode("utf-8", "ignore")


def test_files_are_for_whoever_asked_and_once(council):
    """Nobody without sign-in, nobody else, the owner, and then nobody."""
    with council.visitor("manager") as manager, council.visitor("team") as other:
        manager.open("worklist")
        link = manager.link_of("Excel")
        assert Visitor(council.url).fetch(link)[0] == 401
        assert other.fetch(link)[0] == 404
        assert manager.fetch(link)[0] == 200
        assert manager.fetch(link)[0] == 404


def test_a_right_that_is_taken_away_is_gone_at_the_next_click(council):
    """Warm cache and open page: the next run shows nothing; the file of the page before is not made either."""
    register = People(council.store.state)
    register.give(key_of("leaver"), Access("team-manager", teams=(council.teams[0],), name="Person leaver"), "a test")
    with council.visitor("leaver", strict=False) as visitor:
        visitor.open("worklist")
        assert visitor.title == "Worklist"
        register.take_away(key_of("leaver"), "a test")
        time.sleep(0.6)
        with pytest.raises(PageError):
            visitor.link_of("Excel")
        visitor.rerun()
        assert "no access to this dashboard" in visitor.text
        assert "Worklist" not in visitor.text


def test_a_file_of_the_team_before_is_not_made_for_the_team_after(council):
    """The page was made while they held another team: it still holds that team's rows. The click gives no file."""
    register = People(council.store.state)
    register.give(key_of("mover"), Access("team-manager", teams=(council.teams[0],), name="Person mover"), "a test")
    with council.visitor("mover", strict=False) as visitor:
        visitor.open("worklist")
        assert len(visitor.take("CSV")) > 200
        register.give(key_of("mover"), Access("team-manager", teams=(council.teams[1],), name="Person mover"), "a test")
        time.sleep(0.6)
        with pytest.raises(PageError):
            visitor.link_of("CSV")
        visitor.open("worklist")
        assert not said_of_others(text_of(visitor.take("CSV")), {child: team for child, team in council.children.items() if team != council.teams[1]})


def test_marks_on_a_chart_of_everything_are_of_ones_own_teams(council):
    """A manager's “all” is their teams: nobody else sees the mark, reads its reason or takes it away. Lists that people keep are theirs."""
    team, manager, admin = (Seen(council.store, council.viewer(who), lambda: frozenset()).state for who in ("team", "manager", "admin"))
    everything = chart_of("initial-cpm", [])
    team.save("rebase", everything, "2026-03", {"reason": "A new manager", "by": "Person team"}, "Person team")
    assert list(team.saved("rebase", everything)) == ["2026-03"] and admin.saved("rebase", everything) == manager.saved("rebase", everything) == {}
    manager.forget("rebase", everything, "2026-03", "Person manager")
    assert admin.saved("rebase", chart_of("initial-cpm", [council.teams[0]])).keys() == {"2026-03"}
    with pytest.raises(NotAllowed):
        team.saved("rebase", chart_of("initial-cpm", [council.teams[1]]))
    with pytest.raises(NotAllowed):
        team.saved("view", council.viewer("manager").who)
    team.forget("rebase", everything, "2026-03", "Person team")


def test_what_was_seen_taken_and_refused_is_in_the_audit(council):
    """A child whose notes were read, the children in a file, a page that isn't theirs, each once a session."""
    before = council.store.state.audit(limit=1)[0].number
    with council.visitor("team") as visitor:
        visitor.open("worklist")
        visitor.take("CSV")
        visitor.open("people")
        visitor.rerun()
    lines = {line.what: line for line in council.store.state.audit() if line.number > before and "Person team" in line.who}
    assert set(lines) >= {"exported", "page refused"}
    assert lines["page refused"].subject == "People and access"
    assert len([line for line in council.store.state.audit() if line.number > before and line.what == "page refused"]) == 1
    assert set(lines["exported"].detail["children"]) and set(lines["exported"].detail["children"]) <= council.of(council.teams[0])


def test_what_is_not_ones_right_is_refused_below_the_pages(council):
    """A page that forgot to ask would still get nothing: the store itself refuses."""
    viewer = council.viewer("team")
    seen = Seen(council.store, viewer, lambda: frozenset(council.of(council.teams[0])))
    assert viewer.rights == ROLES["team-manager"].rights and Right.LOAD not in viewer.rights
    for refused in (lambda: seen.undo("x"), lambda: seen.commit(None, None, "x"), lambda: seen.state.audit(), lambda: seen.state.change_settings({}, [], "x", "y"),
                    lambda: seen.state.save("access of a person", "", "x", {}, "x"), lambda: seen.state.saved("waiting for access", "")):  # fmt: skip
        with pytest.raises(NotAllowed):
            refused()
    with pytest.raises(AttributeError):
        seen.erase("x")
    assert seen.current().children() == council.of(council.teams[0])
