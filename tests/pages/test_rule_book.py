"""The rule book makes what is in a rule once it is opened."""

from __future__ import annotations

from pathlib import Path

from streamlit.testing.v1 import AppTest

from cpm_metrics.rules import all_rules

PAGE = Path(__file__).resolve().parents[2] / "pages/help/rule_book.py"


def test_what_is_in_a_rule_comes_when_it_is_opened_and_goes_when_it_is_closed(full):
    rule = next(rule for rule in all_rules() if rule.code == "initial-cpm")
    at = AppTest.from_file(str(PAGE), default_timeout=30).run()
    questions = lambda: [text.value for text in at.markdown if text.value == f"**{rule.question}**"]  # noqa: E731
    assert len(at.expander) > len(all_rules()) and not at.dataframe and not questions()
    at.session_state["fold-initial-cpm"] = True
    at.run()
    assert len(questions()) == 1 and len(at.dataframe) == 2  # its limit, its examples
    at.session_state["fold-initial-cpm"] = False
    at.run()
    assert not at.exception and not at.dataframe and not questions()
