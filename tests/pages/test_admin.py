"""People and access, audit, keeping and erasing: what an administrator does there is done in the store, and noted."""

from __future__ import annotations

import pytest

from cpm_metrics.access import People
from cpm_metrics.access.people import Access, short
from cpm_metrics.errors import CpmError
from cpm_metrics.views import audit
from tests.pages.conftest import fill, open_page, texts

PEOPLE, AUDIT, KEEPING = "pages/admin/people.py", "pages/admin/audit.py", "pages/admin/keeping.py"


@pytest.fixture
def own(tmp_path, sample_files, monkeypatch):
    """A store that a test may change."""
    store = fill(tmp_path / "store", sample_files)
    monkeypatch.setenv("CPM_STORE", str(store.folder))
    return store


def click(at, key: str):
    at.button(key=key).click().run()
    assert not at.exception
    return at


def test_whoever_waits_gets_a_role_and_it_is_noted(own):
    """The list of those who wait, the role, and the audit's line about it."""
    register = People(own.state)
    with pytest.raises(CpmError, match="no access"):
        register.viewer({"oid": "o", "tid": "t", "name": "Ada Fenwick"})
    at = open_page(PEOPLE)
    code = short("t/o")
    at.selectbox(key=f"waits-{code}-role").set_value("analyst").run()
    at.checkbox(key=f"waits-{code}-drill").uncheck().run()
    click(at, f"waits-{code}-save")
    assert "Saved" in texts(at)
    viewer = register.viewer({"oid": "o", "tid": "t", "name": "Ada Fenwick"})
    assert viewer.roles == ("analyst",) and viewer.masked and viewer.teams is None
    assert [line.detail["role"] for line in own.state.audit(what="access given")] == ["analyst"]


def test_a_role_without_teams_and_the_last_administrator_are_refused(own):
    """Nobody is given a role that reaches nothing by mistake, and somebody can always give access."""
    register = People(own.state)
    register.give("t/a", Access("administrator", name="Ada"), "a test")
    at = open_page(PEOPLE)
    code = short("t/a")
    at.selectbox(key=f"person-{code}-role").set_value("team-manager").run()
    click(at, f"person-{code}-save")
    assert "exactly one team" in "".join(error.value for error in at.error)
    click(at, f"take-{code}")
    assert "only administrator" in "".join(error.value for error in at.error)
    assert register.persons()["t/a"].role == "administrator"


def test_services_and_claims_reach_their_teams(own):
    """A service is a name for teams: a team added to it is seen by whoever has the service, by their own row or by a claim."""
    register = People(own.state)
    register.set_service("North", ["A", "B"], "a test")
    register.give_by_claim("CPM.North", Access("service-manager", services=("North",)), "a test")
    claims = {"oid": "o", "tid": "t", "roles": ["CPM.North", "something else"]}
    assert register.viewer(claims).teams == {"A", "B"}
    register.set_service("North", ["A", "B", "C"], "a test")
    assert register.viewer(claims).teams == {"A", "B", "C"}
    register.give("t/o", Access("team-manager", teams=("Z",)), "a test")  # their own row goes before
    assert register.viewer(claims).teams == {"Z"}
    register.take_away("t/o", "a test")
    with pytest.raises(CpmError, match="no access"):
        register.viewer(claims)


def test_the_audit_is_searched_and_taken_away(own):
    """By what happened, by whom, by a child's ID; the files have all that was found."""
    own.state.note("Ada (1)", "child viewed", "0042")
    own.state.note("Ben (2)", "exported", "Worklist", {"file": "worklist.xlsx"})
    found = audit.lines(own.state, __import__("zoneinfo").ZoneInfo("Europe/London"))
    assert audit.searched(found, about="0042")["what"].tolist() == ["child viewed"]
    assert audit.searched(found, who=["Ben (2)"])["detail"].tolist() == ["file: worklist.xlsx"]
    at = open_page(AUDIT)
    at.text_input(key="audit-about").set_value("0042").run()
    assert f"**1** of {len(found)} lines" in texts(at)
    assert {button.proto.label for button in at.get("download_button")} == {"Excel", "CSV"}


def test_a_child_is_erased_and_comes_up_nowhere(own):
    """Only after the ID was typed twice and with a reference; afterwards no page has the child, warm cache or not, and the audit no ID."""
    child = own.current().cursor().execute("SELECT child_id FROM snapshot.cases WHERE care_ceased IS NULL ORDER BY child_id").fetchone()[0]
    assert child in texts(open_page("pages/children/child.py", child=child))
    at = open_page(KEEPING)
    at.text_input(key="keeping-child").set_value(child).run()
    at.text_input(key="keeping-reference").set_value("request 118").run()
    assert at.button(key="keeping-erase").disabled
    at.text_input(key="keeping-again").set_value(child).run()
    click(at, "keeping-erase")
    assert "Erased" in texts(at)
    assert "No such child" in texts(open_page("pages/children/child.py", child=child))
    assert child not in own.current().children()
    assert not [line for line in own.state.audit(limit=10_000) if child in f"{line.subject} {line.detail}"]


def test_nothing_old_is_nothing_to_delete(own):
    at = open_page(KEEPING)
    assert "No load is that old" in texts(at)
    assert not [button for button in at.button if button.key == "keeping-delete"]
