"""The linter's word, so that a fresh clone's tests say the same as the editor."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def test_ruff_finds_nothing():
    """Rules and exceptions stand in pyproject.toml."""
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "."], cwd=Path(__file__).resolve().parent.parent, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
