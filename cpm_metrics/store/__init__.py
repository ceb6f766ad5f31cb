"""Where loads are kept: one immutable DuckDB file per load, one pointer, and one small SQLite file for what people set.

`Store(folder)` is the way in. Nothing else in the product opens a database.
"""

from cpm_metrics.store.erase import Erased
from cpm_metrics.store.loads import LoadedFile, LoadInfo
from cpm_metrics.store.problems import DamagedStore, KeyProblem, SurprisingLoad
from cpm_metrics.store.snapshot import LoadedDataset, Snapshot
from cpm_metrics.store.state import AuditLine, Setting, State
from cpm_metrics.store.store import Store

__all__ = [
    "AuditLine",
    "DamagedStore",
    "Erased",
    "KeyProblem",
    "LoadInfo",
    "LoadedDataset",
    "LoadedFile",
    "Setting",
    "Snapshot",
    "State",
    "Store",
    "SurprisingLoad",
]
