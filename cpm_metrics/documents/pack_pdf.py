"""The assistant director's pack as a PDF: the front page, then each chart with what it says and its table."""

from __future__ import annotations

import io

import pandas as pd

from cpm_metrics.documents import figures
from cpm_metrics.documents.pack_xlsx import TITLE
from cpm_metrics.documents.pdf import INK, Document, rgb
from cpm_metrics.views import look
from cpm_metrics.views.pack import Chart, Pack


def document(pack: Pack) -> bytes:
    """The file, A4 upright."""
    footer = f"As at {pack.facts['As at']}{' (reconstructed)' if pack.reconstructed else ''} · extract of {pack.facts['Extract taken on']} · {_some(pack.teams_text)}" + (" · WITH NAMES" if pack.names else "")
    paper = Document(TITLE, footer)
    paper.add_page()
    paper.heading(TITLE, 16)
    loud = [text for text in pack.facts.values() if text.startswith(("Yes: put together", "Too old", "INCLUDED"))]
    for text in loud:
        paper.set_text_color(*rgb(look.STATUS["overdue"].light))
        paper.paragraph(f"▲ {text}")
        paper.set_text_color(*INK)
    paper.rows(("What", "How many", "Children", "Note"), [(r.what, _n(r.rows), _n(r.children), r.note) for r in pack.headlines.itertuples()], (32, 10, 10, 58))
    paper.heading("What this stands for")
    paper.rows(("What", "In this pack"), list(pack.facts.items()), (20, 90))
    paper.paragraph(f"The lists behind these numbers, the rules and their limits are in the workbook of the same pack. Charts: {len(pack.charts)}, each with its table.")
    for chart in pack.charts:
        _chart(paper, chart)
    return bytes(paper.output())


def _chart(paper: Document, chart: Chart) -> None:
    paper.add_page()
    paper.heading(chart.title, 13)
    for sentence in chart.reading:
        paper.paragraph(sentence)
    picture = figures.draw(chart)
    if picture is None:
        paper.paragraph("Nothing to draw: see the sentence above and the table.")
    else:
        paper.image(io.BytesIO(picture), w=paper.epw, alt_text=paper.shown(chart.alt), title=paper.shown(chart.title))
        paper.ln(3)
    if chart.rows:
        paper.rows(chart.headers, chart.rows, chart.widths, size=7.5)


def _n(number) -> str:
    return "" if pd.isna(number) else f"{int(number):,}"


def _some(text: str) -> str:
    return text if len(text) <= 60 else text[:59] + "…"
