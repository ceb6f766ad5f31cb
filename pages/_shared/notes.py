"""Notes and manager's exceptions of one obligation: shown, and made. What is typed is shown as plain text, never as Markdown."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import timedelta

import streamlit as st

from cpm_metrics.store.state import About, ManagersException
from cpm_metrics.views import exceptions, look
from pages._shared import data, show, state
from pages._shared.frame import View
from pages._shared.gate import who

LONGEST_TEXT = 2_000  # characters


def in_force(view: View) -> dict[About, ManagersException]:
    """The manager's exceptions that hold on the as-at date, by what their obligations are kept under."""
    return exceptions.in_force(exceptions.standing(view.results, data.store().state.exceptions()))


def panel(view: View, row: Mapping) -> None:
    """Everything noted about one obligation (a row of `lists.obligations`), with forms for a note and for an exception."""
    data.viewed(row["child_id"])
    kept = data.store().state
    child, about = row["child_id"], exceptions.about(row)
    stands = [one for one in exceptions.standing(view.results, kept.exceptions(child)) if about in one.match.abouts]
    written = exceptions.notes_of(view.results, kept.notes(child), row)
    key = _key(row)
    said = state.forget(f"said-{key}")
    if said:
        st.success(said, icon=":material/check:")
    left, right = st.columns(2, gap="medium")
    with left:
        st.markdown(f"**Notes ({len(written)})**")
        for note in written:
            with st.container(border=True, gap=None):
                st.caption(show.plain(f"{look.day(note.at)}, {note.who}"))
                st.text(note.text)
        _note_form(row, key)
    with right:
        st.markdown(f"**Manager’s exceptions ({len(stands)})**")
        for one in stands:
            exception(one, key)
        _exception_form(view, row, key, stands)


def exception(one: exceptions.Standing, key: str) -> None:
    """One exception as it stands, with the way to withdraw it while it holds."""
    found = one.exception
    with st.container(border=True, gap=None):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            show.badge(look.EXCEPTION[one.state], f" until {look.day(found.expires)}" if one.state == "holds" else "")
            words = f"made {look.day(found.at)} by {found.who}" + (f", withdrawn {look.day(found.withdrawn_at)} by {found.withdrawn_by}" if found.withdrawn_at else "")
            st.caption(show.plain(words), width="stretch")
        st.text(found.text)
        if found.withdrawn_at is None and one.state != "expired":
            withdraw(found, key)


def withdraw(found: ManagersException, key: str) -> None:
    """Asks first; then it is withdrawn, and stays on record."""
    with st.popover("Withdraw", icon=":material/undo:", key=f"ask-{found.number}-{key}"):
        st.markdown("It stays on record as withdrawn, under your name. It can’t be put back: make a new one instead.")
        if st.button("Withdraw this exception", key=f"withdraw-{found.number}-{key}", type="primary"):
            data.store().state.withdraw_exception(found.number, who())
            state.remember(f"said-{key}", "The exception is withdrawn.")
            st.rerun()


def _note_form(row: Mapping, key: str) -> None:
    with st.form(f"note-{key}", clear_on_submit=True, border=False):
        text = st.text_area("Add a note", key=f"note-text-{key}", max_chars=LONGEST_TEXT, height=80, help="Notes are kept with the date and your name. They can’t be changed or deleted afterwards.")
        send = st.form_submit_button("Add the note", icon=":material/add_comment:", key=f"note-add-{key}")
    if not send:
        return
    if not text.strip():
        st.warning("Write the note first.", icon=":material/edit:")
        return
    data.store().state.add_note(exceptions.about(row), text.strip(), who())
    state.remember(f"said-{key}", "The note is kept.")
    st.rerun()


def _exception_form(view: View, row: Mapping, key: str, stands: list[exceptions.Standing]) -> None:
    if view.results.reconstructed:
        st.caption(f"Exceptions are made for the present: set the as-at date back to {look.day(view.info.extract_date)}.")
        return
    if row["status"] not in look.OPEN:
        st.caption("Only what is still open can have an exception.")
        return
    last, alike = exceptions.last_day(view.as_at), exceptions.covered(view.results, row)
    words = "Make a new exception" if any(one.state == "holds" for one in stands) else "Make a manager’s exception"
    fresh = f"{key}-{len(stands)}"  # once one is made, the form is closed and empty
    with st.popover(words, icon=":material/approval:", key=f"make-{fresh}"), st.form(f"exception-{fresh}", border=False):
        st.caption(
            "You accept this as it is until a day you name. The status doesn’t change: what is overdue stays overdue and is counted; the exception stands beside it."
            + (f" It will stand for {alike} obligations: they come from one day, are due on the same day, and nothing in the extracts tells them apart from load to load." if alike > 1 else "")
        )
        reason = st.text_area("Reason", key=f"reason-{fresh}", max_chars=LONGEST_TEXT, height=80)
        expires = st.date_input(
            "Holds until", value=min(view.as_at + timedelta(days=28), last), required=True, min_value=view.as_at, max_value=last, format="DD/MM/YYYY", key=f"expires-{fresh}",
            help=f"At most {exceptions.LONGEST} months from the as-at date, to {look.day(last)}: by then somebody should look again.",
        )  # fmt: skip
        send = st.form_submit_button("Make the exception", icon=":material/approval:", key=f"exception-add-{fresh}")
        if send and not reason.strip():
            st.warning("Write the reason first.", icon=":material/edit:")
    if not send or not reason.strip():
        return
    data.store().state.add_exception(exceptions.about(row), reason.strip(), expires, who())
    state.remember(f"said-{key}", f"The exception is kept until {look.day(expires)}. The obligation stays as it was.")
    st.rerun()


def _key(row: Mapping) -> str:
    """Tells the widgets of one obligation from another's; the same from load to load."""
    return hashlib.sha256(repr((*exceptions.about(row), int(row["obligation_id"]))).encode()).hexdigest()[:12]
