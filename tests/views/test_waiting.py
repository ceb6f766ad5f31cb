"""How long children wait, against a table worked by hand, at the boundaries, and on random councils."""

from __future__ import annotations

from datetime import date, timedelta
from types import SimpleNamespace

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cpm_metrics import charts
from cpm_metrics.engine import compute_rows
from cpm_metrics.extracts.datasets import DATASETS
from cpm_metrics.views import waiting
from tests.oracle.children import random_council
from tests.test_properties import before
from tests.views.days import d

AS_AT = date(2026, 11, 20)
few = settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)


def case(child: str, started: str, *, agreed: str | None = None, achieved: str | None = None, ceased: str | None = None, plan: str | None = None, **more) -> dict:
    days = {"care_started": started, "permanence_agreed": agreed, "permanence_achieved": achieved, "care_ceased": ceased}
    named = {"permanence_plan": plan, "permanence_plan_text": plan and plan.title()}
    return {"child_id": child, "team": "North"} | {name: d(day) for name, day in days.items() if day} | named | more


def results_of(*cases: dict, as_at: date = AS_AT, without: tuple[str, ...] = (), **more):
    columns = {"cases": [f.name for f in DATASETS["cases"].fields if f.name not in without]}
    return compute_rows({"cases": cases} | more, as_at, columns=columns)


def one(results, stage: str):
    return next(waiting.rows(results, stage).itertuples())


def waits(*pairs: tuple[int, str]) -> pd.DataFrame:
    """Rows of so many days and this fate; what `curve` reads."""
    return pd.DataFrame(pairs, columns=["days", "fate"])


# -- the estimate

# Ten waits in days; + is cut short. Worked by hand: at risk n, ended d, share S = product of (1 - d/n).
#   day 0: 10        1
#   30:    10  1     0.9
#   60:     9  2     0.9 x 7/9           = 0.7
#   90+:    7  0     0.7
#   120:    6  1     0.7 x 5/6           = 0.58333…
#   120+:   (the same day: still at risk on it)
#   150:    4  1     0.58333… x 3/4      = 0.4375
#   200+:   3  0     0.4375
#   240:    2  1     0.4375 x 1/2        = 0.21875
#   300+:   1  0     0.21875
TEN = waits((30, "done"), (60, "done"), (60, "done"), (90, "left"), (120, "done"), (120, "waiting"), (150, "done"), (200, "waiting"), (240, "done"), (300, "waiting"))


def test_the_curve_is_the_one_worked_by_hand():
    found = waiting.curve(TEN)
    assert (found.n, found.done) == (10, 6)
    steps = found.steps.set_index("days")
    assert steps["at_risk"].to_dict() == {0: 10, 30: 10, 60: 9, 90: 7, 120: 6, 150: 4, 200: 3, 240: 2, 300: 1}
    assert steps["done"].to_dict() == {0: 0, 30: 1, 60: 2, 90: 0, 120: 1, 150: 1, 200: 0, 240: 1, 300: 0}
    expected = {0: 1, 30: 0.9, 60: 0.7, 90: 0.7, 120: 0.7 * 5 / 6, 150: 0.4375, 200: 0.4375, 240: 0.21875, 300: 0.21875}
    assert steps["share"].to_dict() == pytest.approx(expected)
    assert found.median == 150  # the first day by which at most half still wait
    assert [found.at_risk(day) for day in (0, 30, 31, 299, 300, 301)] == [10, 10, 9, 1, 1, 0]
    assert found.share(59)[0] == pytest.approx(0.9)
    assert found.share(60)[0] == pytest.approx(0.7)
    assert found.share(301) is None


def test_a_published_example():
    """Freireich and others (1963), 6-MP arm, weeks of remission of 21 patients, as in every textbook: median 23, survival 0.857 at 6 weeks,
    0.690 at 13, 0.448 at 23; the median's 95% interval by log-log begins at 13 and has no end."""
    done, cut = [6, 6, 6, 7, 10, 13, 16, 22, 23], [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
    found = waiting.curve(waits(*((week, "done") for week in done), *((week, "left") for week in cut)))
    steps = found.steps.set_index("days")
    assert steps.loc[[6, 7, 10, 13, 16, 22, 23], "share"].round(3).tolist() == [0.857, 0.807, 0.753, 0.690, 0.627, 0.538, 0.448]
    assert steps.loc[[6, 7, 10, 13, 16, 22, 23], "at_risk"].tolist() == [21, 17, 15, 12, 11, 7, 6]
    assert (found.median, found.median_low, found.median_high) == (23, 13, None)
    assert steps.loc[6, ["low", "high"]].round(3).tolist() == [0.620, 0.952]
    assert "its end can’t be said yet" in waiting.median_words(found, "plan", AS_AT, 10)


def test_those_still_waiting_are_not_left_out():
    """Five had it after 100 days, fifteen have waited 400 days: an average of the finished would say 100; fewer than half have it."""
    found = waiting.curve(waits(*[(100, "done")] * 5, *[(400, "waiting")] * 15))
    assert found.median is None
    assert waiting.median_words(found, "plan", AS_AT, 10).endswith("can’t be said yet: fewer than half have.")
    assert found.share(400)[0] == pytest.approx(0.75)


@pytest.mark.parametrize("n", [2, 4, 6, 10, 34, 70])
def test_exactly_half_is_half(n):
    """Fractions multiplied may come out a hair above a half."""
    found = waiting.curve(waits(*((day, "done") for day in range(1, n + 1))))
    assert found.median == n // 2


@pytest.mark.parametrize("pairs", [[(50, "waiting")], [(0, "waiting"), (0, "left")], [(0, "done")], [(7, "done")] * 3])
def test_curves_at_the_edge(pairs):
    """Nobody had it; nobody has waited at all; all had it on one day: shares and limits are numbers from 0 to 1, and the figure is drawn."""
    found = waiting.curve(waits(*pairs))
    limits = found.steps[["share", "low", "high"]]
    assert limits.notna().all().all()
    assert ((limits >= 0) & (limits <= 1)).all().all()
    assert (found.steps["low"] <= found.steps["share"] + 1e-9).all()
    assert (found.steps["high"] >= found.steps["share"] - 1e-9).all()
    assert found.steps["days"].iloc[0] == 0
    assert len(charts.waiting_curve(found, "plan", AS_AT, 10).data)
    assert charts.waiting_words(found, "plan", AS_AT, 10)
    assert waiting.curve(waits((5, "unknown"))) is None


def test_the_figure_has_the_number_at_risk_below_each_month():
    """A council's curve: each number below the axis is how many waited at least as many days as those months had before the as-at date."""
    found = waiting.curve(waits(*((day, "done" if day % 3 else "waiting") for day in range(10, 700, 7))))
    figure = charts.waiting_curve(found, "plan", AS_AT, 10)
    places, months = list(figure.layout.xaxis.tickvals), [int(text) for text in figure.layout.xaxis.ticktext]
    assert places == [waiting.days_of(n, AS_AT) for n in months]
    below = {note.x: note.text for note in figure.layout.annotations if note.yshift == -84}
    assert below == {place: str(sum(1 for day in range(10, 700, 7) if day >= place)) for place in places}


def test_a_median_is_not_told_where_hardly_anyone_was_still_in_view():
    """Fifty-one of sixty left early; when half would have had it two were in view: no median, as one child would move it. A dozen waits that
    all ended well are enough."""
    crowd = waiting.curve(waits(*[(20, "left")] * 57, (90, "done"), (95, "done"), (99, "waiting")))
    assert not waiting.enough(crowd, 10)
    assert "most left care first" in waiting.median_words(crowd, "plan", AS_AT, 10)
    assert waiting.median_cell(crowd, AS_AT, 10) == "too few"
    assert waiting.enough(waiting.curve(waits(*((day, "done") for day in range(80, 92)))), 10)
    assert not waiting.enough(waiting.curve(waits(*((day, "done") for day in range(80, 89)))), 10)


# -- who is in it, and how each wait ends


def test_how_each_wait_ends():
    """Worked by hand for 20 November 2026, for both stages."""
    found = results_of(
        case("AGREED", "2026-01-05", agreed="2026-04-05", plan="adoption"),  # 90 days; waits for it to be achieved: 229 days
        case("WAITS", "2026-01-05"),  # 319 days
        case("LEFT", "2026-01-05", ceased="2026-03-06"),  # 60 days
        case("BOTH", "2026-01-05", agreed="2026-02-04", achieved="2026-06-04", ceased="2026-06-04", plan="adoption"),  # 30 days; 120 days, and left on that day
        case("HOME", "2026-01-05", agreed="2026-02-04", ceased="2026-03-06", plan="return_home"),  # 30 days; left after 30
    )
    plan = {row.child_id: (row.fate, row.days) for row in waiting.rows(found, "plan").itertuples()}
    assert plan == {"AGREED": ("done", 90), "WAITS": ("waiting", 319), "LEFT": ("left", 60), "BOTH": ("done", 30), "HOME": ("done", 30)}
    achieved = {row.child_id: (row.fate, row.days) for row in waiting.rows(found, "achieved").itertuples()}
    assert achieved == {"AGREED": ("waiting", 229), "BOTH": ("done", 120), "HOME": ("left", 30)}
    assert waiting.rows(found, "plan")["child_id"].iloc[0] == "WAITS"  # the longest first


def test_what_came_after_the_as_at_date_has_not_come():
    """Agreed, achieved and left after it: still waiting, for as long as until the as-at date."""
    later = case("A", "2026-01-05", agreed="2026-04-05", achieved="2026-06-04", ceased="2026-09-01", plan="adoption")
    assert (lambda r: (r.fate, r.days))(one(results_of(later, as_at=d("2026-04-04")), "plan")) == ("waiting", 89)
    assert (lambda r: (r.fate, r.days))(one(results_of(later, as_at=d("2026-04-05")), "plan")) == ("done", 90)
    assert (lambda r: (r.fate, r.days))(one(results_of(later, as_at=d("2026-06-03")), "achieved")) == ("waiting", 59)
    assert not len(waiting.rows(results_of(later, as_at=d("2026-04-04")), "achieved"))


@pytest.mark.parametrize(
    ("record", "stage", "reason"),
    [
        (case("A", "2026-01-05", plan="adoption"), "plan", "a plan is named"),
        (case("A", "2026-01-05", plan="adoption"), "achieved", "a plan is named"),
        (case("A", "2026-01-05", achieved="2026-06-01"), "plan", "is not recorded"),
        (case("A", "2026-01-05", achieved="2026-06-01"), "achieved", "is not recorded"),
        (case("A", "2026-01-05", agreed="2026-01-04"), "plan", "before this period of care began"),
        (case("A", "2026-01-05", agreed="2026-01-04"), "achieved", "before this period of care began"),
        (case("A", "2026-01-05", agreed="2026-04-05", achieved="2026-04-04"), "achieved", "before the plan was agreed"),
        (case("A", "2026-01-05", agreed="2026-04-05", start_unknown=True), "plan", "the extract begins later"),
        (case("A", "2026-01-05", ceased="2026-01-04"), "plan", "care ended before it began"),
    ],
)  # fmt: skip
def test_what_cannot_be_told_is_left_out_counted_and_said(record, stage, reason):
    frame = waiting.rows(results_of(record), stage)
    assert frame["fate"].tolist() == ["unknown"]
    assert reason in frame["needs"].iloc[0]
    assert frame["days"].isna().all()
    assert waiting.curve(frame) is None
    assert waiting.counts(frame) == {"waiting": 0, "done": 0, "left": 0, "unknown": 1}


def test_days_that_are_edges_and_no_mistakes():
    """Agreed on the day care began; achieved on the day it was agreed, and on the day of leaving. The start of care unknown hides the first
    wait only. Agreed after leaving: left without, and said."""
    same = results_of(case("A", "2026-01-05", agreed="2026-01-05", achieved="2026-01-05", ceased="2026-01-05"))
    assert [(one(same, stage).fate, one(same, stage).days) for stage in waiting.STAGES] == [("done", 0), ("done", 0)]
    unknown = results_of(case("A", "2026-01-05", agreed="2026-04-05", start_unknown=True))
    assert (one(unknown, "achieved").fate, one(unknown, "achieved").days) == ("waiting", 229)
    after = results_of(case("A", "2026-01-05", agreed="2026-04-05", ceased="2026-03-06"))
    row = one(after, "plan")
    assert (row.fate, row.days, row.late_event.date()) == ("left", 60, d("2026-04-05"))
    assert not len(waiting.rows(after, "achieved"))


def test_a_period_with_no_end_before_a_later_one_waits_for_nothing():
    """Two periods of one child, the first never ended: how long its wait was isn't known."""
    frame = waiting.rows(results_of(case("A", "2024-01-05"), case("A", "2026-01-05")), "plan")
    assert sorted(zip(frame["care_started"].dt.year, frame["fate"], strict=True)) == [(2024, "unknown"), (2026, "waiting")]


def test_short_breaks_are_left_out():
    assert not len(waiting.rows(results_of(case("A", "2026-01-05", legal_status="V4", legal_code="V4")), "plan"))


def test_a_column_that_was_never_loaded_is_said_once():
    frame = waiting.rows(results_of(case("A", "2026-01-05"), without=("permanence_agreed",)), "plan")
    assert waiting.not_loaded(frame) == "the column “Permanence plan agreed date” is not in the extract"
    missing = results_of(case("A", "2026-01-05", agreed="2026-04-05"), without=("permanence_achieved",))
    assert waiting.not_loaded(waiting.rows(missing, "plan")) is None
    assert "Permanence achieved date" in waiting.not_loaded(waiting.rows(missing, "achieved"))


def test_the_team_when_the_wait_began_and_the_team_now():
    """The first team held the child when care began and when the plan was agreed, the second holds it now."""
    moved = [
        {"child_id": "A", "team": "First", "worker": "Wren", "allocation_start": d("2026-01-05"), "allocation_end": d("2026-05-01")},
        {"child_id": "A", "team": "Second", "worker": "Heron", "allocation_start": d("2026-05-02")},
    ]
    found = results_of(case("A", "2026-01-05", agreed="2026-04-05"), case("B", "2026-02-02", team="Third"), allocations=moved)
    rows = waiting.rows(found, "plan").set_index("child_id")
    assert rows.loc["A", ["team", "team_then"]].tolist() == ["Second", "First"]
    assert rows.loc["B", ["team", "team_then"]].tolist() == ["Third", "Third"]
    assert list(waiting.of_teams(rows.reset_index(), ["First"], "team_then")["child_id"]) == ["A"]
    assert list(waiting.by_team(rows.reset_index(), AS_AT, 1)["team"]) == ["First", "Third"]


def test_no_team_recorded_stands_in_the_table():
    rows = waiting.rows(results_of(case("A", "2026-01-05", team=None), case("B", "2026-02-02")), "plan")
    table = waiting.by_team(rows, AS_AT, 10)
    assert list(table["team"]) == ["North", "Not recorded"]
    assert table["periods"].sum() == len(rows)


# -- whom the extract can show


def test_from_when_on_children_who_left_are_in_the_extract():
    """Ends in 2012 (one that strayed in), then every year from 2023: whole from the first of those. None of the last year: not whole at all."""
    ends = ["2012-05-01", "2023-06-01", "2024-05-31", "2025-03-01", "2026-02-01"]
    cases = [case(f"C{at}", "2010-01-05", ceased=end) for at, end in enumerate(ends)]
    assert waiting.coverage(results_of(*cases)) == waiting.Coverage(d("2023-06-01"), 5)
    assert waiting.coverage(results_of(*cases, as_at=d("2024-05-31"))).since == d("2023-06-01")
    assert waiting.coverage(results_of(*cases[:1])).since is None
    assert waiting.coverage(results_of(case("A", "2026-01-05"))) == waiting.Coverage(None, 0)
    # The end of an earlier period of a child back in care doesn't say that leavers of that time are there.
    back = [case("B", "2015-01-05", ceased="2022-09-01"), case("B", "2024-01-05")]
    assert waiting.coverage(results_of(*cases, *back)) == waiting.Coverage(d("2023-06-01"), 5)
    # A year to the day is not a year without one.
    pair = [case("A", "2010-01-05", ceased="2025-11-20"), case("B", "2010-01-05", ceased="2024-11-20")]
    assert waiting.coverage(results_of(*pair)).since == d("2024-11-20")
    pair[1]["care_ceased"] = d("2024-11-19")
    assert waiting.coverage(results_of(*pair)).since == d("2025-11-20")


def test_who_began_before_then_is_not_in_the_default_figure():
    """An extract of the children in care now and those who left in the last year: of those who came in earlier only the long stayers are seen."""
    cases = [case("OLD", "2020-01-05"), case("NEW", "2026-01-05", agreed="2026-04-05"), case("GONE", "2025-12-01", ceased="2026-01-01"), case("WHEN", "2019-01-05", plan="adoption")]
    found = results_of(*cases)
    rows = waiting.rows(found, "plan")
    day = waiting.coverage(found).since
    assert day == d("2026-01-01")
    assert set(waiting.since(rows, day)["child_id"]) == {"NEW", "WHEN"}  # the unknown one stays counted as unknown
    assert waiting.counts(waiting.since(rows, day)) == {"waiting": 0, "done": 1, "left": 0, "unknown": 1}


def test_years_begin_in_april():
    assert [waiting.year_of(d(day)) for day in ("2026-03-31", "2026-04-01", "2026-12-31")] == [2025, 2026, 2026]
    assert (waiting.year_words(2025), waiting.year_words(1999)) == ("2025/26", "1999/00")
    rows = waiting.rows(results_of(case("A", "2026-03-31"), case("B", "2026-04-01"), case("C", "2026-04-02", plan="adoption")), "plan")
    table = waiting.by_year(rows, AS_AT, 10, d("2026-04-01"))
    assert table[["words", "periods", "waiting", "whole", "median"]].values.tolist() == [["2026/27", 1, 1, True, "too few"], ["2025/26", 1, 1, False, "too few"]]


def test_plans_that_nobody_is_recorded_to_achieve():
    """Ten with return home, none achieved: said. Nine with adoption: too few to say. Fostering: one did."""
    cases = [case(f"H{n}", "2025-01-06", agreed="2025-04-06", ceased="2025-09-01", plan="return_home") for n in range(10)]
    cases += [case(f"A{n}", "2025-01-06", agreed="2025-04-06", plan="adoption") for n in range(9)]
    cases += [case(f"F{n}", "2025-01-06", agreed="2025-04-06", achieved="2025-09-01" if not n else None, plan="long_term_fostering") for n in range(10)]
    assert waiting.never_achieved(waiting.rows(results_of(*cases), "achieved"), 10) == ["Return home"]


# -- months


def test_months_are_calendar_months_back_from_the_as_at_date():
    """From 20 November: one month back is 20 October (31 days), two are 20 September (61), twelve are 365 or 366."""
    assert [waiting.days_of(n, AS_AT) for n in (0, 1, 2, 9, 12)] == [0, 31, 61, 273, 365]
    assert [waiting.months_of(days, AS_AT) for days in (0, 1, 30, 31, 32, 61, 62, 365, 366)] == [0, 1, 1, 1, 2, 2, 3, 12, 13]
    assert waiting.spelled(61, AS_AT) == "2 months (61 days)"
    assert waiting.whole_months(d("2026-01-31"), d("2026-02-28")) == 1
    assert waiting.whole_months(d("2026-01-31"), d("2026-02-27")) == 0
    assert waiting.whole_months(d("2024-02-29"), d("2025-02-28")) == 12


@given(st.integers(0, 6000), st.dates(date(2020, 1, 1), date(2030, 12, 31)))
@settings(max_examples=200, deadline=None)
def test_a_number_of_days_is_within_its_months_and_not_within_one_less(days, as_at):
    n = waiting.months_of(days, as_at)
    assert waiting.days_of(n, as_at) >= days
    assert n == 0 or waiting.days_of(n - 1, as_at) < days


# -- on any data


@few
@given(st.integers(0, 1_000_000))
def test_nothing_after_the_as_at_date_matters_and_nobody_is_lost(seed):
    """Taking away what came later changes no wait; every period of care stands once in the first stage; each part of the council adds up."""
    tables = random_council(seed, 30, date(2026, 3, 31) + timedelta(days=60))
    as_at = date(2026, 3, 31)
    whole, cut = compute_rows(tables, as_at), compute_rows(before(tables, as_at), as_at)
    for stage in waiting.STAGES:
        rows = waiting.rows(whole, stage)
        columns = ["child_id", "care_started", "fate", "days"]
        assert rows[columns].astype(str).values.tolist() == waiting.rows(cut, stage)[columns].astype(str).values.tolist()
        assert not rows.duplicated(["child_id", "care_started"]).any()
        assert sum(waiting.counts(rows).values()) == len(rows)
        known = rows[rows["fate"] != "unknown"]
        assert (known["days"] >= 0).all()
        assert (known["ended"] <= pd.Timestamp(as_at)).all()
        teams = waiting.by_team(rows, as_at, 10)
        assert not len(rows) or teams[["done", "left", "waiting", "unknown"]].sum().sum() == len(rows)
        found = waiting.curve(rows)
        if found is not None:
            assert found.steps["share"].is_monotonic_decreasing
            assert found.steps["done"].sum() == found.done == (rows["fate"] == "done").sum()
    assert len(waiting.rows(whole, "plan")) == whole.rows("SELECT count(*) FROM periods")[0][0]
    agreed = whole.rows("SELECT count(*) FROM periods WHERE permanence_agreed >= care_started AND permanence_agreed <= coalesce(care_ceased, as_at()) AND NOT start_unknown AND coalesce(care_ceased, as_at()) >= care_started")[0][0]
    assert waiting.counts(waiting.rows(whole, "plan"))["done"] == agreed


def test_the_estimate_against_one_counted_differently():
    """Each day's share by counting heads, without a library, on a council's waits."""
    tables = random_council(11, 120, date(2026, 3, 31))
    rows = waiting.rows(compute_rows(tables, date(2026, 3, 31)), "plan")
    known = [SimpleNamespace(days=int(r.days), done=r.fate == "done") for r in rows.itertuples() if r.fate != "unknown"]
    found = waiting.curve(rows)
    share = 1.0
    for day in range(max(w.days for w in known) + 1):
        at_risk = sum(w.days >= day for w in known)
        share *= 1 - sum(w.done and w.days == day for w in known) / at_risk
        assert found.share(day)[0] == pytest.approx(share, abs=1e-9)
        assert found.at_risk(day) == at_risk


def test_each_wait_in_a_sentence():
    found = results_of(
        case("A", "2026-01-05"), case("B", "2026-01-05", agreed="2026-04-05", plan="adoption"), case("C", "2026-01-05", ceased="2026-03-06", agreed="2026-04-05"), case("D", "2026-01-05", plan="adoption"),
    )  # fmt: skip
    rows = waiting.rows(found, "plan")
    assert dict(zip(rows["child_id"], waiting.sentences(rows, "plan"), strict=True)) == {
        "A": "Came into care on 5 Jan 2026; no permanence plan agreed by 20 Nov 2026, after 319 days.",
        "B": "Came into care on 5 Jan 2026; a permanence plan was agreed on 5 Apr 2026, after 90 days.",
        "C": "Came into care on 5 Jan 2026; left care on 6 Mar 2026, after 60 days, before a permanence plan was agreed. It is recorded for 5 Apr 2026, after the end of care.",
        "D": "Came into care on 5 Jan 2026; how long the wait was can’t be told: a plan is named, but not the day it was agreed.",
    }
    later = waiting.rows(found, "achieved")
    assert waiting.sentences(later[later["child_id"] == "B"], "achieved") == ["Permanence plan agreed on 5 Apr 2026 (Adoption); not achieved by 20 Nov 2026, after 229 days."]
