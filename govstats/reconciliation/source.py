"""What the rules are applied to: a report, a frame of cells, or a panel of many reports."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import pandas as pd

from govstats.errors import UnusableCells
from govstats.report import CELL_TYPES, Report


class ManyReports(Protocol):
    """What a panel has; all but the cells may be None."""

    @property
    def cells(self) -> pd.DataFrame:
        """The cells, with the columns of `Report.cells`."""

    @property
    def claims(self) -> pd.DataFrame | None:
        """What the prose claims, with the columns of `Report.claims`, and ``report_year``: in the report of which year."""

    @property
    def texts(self) -> pd.DataFrame | None:
        """The prose as numbers: ``agency year sketch``."""

    @property
    def vintages(self) -> pd.DataFrame | None:
        """The cells of further documents of the same reports, with ``vintage source``."""

    @property
    def reports(self) -> pd.DataFrame | None:
        """The documents: ``agency year``, and what else is known of them."""

    @property
    def notes(self) -> pd.DataFrame | None:
        """What could not be read, with the columns of `Report.notes`."""

    @property
    def document_findings(self) -> pd.DataFrame | None:
        """What became of the rules that only the document itself can tell, with the columns of the findings."""


Source = Report | pd.DataFrame | ManyReports


@dataclass(frozen=True, eq=False)
class Reports:
    """Reports with all that is known of them; `report` where it is one alone."""

    cells: pd.DataFrame
    claims: pd.DataFrame | None = None
    texts: pd.DataFrame | None = None
    vintages: pd.DataFrame | None = None
    reports: pd.DataFrame | None = None
    notes: pd.DataFrame | None = None
    document_findings: pd.DataFrame | None = None
    report: Report | None = None


def known_of(source: Source) -> Reports:
    """Return what is known of reports, whatever they come as; the claims of one report are left for whom they concern."""
    if isinstance(source, Reports):
        return source
    if isinstance(source, Report):
        return Reports(source.cells, report=source)
    if isinstance(source, pd.DataFrame):
        return Reports(source)
    if not hasattr(source, "document_findings"):
        raise UnusableCells(
            f"{source!r:.80} is a {type(source).__name__}; expected a Report, a frame of cells or a panel; read a file first: "
            "govstats.read(path) 应为年报、单元格表或面板；文件请先用 govstats.read 读入"
        )
    return Reports(
        source.cells, source.claims, source.texts, source.vintages, source.reports, source.notes, source.document_findings
    )


def identity_of(report: Report) -> pd.DataFrame:
    """Return agency, year and form of a report, also where it has no cells that tell them."""
    names = ("agency", "year", "form")
    return pd.DataFrame({name: pd.Series([getattr(report, name)], dtype=CELL_TYPES[name]) for name in names})
