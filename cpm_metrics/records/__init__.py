"""The Care Planning Meeting Record as a Word document: what the form says, reading a completed one, and the rows it becomes.

`documents/record.py` writes the form, filled in as far as the extracts go; `read_record` reads it back, or a council's own copy of
the quick guide's form. Nothing that was read is used before a person has confirmed it.
"""

from cpm_metrics.records.read import read_record
from cpm_metrics.records.record import AgreedAction, Attendee, Record
from cpm_metrics.records.rows import already_there, prepared

__all__ = ["AgreedAction", "Attendee", "Record", "already_there", "prepared", "read_record"]
