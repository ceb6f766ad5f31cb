"""Frames -> plotly figures, one file a figure. Colours come from views/look.py; every text that came from an extract is escaped.

A figure never stands alone: a sentence (`…_words`) and its frame as a table are its text alternative.
"""

from cpm_metrics.charts.team_bars import team_bars
from cpm_metrics.charts.timeline import timeline, timeline_words

__all__ = ["team_bars", "timeline", "timeline_words"]
