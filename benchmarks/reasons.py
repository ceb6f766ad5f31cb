"""Why a row misses its goal, by its name: stands below the table as long as it does."""

REASONS: dict[str, str] = {}
