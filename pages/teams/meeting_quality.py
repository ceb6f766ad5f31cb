"""Meeting quality: in work."""

from pages._shared import frame


def page() -> None:
    view = frame.view("Meeting quality")
    frame.title("Meeting quality", view)


page()
