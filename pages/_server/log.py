"""The log: one line of JSON an event, on the standard error stream. What may stand in it is decided by who writes: kinds, numbers and
places, never a value from a record, a name or an address with what was asked for."""

from __future__ import annotations

import json
import logging
import os
import sys
from datetime import UTC, datetime


class _Line(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {"at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"), "level": record.levelname.lower(), "from": record.name, "what": record.getMessage()}
        if record.exc_info and record.exc_info[0]:  # its text could quote a value
            line["error"] = record.exc_info[0].__name__
        return json.dumps(line, ensure_ascii=False)


def begin() -> None:
    """From now on the product's own log, and Streamlit's, are lines of JSON; `CPM_LOG=text` leaves them as they are."""
    if os.environ.get("CPM_LOG") == "text":
        return
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Line())
    # Streamlit gives each of its loggers a handler of its own when it is made: by now nearly all of them are.
    for name in ("cpm_metrics", "uvicorn", *(name for name in logging.root.manager.loggerDict if name.partition(".")[0] == "streamlit")):
        log = logging.getLogger(name)
        log.handlers, log.propagate = [handler], False
    logging.getLogger("cpm_metrics").setLevel(logging.INFO)
    # It would write every address that is asked for.
    logging.getLogger("uvicorn.access").disabled = True
