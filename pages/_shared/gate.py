"""Who is looking, and whether they may. Every page asks before anything else, `app.py` too; deny by default.

Without sign-in the dashboard answers on this computer alone, to whoever sits at it. With sign-in ([auth] in secrets.toml) nobody gets
further than the sign-in page without a role in the store, and that is read again at every click.
"""

from __future__ import annotations

import getpass
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import NoReturn

import streamlit as st

from cpm_metrics.access import LOCAL, NobodyYet, Right, Viewer
from cpm_metrics.access.people import key_of, name_of, short
from cpm_metrics.errors import CpmError
from pages._server import options, people, signin, takeaway
from pages._shared import state

MASKED = "names-hidden"
# A run asks many times who is looking. Nobody clicks twice within this time, so a right that is taken away is gone at the next click.
_SAME_RUN = 0.4
_lately: dict[tuple[str, bool], tuple[float, Viewer]] = {}
_guard = threading.Lock()
# How often an open page looks whether it was left alone.
_LOOK_EVERY = float(os.environ.get("CPM_LOOK_EVERY", 20))


class SignedOut(CpmError):
    """Nobody is signed in, or no longer; `what` is the reason, or empty."""


@dataclass(frozen=True)
class Visitor:
    """What a run knows of who is there, for work that is done after it: a file made at a click."""

    cookies: tuple[tuple[str, str], ...]
    signed_in: bool
    masked: bool

    @property
    def owner(self) -> str:
        """Under whose name a file is kept ready."""
        return takeaway.owner(dict(self.cookies)) or ""


_working_for: ContextVar[Viewer | None] = ContextVar("working_for", default=None)


def gate() -> Viewer:
    """Who is looking. Stops the page, with the reason and what to do, where they may see nothing."""
    working_for = _working_for.get()
    if working_for is not None:
        return working_for
    try:
        return _viewer(visitor())
    except SignedOut as problem:
        _sign_in_page(problem.what)
    except CpmError as problem:
        _stop(str(problem), sign_out=options.sign_in_is_on())


def visitor() -> Visitor:
    on = options.sign_in_is_on()
    # Where [auth] can't be read any more, `st.user` doesn't know of signing in.
    return Visitor(tuple(sorted(st.context.cookies.items())) if on else (), on and bool(getattr(st.user, "is_logged_in", False)), bool(state.widget(MASKED)))


@contextmanager
def as_visitor(who: Visitor) -> Iterator[Viewer]:
    """Work for somebody whose run is over, with the rights that they have now. Raises CpmError where they have none."""
    viewer = _viewer(who)
    token = _working_for.set(viewer)
    try:
        yield viewer
    finally:
        _working_for.reset(token)


def _viewer(who: Visitor) -> Viewer:
    """Raises SignedOut, NobodyYet, CpmError."""
    if not options.sign_in_is_on():
        if not options.private():  # the server doesn't start so; should somebody import the page otherwise
            raise CpmError(options.refused()[0])
        return LOCAL(_account(), who.masked)
    if not who.signed_in:
        raise SignedOut("")
    cookies = dict(who.cookies)
    key = signin.name_of(cookies) or "", who.masked
    with _guard:
        known = _lately.get(key)
    if known and time.monotonic() - known[0] < _SAME_RUN:
        return known[1]
    register = people.people()
    over = signin.over(cookies, register.ended)
    if over:
        people.end(cookies, "sign-in ended")
        raise SignedOut(over)
    said = signin.claims(cookies) or {}
    try:
        viewer = register.viewer(said, who.masked)
    except NobodyYet:
        _first_click(cookies, f"{name_of(said)} ({short(key_of(said))})", "signed in without a role")
        raise
    _first_click(cookies, viewer.who, "signed in")
    with _guard:
        for old in [name for name, (at, _) in _lately.items() if time.monotonic() - at > _SAME_RUN]:
            del _lately[old]
        _lately[key] = time.monotonic(), viewer
    return viewer


def _first_click(cookies: dict[str, str], who: str, what: str) -> None:
    """Noted before it is remembered: without the line in the audit there is no page."""
    if signin.is_new(cookies):
        people.whole_store().state.note(who, what)
    signin.clicked(cookies)


def note_refusal(page: str) -> None:
    """A page that a role doesn't include was asked for: in the audit once a session and page."""
    already = state.recall("refused-pages") or set()
    if page not in already:
        people.whole_store().state.note(gate().who, "page refused", page)
        state.remember("refused-pages", already | {page})


def allow(right: Right) -> Viewer:
    """Stops the page where the viewer's role doesn't include this."""
    viewer = gate()
    if not viewer.may(right):
        note_refusal(f"what takes the right “{right}”")
        _stop("Your role doesn't include this page.")
    return viewer


def who() -> str:
    """Under whose name a change is noted."""
    return gate().who


def _sign_in_page(why: str) -> NoReturn:
    """The sign-in page, and nothing else."""
    st.title("Care Planning Meetings", anchor=False)
    if why:
        st.info(f"{why} Sign in again to go on.", icon=":material/lock_clock:")
    st.markdown("This dashboard holds children's records. Sign in with your work account.")
    st.button("Sign in", type="primary", icon=":material/login:", on_click=st.login, key="sign-in")
    st.stop()


def _stop(said: str, sign_out: bool = False) -> NoReturn:
    st.error(said, icon=":material/lock:")
    if sign_out:
        st.button("Sign out", on_click=st.logout, key="sign-out-of-nothing")
    st.stop()


@st.fragment(run_every=_LOOK_EVERY)
def left_alone() -> None:
    """Looks now and then whether the page was left alone, and if so runs it: the gate then takes everything off the screen."""
    cookies = dict(st.context.cookies)
    if signin.over(cookies, people.people().ended):
        st.rerun()


def _account() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "this computer"
