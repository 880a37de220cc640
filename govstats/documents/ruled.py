"""Tables whose cells are marked off by lines: rulings and words become cells."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

from govstats.documents.document import Box
from govstats.documents.page import PageCell, PageTable, Word, cell_of, in_cells, merged, surrounding, without_gaps

#: Rulings that end this close to each other touch, in points.
_TOUCH = 3.0
#: A row of dots that is shorter is no line.
_SHORTEST = 5.0
#: Rulings so close to each other are one.
_NARROW = 3.0
#: A table has some fifty lines in each direction; what has so many crossings is a drawing.
_MOST_CROSSINGS = 500_000
#: A table may begin with its header at the end of a page: two cells.
_FEWEST_CELLS = 2


class Ruling(NamedTuple):
    """A straight line: where it runs, and from where to where."""

    at: float
    start: float
    end: float


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
    tables: list[PageTable] = []
    rest = list(words)
    if len(across) * len(down) > _MOST_CROSSINGS:
        return tables, rest
    frames = [_Frame(*component) for component in _components(across, down)]
    for frame in sorted(frames, key=lambda frame: (frame.box.right - frame.box.left) * (frame.box.bottom - frame.box.top)):
        inside = [word for word in rest if frame.holds(word)]
        table = frame.table(inside)
        if table is not None:
            tables.append(table)
            taken = set(map(id, inside))
            rest = [word for word in rest if id(word) not in taken]
    return sorted(tables, key=lambda table: table.box.top), rest


def _straightened(rulings: Sequence[Ruling]) -> list[Ruling]:
    """Join rulings that lie on one line and touch: cells draw their borders one by one, and dots make a dotted line."""
    groups: list[list[Ruling]] = []
    for ruling in sorted(rulings):
        if groups and ruling.at - groups[-1][0].at <= _TOUCH / 2:
            groups[-1].append(ruling)
        else:
            groups.append([ruling])
    joined = []
    for group in groups:
        at = sum(ruling.at for ruling in group) / len(group)
        spans: list[list[float]] = []
        for ruling in sorted(group, key=lambda ruling: ruling.start):
            if spans and ruling.start <= spans[-1][1] + _TOUCH:
                spans[-1][1] = max(spans[-1][1], ruling.end)
            else:
                spans.append([ruling.start, ruling.end])
        joined += [Ruling(at, start, end) for start, end in spans if end - start > _SHORTEST]
    return joined


def _components(across: list[Ruling], down: list[Ruling]) -> list[tuple[list[Ruling], list[Ruling]]]:
    """Return the rulings that hang together, those that run across and those that run down."""
    parent = list(range(len(across) + len(down)))

    def root(number: int) -> int:
        while parent[number] != number:
            parent[number] = parent[parent[number]]
            number = parent[number]
        return number

    for i, h in enumerate(across):
        for j, v in enumerate(down, start=len(across)):
            if h.start - _TOUCH <= v.at <= h.end + _TOUCH and v.start - _TOUCH <= h.at <= v.end + _TOUCH:
                parent[root(i)] = root(j)
    found: dict[int, tuple[list[Ruling], list[Ruling]]] = {}
    for i, h in enumerate(across):
        found.setdefault(root(i), ([], []))[0].append(h)
    for j, v in enumerate(down, start=len(across)):
        found.setdefault(root(j), ([], []))[1].append(v)
    return [(h, v) for h, v in found.values() if len(h) > 1 and v]


class _Frame:
    """Rulings that hang together, as rows and columns."""

    def __init__(self, across: list[Ruling], down: list[Ruling]) -> None:
        self.across, self.down = across, down
        boxes = [Box(h.start, h.at, h.end, h.at) for h in across] + [Box(v.at, v.start, v.at, v.end) for v in down]
        self.box = surrounding(boxes)
        # the outer lines may be missing: the others end where they would be
        self.lefts = merged([v.at for v in down] + [self.box.left, self.box.right], _NARROW)
        self.tops = merged([h.at for h in across] + [self.box.top, self.box.bottom], _NARROW)

    def holds(self, word: Word) -> bool:
        x, y = word.middle
        return self.box.left <= x <= self.box.right and self.box.top <= y <= self.box.bottom

    def table(self, words: Sequence[Word]) -> PageTable | None:
        rows, columns = len(self.tops) - 1, len(self.lefts) - 1
        region = self._regions(rows, columns)
        extent: dict[tuple[int, int], tuple[int, int]] = {}
        for (row, column), anchor in region.items():
            bottom, right = extent.get(anchor, (0, 0))
            extent[anchor] = max(bottom, row + 1), max(right, column + 1)
        if len(extent) < _FEWEST_CELLS:
            return None
        inside: dict[tuple[int, int], list[Word]] = {anchor: [] for anchor in extent}
        for word, x, y in in_cells(words):
            inside[region[_index(self.tops, y, rows), _index(self.lefts, x, columns)]].append(word)
        cells = []
        for (row, column), (bottom, right) in sorted(extent.items()):
            box = Box(self.lefts[column], self.tops[row], self.lefts[right], self.tops[bottom])
            text, readings, confidence = cell_of(inside[row, column], box.right - box.left)
            cells.append(PageCell(text, box, row, column, bottom - row, right - column, readings, confidence))
        return without_gaps(PageTable(self.box, tuple(self.lefts), tuple(cells), rows, True))

    def _regions(self, rows: int, columns: int) -> dict[tuple[int, int], tuple[int, int]]:
        """Return for each place of the grid the upper left place of the cell that covers it."""
        region: dict[tuple[int, int], tuple[int, int]] = {}
        walls = {j: [v for v in self.down if abs(v.at - self.lefts[j]) <= _NARROW] for j in range(1, columns)}
        floors = {i: [h for h in self.across if abs(h.at - self.tops[i]) <= _NARROW] for i in range(1, rows)}
        for i, (top, bottom) in enumerate(pairwise(self.tops)):
            for j, (left, right) in enumerate(pairwise(self.lefts)):
                open_left = j > 0 and not _covered(walls[j], top, bottom)
                open_above = i > 0 and not _covered(floors[i], left, right)
                if open_left and open_above:
                    region[i, j] = min(region[i, j - 1], region[i - 1, j])
                elif open_left:
                    region[i, j] = region[i, j - 1]
                elif open_above:
                    region[i, j] = region[i - 1, j]
                else:
                    region[i, j] = (i, j)
        return region


def _covered(rulings: Sequence[Ruling], start: float, end: float) -> bool:
    """Tell whether rulings run along most of a stretch."""
    return sum(max(0.0, min(r.end, end) - max(r.start, start)) for r in rulings) > 0.5 * (end - start)


def _index(edges: Sequence[float], value: float, most: int) -> int:
    return min(max(bisect_right(edges, value) - 1, 0), most - 1)
