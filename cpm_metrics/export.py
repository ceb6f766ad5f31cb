"""A frame as a file: CSV, Excel or Parquet. Text is never a formula, numbers and dates stay numbers and dates."""

from __future__ import annotations

import datetime as dt
import io
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import xlsxwriter

from cpm_metrics.errors import CpmError
from cpm_metrics.views import look

# A text that begins with one of these could be taken for a formula by a spreadsheet program.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # East Asian Excel takes the wide ones too
LONGEST_CELL = 32_767
LONGEST_SHEET = 1_048_575  # rows beside the header
WIDEST, NARROWEST = 60, 8
DATE_FORMAT = "d mmm yyyy"


def write(frame: pd.DataFrame, path: Path | str) -> None:
    """Write `frame` as what the name ends with: .csv, .xlsx or .parquet. An existing file is replaced in one step."""
    path = Path(path)
    makers = {".csv": csv_bytes, ".xlsx": xlsx_bytes, ".parquet": parquet_bytes}
    if path.suffix.lower() not in makers:
        raise CpmError(f"{path.name} can't be written: its ending names no format.", f"Use one of: {', '.join(makers)}.")
    content = makers[path.suffix.lower()](frame)
    part = path.with_name(path.name + ".part")
    try:
        part.write_bytes(content)
        os.replace(part, path)
    except OSError as problem:
        part.unlink(missing_ok=True)
        raise CpmError(f"{path} could not be written ({problem.strerror}).", "Check the folder, and that the file is not open elsewhere.") from None


def csv_text(frame: pd.DataFrame) -> str:
    """CSV with a header; dates as yyyy-mm-dd, lists joined by "; ". A text that could be a formula gets an apostrophe in front."""
    out = {}
    for name in frame.columns:
        column = frame[name]
        if pd.api.types.is_bool_dtype(column):
            out[name] = column.map({True: "yes", False: "no"})
        elif pd.api.types.is_datetime64_any_dtype(column):
            whole_days = (column.dropna() == column.dropna().dt.normalize()).all()
            out[name] = column.dt.strftime("%Y-%m-%d" if whole_days else "%Y-%m-%dT%H:%M:%S")
        elif pd.api.types.is_numeric_dtype(column):
            out[name] = column
        else:
            out[name] = column.map(_csv_cell)
    return pd.DataFrame(out, columns=frame.columns).to_csv(index=False, header=[_csv_cell(str(name)) for name in frame.columns], lineterminator="\n")


def csv_bytes(frame: pd.DataFrame) -> bytes:
    """`csv_text` in UTF-8. With a byte order mark, without which Excel takes it for Windows-1252 and spoils names."""
    return csv_text(frame).encode("utf-8-sig")


def parquet_bytes(frame: pd.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.to_parquet(buffer, index=False)
    return buffer.getvalue()


def xlsx_bytes(
    frame: pd.DataFrame, sheet: str = "List", about: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
) -> bytes:
    """A workbook with `frame` on one sheet: frozen header, filters, widths, real dates, every text typed as text.

    Args:
        about: what stands on a second sheet "About": the list's title, dates, definitions.
        headers: column -> header, where it isn't the column's own name.
    """
    with Workbook() as book:
        list_sheet(book, frame, sheet, headers or {})
        if about:
            about_sheet(book, about)
    return book.content


class Workbook(xlsxwriter.Workbook):
    """A workbook in memory, in which no text becomes a formula, a link or a number. `content` is the file once it is closed.

    Nothing of it is ever on the disk: XlsxWriter's way to save memory writes its rows to temporary files, which hold children's data.
    """

    def __init__(self) -> None:
        self._buffer = io.BytesIO()
        super().__init__(self._buffer, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False})

    @property
    def content(self) -> bytes:
        return self._buffer.getvalue()


# Column -> text of a cell -> (colour of its words, colour behind them). The text itself says what the colour says.
Colours = Mapping[str, Mapping[str, tuple[str, str]]]


def list_sheet(
    book: Workbook, frame: pd.DataFrame, name: str, headers: Mapping[str, str], *, colours: Colours | None = None, head: str = "", empty: str = ""
) -> Any:
    """A sheet with `frame`: frozen header, filters, widths, real dates, ready to print on A4. Gives the sheet.

    Args:
        headers: column -> header, where it isn't the column's own name.
        head: what stands on top of each printed page.
        empty: what stands below the headers when there are no rows.
    """
    if len(frame) > LONGEST_SHEET:
        raise CpmError(f"The list “{name}” has {len(frame):,} rows, more than an Excel sheet holds.", "Filter it, or download the CSV.")
    page = book.add_worksheet(sheet_name(name, [sheet.get_name() for sheet in book.worksheets()]))
    bold = book.add_format({"bold": True, "bg_color": look.HEAD, "bottom": 1, "valign": "top", "text_wrap": True})
    formats = cell_formats(book)
    names = [headers.get(str(name), str(name)) for name in frame.columns]
    widths = [len(name) + 3 for name in names]
    for at, header in enumerate(names):
        page.write_string(0, at, header, bold)
    for line, row in enumerate(frame.itertuples(index=False, name=None), start=1):
        for at, value in enumerate(row):
            widths[at] = max(widths[at], write_cell(page, line, at, value, formats))
    if not len(frame) and empty:
        page.write_string(1, 0, empty, book.add_format({"italic": True}))
    for at, width in enumerate(widths):
        page.set_column(at, at, min(max(width, NARROWEST), WIDEST))
    for column, words in (colours or {}).items():
        if column in frame and len(frame):
            at = frame.columns.get_loc(column)
            for word, (ink, paper) in words.items():
                page.conditional_format(1, at, len(frame), at, {"type": "cell", "criteria": "==", "value": f'"{word}"', "format": book.add_format({"font_color": ink, "bg_color": paper})})
    page.freeze_panes(1, 0)
    page.autofilter(0, 0, max(len(frame), 1), max(len(names) - 1, 0))
    to_print(page, head)
    page.repeat_rows(0)
    return page


def cell_formats(book: Workbook) -> dict[str, Any]:
    """What `write_cell` writes with."""
    return {
        "date": book.add_format({"num_format": DATE_FORMAT, "align": "left", "valign": "top"}),
        "text": book.add_format({"valign": "top", "text_wrap": True}),
        "quoted": book.add_format({"valign": "top", "text_wrap": True, "quote_prefix": True}),
        "number": book.add_format({"valign": "top"}),
    }


def to_print(page: Any, head: str = "") -> None:
    """A4 across, as wide as the paper, with the sheet's name and the page's number below."""
    page.set_landscape()
    page.set_paper(9)
    page.fit_to_pages(1, 0)
    page.set_margins(left=0.4, right=0.4, top=0.6, bottom=0.6)
    if head:
        page.set_header("&L" + head.replace("&", "&&")[:200])
    page.set_footer("&L&A&RPage &P of &N")


_SMALL_WORDS = {"a", "and", "at", "by", "for", "from", "in", "no", "of", "on", "or", "the", "to", "with"}


def sheet_name(text: str, taken: Sequence[str] = ()) -> str:
    """What Excel takes as the name of a sheet: at most 31 characters, some marks not among them; of whole words, unlike `taken`."""
    words = re.sub(r"[\[\]:*?/\\'\x00-\x1f]", " ", text).split()
    whole = len(words)
    while len(" ".join(words)) > 31 and len(words) > 1:
        words.pop()
    while 1 < len(words) < whole and words[-1].lower() in _SMALL_WORDS:
        words.pop()
    name = " ".join(words)[:31].strip() or "List"
    if name.lower() == "history":
        name = "History list"  # Excel keeps that name for itself
    known, number = {other.lower() for other in taken}, 2
    while name.lower() in known:
        name = f"{name[:27].rstrip(' 0123456789')} {number}"
        number += 1
    return name


def write_cell(page: Any, line: int, at: int, value: Any, formats: Mapping[str, Any]) -> int:
    """Writes one cell and gives the width it wants. Text is typed as text; one that begins like a formula is also marked as quoted."""
    if isinstance(value, list | tuple) or hasattr(value, "tolist") and not hasattr(value, "dtype"):
        value = "; ".join(map(str, value))
    elif hasattr(value, "ndim") and value.ndim:
        value = "; ".join(map(str, value.tolist()))
    if value is None or pd.isna(value):
        return 0
    if isinstance(value, bool) or type(value).__name__ == "bool":
        value = "Yes" if value else "No"
    if isinstance(value, dt.datetime | dt.date):
        whole = not isinstance(value, dt.datetime) or value.time() == dt.time()
        if whole and value.year >= 1900:
            page.write_datetime(line, at, dt.datetime(value.year, value.month, value.day), formats["date"])
            return 12
        value = value.isoformat(sep=" ") if isinstance(value, dt.datetime) else value.isoformat()
    if not isinstance(value, str):
        page.write_number(line, at, float(value) if value != int(value) else int(value), formats["number"])
        return len(str(value)) + 2
    if len(value) > LONGEST_CELL:
        value = f"(This text has {len(value):,} characters, more than an Excel cell holds: download the CSV to read it.)"
    page.write_string(line, at, value, formats["quoted" if value.startswith(FORMULA_STARTS) else "text"])
    return max(map(len, value.split("\n"))) + 2


def about_sheet(book: Workbook, about: Mapping[str, str]) -> None:
    page = book.add_worksheet("About")
    bold = book.add_format({"bold": True, "valign": "top"})
    text = book.add_format({"text_wrap": True, "valign": "top"})
    quoted = book.add_format({"text_wrap": True, "valign": "top", "quote_prefix": True})
    page.set_column(0, 0, 24)
    page.set_column(1, 1, 90)
    for line, (name, value) in enumerate(about.items()):
        page.write_string(line, 0, name, bold)
        page.write_string(line, 1, str(value), quoted if str(value).startswith(FORMULA_STARTS) else text)


def _csv_cell(value: Any) -> Any:
    if isinstance(value, list | tuple) or hasattr(value, "ndim") and getattr(value, "ndim", 0):
        value = "; ".join(map(str, value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dt.datetime):
        return None if pd.isna(value) else value.isoformat(sep="T")
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, str):
        # A lone carriage return would stand outside quotes, and begin a new row with what follows it.
        value = value.replace("\r\n", "\n").replace("\r", "\n")
        return "'" + value if value.startswith(FORMULA_STARTS) else value
    return None if value is None or pd.isna(value) else value
