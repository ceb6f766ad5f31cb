"""History: the loads, any two of them compared, and earlier months as they look now and as they were known then."""

from datetime import date

import pandas as pd
import streamlit as st

from cpm_metrics.errors import CpmError
from cpm_metrics.extracts.datasets import DATASETS
from cpm_metrics.rules import all_rules
from cpm_metrics.store import DamagedStore, LoadInfo
from cpm_metrics.views import history, lists, look
from pages._shared import age, data, downloads, frame, over_time, show, state
from pages._shared import loads as shared
from pages._shared.faults import refused

VIEWS = {"loads": "Loads", "compare": "Compare two loads", "trend": "Earlier months"}
PARTS = {
    "added": ("child added", "children added", "In the newer load’s cases and not in the older one’s."),
    "gone": ("child gone", "children gone", "In the older load’s cases and not in the newer one’s."),
    "moved": ("changed team", "changed team", "In both, and allocated to another team."),
    "newly_overdue": ("newly overdue", "newly overdue", "Overdue in the newer load, and not in the older one."),
    "cleared": ("no longer overdue", "no longer overdue", "Overdue in the older load and not in the newer one: done, closed, changed or no longer there. The column “Now” says which."),
    "back_dated": ("back-dated event", "back-dated events", "In the newer load dated on or before the day the older one was taken, and not in the older one: entered late, or a date corrected since. "
                   "Children who came into care after the older extract aren’t counted."),
}  # fmt: skip
MONTHS = {1: "the month", 3: "3 months", 12: "12 months"}
ALL = "all rules"
WHICH = {"differ": "Judged differently", "now": "Reconstructed", "then": "As known then"}


def page() -> None:
    view = frame.view("History")
    which = state.param("view", list(VIEWS), "loads")
    # The as-at date is that of the earlier months; loads are what they are, and each is compared as at its own extract date.
    frame.title("History", view if which == "trend" else None)
    if which != "trend":
        st.caption("Every load, what differs between two of them, and how earlier months were known at the time.")
    shared.said()
    show.parts(VIEWS)
    {"loads": loads, "compare": compare, "trend": trend}[which](view)


def called(info: LoadInfo) -> str:
    """How a load is called where one is chosen."""
    return f"{look.day(info.extract_date)}, loaded {look.day(info.loaded_at)} at {info.loaded_at:%H:%M} UTC"


# -- the list


def loads(view: frame.View) -> None:
    infos = data.store().history()
    current = data.store().current().info
    table = shared.table(infos, current.load_id)
    st.header(f"Loads ({len(table):,})", anchor=False)
    picked = shared.shown(table, shared.WHOLE, "loads", 380, on_select="rerun", selection_mode="single-row")
    st.caption("Rows of each dataset stand beside it. Problems are counted, not rows: an error left a row out (a row can have several), a warning did not. Tick a load to see its files, and its rows read, loaded and left out. Nothing is deleted when a load is undone.")
    words = {"state": "State", "extract_date": "Extract of", "loaded_at": "Loaded (UTC)", "by": "By", "files": "Files", "carried": "Carried on from before", "error": "Errors (problems)", "warning": "Warnings", "note": "For information", "load_id": "Load"}
    downloads.offer_list(table.rename(columns=words | {name: d.title for name, d in DATASETS.items()}), "loads", {}, title="Loads")
    if picked.selection.rows and picked.selection.rows[0] < len(infos):
        one_load(infos[picked.selection.rows[0]])
    st.header("How old each dataset is", anchor=False)
    carried = age.carried_words(current)
    if carried:
        st.caption(show.plain(carried))
    ages = history.ages(current, date.today())
    st.dataframe(
        ages.assign(carried=[("carried on" if c else "with the current load") if pd.notna(d) else "never loaded: what needs it says “cannot tell”" for c, d in zip(ages["carried"], ages["extract_date"], strict=True)]),
        hide_index=True, placeholder="", key="ages", alt="Datasets of the current load with their age", height=over_time.tall(len(ages)),
        column_config={
            "title": st.column_config.TextColumn("Dataset", width=160), "extract_date": show.date_column("Taken on"), "carried": st.column_config.TextColumn("Came", width=330),
            "days": shared.numbers("Days old", 80), "rows": shared.numbers("Rows", 80),
        },
    )  # fmt: skip
    shared.undo(current)


def one_load(info: LoadInfo) -> None:
    with st.container(border=True):
        st.markdown(f"**Extract of {show.plain(called(info))}**, by {show.plain(info.by)}")
        files = pd.DataFrame([(f.name, f.size, f.sha256) for f in info.files], columns=["File", "Bytes", "SHA-256"])
        st.dataframe(files, hide_index=True, placeholder="", key="files", alt="Files of the load", column_config={"Bytes": shared.numbers("Bytes")})
        try:
            tables = history.tables_read(data.store().snapshot(info.load_id))
        except (CpmError, DamagedStore) as problem:
            refused(problem)
            return
        st.dataframe(tables, hide_index=True, placeholder="", key="tables-read", alt="Rows read, loaded and left out, by table of the load",
                     column_config={name: shared.numbers(name, 110) for name in ("Rows read", "Rows loaded", "Rows left out")})  # fmt: skip


# -- two compared


def compare(view: frame.View) -> None:
    infos = data.store().history()
    if len(infos) < 2:
        show.empty("One load only", "There is nothing to compare it with. The next load can be compared with this one.", ":material/help:")
        return
    by_id = {i.load_id: i for i in infos}
    newest_first = sorted(by_id, key=lambda i: (by_id[i].extract_date, i), reverse=True)
    current = data.store().current().info
    newer_id = state.param("newer", newest_first, current.load_id)
    kept = [i for i in newest_first if not by_id[i].undone and by_id[i].extract_date < by_id[newer_id].extract_date]
    usual = next(iter(kept), None) or next(i for i in newest_first if i != newer_id)
    older_id = state.param("older", [i for i in newest_first if i != newer_id], usual)
    left, right = st.columns(2)
    for place, label, name, chosen in ((left, "The older load", "older", older_id), (right, "compared with the newer load", "newer", newer_id)):
        key = f"pick-{name}-{chosen}"
        place.selectbox(label, newest_first, index=newest_first.index(chosen), key=key, format_func=lambda i: called(by_id[i]) + (", undone" if by_id[i].undone else ", current" if i == current.load_id else ""),
                        on_change=pick_load, args=(name, key))  # fmt: skip
    older, newer = by_id[older_id], by_id[newer_id]
    if (older.extract_date, older.load_id) > (newer.extract_date, newer.load_id):
        older, newer = newer, older
        st.caption("Swapped: the one with the later extract date is the newer one.")
    try:
        found = over_time.compared(older, newer).of(view.teams)
    except (CpmError, DamagedStore) as problem:
        refused(problem)
        return
    part = state.param("show", list(PARTS), "newly_overdue")
    st.markdown(f"From **{look.day(older.extract_date)}** to **{look.day(newer.extract_date)}**, each load as at its own extract date, for {show.plain(view.teams_text)}:")
    with st.container(horizontal=True, gap="small"):
        for name, (one, many, help_) in PARTS.items():
            number = len(getattr(found, name))
            show.link_count(f"compare-{name}", number, one if number == 1 else many, chosen=part == name, action=choose, args=(name,), help=help_)
    older_datasets(older, newer)
    part_list(view, part, getattr(found, part), older, newer)


def pick_load(name: str, key: str) -> None:
    state.set_params(**{name: state.widget(key)})


def choose(part: str) -> None:
    state.set_params(show=part)


def older_datasets(older: LoadInfo, newer: LoadInfo) -> None:
    """What keeps the comparison from being like with like."""
    said = []
    for info in (older, newer):
        words = age.carried_words(info)
        if words:
            said.append(words)
    new = [DATASETS[n].title for n in newer.dataset_dates if n not in older.dataset_dates]
    if new:
        said.append(f"Loaded since, so not compared for back-dated events: {', '.join(new)}.")
    for text in said:
        st.caption(show.plain(text))


COLUMNS = {
    "added": ["team", "worker", "care_started", "care_ceased", "in_care"], "gone": ["team", "worker", "care_started", "care_ceased", "in_care"],
    "moved": ["team_before", "team", "worker", "in_care"], "newly_overdue": ["title", "due_date", "days", "team", "worker", "why"],
    "cleared": ["title", "now", "due_date", "done_date", "team", "worker", "why"], "back_dated": ["what", "day", "days", "detail", "team", "worker"],
}  # fmt: skip


def part_list(view: frame.View, part: str, rows: pd.DataFrame, older: LoadInfo, newer: LoadInfo) -> None:
    _, title, help_ = PARTS[part]
    st.header(f"{title[0].upper()}{title[1:]} ({len(rows):,})", anchor=False, help=help_)
    if not len(rows):
        show.empty("None", f"None for {show.plain(view.teams_text)} between these two loads.")
        return
    if part == "back_dated":
        kinds = rows["what"].value_counts()
        kind = st.selectbox("Event", sorted(kinds.index), index=None, key="back-dated-kind", placeholder=f"All {len(kinds)} kinds of event", format_func=lambda k: f"{k} ({kinds.get(k, 0):,})", label_visibility="collapsed")
        rows = rows[rows["what"] == kind].reset_index(drop=True) if kind in kinds.index else rows
    extra = {
        "care_started": show.date_column("In care from"), "care_ceased": show.date_column("Left care"), "in_care": st.column_config.CheckboxColumn("In care", width=70), "team_before": st.column_config.TextColumn("Team before", width=180),
        "team": st.column_config.TextColumn("Team now" if part == "moved" else "Team", width=180), "what": st.column_config.TextColumn("Event", width=230), "day": show.date_column("Dated"), "detail": st.column_config.TextColumn("Detail", width=260),
        "days": show.number_column("Days before" if part == "back_dated" else "Days overdue", width=95, help=f"From the event to the extract of {look.day(older.extract_date)}, which didn’t have it." if part == "back_dated" else None),
    }  # fmt: skip
    columns = COLUMNS[part]
    show.children_list(rows, columns, f"compare-{part}", height=over_time.tall(len(rows), 440), alt=title, extra={n: extra[n] for n in columns if n in extra})
    about = {"Older load": called(older), "Newer load": called(newer), "Teams": view.teams_text}
    words = {"team_before": "Team before", "what": "Event", "day": "Dated", "detail": "Detail", "days": "Days before the older extract", "care_ceased": "Left care"} if part in ("back_dated", "moved", "added", "gone") else {}
    downloads.offer_list(rows.rename(columns=words), f"{part.replace('_', '-')}-{older.extract_date.isoformat()}-{newer.extract_date.isoformat()}", about, title=title[0].upper() + title[1:])


# -- earlier months


def trend(view: frame.View) -> None:
    results = view.results
    rules = {r.code: r.title for r in all_rules() if results.settings[f"{r.code}.on"]}
    left, right = st.columns([2, 1], vertical_alignment="bottom")
    code = state.param("rule", list(rules), ALL)
    left.selectbox("Rule", [ALL, *rules], index=[ALL, *rules].index(code), key=f"trend-rule-{code}", format_func=lambda c: "All rules together" if c == ALL else rules[c], on_change=pick_rule, args=(f"trend-rule-{code}",))
    with right:
        months = int(show.parts({str(m): words for m, words in MONTHS.items()}, "months", "Fell due in, to the month-end", usual="3", shown=True))
    rule = None if code == ALL else code
    points = trend_points(view, months, rule)
    st.markdown(explained(points, view, rules.get(code, "all rules together")))
    trend_chart(points, rules.get(code, "All rules together"))
    picked = trend_table(points)
    table = points.drop(columns=["load_id"]).rename(columns={
        "end": "Month-end", "now": "On time now (reconstructed)", "now_counted": "Counted now", "now_untold": "Cannot tell now", "now_percent": "Reconstructed, %",
        "taken": "Extract known then", "then": "On time as known then", "then_counted": "Counted then", "then_untold": "Cannot tell then", "then_percent": "As known then, %",
    }).drop(columns=["now_text", "then_text"])  # fmt: skip
    downloads.offer_list(table, f"earlier-months-{code.replace(' ', '-')}", {"Rule": rules.get(code, "All rules together"), "Fell due in": MONTHS[months], "Teams": view.teams_text, "Reconstructed from the extract of": look.day(view.info.extract_date)}, title="Earlier months")
    if picked is not None:
        month_rows(view, points.iloc[picked], months, rule)


def pick_rule(key: str) -> None:
    chosen = state.widget(key)
    state.set_params(rule=None if chosen == ALL else chosen)


def trend_points(view: frame.View, months: int, rule: str | None) -> pd.DataFrame:
    """One row per month-end, oldest first: what the current extract says of it, and what the load taken then says."""
    infos = data.store().history()
    ends = history.month_ends(view.as_at)
    known = [history.known_then(infos, end, view.info.load_id) for end in ends]
    wanted = [(view.info.load_id, end) for end in ends] + [(i.load_id, end) for i, end in zip(known, ends, strict=True) if i]
    found = dict(zip(wanted, over_time.by_month(wanted), strict=True))
    smallest = view.results.settings["general.smallest_counted"]
    rows = []
    for end, info in zip(ends, known, strict=True):
        now = history.rate(found[view.info.load_id, end], end, months, smallest, rule, view.teams)
        then = history.rate(found[info.load_id, end], end, months, smallest, rule, view.teams) if info else None
        rows.append({
            "end": pd.Timestamp(end), "now": now.on_time, "now_counted": now.counted, "now_untold": now.cannot_tell, "now_percent": now.percent, "now_text": now.text,
            "load_id": info.load_id if info else None, "taken": pd.Timestamp(info.extract_date) if info else pd.NaT, "then": then.on_time if then else None, "then_counted": then.counted if then else None,
            "then_untold": then.cannot_tell if then else None, "then_percent": then.percent if then else None, "then_text": then.text if then else "no load from then",
        })  # fmt: skip
    return pd.DataFrame(rows).astype({"then": "Int64", "then_counted": "Int64", "then_untold": "Int64", "now_percent": "Float64", "then_percent": "Float64"})


def explained(points: pd.DataFrame, view: frame.View, title: str) -> str:
    """One plain sentence on what the two lines are and how they differ."""
    meaning = f"**Reconstructed** is what the extract of {look.day(view.info.extract_date)} says today of each month-end; **as known then** is what the extract taken soonest after it said."
    both = points[points["load_id"].notna()]
    if not len(both):
        return meaning + " No earlier load was taken within a month after any of these month-ends, so what was known then can’t be told."
    differ = both[(both["now"] != both["then"]) | (both["now_counted"] != both["then_counted"]) | (both["now_untold"] != both["then_untold"])]
    row = (differ if len(differ) else both).iloc[-1]
    end = look.day(row["end"])
    if not len(differ):
        return meaning + f" They agree wherever both are known, as for {end}: {row['now_text']} on time, {title}."
    return (
        meaning + f" For {end} today’s extract says {row['now_text']} on time, and the one of {look.day(row['taken'])} said {row['then_text']}: what was recorded, corrected or taken out since makes the difference. "
        "Tick a month to see which obligations."
    )  # fmt: skip


def trend_chart(points: pd.DataFrame, title: str) -> None:
    labels = [f"{end:%b %Y}" for end in points["end"]]
    lines = [over_time.Line("Reconstructed from today’s extract", [None if pd.isna(v) else float(v) for v in points["now_percent"]], points["now_text"].tolist(), look.STATUS["on_time"].light, look.STATUS["on_time"].dark)]
    if points["load_id"].notna().any():
        lines.append(over_time.Line("As known then", [None if pd.isna(v) else float(v) for v in points["then_percent"]], points["then_text"].tolist(), look.STATUS["late"].light, look.STATUS["late"].dark, "dash", "diamond"))
    alt = f"{title}, percent on time at month-ends. " + "; ".join(f"{label}: reconstructed {now}, as known then {then}" for label, now, then in zip(labels, points["now_text"], points["then_text"], strict=True)) + "."
    over_time.chart(labels, lines, key="trend", axis="on time", percent=True, alt=alt, height=290)


def trend_table(points: pd.DataFrame) -> int | None:
    """The chart's numbers, the newest month first. -> position in `points` of the ticked one."""
    shown = points[::-1]
    picked = st.dataframe(
        shown, hide_index=True, key="trend-table", on_select="rerun", selection_mode="single-row", height=over_time.tall(len(shown), 600), alt="Month-ends with both rates", placeholder="",
        column_order=["end", "now_text", "now_untold", "taken", "then_text", "then_untold"],
        column_config={
            "end": show.date_column("Month-end", width=110), "now_text": st.column_config.TextColumn("Reconstructed: on time", width=200), "now_untold": show.number_column("? Cannot tell", width=110),
            "taken": show.date_column("Extract known then", width=150), "then_text": st.column_config.TextColumn("As known then: on time", width=200), "then_untold": show.number_column("? Cannot tell then", width=140),
        },
    )  # fmt: skip
    st.caption(
        "On time out of counted (on time, late, missed and overdue), for obligations that fell due in the chosen months, with the team that held the case then. Without a percentage: too few for one. "
        "Both by today’s settings. As known then: a load taken within the month after; where that is the current load, both would be the same, so none is shown."
    )
    if picked.selection.rows and picked.selection.rows[0] < len(points):
        return len(points) - 1 - picked.selection.rows[0]
    return None


def month_rows(view: frame.View, point: pd.Series, months: int, rule: str | None) -> None:
    """The rows behind a month: those judged differently then and now, and all that each of the two counts."""
    end = point["end"].date()
    now = data.results(view.info.load_id, end)
    known = isinstance(point["load_id"], str)
    which = st.segmented_control(
        f"Obligations of {look.day(end)}", list(WHICH) if known else ["now"], default="differ" if known else "now", key=f"month-{end}-{known}", required=True, format_func=WHICH.get,
    )  # fmt: skip
    columns = ["title", "status", "due_date", "done_date", "team", "worker", "why"]
    if which == "differ":
        rows = history.differences(data.results(point["load_id"], end), now, end, months, rule, view.teams)
        rows["then"] = [look.STATUS[s].label if s in look.STATUS else "not counted" for s in rows["then"]]
        rows["now"] = [s if s in look.STATUS else None for s in rows["now"]]
        columns = ["title", "then", "now", "due_date", "done_date", "team", "worker", "why"]
    else:
        results = now if which == "now" else data.results(point["load_id"], end)
        rows = lists.obligations(results, teams=view.teams, statuses=(*look.COUNTED, "cannot_tell"), rule=rule, due=history.window(end, months))
    title = f"{WHICH[which]}: {look.count(len(rows), 'obligation')}" + ("" if which == "differ" else ", those that can’t be told included")
    st.header(title, anchor=False)
    if not len(rows):
        show.empty("None", "Both extracts say the same of every obligation.")
        return
    show.children_list(rows, columns, "month", height=over_time.tall(len(rows), 420), alt=title, extra={"then": st.column_config.TextColumn("As known then", width=125)} if "then" in columns else None)
    downloads.offer_list(rows.rename(columns={"then": "Status as known then"}), f"month-{end.isoformat()}", view.about, title="Month")


page()
