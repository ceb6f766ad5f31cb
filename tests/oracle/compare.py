"""Where the product's obligations and the oracle's differ, as short texts a person can act on; [] when they agree."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime

KEY = ("rule", "child_id", "care_started", "anchor_date", "due_date", "team", "worker")
REST = ("done_date", "closes_on", "lapses_on", "status", "days")


def plain(value):
    """None for pandas' blanks, date for timestamps, int for whole floats."""
    if value is None or value != value:
        return None
    if isinstance(value, datetime):
        return value.date()
    return int(value) if isinstance(value, float) and value == int(value) else value


def _shown(values) -> str:
    return " ".join("-" if v is None else v.isoformat() if isinstance(v, date) else str(v) for v in values)


def differences(product_rows, oracle_rows) -> list[str]:
    """Multisets. On cannot_tell rows only KEY and the status count; `meeting_id` may be any of the oracle's `ties`."""
    groups = defaultdict(lambda: ([], []))
    for side, rows in enumerate((product_rows, oracle_rows)):
        for row in rows:
            row = {k: v if k == "ties" else plain(v) for k, v in row.items()}
            groups[tuple(row[k] for k in KEY)][side].append(row)

    out = []
    for key in sorted(groups, key=_shown):
        product, oracle = groups[key]
        left = list(oracle)
        unmatched = []
        for row in product:
            match = next((o for o in left if _same(row, o)), None)
            if match is None:
                unmatched.append(row)
            else:
                left.remove(match)
        for name, rows in (("product", unmatched), ("oracle", left)):
            for row in rows:
                values = ", ".join(f"{k}={_shown([row[k]])}" for k in (*REST, "meeting_id"))
                out.append(f"{name} only: {_shown(key)}: {values}")
    return out


def _same(product: dict, oracle: dict) -> bool:
    if product["status"] == oracle["status"] == "cannot_tell":
        return True
    if any(product[c] != oracle[c] for c in REST):
        return False
    return product["meeting_id"] in (oracle["ties"] or [None])
