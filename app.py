"""What `streamlit run` starts. As the server: how to answer. For each visitor: the gate, the navigation, the as-at date and the
teams. It computes nothing."""

from pathlib import Path

import streamlit as st

# A file of ours: a material icon here would be fetched from Google by every browser.
ICON = Path(__file__).parent / "pages" / "_shared" / "icon.png"


def visit() -> None:
    """One run for one visitor."""
    st.set_page_config(page_title="Care Planning Meetings", page_icon=str(ICON), layout="wide", initial_sidebar_state="auto")

    from pages._shared import frame, show
    from pages._shared.faults import told
    from pages._shared.gate import gate

    gate()
    sections = {
        "": [
            st.Page("pages/now/this_week.py", title="This week", icon=":material/today:", default=True),
            st.Page("pages/now/worklist.py", title="Worklist", icon=":material/checklist:", url_path="worklist"),
            st.Page("pages/now/calendar.py", title="Calendar", icon=":material/calendar_month:", url_path="calendar"),
            st.Page("pages/children/child.py", title="Child", icon=":material/person:", url_path="child"),
        ],
        "Practice": [
            st.Page("pages/teams/teams.py", title="Teams", icon=":material/groups:", url_path="teams"),
            st.Page("pages/teams/drift.py", title="Drift", icon=":material/flag:", url_path="drift"),
            st.Page("pages/teams/proceedings.py", title="Proceedings", icon=":material/gavel:", url_path="proceedings"),
            st.Page("pages/teams/meeting_quality.py", title="Meeting quality", icon=":material/rate_review:", url_path="meeting-quality"),
            st.Page("pages/reports/pack.py", title="Director’s pack", icon=":material/summarize:", url_path="pack"),
        ],
        "Data and help": [
            st.Page("pages/data/load.py", title="Load", icon=":material/upload_file:", url_path="load"),
            st.Page("pages/data/quality.py", title="Data quality", icon=":material/fact_check:", url_path="data-quality"),
            st.Page("pages/data/history.py", title="History", icon=":material/history:", url_path="history"),
            st.Page("pages/data/mappings.py", title="Remembered mappings", icon=":material/view_column:", url_path="mappings"),
            st.Page("pages/help/rule_book.py", title="Rule book", icon=":material/menu_book:", url_path="rule-book"),
            st.Page("pages/help/settings.py", title="Settings", icon=":material/tune:", url_path="settings"),
        ],
    }
    # Streamlit's own navigation with sections is a list that screen readers can't follow: ours is headings and links.
    page = st.navigation(sections, position="hidden")
    show.style()
    show.links(sections)
    with told():
        if page.url_path not in frame.WITHOUT_CONTROLS:
            frame.controls()
    with told():
        show.go_where_clicked()
        page.run()


if __name__ == "__main__":
    visit()
else:
    import logging

    from streamlit.runtime.pages_manager import PagesManager

    from pages._shared.faults import in_a_callback

    # Without this the first deep link after a start says "Page not found", because there is a folder named pages.
    PagesManager.uses_pages_directory = False
    # Its log line would quote the values in the error; `in_a_callback` writes ours.
    logging.getLogger("streamlit.error_util").disabled = True
    app = st.App(__file__, on_script_error=in_a_callback)
