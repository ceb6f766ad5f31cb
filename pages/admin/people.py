"""People and access: who waits, who may see what, services, and what a claim of the sign-in gives."""

import pandas as pd
import streamlit as st

from cpm_metrics.access import ROLES, People, Right
from cpm_metrics.access.people import Access, short
from cpm_metrics.access.roles import Teams
from cpm_metrics.errors import CpmError
from cpm_metrics.views import lists, look
from pages._server import options
from pages._shared import data, frame, show, state
from pages._shared.faults import refused
from pages._shared.gate import allow, who

REACH = {Teams.ALL: "every team", Teams.SOME: "named services or teams", Teams.ONE: "one team"}


def page() -> None:
    allow(Right.PEOPLE)
    frame.title("People and access")
    st.caption("Whoever signs in sees nothing until they have a role here. A change counts from their next click. Every change is noted in the audit.")
    if not options.sign_in_is_on():
        st.info("Nobody signs in on this computer, so whoever sits at it sees everything. What is set here counts once sign-in is set up (docs/hosting.md).", icon=":material/info:")
    said = state.forget("people-said")
    if said:
        st.success(show.plain(said), icon=":material/check_circle:")
    problem = state.forget("people-refused")
    if problem:
        refused(problem)
    register = data.people()
    waiting(register)
    persons(register)
    left, right = st.columns(2, gap="large")
    with left:
        services(register)
    with right:
        claims(register)
    with st.expander("What each role may do", icon=":material/help:"):
        st.dataframe(
            {"Role": [role.title for role in ROLES.values()], "Sees": [REACH[role.teams] for role in ROLES.values()], "May": [role.may for role in ROLES.values()]},
            hide_index=True, alt="What each role may do",
        )  # fmt: skip


def waiting(register: People) -> None:
    found = register.waiting()
    st.header(f"Waiting for access ({len(found):,})", anchor=False)
    if not found:
        show.empty("Nobody is waiting", "Whoever signs in without a role appears here, with the short code they see on their screen.", ":material/hourglass_empty:")
    for key, value in sorted(found.items(), key=lambda item: item[1]["since"], reverse=True):
        with st.expander(f"{show.plain(value['name'])} ({short(key)}), since {look.day(pd.Timestamp(value['since']))}", icon=":material/person_add:", key=f"waits-{short(key)}"):
            st.caption("Ask them for the short code in brackets: two people can have one name.")
            form(f"waits-{short(key)}", Access("service-manager", name=value["name"]), register, lambda access, key=key: people().give(key, access, who()))


def persons(register: People) -> None:
    found = register.persons()
    st.header(f"People ({len(found):,})", anchor=False)
    if not found:
        show.empty("Nobody has a role yet", "The first administrator is made on the command line: python -m cpm_metrics people --help", ":material/badge:")
    for key, access in sorted(found.items(), key=lambda item: item[1].name):
        role = ROLES[access.role].title if access.role in ROLES else "No access"
        with st.expander(f"{show.plain(access.name)} ({short(key)}) · {role} · {show.plain(reach(access))}", icon=":material/person:" if access.role in ROLES else ":material/person_off:", key=f"person-{short(key)}"):
            form(f"person-{short(key)}", access, register, lambda new, key=key: people().give(key, new, who()))
            st.button("Take all access away", key=f"take-{short(key)}", icon=":material/block:", disabled=access.role not in ROLES, **state.on_click(done, lambda key=key: people().take_away(key, who()), "Taken away, from their next click on."))


def reach(access: Access) -> str:
    if access.role not in ROLES:
        return "nothing"
    if ROLES[access.role].teams is Teams.ALL:
        return "every team" if access.drill else "every team, without drill-down"
    return ", ".join([*access.services, *access.teams]) or "no team"


def form(key: str, access: Access, register: People, save) -> None:
    """Role, and what it reaches; `save` gets the Access."""
    codes = list(ROLES)
    role = st.selectbox("Role", codes, codes.index(access.role) if access.role in codes else 1, format_func=lambda code: ROLES[code].title, key=f"{key}-role")
    st.caption(ROLES[role].may)
    kind, known = ROLES[role].teams, sorted({*teams(), *access.teams})
    chosen_services: list[str] = []
    chosen_teams: list[str] = []
    drill = True
    if kind is Teams.ONE:
        one = st.selectbox("Team", known, known.index(access.teams[0]) if access.teams else None, key=f"{key}-team", placeholder="Choose one")
        chosen_teams = [one] if one else []
    elif kind is Teams.SOME:
        names = sorted({*register.services(), *access.services})
        chosen_services = st.multiselect("Services", names, list(access.services), key=f"{key}-services", placeholder="None")
        chosen_teams = st.multiselect("Teams", known, list(access.teams), key=f"{key}-teams", placeholder="None")
    elif role == "analyst":
        drill = st.checkbox("May open single children and see names", access.drill, key=f"{key}-drill", help="Without it: only the pages for loading, with names hidden.")
    st.button("Save", key=f"{key}-save", type="primary", **state.on_click(done, lambda: save(Access(role, tuple(chosen_teams), tuple(chosen_services), drill, access.name)), "Saved. It counts from their next click."))


def services(register: People) -> None:
    found = register.services()
    st.header(f"Services ({len(found):,})", anchor=False)
    st.caption("A service is a name for several teams, so that a new team needs to be added once.")
    for name, its in found.items():
        with st.expander(f"{show.plain(name)}: {look.count(len(its), 'team')}", icon=":material/account_tree:", key=f"service-{name}"):
            chosen = st.multiselect("Teams", sorted({*teams(), *its}), list(its), key=f"service-teams-{name}")
            st.button("Save", key=f"service-save-{name}", **state.on_click(done, lambda name=name, chosen=chosen: people().set_service(name, chosen, who()), "Saved." if chosen else "Removed: no team was left in it."))
    with st.popover("New service", icon=":material/add:"):
        name = st.text_input("Name", key="service-name", max_chars=80)
        chosen = st.multiselect("Teams", sorted(teams()), key="service-new-teams")
        st.button("Add", key="service-add", disabled=not (name.strip() and chosen), **state.on_click(done, lambda: people().set_service(name.strip(), chosen, who()), "Added."))


def claims(register: People) -> None:
    found = register.claims()
    st.header(f"By app role or group ({len(found):,})", anchor=False)
    st.caption("What the provider says of somebody in the claim “roles” or “groups” (in Entra: App Roles). A person's own row above goes before it.")
    for value, access in found.items():
        with st.expander(f"{show.plain(value)} · {ROLES[access.role].title} · {show.plain(reach(access))}", icon=":material/group:", key=f"claim-{value}"):
            form(f"claim-{value}", access, register, lambda new, value=value: people().give_by_claim(value, new, who()))
            st.button("Remove", key=f"claim-take-{value}", icon=":material/block:", **state.on_click(done, lambda value=value: people().take_claim_away(value, who()), "Removed."))
    with st.popover("New app role or group", icon=":material/add:"):
        value = st.text_input("Its value in the token", key="claim-value", max_chars=120, help="The value of the App Role, or the object id of the group.")
        if value.strip():
            form("claim-new", Access("service-manager"), register, lambda new: people().give_by_claim(value.strip(), new, who()))


def people() -> People:
    return data.people()


def teams() -> list[str]:
    """Of the newest load."""
    current = data.store().current()
    return lists.teams(data.results(current.info.load_id, current.info.extract_date)) if current else []


def done(work, said: str) -> None:
    try:
        allow(Right.PEOPLE)
        work()
    except CpmError as problem:
        state.remember("people-refused", problem)
    else:
        state.remember("people-said", said)


page()
