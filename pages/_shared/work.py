"""Long work beside the page: in a thread of its own, with stage, rows done and a button to stop; the page stays usable.

How a page uses it. Reading (starts by itself, may be dropped at any time):

    prepared = work.run("prepare", key, "Reading the files", prepare, files, mapping=book)
    if prepared is None:
        return                      # still running, stopped, or refused: that is on the page already

Changing something (starts with a click; what it did is never dropped; `raising` comes back as it was raised):

    if st.button("Load", disabled=work.busy()):
        work.start("commit", key, "Loading", store.commit, prepared, day, who, changes=True)
    try:
        info = work.outcome("commit", key, raising=(NeedsConfirmation,))
    except NeedsConfirmation as question:
        …                           # ask, then work.start(… confirmed=True) with the same key
    if info is not None:
        work.forget()               # the files' contents go out of the session

`key` says what the work is done on (anything that compares and says the same on every run, such as the digest of the files):
a result is only given back for the key it was made for. The function gets `progress=` a callback that raises Cancelled once
the person has stopped the work; it runs without a Streamlit context, so it must not touch `st`.

One piece of work runs per session. Reading gives way to whatever is started next and ends with the session; work with
`changes` runs to its end, whatever happens to the page. Nothing here is shared between sessions but the number of places.
"""

from __future__ import annotations

import os
import threading
import time
import weakref
from collections.abc import Callable
from typing import Any

import streamlit as st

from pages._shared import faults, state
from pages._shared.show import plain

# How many pieces of work this process does at once, for all sessions: the rest wait and say so.
_ROOM = threading.BoundedSemaphore(max(2, os.cpu_count() or 2))
SOON = 0.4  # seconds: work done by then is shown without a progress bar
EVERY = 1.0  # seconds between looks
_SLOTS, _HANDLES = "work", "work-handles"


class Cancelled(Exception):
    """Raised by the progress callback after the person pressed Stop."""


class Job:
    """One piece of work. The thread writes, the page reads; `status` is running, done, failed or cancelled, and changes once."""

    def __init__(self, key: Any, title: str, changes: bool) -> None:
        self.key, self.title, self.changes = key, title, changes
        self.at: tuple[str, int, int | None] = ("Starting", 0, None)
        self.status = "running"
        self.value: Any = None
        self.error: BaseException | None = None
        self.began = time.monotonic()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def begin(self, function: Callable[..., Any], args: tuple, kwargs: dict[str, Any]) -> None:
        self._thread = threading.Thread(target=self._work, args=(function, args, kwargs), name=f"work: {self.title}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()

    def wait(self, seconds: float) -> None:
        if self._thread is not None:
            self._thread.join(seconds)

    @property
    def running(self) -> bool:
        return self.status == "running"

    @property
    def stopping(self) -> bool:
        return self.running and self._stop.is_set()

    def _say(self, stage: str, done: int, total: int | None) -> None:
        self.at = (stage, done, total)
        if self._stop.is_set():
            raise Cancelled

    def _work(self, function: Callable[..., Any], args: tuple, kwargs: dict[str, Any]) -> None:
        got = False
        try:
            while not got:
                got = _ROOM.acquire(timeout=0.2)
                self._say("Starting" if got else "Waiting for other work on this server to finish", 0, None)
            self.value = function(*args, progress=self._say, **kwargs)
            self.status = "done"
        except Cancelled:
            self.status = "cancelled"
        except BaseException as error:  # whatever it is, the page must hear of it
            self.error = error
            self.status = "failed"
        finally:
            if got:
                _ROOM.release()


class _Handle:
    """Lives in the session alone: when the session goes, its reading is stopped."""

    def __init__(self, job: Job) -> None:
        if not job.changes:
            weakref.finalize(self, job.stop)


def _slots() -> dict[str, Job]:
    slots = state.recall(_SLOTS)
    if slots is None:
        slots = {}
        state.remember(_SLOTS, slots)
        state.remember(_HANDLES, {})
    return slots


def busy() -> bool:
    """Whether this session's work is changing something just now, so that nothing else can be started."""
    return any(job.running and job.changes for job in _slots().values())


def over(name: str, key: Any) -> bool:
    """Whether the work on this key came to its end and did what it was to do."""
    job = _slots().get(name)
    return job is not None and job.key == key and job.status == "done"


def start(name: str, key: Any, title: str, function: Callable[..., Any], *args: Any, changes: bool = False, **kwargs: Any) -> bool:
    """Begins the work; reading that still runs gives way. False, and nothing happens, while something is being changed."""
    if busy():
        return False
    slots = _slots()
    for other, job in list(slots.items()):
        if job.running:
            _drop(other)
    job = Job(key, title, changes)
    slots[name] = job
    state.recall(_HANDLES)[name] = _Handle(job)
    job.begin(function, args, kwargs)
    job.wait(SOON)
    return True


def outcome(name: str, key: Any, raising: tuple[type[BaseException], ...] = ()) -> Any | None:
    """What the work gave. None while it runs (shown, with a button to stop), where it was stopped or failed (said), and
    where none was started for this key. Exceptions of the kinds in `raising` are raised as they were."""
    job = _slots().get(name)
    if job is None or job.key != key:
        return None
    if job.running:
        _progress(name)
        return None
    if job.status == "done":
        return job.value
    if job.status == "failed" and raising and isinstance(job.error, raising):
        raise job.error
    _say_how_it_ended(name, job)
    return None


def run(name: str, key: Any, title: str, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any | None:
    """`outcome` of reading that starts by itself, once for each key."""
    job = _slots().get(name)
    if (job is None or job.key != key) and not start(name, key, title, function, *args, **kwargs):
        for other, running in _slots().items():
            if running.running:
                _progress(other)
        return None
    return outcome(name, key)


def forget(*names: str) -> None:
    """Lets go of the results (all of them without a name). Work that is changing something goes on, and is kept."""
    for name in names or tuple(_slots()):
        job = _slots().get(name)
        if job is not None and not (job.running and job.changes):
            _drop(name)


def _drop(name: str) -> None:
    job = _slots().pop(name, None)
    state.recall(_HANDLES).pop(name, None)
    if job is not None:
        job.stop()


# -- what is on the page


@st.fragment(run_every=EVERY)
def _progress(name: str) -> None:
    job = _slots().get(name)
    if job is None or not job.running:
        st.rerun()
    stage, done, total = job.at
    with st.container(border=True):
        left, right = st.columns([6, 1], vertical_alignment="center")
        counted = bool(total and total > 1)
        count = f" · {done:,} of {total:,}" if counted else f" · {done:,}" if done else ""
        seconds = int(time.monotonic() - job.began)
        left.info(f"**{plain(job.title)}** · {plain(stage)}{count} · {seconds} s", icon="spinner")
        if counted:
            left.progress(min(done / total, 1.0))
        right.button("Stop", key=f"stop-{name}", icon=":material/cancel:", width="stretch", disabled=job.stopping, help="Nothing is changed by stopping.", **state.on_click(_stop, name))
        if job.stopping:
            st.caption("Stopping at the next safe point. If it had already come to the end, that will be said here.")
        else:
            st.caption("You can use the other pages meanwhile.")


def _stop(name: str) -> None:
    """What is being changed stops at its next safe point. Reading is over at once, this stage and whatever followed it: it may have
    come to its end while the button was being pressed."""
    job = _slots().get(name)
    if job is None:
        return
    job.stop()
    if job.changes:
        return
    for other, running in list(_slots().items()):
        if running.running and not running.changes:
            _drop(other)
    ended = Job(job.key, job.title, False)
    ended.status = "cancelled"
    _slots()[name] = ended


def _say_how_it_ended(name: str, job: Job) -> None:
    if job.status == "cancelled":
        st.info(f"{plain(job.title)}: stopped. Nothing was changed.", icon=":material/cancel:")
    else:
        with faults.told():
            raise job.error
    if not job.changes:
        st.button("Try again", key=f"again-{name}", icon=":material/refresh:", **state.on_click(forget, name))
