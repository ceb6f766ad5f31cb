"""The key that a person keeps: where it comes from, what is accepted, and how a new one is made.

A key is 32 random bytes written in base64 (44 characters: what `python -m cpm_metrics key new` makes), or a passphrase of at least
20 characters. It is looked for in this order: CPM_KEY (the key itself), CPM_KEY_FILE (a file that holds it and that nobody else can
read), and, for a store that is encrypted, the operating system's keyring. Nothing here ever says a key or a part of it.
"""

from __future__ import annotations

import base64
import binascii
import os
import re
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from cpm_metrics.errors import CpmError
from cpm_metrics.store.problems import KeyProblem

BYTES = 32
PASSPHRASE = 20  # characters
_DIFFERENT = 6  # characters that differ: "aaaaaaaaaaaaaaaaaaaa" is no passphrase
ACCEPTED = f"A key is what `python -m cpm_metrics key new` makes (44 characters), or a passphrase of at least {PASSPHRASE} characters, for example five or more unrelated words."

# The keyring's entries. NEXT holds a key that was made to take the place of the present one, until `rekey` has done so.
SERVICE, PRESENT, NEXT = "cpm_metrics", "store key", "next store key"


class Key(NamedTuple):
    """`secret`: 32 bytes, or a passphrase as UTF-8. `came_from`: for messages."""

    secret: bytes
    is_passphrase: bool
    came_from: str

    def __repr__(self) -> str:
        return f"Key(from {self.came_from})"


def read(text: str, came_from: str) -> Key:
    """What was typed or kept, as a key. Raises KeyProblem where it is none."""
    text = text.strip()
    with_padding = text.replace("-", "+").replace("_", "/")
    try:
        decoded = base64.b64decode(with_padding, validate=True)
    except (binascii.Error, ValueError):
        decoded = b""
    if len(decoded) == BYTES:
        return Key(decoded, False, came_from)
    if not text:
        raise KeyProblem(f"{came_from} is empty.", ACCEPTED)
    if re.fullmatch(r"[A-Za-z0-9+/=_-]{40,}", text):
        raise KeyProblem(f"What {came_from} holds looks like a key of which a part is missing, changed or added.", f"Copy it again, whole. {ACCEPTED}")
    if len(text) < PASSPHRASE or len(set(text)) < _DIFFERENT:
        raise KeyProblem(f"The passphrase in {came_from} is too short or too easy to guess.", ACCEPTED)
    return Key(text.encode(), True, came_from)


def from_environment(name: str = "CPM_KEY") -> Key | None:
    """From the variable `name`, or the file that `name`_FILE names; None where neither is set. Raises KeyProblem."""
    text, file = os.environ.get(name), os.environ.get(f"{name}_FILE")
    if text and file:
        raise KeyProblem(f"Both {name} and {name}_FILE are set, and only one can be meant.", "Take one of them away.")
    if file:
        return from_file(Path(file), f"the key file {file} ({name}_FILE)")
    return read(text, name) if text else None


def from_file(path: Path, came_from: str | None = None) -> Key:
    """Raises KeyProblem, also where others than its owner could read the file (on Windows its folder's permissions decide)."""
    came_from = came_from or f"the key file {path}"
    try:
        with path.open("rb") as file:
            if os.name == "posix" and os.fstat(file.fileno()).st_mode & 0o077:
                raise KeyProblem(f"Others than its owner may read {came_from}, so it is not used.", f"Type: chmod 600 {path}")
            return read(file.read(10_000).decode(), came_from)
    except OSError as problem:
        raise KeyProblem(f"{came_from[0].upper()}{came_from[1:]} can't be read ({problem.strerror or 'unknown reason'}).", "Check the path and the permissions.") from None
    except UnicodeDecodeError:
        raise KeyProblem(f"{came_from[0].upper()}{came_from[1:]} is no text.", ACCEPTED) from None


def from_keyring(entries: tuple[str, ...] = (PRESENT, NEXT)) -> Iterator[Key]:
    """The keys that the operating system keeps for this account; none where it keeps nothing, or has no keyring."""
    import keyring
    import keyring.errors

    for entry in entries:
        try:
            text = keyring.get_password(SERVICE, entry)
        except keyring.errors.KeyringError:
            return
        if text:
            yield read(text, f"the keyring (“{entry}”)")


def new() -> str:
    return base64.b64encode(secrets.token_bytes(BYTES)).decode()


def write_new(path: Path) -> None:
    """A new key in a new file, for this account only. Never over another file."""
    try:
        number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise CpmError(f"{path} exists already, and a key is never written over another file.", "Name a new file.") from None
    with os.fdopen(number, "w") as file:
        file.write(new() + "\n")
        file.flush()
        os.fsync(file.fileno())


def keep_new_in_keyring() -> str:
    """A new key in the keyring, beside the present one where there is one. Gives the name of the entry. Raises KeyProblem."""
    import keyring
    import keyring.errors

    try:
        entry = NEXT if keyring.get_password(SERVICE, PRESENT) else PRESENT
        if entry == NEXT and keyring.get_password(SERVICE, NEXT):
            raise KeyProblem("The keyring holds a new key already.", "`python -m cpm_metrics rekey --keyring` puts it to use.")
        keyring.set_password(SERVICE, entry, new())
        return entry
    except keyring.errors.KeyringError as problem:
        raise KeyProblem(f"This computer has no keyring that can be used ({type(problem).__name__}).", "Keep the key in a file: `python -m cpm_metrics key new FILE`.") from None


def next_is_present() -> None:
    """The new key in the keyring takes the place of the present one. Nothing happens where there is no new one."""
    import keyring

    text = keyring.get_password(SERVICE, NEXT)
    if text:
        keyring.set_password(SERVICE, PRESENT, text)
        keyring.delete_password(SERVICE, NEXT)
