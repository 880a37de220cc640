"""A document becomes a report: who, when, which form, and every figure in its cell."""

from __future__ import annotations

from govstats.documents import Document
from govstats.errors import NotAnAnnualReport, SeveralReports
from govstats.recognition.claims import Claims
from govstats.recognition.identity import identify, reports_in
from govstats.recognition.notes import note
from govstats.recognition.publication import published
from govstats.recognition.tables import read_tables
from govstats.report import Report

__all__ = ["recognise"]


def recognise(document: Document, *, agency: str | None = None, year: int | None = None, form: str | None = None) -> Report:
    """Recognise the annual report in a document.

    Parameters
    ----------
    document : Document
        Of any format.
    agency, year, form
        What the caller knows; what is left out is recognised.

    Returns
    -------
    Report
        Its notes say what could not be read.

    Raises
    ------
    NotAnAnnualReport
        Nothing in the document shows that it is one.
    SeveralReports
        The document holds more than one report, and `agency` and `year` do not tell which is meant.
    """
    parts = reports_in(document)
    if len(parts) > 1:
        meant = [part for name, of_year, _, part in parts if agency in {None, name} and year in {None, of_year}]
        if len(meant) != 1:
            found = "; ".join(f"{name} {of_year} ({place})" for name, of_year, place, _ in parts)
            raise SeveralReports(
                f"{document.source}: the document holds {len(parts)} annual reports: {found}; expected one; "
                "say which with agency= and year="
            )
        (document,) = meant
    identity = identify(document, agency=agency, year=year, form_version=form)
    cells, notes = read_tables(document, identity.form, identity.year)
    if not identity.is_annual_report and not cells:
        begins = next((p.text for p in document.paragraphs), "")[:40]
        raise NotAnAnnualReport(
            f"{document.source}: this is no annual report on government information disclosure: it has no such title, fewer "
            f"than three of the statutory sections and none of the statutory tables (it begins “{begins}”); "
            "expected a 政府信息公开工作年度报告"
        )
    claims = Claims(document, identity.year, identity.form.version)
    return Report(
        agency=identity.agency,
        year=identity.year,
        form=identity.form.version,
        title=identity.title,
        source=document.source,
        format=document.format,
        sha256=document.sha256,
        sections=identity.sections,
        read_cells=cells,
        read_notes=(*identity.notes, *(note("unread_page", page=page) for page in document.unread), *notes),
        read_claims=claims,
        text=claims.text,
        published=published(document),
    )
