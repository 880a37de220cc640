"""Error localisation: the fewest cells whose change lets all edits of a report hold, and every such set of cells."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from govstats.reconciliation.findings import Floats

#: So many cells at most are sought to be wrong together; beyond, a report is not mistyped but another one.
_MOST_CELLS = 8
#: So many sets are listed; with more the errors cannot be told apart anyway.
_MOST_SETS = 200
#: Figures differ where they differ by more than this: one fen in 万元.
_ONE_FEN = 1e-6


@dataclass(frozen=True, eq=False)
class Edits:
    """Edits that hang together by their cells, as matrices.

    Attributes
    ----------
    equalities : array, shape (equalities, cells)
        Coefficients; each row times the figures has to be zero.
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
    def equalities_of(self) -> list[int]:
        """For each cell the equalities it is in, as bits."""
        return [sum(1 << int(row) for row in np.flatnonzero(column)) for column in self.equalities.T]

    @cached_property
    def cells_of(self) -> list[list[int]]:
        """For each equality its cells."""
        return [np.flatnonzero(row).tolist() for row in self.equalities]

    @cached_property
    def disjoint(self) -> list[int]:
        """Equalities in classes, as bits, so that no cell is in two of a class: a cell settles at most one of each."""
        classes: list[tuple[int, set[int]]] = []
        for row, cells in enumerate(self.cells_of):
            at = next((number for number, (_, taken) in enumerate(classes) if taken.isdisjoint(cells)), len(classes))
            mask, taken = classes[at] if at < len(classes) else (0, set())
            classes[at : at + 1] = [(mask | 1 << row, taken | set(cells))]
        return [mask for mask, _ in classes]


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
        Whether these are all: False where a bound on time, sets or size was met.
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
    The principle is that of Fellegi and Holt (1976): the fewest (weighted) changes. Where all cells have figures, sets are
    enumerated by the shape of a repair: every failed equality has a changed cell, and an equality that held has none or at
    least two. A cell is in few equalities, so that few sets come near; their values follow from the equations. With cells that
    have no figure, and for sets beyond that search, a mixed-integer programme (HiGHS) finds the sets one by one.
    """
    weights = np.ones(len(figures)) if weights is None else weights
    if np.isnan(figures).any():
        from govstats.reconciliation.programme import localise_by_programme

        return localise_by_programme(edits, figures, weights, most=_MOST_SETS, seconds=seconds)
    search = _Search(edits, figures, weights, time.monotonic() + seconds)
    if search.holds():
        return Localisation()
    found = search.minimal()
    if not found.solutions:
        from govstats.reconciliation.programme import localise_by_programme

        return localise_by_programme(edits, figures, weights, most=_MOST_SETS, seconds=seconds)
    return found


class _OutOfTime(Exception):
    """The search has met its bound."""


class _Search:
    """Enumerates sets of cells by the shape that a repair has, smallest first."""

    def __init__(self, edits: Edits, figures: Floats, weights: Floats, deadline: float) -> None:
        self.edits, self.figures, self.weights, self.deadline = edits, figures, weights, deadline
        self.residual = edits.equalities @ figures
        self.failed = sum(1 << int(row) for row in np.flatnonzero(np.abs(self.residual) > _ONE_FEN))
        impossible = (~edits.signed & (figures < 0)) | (edits.whole & (np.abs(figures - np.round(figures)) > _ONE_FEN))
        #: Cells that cannot be right whatever the others say.
        self.needed = tuple(np.flatnonzero(impossible).tolist())
        self.steps = 0

    def holds(self) -> bool:
        """Tell whether nothing has to change."""
        return not self.failed and not self.needed and bool((self.edits.inequalities @ self.figures >= -_ONE_FEN).all())

    def minimal(self) -> Localisation:
        found = Localisation()
        lightest = float("inf")
        try:
            for size in range(max(1, len(self.needed)), _MOST_CELLS + 1):
                if found.solutions and size * float(self.weights.min()) > lightest + 1e-9:
                    break
                for cells in self._sets(size):
                    weight = float(self.weights[list(cells)].sum())
                    if weight > lightest + 1e-9:
                        continue
                    solution = self._solved(cells)
                    if solution is None:
                        continue
                    if weight < lightest - 1e-9:
                        lightest, found.solutions = weight, []
                    found.solutions.append(solution)
                    if len(found.solutions) > _MOST_SETS:
                        raise _OutOfTime
        except _OutOfTime:
            found.complete = False
        found.solutions.sort()
        return found

    def _sets(self, size: int) -> Iterator[tuple[int, ...]]:
        """Yield every set of so many cells that could repair the equalities, each once."""
        once = many = 0
        for cell in self.needed:
            mask = self.edits.equalities_of[cell]
            once, many = once ^ (mask & ~many), many | (once & mask)
            once &= ~many
        yield from self._extended(list(self.needed), once, many, frozenset(), size - len(self.needed))

    def _extended(self, chosen: list[int], once: int, many: int, barred: frozenset[int], left: int) -> Iterator[tuple[int, ...]]:
        """Add cells until every failed equality is touched and no other one by a single cell."""
        self.steps += 1
        if self.steps % 256 == 0 and time.monotonic() > self.deadline:
            raise _OutOfTime
        unsettled = (self.failed & ~(once | many)) | (once & ~self.failed)
        if any((unsettled & mask).bit_count() > left for mask in self.edits.disjoint):
            return
        if left == 0:
            yield tuple(sorted(chosen))
            return
        if unsettled:
            equality = min(_bits(unsettled), key=lambda row: len(self.edits.cells_of[row]))
            candidates = self.edits.cells_of[equality]
        else:
            # the equalities are settled, but not with figures that can be: another cell of them has to change as well
            touched = once | many
            candidates = sorted({cell for row in _bits(touched) for cell in self.edits.cells_of[row]}) or list(
                np.flatnonzero((self.edits.inequalities != 0).any(axis=0))
            )
        tried: set[int] = set()
        for cell in candidates:
            if cell in chosen or cell in barred or cell in tried:
                continue
            mask = self.edits.equalities_of[cell]
            more = many | (once & mask)
            yield from self._extended([*chosen, cell], (once | mask) & ~more, more, barred | tried, left - 1)
            tried.add(cell)

    def _solved(self, cells: tuple[int, ...]) -> Solution | None:
        """Return the values that a set of cells has to take; None where there are none, or one of them need not change."""
        edits = self.edits
        columns = list(cells)
        rows = np.flatnonzero((edits.equalities[:, columns] != 0).any(axis=1))
        left = edits.equalities[rows][:, columns]
        change, _, rank, _ = np.linalg.lstsq(left, -self.residual[rows], rcond=None) if len(rows) else (None, None, 0, None)
        if change is None or rank < len(columns):
            return self._underdetermined(cells)
        if np.abs(left @ change + self.residual[rows]).max(initial=0.0) > 1e-4:
            return None
        values = self.figures.copy()
        values[columns] = np.where(
            edits.whole[columns], np.round(values[columns] + change), np.round(values[columns] + change, 6)
        )
        changed = np.abs(values[columns] - self.figures[columns]) > _ONE_FEN
        return Solution(cells, tuple(values[columns].tolist())) if changed.all() and self._possible(values, rows) else None

    def _possible(self, values: Floats, rows: NDArray[np.intp]) -> bool:
        edits = self.edits
        return bool(
            (edits.signed | (values >= 0)).all()
            and np.abs(edits.equalities[rows] @ values).max(initial=0.0) <= 1e-4
            and (edits.inequalities @ values >= -_ONE_FEN).all()
        )

    def _underdetermined(self, cells: tuple[int, ...]) -> Solution | None:
        from govstats.reconciliation.programme import possible_values

        return possible_values(self.edits, self.figures, cells)


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
