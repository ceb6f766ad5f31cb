"""Texts made comparable: what two people would call the same header or the same value becomes equal."""

from __future__ import annotations

import re
import unicodedata

# Characters that can't be seen: zero-width, direction marks, soft hyphen, byte order mark, variation selectors.
INVISIBLE = "\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufe00-\ufe0f"
_INVISIBLE = re.compile(f"[{INVISIBLE}]")
_NOT_WORD = re.compile(r"[\W_]+")
_APOSTROPHE = re.compile(r"['’‘`´ʼ]")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def fold(text: object) -> str:
    """ "Child’s  Legal-Status\\n(CLA)" -> "childs legal status cla". Case, width, quotes, spaces and punctuation go."""
    out = unicodedata.normalize("NFKC", str(text))
    out = _INVISIBLE.sub("", out)
    out = _APOSTROPHE.sub("", out).replace("&", " and ")
    return _NOT_WORD.sub(" ", out.casefold()).strip()


def squash(text: object) -> str:
    """The same without spaces, so that "LegalStatus", "legal_status" and "Legal status" are one header."""
    return fold(text).replace(" ", "")


def column_letter(index: int) -> str:
    """0 -> A, 26 -> AA."""
    out = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        out = chr(65 + rest) + out
    return out


def column_index(letters: str) -> int:
    """A -> 0, AA -> 26."""
    n = 0
    for ch in letters:
        n = n * 26 + ord(ch) - 64
    return n - 1
