"""What may leave the service: counts only, small numbers taken out, so that nobody can be found in them (as OpenSAFELY does it).

A count of 7 or fewer, nought included, is taken out; every other is rounded to 5. Totals and percentages are worked out from what
is shown, so nothing that was taken out can be found by subtracting. Where one of their parts was taken out they are not shown either,
and say so in other words: such a total can be large.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import pandas as pd

from cpm_metrics.engine import Results
from cpm_metrics.store import LoadInfo
from cpm_metrics.views import drift, lists, look, teams
from cpm_metrics.views.contract import compliance
from cpm_metrics.views.look import NO_TEAM
from cpm_metrics.views.pack import Pack, Sheet, definitions, words

SMALL, STEP = 7, 5
TAKEN_OUT = f"{SMALL} or fewer"
NOT_SHOWN = "not shown"  # however large: a part of it is taken out
WHY_NOT = f"“{NOT_SHOWN}”: a part of it is taken out, and could be worked out from it"
TOTAL = "All that is shown"
_DUE = ("on_time", "late", "missed", "overdue")


def shown(count: Any) -> int | None:
    """A count as it may leave the service; None where it may not."""
    return None if pd.isna(count) or int(count) <= SMALL else STEP * ((2 * int(count) + STEP) // (2 * STEP))


def suppressed(frame: pd.DataFrame, label: str, counts: Sequence[str]) -> pd.DataFrame:
    """One row per row of `frame`, and a last one with the totals of what is shown: `label`, `counts` (numbers, or words where taken out)."""
    out = pd.DataFrame({label: frame[label].tolist()} | {name: [shown(count) for count in frame[name]] for name in counts}, dtype=object)
    there = {name: [n for n in out[name] if n is not None] for name in counts}
    total = {label: TOTAL} | {name: sum(numbers) if numbers or not len(out) else NOT_SHOWN for name, numbers in there.items()}
    out = pd.concat([out, pd.DataFrame([total], dtype=object)], ignore_index=True)
    return out.astype(object).where(out.notna(), TAKEN_OUT)


def rated(frame: pd.DataFrame, label: str) -> pd.DataFrame:
    """The same for what fell due, with `counted` and `rate` (whole percent) where all that they are made of is shown, else `NOT_SHOWN`."""
    out = suppressed(frame, label, [*_DUE, "cannot_tell"])
    parts = [[row[name] for name in _DUE] for _, row in out.iterrows()]
    whole = [all(isinstance(n, int) for n in row) for row in parts]
    out.insert(1 + len(_DUE), "counted", [sum(row) if every else NOT_SHOWN for row, every in zip(parts, whole, strict=True)])
    out["rate"] = [round(100 * row[0] / sum(row)) if every else NOT_SHOWN for row, every in zip(parts, whole, strict=True)]
    # The last row adds up what is shown in each column: parts of different rows make no percentage.
    out.loc[out.index[-1], ["counted", "rate"]] = [None, None]
    return out


def file_name(results: Results) -> str:
    """Without an ending; no team in it."""
    return f"counts-for-outside-{results.as_at.isoformat()}" + ("-reconstructed" if results.reconstructed else "")


def make(results: Results, info: LoadInfo, *, chosen: Sequence[str] = (), start: date, end: date) -> Pack:
    """A pack without lists, names, IDs and small numbers, for what fell due from `start` to `end`."""
    by_rule = teams.by_rule(results, start, end, list(chosen))
    by_team = compliance(results, "team", start, end, list(chosen) or None)
    by_team["team"] = by_team["team"].fillna(NO_TEAM)
    signs = drift.matrix(results, list(chosen)).frame
    signs = signs[signs["assessed"].astype(bool)].rename(columns={"title": "sign", "all": "children"})
    facts = {
        "As at": look.day(results.as_at) + (" (reconstructed from a later extract)" if results.reconstructed else ""),
        "Extract taken on": look.day(info.extract_date),
        "Teams": ", ".join(chosen) if chosen else "all teams",
        "Counted": f"what fell due from {look.day(start)} to {look.day(end)}, both included",
        "Small numbers": f"Every count of {SMALL} or fewer is taken out, nought included, and every other rounded to {STEP}. Totals and percentages are made from what is shown. {WHY_NOT}. "
        "Other tables about the same children, published elsewhere, could still tell more beside these: look at both before you publish.",
        "Names": "none, and no IDs",
    }  # fmt: skip
    if lists.too_small(results):  # without its day, on which one child left care
        facts["Too small"] = "Children who left care long before the extract was taken are not in it, so the numbers of that time are too small."
    sheets = [
        Sheet("By rule", rated(by_rule, "title"), "Nothing fell due in this time.", WHY_NOT),
        Sheet("By team", rated(by_team, "team"), "Nothing fell due in this time.", "teams in name order, not ranked; by who held the case when it fell due; " + WHY_NOT),
        Sheet("Signs of drift", suppressed(signs, "sign", ["children", "cannot_tell"]), says="children in care with each sign, and beside them those for whom it can’t be told; a child can have several, so the total is of signs"),
        Sheet("Definitions", definitions(results.settings)),
        Sheet("Words", words(results.settings)),
    ]
    empty = pd.DataFrame(columns=["what", "rows", "children", "note"])
    return Pack(results.as_at, results.reconstructed, False, facts["Teams"], facts, empty, sheets)
