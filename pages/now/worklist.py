"""Worklist: in work."""

from pages._shared import frame


def page() -> None:
    view = frame.view("Worklist")
    frame.title("Worklist", view)


page()
