"""Keeps a store of the present version for all later ones: `python tests/store/make_fixture.py NAME`, once for every version that is released.

Writes tests/store/fixtures/NAME/: `store.zip` (an invented council of six, two loads and one undone, and one of everything that people
write), `program.zip` (the part of this version that reads stores) and `expected.json` (what is in it, by digest). With CPM_KEY set, the
store is encrypted with that key, which is kept beside it: nothing in it is anybody's. (Encrypted files can't be packed smaller, so they are
made of smaller blocks than usual, and the undone load is left out.)

To make one of an earlier version, put that version's `cpm_metrics` first on PYTHONPATH. Uses nothing of the tests.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import tempfile
import zipfile
from datetime import date
from pathlib import Path

FIXTURES = Path(__file__).parent / "fixtures"
EXTRACT = date(2026, 11, 20)
PROGRAM = ("__init__.py", "errors.py", "workdays.py", "store", "extracts")


def main(name: str) -> None:
    import cpm_metrics
    from cpm_metrics import sample
    from cpm_metrics.extracts.prepare import prepare
    from cpm_metrics.extracts.problems import InputFile
    from cpm_metrics.store import Store, connect
    from cpm_metrics.store.state import About

    out = FIXTURES / name
    out.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as scratch:
        files = [InputFile(path.name, path) for path in sample.write(Path(scratch) / "files", children=6, seed=3, extract_date=EXTRACT)]
        encrypted = bool(os.environ.get("CPM_KEY"))
        if encrypted:
            connect._BEFORE = (*connect._BEFORE, "SET default_block_size = 16384")
        store = Store(Path(scratch) / "store")
        for _ in range(1 if encrypted else 2):
            store.commit(prepare(files), EXTRACT, "Ann", confirmed=True)
        if not encrypted:
            store.undo("Ann")
        child = min(store.current().children())
        about = About("initial-cpm", child, date(2026, 3, 2), date(2026, 3, 2), None)
        store.state.add_note(about, "Ynys to chase", "Ann")
        store.state.add_exception(about, "Court moved the hearing", date(2026, 12, 24), "Ann")
        store.state.save("view", "Ann", "Mine", {"status": ["overdue"]}, "Ann")
        store.state.set_setting("initial-cpm.limit", {"amount": 12, "unit": "working days"}, "Ann", "policy")
        store.state.set_mapping("value", "a", "cpm", "Ann")
        store.state.close()
        (out / "expected.json").write_text(json.dumps(contents(store), indent=1) + "\n")
        if encrypted:
            (out / "key.txt").write_text(os.environ["CPM_KEY"] + "\n")
        store.state.close()
        pack(out / "store.zip", store.folder, [p for p in store.folder.rglob("*") if p.is_file() and p.name not in ("lock", "state.sqlite-wal", "state.sqlite-shm")])
    root = Path(cpm_metrics.__file__).parent
    parts = [p for part in PROGRAM for p in ([root / part] if part.endswith(".py") else (root / part).rglob("*")) if p.is_file() and "__pycache__" not in p.parts]
    pack(out / "program.zip", root.parent, parts)


def contents(store, only=None) -> dict:
    """Load -> table -> rows and digest of them (of the loads `only`, or all); and what people wrote. Only with what every version has."""
    loads = {}
    for info in (info for info in store.history() if only is None or info.load_id in only):
        snapshot = store.snapshot(info.load_id)
        tables = {}
        for (table,) in snapshot.cursor().execute("SELECT table_name FROM duckdb_tables() WHERE database_name = 'snapshot' ORDER BY 1").fetchall():
            rows = sorted(json.dumps(row, default=str, sort_keys=True) for row in snapshot.table(table).to_pylist())
            tables[table] = [len(rows), hashlib.sha256("\n".join(rows).encode()).hexdigest()]
        loads[info.load_id] = {"undone": info.undone, "extract_date": str(info.extract_date), "by": info.by, "files": [file.name for file in info.files], "tables": tables}
    state = store.state
    return {
        "current": store.current().info.load_id, "loads": loads, "settings": state.settings(), "notes": [[n.who, n.about.child_id, n.text] for n in state.notes()],
        "exceptions": [[e.who, e.about.child_id, e.text, str(e.expires)] for e in state.exceptions()], "saved": state.saved("view", "Ann"), "mappings": state.mappings("value"),
        "audit": [[line.who, line.what, line.subject] for line in state.audit()],
    }  # fmt: skip


def pack(target: Path, root: Path, files: list[Path]) -> None:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_LZMA) as packed:
        for path in sorted(files):
            packed.write(path, path.relative_to(root))


if __name__ == "__main__":
    main(*sys.argv[1:])
