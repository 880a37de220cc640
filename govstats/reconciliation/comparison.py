"""The rules on documents beside one another: formats and vintages of one report (XF, XV), and what a report sums up (XH)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from govstats.errors import DifferentReports, require_columns
from govstats.forms import ONE_FEN, CellKey, Language, Table
from govstats.reconciliation.findings import Findings
from govstats.reconciliation.matrix import (
    ABSENT,
    REPORTED,
    STATUS,
    UNREADABLE,
    Located,
    ReportMatrix,
    combinations,
    located,
    matrices,
    plain_values,
)
from govstats.reconciliation.rulebook import known_rule
from govstats.reconciliation.wording import (
    cell_label,
    listed,
    named,
    no_figure,
    number,
    phrase,
    quoted,
    without_figure,
)
from govstats.report import Report, column_types, typed_frame

#: What each format says of a cell, as columns of the comparison.
_COMPARED: Mapping[str, Any] = column_types("value:Float64 printed status place")
_ReportKey = tuple[object, int]


class _Shown(NamedTuple):
    """What a document shows in a cell; `value` is NaN where it has no figure, `printed` empty where only the figure is known."""

    value: float
    status: int
    printed: str = ""

    def text(self, language: Language) -> str:
        """Return what stands there; where the same is read in two units, also what it means."""
        figure = "" if np.isnan(self.value) else number(self.value)
        printed = self.printed.strip() or (figure if self.status == REPORTED else "")
        text = quoted(printed, language) if printed else no_figure(self.status, language)
        return text if figure in {"", printed} else phrase("remark", language, text=text, remark=figure)


_NOT_SHOWN = _Shown(np.nan, ABSENT)
_Shows = Mapping[CellKey, _Shown]


@dataclass(frozen=True, eq=False)
class FormatComparison:
    """One report as it was read from several documents.

    Attributes
    ----------
    documents : pandas.DataFrame
        The documents, numbered from 1 as they were given: columns ``number format source sha256``.
    cells : pandas.DataFrame
        One row a cell that at least one document has, in the order of the form. Columns ``agency year form table line column
        agreement``, and for each document ``value printed status place`` with its number: ``value_1 … place_1 value_2 …``, all
        missing where the document does not show the cell. `agreement` is ``equal``, ``different``, ``only_some`` (what was
        read agrees, but one document does not show the cell or it is unreadable there), or ``none`` (nowhere readable).
    findings : pandas.DataFrame
        What became of rule XF, with the columns of `govstats.reconcile`: a row for each cell that differs, else one for each
        table. `expected` is the figure in the first document, `reported` the first that differs from it.
    """

    documents: pd.DataFrame
    cells: pd.DataFrame
    findings: pd.DataFrame


def compare_formats(first: Report, second: Report, *more: Report) -> FormatComparison:
    """Compare the cells of one report as they were read from documents in several formats.

    Parameters
    ----------
    first, second, *more : Report
        The same report, read from different documents.

    Returns
    -------
    FormatComparison
        Its `cells` say where the documents agree, its `findings` what became of rule XF. A figure that only one document shows
        was not compared: the rule is then ``not_assessable``, never ``pass``. A blank and a zero differ, and so do a blank
        and a ``/``; ``1,024`` and ``1024`` do not.

    Raises
    ------
    DifferentReports
        The reports are not known to be of one agency, one year and one form.

    Examples
    --------
    >>> from govstats.report import ReadCell, Report
    >>> def read(format, printed):
    ...     cell = ReadCell("review", "reconsideration", "upheld", float(printed), printed, "reported", "件", None, "", "grid")
    ...     return Report("某区", 2023, "2021", None, f"report.{format}", format, "", read_cells=[cell])
    >>> found = compare_formats(read("html", "10"), read("word", "19"))
    >>> found.cells.agreement.item(), found.findings.query("status == 'fail'").message_zh.item()
    ('different', '“行政复议·结果维持”在各文件中不同：html 作“10”，word 作“19”。')
    """
    reports = (first, second, *more)
    _check_identity(reports)
    names = _names(reports)
    read = [{cell.key: cell for cell in report.read_cells} for report in reports]
    shown = [
        {
            key: _Shown(np.nan if cell.value is None else cell.value, STATUS[cell.status], cell.printed)
            for key, cell in cells.items()
        }
        for cells in read
    ]
    agreement: dict[CellKey, str] = {}
    findings = Findings()
    for table in first.statutory_form.tables:
        beside = _Beside(table, list(zip(names, shown, strict=True)))
        agreement |= dict(zip(beside.keys, beside.agreement.tolist(), strict=True))
        _compare(0, "XF", beside, findings)
    identity = pd.DataFrame({"agency": pd.array([first.agency], dtype="str"), "year": pd.array([first.year], dtype="Int64")})
    about = [(at, one.format, one.source, one.sha256) for at, one in enumerate(reports, start=1)]
    numbered = typed_frame(about, column_types("number:Int64 format source sha256"))
    rows = [(first.agency, first.year, first.form, *key, agreed) for key, agreed in agreement.items()]
    cells = typed_frame(rows, column_types("agency year:Int64 form table line column agreement"))
    for number_of, own in enumerate(read, start=1):
        for name, dtype in _COMPARED.items():
            values = [getattr(own.get(key), name, None) for key in agreement]
            cells[f"{name}_{number_of}"] = pd.array(values, dtype=dtype)
    return FormatComparison(numbered, cells, findings.frame(identity))


def _check_identity(reports: Sequence[Report]) -> None:
    for name in ("agency", "year", "form"):
        found = [getattr(report, name) for report in reports]
        if None in found or len(set(found)) > 1:
            said = "; ".join(f"{report.source}: {getattr(report, name)}" for report in reports)
            raise DifferentReports.worded("different_reports", name=name, said=said)


def _names(reports: Sequence[Report]) -> list[str]:
    """Name each document by its format, with its number where two have one format."""
    formats = [report.format for report in reports]
    return [name if formats.count(name) == 1 else f"{name} {position}" for position, name in enumerate(formats, start=1)]


class _Beside:
    """A table as several documents show it; the one whose cells count may have no name.

    Attributes
    ----------
    keys : list of (table, line, column)
        Every cell that a document shows, in the order of the form; lines that agencies added come last.
    decided, differs : array, shape (cells, documents)
        Whether a document shows the cell and it can be read, and whether it is not what the first of these has.
    agreement : array, shape (cells,)
        As in `FormatComparison.cells`.
    """

    def __init__(self, table: Table, documents: Sequence[tuple[str, _Shows]]) -> None:
        self.table = table
        self.names, shows = zip(*documents, strict=True)
        order = [(table.id, line.id, column) for line in table.lines for column in table.columns_of[line.id]]
        place = {key: at for at, key in enumerate(order)}
        found = dict.fromkeys(key for cells in shows for key in cells if key[0] == table.id)
        self.keys = sorted(found, key=lambda key: place.get(key, len(place)))
        shape = (len(self.keys), len(documents))
        self.shown = [[cells.get(key, _NOT_SHOWN) for cells in shows] for key in self.keys]
        self.value = np.array([[one.value for one in row] for row in self.shown], dtype=float).reshape(shape)
        status = np.array([[one.status for one in row] for row in self.shown], dtype=np.int8).reshape(shape)
        self.decided = (status != ABSENT) & (status != UNREADABLE)
        self.first = self.decided.argmax(axis=1)[:, None]
        value, of_first = self.value, np.take_along_axis(self.value, self.first, axis=1)
        nowhere = np.isnan(value) & np.isnan(of_first) & (status == np.take_along_axis(status, self.first, axis=1))
        self.differs = self.decided & ~nowhere & ~(np.abs(value - of_first) <= ONE_FEN)
        self.agreement = np.select(
            [self.differs.any(axis=1), ~self.decided.any(axis=1), self.decided.all(axis=1)],
            ["different", "none", "equal"],
            "only_some",
        )

    def said(self, at: int, language: Language) -> str:
        """Say what stands in a cell in each document that shows it."""
        said = [
            phrase("document_has" if name else "chosen_has", language, document=name, text=shown.text(language))
            for name, shown in zip(self.names, self.shown[at], strict=True)
            if shown is not _NOT_SHOWN
        ]
        return phrase("clause", language).join(said)

    def unread(self, language: Language) -> str:
        """Name for each document the cells that cannot be read in it."""
        said = []
        for name, decided in zip(self.names, self.decided.T, strict=True):
            lacking = [self.keys[at] for at in np.flatnonzero(~decided).tolist()]
            if lacking:
                labels = listed((cell_label(self.table, key, language) for key in lacking), language, limit=3)
                cells = phrase("whole_table", language) if not decided.any() else labels
                said.append(phrase("cells_of", language, document=name or phrase("chosen_document", language), cells=cells))
        return phrase("semicolon", language).join(said)


def _compare(report: int, rule: str, beside: _Beside, findings: Findings, *, source: str = "") -> None:
    """Add a finding for each cell that differs, and one for the table where cells could not be compared or all agree."""
    note = partial(findings.note, report, rule, table=beside.table, source=source)
    for at in np.flatnonzero(beside.differs.any(axis=1)).tolist():
        first, other = int(beside.first[at, 0]), int(beside.differs[at].argmax())
        note(
            "fail",
            cells=[beside.keys[at]],
            expected=float(beside.value[at, first]),
            reported=float(beside.value[at, other]),
            subject=named(beside.table, beside.keys[at]),
            left=beside.shown[at][0].text,
            right=beside.shown[at][-1].text,
            missing=partial(beside.said, at),
        )
    unread = [beside.keys[at] for at in np.flatnonzero(np.isin(beside.agreement, ["only_some", "none"])).tolist()]
    if unread or not beside.keys:
        message = "not_assessable" if beside.keys else "no_table"
        note("not_assessable", message=message, cells=unread, missing=beside.unread)
    elif not beside.differs.any():
        note("pass")


# --- vintages: XV, XF ---------------------------------------------------------------------------------------------------------


def _shown(report: Located) -> dict[CellKey, _Shown]:
    """Return what a report shows."""
    values, states = (array[:, report.at].tolist() for array in (report.matrix.value, report.matrix.status))
    shown = zip(report.matrix.cells, values, states, strict=True)
    return {key: _Shown(value, state) for key, value, state in shown if state != ABSENT}


def check_vintages(
    reports: pd.DataFrame,
    found: Sequence[ReportMatrix],
    findings: Findings,
    vintages: pd.DataFrame,
    described: pd.DataFrame | None = None,
) -> None:
    """Hold other documents of a report against the one whose cells count.

    Parameters
    ----------
    reports : DataFrame
        Agency and year of each report number.
    found : sequence of ReportMatrix
    findings : Findings
    vintages : DataFrame
        The cells of the other documents, with ``vintage`` and ``source`` beside the columns of `Report.cells`. A document of
        another vintage is republished (XV), one of the same vintage is another format (XF).
    described : DataFrame, optional
        ``agency year vintage source``, and ``chosen`` where several documents of a report are listed: of what vintage the cells
        are; the first, if left out.
    """
    needed = ("agency", "year", "form", "table", "line", "column", "value", "status", "vintage", "source")
    require_columns(vintages, needed, "vintages", "Panel.vintages")
    if vintages.empty:
        return
    places = located(reports, found)
    chosen = _chosen(described)
    named = [vintages[name] for name in ("agency", "year", "form", "vintage", "source")]
    which, first = combinations(named)
    documents = list(zip(*(plain_values(values.iloc[first]) for values in named), strict=True))
    # every document becomes a report of its own, with the number that it has among the documents
    _, others = matrices(vintages.assign(agency=pd.Categorical.from_codes(which, pd.Index(range(len(first))).astype("str"))))
    for matrix in others:
        for at, report in enumerate(matrix.reports.tolist()):
            agency, year, _, number_of, name = documents[report]
            place = places.get((agency, year))
            if place is None or None in (agency, year):
                continue
            vintage, source = chosen.get((agency, year), (1, ""))
            rule = "XF" if number_of == vintage else "XV"
            if place.matrix.form is not matrix.form:
                form = matrix.form.version
                findings.note(place.number, rule, "not_assessable", message="other_form", source=str(name), missing=form)
                continue
            two = [(source, _shown(place)), (str(name), _shown(Located(matrix, at, report)))]
            in_order = two[::-1] if number_of < vintage else two
            for table in matrix.form.tables:
                _compare(place.number, rule, _Beside(table, in_order), findings, source=str(name))


def _chosen(described: pd.DataFrame | None) -> Mapping[_ReportKey, tuple[int, str]]:
    """Return of what vintage and source the cells of each report are."""
    if described is None or "vintage" not in described.columns:
        return {}
    rows = described[described["year"].notna() & described["vintage"].notna()]
    if "chosen" in rows.columns:
        rows = rows[rows["chosen"].astype("boolean").fillna(False)]
    sources = rows["source"].fillna("") if "source" in rows.columns else [""] * len(rows)
    return {
        (agency, int(year)): (int(vintage), str(source))
        for agency, year, vintage, source in zip(rows["agency"], rows["year"], rows["vintage"], sources, strict=True)
    }


# --- summaries: XH ----------------------------------------------------------------------------------------------------------


def check_summaries(reports: pd.DataFrame, found: Sequence[ReportMatrix], findings: Findings, described: pd.DataFrame) -> None:
    """Hold reports that say they are a summary against the sum over the agencies below.

    Parameters
    ----------
    reports : DataFrame
        Agency and year of each report number.
    found : sequence of ReportMatrix
    findings : Findings
    described : DataFrame
        ``agency year parent summary``: to whom an agency belongs, and whether a report says that it sums up those below. Without
        the last two there are no findings. An agency that belongs to another in any year is expected in every year.
    """
    if not {"parent", "summary"} <= set(described.columns):
        return
    require_columns(described, ("agency", "year"), "reports", "Panel.reports")
    summaries = described[described["summary"].astype("boolean").fillna(False) & described["year"].notna()]
    if summaries.empty:
        return
    belonging = described[described["parent"].notna() & (described["parent"] != described["agency"])]
    below = belonging.groupby("parent", sort=False, observed=True)["agency"].unique()
    places = located(reports, found)
    for agency, year in dict.fromkeys(zip(summaries["agency"], summaries["year"].astype(int), strict=True)):
        place = places.get((agency, year))
        if place is None or agency not in below.index:
            continue
        children = {str(child): places[child, year] for child in below[agency] if (child, year) in places}
        absent = [str(child) for child in below[agency] if (child, year) not in places]
        if absent:
            findings.note(place.number, "XH", "not_assessable", message="absent", missing=partial(listed, absent))
            continue
        for table in place.matrix.form.tables:
            _check_summary(place, children, table, findings)


def _check_summary(summary: Located, children: Mapping[str, Located], table: Table, findings: Findings) -> None:
    patterns = known_rule("XH").settings["cells"]
    read = [_shown(place) for place in (summary, *children.values())]
    note = partial(findings.note, summary.number, "XH", table=table)
    count = str(len(children))
    outcomes = set()
    for key in summary.matrix.cells[summary.matrix.rows_of[table.id]]:
        shown = [cells.get(key, _NOT_SHOWN) for cells in read]
        if not any(fnmatchcase("/".join(key), pattern) for pattern in patterns) or all(one is _NOT_SHOWN for one in shown):
            continue
        reported, *parts = (one.value for one in shown)
        expected = sum(parts)
        about = partial(note, cells=[key], subject=named(table, key))
        outcome = "not_assessable" if np.isnan(reported - expected) else "pass"
        if outcome == "not_assessable":
            about(outcome, missing=partial(_without_figure, list(children), [one.status for one in shown]))
        elif abs(reported - expected) > ONE_FEN:
            outcome = "fail"
            about(outcome, expected=expected, reported=reported, missing=count)
        outcomes.add(outcome)
    if outcomes == {"pass"}:
        note("pass", missing=count)


def _without_figure(children: Sequence[str], status: Sequence[int], language: Language) -> str:
    """Name the reports that have no figure."""
    return without_figure(zip([phrase("summary", language), *children], status, strict=True), language)
