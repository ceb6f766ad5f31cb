"""What the first page needs is imported, and worked out, as soon as the server starts: the first visitor's browser still fetches the page
around it, or nobody has come yet."""

from __future__ import annotations

import contextlib
import gc
import importlib
import logging
import threading
import time

from streamlit import runtime

# Of This week, which opens first; every other page needs most of them.
MODULES = ("pages._shared.navigation", "pages._shared.frame", "pages._shared.notes", "pages._shared.downloads", "pages._shared.over_time", "cpm_metrics.views.this_week", "cpm_metrics.views.contract")
NAME = "ahead"
_SOON = 0.02  # seconds

_imported = threading.Event()
_imported.set()  # nothing is begun, so there is nothing to wait for


def begin() -> None:
    """Once, by the server."""
    _imported.clear()
    threading.Thread(target=_before_anybody_comes, name=NAME, daemon=True).start()


def _before_anybody_comes() -> None:
    while not runtime.exists():  # caches are declared in what is imported, and ask it where they are kept
        time.sleep(_SOON)
    gc.disable()  # what is imported stays, and looking through it again and again takes a quarter of the time
    try:
        for name in MODULES:
            importlib.import_module(name)
    finally:
        gc.enable()
        _imported.set()
    from pages._shared import data

    # Nobody is there to see the spinner, which Streamlit warns of.
    logging.getLogger("streamlit.runtime.scriptrunner_utils.script_run_context").addFilter(lambda _: threading.current_thread().name != NAME)
    with contextlib.suppress(Exception):  # the page meets it again, and says it to whoever looks
        data.work_out()


def wait() -> None:
    """Until all is imported: two threads that import the same modules could each find the other's half done."""
    _imported.wait()
