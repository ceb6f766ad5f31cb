"""Data quality: how much can be told, what keeps the rest from being told and who can enter it, and how late records come.

Nothing here judges practice: an obligation that can't be told is neither done nor overdue.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import pandas as pd

from cpm_metrics.engine import Results
from cpm_metrics.extracts.datasets import DATASETS
from cpm_metrics.indicators import all_indicators
from cpm_metrics.rules import all_rules
from cpm_metrics.store import LoadInfo, Snapshot, connect
from cpm_metrics.views import lists, look

EXTRACT, RECORD = "extract", "record"
WHERE = {RECORD: "In the child’s record", EXTRACT: "In the extract itself"}

# -- how much can be told


def assessable(results: Results) -> pd.DataFrame:
    """One row per rule and team that had anything due: rule, team, told (obligations whose status is known), all."""
    return results.frame(
        "SELECT rule, team, count(*) FILTER (status <> 'cannot_tell') AS told, count(*) AS \"all\" FROM obligation_facts GROUP BY ALL ORDER BY ALL"
    )


def of_teams(frame: pd.DataFrame, teams: Sequence[str]) -> pd.DataFrame:
    """Rows of the chosen teams; all when none is chosen."""
    return frame[frame["team"].isin(list(teams))].reset_index(drop=True) if teams else frame


def by_rule(found: pd.DataFrame, on: Iterable[str] | None = None) -> pd.DataFrame:
    """`assessable` added up: rule, title, told, all, cannot_tell, share ("142 of 160"), percent (0 to 100, blank when nothing
    was due). Every rule in `on` (by default all) has a row, in the order of the rules."""
    sums = found.groupby("rule")[["told", "all"]].sum()
    rows = []
    for rule in all_rules():
        if on is not None and rule.code not in on:
            continue
        told, everything = (int(n) for n in sums.loc[rule.code]) if rule.code in sums.index else (0, 0)
        rows.append((rule.code, rule.title, told, everything, everything - told, share(told, everything), percent(told, everything)))
    return pd.DataFrame(rows, columns=["rule", "title", "told", "all", "cannot_tell", "share", "percent"])


def share(told: int, everything: int) -> str:
    return f"{told:,} of {everything:,}" if everything else "nothing was due"


def percent(told: int, everything: int) -> float | None:
    """To one decimal, and 100 (0) only where it is all (none) of them."""
    if not everything:
        return None
    rate = look.percent(told, everything)
    return 99.9 if rate == 100 and told < everything else 0.1 if rate == 0 and told else rate


# -- what is missing, and what to enter


@dataclass(frozen=True)
class Fix:
    """`where`: whether one child's record or the whole extract lacks it; `needs`: what is missing, in the template's words;
    `fix`: the sentence that says what to do; `day`: of the meeting whose record it is, None where it is about the case."""

    where: str
    needs: str
    fix: str
    day: date | None = None


# What a rule says is missing -> what that is called, the column (dataset, field) that must be in the extract for the record to
# be at fault (None: it always is), the sentence, and the sentence for a text that is there and can't be read.
_RECORD: dict[str, tuple[str, tuple[str, str] | None, str, str]] = {
    "Chair role": ("Chair role", ("meetings", "chair_role"), "Enter the role of whoever chaired the {meeting} of {day}.",
                   "Write the role of whoever chaired the {meeting} of {day} in words that are known, for example Team manager."),
    "Attendee roles": ("Attendee roles", ("meetings", "attendee_roles"), "Enter the roles of those who attended the {meeting} of {day}.",
                       "Write the roles of those who attended the {meeting} of {day} in words that are known."),
    "Domains considered": ("Domains considered", ("meetings", "domains"), "Enter which of the seven areas of progress the {meeting} of {day} considered.",
                           "Write the areas of progress that the {meeting} of {day} considered in words that are known, or “All”."),
    "Domains considered in words that can be read": ("Domains considered", None, "Write the areas of progress that the {meeting} of {day} considered in words that are known, or “All”.", ""),
    "a frequency that can be read as a number of days, weeks or months": (
        "Agreed frequency", None, "Write the agreed frequency of the {meeting} of {day} as a number of days, weeks or months, for example “every 6 weeks”.", ""),
    "Final care plan due date: no filing date recorded": ("Final care plan due date", None, "Enter the date by which the final care plan is due at court, for the proceedings issued on {anchor}.", ""),
    "Due date of this action": ("Due date of an action", None, "Enter a due date for the action agreed on {anchor}: “{detail}”.", ""),
    "Permanence plan agreed date for this child's plan": ("Permanence plan agreed date", None, "Enter the date on which the permanence plan was agreed.", ""),
    "Permanence achieved date, or Actively planning for permanence": (
        "Actively planning for permanence", ("cases", "planning_permanence"), "Enter whether permanence is actively being planned for (yes or no), in the period of care from {started}.", ""),
    "proceedings open on that day": ("Proceedings", None, "Enter the proceedings that the final plan CPM of {day} belongs to, or correct their dates: none were open that day.", ""),
    "Expert assessments commissioned": ("Expert assessments commissioned", ("proceedings", "experts_commissioned"), "Enter whether expert assessments were commissioned (yes or no), in the proceedings open on {day}.", ""),
}  # fmt: skip
_TEXTS = {"Chair role": "chair_role_text", "Attendee roles": "attendee_roles_text", "Domains considered": "domains_text"}
# What no column would give.
_ASKED = {
    "Date started to be looked after (the extract begins later)": "Take the extract from further back, or add Cases with the date each child came into care: care began before the first episode in the file.",
}
_CONSIDERED = "consideration of "
_CONSIDERED_FIELDS = ("considered_parents", "considered_connected", "considered_outside_family", "considered_contact", "considered_evidence")
_TITLES = {d.title: d for d in DATASETS.values()}
_IN_DATASET = re.compile(r"^(?P<header>.+) \((?P<title>[^()]+)\)$")


def unassessable(results: Results, teams: Sequence[str] = ()) -> pd.DataFrame:
    """One row per obligation that can't be told, of the teams that held the case when it fell due.

    Columns: obligation_id, rule, title, child_id, name, anchor_date, owner (team the obligation counts for), team and worker
    (who hold the child now, or held it when care ended: who can enter it), in_care, where, needs, fix, day (as in `Fix`).
    """
    frame = results.frame(
        """
        SELECT f.obligation_id, f.rule, f.child_id, c.forename, c.surname, f.care_started, f.anchor_date, f.detail, f.missing, f.team AS owner,
            now.team, now.worker, i.child_id IS NOT NULL AS in_care, m.meeting_type, m.meeting_date, m.source AS meeting_source,
            m.chair_role_text, m.attendee_roles_text, m.domains_text
        FROM obligation_facts f
        JOIN children c ON c.child_id = f.child_id AND c.care_started = f.care_started
        JOIN children now ON now.child_id = f.child_id AND now.current
        LEFT JOIN in_care i ON i.child_id = f.child_id
        LEFT JOIN timeline_meetings m ON m.child_id = f.child_id AND m.care_started = f.care_started AND m.meeting_key = f.about_meeting
        WHERE f.status = 'cannot_tell' AND ($teams IS NULL OR list_contains($teams, f.team))
        ORDER BY f.obligation_id
        """,
        {"teams": list(teams) or None},
    )
    columns = _columns_by_source(results)
    # What the extract lacks is said once per kind; only what may stand in a record needs a look at each.
    missing = frame["missing"]
    asked = {text: _ask_for(text) for text in missing.dropna().unique()}
    fixes = [asked.get(text) for text in missing]
    in_record = missing.isna() | missing.isin(list(_RECORD)) | missing.str.startswith(_CONSIDERED, na=False)
    for at, row in zip(in_record.to_numpy().nonzero()[0], frame[in_record].to_dict("records"), strict=True):
        fixes[at] = _fix(row, columns)
    out = pd.DataFrame({
        "obligation_id": frame["obligation_id"], "rule": frame["rule"],
        "title": frame["rule"].map({rule.code: rule.title for rule in all_rules()}), "child_id": frame["child_id"],
        "name": lists.names(frame), "anchor_date": frame["anchor_date"], "owner": frame["owner"], "team": frame["team"],
        "worker": frame["worker"], "in_care": frame["in_care"], "where": [f.where for f in fixes],
        "needs": [f.needs for f in fixes], "fix": [f.fix for f in fixes], "day": pd.to_datetime([f.day for f in fixes]),
    })  # fmt: skip
    return out


def _columns_by_source(results: Results) -> dict[object, set[str]]:
    """Source number -> its columns, and dataset name -> the columns of any of its sources."""
    out: dict[object, set[str]] = {}
    for source, dataset, columns in results.rows("SELECT source, dataset, columns FROM snap.sources"):
        out[source] = set(columns)
        out.setdefault(dataset, set()).update(columns)
    return out


def _fix(row: dict, columns: dict[object, set[str]]) -> Fix:
    missing = row["missing"]
    if missing is None or pd.isna(missing):
        return Fix(RECORD, "A date", f"Check the dates of {look.day(row['anchor_date'])}: when this was due can’t be worked out.")
    if missing.startswith(_CONSIDERED):
        present = columns.get(row["meeting_source"], set())
        if present >= set(_CONSIDERED_FIELDS):
            return Fix(RECORD, "What the final plan CPM considered", _say(row, "Enter yes or no for each in the record of the {meeting} of {day}: " + missing.removeprefix(_CONSIDERED) + "."), row["meeting_date"])
        names = [DATASETS["meetings"].field(f).header for f in _CONSIDERED_FIELDS if f not in present]
        return Fix(EXTRACT, " and ".join(names), _sentence([[(name, "Meetings")] for name in names]))
    if missing in _RECORD:
        needs, column, blank, unread = _RECORD[missing]
        present = column is None or column[1] in columns.get(row["meeting_source"] if column[0] == "meetings" else column[0], set())
        if present:
            text = row.get(_TEXTS.get(missing, ""))
            written = text is not None and not pd.isna(text)
            sentence = unread if written and unread else blank
            about = row["meeting_date"] if "{day}" in sentence else row["anchor_date"] if missing == "Due date of this action" else None
            return Fix(RECORD, needs, _say(row, sentence), about)
    return _ask_for(missing)


def _say(row: dict, sentence: str) -> str:
    kind = look.MEETING_TYPE["final_plan_cpm"] if row["meeting_type"] == "final_plan_cpm" else "CPM"
    detail = row["detail"] if isinstance(row["detail"], str) else ""
    values = {"meeting": kind, "day": look.day(row["meeting_date"]) or look.day(row["anchor_date"]), "anchor": look.day(row["anchor_date"]),
              "started": look.day(row["care_started"]), "detail": detail}  # fmt: skip
    return re.sub(r"\{(\w+)\}", lambda m: values[m[1]], sentence)


def _ask_for(missing: str) -> Fix:
    """The extract lacks it: what to ask of whoever makes the reports."""
    return Fix(EXTRACT, missing, _ASKED.get(missing) or _sentence(_wanted(missing)))


def _wanted(missing: str) -> list[list[tuple[str | None, str]]]:
    """What the engine's words for something missing mean: all of a list, each one of several alternatives (column, dataset)."""
    out = []
    for part in re.split(r"; |, (?!or )", missing):
        out.append([_named(name) for name in re.split(r",? or ", part)])
    return out


def _named(name: str) -> tuple[str | None, str]:
    # "Reviews before 1 Apr 2025", "Reviews after 31 Mar 2026": those that a yearly return doesn't have.
    if re.split(" (?:before|after) ", name)[0] in _TITLES:
        return None, name
    told = _IN_DATASET.match(name)
    if told and told["title"] in _TITLES:
        return told["header"], told["title"]
    for dataset in DATASETS.values():
        if any(f.header == name for f in dataset.fields):
            return name, dataset.title
    return name, ""


def _sentence(wanted: list[list[tuple[str | None, str]]]) -> str:
    def one(column: str | None, dataset: str) -> str:
        if column is None:
            return f"load {dataset}"
        return f"add the column “{column}”" + (f" to {dataset}" if dataset else "")

    words = " and ".join(" or ".join(one(*name) for name in alternatives) for alternatives in wanted)
    return f"{words[0].upper()}{words[1:]}."


def missing_groups(rows: pd.DataFrame) -> pd.DataFrame:
    """`unassessable` grouped by what is missing: where, needs, rules (titles), obligations, children, fixes (things to enter; of the
    extract: one), fix (of the extract only). What unlocks most stands first."""
    out = []
    for (where, needs), group in rows.groupby(["where", "needs"], sort=False):
        fixes = 1 if where == EXTRACT else len(group[["child_id", "fix"]].drop_duplicates())
        out.append((where, needs, "; ".join(sorted(set(group["title"]))), len(group), group["child_id"].nunique(), fixes, group["fix"].iloc[0] if where == EXTRACT else None))
    frame = pd.DataFrame(out, columns=["where", "needs", "rules", "obligations", "children", "fixes", "fix"])
    return frame.sort_values(["obligations", "needs"], ascending=[False, True], kind="stable", ignore_index=True)


def counted_for(rows: pd.DataFrame, teams: Sequence[str]) -> pd.DataFrame:
    """Those of `unassessable` that count for the chosen teams (none chosen: all): these held the case when it fell due."""
    return rows[rows["owner"].isin(list(teams))].reset_index(drop=True) if teams else rows


def fix_list(rows: pd.DataFrame, *, in_care: bool | None = None, since: date | None = None) -> pd.DataFrame:
    """What people can enter: one row per child and thing to fix, by team, worker and name. `since` leaves out the records of
    meetings before that day; what is about the child's case stays.

    Columns: child_id, name, team, worker, in_care, needs, fix, unlocks (titles of the rules it holds up), obligations (how many).
    """
    wanted = rows[rows["where"] == RECORD]
    if in_care is not None:
        wanted = wanted[wanted["in_care"].astype(bool) == in_care]
    if since is not None:
        wanted = wanted[wanted["day"].isna() | (wanted["day"] >= pd.Timestamp(since))]
    columns = ["child_id", "name", "team", "worker", "in_care", "needs", "fix", "unlocks", "obligations"]
    if not len(wanted):
        return pd.DataFrame(columns=columns)
    grouped = wanted.groupby(["child_id", "needs", "fix"], sort=False).agg(
        name=("name", "first"), team=("team", "first"), worker=("worker", "first"), in_care=("in_care", "first"),
        unlocks=("title", lambda titles: "; ".join(sorted(set(titles)))), obligations=("obligation_id", "count"),
    )  # fmt: skip
    frame = grouped.reset_index()[columns]
    return frame.sort_values(["team", "worker", "name", "child_id", "needs", "fix"], na_position="last", kind="stable", ignore_index=True)


def indicators_without(results: Results) -> pd.DataFrame:
    """Indicators that can't be assessed: indicator, title, needs, fix."""
    titles = {thing.code: thing.title for thing in all_indicators()}
    frame = results.frame("SELECT indicator, needs FROM unassessable ORDER BY indicator")
    frame.insert(1, "title", frame["indicator"].map(titles))
    frame["fix"] = ["In Settings, switch on what it is worked out from." if "switched off" in needs else _ask_for(needs).fix for needs in frame["needs"]]
    return frame


# -- problems of a load

PROBLEM_COLUMNS = ("severity", "dataset", "file", "sheet", "row", "column", "header", "value", "kind", "message", "remedy", "across", "from_load")


def problems(snapshot: Snapshot) -> pd.DataFrame:
    """Every problem of a load, those of datasets carried on included: the columns of PROBLEM_COLUMNS."""
    frame = snapshot.frame("FROM snapshot.problems")[list(PROBLEM_COLUMNS)]
    return frame.astype({"row": "Int64"})


def problem_groups(found: pd.DataFrame) -> pd.DataFrame:
    """One row per kind: severity, dataset, header, kind, message (of the most of them), remedy, problems (how many)."""
    out = []
    for (severity, dataset, kind, header), group in found.groupby(["severity", "dataset", "kind", "header"], sort=False, dropna=False):
        message, remedy = group.groupby(["message", "remedy"], sort=False, dropna=False).size().idxmax()
        kinds = group["message"].nunique()
        out.append((severity, dataset, header, kind, message + (f" (and {look.count(kinds - 1, 'similar message')})" if kinds > 1 else ""), remedy, len(group)))
    frame = pd.DataFrame(out, columns=["severity", "dataset", "header", "kind", "message", "remedy", "problems"])
    order = list(look.SEVERITY)
    frame["place"] = [order.index(s) for s in frame["severity"]]
    return frame.sort_values(["place", "problems", "kind"], ascending=[True, False, True], kind="stable", ignore_index=True).drop(columns="place")


def of_group(found: pd.DataFrame, group: pd.Series) -> pd.DataFrame:
    """The problems behind one row of `problem_groups`."""
    same = pd.Series(True, index=found.index)
    for name in ("severity", "dataset", "kind", "header"):
        same &= found[name].isna() if pd.isna(group[name]) else found[name] == group[name]
    return found[same].reset_index(drop=True)


# -- over the loads


def in_order(history: Sequence[LoadInfo]) -> list[LoadInfo]:
    """Loads that were not undone, by extract date; of several with one extract date the newest, which replaced the others."""
    kept: dict[date, LoadInfo] = {}
    for info in sorted((i for i in history if not i.undone), key=lambda i: i.load_id):
        kept[info.extract_date] = info
    return [kept[day] for day in sorted(kept)]


def over_loads(infos: Sequence[LoadInfo], found: Sequence[pd.DataFrame], teams: Sequence[str] = ()) -> pd.DataFrame:
    """One row per load, oldest first: load_id, extract_date, told, all, cannot_tell, percent, error, warning, note.

    `found`: what `assessable` gave for each. Problems are counted for the whole load: they belong to a file, not to a team.
    """
    rows = []
    for info, frame in zip(infos, found, strict=True):
        mine = of_teams(frame, teams)
        told, everything = int(mine["told"].sum()), int(mine["all"].sum())
        counts = [info.problem_counts.get(severity, 0) for severity in ("error", "warning", "note")]
        rows.append((info.load_id, pd.Timestamp(info.extract_date), told, everything, everything - told, percent(told, everything), *counts))
    return pd.DataFrame(rows, columns=["load_id", "extract_date", "told", "all", "cannot_tell", "percent", "error", "warning", "note"])


# -- recording lag


def recording_lag(snapshots: Sequence[Snapshot], now: Results) -> pd.DataFrame | None:
    """How late held CPMs and reviews appear: one row per meeting and child first seen as held after the first load.

    Args:
        snapshots: loads in the order of `in_order`. Fewer than two: None, it can't be told.
        now: the newest load's results; say which team held the case on the day of the meeting.

    Columns: child_id, name, kind ("cpm" or "review"), day, seen (extract date of the load where it first was), before (the extract
    date before that one, of the same dataset), lag (days from day to seen), back_dated (whether it was held by `before`
    and still not in that extract), new_child (the child wasn't in any earlier load's cases), team, worker.

    Not counted: a meeting older than any that the dataset's earlier loads had (a report that now reaches further back is no delay).
    Only what a load brought itself counts, so a dataset that carried on shows nothing new, and one loaded for the first time
    is a beginning, not a delay. Where one dataset has a meeting first and another later, the first one counts.
    """
    if len(snapshots) < 2:
        return None
    releases = _releases(snapshots)
    before_care = now.settings["general.before_care"]
    con = connect.memory()
    try:
        for n, snapshot in enumerate(snapshots):
            for table in ("cases", "meetings", "reviews"):  # as they are seen by whoever asks, which the file isn't
                con.register(f"s{n}_{table}", snapshot.table(table))
        seen = " UNION ALL ".join(_held(n, dataset, day) for n, dataset, day in releases)
        released = ", ".join(f"({n}, '{dataset}', DATE '{day.isoformat()}')" for n, dataset, day in releases)
        cases = " UNION ALL ".join(f"SELECT {n} AS n, child_id, care_started, care_ceased, team, worker FROM s{n}_cases" for n in range(len(snapshots)))
        frame = con.execute(
            f"""
            WITH seen AS ({seen}),
            released(n, dataset, extract_date) AS (VALUES {released}),
            cases AS ({cases}),
            first AS (SELECT child_id, kind, day, min(n) AS n FROM seen GROUP BY ALL),
            late AS (  -- one row: a meeting not in the first release of a dataset that now has it
                SELECT f.child_id, f.kind, f.day, f.n, max(own.extract_date) AS seen, max(prior.extract_date) AS before
                FROM first f
                JOIN seen s USING (child_id, kind, day, n)
                JOIN released own ON own.dataset = s.dataset AND own.n = f.n
                JOIN released prior ON prior.dataset = s.dataset AND prior.n < f.n
                JOIN (SELECT n, dataset, kind, min(day) AS oldest FROM seen GROUP BY ALL) reach
                  ON reach.n = prior.n AND reach.dataset = s.dataset AND reach.kind = f.kind AND reach.oldest <= f.day
                GROUP BY ALL
            )
            SELECT l.child_id, l.kind, l.day, l.seen, l.before, l.seen - l.day AS lag, l.day <= l.before AS back_dated,
                NOT EXISTS (FROM cases c WHERE c.child_id = l.child_id AND c.n < l.n) AS new_child,
                (SELECT last(c.team ORDER BY c.care_started) FROM cases c WHERE c.child_id = l.child_id AND c.n = l.n) AS case_team,
                (SELECT last(c.worker ORDER BY c.care_started) FROM cases c WHERE c.child_id = l.child_id AND c.n = l.n) AS case_worker
            FROM late l
            WHERE EXISTS (FROM cases p WHERE p.child_id = l.child_id AND p.n = l.n
                AND l.day >= CASE l.kind WHEN 'review' THEN p.care_started ELSE {before_care.before("p.care_started")} END
                AND (p.care_ceased IS NULL OR l.day <= p.care_ceased))
            ORDER BY lag DESC, l.child_id, l.kind, l.day
            """
        ).df()
    finally:
        con.close()
    return _with_holders(frame, now)


def _releases(snapshots: Sequence[Snapshot]) -> list[tuple[int, str, date]]:
    """(number of the load, dataset, extract date) of what each load brought; the first one's whole content is the beginning."""
    out = []
    for n, snapshot in enumerate(snapshots):
        for dataset, kept in snapshot.loaded().items():
            if dataset in ("meetings", "reviews", "cases") and (n == 0 or kept.extract_date == snapshot.info.extract_date):
                out.append((n, dataset, kept.extract_date))
    return out


def _held(n: int, dataset: str, day: date) -> str:
    """SQL: meetings and reviews of a dataset that were held by its own extract date, as the engine tells it."""
    upto = f"DATE '{day.isoformat()}'"
    held = f"(status = 'held' OR (status IS NULL AND status_text IS NULL)) AND {{}} <= {upto}"
    if dataset == "meetings":
        kind = "CASE meeting_type WHEN 'review' THEN 'review' ELSE 'cpm' END"
        return (f"SELECT {n} AS n, 'meetings' AS dataset, child_id, {kind} AS kind, meeting_date AS day FROM s{n}_meetings "
                f"WHERE meeting_type IN ('cpm', 'final_plan_cpm', 'review') AND {held.format('meeting_date')}")  # fmt: skip
    if dataset == "reviews":
        return f"SELECT {n}, 'reviews', child_id, 'review', review_date FROM s{n}_reviews WHERE {held.format('review_date')}"
    return f"SELECT {n} AS n, 'cases' AS dataset, child_id, 'review' AS kind, latest_review AS day FROM s{n}_cases WHERE latest_review <= {upto}"


def _with_holders(frame: pd.DataFrame, now: Results) -> pd.DataFrame:
    """Team and worker on the day of the meeting, by the newest allocation history; else those of the case as it was loaded.
    Children who are left out of the rules are left out here."""
    holders = now.frame(
        """
        SELECT x.child_id, x.day, coalesce(a.team, c.team) AS team, CASE WHEN a.child_id IS NULL THEN c.worker ELSE a.worker END AS worker,
            c.forename, c.surname, coalesce(c.left_out, false) AS left_out
        FROM (SELECT DISTINCT unnest($children::VARCHAR[]) AS child_id, unnest($days::DATE[]) AS day) x
        ASOF LEFT JOIN allocated_from a ON a.child_id = x.child_id AND a.from_day <= x.day
        LEFT JOIN children c ON c.child_id = x.child_id AND c.current
        """,
        {"children": frame["child_id"].tolist(), "days": [d.date() for d in frame["day"]]},
    )
    out = frame.merge(holders, on=["child_id", "day"], how="left")
    out = out[~out["left_out"].astype("boolean").fillna(False)]
    out["worker"] = out["worker"].where(out["team"].notna(), out["case_worker"])
    out["team"] = out["team"].fillna(out["case_team"])
    out.insert(1, "name", lists.names(out))
    return out.drop(columns=["case_team", "case_worker", "forename", "surname", "left_out"]).reset_index(drop=True)


def lag_by_team(rows: pd.DataFrame, late_after: int) -> pd.DataFrame:
    """One row per team in name order, then "All": team, meetings (how many), median, from_days and to_days (the middle half), most,
    late (how many appeared more than `late_after` days after they were held)."""
    columns = ["team", "meetings", "median", "from_days", "to_days", "most", "late"]
    out = []
    for team, group in [*rows.groupby("team", sort=True), *([("All", rows)] if len(rows) else [])]:
        lag = group["lag"]
        out.append((team, len(group), lag.median(), lag.quantile(0.25), lag.quantile(0.75), int(lag.max()), int((lag > late_after).sum())))
    return pd.DataFrame(out, columns=columns)


def usual_gap(infos: Sequence[LoadInfo]) -> timedelta | None:
    """The middle of the times between one extract and the next: no meeting can be seen sooner than the next extract."""
    gaps = [later.extract_date - earlier.extract_date for earlier, later in itertools.pairwise(infos)]
    return sorted(gaps)[len(gaps) // 2] if gaps else None
