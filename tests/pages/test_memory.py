"""What stays for good is set aside from Python's search for garbage, and nothing else for long."""

from __future__ import annotations

import gc
import sys
import types
import weakref

import pytest

from pages._shared import memory


@pytest.fixture
def set_aside(monkeypatch):
    for name, value in (("_modules", 0), ("_at", 0.0), ("_all", False)):
        monkeypatch.setattr(memory, name, value)
    there = memory._around in gc.callbacks
    memory.set_aside_what_stays()
    yield
    if not there:
        gc.callbacks.remove(memory._around)
    gc.unfreeze()


class Ring:
    """Garbage that only a search can find."""

    def __init__(self) -> None:
        self.itself = self


def gone() -> weakref.ref:
    return weakref.ref(Ring())


def test_modules_are_set_aside_at_the_first_collection_and_when_more_are_imported(set_aside, monkeypatch):
    gc.collect(2)
    first = gc.get_freeze_count()
    assert first > 10_000 and len(gc.get_objects()) < first / 10
    gc.collect(2)
    assert gc.get_freeze_count() <= first  # nothing was imported: nothing more is set aside
    monkeypatch.setitem(sys.modules, "a_module_more", module := types.ModuleType("a_module_more"))
    module.much = [{"n": n, "own": [n]} for n in range(5_000)]
    gc.collect(2)
    assert gc.get_freeze_count() > first + 5_000


def test_garbage_is_found_as_ever(set_aside):
    gc.collect(2)
    ring = gone()
    assert ring() is not None
    gc.collect(2)
    assert ring() is None


def test_what_was_in_use_when_it_was_set_aside_goes_within_the_hour(set_aside, monkeypatch):
    used = Ring()
    ring = weakref.ref(used)
    gc.collect(2)
    del used
    gc.collect(2)
    assert ring() is not None  # set aside: not looked at
    monkeypatch.setattr(memory, "_at", memory._at - memory.EVERY - 1)
    gc.collect(2)
    assert ring() is None
    assert gc.get_freeze_count() > 10_000  # and the rest is set aside again


def test_it_is_asked_for_once_however_often(set_aside):
    memory.set_aside_what_stays()
    assert gc.callbacks.count(memory._around) == 1
