"""Load: from spreadsheets to a new load, with a look at it first, and what to look at after it; the loads so far."""

import io
import re
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import streamlit as st

from cpm_metrics import marked, sample
from cpm_metrics.extracts.datasets import DATASETS
from cpm_metrics.extracts.folding import INVISIBLE
from cpm_metrics.extracts.prepare import prepare
from cpm_metrics.extracts.problems import InputFile, Prepared, Problem
from cpm_metrics.extracts.template import write_template
from cpm_metrics.store import DamagedStore, SurprisingLoad
from cpm_metrics.views import look
from cpm_metrics.views import preview as look_ahead
from pages._server import options
from pages._shared import data, downloads, frame, loads, mapping, record_screen, show, state, work
from pages._shared.faults import refused
from pages._shared.gate import gate, who

TYPES = ["xlsx", "xlsm", "xls", "xlsb", "ods", "csv", "txt", "zip", "docx"]
LONGEST_NAME = 120  # characters of a file's name
_UNSEEN = re.compile(f"[\x00-\x1f\x7f{INVISIBLE}]")
MOST_ROWS = 500  # shown of one kind of problem or change; the download has all


def page() -> None:
    gate()
    frame.title("Load")
    stays = "The files go to your council’s own server and nowhere else" if options.sign_in_is_on() else "Nothing leaves this computer"
    st.caption(f"From your case system’s spreadsheets to this dashboard. {stays}, and nothing changes until you say so.")
    try:
        current = data.store().current()
    except DamagedStore as problem:
        damaged(problem)
        return
    loaded()
    loads.said()
    left, right = st.columns([3, 2], gap="large")
    with left:
        chosen = sorted_by_kind(upload())
    if not chosen.tables and not chosen.records:
        with right:
            beginning(current is None)
    if loading():
        return
    if chosen.records or record_screen.just_added():
        record_screen.screen(chosen.records, let_go)
    if chosen.tables:
        preview(chosen.tables, current)
        return
    mapping.close()
    work.forget()
    history()


@dataclass(frozen=True)
class Chosen:
    """The uploaded files by what they are for."""

    tables: list[InputFile]
    records: list[InputFile]


def sorted_by_kind(files: Sequence[InputFile]) -> Chosen:
    """The one place that decides what a file is for, by the end of its name (its content is looked at where it is read)."""
    records = [file for file in files if file.name.lower().endswith(record_screen.ENDING)]
    return Chosen([file for file in files if file not in records], records)


def let_go(file: InputFile) -> None:
    """A record that was added is done with; the other files stay."""
    kept = [one for one in (*state.recall("held", []), *state.recall("files", [])) if one is not file]
    state.forget("files")
    state.remember("held", kept)
    state.remember("round", state.recall("round", 0) + 1)


def beginning(empty: bool) -> None:
    if empty:
        with st.container(border=True):
            st.markdown("**Nothing is loaded yet**")
            st.caption("Look round with an invented council of 400 children first. No real person is in it, and you can undo it.")
            if st.button("Open the invented sample council", icon=":material/science:", type="primary", key="sample"):
                open_sample()
    with st.expander("What do the files need?", icon=":material/help:", expanded=empty):
        st.markdown(
            "**Two spreadsheets are enough to begin**: cases (one row per child and period of care) and Care Planning Meetings. "
            "Each further one answers more rules; what isn’t loaded stays at “cannot tell”, with the reason.\n\n"
            "Tables are told by their column headings, not by file or sheet names. Your system’s own headings mostly map by themselves, "
            "as do the template’s, Annex A and SSDA903 files. Dates are read day first, never month first."
        )
        downloads.offer("Download the template", template, "care-planning-template.xlsx", downloads.XLSX, what="Template", key="template")


def template() -> bytes:
    buffer = io.BytesIO()
    write_template(buffer)
    return buffer.getvalue()


def upload() -> list[InputFile]:
    """The files chosen, and those chosen before the person went to another page and came back: the uploader itself forgets them."""
    key = f"files-{state.recall('round', 0)}"
    now = st.file_uploader(
        "Spreadsheets of one extract (several files at once)", TYPES, accept_multiple_files=True, key=key, on_change=chosen_now, args=(key,),
        help="Excel or CSV, as your case system exports them; or a completed Care Planning Meeting Record (Word). What isn’t in this load carries on from the load before.",
    )  # fmt: skip
    if not now and state.recall("files"):
        state.remember("held", [*state.recall("held", []), *state.forget("files")])
    held = state.recall("held", [])
    if held:
        left, right = st.columns([3, 1], vertical_alignment="center")
        left.caption(f":material/attach_file: Still here: {', '.join(show.plain(file.name) for file in held)}")
        right.button("Take away", key="take-away", icon=":material/close:", width="stretch", help="Nothing is loaded by that, and nothing of the files is kept.", **state.on_click(state.forget, "held"))
    return [*held, *state.recall("files", [])]


def chosen_now(key: str) -> None:
    """Only a choice of the person's counts: after another page the uploader comes back empty by itself."""
    state.remember("files", [InputFile(called(file.name), file.getvalue()) for file in state.widget(key) or []])


def called(name: str) -> str:
    """A file's name as it is shown and kept: without what can't be seen or turns the text around it, and not longer than a line or
    two. Of a longer one the middle goes: the end often has the date."""
    name = _UNSEEN.sub("", name).strip() or "file"
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 51]}…{name[-50:]}"


# -- a look at it first


def preview(files: list[InputFile], current) -> None:
    st.header("1. What the files hold", anchor=False)
    book = mapping.mapping_screen(files, data.store().mapping_book())
    if book is None:
        return
    of = mapping.key(files, book)
    prepared = work.run("prepare", of, "Checking the rows", mapping.reading(files).prepare, mapping=book)
    if prepared is None:
        return
    mapping.values_screen(prepared.questions, data.store().mapping_book())
    recognised(prepared)
    when = extract_date(prepared)
    if when is None:
        return
    key = (of, when, current.info.load_id if current else None)
    found = work.run("look ahead", key, "Working out what would change", look_ahead.preview, data.store(), prepared, when, data.settings())
    if found is None:
        return
    problem_list(files, found.problems, prepared)
    what_changes(found, current)
    confirm(prepared, when, (of, when), summary(found, prepared))


def recognised(prepared: Prepared) -> None:
    """Rows read = rows loaded + rows left out, for each table."""
    table = pd.DataFrame(
        [
            {
                "Loaded as": DATASETS[s.dataset].title, "File": s.file, "Sheet": s.sheet, "Columns used": len(s.columns),
                "Columns kept out": len(s.unmapped), "Rows read": s.rows_read, "Rows loaded": s.rows_loaded, "Rows left out": s.rows_left_out,
            }
            for s in prepared.sources
        ]
    )  # fmt: skip
    counts = {name: loads.numbers(name, width) for name, width in (("Columns used", 105), ("Columns kept out", 125), ("Rows read", 85), ("Rows loaded", 95), ("Rows left out", 100))}
    st.dataframe(
        table, hide_index=True, placeholder="", key="recognised", alt="Rows read, loaded and left out, by table", height=show.height(table),
        column_config=counts | {"Loaded as": st.column_config.TextColumn(width=120), "File": st.column_config.TextColumn(width=230), "Sheet": st.column_config.TextColumn(width=150)},
    )  # fmt: skip
    for s in prepared.sources:
        for note in s.notes:
            st.caption(show.plain(f"{s.file}{', sheet ' + s.sheet if s.sheet else ''}: {note}"))
    missing = [d.title for d in DATASETS.values() if d.name not in prepared.tables]
    if missing:
        st.caption(f"Not in these files: {', '.join(missing)}. They carry on from the load before, where there was one.")


def extract_date(prepared: Prepared) -> date | None:
    st.header("2. When was the extract taken?", anchor=False)
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


def problem_list(files: list[InputFile], problems: list[Problem], prepared: Prepared) -> None:
    """One line per kind with how often it happened, and the cells of the one that is ticked."""
    left_out = sum(s.rows_left_out for s in prepared.sources)
    st.header("3. What needs a look", anchor=False)
    if not problems:
        show.empty("No problems", "Every row and every cell could be read.")
        return
    kinds = Counter((p.severity, p.message, p.remedy) for p in problems)
    order = list(look.SEVERITY)
    lines = sorted(kinds, key=lambda kind: (order.index(kind[0]), -kinds[kind]))
    st.caption(
        f"{look.count(len(problems), 'problem')} of {look.count(len(kinds), 'kind')}; {look.count(left_out, 'row')} left out. Correct them in the case system or the spreadsheet and load again, "
        "or go on: nothing else is affected. Tick a line to see its cells."
    )
    table = pd.DataFrame([{"Times": kinds[k], "What happened": look.SEVERITY[k[0]].label, "What is wrong": k[1], "What to do": k[2]} for k in lines])
    picked = st.dataframe(
        table, hide_index=True, key="kinds", alt="Kinds of problems", placeholder="", height=show.height(table, 330), on_select="rerun", selection_mode="single-row",
        column_config={"Times": loads.numbers("Times", 70), "What happened": st.column_config.TextColumn(width=215), "What is wrong": st.column_config.TextColumn(width=460), "What to do": st.column_config.TextColumn(width=460)},
    )  # fmt: skip
    if picked.selection.rows and picked.selection.rows[0] < len(lines):
        cells([p for p in problems if (p.severity, p.message, p.remedy) == lines[picked.selection.rows[0]]])
    st.caption("To take with you: the whole list, or your own spreadsheet with these cells marked, each with a comment that says what to do.")
    downloads.offer_list(problem_frame(problems), "problems", {}, title="Problems")
    marked_files(files, problems)


def cells(group: list[Problem]) -> None:
    """Where one kind of problem happened."""
    first = group[0]
    with st.container(border=True):
        st.markdown(f"{look.SEVERITY[first.severity].icon} **{show.plain(first.message)}** {show.plain(first.remedy)}")
        rows = problem_frame(group[:MOST_ROWS]).drop(columns=["What happened", "What is wrong", "What to do"])
        st.dataframe(rows, hide_index=True, key="cells", alt="Where", placeholder="", height=show.height(rows, 330), column_config={"Row": loads.numbers("Row")})
        if len(group) > MOST_ROWS:
            st.caption(f"The first {MOST_ROWS} of {len(group):,}; the download has all.")


def marked_files(files: list[InputFile], problems: list[Problem]) -> None:
    """Each file as a workbook with its cells marked, made when it is asked for."""
    bad = {p.file for p in problems}
    with st.container(horizontal=True, gap="small"):
        for number, file in enumerate(f for f in files if f.name in bad):
            name = f"{Path(file.name).stem} - marked.xlsx"
            one = [file], [p for p in problems if p.file == file.name]
            downloads.offer(
                show.plain(name), lambda one=one: next(iter(marked.workbook(*one).values())), name, downloads.XLSX, what="Marked spreadsheet", key=f"marked-{number}",
                icon=":material/edit_note:", help="Your own spreadsheet with these cells marked, each with a comment that says what to do.",
            )  # fmt: skip


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


CHANGES = {
    "added": ("Children added", "Not in the current load.", ["Child ID", "name", "team", "worker", "care_started"]),
    "gone": ("Children gone", "In the current load, and not in this one.", ["Child ID", "name", "team", "worker"]),
    "moved": ("Team changes", "In another team than in the current load.", ["Child ID", "name", "team_before", "team", "worker"]),
    "newly_overdue": ("Newly overdue", "Overdue now, and not in the current load.", ["Child ID", "name", "title", "due_date", "days", "team", "worker", "why"]),
    "cleared": ("No longer overdue", "Overdue in the current load, and no longer.", ["Child ID", "name", "title", "now", "due_date", "team", "worker"]),
    "back_dated": ("Back-dated", "Entered since the current load, but dated before it was taken.", ["Child ID", "name", "what", "day", "days", "detail", "team"]),
}  # fmt: skip
WORDS = {
    "name": "Name", "team": "Team", "team_before": "Team before", "worker": "Social worker", "care_started": "In care from", "title": "What was due",
    "due_date": "Due", "days": "Days", "why": "Why", "now": "Now", "what": "Event", "day": "Dated", "detail": "Detail",
}  # fmt: skip


def what_changes(found: look_ahead.Preview, current) -> None:
    """Counts, and the rows behind each."""
    st.header("4. What would change", anchor=False)
    st.markdown(
        f"Children in care: **{found.children_after:,}**" + (f" (now {found.children_before:,})" if current else "")
        + (f". {look.count(found.left_out, 'child', 'children')} with short breaks only (V3, V4) {'is' if found.left_out == 1 else 'are'} left out of every count." if found.left_out else ".")
    )
    if found.comparison is None:
        st.caption("This is the first load: there is nothing to compare it with.")
    else:
        for name, (title, meaning, columns) in CHANGES.items():
            rows = getattr(found.comparison, name)
            if not len(rows):
                continue
            with st.expander(f"**{len(rows):,}** · {title}"):
                st.caption(meaning)
                if not show.may_list(rows):
                    continue
                rows = downloads.in_words(rows).rename(columns={"child_id": "Child ID"})[columns].rename(columns=WORDS)
                dates = {c: show.date_column(c) for c in ("In care from", "Due", "Dated") if c in rows}
                st.dataframe(rows.head(MOST_ROWS), hide_index=True, placeholder="", key=f"change-{name}", alt=title, height=show.height(rows, 400), column_config=dates)
                if len(rows) > MOST_ROWS:
                    st.caption(f"The first {MOST_ROWS} of {len(rows):,}; the download has all.")
                downloads.offer_list(rows, f"preview-{name.replace('_', '-')}", {}, title=title)
        none = [title.lower() for name, (title, *_) in CHANGES.items() if not len(getattr(found.comparison, name))]
        if none:
            st.caption(f"None: {', '.join(none)}.")
    if found.carried:
        st.caption("Carried on from earlier loads: " + ", ".join(f"{DATASETS[name].title} ({look.day(day)})" for name, day in found.carried.items()) + ".")


def confirm(prepared: Prepared, when: date, key: tuple, words: list[str]) -> None:
    """The one click that changes something; a surprising load asks once more."""
    surprise = None
    try:
        if state.recall("commit") == key:
            work.outcome("commit", key, raising=(SurprisingLoad,))
    except SurprisingLoad as question:
        surprise = question
        st.warning("This load is unusual:\n\n" + "\n".join(f"- {show.plain(text)}" for text in question.explanations.values()), icon=":material/warning:")
    st.button(
        "Yes, load it all the same" if surprise else f"Load as the extract of {look.day(when)}", type="primary", icon=":material/database_upload:",
        key="commit", disabled=work.busy(), **state.on_click(commit, prepared, when, key, words, surprise is not None),
    )  # fmt: skip
    st.caption("Nothing has changed so far. A load can be undone, and earlier ones are kept.")


def commit(prepared: Prepared, when: date, key: tuple, words: list[str], confirmed: bool) -> None:
    state.remember("commit", key)
    state.remember("summary", words)
    work.start("commit", key, "Loading", data.store().commit, prepared, when, who(), confirmed=confirmed, changes=True)


def loading() -> bool:
    """Whether a load is under way (shown, with its progress). When it is done, says so and starts afresh."""
    key = state.recall("commit")
    if key is None or not (work.busy() or work.over("commit", key)):
        return False
    info = work.outcome("commit", key)
    if info is not None:
        done([f"The extract of {look.day(info.extract_date)} is now current: every page shows it.", *state.recall("summary", [])])
    return True


def done(lines: list[str]) -> None:
    """Everything about the files goes; what was done is said on top, with where to go next."""
    work.forget()
    mapping.close()
    state.forget("commit")
    state.forget("summary")
    state.forget("files")
    state.forget("held")
    state.remember("round", state.recall("round", 0) + 1)
    state.remember("loaded", lines)
    st.rerun()


def loaded() -> None:
    """After a load: what it brought, and where to look now."""
    lines = state.forget("loaded")
    if not lines:
        return
    with st.container(border=True):
        st.success("\n\n".join(lines), icon=":material/check_circle:")
        with st.container(horizontal=True, gap="medium"):
            st.page_link("pages/now/this_week.py", label="**See this week**: what is overdue and what is due", icon=":material/today:")
            st.page_link("pages/data/quality.py", label="What could not be told, and why", icon=":material/fact_check:")
            if len(data.store().history()) > 1:
                loads.link_to_compare("Compare it with an earlier load")


def summary(found: look_ahead.Preview, prepared: Prepared) -> list[str]:
    """What the load brings, in a few words: children, rows, and what changed. Counts only."""
    rows, left_out = sum(s.rows_loaded for s in prepared.sources), sum(s.rows_left_out for s in prepared.sources)
    lines = [
        f"**{look.count(found.children_after, 'child', 'children')} in care**"
        + (f" ({found.children_before:,} before)" if found.comparison is not None else "")
        + f", {look.count(rows, 'row')} loaded" + (f", {look.count(left_out, 'row')} left out." if left_out else ", none left out.")
    ]  # fmt: skip
    if found.comparison is not None:
        counts = [(len(getattr(found.comparison, name)), title) for name, (title, *_) in CHANGES.items()]
        changed = [f"{title.lower()} {number:,}" for number, title in counts if number]
        lines.append("Since the load before: " + ", ".join(changed) + "." if changed else "Nothing differs from the load before.")
    return lines



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
    done(["The invented sample council is loaded. No real person is in it."])


# -- earlier loads


def history() -> None:
    infos = data.store().history()
    st.header(f"Loads ({len(infos):,})", anchor=False)
    if not infos:
        st.caption("None yet. Each load is kept, and the newest can be undone.")
        return
    current = data.store().current()
    loads.shown(loads.table(infos, current.info.load_id if current else None), loads.BRIEF, "history", 250)
    st.page_link("pages/data/history.py", label="All about the loads, and any two of them compared", icon=":material/history:")
    if current is None:
        return
    dates = current.info.dataset_dates
    older = {name: day for name, (day, _) in dates.items() if day != current.info.extract_date}
    if older:
        st.caption("Older than the current extract: " + ", ".join(f"{DATASETS[name].title} ({look.day(day)})" for name, day in older.items()) + ".")
    never = [d.title for d in DATASETS.values() if d.name not in dates]
    if never:
        st.caption(f"Never loaded: {', '.join(never)}. Rules that need them say “cannot tell”.")
    loads.undo(current.info)


def damaged(problem: DamagedStore) -> None:
    refused(problem)
    if problem.last_good and st.button("Go back to the last good load", type="primary", key="recover"):
        data.store().recover(who())
        done(["The last good load is current again."])


page()
