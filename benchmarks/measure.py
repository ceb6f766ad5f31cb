"""How everything here is timed: a warm-up, several runs taken in turns with the peer's, medians; and work in a process of its own, so
that its memory is its own."""

from __future__ import annotations

import gc
import importlib
import json
import math
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
MARK = "RESULT "


@dataclass
class Row:
    """One line of the table. `reached` is None where there is no goal, only a figure to compare with."""

    name: str
    what: str
    against: str
    goal: str
    measured: str
    reached: bool | None
    details: list[str] = field(default_factory=list)  # lines below the table


def seconds(work: Callable[[], Any]) -> float:
    gc.collect()
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def in_turns(works: Mapping[str, Callable[[], Any]], runs: int, warm_up: int = 1) -> dict[str, list[float]]:
    """Seconds of each run, by name: one of each after the other, so that what else the computer does hits all alike."""
    for _ in range(warm_up):
        for work in works.values():
            work()
    found: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(runs):
        for name, work in works.items():
            found[name].append(seconds(work))
    return found


def median(values: Sequence[float]) -> float:
    return statistics.median(values)


def p95(values: Sequence[float]) -> float:
    """The 95th percentile, between the two nearest values."""
    ordered = sorted(values)
    at = 0.95 * (len(ordered) - 1)
    low = math.floor(at)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (at - low) * (ordered[high] - ordered[low])


def spread(values: Sequence[float]) -> str:
    """Median with the lowest and the highest of the runs, as "1.23 s (1.20 to 1.31, 3 runs)"."""
    return f"{said(median(values))} ({said(min(values))} to {said(max(values))}, {len(values)} runs)"


def sentence(text: str) -> str:
    """“… its peak memory” as it stands by itself: “Its peak memory”."""
    text = text.lstrip("… ")
    return text[:1].upper() + text[1:]


def said(value: float) -> str:
    return f"{value * 1000:.0f} ms" if value < 1 else f"{value:.2f} s" if value < 10 else f"{value:.1f} s"


def slope(sizes: Sequence[float], times: Sequence[float]) -> float:
    """Of the straight line through the points on log-log paper: 1.0 means twice the data, twice the time."""
    x, y = [math.log(size) for size in sizes], [math.log(t) for t in times]
    return statistics.linear_regression(x, y).slope


def peak_bytes() -> int:
    """The most memory that this process ever held. Linux gives a new process the figure of the one that started it, too (ru_maxrss, through
    exec): there it is read where that isn't so."""
    status = Path("/proc/self/status")
    if status.exists():
        return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM:")) * 1024
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


def alone(function: str, *args: Any, environ: Mapping[str, str] | None = None) -> Any:
    """What `module:function(*args)` gives, called in a Python process of its own. Arguments and answer are JSON."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.measure", function, json.dumps(args)], cwd=ROOT, env=os.environ | dict(environ or {}), stdout=subprocess.PIPE, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{function} ended with {done.returncode}:\n{done.stdout[-2000:]}")
    return json.loads(done.stdout.rsplit(MARK, 1)[1])


def machine() -> list[str]:
    """Where this was measured, a line each."""
    import psutil

    name = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        name = next((line.split(":", 1)[1].strip() for line in info.read_text().splitlines() if line.startswith("model name")), name)
    packages = ("streamlit", "duckdb", "pandas", "numpy", "pyarrow", "python-calamine", "openpyxl", "XlsxWriter", "plotly", "playwright")
    return [
        f"{len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count()} cores of {name}, {psutil.virtual_memory().total / 2**30:.0f} GB of memory",
        f"{platform.system()} {platform.release()}, Python {platform.python_version()}",
        ", ".join(f"{package} {version(package)}" for package in packages),
    ]


if __name__ == "__main__":
    module, _, name = sys.argv[1].partition(":")
    answer = getattr(importlib.import_module(module), name)(*json.loads(sys.argv[2]))
    print(MARK + json.dumps(answer), flush=True)
