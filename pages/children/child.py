"""One child: header, timeline, every obligation with its why, flags, actions, brothers and sisters."""

from datetime import date, timedelta

import pandas as pd
import streamlit as st

from cpm_metrics import charts
from cpm_metrics.rules import rule
from cpm_metrics.views import child, lists, look
from pages._shared import frame, show, state


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
    dates(view, wanted, care_started, period)
    attention(obligations, flags)
    timeline(view, wanted, care_started)

    actions, meetings, siblings = child.actions(view.results, wanted, care_started), child.meetings(view.results, wanted, care_started), child.siblings(view.results, wanted)
    still_open = int((actions["state"] != "✓ Done").sum()) if len(actions) else 0
    tabs = st.tabs([
        f"All obligations ({len(obligations)})", f"Actions ({still_open} open)", f"Meetings and reviews ({len(meetings)})", f"Brothers and sisters ({len(siblings)})",
    ])  # fmt: skip
    with tabs[0]:
        every_obligation(view, obligations, wanted)
    with tabs[1]:
        action_list(view, actions, wanted)
    with tabs[2]:
        meeting_list(view, meetings, wanted)
    with tabs[3]:
        sibling_list(siblings)


def choose(view: frame.View, found: dict[str, str], wanted: str | None) -> None:
    frame.title("Child", view)
    if wanted:
        show.empty("No such child", "The extract has no child with this ID in care by the as-at date. Choose a later date, or find the child below.", ":material/person_search:")
    picker(found, None)
    if not found:
        show.empty("No child in care", f"No child was in care with {view.teams_text} on {look.day(view.as_at)}. Choose other teams or another date.", ":material/info:")
    elif not wanted:
        show.empty("Find a child", "Type a name or an ID above, or click a child’s name in any list on This week or Teams.", ":material/person_search:")


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
        parts = [f"Child ID {wanted}", f"{years} years old, born {look.day(period['date_of_birth'])}" if years is not None else "date of birth not in the extract", f"as at {look.day(view.as_at)}"]
        st.caption(show.plain(" · ".join(parts)))
    with right:
        picker(found, wanted)
    frame.banners(view)
    if period["left_out"]:
        st.info("Every legal status of this child is a short break (V3 or V4), so nothing is counted for them.", icon=":material/info:")
    plan = look.PERMANENCE_PLAN.get(period["permanence_plan"], None if pd.isna(period["permanence_plan"]) else str(period["permanence_plan"]))
    agreed = f", agreed {look.day(period['permanence_agreed'])}" if pd.notna(period["permanence_agreed"]) else ""
    achieved = f", achieved {look.day(period['permanence_achieved'])}" if pd.notna(period["permanence_achieved"]) else ""
    legal, home = now_words(view, wanted, period)
    care = f"since {look.day(period['care_started'])}" if period["in_care"] else f"{look.day(period['care_started'])} to {look.day(period['care_ceased'])}"
    facts(
        {
            "In care": care, "Legal status": legal, "Home": home, "Permanence plan": (plan or "none recorded") + agreed + achieved,
            "Team": text(period["team"]), "Social worker": text(period["worker"]), "Team manager": text(period["team_manager"]), "IRO": text(period["iro"]),
        }
    )  # fmt: skip


def text(value) -> str:
    return "not recorded" if value is None or pd.isna(value) or not str(value).strip() else str(value)


def now_words(view: frame.View, wanted: str, period: pd.Series) -> tuple[str, str]:
    """Legal status and home on the as-at date (or the last ones of a period that ended)."""
    lanes = child.lanes(view.results, wanted)
    out = []
    for lane, fallback in (("Legal status", period["legal_status"]), ("Home", period["placement_type"])):
        rows = lanes[(lanes["lane"] == lane) & (lanes["start"] >= period["care_started"] - pd.Timedelta(days=1))]
        if pd.notna(period["care_ceased"]):
            rows = rows[rows["start"] <= period["care_ceased"]]
        if not len(rows):
            out.append(text(fallback))
            continue
        last = rows.iloc[-1]
        words = look.legal(last["label"], last["note"]) if lane == "Legal status" else text(last["label"])
        out.append(f"{words}, since {look.day(last['start'])}")
    return out[0], out[1]


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
    found = child.next_dates(view.results, wanted, care_started)
    with st.grid(4, min_column_width=150, gap="small"):
        st.metric("Next CPM needed by", look.day(found["cpm"]) or ("Cannot tell" if found["cpm_unknown"] else "–"), gap_words(found["cpm"], view.as_at, found["cpm_unknown"]), delta_color="red" if found["cpm"] and found["cpm"] < view.as_at else "off", delta_arrow="off", border=True)
        st.metric("Next CPM booked", look.day(found["cpm_booked"]) or "None", booked_words(found), delta_color="red" if not found["cpm_booked"] else "off", delta_arrow="off", border=True)
        st.metric("Next review", look.day(found["review"]) or "–", review_words(found, view.as_at), delta_color="red" if found["review"] and found["review"] < view.as_at else "off", delta_arrow="off", border=True)
        st.metric("Last CPM · last review", look.day(found["last_cpm"]) or "None yet", f"review {look.day(found['last_review']) or 'none yet'}", delta_color="off", delta_arrow="off", border=True)


def review_words(found: dict, as_at: date) -> str:
    if found["review_booked"]:
        return "booked"
    if found["review"] and found["review"] < as_at:
        return f"not held, {look.days((as_at - found['review']).days)} overdue"
    return "due by then, not booked"


def gap_words(due: date | None, as_at: date, unknown: int) -> str:
    if due is None:
        return "what is needed is not in the extracts" if unknown else "nothing open"
    gap = (due - as_at).days
    return f"{look.days(-gap)} overdue" if gap < 0 else f"{look.days(gap)} left"


def booked_words(found: dict) -> str:
    if not found["cpm_booked"]:
        return "nothing booked"
    if found["cpm"] and found["cpm_booked"] > found["cpm"]:
        return "after the date it is needed by"
    return "in time"


def attention(obligations: pd.DataFrame, flags: pd.DataFrame) -> None:
    """What needs attention: overdue and due soon, and the flags, each with its sentence."""
    now = obligations[obligations["status"].isin(["overdue", "due_soon"])]
    order = list(look.GROUPS)
    now = now.iloc[sorted(range(len(now)), key=lambda at: (now["status"].iloc[at] != "overdue", order.index(look.group_of(now["rule"].iloc[at]))))]
    left, right = st.columns(2, gap="medium")
    with left:
        st.subheader(f"Overdue and due soon ({len(now)})", anchor=False)
        if not len(now):
            show.empty("Nothing overdue or due soon", "What lies further ahead stands under All obligations.")
        for row in now.head(6).itertuples():
            with st.container(border=True, gap=None):
                with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                    show.badge(look.STATUS[row.status], f", {look.days(row.days)}" if row.status == "overdue" else f", {look.days(row.days_left)} left")
                    st.markdown(f"**{row.title}**, due {look.day(row.due_date)}", width="content")
                st.text(row.why)
        if len(now) > 6:
            with st.expander(f"{len(now) - 6} more"):
                for row in now.iloc[6:].itertuples():
                    st.text(f"{look.STATUS[row.status].label}: {row.why}")
    with right:
        st.subheader(f"Drift flags ({len(flags)})", anchor=False)
        if not len(flags):
            show.empty("No sign of drift", "None of the drift indicators is raised. Each is explained in the rule book.")
        for row in flags.itertuples():
            with st.container(border=True, gap=None):
                with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                    grade = None if pd.isna(row.grade) else row.grade
                    st.badge(row.title, icon=":material/flag:", color="red" if grade == "red" else "orange")
                    st.caption((f"since {look.day(row.since)}" if pd.notna(row.since) else "") + (f" · {grade}" if grade else ""), width="content")
                st.text(row.why)


def timeline(view: frame.View, wanted: str, care_started: date) -> None:
    lanes, windows, marks = child.lanes(view.results, wanted), child.windows(view.results, wanted), child.marks(view.results, wanted)
    st.subheader("Timeline", anchor=False)
    spans = {"2y": "Two years", "care": "This period of care", "all": "Everything known"}
    span = state.param("span", list(spans), "2y")
    key = f"span-{span}"
    st.segmented_control("How far back", list(spans), default=span, format_func=spans.get, required=True, key=key, on_change=pick_span, args=(key,), label_visibility="collapsed")
    start = {"2y": max(view.as_at - timedelta(days=731), care_started - timedelta(days=40)), "care": care_started - timedelta(days=40), "all": None}[span]
    words = charts.timeline_words(windows, marks, view.as_at)
    st.plotly_chart(
        charts.timeline(lanes, windows, marks, view.as_at, start=start, dark=show.dark()), theme=None, key=f"timeline-{wanted}-{span}", alt=words,
        config={"displaylogo": False, "modeBarButtonsToRemove": ["select2d", "lasso2d", "autoScale2d", "toImage"], "scrollZoom": False},
    )  # fmt: skip
    st.caption(
        "● held · ○ booked · ✕ cancelled · ▷ postponed · ◇ outcome not recorded · ✦ significant change. Pale band: the time allowed for a review or CPM. "
        "Bar below it: a gap (◆ late, ▲ overdue, ✕ missed). Point at anything for its dates; drag to move, and the tables below hold the same."
    )


def pick_span(key: str) -> None:
    state.set_params(span=state.widget(key))


def every_obligation(view: frame.View, rows: pd.DataFrame, wanted: str) -> None:
    if not len(rows):
        show.empty("No obligations", "Nothing was due for this child in this period of care.")
        return
    found = [status for status in look.STATUS if (rows["status"] == status).any()]
    chosen = st.pills("Status", found, selection_mode="multi", format_func=lambda s: f"{look.STATUS[s].label} ({int((rows['status'] == s).sum())})", key="child-status", label_visibility="collapsed")
    rows = rows[rows["status"].isin(chosen)].reset_index(drop=True) if chosen else rows
    shown = rows.assign(status=[[look.STATUS[s].label] for s in rows["status"]], level=[[look.LEVEL[s].label] for s in rows["level"]])
    picked = st.dataframe(
        shown, hide_index=True, key="child-obligations", on_select="rerun", selection_mode="single-row", placeholder="", height=show.height(shown, 460),
        alt="Every obligation of this child", column_order=["title", "status", "anchor_date", "due_date", "done_date", "days", "level", "team", "worker", "why"],
        column_config={name: show.COLUMNS[name][1]() for name in ("title", "status", "anchor_date", "due_date", "done_date", "days", "level", "team", "worker", "why")},
    )  # fmt: skip
    if picked.selection.rows and picked.selection.rows[0] < len(rows):
        row = rows.iloc[picked.selection.rows[0]]
        with st.container(border=True):
            st.text(row["why"])
            chosen_rule = rule(row["rule"])
            st.caption(f"{chosen_rule.question} Source: {chosen_rule.source}.")
            show.definition(row["rule"])
    else:
        st.caption("Tick a row to read its sentence in full and its rule.")
    show.downloads(rows, f"child-{safe(wanted)}-{view.as_at.isoformat()}", view.about, title="Obligations of one child")


def safe(child_id: str) -> str:
    return "".join(c if c.isalnum() else "-" for c in child_id)


def action_list(view: frame.View, actions: pd.DataFrame, wanted: str) -> None:
    if not len(actions):
        show.empty("No actions", "No action of a CPM of this period of care is in the extracts.", ":material/info:")
        return
    st.dataframe(
        actions, hide_index=True, placeholder="", key="child-actions", alt="Actions agreed at meetings", height=show.height(actions, 460),
        column_config={
            "state": st.column_config.TextColumn("State", width=110), "action": st.column_config.TextColumn("Action", width=380), "responsible": st.column_config.TextColumn("Responsible", width=150),
            "meeting_date": show.date_column("Agreed on"), "due_date": show.date_column("Due"), "completed_date": show.date_column("Completed"),
            "days_overdue": st.column_config.NumberColumn("Days overdue", width=95), "meetings_since": st.column_config.NumberColumn("CPMs since", width=85, help="How many CPMs were held since it was agreed, while it stayed open."),
        },
        column_order=["state", "action", "responsible", "meeting_date", "due_date", "completed_date", "days_overdue", "meetings_since"],
    )  # fmt: skip
    show.downloads(actions, f"child-{safe(wanted)}-actions", view.about, title="Actions")


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
    show.downloads(meetings.drop(columns=["is_cpm", "is_review"]), f"child-{safe(wanted)}-meetings", view.about, title="Meetings and reviews")


def sibling_list(siblings: pd.DataFrame) -> None:
    if not len(siblings):
        show.empty("None known", "No other child in the extracts has the same sibling group.", ":material/info:")
        return
    show.children_list(
        siblings, ["born", "in_care", "team", "worker", "placement", "overdue", "flags", "next_cpm", "next_review"], "siblings", alt="Brothers and sisters",
        extra={
            "born": show.date_column("Born"), "in_care": st.column_config.CheckboxColumn("In care", width=65), "team": st.column_config.TextColumn("Team", width=165), "placement": st.column_config.TextColumn("Home", width=110),
            "overdue": st.column_config.NumberColumn("Overdue", width=75), "flags": st.column_config.NumberColumn("Flags", width=60), "next_review": show.date_column("Next review"),
        },
    )  # fmt: skip


page()
