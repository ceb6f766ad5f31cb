"""A store of every released version (tests/store/fixtures, made by make_fixture.py) opens, computes and goes on, plain and encrypted; and the
way back to the program that made it works, tried with that program itself."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import make_fixture
import pytest
from make_fixture import EXTRACT, FIXTURES, contents

from cpm_metrics import sample
from cpm_metrics.engine import compute
from cpm_metrics.errors import StoreProblem
from cpm_metrics.extracts.prepare import prepare
from cpm_metrics.extracts.problems import InputFile
from cpm_metrics.store import Store, build, encryption, loads
from cpm_metrics.store import key as keys
from cpm_metrics.store import state as state_module
from cpm_metrics.store.backup import check
from cpm_metrics.views import contract

RELEASED = sorted(path.name for path in FIXTURES.iterdir())
KEY = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="


@pytest.fixture(params=RELEASED)
def released(request, tmp_path, monkeypatch) -> tuple[Store, dict, Path]:
    """The store, what should be in it, and the program that made it."""
    for name in [name for name in os.environ if name.startswith("CPM_")]:
        monkeypatch.delenv(name)
    fixture = FIXTURES / request.param
    for part in ("store", "program"):
        with zipfile.ZipFile(fixture / f"{part}.zip") as packed:
            packed.extractall(tmp_path / part)
    if (fixture / "key.txt").exists():
        monkeypatch.setenv("CPM_KEY", (fixture / "key.txt").read_text().strip())
    return Store(tmp_path / "store"), json.loads((fixture / "expected.json").read_text()), tmp_path / "program"


def by_the_older_program(program: Path, store: Store, code: str) -> subprocess.CompletedProcess:
    """`code` run where `cpm_metrics` is the version that made the fixture."""
    start = f"import sys, json; sys.path[:0] = [{str(program)!r}, {str(Path(make_fixture.__file__).parent)!r}]\nimport cpm_metrics; assert cpm_metrics.__file__.startswith({str(program)!r})\nfrom cpm_metrics.store import Store; from make_fixture import contents\nstore = Store({str(store.folder)!r})\n"
    return subprocess.run([sys.executable, "-c", start + code], capture_output=True, text=True, cwd=program, check=False, env={k: v for k, v in os.environ.items() if k != "PYTHONPATH"})


def plain(value: dict) -> dict:
    return json.loads(json.dumps(value))


def test_there_is_a_fixture_of_the_present_version_and_of_the_first():
    assert "schema-1-state-1" in RELEASED
    assert any(name.startswith(f"schema-{loads.SCHEMA_VERSION}-state-{state_module.VERSION}") for name in RELEASED), "make one: tests/store/make_fixture.py"


def test_a_store_of_every_released_version_opens_computes_and_goes_on(released, tmp_path):
    store, expected, program = released
    assert plain(contents(store)) == expected
    assert [finding.wrong for finding in check(store) if finding.wrong or finding.unseen] == []
    results = compute(store.current())
    found = contract.obligations(results)
    assert set(found["child_id"]) == set(results.frame("SELECT child_id FROM children WHERE NOT left_out")["child_id"])
    # It goes on: a note, and a load that carries on from it.
    store.state.note("Bob", "looked")
    files = [InputFile(path.name, path) for path in sample.write(tmp_path / "files", children=6, seed=4, extract_date=EXTRACT) if "meetings" not in path.name]
    info = store.commit(prepare(files), EXTRACT, "Bob", confirmed=True)
    assert info.previous == expected["current"]
    assert info.dataset_dates["meetings"][1] == expected["current"]
    now = plain(contents(Store(store.folder)))
    assert {load_id: now["loads"][load_id] for load_id in expected["loads"] if not expected["loads"][load_id]["undone"]} == {i: made for i, made in expected["loads"].items() if not made["undone"]}
    assert now["audit"][2:] == expected["audit"]
    # And the program before can read that too, where the tables are the same: going back is starting it again.
    older = by_the_older_program(program, store, "print(json.dumps(contents(store)))")
    assert json.loads(older.stdout) == now, older.stderr


def test_an_upgrade_can_be_rolled_back(released, monkeypatch):
    """The program of a next version, with other tables, brings the store up to date. The program before says that it is from a newer one,
    and its own `undo` goes back to its own load."""
    store, expected, program = released
    with monkeypatch.context() as newer:
        newer.setattr("cpm_metrics.store.store.SCHEMA_VERSION", loads.SCHEMA_VERSION + 1)
        newer.setattr(build, "SCHEMA_VERSION", loads.SCHEMA_VERSION + 1)
        newer.setattr(build, "UPGRADES", {loads.SCHEMA_VERSION: ("ALTER TABLE cases ADD COLUMN passport VARCHAR DEFAULT 'none'",)})
        upgraded = Store(store.folder)
        assert upgraded.current().info.previous == expected["current"]
        assert set(upgraded.current().table("cases")["passport"].to_pylist()) == {"none"}
        assert compute(upgraded.current())
        if encryption.in_use(store.folder):
            assert encryption.is_encrypted(upgraded.current().path)
    refused = by_the_older_program(program, store, "store.current()")
    assert "newer version of this program" in refused.stderr
    back = by_the_older_program(program, store, f"store.undo('Ann'); print(json.dumps(contents(store, {list(expected['loads'])})))")
    assert back.returncode == 0, back.stderr
    found = json.loads(back.stdout)
    assert found | {"audit": found["audit"][2:]} == expected
    assert [what for _, what, _ in found["audit"][:2]] == ["undo", "upgrade"]


def test_a_store_of_every_version_can_be_encrypted_and_rekeyed(released, monkeypatch):
    store, expected, _ = released
    new = keys.read(KEY, "test")
    store.rekey(new, "Bob") if encryption.in_use(store.folder) else store.encrypt(new, "Bob")
    monkeypatch.setenv("CPM_KEY", KEY)
    found = plain(contents(Store(store.folder)))
    assert found["audit"][0] in (["Bob", "store encrypted", ""], ["Bob", "store re-keyed", ""])
    assert found | {"audit": found["audit"][1:]} == expected
    assert compute(Store(store.folder).current())
    for path in store.folder.rglob("*"):
        assert not path.is_file() or b"Court moved the hearing" not in path.read_bytes()


# -- the settings database


def test_settings_of_an_earlier_version_get_their_steps_before_they_are_read(tmp_path, monkeypatch):
    store = Store(tmp_path)
    store.state.set_setting("a", 1, "Ann", "")
    with monkeypatch.context() as newer:
        newer.setattr(state_module, "STEPS", state_module.STEPS | {state_module.VERSION: ("UPDATE settings SET name = 'b' WHERE name = 'a'",)})
        newer.setattr(state_module, "VERSION", state_module.VERSION + 1)
        assert Store(tmp_path).state.settings() == {"b": 1}
        assert Store(tmp_path).state.settings() == {"b": 1}
    for ask in (Store(tmp_path).state.settings, lambda: Store(tmp_path).state.note("Ann", "looked")):
        with pytest.raises(StoreProblem, match="newer version of this program .version"):
            ask()


def test_a_step_that_fails_leaves_the_settings_as_they_were(tmp_path, monkeypatch):
    Store(tmp_path).state.set_setting("a", 1, "Ann", "")
    with monkeypatch.context() as newer:
        newer.setattr(state_module, "STEPS", state_module.STEPS | {state_module.VERSION: ("CREATE TABLE half (a VARCHAR)", "DELETE FROM settings", "ALTER TABLE nowhere ADD COLUMN x VARCHAR")})
        newer.setattr(state_module, "VERSION", state_module.VERSION + 1)
        with pytest.raises(StoreProblem):
            Store(tmp_path).state.settings()
    assert Store(tmp_path).state.settings() == {"a": 1}
