"""The council's tables as files: one clean template workbook, or spreadsheets as messy as real reports are.

Messy is: title rows over the header, headers in another case and order, columns nobody asked for, true dates beside
dd/mm/yyyy text, the same value in many words, footers. What can't be read is planted on purpose and listed (`Planted`), so
that the Load page has something to show and a test can say that nothing else went wrong.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from random import Random

import xlsxwriter

from cpm_metrics.extracts.datasets import DATASETS
from cpm_metrics.sample.council import Council
from cpm_metrics.sample.people import COUNCIL, SERVICE_OF
from cpm_metrics.sample.planting import ExcelError, Planted, plant

MOSTLY_XLSX = 2000  # children; from here on the messy files are CSV, which is faster to write and to read


# --- clean ------------------------------------------------------------------------------------------------------------


def write_clean(council: Council, folder: Path) -> list[Path]:
    """`council <date>.xlsx`: a sheet per dataset, the template's headers and nothing else."""
    path = folder / f"council {council.extract_date}.xlsx"
    with _workbook(path, council.extract_date) as book:
        for dataset in DATASETS.values():
            sheet = _XlsxSheet(book, dataset.title)
            sheet.write([f.header for f in dataset.fields])
            names = [f.name for f in dataset.fields]
            for row in council.tables[dataset.name]:
                sheet.write([row.get(name) for name in names])
    return [path]


# --- messy ------------------------------------------------------------------------------------------------------------


@dataclass
class Layout:
    """How a report writes one dataset. `columns`: header as written -> field, or "+name" for a column that we don't know.

    `text_dates` is the share of rows whose dates are dd/mm/yyyy text, as left behind by a migration.
    """

    dataset: str
    columns: list[tuple[str, str]]
    title: list[str] = field(default_factory=list)
    footer: list[str] = field(default_factory=list)
    text_dates: float = 0.0


LAYOUTS = (
    Layout(
        "cases",
        [
            ("CHILD ID", "child_id"), ("SURNAME", "surname"), ("FORENAME", "forename"), ("Date Of Birth", "date_of_birth"),
            ("Age", "+age"), ("Gender", "gender"), ("Sibling  Group", "sibling_group"), ("Service", "+service"),
            ("Allocated Team", "team"), ("Allocated worker ", "worker"), ("Team Manager", "team_manager"), ("I.R.O.", "iro"),
            ("Date started to be\nlooked after", "care_started"), ("Date ceased to be\nlooked after", "care_ceased"),
            ("Reason Ceased", "reason_ceased"), ("Legal Status", "legal_status"), ("Legal Status Start Date", "legal_status_start"),
            ("Placement Type", "placement_type"), ("Placement Start Date", "placement_start"), ("Complex Case", "complex_case"),
            ("Actively planning for permanence", "planning_permanence"), ("Permanence Plan", "permanence_plan"),
            ("Permanence plan agreed date", "permanence_agreed"), ("Permanence achieved date", "permanence_achieved"),
            ("Care plan completed date", "care_plan_completed"), ("Placement plan completed date", "placement_plan_completed"),
            ("Date of latest review", "latest_review"), ("Notes", "+notes"),
        ],
        ["{council} - children in care", "Report CIC-014. Run on {date} at 06:12. All periods of care of the last five years", ""],
        ["", "Total: {rows}"],
    ),
    Layout(
        "meetings",
        [
            ("Meeting ID", "meeting_id"), ("Child ID", "child_id"), ("Meeting Type", "meeting_type"), ("MEETING DATE", "meeting_date"),
            ("Meeting status", "status"), ("Venue", "+venue"), ("Chair", "chair"), ("Chair Role", "chair_role"), ("Purpose", "purpose"),
            ("Agreed frequency", "agreed_frequency"), ("Also Placement Planning", "also_placement_planning"),
            ("Care Plan Change", "plan_change"), ("Care plan updated date", "plan_updated"), ("IRO informed date", "iro_informed"),
            ("Minutes distributed date", "minutes_distributed"), ("Minutes uploaded date", "minutes_uploaded"),
            ("Minutes on CPR date", "minutes_on_cpr"), ("Attendees", "attendees"), ("Attendee Roles", "attendee_roles"),
            ("Domains considered", "domains"), ("What is working well?", "working_well"), ("What are we worried about?", "worried_about"),
            ("What needs to happen?", "needs_to_happen"), ("Considered parents assessments", "considered_parents"),
            ("Considered connected persons assessments", "considered_connected"),
            ("Considered permanence outside the family", "considered_outside_family"),
            ("Considered contact arrangements", "considered_contact"), ("Considered final evidence", "considered_evidence"),
        ],
        ["Meetings recorded for children in care", ""],
        text_dates=0.2,
    ),
    Layout(
        "reviews",
        [("Child ID", "child_id"), ("Review date", "review_date"), ("Review Status", "status"), ("Venue", "+venue"), ("Participation Code", "participation")],
        text_dates=1.0,
    ),
    Layout(
        "placements",
        [("Child ID", "child_id"), ("Placement start date", "placement_start"), ("Placement end date", "placement_end"),
         ("Placement type", "placement_type"), ("Placement provider", "provider"), ("Change reason", "change_reason"), ("Beds", "+beds")],
        ["Placement history"], ["", "Total: {rows}"],
    ),
    Layout(
        "legal_statuses",
        [("CHILD ID", "child_id"), ("LEGAL STATUS", "legal_status"), ("LEGAL STATUS START DATE", "legal_status_start"), ("LEGAL STATUS END DATE", "legal_status_end")],
        text_dates=0.3,
    ),
    Layout(
        "allocations",
        [("Child ID", "child_id"), ("Allocated team", "team"), ("Allocated worker", "worker"), ("Allocation start date", "allocation_start"),
         ("Allocation end date", "allocation_end")],
        ["Worker and team history", "Run on {date}"],
    ),
    Layout(
        "actions",
        [("Action ID", "action_id"), ("Child ID", "child_id"), ("Meeting ID", "meeting_id"), ("Meeting date", "meeting_date"), ("Action", "action"),
         ("Responsible", "responsible"), ("Due date", "due_date"), ("Completed date", "completed_date")],
        text_dates=0.15,
    ),
    Layout(
        "assessments",
        [("Child ID", "child_id"), ("Assessment Type", "assessment_type"), ("Assessment Date", "assessment_date"), ("Worker team", "+team")],
    ),
    Layout("changes", [("Child ID", "child_id"), ("Change date", "change_date"), ("Change", "change")], text_dates=0.5),
    Layout(
        "proceedings",
        [("Child ID", "child_id"), ("Case number (court)", "+court"), ("Proceedings issued date", "issued"), ("Proceedings concluded date", "concluded"),
         ("LA assessment completed date", "la_assessment"), ("Expert assessments commissioned", "experts_commissioned"),
         ("Expert assessments received date", "experts_received"), ("Final care plan due date", "plan_due"),
         ("Final care plan filed date", "plan_filed"), ("Order sought", "order_sought")],
        ["Public law proceedings tracker"],
    ),
)  # fmt: skip

# Template value -> what people write, by field; a value or a field not named here is written as it is.
_ROLES = {
    "Social worker": ("Social Worker", "Social Worker", "SW", "Allocated social worker"), "Team manager": ("Team Manager", "TM", "Team manager"),
    "Senior practitioner": ("Senior Practitioner", "Senior practitioner"), "Fostering": ("Supervising social worker", "Fostering rep", "Fostering"),
    "Service manager": ("Service Manager", "service manager"), "IRO": ("IRO", "Independent Reviewing Officer"),
}  # fmt: skip
_YES_NO = {"Yes": ("Yes", "Yes", "Y"), "No": ("No", "No", "N")}
_STATUS = {
    "Held": ("Held", "Held", "Held", "held", "HELD", "Completed"), "Booked": ("Booked", "Booked", "Planned", "Scheduled"),
    "Cancelled": ("Cancelled", "CANCELLED"), "Postponed": ("Postponed", "Rearranged"),
}  # fmt: skip
_LEGAL = {
    "C1 - Interim care order": ("C1", "C1: ICO", "C1 - Interim care order", "Interim care order"),
    "C2 - Full care order": ("C2", "C2 - Full care order", "C2: Full Care Order"),
    "V2 - Single period of accommodation under section 20": ("V2", "Section 20", "V2 - Single period of accommodation under section 20"),
    "E1 - Placement order granted": ("E1", "E1 - Placement order granted"),
}  # fmt: skip
WORDINGS: dict[str, dict[str, tuple[str, ...]]] = {
    "meeting_type": {
        "Care Planning Meeting": ("Care Planning Meeting", "CPM", "CPM", "Care planning meeting ", "Care Planning Meeting Record"),
        "Final Care Plan CPM": ("CPM - final care plan", "Final Care Plan CPM", "CPM – Final Care Plan"),
        "Placement Planning Meeting": ("PPM", "Placement Planning Meeting"),
        "Child in Care Review": ("LAC Review", "Child in Care Review", "CLA Review", "Looked After Child Review"),
    },
    "status": _STATUS,
    "chair_role": _ROLES,
    "legal_status": _LEGAL,
    "plan_change": {"None": ("None", "No change", "none"), "Minor": ("Minor", "Minor change"), "Substantial": ("Substantial", "Significant change")},
    "permanence_plan": {
        "Long-term fostering": ("Long term fostering", "Long-term fostering", "Long term foster care"), "SGO or CAO": ("Special Guardianship Order", "SGO/CAO"),
        "Return home": ("Return home", "Return to family"), "Supported living": ("Supported living in the community", "Supported living"),
    },
    "assessment_type": {"Child and family": ("Child and family assessment", "C&F", "Single assessment", "Child & Family Assessment")},
    "gender": {"Male": ("Male", "M", "Male"), "Female": ("Female", "F", "Female")},
} | dict.fromkeys(
    ("complex_case", "planning_permanence", "also_placement_planning", "experts_commissioned", "considered_parents", "considered_connected",
     "considered_outside_family", "considered_contact", "considered_evidence"), _YES_NO,
)  # fmt: skip
OTHERS_PRESENT = ("Foster carer", "Mother; Foster carer", "School", "Health visitor", "Father; School", "Foster carer; Family support worker")
VENUES = ("Civic Centre", "Teams", "Teams", "Foster home", "Children’s centre – room 2", "School")


def write_messy(council: Council, folder: Path) -> tuple[list[Path], list[Planted]]:
    """The files, and the places where something is wrong on purpose."""
    today, big = council.extract_date, len(council.tables["cases"]) > MOSTLY_XLSX * 3
    rng = Random(f"{council.seed}:files")
    tables, planted = plant(council, Random(f"{council.seed}:planted"))
    paths = []

    def rows_of(layout: Layout, name: str, sheet: str) -> Iterator[list]:
        yield from _report(layout, tables[layout.dataset], rng, today, name, sheet, planted)

    by_name = {layout.dataset: layout for layout in LAYOUTS}
    for dataset, title in (("cases", "Cases"), ("meetings", "Meetings")):
        name = f"{dataset} {today}.{'csv' if big else 'xlsx'}"
        paths.append(folder / name)
        _write_file(paths[-1], today, {title: rows_of(by_name[dataset], name, "" if big else title)})
    name = f"reviews {today}.csv"
    paths.append(folder / name)
    _write_file(paths[-1], today, {"": rows_of(by_name["reviews"], name, "")}, encoding="cp1252")
    rest = [layout for layout in LAYOUTS if layout.dataset not in ("cases", "meetings", "reviews")]
    if big:
        for layout in rest:
            name = f"{layout.dataset.replace('_', ' ')} {today}.csv"
            paths.append(folder / name)
            _write_file(paths[-1], today, {"": rows_of(layout, name, "")})
    else:
        name = f"case records {today}.xlsx"
        paths.append(folder / name)
        titles = {layout.dataset: DATASETS[layout.dataset].title for layout in rest}
        _write_file(paths[-1], today, {titles[y.dataset]: rows_of(y, name, titles[y.dataset]) for y in rest})
    return paths, planted


def _report(layout: Layout, rows: list[dict], rng: Random, today: date, file: str, sheet: str, planted: list[Planted]) -> Iterator[list]:
    """The report's lines, title to footer. Where the planted rows came to stand is noted in `planted`."""
    line = 0
    for text in layout.title:
        line += 1
        yield [text.format(council=COUNCIL, date=f"{today:%d/%m/%Y}")]
    line += 1
    yield [header for header, _ in layout.columns]
    extra = _extra_columns(rng, today)
    for row in rows:
        line += 1
        as_text = layout.text_dates and rng.random() < layout.text_dates
        out = []
        for _, name in layout.columns:
            value = extra[name](row) if name[0] == "+" else row.get(name)
            if isinstance(value, date):
                value = f"{value:%d/%m/%Y}" if as_text else value
            elif isinstance(value, str):
                value = _worded(name, value, rng)
            out.append(value)
        for place in row.get("_planted", ()):
            place.file, place.sheet, place.row = file, sheet, None if "_twice" in row else line
        yield out
        if "_twice" in row:
            line += 1
            yield out
    for text in layout.footer:
        line += 1
        yield [text.format(rows=len(rows))]
        if text:
            planted.append(Planted(layout.dataset, "", "footer", file, sheet, line))


def _worded(name: str, value: str, rng: Random) -> str:
    if name == "attendee_roles":
        return "; ".join(rng.choice(_ROLES.get(role, (role,))) if role != "Other" else rng.choice(OTHERS_PRESENT) for role in value.split("; "))
    choices = WORDINGS.get(name, {}).get(value)
    return rng.choice(choices) if choices else value


def _extra_columns(rng: Random, today: date) -> dict:
    """Columns of real reports that we have no use for."""
    return {
        "+age": lambda row: (today - row["date_of_birth"]).days // 365 if isinstance(row.get("date_of_birth"), date) else "",
        "+service": lambda row: SERVICE_OF.get(row.get("team", ""), ""),
        "+notes": lambda row: "Sibling placed separately" if row.get("sibling_group") and rng.random() < 0.1 else "",
        "+venue": lambda row: rng.choice(VENUES),
        "+beds": lambda row: 1,
        "+team": lambda row: "",
        "+court": lambda row: f"HW{rng.randrange(10, 27)}C{rng.randrange(10_000, 60_000)}",
    }


# --- writing ----------------------------------------------------------------------------------------------------------


def _write_file(path: Path, today: date, sheets: dict[str, Iterable[list]], encoding: str = "utf-8-sig") -> None:
    if path.suffix == ".csv":
        (rows,) = sheets.values()
        with path.open("w", encoding=encoding, newline="") as handle:
            out = csv.writer(handle)
            out.writerows([_as_text(value) for value in row] for row in rows)
        return
    with _workbook(path, today) as book:
        for title, rows in sheets.items():
            sheet = _XlsxSheet(book, title)
            for row in rows:
                sheet.write(row)


def _as_text(value: object) -> object:
    return f"{value:%d/%m/%Y}" if isinstance(value, date) else "" if value is None else value


def _workbook(path: Path, today: date) -> xlsxwriter.Workbook:
    book = xlsxwriter.Workbook(str(path), {"constant_memory": True})
    # The same content gives the same bytes: no clock in it.
    book.set_properties({"title": path.stem, "author": COUNCIL, "created": datetime(today.year, today.month, today.day, 6, 12)})
    return book


class _XlsxSheet:
    """Rows one after another; dates as true Excel dates, texts as texts, also "0012345"."""

    def __init__(self, book: xlsxwriter.Workbook, title: str) -> None:
        self._sheet = book.add_worksheet(title)
        self._date = book.add_format({"num_format": "dd/mm/yyyy"})
        self._sheet.set_column(0, 27, 16)
        self._row = 0

    def write(self, values: list) -> None:
        sheet, row = self._sheet, self._row
        for column, value in enumerate(values):
            if value is None or value == "":
                continue
            if isinstance(value, date):
                sheet.write_datetime(row, column, value, self._date)
            elif isinstance(value, ExcelError):
                sheet.write_formula(row, column, value.formula, None, value.shown)
            elif isinstance(value, str):
                sheet.write_string(row, column, value)
            else:
                sheet.write_number(row, column, value)
        self._row += 1
