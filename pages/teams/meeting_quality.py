"""Meeting quality: whether each Care Planning Meeting left a whole record, by check, by team and meeting by meeting."""

from datetime import date

import pandas as pd
import streamlit as st

from cpm_metrics.views import look, teams
from cpm_metrics.views import meeting_quality as quality
from pages._shared import downloads, frame, period, show, state

VIEWS = {"checks": "Check by check", "teams": "Checks × teams", "meetings": "Meeting by meeting"}
PARTS = {"in_order": "✓ In order", "late": "◆ Late", "lacking": "✕ Lacking", "not_due": "○ Not due yet", "cannot_tell": look.STATUS["cannot_tell"].label}
MEANS = {
    "in_order": "On time, or recorded as it should be.", "late": "Done, after the limit.", "lacking": "Not there, and the day for it has passed: overdue, or the record shows it is missing.",
    "not_due": "Not there yet, and there is still time.", "cannot_tell": "The record or the extract doesn’t say. Never counted as done and never as lacking.",
}  # fmt: skip
ROOM = 6  # teams whose whole names fit above the columns
ANYTHING, WHOLE, EVERY = "anything", "nothing", "all"


def page() -> None:
    view = frame.view("Meeting quality")
    frame.title("Meeting quality", view)
    start, end = time_held(view)
    if period.backwards(start, end):
        return
    found = quality.meetings(view.results, start, end, view.teams)
    missing(view)
    if not len(found):
        show.empty("No Care Planning Meeting", f"No CPM of {show.plain(view.teams_text)} was held from {look.day(start)} to {look.day(end)}. Choose a longer time or other teams, or load Meetings.", ":material/info:")
        return
    of = quality.summary(found)
    st.markdown(
        f"**{of.lack:,} of {of.held:,} records of Care Planning Meetings held lack something**; {of.whole:,} lack nothing that was due"
        + (f"; for {of.untold:,} the extract doesn’t have enough to tell" if of.untold else "") + "."
        + (f" {look.count(of.no_outcome, 'more was', 'more were')} planned and {'has' if of.no_outcome == 1 else 'have'} no outcome recorded." if of.no_outcome else "")
    )
    tab = show.parts(VIEWS)
    {"checks": lambda: checks(view, start, end), "teams": lambda: by_team(view, start, end), "meetings": lambda: meeting_list(view, found, start, end)}[tab]()


def time_held(view: frame.View) -> tuple[date, date]:
    """Meetings held in this time are counted: none can have been held after the as-at date."""
    start, end = period.chosen(view.as_at, latest=view.as_at)
    left, right, text = st.columns([1, 1, 3], vertical_alignment="bottom")
    period.fields(view.as_at, start, end, ("Held from", "to"), (left, right), latest=view.as_at)
    with text, st.popover("How is this counted?", icon=":material/info:"):
        smallest = view.results.settings["general.smallest_counted"]
        st.markdown(
            f"""
Each **Care Planning Meeting held** in the chosen time, once for each child it was about: each child’s file needs its record.

**In order, %** = in order ÷ (in order + late + lacking). What isn’t due yet and what can’t be told are not in it, and stand beside it. Below **{smallest}**
counted there is no percentage.

Here a meeting counts by **the day it was held**; on Teams the same obligations count by the day they were due, which for minutes is some days later.

A check counts for **the team that held the case when it was due**; actions, outcomes and the list of meetings go by the team that held it on the day of the meeting.

Minutes that came late are late, not lacking: nothing is missing now."""
        )
    return start, end


def missing(view: frame.View) -> None:
    """Once: what the extracts can't show for any meeting."""
    table = quality.unassessable(view.results)
    if table:
        with st.container(border=True):
            st.markdown(f":material/help: **{look.count(len(table), 'check')} can’t be made**: what they need was not loaded.")
            for code, needs in table.items():
                st.text(f"{quality.CHECKS[code].title}: the extracts do not have {needs}.")


# -- check by check


def checks(view: frame.View, start: date, end: date) -> None:
    table = quality.counts(view.results, start, end, view.teams)
    code = state.param("check", list(table["check"]))
    shown = table.assign(
        rate=[rate_words(*row) for row in table[["rate", "counted", "needs"]].itertuples(index=False, name=None)],
        level=[[look.LEVEL[level].label] if level in look.LEVEL else [] for level in table["level"]],
    )
    for part in PARTS:
        shown[part] = ["?" if isinstance(needs, str) else f"{n:,}" if n else "" for n, needs in zip(table[part], table["needs"], strict=True)]
    state.remember("rows-checks", list(table["check"]))
    picked = st.dataframe(
        shown, hide_index=True, key="checks", on_select="rerun", selection_mode="single-cell", placeholder="", height=show.height(shown), alt="Checks on the records of Care Planning Meetings, with their counts",
        column_order=["title", "level", "rate", *PARTS, "of"],
        column_config={
            "title": st.column_config.ButtonColumn("Check", type="tertiary", alignment="left", pinned=True, width=268, key="pick-check", on_click=pick_check, args=("rows-checks", "pick-check"), help="Click a check to see it by team."),
            "level": show.level_column(),
            "rate": st.column_config.TextColumn("In order, %", width=85, alignment="right"),
            **{part: st.column_config.TextColumn(label, width=95, alignment="right", help=MEANS[part]) for part, label in PARTS.items()},
            "of": st.column_config.TextColumn("Counted are", width=90),
        },
    )  # fmt: skip
    st.caption("Click a number to open its rows, or a check to see it by team.")
    downloads.offer_list(for_file(table), f"meeting-quality-{view.as_at.isoformat()}", about(view, start, end), title="Meeting quality")
    cells = picked.selection.cells
    if cells and cells[0][0] < len(table):
        at, column = cells[0]
        rows_of(view, table["check"].iloc[at], column if column in PARTS else None, view.teams, start, end)
    elif code:
        one_check(view, code, start, end)


def rate_words(rate: float | None, counted: int, needs: str | None = None) -> str:
    if isinstance(needs, str):
        return "not loaded"
    return teams.percent(rate) or ("too few" if counted else "")


def for_file(table: pd.DataFrame) -> pd.DataFrame:
    return table.rename(columns={**PARTS, "check": "Check code", "title": "Check", "of": "Counted are", "counted": "In order, late and lacking", "rate": "In order, %", "needs": "Not in the extracts"})


def about(view: frame.View, start: date, end: date) -> dict[str, str]:
    return view.about | {"Meetings held": f"{look.day(start)} to {look.day(end)}"}


def pick_check(rows: str, key: str) -> None:
    row = state.clicked_row(key)
    if row is not None:
        state.set_params(check=state.recall(rows)[row], view=None)


def one_check(view: frame.View, code: str, start: date, end: date) -> None:
    """One check by team; a click on a number opens its rows."""
    check = quality.CHECKS[code]
    table = quality.by_team(view.results, start, end, view.teams, code)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.header(f"{check.title}, by team", anchor=False, width="content")
        if code in quality.RULES:
            show.definition(code)
    if not len(table):
        show.empty("Nothing to count", f"Nothing of this check was due for {show.plain(view.teams_text)} in that time.", ":material/info:")
        return
    shown = table.assign(rate=[rate_words(rate, counted) for rate, counted in zip(table["rate"], table["counted"], strict=True)])
    picked = st.dataframe(
        shown, hide_index=True, placeholder="", key=f"check-{code}", on_select="rerun", selection_mode="single-cell", height=show.height(shown), alt=f"{check.title} by team", column_order=["team", "rate", *PARTS],
        column_config={
            "team": st.column_config.TextColumn("Team", width=200), "rate": st.column_config.TextColumn("In order, %", width=85, alignment="right"),
            **{part: show.number_column(label, width=100, help=MEANS[part]) for part, label in PARTS.items()},
        },
    )  # fmt: skip
    st.caption("Teams stand in name order and are not ranked. Click a number to open its rows.")
    downloads.offer_list(for_file(table), f"{code}-by-team-{view.as_at.isoformat()}", about(view, start, end), title=check.title)
    cells = picked.selection.cells
    if cells and cells[0][0] < len(table):
        at, column = cells[0]
        team = table["team"].iloc[at]
        rows_of(view, code, column if column in PARTS else None, None if team == teams.NO_TEAM else [team], start, end)
    else:
        rows_of(view, code, "lacking", view.teams, start, end)


def rows_of(view: frame.View, code: str, part: str | None, of_teams: list[str] | None, start: date, end: date) -> None:
    """The rows behind one number; the third of checks is counted in actions, the last in meetings."""
    check = quality.CHECKS[code]
    whose = teams.NO_TEAM if of_teams is None else ", ".join(of_teams) if of_teams and of_teams != view.teams else ""
    words = PARTS[part] if part else "all"
    if check.of == "actions":
        rows = quality.actions(view.results, code, part, start, end, of_teams)
        columns = ["meeting_date", "action", "responsible", "due_date", "completed_date", "team", "worker", "why"]
    elif code == quality.OUTCOME:
        rows = quality.outcomes(view.results, part, start, end, of_teams)
        columns = ["meeting_date", "kind", "state", "team", "worker", "why"]
    else:
        rows = quality.behind(view.results, code, part, start, end, of_teams)
        columns = ["status", "anchor_date", "due_date", "done_date", "days", "team", "worker", "why"]
    st.header(f"{check.title}: {words}{' · ' + show.plain(whose) if whose else ''} ({len(rows):,})", anchor=False)
    if not len(rows):
        show.empty("Nothing here", "No row stands behind this number.")
        return
    extra = {
        "meeting_date": show.date_column("Date"), "anchor_date": show.date_column("Held", "The day of the meeting."), "kind": st.column_config.TextColumn("Meeting", width=170), "state": show.state_column(),
        "action": st.column_config.TextColumn("Action", width=360), "responsible": st.column_config.TextColumn("Owner", width=130), "completed_date": show.date_column("Completed"),
    }  # fmt: skip
    shown = rows.assign(state=[[look.MEETING_STATE[s].label] for s in rows["state"]]) if "state" in rows else rows
    show.children_list(shown, columns, f"behind-{code}-{part}", height=show.height(rows, 420), alt=check.title, extra={name: made for name, made in extra.items() if name in columns})
    out = (rows.assign(state=[look.MEETING_STATE[s].word for s in rows["state"]]) if "state" in rows else rows).rename(columns=FILE)
    downloads.offer_list(out, f"{code}-{(part or 'all').replace('_', '-')}-{view.as_at.isoformat()}", about(view, start, end), title=check.title)


FILE = {
    "meeting_date": "Meeting date", "kind": "Meeting", "state": "Outcome", "chair": "Chair’s role", "lacks": "What it lacks", "untold": "Checks the extract can’t show", "action": "Action",
    "responsible": "Owner", "completed_date": "Completed date",
}  # fmt: skip


# -- checks by team


def by_team(view: frame.View, start: date, end: date) -> None:
    """Checks down, teams across. Columns go by number: a team may be called anything."""
    table = quality.by_team(view.results, start, end, view.teams)
    names = [name for name in sorted(set(table["team"]) - {teams.NO_TEAM})] + ([teams.NO_TEAM] if teams.NO_TEAM in set(table["team"]) else [])
    short = teams.short_names(names) if len(names) > ROOM else {name: name for name in names}
    cells_of = {(row.check, row.team): teams.cell(row.in_order, row.counted, row.cannot_tell, row.rate) for row in table.itertuples()}
    codes = [code for code in quality.on(view.results) if code in set(table["check"])]
    wide = pd.DataFrame({"title": [quality.CHECKS[code].title for code in codes]} | {f"t{at}": [cells_of.get((code, name), "") for code in codes] for at, name in enumerate(names)})
    state.remember("rows-check-matrix", codes)
    picked = st.dataframe(
        wide, hide_index=True, key="check-matrix", on_select="rerun", selection_mode="single-cell", placeholder="", height=show.height(wide), alt="Checks by team: percent in order, and how many were counted",
        column_config={"title": st.column_config.ButtonColumn("Check", type="tertiary", alignment="left", pinned=True, width=275, key="pick-check-matrix", on_click=pick_check, args=("rows-check-matrix", "pick-check-matrix"), help="Click a check to see its counts by team.")}
        | {f"t{at}": st.column_config.TextColumn(short[name], alignment="right", width=max(85, 10 + 8 * max(map(len, [*wide[f"t{at}"], short[name]]))), help=show.plain(name)) for at, name in enumerate(names)},
    )  # fmt: skip
    st.caption("“82% of 50”: 50 counted, 82% of them in order. “3 of 7”: too few counted for a percentage. “? 4”: 4 more can’t be told. Blank: nothing to count. Click a cell to open its rows.")
    if len(names) > ROOM:
        st.caption("Teams: " + " · ".join(f"**{show.plain(name)}** {show.plain(team)}" for team, name in short.items() if name != team))
    downloads.offer_list(for_file(table), f"meeting-quality-by-team-{view.as_at.isoformat()}", about(view, start, end), title="Meeting quality by team")
    cells = picked.selection.cells
    if cells and cells[0][0] < len(codes) and cells[0][1] != "title":
        team = names[int(cells[0][1][1:])]
        rows_of(view, codes[cells[0][0]], None, None if team == teams.NO_TEAM else [team], start, end)


# -- meeting by meeting


def meeting_list(view: frame.View, found: pd.DataFrame, start: date, end: date) -> None:
    things = quality.items(found)
    of = quality.summary(found)
    labels = {
        ANYTHING: f"Something lacking ({of.lack + of.no_outcome:,})",
        **{code: f"{words[:1].upper()}{words[1:]}{' · final plan CPM' if code.startswith('final-plan') else ''} ({n:,})" for code, (words, n) in things.items()},
        WHOLE: f"Nothing lacking ({of.whole + of.untold:,})", EVERY: f"Every meeting ({len(found):,})",
    }  # fmt: skip
    chosen = state.param("lack", list(labels), ANYTHING)
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    key = f"lack-{chosen}"
    right.selectbox("Show", list(labels), index=list(labels).index(chosen), format_func=labels.get, key=key, on_change=change_lack, args=(key,), label_visibility="collapsed")
    wanted = {ANYTHING: lambda i: len(i) > 0, WHOLE: lambda i: not i, EVERY: lambda i: True}.get(chosen, lambda i: chosen in i)
    rows = found[found["items"].map(wanted).astype(bool)].reset_index(drop=True)
    left.header(f"Meetings ({len(rows):,})", anchor=False, help="One row per meeting and child, the latest first, with the team that held the case that day.")
    if not len(rows):
        show.empty("No such meeting", "No meeting of these teams and that time lacks this.")
        return
    words = sorted({word for lacks in found["lacks"] for word in lacks})
    show.children_list(
        rows.drop(columns="items").assign(state=[[look.MEETING_STATE[s].label] for s in rows["state"]]), ["meeting_date", "lacks", "kind", "state", "chair", "team", "worker", "why"], f"meetings-{chosen}",
        height=show.height(rows, 520), alt="Care Planning Meetings and what each lacks",
        extra={
            "meeting_date": show.date_column("Date"), "lacks": st.column_config.MultiselectColumn("Lacks", options=words, color="gray", width=380), "kind": st.column_config.TextColumn("Meeting", width=165),
            "state": show.state_column(), "chair": st.column_config.TextColumn("Chair’s role", width=125), "team": show.team_column(help="The team that held the case on the day of the meeting."),
        },
    )  # fmt: skip
    st.caption("Tick a row to read what it lacks in full, and to open the child.")
    out = rows.drop(columns="items").assign(state=[look.MEETING_STATE[s].word for s in rows["state"]]).rename(columns=FILE)
    downloads.offer_list(out, f"meetings-{chosen}-{view.as_at.isoformat()}", about(view, start, end) | {"Shown": labels[chosen]}, title="Meetings and what they lack")


def change_lack(key: str) -> None:
    state.set_params(lack=state.widget(key))


page()
