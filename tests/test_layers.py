"""The layers of docs/design.md, enforced: who may import whom, and where Streamlit may be touched."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
# What each part of cpm_metrics may import of ours, besides itself.
MAY = {
    "errors": set(),
    "workdays": {"errors"},
    "registry": {"errors"},
    "settings": {"errors", "rules", "indicators"},
    "rules": {"errors", "settings", "registry"},
    "indicators": {"errors", "settings", "registry", "rules"},
    "extracts": {"errors", "settings"},
    "store": {"errors", "settings", "extracts"},
    "engine": {"errors", "settings", "workdays", "rules", "indicators", "extracts", "store"},
    "views": {"errors", "settings", "workdays", "rules", "indicators", "extracts", "store", "engine", "records", "views"},
    "charts": {"errors", "settings", "workdays", "rules", "indicators", "views"},
    "export": {"errors", "settings", "views"},
    "ics": {"views"},
    "records": {"errors", "extracts", "store"},
    "documents": {"records", "errors", "settings", "workdays", "rules", "indicators", "views", "charts", "export", "engine", "store"},
    "marked": {"errors", "extracts", "export", "views"},
    "sample": {"errors", "extracts", "workdays"},
    "readme": {"rules", "indicators", "settings"},
}
# The command line, and with it the package's own entry, may import anything.
TOP = {"cli", "__main__", "__init__"}


def imported(path: Path) -> set[str]:
    """Dotted names of every module that a file imports, at the top or inside functions."""
    out = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            out |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            out |= {node.module} | {f"{node.module}.{name.name}" for name in node.names}
    return out


SOURCES = sorted((ROOT / "cpm_metrics").rglob("*.py"))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_follow_the_layers(path):
    """A part imports only what lies before it in the way of the data, and nothing of Streamlit."""
    names = imported(path)
    assert not any(name.partition(".")[0] in ("streamlit", "pages", "app") for name in names)
    part = path.relative_to(ROOT / "cpm_metrics").parts[0].removesuffix(".py")
    if part in TOP:
        return
    ours = {name.split(".")[1] for name in names if name.startswith("cpm_metrics.")} - {"__version__"}
    assert ours <= MAY[part] | {part}, f"{part} may not import {sorted(ours - MAY[part] - {part})}"


PAGES = sorted([ROOT / "app.py", *(ROOT / "pages").rglob("*.py")])


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_pages_are_thin(path):
    """Pages don't query: no DuckDB, no SQL. Only pages/_shared touches the session and the address."""
    text = path.read_text("utf-8")
    assert "duckdb" not in {name.partition(".")[0] for name in imported(path)}
    assert "unsafe_allow_html" not in text
    if "_shared" not in path.parts:
        assert "session_state" not in text
        assert "query_params" not in text
        # Results.frame and .rows take SQL; the functions of views don't.
        assert not re.search(r"\.(frame|rows|execute|sql)\(\s*[rf]?[\"']", text)


def test_no_page_lies_directly_in_pages():
    """Streamlit serves those without app.py, and so without its gate, when a visitor deep-links after a restart."""
    assert [path.name for path in (ROOT / "pages").glob("*.py")] == []
