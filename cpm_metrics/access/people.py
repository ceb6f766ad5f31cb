"""The people who may sign in, kept in the store's state, and who somebody is by the claims of their token.

A person is known by what the provider never gives to anybody else: Entra's tenant and object id, otherwise issuer and subject;
never by an e-mail address, which can change hands. Whoever signs in without a role sees nothing and waits on the list of an
administrator. A role comes from the person's own row, else from the rows for the token's `roles` and `groups` claims. Of several with
different rights the one that gives most counts, alone: nobody may do anything to any child that no single role of theirs allows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from cpm_metrics.access.roles import ROLES, Right, Teams
from cpm_metrics.errors import CpmError
from cpm_metrics.store.state import State

# No sign-in lasts longer than a day ([access] longest_hours), so an ended one need not be remembered longer than this.
KEPT_DAYS = 2
PERSON, CLAIM, SERVICE, WAITING, ENDED = "access of a person", "access by a claim", "service", "waiting for access", "sign-in ended"


class NobodyYet(CpmError):
    """Signed in, but without a role."""


class NotAllowed(CpmError):
    """The role doesn't include this."""


@dataclass(frozen=True)
class Access:
    """One row: a role and, where the role needs it, the services and teams it reaches. `drill`: single children may be opened."""

    role: str
    teams: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    drill: bool = True
    name: str = ""

    def checked(self) -> Access:
        """Itself. Raises CpmError where the role is none, or needs teams it doesn't have."""
        if self.role not in ROLES:
            raise CpmError(f"There is no role “{self.role}”.", f"Use one of: {', '.join(ROLES)}.")
        reach = ROLES[self.role].teams
        if reach is Teams.ONE and (len(self.teams) != 1 or self.services):
            raise CpmError("A team manager has exactly one team.", "Choose one, or make them a service manager.")
        if reach is Teams.SOME and not (self.teams or self.services):
            raise CpmError("A service manager needs at least one service or team.", "Choose them.")
        return self

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Access:
        return cls(kept["role"], tuple(kept["teams"]), tuple(kept["services"]), bool(kept["drill"]), kept.get("name", ""))

    def as_json(self) -> dict[str, Any]:
        return {"role": self.role, "teams": list(self.teams), "services": list(self.services), "drill": self.drill, "name": self.name}


@dataclass(frozen=True)
class Viewer:
    """Who is looking. `teams`: those whose children they may see, None for all; `who`: how the audit and notes call them."""

    key: str
    who: str
    roles: tuple[str, ...]
    rights: frozenset[Right]
    teams: frozenset[str] | None
    masked: bool = False
    local: bool = False
    words: str = field(default="", compare=False)

    def may(self, right: Right) -> bool:
        return right in self.rights

    def need(self, right: Right) -> None:
        """Raises NotAllowed without it."""
        if right not in self.rights:
            raise NotAllowed("Your role doesn't include this.", "Ask an administrator of this dashboard if you need it.")


def LOCAL(account: str, masked: bool = False) -> Viewer:
    """The person at the computer itself, where nobody signs in and nothing is reachable from elsewhere."""
    return Viewer(f"account {account}", account, ("administrator",), frozenset(Right), None, masked, local=True, words="everything: this computer alone")


def key_of(claims: Mapping[str, Any]) -> str:
    """Who that is. Raises CpmError where the token names nobody."""
    if claims.get("oid") and claims.get("tid"):
        return f"{claims['tid']}/{claims['oid']}"
    if claims.get("iss") and claims.get("sub"):
        return f"{str(claims['iss']).rstrip('/')}#{claims['sub']}"
    raise CpmError("The sign-in names nobody: neither oid and tid nor iss and sub are in the token.", "Tell whoever runs this dashboard.")


def name_of(claims: Mapping[str, Any]) -> str:
    return str(claims.get("name") or claims.get("preferred_username") or claims.get("email") or "no name in the token")[:120]


def short(key: str) -> str:
    """A few signs that tell people of the same name apart; the same for the same person always."""
    return hashlib.sha256(key.encode()).hexdigest()[:6]


class People:
    """Reads and writes who may see what. Every change is noted in the audit with who made it."""

    def __init__(self, state: State) -> None:
        self._state = state

    # -- who somebody is

    def viewer(self, claims: Mapping[str, Any], masked: bool = False) -> Viewer:
        """Raises NobodyYet for someone without a role: they are put on the list of those who wait."""
        key, name = key_of(claims), name_of(claims)
        own = self.persons().get(key)
        rows = [own] if own else self._by_claims(claims)
        if not rows or any(row.role not in ROLES for row in rows):
            if not own and key not in self.waiting():  # whoever lost their access asks for nothing
                self._state.save(WAITING, "", key, {"name": name, "since": _now()}, f"{name} ({short(key)})")
            raise NobodyYet(
                "You are signed in, but have no access to this dashboard" + (" any more." if own else " yet."),
                f"Ask an administrator of the dashboard; you are {name} ({short(key)}) on their list.",
            )
        return self._made(key, name, rows, masked)

    def _by_claims(self, claims: Mapping[str, Any]) -> list[Access]:
        kept = self.claims()
        return [kept[value] for name in ("roles", "groups") for value in _listed(claims.get(name)) if value in kept]

    def _made(self, key: str, name: str, rows: list[Access], masked: bool) -> Viewer:
        rights, teams, used = max(self._alike(rows), key=_gives)
        titles = tuple(dict.fromkeys(row.role for row in used))
        # Without drill-down no name is needed for anything: none leaves the store.
        return Viewer(key, f"{name} ({short(key)})", titles, rights, teams, masked or Right.CHILDREN not in rights, words=", ".join(ROLES[code].title for code in titles))

    def _alike(self, rows: list[Access]) -> list[tuple[frozenset[Right], frozenset[str] | None, list[Access]]]:
        """Rows with the same rights put together, with the teams of all of them, None for every team. Those with other rights stay
        apart: a right of one role, on the teams of another, would be more than either of them gives."""
        services = self.services()
        alike: dict[frozenset[Right], list[Access]] = {}
        for row in rows:
            rights = ROLES[row.role].rights
            alike.setdefault(rights if row.drill else rights - {Right.CHILDREN, Right.DECIDE}, []).append(row)
        return [
            (
                rights,
                None if any(ROLES[row.role].teams is Teams.ALL for row in some)
                else frozenset(team for row in some for team in (*row.teams, *(team for service in row.services for team in services.get(service, ())))),
                some,
            )
            for rights, some in alike.items()
        ]  # fmt: skip

    # -- what an administrator edits

    def persons(self) -> dict[str, Access]:
        return {key: Access.from_json(value) for key, value in self._state.saved(PERSON, "").items()}

    def claims(self) -> dict[str, Access]:
        """Value of the claim `roles` or `groups` -> what it gives."""
        return {key: Access.from_json(value) for key, value in self._state.saved(CLAIM, "").items()}

    def services(self) -> dict[str, tuple[str, ...]]:
        """Name of a service -> its teams."""
        return {name: tuple(teams) for name, teams in self._state.saved(SERVICE, "").items()}

    def waiting(self) -> dict[str, dict[str, str]]:
        """Key -> name and since when: who signed in and has no role."""
        known = self.persons()
        return {key: value for key, value in self._state.saved(WAITING, "").items() if key not in known}

    def give(self, key: str, access: Access, by: str) -> None:
        """A person's role, in place of the one before. Raises CpmError where it would leave nobody to administer."""
        self._keep_an_administrator(key, access.checked().role)
        self._save(PERSON, key, access, by)
        if key in self._state.saved(WAITING, ""):
            self._state.forget(WAITING, "", key, by)

    def take_away(self, key: str, by: str) -> None:
        """No access from the next click on, whatever the token claims. Whoever waits doesn't wait any more."""
        self._keep_an_administrator(key, "none")
        before, waits = self.persons().get(key), self._state.saved(WAITING, "").get(key)
        kept = Access("none", name=before.name if before else waits["name"] if waits else "")
        self._save(PERSON, key, kept, by)
        if waits:
            self._state.forget(WAITING, "", key, by)

    def give_by_claim(self, value: str, access: Access, by: str) -> None:
        self._save(CLAIM, value, access.checked(), by)

    def take_claim_away(self, value: str, by: str) -> None:
        self._state.forget(CLAIM, "", value, by, ("access taken away", value, {}))

    def set_service(self, name: str, teams: Iterable[str], by: str) -> None:
        """The teams of a service; none: the service is gone, and whoever had only it sees nothing."""
        teams = sorted(set(teams))
        note = ("service set", name, {"teams": teams})
        if teams:
            self._state.save(SERVICE, "", name, teams, by, note)
        else:
            self._state.forget(SERVICE, "", name, by, note)

    def _save(self, kind: str, key: str, access: Access, by: str) -> None:
        what = "access given" if access.role in ROLES else "access taken away"
        self._state.save(kind, "", key, access.as_json(), by, (what, short(key) if kind == PERSON else key, access.as_json()))

    def _keep_an_administrator(self, key: str, role: str) -> None:
        persons = self.persons()
        if key not in persons or persons[key].role != "administrator" or role == "administrator":
            return
        if not any(other != key and access.role == "administrator" for other, access in persons.items()):
            raise CpmError("This is the only administrator, and nobody could give access any more.", "Make somebody else an administrator first.")

    # -- sign-ins that are over before their cookie is

    def end(self, sign_in: str, who: str, why: str) -> None:
        """`sign_in`: a hash of what the cookie says. From now on that cookie opens nothing."""
        self._state.save(ENDED, "", sign_in, {"at": _now(), "why": why}, who, (why, "", {}), keep_days=KEPT_DAYS)

    def ended(self, sign_in: str) -> bool:
        return self._state.is_saved(ENDED, "", sign_in)


def _gives(one: tuple[frozenset[Right], frozenset[str] | None, list[Access]]) -> tuple[bool, bool, int, list[str]]:
    """How much a role gives: single children, then every team, then the number of rights."""
    rights, teams, _ = one
    return Right.CHILDREN in rights, teams is None, len(rights), sorted(rights)


def _listed(claim: Any) -> list[str]:
    return [claim] if isinstance(claim, str) else [str(value) for value in claim or ()]


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
