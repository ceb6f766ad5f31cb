"""Which dataset a raw table is, which row holds its headers, and which column is which field. By headers, not by names."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, field
from functools import cache

from .cells import RawTable, is_blank, show
from .codes import read_code
from .datasets import DATASETS, MEETING_STATUSES, Dataset
from .folding import fold, squash
from .mapping import IGNORE, MappingBook
from .problems import REMEMBERED, SYNONYM, TEMPLATE, WARNING, ColumnMap, Problem
from .synonyms import SYNONYMS, TABLE_NAMES, WEAK

HEADER_ROWS = 20
_MOST_STATUSES = 12  # different values that a status column may have
_SAMPLES = 3
# Fields that many tables about children have: they alone don't tell a dataset.
_IDENTITY = {"child_id", "forename", "surname", "date_of_birth", "gender", "sibling_group"}
# What any report about children may say beside its own subject.
_CONTEXT = _IDENTITY | {"team", "worker", "team_manager", "iro", "care_started", "care_ceased"}
_HISTORY = 1.25  # rows that tell something different for each child and start of care: beyond this many it is no list of cases
_CANCELLED = {squash(h) for h in (
    "Cancelled", "CANCELLED_ON", "Cancelled on", "Cancelled date", "Date cancelled", "Meeting cancelled", "Review cancelled", "FACT_MEETINGS.CANCELLED", "Is cancelled",
    "Cancelled Y/N", "clar_cla_review_cancelled")}  # fmt: skip
# A column under such a header may hold "Completed" and "Pending" without a word about whether the meeting was held.
_OF_SOMETHING_ELSE = re.compile(
    r"\b(?:minutes?|notes?|actions?|tasks?|plans?|reports?|records?|recording|documents?|forms?|assessments?|consultations?|invit\w*|letters?|placements?|legal|case|child|cla|lac|cic"
    r"|visits?|authoris\w*|approv\w*|sign\w*|distribut\w*|upload\w*|circulat\w*|workflow|episodes?|education|health|iro|team|worker)\b"
)
# The lists of an Annex A workbook that are about other children: never meant as one of our datasets.
_ANNEX_A_LIST = re.compile(r"(?:annex a )?list (?!8\b)\d+\b")
# What Excel and report tools call a sheet that nobody named: then the file's name says more.
_SHEET_WITHOUT_NAME = re.compile(r"(?:(?:sheet|table|page|report|data|export|results?|query|worksheet)? ?\d*)")


@dataclass
class Recognised:
    """A raw table whose dataset is known. `fields`: field name -> column index in the table's rows."""

    table: RawTable
    dataset: Dataset
    header_index: int
    fields: dict[str, int]
    mapping: list[ColumnMap]
    notes: list[str]
    # From a dialect: rows of the source without a row of their own here, and what the dialect has to say.
    folded: int = 0
    # Fields read from a column that says "cancelled" with a yes, a no or a date, instead of a status.
    flags: set[str] = field(default_factory=set)
    # The index of such a column beside a status: what it says was cancelled is, whatever the status says.
    cancelled: int | None = None
    problems: list[Problem] = field(default_factory=list)

    @property
    def unmapped(self) -> list[str]:
        used = None if self.cancelled is None else self.table.letter(self.cancelled)
        return [m.header for m in self.mapping if m.field is None and m.header and m.letter != used]


@dataclass
class NotRecognised:
    """A raw table that is no dataset. `refuse`: it looks meant to be one, so the load must stop and say why."""

    table: RawTable
    header_index: int | None
    why: str
    remedy: str = ""
    refuse: bool = False
    by_name: bool = False  # its sheet or file is called what the dataset is called
    ignored: bool = False
    no_loss: bool = False  # a table of a known return that no rule needs
    nearest: str | None = None
    missing: tuple[str, ...] = ()
    mapping: list[ColumnMap] = field(default_factory=list)


# What may stand in brackets behind a header without changing it.
_HINT = re.compile(
    r"[(\[](?:d+[/.-]?m+[/.-]?y+|y ?/ ?n|yes ?/ ?no|date|text|required|optional|mandatory|if known|if applicable|if any|current|iro|dob|sw|tm|cla|lac|cic|poc|cpm|ppm)[)\]]",
    re.I,
)


@cache
def lookup(dataset: str, weak: bool) -> dict[str, tuple[str, int, str]]:
    """Squashed header -> (field, rank, how sure). A lower rank wins where a table has several headers for one field."""
    out: dict[str, tuple[str, int, str]] = {}
    for f in DATASETS[dataset].fields:
        out[squash(f.header)] = (f.name, 0, TEMPLATE)
        names = SYNONYMS[dataset].get(f.name, ()) + (WEAK[dataset].get(f.name, ()) if weak else ())
        for rank, name in enumerate(names, start=1):
            out.setdefault(squash(name), (f.name, rank, SYNONYM))
    return out


def recognise(table: RawTable, book: MappingBook) -> Recognised | NotRecognised:
    """Never raises: what stops a load comes back as NotRecognised with `refuse`, so that all of it can be said at once."""
    best = None
    for index, row in enumerate(table.rows[:HEADER_ROWS]):
        headers = [header_text(cell) for cell in row]
        if sum(bool(h) for h in headers) < 2:
            continue
        remembered = book.for_headers(headers)
        if remembered:
            if remembered.dataset == IGNORE:
                return NotRecognised(table, index, "its headers are remembered as a table to leave out.", ignored=True)
            return _finish(table, index, headers, remembered.dataset, remembered.columns)
        for name in DATASETS:
            found, _ = _match(headers, name, _named_after(table, name))
            complete = all(f.name in found for f in DATASETS[name].required)
            score = (complete, len(found), -index)
            if found and (best is None or score > best[0]):
                best = (score, index, headers, name, found)
    if not table.rows:
        return NotRecognised(table, None, "it holds no rows.")
    if best is None:
        return _no_headers(table)
    (complete, matched, _), index, headers, name, found = best
    if complete:
        name, found, said = _weighed(table, index, headers, name)
    other_list = _ANNEX_A_LIST.match(fold(table.sheet or table.file))
    if complete and not other_list:
        out = _finish(table, index, headers, name, {})
        if isinstance(out, Recognised):
            out.notes += [n for n in said if isinstance(n, str)]
            out.problems += [n for n in said if isinstance(n, Problem)]
        else:
            out.by_name = out.by_name or _named_after(table, name)
        return out
    filled = sum(bool(h) for h in headers)
    named = [n for n in DATASETS if _named_after(table, n)]
    telling = set(found) - _IDENTITY
    looks_meant = (matched >= 2 and matched * 2 >= filled and telling) or (name in named and matched >= 1)
    if not looks_meant or other_list:
        why = f"its headers are those of none of the datasets (nearest: {DATASETS[name].title})."
        missing = tuple(f.name for f in DATASETS[name].required if f.name not in found)
        if other_list:
            why = "it is a list of Annex A that no rule needs; List 8, the children in care, is."
        return NotRecognised(
            table, index, why, nearest=name, missing=missing, mapping=_mapping(table, index, headers, found),
            no_loss=bool(other_list),
        )  # fmt: skip
    out = _finish(table, index, headers, name, {})
    if isinstance(out, NotRecognised):
        out.by_name = name in named
    return out


def _weighed(table: RawTable, index: int, headers: list[str], name: str) -> tuple[str, dict[str, tuple[int, str]], list[str | Problem]]:
    """Which dataset, where headers fit several: -> it, its columns, and what to say of the choice.

    A report of meetings often has the child's team and start of care beside each meeting, and so fits Cases too; a case list has the
    start of the placement, and so fits Placements. The rows tell them apart: a case list says one thing for each child and start of
    care, a report of meetings several. A case list that lacks its team is not a history of placements: it is refused, for the team.
    """
    founds = {n: _match(headers, n, _named_after(table, n))[0] for n in DATASETS}
    lacking = {n: [f for f in DATASETS[n].required if f.name not in founds[n]] for n in DATASETS}
    places = {n: {j for j, _ in found.values()} for n, found in founds.items()}
    events = [n for n in DATASETS if n != "cases" and not lacking[n]]
    if not events:
        return name, founds[name], []
    event = max(events, key=lambda n: len(founds[n]))

    def alone(dataset: str, other: str, besides: set[str]) -> set[str]:
        """Its fields whose columns mean nothing to the other."""
        return {f for f, (j, _) in founds[dataset].items() if f not in besides and j not in places[other]}

    own = alone(event, "cases", set())
    if len(lacking["cases"]) < 2:
        several, filled = _said_of_each(table, index, founds["cases"], founds[event], DATASETS[event])
    if not lacking["cases"]:
        theirs = alone("cases", event, _CONTEXT)
        if several:
            is_event = bool(own) and (len(theirs) < 3 or len(own) > len(theirs))
        else:
            is_event = filled and len(own) >= 2 and len(own) > len(theirs)
        also = ", ".join(f"'{headers[founds[event][f][0]]}'" for f in sorted(own, key=lambda f: founds[event][f][0]))
        title = DATASETS[event].title
        if not is_event:
            lost = Problem(
                WARNING, "two_tables_in_one", f"The rows tell several things of one child and start of care, as {title} do (columns {also}); the table was read as Cases, so these were not read.",
                f"Export {title} as a report of its own, or say on the mapping screen what this table is.", "cases", table.file, table.sheet,
            )  # fmt: skip
            return "cases", founds["cases"], [lost] if several and own else []
        return event, founds[event], [f"The headers fit Cases too; it was read as {title}, for its columns {also}."]
    for n in DATASETS:
        if n == event or len(lacking[n]) != 1:
            continue
        mine, other = alone(n, event, _CONTEXT - {"care_started"}), alone(event, n, set())
        if n == "cases" and several:
            continue
        named = _named_after(table, n) and not _named_after(table, event)
        if (not other and len(mine) >= 2) or (len(mine) >= 3 and len(mine) > 2 * len(other)) or (named and len(mine) >= max(1, len(other))):
            return n, founds[n], []
    return event, founds[event], []


def _said_of_each(table: RawTable, index: int, cases: dict, event: dict, dataset: Dataset) -> tuple[bool, bool]:
    """-> whether the rows tell several things of one child and start of care; whether most rows have what the dataset requires."""
    case_places = [cases[f][0] for f in ("child_id", "care_started") if f in cases] or [event["child_id"][0]]
    event_places = [event[f.name][0] for f in dataset.required]
    of_cases, of_events, rows, filled = set(), set(), 0, 0
    for row in table.rows[index + 1 :]:
        if max(*case_places, *event_places) >= len(row) or is_blank(row[event["child_id"][0]]):
            continue
        rows += 1
        case = tuple(row[j] for j in case_places)
        of_cases.add(case)
        if not any(is_blank(row[j]) for j in event_places):
            filled += 1
            of_events.add((case, tuple(row[j] for j in event_places)))
    return len(of_events) > _HISTORY * len(of_cases), filled * 2 > rows


def _no_headers(table: RawTable) -> NotRecognised:
    """Nothing is known; for the mapping screen, the row with the most texts is taken for the headers."""
    texts = [sum(isinstance(cell, str) and not is_blank(cell) for cell in row) for row in table.rows[:HEADER_ROWS]]
    index = texts.index(max(texts))
    headers = [header_text(cell) for cell in table.rows[index]]
    why = f"none of its first {HEADER_ROWS} rows holds headers that are known."
    return NotRecognised(table, index, why, mapping=_mapping(table, index, headers, {}))


def header_text(cell: object) -> str:
    return " ".join(show(cell).split()) if not is_blank(cell) else ""


def _named_after(table: RawTable, dataset: str) -> bool:
    names = (*TABLE_NAMES[dataset], fold(DATASETS[dataset].title))
    sheet = fold(table.sheet)
    stem = fold(table.file.rsplit(".", 1)[0]) if _SHEET_WITHOUT_NAME.fullmatch(fold(table.sheet)) else ""
    return sheet in names or stem in names


def _match(headers: list[str], dataset: str, weak: bool, chosen: dict[str, str | None] | None = None):
    """-> ({field: (column, how)}, {column: field it also could be}). `chosen` are remembered answers; they win."""
    known = lookup(dataset, weak)
    answers = {squash(h): f for h, f in (chosen or {}).items()}
    found: dict[str, tuple[int, int, str]] = {}
    also: dict[int, str] = {}
    for j, header in enumerate(headers):
        key = squash(header)
        if not key:
            continue
        if key in answers:
            if answers[key] is None:
                continue
            name, rank, how = answers[key], -1, REMEMBERED
        elif key in known or (key := squash(_HINT.sub("", header))) in known:
            name, rank, how = known[key]
        else:
            continue
        if name not in found or rank < found[name][1]:
            if name in found:
                also[found[name][0]] = name
            found[name] = (j, rank, how)
        else:
            also[j] = name
    return {name: (j, how) for name, (j, _, how) in found.items()}, also


def _finish(
    table: RawTable, index: int, headers: list[str], name: str, chosen: dict[str, str | None]
) -> Recognised | NotRecognised:
    dataset = DATASETS[name]
    found, also = _match(headers, name, _named_after(table, name), chosen)
    flags, cancelled = _cancelled_flag(headers, name, found, chosen)
    by_values = _status_by_values(table, index, headers, name, found, chosen)
    number = table.numbers[index]
    mapping = _mapping(table, index, headers, found)
    twice = _same_header_twice(headers, found)
    if twice:
        first, second = twice
        return NotRecognised(
            table, index,
            f"two columns ({table.letter(first)} and {table.letter(second)}) have the same header '{headers[first]}' in row {number}.",
            "Rename or delete one of them, so that it is clear which to use.", refuse=True, nearest=name, mapping=mapping,
        )  # fmt: skip
    missing = [f for f in dataset.required if f.name not in found]
    if missing:
        unused = [h for j, h in enumerate(headers) if h and j not in {c for c, _ in found.values()}]
        parts = []
        for f in missing:
            near = difflib.get_close_matches(fold(f.header), [fold(h) for h in unused], n=3, cutoff=0.5)
            near_seen = [h for h in unused if fold(h) in near]
            parts.append(
                f"'{f.header}'" + (f" (near to it: {', '.join(repr(h) for h in near_seen)})" if near_seen else "")
            )
        return NotRecognised(
            table, index,
            f"it looks like {dataset.title}, but the required column{'s' if len(missing) > 1 else ''} {' and '.join(parts)} "
            f"{'are' if len(missing) > 1 else 'is'} missing from the headers in row {number}.",
            "Add the column, or say on the mapping screen which of the columns it is.", refuse=True, nearest=name,
            missing=tuple(f.name for f in missing), mapping=mapping,
        )  # fmt: skip
    notes = [
        f"Column {table.letter(j)} '{headers[j]}' could also be {dataset.field(field).header}; column {table.letter(found[field][0])} was used."
        for j, field in also.items()
    ]
    if by_values is not None:
        notes.append(f"Column {table.letter(by_values)} '{headers[by_values]}' was used as the status, because all of its values are statuses.")
    if cancelled is not None:
        notes.append(f"Column {table.letter(cancelled)} '{headers[cancelled]}' was used beside the status: yes or a date there is Cancelled.")
    nameless = [m.letter for m in mapping if not m.header]
    if nameless:
        notes.append(f"Column{'s' if len(nameless) > 1 else ''} {', '.join(nameless)} {'have' if len(nameless) > 1 else 'has'} values but no header; kept out.")
    return Recognised(table, dataset, index, {f: j for f, (j, _) in found.items()}, mapping, notes, flags=flags, cancelled=cancelled)


def _cancelled_flag(
    headers: list[str], name: str, found: dict[str, tuple[int, str]], chosen: dict[str, str | None]
) -> tuple[set[str], int | None]:
    """Adds to `found` a column like CANCELLED (Y/N) or CANCELLED_ON (a date) as the status, where there is no status column; beside
    one, its index. One that the person left out stays out; one that the person called the status is read as such a flag."""
    if name not in ("meetings", "reviews"):
        return set(), None
    if "status" in found and squash(headers[found["status"][0]]) in _CANCELLED:
        return {"status"}, None
    left_out = {squash(header) for header, field in chosen.items() if field is None}
    for j, header in enumerate(headers):
        if squash(header) in _CANCELLED and squash(header) not in left_out and j not in {c for c, _ in found.values()}:
            if "status" in found:
                return set(), j
            found["status"] = (j, SYNONYM)
            return {"status"}, None
    return set(), None


def _status_by_values(
    table: RawTable, index: int, headers: list[str], name: str, found: dict[str, tuple[int, str]], chosen: dict[str, str | None]
) -> int | None:
    """Adds to `found` a column under any other header whose every value is a status, where there is no status column: without
    it a cancelled meeting of the past would count as held. -> its index, or None."""
    if name not in ("meetings", "reviews") or "status" in found:
        return None
    used = {c for c, _ in found.values()}
    left_out = {squash(header) for header, field in chosen.items() if field is None}
    for j, header in enumerate(headers):
        if not header or j in used or squash(header) in left_out or _OF_SOMETHING_ELSE.search(fold(header)):
            continue
        values = {row[j] for row in table.rows[index + 1 :] if j < len(row) and not is_blank(row[j])}
        if 0 < len(values) <= _MOST_STATUSES and all(
            isinstance(value, str) and read_code("status", MEETING_STATUSES, value, {}) for value in values
        ):
            found["status"] = (j, SYNONYM)
            return j
    return None


def _mapping(table: RawTable, index: int, headers: list[str], found: dict[str, tuple[int, str]]) -> list[ColumnMap]:
    by_column = {j: (name, how) for name, (j, how) in found.items()}
    out = []
    for j, header in enumerate(headers):
        name, how = by_column.get(j, (None, None))
        samples = _samples(table, index, j)
        if header or samples:
            out.append(ColumnMap(table.letter(j), header, name, how, samples))
    return out


def _same_header_twice(headers: list[str], found: dict[str, tuple[int, str]]) -> tuple[int, int] | None:
    for j, _ in found.values():
        for other, header in enumerate(headers):
            if other != j and squash(header) == squash(headers[j]):
                return min(j, other), max(j, other)
    return None


def _samples(table: RawTable, index: int, j: int) -> tuple[str, ...]:
    out: list[str] = []
    for row in table.rows[index + 1 : index + 500]:
        if j < len(row) and not is_blank(row[j]):
            text = show(row[j]).strip()[:80]
            if text not in out:
                out.append(text)
                if len(out) == _SAMPLES:
                    break
    return tuple(out)
