"""One cell -> one typed value, or why not. Dates are day first or ISO, never month first, never guessed.

Each `read_*` returns (value, Fault-or-None). With a fault the value is None. MESSAGES holds, per kind of fault, what is wrong
and what to do; neither quotes the cell.
"""

from __future__ import annotations

import datetime as dt
import re
from zoneinfo import ZoneInfo

from .cells import Fault, show
from .folding import INVISIBLE

MESSAGES: dict[str, tuple[str, str]] = {
    "excel_error": ("holds an Excel error.", "Correct the formula in the spreadsheet, or clear the cell."),
    "formula": ("holds a formula whose result is not stored in the file.", "Open the file in Excel, save it, and load it again."),
    "merged": ("is part of a merged cell, so it is not known which rows the value is for.", "Unmerge the cells and fill in each row."),
    "not_a_date": ("is not a date that can be read with certainty.", "Write it day first, as 31/12/2026, or as 2026-12-31, or format it as an Excel date."),
    "month_first": ("is no day-first date: the second number is above 12, as if the month came first.", "Write the day first, as 31/12/2026. Check the other dates of this column too."),
    "year_unclear": ("may begin with the day or with the year: of three numbers of two digits with hyphens, it is not known which is the year.", "Write the year with four digits, as 31/12/2026 or 2026-12-31."),
    "no_such_day": ("is a day that does not exist.", "Correct the date in the case system or the spreadsheet."),
    "number_as_date": ("is a plain number where a date should be.", "In Excel, format the column as Date and check what it then shows."),
    "time_as_date": ("holds a time, or a number before Excel's first day, where a date should be.", "Enter the date, as 31/12/2026."),
    "date_out_of_range": ("is a date before 1900 or after 2100.", "Correct the year."),
    "placeholder_date": ("is 1 January 1900, which some systems write where there is no date.", "Leave the cell blank, or enter the date."),
    "excel_1900": ("is before 1 March 1900, where Excel's own calendar is wrong.", "Correct the date, or enter it as text, as 1900-02-28."),
    "weekday_differs": ("names a weekday that is not the weekday of its date.", "Correct the date or leave out the weekday."),
    "id_not_whole": ("is a number with decimals where an ID should be.", "Format the column as Text and enter the ID again."),
    "id_rounded": ("is a number with more digits than Excel keeps, or in scientific notation: its last digits are lost.", "Format the column as Text and enter or export the ID again."),
    "id_is_yes_no": ("is TRUE or FALSE where an ID should be.", "Format the column as Text and enter the ID again."),
    "id_is_date": ("is a date where an ID should be.", "Format the column as Text and enter the ID again."),
    "id_unreadable": ("holds characters that no ID has (control characters).", "Enter the ID again."),
    "unknown_period": ("is not in this table, which names only a period of care or a placement that is in none of the episodes.", "Load the episodes of that period too, or correct its ID."),
    "not_yes_no": ("is neither yes nor no.", "Say once what it means on the mapping screen, or use Yes or No."),
    "unknown_code": ("is a value that is not known.", "Say once what it means on the mapping screen, or correct it in the spreadsheet."),
    "unknown_code_in_list": ("has an entry that is not known; only entries that are known were kept.", "Say once what it means on the mapping screen, or correct it in the spreadsheet."),
    "control_characters": ("had characters that can't be seen or printed; they were taken out.", "Nothing, if the text looks right."),
    "blank_required": ("is blank, and a row can't be used without it.", "Fill it in and load again."),
}  # fmt: skip

# Written for "nothing here". In names they may be a person's name, so `keep_words` keeps all but the signs.
_BLANK_SIGNS = {"", "-", "--", "---", "–", "—", "n/a", "n\\a", "(blank)", "[blank]"}
_BLANK_WORDS = _BLANK_SIGNS | {
    "na",
    "n.a.",
    "n.a",
    "none",
    "null",
    "nil",
    "nan",
    "nat",
    "not applicable",
    "<null>",
    "(null)",
    "#n/a n/a",
}
_EXCEL_ERRORS = re.compile(
    r"#(N/A|REF!|VALUE!|DIV/0!|NAME\?|NUM!|NULL!|SPILL!|CALC!|GETTING_DATA|FIELD!|BLOCKED!|UNKNOWN!|CONNECT!|BUSY!)$",
    re.I,
)
_UNSEEN = re.compile(f"[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f-\\x9f{INVISIBLE}\\ufffe\\uffff]")
# No-break, thin and other such spaces, which nobody can tell from the ordinary one.
_OTHER_SPACE = re.compile("[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]")
_CONTROL = re.compile("[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f-\\x9f\\ufffe\\uffff]")


def fault_of(cell: object) -> Fault | None:
    """The fault that a cell has by itself, whatever column it is in."""
    if isinstance(cell, Fault):
        return cell
    if isinstance(cell, str) and cell.startswith("#") and _EXCEL_ERRORS.match(cell):
        return Fault("excel_error", cell.upper())
    return None


def text_of(cell: object) -> str:
    """The cell as stripped text, unseen characters taken out, every space an ordinary one; "" when blank."""
    out = cell if isinstance(cell, str) else _text_of_typed(cell)
    if not out.isascii() or not out.isprintable():
        out = _OTHER_SPACE.sub(" ", _UNSEEN.sub("", out))
    return out.strip()


def _text_of_typed(cell: object) -> str:
    if isinstance(cell, dt.datetime):
        return cell.isoformat(" ") if cell.time() != dt.time(0) else cell.date().isoformat()
    return show(cell)


def is_blank_text(text: str, keep_words: bool = False) -> bool:
    return text.casefold() in (_BLANK_SIGNS if keep_words else _BLANK_WORDS)


def read_text(cell: object, keep_words: bool = False) -> tuple[str | None, Fault | None]:
    """Free text. Characters that can't be seen come with a fault of kind `control_characters`, *and* the cleaned text.

    A whole number is written without ".0", as the same number in a workbook is: an agreed frequency of "28.0" is 28 days.
    """
    if cell is None or cell == "":
        return None, None
    if type(cell) is str and len(cell) > 20 and cell.isascii() and cell.isprintable():
        return cell.strip() or None, None  # the common case, for speed: too long to be a blank word or an Excel error
    fault = fault_of(cell)
    if fault:
        return None, fault
    text = text_of(cell).replace("\r\n", "\n").replace("\r", "\n")
    if is_blank_text(text, keep_words):
        return None, None
    whole = _WHOLE_WITH_ZEROS.match(text)
    if whole:
        text = whole[1]
    if isinstance(cell, str) and not cell.isprintable() and _UNSEEN.search(cell):
        return text or None, Fault("control_characters", cell)
    return text, None


_PLAIN_ID = re.compile(r"[0-9][0-9A-Za-z/_-]*")
_WHOLE_WITH_ZEROS = re.compile(r"(\d+)\.0+$")
_SCIENTIFIC = re.compile(r"\d(\.\d+)?[eE]\+?\d+$")
_QUOTED_FORMULA = re.compile(r'="(.*)"$')


def read_id(cell: object) -> tuple[str | None, Fault | None]:
    """An ID as text: 123 and 123.0 are one, zeros in front of a text stay. Numbers that Excel has rounded are refused.

    Characters that can't be seen are taken out and come with a fault *and* the ID.
    """
    if cell is None or cell == "":
        return None, None
    if type(cell) is str and _PLAIN_ID.fullmatch(cell):
        return cell, None  # the common case, for speed: nothing below changes it
    fault = fault_of(cell)
    if fault:
        return None, fault
    if isinstance(cell, bool | dt.date | dt.time | dt.timedelta):
        return None, Fault("id_is_yes_no" if isinstance(cell, bool) else "id_is_date", show(cell))
    if isinstance(cell, int | float):  # some formats tell whole numbers from others
        if not float(cell).is_integer():
            return None, Fault("id_not_whole", show(cell))
        if abs(cell) >= 1e15:
            return None, Fault("id_rounded", show(cell))
        return f"{cell + 0:.0f}", None
    if _CONTROL.search(cell):
        return None, Fault("id_unreadable", cell)
    text = text_of(cell)
    quoted = _QUOTED_FORMULA.match(text)
    if quoted:
        text = quoted[1].strip()
    text = text.lstrip("'").strip()
    if is_blank_text(text):
        return None, None
    whole = _WHOLE_WITH_ZEROS.match(text)
    if whole:
        text = whole[1]
    elif _SCIENTIFIC.match(text) and ("." in text or "+" in text):
        return None, Fault("id_rounded", text)
    return " ".join(text.split()), Fault("control_characters", cell) if _UNSEEN.search(cell) else None


_MONTHS = {m: i for i, names in enumerate(
    ("jan january", "feb february", "mar march", "apr april", "may", "jun june", "jul july", "aug august",
     "sep sept september", "oct october", "nov november", "dec december"), start=1) for m in names.split()}  # fmt: skip
_WEEKDAYS = {w: i for i, names in enumerate(
    ("mon monday", "tue tues tuesday", "wed weds wednesday", "thu thur thurs thursday", "fri friday", "sat saturday",
     "sun sunday")) for w in names.split()}  # fmt: skip
# A time after a date is read past, as long as it is one: " 10:30", "T10:30:00.000Z", " 00.00.00.000000000", " 9:15 PM".
_TIME = r"(?:(?:\s*T\s*|,?\s+)(?P<time>\d{1,2}[:.]\d{2}(?:[:.]\d{2}(?:[.,]\d{1,9})?)?)\s*(?P<ampm>[AaPp]\.?[Mm]\.?)?\s*(?P<zone>Z|[+-]\d{2}:?\d{2})?)?"
_DAY_FIRST = re.compile(r"(?P<d>\d{1,2})(?P<s>[/.\-])(?P<m>\d{1,2})(?P=s)(?P<y>\d{4}|\d{2})" + _TIME + r"$")
_ISO = re.compile(r"(?P<y>\d{4})(?P<s>[-/])(?P<m>\d{1,2})(?P=s)(?P<d>\d{1,2})" + _TIME + r"$")
_NAMED = re.compile(
    r"(?:(?P<w>[A-Za-z]{3,9})\.?,?\s+)?(?P<d>\d{1,2})(?:st|nd|rd|th)?(?:\s*[-/]\s*|\s+(?:of\s+)?|(?=[A-Za-z]{3}))"
    r"(?P<mon>[A-Za-z]{3,9})\.?(?:\s*[-/]\s*|,?\s+|(?=\d))(?P<y>\d{4}|\d{2})" + _TIME + r"$",
    re.I,
)
_NUMBER = re.compile(r"-?\d+(\.\d+)?$")
FIRST_DATE, LAST_DATE = dt.date(1900, 1, 1), dt.date(2100, 12, 31)
_EXCEL_SAFE = dt.date(1900, 3, 1)


def read_date(cell: object) -> tuple[dt.date | None, Fault | None]:
    """A date without its time. Two-digit years: 00-68 are 2000s, 69-99 1900s (the POSIX rule)."""
    if cell is None or cell == "":
        return None, None
    if isinstance(cell, dt.date):
        day = cell.date() if isinstance(cell, dt.datetime) else cell
        if day < _EXCEL_SAFE:
            return None, Fault("excel_1900", show(cell))
        return _in_range(day, cell)
    fault = fault_of(cell)
    if fault:
        return None, fault
    if isinstance(cell, bool | int | float):
        return None, Fault("number_as_date", show(cell))
    if isinstance(cell, dt.time | dt.timedelta):
        return None, Fault("time_as_date", show(cell))
    text = " ".join(text_of(cell).split()).lstrip("'")
    if is_blank_text(text):
        return None, None
    match = _DAY_FIRST.match(text) or _ISO.match(text) or _NAMED.match(text)
    if not match:
        return None, Fault("number_as_date" if _NUMBER.match(text) else "not_a_date", text)
    return _date_from(match, text)


def _date_from(match: re.Match, text: str) -> tuple[dt.date | None, Fault | None]:
    part = match.groupdict()
    year = int(part["y"])
    if len(part["y"]) == 2:
        year += 2000 if year <= 68 else 1900
    if part.get("mon"):
        month = _MONTHS.get(part["mon"].lower(), 0)
        if not month:
            return None, Fault("not_a_date", text)
    else:
        month = int(part["m"])
    day_of_month = int(part["d"])
    if match.re is _DAY_FIRST and month > 12 and 1 <= day_of_month <= 12 and month <= 31:
        return None, Fault("month_first", text)
    if match.re is _DAY_FIRST and part["s"] == "-" and len(part["y"]) == 2 and _is_day(2000 + day_of_month, month, int(part["y"])):
        return None, Fault("year_unclear", text)
    try:
        day = dt.date(year, month, day_of_month)
    except ValueError:
        return None, Fault("no_such_day", text)
    if part.get("w"):
        weekday = _WEEKDAYS.get(part["w"].lower())
        if weekday is None:
            return None, Fault("not_a_date", text)
        if weekday != day.weekday():
            return None, Fault("weekday_differs", text)
    if part["time"]:
        bits = re.split(r"[:.,]", part["time"])
        hour = int(bits[0])
        if part["ampm"] and 1 <= hour <= 12:
            hour = hour % 12 + 12 * (part["ampm"][0] in "Pp")
        if hour > 23 or int(bits[1]) > 59:
            return None, Fault("not_a_date", text)
        if part["zone"]:
            # An export in universal time: 23:00 on 30 June is 1 July in England.
            iso = f"{day.isoformat()}T{hour:02d}:{bits[1]}:00{part['zone'].replace('Z', '+00:00')}"
            try:
                day = dt.datetime.fromisoformat(iso).astimezone(ZoneInfo("Europe/London")).date()
            except (ValueError, OverflowError):
                return None, Fault("not_a_date", text)
    return _in_range(day, text)


def could_be_month_first(cell: object) -> bool:
    """Whether a text is read day first and would be another date month first."""
    match = _DAY_FIRST.match(cell.strip()) if isinstance(cell, str) else None
    return match is not None and match["d"] != match["m"] and 1 <= int(match["d"]) <= 12 and 1 <= int(match["m"]) <= 12


def _is_day(year: int, month: int, day: int) -> bool:
    try:
        dt.date(year, month, day)
    except ValueError:
        return False
    return True


def _in_range(day: dt.date, cell: object) -> tuple[dt.date | None, Fault | None]:
    if day == FIRST_DATE:
        return None, Fault("placeholder_date", show(cell))
    if FIRST_DATE <= day <= LAST_DATE:
        return day, None
    return None, Fault("date_out_of_range", show(cell))


_YES = {"y", "yes", "true", "1", "t", "✓", "✔", "☑"}
_NO = {"n", "no", "false", "0", "f", "☐"}
_YES_NO_THEN_WORDS = re.compile(r"(yes|no)\s*[-–—,:;.(]")


def read_yes_no(cell: object) -> tuple[bool | None, Fault | None]:
    """Y, Yes, True, 1 and their opposites; "Yes - see minutes" is yes."""
    if cell is None or cell == "":
        return None, None
    if isinstance(cell, bool):
        return cell, None
    fault = fault_of(cell)
    if fault:
        return None, fault
    text = text_of(cell).casefold()
    if is_blank_text(text):
        return None, None
    word = _YES_NO_THEN_WORDS.match(text)
    text = word[1] if word else text.rstrip(".")
    if text in _YES:
        return True, None
    if text in _NO:
        return False, None
    return None, Fault("not_yes_no", show(cell))
