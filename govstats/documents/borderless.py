"""Tables without lines: figures that stand under one another, and the labels around them."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import combinations, pairwise
from statistics import median
from typing import NamedTuple

from govstats.characters import is_figure
from govstats.documents.document import NO_TEXT, Box
from govstats.documents.page import NUMBERING, PageCell, PageTable, Segment, Word, are_two, cell_of, segment_of, surrounding

#: A table has at least so many rows of figures; a single one has at least so many figures (行政复议、行政诉讼).
_FEWEST_ROWS, _FEWEST_FIGURES = 2, 6
#: Prose runs over this share of the width between the margins.
_PROSE_WIDTH = 0.62
#: Lines of one label stand closer than this, in heights of their characters, and closer than the rows of the table by a bit.
_LEADING, _CLOSER = 2.0, 0.93
#: Figures stand at least so far apart, in heights of their characters.
_CLOSE = 0.18
#: So many labels that begin under one another are a column.
_MANY_BEGIN = 3
#: So much of a column may lie between the middle of a header label and the middle of its columns.
_OFF_CENTRE = 0.3
#: A label that reaches over so much of others side by side stands over them all.
_REACHES = 0.3
#: A heading is set so much larger than the rows of a table.
_HEADING = 1.15
#: A remark ends so far below its bracket, in heights of its characters.
_LONGEST_REMARK = 5.0
#: A row that has so many more figures than the table above has columns is of another table.
_MANY_MORE = 4
#: The heading of a table, in whatever size.
_SECTION = re.compile(r"[一二三四五六七八九十]+、\S+情况")


class _Line(NamedTuple):
    segments: list[Segment]
    figures: list[Segment]

    @property
    def middle(self) -> float:
        # the line of a group label beside may stand a little higher or lower
        return median(_middle(segment.box) for segment in self.figures or self.segments)


def _line(segments: Sequence[Segment]) -> _Line:
    """Part figures from what stands close before them: wide figures, and labels that fill their column."""
    parted = []
    for segment in segments:
        ends: list[Segment] = []
        words, apart = segment.words, _CLOSE * segment.height
        while len(words) > 1:
            begin = next((at for at in range(len(words) - 1, 0, -1) if _gap(words, at) > apart), 0)
            if not begin or not is_figure(segment_of(words[begin:]).text) or are_two(words[begin - 1], words[begin]):
                break
            ends.insert(0, segment_of(words[begin:]))
            words = words[:begin]
        parted += [segment_of(words), *ends]
    return _Line(parted, [segment for segment in parted if is_figure(segment.text)])


def _without_remarks(lines: Sequence[_Line]) -> list[_Line]:
    """Let figures in a bracket that began in a line above (22（其中修订 / 16件）) be read by nobody as those of the table."""
    opened: list[Segment] = []
    kept = []
    for line in lines:
        opened = [above for above in opened if line.middle - _middle(above.box) < _LONGEST_REMARK * above.height]
        inside = [segment for segment in line.segments if any(_above(above.box, segment.box) for above in opened)]
        segments = [_masked(segment) if segment in inside and segment in line.figures else segment for segment in line.segments]
        kept.append(_Line(segments, [figure for figure in line.figures if figure not in inside]))
        closed = [segment for segment in inside if _brackets(segment) < 0]
        opened = [above for above in opened if not any(_above(above.box, segment.box) for segment in closed)]
        opened += [segment for segment in line.segments if _brackets(segment) > 0]
    return kept


def _masked(segment: Segment) -> Segment:
    return segment_of([word._replace(text=NO_TEXT) for word in segment.words])


def _brackets(segment: Segment) -> int:
    return sum((character in "(（") - (character in ")）") for character in segment.text)


def _gap(words: Sequence[Word], at: int) -> float:
    return words[at].box.left - words[at - 1].box.right


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
    tables: list[list[PageTable]] = [[] for _ in pages]
    rest = [list(lines) for lines in pages]
    parted = [_without_remarks([_line(line) for line in lines]) for lines in pages]
    if not _is_table([line for lines in parted for line in lines]):
        return tables, rest
    scroll = _Scroll(parted)
    around = surrounding([segment.box for line in scroll.lines for segment in line.segments])
    runs = _runs(scroll.lines, around.right - around.left)
    pitch = _pitch(runs)
    taken = set()
    for run in runs:
        for part in _parts(run):
            for number, table in scroll.parted(_table(part, pitch)):
                tables[number].append(table)
            taken |= {id(line) for line in part}
    at = iter(scroll.lines)
    return tables, [[line for line in lines if id(next(at)) not in taken] for lines in rest]


class _Scroll:
    """Pages put under one another, the last line of one just above the first line of the next."""

    def __init__(self, pages: Sequence[Sequence[_Line]]) -> None:
        self.lines: list[_Line] = []
        self._begins: list[float] = []
        self._shifts: list[float] = []
        end = 0.0
        for lines in pages:
            boxes = [segment.box for line in lines for segment in line.segments]
            shift = end - min((box.top for box in boxes), default=0.0)
            self.lines += [_lower(line, shift) for line in lines]
            self._begins.append(end)
            self._shifts.append(shift)
            height = max((box.bottom - box.top for box in boxes), default=0.0)
            end = max((box.bottom + shift for box in boxes), default=end) + height

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


def _lower(line: _Line, shift: float) -> _Line:
    segments = []
    for segment in line.segments:
        words = tuple(Word(word.text, _moved(word.box, shift), word.readings, word.confidence) for word in segment.words)
        segments.append(Segment(segment.text, _moved(segment.box, shift), words))
    figures = [moved for moved, segment in zip(segments, line.segments, strict=True) if segment in line.figures]
    return _Line(segments, figures)


def _moved(box: Box, shift: float) -> Box:
    return Box(box.left, box.top + shift, box.right, box.bottom + shift)


def _runs(lines: Sequence[_Line], width: float) -> list[list[_Line]]:
    """Return stretches of lines without prose and headings that hold enough figures."""
    height = sorted(s.height for line in lines for s in line.figures or line.segments)
    usual = height[len(height) // 2]
    runs: list[list[_Line]] = [[]]
    for line in lines:
        longest = max(segment.box.right - segment.box.left for segment in line.segments)
        first = line.segments[0]
        heading = (
            len(line.segments) == 1
            and not line.figures
            and (first.height > _HEADING * usual or _SECTION.fullmatch(first.text) is not None)
        )
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
        numbered = any(NUMBERING.match(segment.text) for segment in line.segments)
        if not beside or numbered or line.middle - before.middle > _LEADING * line.segments[0].height:
            break
        end += 1
    return run[:end]


def _pitch(runs: Sequence[Sequence[_Line]]) -> float:
    """Return the distance between rows whose labels have one line; 0 where there are no two rows."""
    distances = sorted(after.middle - row.middle for run in runs for row, after in pairwise(filter(_is_row, run)))
    return distances[len(distances) // 5] if distances else 0.0


def _is_row(line: _Line) -> bool:
    """Tell a row of a table from a page number, or a figure in a list."""
    return len(line.figures) > 1 or (len(line.figures) == 1 and len(line.segments) > 1)


def _is_table(run: Sequence[_Line]) -> bool:
    rows = [line for line in run if _is_row(line)]
    return len(rows) >= _FEWEST_ROWS or any(len(line.figures) >= _FEWEST_FIGURES for line in rows)


def _parts(run: Sequence[_Line]) -> list[list[_Line]]:
    """Part a stretch where a header begins another table, whose row has many more figures than the columns above."""
    parts: list[list[_Line]] = [[]]
    waiting: list[_Line] = []
    for line in run:
        waiting.append(line)
        if _is_row(line):
            columns = _columns(parts[-1])
            has_header = any(s.box.right > columns[0][0] for above in waiting[:-1] for s in above.segments) if columns else False
            if has_header and len(line.figures) >= len(columns) + _MANY_MORE:
                parts.append([])
            parts[-1] += waiting
            waiting = []
    parts[-1] += waiting
    return parts


def _figures(line: _Line) -> list[Segment]:
    return line.figures if _is_row(line) else []


def _columns(lines: Sequence[_Line]) -> list[tuple[float, float]]:
    """Return the intervals in which figures stand under one another, from left to right."""
    return _joined(_spans_of(lines))


def _spans_of(lines: Sequence[_Line]) -> list[tuple[float, float]]:
    return [(figure.box.left, figure.box.right) for line in lines for figure in _figures(line)]


def _joined(spans: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    joined: list[tuple[float, float]] = []
    for left, right in sorted(spans):
        if joined and left < joined[-1][1]:
            joined[-1] = joined[-1][0], max(joined[-1][1], right)
        else:
            joined.append((left, right))
    return joined


def _under(spans: Sequence[Sequence[float]], span: Sequence[float]) -> list[int]:
    """Return the columns or labels, from left to right, that a span of the page overlaps."""
    return [number for number, (left, right) in enumerate(spans) if span[0] < right and left < span[1]]


def _across(box: Box) -> tuple[float, float]:
    return box.left, box.right


class _Label(NamedTuple):
    """Lines of one label, or one line of a header."""

    segments: list[Segment]

    @property
    def box(self) -> Box:
        return surrounding([segment.box for segment in self.segments])

    @property
    def pitch(self) -> float:
        """From one line to the next."""
        middles = [_middle(segment.box) for segment in self.segments]
        return max((after - before for before, after in pairwise(middles)), default=float("inf"))

    def row(self, rows: Sequence[_Line], *, innermost: bool) -> _Line | None:
        """Return the row of figures that the label stands beside: a group may stand beside several, a line beside one."""
        beside = [row for row in rows if self.box.top <= row.middle <= self.box.bottom]
        if len(beside) < 2 or not innermost:
            return beside[0] if beside else None
        height = self.segments[0].height
        for at in (_middle(self.box), _middle(self.segments[0].box)):
            near = [row for row in beside if abs(row.middle - at) < 0.35 * height]
            if len(near) == 1:
                return near[0]
        return None


def _table(lines: Sequence[_Line], pitch: float) -> PageTable:
    """Put the lines of a table into rows and columns: figures make the rows, labels join the row beside them."""
    columns = _columns(lines)
    first = columns[0][0]
    rows = [line for line in lines if _is_row(line)]
    texts = [s for line in lines for s in line.segments if not _is_row(line) or s not in line.figures]
    texts = [part for segment in texts for part in _torn_apart(segment, texts)]
    # what stands left of the first column of figures is a stub, unless it stands over that column as well
    stubs = [s for s in texts if s.box.left < first and not _under(columns, _across(s.box))]
    spans = _stub_columns(stubs)
    stub_labels = _stub_labels(stubs, spans, rows, pitch)
    above = _header_labels([s for s in texts if s not in stubs], pitch)
    # a figure with a remark may take several lines, between which the other figures of its row stand
    beside = [(label, row) for label in above if (row := label.row(rows, innermost=True))]
    header_labels = [label for label in above if not any(label is other for other, _ in beside)]
    header_spans = _spans(columns, header_labels)
    paired = _paired(rows, columns, header_labels, header_spans)
    width = len(spans)
    placed: list[tuple[float, int, int, list[Segment]]] = []
    for row in rows:
        printed = [(_under(columns, _across(figure.box))[0], [figure]) for figure in row.figures]
        printed += [(_closest(columns, label.box), label.segments) for label, other in beside if other is row]
        usual = _cells_of(row, [at for at, _ in printed], len(columns), header_labels, header_spans)
        for place, colspan in paired.get(row.middle, usual):
            within = [segments for at, segments in printed if place <= at < place + colspan]
            # two figures in one place are none
            placed.append((row.middle, width + place, colspan, [segment for segments in within for segment in segments]))
    for label in stub_labels:
        over = _under(spans, _across(label.box))
        at = label.row(rows, innermost=over[-1] == width - 1)
        placed.append((at.middle if at else _middle(label.box), over[0], len(over), label.segments))
    for label, (place, colspan) in zip(header_labels, header_spans, strict=True):
        placed.append((_middle(label.box), width + place, colspan, label.segments))
    heights = sorted({middle for middle, *_ in placed})
    number_of = _row_numbers(heights, [row.middle for row in rows], lines[0].segments[0].height)
    cells = []
    for middle, column, colspan, segments in sorted(placed, key=lambda item: (number_of[item[0]], item[1])):
        text, readings, confidence = cell_of([word for segment in segments for word in segment.words])
        box = surrounding([s.box for s in segments]) if segments else _place(columns[column - width], middle, lines[0])
        cells.append(PageCell(text, box, number_of[middle], column, 1, colspan, readings, confidence))
    around = surrounding([s.box for line in lines for s in line.segments])
    lefts = [left for left, _ in (*spans, *columns)]
    return PageTable(around, (*lefts, around.right), tuple(cells), max(number_of.values()) + 1, False)


def _cells_of(
    row: _Line, figures: Sequence[int], columns: int, headers: Sequence[_Label], spans: Sequence[tuple[int, int]]
) -> Iterator[tuple[int, int]]:
    """Yield the places of a row and how many columns they run over: one figure under a wide header is one cell."""
    over = [(label.box.bottom, *span) for label, span in zip(headers, spans, strict=True) if label.box.bottom <= row.middle]
    place = 0
    while place < columns:
        lowest = max((item for item in over if item[1] <= place < item[1] + item[2]), default=None)
        colspan = lowest[2] if lowest and lowest[1] == place else 1
        if sum(place <= at < place + colspan for at in figures) > 1:
            colspan = 1
        yield place, colspan
        place += colspan


def _paired(
    rows: Sequence[_Line], columns: Sequence[Sequence[float]], labels: Sequence[_Label], spans: list[tuple[int, int]]
) -> dict[float, list[tuple[int, int]]]:
    """Return the places of rows that have as many figures as labels over them, by their heights.

    A wide cell may have its label at the left and its figure in the middle. The spans of the labels become those of the figures;
    where there are as many labels as columns, each has its own.
    """
    found = {}
    band: list[int] = []
    above = float("-inf")
    for row in rows:
        between = [at for at, label in enumerate(labels) if above < _middle(label.box) < row.middle]
        above = row.middle
        if between:
            band = _lowest(between, labels)
            places = [(number, 1) for number in range(len(columns))]
            if len(band) == len(columns) and all(_stands_at(labels[at].box, number, columns) for number, at in enumerate(band)):
                for at, span in zip(band, places, strict=True):
                    spans[at] = span
            elif not _is_flat(between, band, labels):
                band = []
        if not len(band) == len(row.figures) < len(columns):
            continue
        at_figures = [_under(columns, _across(figure.box))[0] for figure in row.figures]
        starts = [0, *(min(spans[at][0], figure) for at, figure in zip(band[1:], at_figures[1:], strict=True)), len(columns)]
        if all(start <= figure < end for figure, (start, end) in zip(at_figures, pairwise(starts), strict=True)):
            found[row.middle] = [(start, end - start) for start, end in pairwise(starts)]
            for at, span in zip(band, found[row.middle], strict=True):
                spans[at] = span
    return found


def _lowest(between: Sequence[int], labels: Sequence[_Label]) -> list[int]:
    """Return those of the labels over a row that stand over no other, from left to right, but for one alone in its line."""
    lowest = max(between, key=lambda at: labels[at].box.bottom)
    leaves = []
    for at in between:
        box = labels[at].box
        others = [labels[other].box for other in between if other != at]
        over = any(_below(other, box) and box.left < other.right and other.left < box.right for other in others)
        if not over and (at == lowest or any(_overlaps(other, box) for other in others)):
            leaves.append(at)
    return sorted(leaves, key=lambda at: labels[at].box.left)


def _is_flat(between: Sequence[int], band: Sequence[int], labels: Sequence[_Label]) -> bool:
    """Tell whether the labels of a band stand in one line, and no two of the others do."""
    others = [labels[at].box for at in between if at not in band]
    in_line = all(_overlaps(labels[one].box, labels[other].box) for one, other in combinations(band, 2))
    return in_line and not any(_overlaps(one, other) for one, other in combinations(others, 2))


def _stands_at(box: Box, number: int, columns: Sequence[Sequence[float]]) -> bool:
    """Tell whether a label stands over a column, or over the gap beside it."""
    before = columns[number - 1][0] if number else float("-inf")
    behind = columns[number + 1][1] if number + 1 < len(columns) else float("inf")
    return before < (box.left + box.right) / 2 < behind


def _place(column: Sequence[float], middle: float, line: _Line) -> Box:
    half = line.segments[0].height / 2
    return Box(column[0], middle - half, column[1], middle + half)


def _middle(box: Box) -> float:
    return (box.top + box.bottom) / 2


def _overlaps(one: Box, other: Box) -> bool:
    return one.top < other.bottom and other.top < one.bottom


def _below(lower: Box, upper: Box) -> bool:
    return _middle(lower) > upper.bottom


def _closest(columns: Sequence[Sequence[float]], box: Box) -> int:
    middle = (box.left + box.right) / 2
    return min(range(len(columns)), key=lambda number: abs(sum(columns[number]) / 2 - middle))


def _spans(columns: Sequence[Sequence[float]], headers: Sequence[_Label]) -> list[tuple[int, int]]:
    """Return first column and number of columns of each header label, as labels and figures are aligned with one another."""
    single = [(label.box, columns[over[0]]) for label in headers if len(over := _under(columns, _across(label.box))) == 1]
    left = median([abs(box.left - column[0]) for box, column in single] or [0.0])
    right = median([abs(box.right - column[1]) for box, column in single] or [0.0])
    centre = median([abs(box.left + box.right - sum(column)) / 2 for box, column in single] or [0.0])
    if centre <= min(left, right):
        return _centred(columns, headers)
    return _aligned(columns, headers, left=left < right)


def _aligned(columns: Sequence[Sequence[float]], headers: Sequence[_Label], *, left: bool) -> list[tuple[int, int]]:
    """Return the spans of labels that begin (or end) where their columns do: each reaches to the next one at its height."""
    side = 0 if left else 1
    starts = [
        min(range(len(columns)), key=lambda number: abs(columns[number][side] - (label.box.left if left else label.box.right)))
        for label in headers
    ]
    spans = []
    for number, label in enumerate(headers):
        others = [start for start, other in zip(starts, headers, strict=True) if not _below(other.box, label.box)]
        at = starts[number]
        if left:
            spans.append((at, min((other for other in others if other > at), default=len(columns)) - at))
        else:
            first = max((other for other in others if other < at), default=-1) + 1
            spans.append((first, at - first + 1))
    return spans


def _centred(columns: Sequence[Sequence[float]], headers: Sequence[_Label]) -> list[tuple[int, int]]:
    """Return the spans of labels that stand over the middle of their columns.

    Labels at one height take in more columns, the narrowest first, until they meet another one or the end of the table.
    """
    count = len(columns)
    between = [(left[1] + right[0]) / 2 for left, right in pairwise(columns)]
    outer = min((right[0] - left[1] for left, right in pairwise(columns)), default=0.0) / 2
    bounds = [columns[0][0] - outer, *between, columns[-1][1] + outer]
    usual = (bounds[-1] - bounds[0]) / count

    def beside(span: tuple[int, int], label: _Label) -> float:
        return abs((bounds[span[0]] + bounds[span[1] + 1]) / 2 - (label.box.left + label.box.right) / 2) / usual

    spans: list[tuple[int, int]] = []
    for label in headers:
        over = _under(columns, _across(label.box)) or [_closest(columns, label.box)]
        few = [(a, b) for a in over for b in (a, a + 1) if b in over or b == a]
        spans.append(min(few, key=lambda span: (round(beside(span, label), 1), span[1] - span[0])))
    direct = [(over[0], label) for label in headers if len(over := _under(columns, _across(label.box))) == 1]
    leaves = [
        (at, label) for at, label in direct if not any(at == under and _below(other.box, label.box) for under, other in direct)
    ]
    growing = list(range(len(headers)))
    while growing:
        number = min(growing, key=lambda number: spans[number][1] - spans[number][0])
        first, last = spans[number]
        box = headers[number].box
        others = [s for o, s in enumerate(spans) if o != number and _overlaps(headers[o].box, box)]
        others += [(at, at) for at, leaf in leaves if leaf is not headers[number] and not _below(leaf.box, box)]
        wider = [
            (a, b)
            for a, b in ((first - 1, last), (first, last + 1), (first - 1, last + 1))
            if a >= 0 and b < count and not any(c <= b and a <= d for c, d in others)
        ]
        best = min(wider, key=lambda span: beside(span, headers[number]), default=None)
        if best is None or beside(best, headers[number]) > _OFF_CENTRE:
            growing.remove(number)
        else:
            spans[number] = best
    return [(first, last - first + 1) for first, last in spans]


def _torn_apart(segment: Segment, texts: Sequence[Segment]) -> list[Segment]:
    """Part a segment where others begin under one another: two columns of labels may stand close together."""
    for before, word in pairwise(segment.words):
        begins = sum(abs(other.box.left - word.box.left) < 0.15 * segment.height for other in texts)
        if begins >= _MANY_BEGIN and word.box.left - before.box.right > 0.1 * segment.height:
            at = segment.words.index(word)
            return [segment_of(segment.words[:at]), *_torn_apart(segment_of(segment.words[at:]), texts)]
    return [segment]


def _stub_columns(segments: Sequence[Segment]) -> list[list[float]]:
    """Return the columns of labels, from left to right; a label that runs over several of them makes none of its own."""
    spans: list[list[float]] = []
    for segment in sorted(segments, key=lambda segment: segment.box.right - segment.box.left):
        columns = _under(spans, _across(segment.box))
        if not columns:
            spans.append([segment.box.left, segment.box.right])
        elif len(columns) == 1:
            span = spans[columns[0]]
            span[:] = min(span[0], segment.box.left), max(span[1], segment.box.right)
    return sorted(spans)


def _stub_labels(
    segments: Sequence[Segment], spans: Sequence[Sequence[float]], rows: Sequence[_Line], pitch: float
) -> list[_Label]:
    """Join the lines of labels: a number begins another label, and no label of the last column stands beside two rows."""
    labels: list[_Label] = []
    for segment in sorted(segments, key=lambda segment: segment.box.top):
        for label in reversed(labels):
            last = label.segments[-1]
            if not _above(last.box, segment.box):
                continue
            distance = _middle(segment.box) - _middle(last.box)
            joined = _Label([*label.segments, segment])
            beside = sum(joined.box.top <= row.middle <= joined.box.bottom for row in rows)
            outer = _under(spans, _across(joined.box))[-1] < len(spans) - 1 and _is_group(joined, segments, rows)
            if (
                not NUMBERING.match(segment.text)
                and not label.segments[0].text.startswith("第")
                and distance < _LEADING * segment.height
                and distance < 1.2 * label.pitch
                and (outer or beside <= 1)
                and (outer or NUMBERING.match(label.segments[0].text) or distance < _CLOSER * pitch)
            ):
                label.segments.append(segment)
                break
            if not outer:
                labels.append(_Label([segment]))
                break
        else:
            labels.append(_Label([segment]))
    return labels


def _is_group(label: _Label, stubs: Sequence[Segment], rows: Sequence[_Line]) -> bool:
    """Tell whether each row beside a label has a label of its own further inside."""
    box = label.box
    inner = [stub.box for stub in stubs if stub.box.left >= box.right]
    return all(
        any(stub.top - (stub.bottom - stub.top) / 2 <= row.middle <= stub.bottom + (stub.bottom - stub.top) / 2 for stub in inner)
        for row in rows
        if box.top <= row.middle <= box.bottom
    )


def _header_labels(segments: Sequence[Segment], pitch: float) -> list[_Label]:
    """Join the lines of labels over columns, which stand closer to one another than the rows of the table."""
    labels: list[_Label] = []
    for segment in sorted(segments, key=lambda segment: segment.box.top):
        closest = min(_LEADING * segment.height, _CLOSER * pitch or _LEADING * segment.height)
        for label in reversed(labels):
            last = label.segments[-1].box
            # several labels side by side under one are its columns
            beside = sum(_overlaps(other.box, segment.box) and _above(last, other.box, _REACHES) for other in segments)
            if (
                beside == 1
                and not _stands_over(last, segment, segments)
                and _above(last, segment.box)
                and _middle(segment.box) - _middle(last) < closest
            ):
                label.segments.append(segment)
                break
        else:
            labels.append(_Label([segment]))
    return labels


def _stands_over(upper: Box, segment: Segment, segments: Sequence[Segment]) -> bool:
    """Tell whether a label stands over a segment and its neighbours, above which there is nothing else at its height."""
    level = [other.box for other in segments if other is not segment and _overlaps(other.box, segment.box)]
    before = [box for box in level if box.right <= segment.box.left]
    behind = [box for box in level if box.left >= segment.box.right]
    if not before or not behind:
        return False
    nearest = max(before, key=lambda box: box.right), min(behind, key=lambda box: box.left)
    above = [other.box for other in segments if _overlaps(other.box, upper)]
    return not any(box.left < under.right and under.left < box.right for box in above for under in nearest)


def _above(upper: Box, lower: Box, share: float = 0.5) -> bool:
    """Tell whether two lines stand over one another for a share of the shorter one."""
    across = min(upper.right, lower.right) - max(upper.left, lower.left)
    return across > share * min(upper.right - upper.left, lower.right - lower.left) and _middle(upper) < _middle(lower)


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
