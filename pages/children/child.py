"""One child: who, what is next, what needs attention, timeline, obligations with their why, actions, brothers and sisters, what if."""

from datetime import date, timedelta

import pandas as pd
import streamlit as st

from cpm_metrics import charts
from cpm_metrics.documents import record, supervision
from cpm_metrics.rules import rule
from cpm_metrics.store.erase import in_file_names
from cpm_metrics.views import child, exceptions, lists, look, siblings
from pages._shared import child_siblings, child_what_if, data, downloads, frame, notes, show, state

MOST_CARDS = 5  # of rules with something overdue or due soon; the rest stands behind a click


def page() -> None:
    view = frame.view("Child")
    found = child.picker(view.results, view.teams)
    wanted = state.param("child")
    periods = child.periods(view.results, wanted) if wanted else None
    if periods is None or not len(periods):
        choose(view, found, wanted)
        return
    started = {look.day(p): p.date() for p in periods["care_started"]}
    chosen = state.param("period", [d.isoformat() for d in started.values()])
    period = periods[periods["care_started"] == pd.Timestamp(chosen)].iloc[0] if chosen else periods.iloc[0]
    care_started = period["care_started"].date()

    header(view, found, wanted, period)
    if len(periods) > 1:
        several(periods, care_started)
    flags = lists.flags(view.results, child=wanted) if period["current"] else pd.DataFrame()
    obligations = child.obligations(view.results, wanted, care_started)
    together = siblings.side_by_side(view.results, wanted) if period["current"] else pd.DataFrame()
    dates(view, wanted, care_started, period)
    child_siblings.line(together, view.as_at)
    attention(view, obligations, flags, period, child.elsewhere(view.results, wanted, care_started) if len(periods) > 1 else [])
    timeline(view, wanted, care_started)

    actions, meetings, family = child.actions(view.results, wanted, care_started), child.meetings(view.results, wanted, care_started), child.siblings(view.results, wanted)
    tabs = st.tabs([
        f"All obligations ({len(obligations):,})", f"Actions ({int(actions['open'].sum()):,} open)", f"Meetings and reviews ({len(meetings):,})", f"Brothers and sisters ({len(family)})", "What if",
    ])  # fmt: skip
    with tabs[0]:
        every_obligation(view, obligations, wanted, care_started)
    with tabs[1]:
        action_list(view, actions, wanted)
    with tabs[2]:
        meeting_list(view, meetings, wanted)
    with tabs[3]:
        child_siblings.panel(view, together, family, siblings.group_size(view.results, wanted))
    with tabs[4]:
        child_what_if.panel(view, wanted, care_started, period)


def choose(view: frame.View, found: dict[str, str], wanted: str | None) -> None:
    frame.title("Child", view)
    if wanted:
        show.empty("No such child", "The extract has no child with this ID in care by the as-at date. Choose a later date, or find the child below.", ":material/person_search:")
    picker(found, None)
    if not found:
        show.empty("No child in care", f"No child was in care with {show.plain(view.teams_text)} on {look.day(view.as_at)}. Choose other teams or another date.", ":material/info:")
    elif not wanted:
        show.empty("Find a child", "Type a name or an ID above, or click a child’s name in any list.", ":material/person_search:")


def picker(found: dict[str, str], now: str | None, label: str = "Find a child in care") -> None:
    st.selectbox(
        label, list(found), index=None, format_func=lambda c: found.get(c, c), placeholder="Type a name or an ID", key=f"find-{now or ''}", on_change=picked, args=(f"find-{now or ''}",),
        label_visibility="visible" if now is None else "collapsed",
    )  # fmt: skip


def picked(key: str) -> None:
    chosen = state.widget(key)
    if chosen:
        state.set_params(child=chosen, period=None)


def header(view: frame.View, found: dict[str, str], wanted: str, period: pd.Series) -> None:
    name = look.name(period["forename"], period["surname"], wanted)
    left, right = st.columns([3, 1], vertical_alignment="bottom")
    with left:
        st.title(show.plain(name), anchor=False)
        years = look.age(period["date_of_birth"], view.as_at)
        parts = [f"Child ID {wanted}", "date of birth hidden" if view.viewer.masked else f"{years} years old, born {look.day(period['date_of_birth'])}" if years is not None else "date of birth not in the extract", f"as at {look.day(view.as_at)}"]
        st.caption(show.plain(" · ".join(parts)))
    with right:
        picker(found, wanted)
    data.viewed(wanted)
    frame.banners(view)
    if period["left_out"]:
        st.info("Every legal status of this child is a short break (V3 or V4), so nothing is counted for them.", icon=":material/info:")
    legal, home = child.now(view.results, wanted, period)
    care = f"since {look.day(period['care_started'])}" if period["in_care"] else f"{look.day(period['care_started'])} to {look.day(period['care_ceased'])}"
    facts(
        {
            "In care": care, "Legal status": legal, "Home": home, "Permanence plan": child.plan(period),
            "Team": child.recorded(period["team"]), "Social worker": child.recorded(period["worker"]),
            "Team manager": child.recorded(period["team_manager"]), "IRO": child.recorded(period["iro"]),
        }
    )  # fmt: skip
    take_along(view, wanted, period)


def take_along(view: frame.View, wanted: str, period: pd.Series) -> None:
    """What can be printed or prepared for this child. The names of the files have the child ID and no name."""
    with st.container(horizontal=True, gap="small"):
        downloads.offer(
            "Supervision sheet", lambda: sheet(view, wanted), f"supervision-{in_file_names(wanted)}-{view.as_at.isoformat()}.pdf", downloads.PDF, what="Supervision sheet", key="child-sheet", detail=downloads.of_children([wanted]),
            icon=":material/picture_as_pdf:", help="One printable page (PDF) with what is overdue, due soon and drifting, and room for the manager’s decision.",
        )  # fmt: skip
        if period["current"] and period["in_care"]:
            downloads.offer(
                "Prepare the next meeting", lambda: record.record_docx(view.results, wanted), f"cpm-record-{in_file_names(wanted)}-{view.as_at.isoformat()}.docx",
                downloads.DOCX, what="Care Planning Meeting Record to fill in", key="child-record", detail=downloads.of_children([wanted]), icon=":material/edit_document:",
                help="The Care Planning Meeting Record (Word), filled in as far as the extracts go. Drop it on the Load page once it is completed.",
            )  # fmt: skip


def sheet(view: frame.View, wanted: str) -> bytes:
    kept = data.store().state
    return supervision.pdf(view.results, [wanted], kept.notes(wanted), kept.exceptions(wanted))


def facts(pairs: dict[str, str]) -> None:
    items = list(pairs.items())
    for row in (items[:4], items[4:]):
        with st.grid(4, min_column_width=150, gap="small"):
            for label, value in row:
                with st.container(gap=None):
                    st.caption(label)
                    st.text(value)


def several(periods: pd.DataFrame, care_started: date) -> None:
    words = {
        p.care_started.date().isoformat(): f"{look.day(p.care_started)} to {look.day(p.care_ceased) or 'now'}" for p in periods.itertuples()
    }
    key = f"period-{care_started}"
    st.segmented_control(
        f"{len(words)} periods of care", list(words), default=care_started.isoformat(), format_func=words.get, required=True, key=key, on_change=pick_period, args=(key,)
    )


def pick_period(key: str) -> None:
    state.set_params(period=state.widget(key))


def dates(view: frame.View, wanted: str, care_started: date, period: pd.Series) -> None:
    if not period["in_care"] or period["left_out"]:
        return
    found = child.date_words(child.next_dates(view.results, wanted, care_started), view.as_at)
    with st.grid(len(found), min_column_width=150, gap="small"):
        for one in found:
            st.metric(one.title, one.value, one.note, delta_color="red" if one.wanting else "off", delta_arrow="off", border=True)


def attention(view: frame.View, obligations: pd.DataFrame, flags: pd.DataFrame, period: pd.Series, elsewhere: list[tuple]) -> None:
    """What needs attention: overdue and due soon, and the flags, each with its sentence. `elsewhere`: as `child.elsewhere` gives it; the
    supervision sheet counts these too."""
    now = child.urgent(obligations)
    left, right = st.columns(2, gap="medium")
    with left:
        st.header(f"Overdue and due soon ({len(now):,})", anchor=False)
        if not len(now):
            show.empty("Nothing overdue or due soon", "What lies further ahead stands under All obligations.")
        for other in elsewhere:
            other_period(other, period["care_started"].date())
        unknown = int((obligations["status"] == "cannot_tell").sum())
        if unknown:
            st.caption(f":material/help: {look.count(unknown, 'obligation')} more can’t be told, because what they need is not in the extracts: see All obligations.")
        kinds = list(now.groupby(["status", "rule"], sort=False))
        for _, alike in kinds[:MOST_CARDS]:
            urgent_card(alike)
        if len(kinds) > MOST_CARDS:
            with st.expander(f"{sum(len(alike) for _, alike in kinds[MOST_CARDS:])} more"):
                for _, alike in kinds[MOST_CARDS:]:
                    urgent_card(alike)
    with right:
        st.header(f"Drift flags ({len(flags)})", anchor=False)
        lacking = lists.not_assessed(view.results)
        if not (period["current"] and period["in_care"]):
            show.empty("Not flagged", "Only children in care on the as-at date are flagged, for their present period of care.", ":material/info:")
        elif not len(flags):
            show.empty("No drift flag raised", "None of the drift indicators that can be assessed is raised." if lacking else "None of the drift indicators is raised. Each is explained in the rule book.", ":material/help:" if lacking else ":material/check_circle:")
        if lacking:
            st.caption(f":material/help: Can’t be assessed from what was loaded: {', '.join(f'{title} (needs {needs})' for title, needs in lacking)}.")
        for row in flags.itertuples():
            with st.container(border=True, gap=None):
                with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                    grade = None if pd.isna(row.grade) else row.grade
                    st.badge(row.title, icon=":material/flag:", color="red" if grade == "red" else "orange")
                    st.caption((f"since {look.day(row.since)}" if pd.notna(row.since) else "") + (f" · {grade}" if grade else ""), width="content")
                st.text(row.why)


def other_period(other: tuple, care_started: date) -> None:
    """One line for another period of care with something open in it, and the way there."""
    started, ceased, overdue, soon = other
    counts = " and ".join(f"{number:,} more {word}" for number, word in ((overdue, "overdue"), (soon, "due soon")) if number)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f":material/history: **{counts}** from {'an earlier' if started < care_started else 'a later'} period of care, {look.day(started)} to {look.day(ceased) or 'now'}", width="content")
        st.button("Open that period", key=f"open-period-{started}", type="tertiary", icon=":material/arrow_forward:", **state.on_click(state.set_params, period=started.isoformat()))


def urgent_card(alike: pd.DataFrame) -> None:
    """What is overdue, or due soon, by one rule: the first in full, the others counted."""
    row = next(alike.itertuples())
    with st.container(border=True, gap=None):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            show.badge(look.STATUS[row.status], f", {look.days(row.days)}" if row.status == "overdue" else f", {look.days(row.days_left)} left")
            st.markdown(f"**{row.title}**, due {look.day(row.due_date)}", width="content")
        st.text(row.why)
        if len(alike) > 1:
            st.caption(f"and {len(alike) - 1} more {look.STATUS[row.status].word.lower()} by this rule, under All obligations")


def timeline(view: frame.View, wanted: str, care_started: date) -> None:
    results = view.results
    lanes, windows, marks, due = child.lanes(results, wanted), child.windows(results, wanted), child.marks(results, wanted), child.due(results, wanted)
    gaps = child.gaps(results, wanted, lanes)
    st.header("Timeline", anchor=False)
    spans = {"1y": "One year", "2y": "Two years", "care": "This period of care", "all": "Everything known"}
    span = show.parts(spans, "span", "How far back", usual="2y")
    from_care = care_started - timedelta(days=40)
    start = {"1y": max(view.as_at - timedelta(days=366), from_care), "2y": max(view.as_at - timedelta(days=731), from_care), "care": from_care, "all": None}[span]
    st.plotly_chart(
        # The computer's date is a mark on the chart and nothing else.
        charts.timeline(lanes, windows, marks, view.as_at, gaps=gaps, due=due, start=start, today=date.today(), dark=show.dark()), theme=None, key=f"timeline-{wanted}-{span}",
        alt=charts.timeline_words(windows, marks, view.as_at, gaps, due), config={"displayModeBar": False},
    )  # fmt: skip
    _, beyond = charts.timeline_ends(windows, marks, due, view.as_at)
    if beyond:
        st.caption(f":material/warning: Further ahead than the chart shows: {', '.join(look.day(day) for day in beyond)}. Is the year right?")
    lacking = child.not_drawn(results)
    if lacking:
        st.caption(f"Not drawn, because the extracts never had them: {', '.join(lacking)}.")
    st.caption(
        "● held · ○ booked · ✕ cancelled · ▷ postponed · ◇ outcome not recorded · ✦ significant change, or final care plan due or filed · ❙ due date of what is still open. "
        "Pale band: the time allowed for a review or CPM. Bar below it: a gap (◆ late, ▲ overdue, ✕ missed). Hatched: in care, and nothing recorded. Point at anything for its dates."
    )
    with st.expander("The timeline as a table", icon=":material/table:"):
        rows = charts.timeline_table(lanes, windows, marks, gaps, due)
        st.dataframe(
            rows, hide_index=True, key="child-timeline", alt="Everything that the timeline shows", height=show.height(rows, 460), placeholder="",
            column_config={"lane": st.column_config.TextColumn("Lane", width=110), "what": st.column_config.TextColumn("What", width=420), "start": show.date_column("From, or on"), "end": show.date_column("To", "Blank: one day, or still so.")},
        )  # fmt: skip
        downloads.offer_list(rows, f"child-{in_file_names(wanted)}-timeline", view.about, title="Timeline")


def every_obligation(view: frame.View, rows: pd.DataFrame, wanted: str, care_started: date) -> None:
    if not len(rows):
        show.empty("No obligations", "Nothing was due for this child in this period of care.")
        return
    rows = exceptions.beside(rows, notes.in_force(view))
    excepted = int(rows["exception"].notna().sum())
    if excepted:
        st.caption(f":material/approval: {look.count(excepted, 'obligation')} with a manager’s exception. It changes no status.")
    found = [status for status in look.STATUS if (rows["status"] == status).any()]
    # Of this child and period alone: left on, it would hide the next child's obligations.
    chosen = st.pills("Status", found, selection_mode="multi", format_func=lambda s: f"{look.STATUS[s].label} ({int((rows['status'] == s).sum()):,})", key=f"child-status-{wanted}-{care_started}", label_visibility="collapsed")
    rows = rows[rows["status"].isin(chosen)].reset_index(drop=True) if chosen else rows
    columns = ["title", "status", *(["exception"] if excepted else []), "anchor_date", "due_date", "done_date", "days", "level", "team", "worker", "why"]
    shown = rows.assign(status=[[look.STATUS[s].label] for s in rows["status"]], level=[[look.LEVEL[s].label] for s in rows["level"]])
    picked = st.dataframe(
        shown, hide_index=True, key=show.table_key("child-obligations", rows["child_id"], rows["obligation_id"], rows["rule"], rows["anchor_date"]), on_select="rerun", selection_mode="single-row", placeholder="", height=show.height(shown, 460),
        alt="Every obligation of this child", column_order=columns,
        column_config={name: show.COLUMNS[name][1]() for name in columns},
    )  # fmt: skip
    if picked.selection.rows and picked.selection.rows[0] < len(rows):
        row = rows.iloc[picked.selection.rows[0]]
        with st.container(border=True):
            st.text(row["why"])
            chosen_rule = rule(row["rule"])
            st.caption(f"{chosen_rule.question} Source: {chosen_rule.source}.")
            show.definition(row["rule"])
            notes.panel(view, row)
    else:
        st.caption("Tick a row to read its sentence in full and its rule, and to add a note or a manager’s exception.")
    downloads.offer_list(rows, f"child-{in_file_names(wanted)}-{view.as_at.isoformat()}", view.about, title="Obligations of one child")


def action_list(view: frame.View, actions: pd.DataFrame, wanted: str) -> None:
    if not len(actions):
        show.empty("No actions", "No action of a CPM of this period of care is in the extracts.", ":material/info:")
        return
    limit = view.results.settings["actions-rolled-over.limit"]
    open_ones, rolled = int(actions["open"].sum()), int(actions["rolled_over"].sum())
    untold = bool(actions["open"].any() and actions.loc[actions["open"], "meetings_since"].isna().all())
    st.markdown(
        f"{look.count(len(actions), 'action')} agreed; {open_ones} not completed, "
        + ("but whether they were is not in the extracts." if untold else f"of them **{rolled} rolled over**: still open after {look.count(limit, 'further CPM')} or more.")
    )
    meetings = child.actions_by_meeting(actions)
    st.dataframe(
        meetings, hide_index=True, placeholder="", key="child-action-meetings", alt="Actions by the meeting that agreed them", height=show.height(meetings, 270),
        column_order=["meeting_date", "agreed", "completed", "open", "overdue", "rolled_over", "meetings_since", "meeting_id"],
        column_config={
            "meeting_date": show.date_column("Meeting of"), "agreed": show.number_column("Agreed", width=75), "completed": show.number_column("Completed", width=95),
            "open": show.number_column("Still open", width=90), "overdue": show.number_column("Overdue", width=80), "rolled_over": show.number_column("Rolled over", width=95),
            "meetings_since": show.number_column("CPMs since", width=95, help="How many CPMs were held since, while something of it stayed open."), "meeting_id": st.column_config.TextColumn("Meeting ID", width=110),
        },
    )  # fmt: skip
    shown = actions.assign(
        state=[[look.STATUS[s].label] if s in look.STATUS else [] for s in actions["status"]],
        rolled=["↻ Rolled over" if r else "" for r in actions["rolled_over"]],
    )
    st.dataframe(
        shown, hide_index=True, placeholder="", key="child-actions", alt="Actions agreed at meetings, open ones first", height=show.height(actions, 460),
        column_config={
            "state": show.status_column("State"), "rolled": st.column_config.TextColumn("Carried on", width=110), "action": st.column_config.TextColumn("Action", width=340), "responsible": st.column_config.TextColumn("Responsible", width=140),
            "meeting_date": show.date_column("Agreed on"), "due_date": show.date_column("Due"), "completed_date": show.date_column("Completed"),
            "days_overdue": show.number_column("Days overdue", width=95), "meetings_since": show.number_column("CPMs since", width=85, help="How many CPMs were held since it was agreed, while it stayed open."),
        },
        column_order=["state", "rolled", "action", "responsible", "meeting_date", "due_date", "completed_date", "days_overdue", "meetings_since"],
    )  # fmt: skip
    downloads.offer_list(actions.drop(columns=["open"]), f"child-{in_file_names(wanted)}-actions", view.about, title="Actions")


def meeting_list(view: frame.View, meetings: pd.DataFrame, wanted: str) -> None:
    if not len(meetings):
        show.empty("No meetings", "No meeting or review of this period of care is in the extracts.", ":material/info:")
        return
    shown = meetings.assign(state=[[look.MEETING_STATE[s].label] for s in meetings["state"]], chair_role=[None if pd.isna(r) else str(r).replace("_", " ").capitalize() for r in meetings["chair_role"]], plan_change=[None if pd.isna(r) else str(r).capitalize() for r in meetings["plan_change"]])
    st.dataframe(
        shown, hide_index=True, placeholder="", key="child-meetings", alt="Meetings and reviews", height=show.height(shown, 460),
        column_order=["meeting_date", "kind", "state", "chair_role", "agreed_frequency", "plan_change", "minutes_uploaded", "meeting_id"],
        column_config={
            "meeting_date": show.date_column("Date"), "kind": st.column_config.TextColumn("Meeting", width=200), "state": show.state_column(), "chair_role": st.column_config.TextColumn("Chaired by", width=140),
            "agreed_frequency": st.column_config.TextColumn("Agreed frequency", width=130), "plan_change": st.column_config.TextColumn("Care plan change", width=125), "minutes_uploaded": show.date_column("Minutes on file", width=110),
            "meeting_id": st.column_config.TextColumn("Meeting ID", width=110),
        },
    )  # fmt: skip
    downloads.offer_list(meetings.drop(columns=["is_cpm", "is_review"]), f"child-{in_file_names(wanted)}-meetings", view.about, title="Meetings and reviews")


page()
