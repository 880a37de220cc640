"""Measures over reports: series that go on across forms, and indicators with their intervals."""

from govstats.measures.crosswalk import series, series_definitions
from govstats.measures.rates import definitions, indicators, nonresponse, wilson

__all__ = ["definitions", "indicators", "nonresponse", "series", "series_definitions", "wilson"]
