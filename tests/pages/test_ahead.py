"""What the first page needs is imported and worked out while its visitor's browser still fetches the page around it, and never imported by
two threads at once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pages._shared import data
from tests.pages.conftest import fill, numbers, open_page, texts

ROOT = Path(__file__).resolve().parents[2]

# In a process of its own: what is imported here stays imported.
LOOK = """
import sys, time, types
from pages._shared import ahead
there = set(ahead.MODULES) & set(sys.modules)
assert not there, there
ahead.wait()                                    # nothing was begun: nothing to wait for
ahead.runtime = types.SimpleNamespace(exists=lambda: ready)
ready = False
ahead.begin()
time.sleep(0.2)
assert not set(ahead.MODULES) & set(sys.modules)  # not before there is a server
ready = True
ahead.wait()
print("all there" if set(ahead.MODULES) <= set(sys.modules) else "some missing")
"""


def test_it_is_all_there_once_it_was_waited_for_and_nothing_before_the_server():
    done = subprocess.run([sys.executable, "-c", LOOK], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.stdout == "all there\n", done.stderr


def test_this_weeks_own_imports_are_among_them():
    """What is left for the first visitor's run to import itself, of ours: nothing."""
    look = "import sys, importlib; from pages._shared import ahead; [importlib.import_module(name) for name in ahead.MODULES]; before = set(sys.modules)\n"
    named = [line for line in (ROOT / "pages/now/this_week.py").read_text("utf-8").splitlines() if line.startswith(("from ", "import "))]
    look += "\n".join(named) + "\nprint(sorted(name for name in set(sys.modules) - before if name.startswith(('pages', 'cpm_metrics'))))"
    done = subprocess.run([sys.executable, "-c", look], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.stdout == "[]\n", done.stderr


@pytest.mark.parametrize("loads", [1, 2], ids=["one load, compared with the week before", "two loads"])
def test_the_first_page_has_nothing_left_to_work_out(loads, sample_files, tmp_path, monkeypatch):
    """And shows what it would have shown."""
    fill(tmp_path / "store", sample_files, before=None if loads == 1 else lambda _: None)
    monkeypatch.setenv("CPM_STORE", str(tmp_path / "store"))
    right = open_page("")
    data._results.clear()
    data.work_out()
    monkeypatch.setattr(data, "compute", lambda *_: pytest.fail("worked out again"))
    at = open_page("")
    assert not at.exception and texts(at) == texts(right) and numbers(at, "") == numbers(right, "")


def test_an_empty_store_has_nothing_to_work_out(empty):
    data.work_out()
    assert not (empty / "current").exists()
