"""Tables whose cells are marked off by lines: rulings become edges, edges become cells, and words stand in them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from govstats.documents.document import Box
from govstats.documents.page import PageCell, PageTable, Word, cell_of, merged, runs_of, split, surrounding

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
    across = straightened([Ruling((b.top + b.bottom) / 2, b.left, b.right) for b in horizontal])
    down = straightened([Ruling((b.left + b.right) / 2, b.top, b.bottom) for b in vertical])
    if len(across) * len(down) > _MOST_CROSSINGS:
        return [], list(words)
    frames = [frame_of(*component) for component in _components(across, down)]
    tables: list[PageTable] = []
    rest = runs_of(words)
    # a table may stand in a frame around the page
    for frame in sorted(frames, key=lambda frame: _area(frame.box)):
        if len(frame.cells) >= _FEWEST_CELLS:
            inside, rest = parted(rest, frame.box)
            tables.append(filled(frame, inside))
    return sorted(tables, key=lambda table: table.box.top), [word for run in rest for word in run]


def parted(runs: Sequence[list[Word]], box: Box) -> tuple[list[list[Word]], list[list[Word]]]:
    """Return the runs inside a box and the others: a figure that reaches over an edge is inside."""
    inside: list[list[Word]] = []
    outside: list[list[Word]] = []
    for run in runs:
        middles = (word.middle for word in run)
        is_inside = any(box.left <= x <= box.right and box.top <= y <= box.bottom for x, y in middles)
        (inside if is_inside else outside).append(run)
    return inside, outside


def _area(box: Box) -> float:
    return (box.right - box.left) * (box.bottom - box.top)


def straightened(rulings: Sequence[Ruling]) -> list[Ruling]:
    """Join rulings that lie on one line and touch: cells draw their borders one by one, and dots make a dotted line."""
    groups = split(sorted(rulings), lambda one, other: other.at - one.at <= _TOUCH / 2)
    joined: list[Ruling] = []
    for group in groups:
        at = sum(ruling.at for ruling in group) / len(group)
        end = float("-inf")
        for ruling in sorted(group, key=lambda ruling: ruling.start):
            start = joined.pop().start if ruling.start <= end + _TOUCH else ruling.start
            end = max(end, ruling.end)
            joined.append(Ruling(at, start, end))
    return [ruling for ruling in joined if ruling.end - ruling.start > _SHORTEST]


def _cross(h: Ruling, v: Ruling) -> bool:
    return h.start - _TOUCH <= v.at <= h.end + _TOUCH and v.start - _TOUCH <= h.at <= v.end + _TOUCH


def _components(across: Sequence[Ruling], down: Sequence[Ruling]) -> list[tuple[list[Ruling], list[Ruling]]]:
    """Return the rulings that hang together, those that run across and those that run down."""
    found: list[tuple[list[Ruling], list[Ruling]]] = [([], [v]) for v in down]
    for h in across:
        crossed = [component for component in found if any(_cross(h, v) for v in component[1])]
        if crossed:
            joined = [h, *(other for component in crossed for other in component[0])], [v for c in crossed for v in c[1]]
            found = [component for component in found if not any(component is other for other in crossed)] + [joined]
    return [component for component in found if len(component[0]) > 1]


def frame_of(across: Sequence[Ruling], down: Sequence[Ruling]) -> Frame:
    """Make cells of rulings that hang together; where no ruling parts two places of the grid, they are one cell."""
    box = surrounding([Box(h.start, h.at, h.end, h.at) for h in across] + [Box(v.at, v.start, v.at, v.end) for v in down])
    # the outer lines may be missing: the others end where they would be
    lefts = merged([*(v.at for v in down), box.left, box.right], _NARROW)
    tops = merged([*(h.at for h in across), box.top, box.bottom], _NARROW)
    walls = [[v for v in down if abs(v.at - left) <= _NARROW] for left in lefts]
    floors = [[h for h in across if abs(h.at - top) <= _NARROW] for top in tops]
    first: dict[_At, _At] = {}
    for row, (top, bottom) in enumerate(pairwise(tops)):
        for column, (left, right) in enumerate(pairwise(lefts)):
            neighbours = []
            if column and not _covered(walls[column], top, bottom):
                neighbours.append(first[row, column - 1])
            if row and not _covered(floors[row], left, right):
                neighbours.append(first[row - 1, column])
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
    at = {
        (row, column): number
        for number, cell in enumerate(frame.cells)
        for row in range(cell.row, cell.row + cell.rowspan)
        for column in range(cell.column, cell.column + cell.colspan)
    }
    inside: list[list[Word]] = [[] for _ in frame.cells]
    for run in runs:
        x, y = (run[0].box.left + run[-1].box.right) / 2, run[0].middle[1]
        inside[at[_index(frame.tops, y), _index(frame.lefts, x)]] += run
    cells = []
    for cell, words in zip(frame.cells, inside, strict=True):
        text, readings, confidence = cell_of(words, cell.box.right - cell.box.left)
        cells.append(cell._replace(text=text, readings=readings, confidence=confidence))
    return PageTable(frame.box, frame.lefts, tuple(cells), len(frame.tops) - 1, True)


def _index(edges: Sequence[float], value: float) -> int:
    return min(max(bisect_right(edges, value) - 1, 0), len(edges) - 2)
