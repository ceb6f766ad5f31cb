"""The README's rule tables, made from the rules themselves. `python -m cpm_metrics.readme` writes them; a test checks them."""

from __future__ import annotations

from pathlib import Path

from cpm_metrics.indicators import all_indicators
from cpm_metrics.rules import all_rules
from cpm_metrics.settings import Limit

README = Path(__file__).resolve().parent.parent / "README.md"
START, END = "<!-- made by python -m cpm_metrics.readme: start -->", "<!-- made by python -m cpm_metrics.readme: end -->"


def tables() -> str:
    """Two Markdown tables: the rules, then the drift indicators, each with its code, question, level, limits and source."""
    out = ["### Rules", "", "| code | question | level | limit | source |", "|---|---|---|---|---|"]
    out += [f"| `{r.code}` | {r.question} | {r.level} | {_limits(r)} | {r.source} |" for r in all_rules()]
    out += ["", "### Drift indicators", "", "| code | question | limit | source |", "|---|---|---|---|"]
    out += [f"| `{i.code}` | {i.question} | {_limits(i)} | {i.source} |" for i in all_indicators()]
    return "\n".join(out)


def _limits(thing) -> str:
    return ", ".join(
        ("" if what == "limit" else f"{what}: ") + (limit.text if isinstance(limit, Limit) else str(limit))
        for what, limit in thing.limits.items()
    )


def filled(text: str) -> str:
    """The README's text with the tables as they should be."""
    before, _, rest = text.partition(START)
    _, _, after = rest.partition(END)
    return f"{before}{START}\n\n{tables()}\n\n{END}{after}"


if __name__ == "__main__":
    README.write_text(filled(README.read_text("utf-8")), "utf-8")
