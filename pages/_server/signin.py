"""Whether a sign-in cookie still opens anything.

Streamlit's own lives 30 days and can be replayed after sign-out and after the token expired. Here it ends at the token's expiry, at
the longest time since signing in, after sign-out, and when nobody clicked for the idle time; what ended stays ended (the store knows).
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from itsdangerous import BadSignature, URLSafeTimedSerializer
from streamlit.auth_util import get_cookie_with_chunks
from streamlit.web.server.server_util import get_cookie_secret
from streamlit.web.server.starlette.starlette_app_utils import decode_signed_value
from streamlit.web.server.starlette.starlette_server_config import USER_COOKIE_NAME as COOKIE

from pages._server import options

_last_click: dict[str, float] = {}
_guard = threading.Lock()


def name_of(cookies: Mapping[str, str]) -> str | None:
    """What a sign-in is called where it is remembered: a hash, from which no cookie can be made."""
    raw = cookies.get(COOKIE)
    return hashlib.sha256(raw.encode("latin-1", "replace")).hexdigest()[:32] if raw else None


def claims(cookies: Mapping[str, str]) -> dict[str, Any] | None:
    """What the cookie says of who signed in; None where it is absent, forged or not whole."""
    secret = get_cookie_secret()

    def one(name: str) -> bytes | None:
        raw = cookies.get(name)
        return decode_signed_value(secret, name, raw.encode("latin-1", "replace")) if raw else None

    found = get_cookie_with_chunks(one, COOKIE)
    try:
        payload = json.loads(found) if found else None
    except (UnicodeDecodeError, json.JSONDecodeError):
        return None
    return payload if isinstance(payload, dict) and payload.get("is_logged_in") else None


def made_at(cookies: Mapping[str, str]) -> datetime | None:
    """When somebody signed in, from the cookie's signature."""
    try:
        _, at = URLSafeTimedSerializer(get_cookie_secret(), salt=COOKIE).loads(cookies.get(COOKIE, ""), return_timestamp=True)
    except BadSignature:
        return None
    return at


def over(cookies: Mapping[str, str], ended: set[str]) -> str:
    """Why this cookie opens nothing any more, for the person in front of the screen; "" where it does. `ended`: People.ended()."""
    said = claims(cookies)
    at = made_at(cookies)
    if said is None or at is None:
        return "You are not signed in."
    limits = options.access()
    if name_of(cookies) in ended:
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


def clicked(cookies: Mapping[str, str]) -> bool:
    """Somebody is there. Returns whether it is the first time that this server sees this sign-in."""
    with _guard:
        first = (name := name_of(cookies) or "") not in _last_click
        _last_click[name] = time.time()
        for old in [key for key, at in _last_click.items() if time.time() - at > 24 * 3600]:
            del _last_click[old]
    return first
