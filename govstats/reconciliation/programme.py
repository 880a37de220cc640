"""Programmes (HiGHS) for cells that the equalities leave open: what values complete them, or why none do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, linprog, milp

from govstats.reconciliation.elimination import Edits
from govstats.reconciliation.findings import Floats

#: The solver holds whole numbers and edits to about this.
_TOLERANCE = 1e-6
#: Prices are fractions of small denominators.
_MULTIPLES = (1, 2, 3, 4, 6)


def complete(edits: Edits, figures: Floats, cells: Sequence[int]) -> tuple[float, ...] | None:
    """Complete figures so that all edits hold.

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
    """
    unknown = np.flatnonzero(np.isnan(figures))
    start = np.nan_to_num(figures)
    constraints = [
        LinearConstraint(matrix[np.ix_(rows, unknown)], -sums[rows], top - sums[rows])
        for matrix, top in ((edits.equalities, 0.0), (edits.inequalities, np.inf))
        if (rows := np.flatnonzero((matrix[:, unknown] != 0).any(axis=1))).size and (sums := matrix @ start).size
    ]
    bounds = Bounds(np.where(edits.signed[unknown], -np.inf, 0.0), np.inf)
    whole = edits.whole[unknown].astype(int)

    def extreme(cost: Floats) -> Any:
        return milp(cost, integrality=whole, bounds=bounds, constraints=constraints)

    result = extreme(np.zeros(len(unknown)))
    if result.x is None:
        return None
    completed = start.copy()
    completed[unknown] = np.where(whole, np.round(result.x), np.round(result.x, 6))
    if not _holds(edits, completed):
        return None
    values = []
    for cell in cells:
        value = float(completed[cell])
        if np.isnan(figures[cell]):
            cost = (unknown == cell).astype(float)
            ends = (extreme(cost), extreme(-cost))
            if any(end.x is None or abs(float(cost @ end.x) - value) > _TOLERANCE for end in ends):
                value = float("nan")
        values.append(value)
    return tuple(values)


def refutation(edits: Edits, figures: Floats) -> Floats | None:
    """Return why figures cannot be completed.

    Parameters
    ----------
    edits : Edits
    figures : array, shape (cells,)
        NaN for those to complete.

    Returns
    -------
    array, shape (cells,), or None
        Whole coefficients: each row of them times figures that can be completed is zero or more, these are not, and no cell to
        complete makes up for it. None where there are no such coefficients to be found.

    Notes
    -----
    Farkas' lemma, as in Benders' decomposition: the prices of what the edits lack where it is least.
    """
    free = np.isnan(figures)
    rows = np.vstack([edits.equalities, edits.inequalities])
    count, equalities = len(rows), len(edits.equalities)
    sums = rows @ np.nan_to_num(figures)
    # the columns: cells to complete, what rows lack, and for equalities what they have too much
    matrix = np.hstack([rows[:, free], np.eye(count), -np.eye(count)[:, :equalities]])
    completed = int(free.sum())
    result = linprog(
        np.concatenate([np.zeros(completed), np.ones(count + equalities)]),
        A_ub=-matrix[equalities:] if count > equalities else None,
        b_ub=sums[equalities:] if count > equalities else None,
        A_eq=matrix[:equalities],
        b_eq=-sums[:equalities],
        bounds=[(None if signed else 0, None) for signed in edits.signed[free]] + [(0, None)] * (count + equalities),
    )
    if result.x is None or float(result.fun or 0.0) <= _TOLERANCE:
        return None
    prices = np.concatenate([result.eqlin.marginals, -result.ineqlin.marginals])
    for multiple in _MULTIPLES:
        whole = np.round(multiple * prices)
        coefficients = whole @ rows
        if (
            np.abs(whole - multiple * prices).max() < _TOLERANCE
            and (coefficients[free] <= 0).all()
            and not coefficients[free & edits.signed].any()
            and coefficients[~free] @ figures[~free] < -_TOLERANCE
        ):
            return np.where(free, np.minimum(coefficients, 0), coefficients)
    return None


def _holds(edits: Edits, figures: Floats) -> bool:
    return bool(
        (edits.signed | (figures >= 0)).all()
        and np.abs(edits.equalities @ figures).max(initial=0.0) <= _TOLERANCE
        and (edits.inequalities @ figures).min(initial=0.0) >= -_TOLERANCE
    )
