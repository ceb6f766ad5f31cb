"""Spreadsheets that tell themselves apart: everything in version n carries n, and there is one child more than in version n-1."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

from cpm_metrics.store import LoadInfo, Store

CHILDREN = 150


def day(version: int) -> date:
    return date(2026, 1, 1) + timedelta(days=version)


def files(folder: Path, version: int) -> list[Path]:
    """Cases and meetings, as CSV, of which the reader asks nothing."""
    folder.mkdir(parents=True, exist_ok=True)
    ids = [f"{number:05d}" for number in range(1, CHILDREN + version + 1)]
    cases, meetings = folder / f"cases {day(version)}.csv", folder / f"meetings {day(version)}.csv"
    header = "Child ID,Forename,Surname,Date of birth,Date started to be looked after,Allocated team"
    cases.write_text("\n".join([header, *(f"{one},Inventedname{version:03d},Made-up,01/02/2015,03/03/2025,Team {version:03d}" for one in ids)]) + "\n")
    held = [f"{one},CPM,{12 + month:02d}/{month:02d}/2025,Held,Chair {version:03d}" for one in ids for month in (3, 6, 9)]
    meetings.write_text("\n".join(["Child ID,Meeting type,Meeting date,Status,Chair", *held]) + "\n")
    return [cases, meetings]


def in_store(store: Store) -> int:
    """Which version is current. Every row is read: an AssertionError where anything in it is of another one, or missing."""
    snapshot = store.current()
    assert snapshot is not None
    version = (snapshot.info.extract_date - day(0)).days
    query = "SELECT count(*), count(DISTINCT child_id), list(DISTINCT team), list(DISTINCT forename) FROM snapshot.cases"
    assert snapshot.cursor().execute(query).fetchone() == (CHILDREN + version, CHILDREN + version, [f"Team {version:03d}"], [f"Inventedname{version:03d}"])
    query = "SELECT count(*), count(DISTINCT child_id), list(DISTINCT chair) FROM snapshot.meetings"
    assert snapshot.cursor().execute(query).fetchone() == (3 * (CHILDREN + version), CHILDREN + version, [f"Chair {version:03d}"])
    return version


def on_page(text: str) -> int:
    """Which version a page is about, by the day that it stands for. An AssertionError where it also speaks of another."""
    found = {version for version in range(400) if f"Team {version:03d}" in text}
    assert len(found) == 1, f"the page speaks of versions {sorted(found)}"
    (version,) = found
    assert f"As at **{day(version).day} {day(version):%b %Y}**" in text, text[:300]
    return version


def known(infos: list[LoadInfo]) -> list[int]:
    """The versions of a history, newest first."""
    return [(info.extract_date - day(0)).days for info in infos]
