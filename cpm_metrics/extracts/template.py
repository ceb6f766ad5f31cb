"""The template workbook that the product offers: one sheet per dataset, empty, with comments, pick-lists and date formats."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

from openpyxl import Workbook
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

from .codes import LABELS
from .datasets import DATASETS, Field

ROWS = 5000  # how far down pick-lists and date formats reach
_KIND_HELP = {
    "date": "A date, as 31/12/2026.",
    "yes_no": "Yes or No; blank when not known.",
    "id": "Text; zeros in front are kept.",
    "codes": "Several, separated by semicolons.",
}
_REQUIRED = PatternFill("solid", fgColor="1F4E79")
_OPTIONAL = PatternFill("solid", fgColor="DDEBF7")


def write_template(target: str | Path | BinaryIO) -> None:
    """Writes the template as .xlsx. Filled in, it loads as it is: the headers are those of datasets.py."""
    book = Workbook()
    book.remove(book.active)
    for dataset in DATASETS.values():
        sheet = book.create_sheet(dataset.title)
        for i, f in enumerate(dataset.fields, start=1):
            _column(sheet, i, f)
        sheet.freeze_panes = "A2"
        sheet.row_dimensions[1].height = 45
    book.properties.creator = "Care Planning Meetings"
    book.save(target)


def _column(sheet, i: int, f: Field) -> None:
    letter = get_column_letter(i)
    head = sheet.cell(1, i, f.header)
    head.font = Font(bold=f.required, color="FFFFFF" if f.required else "000000")
    head.fill = _REQUIRED if f.required else _OPTIONAL
    head.alignment = Alignment(wrap_text=True, vertical="top")
    text = " ".join(t for t in ("Required." if f.required else "Optional.", f.help, _KIND_HELP.get(f.kind, "")) if t)
    head.comment = Comment(text, "Template", width=260, height=110)
    sheet.column_dimensions[letter].width = max(14, min(len(f.header) + 2, 28))
    number_format = {"date": "dd/mm/yyyy", "id": "@"}.get(f.kind)
    if number_format:
        sheet.column_dimensions[letter].number_format = number_format
        for row in range(2, 202):
            sheet.cell(row, i).number_format = number_format
    choices = (
        ["Yes", "No"] if f.kind == "yes_no" else [LABELS[c] for c in f.codes] if f.kind in ("code", "codes") else []
    )
    if choices:
        # A list may take several entries, which Excel's pick-lists can't: a hint, not a stop.
        rule = DataValidation(
            "list", formula1='"' + ",".join(choices) + '"', allow_blank=True, showErrorMessage=f.kind != "codes"
        )
        rule.errorTitle, rule.error = f.header, "Choose from the list, or leave it blank."
        sheet.add_data_validation(rule)
        rule.add(f"{letter}2:{letter}{ROWS}")
    if f.kind == "date":
        rule = DataValidation(
            "date", operator="between", formula1="1", formula2="73415", allow_blank=True, showErrorMessage=True
        )
        rule.errorTitle, rule.error = f.header, "Enter a date, as 31/12/2026."
        sheet.add_data_validation(rule)
        rule.add(f"{letter}2:{letter}{ROWS}")
