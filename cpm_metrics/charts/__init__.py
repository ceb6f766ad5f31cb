"""Frames -> plotly figures, one file a figure. Colours come from views/look.py; every text that came from an extract is escaped.

A figure never stands alone: a sentence (`…_words`) and its frame as a table are its text alternative.
"""

from cpm_metrics.charts.funnel import funnel
from cpm_metrics.charts.team_bars import team_bars
from cpm_metrics.charts.timeline import timeline, timeline_ends, timeline_table, timeline_words
from cpm_metrics.charts.waiting import waiting_curve, waiting_words
from cpm_metrics.charts.xmr import xmr

__all__ = ["funnel", "team_bars", "timeline", "timeline_ends", "timeline_table", "timeline_words", "waiting_curve", "waiting_words", "xmr"]
