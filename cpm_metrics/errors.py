"""The one error family. Whatever goes wrong on purpose is a `CpmError` whose text can be shown to a manager as it is."""

from __future__ import annotations


class CpmError(Exception):
    """A situation the product foresees.

    `str(error)` is plain English for the person at the screen: what is wrong, then what to do. It never holds a value
    from a child's record other than what the person just typed or loaded, and never a stack trace.
    """

    def __init__(self, what: str, remedy: str = "") -> None:
        self.what = what
        self.remedy = remedy
        super().__init__(f"{what} {remedy}".strip())


class UnreadableFile(CpmError):
    """A file that is not, or not safely, a spreadsheet. Nothing was loaded."""


class LoadRefused(CpmError):
    """The files were read, but can't become a load: a required column is missing, nothing to load, and so on."""


class NeedsConfirmation(CpmError):
    """The load is possible but surprising (the same file again, far fewer children, an older extract): ask first."""


class StoreProblem(CpmError):
    """The store can't be opened or written: locked, full, damaged, from a newer version. The data in it are whole."""


class UnknownName(CpmError):
    """A rule, dataset, setting or column that doesn't exist; the text says which names are close."""


class OutOfCalendar(CpmError):
    """A date outside the years for which England's bank holidays are known."""


def together(kind: type[CpmError], errors: list[CpmError]) -> CpmError:
    """One error that says all of them."""
    if len(errors) == 1:
        return kind(errors[0].what, errors[0].remedy)
    return kind("\n".join(str(e) for e in errors))
