"""What the command line writes; its columns are a contract (EXTRACTS.md section 5)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pandas as pd

from cpm_metrics.engine import CONTRACT_COLUMNS, COUNTED, Results
from cpm_metrics.errors import UnknownName
from cpm_metrics.indicators import all_indicators
from cpm_metrics.rules import all_rules
from cpm_metrics.settings import Limit, Settings
from cpm_metrics.views import look

BY = ("rule", "team", "worker")


def obligations(results: Results) -> pd.DataFrame:
    """Every obligation: the columns of PRACTICE_RULES.md section 2, ordered by rule, child, anchor."""
    return results.frame(
        f"SELECT {', '.join(CONTRACT_COLUMNS)} FROM obligations "
        "ORDER BY rule, child_id, anchor_date, care_started, due_date, done_date, meeting_id, closes_on, lapses_on, why"
    )


def indicators(results: Results) -> pd.DataFrame:
    """Every flag: indicator, child_id, since, figure, why. An indicator that can't be assessed has one row without a child."""
    return results.frame(
        """
        SELECT indicator, child_id, since, figure, why FROM indicators
        UNION ALL
        SELECT indicator, NULL, NULL, NULL, 'Cannot be assessed: the extracts do not have ' || needs || '.' FROM unassessable
        ORDER BY indicator, child_id NULLS FIRST, since
        """
    )


def compliance(
    results: Results,
    by: str | Sequence[str] = "rule",
    start: date | None = None,
    end: date | None = None,
    teams: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Counts and rates of obligations whose due date lies from `start` to `end`, both included; without them, of all.

    Columns: those of `by` ("rule", "team", "worker" or several), on_time, late, missed, overdue, counted (their sum),
    cannot_tell, rate (percent on time of those counted, to one decimal; blank below the setting
    `general.smallest_counted`). One that can't be told and has no due date is placed by the day that set it off.
    """
    by = [by] if isinstance(by, str) else list(by)
    for name in by:
        if name not in BY:
            raise UnknownName(f"Compliance can't be shown by “{name}”.", f"Use one of: {', '.join(BY)}.")
    counts = ", ".join(f"count(*) FILTER (status = '{status}') AS {status}" for status in COUNTED)
    return results.frame(
        f"""
        WITH counts AS (
            SELECT {", ".join(by)}, {counts}, count(*) FILTER (status = 'cannot_tell') AS cannot_tell
            FROM obligation_facts
            WHERE coalesce(due_date, anchor_date) BETWEEN coalesce($start, DATE '0001-01-01') AND coalesce($end, DATE '9999-12-31')
              AND ($teams IS NULL OR list_contains($teams, team))
            GROUP BY ALL
        )
        SELECT {", ".join(by)}, on_time, late, missed, overdue, on_time + late + missed + overdue AS counted, cannot_tell,
            CASE WHEN counted >= $smallest THEN {look.percent_sql("on_time", "counted")} END AS rate
        FROM counts WHERE counted + cannot_tell > 0 ORDER BY {", ".join(by)}
        """,
        {"start": start, "end": end, "teams": list(teams) if teams is not None else None,
         "smallest": results.settings["general.smallest_counted"]},
    )  # fmt: skip


def left_out(results: Results) -> int:
    """How many children are left out of every count, because they only ever had short breaks (V3, V4)."""
    return results.rows("SELECT count(DISTINCT child_id) FROM children WHERE left_out")[0][0]


def rules(settings: Settings | None = None) -> pd.DataFrame:
    """Every rule and indicator: code, kind, title, question, level, source, limits (with units), on."""
    settings = settings or Settings()
    out = []
    for kind, things in (("rule", all_rules()), ("indicator", all_indicators())):
        for thing in things:
            limits = {what: settings[f"{thing.code}.{what}"] for what in thing.limits}
            out.append(
                {
                    "code": thing.code,
                    "kind": kind,
                    "title": thing.title,
                    "question": thing.question,
                    "level": getattr(thing, "level", ""),
                    "source": thing.source,
                    "limits": "; ".join(
                        (value.text if isinstance(value, Limit) else str(value)) if what == "limit" else
                        f"{what}: {value.text if isinstance(value, Limit) else value}"
                        for what, value in limits.items()
                    ),
                    "on": settings[f"{thing.code}.on"],
                }
            )  # fmt: skip
    return pd.DataFrame(out)
