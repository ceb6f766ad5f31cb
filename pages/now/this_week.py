"""This week: what changed since the last load, what needs a manager now, and the rows behind each count."""

from collections import Counter

import streamlit as st

from cpm_metrics.views import changes, exceptions, lists, look, this_week
from cpm_metrics.views.contract import left_out
from pages._shared import data, downloads, frame, notes, over_time, show, state

# List -> its title, on its count and above its rows, and what it means. "Due in 4 weeks" has the limit of its setting.
CHANGES = {
    "newly_overdue": ("Newly overdue", "Overdue now, and not overdue then."),
    "cleared": ("No longer overdue", "Overdue then and not now: done, closed, put off or no longer in the extract. The column “Now” says which."),
    "slipped": ("Slipped", "A booked CPM, placement planning meeting or review that was put off or held later than booked, or a due date that moved later while nothing was done; for children in care now."),
    "back_dated": ("Recorded late", "Back-dated: this extract says that it happened on or before the day of the earlier extract, which didn’t have it."),
    "flags_new": ("New drift flags", "Raised now and not then."),
    "flags_gone": ("Drift flags gone", "Raised then and not now."),
}  # fmt: skip
NOW = {
    "meetings": ("Meetings overdue", "CPMs, reviews and placement planning meetings past their due date, for children in care now."),
    "plans": ("Plans overdue", "Care plans, permanence plans, assessments and proceedings past their due date, for children in care now."),
    "records": ("Follow-up overdue", "Minutes, actions, telling the IRO and other follow-up past its due date, for children in care now."),
    "unbooked": ("Due, nothing booked", "A CPM, review or placement planning meeting falls due within the limit of “due soon”, and none that would meet it is booked; for children in care now."),
    "due": ("Due in {}", "Everything not yet done that falls due within the limit of “due soon”, that day included, for children in care now."),
    "drift": ("Drift flags", "Signs that a plan stands still: listed, never added up into a score. “?”: signs that can’t be assessed from what was loaded."),
}  # fmt: skip
ALSO = {
    "left_care": ("Left open when care ended", "For example minutes never put on file. They stay counted with the team that held the case, but nothing can be planned for them this week."),
    "cannot_tell": ("Cannot tell", "What the rule needs is not in the extracts. Never counted as done, never as overdue. “Why” names what is missing."),
    this_week.FROM_BEFORE: ("Overdue from before they came", "Overdue for children in care whom the chosen teams hold now, and due while another team held them. It counts for that team, so no count above has it; the Calendar and Drift go by who holds the child now."),
    "unsaid": ("Booked, outcome not recorded", "A meeting booked in the earlier load whose day has passed: this extract doesn’t say what became of it, so whether it slipped can’t be told."),
}  # fmt: skip
LISTS = CHANGES | NOW | ALSO
FLAGS = ("drift", "flags_new", "flags_gone")
TWO_LOADS = ("slipped", "back_dated", "unsaid")  # one load alone has only the last date of each booking, and nothing to be late for


def page() -> None:
    view = frame.view("This week")
    frame.title("This week", view)
    chosen = state.param("show", [name for name in LISTS if view.teams or name != this_week.FROM_BEFORE], "meetings")
    found, since, how = view.changed()
    late = back_dated(view) if how == "load" else None
    counts = this_week.counts(view.results, view.teams)
    earlier = this_week.counts(data.earlier(view.info.load_id, view.as_at)[0], view.teams)
    forced = notes.in_force(view)

    days = look.days((view.as_at - since).days)
    st.markdown(f"**Since your last load**, {look.day(since)} ({days} earlier)" if how == "load" else f"**Since {look.day(since)}** ({days} earlier, from this extract: there is no earlier load to compare with)")
    with st.grid(len(CHANGES), min_column_width=140, gap="small"):
        for name, (number, note) in changed_counts(found, late, how).items():
            show.tile(name, number, CHANGES[name][0], note, chosen=chosen == name, help=CHANGES[name][1], action=choose, args=(name,))
    untold = counts["cannot_tell"].rows
    st.markdown("**Now**" + (f" · {look.count(untold, 'more obligation')} can’t be told, so {'it is' if untold == 1 else 'they are'} in none of these: see the foot of the page" if untold else ""))
    with st.grid(len(NOW), min_column_width=140, gap="small"):
        for name in NOW:
            show.tile(name, counts[name].rows, title(view, name), now_note(view, name, counts, earlier), chosen=chosen == name, help=NOW[name][1], action=choose, args=(name,))

    from_before(view, chosen)

    rows = rows_of(view, chosen, found, late, forced)
    met = counts["meetings_due"].rows
    of = f"Of {met:,} due that a meeting would meet, {counts['unbooked'].rows:,} have none booked, and for {counts['booked_late'].rows:,} the first one booked is after the due date."
    list_of(view, chosen, rows, how, of if chosen == "unbooked" else "")
    foot(view, chosen, counts, found, forced, how)


def from_before(view: frame.View, chosen: str) -> None:
    """What came with the children: a team's counts go by who held them when it fell due, and it is this team that must act."""
    number = len(this_week.rows(view.results, this_week.FROM_BEFORE, view.teams)) if view.teams else 0
    if number:
        one = len(view.teams) == 1
        words = f"more {'is' if number == 1 else 'are'} overdue for children the team{'' if one else 's'} hold{'s' if one else ''} now, from before they came to {'it' if one else 'them'}."
        show.link_count(this_week.FROM_BEFORE, number, words, chosen=chosen == this_week.FROM_BEFORE, action=choose, args=(this_week.FROM_BEFORE,), icon=":material/move_up:", help=ALSO[this_week.FROM_BEFORE][1])


def back_dated(view: frame.View):
    """Events recorded late, as History has them for these two loads."""
    before = next(info for info in data.store().history() if info.load_id == view.info.previous)
    return over_time.compared(before, view.info).of(view.teams).back_dated


def title(view: frame.View, name: str) -> str:
    """“Due soon” looks as far ahead as its setting says."""
    text = view.results.settings["general.due_soon"].text
    return LISTS[name][0].format("4 weeks" if text == "28 calendar days" else text)


def changed_counts(found: changes.Changes, late, how: str) -> dict[str, tuple[int | None, str]]:
    """List -> its count (None: cannot tell) and the words under it."""
    done = int(found.cleared["now"].isin(["on_time", "late"]).sum())
    moved = int((found.slipped["became"] != "due_later").sum())
    out = {
        "newly_overdue": (len(found.newly_overdue), children(found.newly_overdue)),
        "cleared": (len(found.cleared), f"{done:,} of them done"),
        "slipped": (len(found.slipped), f"{look.count(moved, 'meeting')}, {look.count(len(found.slipped) - moved, 'due date')}"),
        "back_dated": (len(late), children(late)) if late is not None else (None, ""),
        "flags_new": (len(found.flags_new), children(found.flags_new)),
        "flags_gone": (len(found.flags_gone), children(found.flags_gone)),
    }
    return out if how == "load" else out | {name: (None, "needs an earlier load") for name in ("slipped", "back_dated")}


def children(rows) -> str:
    return look.count(rows["child_id"].nunique(), "child", "children")


def now_note(view: frame.View, name: str, counts: dict, earlier: dict) -> str:
    unseen = len(lists.not_assessed(view.results)) if name == "drift" else 0
    if unseen:
        return f"{look.count(counts[name].children, 'child', 'children')} · ? for {look.count(unseen, 'sign')}"
    if name == "unbooked":
        return look.count(counts[name].children, "child", "children")  # what was booked a week ago, one extract can't say
    change = counts[name].rows - earlier[name].rows
    moved = "no change" if not change else f"{abs(change):,} {'more' if change > 0 else 'fewer'}"
    return f"{moved} · {look.count(counts[name].children, 'child', 'children')}"


def choose(which: str) -> None:
    state.set_params(show=which)


def rows_of(view: frame.View, which: str, found: changes.Changes, late, forced: dict):
    """The rows behind a count; of obligations that are still open, with the exception that holds for them."""
    if which == "drift":
        return lists.flags(view.results, teams=view.teams)
    if which == "back_dated":
        return late
    if which in this_week.LISTS or which in (this_week.UNBOOKED, this_week.FROM_BEFORE):
        return exceptions.beside(this_week.rows(view.results, which, view.teams), forced)
    rows = getattr(found, which)
    return exceptions.beside(rows, forced) if which == "newly_overdue" else rows


HOLDS = ("team_now", "worker_now", "team", "worker")  # who must act, before who held the case when it fell due
COLUMNS = {
    "cleared": ["title", "now", "due_date", "done_date", *HOLDS, "why"],
    "slipped": ["title", "became", "was", "moved_to", "days", "team", "worker"],
    "unsaid": ["title", "was", "team", "worker"],
    "back_dated": ["what", "day", "days", "detail", "team", "worker"],
    "newly_overdue": ["title", "due_date", "days", "next_cpm", *HOLDS, "why"],
    "unbooked": ["title", "due_date", "days_left", *HOLDS, "why"],
    "due": ["title", "due_date", "days_left", "booked", *HOLDS, "why"],
    "cannot_tell": ["title", "anchor_date", "missing", *HOLDS, "why"],
    this_week.FROM_BEFORE: ["title", "due_date", "days", "booked", *HOLDS, "why"],
    "left_care": ["title", "status", "due_date", "days", *HOLDS, "why"],
    "plans": ["title", "due_date", "days", *HOLDS, "why"],
    "records": ["title", "due_date", "days", *HOLDS, "why"],
    "meetings": ["title", "due_date", "days", "booked", *HOLDS, "why"],
} | {name: ["title", "since", "figure", "unit", "team", "worker", "why"] for name in FLAGS}
FIRST = {
    "meetings": "CPMs and reviews first, the most recent at the top.", "plans": "The most recent at the top.", "records": "The most recent at the top.", "left_care": "The most recent at the top.",
    this_week.FROM_BEFORE: "The most recent at the top.",
    "due": "The soonest at the top.", "unbooked": "The soonest at the top.",
}  # fmt: skip


def list_of(view: frame.View, which: str, rows, how: str, more: str) -> None:
    """The rows behind the chosen count."""
    name = title(view, which)
    if which in FLAGS:
        show.not_assessed(view.results)
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    if which in TWO_LOADS and how != "load":
        left.header(name, anchor=False, help=LISTS[which][1])
        show.empty("Cannot tell", "It takes the newest load and one before it, from an extract taken earlier. Load the next extract when it comes; this page then says what slipped and what was recorded late.", ":material/help:")
        return
    left.header(f"{name} ({len(rows):,})", anchor=False, help=LISTS[which][1])
    if not len(rows):
        show.empty("Nothing here", f"None for {show.plain(view.teams_text)} as at {look.day(view.as_at)}." + (" What couldn’t be worked out stands under “Cannot tell” below." if which not in FLAGS else ""))
        return
    rows = only(which, rows, right)
    excepted = int(rows["exception"].notna().sum()) if "exception" in rows else 0
    hints = [
        FIRST.get(which, ""), more, "Tick a row to read why in full." if "why" in rows else "", "Click a name to open the child.",
        f"**{excepted:,} of them with a manager’s exception**; they stay counted here." if excepted else "",
    ]  # fmt: skip
    st.caption(" ".join(filter(None, hints)))
    columns = COLUMNS[which] if not excepted else [*COLUMNS[which][:3], "exception", *COLUMNS[which][3:]]
    if which == "slipped":
        rows = rows.assign(became=rows["became"].map(changes.BECAME))
    extra = {
        "days": show.number_column({"slipped": "Days later", "back_dated": "Days before"}.get(which, "Days overdue"), width=95,
            help={"back_dated": "Days from the event to the earlier extract, which should have had it.", "slipped": "Blank where there is no new date."}.get(which)),
        "missing": st.column_config.TextColumn("Not in the extracts", width=200),
        "title": st.column_config.TextColumn("Sign of drift" if which in FLAGS else "What", width=215),
        "became": st.column_config.TextColumn("What became of it", width=215), "was": show.date_column("Was"), "moved_to": show.date_column("Now"),
        **(show.when_due() if "team_now" in columns else {"team": show.team_column(help="The team that holds the child on the as-at date.")} if which in FLAGS else {}),
        "what": st.column_config.TextColumn("What happened", width=235), "day": show.date_column("On"), "detail": st.column_config.TextColumn("Detail", width=215),
    }  # fmt: skip
    ticked = show.children_list(rows, columns, f"week-{which}", extra={name: extra[name] for name in columns if name in extra}, height=show.height(rows, 420), alt=name)
    if ticked and "obligation_id" in rows and which != "cleared":
        with st.container(border=True):
            notes.panel(view, rows.iloc[ticked[0]])
    downloads.offer_list(rows, f"{which.replace('_', '-')}-{view.as_at.isoformat()}", view.about, title=name, headers=show.WHEN_DUE if "team_now" in columns else None)
    if which in this_week.LISTS or which == this_week.UNBOOKED:
        show.link_to_worklist(this_week.as_filters(which), "Open in the worklist, to tick, filter and take along")


def only(which: str, rows, place):
    """A further choice: one rule, one sign of drift or one kind of event, with its count."""
    column = "what" if which == "back_dated" else "title"
    found = Counter(rows[column])
    if len(found) < 2:
        return rows
    chosen = place.selectbox(
        "Show", sorted(found), index=None, format_func=lambda kind: f"{kind} ({found[kind]:,})", placeholder=f"All {len(found)} kinds", label_visibility="collapsed", key=f"kind-{which}",
    )  # fmt: skip
    return rows if chosen is None else rows[rows[column] == chosen].reset_index(drop=True)


def foot(view: frame.View, which: str, counts: dict, found: changes.Changes, forced: dict, how: str) -> None:
    """What else is counted, and what is not."""
    groups = sum(counts[name].rows for name in ("meetings", "plans", "records"))
    excepted = int(exceptions.beside(lists.obligations(view.results, teams=view.teams, statuses=("overdue",)), forced)["exception"].notna().sum()) if forced else 0
    st.caption(
        f"All {counts['overdue'].rows:,} overdue obligations: {counts['meetings'].rows:,} meetings, {counts['plans'].rows:,} plans and assessments, "
        f"{counts['records'].rows:,} follow-up, and {counts['overdue'].rows - groups:,} left open when care ended; "
        + (f"{excepted:,} of them with a manager’s exception. " if excepted else "none of them with a manager’s exception. ") + "Also counted:"
    )
    also = {"left_care": counts["left_care"].rows, "cannot_tell": counts["cannot_tell"].rows} | ({"unsaid": len(found.unsaid)} if how == "load" else {})
    with st.container(horizontal=True, gap="small"):
        for name, number in also.items():
            show.link_count(name, number, ALSO[name][0][0].lower() + ALSO[name][0][1:], chosen=which == name, action=choose, args=(name,), help=ALSO[name][1])
    short_breaks = left_out(view.results)
    if short_breaks:
        st.caption(f"{look.count(short_breaks, 'child', 'children')} with short breaks only (legal status V3 or V4) {'is' if short_breaks == 1 else 'are'} left out of every count.")



page()
