"""A completed record -> `Record`. Told by the form's headings, wherever they stand: in a table's cell, beside it, or in a line.

Headings are compared folded (case, punctuation, quotes). What stands below or beside a heading, up to the next one, belongs to it.
Deleted text of tracked changes, comments, headers and footers are not read.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from datetime import date, timedelta

import docx
import pandas as pd
from docx.oxml.ns import qn
from lxml import etree

from cpm_metrics.errors import UnreadableFile
from cpm_metrics.extracts.codes import read_code, read_roles, tells_absence
from cpm_metrics.extracts.datasets import DOMAINS, MEETING_TYPES, PLAN_CHANGES, ROLES
from cpm_metrics.extracts.folding import fold
from cpm_metrics.extracts.problems import InputFile
from cpm_metrics.extracts.values import read_date, read_id
from cpm_metrics.records import form
from cpm_metrics.records.record import AgreedAction, Attendee, Record

LARGEST_FILE = 20 * 2**20  # bytes
LARGEST_UNPACKED = 100 * 2**20
LARGEST_TEXT = 8 * 2**20  # bytes, of all parts that are XML
MOST_PARTS = 2000

_HEADINGS = {fold(words): key for key, (heading, others) in form.SECTIONS.items() for words in (heading, *others)}
_FREQUENCY = re.compile(r"\b(?:weekly|fortnightly|monthly|(?:every\s+)?\d{1,3}[\s-]*(?:day|week|month)(?:s|ly)?)\b", re.I)
_TIME_FROM_NOW = re.compile(r"(?:within |in |by |next )?(\d{1,3}|one|two|three|four|five|six|eight|twelve)\s*(day|week|month)s?(?: time)?\.?$", re.I)
_NUMBERS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "eight": 8, "twelve": 12}
_MARK = re.compile(r"^\s*(?:[☐☒☑✓✔✗]|\[[ xX]\]|\([ xX]\))\s*|\s*(?:[☐☒☑✓✔✗]|\[[ xX]\]|\([ xX]\))\s*$")
_SPACES = re.compile(r"\s{2,}")
_LONGEST_HEADING, _LONGEST_PERSON = 200, 1000
_PERSON = re.compile(r"\s*(?:,|\s[-–—]\s|\(|:|\t)\s*")


def read_record(file: InputFile) -> Record:
    """What the record says. Raises UnreadableFile where it is no Word document, or none of the form's headings is in it."""
    sections, actions = _sections(file)
    if len(sections.keys() & {"date", "attendance", "working_well", "worried_about", "needs_to_happen", "names"}) < 2:
        raise UnreadableFile(
            f"{file.name} is a Word document, but not a Care Planning Meeting Record: its headings are not in it.",
            "Use the record that “Prepare the next meeting” on a child’s page makes, or the form in the quick guide.",
        )
    out = Record(file.name)
    said = {key: _text(lines) for key, lines in sections.items()}
    _who_and_when(out, sections, said)
    _present(out, sections, said)
    out.purpose, out.permanence, out.progress = said.get("purpose", ""), said.get("permanence", ""), said.get("progress", "")
    out.working_well, out.worried_about = said.get("working_well", ""), said.get("worried_about", "")
    out.recommendations, out.needs_to_happen = said.get("recommendations", ""), said.get("needs_to_happen", "")
    _frequency(out, said)
    _ticked(out, sections)
    for row in actions:
        timescale = row["due"]
        due = _due(timescale, out.meeting_date)
        if timescale and due is None:
            out.unread.append(f"The timescale “{timescale}” of an action is no date and no number of days, weeks or months: enter its due date.")
        out.actions.append(AgreedAction(row["action"], row["responsible"], timescale, due))
    if said.get("open_actions"):
        out.unread.append("What was written beside the open actions of earlier meetings is not loaded: record it in the case system.")
    return out


# -- the document as headings and lines


def _sections(file: InputFile) -> tuple[dict[str, list[str]], list[dict[str, str]]]:
    """Section -> its lines; and the rows of the table of actions."""
    body = _body(file)
    sections: dict[str, list[str]] = {}
    actions: list[dict[str, str]] = []
    at: str | None = None

    def add(line: str) -> None:
        if at is not None and line.strip():
            sections.setdefault(at, []).append(line.strip())

    for block in _blocks(body):
        if block.tag == qn("w:p"):
            for line in _lines(block):
                key, rest = _heading(line)
                if key:
                    at = key
                    sections.setdefault(at, [])
                add(rest if key else line)
            continue
        columns: dict[str, int] | None = None
        earlier = paired = False
        for row in block.iter(qn("w:tr")):
            cells = [_lines(cell) for cell in row.iter(qn("w:tc"))]
            words = [fold(" ".join(cell)) for cell in cells]
            if not any(words):
                continue
            if words[0] == "action" and len(words) > 1:
                earlier = "agreed on" in words
                columns = None if earlier else {name: words.index(fold(header)) for name, header in form.ACTION_HEADERS.items() if fold(header) in words}
                continue
            if earlier:
                if len(cells) > 4 and words[4]:
                    sections.setdefault("open_actions", []).append(" ".join(cells[4]))
                continue
            if columns:
                found = {name: " ".join(cells[place]).strip() if place < len(cells) else "" for name, place in columns.items()}
                found = {name: found.get(name, "") for name in form.ACTION_HEADERS}
                if found["action"]:
                    actions.append(found)
                continue
            # A row of boxes reads as one line: the box stands in a cell of its own in some forms.
            if at in ("domains", "considerations", "plan_change", "kind") and len(cells) > 1 and not _heading(" ".join(cells[0]))[0]:
                add(" ".join(" ".join(cell) for cell in cells))
                continue
            if at == "attendance":
                if len(words) == 2 and words[0] == "name" and words[1] in ("position", "role", "designation", "job title", "agency"):
                    paired = True
                    continue
                if paired and len(cells) == 2 and words[0]:
                    add(", ".join(" ".join(cell) for cell in cells if cell))
                    continue
            for place, cell in enumerate(cells):
                for line in cell:
                    # "Chair" beside a name is a position there, and no heading.
                    key, rest = _heading(line) if at != "attendance" or not place else (None, line)
                    if key == "chair" and at == "attendance" and not rest:
                        key, rest = None, line
                    if key:
                        at = key
                        sections.setdefault(at, [])
                    add(rest if key else line)
    return sections, actions


def _body(file: InputFile) -> etree._Element:
    data = file.read()
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        raise UnreadableFile(f"{file.name} is a Word document of before 2007, or protected by a password.", "Open it in Word, save it as a Word document (.docx) without a password, and load that.")
    if len(data) > LARGEST_FILE:
        raise UnreadableFile(f"{file.name} is larger than {LARGEST_FILE // 2**20} MB.", "Take the pictures out of it, and load it again.")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            parts = packed.infolist()
        # Of all parts that are parsed: the document's own may have any name.
        text = sum(part.file_size for part in parts if part.filename.lower().endswith((".xml", ".rels")))
        if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > LARGEST_UNPACKED or text > LARGEST_TEXT:
            raise UnreadableFile(f"{file.name} unpacks to far more than a record holds, so it was not opened.", "Copy its text into a new record, and load that.")
        body = docx.Document(io.BytesIO(data)).element.body
        if body is None:
            raise ValueError("no body")
    except UnreadableFile:
        raise
    except Exception:  # zipfile, lxml and python-docx raise a dozen kinds of error for bytes that are no document, and name them nowhere
        raise UnreadableFile(f"{file.name} can't be read as a Word document: it is damaged, holds macros, or is something else.", "Open it in Word, save it as a Word document (.docx), and load that.") from None
    return body


def _blocks(parent: etree._Element) -> Iterator[etree._Element]:
    """Paragraphs and tables in order; what stands in a content control, too."""
    for child in parent:
        if child.tag in (qn("w:p"), qn("w:tbl")):
            yield child
        elif child.tag == qn("w:sdt"):
            content = child.find(qn("w:sdtContent"))
            if content is not None:
                yield from _blocks(content)


_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"


def _lines(element: etree._Element) -> list[str]:
    """The text of a paragraph or a table's cell, line by line; of a text box once (Word writes it twice)."""
    out = [""]

    def walk(node: etree._Element) -> None:
        for child in node:
            if child.tag == qn("w:t"):
                out[-1] += child.text or ""
            elif child.tag == qn("w:tab"):
                out[-1] += "\t"
            elif child.tag in (qn("w:br"), qn("w:cr")):
                out.append("")
            elif child.tag == _FALLBACK or child.tag == qn("w:pPr"):
                continue
            elif child.tag == qn("w:sym"):
                # A tick put in from Wingdings.
                out[-1] += "☒" if (child.get(qn("w:char")) or "").upper() in ("F0FE", "F0FD", "F0FC", "F052", "F0FB") else "☐"
            else:
                walk(child)
                if child.tag == qn("w:p"):
                    out.append("")

    walk(element)
    # Runs of spaces as one: patterns that look for a separator among them would take hours on a line made for it.
    return [_SPACES.sub(lambda run: "\t" if "\t" in run[0] else " ", line).strip() for line in out if line.strip()]


def _heading(line: str) -> tuple[str | None, str]:
    """(the section that this line begins, what stands after the heading in the same line)."""
    before, colon, after = line.partition(":")
    for head, rest in ((line, ""), (before, after) if colon else (line, "")):
        if len(head) > _LONGEST_HEADING:
            continue
        words = fold(re.sub(r"\([^)]*\)\s*$", "", head)) or fold(head)
        key = _HEADINGS.get(words) or _HEADINGS.get(fold(head))
        if key:
            return key, rest.strip()
    return None, line


def _text(lines: list[str]) -> str:
    """What somebody wrote: the form's own instructions taken out."""
    return "\n".join(line for line in lines if not fold(line).startswith(form.INSTRUCTIONS))


# -- the parts


def _who_and_when(out: Record, sections: dict[str, list[str]], said: dict[str, str]) -> None:
    written = said.get("date", "").split("\n")[0]
    out.meeting_date, fault = read_date(written)
    if out.meeting_date is None:
        out.unread.append("The date of the meeting is blank." if fault is None else "The date of the meeting can’t be read with certainty: write it day first, as 31/12/2026.")
    out.names = said.get("names", "").replace("\n", ", ")
    for part in re.split(r"[,;\n]", said.get("born", "")):
        born, _ = read_date(part.strip())
        if born:
            out.born.append(born)
    for part in re.split(r"[,;\n]", said.get("ids", "")):
        number, _ = read_id(part.strip())
        if number and number not in out.child_ids:
            out.child_ids.append(number)
    kinds = sections.get("kind", [])
    ticked = _ticks(kinds)
    for code, words in form.KINDS.items():
        if ticked.get(fold(words)):
            out.meeting_type = code
    if ticked.get(fold(form.ALSO_PLACEMENT)) is not None:
        out.also_placement_planning = ticked[fold(form.ALSO_PLACEMENT)]
    if out.meeting_type is None and kinds and not ticked:
        code = read_code("meeting_type", MEETING_TYPES, " ".join(kinds), {})
        out.meeting_type = code if code in form.KINDS else None
    if out.meeting_type is None:
        out.unread.append("The kind of meeting isn’t ticked.")
    out.chair = said.get("chair", "").replace("\n", ", ")
    if out.chair:
        out.chair_role = _role(out.chair)
        if out.chair_role is None:
            out.unread.append("The position of whoever chaired can’t be read: choose it.")
    else:
        out.unread.append("Who chaired isn’t written.")


def _role(text: str) -> str | None:
    roles = [role for role in read_roles(ROLES, text, {}) if role != "other"]
    return roles[0] if len(roles) == 1 else None


def _present(out: Record, sections: dict[str, list[str]], said: dict[str, str]) -> None:
    lines = [line for line in sections.get("attendance", []) if not fold(line).startswith(form.INSTRUCTIONS)]
    boxed = [line for line in lines if _box(line) is not None]
    away = False
    for line in lines:
        heading = tells_absence(line) if _box(line) is None else None
        away = away if heading is None else heading
        if _box(line) is False or away or (heading is False and line.rstrip().endswith(":")):
            continue
        person = _MARK.sub("", line[:_LONGEST_PERSON]).strip().rstrip(")")
        if not person:
            continue
        name, *rest = [part for part in _PERSON.split(person) if part] or [person]
        position = ", ".join(rest)
        out.attendees.append(Attendee(name, position, _role(position or person) or "other"))
    if boxed and not out.attendees:
        out.unread.append("Nobody is ticked as present.")
    elif not lines:
        out.unread.append("Who was present isn’t written.")


def _frequency(out: Record, said: dict[str, str]) -> None:
    out.frequency = said.get("frequency", "").split("\n")[0].strip().rstrip(".")
    if not out.frequency:
        found = {match.group(0).lower(): match.group(0) for match in _FREQUENCY.finditer(out.purpose)}
        if len(found) == 1:
            out.frequency = next(iter(found.values()))
    if not out.frequency:
        out.unread.append("No agreed frequency of Care Planning Meetings could be read.")


def _ticked(out: Record, sections: dict[str, list[str]]) -> None:
    domains = _ticks(sections.get("domains", []))
    known = {read_code("domains", DOMAINS, words, {}): ticked for words, ticked in domains.items()}
    if any(known.values()):
        out.domains = tuple(domain for domain in DOMAINS if known.get(domain))
    else:
        out.unread.append("Which of the seven domains were considered isn’t ticked.")
    changes = _ticks(sections.get("plan_change", []))
    chosen = [code for code, words in form.PLAN_CHANGES.items() if changes.get(fold(words))]
    if not chosen and sections.get("plan_change") and not changes:
        code = read_code("plan_change", PLAN_CHANGES, " ".join(sections["plan_change"]), {})
        chosen = [code] if code else []
    if len(chosen) == 1:
        out.plan_change = chosen[0]
    elif len(chosen) > 1:
        out.unread.append("More than one change to the Care Plan is ticked: choose one.")
    else:
        out.unread.append("Whether the Care Plan changed isn’t ticked.")
    considered = _ticks(sections.get("considerations", []))
    found = {name: considered[fold(words)] for name, words in form.CONSIDERATIONS.items() if fold(words) in considered}
    if any(found.values()):
        out.considered = found
    elif out.meeting_type == "final_plan_cpm":
        out.unread.append("None of the five considerations before the final plan is ticked.")


def _ticks(lines: list[str]) -> dict[str, bool]:
    """Folded words -> whether their box is ticked, of the lines that have a box. Several boxes may stand in one line."""
    out = {}
    for line in lines:
        parts = re.split(r"(?=[☐☒☑✓✔✗])", line) if re.match(r"\s*[☐☒☑✓✔✗]", line) else [line]
        for part in parts:
            box = _box(part)
            words = fold(_MARK.sub("", part))
            if box is not None and words:
                out[words] = box
    return out


def _box(line: str) -> bool | None:
    """Whether the box in a line is ticked; None where there is none."""
    folded = line.lower()
    if any(mark in folded for mark in form.TICKED):
        return True
    return False if any(mark in folded for mark in (form.EMPTY_BOX, "[ ]", "( )")) else None


def _due(timescale: str, meeting: date | None) -> date | None:
    """A date as it stands, or so many days, weeks or months after the meeting."""
    day, _ = read_date(timescale)
    if day or not timescale or meeting is None:
        return day
    match = _TIME_FROM_NOW.match(timescale.strip())
    if not match:
        return None
    number = _NUMBERS.get(match[1].lower()) or int(match[1])
    unit = match[2].lower()
    if unit == "month":
        return (pd.Timestamp(meeting) + pd.DateOffset(months=number)).date()
    return meeting + timedelta(days=number * (7 if unit == "week" else 1))
