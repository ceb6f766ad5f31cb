"""Completes a form as a person does in Word: ticks boxes, writes beside and below headings, fills in rows."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

import docx
from docx.oxml.ns import qn

from cpm_metrics.extracts.folding import fold


class Form:
    """An open form. Every method fails where the place to write in isn't there."""

    def __init__(self, content: bytes) -> None:
        self.document = docx.Document(io.BytesIO(content))

    def tick(self, *words: str) -> Form:
        """The box before these words."""
        wanted = {fold(w) for w in words}
        for paragraph in self.document.element.body.iter(qn("w:p")):
            text = "".join(t.text or "" for t in paragraph.iter(qn("w:t")))
            label = fold(text.partition("As the extract says")[0])
            if "☐" in text and label in wanted:
                wanted.discard(label)
                next(t for t in paragraph.iter(qn("w:t")) if t.text == "☐").text = "☒"
        assert not wanted, f"no box for {wanted}"
        return self

    def beside(self, heading: str, value: str) -> Form:
        """In the cell right of a heading."""
        for table in self.document.tables:
            for row in table.rows:
                if fold(row.cells[0].text) == fold(heading):
                    row.cells[1].text = value
                    return self
        raise AssertionError(f"no row {heading}")

    def below(self, heading: str, value: str) -> Form:
        """In the first empty paragraph below a heading."""
        found = False
        for paragraph in self.document.paragraphs:
            found = found or fold(paragraph.text) == fold(heading)
            if found and not paragraph.text.strip():
                paragraph.add_run(value)
                return self
        raise AssertionError(f"no room below {heading}")

    def after(self, words: str, value: str) -> Form:
        """In the line that begins so."""
        for paragraph in self.document.paragraphs:
            if paragraph.text.startswith(words):
                paragraph.add_run(value)
                return self
        raise AssertionError(f"no line {words}")

    def rows(self, header: Sequence[str], rows: Sequence[Sequence[str]]) -> Form:
        """In the empty rows of the table with this header."""
        for table in self.document.tables:
            if [cell.text for cell in table.rows[0].cells] == list(header):
                for row, values in zip(table.rows[1:], rows, strict=False):
                    for cell, value in zip(row.cells, values, strict=True):
                        cell.text = value
                return self
        raise AssertionError(f"no table {header}")

    def content(self) -> bytes:
        buffer = io.BytesIO()
        self.document.save(buffer)
        return buffer.getvalue()


def own_form(lines: Sequence[str | Sequence[Sequence[str]]]) -> bytes:
    """A council's own document: a text is a paragraph, a list of rows a table."""
    out = docx.Document()
    for line in lines:
        if isinstance(line, str):
            out.add_paragraph(line)
            continue
        table = out.add_table(0, max(map(len, line)))
        for row in line:
            for cell, value in zip(table.add_row().cells, row, strict=False):
                cell.text = value
    buffer = io.BytesIO()
    out.save(buffer)
    return buffer.getvalue()


def rows_of(snapshot, dataset: str, **wanted: object) -> list[Mapping[str, object]]:
    """The rows of a dataset of a load that have these values."""
    return [row for row in snapshot.table(dataset).to_pylist() if all(row[name] == value for name, value in wanted.items())]
