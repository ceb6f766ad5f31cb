"""The mapping screen: what each table and column was taken as, with examples, and pick-lists to correct it.

How the Load page uses it, between upload and preview:

    book = mapping.mapping_screen(files, data.store().mapping_book())
    if book is None:
        return                      # it is asking; whatever is decided reruns the page
    prepared = work.run("prepare", mapping.key(files, book), "Checking the rows", mapping.reading(files).prepare, mapping=book)
    if prepared is None:
        return
    mapping.values_screen(prepared.questions, data.store().mapping_book())

Nothing is remembered until *Use this mapping* (or *Remember these meanings*) is pressed; then it is, for every table with the
same headers. The examples are children's data: they are on the page, and in the session (with the result of looking into the
files, and the child process that holds their rows) until `mapping.close()`, never in a log, an address or a store.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

import streamlit as st

from cpm_metrics.access.seen import HEADERS_REMEMBERED
from cpm_metrics.extracts.datasets import DATASETS
from cpm_metrics.extracts.isolate import Reading
from cpm_metrics.extracts.mapping import IGNORE, MappingBook
from cpm_metrics.extracts.problems import InputFile, Question
from cpm_metrics.views import mapping
from cpm_metrics.views.mapping import HeaderRow, Judgement, Table
from pages._shared import data, faults, state, work
from pages._shared.gate import who
from pages._shared.show import plain

LATER = "later"  # a table left out of this load, a value left as it is: asked about again
OUT = ""  # a column left out
FEW = 12  # columns that are shown at once; more come folded, with a filter
VALUES_SHOWN = 20


def key(files: Sequence[InputFile], book: MappingBook) -> tuple[str, str]:
    """The same files read with the same answers give the same."""
    return digest(files), hashlib.sha256(book.to_json().encode()).hexdigest()[:16]


def digest(files: Sequence[InputFile]) -> str:
    whole = hashlib.sha256()
    for file in files:
        whole.update(repr(file.name).encode())
        whole.update(hashlib.sha256(file.read()).digest() if isinstance(file.data, bytes) else repr((str(file.data), file.data.stat())).encode())
    return whole.hexdigest()[:16]


def reading(files: Sequence[InputFile]) -> Reading:
    """The process that has read these files, for all that is asked about them. It ends with the session, and at `close`."""
    of = digest(files)
    kept = state.recall("reading")
    if kept is None or kept[0] != of:
        _close_reading()
        kept = of, Reading(files)
        state.remember("reading", kept)
    return kept[1]


def _close_reading() -> None:
    kept = state.forget("reading")
    if kept is not None:
        kept[1].close()


def close() -> None:
    """Lets go of everything about the files: after the load, or when they are taken away."""
    work.forget("inspect")
    _close_reading()
    state.forget("mapping")
    state.forget("mapping-later")


def mapping_screen(files: Sequence[InputFile], book: MappingBook, by: str | None = None) -> MappingBook | None:
    """Shows how the tables are understood. -> the book to prepare the load with, or None while there is something to decide.

    What comes back is `book`, and for this load alone the tables that were left out "this time".
    """
    of = key(files, book)
    tables = work.run("inspect", of, "Reading the files", mapping.look_into, reading(files), book)
    if tables is None:
        return None
    if (state.recall("mapping") or {}).get("of") != of:
        state.remember("mapping", {"of": of, "choices": {}})
    later = _later()
    asking = [t for t in tables if t.must and t.key not in later]
    _screen(tables, [t.key for t in asking], book, by or who())
    if asking:
        return None
    if not any(t.key in later and t.refuse for t in tables):
        return book
    this_time = MappingBook.from_json(book.to_json())
    for table in tables:
        if table.key in later and table.refuse:
            this_time.remember_headers(table.rows_at[0].headers, IGNORE)
    return this_time


# -- choices: in the session while the screen is open. Letters, fields and datasets only.


def _choice(table: Table) -> dict:
    choices = state.recall("mapping")["choices"]
    if table.key not in choices:
        dataset = LATER if table.key in _later() else IGNORE if table.ignored else table.dataset if table.known or table.refuse else None
        row = table.rows_at[0]
        choices[table.key] = {"dataset": dataset, "row": 0, "columns": _columns_at_first(table, row, dataset), "turn": 0}
    return choices[table.key]


def _later() -> frozenset[str]:
    """Tables (their keys) of these files that are left out this time."""
    of, tables = state.recall("mapping-later") or (None, frozenset())
    return tables if of == state.recall("mapping")["of"][0] else frozenset()


def _columns_at_first(table: Table, row: HeaderRow, dataset: str | None) -> dict[str, str | None]:
    return mapping.chosen_at_first(table, row, dataset) if dataset in DATASETS else {}


def _row(table: Table) -> HeaderRow:
    return table.rows_at[_choice(table)["row"]]


def _widget(table: Table, choice: dict, name: str) -> str:
    """`turn` makes the widgets new when the dataset or the header row changes."""
    return f"map-{table.key}-{choice['turn']}-{name}"


def _again(table: Table, **changed) -> None:
    choice = _choice(table)
    choice.update(changed)
    choice["turn"] += 1
    choice["columns"] = _columns_at_first(table, table.rows_at[choice["row"]], choice["dataset"])


def _dataset_chosen(table: Table) -> None:
    _again(table, dataset=state.widget(f"map-{table.key}-dataset"))


def _row_chosen(table: Table) -> None:
    _again(table, row=state.widget(f"map-{table.key}-row"))


def _field_chosen(table: Table, letter: str) -> None:
    choice = _choice(table)
    choice["columns"][letter] = state.widget(_widget(table, choice, letter)) or None
    _show_in_widgets(table, choice)


def _column_chosen(table: Table, field: str) -> None:
    """From the pick-list of a required field: that column, and no other, is the field."""
    choice = _choice(table)
    letter = state.widget(_widget(table, choice, f"for-{field}"))
    for other, name in choice["columns"].items():
        if name == field:
            choice["columns"][other] = None
    if letter:
        choice["columns"][letter] = field
    _show_in_widgets(table, choice)


def _show_in_widgets(table: Table, choice: dict) -> None:
    """Both pick-lists (of the field, of the column) say the same."""
    for letter in choice["columns"]:
        state.set_widget(_widget(table, choice, letter), choice["columns"][letter] or OUT)
    for f in DATASETS[choice["dataset"]].required:
        state.set_widget(_widget(table, choice, f"for-{f.name}"), _letter_of(choice, f.name))


def _letter_of(choice: dict, field: str) -> str | None:
    return next((letter for letter, name in choice["columns"].items() if name == field), None)


# -- the screen


@st.fragment
def _screen(tables: list[Table], asking: list[str], book: MappingBook, by: str) -> None:
    ask = [t for t in tables if t.key in asking]
    rest = [t for t in tables if t.key not in asking]
    if ask:
        st.header("What are these columns?", anchor=False)
        st.caption(
            f"{_tables(len(ask)).capitalize()} can’t be told by {'its' if len(ask) == 1 else 'their'} headers alone. Say it once: it is remembered for every "
            "table with the same headers. The examples come from your file and are only shown here."
        )
        for table in ask:
            with st.container(border=True):
                _one(table, book, open_=True)
    if rest:
        words = "How the columns were understood" if not ask else f"The other {_tables(len(rest))}"
        said = [f"{sum(t.known for t in rest)} used", f"{n} left out" if (n := sum(not t.known for t in rest)) else ""]
        with st.expander(f"{words} ({', '.join(s for s in said if s)})", icon=":material/view_column:"):
            _overview(rest)
            shown = [t for t in rest if t.rows_at]
            if len(shown) > 1:
                at = st.selectbox("Look at, or correct", range(len(shown)), format_func=lambda i: _place_words(shown[i]), key=f"map-which-{len(ask)}")
            else:
                at = 0
            if shown:
                _one(shown[at], book, open_=False)
    _buttons(ask, rest, book, by)


def _tables(n: int) -> str:
    return "1 table" if n == 1 else f"{n} tables"


def _place_words(table: Table) -> str:
    first = mapping.place(*table.places[0][:2])
    return first if len(table.places) == 1 else f"{first} and {len(table.places) - 1} more with the same headers"


def _rows_words(table: Table) -> str:
    return "1 row" if table.rows == 1 else f"{table.rows:,} rows"


def _overview(tables: list[Table]) -> None:
    """One line per table: taken as what, how sure, or why it isn't used."""
    lines = []
    for t in tables:
        if t.derived:
            what = ", ".join(DATASETS[d].title for d in t.derived) + ". " + mapping.certainty(t, None, None, {})
        elif t.ignored:
            what = "left out, as you said before. To use it after all, choose below what it is."
        elif t.key in _later():
            what = "left out this time."
        elif t.why:
            what = f"not used: {t.why}"
        else:
            row = t.rows_at[0]
            used = sum(bool(c.field) for c in row.columns)
            what = f"{DATASETS[t.dataset].title}, {used} of {len(row.columns)} columns used. {mapping.certainty(t, row, t.dataset, {})}"
        lines.append(f"- **{plain(_place_words(t))}** ({_rows_words(t)}): {plain(what)}")
    st.markdown("\n".join(lines))


def _one(table: Table, book: MappingBook, open_: bool) -> None:
    """One table: what it is, its required columns, and all its columns."""
    if table.derived:
        st.caption("Its columns need no mapping.")
        _derived_columns(table)
        return
    choice = _choice(table)
    st.markdown(f"**{plain(_place_words(table))}** · {_rows_words(table)}, {len(_row(table).columns)} columns")
    several = len(table.rows_at) > 1
    left, *middle, right = st.columns([3, 3, 3] if several else [3, 6], vertical_alignment="bottom")
    kinds = [*DATASETS, IGNORE, *([LATER] if table.must else [])]
    with left:
        at = f"map-{table.key}-dataset"
        if state.widget(at) is None and choice["dataset"]:
            state.set_widget(at, choice["dataset"])
        st.selectbox(
            "What is this table?", kinds, index=None, format_func=_dataset_words, key=at, placeholder="Choose what it is",
            help="Each kind says what one row is. “This time” asks again at the next load.", **_on_change(_dataset_chosen, table),
        )  # fmt: skip
    if several:
        at = f"map-{table.key}-row"
        if state.widget(at) is None:
            state.set_widget(at, choice["row"])
        with middle[0]:
            st.selectbox("Its headers are in row", range(len(table.rows_at)), format_func=lambda i: _row_words(table.rows_at[i]), key=at, **_on_change(_row_chosen, table))
    dataset = choice["dataset"]
    with right:
        _how_sure(table, dataset, choice)
    if dataset not in DATASETS:
        _plain_columns(_row(table))
        return
    row = _row(table)
    found = mapping.judge(table, row, dataset, choice["columns"], book)
    _required(table, row, choice, found)
    _in_the_way(row, found)
    many = len(row.columns) > FEW
    used = sum(bool(choice["columns"].get(c.letter)) for c in row.columns)
    folded = st.expander(f"All {len(row.columns)} columns: {used} used, {len(row.columns) - used} left out", key=f"map-{table.key}-all") if many and open_ else st.container()
    with folded:
        _all_columns(table, row, choice, found, many)
        absent = [f.header for f in DATASETS[dataset].fields if not f.required and f.name not in choice["columns"].values()]
        if absent:
            st.caption(f"Without a column, and so “cannot tell” where a rule needs it: {', '.join(absent)}.")


def _on_change(action, *args) -> dict:
    return {"on_change": action, "args": args}


def _dataset_words(name: str) -> str:
    if name == IGNORE:
        return "None of them: leave it out of every load"
    if name == LATER:
        return "Leave it out this time"
    return f"{DATASETS[name].title} (one row is {DATASETS[name].row})"


def _row_words(row: HeaderRow) -> str:
    return f"{row.number}: " + ", ".join(_short(h, 30) for h in row.headers[:4]) + (" …" if len(row.headers) > 4 else "")


def _how_sure(table: Table, dataset: str | None, choice: dict) -> None:
    if dataset is None:
        nearest = f"It looks most like {DATASETS[table.dataset].title}, but too few of its headers are known." if table.dataset in DATASETS else "None of its headers is known."
        doubtful = f" Choose only if row {_row(table).number} holds headers, not a record: headers are remembered." if table.dataset is None else ""
        st.caption(f":material/help: {nearest} Until you choose, it is left out.{doubtful}")
    elif dataset in (IGNORE, LATER):
        st.caption(":material/block: Left out of " + ("this load, and asked about again." if dataset == LATER else "this and every later load with these headers."))
    else:
        words = mapping.certainty(table, _row(table), dataset, choice["columns"])
        icon = ":material/check_circle:" if words.startswith(("Sure", "Fairly", "All")) else ":material/help:"
        nearest = f" It looks most like {DATASETS[dataset].title}." if table.why and table.dataset == dataset else ""
        st.caption(f"{icon} {plain(words + nearest)}")


def _required(table: Table, row: HeaderRow, choice: dict, found: Judgement) -> None:
    """A pick-list of columns for each required field: the short way for a table with many columns."""
    fields = DATASETS[choice["dataset"]].required
    headers = {c.letter: c for c in row.columns}
    missing = {f.name for f in found.missing}
    st.markdown("**Which column is…**" if missing else "**Required columns**")
    for f, place in zip(fields, st.columns(max(len(fields), 3)), strict=False):
        current = _letter_of(choice, f.name)
        options = ([current] if current else []) + [c.letter for c in mapping.near(f, choice["dataset"], row, choice["columns"])]
        at = _widget(table, choice, f"for-{f.name}")
        if state.widget(at) not in options:
            state.set_widget(at, current)
        with place.container(gap="xsmall"):
            st.selectbox(
                f"{f.header} (required)", options, index=None, key=at, placeholder="Choose a column", help=f.help or None,
                format_func=lambda letter, f=f: _column_words(headers[letter], mapping.like(f, headers[letter])), **_on_change(_column_chosen, table, f.name),
            )  # fmt: skip
            if current:
                _examples(headers[current].samples)
                if current in found.doubts:
                    st.caption(f":orange[:material/warning: {plain(found.doubts[current])}]")
            else:
                st.caption(":red[:material/error: Still missing]")


def _column_words(column: mapping.Column, likely: bool) -> str:
    return f"{column.letter} · {_short(column.header, 60)}" + (" (similar)" if likely and not column.field else "")


def _examples(samples: Sequence[str]) -> None:
    st.caption(" · ".join(plain(_short(s)) for s in samples) if samples else "No values in the first rows")


def _spoken(text: str) -> str:
    """For a label that only a screen reader reads, which would read out the escapes too: without what Markdown could use."""
    return " ".join(re.sub(r"[^\w\s.,'’/-]", " ", text).replace("_", " ").split())


def _short(text: str, most: int = 34) -> str:
    text = " ".join(text.removesuffix(" 00:00:00").split())
    return text if len(text) <= most else text[: most - 1] + "…"


def _in_the_way(row: HeaderRow, found: Judgement) -> None:
    headers = {c.letter: c.header for c in row.columns}
    for f, letters in found.twice:
        st.error(f"{f.header} is given to {len(letters)} columns ({', '.join(letters)}). Keep one, and leave the others out.", icon=":material/error:")
    for letters in found.same:
        st.error(
            f"Columns {' and '.join(letters)} have the same header “{plain(headers[letters[0]])}”, so they can’t be told apart. Leave them out, or rename one in the spreadsheet and upload it again.",
            icon=":material/error:",
        )
    if found.other:
        st.error(plain(found.other), icon=":material/error:")


WIDTHS = [2.6, 3.4, 2.6, 2.4]


def _all_columns(table: Table, row: HeaderRow, choice: dict, found: Judgement, many: bool) -> None:
    """One line per column of the user's table, in the order of the spreadsheet."""
    columns, dataset = choice["columns"], DATASETS[choice["dataset"]]
    shown = list(row.columns)
    if many:
        used = {c.letter for c in shown if columns.get(c.letter)}
        counts = {"All": len(shown), "Used": len(used), "Left out": len(shown) - len(used), "Worth a look": len(found.doubts)}
        only = st.segmented_control("Show columns", list(counts), default="All", required=True, format_func=lambda n: f"{n} ({counts[n]})", key=f"map-{table.key}-only", label_visibility="collapsed")
        shown = [c for c in shown if only == "All" or (only == "Used" and c.letter in used) or (only == "Left out" and c.letter not in used) or (only == "Worth a look" and c.letter in found.doubts)]
    options = [OUT, *(f.name for f in dataset.fields)]
    with st.container(key=f"mapgrid-{table.key}", gap="xsmall"):
        for place, words in zip(st.columns(WIDTHS), ("Column and header", "Examples", "Is", ""), strict=True):
            place.caption(f"**{words}**" if words else " ")
        for column in shown:
            head, examples, pick, remark = st.columns(WIDTHS, vertical_alignment="center")
            head.markdown(f"`{column.letter}` {plain(_short(column.header, 90)) or '*no header*'}", help=plain(column.header) if len(column.header) > 90 else None)
            with examples:
                _examples(column.samples)
            if not column.header:
                remark.caption("Can’t be used without a header: give it one in the spreadsheet.")
                continue
            at = _widget(table, choice, column.letter)
            if state.widget(at) not in options:
                state.set_widget(at, columns.get(column.letter) or OUT)
            pick.selectbox(
                f"Column {column.letter}, {_spoken(column.header)}, is", options, key=at, label_visibility="collapsed",
                format_func=lambda name: _field_words(dataset, name), **_on_change(_field_chosen, table, column.letter),
            )  # fmt: skip
            remark.caption(_remark(column, columns.get(column.letter), choice["dataset"] == table.dataset, found))


def _field_words(dataset, name: str) -> str:
    if name == OUT:
        return "Leave out"
    f = dataset.field(name)
    return f.header + (" (required)" if f.required else "")


def _remark(column: mapping.Column, chosen: str | None, as_read: bool, found: Judgement) -> str:
    if column.letter in found.doubts:
        return f":orange[:material/warning: {plain(found.doubts[column.letter])}]"
    if not chosen:
        return "Left out, as you chose" if column.field and as_read else "Left out"
    return f":material/check: {mapping.HOW[column.how] if as_read and column.field == chosen else 'As you chose'}"


def _plain_columns(row: HeaderRow) -> None:
    """The columns of a table that isn't a dataset (yet): enough to see what it is."""
    some = row.columns[:FEW]
    lines = [f"`{c.letter}` **{plain(_short(c.header, 60)) or 'no header'}**: {' · '.join(plain(_short(s)) for s in c.samples) or 'no values'}" for c in some]
    more = f" … and {len(row.columns) - FEW} more columns" if len(row.columns) > FEW else ""
    st.caption("  \n".join(lines) + more)


def _derived_columns(table: Table) -> None:
    used = [c for c in table.rows_at[0].columns if c.field]
    out = [c.header for c in table.rows_at[0].columns if not c.field and c.header]
    st.caption("Used: " + ", ".join(plain(c.header) for c in used) + (". Left out: " + ", ".join(plain(h) for h in out) if out else "") + ".")


# -- using it


def _buttons(ask: list[Table], rest: list[Table], book: MappingBook, by: str) -> None:
    touched = [t for t in (*ask, *rest) if t.rows_at and not t.derived and t.key in state.recall("mapping")["choices"]]
    decided = [t for t in touched if _choice(t)["dataset"] in (*DATASETS, IGNORE) and (mapping.changed(t, _row(t), _taken_as(t), _choice(t)["columns"]) or t.key in {a.key for a in ask})]
    decided = [t for t in decided if not (t.ignored and _choice(t)["dataset"] == IGNORE)]
    wrong = [t for t in decided if _choice(t)["dataset"] in DATASETS and not mapping.judge(t, _row(t), _choice(t)["dataset"], _choice(t)["columns"], book).fits]
    skipped = [t for t in ask if _choice(t)["dataset"] in (None, LATER)]
    if not ask and not decided:
        return
    left, right = st.columns([1, 3], vertical_alignment="center")
    pressed = left.button("Use this mapping", type="primary", icon=":material/check:", disabled=bool(wrong), key="map-use", width="stretch")
    right.caption(_what_happens(decided, wrong, skipped))
    if pressed:
        with faults.told():
            _keep(decided, by)
            if skipped:
                state.remember("mapping-later", (state.recall("mapping")["of"][0], _later() | {t.key for t in skipped}))
            st.rerun()


def _taken_as(table: Table) -> str | None:
    dataset = _choice(table)["dataset"]
    return dataset if dataset in (*DATASETS, IGNORE) else None


def _what_happens(decided: list[Table], wrong: list[Table], skipped: list[Table]) -> str:
    if wrong:
        return f":red[:material/error: Not yet: {plain('; '.join(_place_words(t) for t in wrong))} still needs an answer above, or to be left out.]"
    parts = [f"{plain(_place_words(t))} as {DATASETS[d].title}" for t in decided if (d := _choice(t)["dataset"]) in DATASETS]
    out = [plain(_place_words(t)) for t in decided if _choice(t)["dataset"] == IGNORE]
    words = ["Will be remembered and used: " + "; ".join(parts) + "." if parts else "", "Left out of every load: " + "; ".join(out) + "." if out else ""]
    if skipped:
        words.append("Left out this time: " + "; ".join(plain(_place_words(t)) for t in skipped) + ".")
    return " ".join(w for w in words if w)


def _keep(decided: list[Table], by: str) -> None:
    """Into the store's book as it is now: someone else may have added to it meanwhile."""
    if not decided:
        return
    store = data.store()
    kept = store.mapping_book()
    for table in decided:
        choice = _choice(table)
        mapping.remember(kept, table, _row(table), choice["dataset"], choice["columns"])
    store.keep_mapping_book(kept, by)
    for table in decided:
        choice = _choice(table)
        store.state.note(by, HEADERS_REMEMBERED, mapping.header_key(_row(table).headers), {"dataset": choice["dataset"]})


# -- coded values


def values_screen(questions: Sequence[Question], book: MappingBook, by: str | None = None) -> None:
    """Coded values that nobody has explained yet, the most frequent first. What is chosen is remembered, and reruns the page.

    `book` is there so that a value just explained is not asked about again while the files are being read anew.
    """
    asked = [q for q in questions if not _answered(q, book)]
    if asked:
        _values(asked, by or who())


def _answered(question: Question, book: MappingBook) -> bool:
    from cpm_metrics.extracts.folding import fold

    return fold(question.value) in book.codes_for(question.dataset, question.field)


@st.fragment
def _values(questions: list[Question], by: str) -> None:
    times = sum(q.count for q in questions)
    with st.container(border=True):
        st.markdown(f"**{'1 value' if len(questions) == 1 else f'{len(questions):,} values'} to explain** ({times:,} {'cell' if times == 1 else 'cells'})")
        st.caption("The file uses words that aren’t known yet. Say once what they mean; it is remembered for every later load.")
        shown = questions
        if len(questions) > VALUES_SHOWN:
            all_ = st.toggle(f"Show all {len(questions):,}, not only the {VALUES_SHOWN} most frequent", key="values-all")
            shown = questions if all_ else questions[:VALUES_SHOWN]
        answers = []
        for question in shown:
            at = f"value-{hashlib.sha256(repr((question.dataset, question.field, question.value)).encode()).hexdigest()[:12]}"
            left, right = st.columns([3, 2], vertical_alignment="center")
            words = left.container(gap=None)
            words.markdown(f"“{plain(_short(question.value, 90))}”")
            words.caption(f"{DATASETS[question.dataset].title}, {question.header} · {question.count:,} {'time' if question.count == 1 else 'times'} · {mapping.meaning_until_then(question)}")
            answer = right.selectbox(
                f"{question.header}: {_spoken(_short(question.value, 90))} means", [LATER, *question.choices, OUT], key=at, label_visibility="collapsed", format_func=_code_words
            )
            if answer != LATER:
                answers.append((question, answer))
        pressed = st.button("Remember these meanings", type="primary", icon=":material/check:", disabled=not answers, key="values-use")
        if pressed:
            with faults.told():
                store = data.store()
                kept = store.mapping_book()
                for question, answer in answers:
                    kept.remember_value(question.dataset, question.field, question.value, answer)
                store.keep_mapping_book(kept, by)
                st.rerun()


def _code_words(code: str) -> str:
    return "Ask me again later" if code == LATER else mapping.label(code)
