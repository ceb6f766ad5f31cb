"""What only shows across rows and datasets: reported, not repaired (EXTRACTS.md section 3, last paragraph).

Arrow finds the rows that may be wrong, all at once; only those are looked at one by one, in the order of the table.
"""

from __future__ import annotations

import datetime as dt
import itertools
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from .datasets import DATASETS
from .problems import WARNING, Problem, Source

Mask = pa.ChunkedArray | pa.Array
_NOT_TO_BE_HELD = pa.array(["cancelled", "postponed"])
# So many reviews, and none in so long before the extract date: it isn't that none was held.
_MANY_REVIEWS = 20
_QUIET = dt.timedelta(days=60)
_CPMS = ("cpm", "final_plan_cpm")


def cross_checks(tables: dict[str, pa.Table], extract_date: dt.date, sources: Sequence[Source] = ()) -> list[Problem]:
    """Every finding with the row it is about. `sources` (of Prepared) lets the findings name file and sheet."""
    return _Checks(tables, extract_date, sources).run()


class _Checks:
    def __init__(self, tables: dict[str, pa.Table], extract_date: dt.date, sources: Sequence[Source]) -> None:
        self.tables, self.extract_date = tables, extract_date
        self.sources = {s.source: s for s in sources}
        self.found: list[Problem] = []

    def run(self) -> list[Problem]:
        if "cases" in self.tables:
            self._unknown_children()
            self._periods()
            self._before_birth()
        elif any(table.num_rows for table in self.tables.values()):
            self._no_cases()
        self._reviews_end_early()
        self._held_after_extract()
        self._ends_before_start()
        self._duplicate_meetings()
        self._actions_of_no_cpm()
        self._two_teams_at_once()
        return self.found

    def _rows(self, dataset: str, *names: str, where: Callable[[pa.Table], Mask] | None = None) -> Iterable[tuple]:
        """(source, row, values…) of each row of a dataset, or of those `where` something is; nothing when it was not loaded."""
        table = self.tables.get(dataset)
        if table is None:
            return ()
        table = table.select(["source", "row", *names])
        if where is not None:
            table = table.filter(where(table))  # what is neither true nor false is left out
        return zip(*(table.column(n).to_pylist() for n in table.column_names), strict=True)

    def _say(
        self, dataset: str, field: str, place: tuple[int, int], kind: str, message: str, remedy: str, value: object
    ) -> None:
        source = self.sources.get(place[0])
        letter = next((m.letter for m in source.mapping if m.field == field), None) if source else None
        header = DATASETS[dataset].field(field).header
        shown = value.strftime("%d/%m/%Y") if isinstance(value, dt.date) else value
        self.found.append(
            Problem(
                WARNING,
                kind,
                message,
                remedy,
                dataset,
                source and source.file,
                source and source.sheet,
                place[1],
                letter,
                header,
                shown,
            )
        )

    def _no_cases(self) -> None:
        self.found.append(Problem(
            WARNING, "no_cases", "There are no Cases, in these files or loaded before: nothing here counts for any child, and there is nothing to show.",
            "Load Cases (the children and when each came into care) with these files, or next.",
        ))  # fmt: skip

    def _unknown_children(self) -> None:
        known = pc.unique(self.tables["cases"]["child_id"])
        for dataset in self.tables:
            if dataset == "cases":
                continue
            for source, row, child in self._rows(dataset, "child_id", where=lambda t: pc.invert(pc.is_in(t["child_id"], known))):
                self._say(dataset, "child_id", (source, row), "unknown_child", "The child is not among the Cases, so the row counts for nobody.",
                          "Add the child to Cases, or correct the Child ID (zeros in front count).", child)  # fmt: skip

    def _periods(self) -> None:
        periods = defaultdict(list)
        for source, row, child, start, end in self._rows("cases", "child_id", "care_started", "care_ceased"):
            if end and end < start:
                self._say(
                    "cases",
                    "care_ceased",
                    (source, row),
                    "ended_before_start",
                    "The period of care ends before it starts.",
                    "Correct one of the two dates.",
                    end,
                )
            if start > self.extract_date:
                self._say(
                    "cases",
                    "care_started",
                    (source, row),
                    "after_extract",
                    "The period of care starts after the extract date.",
                    "Correct the date, or the extract date.",
                    start,
                )
            if end and end > self.extract_date:
                self._say("cases", "care_ceased", (source, row), "after_extract", "The period of care ends after the extract date; the child counts as in care.",
                          "Correct the date, or the extract date.", end)  # fmt: skip
            periods[child].append((start, end, source, row))
        for child, rows in periods.items():
            rows.sort(key=lambda r: (r[0], r[2], r[3]))
            for (_, end, _, _), (start, _, source, row) in itertools.pairwise(rows):
                if end is None or start < end:
                    self._say("cases", "care_started", (source, row), "overlapping_periods", "The period of care begins before the child's previous one has ended.",
                              "End the previous period, or make the two rows one.", child)  # fmt: skip

    def _before_birth(self) -> None:
        born = self.tables["cases"].group_by("child_id").aggregate([("date_of_birth", "min")])

        def before(field: str) -> Callable[[pa.Table], Mask]:
            return lambda t: pc.less(t[field], born["date_of_birth_min"].take(pc.index_in(t["child_id"], born["child_id"].combine_chunks())))

        for source, row, _, start in self._rows("cases", "child_id", "care_started", where=before("care_started")):
            self._say(
                "cases",
                "care_started",
                (source, row),
                "before_birth",
                "The period of care starts before the child was born.",
                "Correct one of the two dates.",
                start,
            )
        for dataset, field in (
            ("meetings", "meeting_date"),
            ("reviews", "review_date"),
            ("placements", "placement_start"),
        ):
            for source, row, _, day in self._rows(dataset, "child_id", field, where=before(field)):
                self._say(
                    dataset,
                    field,
                    (source, row),
                    "before_birth",
                    f"{DATASETS[dataset].field(field).header} is before the child was born.",
                    "Correct the date, or the Child ID.",
                    day,
                )

    def _reviews_end_early(self) -> None:
        """A table of reviews that stops long before the extract was taken (a return of last year): what was held since isn't in it."""
        many, last = 0, []
        for dataset, field in (("reviews", "review_date"), ("meetings", "meeting_date"), ("cases", "latest_review")):
            if dataset not in self.tables:
                continue
            table = self.tables[dataset]
            held = pc.less_equal(table[field], self.extract_date)
            if dataset != "cases":
                held = pc.and_kleene(held, pc.or_kleene(pc.is_null(table["status"]), pc.equal(table["status"], "held")))
            if dataset == "meetings":
                held = pc.and_kleene(held, pc.equal(table["meeting_type"], "review"))
            table = table.select([field, "source"]).filter(held)
            if table.num_rows:
                many += table.num_rows
                day = pc.max(table[field])
                last.append((day.as_py(), pc.max(table.filter(pc.equal(table[field], day))["source"]).as_py()))
        if many < _MANY_REVIEWS:
            return
        newest, number = max(last)
        if self.extract_date - newest > _QUIET:
            source = self.sources.get(number)
            self.found.append(Problem(
                WARNING, "reviews_end_early",
                f"The newest review is of {newest:%d/%m/%Y}, {(self.extract_date - newest).days} days before the extract date. Reviews held since are not in the files, so the next ones look overdue.",
                "Load a list of the reviews up to the extract date; or, if all the files are of that earlier time, give that day as the extract date.",
                "reviews" if "reviews" in self.tables else "meetings" if "meetings" in self.tables else "cases", source and source.file, source and source.sheet,
            ))  # fmt: skip

    def _held_after_extract(self) -> None:
        for dataset, field in (("meetings", "meeting_date"), ("reviews", "review_date")):
            late = self._rows(dataset, "status", field, where=lambda t, field=field: pc.and_kleene(pc.equal(t["status"], "held"), pc.greater(t[field], self.extract_date)))
            for source, row, _, day in late:
                self._say(dataset, field, (source, row), "held_after_extract", f"{DATASETS[dataset].field(field).header} is after the extract date, but the status is held; it counts as booked.",
                          "Correct the date or the status.", day)  # fmt: skip

    def _ends_before_start(self) -> None:
        pairs = (
            ("placements", "placement_start", "placement_end"), ("legal_statuses", "legal_status_start", "legal_status_end"),
            ("allocations", "allocation_start", "allocation_end"), ("proceedings", "issued", "concluded"),
        )  # fmt: skip
        for dataset, first, last in pairs:
            for source, row, _, end in self._rows(dataset, first, last, where=lambda t, first=first, last=last: pc.less(t[last], t[first])):
                f = DATASETS[dataset]
                self._say(
                    dataset,
                    last,
                    (source, row),
                    "ended_before_start",
                    f"{f.field(last).header} is before {f.field(first).header}.",
                    "Correct one of the two dates.",
                    end,
                )

    def _duplicate_meetings(self) -> None:
        """Two rows for one meeting and child that differ in something (identical rows are already loaded once)."""
        seen: dict[tuple, int] = {}
        for source, row, meeting, child, kind, day, status in self._rows(
            "meetings", "meeting_id", "child_id", "meeting_type", "meeting_date", "status",
            where=_of_children_with_two(("child_id", "meeting_type", "meeting_date"), ("meeting_id", "child_id")),
        ):  # fmt: skip
            if status in ("cancelled", "postponed"):
                continue
            keys = [("day", child, kind, day)] + ([("id", meeting, child)] if meeting else [])
            if any(key in seen for key in keys):
                self._say("meetings", "meeting_date", (source, row), "duplicate_meeting", "The same child has another row for this meeting, or for a meeting of this type on this day.",
                          "Keep one of the two, if they are one meeting.", day)  # fmt: skip
            for key in keys:
                seen[key] = row
        seen = {}
        for source, row, child, day, status in self._rows("reviews", "child_id", "review_date", "status", where=_of_children_with_two(("child_id", "review_date"))):
            if status not in ("cancelled", "postponed"):
                if (child, day) in seen:
                    self._say(
                        "reviews",
                        "review_date",
                        (source, row),
                        "duplicate_review",
                        "The same child has another review on this day.",
                        "Keep one of the two.",
                        day,
                    )
                seen[child, day] = row

    def _actions_of_no_cpm(self) -> None:
        """An action belongs to the meeting of its ID; where no meeting has that ID, to the CPM of its date. Once for each table: a list of
        actions may hold those of reviews too."""
        if "actions" not in self.tables or "meetings" not in self.tables:
            return
        ids, cpm_ids, days = set(), set(), set()
        for _, _, child, kind, meeting, day in self._rows("meetings", "child_id", "meeting_type", "meeting_id", "meeting_date"):
            ids.add((child, meeting))
            if kind in _CPMS:
                cpm_ids.add((child, meeting))
                days.add((child, day))
        lost = defaultdict(list)
        for source, row, child, meeting, day in self._rows("actions", "child_id", "meeting_id", "meeting_date"):
            named = meeting is not None and (child, meeting) in ids
            if (child, meeting) not in cpm_ids if named else (child, day) not in days:
                lost[source].append((row, day))
        for source, rows in sorted(lost.items()):
            (row, day), count = min(rows), len(rows)
            self._say("actions", "meeting_date", (source, row), "actions_of_no_cpm",
                      f"{count:,} action{' belongs' if count == 1 else 's belong'} to no Care Planning Meeting that is loaded{'' if count == 1 else ', this one first'}: neither Meeting ID nor Meeting date "
                      f"is one of the child's. No rule asks for {'it' if count == 1 else 'them'}.",
                      "Load the meetings too, or correct the Meeting ID or the date. Nothing, if these are actions of reviews or of other meetings.", day)  # fmt: skip

    def _two_teams_at_once(self) -> None:
        allocations = defaultdict(list)
        for source, row, child, team, start, end in self._rows(
            "allocations", "child_id", "team", "allocation_start", "allocation_end"
        ):
            allocations[child].append((start, end or dt.date.max, team, source, row))
        for rows in allocations.values():
            rows.sort(key=lambda r: (r[0], r[1], r[2], r[3], r[4]))
            until, held_by = dt.date.min, None
            for start, end, team, source, row in rows:
                if start < until and team != held_by:
                    self._say("allocations", "allocation_start", (source, row), "two_teams_at_once", "The child is allocated to another team on the same days.",
                              "End the earlier allocation on the day the later one begins.", start)  # fmt: skip
                if end > until:
                    until, held_by = end, team


def _of_children_with_two(*keys: tuple[str, ...]) -> Callable[[pa.Table], Mask]:
    """Which rows are of a child who has two rows (not cancelled, not postponed) that are alike in one of the `keys`."""

    def mask(table: pa.Table) -> Mask:
        counting = table.filter(pc.invert(pc.is_in(table["status"], _NOT_TO_BE_HELD)))
        children = []
        for key in keys:
            counted = counting.select(list(key)).drop_null().group_by(list(key)).aggregate([([], "count_all")])
            children.append(counted.filter(pc.greater(counted["count_all"], 1))["child_id"])
        return pc.is_in(table["child_id"], pa.chunked_array([chunk for one in children for chunk in one.chunks], pa.string()).combine_chunks())

    return mask
