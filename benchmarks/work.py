"""What the benchmarks of one run share: a folder that goes with it, councils made once, and whether this is only a try with little data."""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks import council_data
from cpm_metrics.store import Store

SMALL_ENGLAND = 2_000


class Work:
    """`small`: everything is run, with little data and few runs, to see that it works; no figure means anything."""

    def __init__(self, small: bool = False) -> None:
        self.small = small
        self._holder = tempfile.TemporaryDirectory(prefix="cpm-bench-")
        self.folder = Path(self._holder.name)
        self._stores: dict[int, Store] = {}
        self.engine_times: dict[int, list[float]] = {}  # children in care -> seconds

    def close(self) -> None:
        self._holder.cleanup()

    def runs(self, many: int) -> int:
        return min(many, 2) if self.small else many

    @property
    def england(self) -> int:
        return SMALL_ENGLAND if self.small else council_data.ENGLAND

    def council(self, children: int) -> Store:
        """So many in care and as many who left."""
        if children not in self._stores:
            self._stores[children] = council_data.council(self.folder / f"store-{children}", children)
        return self._stores[children]

    def new_folder(self, name: str) -> Path:
        return Path(tempfile.mkdtemp(prefix=f"{name}-", dir=self.folder))
