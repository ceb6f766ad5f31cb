"""What the pack holds, counted by hand on a few invented children."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pandas as pd
import pytest

from cpm_metrics.engine import compute_rows
from cpm_metrics.settings import Settings
from cpm_metrics.store import LoadInfo
from cpm_metrics.store.state import About, State
from cpm_metrics.views import pack

S, AS_AT = date(2026, 1, 5), date(2026, 2, 2)


@pytest.fixture
def state(tmp_path) -> State:
    return State(tmp_path)


@pytest.fixture
def info() -> LoadInfo:
    return LoadInfo(
        load_id="one", previous=None, extract_date=AS_AT, loaded_at=datetime(2026, 2, 2, tzinfo=UTC), by="Ann", files=[], counts={}, dataset_dates={}, problem_counts={}
    )


def council() -> dict:
    """North: 12 children, first CPM on day 3 for nine, on day 12 for two, none for one. South: 3, all on day 3. One child of no team, none
    held. One has short breaks only. Overdue then: North's one and the one of no team."""
    days = {f"N{n:02}": 3 for n in range(9)} | {"N09": 12, "N10": 12, "N11": None} | {f"S{n}": 3 for n in range(3)} | {"X": None}
    team = {"N": "North", "S": "South", "X": None}
    return {
        "cases": [
            *({"child_id": child, "care_started": S, "team": team[child[0]], "forename": "Ada", "surname": f"Of{child}", "worker": "Nia"} for child in days),
            {"child_id": "Z", "care_started": S, "team": "North", "legal_status": "V3", "legal_code": "V3"},
        ],
        "meetings": [{"meeting_id": f"M{child}", "child_id": child, "meeting_type": "cpm", "meeting_date": S + timedelta(days=day)} for child, day in days.items() if day is not None],
    }  # fmt: skip


def made(state: State, info: LoadInfo, **more) -> pack.Pack:
    results = compute_rows(council(), AS_AT, settings=more.pop("settings", None))
    return pack.make(results, info, state, start=S, end=AS_AT, today=AS_AT, **more)


def sheet(found: pack.Pack, name: str):
    return next(one.frame for one in found.sheets if one.name == name)


def first_cpm(frame):
    return frame[frame["title"] == "First Care Planning Meeting"]


def test_counts_by_hand(state, info):
    """Of 16 first CPMs 12 were on time, 2 late and 2 are overdue; North has a percentage, South and no team counts alone."""
    found = made(state, info)
    row = first_cpm(sheet(found, "By rule")).iloc[0]
    assert [row["on_time"], row["late"], row["missed"], row["overdue"], row["counted"], row["rate"]] == [12, 2, 0, 2, 16, 75.0]
    by_team = first_cpm(sheet(found, "Rule by team")).set_index("team")
    assert by_team.loc["North", ["on_time", "late", "overdue", "counted", "rate"]].tolist() == [9, 2, 1, 12, 75.0]
    assert by_team.loc["South", ["on_time", "counted"]].tolist() == [3, 3]
    assert by_team["rate"].isna().tolist() == [False, True, True]
    assert by_team.loc[pack.NO_TEAM, ["overdue", "counted"]].tolist() == [1, 1]
    overdue = first_cpm(sheet(found, "Overdue"))
    assert overdue[["child_id", "days"]].values.tolist() == [["N11", 18], ["X", 18]]


def test_the_front_by_hand(state, info):
    """Sixteen children in care, one of no team; one left out; with a team chosen the one of no team is said to be in no list."""
    facts = made(state, info).facts
    assert facts["Children in care"] == "16, 1 of them with no team recorded"
    assert facts["Left out"].startswith("1 child in the whole council")
    north = made(state, info, chosen=["North"]).facts
    assert north["Children in care"].startswith("12 (1 more have no team recorded")
    assert "Proceedings running long" in facts["Cannot tell"]
    by_team = sheet(made(state, info), "By team")
    assert by_team["team"].tolist() == ["North", "South", pack.NO_TEAM]
    assert by_team["in_care_now"].tolist() == [12, 3, 1]


def test_an_accepted_one_stays_overdue_and_is_counted_apart(state, info):
    """A manager's exception stands beside the row and in a line of its own; it changes no count."""
    before = made(state, info)
    state.add_exception(About("initial-cpm", "N11", S, S, S + timedelta(days=10)), "in hospital", AS_AT + timedelta(days=20), "Ann")
    found = made(state, info)
    lines = found.headlines.set_index("what")
    assert lines.loc["Overdue with a manager’s exception", "rows"] == 1
    assert lines.loc["Overdue", "rows"] == before.headlines.set_index("what").loc["Overdue", "rows"]
    overdue = first_cpm(sheet(found, "Overdue")).set_index("child_id")
    assert overdue.loc["N11", "exception"].date() == AS_AT + timedelta(days=20)
    assert "in hospital" not in str(overdue.values)


@pytest.mark.parametrize("names", [False, True])
def test_who_stands_in_the_lists(state, info, names):
    """Names, workers and sentences are there only when asked for; the child's ID always is."""
    found = made(state, info, names=names)
    for one in found.sheets:
        for column in pack.WHO:
            assert names or column not in one.frame
    text = " ".join(str(one.frame.values) for one in found.sheets)
    assert ("OfN11" in text) == ("Nia" in text) == names
    assert "N11" in text


def test_the_smallest_number_is_the_settings(state, info):
    found = made(state, info, settings=Settings({"general.smallest_counted": 3}))
    assert first_cpm(sheet(found, "Rule by team")).set_index("team").loc["South", "rate"] == 100
    assert "3 or more" in found.facts["Percentages"]


def test_a_rule_that_is_off_is_in_no_chart_and_no_list(state, info):
    found = made(state, info, settings=Settings({"initial-cpm.on": False}))
    assert not any("First Care Planning Meeting" in chart.title for chart in found.charts)
    assert not len(first_cpm(sheet(found, "By rule")))
    assert sheet(found, "Definitions").set_index("code").loc["initial-cpm", "on"] == False  # noqa: E712


def test_a_council_with_nothing_due_has_a_pack_all_the_same(state, info):
    results = compute_rows({"cases": []}, AS_AT)
    found = pack.make(results, info, state, start=S, end=AS_AT, today=AS_AT)
    assert found.headlines["rows"].sum() == 0
    assert found.facts["Children in care"] == "0"
    from cpm_metrics.documents import pack_pdf, pack_xlsx

    assert pack_xlsx.workbook(found)[:2] == b"PK"
    assert pack_pdf.document(found)[:4] == b"%PDF"


def test_what_was_not_worked_out_is_never_nought(state, info):
    """No meetings, no proceedings: silent drift and the final plans have no number, and say why; switched off likewise."""
    tables = {"cases": council()["cases"]}
    results = compute_rows(tables, AS_AT)
    lines = pack.make(results, info, state, start=S, end=AS_AT, today=AS_AT).headlines.set_index("what")
    for name in ("Silent drift", "CPM overdue or due soon, nothing booked", "Final plans to get ready"):
        assert pd.isna(lines.loc[name, "rows"]), name
        assert lines.loc[name, "note"].startswith("cannot tell"), name
    lines = made(state, info, settings=Settings({"silent-drift.on": False})).headlines.set_index("what")
    assert pd.isna(lines.loc["Silent drift", "rows"])
    assert "switched off" in lines.loc["Silent drift", "note"]
