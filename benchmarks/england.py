"""All rules and indicators for all England: the engine beside the same rules in vectorised pandas, the results equal, and beside what
DuckDB needs to sort the same obligations once. Each in a process of its own, for its memory."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import duckdb

from benchmarks import council_data
from benchmarks.measure import Row, alone, median, peak_bytes, said, spread
from benchmarks.work import Work
from cpm_metrics.engine import Results, compute
from cpm_metrics.store import Store, connect

TIMES_PANDAS, TIMES_SORT, GB = 4, 15, 2
# What both compute. `why` is left out: the engine makes the sentence when it is asked for, the peer not at all.
OBLIGATIONS = ("rule", "child_id", "care_started", "anchor_date", "due_date", "done_date", "meeting_id", "closes_on", "lapses_on", "status", "days", "team", "worker")  # fmt: skip
INDICATORS = ("indicator", "child_id", "care_started", "since", "figure", "unit", "grade")
DATES = {"care_started", "anchor_date", "due_date", "done_date", "closes_on", "lapses_on", "since"}
NUMBERS = {"days", "figure"}
PANDAS_PATIENCE = 90  # seconds: a peer slower than that is run once only


def bench(work: Work) -> list[Row]:
    store = work.council(work.england)
    sizes = council_data.sizes(store)
    folder = work.new_folder("england")
    ours = alone("benchmarks.england:ours", str(store.folder), str(folder), work.runs(3))
    pandas = alone("benchmarks.england:in_pandas", str(store.folder), str(folder), work.runs(2))
    alone("benchmarks.england:assert_equal", str(folder))
    work.engine_times[work.england] = ours["seconds"]
    data = f"{sizes['in care']:,} in care, {sizes['left']:,} left, {sizes['meetings and reviews']:,} meetings and reviews, {sizes['rows']:,} rows in all -> {ours['obligations']:,} obligations, {ours['flags']:,} flags"
    faster = median(pandas["seconds"]) / median(ours["seconds"])
    floor = median(ours["seconds"]) / median(ours["sort"])
    peak = ours["peak"] / 2**30
    return [
        Row(
            "england", "All rules and indicators, England", "the same rules in vectorised pandas, results equal", f"≥ {TIMES_PANDAS} × faster",
            f"{faster:.1f} × faster: {said(median(ours['seconds']))} against {said(median(pandas['seconds']))}", faster >= TIMES_PANDAS,
            [f"England: {data}. Engine {spread(ours['seconds'])}, snapshot file to results; pandas {spread(pandas['seconds'])} from frames in memory"
             f" (reading them took another {said(pandas['read'])}); equal in every row of {len(OBLIGATIONS)} + {len(INDICATORS)} columns."],
        ),
        Row("england-memory", "… its peak memory", f"the peer’s: {pandas['peak'] / 2**30:.1f} GB", f"≤ {GB} GB", f"{peak:.2f} GB", peak <= GB,
            [f"Memory: the most that the process ever held, after {len(ours['seconds'])} computations; the engine {peak:.2f} GB after the first."]),
        Row("england-floor", "… and the floor", "DuckDB sorting the same obligations once", f"≤ {TIMES_SORT} ×", f"{floor:.1f} ×: {said(median(ours['seconds']))} against {said(median(ours['sort']))}", floor <= TIMES_SORT,
            [f"Floor: the {ours['obligations']:,} rows of decided, all columns, into a new table by rule, owner and anchor: {spread(ours['sort'])}."]),
    ]  # fmt: skip


# -- in processes of their own


def ours(store: str, folder: str, runs: int) -> dict[str, Any]:
    """The engine. Leaves its results in `folder` for comparison."""
    snapshot = Store(store).current()
    found: dict[str, Any] = {"seconds": [], "sort": []}
    results: Results | None = None
    for _ in range(runs):
        if results is not None:
            results._con.close()
        begin = time.perf_counter()
        results = compute(snapshot)
        found["seconds"].append(time.perf_counter() - begin)
        found.setdefault("peak", peak_bytes())
    found["obligations"] = results.rows("SELECT count(*) FROM obligation_facts")[0][0]
    found["flags"] = results.rows("SELECT count(*) FROM indicators")[0][0]
    _leave(results, Path(folder))
    for _ in range(runs):
        with results.cursor() as cursor:
            begin = time.perf_counter()
            cursor.execute("CREATE TEMP TABLE in_order AS FROM decided ORDER BY rule, owner, anchor_date")
            found["sort"].append(time.perf_counter() - begin)
            cursor.execute("DROP TABLE in_order")
    return found


def _leave(results: Results, folder: Path) -> None:
    """Parquet needs external access, which the engine's connection rightly lacks: through Arrow, a piece at a time."""
    import pyarrow.parquet as pq

    for name, table, columns in (("obligations", "obligation_facts", OBLIGATIONS), ("indicators", "indicators", INDICATORS)):
        with results.cursor() as cursor:
            reader = cursor.execute(f"SELECT {', '.join(columns)} FROM {table}").to_arrow_reader(500_000)
            with pq.ParquetWriter(folder / f"ours-{name}.parquet", reader.schema) as out:
                for batch in reader:
                    out.write_batch(batch)


def in_pandas(store: str, folder: str, runs: int) -> dict[str, Any]:
    """The peer, from frames in memory."""
    from benchmarks import peer_pandas
    from benchmarks.peer_pandas import tables

    con = connect.memory({"snapshot": Store(store).current().path})
    begin = time.perf_counter()
    frames = tables.read(con.cursor())
    found: dict[str, Any] = {"read": time.perf_counter() - begin, "seconds": []}
    con.close()
    for _ in range(runs):
        begin = time.perf_counter()
        obligations, indicators = peer_pandas.compute(frames, council_data.EXTRACT, None)
        found["seconds"].append(time.perf_counter() - begin)
        found.setdefault("peak", peak_bytes())
        if found["seconds"][-1] > PANDAS_PATIENCE:
            break
    obligations.to_parquet(Path(folder) / "peer-obligations.parquet", index=False)
    indicators.to_parquet(Path(folder) / "peer-indicators.parquet", index=False)
    return found


def assert_equal(folder: str) -> dict[str, int]:
    """Both have the same rows, each as often. Otherwise a ValueError with some that differ (invented children)."""
    con = duckdb.connect()
    con.execute(f"SET memory_limit = '4GB'; SET temp_directory = '{folder}/spill'")
    counts = {}
    for name, columns in (("obligations", OBLIGATIONS), ("indicators", INDICATORS)):
        same = ", ".join(_alike(column) for column in columns)
        for who in ("ours", "peer"):
            con.execute(f"CREATE OR REPLACE VIEW {who} AS SELECT {same} FROM '{folder}/{who}-{name}.parquet'")
        sums = [con.execute(f"SELECT count(*), sum(hash(t)::HUGEINT) FROM {who} t").fetchone() for who in ("ours", "peer")]
        if sums[0] != sums[1]:
            some = {f"only {a}": [dict(zip(columns, map(str, row), strict=True)) for row in con.execute(f"FROM {a} EXCEPT ALL FROM {b} LIMIT 3").fetchall()] for a, b in (("ours", "peer"), ("peer", "ours"))}
            raise ValueError(f"{name} differ: {sums[0][0]:,} of ours, {sums[1][0]:,} of the peer; {json.dumps(some, indent=1)}")
        counts[name] = sums[0][0]
    return counts


def _alike(column: str) -> str:
    return f"{column}::DATE AS {column}" if column in DATES else f"{column}::BIGINT AS {column}" if column in NUMBERS else f"{column}::VARCHAR AS {column}"
