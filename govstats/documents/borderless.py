"""Tables without lines: figures make rows and columns, labels join the row beside them or stand over columns."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate, chain, combinations, count, groupby, pairwise, takewhile
from statistics import fmean, median
from typing import NamedTuple

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
#: A label that reaches over so much of others side by side stands over them all.
_REACHES = 0.1
#: A heading is set so much larger than the rows of a table.
_HEADING = 1.15
#: What may stand alone in the second line of a cell.
_UNITS = frozenset("件 条 次 个 份 人 项 宗 元 万元".split())
#: The heading of a table, in whatever size.
_SECTION = re.compile(r"[一二三四五六七八九十]+、\S+情况")

#: Where something begins and ends: from left to right in points, or in columns.
_Span = tuple[float, float]
_Columns = tuple[int, int]


class _Line(NamedTuple):
    """A line of all pages by its number: figures stand alone."""

    number: int
    segments: list[Segment]
    figures: list[Segment]

    @property
    def middle(self) -> float:
        # the line of a group label beside may stand a little higher or lower
        return fmean(segment.box.y for segment in self.figures or self.segments)

    @property
    def is_row(self) -> bool:
        """It is no page number, no figure in a list, and no second line of cells: figures and bare units (10316 / 5件）."""
        beside = {segment.text for segment in self.segments if segment not in self.figures}
        return bool(self.figures) and len(self.segments) > 1 and not (beside and beside <= _UNITS)


class _Label(NamedTuple):
    """Lines of one label, and the middle of the first row of figures that they stand beside."""

    segments: list[Segment]
    box: Box
    beside: float | None

    @property
    def middle(self) -> float:
        return self.box.y


class _Placed(NamedTuple):
    """What will be a cell: how high it stands, its columns, and its text."""

    middle: float
    columns: _Columns
    segments: Sequence[Segment]


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
    # pages are put under one another, the last line of one just above the first line of the next
    around = [surrounding([s.box for line in page for s in line] or [Box(0, 0, 0, 0)]) for page in pages]
    begins = list(accumulate((box.height + _PAGE_BREAK for box in around), initial=0.0))
    shifts = [begin - box.top for begin, box in zip(begins, around, strict=False)]
    parted = [[p for s in line for p in _parted(s, shift)] for page, shift in zip(pages, shifts, strict=True) for line in page]
    numbered = enumerate(_without_remarks(parted))
    lines = [_Line(number, line, [segment for segment in line if is_figure(segment.text)]) for number, line in numbered]
    runs = _runs(lines, surrounding(around or [Box(0, 0, 0, 0)]))
    distances = sorted(after.middle - row.middle for run in runs for row, after in pairwise(line for line in run if line.is_row))
    # between rows whose labels have one line
    pitch = distances[len(distances) // 5] if distances else float("inf")
    tables: list[list[PageTable]] = [[] for _ in pages]
    for run in runs:
        edges, grid = _table(run, pitch)
        for page, group in groupby(grid, key=lambda row: bisect_right(begins, min(cell.box.top for cell in row) + 0.1) - 1):
            rows = [[cell._replace(box=_moved(cell.box, -shifts[page]), row=at) for cell in row] for at, row in enumerate(group)]
            cells = tuple(chain.from_iterable(rows))
            tables[page].append(PageTable(surrounding([cell.box for cell in cells]), edges, cells, len(rows), False))
    taken = {line.number for run in runs for line in run}
    number = count()
    return tables, [[line for line in page if next(number) not in taken] for page in pages]


def _moved(box: Box, shift: float) -> Box:
    return Box(box.left, box.top + shift, box.right, box.bottom + shift)


# --- lines --------------------------------------------------------------------------------------------------------------------


def _parted(segment: Segment, shift: float) -> list[Segment]:
    """Move a segment down, and part figures from what stands close before them: wide figures, labels that fill their column."""
    words = [word._replace(box=_moved(word.box, shift)) for word in segment.words]
    close = _CLOSE * segment.height
    pieces = [segment_of(piece) for piece in split(words, lambda one, other: other.box.left - one.box.right <= close)]
    figures = list(takewhile(lambda piece: is_figure(piece.text), reversed(pieces)))
    label = words[: len(words) - sum(len(figure.words) for figure in figures)]
    return [segment_of(piece) for piece in (label, *(figure.words for figure in reversed(figures))) if piece]


def _without_remarks(lines: Sequence[Sequence[Segment]]) -> list[list[Segment]]:
    """Let figures in a bracket that began in a line above (22（其中修订 / 16件）) be read by nobody as those of the table."""
    brackets = [segment for line in lines for segment in line if _brackets(segment)]

    def masked(segment: Segment) -> Segment:
        near = (s for s in brackets if 0 < segment.box.y - s.box.y < _LONGEST_REMARK * s.height)
        opened = sum(_brackets(s) for s in near if shared(s.box, segment.box) > 0.5)
        is_remark = opened > 0 and is_figure(segment.text)
        return segment_of([word._replace(text=NO_TEXT) for word in segment.words]) if is_remark else segment

    return [list(map(masked, line)) for line in lines]


def _brackets(segment: Segment) -> int:
    return sum((character in "(（") - (character in ")）") for character in segment.text)


def _runs(lines: Sequence[_Line], around: Box) -> list[list[_Line]]:
    """Return stretches of lines without prose and headings that are tables, each up to its last row of figures."""
    usual = median([s.height for line in lines for s in line.figures or line.segments] or [0.0])

    def is_text(line: _Line) -> bool:
        first = line.segments[0]
        is_heading = len(line.segments) == 1 and (first.height > _HEADING * usual or _SECTION.fullmatch(first.text) is not None)
        widest = max(segment.box.width for segment in line.segments)
        return not line.figures and (is_heading or widest > _PROSE_WIDTH * around.width)

    runs = []
    for run in split(lines, lambda one, other: is_text(one) == is_text(other)):
        rows = [at for at, line in enumerate(run) if line.is_row]
        if len(rows) >= _FEWEST_ROWS or max((len(run[at].figures) for at in rows), default=0) >= _FEWEST_FIGURES:
            runs.append(run[: rows[-1] + 1])
    return runs


# --- geometry -----------------------------------------------------------------------------------------------------------------


def _across(box: Box) -> _Span:
    return box.left, box.right


def _overlaps(one: Box, other: Box) -> bool:
    return one.top < other.bottom and other.top < one.bottom


def _above(upper: Box, lower: Box, share: float = 0.5) -> bool:
    """Tell whether two lines stand over one another for a share of the shorter one."""
    return shared(upper, lower) > share and upper.y < lower.y


def _under(spans: Sequence[_Span], span: _Span) -> list[int]:
    """Return the columns or labels, from left to right, that a span of the page overlaps."""
    return [number for number, (left, right) in enumerate(spans) if span[0] < right and left < span[1]]


def _closest(columns: Sequence[_Span], box: Box) -> int:
    """Return the column under the middle of a box, or beside it."""
    return min(range(len(columns)), key=lambda number: abs(sum(columns[number]) - box.left - box.right))


# --- tables -------------------------------------------------------------------------------------------------------------------


def _table(lines: Sequence[_Line], pitch: float) -> tuple[tuple[float, ...], list[list[PageCell]]]:
    """Return the edges of the columns and the rows of a table: figures make the rows, labels join the row beside them."""
    rows = [line for line in lines if line.is_row]
    columns = united(_across(figure.box) for row in rows for figure in row.figures)
    texts = [s for line in lines for s in line.segments if not (line.is_row and s in line.figures)]
    # what stands left of the first column of figures is a stub, unless it stands over that column as well
    stubs = [s for s in texts if s.box.left < columns[0][0] and not _under(columns, _across(s.box))]
    stub_columns = _stub_columns(stubs)
    left = len(stub_columns)
    placed = []
    for label in _labels(stubs, rows, pitch):
        over = _under(stub_columns, _across(label.box))
        placed.append(_Placed(label.beside or label.middle, (over[0] - left, over[-1] + 1 - left), label.segments))
    labels = _labels([s for s in texts if s not in stubs], rows, pitch)
    headers = [label for label in labels if label.beside is None]
    in_order: list[_Label | _Line] = sorted([*headers, *rows], key=lambda item: item.middle)
    # a header, and the rows below it up to the next one
    for part in split(in_order, lambda one, other: isinstance(one, _Label) or isinstance(other, _Line)):
        section = [item for item in part if isinstance(item, _Label)]
        below = [item for item in part if isinstance(item, _Line)]
        used = sorted({_closest(columns, figure.box) for row in below for figure in row.figures})
        spans, slots = _header(section, columns, used)
        placed += [_Placed(label.middle, span, label.segments) for label, span in zip(section, spans, strict=True)]
        for row in below:
            # a figure with a remark may take several lines, between which the other figures of its row stand
            printed = [(_closest(columns, figure.box), [figure]) for figure in row.figures]
            printed += [(_closest(columns, label.box), label.segments) for label in labels if label.beside == row.middle]
            for slot in slots:
                # two figures in one place are none
                inside = [s for at, pieces in printed if slot[0] <= at < slot[1] for s in pieces]
                placed.append(_Placed(row.middle, slot, inside))
    every = [*stub_columns, *columns]
    right = max(segment.box.right for line in lines for segment in line.segments)
    return (*(begin for begin, _ in every), right), _rows(placed, every, left)


def _rows(placed: Sequence[_Placed], columns: Sequence[_Span], left: int) -> list[list[PageCell]]:
    """Make rows of cells of what stands in columns, of which so many are left of the figures."""
    half = placed[0].segments[0].height / 2
    rows = split(sorted(placed, key=lambda item: item.middle), lambda one, other: other.middle - one.middle <= half)

    def cell(item: _Placed) -> PageCell:
        middle, (first, end), segments = item
        blank = Box(columns[first + left][0], middle - half, columns[end + left - 1][1], middle + half)
        around = surrounding([segment.box for segment in segments] or [blank])
        text = cell_of([word for segment in segments for word in segment.words])
        return PageCell(around, 0, first + left, 1, end - first, *text)

    return [[cell(item) for item in sorted(row, key=lambda item: item.columns)] for row in rows]


def _stub_columns(segments: Iterable[Segment]) -> list[_Span]:
    """Return the columns of labels, from left to right; a label that runs over several of them makes none of its own."""
    spans: list[_Span] = []
    for span in sorted((_across(segment.box) for segment in segments), key=lambda span: span[1] - span[0]):
        if len(_under(spans, span)) < 2:
            spans = united([*spans, span])
    return spans


def _labels(segments: Sequence[Segment], rows: Sequence[_Line], pitch: float) -> list[_Label]:
    """Join the lines of labels: a number begins another, and no label stands beside two rows."""
    joined: list[list[Segment]] = []

    def goes_on(label: Sequence[Segment], segment: Segment) -> bool:
        last = label[-1].box
        around = surrounding([part.box for part in (*label, segment)])
        # several labels side by side under one are its columns
        level = [other.box for other in segments if abs(other.box.y - segment.box.y) < _LEVEL * segment.height]
        return (
            sum(_above(last, box, _REACHES) for box in level) == 1
            and not NUMBERING.match(segment.text)
            and segment.box.y - last.y < min(_LEADING * segment.height, _CLOSER * pitch)
            and sum(around.top <= row.middle <= around.bottom for row in rows) < 2
        )

    for segment in sorted(segments, key=lambda segment: segment.box.top):
        over = next((label for label in reversed(joined) if _above(label[-1].box, segment.box)), None)
        if over and goes_on(over, segment):
            over.append(segment)
        else:
            joined.append([segment])
    boxes = [surrounding([segment.box for segment in label]) for label in joined]
    besides = [_row_beside(label[0], box, rows) for label, box in zip(joined, boxes, strict=True)]
    return [_Label(*label) for label in zip(joined, boxes, besides, strict=True)]


def _row_beside(first: Segment, box: Box, rows: Sequence[_Line]) -> float | None:
    """Return the middle of the row that a label stands beside, or whose figure goes on in it (11011 / 2（其中修订39件）)."""
    goes_on = first.text in _UNITS or (first.text[:1].isdecimal() and not NUMBERING.match(first.text))
    above = [row for row in rows if goes_on and 0 < box.top - row.middle < first.height]
    under_figure = (row for row in above if any(_above(figure.box, first.box) for figure in row.figures))
    inside = (row for row in rows if box.top <= row.middle <= box.bottom)
    return next((row.middle for row in chain(under_figure, inside)), None)


# --- headers ------------------------------------------------------------------------------------------------------------------


def _header(labels: Sequence[_Label], columns: Sequence[_Span], used: Sequence[int]) -> tuple[list[_Columns], list[_Columns]]:
    """Return the columns of each label of a header, and of each place of the rows below, where figures use some columns."""
    lowest = max(labels, key=lambda label: label.box.bottom, default=None)
    # labels that stand over no other, but for one alone in its line over the lowest
    over = [one for one in labels if any(o.box.y > one.box.bottom and shared(o.box, one.box) > 0 for o in labels)]
    alone = [one for one in labels if one is not lowest and not any(o is not one and _overlaps(o.box, one.box) for o in labels)]
    leaves = sorted((label for label in labels if label not in over and label not in alone), key=lambda label: label.box.x)
    own = [_under(columns, _across(leaf.box)) or [_closest(columns, leaf.box)] for leaf in leaves]
    slots = [(at, at + 1) for at in range(len(columns))]
    if len(leaves) == len(used) < len(columns):
        # a wide cell may have its label at the left and its figure in the middle
        starts = [0, *(max(min(at, under[0]), before + 1) for (before, at), under in zip(pairwise(used), own[1:], strict=True))]
        slots = list(pairwise([*starts, len(columns)]))
    of_leaves = slots if len(leaves) == len(slots) else [(at[0], at[-1] + 1) for at in own]
    spans = {id(leaf): span for leaf, span in zip(leaves, of_leaves, strict=True)}
    middles = [(before[1] + after[0]) / 2 for before, after in pairwise(columns)]
    bounds = [columns[0][0], *middles, columns[-1][1]]
    # those close to the edge of the table leave the least choice
    for label in sorted(labels, key=lambda label: min(label.box.x - bounds[0], bounds[-1] - label.box.x)):
        if id(label) not in spans:
            level = [other for other in labels if other is not label and _overlaps(other.box, label.box)]
            closest = [_closest(columns, other.box) for other in (label, *level)]
            taken = [spans.get(id(other), (at, at + 1)) for other, at in zip(level, closest[1:], strict=True)]
            spans[id(label)] = _centred(label.box.x, bounds, taken) or (closest[0], closest[0] + 1)
    return [spans[id(label)] for label in labels], slots


def _centred(middle: float, bounds: Sequence[float], taken: Sequence[_Columns]) -> _Columns | None:
    """Return the most columns over whose middle a label stands, of those that are free."""
    off = _OFF_CENTRE * (bounds[-1] - bounds[0]) / (len(bounds) - 1)
    free = [span for span in combinations(range(len(bounds)), 2) if not _under(taken, span)]
    found = [(first, end) for first, end in free if abs((bounds[first] + bounds[end]) / 2 - middle) < off]
    return max(found, key=lambda span: span[1] - span[0], default=None)
