"""Every page once: where it stands, how it is called, and the right it takes. A page without a row here can't be opened by anybody."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import streamlit as st

from cpm_metrics.access import Right, Viewer
from pages._shared.gate import note_refusal


@dataclass(frozen=True)
class Entry:
    """`right`: None for everybody who has a role. `names`: a page that can't do its work while names are hidden."""

    file: str
    title: str
    icon: str
    url: str
    right: Right | None
    names: bool = False

    def for_(self, viewer: Viewer) -> bool:
        return (self.right is None or viewer.may(self.right)) and not (self.names and viewer.masked and viewer.may(Right.CHILDREN))


PAGES: dict[str, tuple[Entry, ...]] = {
    "": (
        Entry("now/this_week", "This week", "today", "", Right.CHILDREN),
        Entry("now/worklist", "Worklist", "checklist", "worklist", Right.CHILDREN),
        Entry("now/calendar", "Calendar", "calendar_month", "calendar", Right.CHILDREN),
        Entry("children/child", "Child", "person", "child", Right.CHILDREN),
    ),
    "Practice": (
        Entry("teams/teams", "Teams", "groups", "teams", Right.CHILDREN),
        Entry("teams/drift", "Drift", "flag", "drift", Right.CHILDREN),
        Entry("teams/proceedings", "Proceedings", "gavel", "proceedings", Right.CHILDREN),
        Entry("teams/meeting_quality", "Meeting quality", "rate_review", "meeting-quality", Right.CHILDREN),
        Entry("reports/pack", "Director’s pack", "summarize", "pack", Right.CHILDREN),
    ),
    "Data and help": (
        Entry("data/load", "Load", "upload_file", "load", Right.LOAD, names=True),
        Entry("data/quality", "Data quality", "fact_check", "data-quality", None),
        Entry("data/history", "History", "history", "history", Right.LOAD),
        Entry("data/mappings", "Remembered mappings", "view_column", "mappings", Right.LOAD, names=True),
        Entry("help/rule_book", "Rule book", "menu_book", "rule-book", None),
        Entry("help/settings", "Settings", "tune", "settings", None),
    ),
    "Administration": (
        Entry("admin/people", "People and access", "badge", "people", Right.PEOPLE),
        Entry("admin/audit", "Audit", "policy", "audit", Right.PEOPLE),
        Entry("admin/keeping", "Keeping and erasing", "delete_forever", "keeping", Right.PEOPLE),
    ),
}


def sections(viewer: Viewer) -> tuple[dict[str, list[Any]], dict[str, list[Any]]]:
    """(every page by section, for the address; those beside the page, which the viewer may open)."""
    everything: dict[str, list[Any]] = {}
    shown: dict[str, list[Any]] = {}
    for section, entries in PAGES.items():
        for entry in entries:
            first = not entry.url
            page = st.Page(f"pages/{entry.file}.py", title=entry.title, icon=f":material/{entry.icon}:", **({"default": True} if first else {"url_path": entry.url}))
            everything.setdefault(section, []).append(page)
            if entry.for_(viewer):
                shown.setdefault(section, []).append(page)
    return everything, shown


def allowed(url: str, viewer: Viewer) -> bool:
    """Whether the viewer may open the page at this address; never one that PAGES doesn't have."""
    return any(entry.url == url and entry.for_(viewer) for entries in PAGES.values() for entry in entries)


def refuse(url: str, viewer: Viewer) -> None:
    """Instead of a page that isn't for them: why, and where to go."""
    entry = next((entry for entries in PAGES.values() for entry in entries if entry.url == url), None)
    if entry and entry.names and viewer.masked and viewer.may(Right.CHILDREN):
        st.title(entry.title, anchor=False)
        st.info("Names are hidden now, and this page shows the spreadsheets as they are. Switch “Hide names” off, beside the page, to use it.", icon=":material/visibility_off:")
        return
    note_refusal(entry.title if entry else "a page that isn’t there")
    st.title("Not for your role" if entry and entry.url else "Care Planning Meetings", anchor=False)
    st.info("Your role doesn't include this page. Choose one beside it.", icon=":material/lock:")
