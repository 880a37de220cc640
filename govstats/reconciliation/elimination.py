"""Exact elimination: what edits say of the other cells once cells without a figure are taken out, and what these may be."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from govstats.reconciliation.findings import Floats

#: Figures are compared as whole numbers of this part of a unit: one fen in 万元.
PARTS = 1_000_000
#: Stands in a row for the sum of the cells that have a figure.
_CONSTANT = -1


@dataclass(frozen=True, eq=False)
class Edits:
    """Edits that hang together by their cells, as matrices.

    Attributes
    ----------
    equalities : array, shape (equalities, cells)
        Coefficients, whole numbers; each row times the figures has to be zero.
    inequalities : array, shape (inequalities, cells)
        Each row times the figures has to be zero or more.
    signed, whole : array, shape (cells,)
        Cells that may be negative, and those that count things.
    """

    equalities: Floats
    inequalities: Floats
    signed: NDArray[np.bool_]
    whole: NDArray[np.bool_]

    @cached_property
    def rows(self) -> list[Row]:
        """All of them, one after the other."""
        return [
            Row({cell: round(values[cell]) for cell in np.flatnonzero(values).tolist()}, equality)
            for matrix, equality in ((self.equalities, True), (self.inequalities, False))
            for values in matrix
        ]


class Row(NamedTuple):
    """An edit, or what follows from several: coefficients by cell."""

    coefficients: dict[int, int]
    equality: bool


class Undecided(Exception):
    """Elimination alone does not tell what cells may be."""


def rows_without(edits: Edits, free: Sequence[int]) -> tuple[list[Row], bool]:
    """Return edits without the free cells, and whether the free cells can surely be completed where these edits hold.

    Parameters
    ----------
    edits : Edits
    free : sequence of int
        Cells to eliminate by equalities; those that no equality determines are not negative, and may take any other value.

    Returns
    -------
    rows : list of Row
    sure : bool
    """
    if not free:
        return edits.rows, True
    rows = edits.rows + [Row({cell: 1}, equality=False) for cell in free if not edits.signed[cell]]
    rows, determined, left = _eliminated(rows, free)
    alike = bool((edits.whole == edits.whole[0]).all())
    sure = not left and alike and all(abs(row[cell]) == 1 for cell, row in determined)
    # a free cell that can raise the sum of an inequality makes it say nothing of the others
    kept = [
        Row({cell: factor for cell, factor in row.coefficients.items() if cell not in left}, row.equality)
        for row in rows
        if not any(row.coefficients.get(cell, 0) > 0 or (edits.signed[cell] and cell in row.coefficients) for cell in left)
    ]
    informative = {
        (row.equality, *row.coefficients.items()): row
        for row in kept
        if row.equality or any(factor < 0 or edits.signed[cell] for cell, factor in row.coefficients.items())
    }
    return list(informative.values()), sure


def possible_values(edits: Edits, figures: Floats, cells: Sequence[int]) -> tuple[float, ...] | None:
    """Complete figures so that all edits on the completed cells hold.

    Parameters
    ----------
    edits : Edits
    figures : array, shape (cells,)
        NaN for those to complete.
    cells : sequence of int
        Whose values are wanted.

    Returns
    -------
    tuple of float or None
        NaN for a cell that may take several values; None where the figures cannot be completed.

    Raises
    ------
    Undecided
        More than one cell may be chosen freely, or one not in every whole number: this takes a programme.

    Examples
    --------
    A total of 5 over 3 and a blank, then over two blanks:

    >>> edits = Edits(np.array([[1.0, 1.0, -1.0]]), np.zeros((0, 3)), np.zeros(3, bool), np.ones(3, bool))
    >>> possible_values(edits, np.array([3.0, np.nan, 5.0]), [1])
    (2.0,)
    >>> possible_values(edits, np.array([np.nan, np.nan, 5.0]), [0, 1])
    (nan, nan)
    """
    unknown = np.flatnonzero(np.isnan(figures)).tolist()
    known = [round(figure * PARTS) for figure in np.nan_to_num(figures).tolist()]
    units = {cell: PARTS if edits.whole[cell] else 1 for cell in unknown}
    rows = [Row({cell: 1}, equality=False) for cell in unknown if not edits.signed[cell]]
    for matrix, equality in ((edits.equalities, True), (edits.inequalities, False)):
        for values in matrix[(matrix[:, unknown] != 0).any(axis=1)]:
            row = {cell: round(values[cell]) for cell in np.flatnonzero(values).tolist()}
            constant = sum(factor * known[cell] for cell, factor in row.items())
            rows.append(Row({cell: row[cell] for cell in unknown if cell in row} | {_CONSTANT: constant}, equality))
    rows, determined, left = _eliminated(rows, unknown)
    if len(left) > 1:
        raise Undecided
    ends = _interval(rows, left, units)
    if ends is None:
        return None
    completed = []
    for end in ends:
        values_at = end.copy() | {_CONSTANT: 1}
        for cell, row in reversed(determined):
            total = -sum(factor * values_at[at] for at, factor in row.items() if at != cell)
            values_at[cell], remainder = divmod(total, row[cell])
            if remainder or values_at[cell] % units[cell]:
                if left:
                    raise Undecided
                return None
        completed.append(values_at)
    first, last = completed[0], completed[-1]
    return tuple(
        float(figures[cell]) if cell not in units else first[cell] / PARTS if first[cell] == last[cell] else math.nan
        for cell in cells
    )


def _interval(rows: Iterable[Row], left: set[int], units: dict[int, int]) -> list[dict[int, int]] | None:
    """Return the least and the greatest value of the cell left, or two of them where there is no end; None if there is none."""
    cell = next(iter(left), None)
    low, high = -math.inf, math.inf
    unit = 1 if cell is None else units[cell]
    for row in rows:
        constant = row.coefficients.get(_CONSTANT, 0)
        factor = row.coefficients.get(cell, 0) if cell is not None else 0
        if factor > 0:
            low = max(low, -(constant // (factor * unit)))
        elif factor < 0:
            high = min(high, constant // (-factor * unit))
        elif constant < 0 or (row.equality and constant):
            return None
    if cell is None:
        return [{}]
    if low > high:
        return None
    start = int(low if low > -math.inf else high - 1 if high < math.inf else 0)
    return [{cell: start * unit}, {cell: (int(high) if high < math.inf else start + 1) * unit}]


def _eliminated(rows: list[Row], cells: Iterable[int]) -> tuple[list[Row], list[tuple[int, dict[int, int]]], set[int]]:
    """Eliminate cells by equalities: return the other rows, the equality that determines each cell, and the cells left."""
    left = set(cells)
    determined = []
    while pivots := [row for row in rows if row.equality and not left.isdisjoint(row.coefficients)]:
        pivot = min(pivots, key=lambda row: len(row.coefficients))
        cell = min(left & pivot.coefficients.keys(), key=lambda cell: sum(cell in row.coefficients for row in rows))
        rows = [_without(cell, row, pivot) for row in rows if row is not pivot]
        left.remove(cell)
        determined.append((cell, pivot.coefficients))
    return rows, determined, left


def _without(cell: int, row: Row, pivot: Row) -> Row:
    """Eliminate a cell from a row by an equality."""
    by = row.coefficients.get(cell)
    if by is None:
        return row
    factor = pivot.coefficients[cell]
    sums = {
        at: row.coefficients.get(at, 0) * abs(factor) - pivot.coefficients.get(at, 0) * (by if factor > 0 else -by)
        for at in row.coefficients.keys() | pivot.coefficients.keys()
    }
    divisor = math.gcd(*sums.values()) or 1
    return row._replace(coefficients={at: total // divisor for at, total in sorted(sums.items()) if total})
