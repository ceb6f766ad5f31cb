"""What if: one child's obligations with a meeting or filing date moved, or a limit changed. Nothing is saved.

No rule stands here: the engine computes the child's own rows again with the change made in them, and the two are laid side by side.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from itertools import zip_longest
from typing import Any, NamedTuple

import pandas as pd

from cpm_metrics.engine import Results, compute_rows
from cpm_metrics.extracts import datasets
from cpm_metrics.rules import all_rules
from cpm_metrics.settings import Limit, Settings
from cpm_metrics.views import child as views
from cpm_metrics.views import lists

Tables = dict[str, list[dict[str, Any]]]
FIRST_CPM = "initial-cpm.limit"
# Dates that end something: for "held on that day" they are as unknown as they were on the as-at date.
_ENDS = {"cases": ("care_ceased",), "proceedings": ("concluded", "plan_filed")}


@dataclass(frozen=True)
class Change:
    """What is supposed. Blank: as it is. `review`: the next review is booked for this day, which lies after the as-at date. `filing`: the
    final care plan is due at court on this day, in the proceedings with this (source, row). `cpm`: one more CPM, held on that
    day, or booked for it where it lies after the as-at date; `cpm_type`: a meeting type. `first_cpm`: the limit of the first CPM."""

    review: date | None = None
    filing: date | None = None
    proceedings: tuple[int, int] | None = None
    cpm: date | None = None
    cpm_type: str = "cpm"
    first_cpm: Limit | None = None

    @property
    def empty(self) -> bool:
        return self == replace(Change(), proceedings=self.proceedings, cpm_type=self.cpm_type)


class Proceedings(NamedTuple):
    """Care proceedings that are open: their row in the extracts, and their dates."""

    source: int
    row: int
    issued: date
    plan_due: date | None


class Offer(NamedTuple):
    """What can be supposed for a child. `review`, `cpm`: "" or why it can't; `limit`, `other_limit`: of the first CPM, as it is and
    in the other kind of days."""

    review_booked: date | None
    review: str
    cpm: str
    proceedings: list[Proceedings]
    limit: Limit
    other_limit: Limit


class Kept(NamedTuple):
    """What a supposed meeting would do on its day, if everything booked until then is held. `met`: title, due_date, status, days, why of
    each obligation, open now, that it would meet or that would be past meeting; `next_review`: due date of the review after it."""

    what: str
    day: date
    met: pd.DataFrame
    next_review: date | None


class Outcome(NamedTuple):
    """`moved`: one row per obligation that differs: title, care_started, anchor_date, due_before, due_after, done_before, done_after,
    status_before, status_after, why_before, why_after (blank where there is none); `same`: how many don't differ; `own_record`: how many more the supposed meeting's
    own record would set off; `flags_new`, `flags_gone`: sentences of drift flags."""

    moved: pd.DataFrame
    same: int
    own_record: int
    flags_new: list[str]
    flags_gone: list[str]
    kept: list[Kept]


def offer(results: Results, child: str, care_started: date) -> Offer:
    """What can be changed for a child in care, in its present period."""
    ((loaded, reviews),) = results.rows(
        "SELECT is_loaded('meetings'), EXISTS (FROM snap.reviews) OR EXISTS (FROM snap.meetings WHERE meeting_type = 'review')"
    )
    proceedings = results.rows(
        """SELECT source, row, issued, plan_due FROM proceedings_known
           WHERE child_id = $child AND issued >= $started AND concluded IS NULL AND plan_filed IS NULL ORDER BY issued, source, row""",
        {"child": child, "started": care_started},
    )
    limit = results.settings[FIRST_CPM]
    return Offer(
        views.next_dates(results, child, care_started)["review_booked"],
        "" if reviews else "The extracts have no reviews.",
        "" if loaded else "Meetings were never loaded.",
        [Proceedings(*row) for row in proceedings],
        limit, Limit(limit.amount, "working days" if limit.unit != "working days" else "calendar days"),
    )  # fmt: skip


def own_rows(results: Results, child: str) -> Tables:
    """The child's rows as they were loaded, with what the rules ask of the extracts as a whole: which columns each file had, which
    datasets were loaded, whether reviews come as meetings, and when the first review of a yearly return was."""
    out: Tables = {}
    for dataset in datasets.DATASETS.values():
        names = list(datasets.columns(dataset))
        spelled = ", ".join(f'"{name}"' for name in names)
        rows = results.rows(f"SELECT {spelled} FROM snap.{dataset.name} WHERE child_id = $child ORDER BY source, row", {"child": child})
        out[dataset.name] = [dict(zip(names, row, strict=True)) for row in rows]
    out["sources"] = [dict(zip(("source", "dataset", "columns"), row, strict=True)) for row in results.rows("SELECT source, dataset, columns FROM snap.sources")]
    out["loaded"] = [dict(zip(("dataset", "extract_date"), row, strict=True)) for row in results.rows("SELECT dataset, extract_date FROM snap.loaded")]
    # Rows of nobody: they meet no child's rows, and say what the whole extract says.
    ((as_meeting, first),) = results.rows(
        "SELECT (SELECT min(meeting_date) FROM snap.meetings WHERE meeting_type = 'review'), (SELECT min(review_date) FROM snap.reviews)"
    )
    if as_meeting:
        out["meetings"].append({"meeting_type": "review", "meeting_date": as_meeting})
    if first:
        out["reviews"].append({"review_date": first})
    return out


def compare(results: Results, child: str, care_started: date, change: Change) -> Outcome:
    """The child's obligations and flags as they are, and as they would be. Raises OutOfCalendar for a day whose bank holidays aren't
    known."""
    tables, settings = own_rows(results, child), results.settings
    if change.first_cpm:
        settings = Settings(settings.chosen | {FIRST_CPM: change.first_cpm})
    tables, invented = _changed(results, tables, child, care_started, change)
    then = compute_rows(tables, results.as_at, settings=settings)
    moved, same = _side_by_side(_rows(results, child), _rows(then, child, without=invented))
    own = then.rows("SELECT count(*) FROM obligation_facts WHERE about_meeting = $key", {"key": invented})[0][0] if invented else 0
    before, after = _flags(results, child), _flags(then, child)
    kept = []
    for what, day in (("review", change.review), ("CPM", change.cpm)):
        if day is not None and day > results.as_at:
            kept.append(_kept(what, day, tables, results.as_at, then, settings, child, care_started))
    return Outcome(moved, same, own, [w for w in after if w not in before], [w for w in before if w not in after], kept)


def _changed(results: Results, tables: Tables, child: str, care_started: date, change: Change) -> tuple[Tables, str | None]:
    """The rows with the change made, and the meeting_key of the supposed CPM."""
    out = {name: [dict(row) for row in rows] for name, rows in tables.items()}
    if change.review:
        booked = views.next_dates(results, child, care_started)["review_booked"]
        found = [(row, day) for dataset, day in (("reviews", "review_date"), ("meetings", "meeting_date"), ("cases", "latest_review")) for row in out[dataset]
                 if row.get("child_id") == child and booked is not None and row[day] == booked
                 and row.get("status") not in ("cancelled", "postponed") and (dataset != "meetings" or row["meeting_type"] == "review")]  # fmt: skip
        for row, day in found:
            row[day] = change.review
        if not found:
            invented = {"child_id": child, "status": "booked"}
            if any(row.get("review_date") for row in out["reviews"]):
                out["reviews"].append(invented | {"review_date": change.review})
            else:
                out["meetings"].append(invented | {"meeting_type": "review", "meeting_date": change.review, "source": _source(out, ["child_id"]), "row": 1})
    if change.filing:
        for row in out["proceedings"]:
            if (row["source"], row["row"]) == change.proceedings:
                row["plan_due"] = change.filing
                for source in out["sources"]:
                    if source["source"] == row["source"] and "plan_due" not in source["columns"]:
                        source["columns"] = [*source["columns"], "plan_due"]
    if not change.cpm:
        return out, None
    source = _source(out, ["child_id", "meeting_type", "meeting_date", "status"])
    out["meetings"].append({
        "child_id": child, "meeting_type": change.cpm_type, "meeting_date": change.cpm, "source": source, "row": 1,
        "status": "held" if change.cpm <= results.as_at else "booked",
    })  # fmt: skip
    return out, f"{source}-1"


def _source(tables: Tables, columns: list[str]) -> int:
    """One more file of meetings, with these columns and no others."""
    number = max((source["source"] for source in tables["sources"]), default=0) + 1
    tables["sources"].append({"source": number, "dataset": "meetings", "columns": columns})
    return number


# What an obligation is, without the dates that a change can move.
_IDENTITY = ("rule", "care_started", "anchor_date", "detail", "about_meeting")
_SHOWN = ("due_date", "status", "done_date", "closes_on", "lapses_on", "why")


def _rows(results: Results, child: str, without: str | None = None) -> list[tuple]:
    """Each obligation of the child as (what it is, what is shown of it). `without`: a meeting_key whose own record isn't wanted."""
    names = ", ".join(f"f.{name}" for name in (*_IDENTITY, *_SHOWN[:-1]))
    rows = results.rows(
        f"""SELECT {names}, o.why FROM obligation_facts f JOIN obligations o USING (obligation_id)
            WHERE f.child_id = $child AND f.about_meeting IS DISTINCT FROM $without
            ORDER BY f.rule, f.care_started, f.anchor_date, f.due_date, f.done_date, o.why""",
        {"child": child, "without": without or ""},
    )
    return [(row[: len(_IDENTITY)], row[len(_IDENTITY) :]) for row in rows]


def _side_by_side(before: list[tuple], after: list[tuple]) -> tuple[pd.DataFrame, int]:
    """Rows that differ, and how many don't. Two obligations alike in what they are can't be told apart, and needn't be."""
    gone, new = Counter(before) - Counter(after), Counter(after) - Counter(before)
    places: dict[tuple, tuple[list, list]] = {}
    for side, found in enumerate((gone, new)):
        for what, shown in found.elements():
            places.setdefault(what, ([], []))[side].append(shown)
    titles = {rule.code: rule.title for rule in all_rules()}
    none = (None,) * len(_SHOWN)
    out, reworded = [], 0
    for (rule, care_started, anchor, *_), (old, changed) in places.items():
        for was, now in zip_longest(old, changed, fillvalue=none):
            if was[:-1] == now[:-1]:  # told in other words, and no other day or status
                reworded += 1
                continue
            was_, now_ = dict(zip(_SHOWN, was, strict=True)), dict(zip(_SHOWN, now, strict=True))
            out.append({
                "rule": rule, "title": titles[rule], "care_started": care_started, "anchor_date": anchor, "due_before": was_["due_date"], "due_after": now_["due_date"],
                "done_before": was_["done_date"], "done_after": now_["done_date"], "status_before": was_["status"], "status_after": now_["status"], "why_before": was_["why"], "why_after": now_["why"],
            })  # fmt: skip
    columns = ["rule", "title", "care_started", "anchor_date", "due_before", "due_after", "done_before", "done_after", "status_before", "status_after", "why_before", "why_after"]
    frame = pd.DataFrame(out, columns=columns)
    for name in columns[2:8]:
        frame[name] = pd.to_datetime(frame[name])
    order = {rule.code: rule.order for rule in all_rules()}
    frame = frame.sort_values(["rule", "anchor_date"], key=lambda column: column.map(order) if column.name == "rule" else column, kind="stable", ignore_index=True)
    return frame, reworded + (Counter(before) & Counter(after)).total()


def _flags(results: Results, child: str) -> list[str]:
    frame = lists.flags(results, child=child)
    return [f"{row.title}: {row.why}" for row in frame.itertuples()]


def _kept(what: str, day: date, tables: Tables, as_at: date, then: Results, settings: Settings, child: str, care_started: date) -> Kept:
    """As it would stand on the day of the supposed meeting. It may meet what an earlier period of care left open: the court doesn't stop
    where care does."""
    later = compute_rows(_held_until(tables, as_at, day), day, settings=settings)
    names = ", ".join(_IDENTITY)
    open_now = set(then.rows(
        f"SELECT {names} FROM obligation_facts WHERE child_id = $child AND status IN ('overdue', 'due_soon', 'upcoming')", {"child": child}
    ))  # fmt: skip
    met = later.frame(
        f"""SELECT {', '.join('f.' + name for name in _IDENTITY)}, f.due_date, f.status, f.days, o.why
            FROM obligation_facts f JOIN obligations o USING (obligation_id)
            WHERE f.child_id = $child AND (f.done_date = $day OR (f.closes_on = $day AND f.status = 'missed'))
            ORDER BY f.due_date, f.rule""",
        {"child": child, "day": day},
    )
    same = [
        tuple(None if pd.isna(value) else value.date() if isinstance(value, pd.Timestamp) else value for value in row) in open_now
        for row in met[list(_IDENTITY)].itertuples(index=False, name=None)
    ]
    met = met[pd.Series(same, index=met.index, dtype=bool)].reset_index(drop=True)
    met.insert(0, "title", met["rule"].map({rule.code: rule.title for rule in all_rules()}))
    ((following,),) = later.rows(
        "SELECT min(due_date) FROM obligation_facts WHERE rule = 'statutory-review' AND child_id = $child AND care_started = $started AND anchor_date = $day",
        {"child": child, "started": care_started, "day": day},
    )
    return Kept(what, day, met[["title", "due_date", "status", "days", "why"]], following)


def _held_until(tables: Mapping[str, list[dict[str, Any]]], as_at: date, day: date) -> Tables:
    """The rows with everything booked up to `day` held, and nothing ended that hadn't by the as-at date."""
    out = {name: [dict(row) for row in rows] for name, rows in tables.items()}
    for dataset, name in (("reviews", "review_date"), ("meetings", "meeting_date")):
        for row in out[dataset]:
            booked = row[name] > as_at or (row[name] == as_at and row.get("status") == "booked")
            if booked and row[name] <= day and row.get("status") not in ("cancelled", "postponed"):
                row["status"], row["status_text"] = "held", None
    for dataset, names in _ENDS.items():
        for row in out[dataset]:
            for name in names:
                if row[name] is not None and row[name] > as_at:
                    row[name] = None
    return out
