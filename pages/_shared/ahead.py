"""What the first page needs is imported as soon as the server starts, while the first visitor's browser still fetches the page around it."""

from __future__ import annotations

import importlib
import threading
import time

from streamlit import runtime

# Of This week, which opens first; every other page needs most of them.
MODULES = ("pages._shared.navigation", "pages._shared.frame", "pages._shared.notes", "pages._shared.downloads", "pages._shared.over_time", "cpm_metrics.views.this_week", "cpm_metrics.views.contract")
_SOON = 0.02  # seconds

_thread: threading.Thread | None = None


def begin() -> None:
    """Once, by the server."""
    global _thread
    _thread = threading.Thread(target=_import, name="imports", daemon=True)
    _thread.start()


def _import() -> None:
    while not runtime.exists():  # caches are declared in what is imported, and ask it where they are kept
        time.sleep(_SOON)
    for name in MODULES:
        importlib.import_module(name)


def wait() -> None:
    """Until it is done: two threads that import the same modules could each find the other's half done."""
    if _thread is not None:
        _thread.join()
