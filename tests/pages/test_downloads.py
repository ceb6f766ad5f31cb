"""Every file that is taken away goes through one place."""

from __future__ import annotations

import ast
from pathlib import Path

import pandas as pd
import pytest

from cpm_metrics.errors import CpmError
from pages._shared import downloads

ROOT = Path(__file__).resolve().parents[2]


def test_no_page_has_a_download_of_its_own():
    """Who may take what is decided in pages/_shared/downloads.py: a button made elsewhere would go round it."""
    found = {
        path.relative_to(ROOT).as_posix()
        for path in [ROOT / "app.py", *(ROOT / "pages").rglob("*.py")]
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Attribute) and node.attr == "download_button"
    }
    assert found == {"pages/_shared/downloads.py"}


def test_what_goes_wrong_while_a_file_is_made_names_no_child(caplog):
    """The browser and the log get a number, kind and place."""

    def fails() -> bytes:
        raise ValueError("Quillfeather, Isolde")

    with pytest.raises(CpmError, match="error number [0-9a-f]{12}") as told:
        downloads._made(fails, "list.csv", downloads.CSV, "A list", {})()
    assert "Quillfeather" not in f"{told.value} {told.value.__context__ if not told.value.__suppress_context__ else ''} {caplog.text}"
    assert "ValueError" in caplog.text


def test_codes_are_words_in_a_workbook():
    frame = pd.DataFrame({"status": ["overdue", None], "level": ["statutory", "local"], "days": [3, None]})
    out = downloads.in_words(frame)
    assert out["status"].tolist()[0] == "Overdue" and pd.isna(out["status"].tolist()[1])
    assert out["level"].tolist() == ["Statutory", "Local"]
