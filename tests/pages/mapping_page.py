"""A page for tests: the mapping screen for the files in the folder CPM_TEST_FILES, then what a load would bring."""

import os
from pathlib import Path

import streamlit as st

st.set_page_config(layout="wide")

from cpm_metrics.extracts.problems import InputFile  # noqa: E402
from pages._shared import data, mapping, show, work  # noqa: E402
from pages._shared.faults import told  # noqa: E402

show.style()
with told():
    files = [InputFile(path.name, path.read_bytes()) for path in sorted(Path(os.environ["CPM_TEST_FILES"]).iterdir())]
    book = mapping.mapping_screen(files, data.store().mapping_book(), by="tester")
    if book is not None:
        prepared = work.run("prepare", mapping.key(files, book), "Reading the files", mapping.reading(files).prepare, mapping=book)
        if prepared is not None:
            st.text("Prepared: " + ", ".join(f"{name} {rows}" for name, rows in prepared.counts.items()))
            mapping.values_screen(prepared.questions, data.store().mapping_book(), by="tester")
