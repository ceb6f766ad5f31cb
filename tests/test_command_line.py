"""The command line as an analyst's scheduled job meets it: real processes, exit codes, what stands on which stream."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
import warnings
from datetime import timedelta
from pathlib import Path

import openpyxl
import pyarrow.parquet
import pytest

from cpm_metrics import cli
from cpm_metrics.engine import CONTRACT_COLUMNS
from cpm_metrics.store import State, Store

ROOT = Path(__file__).parents[1]
EXTRACT = "2026-11-20"


def command(*args: object, store: Path | None = None, cwd: Path = ROOT) -> subprocess.CompletedProcess:
    known = {name: value for name, value in os.environ.items() if not name.startswith("CPM_")}
    env = known | {"PYTHONPATH": str(ROOT)} | ({"CPM_STORE": str(store)} if store else {})
    return subprocess.run(
        [sys.executable, "-m", "cpm_metrics", *map(str, args)],
        capture_output=True, env=env, cwd=cwd, check=False, timeout=120,
    )  # fmt: skip


def said(done: subprocess.CompletedProcess) -> str:
    return done.stderr.decode("utf-8")


def rows(done: subprocess.CompletedProcess) -> list[dict[str, str]]:
    """The CSV on standard output, where the command succeeded and said nothing else."""
    assert (done.returncode, said(done)) == (0, "")
    return list(csv.DictReader(io.StringIO(done.stdout.decode("utf-8"))))


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def council(tmp_path_factory) -> list[Path]:
    """The spreadsheets of a small invented council, as `sample` writes them."""
    folder = tmp_path_factory.mktemp("council")
    done = command("sample", folder, "--children", 40, "--seed", 7)
    assert done.returncode == 0, said(done)
    assert done.stdout == b""
    return sorted(folder.iterdir())


@pytest.fixture(scope="module")
def loaded(council, tmp_path_factory) -> tuple[Path, str]:
    """A store with that council in it, and what the load said."""
    store = tmp_path_factory.mktemp("loaded") / "store"
    done = command("load", *council, "--extract-date", EXTRACT, "--store", store, "--who", "Night load")
    assert done.returncode == 0, said(done)
    assert done.stdout == b""
    return store, said(done)


@pytest.fixture(scope="module")
def obligations(loaded) -> bytes:
    done = command("obligations", store=loaded[0])
    assert (done.returncode, said(done)) == (0, "")
    return done.stdout


# -- usage


def test_help_names_every_command_and_needs_no_heavy_import():
    done = command("--help")
    for name in ("load", "obligations", "indicators", "compliance", "rules", "sample", "history", "undo", "recover"):
        assert name in done.stdout.decode()
    look = "import sys, cpm_metrics.cli; print([m for m in ('duckdb', 'pandas', 'pyarrow', 'openpyxl') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", look], capture_output=True, cwd=ROOT, check=True).stdout == b"[]\n"


@pytest.mark.parametrize(
    ("args", "says"),
    [
        ([], "COMMAND"),
        (["obligation"], "invalid choice"),
        (["load", "a.xlsx"], "--extract-date"),
        (["load", "--extract-date", EXTRACT], "FILE"),
        (["load", "a.xlsx", "--extract-date", "20/11/2026"], "write year-month-day, for example 2026-11-20"),
        (["load", "a.xlsx", "--extract-date", "2026-02-30"], "is not a date"),
        (["obligations", "--as-at", "20261120"], "is not a date"),
        (["obligations", "--output", "a.txt"], "should end in .csv, .xlsx or .parquet"),
        (["compliance", "--by", "child"], "invalid choice"),
        (["compliance", "--from", "2026-02-01", "--to", "2026-01-31"], "is after --to"),
        (["sample", "a", "--children", "-4"], "whole number from 1"),
        (["sample", "a", "--children", "0"], "whole number from 1"),
        (["template", "a.csv"], "should end in .xlsx"),
        (["key"], "what"),
        (["key", "new", "a.key", "--keyring"], "not both"),
        (["retention"], "--older-than"),
        (["retention", "--older-than", "0"], "is not a number of days"),
        (["retention", "--older-than", "days"], "one number of days"),
        (["retention", "--older-than", "5", "--load", "x"], "not allowed with"),
        (["erase", "70707"], "--reference"),
    ],
)
def test_wrong_usage_exits_with_2_and_says_what_to_type(args, says, capsys):
    with pytest.raises(SystemExit) as stopped:
        cli.main(args)
    assert stopped.value.code == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert says in err


def test_without_a_load_there_is_nothing_to_ask(tmp_path):
    done = command("obligations", store=tmp_path / "none")
    assert (done.returncode, done.stdout) == (1, b"")
    assert f"Nothing has been loaded into the store {tmp_path / 'none'}" in said(done)
    assert "load --help" in said(done)
    assert not (tmp_path / "none").exists()


# -- load


def test_a_load_accounts_for_every_row_and_names_itself(loaded):
    store, text = loaded
    snapshot = Store(store).current()
    info = snapshot.info
    assert f"Loaded: {info.load_id}, extract date {EXTRACT}" in text
    assert info.by == "Night load"
    for source in snapshot.table("sources").to_pylist():
        assert (
            f"{source['rows_read']} rows read = {source['rows_loaded']} loaded + {source['rows_left_out']} left out"
            in text
        )
        assert source["rows_read"] == source["rows_loaded"] + source["rows_left_out"]
        assert source["file"] in text
    assert sum(source["rows_loaded"] for source in snapshot.table("sources").to_pylist()) == sum(info.counts.values())


def test_a_load_says_its_problems_with_their_places_but_no_value_and_no_name(loaded):
    store, text = loaded
    snapshot = Store(store).current()
    assert snapshot.info.problem_counts["error"] > 0
    for problem in snapshot.table("problems").to_pylist():
        assert problem["message"] in text
    assert ", row " in text
    people = snapshot.frame("SELECT DISTINCT forename || ' ' || surname AS name, child_id FROM snapshot.cases").dropna()
    assert len(people) >= 40
    words = set(text.replace(",", " ").replace(".", " ").split())
    assert not any(name in text for name in people["name"])
    assert not words & set(people["child_id"])


def test_the_same_files_again_are_refused_until_yes_is_added(loaded, council, tmp_path):
    store, _ = loaded
    before = content(store)
    args = ["load", *council, "--extract-date", "2026-11-19", "--store", store]
    done = command(*args)
    assert done.returncode == 1
    assert "same files" in said(done)
    assert "earlier than the current load's" in said(done)
    assert "add --yes" in said(done)
    after = content(store)
    assert {name: data for name, data in after.items() if name.startswith(("snapshots", "current"))} == {
        name: data for name, data in before.items() if name.startswith(("snapshots", "current"))
    }


NAMES = ("Ambrosia", "O'Quillfeather")


def test_no_header_of_a_spreadsheet_is_said_either(tmp_path):
    """It is a cell, and may name somebody. Columns are named by their letters: kept out, taken for something, in another kind of table."""
    cases = openpyxl.Workbook()
    cases.active.title = "Cases"
    cases.active.append(["Child ID", "Date started to be looked after", "Allocated team", "Team", "Notes about Ambrosia", "Seen by O'Quillfeather\u200b?"])
    cases.active.append(["1", "01/02/2015", "North", "South", "x", "y"])
    meetings = cases.create_sheet("Meetings")
    meetings.append(["Child ID", "Meeting type", "Meeting date", "Ambrosia O'Quillfeather"])
    meetings.append(["1", "CPM", "03/03/2025", "Held"])
    other = cases.create_sheet("Archive")
    other.append(["Child ID", "Date of birth", "Legal status", "Allocated team", "Date Ambrosia started to be looked after", "Date O'Quillfeather started to be looked after"])
    other.append(["2", "01/02/2015", "C1", "North", "01/02/2016", ""])
    cases.save(tmp_path / "extract.xlsx")
    done = command("load", tmp_path / "extract.xlsx", "--extract-date", EXTRACT, "--store", tmp_path / "store")
    assert done.returncode == 0, said(done)
    assert not any(name in said(done) for name in NAMES), said(done)
    assert "columns kept out: 3 (sheet Cases, column D, E, F)" in said(done)
    assert "Column D was used as the status" in said(done)
    assert "near to it: " in said(done) and "one of its columns" in said(done)
    assert any("Ambrosia" in message for message in Store(tmp_path / "store").current().table("problems")["message"].to_pylist())  # on the page they stay


@pytest.mark.parametrize("headers", [["Date Ambrosia started to be looked after", "Date O'Quillfeather started to be looked after"], ["Notes about O'Quillfeather"]])
def test_a_refusal_names_columns_by_their_letters(tmp_path, headers):
    """In words that a log may hold; the mapping file, which is the analyst's own, has the headers."""
    line = ["Child ID", "Date of birth", "Allocated team", *headers]
    (tmp_path / "cases.csv").write_text(",".join(line) + "\n1,01/02/2015,North" + ",x" * len(headers) + "\n")
    done = command("load", tmp_path / "cases.csv", "--extract-date", EXTRACT, "--store", tmp_path / "store", "--mapping", tmp_path / "mapping.json")
    assert done.returncode == 1
    assert "'Date started to be looked after'" in said(done)
    assert not any(name in said(done) for name in NAMES), said(done)
    assert ("near to it: column D, column E" in said(done)) == (len(headers) == 2)
    assert json.loads((tmp_path / "mapping.json").read_text("utf-8"))["unknown_tables"][0]["headers"] == line


def test_a_load_that_is_made_is_a_success_whatever_becomes_of_the_report(tmp_path, monkeypatch, capsys):
    """An exit code of 1 means that nothing was changed. What could not be reported is said, without a value from the data."""
    def stumble(*args):
        raise MemoryError("Invented Name, born 1 May 2015")

    (tmp_path / "cases.csv").write_text("Child ID,Date started to be looked after,Allocated team\n1,01/02/2015,North\n")
    args = ["load", str(tmp_path / "cases.csv"), "--extract-date", EXTRACT, "--store", str(tmp_path / "store")]
    monkeypatch.setattr("cpm_metrics.engine.compute", stumble)
    assert cli.main(args) == 0
    err = capsys.readouterr().err
    load_id = Store(tmp_path / "store").current().info.load_id
    assert f"Loaded: {load_id}" in err
    assert f"The load {load_id} is current, but a part of the report on it could not be made: Something unforeseen happened" in err
    assert "Invented" not in err
    monkeypatch.setattr(cli, "_report_problems", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt()))
    assert cli.main([*args, "--yes"]) == 0
    assert "it was stopped" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("missing.xlsx", None, "could not be opened"),
        ("notes.xlsx", b"Dear all, the extract is late again.", "notes.xlsx"),
        ("empty.csv", b"", "empty.csv"),
    ],
)
def test_a_file_that_cannot_be_read_is_named_and_nothing_changes(tmp_path, name, data, says):
    if data is not None:
        (tmp_path / name).write_bytes(data)
    done = command("load", tmp_path / name, "--extract-date", EXTRACT, "--store", tmp_path / "store")
    assert (done.returncode, done.stdout) == (1, b"")
    assert name in said(done)
    assert says in said(done)
    assert "Traceback" not in said(done)
    assert not (tmp_path / "store").exists()


def test_a_required_column_that_is_missing_refuses_the_load(tmp_path):
    (tmp_path / "cases.csv").write_text("Child ID,Date of birth,Allocated team\n1,01/02/2015,North\n")
    done = command("load", tmp_path / "cases.csv", "--extract-date", EXTRACT, "--store", tmp_path / "store")
    assert done.returncode == 1
    assert "Date started to be looked after" in said(done)
    assert not (tmp_path / "store").exists()


def test_an_extract_date_in_the_future_is_asked_about(tmp_path):
    (tmp_path / "cases.csv").write_text("Child ID,Date started to be looked after,Allocated team\n1,01/02/2015,North\n")
    done = command("load", tmp_path / "cases.csv", "--extract-date", "2126-11-20", "--store", tmp_path / "store")
    assert done.returncode == 1
    assert "in the future" in said(done)
    assert "--yes" in said(done)


def test_a_mapping_file_asks_and_remembers(tmp_path):
    """Headers that are not known: the load is refused, the mapping file says what to decide, and the next load goes in."""
    (tmp_path / "x.csv").write_text("Child ID,Beginn,Mannschaft\n1,01/02/2025,North\n2,03/02/2025,South\n")
    meetings = "Child ID,Meeting type,Meeting date,Meeting status\n1,Wibble,03/03/2025,Held\n1,CPM,07/02/2025,Held\n"
    (tmp_path / "m.csv").write_text(meetings)
    store, mapping = tmp_path / "store", tmp_path / "mapping.json"
    args = ["load", tmp_path / "x.csv", "--extract-date", EXTRACT, "--store", store, "--mapping", mapping]
    done = command(*args)
    assert done.returncode == 1
    assert "lists what is to be decided: tables 1, values 0" in said(done)
    data = json.loads(mapping.read_text())
    (table,) = data["unknown_tables"]
    assert table["headers"] == ["Child ID", "Beginn", "Mannschaft"]
    assert table["columns"] == {"Child ID": "child_id", "Beginn": "", "Mannschaft": ""}
    table |= {"dataset": "cases", "columns": {"Beginn": "care_started", "Mannschaft": "team"}}
    mapping.write_text(json.dumps(data))
    args.insert(2, tmp_path / "m.csv")
    done = command(*args)
    assert done.returncode == 0, said(done)
    assert "Cases: 2 rows read = 2 loaded + 0 left out" in said(done)
    assert "Wibble" not in said(done)
    data = json.loads(mapping.read_text())
    assert data["unknown_tables"] == []
    (question,) = data["questions"]
    assert (question["value"], question["code"]) == ("Wibble", None)
    question["code"] = "review"
    mapping.write_text(json.dumps(data))
    done = command(*args, "--yes")
    assert done.returncode == 0, said(done)
    assert "not known" not in said(done)
    assert json.loads(mapping.read_text())["questions"] == []
    kinds = Store(store).current().frame("SELECT meeting_type FROM snapshot.meetings ORDER BY meeting_date")
    assert kinds["meeting_type"].tolist() == ["cpm", "review"]
    mapping.write_text("[]")
    assert command(*args, "--yes").returncode == 1


def test_the_template_filled_in_loads_as_it_is(tmp_path):
    assert command("template", tmp_path / "template.xlsx").returncode == 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        book = openpyxl.load_workbook(tmp_path / "template.xlsx")
    heads = {cell.value: cell.column for cell in book["Cases"][1]}
    for header, value in {
        "Child ID": "0042",
        "Date started to be looked after": "06/01/2025",
        "Allocated team": "North",
    }.items():
        book["Cases"].cell(2, heads[header], value)
    book.save(tmp_path / "filled.xlsx")
    done = command("load", tmp_path / "filled.xlsx", "--extract-date", EXTRACT, "--store", tmp_path / "store")
    assert done.returncode == 0, said(done)
    assert Store(tmp_path / "store").current().children() == {"0042"}


# -- results


def test_obligations_are_the_contract_columns_in_order(obligations):
    reader = csv.DictReader(io.StringIO(obligations.decode("utf-8")))
    assert tuple(reader.fieldnames) == CONTRACT_COLUMNS
    found = list(reader)
    assert len(found) > 500
    order = [(row["rule"], row["child_id"], row["anchor_date"]) for row in found]
    assert order == sorted(order)
    for row in found:
        for name in ("care_started", "anchor_date", "due_date", "done_date", "closes_on", "lapses_on"):
            assert row[name] == "" or (len(row[name]) == 10 and row[name][4] == row[name][7] == "-"), row
    assert {row["status"] for row in found} > {"on_time", "late", "overdue"}


@pytest.mark.parametrize("ending", ["csv", "xlsx", "parquet"])
def test_output_goes_to_a_file_and_nothing_to_standard_output(loaded, obligations, tmp_path, ending):
    path = tmp_path / f"obligations.{ending}"
    done = command("obligations", "--store", loaded[0], "--output", path)
    assert (done.returncode, done.stdout) == (0, b"")
    wanted = list(csv.reader(io.StringIO(obligations.decode("utf-8"))))
    assert f"{len(wanted) - 1} rows written to {path}" in said(done)
    if ending == "csv":
        assert path.read_text("utf-8-sig").splitlines() == obligations.decode("utf-8").splitlines()
    elif ending == "parquet":
        table = pyarrow.parquet.read_table(path)
        assert (table.num_rows, table.column_names) == (len(wanted) - 1, wanted[0])
        assert table["child_id"].to_pylist() == [row[1] for row in wanted[1:]]
    else:
        sheet = openpyxl.load_workbook(path, read_only=True).active
        ids = [row for row in sheet.iter_rows(values_only=True)]
        assert len(ids) >= len(wanted)


def test_an_output_that_cannot_be_written_exits_with_1(loaded, tmp_path):
    done = command("rules", "--output", tmp_path / "no such folder" / "rules.csv")
    assert done.returncode == 1
    assert "no such folder" in said(done)
    assert "Traceback" not in said(done)


def test_an_earlier_date_gives_another_answer_and_a_later_one_is_refused(loaded, obligations):
    earlier = command("obligations", "--as-at", "2026-06-30", store=loaded[0])
    assert earlier.returncode == 0
    assert earlier.stdout.startswith(obligations.splitlines()[0])
    assert earlier.stdout != obligations
    assert "Reconstructed for 30 Jun 2026 from the extract of 20 Nov 2026" in said(earlier)
    later = command("obligations", "--as-at", "2026-11-21", store=loaded[0])
    assert (later.returncode, later.stdout) == (1, b"")
    assert "after the extract was taken" in said(later)
    assert "20 Nov 2026" in said(later)


def test_rules_shows_the_limits_in_use(tmp_path):
    """Those that the council set in this store; the defaults in one that has none, which is not made by asking."""
    limits = {row["code"]: row["limits"] for row in rows(command("rules", store=tmp_path / "none"))}
    assert limits["initial-cpm"] == "10 calendar days"
    assert not (tmp_path / "none").exists()
    State(tmp_path).set_setting("initial-cpm.limit", {"amount": 10, "unit": "working days"}, "Ann", "policy")
    limits = {row["code"]: row["limits"] for row in rows(command("rules", store=tmp_path))}
    assert limits["initial-cpm"] == "10 working days"


def test_the_same_question_twice_gives_the_same_bytes(loaded, obligations):
    assert command("obligations", "--as-at", EXTRACT, store=loaded[0]).stdout == obligations


def test_indicators(loaded):
    found = rows(command("indicators", store=loaded[0]))
    assert list(found[0]) == ["indicator", "child_id", "since", "figure", "why"]


def test_compliance_by_rule_team_and_worker_counts_the_same(loaded):
    totals = []
    for by in ("rule", "team", "worker"):
        found = rows(command("compliance", "--by", by, "--from", "2026-01-01", "--to", "2026-10-31", store=loaded[0]))
        assert by in found[0]
        totals.append(sum(int(row["counted"]) for row in found))
    assert totals[0] > 100
    assert len(set(totals)) == 1


def test_rules_need_no_store(tmp_path):
    found = rows(command("rules", cwd=tmp_path, store=tmp_path / "none"))
    assert len(found) > 10
    assert not (tmp_path / "none").exists()


def test_whoever_reads_our_output_may_stop_early(loaded):
    env = os.environ | {"PYTHONPATH": str(ROOT), "CPM_STORE": str(loaded[0])}
    ours = subprocess.Popen(
        [sys.executable, "-m", "cpm_metrics", "obligations"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env
    )
    ours.stdout.read(10)
    ours.stdout.close()
    assert ours.stderr.read() == b""
    assert ours.wait() == 0


# -- history, undo, recover, sample


def test_history_undo_and_recover(tmp_path, capsys):
    store = tmp_path / "store"

    def run(*args: object) -> tuple[int, str, str]:
        """In this process, because there are many: the exit code and the two streams."""
        code = cli.main([*map(str, args), "--store", str(store)])
        return code, *capsys.readouterr()

    def states() -> list[tuple[str, str, str]]:
        code, out, err = run("history")
        assert (code, err) == (0, "")
        return [(row["state"], row["extract_date"], row["by"]) for row in csv.DictReader(io.StringIO(out))]

    lines = "Child ID,Date started to be looked after,Allocated team\n1,01/02/2025,North\n9,01/02/2025,Team of {}\n"
    for day in ("2026-11-13", EXTRACT):
        (tmp_path / "cases.csv").write_text(lines.format(day))
        code, _, err = run("load", tmp_path / "cases.csv", "--extract-date", day, "--who", "=Ann")
        assert code == 0, err
    assert states() == [("current", EXTRACT, "'=Ann"), ("", "2026-11-13", "'=Ann")]  # a spreadsheet would run =Ann
    code, _, err = run("undo")
    assert code == 0
    assert "extract date 2026-11-13" in err
    assert [state for state, *_ in states()] == ["undone", "current"]
    (store / "current").write_text("?")
    code, out, err = run("obligations")
    assert (code, out) == (1, "")
    assert "python -m cpm_metrics recover" in err
    assert run("recover")[0] == 0
    assert run("obligations")[0] == 0
    assert "store is empty now" in run("undo")[2]
    code, _, err = run("undo")
    assert code == 1
    assert "no load to undo" in err


def test_a_sample_of_the_same_seed_is_the_same(council, tmp_path):
    done = command("sample", tmp_path / "again", "--children", 40, "--seed", 7, "--extract-date", EXTRACT)
    assert done.returncode == 0
    assert content(tmp_path / "again") == content(council[0].parent)


# -- keys, retention, erasing


@pytest.fixture
def run(tmp_path, capsys, monkeypatch):
    """A command on a store with two small loads, in this process: the exit code and the two streams."""
    for name in [name for name in os.environ if name.startswith("CPM_")]:
        monkeypatch.delenv(name)

    def one(*args: object) -> tuple[int, str, str]:
        code = cli.main([*map(str, args), "--store", str(tmp_path / "store")])
        return code, *capsys.readouterr()

    for day in ("2026-11-13", EXTRACT):
        (tmp_path / "cases.csv").write_text(f"Child ID,Surname,Forename,Date started to be looked after,Allocated team\n70707,Inventedname,Ynys,01/02/2025,North\n9,Other,Ann,01/02/2025,Team of {day}\n")
        assert one("load", tmp_path / "cases.csv", "--extract-date", day)[0] == 0
    return one


def raw(folder: Path) -> bytes:
    return b"".join(content(folder).values())


def test_a_store_is_encrypted_and_rekeyed_by_command(run, tmp_path, monkeypatch, capsys):
    code, _, err = run("encrypt")
    assert code == 1
    assert "CPM_KEY_FILE" in err and "passphrase of at least 20" in err
    for name in ("a.key", "b.key"):
        assert cli.main(["key", "new", str(tmp_path / name)]) == 0
    assert cli.main(["key", "new", str(tmp_path / "a.key")]) == 1
    assert cli.main(["key", "new"]) == 0
    assert len(capsys.readouterr().out.strip()) == 44
    before = run("obligations")[1]
    assert b"Inventedname" in raw(tmp_path / "store")
    monkeypatch.setenv("CPM_KEY_FILE", str(tmp_path / "a.key"))
    code, _, err = run("obligations")
    assert code == 1
    assert "not encrypted" in err and "cpm_metrics encrypt" in err
    code, _, err = run("encrypt")
    assert (code, "2 loads" in err) == (0, True), err
    assert b"Inventedname" not in raw(tmp_path / "store")
    assert run("obligations")[:2] == (0, before)
    code, _, err = run("rekey", "--new-key-file", tmp_path / "b.key")
    assert (code, "2 loads" in err) == (0, True), err
    code, _, err = run("obligations")
    assert code == 1
    assert "is not the key of the store" in err
    code, _, err = run("check")
    assert code == 1
    assert "not looked into: load" in err
    monkeypatch.setenv("CPM_KEY_FILE", str(tmp_path / "b.key"))
    assert run("obligations")[:2] == (0, before)
    assert run("check")[0] == 0
    keys = (tmp_path / "a.key").read_text().strip(), (tmp_path / "b.key").read_text().strip()
    assert not any(key in err for key in keys)


def test_retention_deletes_old_loads_only_after_asking(run, tmp_path, monkeypatch):
    from cpm_metrics.store import loads

    (tmp_path / "cases.csv").write_text((tmp_path / "cases.csv").read_text().replace(f"Team of {EXTRACT}", "South"))
    assert run("load", tmp_path / "cases.csv", "--extract-date", EXTRACT)[0] == 0  # a third load: the current one and the one before are kept
    code, _, err = run("retention", "--older-than", "400", "days")
    assert code == 1
    assert "Nobody is there to say yes" in err
    code, _, err = run("retention", "--older-than", "400", "days", "--yes")
    assert (code, "nothing was deleted" in err) == (0, True)
    later = loads.now() + timedelta(days=500)
    with monkeypatch.context() as patch:
        patch.setattr(loads, "now", lambda: later)
        monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
        monkeypatch.setattr(sys.stdin, "readline", lambda: "yes\n", raising=False)
        code, _, err = run("retention", "--older-than", "400")
        assert code == 1
        assert "clock" in err and "--even-so" in err
        code, _, err = run("retention", "--older-than", "400", "--yes")  # what runs at night has looked at no clock
        assert (code, "clock" in err) == (1, True), err
        code, _, err = run("retention", "--older-than", "400", "--yes", "--even-so")
        assert (code, "Deleted: 1 load." in err) == (0, True), err
    assert run("history")[1].count("2026-11-") >= 1
    assert b"Team of 2026-11-13" not in raw(tmp_path / "store")
    load_id = Store(tmp_path / "store").current().info.load_id
    code, _, err = run("retention", "--load", load_id, "--yes")
    assert code == 1
    assert "never deleted" in err


def test_a_child_is_erased_only_when_the_id_is_typed_again(run, tmp_path, monkeypatch):
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(sys.stdin, "readline", lambda: "70708\n", raising=False)
    code, _, err = run("erase", "70707", "--reference", "IG-2026-14")
    assert (code, "Not confirmed" in err) == (1, True)
    monkeypatch.setattr(sys.stdin, "readline", lambda: "70707\n", raising=False)
    code, _, err = run("erase", "70707", "--reference", "IG-2026-14")
    assert code == 0, err
    assert "2 rows in 2 loads" in err and "next extract" in err
    assert "Inventedname" not in err
    assert b"Inventedname" not in raw(tmp_path / "store") and b"70707" not in raw(tmp_path / "store")
    assert Store(tmp_path / "store").current().children() == {"9"}
    assert run("check")[0] == 0
    assert run("erase", "70707", "--reference", "IG-2026-14", "--yes")[0] == 1


# -- the unforeseen


def test_an_unforeseen_error_gives_a_number_and_no_value_from_the_data(monkeypatch, capsys):
    def stumble(options):
        raise ValueError("Invented Name, born 1 May 2015")

    monkeypatch.setattr(cli, "_rules", stumble)
    assert cli.main(["rules"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert "Invented" not in err and "2015" not in err
    assert "ValueError at" in err and "test_command_line.py" in err


# -- nobody reads what we say


def with_broken(stream: str, *args: object) -> subprocess.Popen:
    """The command, with nobody at the other end of that stream."""
    read, write = os.pipe()
    os.close(read)
    known = {name: value for name, value in os.environ.items() if not name.startswith("CPM_")}
    ours = subprocess.Popen(
        [sys.executable, "-m", "cpm_metrics", *map(str, args)], cwd=ROOT, env=known, **({"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | {stream: write}),
    )  # fmt: skip
    os.close(write)
    ours.wait(120)
    return ours


def test_messages_that_nobody_reads_neither_stop_a_load_nor_make_it_a_success(tmp_path):
    """The load is made all the same; one that is refused is no success for that."""
    (tmp_path / "cases.csv").write_text("Child ID,Date started to be looked after,Allocated team,Shoe size\n1,01/02/2015,North,3\n")
    (tmp_path / "bad.csv").write_text("Child ID,Date of birth,Allocated team\n1,01/02/2015,North\n")
    store = tmp_path / "store"
    assert with_broken("stderr", "load", tmp_path / "bad.csv", "--extract-date", EXTRACT, "--store", store).returncode == 1
    assert not store.exists()
    assert with_broken("stderr", "load", tmp_path / "cases.csv", "--extract-date", EXTRACT, "--store", store).returncode == 0
    assert Store(store).current().children() == {"1"}
    assert with_broken("stderr", "load", tmp_path / "cases.csv", "--extract-date", EXTRACT, "--store", store).returncode == 1


def test_a_pipe_that_breaks_elsewhere_is_no_success(monkeypatch, capsys):
    def stumble(options):
        raise BrokenPipeError(32, "Broken pipe")

    monkeypatch.setattr(cli, "_rules", stumble)
    assert cli.main(["rules"]) == 1
    assert "Broken pipe" in capsys.readouterr().err


def test_the_list_of_people_may_be_cut_short_too(tmp_path):
    from cpm_metrics.access import People
    from cpm_metrics.access.people import Access

    register = People(Store(tmp_path / "store").state)
    for number in range(200):
        register.give(f"t/{number}", Access("analyst", name="An Analyst with a long name " * 3), "a test")
    done = with_broken("stdout", "people", "list", "--store", tmp_path / "store")
    assert (done.returncode, done.stderr.read()) == (0, b"")
