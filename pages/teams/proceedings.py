"""Proceedings: in work."""

from pages._shared import frame


def page() -> None:
    view = frame.view("Proceedings")
    frame.title("Proceedings", view)


page()
