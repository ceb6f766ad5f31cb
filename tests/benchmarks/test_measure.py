"""The arithmetic of the benchmarks, and their page: what people wrote in it stays."""

from __future__ import annotations

import pytest

from benchmarks import measure, report
from benchmarks.__main__ import ALL
from benchmarks.measure import Row


def test_percentile_and_slope():
    """Of 1 to 21 the 95th percentile is 20; twice the data in twice the time is a slope of 1, in four times the time of 2."""
    assert measure.p95(list(range(1, 22))) == 20
    assert measure.p95([1.0]) == 1.0
    assert measure.slope([10, 20, 40], [1, 2, 4]) == pytest.approx(1)
    assert measure.slope([10, 20, 40], [1, 4, 16]) == pytest.approx(2)


def test_work_alone_gives_its_answer_and_its_failure():
    """A process of its own: the answer comes back, and what goes wrong there is not taken for one."""
    assert measure.alone("statistics:median", [3, 1, 2]) == 2
    with pytest.raises(RuntimeError, match="ended with 1"):
        measure.alone("statistics:median", [])


def test_the_page_keeps_what_people_wrote_and_says_why_a_goal_is_missed(tmp_path, monkeypatch):
    page = tmp_path / "performance.md"
    page.write_text(f"# Performance\n\n{report.BEGIN}\nold\n{report.END}\n\n## What was tried\n\nThis.\n", "utf-8")
    monkeypatch.setattr(report, "PAGE", page)
    rows = [Row("a", "Load", "reading", "≤ 1 ×", "2 ×", False, ["Three runs."]), Row("b", "… and the floor", "the parse", "≤ 4 ×", "3 ×", True)]
    report.write(report.text(rows, {"a": "it does more."}))
    text = page.read_text("utf-8")
    assert "old" not in text
    assert text.endswith("## What was tried\n\nThis.\n")
    assert "| Load | reading | ≤ 1 × | 2 × | **missed** |" in text
    assert "- Load (2 ×): it does more." in text
    assert "And the floor" not in text


def test_the_page_names_every_benchmark():
    text = (measure.ROOT / "docs" / "performance.md").read_text("utf-8")
    assert all(f"`{name}`" in text for name in ALL)
