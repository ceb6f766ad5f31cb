"""The first administrator is made on the command line, by the code that whoever signed in sees."""

from __future__ import annotations

import subprocess
import sys

import pytest

from cpm_metrics.access import NobodyYet, People
from cpm_metrics.access.people import short
from cpm_metrics.store import Store
from tests.pages.conftest import ROOT

CLAIMS = {"oid": "o", "tid": "t", "name": "Ada Fenwick"}


def command(store, *words: str) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "-m", "cpm_metrics", "people", *words, "--store", str(store), "--who", "it"], cwd=ROOT, capture_output=True, text=True, check=False)


def test_from_waiting_to_administrator_and_back(tmp_path):
    """Listed with their code, made administrator by it, found wrong codes refused, and noted under the name given."""
    register = People(Store(tmp_path).state)
    with pytest.raises(NobodyYet):
        register.viewer(CLAIMS)
    code = short("t/o")
    listed = command(tmp_path)
    assert listed.returncode == 0 and f"{code}  Ada Fenwick  waits since" in listed.stdout
    wrong = command(tmp_path, "give", "zzzzzz", "--role", "administrator")
    assert wrong.returncode == 1 and "Nobody has the code" in wrong.stderr
    assert command(tmp_path, "give", code).returncode == 1
    assert command(tmp_path, "give", code, "--role", "administrator").returncode == 0
    assert register.viewer(CLAIMS).roles == ("administrator",)
    assert [line.who for line in Store(tmp_path).state.audit(what="access given")] == ["it"]
    lonely = command(tmp_path, "take-away", code)
    assert lonely.returncode == 1 and "only administrator" in lonely.stderr
    assert command(tmp_path, "give", code, "--role", "team-manager", "--team", "North", "--team", "South").returncode == 1
