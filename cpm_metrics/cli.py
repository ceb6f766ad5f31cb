"""The command line (EXTRACTS.md section 5). Thin: it asks the store, the engine and the views, and writes what they say.

Results go to standard output or to --output; everything else goes to standard error. Imports that take time are made
inside the command that needs them, so that `--help` answers at once.
"""

from __future__ import annotations

import argparse
import contextlib
import getpass
import json
import math
import os
import secrets
import sys
import time
import traceback
from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from cpm_metrics import __version__, people_cli
from cpm_metrics.errors import CpmError, NeedsConfirmation

if TYPE_CHECKING:
    import pandas as pd

    from cpm_metrics.extracts.isolate import Reading
    from cpm_metrics.extracts.mapping import MappingBook
    from cpm_metrics.extracts.problems import Prepared, TableView
    from cpm_metrics.store import LoadInfo, Snapshot, Store

DONE, REFUSED, USAGE = 0, 1, 2
DEFAULT_STORE = "data/store"
OUTPUTS = (".csv", ".xlsx", ".parquet")
PROBLEMS_SHOWN = 40

ABOUT = """Care Planning Meetings: load extracts, and ask what is due, late or drifting.

Results are CSV on standard output, or go to the file named with --output; messages go to standard error.
Exit code: 0 done; 1 refused, or a file could not be read (nothing is changed); 2 wrong usage."""

ABOUT_LOAD = """Load one or more files as one load: all of it becomes current at once, or nothing does.
A dataset that the files don't have carries on from the load before."""

ABOUT_MAPPING = """a JSON file of what you have decided about headers and values. It is read if it exists, and written with
what could not be decided: fill in the "dataset" and "columns" of a table under "unknown_tables" (header: field, "" to match
it as usual, null to keep the column out; dataset "ignore" to leave the table out), or the "code" of a value under "questions", and load again.
Without this option the mappings made on screen are used."""


ABOUT_KEY = """Make a key: 32 random bytes, in base64. Whoever has it can read the store, and without it nobody can: keep a copy where the
council keeps its passwords, and never beside the store or its backups. The program finds the key in CPM_KEY_FILE (a file that only its
account can read), CPM_KEY, or the account's keyring."""

ABOUT_ENCRYPT = """Encrypt a store that is plain: its loads, settings, notes and audit (AES-256). The key is the one in CPM_KEY_FILE or
CPM_KEY, or, with --keyring, the one in the keyring. Stop the dashboard first, and restart it with the key. If it is interrupted, give it
again: it goes on where it stopped."""

ABOUT_REKEY = """Encrypt everything with a new key. The present key is found as always; the new one is named here. From the first moment
only the new key opens the store; if the command is interrupted, give it again with the new key. Backups keep the key that they were made
with: keep that too, or delete them."""

ABOUT_RETENTION = """Delete loads for good, undone ones too; the current one is never deleted, nor by age the one before it. It is noted in the audit. Backups are not touched."""

ABOUT_ERASE = """Take a child out of every load, note, exception and saved view, and out of the audit (which then says “erased”). Loads are
written anew, so that nothing stays in their files. It is noted with the reference, without the ID. What is outside the store is not
touched: source files, exports, backups, the case system; and the next extract that has the child brings it back."""


def main(arguments: list[str] | None = None) -> int:
    """Run one command. Returns the exit code; wrong usage exits with 2 from inside argparse."""
    _plain_text_streams()
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
        _flush_results()
        return DONE
    except KeyboardInterrupt:
        _say("Stopped. Nothing was changed.")
    except Exception as error:
        _say(_told(error))
    return REFUSED


# -- what can be typed


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m cpm_metrics", description=ABOUT, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def command(name: str, run: Callable, help: str, description: str | None = None) -> argparse.ArgumentParser:
        one = commands.add_parser(name, help=help, description=description or f"{help[0].upper()}{help[1:]}.")
        one.set_defaults(run=run, parser=one)
        return one

    load = command("load", _load, "load spreadsheets into the store", ABOUT_LOAD)
    load.add_argument("files", nargs="+", metavar="FILE", type=Path, help=".xlsx .xlsm .xls .xlsb .ods or .csv")
    load.add_argument(
        "--extract-date", required=True, type=_day, metavar="YYYY-MM-DD", help="the day the data were taken"
    )
    load.add_argument("--mapping", type=Path, metavar="FILE", help=ABOUT_MAPPING)
    load.add_argument(
        "--yes", action="store_true", help="load even where the load is surprising and would be asked about"
    )
    _add_store(load)
    _add_by(load)

    for name, run, help in (
        ("obligations", _obligations, "every obligation with its due date, status and why"),
        ("indicators", _indicators, "every indicator of drift or practice that is raised, and why"),
        ("compliance", _compliance, "counted obligations and how many were on time"),
    ):
        one = command(name, run, help)
        one.add_argument(
            "--as-at", type=_day, metavar="YYYY-MM-DD", help="the date to look at; the extract date if left out"
        )
        if name == "compliance":
            one.add_argument("--from", dest="start", type=_day, metavar="YYYY-MM-DD", help="first due date counted")
            one.add_argument("--to", dest="end", type=_day, metavar="YYYY-MM-DD", help="last due date counted")
            one.add_argument(
                "--by", choices=("rule", "team", "worker"), default="rule", help="one row per (default: rule)"
            )
        _add_store(one)
        _add_output(one)

    rules = command("rules", _rules, "the rules, the limits in use in the store, and where they come from")
    _add_store(rules)
    _add_output(rules)

    sample = command("sample", _sample, "write the spreadsheets of an invented council")
    sample.add_argument("folder", type=Path, metavar="DIR")
    sample.add_argument("--children", type=_count, default=400, metavar="N", help="children in care (default: 400)")
    sample.add_argument(
        "--seed", type=int, default=1, metavar="N", help="the same seed gives the same council (default: 1)"
    )
    sample.add_argument("--extract-date", type=_day, metavar="YYYY-MM-DD", help="the day the data are of")

    kept = command("backup", _backup, "write every load, the settings and the audit into one file")
    kept.add_argument("file", type=Path, metavar="FILE", help="a new file; it holds children's data like the store itself")
    _add_store(kept)
    _add_by(kept)
    back = command("restore", _restore, "put a backup into an empty folder, every byte checked")
    back.add_argument("file", type=Path, metavar="FILE")
    _add_store(back)
    _add_by(back)
    _add_store(command("check", _check, "look whether the store is whole; changes nothing, and exits with 1 where something is wrong"))

    key = command("key", _key, "make a key for an encrypted store", ABOUT_KEY)
    key.add_argument("what", choices=("new",))
    key.add_argument("file", nargs="?", type=Path, metavar="FILE", help="a new file for the key, readable by this account only; standard output if left out")
    key.add_argument("--keyring", action="store_true", help="keep it in the operating system's keyring instead")
    encrypt = command("encrypt", _encrypt, "encrypt every file of the store with the key given", ABOUT_ENCRYPT)
    rekey = command("rekey", _rekey, "encrypt every file of an encrypted store with a new key", ABOUT_REKEY)
    rekey.add_argument("--new-key-file", type=Path, metavar="FILE", help="the new key (otherwise CPM_NEW_KEY_FILE or CPM_NEW_KEY in the environment)")
    for one in (encrypt, rekey):
        one.add_argument("--keyring", action="store_true", help="take the key that `key new --keyring` put in the keyring")
        _add_store(one)
        _add_by(one)
    kept_for = command("retention", _retention, "delete old loads for good, never the current one and the one before it", ABOUT_RETENTION)
    which = kept_for.add_mutually_exclusive_group(required=True)
    which.add_argument("--older-than", type=_days, nargs="+", action=_Days, metavar="DAYS", help="loads made longer ago, for example: --older-than 400 days")
    which.add_argument("--load", metavar="ID", help="this load, damaged or not (`history` and `check` name them)")
    kept_for.add_argument("--even-so", action="store_true", help="also where the loads contradict the clock: loading had stopped, and the clock is right")
    erase = command("erase", _erase, "take a child out of every file of the store for good", ABOUT_ERASE)
    erase.add_argument("child", metavar="CHILD_ID")
    erase.add_argument("--reference", required=True, metavar="TEXT", help="where it was decided, for the audit; without the child's ID or name")
    for one in (kept_for, erase):
        one.add_argument("--yes", action="store_true", help="don't ask")
        _add_store(one)
        _add_by(one)

    people_cli.add(command, _add_store, _add_by, _people)
    history = command("history", _history, "every load, newest first")
    _add_store(history)
    _add_output(history)
    for name, run, help in (
        ("undo", _undo, "make the load before the current one current again"),
        ("recover", _recover, "make the last good load current where the current one is damaged"),
    ):
        one = command(name, run, help)
        _add_store(one)
        _add_by(one)

    template = command("template", _template, "write the empty template workbook")
    template.add_argument("file", type=_xlsx, metavar="FILE.xlsx")
    return parser


def _add_store(parser: argparse.ArgumentParser) -> None:
    default = os.environ.get("CPM_STORE") or DEFAULT_STORE
    parser.add_argument(
        "--store", type=Path, default=Path(default), metavar="DIR",
        help=f"the store's folder (default: CPM_STORE in the environment, else {DEFAULT_STORE})",
    )  # fmt: skip


def _add_by(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--who", default=None, metavar="NAME", help="who does this, for the record (default: you)")


def _add_output(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--output", type=_output, metavar="FILE", help=f"write a file that ends in {', '.join(OUTPUTS)}"
    )


def _day(text: str) -> date:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or text != found.isoformat():
        raise argparse.ArgumentTypeError(f"“{text}” is not a date: write year-month-day, for example 2026-11-20")
    return found


def _count(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"“{text}” is not a number of children: write a whole number from 1")
    return int(text)


def _days(text: str) -> int | None:
    """A number of days, or None for the word “days” after it."""
    text = text.removesuffix(" days")
    if text in ("day", "days"):
        return None
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"“{text}” is not a number of days: write, for example, --older-than 400 days")
    return int(text)


class _Days(argparse.Action):
    """`400 days`, `400`: one number."""

    def __call__(self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, values: Any, option_string: str | None = None) -> None:
        numbers = [value for value in values if value is not None]
        if len(numbers) != 1 or values[0] is None:
            parser.error("write one number of days, for example: --older-than 400 days")
        setattr(namespace, self.dest, numbers[0])


def _output(text: str) -> Path:
    if Path(text).suffix.lower() not in OUTPUTS:
        raise argparse.ArgumentTypeError(f"“{text}” should end in {', '.join(OUTPUTS[:-1])} or {OUTPUTS[-1]}")
    return Path(text)


def _xlsx(text: str) -> Path:
    if Path(text).suffix.lower() != ".xlsx":
        raise argparse.ArgumentTypeError(f"“{text}” should end in .xlsx")
    return Path(text)


# -- load


def _load(options: argparse.Namespace) -> None:
    from cpm_metrics.errors import LoadRefused
    from cpm_metrics.extracts.isolate import Reading
    from cpm_metrics.extracts.problems import InputFile

    store = _store(options)
    book = _mappings(options.mapping) if options.mapping else store.mapping_book()
    progress = _Progress()
    # One reading, so that a refused file isn't read a second time to say which of its columns were meant.
    with contextlib.closing(Reading([InputFile(path.name, path) for path in options.files])) as reading:
        try:
            prepared = reading.prepare(book, progress)
        except CpmError as error:
            tables = _tables(reading, book)
            if options.mapping:
                _write_mappings(options.mapping, book, _unknown_tables(tables), [])
            if isinstance(error, LoadRefused):
                raise _without_headers(error, tables) from None
            raise
        headers = _Headers.of(prepared)
        _report_rows(prepared, headers)
        if options.mapping:
            unknown = _unknown_tables(_tables(reading, book)) if prepared.unknown_tables else []
            _write_mappings(options.mapping, book, unknown, prepared.questions)
    try:
        info = store.commit(prepared, options.extract_date, _who(options), options.yes, progress)
    except NeedsConfirmation as question:
        raise NeedsConfirmation(question.what, "Nothing was changed. If that is right, add --yes.") from None
    for report in (lambda: _report_problems(store.current(), headers), lambda: _report_load(info), lambda: _report_left_out(store.current())):
        try:
            report()
        except (Exception, KeyboardInterrupt) as error:
            # The load is current, whatever becomes of saying what is in it: an exit code of 1 would mean that nothing was changed.
            why = "it was stopped" if isinstance(error, KeyboardInterrupt) else _told(error)
            _say(f"The load {info.load_id} is current, but a part of the report on it could not be made: {why}")


class _Progress:
    """What is being done, on standard error, at most once a second."""

    def __init__(self) -> None:
        self._said_at = -math.inf

    def __call__(self, stage: str, done: int, total: int | None) -> None:
        if time.monotonic() - self._said_at >= 1:
            self._said_at = time.monotonic()
            _say(f"{stage[:1].upper()}{stage[1:]} …")


class _Headers:
    """The headers in the files. They are cells, and “Notes about Ann” is somebody's name: what is said here goes into the night's log, so a
    column is named by its letter. Words that the product itself knows as headers are no secret and stay."""

    def __init__(self) -> None:
        self._at: dict[str, dict[str, str]] = {}

    @classmethod
    def of(cls, prepared: Prepared) -> _Headers:
        found = cls()
        for source in prepared.sources:
            found.add(_place(source.file, source.sheet), ((m.header, m.letter) for m in source.mapping))
        for table in prepared.unknown_tables:
            found.add(_place(table.file, table.sheet), ((header, "") for header in table.headers))
        return found

    def add(self, place: str, columns: Iterable[tuple[str, str]]) -> None:
        """`columns`: header and letter, "" where that isn't known."""
        from cpm_metrics.extracts.datasets import DATASETS
        from cpm_metrics.extracts.folding import squash
        from cpm_metrics.extracts.recognise import lookup

        at = self._at.setdefault(place, {})
        for header, letter in columns:
            if header and not any(squash(header) in lookup(dataset, True) for dataset in DATASETS):
                at.setdefault(header, letter)

    def out_of(self, text: str, place: str = "") -> str:
        """A message without them; it is about the table at `place`, or says so line by line. Messages quote each header, as it is or as Python would."""
        return "\n".join(self._out_of_line(line, place) for line in text.split("\n"))

    def _out_of_line(self, line: str, place: str) -> str:
        of_this = [at for at in self._at if at == place or line.startswith(f"{at}:")]
        for at in (*of_this, *self._at):
            for header, letter in sorted(self._at[at].items(), key=lambda column: -len(column[0])):
                for quoted in (f"'{header}'", repr(header)):
                    line = line.replace(f" {letter} {quoted}", f" {letter}") if letter else line
                    line = line.replace(quoted, f"column {letter}" if letter else "one of its columns")
        return line


def _tables(reading: Reading, book: MappingBook) -> list[TableView]:
    """What the files hold; nothing where they can't be read."""
    try:
        return reading.inspect(book)
    except CpmError:
        return []


def _without_headers(refused: CpmError, tables: list[TableView]) -> CpmError:
    headers = _Headers()
    for table in tables:
        headers.add(_place(table.file, table.sheet), ((column.header, column.letter) for column in table.mapping))
    if not tables:
        return type(refused)("The files can't be loaded as they are.", "The page Load says why, with the words of their headers.")
    return type(refused)(headers.out_of(refused.what), headers.out_of(refused.remedy))


def _report_rows(prepared: Prepared, headers: _Headers) -> None:
    for source in prepared.sources:
        _say(
            f"{_title(source.dataset)}: {_rows(source.rows_read)} read = {source.rows_loaded} loaded + "
            f"{source.rows_left_out} left out ({_place(source.file, source.sheet)})"
        )
        if source.unmapped:
            letters = ", ".join(m.letter for m in source.mapping if m.field is None and m.letter and m.header in source.unmapped)
            _say(f"  columns kept out: {len(source.unmapped)}" + (f" ({_place(None, source.sheet, None, letters)})" if letters else ""))
        for note in source.notes:
            _say(f"  {headers.out_of(note, _place(source.file, source.sheet))}")
    for question in prepared.questions:
        taken = f"taken as {question.taken_as}" if question.taken_as else "left blank"
        _say(
            f"{_title(question.dataset)}: a value of {question.header} is not known ({question.count} times), {taken}."
        )


_ALIKE = """
SELECT severity, dataset, message, remedy, count(*) AS times, first(p ORDER BY file, sheet, "row") AS at
FROM snapshot.problems AS p
WHERE from_load = ?
GROUP BY severity, dataset, message, remedy
ORDER BY list_position(['error', 'warning', 'note'], severity), times DESC, dataset, message
"""


def _report_problems(snapshot: Snapshot | None, headers: _Headers) -> None:
    """The problems of this load, alike ones together. Never a cell's value: this goes into the night's log."""
    if snapshot is None:
        return
    alike = snapshot.cursor().execute(_ALIKE, [snapshot.info.load_id]).fetchall()
    for severity, dataset, message, remedy, count, first in alike[:PROBLEMS_SHOWN]:
        where = _place(first["file"], first["sheet"], first["row"], first["column"])
        message = headers.out_of(message, _place(first["file"], first["sheet"]))
        times = "" if count == 1 else f"{count} times, first in "
        about = f" {_title(dataset)}:" if dataset else ""
        _say(f"{severity}:{about} {message} {remedy or ''}".rstrip() + (f" ({times}{where})" if where else ""))
    if len(alike) > PROBLEMS_SHOWN:
        _say(f"… and {len(alike) - PROBLEMS_SHOWN} more kinds of problem; the dashboard lists them all.")


def _report_load(info: LoadInfo) -> None:
    for dataset, (when, load_id) in info.dataset_dates.items():
        if load_id != info.load_id:
            _say(f"{_title(dataset)}: not in these files; carried on with the extract date {when}")
    found = ", ".join(f"{count} {severity}s" for severity, count in sorted(info.problem_counts.items()))
    _say(f"Problems: {found or 'none'}")
    _say(f"Loaded: {info.load_id}, extract date {info.extract_date}")


def _report_left_out(snapshot: Snapshot | None) -> None:
    from cpm_metrics import views
    from cpm_metrics.engine import compute

    if snapshot is not None:
        count = views.left_out(compute(snapshot))
        if count:
            _say(f"Left out of every count, with short breaks only (V3, V4): {count} {'child' if count == 1 else 'children'}")


def _place(file: str | None, sheet: str | None, row: int | None = None, column: str | None = None) -> str:
    parts = [file, sheet and f"sheet {sheet}", row and f"row {row}", column and f"column {column}"]
    return ", ".join(part for part in parts if part)


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count} rows"


def _title(dataset: str) -> str:
    from cpm_metrics.extracts.datasets import DATASETS

    return DATASETS[dataset].title if dataset in DATASETS else dataset


# -- the mapping file


def _mappings(path: Path) -> MappingBook:
    """The mapping file with the answers that were filled in since."""
    from cpm_metrics.extracts.mapping import MappingBook

    if not path.exists():
        return MappingBook()
    try:
        text = path.read_text("utf-8-sig")
    except UnicodeDecodeError:
        raise CpmError(f"{path} is not written in UTF-8.", "Save it as UTF-8, or take it away: it is written anew.") from None
    book = MappingBook.from_json(text)
    try:
        for table in json.loads(text).get("unknown_tables", []):
            if table["dataset"]:
                # "" is a column about which nothing was said: matched as usual. null keeps it out.
                book.remember_headers(table["headers"], table["dataset"], {header: field for header, field in table["columns"].items() if field != ""})
        for question in json.loads(text).get("questions", []):
            if question["code"] is not None:
                book.remember_value(question["dataset"], question["field"], question["value"], question["code"])
    except (KeyError, TypeError, AttributeError):
        raise CpmError(
            f"“unknown_tables” or “questions” in {path} are not as this program wrote them.",
            "Correct them, or take them out and load again: they are written anew.",
        ) from None
    return book


def _unknown_tables(tables: list[TableView]) -> list[dict[str, Any]]:
    """The tables that a mapping would help with, to be filled in."""
    return [
        {
            "headers": list(table.headers),
            "nearest": table.dataset,
            "dataset": None,
            "columns": {column.header: column.field or "" for column in table.mapping if column.header},
        }
        for table in tables
        if table.why and table.headers and not table.ignored
    ]


def _write_mappings(path: Path, book: MappingBook, unknown_tables: list[dict[str, Any]], questions: list[Any]) -> None:
    data = json.loads(book.to_json())
    data["unknown_tables"] = unknown_tables
    data["questions"] = [
        {
            "dataset": q.dataset,
            "field": q.field,
            "value": q.value,
            "count": q.count,
            "choices": list(q.choices),
            "code": None,
        }
        for q in questions
    ]
    text = json.dumps(data, indent=1, ensure_ascii=False) + "\n"
    if not path.exists() or path.read_text("utf-8-sig") != text:
        path.write_text(text, "utf-8")
    if unknown_tables or questions:
        _say(f"{path} lists what is to be decided: tables {len(unknown_tables)}, values {len(questions)}.")


# -- results


def _obligations(options: argparse.Namespace) -> None:
    from cpm_metrics import views

    _write(options, views.obligations(_results(options)))


def _indicators(options: argparse.Namespace) -> None:
    from cpm_metrics import views

    _write(options, views.indicators(_results(options)))


def _compliance(options: argparse.Namespace) -> None:
    if options.start and options.end and options.start > options.end:
        options.parser.error(f"--from {options.start} is after --to {options.end}")
    from cpm_metrics import views

    _write(options, views.compliance(_results(options), by=options.by, start=options.start, end=options.end))


def _rules(options: argparse.Namespace) -> None:
    from cpm_metrics import views
    from cpm_metrics.settings import Settings

    _write(options, views.rules(Settings(_store(options).state.settings())))


def _results(options: argparse.Namespace) -> Any:
    from cpm_metrics import engine
    from cpm_metrics.settings import Settings

    store = _store(options)
    snapshot = store.current()
    if snapshot is None:
        raise CpmError(
            f"Nothing has been loaded into the store {store.folder}.",
            "Load an extract first (python -m cpm_metrics load --help), or name another folder with --store.",
        )
    found = engine.compute(snapshot, options.as_at, Settings(store.state.settings()))
    if found.reconstructed:
        _say(
            f"Reconstructed for {found.as_at.day} {found.as_at:%b %Y} from the extract of {found.extract_date.day} {found.extract_date:%b %Y}: what was recorded or corrected after that "
            "day may differ from what was known then."
        )
    return found


def _write(options: argparse.Namespace, frame: pd.DataFrame) -> None:
    from cpm_metrics import export

    if options.output is None:
        _result(export.csv_text(frame))
        return
    export.write(frame, options.output)
    _say(f"{_rows(len(frame))} written to {options.output}")


# -- the store


def _history(options: argparse.Namespace) -> None:
    import pandas as pd

    store = _store(options)
    current = store.current()
    rows = [
        {
            "load_id": info.load_id,
            "state": "current" if current and info.load_id == current.info.load_id else "undone" if info.undone else "",
            "extract_date": info.extract_date.isoformat(),
            "loaded_at": info.loaded_at.isoformat(timespec="seconds"),
            "by": info.by,
            "files": "; ".join(file.name for file in info.files),
            "rows": "; ".join(f"{name} {count}" for name, count in info.counts.items()),
            "problems": "; ".join(f"{severity} {count}" for severity, count in info.problem_counts.items()),
        }
        for info in store.history()
    ]
    columns = ["load_id", "state", "extract_date", "loaded_at", "by", "files", "rows", "problems"]
    _write(options, pd.DataFrame(rows, columns=columns))


def _undo(options: argparse.Namespace) -> None:
    info = _store(options).undo(_who(options))
    _say_current(info)


def _recover(options: argparse.Namespace) -> None:
    info = _store(options).recover(_who(options))
    _say_current(info)


def _backup(options: argparse.Namespace) -> None:
    from cpm_metrics.store.backup import backup

    loads = backup(_store(options), options.file, _who(options))
    _say(f"Written: {options.file}, with {loads} load{'' if loads == 1 else 's'}. Keep it as safe as the store: it holds children's data.")


def _restore(options: argparse.Namespace) -> None:
    from cpm_metrics.store.backup import restore

    store = restore(options.file, options.store, _who(options))
    info = store.current().info
    _say(f"Restored to {store.folder} and found whole. Current is the load {info.load_id}, extract date {info.extract_date}.")


def _check(options: argparse.Namespace) -> None:
    from cpm_metrics.store.backup import check

    found = check(_store(options))
    for finding in found:
        _say(f"{'WRONG' if finding.wrong else 'not looked into:' if finding.unseen else 'good '} {finding.what}")
    wrong = [finding for finding in found if finding.wrong]
    if wrong:
        raise CpmError(" ".join(finding.wrong for finding in wrong), wrong[0].remedy)
    _say("The store is whole.")


def _key(options: argparse.Namespace) -> None:
    from cpm_metrics.store import key

    if options.keyring and options.file:
        options.parser.error("a key goes into a FILE or into the keyring, not both")
    if options.keyring:
        entry = key.keep_new_in_keyring()
        _say(f"Kept in this account's keyring as “{entry}”." + (" `python -m cpm_metrics rekey --keyring` puts it to use." if entry == key.NEXT else ""))
    elif options.file:
        key.write_new(options.file)
        _say(f"Written: {options.file}, readable by this account only. Keep a copy where the council keeps its passwords; without it nobody can read the store.")
    else:
        _result(key.new() + "\n")


def _encrypt(options: argparse.Namespace) -> None:
    from cpm_metrics.store import key

    given = _from_keyring(key.PRESENT, "encrypt") if options.keyring else key.from_environment()
    if given is None:
        raise CpmError("No key was given.", f"Set CPM_KEY_FILE to the file that holds it, or CPM_KEY to the key itself, or add --keyring. {key.ACCEPTED}")
    loads = _store(options).encrypt(given, _who(options))
    _say(
        f"Encrypted: {_loads(loads)}, settings, notes and audit. Restart the dashboard with the key.\n"
        "Keep the key safe: without it nobody can read the store. Backups made before are not encrypted: delete them when there is a new one. "
        "What was deleted may stay on the disk until it is written over, unless the disk itself is encrypted."
    )


def _rekey(options: argparse.Namespace) -> None:
    from cpm_metrics.store import key

    if options.keyring:
        new = _from_keyring(key.NEXT, "rekey")
    else:
        new = key.from_file(options.new_key_file) if options.new_key_file else key.from_environment("CPM_NEW_KEY")
    if new is None:
        raise CpmError("No new key was given.", "Name its file with --new-key-file (`python -m cpm_metrics key new FILE` makes one).")
    loads = _store(options).rekey(new, _who(options))
    if options.keyring:
        key.next_is_present()
    _say(f"Re-keyed: {_loads(loads)}, settings, notes and audit. Restart the dashboard with the new key. Backups made before need the key before.")


def _from_keyring(entry: str, command: str) -> Any:
    from cpm_metrics.store import key

    found = next(key.from_keyring((entry,)), None)
    if found is None:
        raise CpmError(f"The keyring of this account holds no {entry} to {command} with.", "`python -m cpm_metrics key new --keyring` makes one.")
    return found


def _loads(count: int) -> str:
    return f"{count} load{'' if count == 1 else 's'}"


def _retention(options: argparse.Namespace) -> None:
    store = _store(options)
    if options.load:
        _confirm(options, f"The load {options.load} will be deleted for good.")
        store.delete_load(options.load, _who(options))
        _say("Deleted.")
        return
    _confirm(options, f"Every load made more than {options.older_than} days ago will be deleted for good, but for the current one and the one before it.")
    try:
        # --yes is in what runs at night: it doesn't say that anybody has looked at the clock.
        gone = store.retain(options.older_than, _who(options), confirmed=options.even_so)
    except NeedsConfirmation as question:
        raise NeedsConfirmation(question.what, "Nothing was changed. If that is right, add --even-so.") from None
    _say(f"Deleted: {_loads(len(gone))}." if gone else "No load is to go: nothing was deleted.")


def _people(options: argparse.Namespace) -> None:
    from cpm_metrics.access import People

    try:
        people_cli.run(People(_store(options).state), options, _who(options), _say)
    except BrokenPipeError:  # of the list on standard output: whatever else it does it says by `_say`
        _into_nothing(sys.stdout)


def _erase(options: argparse.Namespace) -> None:
    store = _store(options)
    _confirm(options, "The child with that ID will be taken out of the store for good.", options.child)
    found = store.erase(options.child, _who(options), options.reference)
    rows = sum(found.rows.values())
    _say(f"Erased: {_rows(rows)} in {_loads(found.loads)}, {found.notes} notes, {found.exceptions} exceptions; named and replaced in {found.texts} other places.\n{found.to_read}")


def _confirm(options: argparse.Namespace, what: str, typed: str = "yes") -> None:
    """Ask at the terminal, unless --yes; where nobody can answer, refuse."""
    if options.yes:
        return
    if not sys.stdin.isatty():
        raise CpmError(f"{what} Nobody is there to say yes.", "Nothing was changed. Add --yes if that is right.")
    _say(f"{what} Type {'the ID again' if typed != 'yes' else 'yes'} to go on:")
    if sys.stdin.readline().strip() != typed:
        raise CpmError("Not confirmed.", "Nothing was changed.")


def _say_current(info: LoadInfo | None) -> None:
    if info is None:
        _say("Done. There was no load before it: the store is empty now.")
    else:
        _say(f"Done. Current is the load {info.load_id}, extract date {info.extract_date}.")


def _store(options: argparse.Namespace) -> Store:
    from cpm_metrics.store import Store

    return Store(options.store)


def _who(options: argparse.Namespace) -> str:
    if options.who:
        return options.who
    if os.environ.get("SUDO_USER"):  # a person, and not the account that the service runs under
        return os.environ["SUDO_USER"]
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "command line"  # an account without a name, as in some containers


# -- invented data and the template


def _sample(options: argparse.Namespace) -> None:
    from cpm_metrics import sample

    more = {"extract_date": options.extract_date} if options.extract_date else {}
    for path in sample.write(options.folder, children=options.children, seed=options.seed, **more):
        _say(f"written: {path}")


def _template(options: argparse.Namespace) -> None:
    from cpm_metrics.extracts.template import write_template

    write_template(options.file)
    _say(f"written: {options.file}")


# -- saying things


def _say(text: str) -> None:
    """Where it can't be written, because whoever read it is gone or the log's disk is full, it is dropped: the work goes on, and the exit
    code tells what became of it."""
    try:
        print(text, file=sys.stderr, flush=True)
    except OSError:
        _into_nothing(sys.stderr)


def _result(text: str) -> None:
    """A line of results that belongs on standard output."""
    try:
        sys.stdout.write(text)
    except BrokenPipeError:
        _into_nothing(sys.stdout)


def _flush_results() -> None:
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read our output has seen enough, for example `| head`: that is no failure. On any other pipe it is.
        _into_nothing(sys.stdout)


def _into_nothing(stream: TextIO) -> None:
    """From now on what is written there goes nowhere, also what it still holds: else Python would fail at its own end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def _plain_text_streams() -> None:
    """UTF-8 on every system, and line ends as the writer of the CSV gave them."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # started with it closed
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115 - for as long as we run
    sys.stdout.reconfigure(encoding="utf-8", newline="")
    sys.stderr.reconfigure(encoding="utf-8", errors="backslashreplace")


def _told(error: Exception) -> str:
    """What went wrong and what to do."""
    if isinstance(error, CpmError):
        return f"{error.what}\n{error.remedy}".strip()
    if isinstance(error, OSError):
        return f"{error.filename or 'A file'} can't be read or written: {error.strerror or type(error).__name__}."
    return _unforeseen(error)


def _unforeseen(error: Exception) -> str:
    """A number to quote, the kind of error and where in the program it was: nothing that could come from the data."""
    number = secrets.token_hex(4)
    places = [f"{Path(frame.filename).name}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)][-4:]
    return (
        f"Something unforeseen happened (error {number}: {type(error).__name__} at {' > '.join(places)}).\n"
        "Tell whoever looks after this program, with that line."
    )
