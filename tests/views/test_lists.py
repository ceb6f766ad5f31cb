"""What the lists share: who has left, and what must be said of a time before the extract's leavers begin."""

from __future__ import annotations

from datetime import date

import pytest

from cpm_metrics.engine import compute_rows
from cpm_metrics.views import lists


def results(*periods: tuple[str, date, date | None], as_at: date = date(2026, 11, 20)):
    return compute_rows({"cases": [{"child_id": child, "care_started": start, "care_ceased": end} for child, start, end in periods]}, as_at)


HERE = ("A", date(2024, 1, 8), None)
LEFT = ("B", date(2020, 1, 6), date(2022, 3, 4))


@pytest.mark.parametrize(
    ("periods", "since"),
    [
        ([HERE], None),
        ([HERE, LEFT], date(2022, 3, 4)),
        # Back in care: the end of the earlier period is nobody's leaving.
        ([HERE, LEFT, ("A", date(2016, 1, 4), date(2017, 5, 5))], date(2022, 3, 4)),
        # Left twice: the last time counts, and after the as-at date too, which the extract knows.
        ([HERE, LEFT, ("B", date(2023, 1, 9), date(2025, 6, 2))], date(2025, 6, 2)),
    ],
)
def test_the_first_who_left_and_is_not_back(periods, since):
    assert lists.leavers_from(results(*periods)) == since
    assert lists.leavers_from(results(*periods, as_at=date(2024, 6, 3))) == since
    assert lists.too_small(results(*periods)) == ""  # not reconstructed
