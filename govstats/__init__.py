"""govstats: the annual reports on government information disclosure of Chinese agencies, as tidy and reconciled data.

Examples
--------
>>> import govstats
>>> page = "<h1>某某局2021年政府信息公开工作年度报告</h1><table><tr><td>信息内容<td>本年处理决定数量<tr><td>行政处罚<td>3<tr><td>行政强制<td>0</table>"
>>> report = govstats.read(page.encode())
>>> report.agency, report.year, report.form
('某某局', 2021, '2021')
"""

from __future__ import annotations

from os import PathLike
from typing import TYPE_CHECKING

from govstats.errors import (
    FormError,
    GovstatsError,
    MissingReader,
    NotAnAnnualReport,
    NotebookError,
    SeveralReports,
    UnknownForm,
    UnknownReport,
    UnreadableDocument,
)
from govstats.report import Report

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "FormError",
    "GovstatsError",
    "MissingReader",
    "NotAnAnnualReport",
    "NotebookError",
    "Report",
    "SeveralReports",
    "UnknownForm",
    "UnknownReport",
    "UnreadableDocument",
    "read",
    "reconcile",
]

__version__ = "0.1.0"


def read(
    source: str | PathLike[str] | bytes, *, agency: str | None = None, year: int | None = None, form: str | None = None
) -> Report:
    """Read an annual report.

    Parameters
    ----------
    source : path or bytes
        HTML, plain text or Markdown; the content decides, not the name.
    agency, year, form : optional
        What you know of the report; what is left out is recognised. `form` is ``2008``, ``2019`` or ``2021``.

    Returns
    -------
    Report
        Figures as they are printed. A cell that cannot be decided is null and has a status and a note.

    Raises
    ------
    UnreadableDocument
        The file is missing, empty or damaged; `MissingReader` where its format is not read.
    NotAnAnnualReport
        The document is something else.
    UnknownForm
        There is no such form version.

    Examples
    --------
    >>> text = "某某局2021年政府信息公开工作年度报告\\n行政许可\\t34\\n行政处罚\\t1\\n行政强制\\t/\\n"
    >>> report = read(text.encode(), form="2021")
    >>> report.cells[["line", "column", "value", "status"]].to_csv(index=False)
    'line,column,value,status\\nlicensing,decisions,34.0,reported\\npenalties,decisions,1.0,reported\\ncoercive_measures,decisions,,not_applicable\\n'
    """
    from govstats.documents import open_document
    from govstats.recognition import recognise

    return recognise(open_document(source), agency=agency, year=year, form=form)


def reconcile(source: Report | pd.DataFrame) -> pd.DataFrame:
    """Check a report, or a frame of cells, against the edits of its form.

    Parameters
    ----------
    source : Report or pandas.DataFrame
        A report, or cells of any number of reports with the columns of `Report.cells`.

    Returns
    -------
    pandas.DataFrame
        One row a rule and place: ``rule severity status agency year table expected reported difference cells message_zh message_en``. A
        rule whose cells are missing is ``not_assessable``, never ``pass``.

    See Also
    --------
    govstats.reconciliation.rules : the rules with their severities.
    """
    from govstats.reconciliation import reconcile as reconcile_cells

    return reconcile_cells(source)
