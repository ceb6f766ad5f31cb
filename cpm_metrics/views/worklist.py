"""The worklist: every open obligation, with what a manager filters and sorts by."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date
from typing import Any

import pandas as pd

from cpm_metrics.engine import Results
from cpm_metrics.rules import all_rules
from cpm_metrics.views import lists, look

# Rule -> the kind of meeting that meets it, where one does.
MET_BY = {
    "statutory-review": "review", "review-after-change": "review", "final-plan-cpm": "final", "placement-planning": "placement",
    "initial-cpm": "cpm", "cpm-before-review": "cpm", "agreed-frequency": "cpm", "cpm-after-change": "cpm", "assessment-discussed": "cpm",
}  # fmt: skip
# One row: the earliest meeting of a kind booked for a child's period of care. Either kind of CPM is a CPM; one marked so plans a placement.
_BOOKED = """
    SELECT child_id, care_started, kind, min(day) AS booked FROM (
        SELECT child_id, care_started, review_date AS day, 'review' AS kind FROM timeline_reviews WHERE state = 'booked'
        UNION ALL
        SELECT child_id, care_started, meeting_date, 'cpm' FROM timeline_meetings WHERE state = 'booked' AND is_cpm
        UNION ALL
        SELECT child_id, care_started, meeting_date, 'final' FROM timeline_meetings WHERE state = 'booked' AND meeting_type = 'final_plan_cpm'
        UNION ALL
        SELECT child_id, care_started, meeting_date, 'placement' FROM timeline_meetings
        WHERE state = 'booked' AND (meeting_type = 'placement_planning' OR (is_cpm AND also_placement_planning))
    ) GROUP BY ALL
"""
_IS_OPEN = "list_contains($open, status)"
# One row: an open obligation's place among those of its rule, child and anchor (the actions of one meeting), done ones too.
_PLACES = f"""
    FROM (
        SELECT obligation_id, status, count(*) OVER same AS together, row_number() OVER (PARTITION BY rule, child_id, care_started, anchor_date, due_date ORDER BY detail, obligation_id) AS place
        FROM {lists.fellows(_IS_OPEN)} WINDOW same AS (PARTITION BY rule, child_id, care_started, anchor_date)
    ) SELECT obligation_id, together, place WHERE {_IS_OPEN}
"""


def rows(results: Results) -> pd.DataFrame:
    """Every open obligation (overdue, due soon, upcoming, cannot tell), as `lists.obligations` gives them, and: sibling_group, siblings
    (children in care in it, this one too), kind and booked (the meeting that would meet it and the first one
    booked; blank where no meeting does), nothing_booked (a meeting would meet it and none is booked), ahead (days from the as-at date to
    the due date, below nought when overdue), uid (the same from load to load)."""
    found = with_booked(results, lists.obligations(results, statuses=look.OPEN))
    people = results.frame(
        """SELECT child_id, care_started, sibling_group,
            CASE WHEN sibling_group IS NOT NULL THEN count(*) FILTER (in_care AND current) OVER (PARTITION BY sibling_group) END AS siblings
            FROM periods"""
    )
    found = found.merge(people, on=["child_id", "care_started"], how="left")
    found = found.merge(results.frame(_PLACES, {"open": list(look.OPEN)}), on="obligation_id", how="left")
    found["ahead"] = (found["due_date"] - pd.Timestamp(results.as_at)).dt.days.astype("Int64")
    found["uid"] = [_uid(*row) for row in found[["rule", "child_id", "care_started", "anchor_date", "due_date", "together", "place"]].itertuples(index=False, name=None)]
    return found.drop(columns=["together", "place"])


def _uid(rule: str, child: str, started: date, anchor: date, due: date, together: int, place: int) -> str:
    """The due date is part of it only where several share the rest: one that moves is then the same entry of a calendar."""
    day = "{:%Y-%m-%d}".format
    parts = [rule, child, day(started), day(anchor)]
    if together > 1:
        parts += ["" if pd.isna(due) else day(due), str(place)]
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:32]


def with_booked(results: Results, found: pd.DataFrame) -> pd.DataFrame:
    """Rows of `lists.obligations` with kind, booked and nothing_booked, as in `rows`."""
    found = found.assign(kind=found["rule"].map(MET_BY).astype("object"))
    found = found.merge(results.frame(_BOOKED), on=["child_id", "care_started", "kind"], how="left")
    found["nothing_booked"] = found["kind"].notna() & found["booked"].isna()
    return found


# -- filters

WHEN = {
    "": "Any due date", "overdue": "Overdue", "overdue-28": "Overdue by 28 days or less", "overdue-90": "Overdue by 29 to 90 days", "overdue-more": "Overdue by more than 90 days",
    "next-7": "Due in the next 7 days", "next-14": "Due in the next 14 days", "next-28": "Due in the next 28 days", "next-84": "Due in the next 12 weeks",
    "between": "Due between two days…", "none": "No due date known",
}  # fmt: skip
# Days from the as-at date to the due date, both included.
_WINDOWS = {
    "overdue": (None, -1), "overdue-28": (-28, -1), "overdue-90": (-90, -29), "overdue-more": (None, -91),
    "next-7": (0, 7), "next-14": (0, 14), "next-28": (0, 28), "next-84": (0, 84),
}  # fmt: skip
ORDERS = {  # overdue before due soon, upcoming and cannot tell, but for "due"
    "recent": "Newest overdue first", "oldest": "Longest overdue first", "due": "By due date", "child": "By child", "worker": "By team and social worker now", "rule": "By rule",
}  # fmt: skip
CARE = {"": "In care now or not", "now": "In care now", "left": "Left care"}
SHOWN = {"all": "Everything open", "without": "Without an exception", "with": "With a manager’s exception"}
WORKER = "worker_now"  # the column that the filter `worker` goes by
UNSAID = ""  # a social worker or IRO that isn't recorded


@dataclass(frozen=True)
class Chosen:
    """What a person chose; nothing chosen is everything. Kept under a name as `plain`. `worker`: who holds the child on the as-at date,
    and must act, whoever held the case when it fell due."""

    status: tuple[str, ...] = ()
    rule: tuple[str, ...] = ()
    level: tuple[str, ...] = ()
    worker: tuple[str, ...] = ()
    iro: tuple[str, ...] = ()
    when: str = ""
    due_from: date | None = None
    due_to: date | None = None
    care: str = ""
    unbooked: bool = False
    shown: str = "all"
    order: str = "recent"
    siblings: bool = False

    def plain(self) -> dict[str, Any]:
        """As JSON can hold it."""
        return {name: list(v) if isinstance(v, tuple) else v.isoformat() if isinstance(v, date) else v for name, v in asdict(self).items()}

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> Chosen:
        """From `plain`, of this version or another: what it doesn't know is left as nothing chosen."""
        rules = {rule.code for rule in all_rules()}
        allowed = {"status": look.OPEN, "rule": rules, "level": look.LEVEL, "when": WHEN, "care": CARE, "shown": SHOWN, "order": ORDERS}
        out: dict[str, Any] = {}
        for one in fields(cls):
            value = kept.get(one.name)
            if isinstance(one.default, tuple):
                out[one.name] = tuple(v for v in value if isinstance(v, str) and v in allowed.get(one.name, (v,))) if isinstance(value, list | tuple) else ()
            elif one.name in ("due_from", "due_to"):
                out[one.name] = _read_day(value)
            elif isinstance(one.default, bool):
                out[one.name] = value is True
            else:
                out[one.name] = value if isinstance(value, str) and value in allowed[one.name] else one.default
        return cls(**out)


def _read_day(value: Any) -> date | None:
    try:
        return value if value is None or isinstance(value, date) else date.fromisoformat(value)
    except (TypeError, ValueError):
        return None


def chosen_rows(found: pd.DataFrame, chosen: Chosen, teams: Sequence[str] = ()) -> pd.DataFrame:
    """Those of `rows` (with `exception`, as `exceptions.beside` gives it) that fit every filter but `shown`, in order."""
    keep = pd.Series(True, index=found.index)
    if teams:
        keep &= found["team"].isin(list(teams))
    for column in ("status", "rule", "level"):
        if getattr(chosen, column):
            keep &= found[column].isin(getattr(chosen, column))
    for column, wanted in ((WORKER, chosen.worker), ("iro", chosen.iro)):
        if wanted:
            keep &= found[column].fillna(UNSAID).isin(wanted)
    if chosen.when == "none":
        keep &= found["due_date"].isna()
    elif chosen.when == "between":
        for edge, after in ((chosen.due_from, True), (chosen.due_to, False)):
            if edge is not None:
                keep &= (found["due_date"] >= pd.Timestamp(edge)) if after else (found["due_date"] <= pd.Timestamp(edge))
    elif chosen.when:
        low, high = _WINDOWS[chosen.when]
        keep &= found["status"] == "overdue" if chosen.when.startswith("overdue") else found["status"].isin(["due_soon", "upcoming"])
        keep &= (found["ahead"].ge(low).fillna(False) if low is not None else True) & found["ahead"].le(high).fillna(False)
    if chosen.care:
        keep &= found["in_care"].astype(bool) == (chosen.care == "now")
    if chosen.unbooked:
        keep &= found["nothing_booked"] & (found["status"] != "cannot_tell")
    return in_order(found[keep], chosen.order, siblings=chosen.siblings)


def with_exception(found: pd.DataFrame, shown: str) -> pd.DataFrame:
    """All, or only those without (with) a manager's exception."""
    if shown == "all":
        return found
    return found[found["exception"].notna() == (shown == "with")].reset_index(drop=True)


_STATUS_RANK = {status: at for at, status in enumerate(look.OPEN)}
_RULE_RANK = {rule.code: at for at, rule in enumerate(all_rules())}


def in_order(found: pd.DataFrame, order: str, *, siblings: bool = False) -> pd.DataFrame:
    """Sorted by one of `ORDERS`. With `siblings`, the rows of a sibling group stand together where the first of them stood, child by
    child; a column `family` says how many children and rows."""
    status, due, rule = found["status"].map(_STATUS_RANK), found["due_date"], found["rule"].map(_RULE_RANK)
    overdue = found["status"] == "overdue"
    name = pd.Series([name.casefold() for name in found["name"]], index=found.index, dtype="object")
    keys = {
        "recent": [status, due.where(~overdue, pd.Timestamp("2200-01-01") - (due - pd.Timestamp("1900-01-01")))],
        "oldest": [status, due],
        "due": [due],
        "child": [name, found["child_id"], status, due],
        "worker": [found["team_now"].fillna("\uffff"), found[WORKER].fillna("\uffff"), status, due],
        "rule": [rule, status, due],
    }[order]
    by = pd.concat([*keys, rule, name, found["child_id"], found["anchor_date"], found["obligation_id"]], axis=1, keys=range(len(keys) + 5))
    found = found.loc[by.sort_values(list(by.columns), kind="stable", na_position="last").index].reset_index(drop=True)
    if not siblings:
        return found
    found["family"] = _family(found)
    at, child = found.index.to_series(), found["child_id"]
    group = found["sibling_group"].where(found["sibling_group"].notna(), "\x00" + child)  # no group: a group of one
    places = pd.DataFrame({"group": at.groupby(group).transform("min"), "child": at.groupby([group, child]).transform("min"), "row": at})
    return found.loc[places.sort_values(["group", "child", "row"]).index].reset_index(drop=True)


def _family(found: pd.DataFrame) -> pd.Series:
    """"2 of 3 children, 5 rows" for a sibling group of which several children are in the list or in care; else blank."""
    groups = found.groupby("sibling_group")
    here, lines = groups["child_id"].transform("nunique"), groups["child_id"].transform("size")
    words = [
        "" if pd.isna(group) or max(h, 0 if pd.isna(all_) else all_) < 2 else
        f"{group}: {int(h):,} of {max(int(h), int(all_)):,} children, {look.count(int(n), 'row')}"
        for group, h, n, all_ in zip(found["sibling_group"], here, lines, found["siblings"], strict=True)
    ]  # fmt: skip
    return pd.Series(words, index=found.index)


def choices(found: pd.DataFrame, column: str, now: Sequence[str] = ()) -> list[str]:
    """What a filter offers: every value of the column by name, those chosen already, and `UNSAID` at the end where one is blank."""
    values = sorted({*found[column].dropna(), *(v for v in now if v != UNSAID)}, key=lambda v: (v.casefold(), v))
    return values + ([UNSAID] if found[column].isna().any() or UNSAID in now else [])
