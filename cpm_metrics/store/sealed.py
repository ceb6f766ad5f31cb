"""Columns of the settings database that are encrypted where the store is.

`Sealed("notes.text")` holds text, or JSON with `json=True`; with `alike=True` equal texts are equal in the database too, so that
`WHERE column = ...` finds them. An engine is made for one cipher, which its dialect carries as `cpm_cipher`; None keeps plain text.
"""

from __future__ import annotations

import json as js
from typing import Any

import sqlalchemy as sa
from sqlalchemy.types import TypeDecorator

from cpm_metrics.errors import StoreProblem
from cpm_metrics.store import encryption
from cpm_metrics.store.encryption import Cipher
from cpm_metrics.store.problems import KeyProblem


class Sealed(TypeDecorator):
    """`where` is the table and column: a value that somebody copied to another column doesn't open there."""

    impl = sa.Text
    cache_ok = True

    def __init__(self, where: str, alike: bool = False, json: bool = False) -> None:
        self.where, self.alike, self.json = where, alike, json
        super().__init__()

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine:
        # A sealed value is a JSON string, so that the column's type in the database stays what it was.
        return dialect.type_descriptor(sa.JSON() if self.json else sa.Text())

    def coerce_compared_value(self, op: Any, value: Any) -> Any:
        return self

    def process_bind_param(self, value: Any, dialect: sa.Dialect) -> Any:
        return self.closed(value, dialect.cpm_cipher)

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> Any:
        return self.opened(value, dialect.cpm_cipher)

    def closed(self, value: Any, cipher: Cipher | None) -> Any:
        """As it stands in the database."""
        if cipher is None or (value is None and not self.json):
            return value
        text = js.dumps(value) if self.json else value
        return cipher.seal_alike(text, self.where) if self.alike else cipher.seal(text, self.where)

    def opened(self, value: Any, cipher: Cipher | None) -> Any:
        """As it was given. Raises StoreProblem where it is not sealed and should be, KeyProblem where it is and no key is known."""
        if cipher is None:
            if isinstance(value, str) and encryption.is_sealed(value):
                raise KeyProblem(f"What is kept in {self.where} is encrypted, but the store is not marked as encrypted.", f"Put {encryption.MARKER} back from a backup of this store.")
            return value
        if value is None and not self.json:
            return value
        try:
            text = cipher.open(value if isinstance(value, str) else "", self.where)
        except encryption.Unsealed:
            raise StoreProblem(
                f"Something was written into {self.where} without encryption, though the store is encrypted, so it is not read.",
                "Restore the settings from a backup. If no earlier version of this program wrote it, ask who did.",
            ) from None
        return js.loads(text) if self.json else text
