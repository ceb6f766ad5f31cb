"""A confirmed record -> rows of meetings and actions, ready to be added to what is loaded (`Store.add`)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date

import pyarrow as pa

from cpm_metrics.extracts.datasets import ACTIONS, DATASETS, MEETINGS, RAW_SUFFIX, columns
from cpm_metrics.extracts.problems import FileInfo, InputFile, Prepared, Source
from cpm_metrics.records.record import Record
from cpm_metrics.store import Snapshot
from cpm_metrics.store.build import RECORD

_ARROW = {"VARCHAR": pa.string(), "VARCHAR[]": pa.list_(pa.string()), "DATE": pa.date32(), "BOOLEAN": pa.bool_(), "INTEGER": pa.int32()}
# What a record can say of a meeting. The rest (minutes, IRO informed, …) comes with the extract: until then it can't be told.
_OF_A_MEETING = (
    "meeting_id", "child_id", "meeting_type", "meeting_date", "status", "chair", "chair_role", "purpose", "agreed_frequency", "attendees",
    "attendee_roles", "domains", "working_well", "worried_about", "needs_to_happen",
)  # fmt: skip


def prepared(record: Record, children: Sequence[str], file: InputFile) -> Prepared:
    """What `Store.add` takes: a meeting for each child, and each action for each child.

    `record` is as a person confirmed it: it must have a date and a kind of meeting. Raises ValueError otherwise.
    """
    if not children or record.meeting_date is None or record.meeting_type is None:
        raise ValueError("a record needs a child, a date and a kind of meeting before it can be added")
    content = file.read()
    digest = hashlib.sha256(content).hexdigest()
    meeting_id = f"record-{digest[:12]}"
    said: dict[str, object] = {
        "meeting_id": meeting_id, "meeting_type": record.meeting_type, "meeting_date": record.meeting_date, "status": "held",
        "chair": record.chair or None, "chair_role": record.chair_role, "purpose": record.purpose or None, "agreed_frequency": record.frequency or None,
        "attendees": "; ".join(", ".join(part for part in (a.name, a.position) if part) for a in record.attendees) or None,
        "attendee_roles": sorted({a.role for a in record.attendees}) or None, "domains": list(record.domains) if record.domains else None,
        "working_well": record.working_well or None, "worried_about": record.worried_about or None, "needs_to_happen": record.needs_to_happen or None,
    }  # fmt: skip
    # The frequency counts as asked even where it is blank: the record is where it should stand (PRACTICE_RULES, frequency-recorded).
    found = [name for name in _OF_A_MEETING if name in ("child_id", "agreed_frequency") or said.get(name) is not None]
    for name, value in (("also_placement_planning", record.also_placement_planning), ("plan_change", record.plan_change), *record.considered.items()):
        if value is not None:
            said[name] = value
            found.append(name)
    tables = {"meetings": _table("meetings", [said | {"child_id": child, "source": 1, "row": at} for at, child in enumerate(children, 1)])}
    sources = [record_source(1, file.name, MEETINGS.name, found, len(children))]
    if record.actions:
        rows = [
            {"child_id": child, "meeting_date": record.meeting_date, "meeting_id": meeting_id, "action": action.action, "responsible": action.responsible or None, "due_date": action.due}
            for action in record.actions
            for child in children
        ]
        tables["actions"] = _table("actions", [row | {"source": 2, "row": at} for at, row in enumerate(rows, 1)])
        # Of these it is known that they weren't completed at the meeting: the completed date is known to be blank until the extract says more.
        sources.append(record_source(2, file.name, ACTIONS.name, ["child_id", "meeting_date", "meeting_id", "action", "responsible", "due_date", "completed_date"], len(rows)))
    return Prepared(tables, sources, [], [FileInfo(file.name, digest, len(content))], newest_date=record.meeting_date)


def already_there(snapshot: Snapshot, children: Sequence[str], on: date) -> list[str]:
    """Those of the children for whom a CPM held on that day is loaded already: the record would count it twice."""
    rows = snapshot.cursor().execute(
        """SELECT DISTINCT child_id FROM snapshot.meetings
           WHERE list_contains($children, child_id) AND meeting_date = $day AND meeting_type IN ('cpm', 'final_plan_cpm')
             AND (status = 'held' OR status IS NULL AND status_text IS NULL) ORDER BY 1""",
        {"children": list(children), "day": on},
    ).fetchall()  # fmt: skip
    return [child for (child,) in rows]


def _table(dataset: str, rows: list[dict[str, object]]) -> pa.Table:
    kinds = columns(DATASETS[dataset])
    for row in rows:
        # Beside a coded value stands what it was made from; here that is the code's own word.
        for name in kinds:
            if name.endswith(RAW_SUFFIX) and row.get(name.removesuffix(RAW_SUFFIX)) is not None:
                value = row[name.removesuffix(RAW_SUFFIX)]
                row[name] = "; ".join(value) if isinstance(value, list) else value
    schema = pa.schema([(name, _ARROW[kind]) for name, kind in kinds.items()])
    return pa.Table.from_pylist([{name: row.get(name) for name in kinds} for row in rows], schema=schema)


def record_source(number: int, file: str, dataset: str, found: list[str], rows: int) -> Source:
    return Source(number, file, "", dataset, RECORD, list(found), [], [], rows, rows, 0, ["From a Care Planning Meeting Record, confirmed by a person."])
