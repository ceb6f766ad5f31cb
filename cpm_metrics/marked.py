"""The user's own spreadsheets with what is wrong marked in them: to correct cell by cell, and load again.

Each file becomes a workbook: first a sheet that lists every problem, then the user's own sheets with the cells filled and a comment
that says what is wrong and what to do. What comes out holds values only: no formula, macro, link to another file, pivot
cache or author's name, and no hidden sheet.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import io
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import PurePath

import openpyxl
from openpyxl.cell.cell import Cell, MergedCell
from openpyxl.comments import Comment
from openpyxl.packaging.core import DocumentProperties
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import column_index_from_string, get_column_letter
from openpyxl.workbook import Workbook
from openpyxl.worksheet.hyperlink import Hyperlink
from openpyxl.worksheet.worksheet import Worksheet

from cpm_metrics.export import FORMULA_STARTS, LONGEST_CELL
from cpm_metrics.extracts.cells import Fault, RawTable, show
from cpm_metrics.extracts.problems import InputFile, Problem
from cpm_metrics.extracts.read import read
from cpm_metrics.views import look

LIST = "Problems"
HEADERS = ("What happened", "File", "Sheet", "Row", "Column", "Heading", "Value", "What is wrong", "What to do")
WIDTHS = (26, 30, 18, 8, 9, 24, 24, 60, 60)
FILLS = {"error": "F6C7B6", "warning": "FBE3A5", "note": "D9E2E8"}
AUTHOR = "Care Planning Meetings"
MOST_CELLS = 400_000  # of a file; beyond it only the rows with something wrong are shown
MOST_COMMENTS = 5_000  # of a file; beyond it cells are filled, and the list says what is wrong
LONGEST_COMMENT = 1_000
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_NOT_IN_TITLES = re.compile(r"[\[\]:*?/\\]")


def workbook(files: Sequence[InputFile], problems: Sequence[Problem]) -> dict[str, bytes]:
    """One .xlsx per input file: its name -> the workbook ("cases.csv" -> "cases - marked.xlsx").

    Problems of no file (those across files) stand in every list. Raises UnreadableFile as reading the file does.
    """
    out: dict[str, bytes] = {}
    for file in files:
        mine = [problem for problem in problems if problem.file in (file.name, None)]
        out[_free(f"{PurePath(file.name).stem} - marked", out)] = _marked(file, mine)
    return out


def _free(stem: str, taken: dict[str, bytes]) -> str:
    """A name that isn't taken: two files may have the same one."""
    name, number = f"{stem}.xlsx", 2
    while name in taken:
        name, number = f"{stem} ({number}).xlsx", number + 1
    return name


def _marked(file: InputFile, problems: list[Problem]) -> bytes:
    tables = read(file)  # also sees to it that the file is safe to open
    said: list[str] = []
    book = _own(file, tables)
    if book is None:
        book = _built(tables, problems, said)
    sheets = {table.sheet: sheet for table, sheet in zip(tables, _sheets_of(book, tables), strict=True)}
    places = _mark(sheets, problems, said)
    _list_sheet(book, problems, places, said)
    book.properties = DocumentProperties(creator=AUTHOR, title="Problems marked")
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


# -- the user's own workbook


def _own(file: InputFile, tables: Sequence[RawTable]) -> Workbook | None:
    """The workbook itself, made safe; None where it isn't one that openpyxl opens whole, or is too large."""
    data = file.read()
    if not data.startswith(b"PK\x03\x04") or _cells(tables) > MOST_CELLS:
        return None
    try:
        book = openpyxl.load_workbook(io.BytesIO(data), data_only=True, keep_vba=False, keep_links=False, rich_text=False)
    except Exception:  # whatever it stumbles over, the cells were read all the same
        return None
    for table in tables:
        # Some workbooks (Strict Open XML) come out empty, without an error.
        if table.sheet not in book.sheetnames or not isinstance(book[table.sheet], Worksheet) or _rows(book[table.sheet]) < _filled(table):
            return None
    for sheet in list(book.worksheets):
        _make_safe(sheet)
    for sheet in list(book.chartsheets):
        book.remove(sheet)
    book.defined_names.clear()
    book.security = None
    return book


def _cells(tables: Iterable[RawTable]) -> int:
    return sum(len(row) for table in tables for row in table.rows)


def _rows(sheet: Worksheet) -> int:
    return sum(any(cell.value is not None and str(cell.value).strip() for cell in row) for row in sheet.iter_rows())


def _filled(table: RawTable) -> int:
    """Rows with a value that openpyxl gives too: a formula without a result is None to it."""
    return sum(any(not (cell is None or isinstance(cell, Fault) or (isinstance(cell, str) and not cell.strip())) for cell in row) for row in table.rows)


def _make_safe(sheet: Worksheet) -> None:
    """Values only, nothing hidden, nothing that leads out of the workbook."""
    sheet.sheet_state = "visible"
    sheet.protection.sheet = False
    sheet._pivots, sheet._charts, sheet._images = [], [], []
    sheet.legacy_drawing = None
    sheet.tables.clear()  # their column formulas and totals
    sheet.conditional_formatting = type(sheet.conditional_formatting)()
    sheet.data_validations.dataValidation = []
    sheet.defined_names.clear()
    sheet.auto_filter.ref = None
    sheet.print_title_rows = sheet.print_title_cols = None
    sheet.HeaderFooter = type(sheet.HeaderFooter)()
    for row in sheet.row_dimensions.values():
        row.hidden = False
    for column in sheet.column_dimensions.values():
        column.hidden = False
    for row in sheet.iter_rows():
        for cell in row:
            if isinstance(cell, MergedCell):
                continue
            cell._hyperlink = None
            cell.comment = None
            if isinstance(cell.value, str):
                _as_text(cell, cell.value, error=cell.data_type == "e")
            elif cell.value is not None and cell.data_type == "f":
                _as_text(cell, str(getattr(cell.value, "text", None) or cell.value))
    sheet._hyperlinks = []


def _as_text(cell: Cell, text: str, error: bool = False) -> None:
    """A text that no spreadsheet program takes for a formula. An error value ("#N/A") stays what it is, without its formula."""
    text = _ILLEGAL.sub("", text)
    if len(text) > LONGEST_CELL:
        text = f"(This text has {len(text):,} characters, more than an Excel cell holds.)"
    cell.value = None
    cell._value, cell.data_type = text, "e" if error else "s"
    if text.startswith(FORMULA_STARTS):
        cell.quotePrefix = True


# -- a workbook built from what was read


def _built(tables: Sequence[RawTable], problems: Sequence[Problem], said: list[str]) -> Workbook:
    """Each table on a sheet, every cell where it stood. Of a very large file only the first rows and those with something wrong."""
    book = Workbook()
    book.remove(book.active)
    whole = _cells(tables) <= MOST_CELLS
    if not whole:
        said.append("The file is large, so only its first rows and the rows with something wrong are shown, each in its own place.")
    wrong = defaultdict(set)
    for problem in problems:
        wrong[problem.sheet or ""].add(problem.row)
    for number, table in enumerate(tables, 1):
        sheet = book.create_sheet(_title(table.sheet or f"Sheet{number}", book.sheetnames))
        for at, (line, row) in enumerate(zip(table.numbers, table.rows, strict=True)):
            if whole or at < 20 or line in wrong[table.sheet or ""]:
                for j, value in enumerate(row):
                    _write(sheet, line, table.first_column + j + 1, value)
    return book


def _title(wanted: str, taken: Sequence[str]) -> str:
    base = _NOT_IN_TITLES.sub(" ", _ILLEGAL.sub("", wanted)).strip("' ")[:28] or "Sheet"
    lower, title, number = {name.casefold() for name in taken}, base, 2
    while title.casefold() in lower:
        title, number = f"{base} {number}", number + 1
    return title


def _write(sheet: Worksheet, line: int, column: int, value: object) -> None:
    if value is None or value == "" or not (1 <= line <= 1_048_576 and 1 <= column <= 16_384):
        return
    cell = sheet.cell(line, column)
    if isinstance(value, bool | int | float):
        cell.value = value
    elif isinstance(value, dt.datetime | dt.date) and value.year >= 1900:
        midnight = not isinstance(value, dt.datetime) or value.time() == dt.time()
        cell.value, cell.number_format = value, "dd/mm/yyyy" if midnight else "dd/mm/yyyy hh:mm"
    else:
        _as_text(cell, show(value))


def _sheets_of(book: Workbook, tables: Sequence[RawTable]) -> list[Worksheet]:
    """Each table's sheet. A built workbook has them in the order of the tables, under titles that may be tidied."""
    if all(table.sheet in book.sheetnames for table in tables):
        return [book[table.sheet] for table in tables]
    return list(book.worksheets)


# -- marks


def _mark(sheets: dict[str, Worksheet], problems: Sequence[Problem], said: list[str]) -> dict[int, tuple[str, str]]:
    """Fills and comments. -> position of a problem in the list -> (sheet's title, cell) where it is marked."""
    by_cell: dict[tuple[str, int, int], list[int]] = defaultdict(list)
    for at, problem in enumerate(problems):
        sheet = sheets.get(problem.sheet or "") or (next(iter(sheets.values())) if len(sheets) == 1 and problem.file else None)
        if sheet is None or problem.row is None or problem.row > sheet.max_row + 1:
            continue
        column = column_index_from_string(problem.column) if problem.column else _first_filled(sheet, problem.row)
        by_cell[sheet.title, problem.row, column].append(at)
    places, comments = {}, 0
    titles = {sheet.title: sheet for sheet in sheets.values()}
    for (title, row, column), mine in by_cell.items():
        sheet = titles[title]
        cell = _own_cell(sheet, row, column)
        worst = min((problems[at] for at in mine), key=lambda p: list(FILLS).index(p.severity))
        cell.fill = PatternFill("solid", start_color=FILLS[worst.severity])
        if cell.value is None and worst.value:
            _as_text(cell, worst.value)  # a formula that had no result
        if comments < MOST_COMMENTS:
            text = "\n".join(dict.fromkeys(_words(problems[at]) for at in mine))[:LONGEST_COMMENT]
            cell.comment = Comment(_ILLEGAL.sub("", text), AUTHOR, height=150, width=320)
            comments += 1
        for at in mine:
            places[at] = (title, f"{get_column_letter(cell.column)}{cell.row}")
    if len(by_cell) > comments:
        said.append(f"{look.count(len(by_cell) - comments, 'marked cell')} more without a comment: Excel gets slow beyond {MOST_COMMENTS:,}. This list has all.")
    return places


def _words(problem: Problem) -> str:
    return f"{look.SEVERITY[problem.severity].word}: {problem.message}" + (f" {problem.remedy}" if problem.remedy else "")


def _first_filled(sheet: Worksheet, row: int) -> int:
    return next((cell.column for cell in sheet[row] if cell.value is not None), 1)


def _own_cell(sheet: Worksheet, row: int, column: int) -> Cell:
    """The cell itself or, within merged cells, the one that shows."""
    cell = sheet.cell(row, column)
    if isinstance(cell, MergedCell):
        for area in sheet.merged_cells.ranges:
            if cell.coordinate in area:
                return sheet.cell(area.min_row, area.min_col)
    return cell


def _list_sheet(book: Workbook, problems: Sequence[Problem], places: dict[int, tuple[str, str]], said: Sequence[str]) -> None:
    sheet = book.create_sheet(_title(LIST, book.sheetnames), 0)
    lines = [f"{look.count(len(problems), 'problem')}. Each is marked in its cell and explained in a comment; click a row’s number to go there.", *said]
    for line, text in enumerate(lines, 1):
        _as_text(sheet.cell(line, 1), text)
    head = len(lines) + 2
    bold, grey = Font(bold=True), PatternFill("solid", start_color=look.HEAD[1:])
    for at, (header, width) in enumerate(zip(HEADERS, WIDTHS, strict=True), 1):
        cell = sheet.cell(head, at)
        _as_text(cell, header)
        cell.font, cell.fill = bold, grey
        sheet.column_dimensions[get_column_letter(at)].width = width
    wrap = Alignment(wrap_text=True, vertical="top")
    for line, (at, problem) in enumerate(enumerate(problems), head + 1):
        values = (look.SEVERITY[problem.severity].word, problem.file, problem.sheet, problem.row, problem.column, problem.header, problem.value, problem.message, problem.remedy)
        for column, value in enumerate(values, 1):
            cell = sheet.cell(line, column)
            cell.alignment = wrap
            if isinstance(value, int):
                cell.value = value
            elif value:
                _as_text(cell, value)
        sheet.cell(line, 1).fill = PatternFill("solid", start_color=FILLS[problem.severity])
        if at in places:
            title, place = places[at]
            target = "'" + title.replace("'", "''") + "'!" + place
            number = sheet.cell(line, 4)
            number.hyperlink = Hyperlink(ref=number.coordinate, location=target, display=str(problem.row))
            number.font = Font(underline="single", color=look.CURVE[0][1:])
    sheet.freeze_panes = sheet.cell(head + 1, 1)
    sheet.auto_filter.ref = f"A{head}:{get_column_letter(len(HEADERS))}{max(head + len(problems), head + 1)}"
    book.active = 0
    for other in book.worksheets:
        with contextlib.suppress(AttributeError):
            other.sheet_view.tabSelected = other is sheet


