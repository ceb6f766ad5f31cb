"""Load: from spreadsheets to a new load, with a look at it first; the history; undo."""

import getpass
import io
import tempfile
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import streamlit as st

from cpm_metrics import sample
from cpm_metrics.errors import CpmError
from cpm_metrics.extracts.cross_checks import cross_checks
from cpm_metrics.extracts.datasets import DATASETS
from cpm_metrics.extracts.prepare import prepare
from cpm_metrics.extracts.problems import InputFile, Prepared, Problem
from cpm_metrics.extracts.template import write_template
from cpm_metrics.store import DamagedStore, SurprisingLoad
from cpm_metrics.views import changes, look
from pages._shared import data, frame, show, state
from pages._shared.faults import refused
from pages._shared.gate import gate

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
TYPES = ["xlsx", "xlsm", "xls", "xlsb", "ods", "csv", "txt", "zip"]
MOST_ROWS = 500  # shown of one kind of problem; the download has all


def page() -> None:
    gate()
    frame.title("Load")
    st.caption("From your case system’s spreadsheets to this dashboard. Nothing leaves this computer, and nothing changes until you say so.")
    try:
        current = data.store().current()
    except DamagedStore as problem:
        damaged(problem)
        return
    said = state.forget("loaded")
    if said:
        st.success(said, icon=":material/check_circle:")
        st.page_link("pages/now/this_week.py", label="See this week", icon=":material/today:")
    left, right = st.columns([3, 2], gap="large")
    with right:
        beginning(current is None)
    with left:
        files = upload()
    if files:
        preview(files, current)
    history()


def beginning(empty: bool) -> None:
    if empty:
        with st.container(border=True):
            st.markdown("**Nothing is loaded yet**")
            st.caption("Look round with an invented council of 400 children first. No real person is in it, and you can undo it.")
            if st.button("Open the invented sample council", icon=":material/science:", type="primary", key="sample"):
                open_sample()
    with st.expander("What do the files need?", icon=":material/help:", expanded=False):
        st.markdown(
            "**Two spreadsheets are enough to begin**: cases (one row per child and period of care) and Care Planning Meetings. "
            "Each further one answers more rules; what isn’t loaded stays at “cannot tell”, with the reason.\n\n"
            "Tables are told by their column headings, not by file or sheet names. Your system’s own headings mostly map by themselves, "
            "as do the template’s, Annex A and SSDA903 files. Dates are read day first, never month first."
        )
        st.download_button("Download the template", template, "care-planning-template.xlsx", XLSX, key="template", icon=":material/download:", on_click="ignore")


def template() -> bytes:
    buffer = io.BytesIO()
    write_template(buffer)
    return buffer.getvalue()


def upload() -> list:
    return st.file_uploader(
        "Spreadsheets of one extract (several files at once)", TYPES, accept_multiple_files=True, key=f"files-{state.recall('round', 0)}",
        help="Excel or CSV, as your case system exports them. What isn’t in this load carries on from the load before.",
    )  # fmt: skip


# -- a look at it first


def preview(files: list, current) -> None:
    key = tuple((file.file_id, file.name, file.size) for file in files)
    prepared = read(files, key)
    if prepared is None:
        return
    recognised(prepared)
    when = extract_date(prepared)
    if when is None:
        return
    problems = [*prepared.problems, *cross_checks(prepared.tables, when, sources=prepared.sources)]
    problem_list(problems)
    what_changes(prepared, when, key, current)
    confirm(prepared, when, key)


def read(files: list, key: tuple) -> Prepared | None:
    """The files read and cleaned; remembered, so that they are read once."""
    kept = state.recall("prepared")
    if kept and kept[0] == key:
        return kept[1]
    bar = st.progress(0.0, "Reading the files…")
    try:
        prepared = prepare([InputFile(file.name, file.getvalue()) for file in files], progress=lambda stage, done, total: bar.progress(done / total if total else 0.5, show.plain(stage) + "…"))
    except CpmError as problem:
        refused(problem)
        st.caption("Nothing was loaded, and nothing has changed.")
        return None
    finally:
        bar.empty()
    state.remember("prepared", (key, prepared))
    return prepared


def recognised(prepared: Prepared) -> None:
    st.subheader("1. What was recognised", anchor=False)
    table = pd.DataFrame(
        [
            {
                "Loaded as": DATASETS[s.dataset].title, "File": s.file, "Sheet": s.sheet, "Columns used": len(s.columns),
                "Columns kept out": len(s.unmapped), "Rows read": s.rows_read, "Rows loaded": s.rows_loaded, "Rows left out": s.rows_left_out,
            }
            for s in prepared.sources
        ]
    )  # fmt: skip
    st.dataframe(table, hide_index=True, key="recognised", alt="What was recognised", height=show.height(table))
    missing = [d.title for d in DATASETS.values() if d.name not in prepared.tables]
    if missing:
        st.caption(f"Not in these files: {', '.join(missing)}. They carry on from the load before, where there was one.")
    with st.expander("How each column was understood"):
        for s in prepared.sources:
            st.text(f"{DATASETS[s.dataset].title}: {s.file}" + (f", sheet {s.sheet}" if s.sheet else "") + f", headers in row {s.header_row}")
            titles = {f.name: f.header for f in DATASETS[s.dataset].fields}
            st.dataframe(
                pd.DataFrame([{"Column": m.letter, "Heading in the file": m.header, "Taken as": titles.get(m.field, "kept out") if m.field else "kept out", "How": m.how or ""} for m in s.mapping]),
                hide_index=True, key=f"mapping-{s.source}", alt="Columns", height=show.height(s.mapping, 300),
            )  # fmt: skip
            for note in s.notes:
                st.caption(show.plain(note))
    for table in prepared.unknown_tables:
        st.info(show.plain(f"Not used: {table.file}" + (f", sheet {table.sheet}" if table.sheet else "") + f". {table.why}"), icon=":material/info:")
    if prepared.questions:
        with st.container(border=True):
            st.markdown(f":material/help: **{look.count(len(prepared.questions), 'value')} not known**")
            st.caption("These values of coded columns were not understood, so they count as “cannot tell” or as shown. The rows were loaded.")
            st.dataframe(
                pd.DataFrame([{"Dataset": DATASETS[q.dataset].title, "Column": q.header, "Value": q.value, "Rows": q.count, "Taken as": q.taken_as or "blank"} for q in prepared.questions]),
                hide_index=True, key="questions", alt="Values not known",
            )  # fmt: skip


def extract_date(prepared: Prepared) -> date | None:
    st.subheader("2. When was the extract taken?", anchor=False)
    left, right = st.columns([1, 3], vertical_alignment="bottom")
    suggested = prepared.suggested_extract_date
    with left:
        when = st.date_input("Extract date", suggested, format="DD/MM/YYYY", key=f"extract-{prepared.files[0].sha256[:12]}")
    with right:
        if suggested:
            st.caption(f"We think {look.day(suggested)}, from the file names or the newest date in the files. Please check: it decides what counts as overdue.")
        else:
            st.caption("The files don’t say. It is the day on which the report was run in the case system.")
    return when


def problem_list(problems: list[Problem]) -> None:
    left_out = sum(p.severity == "error" for p in problems)
    st.subheader("3. What needs a look", anchor=False)
    if not problems:
        show.empty("No problems", "Every row and every cell could be read.")
        return
    st.caption(f"{look.count(len(problems), 'problem')}; {look.count(left_out, 'row')} left out. Correct them in the case system or the spreadsheet and load again, or go on: nothing else is affected.")
    for severity, words in look.SEVERITY.items():
        group = [p for p in problems if p.severity == severity]
        if group:
            with st.expander(f"**{len(group):,}** · {words.word}", icon=words.icon):
                one_severity(group, severity, words)
    show.downloads(problem_frame(problems), "problems", {}, title="Problems")


def one_severity(group: list[Problem], severity: str, words: look.Look) -> None:
    """How often each thing happened, and the rows it happened in."""
    found = Counter((p.message, p.remedy) for p in group)
    if words.meaning:
        st.caption(words.meaning)
    table = pd.DataFrame([{"Times": times, "What is wrong": message, "What to do": remedy} for (message, remedy), times in found.most_common()])
    st.dataframe(
        table, hide_index=True, key=f"kinds-{severity}", alt=words.word, placeholder="", height=show.height(table, 400),
        column_config={"Times": st.column_config.NumberColumn(width=60), "What is wrong": st.column_config.TextColumn(width=430), "What to do": st.column_config.TextColumn(width=430)},
    )  # fmt: skip
    rows = problem_frame(group[:MOST_ROWS]).drop(columns=["What happened", "What to do"])
    st.dataframe(rows, hide_index=True, key=f"problems-{severity}", alt="Where", placeholder="", height=show.height(rows, 400))
    if len(group) > MOST_ROWS:
        st.caption(f"The first {MOST_ROWS} of {len(group):,}; the download has all.")


def problem_frame(problems: list[Problem]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "What happened": look.SEVERITY[p.severity].word, "Dataset": DATASETS[p.dataset].title if p.dataset in DATASETS else None, "File": p.file, "Sheet": p.sheet, "Row": p.row,
                "Column": p.column, "Heading": p.header, "Value": p.value, "What is wrong": p.message, "What to do": p.remedy,
            }
            for p in problems
        ]
    ).astype({"Row": "Int64"})  # fmt: skip


def what_changes(prepared: Prepared, when: date, key: tuple, current) -> None:
    st.subheader("4. What would change", anchor=False)
    before = current.info.load_id if current else None
    kept = state.recall("preview")
    if kept and kept[0] == (key, when, before):
        found = kept[1]
    else:
        with st.spinner("Working out what would change…"):
            found = changes.preview(data.store(), prepared, when, data.settings())
        state.remember("preview", ((key, when, before), found))
    columns = st.columns(5)
    columns[0].metric("Children in care", f"{found.children_after:,}", f"{found.children_after - found.children_before:+,}" if current and found.children_after != found.children_before else None, delta_color="off", border=True, height="stretch")
    if found.changes is None:
        columns[1].metric("Children new to the dashboard", f"{len(found.added):,}", border=True)
        st.caption("This is the first load: there is nothing to compare it with.")
        return
    for column, (label, number, help_) in zip(
        columns[1:],
        (
            ("Children added", len(found.added), "Not in the current load."), ("Children gone", len(found.gone), "In the current load, and not in this one."),
            ("Newly overdue", len(found.changes.newly_overdue), None), ("No longer overdue", len(found.changes.cleared), None),
        ),
        strict=True,
    ):  # fmt: skip
        column.metric(label, f"{number:,}", border=True, help=help_, height="stretch")
    if found.added or found.gone:
        with st.expander("Which children?"):
            st.dataframe(pd.DataFrame({"Child ID": [*found.added, *found.gone], "": ["added"] * len(found.added) + ["gone"] * len(found.gone)}), hide_index=True, key="which", alt="Children added and gone")
    if found.carried:
        st.caption("Carried on from earlier loads: " + ", ".join(f"{DATASETS[name].title} ({look.day(day)})" for name, day in found.carried.items()) + ".")


def confirm(prepared: Prepared, when: date, key: tuple) -> None:
    surprise = state.recall("surprise")
    asked = surprise is not None and surprise[0] == (key, when)
    if asked:
        st.warning("This load is unusual:\n\n" + "\n".join(f"- {show.plain(text)}" for text in surprise[1]), icon=":material/warning:")
    label = "Yes, load it all the same" if asked else f"Load as the extract of {look.day(when)}"
    if not st.button(label, type="primary", icon=":material/database_upload:", key="commit"):
        return
    bar = st.progress(0.0, "Loading…")
    try:
        info = data.store().commit(prepared, when, who(), confirmed=asked, progress=lambda stage, done, total: bar.progress(min(1.0, done / total) if total else 0.5, f"{stage.capitalize()}…"))
    except SurprisingLoad as problem:
        state.remember("surprise", ((key, when), list(problem.explanations.values())))
        st.rerun()
    except CpmError as problem:
        bar.empty()
        refused(problem)
        return
    done(f"Loaded: the extract of {look.day(info.extract_date)} is now current. It can be undone below.")


def done(text: str) -> None:
    for name in ("prepared", "preview", "surprise"):
        state.forget(name)
    state.remember("round", state.recall("round", 0) + 1)
    state.remember("loaded", text)
    st.rerun()


def who() -> str:
    """Until sign-in exists: the account that runs the program."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "this computer"


def open_sample() -> None:
    """The invented council, as of the last Friday, through the ordinary way in."""
    today = date.today()
    friday = today - timedelta(days=(today.weekday() - 4) % 7)
    with st.status("Inventing a council…", expanded=True) as status, tempfile.TemporaryDirectory() as folder:
        files = sample.write(Path(folder), extract_date=friday)
        status.update(label="Reading its spreadsheets…")
        prepared = prepare([InputFile(path.name, path) for path in files])
        status.update(label="Loading…")
        data.store().commit(prepared, friday, "invented sample", confirmed=True)
    done("The invented sample council is loaded. No real person is in it.")


# -- earlier loads


def history() -> None:
    loads = data.store().history()
    st.subheader("Loads", anchor=False)
    if not loads:
        st.caption("None yet. Each load is kept, and the newest can be undone.")
        return
    current = data.store().current()
    rows = [
        {
            "State": "Undone" if i.undone else "Current" if current and i.load_id == current.info.load_id else "Earlier",
            "Extract of": pd.Timestamp(i.extract_date), "Loaded": pd.Timestamp(i.loaded_at).tz_localize(None), "By": i.by,
            "Files": "; ".join(f.name for f in i.files), "Cases": i.counts.get("cases", 0), "Meetings": i.counts.get("meetings", 0),
            "Rows left out": i.problem_counts.get("error", 0), "Warnings": i.problem_counts.get("warning", 0),
        }
        for i in loads
    ]  # fmt: skip
    st.dataframe(
        pd.DataFrame(rows), hide_index=True, key="history", alt="Loads", column_config={"Extract of": show.date_column("Extract of"), "Loaded": st.column_config.DatetimeColumn("Loaded (UTC)", format="D MMM YYYY, HH:mm"), "Files": st.column_config.TextColumn("Files", width=320)},
    )  # fmt: skip
    if current is None:
        return
    dates = current.info.dataset_dates
    older = {name: day for name, (day, _) in dates.items() if day != current.info.extract_date}
    if older:
        st.caption("Older than the current extract: " + ", ".join(f"{DATASETS[name].title} ({look.day(day)})" for name, day in older.items()) + ".")
    never = [d.title for d in DATASETS.values() if d.name not in dates]
    if never:
        st.caption(f"Never loaded: {', '.join(never)}. Rules that need them say “cannot tell”.")
    with st.popover("Undo the current load", icon=":material/undo:"):
        st.markdown(f"The extract of **{look.day(current.info.extract_date)}** is set aside and the load before becomes current. Nothing is deleted.")
        if st.button("Undo it", type="primary", key="undo"):
            try:
                before = data.store().undo(who(), current.info.load_id)
            except CpmError as problem:
                refused(problem)
                return
            done(f"Undone. The extract of {look.day(before.extract_date)} is current again." if before else "Undone. Nothing is loaded now.")


def damaged(problem: DamagedStore) -> None:
    refused(problem)
    if problem.last_good and st.button("Go back to the last good load", type="primary", key="recover"):
        data.store().recover(who())
        done("The last good load is current again.")


page()
