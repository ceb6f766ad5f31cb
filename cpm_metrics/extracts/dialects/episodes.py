"""Episodes of care -> periods of care, moves of home, legal statuses. Shared by SSDA903 and SSD.

A period begins with an episode whose reason for a new episode (RNE) is S, or after a gap; an episode that says that another
follows (REC X1) and one that begins on the next day (RNE not S) are no gap but a slip. A move of home is RNE S, P or B.
The same episode in two years' files (open in one, closed in the next) is one.
"""

from __future__ import annotations

import datetime as dt
import itertools
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from .tables import Row

BEGINS_PERIOD = "S"
MOVES_HOME = ("S", "P", "B")


@dataclass(frozen=True)
class Episode:
    row: Row
    child: str
    start: dt.date
    end: dt.date | None
    reason: str  # first letter of the RNE
    ended_care: bool  # a reason for ceasing other than X1, "episode ceases, and new episode begins"
    period_key: str | None = None


@dataclass(frozen=True)
class Period:
    """Episodes of one child, oldest first, without a gap. `after`: the child's last episode before a gap that this follows."""

    episodes: tuple[Episode, ...]
    after: Episode | None = None

    @property
    def first(self) -> Episode:
        return self.episodes[0]

    @property
    def last(self) -> Episode:
        return self.episodes[-1]

    @property
    def ended(self) -> bool:
        return self.last.end is not None

    @property
    def uneven(self) -> list[tuple[Episode, Episode]]:
        """Neighbours of which the second does not begin on the day that the first ended."""
        return [(a, b) for a, b in itertools.pairwise(self.episodes) if a.end is not None and a.end != b.start]

    @property
    def start_known(self) -> bool:
        return self.first.reason == BEGINS_PERIOD


def periods(episodes: Iterable[Episode]) -> list[Period]:
    """One of an episode told by two files (`_told_once`) or twice in the same words. Two of one file that begin on one day and differ
    are two: the child moved on the first day."""
    by_child: dict[str, list[Episode]] = defaultdict(list)
    for e, _ in _told_once(episodes):
        by_child[e.child].append(e)
    out = []
    for child in sorted(by_child):
        chains: list[list[Episode]] = []
        every = by_child[child]
        for e in sorted(every, key=lambda e: (e.start, e.period_key or "", e.end or dt.date.max, _content(e))):
            chain = _continues(chains, e)
            if chain is None:
                chains.append([e])
            else:
                chain.append(e)
        out += [Period(tuple(chain), _before(chain[0], every)) for chain in chains]
    return out


def _before(first: Episode, every: list[Episode]) -> Episode | None:
    ended = [e for e in every if e.end is not None and e.end <= first.start and e is not first]
    return max(ended, key=lambda e: (e.end, e.start, _content(e)), default=None)


def _continues(chains: list[list[Episode]], e: Episode) -> list[Episode] | None:
    """The chain that an episode goes on with: same period key; else one that ends on its first day; else one still running."""
    if e.period_key:
        keyed = [c for c in chains if c[-1].period_key == e.period_key]
        if keyed or all(c[-1].period_key for c in chains):
            return keyed[-1] if keyed else None
    if e.reason == BEGINS_PERIOD:
        return None
    running = [c for c in chains if not c[-1].ended_care]
    for fits in (
        lambda last: last.end == e.start, lambda last: last.end is None, lambda last: last.end > e.start,
        lambda last: last.end + dt.timedelta(days=1) == e.start,
    ):  # fmt: skip
        found = [c for c in running if fits(c[-1])]
        if found:
            return found[-1]
    return None


def differences(episodes: Iterable[Episode]) -> list[tuple[Row, str, str, str, str]]:
    """The same as `unclear`, of episodes that two files tell differently; that the later one tells of the end is no difference."""
    out = []
    for e, others in _told_once(episodes):
        for other in others:
            both = [n for n in _TELLING if e.row.source.column(n) is not None and other.row.source.column(n) is not None]
            if any(e.row.text(n) != other.row.text(n) for n in both if n not in _OF_THE_END or other.end is not None):
                why = "it has the end of the episode" if e.end is not None and other.end is None else "of the two files, this one reaches further, or else by a fixed order"
                out.append((e.row, "told_differently", f"The same episode stands differently in row {other.row.number} of {other.row.source.table.file}; this row was used: {why}.",
                            "Nothing, if this file is the newer one; else load it alone.", f"{e.start:%d/%m/%Y}"))  # fmt: skip
    return out


_OF_THE_END = ("dec", "rec", "reasonplacechange", "claeclaepisodeceaseddate", "claeclaepisodeceased", "claeclaepisodeceasedreason")
_TELLING = ("rne", "ls", "place", "pl", "placeprovider", "claeclaepisodestartreason", *_OF_THE_END)


def _told_once(episodes: Iterable[Episode]) -> Iterator[tuple[Episode, list[Episode]]]:
    """Each episode with the rows of other files that tell of it and are not used. Of two files that tell of one, the one with its end is
    used, else the one that reaches further, else by content: never the one that came first."""
    every = list(episodes)
    reaches: dict[str, dt.date] = {}
    told: dict[tuple, dict[str, list[Episode]]] = defaultdict(lambda: defaultdict(list))
    for e in every:
        file = e.row.source.table.file
        reaches[file] = max(reaches.get(file, e.start), e.start, e.end or e.start)
        mine = told[e.child, e.start, e.period_key or ""][file]
        if not any(_content(e) == _content(known) for known in mine):
            mine.append(e)
    for files in told.values():
        best = max(files, key=lambda file: (sum(e.end is not None for e in files[file]), reaches[file], sorted(map(_content, files[file]))))
        others = [e for file in sorted(files) if file != best for e in files[file]]
        for e in files[best]:
            yield e, [o for o in others if _content(o) != _content(e)] if len(files[best]) == 1 else []


def _content(e: Episode) -> list[str]:
    return [str(c) for c in e.row.source.table.rows[e.row.index]]


def unclear(period: Period) -> list[tuple[Row, str, str, str, str]]:
    """(row, kind, message, remedy, dates) of what is odd about a period's days, in the words of SSDA903 and SSD alike."""
    out = []
    for a, b in period.uneven:
        days = f"{a.end:%d/%m/%Y} / {b.start:%d/%m/%Y}"
        if b.start < a.end:
            out.append((b.row, "episodes_overlap", f"The episode begins before the one in row {a.row.number} has ended; both were taken for one period of care.",
                        "Correct the end of the one or the start of the other.", days))  # fmt: skip
        else:
            out.append((b.row, "episodes_gap", f"There is a gap of a day after the episode in row {a.row.number}, which says that another follows; care was taken to have gone on.",
                        "An episode begins on the day that the one before it ended: correct one of the two dates.", days))  # fmt: skip
    if not period.start_known and period.after is not None:
        a, b = period.after, period.first
        out.append((b.row, "start_unknown", f"There is a gap after the episode in row {a.row.number}, and this episode does not begin a period of care (its reason is not S), so the "
                    "true start is not known; the start of the episode was taken, and what counts from it is “cannot tell”.",
                    "Look for a missing episode between the two; or correct their dates, or the reason for this one.", f"{a.end:%d/%m/%Y} / {b.start:%d/%m/%Y}"))  # fmt: skip
    return out


def runs(period: Period, begins) -> list[tuple[Episode, ...]]:
    """The period cut before each episode for which `begins(previous episode, episode)` holds; previous is None for the first."""
    out: list[list[Episode]] = []
    before = None
    for e in period.episodes:
        if before is None or begins(before, e):
            out.append([])
        out[-1].append(e)
        before = e
    return [tuple(run) for run in out]
