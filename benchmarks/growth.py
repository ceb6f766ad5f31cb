"""Whether time grows faster than the data: the engine from 1,000 children to all England, the line through the points on log-log paper."""

from __future__ import annotations

import time

from benchmarks import council_data
from benchmarks.measure import Row, alone, median, said, slope
from benchmarks.work import Work
from cpm_metrics.engine import compute
from cpm_metrics.store import Store

SLOPE, BEYOND = 1.0, 10_000
IN_CARE = (500, 1_500, 5_000, 10_000, 20_000, 40_000)  # and as many who left; then England


def bench(work: Work) -> list[Row]:
    sizes = [n for n in IN_CARE if not work.small or n <= 1_500] + [work.england]
    points = []
    for n in sizes:
        store = work.council(n)
        # England's were measured before, when the whole is run.
        times = work.engine_times.get(n) or alone("benchmarks.growth:times", str(store.folder), work.runs(3 if n > 5_000 else 5))
        points.append((2 * n, council_data.sizes(store)["rows"], median(times)))
    beyond = [point for point in points if work.small or point[0] >= BEYOND]
    found = slope([rows for _, rows, _ in beyond], [seconds for *_, seconds in beyond])
    lines = [f"{children:,} children ({rows:,} rows): {said(seconds)}, {seconds / rows * 1e6:.2f} µs a row" for children, rows, seconds in points]
    return [Row("growth", "Growth from 1,000 to 166,000 children", "the number of rows", f"slope ≤ {SLOPE:.1f} on log–log beyond {BEYOND:,}", f"slope {found:.2f}", round(found, 2) <= SLOPE,
                ["Growth: " + "; ".join(lines) + "."])]  # fmt: skip


def times(store: str, runs: int) -> list[float]:
    """In a process of its own, the first run a warm-up."""
    snapshot = Store(store).current()
    found = []
    for _ in range(runs + 1):
        begin = time.perf_counter()
        results = compute(snapshot)
        found.append(time.perf_counter() - begin)
        results._con.close()
    return found[1:]
