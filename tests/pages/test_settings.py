"""Settings: a change is tried, shows what it would do, and is saved with a reason; from then on it holds everywhere."""

from __future__ import annotations

import csv
import io
import os
import shutil
import subprocess
import sys

import pytest

from cpm_metrics import views
from cpm_metrics.engine import compute
from cpm_metrics.settings import Limit, Settings
from cpm_metrics.store import Store
from cpm_metrics.views import settings_effect
from tests.pages.conftest import ROOT, numbers, open_page, texts

PAGE = "pages/help/settings.py"
TIGHT = Settings({"initial-cpm.limit": Limit(5, "working days")})


@pytest.fixture
def own(full_store, tmp_path, monkeypatch) -> Store:
    """A copy of the council's store, which a test may change."""
    shutil.copytree(full_store.folder, tmp_path / "store")
    monkeypatch.setenv("CPM_STORE", str(tmp_path / "store"))
    return Store(tmp_path / "store")



def field(at, kind: str, name: str):
    return next(w for w in getattr(at, kind) if w.key.startswith(f"field-{name}-") and w.key.endswith("-unit") == (kind == "selectbox"))


def press(at, words: str):
    """The button whose label begins so."""
    return next(b for b in at.button if b.label.startswith(words)).click().run()


def try_five_working_days():
    at = open_page(PAGE, setting="initial-cpm")
    field(at, "number_input", "initial-cpm.limit").set_value(5)
    field(at, "selectbox", "initial-cpm.limit").set_value("working days")
    return press(at, "Try it")


def command_line(store: Store, command: str) -> list[dict[str, str]]:
    env = {name: value for name, value in os.environ.items() if name != "CPM_STORE"} | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-m", "cpm_metrics", command, "--store", str(store.folder)], cwd=ROOT, env=env, capture_output=True, text=True, encoding="utf-8", check=True)
    return list(csv.DictReader(io.StringIO(done.stdout)))


def test_a_change_shows_its_effect_before_anything_is_saved(own, results):
    """The numbers are those of the two computations side by side; the store holds nothing of it."""
    at = try_five_working_days()
    assert not at.exception
    assert not at.error
    expected = settings_effect.between(results, compute(own.current(), settings=TIGHT))
    assert numbers(at, "tile-effect-") == {"moved": len(expected.moved), "due": len(expected.due_moved), "raised": len(expected.flags_raised), "cleared": len(expected.flags_cleared)}
    assert numbers(at, "tile-effect-")["moved"] > 0
    table = next(frame.value for frame in at.dataframe if "before" in frame.value and "obligations" in frame.value)
    assert table["obligations"].sum() == len(expected.moved)
    assert "nothing is saved yet" in texts(at)
    assert own.state.settings() == {}
    assert own.state.audit(what="setting changed") == []


def test_it_is_saved_only_with_a_reason_and_then_holds_everywhere(own):
    """Refused without one; with it the state, the audit, another page, the rule book and the command line have the new figure."""
    at = try_five_working_days()
    press(at, "Save 1 change")
    assert "few words why" in at.error[0].value
    assert own.state.settings() == {}
    at.text_input(key="settings-reason").set_value("Agreed by the board")
    press(at, "Save 1 change")
    assert not at.error
    assert "5 working days" in at.success[0].value
    assert own.state.settings() == {"initial-cpm.limit": {"amount": 5, "unit": "working days"}}
    (line,) = own.state.audit(what="setting changed")
    assert (line.subject, line.detail) == ("initial-cpm.limit", {"before": None, "after": {"amount": 5, "unit": "working days"}, "reason": "Agreed by the board"})
    assert "the default (10 calendar days)" in " ".join(str(frame.value.to_dict("list")) for frame in at.dataframe)
    assert "Agreed by the board" in texts(at)

    then = compute(own.current(), settings=TIGHT)
    shown = open_page("pages/teams/teams.py", rule="initial-cpm")
    row = next(frame.value for frame in shown.dataframe if "title" in frame.value and "on_time" in frame.value)
    start_end = (results_start(then), then.as_at)
    expected = views.compliance(then, "rule", *start_end).set_index("rule").loc["initial-cpm"]
    got = row[row["title"] == "First Care Planning Meeting"].iloc[0]
    assert [got["on_time"], got["late"]] == [expected["on_time"], expected["late"]]
    assert "5 working days" in " ".join(e.label for e in open_page("pages/help/rule_book.py").expander)
    lines = command_line(own, "obligations")
    wanted = views.obligations(then)
    assert [(r["rule"], r["child_id"], r["status"], r["why"]) for r in lines] == [(r.rule, r.child_id, r.status, r.why) for r in wanted.itertuples()]
    assert any("5 working days" in r["why"] for r in lines if r["rule"] == "initial-cpm")
    assert next(r["limits"] for r in command_line(own, "rules") if r["code"] == "initial-cpm") == "5 working days"


def results_start(results):
    import pandas as pd

    return (pd.Timestamp(results.as_at) - pd.DateOffset(months=12) + pd.Timedelta(days=1)).date()


def test_back_to_the_default_is_tried_and_reasoned_like_any_change(own):
    own.state.set_setting("initial-cpm.limit", {"amount": 5, "unit": "working days"}, "Ann", "a trial")
    at = open_page(PAGE, setting="initial-cpm")
    assert "by Ann" in texts(at)
    press(at, "Try the default")
    assert numbers(at, "tile-effect-")["moved"] > 0
    assert own.state.settings()
    at.text_input(key="settings-reason").set_value("The trial is over")
    press(at, "Save 1 change")
    assert own.state.settings() == {}
    assert own.state.audit(what="setting cleared")[0].detail["reason"] == "The trial is over"


def test_a_rule_that_is_off_disappears_and_the_rule_book_says_so(own):
    """Its obligations are in no list and no count; the rule book says it is off; a page says which flags lean on it."""
    at = open_page(PAGE, setting="permanence-plan")
    next(t for t in at.toggle if t.key.startswith("field-permanence-plan.on")).set_value(False)
    press(at, "Try it")
    assert any("No permanence plan" in info.value for info in at.info)
    at.text_input(key="settings-reason").set_value("Counted elsewhere")
    press(at, "Save 1 change")
    titles = [title for frame in open_page("pages/teams/teams.py").dataframe if "title" in frame.value for title in frame.value["title"]]
    assert titles
    assert "Permanence plan by the second review" not in titles
    assert "permanence-plan" not in {row["rule"] for row in command_line(own, "obligations")}
    book = open_page("pages/help/rule_book.py", rule="permanence-plan")
    assert any("Switched off" in warning.value for warning in book.warning)


def test_several_changes_are_tried_together_and_one_can_be_left_out(own, results):
    at = try_five_working_days()
    at.selectbox(key="setting-initial-cpm").set_value("general.smallest_counted").run()
    field(at, "number_input", "general.smallest_counted").set_value(30)
    press(at, "Try it")
    assert "Trying 2 changes" in texts(at)
    assert any("show a percentage now" in info.value for info in at.info)
    both = settings_effect.between(results, compute(own.current(), settings=Settings(TIGHT.chosen | {"general.smallest_counted": 30})))
    assert numbers(at, "tile-effect-")["moved"] == len(both.moved)
    at.button(key="drop-initial-cpm.limit").click().run()
    assert "Trying 1 change" in texts(at)
    assert numbers(at, "tile-effect-")["moved"] == 0
    press(at, "Discard")
    assert "nothing is saved yet" not in texts(at)
    assert own.state.settings() == {}


@pytest.mark.parametrize(("setting", "name", "value", "words"), [
    ("initial-cpm", "initial-cpm.limit", -3, "0 to 3,650"), ("initial-cpm", "initial-cpm.limit", 99_999, "ten years"),
    ("general.smallest_counted", "general.smallest_counted", 0, "from 1 to 1,000"), ("proceedings-long", "proceedings-long.amber", 40, "beyond red"),
])  # fmt: skip
def test_what_cannot_be_is_refused_in_words_and_never_tried(own, setting, name, value, words):
    at = open_page(PAGE, setting=setting)
    field(at, "number_input", name).set_value(value)
    press(at, "Try it")
    (error,) = at.error
    assert error.value.startswith("Not tried")
    assert words in error.value.replace("\\", "")
    assert "nothing is saved yet" not in texts(at)


def test_a_limit_that_counts_backwards_is_not_offered_in_working_days(own):
    at = open_page(PAGE, setting="final-plan-cpm")
    assert "working days" not in field(at, "selectbox", "final-plan-cpm.limit").options
    assert "not in working days" in texts(at)


def test_somebody_else_changed_a_setting_meanwhile(own):
    """What was shown is not what would be saved: the effect is shown afresh first, and nothing of ours is saved."""
    at = try_five_working_days()
    own.state.set_setting("minutes-on-file.limit", {"amount": 2, "unit": "weeks"}, "Ann", "elsewhere")
    at.text_input(key="settings-reason").set_value("Agreed by the board")
    press(at, "Save 1 change")
    assert "somebody else changed a setting" in at.error[0].value
    assert set(own.state.settings()) == {"minutes-on-file.limit"}
    press(at, "Save 1 change")
    assert set(own.state.settings()) == {"minutes-on-file.limit", "initial-cpm.limit"}


def test_a_kept_value_that_cannot_be_read_can_be_taken_out(own):
    """A change made by hand, or by another version: the page names it and puts it right."""
    own.state.set_setting("no-such-rule.limit", 3, "a version to come", "")
    own.state.set_setting("final-plan-cpm.limit", {"amount": 10, "unit": "working days"}, "a hand", "")
    at = open_page(PAGE)
    assert len(at.warning) == 2
    at.button(key="out-no-such-rule.limit").click().run()
    at.button(key="out-final-plan-cpm.limit").click().run()
    assert own.state.settings() == {}
    assert at.title[0].value == "Settings"
    assert not at.error


def test_the_list_is_searched_by_any_word(own):
    at = open_page(PAGE)
    at.text_input(key="settings-search").set_value("minutes 5 working").run()
    rows = [title for frame in at.dataframe if "source" in frame.value for title in frame.value["title"]]
    assert rows
    assert all("inutes" in title for title in rows)
    at.text_input(key="settings-search").set_value("no such thing at all").run()
    assert "Nothing found" in texts(at)


def test_a_reason_is_shown_as_text(own):
    own.state.set_setting("initial-cpm.limit", {"amount": 5, "unit": "weeks"}, "<b>Ann</b>", "![x](http://x.example/a.png) :material/home:")
    at = open_page(PAGE, setting="initial-cpm")
    assert "![x](" not in texts(at)
    assert ":material/home:" not in texts(at)
    assert not at.error
