"""What the documents say is what the code does."""

from __future__ import annotations

import re
from pathlib import Path

from cpm_metrics import readme
from cpm_metrics.indicators import all_indicators
from cpm_metrics.rules import all_rules

ROOT = Path(__file__).resolve().parent.parent
PRACTICE_RULES = ROOT.parent / "shared" / "PRACTICE_RULES.md"

# The codes of PRACTICE_RULES.md, a contract.
RULES = """initial-cpm care-plan placement-planning separate-plans statutory-review cpm-before-review permanence-plan
agreed-frequency frequency-recorded cpm-after-change minutes-on-file minutes-distributed progress-domains cpm-chair iro-informed
care-plan-updated review-after-change annual-assessment assessment-after-change assessment-discussed action-completed
final-plan-cpm final-plan-assessments final-plan-chair final-plan-attendance final-plan-considerations minutes-on-cpr
proceedings-26-weeks""".split()
INDICATORS = """no-permanence-plan plan-not-achieved reviews-without-cpm cpm-overdue no-recent-cpm nothing-booked rebooked
actions-overdue actions-rolled-over proceedings-long no-filing-date assessment-out-of-date worker-changes placement-moves
silent-drift""".split()


def test_every_rule_and_indicator_of_the_contract_is_there_in_its_order():
    """28 rules and 15 indicators; what reads other flags comes last."""
    assert [rule.code for rule in all_rules()] == RULES
    assert [indicator.code for indicator in all_indicators()] == INDICATORS


def test_levels_are_those_of_the_contract():
    """Local is said wherever the documents name no number."""
    local = {"separate-plans", "cpm-after-change", "iro-informed", "care-plan-updated", "assessment-after-change", "minutes-on-cpr"}
    statutory = {"care-plan", "statutory-review", "proceedings-26-weeks"}
    for rule in all_rules():
        assert rule.level == ("local" if rule.code in local else "statutory" if rule.code in statutory else "guidance"), rule.code


def test_the_readme_tables_are_up_to_date():
    """`python -m cpm_metrics.readme` writes them."""
    text = readme.README.read_text("utf-8")
    assert text == readme.filled(text), "run: python -m cpm_metrics.readme"


def test_the_readme_names_every_command():
    """A command that the README doesn't name is one that nobody finds."""
    from cpm_metrics.cli import _parser as parser

    named = set(re.findall(r"python -m cpm_metrics (\w+)", readme.README.read_text("utf-8")))
    actions = next(action for action in parser()._actions if action.choices)
    assert set(actions.choices) <= named


def test_words_of_the_field():
    """No word in what we write that the field has left behind, or that isn't its own."""
    bad = re.compile(r"\bLAC\b|\bSLA\b|league table", re.I)
    for path in [*(ROOT / "pages").rglob("*.py"), ROOT / "app.py", ROOT / "README.md", *(ROOT / "cpm_metrics" / "rules").glob("*.py"),
                 *(ROOT / "cpm_metrics" / "indicators").glob("*.py"), *(ROOT / "cpm_metrics" / "views").glob("*.py")]:  # fmt: skip
        assert not bad.search(path.read_text("utf-8")), path
