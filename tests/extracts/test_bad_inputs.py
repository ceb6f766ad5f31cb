"""Each bad input gives exactly the message that stands for it in bad_inputs_expected.txt: where, what is wrong, what to do.

After a deliberate change of a message: `python -m tests.extracts.test_bad_inputs` writes the file anew; read the difference.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from cpm_metrics.errors import CpmError

from .bad_inputs import BAD, Files
from .files import load

EXPECTED = Path(__file__).with_name("bad_inputs_expected.txt")


def outcome(files: Files) -> str:
    try:
        prepared = load(*files)
    except CpmError as error:
        return f"refused, {type(error).__name__}: {error}"
    lines = []
    for p in prepared.problems:
        where = " ".join(
            t for t in (p.file, p.sheet, f"row {p.row}" if p.row else "", f"column {p.column}" if p.column else "") if t
        )
        lines.append(
            f"{p.severity}, {p.kind}, {where}: {p.message} {p.remedy}".strip()
            + (f" [{p.value[:60]!r}]" if p.value else "")
        )
    loaded = ", ".join(f"{s.dataset} {s.rows_loaded} of {s.rows_read}" for s in prepared.sources)
    return "\n".join([*lines, f"loaded: {loaded}"])


def expected() -> dict[str, str]:
    blocks = EXPECTED.read_text(encoding="utf-8").split("\n=== ")[1:]
    return {head.strip(): body.strip("\n") for head, body in (b.split(" ===\n", 1) for b in blocks)}


@pytest.mark.parametrize("name", BAD)
def test_bad_input(name):
    assert outcome(BAD[name]()) == expected()[name]


def test_the_table_is_whole():
    assert set(expected()) == set(BAD)
    assert len(BAD) >= 60


def test_no_message_quotes_a_cell():
    for name, text in expected().items():
        for line in text.splitlines():
            assert "Brown" not in line.split(" [")[0], name
            assert "0012" not in line.split(" [")[0], name


if __name__ == "__main__":
    EXPECTED.write_text(
        "".join(f"\n=== {name} ===\n{outcome(make())}\n" for name, make in BAD.items()), encoding="utf-8"
    )
