"""What every PDF shares: A4, a font that can write every name, headings, tables, and a footer that says when and for what.

Text from extracts goes in as text: fpdf2 reads Markdown or HTML only where asked to, and we never ask.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from pathlib import Path

import matplotlib
from fpdf import FPDF
from fpdf.fonts import FontFace

from cpm_metrics.views import look


def rgb(colour: str) -> tuple[int, int, int]:
    """#rrggbb as fpdf2 wants it."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


INK, MUTED, PALE, LINE = rgb(look.INK[0]), rgb(look.QUIET[0]), rgb(look.HEAD), rgb(look.LINE)
FONT = "DejaVu"
LACKING = "□"
PAGES = "\ue000\ue001\ue002"  # stands for the number of pages; fpdf2's own "{nb}" could be somebody's text


class Document(FPDF):
    """An A4 document in millimetres. `footer_text` stands on every page beside its number."""

    def __init__(self, title: str, footer_text: str, *, landscape: bool = False) -> None:
        super().__init__(orientation="landscape" if landscape else "portrait", unit="mm", format="A4")
        # matplotlib brings a font with Latin, Greek and Cyrillic letters on every machine; PDF's own fonts have only Western ones.
        fonts = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
        self.add_font(FONT, "", fonts / "DejaVuSans.ttf")
        self.add_font(FONT, "B", fonts / "DejaVuSans-Bold.ttf")
        self.lacked = False
        self.footer_text = self.shown(footer_text)
        self.alias_nb_pages(PAGES)
        self.set_title(title)
        self.set_lang("en-GB")
        self.set_margins(14, 14)
        self.set_auto_page_break(True, 16)
        self.set_text_color(*INK)
        self.set_draw_color(*LINE)
        self.set_font(FONT, size=9)

    def footer(self) -> None:
        self.set_y(-12)
        self.set_font(FONT, size=7.5)
        self.cell(0, 5, self.footer_text)
        self.set_x(self.l_margin)
        self.cell(0, 5, f"Page {self.page_no()} of {PAGES}", align="R")

    def shown(self, text: object) -> str:
        """Text as it can be written here: one space for any white space, no unseen marks, □ for a letter that the font lacks
        (and then `lacked` is true)."""
        letters = self.fonts[FONT.lower()].cmap
        seen = [c for c in unicodedata.normalize("NFC", " ".join(str(text).split())) if unicodedata.category(c) not in ("Cc", "Cf", "Co", "Cs")]
        self.lacked = self.lacked or any(ord(c) not in letters for c in seen)
        return "".join(c if ord(c) in letters else LACKING for c in seen)

    def heading(self, text: str, size: float = 12) -> None:
        self.set_font(FONT, "B", size)
        self.multi_cell(0, size * 0.5, self.shown(text), new_x="LMARGIN", new_y="NEXT")
        self.ln(1)
        self.set_font(FONT, size=9)

    def paragraph(self, text: str, size: float = 9) -> None:
        self.set_font(FONT, size=size)
        self.multi_cell(0, size * 0.5, self.shown(text), new_x="LMARGIN", new_y="NEXT")
        self.ln(1)

    def rows(self, headers: Sequence[str], rows: Sequence[Sequence[str]], widths: Sequence[float], size: float = 8) -> None:
        """A table with a repeated header; `widths` are shares of the page's width."""
        self.set_font(FONT, size=size)
        head = FontFace(emphasis="BOLD", fill_color=PALE)
        with self.table(col_widths=tuple(widths), headings_style=head, text_align="LEFT", line_height=size * 0.5, padding=0.8) as table:
            for line in (headers, *rows):
                row = table.row()
                for cell in line:
                    row.cell(self.shown(cell))
        self.ln(2)
