"""The funnel plot: places and limits against the binomial distribution worked out with fractions, and the counts of the contract."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction
from math import comb

import numpy as np
import pytest

from cpm_metrics import charts, views
from cpm_metrics.engine import compute_rows
from cpm_metrics.extracts.datasets import NOT_RECORDED
from cpm_metrics.settings import Settings
from cpm_metrics.views import funnel, teams

START, END = date(2025, 1, 1), date(2025, 12, 31)


def tails(k: int, n: int, rate: Fraction) -> tuple[Fraction, Fraction]:
    """The chances of k or fewer, and of k or more, of n: added up term by term."""
    terms = [comb(n, i) * rate**i * (1 - rate) ** (n - i) for i in range(n + 1)]
    return sum(terms[: k + 1]), sum(terms[k:])


def council(*teams_of: tuple[str | None, int, int], settings: Settings | None = None):
    """Teams of (name, on time, counted): each child has a first CPM a day after care began, or a month after."""
    cases, meetings = [], []
    for team, on_time, counted in teams_of:
        for number in range(counted):
            child, start = f"{team}-{number}", date(2025, 3, 3) + timedelta(days=number % 40)
            cases.append({"child_id": child, "care_started": start, "team": team, "worker": "Wren"})
            meetings.append({"meeting_id": f"M{child}", "child_id": child, "meeting_type": "cpm", "meeting_date": start + timedelta(days=1 if number < on_time else 31), "status": "held"})
    return compute_rows({"cases": cases, "meetings": meetings}, END, settings=settings)


def test_a_place_is_the_exact_tail():
    """Every possible result of teams up to 40, at three overall rates: below and above by the tails worked out with fractions."""
    for all_on_time, all_counted in ((50, 100), (95, 100), (7, 90)):
        rate = Fraction(all_on_time, all_counted)
        for n in (1, 10, 17, 40):
            for k in range(n + 1):
                few, many = tails(k, n, rate)
                wanted = "within"
                for tail, name in ((Fraction(1, 40), "inner"), (Fraction(1, 1000), "outer")):
                    if few < tail:
                        wanted = f"below_{name}"
                    elif many < tail:
                        wanted = f"above_{name}"
                assert funnel.place(k, n, all_on_time, all_counted) == wanted, (k, n, rate)


@pytest.mark.parametrize("rate", [0.05, 0.5, 0.78, 0.95, 0.999])
@pytest.mark.parametrize("tail", [funnel.INNER, funnel.OUTER])
def test_a_dot_is_beyond_the_curve_exactly_when_its_tail_is_that_small(rate, tail):
    """The drawn limits and the words never disagree, whatever the number counted."""
    numbers = np.array([1, 2, 10, 11, 25, 60])
    low, high = funnel.limits(rate, numbers, tail)
    for n, lower, upper in zip(numbers, low, high, strict=True):
        assert 0 <= lower <= upper <= 1
        for k in range(n + 1):
            few, many = tails(k, int(n), Fraction(rate))
            assert (k / n < lower) == (few < tail), (k, n)
            assert (k / n > upper) == (many < tail), (k, n)


def test_the_curves_narrow_as_more_is_counted():
    low, high = funnel.limits(0.8, np.linspace(10, 400, 200), funnel.OUTER)
    assert (np.diff(low) > 0).all()
    assert (np.diff(high) <= 1e-9).all()


def test_all_of_a_few_on_time_is_no_outlier():
    """10 of 10 where 95% are on time happens to 6 in 10 such teams: interpolated limits would name it."""
    assert funnel.place(10, 10, 95, 100) == "within"
    assert funnel.limits(0.95, np.array([10]), funnel.INNER)[1][0] == 1


def test_everything_on_time_has_no_limits():
    """At 100% (and at 0%) nobody can differ."""
    f = funnel.funnel(council(("North", 12, 12), ("South", 20, 20)), "initial-cpm", START, END)
    assert list(f.teams["place"]) == ["within", "within"]
    assert f.teams[["lower", "upper"]].isna().all().all()
    assert "None of the 2 teams compared differs" in funnel.words(f, teams.percent)[0]
    charts.funnel(f)


def test_the_counts_are_the_contracts_and_small_teams_are_not_compared():
    """Three teams, and two children of no team recorded: 30 of 30, 20 of 40, 9 of 9 (too few), and 0 of 2 that count in the rate of all alone."""
    results = council(("North", 30, 30), ("South", 20, 40), ("Tiny", 9, 9), (None, 0, 1), (NOT_RECORDED, 0, 1))
    f = funnel.funnel(results, "initial-cpm", START, END)
    contract = views.compliance(results, ["rule", "team"], START, END)
    contract = contract[(contract["rule"] == "initial-cpm") & contract["team"].isin(["North", "South", "Tiny"])]
    assert f.teams[["team", *teams.COUNTS]].values.tolist() == contract[["team", *teams.COUNTS]].values.tolist()
    whole = views.compliance(results, "rule", START, END).set_index("rule").loc["initial-cpm"]
    assert (f.on_time, f.counted, f.no_team) == (whole["on_time"], whole["counted"], 2) == (59, 81, 2)
    assert list(f.teams["team"]) == ["North", "South", "Tiny"]
    assert list(f.teams["place"]) == [funnel.place(30, 30, 59, 81), funnel.place(20, 40, 59, 81), "too_few"] == ["above_outer", "below_inner", "too_few"]
    assert f.teams["rate"].isna().tolist() == [False, False, True]
    said = funnel.words(f, teams.percent)
    assert "1 team with fewer than 10 counted is not compared" in said[0]
    assert said[1:] == ["North: 100% (30 of 30), higher than chance explains.", "South: 50% (20 of 40), lower, perhaps by chance."]


def test_chosen_teams_are_compared_with_all_of_them():
    """A filter changes who is shown, never the rate around which they lie."""
    results = council(("North", 30, 30), ("South", 20, 40))
    f = funnel.funnel(results, "initial-cpm", START, END, ["South"])
    assert list(f.teams["team"]) == ["South"]
    assert (f.on_time, f.counted, f.all_teams) == (50, 70, 2)


def test_the_smallest_number_is_the_authoritys():
    results = council(("North", 8, 8), ("South", 3, 8), settings=Settings({"general.smallest_counted": 8}))
    assert "too_few" not in set(funnel.funnel(results, "initial-cpm", START, END).teams["place"])


def test_names_are_no_markup_in_the_chart():
    """A team called <b>North</b> is drawn with its angle brackets."""
    figure = charts.funnel(funnel.funnel(council(("<b>North</b>", 30, 30), ("South", 10, 40)), "initial-cpm", START, END))
    drawn = str(figure.to_dict())
    assert "&lt;b&gt;North" in drawn
    assert "<b>North" not in drawn
