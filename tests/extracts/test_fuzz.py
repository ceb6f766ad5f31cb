"""Thousands of broken workbooks: the reader and cleaner never crash, and never lose a row without a line saying so.

`CPM_FUZZ=20000 pytest tests/extracts/test_fuzz.py` for the long run; the number below keeps the everyday suite short.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import io
import os
import random
import zipfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cpm_metrics.errors import CpmError
from cpm_metrics.extracts import datasets
from cpm_metrics.extracts.template import write_template

from .bad_inputs import DATA
from .files import CASES, MEETINGS, content, csv_bytes, day, load, xlsx
from .test_dialects import annex_a, ssd, ssda903

RUNS = int(os.environ.get("CPM_FUZZ", "240"))
CASE = ["0012", "Null", day("01/02/2015"), day("03/04/2025"), None, "North"]
MEETING = ["M1", "0012", "CPM", day("10/04/2025"), "Held", "Social worker", "All"]


def _template() -> bytes:
    buffer = io.BytesIO()
    write_template(buffer)
    return buffer.getvalue()


SEEDS = {
    "two sheets.xlsx": xlsx(
        {
            "Cases": [CASES, CASE, [13.0, *CASE[1:]]],
            "Meetings": [["Title"], [], MEETINGS, MEETING, ["M2", *MEETING[1:]]],
        }
    ),
    "annex a.xlsx": annex_a(),
    "template.xlsx": _template(),
    "cases.csv": csv_bytes(
        [
            CASES,
            ["0012", 'Say "hi"\nthere', "01/02/2015", "03/04/2025", "", "North"],
            ["13", "x", "", "2025-04-03", "", "South"],
        ]
    ),
    "episodes.csv": ssda903()[1][1],
    "ssd.csv": ssd()[0][1],
    **{p.name: p.read_bytes() for p in sorted(DATA.glob("seed.*"))},
}
_SPLICES = [b"<", b">", b'"', b"&amp;", b"&#0;", b"</row>", b"<c/>", b't="e"', b't="s"', b"\x00", b"\xff", b"1e999", b"-1", b"99999999999", b"r=\"ZZ9\"", b"<v></v>",
            b"NaN", b"\n", b'""', b",", b";", b"\t", b"=1+1", b"_x0000_", b"\xe2\x80\x8b", b"t=\"d\"", b"t=\"inlineStr\"", b"<is><t>x</t></is>", b"31/02/2024"]  # fmt: skip


def _mutate(data: bytes, rng: random.Random) -> bytes:
    out = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 5, 20))):
        if not out:
            break
        at = rng.randrange(len(out))
        how = rng.randrange(5)
        if how == 0:
            out[at] ^= 1 << rng.randrange(8)
        elif how == 1:
            del out[at : at + rng.choice((1, 2, 8, 64, 1000))]
        elif how == 2:
            out[at:at] = rng.choice(_SPLICES)
        elif how == 3:
            piece = out[at : at + rng.choice((1, 4, 40, 400))]
            to = rng.randrange(len(out))
            out[to:to] = piece
        else:
            out[at : at + 1] = bytes([rng.randrange(256)])
    return bytes(out)


def _mutate_parts(data: bytes, rng: random.Random) -> bytes:
    """Mutates what is inside the zip, and packs it anew, so that the change reaches the reader."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        names = old.namelist()
        hit = {n for n in names if "sheet" in n or "content" in n or "sharedStrings" in n} or set(names)
        chosen = rng.choice(sorted(hit)) if rng.random() < 0.85 else rng.choice(names)
        for name in names:
            if name == chosen and rng.random() < 0.03:
                continue
            content = old.read(name)
            new.writestr(name, _mutate(content, rng) if name == chosen else content)
    return out.getvalue()


@pytest.mark.parametrize("name", SEEDS)
def test_a_seed_loads_or_is_refused_in_plain_words(name):
    if name == "template.xlsx":
        with pytest.raises(CpmError):
            load((name, SEEDS[name]))
    else:
        load((name, SEEDS[name]))


@pytest.mark.parametrize("name", SEEDS)
def test_mutated_files_never_crash_the_reader(name, record_property):
    data = SEEDS[name]
    loaded = refused = 0
    for seed in range(RUNS // len(SEEDS)):
        rng = random.Random(f"{name} {seed}")
        inside = data.startswith(b"PK") and rng.random() < 0.9
        broken = _mutate_parts(data, rng) if inside else _mutate(data, rng)
        try:
            load((name, broken))  # asserts rows read = loaded + left out
            loaded += 1
        except CpmError:
            refused += 1
        except Exception as crash:
            crash.add_note(f"{name}, seed {seed}")
            raise
    assert loaded + refused == RUNS // len(SEEDS)
    record_property("loaded", loaded)
    record_property("refused", refused)


_cell = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 10**17), st.floats(allow_nan=False, allow_infinity=False, width=32), st.dates(dt.date(1900, 3, 1), dt.date(2200, 1, 1)),
    st.text(max_size=12), st.sampled_from(["1", "0012", "N/A", "None", "-", "#N/A", "Total", "Printed on 1/1/2025", "31/02/2024", "03/04/2025", "3/13/2025", "2025-04-03", "CPM",
                                           "CPM rev.", "Held", "Yes", "All", "Health; x", " ", "\u200b", "=1+1"]),
)  # fmt: skip


def _table(dataset: str):
    width = len(datasets.DATASETS[dataset].fields)
    return st.lists(st.lists(_cell, min_size=width, max_size=width), max_size=8)


def _blank(value: object) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


@pytest.mark.parametrize("dataset", ["cases", "meetings", "legal_statuses", "actions"])
@given(data=st.data())
@settings(max_examples=max(15, RUNS // 12), deadline=None, suppress_health_check=list(HealthCheck))
def test_any_cells_in_a_workbook_are_loaded_or_left_out_and_order_does_not_matter(dataset, data):
    rows = data.draw(_table(dataset))
    rows = [[v.replace("\x00", "") if isinstance(v, str) else v for v in row] for row in rows]
    good = {"id": "7", "text": "C1", "date": day("03/04/2025"), "yes_no": "Yes", "code": None, "codes": None}
    fields = datasets.DATASETS[dataset].fields
    first = [(f.codes[0] if f.required and f.codes else good[f.kind]) for f in fields]
    header = [f.header for f in fields]
    prepared = load(("a.xlsx", xlsx({"S": [header, first, *rows]})))
    source = prepared.sources[0]
    assert source.rows_read == 1 + sum(not all(_blank(v) for v in row) for row in rows)
    said = {p.row for p in prepared.problems if p.row}
    duplicates = sum(int(p.message.split()[0]) for p in prepared.problems if p.kind == "duplicate_rows")
    loaded = set(prepared.tables[dataset].column("row").to_pylist())
    numbers = {2} | {i for i, row in enumerate(rows, start=3) if not all(_blank(v) for v in row)}
    assert len(numbers - loaded - said) <= duplicates  # a row that isn't loaded has a line that says so
    shuffled = [first, *rows]
    random.Random(len(rows)).shuffle(shuffled)
    assert content(load(("a.xlsx", xlsx({"S": [header, *shuffled]}))), dataset) == content(prepared, dataset)


@given(text=st.text(max_size=300))
@settings(max_examples=max(60, RUNS // 4), deadline=None)
def test_any_text_as_a_csv_is_read_or_refused(text):
    for head in ("", "Child ID,Date started to be looked after,Allocated team\r\n7,01/01/2025,N\r\n"):
        with contextlib.suppress(CpmError):
            load(("a.csv", (head + text).encode("utf-8", "surrogatepass")))
