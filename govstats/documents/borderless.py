"""Tables without lines: figures that stand under one another, and the labels around them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from govstats.characters import is_figure
from govstats.documents.document import Box
from govstats.documents.page import NUMBERING, PageCell, PageTable, Segment, Word, cell_of, lines_of, surrounding

#: A table has at least so many rows of figures; a single one has at least so many figures (行政复议、行政诉讼).
_FEWEST_ROWS, _FEWEST_FIGURES = 2, 6
#: Prose runs over this share of the width between the margins.
_PROSE_WIDTH = 0.62
#: Lines of one label stand closer than this share of their height; a table parts its rows by more.
_LINE_GAP = 0.45
#: A heading is set so much larger than the rows of a table.
_HEADING = 1.15


class _Line(NamedTuple):
    segments: list[Segment]
    figures: list[Segment]

    @property
    def middle(self) -> float:
        box = self.segments[0].box
        return (box.top + box.bottom) / 2


def borderless_tables(words: Sequence[Word]) -> tuple[list[PageTable], list[Word]]:
    """Find tables by their figures.

    Parameters
    ----------
    words : sequence of Word
        Of a page, outside ruled tables.

    Returns
    -------
    tables : list of PageTable
        From top to bottom. A blank is a place in a row where other rows have a figure.
    rest : list of Word
        Words of the prose around them.
    """
    lines = [_Line(segments, [s for s in segments if is_figure(s.text)]) for segments in lines_of(words)]
    if not lines:
        return [], []
    around = surrounding([segment.box for line in lines for segment in line.segments])
    width = around.right - around.left
    tables: list[PageTable] = []
    taken: set[int] = set()
    for run in _runs(lines, width):
        for part in _parts(run):
            table = _table(part)
            tables.append(table)
            taken |= {id(word) for line in part for segment in line.segments for word in segment.words}
    return tables, [word for word in words if id(word) not in taken]


def _runs(lines: Sequence[_Line], width: float) -> list[list[_Line]]:
    """Return stretches of lines without prose and headings that hold enough figures."""
    height = sorted(s.height for line in lines for s in line.figures or line.segments)
    usual = height[len(height) // 2]
    runs: list[list[_Line]] = [[]]
    for line in lines:
        longest = max(segment.box.right - segment.box.left for segment in line.segments)
        heading = len(line.segments) == 1 and not line.figures and line.segments[0].height > _HEADING * usual
        if heading or (not line.figures and longest > _PROSE_WIDTH * width):
            runs.append([])
        elif len(line.segments) > 1 or len(line.segments[0].text) < 60:
            runs[-1].append(line)
    return [run for run in map(_trimmed, runs) if _is_table(run)]


def _trimmed(run: list[_Line]) -> list[_Line]:
    """Leave out what stands below the last row of figures, but for the end of its label."""
    last = max((number for number, line in enumerate(run) if _is_row(line)), default=-1)
    end = last + 1
    while end < len(run) and last >= 0:
        line, before = run[end], run[end - 1]
        left = min(figure.box.left for figure in run[last].figures)
        beside = all(segment.box.right < left for segment in line.segments)
        if not beside or not _close(before.segments[0].box, line.segments[0].box):
            break
        end += 1
    return run[:end]


def _is_row(line: _Line) -> bool:
    """Tell a row of a table from a page number, or a figure in a list."""
    return len(line.figures) > 1 or (len(line.figures) == 1 and len(line.segments) > 1)


def _is_table(run: Sequence[_Line]) -> bool:
    rows = [line for line in run if _is_row(line)]
    return len(rows) >= _FEWEST_ROWS or any(len(line.figures) >= _FEWEST_FIGURES for line in rows)


def _close(upper: Box, lower: Box) -> bool:
    return lower.top - upper.bottom < _LINE_GAP * max(upper.bottom - upper.top, lower.bottom - lower.top)


def _parts(run: Sequence[_Line]) -> list[list[_Line]]:
    """Part a stretch where figures stand in other columns than above: each part is a table of its own."""
    parts: list[list[_Line]] = [[]]
    columns: list[list[float]] = []
    waiting: list[_Line] = []
    for line in run:
        waiting.append(line)
        if not _is_row(line):
            continue
        grown = _columns([*parts[-1], line])
        if parts[-1] and any(len(_under(grown, f.box)) > 1 for earlier in (*parts[-1], line) for f in earlier.figures):
            parts.append([])
            grown = _columns([line])
        if parts[-1] and _collides(grown, [*parts[-1], line]):
            parts.append([])
        parts[-1] += waiting
        columns, waiting = grown, []
    parts[-1] += waiting
    return [part for part in parts if columns and part]


def _collides(columns: Sequence[Sequence[float]], lines: Sequence[_Line]) -> bool:
    """Tell whether two figures of one row would stand in one column."""
    for line in lines:
        places = [place for figure in _figures(line) for place in _under(columns, figure.box)]
        if len(places) > len(set(places)):
            return True
    return False


def _figures(line: _Line) -> list[Segment]:
    return line.figures if _is_row(line) else []


def _columns(lines: Sequence[_Line]) -> list[list[float]]:
    """Return the intervals in which figures stand under one another, from left to right."""
    spans = sorted([figure.box.left, figure.box.right] for line in lines for figure in _figures(line))
    columns: list[list[float]] = []
    for left, right in spans:
        if columns and left < columns[-1][1]:
            columns[-1][1] = max(columns[-1][1], right)
        else:
            columns.append([left, right])
    return columns


def _under(columns: Sequence[Sequence[float]], box: Box) -> list[int]:
    return [number for number, (left, right) in enumerate(columns) if box.left < right and left < box.right]


class _Label(NamedTuple):
    """Lines of one label, or one line of a header."""

    segments: list[Segment]

    @property
    def box(self) -> Box:
        return surrounding([segment.box for segment in self.segments])


def _table(lines: Sequence[_Line]) -> PageTable:
    """Put the lines of a table into rows and columns: figures make the rows, labels join the row beside them."""
    columns = _columns(lines)
    first = columns[0][0]
    rows = [line for line in lines if _is_row(line)]
    texts = [s for line in lines for s in line.segments if not _is_row(line) or s not in line.figures]
    # what stands left of the first column of figures is a stub, unless it stands over that column as well
    stubs = _labels([s for s in texts if s.box.left < first and not _under(columns, s.box)])
    headers = _labels([s for s in texts if not (s.box.left < first and not _under(columns, s.box))])
    stub_columns = _stub_columns(stubs)
    width = len(stub_columns)
    placed: list[tuple[float, int, int, list[Segment]]] = []
    for row in rows:
        for figure in row.figures:
            (place,) = _under(columns, figure.box)[:1]
            placed.append((row.middle, width + place, 1, [figure]))
        missing = set(range(len(columns))) - {place for figure in row.figures for place in _under(columns, figure.box)}
        placed += [(row.middle, width + place, 1, []) for place in missing]
    for number, label in enumerate(stubs):
        column = next(i for i, column in enumerate(stub_columns) if number in column)
        beside = [row for row in rows if label.box.top <= row.middle <= label.box.bottom]
        nearest = min(beside, key=lambda row: abs(row.middle - _middle(label.box)), default=None)
        innermost = not any(
            other is not label and other.box.left >= label.box.right and _overlaps(other.box, label.box) for other in stubs
        )
        if len(beside) > 1 and not innermost:
            nearest = beside[0]
        placed.append((nearest.middle if nearest else _middle(label.box), column, 1, label.segments))
    for label in headers:
        over = _under(columns, label.box) or [_closest(columns, label.box)]
        placed.append((_middle(label.box), width + over[0], len(over), label.segments))
    heights = sorted({middle for middle, *_ in placed})
    number_of = _row_numbers(heights, [row.middle for row in rows], lines[0].segments[0].height)
    cells = []
    for middle, column, colspan, segments in sorted(placed, key=lambda item: (number_of[item[0]], item[1])):
        row = number_of[middle]
        text, readings, confidence = cell_of([word for segment in segments for word in segment.words])
        box = surrounding([s.box for s in segments]) if segments else _place(columns[column - width], middle, lines[0])
        cells.append(PageCell(text, box, row, column, 1, colspan, readings, confidence))
    around = surrounding([s.box for line in lines for s in line.segments])
    lefts = [min(stubs[n].box.left for n in column) for column in stub_columns] + [column[0] for column in columns]
    return PageTable(around, (*lefts, around.right), tuple(cells), max(number_of.values()) + 1, False)


def _place(column: Sequence[float], middle: float, line: _Line) -> Box:
    half = line.segments[0].height / 2
    return Box(column[0], middle - half, column[1], middle + half)


def _middle(box: Box) -> float:
    return (box.top + box.bottom) / 2


def _overlaps(one: Box, other: Box) -> bool:
    return one.top < other.bottom and other.top < one.bottom


def _closest(columns: Sequence[Sequence[float]], box: Box) -> int:
    middle = (box.left + box.right) / 2
    return min(range(len(columns)), key=lambda number: abs(sum(columns[number]) / 2 - middle))


def _labels(segments: Sequence[Segment]) -> list[_Label]:
    """Join the lines of a label that stand close under one another; a number begins another label."""
    labels: list[_Label] = []
    for segment in sorted(segments, key=lambda segment: segment.box.top):
        for label in reversed(labels):
            box = label.segments[-1].box
            across = min(box.right, segment.box.right) - max(box.left, segment.box.left)
            narrower = min(box.right - box.left, segment.box.right - segment.box.left)
            if across > 0.5 * narrower and _close(box, segment.box) and not NUMBERING.match(segment.text):
                label.segments.append(segment)
                break
        else:
            labels.append(_Label([segment]))
    return labels


def _stub_columns(labels: Sequence[_Label]) -> list[set[int]]:
    """Group labels into columns by where they begin and end."""
    columns: list[tuple[list[float], set[int]]] = []
    order = sorted(range(len(labels)), key=lambda number: labels[number].box.right - labels[number].box.left)
    for number in order:
        box = labels[number].box
        for span, members in columns:
            if box.left < span[1] and span[0] < box.right:
                members.add(number)
                break
        else:
            columns.append(([box.left, box.right], {number}))
    return [members for _, members in sorted(columns, key=lambda column: column[0])]


def _row_numbers(heights: Sequence[float], rows: Sequence[float], height: float) -> dict[float, int]:
    """Number rows from top to bottom; what stands at nearly the same height is one row, rows of figures never join."""
    numbers: dict[float, int] = {}
    number = -1
    start: float | None = None
    has_figures = False
    for at in heights:
        joins = start is not None and at - start < 0.5 * height and not (has_figures and at in rows)
        if not joins:
            number, start, has_figures = number + 1, at, False
        has_figures = has_figures or at in rows
        numbers[at] = number
    return numbers


