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

from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from govstats.errors import (
    DifferentReports,
    FormError,
    GovstatsError,
    MissingExtra,
    MissingReader,
    NotAnAnnualReport,
    NotebookError,
    RefusedCorrection,
    SeveralReports,
    UnknownForm,
    UnknownIdentity,
    UnknownReport,
    UnreadableDocument,
    UnusableCells,
    UnusableCorrections,
    UnusableExport,
    UnusablePanel,
    UnusableRegister,
)
from govstats.report import Report

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

    import pandas as pd
    from distributed import Client

    from govstats.explorer import Explorer
    from govstats.forms import Language
    from govstats.january import NewYear
    from govstats.panel import Panel
    from govstats.reconciliation import FormatComparison
    from govstats.reconciliation.corrections import Corrections
    from govstats.reconciliation.source import Source

__all__ = [
    "DifferentReports",
    "FormError",
    "GovstatsError",
    "MissingExtra",
    "MissingReader",
    "NotAnAnnualReport",
    "NotebookError",
    "RefusedCorrection",
    "Report",
    "SeveralReports",
    "UnknownForm",
    "UnknownIdentity",
    "UnknownReport",
    "UnreadableDocument",
    "UnusableCells",
    "UnusableCorrections",
    "UnusableExport",
    "UnusablePanel",
    "UnusableRegister",
    "compare_formats",
    "completions",
    "correct",
    "explore",
    "indicators",
    "new_year",
    "read",
    "read_corpus",
    "reconcile",
    "repairs",
]

__version__ = "0.1.0"


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
    >>> report = read(text.encode())
    >>> report.cells.set_index("line")[["value", "printed", "status"]]
                       value printed          status
    line
    penalties            1.0       1        reported
    coercive_measures   <NA>       /  not_applicable
    """
    from govstats.documents import open_document
    from govstats.recognition import recognise

    if year is not None and not hasattr(year, "__index__"):
        raise UnknownIdentity(f"year={year!r}: expected a whole number, such as year=2023, or None 年度应为整数，如 2023")
    if agency is not None and not isinstance(agency, str):
        raise UnknownIdentity(f"agency={agency!r}: expected a name, or None 机关应为名称")
    report = recognise(open_document(source), agency=agency, year=year, form=form)
    return replace(report, origin=source if isinstance(source, bytes) else Path(source))


def read_corpus(
    folder: str | PathLike[str],
    *,
    output: str | PathLike[str] | None = None,
    register: str | PathLike[str] | pd.DataFrame | None = None,
    agencies: str | PathLike[str] | pd.DataFrame | None = None,
    client: Client | None = None,
    processes: int | None = None,
    storage_options: Mapping[str, Any] | None = None,
) -> Panel:
    """Read a folder of annual reports into a panel.

    Parameters
    ----------
    folder : path or address
        Documents in any mix of formats, in folders of any depth; an address that fsspec knows (``s3://…``) works like a path.
        Files with other suffixes are left alone; `Panel.others` lists them.
    output : path, optional
        Where the panel is kept. What was read before is not read again: a build that was interrupted goes on where it stopped,
        and of a folder that has grown only the new documents are read. A temporary folder by default, which goes with the panel.
    register : path or DataFrame, optional
        What is known of the reports: CSV with any of the columns ``document slug agency year form level region region_code
        published vintage parent summary``. By default ``register.csv`` or ``reports.csv`` in the folder, if there is one. What
        it says is believed; what it lacks is recognised.
    agencies : path or DataFrame, optional
        A table that corrects the identities of agencies; see `govstats.agencies.identify`.
    client : dask.distributed.Client, optional
        Read on its workers, which must see the folder under the same path or address.
    processes : int, optional
        Read in so many processes; by default as many as there are cores where that pays.
    storage_options : mapping, optional
        For the file system of an address.

    Returns
    -------
    Panel
        A document that could not be used is a row of `Panel.reports` with its error.

    Raises
    ------
    UnreadableDocument
        There is no such folder.
    UnusableRegister
        The register has a line that cannot be understood.
    UnusablePanel
        `output` is a folder that holds something else.
    MissingExtra
        The packages of the extra ``panel`` are not installed.

    Examples
    --------
    >>> from govstats import embedded
    >>> panel = read_corpus(embedded.folder())
    >>> panel.only(agency="平潭综合实验区").coverage().query("state == 'inconsistent'")["year"].tolist()
    [2020]
    """
    try:
        from govstats.panel import read_corpus as read_into_panel
    except ImportError as error:
        raise MissingExtra.of("a panel", error, "panel") from error
    return read_into_panel(
        folder,
        output=output,
        register=register,
        agencies=agencies,
        client=client,
        processes=processes,
        storage_options=storage_options,
    )


def new_year(source: Panel | str | PathLike[str], year: int | None = None) -> NewYear:
    """Set the reports of a year beside those of the year before.

    Parameters
    ----------
    source : Panel, path or address
        All years that there are; a folder is read with `read_corpus`.
    year : int, optional
        The year reported on; by default the latest of which there is a report.

    Returns
    -------
    NewYear
        Frames: `reports` (which came, which are missing or late), `changes` (the main figures of both years), `findings` (what
        does not follow from the year before), `chain` (the carry-overs), `unusable` (documents that could not be used).

    Raises
    ------
    UnknownReport
        There is no report of that year and the year before.
    MissingExtra
        The packages of the extras ``panel`` or ``notebooks`` are not installed.

    See Also
    --------
    govstats.january.NewYear : the columns.

    Examples
    --------
    Pingtan's report of 2025 gives 546 normative documents in force, where the year before leads to 453:

    >>> from govstats import embedded
    >>> new = new_year(embedded.folder(), 2025)
    >>> new.new[["last", "timing"]].values.tolist()
    [[2019, 'not_assessable'], [<NA>, 'not_assessable'], [2024, 'in_time']]
    >>> new.failed[["rule", "severity", "expected", "reported"]].values.tolist()
    [['T2Y', 'W', 453.0, 546.0]]
    """
    try:
        from govstats.january import new_year as set_beside
    except ImportError as error:
        raise MissingExtra.of("new_year", error, "panel") from error
    return set_beside(source, year)


def reconcile(source: Source, *, corrections: Corrections | None = None, claims: pd.DataFrame | None = None) -> pd.DataFrame:
    """Check a report, or a frame of cells, against the edits of its form.

    Parameters
    ----------
    source : Report, Panel or pandas.DataFrame
        A report, a panel, or cells of any number of reports with the columns of `Report.cells`.
    corrections : path or pandas.DataFrame, optional
        Documented corrections to apply first, as `correct` takes them.
    claims : pandas.DataFrame, optional
        What the prose claims, as `Report.claims`, to hold against the cells. Those of the report, if left out.

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
    from govstats.reconciliation.corrections import as_corrected

    return reconcile_cells(as_corrected(source, corrections), claims=claims)


def repairs(
    source: Source,
    *,
    corrections: Corrections | None = None,
    claims: pd.DataFrame | None = None,
    seconds: float = 5.0,
    reread: bool = True,
) -> pd.DataFrame:
    """List every minimal repair of reports whose figures cannot all be right.

    Parameters
    ----------
    source : Report, Panel or pandas.DataFrame
        A report, a panel, or cells of any number of reports with the columns of `Report.cells`.
    corrections : path or pandas.DataFrame, optional
        Documented corrections to apply first, as `correct` takes them.
    claims : pandas.DataFrame, optional
        What the prose claims, as `Report.claims`: witnesses. Those of the report, if left out.
    seconds : float
        For the search in each group of edits that hang together.
    reread : bool
        Whether the cells of a repair are read again in another way, to tell a wrong reading from a wrong report.

    Returns
    -------
    pandas.DataFrame
        One row a changed cell, the most plausible repair of each group first.

    See Also
    --------
    govstats.reconciliation.repairs.repairs : the columns, and how the search works.

    Examples
    --------
    >>> from govstats import embedded
    >>> found = repairs(embedded.report("淮安市洪泽区人民政府", 2023))
    >>> found[["column", "reported", "proposed", "unique", "origin"]].values.tolist()[0]
    ['total', 0.0, 11.0, True, 'published']
    """
    from govstats.reconciliation.corrections import as_corrected
    from govstats.reconciliation.repairs import repairs as repairs_of

    return repairs_of(as_corrected(source, corrections), claims=claims, seconds=seconds, reread=reread)


def completions(source: Source, *, claims: pd.DataFrame | None = None, corrections: Corrections | None = None) -> pd.DataFrame:
    """Deduce the figures of blank, unreadable and lost cells where the edits leave no choice, and bounds where they do.

    Parameters
    ----------
    source : Report, Panel or pandas.DataFrame
        A report, a panel, or cells of any number of reports with the columns of `Report.cells`.
    claims : pandas.DataFrame, optional
        What the prose claims, as `Report.claims`: it makes a partial table of a report whose tables are lost.
    corrections : path or pandas.DataFrame, optional
        Documented corrections to apply first, as `correct` takes them.

    Returns
    -------
    pandas.DataFrame
        One row a cell without a figure, with ``value low high basis rules cells quote``; never part of `Report.cells`.

    See Also
    --------
    govstats.reconciliation.completion.completions : the columns, and what counts as certain.

    Examples
    --------
    >>> from govstats import embedded
    >>> found = completions(embedded.report("上海市科学技术委员会", 2024))
    >>> found[["line", "column", "status", "value", "basis"]].values.tolist()
    [['carried_out', 'total', 'blank', 1.0, 'sum']]
    """
    from govstats.reconciliation.completion import completions as completions_of
    from govstats.reconciliation.corrections import as_corrected

    return completions_of(as_corrected(source, corrections), claims=claims)


def correct(source: Source, corrections: Corrections) -> pd.DataFrame:
    """Set beside every figure, as reported and as read, what it is after documented corrections.

    Parameters
    ----------
    source : Report, Panel or pandas.DataFrame
        A report, a panel, or cells of any number of reports with the columns of `Report.cells`.
    corrections : path or pandas.DataFrame
        ``corrections.csv``: ``agency year cell old new reason source date``.

    Returns
    -------
    pandas.DataFrame
        The cells, unchanged, with ``corrected reason correction_source correction_date``.

    Raises
    ------
    UnusableCorrections
        A correction cannot be understood.
    RefusedCorrection
        A cell does not hold the figure that a correction expects; nothing is corrected then.

    See Also
    --------
    govstats.reconciliation.corrections.correct : the columns of the file, and an example.
    """
    from govstats.reconciliation.corrections import correct as correct_cells

    return correct_cells(source, corrections)


def indicators(
    source: Report | Panel | pd.DataFrame,
    *,
    by: str | Sequence[str] = "report",
    names: str | Iterable[str] | None = None,
    repairs: pd.DataFrame | bool | None = None,
    reports: pd.DataFrame | None = None,
    population: pd.DataFrame | None = None,
    findings: pd.DataFrame | bool | None = None,
    corrections: Corrections | None = None,
) -> pd.DataFrame:
    """Work out rates, each with its numerator and denominator and with how far it can be relied upon.

    Parameters
    ----------
    source : Report, Panel or pandas.DataFrame
        A report, a panel, or cells of any number of reports with the columns of `Report.cells`.
    by : str or sequence of str
        ``"report"``, or what to pool by: ``"year"``, ``"form"``, ``"agency"``, or columns of the frame of reports such as
        ``"level"`` and ``"region"``. Pooled is the sum of the numerators over the sum of the denominators.
    names : str or iterable of str, optional
        Which indicators; all by default, see `govstats.measures.definitions`.
    repairs : pandas.DataFrame or True, optional
        What `govstats.repairs` returned; True looks for them. They give the interval over all admissible repairs.
    reports : pandas.DataFrame, optional
        One row a report: ``agency year`` and any of ``level region region_code published``. That of the panel, if left out.
    population : pandas.DataFrame, optional
        Inhabitants: ``year population`` and ``agency`` or ``region_code``.
    findings : pandas.DataFrame or True, optional
        What `govstats.reconcile` returned; True reconciles. Those of the panel, if left out.
    corrections : path or pandas.DataFrame, optional
        Documented corrections to apply first, as `correct` takes them.

    Returns
    -------
    pandas.DataFrame
        One row a report (or group) and indicator, with ``value numerator denominator low high small low_repairs high_repairs
        low_blanks high_blanks status`` among its columns; 0/0 is missing, and so is what a blank leaves open.

    See Also
    --------
    govstats.measures.indicators : the columns, and what each status means.
    govstats.measures.series : the figures themselves, comparable across forms, with their breaks.

    Examples
    --------
    >>> from govstats import embedded
    >>> rates = indicators(embedded.report("平潭综合实验区", 2020), names="disclosure_rate", repairs=True)
    >>> rates[["numerator", "denominator", "low_repairs", "high_repairs"]].round(2).values.tolist()
    [[13.0, 21.0, 0.33, 0.33]]
    """
    from govstats.measures import indicators as indicators_of

    return indicators_of(
        source,
        by=by,
        names=names,
        repairs=repairs,
        reports=reports,
        population=population,
        findings=findings,
        corrections=corrections,
    )


def explore(source: Report | Panel, *, folder: str | PathLike[str] | None = None, language: Language = "zh") -> Explorer:
    """Look at reports in JupyterLab: choose one, see its tables with what fails, click a cell.

    Parameters
    ----------
    source : Report or Panel
    folder : path, optional
        Where the documents of a panel stand, to show a cell in its document.
    language : {"zh", "en"}
        Of labels and sentences.

    Returns
    -------
    Explorer
        A notebook displays it. Of the cell that was clicked it shows the place in the document, the edits that it takes part in,
        the repairs that would change it, and the same cell in the other years of the panel. A page without a kernel shows the
        first state: the first agency, its latest year, and a cell of a failed edit if there is one.

    Raises
    ------
    UnusableCells
        `source` is neither a report nor a panel.
    UnknownReport
        The panel has no report that could be used.
    MissingExtra
        ipywidgets is not installed; it comes with the extra ``notebooks``.

    Examples
    --------
    >>> from govstats import embedded
    >>> explore(embedded.report("淮安市洪泽区人民政府", 2023))
    Explorer('淮安市洪泽区人民政府', 2023, review/reconsideration/total)
    """
    try:
        from govstats.explorer import Explorer
    except ImportError as error:
        raise MissingExtra.of("explore", error, "notebooks") from error
    return Explorer(source, folder=folder, language=language)


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
    from govstats.reconciliation import compare_formats as compare_reports

    return compare_reports(*(one if isinstance(one, Report) else read(one) for one in (first, second, *more)))
