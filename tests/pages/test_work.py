"""Long work beside the page: progress, stopping, failures as they are, one piece at a time, nothing shared, threads end."""

import gc
import logging
import threading
import time
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from pages._shared import work
from tests.pages import work_steps as steps

PAGE = str(Path(__file__).with_name("work_page.py"))


@pytest.fixture(autouse=True)
def _fresh():
    steps.reset()
    yield
    steps.GO.set()
    until(lambda: not ours())


def page() -> AppTest:
    return AppTest.from_file(PAGE, default_timeout=20).run()


def until(true, seconds=10.0):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.02)


def ours():
    return [t for t in threading.enumerate() if t.name.startswith("work: ")]


def texts(at):
    return [t.value for t in at.text]


def press(at, label):
    return next(b for b in at.button if b.label == label).click().run()


def test_progress_is_shown_and_then_the_result():
    """While it runs the page shows stage, rows and a Stop button, and everything else on it; afterwards what was found. Reruns
    start nothing anew."""
    at = page()
    assert texts(at) == []
    assert "Load" in [b.label for b in at.button]
    assert "Stop" in [b.label for b in at.button]
    assert "**Reading the files** · Checking Meetings" in at.info[0].value
    assert "of 2,000" in at.info[0].value
    assert at.get("progress")
    at.run()
    steps.GO.set()
    until(lambda: not ours())
    assert texts(at.run()) == ["Found read 3 first done"]
    assert "Stop" not in [b.label for b in at.button]
    at.run()
    assert steps.RUNS == ["read 3 first"]


def test_quick_work_shows_no_bar():
    """What is done at once is on the page in the same run."""
    steps.GO.set()
    assert texts(page()) == ["Found read 3 first done"]


def test_stop_ends_the_thread_and_says_so():
    """Stop ends reading at its next step; the page says that nothing was changed, and can begin again."""
    at = press(page(), "Stop")
    assert "stopped. Nothing was changed." in at.info[0].value
    until(lambda: not ours())
    assert steps.ENDED == ["read 3 first"]
    steps.GO.set()
    press(at, "Try again")
    assert texts(at) == ["Found read 3 first done"]


def test_another_key_lets_go_of_the_work_before():
    """Other files: what was being read is stopped, and its result never shown for them."""
    at = page()
    steps.KEY[0] = "second"
    at.run()
    until(lambda: len(ours()) == 1)
    steps.GO.set()
    until(lambda: not ours())
    assert texts(at.run()) == ["Found read 3 second done"]


def test_a_foreseen_failure_is_shown_in_its_own_words():
    """A CpmError is on the page with its remedy; Try again runs it once more."""
    steps.GO.set()
    steps.FAIL.append(steps.unreadable())
    at = page()
    assert at.error[0].value == "cases\\.xlsx is damaged\\.\n\nSave it again\\."
    steps.FAIL.clear()
    press(at, "Try again")
    assert texts(at) == ["Found read 3 first done"]


def test_an_unforeseen_failure_is_an_error_number(caplog):
    """Neither page nor log holds the text of the exception, which may quote a record; the log has the number and the place."""
    steps.GO.set()
    steps.FAIL.append(ValueError("Billie Invented, 12/03/2015"))
    with caplog.at_level(logging.ERROR):
        at = page()
    assert "error number" in at.error[0].value
    assert "Billie" not in at.error[0].value + caplog.text
    assert "work_steps.py" in caplog.text


def test_what_changes_something_runs_to_its_end():
    """A load that has begun isn't dropped: Stop asks it to stop, nothing else starts, and what it really did is what is said."""
    steps.GO.set()
    at = page()
    steps.GO.clear()
    press(at, "Load")
    assert next(b for b in at.button if b.label == "Load").disabled
    steps.KEY[0] = "other files"
    at.run()
    assert steps.RUNS == ["read 3 first", "change"]
    steps.GO.set()
    until(lambda: not ours())
    at.run()
    assert "Loaded change done" in texts(at)
    press(at, "Close")
    assert "Loaded change done" not in texts(at)


def test_stopping_a_change():
    """A change that is stopped before its end says that nothing was changed."""
    steps.GO.set()
    at = page()
    steps.GO.clear()
    press(at, "Load")
    press(at, "Stop")
    until(lambda: not ours())
    at.run()
    assert "Loading: stopped. Nothing was changed." in at.info[0].value


def test_a_question_comes_back_as_it_was_raised():
    """Kinds in `raising` reach the page, so that it can ask."""
    steps.GO.set()
    at = page()
    steps.FAIL.append(steps.Asks("Fewer children.", ""))
    press(at, "Load")
    assert "Are you sure?" in texts(at)
    assert not at.error


def test_sessions_see_only_their_own():
    """Two people at once: each waits for their own work, and stopping one leaves the other."""
    one, two = page(), page()
    assert len(ours()) == 2
    press(one, "Stop")
    until(lambda: len(ours()) == 1)
    steps.GO.set()
    until(lambda: not ours())
    assert texts(two.run()) == ["Found read 3 first done"]
    assert texts(one.run()) == []


def test_reading_ends_with_its_session():
    """A closed browser leaves no thread behind."""
    job = work.Job("k", "Reading", changes=False)
    job.begin(steps.read, (1,), {})
    handle = work._Handle(job)
    assert ours()
    del handle
    gc.collect()
    until(lambda: not ours())
    assert job.status == "cancelled"


def test_places_are_limited_and_waiting_can_be_stopped(monkeypatch):
    """More work than places waits, says so, and can be stopped while it waits."""
    monkeypatch.setattr(work, "_ROOM", threading.BoundedSemaphore(1))
    first, second = work.Job("a", "First", False), work.Job("b", "Second", False)
    first.begin(steps.read, (1,), {})
    until(lambda: steps.RUNS)
    second.begin(steps.read, (2,), {})
    until(lambda: second.stopping or second.at[0].startswith("Waiting") or time.sleep(0.05))
    second.stop()
    until(lambda: second.status == "cancelled")
    assert steps.RUNS == ["read 1 first"]
    steps.GO.set()
    until(lambda: first.status == "done")
    assert work._ROOM.acquire(blocking=False)
