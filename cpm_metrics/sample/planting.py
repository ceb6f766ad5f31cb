"""What is wrong with the messy files, on purpose: a few cells and rows that can't be right, far below one in a hundred.

Only children who have left are touched, or rows are added: so no story and no count of children in care changes.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from cpm_metrics.sample.council import Council
from cpm_metrics.sample.days import days


@dataclass(frozen=True)
class ExcelError:
    """A cell whose formula failed."""

    formula: str
    shown: str

    def __str__(self) -> str:
        return self.shown


@dataclass
class Planted:
    """One thing wrong: where, and the loader's word for it. `file`, `sheet` and `row` are filled in when it is
    written; no row for what
    the loader reports once for a file."""

    dataset: str
    field: str
    kind: str
    file: str = ""
    sheet: str = ""
    row: int | None = 0


NO_VALUE = ExcelError("=NA()", "#N/A")
NO_REFERENCE = ExcelError("=#REF!", "#REF!")


def plant(council: Council, rng: Random) -> tuple[dict[str, list[dict]], list[Planted]]:
    """Copies of the tables with the bad cells and rows in them; the council's own tables stay clean."""
    tables = {name: list(rows) for name, rows in council.tables.items()}
    today, planted = council.extract_date, []
    in_care = {row["child_id"] for row in tables["cases"] if not row["care_ceased"]}
    left = {row["child_id"] for row in tables["cases"]} - in_care

    def spoil(dataset: str, field: str, value: object, kind: str, times: int = 1) -> None:
        """Puts `value` into a filled cell of rows about children who have left."""
        rows = tables[dataset]
        fits = [i for i, row in enumerate(rows) if row["child_id"] in left and row.get(field) and "_planted" not in row]
        for i in rng.sample(fits, min(times, len(fits))):
            place = Planted(dataset, field, kind)
            planted.append(place)
            rows[i] = rows[i] | {field: value, "_planted": [place]}

    def add(dataset: str, row: dict, field: str, kind: str) -> None:
        """Puts a row of its own somewhere into the table."""
        place = Planted(dataset, field, kind)
        planted.append(place)
        tables[dataset].insert(rng.randrange(len(tables[dataset]) + 1), row | {"_planted": [place]})

    def repeat(dataset: str, times: int) -> None:
        """The same row written twice. The loader reports it once for the file, without a row number."""
        rows = tables[dataset]
        fits = [i for i, row in enumerate(rows) if "_planted" not in row]
        place = Planted(dataset, "", "duplicate_rows")
        planted.append(place)
        for i in rng.sample(fits, min(times, len(fits))):
            rows[i] = rows[i] | {"_planted": [place], "_twice": True}

    someone = rng.choice(sorted(left)) if left else ""
    spoil("cases", "date_of_birth", "31/02/2019", "no_such_day")
    spoil("cases", "latest_review", NO_VALUE, "excel_error")
    spoil("cases", "permanence_agreed", "to be confirmed", "not_a_date")
    add(
        "cases",
        {"child_id": "0000000", "forename": "Test", "surname": "Record", "care_started": "tbc", "team": "Court Team 1"},
        "care_started",
        "not_a_date",
    )
    spoil("meetings", "minutes_uploaded", "not yet", "not_a_date", 2)
    spoil("meetings", "iro_informed", NO_REFERENCE, "excel_error")
    spoil("meetings", "minutes_distributed", "31/04/2025", "no_such_day")
    cpm = {"meeting_type": "Care Planning Meeting", "status": "Held", "chair_role": "Social worker"}
    add(
        "meetings",
        cpm | {"meeting_id": "910001", "child_id": "9990001", "meeting_date": today - days(72)},
        "child_id",
        "unknown_child",
    )
    if someone:
        add(
            "meetings",
            cpm | {"meeting_id": "910002", "child_id": someone, "meeting_date": "31/02/2026"},
            "meeting_date",
            "no_such_day",
        )
        add("meetings", cpm | {"meeting_id": "910003", "child_id": someone}, "meeting_date", "blank_required")
        later = {
            "meeting_id": "910004",
            "child_id": someone,
            "meeting_type": "Strategy meeting",
            "status": "Held",
            "meeting_date": today + days(12),
        }
        add("meetings", later, "meeting_date", "held_after_extract")
        add(
            "reviews",
            {"child_id": someone, "review_date": "31/06/2025", "status": "Held"},
            "review_date",
            "no_such_day",
        )
        add("reviews", {"child_id": someone, "review_date": "#N/A", "status": "Held"}, "review_date", "excel_error")
        add(
            "changes",
            {"child_id": someone, "change_date": "Spring 2025", "change": "Change of school"},
            "change_date",
            "not_a_date",
        )
    spoil("actions", "due_date", "ASAP", "not_a_date", 4)
    spoil("proceedings", "la_assessment", "awaited", "not_a_date")
    spoil("legal_statuses", "legal_status_end", "00/01/1900", "no_such_day")
    repeat("meetings", 3)
    repeat("reviews", 2)
    repeat("cases", 1)
    return tables, planted
