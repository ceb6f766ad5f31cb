"""Streamlit collects garbage after every run (`gc.collect(2)`), while nobody is answered: with all that we import that takes longer than
many a page. What stays for good (modules and what is in them) is set aside, and only what is newer is looked through.

Done around a collection that takes place anyway: before it, what was set aside is taken back; after it, what is left is set aside.
"""

from __future__ import annotations

import gc
import sys
import time
from typing import Any

EVERY = 3600.0
"""Seconds after which all is looked through again: what was in use when it was set aside, and no longer is."""

_modules = 0
_at = 0.0
_all = False


def set_aside_what_stays() -> None:
    """From now on, once more is imported than was and after each `EVERY`. Again and again does no harm."""
    if _around not in gc.callbacks:
        gc.callbacks.append(_around)


def _around(phase: str, info: dict[str, Any]) -> None:
    global _modules, _at, _all
    if info["generation"] < 2:
        return
    if phase == "start":
        _all = len(sys.modules) > _modules or time.monotonic() - _at > EVERY
        if _all:
            gc.unfreeze()
    elif _all:
        _modules, _at, _all = len(sys.modules), time.monotonic(), False
        gc.freeze()
