"""The ten datasets of a snapshot as DataFrames, in the types that suit pandas best.

text, ids -> str (Arrow)    codes -> category    dates -> datetime64[us]    yes/no -> boolean (with NA)    lists -> list<string> (Arrow)
Only the columns that the rules use are read: free text about children stays where it is.
"""

from __future__ import annotations

import duckdb
import pandas as pd
import pyarrow as pa

from cpm_metrics.extracts import datasets

USED = {
    "cases": (
        "child_id", "care_started", "care_ceased", "legal_status", "legal_code", "legal_status_start", "team", "worker", "complex_case",
        "planning_permanence", "permanence_plan", "permanence_plan_text", "permanence_agreed", "permanence_achieved",
        "care_plan_completed", "placement_plan_completed", "latest_review", "start_unknown", "yearly",
    ),
    "meetings": (
        "meeting_id", "child_id", "meeting_type", "meeting_date", "status", "status_text", "chair_role", "agreed_frequency",
        "also_placement_planning", "plan_change", "plan_updated", "iro_informed", "minutes_distributed", "minutes_uploaded",
        "minutes_on_cpr", "attendee_roles", "domains", "considered_parents", "considered_connected", "considered_outside_family",
        "considered_contact", "considered_evidence",
    ),
    "reviews": ("child_id", "review_date", "status", "status_text"),
    "placements": ("child_id", "placement_start", "placement_end"),
    "legal_statuses": ("child_id", "legal_status", "legal_code", "legal_status_start", "legal_status_end"),
    "allocations": ("child_id", "worker", "team", "allocation_start", "allocation_end"),
    "actions": ("child_id", "meeting_date", "meeting_id", "due_date", "completed_date"),
    "assessments": ("child_id", "assessment_type", "assessment_type_text", "assessment_date"),
    "changes": ("child_id", "change_date"),
    "proceedings": (
        "child_id", "issued", "concluded", "la_assessment", "experts_commissioned", "experts_received", "plan_due", "plan_filed",
        "source", "row",
    ),
}  # fmt: skip

FEW_WORDS = ("meeting_type", "status", "chair_role", "plan_change", "agreed_frequency", "permanence_plan", "assessment_type")
LISTS = ("attendee_roles", "domains")


def read(cursor: duckdb.DuckDBPyConnection, schema: str = "snapshot") -> dict[str, pd.DataFrame]:
    """The tables of an attached snapshot: `snapshot.cursor()` of `cpm_metrics.store`, or any connection that has them."""
    return {name: _read(cursor, schema, name) for name in USED}


def _read(cursor: duckdb.DuckDBPyConnection, schema: str, name: str) -> pd.DataFrame:
    kinds = datasets.columns(datasets.DATASETS[name])
    spelled = ", ".join(f"{column}::TIMESTAMP AS {column}" if kinds[column] == "DATE" else column for column in USED[name])
    table = cursor.execute(f"SELECT {spelled} FROM {schema}.{name}").to_arrow_table()
    frame = table.to_pandas(types_mapper=_kind)
    return frame.astype({column: "category" for column in FEW_WORDS if column in frame})


def _kind(kind: pa.DataType):
    if pa.types.is_string(kind):
        return pd.StringDtype("pyarrow", na_value=float("nan"))
    if pa.types.is_boolean(kind):
        return pd.BooleanDtype()
    return pd.ArrowDtype(kind) if pa.types.is_list(kind) else None
