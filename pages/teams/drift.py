"""Drift: in work."""

from pages._shared import frame


def page() -> None:
    view = frame.view("Drift")
    frame.title("Drift", view)


page()
