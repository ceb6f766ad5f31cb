"""`python tasks.py bench` measures everything, prints the table and writes it to docs/performance.md; `bench NAME …` measures some and prints
only; `bench --small` tries whether all of it runs."""

from __future__ import annotations

import argparse
import importlib
import sys
import time

from benchmarks import report
from benchmarks.measure import Row
from benchmarks.reasons import REASONS
from benchmarks.work import Work

# In this order: England's engine runs first, and what is sensitive to a busy machine comes in its own process or alone.
ALL = ("load_workbook", "england", "one_council", "growth", "clicks", "cold_start", "many_sessions", "excel_pack")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python tasks.py bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one or more of: {', '.join(ALL)}")
    parser.add_argument("--small", action="store_true", help="little data, few runs: whether it works")
    chosen = parser.parse_args()
    unknown = set(chosen.names) - set(ALL)
    if unknown:
        parser.error(f"no benchmark {', '.join(sorted(unknown))}; there are {', '.join(ALL)}")
    work = Work(small=chosen.small)
    rows: list[Row] = []
    begin = time.perf_counter()
    try:
        for name in ALL:
            if chosen.names and name not in chosen.names:
                continue
            print(f"{time.perf_counter() - begin:5.0f} s  {name} …", file=sys.stderr, flush=True)
            found = importlib.import_module(f"benchmarks.{name}").bench(work)
            for row in found:
                print(f"         {row.what}: {row.measured} (goal {row.goal})", file=sys.stderr, flush=True)
            rows += found
    finally:
        work.close()
    print(f"{time.perf_counter() - begin:5.0f} s  done", file=sys.stderr, flush=True)
    order = ("load", "load-floor", "england", "england-memory", "england-floor", "council", "council-large", "growth", "clicks-server", "clicks-browser", "cold-start", "sessions", "excel-pack")
    rows.sort(key=lambda row: order.index(row.name))
    table = report.text(rows, REASONS, chosen.small)
    print(table)
    if not chosen.names and not chosen.small:
        report.write(table)
        print(f"Written to {report.PAGE}.", file=sys.stderr)


if __name__ == "__main__":
    main()
