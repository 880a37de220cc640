"""Figures in Chinese and English, each with a frame of the numbers behind it.

What a document leaves blank, leaves out or prints unreadably is said in the figure and never drawn as zero.
"""

from govstats.figures.across_agencies import caveats, coverage, coverage_by_year, indicators_compared
from govstats.figures.claims import claims_against_cells, claims_by_report
from govstats.figures.one_report import (
    outcomes_by_applicant,
    reasons_for_refusal,
    refusal_reasons,
    requests_by_applicant_and_outcome,
    residuals,
    where_edits_cross,
)
from govstats.figures.over_years import carry_over_chain, carry_overs, points_over_years, series_over_years

__all__ = [
    "carry_over_chain",
    "carry_overs",
    "caveats",
    "claims_against_cells",
    "claims_by_report",
    "coverage",
    "coverage_by_year",
    "indicators_compared",
    "outcomes_by_applicant",
    "points_over_years",
    "reasons_for_refusal",
    "refusal_reasons",
    "requests_by_applicant_and_outcome",
    "residuals",
    "series_over_years",
    "where_edits_cross",
]
