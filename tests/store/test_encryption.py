"""An encrypted store: nothing that anybody wrote is readable in any of its files, and without its key it says so and does nothing."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest
from store_making import EXTRACT, prepared, seen

from cpm_metrics.errors import CpmError, StoreProblem
from cpm_metrics.extracts.problems import FileInfo, Problem
from cpm_metrics.store import KeyProblem, Store, connect, encryption
from cpm_metrics.store import key as keys
from cpm_metrics.store.backup import backup, check, restore
from cpm_metrics.store.state import About

ROOT = Path(__file__).parents[2]
# Written down, not made: pytest gives each of its processes the same names of tests only then.
KEY, OTHER = "it+t2PUGIs3YFINsQmKDtV4tT/oLDNad4QcUGKB2bog=", "aPigUT2TTOw6/FI4TJ59Zb7UzDiAMmgd7ePOWI/f10Q="
PASSPHRASE = "quiet lantern over nine wet bridges"
SECRETS = ("Inventedname", "Ynysgadair", "Oakleigh", "solicitor", "overdue-view", "00007", "Annabel", "Hearing-moved")
ABOUT = About("initial-cpm", "00007", date(2026, 3, 2), date(2026, 3, 2), date(2026, 3, 12))


@pytest.fixture(autouse=True)
def no_key_from_outside(monkeypatch):
    for name in list(os.environ):
        if name.startswith("CPM_") and name not in ("CPM_TEST_KILLS",):
            monkeypatch.delenv(name)


def load(store: Store, version: int, when: date = EXTRACT) -> None:
    """A load with a name in its rows, its file name and a problem's value."""
    made = prepared(version, [Problem("error", "bad_date", "Not a date.", dataset="cases", file="Oakleigh.xlsx", sheet="Sheet1", row=9, column="C", value="Ynysgadair")])
    made.files.append(FileInfo("Oakleigh.xlsx", "f" * 64, 10))
    store.commit(made, when, "Annabel", confirmed=True)


def write_everything(store: Store) -> None:
    """Two loads, one undone, and every kind of thing that a person writes."""
    load(store, 1, EXTRACT - timedelta(days=7))
    load(store, 2)
    store.undo("Annabel")
    load(store, 3)
    state = store.state
    state.add_note(ABOUT, "Ynysgadair's solicitor is ill", "Annabel")
    state.add_exception(ABOUT, "Hearing-moved", date(2026, 4, 30), "Annabel")
    state.withdraw_exception(1, "Annabel")
    state.save("view", "Annabel", "overdue-view", {"search": "Ynysgadair"}, "Annabel")
    state.set_mapping("value", "Oakleigh", "cpm", "Annabel")
    state.set_setting("initial-cpm.limit", {"amount": 12}, "Annabel", "solicitor said so")
    state.note("Annabel", "child viewed", "00007", {"search": "Ynysgadair"})


def readable(folder: Path) -> dict[str, list[str]]:
    """File -> which of the secrets stand in its bytes, in UTF-8 or UTF-16."""
    out = {}
    for path in folder.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            if found := [s for s in SECRETS if s.encode() in data or s.encode("utf-16-le") in data or s in path.name]:
                out[str(path.relative_to(folder))] = found
    return out


def shown(store: Store) -> dict:
    """All that a reader can see."""
    state = store.state
    return {
        "rows": seen(store.folder), "history": store.history(), "notes": state.notes("00007"), "exceptions": state.exceptions("00007"), "saved": state.saved("view", "Annabel"),
        "mappings": state.mappings("value"), "settings": state.settings_in_full(), "audit": [line for line in state.audit() if line.what not in ("store encrypted", "store re-keyed")],
        "viewed": state.audit(subject="00007", what="child viewed"), "problems": store.current().table("problems").to_pylist(),
    }  # fmt: skip


@pytest.fixture(scope="module")
def made_plain(tmp_path_factory) -> Path:
    store = Store(tmp_path_factory.mktemp("plain") / "store")
    write_everything(store)
    store.state.close()
    return store.folder


@pytest.fixture
def plain(made_plain, tmp_path) -> Store:
    return Store(shutil.copytree(made_plain, tmp_path / "store"))


@pytest.fixture(scope="module")
def made_encrypted(tmp_path_factory) -> Path:
    """A store that was encrypted from the first moment, by the key in the environment."""
    folder = tmp_path_factory.mktemp("made") / "store"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CPM_KEY", KEY)
        store = Store(folder)
        write_everything(store)
        store.state.close()
    return folder


@pytest.fixture
def encrypted(made_encrypted, tmp_path, monkeypatch) -> Store:
    monkeypatch.setenv("CPM_KEY", KEY)
    return Store(shutil.copytree(made_encrypted, tmp_path / "store"))


# -- what stands in the files


def test_the_search_for_secrets_finds_each_of_them_in_a_plain_store(plain):
    plain.state.close()
    found = readable(plain.folder)
    assert {secret for secrets in found.values() for secret in secrets} == set(SECRETS)


def test_nothing_that_anybody_wrote_is_readable_in_a_store_encrypted_from_the_start(encrypted):
    assert readable(encrypted.folder) == {}
    found = shown(encrypted)
    assert found["notes"][0].text == "Ynysgadair's solicitor is ill"
    assert found["saved"] == {"overdue-view": {"search": "Ynysgadair"}}
    assert found["exceptions"][0].withdrawn_by == "Annabel"
    assert found["problems"][0]["value"] == "Ynysgadair"
    assert len(found["viewed"]) == 1
    assert {f.name for info in found["history"] for f in info.files} >= {"Oakleigh.xlsx"}
    for path in encrypted.folder.glob("snapshots/*.duckdb"):
        assert encryption.is_encrypted(path)
    encrypted.state.close()
    assert readable(encrypted.folder) == {}


def test_what_spills_to_disk_is_encrypted(encrypted, monkeypatch):
    """Under a low limit a query spills; what it spills is looked at while it is there. A plain store shows that the search would find it."""
    monkeypatch.setenv("CPM_MEMORY_LIMIT", "40MB")

    def spill(con) -> list[bool]:
        found, stop = [], threading.Event()

        def watch():
            while not stop.is_set():
                for path in encrypted.folder.glob("spill/*/*"):
                    try:
                        data = path.read_bytes()
                    except OSError:
                        continue
                    if data.strip(b"\0"):
                        found.append(b"Inventedname" in data)
                time.sleep(0.01)

        watching = threading.Thread(target=watch)
        watching.start()
        con.execute("CREATE TABLE many AS SELECT 'Inventedname' || range || hash(range) || hash(range + 1) AS h FROM range(600_000)")
        con.execute("SELECT count(*) FROM (SELECT * FROM many ORDER BY h LIMIT 590_000)").fetchone()
        stop.set()
        watching.join()
        con.close()
        return found

    found = spill(encrypted.current().attached("snap"))
    assert found and not any(found)
    assert any(spill(connect.memory(spill=encrypted.folder / "spill" / "plain")))


def test_no_statement_gives_the_key_away(encrypted):
    con = encrypted.current().attached("snap")
    known = encryption.of(encrypted.folder)
    secrets = [KEY, known.present.duckdb]
    for query in ("FROM duckdb_databases()", "FROM duckdb_settings()", "PRAGMA database_list", "FROM duckdb_logs"):
        assert not any(secret in str(con.cursor().execute(query).fetchall()) for secret in secrets)
    assert not any(secret in repr([known.present, keys.from_environment(), known]) for secret in secrets)
    for statement in ("SELECT * FROM 'https://example.invalid/a.parquet'", "SELECT * FROM read_text('/etc/passwd')", "SET temp_file_encryption = false", "ATTACH '/tmp/x.duckdb' AS x", "SET enable_external_access = true"):
        with pytest.raises(duckdb.Error):
            con.cursor().execute(statement)


# -- which keys


@pytest.mark.parametrize("text", [KEY, f"  {KEY}\n", PASSPHRASE, "Llanfairpwllgwyngyll-gogerychwyrndrobwll"[:39]])
def test_what_is_accepted_as_a_key(text):
    assert keys.read(text, "CPM_KEY")


@pytest.mark.parametrize(("text", "says"), [("", "empty"), (" \n", "empty"), ("hunter2", "too short"), ("a" * 30, "too easy"), (KEY[:-4], "missing, changed"), (KEY + "x", "missing, changed")])
def test_what_is_no_key(text, says):
    with pytest.raises(KeyProblem, match=says) as refused:
        keys.read(text, "CPM_KEY")
    assert "key new" in refused.value.remedy
    assert text.strip() == "" or text.strip() not in str(refused.value)


@pytest.mark.skipif(os.name != "posix", reason="permissions of this kind are POSIX")
def test_a_key_file_that_others_can_read_is_refused(encrypted, monkeypatch, tmp_path):
    keys.write_new(tmp_path / "new.key")
    assert (tmp_path / "new.key").stat().st_mode & 0o777 == 0o600
    with pytest.raises(CpmError, match="exists already"):
        keys.write_new(tmp_path / "new.key")
    (tmp_path / "key").write_text(KEY + "\n")
    monkeypatch.delenv("CPM_KEY")
    monkeypatch.setenv("CPM_KEY_FILE", str(tmp_path / "key"))
    os.chmod(tmp_path / "key", 0o640)
    with pytest.raises(KeyProblem, match="Others than its owner.*chmod 600"):
        encrypted.current()
    os.chmod(tmp_path / "key", 0o400)
    assert encrypted.current().info.counts["cases"] == 100
    monkeypatch.setenv("CPM_KEY", KEY)
    with pytest.raises(KeyProblem, match="Both CPM_KEY and CPM_KEY_FILE"):
        encrypted.current()


KEYRING = """
import json, os, pathlib
from keyring.backend import KeyringBackend
class InAFile(KeyringBackend):
    priority = 1
    path = pathlib.Path(os.environ["TEST_KEYRING"])
    def _all(self): return json.loads(self.path.read_text()) if self.path.exists() else {}
    def get_password(self, service, name): return self._all().get(service + "/" + name)
    def set_password(self, service, name, text): self.path.write_text(json.dumps(self._all() | {service + "/" + name: text}))
    def delete_password(self, service, name):
        kept = self._all(); del kept[service + "/" + name]; self.path.write_text(json.dumps(kept))
"""


def test_the_key_can_lie_in_the_keyring_and_be_changed_there(tmp_path, plain):
    """Through the library's own way for keyrings, with one that keeps its entries in a file; the whole way by the commands."""
    (tmp_path / "infile.py").write_text(KEYRING)
    env = {"PYTHON_KEYRING_BACKEND": "infile.InAFile", "TEST_KEYRING": str(tmp_path / "ring.json"), "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)])}

    def command(*args: object, code: int = 0) -> str:
        done = subprocess.run([sys.executable, "-m", "cpm_metrics", *map(str, args)], cwd=ROOT, env=os.environ | env, capture_output=True, text=True, check=False)
        assert done.returncode == code, done.stderr
        return done.stdout + done.stderr

    before = shown(plain)
    command("key", "new", "--keyring")
    first = json.loads((tmp_path / "ring.json").read_text())
    assert "restart" in command("encrypt", "--keyring", "--store", plain.folder).lower()
    command("key", "new", "--keyring")
    command("rekey", "--keyring", "--store", plain.folder)
    last = json.loads((tmp_path / "ring.json").read_text())
    assert list(last) == list(first) and last != first
    said = command("check", "--store", plain.folder)
    assert not any(key in said for key in [*first.values(), *last.values()])
    os.environ["CPM_KEY"] = next(iter(last.values()))
    try:
        assert shown(Store(plain.folder)) == before
    finally:
        del os.environ["CPM_KEY"]


def test_a_passphrase_opens_the_store_and_another_does_not(tmp_path, monkeypatch):
    monkeypatch.setenv("CPM_KEY", PASSPHRASE)
    store = Store(tmp_path / "store")
    load(store, 1)
    assert readable(store.folder) == {}
    assert Store(store.folder).current().info.counts["cases"] == 100
    monkeypatch.setenv("CPM_KEY", PASSPHRASE.replace("nine", "ten"))
    with pytest.raises(KeyProblem, match="is not the key of the store"):
        store.current()


# -- without the key


def every_way_in(store: Store) -> list:
    return [
        store.current, store.history, lambda: load(store, 9), lambda: store.undo("Ann"), lambda: store.recover("Ann"), lambda: store.state.notes(),
        lambda: store.state.set_setting("a", 1, "Ann", ""), lambda: backup(store, store.folder.parent / "b.zip", "Ann"), lambda: store.retain(1, "Ann"), lambda: store.erase("00007", "Ann", "x"),
    ]  # fmt: skip


def content(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.name not in ("lock", "state.sqlite-shm", "state.sqlite-wal")}


@pytest.mark.parametrize(
    ("harm", "says"),
    [
        (lambda s, env: env.delenv("CPM_KEY"), "is encrypted, and no key was given.*Set CPM_KEY_FILE.*If it is lost"),
        (lambda s, env: env.setenv("CPM_KEY", OTHER), r"The key given \(CPM_KEY\) is not the key of the store.*not damaged"),
        (lambda s, env: (env.delenv("CPM_KEY"), env.setenv("CPM_KEY_FILE", "/nowhere/key")), "key file /nowhere/key .*can't be read"),
        (lambda s, env: (s.folder / encryption.MARKER).write_text("{"), "encryption.json can't be read.*from a backup"),
        (lambda s, env: (s.folder / encryption.MARKER).unlink(), "encryption.json is missing.*from a backup"),
        (lambda s, env: ((s.folder / encryption.MARKER).unlink(), env.delenv("CPM_KEY")), "encryption.json is missing.*from a backup|not marked as encrypted.*from a backup"),
    ],
)  # fmt: skip
def test_without_its_key_or_marker_every_way_in_says_so_and_changes_nothing(encrypted, monkeypatch, harm, says):
    harm(encrypted, monkeypatch)
    before = content(encrypted.folder)
    for way in every_way_in(Store(encrypted.folder)):
        with pytest.raises(StoreProblem, match=f"(?s){says}") as refused:
            way()
        assert refused.value.remedy
        assert not any(secret in str(refused.value) for secret in (KEY, OTHER, *SECRETS))
    assert content(encrypted.folder) == before


def test_a_damaged_file_is_called_damaged_and_the_key_is_not_blamed(encrypted):
    path = encrypted.current().path
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(StoreProblem, match="is damaged in.*last good load"):
        Store(encrypted.folder).current()
    assert Store(encrypted.folder).recover("Ann")


def test_a_plain_file_in_an_encrypted_store_is_not_read(encrypted, plain_file):
    """Put there by somebody, or by a program that takes no notice of the marker."""
    record = encrypted.folder / "snapshots" / f"{encrypted.current().info.load_id}.json"
    path = encrypted.current().path
    path.write_bytes(plain_file.read_bytes())
    data = json.loads(record.read_text())
    record.write_text(json.dumps(data | {"bytes": path.stat().st_size, "sha256": store_sha(path)}))
    with pytest.raises(KeyProblem, match="is not encrypted, so it is not read"):
        Store(encrypted.folder).current()
    assert any("not encrypted" in finding.wrong for finding in check(Store(encrypted.folder)))


@pytest.fixture
def plain_file(tmp_path) -> Path:
    with duckdb.connect(str(tmp_path / "plain.duckdb")) as con:
        con.execute("CREATE TABLE load AS SELECT 'x' AS load_id")
    return tmp_path / "plain.duckdb"


def store_sha(path: Path) -> str:
    from cpm_metrics.store.folder import sha256

    return sha256(path)


def test_a_plain_text_in_an_encrypted_column_is_not_read(encrypted):
    encrypted.state.close()
    with sqlite3.connect(encrypted.folder / "state.sqlite") as con:
        con.execute("UPDATE notes SET text = 'forged'")
    with pytest.raises(StoreProblem, match=r"notes\.text without encryption"):
        Store(encrypted.folder).state.notes()
    with sqlite3.connect(encrypted.folder / "state.sqlite") as con:
        con.execute("UPDATE notes SET text = (SELECT reason FROM settings)")
    with pytest.raises(KeyProblem, match=r"notes\.text can't be decrypted"):
        Store(encrypted.folder).state.notes()


@pytest.mark.parametrize(("name", "value", "says"), [("CPM_KEY", KEY, "A key is given .* is not encrypted.*encrypt"), ("CPM_ENCRYPT", "required", "must be .*encrypt"), ("CPM_ENCRYPT", "yes", "means nothing")])
def test_a_plain_store_is_not_used_where_encryption_was_asked_for(plain, monkeypatch, name, value, says):
    monkeypatch.setenv(name, value)
    for way in every_way_in(Store(plain.folder)):
        with pytest.raises(KeyProblem, match=says):
            way()


def test_a_new_store_is_not_made_plain_where_encryption_is_required(tmp_path, monkeypatch):
    monkeypatch.setenv("CPM_ENCRYPT", "required")
    with pytest.raises(KeyProblem, match="no key was given"):
        load(Store(tmp_path / "store"), 1)
    monkeypatch.setenv("CPM_KEY", KEY)
    load(Store(tmp_path / "store"), 1)
    assert readable(tmp_path) == {}


# -- encrypting a plain store, and changing the key


def test_encrypting_a_plain_store_changes_nothing_that_is_shown_and_leaves_nothing_readable(plain, monkeypatch):
    before = shown(plain)
    assert plain.encrypt(keys.read(KEY, "test"), "Annabel") == 3
    plain.state.close()
    assert readable(plain.folder) == {}
    monkeypatch.setenv("CPM_KEY", KEY)
    assert shown(Store(plain.folder)) == before
    assert [f.wrong for f in check(Store(plain.folder)) if f.wrong or f.unseen] == []
    assert Store(plain.folder).state.audit(1)[0].what == "store encrypted"
    load(Store(plain.folder), 4)
    assert readable(plain.folder) == {}


def test_after_rekey_only_the_new_key_opens_anything(encrypted, monkeypatch):
    before, files = shown(encrypted), content(encrypted.folder / "snapshots")
    old = encryption.of(encrypted.folder).file_keys()[0]
    encrypted.rekey(keys.read(PASSPHRASE, "test"), "Annabel")
    with pytest.raises(KeyProblem, match="is not the key of the store"):
        encrypted.current()
    monkeypatch.setenv("CPM_KEY", PASSPHRASE)
    assert shown(Store(encrypted.folder)) == before
    after = content(encrypted.folder / "snapshots")
    assert not {data for name, data in files.items() if name.endswith("duckdb")} & set(after.values())
    for path in encrypted.folder.glob("snapshots/*.duckdb"):
        with pytest.raises(duckdb.Error), duckdb.connect(":memory:") as con:
            con.execute(f"ATTACH '{path}' AS s (READ_ONLY, ENCRYPTION_KEY '{old}')")
    assert json.loads((encrypted.folder / encryption.MARKER).read_text())["old"] is None
    assert readable(encrypted.folder) == {}


def test_a_store_that_is_not_encrypted_has_no_key_to_change(plain):
    with pytest.raises(KeyProblem, match="is not encrypted, so it has no key"):
        plain.rekey(keys.read(KEY, "test"), "Ann")


def test_a_session_that_was_open_notices_that_the_key_changed(encrypted, monkeypatch):
    """Another process re-keys. This one, with the old key, neither reads nor writes a line sealed with it; with the new one it goes on."""
    session = Store(encrypted.folder)
    session.state.add_note(ABOUT, "before", "Ann")
    snapshot = session.current()
    snapshot.children()
    code = "import sys; from cpm_metrics.store import Store, key; Store(sys.argv[1]).rekey(key.from_environment('CPM_NEW_KEY'), 'Ann')"
    subprocess.run([sys.executable, "-c", code, str(encrypted.folder)], cwd=ROOT, env=os.environ | {"CPM_NEW_KEY": OTHER}, check=True)
    for way in (session.state.notes, lambda: session.state.add_note(ABOUT, "with the old key", "Ann"), session.current):
        with pytest.raises(KeyProblem, match="is not the key"):
            way()
    monkeypatch.setenv("CPM_KEY", OTHER)
    session.state.add_note(ABOUT, "after", "Ann")
    assert [note.text for note in session.state.notes("00007")][:2] == ["after", "before"]
    assert len(snapshot.children()) == 100
    assert session.current().path.exists()


def test_backup_restore_and_check_of_an_encrypted_store(encrypted, tmp_path, monkeypatch):
    (tmp_path / "out").mkdir()
    backup(encrypted, tmp_path / "out" / "b.zip", "Annabel")
    assert readable(tmp_path / "out") == {}
    before = shown(encrypted)
    monkeypatch.setenv("CPM_KEY", OTHER)
    with pytest.raises(KeyProblem, match=r"not the key of the store in b\.zip"):
        restore(tmp_path / "out" / "b.zip", tmp_path / "back", "Ann")
    assert not (tmp_path / "back").exists()
    monkeypatch.setenv("CPM_KEY", KEY)
    back = restore(tmp_path / "out" / "b.zip", tmp_path / "back", "Annabel")
    assert readable(back.folder) == {}
    assert shown(back)["rows"] == before["rows"]
    assert shown(back)["notes"] == before["notes"]
    monkeypatch.delenv("CPM_KEY")
    found = check(Store(encrypted.folder))
    assert sum(bool(f.unseen) for f in found) == 5  # the key, three loads, the settings
    assert not any(f.wrong for f in found if f.what != "the key")
    path = next(encrypted.folder.glob("snapshots/*.duckdb"))
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    assert any("not as it was written" in f.wrong for f in check(Store(encrypted.folder)))
