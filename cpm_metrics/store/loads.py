"""What is known about a load, and what makes one surprising."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

from cpm_metrics.errors import LoadRefused
from cpm_metrics.extracts.datasets import DATASETS
from cpm_metrics.store.problems import day, moment

# Version of the tables inside a snapshot. Raise it with every change to them, and add the step to `build.UPGRADES`.
SCHEMA_VERSION = 1

LOST_SHARE = 0.2  # EXTRACTS.md section 4: losing more than a fifth of the children asks for confirmation
CLOCK_SLACK = timedelta(minutes=5)


class LoadedFile(NamedTuple):
    name: str
    sha256: str
    size: int


@dataclass(frozen=True)
class LoadInfo:
    """One load. `loaded_at` is UTC; `dataset_dates` is {dataset: (extract date, load it came from)}."""

    load_id: str
    previous: str | None
    extract_date: date
    loaded_at: datetime
    by: str
    files: list[LoadedFile]
    counts: dict[str, int]
    dataset_dates: dict[str, tuple[date, str]]
    problem_counts: dict[str, int]
    undone: bool = False
    schema_version: int = field(default=SCHEMA_VERSION)

    def as_json(self) -> dict[str, Any]:
        """Everything but `undone`, which is no part of the load itself."""
        return {
            "load_id": self.load_id,
            "previous": self.previous,
            "extract_date": self.extract_date.isoformat(),
            "loaded_at": self.loaded_at.isoformat(),
            "by": self.by,
            "files": [file._asdict() for file in self.files],
            "counts": self.counts,
            "dataset_dates": {name: [when.isoformat(), load] for name, (when, load) in self.dataset_dates.items()},
            "problem_counts": self.problem_counts,
            "schema_version": self.schema_version,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any], undone: bool = False) -> LoadInfo:
        """Raises KeyError, TypeError or ValueError where it isn't the description of a load."""
        return cls(
            load_id=data["load_id"],
            previous=data["previous"],
            extract_date=date.fromisoformat(data["extract_date"]),
            loaded_at=datetime.fromisoformat(data["loaded_at"]),
            by=data["by"],
            files=[LoadedFile(**file) for file in data["files"]],
            counts=data["counts"],
            dataset_dates={name: (date.fromisoformat(w), load) for name, (w, load) in data["dataset_dates"].items()},
            problem_counts=data["problem_counts"],
            undone=undone,
            schema_version=data["schema_version"],
        )


def now() -> datetime:
    return datetime.now(UTC)


def check_extract_date(extract_date: date | None) -> date:
    """The extract date is asked for and never assumed. Raises LoadRefused."""
    if extract_date is None:
        raise LoadRefused(
            "The extract date is missing: the day on which these data were taken from the case system.",
            "Give it as year-month-day, for example --extract-date 2026-11-20.",
        )
    if isinstance(extract_date, datetime):
        extract_date = extract_date.date()
    return extract_date


def ahead_of_the_clock(extract_date: date) -> dict[str, str]:
    """A surprise about the date alone: a slip of the year would make everything look overdue."""
    today = date.today()
    if extract_date <= today:
        return {}
    return {
        "future_extract": f"The extract date {day(extract_date)} is in the future: this computer says today is {day(today)}. "
        "Everything would be computed for that day."
    }


def surprises(
    current: LoadInfo, current_children: set[str], new_hashes: set[str], new_children: set[str] | None, new_date: date, new_counts: Mapping[str, int]
) -> dict[str, str]:
    """Reason code -> sentence, for all that is surprising about a new load beside the current one.

    `new_children` is None where the new load has no cases: they carry on, so no child is lost.
    """
    found: dict[str, str] = {}
    if new_hashes and new_hashes == {file.sha256 for file in current.files}:
        found["same_files"] = f"These are the same files as in the current load of {moment(current.loaded_at)}."
    if new_children is not None:
        lost = len(current_children - new_children)
        if lost > LOST_SHARE * len(current_children):
            found["children_lost"] = (
                f"{lost:,} of the {len(current_children):,} children of the current load are not in this one, "
                "which is more than a fifth."
            )
    emptied = [name for name, rows in new_counts.items() if not rows and current.counts.get(name)]
    if emptied:
        had = ", ".join(f"{DATASETS[name].title} ({current.counts[name]:,} in the current load)" for name in emptied)
        found["emptied"] = f"There is not one row of {had}: it would look as if none had ever been."
    if new_date < current.extract_date:
        found["older_extract"] = (
            f"The extract date {day(new_date)} is earlier than the current load's, {day(current.extract_date)}."
        )
    if now() < current.loaded_at - CLOCK_SLACK:
        found["clock_behind"] = (
            f"This computer's clock says {moment(now())}, which is before the current load was made "
            f"({moment(current.loaded_at)}): has the clock been set back?"
        )
    return found
