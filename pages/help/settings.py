"""Settings: in work."""

from pages._shared import frame


def page() -> None:
    view = frame.view("Settings")
    frame.title("Settings", view)


page()
