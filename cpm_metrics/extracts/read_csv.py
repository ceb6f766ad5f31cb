"""CSV -> RawTable. Decoded and split here, strictly: no row is ever dropped or repaired, a broken one is a row fault."""

from __future__ import annotations

import contextlib
import csv
import io
import re
from collections import Counter
from collections.abc import Callable, Iterator

from ..errors import UnreadableFile
from .cells import RawTable, is_blank_row

DELIMITERS = (",", ";", "\t", "|")
LONGEST_RECORD = 500  # lines: a longer one is a quote that was opened and not closed
LONGEST_CELL = 1_000_000  # characters
LINES_AT_ONCE = 5_000  # rows between two words of progress
_LINE_END, _DIGIT = re.compile(r"\r\n|\r|\n"), re.compile(r"\d")
_SEP_LINE = re.compile(r'"?sep=(.)"?\s*$', re.I)


def read_csv(name: str, data: bytes, say: Callable[[str, int, int | None], None] = lambda stage, done, total: None) -> RawTable:
    """`numbers` are the lines on which rows begin. Raises UnreadableFile for what is not text."""
    text, notes = _decode(name, data)
    lines = list(io.StringIO(text, newline=""))
    first = 0
    delimiter = None
    if lines and (match := _SEP_LINE.match(lines[0].strip("\r\n"))):
        delimiter, first = match[1], 1
    elif lines and lines[0].strip("\r\n").lower() == "sep=\t":
        delimiter, first = "\t", 1
    delimiter = delimiter or _sniff(lines)
    rows: list[list] = []
    numbers: list[int] = []
    faults: dict[int, str] = {}
    width = _usual_width(lines[first:], delimiter)
    stage = f"Reading rows of {name}"
    for number, row, fault in _records(lines, first, delimiter, width):
        if not len(rows) % LINES_AT_ONCE:
            say(stage, number, len(lines))
        if fault:
            faults[len(rows)] = fault
        elif is_blank_row(row):
            continue
        rows.append(row)
        numbers.append(number)
    return RawTable(name, "", rows, numbers, ragged=True, row_faults=faults, notes=notes)


def _decode(name: str, data: bytes) -> tuple[str, list[str]]:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return _decoded(name, data, "utf-16"), []
    if data.startswith(b"\xef\xbb\xbf"):
        return _decoded(name, data, "utf-8-sig"), []
    if b"\x00" in data:
        # UTF-16 without a mark: every other byte of plain English is zero.
        head = data[:4000]
        for encoding, zeros in (("utf-16-le", head[1::2]), ("utf-16-be", head[0::2])):
            if zeros.count(0) > 0.7 * len(zeros) and len(data) % 2 == 0:
                return _decoded(name, data, encoding), []
        raise UnreadableFile(
            f"{name} is not a text file: it holds NUL bytes.",
            "Export it again as CSV (UTF-8), or as an Excel workbook.",
        )
    try:
        return data.decode("utf-8"), []
    except UnicodeDecodeError:
        return _decoded(name, data, "cp1252"), ["Read as Windows-1252 text."]


def _decoded(name: str, data: bytes, encoding: str) -> str:
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as problem:
        line = data[: problem.start].count(b"\n") + 1
        raise UnreadableFile(
            f"{name} holds bytes that are not text in any encoding we read (near line {line}).",
            "Export it again as CSV (UTF-8), or as an Excel workbook.",
        ) from problem
    if "\x00" in text:
        raise UnreadableFile(
            f"{name} is not a text file: it holds NUL characters.",
            "Export it again as CSV (UTF-8), or as an Excel workbook.",
        )
    return text


def _sniff(lines: list[str]) -> str:
    """The separator that cuts the first lines into the most even and widest rows."""
    best, best_score = ",", (0, 0)
    for delimiter in DELIMITERS:
        widths = [len(row) for row in _try_rows(lines[:40], delimiter)]
        usual, count = Counter(w for w in widths if w > 1).most_common(1)[0] if any(w > 1 for w in widths) else (1, 0)
        if (count, usual) > best_score:
            best, best_score = delimiter, (count, usual)
    return best


def _try_rows(lines: list[str], delimiter: str) -> list[list[str]]:
    rows = []
    with contextlib.suppress(csv.Error):
        rows.extend(csv.reader(lines, delimiter=delimiter))
    return rows


def _usual_width(lines: list[str], delimiter: str) -> int:
    widths = Counter(len(row) for row in _try_rows(lines[:60], delimiter) if len(row) > 1)
    return widths.most_common(1)[0][0] if widths else 1


class _Feeder:
    """Gives lines to csv.reader, and stops when one record takes too many."""

    def __init__(self, lines: list[str], at: int) -> None:
        self.lines, self.at, self.record = lines, at, at

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if self.at >= len(self.lines) or self.at - self.record >= LONGEST_RECORD:
            raise StopIteration
        line = self.lines[self.at]
        self.at += 1
        return line


def _records(lines: list[str], first: int, delimiter: str, width: int) -> Iterator[tuple[int, list[str], str | None]]:
    """(line number, cells, why the row can't be read). After a broken row, reading goes on at the next line."""
    csv.field_size_limit(LONGEST_CELL)
    at = first
    while at < len(lines):
        feeder = _Feeder(lines, at)
        reader = csv.reader(feeder, delimiter=delimiter, strict=True)
        try:
            for row in reader:
                start, feeder.record = feeder.record, feeder.at
                if feeder.at - start > 1 and ((len(row) != width and not _is_multiline(row, width)) or _swallows(row, delimiter)):
                    yield start + 1, lines[start].rstrip("\r\n").split(delimiter), "unclosed_quote"
                    at = start + 1
                    break
                yield start + 1, row, None
            else:
                if feeder.at >= len(lines):
                    return
                raise csv.Error("too many lines")
        except csv.Error as problem:
            start = feeder.record
            stray = "expected after" in str(problem) and feeder.at - start == 1
            kind = "too_long" if "field larger" in str(problem) else "stray_quote" if stray else "unclosed_quote"
            yield start + 1, lines[start].rstrip("\r\n").split(delimiter), kind
            at = start + 1


def _is_multiline(row: list[str], width: int) -> bool:
    """A row over several lines that is merely longer or shorter than usual by empty cells."""
    return len(row) > width and not any(cell.strip() for cell in row[width:])


def _swallows(row: list[str], delimiter: str) -> bool:
    """Whether a cell that goes on over lines holds other records: a quotation mark was opened by mistake, and a later one closed it.
    A note may have lines with as many separators, but not ones that are like the row's other cells, column for column."""
    for j, cell in enumerate(row):
        if cell.count(delimiter) < len(row) - 1 or not _LINE_END.search(cell):  # mostly: not enough separators for a record
            continue
        lines = _LINE_END.split(cell)
        inner = [line.split(delimiter) for line in lines[1:-1]]
        begun, ended = [*row[:j], *lines[0].split(delimiter)], [*lines[-1].split(delimiter), *row[j + 1 :]]
        if len(begun) == len(ended) == len(row):
            inner.append([*ended[:j], "", *begun[j + 1 :]])  # what the first and the last line have besides what stands in the row
        if any(_is_like(cells, row) for cells in inner):
            return True
    return False


def _is_like(cells: list[str], row: list[str]) -> bool:
    if len(cells) != len(row) or (any(c[:1].isspace() for c in cells) and not any(c[:1].isspace() for c in row)):
        return False  # in a sentence there is a blank behind a comma
    both = [(_DIGIT.search(a) is not None, _DIGIT.search(b) is not None) for a, b in zip(cells, row, strict=True) if a.strip() and b.strip() and not _LINE_END.search(b)]
    numbers = sum(_DIGIT.search(cell) is not None and not _LINE_END.search(cell) for cell in row)
    return all(a == b for a, b in both) and 0 < min(2, numbers) <= sum(a for a, _ in both)


def ragged(cells: int, headers: int) -> tuple[str, str]:
    """What is wrong with a row of so many cells below so many headers, and what to do."""
    return f"The row has {cells} cells, but the header has {headers}.", "Check it for a missing or a stray separator, or a line break inside a text."


ROW_FAULTS = {
    "unclosed_quote": ("The row opens a quotation mark that is not closed.", "Close the quotation mark, or double it if it belongs to the text."),
    "stray_quote": ("The row has text after a closing quotation mark.", "Double the quotation marks that belong to the text."),
    "too_long": (f"The row has a cell of more than {LONGEST_CELL:,} characters.", "Shorten the text, or close its quotation mark."),
}  # fmt: skip
