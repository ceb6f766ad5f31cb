"""Who may take which file away: the one who asked for it, with the sign-in they asked with, once, within minutes.

Streamlit serves downloads under a name made from their content to anybody who knows it. `guard.py` lets a request through only
where this says so.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping

from streamlit.runtime.memory_media_file_storage import _calculate_file_id

from pages._server import options, signin

MINUTES = 10
LOCAL = "this computer"

_known: dict[tuple[str, str], float] = {}
_granted: dict[tuple[str, str], list[float]] = {}
_guard = threading.Lock()


def owner(cookies: Mapping[str, str]) -> str | None:
    """Under whose name a file is kept ready: a sign-in, or this computer where nobody signs in. None: nobody's."""
    return signin.name_of(cookies) if options.sign_in_is_on() else LOCAL


def grant(data: bytes, mime: str, file_name: str, owner: str) -> None:
    """This file, for this owner, once more."""
    now = time.monotonic()
    with _guard:
        for key in [key for key, until in _granted.items() if until[-1] < now]:
            del _granted[key]
        for key in [key for key, until in _known.items() if until < now]:
            del _known[key]
        _known[_calculate_file_id(data, mime, file_name), owner] = now + MINUTES * 60
        _granted.setdefault((_calculate_file_id(data, mime, file_name), owner), []).append(now + MINUTES * 60)


def known(file_id: str, owner: str | None) -> bool:
    """Whether it was kept ready for this owner lately, taken since or not."""
    with _guard:
        return _known.get((file_id, owner or ""), 0.0) >= time.monotonic()


def take(file_id: str, owner: str | None) -> bool:
    """Whether it may be had now; if so, one time less."""
    with _guard:
        times = _granted.get((file_id, owner or ""), [])
        while times:
            if times.pop(0) >= time.monotonic():
                if not times:
                    del _granted[file_id, owner or ""]
                return True
        _granted.pop((file_id, owner or ""), None)
        return False
