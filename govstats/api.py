"""What a user does with a report: read it, look at it, compare it with the same report in another format."""

from __future__ import annotations

from dataclasses import fields
from os import PathLike
from pathlib import Path

import pandas as pd

from govstats import reconciliation, report
from govstats.display import excerpt, layout, report_html
from govstats.documents import open_document
from govstats.errors import UnknownIdentity, UnusableCells
from govstats.recognition import recognise
from govstats.recognition.claims import Explanation, find
from govstats.reconciliation import FormatComparison


class Report(report.Report):
    """An annual report as `read` returns it: the data of `govstats.report.Report`, and views of them; a notebook displays it."""

    table = layout
    show = excerpt
    _repr_html_ = report_html

    def explain(self, claim: pd.Series) -> Explanation:
        """Tell why a figure of the prose was read as it was.

        Parameters
        ----------
        claim : pandas.Series
            A row of `claims`.

        Returns
        -------
        Explanation
            The words that bear on the figure and the rule that decided; its `text` is for reading.

        Raises
        ------
        UnusableCells
            The row is of another report, or the report was not read from a document.

        Examples
        --------
        >>> from govstats import read
        >>> report = read("某局2023年政府信息公开工作年度报告\\n一、总体情况\\n网上收到申请5件。".encode())
        >>> report.explain(report.claims.iloc[0]).rule
        'channel'
        """
        said = getattr(self.read_claims, "readings", ())
        found = find(said, claim["quote"], claim["start"], claim["value"], claim["target"])
        if found is None:
            raise UnusableCells.worded("no_such_claim", source=self.source, quote=claim["quote"])
        return found


def read(
    source: str | PathLike[str] | bytes, *, agency: str | None = None, year: int | None = None, form: str | None = None
) -> Report:
    """Read an annual report.

    Parameters
    ----------
    source : path or bytes
        HTML, plain text, Markdown, PDF, Word (doc and docx, with the extra ``word``) or an image (with the extra ``ocr``, which
        scanned PDF documents need too); the content decides, not the name.
    agency, year, form : optional
        What you know of the report; what is left out is recognised. `form` is ``2008``, ``2019`` or ``2021``.

    Returns
    -------
    Report
        Figures as they are printed. A cell that cannot be decided is null and has a status and a note.

    Raises
    ------
    UnreadableDocument
        The file is missing, empty, damaged or locked; `MissingReader` where its format is not read, or needs an extra.
    NotAnAnnualReport
        The document is something else.
    SeveralReports
        The document holds more than one report, and `agency` and `year` do not tell which is meant.
    UnknownForm
        There is no such form version.
    UnknownIdentity
        `agency` is no name, or `year` no whole number.

    Examples
    --------
    >>> text = "某某局2021年政府信息公开工作年度报告\\n信息内容\\t本年处理决定数量\\n行政处罚\\t1\\n行政强制\\t/\\n"
    >>> read(text.encode()).cells.set_index("line")[["value", "printed", "status"]]
                       value printed          status
    line
    penalties            1.0       1        reported
    coercive_measures   <NA>       /  not_applicable
    """
    if year is not None and not hasattr(year, "__index__"):
        raise UnknownIdentity(f"year={year!r}: expected a whole number, such as year=2023, or None 年度应为整数，如 2023")
    if agency is not None and not isinstance(agency, str):
        raise UnknownIdentity(f"agency={agency!r}: expected a name, or None 机关应为名称")
    recognised = recognise(open_document(source), agency=agency, year=year, form=form)
    known = {field.name: getattr(recognised, field.name) for field in fields(recognised)}
    known["origin"] = source if isinstance(source, bytes) else Path(source)
    return Report(**known)


def compare_formats(
    first: Report | str | PathLike[str] | bytes,
    second: Report | str | PathLike[str] | bytes,
    *more: Report | str | PathLike[str] | bytes,
) -> FormatComparison:
    """Compare one report as it stands in documents of several formats (rule XF).

    Parameters
    ----------
    first, second, *more : Report, path or bytes
        The same report in different documents; what is no `Report` is read with `read`.

    Returns
    -------
    FormatComparison
        `cells` has one row a cell with what each document shows and whether they agree, `findings` the outcome of rule XF with
        the columns of `reconcile`.

    Raises
    ------
    DifferentReports
        The documents are not known to be of one agency, one year and one form.
    GovstatsError
        A document cannot be read, as of `read`.

    See Also
    --------
    govstats.reconciliation.compare_formats : what counts as equal.

    Examples
    --------
    >>> title = "某某局2021年政府信息公开工作年度报告\\n"
    >>> text = title + "信息内容\\t本年处理决定数量\\n行政处罚\\t3\\n行政强制\\t0\\n"
    >>> page = f"<p>{title}</p><table><tr><td>信息内容<td>本年处理决定数量<tr><td>行政处罚<td>8<tr><td>行政强制<td>0</table>"
    >>> found = compare_formats(text.encode(), page.encode())
    >>> found.cells[["line", "value_1", "value_2", "agreement"]]
                    line  value_1  value_2  agreement
    0          penalties      3.0      8.0  different
    1  coercive_measures      0.0      0.0      equal
    """
    return reconciliation.compare_formats(*(one if isinstance(one, Report) else read(one) for one in (first, second, *more)))
