"""People and access: who waits, who may see what, services, and what an app role or group of the sign-in gives."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from cpm_metrics.access import ROLES, People, Right, Viewer
from cpm_metrics.access.people import Access, short
from cpm_metrics.access.roles import Teams
from cpm_metrics.errors import CpmError
from cpm_metrics.views import lists, look
from pages._server import options
from pages._shared import data, frame, show, state
from pages._shared.faults import refused
from pages._shared.gate import allow, who

REACH = {Teams.ALL: "every team", Teams.SOME: "named services or teams", Teams.ONE: "one team"}
FIND_FROM = 9  # people; fewer are found by looking


@dataclass(frozen=True)
class Known:
    """What can be chosen on this page, and who looks at it. `teams`: those of the newest load."""

    register: People
    teams: list[str]
    services: dict[str, tuple[str, ...]]
    viewer: Viewer

    def called(self, name: str, key: str) -> str:
        """How a person is named here: by their code alone while names are hidden."""
        return f"Person {short(key)}" if self.viewer.masked else f"{name or 'No name'} ({short(key)})"

    def gone(self, chosen: Iterable[str]) -> list[str]:
        """Teams that the newest load doesn't have, so that they reach nobody."""
        return sorted(set(chosen) - set(self.teams)) if self.teams else []


def page() -> None:
    viewer = allow(Right.PEOPLE)
    frame.title("People and access")
    st.caption("Whoever signs in sees nothing until they have a role here. A change counts from their next click. Every change is noted in the audit.")
    if not options.sign_in_is_on():
        st.info("Nobody signs in on this computer, so whoever sits at it sees everything. What is set here counts once sign-in is set up (docs/hosting.md).", icon=":material/info:")
    if viewer.masked:
        st.info("Names are hidden now: people are shown by their short codes.", icon=":material/visibility_off:")
    register = data.people()
    known = Known(register, teams(), register.services(), viewer)
    if not known.teams:
        st.info("No team is known yet, so only roles that see every team can be given. Teams come from the newest load: load the extracts first.", icon=":material/info:")
    waiting(known)
    persons(known)
    left, right = st.columns(2, gap="large")
    with left:
        services(known)
    with right:
        claims(known)
    with st.expander("What each role may do", icon=":material/help:"):
        for role in ROLES.values():
            st.markdown(f"**{role.title}** ({REACH[role.teams]}): {role.may}")
    state.forget("people-answer")


def waiting(known: Known) -> None:
    found = known.register.waiting()
    st.header(f"Waiting for access ({len(found):,})", anchor=False)
    answer("waiting")
    if not found:
        show.empty("Nobody is waiting", "Whoever signs in without a role appears here, with the short code they see on their screen.", ":material/hourglass_empty:")
        return
    st.caption("Open a person to give them a role. Before you do, ask them for the short code beside their name: two people can have one name.")
    for key, value in sorted(found.items(), key=lambda item: item[1]["since"], reverse=True):
        name = known.called(value["name"], key)
        with st.expander(f"{show.plain(name)}, since {look.day(pd.Timestamp(value['since']))}", icon=":material/person_add:", key=f"waits-{short(key)}"):
            answer(f"waits-{short(key)}")
            form(f"waits-{short(key)}", Access("service-manager", name=value["name"]), known, "Give access", give(key, name, f"waits-{short(key)}", moves_to="waiting"))
            first = f"**{show.plain(name)}** leaves this list and stands under People, without access, however often they sign in. You can give them access there later."
            take_away(f"waits-{short(key)}", "Refuse access", first, "Yes, refuse access", f"refuse-{short(key)}", lambda key=key: people().take_away(key, who()), f"{name} has no access. They stand under People.", "waiting")


def persons(known: Known) -> None:
    found = known.register.persons()
    st.header(f"People ({len(found):,})", anchor=False)
    if not found:
        show.empty("Nobody has a role yet", "The first administrator is made on the command line: python -m cpm_metrics people --help", ":material/badge:")
        return
    named = {key: known.called(access.name, key) for key, access in found.items()}
    shown = sorted(found, key=lambda key: named[key].casefold())
    if len(found) >= FIND_FROM:
        wanted = st.text_input("Find a person", key="people-find", placeholder="Part of a name or code", type="search").strip().casefold()
        shown = [key for key in shown if wanted in named[key].casefold()]
        if not shown:
            show.empty("Nobody is called that", "Try a shorter part of the name. Somebody who never signed in isn't in the list: ask them to sign in once.", ":material/search_off:")
    for key in shown:
        access, place = found[key], f"person-{short(key)}"
        has = access.role in ROLES
        words = f"{ROLES[access.role].title} · {show.plain(reach(access))}" if has else "No access"
        with st.expander(f"{show.plain(named[key])} · {words}", icon=":material/person:" if has else ":material/person_off:", key=place):
            answer(place)
            form(place, access, known, "Save" if has else "Give access", give(key, named[key], place))
            if has:
                first = f"**{show.plain(named[key])}** will see nothing from their next click on. You can give access again, but must choose the role and teams anew."
                if key == known.viewer.key:
                    first += " **This is you: only another administrator can let you in again.**"
                take_away(place, "Take all access away", first, "Yes, take it away", f"take-{short(key)}", lambda key=key: people().take_away(key, who()), f"{named[key]} has no access any more, from their next click on.")



def take_away(place: str, button: str, first: str, yes: str, key: str, work: Callable[[], object], said: str, moves_to: str | None = None) -> None:
    """A button that only asks; the one that does it stands below, where Tab goes next. (What a popover holds stands at the end of the page for
    the keyboard.)"""
    asked = state.recall("people-asked") == place
    st.button(button, key=f"ask-{key}", icon=":material/block:", **state.on_click(state.remember, "people-asked", None if asked else place))
    if asked:
        st.warning(first, icon=":material/warning:")
        with st.container(horizontal=True, gap="small"):
            st.button(yes, key=key, type="primary", **state.on_click(done, place, work, said, moves_to))
            st.button("No, leave it as it is", key=f"keep-{key}", **state.on_click(state.forget, "people-asked"))


def give(key: str, name: str, place: str, moves_to: str | None = None) -> Callable[[Access], None]:
    """What Save does for a person. `moves_to`: where to answer once they are no longer where they were."""

    def save(access: Access) -> None:
        done(place, lambda: people().give(key, access, who()), f"Saved: {name} is now {said(access)}. It counts from their next click.", moves_to)

    return save


def said(access: Access) -> str:
    return f"{ROLES[access.role].title}, {reach(access)}"


def reach(access: Access) -> str:
    if ROLES[access.role].teams is Teams.ALL:
        return "every team" if access.drill else "every team, but no single children"
    return ", ".join([*access.services, *access.teams]) or "no team"


def form(key: str, access: Access, known: Known, button: str, save: Callable[[Access], None]) -> None:
    """Role, and what it reaches; `save` gets the Access."""
    codes = list(ROLES)
    role = st.selectbox("Role", codes, codes.index(access.role) if access.role in codes else 1, format_func=lambda code: ROLES[code].title, key=f"{key}-role")
    st.caption(ROLES[role].may)
    kind, its = ROLES[role].teams, sorted({*known.teams, *access.teams})
    if kind is Teams.ONE:
        st.selectbox("Team", its, its.index(access.teams[0]) if access.teams else None, key=f"{key}-team", placeholder="Choose one")
    elif kind is Teams.SOME:
        st.multiselect("Services", sorted({*known.services, *access.services}), list(access.services), key=f"{key}-services", placeholder="None")
        st.multiselect("Teams", its, list(access.teams), key=f"{key}-teams", placeholder="None")
    elif role == "analyst":
        st.checkbox("May open single children and see names", access.drill, key=f"{key}-drill", help="Without it: only the pages for loading, with names hidden.")
    if access.role in ROLES:
        reaches_nobody([*known.gone(access.teams), *(name for name in access.services if name not in known.services)])
    st.button(button, key=f"{key}-save", type="primary", **state.on_click(lambda: save(chosen(key, access))))


def chosen(key: str, access: Access) -> Access:
    """What the form says at the click: a page that is still running may not have seen the last choice."""
    role = state.widget(f"{key}-role")
    kind = ROLES[role].teams
    if kind is Teams.ONE:
        one = state.widget(f"{key}-team")
        return Access(role, (one,) if one else (), name=access.name)
    if kind is Teams.SOME:
        return Access(role, tuple(state.widget(f"{key}-teams") or ()), tuple(state.widget(f"{key}-services") or ()), name=access.name)
    return Access(role, drill=bool(state.widget(f"{key}-drill", access.drill)) if role == "analyst" else True, name=access.name)


def reaches_nobody(names: list[str]) -> None:
    if names:
        st.caption(f":material/warning: Not in the newest load or not a service any more, so nobody is reached by it: {show.plain(', '.join(names))}.")


def services(known: Known) -> None:
    st.header(f"Services ({len(known.services):,})", anchor=False)
    st.caption("A service is a name for several teams. Whoever has the service sees all its teams, and a new team needs to be added only here.")
    answer("services")
    if not known.services:
        show.empty("No service yet", "Add one, or choose the teams with each person.", ":material/account_tree:")
    for name, its in known.services.items():
        place = f"service-{name}"
        with st.expander(f"{show.plain(name)}: {look.count(len(its), 'team')}", icon=":material/account_tree:", key=place):
            answer(place)
            left = st.multiselect("Teams", sorted({*known.teams, *its}), list(its), key=f"service-teams-{name}", placeholder="None: the service is removed")
            reaches_nobody(known.gone(its))
            if not left:
                st.warning(f"Without a team the service is removed. {holders(known, name)}", icon=":material/warning:")
            st.button("Save" if left else "Remove this service", key=f"service-save-{name}", type="primary", **state.on_click(set_service, name, bool(left)))
    with st.expander("New service", icon=":material/add:", key="service-new"):
        st.text_input("Name of the service", key="service-name", max_chars=80)
        st.multiselect("Teams", known.teams, key="service-new-teams", placeholder="Choose its teams")
        st.button("Add", key="service-add", type="primary", **state.on_click(done, "services", add_service, "The service is added. Give it to people above."))


def holders(known: Known, name: str) -> str:
    """Who would miss the service."""
    people_with = sum(name in access.services for access in known.register.persons().values())
    groups = sum(name in access.services for access in known.register.claims().values())
    if not people_with + groups:
        return "Nobody has it."
    return f"Who has it: {look.count(people_with, 'person', 'people')}, {look.count(groups, 'app role or group', 'app roles or groups')}. Whoever has nothing else will see nothing."


def set_service(name: str, left: bool) -> None:
    """`left`: the page showed teams, so nobody was warned that the service would go."""
    its = state.widget(f"service-teams-{name}") or []

    def work() -> None:
        if left and not its:
            raise CpmError("No team is left in the service.", "Press “Remove this service” if it should go.")
        people().set_service(name, its, who())

    done(f"service-{name}", work, f"Saved: {name} has {look.count(len(its), 'team')}." if its else f"The service {name} is removed.", None if its else "services")


def add_service() -> None:
    name, its = (state.widget("service-name") or "").strip(), state.widget("service-new-teams") or []
    if not name or not its:
        raise CpmError("A service needs a name and at least one team.", "Fill in both, then press “Add”.")
    if name.casefold() in (old.casefold() for old in people().services()):
        raise CpmError("There is a service of that name already.", "Change it in the list, or choose another name.")
    people().set_service(name, its, who())
    state.set_widget("service-name", "")
    state.set_widget("service-new-teams", [])


def claims(known: Known) -> None:
    found = known.register.claims()
    st.header(f"By app role or group ({len(found):,})", anchor=False)
    st.caption("Everybody whom your council’s sign-in puts into one of these has its access, without a row of their own (in Microsoft Entra: App Roles). A person's own row above goes before it.")
    answer("claims")
    if not found:
        show.empty("No app role or group yet", "You only need one if access is managed in your council’s sign-in rather than here.", ":material/group:")
    for value, access in found.items():
        place = f"claim-{value}"
        with st.expander(f"{show.plain(value)} · {ROLES[access.role].title} · {show.plain(reach(access))}", icon=":material/group:", key=place):
            answer(place)
            form(place, access, known, "Save", give_by_claim(value))
            first = f"Whoever has access only by **{show.plain(value)}** will see nothing from their next click on."
            take_away(place, "Remove", first, "Yes, remove it", f"claim-take-{value}", lambda value=value: people().take_claim_away(value, who()), f"{value} gives no access any more.", "claims")
    with st.expander("New app role or group", icon=":material/add:", key="claim-adding"):
        st.text_input("Value of the app role, or object ID of the group", key="claim-value", max_chars=120)
        form("claim-new", Access("service-manager"), known, "Add", new_claim)


def give_by_claim(value: str) -> Callable[[Access], None]:
    return lambda access: done(f"claim-{value}", lambda: people().give_by_claim(value, access, who()), f"Saved: {value} gives {said(access)}. It counts from the next click of everybody in it.")


def new_claim(access: Access) -> None:
    value = (state.widget("claim-value") or "").strip()

    def work() -> None:
        if not value:
            raise CpmError("The value of the app role or group is missing.", "Type it as your council’s sign-in has it.")
        if value in people().claims():
            raise CpmError("That app role or group is in the list already.", "Change it there.")
        people().give_by_claim(value, access, who())
        state.set_widget("claim-value", "")

    done("claims", work, f"Added: {value} gives {said(access)}." if value else "")


def people() -> People:
    return data.people()


def teams() -> list[str]:
    """Of the newest load."""
    current = data.store().current()
    return lists.teams(data.results(current.info.load_id, current.info.extract_date)) if current else []


def done(place: str, work: Callable[[], object], said: str, moves_to: str | None = None) -> None:
    """Does it, and remembers what to say where it was clicked (`place`), or at `moves_to` where that is gone afterwards."""
    try:
        allow(Right.PEOPLE)
        work()
    except CpmError as problem:
        state.remember("people-answer", (place, problem))
    else:
        state.forget("people-asked")
        state.remember("people-answer", (moves_to or place, said))


def answer(place: str) -> None:
    """What became of the last click, beside what was clicked: at the top of a long page nobody would see it."""
    at, found = state.recall("people-answer") or ("", "")
    if at != place:
        return
    if isinstance(found, CpmError):
        refused(found)
    else:
        st.success(show.plain(found), icon=":material/check_circle:")


page()
