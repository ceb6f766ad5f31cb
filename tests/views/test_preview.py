"""A preview leaves nothing behind: it holds children's records."""

import os
import subprocess
import sys
from datetime import date

from cpm_metrics.extracts.prepare import prepare
from cpm_metrics.extracts.problems import InputFile
from cpm_metrics.settings import Settings
from cpm_metrics.store import Store
from cpm_metrics.views import preview
from tests.extracts.files import csv_bytes


def test_what_a_killed_preview_left_goes_with_the_next(tmp_path):
    """A folder of a process that has ended, and one of a process of this number before (a container), are taken away; one of a process that
    still runs stays, and so does everything else of the store."""
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    running = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        store = Store(tmp_path / "store")
        store.folder.mkdir()
        left = {name: store.folder / f"{preview.PREFIX}{number}-abc" for name, number in (("ended", ended.pid), ("same", os.getpid()), ("running", running.pid))}
        for folder in left.values():
            folder.mkdir()
            (folder / "preview.duckdb").write_bytes(b"records")
        other = store.folder / "snapshots"
        other.mkdir(exist_ok=True)
        file = InputFile("a.csv", csv_bytes([["Child ID", "Date started to be looked after", "Allocated team"], ["1", "01/03/2026", "North"]]))
        seen = preview.preview(store, prepare([file], isolated=False), date(2026, 11, 20), Settings())
        assert seen.children_after == 1
        assert {name for name, folder in left.items() if folder.exists()} == {"running"}
        assert other.exists()
        assert [f.name for f in store.folder.glob(f"{preview.PREFIX}*")] == [left["running"].name]
    finally:
        running.communicate(b"\n")
