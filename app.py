"""What `streamlit run` starts: the gate, the navigation, the as-at date and the teams. It computes nothing."""

from pathlib import Path

import streamlit as st

# A file of ours: a material icon here would be fetched from Google by every browser.
ICON = Path(__file__).parent / "pages" / "_shared" / "icon.png"
st.set_page_config(page_title="Care Planning Meetings", page_icon=str(ICON), layout="wide", initial_sidebar_state="auto")

from pages._shared import frame, show  # noqa: E402  (after the first Streamlit command)
from pages._shared.faults import told  # noqa: E402
from pages._shared.gate import gate  # noqa: E402

gate()

page = st.navigation(
    {
        "": [
            st.Page("pages/now/this_week.py", title="This week", icon=":material/today:", default=True, url_path="this-week"),
            st.Page("pages/teams/teams.py", title="Teams", icon=":material/groups:", url_path="teams"),
            st.Page("pages/children/child.py", title="Child", icon=":material/person:", url_path="child"),
        ],
        "Data and help": [
            st.Page("pages/data/load.py", title="Load", icon=":material/upload_file:", url_path="load"),
            st.Page("pages/help/rule_book.py", title="Rule book", icon=":material/menu_book:", url_path="rule-book"),
        ],
    },
    position="sidebar",
    expanded=True,
)
show.style()
with told():
    frame.controls()
with told():
    show.go_where_clicked()
    page.run()
