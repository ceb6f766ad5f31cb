"""The loads as Load and History show them: one table, one way to undo the newest, and one place for what was done."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from cpm_metrics.errors import CpmError
from cpm_metrics.extracts.datasets import DATASETS
from cpm_metrics.store import LoadInfo
from cpm_metrics.views import history, look
from pages._shared import data, show, state, work
from pages._shared.faults import refused
from pages._shared.gate import who

MAIN = ("cases", "meetings", "reviews")
BRIEF = ["state", "extract_date", "loaded_at", "by", *MAIN, "error", "warning", "files"]
WHOLE = ["state", "extract_date", "loaded_at", "by", "error", "warning", *MAIN, "files", *(n for n in DATASETS if n not in MAIN), "carried"]


def numbers(title: str, width: int | None = None) -> st.column_config.NumberColumn:
    """How every count of rows is written: 1,204."""
    return show.number_column(title, width=width)


def table(infos: Sequence[LoadInfo], current: str | None) -> pd.DataFrame:
    return history.loads(infos, current)


def shown(rows: pd.DataFrame, columns: Sequence[str], key: str, most: int, **more):
    """`rows` as `table` gives them. -> what st.dataframe gives."""
    titles = {name: numbers(dataset.title, 85) for name, dataset in DATASETS.items()}
    return st.dataframe(
        rows, hide_index=True, key=key, alt="Loads, the newest first", placeholder="", height=show.height(rows, most), column_order=list(columns),
        column_config=titles | {
            "state": st.column_config.TextColumn("State", width=80), "extract_date": show.date_column("Extract of"), "loaded_at": st.column_config.DatetimeColumn("Loaded (UTC)", format="D MMM YYYY, HH:mm", width=150),
            "by": st.column_config.TextColumn("By", width=110), "error": show.number_column("Errors", width=75, help="Problems that left a row out; a row can have several. The rows left out stand with the load on History."), "warning": numbers("Warnings", 85),
            "files": st.column_config.TextColumn("Files", width=300), "carried": st.column_config.TextColumn("Carried on from before", width=220),
        }, **more,
    )  # fmt: skip


def said() -> None:
    """What the click before did, once."""
    words = state.forget("loads-said")
    if words:
        st.success(words, icon=":material/check_circle:")


def link_to_compare(words: str) -> None:
    st.page_link("pages/data/history.py", label=words, icon=":material/history:", query_params={"view": "compare"})


def undo(current: LoadInfo) -> None:
    """The newest load is set aside, for everyone, after a tick that says so."""
    with st.popover("Undo the current load", icon=":material/undo:", disabled=work.busy()):
        before = next((i for i in data.store().history() if i.load_id == current.previous), None)
        after = f"the extract of **{look.day(before.extract_date)}** becomes current again" if before else "**nothing is loaded** after that"
        st.markdown(f"The extract of **{look.day(current.extract_date)}** is set aside for everyone, and {after}. Nothing is deleted; the files can be loaded again.")
        sure = st.checkbox("Yes, undo it for everyone", key=f"undo-sure-{current.load_id}")
        st.button("Undo it", type="primary", key="undo", disabled=not sure, **state.on_click(_undo, current.load_id))
    problem = state.forget("loads-problem")
    if problem is not None:
        refused(problem)


def _undo(load_id: str) -> None:
    try:
        back = data.store().undo(who(), load_id)
    except CpmError as problem:
        state.remember("loads-problem", problem)
    else:
        state.remember("loads-said", f"Undone. The extract of {look.day(back.extract_date)} is current again." if back else "Undone. Nothing is loaded now.")
