"""Why a row misses its goal, by its name: stands below the table as long as it does."""

REASONS: dict[str, str] = {
    "load": "a file is unpacked and looked over before any reader opens it, read in a process of its own, every cell typed and judged, and the snapshot "
    "written and synced; the bare parse alone is a tenth of the peer’s time. See “Loading” below.",
    "england": "the peer computes on whole numbers in memory, turns them into text once, at the end, and needs 3.5 GB; the engine reads a file, keeps what the "
    "sentence of each obligation says, and stays below 2 GB, for which it compresses what it holds: without that it takes some 12 s. A quarter of the "
    "peer’s time is less than DuckDB needs to sort the rows of the result once, so it isn’t to be had with rules that are read as SQL. See “The engine” below.",
    "council": "see the larger one: it is a few hundredths of a second from it.",
    "growth": "up to 10,000 children no table has more rows than a row group, and each of two statements has a core of its own; beyond, DuckDB’s threads share each "
    "table, which takes a quarter more processor time; and all England is compressed in between to stay below 2 GB.",
    "council-large": "a fifth of it is DuckDB planning some seventy statements, which takes as long for one child; the rest is shared by two cores already. A page "
    "waits for it once a load and day, all sessions together.",
    "clicks-browser": "what the server does for a click is within the goal on every page; the rest is the browser drawing a chart with a bar for each set of open "
    "proceedings, or a timeline of everything known of a child, anew (Plotly). See “Pages” below.",
    "cold-start": "the first visitor after a start waits for imports (DuckDB, pandas, Plotly) and for the first two dates being computed. See “Pages” below.",
}
