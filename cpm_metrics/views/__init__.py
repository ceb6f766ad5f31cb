"""Frames that pages, exports and the command line show. Each takes a `Results` and gives a pandas DataFrame; none computes a
rule. `contract` holds those whose columns are a contract of the command line."""

from cpm_metrics.views.contract import compliance, indicators, left_out, obligations, rules

__all__ = ["compliance", "indicators", "left_out", "obligations", "rules"]
