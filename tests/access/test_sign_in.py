"""Signing in and out with a real OpenID provider and a real browser; cookies that are forged, old, over or replayed; and a server that
doesn't start where it shouldn't be reached."""

from __future__ import annotations

import re
import subprocess
import sys
import time
import urllib.request

import pytest
from playwright.sync_api import expect
from websockets.exceptions import WebSocketException

from cpm_metrics.access.people import short
from tests.access.conftest import COOKIE, Hosted, hosted, key_of, people_of
from tests.browser.conftest import browser_context_args, browser_type_launch_args  # noqa: F401 - fixtures
from tests.pages.conftest import ROOT, fill
from tests.sessions import PageError, Visitor

SIGN_IN = "Sign in with your work account"


def sign_in(page, council: Hosted, who: str) -> None:
    page.goto(council.url)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_role("button", name=who, exact=True).click()
    page.wait_for_url(f"{council.url}/**")


def test_from_sign_in_to_a_file_and_out_again(council, page):
    """The provider's page, the first page with the own teams, a file, sign-out; the cookie of before then opens nothing. Nothing is asked of
    any other host, and the headers forbid nothing that the pages need."""
    asked, complaints = [], []
    page.on("request", lambda request: asked.append(request.url) if page.url.startswith(council.url) else None)
    page.on("console", lambda message: complaints.append(message.text) if "Content Security Policy" in message.text else None)
    sign_in(page, council, "team")
    expect(page.get_by_role("heading", name="This week")).to_be_visible(timeout=30_000)
    expect(page.get_by_text(f"children now with {council.teams[0]}").first).to_be_visible()
    page.get_by_role("link", name="Worklist").click()
    expect(page.get_by_role("heading", name="Worklist")).to_be_visible(timeout=30_000)
    with page.expect_download() as taken:
        page.get_by_role("button", name="CSV").click()
    assert taken.value.failure() is None
    assert any(line.what == "exported" and "team" in line.who for line in council.store.state.audit(limit=50))
    kept = {cookie["name"]: cookie["value"] for cookie in page.context.cookies(council.url)}
    assert COOKIE in kept
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_timeout(1500)
    page.goto(council.url)
    expect(page.get_by_text(SIGN_IN)).to_be_visible(timeout=20_000)
    assert [line.what for line in council.store.state.audit(limit=50) if line.what in ("signed in", "signed out")][:2] == ["signed out", "signed in"]
    with Visitor(council.url, cookies=kept) as replayed:
        replayed.open("worklist")
        assert SIGN_IN in replayed.text
    assert complaints == []
    assert {re.split(r"[:/]+", url)[1] for url in asked if not url.startswith(("data:", "blob:"))} <= {"127.0.0.1", "localhost"}


def test_somebody_without_a_role_waits_until_an_administrator_gives_one(council, page):
    """They see that they wait, and under which short code; an administrator gives a role on the page, and their next click shows it."""
    sign_in(page, council, "nobody-yet")
    expect(page.get_by_text(re.compile(f"no access to this dashboard yet.*Person nobody-yet .{short(key_of('nobody-yet'))}"))).to_be_visible(timeout=20_000)
    with council.visitor("admin") as admin:
        admin.open("people")
        code = short(key_of("nobody-yet"))
        admin.choose(f"waits-{code}-role", "Team manager")
        admin.choose(f"waits-{code}-team", council.teams[0])
        admin.click(f"waits-{code}-save")
        assert "Saved" in admin.text
    page.reload()
    expect(page.get_by_role("heading", name="This week")).to_be_visible(timeout=30_000)


@pytest.mark.parametrize(
    ("what", "made"),
    [
        ("none", {}), ("forged", {"secret": "another secret, as long as the first one was"}), ("nine hours old", {"age": 9 * 3600}),
        ("its token has run out", {"exp": time.time() - 5}), ("made tomorrow", {"age": -86_400}),
    ],
)  # fmt: skip
def test_a_cookie_that_is_no_good_opens_nothing(council, what, made):
    """Neither a page nor an upload, and a deep link looks like the first page."""
    cookies = council.cookies("manager", **made) if made else {}
    with Visitor(council.url, cookies=cookies, keep_frames=True) as visitor:
        visitor.open("child", child=next(iter(council.children)))
        assert SIGN_IN in visitor.text
        assert not re.search("|".join(list(council.children)[:5]), visitor.text)
        assert b"Worklist" not in b"".join(visitor.frames)
    assert visitor.fetch(f"{council.url}/_stcore/upload_file/x/y")[0] in (401, 405)


def test_a_socket_without_origin_or_from_elsewhere_is_refused(council):
    """Scripts and other sites get no session, whatever cookie they bring; another name for this computer neither."""
    for wrong in ({"origin": None}, {"origin": "http://elsewhere.example"}, {"host": "elsewhere.example"}):
        with pytest.raises((WebSocketException, PageError, OSError)), council.visitor("admin", **wrong) as visitor:
            visitor.open("")


def test_figures_of_use_and_files_of_others_are_closed(council):
    """Streamlit would answer both without asking who."""
    for path in ("/_stcore/metrics", "/media/0123456789abcdef.csv", "/app/static/x"):
        assert council.visitor("admin").fetch(council.url + path)[0] == 404
    with urllib.request.urlopen(f"{council.url}/healthz") as answer:
        assert answer.read() == b'{"status":"ok"}'
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]


def test_a_page_left_alone_is_taken_off_the_screen(tmp_path, sample_files, page):
    """Nobody clicks for the idle time: the next look of the page itself ends the sign-in, for good."""
    store = fill(tmp_path / "store", sample_files)
    with hosted(store, tmp_path, {"admin": people_of(["a", "b"])["admin"]}, more="[access]\nidle_minutes = 0.1", environ={"CPM_LOOK_EVERY": "2"}) as council:
        sign_in(page, council, "admin")
        expect(page.get_by_role("heading", name="This week")).to_be_visible(timeout=30_000)
        expect(page.get_by_text("Nobody clicked for 0.1 minutes")).to_be_visible(timeout=30_000)
        expect(page.get_by_role("heading", name="This week")).to_have_count(0)
        kept = {cookie["name"]: cookie["value"] for cookie in page.context.cookies(council.url)}
        with Visitor(council.url, cookies=kept) as replayed:
            replayed.open("")
            assert SIGN_IN in replayed.text


@pytest.mark.parametrize(
    ("options", "secrets", "said"),
    [
        (["--server.address", "0.0.0.0"], "", "sign-in is not set up"),
        ([], '[auth]\nredirect_uri = "http://127.0.0.1:1/oauth2callback"\ncookie_secret = "short"', "cookie_secret is shorter"),
        ([], f'[auth]\nredirect_uri = "http://dashboard.example/oauth2callback"\ncookie_secret = "{"x" * 40}"', "must begin with https"),
        (["--server.enableXsrfProtection", "false"], f'[auth]\nredirect_uri = "http://127.0.0.1:1/oauth2callback"\ncookie_secret = "{"x" * 40}"', "enableXsrfProtection must be true"),
        ([], f'[auth]\nredirect_uri = "http://127.0.0.1:1/oauth2callback"\ncookie_secret = "{"x" * 40}"\n[access]\nidle_minutes = "never"', "[access] in secrets.toml"),
    ],
)  # fmt: skip
def test_the_server_does_not_start_where_it_should_not_be_reached(tmp_path, options, secrets, said):
    """It says why and what to do, and ends."""
    (tmp_path / "secrets.toml").write_text(secrets)
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", "1", "--secrets.files", str(tmp_path / "secrets.toml"), *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode != 0
    assert said in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
