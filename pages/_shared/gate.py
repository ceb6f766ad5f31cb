"""Who may see anything at all. Every page calls `gate()` before anything else, `app.py` too; deny by default.

Sign-in comes with a later issue. Until it is configured, the product answers only on this computer.
"""

from __future__ import annotations

import getpass

import streamlit as st

LOOPBACK = {"127.0.0.1", "localhost", "::1"}


def address_is_private() -> bool:
    """Whether the server listens on this computer alone."""
    return (st.get_option("server.address") or "") in LOOPBACK


def gate() -> None:
    """Stops the page, with the reason, unless what is shown can only be seen on this computer."""
    if address_is_private():
        return
    st.error(
        "This dashboard holds children's records and sign-in is not set up, so it only answers on this computer. "
        "Set server.address to 127.0.0.1 in .streamlit/config.toml and start it again.",
        icon=":material/lock:",
    )
    st.stop()


def who() -> str:
    """Under whose name a change is noted: until sign-in exists, the account that runs the program."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "this computer"
