"""Whether a sign-in cookie still opens anything.

Streamlit's own lives 30 days and can be replayed after sign-out and after the token expired. Here it ends at the token's expiry, at
the longest time since signing in, after sign-out, and when nobody clicked for the idle time; what ended stays ended (the store knows).
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from itsdangerous import BadSignature, URLSafeTimedSerializer
from streamlit.auth_util import get_cookie_with_chunks
from streamlit.web.server.server_util import get_cookie_secret
from streamlit.web.server.starlette.starlette_app_utils import decode_signed_value
from streamlit.web.server.starlette.starlette_server_config import USER_COOKIE_NAME as COOKIE

from pages._server import options

_last_click: dict[str, float] = {}
# Sign-ins that ended since this server started: they stay so where the store could not be written to.
_ended_here: set[str] = set()
_guard = threading.Lock()


def name_of(cookies: Mapping[str, str]) -> str | None:
    """What a sign-in is called where it is remembered: a hash, from which no cookie can be made. By what the cookie says and not how it
    is written: one signature can be written in many ways, and the first part of a long cookie says nothing but how many parts there are."""
    said = claims(cookies)
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:32] if said else None


def claims(cookies: Mapping[str, str]) -> dict[str, Any] | None:
    """What the cookie says of who signed in; None where it is absent, forged or not whole."""
    return _read(cookies)[0]


def made_at(cookies: Mapping[str, str]) -> datetime | None:
    """When somebody signed in, from the signature; of a cookie in several parts, the oldest."""
    return _read(cookies)[1]


def _read(cookies: Mapping[str, str]) -> tuple[dict[str, Any] | None, datetime | None]:
    secret = get_cookie_secret()
    signed: list[datetime] = []

    def one(name: str) -> bytes | None:
        raw = cookies.get(name)
        if not raw:
            return None
        try:
            _, at = URLSafeTimedSerializer(secret, salt=name).loads(raw, return_timestamp=True)
        except BadSignature:
            return None
        signed.append(at)
        return decode_signed_value(secret, name, raw.encode("latin-1", "replace"))

    found = get_cookie_with_chunks(one, COOKIE)
    try:
        payload = json.loads(found) if found else None
    except (UnicodeDecodeError, json.JSONDecodeError):
        return None, None
    if not (isinstance(payload, dict) and payload.get("is_logged_in") and signed):
        return None, None
    return payload, min(signed)


def end_here(name: str) -> None:
    """Ended for this server, whatever becomes of the store's list."""
    with _guard:
        _ended_here.add(name)


def over(cookies: Mapping[str, str], ended: Callable[[str], bool]) -> str:
    """Why this cookie opens nothing any more, for the person in front of the screen; "" where it does. `ended`: People.ended."""
    said, at = _read(cookies)
    if said is None or at is None:
        return "You are not signed in."
    limits = options.access()
    name = name_of(cookies) or ""
    if name in _ended_here or ended(name):
        return "You have signed out."
    now = datetime.now(UTC)
    if now - at >= limits.longest or at > now:
        return f"You signed in more than {limits.longest.total_seconds() / 3600:g} hours ago."
    if isinstance(said.get("exp"), int | float) and now.timestamp() >= said["exp"]:
        return "Your sign-in has run out."
    if limits.tenant and said.get("tid") != limits.tenant:
        return "This account belongs to another organisation."
    if idle_for(cookies) >= limits.idle.total_seconds():
        return f"Nobody clicked for {limits.idle.total_seconds() / 60:g} minutes."
    return ""


def idle_for(cookies: Mapping[str, str]) -> float:
    """Seconds since the last click with this sign-in; 0 where none is known of (the server was started anew)."""
    with _guard:
        last = _last_click.get(name_of(cookies) or "")
    return 0.0 if last is None else time.time() - last


def is_new(cookies: Mapping[str, str]) -> bool:
    """Whether this server has not seen a click with this sign-in yet."""
    with _guard:
        return (name_of(cookies) or "") not in _last_click


def clicked(cookies: Mapping[str, str]) -> None:
    """Somebody is there."""
    with _guard:
        _last_click[name_of(cookies) or ""] = time.time()
        for old in [key for key, at in _last_click.items() if time.time() - at > 24 * 3600]:
            del _last_click[old]
