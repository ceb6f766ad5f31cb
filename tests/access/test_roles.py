"""Every page, its addresses and its files, as each role, on a running server: nobody gets a child of other teams, or a page that isn't theirs."""

from __future__ import annotations

import io
import re
import zipfile

import pytest

from cpm_metrics.access import ROLES, Right
from pages._shared import navigation
from tests.access.conftest import Hosted, key_of
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
WORDS = {
    "": [{"show": "overdue"}, {"show": "cleared"}, {"as_at": "2026-06-30"}, {"team": "{other}"}],
    "worklist": [{"team": "{other}"}, {"as_at": "2026-03-31"}], "child": [{"child": "{foreign}"}, {"child": "{own}"}, {"child": "{foreign}", "as_at": "2026-01-31"}],
    "teams": [{"rule": "cpm-before-review"}, {"team": "{other}"}, {"show": "handovers"}], "drift": [{"show": "silent"}, {"show": "waiting"}],
    "proceedings": [{"show": "all"}], "meeting-quality": [{"show": "meetings"}], "data-quality": [{"show": "problems"}, {"show": "lag"}, {"show": "missing"}],
}  # fmt: skip


def test_every_page_is_in_the_matrix():
    """Each role is asked about each page, so that a page can't be forgotten."""
    assert {entry.url for entry in ENTRIES} == set().union(*MATRIX.values())


def foreign(council: Hosted, who: str) -> dict[str, str]:
    """Children of the teams that aren't theirs: ID -> team."""
    own = {"manager": council.teams[:2], "team": council.teams[:1]}.get(who)
    return {} if own is None else {child: team for child, team in council.children.items() if team not in own}


def said_of_others(text: str, others: dict[str, str]) -> list[str]:
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
                for label in dict.fromkeys(visitor.downloads):
                    content = visitor.take(label)
                    taken += 1
                    assert not said_of_others(text_of(content), others), (entry.url, asked, label)
    assert taken > 15


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
    from cpm_metrics.access import People
    from cpm_metrics.access.people import Access

    register = People(council.store.state)
    register.give(key_of("leaver"), Access("team-manager", teams=(council.teams[0],), name="Person leaver"), "a test")
    with council.visitor("leaver", strict=False) as visitor:
        visitor.open("worklist")
        assert visitor.title == "Worklist"
        register.take_away(key_of("leaver"), "a test")
        import time

        time.sleep(0.6)
        with pytest.raises(PageError):
            visitor.link_of("Excel")
        visitor.rerun()
        assert "no access to this dashboard" in visitor.text
        assert "Worklist" not in visitor.text


def test_what_is_not_ones_right_is_refused_below_the_pages(council):
    """A page that forgot to ask would still get nothing: the store itself refuses."""
    from cpm_metrics.access import Seen
    from cpm_metrics.access.people import NotAllowed, People

    viewer = People(council.store.state).viewer({"oid": "oid-team", "tid": "11111111-2222-3333-4444-555555555555", "name": "Person team"})
    seen = Seen(council.store, viewer, lambda: frozenset(council.of(council.teams[0])))
    assert viewer.rights == ROLES["team-manager"].rights and Right.LOAD not in viewer.rights
    for refused in (lambda: seen.undo("x"), lambda: seen.commit(None, None, "x"), lambda: seen.state.audit(), lambda: seen.state.change_settings({}, [], "x", "y"),
                    lambda: seen.state.save("access of a person", "", "x", {}, "x"), lambda: seen.state.saved("waiting for access", "")):  # fmt: skip
        with pytest.raises(NotAllowed):
            refused()
    with pytest.raises(AttributeError):
        seen.erase("x")
    assert seen.current().children() == council.of(council.teams[0])
