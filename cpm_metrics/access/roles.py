"""The roles of the council's people, and what each may do. Whatever isn't named here nobody may do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Right(StrEnum):
    """What a person may do beyond looking at figures of the teams they may see."""

    CHILDREN = "children"  # look at single children
    DECIDE = "decide"  # write notes and manager's exceptions, prepare meetings
    LOAD = "load"  # load, undo, map headings, see what the spreadsheets got wrong
    SETTINGS = "settings"  # change the authority's figures
    PEOPLE = "people"  # say who may see what; read the audit; erase


class Teams(StrEnum):
    """Which teams a role sees: all, some that are named with each person, or exactly one."""

    ALL = "all"
    SOME = "some"
    ONE = "one"


@dataclass(frozen=True)
class Role:
    code: str
    title: str
    rights: frozenset[Right]
    teams: Teams
    may: str  # in a sentence, for whoever gives the role


ROLES: dict[str, Role] = {
    role.code: role
    for role in (
        Role("administrator", "Administrator", frozenset(Right), Teams.ALL, "Sees every team, loads, changes settings, says who may see what, reads the audit."),
        Role("service-manager", "Service manager", frozenset({Right.CHILDREN, Right.DECIDE}), Teams.SOME, "Sees the children of the named services or teams, writes notes and exceptions."),
        Role("team-manager", "Team manager", frozenset({Right.CHILDREN, Right.DECIDE}), Teams.ONE, "Sees the children of one team, writes notes and exceptions."),
        Role("analyst", "Analyst", frozenset({Right.CHILDREN, Right.LOAD}), Teams.ALL, "Loads extracts and sees every team; without the right to open single children, only the pages for loading, with names hidden and counts for lists."),
    )
}  # fmt: skip
