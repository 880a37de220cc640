"""Tables without lines: figures that stand under one another, and the labels around them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from govstats.characters import is_figure
from govstats.documents.document import Box
from govstats.documents.page import NUMBERING, PageCell, PageTable, Segment, Word, cell_of, lines_of, segment_of, surrounding

#: A table has at least so many rows of figures; a single one has at least so many figures (行政复议、行政诉讼).
_FEWEST_ROWS, _FEWEST_FIGURES = 2, 6
#: Prose runs over this share of the width between the margins.
_PROSE_WIDTH = 0.62
#: Lines of one label stand closer than this share of their height; a table parts its rows by more.
_LINE_GAP = 0.45
#: So many labels that begin under one another are a column.
_MANY_BEGIN = 3
#: A heading is set so much larger than the rows of a table.
_HEADING = 1.15


class _Line(NamedTuple):
    segments: list[Segment]
    figures: list[Segment]

    @property
    def middle(self) -> float:
        box = self.segments[0].box
        return (box.top + box.bottom) / 2


def borderless_tables(pages: Sequence[Sequence[Word]]) -> tuple[list[list[PageTable]], list[list[Word]]]:
    """Find tables by their figures.

    Parameters
    ----------
    pages : sequence of sequence of Word
        For each page its words outside ruled tables, without page numbers.

    Returns
    -------
    tables : list of list of PageTable
        For each page from top to bottom. A table that goes on over pages is found as one, and parted with the same columns.
        A blank is a place in a row where other rows have a figure.
    rest : list of list of Word
        Words of the prose around them.
    """
    scroll = _Scroll(pages)
    lines = [_Line(segments, [s for s in segments if is_figure(s.text)]) for segments in scroll.lines]
    tables: list[list[PageTable]] = [[] for _ in pages]
    if not any(_is_row(line) for line in lines):
        return tables, [list(words) for words in pages]
    around = surrounding([segment.box for line in lines for segment in line.segments])
    taken: set[Word] = set()
    for run in _runs(lines, around.right - around.left):
        for part in _parts(run):
            for number, table in scroll.parted(_table(part)):
                tables[number].append(table)
            taken |= {word for line in part for segment in line.segments for word in segment.words}
    return tables, [[word for word, at in scroll.words[number] if at not in taken] for number in range(len(pages))]


class _Scroll:
    """Pages put under one another, the last line of one just above the first line of the next."""

    def __init__(self, pages: Sequence[Sequence[Word]]) -> None:
        self.words: list[list[tuple[Word, Word]]] = []
        self.lines: list[list[Segment]] = []
        self._begins: list[float] = []
        self._shifts: list[float] = []
        end = 0.0
        for words in pages:
            top = min((word.box.top for word in words), default=0.0)
            shift = end - top
            moved = [word._replace(box=_moved(word.box, shift)) for word in words]
            self.words.append(list(zip(words, moved, strict=True)))
            self.lines += lines_of(moved)
            self._begins.append(end)
            self._shifts.append(shift)
            height = max((word.box.bottom - word.box.top for word in words), default=0.0)
            end = max((word.box.bottom for word in moved), default=end) + height

    def parted(self, table: PageTable) -> list[tuple[int, PageTable]]:
        """Part a table where a page ends; return page numbers from 0, and the parts with boxes on their pages."""
        page_of = {
            row: bisect_right(self._begins, min(cell.box.top for cell in table.cells if cell.row == row) + 0.1) - 1
            for row in range(table.rows)
        }
        parts = []
        for page in sorted(set(page_of.values())):
            rows = [row for row, number in page_of.items() if number == page]
            shift = -self._shifts[page]
            cells = [
                cell._replace(row=rows.index(cell.row), box=_moved(cell.box, shift)) for cell in table.cells if cell.row in rows
            ]
            box = surrounding([cell.box for cell in cells])
            parts.append((page, PageTable(box, table.edges, tuple(cells), len(rows), False)))
        return parts


def _moved(box: Box, shift: float) -> Box:
    return Box(box.left, box.top + shift, box.right, box.bottom + shift)


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
    texts = [part for segment in texts for part in _torn_apart(segment, texts)]
    # what stands left of the first column of figures is a stub, unless it stands over that column as well
    stubs = _labels([s for s in texts if s.box.left < first and not _under(columns, s.box)])
    headers = _labels([s for s in texts if not (s.box.left < first and not _under(columns, s.box))])
    spans, stub_places = _stub_columns(stubs)
    width = len(spans)
    placed: list[tuple[float, int, int, list[Segment]]] = []
    header_spans = _spans(columns, headers)
    for row in rows:
        figures = {_under(columns, figure.box)[0]: figure for figure in row.figures}
        for place, colspan in _cells_of(row, figures, len(columns), headers, header_spans):
            within = [figure for at, figure in figures.items() if place <= at < place + colspan]
            placed.append((row.middle, width + place, colspan, within))
    for label, (column, colspan) in zip(stubs, stub_places, strict=True):
        beside = [row for row in rows if label.box.top <= row.middle <= label.box.bottom]
        nearest = min(beside, key=lambda row: abs(row.middle - _middle(label.box)), default=None)
        innermost = not any(other.box.left >= label.box.right and _overlaps(other.box, label.box) for other in stubs)
        if len(beside) > 1 and not innermost:
            nearest = beside[0]
        placed.append((nearest.middle if nearest else _middle(label.box), column, colspan, label.segments))
    for label, (place, colspan) in zip(headers, header_spans, strict=True):
        placed.append((_middle(label.box), width + place, colspan, label.segments))
    heights = sorted({middle for middle, *_ in placed})
    number_of = _row_numbers(heights, [row.middle for row in rows], lines[0].segments[0].height)
    cells = []
    for middle, column, colspan, segments in sorted(placed, key=lambda item: (number_of[item[0]], item[1])):
        row = number_of[middle]
        text, readings, confidence = cell_of([word for segment in segments for word in segment.words])
        box = surrounding([s.box for s in segments]) if segments else _place(columns[column - width], middle, lines[0])
        cells.append(PageCell(text, box, row, column, 1, colspan, readings, confidence))
    around = surrounding([s.box for line in lines for s in line.segments])
    lefts = [left for left, _ in (*spans, *columns)]
    return PageTable(around, (*lefts, around.right), tuple(cells), max(number_of.values()) + 1, False)


def _cells_of(
    row: _Line, figures: Mapping[int, Segment], columns: int, headers: Sequence[_Label], spans: Sequence[tuple[int, int]]
) -> Iterator[tuple[int, int]]:
    """Yield the places of a row and how many columns they run over: one figure under a wide header is one cell."""
    place = 0
    while place < columns:
        above = [
            (label.box.bottom, span)
            for label, span in zip(headers, spans, strict=True)
            if span[0] == place and label.box.bottom <= row.middle
        ]
        over = [
            (label.box.bottom, span)
            for label, span in zip(headers, spans, strict=True)
            if span[0] <= place < sum(span) and label.box.bottom <= row.middle
        ]
        colspan = max(above)[1][1] if above and max(above) == max(over) else 1
        if sum(place <= at < place + colspan for at in figures) > 1:
            colspan = 1
        yield place, colspan
        place += colspan


def _place(column: Sequence[float], middle: float, line: _Line) -> Box:
    half = line.segments[0].height / 2
    return Box(column[0], middle - half, column[1], middle + half)


def _middle(box: Box) -> float:
    return (box.top + box.bottom) / 2


def _overlaps(one: Box, other: Box) -> bool:
    return one.top < other.bottom and other.top < one.bottom


def _spans(columns: Sequence[Sequence[float]], headers: Sequence[_Label]) -> list[tuple[int, int]]:
    """Return first column and number of columns of each header label: it stands over the middle of its columns.

    Labels at one height grow to both sides alike until they meet another one or the end of the table.
    """
    middles = [(left + right) / 2 for left, right in columns]
    spans = []
    for label in headers:
        centre = (label.box.left + label.box.right) / 2
        over = _under(columns, label.box)
        if len(over) < 2:
            nearest = sorted(range(len(columns)), key=lambda number: abs(middles[number] - centre))[:2]
            between = len(nearest) == 2 and abs(middles[nearest[0]] - centre) > 0.3 * abs(
                middles[nearest[0]] - middles[nearest[1]]
            )
            over = sorted(nearest) if between and not over else over or nearest[:1]
        spans.append([over[0], over[-1]])
    growing = list(range(len(headers)))
    while growing:
        # the narrowest first, so that a long label does not take the columns of a short one
        number = min(growing, key=lambda number: spans[number][1] - spans[number][0])
        first, last = spans[number]
        others = [
            span for other, span in enumerate(spans) if other != number and _overlaps(headers[other].box, headers[number].box)
        ]
        if first == 0 or last == len(columns) - 1 or any(a <= last + 1 and first - 1 <= b for a, b in others):
            growing.remove(number)
        else:
            spans[number] = [first - 1, last + 1]
    return [(first, last - first + 1) for first, last in spans]


def _torn_apart(segment: Segment, texts: Sequence[Segment]) -> list[Segment]:
    """Part a segment where others begin under one another: two columns of labels may stand close together."""
    for before, word in pairwise(segment.words):
        begins = sum(abs(other.box.left - word.box.left) < 0.15 * segment.height for other in texts)
        if begins >= _MANY_BEGIN and word.box.left - before.box.right > 0.1 * segment.height:
            at = segment.words.index(word)
            return [segment_of(segment.words[:at]), *_torn_apart(segment_of(segment.words[at:]), texts)]
    return [segment]


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


def _stub_columns(labels: Sequence[_Label]) -> tuple[list[list[float]], list[tuple[int, int]]]:
    """Return the columns of labels, and for each label its first column and how many it runs over."""
    spans: list[list[float]] = []

    def over(box: Box) -> list[int]:
        return [number for number, (left, right) in enumerate(spans) if box.left < right and left < box.right]

    for label in sorted(labels, key=lambda label: label.box.right - label.box.left):
        columns = over(label.box)
        if not columns:
            spans.append([label.box.left, label.box.right])
        elif len(columns) == 1:
            span = spans[columns[0]]
            span[:] = min(span[0], label.box.left), max(span[1], label.box.right)
    spans.sort()
    return spans, [(over(label.box)[0], len(over(label.box))) for label in labels]


def _row_numbers(heights: Sequence[float], rows: Sequence[float], height: float) -> dict[float, int]:
    """Return the row at each height; what stands at nearly the same height is one row, but rows of figures never join."""
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
