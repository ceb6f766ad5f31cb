"""What `streamlit run` starts. As the server: how to answer. For each visitor: the gate, the navigation, the as-at date and the
teams. It computes nothing."""

import base64
from pathlib import Path

import streamlit as st

# Ours, within the page: a material icon would be fetched from Google by every browser, and a file under a link that needs no sign-in.
ICON = "data:image/png;base64," + base64.b64encode((Path(__file__).parent / "pages" / "_shared" / "icon.png").read_bytes()).decode()


def visit() -> None:
    """One run for one visitor."""
    from pages._shared import ahead

    ahead.wait()
    st.set_page_config(page_title="Care Planning Meetings", page_icon=ICON, layout="wide", initial_sidebar_state="auto")

    from pages._shared import data
    from pages._shared.gate import gate

    viewer = gate()
    data.begin()
    try:
        page_for(viewer)
    finally:
        data.end()


def page_for(viewer) -> None:
    """The page that is asked for, and what stands beside it."""
    from pages._shared import frame, navigation, show
    from pages._shared.faults import told

    everything, shown = navigation.sections(viewer)
    # Streamlit's own navigation with sections is a list that screen readers can't follow: ours is headings and links.
    page = st.navigation(everything, position="hidden")
    show.style()
    show.links(shown)
    if not navigation.allowed(page.url_path, viewer):
        if not page.url_path and shown:  # it opens first, for whoever may see it
            st.switch_page(next(iter(shown.values()))[0])
        frame.person(viewer)
        navigation.refuse(page.url_path, viewer)
        return
    with told():
        if page.url_path not in frame.WITHOUT_CONTROLS:
            frame.controls()
        frame.person(viewer)
    with told():
        show.go_where_clicked()
        page.run()


if __name__ == "__main__":
    visit()
else:
    from pages._server.start import options
    from pages._shared import ahead
    from pages._shared.memory import set_aside_what_stays

    set_aside_what_stays()
    app = st.App(__file__, **options())  # Streamlit looks for these very words
    ahead.begin()
