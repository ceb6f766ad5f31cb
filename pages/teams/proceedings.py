"""Proceedings: the week each child's proceedings are in, what must be ready next, what is missing, and how long they took."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from cpm_metrics.charts import proceedings as figures
from cpm_metrics.views import look
from cpm_metrics.views import proceedings as court
from pages._shared import downloads, frame, show, state

VIEWS = {"children": "Children", "teams": "By team", "lengths": "How long they took"}
MOST_BARS = 60  # more would be a chart of many screens, and a browser takes long to draw it
PROGRESS = ["week", "grade_word", "issued", "plan_due", "filing", "cpm", "la", "experts", "chair", "considerations", "attendance", "missing", "order_sought", "team", "worker", "why"]
READY = ["plan_due", "filing", "cpm", "missing", "week", "la", "experts", "chair", "considerations", "attendance", "team", "worker", "why"]
HEADERS = {
    "in_care": "In care now", "care_started": "Period of care from", "issued": "Issued", "concluded": "Concluded", "week": "Week", "grade_word": "Where it stands", "week26": "Limit ends on",
    "plan_due": "Filing date", "plan_filed": "Filed", "filing": "Filing", "cpm": "Final plan CPM", "cpm_due": "Hold it by", "cpm_done": "Held", "booked": "Booked for", "la": "LA assessment",
    "experts": "Expert assessments", "chair": "Chair", "considerations": "Considerations", "attendance": "Attendance", "missing": "Still missing", "order_sought": "Order sought",
    "cpm_status": "Final plan CPM: status", "weeks_status": "26 weeks: status", "counted": "Counted by the rules", "kind": "Concluded or open", "band": "Weeks",
}  # fmt: skip


def page() -> None:
    view = frame.view("Proceedings")
    frame.title("Proceedings", view)
    without = court.inferred(view.results, view.teams)
    if not court.loaded(view.results):
        show.empty("Proceedings are not in the extracts", "Load a spreadsheet of proceedings (child, issued, concluded, final care plan due and filed), and this page shows each child’s week, filing date and what is still missing.", ":material/help:")
        st.page_link("pages/data/load.py", label="Go to Load", icon=":material/upload_file:")
        if len(without):
            inferred(view, without)
        return
    everything = court.of_teams(view.results.once(court.all_proceedings), view.teams)
    with st.container(horizontal=True, gap="medium", vertical_alignment="center"):
        kind = show.parts(VIEWS, forgets=("show",))
        how_counted(view)
    if kind == "teams":
        teams(view, everything)
    elif kind == "lengths":
        lengths(view, everything)
    else:
        children(view, everything, without)


def choose(which: str) -> None:
    state.set_params(show=which)


def weeks(view: frame.View) -> tuple[int, int]:
    return view.results.settings["proceedings-long.amber"], view.results.settings["proceedings-long.red"]


def how_counted(view: frame.View) -> None:
    settings = view.results.settings
    amber, red = weeks(view)
    with st.popover("How is this counted?", icon=":material/info:"):
        st.markdown(
            f"""
**Week**: the day of issue is the first day of week 1. Beyond week {amber} is marked ● (ours), beyond week {red} ▲ (Children Act 1989, section 32;
limit: {settings["proceedings-26-weeks.limit"].text} after the day of issue).

**Final plan CPM**: to be held {settings["final-plan-cpm.limit"].text} before the final care plan is due at court; the guidance says “usually two weeks”.
Its status, the chair, the considerations and the attendance are those of the rules, at the last one held between issue and filing.

**Getting ready**: the final plan CPM or the filing falls within {settings["general.due_soon"].text} of the as-at date, that day included, or its date has passed and it isn’t done.

A blank date of an assessment means that it isn’t completed. A blank filing date is no date: nothing is worked out from it.

One row is one child’s set of proceedings, with **the team that holds the child now**, or held it when care ended. The rules count proceedings issued
within a period of care; others are listed, and said not to be counted. Children with short breaks only are left out."""
        )
        for code in ("final-plan-cpm", "proceedings-26-weeks"):
            show.definition(code, "Rule book: final plan CPM" if code == "final-plan-cpm" else "Rule book: 26 weeks")


# -- children


def children(view: frame.View, everything: pd.DataFrame, without: pd.DataFrame) -> None:
    amber, red = weeks(view)
    counts, having = court.counts(everything), court.children(everything)
    tiles = {
        "open": ("Open proceedings", "Issued by the as-at date and not concluded by then."),
        "red": (f"Beyond week {red}", "Open, and past the limit of the law."),
        "amber": (f"In weeks {amber + 1} to {red}", "Open, and near the limit."),
        "ready": ("Getting ready", f"The final plan CPM or the filing falls within {view.results.settings['general.due_soon'].text}, or its date has passed and it isn’t done."),
        "cpm_overdue": ("Final CPM overdue", "The final plan CPM is not held, and its day before the filing date has passed."),
        "no_date": ("No filing date", "Open, and the date by which the final care plan must be filed is blank."),
    }  # fmt: skip
    more = {
        "first": (f"up to week {amber}", None),
        "not_counted": ("not counted by the rules", "Open, but issued outside the child’s periods of care. They are in the counts above; no rule has a status for them."),
        "unknown": ("cannot tell if open", "The extract they came from doesn’t have the concluded date. They stand among those to get ready, where their dates say so, and in none of the other counts."),
        "inferred": ("inferred", "Children in care on an interim care order (C1) with no proceedings in the extracts: the rules take them to be in proceedings. They are in none of the other counts."),
    }  # fmt: skip
    which = state.param("show", [*tiles, *more], "open")
    with st.grid(len(tiles), min_column_width=140, gap="small"):
        for name, (title, help_) in tiles.items():
            # Where nothing is known to be open but some can't be told, nought would be a guess.
            show.tile(f"court-{name}", counts[name] if counts[name] or not counts["unknown"] else None, title, look.count(having[name], "child", "children"), chosen=which == name, help=help_, action=choose, args=(name,))
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        st.caption("Also counted:", width="content")
        for name, (words, help_) in more.items():
            show.link_count(f"court-{name}", len(without) if name == "inferred" else counts[name], words, chosen=which == name, action=choose, args=(name,), help=help_)
    if counts["unknown"]:
        st.info(f"{look.count(counts['unknown'], 'set', 'sets')} of proceedings can’t be placed among the open ones: the extract they came from has no “Proceedings concluded date”. See “cannot tell if open”.", icon=":material/help:")
    if which == "inferred":
        inferred(view, without)
        return
    rows = court.select(everything, which)
    title, help_ = (tiles | {name: (words[:1].upper() + words[1:], text) for name, (words, text) in more.items()})[which]
    if which == "ready":
        title = f"Getting ready by {look.day(court.horizon(view.results))}"
    elif which == "cpm_overdue":
        title = "Final plan CPM overdue"
    listed(view, rows, title, which, READY if which == "ready" else PROGRESS, help_)
    if which == "ready" and counts["no_date"]:
        st.caption(f"{look.count(counts['no_date'], 'more set', 'more sets')} of open proceedings {'has' if counts['no_date'] == 1 else 'have'} no filing date recorded: whether {'it' if counts['no_date'] == 1 else 'they'} should stand here can’t be told.")
    untold = int((rows["state"] == court.UNKNOWN).sum())
    rows = rows[rows["state"] == court.OPEN].reset_index(drop=True)
    if len(rows):
        st.header("Week by week", anchor=False)
        rows, whole = rows.head(MOST_BARS), len(rows)
        if whole > len(rows):
            st.caption(f"The first {len(rows)} of {whole:,}, in the order of the list above. Choose teams beside the page to see others.")
        st.plotly_chart(figures.weeks(rows, view.as_at, amber, red, show.dark()), theme=None, key=f"court-weeks-{which}", config={"displayModeBar": False}, alt=figures.weeks_words(rows, view.as_at, amber, red))
        st.caption("A bar ends at the as-at date. It shows how long proceedings have run, not why: a longer bar isn’t worse work. Who has no diamond has no filing date, or the extracts don’t have it." + (f" {untold:,} of the list can’t be drawn: whether they are open can’t be told." if untold else ""))


def listed(view: frame.View, rows: pd.DataFrame, title: str, key: str, columns: list[str], help_: str | None) -> None:
    st.header(f"{show.plain(title)} ({len(rows):,})", anchor=False, help=help_)
    if not len(rows):
        show.empty("Nothing here", f"None for {show.plain(view.teams_text)} as at {look.day(view.as_at)}.")
        return
    shown = rows.assign(grade_word=grade_words(view, rows))
    text = {name: width for name, width in (("grade_word", 125), ("filing", 175), ("cpm", 250), ("la", 120), ("experts", 170), ("chair", 215), ("considerations", 200), ("attendance", 180), ("missing", 380), ("order_sought", 170), ("kind", 130), ("band", 120))}
    extra = {name: st.column_config.TextColumn(HEADERS[name], width=width) for name, width in text.items()} | {
        "week": show.number_column("Week", width=60, help="The day of issue is the first day of week 1."),
        **{name: show.date_column(HEADERS[name]) for name in ("issued", "concluded", "plan_due")},
        "team": show.team_column(help="The team that holds the child now, or held it when care ended."),
    }  # fmt: skip
    show.children_list(shown, columns, f"court-{key}", extra={name: extra[name] for name in columns if name in extra}, height=show.height(rows, 36 + 33 * 12), alt=title)
    out = shown[["child_id", "name", *dict.fromkeys([*(c for c in columns if c != "why"), "in_care", "care_started", "counted", "concluded", "plan_filed", "cpm_due", "cpm_done", "booked", "cpm_status", "weeks_status", "week26", "why"])]].copy()
    for name in ("cpm_status", "weeks_status"):
        out[name] = [look.STATUS[status].word if status in look.STATUS else "Not counted" for status in out[name]]
    downloads.offer_list(out, f"proceedings-{key.replace('_', '-')}-{view.as_at.isoformat()}", view.about, title=title, headers=HEADERS)


def grade_words(view: frame.View, rows: pd.DataFrame) -> list[str]:
    amber, red = weeks(view)
    words = {"": f"{court.GRADE[''].mark} up to week {amber}", "amber": f"{court.GRADE['amber'].mark} weeks {amber + 1} to {red}", "red": f"{court.GRADE['red'].mark} beyond week {red}"}
    return [words[grade] if kind == court.OPEN else "concluded" if kind == court.CONCLUDED else "? open or not: cannot tell" for grade, kind in zip(rows["grade"], rows["state"], strict=True)]


def inferred(view: frame.View, rows: pd.DataFrame) -> None:
    st.header(f"In proceedings, inferred from the legal status ({len(rows):,})", anchor=False)
    st.caption("On an interim care order (C1), with no proceedings in the extracts. The rules take these children to be in care proceedings. No week, filing date or final plan can be told.")
    if not len(rows):
        show.empty("Nothing here", f"Every child of {show.plain(view.teams_text)} with an interim care order has proceedings in the extracts, or the extracts have no legal status.")
        return
    show.children_list(rows, ["since", "team", "worker", "iro", "why"], "court-inferred", height=show.height(rows, 420), alt="In proceedings, inferred")
    downloads.offer_list(rows, f"proceedings-inferred-{view.as_at.isoformat()}", view.about, title="In proceedings, inferred")


# -- by team


def teams(view: frame.View, everything: pd.DataFrame) -> None:
    """Counts by the team that holds the child now; each opens its rows."""
    amber, red = weeks(view)
    table = court.by_team(everything)
    if not len(table):
        show.empty("No open proceedings", f"None for {show.plain(view.teams_text)} as at {look.day(view.as_at)}.")
        return
    titles = {
        "open": "Open", "first": f"Up to week {amber}", "amber": f"● Weeks {amber + 1} to {red}", "red": f"▲ Beyond week {red}", "ready": "Getting ready", "cpm_overdue": "Final plan CPM overdue",
        "no_date": "No filing date", "not_counted": "Not counted", "unknown": "? Cannot tell",
    }  # fmt: skip
    whole = {"team": "All teams"} | {name: int(table[name].sum()) for name in table.columns if name != "team"}
    shown = pd.concat([pd.DataFrame([whole]), table], ignore_index=True) if len(table) > 1 else table
    picked = st.dataframe(
        shown, hide_index=True, placeholder="", key="court-teams", on_select="rerun", selection_mode="single-cell", column_order=["team", "children", *titles], height=show.height(shown, 640), alt="Open proceedings by team",
        column_config={"team": st.column_config.TextColumn("Team", width=190), "children": show.number_column("Children", width=80)}
        | {name: show.number_column(title, width=165 if len(title) > 18 else 115 if len(title) > 11 else 85) for name, title in titles.items()},
    )  # fmt: skip
    st.caption("Sets of proceedings by the team that holds the child now. Each number opens its rows. Teams stand in name order: they hold different children, and are not ranked.")
    downloads.offer_list(table.rename(columns={"team": "Team", "children": "Children"} | titles), f"proceedings-by-team-{view.as_at.isoformat()}", view.about, title="Proceedings by team")
    cells = picked.selection.cells
    if cells and cells[0][0] < len(shown):
        team, column = shown["team"].iloc[cells[0][0]], cells[0][1]
        which = column if column in titles else "open"
        rows = court.select(everything, which)
        if cells[0][0] or len(table) == 1:
            rows = rows[rows["team"].fillna(court.NO_TEAM) == team].reset_index(drop=True)
        listed(view, rows, f"{team}: {titles[which].lstrip('●▲? ').lower()}", f"team-{which}", READY if which == "ready" else PROGRESS, None)


# -- how long they took


def lengths(view: frame.View, everything: pd.DataFrame) -> None:
    """Those concluded in a year beside those still open at its end: counts, never an average of the finished alone."""
    first = everything["concluded"].min()
    spans = court.spans(view.as_at, None if pd.isna(first) else first.date())
    code = state.param("year", [span.code for span in spans], spans[0].code)
    span = next(span for span in spans if span.code == code)
    st.selectbox("Year", [span.code for span in spans], index=[span.code for span in spans].index(code), format_func={span.code: span.words for span in spans}.get, key=f"year-{code}", on_change=choose_year, args=(f"year-{code}", spans[0].code), width=300)
    rows = court.lengths(view.results, everything, span)
    table = court.length_table(view.results, rows)
    ended, still = (rows["kind"] == "concluded").sum(), (rows["kind"] == "open").sum()
    in_time, late, uncounted = court.in_limit(rows)
    st.markdown(f"**{look.count(ended, 'set', 'sets')}** of proceedings concluded from {look.day(span.start)} to {look.day(span.until)}; **{still:,}** {'was' if still == 1 else 'were'} open on {look.day(span.until)}.")
    st.caption(
        f"Of those concluded, {in_time:,} within the limit of the law ({view.results.settings['proceedings-26-weeks.limit'].text} after issue) and {late:,} after it"
        + (f"; {uncounted:,} not counted by the rule, because they were issued outside a period of care or the rule is switched off" if uncounted else "") + "."
        + (f" {court.counts(everything)['unknown']:,} more can’t be told, because their extract has no concluded date." if court.counts(everything)["unknown"] else "")
    )  # fmt: skip
    if not len(rows):
        show.empty("Nothing here", f"None concluded and none was open in this time for {show.plain(view.teams_text)}.")
        return
    st.plotly_chart(figures.lengths(table, span.until, show.dark()), theme=None, key=f"court-lengths-{code}", config={"displayModeBar": False}, alt=figures.lengths_words(table, span.until))
    st.caption("Concluded: by the week in which they ended. Still open: by the week they had reached, so each will move to the right or conclude. There is no average: of those still open nobody knows yet how long they will take.")
    picked = st.dataframe(
        table, hide_index=True, placeholder="", key=f"court-bands-{code}", on_select="rerun", selection_mode="single-cell", height=show.height(table), alt=figures.lengths_words(table, span.until), width="content",
        column_config={"band": st.column_config.TextColumn("Weeks", width=150), "concluded": show.number_column("Concluded", width=110), "open": show.number_column("Still open", width=110)},
    )  # fmt: skip
    st.caption("Each number opens its rows.")
    cells = picked.selection.cells
    title = span.words
    if cells and cells[0][0] < len(table):
        band, column = table["band"].iloc[cells[0][0]], cells[0][1]
        rows = rows[(rows["band"] == band) & ((rows["kind"] == column) if column in ("concluded", "open") else True)].reset_index(drop=True)
        title = f"{band}" + (f": {'concluded' if column == 'concluded' else 'still open'}" if column in ("concluded", "open") else "")
    rows = rows.assign(kind=rows["kind"].map({"concluded": "Concluded", "open": "Still open"}))
    listed(view, rows, title, f"lengths-{code}", ["kind", "week", "issued", "concluded", "order_sought", "team", "worker", "why"], None)


def choose_year(key: str, usual: str) -> None:
    chosen = state.widget(key)
    state.set_params(year=None if chosen == usual else chosen)


page()
