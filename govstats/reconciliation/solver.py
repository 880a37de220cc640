"""What edits say of figures: whether they can hold, between which bounds, and the fewest changes by which they do."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from heapq import heapify, heappop, heappush
from itertools import chain, product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from govstats.forms import ONE_FEN, CellKey, Edit, Form

Integers = NDArray[np.intp]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

#: The search counts in parts of a unit: one fen in 万元.
PARTS = round(1 / ONE_FEN)
#: So many sets are listed: of a shifted row with small figures there are hundreds, and what is plausible tells them apart.
_MOST_SETS = 1_000
#: Bounds that still move after so many rounds creep towards each other without end.
_MOST_ROUNDS = 50
#: With more unknown cells in one group hardly anything follows from several edits that does not follow from one.
_MOST_OPEN = 60
#: A cell without a figure is not eliminated where so many pairs of inequalities, or more, would have to meet.
_MOST_PAIRS = 400


@dataclass(frozen=True, eq=False)
class Rows:
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
    signed: Flags
    whole: Flags

    @cached_property
    def matrix(self) -> Floats:
        """All coefficients, those of the equalities first."""
        return np.vstack([self.equalities, self.inequalities])

    def part(self, cells: Integers) -> tuple[Rows, Integers]:
        """Return the rows that some cells are in, over these cells alone, and their numbers."""
        numbers = np.flatnonzero((self.matrix[:, cells] != 0).any(axis=1))
        equal = numbers < len(self.equalities)
        chosen = self.matrix[:, cells]
        return Rows(chosen[numbers[equal]], chosen[numbers[~equal]], self.signed[cells], self.whole[cells]), numbers

    def only(self, numbers: Sequence[int]) -> Rows:
        """Return some of the rows, those of the equalities first, over all cells."""
        equal = sum(number < len(self.equalities) for number in numbers)
        chosen = self.matrix[sorted(numbers)]
        return Rows(chosen[:equal], chosen[equal:], self.signed, self.whole)

    def broken(self, figures: Floats) -> Flags:
        """Tell which rows cannot hold, each by itself; cells without a figure are not negative unless signed."""
        unknown, matrix = np.isnan(figures), self.matrix
        sums = matrix @ np.nan_to_num(figures)
        loose = ((matrix != 0) & (unknown & self.signed)).any(axis=1)
        raising, lowering = (loose | (side & unknown).any(axis=1) for side in (matrix > 0, matrix < 0))
        lowering[len(self.equalities) :] = True
        return np.asarray(((sums > ONE_FEN) & ~lowering) | ((sums < -ONE_FEN) & ~raising))

    def outside(self, figures: Floats) -> Flags:
        """Tell which figures, shape (cells, …), are no counts or amounts: negative, or a fraction of what is counted."""
        of_cells = figures.T
        fraction = ~np.isnan(of_cells) & (of_cells != np.rint(of_cells))
        return np.asarray((((of_cells < 0) & ~self.signed) | (self.whole & fraction)).T)

    @cached_property
    def sparse(self) -> list[Row]:
        """All rows, one after the other."""
        return [
            Row({cell: round(values[cell]) for cell in np.flatnonzero(values).tolist()}, equality)
            for matrix, equality in ((self.equalities, True), (self.inequalities, False))
            for values in matrix
        ]


class Row(NamedTuple):
    """An edit, or what follows from several: coefficients by cell."""

    coefficients: dict[int, int]
    equality: bool


def components(matrix: Floats) -> Sequence[Integers]:
    """Return the cells that hang together by edits, each group with its own minimal sets."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    rows = matrix != 0
    links = csr_array(rows.T.astype(np.int8) @ rows.astype(np.int8))
    count, labels = connected_components(links, directed=False)
    return [np.flatnonzero(labels == number) for number in range(count)]


def as_rows(
    edits: Iterable[Edit], places: Sequence[tuple[CellKey, int]], signed: Flags, whole: Flags
) -> tuple[tuple[Edit, ...], Rows]:
    """Return edits on cells, each of this year (0) or another one, as they stand in rows, and the rows, for the solver."""
    ordered = tuple(sorted(edits, key=lambda edit: edit.relation != "=="))
    weights, equal = coefficients(ordered, places), sum(edit.relation == "==" for edit in ordered)
    return ordered, Rows(weights[:equal], weights[equal:], signed, whole)


def coefficients(edits: Collection[Edit], places: Sequence[tuple[CellKey, int]]) -> Floats:
    """Return those of edits for cells of this year (0) and the one before (-1), the left sides less the right."""
    columns = {place: column for column, place in enumerate(places)}
    weights = np.zeros((len(edits), len(places)))
    for row, edit in enumerate(edits):
        for place, (_, factor) in zip(edit.places, edit.terms, strict=True):
            weights[row, columns[place]] += factor
    return weights


def has_cell(form: Form, key: CellKey) -> bool:
    """Tell a cell of the form from a sum that only the prose has."""
    table, line, column = key
    return form.table(table).cells_of(line, column) == (key,) or form.table(table).open


def kinds(form: Form, cells: Sequence[CellKey]) -> tuple[Flags, Flags]:
    """Tell which cells may be negative, and which count things; an open table gives no units, so that they may be amounts."""
    tables = [form.table(table) for table, _, _ in cells]
    signed = [column in table.column and table.column[column].signed for table, (*_, column) in zip(tables, cells, strict=True)]
    both = zip(tables, cells, strict=True)
    whole = [not (has_cell(form, key) and (table.open or "元" in table.unit(*key[1:]))) for table, key in both]
    return np.array(signed, dtype=np.bool_), np.array(whole, dtype=np.bool_)


# --- can the edits hold? ---------------------------------------------------------------------------------------------------


def consistent(edits: Rows, figures: Floats, cells: Sequence[int]) -> tuple[float, ...] | None:
    """Complete figures so that all edits hold.

    Parameters
    ----------
    edits : Rows
    figures : array, shape (cells,)
        NaN for those to complete.
    cells : sequence of int
        Whose values are wanted.

    Returns
    -------
    tuple of float or None
        NaN for a cell that may take several values; None where the figures cannot be completed.
    """
    completed = filled(edits, figures)
    if completed is None:
        return None
    values = [float(completed[cell]) for cell in cells]
    for at, cell in enumerate(cells):
        if np.isnan(figures[cell]):
            cost = (np.flatnonzero(np.isnan(figures)) == cell).astype(float)
            ends = (filled(edits, figures, cost), filled(edits, figures, -cost))
            if any(end is None or abs(float(end[cell]) - values[at]) > ONE_FEN for end in ends):
                values[at] = math.nan
    return tuple(values)


def filled(edits: Rows, figures: Floats, cost: Floats | None = None) -> Floats | None:
    """Return figures with those that are NaN filled so that all edits hold, at the least cost; None where that cannot be."""
    from scipy.optimize import Bounds, LinearConstraint, milp

    unknown = np.flatnonzero(np.isnan(figures))
    start = np.nan_to_num(figures)
    if len(unknown):
        rows, numbers = edits.part(unknown)
        least = -(edits.matrix @ start)[numbers]
        most = np.where(numbers < len(edits.equalities), least, np.inf)
        constraints = LinearConstraint(rows.matrix, least, most) if len(numbers) else ()
        bounds = Bounds(np.where(edits.signed[unknown], -np.inf, 0.0), np.inf)
        whole = edits.whole[unknown].astype(int)
        cost = np.zeros(len(unknown)) if cost is None else cost
        result = milp(cost, integrality=whole, bounds=bounds, constraints=constraints)
        if result.x is None:
            return None
        start[unknown] = np.where(whole, np.round(result.x), np.round(result.x, 6))
    return start if _holds(edits, start) else None


def can_hold(edits: Rows, figures: Floats) -> Flags:
    """Tell whether cells without a figure can be filled so that all edits hold.

    Parameters
    ----------
    edits : Rows
    figures : array, shape (cells, reports)
        NaN for those to fill.

    Examples
    --------
    Two sums share a part that is blank: one needs 2 of it, the other 3, and in a second report 2 as well.

    >>> sums = np.array([[1.0, 1, -1, 0, 0], [0, 1, 0, 1, -1]])
    >>> edits = Rows(sums, np.zeros((0, 5)), np.zeros(5, bool), np.ones(5, bool))
    >>> can_hold(edits, np.array([[4, np.nan, 6, 1, 4], [4, np.nan, 6, 1, 3]]).T)
    array([False,  True])
    """
    # what an edit refuses by itself need not be asked of the programme
    fillable = (not edits.broken(one).any() and filled(edits, one) is not None for one in figures.T)
    return np.fromiter(fillable, dtype=np.bool_)


def possible(edits: Rows, figures: Floats) -> Flags:
    """Tell which figures, shape (cells, reports), are counts or amounts that can be completed so that all edits hold."""
    fit = np.asarray(~edits.outside(figures).any(axis=0))
    # most groups are one cell that no edit binds
    return fit & can_hold(edits, figures) if len(edits.matrix) else fit


def conflict(edits: Rows, figures: Floats) -> list[int]:
    """Return the numbers of rows that cannot hold together though all of them but one could; none where all can hold."""
    kept = list(range(len(edits.matrix)))
    if can_hold(edits, figures[:, None]).all():
        return []
    for row in reversed(range(len(edits.matrix))):
        fewer = [one for one in kept if one != row]
        if not can_hold(edits.only(fewer), figures[:, None]).all():
            kept = fewer
    return kept


def _holds(edits: Rows, figures: Floats) -> bool:
    return bool((edits.signed | (figures >= 0)).all() and not edits.broken(figures).any())


# --- between which bounds? --------------------------------------------------------------------------------------------------


def bounds(rows: Rows, figures: Floats, known: Mapping[int, tuple[float, float]] | None = None) -> Bounds | None:
    """Return between what bounds figures must lie, by one row after the other and then by all together.

    Parameters
    ----------
    rows : Rows
    figures : array, shape (cells,)
        NaN where there is none: then a cell is not negative unless signed.
    known : mapping, optional
        Between what bounds some cells without a figure lie.

    Returns
    -------
    Bounds or None
        None where no figures can satisfy all rows.

    Examples
    --------
    >>> rows = Rows(np.array([[1.0, 1.0, -1.0]]), np.zeros((0, 3)), np.zeros(3, bool), np.ones(3, bool))
    >>> found = bounds(rows, np.array([3.0, np.nan, 5.0]))
    >>> found.low.tolist(), found.high.tolist()
    ([3.0, 2.0, 5.0], [3.0, 2.0, 5.0])
    """
    found = Bounds(rows, figures, known or {})
    if not found.by_rows():
        return None
    found.by_one = found.high - found.low <= ONE_FEN
    left = np.flatnonzero(~found.by_one).tolist()
    return found if len(left) > _MOST_OPEN or all(map(found.by_all, left)) else None


class Bounds:
    """What edits leave of each cell: bounds that move towards each other.

    Attributes
    ----------
    low, high : array, shape (cells,)
    because : list of set of int
        For each cell the rows that its bounds follow from.
    alone : array, shape (cells,)
        Whether the cell is the only unknown of an equality.
    by_one : array, shape (cells,)
        Whether its figure follows from one row after the other, and not only from several together.
    """

    def __init__(self, rows: Rows, figures: Floats, known: Mapping[int, tuple[float, float]]) -> None:
        lacking = np.isnan(figures)
        self.rows = rows
        self.low, self.high = np.where(lacking, np.where(rows.signed, -np.inf, 0.0), figures), np.where(lacking, np.inf, figures)
        for cell, limits in known.items():
            self.low[cell], self.high[cell] = limits
        self.unknown = self.high - self.low > ONE_FEN
        self.because: list[set[int]] = [set() for _ in figures]
        self.alone = self.by_one = np.zeros(len(figures), dtype=np.bool_)

    def by_rows(self) -> bool:
        """Narrow the bounds by one edit at a time until nothing moves; tell whether the figures can hold."""
        for _ in range(_MOST_ROUNDS):
            moved = False
            for row, weights in enumerate(self.rows.matrix):
                inside, equal = np.flatnonzero(weights), row < len(self.rows.equalities)
                ends = np.where(weights[inside] > 0, [self.low[inside], self.high[inside]], [self.high[inside], self.low[inside]])
                least, most = weights[inside] * ends
                open_cells = np.flatnonzero(self.high[inside] - self.low[inside] > ONE_FEN)
                if most.sum() < -ONE_FEN or (equal and least.sum() > ONE_FEN):
                    return False
                for at in open_cells.tolist():
                    cell, weight = int(inside[at]), float(weights[inside[at]])
                    # the others come to at least and at most so much, and all together to zero, or to no less
                    low, high = -np.delete(most, at).sum(), -np.delete(least, at).sum() if equal else np.inf
                    low, high = (low, high) if weight > 0 else (-high, -low)
                    moved |= self._narrow(cell, low / abs(weight), high / abs(weight), {row}, len(open_cells) == 1)
                    if self.low[cell] > self.high[cell] + ONE_FEN:
                        return False
            if not moved:
                break
        return True

    def _narrow(self, cell: int, low: float, high: float, rows: set[int], alone: bool = False) -> bool:
        if self.rows.whole[cell]:
            low, high = np.ceil(low - ONE_FEN), np.floor(high + ONE_FEN)
        raised, lowered = low > self.low[cell] + ONE_FEN, high < self.high[cell] - ONE_FEN
        self.low[cell], self.high[cell] = low if raised else self.low[cell], high if lowered else self.high[cell]
        if raised or lowered:
            determined = self.high[cell] - self.low[cell] <= ONE_FEN
            self.alone[cell] = alone and next(iter(rows)) < len(self.rows.equalities)
            self.because[cell] = rows if determined and (alone or self.high[cell] <= ONE_FEN) else self.because[cell] | rows
        return bool(raised or lowered)

    def by_all(self, cell: int) -> bool:
        """Narrow the bounds of one cell by all edits together; tell whether any figures can hold."""
        from scipy.optimize import linprog

        open_cells, equal = np.flatnonzero(self.unknown), len(self.rows.equalities)
        weights, rest = self.rows.matrix[:, open_cells], -self.rows.matrix[:, ~self.unknown] @ self.low[~self.unknown]
        sides = -weights[equal:], -rest[equal:], weights[:equal], rest[:equal]
        limits = list(zip(self.low[open_cells], self.high[open_cells], strict=True))
        for sign in (1.0, -1.0):
            found = linprog(sign * (open_cells == cell), *sides, bounds=limits)
            if found.status == 2:
                return False
            if found.status != 0:
                continue
            limit = sign * float(found.fun or 0.0)
            low, high = (limit, np.inf) if sign > 0 else (-np.inf, limit)
            self._narrow(cell, low, high, set(np.flatnonzero(np.abs(found.eqlin.marginals) > ONE_FEN).tolist()))
        return bool(self.low[cell] <= self.high[cell] + ONE_FEN)


def follows(weights: Floats, equality: bool, rows: Rows) -> bool:
    """Tell whether an edit holds wherever others do: by how much it fails cannot be more than 0.

    Examples
    --------
    A part is at most its total, whatever the other part:

    >>> rows = Rows(np.array([[1.0, 1.0, -1.0]]), np.zeros((0, 3)), np.zeros(3, bool), np.ones(3, bool))
    >>> follows(np.array([-1.0, 0.0, 1.0]), False, rows), follows(np.array([-1.0, 0.0, 1.0]), True, rows)
    (True, False)
    """
    signed, whole = (np.append(flags, False) for flags in (rows.signed, rows.whole))
    equal, unequal = (np.pad(matrix, ((0, 0), (0, 1))) for matrix in (rows.equalities, rows.inequalities))
    lacks = [np.append(sign * weights, 1.0) for sign in ((1, -1) if equality else (1,))]
    return not any(can_be_positive(Rows(np.vstack([equal, one]), unequal, signed, whole))[-1] for one in lacks)


def can_be_positive(rows: Rows) -> Flags:
    """Tell which cells can be more than 0 where all rows hold; signed ones are taken to be able to.

    Examples
    --------
    A part that is at least twice its total can only be 0, and so can the total; not so what stands beside them.

    >>> rows = Rows(np.array([[1.0, 0.0, -1.0, 0.0]]), np.array([[1.0, 0.0, -2.0, 0.0]]), np.zeros(4, bool), np.ones(4, bool))
    >>> can_be_positive(rows).tolist()
    [False, True, False, True]
    """
    from scipy.optimize import linprog

    count, equal = len(rows.signed), len(rows.equalities)
    matrix = np.hstack([rows.matrix, np.zeros((len(rows.matrix), count))])
    # beside each figure up to 1 of it: what satisfies the rows does so many times over, so that every figure that can gives 1
    unequal = np.vstack([-matrix[equal:], np.hstack([-np.eye(count), np.eye(count)])])
    sides = unequal, np.zeros(len(unequal)), matrix[:equal], np.zeros(equal)
    limits = [(None if signed else 0, None) for signed in rows.signed] + [(0, 1)] * count
    found = linprog(-np.concatenate([np.zeros(count), np.ones(count)]), *sides, bounds=limits)
    return np.asarray(rows.signed | (np.asarray(found.x)[count:] > ONE_FEN))


# --- by which changes? ----------------------------------------------------------------------------------------------------------


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

    @classmethod
    def of(cls, changes: Iterable[tuple[int, float]]) -> Solution:
        """Return some cells, each with its value, as a set."""
        by_cell = dict(changes)
        return cls(tuple(by_cell), tuple(by_cell.values()))


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


def minimal_changes(
    edits: Rows, figures: Floats, weights: Floats | None = None, *, seconds: float = 5.0, most: float = math.inf
) -> Localisation:
    """Find every minimal set of cells that has to change.

    Parameters
    ----------
    edits : Rows
    figures : array, shape (cells,)
        As reported; NaN where a cell has no figure: it may take any value at no cost.
    weights : array, shape (cells,), optional
        What changing a cell costs: less where its reading is less sure. All alike if left out.
    seconds : float
        After so much computing the search ends, and says so. A busy machine takes longer and finds the same.
    most : float
        Sets that weigh more are not looked for.

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
    that no equality determines are completed by a programme.

    Examples
    --------
    Two parts and their total; the second part is no explanation, as it cannot be -2:

    >>> edits = Rows(np.array([[1.0, 1.0, -1.0]]), np.zeros((0, 3)), np.zeros(3, bool), np.ones(3, bool))
    >>> minimal_changes(edits, np.array([7.0, 1.0, 5.0])).solutions
    [Solution(cells=(0,), values=(4.0,)), Solution(cells=(2,), values=(8.0,))]
    """
    weights = np.ones(len(figures)) if weights is None else weights
    return _Search(edits, figures, weights, time.thread_time() + seconds).minimal(most * PARTS)


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

    def __init__(self, edits: Rows, figures: Floats, weights: Floats, deadline: float) -> None:
        self.edits, self.reported, self.deadline = edits, figures, deadline
        known = ~np.isnan(figures)
        self.figures = [round(figure * PARTS) for figure in np.nan_to_num(figures).tolist()]
        self.units = [PARTS if whole else 1 for whole in edits.whole.tolist()]
        self.weights = [max(1, round(weight * PARTS)) for weight in weights.tolist()]
        rows, self.sure = _rows_without(edits, np.flatnonzero(~known).tolist())
        #: The least change of a cell, as it has to change: it cannot fall below zero. None: any change.
        self.least = [
            None if signed else -figure if figure else unit
            for signed, figure, unit in zip(edits.signed.tolist(), self.figures, self.units, strict=True)
        ]
        self.falling = _mask(cell for cell, least in enumerate(self.least) if least is None or least < 0)
        self.equality, self.coefficient = [row.equality for row in rows], [row.coefficients for row in rows]
        self.cells_of = [_mask(row.coefficients) for row in rows]
        over = [_mask(cell for cell, factor in row.coefficients.items() if factor > 0) for row in rows]
        #: Cells whose change could raise or lower the sum of a row.
        self.up = [rising | (cells & self.falling & ~rising) for cells, rising in zip(self.cells_of, over, strict=True)]
        self.down = [(cells & ~rising) | (rising & self.falling) for cells, rising in zip(self.cells_of, over, strict=True)]
        self.residual = [sum(factor * self.figures[cell] for cell, factor in row.coefficients.items()) for row in rows]
        self.rows_of: list[list[tuple[int, int]]] = [[] for _ in self.figures]
        for number, row in enumerate(rows):
            for cell, factor in row.coefficients.items():
                self.rows_of[cell].append((number, factor))
        self.failed = {at for at, left in enumerate(self.residual) if left < 0 or (left and self.equality[at])}
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

    def minimal(self, most: float) -> Localisation:
        """Raise the budget until sets are found, or it would be more than `most`."""
        weight = sum(self.weights[cell] for cell in self.needed)
        try:
            while weight <= most:
                self.beyond = math.inf
                self._extend(self.needed, weight, self.allowed)
                if self.found.solutions or self.beyond == math.inf or self.beyond > most:
                    break
                self.budget = self.beyond
        except _OutOfBounds:
            self.found.complete = False
        self.found.solutions = sorted(solution for solution in self.found.solutions if solution.cells)
        return self.found

    def _extend(self, chosen: list[int], weight: int, allowed: int) -> None:
        """Add cells, of those allowed, until nothing contradicts the chosen ones."""
        if time.thread_time() > self.deadline:
            raise _OutOfBounds
        contradictions = self._contradictions(chosen, allowed)
        solution = None if contradictions.causes else self._completed(chosen, contradictions)
        if solution is not None:
            if len(self.found.solutions) == _MOST_SETS:
                raise _OutOfBounds
            self.found.solutions.append(solution)
            return
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
        figures = self.reported.copy()
        figures[chosen] = np.nan
        for cell, change in contradictions.changes.items():
            figures[cell] = (self.figures[cell] + change) / PARTS
        if self.sure and not contradictions.open_cells:
            return Solution(cells, tuple(figures[list(cells)].tolist()))
        values = consistent(self.edits, figures, cells)
        return None if values is None else Solution(cells, values)


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


def _rows_without(edits: Rows, free: Iterable[int]) -> tuple[list[Row], bool]:
    """Return edits without the free cells, and whether the free cells can surely be completed where these edits hold.

    Equalities determine cells (Gauss); of the others each inequality that wants a cell large meets each that wants it small
    (Fourier and Motzkin).
    """
    left = set(free)
    rows = edits.sparse + [Row({cell: 1}, equality=False) for cell in left if not edits.signed[cell]]
    sure = not left or bool((edits.whole == edits.whole[0]).all())
    while left:
        pivots = [row for row in rows if row.equality and not left.isdisjoint(row.coefficients)]
        pivot = min(pivots, key=lambda row: len(row.coefficients), default=None)
        candidates = left & pivot.coefficients.keys() if pivot else left
        occurs = Counter(chain.from_iterable(row.coefficients for row in rows))
        cell = min(candidates, key=lambda one: occurs[one])
        concerned = [row for row in rows if cell in row.coefficients and row is not pivot]
        large = concerned if pivot else [row for row in concerned if row.coefficients[cell] > 0]
        small = [pivot] if pivot else [row for row in concerned if row.coefficients[cell] < 0]
        if len(large) * len(small) > _MOST_PAIRS:
            large, sure = [], False
        pairs = list(product(large, small))
        sure &= all(1 in {abs(one.coefficients[cell]), abs(other.coefficients[cell])} for one, other in pairs)
        kept = [row for row in rows if cell not in row.coefficients] + [_without(cell, *pair) for pair in pairs]
        rows = list({(row.equality, *row.coefficients.items()): row for row in kept}.values())
        left.remove(cell)
    # figures that are not negative add up to no less than zero
    informative = [
        row for row in rows if row.equality or any(factor < 0 or edits.signed[cell] for cell, factor in row.coefficients.items())
    ]
    return informative, sure


def _without(cell: int, row: Row, pivot: Row) -> Row:
    """Eliminate a cell from a row by an equality, or by an inequality in which it has the other sign."""
    factor = pivot.coefficients[cell]
    by = row.coefficients[cell] * (1 if factor > 0 else -1)
    sums = {at: total * abs(factor) for at, total in row.coefficients.items()}
    for at, total in pivot.coefficients.items():
        sums[at] = sums.get(at, 0) - total * by
    divisor = math.gcd(*sums.values()) or 1
    return row._replace(coefficients={at: total // divisor for at, total in sorted(sums.items()) if total})
