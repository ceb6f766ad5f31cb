"""What is measured is what it says it is: so many children, the same every time, with the faults that are told."""

from __future__ import annotations

from collections import Counter

import pytest

from benchmarks import council_data
from cpm_metrics.engine import compute
from cpm_metrics.extracts.prepare import prepare
from cpm_metrics.extracts.problems import InputFile


def test_a_council_has_the_size_asked_for_and_is_the_same_every_time(tmp_path):
    """120 in care and 80 who left, nobody twice, no row of nobody, 10 or 12 meetings and reviews a child; a second one has the same rows."""
    one, other = (council_data.council(tmp_path / name, 120, 80) for name in ("one", "other"))
    sizes = council_data.sizes(one)
    assert (sizes["in care"], sizes["left"]) == (120, 80)
    assert sizes["meetings and reviews"] / 200 == pytest.approx(council_data.PER_PAIR / 2, rel=0.25)
    council_data.check(one)
    for table in ("cases", "meetings", "actions"):
        assert one.current().table(table).equals(other.current().table(table))
    results = compute(one.current())
    assert results.rows("SELECT count(*) FROM in_care") == [(120,)]
    statuses = Counter(status for (status,) in results.rows("SELECT status FROM obligations"))
    assert min(statuses[status] for status in ("on_time", "late", "missed", "overdue", "upcoming")) > 10


def test_a_workbook_has_the_faults_that_it_says(tmp_path):
    """600 rows: those left out and the cells warned of are as many as were planted, and no more."""
    made = council_data.workbook(tmp_path / "report.xlsx", 600)
    found = prepare([InputFile("report.xlsx", made.path)], isolated=False)
    assert found.tables["meetings"].num_rows == 600 - made.left_out < 600
    assert Counter(problem.severity for problem in found.problems) == {"error": made.left_out, "warning": made.warned}
