"""How long children wait at each stage of permanence, those who still wait included (Kaplan–Meier).

One row is one period of care in one stage: `plan`, from the start of care to the permanence plan agreed; `achieved`, from
there to permanence achieved. A wait ends with the event (`done`); it is cut short (censored) when the child leaves care first
(`left`, on that day) and when the child still waits (`waiting`, on the as-at date). Nobody's wait is taken for shorter or
longer than is known: an average of the finished waits would leave out the longest ones.

Leaving care is another outcome, not a longer wait: a child who went home waits no more. The estimate reads "if nobody left
before": so the numbers that left stand beside it.

Where a day isn't known the period is `unknown`: left out of the estimate, counted and listed with the reason.

Children change teams as their plans move on. Whoever looks at one team's waits by who holds the child *now* sees the finished
ones at another team, and the team's waits without end. So an estimate is made by `team_then`, the team that held the child when
the wait began; `team` (now) is for lists of whom to do something for.

Waits are measured in days, as the command line counts them. Months in words and on axes are calendar months counted back
from the as-at date: "within 8 months" is no later than the number of days from eight months before it.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from cpm_metrics.engine import Results
from cpm_metrics.views import lists, look
from cpm_metrics.views.history import month_after
from cpm_metrics.views.look import NO_TEAM

FATES = ("waiting", "done", "left", "unknown")


@dataclass(frozen=True)
class Stage:
    """`had`: what half of the children had, in "half had … within 8 months"; `begins`: what a wait begins with."""

    code: str
    title: str
    had: str
    done: str
    begins: str


STAGES = {
    "plan": Stage("plan", "From coming into care to a permanence plan agreed", "a permanence plan agreed", "Plan agreed", "came into care"),
    "achieved": Stage("achieved", "From the permanence plan agreed to permanence achieved", "achieved permanence", "Permanence achieved", "had their plan agreed"),
}  # fmt: skip

# One row: a period of care. `begun` and `event` are the two days of the stage; `needs`: why its wait isn't known; `enters`: whether it
# is in the stage at all. Every date is already blank when it lies after the as-at date (sql/10_children.sql).
_ROWS = {
    "plan": """
        SELECT *, care_started AS begun, permanence_agreed AS event, true AS enters,
            CASE WHEN NOT has_permanence_agreed THEN 'the column “Permanence plan agreed date” is not in the extract'
                 WHEN start_unknown THEN 'the day care began is not known: the extract begins later'
                 WHEN care_ceased < care_started THEN 'care ended before it began'
                 WHEN permanence_agreed < care_started THEN 'the plan was agreed before this period of care began'
                 WHEN permanence_agreed IS NULL AND permanence_achieved IS NOT NULL
                 THEN 'permanence is achieved, but the day the plan was agreed is not recorded'
                 WHEN permanence_agreed IS NULL AND permanence_agreed_blank AND permanence_plan_text IS NOT NULL
                 THEN 'a plan is named, but not the day it was agreed'
                 WHEN permanence_agreed IS NULL AND care_ceased IS NULL AND NOT current
                 THEN 'this period of care has no end, though a later one began' END AS needs
        FROM periods""",
    "achieved": """
        SELECT *, permanence_agreed AS begun, permanence_achieved AS event,
            -- Agreed after the child had left care: the stage never began in care.
            CASE WHEN permanence_agreed IS NOT NULL THEN care_ceased IS NULL OR permanence_agreed <= care_ceased OR care_ceased < care_started
                 ELSE NOT has_permanence_agreed OR permanence_achieved IS NOT NULL OR permanence_agreed_blank AND permanence_plan_text IS NOT NULL END AS enters,
            CASE WHEN NOT has_permanence_agreed THEN 'the column “Permanence plan agreed date” is not in the extract'
                 WHEN NOT has_permanence_achieved THEN 'the column “Permanence achieved date” is not in the extract'
                 WHEN care_ceased < care_started THEN 'care ended before it began'
                 WHEN permanence_agreed IS NULL AND permanence_achieved IS NOT NULL
                 THEN 'permanence is achieved, but the day the plan was agreed is not recorded'
                 WHEN permanence_agreed IS NULL THEN 'a plan is named, but not the day it was agreed'
                 WHEN permanence_agreed < care_started THEN 'the plan was agreed before this period of care began'
                 WHEN permanence_achieved < permanence_agreed THEN 'permanence was achieved before the plan was agreed'
                 WHEN permanence_achieved IS NULL AND care_ceased IS NULL AND NOT current
                 THEN 'this period of care has no end, though a later one began' END AS needs
        FROM periods""",
}


def rows(results: Results, stage: str) -> pd.DataFrame:
    """One row per period of care in the stage, the longest wait first.

    Columns: child_id, name, team, worker (who hold the child on the as-at date, or held it when care ended), team_then (who
    held it when the wait began, by the allocation history), care_started, care_ceased, reason_ceased, plan (in words),
    plan_code, begun, ended (the event, the end of care, or the as-at date), days (blank where unknown), months (whole calendar
    months of them), fate, needs (why unknown), late_event (the event is recorded on this day, after the child had left care:
    so it is `left`).
    """
    frame = results.frame(
        f"""
        WITH staged AS ({_ROWS[stage]}),
        owned AS (SELECT *, coalesce(begun, care_started) AS owned_on FROM staged WHERE enters)
        SELECT o.child_id, forename, surname, o.team, o.worker, CASE WHEN a.child_id IS NULL THEN case_team ELSE a.team END AS team_then,
            care_started, care_ceased, reason_ceased, permanence_plan AS plan_code, permanence_plan_text AS plan_written, begun,
            CASE WHEN needs IS NOT NULL THEN NULL WHEN event <= coalesce(care_ceased, as_at()) THEN event ELSE coalesce(care_ceased, as_at()) END AS ended,
            (ended - begun)::INTEGER AS days,
            CASE WHEN needs IS NOT NULL THEN 'unknown' WHEN event <= coalesce(care_ceased, as_at()) THEN 'done'
                 WHEN care_ceased IS NOT NULL THEN 'left' ELSE 'waiting' END AS fate,
            needs, CASE WHEN needs IS NULL AND event > care_ceased THEN event END AS late_event
        FROM owned o ASOF LEFT JOIN allocated_from a ON a.child_id = o.child_id AND a.from_day <= o.owned_on
        ORDER BY days DESC NULLS LAST, o.child_id, care_started
        """
    )
    frame.insert(1, "name", lists.names(frame))
    frame.insert(frame.columns.get_loc("plan_code"), "plan", [_plan(code, written) for code, written in zip(frame["plan_code"], frame["plan_written"], strict=True)])
    frame["months"] = pd.array(
        [None if pd.isna(d) else whole_months(b.date(), e.date()) for b, e, d in zip(frame["begun"], frame["ended"], frame["days"], strict=True)], dtype="Int64"
    )
    return frame.drop(columns=["forename", "surname", "plan_written"])


def _plan(code: str | None, written: str | None) -> str:
    if code is not None and not pd.isna(code):
        return look.PERMANENCE_PLAN.get(code, str(code))
    return "none recorded" if written is None or pd.isna(written) else str(written)


def of_teams(frame: pd.DataFrame, teams: Sequence[str], column: str = "team") -> pd.DataFrame:
    """Those of the chosen teams by `team` (now) or `team_then`; all when none is chosen."""
    return frame[frame[column].isin(list(teams))].reset_index(drop=True) if teams else frame


def allocations_loaded(results: Results) -> bool:
    """Whether `team_then` can differ from the team now."""
    return results.rows("SELECT count(*) FROM allocations_known")[0][0] > 0


def sentences(frame: pd.DataFrame, stage: str) -> list[str]:
    """Each wait in a sentence with its days, to paste into supervision notes."""
    out = []
    for row in frame.itertuples():
        day = {name: look.day(getattr(row, name)) for name in ("care_started", "begun", "ended", "late_event")}
        start = f"Came into care on {day['care_started']}" if stage == "plan" else f"Permanence plan agreed on {day['begun']} ({row.plan})"
        if row.fate == "unknown":
            out.append(f"Came into care on {day['care_started']}; how long the wait was can’t be told: {row.needs}.")
            continue
        lasted = look.days(row.days)
        event = "a permanence plan was agreed" if stage == "plan" else "permanence was achieved"
        out.append(f"{start}; " + {
            "done": f"{event} on {day['ended']}, after {lasted}.",
            "left": f"left care on {day['ended']}, after {lasted}, before {event}." + (f" It is recorded for {day['late_event']}, after the end of care." if day["late_event"] else ""),
            "waiting": f"{'no permanence plan agreed' if stage == 'plan' else 'not achieved'} by {day['ended']}, after {lasted}.",
        }[row.fate])  # fmt: skip
    return out


def counts(frame: pd.DataFrame) -> dict[str, int]:
    """Fate -> how many periods of care."""
    found = frame["fate"].value_counts()
    return {fate: int(found.get(fate, 0)) for fate in FATES}


def not_loaded(frame: pd.DataFrame) -> str | None:
    """The reason, where no period's wait can be told because a column was never loaded; else None."""
    reasons = set(frame["needs"].dropna())
    if len(frame) and (frame["fate"] == "unknown").all() and all("not in the extract" in reason for reason in reasons):
        return "; ".join(sorted(reasons))
    return None


def never_achieved(frame: pd.DataFrame, smallest: int) -> list[str]:
    """Plans (in words) that at least `smallest` children had and none of them achieved: it may simply not be recorded for them."""
    known = frame[frame["fate"] != "unknown"]
    return [plan for plan, group in known.groupby("plan", sort=True) if len(group) >= smallest and not (group["fate"] == "done").any()]


# -- whom the extract can show


@dataclass(frozen=True)
class Coverage:
    """Whether children who left care are in the extract.

    `since`: from this day on periods of care that ended are in it, year in, year out (no year without one); None where there
    are none of the last year. Of those whose wait began earlier, only the children still in care on that day can be seen, and
    whoever waited least had the best chance to have left: their waits look longer than they were.
    """

    since: date | None
    ended: int


def coverage(results: Results) -> Coverage:
    """Judged on the whole extract, whichever teams are chosen. A child back in care brings the ends of earlier periods along: they
    say nothing of who left."""
    ends = [day for (day,) in results.rows(
        """SELECT care_ceased FROM periods JOIN (SELECT child_id, max(care_started) AS care_started FROM snap.cases GROUP BY child_id) USING (child_id, care_started)
           WHERE care_ceased IS NOT NULL ORDER BY care_ceased DESC"""
    )]  # fmt: skip
    since = None
    for day in ends:
        if month_after(day, 12) < (since or results.as_at):
            break
        since = day
    return Coverage(since, len(ends))


def since(frame: pd.DataFrame, day: date | None) -> pd.DataFrame:
    """Those whose wait began on that day or later. The unknown ones stay in: on which side they lie is not known for all."""
    if day is None:
        return frame
    return frame[(frame["begun"] >= pd.Timestamp(day)) | (frame["fate"] == "unknown")].reset_index(drop=True)


def year_of(day: date | pd.Timestamp) -> int:
    """The financial year (1 April to 31 March) by the calendar year it begins in."""
    return day.year - (day.month < 4)


def year_words(year: int) -> str:
    return f"{year}/{(year + 1) % 100:02d}"


def of_year(frame: pd.DataFrame, year: int) -> pd.DataFrame:
    """Those whose wait began in that financial year, of the known ones."""
    began = np.array([pd.notna(day) and year_of(day) == year for day in frame["begun"]], dtype=bool)
    return frame[(frame["fate"] != "unknown") & began].reset_index(drop=True)


# -- the estimate


@dataclass(frozen=True)
class Curve:
    """The Kaplan–Meier estimate of waits in days.

    `steps`: one row per day on which a wait ended or was cut short, day 0 first: days, at_risk (waits of at least so long),
    done (ended with the event that day), share (still waiting after that day, 0 to 1), low and high (95%, log-log).
    `median`: the first day by which at least half had it, None where fewer than half have; `median_low`, `median_high`: its
    95% interval (Brookmeyer and Crowley); None where its end can't be said yet.
    """

    n: int
    done: int
    steps: pd.DataFrame
    median: int | None
    median_low: int | None
    median_high: int | None

    def at_risk(self, day: int) -> int:
        """How many waited at least so many days and were in view all the time."""
        later = self.steps[self.steps["days"] >= day]
        return int(later["at_risk"].iloc[0]) if len(later) else 0

    def share(self, day: int) -> tuple[float, float, float] | None:
        """(still waiting after so many days, low, high), 0 to 1; None beyond the longest wait in view."""
        if day > self.steps["days"].iloc[-1]:
            return None
        row = self.steps[self.steps["days"] <= day].iloc[-1]
        return float(row["share"]), float(row["low"]), float(row["high"])


# Products of fractions: a half may come out as 0.5000000000000001.
_HALF = 0.5 + 1e-9


def curve(frame: pd.DataFrame) -> Curve | None:
    """Of rows as `rows` gives them, the unknown ones left out; None where none is left."""
    known = frame[frame["fate"] != "unknown"]
    return _curve(tuple(sorted((int(days), fate == "done") for days, fate in zip(known["days"], known["fate"], strict=True)))) if len(known) else None


def _curve(waits: Sequence[tuple[int, bool]]) -> Curve:
    """`waits`: (days, whether it ended with the event)."""
    from scipy import stats  # takes a second to import: only whoever looks at waits pays for it

    days = np.array([day for day, _ in waits], dtype=float)
    done = np.array([event for _, event in waits], dtype=bool)
    at = np.unique(days)
    if done.any():
        survival = stats.ecdf(stats.CensoredData(uncensored=days[done], right=days[~done])).sf
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")  # the limits are undefined before the first event and after the last: filled below
            limits = survival.confidence_interval(0.95, method="log-log")
        share, low, high = survival.evaluate(at), limits.low.evaluate(at), limits.high.evaluate(at)
        nobody_yet, nobody_left = share > 1 - 1e-12, share < 1e-12
        low, high = np.where(nobody_yet, 1.0, low), np.where(nobody_yet, 1.0, high)
        low = np.where(nobody_left, 0.0, low)
        high = pd.Series(np.where(nobody_left, np.nan, high)).ffill().fillna(1.0).to_numpy()
    else:
        share = low = high = np.ones(len(at))
    steps = pd.DataFrame({
        "days": at.astype(int), "at_risk": [int((days >= day).sum()) for day in at], "done": [int(((days == day) & done).sum()) for day in at],
        "share": share, "low": low, "high": high,
    })  # fmt: skip
    if not len(at) or at[0] > 0:
        steps = pd.concat([pd.DataFrame({"days": [0], "at_risk": [len(days)], "done": [0], "share": [1.0], "low": [1.0], "high": [1.0]}), steps], ignore_index=True)

    def first(column: str) -> int | None:
        reached = steps[steps[column] <= _HALF]
        return int(reached["days"].iloc[0]) if len(reached) else None

    return Curve(len(days), int(done.sum()), steps, first("share"), first("low"), first("high"))


# -- months and words


def whole_months(start: date, end: date) -> int:
    """How many calendar months have been completed: 31 January to 28 February is one."""
    n = (end.year - start.year) * 12 + end.month - start.month
    return n if month_after(start, n) <= end else n - 1


def days_of(months: int, as_at: date) -> int:
    """How many days the months before the as-at date have."""
    return (as_at - month_after(as_at, -months)).days


def months_of(days: int, as_at: date) -> int:
    """The smallest number of calendar months, counted back from the as-at date, that has at least so many days."""
    n = max(whole_months(date.fromordinal(max(as_at.toordinal() - days, 1)), as_at) - 1, 0)
    while days_of(n, as_at) < days:
        n += 1
    return n


def spelled(days: int, as_at: date) -> str:
    """ "8 months (214 days)"; "the same day" for nought."""
    return "the same day" if not days else f"{look.count(months_of(days, as_at), 'month')} ({look.days(days)})"


def enough(found: Curve | None, smallest: int) -> bool:
    """Whether a median may be told: at least `smallest` waits and, where it lies, half as many of them still in view. With fewer
    (most had left care by then) one child would move it too far."""
    return found is not None and found.n >= smallest and (found.median is None or 2 * found.at_risk(found.median) >= smallest)


def median_words(found: Curve | None, stage: str, as_at: date, smallest: int) -> str:
    """The sentence of the median, or why there is none."""
    had = STAGES[stage].had
    if found is None:
        return "Nobody’s wait can be told."
    if found.n < smallest:
        return f"How long it takes can’t be said from {look.count(found.n, 'wait')}: that is fewer than {smallest}."
    if not enough(found, smallest):
        return f"How long it takes can’t be said: most left care first, and only {look.count(found.at_risk(found.median), 'child was', 'children were')} still waiting when half would have had it."
    if found.median is None:
        return f"How long it takes until half have {had} can’t be said yet: fewer than half have."
    when = f"within {look.count(months_of(found.median, as_at), 'month')}" if found.median else "on the same day"
    return f"Half had {had} {when} ({look.days(found.median)}; {interval_words(found)})."


def interval_words(found: Curve) -> str:
    if found.median_high is None:
        return f"95% interval from {look.days(found.median_low)}, its end can’t be said yet"
    return f"95% interval {found.median_low:,} to {look.days(found.median_high)}"


def median_cell(found: Curve | None, as_at: date, smallest: int) -> str:
    """The same for a table: "8 months (214 days)", "fewer than half yet", "too few"."""
    if not enough(found, smallest):
        return "too few"
    if found.median is None:
        return "fewer than half yet"
    return spelled(found.median, as_at)


def numbers(found: Curve, ticks: Sequence[int], as_at: date) -> pd.DataFrame:
    """The curve at whole months: months, days, at_risk, had (by then), share, low, high (percent still waiting)."""
    out = []
    for months in ticks:
        day = days_of(months, as_at)
        share = found.share(day)
        had = int(found.steps.loc[found.steps["days"] <= day, "done"].sum())
        out.append((months, day, found.at_risk(day), had, *([None] * 3 if share is None else [round(100 * part, 1) for part in share])))
    return pd.DataFrame(out, columns=["months", "days", "at_risk", "had", "share", "low", "high"])


def ticks(found: Curve, as_at: date, most: int = 9) -> list[int]:
    """Whole months for an axis as long as the longest wait, at most so many of them."""
    longest = months_of(int(found.steps["days"].iloc[-1]), as_at)
    step = next((step for step in (1, 2, 3, 6, 12, 24, 36) if longest / step < most), 60)
    return list(range(0, longest + 1, step)) or [0]


# -- compared


def by_team(frame: pd.DataFrame, as_at: date, smallest: int) -> pd.DataFrame:
    """One row per team that held children when their wait began, in name order (last: no team recorded): team, then as `_summary`."""
    groups = frame.assign(team_then=frame["team_then"].astype(object).where(frame["team_then"].notna(), NO_TEAM)).groupby("team_then", sort=True)
    return pd.DataFrame([{"team": team} | _summary(group, as_at, smallest) for team, group in sorted(groups, key=lambda one: (one[0] == NO_TEAM, one[0]))])


def by_year(frame: pd.DataFrame, as_at: date, smallest: int, whole_from: date | None) -> pd.DataFrame:
    """One row per financial year in which waits began, the latest first: year, words, whole (whether children who left are in the
    extract for all of that year), then as `_summary`. The unknown ones are in no year."""
    known = frame[frame["fate"] != "unknown"]
    years = sorted({year_of(day) for day in known["begun"]}, reverse=True)
    return pd.DataFrame([
        {"year": year, "words": year_words(year), "whole": whole_from is not None and date(year, 4, 1) >= whole_from} | _summary(of_year(known, year), as_at, smallest)
        for year in years
    ])  # fmt: skip


def _summary(group: pd.DataFrame, as_at: date, smallest: int) -> dict:
    """periods (known ones), done, left, waiting, unknown, median (in words), interval (its 95% interval), longest (days, of those still waiting)."""
    found, of = curve(group), counts(group)
    waiting = group.loc[group["fate"] == "waiting", "days"]
    return {
        "periods": sum(of[fate] for fate in ("done", "left", "waiting")), **{fate: of[fate] for fate in ("done", "left", "waiting", "unknown")},
        "median": median_cell(found, as_at, smallest),
        "interval": interval_words(found).removeprefix("95% interval ") if enough(found, smallest) and found.median is not None else "",
        "longest": int(waiting.max()) if len(waiting) else None,
    }  # fmt: skip
