"""Teams: each rule by team, with both counts and the rate. Teams stand in name order: they are not ranked."""

from datetime import date

import pandas as pd
import streamlit as st

from cpm_metrics import charts
from cpm_metrics.rules import all_rules, rule
from cpm_metrics.views import lists, look, teams
from pages._shared import frame, show, state

COUNTS = {name: look.STATUS[name].label for name in look.COUNTED}
TITLES = {r.code: r.title for r in all_rules()}

HALF_A_ROW_CUT = 36 + 33 * 10 + 16  # a table that goes on below its edge shows that it does


def page() -> None:
    view = frame.view("Teams")
    frame.title("Teams", view)
    start, end = period(view)
    if start > end:
        st.warning("“From” lies after “to”: choose an earlier first day.", icon=":material/date_range:")
        return
    table = teams.by_rule(view.results, start, end, view.teams)
    if not len(table):
        show.empty("Nothing fell due", f"No obligation of {view.teams_text} fell due from {look.day(start)} to {look.day(end)}. Choose a longer time or other teams.")
        return
    tab = state.param("view", ["rules", "matrix"], "rules")
    st.segmented_control(
        "View", ["rules", "matrix"], default=tab, key=f"view-{tab}", required=True, label_visibility="collapsed", on_change=change_view, args=(f"view-{tab}",),
        format_func={"rules": "Rule by rule", "matrix": "Rules × teams"}.get,
    )  # fmt: skip
    if tab == "matrix":
        matrix(view, start, end)
    else:
        rules(view, table, start, end)


def change_view(key: str) -> None:
    state.set_params(view=state.widget(key))


def period(view: frame.View) -> tuple[date, date]:
    """The chosen time: obligations whose due date lies in it. By default the twelve months to the as-at date."""
    default = (pd.Timestamp(view.as_at) - pd.DateOffset(months=12) + pd.Timedelta(days=1)).date(), view.as_at
    start, end = state.date_param("from") or default[0], state.date_param("to") or default[1]
    left, right, text = st.columns([1, 1, 3], vertical_alignment="bottom")
    for column, label, key, value, usual in ((left, "Due from", "from", start, default[0]), (right, "to", "to", end, default[1])):
        column.date_input(label, value, key=f"period-{key}-{value}", format="DD/MM/YYYY", on_change=change_period, args=(key, f"period-{key}-{value}", usual))
    with text, st.popover("How is this counted?", icon=":material/info:"):
        smallest = view.results.settings["general.smallest_counted"]
        st.markdown(
            f"""
**Rate** = on time ÷ (on time + late + missed + overdue), for obligations whose due date lies in the chosen time. Cannot tell, lapsed and not yet
due are not in it; how many can’t be told always stands beside it.

Below **{smallest}** counted obligations there is no percentage: one child would move it too far.

An obligation counts for **the team that held the case when it fell due**, whoever holds it now.

Teams stand in name order. They are not ranked: they hold different children, and small numbers swing by chance."""
        )
    return start, end


def change_period(name: str, key: str, usual: date) -> None:
    chosen = state.widget(key)
    state.set_params(**{name: None if chosen in (None, usual) else chosen.isoformat()})


def rules(view: frame.View, table: pd.DataFrame, start: date, end: date) -> None:
    """The rules with their counts; a click on a rule opens its teams."""
    code = state.param("rule", list(table["rule"]), table["rule"].iloc[0])
    shown = table.assign(rate=[teams.percent(rate) or "too few" for rate in table["rate"]], level=[[look.LEVEL[rule(c).level].label] for c in table["rule"]])
    state.remember("rows-rules", list(table["rule"]))
    st.subheader(f"Rules ({len(shown)})", anchor=False)
    st.dataframe(
        shown, hide_index=True, key="rules", height=show.height(shown, HALF_A_ROW_CUT), alt="Rules with their counts and rates",
        column_order=["title", "level", "rate", "counted", *look.COUNTED, "cannot_tell"],
        column_config={
            "title": st.column_config.ButtonColumn("Rule", type="tertiary", alignment="left", width=270, pinned=True, key="pick-rule", on_click=pick_rule, help="Click a rule to see its teams."),
            "level": show.level_column(),
            "rate": st.column_config.TextColumn("On time, %", width=85, alignment="right"),
            "counted": st.column_config.NumberColumn("Counted", width=80),
            **{name: st.column_config.NumberColumn(label, width=85) for name, label in COUNTS.items()},
            "cannot_tell": st.column_config.NumberColumn(look.STATUS["cannot_tell"].label, width=100),
        },
    )  # fmt: skip
    show.downloads(table, f"rules-{view.as_at.isoformat()}", view.about | {"Due": f"{look.day(start)} to {look.day(end)}"}, title="Rules")
    one_rule(view, code, start, end)


def pick_rule() -> None:
    row = state.clicked_row("pick-rule")
    if row is not None:
        state.set_params(rule=state.recall("rows-rules")[row])


def pick_matrix() -> None:
    row = state.clicked_row("pick-matrix")
    if row is not None:
        state.set_params(rule=state.recall("rows-matrix")[row], view=None)


def one_rule(view: frame.View, code: str, start: date, end: date) -> None:
    chosen = rule(code)
    table = teams.by_team(view.results, code, start, end, view.teams)
    st.subheader(chosen.title, anchor=False)
    with st.container(horizontal=True, vertical_alignment="center"):
        show.badge(look.LEVEL[chosen.level])
        st.caption(chosen.question, width="content")
        show.definition(code, "Rule book")
    shown = table.assign(rate=[teams.percent(rate) or "too few" for rate in table["rate"]])
    picked = st.dataframe(
        shown, hide_index=True, key=f"teams-{code}", on_select="rerun", selection_mode="single-cell", alt=f"{chosen.title} by team", height=show.height(shown, 480),
        column_order=["team", "rate", "counted", *look.COUNTED, "cannot_tell"],
        column_config={
            "team": st.column_config.TextColumn("Team", width=190),
            "rate": st.column_config.TextColumn("On time, %", width=85, alignment="right"),
            "counted": st.column_config.NumberColumn("Counted", width=80),
            **{name: st.column_config.NumberColumn(label, width=85) for name, label in COUNTS.items()},
            "cannot_tell": st.column_config.NumberColumn(look.STATUS["cannot_tell"].label, width=100),
        },
    )  # fmt: skip
    st.caption("Click a number to open its rows.")
    cells = picked.selection.cells
    if cells and cells[0][0] < len(table):
        team, column = table["team"].iloc[cells[0][0]], cells[0][1]
        statuses = [column] if column in (*look.COUNTED, "cannot_tell") else list(look.COUNTED)
        behind(view, code, [team], statuses, start, end, f"{chosen.title}: {team}")
    st.plotly_chart(charts.team_bars(table, show.dark()), theme=None, key=f"bars-{code}", config={"displayModeBar": False}, alt=bars_alt(chosen.title, table))
    st.caption("How many obligations fell due and how they ended. A longer bar means that more fell due, not better or worse work.")
    show.downloads(table, f"{code}-by-team-{view.as_at.isoformat()}", view.about | {"Due": f"{look.day(start)} to {look.day(end)}"}, title=chosen.title)


def bars_alt(title: str, table: pd.DataFrame) -> str:
    return f"{title} by team: " + "; ".join(f"{r.team} {r.on_time} of {r.counted} on time" for r in table.itertuples()) + "."


def matrix(view: frame.View, start: date, end: date) -> None:
    """Rules down, teams across. A click on a cell opens its rows."""
    table = teams.matrix(view.results, start, end, view.teams)
    names = [name for name in table.columns if name not in ("rule", "title")]
    state.remember("rows-matrix", list(table["rule"]))
    picked = st.dataframe(
        table, hide_index=True, key="matrix", on_select="rerun", selection_mode="single-cell", column_order=["title", *names], placeholder="", height=show.height(table, 640),
        alt="Rules by team: percent on time and how many were counted",
        column_config={"title": st.column_config.ButtonColumn("Rule", type="tertiary", alignment="left", pinned=True, width=250, key="pick-matrix", on_click=pick_matrix, help="Click a rule to see its counts by team.")}
        | {name: st.column_config.TextColumn(name, alignment="right") for name in names},
    )  # fmt: skip
    st.caption(
        "“82% of 50”: 50 counted, 82% of them on time. “3 of 7”: too few counted for a percentage. “? 4”: 4 can’t be told, none counted. Blank: nothing fell due. Click a cell to open its rows."
    )
    show.downloads(table, f"rules-by-team-{view.as_at.isoformat()}", view.about | {"Due": f"{look.day(start)} to {look.day(end)}"}, title="Rules by team")
    cells = picked.selection.cells
    if cells and cells[0][0] < len(table):
        code, column = table["rule"].iloc[cells[0][0]], cells[0][1]
        chosen = [column] if column in names else view.teams
        behind(view, code, chosen, [*look.COUNTED, "cannot_tell"], start, end, f"{TITLES[code]}: {column if column in names else view.teams_text}")


def behind(view: frame.View, code: str, chosen: list[str], statuses: list[str], start: date, end: date, title: str) -> None:
    rows = lists.obligations(view.results, teams=chosen, rule=code, statuses=statuses, due=(start, end))
    st.subheader(f"{title} ({len(rows):,})", anchor=False)
    st.caption(", ".join(look.STATUS[status].label for status in statuses) + f" · due {look.day(start)} to {look.day(end)}")
    if not len(rows):
        show.empty("Nothing here", "No obligation stands behind this count.")
        return
    show.children_list(rows, ["status", "anchor_date", "due_date", "done_date", "days", "team", "worker", "why"], "behind", height=show.height(rows, 420), alt=title)
    show.downloads(rows, f"{code}-{view.as_at.isoformat()}", view.about | {"Due": f"{look.day(start)} to {look.day(end)}"}, title=title)


page()
