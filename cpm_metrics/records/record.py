"""What one completed record says. Everything is optional: what could not be read is None, and `unread` says so in words."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True)
class Attendee:
    """`role` is a code of `datasets.ROLES`, "other" for anybody else."""

    name: str
    position: str
    role: str


@dataclass(frozen=True)
class AgreedAction:
    """`timescale` as it was written; `due` where it is a date, or a time from the meeting ("4 weeks")."""

    action: str
    responsible: str = ""
    timescale: str = ""
    due: date | None = None


@dataclass
class Record:
    """One Care Planning Meeting Record. `considered` has an entry for each consideration that the form asked about."""

    file: str
    meeting_date: date | None = None
    child_ids: list[str] = field(default_factory=list)
    names: str = ""
    born: list[date] = field(default_factory=list)
    meeting_type: str | None = None
    also_placement_planning: bool | None = None
    chair: str = ""
    chair_role: str | None = None
    attendees: list[Attendee] = field(default_factory=list)
    purpose: str = ""
    frequency: str = ""
    permanence: str = ""
    progress: str = ""
    domains: tuple[str, ...] | None = None
    working_well: str = ""
    worried_about: str = ""
    recommendations: str = ""
    needs_to_happen: str = ""
    plan_change: str | None = None
    considered: dict[str, bool] = field(default_factory=dict)
    actions: list[AgreedAction] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
