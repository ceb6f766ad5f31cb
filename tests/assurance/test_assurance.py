"""The assurance page, the threat model and the tests they name agree."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from tests.assurance import write
from tests.assurance.rows import ROWS, named

ROOT = Path(__file__).resolve().parents[2]


@cache
def functions(path: Path) -> set[str]:
    return {node.name for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.FunctionDef)} if path.is_file() else set()


def exists(test: str) -> bool:
    path, _, name = test.partition("::")
    return name.partition("[")[0] in functions(ROOT / path)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.what[:40])
def test_every_promise_has_a_test_that_exists(row):
    assert row.tests
    assert [test for test in row.tests if not exists(f"tests/{test}")] == []


def test_each_case_of_the_bad_inputs_exists():
    """A case that was renamed would otherwise stand here for ever."""
    known = set(re.findall(r"^=== (.*) ===$", (ROOT / "tests" / "extracts" / "bad_inputs_expected.txt").read_text("utf-8"), re.M))
    cases = {test.partition("[")[2].removesuffix("]") for test in named() if "test_bad_input[" in test}
    assert cases and cases <= known


def test_the_page_is_what_the_last_runs_say():
    """`python tasks.py assurance` writes it; every test that it names has run, and passed."""
    runs = write.read()
    assert write.PAGE.read_text("utf-8") == write.page(runs), "run: python -m tests.assurance.write --only-write"
    assert [test for test in named() if test not in runs] == [], "run: python tasks.py assurance"
    assert [test for test, run in runs.items() if run["failed"] or not run["passed"]] == []


def test_the_threat_model_names_tests_that_exist():
    found = re.findall(r"`(tests/[\w/]+\.py::\w+)`", (ROOT / "docs" / "threat-model.md").read_text("utf-8"))
    assert len(found) > 20
    assert [test for test in found if not exists(test)] == []
