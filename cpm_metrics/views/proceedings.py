"""Care proceedings: the week each is in, what the final plan still lacks, what must be ready in the next weeks, and how long they took.

Statuses are those of the obligations (rules `final-plan-…`, `proceedings-26-weeks`); weeks are counted as the indicator
`proceedings-long` does: week = floor((as-at date - issued) / 7) + 1. The rules count proceedings issued within a period of care;
others are listed all the same, with their dates, and said not to be counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import pandas as pd

from cpm_metrics.engine import Results
from cpm_metrics.views import lists, look
from cpm_metrics.views.look import NO_TEAM

RECORDS = ("final-plan-assessments", "final-plan-chair", "final-plan-considerations", "final-plan-attendance")
OPEN, CONCLUDED, UNKNOWN = "open", "concluded", "unknown"
GRADE: dict[str, look.Look] = {
    "": look.like("on_time", "Within the first weeks", "○", ":material/schedule:"),
    "amber": look.like("due_soon", "Running long", "●", ":material/warning:"),
    "red": look.like("overdue", "Beyond the limit", "▲", ":material/error:"),
}  # fmt: skip

# One row: a set of proceedings and child, issued by the as-at date, with its own obligations, the final plan CPMs held and
# booked for it, and who holds the child now. Children with short breaks only are left out, as everywhere.
# Of several rows issued on one day, each gets its own obligation: both sides are put in the same order.
_ALL = """
    WITH pr AS (
        SELECT *, row_number() OVER (PARTITION BY child_id, issued ORDER BY plan_due NULLS LAST, plan_filed NULLS LAST, concluded NULLS LAST, source, row) AS nth_plan,
            row_number() OVER (PARTITION BY child_id, issued ORDER BY concluded NULLS LAST, source, row) AS nth_end,
            coalesce(plan_filed, concluded) AS ends
        FROM proceedings_known WHERE child_id NOT IN (SELECT child_id FROM children WHERE left_out)
    ),
    own AS (  -- the period of care in which it was issued, else the child's latest
        SELECT pr.source, pr.row, arg_max(p.care_started, (p.care_started <= pr.issued AND (p.care_ceased IS NULL OR pr.issued <= p.care_ceased), p.care_started)) AS care_started,
            bool_or(p.care_started <= pr.issued AND (p.care_ceased IS NULL OR pr.issued <= p.care_ceased)) AS within
        FROM pr JOIN periods p USING (child_id) GROUP BY ALL
    ),
    plan AS (
        SELECT *, row_number() OVER (PARTITION BY child_id, care_started, anchor_date ORDER BY due_date NULLS LAST, closes_on NULLS LAST, lapses_on NULLS LAST, obligation_id) AS nth
        FROM obligation_facts WHERE rule = 'final-plan-cpm'
    ),
    weeks26 AS (
        SELECT *, row_number() OVER (PARTITION BY child_id, care_started, anchor_date ORDER BY done_date NULLS LAST, obligation_id) AS nth
        FROM obligation_facts WHERE rule = 'proceedings-26-weeks'
    ),
    held AS (
        SELECT pr.source, pr.row, count(*) AS held, min(m.meeting_date) AS first_held, max(m.meeting_date) AS last_held,
            arg_max(m.meeting_key, (m.meeting_date, m.meeting_key)) AS last_key, arg_max(m.care_started, (m.meeting_date, m.meeting_key)) AS last_care,
            arg_max_null(m.chair, (m.meeting_date, m.meeting_key)) AS chair, arg_max_null(m.chair_role, (m.meeting_date, m.meeting_key)) AS chair_role
        FROM pr JOIN told_cpms m ON m.child_id = pr.child_id AND m.meeting_type = 'final_plan_cpm'
         AND m.meeting_date >= pr.issued AND (pr.ends IS NULL OR m.meeting_date <= pr.ends)
        GROUP BY ALL
    ),
    booked AS (
        SELECT pr.source, pr.row, min(m.meeting_date) AS booked, arg_min_null(m.chair, (m.meeting_date, m.meeting_key)) AS booked_chair,
            arg_min_null(m.chair_role, (m.meeting_date, m.meeting_key)) AS booked_role
        FROM pr JOIN timeline_meetings m ON m.child_id = pr.child_id AND m.meeting_type = 'final_plan_cpm' AND m.state = 'booked' AND m.meeting_date >= pr.issued
        WHERE pr.ends IS NULL GROUP BY ALL
    )
    SELECT pr.child_id, c.forename, c.surname, c.team, c.worker, c.iro, coalesce(i.child_id IS NOT NULL, false) AS in_care, o.care_started,
        coalesce(o.within, false) AS counted, c.child_id IS NOT NULL AS known_child,
        pr.issued, pr.concluded, pr.has_concluded, pr.plan_due, pr.has_plan_due, pr.plan_filed, pr.order_sought,
        pr.la_assessment, pr.has_la_assessment, pr.experts_commissioned, pr.has_experts_commissioned, pr.experts_received, pr.has_experts_received,
        (coalesce(pr.concluded, as_at()) - pr.issued) // 7 + 1 AS week, $limit26 AS week26,
        f.status AS cpm_status, coalesce(f.due_date, $before_plan) AS cpm_due, f.due_date AS counted_due, f.done_date AS cpm_done, f.missing AS cpm_missing, f.obligation_id AS cpm_obligation,
        w.status AS weeks_status, w.due_date AS weeks_due,
        coalesce(h.held, 0) AS held, h.first_held, h.last_held, h.last_key, h.last_care, h.chair, h.chair_role, b.booked, b.booked_chair, b.booked_role
    FROM pr
    LEFT JOIN own o USING (source, row)
    LEFT JOIN children c ON c.child_id = pr.child_id AND c.current
    LEFT JOIN in_care i ON i.child_id = pr.child_id
    LEFT JOIN calendar ON calendar.day = pr.issued
    LEFT JOIN plan f ON o.within AND f.child_id = pr.child_id AND f.care_started = o.care_started AND f.anchor_date = pr.issued AND f.nth = pr.nth_plan
    LEFT JOIN weeks26 w ON o.within AND w.child_id = pr.child_id AND w.care_started = o.care_started AND w.anchor_date = pr.issued AND w.nth = pr.nth_end
    LEFT JOIN held h USING (source, row)
    LEFT JOIN booked b USING (source, row)
    ORDER BY pr.issued, pr.child_id, pr.plan_due
"""


def loaded(results: Results) -> bool:
    return results.rows("SELECT is_loaded('proceedings')")[0][0]


def horizon(results: Results) -> date:
    """The last day of “due soon”, that day included."""
    limit = results.settings["general.due_soon"].after("day")
    return results.rows(f"SELECT {limit} FROM (SELECT as_at() AS day) LEFT JOIN calendar USING (day)")[0][0]


def all_proceedings(results: Results) -> pd.DataFrame:
    """One row per set of proceedings and child issued by the as-at date, for all teams (who hold the child now). Columns:

    child_id, name, team, worker, iro, in_care, care_started, counted (whether the rules count it), state ("open", "concluded", "unknown": the
    extracts don't have the concluded date), issued, concluded, week (the one it is in, or ended in), grade ("", "amber", "red"; open ones
    only), week26 (the last day of the limit), plan_due, plan_filed, cpm_status (of the obligation; blank where not counted), cpm_due,
    cpm_done (held, as the obligation has it), booked, first_held, last_held, weeks_status, and in words: filing, cpm, la, experts, chair,
    considerations, attendance, missing (what the final plan still lacks; "" where it is filed or they have concluded), why; ready: whether the final plan CPM or the filing falls
    within “due soon” or is past and not done.
    """
    settings = results.settings
    sql = _ALL.replace("$limit26", settings["proceedings-26-weeks.limit"].after("pr.issued")).replace("$before_plan", settings["final-plan-cpm.limit"].before("pr.plan_due"))
    frame = results.frame(sql)
    records = results.frame("SELECT rule, child_id, care_started, about_meeting, status, detail, missing FROM obligation_facts WHERE list_contains($rules, rule)", {"rules": list(RECORDS)})
    by_meeting = {(r.rule, r.child_id, r.care_started, r.about_meeting): r for r in records.itertuples()}
    frame.insert(1, "name", lists.names(frame))
    frame["state"] = [CONCLUDED if pd.notna(end) else OPEN if has else UNKNOWN for end, has in zip(frame["concluded"], frame["has_concluded"], strict=True)]
    amber, red = settings["proceedings-long.amber"], settings["proceedings-long.red"]
    frame["grade"] = ["" if state != OPEN else "red" if week > red else "amber" if week > amber else "" for state, week in zip(frame["state"], frame["week"], strict=True)]
    ends = horizon(results)
    words = [_words(row, results, by_meeting, ends) for row in frame.itertuples()]
    for name in ("filing", "cpm", "la", "experts", "chair_words", "considerations", "attendance", "missing", "ready"):
        frame[name] = [w[name] for w in words] if words else pd.Series(dtype="object")
    frame["ready"] = frame["ready"].astype(bool)
    frame = frame.drop(columns=["forename", "surname", "chair", "last_key", "last_care", "booked_chair", "booked_role", "cpm_missing", "has_concluded"]).rename(columns={"chair_words": "chair"})
    frame["why"] = [_why(row, results) for row in frame.itertuples()] if len(frame) else pd.Series(dtype="object")
    return frame


def _words(row, results: Results, by_meeting: dict, ends: date) -> dict[str, object]:
    """What stands in a row about the final plan, and what it lacks."""
    as_at = results.as_at
    lacks: list[str] = []
    due = None if pd.isna(row.plan_due) else row.plan_due.date()
    filed = None if pd.isna(row.plan_filed) else row.plan_filed.date()
    if filed:
        filing = f"✓ filed {look.day(filed)}" + (f", {look.days((filed - due).days)} late" if due and filed > due else "")
    elif not row.has_plan_due:
        filing = "? cannot tell: not in the extracts"
        lacks.append("filing date: cannot tell")
    elif due is None:
        filing = "? no filing date recorded"
        lacks.append("no filing date recorded")
    elif due < as_at:
        filing = f"▲ {look.days((as_at - due).days)} past, not filed"
        lacks.append("plan not filed and its date has passed")
    else:
        filing = f"in {look.days((due - as_at).days)}" if due > as_at else "due that day"

    cpm, cpm_open = _cpm(row, as_at, filed)
    if cpm_open:
        lacks.append(cpm_open)

    la, la_lacks = _la(row)
    experts, experts_lack = _experts(row)
    lacks += [text for text in (la_lacks, experts_lack) if text]

    chair = "–"
    if row.held:
        chair = _chair(row.chair_role, row.chair)
        if chair.startswith("✕"):
            lacks.append("not chaired by a service manager")
        elif chair.startswith("?"):
            lacks.append("who chaired: cannot tell")
    elif pd.notna(row.booked):
        chair = f"{_chair(row.booked_role, row.booked_chair)} (booked)"
        if not chair.startswith("✓"):
            lacks.append("no service manager down to chair")
    said = {}
    for rule, name, good in (("final-plan-considerations", "considerations", "all five"), ("final-plan-attendance", "attendance", "all who must")):
        record = by_meeting.get((rule, row.child_id, row.last_care, row.last_key)) if row.held else None
        if record is None:
            said[name] = "–" if not row.held else "not counted (switched off)"
        elif record.status == "on_time":
            said[name] = f"✓ {good}"
        elif record.status == "missed":
            said[name] = f"✕ {record.detail}"
            lacks.append(record.detail)
        else:
            said[name] = f"? cannot tell: {record.missing}"
            lacks.append(f"{name}: cannot tell")
    state = UNKNOWN if not row.has_concluded else OPEN if pd.isna(row.concluded) else CONCLUDED
    if state == UNKNOWN:
        lacks.append("whether they have concluded: cannot tell")
    ready = state != CONCLUDED and not filed and ((due is not None and due <= ends) or (pd.notna(row.cpm_due) and row.cpm_due.date() <= ends and pd.isna(row.first_held)))
    return {"filing": filing, "cpm": cpm, "la": la, "experts": experts, "chair_words": chair, "missing": "; ".join(lacks) or "✓ only the filing" if not filed and state != CONCLUDED else "", "ready": ready} | said


def _cpm(row, as_at: date, filed: date | None) -> tuple[str, str]:
    """(The final plan CPM in words, what it lacks)."""
    due = None if pd.isna(row.cpm_due) else row.cpm_due.date()
    if pd.notna(row.first_held):
        day = row.first_held.date()
        again = f", again {look.day(row.last_held)}" if row.last_held > row.first_held else ""
        if due is None:
            return f"✓ held {look.day(day)}{again} (in time? no filing date)", ""
        return (f"✓ held {look.day(day)}{again}, in time" if day <= due else f"◆ held {look.day(day)}{again}, {look.days((day - due).days)} late"), ""
    if row.cpm_status == "cannot_tell" and row.cpm_missing == "Meetings":
        return "? cannot tell: no meetings in the extracts", "final plan CPM: cannot tell"
    if filed:
        return "✕ never held before filing", "filed without a final plan CPM"
    if pd.notna(row.concluded):
        return "– not held before they concluded", ""
    if pd.notna(row.booked):
        day = row.booked.date()
        if due is None:
            return f"○ booked {look.day(day)}", f"final plan CPM not held yet (booked {look.day(day)})"
        if day > due:
            return f"◆ booked {look.day(day)}, after its date {look.day(due)}", f"final plan CPM booked after its date ({look.day(day)}; due {look.day(due)})"
        return f"○ booked {look.day(day)}, due {look.day(due)}", f"final plan CPM not held yet (booked {look.day(day)})"
    if due is None:
        return "? nothing booked, due date not known", "final plan CPM not held, nothing booked"
    if due < as_at:
        return f"▲ {look.days((as_at - due).days)} overdue, nothing booked", f"final plan CPM overdue since {look.day(due)}, nothing booked"
    return f"○ due {look.day(due)}, nothing booked", f"final plan CPM due {look.day(due)}, nothing booked"


def _la(row) -> tuple[str, str]:
    if not row.has_la_assessment:
        return "? cannot tell: not in the extracts", "LA assessment: cannot tell"
    return (f"✓ {look.day(row.la_assessment)}", "") if pd.notna(row.la_assessment) else ("outstanding", "LA assessment outstanding")


def _experts(row) -> tuple[str, str]:
    if pd.notna(row.experts_received):
        return f"✓ received {look.day(row.experts_received)}", ""
    if not row.has_experts_commissioned or pd.isna(row.experts_commissioned):
        return "? cannot tell if commissioned", "expert assessments: cannot tell if commissioned"
    if not row.experts_commissioned:
        return "– none commissioned", ""
    if not row.has_experts_received:
        return "? commissioned; received: cannot tell", "expert assessments: cannot tell if received"
    return "outstanding", "expert assessments outstanding"


def _chair(role: str | None, name: str | None) -> str:
    who = "" if pd.isna(name) or not name else f", {name}"
    if pd.isna(role):
        return f"? role not recorded{who}"
    words = role.replace("_", " ")
    return f"{'✓' if role == 'service_manager' else '✕'} {words[:1].upper()}{words[1:]}{who}"


def _why(row, results: Results) -> str:
    """The whole row as sentences, for whoever ticks it: what can be pasted into supervision notes."""
    limit = results.settings["final-plan-cpm.limit"].text
    begun = f"Proceedings issued on {look.day(row.issued)}"
    if row.state == CONCLUDED:
        parts = [f"{begun}, concluded on {look.day(row.concluded)} in week {row.week}"]
    elif row.state == UNKNOWN:
        parts = [f"{begun}; whether they have concluded can’t be told: the extracts do not have the concluded date"]
    else:
        parts = [f"{begun}, in week {row.week} on {look.day(results.as_at)} (week 26 limit: {look.day(row.week26)})"]
    parts.append(f"Final care plan: {f'due {look.day(row.plan_due)}, ' if pd.notna(row.plan_due) else ''}{row.filing.lstrip('✓▲? ')}")
    parts.append(f"Final plan CPM ({limit} before filing): {row.cpm.lstrip('✓◆▲○✕?– ')}")
    parts.append(f"LA assessment: {row.la.lstrip('✓? ')}. Expert assessments: {row.experts.lstrip('✓?– ')}")
    if row.held or pd.notna(row.booked):
        parts.append(f"Chair: {row.chair.lstrip('✓✕? ')}")
    if row.held:
        parts.append(f"Considerations: {row.considerations.lstrip('✓✕? ')}. Attendance: {row.attendance.lstrip('✓✕? ')}")
    if row.missing and not row.missing.startswith("✓"):
        parts.append(f"Still missing: {row.missing}")
    if not row.known_child:
        parts.append(f"The child has no period of care known by {look.day(results.as_at)}, so no rule counts these proceedings")
    elif not row.counted:
        parts.append("Issued outside the child’s periods of care, so the rules do not count these proceedings")
    return ". ".join(parts) + "."


# -- lists and counts


def of_teams(frame: pd.DataFrame, teams: Sequence[str]) -> pd.DataFrame:
    return frame[frame["team"].isin(list(teams))].reset_index(drop=True) if teams else frame.reset_index(drop=True)


def _masks(frame: pd.DataFrame) -> dict[str, pd.Series]:
    is_open = frame["state"] == OPEN
    return {
        "open": is_open,
        "first": is_open & (frame["grade"] == ""),
        "amber": is_open & (frame["grade"] == "amber"),
        "red": is_open & (frame["grade"] == "red"),
        "ready": frame["ready"],
        "no_date": is_open & frame["plan_due"].isna() & frame["has_plan_due"],
        "cpm_overdue": frame["cpm_status"] == "overdue",
        "not_counted": is_open & ~frame["counted"],
        "unknown": frame["state"] == UNKNOWN,
    }


def select(frame: pd.DataFrame, which: str) -> pd.DataFrame:
    """The rows behind a count: open; amber, red (of the open ones); ready; no_date (open, the filing date known to be blank);
    cpm_overdue (the obligation's status); not_counted (open, no rule counts them); unknown (cannot tell whether open)."""
    rows = frame[_masks(frame)[which]]
    if which == "ready":
        return rows.sort_values(["plan_due", "child_id"], kind="stable", na_position="last").reset_index(drop=True)
    return rows.sort_values(["week", "child_id"], ascending=[False, True], kind="stable").reset_index(drop=True)


LISTS = ("open", "red", "amber", "first", "ready", "no_date", "cpm_overdue", "not_counted", "unknown")


def counts(frame: pd.DataFrame) -> dict[str, int]:
    """As many as `select` gives, for each of `LISTS`."""
    masks = _masks(frame)
    return {which: int(masks[which].sum()) for which in LISTS}


def children(frame: pd.DataFrame) -> dict[str, int]:
    """How many children have those that `select` gives, for each of `LISTS`."""
    masks = _masks(frame)
    return {which: frame.loc[masks[which], "child_id"].nunique() for which in LISTS}


def by_team(frame: pd.DataFrame) -> pd.DataFrame:
    """One row per team that holds a child in open proceedings, in name order: team, children, and the counts of `LISTS`."""
    rows = []
    for team, own in frame.assign(team=frame["team"].fillna(NO_TEAM)).groupby("team"):
        numbers = counts(own)
        if numbers["open"] or numbers["unknown"]:
            rows.append({"team": team, "children": children(own)["open"]} | numbers)
    return pd.DataFrame(rows, columns=["team", "children", *LISTS])


def inferred(results: Results, teams: Sequence[str] = ()) -> pd.DataFrame:
    """Children in care on an interim care order (C1) with no proceedings row by the as-at date: the rules take them to be in care
    proceedings. Columns: child_id, name, team, worker, iro, since (the earliest such status still open), why."""
    frame = results.frame(
        """
        SELECT c.child_id, any_value(c.forename) AS forename, any_value(c.surname) AS surname, any_value(c.team) AS team, any_value(c.worker) AS worker,
            any_value(c.iro) AS iro, min(l.legal_status_start) AS since
        FROM legal_known l JOIN in_care i USING (child_id) JOIN children c ON c.child_id = i.child_id AND c.care_started = i.care_started
        WHERE l.legal_code = 'C1' AND l.legal_status_end IS NULL AND l.child_id NOT IN (SELECT child_id FROM proceedings_known)
        GROUP BY c.child_id ORDER BY since, c.child_id
        """
    )
    frame.insert(1, "name", lists.names(frame))
    frame["why"] = [f"Interim care order (C1) since {look.day(day)}, and no proceedings in the extracts: taken to be in care proceedings (inferred). Week, filing date and final plan can’t be told." for day in frame["since"]] if len(frame) else pd.Series(dtype="object")
    return of_teams(frame.drop(columns=["forename", "surname"]), teams)


# -- how long they took


@dataclass(frozen=True)
class Span:
    """A year to look at; `until`: the last day that counts (the as-at date at the latest)."""

    code: str
    words: str
    start: date
    until: date


def spans(as_at: date, first: date | None) -> list[Span]:
    """The twelve months to the as-at date, then each year from 1 April back to the first conclusion known."""
    twelve = look.year_to(as_at)
    out = [Span("12m", f"12 months to {look.day(as_at)}", twelve, as_at)]
    year = as_at.year if as_at >= date(as_at.year, 4, 1) else as_at.year - 1
    last = year if first is None else max(first.year if first >= date(first.year, 4, 1) else first.year - 1, year - 10)
    for begun in range(year, last - 1, -1):
        until = min(date(begun + 1, 3, 31), as_at)
        out.append(Span(str(begun), f"April {begun} to March {begun + 1}" + (" so far" if until < date(begun + 1, 3, 31) else ""), date(begun, 4, 1), until))
    return out


def bands(results: Results) -> list[tuple[int, int | None, str]]:
    """(first week, last week, words): as the weeks of `proceedings-long` part them, then quarters of a year."""
    amber, red = results.settings["proceedings-long.amber"], results.settings["proceedings-long.red"]
    edges = sorted({amber, red} | {edge for edge in (39, 52) if edge > red})
    out, first = [], 1
    for edge in edges:
        if edge >= first:
            out.append((first, edge, f"Weeks {first} to {edge}"))
            first = edge + 1
    return [*out, (first, None, f"Week {first} or later")]


def lengths(results: Results, frame: pd.DataFrame, span: Span) -> pd.DataFrame:
    """One row per set of proceedings that concluded in the span, or was open on its last day (issued by then, not concluded by then), with
    `kind` ("concluded", "open") and `week` (the one it ended in; the one it was in on that last day) and `band` (its words)."""
    first, last = pd.Timestamp(span.start), pd.Timestamp(span.until)
    told = frame[frame["state"] != UNKNOWN]
    ended = told[told["concluded"].between(first, last)].assign(kind="concluded")
    still = told[(told["issued"] <= last) & (told["concluded"].isna() | (told["concluded"] > last))].assign(kind="open")
    still["week"] = (last - still["issued"]).dt.days // 7 + 1
    out = pd.concat([ended, still], ignore_index=True)
    places = bands(results)
    out["band"] = [next(words for low, high, words in places if week >= low and (high is None or week <= high)) for week in out["week"]] if len(out) else pd.Series(dtype="object")
    return out.sort_values(["week", "child_id"], ascending=[False, True], kind="stable", ignore_index=True)


def length_table(results: Results, rows: pd.DataFrame) -> pd.DataFrame:
    """One row per band: band, concluded, open. Counts of sets of proceedings and children; no average, because of those still open nobody knows
    yet how long they will take."""
    return pd.DataFrame([
        {"band": words} | {kind: int(((rows["band"] == words) & (rows["kind"] == kind)).sum()) for kind in ("concluded", "open")}
        for _, _, words in bands(results)
    ])  # fmt: skip


def in_limit(rows: pd.DataFrame) -> tuple[int, int, int]:
    """(in time, late, not counted) of those concluded, as the rule `proceedings-26-weeks` has them."""
    ended = rows[rows["kind"] == "concluded"]
    return int((ended["weeks_status"] == "on_time").sum()), int((ended["weeks_status"] == "late").sum()), int((~ended["weeks_status"].isin(["on_time", "late"])).sum())


def on_weeks(row_issued: pd.Timestamp, day: date | pd.Timestamp) -> float:
    """Where a day stands on the line of weeks: 0 is the day of issue, 1 the same weekday a week later."""
    return (pd.Timestamp(day) - row_issued) / timedelta(days=7)
