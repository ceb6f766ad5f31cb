"""The one store of this server, and who may see what in it."""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping
from pathlib import Path

from cpm_metrics.access import People
from cpm_metrics.access.people import key_of as key
from cpm_metrics.access.people import name_of, short
from cpm_metrics.store import Store
from pages._server import signin


def folder() -> Path:
    return Path(os.environ.get("CPM_STORE") or "data/store").absolute()


@functools.lru_cache(maxsize=4)
def _store(path: Path) -> Store:
    return Store(path)


def whole_store() -> Store:
    """Everything, whoever asks: for the server itself. Pages have `data.store()`."""
    return _store(folder())


def people() -> People:
    return People(whole_store().state)


def end(cookies: Mapping[str, str], why: str) -> None:
    """From now on this sign-in opens nothing. One that is forged, or over already, is no news."""
    said, sign_in = signin.claims(cookies), signin.name_of(cookies)
    if said and sign_in:
        signin.end_here(sign_in)
        if not people().ended(sign_in):
            people().end(sign_in, f"{name_of(said)} ({short(key(said))})", why)
