"""Who may see and do what: roles, the people who have them, and the store as one of them may see it.

The one place where data leave the store for a page is `seen.Seen`: what it doesn't let through, no page can show. Its parts are imported
when they are first asked for: the command line reads the roles' names at every start.
"""

from importlib import import_module
from typing import Any

_FROM = {"LOCAL": "people", "NobodyYet": "people", "People": "people", "Viewer": "people", "ROLES": "roles", "Right": "roles", "Role": "roles", "Seen": "seen"}


def __getattr__(name: str) -> Any:
    if name not in _FROM:
        raise AttributeError(name)
    return getattr(import_module(f"cpm_metrics.access.{_FROM[name]}"), name)
