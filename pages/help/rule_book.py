"""Rule book: what each rule asks, who sets its limit, how it is counted; the drift indicators; the words."""

import pandas as pd
import streamlit as st

from cpm_metrics.indicators import all_indicators
from cpm_metrics.rules import LEVELS, all_rules
from cpm_metrics.settings import Limit
from cpm_metrics.views import look
from pages._shared import data, frame, show, state
from pages._shared.gate import gate

WORDS = {
    "As-at date": "The date for which everything is worked out. It is the date of the newest extract unless you choose an earlier one; never the clock of this computer.",
    "Extract date": "The day on which the spreadsheet was taken from the case system.",
    "Reconstructed": "A view for a date before the extract was taken: put together from what is known now. A meeting held between the two counts as booked.",
    "Period of care": "From the day a child started to be looked after to the day that ended. A child can have several; each is counted on its own.",
    "Care Planning Meeting (CPM)": "The meeting that makes and drives the child’s care plan. The final plan CPM, held before the final care plan is filed with the court, is one too.",
    "Child in Care Review": "The statutory review, chaired by the Independent Reviewing Officer (IRO). Not a CPM.",
    "Held": "The meeting’s status says so, or it has none and its date has passed. A planned meeting whose date has passed with no outcome is “outcome not recorded”, not held.",
    "Obligation": "One thing that was due for one child: set off on one day, due on another, and met, missed or still open.",
    "Why": "Each obligation’s one sentence with its dates, limit and source: ready to paste into supervision notes.",
    "Working day": "Monday to Friday, without England’s bank holidays.",
    "Month": "A calendar month: a month after 31 January is the last day of February.",
    "Day counting": "The day of the event is day 0, and done on the due date is in time. Limits in calendar days don’t roll off weekends.",
    "Rate": "On time ÷ (on time + late + missed + overdue). What can’t be told, lapsed or isn’t due yet is not in it. With fewer than ten counted there is no percentage.",
    "Drift": "What a list of late meetings does not show: a plan that stands still. Flags are listed, never added up into a score.",
    "Silent drift": "Every meeting of the last year in time, and the plan stands still all the same.",
    "Nothing booked": "Three questions, so three numbers. This week counts CPMs, reviews and placement planning meetings due soon, none of them overdue; Calendar counts meetings to hold, overdue or due in the weeks it shows; the sign of drift counts children whose next CPM is overdue or due soon and who have no CPM ahead at all. A cancelled or postponed meeting is none.",
    "Team": "An obligation counts for the team that held the case when it fell due. A drift flag counts for the team that holds the child now.",
    "Short breaks": "Children whose every legal status is V3 or V4 are left out, and counted as left out.",
}  # fmt: skip


def page() -> None:
    gate()
    settings = data.settings()
    frame.title("Rule book")
    st.caption("What is counted, by whose rule, and how. The limits shown here are the ones in use; the figure exists once, so every page and export agrees.")
    wanted = state.param("rule", [t.code for t in (*all_rules(), *all_indicators())])
    if wanted:
        with st.container(border=True):
            thing = next(t for t in (*all_rules(), *all_indicators()) if t.code == wanted)
            st.header(thing.title, anchor=False)
            one(thing, settings)
            st.button("Show all rules", icon=":material/arrow_back:", key="all", **state.on_click(state.set_params, rule=None))
        return
    tabs = st.tabs([f"Rules ({len(all_rules())})", f"Drift indicators ({len(all_indicators())})", "Words", "Statuses and levels"])
    with tabs[0]:
        level = st.pills("Level", list(look.LEVEL), format_func=lambda name: LEVELS[name].split(":")[0], key="level", label_visibility="collapsed", selection_mode="single")
        for group, (title, _) in look.GROUPS.items():
            things = [r for r in all_rules() if look.group_of(r.code) == group and level in (None, r.level)]
            if things:
                st.header(title, anchor=False)
            for thing in things:
                folded(thing, heading(thing, settings), settings)
    with tabs[1]:
        for thing in all_indicators():
            folded(thing, f"**{thing.title}**: {thing.question}", settings)
    with tabs[2]:
        for word, meaning in WORDS.items():
            st.markdown(f"**{word}**  \n{meaning}")
    with tabs[3]:
        for name, things in (("Status of an obligation", look.STATUS), ("Who sets a limit", look.LEVEL)):
            st.header(name, anchor=False)
            for words in things.values():
                with st.container(horizontal=True, vertical_alignment="center"):
                    show.badge(words)
                    st.markdown(words.meaning, width="content")


def heading(thing, settings) -> str:
    text = show.limits(thing, settings)
    return f"{look.LEVEL[thing.level].icon} **{thing.title}**" + (f" · {text}" if text else "")


def folded(thing, text: str, settings) -> None:
    """A rule or an indicator under its heading. What is in it is made once it is opened: each has two tables, and a browser draws the closed ones too."""
    fold = st.expander(text, key=f"fold-{thing.code}", on_change="rerun")
    if fold.open:
        with fold:
            one(thing, settings)


def one(thing, settings) -> None:
    """A rule or an indicator in plain English."""
    is_rule = hasattr(thing, "level")
    st.markdown(f"**{thing.question}**")
    if is_rule:
        with st.container(horizontal=True, vertical_alignment="center"):
            show.badge(look.LEVEL[thing.level])
            if thing.advisory:
                st.badge("Advisory", icon=":material/lightbulb:", color="gray", help="The guidance says “ideally”.")
            if thing.record:
                st.badge("Looks at one meeting’s record", icon=":material/description:", color="gray")
            st.caption(look.LEVEL[thing.level].meaning, width="content")
    st.markdown(f"Source: {show.plain(thing.source)}" + (f"  \n{show.plain(thing.notes)}" if thing.notes else ""))
    rows = []
    for what, default in thing.limits.items():
        value = settings[f"{thing.code}.{what}"]
        rows.append({"Setting": what.replace("_", " ").capitalize(), "In use": text(value), "Default": text(default), "": "changed by your council" if value != default else ""})
    if rows:
        st.dataframe(pd.DataFrame(rows), hide_index=True, placeholder="", key=f"limits-{thing.code}", width="content", alt="Limits in use")
    if not settings[f"{thing.code}.on"]:
        st.warning("Switched off by your council: it isn’t counted.", icon=":material/toggle_off:")
    if is_rule:
        st.markdown(how(thing, settings))
    needs = [" or ".join(entry) for entry in thing.needs]
    examples(thing)
    left = st.container(horizontal=True)
    with left:
        if is_rule:
            show.link_to_team_view(thing.code)
        st.caption(f"Code: {thing.code}" + (f" · Needs: {'; '.join(needs)}" if needs else ""), width="content")


def how(thing, settings) -> str:
    """The clock in a sentence."""
    if thing.record:
        return "How it is counted: each record is looked at on the day of its meeting. Complete is on time, incomplete is missed, and what isn’t filled in can’t be told."
    parts = []
    if thing.anchor_words:
        parts.append(f"the clock starts when the child {thing.anchor_words.removesuffix(' on')}" if thing.anchor_words.startswith("came into") else f"the clock starts: {thing.anchor_words.removesuffix(' on')}")
    if "limit" in thing.limits:
        parts.append(f"due {settings[f'{thing.code}.limit'].text} later")
    if thing.done_words:
        parts.append(f"met by: {thing.done_words.removesuffix(' on')}")
    if thing.closes_words:
        parts.append(f"over when {thing.closes_words}")
    return "How it is counted: " + "; ".join(show.plain(part) for part in parts) + "."


def examples(thing) -> None:
    """Its worked examples, which are also its tests."""
    is_rule = hasattr(thing, "level")
    rows = []
    for example in thing.examples:
        found = [look.STATUS[e["status"]].label for e in example.expect if e.get("status")]
        if not found:
            found = (["as expected"] if is_rule else ["Raised"]) if example.expect else ["Nothing due" if is_rule else "Not raised"]
        rows.append({"Worked example": example.title[:1].upper() + example.title[1:], "As at": pd.Timestamp(example.as_at), "Outcome": found})
    if rows:
        table = pd.DataFrame(rows)
        st.dataframe(
            table, hide_index=True, placeholder="", key=f"examples-{thing.code}", alt=f"Worked examples of {thing.title}", height=show.height(table),
            column_config={"Worked example": st.column_config.TextColumn(width=520), "As at": show.date_column("As at"), "Outcome": show.status_column("Outcome", 330)},
        )  # fmt: skip
        st.caption("In each example the child came into care on 5 Jan 2026, unless it says otherwise. These examples run as tests.")


def text(value) -> str:
    return value.text if isinstance(value, Limit) else str(value)


page()
