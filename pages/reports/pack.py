"""Director’s pack: an Excel workbook and a PDF of the charts for the chosen day and teams, with what is in them shown first."""

from datetime import date

import pandas as pd
import streamlit as st

from cpm_metrics.documents import figures, pack_pdf, pack_xlsx
from cpm_metrics.views import look, outside, pack
from pages._shared import data, downloads, frame, period, show

PREVIEW = 50
DATES = ("anchor_date", "due_date", "done_date", "since", "next_cpm", "exception", "issued", "plan_due", "plan_filed", "cpm_due", "booked")


def page() -> None:
    view = frame.view("Director’s pack")
    frame.title("Director’s pack", view)
    start, end = time_counted(view)
    if period.backwards(start, end):
        return
    left, right = st.columns([3, 2], gap="medium", vertical_alignment="bottom")
    rules = pack.charted_rules(view.results.settings)
    charted = left.multiselect(
        "Rules with a chart over time and by team", rules, [code for code in pack.RULES if code in rules], format_func=pack.title_of, key="pack-rules", persist_state="session", placeholder="No rule: only the charts of all rules together",
        help="In the PDF, each gets one chart over time and one with the teams beside each other. The workbook has every rule.",
    )  # fmt: skip
    names = right.checkbox(
        "Include names", key="pack-names",
        help="Names of children, social workers, IROs and chairs, and the sentence “why”. Without it the lists have child IDs only: use that for anything that leaves the service. The files say which it is.",
    )  # fmt: skip
    if names:
        st.warning("The workbook will hold names of children and staff. Keep it within the service.", icon=":material/badge:")
    kept = data.store().state
    marks = repr((kept.exceptions(), [kept.saved("rebase", pack.rebases_of(code, view.teams)) for code in charted]))
    made = packed(data.place(), view.info.load_id, view.as_at, view.results.settings.key, tuple(view.teams), start, end, names, tuple(charted), date.today(), marks, view)
    take_along(view, made, start, end)
    preview(made)


@st.cache_resource(max_entries=6, show_spinner="Putting the pack together…")
def packed(where: data.Place, load_id: str, as_at: date, settings_key: str, teams: tuple[str, ...], start: date, end: date, names: bool, charted: tuple[str, ...], today: date, marks: str, _view: frame.View) -> pack.Pack:
    """The arguments are all that decides what is in it."""
    return pack.make(_view.results, _view.info, data.store().state, chosen=teams, start=start, end=end, names=names, charted=charted, today=today, of_all=where.teams is None)


def time_counted(view: frame.View) -> tuple[date, date]:
    """What fell due in this time is counted."""
    start, end = period.chosen(view.as_at)
    left, right, text = st.columns([1, 1, 3], vertical_alignment="bottom")
    period.fields(view.as_at, start, end, ("Counted: due from", "to"), (left, right))
    text.caption("The day and the teams are those chosen beside the page.")
    return start, end


def take_along(view: frame.View, made: pack.Pack, start: date, end: date) -> None:
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        for kind, label, make, mime, icon in (
            ("xlsx", "Excel workbook", pack_xlsx.workbook, downloads.XLSX, ":material/table_view:"), ("pdf", "PDF of the charts", pack_pdf.document, downloads.PDF, ":material/picture_as_pdf:"),
        ):  # fmt: skip
            downloads.offer(
                label, lambda make=make: make(made), f"{made.file_name}.{kind}", mime, what="Director’s pack", key=f"pack-{kind}", icon=icon, kind="primary",
                detail={"as_at": made.as_at.isoformat(), "from": start.isoformat(), "to": end.isoformat(), "teams": list(view.teams), "names": made.names, "load": view.info.load_id},
            )  # fmt: skip
        downloads.offer(
            "Counts for outside the service", lambda: pack_xlsx.workbook(outside.make(view.results, view.info, chosen=view.teams, start=start, end=end)),
            f"{outside.file_name(view.results)}.xlsx", downloads.XLSX, what="Counts for outside the service", key="pack-outside", icon=":material/shield_person:",
            help=f"A workbook of counts alone, for whoever isn't in the service: no lists, IDs or names; counts of {outside.SMALL} or fewer taken out, the rest rounded to {outside.STEP}, so that nobody can be found in them.",
            detail={"as_at": made.as_at.isoformat(), "from": start.isoformat(), "to": end.isoformat(), "teams": list(view.teams), "load": view.info.load_id},
        )  # fmt: skip
        st.caption("Made when you click. The audit notes that this pack was taken: the day, the teams and whether names are in it.", width="content")


# -- what is in it


def preview(made: pack.Pack) -> None:
    tab = show.parts({"front": "Front page", "workbook": f"Workbook ({len(made.sheets) + 1} sheets)", "pdf": f"PDF ({look.count(len(made.charts), 'chart')})"}, label="What is in it", shown=True)
    {"front": front, "workbook": sheets, "pdf": charts}[tab](made)


def front(made: pack.Pack) -> None:
    st.dataframe(
        made.headlines, hide_index=True, key="pack-headlines", height=show.height(made.headlines), placeholder="", alt="The pack’s headline figures",
        column_config={"what": st.column_config.TextColumn("What", width=270), "rows": show.number_column("How many", width=85), "children": show.number_column("Children", width=80), "note": st.column_config.TextColumn("Note", width=600)},
    )  # fmt: skip
    columns = st.columns(2, gap="medium")
    half = -(-len(made.facts) // 2)
    for at, (name, text) in enumerate(made.facts.items()):
        columns[at >= half].markdown(f"**{name}:** {show.plain(text)}")


def sheets(made: pack.Pack) -> None:
    """One sheet at a time, its first rows as they will be."""
    names = [sheet.name for sheet in made.sheets]
    name = st.selectbox("Sheet", names, key="pack-sheet", format_func=lambda one: f"{one} ({len(made.sheets[names.index(one)].frame):,})")
    sheet = made.sheets[names.index(name)]
    if sheet.says:
        st.caption(f"{sheet.says[:1].upper()}{sheet.says[1:]}.")
    if not len(sheet.frame):
        show.empty("No rows", sheet.empty)
        return
    shown = sheet.frame.head(PREVIEW)
    st.dataframe(
        shown, hide_index=True, key=f"pack-sheet-{name}", height=show.height(shown, 460), placeholder="", alt=f"The first rows of the sheet {name}",
        column_config={column: show.date_column(pack.HEADERS.get(column, column)) if column in DATES else pack.HEADERS.get(column, column) for column in shown},
    )  # fmt: skip
    st.caption(f"The first {len(shown)} of {len(sheet.frame):,} rows." if len(shown) < len(sheet.frame) else f"All {len(sheet.frame):,} rows.")


def charts(made: pack.Pack) -> None:
    """One chart at a time: what it says, the picture, its table."""
    titles = [chart.title for chart in made.charts]
    title = st.selectbox("Chart", titles, key="pack-chart")
    chart = made.charts[titles.index(title)]
    for sentence in chart.reading:
        st.markdown(show.plain(sentence))
    picture = figures.draw(chart)
    if picture is None:
        show.empty("Nothing to draw", "The sentence above says why.")
    else:
        st.image(picture, width=1000, alt=chart.alt)
    table = pd.DataFrame(chart.rows, columns=list(chart.headers))
    if len(table):
        st.dataframe(table, hide_index=True, placeholder="", key=f"pack-table-{title}", height=show.height(table, 460), alt=chart.alt)


page()
