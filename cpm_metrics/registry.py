"""A folder of modules as a registry: each module's one constant is found by looking, never listed by hand."""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from functools import cache
from typing import Any

from cpm_metrics.errors import CpmError, UnknownName


@cache
def scan(package: str, constant: str) -> tuple[Any, ...]:
    """The `constant` of every module in `package`, in the order of their `order`, then code.

    A module without it, two with the same code, or a code that isn't the module's name is an error at once.
    """
    found: dict[str, Any] = {}
    for info in pkgutil.iter_modules(importlib.import_module(package).__path__):
        module = importlib.import_module(f"{package}.{info.name}")
        thing = getattr(module, constant, None)
        if thing is None:
            raise CpmError(f"{module.__name__} declares no {constant}.")
        if thing.code in found:
            raise CpmError(f"The code “{thing.code}” is declared twice, the second time in {module.__name__}.")
        if thing.code != info.name.removeprefix("n_").replace("_", "-"):
            raise CpmError(f"{module.__name__} declares “{thing.code}”: the file is named for its code.")
        found[thing.code] = thing
    return tuple(sorted(found.values(), key=lambda thing: (thing.order, thing.code)))


def pick(things: tuple[Any, ...], code: str, what: str) -> Any:
    """The one with this code, or an error that says which codes are close."""
    by_code = {thing.code: thing for thing in things}
    if code not in by_code:
        close = difflib.get_close_matches(code, by_code, 3, 0.4)
        raise UnknownName(f"There is no {what} “{code}”.", f"Did you mean {' or '.join(close)}?" if close else "")
    return by_code[code]
