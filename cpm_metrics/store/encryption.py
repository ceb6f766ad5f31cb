"""How one store is encrypted: the keys made from the person's key, and the marker that says so, `encryption.json`.

From the key (for a passphrase by scrypt, with the salt in the marker) HKDF-SHA256 makes one key for DuckDB's files (AES-256-GCM), two
for single texts (AES-256-GCM; AES-256-SIV where equal texts must look equal, so that they can be searched for), and a number that
tells keys apart without telling them. The marker holds that number and the salt; while a store is being re-keyed also the key before,
encrypted under the new one, so that the new key alone opens everything at any moment. Losing the marker loses nothing where the key is
no passphrase; with one, restore the marker from any backup since the last `encrypt` or `rekey`.
"""

from __future__ import annotations

import base64
import contextlib
import functools
import json
import os
import re
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, AESSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from cpm_metrics.store import key as keys
from cpm_metrics.store.key import Key
from cpm_metrics.store.problems import KeyProblem

MARKER = "encryption.json"
_FORMAT = 1
# scrypt's cost: 64 MB and about half a second for each guess.
_N, _R, _P = 2**16, 8, 1
_NOT_EMPTY = b"="  # before every text under SIV, which can't encrypt nothing
_SEALED = re.compile(r"cpm([gs])\$([0-9a-f]{16})\$([A-Za-z0-9_-]+)")
_LOST = "Without the key nobody can read what is in the store. Look where it was put when it was made (the council's password safe); a backup needs the same key. If it is lost, begin a new store and load the files again."


class Unsealed(Exception):
    """A text that should have been encrypted and is not."""


class Master(NamedTuple):
    """32 bytes from which everything is made, and the number that tells them apart."""

    secret: bytes
    number: str

    def __repr__(self) -> str:
        return f"Master({self.number})"

    @classmethod
    def of(cls, secret: bytes) -> Master:
        return cls(secret, _derived(secret, "number", 8).hex())

    @property
    def duckdb(self) -> str:
        """What DuckDB takes as ENCRYPTION_KEY."""
        return base64.b64encode(_derived(self.secret, "duckdb", 32)).decode()


def _derived(secret: bytes, purpose: str, length: int) -> bytes:
    return HKDF(SHA256(), length, salt=None, info=f"cpm_metrics {purpose}".encode()).derive(secret)


class Cipher:
    """Seals and opens texts. `where` is the column or file that the text stands in: a text moved elsewhere doesn't open."""

    def __init__(self, master: Master) -> None:
        self.number = master.number
        self._gcm = AESGCM(_derived(master.secret, "texts", 32))
        self._siv = AESSIV(_derived(master.secret, "searchable texts", 64))

    def seal(self, text: str, where: str) -> str:
        """Different each time."""
        nonce = secrets.token_bytes(12)
        return self._sealed("g", nonce + self._gcm.encrypt(nonce, text.encode(), where.encode()))

    def seal_alike(self, text: str, where: str) -> str:
        """The same each time, so that it can be searched for: it shows which texts are equal, and nothing else."""
        return self._sealed("s", self._siv.encrypt(_NOT_EMPTY + text.encode(), [where.encode()]))

    def open(self, text: str, where: str) -> str:
        """Raises Unsealed, or KeyProblem where it was sealed with another key, for another place, or changed since."""
        found = _SEALED.fullmatch(text)
        if not found:
            raise Unsealed
        kind, number, data = found[1], found[2], _unpacked(found[3])
        try:
            if number != self.number:
                raise InvalidTag
            if kind == "g":
                return self._gcm.decrypt(data[:12], data[12:], where.encode()).decode()
            return self._siv.decrypt(data, [where.encode()])[len(_NOT_EMPTY) :].decode()
        except InvalidTag:
            raise KeyProblem(f"What is kept in {where} can't be decrypted: it was changed, or encrypted with another key.", "Restore the store from a backup.") from None

    def _sealed(self, kind: str, data: bytes) -> str:
        return f"cpm{kind}${self.number}${base64.urlsafe_b64encode(data).decode().rstrip('=')}"


def is_sealed(text: str) -> bool:
    return bool(_SEALED.fullmatch(text))


def _unpacked(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Encryption:
    """The keys of an encrypted store. `present` is for all that is written; `old` only while it is being re-keyed. `plain_too`: while a
    plain store is being encrypted, some of its files are still plain. `task` and `by`: which re-keying or encrypting it is, and whose."""

    def __init__(self, present: Master, old: Master | None, plain_too: bool, task: str, by: str) -> None:
        self.present, self.old, self.plain_too, self.task, self.by = present, old, plain_too, task, by
        self.number = present.number
        self.cipher = Cipher(present)
        self._ciphers = {master.number: Cipher(master) for master in (present, old) if master}

    @property
    def unfinished(self) -> bool:
        return self.plain_too or self.old is not None

    def file_keys(self) -> list[str | None]:
        """What a snapshot may be encrypted with, likeliest first; None: not at all."""
        return [master.duckdb for master in (self.present, self.old) if master] + ([None] if self.plain_too else [])

    def cipher_of(self, number: str) -> Cipher | None:
        return self._ciphers.get(number)

    def open(self, text: str, where: str) -> str:
        """A text under any of the keys. Raises Unsealed, KeyProblem."""
        found = _SEALED.fullmatch(text)
        return self._ciphers.get(found[2] if found else "", self.cipher).open(text, where)


# -- the marker of a store

_chosen: dict[Path, Key] = {}


@contextlib.contextmanager
def using(root: Path, key: Key) -> Iterator[None]:
    """Within it the store is opened with this key, whatever the environment says."""
    before = _chosen.get(root)
    _chosen[root] = key
    try:
        yield
    finally:
        del _chosen[root]
        if before is not None:
            _chosen[root] = before


def of(root: Path) -> Encryption | None:
    """How the store in the folder `root` is encrypted; None where it is not meant to be.

    Raises KeyProblem: no key or another one, a damaged marker, and wherever going on would mean plain text without anybody having said
    so (CPM_ENCRYPT=required, or a key given for a store that is not encrypted).
    """
    marker = root / MARKER
    try:
        text = marker.read_text("utf-8")
    except (FileNotFoundError, NotADirectoryError):
        _refuse_plain(root)
        return None
    except (OSError, UnicodeDecodeError):
        raise _damaged(marker) from None
    return _opened(text, marker, _given(text, marker))


def in_use(root: Path) -> bool:
    """Whether the store is encrypted, key or no key."""
    return (root / MARKER).exists()


def required() -> bool:
    """Whether CPM_ENCRYPT says that nothing may be kept plain."""
    said = os.environ.get("CPM_ENCRYPT", "")
    if said not in ("", "required"):
        raise KeyProblem(f"CPM_ENCRYPT is “{said[:20]}”, which means nothing.", "Set it to required, or take it away.")
    return said == "required"


def of_new(root: Path) -> Encryption | None:
    """As `of`, and where a key is given a store that holds nothing yet becomes an encrypted one."""
    if not in_use(root) and not holds_something(root) and (required() or keys.from_environment()):
        given = keys.from_environment() or next(keys.from_keyring((keys.PRESENT,)), None)
        if given:
            root.mkdir(parents=True, exist_ok=True, mode=0o700)
            begin(root, given)
    return of(root)


def holds_something(root: Path) -> bool:
    return (root / "state.sqlite").exists() or any((root / "snapshots").glob("*.duckdb"))


def _refuse_plain(root: Path) -> None:
    if root in _chosen:
        return  # `encrypt` is at work
    if not holds_something(root):
        if required() and not keys.from_environment() and next(keys.from_keyring((keys.PRESENT,)), None) is None:
            raise KeyProblem(f"The store {root} must be encrypted (CPM_ENCRYPT=required), and no key was given.", _how_to_give())
        return
    if required():
        raise KeyProblem(f"The store {root} is not encrypted, and it must be (CPM_ENCRYPT=required).", "`python -m cpm_metrics encrypt` encrypts it.")
    given = keys.from_environment()
    if given:
        if any(map(is_encrypted, (root / "snapshots").glob("*.duckdb"))):
            raise marker_missing(root)
        raise KeyProblem(
            f"A key is given ({given.came_from}), but the store {root} is not encrypted.",
            "`python -m cpm_metrics encrypt` encrypts it. To go on without, take the key away.",
        )


def marker_missing(root: Path) -> KeyProblem:
    """What to say where something of the store turns out to be encrypted though the marker isn't there."""
    return KeyProblem(f"The store {root} is encrypted, but its file {MARKER} is missing.", f"Put {MARKER} back from a backup of this store.")


def is_encrypted(file: Path) -> bool:
    """Whether a file of DuckDB is encrypted, by its header."""
    head = _head(file)
    return head[8:12] == b"DUCK" and len(head) == 28 and bool(head[20] & 1)


def is_duckdb(file: Path) -> bool:
    return _head(file)[8:12] == b"DUCK"


def _head(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            return opened.read(28)
    except OSError:
        return b""


def _given(text: str, marker: Path) -> tuple[Key, ...]:
    """The keys that could be meant: the one of the environment or, only without it, those of the keyring."""
    if marker.parent in _chosen:
        return (_chosen[marker.parent],)
    given = keys.from_environment()
    found = (given,) if given else tuple(keys.from_keyring())
    if not found:
        raise KeyProblem(f"The store {marker.parent} is encrypted, and no key was given.", f"{_how_to_give()} {_LOST}")
    return found


def _how_to_give() -> str:
    return "Set CPM_KEY_FILE to the file that holds the key, or CPM_KEY to the key itself, or keep it in the keyring of the account that runs this program."


@functools.lru_cache(maxsize=32)
def _opened(text: str, marker: Path, given: tuple[Key, ...]) -> Encryption:
    try:
        data = json.loads(text)
        if data["format"] > _FORMAT:
            raise KeyProblem(f"The store {marker.parent} was encrypted by a newer version of this program.", "Update this program.")
        number, salt, old, plain_too = data["key"], data["salt"], data["old"], data["plain_too"]
        salt, task, by = salt and base64.b64decode(salt), data["task"], data["by"]
    except (ValueError, KeyError, TypeError, AttributeError):
        raise _damaged(marker) from None
    for key in given:
        master = _master(key, salt)
        if master is not None and master.number == number:
            break
    else:
        raise KeyProblem(
            f"The key given ({', '.join(key.came_from for key in given)}) is not the key of the store {marker.parent}. The store is not damaged.",
            f"Give the key that it was encrypted with, or re-keyed to last. {_LOST}",
        )
    cipher = Cipher(master)
    try:
        before = Master.of(base64.b64decode(cipher.open(old, MARKER))) if old else None
        return Encryption(master, before, plain_too, task, cipher.open(by, MARKER) if by else "")
    except (Unsealed, KeyProblem):
        raise _damaged(marker) from None


def _master(key: Key, salt: bytes | None) -> Master | None:
    """None where the store's key is a passphrase and this is none, or the other way round."""
    if key.is_passphrase != (salt is not None):
        return None
    return Master.of(_stretched(key.secret, salt) if salt else key.secret)


@functools.lru_cache(maxsize=8)
def _stretched(passphrase: bytes, salt: bytes) -> bytes:
    return Scrypt(salt=salt, length=32, n=_N, r=_R, p=_P).derive(passphrase)


def _damaged(marker: Path) -> KeyProblem:
    return KeyProblem(f"The store {marker.parent} is encrypted, but its file {MARKER} can't be read.", f"Put {MARKER} back from a backup of this store.")


def begin(root: Path, key: Key) -> None:
    """Mark a store that holds nothing yet as encrypted with this key. Nothing happens where it is marked already."""
    _write(root, *_salted(key), old=None, plain_too=False, by="", first=True)


def begin_encrypting(root: Path, key: Key, by: str) -> None:
    """From here on what is written is encrypted, and what is still plain is read. On a store that is encrypted: all of it once more."""
    if in_use(root):
        data = json.loads((root / MARKER).read_text("utf-8"))
        _replace(root, data | {"plain_too": True, "task": secrets.token_hex(4), "by": of(root).cipher.seal(by, MARKER)})
    else:
        _write(root, *_salted(key), old=None, plain_too=True, by=by)


def begin_rekey(root: Path, present: Encryption, new: Key, by: str) -> None:
    """From here on the new key opens the store, and nothing else does."""
    master, salt = _salted(new)
    if master.number == present.number:
        raise KeyProblem("The new key is the one that the store has already.", "Make another: `python -m cpm_metrics key new FILE`.")
    sealed = Cipher(master).seal(base64.b64encode(present.present.secret).decode(), MARKER)
    _write(root, master, salt, old=sealed, plain_too=False, by=by)


def finish(root: Path) -> None:
    """Everything is under the present key: forget the one before, and that anything was plain."""
    data = json.loads((root / MARKER).read_text("utf-8"))
    _replace(root, data | {"old": None, "plain_too": False, "task": "", "by": ""})


def _salted(key: Key) -> tuple[Master, bytes | None]:
    salt = secrets.token_bytes(16) if key.is_passphrase else None
    return _master(key, salt), salt


def _write(root: Path, master: Master, salt: bytes | None, *, old: str | None, plain_too: bool, by: str, first: bool = False) -> None:
    data = {
        "format": _FORMAT, "cipher": "AES-256-GCM", "key": master.number, "salt": salt and base64.b64encode(salt).decode(),
        "stretched_by": f"scrypt n={_N} r={_R} p={_P}" if salt else None,
        "old": old, "plain_too": plain_too, "task": secrets.token_hex(4) if by else "", "by": Cipher(master).seal(by, MARKER) if by else "",
    }  # fmt: skip
    _replace(root, data, first)


def _replace(root: Path, data: dict[str, Any], first: bool = False) -> None:
    from cpm_metrics.store.folder import sync, write_synced

    beside = root / f"{MARKER}.{secrets.token_hex(4)}"
    try:
        write_synced(beside, json.dumps(data, indent=1) + "\n")
        if first and os.name == "posix":
            with contextlib.suppress(FileExistsError):  # another process was first
                os.link(beside, root / MARKER)
        elif not (first and in_use(root)):
            os.replace(beside, root / MARKER)
        sync(root)
    finally:
        beside.unlink(missing_ok=True)
