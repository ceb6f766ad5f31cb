"""A completed Care Planning Meeting Record on the Load page: what was read, for somebody to put right and confirm."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pandas as pd
import streamlit as st

from cpm_metrics.engine import Results
from cpm_metrics.errors import CpmError
from cpm_metrics.extracts.codes import LABELS
from cpm_metrics.extracts.datasets import DOMAINS, ROLES
from cpm_metrics.extracts.problems import InputFile
from cpm_metrics.records import AgreedAction, Attendee, Record, form, prepared, read_record
from cpm_metrics.store import Snapshot
from cpm_metrics.views import look, records
from pages._shared import data, show, state
from pages._shared.faults import refused
from pages._shared.gate import who

ENDING = ".docx"
_SAID = "record-added"


def just_added() -> bool:
    """Whether there is something to say of a record that was added a moment ago."""
    return state.recall(_SAID) is not None


def screen(files: list[InputFile], done: Callable[[InputFile], None]) -> None:
    """One card for each Word document. Nothing is added before its button is pressed; `done` is called with a file that was."""
    current = data.store().current()
    if current is None or "meetings" not in current.loaded():
        st.warning("A Care Planning Meeting Record can be added once the extracts of cases and meetings are loaded: load those first.", icon=":material/info:")
        return
    added = state.forget(_SAID)
    if added:
        st.success("The meeting is added. It can be undone like any load.", icon=":material/check_circle:")
        st.page_link("pages/children/child.py", label="Open the child", icon=":material/person:", query_params={"child": added})
    results = data.results(current.info.load_id, current.info.extract_date)
    for at, file in enumerate(files):
        with st.container(border=True):
            try:
                record = read_record(file)
            except CpmError as problem:
                refused(problem)
                continue
            _card(record, file, current, results, f"record-{at}-{zlib.crc32(file.read()):x}", done)


def _card(record: Record, file: InputFile, current: Snapshot, results: Results, key: str, done: Callable[[InputFile], None]) -> None:
    st.header("A Care Planning Meeting Record", anchor=False)
    st.text(file.name)
    found, lost = records.whose(results, record)
    unsaid = [*lost, *record.unread]
    if unsaid:
        st.warning("Could not be read, or isn’t in the record:\n\n" + "\n".join(f"- {show.plain(line)}" for line in unsaid), icon=":material/help:")
    names = records.children(results)
    left, right = st.columns([3, 2], gap="medium")
    with left:
        chosen = st.multiselect("Child or children", list(names), found, format_func=names.get, key=f"{key}-children", placeholder="Choose the child")
        day = st.date_input("Date of the meeting", record.meeting_date, format="DD/MM/YYYY", key=f"{key}-date", min_value=date(2000, 1, 1))
        kinds = list(form.KINDS)
        kind = st.radio("Kind of meeting", kinds, kinds.index(record.meeting_type) if record.meeting_type else None, format_func=form.KINDS.get, key=f"{key}-kind")
        also = st.checkbox(form.ALSO_PLACEMENT, bool(record.also_placement_planning), key=f"{key}-also")
    with right:
        chair = st.text_input("Chaired by", record.chair, key=f"{key}-chair")
        roles = list(ROLES)
        chair_role = st.selectbox("Position of the chair", roles, roles.index(record.chair_role) if record.chair_role else None, format_func=_role, key=f"{key}-role", placeholder="Choose")
        frequency = st.text_input("Agreed frequency", record.frequency, key=f"{key}-frequency", help="For example monthly, every 6 weeks, 28 days. Left blank it counts as not recorded.")
        changes = list(form.PLAN_CHANGES)
        change = st.selectbox("Change to the Care Plan", changes, changes.index(record.plan_change) if record.plan_change else None, format_func=form.PLAN_CHANGES.get, key=f"{key}-change", placeholder="Not recorded")
    domains = st.pills("Domains considered", DOMAINS, selection_mode="multi", default=list(record.domains or ()), format_func=form.DOMAIN_WORDS.get, key=f"{key}-domains")
    considered = dict(record.considered)
    if kind == "final_plan_cpm":
        st.markdown("**Considered before the final plan is agreed**")
        for name, words in form.CONSIDERATIONS.items():
            considered[name] = st.checkbox(words, bool(record.considered.get(name)), key=f"{key}-{name}")
    people = _people(record, key)
    actions = _actions(record, key)
    with st.expander("What was written", icon=":material/notes:"):
        for heading, text in (("Purpose", record.purpose), ("Plan for permanence", record.permanence), ("Progress", record.progress), ("What’s working well?", record.working_well),
                              ("What are we worried about?", record.worried_about), ("Recommendations", record.recommendations), ("What needs to happen?", record.needs_to_happen)):  # fmt: skip
            if text:
                st.caption(heading)
                st.text(text)
        st.caption("Plan for permanence, progress and recommendations stay in the document; the rest is kept with the meeting.")
    _confirm(
        replace(record, meeting_date=day, meeting_type=kind, also_placement_planning=also if record.also_placement_planning is not None or also else None, chair=chair, chair_role=chair_role,
                frequency=frequency, plan_change=change, domains=tuple(d for d in DOMAINS if d in domains) or None, considered=considered, attendees=people, actions=actions),
        chosen, file, current, results, key, done,
    )  # fmt: skip


def _role(code: str) -> str:
    return LABELS.get(code, code)


def _people(record: Record, key: str) -> list[Attendee]:
    shown = pd.DataFrame([{"Name": a.name, "Position": a.position, "Counted as": _role(a.role)} for a in record.attendees], columns=["Name", "Position", "Counted as"])
    st.caption("Who was present")
    edited = st.data_editor(
        shown, num_rows="dynamic", hide_index=True, key=f"{key}-people",
        column_config={"Counted as": st.column_config.SelectboxColumn(options=[_role(role) for role in ROLES], help="What the rules on attendance look at.")},
    )  # fmt: skip
    codes = {_role(role): role for role in ROLES}
    return [Attendee(_said(row["Name"]), _said(row["Position"]), codes.get(row["Counted as"], "other")) for row in edited.to_dict("records") if _said(row["Name"]) or _said(row["Position"])]


def _actions(record: Record, key: str) -> list[AgreedAction]:
    shown = pd.DataFrame([{"Action": a.action, "Responsible": a.responsible, "Timescale as written": a.timescale, "Due": a.due} for a in record.actions],
                         columns=["Action", "Responsible", "Timescale as written", "Due"])  # fmt: skip
    shown["Due"] = pd.to_datetime(shown["Due"])
    st.caption("Actions agreed")
    edited = st.data_editor(
        shown, num_rows="dynamic", hide_index=True, key=f"{key}-actions", disabled=["Timescale as written"],
        column_config={"Due": st.column_config.DateColumn(format="D MMM YYYY", help="From the timescale where it is a date, or a number of days, weeks or months after the meeting. Without one, whether it was done in time can’t be told.")},
    )  # fmt: skip
    return [
        AgreedAction(_said(row["Action"]), _said(row["Responsible"]), _said(row["Timescale as written"]), None if pd.isna(row["Due"]) else pd.Timestamp(row["Due"]).date())
        for row in edited.to_dict("records")
        if _said(row["Action"])
    ]


def _said(value: object) -> str:
    return "" if value is None or pd.isna(value) else str(value).strip()


def _confirm(record: Record, chosen: list[str], file: InputFile, current: Snapshot, results: Results, key: str, done: Callable[[InputFile], None]) -> None:
    lacking = [words for words, there in (("the child", chosen), ("the date of the meeting", record.meeting_date), ("the kind of meeting", record.meeting_type)) if not there]
    if lacking:
        st.info(f"To add it, choose {' and '.join(lacking)}.", icon=":material/info:")
        return
    stops, notes = records.before_adding(current, results, chosen, record.meeting_date)
    for line in stops:
        st.error(show.plain(line), icon=":material/block:")
    if stops:
        return
    for line in notes:
        st.caption(show.plain(line))
    what = f"Add this meeting of {look.day(record.meeting_date)} for {look.count(len(chosen), 'child', 'children')}"
    if st.button(what, type="primary", icon=":material/add:", key=f"{key}-add"):
        try:
            data.store().add(prepared(record, chosen, file), who())
        except CpmError as problem:
            refused(problem)
            return
        done(file)
        state.remember(_SAID, chosen[0])
        st.rerun()
