"""SSDA903 files: header, episodes, social worker episodes. The reviews file is an ordinary table (synonyms.py).

The return has no teams, names or Care Planning Meetings: cases get the team "Not recorded", and it is said.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..cells import is_blank
from ..problems import NOTE, WARNING
from ..recognise import Recognised
from .episodes import MOVES_HOME, Episode, Period, differences, periods, runs, unclear
from .people import People, date_of_birth, gender
from .tables import NOT_RECORDED, Kind, Made, Row, SourceTable

EPISODES = Kind("episodes", ("child", "decom", "rne"))
HEADER = Kind("header", ("child", "sex", "dob", "ethnic"), without=("decom", "duc", "review", "dateint"))
WORKERS = Kind("workers", ("child", "swid", "swdecom"))
KINDS = (EPISODES, HEADER, WORKERS)

_CASES = {
    "child_id": ("CHILD",),
    "care_started": ("DECOM",),
    "care_ceased": ("DEC",),
    "reason_ceased": ("REC",),
    "legal_status": ("LS",),
    "placement_type": ("PLACE", "PL"),
}
_PLACEMENTS = {"child_id": ("CHILD",), "placement_start": ("DECOM",), "placement_end": ("DEC",), "placement_type": ("PLACE", "PL"), "provider": ("PLACE_PROVIDER",),
               "change_reason": ("REASON_PLACE_CHANGE",)}  # fmt: skip
_LEGAL = {
    "child_id": ("CHILD",),
    "legal_status": ("LS",),
    "legal_status_start": ("DECOM",),
    "legal_status_end": ("DEC",),
}


def convert(tables: list[SourceTable]) -> tuple[list[Recognised], list[SourceTable]]:
    """Without episodes there is nothing to attach the header to: it is left."""
    episodes = [t for t in tables if t.kind == EPISODES.name]
    headers = [t for t in tables if t.kind == HEADER.name]
    out = [_workers(t) for t in tables if t.kind == WORKERS.name]
    if not episodes:
        return out, headers
    people = People(headers, "CHILD", {"date_of_birth": date_of_birth("DOB"), "gender": gender("SEX")})
    made = {
        id(t): {
            name: Made(t, name, columns)
            for name, columns in (("cases", _CASES), ("placements", _PLACEMENTS), ("legal_statuses", _LEGAL))
        }
        for t in episodes
    }
    good: list[Episode] = []
    for t in episodes:
        for row in t.rows():
            episode = _episode(row)
            if episode:
                good.append(episode)
            else:  # cleaning will say what is wrong with it
                made[id(t)]["cases"].add(
                    row, {"child_id": row.cell("child"), "care_started": row.cell("decom"), "team": NOT_RECORDED}
                )
    found = periods(good)
    for row, kind, message, remedy, days in differences(good):
        made[id(row.source)]["cases"].say(WARNING, kind, message, remedy, row, "DECOM", days)
    # Where a period goes on after a gap, that is what is said of it.
    before_gap = {id(p.after) for p in found if p.after is not None and not p.start_known}
    for period in found:
        _case(period, made[id(period.first.row.source)]["cases"], people, id(period.last) in before_gap)
        for run, following in _with_next(_homes(period)):
            if run[0].reason in MOVES_HOME:
                _placement(run, following, made[id(run[0].row.source)]["placements"])
        for run, following in _with_next(_legal_runs(period)):
            _legal_status(run, following, made[id(run[0].row.source)]["legal_statuses"])
    for t in episodes:
        for name, joined in (
            ("cases", "they continue a period of care"),
            ("placements", "they are no move of home"),
            ("legal_statuses", "the legal status stays the same"),
        ):
            m = made[id(t)][name]
            if name == "cases":
                m.say(
                    NOTE,
                    "team_not_recorded",
                    "SSDA903 has no teams: a child's team is “Not recorded” where no other table has it.",
                    "Load a case list or allocations beside it.",
                )
            if m.rows:
                out.append(m.recognised(joined))
    children = {e.child for e in good}
    out += [_header(t, children, people) for t in headers]
    out += [_told_again(t) for t in episodes if not any(made[id(t)][name].rows for name in made[id(t)])]
    return out, []


def _episode(row: Row) -> Episode | None:
    child, start = row.id("child"), row.date("decom")
    if not row.usable or child is None or start is None:
        return None
    end = row.date("dec")
    reason = row.text("rne")[:1].upper()
    rec = row.text("rec").upper()
    return Episode(row, child, start, end, reason, end is not None and bool(rec) and not rec.startswith("X1"))


def _case(period: Period, made: Made, people: People, before_gap: bool) -> None:
    first, last = period.first.row, period.last.row
    person = people.of(period.first.child)
    legal = _legal_runs(period)[-1]
    homes = [run for run in _homes(period) if run[0].reason in MOVES_HOME]
    made.add(first, {
        "child_id": first.cell("child"), "care_started": first.cell("decom"), "care_ceased": last.cell("dec"), "team": NOT_RECORDED,
        "reason_ceased": last.cell("rec") if period.ended else None,
        "legal_status": last.cell("ls"), "legal_status_start": legal[0].row.cell("decom"),
        "placement_type": last.cell("place", "pl"), "placement_start": homes[-1][0].row.cell("decom") if homes else None,
        "date_of_birth": person["date_of_birth"] if person else first.cell("dob"),
        "yearly": "Yes", "start_unknown": None if period.start_known else "Yes",
        "gender": person.get("gender"),
    })  # fmt: skip
    for row, kind, message, remedy, days in unclear(period):
        made.say(WARNING, kind, message, remedy, row, "DECOM", days)
    last_of_runs = {run[-1] for run in (*_homes(period), *_legal_runs(period))}  # their end is a cell of a row that is made
    for episode in period.episodes:
        if episode not in last_of_runs:
            made.say_unreadable(episode.row, "DEC")
    if not period.start_known and period.after is None:
        made.say(
            WARNING, "start_unknown",
            "The child's first episode in the file does not begin a period of care (RNE is not S), so the true start is not known; the start of the episode was taken, and what counts from it is “cannot tell”.",
            "Load the earlier years' episodes too.", first, "RNE", first.text("rne"),
        )  # fmt: skip
    if not period.ended and last.text("rec") and not last.text("rec").upper().startswith("X1"):
        made.say(
            WARNING, "end_date_missing", "The child's last episode has a reason for ceasing (REC) but no date (DEC); the child counts as still in care.",
            "Fill in DEC, or clear REC.", last, "REC", last.text("rec"),
        )  # fmt: skip
    if period.ended and not period.last.ended_care and not before_gap:
        made.say(
            WARNING, "end_uncertain", "The child's last episode ends with a new episode to follow (REC is X1 or blank), but none follows; the period was taken as ended, unless another table has it.",
            "Check for a missing episode.", last, "REC", last.text("rec"),
        )  # fmt: skip


def _homes(period: Period) -> list[tuple[Episode, ...]]:
    return runs(period, lambda before, e: e.reason in MOVES_HOME)


def _legal_runs(period: Period) -> list[tuple[Episode, ...]]:
    return runs(period, lambda before, e: e.row.text("ls") != before.row.text("ls"))


def _with_next(all_runs: list[tuple[Episode, ...]]) -> Iterator[tuple[tuple[Episode, ...], Row | None]]:
    """Each run with the first row of the run after it."""
    for i, run in enumerate(all_runs):
        yield run, all_runs[i + 1][0].row if i + 1 < len(all_runs) else None


def _end(run: tuple[Episode, ...], following: Row | None) -> object:
    """When the last episode of a run was left open although another follows, it ended when that began."""
    end = run[-1].row.cell("dec")
    return following.cell("decom") if following and is_blank(end) else end


def _placement(run: tuple[Episode, ...], following: Row | None, made: Made) -> None:
    first, last = run[0].row, run[-1].row
    made.add(first, {"child_id": first.cell("child"), "placement_start": first.cell("decom"), "placement_end": _end(run, following),
                     "placement_type": last.cell("place", "pl"), "provider": last.cell("placeprovider"),
                     "change_reason": last.cell("reasonplacechange")})  # fmt: skip


def _legal_status(run: tuple[Episode, ...], following: Row | None, made: Made) -> None:
    first = run[0].row
    made.add(
        first,
        {
            "child_id": first.cell("child"),
            "legal_status": first.cell("ls"),
            "legal_status_start": first.cell("decom"),
            "legal_status_end": _end(run, following),
        },
    )


def _header(table: SourceTable, children: set[str], people: People) -> Recognised | None:
    made = Made(table, "cases", {"child_id": ("CHILD",), "date_of_birth": ("DOB",), "gender": ("SEX",)})
    used = people.says(made, children)
    alone = people.alone(table, children)
    one = alone == 1
    if alone:
        made.say(
            NOTE,
            "no_episodes",
            f"{alone} {'child' if one else 'children'} of the header {'has' if one else 'have'} no episode, so {'is' if one else 'are'} not loaded.",
            "Load the episodes of the same return.",
        )
    return made.fills_in(used, "the dates of birth and the genders of the Cases")


def _told_again(table: SourceTable) -> Recognised | None:
    """A table of which another tells every episode: its rows are counted, too."""
    return Made(table, "cases", _CASES).recognised("another file tells the same episodes")


def _workers(table: SourceTable) -> Recognised | None:
    made = Made(
        table,
        "allocations",
        {
            "child_id": ("CHILD",),
            "worker": ("SW_ID",),
            "allocation_start": ("SW_DECOM",),
            "allocation_end": ("SW_DEC",),
        },
    )
    for row in table.rows():
        made.add(
            row,
            {
                "child_id": row.cell("child"),
                "worker": row.cell("swid"),
                "team": NOT_RECORDED,
                "allocation_start": row.cell("swdecom"),
                "allocation_end": row.cell("swdec"),
            },
        )
    made.say(
        NOTE,
        "team_not_recorded",
        "SSDA903 has no teams: an allocation's team is the child's team in Cases, or “Not recorded” where there is none.",
        "Load allocations with teams beside it.",
    )
    return made.recognised("")
