"""What needs a manager this week: counts, what changed, and the lists behind them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from cpm_metrics.engine import Results
from cpm_metrics.views import lists


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


def counts(results: Results, teams: Sequence[str] = ()) -> dict[str, Count]:
    """List -> how many, for `LISTS`, `nothing_booked` and `drift`, and `overdue` (all of them, as the command line has it)."""
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
    flags = lists.flags(results, teams=teams)
    booked = flags[flags["indicator"] == "nothing-booked"]
    out["nothing_booked"] = Count(len(booked), booked["child_id"].nunique())
    out["drift"] = Count(len(flags), flags["child_id"].nunique())
    return out


def rows(results: Results, which: str, teams: Sequence[str] = ()) -> pd.DataFrame:
    """The rows of one of `LISTS`, as `lists.obligations` gives them."""
    return lists.obligations(results, teams=teams, **LISTS[which])
