"""Settings: every figure that the council may set. A change is tried first, and shows what it would do; then it is saved, with a reason."""

from dataclasses import replace
from datetime import date

import pandas as pd
import streamlit as st

from cpm_metrics.errors import CpmError
from cpm_metrics.settings import Limit, Settings, text_of
from cpm_metrics.views import history, look, settings_effect
from pages._shared import data, downloads, frame, show, state
from pages._shared.gate import gate, who

LIST_HEIGHT = 420
TILES = {
    "moved": ("change status", "Obligations whose status would be another."),
    "due": ("get another due date", "Obligations that keep their status and get another due date."),
    "raised": ("flags raised", "Drift flags that would be raised and aren’t now."),
    "cleared": ("flags cleared", "Drift flags that are raised now and would no longer be."),
}  # fmt: skip
WRITTEN = {"before": "Before", "after": "After", "due_before": "Due date before", "title": "Rule", "obligations": "Obligations", "children": "Children", "at": "When (UTC)", "who": "By", "setting": "Setting", "reason": "Reason"}


def page() -> None:
    gate()
    if unreadable():
        return
    # A setting holds for every team and every day: the effect is shown for all teams as at the newest extract.
    view = frame.view("Settings")
    view = replace(view, results=data.results(view.info.load_id, view.info.extract_date), as_at=view.info.extract_date, teams=[])
    frame.title("Settings", view, "a setting holds for the whole council, on every page, in every export and on the command line")
    said = state.forget("settings-said")
    if said:
        st.success(show.plain(said), icon=":material/check_circle:")
    draft = drafted(view.results.settings)
    if draft:
        trying(view, draft)
    left, right = st.columns([10, 17], gap="medium")
    with left:
        editor(view.results.settings, draft)
    with right:
        listed(view.results.settings, draft)
    so_far(view.results.settings)


def unreadable() -> bool:
    """Whether something kept in the store can't be a setting (a hand-made change, another version): says which, with the way out."""
    try:
        data.settings()
        return False
    except CpmError:
        st.title("Settings", anchor=False)
    for kept in data.store().state.settings_in_full():
        try:
            Settings({kept.name: kept.value})
        except CpmError as problem:
            st.warning(f"{show.plain(problem.what)} {show.plain(problem.remedy)}", icon=":material/warning:")
            st.button(f"Take “{show.plain(kept.name)}” out: back to the default", key=f"out-{kept.name}", **state.on_click(take_out, kept.name))
    return True


def take_out(name: str) -> None:
    data.store().state.clear_setting(name, who(), "What was kept could not be read.")


# -- what is being tried


def drafted(settings: Settings) -> dict:
    """Name -> value of what is being tried and differs from what is in use."""
    draft = state.recall("settings-draft", {})
    return {name: value for name, value in draft.items() if name in settings.declared and value != settings[name]}


def trying(view: frame.View, draft: dict) -> None:
    settings = view.results.settings
    with st.container(border=True, key="trying"):
        st.header(f"Trying {look.count(len(draft), 'change')}: nothing is saved yet", anchor=False)
        for name, value in draft.items():
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(f"**{show.plain(settings.declared[name].title)}**: {text_of(settings[name])} → **{text_of(value)}**", width="content")
                st.button("Leave this out", key=f"drop-{name}", icon=":material/close:", type="tertiary", **state.on_click(drop, name))
        chosen = Settings(settings.chosen | draft)
        after = data.results(view.info.load_id, view.as_at, chosen)
        effect = worked_out(data.place(), view.info.load_id, view.as_at, settings.key, chosen.key, view.results, after)
        shown(view, after, effect, draft)
        st.divider()
        st.text_input(
            "Why is it changed?", key="settings-reason", max_chars=500, placeholder="For example: agreed by the care planning board on 3 November",
            help="Kept with the change for whoever asks later. No names of children.",
        )  # fmt: skip
        refused = state.forget("settings-refused-save")
        if refused:
            st.error(show.plain(refused), icon=":material/info:")
        with st.container(horizontal=True):
            st.button(f"Save {look.count(len(draft), 'change')}", key="save", type="primary", icon=":material/save:", **state.on_click(save, draft, settings.key))
            st.button("Discard", key="discard", icon=":material/undo:", **state.on_click(discard))


@st.cache_resource(max_entries=4, show_spinner="Working out what would change…")
def worked_out(where: data.Place, load_id: str, as_at: date, key_before: str, key_after: str, _before, _after) -> settings_effect.Effect:
    return settings_effect.between(_before, _after)


def shown(view: frame.View, after, effect: settings_effect.Effect, draft: dict) -> None:
    """What the draft would do, as at the chosen day, and the rows behind each number."""
    st.caption(f"As at {look.day(view.as_at)}, for all teams, out of {effect.counted[0]:,} obligations of every year in the extracts, it would mean:")
    frames = {"moved": effect.moved, "due": effect.due_moved, "raised": effect.flags_raised, "cleared": effect.flags_cleared}
    which = state.param("show", list(TILES), "moved")
    with st.grid(len(TILES), min_column_width=150, gap="small"):
        for name, (title, help_) in TILES.items():
            rows = frames[name]
            note = f"about {look.count(rows['child_id'].nunique(), 'child', 'children')}" if len(rows) else "none"
            show.tile(f"effect-{name}", len(rows), title, note, chosen=which == name, help=help_, action=choose, args=(name,))
    for words in remarks(view, after, draft):
        st.info(words, icon=":material/info:")
    if effect.nothing:
        st.caption("No obligation changes status or due date, and no flag comes or goes.")
        return
    if which in ("moved", "due"):
        rows_of(view, after, effect, which)
    elif len(frames[which]):
        show.children_list(frames[which], ["title", "since", "figure", "unit", "team", "worker", "why"], f"effect-{which}", height=show.height(frames[which], 320), alt=f"Drift {TILES[which][0]}",
                           extra={"title": st.column_config.TextColumn("Sign of drift", width=215), "team": show.team_column()})  # fmt: skip
        downloads.offer_list(frames[which], f"settings-flags-{which}-{view.as_at.isoformat()}", about(view, draft), title=f"Drift {TILES[which][0]}")
    else:
        st.caption("None.")


def rows_of(view: frame.View, after, effect: settings_effect.Effect, which: str) -> None:
    """From -> to per rule; a ticked line opens its rows."""
    rows = effect.moved if which == "moved" else effect.due_moved
    if not len(rows):
        st.caption("None.")
        return
    table = settings_effect.from_to(rows)
    words = table.assign(before=table["before"].map(settings_effect.FROM_TO), after=table["after"].map(settings_effect.FROM_TO))
    picked = st.dataframe(
        words, hide_index=True, placeholder="", key=f"from-to-{which}", on_select="rerun", selection_mode="single-row", height=show.height(words, 300), column_order=["title", "before", "after", "obligations", "children"],
        alt="How many obligations go from which status to which, by rule", width="content",
        column_config={"title": st.column_config.TextColumn("Rule", width=270), "before": st.column_config.TextColumn("Now", width=160), "after": st.column_config.TextColumn("Would be", width=160),
                       "obligations": show.number_column("Obligations", width=95), "children": show.number_column("Children", width=85)},
    )  # fmt: skip
    lines = picked.selection.rows
    chosen = table.iloc[lines[0]] if lines and lines[0] < len(table) else None
    if chosen is not None:
        rows = rows[(rows["rule"] == chosen["rule"]) & (rows["before"] == chosen["before"]) & (rows["after"] == chosen["after"])].reset_index(drop=True)
        title = f"{chosen['title']}: {settings_effect.FROM_TO[chosen['before']]} → {settings_effect.FROM_TO[chosen['after']]}"
    else:
        title = "All of them"
    st.markdown(f"**{title} ({len(rows):,})**" + ("" if chosen is not None else " · tick a line above to see only its rows"))
    out = rows.assign(before=rows["before"].map(settings_effect.FROM_TO), after=rows["after"].map(settings_effect.FROM_TO))
    show.children_list(
        out, ["title", "before", "after", "due_before", "due_date", "done_date", "team", "worker", "why"], f"effect-{which}", height=show.height(out, 320), alt=title,
        extra={"before": st.column_config.TextColumn("Now", width=120), "after": st.column_config.TextColumn("Would be", width=120), "due_before": show.date_column("Due now"), "due_date": show.date_column("Would be due")},
    )  # fmt: skip
    downloads.offer_list(out, f"settings-effect-{view.as_at.isoformat()}", about(view, {}) | {"Shows": "what a change of settings would do; nothing of it is saved"}, title="Effect of a change")
    start = look.year_to(view.as_at)
    rates = settings_effect.rates(view.results, after, start, view.as_at)
    if len(rates):
        with st.expander(f"On time in the twelve months to {look.day(view.as_at)}: {look.count(len(rates), 'rule')} would show another figure", icon=":material/percent:"):
            st.dataframe(rates, hide_index=True, placeholder="", key="rates", column_order=["title", "before", "after"], width="content", height=show.height(rates, 400), alt="On time by rule, now and as it would be",
                         column_config={"title": st.column_config.TextColumn("Rule", width=270), "before": st.column_config.TextColumn("Now", width=170), "after": st.column_config.TextColumn("Would be", width=170)})  # fmt: skip


def about(view: frame.View, draft: dict) -> dict[str, str]:
    return view.about | {view.results.settings.declared[name].title: f"{text_of(view.results.settings[name])} → {text_of(value)} (tried, not saved)" for name, value in draft.items()}


def remarks(view: frame.View, after, draft: dict) -> list[str]:
    """What statuses and flags don't show of a change."""
    out = []
    start = look.year_to(view.as_at)
    if "general.smallest_counted" in draft:
        (now, pairs), (then, _) = (settings_effect.percentages(r, start, view.as_at) for r in (view.results, after))
        out.append(f"Of {pairs:,} pairs of rule and team with anything counted in twelve months, {now:,} show a percentage now and {then:,} would. The counts stay as they are.")
    if "general.stale_extract" in draft:
        words = ["is not said to be too old", "is said to be too old"]
        now, then = (words[history.is_older_than(view.info.extract_date, limit, date.today())] for limit in (view.results.settings["general.stale_extract"], draft["general.stale_extract"]))
        out.append(f"The extract of {look.day(view.info.extract_date)} {now}; with the change it {then}.")
    for name, value in draft.items():
        leaning = settings_effect.leans_on(name.removesuffix(".on")) if name.endswith(".on") and value is False else []
        if leaning:
            out.append(f"With “{view.results.settings.declared[name].title.removesuffix(': on or off')}” off, these signs of drift no longer see it, and would say nothing of it: {', '.join(leaning)}.")
    return [show.plain(words) for words in out]


def choose(name: str) -> None:
    state.set_params(show=name)


def drop(name: str) -> None:
    state.remember("settings-draft", {other: value for other, value in state.recall("settings-draft", {}).items() if other != name})


def discard() -> None:
    state.forget("settings-draft")
    state.set_params(show=None)


def save(draft: dict, key: str) -> None:
    """Only what was shown is saved: if somebody else changed a setting meanwhile, the effect is shown afresh first."""
    settings, reason = data.settings(), (state.widget("settings-reason") or "").strip()
    if len(reason) < 5:
        state.remember("settings-refused-save", "Not saved: say in a few words why it is changed. Whoever asks later will read it.")
        return
    if settings.key != key:
        state.remember("settings-refused-save", "Not saved: somebody else changed a setting meanwhile. What you see now is the effect on top of that change: look at it again, then save.")
        return
    changes = settings_effect.to_keep(draft, settings)
    data.store().state.change_settings(
        {name: value for name, value in changes if value is not None}, [name for name, value in changes if value is None], who(), reason
    )
    said = "; ".join(f"{settings.declared[name].title}: {text_of(draft[name])}" for name, _ in changes)
    state.remember("settings-said", f"Saved. {said}. Every page, every export and the command line use it from now on.")
    state.set_widget("settings-reason", "")
    discard()


# -- the list and the editor


def listed(settings: Settings, draft: dict) -> None:
    """Every figure in its group, found by any word that stands with it."""
    st.text_input("Search", key="settings-search", placeholder="Search: a rule, a number, “Quick Guide 7”, “working days”…", label_visibility="collapsed")
    words = state.widget("settings-search") or ""
    things = [thing for thing in settings_effect.things(settings) if settings_effect.finds(thing, words, settings)]
    if not things:
        show.empty("Nothing found", "No setting has all of these words. Try fewer of them.", ":material/search_off:")
    defaults = Settings()
    for group in settings_effect.GROUPS:
        here = [thing for thing in things if thing.group == group]
        if not here:
            continue
        st.header(f"{group} ({len(here)})", anchor=False)
        rows = pd.DataFrame([
            {
                "title": thing.title, "use": figures_of(thing, settings), "default": settings_effect.figures(thing, defaults), "source": source(thing),
                "mark": "trying" if any(name in draft for name in thing.names) else "changed" if any(settings[name] != defaults[name] for name in thing.names) else "",
            }
            for thing in here
        ])  # fmt: skip
        state.remember(f"rows-settings-{group}", [thing.code for thing in here])
        st.dataframe(
            rows, hide_index=True, placeholder="", key=f"settings-{group}-{words}", column_order=["title", "use", *(["mark"] if rows["mark"].any() else []), "default", "source"], alt=f"{group}: settings in use, defaults and sources", height=show.height(rows, LIST_HEIGHT),
            column_config={
                "title": st.column_config.ButtonColumn("Setting" if group == "General" else "Rule" if group != "Drift indicators" else "Sign of drift", type="tertiary", alignment="left", width=255, pinned=True, key=f"settings-pick-{group}", on_click=pick, args=(group,), help="Click to change it. With the keyboard: choose it in “Change a setting”."),
                "use": st.column_config.TextColumn("In use", width=140), "default": st.column_config.TextColumn("Default", width=130), "mark": st.column_config.TextColumn("Changed", width=75),
                "source": st.column_config.TextColumn("Source", width=220),
            },
        )  # fmt: skip


def source(thing: settings_effect.Thing) -> str:
    return "our default" if thing.source == "ours" else thing.source


def figures_of(thing: settings_effect.Thing, settings: Settings) -> str:
    off = f"{thing.code}.on" in thing.names and not settings[f"{thing.code}.on"]
    limits = settings_effect.figures(thing, settings)
    return f"off ({limits})" if off and limits else "off" if off else limits or "on"


def pick(group: str) -> None:
    row = state.clicked_row(f"settings-pick-{group}")
    codes = state.recall(f"rows-settings-{group}", [])
    if row is not None and row < len(codes):
        state.set_params(setting=codes[row])


def picked(key: str) -> None:
    state.set_params(setting=state.widget(key))


def editor(settings: Settings, draft: dict) -> None:
    """One rule's figures. What is typed is only tried."""
    things = {thing.code: thing for thing in settings_effect.things(settings)}
    code = state.param("setting", list(things), "general.due_soon")
    thing = things[code]
    with st.container(border=True, key="editor"):
        key = f"setting-{code}"
        st.selectbox("Change a setting", list(things), list(things).index(code), format_func=lambda one: f"{things[one].title} · {things[one].group}", key=key, on_change=picked, args=(key,), help="Type a few letters to find one.")
        st.caption(show.plain(thing.question))
        st.caption(f"Source: {show.plain(source(thing))}")
        kept = {setting.name: setting for setting in data.store().state.settings_in_full()}
        # A form of its own for each state of the draft: what was typed and not tried doesn't outlive it.
        turn = state.recall("settings-turn", 0)
        with st.form(f"form-{code}-{turn}"):
            for name in thing.names:
                field(name, draft.get(name, settings[name]), settings, turn)
            st.form_submit_button("Try it: show what would change", type="primary", icon=":material/play_arrow:", width="stretch", **state.on_click(attempt, thing.names, turn))
        refused = state.forget("settings-refused")
        if refused:
            st.error(show.plain(refused), icon=":material/info:")
        for name in thing.names:
            if name in kept:
                one = kept[name]
                st.caption(f"{settings_effect.what_is(name)}: set to {text_of(settings[name])} by {show.plain(one.set_by)} on {look.day(one.set_at)}: {show.plain(one.reason)}")
        if any(settings[name] != settings.declared[name].default for name in thing.names):
            st.button("Try the default", key=f"default-{code}", icon=":material/restart_alt:", **state.on_click(attempt_default, thing.names))
        if thing.group != "General":
            show.definition(code, "Rule book")


def field(name: str, value, settings: Settings, turn: int) -> None:
    declared = settings.declared[name]
    label = declared.title if name.startswith("general.") else settings_effect.what_is(name)
    key = f"field-{name}-{turn}"
    if isinstance(value, bool):
        st.toggle("On: it is worked out and shown", value, key=key)
        return
    if not isinstance(value, Limit):
        st.number_input(label, value=value, step=1, key=key)
        st.caption(f"Default: {text_of(declared.default)}")
        return
    left, right = st.columns([1, 1], vertical_alignment="bottom")
    left.number_input(label, value=value.amount, step=1, key=key)
    right.selectbox("Unit", declared.units, declared.units.index(value.unit), key=f"{key}-unit")
    st.caption(f"Default: {text_of(declared.default)}" + ("" if "working days" in declared.units else ". Counted backwards from a date, so not in working days."))


def attempt(names: tuple[str, ...], turn: int) -> None:
    """What was typed goes into the draft, all of it or nothing; refused in words."""
    settings = data.settings()
    found, wrong = {}, []
    for name in names:
        key, default = f"field-{name}-{turn}", settings.declared[name].default
        value = state.widget(key)
        if value is None:
            wrong.append(f"{settings.declared[name].title} is empty: type a whole number.")
            continue
        try:
            found[name] = settings.declared[name].checked({"amount": value, "unit": state.widget(f"{key}-unit")} if isinstance(default, Limit) else value)
        except CpmError as problem:
            wrong.append(f"{problem.what} {problem.remedy}")
    into_draft(found, wrong, settings)


def attempt_default(names: tuple[str, ...]) -> None:
    settings = data.settings()
    into_draft({name: settings.declared[name].default for name in names}, [], settings)


def into_draft(found: dict, wrong: list[str], settings: Settings) -> None:
    draft = drafted(settings) | found
    if not wrong:
        contradiction = Settings(settings.chosen | draft).contradiction()
        wrong = [contradiction] if contradiction else []
    if wrong:
        state.remember("settings-refused", "Not tried. " + " ".join(wrong))
        return
    draft = {name: value for name, value in draft.items() if value != settings[name]}
    if not draft:
        state.remember("settings-refused", "That is what is in use already: there is nothing to try.")
    state.remember("settings-draft", draft)
    state.remember("settings-turn", state.recall("settings-turn", 0) + 1)


# -- what was changed so far


def so_far(settings: Settings) -> None:
    kept = data.store().state
    lines = sorted([*kept.audit(what="setting changed"), *kept.audit(what="setting cleared")], key=lambda line: -line.number)
    changes = settings_effect.history(lines, settings)
    with st.expander(f"Changes so far ({len(changes):,})", icon=":material/history:"):
        if not len(changes):
            st.caption("Every setting is as it came.")
            return
        st.dataframe(
            changes, hide_index=True, placeholder="", key="so-far", height=show.height(changes, LIST_HEIGHT), alt="Changes of settings, newest first",
            column_config={"at": st.column_config.DatetimeColumn("When (UTC)", format="D MMM YYYY, HH:mm", width=150), "who": st.column_config.TextColumn("By", width=110), "setting": st.column_config.TextColumn("Setting", width=260),
                           "before": st.column_config.TextColumn("Before", width=190), "after": st.column_config.TextColumn("After", width=190), "reason": st.column_config.TextColumn("Reason", width=400)},
        )  # fmt: skip
        downloads.offer_list(changes.rename(columns=WRITTEN), "settings-changes", {"What": "Changes of settings, newest first"}, title="Changes of settings")


page()
