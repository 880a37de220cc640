"""The embedded corpus: published figures of real reports, and documents that the project typeset from them."""

from __future__ import annotations

from difflib import get_close_matches
from functools import cache
from pathlib import Path

import pandas as pd

from govstats.api import Report, read
from govstats.errors import UnknownReport
from govstats.report import corpus_folder as folder

__all__ = ["FORMATS", "documents", "figures", "folder", "register", "report"]

#: The formats of the documents, the preferred one first, with the suffix of their files.
FORMATS = {"html": ".html", "markdown": ".md", "text": ".txt", "word": ".docx", "pdf": ".pdf"}


@cache
def _table(name: str) -> pd.DataFrame:
    """Read one of the tables as text: an empty cell of a report is an empty string, never missing."""
    return pd.read_csv(folder() / name, dtype="str", keep_default_na=False, encoding="utf-8").astype({"year": "Int64"})


def register() -> pd.DataFrame:
    """Return the register of the reports in the corpus.

    Returns
    -------
    pandas.DataFrame
        One row a report, with the columns ``slug agency level region region_code year form title publication_date
        source_address remark_zh remark_en``. `year` (Int64) is the year reported on. `level` is that of the area the agency
        answers for: ``national``, ``province``, ``prefecture``, ``county`` or ``township``; `region` and `region_code` name
        the area as in GB/T 2260. `publication_date` (datetime64) is NaT and `source_address` empty where the copy at hand does
        not state it. The remarks say what was composed, what is missing and what was kept as published.

    Examples
    --------
    >>> from govstats import embedded
    >>> register = embedded.register()
    >>> sorted(register.loc[register["agency"] == "平潭综合实验区", "year"].tolist())
    [2012, 2015, 2017, 2019, 2020, 2021, 2022, 2023, 2024, 2025]
    """
    reports = _table("reports.csv").copy()
    reports["publication_date"] = pd.to_datetime(reports["publication_date"].mask(reports["publication_date"] == ""))
    return reports


def figures(agency: str | None = None, year: int | None = None) -> pd.DataFrame:
    """Return the published figures, transcribed by people and not read by govstats: what its reading is measured against.

    Parameters
    ----------
    agency : str, optional
        Only the reports of this agency.
    year : int, optional
        Only the reports of this year.

    Returns
    -------
    pandas.DataFrame
        One row a cell, with the columns ``agency year form table line column printed``. `printed` is what the cell prints,
        errors, units and remarks included; the empty string is a blank cell. Amounts are in 万元 unless the cell says
        otherwise. Reports whose tables are lost have no rows.

    Raises
    ------
    UnknownReport
        The corpus has no such agency, or no such year.

    Examples
    --------
    >>> from govstats import embedded
    >>> cells = embedded.figures("上海市人民政府办公厅", 2019)
    >>> cells.loc[cells["line"] == "procurement", "printed"].tolist()
    ['6', '251000元']
    """
    reports = _known(agency, year)
    cells = _table("figures.csv")
    return cells[cells["agency"].isin(reports["agency"]) & cells["year"].isin(reports["year"])].reset_index(drop=True)


def documents(agency: str, year: int) -> list[Path]:
    """Return the documents of a report, the preferred format first: HTML, Markdown, plain text, Word, PDF.

    They are typeset by the project from `figures`, by ``data/typeset.py``; they are not the originals.

    Parameters
    ----------
    agency : str
        The agency, spelled as in the register.
    year : int
        The year reported on.

    Raises
    ------
    UnknownReport
        The corpus has no report of that agency and year.

    Examples
    --------
    >>> from govstats import embedded
    >>> [path.name for path in embedded.documents("平潭综合实验区", 2025)]
    ['pingtan-2025.html', 'pingtan-2025.md', 'pingtan-2025.txt', 'pingtan-2025.pdf']
    """
    slug = _known(agency, year)["slug"].item()
    paths = (folder() / "documents" / f"{slug}{suffix}" for suffix in FORMATS.values())
    return [path for path in paths if path.is_file()]


def report(agency: str, year: int, format: str | None = None) -> Report:  # noqa: A002 - Report.format has that name too
    """Read a document of the corpus with `govstats.read`, which is told nothing but its path.

    Parameters
    ----------
    agency : str
        The agency, spelled as in the register.
    year : int
        The year reported on.
    format : {"html", "markdown", "text", "word", "pdf"}, optional
        The preferred one by default: HTML.

    Raises
    ------
    UnknownReport
        The corpus has no report of that agency and year, or none in that format.

    Examples
    --------
    >>> from govstats import embedded
    >>> report = embedded.report("平潭综合实验区", 2025)
    >>> report.agency, report.year, report.form
    ('平潭综合实验区', 2025, '2021')
    """
    paths = documents(agency, year)
    found = [path for path in paths if format is None or path.suffix == FORMATS.get(format)]
    if not found:
        known = ", ".join(name for name, suffix in FORMATS.items() if suffix in {path.suffix for path in paths})
        raise UnknownReport.worded("corpus_lacks_format", agency=agency, year=year, format=format, known=known)
    return read(found[0])


def _known(agency: str | None, year: int | None) -> pd.DataFrame:
    """Return the rows of the register for an agency and a year, or say what is known instead."""
    reports = _table("reports.csv")
    if agency is not None:
        everyone = reports["agency"].unique().tolist()
        if agency not in everyone:
            nearest = "; ".join(get_close_matches(agency, everyone, n=len(everyone), cutoff=0))
            raise UnknownReport.worded("corpus_lacks_agency", agency=agency, nearest=nearest)
        reports = reports[reports["agency"] == agency]
    if year is not None:
        known = sorted(set(reports["year"]))
        if year not in known:
            whose = f" of {agency}" if agency is not None else ""
            raise UnknownReport.worded("corpus_lacks_year", whose=whose, year=year, years=", ".join(map(str, known)))
        reports = reports[reports["year"] == year]
    return reports
