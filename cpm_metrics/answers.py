"""Answers that are kept up to a bound, for whoever asks the same again. Used by `Results`, whose tables never change."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from datetime import date, datetime
from typing import Any

MOST_KEPT = 1_000_000
"""Cells that are kept; an answer of more than a quarter of it is not. A cell of a frame is some 20 bytes."""
AN_ANSWER = 300
"""As many cells as what stands round them weighs."""

_PLAIN = frozenset({str, int, float, bool, type(None), date, datetime})


class Answers:
    """Question -> answer. The answers asked for longest ago make room for new ones. Safe to share between threads."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._answers: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()  # answer and its cells; longest unasked first
        self.cells = 0

    def get(self, question: Hashable | None) -> Any:
        """What was answered; None where it wasn't, or isn't kept."""
        with self._guard:
            if question not in self._answers:
                return None
            self._answers.move_to_end(question)
            return self._answers[question][0]

    def keep(self, question: Hashable | None, answer: Any, cells: int) -> None:
        """Nothing where the question is None or the answer too large."""
        cells += AN_ANSWER
        if question is None or cells > MOST_KEPT // 4:
            return
        with self._guard:
            if question in self._answers:  # asked twice at once
                return
            self._answers[question] = answer, cells
            self.cells += cells
            while self.cells > MOST_KEPT:
                self.cells -= self._answers.popitem(last=False)[1][1]


def question(*parts: Any) -> Hashable | None:
    """What is asked, so that only the same is equal to it: 1, 1.0 and True are three. None where a part can't be told apart for certain."""
    try:
        return tuple(map(_as_asked, parts))
    except TypeError:
        return None


def _as_asked(value: Any) -> Hashable:
    if type(value) in _PLAIN:
        return type(value), value
    if type(value) in (list, tuple):
        return type(value), tuple(map(_as_asked, value))
    if type(value) is dict:
        return dict, tuple((name, _as_asked(of)) for name, of in value.items())
    raise TypeError
