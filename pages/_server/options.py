"""How this server was set up to be reached and signed in to: `server.address`, and `[auth]` and `[access]` of secrets.toml."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlparse

import streamlit as st
from streamlit.auth_util import get_secrets_auth_section
from streamlit.errors import StreamlitSecretNotFoundError

LOOPBACK = {"127.0.0.1", "localhost", "::1"}
_SHORTEST_SECRET = 32


@dataclass(frozen=True)
class Access:
    """Section [access] of secrets.toml. `idle`: without a click; `longest`: since signing in, however busy; `tenant`: Entra's, if given."""

    idle: timedelta = timedelta(minutes=30)
    longest: timedelta = timedelta(hours=8)
    tenant: str = ""


_on = False


def sign_in_is_on() -> bool:
    """Whether everybody must sign in: [auth] of secrets.toml is there, was there since this server started, or CPM_SIGN_IN says
    "required". A file that can't be read for a moment, while somebody edits it, closes the doors and doesn't open them."""
    global _on
    _on = _on or _required() or bool(_auth())
    return _on


def _auth() -> Mapping[str, Any]:
    """[auth] of secrets.toml; empty where it isn't there or the file can't be read."""
    try:
        return get_secrets_auth_section()
    except (OSError, ValueError):
        return {}


def _required() -> bool:
    return os.environ.get("CPM_SIGN_IN", "").strip().lower() == "required"


def private() -> bool:
    """Whether the server listens on this computer alone."""
    return (st.get_option("server.address") or "") in LOOPBACK


def access() -> Access:
    """Raises ValueError where a figure is none."""
    given = _section("access")
    idle, longest = float(given.get("idle_minutes", 30)), float(given.get("longest_hours", 8))
    if not (0 < idle <= 24 * 60 and 0 < longest <= 24):
        raise ValueError("idle_minutes must be more than 0 and at most 1440, longest_hours more than 0 and at most 24")
    return Access(timedelta(minutes=idle), timedelta(hours=longest), str(given.get("tenant", "")))


def refused() -> list[str]:
    """Why the server must not start, each with its remedy; nothing where all is well."""
    auth, found = _auth(), []
    if not auth:
        how = "Set up sign-in ([auth] in .streamlit/secrets.toml, see docs/hosting.md)"
        if os.environ.get("CPM_SIGN_IN", "").strip() and not _required():
            return ['CPM_SIGN_IN is neither empty nor "required".']
        if sign_in_is_on():
            return [f"Sign-in is required, and [auth] of secrets.toml is not there or can't be read. {how}."]
        if not private():
            return [
                f"It would listen on {st.get_option('server.address') or 'every address'}, and sign-in is not set up: anybody who reaches it could read children's records. "
                f"{how}, or set server.address to 127.0.0.1."
            ]
        if elsewhere := [host for host in st.get_option("server.allowedHosts") or () if host not in LOOPBACK]:
            return [
                f"server.allowedHosts names {', '.join(elsewhere)}, so others are to reach it, and sign-in is not set up: they could read children's records. "
                f"{how}, or leave only this computer in server.allowedHosts."
            ]
        return []
    if len(str(auth.get("cookie_secret", ""))) < _SHORTEST_SECRET:
        found.append(f"[auth] cookie_secret is shorter than {_SHORTEST_SECRET} characters. Make one: python -c \"import secrets; print(secrets.token_urlsafe(48))\"")
    back = urlparse(str(auth.get("redirect_uri", "")))
    if back.scheme != "https" and back.hostname not in LOOPBACK:
        found.append("[auth] redirect_uri must begin with https://, or sign-ins could be read on the way. Put the reverse proxy of docs/hosting.md in front.")
    if st.get_option("server.trustedUserHeaders"):
        found.append("server.trustedUserHeaders lets a header say who somebody is. Remove it.")
    if st.get_option("server.baseUrlPath"):
        found.append("server.baseUrlPath is set: what guards uploads, files and sign-out goes by the address, so the dashboard needs a host name of its own.")
    for option, wanted in (("server.enableXsrfProtection", True), ("server.enableCORS", True), ("client.showErrorDetails", "none"), ("browser.gatherUsageStats", False)):
        if st.get_option(option) not in (wanted, str(wanted).lower()):
            found.append(f"{option} must be {str(wanted).lower()}, as in .streamlit/config.toml.")
    if not st.get_option("server.allowedHosts") or "*" in st.get_option("server.allowedHosts"):
        found.append("server.allowedHosts must name the hosts that the dashboard answers for.")
    try:
        access()
    except (TypeError, ValueError) as error:
        found.append(f"[access] in secrets.toml: {error}.")
    return found


def _section(name: str) -> Mapping[str, Any]:
    try:
        return st.secrets.get(name, {})
    except (OSError, ValueError, StreamlitSecretNotFoundError):
        return {}
