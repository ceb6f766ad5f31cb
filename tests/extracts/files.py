"""Small real files for the tests of the extracts, and what came of them."""

from __future__ import annotations

import csv
import datetime as dt
import io
import zipfile
from collections.abc import Callable, Iterable

import xlsxwriter

from cpm_metrics.extracts.prepare import prepare
from cpm_metrics.extracts.problems import InputFile, Prepared

CASES = [
    "Child ID",
    "Surname",
    "Date of birth",
    "Date started to be looked after",
    "Date ceased to be looked after",
    "Allocated team",
]
MEETINGS = [
    "Meeting ID",
    "Child ID",
    "Meeting type",
    "Meeting date",
    "Meeting status",
    "Chair role",
    "Domains considered",
]


def day(text: str) -> dt.date:
    return dt.datetime.strptime(text, "%d/%m/%Y").date()


def xlsx(sheets: dict[str, Iterable[Iterable]], *, date_1904: bool = False) -> bytes:
    """Cells are written by their Python type; None leaves the cell out."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True, "date_1904": date_1904}) as book:
        as_date = book.add_format({"num_format": "dd/mm/yyyy"})
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for i, row in enumerate(rows):
                for j, value in enumerate(row):
                    if isinstance(value, dt.datetime | dt.date):
                        sheet.write_datetime(i, j, dt.datetime(value.year, value.month, value.day), as_date)
                    elif isinstance(value, bool):
                        sheet.write_boolean(i, j, value)
                    elif isinstance(value, int | float):
                        sheet.write_number(i, j, value)
                    elif value is not None:
                        sheet.write_string(i, j, value)
    return buffer.getvalue()


def csv_bytes(rows: Iterable[Iterable], delimiter: str = ",", encoding: str = "utf-8") -> bytes:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator="\r\n").writerows(
        [["" if v is None else v for v in row] for row in rows]
    )
    return text.getvalue().encode(encoding)


def edit_zip(data: bytes, change: Callable[[str, bytes], bytes]) -> bytes:
    """The same zip with each part changed by `change(name, content)`."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, change(name, old.read(name)))
    return out.getvalue()


def load(*files: tuple[str, bytes], isolated: bool = False, **more) -> Prepared:
    """prepare() in this process, for speed; test_isolate.py shows that the child process gives the same."""
    prepared = prepare([InputFile(name, data) for name, data in files], isolated=isolated, **more)
    for source in prepared.sources:
        assert source.rows_read == source.rows_loaded + source.rows_left_out, source
    for name, table in prepared.tables.items():
        assert table.num_rows == sum(s.rows_loaded for s in prepared.sources if s.dataset == name)
    return prepared


def content(prepared: Prepared, dataset: str) -> set[tuple]:
    """The rows as a set, without where they came from."""
    table = prepared.tables[dataset].drop_columns(["source", "row"])
    return {tuple(tuple(v) if isinstance(v, list) else v for v in row.values()) for row in table.to_pylist()}


def kinds(prepared: Prepared, severity: str | None = None) -> list[str]:
    return sorted(p.kind for p in prepared.problems if severity in (None, p.severity))
