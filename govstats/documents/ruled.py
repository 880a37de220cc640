"""Tables whose cells are marked off by lines: rulings become edges, edges become cells, and words stand in them."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import compress
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from govstats.documents.document import Box
from govstats.documents.page import PageCell, PageTable, Word, cell_of, merged, split, touches, united

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

#: Straight lines: where each runs, and from where to where.
_Rulings = NDArray[np.float64]


class _Frame(NamedTuple):
    """Edges from left to right and from top to bottom; for each place between them, the number of the first one of its cell."""

    box: Box
    lefts: list[float]
    tops: list[float]
    first: NDArray[np.int64]


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
    across = _straightened((box.y, box.left, box.right) for box in horizontal)
    down = _straightened((box.x, box.top, box.bottom) for box in vertical)
    if len(across) * len(down) > _MOST_CROSSINGS:
        return [], list(words)
    frames = [_frame(*component) for component in _components(across, down)]
    # a figure that reaches over an edge is inside, with all of its digits
    runs = split(words, touches)
    run_of = np.repeat(np.arange(len(runs)), [len(run) for run in runs])
    x, y = np.array([(word.box.x, word.box.y) for word in words]).reshape(-1, 2).T
    is_free = np.ones(len(runs), bool)
    tables: list[PageTable] = []
    # a table may stand in a frame around the page: words belong to the smaller one
    for frame in sorted(frames, key=lambda frame: frame.box.width * frame.box.height):
        if len(np.unique(frame.first)) >= _FEWEST_CELLS:
            left, top, right, bottom = frame.box
            held = run_of[(left <= x) & (x <= right) & (top <= y) & (y <= bottom)]
            inside = np.unique(held[is_free[held]]).tolist()
            is_free[inside] = False
            tables.append(_filled(frame, [runs[at] for at in inside]))
    return sorted(tables, key=lambda table: table.box.top), [word for run in compress(runs, is_free) for word in run]


def _straightened(rulings: Iterable[tuple[float, float, float]]) -> _Rulings:
    """Join rulings that lie on one line and touch: cells draw their borders one by one, and dots make a dotted line."""
    joined = [
        (sum(at for at, _, _ in group) / len(group), start, end)
        for group in split(sorted(rulings), lambda one, other: other[0] - one[0] <= _TOUCH / 2)
        for start, end in united([(start, end) for _, start, end in group], _TOUCH)
        if end - start > _SHORTEST
    ]
    return np.array(joined).reshape(-1, 3)


def _components(across: _Rulings, down: _Rulings) -> list[tuple[_Rulings, _Rulings]]:
    """Return the rulings that hang together, those that run across and those that run down."""
    cross = _reach(across, down[:, 0]) & _reach(down, across[:, 0]).T
    component = np.arange(len(down))
    for crossed in cross:
        component[np.isin(component, component[crossed])] = component[crossed].min(initial=len(down))
    members = [(cross[:, component == number].any(axis=1), component == number) for number in np.unique(component)]
    return [(across[some], down[others]) for some, others in members if some.sum() > 1]


def _reach(rulings: _Rulings, at: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Tell which rulings reach which places along them."""
    return (rulings[:, 1, None] - _TOUCH <= at) & (at <= rulings[:, 2, None] + _TOUCH)


def _frame(across: _Rulings, down: _Rulings) -> _Frame:
    """Make a grid of rulings that hang together; where no ruling parts two of its places, they are one cell."""
    # the outer lines may be missing: the others end where they would be
    lefts = merged([*down[:, 0], min(across[:, 1].min(), down[0, 0]), max(across[:, 2].max(), down[-1, 0])], _NARROW)
    tops = merged([*across[:, 0], min(down[:, 1].min(), across[0, 0]), max(down[:, 2].max(), across[-1, 0])], _NARROW)
    walls, floors = _drawn(down, lefts, tops), _drawn(across, tops, lefts)
    walls[0], floors[0] = True, True
    first = np.arange((len(tops) - 1) * (len(lefts) - 1)).reshape(len(tops) - 1, -1)
    is_open = ~np.stack([floors[:-1], walls[:-1].T]).astype(bool)
    for row, column in np.argwhere(is_open.any(axis=0)).tolist():
        up, back = is_open[:, row, column].astype(int)
        first[row, column] = min(first[row - up, column], first[row, column - back])
    return _Frame(Box(lefts[0], tops[0], lefts[-1], tops[-1]), lefts, tops, first)


def _drawn(rulings: _Rulings, edges: Sequence[float], ends: Sequence[float]) -> NDArray[np.bool_]:
    """Tell for each edge and each stretch between two ends whether rulings run along most of it."""
    at, start, end = rulings.T
    is_on = np.abs(np.subtract.outer(edges, at)) <= _NARROW
    along = np.minimum.outer(end, ends[1:]) - np.maximum.outer(start, ends[:-1])
    drawn: NDArray[np.bool_] = is_on @ along.clip(min=0.0) > 0.5 * np.diff(ends)
    return drawn


def _filled(frame: _Frame, runs: Iterable[list[Word]]) -> PageTable:
    """Put runs of words into the cells in which their middles lie, or to which they are closest."""
    box, lefts, tops, first = frame
    inside: defaultdict[int, list[Word]] = defaultdict(list)
    for run in runs:
        middle = (run[0].box.left + run[-1].box.right) / 2
        inside[int(first[bisect_right(tops[1:-1], run[0].box.y), bisect_right(lefts[1:-1], middle)])] += run
    # the last place of a cell is its lower right one
    last = dict(zip(first.ravel().tolist(), range(first.size), strict=True))
    cells = []
    for begin, end in sorted(last.items()):
        (row, column), (bottom, right) = divmod(begin, first.shape[1]), divmod(end, first.shape[1])
        around = Box(lefts[column], tops[row], lefts[right + 1], tops[bottom + 1])
        spans = row, column, bottom + 1 - row, right + 1 - column
        cells.append(PageCell(around, *spans, *cell_of(inside[begin], around.width)))
    return PageTable(box, tuple(lefts), tuple(cells), len(tops) - 1, True)
