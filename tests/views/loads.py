"""Tiny loads for the tests of data quality and history: real spreadsheets through prepare() into a real store."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from pathlib import Path

from cpm_metrics.engine import Results, compute
from cpm_metrics.extracts.prepare import prepare
from cpm_metrics.extracts.problems import InputFile
from cpm_metrics.store import LoadInfo, Store
from tests.extracts.files import xlsx

CASES = ["Child ID", "Forename", "Surname", "Date started to be looked after", "Date ceased to be looked after", "Allocated team", "Allocated worker",
         "Actively planning for permanence", "Permanence achieved date"]  # fmt: skip
MEETINGS = ["Meeting ID", "Child ID", "Meeting type", "Meeting date", "Meeting status", "Chair role", "Agreed frequency", "Minutes uploaded date"]
REVIEWS = ["Child ID", "Review date", "Review status"]


def load(store: Store, when: date, **sheets: Iterable[Iterable]) -> LoadInfo:
    """One workbook with a sheet per dataset: `cases=[row, …]`, each row in the order of the headers above."""
    headers = {"cases": CASES, "meetings": MEETINGS, "reviews": REVIEWS}
    file = InputFile("all.xlsx", xlsx({name: [headers[name], *rows] for name, rows in sheets.items()}))
    return store.commit(prepare([file], isolated=False), when, "Ann", confirmed=True)


def computed(store: Store, info: LoadInfo, as_at: date | None = None) -> Results:
    return compute(store.snapshot(info.load_id), as_at)


def three_loads(folder: Path) -> tuple[Store, list[LoadInfo]]:
    """Two children of two teams, three extracts: 1 May, 1 June and 1 July 2026.

    0001 (North): came into care 6 Apr. First CPM on 10 Apr, there from the start. A CPM on 20 May: in the June extract, 12 days after.
    A review on 1 May, held: not in the May extract; in June, 31 days after. 0002 (South): came into care on 20 Apr, but is in
    no extract before June's. Its CPM of 24 Apr comes with it. Its CPM of 25 May comes in July, 37 days after. 0003 (South) is
    gone in July; 0001 has moved to South by then.
    """
    store = Store(folder)
    one = ["0001", "Ada", "Asher", date(2026, 4, 6), None, "North", "Nia", "Yes", None]
    two = ["0002", "Ben", "Birch", date(2026, 4, 20), None, "South", "Sam", None, None]
    three = ["0003", "Cy", "Cole", date(2025, 1, 6), None, "South", "Sam", "No", None]
    first = ["M1", "0001", "CPM", date(2026, 4, 10), "Held", "Team Manager", "monthly", date(2026, 4, 15)]
    second = ["M2", "0001", "CPM", date(2026, 5, 20), "Held", None, "as needed", None]
    planned = ["M2", "0001", "CPM", date(2026, 5, 20), "Booked", None, None, None]
    third = ["M3", "0002", "CPM", date(2026, 4, 24), None, "Chief of everything", None, None]
    fourth = ["M4", "0002", "CPM", date(2026, 5, 25), "Held", "Team Manager", "monthly", date(2026, 6, 20)]
    review = ["0001", date(2026, 5, 1), "Held"]
    old = ["0003", date(2025, 1, 31), "Held"]
    infos = [
        load(store, date(2026, 5, 1), cases=[one, three], meetings=[first, planned], reviews=[old]),
        load(store, date(2026, 6, 1), cases=[one, two, three], meetings=[first, second, third], reviews=[old, review]),
        load(store, date(2026, 7, 1), cases=[[*one[:5], "South", "Sol", *one[7:]], two], meetings=[first, second, third, fourth], reviews=[old, review]),
    ]
    return store, infos
