"""Minimal sets of cells by mixed-integer programming, where some cells have no figure or the errors are many."""

from __future__ import annotations

import time

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from govstats.reconciliation.findings import Floats
from govstats.reconciliation.localisation import Edits, Localisation, Solution

#: No count changes by more than ten times the largest figure, and by this much at least.
_ROOM = 1_000.0


def localise_by_programme(edits: Edits, figures: Floats, weights: Floats, *, most: int, seconds: float) -> Localisation:
    """Find every minimal set of cells; a set once found is excluded, until none of its weight is left.

    Parameters
    ----------
    edits, figures, weights
        As of `localise`; a cell without a figure (NaN) takes any value at no cost.
    most : int
        So many sets are listed.
    seconds : float
        In all.

    Returns
    -------
    Localisation

    Notes
    -----
    y = x + p − q with p + q ≤ U·d, d ∈ {0, 1}, the weighted sum of d least (Fellegi and Holt 1976; de Waal, Pannekoek and
    Scholtus 2011, chapter 3).
    """
    programme = _Programme(edits, figures, weights)
    deadline = time.monotonic() + seconds
    found = Localisation()
    lightest = float("inf")
    while len(found.solutions) < most:
        left = deadline - time.monotonic()
        solution = programme.next(left) if left > 0 else None
        if solution is None:
            found.complete = left > 0 and not programme.out_of_time
            break
        weight = float(sum(weights[cell] for cell in solution.cells))
        if weight > lightest + 1e-9:
            break
        lightest = weight
        if not solution.cells:
            break
        found.solutions.append(solution)
        programme.exclude(solution.cells)
    else:
        found.complete = False
    found.solutions.sort()
    return found


def possible_values(edits: Edits, figures: Floats, cells: tuple[int, ...]) -> Solution | None:
    """Return values for a set of cells that the equalities leave open; NaN for a cell that may take several."""
    outside = np.setdiff1d(np.arange(len(figures)), cells)
    weights = np.ones(len(figures))
    programme = _Programme(edits, figures, weights, fixed=outside)
    solution = programme.next(2.0)
    if solution is None or solution.cells != cells:
        return None
    return Solution(cells, programme.sure(solution))


class _Programme:
    """The programme: figures y, increases p, decreases q and choices d, stacked."""

    def __init__(self, edits: Edits, figures: Floats, weights: Floats, fixed: Floats | None = None) -> None:
        self.edits, self.figures = edits, figures
        self.count = count = len(figures)
        self.known = ~np.isnan(figures)
        self.out_of_time = False
        room = max(_ROOM, 10 * float(np.nanmax(np.abs(figures), initial=0.0)))
        nothing = np.zeros((count, count))
        one = np.eye(count)
        start = np.where(self.known, figures, 0.0)
        self.cost = np.concatenate([np.zeros(3 * count), np.where(self.known, weights, 0.0)])
        lower = np.where(edits.signed, -room, 0.0)
        upper = np.full(count, room)
        free = np.where(self.known, 0.0, np.inf)
        self.bounds = Bounds(
            np.concatenate([lower, np.zeros(3 * count)]),
            np.concatenate([upper, np.full(2 * count, 2 * room), np.ones(count)]),
        )
        if fixed is not None:
            self.bounds.ub[3 * count + np.asarray(fixed, dtype=int)] = 0.0
        self.constraints = [
            LinearConstraint(np.hstack([one, -one, one, nothing]), start - free, start + free),
            LinearConstraint(np.hstack([nothing, one, one, -2 * room * one]), -np.inf, np.where(self.known, 0.0, np.inf)),
        ]
        for rows, top in ((edits.equalities, 0.0), (edits.inequalities, np.inf)):
            if len(rows):
                wide = np.hstack([rows, np.zeros((len(rows), 3 * count))])
                self.constraints.append(LinearConstraint(wide, 0.0, top))
        self.integrality = np.concatenate([np.where(edits.whole, 1, 0), np.zeros(2 * count), np.ones(count)])

    def next(self, seconds: float) -> Solution | None:
        """Return the lightest set that is not excluded; None where there is none, or time is out."""
        result = milp(
            self.cost,
            integrality=self.integrality,
            bounds=self.bounds,
            constraints=self.constraints,
            options={"time_limit": max(seconds, 0.01)},
        )
        self.out_of_time = int(result.status) == 1
        if result.x is None or self.out_of_time:
            return None
        count = self.count
        chosen = tuple(np.flatnonzero((result.x[3 * count :] > 0.5) & self.known).tolist())
        return Solution(chosen, tuple(round(float(result.x[cell]), 6) for cell in chosen))

    def exclude(self, cells: tuple[int, ...]) -> None:
        """Leave a set out, and every set that contains it."""
        row = np.zeros((1, 4 * self.count))
        row[0, 3 * self.count + np.array(cells)] = 1.0
        self.constraints.append(LinearConstraint(row, -np.inf, len(cells) - 1))

    def sure(self, solution: Solution) -> tuple[float, ...]:
        """Return the values of a set, NaN where a cell could take another one."""
        sure = []
        for cell, value in zip(solution.cells, solution.values, strict=True):
            spread = []
            for sign in (1.0, -1.0):
                cost = np.zeros(4 * self.count)
                cost[cell] = sign
                result = milp(cost, integrality=self.integrality, bounds=self.bounds, constraints=self.constraints)
                spread.append(float(result.x[cell]) if result.x is not None else value)
            sure.append(value if abs(spread[0] - spread[1]) < 1e-6 else float("nan"))
        return tuple(sure)
