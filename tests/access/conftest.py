"""The dashboard as a council hosts it: behind sign-in with a real OpenID provider on this computer, and people of every role."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from unittest import mock

import pyarrow as pa
import pytest
from oidc_provider_mock import User, run_server_in_thread
from streamlit.auth_util import set_cookie_with_chunks
from streamlit.web.server.starlette.starlette_app_utils import create_signed_value

from cpm_metrics.access import People, Viewer
from cpm_metrics.access.people import Access
from cpm_metrics.engine import compute
from cpm_metrics.extracts.problems import Prepared
from cpm_metrics.store import Store
from tests.pages.conftest import fill, sample_files  # noqa: F401 - the fixture
from tests.sessions import Server, Visitor, free_port, serve

SECRET = "a secret of the tests, long enough to sign cookies with"
TENANT = "11111111-2222-3333-4444-555555555555"
COOKIE, XSRF = "_streamlit_user", "_streamlit_xsrf"


@dataclass(frozen=True)
class Hosted:
    """A running dashboard; `store` is its store, `teams` the council's teams in name order, `own` children of the first."""

    server: Server
    store: Store
    provider: str
    teams: list[str]
    children: dict[str, str] = field(repr=False)  # child ID -> team

    @property
    def url(self) -> str:
        return self.server.url

    def of(self, *teams: str) -> set[str]:
        return {child for child, team in self.children.items() if team in teams}

    def cookies(self, who: str, age: float = 0, secret: str = SECRET, **claims: Any) -> dict[str, str]:
        """What a browser has after signing in as `who`, `age` seconds ago."""
        return minted(who, self.url, age, secret, **claims)

    def viewer(self, who: str) -> Viewer:
        return People(self.store.state).viewer(claims_of(who))

    def visitor(self, who: str, **more: Any) -> Visitor:
        return Visitor(self.url, cookies=self.cookies(who), **more)


def claims_of(who: str) -> dict[str, Any]:
    return {"oid": f"oid-{who}", "tid": TENANT, "name": f"Person {who}", "preferred_username": f"{who}@council.example"}


def key_of(who: str) -> str:
    return f"{TENANT}/oid-{who}"


def minted(who: str, origin: str, age: float = 0, secret: str = SECRET, **claims: Any) -> dict[str, str]:
    """A sign-in cookie as Streamlit's own callback makes it, and the token that the browser needs to use it."""
    body = {"sub": who, "iss": "http://provider", "exp": time.time() + 3600, **claims_of(who), **claims, "origin": origin, "is_logged_in": True, "provider": "default"}
    made: dict[str, str] = {}
    with mock.patch("itsdangerous.timed.time.time", lambda: _now() - age):
        set_cookie_with_chunks(
            lambda name, value: made.__setitem__(name, create_signed_value(secret, name, value).decode()),
            lambda name, value: create_signed_value(secret, name, value), COOKIE, body, cookie_attr_size=100,
        )  # fmt: skip
    return made | {XSRF: token()}


def _now() -> float:
    return datetime.now().timestamp()


def token() -> str:
    from streamlit.web.server.starlette.starlette_app_utils import generate_xsrf_token_string

    return generate_xsrf_token_string()


@contextmanager
def hosted(store: Store, folder: Path, people: dict[str, Access], more: str = "", **options: Any) -> Iterator[Hosted]:
    """The server with [auth] set up; `people`: name -> what they may see. `more`: further lines of secrets.toml."""
    register = People(store.state)
    for who, access in people.items():
        register.give(key_of(who), access, "a test")
    port = free_port()
    users = [User(sub=who, claims=claims_of(who)) for who in (*people, "nobody-yet")]
    with run_server_in_thread(user_claims=users) as provider:
        secrets = folder / "secrets.toml"
        secrets.write_text(
            f'[auth]\nredirect_uri = "http://127.0.0.1:{port}/oauth2callback"\ncookie_secret = "{SECRET}"\nclient_id = "dashboard"\nclient_secret = "none"\n'
            f'server_metadata_url = "http://localhost:{provider.server_port}/.well-known/openid-configuration"\n{more}\n'
        )
        with serve(store.folder, folder / "log.txt", options=("--secrets.files", str(secrets), *options.pop("options", ())), port=port, **options) as server:
            results = compute(store.current())
            rows = results.rows("SELECT child_id, team FROM children WHERE current")
            yield Hosted(server, store, f"http://localhost:{provider.server_port}", sorted({team for _, team in rows}), dict(rows))


def people_of(teams: list[str]) -> dict[str, Access]:
    return {
        "admin": Access("administrator", name="Person admin"),
        "manager": Access("service-manager", teams=tuple(teams[:2]), name="Person manager"),
        "team": Access("team-manager", teams=(teams[0],), name="Person team"),
        "analyst": Access("analyst", name="Person analyst"),
        "loader": Access("analyst", drill=False, name="Person loader"),
    }


def a_week_before(prepared: Prepared) -> None:
    """The load before: two teams the other way about, so that half of their children have moved since."""
    one, other = sorted(set(prepared.tables["cases"].column("team").to_pylist()) - {None})[:2]
    swapped = {one: other, other: one}
    for name in ("cases", "allocations"):
        table = prepared.tables[name]
        teams = pa.array([swapped.get(team, team) for team in table.column("team").to_pylist()], table.schema.field("team").type)
        prepared.tables[name] = table.set_column(table.schema.get_field_index("team"), table.schema.field("team"), teams)


@pytest.fixture(scope="package")
def council(tmp_path_factory, sample_files) -> Iterator[Hosted]:  # noqa: F811
    folder = tmp_path_factory.mktemp("hosted")
    store = fill(folder / "store", sample_files, before=a_week_before)
    teams = sorted({team for (team,) in compute(store.current()).rows("SELECT DISTINCT team FROM children WHERE current AND team IS NOT NULL")})
    with hosted(store, folder, people_of(teams)) as running:
        yield running
