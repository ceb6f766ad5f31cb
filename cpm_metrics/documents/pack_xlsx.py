"""The assistant director's pack as a workbook: a front page, then one list a sheet."""

from __future__ import annotations

from typing import Any

from cpm_metrics import export
from cpm_metrics.views import look, proceedings
from cpm_metrics.views.pack import HEADERS, Pack

TITLE = "Care Planning Meetings: director’s pack"
_BEHIND = look.CELL["quiet"][0]
# Words that also have a colour, by column. The colour says nothing that the word doesn't.
COLOURS: dict[str, dict[str, tuple[str, str]]] = {
    "status": {words.label: (words.light, _BEHIND) for words in look.STATUS.values()},
    "level": {words.label: (words.light, _BEHIND) for words in look.LEVEL.values()} | {words.word: (words.light, _BEHIND) for words in look.LEVEL.values()},
    "grade": {words.label: (words.light, _BEHIND) for words in proceedings.GRADE.values()},
    "on": {"No": (look.STATUS["missed"].light, _BEHIND)},
}  # fmt: skip


def workbook(pack: Pack) -> bytes:
    """The file. Every text is typed as text, every date is a date, and nothing in it is hidden or says who made it."""
    with export.Workbook() as book:
        book.set_properties({"title": TITLE})
        _front(book, pack)
        head = f"{TITLE} · as at {pack.facts['As at']}{' (reconstructed)' if pack.reconstructed else ''} · {pack.teams_text}"
        for sheet in pack.sheets:
            page = export.list_sheet(book, sheet.frame, sheet.name, HEADERS | {"title": "Rule or sign"} if sheet.name == "Definitions" else HEADERS, colours=COLOURS, head=head, empty=sheet.empty)
            if sheet.name in ("By team", "Rule by team", "Definitions", "Words"):
                page.freeze_panes(1, 1)
    return book.content


def _front(book: export.Workbook, pack: Pack) -> None:
    page: Any = book.add_worksheet("Summary")
    formats = export.cell_formats(book)
    title = book.add_format({"bold": True, "font_size": 16})
    bold = book.add_format({"bold": True, "valign": "top", "text_wrap": True})
    head = book.add_format({"bold": True, "bg_color": look.HEAD, "bottom": 1, "text_wrap": True})
    warned = book.add_format({"bold": True, "valign": "top", "text_wrap": True, "font_color": look.STATUS["overdue"].light})
    for at, width in enumerate((40, 14, 14, 95)):
        page.set_column(at, at, width)
    page.write_string(0, 0, TITLE, title)
    line = 2
    for at, column in enumerate(pack.headlines.columns):
        page.write_string(line, at, HEADERS[column], head)
    for row in pack.headlines.itertuples(index=False, name=None):
        line += 1
        for at, value in enumerate(row):
            export.write_cell(page, line, at, value, formats)
    line += 2
    page.write_string(line, 0, "What this stands for", head)
    for at in (1, 2, 3):
        page.write_blank(line, at, None, head)
    for name, text in pack.facts.items():
        line += 1
        page.write_string(line, 0, name, bold)
        # The words say it; they are bold where the reader must not miss them.
        loud = text.startswith(("Yes: put together", "Too old", "INCLUDED"))
        page.merge_range(line, 1, line, 3, "", warned if loud else formats["text"])
        page.write_string(line, 1, text, warned if loud else formats["quoted" if text.startswith(export.FORMULA_STARTS) else "text"])
        page.set_row(line, 15 * max(1, -(-len(text) // 120)))
    line += 2
    page.write_string(line, 0, "Sheet", head)
    page.write_string(line, 1, "Rows", head)
    page.write_blank(line, 2, None, head)
    page.write_string(line, 3, "What is in it", head)
    for sheet in pack.sheets:
        line += 1
        page.write_string(line, 0, sheet.name, formats["text"])
        page.write_number(line, 1, len(sheet.frame), formats["number"])
        page.write_string(line, 3, sheet.says, formats["text"])
    export.to_print(page, TITLE)
