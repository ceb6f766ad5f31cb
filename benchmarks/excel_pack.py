"""The director's pack as a workbook, with 20,000 rows, beside openpyxl writing the same cells plainly: no widths, no colours, no filters."""

from __future__ import annotations

import datetime as dt
import io
from typing import Any

import openpyxl
import pandas as pd
import python_calamine

from benchmarks import council_data
from benchmarks.measure import Row, in_turns, median, said, spread
from benchmarks.work import Work
from cpm_metrics.documents import pack_xlsx
from cpm_metrics.engine import compute
from cpm_metrics.views import pack as packs

ROWS, TIMES = 20_000, 1.3
CHILDREN = 5_200  # in care, whose lists have as many rows, or somewhat more


def bench(work: Work) -> list[Row]:
    store = work.council(300 if work.small else CHILDREN)
    snapshot = store.current()
    end = council_data.EXTRACT
    pack = packs.make(compute(snapshot), snapshot.info, store.state, start=end.replace(year=end.year - 1), end=end)
    sheets = [(sheet.name, list(sheet.frame.columns), _plain(sheet.frame)) for sheet in pack.sheets]
    rows = sum(len(lines) for *_, lines in sheets)
    assert work.small or rows >= ROWS, rows
    made: dict[str, bytes] = {}

    def ours() -> None:
        made["ours"] = pack_xlsx.workbook(pack)

    def plainly() -> None:
        book = openpyxl.Workbook()
        book.remove(book.active)
        for name, columns, lines in sheets:
            page = book.create_sheet(name)
            page.append(columns)
            for line in lines:
                page.append(line)
        out = io.BytesIO()
        book.save(out)
        made["plain"] = out.getvalue()

    times = in_turns({"ours": ours, "plain": plainly}, work.runs(3))
    a, b = _cells(made["ours"]), _cells(made["plain"])
    for name, _, lines in sheets:
        if lines:  # an empty list says so in words
            assert a[name][1:] == b[name][1:], name
    ratio = median(times["ours"]) / median(times["plain"])
    cells = sum(len(columns) * len(lines) for _, columns, lines in sheets)
    return [Row("excel-pack", "Excel pack of 20,000 rows", "openpyxl writing the same cells plainly", f"≤ {TIMES} ×", f"{ratio:.2f} ×: {said(median(times['ours']))} against {said(median(times['plain']))}", ratio <= TIMES,
                [f"Excel pack: {rows:,} rows on {len(sheets)} sheets, {cells:,} cells, read back and equal; {len(made['ours']) / 1e6:.1f} MB. Ours {spread(times['ours'])}; openpyxl {spread(times['plain'])}."])]  # fmt: skip


def _plain(frame: pd.DataFrame) -> list[list[Any]]:
    """The values as openpyxl takes them, made before the clock runs."""
    return [[_value(value) for value in row] for row in frame.itertuples(index=False, name=None)]


def _value(value: Any) -> Any:
    if isinstance(value, list | tuple) or getattr(value, "ndim", 0):
        return "; ".join(map(str, value))
    if value is None or pd.isna(value):
        return None
    if isinstance(value, bool) or type(value).__name__ == "bool":
        return "Yes" if value else "No"
    if isinstance(value, dt.datetime):
        return dt.datetime(value.year, value.month, value.day)
    return value.item() if hasattr(value, "item") else value


def _cells(content: bytes) -> dict[str, list[list[Any]]]:
    book = python_calamine.load_workbook(io.BytesIO(content))
    return {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}
