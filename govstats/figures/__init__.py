"""Figures in Chinese, in English or in both, each with a frame of the numbers behind it.

Every function that draws takes

- `language`: ``"both"``, ``"zh"`` or ``"en"``;
- `width`: ``"page"`` (170 mm) or ``"column"`` (85 mm) of a journal, or ``"slide"`` (16:9, to be shown at twice its size).

Anything else raises `UnusableFigure`. The figure has the attribute `alt`, a text that states what one would see; it goes into
notebooks, SVG, PDF and PNG too, and `figure.savefig("….pdf")` embeds the font. What a document leaves blank, leaves out or prints
unreadably is said in the figure and never drawn as zero.
"""

from govstats.figures.across_agencies import (
    caveats,
    claims_against_cells,
    claims_by_report,
    coverage,
    coverage_by_year,
    indicators_compared,
    quality_by_report,
    quality_map,
    rules_by_outcome,
)
from govstats.figures.one_report import (
    flows,
    outcomes_by_applicant,
    reasons_for_refusal,
    refusal_reasons,
    request_flows,
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
    "flows",
    "indicators_compared",
    "outcomes_by_applicant",
    "points_over_years",
    "quality_by_report",
    "quality_map",
    "reasons_for_refusal",
    "refusal_reasons",
    "request_flows",
    "requests_by_applicant_and_outcome",
    "residuals",
    "rules_by_outcome",
    "series_over_years",
    "where_edits_cross",
]
