"""Why a row misses its goal, by its name: stands below the table as long as it does."""

REASONS: dict[str, str] = {
    "load": "a file is unpacked and looked over before any reader opens it, read in a process of its own, every cell typed and judged, and the snapshot "
    "written and synced; the bare parse alone is a tenth of the peer’s time. See “Loading” below.",
}
