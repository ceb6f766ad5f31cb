"""How things are shown: counts that open their rows, lists that open the child, status words, empty states."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from cpm_metrics.access import Right
from cpm_metrics.engine import Results
from cpm_metrics.rules import Rule
from cpm_metrics.settings import Limit, Settings
from cpm_metrics.views import lists, look
from pages._shared import state
from pages._shared.gate import gate

_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
_TURNS = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")  # marks that turn the direction of what stands after them
_ADDRESS = re.compile(r":(?=//)|www(?=\.)|@", re.I)
_SHORTCODE = re.compile(r":(?=[\w+/-]+:)")
DATE = "D MMM YYYY"


def plain(text: Any) -> str:
    """Text from an extract, safe inside Markdown: every punctuation mark escaped, line breaks kept as spaces, no mark that turns
    the words around it from right to left.

    What looks like an address would become a link all the same, once the escapes are read: an unseen word joiner keeps it text.
    """
    return _PUNCTUATION.sub(r"\\\1", _ADDRESS.sub("\\g<0>\u2060", _TURNS.sub("", str(text)))).replace("\r", " ").replace("\n", "  \n")


def button_label(text: str) -> str:
    """Text from an extract as the label of a button in a table, where `:material/home:` would become a picture: an unseen word joiner
    keeps it text."""
    return _SHORTCODE.sub(":\u2060", text)


def dark() -> bool:
    return st.context.theme.type == "dark"


# -- counts


STYLE = """
<style>
[class*="st-key-tile-"] button {height: 100%; min-height: 5.6rem; padding: .55rem .8rem; justify-content: flex-start; text-align: left; border-width: 1px;}
[class*="st-key-tile-"] button > div, [class*="st-key-tile-"] button > span {justify-content: flex-start; width: 100%;}
[class*="st-key-tile-"] button p {line-height: 1.25; font-size: .93rem; white-space: normal; text-align: left;}
[class*="st-key-tile-"] button strong {display: block; font-size: 1.85rem; line-height: 1.1; font-weight: 700; font-variant-numeric: tabular-nums;}
[class*="st-key-tile-"] button em {display: block; font-style: normal; font-size: .82rem; opacity: .85; margin-top: .15rem;}
[class*="st-key-list-"] [data-testid="stDataFrame"] {cursor: pointer;}
[data-testid="stTab"][aria-selected="true"], [data-testid="stTab"][aria-selected="true"] p {color: inherit; font-weight: 650;}
button[data-selected="true"], button[data-selected="true"] * {color: inherit !important;}
[data-testid="stMetricDelta"], [data-testid="stMetricDelta"] * {white-space: normal !important; height: auto; border-radius: 8px;}
:has(> [data-testid="stMetricDelta"]) {height: auto;}
[data-testid="stCaptionContainer"] p, [data-testid="stCaptionContainer"] p * {color: inherit; opacity: 1;}
[data-testid="stCaptionContainer"] {color: inherit; opacity: .84;}
[class*="st-key-tile-"] button[kind="primary"] em {opacity: 1;}
.st-key-pages [data-testid="stCaptionContainer"] {margin: .6rem 0 0 .5rem;}
.st-key-pages [data-testid="stCaptionContainer"] p {margin-bottom: .1rem;}
.st-key-pages [data-testid="stPageLink-NavLink"] {padding-top: .2rem; padding-bottom: .2rem;}
.stMainBlockContainer {max-width: 1680px; padding: 3.6rem 2rem 3rem 2rem;}
.stMainBlockContainer h1 {padding: 0 0 .1rem 0;}
.stMainBlockContainer h2 {padding: .5rem 0 1rem 0;}
[data-testid="stSidebar"] {min-width: 15.5rem; max-width: 22rem;}
[data-testid="stSidebarHeader"] {height: 2.2rem; min-height: 2.2rem; padding-bottom: 0;}
@media (max-width: 640px) {.stMainBlockContainer {padding-left: 1rem; padding-right: 1rem;}}
@media print {
  [data-testid="stSidebar"], [data-testid="stHeader"], [data-testid="stToolbar"], .stDownloadButton, .stButton {display: none !important;}
  [data-testid="stPlotlyChart"] {zoom: .65;}
}
</style>
"""


def style() -> None:
    """Our few rules of CSS. Fixed text: nothing from an extract ever goes in here."""
    st.html(STYLE)


def tile(key: str, number: int | None, title: str, note: str, *, chosen: bool, help: str, action: Callable, args: Sequence[Any] = ()) -> None:
    """A count as a button that opens its rows; None is “cannot tell”. The words are ours, never from an extract."""
    st.button(
        f"**{'?' if number is None else f'{number:,}'}** {title} *{note}*", key=f"tile-{key}", help=help, type="primary" if chosen else "secondary",
        width="stretch", **state.on_click(action, *args),
    )  # fmt: skip


def link_count(key: str, number: int, title: str, *, chosen: bool, action: Callable, args: Sequence[Any] = (), icon: str | None = None, help: str | None = None) -> None:
    """A smaller count that opens its rows."""
    st.button(f"**{number:,}** {title}", key=f"count-{key}", type="primary" if chosen else "secondary", icon=icon, help=help, **state.on_click(action, *args))


def badge(words: look.Look, extra: str = "") -> None:
    st.badge(words.word + extra, icon=words.icon, color=words.tone, help=words.meaning or None)


def badge_text(words: look.Look) -> str:
    """The same inside Markdown."""
    return f":{words.tone}-badge[{words.icon} {words.word}]"


# -- one of several


def parts(options: Mapping[str, str], name: str = "view", label: str = "View", *, usual: str | None = None, forgets: Sequence[str] = (), shown: bool = False) -> str:
    """One of the parts of a page, in the address under `name` (but for the `usual` one, the first by default). Under one key whatever
    is chosen: with another key it would be another widget, and the keyboard would be back at the top of the page. `forgets`: what a
    choice takes out of the address."""
    usual = usual or next(iter(options))
    chosen = state.param(name, list(options), usual)
    if state.widget(name) != chosen:
        state.set_widget(name, chosen)
    st.segmented_control(
        label, list(options), key=name, required=True, format_func=options.get, label_visibility="visible" if shown else "collapsed",
        on_change=_part, args=(name, usual, forgets),
    )  # fmt: skip
    return chosen


def _part(name: str, usual: str, forgets: Sequence[str]) -> None:
    chosen = state.widget(name)
    state.set_params(**dict.fromkeys(forgets), **{name: None if chosen in (None, usual) else chosen})


# -- lists


def _chips(labels: Mapping[str, look.Look], title: str, width: str | int = "small", help: str | None = None) -> Any:
    # The darker shades in both themes: the words in a label are always white.
    return st.column_config.MultiselectColumn(
        title, options=[words.label for words in labels.values()], color=[words.light for words in labels.values()], width=width, help=help
    )


def status_column(title: str = "Status", width: int = 115) -> Any:
    return _chips(look.STATUS, title, width, "Each word is explained in the rule book, under Words.")


def level_column(title: str = "Level") -> Any:
    return _chips(look.LEVEL, title, 100, "Who sets the limit: the law, the guidance, or this product’s default.")


def state_column(title: str = "Outcome") -> Any:
    return _chips(look.MEETING_STATE, title, 170)


def booked_column(title: str = "Booked?") -> Any:
    return _chips(look.BOOKED, title, 168)


def number_column(title: str, width: int | None = None, help: str | None = None, format: str = "localized") -> Any:
    """With a mark between the thousands."""
    return st.column_config.NumberColumn(title, width=width, help=help, format=format)


def team_column(title: str = "Team", help: str | None = None) -> Any:
    """Wide enough for “Unaccompanied Young People”."""
    return st.column_config.TextColumn(title, width=182, help=help)


def date_column(title: str, help: str | None = None, width: int = 100) -> Any:
    return st.column_config.DateColumn(title, format=DATE, help=help, width=width)


COLUMNS = {
    "child_id": ("Child ID", lambda: st.column_config.TextColumn("Child ID", width=80)),
    "team": ("Team", lambda: team_column(help="The team that held the case on the due date.")),
    "worker": ("Social worker", lambda: st.column_config.TextColumn("Social worker", width=130)),
    "iro": ("IRO", lambda: st.column_config.TextColumn("IRO", width=120)),
    "title": ("What", lambda: st.column_config.TextColumn("What", width=215)),
    "status": ("Status", status_column),
    "now": ("Now", lambda: status_column("Now")),
    "level": ("Level", level_column),
    "anchor_date": ("Set off by", lambda: date_column("Set off on", "The day that set it off: see the rule.")),
    "due_date": ("Due", lambda: date_column("Due")),
    "done_date": ("Done", lambda: date_column("Done")),
    "since": ("Since", lambda: date_column("Since")),
    "days": ("Days", lambda: number_column("Days", width=65, help="Days after the due date. Below zero: done that many days early.")),
    "days_left": ("Days left", lambda: number_column("Days left", width=75)),
    "next_cpm": ("Next CPM booked", lambda: date_column("CPM booked", "The next Care Planning Meeting booked after the as-at date.")),
    "booked": ("Booked", lambda: date_column("Booked", "The first meeting booked that would meet it: a review for a review, a final plan CPM for a final plan CPM. Blank: none is booked, or no meeting would meet it.")),
    "exception": ("Exception until", lambda: date_column("Exception until", "A manager’s exception holds until this day. The status stays as it is.", 110)),
    "team_now": ("Team now", lambda: team_column("Team now", help="The team that holds the child on the as-at date, or held it when care ended.")),
    "worker_now": ("Social worker now", lambda: st.column_config.TextColumn("Social worker now", width=130, help="The social worker who holds the child on the as-at date, or held it when care ended.")),
    "family": ("Siblings", lambda: st.column_config.TextColumn("Siblings", width=215, help="The sibling group: how many of its children are in this list, and their rows.")),
    "figure": ("Figure", lambda: number_column("Figure", width=65)),
    "unit": ("Unit", lambda: st.column_config.TextColumn("of", width=95)),
    "grade": ("Grade", lambda: st.column_config.TextColumn("Grade", width=65)),
    "why": ("Why", lambda: st.column_config.TextColumn("Why", width="large")),
}  # fmt: skip


def when_due() -> dict[str, Any]:
    """Team and social worker of an obligation, where those that hold the child now stand beside them."""
    return {
        "team": team_column("Team when due", "The team that held the case when it fell due. It counts for this team, and the choice of teams goes by it."),
        "worker": st.column_config.TextColumn("Social worker when due", width=160, help="The social worker who held the case when it fell due."),
    }


WHEN_DUE = {"team": "Team when due", "worker": "Social worker when due"}  # the same for a file


def children_list(
    frame: pd.DataFrame, columns: Sequence[str], key: str, *, height: int | str = "auto", alt: str, extra: Mapping[str, Any] | None = None,
    several: bool = False,
) -> list[int]:
    """A list of rows about children. A click on the name opens the child; a ticked row shows its `why` in full below, or just the child,
    with a button that opens it: a name in a table can't be clicked by keyboard. Gives the rows that are ticked; `several`: more than one
    can be, and nothing is shown below. Who may not look at single children gets their number."""
    if not may_list(frame):
        return []
    shown = _as_shown(frame[["child_id", "name", *columns]])
    shown["name"] = [button_label(name) for name in shown["name"]]
    ids = frame["child_id"].tolist()
    state.remember(f"rows-{key}", ids)
    state.remember(f"periods-{key}", [_period(row) for row in frame[[c for c in _PERIOD if c in frame]].to_dict("records")])
    config: dict[str, Any] = {
        "child_id": None,
        "name": st.column_config.ButtonColumn("Child", type="tertiary", alignment="left", pinned=True, width=150, key=f"open-{key}", on_click=_clicked, args=(key,), help="Click to open the child. With the keyboard: Shift+Space ticks the row, then Tab to “Open the child” below the list."),
    }
    config |= {name: COLUMNS[name][1]() for name in columns if name in COLUMNS} | dict(extra or {})
    chosen = st.dataframe(
        shown, column_config=config, column_order=["name", *columns], hide_index=True, height=height, key=table_key(f"list-{key}", ids, frame.get("obligation_id", ()), frame.get("care_started", ())), alt=alt,
        placeholder="", on_select="rerun", selection_mode="multi-row" if several else "single-row",
    )  # fmt: skip
    ticked = [at for at in chosen.selection.rows if at < len(frame)]
    if ticked and not several:
        _one(frame.iloc[ticked[0]])
    return ticked


def table_key(name: str, *columns: Iterable[Any]) -> str:
    """The key of a table whose rows can be ticked, from what tells its rows apart. Streamlit keeps ticks by place: with other rows it must
    be another table, or they would stand beside other children or other obligations, and a note would land there."""
    return f"{name}-{zlib.crc32(chr(31).join(str(cell) for column in columns for cell in column).encode()):x}"


def may_list(frame: pd.DataFrame) -> bool:
    """Whether rows about children may be shown to whoever looks; if not, says how many there are."""
    if gate().may(Right.CHILDREN):
        return True
    st.caption(f"{len(frame):,} rows about {frame['child_id'].nunique():,} children. Your role doesn’t include looking at single children.")
    return False


def height(rows: Sequence[Any], most: int = 10_000) -> int:
    """Pixels for a table with so many rows, at our font size; `most` where it scrolls."""
    return min(36 + 33 * len(rows), most)


def _as_shown(frame: pd.DataFrame) -> pd.DataFrame:
    """Codes as their words; a status as a list of one, which is how a coloured label is made."""
    out = frame.copy()
    for name, words in (("status", look.STATUS), ("now", look.STATUS), ("level", look.LEVEL)):
        if name in out:
            out[name] = [[words[code].label] if code in words else [] for code in out[name]]
    return out


def _one(row: pd.Series) -> None:
    with st.container(border=True):
        left, right = st.columns([5, 1], vertical_alignment="center")
        left.text(row["why"] if "why" in row else row["name"])
        with right:
            st.button("Open the child", key=f"one-{row['child_id']}", width="stretch", **state.on_click(open_row, row))


def _clicked(key: str) -> None:
    row, ids, periods = state.clicked_row(f"open-{key}"), state.recall(f"rows-{key}", []), state.recall(f"periods-{key}", [])
    if row is not None and row < len(ids):
        open_child(ids[row], periods[row] if row < len(periods) else None)


_PERIOD = ("care_started", "in_care")


def _period(row: Mapping[str, Any]) -> str | None:
    """The period of care of a row, where it may be another than the one that the child's page opens with."""
    started, here = row.get("care_started"), row.get("in_care")
    return None if pd.isna(started) or (pd.notna(here) and bool(here)) else pd.Timestamp(started).date().isoformat()


def open_row(row: Mapping[str, Any]) -> None:
    """The child of a row of a list, in the row's period of care: elsewhere the row isn't on the child's page."""
    open_child(row["child_id"], _period(row))


def open_child(child_id: str, period: str | None = None) -> None:
    """From a click: the next thing that happens is the child's page, with the period of care that began on that day (yyyy-mm-dd)."""
    state.remember("open", {"child": child_id} | ({"period": period} if period else {}))


def go_where_clicked() -> None:
    """Called by app.py before a page runs."""
    words = state.forget("open")
    if words is not None:
        st.switch_page("pages/children/child.py", query_params=words)


def go(path: str, **words: str | list[str]) -> None:
    """To a page at once, with these words in its address."""
    st.switch_page(path, query_params=words)


# -- the way to every page


def links(sections: Mapping[str, Sequence[Any]]) -> None:
    """Beside the page: every page by section, the one that is open marked."""
    with st.sidebar.container(key="pages", gap=None):
        for name, pages in sections.items():
            if name:
                st.caption(f"**{name}**")
            for page in pages:
                st.page_link(page, width="stretch")


# -- words


def empty(title: str, text: str, icon: str = ":material/check_circle:") -> None:
    """Nothing to list: says so, and what it means."""
    with st.container(border=True):
        st.markdown(f"{icon} **{title}**")
        st.caption(text)


def limits(thing: Rule, settings: Settings) -> str:
    """The limits in use in words: “10 calendar days”, “first 20 working days, second 3 months, …”; "" for a rule without one."""
    found = {what: settings[f"{thing.code}.{what}"] for what in thing.limits}
    return ", ".join(("" if what == "limit" else f"{what} ") + (value.text if isinstance(value, Limit) else str(value)) for what, value in found.items())


def not_assessed(results: Results) -> None:
    """Once, with what is missing: the signs of drift that what was loaded can't show."""
    missing = lists.not_assessed(results)
    if missing:
        with st.expander(f"{look.count(len(missing), 'sign')} of drift can’t be assessed for any child: what {'it needs' if len(missing) == 1 else 'they need'} was not loaded", icon=":material/help:"):
            for title, needs in missing:
                st.text(f"{title}: the extracts do not have {needs}.")


def link_to_team_view(rule: str) -> None:
    st.page_link("pages/teams/teams.py", label="See it by team", icon=":material/groups:", query_params={"rule": rule})


def link_to_worklist(words: Mapping[str, str], text: str = "Open in the worklist") -> None:
    """The same rows where they can be ticked, filtered further and taken along; `words` are those of the worklist's address."""
    st.page_link("pages/now/worklist.py", label=text, icon=":material/checklist:", query_params=dict(words))


def definition(rule: str, text: str = "How is this counted?") -> None:
    """The way to a rule's page in the rule book."""
    st.page_link("pages/help/rule_book.py", label=text, icon=":material/menu_book:", query_params={"rule": rule})
