"""The 28 rules: each gives a clock, one row per thing that was due for one child."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd

from benchmarks.peer_pandas.dates import after, before, earliest, latest, plus_months
from benchmarks.peer_pandas.lookup import NONE, asof, one_a_day, within_care
from benchmarks.peer_pandas.status import clock, record
from cpm_metrics.extracts.datasets import DOMAINS, UNREAD
from cpm_metrics.settings import Settings

RULES: dict[str, Callable] = {}


def rule(code: str):
    def add(function):
        RULES[code] = function
        return function

    return add


def start_clocks(facts, settings: Settings) -> Iterator[tuple[str, pd.DataFrame]]:
    """Every rule's code and clock, one at a time."""
    for code, start in RULES.items():
        yield code, start(facts, settings)


def _first_cpm(facts) -> pd.DataFrame:
    """For each period of care the first day with a CPM: `date`, `meeting`."""
    first = facts.cpm_days.drop_duplicates("care").set_index("care").reindex(facts.periods.index)
    return first.assign(meeting=first["meeting"].fillna(NONE).astype("int32"))


def _until(found: pd.DataFrame, last: pd.Series) -> pd.DataFrame:
    """What was found, but blank where it came after `last`."""
    kept = ~(found["date"] > last)
    out = found.assign(date=found["date"].where(kept))
    return out.assign(meeting=out["meeting"].where(kept, NONE)) if "meeting" in out else out


@rule("initial-cpm")
def initial_cpm(facts, settings):
    p, first = facts.periods, _first_cpm(facts)
    return clock(
        p, anchor=p["care_started"], due=after(p["care_started"], settings["initial-cpm.limit"]), done=first["date"],
        meeting=first["meeting"], lapses=p["care_ceased"], unknown=p["start_unknown"],
    )  # fmt: skip


@rule("care-plan")
def care_plan(facts, settings):
    p = facts.periods
    return clock(
        p, anchor=p["care_started"], due=after(p["care_started"], settings["care-plan.limit"]), done=p["care_plan_completed"],
        lapses=p["care_ceased"], unknown=p["start_unknown"],
    )  # fmt: skip


@rule("placement-planning")
def placement_planning(facts, settings):
    moves = facts.placements
    start = moves["placement_start"]
    ends = earliest(moves["placement_end"], facts.of(moves["care"], "care_ceased"))
    opens = latest(before(start, settings["placement-planning.window"]), moves["opens_after"])
    planned = one_a_day(facts.meetings[facts.meetings["plans_placement"] & facts.meetings["state"].eq(0)], facts.meeting_ids)
    met = _until(asof(moves.assign(opens=opens), "opens", planned), ends)
    return clock(moves, anchor=start, due=after(start, settings["placement-planning.limit"]), done=met["date"], meeting=met["meeting"], lapses=ends)


@rule("separate-plans")
def separate_plans(facts, settings):
    first = facts.cpm_days.drop_duplicates("care")[["care", "date"]]
    both = facts.cpms[facts.cpms["plans_placement"]][["care", "date"]].drop_duplicates().merge(first, on=["care", "date"])
    care_plan, placement_plan = facts.of(both["care"], "care_plan_completed"), facts.of(both["care"], "placement_plan_completed")
    done = latest(care_plan, placement_plan).where(care_plan.notna() & placement_plan.notna())
    return clock(
        both, anchor=both["date"], due=after(both["date"], settings["separate-plans.limit"]), done=done,
        lapses=facts.of(both["care"], "care_ceased"),
    )  # fmt: skip


@rule("statutory-review")
def statutory_review(facts, settings):
    s = facts.stretches
    late = pd.Series(facts.knowledge.late.to_numpy()[s["care"]])
    return clock(
        s, anchor=s["anchor"], due=s["due"], done=s["held"], meeting=s["meeting"], lapses=facts.of(s["care"], "care_ceased"),
        unknown=s["unsure_when"] | (late & s["n"].eq(1)),
    )  # fmt: skip


@rule("cpm-before-review")
def cpm_before_review(facts, settings):
    s = facts.stretches[facts.stretches["in_scope"]]
    met = asof(s, "anchor", facts.cpm_days, exact=False)
    # In the first stretch a CPM before care began counts too.
    begin = s["n"].eq(1)
    first = _first_cpm(facts).take(s["care"]).set_index(s.index)
    met = _until(met.assign(date=first["date"].where(begin, met["date"]), meeting=first["meeting"].where(begin, met["meeting"])), s["held"])
    late = facts.knowledge.late.to_numpy()[s["care"]]
    return clock(
        s, anchor=s["anchor"], due=s["ends_on"], done=met["date"], meeting=met["meeting"], closes=s["held"],
        lapses=facts.of(s["care"], "care_ceased").where(s["held"].isna()),
        unknown=(s["unsure_when"] & s["held"].isna() & s["booked"].isna()) | (late & begin),
    )  # fmt: skip


@rule("permanence-plan")
def permanence_plan(facts, settings):
    p, s = facts.periods, facts.stretches
    first = s[s["n"].eq(1)].set_index("care")["ends_on"]
    second = s[s["n"].eq(2)].set_index("care")["ends_on"]
    due = after(first, settings["statutory-review.second"])
    due = second.reindex(p.index).where(p.index.isin(second.index), due)
    unknown = (p["permanence_plan_text"].notna() & p["never_agreed"]) | p["start_unknown"] | facts.knowledge.late
    return clock(p, anchor=p["care_started"], due=due, done=p["permanence_agreed"], lapses=p["care_ceased"], unknown=unknown)


@rule("agreed-frequency")
def agreed_frequency(facts, settings):
    m = facts.cpms[facts.cpms["agreed_frequency"].notna()]
    # Few wordings stand for many meetings: each is read once.
    said = m["agreed_frequency"].astype("category")
    number, unit = _frequencies(said.cat.categories)
    number, unit = number[said.cat.codes], unit[said.cat.codes]
    counted = m["date"] + pd.to_timedelta(number * np.where(unit == "week", 7, 1), unit="D").as_unit("us")
    due = counted.where(unit != "month", plus_months(m["date"], number)).where(number > 0)
    met = asof(m, "date", facts.cpm_days, exact=False)
    return clock(m, anchor=m["date"], due=due, done=met["date"], meeting=met["meeting"], lapses=facts.of(m["care"], "care_ceased"))


def _frequencies(wordings: pd.Index) -> tuple[np.ndarray, np.ndarray]:
    """How many of which unit each wording says; 0 where it can't be read."""
    words = wordings.str.strip(" ").str.replace(r"[\s-]+", " ", regex=True).str.lower().to_series(index=range(len(wordings)))
    number = words.str.extract(r"^(?:every )?([0-9]{1,3})(?: ?(?:day|week|month)(?:s|ly)?)?$", expand=False).astype("float")
    number = number.mask(words.isin(["weekly", "fortnightly", "monthly"]), words.map({"weekly": 1, "fortnightly": 2, "monthly": 1}))
    unit = words.str.extract(r"(day|week|month)", expand=False).fillna("day").mask(words.eq("fortnightly"), "week")
    return number.fillna(0).to_numpy("int64"), unit.to_numpy(object)


@rule("frequency-recorded")
def frequency_recorded(facts, settings):
    m = facts.ordinary_cpms
    return record(m, m["agreed_frequency"].notna())


@rule("cpm-after-change")
def cpm_after_change(facts, settings):
    c = facts.changes
    met = asof(c, "date", facts.cpm_days)
    return clock(
        c, anchor=c["date"], due=after(c["date"], settings["cpm-after-change.limit"]), done=met["date"], meeting=met["meeting"],
        lapses=facts.of(c["care"], "care_ceased"),
    )  # fmt: skip


def _after_meeting(facts, meetings: pd.DataFrame, code: str, column: str, settings: Settings) -> pd.DataFrame:
    """Something that follows a meeting, and never lapses."""
    return clock(meetings, anchor=meetings["date"], due=after(meetings["date"], settings[f"{code}.limit"]), done=facts.upto(meetings[column]))


@rule("minutes-on-file")
def minutes_on_file(facts, settings):
    return _after_meeting(facts, facts.cpms, "minutes-on-file", "minutes_uploaded", settings)


@rule("minutes-distributed")
def minutes_distributed(facts, settings):
    return _after_meeting(facts, facts.cpms, "minutes-distributed", "minutes_distributed", settings)


def _listed(lists: pd.Series, words: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Which of the words each list has, one bit a word, and whether anything stands in it at all."""
    lists = lists.reset_index(drop=True)
    flat = lists.list.flatten()
    codes, found = pd.factorize(flat)
    bits = np.array([1 << words.index(word) if word in words else 0 for word in found], "int16")
    has = np.zeros(len(lists), "int16")
    rows = flat.index.to_numpy()
    if len(rows):
        starts = np.flatnonzero(np.diff(rows, prepend=-1))
        has[rows[starts]] = np.bitwise_or.reduceat(bits[codes], starts)
    filled = np.zeros(len(lists), bool)
    filled[rows] = True
    return has, filled


def _three(rows: pd.DataFrame, yes: np.ndarray | pd.Series, unknown: np.ndarray | pd.Series) -> pd.Series:
    """Yes, no, or NA where it isn't known."""
    return pd.Series(np.asarray(yes, bool), rows.index, "boolean").mask(np.asarray(unknown, bool))


@rule("progress-domains")
def progress_domains(facts, settings):
    m = facts.ordinary_cpms
    has, filled = _listed(m["domains"], (*DOMAINS, UNREAD))
    every = (1 << len(DOMAINS)) - 1
    complete = (has & every) == every
    # Something was written that could not be read: it may be the one that seems left out.
    return record(m, _three(m, complete, ~filled | (~complete & (has > every))))


@rule("cpm-chair")
def cpm_chair(facts, settings):
    m = facts.ordinary_cpms
    role = m["chair_role"]
    right = role.isin(["team_manager", "senior_practitioner", "service_manager"])
    right |= role.eq("social_worker") & ~facts.of(m["care"], "complex_case")
    return record(m, _three(m, right, role.isna()))


def _changed(facts, *changes: str) -> pd.DataFrame:
    return facts.cpms[facts.cpms["plan_change"].isin(changes)]


@rule("iro-informed")
def iro_informed(facts, settings):
    return _after_meeting(facts, _changed(facts, "minor", "substantial"), "iro-informed", "iro_informed", settings)


@rule("care-plan-updated")
def care_plan_updated(facts, settings):
    return _after_meeting(facts, _changed(facts, "minor", "substantial"), "care-plan-updated", "plan_updated", settings)


@rule("review-after-change")
def review_after_change(facts, settings):
    m = _changed(facts, "substantial")
    met = asof(m, "date", facts.reviews[["care", "date", "meeting"]])
    begins, until = (getattr(facts.knowledge, name).to_numpy()[m["care"]] for name in ("begins", "until"))
    due = after(m["date"], settings["review-after-change.limit"])
    return clock(
        m, anchor=m["date"], due=due, done=met["date"], meeting=met["meeting"], lapses=facts.of(m["care"], "care_ceased"),
        unknown=(met["date"].isna() & (m["date"] > until)) | ((m["date"] < begins) & ~(met["date"] <= due)),
    )  # fmt: skip


@rule("annual-assessment")
def annual_assessment(facts, settings):
    p = facts.periods
    before_care = asof(p, "care_started", facts.assessments.assign(last=facts.assessments["date"]), by="child", direction="backward")["last"]
    early = p["care_started"] < facts.assessments_begin if facts.assessments_begin is not pd.NaT else False
    in_care = within_care(facts.assessments, "date", p)
    in_care = in_care[in_care["date"].to_numpy() > p["care_started"].to_numpy()[in_care["care"]]]
    bases = pd.concat(
        [
            pd.DataFrame(
                {
                    "care": p["care"],
                    "anchor": before_care.fillna(p["care_started"]),
                    "unknown": (p["start_unknown"] | early) & before_care.isna(),
                }
            ),
            pd.DataFrame({"care": in_care["care"], "anchor": in_care["date"], "unknown": False}),
        ],
        ignore_index=True,
    ).sort_values("anchor", ignore_index=True)
    return clock(
        bases, anchor=bases["anchor"], due=after(bases["anchor"], settings["annual-assessment.limit"]),
        done=bases.groupby("care")["anchor"].shift(-1), lapses=facts.of(bases["care"], "care_ceased"), unknown=bases["unknown"],
    )  # fmt: skip


@rule("assessment-after-change")
def assessment_after_change(facts, settings):
    c = facts.changes
    ceased = facts.of(c["care"], "care_ceased")
    met = asof(c, "date", facts.assessments.assign(done=facts.assessments["date"]), by="child")["done"]
    return clock(
        c, anchor=c["date"], due=after(c["date"], settings["assessment-after-change.limit"]), done=met.mask(met > ceased), lapses=ceased,
        unknown=c["date"] < facts.assessments_begin if facts.assessments_begin is not pd.NaT else None,
    )  # fmt: skip


@rule("assessment-discussed")
def assessment_discussed(facts, settings):
    x = facts.specialist
    open_stretch = facts.stretches.drop_duplicates("care", keep="last").set_index("care")["ends_on"]
    ends_on = pd.Series(open_stretch.to_numpy()[x["care"]])
    due = asof(x, "date", facts.reviews[["care", "date", "meeting"]])["date"].fillna(ends_on)
    due = due.mask(x["date"] < facts.knowledge.begins.to_numpy()[x["care"]])  # what was held before the return isn't in it
    met = asof(x, "date", facts.cpm_days)
    return clock(
        x, anchor=x["date"], due=due, done=met["date"], meeting=met["meeting"],
        lapses=facts.of(x["care"], "care_ceased"), unknown=due.isna(),
    )  # fmt: skip


@rule("action-completed")
def action_completed(facts, settings):
    a = facts.actions
    return clock(a, anchor=a["date"], due=a["due_date"], done=a["completed_date"], lapses=facts.of(a["care"], "care_ceased"))


@rule("final-plan-cpm")
def final_plan_cpm(facts, settings):
    pr = within_care(facts.proceedings, "issued", facts.periods)
    met = asof(pr, "issued", facts.final_plans, by="child")
    met = _until(met, pr["plan_filed"].fillna(pr["concluded"]))
    return clock(
        pr, anchor=pr["issued"], due=before(pr["plan_due"], settings["final-plan-cpm.limit"]), done=met["date"], meeting=met["meeting"],
        closes=pr["plan_filed"], lapses=pr["concluded"].where(pr["plan_filed"].isna()),
    )  # fmt: skip


@rule("final-plan-assessments")
def final_plan_assessments(facts, settings):
    m = facts.final_cpms.reset_index(drop=True)
    # The proceedings open on the day of the meeting; of several, those issued last.
    pairs = m[["child", "date"]].reset_index().merge(facts.proceedings.reset_index(names="proceedings"), on="child")
    pairs = pairs[(pairs["issued"] <= pairs["date"]) & ~(pairs["concluded"] < pairs["date"])]
    pairs = pairs.sort_values(["issued", "source", "row"], ascending=[False, True, True]).drop_duplicates("index").set_index("index")
    pr = pairs.reindex(m.index)
    ours = pr["la_assessment"] <= m["date"]
    none_commissioned = pr["experts_commissioned"].eq(False).fillna(False).astype(bool)
    theirs = (pr["experts_received"] <= m["date"]) | none_commissioned
    unknown = pr["issued"].isna() | (ours & ~theirs & pr["experts_commissioned"].isna())
    return record(m, _three(m, ours & theirs, unknown))


@rule("final-plan-chair")
def final_plan_chair(facts, settings):
    m = facts.final_cpms
    return record(m, _three(m, m["chair_role"].eq("service_manager"), m["chair_role"].isna()))


@rule("final-plan-attendance")
def final_plan_attendance(facts, settings):
    m = facts.final_cpms
    needed = ("social_worker", "team_manager", "fostering", "parenting_assessor", "contact_centre_manager", "adoption_manager")
    has, filled = _listed(m["attendee_roles"], needed)
    every = (1 << len(needed)) - 1
    adoption = facts.of(m["care"], "permanence_plan").eq("adoption").to_numpy()
    wanted = np.where(adoption, every, every >> 1)
    return record(m, _three(m, (has & wanted) == wanted, ~filled))


@rule("final-plan-considerations")
def final_plan_considerations(facts, settings):
    m = facts.final_cpms
    five = m[[f"considered_{what}" for what in ("parents", "connected", "outside_family", "contact", "evidence")]].astype("boolean")
    refused = five.eq(False).fillna(False).any(axis=1)
    return record(m, _three(m, ~refused, ~refused & five.isna().any(axis=1)))


@rule("minutes-on-cpr")
def minutes_on_cpr(facts, settings):
    m = facts.final_cpms
    return _after_meeting(facts, m[facts.of(m["care"], "permanence_plan").eq("adoption")], "minutes-on-cpr", "minutes_on_cpr", settings)


@rule("proceedings-26-weeks")
def proceedings_26_weeks(facts, settings):
    pr = within_care(facts.proceedings, "issued", facts.periods)
    return clock(pr, anchor=pr["issued"], due=after(pr["issued"], settings["proceedings-26-weeks.limit"]), done=pr["concluded"])
