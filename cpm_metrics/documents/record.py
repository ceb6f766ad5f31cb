"""The next meeting's Care Planning Meeting Record as a Word document: the form of the quick guide, filled in as far as the extracts go.

`cpm_metrics/records` reads it back when it has been completed: the headings and words are those of `records/form.py`.
"""

from __future__ import annotations

import io
from collections.abc import Sequence

import docx
from docx.document import Document
from docx.enum.text import WD_BREAK
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.shared import Cm, Pt, RGBColor
from docx.table import _Cell
from docx.text.paragraph import Paragraph

from cpm_metrics.engine import Results
from cpm_metrics.records import form
from cpm_metrics.views import look
from cpm_metrics.views.next_meeting import NextMeeting, next_meeting

_SHADE = "EEF2F5"
_BLANK_ACTIONS = 6
_BLANK_PEOPLE = 3


def record_docx(results: Results, child_id: str) -> bytes:
    """The form for the child's next meeting. Raises UnknownName for a child who is not in care on the as-at date."""
    return fill(next_meeting(results, child_id))


def fill(about: NextMeeting) -> bytes:
    out = docx.Document()
    _set_up(out, about)
    out.add_heading(form.TITLE, 0)
    _heading_table(out, about)
    _background(out, about)
    _attendance(out, about)
    _lines(out, "purpose", ["For example: development of a Care Plan, review of Care Plan, to formulate a Plan of Permanence, concerns re: current Care Plan", "", ""])
    line = out.add_paragraph()
    line.add_run(form.SECTIONS["frequency"][0] + ": ").bold = True
    if about.frequency:
        note = out.add_paragraph()
        _small(note, f"As the extract says, the last meeting agreed: {about.frequency}.")
    _lines(out, "permanence", ["Current plan / proposed plan and permanence options being considered – feedback from all parties on the plan", f"As the extract says: {about.permanence_plan}.", "", ""])
    out.add_heading(form.SECTIONS["progress"][0], 2)
    _small(out.add_paragraph(), "Address specific risks and concerns about the child’s safety, and their needs in each of these:")
    out.add_paragraph(form.SECTIONS["domains"][0] + ":").runs[0].bold = True
    _domains(out, about)
    for key in ("working_well", "worried_about"):
        _lines(out, key, ["", "", ""])
    _lines(out, "recommendations", ["", "", ""])
    if about.proceedings:
        out.add_heading(form.SECTIONS["considerations"][0], 2)
        for words in form.CONSIDERATIONS.values():
            _box(out.add_paragraph(), words)
    out.add_heading(form.SECTIONS["plan_change"][0], 2)
    for words in form.PLAN_CHANGES.values():
        _box(out.add_paragraph(), words)
    _lines(out, "needs_to_happen", ["This section should be used to provide an overview of actions required to develop or progress the child’s Care Plan.", "", ""])
    _grid(out, list(form.ACTION_HEADERS.values()), [["", "", ""]] * _BLANK_ACTIONS, [9, 4.5, 3.5])
    _open_actions(out, about)
    buffer = io.BytesIO()
    out.save(buffer)
    return buffer.getvalue()


def _set_up(out: Document, about: NextMeeting) -> None:
    section = out.sections[0]
    section.page_width, section.page_height = Cm(21), Cm(29.7)
    section.left_margin = section.right_margin = Cm(2)
    section.top_margin = section.bottom_margin = Cm(1.8)
    normal = out.styles["Normal"]
    normal.font.name, normal.font.size = "Arial", Pt(10.5)
    normal.paragraph_format.space_after = Pt(3)
    for name, size in (("Title", 18), ("Heading 2", 12)):
        style = out.styles[name]
        style.font.name, style.font.size, style.font.color.rgb = "Arial", Pt(size), RGBColor(0x1C, 0x27, 0x30)
        # The theme's own fonts would win over the name otherwise.
        style.element.rPr.rFonts.attrib.pop(qn("w:asciiTheme"), None)
    # The file's own properties would otherwise name python-docx as its author and carry its template's dates.
    out.core_properties.author = ""
    out.core_properties.title = form.TITLE
    out.core_properties.comments = ""
    footer = section.footer.paragraphs[0]
    _small(footer, f"Prepared from the extract of {look.day(about.extract_date)}, as at {look.day(about.as_at)}. Check what is filled in against the child’s file.")


def _heading_table(out: Document, about: NextMeeting) -> None:
    table = out.add_table(0, 2, style="Table Grid")
    for key, value in (("date", ""), ("names", about.name), ("born", f"{about.born:%d/%m/%Y}" if about.born else ""), ("ids", about.child_id), ("chair", "")):
        cells = table.add_row().cells
        _shaded(cells[0], form.SECTIONS[key][0])
        cells[1].text = _clean(value)
    cells = table.add_row().cells
    _shaded(cells[0], form.SECTIONS["kind"][0])
    first = cells[1].paragraphs[0]
    for at, words in enumerate([*form.KINDS.values(), form.ALSO_PLACEMENT]):
        _box(first if not at else cells[1].add_paragraph(), words)
    _widths(table, [5, 12])


def _background(out: Document, about: NextMeeting) -> None:
    """What the extracts say that the meeting should know. Read past when the record comes back."""
    out.add_heading(form.SECTIONS["background"][0], 2)
    facts = [f"In care since {look.day(about.care_started)}; {about.legal_status or 'legal status not in the extracts'}; {about.team or 'team not in the extracts'}."]
    facts += [f"{what}: {look.day(when) or 'no date'}{f' ({state})' if state else ''}." for what, when, state in about.ahead]
    if about.not_discussed:
        facts.append(f"Assessment recommendations not yet discussed at a meeting: {'; '.join(about.not_discussed)}.")
    if about.domains_left_out:
        facts.append(f"Not covered at the last meeting ({look.day(about.last_cpm)}): {', '.join(form.DOMAIN_WORDS[d].lower() for d in about.domains_left_out)}.")
    elif about.last_cpm and about.domains_left_out is None:
        facts.append(f"Which domains the last meeting ({look.day(about.last_cpm)}) covered is not in the extracts.")
    for fact in facts:
        out.add_paragraph(_clean(fact), style="List Bullet")


def _attendance(out: Document, about: NextMeeting) -> None:
    out.add_heading(form.SECTIONS["attendance"][0], 2)
    _small(out.add_paragraph(), "Name and position. Tick who is present; those below came before or hold the case.")
    for name, position in about.attends:
        _box(out.add_paragraph(), f"{name}, {position}" if position else name)
    table = out.add_table(0, 2, style="Table Grid")
    head = table.add_row().cells
    for cell in head:
        _shaded(cell, "Name and Position")
    for _ in range(_BLANK_PEOPLE):
        table.add_row()
    _widths(table, [8.5, 8.5])
    line = out.add_paragraph()
    line.add_run(form.SECTIONS["apologies"][0] + ": ").bold = True


def _domains(out: Document, about: NextMeeting) -> None:
    left_out = about.domains_left_out or []
    for domain, words in form.DOMAIN_WORDS.items():
        paragraph = out.add_paragraph()
        _box(paragraph, words)
        if domain in left_out:
            paragraph.add_run().add_break(WD_BREAK.LINE)
            _small(paragraph, f"As the extract says, not covered at the meeting of {look.day(about.last_cpm)}.")


def _open_actions(out: Document, about: NextMeeting) -> None:
    out.add_heading(form.SECTIONS["open_actions"][0], 2)
    if not len(about.open_actions):
        _small(out.add_paragraph(), "As the extract says: none.")
        return
    rows = [[_plain(row.action), _plain(row.responsible), look.day(row.meeting_date), look.day(row.due_date) or "no date", ""] for row in about.open_actions.itertuples()]
    _grid(out, list(form.OPEN_HEADERS), rows, [6, 3, 2.3, 2.3, 3.4])


# -- pieces


def _plain(value: object) -> str:
    return "" if value is None or value != value else str(value)


def _clean(text: str) -> str:
    """Without the characters that XML can't hold."""
    return "".join(c for c in text if c in "\t\n" or ord(c) >= 32 and ord(c) not in (0xFFFE, 0xFFFF) and not 0xD800 <= ord(c) <= 0xDFFF)


def _small(paragraph: Paragraph, text: str) -> None:
    run = paragraph.add_run(_clean(text))
    run.font.size, run.italic = Pt(8.5), True


def _lines(out: Document, key: str, lines: Sequence[str]) -> None:
    """A heading, the form's instruction in small print, and room to write."""
    out.add_heading(form.SECTIONS[key][0], 2)
    for line in lines:
        paragraph = out.add_paragraph()
        if line:
            _small(paragraph, line)


def _shaded(cell: _Cell, text: str) -> None:
    cell.text = ""
    cell.paragraphs[0].add_run(text).bold = True
    cell._tc.get_or_add_tcPr().append(parse_xml(f'<w:shd {nsdecls("w")} w:val="clear" w:color="auto" w:fill="{_SHADE}"/>'))


def _grid(out: Document, headers: Sequence[str], rows: Sequence[Sequence[str]], widths: Sequence[float]) -> None:
    table = out.add_table(0, len(headers), style="Table Grid")
    head = table.add_row()
    for cell, text in zip(head.cells, headers, strict=True):
        _shaded(cell, text)
    repeat = OxmlElement("w:tblHeader")
    head._tr.get_or_add_trPr().append(repeat)
    for row in rows:
        for cell, text in zip(table.add_row().cells, row, strict=True):
            cell.text = _clean(text)
    _widths(table, widths)
    out.add_paragraph()


def _widths(table, widths: Sequence[float]) -> None:
    table.autofit = False
    for row in table.rows:
        for cell, width in zip(row.cells, widths, strict=True):
            cell.width = Cm(width)


_CHECKBOX = (
    f'<w:sdt {nsdecls("w")} xmlns:w14="http://schemas.microsoft.com/office/word/2010/wordml"><w:sdtPr><w14:checkbox><w14:checked w14:val="0"/>'
    '<w14:checkedState w14:val="2612" w14:font="MS Gothic"/><w14:uncheckedState w14:val="2610" w14:font="MS Gothic"/></w14:checkbox></w:sdtPr>'
    '<w:sdtContent><w:r><w:rPr><w:rFonts w:ascii="MS Gothic" w:eastAsia="MS Gothic" w:hAnsi="MS Gothic" w:hint="eastAsia"/></w:rPr><w:t>☐</w:t></w:r></w:sdtContent></w:sdt>'
)


def _box(paragraph: Paragraph, words: str) -> None:
    """A box that Word ticks at a click, and what it stands for."""
    paragraph._p.append(parse_xml(_CHECKBOX))
    paragraph.add_run(" " + _clean(words))
