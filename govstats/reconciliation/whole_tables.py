"""Errors of a whole table: lines or columns in each other's place or one place on, a block turned, another unit, last year's."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache
from itertools import combinations, product

import numpy as np
from numpy.typing import NDArray

from govstats.forms import CellKey, Form, Table
from govstats.reconciliation.findings import Floats, Integers

#: Figures in 元 for 万元, or in 万 for one by one.
TEN_THOUSAND = 1e4
#: So many different fractions are no misprints of single figures.
_FRACTIONS = 3
#: A block of two lines and columns that is turned is two cells swapped.
_SMALLEST_BLOCK = 3
#: A figure that was printed nowhere: what stood at the edge of a table that was shifted.
_LOST = -1


def rearranged(form: Form, cells: tuple[CellKey, ...], figures: Floats) -> tuple[Sequence[str], Floats]:
    """Return what the figures of cells were if lines or columns were interchanged or shifted, a block turned, or all in 万.

    Where nothing was moved to, at one edge of a shifted table, no figure but 0 may stand: nothing would explain it.

    Parameters
    ----------
    form : Form
    cells : tuple of (table, line, column)
    figures : array, shape (cells,)
        As reported.

    Returns
    -------
    mechanisms : sequence of str
        Ids of ``mechanisms.toml``.
    figures : array, shape (mechanisms, cells)
        NaN for what was lost at the edge, or stood where no figure is.
    """
    names, sources, kept = _sources(form, cells)
    possible = np.asarray((kept | ~(figures > 0)).all(axis=1))
    moved = np.append(figures, np.nan)[sources[possible]]
    names = [names[at] for at in np.flatnonzero(possible)]
    for table in dict.fromkeys(name for name, _, _ in cells):
        mine = np.array([cell[0] == table for cell in cells])
        fractions = {figure for figure in figures[mine].tolist() if figure % 1 > 0}
        if len(fractions) >= _FRACTIONS:
            names.append("table_unit")
            moved = np.vstack([moved, np.where(mine, np.round(figures * TEN_THOUSAND, 6), figures)])
    return names, moved


def reprinted(cells: Sequence[CellKey], figures: Floats, before: Floats | None, different: Mapping[str, int]) -> Iterator[Floats]:
    """Yield what the figures of a year were if a table were printed in another unit, or were that of the year before.

    Parameters
    ----------
    cells : sequence of (table, line, column)
    figures, before : array, shape (cells,)
        As reported, and the year before; None where it has other cells.
    different : mapping of table to int
        So many different figures make it remarkable that all are multiples of ten thousand, or those of the year before.
    """
    for table in dict.fromkeys(name for name, _, _ in cells):
        mine = np.array([cell[0] == table for cell in cells]) & ~np.isnan(figures)
        if len(set(figures[mine].tolist()) - {0.0}) >= different.get(table, np.inf):
            if not (figures[mine] % TEN_THOUSAND).any():
                yield np.where(mine, figures / TEN_THOUSAND, figures)
            if before is not None and (figures[mine] == before[mine]).all():
                yield np.where(mine, np.nan, figures)


@cache
def _sources(form: Form, cells: tuple[CellKey, ...]) -> tuple[list[str], Integers, NDArray[np.bool_]]:
    """Return the mechanisms, for each where the figure of every cell is printed, and whether the figure printed there is kept."""
    names: list[str] = []
    sources: list[list[int]] = []
    for table in dict.fromkeys(name for name, _, _ in cells):
        mine = [cell for cell in cells if cell[0] == table]
        known = form.table(table)
        orders = (("lines", 1, [line.id for line in known.lines]), ("columns", 2, [column.id for column in known.columns]))
        for what, axis, order in orders:
            printed = {cell[axis] for cell in mine}
            for name, printed_at in _places([one for one in order if one in printed]):
                names.append(f"{what}_{name}")
                sources.append(_moved(cells, table, axis, printed_at))
        for block in _blocks(known, mine):
            names.append("block_transposed")
            sources.append([cells.index(block.get(cell, cell)) for cell in cells])
    printed_in = np.array(sources, dtype=np.intp).reshape(len(names), len(cells))
    return names, printed_in, (printed_in[:, :, None] == np.arange(len(cells))).any(axis=1)


def _places(order: Sequence[str]) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield each interchange and shift as where each line or column is printed; nowhere at an edge."""
    for one, other in combinations(order, 2):
        yield "swapped", {one: other, other: one}
    yield "shifted", dict(zip(order, [*order[1:], ""], strict=True))
    yield "shifted", dict(zip(order, ["", *order[:-1]], strict=True))


def _blocks(table: Table, cells: Collection[CellKey]) -> Iterator[dict[CellKey, CellKey]]:
    """Yield each square block of neighbouring lines and columns, as where the figure of each cell is printed if it is turned."""
    lines = [line.id for line in table.lines if any(line.id == cell[1] for cell in cells)]
    columns = [column.id for column in table.columns if any(column.id == cell[2] for cell in cells)]
    for size in range(_SMALLEST_BLOCK, min(len(lines), len(columns)) + 1):
        for top, left in product(range(len(lines) - size + 1), range(len(columns) - size + 1)):
            place = {(i, j): (table.id, lines[top + i], columns[left + j]) for i, j in product(range(size), repeat=2)}
            if set(place.values()) <= set(cells):
                yield {cell: place[j, i] for (i, j), cell in place.items()}


def _moved(cells: Sequence[CellKey], table: str, axis: int, printed_at: dict[str, str]) -> list[int]:
    """Return for each cell where its figure is printed; a cell that has no counterpart there keeps its own."""
    at = {cell: number for number, cell in enumerate(cells)}
    found = []
    for number, cell in enumerate(cells):
        there = printed_at.get(cell[axis], cell[axis]) if cell[0] == table else cell[axis]
        other = (cell[0], there, cell[2]) if axis == 1 else (cell[0], cell[1], there)
        found.append(at.get(other, number) if there else _LOST)
    return found
