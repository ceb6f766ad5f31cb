"""All rules and indicators for one council: small enough that no page needs to wait for it."""

from __future__ import annotations

from benchmarks import council_data
from benchmarks.measure import Row, alone, median, p95, said, spread
from benchmarks.work import Work

# In care, and as many who left: England's 83,000 in 153 authorities are 540 each; the other is one of the largest.
SIZES = {"council": (500, "one council of 1,000 children"), "council-large": (1_000, "a large one of 2,000")}
SECONDS = 0.3


def bench(work: Work) -> list[Row]:
    return [one(work, name, *size) for name, size in SIZES.items()]


def one(work: Work, name: str, in_care: int, words: str) -> Row:
    store = work.council(in_care)
    times = alone("benchmarks.growth:times", str(store.folder), work.runs(9))
    sizes = council_data.sizes(store)
    return Row(name, f"All rules and indicators, {words}", "", f"≤ {SECONDS} s", f"{said(median(times))} (95th percentile {said(p95(times))})", median(times) <= SECONDS,
               [f"{words[0].upper()}{words[1:]}: {sizes['in care']:,} in care, {sizes['left']:,} left, {sizes['meetings and reviews']:,} meetings and reviews. {spread(times)}."])  # fmt: skip
