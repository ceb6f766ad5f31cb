"""docs/assurance.md, from the rows and from what their tests gave when they last ran.

    python tasks.py assurance                                      # runs every test that is named, then writes the page
    CPM_KILLS=200 python tasks.py assurance tests/faults           # these anew, the rest as it was
    python -m tests.assurance.write --only-write                   # writes the page alone
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.assurance.rows import ROWS, named

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "assurance.md"
RUNS = Path(__file__).with_name("last_runs.json")
HEAD = """# Assurance: what is promised, and the tests that show it

Written by `python tasks.py assurance` from the output of the tests themselves: don't edit. A row says what could happen, what must, and which
tests (under `tests/`) show it, with what they counted when they last ran. The threats as a whole: `docs/threat-model.md`.
"""


def page(runs: dict[str, dict]) -> str:
    out = [HEAD]
    for part in dict.fromkeys(row.part for row in ROWS):
        out += [f"\n## {part}\n", "| what | must | shown by |", "|---|---|---|"]
        for row in ROWS:
            if row.part == part:
                out.append(f"| {row.what} | {row.must} | {'<br>'.join(one(test, runs) for test in row.tests)} |")
    ran = [runs[test] for test in named() if test in runs]
    days = sorted({run["on"] for run in ran})
    if days:
        out.append(f"\nLast runs: {days[0]}" + (f" to {days[-1]}" if days[-1] != days[0] else "") + f"; {sum(run['passed'] for run in ran):,} cases passed, {sum(run['failed'] for run in ran)} failed.")
    return "\n".join(out) + "\n"


def one(test: str, runs: dict[str, dict]) -> str:
    """`file::test`, how it went, what it counted."""
    run = runs.get(f"tests/{test}")
    if run is None:
        return f"`{test}`: not run yet"
    said = []
    if run["failed"]:
        said.append(f"**{run['failed']} failed**")
    if run["passed"] > 1:
        said.append(f"{run['passed']} cases")
    said += [f"{number:,} {what}" for what, number in run["counts"].items()]
    return f"`{test}`" + (f": {', '.join(said)}" if said else "")


def read() -> dict[str, dict]:
    return json.loads(RUNS.read_text("utf-8")) if RUNS.exists() else {}


def main(options: list[str]) -> int:
    """-> pytest's exit code."""
    chosen = [option for option in options if not option.startswith("-")]
    names = [test for test in named() if not chosen or test.startswith(tuple(chosen))]
    files = sorted({name.partition("::")[0] for name in names})
    wanted = {name.partition("[")[0] for name in names}
    # Whole functions: pytest takes names with blanks, and as many as there are, badly from a command line.
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "tests.assurance.collect", "--assurance-into", RUNS, *sorted(wanted), *(option for option in options if option.startswith("-"))],
        cwd=ROOT, check=False, env=os.environ,
    ).returncode  # fmt: skip
    keep(named())
    PAGE.write_text(page(read()), "utf-8")
    print(f"{len(wanted)} tests of {len(files)} files; {PAGE.relative_to(ROOT)} is written.")
    return done


def keep(names: list[str]) -> None:
    """Runs of tests that no row names any more are forgotten."""
    RUNS.write_text(json.dumps({name: run for name, run in read().items() if name in names}, indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    if sys.argv[1:] == ["--only-write"]:
        PAGE.write_text(page(read()), "utf-8")
    else:
        sys.exit(main(sys.argv[1:]))
