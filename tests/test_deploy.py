"""What deploy/ holds does what docs/hosting.md says: the proxy, the image, the units and the night's jobs, each run as far as it can be here.

nginx is Debian's, started on ports of its own with the file as it is delivered, in front of the real dashboard. The image can't be built
without a container engine: its steps are linted, checked against the tree, and what it would run is run on a read-only root, without
rights, as the account that the image names. Of systemd, its own checker judges the units.
"""

from __future__ import annotations

import ast
import json
import os
import re
import shlex
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from importlib import metadata
from pathlib import Path

import pytest
import tree_sitter
import tree_sitter_powershell
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from oidc_provider_mock import User, run_server_in_thread
from packaging.requirements import Requirement
from playwright.sync_api import Browser, Page, expect
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

import tasks
from cpm_metrics import sample
from cpm_metrics.access.people import short
from cpm_metrics.store import Store, loads
from deploy import night, product_lock
from tests.access.conftest import TENANT, claims_of, key_of
from tests.browser.conftest import browser_type_launch_args  # noqa: F401 - the browser that the browser tests use
from tests.pages.conftest import fill
from tests.sessions import Visitor, free_port, serve

ROOT = Path(__file__).resolve().parents[1]
DEPLOY = ROOT / "deploy"
NAME = "cpm.example.gov.uk"
EXTRACT = date(2026, 11, 20)
SETTLED = "() => document.querySelector('[data-testid=stApp]')?.getAttribute('data-test-script-state') === 'notRunning' && !document.querySelector('[data-stale=true]')"


def program(name: str, package: str) -> str:
    """The path of a system program, installed from Debian where it is missing."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
    if not found and tasks.apt(package):
        found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
    assert found, f"{name} is needed and could not be installed: as root, apt-get install {package}"
    return found


def as_root(*command: object) -> list[str]:
    """Through sudo where pytest doesn't run as root."""
    return [*([] if os.geteuid() == 0 else ["sudo", "-n", "-E"]), *map(str, command)]


@pytest.fixture(scope="module")
def small_sample(tmp_path_factory) -> list[Path]:
    return sample.write(tmp_path_factory.mktemp("deploy-sample"), children=30, seed=7, extract_date=EXTRACT)


@pytest.fixture(scope="module")
def store(tmp_path_factory, small_sample) -> Store:
    return fill(tmp_path_factory.mktemp("deploy") / "store", small_sample, EXTRACT)


# -- the proxy


@dataclass(frozen=True)
class Proxy:
    port: int
    plain: int
    access_log: Path
    app: str

    @property
    def url(self) -> str:
        return f"https://{NAME}:{self.port}"

    def ask(self, path: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, list[str]]]:
        """Status and headers, by name in small letters. The certificate is not checked: the test made it."""
        raw = socket.create_connection(("127.0.0.1", self.port), timeout=20)
        with trusting().wrap_socket(raw, server_hostname=NAME) as line:
            lines = [f"{method} {path} HTTP/1.1", f"Host: {NAME}:{self.port}", "Connection: close", *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items())]
            line.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
            answer = b""
            while b"\r\n\r\n" not in answer and (more := line.recv(65536)):
                answer += more
        first, *rest = answer.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")
        found: dict[str, list[str]] = {}
        for name, _, value in (line.partition(":") for line in rest):
            found.setdefault(name.lower(), []).append(value.strip())
        return int(first.split()[1]), found


def trusting() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def certificate(folder: Path) -> None:
    """cpm.crt and cpm.key, good for an hour."""
    key = ec.generate_private_key(ec.SECP256R1())
    name, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)]), datetime.now(UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now - timedelta(hours=1), now + timedelta(hours=1))
    signed = made.add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False).sign(key, hashes.SHA256())
    (folder / "cpm.crt").write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    (folder / "cpm.key").write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))


@contextmanager
def nginx(folder: Path, upstream: str, port: int) -> Iterator[Proxy]:
    """deploy/nginx/cpm.conf, with nothing changed but ports and folders. `port`: of https."""
    plain = port
    while plain == port:  # the system may offer the same one twice
        plain = free_port()
    text = (DEPLOY / "nginx" / "cpm.conf").read_text("utf-8")
    for there, here, times in (
        ("listen 443 ", f"listen 127.0.0.1:{port} ", 2), ("listen 80;", f"listen 127.0.0.1:{plain};", 1), ("/etc/nginx/tls/", f"{folder}/", 2),
        ("/var/log/nginx/", f"{folder}/", 2), ("server 127.0.0.1:8501;", f"server {upstream};", 1),
    ):  # fmt: skip
        assert text.count(there) == times, there
        text = text.replace(there, here)
    (folder / "cpm.conf").write_text(text)
    places = " ".join(f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    who = "user root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(
        f"daemon off; master_process on; worker_processes 1; {who} pid {folder}/pid; error_log {folder}/start.log;\n"
        f"events {{}}\nhttp {{ {places} default_type application/octet-stream; include {folder}/cpm.conf; }}\n"
    )
    certificate(folder)
    running = subprocess.Popen([program("nginx", "nginx-light"), "-p", str(folder), "-c", str(folder / "nginx.conf")], stderr=subprocess.PIPE)
    try:
        for _ in range(100):
            with socket.socket() as line:
                if line.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert running.poll() is None, running.stderr.read().decode()
            time.sleep(0.05)
        yield Proxy(port, plain, folder / "cpm.access.log", upstream)
    finally:
        running.terminate()
        running.wait(10)


def settings_file(folder: Path) -> dict[str, str]:
    """deploy/cpm.env.example as the units and compose read it, with key and store in `folder`, and a secrets.toml that isn't there."""
    lines = (DEPLOY / "cpm.env.example").read_text("utf-8").splitlines()
    found = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    assert found["CPM_ENCRYPT"] == "required"
    assert found["CPM_KEY_FILE"].startswith("/etc/cpm/") and found["STREAMLIT_SECRETS_FILES"].startswith("/etc/cpm/") and found["CPM_STORE"] == "/var/lib/cpm/store"
    return found | {"CPM_STORE": str(folder / "store"), "CPM_KEY_FILE": str(folder / "store.key"), "STREAMLIT_SECRETS_FILES": str(folder / "secrets.toml")}


def command(env: dict[str, str], *words: object) -> None:
    done = subprocess.run([sys.executable, "-m", "cpm_metrics", *map(str, words)], cwd=ROOT, env=os.environ | env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def hosted(tmp_path_factory, small_sample) -> dict[str, str]:
    """The settings of a host on which the first load was made, encrypted."""
    folder = tmp_path_factory.mktemp("hosted")
    env = settings_file(folder)
    command({}, "key", "new", folder / "store.key")
    command(env, "load", *small_sample, "--extract-date", EXTRACT)
    assert b"DUCK" in next((folder / "store" / "snapshots").glob("*.duckdb")).read_bytes()[:16]
    return env


def secrets(folder: Path, port: int = 443, provider: str = "http://127.0.0.1:1") -> Path:
    """deploy/secrets.toml.example, filled in as part 4 of docs/hosting.md says, for the proxy at `port`."""
    text = (DEPLOY / "secrets.toml.example").read_text("utf-8")
    for there, here, times in (
        (f"https://{NAME}/", f"https://{NAME}:{port}/", 1), (' = ""', ' = "an-invented-value-that-is-long-enough-to-be-one"', 3),
        ("https://login.microsoftonline.com/TENANT-ID/v2.0/", f"{provider}/", 1), ("TENANT-ID", TENANT, 1),
    ):  # fmt: skip
        assert text.count(there) == times, there
        text = text.replace(there, here)
    (folder / "secrets.toml").write_text(text)
    return folder / "secrets.toml"


@pytest.fixture(scope="module")
def proxy(hosted, tmp_path_factory) -> Iterator[Proxy]:
    """As a council hosts it: nginx, the dashboard that requires sign-in, and a provider that knows one person, "admin"."""
    folder, port = tmp_path_factory.mktemp("proxy"), free_port()
    with run_server_in_thread(user_claims=[User(sub="admin", claims=claims_of("admin"))]) as provider:
        env = hosted | {"STREAMLIT_SECRETS_FILES": str(secrets(folder, port, f"http://localhost:{provider.server_port}"))}
        with serve(None, folder / "app.log", environ=env) as server, nginx(folder, server.url.removeprefix("http://"), port) as found:
            yield found


def test_without_sign_in_a_hosted_dashboard_does_not_start(hosted, tmp_path):
    """With the settings as delivered and a secrets.toml that is missing, damaged or not filled in; nor where the line that requires it was
    taken out, because it is to answer to a name that others can reach."""
    path = tmp_path / "secrets.toml"
    env = hosted | {"STREAMLIT_SECRETS_FILES": str(path)}
    careless = {name: value for name, value in env.items() if name != "CPM_SIGN_IN"}
    example = (DEPLOY / "secrets.toml.example").read_text("utf-8")
    for settings, text, said in (
        (env, None, "Sign-in is required"), (env, "[auth\nredirect_uri =", "Sign-in is required"), (env, example, "cookie_secret is shorter"),
        (careless, None, f"allowedHosts names {NAME}"),
    ):  # fmt: skip
        path.unlink(missing_ok=True)
        if text is not None:
            path.write_text(text)
        with pytest.raises(RuntimeError, match=said), serve(None, tmp_path / "app.log", environ=settings):
            pass


def test_sign_in_is_required_wherever_it_is_hosted(image):
    """In the settings, and where they are from before it was in them: in the unit, the image, and compose above any settings file."""
    required = "CPM_SIGN_IN=required"
    assert required in (DEPLOY / "cpm.env.example").read_text("utf-8").splitlines()
    assert f"Environment={required}" in (DEPLOY / "systemd" / "cpm-dashboard.service").read_text("utf-8").splitlines()
    assert required in " ".join(image.all("ENV")).split()
    (service,) = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))["services"].values()
    assert service["environment"] == {"CPM_SIGN_IN": "required"}


def test_with_the_secrets_as_documented_nobody_gets_past_the_sign_in_page(hosted, tmp_path):
    """deploy/secrets.toml.example, filled in: every page is the sign-in page."""
    env = hosted | {"STREAMLIT_SECRETS_FILES": str(secrets(tmp_path))}
    with serve(None, tmp_path / "app.log", environ=env) as server:
        for page in ("", "worklist", "people"):
            with Visitor(server.url, strict=False) as visitor:
                visitor.open(page)
                assert "Sign in with your work account" in visitor.text
                assert "Worklist" not in visitor.text


@pytest.fixture
def visit(proxy, browser_type_launch_args, playwright) -> Iterator[Page]:  # noqa: F811
    """A browser that finds the council's name on this computer. What it asks of anybody, and what its rules forbade, is on the page."""
    args = [*browser_type_launch_args.get("args", []), f"--host-resolver-rules=MAP {NAME} 127.0.0.1"]
    browser: Browser = playwright.chromium.launch(**(browser_type_launch_args | {"args": args}))
    context = browser.new_context(ignore_https_errors=True, locale="en-GB", accept_downloads=True)
    context.add_init_script("window.forbidden = []; addEventListener('securitypolicyviolation', e => forbidden.push(e.effectiveDirective + ' ' + e.blockedURI))")
    page = context.new_page()
    page.asked, page.said, page.sockets = [], [], []
    page.on("request", lambda request: page.asked.append(request.url))
    page.on("console", lambda message: page.said.append(message.text))
    page.on("websocket", lambda line: page.sockets.append(line.url))
    yield page
    browser.close()


def settled(page: Page) -> None:
    expect(page.get_by_role("heading", level=1).first).to_be_visible(timeout=30_000)
    page.wait_for_function(SETTLED, timeout=30_000)


def test_every_answer_carries_the_headers_once(proxy):
    """The page, a script of it, a closed door and a refusal of nginx's own: policy, nosniff, no frame, no referrer, HTTPS for a year."""
    script = re.search(rb'src="\./(static/js/[^"]+)"', urllib.request.urlopen(f"http://{proxy.app}/").read())[1].decode()
    for path, status in (("/", 200), (f"/{script}", 200), ("/_stcore/metrics", 404), ("/worklist", 200), ("/.streamlit/secrets.toml", 404), ("/_stcore/upload_file/a/b", 413)):
        found, headers = proxy.ask(path, **({"Content_Length": str(60 << 20)} if status == 413 else {}))
        assert found == status, path
        for name, value in (
            ("content-security-policy", r"default-src '(self|none)'.*frame-ancestors 'none'"), ("x-content-type-options", "nosniff"), ("x-frame-options", "DENY"),
            ("referrer-policy", "no-referrer"), ("strict-transport-security", "max-age=31536000"),
        ):  # fmt: skip
            assert len(headers.get(name, [])) == 1, (path, name, headers)
            assert re.match(value, headers[name][0]), (path, name, headers)
        assert "/1." not in headers.get("server", [""])[0]
    policy = proxy.ask("/")[1]["content-security-policy"][0]
    for rule in ("object-src 'none'", "base-uri 'self'", f"connect-src 'self' ws://{NAME}:{proxy.port} wss://{NAME}:{proxy.port}"):
        assert rule in policy
    assert "unsafe-eval'" not in policy.replace("'wasm-unsafe-eval'", "")


def test_cookies_are_for_https_alone(proxy):
    """The one that the upload's protection sets, and so every other."""
    _, headers = proxy.ask("/_stcore/health")
    cookies = headers.get("set-cookie", [])
    assert any(cookie.startswith("_streamlit_xsrf=") for cookie in cookies)
    assert all("; secure" in cookie.lower() for cookie in cookies)


@pytest.mark.parametrize("path", ["/_stcore/metrics", "/_stcore/metrics/", "/healthz", "/app/static/x", "/.env", "/pages/.git/config"])
def test_closed_doors_are_closed(proxy, path):
    assert proxy.ask(path)[0] == 404


def test_a_session_begins_from_our_own_pages_only(proxy):
    """No origin, another one, one that only looks alike: refused by nginx. Ours: let through."""
    ours = f"https://{NAME}:{proxy.port}"
    for origin in (None, "https://evil.example", f"https://{NAME}.evil.example", f"http://{NAME}:{proxy.port}", "null", "https://cpmXexample.gov.uk"):
        with pytest.raises(InvalidStatus) as refused, connect(
            f"wss://{NAME}:{proxy.port}/_stcore/stream", sock=socket.create_connection(("127.0.0.1", proxy.port)), ssl=trusting(), origin=origin,
            subprotocols=["streamlit"], server_hostname=NAME, proxy=None,
        ):  # fmt: skip
            pass
        assert refused.value.response.status_code == 403, origin
    with connect(
        f"wss://{NAME}:{proxy.port}/_stcore/stream", sock=socket.create_connection(("127.0.0.1", proxy.port)), ssl=trusting(), origin=ours,
        subprotocols=["streamlit"], server_hostname=NAME, proxy=None,
    ) as line:  # fmt: skip
        assert line.subprotocol == "streamlit"
    assert proxy.ask("/", Upgrade="h2c")[0] == 403


def test_another_name_gets_no_answer_and_plain_http_is_sent_on(proxy):
    """An address or a name that isn't ours doesn't even shake hands; http:// leads to https:// without what stood after the question mark."""
    with socket.create_connection(("127.0.0.1", proxy.port)) as raw, pytest.raises(ssl.SSLError):
        trusting().wrap_socket(raw, server_hostname="evil.example")
    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_):
            return None

    with pytest.raises(urllib.error.HTTPError) as sent_on:
        urllib.request.build_opener(Stay).open(urllib.request.Request(f"http://127.0.0.1:{proxy.plain}/child?child=0012", headers={"Host": NAME}))
    assert (sent_on.value.code, sent_on.value.headers["Location"]) == (301, f"https://{NAME}/child")


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_old_protocols_are_refused(proxy):
    context = trusting()
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    with socket.create_connection(("127.0.0.1", proxy.port)) as raw, pytest.raises(ssl.SSLError):
        context.wrap_socket(raw, server_hostname=NAME)


def test_a_flood_from_one_address_is_slowed_and_a_busy_morning_is_not(proxy):
    """A dozen people who begin to sign in at the same moment from the council's one address all may; hundreds of tries in a row may not."""
    assert [proxy.ask("/auth/login", "HEAD")[0] == 429 for _ in range(12)] == [False] * 12
    found: list[int] = []

    def hammer() -> None:
        while len(found) < 600 and found.count(429) < 5:
            found.append(proxy.ask("/auth/login", "HEAD")[0])

    threads = [threading.Thread(target=hammer) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found.count(429) >= 5
    assert proxy.ask("/")[0] == 200


def sign_in(page: Page, proxy: Proxy) -> None:
    page.goto(proxy.url)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_role("button", name="admin", exact=True).click()
    page.wait_for_url(f"{proxy.url}/**")


def test_the_dashboard_works_through_it(proxy, hosted, visit, store, small_sample):
    """The first administrator as docs/hosting.md says: signed in, the code, the command. Then pages with charts and tables, a file taken
    away, a file dropped: over secure WebSockets, nothing forbidden by the policy, and nobody else asked for anything. Nothing of the
    addresses' questions is in the proxy's log."""
    child = store.current().table("cases")["child_id"].to_pylist()[0]
    sign_in(visit, proxy)
    code = short(key_of("admin"))
    expect(visit.get_by_text(re.compile(f"no access to this dashboard yet.*{code}"))).to_be_visible(timeout=30_000)
    command(hosted, "people", "give", code, "--role", "administrator")
    visit.asked.clear()
    for address in ("", "worklist", "teams", "drift", f"child?child={child}", "meeting-quality", "proceedings"):
        visit.goto(f"{proxy.url}/{address}")
        settled(visit)
        assert visit.get_by_text("Something went wrong").count() == 0
        assert visit.evaluate("window.forbidden") == [], address
    visit.goto(f"{proxy.url}/worklist")
    settled(visit)
    with visit.expect_download(timeout=30_000) as caught:
        visit.locator("[data-testid=stDownloadButton] button:not([disabled])").first.click()
    assert caught.value.path().stat().st_size > 1000
    visit.goto(f"{proxy.url}/load")
    settled(visit)
    visit.locator("input[type=file]").set_input_files(small_sample[0])
    expect(visit.get_by_text(re.compile("What the files hold"))).to_be_visible(timeout=30_000)
    assert visit.evaluate("window.forbidden") == []
    assert visit.sockets and all(url.startswith(f"wss://{NAME}:{proxy.port}/") for url in visit.sockets)
    assert {url.split("/")[2] for url in visit.asked if not url.startswith(("data:", "blob:"))} == {f"{NAME}:{proxy.port}"}
    assert [text for text in visit.said if "Content Security Policy" in text or "Refused to" in text] == []
    log = proxy.access_log.read_text()
    assert "GET /child 200" in log and "GET /oauth2callback 302" in log
    assert "?" not in log and child not in log


def test_the_limits_agree_with_the_dashboards():
    """An upload that the dashboard takes passes the proxy; one that is larger than both is refused at the door."""
    config = (ROOT / ".streamlit" / "config.toml").read_text("utf-8")
    largest = int(re.search(r"maxUploadSize = (\d+)", config)[1])
    assert int(re.search(r"client_max_body_size (\d+)m;", (DEPLOY / "nginx" / "cpm.conf").read_text("utf-8"))[1]) == largest + 1


# -- the image


@dataclass(frozen=True)
class Image:
    """What a Dockerfile says, step by step: (word, text), lines joined."""

    steps: list[tuple[str, str]]

    def all(self, word: str) -> list[str]:
        return [text for name, text in self.steps if name == word]


@pytest.fixture(scope="module")
def image() -> Image:
    text = re.sub(r"\\\n\s*", "", re.sub(r"^#.*\n", "", (DEPLOY / "Dockerfile").read_text("utf-8"), flags=re.M))
    return Image([(word, rest.strip()) for word, rest in re.findall(r"^([A-Z]+) (.*)$", text, re.M)])


def test_the_dockerfile_is_clean():
    """By hadolint, without exceptions."""
    done = subprocess.run([Path(sys.executable).with_name("hadolint"), DEPLOY / "Dockerfile"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_the_image_holds_what_the_dashboard_needs_and_nothing_else(image):
    """Each file copied exists and is let through to the builder; stores, secrets, git and tests are not, whatever a later COPY says."""
    copied = [source for text in image.all("COPY") if "--from" not in text for source in text.split()[:-1]]
    let_in = [line[1:] for line in (DEPLOY / "Dockerfile.dockerignore").read_text("utf-8").splitlines() if line.startswith("!")]
    assert "*" in (DEPLOY / "Dockerfile.dockerignore").read_text("utf-8").splitlines()
    assert sorted(set(copied)) == sorted(let_in)
    assert all((ROOT / path).exists() for path in let_in)
    assert {"app.py", "pages", "cpm_metrics", ".streamlit/config.toml"} <= set(let_in)
    assert not any(re.search(r"(ARG|ENV).*(KEY|SECRET|PASSWORD|TOKEN)", f"{word} {text}") for word, text in image.steps)
    for package in (ROOT / "app.py", *(ROOT / "pages").rglob("*.py"), *(ROOT / "cpm_metrics").rglob("*.py")):
        ours = {name.split(".")[0] for name in imported(package)} & {path.name.removesuffix(".py") for path in ROOT.iterdir()}
        assert ours <= {"app", "cpm_metrics", "pages"}, package


def imported(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module)
    return found


def test_packages_are_those_of_the_lock_and_only_the_products():
    """Whatever an entry requires on this machine is in the list too; nothing of the tests is; each entry has hashes; each import is met."""
    listed = product_lock.product((ROOT / "requirements.in").read_text("utf-8"), (ROOT / "requirements.txt").read_text("utf-8"))
    names = set(re.findall(r"^([a-z0-9._-]+)==", listed, re.M))
    assert listed.count("--hash=sha256:") >= len(names)
    installed = {re.sub(r"[-_.]+", "-", found.metadata["Name"]).lower(): found for found in metadata.distributions()}
    for name in names & set(installed):
        for text in installed[name].requires or []:
            needs = Requirement(text)
            if needs.marker is None or needs.marker.evaluate({"extra": ""}):
                assert re.sub(r"[-_.]+", "-", needs.name).lower() in names, f"{name} needs {needs.name}"
    assert not names & {"pytest", "playwright", "hypothesis", "oidc-provider-mock", "ruff", "flask"}
    tops = {top: {re.sub(r"[-_.]+", "-", one).lower() for one in found} for top, found in metadata.packages_distributions().items()}
    for path in (ROOT / "app.py", *(ROOT / "pages").rglob("*.py"), *(ROOT / "cpm_metrics").rglob("*.py"), DEPLOY / "night.py"):
        for top in {name.split(".")[0] for name in imported(path)} & set(tops):
            assert tops[top] & names, f"{path.relative_to(ROOT)} imports {top}"


def test_what_the_image_runs_runs_without_rights_on_a_read_only_root(image, store, tmp_path):
    """A root of its own, put together by the COPY lines, everything read-only but the volumes, no capability, no new privileges, the
    image's account: without sign-in it doesn't start; with it, it does, its health check passes, its page is there, the night's backup
    and retention work; and it can write nowhere else."""
    shutil.copytree(store.folder, tmp_path / "cpm" / "store")
    (tmp_path / "app").mkdir()
    for text in image.all("COPY"):
        *sources, target = text.split()
        if "--from" not in text and not sources[0].startswith(("requirements", "deploy/product")):
            for source in sources:
                to = tmp_path / "app" / target
                copy = shutil.copytree if (ROOT / source).is_dir() else shutil.copy
                to.parent.mkdir(parents=True, exist_ok=True)
                copy(ROOT / source, to if target != "./" else tmp_path / "app")
    secrets(tmp_path / "cpm").chmod(0o400)
    who = int(image.all("USER")[-1].split(":")[0])
    assert who > 0
    subprocess.run(as_root("chown", "-R", f"{who}:{who}", tmp_path / "cpm"), check=True)
    env = dict(pair.split("=", 1) for text in image.all("ENV") for pair in shlex.split(text))
    port = free_port()
    serves = [*json.loads(image.all("CMD")[-1]), "--server.port", str(port)]
    asks = [part.replace("8501", str(port)) for part in json.loads(image.all("HEALTHCHECK")[0].split("CMD", 1)[1])]
    tries = textwrap.dedent("""
        import os, pathlib, sys
        for place in ("/opt/cpm", "/opt/cpm/.venv/bin", "/etc", "/usr/lib", "/var/lib", "/"):
            try:
                pathlib.Path(place, "written").write_text("x")
            except OSError:
                continue
            sys.exit(place)
        sys.exit(0 if "CapEff:\\t0000000000000000" in pathlib.Path("/proc/self/status").read_text() and os.geteuid() else "rights")
    """)
    inside = " ".join(f"{name}={shlex.quote(value)}" for name, value in env.items())
    bare = f"setpriv --reuid={who} --regid={who} --clear-groups --bounding-set=-all --inh-caps=-all --no-new-privs env -i {inside}"
    base = shlex.quote(sys.base_prefix)
    script = textwrap.dedent(f"""
        set -eu
        umask 022
        chmod -R u=rwX,go=rX {shlex.quote(str(tmp_path / "app"))}
        R={shlex.quote(str(tmp_path / "root"))}
        mkdir "$R" && mount --rbind / "$R" && mount --make-rprivate "$R"
        mount -t tmpfs tmpfs "$R/opt" && mkdir "$R/opt/cpm"
        mount --bind {shlex.quote(str(tmp_path / "app"))} "$R/opt/cpm"
        mkdir -p "$R/opt/cpm/.venv" && mount --bind {shlex.quote(str(Path(sys.prefix)))} "$R/opt/cpm/.venv"
        if [[ {base}/ != /usr/* ]]; then  # a Python of somebody's own, perhaps in a home that others can't enter
            mount -t tmpfs -o mode=755 tmpfs "$R/$(echo {base} | cut -d/ -f2)"
            mkdir -p "$R"{base} && mount --bind {base} "$R"{base}
        fi
        mount -t tmpfs tmpfs "$R/var/lib" && mkdir "$R/var/lib/cpm"
        mount --bind {shlex.quote(str(tmp_path / "cpm"))} "$R/var/lib/cpm"
        mount -t tmpfs -o noexec,nosuid,nodev,mode=1777 tmpfs "$R/tmp"
        for place in / /opt /opt/cpm /var/lib; do mount -o remount,bind,ro "$R$place"; done
        cd "$R/opt/cpm"
        chroot "$R" {bare} sh -c {shlex.quote("cd /opt/cpm && python -c " + shlex.quote(tries))}
        if chroot "$R" {bare} sh -c {shlex.quote("cd /opt/cpm && exec timeout 30 " + shlex.join(serves))} 2> "$R/tmp/refused"; then exit 4; fi
        grep "Sign-in is required" "$R/tmp/refused"
        chroot "$R" {bare} STREAMLIT_SECRETS_FILES=/var/lib/cpm/secrets.toml sh -c {shlex.quote("cd /opt/cpm && exec " + shlex.join(serves))} &
        server=$!
        for n in $(seq 100); do
            if chroot "$R" {bare} sh -c {shlex.quote("cd /opt/cpm && " + shlex.join(asks))} 2>/dev/null; then break; fi
            kill -0 $server || exit 3
            sleep 0.2
        done
        chroot "$R" {bare} sh -c {shlex.quote("cd /opt/cpm && " + shlex.join(asks))}
        {sys.executable} -c "import urllib.request as u; assert b'<title>' in u.urlopen('http://127.0.0.1:{port}/').read()"
        chroot "$R" {bare} sh -c 'cd /opt/cpm && python deploy/night.py backup /var/lib/cpm/backups'
        kill $server; wait $server || true
    """)
    unshare = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
    done = subprocess.run(as_root(*unshare, "bash", "-c", script), capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(list((tmp_path / "cpm" / "backups").glob("backup-*.zip"))) == 1


def test_compose_gives_the_container_nothing_it_does_not_need(image):
    """Read-only, no capability, no new privileges, memory and processes bounded, the account of the image, no port opened."""
    (service,) = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))["services"].values()
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["user"] == image.all("USER")[-1]
    assert "ports" not in service and "privileged" not in service and "cap_add" not in service
    assert service["mem_limit"] and service["pids_limit"]
    assert service["ulimits"] == {"core": 0}
    assert "LimitCORE=0" in (DEPLOY / "systemd" / "cpm-.service.d" / "10-shared.conf").read_text("utf-8").splitlines()
    assert (DEPLOY / service["build"]["context"] / service["build"]["dockerfile"]).resolve() == DEPLOY / "Dockerfile"
    assert all("noexec" in place for place in service["tmpfs"])
    assert not re.search(r"(?i)(password|client_secret|cookie_secret) *[:=]", (DEPLOY / "compose.yaml").read_text("utf-8"))


# -- the units


@pytest.fixture
def machine(tmp_path) -> Path:
    """A folder laid out like the machine of docs/hosting.md, with the units in it."""
    program("systemd-analyze", "systemd")
    units = tmp_path / "etc" / "systemd" / "system"
    shutil.copytree(DEPLOY / "systemd", units)
    python = tmp_path / "opt/cpm/current/.venv/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text("#!/bin/sh\n")
    python.chmod(0o755)
    system = tmp_path / "usr/lib/systemd/system"
    system.mkdir(parents=True)
    for path in Path("/usr/lib/systemd/system").glob("*.[ts][al]*"):
        if path.suffix in (".target", ".slice"):
            shutil.copy(path, system)
    (tmp_path / "etc/passwd").write_text("cpm:x:990:990::/var/lib/cpm:/usr/sbin/nologin\n")
    (tmp_path / "etc/group").write_text("cpm:x:990:\n")
    return tmp_path


UNITS = sorted(path.name for path in (DEPLOY / "systemd").iterdir() if path.is_file())


def analyze(machine: Path, *words: object) -> subprocess.CompletedProcess:
    return subprocess.run(["systemd-analyze", f"--root={machine}", "--no-pager", *map(str, words)], capture_output=True, text=True, check=False)


def test_systemd_finds_nothing_wrong_with_the_units(machine):
    """And would: with a slip in each, it does."""
    done = analyze(machine, "--man=no", "verify", *UNITS)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
    shared = machine / "etc/systemd/system/cpm-.service.d/10-shared.conf"
    shared.write_text(shared.read_text() + "ProtectSytem=strict\n")
    assert "ProtectSytem" in analyze(machine, "--man=no", "verify", *UNITS).stderr
    (machine / "opt/cpm/current/.venv/bin/python").unlink()
    assert analyze(machine, "--man=no", "verify", *UNITS).returncode != 0


@pytest.mark.parametrize(("unit", "most"), [("cpm-dashboard.service", 15), ("cpm-load.service", 10), ("cpm-backup.service", 10)])
def test_the_units_are_hardened(machine, unit, most):
    """systemd's own measure of exposure, 0 to 100: an ordinary service has 96. The shared part counts: without it they are exposed."""
    done = analyze(machine, "security", "--offline=true", f"--threshold={most}", unit)
    assert done.returncode == 0, done.stdout
    (machine / "etc/systemd/system/cpm-.service.d/10-shared.conf").unlink()
    assert analyze(machine, "security", "--offline=true", f"--threshold={most}", unit).returncode != 0


def test_units_image_and_windows_start_the_same_things(image):
    """One command for the dashboard, one program for the night: what is tested here is what runs there. The files they name exist."""
    starts = {path.stem: re.search(r"^ExecStart=/opt/cpm/current/\.venv/bin/(.*)$", path.read_text("utf-8"), re.M)[1] for path in (DEPLOY / "systemd").glob("*.service")}
    assert not [path for path in (DEPLOY / "systemd").glob("*.service") if len(re.findall(r"^Exec", path.read_text("utf-8"), re.M)) != 1]
    assert starts["cpm-dashboard"].split() == json.loads(image.all("CMD")[-1])
    for unit, command in (("cpm-load", "load"), ("cpm-backup", "backup")):
        _, script, word, _, *options = starts[unit].split()
        assert (ROOT / script).is_file() and word == command
        helped = subprocess.run([sys.executable, ROOT / script, word, "--help"], capture_output=True, text=True, check=True).stdout
        assert all(option in helped for option in options[::2])
        writable = re.search(r"^ReadWritePaths=(.*)$", (DEPLOY / "systemd" / f"{unit}.service").read_text("utf-8"), re.M)[1]
        assert writable in starts[unit]
    for path in (DEPLOY / "systemd").glob("*.timer"):
        assert (DEPLOY / "systemd" / f"{path.stem}.service").exists()
    assert r"deploy\night.py" in (DEPLOY / "windows" / "night.cmd").read_text("utf-8")
    assert "tasks.py run" in (DEPLOY / "windows" / "start.cmd").read_text("utf-8")


def test_powershell_reads_the_windows_script():
    """By its grammar: PowerShell itself is not to be had here. It calls the file that is beside it."""
    parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_powershell.language()))
    text = (DEPLOY / "windows" / "register-tasks.ps1").read_bytes()
    assert not parser.parse(text).root_node.has_error
    assert parser.parse(text.replace(b")", b"", 1)).root_node.has_error
    for name in re.findall(rb"Join-Path \$PSScriptRoot '([^']+)'", text):
        assert (DEPLOY / "windows" / name.decode()).is_file()
    assert all(ord(sign) < 128 for path in (DEPLOY / "windows").iterdir() for sign in path.read_text("utf-8"))  # old consoles read another alphabet


# -- the night


def run_night(store: Path, *words: object) -> tuple[int, str]:
    done = subprocess.run([sys.executable, DEPLOY / "night.py", *map(str, words)], capture_output=True, text=True, env=os.environ | {"CPM_STORE": str(store)}, check=False)
    assert done.stdout == ""
    return done.returncode, done.stderr


def deliver(inbox: Path, day: str, files: list[Path], ready: bool = True) -> Path:
    folder = inbox / day
    folder.mkdir(parents=True)
    for file in files:
        shutil.copy(file, folder)
    if ready:
        (folder / night.READY).touch()
    return folder


def test_what_is_delivered_is_loaded_once_and_taken_out_of_the_inbox(tmp_path, small_sample):
    """Not before the delivery is ready; then in the order of the days; the log names no child."""
    inbox = tmp_path / "inbox"
    first, second = deliver(inbox, "2026-11-20", small_sample, ready=False), deliver(inbox, "2026-11-21", small_sample[:1], ready=False)
    (inbox / "notes").mkdir()
    code, said = run_night(tmp_path / "store", "load", inbox)
    assert code == 0 and said.count("not ready yet") == 2
    assert Store(tmp_path / "store").current() is None
    for folder in (first, second):
        (folder / night.READY).touch()
    code, said = run_night(tmp_path / "store", "load", inbox)
    history = Store(tmp_path / "store").history()
    assert history[-1].extract_date == date(2026, 11, 20) and history[-1].by == "night load"
    assert not first.exists() and (inbox / "notes").exists()
    surnames = set(Store(tmp_path / "store").current().table("cases")["surname"].to_pylist()) - {None}
    assert surnames and not [name for name in surnames if re.search(rf"\b{re.escape(name)}\b", said)]


def test_a_surprising_delivery_waits_for_a_person(tmp_path, small_sample):
    """The same files once more: nothing is loaded, they stay, the exit code says that somebody must look."""
    inbox = tmp_path / "inbox"
    deliver(inbox, "2026-11-20", small_sample)
    assert run_night(tmp_path / "store", "load", inbox)[0] == 0
    before = Store(tmp_path / "store").history()
    again = deliver(inbox, "2026-11-20", small_sample)
    code, said = run_night(tmp_path / "store", "load", inbox)
    assert code == 1 and "not loaded" in said and "Nothing was changed" in said
    assert again.exists() and Store(tmp_path / "store").history() == before
    assert run_night(tmp_path / "store", "load", tmp_path / "nowhere")[0] == 1


def test_nothing_is_deleted_that_the_store_does_not_have(tmp_path, small_sample):
    """Nobody reads what the night says: a load that is made is made, its files go; one that is refused (the same files) leaves them."""
    inbox = tmp_path / "inbox"
    first = deliver(inbox, "2026-11-20", small_sample)
    for code in (0, 1):
        read, write = os.pipe()
        os.close(read)
        done = subprocess.run([sys.executable, DEPLOY / "night.py", "load", inbox], stderr=write, env=os.environ | {"CPM_STORE": str(tmp_path / "store")}, check=False)
        os.close(write)
        assert done.returncode == code
        assert {file.name for file in Store(tmp_path / "store").current().info.files} == {path.name for path in small_sample}
        if code == 0:
            assert not first.exists()
            deliver(inbox, "2026-11-20", small_sample)
    assert {path.name for path in first.iterdir()} == {path.name for path in small_sample} | {night.READY}


def test_a_load_that_only_says_it_succeeded_deletes_nothing(tmp_path, small_sample, monkeypatch, capsys):
    """The exit code alone is not believed, and of a file that was changed since it was read the new bytes stay."""
    monkeypatch.setenv("CPM_STORE", str(tmp_path / "store"))
    delivery = deliver(tmp_path / "inbox", "2026-11-20", small_sample)
    monkeypatch.setattr(night, "cpm", lambda *words: True)
    assert not night.load(tmp_path / "inbox")
    assert {path.name for path in delivery.iterdir()} == {path.name for path in small_sample} | {night.READY}
    assert "doesn't name these files" in capsys.readouterr().err
    fill(tmp_path / "store", small_sample, EXTRACT)
    (delivery / small_sample[0].name).write_bytes(b"delivered anew")
    assert not night.load(tmp_path / "inbox")
    assert [path.name for path in delivery.iterdir()] == [small_sample[0].name]


def test_what_was_not_loaded_stays_and_is_never_taken_for_a_delivery(tmp_path, small_sample):
    """A folder in the folder, a hidden file, the lock file of an open workbook: none is loaded, none is deleted, none is named in the log."""
    inbox = tmp_path / "inbox"
    delivery = deliver(inbox, "2026-11-20", small_sample[1:])
    (delivery / "South").mkdir()
    shutil.copy(small_sample[0], delivery / "South")
    for name in (".hidden.csv", "~$cases Ambrosia.xlsx"):
        (delivery / name).write_text("x")
    code, said = run_night(tmp_path / "store", "load", inbox)
    assert code == 1 and "(3 files or folders) and stays" in said and "Ambrosia" not in said and "South" not in said
    assert sorted(str(path.relative_to(delivery)) for path in delivery.rglob("*")) == sorted([".hidden.csv", "South", f"South/{small_sample[0].name}", "~$cases Ambrosia.xlsx"])
    before = Store(tmp_path / "store").history()
    code, said = run_night(tmp_path / "store", "load", inbox)
    assert code == 0 and "not ready yet" in said
    assert Store(tmp_path / "store").history() == before


def as_account(uid: int, groups: str, *command: object, umask: str = "077", **env: str) -> subprocess.CompletedProcess:
    """As somebody else on the machine."""
    words = shlex.join(map(str, command))
    plain = " ".join(f"{name}={shlex.quote(value)}" for name, value in env.items())
    return subprocess.run(
        as_root("setpriv", f"--reuid={uid}", f"--regid={uid}", *([f"--groups={groups}"] if groups else ["--clear-groups"]), "env", "-i", "sh", "-c", f"umask {umask}; exec env {plain} {words}"),
        cwd="/", capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.fixture
def everybodys() -> Iterator[Path]:
    """A folder that every account of the machine can go into, with the product in it."""
    with tempfile.TemporaryDirectory(prefix="cpm-delivery-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        for part in ("cpm_metrics", "deploy"):
            shutil.copytree(ROOT / part, folder / "app" / part, ignore=shutil.ignore_patterns("__pycache__"))
        subprocess.run(["chmod", "-R", "u=rwX,go=rX", folder / "app"], check=True)
        yield folder
        subprocess.run(as_root("chown", "-R", str(os.geteuid()), folder), check=True)


def everybodys_python() -> list[str]:
    """A Python that accounts other than ours can run, and the packages of ours for it."""
    packages = next(path for path in sys.path if path.endswith("site-packages"))
    for python in (sys.executable, f"/usr/bin/python3.{sys.version_info.minor}"):
        words = ["env", f"PYTHONPATH={packages}", "PYTHONDONTWRITEBYTECODE=1", python]
        if as_account(65534, "", *words, "-c", "import duckdb, pyarrow").returncode == 0:
            return words
    raise AssertionError(f"No Python that another account can run: install Debian's python3.{sys.version_info.minor}.")


def test_what_another_account_delivers_can_be_loaded_and_deleted(everybodys, small_sample):
    """The inbox made by the very line of docs/hosting.md; the deliverer an account in the group cpm, with umask 007, as written there.
    One that did otherwise is told so in plain words, and the others are loaded all the same."""
    python = everybodys_python()
    cpm, deliverer = 10001, 20001
    inbox = everybodys / "inbox"
    (line,) = re.findall(r"^    (install .* /srv/cpm-inbox)$", (ROOT / "docs" / "hosting.md").read_text("utf-8"), re.M)
    subprocess.run(as_root(*line.replace("-o cpm -g cpm", f"-o {cpm} -g {cpm}").replace("/srv/cpm-inbox", str(inbox)).split()), check=True)
    subprocess.run(as_root("install", "-d", "-o", cpm, "-g", cpm, "-m", "0700", everybodys / "var"), check=True)
    parcel = everybodys / "parcel"
    parcel.mkdir()
    parcel.chmod(0o755)
    for path in small_sample:
        shutil.copyfile(path, parcel / path.name)
        (parcel / path.name).chmod(0o644)
    brings = 'mkdir "$1/$2" && for f in "$3"/*; do cat "$f" > "$1/$2/${f##*/}"; done && touch "$1/$2/READY"'
    for day, umask in (("2026-11-20", "077"), ("2026-11-21", "007")):
        done = as_account(deliverer, str(cpm), "sh", "-c", brings, "sh", inbox, day, parcel, umask=umask)
        assert done.returncode == 0, done.stderr
    done = as_account(cpm, "", *python, everybodys / "app" / "deploy" / "night.py", "load", inbox, CPM_STORE=str(everybodys / "var" / "store"), PATH=os.environ["PATH"], HOME="/tmp")
    assert done.returncode == 1 and "Traceback" not in done.stderr, done.stderr
    assert re.search(rf"2026-11-20: not loaded. {inbox}/2026-11-20\S* can't be read or deleted \(Permission denied\).*docs/hosting.md, part 7", done.stderr), done.stderr
    assert "extract date 2026-11-21" in done.stderr
    left = subprocess.run(as_root("ls", inbox), capture_output=True, text=True, check=True).stdout.split()
    assert left == ["2026-11-20"]


def test_every_backup_is_tried_out_and_old_ones_go(tmp_path, store):
    """The new one restores to the same load; of ten old ones the newest stay; nothing is left of the trial."""
    folder = tmp_path / "backups"
    folder.mkdir()
    old = [folder / f"backup-2026-01-{day:02d}-040000.zip" for day in range(1, 11)]
    for path in old:
        path.write_bytes(b"old")
        os.utime(path, (time.time() - 90 * 86400,) * 2)
    (folder / "keep-me.zip").write_bytes(b"not ours")
    code, said = run_night(store.folder, "backup", folder, "--keep-days", 35)
    assert code == 0, said
    left = sorted(path.name for path in folder.iterdir())
    new = next(name for name in left if not name.startswith("backup-2026-01") and name != "keep-me.zip")
    assert left == sorted([*(path.name for path in old[4:]), new, "keep-me.zip"])
    code = subprocess.run([sys.executable, "-m", "cpm_metrics", "restore", folder / new, "--store", tmp_path / "back"], cwd=ROOT, capture_output=True, check=False).returncode
    assert code == 0
    assert Store(tmp_path / "back").current().info == store.current().info


def test_a_store_that_is_damaged_is_not_backed_up_over_good_backups(tmp_path, store):
    """One byte of the load changed: the job fails and deletes nothing, however old."""
    shutil.copytree(store.folder, tmp_path / "store")
    (snapshot,) = (tmp_path / "store" / "snapshots").glob("*.duckdb")
    data = bytearray(snapshot.read_bytes())
    data[len(data) // 2] ^= 1
    snapshot.write_bytes(data)
    folder = tmp_path / "backups"
    folder.mkdir()
    old = [folder / f"backup-2026-01-{day:02d}-040000.zip" for day in range(1, 11)]
    for path in old:
        path.write_bytes(b"old")
        os.utime(path, (0, 0))
    code, said = run_night(tmp_path / "store", "backup", folder)
    assert code == 1
    assert "No load is to go" in said
    assert all(path.exists() for path in old)
    assert not list(folder.glob("trying-*"))


@pytest.fixture
def aged_store(tmp_path, small_sample, monkeypatch) -> Store:
    """Loads of 500 days ago, of 350, of 300 and of today, each of an extract of that day: what is older than the loads say is not deleted."""
    now = loads.now()
    for days, files in ((500, small_sample), (350, small_sample[:1]), (300, small_sample[:2]), (0, small_sample[:3])):
        monkeypatch.setattr(loads, "now", lambda days=days: now - timedelta(days=days))
        found = fill(tmp_path / "aged", files, date.today() - timedelta(days=days))
    monkeypatch.undo()
    assert len(found.history()) == 4
    return found


@pytest.mark.parametrize(("possible", "code", "days", "left"), [(True, 0, [], 3), (False, 1, ["--keep-loads-days", 310], 2)])
def test_loads_past_their_time_go_whatever_became_of_the_backup(aged_store, tmp_path, possible, code, days, left):
    """400 days where nothing is said, other days where they are; where the backup can't be written too, and the exit code tells of that."""
    folder = tmp_path / "backups"
    if not possible:
        folder.write_text("a file stands where the folder should be")
    newest = aged_store.history()[:left]
    found, said = run_night(aged_store.folder, "backup", folder, *days)
    assert (found, "No backup" in said) == (code, not possible), said
    assert aged_store.history() == newest
    assert [line.who for line in aged_store.state.audit(what="loads deleted")] == ["night retention"]


def test_a_retention_that_fails_fails_the_night_though_the_backup_is_there(aged_store, tmp_path):
    found, said = run_night(aged_store.folder, "backup", tmp_path / "backups", "--keep-loads-days", 0)
    assert found == 1, said
    assert len(list((tmp_path / "backups").glob(night.BACKUP))) == 1
    assert len(aged_store.history()) == 4


# -- by hand, and the documents


def test_a_command_by_hand_has_the_settings_of_the_service(hosted, tmp_path):
    """Without the file's settings the same command would look at another store, or refuse this one."""
    (tmp_path / "cpm.env").write_text("# ours\n" + "".join(f"{name}={value}\n" for name, value in hosted.items()))
    run = [sys.executable, DEPLOY / "by_hand.py", "history"]
    done = subprocess.run(run, cwd=tmp_path, env=os.environ | {"CPM_SETTINGS": str(tmp_path / "cpm.env")}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert str(EXTRACT) in done.stdout
    done = subprocess.run(run, cwd=tmp_path, env=os.environ | {"CPM_SETTINGS": str(tmp_path / "nowhere")}, capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "sudo -u cpm" in done.stderr


def test_the_hosting_page_says_what_is_there():
    """Every file it names exists, every command of the dashboard too, and its docker line says what compose.yaml says."""
    text = (ROOT / "docs" / "hosting.md").read_text("utf-8")
    for name in re.findall(r"\bdeploy[/\\][\w./\\-]*\w", text):
        assert (ROOT / name.replace("\\", "/")).exists(), name
    for name in re.findall(r"`((?:docs|tests|pages)/[\w./-]+)`", text):
        assert (ROOT / name).exists(), name
    words = set(re.findall(r"(?:^    |`)cpm (\w+)", text, re.M)) | set(re.findall(r"-m cpm_metrics (\w+)", text))
    assert {"check", "restore", "rekey", "people", "history"} <= words
    said = subprocess.run([sys.executable, "-m", "cpm_metrics", "--help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert [word for word in words if not re.search(rf"^    {word}\b", said, re.M)] == []
    (service,) = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))["services"].values()
    line = text[text.index("docker run --detach") : text.index("The account `cpm` of part 2")]
    limits = " ".join(f"--ulimit {name}={value}" for name, value in service["ulimits"].items())
    given = " ".join(f"--env {name}={value}" for name, value in service["environment"].items())
    for part in (limits, given, "--read-only", "--cap-drop ALL", "--security-opt no-new-privileges", f"--user {service['user']}", f"--memory {service['mem_limit']}", f"--pids-limit {service['pids_limit']}",
                 *(f"-v {volume}" for volume in service["volumes"]), f"--tmpfs {service['tmpfs'][0]}", f"--network {service['network_mode']}", f"--env-file {service['env_file'][0]}"):  # fmt: skip
        assert part in line, part
    units = "\n".join(path.read_text("utf-8") for path in (DEPLOY / "systemd").iterdir() if path.is_file())
    for figure in ("02:30", "04:00", "/srv/cpm-inbox", "/var/backups/cpm"):
        assert figure in text and figure in units
    defaults = re.findall(r'"(--keep-\S*days)", type=int, default=(\d+)', (DEPLOY / "night.py").read_text("utf-8"))
    assert sorted(re.findall(r"(--keep-\S*days) (\d+)", units)) == sorted(defaults) and len(defaults) == 2
    for name, days in defaults:
        assert f"{name} {days}" in text
        assert f"{days} days" in text and f"{days} days" in (ROOT / "docs" / "dpia.md").read_text("utf-8")
    assert not re.search(r"(?i)TODO|TBD|FIXME|to be filled", text)
