"""Brothers and sisters in care at the same time: their last and next meetings side by side, and where one day could serve all."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

import pandas as pd

from cpm_metrics.engine import Results
from cpm_metrics.views import child as views
from cpm_metrics.views import lists, look

# A "sibling group" with more children than this is more likely a cell filled in by habit ("0", "N/A") than a family.
LARGEST = 12


class Alignment(NamedTuple):
    """How the meetings of one kind lie. `what`: "review" or "CPM"; `aligned`: all on one day; `words`: sentences, without names."""

    what: str
    aligned: bool
    words: str


def group_size(results: Results, child: str) -> int:
    """How many children of the extract have the child's sibling group, the child among them; 0 where it has none."""
    return results.rows(
        """SELECT count(DISTINCT child_id) FROM children WHERE current
           AND sibling_group = (SELECT sibling_group FROM children WHERE child_id = $child AND current)""",
        {"child": child},
    )[0][0]


def side_by_side(results: Results, child: str) -> pd.DataFrame:
    """The child and the brothers and sisters in care on the as-at date, the eldest first; empty where it is not in care or has none in care.

    Columns: child_id, name, born, team, worker, iro, last_cpm, cpm_due, cpm_unknown, cpm_booked, cpm_for_court (bool), last_review, review_due,
    review_unknown, review_booked.
    """
    frame = results.frame(
        f"""
        SELECT d.* EXCLUDE (date_of_birth), d.date_of_birth AS born
        FROM ({views._MEETING_DATES}) d
        JOIN in_care USING (child_id, care_started)
        JOIN children c USING (child_id, care_started)
        WHERE c.sibling_group = (
            SELECT me.sibling_group FROM children me JOIN in_care USING (child_id, care_started) WHERE me.child_id = $child)
        ORDER BY born NULLS LAST, child_id
        """,
        {"child": child},
    )
    frame.insert(1, "name", lists.names(frame))
    frame = frame[["child_id", "name", "born", "team", "worker", "iro", "last_cpm", "cpm_due", "cpm_unknown", "cpm_booked", "cpm_for_court",
                   "last_review", "review_due", "review_unknown", "review_booked"]]  # fmt: skip
    return frame if len(frame) > 1 else frame.iloc[:0]


def alignment(rows: pd.DataFrame, as_at: date) -> list[Alignment]:
    """For reviews and for CPMs, what `side_by_side` comes to, in words. None where there is nothing to compare."""
    if not len(rows):
        return []
    return [_aligned("review", rows, as_at), _aligned("CPM", rows, as_at)]


def _aligned(what: str, rows: pd.DataFrame, as_at: date) -> Alignment:
    name = what.lower()
    booked, due, last = ([day.date() for day in rows[column].dropna()] for column in (f"{name}_booked", f"{name}_due", f"last_{name}"))
    words = []
    if len(booked) == len(rows):
        words.append(_days(f"{what}s booked", booked))
    elif booked:
        words.append(f"{_days(f'{what}s booked' if len(booked) > 1 else f'{what} booked', booked)}; {look.count(len(rows) - len(booked), 'child has', 'children have')} none booked")
    else:
        words.append(f"No {what} booked for any of them")
    if len(due) > 1:
        words.append(_days(f"{'Needed' if what == 'CPM' else 'Due'} by", due))
    elif len(due) < len(rows) and len(last) > 1:
        words.append(_days(f"Last {what}s", last))
    unknown = int((rows[f"{name}_unknown"] > 0).sum())
    together = len(set(booked)) == 1 and len(booked) == len(rows)
    if not together and len(due) > 1:
        words.append(_one_for_all(what, due, booked, len(rows), unknown, as_at))
    if unknown:
        words.append(f"For {look.count(unknown, 'child', 'children')} it can’t be told by when {'a CPM is needed' if what == 'CPM' else 'the review is due'}")
    court = int(rows["cpm_for_court"].sum()) if what == "CPM" else 0
    if court:
        words.append(f"For {look.count(court, 'child', 'children')} a CPM before the final care plan is open, which another CPM does not replace")
    words = ". ".join(words) + "."
    return Alignment(what, together, words[0].upper() + words[1:])


def _days(what: str, days: Sequence[date]) -> str:
    """"reviews booked 3 Mar 2027 and 15 Mar 2027, 12 days apart"."""
    found = sorted(set(days))
    if len(found) == 1:
        return f"{what} {look.day(found[0])}" + (" for all of them" if len(days) > 1 else "")
    return f"{what} {', '.join(look.day(day) for day in found[:-1])} and {look.day(found[-1])}, {look.days((found[-1] - found[0]).days)} apart"


def _one_for_all(what: str, due: Sequence[date], booked: Sequence[date], number: int, unknown: int, as_at: date) -> str:
    """By when one meeting about all of them would be in time for each whose date is known, and which booked day is such a one."""
    last = min(due)
    of = "all of them" if len(due) == number else f"the {len(due)} for whom one is open"
    if last <= as_at:
        return f"One {what} for {of} can’t be in time any more: the earliest was due by {look.day(last)}" if last < as_at else f"One {what} for {of} would be in time only today"
    fits = sorted({day for day in booked if day <= last})
    words = f"One {what} for {of} would be in time until {look.day(last)}"
    return words + (f"; the one booked for {look.day(fits[0])} is early enough" if fits else "")


def differences(rows: pd.DataFrame) -> str:
    """That they are with different teams, social workers or IROs, in words; "" where they aren't."""
    found = []
    for column, one, many in (("team", "team", "teams"), ("worker", "social worker", "social workers"), ("iro", "IRO", "IROs")):
        known = rows[column].dropna().nunique()
        if known > 1:
            found.append(f"{known} {many}")
        blank = int(rows[column].isna().sum())
        if blank and blank < len(rows):
            found.append(f"{one} not recorded for {blank}")
    return f"They have {', '.join(found)}." if found else ""
