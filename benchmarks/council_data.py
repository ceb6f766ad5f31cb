"""Invented councils of any size, for measuring: a store with one load, or a workbook of 100,000 meetings.

The sample council (cpm_metrics/sample: court timetables, plans, homes, lateness that differs from team to team, gaps) is made once with
1,000 children in care. Its families are drawn again and again until there are as many children in care, and as many who left, as asked
for, each copy with its own numbers and in its own council's teams. Shorter stays are drawn somewhat more often, so that a child in care
and one who left have 22.9 meetings and reviews together: England's 83,000 of each have 1.9 million, over ten years. The same arguments
give the same rows.
"""

from __future__ import annotations

import dataclasses
import json
import math
import os
import tempfile
from bisect import bisect_left
from datetime import date
from itertools import accumulate
from pathlib import Path
from random import Random

import pyarrow as pa
import xlsxwriter

from cpm_metrics import sample
from cpm_metrics.extracts.datasets import DATASETS, RAW_SUFFIX
from cpm_metrics.extracts.prepare import prepare
from cpm_metrics.extracts.problems import InputFile
from cpm_metrics.store import Store, connect
from cpm_metrics.store.folder import Folder
from cpm_metrics.store.loads import LoadInfo, now
from cpm_metrics.store.snapshot import Snapshot

EXTRACT = date(2026, 11, 20)
SEED = 1
ENGLAND = 83_000  # children in care; as many who left
PER_PAIR = 22.9  # meetings and reviews of a child in care and one who left, together
_TEMPLATE = 1000
# Columns in which a copy differs: numbers of its own, and people and teams of its own council.
_IDS = ("meeting_id", "action_id", "sibling_group")
_PEOPLE = ("team", "worker", "team_manager", "iro")


def council(folder: Path, children: int, left: int | None = None, seed: int = SEED) -> Store:
    """A store with one load of EXTRACT: `children` in care that day and `left` (as many by default) who left before."""
    left = children if left is None else left
    template = _template(seed)
    picks = _picks(template, children, left, Random(f"{seed}:{children}:{left}"))
    place = Folder(Path(folder))
    old = template.current()
    with place.locked():
        place.ready()
        load_id = place.new_id(now())
        built = place.building / f"{load_id}.duckdb"
        info = _replicate(old, built, picks, load_id)
        place.publish(load_id, built, info.as_json())
        place.point_to(load_id)
    return Store(folder)


def sizes(store: Store) -> dict[str, int]:
    """What the load holds: children in care and left, meetings and reviews, all rows."""
    snapshot = store.current()
    (in_care, left) = snapshot.cursor().execute(
        "SELECT count(*) FILTER (open), count(*) FILTER (NOT open) FROM (SELECT child_id, bool_or(care_ceased IS NULL) AS open FROM snapshot.cases GROUP BY 1)"
    ).fetchone()
    counts = snapshot.info.counts
    return {"in care": in_care, "left": left, "meetings and reviews": counts["meetings"] + counts["reviews"], "rows": sum(counts.values())}


# -- the template


_templates: dict[int, tuple[tempfile.TemporaryDirectory, Store]] = {}


def _template(seed: int) -> Store:
    """The sample council as the product loads it; made once in a process, and gone with it."""
    if seed not in _templates:
        holder = tempfile.TemporaryDirectory(prefix="cpm-template-")
        folder = Path(holder.name)
        files = sample.write(folder / "files", _TEMPLATE, seed, EXTRACT, messy=False)
        store = Store(folder / "store")
        store.commit(prepare([InputFile(path.name, path) for path in files], isolated=False), EXTRACT, "benchmark", confirmed=True)
        _templates[seed] = holder, store
    return _templates[seed][1]


@dataclasses.dataclass
class _Family:
    children: list[tuple[str, bool]]  # (child_id, in care)
    rows: float  # meetings and reviews a child


def _families(template: Store) -> tuple[list[_Family], list[_Family]]:
    """Those with a child in care, and those whose children have all left. Reviews count once, though the sample also lists the newest
    among the meetings; children with short breaks only (V3, V4) are left out."""
    rows = template.current().cursor().execute(
        """
        WITH child AS (SELECT child_id, coalesce(min(sibling_group), child_id) AS family, bool_or(care_ceased IS NULL) AS in_care
                       FROM snapshot.cases GROUP BY 1 HAVING NOT bool_or(coalesce(legal_code IN ('V3', 'V4'), false))),
             held AS (SELECT child_id, count(*) AS n FROM (SELECT child_id FROM snapshot.meetings WHERE meeting_type <> 'review'
                      UNION ALL SELECT child_id FROM snapshot.reviews) GROUP BY 1)
        SELECT family, list((child_id, in_care) ORDER BY child_id), sum(coalesce(n, 0)) / count(*), bool_or(in_care)
        FROM child LEFT JOIN held USING (child_id) GROUP BY 1 ORDER BY 1
        """
    ).fetchall()
    both: tuple[list[_Family], list[_Family]] = ([], [])
    for _, children, each, some_in_care in rows:
        both[0 if some_in_care else 1].append(_Family([tuple(child) for child in children], float(each)))
    return both


def _mean(families: list[_Family], tilt: float) -> float:
    """Rows a child when a family is drawn with weight exp(-tilt × rows)."""
    weights = [math.exp(-tilt * f.rows) * len(f.children) for f in families]
    return sum(w * f.rows for w, f in zip(weights, families, strict=True)) / sum(weights)


def _picks(template: Store, children: int, left: int, rng: Random) -> pa.Table:
    """One row a copied child: child_id of the template, new_id, copy (of that family) and council."""
    with_care, without = _families(template)
    low, high = 0.0, 1.0
    for _ in range(50):
        tilt = (low + high) / 2
        if _mean(with_care, tilt) + _mean(without, tilt) > PER_PAIR:
            low = tilt
        else:
            high = tilt
    wanted = {True: children, False: left}
    times: dict[int, int] = {}
    out: list[tuple[str, int]] = []
    for pool in (with_care, without):
        drawn = list(accumulate(math.exp(-tilt * f.rows) for f in pool))
        until = pool is with_care
        while wanted[until] > 0:
            family = pool[bisect_left(drawn, rng.random() * drawn[-1])]
            copy = times[id(family)] = times.get(id(family), 0) + 1
            for child, in_care in family.children:
                if wanted[in_care] > 0:
                    wanted[in_care] -= 1
                    out.append((child, copy))
    councils = max(1, round((children + left) / 2 / _TEMPLATE))
    return pa.table({
        "child_id": [child for child, _ in out],
        "copy": pa.array([copy for _, copy in out], pa.int32()),
        "council": pa.array([(copy - 1) % councils + 1 for _, copy in out], pa.int32()),
        # Seven digits, zeros in front, in no order: 7919 has no factor in common with 10,000,000.
        "new_id": [f"{(n * 7919 + 1_000_003) % 10_000_000:07d}" for n in range(len(out))],
    })  # fmt: skip


def _replicate(template: Snapshot, built: Path, picks: pa.Table, load_id: str) -> LoadInfo:
    """Writes the snapshot file. -> what is known about the load."""
    con = connect.builder(built, built.with_suffix(".spill"))
    try:
        con.register("picks", picks)
        for name in (*DATASETS, "sources", "problems", "files", "loaded", "load"):
            con.register(f"old_{name}", template.table(name))
        counts = {}
        for name, dataset in DATASETS.items():
            fields = {f.name for f in dataset.fields}
            own = ["p.new_id AS child_id", "(row_number() OVER (ORDER BY t.row, p.new_id) + 1)::INTEGER AS row"]
            own += [f"t.{column} || '-' || p.copy AS {column}" for column in _IDS if column in fields]
            own += [f"t.{column} || ' ' || p.council AS {column}" for column in _PEOPLE if column in fields]
            # The sample lists the newest reviews among the meetings too: here each is there once.
            where = "WHERE t.meeting_type <> 'review'" if name == "meetings" else ""
            con.execute(f'CREATE TABLE "{name}" AS SELECT t.* REPLACE ({", ".join(own)}) FROM old_{name} t JOIN picks p USING (child_id) {where} ORDER BY t.row, p.new_id')
            counts[name] = con.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]
        info = dataclasses.replace(
            template.info, load_id=load_id, loaded_at=now(), files=[], counts=counts, problem_counts={},
            dataset_dates={name: (EXTRACT, load_id) for name in template.info.dataset_dates},
        )  # fmt: skip
        for name in ("problems", "files"):
            con.execute(f"CREATE TABLE {name} AS FROM old_{name} LIMIT 0")
        con.execute("CREATE TABLE sources AS FROM old_sources")
        con.execute("CREATE TABLE loaded AS FROM old_loaded")
        con.execute("CREATE TABLE load AS FROM old_load")
        con.execute("UPDATE sources SET from_load = ?, notes = []", [load_id])
        con.execute("UPDATE loaded SET from_load = ?", [load_id])
        for name, count in counts.items():
            con.execute("UPDATE loaded SET rows = ? WHERE dataset = ?", [count, name])
            con.execute("UPDATE sources SET rows_read = ?, rows_loaded = ?, rows_left_out = 0 WHERE dataset = ?", [count, count, name])
        con.execute("UPDATE load SET load_id = ?, loaded_at = ?, info = ?", [load_id, info.loaded_at.replace(tzinfo=None), json.dumps(info.as_json())])
        con.execute("CHECKPOINT")
    finally:
        con.close()
    return info


# -- a workbook


MEETINGS = 100_000


@dataclasses.dataclass(frozen=True)
class Workbook:
    """`left_out` rows have a fault in a required cell, `warned` cells one in an optional cell."""

    path: Path
    meetings: int
    cases: int
    cells: int
    left_out: int
    warned: int


def workbook(path: Path, meetings: int = MEETINGS, seed: int = SEED) -> Workbook:
    """Cases and Meetings as a case system's report has them, Excel's own way (shared strings, true dates): the template's headers, every
    30th row with its dates as text, and about one row in a hundred with something wrong."""
    with tempfile.TemporaryDirectory() as holder:
        children = math.ceil(meetings / PER_PAIR * 1.03) + 5
        store = council(Path(holder), children, seed=seed)
        snapshot = store.current()
        fields = DATASETS["meetings"].fields
        names = [f.name + RAW_SUFFIX if f.kind in ("code", "codes") else f.name for f in fields]
        columns = ", ".join(names)
        reviews = ", ".join(_of_review(name) for name in names)
        rows = snapshot.cursor().execute(
            f"SELECT {columns} FROM (SELECT {columns} FROM snapshot.meetings UNION ALL SELECT {reviews} FROM snapshot.reviews) ORDER BY meeting_date, child_id, meeting_type_text LIMIT {meetings}"
        ).fetchall()
        case_fields = DATASETS["cases"].fields
        case_names = [f.name + RAW_SUFFIX if f.kind in ("code", "codes") else f.name for f in case_fields]
        cases = snapshot.cursor().execute(f"SELECT {', '.join(case_names)} FROM snapshot.cases ORDER BY row").fetchall()
    if len(rows) != meetings:
        raise ValueError(f"only {len(rows):,} meetings of {meetings:,}")
    at = {f.name: n for n, f in enumerate(fields)}
    left_out = warned = cells = 0
    umask = os.umask(0o077)
    book = xlsxwriter.Workbook(str(path), {"strings_to_formulas": False, "strings_to_urls": False})
    try:
        dates = book.add_format({"num_format": "dd/mm/yyyy"})
        for title, heads, table in (("Cases", case_fields, cases), ("Meetings", fields, rows)):
            sheet = book.add_worksheet(title)
            sheet.write_row(0, 0, [f.header for f in heads])
            for n, row in enumerate(table, 1):
                values = list(row)
                if title == "Meetings":
                    if n % 211 == 0:
                        values[at["meeting_date"]] = "31/02/2026"
                        left_out += 1
                    elif n % 97 == 0:
                        values[at["minutes_uploaded"]] = "ASAP"
                        warned += 1
                    elif n % 499 == 0:
                        values[at["chair_role"]] = "Advocate for hire"
                        warned += 1
                for column, value in enumerate(values):
                    if value is None or value == "":
                        continue
                    cells += 1
                    if isinstance(value, bool):
                        sheet.write_string(n, column, "Yes" if value else "No")
                    elif isinstance(value, date):
                        if n % 30 == 0:
                            sheet.write_string(n, column, f"{value:%d/%m/%Y}")
                        else:
                            sheet.write_datetime(n, column, value, dates)
                    else:
                        sheet.write_string(n, column, str(value))
    finally:
        book.close()
        os.umask(umask)
    return Workbook(path, len(rows), len(cases), cells, left_out, warned)


def _of_review(name: str) -> str:
    """A review's value for a column of Meetings."""
    return {"child_id": "child_id", "meeting_date": "review_date", "meeting_type_text": "'Child in Care Review'", "status_text": "status_text"}.get(name, "NULL")


def check(store: Store) -> None:
    """Raises ValueError where the load is not what was promised: numbers that are not each their own, rows of nobody."""
    cursor = store.current().cursor()
    for table, key in (("cases", "child_id, care_started"), ("meetings", "meeting_id, child_id"), ("actions", "action_id, child_id")):
        total, apart = cursor.execute(f"SELECT count(*), count(DISTINCT ({key})) FROM snapshot.{table}").fetchone()
        if total != apart:
            raise ValueError(f"{table}: {total:,} rows, {apart:,} apart")
    for table in DATASETS:
        (nobody,) = cursor.execute(f"SELECT count(*) FROM snapshot.{table} ANTI JOIN snapshot.cases USING (child_id)").fetchone()
        if nobody:
            raise ValueError(f"{table}: {nobody:,} rows of nobody")
