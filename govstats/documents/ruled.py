"""Tables whose cells are marked off by lines: rulings become edges, edges become cells, and words stand in them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from typing import NamedTuple

import numpy as np

from govstats.documents.document import Box
from govstats.documents.page import PageCell, PageTable, Word, cell_of, merged, runs_of, split, surrounding, united

#: Rulings that end this close to each other touch, in points.
_TOUCH = 3.0
#: A row of dots that is shorter is no line, in points.
_SHORTEST = 5.0
#: Rulings so close to each other are one edge, in points: a double line.
_NARROW = 5.0
#: A table has some fifty lines in each direction; what has so many crossings is a drawing.
_MOST_CROSSINGS = 500_000
#: A table may begin with its header at the end of a page: two cells.
_FEWEST_CELLS = 2

#: A row and a column.
_At = tuple[int, int]


class Ruling(NamedTuple):
    """A straight line: where it runs, and from where to where."""

    at: float
    start: float
    end: float


class Frame(NamedTuple):
    """A table before words are put into it: its edges from left to right and from top to bottom, and its cells."""

    lefts: tuple[float, ...]
    tops: tuple[float, ...]
    cells: tuple[PageCell, ...]

    @property
    def box(self) -> Box:
        """Around it."""
        return Box(self.lefts[0], self.tops[0], self.lefts[-1], self.tops[-1])


def ruled_tables(words: Sequence[Word], horizontal: Iterable[Box], vertical: Iterable[Box]) -> tuple[list[PageTable], list[Word]]:
    """Put words into the cells that rulings mark off.

    Parameters
    ----------
    words : sequence of Word
        Of a page.
    horizontal, vertical : iterable of Box
        Rulings of the page, thin boxes in the same coordinates.

    Returns
    -------
    tables : list of PageTable
        From top to bottom; a frame around a page or a box around a text is none.
    rest : list of Word
        Words outside all tables.
    """
    across = _straightened([Ruling((b.top + b.bottom) / 2, b.left, b.right) for b in horizontal])
    down = _straightened([Ruling((b.left + b.right) / 2, b.top, b.bottom) for b in vertical])
    if len(across) * len(down) > _MOST_CROSSINGS:
        return [], list(words)
    frames = [frame for component in _components(across, down) if len((frame := _frame(*component)).cells) >= _FEWEST_CELLS]
    tables: list[PageTable] = []
    rest = runs_of(words)
    # a table may stand in a frame around the page: words belong to the smaller one
    for frame in sorted(frames, key=lambda frame: (frame.box.right - frame.box.left) * (frame.box.bottom - frame.box.top)):
        inside, rest = parted(rest, frame.box)
        tables.append(filled(frame, inside))
    return sorted(tables, key=lambda table: table.box.top), [word for run in rest for word in run]


def parted(runs: Sequence[list[Word]], box: Box) -> tuple[list[list[Word]], list[list[Word]]]:
    """Return the runs inside a box and the others: a figure that reaches over an edge is inside."""
    inside: list[list[Word]] = []
    outside: list[list[Word]] = []
    for run in runs:
        is_inside = any(box.left <= x <= box.right and box.top <= y <= box.bottom for x, y in (word.middle for word in run))
        (inside if is_inside else outside).append(run)
    return inside, outside


def _straightened(rulings: Sequence[Ruling]) -> list[Ruling]:
    """Join rulings that lie on one line and touch: cells draw their borders one by one, and dots make a dotted line."""
    return [
        Ruling(sum(ruling.at for ruling in group) / len(group), start, end)
        for group in split(sorted(rulings), lambda one, other: other.at - one.at <= _TOUCH / 2)
        for start, end in united([(ruling.start, ruling.end) for ruling in group], _TOUCH)
        if end - start > _SHORTEST
    ]


def _cross(h: Ruling, v: Ruling) -> bool:
    return h.start - _TOUCH <= v.at <= h.end + _TOUCH and v.start - _TOUCH <= h.at <= v.end + _TOUCH


def _components(across: Sequence[Ruling], down: Sequence[Ruling]) -> list[tuple[list[Ruling], list[Ruling]]]:
    """Return the rulings that hang together, those that run across and those that run down."""
    found: list[tuple[list[Ruling], list[Ruling]]] = [([], [v]) for v in down]
    for h in across:
        crossed = [component for component in found if any(_cross(h, v) for v in component[1])]
        joined = [h, *(other for component in crossed for other in component[0])], [v for c in crossed for v in c[1]]
        found = [joined, *(component for component in found if component not in crossed)]
    return [component for component in found if len(component[0]) > 1]


def _frame(across: Sequence[Ruling], down: Sequence[Ruling]) -> Frame:
    """Make cells of rulings that hang together; where no ruling parts two places of the grid, they are one cell."""
    box = surrounding([Box(h.start, h.at, h.end, h.at) for h in across] + [Box(v.at, v.start, v.at, v.end) for v in down])
    # the outer lines may be missing: the others end where they would be
    lefts = merged([*(v.at for v in down), box.left, box.right], _NARROW)
    tops = merged([*(h.at for h in across), box.top, box.bottom], _NARROW)
    walls = [[v for v in down if abs(v.at - left) <= _NARROW] for left in lefts]
    floors = [[h for h in across if abs(h.at - top) <= _NARROW] for top in tops]
    first: dict[_At, _At] = {}
    for row, column in product(range(len(tops) - 1), range(len(lefts) - 1)):
        beside, above = (row, column - 1), (row - 1, column)
        parting = {
            beside: _covered(walls[column], tops[row], tops[row + 1]),
            above: _covered(floors[row], lefts[column], lefts[column + 1]),
        }
        neighbours = [first[at] for at, is_parted in parting.items() if at in first and not is_parted]
        first[row, column] = min(neighbours, default=(row, column))
    return Frame(tuple(lefts), tuple(tops), cells_of(first, lefts, tops))


def cells_of(first: Mapping[_At, _At], lefts: Sequence[float], tops: Sequence[float]) -> tuple[PageCell, ...]:
    """Make cells of a grid of which each place tells the upper left place of the cell that covers it."""
    ends: dict[_At, _At] = {}
    for (row, column), anchor in first.items():
        bottom, right = ends.get(anchor, (0, 0))
        ends[anchor] = max(bottom, row + 1), max(right, column + 1)
    return tuple(
        PageCell("", Box(lefts[column], tops[row], lefts[right], tops[bottom]), row, column, bottom - row, right - column)
        for (row, column), (bottom, right) in sorted(ends.items())
    )


def _covered(rulings: Sequence[Ruling], start: float, end: float) -> bool:
    """Tell whether rulings run along most of a stretch."""
    return sum(max(0.0, min(r.end, end) - max(r.start, start)) for r in rulings) > 0.5 * (end - start)


def filled(frame: Frame, runs: Sequence[list[Word]]) -> PageTable:
    """Put runs of words into the cells in which their middles lie, or to which they are closest."""
    owner = np.zeros((len(frame.tops) - 1, len(frame.lefts) - 1), int)
    for number, cell in enumerate(frame.cells):
        owner[cell.row : cell.row + cell.rowspan, cell.column : cell.column + cell.colspan] = number
    inside: list[list[Word]] = [[] for _ in frame.cells]
    for run in runs:
        x, y = (run[0].box.left + run[-1].box.right) / 2, run[0].middle[1]
        inside[owner[bisect_right(frame.tops[1:-1], y), bisect_right(frame.lefts[1:-1], x)]] += run
    cells = []
    for cell, words in zip(frame.cells, inside, strict=True):
        text, readings, confidence = cell_of(words, cell.box.right - cell.box.left)
        cells.append(cell._replace(text=text, readings=readings, confidence=confidence))
    return PageTable(frame.box, frame.lefts, tuple(cells), len(frame.tops) - 1, True)
