"""Data quality and History as a visitor gets them: empty, with one load, and with three."""

from datetime import date

import pytest
from streamlit.testing.v1 import AppTest

from cpm_metrics.engine import compute
from cpm_metrics.views import history, quality
from tests.pages.conftest import open_page, texts
from tests.views.loads import three_loads

QUALITY, HISTORY = "pages/data/quality.py", "pages/data/history.py"


@pytest.fixture
def three(tmp_path, monkeypatch):
    store, infos = three_loads(tmp_path / "store")
    monkeypatch.setenv("CPM_STORE", str(store.folder))
    return store, infos


def labels(at) -> str:
    return "\n".join(button.label for button in at.button)


@pytest.mark.parametrize("page", [QUALITY, HISTORY])
def test_with_nothing_loaded_the_page_says_what_to_do(empty, page):
    at = open_page(page)
    assert not at.exception
    assert "Nothing is loaded yet" in texts(at)


@pytest.mark.parametrize("show", ["fixes", "missing", "rules", "problems", "lag", "loads"])
def test_every_part_of_data_quality_opens(full, show):
    """With one load of the invented council: nothing goes wrong, and the page has its number in words."""
    at = open_page(QUALITY, show=show)
    assert not at.exception
    assert "error number" not in texts(at)
    assert "obligations can be told" in texts(at)


def test_the_numbers_of_data_quality_are_those_of_its_lists(full, results):
    at = open_page(QUALITY)
    rows = quality.unassessable(results)
    shares = quality.by_rule(quality.assessable(results))
    assert f"{shares['told'].sum():,} of {shares['all'].sum():,}" in texts(at)
    assert f"**{(shares['cannot_tell'] > 0).sum()}** Rules part untold" in labels(at)
    usual = quality.fix_list(rows, in_care=True, since=date(2025, 11, 21))
    assert f"**{len(usual):,}** Things to enter" in labels(at)
    assert f"Things to enter ({len(usual):,})" in texts(at)
    at.segmented_control(key="fix-whom").set_value("Everyone").run()
    at.segmented_control(key="fix-when").set_value("Any time").run()
    assert f"Things to enter ({len(quality.fix_list(rows)):,})" in texts(at)


def test_a_chosen_teams_things_to_enter_are_those_of_the_children_it_holds_now(full, results):
    """Whom the list is handed to: every row's team is the chosen one, and none of its children's is left out because another team held the case
    then. The other numbers stay by who held the case when it fell due."""
    rows = quality.unassessable(results)
    lists_ = quality.fix_list(rows)
    moved = rows[(rows["where"] == quality.RECORD) & rows["team"].notna() & (rows["team"] != rows["owner"])]
    team = moved["team"].value_counts().index[0]
    at = open_page(QUALITY, team=team)
    at.segmented_control(key="fix-whom").set_value("Everyone").run()
    at.segmented_control(key="fix-when").set_value("Any time").run()
    assert not at.error
    mine = lists_[lists_["team"] == team]
    assert f"Things to enter ({len(mine):,})" in texts(at)
    shown = next(frame.value for frame in at.dataframe if "unlocks" in frame.value)
    assert set(shown["team"]) == {team}
    assert sorted(shown["child_id"]) == sorted(mine["child_id"])
    assert "by the team that holds the child now" in texts(at)
    shares = quality.by_rule(quality.of_teams(quality.assessable(results), [team]))
    assert f"{shares['told'].sum():,} of {shares['all'].sum():,}" in texts(at)
    groups = quality.missing_groups(quality.unassessable(results, [team]))
    assert quality.missing_groups(quality.counted_for(rows, [team])).equals(groups)


def test_one_load_cannot_tell_the_lag(full):
    assert "Cannot tell" in texts(open_page(QUALITY, show="lag"))
    assert "cannot tell: one load" in labels(open_page(QUALITY))


def test_the_lag_of_three_loads(three):
    """Four meetings by hand, 12, 31, 38 and 37 days after: two of them later than the usual 31 days (30 or 31) between extracts."""
    at = open_page(QUALITY, show="lag")
    assert not at.exception
    assert "**2** Appeared late *of 4 new meetings*" in labels(at)
    assert "2 meetings that appeared more than 31 days after they were held" in texts(at)
    at.number_input(key="late-after").set_value(30).run()
    assert "3 meetings that appeared more than 30 days after they were held" in texts(at)


def test_a_team_chosen_at_the_side_is_the_team_of_the_numbers(three):
    """North held nothing on the days of the meetings that came late, by the newest extract."""
    at = open_page(QUALITY, show="lag", team=["South"])
    assert "of 4 new meetings" in labels(at)


@pytest.mark.parametrize("view", ["loads", "compare", "trend"])
def test_every_view_of_history_opens(full, view):
    at = open_page(HISTORY, view=view)
    assert not at.exception
    assert "error number" not in texts(at)


def test_two_loads_compared(three):
    """The current load and the one before, without being asked: 0003 is gone, 0001 has moved to another team."""
    at = open_page(HISTORY, view="compare", show="gone")
    assert not at.exception
    assert "From **1 Jun 2026** to **1 Jul 2026**" in texts(at)
    for words in ("**0** children added", "**1** child gone", "**1** changed team", "**1** back-dated event"):
        assert words in labels(at)
    assert "Children gone (1)" in texts(at)


def test_loads_can_be_chosen_in_the_address_and_in_either_order(three):
    _, infos = three
    at = open_page(HISTORY, view="compare", older=infos[2].load_id, newer=infos[0].load_id)
    assert not at.exception
    assert "From **1 May 2026** to **1 Jul 2026**" in texts(at)
    assert "Swapped" in texts(at)


def test_earlier_months_say_both_and_why(three):
    """For May the load of 1 June was the one; the sentence has both numbers, as the engine gives them."""
    store, infos = three
    at = open_page(HISTORY, view="trend", rule="initial-cpm", months="12")
    assert not at.exception
    end = history.month_ends(infos[2].extract_date)[-2]
    said = [
        history.rate(history.by_month(compute(store.snapshot(i.load_id), end)), end, 12, 10, "initial-cpm").text for i in (infos[2], infos[1])
    ]
    assert "Reconstructed" in texts(at)
    assert said[0] in texts(at)
    assert said[1] in texts(at)


def test_undo_asks_first_and_then_does_it(three):
    """The button does nothing until the box is ticked; then the load before is current, and nothing is deleted."""
    store, infos = three
    at = open_page(HISTORY)
    assert at.button(key="undo").disabled
    next(box for box in at.checkbox if box.label == "Yes, undo it for everyone").check().run()
    at.button(key="undo").click().run()
    assert not at.exception
    assert "The extract of 1 Jun 2026 is current again." in texts(at)
    assert store.current().info.load_id == infos[1].load_id
    assert len(store.history()) == 3


def test_no_name_in_the_address_or_the_title(three):
    at = open_page(HISTORY, view="compare", show="back_dated")
    words = " ".join(str(v) for v in at.query_params.values()) + " ".join(t.value for t in at.title)
    assert not any(name in words for name in ("Ada", "Asher", "Ben", "Birch", "Cy", "Cole"))


def test_the_line_on_top_says_what_is_old(tmp_path):
    """Nine days old is past the limit of eight; a dataset that carried on is said with its own date; neither when all is new."""
    from cpm_metrics.store import Store
    from pages._shared import age
    from tests.views.loads import load

    store = Store(tmp_path)
    one = ["0001", "Ada", "Asher", date(2026, 1, 5), None, "North", "Nia", "Yes", None]
    first = load(store, date(2026, 2, 2), cases=[one], meetings=[["M1", "0001", "CPM", date(2026, 1, 12), "Held"]])
    second = load(store, date(2026, 3, 2), cases=[one])
    assert age.carried_words(first) == ""
    assert age.carried_words(second) == "Older than the extract of 2 Mar 2026, carried on from an earlier load: Meetings (2 Feb 2026)."

    def on_top(folder, day):
        from datetime import date

        from cpm_metrics.settings import Settings
        from cpm_metrics.store import Store
        from pages._shared import age

        age.banner(Store(folder).current().info, Settings(), date.fromisoformat(day))

    quiet, loud = (AppTest.from_function(on_top, args=(str(tmp_path), day)).run() for day in ("2026-03-10", "2026-03-11"))
    assert not quiet.exception
    assert not quiet.warning
    assert "Meetings (2 Feb 2026)" in quiet.caption[0].value
    assert "The extract is 9 days old (taken on 2 Mar 2026; the limit is 8 calendar days)" in loud.warning[0].value


def test_a_month_opens_the_obligations_that_are_judged_differently(three):
    """0002's first CPM was due on 30 April: counted now, not known in the extract of 1 May."""
    at = open_page(HISTORY, view="trend", rule="initial-cpm", months="1")
    assert "For 30 Apr 2026 today’s extract says 2 of 2 on time, and the one of 1 May 2026 said 1 of 1" in texts(at)
