"""The visitor without a browser sees the pages as they are: what stands there, whose it is, and what is wrong."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from websockets.exceptions import InvalidStatus

from cpm_metrics.engine import compute
from cpm_metrics.views import lists, look, this_week
from tests.pages.conftest import full_store, sample_files  # noqa: F401
from tests.sessions import PageError, Visitor, serve


@pytest.fixture(scope="module")
def server(full_store, tmp_path_factory):  # noqa: F811
    with serve(full_store.folder, tmp_path_factory.mktemp("sessions") / "log.txt") as running:
        yield running


@pytest.fixture(scope="module")
def results(full_store):  # noqa: F811
    return compute(full_store.current())


def test_a_visitor_reads_a_page_clicks_and_goes_on(server, results):
    """From This week by a count to its list, by a link to another page, and there back to one team: what stands there is what the views say."""
    counts = this_week.counts(results)
    with Visitor(server.url) as visitor:
        visitor.open()
        assert visitor.title == "This week"
        assert f"**{counts['records'].rows:,}** Follow-up overdue" in visitor.text
        visitor.click("Follow-up overdue")
        assert "show=records" in visitor.query
        assert this_week.rows(results, "records")["name"].iloc[0] in visitor.text
        visitor.follow("Worklist")
        assert visitor.title == "Worklist"
        assert "Follow-up overdue" not in visitor.text  # nothing of the page before is left
        team = lists.teams(results)[0]
        visitor.choose("Teams", [team])
        assert f"{look.day(results.as_at)}** · {team}" in visitor.text.replace("\\", "")
        assert visitor.last.seconds > visitor.last.first > 0
        assert visitor.last.bytes > 1000


def test_several_at_once_each_see_their_own_child(server, results):
    """Eight visitors at the same time, each on another child: the heading is that child's, and no other's."""
    children = results.rows("SELECT child_id, forename || ' ' || surname FROM children JOIN in_care USING (child_id, care_started) ORDER BY child_id LIMIT 8")

    def look_at(child: tuple[str, str]) -> str:
        with Visitor(server.url) as visitor:
            visitor.open("child", child=child[0])
            return visitor.title

    with ThreadPoolExecutor(len(children)) as pool:
        assert list(pool.map(look_at, children)) == [name for _, name in children]
    assert server.memory() > 50_000_000


def test_what_is_wrong_is_not_a_finished_page(server, tmp_path):
    """A page that isn't there, a forbidden Host and Origin, and an exception on a page each raise."""
    with Visitor(server.url) as visitor, pytest.raises(PageError, match="Page not found"):
        visitor.open("no-such-page")
    for wrong in ({"host": "evil.example"}, {"origin": "http://evil.example"}):
        with pytest.raises(InvalidStatus):
            Visitor(server.url, **wrong).connect()
    script = tmp_path / "broken.py"
    script.write_text("import streamlit as st\nst.title('Here')\nst.write(1 / 0)\n", "utf-8")
    with serve(None, tmp_path / "log.txt", script=script) as broken, Visitor(broken.url) as visitor, pytest.raises(PageError):
        visitor.open()
