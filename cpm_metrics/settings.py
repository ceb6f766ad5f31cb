"""The figures an authority may set. Each stands once: where the rule or indicator that uses it declares it.

A setting's name is `<rule or indicator>.<what>`, for example `initial-cpm.limit`; those that serve many rules are declared
here. A limit has an amount and a unit, and a unit may be changed as well (the Quick Guide says "10 days" in one place and
"working days" in another).
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cpm_metrics.errors import CpmError, UnknownName

UNITS = ("calendar days", "working days", "weeks", "months")
# A limit that counts backwards from a date can't be in working days: see `Limit.before`.
BACKWARDS = ("calendar days", "weeks", "months")
LONGEST = {"calendar days": 3650, "working days": 2600, "weeks": 520, "months": 120}
"""Ten years of each unit: more is a slip of the keyboard, and years that the calendar doesn't know."""
LARGEST_COUNT = 1000


@dataclass(frozen=True)
class Limit:
    """So many of a unit after the anchor day, which is day 0. Done on the last day is in time."""

    amount: int
    unit: str

    def __post_init__(self) -> None:
        if self.unit not in UNITS:
            raise CpmError(f"“{self.unit}” is not a unit of time.", f"Use one of: {', '.join(UNITS)}.")
        if isinstance(self.amount, bool) or not isinstance(self.amount, int) or not 0 <= self.amount <= LONGEST[self.unit]:
            raise CpmError(f"“{self.amount}” is not a limit in {self.unit}.", f"Use a whole number from 0 to {LONGEST[self.unit]:,} (ten years).")

    @property
    def text(self) -> str:
        """As it is printed everywhere: "10 calendar days"."""
        return f"{self.amount} {self.unit[:-1] if self.amount == 1 else self.unit}"

    def after(self, day: str, calendar: str = "calendar") -> str:
        """SQL for this long after the SQL expression `day`.

        For working days the query must join the table `calendar` on its `day`; the name it has there is `calendar`.
        """
        if self.unit == "calendar days":
            return f"({day} + {self.amount})"
        if self.unit == "working days":
            return f"{calendar}.plus_{self.amount}"
        if self.unit == "weeks":
            return f"({day} + {self.amount * 7})"
        return f"({day} + INTERVAL {self.amount} MONTH)::DATE"

    def before(self, day: str) -> str:
        """SQL for this long before the SQL expression `day`. Not for working days: no rule counts them backwards."""
        if self.unit == "working days":
            raise CpmError("This limit counts backwards from a date, which can't be done in working days.",
                           "Use calendar days, weeks or months.")  # fmt: skip
        return self.after(day).replace(" + ", " - ", 1)


@dataclass(frozen=True)
class Setting:
    """One figure: its default (a `Limit`, an int or a bool), where the default comes from and what it does.

    `units`: those a limit may have. `title` is how pages call it.
    """

    name: str
    default: Any
    source: str
    help: str
    title: str = ""
    units: tuple[str, ...] = UNITS

    def checked(self, value: Any) -> Any:
        """The value as a `Limit`, int or bool, whether it came from a page or from the store (where a limit is a mapping).

        Raises CpmError, whose words say what is wrong with it.
        """
        if isinstance(self.default, Limit):
            return self._limit(value)
        if isinstance(self.default, bool):
            if isinstance(value, bool):
                return value
        elif isinstance(value, int) and not isinstance(value, bool):
            if 1 <= value <= LARGEST_COUNT:
                return value
            raise CpmError(f"{value} can't be the value of {self.name}.", f"Use a whole number from 1 to {LARGEST_COUNT:,}.")
        raise CpmError(f"“{value}” can't be the value of {self.name}.", f"Its default is {text_of(self.default)}: use the same kind.")

    def _limit(self, value: Any) -> Limit:
        if isinstance(value, Mapping) and value.keys() <= {"amount", "unit"}:
            value = Limit(value.get("amount", self.default.amount), value.get("unit", self.default.unit))
        if not isinstance(value, Limit):
            raise CpmError(f"“{value}” can't be the value of {self.name}.", f"Its default is {text_of(self.default)}: use the same kind.")
        if value.unit not in self.units:
            raise CpmError(
                f"{self.title or self.name} can't be in {value.unit}: it counts backwards from a date, which can't be done in {value.unit}.",
                f"Use {', '.join(self.units[:-1])} or {self.units[-1]}.",
            )
        return value


def text_of(value: Any) -> str:
    """A value as it is printed: "10 calendar days", "20", "on"."""
    if isinstance(value, bool):
        return "on" if value else "off"
    return value.text if isinstance(value, Limit) else str(value)


def as_kept(value: Any) -> Any:
    """A value as the store keeps it (JSON)."""
    return {"amount": value.amount, "unit": value.unit} if isinstance(value, Limit) else value


GENERAL = (
    Setting("general.due_soon", Limit(28, "calendar days"), "ours", "How far ahead “due soon” looks, that day included.", "Due soon looks ahead"),
    Setting("general.before_care", Limit(28, "calendar days"), "Quick Guide 1: “before accommodating a child”",
            "A meeting this long before care began still belongs to that period of care.", "Meetings before care began", BACKWARDS),
    Setting("general.smallest_counted", 10, "ours", "A team with fewer counted obligations shows counts without a percentage.",
            "Smallest number with a percentage"),
    Setting("general.stale_extract", Limit(8, "calendar days"), "ours", "An extract older than this says so on every page.", "Extract too old after"),
)  # fmt: skip


class Settings(Mapping[str, Any]):
    """Every setting by name: the default, or what the authority chose.

    Unknown names are refused with the closest known ones; a value of the wrong kind is refused too.
    """

    def __init__(self, chosen: Mapping[str, Any] | None = None) -> None:
        self.declared = {s.name: s for s in all_settings()}
        self.chosen: dict[str, Any] = {}
        for name, value in (chosen or {}).items():
            self.chosen[name] = self._checked(name, value)

    def _checked(self, name: str, value: Any) -> Any:
        if name not in self.declared:
            close = difflib.get_close_matches(name, self.declared, 3, 0.4)
            raise UnknownName(f"There is no setting “{name}”.", f"Did you mean {' or '.join(close)}?" if close else "")
        return self.declared[name].checked(value)

    def __getitem__(self, name: str) -> Any:
        if name not in self.declared:
            return self._checked(name, None)
        return self.chosen.get(name, self.declared[name].default)

    def __iter__(self) -> Iterator[str]:
        return iter(self.declared)

    def __len__(self) -> int:
        return len(self.declared)

    def with_(self, **chosen: Any) -> Settings:
        """A copy with more chosen values; `__` in a keyword stands for `.` and `_` before it for `-`:
        `with_(initial_cpm__limit=Limit(10, "working days"))`."""
        named = {}
        for key, value in chosen.items():
            owner, _, what = key.partition("__")
            named[f"{owner.replace('_', '-')}.{what}"] = value
        return Settings(self.chosen | named)

    def contradiction(self) -> str:
        """What can't be meant, in words: an amber limit beyond the red one. "" when all is well."""
        for name in self.declared:
            if name.endswith(".amber") and self[name] > self[name.removesuffix("amber") + "red"]:
                return (
                    f"{self.declared[name].title} ({self[name]}) lies beyond red ({self[name.removesuffix('amber') + 'red']}), "
                    "so nothing would ever be amber: make it the same or smaller."
                )
        return ""

    @property
    def key(self) -> str:
        """A text that is the same for the same choices: part of the key of whatever is remembered."""
        return repr(sorted(self.chosen.items(), key=lambda item: item[0]))


def all_settings() -> list[Setting]:
    """General settings, then each rule's and indicator's own."""
    from cpm_metrics.indicators import all_indicators
    from cpm_metrics.rules import all_rules

    out = list(GENERAL)
    for thing in (*all_rules(), *all_indicators()):
        out.append(Setting(f"{thing.code}.on", True, "ours", f"Whether “{thing.title}” is computed at all.", f"{thing.title}: on or off"))
        for what, limit in thing.limits.items():
            units = BACKWARDS if _counts_backwards(thing, what) else UNITS
            out.append(Setting(f"{thing.code}.{what}", limit, thing.source, thing.question, f"{thing.title}: {what.replace('_', ' ')}", units))
    return out


def _counts_backwards(thing: Any, what: str) -> bool:
    """Whether the SQL of a rule or indicator uses this limit to count back from a date (see `engine._own`)."""
    return bool(re.search(rf"\$\{{?(before|ago)_{what}\b", getattr(thing, "clock", "") or getattr(thing, "sql", "")))
