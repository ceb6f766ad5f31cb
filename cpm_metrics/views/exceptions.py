"""Notes and manager's exceptions beside the obligations they are about.

An exception never changes a status: what is overdue stays overdue, and is counted. It says why a manager accepts that, until when.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import pandas as pd

from cpm_metrics.engine import Results
from cpm_metrics.rules import all_rules
from cpm_metrics.store.state import About, ManagersException, Note
from cpm_metrics.views import history, lists, look

# Not a setting: an exception is one person's word for one child, and half a year is the longest that passes between two reviews,
# where somebody else looks at it again. A council that could set "ten years" would have a way to hide what is overdue.
LONGEST = 6  # months from the as-at date


def last_day(as_at: date) -> date:
    """The latest day on which an exception made now may expire."""
    return history.month_after(as_at, LONGEST)


def about(row: Mapping) -> About:
    """What a row of `lists.obligations` is kept under."""
    return About(row["rule"], row["child_id"], _day(row["care_started"]), _day(row["anchor_date"]), _day(row["due_date"]))


def _day(value) -> date | None:
    return None if pd.isna(value) else pd.Timestamp(value).date()


# -- which obligation


@dataclass(frozen=True)
class Match:
    """Obligations that a note or exception is about; `open`: those not done, missed or lapsed. Their numbers stand for one Results
    alone; `abouts` (what they are kept under, with the due date they have now) for any."""

    ids: list[int] = field(default_factory=list)
    open: list[int] = field(default_factory=list)
    abouts: frozenset[About] = frozenset()
    status: str | None = None


def match(results: Results, wanted: Iterable[About]) -> dict[About, Match]:
    """Finds each in `results`, by rule, child, period of care and the day that set it off.

    Where several share these (the actions of one meeting), those of the same due date are meant: all of them, as nothing in an
    extract tells them apart from load to load. Where only one does, its due date may have changed.
    """
    wanted = list(dict.fromkeys(wanted))
    known: dict[tuple, list[tuple]] = {}
    if wanted:
        for rule, child, started, anchor, due, status, number in results.rows(
            "SELECT rule, child_id, care_started, anchor_date, due_date, status, obligation_id FROM obligation_facts "
            "WHERE list_contains($children, child_id) ORDER BY obligation_id",
            {"children": sorted({one.child_id for one in wanted})},
        ):
            known.setdefault((rule, child, started, anchor), []).append((due, status, number))
    out = {}
    for one in wanted:
        found = known.get(tuple(one[:4]), [])
        if len(found) > 1:
            found = [row for row in found if row[0] == one.due_date]
        # Several of one due date may differ in status: the one that is still open says what there is to do.
        found.sort(key=lambda row: row[1] not in look.OPEN)
        numbers, still_open = [n for _, _, n in found], [n for _, status, n in found if status in look.OPEN]
        out[one] = Match(numbers, still_open, frozenset(one._replace(due_date=due) for due, _, _ in found), found[0][1] if found else None)
    return out


def covered(results: Results, row: Mapping) -> int:
    """How many open obligations an exception for this row would stand for: 1, or more where nothing tells them apart."""
    one = about(row)
    return len(match(results, [one])[one].open)


# -- how each stands


@dataclass(frozen=True)
class Standing:
    exception: ManagersException
    state: str
    match: Match


def standing(results: Results, exceptions: Sequence[ManagersException]) -> list[Standing]:
    """Each exception with a state of `look.EXCEPTION` on the as-at date. None is left out."""
    found = match(results, (exception.about for exception in exceptions))
    return [Standing(e, _state(e, found[e.about], results), found[e.about]) for e in exceptions]


def _state(exception: ManagersException, found: Match, results: Results) -> str:
    # For the newest extract's own date it holds from the start: it was made after the extract was taken, and because of it.
    if results.reconstructed and exception.at.date() > results.as_at:
        return "later"
    if exception.withdrawn_at is not None:
        return "withdrawn"
    if not exception.holds_on(results.as_at):
        return "expired"
    return "gone" if not found.ids else "holds" if found.open else "closed"


def in_force(stands: Iterable[Standing]) -> dict[About, ManagersException]:
    """What an obligation is kept under -> the exception that holds for it; of several the newest."""
    out: dict[About, ManagersException] = {}
    for one in stands:
        if one.state == "holds":
            for key in one.match.abouts:
                out[key] = max(out.get(key, one.exception), one.exception, key=lambda e: e.number)
    return out


def listed(results: Results, stands: Sequence[Standing], teams: Sequence[str] = ()) -> pd.DataFrame:
    """Every exception on record, the newest first; for the chosen teams, those of theirs and those that no team is known of.

    Columns: number, child_id, name, title, rule, state, status (of the obligation now), due_date, anchor_date, care_started, reason, expires,
    who, made, withdrawn, withdrawn_by, team, worker. Team and worker are the obligation's, else those of the child's period.
    """
    rows = lists.obligations(results, ids=sorted({n for one in stands for n in one.match.ids})).set_index("obligation_id")
    people = {}
    if stands:
        for child, started, forename, surname, team, worker in results.rows(
            "SELECT child_id, care_started, forename, surname, team, worker FROM children WHERE list_contains($ids, child_id)",
            {"ids": sorted({one.exception.about.child_id for one in stands})},
        ):
            people[child, started] = (look.name(forename, surname, child), team, worker)
    titles = {rule.code: rule.title for rule in all_rules()}
    out = []
    for one in stands:
        e, a = one.exception, one.exception.about
        name, team, worker = people.get((a.child_id, a.care_started), (f"Child {a.child_id}", None, None))
        if one.match.ids:
            row = rows.loc[one.match.ids[0]]
            team, worker = row["team"], row["worker"]
        out.append({
            "number": e.number, "child_id": a.child_id, "name": name, "title": titles.get(a.rule, a.rule), "rule": a.rule, "state": one.state,
            "status": one.match.status, "due_date": rows.loc[one.match.ids[0], "due_date"] if one.match.ids else a.due_date,
            "anchor_date": a.anchor_date, "care_started": a.care_started, "reason": e.text, "expires": e.expires, "who": e.who,
            "made": e.at.date(), "withdrawn": e.withdrawn_at.date() if e.withdrawn_at else None, "withdrawn_by": e.withdrawn_by, "team": team, "worker": worker,
        })  # fmt: skip
    frame = pd.DataFrame(out, columns=COLUMNS)
    for name in ("due_date", "anchor_date", "care_started", "expires", "made", "withdrawn"):
        frame[name] = pd.to_datetime(frame[name]).astype("datetime64[us]")
    if teams:
        frame = frame[frame["team"].isin(list(teams)) | frame["team"].isna()].reset_index(drop=True)
    return frame.sort_values("number", ascending=False, ignore_index=True)


COLUMNS = ["number", "child_id", "name", "title", "rule", "state", "status", "due_date", "anchor_date", "care_started", "reason", "expires", "who",
           "made", "withdrawn", "withdrawn_by", "team", "worker"]  # fmt: skip


# -- beside rows


def beside(rows: pd.DataFrame, forced: Mapping[About, ManagersException]) -> pd.DataFrame:
    """`rows` with `exception`: the day until which a manager's exception holds, blank without one and for what is not open."""
    until = pd.Series(pd.NaT, index=rows.index, dtype="datetime64[us]")
    mine = rows[rows["child_id"].isin({key.child_id for key in forced}) & rows["status"].isin(look.OPEN)]
    for at, row in zip(mine.index, mine.to_dict("records"), strict=True):
        found = forced.get(about(row))
        if found is not None:
            until[at] = pd.Timestamp(found.expires)
    return rows.assign(exception=until)


def notes_of(results: Results, notes: Sequence[Note], row: Mapping) -> list[Note]:
    """Those about one obligation, in their order."""
    found, key = match(results, (note.about for note in notes)), about(row)
    return [note for note in notes if key in found[note.about].abouts]
