"""Shapes that are not one table per dataset: SSDA903 files and SSD tables, turned into the datasets before cleaning.

Each row made keeps the spreadsheet row and columns that it came from. Shapes that differ only in their headers (Annex A, reports
of case systems) need none of this: synonyms.py knows them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from ..cells import RawTable, is_blank
from ..folding import squash
from ..mapping import MappingBook
from ..problems import ColumnMap
from ..recognise import HEADER_ROWS, Recognised, header_text
from . import assessments, ssd, ssda903
from .tables import Kind, SourceTable, source_table


def apply_dialects(raw: list[RawTable], book: MappingBook) -> tuple[list[Recognised], list[RawTable]]:
    """-> (what the dialects made, the tables left for ordinary recognition). Tables with remembered headers are left alone."""
    tables: list[SourceTable] = []
    rest: list[RawTable] = []
    for table in raw:
        found = (
            None if _remembered(table, book) else source_table(table, (*ssda903.KINDS, *ssd.KINDS, *assessments.KINDS))
        )
        if found:
            tables.append(found)
        else:
            rest.append(table)
    made: list[Recognised] = []
    for dialect in (ssda903, ssd, assessments):
        mine = [t for t in tables if t.kind in {k.name for k in dialect.KINDS}]
        done, left = dialect.convert(mine) if mine else ([], [])
        made += done
        rest += [t.table for t in left]
    return made, rest


@dataclass(frozen=True)
class NotNeeded:
    """Why a table of a known return was not used, and what to do. `no_loss`: no rule needs it; else something is missing beside it.
    `refuse`: it is needed, and can't be read."""

    why: str
    remedy: str = ""
    no_loss: bool = True
    refuse: bool = False


_SSDA903_OTHERS = (
    Kind("uasc", ("child", "duc")), Kind("oc2", ("child", "sdqscore")), Kind("oc2", ("child", "healthcheck")), Kind("oc3", ("child", "intouch")),
    Kind("ad1", ("child", "dateint")), Kind("placed for adoption", ("child", "dateplaced")), Kind("previous permanence", ("child", "prevperm")),
    Kind("missing", ("child", "misstart")),
)  # fmt: skip
_SSD_COLUMN = re.compile(r"([a-z][a-z0-9]{3})_[a-z]\w*")


def not_needed(table: RawTable) -> NotNeeded | None:
    """What is known of a table that was not recognised as a dataset; None when nothing is."""
    if source_table(table, (ssda903.HEADER,)):
        return NotNeeded(
            "it is the header of an SSDA903 return, with dates of birth; the periods of care are in the episodes of the same return, which are not among these files.",
            "Load the episodes file with it.", no_loss=False,
        )  # fmt: skip
    if source_table(table, (ssd.PROFESSIONALS, ssd.DEPARTMENTS)):
        return NotNeeded("it is an SSD table that only adds names to ssd_involvements, which is not among these files.", "Load ssd_involvements with it.", no_loss=False)
    if source_table(table, (ssd.PERSON, ssd.CARE_PLANS)):
        return NotNeeded(
            "it is an SSD table that only adds to others; the periods of care are in ssd_cla_episodes, which is not among these files.", "Load ssd_cla_episodes with it.", no_loss=False,
        )  # fmt: skip
    if source_table(table, assessments.KINDS):
        return NotNeeded("it is SSD's table of assessments, and none in it is authorised; so the assessments count as not loaded.")
    if source_table(table, _SSDA903_OTHERS):
        return NotNeeded("it is a file of SSDA903 that no rule needs.")
    for row in table.rows[:1]:
        headers = [c.strip().lower() for c in row if isinstance(c, str) and not is_blank(c)]
        prefixes = {m[1] if (m := _SSD_COLUMN.fullmatch(h)) else None for h in headers}
        if len(headers) > 2 and len(prefixes) == 1 and None not in prefixes:
            needed = _SSD_NEEDED.get(prefixes.pop() or "")
            return _unreadable(headers, needed, table.numbers[0]) if needed else NotNeeded("it is an SSD table that no rule needs.")
    return None


# Columns without which a table of SSD can't be read; of several in one place, one.
_SSD_NEEDED: dict[str, tuple[tuple[str, ...], ...]] = {
    "clae": (("clae_person_id",), ("clae_cla_episode_start_date",)),
    "clap": (("clap_person_id", "clap_cla_id", "clap_cla_placement_id"), ("clap_cla_placement_start_date",)),
    "clar": (("clar_cla_person_id", "clar_person_id", "clar_cla_id"), ("clar_cla_review_date",)),
    "lega": (("lega_person_id",), ("lega_legal_status",), ("lega_legal_status_start_date",)),
    "invo": (("invo_person_id",), ("invo_involvement_start_date",)),
    "lacp": (("lacp_person_id",), ("lacp_cla_care_plan_start_date",)),
    "cina": (("cina_person_id",), ("cina_assessment_auth_date",)),
}


def _unreadable(headers: list[str], needed: tuple[tuple[str, ...], ...], number: int) -> NotNeeded | None:
    """None where nothing is missing: then it is something else that keeps it from being read."""
    missing = [f"'{names[0]}'" for names in needed if not any(name in headers for name in names)]
    twice = [f"'{name}'" for names in needed for name in names if headers.count(name) > 1]
    if not missing and not twice:
        return None
    wrong = [f"{' and '.join(missing)} {'are' if len(missing) > 1 else 'is'} missing from the headers in row {number}"] if missing else []
    wrong += [f"{' and '.join(twice)} stands there twice"] if twice else []
    return NotNeeded(f"it is an SSD table that the rules need, but {', and '.join(wrong)}.", "Correct the headers, say on the mapping screen which columns these are, or load the others without it.", False, True)


def tells_some_years(mapping: Iterable[ColumnMap]) -> bool:
    """Whether a table of reviews with these columns is of SSDA903 or SSD, which hold those of some years only."""
    headers = {m.field: squash(m.header) for m in mapping if m.field}
    return (headers.get("child_id"), headers.get("review_date")) == ("child", "review") or headers.get("review_date") == "clarclareviewdate"


def _remembered(table: RawTable, book: MappingBook) -> bool:
    return any(book.for_headers([header_text(cell) for cell in row]) for row in table.rows[:HEADER_ROWS])
