"""Worklist: every open obligation, to filter, sort, tick and take along."""

from datetime import date

import streamlit as st

from cpm_metrics import ics
from cpm_metrics.rules import all_rules
from cpm_metrics.views import exceptions, lists, look, worklist
from pages._shared import data, downloads, frame, notes, show, state
from pages._shared.gate import who

TITLES = {rule.code: rule.title for rule in all_rules()}
COLUMNS = {
    "title": "What", "status": "Status", "due_date": "Due", "days": "Days overdue", "days_left": "Days left", "booked": "Booked", **show.WHEN_DUE,
    "team_now": "Team now", "worker_now": "Social worker now", "iro": "IRO", "level": "Level", "anchor_date": "Set off on", "next_cpm": "CPM booked", "child_id": "Child ID",
    "sibling_group": "Sibling group", "exception": "Exception until", "why": "Why",
}  # fmt: skip
USUAL = ["title", "status", "due_date", "days", "days_left", "booked", "worker_now", "team_now", "worker", "team"]
MOST_SHEETS = 60  # children; beyond that nobody prints them, and the page would have to wait


def page() -> None:
    view = frame.view("Worklist")
    frame.title("Worklist", view)
    restore(view)
    stands = exceptions.standing(view.results, data.store().state.exceptions())
    found = exceptions.beside(every_row(view), exceptions.in_force(stands))
    if not len(found):
        show.empty("Nothing is open", f"No obligation is open as at {look.day(view.as_at)}. Rules that are turned off, or whose extracts were never loaded, stand on the Rule book and Data quality pages.")
        on_record(view, stands)
        return

    top = st.container(horizontal=True, gap="small", vertical_alignment="bottom")
    middle = st.container()
    toggles = st.container(horizontal=True, gap="medium", vertical_alignment="center")
    with middle:
        chosen = filters(view, found, toggles)
    fits = worklist.chosen_rows(found, chosen, view.teams)
    with toggles:
        rows = worklist.with_exception(fits, shown(fits))
    with top:
        saved_views(view)
        columns = which_columns()
        st.button("Clear filters", icon=":material/filter_alt_off:", disabled=chosen == worklist.Chosen(order=chosen.order) and state.widget("work-shown") in (None, "all"), **state.on_click(clear))
    remember_in_address(chosen)

    said = state.forget("work-said")
    if said:
        st.info(show.plain(said), icon=":material/info:")
    st.caption(in_short(rows, found if not view.teams else found[found["team"].isin(view.teams)], chosen))
    if not len(rows):
        show.empty("Nothing fits these filters", "Take one away, or press “Clear filters”. The teams are chosen beside the page.", ":material/filter_alt:")
    else:
        the_list(view, chosen, rows, columns)
    on_record(view, stands)


# -- the rows


def every_row(view: frame.View):
    return _every_row(data.place(), view.info.load_id, view.as_at, view.results.settings.key, view.results)


@st.cache_resource(max_entries=4, show_spinner="Putting the worklist together…")
def _every_row(where: data.Place, load_id: str, as_at: date, settings_key: str, _results):
    """Kept, as it is the same for everybody. Whoever gets it must not change it."""
    return worklist.rows(_results)


def in_short(rows, of, chosen: worklist.Chosen) -> str:
    """How many there are of each status, out of how many, and the exceptions apart."""
    parts = [f"{int((rows['status'] == status).sum()):,} {look.STATUS[status].word.lower()}" for status in look.OPEN if (rows["status"] == status).any()]
    excepted = int(rows["exception"].notna().sum())
    words = f"**{len(rows):,}** of {look.count(len(of), 'open obligation')}, about {look.count(rows['child_id'].nunique(), 'child', 'children')}"
    if parts:
        words += f": {', '.join(parts)}"
    if excepted:
        words += f". **{excepted:,} of them with a manager’s exception**, counted under the status they have"
    alone = int(rows.loc[rows["sibling_group"].isna(), "child_id"].nunique())
    if chosen.siblings and alone:
        words += f". No sibling group is recorded for {look.count(alone, 'child', 'children')} of these: they stand by themselves"
    return words + "."


def the_list(view: frame.View, chosen: worklist.Chosen, rows, columns: list[str]) -> None:
    """The table, what to do with the ticked rows above it, and one ticked row in full below."""
    columns = [name for name in columns if name != "exception"]
    if chosen.siblings:
        columns.insert(0, "family")
    if rows["exception"].notna().any():
        columns.insert(columns.index("status") + 1 if "status" in columns else 1, "exception")
    bar = st.container(horizontal=True, gap="small", vertical_alignment="center")
    extra = {
        "days": show.number_column("Days overdue", width=95), "title": st.column_config.TextColumn("What", width=205),
        "sibling_group": st.column_config.TextColumn("Sibling group", width=105), **show.when_due(),
    }  # fmt: skip
    ticked = show.children_list(
        rows, columns, "work", several=True, height=show.height(rows, 460), alt="Worklist: open obligations", extra={name: extra[name] for name in columns if name in extra}
    )
    with bar:
        take_along(view, chosen, rows, rows.iloc[ticked] if ticked else None)
    if len(ticked) == 1:
        row = rows.iloc[ticked[0]]
        with st.container(border=True):
            left, right = st.columns([5, 1], vertical_alignment="center")
            left.text(f"{row['name']}: {row['why']}")
            right.button("Open the child", key="work-open-child", width="stretch", **state.on_click(show.open_row, row))
            notes.panel(view, row)


def take_along(view: frame.View, chosen: worklist.Chosen, rows, ticked) -> None:
    """Files of the ticked rows; of the whole list where none is ticked."""
    some = ticked if ticked is not None else rows
    children = list(dict.fromkeys(some["child_id"]))
    if ticked is not None:
        st.markdown(f"**{look.count(len(ticked), 'row')} ticked**, {look.count(len(children), 'child', 'children')}", width="content")
    else:
        st.markdown("Tick rows to take them along; tick one to read why and add a note.", width="content")
    name = f"worklist-{view.as_at.isoformat()}"
    many = len(children) > MOST_SHEETS
    downloads.offer(
        "Supervision sheets", lambda: sheets(view, children), f"supervision-{view.as_at.isoformat()}.pdf", downloads.PDF, what="Supervision sheets",
        key="work-sheets", detail=downloads.of_children(children), icon=":material/picture_as_pdf:", disabled=ticked is None or many,
        help=f"One page for each ticked child, with the notes and exceptions. At most {MOST_SHEETS} children at a time." + ("" if ticked is not None else " Tick the rows first."),
    )  # fmt: skip
    dated = len(some) - ics.without_date(some)
    downloads.offer(
        "Calendar", lambda: ics.calendar(some, view.as_at), f"{name}.ics", downloads.CALENDAR, what="Calendar file", key="work-ics", icon=":material/calendar_add_on:", disabled=not dated,
        detail=downloads.of_children(some["child_id"]),
        help=f"An entry on each due date, for Outlook or a phone: child IDs only, never a name. {look.count(len(some) - dated, 'row has', 'rows have')} no due date and no entry.",
    )  # fmt: skip
    taken = some.drop(columns=["uid", "ahead", "kind", "in_care", "done_date", "meeting_id", "closes_on", "lapses_on"])
    downloads.offer_list(taken, name, view.about | {"Filters": in_words(chosen) + (", ticked rows only" if ticked is not None else "")}, title="Worklist", headers=show.WHEN_DUE)


def sheets(view: frame.View, children: list[str]) -> bytes:
    from cpm_metrics.documents import supervision

    kept = data.store().state
    return supervision.pdf(view.results, children, [n for n in kept.notes() if n.about.child_id in children], [e for e in kept.exceptions() if e.about.child_id in children])


# -- filters


def filters(view: frame.View, found, toggles) -> worklist.Chosen:
    """The widgets; what is chosen stays through the session, and, but for people's names, in the address."""
    mine = found if not view.teams else found[found["team"].isin(view.teams)]
    people = {name: worklist.choices(mine, column, state.widget(f"work-{name}") or []) for name, column in (("worker", worklist.WORKER), ("iro", "iro"))}
    more = {"label_visibility": "collapsed", "persist_state": "session"}
    with st.grid(4, min_column_width=150, gap="small"):
        status = st.multiselect("Status", look.OPEN, format_func=lambda s: look.STATUS[s].word, placeholder="Any status", key="work-status", **more)
        rule = st.multiselect("What", list(TITLES), format_func=TITLES.get, placeholder="Any rule", key="work-rule", **more)
        when = st.selectbox("Due", list(worklist.WHEN), format_func=worklist.WHEN.get, key="work-when", **more)
        worker = st.multiselect("Social worker", people["worker"], format_func=lambda v: v or "Not recorded", placeholder="Any social worker now", key="work-worker", **more)
        iro = st.multiselect("IRO", people["iro"], format_func=lambda v: v or "Not recorded", placeholder="Any IRO", key="work-iro", **more)
        level = st.multiselect("Level", list(look.LEVEL), format_func=lambda v: look.LEVEL[v].word, placeholder="Any level", key="work-level", **more)
        care = st.selectbox("In care", list(worklist.CARE), format_func=worklist.CARE.get, key="work-care", **more)
        order = st.selectbox("Order", list(worklist.ORDERS), format_func=worklist.ORDERS.get, key="work-order", **more)
    due_from = due_to = None
    if when == "between":
        left, right, _ = st.columns([1, 1, 3])
        due_from = left.date_input("Due from", value=None, format="DD/MM/YYYY", key="work-due_from", persist_state="session")
        due_to = right.date_input("Due to", value=None, format="DD/MM/YYYY", key="work-due_to", persist_state="session")
    with toggles:
        unbooked = st.toggle("Nothing booked", key="work-unbooked", persist_state="session", help="A CPM, review or placement planning meeting would meet it, and none of that kind is booked.")
        siblings = st.toggle("Siblings together", key="work-siblings", persist_state="session", help="The rows of a sibling group stand together, where the first of them stands.")
    return worklist.Chosen(tuple(status), tuple(rule), tuple(level), tuple(worker), tuple(iro), when, due_from, due_to, care, unbooked, "all", order, siblings)


def shown(fits) -> str:
    """All, or those without (with) a manager's exception, each with its count."""
    excepted = int(fits["exception"].notna().sum())
    counts = {"all": len(fits), "without": len(fits) - excepted, "with": excepted}
    return st.segmented_control(
        "Manager’s exceptions", list(counts), default=None if state.widget("work-shown") else "all", required=True, format_func=lambda v: f"{worklist.SHOWN[v]} ({counts[v]:,})", key="work-shown",
        label_visibility="collapsed", persist_state="session",
    )  # fmt: skip


WORDS = ("status", "rule", "level", "when", "due-from", "due-to", "care", "unbooked", "order", "siblings", "shown")  # in the address: codes and dates, no names


def remember_in_address(chosen: worklist.Chosen) -> None:
    plain = (chosen.plain() | {"shown": state.widget("work-shown") or "all"}) if chosen else {}
    usual = worklist.Chosen().plain()
    words = {}
    for word in WORDS:
        value = plain[word.replace("-", "_")]
        if value != usual[word.replace("-", "_")]:
            words[word] = ",".join(value) if isinstance(value, list) else "yes" if value is True else value
    if words != address():
        state.set_params(**{word.replace("-", "_"): words.get(word) for word in WORDS})
    state.remember("work-words", words)


def address() -> dict[str, str]:
    return {word: value for word in WORDS if (value := state.param(word)) is not None}


def restore(view: frame.View) -> None:
    """Before the widgets: what a bookmark or a link brings, and on the first visit the view that opens by itself."""
    words, before = address(), state.recall("work-words")
    if words and words != before:
        many = {name: words[name].split(",") for name in ("status", "rule", "level") if name in words}
        flags = {name: words[name] == "yes" for name in ("unbooked", "siblings") if name in words}
        put(worklist.Chosen.of({word.replace("-", "_"): value for word, value in words.items()} | many | flags))
        state.set_widget("work-view", None)
    elif before is None:
        name = first_view()
        if name in kept_views():
            put(worklist.Chosen.of(kept_views()[name].get("chosen", {})))
            state.set_widget("work-columns", columns_of(kept_views()[name]))
            state.set_widget("work-view", name)
            teams = [team for team in kept_views()[name].get("teams", []) if team in view.all_teams]
            if teams and not view.teams:
                state.remember("work-words", {})
                show.go("pages/now/worklist.py", team=teams)


def put(chosen: worklist.Chosen) -> None:
    """Before the widgets are made."""
    plain = chosen.plain()
    for name, value in plain.items():
        state.set_widget(f"work-{name}", value if name not in ("due_from", "due_to") else getattr(chosen, name))


def clear() -> None:
    put(worklist.Chosen(order=state.widget("work-order", "recent")))
    state.set_widget("work-view", None)


def in_words(chosen: worklist.Chosen) -> str:
    """For the sheet “About” of an export."""
    parts = [
        ", ".join(look.STATUS[s].word for s in chosen.status), ", ".join(TITLES[r] for r in chosen.rule), ", ".join(look.LEVEL[v].word for v in chosen.level),
        "social worker now: " + " or ".join(w or "not recorded" for w in chosen.worker) if chosen.worker else "", ", ".join(i or "IRO not recorded" for i in chosen.iro), worklist.WHEN[chosen.when] if chosen.when else "",
        f"from {look.day(chosen.due_from)}" if chosen.due_from else "", f"to {look.day(chosen.due_to)}" if chosen.due_to else "", worklist.CARE[chosen.care] if chosen.care else "",
        "nothing booked" if chosen.unbooked else "", worklist.SHOWN[state.widget("work-shown") or "all"] if state.widget("work-shown") not in (None, "all") else "",
    ]  # fmt: skip
    return "; ".join(filter(None, parts)) or "every open obligation"


# -- columns and views, kept for each person


def which_columns() -> list[str]:
    if state.widget("work-columns") is None:
        kept = data.store().state.saved("columns", who()).get("worklist")
        state.set_widget("work-columns", columns_of({"columns": kept}))
    with st.popover("Columns", icon=":material/view_column:", key="work-columns-open"):
        st.multiselect("Columns, in this order", list(COLUMNS), format_func=COLUMNS.get, key="work-columns", persist_state="session", on_change=keep_columns, placeholder="The usual ones")
        st.caption("Kept for your next visit. “Exception until” shows by itself where there is one.")
    return state.widget("work-columns") or list(USUAL)


def columns_of(kept: dict) -> list[str]:
    """Those that this version knows; the usual ones where there are none."""
    return [name for name in kept.get("columns") or [] if name in COLUMNS] or list(USUAL)


def keep_columns() -> None:
    data.store().state.save("columns", who(), "worklist", state.widget("work-columns"), who())


def kept_views() -> dict[str, dict]:
    return {name: value for name, value in data.store().state.saved("view", who()).items() if isinstance(value, dict)}


def first_view() -> str | None:
    """The view that opens by itself on the first visit."""
    return data.store().state.saved("view that opens first", who()).get("worklist")


def now_as_view(view: frame.View) -> dict:
    chosen = {name: state.widget(f"work-{name}") for name in worklist.Chosen().plain()}
    return {"chosen": worklist.Chosen.of(chosen).plain(), "columns": state.widget("work-columns") or list(USUAL), "teams": view.teams}


def saved_views(view: frame.View) -> None:
    kept, current = kept_views(), state.forget("work-saved") or state.widget("work-view")
    if current in kept:
        state.set_widget("work-view", current)
    else:
        current = None
        state.set_widget("work-view", None)
    st.selectbox(
        "Saved view", list(kept), index=None, placeholder="Open a saved view" if kept else "No view saved yet", key="work-view", on_change=open_view, disabled=not kept, label_visibility="collapsed",
        width=260, persist_state="session",
    )  # fmt: skip
    with st.popover("Save or change views", icon=":material/bookmark:", key=f"work-views-{len(kept)}-{current}"):  # another one, so closed, once a view was made, renamed or deleted
        here = now_as_view(view)
        if current:
            changed = kept[current] != here
            st.markdown(f"**{show.plain(current)}**" + (" has other filters, columns or teams than now." if changed else " is what you see."))
            st.button("Replace it with what you see", key="view-replace", disabled=not changed, width="stretch", **state.on_click(save_view, current, here))
        with st.form("view-save", clear_on_submit=True, border=False):
            name = st.text_input("Save what you see as", max_chars=60, key="view-name", placeholder="A name for it")
            first = st.checkbox("Open it first whenever I come here", key="view-first")
            if st.form_submit_button("Save", icon=":material/bookmark_add:", key="view-add", width="stretch"):
                name = " ".join(name.split())
                if not name:
                    st.warning("Give it a name first.", icon=":material/edit:")
                elif name in kept:
                    st.warning("You have a view of that name. Open it and press “Replace it”, or choose another name.", icon=":material/edit:")
                else:
                    save_view(name, here)
                    if first:
                        set_first(name)
                    state.remember("work-said", f"Saved as “{name}”.")
                    state.remember("work-saved", name)
                    st.rerun()
        if current:
            st.text_input("Another name for it", value=current, max_chars=60, key=f"view-rename-{len(current)}-{current}", on_change=rename_view, args=(current, f"view-rename-{len(current)}-{current}"))
            opens = first_view() == current
            st.button("Don’t open it first any more" if opens else "Open it first whenever I come here", key="view-default", width="stretch", **state.on_click(set_first, None if opens else current))
            sure = st.checkbox("Delete this view", key="view-sure")
            st.button("Delete it", key="view-delete", type="primary", disabled=not sure, width="stretch", **state.on_click(delete_view, current))


def save_view(name: str, value: dict) -> None:
    data.store().state.save("view", who(), name, value, who())


def set_first(name: str | None) -> None:
    kept = data.store().state
    if name is None:
        kept.forget("view that opens first", who(), "worklist", who())
    else:
        kept.save("view that opens first", who(), "worklist", name, who())


def rename_view(name: str, key: str) -> None:
    new, kept = " ".join((state.widget(key) or "").split()), kept_views()
    if not new or new == name or name not in kept:
        return
    if new in kept:
        state.remember("work-said", f"You have a view named “{new}” already: this one keeps its name.")
        return
    save_view(new, kept[name])
    data.store().state.forget("view", who(), name, who())
    if first_view() == name:
        set_first(new)
    state.set_widget("work-view", new)


def delete_view(name: str) -> None:
    data.store().state.forget("view", who(), name, who())
    if first_view() == name:
        set_first(None)
    state.set_widget("work-view", None)
    state.set_widget("view-sure", False)
    state.remember("work-said", f"The view “{name}” is deleted.")


def open_view() -> None:
    """Before the page runs: its filters, columns and teams."""
    kept = kept_views().get(state.widget("work-view"))
    if kept is None:
        return
    current = data.store().current()
    known = lists.teams(data.results(current.info.load_id, current.info.extract_date))
    teams = kept.get("teams", [])
    there = [team for team in teams if team in known]
    if teams and not there:
        state.remember("work-said", "The teams of this view are not in the newest extract, so it was not opened. Choose teams beside the page and save the view again.")
        state.set_widget("work-view", None)
        return
    if len(there) < len(teams):
        state.remember("work-said", f"Not in the newest extract any more, and left out: {', '.join(team for team in teams if team not in known)}.")
    put(worklist.Chosen.of(kept.get("chosen", {})))
    state.set_widget("work-columns", columns_of(kept))
    state.set_widget(state.TEAM, there)


# -- exceptions on record


def on_record(view: frame.View, stands: list[exceptions.Standing]) -> None:
    """Every manager's exception ever made, also those that don't hold any more."""
    rows = exceptions.listed(view.results, stands, view.teams)
    counts = [f"{int((rows['state'] == state_).sum()):,} {words.word.lower()}" for state_, words in look.EXCEPTION.items() if (rows["state"] == state_).any()]
    with st.expander(f"Manager’s exceptions on record ({len(rows):,})" + (f": {', '.join(counts)}" if counts else ""), icon=":material/approval:", key="work-record"):
        st.caption("An exception says why a manager accepts something as it is, until when. It never changes a status. " + " ".join(f"**{words.word}**: {words.meaning}" for words in look.EXCEPTION.values()))
        if not len(rows):
            show.empty("None on record", "To make one, tick a row of the list above.", ":material/approval:")
            return
        extra = {
            "state": st.column_config.TextColumn("Exception", width=135), "reason": st.column_config.TextColumn("Reason", width=260), "expires": show.date_column("Until"), "who": st.column_config.TextColumn("By", width=110),
            "made": show.date_column("Made on"), "withdrawn": show.date_column("Withdrawn on", width=115), "status": show.status_column("Status now"),
        }  # fmt: skip
        as_text = rows.assign(state=rows["state"].map(lambda code: look.EXCEPTION[code].label))
        columns = ["title", "state", "status", "due_date", "expires", "reason", "who", "made", "withdrawn", "team"]
        ticked = show.children_list(as_text, columns, "record", several=True, height=show.height(rows, 360), alt="Manager’s exceptions on record", extra=extra)
        by_number = {one.exception.number: one for one in stands}
        for at in ticked:
            notes.exception(by_number[int(rows["number"].iloc[at])], "record")
        if len(ticked) == 1:
            st.button("Open the child", key="record-open-child", **state.on_click(show.open_row, rows.iloc[ticked[0]]))
        downloads.offer_list(as_text.drop(columns="rule"), f"exceptions-{view.as_at.isoformat()}", view.about, title="Manager’s exceptions")


page()
