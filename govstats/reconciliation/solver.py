"""What edits say of figures: whether they can hold, between which bounds, and the fewest changes by which they do."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import compress
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from govstats.forms import ONE_FEN, CellKey, Edit, Form

Integers = NDArray[np.intp]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

#: Weights are counted in parts of one.
_PARTS = 1_000_000
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
    """Edits as rows over cells.

    Attributes
    ----------
    matrix : array, shape (rows, cells)
        Coefficients, whole numbers.
    equal : array, shape (rows,)
        Whether a row times the figures has to be zero; else it has to be zero or more.
    signed, whole : array, shape (cells,)
        Cells that may be negative, and those that count things.
    edits : tuple of Edit
        Of which the rows are.
    places : tuple of (cell, year)
        What the columns stand for: cells of this year (0) or another one.
    """

    matrix: Floats
    equal: Flags
    signed: Flags
    whole: Flags
    edits: tuple[Edit, ...] = ()
    places: tuple[tuple[CellKey, int], ...] = ()

    @property
    def cells(self) -> list[CellKey]:
        """The cells, whatever their year."""
        return [cell for cell, _ in self.places]

    def part(self, cells: Integers) -> Rows:
        """Return the rows that some cells are in, over these cells alone."""
        matrix = self.matrix[:, cells]
        inside = (matrix != 0).any(axis=1)
        edits, places = tuple(compress(self.edits, inside)), tuple(self.places[cell] for cell in cells)
        return Rows(matrix[inside], self.equal[inside], self.signed[cells], self.whole[cells], edits, places)

    def parted(self) -> list[Rows]:
        """Return them in groups that have no cell in common."""
        return [self.part(members) for members in components(self.matrix)]

    def only(self, numbers: Sequence[int]) -> Rows:
        """Return some of the rows, over all cells."""
        edits = tuple(self.edits[number] for number in numbers)
        return replace(self, matrix=self.matrix[numbers], equal=self.equal[numbers], edits=edits)

    def broken(self, figures: Floats) -> Flags:
        """Tell which rows cannot hold, each by itself; figures, shape (cells, …), that lack are not negative unless signed."""
        unknown, sums = np.isnan(figures), (self.matrix @ np.nan_to_num(figures)).T
        loose = (self.matrix != 0) @ (unknown.T & self.signed).T
        raising, lowering = ((loose | (side @ unknown)).T for side in (self.matrix > 0, self.matrix < 0))
        return np.asarray(((sums > ONE_FEN) & self.equal & ~lowering) | ((sums < -ONE_FEN) & ~raising)).T

    def outside(self, figures: Floats) -> Flags:
        """Tell which figures, shape (cells, …), are no counts or amounts: negative, or a fraction of what is counted."""
        of_cells = figures.T
        fraction = ~np.isnan(of_cells) & (of_cells != np.rint(of_cells))
        return np.asarray((((of_cells < 0) & ~self.signed) | (self.whole & fraction)).T)


def components(matrix: Floats) -> Sequence[Integers]:
    """Return the cells that hang together by edits, each group with its own minimal sets."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    rows = matrix != 0
    links = csr_array(rows.T.astype(np.int8) @ rows.astype(np.int8))
    count, labels = connected_components(links, directed=False)
    return [np.flatnonzero(labels == number) for number in range(count)]


def as_rows(edits: Iterable[Edit], places: Sequence[tuple[CellKey, int]], signed: Flags, whole: Flags) -> Rows:
    """Return edits on cells, each of this year (0) or another one, as rows, equalities first."""
    ordered = tuple(sorted(edits, key=lambda edit: edit.relation != "=="))
    equal = np.array([edit.relation == "==" for edit in ordered], dtype=np.bool_)
    columns = {place: column for column, place in enumerate(places)}
    matrix = np.zeros((len(ordered), len(places)))
    for row, edit in enumerate(ordered):
        for place, (_, factor) in zip(edit.places, edit.terms, strict=True):
            matrix[row, columns[place]] += factor
    return Rows(matrix, equal, signed, whole, ordered, tuple(places))


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
        rows, least = edits.matrix[:, unknown], -edits.matrix @ start
        # what equalities determine needs no programme
        found, _, rank, _ = np.linalg.lstsq(rows[edits.equal], least[edits.equal])
        if rank < len(unknown):
            constraints = LinearConstraint(rows, least, np.where(edits.equal, least, np.inf)) if len(rows) else ()
            bounds = Bounds(np.where(edits.signed[unknown], -np.inf, 0.0), np.inf)
            cost = np.zeros(len(unknown)) if cost is None else cost
            result = milp(cost, integrality=edits.whole[unknown].astype(int), bounds=bounds, constraints=constraints)
            if result.x is None:
                return None
            found = result.x
        # what is less than nothing by next to nothing is nothing
        start[unknown] = np.where(edits.whole[unknown], np.round(found), np.round(found, 6)) + 0.0
    return None if edits.broken(start).any() or (~edits.signed & (start < 0)).any() else start


def can_hold(edits: Rows, figures: Floats) -> bool:
    """Tell whether cells without a figure can be filled so that all edits hold.

    Parameters
    ----------
    edits : Rows
    figures : array, shape (cells,)
        NaN for those to fill.

    Examples
    --------
    Two sums share a part that is blank: one needs 2 of it, the other 3; or 2 as well.

    >>> sums = np.array([[1.0, 1, -1, 0, 0], [0, 1, 0, 1, -1]])
    >>> edits = Rows(sums, np.ones(2, bool), np.zeros(5, bool), np.ones(5, bool))
    >>> can_hold(edits, np.array([4, np.nan, 6, 1, 4])), can_hold(edits, np.array([4, np.nan, 6, 1, 3]))
    (False, True)
    """
    # what an edit refuses by itself need not be asked of the programme
    return not edits.broken(figures).any() and filled(edits, figures) is not None


def possible(edits: Rows, figures: Floats) -> Flags:
    """Tell which figures, shape (cells, reports), are counts or amounts that can be completed so that all edits hold."""
    fit = np.asarray(~edits.outside(figures).any(axis=0))
    # most groups are one cell that no edit binds
    if not len(edits.matrix):
        return fit
    return np.array([ok and can_hold(edits, one) for ok, one in zip(fit, figures.T, strict=True)], dtype=np.bool_)


def conflict(edits: Rows, figures: Floats) -> tuple[Edit, ...]:
    """Return edits that cannot hold together though all of them but one could; none where all can hold."""
    if can_hold(edits, figures):
        return ()
    kept = list(range(len(edits.matrix)))
    for row in reversed(range(len(edits.matrix))):
        fewer = [one for one in kept if one != row]
        if not can_hold(edits.only(fewer), figures):
            kept = fewer
    return edits.only(kept).edits


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
    >>> rows = Rows(np.array([[1.0, 1.0, -1.0]]), np.ones(1, bool), np.zeros(3, bool), np.ones(3, bool))
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
                inside, equal = np.flatnonzero(weights), self.rows.equal[row]
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
            self.alone[cell] = alone and bool(self.rows.equal[next(iter(rows))])
            self.because[cell] = rows if determined and (alone or self.high[cell] <= ONE_FEN) else self.because[cell] | rows
        return bool(raised or lowered)

    def by_all(self, cell: int) -> bool:
        """Narrow the bounds of one cell by all edits together; tell whether any figures can hold."""
        from scipy.optimize import linprog

        open_cells, equal = np.flatnonzero(self.unknown), self.rows.equal
        weights, rest = self.rows.matrix[:, open_cells], -self.rows.matrix[:, ~self.unknown] @ self.low[~self.unknown]
        sides = -weights[~equal], -rest[~equal], weights[equal], rest[equal]
        limits = list(zip(self.low[open_cells], self.high[open_cells], strict=True))
        for sign in (1.0, -1.0):
            found = linprog(sign * (open_cells == cell), *sides, bounds=limits)
            if found.status == 2:
                return False
            if found.status != 0:
                continue
            limit = sign * float(found.fun or 0.0)
            low, high = (limit, np.inf) if sign > 0 else (-np.inf, limit)
            self._narrow(cell, low, high, set(np.flatnonzero(equal)[np.abs(found.eqlin.marginals) > ONE_FEN].tolist()))
        return bool(self.low[cell] <= self.high[cell] + ONE_FEN)


def follows(edit: Rows, rows: Rows) -> bool:
    """Tell whether an edit, the only row of its own, holds wherever others do: by how much it fails cannot be more than 0.

    Examples
    --------
    A part is at most its total, whatever the other part:

    >>> rows = Rows(np.array([[1.0, 1.0, -1.0]]), np.ones(1, bool), np.zeros(3, bool), np.ones(3, bool))
    >>> edit = replace(rows, matrix=np.array([[-1.0, 0.0, 1.0]]))
    >>> follows(replace(edit, equal=np.zeros(1, bool)), rows), follows(edit, rows)
    (True, False)
    """
    equal, signed, whole = np.append(rows.equal, True), np.append(rows.signed, False), np.append(rows.whole, False)
    known = np.pad(rows.matrix, ((0, 0), (0, 1)))
    lacks = [np.append(sign * edit.matrix, 1.0) for sign in ((1, -1) if edit.equal[0] else (1,))]
    return not any(can_be_positive(Rows(np.vstack([known, one]), equal, signed, whole))[-1] for one in lacks)


def can_be_positive(rows: Rows) -> Flags:
    """Tell which cells can be more than 0 where all rows hold; signed ones are taken to be able to.

    Examples
    --------
    A part that is at least twice its total can only be 0, and so can the total; not so what stands beside them.

    >>> matrix = np.array([[1.0, 0.0, -1.0, 0.0], [1.0, 0.0, -2.0, 0.0]])
    >>> rows = Rows(matrix, np.array([True, False]), np.zeros(4, bool), np.ones(4, bool))
    >>> can_be_positive(rows).tolist()
    [False, True, False, True]
    """
    from scipy.optimize import linprog

    count, equal = len(rows.signed), rows.equal
    matrix = np.hstack([rows.matrix, np.zeros((len(rows.matrix), count))])
    # beside each figure up to 1 of it: what satisfies the rows does so many times over, so that every figure that can gives 1
    unequal = np.vstack([-matrix[~equal], np.hstack([-np.eye(count), np.eye(count)])])
    sides = unequal, np.zeros(len(unequal)), matrix[equal], np.zeros(equal.sum())
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
    the edits, and so is each cell that is chosen: what is left binds the others whatever these are. Where a row that is left
    cannot hold, one of the cells in it that could make up for it has to change as well. Contradictions without a common cell each
    need a cell of their own, which bounds the weight from below; the weight allowed rises until a set fits in (iterative
    deepening). What the chosen cells have to be then follows from the edits as they were.

    Examples
    --------
    Two parts and their total; the second part is no explanation, as it cannot be -2:

    >>> edits = Rows(np.array([[1.0, 1.0, -1.0]]), np.ones(1, bool), np.zeros(3, bool), np.ones(3, bool))
    >>> minimal_changes(edits, np.array([7.0, 1.0, 5.0])).solutions
    [Solution(cells=(0,), values=(4.0,)), Solution(cells=(2,), values=(8.0,))]
    """
    weights = np.ones(len(figures)) if weights is None else weights
    return _Search(edits, figures, weights, time.thread_time() + seconds).minimal(most * _PARTS)


class _OutOfBounds(Exception):
    """The search has met its bound on time or sets."""


class _Search:
    """Enumerates sets of cells by what contradicts them, lightest first."""

    def __init__(self, edits: Rows, figures: Floats, weights: Floats, deadline: float) -> None:
        self.edits, self.figures, self.deadline = edits, figures, deadline
        self.weights = np.maximum(np.rint(weights * _PARTS), 1.0)
        #: Cells that cannot be right whatever the others say, those that may be wrong, and those that may be less than reported.
        self.needed = np.flatnonzero(edits.outside(figures)).tolist()
        self.allowed = ~(np.isnan(figures) | edits.outside(figures))
        self.falling = edits.signed | (figures > 0)
        #: The weight that a set may have, and the least that it did not allow.
        self.budget = self.beyond = float(self.weights[self.needed].sum())
        self.found = Localisation()

    def minimal(self, most: float) -> Localisation:
        """Raise the budget until sets are found, or it would be more than `most`."""
        weight = self.budget
        rows = replace(self.edits, matrix=np.rint(self.edits.matrix).astype(np.int64))
        try:
            rows = _without(rows, np.flatnonzero(~self.allowed).tolist())
            while not self.found.solutions and self.beyond <= most and self.beyond < math.inf:
                self.budget, self.beyond = self.beyond, math.inf
                self._extend(rows, self.needed, weight, self.allowed)
        except _OutOfBounds:
            self.found.complete = False
        self.found.solutions = sorted(solution for solution in self.found.solutions if solution.cells)
        return self.found

    def _extend(self, rows: Rows, chosen: list[int], weight: float, allowed: Flags) -> None:
        """Add cells, of those allowed, until nothing contradicts the chosen ones, which the rows are without."""
        if time.thread_time() > self.deadline:
            raise _OutOfBounds
        causes = self._causes(rows)
        if weight <= self.budget and not len(causes):
            figures, cells = self.figures.copy(), tuple(sorted(chosen))
            figures[chosen] = np.nan
            values = consistent(self.edits, figures, cells)
            if values is not None:
                if len(self.found.solutions) == _MOST_SETS:
                    raise _OutOfBounds
                self.found.solutions.append(Solution(cells, values))
                return
            causes = allowed[None]
        while True:
            causes = causes & allowed
            causes = causes[np.argsort(causes.sum(axis=1), kind="stable")]
            # causes without a common cell each need a cell of their own, the lightest at least
            bound, packed = weight, np.zeros_like(allowed)
            for cause in causes:
                if not (cause & packed).any():
                    bound += self.weights[cause].min(initial=math.inf)
                    packed |= cause
            if bound > self.budget:
                self.beyond = min(self.beyond, bound)
                return
            # cells that the budget does not allow beside what is needed anyway leave fewer that could make up for a cause
            heavy = allowed & ~packed & (self.weights > self.budget - bound)
            if not heavy.any():
                break
            self.beyond = min(self.beyond, bound + self.weights[heavy].min())
            allowed = allowed & ~heavy
        for cell in np.flatnonzero(causes[0]).tolist():
            allowed = allowed & (np.arange(len(allowed)) != cell)
            self._extend(_without(rows, [cell]), [*chosen, cell], weight + self.weights[cell], allowed)

    def _causes(self, rows: Rows) -> Flags:
        """Return for each row that cannot hold the cells of which one has to change: those that could make up for it."""
        sums = rows.matrix @ np.nan_to_num(self.figures)
        wrong = (sums < -ONE_FEN / 2) | (rows.equal & (sums > ONE_FEN / 2))
        wanted = -np.sign(sums[wrong])[:, None] * rows.matrix[wrong]
        return np.asarray((wanted > 0) | ((wanted < 0) & self.falling))


def _without(rows: Rows, cells: Sequence[int]) -> Rows:
    """Return what rows say of the other cells, whatever these are.

    Equalities determine cells (Gauss); of the others each inequality that wants a cell large meets each that wants it small
    (Fourier and Motzkin).
    """
    left = list(cells)
    while left:
        inside = rows.matrix[:, left] != 0
        determined = inside[rows.equal].any(axis=0)
        rows = _without_cell(rows, left.pop(int((inside.sum(axis=0) - len(inside) * determined).argmin())))
    return rows


def _without_cell(rows: Rows, cell: int) -> Rows:
    matrix, equal = rows.matrix, rows.equal
    if not rows.signed[cell]:
        matrix, equal = np.vstack([matrix, np.eye(1, len(rows.signed), cell, dtype=np.int64)]), np.append(equal, False)
    factors = matrix[:, cell]
    pivots = np.flatnonzero(equal & (factors != 0))
    if len(pivots):
        small = pivots[[np.count_nonzero(matrix[pivots], axis=1).argmin()]]
        large = np.setdiff1d(np.flatnonzero(factors), small)
    else:
        large, small = np.flatnonzero(factors > 0), np.flatnonzero(factors < 0)
        large = large[: len(large) * (len(large) * len(small) <= _MOST_PAIRS)]
    one, other = np.repeat(large, len(small)), np.tile(small, len(large))
    sums = matrix[one] * np.abs(factors[other])[:, None] - matrix[other] * (factors[one] * np.sign(factors[other]))[:, None]
    sums //= np.maximum(np.gcd.reduce(sums, axis=1, keepdims=True), 1)
    matrix, equal = np.vstack([matrix[factors == 0], sums]), np.append(equal[factors == 0], equal[one])
    # figures that are not negative add up to no less than zero
    says = ((matrix < 0) | ((matrix != 0) & (rows.signed | equal[:, None]))).any(axis=1)
    return replace(rows, matrix=matrix[says], equal=equal[says])
