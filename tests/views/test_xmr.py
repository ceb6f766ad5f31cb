"""The XmR chart: limits and signals against published and hand-worked figures; which months are points, to the day."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from cpm_metrics import charts, views
from cpm_metrics.engine import compute_rows
from cpm_metrics.settings import Settings
from cpm_metrics.views import xmr

ONE = Settings({"general.smallest_counted": 1})


def council(due: dict[date, tuple[int, int]], as_at: date, settings: Settings = ONE, team: str = "North"):
    """So many first CPMs due on each day (care began 10 days before): (on time, late)."""
    cases, meetings = [], []
    for day, (on_time, late) in due.items():
        start = day - timedelta(days=10)
        for number in range(on_time + late):
            child = f"{day}-{number}-{team}"
            cases.append({"child_id": child, "care_started": start, "team": team, "worker": "Wren"})
            meetings.append({"meeting_id": f"M{child}", "child_id": child, "meeting_type": "cpm", "meeting_date": start + timedelta(days=1 if number < on_time else 11), "status": "held"})
    return compute_rows({"cases": cases, "meetings": meetings}, as_at, settings=settings)


# -- limits and signals


def test_the_limits_are_those_of_making_data_count():
    """The series of the vignette “Deviations from Excel defaults” of NHSRplotthedots: no moving range is left out, as in the workbooks.
    Leaving out the two large ones would give the R package's 1.94, 4.60 and -0.72."""
    values = [1, 2, 1, 2, 10, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1]
    mean, low, high = xmr.limits(values)
    assert mean == pytest.approx(35 / 18)
    assert high - mean == mean - low == pytest.approx(2.66 * 32 / 17)
    assert xmr.limits([80.0]) == xmr.limits([]) == (None, None, None)
    assert xmr.limits([80.0, 90.0]) == (85.0, pytest.approx(85 - 26.6), pytest.approx(85 + 26.6))


def test_outside_is_beyond_the_limit_and_not_on_it():
    found = xmr.signals([80, 90, 90.0001, 70, 69.9999], 80, 10)
    assert [("above" in s, "below" in s) for s in found] == [(False, False), (False, False), (True, False), (False, False), (False, True)]


def test_seven_in_a_row_on_one_side_and_not_six():
    """A value on the mean is on neither side."""
    six, seven = [1] * 6 + [-1], [1] * 7 + [-1]
    assert not any("run_above" in s for s in xmr.signals(six, 0, 100))
    assert ["run_above" in s for s in xmr.signals(seven, 0, 100)] == [True] * 7 + [False]
    assert not any(xmr.signals([1, 1, 1, 0, 1, 1, 1], 0, 100))
    assert all("run_below" in s for s in xmr.signals([-1] * 9, 0, 100))


def test_seven_each_higher_than_the_last_and_not_six():
    """Seven points are six steps. A step that stands still ends the run."""
    assert not any("rising" in s for s in xmr.signals([1, 2, 3, 4, 5, 6], 3.5, 100))
    assert all("rising" in s for s in xmr.signals([1, 2, 3, 4, 5, 6, 7], 4, 100))
    assert not any("rising" in s for s in xmr.signals([1, 2, 3, 4, 4, 5, 6, 7], 4, 100))
    assert ["falling" in s for s in xmr.signals([9, 9, 8, 7, 6, 5, 4, 3], 6, 100)] == [False] + [True] * 7


def test_two_of_three_close_to_one_limit():
    """Beyond two thirds of the way, all three on that side; on opposite sides it is none (NHSRplotthedots issue 143)."""
    assert ["near_high" in s for s in xmr.signals([7, 1, 7], 0, 10)] == [True, False, True]
    assert not any(xmr.signals([7, -1, 7], 0, 10))
    assert not any(xmr.signals([7, 1, -7], 0, 10))
    assert not any(xmr.signals([20 / 3, 1, 20 / 3], 0, 10))  # on two thirds is not beyond
    assert [sorted(s) for s in xmr.signals([-8, -9, -1], 0, 10)] == [["near_low"], ["near_low"], []]


def test_equal_percentages_are_no_signal():
    """All alike: no swing, and no rounding makes one."""
    values = [100 * 7 / 9] * 20
    mean, _, high = xmr.limits(values)
    assert not any(xmr.signals(values, mean, high - mean))


# -- which months are points


def test_a_month_is_from_its_first_to_its_last_day():
    """Due on 31 January counts there, on 1 February in February, whatever is done later."""
    results = council({date(2026, 1, 31): (2, 0), date(2026, 2, 1): (1, 3), date(2026, 2, 28): (0, 1), date(2026, 3, 1): (5, 0)}, date(2026, 4, 15))
    x = xmr.xmr(results, "initial-cpm", every="month")
    assert x.points[["label", "on_time", "late", "counted"]].values.tolist() == [["Jan 2026", 2, 0, 2], ["Feb 2026", 1, 4, 5], ["Mar 2026", 5, 0, 5]]
    assert x.points["percent"].tolist() == [100, 20, 100]


@pytest.mark.parametrize(("as_at", "last"), [(date(2026, 3, 31), "Feb 2026"), (date(2026, 4, 1), "Mar 2026")])
def test_the_month_of_the_as_at_date_is_left_out_even_on_its_last_day(as_at, last):
    """What is due that day isn't overdue before the next."""
    x = xmr.xmr(council({date(2026, 2, 10): (1, 0), date(2026, 3, 10): (1, 0)}, as_at), "initial-cpm", every="month")
    assert x.points["label"].iloc[-1] == last


def test_overdue_counts_as_not_on_time():
    """Not done at all by the as-at date: in the month that it fell due."""
    start = date(2026, 2, 1)
    results = compute_rows({"cases": [{"child_id": "A", "care_started": start, "team": "North"}], "meetings": []}, date(2026, 3, 10), settings=ONE)
    (row,) = xmr.xmr(results, "initial-cpm", every="month").points.itertuples()
    assert (row.label, row.overdue, row.counted, row.percent) == ("Feb 2026", 1, 1, 0)


def test_too_few_is_no_point_and_its_neighbours_are_neighbours():
    """9 counted, where 10 are needed: shown with its counts, in neither mean nor limits; the moving range goes over it."""
    months = {date(2026, 1, 15): (10, 0), date(2026, 2, 15): (0, 9), date(2026, 3, 15): (8, 2), date(2026, 4, 15): (9, 1)}
    x = xmr.xmr(council(months, date(2026, 5, 5), Settings()), "initial-cpm", every="month")
    assert x.points["direction"].tolist() == ["", "few", "", ""]
    assert x.points["percent"].isna().tolist() == [False, True, False, False]
    assert x.points["counted"].tolist() == [10, 9, 10, 10]
    (s,) = x.stretches
    assert (s.points, s.mean) == (3, 90)
    assert s.high - s.mean == pytest.approx(2.66 * (20 + 10) / 2)
    assert s.provisional
    charts.xmr(x)
    charts.xmr(x, dark=True)


def test_a_month_with_nothing_due_is_a_gap_and_nothing_before_the_first():
    x = xmr.xmr(council({date(2026, 1, 15): (1, 0), date(2026, 3, 15): (1, 0)}, date(2026, 5, 5)), "initial-cpm", every="month")
    assert x.points["label"].tolist() == ["Jan 2026", "Feb 2026", "Mar 2026", "Apr 2026"]
    assert x.points["counted"].tolist() == [1, 0, 1, 0]
    assert x.points["direction"].tolist() == ["", "few", "", "few"]


def test_quarters_where_months_have_too_few():
    """Four a month: no month has ten, every quarter twelve."""
    months = {date(2025, month, 15): (3, 1) for month in range(1, 13)}
    x = xmr.xmr(council(months, date(2026, 1, 5), Settings()), "initial-cpm")
    assert x.every == "quarter"
    assert x.points[["label", "on_time", "counted"]].values.tolist() == [[label, 9, 12] for label in ("Jan–Mar 2025", "Apr–Jun 2025", "Jul–Sep 2025", "Oct–Dec 2025")]
    assert xmr.xmr(council(months, date(2026, 1, 5), Settings()), "initial-cpm", every="month").counted_points == 0
    assert xmr.xmr(council(months, date(2026, 1, 5)), "initial-cpm").every == "month"


def test_each_point_counts_as_the_command_line_does():
    """Teams and months as compliance has them."""
    results = council({date(2026, 1, 31): (2, 1), date(2026, 2, 1): (1, 3)}, date(2026, 4, 15))
    for row in xmr.xmr(results, "initial-cpm", ["North"], every="month").points.itertuples():
        contract = views.compliance(results, "rule", row.start, row.end, ["North"]).set_index("rule")
        said = contract.loc["initial-cpm", ["on_time", "late", "missed", "overdue", "counted", "cannot_tell"]].tolist() if "initial-cpm" in contract.index else [0] * 6
        assert [row.on_time, row.late, row.missed, row.overdue, row.counted, row.cannot_tell] == said
    assert not len(xmr.xmr(results, "initial-cpm", ["South"]).points)


# -- rebase


def test_a_rebase_begins_a_new_mean_and_only_where_marked():
    """Eight poor months, then eight good ones: one mean without a mark; with one, two, and no signal is left."""
    months = {date(2025, 1 + at, 15) if at < 12 else date(2026, at - 11, 15): (5 + at % 2, 5 - at % 2) if at < 8 else (9 + at % 2, 1 - at % 2) for at in range(16)}
    results = council(months, date(2026, 5, 5))
    plain = xmr.xmr(results, "initial-cpm", every="month")
    assert len(plain.stretches) == 1
    assert plain.points["direction"].tolist() == ["worse"] * 8 + ["better"] * 8
    marked = xmr.xmr(results, "initial-cpm", every="month", rebases={"2025-09": {"reason": "booked at the last one", "by": "Ann"}})
    assert [(s.first, s.last, s.points, s.reason, s.by) for s in marked.stretches] == [(0, 7, 8, "", ""), (8, 15, 8, "booked at the last one", "Ann")]
    assert [s.mean for s in marked.stretches] == [55, 95]
    assert set(marked.points["direction"]) == {""}
    assert "since the change marked in Sep 2025" in xmr.words(marked)[0]
    assert any(text.startswith("Provisional: 8 points") for text in xmr.words(marked))
    assert "&lt;" in str(charts.xmr(xmr.xmr(results, "initial-cpm", every="month", rebases={"2025-09": {"reason": "<b>"}})).to_dict())


def test_a_rebase_outside_what_is_shown_changes_nothing():
    """Before or in the first month, after the last; in a quarter's midst it is the quarter's."""
    results = council({date(2026, month, 15): (2, 1) for month in (1, 2, 3, 4)}, date(2026, 7, 5))
    for month in ("2024-05", "2026-01", "2026-07"):
        assert len(xmr.xmr(results, "initial-cpm", every="month", rebases={month: {"reason": "x"}}).stretches) == 1
    assert [s.first for s in xmr.xmr(results, "initial-cpm", every="quarter", rebases={"2026-05": {"reason": "x"}}).stretches] == [0, 1]


def test_a_chart_is_kept_by_its_rule_and_teams_in_any_order():
    assert xmr.owner("initial-cpm", ["B", "A"]) == xmr.owner("initial-cpm", ["A", "B"]) != xmr.owner("initial-cpm", ["A"]) != xmr.owner("care-plan", ["A"])


def test_limits_that_no_percentage_can_pass_are_none():
    assert [xmr.shown_limit(v) for v in (104.2, 100, 99.6, 12, 0, -3, None)] == ["none", "none", "100%", "12%", "none", "none", "none"]
