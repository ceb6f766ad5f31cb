"""The practice rules: one rule, one file. Adding a rule is adding one file; it then stands in every page and export.

A rule is a clock: its SQL (`clock`) gives one row per thing that was due for one child. The columns it may give:

    child_id, care_started   whose, and in which period of care (required)
    anchor_date              the day that set it off (required)
    due_date                 only where it isn't simply anchor + `limits["limit"]`
    done_date, meeting_id    what met it, by the as-at date; the ID only where a meeting or review met it
    closes_on, lapses_on     see PRACTICE_RULES.md section 2
    missing                  what is not in the extracts, in words; not null means "cannot tell"
    detail                   a half-sentence to add to `why`
    limit_text               only where the limit isn't `limits["limit"]`
    about_meeting            the meeting_key the row is about
    anchor_words             only where it isn't the rule's own

A *record rule* (`record=True`) looks at one meeting's record and gives child_id, care_started, meeting_date, meeting_id,
meeting_key and `satisfied` (true, false, null for cannot tell), and may give `missing` and `detail`.

The SQL reads the tables of cpm_metrics/sql and the macros of `engine._macros`. `$limit` and the like stand for the rule's
limits as SQL (see `engine._own`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cpm_metrics.registry import pick, scan
from cpm_metrics.settings import Limit, Settings

LEVELS = {
    "statutory": "Statutory: the law sets it",
    "guidance": "Guidance: the council's two guidance documents set it",
    "local": "Local: the documents name no number; this default is ours",
}


@dataclass(frozen=True)
class Example:
    """An invented case that shows the rule at work and runs as a test.

    `given`: dataset -> rows, with only what matters; `child_id` "A" and `team` "North" are filled in, and a case that
    began on `S` (2026-01-05, a Monday) unless the example has its own. `without`: "dataset" or "dataset.column" not in the
    extracts. `expect`: column -> value for each obligation of the rule, in order of anchor.
    """

    title: str
    as_at: str
    given: Mapping[str, list[dict[str, Any]]]
    expect: list[dict[str, Any]]
    without: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Rule:
    """One practice rule. `order` places it in lists (the order of PRACTICE_RULES.md section 3)."""

    code: str
    order: int
    title: str
    question: str
    level: str
    source: str
    clock: str
    anchor_words: str = ""
    done_words: str = "done"
    closes_words: str = ""
    lapses_words: str = "the child left care"
    limits: Mapping[str, Limit] = field(default_factory=dict)
    needs: tuple[tuple[str, ...], ...] = ()
    """What must be in the extracts to know whether anything was due at all: each entry lists alternatives, "dataset" or
    "dataset.column". Where one is unmet the rule gives one "cannot tell" per period of care."""
    record: bool = False
    advisory: bool = False
    examples: tuple[Example, ...] = ()
    notes: str = ""

    def __post_init__(self) -> None:
        if self.level not in LEVELS:
            raise ValueError(f"{self.code}: level {self.level!r} is not one of {list(LEVELS)}")

    def limit(self, settings: Settings, what: str = "limit") -> Limit:
        return settings[f"{self.code}.{what}"]


def all_rules() -> tuple[Rule, ...]:
    """Every rule, in the order of PRACTICE_RULES.md."""
    return scan("cpm_metrics.rules", "RULE")


def rule(code: str) -> Rule:
    """The rule with this code; an unknown one raises `UnknownName` with the closest codes."""
    return pick(all_rules(), code, "rule")
