"""A page for tests: one piece of reading and one of changing, made by the functions that the test put into STEPS."""

import streamlit as st

from pages._shared import state, work
from pages._shared.faults import told
from tests.pages import work_steps as steps

with told():
    found = work.run("read", steps.KEY[0], "Reading the files", steps.read, 3)
    if found is not None:
        st.text(f"Found {found}")
    st.button("Load", disabled=work.busy(), **state.on_click(work.start, "commit", "k", "Loading", steps.change, changes=True))
    try:
        done = work.outcome("commit", "k", raising=(steps.Asks,))
    except steps.Asks:
        st.text("Are you sure?")
    else:
        if done is not None:
            st.text(f"Loaded {done}")
    st.button("Close", **state.on_click(work.forget))
