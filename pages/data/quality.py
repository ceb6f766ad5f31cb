"""Data quality: how much can be told, what to enter so that the rest can, and how late records come."""


import pandas as pd
import streamlit as st

from cpm_metrics.extracts.datasets import DATASETS
from cpm_metrics.rules import all_rules, rule
from cpm_metrics.views import lists, look, quality
from pages._shared import data, downloads, frame, over_time, show, state

SHOWS = ("fixes", "rules", "missing", "problems", "lag", "loads")
MOST_LOADS = 13  # a year of monthly loads, or a quarter of weekly ones
MOST_ROWS = 1000  # of problems on the screen; the download has all
EVERYONE, IN_CARE = "Everyone", "In care now"
YEAR, EVER = "Last 12 months", "Any time"
LATE_AFTER = 14  # days, or the time between two extracts where that is longer


def page() -> None:
    view = frame.view("Data quality")
    frame.title("Data quality", view)
    shares = quality.by_rule(quality.of_teams(quality.assessable(view.results), view.teams), rules_on(view))
    everyone = over_time.untold(view.results, ())
    rows = quality.counted_for(everyone, view.teams)
    enter = quality.of_teams(everyone, view.teams)  # of the children whom the teams hold now: it is they who can enter it
    usual = quality.fix_list(enter, in_care=True, since=look.year_to(view.as_at))
    groups = quality.missing_groups(rows)
    snapshot = data.store().snapshot(view.info.load_id)
    found = quality.problems(snapshot)
    loads = quality.in_order(data.store().history())[-MOST_LOADS:]
    which = state.param("show", SHOWS, "fixes")

    told, everything = int(shares["told"].sum()), int(shares["all"].sum())
    st.markdown(
        f"**{quality.share(told, everything)}** obligations can be told" + (f" ({spelled(quality.percent(told, everything))})." if everything else ".")
        + " What can’t be told is never counted as done and never as overdue."
    )
    wanted = groups[groups["where"] == quality.EXTRACT]
    tiles = {
        "fixes": (len(usual), "Things to enter", f"{look.count(usual['child_id'].nunique(), 'child', 'children')} in care now", "What people can enter in the case system, one row per child and thing: for children in care now, the last 12 months. The list can be widened. Of the children whom the chosen teams hold now."),
        "missing": (len(wanted), "Missing columns", f"{int(wanted['obligations'].sum()):,} rows held up", "Columns and datasets that the extract doesn’t have. Nobody needs to enter anything: the report needs them."),
        "rules": (int((shares["cannot_tell"] > 0).sum()), "Rules part untold", f"of {look.count(len(shares), 'rule')}", "Rules with at least one obligation that can’t be told."),
        "problems": (len(found), "Load problems", problem_words(view.info.problem_counts), "What was wrong with the files of the current load. They belong to a file, so the choice of teams doesn’t change them."),
        "lag": lag_tile(loads, view),
        "loads": (len(loads), "Loads over time", "shares and problems", "How the share that can be told, and the problems, have gone from load to load."),
    }  # fmt: skip
    for column, (name, (number, title, note, help_)) in zip(st.columns(len(tiles), gap="small"), tiles.items(), strict=True):
        with column:
            show.tile(f"quality-{name}", number, title, note, chosen=which == name, help=help_, action=choose, args=(name,))
    {
        "fixes": lambda: fix_list(view, enter), "missing": lambda: missing(view, rows, groups), "rules": lambda: rules(view, shares, rows),
        "problems": lambda: problems(view, found), "lag": lambda: lag(view, loads), "loads": lambda: over_loads(view, loads),
    }[which]()  # fmt: skip


def rules_on(view: frame.View) -> list[str]:
    return [r.code for r in all_rules() if view.results.settings[f"{r.code}.on"]]


def choose(which: str) -> None:
    state.set_params(show=which, rule=None)


def spelled(percent: float | None) -> str:
    return "" if percent is None or pd.isna(percent) else f"{percent:g}%"


def problem_words(counts: dict[str, int]) -> str:
    return f"{look.count(counts.get('error', 0), 'row')} left out" if counts.get("error") else "no row left out"


# -- what to enter


def fix_list(view: frame.View, rows: pd.DataFrame) -> None:
    place = st.container()
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        whom = st.segmented_control("Whom", [IN_CARE, EVERYONE], default=IN_CARE, key="fix-whom", required=True, label_visibility="collapsed", help="Records of children who have left care can be put right too, but help nobody’s plan now.")
        when = st.segmented_control("Of meetings", [YEAR, EVER], default=YEAR, key="fix-when", required=True, label_visibility="collapsed", help="Records of meetings held in that time. What is about the child’s case always stands here.")
        mine = quality.fix_list(rows, in_care=True if whom == IN_CARE else None, since=look.year_to(view.as_at) if when == YEAR else None)
        kinds = mine["needs"].value_counts()
        if len(kinds) > 1:
            kind = st.selectbox("What", sorted(kinds.index), index=None, key="fix-kind", placeholder=f"All {len(kinds)} kinds of thing", format_func=lambda k: f"{k} ({kinds.get(k, 0):,})", label_visibility="collapsed", width=300)
            mine = mine[mine["needs"] == kind].reset_index(drop=True) if kind in kinds.index else mine
    place.header(f"Things to enter ({len(mine):,})", anchor=False, help="Sorted by the team and worker who hold the child now, or held it when care ended: they can enter it.")
    if not len(mine):
        show.empty("Nothing to enter", f"Nothing that a record of these children lacks keeps a rule from being told, for {show.plain(view.teams_text)}. What the extract itself lacks stands under “Missing from the extract”.")
        return
    show.children_list(
        mine.assign(why=mine["fix"]), ["fix", "team", "worker", "unlocks"], f"fixes-{whom}-{when}", height=over_time.tall(len(mine), 420), alt="Things to enter, by team and worker",
        extra={
            "fix": st.column_config.TextColumn("What to enter", width=430), "team": show.team_column(help="The team that holds the child now, or held it when care ended."),
            "unlocks": st.column_config.TextColumn("So that it can be told", width=250),
        },
    )  # fmt: skip
    out = mine.rename(columns={"needs": "What is missing", "fix": "What to enter", "unlocks": "So that it can be told", "obligations": "Obligations held up"})
    downloads.offer_list(out[["team", "worker", "name", "child_id", "What to enter", "What is missing", "So that it can be told", "Obligations held up", "in_care"]],
                   f"to-enter-{view.as_at.isoformat()}", view.about | {"Children": whom, "Records of meetings": when}, title="To enter")  # fmt: skip
    st.caption(
        "Tick a row to read it in full. To hand it out: choose a team at the side, or filter the Excel sheet by its Team column. Both go by the team that holds the child now "
        "(or held it when care ended), because that team can enter it; everything else on this page goes by who held the case when the obligation fell due."
    )


# -- what is missing


def missing(view: frame.View, rows: pd.DataFrame, groups: pd.DataFrame) -> None:
    st.header(f"What keeps {look.count(len(rows), 'obligation')} from being told", anchor=False)
    without = quality.indicators_without(view.results)
    if not len(groups):
        show.empty("Everything can be told", f"Every obligation of {show.plain(view.teams_text)} can be told as at {look.day(view.as_at)}.")
    else:
        shown = groups.assign(where=groups["where"].map(quality.WHERE), fix=groups["fix"].fillna("Enter it in each record: see “Things to enter”."))
        picked = st.dataframe(
            shown, hide_index=True, key="missing", on_select="rerun", selection_mode="single-row", height=over_time.tall(len(shown), 380), alt="What is missing, with how much it holds up", placeholder="",
            column_order=["needs", "where", "obligations", "children", "fix", "rules"],
            column_config={
                "needs": st.column_config.TextColumn("What is missing", width=260), "where": st.column_config.TextColumn("Where", width=160),
                "obligations": show.number_column("Obligations", width=90), "children": show.number_column("Children", width=75),
                "fix": st.column_config.TextColumn("What to do", width=330), "rules": st.column_config.TextColumn("Rules", width=300),
            },
        )  # fmt: skip
        st.caption("Tick a row to open its obligations.")
        downloads.offer_list(shown.rename(columns={"needs": "What is missing", "where": "Where", "rules": "Rules", "obligations": "Obligations", "children": "Children", "fixes": "Things to enter", "fix": "What to do"}),
                       f"missing-{view.as_at.isoformat()}", view.about, title="Missing")  # fmt: skip
        if picked.selection.rows and picked.selection.rows[0] < len(groups):
            group = groups.iloc[picked.selection.rows[0]]
            behind(view, rows[(rows["where"] == group["where"]) & (rows["needs"] == group["needs"])], str(group["needs"]), "missing")
    st.header(f"Signs of drift that can’t be looked for ({len(without)})", anchor=False)
    if not len(without):
        st.caption("None: the extract has what every one of them needs.")
        return
    st.dataframe(
        without, hide_index=True, placeholder="", key="without", alt="Signs of drift that can’t be assessed", column_order=["title", "needs", "fix"],
        column_config={"title": st.column_config.TextColumn("Sign of drift", width=250), "needs": st.column_config.TextColumn("It needs", width=350), "fix": st.column_config.TextColumn("What to do", width=400)},
    )  # fmt: skip


def behind(view: frame.View, rows: pd.DataFrame, title: str, key: str, results=None) -> None:
    """The obligations behind a number (of an earlier load, where its results are given)."""
    obligations = lists.obligations(results or view.results, ids=[int(i) for i in rows["obligation_id"]])
    st.markdown(f"**{show.plain(title)}: {look.count(len(obligations), 'obligation')}**")
    show.children_list(obligations, ["title", "anchor_date", "missing", "team", "worker", "why"], f"behind-{key}", height=over_time.tall(len(obligations), 360), alt=title,
                       extra={"missing": st.column_config.TextColumn("Not in the extracts", width=200)})  # fmt: skip
    downloads.offer_list(obligations, f"cannot-tell-{key}-{view.as_at.isoformat()}", view.about, title="Cannot tell")


# -- rule by rule


def rules(view: frame.View, shares: pd.DataFrame, rows: pd.DataFrame) -> None:
    st.header("How much of each rule can be told", anchor=False)
    main = {code: group["needs"].value_counts().index[0] for code, group in rows.groupby("rule")}
    shown = shares.assign(
        level=[[look.LEVEL[rule(code).level].label] for code in shares["rule"]], main=[main.get(code, "") for code in shares["rule"]],
    )  # fmt: skip
    picked = st.dataframe(
        shown, hide_index=True, key="shares", on_select="rerun", selection_mode="single-row", height=over_time.tall(len(shown), 460), alt="Rules with the share that can be told", placeholder="",
        column_order=["title", "level", "share", "percent", "cannot_tell", "main"],
        column_config={
            "title": st.column_config.TextColumn("Rule", width=290), "level": show.level_column(), "share": st.column_config.TextColumn("Can be told", width=140),
            "percent": st.column_config.ProgressColumn("Share", min_value=0, max_value=100, format="%.1f%%", width=130, color="blue"),
            "cannot_tell": show.number_column(look.STATUS["cannot_tell"].label, width=110), "main": st.column_config.TextColumn("Mostly for want of", width=300),
        },
    )  # fmt: skip
    st.caption("All obligations of a rule, those that lapsed or aren’t due yet included. Tick a rule to open those that can’t be told.")
    downloads.offer_list(shares.drop(columns="share").rename(columns={"told": "Can be told", "all": "All", "cannot_tell": "Cannot tell", "percent": "Share, %"}), f"can-be-told-{view.as_at.isoformat()}", view.about, title="Can be told")
    if picked.selection.rows and picked.selection.rows[0] < len(shares):
        chosen = shares.iloc[picked.selection.rows[0]]
        mine = rows[rows["rule"] == chosen["rule"]]
        if len(mine):
            behind(view, mine, chosen["title"], chosen["rule"])
        else:
            show.empty("Nothing untold", f"{chosen['title']}: {chosen['share']}.")


# -- problems of the load


def problems(view: frame.View, found: pd.DataFrame) -> None:
    st.header(f"Problems in the load of {look.day(view.info.extract_date)} ({len(found):,})", anchor=False)
    if not len(found):
        show.empty("No problems", "Every row and every cell of the files could be read.")
        return
    groups = quality.problem_groups(found)
    titles = {name: d.title for name, d in DATASETS.items()}
    shown = groups.assign(severity=[look.SEVERITY[s].label for s in groups["severity"]], dataset=groups["dataset"].map(titles))
    picked = st.dataframe(
        shown, hide_index=True, key="problem-groups", on_select="rerun", selection_mode="single-row", height=over_time.tall(len(shown), 380), alt="Problems by kind", placeholder="",
        column_order=["problems", "message", "remedy", "severity", "dataset", "header"],
        column_config={
            "problems": show.number_column("Problems", width=80), "message": st.column_config.TextColumn("What is wrong", width=330), "severity": st.column_config.TextColumn("What happened", width=200),
            "dataset": st.column_config.TextColumn("Dataset", width=110), "header": st.column_config.TextColumn("Heading", width=150), "remedy": st.column_config.TextColumn("What to do", width=330),
        },
    )  # fmt: skip
    st.caption("One line per kind. Tick one to open its cells. Problems of datasets that carried on came with the load they are from.")
    mine = found
    if picked.selection.rows and picked.selection.rows[0] < len(groups):
        mine = quality.of_group(found, groups.iloc[picked.selection.rows[0]])
        st.dataframe(
            problem_frame(mine[:MOST_ROWS], titles), hide_index=True, key="problem-rows", alt="Problems", placeholder="", height=over_time.tall(len(mine), 380),
            column_order=["File", "Sheet", "Row", "Column", "Heading", "Value", "What is wrong", "What to do"],
        )  # fmt: skip
        if len(mine) > MOST_ROWS:
            st.caption(f"The first {MOST_ROWS:,} of {len(mine):,}; the download has all.")
    downloads.offer_list(problem_frame(mine, titles), f"problems-{view.info.extract_date.isoformat()}", {"Extract taken on": look.day(view.info.extract_date)}, title="Problems")


def problem_frame(found: pd.DataFrame, titles: dict[str, str]) -> pd.DataFrame:
    return pd.DataFrame({
        "What happened": [look.SEVERITY[s].word for s in found["severity"]], "Dataset": found["dataset"].map(titles), "File": found["file"], "Sheet": found["sheet"], "Row": found["row"],
        "Column": found["column"], "Heading": found["header"], "Value": found["value"], "What is wrong": found["message"], "What to do": found["remedy"],
    })  # fmt: skip


# -- how late records come


def lag_rows(loads: list, view: frame.View) -> pd.DataFrame | None:
    rows = over_time.lag(loads) if len(loads) > 1 else None
    return None if rows is None else quality.of_teams(rows, view.teams)


def late_after(loads: list) -> int:
    gap = quality.usual_gap(loads)
    return max(LATE_AFTER, gap.days if gap else 0)


def lag_tile(loads: list, view: frame.View) -> tuple[int | None, str, str, str]:
    after = late_after(loads)
    help_ = f"CPMs and reviews that first appeared in an extract more than {after} days after they were held. It takes two loads to see."
    rows = lag_rows(loads, view)
    if rows is None:
        return None, "Appeared late", "cannot tell: one load", help_
    return int((rows["lag"] > after).sum()), "Appeared late", f"of {look.count(len(rows), 'new meeting')}", help_


def lag(view: frame.View, loads: list) -> None:
    st.header("How late held meetings appear", anchor=False)
    rows = lag_rows(loads, view)
    if rows is None:
        show.empty("Cannot tell", "It takes two loads with different extract dates to see when a meeting appeared. There is one.", ":material/help:")
        return
    left, right = st.columns([3, 1], vertical_alignment="bottom")
    gap = quality.usual_gap(loads)
    after = int(right.number_input("Late is more than … days after", 0, 3650, late_after(loads), key="late-after", help="Meetings that first appear more than this many days after they were held are listed as back-dated."))
    newer = "the extract" if len(loads) == 2 else f"one of the {len(loads) - 1:,} extracts"
    left.markdown(
        f"CPMs and reviews held, first seen in {newer} since that of {look.day(loads[0].extract_date)}: the days from the meeting to the extract that first has it. "
        + (f"Extracts are usually {look.days(gap.days)} apart, so up to {look.days(gap.days)} is nothing unusual." if gap else "")
    )
    if not len(rows):
        show.empty("None new", f"No CPM or review of {show.plain(view.teams_text)} appeared since the extract of {look.day(loads[0].extract_date)}.")
        return
    table = quality.lag_by_team(rows, after)
    picked = st.dataframe(
        table.assign(middle=[f"{a:,g} to {b:,g}" for a, b in zip(table["from_days"], table["to_days"], strict=True)]), hide_index=True, key="lag", on_select="rerun", selection_mode="single-row",
        height=over_time.tall(len(table), 480), alt="Days from meeting to extract by team", placeholder="", column_order=["team", "meetings", "median", "middle", "most", "late"],
        column_config={
            "team": st.column_config.TextColumn("Team", width=200, help="The team that held the case on the day of the meeting, by the newest extract."), "meetings": show.number_column("Meetings", width=90),
            "median": show.number_column("Median days", width=110, help="Half of them appeared within this many days."), "middle": st.column_config.TextColumn("Middle half, days", width=140, alignment="right"),
            "most": show.number_column("Longest", width=90), "late": show.number_column(f"More than {after} days", width=150),
        },
    )  # fmt: skip
    st.caption("Teams stand in name order: they are not ranked. Tick one to see its meetings alone. The days include the wait for the next extract, so they are the most it can have been. Meetings older than any in the earlier extracts are left out: a report that reaches further back is no delay.")
    downloads.offer_list(table.rename(columns={"meetings": "Meetings", "median": "Median days", "from_days": "Middle half from", "to_days": "to", "most": "Longest", "late": f"More than {after} days"}), f"recording-lag-{view.info.extract_date.isoformat()}", view.about, title="Recording lag")
    team = table["team"].iloc[picked.selection.rows[0]] if picked.selection.rows and picked.selection.rows[0] < len(table) - 1 else None
    late_list(view, rows if team is None else rows[rows["team"] == team], after, team)


def late_list(view: frame.View, rows: pd.DataFrame, after: int, team: str | None) -> None:
    what = st.segmented_control("Which", ["late", "all"], default="late", key="lag-which", required=True, label_visibility="collapsed", format_func={"late": f"More than {after} days", "all": "All"}.get)
    mine = (rows[rows["lag"] > after] if what == "late" else rows).reset_index(drop=True)
    st.markdown(f"**{show.plain(team) + ': ' if team else ''}{look.count(len(mine), 'meeting')}" + (f" that appeared more than {look.days(after)} after they were held**" if what == "late" else "**"))
    if not len(mine):
        show.empty("None", "Every one of them appeared in time.")
        return
    mine = mine.assign(
        kind=mine["kind"].map({"cpm": "Care Planning Meeting", "review": "Child in Care Review"}),
        note=["the child was in no earlier extract" if new else f"not in the extract of {look.day(before)}" if back else "" for new, back, before in zip(mine["new_child"], mine["back_dated"], mine["before"], strict=True)],
    )  # fmt: skip
    show.children_list(
        mine, ["kind", "day", "seen", "lag", "note", "team", "worker"], "lag", height=over_time.tall(len(mine), 380), alt="Meetings with the days until they appeared",
        extra={
            "kind": st.column_config.TextColumn("Meeting", width=180), "day": show.date_column("Held"), "seen": show.date_column("In the extract of", width=125), "lag": show.number_column("Days", width=65),
            "note": st.column_config.TextColumn("Held by then, but", width=205), "team": show.team_column("Team then"),
        },
    )  # fmt: skip
    out = mine.drop(columns=["back_dated", "new_child"]).rename(columns={"kind": "Meeting", "day": "Held on", "seen": "First in the extract of", "before": "Extract before that", "lag": "Days", "note": "Note"})
    downloads.offer_list(out, f"appeared-late-{view.info.extract_date.isoformat()}", view.about, title="Appeared late")


# -- from load to load


def over_loads(view: frame.View, loads: list) -> None:
    st.header("From load to load", anchor=False)
    trend = quality.over_loads(loads, over_time.assessable(loads), view.teams)
    st.markdown(trend_sentence(trend, view))
    points = [look.day(day) for day in trend["extract_date"]]
    left, right = st.columns(2, gap="medium")
    with left:
        st.markdown("**Obligations that can be told**")
        said = [f"{quality.share(t, a)}, {spelled(p)}" for t, a, p in zip(trend["told"], trend["all"], trend["percent"], strict=True)]
        over_time.chart(points, [over_time.Line("Can be told", trend["percent"].tolist(), said, look.STATUS["on_time"].light, look.STATUS["on_time"].dark)], key="trend-share", axis="of all obligations", percent=True,
                        alt="Share that can be told, load by load: " + "; ".join(f"{p} {s}" for p, s in zip(points, said, strict=True)) + ".")  # fmt: skip
    with right:
        st.markdown("**Problems in the files** (of all teams)")
        lines = [
            over_time.Line(look.SEVERITY[name].word, trend[name].tolist(), [f"{n:,}" for n in trend[name]], look.SEVERITY[name].light, look.SEVERITY[name].dark, dash, symbol)
            for name, dash, symbol in (("error", "solid", "x"), ("warning", "dash", "circle"))
        ]
        over_time.chart(points, lines, key="trend-problems", axis="problems", percent=False, alt="Problems, load by load: " + "; ".join(f"{p} {e} rows left out, {w} warnings" for p, e, w in zip(points, trend["error"], trend["warning"], strict=True)) + ".")
    newest_first = trend[::-1].reset_index(drop=True)
    picked = st.dataframe(
        newest_first, hide_index=True, key="trend-table", on_select="rerun", selection_mode="single-row", placeholder="", alt="Each load with its share and problems", column_order=["extract_date", "told", "all", "percent", "cannot_tell", "error", "warning", "note"],
        column_config={
            "extract_date": show.date_column("Extract of", width=120), "told": show.number_column("Can be told"), "all": show.number_column("All"),
            "percent": show.number_column("Share, %"), "cannot_tell": show.number_column(look.STATUS["cannot_tell"].label),
            "error": show.number_column(look.SEVERITY["error"].label), "warning": show.number_column("● Blank or worth a look"), "note": show.number_column("– For information"),
        },
    )  # fmt: skip
    downloads.offer_list(trend.drop(columns="load_id").rename(columns={"extract_date": "Extract of", "told": "Can be told", "all": "All", "cannot_tell": "Cannot tell", "percent": "Share, %", "error": "Rows left out", "warning": "Warnings", "note": "For information"}),
                   f"loads-{view.info.extract_date.isoformat()}", {"Teams": view.teams_text}, title="Load by load")  # fmt: skip
    st.caption("Each load as at its own extract date, by today’s settings. Undone loads are left out; of several with one extract date the newest stands for it. Tick a load to open what could not be told in it.")
    if picked.selection.rows and picked.selection.rows[0] < len(newest_first):
        chosen = next(i for i in loads if i.load_id == newest_first["load_id"].iloc[picked.selection.rows[0]])
        then = data.results(chosen.load_id, chosen.extract_date)
        behind(view, over_time.untold(then, view.teams), f"Cannot tell in the extract of {look.day(chosen.extract_date)}", "load", then)


def trend_sentence(trend: pd.DataFrame, view: frame.View) -> str:
    last = trend.iloc[-1]
    now = f"{quality.share(int(last['told']), int(last['all']))} ({spelled(last['percent'])})"
    if len(trend) == 1:
        return f"There is one load, of {look.day(last['extract_date'])}: {now} can be told. A trend needs two."
    first = trend.iloc[0]
    moved = (last["percent"] or 0) - (first["percent"] or 0)
    how = "the same share as" if abs(moved) < 0.05 else f"{abs(moved):.1f} percentage points {'more' if moved > 0 else 'less'} than"
    return f"Of {show.plain(view.teams_text)}, **{now}** can be told in the extract of {look.day(last['extract_date'])}: {how} in that of {look.day(first['extract_date'])} ({spelled(first['percent'])})."


page()
