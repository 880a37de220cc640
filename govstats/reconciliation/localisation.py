"""Error localisation: the fewest cells whose change lets all edits of a report hold, and every such set of cells."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from govstats.reconciliation.elimination import PARTS, Edits, Row, Undecided, possible_values, rows_without
from govstats.reconciliation.findings import Floats

__all__ = ["Edits", "Localisation", "Solution", "components", "localise"]

#: So many sets are listed: of a shifted row with small figures there are hundreds, and what is plausible tells them apart.
_MOST_SETS = 1_000


class Solution(NamedTuple):
    """A set of cells whose change lets all edits hold.

    Attributes
    ----------
    cells : tuple of int
        Their numbers.
    values : tuple of float
        What they have to be; NaN where several values would do.
    """

    cells: tuple[int, ...]
    values: tuple[float, ...]


@dataclass
class Localisation:
    """All minimal sets of cells for one report.

    Attributes
    ----------
    solutions : list of Solution
        Each of the least weight; in the order of the cells.
    complete : bool
        Whether these are all: False where a bound on time or sets was met.
    """

    solutions: list[Solution] = field(default_factory=list)
    complete: bool = True


def localise(edits: Edits, figures: Floats, weights: Floats | None = None, *, seconds: float = 5.0) -> Localisation:
    """Find every minimal set of cells that has to change.

    Parameters
    ----------
    edits : Edits
    figures : array, shape (cells,)
        As reported; NaN where a cell has no figure: it may take any value at no cost.
    weights : array, shape (cells,), optional
        What changing a cell costs: less where its reading is less sure. All alike if left out.
    seconds : float
        After so long the search ends, and says so.

    Returns
    -------
    Localisation
        Empty and complete where all edits hold.

    Notes
    -----
    The principle is that of Fellegi and Holt (1976): the fewest (weighted) changes. Cells without a figure are eliminated from
    the edits first. A set of cells grows by what contradicts it: with no other cell changed, equalities with one changed cell
    determine its value, which goes into the other equalities; where that leaves a residual, or a value that cannot be, one of
    the cells of the equalities that led there has to change as well. Contradictions without a common cell each need a cell of
    their own, which bounds the weight from below; the weight allowed rises until a set fits in (iterative deepening). Cells
    without a figure that no equality determines are completed by a programme; where they cannot be, its prices give an
    inequality over the other cells that says why (Benders' decomposition), and that contradicts other sets as well.

    Examples
    --------
    Two parts and their total; the second part is no explanation, as it cannot be -2:

    >>> edits = Edits(np.array([[1.0, 1.0, -1.0]]), np.zeros((0, 3)), np.zeros(3, bool), np.ones(3, bool))
    >>> localise(edits, np.array([7.0, 1.0, 5.0])).solutions
    [Solution(cells=(0,), values=(4.0,)), Solution(cells=(2,), values=(8.0,))]
    """
    weights = np.ones(len(figures)) if weights is None else weights
    return _Search(edits, figures, weights, time.monotonic() + seconds).minimal()


class _OutOfBounds(Exception):
    """The search has met its bound on time or sets."""


class _Contradictions(NamedTuple):
    """What follows if no cell but the chosen ones changes.

    Attributes
    ----------
    causes : list of int
        For each contradiction the cells, as bits, of which another one has to change: those that could make up for it.
    changes : dict
        By how much the cells change whose change is determined.
    open_cells : int
        Chosen cells whose change is not determined, as bits.
    open_causes : int
        The cells, as bits, of the edits that the open cells are in.
    """

    causes: list[int]
    changes: dict[int, int]
    open_cells: int
    open_causes: int


class _Search:
    """Enumerates sets of cells by what contradicts them, lightest first; in whole numbers, so that nothing is nearly zero."""

    def __init__(self, edits: Edits, figures: Floats, weights: Floats, deadline: float) -> None:
        self.edits, self.reported, self.deadline = edits, figures, deadline
        known = ~np.isnan(figures)
        self.figures = [round(figure * PARTS) for figure in np.nan_to_num(figures).tolist()]
        self.units = [PARTS if whole else 1 for whole in edits.whole.tolist()]
        self.weights = [max(1, round(weight * PARTS)) for weight in weights.tolist()]
        rows, self.sure = rows_without(edits, np.flatnonzero(~known).tolist())
        #: The least change of a cell, as it has to change: it cannot fall below zero. None: any change.
        self.least = [
            None if signed else -figure if figure else unit
            for signed, figure, unit in zip(edits.signed.tolist(), self.figures, self.units, strict=True)
        ]
        self.falling = _mask(cell for cell, least in enumerate(self.least) if least is None or least < 0)
        self.equality: list[bool] = []
        self.coefficient: list[dict[int, int]] = []
        self.cells_of: list[int] = []
        self.rows_of: list[list[tuple[int, int]]] = [[] for _ in self.figures]
        self.residual: list[int] = []
        #: Cells whose change could raise or lower the sum of a row.
        self.up: list[int] = []
        self.down: list[int] = []
        self.failed: set[int] = set()
        for row in rows:
            self._add(row)
        #: Cells that cannot be right whatever the others say.
        self.needed = [
            cell
            for cell in np.flatnonzero(known).tolist()
            if (self.figures[cell] < 0 and not edits.signed[cell]) or self.figures[cell] % self.units[cell]
        ]
        self.allowed = _mask(cell for cell in np.flatnonzero(known).tolist() if cell not in self.needed)
        levels = sorted({self.weights[cell] for cell in _bits(self.allowed)})
        #: From the lightest weight up, the cells of that weight.
        self.levels = [(level, _mask(c for c in _bits(self.allowed) if self.weights[c] == level)) for level in levels]
        self.budget: float = sum(self.weights[cell] for cell in self.needed)
        #: The lightest weight that the budget did not allow.
        self.beyond = math.inf
        self.found = Localisation()

    def minimal(self) -> Localisation:
        """Raise the budget until sets are found."""
        weight = sum(self.weights[cell] for cell in self.needed)
        try:
            while True:
                self.beyond = math.inf
                self._extend(self.needed, weight, self.allowed)
                if self.found.solutions or self.beyond == math.inf:
                    break
                self.budget = self.beyond
        except _OutOfBounds:
            self.found.complete = False
        self.found.solutions = sorted(solution for solution in self.found.solutions if solution.cells)
        return self.found

    def _extend(self, chosen: list[int], weight: int, allowed: int) -> None:
        """Add cells, of those allowed, until nothing contradicts the chosen ones."""
        if time.monotonic() > self.deadline:
            raise _OutOfBounds
        contradictions = self._contradictions(chosen, allowed)
        while not contradictions.causes:
            solution = self._completed(chosen, contradictions)
            if solution is not None:
                if len(self.found.solutions) == _MOST_SETS:
                    raise _OutOfBounds
                self.found.solutions.append(solution)
                return
            if not self._learnt(chosen, contradictions):
                break
            contradictions = self._contradictions(chosen, allowed)
        causes = contradictions.causes or [contradictions.open_causes]
        while True:
            # cells that the budget does not allow beside what is needed anyway leave fewer that could make up for a cause
            causes = sorted({cause & allowed for cause in causes}, key=int.bit_count)
            if not causes[0]:
                return
            narrowed = allowed
            first = self._packed(causes)
            second = self._packed([cause for cause in causes if cause not in first[2]] + causes)
            for bound, cells, _ in (first, second):
                spare = self.budget - weight - bound
                if spare < 0:
                    self.beyond = min(self.beyond, weight + bound)
                    return
                for level, of_level in self.levels:
                    if level > spare and narrowed & of_level & ~cells:
                        self.beyond = min(self.beyond, weight + bound + level)
                        narrowed &= cells | ~of_level
            if narrowed == allowed:
                break
            allowed = narrowed
        for cell in _bits(causes[0]):
            allowed &= ~(1 << cell)
            heavier = weight + self.weights[cell]
            if heavier <= self.budget:
                self._extend([*chosen, cell], heavier, allowed)
            else:
                self.beyond = min(self.beyond, heavier)

    def _packed(self, causes: Sequence[int]) -> tuple[int, int, set[int]]:
        """Return causes without a common cell: the least weight that they need, their cells, and which they are."""
        bound = taken = 0
        packed = set()
        for cause in causes:
            if not cause & taken:
                taken |= cause
                packed.add(cause)
                bound += next(level for level, of_level in self.levels if cause & of_level)
        return bound, taken, packed

    def _contradictions(self, chosen: list[int], allowed: int) -> _Contradictions:
        """Determine by how much the chosen cells change if no other cell does, and where that fails.

        An equality with one chosen cell determines its change. Subtracted from the other equalities of the cell, it makes them
        depend on whatever the first one depends on: the cells that could raise or lower their sums come together.
        """
        residual, up, down = self.residual.copy(), self.up.copy(), self.down.copy()
        cells_of, coefficient, equality = self.cells_of, self.coefficient, self.equality
        open_cells = _mask(chosen)
        touched = {row for cell in chosen for row, _ in self.rows_of[cell]}
        # the fewer cells could interfere, the surer is what follows from a row
        ready = [(((up[row] | down[row]) & allowed).bit_count(), row) for row in touched if equality[row]]
        ready = [(others, row) for others, row in ready if (cells_of[row] & open_cells).bit_count() == 1]
        heapify(ready)
        causes: list[int] = []
        settled = set()
        changes: dict[int, int] = {}
        while ready:
            _, row = heappop(ready)
            bit = cells_of[row] & open_cells
            if not bit:
                continue
            settled.add(row)
            cell = bit.bit_length() - 1
            factor = coefficient[row][cell]
            change, remainder = divmod(-residual[row], factor)
            least = self.least[cell]
            if least is not None and change < least:
                causes.append(down[row] if factor > 0 else up[row])
                continue
            if not change or remainder or (self.figures[cell] + change) % self.units[cell]:
                causes.append(up[row] | down[row])
                continue
            changes[cell] = change
            open_cells ^= bit
            for other, by in self.rows_of[cell]:
                if other == row:
                    continue
                residual[other] += by * change
                if by * factor < 0:
                    up[other], down[other] = up[other] | up[row], down[other] | down[row]
                else:
                    up[other], down[other] = up[other] | down[row], down[other] | up[row]
                if equality[other] and other not in settled and (cells_of[other] & open_cells).bit_count() == 1:
                    heappush(ready, (((up[other] | down[other]) & allowed).bit_count(), other))
        open_causes = 0 if self.sure else allowed
        for row in touched.union(self.failed).difference(settled):
            left = residual[row]
            bounded_above = bounded_below = True
            for cell in _bits(cells_of[row] & open_cells):
                open_causes |= up[row] | down[row]
                least = self.least[cell]
                rising = coefficient[row][cell] > 0
                bounded_above &= least is not None and not rising
                bounded_below &= least is not None and rising
                left += coefficient[row][cell] * (least or 0)
            if left > 0 and bounded_below and equality[row]:
                causes.append(down[row])
            elif left < 0 and bounded_above:
                causes.append(up[row])
        return _Contradictions(causes, changes, open_cells, open_causes)

    def _completed(self, chosen: list[int], contradictions: _Contradictions) -> Solution | None:
        """Return the values of the chosen cells; None where those that are not determined cannot be found."""
        cells = tuple(sorted(chosen))
        figures = self._changed(chosen, contradictions)
        if self.sure and not contradictions.open_cells:
            return Solution(cells, tuple(figures[list(cells)].tolist()))
        values = self._possible_values(figures, cells)
        return None if values is None else Solution(cells, values)

    def _possible_values(self, figures: Floats, cells: Sequence[int]) -> tuple[float, ...] | None:
        if self.sure:
            with suppress(Undecided):
                return possible_values(self.edits, figures, cells)
        from govstats.reconciliation.programme import complete

        return complete(self.edits, figures, cells)

    def _changed(self, chosen: list[int], contradictions: _Contradictions) -> Floats:
        """Return the figures after the changes; NaN where a change is not determined."""
        figures = self.reported.copy()
        figures[chosen] = np.nan
        for cell, change in contradictions.changes.items():
            figures[cell] = (self.figures[cell] + change) / PARTS
        return figures

    def _learnt(self, chosen: list[int], contradictions: _Contradictions) -> bool:
        """Add the inequality by which the open cells and those without a figure cannot be completed, if there is one."""
        if not np.isnan(self.reported).any():
            return False
        from govstats.reconciliation.programme import refutation

        coefficients = refutation(self.edits, self._changed(chosen, contradictions))
        if coefficients is None:
            return False
        known = np.flatnonzero(~np.isnan(self.reported) & (coefficients != 0)).tolist()
        self._add(Row({cell: int(coefficients[cell]) for cell in known}, equality=False))
        return True

    def _add(self, row: Row) -> None:
        """Let the search know a row."""
        number = len(self.residual)
        over = _mask(cell for cell, factor in row.coefficients.items() if factor > 0)
        under = _mask(row.coefficients) & ~over
        residual = sum(factor * self.figures[cell] for cell, factor in row.coefficients.items())
        self.equality.append(row.equality)
        self.coefficient.append(row.coefficients)
        self.cells_of.append(over | under)
        self.residual.append(residual)
        self.up.append(over | (under & self.falling))
        self.down.append(under | (over & self.falling))
        for cell, factor in row.coefficients.items():
            self.rows_of[cell].append((number, factor))
        if residual < 0 or (residual and row.equality):
            self.failed.add(number)


def _mask(cells: Iterable[int]) -> int:
    mask = 0
    for cell in cells:
        mask |= 1 << cell
    return mask


def _bits(mask: int) -> Iterator[int]:
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low


def components(equalities: Floats, inequalities: Floats) -> Sequence[NDArray[np.intp]]:
    """Return the cells that hang together by edits, each group with its own minimal sets."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    rows = np.vstack([equalities, inequalities]) != 0
    links = csr_array(rows.T.astype(np.int8) @ rows.astype(np.int8))
    count, labels = connected_components(links, directed=False)
    return [np.flatnonzero(labels == number) for number in range(count)]
