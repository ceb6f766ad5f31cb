"""The table of a run, in words for the terminal and for docs/performance.md. The part of that page that people write stays."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from benchmarks.measure import ROOT, Row, machine, sentence

PAGE = ROOT / "docs" / "performance.md"
BEGIN, END = "<!-- measured: written by `python tasks.py bench` -->", "<!-- end of what was measured -->"
REACHED = {True: "reached", False: "**missed**", None: ""}


def text(rows: Sequence[Row], reasons: dict[str, str], small: bool = False) -> str:
    """The table, then why a row missed its goal, then the details, then the machine."""
    out = [
        f"Measured on {date.today():%-d %B %Y} on:", "", *(f"- {line}" for line in machine()), "",
        *(["A try with little data and few runs: the figures mean nothing.", ""] if small else []),
        "| what | against | goal | measured | |", "|---|---|---|---|---|",
        *(f"| {row.what} | {row.against} | {row.goal} | {row.measured} | {REACHED[row.reached]} |" for row in rows),
    ]  # fmt: skip
    missed = [row for row in rows if row.reached is False]
    if missed:
        out += ["", "**Missed, and why**", "", *(f"- {sentence(row.what)} ({row.measured}): {reasons.get(row.name, 'the reason has still to be found.')}" for row in missed)]
    out += ["", "**How it was measured.** Each row beside its peer in the same run: a warm-up, then several runs in turns, medians.", ""]
    for row in rows:
        for line in row.details:
            out += [line] if line.startswith("- ") else ["", line, *([""] if line.endswith(":") else [])]
    lines: list[str] = []
    for line in out:
        if line or (lines and lines[-1]):
            lines.append(line)
    return "\n".join(lines) + "\n"


def write(measured: str) -> None:
    """Between the two marks; what stands outside them is kept."""
    before, after = "# Performance\n\n", "\n"
    if PAGE.exists():
        page = PAGE.read_text("utf-8")
        before, rest = page.split(BEGIN, 1)
        after = rest.split(END, 1)[1]
    PAGE.write_text(f"{before}{BEGIN}\n\n{measured}\n{END}{after}", "utf-8")
