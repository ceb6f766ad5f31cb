"""A read record beside what is loaded: whose meeting it was, and what to say before it is added."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

from cpm_metrics.engine import Results
from cpm_metrics.extracts.folding import fold
from cpm_metrics.records import Record, already_there
from cpm_metrics.store import Snapshot
from cpm_metrics.views import look


def children(results: Results) -> dict[str, str]:
    """child_id -> "Name (ID)" of every child in the extracts, by name."""
    rows = results.rows("SELECT child_id, forename, surname FROM children WHERE current ORDER BY child_id")
    called = {child: look.name(forename, surname, child) for child, forename, surname in rows}
    return {child: f"{name} ({child})" for child, name in sorted(called.items(), key=lambda pair: (pair[1].casefold(), pair[0]))}


def whose(results: Results, record: Record) -> tuple[list[str], list[str]]:
    """(child IDs that the record is about, what could not be found, in words).

    By the IDs in the record. A record without any: by names, where exactly one child has the name, and the date of birth too where
    the record gives one. A name that two children have is never guessed.
    """
    known = {child for (child,) in results.rows("SELECT DISTINCT child_id FROM children")}
    if record.child_ids:
        lost = [child for child in record.child_ids if child not in known]
        said = [f"Child ID {child} is not in the extracts." for child in lost]
        return [child for child in record.child_ids if child in known], said
    found, said = [], []
    rows = results.rows("SELECT child_id, forename, surname, date_of_birth FROM children WHERE current")
    for name in (part.strip() for part in re.split(r",|;|\n|\band\b|&", record.names)):
        if not name:
            continue
        same = [(child, born) for child, forename, surname, born in rows if fold(look.name(forename, surname, child)) == fold(name)]
        if record.born:
            same = [(child, born) for child, born in same if born in record.born]
        if len(same) == 1:
            found.append(same[0][0])
        else:
            said.append(f"“{name}” is {'no child in the extracts' if not same else f'the name of {len(same)} children'}: choose the child.")
    if not found and not said:
        said.append("The record names no child: choose the child.")
    return found, said


def before_adding(snapshot: Snapshot, results: Results, chosen: Sequence[str], on: date) -> tuple[list[str], list[str]]:
    """(why it can't be added, what to know when it is added), each in sentences."""
    stops, notes = [], []
    names = children(results)
    for child in already_there(snapshot, chosen, on):
        stops.append(f"A Care Planning Meeting of {look.day(on)} is loaded already for {names.get(child, child)}. It would be counted twice.")
    before_care = results.settings["general.before_care"]
    for child in chosen:
        periods = results.rows(
            f"SELECT count(*) FROM children WHERE child_id = $child AND $day >= {before_care.before('care_started')} AND $day <= coalesce(care_ceased, $day)",
            {"child": child, "day": on},
        )
        if not periods[0][0]:
            stops.append(f"{look.day(on)} lies in no period of care of {names.get(child, child)}: check the date and the child.")
    if on > results.extract_date:
        notes.append(f"The extract was taken on {look.day(results.extract_date)}, before the meeting: it counts as booked until an extract of {look.day(on)} or later is loaded.")
    if "actions" not in snapshot.loaded():
        notes.append("No extract of actions is loaded, so its actions are shown with the child but not counted: one record doesn’t tell of the other children.")
    notes.append("It stays when the next extract is loaded, until that extract has the meeting itself.")
    return stops, notes
