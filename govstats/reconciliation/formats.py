"""Rule XF: the same report in two formats gives the same cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from govstats.errors import DifferentReports
from govstats.forms import CellKey, Form, Language, Table
from govstats.reconciliation.findings import Findings
from govstats.reconciliation.matrix import BLANK
from govstats.reconciliation.wording import NO_FIGURE, Fields, cell_label, cell_list, in_both, listed, number, quoted
from govstats.report import ReadCell, Report

_SEPARATOR: dict[Language, str] = {"zh": "，", "en": ", "}
#: In 万元: one fen. Counts are exact.
_ONE_FEN = 1e-6
#: A table of the form has at most 175 cells and a finding for every line of each.
_POSITIONS = 10_000
#: What each format says of a cell, as columns of the comparison.
_COMPARED: Mapping[str, Any] = {"value": "Float64", "printed": "str", "status": "str", "place": "str"}


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
    cells = [{(cell.table, cell.line, cell.column): cell for cell in report.read_cells} for report in reports]
    form = first.statutory_form
    keys = _ordered(form, cells)
    agreement = {key: _agreement([read.get(key) for read in cells]) for key in keys}
    findings = Findings()
    for place, table in enumerate(form.tables):
        mine = {key: agreement[key] for key in keys if key[0] == table.id}
        _Comparison(table, names, cells, mine).find(_POSITIONS * place, findings)
    identity = pd.DataFrame({"agency": pd.array([first.agency], dtype="str"), "year": pd.array([first.year], dtype="Int64")})
    return FormatComparison(_documents(reports), _frame(first, cells, agreement), findings.frame(identity))


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


def _ordered(form: Form, cells: Sequence[Mapping[CellKey, ReadCell]]) -> list[CellKey]:
    """Return every cell that was read, in the order of the form; lines that agencies added come as they are printed."""
    found = dict.fromkeys(key for read in cells for key in read)
    places: dict[CellKey, int] = {}
    for table in form.tables:
        for line in table.lines:
            for column in table.columns_of[line.id]:
                places[table.id, line.id, column] = len(places)
    return sorted(found, key=lambda key: places.get(key, len(places)))


def _agreement(read: Sequence[ReadCell | None]) -> str:
    decided = [cell for cell in read if cell is not None and cell.status != "unreadable"]
    if any(not _equal(decided[0], cell) for cell in decided[1:]):
        return "different"
    if not decided:
        return "none"
    return "equal" if len(decided) == len(read) else "only_some"


def _equal(one: ReadCell, other: ReadCell) -> bool:
    if one.value is None or other.value is None:
        return one.value is other.value and one.status == other.status
    return abs(one.value - other.value) <= (_ONE_FEN if "元" in one.unit else 0)


def _documents(reports: Sequence[Report]) -> pd.DataFrame:
    columns = {
        name: pd.array([getattr(report, name) for report in reports], dtype="str") for name in ("format", "source", "sha256")
    }
    return pd.DataFrame({"number": pd.array(range(1, len(reports) + 1), dtype="Int64"), **columns})


def _frame(report: Report, cells: Sequence[Mapping[CellKey, ReadCell]], agreement: Mapping[CellKey, str]) -> pd.DataFrame:
    size = len(agreement)
    columns: dict[str, Any] = {
        "agency": pd.array([report.agency] * size, dtype="str"),
        "year": pd.array([report.year] * size, dtype="Int64"),
        "form": pd.array([report.form] * size, dtype="str"),
    }
    for part, name in enumerate(("table", "line", "column")):
        columns[name] = pd.array([key[part] for key in agreement], dtype="str")
    columns["agreement"] = pd.array(list(agreement.values()), dtype="str")
    for number_of, read in enumerate(cells, start=1):
        for name, dtype in _COMPARED.items():
            values = [getattr(read[key], name) if key in read else None for key in agreement]
            columns[f"{name}_{number_of}"] = pd.array(values, dtype=dtype)
    return pd.DataFrame(columns)


@dataclass(frozen=True, eq=False)
class _Comparison:
    """A table in all documents."""

    table: Table
    names: Sequence[str]
    cells: Sequence[Mapping[CellKey, ReadCell]]
    agreement: Mapping[CellKey, str]

    def find(self, position: int, findings: Findings) -> None:
        """Add a finding for each cell that differs, and one for the table where cells could not be compared or all agree."""
        states = set(self.agreement.values())
        for place, (key, state) in enumerate(self.agreement.items()):
            if state == "different":
                wording = findings.wording("XF", "fail", self._difference(key), table=self.table.id, cells=cell_list([key]))
                findings.add(0, position + place, wording, *self._sides(key))
        titled = in_both(lambda language: {"table": self.table.title(language), "missing": self._unread(language)})
        if not states:
            message, status, cells = "no_table", "not_assessable", ""
        elif states & {"only_some", "none"}:
            message, status = "not_assessable", "not_assessable"
            cells = cell_list(key for key, state in self.agreement.items() if state in {"only_some", "none"})
        elif states == {"equal"}:
            message, status, cells = "pass", "pass", ""
        else:
            return
        wording = findings.wording("XF", status, titled, message=message, table=self.table.id, cells=cells)
        findings.add(0, position + len(self.agreement), wording)

    def _difference(self, key: CellKey) -> Fields:
        return in_both(
            lambda language: {
                "subject": quoted(cell_label(self.table, key, language), language),
                "missing": self._said(key, language),
            }
        )

    def _sides(self, key: CellKey) -> tuple[float, float]:
        """Return the figure of the first document, and the first that differs from it; NaN where there is none."""
        read = [cell for cell in (cells.get(key) for cells in self.cells) if cell is not None and cell.status != "unreadable"]
        other = next(cell for cell in read if not _equal(read[0], cell))
        first, second = (float("nan") if cell.value is None else cell.value for cell in (read[0], other))
        return first, second

    def _said(self, key: CellKey, language: Language) -> str:
        """Say what stands in a cell in each document that shows it."""
        said = []
        for name, cells in zip(self.names, self.cells, strict=True):
            if key in cells:
                shown = _shown(cells[key], language)
                said.append(f"{name} 作{shown}" if language == "zh" else f"{name} has {shown}")
        return _SEPARATOR[language].join(said)

    def _unread(self, language: Language) -> str:
        """Name for each document the cells that cannot be read in it."""
        said = []
        for name, cells in zip(self.names, self.cells, strict=True):
            lacking = [key for key in self.agreement if key not in cells or cells[key].status == "unreadable"]
            if lacking and len(lacking) == len(self.agreement):
                said.append(f"{name} 全表" if language == "zh" else f"{name}: the whole table")
            elif lacking:
                labels = listed((cell_label(self.table, key, language) for key in lacking), language, limit=3)
                said.append(f"{name} {labels}" if language == "zh" else f"{name}: {labels}")
        return ("；" if language == "zh" else "; ").join(said)


def _shown(cell: ReadCell, language: Language) -> str:
    """Return what is printed; where the same is read in two units, also what it means."""
    text = quoted(cell.printed, language) if cell.printed.strip() else NO_FIGURE[language][BLANK]
    if cell.value is None or cell.printed.strip() == number(cell.value):
        return text
    return f"{text}（{number(cell.value)}）" if language == "zh" else f"{text} ({number(cell.value)})"
