"""Errors of a whole table: two lines or columns printed in each other's place, or all of them one place on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from govstats.forms import CellKey, Form
from govstats.reconciliation.findings import Floats, Integers

#: A figure that was printed nowhere: what stood at the edge of a table that was shifted.
_LOST = -1


def rearranged(form: Form, cells: tuple[CellKey, ...], figures: Floats) -> tuple[Sequence[str], Floats]:
    """Return what the figures of cells were if lines or columns were interchanged or shifted.

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
    return [names[at] for at in np.flatnonzero(possible)], np.append(figures, np.nan)[sources[possible]]


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
    printed_in = np.array(sources, dtype=np.intp).reshape(len(names), len(cells))
    return names, printed_in, (printed_in[:, :, None] == np.arange(len(cells))).any(axis=1)


def _places(order: Sequence[str]) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield each interchange and shift as where each line or column is printed; nowhere at an edge."""
    for one, other in combinations(order, 2):
        yield "swapped", {one: other, other: one}
    yield "shifted", dict(zip(order, [*order[1:], ""], strict=True))
    yield "shifted", dict(zip(order, ["", *order[:-1]], strict=True))


def _moved(cells: Sequence[CellKey], table: str, axis: int, printed_at: dict[str, str]) -> list[int]:
    """Return for each cell where its figure is printed; a cell that has no counterpart there keeps its own."""
    at = {cell: number for number, cell in enumerate(cells)}
    found = []
    for number, cell in enumerate(cells):
        there = printed_at.get(cell[axis], cell[axis]) if cell[0] == table else cell[axis]
        other = (cell[0], there, cell[2]) if axis == 1 else (cell[0], cell[1], there)
        found.append(at.get(other, number) if there else _LOST)
    return found
