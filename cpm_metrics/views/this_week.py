"""What needs a manager this week: counts, what changed, and the lists behind them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from cpm_metrics.engine import Results
from cpm_metrics.rules import all_rules
from cpm_metrics.views import lists, look, worklist


@dataclass(frozen=True)
class Count:
    """How many obligations (or flags), about how many children."""

    rows: int
    children: int


# List -> the filters of `lists.obligations` that give its rows. Together the first five and `left_care` hold every open
# obligation but those that are upcoming; each obligation stands in exactly one of them.
LISTS: dict[str, dict] = {
    "meetings": {"statuses": ("overdue",), "grouping": "meetings", "in_care": True},
    "plans": {"statuses": ("overdue",), "grouping": "plans", "in_care": True},
    "records": {"statuses": ("overdue",), "grouping": "records", "in_care": True},
    "due": {"statuses": ("due_soon",), "in_care": True},
    "cannot_tell": {"statuses": ("cannot_tell",)},
    "left_care": {"statuses": ("overdue", "due_soon"), "in_care": False},
}
# What no count of a team has: overdue for a child whom it holds now, and whom another team held when it fell due.
FROM_BEFORE = "from_before"
# A part of `due`: what a meeting would meet, and none of that kind is booked.
UNBOOKED = "unbooked"


def counts(results: Results, teams: Sequence[str] = ()) -> dict[str, Count]:
    """List -> how many, for `LISTS`, `unbooked`, `booked_late` (due soon, and booked for after the due date), `meetings_due` (due soon,
    and a meeting would meet it), `drift`, and `overdue` (all of them, as the command line has it)."""
    params = lists._groups() | ({"teams": list(teams)} if teams else {})
    conditions = {
        "overdue": "status = 'overdue'",
        **{
            name: " AND ".join(
                [f"status IN ({', '.join(repr(s) for s in rule['statuses'])})"]
                + ([f"grouping = '{rule['grouping']}'"] if "grouping" in rule else [])
                + ([("" if rule["in_care"] else "NOT ") + "in_care"] if "in_care" in rule else [])
            )
            for name, rule in LISTS.items()
        },
    }
    (row,) = results.rows(
        f"""WITH x AS ({lists.FACTS})
            SELECT {", ".join(f"count(*) FILTER ({c}), count(DISTINCT child_id) FILTER ({c})" for c in conditions.values())}
            FROM x {"WHERE list_contains($teams, team)" if teams else ""}""",
        params,
    )
    out = {name: Count(row[2 * at], row[2 * at + 1]) for at, name in enumerate(conditions)}
    due = rows(results, "due", teams)
    out["meetings_due"] = count(due[due["kind"].notna()])
    out[UNBOOKED] = count(due[due["nothing_booked"]])
    out["booked_late"] = count(due[due["booked"] > due["due_date"]])
    out["drift"] = count(lists.flags(results, teams=teams))
    return out


def as_filters(which: str) -> dict[str, str]:
    """The same list in the words of the worklist's address."""
    chosen = LISTS["due" if which == UNBOOKED else which]
    words = {"status": ",".join(chosen["statuses"])}
    if "in_care" in chosen:
        words["care"] = "now" if chosen["in_care"] else "left"
    if "grouping" in chosen:
        words["rule"] = ",".join(rule.code for rule in all_rules() if look.group_of(rule.code) == chosen["grouping"])
    if which == UNBOOKED:
        words["unbooked"] = "yes"
    return words


def count(frame: pd.DataFrame) -> Count:
    return Count(len(frame), int(frame["child_id"].nunique()))


def rows(results: Results, which: str, teams: Sequence[str] = ()) -> pd.DataFrame:
    """The rows of one of `LISTS`, `UNBOOKED` or `FROM_BEFORE` (none without teams), as `worklist.with_booked` gives them: what can still be acted on first.

    That is what fell due most recently, or falls due soonest; among meetings, CPMs and reviews before placement planning, which is of
    little use long after the move.
    """
    if which == FROM_BEFORE:
        found = lists.obligations(results, statuses=("overdue",), **({"came_to": teams} if teams else {"ids": []}))
    else:
        found = lists.obligations(results, teams=teams, **LISTS["due" if which == UNBOOKED else which])
    found = worklist.with_booked(results, found)
    if which == UNBOOKED:
        found = found[found["nothing_booked"]]
    found = worklist.in_order(found, "recent")
    if which == "meetings":
        found = pd.concat([found[found["kind"] != "placement"], found[found["kind"] == "placement"]], ignore_index=True)
    return found
