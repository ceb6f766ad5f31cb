"""The assistant director's pack: what its workbook and its PDF hold, from the same frames as the pages. Nothing is drawn here.

By default the pack names nobody: what leaves the service has child IDs, and no names of children, workers, IROs or chairs; nor `why`,
which can repeat an action's or a change's own words. `names=True` puts them in, and both files say so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pandas as pd

from cpm_metrics.engine import Results
from cpm_metrics.rules import all_rules, rule
from cpm_metrics.settings import Settings, text_of
from cpm_metrics.store import LoadInfo
from cpm_metrics.store.state import State
from cpm_metrics.views import (
    drift,
    exceptions,
    funnel,
    history,
    lists,
    look,
    proceedings,
    quality,
    teams,
    xmr,
)
from cpm_metrics.views.contract import compliance, left_out, rules
from cpm_metrics.views.look import NO_TEAM

RULES = ("initial-cpm", "statutory-review", "cpm-before-review", "permanence-plan")  # whose trend and teams the PDF shows, unless others are chosen
WHO = ("name", "worker", "iro", "why", "chair")  # what stands in a list only with names

HEADERS = {
    "what": "What", "rows": "How many", "children": "Children", "note": "Note", "rule": "Rule code", "title": "Rule", "level": "Level", "on_time": "On time", "late": "Late",
    "missed": "Missed", "overdue": "Overdue", "counted": "Counted", "cannot_tell": "Cannot tell", "rate": "On time, %", "team": "Team", "in_care_now": "Children in care",
    "overdue_now": "Overdue now", "due_soon_now": "Due soon now", "flags": "Drift flags", "child_id": "Child ID", "name": "Name", "worker": "Social worker", "iro": "IRO",
    "status": "Status", "anchor_date": "Set off on", "due_date": "Due date", "days": "Days overdue", "days_left": "Days left", "next_cpm": "Next CPM booked", "in_care": "In care now",
    "care_started": "Period of care from", "exception": "Manager’s exception until", "why": "Why", "sign": "Sign of drift", "since": "Since", "figure": "Figure", "unit": "Unit", "grade": "Grade",
    "issued": "Proceedings issued", "week": "Week", "plan_due": "Final care plan due", "plan_filed": "Final care plan filed", "filing": "Filing", "cpm": "Final plan CPM", "cpm_due": "Final plan CPM due by",
    "booked": "Final plan CPM booked", "la": "LA assessment", "experts": "Expert assessments", "chair": "Chair", "considerations": "Considerations", "attendance": "Attendance", "missing": "Still missing",
    "told": "Can be told", "all": "Obligations", "percent": "Can be told, %", "where": "Where it is missing", "needs": "What is missing", "rules": "Rules that need it", "obligations": "Obligations", "fixes": "Things to enter", "fix": "What to ask for",
    "kind": "Kind", "question": "Question", "limits": "Limit in use", "default": "Default", "source": "Source", "on": "On", "code": "Code", "word": "Word", "meaning": "Meaning",
}  # fmt: skip


@dataclass(frozen=True)
class Sheet:
    """One list of the workbook. `empty`: what it says without rows."""

    name: str
    frame: pd.DataFrame
    empty: str = "None."
    says: str = ""


@dataclass(frozen=True)
class Chart:
    """One chart of the PDF: `kind` says how it is drawn, `data` from what; `reading` is the sentence (or few) under its title; `headers`,
    `rows` (texts) and `widths` are its table; `alt` says it to whoever can't see it."""

    kind: str
    title: str
    reading: Sequence[str]
    headers: tuple[str, ...]
    rows: list[tuple[str, ...]]
    widths: tuple[float, ...]
    data: Any
    alt: str


@dataclass(frozen=True)
class Pack:
    """`facts`: what it stands for, in the order of the front page. `headlines`: what, rows, children, note."""

    as_at: date
    reconstructed: bool
    names: bool
    teams_text: str
    facts: dict[str, str]
    headlines: pd.DataFrame
    sheets: list[Sheet]
    charts: list[Chart] = field(default_factory=list)

    @property
    def file_name(self) -> str:
        """Without an ending; no name and no team in it."""
        return f"directors-pack-{self.as_at.isoformat()}" + ("-reconstructed" if self.reconstructed else "") + ("-with-names" if self.names else "")


def make(
    results: Results, info: LoadInfo, state: State, *, chosen: Sequence[str] = (), start: date, end: date, names: bool = False, charted: Sequence[str] = RULES, today: date | None = None,
    of_all: bool = True,
) -> Pack:
    """The pack for the as-at date of `results` and the chosen teams (none: all), counting what fell due from `start` to `end`.

    Args:
        state: where managers' exceptions and the marked rebases of charts are kept.
        charted: rules with a chart over time and one by team.
        today: the day on which it is made: an extract is too old as of today, not as of the as-at date.
        of_all: whether the results are of every child of the extract, and not only of those that someone may see.
    """
    chosen = list(chosen)
    by_rule = teams.by_rule(results, start, end, chosen)
    flags = lists.flags(results, teams=chosen)
    forced = exceptions.in_force(exceptions.standing(results, state.exceptions()))
    overdue, due_soon = (exceptions.beside(lists.obligations(results, teams=chosen, statuses=(status,)), forced) for status in ("overdue", "due_soon"))
    ready = proceedings.select(proceedings.of_teams(proceedings.all_proceedings(results), chosen), "ready")
    told = quality.by_rule(quality.of_teams(quality.assessable(results), chosen), on=[r.code for r in all_rules() if results.settings[f"{r.code}.on"]])
    smallest = max(results.settings["general.smallest_counted"], 1)
    told["percent"] = told["percent"].where(told["all"] >= smallest)
    facts = _facts(results, info, chosen, start, end, names, today or date.today(), of_all)
    silent = flags[flags["indicator"] == "silent-drift"].reset_index(drop=True)
    headlines = _headlines(results, chosen, by_rule, flags, ready, overdue, due_soon, smallest)
    people = {"names": names}
    sheets = [
        Sheet("By rule", by_rule.drop(columns=["rule"]), "Nothing fell due in this time.", f"what fell due from {look.day(start)} to {look.day(end)}"),
        Sheet("By team", _by_team(results, chosen, start, end, counts_of(flags, overdue, due_soon)), "Nothing fell due in this time.", "teams in name order, not ranked; counted by who held the case when it fell due; children and flags by who holds the child now"),
        Sheet("Rule by team", _rule_by_team(results, chosen, start, end), "Nothing fell due in this time."),
        Sheet("Overdue", _list(overdue, ["child_id", "name", "team", "worker", "iro", "title", "level", "status", "anchor_date", "due_date", "days", "next_cpm", "in_care", "exception", "why"], **people)),
        Sheet("Due soon", _list(due_soon, ["child_id", "name", "team", "worker", "iro", "title", "level", "status", "due_date", "days_left", "next_cpm", "in_care", "exception", "why"], **people)),
        Sheet("Drift flags", _flags(flags, **people), says="listed, never added up into a score"),
        Sheet("Silent drift", _flags(silent, **people), _sentence(_not_worked_out(results, "silent-drift")) or "None.", "every meeting of the time in time, and the plan stands still"),
        Sheet("Final plan readiness", _list(ready, ["child_id", "name", "team", "worker", "iro", "issued", "week", "plan_due", "filing", "cpm_due", "cpm", "booked", "chair", "la", "experts", "considerations", "attendance", "missing", "why"], **people),
              "None." if proceedings.loaded(results) else "Cannot tell: no proceedings were loaded.", "final plan CPM or filing within “due soon”, or past and not done; by the team that holds the child now"),
        Sheet("Data quality", told.drop(columns=["rule", "share"]), says="how much can be told, per rule"),
        Sheet("What is missing", quality.missing_groups(quality.unassessable(results, chosen)).assign(where=lambda f: f["where"].map(quality.WHERE)), "Nothing: every obligation can be told."),
        Sheet("Definitions", definitions(results.settings)),
        Sheet("Words", words(results.settings)),
    ]  # fmt: skip
    charts = [_by_rule_chart(by_rule, start, end, smallest), _overdue_chart(overdue), _team_chart(results, chosen, start, end)]
    for code in charted:
        if results.settings[f"{code}.on"]:
            charts += [_trend(results, code, chosen, state), _teams_of(results, code, start, end, chosen)]
    charts += [_drift_chart(results, chosen), _told_chart(told, smallest)]
    return Pack(results.as_at, results.reconstructed, names, _teams_text(chosen), facts, headlines, sheets, charts)


def counts_of(flags: pd.DataFrame, overdue: pd.DataFrame, due_soon: pd.DataFrame) -> dict[str, pd.Series]:
    """Column of By team -> how many for each team (NO_TEAM where none is recorded)."""
    return {name: frame["team"].fillna(NO_TEAM).value_counts() for name, frame in (("overdue_now", overdue), ("due_soon_now", due_soon), ("flags", flags))}


# -- the front page


def _teams_text(chosen: Sequence[str]) -> str:
    return ", ".join(chosen) if chosen else "all teams"


def _facts(results: Results, info: LoadInfo, chosen: list[str], start: date, end: date, names: bool, today: date, of_all: bool) -> dict[str, str]:
    limit = results.settings["general.stale_extract"]
    old = (today - info.extract_date).days
    stale = history.is_older_than(info.extract_date, limit, today)
    held = drift.children_in_care(results)
    in_care = sum(n for team, n in held.items() if not chosen or team in chosen)
    homeless = held.get(None, 0)
    short = left_out(results)
    carried = {name: day for name, day in history.carried_on(info).items() if day != info.extract_date}
    changed = [s.title for s in results.settings.declared.values() if results.settings[s.name] != s.default]
    unassessed = lists.not_assessed(results)
    cannot_tell, _, of_all = _untold(results, chosen)
    return {
        "As at": look.day(results.as_at),
        "Extract taken on": look.day(info.extract_date),
        "Reconstructed": f"Yes: put together for {look.day(results.as_at)} from the extract of {look.day(info.extract_date)}. What was recorded or corrected after that day may differ from what was known then. {lists.too_small(results, of_all=of_all)}".rstrip() if results.reconstructed else "No: as the extract had it.",
        "Age of the extract": (f"Too old: {look.days(old)} on {look.day(today)} (the limit is {limit.text}). What happened since then is not in it." if stale else f"{look.days(old)} on {look.day(today)}, within the limit of {limit.text}.")
        + ("" if not carried else " Older datasets, carried on from an earlier load: " + ", ".join(f"{history.DATASETS[name].title} ({look.day(day)})" for name, day in carried.items()) + "."),
        "Teams": _teams_text(chosen),
        "Counted": f"what fell due from {look.day(start)} to {look.day(end)}, both included; lists: as at {look.day(results.as_at)}",
        "Children in care": f"{in_care:,}" + ("" if not homeless else f" ({homeless:,} more have no team recorded, and so are in no team’s list of flags)" if chosen else f", {homeless:,} of them with no team recorded"),
        "Left out": f"{look.count(short, 'child', 'children')} in the whole council with short breaks only (legal status V3 or V4): in no figure of this pack.",
        "Cannot tell": f"{cannot_tell:,} of {of_all:,} obligations of every year in the extracts: what the rule needs is not in them. Never counted as done, never as overdue."
        + (f" Not assessed at all: {', '.join(title for title, _ in unassessed)}." if unassessed else ""),
        "Percentages": f"only where {results.settings['general.smallest_counted']} or more were counted; counts always",
        "Settings": f"{look.count(len(changed), 'figure')} set by the council, other than the default (see Definitions): {'; '.join(changed)}." if changed else "every figure at its default",
        "Names": "INCLUDED: names of children and staff. Keep it within the service." if names else "left out: children by ID only, no staff, no free text",
    }  # fmt: skip


def _untold(results: Results, chosen: Sequence[str]) -> tuple[int, int, int]:
    """(obligations that can't be told, about how many children, all obligations), of every year."""
    (found,) = results.rows(
        """SELECT count(*) FILTER (status = 'cannot_tell'), count(DISTINCT child_id) FILTER (status = 'cannot_tell'), count(*)
           FROM obligation_facts WHERE $teams IS NULL OR list_contains($teams, team)""",
        {"teams": list(chosen) or None},
    )
    return found


def _headlines(results: Results, chosen: list[str], by_rule: pd.DataFrame, flags: pd.DataFrame, ready: pd.DataFrame, overdue: pd.DataFrame, due_soon: pd.DataFrame, smallest: int) -> pd.DataFrame:
    on_time, counted = int(by_rule["on_time"].sum()), int(by_rule["counted"].sum())
    rate = 100 * on_time / counted if counted >= smallest else None
    in_care = overdue[overdue["in_care"].astype(bool)]
    accepted = overdue[overdue["exception"].notna()]
    due = due_soon[due_soon["in_care"].astype(bool)]
    untold, untold_children, _ = _untold(results, chosen)
    unseen = lists.not_assessed(results)
    rows = [
        ("Overdue", len(overdue), overdue["child_id"].nunique(), f"{len(in_care):,} of them about {look.count(in_care['child_id'].nunique(), 'child', 'children')} in care now"),
        ("Overdue with a manager’s exception", len(accepted), accepted["child_id"].nunique(), "still counted as overdue"),
        ("Due soon", len(due_soon), due_soon["child_id"].nunique(), f"within {results.settings['general.due_soon'].text}, that day included; {len(due):,} of them about children in care now"),
        _sign(results, chosen, flags, "nothing-booked", "CPM overdue or due soon, nothing booked", ""),
        _sign(results, chosen, flags, "silent-drift", "Silent drift", "every meeting in time, and the plan stands still"),
        ("Drift flags, all", len(flags), flags["child_id"].nunique(), "listed, never added up into a score" + (f"; {look.count(len(unseen), 'sign')} can’t be assessed from what was loaded" if unseen else "")),
        ("Final plans to get ready", len(ready), ready["child_id"].nunique(), "proceedings whose final plan CPM or filing is near, or past and not done") if proceedings.loaded(results)
        else ("Final plans to get ready", None, None, "cannot tell: no proceedings were loaded"),
        ("Fell due and counted", counted, None, f"{on_time:,} on time" + (f" ({teams.percent(rate)})" if rate is not None else "") + f", {int(by_rule['cannot_tell'].sum()):,} more can’t be told; all rules together: see By rule"),
        ("Cannot tell, of every year", untold, untold_children, "see Data quality"),
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["what", "rows", "children", "note"]).astype({"rows": "Int64", "children": "Int64"})


def _not_worked_out(results: Results, code: str) -> str:
    """Why no flag of an indicator can be there, in words; "" where it is worked out."""
    if not results.settings[f"{code}.on"]:
        return "switched off in Settings: not worked out"
    needs = results.rows("SELECT needs FROM unassessable WHERE indicator = ?", [code])
    return f"cannot tell: the extracts do not have {needs[0][0]}" if needs else ""


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}." if words else ""


def _sign(results: Results, chosen: list[str], flags: pd.DataFrame, code: str, title: str, note: str) -> tuple:
    """A line about one indicator. Where it isn't worked out there is no number: nought would say that there is none."""
    lacking = _not_worked_out(results, code)
    if lacking:
        return title, None, None, lacking
    mine = flags[flags["indicator"] == code]
    found = drift.matrix(results, chosen).frame.set_index("indicator")
    untold = int(found.loc[code, "cannot_tell"] or 0)
    unknown = f"for {look.count(untold, 'more child', 'more children')} it can’t be told" if untold else ""
    return title, len(mine), mine["child_id"].nunique(), "; ".join(part for part in (note, unknown) if part)


# -- the lists


def _list(frame: pd.DataFrame, columns: Sequence[str], *, names: bool) -> pd.DataFrame:
    out = frame[[name for name in columns if names or name not in WHO]].copy()
    for name, words in (("status", look.STATUS), ("level", look.LEVEL)):
        if name in out:
            out[name] = [words[code].label for code in out[name]]
    return out


def _flags(frame: pd.DataFrame, *, names: bool) -> pd.DataFrame:
    out = _list(frame.rename(columns={"title": "sign"}), ["child_id", "name", "team", "worker", "sign", "since", "figure", "unit", "grade", "why"], names=names)
    out["grade"] = [proceedings.GRADE[grade].label if isinstance(grade, str) and grade in proceedings.GRADE and grade else None for grade in out["grade"]]
    return out


def _by_team(results: Results, chosen: list[str], start: date, end: date, now: dict[str, pd.Series]) -> pd.DataFrame:
    """One row per team, in name order: children in care, what is overdue, due soon and flagged now, and the counts of what fell due."""
    counts = compliance(results, "team", start, end, chosen or None)
    counts["team"] = counts["team"].fillna(NO_TEAM)
    held = {NO_TEAM if team is None else team: n for team, n in drift.children_in_care(results, chosen).items()}
    every = sorted({*counts["team"], *held, *(team for column in now.values() for team in column.index)}, key=lambda team: (team == NO_TEAM, team))
    out = pd.DataFrame({"team": every, "in_care_now": [held.get(team, 0) for team in every]} | {name: [int(column.get(team, 0)) for team in every] for name, column in now.items()})
    out = out.astype({"team": object}).merge(counts.astype({"team": object}), on="team", how="left")
    number = ["on_time", "late", "missed", "overdue", "counted", "cannot_tell"]
    out[number] = out[number].fillna(0).astype("int64")
    return out


def _rule_by_team(results: Results, chosen: list[str], start: date, end: date) -> pd.DataFrame:
    frame = compliance(results, ["rule", "team"], start, end, chosen or None)
    frame["team"] = frame["team"].fillna(NO_TEAM)
    by_code = {one.code: one for one in all_rules()}
    frame.insert(1, "title", [by_code[code].title for code in frame["rule"]])
    frame.insert(2, "level", [look.LEVEL[by_code[code].level].label for code in frame["rule"]])
    frame["place"] = [by_code[code].order for code in frame["rule"]]
    return frame.sort_values(["place", "team"], kind="stable", ignore_index=True).drop(columns=["place", "rule"])


def definitions(settings: Settings) -> pd.DataFrame:
    """Every rule and indicator: question, limit in use, default, level, source, on."""
    frame = rules(settings)
    default = rules().set_index("code")["limits"]
    frame["default"] = frame["code"].map(default)
    frame["level"] = [look.LEVEL[level].label if level else "" for level in frame["level"]]
    frame["kind"] = frame["kind"].map({"rule": "Rule", "indicator": "Sign of drift"})
    return frame[["title", "kind", "question", "limits", "default", "level", "source", "on", "code"]]


def words(settings: Settings) -> pd.DataFrame:
    rows = [
        ("Obligation", "One thing that was due for one child: set off on one day, due on another, and met, missed or still open."),
        *((words.label, words.meaning) for words in look.STATUS.values()),
        ("On time, %", "On time ÷ (on time + late + missed + overdue). What can’t be told, lapsed or isn’t due yet is not in it. Blank where fewer than "
         f"{settings['general.smallest_counted']} were counted."),
        *((words.label, words.meaning) for words in look.LEVEL.values()),
        ("Team", "An obligation counts for the team that held the case when it fell due. A drift flag counts for the team that holds the child now."),
        ("Reconstructed", "A view for a date before the extract was taken: put together from what is known now."),
        ("Manager’s exception", "A manager’s reason why an obligation is accepted as it is, until a day. It stays overdue, and is counted so."),
        *((s.title, f"{s.help} In use: {text_of(settings[s.name])}; default: {text_of(s.default)}.") for s in settings.declared.values() if s.name.startswith("general.")),
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["word", "meaning"])


# -- the charts


def _by_rule_chart(by_rule: pd.DataFrame, start: date, end: date, smallest: int) -> Chart:
    shown = by_rule[by_rule["counted"] >= smallest].reset_index(drop=True)
    few = len(by_rule) - len(shown)
    on_time, counted = int(by_rule["on_time"].sum()), int(by_rule["counted"].sum())
    reading = [f"From {look.day(start)} to {look.day(end)}, {on_time:,} of {counted:,} obligations that fell due and could be told were done on time"
               + (f" ({teams.percent(100 * on_time / counted)})" if counted >= smallest else "") + f"; {int(by_rule['cannot_tell'].sum()):,} more can’t be told."]  # fmt: skip
    if few:
        reading.append(f"{look.count(few, 'rule')} with fewer than {smallest} counted {'stands' if few == 1 else 'stand'} in the table alone, without a percentage.")
    return Chart(
        "shares", "What fell due, by rule", reading, ("Rule", "Level", "On time", "Late", "Missed", "Overdue", "Counted", "On time, %", "Cannot tell"),
        [(r.title, r.level, *_n(r.on_time, r.late, r.missed, r.overdue, r.counted), _percent(r.rate, r.counted), *_n(r.cannot_tell)) for r in by_rule.itertuples()],
        (34, 12, 9, 8, 8, 9, 9, 10, 9), shown, _alt("On time by rule", ((r.title, f"{teams.percent(r.rate)} of {r.counted:,}") for r in shown.itertuples())),
    )  # fmt: skip


def _overdue_chart(overdue: pd.DataFrame) -> Chart:
    place = {one.title: one.order for one in all_rules()}
    found = overdue.assign(in_care=overdue["in_care"].astype(bool)).groupby("title").agg(rows=("obligation_id", "size"), children=("child_id", "nunique"), now=("in_care", "sum"), longest=("days", "max")).reset_index()
    found = found.sort_values("title", key=lambda titles: titles.map(place), ignore_index=True)
    now = int(found["now"].sum())
    reading = [f"{look.count(len(overdue), 'obligation')} overdue, about {look.count(overdue['child_id'].nunique(), 'child', 'children')}; {now:,} of them about children in care now, the rest left open when care ended."
               if len(overdue) else "Nothing is overdue."]  # fmt: skip
    return Chart(
        "overdue", "Overdue now, by rule", reading, ("Rule", "Overdue", "of children in care now", "Children", "Most days overdue"),
        [(r.title, *_n(r.rows, r.now, r.children, r.longest)) for r in found.itertuples()], (46, 12, 18, 12, 16), found,
        _alt("Overdue by rule", ((r.title, f"{r.rows:,}") for r in found.itertuples())),
    )  # fmt: skip


def _team_chart(results: Results, chosen: list[str], start: date, end: date) -> Chart:
    found = compliance(results, "team", start, end, chosen or None)
    found["team"] = found["team"].fillna(NO_TEAM)
    found = found.sort_values("team", key=lambda names: names.map(lambda name: (name == NO_TEAM, name)), ignore_index=True)
    return Chart(
        "teams", "What fell due, by team", ["All rules together, by the team that held the case when it fell due, in name order. A longer bar means that more fell due, not better or worse work: teams hold different children."],
        ("Team", "On time", "Late", "Missed", "Overdue", "Counted", "On time, %", "Cannot tell"),
        [(r.team, *_n(r.on_time, r.late, r.missed, r.overdue, r.counted), _percent(r.rate, r.counted), *_n(r.cannot_tell)) for r in found.itertuples()], (34, 9, 9, 9, 9, 10, 11, 11), found,
        _alt("By team", ((r.team, f"{r.on_time:,} of {r.counted:,} on time") for r in found.itertuples())),
    )  # fmt: skip


def _trend(results: Results, code: str, chosen: list[str], state: State) -> Chart:
    x = xmr.xmr(results, code, chosen, None, state.saved("rebase", rebases_of(code, chosen)))
    reading = [" ".join(xmr.words(x)), f"What fell due in each {x.every}, as it is known on {look.day(results.as_at)}; the {x.every} that isn’t over is left out." + (" Limits: mean ± 2.66 × the mean moving range (Making Data Count)." if x.counted_points else "")]
    if xmr.only_those_in_care(results):
        reading.append("The extract has no child who left care: earlier times hold only those who stayed.")
    return Chart(
        "trend", f"{x.title}: over time", reading, (x.every.capitalize(), "On time", "Counted", "Cannot tell", "On time, %", "Signal"),
        [(p.label, *_n(p.on_time, p.counted, p.cannot_tell), "too few" if pd.isna(p.percent) else teams.percent(p.percent), "; ".join(xmr.SIGNALS[s] for s in p.signals)) for p in x.points.itertuples()],
        (16, 10, 10, 10, 10, 44), x, f"{x.title} over time. {reading[0]}",
    )  # fmt: skip


def _teams_of(results: Results, code: str, start: date, end: date, chosen: list[str]) -> Chart:
    f = funnel.funnel(results, code, start, end, chosen)
    reading = [" ".join(funnel.words(f, teams.percent)), "Teams are not ranked. A child has several obligations, and one late review makes the next late, so teams differ by more than the limits allow for."]
    return Chart(
        "funnel", f"{f.title}: teams beside each other", reading, ("Team", "On time", "Counted", "Cannot tell", "On time, %", "Compared with all teams"),
        [(r.team, *_n(r.on_time, r.counted, r.cannot_tell), _percent(r.rate, r.counted), funnel.PLACES[r.place].label) for r in f.teams.itertuples()], (30, 10, 10, 10, 10, 30), f,
        f"{f.title} by team. {reading[0]}",
    )  # fmt: skip


def _drift_chart(results: Results, chosen: list[str]) -> Chart:
    found = drift.matrix(results, chosen).frame
    shown = found[found["assessed"].astype(bool)].reset_index(drop=True)
    not_assessed = found[~found["assessed"].astype(bool)]["title"].tolist()
    children = lists.flags(results, teams=chosen)["child_id"].nunique()
    reading = [f"{look.count(children, 'child', 'children')} of {sum(drift.children_in_care(results, chosen).values()):,} in care {'has' if children == 1 else 'have'} one or more signs of drift. A child can have several: they are never added up into a score."]
    if not_assessed:
        reading.append(f"Not assessed, because the extracts lack what they need: {', '.join(not_assessed)}.")
    return Chart(
        "drift", "Signs of drift", reading, ("Sign", "Children", "Cannot tell", "What it asks"),
        [(r.title, "not assessed" if not r.assessed else f"{int(r.all):,}", "" if not r.assessed else f"{int(r.cannot_tell):,}", r.question) for r in found.itertuples()], (28, 11, 11, 60), shown,
        _alt("Children by sign of drift", ((r.title, f"{int(r.all):,}") for r in shown.itertuples())),
    )  # fmt: skip


def _told_chart(told: pd.DataFrame, smallest: int) -> Chart:
    everything, cannot = int(told["all"].sum()), int(told["cannot_tell"].sum())
    reading = [f"Of {everything:,} obligations of every year in the extracts, {everything - cannot:,} can be told and {cannot:,} can’t. What can’t be told is never counted as done and never as overdue."]
    shown = told[told["all"] >= smallest].reset_index(drop=True)
    return Chart(
        "told", "How much can be told", reading, ("Rule", "Obligations", "Can be told", "Cannot tell", "Can be told, %"),
        [(r.title, *_n(r.all, r.told, r.cannot_tell), "" if pd.isna(r.percent) else f"{r.percent:g}%") for r in told.itertuples()], (46, 14, 14, 14, 14), shown,
        _alt("Can be told by rule", ((r.title, f"{r.told:,} of {r.all:,}") for r in shown.itertuples())),
    )  # fmt: skip


def _n(*numbers: Any) -> tuple[str, ...]:
    return tuple("" if pd.isna(n) else f"{int(n):,}" for n in numbers)


def _percent(rate: Any, counted: int) -> str:
    return "" if not counted else teams.percent(rate) or "too few"


def _alt(what: str, pairs) -> str:
    return f"{what}: " + "; ".join(f"{name} {text}" for name, text in pairs) + "."


def charted_rules(settings: Settings) -> list[str]:
    """Rules that can be charted: those that are on."""
    return [one.code for one in all_rules() if settings[f"{one.code}.on"]]


def rebases_of(code: str, chosen: Sequence[str]) -> str:
    """Under which name the rebases marked on a rule's chart are kept."""
    return xmr.owner(code, chosen)


def title_of(code: str) -> str:
    return rule(code).title
