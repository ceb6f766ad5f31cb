"""The council's tables as files: one clean template workbook, or spreadsheets as messy as real reports are.

Messy is: title rows over the header, headers in another case and order, columns nobody asked for, true dates beside
dd/mm/yyyy text, the same value in many words, footers. What can't be read is planted on purpose and listed (`Planted`),
so that the Load page has something to show and a test can say that nothing else went wrong.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from pathlib import Path
from random import Random

import xlsxwriter

from cpm_metrics.extracts.datasets import DATASETS
from cpm_metrics.sample.council import Council
from cpm_metrics.sample.people import COUNCIL
from cpm_metrics.sample.planting import ExcelError, Planted, plant
from cpm_metrics.sample.reports import EXTRA, LAYOUTS, Layout, worded

MOSTLY_XLSX = 2000  # children; from here on the messy files are CSV, which is faster to write and to read


# --- clean ------------------------------------------------------------------------------------------------------------


def write_clean(council: Council, folder: Path) -> list[Path]:
    """`council <date>.xlsx`: a sheet per dataset, the template's headers and nothing else."""
    path = folder / f"council {council.extract_date}.xlsx"
    with _workbook(path, council.extract_date) as book:
        for dataset in DATASETS.values():
            sheet = _XlsxSheet(book, dataset.title)
            sheet.write([f.header for f in dataset.fields])
            names = [f.name for f in dataset.fields]
            for row in council.tables[dataset.name]:
                sheet.write([row.get(name) for name in names])
    return [path]


# --- messy ------------------------------------------------------------------------------------------------------------


def write_messy(council: Council, folder: Path) -> tuple[list[Path], list[Planted]]:
    """The files, and the places where something is wrong on purpose."""
    today, big = council.extract_date, len(council.tables["cases"]) > MOSTLY_XLSX * 3
    rng = Random(f"{council.seed}:files")
    tables, planted = plant(council, Random(f"{council.seed}:planted"))
    paths = []

    def rows_of(layout: Layout, name: str, sheet: str) -> Iterator[list]:
        yield from _report(layout, tables[layout.dataset], rng, today, name, sheet, planted)

    for dataset, title in (("cases", "Cases"), ("meetings", "Meetings")):
        name = f"{dataset} {today}.{'csv' if big else 'xlsx'}"
        paths.append(folder / name)
        _write_file(paths[-1], today, {title: rows_of(LAYOUTS[dataset], name, "" if big else title)})
    name = f"reviews {today}.csv"
    paths.append(folder / name)
    _write_file(paths[-1], today, {"": rows_of(LAYOUTS["reviews"], name, "")}, encoding="cp1252")
    rest = [layout for layout in LAYOUTS.values() if layout.dataset not in ("cases", "meetings", "reviews")]
    if big:
        for layout in rest:
            name = f"{layout.dataset.replace('_', ' ')} {today}.csv"
            paths.append(folder / name)
            _write_file(paths[-1], today, {"": rows_of(layout, name, "")})
    else:
        name = f"case records {today}.xlsx"
        paths.append(folder / name)
        titles = {layout.dataset: DATASETS[layout.dataset].title for layout in rest}
        _write_file(paths[-1], today, {titles[y.dataset]: rows_of(y, name, titles[y.dataset]) for y in rest})
    return paths, planted


def _report(
    layout: Layout, rows: list[dict], rng: Random, today: date, file: str, sheet: str, planted: list[Planted]
) -> Iterator[list]:
    """The report's lines, title to footer. Where the planted rows came to stand is noted in `planted`."""
    line = 0
    for text in layout.title:
        line += 1
        yield [text.format(council=COUNCIL, date=f"{today:%d/%m/%Y}")]
    line += 1
    columns = layout.columns()
    yield [header for header, _ in columns]
    for row in rows:
        line += 1
        as_text = layout.text_dates and rng.random() < layout.text_dates
        out = []
        for header, name in columns:
            value = row.get(name) if name else EXTRA[header](row, rng, today)
            if isinstance(value, date):
                value = f"{value:%d/%m/%Y}" if as_text else value
            elif isinstance(value, str) and name:
                value = worded(name, value, rng)
            out.append(value)
        for place in row.get("_planted", ()):
            place.file, place.sheet, place.row = file, sheet, None if "_twice" in row else line
        yield out
        if "_twice" in row:
            line += 1
            yield out
    for text in layout.footer:
        line += 1
        yield [text.format(rows=len(rows))]
        if text:
            planted.append(Planted(layout.dataset, "", "footer", file, sheet, line))


# --- writing ----------------------------------------------------------------------------------------------------------


def _write_file(path: Path, today: date, sheets: dict[str, Iterable[list]], encoding: str = "utf-8-sig") -> None:
    if path.suffix == ".csv":
        (rows,) = sheets.values()
        with path.open("w", encoding=encoding, newline="") as handle:
            out = csv.writer(handle)
            out.writerows([_as_text(value) for value in row] for row in rows)
        return
    with _workbook(path, today) as book:
        for title, rows in sheets.items():
            sheet = _XlsxSheet(book, title)
            for row in rows:
                sheet.write(row)


def _as_text(value: object) -> object:
    return f"{value:%d/%m/%Y}" if isinstance(value, date) else "" if value is None else value


def _workbook(path: Path, today: date) -> xlsxwriter.Workbook:
    book = xlsxwriter.Workbook(str(path), {"constant_memory": True})
    # The same content gives the same bytes: no clock in it.
    book.set_properties(
        {"title": path.stem, "author": COUNCIL, "created": datetime(today.year, today.month, today.day, 6, 12)}
    )
    return book


class _XlsxSheet:
    """Rows one after another; dates as true Excel dates, texts as texts, also "0012345"."""

    def __init__(self, book: xlsxwriter.Workbook, title: str) -> None:
        self._sheet = book.add_worksheet(title)
        self._date = book.add_format({"num_format": "dd/mm/yyyy"})
        self._sheet.set_column(0, 27, 16)
        self._row = 0

    def write(self, values: list) -> None:
        sheet, row = self._sheet, self._row
        for column, value in enumerate(values):
            if value is None or value == "":
                continue
            if isinstance(value, date):
                sheet.write_datetime(row, column, value, self._date)
            elif isinstance(value, ExcelError):
                sheet.write_formula(row, column, value.formula, None, value.shown)
            elif isinstance(value, str):
                sheet.write_string(row, column, value)
            else:
                sheet.write_number(row, column, value)
        self._row += 1
