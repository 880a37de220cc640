"""Tables on pages: cells that rulings mark off, or figures that stand under one another, and the prose around them.

Where a table has lines, rulings become edges, edges become cells, and words stand in them. Where it has none, figures make
rows and columns; labels join the row beside them or stand over columns.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain, compress, groupby, pairwise, product, takewhile
from operator import attrgetter, not_
from statistics import fmean, median
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from govstats.characters import is_figure
from govstats.documents.document import NO_TEXT, NUMBERING, SECTION, Box
from govstats.documents.page import (
    Locate,
    PageCell,
    PageTable,
    Segment,
    Word,
    cell_of,
    lines_of,
    merged,
    parted,
    segment_of,
    shared,
    sides_of,
    split,
    surrounding,
    touches,
    united,
    with_marks,
    without_running_heads,
)

#: Rulings that end this close to each other touch, in points.
TOUCH = 3.0
#: A row of dots that is shorter is no line, in points.
_SHORTEST = 5.0
#: Rulings so close to each other are one edge, in points: a double line.
_NARROW = 5.0
#: So far below a cell that no ruling ends, where a page breaks off, its last line of text may hang, in points.
_HANGING = 9.0
#: A table has some fifty lines in each direction; what has so many crossings is a drawing.
_MOST_CROSSINGS = 500_000
#: A table may begin with its header at the end of a page: two cells.
_FEWEST_CELLS = 2
#: A table has at least so many rows of figures; a single one has at least so many figures (行政复议、行政诉讼).
_FEWEST_ROWS, _FEWEST_FIGURES = 2, 6
#: It has some two hundred labels; of more every two are not compared.
_MOST_TEXTS = 2000
#: Prose runs over this share of the width between the margins.
_PROSE_WIDTH = 0.62
#: Lines of one label stand closer than this, in heights of their characters, and closer than the rows of the table by a bit.
_LEADING, _CLOSER = 2.0, 0.93
#: A page stands so many points below the one before.
_PAGE_BREAK = 12.0
#: A remark ends so far below its bracket, in heights of its characters.
_LONGEST_REMARK = 5.0
#: What stands at the height of a line is off by at most so much, in heights of its characters: half a line of a neighbour.
_LEVEL = 0.7
#: Figures stand at least so far apart, in heights of their characters.
_CLOSE = 0.18
#: So much of a column may lie between the middle of a header label and the middle of its columns.
_OFF_CENTRE = 0.3
#: A label is set flush left where it begins so close to its first column, in points.
_FLUSH = 0.5
#: A label that reaches over so much of others side by side stands over them all.
_REACHES = 0.1
#: A heading is set so much larger than the rows of a table.
_HEADING = 1.15
#: What may stand alone in the second line of a cell.
_UNITS = frozenset("件 条 次 个 份 人 项 宗 元 万元".split())
_BRACKET = re.compile("[()（）]")

#: Where columns begin and end, in points; and the columns over which something stands, from the first up to the next after it.
_Span = tuple[float, float]
_Columns = tuple[int, int]
_Mask = NDArray[np.bool_]
_Numbers = NDArray[np.float64]
#: Straight lines: where each runs, and from where to where.
_Rulings = NDArray[np.float64]
#: What stands on a page from top to bottom: a line of prose, or a table.
Item = list[Segment] | PageTable


# --- pages ----------------------------------------------------------------------------------------------------------------


@dataclass(eq=False)
class Sheet:
    """What was found on a page, in points from its upper left corner.

    Attributes
    ----------
    words : sequence of Word
        All of them, in any order.
    horizontal, vertical : sequence of Box
        Rulings.
    has_ink : callable or None
        Tells whether something that is no text is drawn in a box; None where that is not known.
    pictures : sequence of Box
        Pictures and drawings that were put on the page.
    locate : callable
        Leads from the page to the one that was given, of which it is a picture set upright.
    """

    words: Sequence[Word] = ()
    horizontal: Sequence[Box] = ()
    vertical: Sequence[Box] = ()
    has_ink: Callable[[Box], bool] | None = None
    pictures: Sequence[Box] = ()
    locate: Locate = Box._make

    @cached_property
    def ruled(self) -> tuple[list[PageTable], list[Word]]:
        """The tables that rulings mark off, and the words outside."""
        return filled(frames_of(self.horizontal, self.vertical), with_marks(self.words))

    def scaled(self, scale: float, given: float = 1.0) -> Sheet:
        """Give coordinates in other units, of which one of the sheet, and one of the page that was given, has so many."""
        words = [word._replace(box=word.box.scaled(scale)) for word in self.words]
        across, down = ([box.scaled(scale) for box in boxes] for boxes in (self.horizontal, self.vertical))
        return Sheet(words, across, down, locate=lambda box: self.locate(box.scaled(1 / scale)).scaled(given))

    def in_order(self, lines: Iterable[Item], tables: Iterable[PageTable]) -> list[Item]:
        """Put tables between lines; tell cells that hold a picture or a stroke from blank ones, and from a figure alone."""
        items = list(lines)
        for table in tables:
            cells = [c._replace(text=c.text + NO_TEXT) if self._is_drawn_in(c.box, c.text) else c for c in table.cells]
            items.append(replace(table, cells=tuple(cells)))
        return sorted(items, key=lambda item: _box(item).top)

    def _is_drawn_in(self, box: Box, text: str) -> bool:
        if self.has_ink and not text:
            return self.has_ink(box)
        return any(surrounding([box, picture]) == box for picture in self.pictures)


def arranged(sheets: Sequence[Sheet]) -> list[list[Item]]:
    """Return for each page its tables and lines of prose.

    Words outside the tables that rulings mark off make tables of figures that stand under one another, or prose; page numbers
    and running heads are left out.
    """
    borderless, prose = borderless_tables(without_running_heads([lines_of(sheet.ruled[1]) for sheet in sheets]))
    pages = zip(sheets, prose, borderless, strict=True)
    return [sheet.in_order(lines, [*sheet.ruled[0], *tables]) for sheet, lines, tables in pages]


def replaced(items: Sequence[Item], tables: Sequence[PageTable], sheet: Sheet) -> list[Item]:
    """Put tables that another engine found on a page in the place of what they cover."""
    return sheet.in_order((item for item in items if not any(_covers(table.box, _box(item)) for table in tables)), tables)


def _box(item: Item) -> Box:
    """Return the box of a table; of a line that of its first piece, up to the top of the highest."""
    return item.box if isinstance(item, PageTable) else item[0].box._replace(top=min(piece.box.top for piece in item))


def _covers(one: Box, other: Box) -> bool:
    both = Box(max(one.left, other.left), max(one.top, other.top), min(one.right, other.right), min(one.bottom, other.bottom))
    return max(both.width, 0.0) * max(both.height, 0.0) > 0.5 * other.width * other.height


# --- tables with lines ----------------------------------------------------------------------------------------------------


class _Sides:
    """Boxes in columns of numbers, and how pairs of them stand to each other: a row for one, a column for the other."""

    def __init__(self, boxes: Iterable[Box]) -> None:
        self.left, self.top, self.right, self.bottom = sides_of(boxes).T
        self.x, self.y = (self.left + self.right) / 2, (self.top + self.bottom) / 2

    def is_above(self, share: float) -> _Mask:
        """Tell whether two stand over one another for more than a share of the narrower one."""
        across = np.minimum.outer(self.right, self.right) - np.maximum.outer(self.left, self.left)
        width = self.right - self.left
        above: _Mask = (across > share * np.minimum.outer(width, width)) & np.less.outer(self.y, self.y)
        return above

    def is_beside(self) -> _Mask:
        """Tell whether two stand at one height, for a part of it."""
        beside: _Mask = np.less.outer(self.top, self.bottom) & np.greater.outer(self.bottom, self.top)
        np.fill_diagonal(beside, val=False)
        return beside


class Frame(NamedTuple):
    """Edges from left to right and from top to bottom; for each place between them, the number of the first one of its cell.

    For each row, whether a line ends it where it ends others: a row that ends early has no cells behind its last figure. For
    each column, whether a line ends its last cell: where a page breaks off, text may hang out of it.
    """

    box: Box
    lefts: list[float]
    tops: list[float]
    first: NDArray[np.int64]
    closed: NDArray[np.bool_]
    floored: NDArray[np.bool_]


def frames_of(horizontal: Iterable[Box], vertical: Iterable[Box]) -> list[Frame]:
    """Make grids of rulings, which are thin boxes; nothing of a drawing."""
    across = _straightened((box.y, box.left, box.right) for box in horizontal)
    down = _straightened((box.x, box.top, box.bottom) for box in vertical)
    if len(across) * len(down) > _MOST_CROSSINGS:
        return []
    return [_frame(*component) for component in _components(across, down)]


def filled(frames: Iterable[Frame], words: Sequence[Word]) -> tuple[list[PageTable], list[Word]]:
    """Put words into the cells of frames.

    Parameters
    ----------
    frames : iterable of Frame
        Of a page.
    words : sequence of Word
        In the same coordinates.

    Returns
    -------
    tables : list of PageTable
        From top to bottom; a frame around a page or a box around a text is none.
    rest : list of Word
        Words outside all tables.
    """
    sides = _Sides(word.box for word in words)
    # a figure that reaches over an edge is inside, with all of its digits
    begins = [True, *(not touches(one, other) for one, other in pairwise(words))]
    first = np.flatnonzero(begins[: len(words)])
    last = np.append(first, len(words))[1:] - 1
    run_of = np.repeat(np.arange(len(first)), last + 1 - first)
    x, y = (sides.left[first] + sides.right[last]) / 2, sides.y[first]
    is_free = np.ones(len(first), bool)
    tables: list[PageTable] = []
    # a table may stand in a frame around the page: words belong to the smaller one
    for frame in sorted(frames, key=lambda frame: frame.box.width * frame.box.height):
        if len(np.unique(frame.first)) >= _FEWEST_CELLS:
            left, top, right, bottom = frame.box
            hangs = ~frame.floored[np.searchsorted(frame.lefts[1:-1], sides.x, side="right")]
            lowest = np.where(hangs, sides.top, sides.y)
            held = run_of[(left <= sides.x) & (sides.x <= right) & (top <= sides.y) & (lowest <= bottom)]
            inside = np.unique(held[is_free[held]])
            is_free[inside] = False
            rows = np.searchsorted(frame.tops[1:-1], y[inside], side="right")
            columns = np.searchsorted(frame.lefts[1:-1], x[inside], side="right")
            in_cell: defaultdict[int, list[Word]] = defaultdict(list)
            for run, cell in zip(inside.tolist(), frame.first[rows, columns].tolist(), strict=True):
                in_cell[cell] += words[first[run] : last[run] + 1]
            tables.append(_table_in(frame, in_cell))
    return sorted(tables, key=lambda table: table.box.top), list(compress(words, is_free[run_of]))


def _straightened(rulings: Iterable[tuple[float, float, float]]) -> _Rulings:
    """Join rulings that lie on one line and touch: cells draw their borders one by one, and dots make a dotted line."""
    joined = [
        (sum(at for at, _, _ in group) / len(group), start, end)
        for group in split(sorted(rulings), lambda one, other: other[0] - one[0] <= TOUCH / 2)
        for start, end in united([(start, end) for _, start, end in group], TOUCH)
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
    return (rulings[:, 1, None] - TOUCH <= at) & (at <= rulings[:, 2, None] + TOUCH)


def _frame(across: _Rulings, down: _Rulings) -> Frame:
    """Make a grid of rulings that hang together; where no ruling parts two of its places, they are one cell."""
    # the outer lines may be missing: the others end where they would be
    lefts = merged([*down[:, 0], min(across[:, 1].min(), down[0, 0]), max(across[:, 2].max(), down[-1, 0])], _NARROW)
    tops = merged([*across[:, 0], min(down[:, 1].min(), across[0, 0]), max(down[:, 2].max(), across[-1, 0])], _NARROW)
    walls, floors = _drawn(down, lefts, tops), _drawn(across, tops, lefts)
    walls[0], floors[0] = True, True
    first = np.arange((len(tops) - 1) * (len(lefts) - 1)).reshape(len(tops) - 1, len(lefts) - 1)
    is_open = ~np.stack([floors[:-1], walls[:-1].T]).astype(bool)
    for row, column in np.argwhere(is_open.any(axis=0)).tolist():
        up, back = is_open[:, row, column].astype(int)
        first[row, column] = min(first[row - up, column], first[row, column - back])
    return Frame(Box(lefts[0], tops[0], lefts[-1], tops[-1]), lefts, tops, first, walls[-1] | ~walls[-1].any(), floors[-1])


def _drawn(rulings: _Rulings, edges: Sequence[float], ends: Sequence[float]) -> NDArray[np.bool_]:
    """Tell for each edge and each stretch between two ends whether rulings run along most of it."""
    at, start, end = rulings.T
    is_on = np.abs(np.subtract.outer(edges, at)) <= _NARROW
    along = np.minimum.outer(end, ends[1:]) - np.maximum.outer(start, ends[:-1])
    drawn: NDArray[np.bool_] = is_on @ along.clip(min=0.0) > 0.5 * np.diff(ends)
    return drawn


def _table_in(frame: Frame, words: Mapping[int, list[Word]]) -> PageTable:
    """Make a table of a frame and the words in its cells."""
    box, lefts, tops, first, closed, floored = frame
    # the last place of a cell is its lower right one
    last = dict(zip(first.ravel().tolist(), range(first.size), strict=True))
    cells = []
    for begin, end in sorted(last.items()):
        (row, column), (bottom, right) = divmod(begin, first.shape[1]), divmod(end, first.shape[1])
        if right + 2 == len(lefts) and begin not in words and not closed[row : bottom + 1].any():
            continue
        hanging = _HANGING if bottom + 2 == len(tops) and not floored[column : right + 1].any() else 0.0
        around = Box(lefts[column], tops[row], lefts[right + 1], tops[bottom + 1] + hanging)
        spans = row, column, bottom + 1 - row, right + 1 - column
        cells.append(PageCell(around, *spans, *cell_of(words.get(begin, ()), around.width)))
    return PageTable(box, tuple(lefts), tuple(cells), len(tops) - 1, True)


# --- tables without lines -------------------------------------------------------------------------------------------------


class _Line(NamedTuple):
    """A line of a page, as it was given and with its figures apart."""

    page: int
    source: list[Segment]
    figures: list[Segment]
    texts: list[Segment]

    @property
    def main(self) -> list[Segment]:
        return self.figures or self.texts

    @property
    def middle(self) -> float:
        # the line of a group label beside may stand a little higher or lower
        return fmean(segment.box.y for segment in self.main)

    @property
    def is_row(self) -> bool:
        """It is no page number, no figure in a list, and no second line of cells: figures and bare units (10316 / 5件）."""
        has_units = self.texts and {segment.text for segment in self.texts} <= _UNITS
        return bool(self.figures) and len(self.figures) + len(self.texts) > 1 and not has_units

    def moved(self, shift: float) -> _Line:
        """Move the line down."""
        figures, texts = ([_moved(segment, shift) for segment in some] for some in (self.figures, self.texts))
        return self._replace(figures=figures, texts=texts)


class _Label(NamedTuple):
    """Lines of one label, and the middle of the first row of figures that they stand beside."""

    segments: list[Segment]
    box: Box
    beside: float | None


def borderless_tables(pages: Sequence[Sequence[list[Segment]]]) -> tuple[list[list[PageTable]], list[list[list[Segment]]]]:
    """Find tables by their figures.

    Parameters
    ----------
    pages : sequence of sequence of list of Segment
        For each page its lines outside ruled tables, without page numbers.

    Returns
    -------
    tables : list of list of PageTable
        For each page from top to bottom. A table that goes on over pages is found as one, and parted with the same columns.
        A blank is a place in a row where other rows have a figure.
    rest : list of list of list of Segment
        Lines of the prose around them.
    """
    lines: list[_Line] = []
    # pages are put under one another, the last line of one just above the first line of the next
    begins, shifts = [0.0], []
    for number, page in enumerate(pages):
        lines += _lines(number, page)
        around = surrounding([segment.box for segment in chain.from_iterable(page)] or [Box(0, 0, 0, 0)])
        shifts.append(begins[-1] - around.top)
        begins.append(begins[-1] + around.height + _PAGE_BREAK)
    runs = [[line.moved(shifts[line.page]) for line in run] for run in _runs(lines)]
    middles = [[line.middle for line in run if line.is_row] for run in runs]
    distances = np.sort(np.concatenate([[], *map(np.diff, middles)]))
    # between rows whose labels have one line
    pitch = float(distances[len(distances) // 5]) if len(distances) else float("inf")
    tables: list[list[PageTable]] = [[] for _ in pages]
    for run in runs:
        edges, grid = _borderless_table(run, pitch)
        for number, rows in groupby(grid, key=lambda row: bisect_right(begins, min(cell.box.top for cell in row) + 0.1) - 1):
            tables[number].append(_on_page(list(rows), edges, shifts[number]))
    taken = {id(line.source) for run in runs for line in run}
    return tables, [[line for line in page if id(line) not in taken] for page in pages]


def _on_page(rows: Sequence[list[PageCell]], edges: tuple[float, ...], shift: float) -> PageTable:
    """Make the part of a table that stands on a page, which was moved down so far."""
    cells = [cell._replace(row=at, box=_lower(cell.box, -shift)) for at, row in enumerate(rows) for cell in row]
    return PageTable(surrounding([cell.box for cell in cells]), edges, tuple(cells), len(rows), False)


def _lower(box: Box, shift: float) -> Box:
    return Box(box.left, box.top + shift, box.right, box.bottom + shift)


def _moved(segment: Segment, shift: float) -> Segment:
    words = tuple(word._replace(box=_lower(word.box, shift)) for word in segment.words)
    return segment._replace(box=_lower(segment.box, shift), words=words)


# --- lines --------------------------------------------------------------------------------------------------------------------


def _parted(line: Sequence[Segment]) -> list[Segment]:
    """Part figures from what stands close before them: wide figures, labels that fill their column."""
    pieces: list[Segment] = []
    for segment in line:
        found = parted(segment.words, _CLOSE * segment.height)
        figures = list(takewhile(lambda piece: is_figure(piece.text), reversed(found)))
        label = [word for piece in found[: len(found) - len(figures)] for word in piece.words]
        if label:
            pieces.append(segment_of(label))
        pieces += reversed(figures)
    return pieces


def _lines(number: int, page: Sequence[list[Segment]]) -> Iterator[_Line]:
    """Yield the lines of a page.

    A figure in a bracket that began in a line above (22（其中修订 / 16件）) is read by nobody as one of the table.
    """
    lines = [_parted(line) for line in page]
    brackets = [segment for line in lines for segment in line if _BRACKET.search(segment.text)]
    for source, segments in zip(page, lines, strict=True):
        figures: list[Segment] = []
        texts: list[Segment] = []
        for segment in segments:
            if not is_figure(segment.text):
                texts.append(segment)
            elif _depth(segment, brackets) > 0:
                texts.append(segment_of([word._replace(text=NO_TEXT) for word in segment.words]))
            else:
                figures.append(segment)
        yield _Line(number, source, figures, texts)


def _depth(segment: Segment, brackets: Iterable[Segment]) -> int:
    """Return how many brackets that were opened above are still open."""
    depth = 0
    for other in brackets:
        below = segment.box.y - other.box.y
        if 0 < below < _LONGEST_REMARK * other.height and shared(other.box, segment.box) > 0.5:
            depth += sum(1 if bracket in "(（" else -1 for bracket in _BRACKET.findall(other.text))
    return depth


def _runs(lines: Sequence[_Line]) -> list[list[_Line]]:
    """Return stretches of lines without prose and headings that are tables, each up to its last row of figures."""
    usual = median([s.height for line in lines for s in line.main] or [0.0])
    segments = chain.from_iterable(line.source for line in lines)
    width = surrounding([segment.box for segment in segments] or [Box(0, 0, 0, 0)]).width

    def is_text(line: _Line) -> bool:
        if line.figures:
            return False
        first, *others = line.texts
        is_heading = not others and (first.height > _HEADING * usual or bool(SECTION.fullmatch(first.text)))
        return is_heading or max(segment.box.width for segment in line.texts) > _PROSE_WIDTH * width

    runs = []
    for run in split(lines, lambda one, other: is_text(one) == is_text(other)):
        figures = [len(line.figures) * line.is_row for line in run]
        is_large = np.count_nonzero(figures) >= _FEWEST_ROWS or max(figures) >= _FEWEST_FIGURES
        if is_large and sum(len(line.texts) for line in run) <= _MOST_TEXTS:
            runs.append(run[: int(np.flatnonzero(figures)[-1]) + 1])
    return runs


# --- columns ------------------------------------------------------------------------------------------------------------------


def _under(spans: Sequence[_Span], box: Box) -> list[int]:
    """Return the columns or labels, from left to right, that a box overlaps."""
    left, right = np.array(spans).reshape(-1, 2).T
    return np.flatnonzero((box.left < right) & (left < box.right)).tolist()


def _closest(columns: Sequence[_Span], box: Box) -> int:
    """Return the column under the middle of a box, or beside it."""
    return int(np.abs(np.sum(columns, axis=1) - box.left - box.right).argmin())


def _own(columns: Sequence[_Span], box: Box) -> _Columns:
    """Return the columns that a box overlaps, or the closest one."""
    under = _under(columns, box) or [_closest(columns, box)]
    return under[0], under[-1] + 1


# --- tables -------------------------------------------------------------------------------------------------------------------


def _borderless_table(lines: Sequence[_Line], pitch: float) -> tuple[tuple[float, ...], list[list[PageCell]]]:
    """Return the edges of the columns and the rows of a table: figures make the rows, labels join the row beside them."""
    rows = sorted((line for line in lines if line.is_row), key=attrgetter("middle"))
    columns = united((figure.box.left, figure.box.right) for row in rows for figure in row.figures)
    texts = [text for line in lines for text in (line.texts if line.is_row else [*line.figures, *line.texts])]
    # what stands left of the first column of figures is a stub, unless it stands over that column as well
    is_stub = [text.box.left < columns[0][0] and not _under(columns, text.box) for text in texts]
    stubs = list(compress(texts, is_stub))
    stub_columns = _stub_columns(stubs)
    left = len(stub_columns)
    every = [*stub_columns, *columns]
    half = lines[0].main[0].height / 2
    placed: list[tuple[float, PageCell]] = []

    def place(middle: float, span: _Columns, segments: Sequence[Segment]) -> None:
        blank = Box(every[span[0]][0], middle - half, every[span[1] - 1][1], middle + half)
        around = surrounding([segment.box for segment in segments] or [blank])
        text = cell_of([word for segment in segments for word in segment.words])
        placed.append((middle, PageCell(around, 0, span[0], 1, span[1] - span[0], *text)))

    for label in _labels(stubs, rows, pitch):
        place(label.beside or label.box.y, _own(stub_columns, label.box), label.segments)
    labels = sorted(_labels(list(compress(texts, map(not_, is_stub))), rows, pitch), key=lambda label: label.box.y)
    printed: dict[tuple[float, int], list[Segment]] = {}
    for row in rows:
        for figure in row.figures:
            printed.setdefault((row.middle, _closest(columns, figure.box)), []).append(figure)
    with_figures = list(printed)
    for label in labels:
        if label.beside is not None:
            # a figure with a remark may take several lines, between which the other figures of its row stand
            printed.setdefault((label.beside, _closest(columns, label.box)), []).extend(label.segments)
    middles = [row.middle for row in rows]
    headers = [label for label in labels if label.beside is None]
    row_below = np.searchsorted(middles, [label.box.y for label in headers])
    # each header, and the rows below it up to the next one
    for first, end in pairwise([*sorted({0, *row_below.tolist()}), len(rows)]):
        used = sorted({column for middle, column in with_figures if middle in middles[first:end]})
        header = list(compress(headers, row_below == first))
        spans, slots = _header(header, columns, used)
        for label, (begin, after) in zip(header, spans, strict=True):
            place(label.box.y, (begin + left, after + left), label.segments)
        for middle, (begin, after) in product(middles[first:end], slots):
            # two figures in one place are none
            inside = [segment for column in range(begin, after) for segment in printed.get((middle, column), ())]
            place(middle, (begin + left, after + left), inside)
    placed.sort(key=lambda item: (item[0], item[1].column))
    grid = split(placed, lambda one, other: other[0] - one[0] <= half)
    right = max(segment.box.right for line in lines for segment in line.source)
    edges = (*(begin for begin, _ in every), right)
    return edges, [sorted((cell for _, cell in row), key=attrgetter("column", "colspan")) for row in grid]


def _stub_columns(segments: Iterable[Segment]) -> list[_Span]:
    """Return the columns of labels, from left to right; a label that runs over several of them makes none of its own."""
    spans: list[_Span] = []
    for box in sorted((segment.box for segment in segments), key=lambda box: box.width):
        if len(_under(spans, box)) < 2:
            spans = united([*spans, (box.left, box.right)])
    return spans


def _labels(segments: Sequence[Segment], rows: Sequence[_Line], pitch: float) -> list[_Label]:
    """Join the lines of labels: a number begins another, and no label stands beside two rows."""
    sides = _Sides(segment.box for segment in segments)
    height = np.array([segment.height for segment in segments])
    is_numbered = np.array([bool(NUMBERING.match(segment.text)) for segment in segments], bool)
    # several labels side by side under one are its columns
    is_level = np.abs(np.subtract.outer(sides.y, sides.y)) < _LEVEL * height
    lies_over = sides.is_above(_REACHES).astype(np.float32) @ is_level.astype(np.float32)
    is_close = np.subtract.outer(-sides.y, -sides.y) < np.minimum(_LEADING * height, _CLOSER * pitch)
    goes_on = (lies_over == 1) & is_close & ~is_numbered
    is_above = sides.is_above(0.5)
    middles = np.array([row.middle for row in rows])
    joined: list[list[int]] = []
    for at in np.argsort(sides.top, kind="stable").tolist():
        over = next((label for label in reversed(joined) if is_above[label[-1], at]), [])
        both = [*over, at]
        is_crossed = (sides.top[both].min() <= middles) & (middles <= sides.bottom[both].max())
        if over and goes_on[over[-1], at] and is_crossed.sum() < 2:
            over.append(at)
        else:
            joined.append([at])
    return [_label([segments[at] for at in label], rows, middles) for label in joined]


def _label(segments: list[Segment], rows: Sequence[_Line], middles: _Numbers) -> _Label:
    """Return lines of a label, beside a row or one whose figure goes on in it (11011 / 2（其中修订39件）)."""
    first, box = segments[0], surrounding([segment.box for segment in segments])
    beside = middles[(box.top <= middles) & (middles <= box.bottom)]
    if first.text in _UNITS or (first.text[:1].isdecimal() and not NUMBERING.match(first.text)):
        is_above = (middles < box.top) & (box.top - middles < first.height)
        figures = [(row.middle, figure.box) for row in compress(rows, is_above) for figure in row.figures]
        under = [middle for middle, above in figures if shared(above, first.box) > 0.5]
        beside = np.array([*under, *beside])
    return _Label(segments, box, float(beside[0]) if len(beside) else None)


# --- headers ------------------------------------------------------------------------------------------------------------------


def _header(labels: Sequence[_Label], columns: Sequence[_Span], used: Sequence[int]) -> tuple[list[_Columns], list[_Columns]]:
    """Return the columns of each label of a header, and of each place of the rows below, where figures use some columns."""
    slots = [(at, at + 1) for at in range(len(columns))]
    if not labels:
        return [], slots
    boxes = [label.box for label in labels]
    sides = _Sides(boxes)
    is_beside = sides.is_beside()
    # labels that stand over others, and one alone in its line over the lowest
    is_over = (sides.is_above(0.0) & np.greater.outer(-sides.bottom, -sides.y)).any(axis=1)
    is_alone = np.asarray(~is_beside.any(axis=1))
    is_alone[sides.bottom.argmax()] = False
    leaves = [at for at in np.argsort(sides.x, kind="stable").tolist() if not (is_over[at] or is_alone[at])]
    own = [_own(columns, box) for box in boxes]
    if len(leaves) == len(used) < len(columns):
        # a wide cell may have its label at the left and its figure in the middle
        starts = [0]
        for (before, at), leaf in zip(pairwise(used), leaves[1:], strict=True):
            starts.append(max(min(at, own[leaf][0]), before + 1))
        slots = list(pairwise([*starts, len(columns)]))
    off_left = np.abs(sides.left - np.array(columns)[[first for first, _ in own], 0])
    # labels may begin where their first column does
    known = leaves if np.delete(off_left, leaves).max(initial=0) > _FLUSH else range(len(labels))
    spans = {at: own[at] for at in known}
    if len(leaves) == len(slots):
        spans |= zip(leaves, slots, strict=True)
    middles = [(before[1] + after[0]) / 2 for before, after in pairwise(columns)]
    bounds = np.array([columns[0][0], *middles, columns[-1][1]])
    # those close to the edge of the table leave the least choice
    for at in np.argsort(np.minimum(sides.x - bounds[0], bounds[-1] - sides.x), kind="stable").tolist():
        if at not in spans:
            taken = [spans.get(other, own[other]) for other in np.flatnonzero(is_beside[at]).tolist()]
            spans[at] = _centred(sides.x[at], bounds, taken) or own[at]
    return [spans[at] for at in range(len(labels))], slots


def _centred(middle: float, bounds: _Numbers, taken: Iterable[_Columns]) -> _Columns | None:
    """Return the most columns over whose middle a label stands, of those that are free."""
    first, end = np.triu_indices(len(bounds), 1)
    off = _OFF_CENTRE * (bounds[-1] - bounds[0]) / (len(bounds) - 1)
    is_free = np.abs((bounds[first] + bounds[end]) / 2 - middle) < off
    for begin, after in taken:
        is_free &= (after <= first) | (end <= begin)
    most = int(np.where(is_free, end - first, 0).argmax())
    return (int(first[most]), int(end[most])) if is_free[most] else None
