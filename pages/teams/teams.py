"""Teams: each rule by team, with both counts and the rate; teams compared without a ranking; months told apart from their ordinary
swing; who handed over to whom. Teams stand in name order: they are not ranked."""

from collections.abc import Sequence
from datetime import date

import pandas as pd
import streamlit as st

from cpm_metrics import charts
from cpm_metrics.rules import all_rules, rule
from cpm_metrics.views import funnel, handovers, look, teams, xmr
from pages._shared import data, downloads, frame, period, show, state
from pages._shared.gate import who

COUNTS = {name: look.STATUS[name].label for name in look.COUNTED}
CANNOT_TELL = look.STATUS["cannot_tell"].label
TITLES = {r.code: r.title for r in all_rules()}
VIEWS = {"rules": "Rule by rule", "matrix": "Rules × teams", "compare": "Compare teams", "trend": "Over time", "handovers": "Hand-overs"}
ROOM = 6  # teams whose whole names fit above the columns of the matrix
FIT = 12  # teams that fit beside the rules at 1366 pixels; with more, the rules stay in place (and turn grey: Streamlit does that)
NO_BREAK = "\u00a0"
LINES = 61  # the least height of a row at which words wrap in it (above 4 rem)
HALF_A_ROW_CUT = 36 + 33 * 10 + 16  # a table that goes on below its edge shows that it does


def page() -> None:
    view = frame.view("Teams")
    frame.title("Teams", view)
    tab = show.parts(VIEWS)
    if tab == "trend":
        trend(view)
        return
    start, end = period.chosen(view.as_at)
    table = teams.by_rule(view.results, start, end, view.teams) if tab in ("rules", "compare") and start <= end else pd.DataFrame()
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        code = pick_one(list(table["rule"]), teams.usual_rule(table)) if tab == "compare" and len(table) else ""
        period_controls(view, start, end, "Handed over" if tab == "handovers" else "Due")
    if period.backwards(start, end):
        return
    if tab == "handovers":
        hand_overs(view, start, end)
    elif tab == "matrix":
        matrix(view, start, end)
    elif not len(table):
        nothing(view, start, end)
    elif tab == "compare":
        compare(view, code, start, end)
    else:
        rules(view, table, start, end)


# -- what is chosen


def chooser(key: str, value: str) -> None:
    """A widget that shows what the address says, under one key, so that the keyboard stays on it."""
    if state.widget(key) != value:
        state.set_widget(key, value)


def change(name: str, usual: str | None = None, key: str | None = None) -> None:
    chosen = state.widget(key or name)
    state.set_params(**{name: None if chosen in (None, usual) else chosen})


def period_controls(view: frame.View, start: date, end: date, what: str) -> None:
    """The chosen time: obligations whose due date (or hand-overs whose day) lies in it."""
    with st.popover(f"{what} {look.day(start)} to {look.day(end)}", icon=":material/date_range:"):
        period.fields(view.as_at, start, end)
    with st.popover("How is this counted?", icon=":material/info:"):
        if what == "Due":
            counted_how(view)
        else:
            st.markdown(HANDED_OVER_HOW)


def counted_how(view: frame.View) -> None:
    smallest = view.results.settings["general.smallest_counted"]
    st.markdown(
        f"""
**Rate** = on time ÷ (on time + late + missed + overdue), for obligations whose due date lies in the chosen time. Cannot tell, lapsed and not yet
due are not in it; how many can’t be told always stands beside it.

Below **{smallest}** counted obligations there is no percentage: one child would move it too far.

An obligation counts for **the team that held the case when it fell due**, whoever holds it now.

Teams stand in name order. They are not ranked: they hold different children, and small numbers swing by chance."""
    )


def pick_one(codes: Sequence[str], usual: str) -> str:
    """One rule: mixing rules would compare teams by what happened to fall due."""
    code = state.param("rule", list(codes), usual)
    chooser("rule-choice", code)
    st.selectbox("Rule", list(codes), key="rule-choice", format_func=TITLES.get, on_change=change, args=("rule", None, "rule-choice"), width=360, label_visibility="collapsed")
    return code


def about_rule(code: str) -> None:
    chosen = rule(code)
    with st.container(horizontal=True, vertical_alignment="center"):
        show.badge(look.LEVEL[chosen.level])
        st.caption(chosen.question, width="content")
        show.definition(code, "Rule book")


def nothing(view: frame.View, start: date, end: date) -> None:
    show.empty("Nothing fell due", f"No obligation of {show.plain(view.teams_text)} fell due from {look.day(start)} to {look.day(end)}. Choose a longer time or other teams.")


def about(view: frame.View, start: date, end: date, what: str = "Due") -> dict[str, str]:
    return view.about | {what: f"{look.day(start)} to {look.day(end)}"}


def count_columns(width: int = 85) -> dict:
    return {
        "counted": show.number_column("Counted", width=75),
        **{name: show.number_column(label, width=width) for name, label in COUNTS.items()},
        "cannot_tell": show.number_column(CANNOT_TELL, width=100),
    }


def rates(table: pd.DataFrame) -> list[str]:
    return [teams.percent(rate) or ("too few" if counted else "–") for rate, counted in zip(table["rate"], table["counted"], strict=True)]


def named(table: pd.DataFrame, column: str = "team") -> list[str]:
    return [teams.NO_TEAM if pd.isna(team) else team for team in table[column]]


# -- rule by rule


def rules(view: frame.View, table: pd.DataFrame, start: date, end: date) -> None:
    """The rules with their counts; a click on a rule, or its tick (which the keyboard can set), opens its teams."""
    code = state.param("rule", list(table["rule"]), table["rule"].iloc[0])
    ticked = (state.widget("rules") or {}).get("selection", {}).get("rows", [])
    if ticked and ticked != [list(table["rule"]).index(code)]:  # another one was clicked since
        state.set_widget("rules", {"selection": {"rows": [], "columns": [], "cells": []}})
    shown = table.assign(rate=rates(table), level=[[look.LEVEL[rule(c).level].label] for c in table["rule"]])
    state.remember("rows-rules", list(table["rule"]))
    st.dataframe(
        shown, hide_index=True, placeholder="", key="rules", on_select=tick_rule, selection_mode="single-row", height=show.height(shown, HALF_A_ROW_CUT), alt="Rules with their counts and rates",
        column_order=["title", "rate", "counted", *look.COUNTED, "cannot_tell", "level"],
        column_config={
            "title": st.column_config.ButtonColumn("Rule", type="tertiary", alignment="left", width=215, pinned=True, key="pick-rule", on_click=pick_rule, help="Click a rule to see its teams. With the keyboard: Shift+Space ticks the row."),
            "level": show.level_column(),
            "rate": st.column_config.TextColumn("% on time", width=85, alignment="right"),
            **count_columns(),
        },
    )  # fmt: skip
    downloads.offer_list(table, f"rules-{view.as_at.isoformat()}", about(view, start, end), title="Rules")
    one_rule(view, code, start, end)


def tick_rule() -> None:
    """None is ticked to begin with, though one is shown: into a table with a ticked row the arrow keys don't get."""
    rows = state.widget("rules")["selection"]["rows"]
    if rows:
        state.set_params(rule=state.recall("rows-rules")[rows[0]])


def pick_rule() -> None:
    row = state.clicked_row("pick-rule")
    if row is not None:
        state.set_params(rule=state.recall("rows-rules")[row])


def go(**words: str) -> None:
    state.set_params(**words)


def one_rule(view: frame.View, code: str, start: date, end: date) -> None:
    chosen = rule(code)
    table = teams.by_team(view.results, code, start, end, view.teams)
    st.header(chosen.title, anchor=False)
    with st.container(horizontal=True, vertical_alignment="center"):
        show.badge(look.LEVEL[chosen.level])
        st.caption(chosen.question, width="content")
        show.definition(code, "Rule book")
        st.button("Compare its teams", icon=":material/bubble_chart:", type="tertiary", key="go-compare", **state.on_click(go, view="compare", rule=code))
        st.button("See it over time", icon=":material/show_chart:", type="tertiary", key="go-trend", **state.on_click(go, view="trend", rule=code))
    team_table(view, code, table, start, end, f"teams-{code}", ["team", "rate", "counted", *look.COUNTED, "cannot_tell"])
    bars = table.assign(team=named(table))
    st.plotly_chart(charts.team_bars(bars, show.dark()), theme=None, key=f"bars-{code}", config={"displayModeBar": False}, alt=bars_alt(chosen.title, bars))
    st.caption("How many obligations fell due and how they ended. A longer bar means that more fell due, not better or worse work.")


def team_table(view: frame.View, code: str, table: pd.DataFrame, start: date, end: date, key: str, order: list[str], extra: dict | None = None) -> None:
    """One rule's teams; a click on a number lists what stands behind it."""
    shown = table.assign(team=named(table), rate=rates(table))
    picked = st.dataframe(
        shown, hide_index=True, key=key, on_select="rerun", selection_mode="single-cell", alt=f"{TITLES[code]} by team", height=show.height(shown, 480), column_order=order, placeholder="–",
        column_config={
            "team": st.column_config.TextColumn("Team", width=190),
            "rate": st.column_config.TextColumn("% on time", width=85, alignment="right"),
            **count_columns(),
        } | (extra or {}),
    )  # fmt: skip
    st.caption("Click a number to open its rows.")
    cells = picked.selection.cells
    if cells and cells[0][0] < len(table):
        team, column = shown["team"].iloc[cells[0][0]], cells[0][1]
        statuses = [column] if column in (*look.COUNTED, "cannot_tell") else list(look.COUNTED)
        behind(view, code, team, statuses, start, end, f"{TITLES[code]}: {show.plain(team)}")
    downloads.offer_list(table, f"{code}-by-team-{view.as_at.isoformat()}", about(view, start, end), title=TITLES[code])


def bars_alt(title: str, table: pd.DataFrame) -> str:
    return f"{title} by team: " + "; ".join(f"{r.team} {r.on_time:,} of {r.counted:,} on time" for r in table.itertuples()) + "."


def behind(view: frame.View, code: str, team: str | None, statuses: list[str], start: date, end: date, title: str) -> None:
    """The obligations behind a count; `team` None: of all the teams shown."""
    rows = teams.behind(view.results, code, team, statuses, start, end, view.teams)
    st.header(f"{title} ({len(rows):,})", anchor=False)
    st.caption(", ".join(look.STATUS[status].label for status in statuses) + f" · due {look.day(start)} to {look.day(end)}")
    if not len(rows):
        show.empty("Nothing here", "No obligation stands behind this count.")
        return
    show.children_list(rows, ["status", "anchor_date", "due_date", "done_date", "days", "team", "worker", "why"], "behind", height=show.height(rows, 420), alt="The obligations behind the count")
    downloads.offer_list(rows, f"{code}-{view.as_at.isoformat()}", about(view, start, end), title=TITLES[code])


# -- rules × teams


def matrix(view: frame.View, start: date, end: date) -> None:
    """Rules down, teams across. A click on a cell opens its rows."""
    g = teams.grid(view.results, start, end, view.teams)
    if not len(g.rows):
        nothing(view, start, end)
        return
    labels = [teams.NO_TEAM if team is None else team for team in g.teams]
    short = teams.short_names(labels) if len(labels) > ROOM else {team: team for team in labels}
    columns = {f"team{at}": team for at, team in enumerate(labels)}  # a team's name is no name for a column
    wide = g.rows[["title"]].copy()
    wide["all"] = [cell_text(row) for row in g.whole.set_index("rule").loc[g.rows["rule"]].itertuples()]
    by_cell = {(row.rule, teams.NO_TEAM if pd.isna(row.team) else row.team): cell_text(row) for row in g.cells.itertuples()}
    for key, team in columns.items():
        wide[key] = [by_cell.get((code, team), "") for code in g.rows["rule"]]
    narrow = len(labels) > ROOM
    # Whole, until a cell is clicked: then short, so that its rows are seen below it.
    before = (state.widget("matrix") or {}).get("selection", {}).get("cells", [])
    picked = st.dataframe(
        wide, hide_index=True, key="matrix", on_select="rerun", selection_mode="single-cell", placeholder="", row_height=LINES, height=38 + LINES * min(len(wide), 5 if before else len(wide)),
        alt="Rules by team: percent on time, how many were counted, and how many can’t be told",
        column_config={
            "title": st.column_config.TextColumn("Rule", pinned=len(labels) > FIT, width=148 if narrow else 230),
            "all": st.column_config.TextColumn("Together", alignment="right", width=82, help="All teams shown here together, and what no team is recorded for where none is chosen."),
        }
        | {key: st.column_config.TextColumn(short[team], alignment="right", help=show.plain(team), width=65 if narrow else 110) for key, team in columns.items()},
    )  # fmt: skip
    cells = picked.selection.cells
    if cells and cells[0][0] < len(wide):
        code, column = g.rows["rule"].iloc[cells[0][0]], cells[0][1]
        team = columns.get(column)
        behind(view, code, team, [*look.COUNTED, "cannot_tell"], start, end, f"{TITLES[code]}: {show.plain(team or view.teams_text)}")
        with st.container(horizontal=True):
            st.button("Compare its teams", icon=":material/bubble_chart:", key="go-compare", **state.on_click(go, view="compare", rule=code))
            st.button("See it over time", icon=":material/show_chart:", key="go-trend", **state.on_click(go, view="trend", rule=code))
    marks = funnel.PLACES
    st.caption(
        f"“82% of 50”: 50 counted, 82% of them on time. “3 of 7”: too few counted for a percentage. “? 4”: 4 can’t be told, beside those counted. Blank: nothing fell due. Click a cell to open its rows. "
        f"{marks['above_outer'].mark} higher, {marks['below_outer'].mark} lower than all teams together by more than chance explains (beyond the outer limits of “Compare teams”, which says what that doesn’t show). "
        f"{g.compared} cells are compared; chance alone would mark about {max(1, round(g.compared * 2 * funnel.OUTER))} of them."
    )
    if narrow:
        st.caption("Teams: " + " · ".join(f"**{show.plain(name)}** {show.plain(team)}" for team, name in short.items() if name != team))
    out = g.cells.assign(title=[TITLES[code] for code in g.cells["rule"]], place=[funnel.PLACES[p].word if p else None for p in g.cells["place"]])
    downloads.offer_list(out[["rule", "title", "team", *teams.COUNTS, "rate", "place"]], f"rules-by-team-{view.as_at.isoformat()}", about(view, start, end), title="Rules by team")


def cell_text(row) -> str:
    """The rate, with a mark where it stands out; of how many; how many can't be told. What belongs together stays on one line."""
    mark = funnel.PLACES[row.place].mark + " " if getattr(row, "place", "") in ("above_outer", "below_outer") else ""
    counts = (mark + teams.cell(row.on_time, row.counted, 0, row.rate)).replace(" ", NO_BREAK).replace(f"%{NO_BREAK}of", "% of")
    return " ".join(part for part in (counts, f"?{NO_BREAK}{row.cannot_tell:,}" if row.cannot_tell else "") if part)


# -- compare teams


def compare(view: frame.View, code: str, start: date, end: date) -> None:
    """A funnel plot of one rule: who differs by more than chance explains. No ranking."""
    about_rule(code)
    f = funnel.funnel(view.results, code, start, end, view.teams)
    said = funnel.words(f, teams.percent)
    outside = f.compared[f.compared["place"] != "within"]
    marked = [f"{funnel.PLACES[place].mark} {show.plain(text)}" for place, text in zip(outside["place"], said[1:], strict=True)]
    st.markdown("  \n".join([f"**{show.plain(said[0])}**", *marked]))
    if f.no_team:
        st.caption(f"{look.count(f.no_team, 'counted obligation has', 'counted obligations have')} no team recorded: in the rate of all together, and in no team’s.")
    if len(f.compared):
        st.plotly_chart(charts.funnel(f, show.dark()), theme=None, key=f"funnel-{code}", config={"displayModeBar": False}, alt=f"{f.title}, teams compared. " + " ".join(said))
        st.caption(
            f"**What this shows:** whether a team’s share done on time differs from that of all teams together by more than chance alone would explain for so many obligations. "
            f"One team in 20 lies outside the inner limits by chance, one in 500 outside the outer ones. "
            f"**What it doesn’t:** why, or who does better work: teams hold different children. One child has several obligations and one late review makes the next late, so real teams "
            f"spread wider than these limits: a team outside them is a question to ask, not a finding. Teams with fewer than {f.smallest} counted are in the table only."
        )
    shown = f.teams.assign(place=[[funnel.PLACES[p].label] for p in f.teams["place"]])
    columns = {
        "place": st.column_config.MultiselectColumn("Beside all teams", options=[p.label for p in funnel.PLACES.values()], color=[p.light for p in funnel.PLACES.values()], width=205),
        "lower": show.number_column("Outer limit, low", format="%.0f%%", width=110, help="Below this is lower than chance explains, for so many obligations."),
        "upper": show.number_column("Outer limit, high", format="%.0f%%", width=110, help="Above this is higher than chance explains. Blank: even all on time could be chance."),
    }
    team_table(view, code, shown, start, end, f"compare-{code}", ["team", "place", "rate", "counted", *look.COUNTED, "cannot_tell", "lower", "upper"], columns)
    with st.expander("How the limits are drawn", icon=":material/info:"):
        st.markdown(
            "A funnel plot (D. J. Spiegelhalter, “Funnel plots for comparing institutional performance”, Statistics in Medicine 24, 2005), with the binomial distribution’s own tails as limits. "
            "Around the rate of all teams together, those not chosen included: below the inner limit (95%) lie results that so few or fewer on time would give in fewer than 1 in 40 teams of that size; "
            "below the outer limit (99.8%), in fewer than 1 in 1,000; above likewise. Where even all (or none) on time could be chance, there is no limit on that side."
        )


# -- over time


def trend(view: frame.View) -> None:
    """An XmR chart of one rule: which months are signals, and which the ordinary swing."""
    codes = [r.code for r in all_rules() if view.results.settings[f"{r.code}.on"]]
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        code = pick_one(codes, "statutory-review" if "statutory-review" in codes else codes[0])
        owner = xmr.owner(code, view.teams)
        kept = data.store().state.saved("rebase", owner)
        x = xmr.xmr(view.results, code, view.teams, state.param("every", ["month", "quarter"]), kept)
        chooser("every", x.every)
        st.segmented_control("A dot for each month or quarter", ["month", "quarter"], key="every", required=True, format_func={"month": "By month", "quarter": "By quarter"}.get, on_change=change, args=("every",), label_visibility="collapsed")
    about_rule(code)
    if not len(x.points):
        show.empty("Nothing to show over time", f"Nothing of this rule fell due for {show.plain(view.teams_text)} before {x.left_out}, which isn’t over yet. Choose another rule or other teams.", ":material/show_chart:")
        return
    said = xmr.words(x)
    st.markdown("  \n".join([f"**{said[0]}**", *said[1:]]))
    if x.counted_points:
        st.plotly_chart(charts.xmr(x, show.dark()), theme=None, key=f"xmr-{code}", config={"displayModeBar": False}, alt=f"{x.title} over time, {view.teams_text}. " + " ".join(said))
        st.caption(
            f"**What this shows:** whether the share done on time of what fell due changes from {x.every} to {x.every} by more than its ordinary swing. "
            f"**What it doesn’t:** why, whether the level is good enough, or how late the late ones were. "
            f"An overdue one counts as not on time, and stays so: done later, it is late. What was done in time but recorded after the extract can still lift the last dots."
        )
    st.caption(" ".join(left_out_words(view, x)))
    figures(view, x, code)
    rebases(view, x, owner, kept)
    with st.expander("How the mean, the limits and the signals are worked out", icon=":material/info:"):
        st.markdown(
            f"An XmR chart by the rules of Making Data Count (NHS England). Limits: mean ± {xmr.FACTOR} × the mean difference between neighbouring dots. Signals: a dot outside the limits; "
            f"{xmr.RUN} or more in a row on one side of the mean; {xmr.RUN} or more in a row each higher, or each lower, than the one before; two of three in a row beyond two thirds of the way to a limit. "
            f"Fewer than {xmr.ENOUGH} dots: provisional. A {x.every} with fewer than {x.smallest} counted has no percentage: it is a hollow dot at the bottom, is passed over, and moves neither mean nor limits. "
            "Each dot weighs the same, however many were counted. A new mean begins only where somebody marked a change below."
        )
    st.page_link("pages/data/history.py", label="What was known then: earlier months as earlier loads had them", icon=":material/history:")


def left_out_words(view: frame.View, x: xmr.Xmr) -> list[str]:
    out = [f"{x.left_out} isn’t over on {look.day(view.as_at)}, and is left out."]
    few = int((x.points["direction"] == "few").sum())
    if few:
        out.append(f"{look.count(few, x.every + ' has', x.every + 's have')} fewer than {x.smallest} counted, and so no percentage: counts are in the table.")
    untold = int(x.points["cannot_tell"].sum())
    if untold:
        out.append(f"{look.count(untold, 'obligation')} of these {x.every}s can’t be told, and {'is' if untold == 1 else 'are'} in no percentage.")
    if xmr.only_those_in_care(view.results):
        out.append("The extract has no child who left care: earlier dots hold only those who are still in care, which says little about what was then.")
    return out


def figures(view: frame.View, x: xmr.Xmr, code: str) -> None:
    """The dots as a table; a click on one lists its rows."""
    newest = x.points.iloc[::-1].reset_index(drop=True)
    shown = newest.assign(
        what=["; ".join(xmr.SIGNALS[name] for name in names) or xmr.DIRECTIONS[way].word.lower() for names, way in zip(newest["signals"], newest["direction"], strict=True)],
        mark=[xmr.DIRECTIONS[way].mark for way in newest["direction"]], low=[xmr.shown_limit(v) for v in newest["low"]], high=[xmr.shown_limit(v) for v in newest["high"]],
        percent=["too few" if pd.isna(p) else f"{p:.1f}%" for p in newest["percent"]], mean=["" if pd.isna(m) else f"{m:.1f}%" for m in newest["mean"]],
    )  # fmt: skip
    with st.expander("The figures, and what stands behind each", icon=":material/table:", expanded=not x.counted_points):
        picked = st.dataframe(
            shown, hide_index=True, placeholder="", key=f"figures-{code}-{x.every}", on_select="rerun", selection_mode="single-cell", height=show.height(shown, HALF_A_ROW_CUT), alt=f"{x.title}: counts and rates by {x.every}",
            column_order=["label", "percent", "counted", *look.COUNTED, "cannot_tell", "mark", "what", "mean", "low", "high"],
            column_config={
                "label": st.column_config.TextColumn(x.every.capitalize(), width=125), "percent": st.column_config.TextColumn("% on time", width=85, alignment="right"), **count_columns(),
                "mark": st.column_config.TextColumn("", width=35), "what": st.column_config.TextColumn("What it is", width=300), "mean": st.column_config.TextColumn("Mean", width=65, alignment="right"),
                "low": st.column_config.TextColumn("Lower limit", width=85, alignment="right"), "high": st.column_config.TextColumn("Upper limit", width=85, alignment="right"),
            },
        )  # fmt: skip
        st.caption("Click a number to open its rows.")
        downloads.offer_list(
            newest.assign(signals=shown["what"], low=newest["low"].round(1), high=newest["high"].round(1), mean=newest["mean"].round(1), percent=newest["percent"].round(1)).drop(columns=["stretch", "direction"]),
            f"{code}-by-{x.every}-{view.as_at.isoformat()}", view.about, title=x.title,
        )  # fmt: skip
    cells = picked.selection.cells
    if cells and cells[0][0] < len(newest):
        row, column = newest.iloc[cells[0][0]], cells[0][1]
        statuses = [column] if column in (*look.COUNTED, "cannot_tell") else list(look.COUNTED)
        behind(view, code, None, statuses, row["start"], row["end"], f"{x.title}, {row['label']}: {show.plain(view.teams_text)}")


def rebases(view: frame.View, x: xmr.Xmr, owner: str, kept: dict[str, dict]) -> None:
    """Changes that somebody marked: each begins a new mean. Marked for one rule and these teams."""
    with st.expander(f"Changes marked here ({len(kept)})", icon=":material/flag:"):
        st.markdown(f"Mark a month only when you know that the work itself changed then, and the chart has shown it since: not because the figures got better or worse. It holds for {show.plain(x.title)} and {show.plain(view.teams_text)}.")
        for month, mark in kept.items():
            left, right = st.columns([6, 1], vertical_alignment="center")
            shown = any(start.isoformat()[:7] <= month <= end.isoformat()[:7] for start, end in zip(x.points["start"].iloc[1:], x.points["end"].iloc[1:], strict=True))
            left.markdown(f"**{look.day(date.fromisoformat(month + '-01'))[2:]}** · {show.plain(mark.get('reason', ''))} · marked by {show.plain(mark.get('by', ''))}" + ("" if shown else " · not among the dots shown"))
            right.button("Remove", key=f"unmark-{month}", width="stretch", help="Back to the mean before. The change stays in the audit.", **state.on_click(unmark, owner, month))
        months = [month for month in xmr.months_of(x) if month not in kept]
        if not months:
            return
        with st.form("mark", border=False, clear_on_submit=True):
            st.selectbox("New mean from", months[::-1], key="mark-month", format_func=lambda month: xmr.label(date.fromisoformat(month + "-01"), x.every), width=220)
            st.text_input("What changed (no names of children)", key="mark-reason", max_chars=200, placeholder="For example: reviews are booked at the one before")
            st.form_submit_button("Mark this change", icon=":material/flag:", **state.on_click(mark_change, owner))
        if state.forget("mark-refused"):
            st.warning("Say what changed, in a few words: without a reason nobody can judge the new mean later.", icon=":material/edit:")


def mark_change(owner: str) -> None:
    reason, month = (state.widget("mark-reason") or "").strip(), state.widget("mark-month")
    if len(reason) < 5 or not month:
        state.remember("mark-refused", True)
        return
    by = who()
    data.store().state.save("rebase", owner, month, {"reason": reason, "by": by}, by)


def unmark(owner: str, month: str) -> None:
    data.store().state.forget("rebase", owner, month, who())


# -- hand-overs


def hand_overs(view: frame.View, start: date, end: date) -> None:
    """Which children passed to another team, what was open then, and whose each miss is."""
    everyone = state.param("what", ["workers"]) == "workers"
    h = handovers.handovers(view.results, start, end, view.teams, between_teams=not everyone)
    if not h.loaded:
        show.empty(
            "Not assessed: there is no allocation history",
            "The extracts don’t have allocations (team and social worker with start and end dates), so hand-overs can’t be seen, and every obligation counts for the team in the case’s own row. "
            "Load them with the next extract: the Load page has a template.", ":material/help:",
        )  # fmt: skip
        return
    if state.widget("handovers-what") != everyone:
        state.set_widget("handovers-what", everyone)
    st.toggle("Also changes of social worker within a team", key="handovers-what", on_change=change_what)
    if h.without:
        st.caption(f"{look.STATUS['cannot_tell'].label}: {look.count(h.without, 'child', 'children')} in care in this time {'has' if h.without == 1 else 'have'} no allocation in the extracts. What is due for them counts for the team in the case’s own row.")
    if not len(h.rows):
        show.empty("No hand-overs", f"No child of {show.plain(view.teams_text)} passed to another {'social worker' if everyone else 'team'} from {look.day(start)} to {look.day(end)}.")
        return
    rows = h.rows
    st.markdown(
        f"**{look.count(len(rows), 'hand-over')} of {look.count(rows['child_id'].nunique(), 'child', 'children')}, with {int(rows['open'].sum()):,} obligations open on the day.** "
        f"{int(rows['past_due'].sum()):,} of them were already past their due date: they belong to the team that held the case when they fell due. "
        f"{int(rows['after'].sum()):,} were due on the day or later, and belong to the team that holds the case then; {int(rows['not_on_time'].sum()):,} of these were not done on time."
    )
    if not everyone:
        pairs = handovers.between(rows)
        shown = pairs.assign(team_before=named(pairs, "team_before"), team=named(pairs))
        st.header("From team to team", anchor=False)
        st.dataframe(shown, hide_index=True, placeholder="", key="pairs", height=show.height(shown, HALF_A_ROW_CUT), alt="Hand-overs from team to team", column_config=PAIRS, column_order=list(PAIRS))
        st.caption("What this shows: how much was open when children passed from one team to another. What it doesn’t: whether the hand-over caused it.")
        downloads.offer_list(pairs, f"hand-overs-by-team-{view.as_at.isoformat()}", about(view, start, end, "Handed over"), title="Hand-overs by team")
    st.header(f"Children ({len(rows):,})", anchor=False)
    listed = rows.assign(why=[sentence(row) for row in rows.itertuples()], team_before=named(rows, "team_before"), team=named(rows))
    ticked = show.children_list(
        listed, ["day", "team_before", "team", *(["worker_before", "worker"] if everyone else []), "open", "past_due", "after", "not_on_time", "cannot_tell", "why"], "handovers", height=show.height(listed, HALF_A_ROW_CUT),
        alt="Hand-overs, newest first", extra=LISTED,
    )  # fmt: skip
    st.caption("Tick a row to see what was open on that day, and which team each belongs to.")
    downloads.offer_list(rows.drop(columns=["ids"]), f"hand-overs-{view.as_at.isoformat()}", about(view, start, end, "Handed over"), title="Hand-overs")
    if ticked and ticked[0] < len(rows):
        row = rows.iloc[ticked[0]]
        opened = handovers.open_then(view.results, row)
        st.header(f"Open on {look.day(row['day'])}: {show.plain(row['name'])} ({len(opened):,})", anchor=False)
        if not len(opened):
            show.empty("Nothing was open", "Nothing was set off and not yet done on that day.")
            return
        opened["belongs"] = [BELONGS[b] for b in opened["belongs"]]
        show.children_list(opened, ["belongs", "team", "title", "due_date", "status", "done_date", "days", "worker", "why"], "open-then", height=show.height(opened, 420), alt="Obligations open at the hand-over", extra={"belongs": st.column_config.TextColumn("Due", width=150)})  # fmt: skip
        st.caption("“Team” is the one that each belongs to: the team that held the case when it fell due.")


HANDED_OVER_HOW = """
**A hand-over** is a day on which the allocation history has another team (or social worker) for a child in care than the day before. A gap between two
allocations is none: the last one before it goes on.

**Open then**: set off before that day, and on its morning neither done nor past being done. Judged by what the extract says now.

**Past due then** was due before that day: it belongs to the team that held the case when it fell due. **Due after** was due on the day or later, and
belongs to the team that holds the case then."""
BELONGS = {"before": "Before the hand-over", "after": "On the day or later"}
_NUMBERS = {
    "open": show.number_column("Open then", width=85),
    "past_due": show.number_column("Past due then", width=105, help="Due before the day: the former team’s (or that of one before it)."),
    "after": show.number_column("Due after", width=85, help="Due on the day or later: the team’s that holds the case then."),
    "not_on_time": show.number_column("Then not on time", width=120, help="Late, missed or overdue on the as-at date."),
}
PAIRS = {
    "team_before": st.column_config.TextColumn("From", width=190), "team": st.column_config.TextColumn("To", width=190),
    "handovers": show.number_column("Hand-overs", width=90), **_NUMBERS,
}  # fmt: skip
LISTED = {
    "day": show.date_column("Handed over"), "team_before": st.column_config.TextColumn("From team", width=162), "team": st.column_config.TextColumn("To team", width=162),
    "worker_before": st.column_config.TextColumn("From worker", width=125), "worker": st.column_config.TextColumn("To worker", width=125), **_NUMBERS,
    "cannot_tell": show.number_column(CANNOT_TELL, width=95, help="Set off before the day, but the extracts don’t say enough to tell whether it was done."),
}  # fmt: skip


def change_what() -> None:
    state.set_params(what="workers" if state.widget("handovers-what") else None)


def sentence(row) -> str:
    """One hand-over in words, for supervision notes."""

    def held(team, worker) -> str:
        return (teams.NO_TEAM.lower() if pd.isna(team) else team) + ("" if pd.isna(worker) else f" ({worker})")

    return (
        f"On {look.day(row.day)} from {held(row.team_before, row.worker_before)} to {held(row.team, row.worker)}, with {look.count(row.open, 'obligation')} open: "
        f"{row.past_due} past due, {row.after} due on the day or later, {row.not_on_time} of which {'was' if row.not_on_time == 1 else 'were'} not done on time."
    )


page()
