"""One file of colours."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FILES = [path for folder in ("cpm_metrics/views", "cpm_metrics/charts", "cpm_metrics/documents", "pages") for path in sorted((ROOT / folder).rglob("*.py")) if path.name != "look.py"]
FILES.append(ROOT / "cpm_metrics" / "export.py")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_colours_come_from_look(path):
    """No view, chart, document, export or page writes down a colour of its own, but for “nothing” (transparent)."""
    found = [colour for colour in re.findall(r'"(#[0-9a-fA-F]{3,8}|rgba?\([^)]*\))', path.read_text("utf-8")) if colour != "rgba(0,0,0,0)"]
    assert found == []
