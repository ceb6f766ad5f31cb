"""Facts of an .ods (content.xml): errors, formulas without a result and merged cells, which calamine does not give, and how far
repeated cells reach."""

from __future__ import annotations

import io
import re
from xml.etree import ElementTree

from .cells import Fault
from .sheet_facts import FORMULA, Broken, SheetFacts

_ERROR = re.compile(r"#[A-Z]+[!?/0A]*$|#N/A$|Err:\d+$")


def facts(content: bytes) -> dict[str, SheetFacts]:
    """Sheet name -> facts. Empty cells and rows that are repeated to the end of the sheet count for nothing. Raises Broken."""
    out: dict[str, SheetFacts] = {}
    sheet, row, depth = None, 0, 0
    try:
        for event, element in ElementTree.iterparse(io.BytesIO(content), events=("start", "end")):
            tag = element.tag.rsplit("}", 1)[-1]
            if tag == "table":
                depth += 1 if event == "start" else -1
                if event == "start" and depth == 1:
                    sheet, row = out.setdefault(_attribute(element, "name"), SheetFacts()), 0
            elif event == "end" and tag == "table-row" and sheet is not None and depth == 1:
                times = _times(element, "number-rows-repeated")
                filled = _row(element, sheet, row + 1)
                if _attribute(element, "visibility") in ("collapse", "filter"):
                    sheet.hidden_rows |= set(range(row + 1, row + 1 + min(times, 100_000)))
                if filled:
                    sheet.rows = row + times
                row += times
                element.clear()
    except (ElementTree.ParseError, ValueError, LookupError) as problem:
        raise Broken from problem
    return out


def _row(element: ElementTree.Element, sheet: SheetFacts, row: int) -> bool:
    column, filled = 0, False
    for cell in element:
        if cell.tag.rsplit("}", 1)[-1] not in ("table-cell", "covered-table-cell"):
            continue
        times = _times(cell, "number-columns-repeated")
        text = "".join(cell.itertext()).strip()
        kind = _attribute(cell, "value-type")
        # A result that is an empty text has a type all the same.
        uncalculated = bool(_attribute(cell, "formula")) and not kind and not text
        if kind or text or uncalculated:
            filled = True
            sheet.columns = max(sheet.columns, column + times)
            if (
                _attribute(cell, "value-type", "calcext") == "error"
                or (_attribute(cell, "formula") and _ERROR.match(text))
                or (_ERROR.match(text) and not kind)
            ):
                for j in range(column, column + min(times, 1000)):
                    sheet.cells[row, j] = Fault("excel_error", text)
            elif uncalculated:
                for j in range(column, column + min(times, 1000)):
                    sheet.cells[row, j] = Fault(*FORMULA)
        down, across = _times(cell, "number-rows-spanned"), _times(cell, "number-columns-spanned")
        if down > 1 or across > 1:
            sheet.merged.append((row, column, row + down - 1, column + across - 1))
        column += times
    return filled


def _attribute(element: ElementTree.Element, name: str, space: str = "") -> str:
    for key, value in element.attrib.items():
        if key.rsplit("}", 1)[-1] == name and space in key and (space or "calcext" not in key):
            return value
    return ""


def _times(element: ElementTree.Element, name: str) -> int:
    return max(int(_attribute(element, name) or 1), 1)
