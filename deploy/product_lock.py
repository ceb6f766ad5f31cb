"""The part of requirements.txt that the product needs, on standard output: a server gets no test tools (one of them is a stand-in for
the sign-in provider).

    python deploy/product_lock.py > product.txt
    python -m pip install --require-hashes --only-binary :all: -r product.txt

What is asked for stands in requirements.in, the product first, below "# Its tests" the rest; who needs whom is what uv wrote into the
lock ("# via"). Only the standard library is used: nothing is installed yet. pip refuses a list in which a package is missing.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ASKED_FOR = "-r requirements.in"


def product(asked: str, lock: str) -> str:
    """The entries of `lock` that the first part of `asked` leads to, as they are."""
    entries = re.findall(r"^[a-z0-9][^\n]*\\\n(?:[ ]{4}[^\n]*\n)+", lock, re.M)
    name_of = {entry: re.match(r"[a-z0-9._-]+", entry)[0] for entry in entries}
    needed_by = {entry: set(re.findall(r"^    #   (?:via )?(.+)$|^    # via (.+)$", entry, re.M)) for entry in entries}
    needed_by = {entry: {first or second for first, second in found} for entry, found in needed_by.items()}
    wanted = {_plain(line) for line in asked.partition("# Its tests")[0].splitlines() if re.match(r"[A-Za-z]", line)}
    unknown = wanted - set(name_of.values())
    if unknown:
        sys.exit(f"requirements.txt has no {', '.join(sorted(unknown))}: make it anew (make lock).")
    kept: set[str] = set()
    while True:
        more = {name for entry, name in name_of.items() if name in wanted or needed_by[entry] & kept}
        if more == kept:
            return "".join(entry for entry in entries if name_of[entry] in kept)
        kept = more


def _plain(line: str) -> str:
    """A package's name as locks write it."""
    return re.sub(r"[-_.]+", "-", re.match(r"[A-Za-z0-9._-]+", line)[0]).lower()


if __name__ == "__main__":
    sys.stdout.write(product((ROOT / "requirements.in").read_text("utf-8"), (ROOT / "requirements.txt").read_text("utf-8")))
