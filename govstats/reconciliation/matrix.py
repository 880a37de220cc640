"""All reports on one form as arrays: a row a cell of the form, a column a report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from govstats.errors import UnusableCells
from govstats.forms import CellKey, Form, form, versions
from govstats.reconciliation.findings import Floats, Integers

#: What `ReportMatrix.status` holds; `wording.NO_FIGURE` has the words in this order.
ABSENT, REPORTED, BLANK, NOT_APPLICABLE, UNREADABLE = range(5)
_STATUS: dict[object, int] = {"reported": REPORTED, "blank": BLANK, "not_applicable": NOT_APPLICABLE, "unreadable": UNREADABLE}
_NEEDED = ("agency", "year", "form", "table", "line", "column", "value", "status")


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
        ``ABSENT``, ``REPORTED``, ``BLANK``, ``NOT_APPLICABLE`` or ``UNREADABLE``. A cell given twice with different figures is
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
    def rows_of(self) -> Mapping[str, Integers]:
        """The rows of each table."""
        names = np.array([table for table, _, _ in self.cells])
        return {table.id: np.flatnonzero(names == table.id) for table in self.form.tables}

    @cached_property
    def has_table(self) -> Mapping[str, NDArray[np.bool_]]:
        """For each table whether any cell of it was found, a flag a report."""
        return {table: np.asarray(self.printed[rows].any(axis=0)) for table, rows in self.rows_of.items()}

    def layouts(self) -> Iterator[tuple[Integers, Layout]]:
        """Yield the positions of the reports that share a layout, with that layout."""
        choices = self._choices()
        if not choices:
            yield np.arange(len(self.reports)), Layout(frozenset(), frozenset(), frozenset(), frozenset())
            return
        kinds, which = np.unique(np.array(list(choices.values())), axis=1, return_inverse=True)
        for number in range(kinds.shape[1]):
            chosen = {choice for choice, made in zip(choices, kinds[:, number], strict=True) if made}
            yield np.flatnonzero(which.ravel() == number), self._layout(chosen)

    def _choices(self) -> dict[tuple[str, str, str], NDArray[np.bool_]]:
        """For everything the form leaves open, which reports do it."""
        rows_of_line: dict[tuple[str, str], list[int]] = {}
        rows_of_column: dict[tuple[str, str], list[int]] = {}
        for row, (name, line, column) in enumerate(self.cells):
            rows_of_line.setdefault((name, line), []).append(row)
            rows_of_column.setdefault((name, column), []).append(row)
        choices: dict[tuple[str, str, str], NDArray[np.bool_]] = {}
        for table in self.form.tables:
            for heading in table.lines:
                if heading.subtotal:
                    rows = rows_of_line[table.id, heading.id]
                    parts = [row for part in table.parts(heading.id) for row in rows_of_line[table.id, part]]
                    figures = np.isin(self.status[rows], (REPORTED, UNREADABLE))
                    choices["line", table.id, heading.id] = np.asarray(self.printed[rows].any(axis=0))
                    choices["figures", table.id, heading.id] = np.asarray(figures.any(axis=0))
                    choices["parts", table.id, heading.id] = np.asarray(self.printed[parts].any(axis=0))
            if table.open:
                for what, rows_of in (("line", rows_of_line), ("column", rows_of_column)):
                    for (name, part), rows in rows_of.items():
                        if name == table.id:
                            choices[what, name, part] = np.asarray(self.printed[rows].any(axis=0))
        return choices

    def _layout(self, chosen: set[tuple[str, str, str]]) -> Layout:
        printed: set[tuple[str, str]] = set()
        alone: set[tuple[str, str]] = set()
        unused: set[tuple[str, str]] = set()
        own: set[str] = set()
        for table in self.form.tables:
            for line in table.lines:
                if not line.subtotal or ("line", table.id, line.id) not in chosen:
                    continue
                if ("parts", table.id, line.id) not in chosen:
                    alone.add((table.id, line.id))
                # a group heading whose cells are empty is a heading, not a subtotal
                elif ("figures", table.id, line.id) in chosen:
                    printed |= {(table.id, part) for part in table.parts(line.id)}
                else:
                    continue
                printed.add((table.id, line.id))
            if table.open:
                lines = {line for what, name, line in chosen if what == "line" and name == table.id}
                printed |= {(table.id, line) for line in lines}
                own |= {table.id} if lines - set(table.line) else set()
                unused |= {(table.id, column) for column in table.column if ("column", table.id, column) not in chosen}
        return Layout(frozenset(printed), frozenset(alone), frozenset(unused), frozenset(own))


def matrices(cells: pd.DataFrame, identity: pd.DataFrame | None = None) -> tuple[pd.DataFrame, list[ReportMatrix]]:
    """Sort a cells frame by form.

    Parameters
    ----------
    cells : DataFrame
        The columns of the contract; any number of reports.
    identity : DataFrame, optional
        Columns ``agency year form`` of reports that must be there even where they have no cells.

    Returns
    -------
    reports : DataFrame
        Columns ``agency year form known``, a row a report in the order of the frame; `known` tells whether there is such a form.
    matrices : list of ReportMatrix
        One for each form, oldest first.

    Raises
    ------
    UnusableCells
        The frame lacks a column.
    """
    lacking = [name for name in _NEEDED if name not in cells.columns]
    if lacking:
        raise UnusableCells(
            f"the cells frame lacks the column(s) {', '.join(lacking)}; it has {', '.join(map(str, cells.columns))}; "
            "pass Report.cells, or a frame with its columns"
        )
    keys = cells[["agency", "year", "form"]]
    if identity is not None:
        keys = pd.concat([identity, keys], ignore_index=True)
    report_of_key, first = _numbered(keys)
    reports = keys.iloc[first].reset_index(drop=True)
    report_of_row = report_of_key[len(report_of_key) - len(cells) :]
    version = np.array([str(name) if str(name) in versions() else "" for name in reports["form"]])
    reports["known"] = version != ""
    found = []
    for name in sorted(set(version.tolist()) - {""}):
        members = np.flatnonzero(version == name)
        position = np.full(len(reports), -1, dtype=np.intp)
        position[members] = np.arange(len(members))
        rows = position[report_of_row] >= 0
        mine = cells if rows.all() else cells[rows]
        found.append(_matrix(form(name), members, mine, position[report_of_row[rows]]))
    return reports, found


def _codes(values: pd.Series) -> tuple[Integers, list[object]]:
    """Return the number of each row's value, and the distinct values.

    The rows of a report, table or line mostly stand together: only the first of a run is hashed.
    """
    if values.dtype != "str":
        numbers, found = pd.factorize(values, use_na_sentinel=False)
        return numbers.astype(np.intp), list(found)
    texts = values.to_numpy(dtype=object)
    first = np.flatnonzero(np.concatenate([np.ones(min(len(texts), 1), dtype=np.bool_), texts[1:] != texts[:-1]]))
    codes, distinct = pd.factorize(texts[first], use_na_sentinel=False)
    return np.repeat(codes.astype(np.intp), np.diff(np.append(first, len(texts)))), list(distinct)


def _numbered(keys: pd.DataFrame) -> tuple[Integers, Integers]:
    """Return the number of each row, distinct ones in order of appearance, and where each first stands."""
    combined = np.zeros(len(keys), dtype=np.int64)
    for name in keys.columns:
        codes, distinct = _codes(keys[name])
        combined = combined * max(len(distinct), 1) + codes
    numbers, distinct_keys = pd.factorize(combined)
    first = np.zeros(len(distinct_keys), dtype=np.intp)
    first[numbers[::-1]] = np.arange(len(keys))[::-1]
    return numbers.astype(np.intp), first


def _matrix(statutory: Form, reports: Integers, rows: pd.DataFrame, report_of_row: Integers) -> ReportMatrix:
    coded = [_codes(rows[column]) for column in ("table", "line", "column")]
    codes = [numbers for numbers, _ in coded]
    names = [{value: number for number, value in enumerate(distinct)} for _, distinct in coded]
    cells = _all_cells(statutory, codes, names)
    lookup = np.full([len(name) + 1 for name in names], -1, dtype=np.intp)
    for row, key in enumerate(cells):
        # ids that no report uses go to the spare place at the end of each axis
        lookup[tuple(name.get(part, -1) for name, part in zip(names, key, strict=True))] = row
    lookup[-1, :, :] = lookup[:, -1, :] = lookup[:, :, -1] = -1
    cell_of_row = lookup[codes[0], codes[1], codes[2]]

    shape = (len(cells), len(reports))
    figures = rows["value"].to_numpy(dtype=float, na_value=np.nan)
    state_codes, states = _codes(rows["status"])
    state = np.array([_STATUS.get(name, UNREADABLE) for name in states], dtype=np.int8)[state_codes]
    state[(state == REPORTED) & ~np.isfinite(figures)] = UNREADABLE
    figures = np.where(state == REPORTED, figures, np.nan)
    inside = cell_of_row >= 0
    place = cell_of_row[inside] * shape[1] + report_of_row[inside]
    value = np.full(shape[0] * shape[1], np.nan)
    status = np.full(shape[0] * shape[1], ABSENT, dtype=np.int8)
    value[place], status[place] = figures[inside], state[inside]
    often = np.bincount(place, minlength=len(value)) > 1
    contradicted = place[(status[place] != state[inside]) | ((value[place] != figures[inside]) & (state[inside] == REPORTED))]
    value[contradicted], status[contradicted] = np.nan, UNREADABLE
    return ReportMatrix(
        form=statutory,
        reports=reports,
        cells=cells,
        value=value.reshape(shape),
        status=status.reshape(shape),
        rows=rows,
        cell_of_row=cell_of_row,
        report_of_row=report_of_row,
        repeated=often.reshape(shape),
    )


def _all_cells(statutory: Form, codes: list[Integers], names: list[dict[object, int]]) -> tuple[CellKey, ...]:
    """Every cell of the form, subtotals included, and in open tables the lines that the reports add."""
    cells: list[CellKey] = []
    for table in statutory.tables:
        lines = {line.id: table.columns_of[line.id] for line in table.lines}
        if table.open:
            everything = tuple(table.column)
            used = set(np.unique(codes[1][codes[0] == names[0].get(table.id, -1)]).tolist())
            own = [line for line, place in names[1].items() if place in used and line not in lines and isinstance(line, str)]
            lines |= dict.fromkeys(own, everything)
        cells += [(table.id, line, column) for line, columns in lines.items() for column in columns]
    return tuple(cells)
