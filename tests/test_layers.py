"""The layers of docs/design.md, enforced: who may import whom, and where Streamlit may be touched."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def _may() -> dict[str, set[str] | None]:
    """What each part of cpm_metrics may import of ours, besides itself, as the table of docs/design.md says. None: anything."""
    found: dict[str, set[str] | None] = {}
    for names, allowed in re.findall(r"^\| (`cpm_metrics/[^|]+) \| [^|]+ \| ([^|]*) \|$", (ROOT / "docs" / "design.md").read_text("utf-8"), re.M):
        for part in re.findall(r"`cpm_metrics/(\w+)(?:\.py|/)`", names):
            found[part] = None if allowed == "anything" else set() if allowed == "nothing of ours" else set(allowed.split(", "))
    return found


MAY = _may()


def imported(path: Path) -> set[str]:
    """Dotted names of every module that a file imports, at the top or inside functions; relative ones in full."""
    out = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            out |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = path.relative_to(ROOT).parts[: -node.level] if node.level else ()
            module = ".".join([*base, *([node.module] if node.module else [])])
            out |= {module} | {f"{module}.{name.name}" for name in node.names}
    return out


SOURCES = sorted((ROOT / "cpm_metrics").rglob("*.py"))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_follow_the_layers(path):
    """A part imports only what lies before it in the way of the data, and nothing of Streamlit."""
    names = imported(path)
    assert not any(name.partition(".")[0] in ("streamlit", "pages", "app") for name in names)
    part = path.relative_to(ROOT / "cpm_metrics").parts[0].removesuffix(".py")
    if part == "__init__":
        assert not any(name.startswith("cpm_metrics") for name in names)
        return
    if MAY[part] is None:
        return
    ours = {name.split(".")[1] for name in names if name.startswith("cpm_metrics.")} - {"__version__"}
    assert ours <= MAY[part] | {part}, f"{part} may not import {sorted(ours - MAY[part] - {part})}"


def test_the_table_names_every_part_and_no_more():
    """A new folder or module has its line in docs/design.md, and a line there stands for something."""
    assert set(MAY) == {path.relative_to(ROOT / "cpm_metrics").parts[0].removesuffix(".py") for path in SOURCES} - {"__init__"}
    assert {name for allowed in MAY.values() for name in allowed or ()} <= set(MAY)


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
