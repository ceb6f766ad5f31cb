"""What a change of settings would do: which obligations change status, whose due date moves, which flags come and go. Nothing is kept.

`before` and `after` are two Results of the same load and the same as-at date that differ in their settings alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from cpm_metrics.engine import Results
from cpm_metrics.indicators import all_indicators
from cpm_metrics.rules import LEVELS, all_rules
from cpm_metrics.settings import Settings, as_kept, text_of
from cpm_metrics.views import changes, lists, look, teams
from cpm_metrics.views.contract import compliance

NOT_THERE = "not_there"
FROM_TO = {name: words.label for name, words in look.STATUS.items()} | {NOT_THERE: "(not an obligation)"}
# What makes an obligation the same under two settings: the rows of the extracts are the same, so what tells apart those of one
# rule and day is the meeting or the text they are about, and only then the dates that the settings move.
_KEY = ["rule", "child_id", "care_started", "anchor_date", "n"]
_KEYED = """
    SELECT rule, child_id, care_started, anchor_date, due_date, status, obligation_id,
        row_number() OVER (
            PARTITION BY rule, child_id, care_started, anchor_date
            ORDER BY about_meeting, detail, done_date, closes_on, lapses_on, due_date, obligation_id) AS n
    FROM obligation_facts
"""


@dataclass(frozen=True)
class Effect:
    """`moved`: one row per obligation whose status changes, as `lists.obligations` gives them (from the later state; where the
    obligation is gone, from the earlier one), with `before` and `after` (statuses, or "not_there") and `due_before`.
    `due_moved`: likewise those that keep their status and get another due date. `counted`: obligations before and after.
    `flags_raised`, `flags_cleared`: as `lists.flags` gives them."""

    moved: pd.DataFrame
    due_moved: pd.DataFrame
    counted: tuple[int, int]
    flags_raised: pd.DataFrame
    flags_cleared: pd.DataFrame

    @property
    def nothing(self) -> bool:
        return not (len(self.moved) or len(self.due_moved) or len(self.flags_raised) or len(self.flags_cleared))


def between(before: Results, after: Results) -> Effect:
    """What differs. The same load and the same day are expected: otherwise it is no effect of settings."""
    assert (before.load_id, before.as_at) == (after.load_id, after.as_at)
    was, will = (r.frame(_KEYED) for r in (before, after))
    both = was.merge(will, on=_KEY, how="outer", suffixes=("_was", "_will"))
    both["before"], both["after"] = (both[f"status_{when}"].fillna(NOT_THERE) for when in ("was", "will"))
    moved = both[both["before"] != both["after"]]
    same = both[both["before"] == both["after"]]
    due_moved = same[(same["due_date_was"] != same["due_date_will"]) & ~(same["due_date_was"].isna() & same["due_date_will"].isna())]
    flags_was, flags_will = lists.flags(before), lists.flags(after)
    return Effect(_rows(before, after, moved), _rows(before, after, due_moved), (len(was), len(will)), changes.without(flags_will, flags_was), changes.without(flags_was, flags_will))


def _rows(before: Results, after: Results, moved: pd.DataFrame) -> pd.DataFrame:
    """The moved ones with the child's name and the sentence."""
    parts = []
    for results, side in ((after, "will"), (before, "was")):
        ids = moved[moved["obligation_id_will"].isna() == (side == "was")]
        rows = lists.obligations(results, ids=[int(n) for n in ids[f"obligation_id_{side}"]])
        told = ids.rename(columns={f"obligation_id_{side}": "obligation_id", "due_date_was": "due_before"})
        told["obligation_id"] = told["obligation_id"].astype("int64")
        parts.append(rows.merge(told[["obligation_id", "before", "after", "due_before"]], on="obligation_id", how="left"))
    out = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)
    place = {rule.code: rule.order for rule in all_rules()}
    return out.assign(place=out["rule"].map(place)).sort_values(["place", "before", "after", "due_date", "child_id"], ascending=[True, True, True, False, True], kind="stable", ignore_index=True).drop(columns="place")


def from_to(rows: pd.DataFrame) -> pd.DataFrame:
    """`moved` or `due_moved` counted, one row per rule and pair of statuses: rule, title, before, after, obligations, children; in the
    order of the rules."""
    grouped = rows.groupby(["rule", "title", "before", "after"], sort=False)
    return grouped.agg(obligations=("obligation_id", "size"), children=("child_id", "nunique")).reset_index()


def rates(before: Results, after: Results, start, end) -> pd.DataFrame:
    """One row per rule whose counts of what fell due from `start` to `end` differ: rule, title, before, after ("82% of 50", "3 of 7",
    "not counted")."""
    sides = []
    for results in (before, after):
        table = compliance(results, "rule", start, end)
        sides.append({row.rule: teams.cell(row.on_time, row.counted, row.cannot_tell, row.rate) for row in table.itertuples()})
    out = [(rule.code, rule.title, *(side.get(rule.code, "nothing fell due") for side in sides)) for rule in all_rules() if sides[0].get(rule.code) != sides[1].get(rule.code)]
    return pd.DataFrame(out, columns=["rule", "title", "before", "after"])


def percentages(results: Results, start, end) -> tuple[int, int]:
    """(how many pairs of rule and team show a percentage, how many there are): what `general.smallest_counted` decides."""
    table = compliance(results, ["rule", "team"], start, end)
    table = table[table["counted"] > 0]
    return int(table["rate"].notna().sum()), len(table)


# -- the settings themselves


@dataclass(frozen=True)
class Thing:
    """What the Settings page lists on one line: a rule, an indicator or one general figure, with the names of its settings."""

    code: str
    title: str
    question: str
    group: str
    source: str
    names: tuple[str, ...]


GROUPS = ("General", *(LEVELS[level].partition(":")[0] for level in LEVELS), "Drift indicators")


def things(settings: Settings) -> list[Thing]:
    """In the order of the groups, then of the rules."""
    declared = settings.declared
    out = [Thing(s.name, s.title, s.help, "General", s.source, (s.name,)) for s in declared.values() if s.name.startswith("general.")]
    for level in LEVELS:
        out += [_thing(rule, LEVELS[level].partition(":")[0]) for rule in all_rules() if rule.level == level]
    return out + [_thing(one, "Drift indicators") for one in all_indicators()]


def _thing(one: Any, group: str) -> Thing:
    return Thing(one.code, one.title, one.question, group, one.source, (*(f"{one.code}.{what}" for what in one.limits), f"{one.code}.on"))


def figures(thing: Thing, settings: Mapping[str, Any]) -> str:
    """The values of a thing's limits in words: "10 calendar days", "first 20 working days; second 3 months; …"."""
    limits = [name for name in thing.names if not name.endswith(".on")]
    if len(limits) == 1 and limits[0].rpartition(".")[2] == "limit" or thing.group == "General":
        return text_of(settings[limits[0]])
    return "; ".join(f"{what_is(name).lower()}: {text_of(settings[name])}" for name in limits)


def what_is(name: str) -> str:
    """Which figure of a rule it is, as the rule book calls it."""
    return name.rpartition(".")[2].replace("_", " ").capitalize()


def finds(thing: Thing, words: str, settings: Settings) -> bool:
    """Whether every word typed into the search stands in what is shown of the thing."""
    text = " ".join((thing.code, thing.title, thing.question, thing.group, thing.source, figures(thing, settings))).lower()
    return all(word in text for word in words.lower().split())


def leans_on(code: str) -> list[str]:
    """Titles of the indicators that read this rule's obligations: with the rule off they can't be raised by it."""
    return [one.title for one in all_indicators() if f"'{code}'" in one.sql]


def history(audit: Sequence[Any], settings: Settings) -> pd.DataFrame:
    """One row per change of a setting, as the audit has them, newest first: at (UTC), who, setting, before, after, reason."""
    rows = []
    for line in audit:
        if line.what not in ("setting changed", "setting cleared"):
            continue
        declared = settings.declared.get(line.subject)
        rows.append((
            line.at.replace(tzinfo=None), line.who, declared.title if declared else f"{line.subject} (no longer there)",
            *(_said(declared, line.detail.get(side)) for side in ("before", "after")), line.detail.get("reason", ""),
        ))  # fmt: skip
    return pd.DataFrame(rows, columns=["at", "who", "setting", "before", "after", "reason"])


def _said(declared: Any, kept: Any) -> str:
    """A value as it was kept; None is the default."""
    if kept is None:
        return f"the default ({text_of(declared.default)})" if declared else "the default"
    if isinstance(kept, Mapping):
        amount, unit = kept.get("amount"), str(kept.get("unit", ""))
        return f"{amount} {unit[:-1] if amount == 1 and unit.endswith('s') else unit}"
    return text_of(kept)


def to_keep(chosen: Mapping[str, Any], settings: Settings) -> list[tuple[str, Any]]:
    """(name, value for the store; None: back to the default) of each change that differs from what is in use."""
    out = []
    for name, value in chosen.items():
        value = settings.declared[name].checked(value)
        if value == settings[name]:
            continue
        out.append((name, None if value == settings.declared[name].default else as_kept(value)))
    return out
