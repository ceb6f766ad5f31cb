"""The worklist: its rows, filters, order, siblings and calendar file, against the contract's frame and examples worked by hand."""

from __future__ import annotations

import random
import re
from datetime import date, timedelta

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from icalendar import Calendar

from cpm_metrics import ics
from cpm_metrics.engine import compute_rows
from cpm_metrics.views import contract, exceptions, look, this_week, worklist
from cpm_metrics.views.worklist import Chosen
from tests.oracle.children import random_council
from tests.views.days import d

AS_AT = date(2026, 3, 31)


def council(seed=4, children=14, as_at=AS_AT):
    """Random lives, in sibling groups of three but for every fourth child, who is in none."""
    tables = random_council(seed, children, AS_AT)
    rng = random.Random(seed)
    group = {row["child_id"]: f"SG{rng.randint(1, 4)}" if rng.random() < 0.75 else None for row in tables["cases"]}
    for row in tables["cases"]:
        row |= {"sibling_group": group[row["child_id"]], "team": rng.choice(["North", "South", None]), "worker": rng.choice(["Ann", "Ben", None]), "iro": rng.choice(["Ivy", None])}
    return compute_rows(tables, as_at)


@pytest.fixture(scope="module")
def results():
    return council()


@pytest.fixture(scope="module")
def rows(results):
    return exceptions.beside(worklist.rows(results), {})


def keys(frame: pd.DataFrame) -> list[str]:
    """Each row by what the contract has of it."""
    return sorted(str(row) for row in frame[["rule", "child_id", "care_started", "anchor_date", "due_date", "status", "days", "team", "worker", "why"]].astype("object").where(lambda f: f.notna(), None).itertuples(index=False, name=None))


def open_in(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[frame["status"].isin(["overdue", "due_soon", "upcoming", "cannot_tell"])]


@settings(max_examples=4, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([AS_AT, date(2025, 11, 5)]))
def test_every_open_obligation_of_the_command_line_stands_in_it_once(seed, as_at):
    """Also for an earlier as-at date, and for a team."""
    found = council(seed, 8, as_at)
    expected, listed = open_in(contract.obligations(found)), exceptions.beside(worklist.rows(found), {})
    assert keys(listed) == keys(expected)
    assert listed["obligation_id"].is_unique
    for siblings in (False, True):
        assert keys(worklist.chosen_rows(listed, Chosen(siblings=siblings), ["North"])) == keys(expected[expected["team"] == "North"])


@pytest.mark.parametrize("when", worklist.WHEN)
def test_the_windows_of_due_dates(rows, when):
    """Each against the due date alone; the four windows of overdue, and next 84 days with its boundary."""
    fits = set(worklist.chosen_rows(rows, Chosen(when=when, due_from=date(2026, 3, 1), due_to=date(2026, 4, 15)))["obligation_id"])

    def expected(row) -> bool:
        if pd.isna(row.due_date):
            return when in ("", "none")
        due, gone = row.due_date.date(), (AS_AT - row.due_date.date()).days
        return {
            "": True, "none": False, "between": date(2026, 3, 1) <= due <= date(2026, 4, 15), "overdue": row.status == "overdue",
            "overdue-28": row.status == "overdue" and gone <= 28, "overdue-90": row.status == "overdue" and 29 <= gone <= 90, "overdue-more": row.status == "overdue" and gone > 90,
            **{f"next-{n}": row.status in ("due_soon", "upcoming") and 0 <= -gone <= n for n in (7, 14, 28, 84)},
        }[when]  # fmt: skip

    assert fits == {row.obligation_id for row in rows.itertuples() if expected(row)}


def test_the_windows_of_overdue_are_all_of_it(rows):
    parts = [worklist.chosen_rows(rows, Chosen(when=when)) for when in ("overdue-28", "overdue-90", "overdue-more")]
    assert sum(map(len, parts)) == len(worklist.chosen_rows(rows, Chosen(status=("overdue",)))) > 0


def test_filters_add_up(rows):
    """By status, rule, level, social worker (also one that isn't recorded), IRO and care: the parts together are the whole."""
    for name, column, values in (
        ("status", "status", look.OPEN), ("level", "level", list(look.LEVEL)), ("rule", "rule", sorted(set(rows["rule"]))),
        ("worker", "worker_now", worklist.choices(rows, "worker_now")), ("iro", "iro", worklist.choices(rows, "iro")),
    ):  # fmt: skip
        parts = [worklist.chosen_rows(rows, Chosen(**{name: (value,)})) for value in values]
        assert sum(map(len, parts)) == len(rows), name
        for value, part in zip(values, parts, strict=True):
            assert set(part[column].fillna("")) <= {value}
    assert sum(len(worklist.chosen_rows(rows, Chosen(care=care))) for care in ("now", "left")) == len(rows)
    assert worklist.choices(rows, "worker_now", ["Zoe", "", "ann"]) == [*sorted({*rows["worker_now"].dropna(), "Zoe", "ann"}, key=str.casefold), ""]


@pytest.mark.parametrize("order", worklist.ORDERS)
def test_orders_lose_nothing_and_siblings_stand_together(rows, order):
    """Every order holds every row; with siblings together a group's rows have no gap, nor a child's within it, and say how many."""
    plain = worklist.in_order(rows, order)
    grouped = worklist.in_order(rows, order, siblings=True)
    assert sorted(plain["obligation_id"]) == sorted(grouped["obligation_id"]) == sorted(rows["obligation_id"])
    family = grouped["sibling_group"].fillna("alone " + grouped["child_id"])
    for column in (family, family + "/" + grouped["child_id"]):
        runs = column[column != column.shift()]
        assert runs.is_unique
    for row in grouped.drop_duplicates("sibling_group").itertuples():
        mine = grouped[grouped["sibling_group"] == row.sibling_group]
        if row.family:
            here = mine["child_id"].nunique()
            assert row.family == f"{row.sibling_group}: {here} of {max(here, row.siblings)} children, {look.count(len(mine), 'row')}"
    assert (grouped.loc[grouped["sibling_group"].isna(), "family"] == "").all()
    first = grouped.drop_duplicates("child_id")["child_id"].iloc[0]
    assert first == plain["child_id"].iloc[0]


def test_overdue_comes_first_the_newest_or_the_oldest(rows):
    recent, oldest = worklist.in_order(rows, "recent"), worklist.in_order(rows, "oldest")
    for frame, ascending in ((recent, True), (oldest, False)):
        late = frame[frame["status"] == "overdue"]
        assert list(late.index) == list(range(len(late)))
        assert list(late["days"]) == sorted(late["days"], reverse=not ascending)
        soon = frame[frame["status"] == "due_soon"]
        assert list(soon["days_left"]) == sorted(soon["days_left"])


def test_what_is_kept_of_a_view_comes_back_and_what_is_unknown_does_no_harm():
    chosen = Chosen(("overdue",), ("care-plan",), ("local",), ("Ann", ""), ("Ivy",), "between", date(2026, 1, 1), None, "now", True, "with", "rule", True)
    assert Chosen.of(chosen.plain()) == chosen
    assert Chosen.of({}) == Chosen()
    assert Chosen.of({"status": ["nonsense", 3], "rule": "care-plan", "when": [], "due_from": "soon", "order": None, "siblings": "yes", "new": 1}) == Chosen()


def test_with_and_without_an_exception_are_all(rows):
    some = rows.assign(exception=[pd.Timestamp("2026-12-01") if at % 3 == 0 else pd.NaT for at in range(len(rows))])
    parts = [worklist.with_exception(some, shown) for shown in ("with", "without")]
    assert len(parts[0]) + len(parts[1]) == len(worklist.with_exception(some, "all")) == len(rows)
    assert parts[0]["exception"].notna().all()


def test_a_row_finds_itself_again(results, rows):
    """What a note is kept under leads back to the row, for every open obligation."""
    abouts = [exceptions.about(row) for row in rows.to_dict("records")]
    found = exceptions.match(results, abouts)
    assert all(number in found[about].open for about, number in zip(abouts, rows["obligation_id"], strict=True))


# -- what is booked


def test_only_a_meeting_of_its_kind_counts_as_booked():
    """A CPM on 14 April and a review on 5 May: the review is no CPM. A final plan CPM is a CPM as well; a plain CPM is no final plan CPM."""
    tables = {
        "cases": [{"child_id": c, "care_started": d("2026-03-23"), "team": "North"} for c in "AB"],
        "reviews": [{"child_id": "A", "review_date": d("2026-05-05"), "status": "booked"}],
        "meetings": [
            {"child_id": "A", "meeting_type": "cpm", "meeting_date": d("2026-04-14"), "status": "booked"},
            {"child_id": "A", "meeting_type": "cpm", "meeting_date": d("2026-04-10"), "status": "cancelled"},
            {"child_id": "B", "meeting_type": "final_plan_cpm", "meeting_date": d("2026-04-02"), "status": "booked"},
        ],
        "proceedings": [{"child_id": c, "issued": d("2026-03-24"), "plan_due": d("2026-05-01")} for c in "AB"],
    }
    found = compute_rows(tables, AS_AT)
    booked = {(row.child_id, row.rule): (row.booked.date() if pd.notna(row.booked) else None, row.nothing_booked) for row in worklist.rows(found).itertuples()}
    assert booked["A", "initial-cpm"] == (d("2026-04-14"), False)
    assert booked["A", "statutory-review"] == (d("2026-05-05"), False)
    assert booked["A", "final-plan-cpm"] == (None, True)
    assert booked["B", "initial-cpm"] == booked["B", "final-plan-cpm"] == (d("2026-04-02"), False)
    assert booked["B", "statutory-review"] == (None, True)
    assert booked["A", "care-plan"] == (None, False)  # no meeting would meet it
    counts = this_week.counts(found)
    due = this_week.rows(found, "due")
    unbooked = this_week.rows(found, "unbooked")
    assert (counts["unbooked"].rows, counts["meetings_due"].rows, counts["booked_late"].rows) == (len(unbooked), int(due["kind"].notna().sum()), int((due["booked"] > due["due_date"]).sum()))
    assert ("A", "initial-cpm") in set(zip(due.loc[due["booked"] > due["due_date"], "child_id"], due.loc[due["booked"] > due["due_date"], "rule"], strict=True))
    assert set(unbooked["status"]) == {"due_soon"}


# -- the calendar file


def test_the_calendar_file_is_one_and_holds_no_name(results, rows):
    """Read back by a library: an entry on each due date, of the right child, no name, CRLF, at most 75 octets a line."""
    named = rows.assign(name="Amira Bell-Invented", worker="Otis Underhill", why="Amira Bell-Invented was not seen")
    content = ics.calendar(named, AS_AT)
    back = [event for event in Calendar.from_ical(content).walk("VEVENT")]
    dated = rows[rows["due_date"].notna()]
    assert len(back) == len(dated) == len(rows) - ics.without_date(rows)
    assert sorted((str(e["summary"]), e.decoded("dtstart")) for e in back) == sorted((f"{r.title} due: child {r.child_id}", r.due_date.date()) for r in dated.itertuples())
    assert all(e.decoded("dtend") - e.decoded("dtstart") == timedelta(days=1) for e in back)
    text = content.decode()
    assert not re.search("Amira|Bell|Invented|Otis|Underhill", text)
    assert "\n" not in text.replace("\r\n", "")
    assert max(map(len, content.split(b"\r\n"))) <= 75
    assert len({str(e["uid"]) for e in back}) == len(back)


def test_an_id_with_marks_does_not_break_out_of_its_line():
    one = {"uid": "1", "child_id": "A\r\nATTENDEE:mailto:x@y\r\nX;,\\", "title": "Care plan", "level": "statutory", "status": "overdue", "due_date": pd.Timestamp("2026-03-01")}
    content = ics.calendar(pd.DataFrame([one]), AS_AT)
    assert b"\r\nATTENDEE" not in content
    assert len(Calendar.from_ical(content).walk("VEVENT")) == 1


def test_an_entry_keeps_its_number_when_its_due_date_moves():
    """The next extract's file moves the entry of the review; those of two actions of one meeting stay apart."""

    def made(review: str, as_at: date):
        found = compute_rows(
            {
                "cases": [{"child_id": "A", "care_started": d("2026-01-05"), "planning_permanence": True}],
                "reviews": [{"child_id": "A", "review_date": d("2026-01-30"), "status": "held"}, {"child_id": "A", "review_date": d(review), "status": "booked"}],
                "meetings": [{"child_id": "A", "meeting_type": "cpm", "meeting_date": d("2026-02-02"), "status": "held"}],
                "actions": [{"child_id": "A", "meeting_date": d("2026-02-02"), "action": words, "due_date": d("2026-04-01")} for words in "ab"],
            },
            as_at,
        )
        return worklist.rows(found)

    then, now = made("2026-04-20", AS_AT), made("2026-04-27", AS_AT + timedelta(days=7))
    both = then.merge(now, on="uid", suffixes=("_then", "_now"))
    assert len(both) == len(then) == len(now)
    moved = both[both["rule_then"] == "permanence-plan"].iloc[0]
    assert (moved["due_date_then"].date(), moved["due_date_now"].date()) == (d("2026-04-20"), d("2026-04-27"))
    assert then["uid"].is_unique
    assert (both["rule_then"] == both["rule_now"]).all()
