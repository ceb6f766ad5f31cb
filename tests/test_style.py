"""The linter's word, so that a fresh clone's tests say the same as the editor."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path


def test_ruff_finds_nothing():
    """Rules and exceptions stand in pyproject.toml."""
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "."], cwd=Path(__file__).resolve().parent.parent, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def test_every_table_has_words_for_who_cannot_see_it_and_blanks_where_nothing_is_known():
    """`alt` for screen readers; without `placeholder`, Streamlit writes "None" into an empty cell."""
    pages = Path(__file__).resolve().parent.parent / "pages"
    lacking = [
        f"{path.relative_to(pages)}:{call.lineno}"
        for path in pages.rglob("*.py")
        for call in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "dataframe"
        and not {"alt", "placeholder"} <= {keyword.arg for keyword in call.keywords}
    ]  # fmt: skip
    assert not lacking
