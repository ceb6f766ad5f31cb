"""What every page has: the as-at date and the teams (beside the page, and in its address), and what must be said on top."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from datetime import date

import streamlit as st

from cpm_metrics.access import Right, Viewer
from cpm_metrics.engine import Results
from cpm_metrics.errors import CpmError
from cpm_metrics.store import LoadInfo
from cpm_metrics.views import lists, look
from pages._shared import age, data, show, state
from pages._shared.gate import MASKED, gate, left_alone

# Pages on which neither day nor teams change anything, by their address.
WITHOUT_CONTROLS = {"load", "mappings", "rule-book", "settings", "people", "audit", "keeping"}


@dataclass(frozen=True)
class View:
    """What a page shows: the computed results for the chosen date, and the chosen teams (none chosen: all)."""

    results: Results
    info: LoadInfo
    as_at: date
    teams: list[str]
    all_teams: list[str]
    viewer: Viewer

    @property
    def teams_text(self) -> str:
        if not self.teams and self.viewer.teams is not None:
            return "children now with " + (", ".join(sorted(self.viewer.teams)) if len(self.viewer.teams) < 4 else f"your {len(self.viewer.teams)} teams")
        if not self.teams:
            return f"all {len(self.all_teams)} teams" if len(self.all_teams) != 1 else "the only team"
        return ", ".join(self.teams) if len(self.teams) < 4 else f"{len(self.teams)} of {len(self.all_teams)} teams"

    def changed(self):
        """(changes for the chosen teams, the date they are counted from, "load" or "week")."""
        found, since, how = data.changed(self.info.load_id, self.as_at)
        return found.of(self.teams), since, how

    @property
    def about(self) -> dict[str, str]:
        """What an export says about itself."""
        return {
            "As at": look.day(self.as_at) + (" (reconstructed)" if self.results.reconstructed else ""),
            "Extract taken on": look.day(self.info.extract_date),
            "Teams": self.teams_text,
        }


def person(viewer: Viewer) -> None:
    """Beside every page: whether names are hidden; who is signed in, as what, and the way out."""
    with st.sidebar:
        if Right.CHILDREN in viewer.rights:
            st.toggle(
                "Hide names", key=MASKED, persist_state="session",
                help="For sharing your screen: names of children and staff, dates of birth and what people wrote are left out of every page and every file. Child IDs stay.",
            )  # fmt: skip
        if not viewer.local:
            st.caption(f"Signed in{'' if viewer.masked else f' as {show.plain(viewer.who)}'} · {viewer.words}" + (f" · {show.plain(teams_of(viewer))}" if viewer.teams is not None else ""))
            st.button("Sign out", key="sign-out", icon=":material/logout:", type="tertiary", on_click=st.logout)
            left_alone()


def teams_of(viewer: Viewer) -> str:
    return ", ".join(sorted(viewer.teams or ())) or "no team yet: tell an administrator"


def controls() -> None:
    """Beside every page: as-at date and teams. Nothing while the store is empty or can't be read (the page says why)."""
    try:
        snapshot = data.store().current()
        if snapshot is None:
            return
        newest = snapshot.info.extract_date
        teams = lists.teams(data.results(snapshot.info.load_id, newest))
    except CpmError:
        return
    state.remember("not-served", not_served(newest, teams))
    # Whoever looked at the newest extract keeps looking at the newest one after another load.
    if state.recall("newest") not in (None, newest) and state.widget(state.AS_AT) == state.recall("newest"):
        state.set_widget(state.AS_AT, newest)
    state.remember("newest", newest)
    st.sidebar.date_input(
        "As at", value=newest, min_value=first_day(newest), max_value=newest, key=state.AS_AT, bind="query-params",
        persist_state="session", format="DD/MM/YYYY",
        help=f"Everything is worked out for this day. The newest extract was taken on {look.day(newest)}; choose an earlier day to look back.",
    )  # fmt: skip
    st.sidebar.multiselect(
        "Teams", teams, key=state.TEAM, bind="query-params", persist_state="session", placeholder="All teams",
        help="Obligations count for the team that held the case when they fell due; drift flags for the team that holds the child now.",
    )  # fmt: skip


def not_served(newest: date, teams: list[str]) -> str:
    """What the address asks for and can't be shown, in words: a bookmark of another extract, or a slip. "" where all is well."""
    said = []
    for asked in state.all_params(state.AS_AT):
        try:
            day = date.fromisoformat(asked)
        except ValueError:
            said.append("The day in the address is no date, so the newest extract's is shown.")
            continue
        if day > newest:
            said.append(f"The address asks for {look.day(day)}, after the newest extract was taken: what happened by then isn't known. {look.day(newest)} is shown.")
        elif day < first_day(newest):
            said.append(f"The address asks for {look.day(day)}, further back than can be shown. {look.day(newest)} is shown.")
    gone = [team for team in state.all_params(state.TEAM) if team not in teams]
    if gone:
        said.append(f"{look.count(len(gone), 'team')} of the address {'is' if len(gone) == 1 else 'are'} not in this extract and {'was' if len(gone) == 1 else 'were'} left out.")
    return " ".join(said)


def first_day(newest: date) -> date:
    """The earliest as-at date that can be chosen."""
    return date(newest.year - 10, 1, 1)


def view(heading: str | None = None) -> View:
    """Gate first. Then the chosen state; where nothing is loaded yet, says under the heading what to do and stops the page. Where it can't be worked out,
    what is wrong is said under the heading too (`told`)."""
    viewer = gate()
    try:
        snapshot = data.store().current()
        if snapshot is not None:
            info = snapshot.info
            as_at = state.widget(state.AS_AT) or info.extract_date
            results = data.results(info.load_id, min(as_at, info.extract_date))
            all_teams = lists.teams(data.results(info.load_id, info.extract_date))
    except CpmError:
        if heading:
            st.title(heading, anchor=False)
        raise
    if snapshot is None:
        if heading:
            st.title(heading, anchor=False)
        nothing_loaded()
        st.stop()
    teams = [team for team in state.widget(state.TEAM) or [] if team in all_teams]
    return View(results, info, results.as_at, teams, all_teams, viewer)


def title(text: str, view: View | None = None, extra: str = "") -> None:
    """The page's heading, for when and whom it stands, and what must be said on every page."""
    st.title(text, anchor=False)
    if view is None:
        with contextlib.suppress(CpmError):  # a store that can't be read is said by the page itself
            current = data.store().current()
            if current:
                age.banner(current.info, data.settings())
        return
    parts = [f"As at **{look.day(view.as_at)}**", show.plain(view.teams_text), *([extra] if extra else [])]
    lost = lists.cases_left_out(view.results)
    if lost:  # in the same line: the counts below must show without scrolling
        parts.append(f":material/person_off: **{look.count(lost, 'row')} of Cases left out**, see Data quality")
    st.caption(" · ".join(parts))
    banners(view)


def banners(view: View) -> None:
    """What the address asked for in vain, reconstructed view, old extract, datasets carried on."""
    in_vain = state.recall("not-served")
    if in_vain:
        st.warning(show.plain(in_vain), icon=":material/link_off:")
    if view.results.reconstructed:
        few = lists.too_small(view.results, of_all=view.viewer.teams is None)
        st.info(
            f"Reconstructed: put together for {look.day(view.as_at)} from the extract of {look.day(view.info.extract_date)}. "
            "What was recorded or corrected after that day may differ from what was known then."
            + (f" **{few}**" if few else ""),
            icon=":material/history:",
        )
    age.banner(view.info, view.results.settings)


def nothing_loaded() -> None:
    """The empty store: what to do."""
    with st.container(border=True):
        st.header("Nothing is loaded yet", anchor=False)
        st.markdown(
            "Load a spreadsheet of **cases** and one of **meetings** from your case system, and this page shows what is due, "
            "what is late and which plans stand still. Or look round with an invented council first."
        )
        st.page_link("pages/data/load.py", label="Go to Load", icon=":material/upload_file:")
