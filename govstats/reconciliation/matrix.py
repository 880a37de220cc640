"""What the rules are applied to: reports with all that is known of them, and their cells as arrays, form by form."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from itertools import compress
from typing import Any, NamedTuple, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from govstats.errors import UnusableCells, require_columns
from govstats.forms import CellKey, Form, form, versions
from govstats.reconciliation.solver import Floats, Integers
from govstats.report import CELL_TYPES, Report

#: Statuses of cells, of which a later one outweighs an earlier one in a sum; ``words.toml`` has the words in this order.
STATUSES = ("reported", "not_applicable", "blank", "unreadable", "absent")
#: What `ReportMatrix.status` holds.
REPORTED, NOT_APPLICABLE, BLANK, UNREADABLE, ABSENT = range(5)
#: The number of each status that a frame of cells gives.
STATUS: dict[object, int] = {status: number for number, status in enumerate(STATUSES[:ABSENT])}
#: What tells reports apart.
IDENTITY = ("agency", "year", "form")
_KEY = ("table", "line", "column")


class ManyReports(Protocol):
    """What a panel has: `cells`, and what else `Reports` may know."""

    @property
    def cells(self) -> pd.DataFrame:
        """The cells, with the columns of `Report.cells`."""


Source = Report | pd.DataFrame | ManyReports


@dataclass(frozen=True, eq=False)
class Reports:
    """Reports with all that is known of them.

    Attributes
    ----------
    cells : DataFrame
        With the columns of `Report.cells`.
    claims : DataFrame, optional
        What the prose claims, with the columns of `Report.claims`, and ``report_year``: in the report of which year.
    texts : DataFrame, optional
        The prose as numbers: ``agency year sketch``.
    vintages : DataFrame, optional
        The cells of further documents of the same reports, with ``vintage source``.
    reports : DataFrame, optional
        The documents: ``agency year``, and what else is known of them.
    notes : DataFrame, optional
        What could not be read, with the columns of `Report.notes`.
    document_findings : DataFrame, optional
        What became of the rules that only the document itself can tell, with the columns of the findings.
    report : Report, optional
        Where it is one alone; its claims are left for whom they concern.
    """

    cells: pd.DataFrame
    claims: pd.DataFrame | None = None
    texts: pd.DataFrame | None = None
    vintages: pd.DataFrame | None = None
    reports: pd.DataFrame | None = None
    notes: pd.DataFrame | None = None
    document_findings: pd.DataFrame | None = None
    report: Report | None = None

    @property
    def without_cells(self) -> pd.DataFrame | None:
        """Agency, year and form of reports that have no cells to tell them: their tables are lost."""
        described = self.reports
        if self.report is not None and self.cells.empty:
            identity = {name: pd.Series([getattr(self.report, name)], dtype=CELL_TYPES[name]) for name in IDENTITY}
            return pd.DataFrame(identity)
        if described is not None and {*IDENTITY, "cells"} <= set(described.columns) and (described["cells"] == 0).any():
            return described.loc[described["cells"] == 0, list(IDENTITY)]
        return None


def known_of(source: Source) -> Reports:
    """Return what is known of reports, whatever they come as."""
    if isinstance(source, Reports):
        return source
    if isinstance(source, Report):
        return Reports(source.cells, notes=source.notes, report=source)
    if isinstance(source, pd.DataFrame):
        return Reports(source)
    if not hasattr(source, "document_findings"):
        raise UnusableCells.worded("no_reports", given=source, kind=type(source).__name__)
    return Reports(**{one.name: getattr(source, one.name) for one in fields(Reports) if one.name != "report"})


class Layout(NamedTuple):
    """What a report prints where the form leaves a choice; reports with one layout are bound by the same edits.

    Attributes
    ----------
    printed : frozenset of (table, line)
        Optional lines, and the parts of a subtotal, as `Form.edits` takes them.
    alone : frozenset of (table, line)
        Subtotals that stand for their parts.
    unused_columns : frozenset of (table, column)
        Columns of an open table that the report does not have.
    own_lines : frozenset of str
        Open tables to which the agency added lines of its own.
    """

    printed: frozenset[tuple[str, str]]
    alone: frozenset[tuple[str, str]]
    unused_columns: frozenset[tuple[str, str]]
    own_lines: frozenset[str]


@dataclass(frozen=True, eq=False)
class ReportMatrix:
    """The figures of all reports on one form.

    Attributes
    ----------
    form : Form
    reports : array, shape (reports,)
        Their numbers in the frame of reports.
    cells : tuple of (table, line, column)
        Every cell of the form, subtotals and the agencies' own lines included.
    value : array, shape (cells, reports)
        The figures; NaN where there is none.
    status : array, shape (cells, reports)
        ``REPORTED``, ``NOT_APPLICABLE``, ``BLANK``, ``UNREADABLE`` or ``ABSENT``. A cell given twice with different figures is
        unreadable.
    rows : DataFrame
        The rows of the cells frame, with `cell_of_row` and `report_of_row` saying where they went (-1: not in the form).
    repeated : array, shape (cells, reports)
        Whether the frame has the cell more than once.
    """

    form: Form
    reports: Integers
    cells: tuple[CellKey, ...]
    value: Floats
    status: NDArray[np.int8]
    rows: pd.DataFrame
    cell_of_row: Integers
    report_of_row: Integers
    repeated: NDArray[np.bool_]

    @cached_property
    def index(self) -> Mapping[CellKey, int]:
        """The row of each cell."""
        return {cell: row for row, cell in enumerate(self.cells)}

    @cached_property
    def printed(self) -> NDArray[np.bool_]:
        """Whether the document has the cell, with or without a figure in it."""
        return np.asarray(self.status != ABSENT)

    @cached_property
    def blank(self) -> NDArray[np.bool_]:
        """Whether a cell is empty or not applicable."""
        return np.asarray((self.status == BLANK) | (self.status == NOT_APPLICABLE))

    @cached_property
    def corrected(self) -> set[tuple[int, int]]:
        """The cells whose figure is one of a correction, each with the position of the report."""
        method = self.rows["method"] if "method" in self.rows.columns else pd.Series(index=self.rows.index, dtype="str")
        mine = (method == "corrected").to_numpy(dtype=np.bool_, na_value=False) & (self.cell_of_row >= 0)
        return set(zip(self.cell_of_row[mine].tolist(), self.report_of_row[mine].tolist(), strict=True))

    @cached_property
    def own_lines(self) -> frozenset[tuple[str, str]]:
        """The lines of open tables, each with its table."""
        is_open = {table.id for table in self.form.tables if table.open}
        return frozenset((table, line) for table, line, _ in self.cells if table in is_open)

    @cached_property
    def rows_of(self) -> Mapping[str, slice]:
        """The rows of each table, which stand together."""
        names = [table for table, _, _ in self.cells]
        starts = {table.id: names.index(table.id) for table in self.form.tables}
        return {table: slice(start, start + names.count(table)) for table, start in starts.items()}

    @cached_property
    def has_table(self) -> Mapping[str, NDArray[np.bool_]]:
        """For each table whether any cell of it was found, a flag a report."""
        return {table: np.asarray(self.printed[rows].any(axis=0)) for table, rows in self.rows_of.items()}

    def rows_at(self, cells: Iterable[CellKey]) -> Integers:
        """Return the rows of cells."""
        return np.array([self.index[cell] for cell in cells], dtype=np.intp)

    @cached_property
    def layouts(self) -> Sequence[tuple[Integers, Layout]]:
        """The positions of the reports that share a layout, with that layout."""
        headings = {(table.id, line.id) for table in self.form.tables for line in table.lines if line.subtotal}
        in_heading = np.array([cell[:2] in headings for cell in self.cells])
        filled = np.isin(self.status, (REPORTED, UNREADABLE)) & in_heading[:, None]
        known: dict[bytes, Layout] = {}
        members = defaultdict[Layout, list[int]](list)
        for at, shown in enumerate(np.hstack([self.printed.T, filled.T])):
            if shown.tobytes() not in known:
                known[shown.tobytes()] = self._layout(*(list(compress(self.cells, half)) for half in np.split(shown, 2)))
            members[known[shown.tobytes()]].append(at)
        return [(np.array(mine), layout) for layout, mine in members.items()]

    def _layout(self, printed: Sequence[CellKey], filled: Sequence[CellKey]) -> Layout:
        shown, alone, unused, own = set[tuple[str, str]](), set[tuple[str, str]](), set[tuple[str, str]](), set[str]()
        for table in self.form.tables:
            lines = {line for name, line, _ in printed if name == table.id}
            if table.open:
                shown |= {(table.id, line) for line in lines}
                own |= {table.id} if lines - set(table.line) else set()
                unused |= {(table.id, column) for column in table.column} - {(name, column) for name, _, column in printed}
            alone |= {(table.id, line) for line in table.alone(lines)}
            # a group heading whose cells are empty is a heading, not a subtotal
            subtotals = {line for name, line, _ in filled if name == table.id} - table.alone(lines)
            shown |= {(table.id, line) for heading in subtotals for line in (heading, *table.parts(heading))}
        return Layout(frozenset(shown | alone), frozenset(alone), frozenset(unused), frozenset(own))


class Located(NamedTuple):
    """Where a report is: its matrix, its position there and its number among all reports."""

    matrix: ReportMatrix
    at: int
    number: int


class ByForm(NamedTuple):
    """Reports sorted by form.

    Attributes
    ----------
    reports : DataFrame
        Columns ``agency year form known``, a row a report in the order of the frame; `known` tells whether there is such a form.
    matrices : list of ReportMatrix
        One for each form, oldest first.
    """

    reports: pd.DataFrame
    matrices: list[ReportMatrix]

    def located(self) -> dict[tuple[Any, Any], Located]:
        """Return where the first report of each agency and year is."""
        keys = list(keys_of(self.reports, ("agency", "year")))
        places: dict[tuple[Any, Any], Located] = {}
        for matrix in self.matrices:
            for at, number in enumerate(matrix.reports.tolist()):
                places.setdefault(keys[number], Located(matrix, at, number))
        return places


def matrices(cells: pd.DataFrame, identity: pd.DataFrame | None = None) -> ByForm:
    """Sort a cells frame by form.

    Parameters
    ----------
    cells : DataFrame
        The columns of the contract; any number of reports.
    identity : DataFrame, optional
        Columns ``agency year form`` of reports that have no cells in the frame.

    Returns
    -------
    ByForm

    Raises
    ------
    UnusableCells
        The frame lacks a column.
    """
    require_columns(cells, (*IDENTITY, *_KEY, "value", "status"), "cells", "Report.cells")
    keys = cells[list(IDENTITY)]
    if identity is not None:
        keys = pd.concat([keys, identity], ignore_index=True) if len(cells) else identity
    report_of_row = keys.groupby(list(IDENTITY), sort=False, dropna=False, observed=True).ngroup().to_numpy()[: len(cells)]
    reports = keys.drop_duplicates(ignore_index=True).apply(_plain)
    version = np.array([name if name in versions() else "" for name in plain_values(reports["form"])])
    found = []
    for name in sorted(set(version.tolist()) - {""}):
        members = np.flatnonzero(version == name)
        position = np.full(len(version), -1, dtype=np.intp)
        position[members] = np.arange(len(members))
        rows = slice(None) if len(members) == len(version) else position[report_of_row] >= 0
        found.append(_matrix(form(name), members, cells[rows], position[report_of_row[rows]]))
    return ByForm(reports.assign(known=version != ""), found)


def _plain(column: pd.Series) -> pd.Series:
    """Return a column as it would be if it were not categorical."""
    return column.astype(column.cat.categories.dtype) if isinstance(column.dtype, pd.CategoricalDtype) else column


def plain_values(values: pd.Series, missing: Any = None) -> list[Any]:
    """Return the values of a column as objects of Python, with one for what is missing.

    >>> plain_values(pd.Series(["甲", None], dtype="category"), missing="")
    ['甲', '']
    """
    return values.to_numpy(dtype=object, na_value=missing).tolist()


def keys_of(frame: pd.DataFrame, names: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    """Yield what some columns of each row say; None for what is missing."""
    return zip(*(plain_values(frame[name]) for name in names), strict=True)


def report_numbers(reports: pd.DataFrame, frame: pd.DataFrame) -> tuple[Integers, Integers]:
    """Return the report numbers of the rows of a frame by agency and year, and which rows have one.

    >>> reports = pd.DataFrame({"agency": ["甲局", "乙局"], "year": [2023, 2023]})
    >>> report_numbers(reports, pd.DataFrame({"agency": ["乙局", "丙局", "甲局"], "year": 2023}))
    (array([1, 0]), array([0, 2]))
    """
    known = {key: number for number, key in enumerate(keys_of(reports, ("agency", "year")))}
    numbers = np.array([known.get(key, -1) for key in keys_of(frame, ("agency", "year"))], dtype=np.intp)
    rows = np.flatnonzero(numbers >= 0)
    return numbers[rows], rows


def _matrix(statutory: Form, reports: Integers, rows: pd.DataFrame, report_of_row: Integers) -> ReportMatrix:
    keys = list(keys_of(rows, _KEY))
    cells: list[CellKey] = []
    for table in statutory.tables:
        cells += table.every_cell
        if table.open:
            own = (line for name, line, _ in keys if name == table.id and line not in {*table.line, None})
            cells += [(table.id, line, column) for line in dict.fromkeys(own) for column in table.column]
    row_of = {cell: row for row, cell in enumerate(cells)}
    cell_of_row = np.array([row_of.get(key, -1) for key in keys], dtype=np.intp)

    figures = rows["value"].to_numpy(dtype=float, na_value=np.nan)
    state = np.array([STATUS.get(status, UNREADABLE) for status in plain_values(rows["status"])], dtype=np.int8)
    state[(state == REPORTED) & ~np.isfinite(figures)] = UNREADABLE
    figures = np.where(state == REPORTED, figures, np.nan)
    inside = cell_of_row >= 0
    place, figures, state = (cell_of_row[inside], report_of_row[inside]), figures[inside], state[inside]
    shape = (len(cells), len(reports))
    value, status, count = np.full(shape, np.nan), np.full(shape, ABSENT, dtype=np.int8), np.zeros(shape, dtype=np.intp)
    value[place], status[place] = figures, state
    np.add.at(count, place, 1)
    contradicted = (status[place] != state) | ((value[place] != figures) & (state == REPORTED))
    twice = (place[0][contradicted], place[1][contradicted])
    value[twice], status[twice] = np.nan, UNREADABLE
    return ReportMatrix(statutory, reports, tuple(cells), value, status, rows, cell_of_row, report_of_row, count > 1)
