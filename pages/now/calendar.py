"""Calendar: which meetings must be held by which week, what is booked, and which final plan CPMs a service manager must chair."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from cpm_metrics import ics
from cpm_metrics.charts import book_by as figures
from cpm_metrics.rules import rule
from cpm_metrics.views import book_by, look
from pages._shared import downloads, frame, show, state

VIEWS = {"cpm": "CPMs to hold", "review": "Reviews to hold", "chair": "Service Manager chair load"}
COUNT = {"meetings": "Meetings to hold", "obligations": "Obligations"}
TILES = {
    "hold": (f"To hold in {book_by.WEEKS} weeks", "Overdue, or due by the end of the last week shown."),
    "overdue": ("Overdue", "Not held, and the due date has passed."),
    "none": (look.BOOKED["none"].word, "Overdue or due in the weeks shown, and no meeting that would meet it is booked."),
    "after": (look.BOOKED["after"].word, "Overdue or due in the weeks shown, and the first meeting booked comes after the due date."),
    "in_time": (look.BOOKED["in_time"].word, "Due in the weeks shown, and a meeting is booked on or before the due date."),
}  # fmt: skip
MORE = {
    "later": ("due later", "Due after the weeks shown."),
    "cannot_tell": ("cannot tell", "Obligations: whether a meeting must be held, or by when, is not in the extracts. Never counted as booked, never as overdue. “Why” names what is missing."),
    "left_care": ("left open when care ended", "Obligations that stay open though the child isn’t in care now. They stand in no week."),
}  # fmt: skip
SAYING = {
    "hold": f"Overdue, or due in the next {book_by.WEEKS} weeks", "overdue": "Overdue", "none": "Nothing booked", "after": "Booked after the date", "in_time": "Booked in time",
    "later": "Due later", "cannot_tell": "Cannot tell", "left_care": "Left open when care ended",
}  # fmt: skip
STATES = ("none", "after", "in_time")


def page() -> None:
    view = frame.view("Calendar")
    frame.title("Calendar", view)
    weeks = book_by.weeks(view.as_at)
    with st.container(horizontal=True, gap="medium", vertical_alignment="center"):
        kind = show.parts(VIEWS, label="What to show", forgets=("show", "count"))
        by = show.parts(COUNT, "count", "What to count") if kind == "cpm" else "meetings"
        how_counted(view, kind)
    obligations = view.results.once(book_by.open_obligations, _layer(kind))
    if kind == "chair":
        chair(view, obligations, weeks)
    else:
        to_hold(view, kind, by, obligations, weeks)


def _layer(kind: str) -> str:
    return "review" if kind == "review" else "cpm"


def choose_list(which: str) -> None:
    state.set_params(show=None if which == "hold" else which)


def how_counted(view: frame.View, kind: str) -> None:
    settings = view.results.settings
    limits = "\n".join(f"- **{rule(code).title}**: {_limit(settings, code)}" for code in book_by.LAYERS[_layer(kind)])
    with st.popover("How is this counted?", icon=":material/info:"):
        st.markdown(
            f"""
**Week**: from Monday to Sunday, the as-at date’s first. What fell due before the as-at date stands under *Overdue*.

**Due dates don’t move** off weekends and bank holidays: they stay as the rules give them. *Last working day* is the practical one: the last
Monday to Friday on or before the due date that is no bank holiday in England. ⚑ marks a week with a bank holiday.

**A meeting to hold** is what has to be booked. One CPM meets every open CPM obligation of the child, so each child counts once, in the week of its
earliest due date. Only a final plan CPM meets “{rule("final-plan-cpm").title}”: where that falls due after another CPM, the child counts twice.
A meeting counts for the team that holds the child now, because that team books it.

**Obligations** are counted one by one, as the command line and the other pages have them, for the team that held the case when they fell due.

Beside each of the two counts stands what the same rows are counted the other way: the obligations that those meetings answer, or the meetings
that those obligations need.

**5 (2)**: five, and for two of them nothing is booked. A booking is one dated on or after the as-at date and neither cancelled nor postponed.

The rules behind it:

{limits}"""
        )


def _limit(settings, code: str) -> str:
    if not settings[f"{code}.on"]:
        return "switched off in Settings"
    return show.limits(rule(code), settings) or rule(code).question


# -- what must be held by when


def to_hold(view: frame.View, kind: str, by: str, obligations: pd.DataFrame, weeks: list[book_by.Week]) -> None:
    meetings = book_by.of_teams(view.results.once(book_by.all_meetings, _layer(kind)), view.teams)
    mine = book_by.of_teams(obligations, view.teams)
    rows = meetings if by == "meetings" else mine
    which = state.param("show", list(SAYING), "hold")
    counts = book_by.counts_of(rows) | {place: book_by.counts_of(mine)[place] for place in (book_by.CANNOT_TELL, book_by.LEFT_CARE)}
    # The same children's, counted the other way: obligations of a team then beside meetings of a team now would be of other children.
    other = len(book_by.within(book_by.obligations_of(obligations, view.teams), "hold") if by == "meetings" else book_by.meetings(book_by.within(mine, "hold")))
    with st.grid(len(TILES), min_column_width=150, gap="small"):
        for name, (title, help_) in TILES.items():
            note = look.count(book_by.within(rows, name)["child_id"].nunique(), "child", "children")
            if name == "hold" and kind == "cpm":
                note = f"{note} · {look.count(other, *(('obligation', 'obligations') if by == 'meetings' else ('meeting', 'meetings')))}"
            # Where nothing has a known date but some can't be told, nought would be a guess.
            untold = counts["cannot_tell"] and not counts["hold"] + counts["later"]
            show.tile(f"cal-{name}", None if untold else counts[name], title, note, chosen=which == name, help=help_, action=choose_list, args=(name,))
    standing(view, kind, obligations)
    unknown_years(rows, weeks)

    table = book_by.by_team(rows, view.as_at)
    picked = grid(table, view, weeks, which if which in STATES else None, f"{kind}-{by}-{which}")
    if picked is None:
        chosen = book_by.select(mine if which in (book_by.CANNOT_TELL, book_by.LEFT_CARE) else rows, which)
        title = SAYING[which]
    else:
        team, place, cell_title = picked
        chosen = book_by.at(rows, team, place, which if which in STATES else None)
        title = cell_title + (f": {SAYING[which].lower()}" if which in STATES else "")
    listed(view, kind, by, which, chosen, title, picked is not None)
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        st.caption("Also counted:", width="content")
        for name, (words, help_) in MORE.items():
            show.link_count(f"cal-{name}", counts[name], words, chosen=which == name, action=choose_list, args=(name,), help=help_)
    st.header(f"{VIEWS[kind]}, by week", anchor=False)
    by_week = book_by.by_week(rows, view.as_at)
    st.plotly_chart(figures.book_by(by_week, weeks, show.dark()), theme=None, key=f"weeks-{kind}-{by}", config={"displayModeBar": False}, alt=figures.book_by_words(by_week, weeks))
    st.caption("How many meetings must be held by the end of each week and what the diary has for them. It says nothing of when they will be held." if by == "meetings" else "How many obligations fall due in each week and what the diary has for them; one meeting can meet several.")
    downloads.offer_list(in_words(table, weeks), f"calendar-by-team-{view.as_at.isoformat()}", view.about | {"Counted": COUNT[by] if kind == "cpm" else VIEWS[kind]}, title="Calendar by team and week")


def standing(view: frame.View, kind: str, obligations: pd.DataFrame) -> None:
    """Every child in care stands in exactly one of three sorts, and what bank holidays lie ahead."""
    found = book_by.standing(view.results, obligations, view.teams)
    what = "review" if kind == "review" else "CPM"
    parts = [f"{look.count(found['children'], 'child', 'children')} in care: {found['known']:,} with a {what} to hold by a known date"]
    if found["cannot_tell"]:
        parts.append(f"{found['cannot_tell']:,} only with what can’t be told")
    parts.append(f"{found['nothing']:,} with none due")
    holidays = [f"{name}, {look.day(day)}" for week in book_by.weeks(view.as_at) for day, name in week.holidays]
    st.caption(", ".join(parts) + "." + (f" :material/flag: Bank holidays ahead: {'; '.join(holidays)}." if holidays else " No bank holidays in these weeks."))


def unknown_years(rows: pd.DataFrame, weeks: list[book_by.Week]) -> None:
    """Where no library knows the bank holidays, nothing is guessed."""
    unknown = int((rows["due_date"].notna() & rows["last_day"].isna()).sum())
    if unknown or any(week.working_days is None for week in weeks):
        st.info(f"Bank holidays of some of these years are not known, so the last working day can’t be told for {look.count(unknown, 'row')} and is left blank.", icon=":material/help:")


def grid(table: pd.DataFrame, view: frame.View, weeks: list[book_by.Week], only: str | None, key: str) -> tuple[str | None, str | None, str] | None:
    """Teams by weeks. What was clicked: (team or None for all, place or None for the whole row, what to call it); None where nothing was."""
    cells = book_by.cells(table, view.as_at, only)
    if not len(table):
        show.empty("Nothing to hold", f"No meeting of {show.plain(view.teams_text)} has to be held by a known date. What can’t be told stands below.")
        return None
    shade, quiet, few_days = (look.CELL[name][show.dark()] for name in ("attention", "quiet", "few_days"))
    ink = look.INK[show.dark()]

    def paint(row: pd.Series) -> list[str]:
        if row.name == 0:  # the line of working days
            return [f"color: {ink}; background-color: {few_days if '⚑' in value or 'left' in value else quiet}" for value in row]
        return [f"color: {ink};" + (f"background-color: {shade}" if name not in ("team", book_by.LATER) and "(" in value else "") for name, value in row.items()]

    headings = {book_by.OVERDUE: "Overdue", book_by.LATER: "Later"} | {week.place: week.label for week in weeks}
    picked = st.dataframe(
        cells.style.apply(paint, axis=1), hide_index=True, key=f"grid-{key}", on_select="rerun", selection_mode="single-cell", height=show.height(cells, 36 + 33 * 15), placeholder="",
        alt="Meetings to hold, teams by weeks. In brackets: nothing booked",
        column_config={"team": st.column_config.TextColumn("By the week of", width=176)}
        | {place: st.column_config.TextColumn(heading, width=70 if place in (book_by.OVERDUE, book_by.LATER) else 58, alignment="right") for place, heading in headings.items()},
    )  # fmt: skip
    st.caption(
        "Each number opens its rows. " + ("Counted here: only those with the state chosen above." if only else "“5 (2)”: five to hold by the end of that week, nothing booked for two of them.")
        + " ⚑: a week with a bank holiday, and its working days. Teams stand in name order."
    )
    chosen = picked.selection.cells
    if not chosen or not 0 < chosen[0][0] < len(cells):
        return None
    line, column = chosen[0]
    team = cells["team"].iloc[line]
    place = column if column in headings else None
    when = "all weeks" if place is None else headings[place].lower() if place in (book_by.OVERDUE, book_by.LATER) else f"by the week of {headings[place]}"
    return (None if line == 1 and len(cells) > 2 else team), place, f"{team}, {when}"


def listed(view: frame.View, kind: str, by: str, which: str, rows: pd.DataFrame, title: str, cell: bool) -> None:
    split = rows["state"].value_counts()
    st.header(f"{show.plain(title)} ({len(rows):,})", anchor=False, help=(MORE.get(which) or TILES[which])[1] if not cell else None)
    if not len(rows):
        show.empty("Nothing here", f"None for {show.plain(view.teams_text)} as at {look.day(view.as_at)}.")
        return
    if split.sum():
        st.markdown(" ".join(f"{show.badge_text(look.BOOKED[name])} **{split[name]:,}** &nbsp;" for name in STATES if split.get(name, 0)))
    rows = rows.assign(booked=[[look.BOOKED[name].label] if isinstance(name, str) else [] for name in rows["state"]])
    if which == book_by.CANNOT_TELL and not cell:
        columns = ["title", "anchor_date", "missing", "next_cpm", "team", "worker", "why"]
    elif by == "meetings" and "kind" in rows:
        columns = (["kind"] if kind == "cpm" else []) + ["due_date", "last_day", "working_days_left", "booked", "booked_date", "title", *(["also"] if kind == "cpm" else []), "team", "worker", "why"]
    else:
        columns = ["title", "due_date", "last_day", "working_days_left", "booked", "booked_date", "team", "worker", "why"]
    extra = {
        "kind": st.column_config.TextColumn("Meeting", width=115),
        "last_day": show.date_column("Last working day", "The last working day on or before the due date.", 120),
        "working_days_left": show.number_column("Working days left", width=125, help="From the as-at date to the due date, both included. 0: no working day is left before the due date."),
        "booked": show.booked_column(),
        "booked_date": show.date_column("Booked for", "The first meeting booked that would meet it."),
        "title": st.column_config.TextColumn("Needed for" if "kind" in rows and by == "meetings" else "What is due", width=200),
        "also": st.column_config.TextColumn("Meets as well", width=170, help="What else the child has open that the same meeting meets."),
        "missing": st.column_config.TextColumn("Not in the extracts", width=330),
        "team": show.team_column(help="The team that holds the child now." if "kind" in rows else "The team that held the case on the due date."),
    }  # fmt: skip
    show.children_list(rows, columns, f"cal-{kind}-{by}-{which}-{int(cell)}", extra={name: extra[name] for name in columns if name in extra}, height=show.height(rows, 420), alt=title)
    take_along(view, rows, f"calendar-{kind}-{view.as_at.isoformat()}", f"{VIEWS[kind]}: {title}", COUNT[by] if kind == "cpm" else VIEWS[kind])


FIRST = ["child_id", "name", "team", "worker", "kind", "title", "also", "meets", "due_date", "last_day", "working_days_left", "booked_date", "booked", "status", "why"]
HEADERS = {
    "kind": "Meeting", "also": "Meets as well", "meets": "Obligations met", "last_day": "Last working day", "working_days_left": "Working days left", "booked_date": "Booked for",
    "booked": "Booked", "chair": "Down to chair", "meeting": "Meeting ID",
}  # fmt: skip


def take_along(view: frame.View, rows: pd.DataFrame, name: str, title: str, counted: str) -> None:
    """The list as Excel and CSV, with our headers; and as a calendar with child IDs only."""
    out = rows.drop(columns=[column for column in ("state", "place", "team_now", "worker_now", "next_cpm", "chair_ok", "week") if column in rows])
    out = out.assign(booked=[", ".join(words) for words in rows["booked"]])
    out = out[[*(column for column in FIRST if column in out), *(column for column in out if column not in FIRST)]]
    with st.container(horizontal=True, gap="small"):
        downloads.offer_list(out, name, view.about | {"Counted": counted, "Last working day": "The last working day on or before the due date; the due date itself doesn't move."}, title=title, headers=HEADERS)
        calendar_file(view, rows, name)


def calendar_file(view: frame.View, rows: pd.DataFrame, name: str) -> None:
    """Entries for the obligations that govern; the same ones as the worklist's file, so that importing both doubles none."""
    dated = rows[rows["due_date"].notna() & rows["obligation_id"].notna()]
    if len(dated):
        downloads.offer(
            "Calendar (.ics)", lambda: ics.calendar(book_by.with_uid(view.results, dated), view.as_at), f"{name}.ics", downloads.CALENDAR, what="Calendar file", key=f"ics-{name}", icon=":material/event:", detail=downloads.of_children(dated["child_id"]),
            help="One entry on each due date, for Outlook and telephones. It holds child IDs, never names.",
        )  # fmt: skip


def in_words(table: pd.DataFrame, weeks: list[book_by.Week]) -> pd.DataFrame:
    """Team and week as a long list, for Excel."""
    starts = {week.place: week for week in weeks}
    frame_ = table.assign(place=[f"Week of {look.day(starts[p].monday)}" if p in starts else p.capitalize() for p in table["place"]])
    frame_.insert(2, "working", pd.array([starts[p].working_days if p in starts else None for p in table["place"]], dtype="Int64"))
    return frame_.rename(columns={"team": "Team", "place": "To hold by", "working": "Working days in it", "total": "All"} | {name: words.word for name, words in look.BOOKED.items()})


# -- who chairs


def chair(view: frame.View, obligations: pd.DataFrame, weeks: list[book_by.Week]) -> None:
    """Final plan CPMs are chaired by a service manager: those booked, and those to be held with none booked."""
    rows = book_by.chair_rows(view.results, obligations, view.teams)
    load = book_by.chair_load(rows, view.as_at)
    unknown = book_by.of_teams(obligations[(obligations["rule"] == "final-plan-cpm") & (obligations["place"] == book_by.CANNOT_TELL)], view.teams)
    booked, to_book = rows[rows["booked_date"].notna()], rows[rows["booked_date"].isna()]
    st.markdown(
        f"A service manager chairs every final plan CPM. **{look.count(booked['meeting'].nunique(), 'meeting')}** {'is' if booked['meeting'].nunique() == 1 else 'are'} booked, about "
        f"{look.count(booked['child_id'].nunique(), 'child', 'children')}; for **{look.count(len(to_book), 'more child', 'more children')}** one must still be booked."
    )
    if len(unknown):
        st.caption(f"{len(unknown):,} more can’t be placed in a week, because no filing date is recorded or the extracts don’t have what it needs: see “cannot tell” under CPMs to hold, and the Proceedings page.")
    if not len(rows):
        show.empty("No final plan CPM to chair", f"None is booked or due by a known date for {show.plain(view.teams_text)}.")
        return
    st.plotly_chart(figures.chair_load(load, weeks, show.dark()), theme=None, key="chair-load", config={"displayModeBar": False}, alt=figures.chair_load_words(load, weeks))
    st.caption("A booked meeting stands in the week of its date; a child with nothing booked in the week by which the meeting must be held. One meeting about several brothers and sisters is one meeting in the chair. It doesn’t show how long meetings take.")
    span = {week.place: f"Week of {look.day(week.monday)}" for week in weeks} | {book_by.OVERDUE: "Overdue", book_by.LATER: "Later"}
    held = {week.place: week.words for week in weeks}
    shown = pd.DataFrame({"place": [span[p] for p in load["place"]], "working": [held.get(p, "") for p in load["place"]], "meetings": load["meetings"], "children": load["children"], "to_book": load["to_book"]})
    keep = (load[["meetings", "to_book"]].sum(axis=1) > 0).to_numpy()
    places = load["place"][keep].tolist()
    shown = shown[keep].reset_index(drop=True)
    picked = st.dataframe(
        shown, hide_index=True, placeholder="", key="chair-weeks", on_select="rerun", selection_mode="single-cell", height=show.height(shown), alt=figures.chair_load_words(load, weeks), width="content",
        column_config={
            "place": st.column_config.TextColumn("When", width=170), "working": st.column_config.TextColumn("Working days", width=105),
            "meetings": show.number_column("Meetings booked", width=125), "children": show.number_column("Children in them", width=125),
            "to_book": show.number_column("Children to book", width=125, help="Their final plan CPM must be held by that week, and none is booked."),
        },
    )  # fmt: skip
    st.caption("Weeks with none are left out. Each line opens its rows.")
    cells = picked.selection.cells
    title = "Final plan CPMs to chair"
    if cells and cells[0][0] < len(places):
        place, column = places[cells[0][0]], cells[0][1]
        rows = rows[rows["week"] == place]
        rows = rows[rows["booked_date"].notna()] if column in ("meetings", "children") else rows[rows["booked_date"].isna()] if column == "to_book" else rows
        rows = rows.reset_index(drop=True)
        title += f": {span[place]}"
    st.header(f"{title} ({look.count(len(rows), 'child', 'children')})", anchor=False)
    if not len(rows):
        show.empty("Nothing here", "No row stands behind this number.")
        return
    rows = rows.assign(booked=[[look.BOOKED[name].label] if isinstance(name, str) else [] for name in rows["state"]])
    columns = ["booked_date", "chair", "booked", "due_date", "last_day", "team", "worker", "why"]
    show.children_list(
        rows, columns, "chair", height=show.height(rows, 420), alt=title,
        extra={
            "booked_date": show.date_column("Booked for"), "booked": show.booked_column(), "last_day": show.date_column("Last working day", "The last working day on or before the due date.", 120),
            "due_date": show.date_column("Hold by"), "chair": st.column_config.TextColumn("Down to chair", width=190, help="A service manager must chair (guidance for care proceedings)."),
        },
    )  # fmt: skip
    take_along(view, rows, f"chair-load-{view.as_at.isoformat()}", title, "Children; a meeting about several children has one meeting ID")


page()
