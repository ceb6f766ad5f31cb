"""Signing in and out with a real OpenID provider and a real browser; cookies that are forged, old, over or replayed; and a server that
doesn't start where it shouldn't be reached."""

from __future__ import annotations

import contextlib
import http.client
import os
import random
import re
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid

import pytest
from playwright.sync_api import expect
from starlette.requests import Request
from websockets.exceptions import WebSocketException

from cpm_metrics.access.people import short
from pages._server import guard
from tests.access.conftest import COOKIE, Hosted, hosted, key_of, people_of
from tests.browser.conftest import browser_context_args, browser_type_launch_args  # noqa: F401 - fixtures
from tests.pages.conftest import ROOT, fill
from tests.sessions import PageError, Visitor, serve

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
    page.get_by_test_id("stSidebar").get_by_role("link", name="Worklist", exact=True).click()
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
    assert visitor.fetch(f"{council.url}/_stcore/upload_file/x/y", method="PUT")[0] == 401


def respelled(cookie: str) -> list[str]:
    """The same signed words written otherwise: the last sign of a signature has bits that nobody reads, and signs that are no base64 are passed over."""
    body, _, signature = cookie.rpartition(".")
    signs = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return [f"{body}.{signature[:-1]}{signs[signs.index(signature[-1]) ^ 1]}", f"{body}.{signature[:5]}%%{signature[5:]}"]


def test_an_ended_sign_in_stays_ended_however_it_is_written(council):
    """After sign-out: the cookie as it was, and other spellings of it, open nothing."""
    cookies = council.cookies("manager")
    with Visitor(council.url, cookies=cookies) as visitor:
        visitor.open("worklist")
        assert visitor.title == "Worklist"
    visitor.fetch(f"{council.url}/auth/logout")
    for cookie in (cookies[COOKIE], *respelled(cookies[COOKIE])):
        with Visitor(council.url, cookies=cookies | {COOKIE: cookie}) as visitor:
            visitor.open("worklist")
            assert SIGN_IN in visitor.text, cookie


def ask(council: Hosted, path: str, cookies: str, method: str = "GET") -> int:
    line = http.client.HTTPConnection("127.0.0.1", int(council.url.rpartition(":")[2]), timeout=20)
    with contextlib.closing(line):
        line.request(method, path, headers={"Cookie": cookies})
        return line.getresponse().status


@pytest.mark.parametrize("beside", ['cookies_policy={"essential":true,"usage":false}', 'half="open', "a b=c", "[]=1", "expires=1", "path=/", "nothing"])
def test_a_cookie_of_another_site_of_the_councils_changes_nothing(council, beside):
    """As gov.uk's, which is no cookie by the letter of the rules: uploads and files are still this person's, and sign-out ends the sign-in."""
    cookies = council.cookies("manager", sid=beside)
    header = "; ".join([beside, *(f"{name}={value}" for name, value in cookies.items())])
    assert ask(council, "/media/none.csv", header) == 404
    assert ask(council, "/_stcore/upload_file/x/y", header, "PUT") not in (200, 401)
    assert ask(council, "/auth/logout", header) < 400
    assert ask(council, "/media/none.csv", header) == 401
    with Visitor(council.url, cookies=cookies) as visitor:
        visitor.open("worklist")
        assert SIGN_IN in visitor.text


def test_the_guard_reads_cookies_as_streamlit_does():
    """And what it passes on without the sign-in holds none, however the others are written."""
    for raw in ([b'a=b{x"; _streamlit_user=OLD'], [b"a=1", b"_streamlit_user=OLD; _streamlit_user_1=x"], [b"_streamlit_user=A; _streamlit_user=B; c=\xff"], [b"\xa0_streamlit_user=OLD"],
                [b'a="\\073 _streamlit_user=OLD"; _streamlit_user=OLD']):  # fmt: skip
        scope = {"type": "http", "headers": [(b"host", b"x"), *((b"cookie", one) for one in raw)], "path": "/", "method": "GET"}
        assert guard._cookies(scope) == Request(scope).cookies
        assert guard.signin.COOKIE in guard._cookies(scope)
        passed_on = guard._without_sign_in(scope)
        assert Request(passed_on).cookies == {name: value for name, value in Request(scope).cookies.items() if not name.startswith(guard.signin.COOKIE)}
        assert passed_on["headers"][0] == (b"host", b"x")


def test_long_tokens_of_two_people_are_two_people(council):
    """Beyond 4 KB Streamlit cuts a cookie in parts, and the first part says only how many: nobody is taken for somebody else, and the oldest
    part says when they signed in."""
    groups = [str(uuid.UUID(int=random.Random(n).getrandbits(128))) for n in range(150)]
    admin, team = (council.cookies(who, groups=groups) for who in ("admin", "team"))
    assert len(admin) > 2 and admin.keys() == team.keys()
    for cookies, words in ((admin, "Administrator"), (team, "Team manager")):
        with Visitor(council.url, cookies=cookies) as visitor:
            visitor.open("settings")
            assert words in visitor.text
    old, fresh = council.cookies("admin", age=9 * 3600, groups=groups), council.cookies("admin", groups=groups)
    for name in (name for name in fresh if name.startswith(COOKIE)):
        with Visitor(council.url, cookies=old | {name: fresh[name]}) as visitor:
            visitor.open("settings")
            assert SIGN_IN in visitor.text, name


def test_a_damaged_file_of_secrets_closes_the_doors(tmp_path, sample_files):
    """Somebody edits it while the server runs and leaves a quote out: nobody gets in, and least of all as an administrator."""
    store = fill(tmp_path / "store", sample_files)
    with hosted(store, tmp_path, people_of(["a", "b"])) as council:
        with council.visitor("admin") as visitor:
            visitor.open("worklist")
            assert visitor.title == "Worklist"
        secrets = tmp_path / "secrets.toml"
        secrets.write_text(secrets.read_text().replace('client_secret = "none"', "client_secret = \"none"))
        end = time.time() + 20
        while time.time() < end:  # Streamlit looks at the file now and then
            for cookies in ({}, council.cookies("admin")):
                with Visitor(council.url, cookies=cookies, strict=False) as visitor:
                    visitor.open("worklist")
                    assert cookies or visitor.title != "Worklist"
            if visitor.title != "Worklist":
                break
            time.sleep(1)
        assert visitor.title != "Worklist"  # even the administrator's cookie: its key is in the file


def test_without_sign_in_only_this_computer_is_answered(tmp_path, sample_files):
    """Behind a proxy on the same computer everybody would be the person at the keyboard."""
    store = fill(tmp_path / "store", sample_files)
    with serve(store.folder, tmp_path / "log.txt") as server:
        assert fetched(server.url, {}) == 200
        for headers in ({"Host": "cpm.example.gov.uk"}, {"X-Forwarded-For": "10.1.2.3"}, {"Forwarded": "for=10.1.2.3"}):
            assert fetched(server.url, headers) == 403
        with pytest.raises((WebSocketException, PageError, OSError)), Visitor(server.url, host="cpm.example.gov.uk") as visitor:
            visitor.open("")


def fetched(url: str, headers: dict[str, str]) -> int:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers)) as answer:
            return answer.status
    except urllib.error.HTTPError as refused:
        return refused.code


def test_without_its_list_of_rights_nobody_gets_in_and_nothing_goes_unnoted(tmp_path, sample_files):
    """Somebody holds the settings' file: no page without the line that says who came and whom they looked at; and after that, the line."""
    store = fill(tmp_path / "store", sample_files)
    with hosted(store, tmp_path, people_of(["a", "b"])) as council:
        child = next(iter(council.children))
        cookies = council.cookies("admin")
        holder = sqlite3.connect(store.folder / "state.sqlite", isolation_level=None)
        holder.execute("BEGIN EXCLUSIVE")
        with Visitor(council.url, cookies=cookies, strict=False) as visitor:
            for _ in range(2):
                with contextlib.suppress(PageError, WebSocketException, OSError):
                    visitor.open("child", child=child)
                    assert child not in visitor.text
        holder.execute("ROLLBACK")
        holder.close()
        with Visitor(council.url, cookies=cookies) as visitor:
            visitor.open("child", child=child)
            assert child in visitor.text
        assert {"signed in", "child viewed"} <= {line.what for line in store.state.audit(limit=20)}
        assert "Traceback" not in (tmp_path / "log.txt").read_text()


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
        (["--server.allowedHosts", "cpm.example.gov.uk"], "", "server.allowedHosts names cpm.example.gov.uk"),
        (["CPM_SIGN_IN=required"], "", "Sign-in is required"),
        (["CPM_SIGN_IN=required"], '[auth]\nredirect_uri = "http://', "Sign-in is required"),
        (["CPM_SIGN_IN=yes"], "", "neither empty nor"),
        ([], '[auth]\nredirect_uri = "http://127.0.0.1:1/oauth2callback"\ncookie_secret = "short"', "cookie_secret is shorter"),
        ([], f'[auth]\nredirect_uri = "http://dashboard.example/oauth2callback"\ncookie_secret = "{"x" * 40}"', "must begin with https"),
        (["--server.enableXsrfProtection", "false"], f'[auth]\nredirect_uri = "http://127.0.0.1:1/oauth2callback"\ncookie_secret = "{"x" * 40}"', "enableXsrfProtection must be true"),
        ([], f'[auth]\nredirect_uri = "http://127.0.0.1:1/oauth2callback"\ncookie_secret = "{"x" * 40}"\n[access]\nidle_minutes = "never"', "[access] in secrets.toml"),
    ],
)  # fmt: skip
def test_the_server_does_not_start_where_it_should_not_be_reached(tmp_path, options, secrets, said):
    """It says why and what to do, and ends."""
    (tmp_path / "secrets.toml").write_text(secrets)
    environ = dict(option.split("=") for option in options if option.startswith("CPM_"))
    options = [option for option in options if not option.startswith("CPM_")]
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", "1", "--secrets.files", str(tmp_path / "secrets.toml"), *options]
    done = subprocess.run(command, cwd=ROOT, env=os.environ | environ, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode != 0
    assert said in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
