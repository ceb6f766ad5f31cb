"""The only place that touches `st.session_state` and `st.query_params`.

In the address, so that a page can be bookmarked: as-at date, teams, and what a page shows (`show`, `rule`, `status`, `from`,
`to`, `period`, `child`: an ID, never a name). In the session: what a click leaves for the next run, and a load being prepared.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import streamlit as st

AS_AT, TEAM = "as-at", "team"  # widgets bound to the address


def param(name: str, allowed: Sequence[str] | None = None, default: str | None = None) -> str | None:
    """A word from the address; one that isn't allowed counts as absent."""
    value = st.query_params.get(name)
    return value if value is not None and (allowed is None or value in allowed) else default


def all_params(name: str) -> list[str]:
    """Every word that the address has under a name."""
    return st.query_params.get_all(name)


def date_param(name: str) -> date | None:
    try:
        return date.fromisoformat(st.query_params.get(name) or "")
    except ValueError:
        return None


def set_params(**values: str | None) -> None:
    """Puts words into the address; None takes one out. Use `_` for `-`."""
    for name, value in values.items():
        name = name.replace("_", "-")
        if value is None:
            st.query_params.pop(name, None)
        else:
            st.query_params[name] = value


def remember(name: str, value: Any) -> None:
    st.session_state[f"_{name}"] = value


def recall(name: str, default: Any = None) -> Any:
    return st.session_state.get(f"_{name}", default)


def forget(name: str) -> Any:
    return st.session_state.pop(f"_{name}", None)


def widget(key: str, default: Any = None) -> Any:
    """The value of a widget, by its key."""
    return st.session_state.get(key, default)


def set_widget(key: str, value: Any) -> None:
    """Only before the widget is made in a run."""
    st.session_state[key] = value


def clicked_row(key: str) -> int | None:
    """Which row's button was clicked, of a button column with this key."""
    click = st.session_state.get(key)
    return None if click is None else click["row"]


def on_click(action: Callable[..., None], *args: Any, **kwargs: Any) -> dict[str, Any]:
    """The arguments of a button whose click does `action` before the page runs."""
    return {"on_click": action, "args": args, "kwargs": kwargs}
