"""The matrix of rules by teams: cells against the contract, rows behind every count, a team that nobody recorded."""

from __future__ import annotations

import pandas as pd
import pytest

from cpm_metrics import views
from cpm_metrics.views import funnel, teams
from tests.views.test_funnel import END, START, council


@pytest.fixture(scope="module")
def results():
    return council(("North", 30, 30), ("South", 20, 40), ("Tiny", 9, 9), (None, 1, 2))


def test_every_cell_is_the_contracts(results):
    g = teams.grid(results, START, END)
    contract = views.compliance(results, ["rule", "team"], START, END)
    columns = ["rule", "team", *teams.COUNTS, "rate"]
    assert g.cells[columns].astype(object).where(g.cells[columns].notna(), None).values.tolist() == contract[columns].astype(object).where(contract[columns].notna(), None).values.tolist()
    whole = views.compliance(results, "rule", START, END)
    pd.testing.assert_frame_equal(g.whole.astype({"rate": float}), whole[g.whole.columns].astype({"rate": float}), check_dtype=False)
    assert g.teams == ["North", "South", "Tiny", None]


def test_chosen_teams_alone_and_compared_with_all(results):
    g = teams.grid(results, START, END, ["South", "Tiny"])
    assert g.teams == ["South", "Tiny"]
    whole = views.compliance(results, "rule", START, END, ["South", "Tiny"]).set_index("rule")
    assert g.whole.set_index("rule")["counted"].to_dict() == whole["counted"].to_dict()
    first = g.cells[g.cells["rule"] == "initial-cpm"].set_index("team")
    assert first["place"].to_dict() == {"South": funnel.place(20, 40, 60, 81), "Tiny": ""} == {"South": "below_outer", "Tiny": ""}


def test_behind_every_count_stand_as_many_rows(results):
    """Also behind those of no team, and of all together."""
    g = teams.grid(results, START, END)
    for row in g.cells[g.cells["rule"].isin(["initial-cpm", "care-plan"])].itertuples():
        team = teams.NO_TEAM if pd.isna(row.team) else row.team
        for status in ("on_time", "late", "missed", "overdue", "cannot_tell"):
            rows = teams.behind(results, row.rule, team, [status], START, END)
            assert len(rows) == getattr(row, status)
            assert rows["team"].isna().all() if team == teams.NO_TEAM else set(rows["team"]) <= {team}
    row = g.whole.set_index("rule").loc["initial-cpm"]
    assert len(teams.behind(results, "initial-cpm", None, ["on_time", "late", "missed", "overdue"], START, END)) == row["counted"]


def test_the_table_has_a_column_for_no_team(results):
    wide = teams.matrix(results, START, END).set_index("rule")
    assert list(wide.columns) == ["title", "North", "South", "Tiny", teams.NO_TEAM]
    assert wide.loc["initial-cpm"].tolist()[1:] == ["100% of 30", "50% of 40", "9 of 9", "1 of 2"]


def test_a_cell_never_has_a_percentage_alone():
    assert teams.cell(3, 7, 0, None) == "3 of 7"
    assert teams.cell(3, 7, 2, None) == "3 of 7, ? 2"
    assert teams.cell(41, 50, 0, 82.0) == "82% of 50"
    assert teams.cell(41, 50, 2, 82.0) == "82% of 50, ? 2"
    assert teams.cell(0, 0, 4, None) == "? 4"
    assert teams.cell(0, 0, 0, None) == ""
    assert [teams.percent(rate) for rate in (99.6, 100.0, 0.4, 0.0, None)] == ["99%", "100%", "1%", "0%", ""]


def test_short_names_tell_teams_apart():
    """Where two would be the same, both stay whole."""
    assert teams.short_names(["Children in Care East", "Court Team 1", "MASH"]) == {"Children in Care East": "CiC East", "Court Team 1": "CT 1", "MASH": "MASH"}
    twins = ["Family Safeguarding North", "Fostering Support North"]
    assert teams.short_names(twins) == {team: team for team in twins}


def test_the_rule_to_begin_with():
    table = pd.DataFrame({"rule": ["initial-cpm", "statutory-review", "care-plan"], "counted": [5, 3, 9]})
    assert teams.usual_rule(table) == "statutory-review"
    assert teams.usual_rule(table.assign(counted=[5, 0, 9])) == "care-plan"
