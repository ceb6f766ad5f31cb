"""One period of care told by several tables (a case list beside SSDA903, Annex A beside SSD) becomes one row.

A person's list stands before what a dialect worked out, the fuller row before the emptier one; never by the order of the files.
What is blank or "Not recorded" in it is filled from the others. Where two say different things, its own stands and a warning
gives both. Rows of one table are never put together.
"""

from __future__ import annotations

import datetime as dt
import itertools
from collections import Counter, defaultdict
from collections.abc import Iterable

from .datasets import DATASETS, NOT_RECORDED, columns
from .folding import fold
from .problems import DERIVED, NOTE, WARNING, Problem, Source

# Dates of one event differ by some days between two systems; periods that overlap by no more are two.
_SLIP = dt.timedelta(days=7)
_CASES = DATASETS["cases"]
# Written in other codes by other systems: that they differ says nothing.
_NOT_COMPARED = {"placement_type", "reason_ceased"}
# Filled only together with, or beside the same value of, the field that they are about.
_ABOUT = {
    "legal_status_start": "legal_code", "placement_start": "placement_type", "permanence_agreed": "permanence_plan",
    "reason_ceased": "care_ceased", "worker": "team",
}  # fmt: skip


class Combined:
    """`kept`: indexes of the rows that stand, of those given; `known`: index -> fields that its tables have columns for, where
    these are more than its own table has. Values are filled in place."""

    def __init__(self, values: dict[str, list], rows: Iterable[int], sources: dict[int, Source], problems: list[Problem]) -> None:
        self.values, self.sources, self.problems = values, sources, problems
        self.known: dict[int, set[str]] = {}
        self._put: Counter[tuple[int, int]] = Counter()  # (source of the row put away, source that it went to)
        self._start_known: set[tuple] = set()  # file, sheet and row of starts that are known after all
        self._derived = {n: any(m.how == DERIVED for m in s.mapping) for n, s in sources.items()}
        by_child: dict[str, list[int]] = defaultdict(list)
        for i in rows:
            by_child[values["child_id"][i]].append(i)
        self.kept: list[int] = []
        for found in by_child.values():
            self.kept += found if len({self._place(i) for i in found}) == 1 else self._periods(found)
        self.kept.sort()
        if self._start_known:
            problems[:] = [p for p in problems if p.kind != "start_unknown" or (p.file, p.sheet, p.row) not in self._start_known]
        self._say_put_together()

    def _source(self, i: int) -> Source:
        return self.sources[self.values["source"][i]]

    def _place(self, i: int) -> tuple[str, str]:
        return self._source(i).file, self._source(i).sheet

    def _name(self, i: int, beside: int) -> str:
        """What a person calls the table of row i: its file, and its sheet where row `beside` is of the same file."""
        (file, sheet), (other, _) = self._place(i), self._place(beside)
        return f"{file}, sheet {sheet}" if sheet and file == other else file

    def _end(self, i: int) -> dt.date:
        return self.values["care_ceased"][i] or dt.date.max

    def _periods(self, found: list[int]) -> list[int]:
        """The rows of one child, several tables: the periods that stand."""
        content = list(columns(_CASES))[:-2]
        told = {i: [self.values[n][i] for n in content] for i in found}
        found = sorted(found, key=lambda i: (
            self._derived[self.values["source"][i]], -sum(v is not None and v != NOT_RECORDED for v in told[i]), ["" if v is None else str(v) for v in told[i]],
        ))  # fmt: skip
        stand: list[int] = []
        of: dict[int, set] = {}
        for i in found:
            home = self._same_period(i, stand, of)
            if home is None:
                stand.append(i)
                of[i] = {self._place(i)}
            else:
                self._fill(home, i)
                of[home].add(self._place(i))
        stand.sort(key=lambda i: self.values["care_started"][i])
        for before, after in itertools.pairwise(stand):
            start = self.values["care_started"][after]
            if self._end(before) > start > self.values["care_started"][before] and (of[before] | of[after]) != of[before] & of[after]:
                self._differ(before, after, "care_ceased", start)
                self.values["care_ceased"][before] = start
        return stand

    def _same_period(self, i: int, stand: list[int], of: dict[int, set]) -> int | None:
        """The period that row i tells of: the one with its start, else the one that it overlaps most."""
        start = self.values["care_started"]
        best = None
        for j in stand:
            if of[j] == {self._place(i)}:
                continue
            shared = min(self._end(i), self._end(j)) - max(start[i], start[j])
            same = start[i] == start[j]
            near = shared > dt.timedelta(0) and abs(start[i] - start[j]) <= _SLIP
            if same or near or shared > _SLIP:
                rank = (same, near, shared, -start[j].toordinal())
                if best is None or rank > best[0]:
                    best = rank, j
        return best[1] if best else None

    def _fill(self, a: int, b: int) -> None:
        """Row b goes into row a."""
        v = self.values
        self._started(a, b)
        self._ceased(a, b)
        own = {n: v[n][a] for n in ("legal_code", "legal_status", "placement_type", "placement_start", "permanence_plan", "team")}
        for f in _CASES.fields:
            n = f.name
            if n in ("child_id", "care_started", "care_ceased"):
                continue
            mine, other = v[n][a], v[n][b]
            if other is None or other == NOT_RECORDED:
                continue
            if mine is None or mine == NOT_RECORDED:
                if self._belongs(n, own, a, b):
                    self._copy(n, a, b)
            elif n not in _NOT_COMPARED and not self._same(n, a, b):
                self._differ(a, b, n)
        if v["yearly"][b]:
            v["yearly"][a] = True
        # A return that is a table of another kind stays one: its columns are known for this row.
        self.known[a] = self.known.get(a, set(self._source(a).columns)) | self.known.get(b, set(self._source(b).columns))
        self._put[v["source"][b], v["source"][a]] += 1

    def _belongs(self, n: str, own: dict, a: int, b: int) -> bool:
        """Whether b's value may stand beside a's own: a start date only beside the status or placement that it is of."""
        about = _ABOUT.get(n)
        if about is None:
            return n != "placement_type" or own["placement_start"] in (None, self.values["placement_start"][b])
        if n == "reason_ceased":
            return self.values["care_ceased"][a] == self.values["care_ceased"][b]
        mine, other = own[about], self.values[about][b]
        if mine is None or mine == NOT_RECORDED:
            return about != "legal_code" or own["legal_status"] is None
        return other in (mine, NOT_RECORDED) or (about == "placement_type" and other is not None) or (about == "permanence_plan" and other is None)

    def _copy(self, n: str, a: int, b: int) -> None:
        for name in (n, f"{n}_text", "legal_code" if n == "legal_status" else n):
            if name in self.values:
                self.values[name][a] = self.values[name][b]

    def _same(self, n: str, a: int, b: int) -> bool:
        mine, other = self.values[n][a], self.values[n][b]
        if n == "legal_status" and self.values["legal_code"][a] and self.values["legal_code"][b]:
            return self.values["legal_code"][a] == self.values["legal_code"][b]
        if n == "gender":
            return fold(mine)[:1] == fold(other)[:1]
        return fold(mine) == fold(other) if isinstance(mine, str) else mine == other

    def _started(self, a: int, b: int) -> None:
        v = self.values
        mine, other = v["care_started"][a], v["care_started"][b]
        if v["start_unknown"][a] and not v["start_unknown"][b] and other <= mine:
            v["care_started"][a], v["start_unknown"][a] = other, None
            self._take_back(a)
        elif v["start_unknown"][b] and not v["start_unknown"][a] and mine <= other:
            self._take_back(b)
        elif mine != other:
            self._differ(a, b, "care_started")

    def _take_back(self, i: int) -> None:
        self._start_known.add((*self._place(i), self.values["row"][i]))

    def _ceased(self, a: int, b: int) -> None:
        v = self.values
        mine, other = v["care_ceased"][a], v["care_ceased"][b]
        if other is None or mine == other:
            return
        if mine is not None:
            self._differ(a, b, "care_ceased")
            return
        reason = v["reason_ceased"][b]
        if self._derived[v["source"][b]] and (not reason or reason.upper().startswith("X1")):
            return  # its last episode says that another follows; it is just not in the file
        v["care_ceased"][a] = other
        self._problem(
            a, "care_ceased", "end_of_care_filled", f"The end of care is blank here, but {self._name(b, a)} has one; the child counts as having left care on that day.",
            "If the child is still in care, correct the other table.", _shown(other),
        )  # fmt: skip

    def _differ(self, a: int, b: int, n: str, other: object = None) -> None:
        header = _CASES.field(n).header
        used, theirs = self._name(a, b), self._name(b, a)
        if other is not None:  # two periods that overlap by some days
            message = f"The period of care ends after the child's next one began, as told by {theirs}; it was taken to end on that day."
        else:
            other = self.values[n][b]
            message = f"{header} is not the same in {used} and {theirs}; that of {used} was used."
        self._problem(a, n, "tables_differ", message, "Correct whichever is wrong.", f"{_shown(self.values[n][a])} / {_shown(other)}")

    def _problem(self, i: int, n: str, kind: str, message: str, remedy: str, value: str) -> None:
        source = self._source(i)
        letter = next((m.letter for m in source.mapping if m.field == n and m.letter), None)
        self.problems.append(Problem(
            WARNING, kind, message, remedy, "cases", source.file, source.sheet, self.values["row"][i], letter, _CASES.field(n).header, value,
        ))  # fmt: skip

    def _say_put_together(self) -> None:
        for (gone, stays), count in sorted(self._put.items()):
            source, to = self.sources[gone], self.sources[stays]
            other = f"{to.file}, sheet {to.sheet}," if to.sheet and to.file == source.file else to.file
            rows = "1 row tells" if count == 1 else f"{count} rows tell"
            source.notes.append(f"{rows} of a period of care that {other} has too: used there to fill in what is blank, not loaded a second time.")
            self.problems.append(Problem(
                NOTE, "put_together", f"{rows} of a period of care that {other} has too; the two were put together.", "", "cases", source.file, source.sheet,
            ))  # fmt: skip


def _shown(value: object) -> str:
    return value.strftime("%d/%m/%Y") if isinstance(value, dt.date) else "Yes" if value is True else "No" if value is False else str(value)
