"""The first page of a batch: a row a report with what it says and what does not add up in it, and the way to its notebooks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from govstats.errors import GovstatsError

if TYPE_CHECKING:
    from govstats.notebooks import Case
    from govstats.report import Report

#: What is shown of each report beside what was read and what fails.
SHOWN = ("disclosure_rate", "refusal_rate", "unable_rate", "carry_over_rate", "correction_rate")


def index_fields(cases: Iterable[Case], folder: Path) -> dict[str, Any]:
    """Return what the page says of the reports that cases are about.

    Parameters
    ----------
    cases : iterable of Case
    folder : pathlib.Path
        From which the documents of the cases are meant.
    """
    from govstats.figures import quality_by_report
    from govstats.measures import definitions

    reports, of_cases = _reports(cases, folder)
    quality = quality_by_report(reports) if reports else pd.DataFrame()
    said = definitions().set_index("indicator").loc[list(SHOWN), ["label_zh", "label_en", "formula_zh", "formula_en"]]
    return {
        "reports": _lines(reports, quality, of_cases),
        "indicators": said.to_dict("index"),
        "picture": _picture(quality),
    }


def _reports(cases: Iterable[Case], folder: Path) -> tuple[list[Report], dict[Case, tuple[str | None, int | None]]]:
    """Read the reports that cases are about, and those beside them in their folder or in the corpus; and say which is whose."""
    from govstats import embedded
    from govstats.sources import choose_report, choose_reports

    found: dict[tuple[str | None, int | None], Report] = {}
    of_cases: dict[Case, tuple[str | None, int | None]] = {}
    register = embedded.register()
    corpus = set(zip(register["agency"], register["year"], strict=True))
    read: set[str] = set()
    for case in cases:
        own = {name: str(folder / str(value)) for name, value in case.more if name in ("document", "folder") and value}
        of_cases[case] = who = (case.agency or None, case.year)
        place = own.get("folder", "")
        try:
            if "document" in own:
                report = choose_report(case.agency, case.year, document=own["document"])
                of_cases[case] = report.agency, report.year
                found.setdefault(of_cases[case], report)
            elif place not in read and (place or who in corpus):
                read.add(place)
                for report in choose_reports(folder=place):
                    found.setdefault((report.agency, report.year), report)
        except GovstatsError:
            continue  # the row of its notebook says what is the matter
    return list(found.values()), of_cases


def _lines(
    reports: Sequence[Report], quality: pd.DataFrame, of_cases: Mapping[Case, tuple[str | None, int | None]]
) -> list[dict[str, Any]]:
    """Return a row of the table for each report, by agency and year."""
    from govstats.figures.drawing import in_digits
    from govstats.figures.over_years import REASONS
    from govstats.measures import indicators

    if not reports:
        return []
    lines = quality.sort_values(["agency", "year"], kind="stable").to_dict("records")
    rates = indicators(pd.concat([report.cells for report in reports], ignore_index=True), names=SHOWN)
    known = {(row["agency"], row["year"], row["indicator"]): row for row in rates.to_dict("records")}
    for line in lines:
        line["cases"] = [case for case, who in of_cases.items() if who == (line["agency"], line["year"])]
        line["rates"] = {}
        for name in SHOWN:
            rate = known.get((line["agency"], line["year"], name))
            if rate is None or pd.isna(rate["value"]):
                line["rates"][name] = " ".join(REASONS["absent" if rate is None else rate["status"]]), ""
            else:
                of = f"{in_digits(rate['numerator'])}/{in_digits(rate['denominator'])}"
                line["rates"][name] = in_digits(rate["value"], share=True), of
    return [{str(name): value for name, value in line.items()} for line in lines]


def _picture(quality: pd.DataFrame) -> str:
    """Return the map of quality as SVG that stands in the page, empty where there is nothing to draw."""
    from govstats.figures import quality_map

    if quality.empty:
        return ""
    quality_map(quality, width="column").savefig(drawn := StringIO(), format="svg")
    svg = drawn.getvalue()
    return svg[svg.index("<svg") :]
