"""This week: what needs a manager today."""

from collections import Counter

import streamlit as st

from cpm_metrics.views import lists, look, this_week
from cpm_metrics.views.contract import left_out
from pages._shared import frame, show, state

TILES = {
    "meetings": ("Meetings overdue", "CPMs, reviews and placement planning meetings past their due date, for children in care now."),
    "plans": ("Plans overdue", "Care plans, permanence plans, assessments and proceedings past their due date, for children in care now."),
    "records": ("Follow-up overdue", "Minutes, actions, telling the IRO and other follow-up past its due date, for children in care now."),
    "due": ("Due soon", "Everything not yet done that falls due within the limit, that day included, for children in care now."),
    "nothing_booked": ("Nothing booked", "The next CPM is overdue or due soon, and none is booked."),
    "drift": ("Drift flags", "Signs that a plan stands still: listed, never added up into a score."),
}  # fmt: skip
MORE = {
    "newly_overdue": "newly overdue", "cleared": "no longer overdue", "flags_new": "new drift flags", "flags_gone": "drift flags gone",
    "left_care": "left open when care ended", "cannot_tell": "cannot tell",
}  # fmt: skip
FLAGS = ("nothing_booked", "drift", "flags_new", "flags_gone")
SAYING = {
    "meetings": "Meetings overdue: children in care now", "plans": "Plans and assessments overdue: children in care now",
    "records": "Follow-up overdue: children in care now", "due": "Due soon: children in care now", "nothing_booked": "CPM overdue or due soon, and nothing booked",
    "drift": "Drift flags", "newly_overdue": "Newly overdue", "cleared": "No longer overdue", "flags_new": "New drift flags", "flags_gone": "Drift flags no longer raised",
    "left_care": "Left open when care ended", "cannot_tell": "Cannot tell",
}  # fmt: skip
HELP = {
    "newly_overdue": "Overdue now, and not overdue then.",
    "cleared": "Overdue then and not now: done, closed, changed or no longer in the extract. The last column says which.",
    "flags_gone": "Raised then and not now.",
    "left_care": "For example minutes never put on file. They stay counted with the team that held the case, but nothing can be planned for them this week.",
    "cannot_tell": "What the rule needs is not in the extracts. Never counted as done, never as overdue. “Why” names what is missing.",
}  # fmt: skip


def page() -> None:
    view = frame.view("This week")
    frame.title("This week", view)
    show_ = state.param("show", list(SAYING), "meetings")
    changes, since, how = view.changed()
    counts = this_week.counts(view.results, view.teams)
    before = counts_before(view, how, since)

    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        if how == "load":
            st.markdown(f"**Since your last load**, {look.day(since)}:", width="content")
        else:
            st.markdown(f"**Since {look.day(since)}**, a week earlier:", width="content", help="There is no earlier load to compare with, so both days are worked out from this extract.")
        for name in ("newly_overdue", "cleared", "flags_new", "flags_gone"):
            show.link_count(name, len(getattr(changes, name)), MORE[name], chosen=show_ == name, action=choose, args=(name,), help=HELP.get(name))
    with st.grid(len(TILES), min_column_width=140, gap="small"):
        for name, (title, help_) in TILES.items():
            if name == "due":
                title = f"Due in {within(view)}"
            show.tile(name, counts[name].rows, title, note(counts[name], before[name]), chosen=show_ == name, help=help_, action=choose, args=(name,))

    list_of(view, show_, changes)

    st.caption(
        f"All {counts['overdue'].rows:,} overdue obligations: {counts['meetings'].rows:,} meetings, {counts['plans'].rows:,} plans and assessments, "
        f"{counts['records'].rows:,} follow-up, and {counts['overdue'].rows - sum(counts[n].rows for n in ('meetings', 'plans', 'records')):,} left open when care ended. Also counted:"
    )
    with st.container(horizontal=True, gap="small"):
        for name in ("left_care", "cannot_tell"):
            show.link_count(name, counts[name].rows, MORE[name], chosen=show_ == name, action=choose, args=(name,), help=HELP[name])
    short_breaks = left_out(view.results)
    if short_breaks:
        st.caption(f"{look.count(short_breaks, 'child', 'children')} with short breaks only (legal status V3 or V4) {'is' if short_breaks == 1 else 'are'} left out of every count.")


def within(view: frame.View) -> str:
    """How far ahead “due soon” looks, in the words of its setting."""
    text = view.results.settings["general.due_soon"].text
    return "4 weeks" if text == "28 calendar days" else text


def counts_before(view: frame.View, how: str, since) -> dict:
    from pages._shared import data

    earlier, _ = data.earlier(view.info.load_id, view.as_at)
    return this_week.counts(earlier, view.teams)


def note(now: this_week.Count, before: this_week.Count) -> str:
    change = now.rows - before.rows
    moved = "no change" if not change else f"{abs(change):,} {'more' if change > 0 else 'fewer'}"
    return f"{moved} · {look.count(now.children, 'child', 'children')}"


def choose(which: str) -> None:
    state.set_params(show=which, only=None)


def list_of(view: frame.View, which: str, changes) -> None:
    """The rows behind the chosen count."""
    if which == "nothing_booked":
        rows = lists.flags(view.results, teams=view.teams, indicator="nothing-booked")
    elif which == "drift":
        rows = lists.flags(view.results, teams=view.teams)
    elif which in this_week.LISTS:
        rows = this_week.rows(view.results, which, view.teams)
    else:
        rows = getattr(changes, which)
    if which in FLAGS:
        not_assessed(view)
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    left.subheader(f"{SAYING[which]} ({len(rows):,})", anchor=False, help=HELP.get(which) or TILES.get(which, ("", None))[1])
    if not len(rows):
        nothing(view, which)
        return
    rows = only(rows, right)
    if which in FLAGS:
        columns = ["title", "since", "figure", "unit", "team", "worker", "why"]
    elif which == "due":
        columns = ["title", "due_date", "days_left", "next_cpm", "team", "worker", "why"]
    elif which == "cleared":
        columns = ["title", "now", "due_date", "team", "worker", "why"]
    elif which == "cannot_tell":
        columns = ["title", "anchor_date", "missing", "team", "worker", "why"]
    elif which == "left_care":
        columns = ["title", "status", "due_date", "days", "team", "worker", "why"]
    else:
        columns = ["title", "due_date", "days", "next_cpm", "team", "worker", "why"]
    extra = {
        "days": st.column_config.NumberColumn("Days overdue", width=95),
        "missing": st.column_config.TextColumn("Not in the extracts", width=200),
        "title": st.column_config.TextColumn("Sign of drift" if which in FLAGS else "What was due", width=215),
        "team": st.column_config.TextColumn("Team", width=165),
    }
    show.children_list(rows, columns, f"week-{which}", extra={name: extra[name] for name in columns if name in extra}, height=show.height(rows, 420), alt=SAYING[which])
    show.downloads(rows, f"{which.replace('_', '-')}-{view.as_at.isoformat()}", view.about, title=SAYING[which])


def only(rows, place):
    """A further choice: one rule or one sign of drift, with its count."""
    found = Counter(rows["title"])
    if len(found) < 2:
        return rows
    choices = sorted(found)
    chosen = place.selectbox(
        "Show", choices, index=None, format_func=lambda title: f"{title} ({found[title]:,})", placeholder=f"All {len(found)} kinds", label_visibility="collapsed",
        key=f"kind-{state.param('show', default='meetings')}",
    )  # fmt: skip
    return rows if chosen is None else rows[rows["title"] == chosen].reset_index(drop=True)


def not_assessed(view: frame.View) -> None:
    """Signs of drift that what was loaded can't show."""
    missing = lists.not_assessed(view.results)
    if missing:
        with st.expander(f"{look.count(len(missing), 'sign of drift', 'signs of drift')} can’t be assessed", icon=":material/help:"):
            for title, needs in missing:
                st.text(f"{title}: the extracts do not have {needs}.")


def nothing(view: frame.View, which: str) -> None:
    show.empty(
        "Nothing here",
        f"None for {view.teams_text} as at {look.day(view.as_at)}." + (" What couldn’t be worked out stands under “cannot tell” below." if which not in FLAGS else ""),
    )


page()
