"""Remembered mappings: what was said about headers and values; forget it, take it elsewhere, bring it from elsewhere."""

import streamlit as st

from cpm_metrics.access.seen import HEADERS_REMEMBERED
from cpm_metrics.errors import CpmError
from cpm_metrics.extracts.mapping import MappingBook
from cpm_metrics.views import look, mapping
from pages._shared import data, downloads, frame, show, state
from pages._shared.faults import refused
from pages._shared.gate import gate, who


def page() -> None:
    gate()
    frame.title("Remembered mappings")
    st.caption(
        "What was said on the mapping screen: which column of a report is which, and what a value means. Each later load uses it without asking. "
        "Forgetting something changes no earlier load; the next file with it asks again."
    )
    said = state.forget("mappings-said")
    if said:
        st.success(said, icon=":material/check_circle:")
    book = data.store().mapping_book()
    headers = mapping.remembered(book, when())
    values = mapping.values(book)
    left, right = st.columns([3, 2], gap="large")
    with left:
        st.header(f"Tables ({len(headers):,})", anchor=False)
        if not headers:
            show.empty("Nothing remembered yet", "Tables whose headers are known need none. Others are asked about once, when you load them.", ":material/view_column:")
        for one in headers:
            table(one)
        count = sum(map(len, values.values()))
        st.header(f"Values ({count:,})", anchor=False)
        if not count:
            show.empty("No values remembered yet", "A word in a coded column that isn’t known, such as a local name for a meeting, can be explained at the load.", ":material/translate:")
        for (dataset, field), found in values.items():
            with st.expander(f"{dataset}, {field} ({len(found):,})", icon=":material/translate:"):
                for value in found:
                    value_line(value)
    with right:
        take_away(book, len(headers) + count)
        bring(book)


def when() -> dict:
    """header_key -> (time, by whom) of the last time it was remembered, from the audit."""
    lines = data.store().state.audit(limit=5000, what=HEADERS_REMEMBERED)
    return {line.subject: (line.at, line.who) for line in reversed(lines)}


def table(one: mapping.Remembered) -> None:
    some = ", ".join(one.headers[:3]) + (f" and {len(one.headers) - 3} more" if len(one.headers) > 3 else "")
    with st.expander(f"**{one.title}** · {show.plain(some)}", icon=":material/block:" if not one.used and not one.usual else ":material/table:", key=f"table-{one.key}"):
        noted = f"Remembered {look.day(one.when.date())} by {show.plain(one.by)}. " if one.when else ""
        st.caption(f"{noted}For every table with these {len(one.headers)} headers, in any order, whatever the file is called.")
        if one.used:
            st.dataframe(
                {"Header in the file": [h for h, _ in one.used], "Taken as": [f for _, f in one.used]}, hide_index=True, placeholder="", alt="Columns used",
                height=min(42 + 35 * len(one.used), 360),
            )  # fmt: skip
        if one.usual:
            st.caption("Taken by their usual meaning: " + ", ".join(show.plain(h) for h in one.usual) + ".")
        if one.left_out:
            st.caption("Left out: " + ", ".join(show.plain(h) for h in one.left_out) + ".")
        if not one.used and not one.usual:
            st.caption("Headers: " + ", ".join(show.plain(h) for h in one.headers) + ".")
        with st.popover("Forget this table", icon=":material/delete:"):
            st.write("The next file with these headers is asked about again. What is loaded stays as it is.")
            st.button("Yes, forget it", type="primary", key=f"forget-table-{one.key}", **state.on_click(forget_table, one.headers))


def value_line(value) -> None:
    key = mapping.value_key(value)
    left, right = st.columns([4, 1], vertical_alignment="center")
    left.markdown(f"“{show.plain(value.value)}” → **{mapping.label(value.code)}**")
    with right.popover("Forget", icon=":material/delete:", width="stretch"):
        st.write("The next file with this word is asked about again. What is loaded stays as it is.")
        st.button("Yes, forget it", type="primary", key=f"forget-value-{key}", **state.on_click(forget_value, value))


def forget_table(headers: tuple[str, ...]) -> None:
    change(lambda book: book.forget_headers(headers), "Forgotten. The next file with these headers is asked about again.")


def forget_value(value) -> None:
    change(lambda book: book.forget_value(value.dataset, value.field, value.value), "Forgotten. The next file with this word is asked about again.")


def change(what, said: str) -> None:
    """In the book as it is now, whatever was on the page when it was drawn."""
    try:
        book = data.store().mapping_book()
        what(book)
        data.store().keep_mapping_book(book, who())
    except CpmError as problem:
        refused(problem)
    else:
        state.remember("mappings-said", said)


# -- mapping files


def take_away(book: MappingBook, count: int) -> None:
    with st.container(border=True):
        st.markdown("**Take them away**")
        st.caption(
            "One file with all of it: headers, fields and the meanings of values, nothing about any child unless a value says so. "
            "Another copy of this dashboard can read it, and so can the command line: `load FILE --mapping mappings.json`."
        )
        downloads.offer("Download the mapping file", lambda: book.to_json().encode(), "mappings.json", downloads.JSON, what="Mapping file", key="mappings-file", disabled=not count)


def bring(book: MappingBook) -> None:
    with st.container(border=True):
        st.markdown("**Bring some**")
        file = st.file_uploader("A mapping file (JSON), from here or from the command line", ["json"], key=f"mappings-bring-{state.recall('mappings-round', 0)}")
        if file is None:
            return
        try:
            brought = mapping.book_of_file(file.getvalue())
        except CpmError as problem:
            refused(problem)
            return
        new, replaced, same = mapping.merge(MappingBook.from_json(book.to_json()), brought)
        st.markdown(f"**{new}** new, **{replaced}** that replace what is remembered here, **{same}** the same already.")
        st.button("Add them", type="primary", icon=":material/check:", disabled=not new + replaced, key="mappings-add", **state.on_click(add, brought, new + replaced))


def add(brought: MappingBook, count: int) -> None:
    change(lambda book: mapping.merge(book, brought), f"{count} added.")
    state.remember("mappings-round", state.recall("mappings-round", 0) + 1)


page()
