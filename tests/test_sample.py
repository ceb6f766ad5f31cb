"""The invented council: the same every time, loads through the ordinary loader, and shows what data/README.md promises.

All names in it come from two hand-made lists in cpm_metrics/sample/people.py, put together at random.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections import Counter, defaultdict
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from cpm_metrics import sample
from cpm_metrics.engine import compute
from cpm_metrics.errors import CpmError
from cpm_metrics.extracts.cross_checks import cross_checks
from cpm_metrics.extracts.datasets import DATASETS
from cpm_metrics.extracts.folding import squash
from cpm_metrics.extracts.prepare import prepare
from cpm_metrics.extracts.problems import InputFile
from cpm_metrics.sample import people, practice, stories
from cpm_metrics.sample.council import build
from cpm_metrics.sample.files import write_clean, write_messy
from cpm_metrics.store import Store

TODAY = date(2026, 11, 20)
ROOT = Path(__file__).parents[1]


def read(paths: list[Path], extract_date: date = TODAY):
    """What the ordinary loader makes of the files, and everything that it finds wrong."""
    prepared = prepare([InputFile(path.name, path) for path in paths])
    return prepared, prepared.problems + cross_checks(prepared.tables, extract_date, prepared.sources)


def hashes(paths: list[Path]) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


def in_care(council) -> list[dict]:
    """Periods of care open on the extract date, short breaks apart."""
    return [
        r for r in council.tables["cases"] if not r["care_ceased"] and not r["legal_status"].startswith(("V3", "V4"))
    ]


@pytest.fixture(scope="module")
def council():
    return build(400, 1, TODAY)


@pytest.fixture(scope="module")
def messy(council, tmp_path_factory):
    paths, planted = write_messy(council, tmp_path_factory.mktemp("messy"))
    return paths, planted, *read(paths)


@pytest.fixture(scope="module")
def results(messy, tmp_path_factory):
    store = Store(tmp_path_factory.mktemp("store"))
    store.commit(messy[2], TODAY, "test")
    return compute(store.current())


# --- the same every time ----------------------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_bytes_also_in_another_process(tmp_path):
    here = hashes(sample.write(tmp_path / "a", 30, 5, TODAY))
    code = "import sys; from datetime import date; from cpm_metrics import sample; "
    code += "sample.write(sys.argv[1], 30, 5, date(2026, 11, 20))"
    command = [sys.executable, "-c", code, str(tmp_path / "b")]
    subprocess.run(command, check=True, cwd=ROOT, env=os.environ | {"PYTHONHASHSEED": "7"})
    assert here == hashes(sorted((tmp_path / "b").iterdir()))
    assert hashes(sample.write(tmp_path / "c", 30, 5, TODAY, messy=False)) == hashes(
        sample.write(tmp_path / "d", 30, 5, TODAY, messy=False)
    )


def test_another_seed_gives_another_council(tmp_path):
    assert hashes(sample.write(tmp_path / "a", 30, 5, TODAY)) != hashes(sample.write(tmp_path / "b", 30, 6, TODAY))


# --- sizes ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("children", "told"), [(1, 0), (3, 2), (7, 6), (60, 6)])
def test_exactly_so_many_are_in_care_and_as_many_stories_as_fit(children, told):
    council = build(children, 3, TODAY)
    now = in_care(council)
    assert len(now) == children
    child_stories = [s for s in council.stories if s.children]
    assert len(child_stories) == told
    assert {c for s in child_stories for c in s.children} <= {r["child_id"] for r in now}


def test_any_extract_date_will_do(tmp_path):
    council = build(25, 1, date(2024, 2, 29))
    assert len(in_care(council)) == 25
    assert not read(write_clean(council, tmp_path), date(2024, 2, 29))[1]


def test_a_council_without_children_is_refused():
    with pytest.raises(CpmError, match="at least one child"):
        build(0, 1, TODAY)


def test_it_is_as_large_as_promised(council):
    assert len(in_care(council)) == 400
    left = [r for r in council.tables["cases"] if r["care_ceased"]]
    assert 500 < len(left) < 1000
    assert {r["team"] for r in council.tables["cases"]} == {t.name for t in people.TEAMS}
    assert len(people.TEAMS) == 12
    assert len({t.service for t in people.TEAMS}) == 3
    assert 60 <= len({r["worker"] for r in in_care(council)}) <= 80
    held = [r["review_date"] for r in council.tables["reviews"] if r["status"] == "Held"]
    assert min(held) < TODAY - timedelta(days=5 * 365)
    returned = Counter(r["child_id"] for r in council.tables["cases"])
    assert sum(n > 1 for n in returned.values()) > 10
    together = Counter((r["meeting_id"]) for r in council.tables["meetings"])
    assert sum(n > 1 for n in together.values()) > 500


# --- the loader -------------------------------------------------------------------------------------------------------


def test_the_clean_workbook_is_the_template_and_has_nothing_wrong(council, tmp_path):
    paths = write_clean(council, tmp_path)
    assert [p.name for p in paths] == ["council 2026-11-20.xlsx"]
    prepared, problems = read(paths)
    assert problems == []
    assert prepared.counts == {name: len(rows) for name, rows in council.tables.items()}
    assert prepared.suggested_extract_date == TODAY
    for source in prepared.sources:
        assert [m.header for m in source.mapping] == [f.header for f in DATASETS[source.dataset].fields]


def test_the_loader_finds_what_was_planted_and_nothing_else(messy):
    _, planted, prepared, problems = messy
    assert {(p.file, p.sheet, p.row, p.kind) for p in problems} == {(p.file, p.sheet, p.row, p.kind) for p in planted}
    fields = {(p.file, p.sheet, p.row): p.field for p in planted}
    for problem in problems:
        if problem.column:
            assert squash(
                DATASETS[problem.dataset].field(fields[problem.file, problem.sheet, problem.row]).header
            ) == squash(problem.header)
    assert prepared.questions == []
    assert prepared.unknown_tables == []
    assert len(problems) < sum(source.rows_read for source in prepared.sources) / 100


def test_the_messy_files_say_the_same_as_the_clean_one(council, messy, tmp_path):
    """Same rows under other headers, words and date formats; but for the planted ones."""
    clean, _ = read(write_clean(council, tmp_path))
    for name, dataset in DATASETS.items():
        columns = [f.name for f in dataset.fields if f.name not in ("legal_status", "gender", "attendee_roles")]
        rows = [
            Counter(tuple(str(v) for v in row.values()) for row in p.tables[name].select(columns).to_pylist())
            for p in (clean, messy[2])
        ]
        touched = sum(p.dataset == name for p in messy[1])
        assert (rows[0] - rows[1]).total() <= touched, name
        assert (rows[1] - rows[0]).total() <= touched, name


def test_the_files_are_as_messy_as_real_ones(messy):
    paths, _, prepared, _ = messy
    assert [p.name for p in paths] == [
        "cases 2026-11-20.xlsx",
        "meetings 2026-11-20.xlsx",
        "reviews 2026-11-20.csv",
        "case records 2026-11-20.xlsx",
    ]
    by_dataset = {source.dataset: source for source in prepared.sources}
    assert set(by_dataset) == set(DATASETS)
    assert by_dataset["cases"].header_row == 4
    assert {"Age", "Service", "Notes"} <= set(by_dataset["cases"].unmapped)
    with pytest.raises(UnicodeDecodeError):
        paths[2].read_text("utf-8")
    ids = prepared.tables["cases"].column("child_id").to_pylist()
    assert all(len(child) == 7 for child in ids)
    assert any(child.startswith("0") for child in ids)


# --- consistent -------------------------------------------------------------------------------------------------------


def test_nothing_happens_before_birth_after_leaving_or_after_the_extract(council):
    tables = council.tables
    born = {r["child_id"]: r["date_of_birth"] for r in tables["cases"]}
    periods = defaultdict(list)
    for row in tables["cases"]:
        assert born[row["child_id"]] <= row["care_started"] <= TODAY
        assert (row["care_ceased"] or TODAY) <= TODAY
        assert 0 <= (row["care_started"] - row["date_of_birth"]).days < 18 * 366
        periods[row["child_id"]].append((row["care_started"], row["care_ceased"] or date.max))
    for rows in periods.values():
        rows.sort()
        assert all(before[1] < after[0] for before, after in pairwise(rows))
    for name, column in (("meetings", "meeting_date"), ("reviews", "review_date")):
        for row in tables[name]:
            day, child = row[column], row["child_id"]
            assert day >= born[child]
            assert day <= TODAY or row["status"] == "Booked"
            assert any(start - timedelta(days=28) <= day <= end for start, end in periods[child]), row
    for name in ("placements", "legal_statuses", "allocations", "assessments", "changes", "proceedings"):
        for row in tables[name]:
            known = [v for k, v in row.items() if isinstance(v, date) and k != "plan_due"]
            assert max(known) <= TODAY, row


def test_every_name_is_made_of_the_hand_made_lists(council):
    known = {*people.GIRLS, *people.BOYS, *people.ARRIVED_ALONE}
    for row in council.tables["cases"]:
        assert row["forename"] in known
        assert row["surname"] in people.SURNAMES
        assert row["worker"].split()[0] in known


# --- the stories ------------------------------------------------------------------------------------------------------


def flags(results, child: str) -> dict[str, int]:
    return dict(results.rows("SELECT indicator, figure FROM indicators WHERE child_id = ?", [child]))


def statuses(results, child: str, rule: str) -> list[str]:
    return [s for (s,) in results.rows("SELECT status FROM obligations WHERE child_id = ? AND rule = ?", [child, rule])]


def rate(results, team: str, rules: tuple[str, ...], first: date, last: date) -> float:
    """On time out of counted."""
    found = Counter(
        s
        for (s,) in results.rows(
            "SELECT status FROM obligations WHERE team = ? AND list_contains(?, rule) AND due_date BETWEEN ? AND ?",
            [team, list(rules), first, last],
        )
    )
    return found["on_time"] / sum(found[s] for s in ("on_time", "late", "missed", "overdue"))


CPM_RULES = ("agreed-frequency", "cpm-before-review", "cpm-after-change", "initial-cpm")


def test_400_in_care_means_400_in_care(results):
    assert results.rows("SELECT count(*) FROM children WHERE in_care AND current AND NOT left_out") == [(400,)]
    assert results.rows("SELECT count(*) FROM children WHERE left_out") == [(6,)]


def test_story_silent_drift(results):
    elder, younger = flags(results, "0417302"), flags(results, "0417303")
    assert {"silent-drift", "no-permanence-plan", "actions-rolled-over"} <= set(elder)
    assert {"silent-drift", "plan-not-achieved", "actions-rolled-over"} <= set(younger)
    assert "cpm-overdue" not in elder | younger


def test_story_final_plan_without_cpm(results):
    assert statuses(results, "0526118", "final-plan-cpm") == ["overdue"]
    assert "nothing-booked" in flags(results, "0526118")


def test_story_rebooked(results):
    assert flags(results, "0388745")["rebooked"] == 3


def test_story_many_workers(results):
    assert flags(results, "0291660")["worker-changes"] == 5


def test_story_long_proceedings(results):
    assert flags(results, "0534407")["proceedings-long"] == 38
    assert statuses(results, "0534407", "proceedings-26-weeks") == ["overdue"]


def test_story_handed_over(results):
    (row,) = results.rows(
        "SELECT team, due_date FROM obligations "
        "WHERE child_id = '0502291' AND rule = 'agreed-frequency' AND status = 'overdue'"
    )
    (handed,) = results.rows(
        "SELECT max(allocation_start) FROM allocations_known "
        "WHERE child_id = '0502291' AND team = 'Children in Care North'"
    )
    assert row[0] == "Children in Care North"
    assert 0 < (row[1] - handed[0]).days <= 5


def test_story_slipped_team(results):
    april = date(2026, 4, 1)
    before = rate(results, practice.SLIPPED, CPM_RULES, date(2025, 4, 1), april - timedelta(days=1))
    since = rate(results, practice.SLIPPED, CPM_RULES, april, TODAY)
    assert before > 0.85
    assert since < before - 0.2
    others = [t.name for t in people.TEAMS if t.name != practice.SLIPPED]
    rates = [rate(results, team, CPM_RULES, april, TODAY) for team in others]
    assert since < min(rates)


def test_story_no_minutes_on_file(results):
    year = (date(2025, 11, 21), TODAY)
    assert rate(results, practice.NO_MINUTES, CPM_RULES, *year) > 0.95
    assert rate(results, practice.NO_MINUTES, ("minutes-on-file",), *year) == 0
    assert rate(results, practice.NO_MINUTES, ("minutes-distributed",), *year) > 0.7


def test_the_rates_are_believable(results):
    """Most rules between 70 and 97 of a hundred, none perfect or hopeless; every indicator raised, none for all."""
    rows = results.rows(
        "SELECT rule, count(*) FILTER (status = 'on_time') / count(*) FROM obligations "
        "WHERE due_date BETWEEN '2025-11-21' AND ? "
        "AND status IN ('on_time', 'late', 'missed', 'overdue') GROUP BY rule",
        [TODAY],
    )
    rates = dict(rows)
    assert all(0.45 < rate < 0.99 for rate in rates.values()), rates
    assert sum(0.70 < rate < 0.97 for rate in rates.values()) >= 0.8 * len(rates), rates
    raised = dict(results.rows("SELECT indicator, count(*) FROM indicators GROUP BY 1"))
    assert len(raised) == 15
    assert max(raised.values()) < 100, raised


def test_the_readme_tells_every_story():
    text = (ROOT / "data" / "README.md").read_text("utf-8")
    for story in (*stories.TEAM_STORIES, *stories.CHILD_STORIES):
        assert story.title in text
        for name in (*story.children, story.team):
            assert name in text
