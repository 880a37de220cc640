"""Tables without lines: figures make rows and columns, labels join the row beside them or stand over columns."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import compress, groupby, pairwise, product, takewhile
from operator import attrgetter, not_
from statistics import fmean, median
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from govstats.characters import is_figure
from govstats.documents.document import NO_TEXT, Box
from govstats.documents.page import (
    NUMBERING,
    PageCell,
    PageTable,
    Segment,
    cell_of,
    segment_of,
    shared,
    split,
    surrounding,
    united,
)

#: A table has at least so many rows of figures; a single one has at least so many figures (行政复议、行政诉讼).
_FEWEST_ROWS, _FEWEST_FIGURES = 2, 6
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
#: The heading of a table, in whatever size.
_SECTION = re.compile(r"[一二三四五六七八九十]+、\S+情况")

#: Where columns begin and end, in points; and the columns over which something stands, from the first up to the next after it.
_Span = tuple[float, float]
_Columns = tuple[int, int]
_Numbers = NDArray[np.float64]
_Mask = NDArray[np.bool_]


class _Line(NamedTuple):
    """A line of a page, as it was given and with its figures apart."""

    page: int
    source: list[Segment]
    figures: list[Segment]
    texts: list[Segment]

    @property
    def segments(self) -> list[Segment]:
        return [*self.figures, *self.texts]

    @property
    def middle(self) -> float:
        # the line of a group label beside may stand a little higher or lower
        return fmean(segment.box.y for segment in self.figures or self.texts)

    @property
    def is_row(self) -> bool:
        """It is no page number, no figure in a list, and no second line of cells: figures and bare units (10316 / 5件）."""
        has_units = self.texts and {segment.text for segment in self.texts} <= _UNITS
        return bool(self.figures) and len(self.segments) > 1 and not has_units

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
        around = surrounding([segment.box for line in page for segment in line] or [Box(0, 0, 0, 0)])
        shifts.append(begins[-1] - around.top)
        begins.append(begins[-1] + around.height + _PAGE_BREAK)
    runs = [[line.moved(shifts[line.page]) for line in run] for run in _runs(lines)]
    middles = [[line.middle for line in run if line.is_row] for run in runs]
    distances = np.sort(np.concatenate([[], *map(np.diff, middles)]))
    # between rows whose labels have one line
    pitch = float(distances[len(distances) // 5]) if len(distances) else float("inf")
    tables: list[list[PageTable]] = [[] for _ in pages]
    for run in runs:
        edges, grid = _table(run, pitch)
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
    parted: list[Segment] = []
    for segment in line:
        close = _CLOSE * segment.height
        pieces = split(segment.words, lambda one, other, close=close: other.box.left - one.box.right <= close)
        figures = list(takewhile(lambda piece: is_figure(piece.text), map(segment_of, reversed(pieces))))
        label = segment.words[: len(segment.words) - sum(len(figure.words) for figure in figures)]
        if label:
            parted.append(segment_of(label))
        parted += figures[::-1]
    return parted


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
    usual = median([s.height for line in lines for s in line.figures or line.texts] or [0.0])
    width = surrounding([segment.box for line in lines for segment in line.source] or [Box(0, 0, 0, 0)]).width

    def is_text(line: _Line) -> bool:
        if line.figures:
            return False
        first, *others = line.texts
        is_heading = not others and (first.height > _HEADING * usual or bool(_SECTION.fullmatch(first.text)))
        return is_heading or max(segment.box.width for segment in line.texts) > _PROSE_WIDTH * width

    runs = []
    for run in split(lines, lambda one, other: is_text(one) == is_text(other)):
        figures = [len(line.figures) * line.is_row for line in run]
        if np.count_nonzero(figures) >= _FEWEST_ROWS or max(figures) >= _FEWEST_FIGURES:
            runs.append(run[: int(np.flatnonzero(figures)[-1]) + 1])
    return runs


# --- geometry -----------------------------------------------------------------------------------------------------------------


class _Sides:
    """Boxes in columns of numbers, and how pairs of them stand to each other: a row for one, a column for the other."""

    def __init__(self, boxes: Sequence[Box]) -> None:
        self.left, self.top, self.right, self.bottom = np.array(boxes, float).reshape(-1, 4).T
        self.x, self.y = (self.left + self.right) / 2, (self.top + self.bottom) / 2

    def is_above(self, share: float) -> _Mask:
        """Tell whether two stand over one another for more than a share of the narrower one."""
        across = np.minimum.outer(self.right, self.right) - np.maximum.outer(self.left, self.left)
        width = self.right - self.left
        return (across > share * np.minimum.outer(width, width)) & np.less.outer(self.y, self.y)

    def is_beside(self) -> _Mask:
        """Tell whether two stand at one height, for a part of it."""
        beside: _Mask = np.less.outer(self.top, self.bottom) & np.greater.outer(self.bottom, self.top)
        np.fill_diagonal(beside, val=False)
        return beside


def _under(spans: Sequence[_Span], box: Box) -> list[int]:
    """Return the columns or labels, from left to right, that a box overlaps."""
    left, right = np.array(spans).reshape(-1, 2).T
    return np.flatnonzero((box.left < right) & (left < box.right)).tolist()  # type: ignore[no-any-return]


def _closest(columns: Sequence[_Span], box: Box) -> int:
    """Return the column under the middle of a box, or beside it."""
    return int(np.abs(np.sum(columns, axis=1) - box.left - box.right).argmin())


# --- tables -------------------------------------------------------------------------------------------------------------------


def _table(lines: Sequence[_Line], pitch: float) -> tuple[tuple[float, ...], list[list[PageCell]]]:
    """Return the edges of the columns and the rows of a table: figures make the rows, labels join the row beside them."""
    rows = [line for line in lines if line.is_row]
    columns = united((figure.box.left, figure.box.right) for row in rows for figure in row.figures)
    texts = [text for line in lines for text in (line.texts if line.is_row else line.segments)]
    # what stands left of the first column of figures is a stub, unless it stands over that column as well
    is_stub = [text.box.left < columns[0][0] and not _under(columns, text.box) for text in texts]
    stubs = list(compress(texts, is_stub))
    stub_columns = _stub_columns(stubs)
    left = len(stub_columns)
    every = [*stub_columns, *columns]
    half = lines[0].segments[0].height / 2
    placed: list[tuple[float, PageCell]] = []

    def place(middle: float, span: _Columns, segments: Sequence[Segment]) -> None:
        blank = Box(every[span[0]][0], middle - half, every[span[1] - 1][1], middle + half)
        around = surrounding([segment.box for segment in segments] or [blank])
        text = cell_of([word for segment in segments for word in segment.words])
        placed.append((middle, PageCell(around, 0, span[0], 1, span[1] - span[0], *text)))

    for label in _labels(stubs, rows, pitch):
        over = _under(stub_columns, label.box)
        place(label.beside or label.box.y, (over[0], over[-1] + 1), label.segments)
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
    right = max(segment.box.right for line in lines for segment in line.segments)
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
    sides = _Sides([segment.box for segment in segments])
    height = np.array([segment.height for segment in segments])
    is_numbered = np.array([bool(NUMBERING.match(segment.text)) for segment in segments], bool)
    # several labels side by side under one are its columns
    is_level = np.abs(np.subtract.outer(sides.y, sides.y)) < _LEVEL * height
    lies_over = sides.is_above(_REACHES).astype(int) @ is_level
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
    is_alone = ~is_beside.any(axis=1)
    is_alone[sides.bottom.argmax()] = False
    leaves = [at for at in np.argsort(sides.x, kind="stable").tolist() if not (is_over[at] or is_alone[at])]
    own = [_under(columns, box) or [_closest(columns, box)] for box in boxes]
    if len(leaves) == len(used) < len(columns):
        # a wide cell may have its label at the left and its figure in the middle
        starts = [0]
        for (before, at), leaf in zip(pairwise(used), leaves[1:], strict=True):
            starts.append(max(min(at, own[leaf][0]), before + 1))
        slots = list(pairwise([*starts, len(columns)]))
    own_spans = [(under[0], under[-1] + 1) for under in own]
    off_left = np.abs(sides.left - np.array(columns)[[under[0] for under in own], 0])
    # labels may begin where their first column does
    known = leaves if np.delete(off_left, leaves).max(initial=0) > _FLUSH else range(len(labels))
    spans = {at: own_spans[at] for at in known}
    if len(leaves) == len(slots):
        spans |= zip(leaves, slots, strict=True)
    middles = [(before[1] + after[0]) / 2 for before, after in pairwise(columns)]
    bounds = np.array([columns[0][0], *middles, columns[-1][1]])
    # those close to the edge of the table leave the least choice
    for at in np.argsort(np.minimum(sides.x - bounds[0], bounds[-1] - sides.x), kind="stable").tolist():
        closest = _closest(columns, boxes[at])
        if at not in spans:
            level = np.flatnonzero(is_beside[at]).tolist()
            nearest = [_closest(columns, boxes[other]) for other in level]
            taken = [spans.get(other, (column, column + 1)) for other, column in zip(level, nearest, strict=True)]
            spans[at] = _centred(sides.x[at], bounds, taken) or (closest, closest + 1)
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
