"""What work_page.py does, so that a test can hold it up, let it go, or make it fail."""

import threading

from cpm_metrics.errors import NeedsConfirmation, UnreadableFile

KEY = ["first"]
GO = threading.Event()
FAIL: list[Exception] = []
RUNS: list[str] = []
ENDED: list[str] = []


class Asks(NeedsConfirmation):
    pass


def reset() -> None:
    KEY[0] = "first"
    GO.clear()
    FAIL.clear()
    RUNS.clear()
    ENDED.clear()


def _through(what, progress):
    RUNS.append(what)
    try:
        for row in range(1, 2000):
            progress("Checking Meetings", row, 2000)
            if GO.wait(0.01):
                break
        if FAIL:
            raise FAIL[0]
        return f"{what} done"
    finally:
        ENDED.append(what)


def read(times, *, progress):
    return _through(f"read {times} {KEY[0]}", progress)


def change(*, progress):
    return _through("change", progress)


def unreadable():
    return UnreadableFile("cases.xlsx is damaged.", "Save it again.")
