"""Days as the tests write them."""

from __future__ import annotations

from datetime import date


def d(text: str) -> date:
    """2026-04-03."""
    return date.fromisoformat(text)
