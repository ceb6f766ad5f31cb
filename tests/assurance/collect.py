"""A plugin of pytest that takes down how each test ended and what it counted: `-p tests.assurance.collect --assurance-into FILE`.

FILE, JSON, keeps what it had of other tests: test -> {"passed": cases, "failed": cases, "counts": {what: number}, "on": day}.
Counts are what a test gave to pytest's own `record_property(what, number)`; those of several cases are added.
"""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import date
from pathlib import Path

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--assurance-into", type=Path)


def pytest_configure(config: pytest.Config) -> None:
    into = config.getoption("--assurance-into")
    if into:
        config.pluginmanager.register(_Taken(into))


class _Taken:
    def __init__(self, into: Path) -> None:
        self.into = into
        self.ended: dict[str, str] = {}
        self.counts: dict[str, dict[str, int]] = defaultdict(dict)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.outcome == "rerun":
            return  # the second try says how it ended
        if report.when == "call" or report.outcome != "passed":
            self.ended[report.nodeid] = "passed" if report.outcome == "passed" and self.ended.get(report.nodeid) != "failed" else "failed"
        if report.when == "call":
            self.counts[report.nodeid] = {str(name): value for name, value in report.user_properties if isinstance(value, int)}

    def pytest_sessionfinish(self) -> None:
        found = json.loads(self.into.read_text("utf-8")) if self.into.exists() else {}
        new: dict[str, dict] = {}
        for node, outcome in self.ended.items():
            for name in {node, node.partition("[")[0]}:
                one = new.setdefault(name, {"passed": 0, "failed": 0, "counts": {}, "on": date.today().isoformat()})
                one[outcome] += 1
                for what, number in self.counts[node].items():
                    one["counts"][what] = one["counts"].get(what, 0) + number
        self.into.write_text(json.dumps(dict(sorted((found | new).items())), indent=1, ensure_ascii=False) + "\n", "utf-8")
