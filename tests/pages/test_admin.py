"""People and access, audit, keeping and erasing: what an administrator does there is done in the store, and noted."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cpm_metrics.access import People
from cpm_metrics.access.people import Access, short
from cpm_metrics.errors import CpmError
from cpm_metrics.store import loads
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


def test_whoever_should_never_come_in_leaves_the_list_for_good(own):
    """Asked first, noted, and still without access and out of the list when they sign in again; access can be given later."""
    register = People(own.state)
    who = {"oid": "o", "tid": "t", "name": "Ada Fenwick"}
    with pytest.raises(CpmError, match="no access"):
        register.viewer(who)
    code = short("t/o")
    at = click(open_page(PEOPLE), f"ask-refuse-{code}")
    assert list(register.waiting()) == ["t/o"]
    click(at, f"refuse-{code}")
    assert "stand under People" in texts(at) and "Nobody is waiting" in texts(at)
    with pytest.raises(CpmError, match="no access"):
        register.viewer(who)
    assert not register.waiting() and register.persons()["t/o"] == Access("none", name="Ada Fenwick")
    assert len(own.state.audit(what="access taken away")) == 1
    at = open_page(PEOPLE)
    at.selectbox(key=f"person-{code}-role").set_value("administrator").run()
    click(at, f"person-{code}-save")
    assert register.viewer(who).roles == ("administrator",)


def test_a_role_without_teams_and_the_last_administrator_are_refused(own):
    """Nobody is given a role that reaches nothing by mistake, and somebody can always give access."""
    register = People(own.state)
    register.give("t/a", Access("administrator", name="Ada"), "a test")
    at = open_page(PEOPLE)
    code = short("t/a")
    at.selectbox(key=f"person-{code}-role").set_value("team-manager").run()
    click(at, f"person-{code}-save")
    assert "exactly one team" in "".join(error.value for error in at.error)
    assert f"take-{code}" not in {button.key for button in at.button}  # first it asks
    click(at, f"ask-take-{code}")
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
    own.state.note("Ben (2)", "settings changed", "", {"now_in_use": {"by_default": True, "limit": 28}, "before": False, "blank": ""})
    (said,) = audit.searched(audit.lines(own.state, __import__("zoneinfo").ZoneInfo("Europe/London")), what=["settings changed"])["detail"]
    assert said == "now in use: by default yes, limit 28; before: no"
    at = open_page(AUDIT)
    at.text_input(key="audit-about").set_value("0042").run()
    assert f"**1** of {len(found) + 1} lines" in texts(at)
    assert {button.proto.label for button in at.get("download_button")} == {"Excel", "CSV"}


def test_a_child_is_erased_and_comes_up_nowhere(own):
    """Only after the ID was typed twice and with a reference; afterwards no page has the child, warm cache or not, and the audit no ID."""
    child = own.current().cursor().execute("SELECT child_id FROM snapshot.cases WHERE care_ceased IS NULL ORDER BY child_id").fetchone()[0]
    assert child in texts(open_page("pages/children/child.py", child=child))
    at = open_page(KEEPING)
    at.text_input(key="keeping-child").set_value(child).run()
    name = " ".join(own.current().cursor().execute("SELECT forename, surname FROM snapshot.cases WHERE child_id = ?", [child]).fetchone())
    assert f"**{name}**" in texts(at).replace("\\", "")  # whose ID it is
    at.text_input(key="keeping-reference").set_value("request 118").run()
    for again, said in (("", "Fill in"), (child + "0", "not the same")):
        at.text_input(key="keeping-again").set_value(again).run()
        click(at, "keeping-erase")
        assert said in texts(at)
        assert child in own.current().children()
    at.text_input(key="keeping-again").set_value(child).run()
    click(at, "keeping-erase")
    assert "Erased" in texts(at)
    assert {at.text_input(key=f"keeping-{field}").value for field in ("child", "reference", "again")} == {""}
    assert "No such child" in texts(open_page("pages/children/child.py", child=child))
    assert child not in own.current().children()
    assert not [line for line in own.state.audit(limit=10_000) if child in f"{line.subject} {line.detail}"]


def test_an_id_is_not_read_before_the_page_said_whose_it_is(own):
    """Changed at the last moment: the button asks to look again, and nobody is erased."""
    one, other = sorted(own.current().children())[:2]
    at = open_page(KEEPING)
    at.text_input(key="keeping-child").set_value(one)
    at.text_input(key="keeping-again").set_value(one)
    at.text_input(key="keeping-reference").set_value("request 118").run()
    at.text_input(key="keeping-child").set_value(other)
    at.text_input(key="keeping-again").set_value(other)
    click(at, "keeping-erase")
    assert "changed just now" in texts(at)
    assert {one, other} <= own.current().children()


def test_old_loads_go_only_when_ticked(own, sample_files, monkeypatch):
    """The button deletes what is ticked and listed, and the current load stays."""
    real = loads.now()
    with monkeypatch.context() as patch:
        patch.setattr(loads, "now", lambda: real - timedelta(days=500))
        aged = fill(own.folder, sample_files)
    for _ in range(2):  # the current load and the one before it are kept whatever their age
        fill(own.folder, sample_files)
    assert len(aged.history()) == 4
    at = open_page(KEEPING)
    click(at, "keeping-delete")
    assert "Nothing is deleted yet" in texts(at) and len(aged.history()) == 4
    at.checkbox(key="keeping-sure-400-1").check().run()
    click(at, "keeping-delete")  # 500 days without a load: the clock may be wrong
    assert "press the button once more" in texts(at) and len(aged.history()) == 4
    click(at, "keeping-delete")
    assert "Deleted for good" in texts(at)
    assert len(aged.history()) == 3


def test_a_service_is_not_made_twice_and_not_lost_by_a_slip(own):
    """A name that exists is refused; without a team it goes only by the button that says so, with who has it."""
    register = People(own.state)
    team = sorted({team for (team,) in own.current().cursor().execute("SELECT DISTINCT team FROM snapshot.cases WHERE team IS NOT NULL").fetchall()})[0]
    register.set_service("North", [team], "a test")
    register.give("t/b", Access("service-manager", services=("North",), name="Ben"), "a test")
    at = open_page(PEOPLE)
    at.text_input(key="service-name").set_value("north").run()
    at.multiselect(key="service-new-teams").set_value([team]).run()
    click(at, "service-add")
    assert "already" in texts(at) and register.services() == {"North": (team,)}
    at.multiselect(key="service-teams-North").set_value([])
    click(at, "service-save-North")  # pressed before the page could warn
    assert "Remove this service" in texts(at) and register.services() == {"North": (team,)}
    assert "1 person" in texts(at)
    click(at, "service-save-North")
    assert register.services() == {}


def test_an_app_role_is_added_once_and_removed_after_asking(own):
    register = People(own.state)
    at = open_page(PEOPLE)
    at.text_input(key="claim-value").set_value("CPM.Analysts").run()
    at.selectbox(key="claim-new-role").set_value("analyst")
    click(at, "claim-new-save")  # pressed before the page had the new role: what is chosen counts
    assert register.claims()["CPM.Analysts"].role == "analyst"
    at.text_input(key="claim-value").set_value("CPM.Analysts").run()
    at.selectbox(key="claim-new-role").set_value("administrator").run()
    click(at, "claim-new-save")
    assert "already" in texts(at) and register.claims()["CPM.Analysts"].role == "analyst"
    click(at, "ask-claim-take-CPM.Analysts")
    assert register.claims()
    click(at, "claim-take-CPM.Analysts")
    assert register.claims() == {}


def test_people_are_found_and_their_names_are_hidden_on_a_shared_screen(own):
    """By a part of the name among many; with hidden names only codes are shown, and the name stays in the store."""
    register = People(own.state)
    names = ["Ada Fenwick", "Ben Okoro", "Cy Marsh", "dee Ash", "Eve Lamb", "Fay Reed", "Gil Stone", "Hal Birch", "Ivy Croft"]
    for name in names:
        register.give(f"t/{name}", Access("administrator", name=name), "a test")
    at = open_page(PEOPLE)
    at.text_input(key="people-find").set_value("okoro").run()
    assert [one.label for one in at.expander if "Administrator" in one.label and "every team" in one.label] == [f"Ben Okoro \\({short('t/Ben Okoro')}\\) · Administrator · every team"]
    at.text_input(key="people-find").set_value("").run()
    at.toggle(key="names-hidden").set_value(True).run()
    shown = texts(at) + " ".join(one.label for one in at.expander)
    assert not [name for name in names if name in shown]
    code = short("t/Cy Marsh")
    assert f"Person {code}" in shown
    at.selectbox(key=f"person-{code}-role").set_value("analyst").run()
    click(at, f"person-{code}-save")
    assert register.persons()["t/Cy Marsh"] == Access("analyst", name="Cy Marsh")
    assert "Cy Marsh" not in texts(at)


def test_nothing_old_is_nothing_to_delete(own):
    at = open_page(KEEPING)
    assert "No load is to go" in texts(at)
    assert not [button for button in at.button if button.key == "keeping-delete"]
