"""A document becomes a report: who, when, which form, and every figure in its cell."""

from __future__ import annotations

from collections.abc import Sequence

from govstats.documents import Document
from govstats.errors import NotAnAnnualReport, SeveralReports
from govstats.recognition.claims import Claims
from govstats.recognition.identity import identify, is_summary, published, reports_in, reports_named
from govstats.recognition.notes import note
from govstats.recognition.tables import read_tables
from govstats.report import Note, ReadCell, Report

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
    document = _one_report(document, agency, year)
    identity = identify(document, agency=agency, year=year, form_version=form)
    cells, notes = read_tables(document, identity.form, identity.year)
    if not identity.is_annual_report and not cells:
        begins = next((p.text for p in document.paragraphs), "")[:40]
        raise NotAnAnnualReport(
            f"{document.source}: this is no annual report on government information disclosure: it has no such title, fewer "
            f"than three of the statutory sections and none of the statutory tables (it begins “{begins}”); "
            "expected a report of that kind 这不是政府信息公开工作年度报告：没有相应的标题、章节和表格，请检查是否选错文件"
        )
    _refuse_mixed_reports(document, cells, notes)
    pages = {"unread_page": document.unread, "layer_of_text": document.layered}
    of_pages = [note(kind, page=page) for kind, concerned in pages.items() for page in concerned]
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
        read_notes=(*identity.notes, *of_pages, *notes),
        read_claims=claims,
        text=claims.text,
        published=published(document),
        summary=is_summary(claims.text),
    )


def _one_report(document: Document, agency: str | None, year: int | None) -> Document:
    parts = reports_in(document)
    if len(parts) < 2:
        return document
    meant = [part for name, of_year, _, part in parts if agency in {None, name} and year in {None, of_year}]
    if len(meant) == 1:
        return meant[0]
    raise _several(document, [part[:3] for part in parts], "say which with agency= and year= 请用 agency= 和 year= 指明")


def _refuse_mixed_reports(document: Document, cells: Sequence[ReadCell], notes: Sequence[Note]) -> None:
    """Refuse reports that stand side by side: their tables contradict each other, and their sentences cannot be told apart."""
    if not cells or any(cell.value is not None for cell in cells):
        return
    named = reports_named(document)
    in_one_line = len({number for number, *_ in named}) < len(named)
    if len(named) > 1 and (in_one_line or any(one.kind == "two_tables" for one in notes)):
        raise _several(document, [title[1:] for title in named], "save each as a document of its own 请分别存成文件")


def _several(document: Document, found: Sequence[tuple[str, int, str]], advice: str) -> SeveralReports:
    listed = "; ".join(f"{agency} {year} ({place})" for agency, year, place in found)
    what = f"{document.source}: the document holds {len(found)} annual reports: {listed}"
    return SeveralReports(f"{what}; expected one; {advice}；应只有一份年报")
