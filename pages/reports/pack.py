"""Director’s pack: in work."""

from pages._shared import frame


def page() -> None:
    view = frame.view("Director’s pack")
    frame.title("Director’s pack", view)


page()
