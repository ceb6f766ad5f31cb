"""Two loads of an invented council that differ in everything that can be counted, and a process that makes them current in turn.

    python -m tests.faults.two_loads STORE PAUSE     # loads A, B, A, … until its standard input is closed; then prints how many
"""

from __future__ import annotations

import sys
import threading
from datetime import date
from pathlib import Path

from cpm_metrics import sample
from cpm_metrics.extracts.prepare import prepare
from cpm_metrics.extracts.problems import InputFile, Prepared
from cpm_metrics.store import LoadInfo, Store

KINDS = {"A": (12, 3, date(2026, 11, 13)), "B": (17, 5, date(2026, 11, 20))}  # children, seed, extract date


def files(folder: Path, kind: str) -> list[Path]:
    children, seed, day = KINDS[kind]
    return sample.write(folder / kind, children=children, seed=seed, extract_date=day)


def prepared(folder: Path, kind: str) -> Prepared:
    return prepare([InputFile(path.name, path) for path in files(folder, kind)])


def load(store: Store, ready: Prepared, kind: str) -> LoadInfo:
    return store.commit(ready, KINDS[kind][2], "a test", confirmed=True)


def main(folder: Path, pause: float) -> None:
    ready = {kind: prepared(folder.parent / "sheets", kind) for kind in KINDS}
    store, over, loads = Store(folder), threading.Event(), 0
    threading.Thread(target=lambda: (sys.stdin.read(), over.set()), daemon=True).start()
    print("ready", flush=True)
    while not over.wait(pause):
        load(store, ready["AB"[loads % 2]], "AB"[loads % 2])
        loads += 1
    print(loads, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]))
