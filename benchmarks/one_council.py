"""All rules and indicators for one council: small enough that no page needs to wait for it."""

from __future__ import annotations

from benchmarks import council_data
from benchmarks.measure import Row, median, p95, said, seconds, spread
from benchmarks.work import Work
from cpm_metrics.engine import compute

CHILDREN, SECONDS = 1_000, 0.3


def bench(work: Work) -> list[Row]:
    store = work.council(CHILDREN)
    snapshot = store.current()
    compute(snapshot)  # warm-up
    times = [seconds(lambda: compute(snapshot)) for _ in range(work.runs(9))]
    sizes = council_data.sizes(store)
    return [Row("council", "All rules and indicators, one council", "", f"≤ {SECONDS} s", f"{said(median(times))} (95th percentile {said(p95(times))})", median(times) <= SECONDS,
                [f"One council: {sizes['in care']:,} in care, {sizes['left']:,} left, {sizes['meetings and reviews']:,} meetings and reviews. {spread(times)}."])]  # fmt: skip
