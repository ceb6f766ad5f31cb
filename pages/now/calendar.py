"""Calendar: in work."""

from pages._shared import frame


def page() -> None:
    view = frame.view("Calendar")
    frame.title("Calendar", view)


page()
