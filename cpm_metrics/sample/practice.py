"""How well each team does what it should: the chance that a thing is done in time, by team, aspect and day."""

from __future__ import annotations

from datetime import date
from random import Random

from cpm_metrics.sample.people import TEAMS

SLIPPED = "Children in Care West"  # story: its manager left, meetings have been late or missed since
NO_MINUTES = "Permanence South"  # story: every meeting in time, no minutes on file

# The range in which a team's usual chance lies.
USUAL = {
    "cpm": (0.72, 0.91),
    "review": (0.92, 0.98),
    "placement": (0.80, 0.94),
    "plan": (0.76, 0.92),
    "minutes": (0.74, 0.93),
    "record": (0.80, 0.96),
    "action": (0.72, 0.88),
    "assessment": (0.60, 0.84),
    "final": (0.80, 0.93),
}


class Practice:
    """`slipped_since` is the day from which the slipped team's meetings suffer."""

    def __init__(self, seed: int, slipped_since: date) -> None:
        rng = Random(f"{seed}:practice")
        self.slipped_since = slipped_since
        self._usual = {t.name: {aspect: rng.uniform(*USUAL[aspect]) for aspect in USUAL} for t in TEAMS}
        self._usual[SLIPPED]["cpm"] = 0.91
        self._usual[NO_MINUTES]["cpm"] = 0.995

    def chance(self, team: str, aspect: str, day: date) -> float:
        usual = self._usual[team][aspect]
        if team == SLIPPED and day >= self.slipped_since:
            return {"cpm": 0.10, "minutes": 0.55, "action": 0.55}.get(aspect, usual)
        return usual
