"""Drift: which plans stand still, by child and team; silent drift by itself; and how long children wait for permanence."""

import pandas as pd
import streamlit as st

from cpm_metrics import charts
from cpm_metrics.indicators import indicator
from cpm_metrics.views import drift, lists, look, teams, waiting
from cpm_metrics.views.contract import left_out
from pages._shared import downloads, frame, show, state

SHOWS = ("signs", "children", "silent", "plan", "achieved")
EVERYONE, SINCE = "everyone", "since"
ROOM = 6  # teams whose whole names fit above the columns
HOW_IT_ENDED = {"now": "still waiting now", "waiting": "still waiting", "done": "", "left": "left care first", "unknown": "can’t be told"}


def page() -> None:
    view = frame.view("Drift")
    frame.title("Drift", view)
    which = state.param("show", SHOWS, "signs")
    table = drift.matrix(view.results, view.teams)
    flags = view.results.once(lists.flags, teams=view.teams)
    in_care = sum(drift.children_in_care(view.results, view.teams).values())
    stages = {stage: view.results.once(waiting.rows, stage) for stage in waiting.STAGES}
    now = {stage: still_waiting(view, rows) for stage, rows in stages.items()}
    silent = table.frame.set_index("indicator")["all"].get("silent-drift")

    of = f"of {look.count(in_care, 'child', 'children')} in care"
    tiles = {
        "signs": (len(flags), "Drift flags", "each one sign on one child", "Each sign on each child. They are listed, never added up into a score."),
        "children": (flags["child_id"].nunique(), "Children with a sign", of, "Every child with any sign, and which."),
        "silent": (None if pd.isna(silent) else int(silent), "Silent drift", "meetings in time, plan still", "Every meeting in time, and the plan stands still all the same."),
        "plan": (now["plan"], "Waiting for a plan", "no permanence plan agreed", "Children in care now with no permanence plan agreed yet, and how long that takes."),
        "achieved": (now["achieved"], "Waiting for permanence", "plan agreed, not achieved", "Children in care now whose permanence plan is agreed and not achieved yet, and how long that takes."),
    }  # fmt: skip
    with st.grid(len(tiles), min_column_width=140, gap="small"):
        for name, (number, title, note, help_) in tiles.items():
            show.tile(f"drift-{name}", number, title, note, chosen=which == name, help=help_, action=choose, args=(name,))
    if which in stages:
        waits(view, which, stages[which])
    else:
        {"signs": lambda: signs(view, table), "children": lambda: children(view), "silent": lambda: silent_drift(view)}[which]()


def choose(which: str) -> None:
    state.set_params(show=which, sign=None, who=None, cohort=None, plan=None)


def still_waiting(view: frame.View, rows: pd.DataFrame) -> int | None:
    """How many wait now with the chosen teams; None where a column that tells was never loaded."""
    return None if waiting.not_loaded(rows) else waiting.counts(waiting.of_teams(rows, view.teams))["waiting"]


# -- signs by team


def signs(view: frame.View, table: drift.Matrix) -> None:
    """Signs down, teams across. A click on a number opens its rows."""
    names = [team if team is not None else teams.NO_TEAM for team in table.teams]
    held, short = drift.children_in_care(view.results, view.teams), teams.short_names(names) if len(names) > ROOM else {name: name for name in names}
    columns = [f"t{at}" for at in range(len(names))]
    data = table.frame
    shown = data[["title"]].copy()
    for name in ("all", *columns, "cannot_tell"):
        shown[name] = ["?" if not ok else "" if not n else f"{n:,}" for n, ok in zip(data[name], data["assessed"], strict=True)]
    left, right = st.columns([4, 1], vertical_alignment="bottom")
    left.header("Children by sign and team", anchor=False)
    with right, st.popover("How is this counted?", icon=":material/info:"):
        st.markdown(
            "One child counts once for each sign, with **the team that holds the child now**. Only children in care now are looked at.\n\n"
            "A sign is a reason to look, not a finding: the sentence behind each number says what raised it, with the dates.\n\n"
            "Teams hold different children, so a larger number is not worse work. Signs are never added up, and nobody is ranked.\n\n"
            "**Cannot tell**: children without the sign for whom the record doesn’t say enough to rule it out."
            + short_breaks(view)
        )
        st.page_link("pages/help/rule_book.py", label="Each sign in the rule book", icon=":material/menu_book:")
    show.not_assessed(view.results)
    state.remember("rows-signs", list(data["indicator"]))
    picked = st.dataframe(
        shown, hide_index=True, key="signs", on_select="rerun", selection_mode="single-cell", placeholder="", height=show.height(shown), alt="How many children have each sign of drift, by team",
        column_order=["title", "all", "cannot_tell", *columns],
        column_config={
            "title": st.column_config.ButtonColumn("Sign", type="tertiary", alignment="left", pinned=True, width=215, key="pick-sign", on_click=pick_sign, help="Click a sign to list its children."),
            "all": st.column_config.TextColumn("All", width=55, alignment="right"),
            **{column: st.column_config.TextColumn(short[name], alignment="right", width=62 if len(names) > ROOM else 110, help=f"{show.plain(name)}: {held[team]:,} in care now") for column, name, team in zip(columns, names, table.teams, strict=True)},
            "cannot_tell": st.column_config.TextColumn(look.STATUS["cannot_tell"].label, width=95, alignment="right", help="Children without the sign for whom it can’t be ruled out."),
        },
    )  # fmt: skip
    st.caption("How many children have each sign. Blank: none. ?: not assessed. Click a sign or a number to list the children.")
    if len(names) > ROOM:
        st.caption("Teams: " + " · ".join(f"**{show.plain(name)}** {show.plain(team)}" for team, name in short.items() if name != team))
    long = data.melt(["indicator", "title", "cannot_tell"], columns, "at", "Children")
    long["team"] = [names[int(at[1:])] for at in long["at"]]
    downloads.offer_list(long[["indicator", "title", "team", "Children"]].rename(columns={"title": "Sign of drift"}), f"drift-by-team-{view.as_at.isoformat()}", view.about, title="Drift by team")
    cells = picked.selection.cells
    code = state.param("sign", list(data["indicator"]))
    if cells and cells[0][0] < len(data):
        at, column = cells[0]
        team = table.teams[int(column[1:])] if column in columns else EVERYONE
        one_sign(view, data["indicator"].iloc[at], team, untold=column == "cannot_tell")
    elif code:
        one_sign(view, code, EVERYONE)


def short_breaks(view: frame.View) -> str:
    """Who is in no count at all, to stand at the end of an explanation."""
    n = left_out(view.results)
    return f"\n\n{look.count(n, 'child', 'children')} with short breaks only (legal status V3 or V4) {'is' if n == 1 else 'are'} left out of every count." if n else ""


def pick_sign() -> None:
    row = state.clicked_row("pick-sign")
    if row is not None:
        state.set_params(sign=state.recall("rows-signs")[row], who=None)


def one_sign(view: frame.View, code: str, team: str | None, untold: bool = False) -> None:
    """The children behind a number."""
    thing = indicator(code)
    if untold:
        rows = drift.cannot_tell(view.results, view.teams)
        rows = rows[rows["indicator"] == code].reset_index(drop=True)
    else:
        rows = lists.flags(view.results, teams=view.teams, indicator=code)
        if team != EVERYONE:
            rows = rows[rows["team"].isna() if team is None else rows["team"] == team].reset_index(drop=True)
    whose = "" if team == EVERYONE else f" · {teams.NO_TEAM if team is None else team}"
    st.header(f"{thing.title}{': cannot tell' if untold else ''}{show.plain(whose)} ({len(rows):,})", anchor=False)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(thing.question, width="content")
        show.definition(code, "How is this found?")
    if not len(rows):
        show.empty("No child", "No child stands behind this number.")
        return
    columns = ["team", "worker", "why"] if untold else ["since", "figure", "unit", "team", "worker", "why"]
    show.children_list(rows, columns, f"sign-{code}", height=show.height(rows, 420), alt=thing.title, extra=TEAM_NOW)
    downloads.offer_list(rows, f"{code}{'-cannot-tell' if untold else ''}-{view.as_at.isoformat()}", view.about, title=thing.title)


TEAM_NOW = {"team": show.team_column(help="The team that holds the child now.")}


# -- by child


def children(view: frame.View) -> None:
    """Each child once, with all signs."""
    rows = drift.children(view.results, view.teams)
    show.not_assessed(view.results)
    titles = {code: title for codes, signs in zip(rows["codes"], rows["signs"], strict=True) for code, title in zip(codes, signs, strict=True)}
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    order = [thing.code for thing in drift.on(view.results) if thing.code in titles]
    now = state.param("sign", order)
    key = f"only-sign-{now or ''}"
    right.selectbox("Show", order, index=order.index(now) if now else None, format_func=titles.get, placeholder="Any sign", label_visibility="collapsed", key=key, on_change=only_sign, args=(key,))
    if now:
        rows = rows[rows["codes"].map(lambda codes: now in codes).astype(bool)].reset_index(drop=True)
    left.header(f"Children with {f'“{titles[now]}”' if now else 'a sign of drift'} ({len(rows):,})", anchor=False, help="By team and name. Signs are listed, never added up: a child with one may be in greater need than a child with three.")
    if not len(rows):
        show.empty("No child", f"No child held by {show.plain(view.teams_text)} has a sign of drift as at {look.day(view.as_at)}.")
        return
    signs_column = {"signs": st.column_config.MultiselectColumn("Signs", options=sorted(set(titles.values())), color="gray", width=430)}
    show.children_list(rows, ["signs", "team", "worker", "why"], f"drift-children-{now}", height=show.height(rows, 520), alt="Children with a sign of drift", extra=signs_column | TEAM_NOW)
    st.caption("Tick a row to read what raised each sign, and to open the child.")
    downloads.offer_list(rows.drop(columns="codes").rename(columns={"signs": "Signs of drift"}), f"drift-children-{view.as_at.isoformat()}", view.about, title="Children with a sign of drift")


def only_sign(key: str) -> None:
    state.set_params(sign=state.widget(key))


# -- silent drift


def silent_drift(view: frame.View) -> None:
    rows = drift.silent(view.results, view.teams)
    window = view.results.settings["silent-drift.window"].text
    st.header(f"Silent drift ({len(rows):,})", anchor=False)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"Every review and CPM of these children due in the last {window} was held in time, so no list of late meetings shows them; and yet their plan stands still.", width="content")
        show.definition("silent-drift", "How is this found?")
    missing = [title for title, _ in lists.not_assessed(view.results)]
    if indicator("silent-drift").title in missing:
        show.not_assessed(view.results)
        return
    still = [indicator(code).title for code in drift.STANDS_STILL]
    blind = [title for title in still if title in missing]
    if blind:
        st.warning(f"Part of it can’t be seen: {show.plain(', '.join(blind))} can’t be assessed from what was loaded.", icon=":material/help:")
        show.not_assessed(view.results)
    untold = drift.cannot_tell(view.results, view.teams)
    untold = untold[untold["indicator"] == "silent-drift"].reset_index(drop=True)
    if len(rows):
        show.children_list(
            rows, ["still", "since", "figure", "team", "worker", "why"], "silent", height=show.height(rows, 520), alt="Children in silent drift",
            extra=TEAM_NOW | {
                "still": st.column_config.MultiselectColumn("What stands still", options=still, color="gray", width=330), "since": show.date_column("Since", "The day the first of these signs began."),
                "figure": show.number_column("Held in time", width=95, help=f"How many reviews and CPMs were due in the {window} to the as-at date: all were held in time."),
            },
        )  # fmt: skip
        downloads.offer_list(rows.rename(columns={"still": "What stands still"}), f"silent-drift-{view.as_at.isoformat()}", view.about, title="Silent drift")
    else:
        show.empty("No silent drift", f"No child held by {show.plain(view.teams_text)} has every meeting in time and a plan that stands still, as at {look.day(view.as_at)}.")
    if len(untold):
        with st.expander(f"For {look.count(len(untold), 'more child', 'more children')} it can’t be told", icon=":material/help:"):
            show.children_list(untold, ["team", "worker", "why"], "silent-untold", height=show.height(untold, 300), alt="Children for whom silent drift can’t be told", extra=TEAM_NOW)


# -- waits


def waits(view: frame.View, code: str, everything: pd.DataFrame) -> None:
    """One stage: the sentence, the curve, the children behind it, and the same by year and by team."""
    stage, smallest = waiting.STAGES[code], view.results.settings["general.smallest_counted"]
    left, right = st.columns([4, 1], vertical_alignment="bottom")
    left.header(stage.title, anchor=False)
    with right, st.popover("How is this worked out?", icon=":material/info:"):
        how(view, code, smallest)
    reason = waiting.not_loaded(everything)
    if reason:
        show.empty("Can’t be told", f"How long children wait can’t be worked out: {reason}. Add it to Cases and load again.", ":material/help:")
        return
    # By the team that held the child when the wait began: children change teams as their plans move on (see views/waiting.py).
    begun = waiting.of_teams(everything, view.teams, "team_then")
    now = waiting.of_teams(everything, view.teams)
    now = now[now["fate"] == "waiting"].reset_index(drop=True)
    covered = waiting.coverage(view.results)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        cohort, words = choose_cohort(begun, covered, stage, smallest)
        chosen = of_cohort(begun, cohort, covered)
        if code == "achieved":
            chosen, plan = choose_plan(chosen)
            now = now if plan is None else now[now["plan_code"] == plan].reset_index(drop=True)
            words += f", with the plan {look.PERMANENCE_PLAN[plan].lower()}" if plan else ""
    found, of = waiting.curve(chosen), waiting.counts(chosen)
    st.markdown(f"**{waiting.median_words(found, code, view.as_at, smallest)}**")
    known = of["waiting"] + of["done"] + of["left"]
    st.caption(
        f"{look.count(known, 'period')} of care: {of['done']:,} {stage.done.lower()}, {of['left']:,} left care first, {of['waiting']:,} still waiting. "
        + (f"{of['unknown']:,} more can’t be told and {'is' if of['unknown'] == 1 else 'are'} left out." if of["unknown"] else "None is left out.")
    )
    cautions(view, code, chosen, cohort, covered, smallest)
    if found is not None and found.n >= smallest:
        st.plotly_chart(
            charts.waiting_curve(found, code, view.as_at, smallest, dark=show.dark()), theme=None, key=f"waits-{code}", config={"displayModeBar": False},
            alt=charts.waiting_words(found, code, view.as_at, smallest),
        )  # fmt: skip
        st.caption(
            f"The line falls each time a child {'has a permanence plan agreed' if code == 'plan' else 'achieves permanence'}; the shaded band is its 95% interval: how far chance could have moved it. Children still waiting count for as long as "
            f"they have waited. It shows how long the wait takes, not whether each wait was justified. Dotted: fewer than {smallest} still in view, so one child moves it far."
        )
    behind(view, code, stage, chosen, now, words)
    compared(view, code, stage, begun, chosen, found, smallest, covered)


def how(view: frame.View, code: str, smallest: int) -> None:
    st.markdown(
        f"""
**{waiting.STAGES[code].title}**, for each period of care. A **Kaplan–Meier estimate**: children still waiting count with the wait they have had so far,
instead of being left out as in an average of the finished waits, which would leave out the longest.

**Leaving care first** ends a child’s place in the figure on that day. It is another outcome and not a wait: a child who went home waits no more. The line
reads “if nobody had left”, so how many left always stands beside it.

Periods whose days aren’t known are **left out, counted and listed**: a plan with no date, a start of care that isn’t in the extract, dates out of order.

**Half within n months** is the first day by which half had it; its 95% interval says how far chance could have moved it. It isn’t given for fewer than {smallest} waits.

Waits are counted in days. A **month** is a calendar month, counted back from the as-at date.

For one **team** the line follows the children whom that team held when their wait began. By who holds them now, the finished ones would be missing, because
children change teams as their plans move on. The list “still waiting now” is by who holds the child now.{short_breaks(view)}"""
    )


def choose_cohort(begun: pd.DataFrame, covered: waiting.Coverage, stage: waiting.Stage, smallest: int) -> tuple[str, str]:
    """Which waits: ("everyone", "since" or a year, the same in words)."""
    known = begun[begun["fate"] != "unknown"]
    whole = waiting.since(known, covered.since) if covered.since else known.iloc[:0]
    sizes = {SINCE: len(whole)} if len(whole) >= smallest else {}
    sizes[EVERYONE] = len(known)
    years = known["begun"].map(waiting.year_of).value_counts()
    sizes |= {str(year): int(years[year]) for year in sorted(years.index, reverse=True) if years[year] >= smallest}
    words = {SINCE: f"who {stage.begins} since {look.day(covered.since)}", EVERYONE: "everyone in the extract"}
    words |= {year: f"who {stage.begins} in {waiting.year_words(int(year))}" for year in sizes if year not in words}
    cohort = state.param("cohort", list(sizes), next(iter(sizes)))
    key = f"cohort-{stage.code}-{cohort}"
    st.selectbox(
        "Children", list(sizes), index=list(sizes).index(cohort), format_func=lambda c: f"{words[c][0].upper()}{words[c][1:]} ({sizes[c]:,})", key=key, width=430, on_change=pick, args=("cohort", key),
        help=f"Years run from 1 April to 31 March. A year with fewer than {smallest} waits can’t be chosen.",
    )  # fmt: skip
    return cohort, words[cohort]


def of_cohort(begun: pd.DataFrame, cohort: str, covered: waiting.Coverage) -> pd.DataFrame:
    if cohort == EVERYONE:
        return begun
    return waiting.since(begun, covered.since) if cohort == SINCE else waiting.of_year(begun, int(cohort))


def choose_plan(chosen: pd.DataFrame) -> tuple[pd.DataFrame, str | None]:
    """Those with one permanence plan, and its code; codes stand in the address, never what was written."""
    sizes = chosen.loc[chosen["plan_code"].notna(), "plan_code"].value_counts()
    plans = [plan for plan in look.PERMANENCE_PLAN if plan in sizes.index]
    now = state.param("plan", plans)
    key = f"plan-{now or ''}"
    st.selectbox("Permanence plan", plans, index=plans.index(now) if now else None, format_func=lambda p: f"{look.PERMANENCE_PLAN[p]} ({sizes.get(p, 0):,})", placeholder="Any plan", key=key, width=330, on_change=pick, args=("plan", key))
    return (chosen[chosen["plan_code"] == now].reset_index(drop=True), now) if now else (chosen, None)


def pick(name: str, key: str) -> None:
    state.set_params(**{name: state.widget(key)}, who=None)


def cautions(view: frame.View, code: str, chosen: pd.DataFrame, cohort: str, covered: waiting.Coverage, smallest: int) -> None:
    """What keeps the figure from saying what it seems to say."""
    known = chosen[chosen["fate"] != "unknown"]
    if covered.since is None:
        st.warning(
            "The extract has hardly any children who have left care. Those who left, often the ones whose plans came quickest, are not in it, so the waits look longer than they are for a child "
            "who comes into care. Load Cases with the periods of care that have ended too.", icon=":material/help:",
        )  # fmt: skip
    elif cohort != SINCE:
        earlier = int((known["begun"] < pd.Timestamp(covered.since)).sum())
        if earlier:
            st.info(
                f"{look.count(earlier, 'wait')} began before {look.day(covered.since)}, from when on children who left care are in the extract. Of those, only the children still in care then can be seen: their waits look longer than they were.",
                icon=":material/help:",
            )
    if view.teams and not waiting.allocations_loaded(view.results):
        st.warning(
            "Allocations are not loaded, so a team’s line follows the children it holds now. Children change teams as their plans move on: the finished waits may stand with another team, and these look too long.",
            icon=":material/help:",
        )
    if code == "achieved" and cohort in (SINCE, EVERYONE):
        never = waiting.never_achieved(known, smallest)
        if never:
            st.info(
                f"No child with the plan {show.plain(' or '.join(f'“{plan}”' for plan in never))} has an achieved date, so they count as waiting, or as having left care. Leaving care may be how that plan is achieved. Choose one plan to see it by itself.",
                icon=":material/help:",
            )


def behind(view: frame.View, code: str, stage: waiting.Stage, chosen: pd.DataFrame, now: pd.DataFrame, words: str) -> None:
    """The children behind the figure, and those who wait now."""
    parts = {fate: chosen[chosen["fate"] == fate].reset_index(drop=True) for fate in ("waiting", "done", "left", "unknown")}
    same = list(zip(parts["waiting"]["child_id"], parts["waiting"]["care_started"], strict=True)) == list(zip(now["child_id"], now["care_started"], strict=True))
    who = state.param("who", list(HOW_IT_ENDED), "now")
    if same and who == "waiting":
        who = "now"
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        show.link_count(
            "now", len(now), "still waiting now", chosen=who == "now", action=set_who, args=("now",), help="Held by the chosen teams now, whenever the wait began: whom to do something for."
        )
        st.markdown("In this figure:", width="content")
        if not same:
            show.link_count("waiting", len(parts["waiting"]), "still waiting", chosen=who == "waiting", action=set_who, args=("waiting",))
        show.link_count("done", len(parts["done"]), stage.done.lower(), chosen=who == "done", action=set_who, args=("done",))
        show.link_count("left", len(parts["left"]), "left care first", chosen=who == "left", action=set_who, args=("left",))
        show.link_count("unknown", len(parts["unknown"]), "can’t be told", chosen=who == "unknown", action=set_who, args=("unknown",), help="Left out of the figure.")
    rows = now if who == "now" else parts[who]
    said = stage.done if who == "done" else HOW_IT_ENDED[who][:1].upper() + HOW_IT_ENDED[who][1:]
    st.header(f"{said} ({len(rows):,})", anchor=False)
    if who == "now":
        st.caption(f"Held by {show.plain(view.teams_text)} now, whenever the wait began{plan_words(code)}. The longest wait stands first.")
    else:
        st.caption(f"Children {show.plain(words)}" + (", by the team that held them then." if view.teams else ".") + ("" if who == "unknown" else " The longest wait stands first."))
    if who == "left" and parts["left"]["late_event"].notna().any():
        late = int(parts["left"]["late_event"].notna().sum())
        st.caption(f"{look.count(late, 'child', 'children')} had it recorded on a day after leaving care: counted as left.")
    if not len(rows):
        show.empty("Nobody", "No child stands behind this number.")
        return
    rows = rows.assign(why=waiting.sentences(rows, code))
    columns = ["begun", *(["ended"] if who in ("done", "left") else []), "months", "days"] if who != "unknown" else ["care_started", "begun", "needs"]
    columns += ["reason_ceased"] if who == "left" else []
    columns += ["plan"] if code == "achieved" or who == "done" else []
    columns += ["team", "worker", *(["team_then"] if view.teams and who != "now" else []), "why"]
    show.children_list(rows, columns, f"waits-{code}-{who}", height=show.height(rows, 420), alt=said, extra={name: make() for name, make in wait_columns(stage, who).items() if name in columns})
    out = rows.drop(columns=["plan_code"]).rename(columns={
        "team_then": "Team when the wait began", "care_ceased": "Left care on", "reason_ceased": "Reason left care", "plan": "Permanence plan", "begun": "Wait began", "ended": "Wait ended, or as-at date",
        "days": "Days waited", "months": "Whole months waited", "fate": "How it stands", "needs": "Why it can’t be told", "late_event": "Recorded after leaving care",
    })  # fmt: skip
    out["How it stands"] = out["How it stands"].map({"waiting": "Still waiting", "done": stage.done, "left": "Left care first", "unknown": "Cannot tell"})
    downloads.offer_list(out, f"waits-{code}-{who}-{view.as_at.isoformat()}", view.about | {"Children": "held now by the teams" if who == "now" else words, "Stage": stage.title}, title=said)


def plan_words(code: str) -> str:
    plan = state.param("plan", list(look.PERMANENCE_PLAN)) if code == "achieved" else None
    return f", with the plan {look.PERMANENCE_PLAN[plan].lower()}" if plan else ""


def set_who(who: str) -> None:
    state.set_params(who=who)


def wait_columns(stage: waiting.Stage, who: str) -> dict:
    text = st.column_config.TextColumn
    return {
        "begun": lambda: show.date_column("Care began" if stage.code == "plan" else "Plan agreed"), "care_started": lambda: show.date_column("Care began"),
        "ended": lambda: show.date_column(stage.done if who == "done" else "Left care", width=140),
        "months": lambda: show.number_column("Months", width=75, help="Whole calendar months."), "days": lambda: show.number_column("Days", width=70),
        "reason_ceased": lambda: text("Reason", width=230), "plan": lambda: text("Permanence plan", width=210), "needs": lambda: text("Why it can’t be told", width=330),
        "team": lambda: show.team_column(help="The team that holds the child now, or held it when care ended."), "team_then": lambda: show.team_column("Team when it began"),
    }  # fmt: skip


def compared(view: frame.View, code: str, stage: waiting.Stage, begun: pd.DataFrame, chosen: pd.DataFrame, found: waiting.Curve | None, smallest: int, covered: waiting.Coverage) -> None:
    """By year (every wait), by team (of those in the line), and the line's own numbers."""
    tabs = st.tabs(["By year", "By team", "The line in numbers"])
    number = st.column_config.NumberColumn
    common = {
        "periods": number("Waits", width=70), "done": number(stage.done, width=110 if code == "plan" else 150), "left": number("Left care first", width=105), "waiting": number("Still waiting", width=100),
        "unknown": number("Cannot tell", width=90), "median": st.column_config.TextColumn("Half had it within", width=165), "interval": st.column_config.TextColumn("95% interval", width=220),
        "longest": number("Longest still waiting, days", width=180),
    }  # fmt: skip
    labels = {name: {"periods": "Waits", "done": stage.done, "left": "Left care first", "waiting": "Still waiting", "unknown": "Cannot tell", "median": "Half had it within", "interval": "95% interval", "longest": "Longest still waiting, days"}[name] for name in common}
    with tabs[0]:
        table = waiting.by_year(begun, view.as_at, smallest, covered.since)
        if len(table):
            table = table.assign(whole=["all" if whole else "part" for whole in table["whole"]])
            columns = ["words", "whole", *(name for name in common if name != "unknown")]
            st.dataframe(
                table, hide_index=True, key=f"years-{code}", column_order=columns, height=show.height(table), alt="Waits by the year in which they began", placeholder="",
                column_config=common | {"words": st.column_config.TextColumn(f"{'Came into care' if code == 'plan' else 'Plan agreed'} in", width=135), "whole": st.column_config.TextColumn("In the extract", width=100, help="all: children who left care are in the extract for the whole year. part: only from some day on.")},
            )  # fmt: skip
            st.caption(f"Years from 1 April to 31 March. “Too few”: fewer than {smallest} waits, or most had left care by then. Choose a year above to see its line and its children.")
            downloads.offer_list(table[columns].rename(columns=labels | {"words": "Year", "whole": "In the extract"}), f"waits-{code}-by-year-{view.as_at.isoformat()}", view.about | {"Stage": stage.title}, title="Waits by year")
        else:
            show.empty("No waits", "No wait is known for these children.")
    with tabs[1]:
        if waiting.allocations_loaded(view.results):
            by_team(view, code, stage, chosen, common, labels, smallest)
        else:
            show.empty("Can’t be told by team", "Allocations are not loaded, so which team held the child when the wait began isn’t known. Load Allocations to see it.", ":material/help:")
    with tabs[2]:
        if found is None:
            show.empty("No line", "No wait is known for these children.")
            return
        table = waiting.numbers(found, waiting.ticks(found, view.as_at, 40), view.as_at)
        names = {"months": "Months", "days": "Days", "at_risk": "Waited so long and in view", "had": f"{stage.done} by then", "share": "Still waiting, %", "low": "Lower 95% limit", "high": "Upper 95% limit"}
        st.dataframe(table, hide_index=True, placeholder="", key=f"line-{code}", height=show.height(table, 420), width="content", alt="The line in numbers", column_config={name: number(label) for name, label in names.items()})
        downloads.offer_list(table.rename(columns=names), f"waits-{code}-line-{view.as_at.isoformat()}", view.about | {"Stage": stage.title}, title="The line in numbers")


def by_team(view: frame.View, code: str, stage: waiting.Stage, rows: pd.DataFrame, common: dict, labels: dict, smallest: int) -> None:
    table = waiting.by_team(rows, view.as_at, smallest)
    if not len(table):
        show.empty("No waits", "No wait is known for these children.")
        return
    st.dataframe(
        table, hide_index=True, key=f"teams-{code}", column_order=["team", *common], height=show.height(table), alt="Waits by the team that held the child when they began", placeholder="",
        column_config=common | {"team": st.column_config.TextColumn("Team when the wait began", width=200)},
    )  # fmt: skip
    st.caption(
        "By the team that held the child when the wait began, in name order and not ranked: teams hold different children, and most of a wait may have passed with another team. "
        f"“Too few”: fewer than {smallest} waits, or most had left care by then. To list a team’s children, choose it at the side."
    )
    downloads.offer_list(table.rename(columns=labels | {"team": "Team when the wait began"}), f"waits-{code}-by-team-{view.as_at.isoformat()}", view.about | {"Stage": stage.title}, title="Waits by team")


page()
