"""The rules on documents beside one another: formats and vintages of one report (XF, XV), and what a report sums up (XH)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from govstats.errors import DifferentReports, require_columns
from govstats.forms import ONE_FEN, CellKey, Language, Table
from govstats.reconciliation.findings import Findings, known_rule
from govstats.reconciliation.matrix import (
    ABSENT,
    REPORTED,
    STATUS,
    UNREADABLE,
    ReportMatrix,
    combinations,
    matrices,
    plain_values,
)
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
from govstats.report import Report, typed_frame

#: What each format says of a cell, as columns of the comparison.
_COMPARED: Mapping[str, Any] = {"value": "Float64", "printed": "str", "status": "str", "place": "str"}
_ReportKey = tuple[object, int]


class _Shown(NamedTuple):
    """What a document shows in a cell; `printed` is empty where only the figure is known."""

    value: float | None
    status: int
    printed: str = ""


class _Document(NamedTuple):
    """A document, with the cells that it shows; the one whose cells count may have no name."""

    name: str
    cells: Mapping[CellKey, _Shown]

    def text(self, key: CellKey, language: Language) -> str:
        """Return what stands in a cell; where the same is read in two units, also what it means."""
        shown = self.cells[key]
        figure = "" if shown.value is None else number(shown.value)
        printed = shown.printed.strip() or ("" if shown.status != REPORTED else figure)
        text = quoted(printed, language) if printed else no_figure(shown.status, language)
        return text if figure in {"", printed} else phrase("remark", language, text=text, remark=figure)

    def decided(self, key: CellKey) -> _Shown | None:
        """Return what stands in a cell, None where the document does not show it or it cannot be read."""
        shown = self.cells.get(key)
        return None if shown is None or shown.status == UNREADABLE else shown


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
    documents = [
        _Document(name, {key: _Shown(cell.value, STATUS[cell.status], cell.printed) for key, cell in cells.items()})
        for name, cells in zip(names, read, strict=True)
    ]
    agreement: dict[CellKey, str] = {}
    findings = Findings()
    for table in first.statutory_form.tables:
        agreement |= _compare(0, "XF", table, documents, findings)
    identity = pd.DataFrame({"agency": pd.array([first.agency], dtype="str"), "year": pd.array([first.year], dtype="Int64")})
    known = {
        name: pd.array([getattr(report, name) for report in reports], dtype="str") for name in ("format", "source", "sha256")
    }
    numbered = pd.DataFrame({"number": pd.array(range(1, len(reports) + 1), dtype="Int64"), **known})
    rows = [(first.agency, first.year, first.form, *key, agreed) for key, agreed in agreement.items()]
    types = dict.fromkeys(("agency", "year", "form", "table", "line", "column", "agreement"), "str") | {"year": "Int64"}
    cells = typed_frame(rows, types)
    for number_of, shown in enumerate(read, start=1):
        for name, dtype in _COMPARED.items():
            values = [getattr(shown[key], name) if key in shown else None for key in agreement]
            cells[f"{name}_{number_of}"] = pd.array(values, dtype=dtype)
    return FormatComparison(numbered, cells, findings.frame(identity))


def _check_identity(reports: Sequence[Report]) -> None:
    for name in ("agency", "year", "form"):
        found = [getattr(report, name) for report in reports]
        if None in found or len(set(found)) > 1:
            said = "; ".join(f"{report.source}: {getattr(report, name)}" for report in reports)
            raise DifferentReports(
                f"the documents are not known to be one report, their {name} differs or is unknown ({said}); expected the same "
                f"report in several formats; if it is one, say so: govstats.read(..., {name}=...)"
                f" 各文件不一定是同一份年报；如确是，请用 govstats.read(..., {name}=...) 说明"
            )


def _names(reports: Sequence[Report]) -> list[str]:
    """Name each document by its format, with its number where two have one format."""
    formats = [report.format for report in reports]
    return [name if formats.count(name) == 1 else f"{name} {position}" for position, name in enumerate(formats, start=1)]


def _compare(
    report: int, rule: str, table: Table, documents: Sequence[_Document], findings: Findings, *, source: str = ""
) -> dict[CellKey, str]:
    """Compare a table in several documents, and return in what way each cell agrees.

    There is a finding for each cell that differs, and one for the table where cells could not be compared or all agree.
    """
    agreement = {key: _agreement([one.decided(key) for one in documents]) for key in _cells(table, documents)}
    for key in (key for key, state in agreement.items() if state == "different"):
        decided = [shown for one in documents if (shown := one.decided(key)) is not None]
        other = next(shown for shown in decided if not _equal(decided[0], shown))
        expected, reported = (np.nan if shown.value is None else shown.value for shown in (decided[0], other))
        findings.note(
            report,
            rule,
            "fail",
            table=table,
            cells=[key],
            expected=expected,
            reported=reported,
            subject=named(table, key),
            left=partial(documents[0].text, key),
            right=partial(documents[-1].text, key),
            source=source,
            missing=partial(_said, documents, key),
        )
    unread = [key for key, state in agreement.items() if state in {"only_some", "none"}]
    if unread or not agreement:
        message = "not_assessable" if agreement else "no_table"
        missing = partial(_unread, table, documents, list(agreement))
        findings.note(report, rule, "not_assessable", message=message, table=table, cells=unread, source=source, missing=missing)
    elif "different" not in agreement.values():
        findings.note(report, rule, "pass", table=table, source=source)
    return agreement


def _cells(table: Table, documents: Sequence[_Document]) -> list[CellKey]:
    """Return every cell of a table that a document shows, in the order of the form; lines that agencies added come last."""
    found = dict.fromkeys(key for one in documents for key in one.cells if key[0] == table.id)
    order = [(table.id, line.id, column) for line in table.lines for column in table.columns_of[line.id]]
    places = {key: place for place, key in enumerate(order)}
    return sorted(found, key=lambda key: places.get(key, len(places)))


def _agreement(shown: Sequence[_Shown | None]) -> str:
    decided = [one for one in shown if one is not None]
    if any(not _equal(decided[0], one) for one in decided[1:]):
        return "different"
    if not decided:
        return "none"
    return "equal" if len(decided) == len(shown) else "only_some"


def _equal(one: _Shown, other: _Shown) -> bool:
    if one.value is None or other.value is None:
        return one.value is other.value and one.status == other.status
    return abs(one.value - other.value) <= ONE_FEN


def _said(documents: Sequence[_Document], key: CellKey, language: Language) -> str:
    """Say what stands in a cell in each document that shows it."""
    said = []
    for one in documents:
        if key in one.cells:
            message = "document_has" if one.name else "chosen_has"
            said.append(phrase(message, language, document=one.name, text=one.text(key, language)))
    return phrase("clause", language).join(said)


def _unread(table: Table, documents: Sequence[_Document], keys: Sequence[CellKey], language: Language) -> str:
    """Name for each document the cells that cannot be read in it."""
    said = []
    for one in documents:
        lacking = [key for key in keys if one.decided(key) is None]
        if lacking:
            labels = listed((cell_label(table, key, language) for key in lacking), language, limit=3)
            cells = phrase("whole_table", language) if len(lacking) == len(keys) else labels
            said.append(phrase("cells_of", language, document=one.name or phrase("chosen_document", language), cells=cells))
    return phrase("semicolon", language).join(said)


# --- vintages: XV, XF ---------------------------------------------------------------------------------------------------------


class _Place(NamedTuple):
    """Where a report is: its matrix, its position there and its number among all reports."""

    matrix: ReportMatrix
    at: int
    number: int

    def cells(self) -> dict[CellKey, _Shown]:
        """Return what the report shows."""
        values, states = (array[:, self.at].tolist() for array in (self.matrix.value, self.matrix.status))
        shown = zip(self.matrix.cells, values, states, strict=True)
        return {key: _Shown(value if state == REPORTED else None, state) for key, value, state in shown if state != ABSENT}


def _places(reports: pd.DataFrame, found: Sequence[ReportMatrix]) -> dict[_ReportKey, _Place]:
    agencies, years = (plain_values(reports[name]) for name in ("agency", "year"))
    places: dict[_ReportKey, _Place] = {}
    for matrix in found:
        for at, report in enumerate(matrix.reports.tolist()):
            if agencies[report] is not None and years[report] is not None:
                places.setdefault((agencies[report], int(years[report])), _Place(matrix, at, report))
    return places


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
    places = _places(reports, found)
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
            if place is None:
                continue
            vintage, source = chosen.get((agency, year), (1, ""))
            rule = "XF" if number_of == vintage else "XV"
            if place.matrix.form is not matrix.form:
                form = matrix.form.version
                findings.note(place.number, rule, "not_assessable", message="other_form", source=str(name), missing=form)
                continue
            two = [
                _Document(source, place.cells()),
                _Document(str(name), _Place(matrix, at, report).cells()),
            ]
            if number_of < vintage:
                two.reverse()
            for table in matrix.form.tables:
                _compare(place.number, rule, table, two, findings, source=str(name))


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
    below: dict[object, dict[object, None]] = defaultdict(dict)
    belonging = described[described["parent"].notna() & (described["parent"] != described["agency"])]
    for parent, agency in zip(belonging["parent"], belonging["agency"], strict=True):
        below[parent][agency] = None
    places = _places(reports, found)
    for agency, year in dict.fromkeys(zip(summaries["agency"], summaries["year"].astype(int), strict=True)):
        place = places.get((agency, year))
        if place is None or agency not in below:
            continue
        children = {str(child): places[child, year] for child in below[agency] if (child, year) in places}
        absent = [str(child) for child in below[agency] if (child, year) not in places]
        if absent:
            findings.note(place.number, "XH", "not_assessable", message="absent", missing=partial(listed, absent))
            continue
        for table in place.matrix.form.tables:
            _check_summary(place, children, table, findings)


def _check_summary(summary: _Place, children: Mapping[str, _Place], table: Table, findings: Findings) -> None:
    patterns = known_rule("XH").settings["cells"]
    read = [summary.cells(), *(child.cells() for child in children.values())]
    count = str(len(children))
    outcomes = set()
    for key in summary.matrix.cells[summary.matrix.rows_of[table.id]]:
        shown = [cells.get(key, _Shown(None, ABSENT)) for cells in read]
        if not any(fnmatchcase("/".join(key), pattern) for pattern in patterns) or all(one.status == ABSENT for one in shown):
            continue
        reported, *parts = (np.nan if one.value is None else one.value for one in shown)
        expected = sum(parts)
        about: dict[str, Any] = {"table": table, "cells": [key], "subject": named(table, key)}
        if np.isnan(reported - expected):
            outcomes.add("not_assessable")
            missing = partial(_without_figure, list(children), [one.status for one in shown])
            findings.note(summary.number, "XH", "not_assessable", missing=missing, **about)
        elif abs(reported - expected) > ONE_FEN:
            outcomes.add("fail")
            findings.note(summary.number, "XH", "fail", expected=expected, reported=reported, missing=count, **about)
        else:
            outcomes.add("pass")
    if outcomes == {"pass"}:
        findings.note(summary.number, "XH", "pass", table=table, missing=count)


def _without_figure(children: Sequence[str], status: Sequence[int], language: Language) -> str:
    """Name the reports that have no figure."""
    return without_figure(zip([phrase("summary", language), *children], status, strict=True), language)
