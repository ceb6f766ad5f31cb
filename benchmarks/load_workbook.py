"""From a workbook of 100,000 meetings to a committed snapshot, problems included, beside pandas.read_excel merely reading it, and beside
the bare parse that both kinds of reader can't do without."""

from __future__ import annotations

import pandas as pd
import python_calamine

from benchmarks import council_data
from benchmarks.measure import Row, in_turns, median, said, spread
from benchmarks.work import Work
from cpm_metrics.extracts.prepare import prepare
from cpm_metrics.extracts.problems import InputFile
from cpm_metrics.store import LoadInfo, Store

OF_PANDAS, OF_CALAMINE = 0.35, 4


def bench(work: Work) -> list[Row]:
    folder = work.new_folder("load")
    made = council_data.workbook(folder / "report 2026-11-20.xlsx", 2_000 if work.small else council_data.MEETINGS)
    loads: list[LoadInfo] = []

    def ours() -> None:
        found = prepare([InputFile(made.path.name, made.path)])
        loads.append(Store(work.new_folder("load-store")).commit(found, council_data.EXTRACT, "benchmark", confirmed=True))

    def in_pandas() -> None:
        frames = pd.read_excel(made.path, sheet_name=None, engine="openpyxl")
        assert [len(frame) for frame in frames.values()] == [made.cases, made.meetings]

    def bare() -> None:
        with python_calamine.load_workbook(made.path) as book:
            assert [len(book.get_sheet_by_name(name).to_python()) for name in book.sheet_names] == [made.cases + 1, made.meetings + 1]

    times = in_turns({"ours": ours, "pandas": in_pandas, "bare": bare}, work.runs(3), warm_up=0 if work.small else 1)
    for info in loads:
        # Every row is accounted for, and every planted fault was found.
        assert info.counts == {"cases": made.cases, "meetings": made.meetings - made.left_out}, info.counts
        assert info.problem_counts["error"] == made.left_out, info.problem_counts
        assert info.problem_counts["warning"] >= made.warned, info.problem_counts
    ours_, pandas, bare_ = (median(times[name]) for name in ("ours", "pandas", "bare"))
    data = (
        f"Workbook: {made.meetings:,} meetings and {made.cases:,} cases, {made.cells:,} filled cells, {made.path.stat().st_size / 1e6:.1f} MB; "
        f"{made.left_out:,} rows with an error and {made.warned:,} warnings, all found. "
    )
    return [
        Row("load", "Load a workbook of 100,000 meetings, file to committed snapshot, problems included", "pandas.read_excel with openpyxl, merely reading", f"≤ {OF_PANDAS} ×",
            f"{ours_ / pandas:.2f} ×: {said(ours_)} against {said(pandas)}", ours_ / pandas <= OF_PANDAS,
            [data + f"Ours {spread(times['ours'])}; pandas {spread(times['pandas'])}; calamine {spread(times['bare'])}."]),
        Row("load-floor", "… and the floor", "the bare parse by calamine", f"≤ {OF_CALAMINE} ×", f"{ours_ / bare_:.1f} ×: {said(ours_)} against {said(bare_)}", ours_ / bare_ <= OF_CALAMINE),
    ]  # fmt: skip
