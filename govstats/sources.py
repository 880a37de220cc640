"""Which report is meant: a file of one's own, a report in a folder, or one of the corpus that comes with the package."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache, partial
from os import PathLike
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, TypeVar

from govstats import embedded
from govstats.api import Report, read
from govstats.errors import UnknownReport
from govstats.report import corpus_origin, is_typeset, origin

if TYPE_CHECKING:
    import pandas as pd

    from govstats.panel import Panel

_Result = TypeVar("_Result")

__all__ = ["choose_panel", "choose_report", "choose_reports", "neighbours", "other_formats"]
__all__ += ["corpus_origin", "is_typeset", "origin"]  # of govstats.report


def apart(name: str, function: Callable[..., _Result], *given: Any) -> _Result:
    """Call a function that reads a document in a process that may die, where the extra ``panel`` is installed; else here."""
    try:
        from govstats.panel.reading import in_a_process
    except ImportError:
        return function(*given)
    return in_a_process(name, function, *given)


def read_apart(path: Path, *, agency: str | None = None, year: int | None = None) -> Report:
    """Read a file as `read` does, in a process that may die."""
    return apart(path.name, partial(read, path.absolute(), agency=agency, year=year))


def choose_report(
    agency: str = "", year: int | None = None, *, document: str | PathLike[str] = "", folder: str | PathLike[str] = ""
) -> Report:
    """Read the report that the parameters of a notebook name.

    Parameters
    ----------
    agency : str
        As the folder or the corpus names it. With `document` it says whose report that is; empty where the document says so.
    year : int, optional
        The year reported on; with `document` it may be left out.
    document : path
        A file of one's own, of any format that `govstats.read` reads.
    folder : path
        A folder of reports; of the documents of one report the one that `govstats.read_corpus` chooses is read.

    Returns
    -------
    Report
        Of `document` where one is given, else of `folder`, else of the corpus that comes with the package.

    Raises
    ------
    UnknownReport
        The folder or the corpus has no report of that agency and year; the message says which it has.
    UnreadableDocument
        There is no such file, or it cannot be read.

    Examples
    --------
    >>> choose_report("平潭综合实验区", 2025).form
    '2021'
    """
    if document:
        return read(Path(document).expanduser(), agency=agency or None, year=year)
    if year is None and not folder:
        raise UnknownReport.worded("no_year_given", agency=agency)
    return next(_reports(agency, year, folder))


def choose_panel(*, document: str | PathLike[str] = "", folder: str | PathLike[str] = "") -> Panel:
    """Read the reports that the parameters of a notebook name into a panel.

    Parameters
    ----------
    document : path
        A file of one's own: a panel of this report alone.
    folder : path
        A folder of reports, or what ``govstats build`` made of one; goes before `document`.

    Returns
    -------
    Panel
        Of the folder, of the document, or of the corpus that comes with the package.

    Examples
    --------
    >>> from govstats import embedded
    >>> choose_panel(document=embedded.folder() / "documents" / "pingtan-2025.md").reports["agency"].tolist()
    ['平潭综合实验区']
    """
    from govstats.panel import MANIFEST, Panel, read_corpus

    if folder and (Path(folder).expanduser() / MANIFEST).is_file():
        return Panel(Path(folder))
    if folder or not document:
        return read_corpus(Path(folder).expanduser() if folder else embedded.folder())
    with TemporaryDirectory(prefix="govstats-") as alone:
        shutil.copy(Path(document).expanduser(), alone)
        return read_corpus(alone)


def choose_reports(*, document: str | PathLike[str] = "", folder: str | PathLike[str] = "") -> list[Report]:
    """Read the reports of a folder, a document, or the corpus, each from its chosen document.

    Examples
    --------
    >>> from govstats import embedded
    >>> len(choose_reports()) == len(embedded.register())
    True
    """
    if folder:
        known = _documents(Path(folder).expanduser())
        chosen = known.loc[known["chosen"], ["path", "agency", "year"]].astype(object)
        told = chosen.where(chosen.notna(), None).itertuples(index=False)
        return [read_apart(path, agency=agency, year=year) for path, agency, year in told]
    if document:
        return [read(Path(document).expanduser())]
    known = embedded.register()
    return [embedded.report(agency, year) for agency, year in zip(known["agency"], known["year"], strict=True)]


def other_formats(report: Report, *, folder: str | PathLike[str] = "") -> list[Report]:
    """Read the other documents of a report: the same report in other formats, in a folder or in the corpus.

    Parameters
    ----------
    report : Report
        Of `choose_report`.
    folder : path
        As for `choose_report`.

    Returns
    -------
    list of Report
        The documents of the same agency and year but for the one that was read; empty where there are none.

    Examples
    --------
    >>> [other.format for other in other_formats(choose_report("平潭综合实验区", 2025))]
    ['markdown', 'text', 'pdf']
    """
    return [other for other in _known(report.agency, report.year, folder) if other.sha256 != report.sha256]


def neighbours(report: Report, *, folder: str | PathLike[str] = "") -> list[Report]:
    """Read the reports of the years before and after.

    Parameters
    ----------
    report : Report
        Of `choose_report`.
    folder : path
        As for `choose_report`.

    Returns
    -------
    list of Report
        At most two; empty where the folder or the corpus has none, or the report names no agency or year.

    Examples
    --------
    >>> [(one.agency, one.year) for one in neighbours(choose_report("平潭综合实验区", 2025))]
    [('平潭综合实验区', 2024)]
    """
    years = () if report.year is None else (report.year - 1, report.year + 1)
    return [one for year in years for one in [next(_known(report.agency, year, folder), None)] if one is not None]


def _known(agency: str | None, year: int | None, folder: str | PathLike[str]) -> Iterator[Report]:
    if agency is not None and year is not None:
        with suppress(UnknownReport):
            yield from _reports(agency, year, folder)


def _reports(agency: str, year: int | None, folder: str | PathLike[str]) -> Iterator[Report]:
    """Yield the documents of a report, the one to read first."""
    if not folder:
        yield from map(read, embedded.documents(agency, year or 0))
        return
    documents = _documents(Path(folder).expanduser())
    meant = documents[(documents["agency"] == agency) & (documents["year"] == year)]
    if meant.empty:
        named = documents.drop_duplicates(["agency", "year"]).sort_values(["agency", "year"])
        known = "; ".join(f"{one.agency} {one.year}" for one in named.itertuples()) or "none that can be used"
        raise UnknownReport.worded("folder_lacks_report", folder=folder, agency=agency, year=year, known=known)
    for path in meant.sort_values("chosen", ascending=False, kind="stable")["path"]:
        yield read(path, agency=agency or None, year=year)


@cache
def _documents(folder: Path) -> pd.DataFrame:
    """Return the documents of a folder that can be used, with the path of each."""
    from govstats.panel import read_corpus

    reports = read_corpus(folder).reports
    usable = reports[reports["source"].notna() & reports["error"].isna()]
    return usable.assign(path=[folder / source for source in usable["source"]])
