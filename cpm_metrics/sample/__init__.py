"""An invented council as spreadsheets: to try the product out, to test it, to measure it. No real person is in it.

people -> journeys -> timeline -> records -> council (ten clean tables) -> planting, reports, files. The stories planted
in it are in stories.py and told in data/README.md.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

from cpm_metrics.sample.council import build
from cpm_metrics.sample.files import write_clean, write_messy


def write(
    folder: Path, children: int = 400, seed: int = 1, extract_date: date = date(2026, 11, 20), messy: bool = True
) -> list[Path]:
    """Writes the files into `folder` (made if need be) and returns them.

    `children` are in care on the extract date; those who left in the five years before come on top. The same
    arguments give
    the same bytes. `messy=False` gives one workbook with the template's ten sheets and nothing wrong in it.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    council = build(children, seed, extract_date)
    return write_messy(council, folder)[0] if messy else write_clean(council, folder)
