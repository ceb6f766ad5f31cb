"""Proceedings: weeks, filing dates, what the final plan lacks and how long they took; by hand, and against the command line's frames."""

from datetime import date, timedelta

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cpm_metrics.charts import proceedings as figures
from cpm_metrics.engine import compute_rows
from cpm_metrics.settings import Limit, Settings
from cpm_metrics.views import contract
from cpm_metrics.views import proceedings as court
from tests.oracle.children import random_council

START = date(2026, 1, 5)
ISSUED = date(2026, 1, 12)
few = settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)


def computed(as_at, proceedings, meetings=(), cases=None, columns=None, **more):
    """Child A, in care from 5 January with North, unless `cases` says otherwise."""
    rows = cases or [{"child_id": "A", "care_started": START, "team": "North", "worker": "Wren", "forename": "Ada", "surname": "Ash"}]
    tables = {"cases": rows, "meetings": [{"child_id": "A", "meeting_type": "final_plan_cpm"} | m for m in meetings], **more}
    if proceedings is not None:
        tables["proceedings"] = [{"child_id": "A", "issued": ISSUED} | p for p in proceedings]
    return compute_rows(tables, as_at, columns=columns)


def one(results):
    (row,) = court.all_proceedings(results).itertuples()
    return row


@pytest.mark.parametrize(("as_at", "week", "grade"), [
    (ISSUED, 1, ""), (ISSUED + timedelta(days=6), 1, ""), (ISSUED + timedelta(days=7), 2, ""), (date(2026, 5, 31), 20, ""), (date(2026, 6, 1), 21, "amber"),
    (date(2026, 7, 12), 26, "amber"), (date(2026, 7, 13), 27, "red"),
])  # fmt: skip
def test_the_edges_of_the_weeks(as_at, week, grade):
    """Week 20 ends on a Sunday, week 26 too: the same edges as the indicator's and as the rule's 181 days."""
    results = computed(as_at, [{}])
    row = one(results)
    assert (row.week, row.grade, row.state) == (week, grade, "open")
    assert row.week26.date() == date(2026, 7, 12) == row.weeks_due.date()
    assert (row.weeks_status == "overdue") == (week > 26)
    flags = contract.indicators(results).query("indicator == 'proceedings-long'")
    assert flags["figure"].tolist() == ([week] if grade else [])


@pytest.mark.parametrize(("filing_in", "status", "ready", "words"), [
    (43, "upcoming", False, "○ due"), (42, "due_soon", True, "○ due"), (14, "due_soon", True, "○ due"), (13, "overdue", True, "▲ 1 day overdue"), (-1, "overdue", True, "▲ 15 days overdue"),
])  # fmt: skip
def test_two_weeks_before_filing(filing_in, status, ready, words):
    """The CPM falls due 14 days before filing: on that day not overdue, a day later it is; ready-list 28 days ahead, that day included."""
    as_at = date(2026, 3, 2)
    row = one(computed(as_at, [{"plan_due": as_at + timedelta(days=filing_in)}]))
    assert (row.cpm_status, row.ready) == (status, ready)
    assert row.cpm.startswith(words)
    assert row.cpm_due.date() == as_at + timedelta(days=filing_in - 14)
    assert row.filing == ("▲ 1 day past, not filed" if filing_in < 0 else f"in {filing_in} days")


def test_the_ready_list_follows_its_setting():
    """“Due soon” of one week: the list looks one week ahead."""
    as_at = date(2026, 3, 2)
    tables = {"cases": [{"child_id": "A", "care_started": START}], "meetings": [], "proceedings": [{"child_id": "A", "issued": ISSUED, "plan_due": as_at + timedelta(days=22)}]}
    short = Settings({"general.due_soon": Limit(1, "weeks")})
    assert not one(compute_rows(tables, as_at, settings=short)).ready
    assert one(compute_rows(tables, as_at)).ready
    assert court.horizon(compute_rows(tables, as_at, settings=Settings({"general.due_soon": Limit(5, "working days")}))) == date(2026, 3, 9)


def test_held_in_time_but_not_filed_stays_on_the_list_until_it_is():
    """The CPM is done; the filing date is near: still to be watched. Filed: off the list."""
    as_at = date(2026, 3, 2)
    full = {"la_assessment": date(2026, 2, 1), "experts_commissioned": False, "plan_due": date(2026, 3, 10)}
    meeting = {"meeting_date": date(2026, 2, 24), "chair_role": "service_manager", "chair": "Eve", "attendee_roles": ["social_worker", "team_manager", "fostering", "parenting_assessor", "contact_centre_manager"],
               **{f"considered_{name}": True for name in ("parents", "connected", "outside_family", "contact", "evidence")}}  # fmt: skip
    row = one(computed(as_at, [full], [meeting]))
    assert (row.ready, row.missing, row.cpm) == (True, "✓ only the filing", "✓ held 24 Feb 2026, in time")
    assert (row.chair, row.considerations, row.attendance, row.la, row.experts) == ("✓ Service manager, Eve", "✓ all five", "✓ all who must", "✓ 1 Feb 2026", "– none commissioned")
    filed = one(computed(as_at, [full | {"plan_filed": date(2026, 3, 1)}], [meeting]))
    assert (filed.ready, filed.missing, filed.filing) == (False, "", "✓ filed 1 Mar 2026")


def test_what_is_missing_stands_in_words():
    """Late meeting, wrong chair, one consideration refused, two absent, nothing assessed: all said, in the rules' own words."""
    as_at = date(2026, 3, 2)
    meeting = {"meeting_date": date(2026, 2, 26), "chair_role": "team_manager", "attendee_roles": ["social_worker", "team_manager", "fostering"],
               **{f"considered_{name}": name != "contact" for name in ("parents", "connected", "outside_family", "contact", "evidence")}}  # fmt: skip
    row = one(computed(as_at, [{"plan_due": date(2026, 3, 10), "experts_commissioned": True}], [meeting]))
    assert row.cpm == "◆ held 26 Feb 2026, 2 days late"
    assert row.missing == (
        "LA assessment outstanding; expert assessments outstanding; not chaired by a service manager; not considered: proposed contact and transition; absent: parenting assessor, contact centre manager"
    )
    assert row.missing in row.why


def test_booked_in_time_and_after_the_date():
    as_at = date(2026, 3, 2)
    assert one(computed(as_at, [{"plan_due": date(2026, 3, 30)}], [{"meeting_date": date(2026, 3, 16)}])).cpm == "○ booked 16 Mar 2026, due 16 Mar 2026"
    late = one(computed(as_at, [{"plan_due": date(2026, 3, 30)}], [{"meeting_date": date(2026, 3, 17), "status": "booked", "chair_role": "service_manager"}]))
    assert late.cpm == "◆ booked 17 Mar 2026, after its date 16 Mar 2026"
    assert late.chair == "✓ Service manager (booked)"
    assert one(computed(as_at, [{"plan_due": date(2026, 3, 30)}], [{"meeting_date": date(2026, 3, 10), "status": "cancelled"}])).cpm == "○ due 16 Mar 2026, nothing booked"


def test_what_the_extracts_lack_is_cannot_tell():
    """No filing date recorded is one thing, no such column another; without the concluded date nobody knows what is open."""
    as_at = date(2026, 3, 2)
    blank = one(computed(as_at, [{}]))
    assert (blank.filing, blank.cpm_status, blank.ready) == ("? no filing date recorded", "cannot_tell", False)
    assert blank.experts == "? cannot tell if commissioned"
    columns = {"proceedings": ["child_id", "issued", "concluded"]}
    row = one(computed(as_at, [{}], columns=columns))
    assert (row.filing, row.la, row.experts) == ("? cannot tell: not in the extracts", "? cannot tell: not in the extracts", "? cannot tell if commissioned")
    frame = court.all_proceedings(computed(as_at, [{}], columns={"proceedings": ["child_id", "issued"]}))
    assert court.counts(frame) == dict.fromkeys(court.LISTS, 0) | {"unknown": 1}
    near = court.all_proceedings(computed(as_at, [{"plan_due": date(2026, 3, 10)}], columns={"proceedings": ["child_id", "issued", "plan_due", "plan_filed"]}))
    assert court.counts(near) == dict.fromkeys(court.LISTS, 0) | {"unknown": 1, "ready": 1, "cpm_overdue": 1}  # due at court, and not known to be over
    assert "whether they have concluded: cannot tell" in near["missing"].iloc[0]
    without_meetings = compute_rows({"cases": [{"child_id": "A", "care_started": START}], "proceedings": [{"child_id": "A", "issued": ISSUED, "plan_due": date(2026, 3, 20)}]}, as_at)
    assert one(without_meetings).cpm.startswith("? cannot tell")


def test_issued_before_care_began_is_listed_and_said_not_to_be_counted():
    """The rules count proceedings issued within a period of care. The others stand in the list with their dates and no status."""
    row = one(computed(date(2026, 3, 2), [{"issued": date(2026, 1, 2), "plan_due": date(2026, 3, 20)}]))
    assert (row.counted, pd.isna(row.cpm_status), row.cpm_due.date(), row.ready) == (False, True, date(2026, 3, 6), True)
    assert "do not count" in row.why
    frame = court.all_proceedings(computed(date(2026, 3, 2), [{"issued": date(2026, 1, 2)}]))
    assert court.counts(frame)["not_counted"] == 1
    unknown = one(computed(date(2026, 3, 2), [{"child_id": "Z"}]))
    assert (unknown.name, unknown.known_child) == ("Child Z", False)


def test_two_sets_issued_on_one_day_keep_their_own_status():
    """Neither is doubled, and each has the obligation of its own filing date."""
    results = computed(date(2026, 3, 2), [{"plan_due": date(2026, 5, 30)}, {"plan_due": date(2026, 3, 10)}, {}])
    frame = court.all_proceedings(results)
    assert sorted(frame["cpm_status"]) == ["cannot_tell", "overdue", "upcoming"]
    assert (frame["counted_due"].dropna() == frame.loc[frame["counted_due"].notna(), "plan_due"] - pd.Timedelta(days=14)).all()


def test_short_breaks_are_left_out():
    cases = [{"child_id": "A", "care_started": START, "legal_status": "V4", "legal_code": "V4"}]
    assert not len(court.all_proceedings(computed(date(2026, 3, 2), [{}], cases=cases)))


@few
@given(st.integers(0, 1_000_000))
def test_statuses_are_the_command_lines(seed):
    """Each obligation of the two rules stands on one row, and each row that is counted has them; flags are the amber and red of children in care."""
    as_at = date(2026, 3, 31)
    results = compute_rows(random_council(seed, 25, as_at), as_at)
    frame = court.all_proceedings(results)
    obligations = contract.obligations(results)
    counted = frame[frame["counted"]]
    for rule, due, status in (("final-plan-cpm", "counted_due", "cpm_status"), ("proceedings-26-weeks", "weeks_due", "weeks_status")):
        expected = obligations[obligations["rule"] == rule]
        said = sorted(map(str, expected[["child_id", "care_started", "anchor_date", "due_date", "status"]].values.tolist()))
        assert said == sorted(map(str, counted[["child_id", "care_started", "issued", due, status]].values.tolist()))
        assert frame.loc[~frame["counted"], status].isna().all()
    (known,) = results.rows("SELECT count(*) FROM proceedings_known WHERE child_id NOT IN (SELECT child_id FROM children WHERE left_out)")[0]
    assert len(frame) == known
    flags = contract.indicators(results)
    longest = frame[(frame["state"] == "open") & frame["in_care"]].groupby("child_id")["week"].max()
    raised = flags[(flags["indicator"] == "proceedings-long") & flags["child_id"].notna()].set_index("child_id")["figure"]
    assert raised.to_dict() == longest[longest > 20].to_dict()
    none = flags[(flags["indicator"] == "no-filing-date") & flags["child_id"].notna()]["child_id"]
    assert set(none) == set(court.select(frame, "no_date").query("in_care")["child_id"])
    counts = court.counts(frame)
    assert counts["open"] == counts["first"] + counts["amber"] + counts["red"]
    table = court.by_team(frame)
    assert {name: table[name].sum() for name in court.LISTS} == counts
    assert counts["cpm_overdue"] <= counts["ready"]
    for as_dark in (False, True):
        figures.weeks(court.select(frame, "open"), as_at, 20, 26, as_dark)


def test_how_long_they_took_with_those_still_open():
    """The last day of week 26 is within the limit, the next is not; open on 31 March counts by the week reached then, though concluded since."""
    as_at = date(2026, 11, 20)
    cases = [{"child_id": child, "care_started": START, "team": "North"} for child in "ABCDE"]
    proceedings = [
        {"child_id": "A", "concluded": date(2026, 7, 12)}, {"child_id": "B", "concluded": date(2026, 7, 13)}, {"child_id": "C"},
        {"child_id": "D", "issued": date(2026, 11, 20)}, {"child_id": "E", "issued": date(2026, 1, 1), "concluded": date(2026, 3, 31)},
    ]  # fmt: skip
    results = computed(as_at, proceedings, cases=cases)
    frame = court.all_proceedings(results)
    spans = {span.code: span for span in court.spans(as_at, frame["concluded"].min().date())}
    assert list(spans) == ["12m", "2026", "2025"]
    rows = court.lengths(results, frame, spans["12m"])
    assert court.length_table(results, rows).set_index("band").to_dict("index") == {
        "Weeks 1 to 20": {"concluded": 1, "open": 1}, "Weeks 21 to 26": {"concluded": 1, "open": 0}, "Weeks 27 to 39": {"concluded": 1, "open": 0},
        "Weeks 40 to 52": {"concluded": 0, "open": 1}, "Week 53 or later": {"concluded": 0, "open": 0},
    }  # fmt: skip
    assert court.in_limit(rows) == (1, 1, 1)  # E was issued before care began: in the bands, not in the rule
    before = court.lengths(results, frame, spans["2025"])
    assert before[["child_id", "kind", "week"]].values.tolist() == [["E", "concluded", 13], ["A", "open", 12], ["B", "open", 12], ["C", "open", 12]]
    assert court.in_limit(court.lengths(results, frame, spans["2026"])) == (1, 1, 0)


def test_an_interim_care_order_without_proceedings_is_inferred():
    """A has one and no proceedings, B has proceedings, C's order has ended, D left care."""
    cases = [{"child_id": child, "care_started": START, "team": "North", "care_ceased": date(2026, 2, 20) if child == "D" else None} for child in "ABCD"]
    orders = [{"child_id": child, "legal_status": "C1", "legal_code": "C1", "legal_status_start": START} for child in "ABCD"]
    orders.append({"child_id": "C", "legal_status": "C2", "legal_code": "C2", "legal_status_start": date(2026, 3, 2)})
    as_at = date(2026, 3, 2)
    found = court.inferred(computed(as_at, [{"child_id": "B"}], cases=cases, legal_statuses=orders))
    assert found[["child_id", "since"]].values.tolist() == [["A", pd.Timestamp(START)]]
    assert not court.loaded(computed(as_at, None, cases=cases))
    assert court.inferred(computed(as_at, None, cases=cases, legal_statuses=orders))["child_id"].tolist() == ["A", "B"]
    assert not len(court.inferred(computed(as_at, [], cases=cases, legal_statuses=orders), ["South"]))


def test_names_from_an_extract_are_no_markup_in_the_figure():
    cases = [{"child_id": "A", "care_started": START, "forename": "<b>Łu</b>", "surname": "*x*"}]
    frame = court.all_proceedings(computed(date(2026, 3, 2), [{"plan_due": date(2026, 3, 20)}], [{"meeting_date": date(2026, 2, 1)}], cases=cases))
    drawn = figures.weeks(frame, date(2026, 3, 2), 20, 26)
    assert drawn.layout.yaxis.ticktext[0].startswith("&lt;b&gt;Łu&lt;/b&gt;")
    assert not any("<b>Łu" in text for trace in drawn.data for text in trace.hovertext or ())
    assert "1 set of open proceedings" in figures.weeks_words(frame, date(2026, 3, 2), 20, 26)
