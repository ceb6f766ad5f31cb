"""What leaves the service: no small number, and none that can be worked out from the others."""

from __future__ import annotations

import io
import re
from datetime import date

import openpyxl
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from cpm_metrics.documents import pack_xlsx
from cpm_metrics.engine import compute
from cpm_metrics.views import drift, outside
from tests.pages.conftest import full_store, sample_files  # noqa: F401 - fixtures

COUNTS = st.lists(st.tuples(*[st.integers(0, 60)] * 5), min_size=1, max_size=12)


@given(COUNTS, COUNTS)
def test_nothing_small_can_be_seen_or_subtracted(one, other):
    """Every number shown is 10 or more and a multiple of 5, and follows from what is shown alone: two councils that differ only in what is
    taken out or rounded away give the same table."""
    names = [*outside._DUE, "cannot_tell"]
    tables = []
    for rows in (one, [tuple(outside.shown(n) or 3 for n in row) for row in one]):
        frame = pd.DataFrame(rows, columns=names).assign(title=[f"rule {i}" for i in range(len(rows))])
        tables.append(outside.rated(frame, "title"))
    assert tables[0].equals(tables[1])
    for name in names:
        cells = tables[0][name].tolist()
        numbers = [n for n in cells[:-1] if n != outside.TAKEN_OUT]
        assert all(n >= 10 and n % 5 == 0 for n in numbers)
        assert cells[-1] == (sum(numbers) if numbers else outside.NOT_SHOWN)
    for row, (_, table) in zip(one, tables[0].iterrows(), strict=False):
        if any(n <= outside.SMALL for n in row[:4]):
            assert table["counted"] == table["rate"] == outside.NOT_SHOWN
        else:
            assert table["counted"] == sum(outside.shown(n) for n in row[:4])


def test_a_large_total_is_never_called_small():
    """130 on time, 7 late, 4 missed, 3 overdue: 144 counted. A part is taken out, so the total isn't shown, and doesn't read as 7 or fewer."""
    table = outside.rated(pd.DataFrame([["A rule", 130, 7, 4, 3, 20]], columns=["title", *outside._DUE, "cannot_tell"]), "title")
    assert table.iloc[0].tolist() == ["A rule", 130, *[outside.TAKEN_OUT] * 3, outside.NOT_SHOWN, 20, outside.NOT_SHOWN]
    assert table["late"].tolist() == [outside.TAKEN_OUT, outside.NOT_SHOWN]  # nothing is shown, so there is no total of it
    assert outside.TAKEN_OUT not in table.iloc[1].tolist()


def test_those_for_whom_a_sign_cannot_be_told_stand_beside(full_store):  # noqa: F811
    """Taken out and rounded like the others; and why a number is not shown stands on the front page and beside the sheets."""
    results = compute(full_store.current())
    made = outside.make(results, full_store.current().info, start=date(2025, 11, 21), end=date(2026, 11, 20))
    signs = next(sheet.frame for sheet in made.sheets if sheet.name == "Signs of drift")
    matrix = drift.matrix(results).frame
    matrix = matrix[matrix["assessed"].astype(bool)]
    for name, column in (("children", "all"), ("cannot_tell", "cannot_tell")):
        assert signs[name].tolist()[:-1] == [outside.shown(n) or outside.TAKEN_OUT for n in matrix[column]]
    assert (signs["cannot_tell"] != outside.TAKEN_OUT).any()
    assert outside.WHY_NOT in made.facts["Small numbers"]
    assert all(outside.WHY_NOT in sheet.says for sheet in made.sheets if sheet.name.startswith("By "))


def test_the_bounds():
    """0, 7 and nothing are taken out; 8 is 10, 12 is 10, 13 is 15."""
    assert [outside.shown(n) for n in (0, 1, 7, None, 8, 12, 13, 17, 18)] == [None, None, None, None, 10, 10, 15, 15, 20]


def test_the_workbook_names_nobody(full_store):  # noqa: F811
    """Read back cell by cell: no ID, no name, no number under 10 beside those of the rules."""
    results = compute(full_store.current())
    content = pack_xlsx.workbook(outside.make(results, full_store.current().info, start=date(2025, 11, 21), end=date(2026, 11, 20)))
    book = openpyxl.load_workbook(io.BytesIO(content))
    assert book.sheetnames == ["Summary", "By rule", "By team", "Signs of drift", "Definitions", "Words"]
    people = {name for row in results.rows("SELECT child_id, surname, worker, iro FROM children") for name in row if name}
    for sheet in book.worksheets:
        for row in sheet.iter_rows():
            for cell in row:
                assert not (isinstance(cell.value, str) and set(re.findall(r"[\w'-]+", cell.value)) & people), (sheet.title, cell.coordinate)
    for name in ("By rule", "By team", "Signs of drift"):
        sheet = book[name]
        header = [cell.value for cell in sheet[1]] if sheet["A1"].value else []
        assert any(cell.value == outside.TAKEN_OUT for row in sheet.iter_rows() for cell in row), name
        columns = [i for i, title in enumerate(header) if title in ("On time", "Late", "Missed", "Overdue", "Counted", "Cannot tell", "Children")]
        for row in sheet.iter_rows(min_row=2):
            assert all(row[i].value in (outside.TAKEN_OUT, outside.NOT_SHOWN, None) or row[i].value >= 10 for i in columns)
