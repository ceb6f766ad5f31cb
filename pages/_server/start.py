"""The server: whether it may start, what stands before every request, and how errors are told."""

from __future__ import annotations

import logging
import sys
from typing import Any

import streamlit as st
from starlette.formparsers import MultiPartParser
from starlette.middleware import Middleware
from streamlit.runtime.pages_manager import PagesManager

from pages._server import health, log
from pages._server.guard import Guard
from pages._server.options import refused
from pages._shared.faults import in_a_callback


def options() -> dict[str, Any]:
    """What st.App gets. Ends the process, with the reason, where it must not be reached as it is set up."""
    log.begin()
    reasons = refused()
    if reasons:
        print("The dashboard doesn't start.", *reasons, sep="\n- ", file=sys.stderr, flush=True)
        sys.exit(2)
    # What is uploaded stays in memory until it is read: above 1 MB it would be written, plain, to the folder for temporary files.
    MultiPartParser.spool_max_size = (int(st.get_option("server.maxUploadSize")) + 1) * 2**20
    # Without this the first deep link after a start says "Page not found", because there is a folder named pages.
    PagesManager.uses_pages_directory = False
    # Its log line would quote the values in the error; `in_a_callback` writes ours.
    logging.getLogger("streamlit.error_util").disabled = True
    return {"routes": health.routes, "middleware": [Middleware(Guard)], "on_script_error": in_a_callback}
