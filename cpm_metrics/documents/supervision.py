"""The supervision sheet: one A4 page for a child, to be talked through, decided on and signed.

Always one page: where there is more than fits, the sheet says how much and where it stands. What is long is shortened with "…".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import pandas as pd

from cpm_metrics.documents.pdf import FONT, INK, LACKING, LINE, MUTED, PALE, Document, rgb
from cpm_metrics.engine import Results
from cpm_metrics.errors import CpmError
from cpm_metrics.rules import all_rules
from cpm_metrics.store.state import About, ManagersException, Note
from cpm_metrics.views import child as views
from cpm_metrics.views import lists, look
from cpm_metrics.views.exceptions import Standing, standing

WARNING = rgb(look.STATUS["overdue"].light)
LEFT, WIDTH = 14, 182
LABEL = 42  # what stands before each sentence
DECISION = 57  # height of the manager's part, which every sheet has
BOTTOM = 283 - DECISION  # where the lists must end
SIZES = (8.5, 8.0, 7.5)  # the largest at which everything fits, else the smallest
MOST_LINES = 5  # of one sentence


@dataclass(frozen=True)
class Item:
    """One line of a list: a few words, then a sentence. `kind`: what it is one of, for the words about those that don't fit."""

    label: str
    text: str
    kind: str = ""


@dataclass(frozen=True)
class Section:
    """One list. `none`: what it says when it has no items; `share`: how many of its items are placed for one of another list's,
    where not all fit."""

    title: str
    items: Sequence[Item]
    none: str
    share: int = 1

    @property
    def varied(self) -> Section:
        """The same with the first of each kind in front, so that twenty of one kind don't hide one of another."""
        seen: Counter[str] = Counter()
        places = []
        for at, item in enumerate(self.items):
            places.append((seen[item.kind] > 0 if item.kind else False, at))
            seen[item.kind] += 1
        return replace(self, items=[self.items[at] for _, at in sorted(places)])


def pdf(results: Results, children: Sequence[str], notes: Sequence[Note] = (), exceptions: Sequence[ManagersException] = ()) -> bytes:
    """A PDF with one page for each child, in the order given; a child given twice has one.

    Args:
        children: child IDs. One that isn't known by the as-at date has a page that says so.
        notes, exceptions: of these children or of all; those of others are passed over, and so are exceptions that are not in force
            (`views/exceptions.py`).
    """
    children = list(dict.fromkeys(children))
    if not children:
        raise CpmError("No child was chosen for the supervision sheet.", "Choose at least one child.")
    words = f"As at {look.day(results.as_at)} · extract taken on {look.day(results.extract_date)}"
    sheet = Sheet("Supervision sheet", f"{words} · Personal data: keep it as you keep the child’s file.")
    urgent = lists.obligations(results, statuses=("overdue", "due_soon"))
    stands = [one for one in standing(results, exceptions) if one.state == "holds"]
    for child in children:
        mine = urgent[urgent["child_id"] == child]
        sheet.page_of(results, child, mine, [note for note in notes if note.about.child_id == child], [one for one in stands if one.exception.about.child_id == child])
    return bytes(sheet.output())


class Sheet(Document):
    """The document while it is written."""

    def page_of(self, results: Results, child: str, urgent: pd.DataFrame, notes: Sequence[Note], stands: Sequence[Standing]) -> None:
        self.set_auto_page_break(False)
        self.add_page()
        self.lacked = False
        periods = views.periods(results, child)
        if not len(periods):
            self._head(results, f"Child {child}", f"Child ID {child}")
            self._say("The extract has no child with this ID in care by the as-at date.", 9)
            self._decision()
            return
        period = periods.iloc[0]
        years = look.age(period["date_of_birth"], results.as_at)
        born = f"{years} years old, born {look.day(period['date_of_birth'])}" if years is not None else "date of birth not in the extract"
        care = f"in care since {look.day(period['care_started'])}" if period["in_care"] else f"in care from {look.day(period['care_started'])} to {look.day(period['care_ceased'])}"
        self._head(results, look.name(period["forename"], period["surname"], child), f"Child ID {child} · {born} · {care}")
        legal, home = views.now(results, child, period)
        self._facts({
            "Team": views.recorded(period["team"]), "Social worker": views.recorded(period["worker"]), "IRO": views.recorded(period["iro"]),
            "Legal status": legal, "Home": home, "Permanence plan": views.plan(period),
        })  # fmt: skip
        if period["left_out"]:
            self._say("Every legal status of this child is a short break (V3 or V4), so nothing is counted for them.", 9)
        elif period["in_care"]:
            self._dates(views.date_words(views.next_dates(results, child, period["care_started"].date()), results.as_at))
        else:
            self._say("This child has left care. What is listed below was still open by the as-at date.", 9)
        self._lists(sections(results, child, period, urgent, notes, stands))
        self._decision()

    def _head(self, results: Results, name: str, line: str) -> None:
        self.set_xy(LEFT, 11)
        self.set_text_color(*MUTED)
        self.set_font(FONT, "B", 8.5)
        self.cell(90, 4, "SUPERVISION SHEET")
        self.set_font(FONT, size=8.5)
        self.cell(WIDTH - 90, 4, f"As at {look.day(results.as_at)} · extract taken on {look.day(results.extract_date)}", align="R")
        self.set_xy(LEFT, 15.5)
        self.set_text_color(*INK)
        for size in (16, 12, 9):  # a long name in smaller letters, before it is shortened
            self.set_font(FONT, "B", size)
            if self.get_string_width(self.shown(name)) < WIDTH - 4:
                break
        self.cell(WIDTH, 8, self._one_line(name, WIDTH))
        self.set_xy(LEFT, 23.5)
        self.set_font(FONT, size=9)
        self.cell(WIDTH, 5, self._one_line(line, WIDTH))
        self.set_y(29)
        if results.reconstructed:
            self._say(
                f"Reconstructed: put together for {look.day(results.as_at)} from the later extract; what was recorded or corrected after that day may differ from what was known then.",
                7.5,
            )  # fmt: skip

    def _facts(self, pairs: dict[str, str]) -> None:
        """Three beside each other, each of at most three lines."""
        width = WIDTH / 3
        pairs_left = list(pairs.items())
        while pairs_left:
            row, pairs_left = pairs_left[:3], pairs_left[3:]
            top, deepest = self.get_y() + 0.8, 0.0
            for at, (label, value) in enumerate(row):
                self.set_xy(LEFT + at * width, top)
                self.set_font(FONT, size=7.5)
                self.set_text_color(*MUTED)
                self.cell(width, 3.4, label)
                self.set_text_color(*INK)
                self.set_font(FONT, "B", 8)
                for number, line in enumerate(self._lines(value, width - 3, 3)):
                    self.set_xy(LEFT + at * width, top + 3.6 + number * 3.9)
                    self.cell(width, 3.9, line)
                    deepest = max(deepest, 3.6 + (number + 1) * 3.9)
            self.set_y(top + deepest)

    def _dates(self, found: Sequence[views.NextDate]) -> None:
        """Four boxes: what is needed by when, and what is booked."""
        width, top = WIDTH / len(found), self.get_y() + 1.8
        for at, one in enumerate(found):
            x = LEFT + at * width
            self.set_fill_color(*PALE)
            self.rect(x, top, width - (2 if at < len(found) - 1 else 0), 16.5, style="F")
            self.set_xy(x + 1.5, top + 0.8)
            self.set_font(FONT, size=7.5)
            self.set_text_color(*MUTED)
            self.cell(width - 5, 3.6, one.title)
            self.set_text_color(*(WARNING if one.wanting else INK))
            self.set_xy(x + 1.5, top + 4.5)
            self.set_font(FONT, "B", 10.5)
            self.cell(width - 5, 5, ("▲ " if one.wanting else "") + one.value)
            self.set_font(FONT, size=7)
            for number, line in enumerate(self._lines(one.note, width - 5, 2)):
                self.set_xy(x + 1.5, top + 9.7 + number * 3.1)
                self.cell(width - 5, 3.1, line)
            self.set_text_color(*INK)
        self.set_y(top + 17)

    def _lists(self, found: Sequence[Section]) -> None:
        room = BOTTOM - self.get_y()
        for size in SIZES:
            if size == SIZES[-1]:
                found = [section.varied for section in found]
            placed = fit(found, [[self._height(item, size) for item in section.items] for section in found], self._frame(size), room)
            if all(n == len(section.items) for n, section in zip(placed, found, strict=True)):
                break
        for section, number in zip(found, placed, strict=True):
            self._section(section, number, size)

    def _frame(self, size: float) -> tuple[float, float]:
        """Heights of a list's heading, and of a line that says what is left out or that there is nothing."""
        return 1.6 + size * 0.55, size * 0.5 + 0.4

    def _section(self, section: Section, number: int, size: float) -> None:
        heading, line = self._frame(size)
        self.set_xy(LEFT, self.get_y() + 1.6)
        self.set_font(FONT, "B", size + 1)
        self.cell(WIDTH, heading - 1.6, self._one_line(section.title, WIDTH))
        self.set_draw_color(*LINE)
        self.line(LEFT, self.get_y() + heading - 1.6, LEFT + WIDTH, self.get_y() + heading - 1.6)
        self.set_y(self.get_y() + heading - 1.6)
        for item in section.items[:number]:
            self._item(item, size)
        if number < len(section.items) or not section.items:
            self.set_x(LEFT)
            self.set_font(FONT, size=size)
            self.set_text_color(*MUTED)
            self.cell(WIDTH, line, self._one_line(left_out(section, number) if section.items else section.none, WIDTH))
            self.set_text_color(*INK)
            self.set_y(self.get_y() + line)

    def _item(self, item: Item, size: float) -> None:
        top, step = self.get_y() + 0.35, size * 0.44
        for x, style, lines in ((LEFT, "B", self._label(item, size)), (LEFT + LABEL, "", self._sentence(item, size))):
            self.set_font(FONT, style, size)
            for number, line in enumerate(lines):
                self.set_xy(x, top + number * step)
                self.cell(WIDTH, step, line)
        self.set_y(top - 0.35 + self._height(item, size))

    def _height(self, item: Item, size: float) -> float:
        return max(len(self._label(item, size)), len(self._sentence(item, size))) * size * 0.44 + 0.7

    def _label(self, item: Item, size: float) -> list[str]:
        self.set_font(FONT, "B", size)
        return self._lines(item.label, LABEL - 2, MOST_LINES)

    def _sentence(self, item: Item, size: float) -> list[str]:
        self.set_font(FONT, "", size)
        return self._lines(item.text, WIDTH - LABEL, MOST_LINES)

    def _decision(self) -> None:
        """Room to write, the same on every sheet."""
        top = BOTTOM + 3
        self.set_draw_color(*LINE)
        self.rect(LEFT, top, WIDTH, DECISION - 4)
        self.set_xy(LEFT + 2, top + 1.5)
        self.set_font(FONT, "B", 9.5)
        self.cell(WIDTH, 5, "Manager’s decision and reasons")
        if self.lacked:
            self.set_xy(LEFT, top + 1.5)
            self.set_font(FONT, size=7)
            self.cell(WIDTH - 2, 5, f"{LACKING} stands for a letter that this sheet’s font does not have.", align="R")
        for number in range(4):
            y = top + 14.5 + number * 8
            self.line(LEFT + 3, y, LEFT + WIDTH - 3, y)
        self.set_font(FONT, size=7.5)
        self.set_text_color(*MUTED)
        y = top + 47.5
        for x, width, words in ((3, 62, "Name and role"), (68, 48, "Signature"), (119, 27, "Date"), (149, 30, "To be reviewed on")):
            self.line(LEFT + x, y, LEFT + x + width, y)
            self.set_xy(LEFT + x - 1, y + 0.3)
            self.cell(width, 4, words)
        self.set_text_color(*INK)

    # -- words

    def _say(self, text: str, size: float) -> None:
        self.set_x(LEFT)
        self.set_font(FONT, size=size)
        self.multi_cell(WIDTH, size * 0.46, self.shown(text), align="L", new_x="LMARGIN", new_y="NEXT")

    def _one_line(self, text: str, width: float) -> str:
        return self._lines(text, width - 2, 1)[0]

    def _lines(self, text: str, width: float, most: int) -> list[str]:
        """The text in the present font, broken to the width; shortened with "…" to so many lines."""
        shown = self.shown(text)
        # What can't be seen on the sheet need not be measured: no letter is narrower than half a millimetre.
        lines = self.multi_cell(width, 4, shown[: most * int(width / 0.5)], align="L", dry_run=True, output="LINES", padding=0) or [""]
        if len(lines) <= most:
            return lines
        last = lines[most - 1]
        while last and self.get_string_width(last + "…") > width - 2 * self.c_margin:
            last = last[:-1]
        return [*lines[: most - 1], last.rstrip() + "…"]


def fit(found: Sequence[Section], heights: Sequence[Sequence[float]], frame: tuple[float, float], room: float) -> list[int]:
    """How many items of each list fit into `room` (millimetres): all, where they do; else in turns, by each list's share, with room kept
    for a line under each that says how many more there are.

    `heights`: of each item of each list; `frame`: of a list's heading, and of the line under it.
    """
    heading, line = frame
    everything = sum(heading + (sum(of) if of else line) for of in heights)
    if everything <= room:
        return [len(of) for of in heights]
    room -= sum(heading + line for _ in found)
    placed, moved = [0] * len(found), True
    while moved:
        moved = False
        for at, section in enumerate(found):
            for _ in range(section.share):
                if placed[at] == len(heights[at]) or heights[at][placed[at]] > room:
                    break
                room -= heights[at][placed[at]]
                placed[at] += 1
                moved = True
                if placed[at] == len(heights[at]):
                    room += line  # nothing of it is left out
    return placed


def left_out(section: Section, number: int) -> str:
    """What is said of a list's items from the `number`th on, which didn't fit."""
    kinds = Counter(item.kind for item in section.items[number:] if item.kind)
    what = ": " + ", ".join(f"{n} × {kind}" for kind, n in kinds.most_common(3)) + (" and others" if len(kinds) > 3 else "") if kinds else ""
    return f"and {len(section.items) - number} more, see the child’s page{what}"


def sections(
    results: Results, child: str, period: pd.Series, urgent: pd.DataFrame, notes: Sequence[Note], stands: Sequence[Standing]
) -> list[Section]:
    """The lists of one child's sheet. `urgent`: the child's rows of `lists.obligations` that are overdue or due soon; `stands`: the
    child's exceptions in force."""
    # Number of an open obligation -> the exception that holds for it, of several the newest.
    excepted = {number: one.exception for one in sorted(stands, key=lambda one: one.exception.number) for number in one.match.open}
    actions = views.actions(results, child)
    actions = actions[actions["open"]]
    whys = dict(zip(urgent["obligation_id"], urgent["why"], strict=True))
    # Where the rule about actions is on, those of them that are overdue or due soon stand under "Open actions", each once.
    among_actions = urgent["rule"] == "action-completed"
    others = views.urgent(urgent[~among_actions])
    overdue, soon = (int((urgent["status"] == status).sum()) for status in ("overdue", "due_soon"))
    below = f", {look.count(int(among_actions.sum()), 'of them an action', 'of them actions')} (below)" if among_actions.any() else ""
    unknown = views.counts(results, child).get("cannot_tell", 0)
    flags = lists.flags(results, child=child) if period["current"] and period["in_care"] else None
    out = [
        Section(
            f"Overdue ({overdue}) and due soon ({soon}){below}", [_due(row, period, excepted) for row in others.itertuples()],
            "Nothing but actions: see below." if among_actions.any() else "Nothing overdue or due soon.", share=2,
        ),
        Section(
            f"Drift flags ({0 if flags is None else len(flags)})", [] if flags is None else [_flag(row) for row in flags.itertuples()],
            "None raised." if flags is not None else "Only children in care are flagged.",
        ),
        Section(
            f"Open actions ({len(actions)}, of them rolled over {int(actions['rolled_over'].sum())})",
            [_action(row, whys, excepted) for row in actions.sort_values(["rolled_over", "due_date"], ascending=[False, True], na_position="last", kind="stable").itertuples()],
            "None, of the actions in the extracts.",
        ),
    ]  # fmt: skip
    said = [_exception(one.exception) for one in stands] + [_note(note) for note in notes]
    if said:
        out.append(Section(f"Notes ({len(notes)}) and manager’s exceptions in force ({len(stands)})", said, ""))
    if unknown:
        out.append(Section(f"Cannot tell ({unknown})", [], "What these need is not in the extracts: counted neither as done nor as overdue. See the child’s page."))
    return out


def _due(row, period: pd.Series, excepted: dict) -> Item:
    words = look.STATUS[row.status]
    left = f", {look.days(row.days)}" if row.status == "overdue" else f", {look.days(row.days_left)} left"
    earlier = "; earlier period of care" if row.care_started != period["care_started"] else ""
    return Item(words.label + left + earlier + _until(excepted.get(row.obligation_id)), row.why, row.title)


def _flag(row) -> Item:
    grade = "" if pd.isna(row.grade) else f" ({row.grade})"
    since = f" Since {look.day(row.since)}{grade}." if pd.notna(row.since) else ""
    return Item(row.title, row.why + since)


def _action(row, whys: dict, excepted: dict) -> Item:
    state = look.STATUS[row.status].label if row.status in look.STATUS else "Not completed"
    days = f", {look.days(row.days_overdue)}" if pd.notna(row.days_overdue) else ""
    rolled = f"; rolled over, {look.count(int(row.meetings_since), 'CPM')} since" if row.rolled_over else ""
    who = "nobody named" if views.recorded(row.responsible) == "not recorded" else str(row.responsible)
    due = f"due {look.day(row.due_date)}" if pd.notna(row.due_date) else "no due date"
    text = whys.get(row.obligation_id, f"{row.action} (agreed on {look.day(row.meeting_date)}, {due}).")
    return Item(state + days + rolled + _until(excepted.get(row.obligation_id)), f"{text} Responsible: {who}.")


def _until(exception: ManagersException | None) -> str:
    return f"; exception until {look.day(exception.expires)}" if exception else ""


def _exception(one: ManagersException) -> Item:
    return Item(f"Exception until {look.day(one.expires)}", f"{_what(one.about)}: {one.text} ({one.who}, {look.day(one.at)})")


def _note(note: Note) -> Item:
    return Item(f"Note, {look.day(note.at)}", f"{_what(note.about)}: {note.text} ({note.who})")


def _what(about: About) -> str:
    titles = {rule.code: rule.title for rule in all_rules()}
    return titles.get(about.rule, about.rule) + (f", due {look.day(about.due_date)}" if about.due_date else f", set off on {look.day(about.anchor_date)}")
