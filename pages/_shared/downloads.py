"""Files to take away. Every download of every page goes through `offer`, so that who may take what, and the note of it, is decided here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal

import pandas as pd
import streamlit as st

from cpm_metrics import export
from cpm_metrics.access import Right
from cpm_metrics.errors import CpmError
from cpm_metrics.views import look
from pages._server import people, takeaway
from pages._shared import gate
from pages._shared.faults import noted

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
PDF = "application/pdf"
CSV = "text/csv"
CALENDAR = "text/calendar"
JSON = "application/json"

IDS = ("child_id", "Child ID")
"""How a list calls its column of child IDs."""

HEADERS = {
    "child_id": "Child ID", "name": "Name", "team": "Team", "worker": "Social worker", "iro": "IRO", "rule": "Rule code", "title": "Rule",
    "level": "Level", "advisory": "Advisory", "status": "Status", "now": "Status now", "anchor_date": "Set off on", "due_date": "Due date",
    "done_date": "Done date", "days": "Days after due", "days_left": "Days left", "next_cpm": "Next CPM booked", "in_care": "In care now",
    "care_started": "Period of care from", "why": "Why", "indicator": "Indicator code", "since": "Since", "figure": "Figure", "unit": "Unit",
    "grade": "Grade", "meeting_id": "Meeting ID", "closes_on": "Closed on", "lapses_on": "Lapsed on", "missing": "Missing from the extracts",
    "booked": "Meeting booked", "exception": "Manager’s exception until", "team_now": "Team now", "worker_now": "Social worker now",
    "sibling_group": "Sibling group", "siblings": "Children in care in it", "family": "Siblings", "became": "What became of it", "was": "Was", "moved_to": "Moved to",
    "nothing_booked": "Nothing booked", "what": "What happened", "day": "On", "detail": "Detail", "reason": "Reason", "expires": "Expires", "who": "By", "made": "Made on",
    "withdrawn": "Withdrawn on", "withdrawn_by": "Withdrawn by", "state": "State",
}  # fmt: skip


def offer(
    label: str, make: Callable[[], bytes], file_name: str, mime: str, *, what: str, key: str, icon: str = ":material/download:", help: str | None = None,
    disabled: bool = False, kind: Literal["primary", "secondary"] = "secondary", detail: Mapping[str, Any] | None = None,
) -> None:  # fmt: skip
    """A button whose click makes the file and hands it over; the page isn't run again. `what` it is, without any child's name
    ("Worklist", "Supervision sheets"): for the note of who took what, with `detail`. `label` is Markdown: escaped by the caller where it holds text of
    an extract."""
    st.download_button(label, _made(make, file_name, mime, what, dict(detail or {})), file_name, mime, key=key, icon=icon, help=help, disabled=disabled, type=kind, on_click="ignore")


def offer_list(frame: pd.DataFrame, name: str, about: Mapping[str, str], *, title: str, headers: Mapping[str, str] | None = None) -> None:
    """CSV and Excel of a whole list (all its columns, whatever is shown; `headers`: more of Excel's headers). The name of a file says when it is a reconstructed view.
    The note says which children are in it. A list of children is nothing for who may not look at single children."""
    out = frame.drop(columns=["obligation_id"], errors="ignore")
    ids = next((frame[name] for name in IDS if name in frame), None)
    if not len(out) or (ids is not None and not gate.gate().may(Right.CHILDREN)):
        return
    detail = {} if ids is None else of_children(ids)
    if "(reconstructed)" in about.get("As at", ""):
        name += "-reconstructed"

    def workbook() -> bytes:
        return export.xlsx_bytes(in_words(out), title, {"List": title, **about, "Rows": str(len(out))}, HEADERS | dict(headers or {}))

    with st.container(horizontal=True, gap="small"):
        offer("Excel", workbook, f"{name}.xlsx", XLSX, what=title, key=f"xlsx-{name}", detail=detail)
        offer("CSV", lambda: export.csv_bytes(out), f"{name}.csv", CSV, what=title, key=f"csv-{name}", detail=detail)


def of_children(ids: Iterable[str]) -> dict[str, Any]:
    """For the note of a file: whose data it holds."""
    return {"children": sorted({str(child) for child in ids if pd.notna(child)})}


def in_words(frame: pd.DataFrame) -> pd.DataFrame:
    """Codes of status and level as their words."""
    out = frame.copy()
    for name, words in (("status", look.STATUS), ("now", look.STATUS), ("level", look.LEVEL)):
        if name in out:
            out[name] = [words[code].word if code in words else None for code in out[name]]
    return out


def _made(make: Callable[[], bytes], file_name: str, mime: str, what: str, detail: dict[str, Any]) -> Callable[[], bytes]:
    """Made at the click, if the rights still hold; then kept ready for whoever clicked, once, and noted. Without a note there is no file."""
    visitor, then = gate.visitor(), gate.gate()

    def run() -> bytes:
        try:
            with gate.as_visitor(visitor) as viewer:
                if viewer != then:  # what the page holds is what they could see then
                    raise CpmError("What you may see has changed since this page was made.", "Open the page again.")
                data = make()
                people.whole_store().state.note(viewer.who, "exported", what, {"file": file_name, **detail})
                takeaway.grant(data, mime, file_name, visitor.owner)
                return data
        except Exception as problem:  # Streamlit logs it, so it must be without values
            raise CpmError(f"The file could not be made: error number {noted(problem)}.") from None

    return run
