"""Whoever has several roles at once, by the token's claims, gets no more than one of them gives: for any child, or for the whole store."""

from __future__ import annotations

import itertools

import pytest

from cpm_metrics.access import People, Right
from cpm_metrics.access.people import Access, NobodyYet
from cpm_metrics.store import Store

TEAMS = ("North", "South", "West")
GIVEN = {
    "admin": Access("administrator"), "analyst": Access("analyst"), "loader": Access("analyst", drill=False), "north": Access("team-manager", ("North",)),
    "south": Access("team-manager", ("South",)), "service": Access("service-manager", services=("Two teams",)), "counts": Access("service-manager", ("North", "West"), drill=False),
}  # fmt: skip


@pytest.fixture(scope="module")
def people(tmp_path_factory) -> People:
    register = People(Store(tmp_path_factory.mktemp("roles") / "store").state)
    register.set_service("Two teams", ["South", "West"], "a test")
    for value, access in GIVEN.items():
        register.give_by_claim(value, access, "a test")
    return register


def viewer(people: People, *values: str):
    return people.viewer({"oid": "somebody", "tid": "t", "name": "Somebody", "roles": list(values)})


def for_a_child_of(viewer, team: str) -> tuple[frozenset[Right], bool]:
    """What may be done about a child of that team, and whether its name is seen."""
    return (viewer.rights, not viewer.masked) if viewer.teams is None or team in viewer.teams else (frozenset(), False)


@pytest.mark.parametrize("values", [some for length in (1, 2, 3) for some in itertools.combinations(GIVEN, length)], ids="+".join)
def test_no_more_than_one_of_them_gives(people, values):
    """For every child; and each of two roles with the same rights keeps its teams."""
    both, alone = viewer(people, *values), [viewer(people, value) for value in values]
    for team in TEAMS:
        rights, named = for_a_child_of(both, team)
        assert any(rights <= theirs and named <= seen for theirs, seen in (for_a_child_of(one, team) for one in alone)), (values, team)
    assert any(both.rights <= one.rights for one in alone)
    other_way = viewer(people, *reversed(values))
    assert (both.rights, both.teams, both.masked) == (other_way.rights, other_way.teams, other_way.masked)


def test_the_one_that_gives_most_counts(people):
    """An analyst without single children who manages a team is its manager; with them, an analyst; an administrator is one whatever else."""
    north = viewer(people, "loader", "north")
    assert (north.rights, north.teams, north.masked, north.words) == (frozenset({Right.CHILDREN, Right.DECIDE}), {"North"}, False, "Team manager")
    analyst = viewer(people, "north", "analyst")
    assert (analyst.rights, analyst.teams) == (frozenset({Right.CHILDREN, Right.LOAD}), None)
    assert viewer(people, "north", "loader", "admin").rights == frozenset(Right)
    managers = viewer(people, "north", "service")
    assert (managers.teams, managers.roles) == ({"North", "South", "West"}, ("team-manager", "service-manager"))


def test_a_role_of_ones_own_goes_before_them(people):
    people.give("t/somebody", GIVEN["loader"], "a test")
    try:
        assert viewer(people, "north", "admin").rights == {Right.LOAD}
        people.take_away("t/somebody", "a test")
        with pytest.raises(NobodyYet):
            viewer(people, "admin")
    finally:
        people._state.forget("access of a person", "", "t/somebody", "a test")
