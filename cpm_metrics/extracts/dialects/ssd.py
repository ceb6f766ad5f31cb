"""Standard Safeguarding Dataset tables, told by their column names (clae_*, clap_*, lega_*, clar_*, invo_*, lacp_*, pers_*, prof_*, dept_*).

Tables that stand for themselves with a person id (lega_*, and clap_*, clar_* of newer versions) could load by their
headers alone; here they are also joined through the period of care (clae_cla_id) where they have no person id.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import defaultdict

from ..cells import Fault
from ..folding import fold
from ..problems import NOTE, WARNING
from ..recognise import Recognised
from .care_plans import CarePlans
from .episodes import Episode, Period, differences, periods, unclear
from .people import Adds, Names, People, date_of_birth, gender, read_name
from .tables import NOT_RECORDED, Kind, Made, Row, SourceTable

EPISODES = Kind("ssd_episodes", ("claepersonid", "claeclaepisodestartdate"))
PERSON = Kind("ssd_person", ("perspersonid",), without=("claepersonid",))
PROFESSIONALS = Kind("ssd_professionals", ("profprofessionalid", "profprofessionalname"))
DEPARTMENTS = Kind("ssd_departments", ("deptteamid", "deptteamname"))
PLACEMENTS = Kind("ssd_placements", ("clapclaplacementstartdate",), one_of=("clappersonid", "clapclaid", "clapclaplacementid"))
REVIEWS = Kind("ssd_reviews", ("clarclareviewdate",), one_of=("clarclapersonid", "clarpersonid", "clarclaid"))
INVOLVEMENTS = Kind("ssd_involvements", ("invopersonid", "invoinvolvementstartdate"))
CARE_PLANS = Kind("ssd_care_plans", ("lacppersonid", "lacpclacareplanstartdate"))
KINDS = (EPISODES, PERSON, PROFESSIONALS, DEPARTMENTS, PLACEMENTS, REVIEWS, INVOLVEMENTS, CARE_PLANS)

_ALLOCATED = re.compile(r"\b(allocated|social work|social worker|case ?worker|key ?worker|sw)\b")
_ADDS = {
    "forename": Adds("Forename", ("pers_forename",), read_name), "surname": Adds("Surname", ("pers_surname",), read_name),
    "date_of_birth": date_of_birth("pers_dob"), "gender": gender("pers_gender", "pers_sex"),
}  # fmt: skip


def convert(tables: list[SourceTable]) -> tuple[list[Recognised], list[SourceTable]]:
    by_kind: dict[str, list[SourceTable]] = defaultdict(list)
    for t in tables:
        by_kind[t.kind].append(t)
    episodes = by_kind[EPISODES.name]
    person_of = _people_by_period(episodes)
    workers, teams = Names(by_kind[PROFESSIONALS.name], "prof_professional"), Names(by_kind[DEPARTMENTS.name], "dept_team")
    out: list[Recognised | None] = []
    allocated: dict[str, tuple] = {}
    for t in by_kind[INVOLVEMENTS.name]:
        out.append(_involvements(t, workers, teams, allocated))
    plans = CarePlans(by_kind[CARE_PLANS.name])
    people = People(by_kind[PERSON.name], "pers_person_id", _ADDS)
    out += _cases(episodes, people, allocated, plans)
    out += [_placements(t, person_of) for t in by_kind[PLACEMENTS.name]]
    out += [_reviews(t, person_of) for t in by_kind[REVIEWS.name]]
    # A table that adds to one that isn't there is left: alone it would make an empty dataset.
    of_cases, of_allocations = by_kind[PERSON.name] + by_kind[CARE_PLANS.name], by_kind[PROFESSIONALS.name] + by_kind[DEPARTMENTS.name]
    left = (of_cases if not episodes else []) + (of_allocations if not by_kind[INVOLVEMENTS.name] else [])
    if not episodes:
        by_kind[PERSON.name] = by_kind[CARE_PLANS.name] = []
    if not by_kind[INVOLVEMENTS.name]:
        by_kind[PROFESSIONALS.name] = by_kind[DEPARTMENTS.name] = []
    children = {r.id("claepersonid") for t in episodes for r in t.rows()}
    assigned = {k: {r.id(k) for t in by_kind[INVOLVEMENTS.name] for r in t.rows()} for k in ("invoprofessionalid", "invoprofessionalteam")}
    out += [_adds(t, "cases", people, children, "the names, dates of birth and genders of the Cases") for t in by_kind[PERSON.name]]
    out += [_adds(t, "allocations", workers, assigned["invoprofessionalid"], "the workers of the Allocations") for t in by_kind[PROFESSIONALS.name]]
    out += [_adds(t, "allocations", teams, assigned["invoprofessionalteam"], "the teams of the Allocations") for t in by_kind[DEPARTMENTS.name]]
    out += [plans.recognised(t) for t in by_kind[CARE_PLANS.name]]
    return [r for r in out if r], left


def _people_by_period(episodes: list[SourceTable]) -> dict[str, object]:
    """Ids of periods of care, and of placements, -> cell with the person's id."""
    out: dict[str, object] = {}
    for t in episodes:
        for row in t.rows():
            for key in ("claeclaid", "claeclaplacementid"):
                if row.id(key):
                    out[key[4:], row.id(key)] = row.cell("claepersonid")
    return out


def _involvements(t: SourceTable, workers: Names, teams: Names, allocated: dict[str, tuple]) -> Recognised | None:
    made = Made(t, "allocations", {"child_id": ("invo_person_id",), "worker": ("invo_professional_id",), "team": ("invo_professional_team",),
                                   "allocation_start": ("invo_involvement_start_date",), "allocation_end": ("invo_involvement_end_date",)})  # fmt: skip
    named = any(_ALLOCATED.search(fold(r.text("invoprofessionalroleid"))) for r in t.rows())
    for row in t.rows():
        role = row.text("invoprofessionalroleid")
        if named and row.usable and not role:
            made.say(WARNING, "role_blank", "The involvement has no role, so it isn't known whether it is the allocated social worker's; it was left out.",
                     "Fill in the role.", row, "invo_professional_role_id", "")  # fmt: skip
        if named and row.usable and not _ALLOCATED.search(fold(role)):
            continue
        worker = workers.name(row.id("invoprofessionalid")) or row.cell("invoprofessionalname", "invoprofessionalid")
        team = teams.name(row.id("invoprofessionalteam")) or row.cell("invoprofessionalteam")
        made.add(row, {"child_id": row.cell("invopersonid"), "worker": worker, "team": team, "allocation_start": row.cell("invoinvolvementstartdate"),
                       "allocation_end": row.cell("invoinvolvementenddate")})  # fmt: skip
        child, start, end = (
            row.id("invopersonid"),
            row.date("invoinvolvementstartdate"),
            row.date("invoinvolvementenddate"),
        )
        if row.usable and child and start and team:
            rank = (end is None, end or dt.date.max, start, str(team), str(worker))
            if child not in allocated or rank > allocated[child][0]:
                allocated[child] = (rank, team, worker)
    return made.recognised("they are involvements of other professionals than the allocated worker, or of no role")


def _cases(tables: list[SourceTable], people: People, allocated: dict, plans: CarePlans) -> list[Recognised | None]:
    columns = {"child_id": ("clae_person_id",), "care_started": ("clae_entered_care_date", "clae_cla_episode_start_date"),
               "care_ceased": ("clae_cla_episode_ceased_date", "clae_cla_episode_ceased"), "reason_ceased": ("clae_cla_episode_ceased_reason",)}  # fmt: skip
    made = {id(t): Made(t, "cases", columns) for t in tables}
    good = []
    for t in tables:
        for row in t.rows():
            episode = _episode(row)
            if episode:
                good.append(episode)
            else:
                made[id(t)].add(
                    row,
                    {
                        "child_id": row.cell("claepersonid"),
                        "care_started": row.cell("claeclaepisodestartdate"),
                        "team": NOT_RECORDED,
                    },
                )
    no_team: dict[int, int] = defaultdict(int)
    every = periods(good)
    for row, kind, message, remedy, days in differences(good):
        made[id(row.source)].say(WARNING, kind, message, remedy, row, "clae_cla_episode_start_date", days)
    latest = {p.first.child: p for p in every}  # oldest first
    for period in every:
        m = made[id(period.first.row.source)]
        no_team[id(period.first.row.source)] += period.first.child not in allocated
        _case(
            period,
            m,
            people.of(period.first.child),
            allocated.get(period.first.child),
            plans,
            period is latest[period.first.child],
        )
    for t in tables:
        if no_team[id(t)]:
            count = f"{no_team[id(t)]} periods of care have" if no_team[id(t)] > 1 else "1 period of care has"
            made[id(t)].say(NOTE, "team_not_recorded", f"{count} no allocated worker in the involvements: the team is “Not recorded” where no other table has it.",
                            "Load ssd_involvements with teams beside it.")  # fmt: skip
    return [part for t in tables for part in made[id(t)].parted("they continue a period of care")]


def _episode(row: Row) -> Episode | None:
    child, start = row.id("claepersonid"), row.date("claeclaepisodestartdate")
    if not row.usable or child is None or start is None:
        return None
    end = row.date("claeclaepisodeceaseddate", "claeclaepisodeceased")
    reason = row.text("claeclaepisodestartreason")[:1].upper()
    ceased = row.text("claeclaepisodeceasedreason").upper()
    return Episode(
        row,
        child,
        start,
        end,
        reason,
        end is not None and bool(ceased) and not ceased.startswith("X1"),
        row.id("claeclaid"),
    )


def _case(period: Period, made: Made, person: dict[str, object], allocation: tuple | None, plans: CarePlans, latest: bool) -> None:
    first, last = period.first.row, period.last.row
    entered = first.date("claeenteredcaredate")
    started = first.cell("claeenteredcaredate") if entered else first.cell("claeclaepisodestartdate")
    start = entered or period.first.start
    values = {
        "child_id": first.cell("claepersonid"), "care_started": started,
        "yearly": "Yes", "start_unknown": "Yes" if not entered and not period.start_known else None,
        "care_ceased": last.cell("claeclaepisodeceaseddate", "claeclaepisodeceased"),
        "reason_ceased": last.cell("claeclaepisodeceasedreason") if period.ended else None,
        "team": allocation[1] if allocation else NOT_RECORDED, "worker": allocation[2] if allocation else None,
    }  # fmt: skip
    planned, unknown = plans.of(period.first.child, start, period.last.end, latest)
    values |= planned
    made.add(first, values | person, unknown)
    unread = made.say_unreadable(first, "clae_entered_care_date")
    for episode in period.episodes[:-1]:  # the last one's end is a cell of the case
        made.say_unreadable(episode.row, "clae_cla_episode_ceased_date" if episode.row.source.column("claeclaepisodeceaseddate") is not None else "clae_cla_episode_ceased")
    for row, kind, message, remedy, days in unclear(period):
        if not (entered and kind == "start_unknown"):
            made.say(WARNING, kind, message, remedy, row, "clae_cla_episode_start_date", days)
    if not entered and not period.start_known and period.after is None:
        made.say(
            WARNING, "start_unknown",
            f"The child's first episode in the file does not begin a period of care, and {'the date of entering care can’t be read' if unread else 'there is no date of entering care'}, so the true start is not known; the start of the "
            "episode was taken, and what counts from it is “cannot tell”.",
            "Fill clae_entered_care_date, or load the earlier episodes too.", first, "clae_cla_episode_start_reason", first.text("claeclaepisodestartreason"),
        )  # fmt: skip


def _child(row: Row, own: tuple[str, ...], keys: tuple[tuple[str, str], ...], person_of: dict) -> object:
    """The child's id in the row, else by the period of care or placement that it names; a Fault where that is in no episode."""
    if row.text(*own):
        return row.cell(*own)
    named = [(kind, row.id(column)) for kind, column in keys if row.id(column)]
    found = next((person_of[key] for key in named if key in person_of), None)
    return Fault("unknown_period", named[0][1]) if found is None and named else found


def _placements(t: SourceTable, person_of: dict) -> Recognised | None:
    made = Made(t, "placements", {"child_id": ("clap_person_id", "clap_cla_id"), "placement_start": ("clap_cla_placement_start_date",),
                                  "placement_end": ("clap_cla_placement_end_date",), "placement_type": ("clap_cla_placement_type",),
                                  "provider": ("clap_cla_placement_provider",), "change_reason": ("clap_cla_placement_change_reason",)})  # fmt: skip
    for row in t.rows():
        child = _child(row, ("clappersonid",), (("claid", "clapclaid"), ("claplacementid", "clapclaplacementid")), person_of)
        made.add(row, {"child_id": child, "placement_start": row.cell("clapclaplacementstartdate"), "placement_end": row.cell("clapclaplacementenddate"),
                       "placement_type": row.cell("clapclaplacementtype"), "provider": row.cell("clapclaplacementprovider"),
                       "change_reason": row.cell("clapclaplacementchangereason")})  # fmt: skip
    return made.recognised("")


def _reviews(t: SourceTable, person_of: dict) -> Recognised | None:
    made = Made(t, "reviews", {"child_id": ("clar_cla_person_id", "clar_person_id", "clar_cla_id"), "review_date": ("clar_cla_review_date",),
                               "status": ("clar_cla_review_cancelled",), "participation": ("clar_cla_review_participation",)}, flags=frozenset({"status"}))  # fmt: skip
    due_only = 0
    for row in t.rows():
        if not row.text("clarclareviewdate") and row.text("clarclareviewduedate"):
            due_only += 1  # a review that is due, not one that was held or booked
            continue
        child = _child(row, ("clarclapersonid", "clarpersonid"), (("claid", "clarclaid"),), person_of)
        made.add(row, {"child_id": child, "review_date": row.cell("clarclareviewdate"), "status": row.cell("clarclareviewcancelled"),
                       "participation": row.cell("clarclareviewparticipation")})  # fmt: skip
    return made.recognised("they have a due date but no review date yet")


def _adds(t: SourceTable, dataset: str, to: People | Names, used: set[str | None], what: str) -> Recognised | None:
    made = Made(t, dataset, {})
    return made.fills_in(to.says(made, used), what)
