"""govstats: the annual reports on government information disclosure of Chinese agencies, as tidy and reconciled data.

Examples
--------
>>> import govstats
>>> page = "某某局2021年政府信息公开工作年度报告\\n信息内容\\t本年处理决定数量\\n行政处罚\\t3\\n行政强制\\t0\\n"
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
    MissingExtra,
    MissingReader,
    NotAnAnnualReport,
    NotebookError,
    SeveralReports,
    UnknownForm,
    UnknownReport,
    UnreadableDocument,
    UnusableCells,
)
from govstats.report import Report

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "FormError",
    "GovstatsError",
    "MissingExtra",
    "MissingReader",
    "NotAnAnnualReport",
    "NotebookError",
    "Report",
    "SeveralReports",
    "UnknownForm",
    "UnknownReport",
    "UnreadableDocument",
    "UnusableCells",
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
        HTML, plain text, Markdown or Word (docx, with the extra ``word``); the content decides, not the name.
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
    SeveralReports
        The document holds more than one report, and `agency` and `year` do not tell which is meant.
    UnknownForm
        There is no such form version.

    Examples
    --------
    >>> text = "某某局2021年政府信息公开工作年度报告\\n信息内容\\t本年处理决定数量\\n行政处罚\\t1\\n行政强制\\t/\\n"
    >>> report = read(text.encode())
    >>> report.cells.set_index("line")[["value", "printed", "status"]]
                       value printed          status
    line
    penalties            1.0       1        reported
    coercive_measures   <NA>       /  not_applicable
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
        One row a rule and place: ``rule severity status agency year table expected reported difference cells message_zh
        message_en``. A rule whose cells are missing is ``not_assessable``, never ``pass``.

    See Also
    --------
    govstats.reconciliation.rules : the rules with their severities.
    """
    from govstats.reconciliation import reconcile as reconcile_cells

    return reconcile_cells(source)
