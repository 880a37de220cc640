"""Tables without lines: figures make rows and columns, labels join the row beside them or stand over columns."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Container, Iterable, Iterator, Sequence
from itertools import accumulate, combinations, pairwise
from statistics import median
from typing import NamedTuple

from govstats.characters import is_figure
from govstats.documents.document import NO_TEXT, Box
from govstats.documents.page import NUMBERING, PageCell, PageTable, Segment, are_two, cell_of, segment_of, surrounding

#: A table has at least so many rows of figures; a single one has at least so many figures (行政复议、行政诉讼).
_FEWEST_ROWS, _FEWEST_FIGURES = 2, 6
#: Prose runs over this share of the width between the margins; no label of a line of its own has so many characters.
_PROSE_WIDTH, _LONGEST_LABEL = 0.62, 60
#: Lines of one label stand closer than this, in heights of their characters, and closer than the rows of the table by a bit.
_LEADING, _CLOSER = 2.0, 0.93
#: A page stands so many points below the one before.
_PAGE_BREAK = 12.0
#: A remark ends so far below its bracket, in heights of its characters.
_LONGEST_REMARK = 5.0
#: What stands at the height of a line is off by at most so much, in heights of its characters: half a line of a neighbour.
_LEVEL = 0.7
#: They stand equally far apart, give or take this part.
_EVEN = 1.2
#: Figures stand at least so far apart, in heights of their characters.
_CLOSE = 0.18
#: So many labels that begin under one another, give or take so much of their height, are a column.
_MANY_BEGIN, _ASIDE = 3, 0.15
#: So much of a column may lie between the middle of a header label and the middle of its columns.
_OFF_CENTRE = 0.3
#: A label that reaches over so much of others side by side stands over them all.
_REACHES = 0.1
#: A heading is set so much larger than the rows of a table.
_HEADING = 1.15
#: The heading of a table, in whatever size.
_SECTION = re.compile(r"[一二三四五六七八九十]+、\S+情况")

#: Where something begins and ends: from left to right in points, or in columns.
_Span = tuple[float, float]
_Columns = tuple[int, int]


class _Line(NamedTuple):
    segments: list[Segment]
    figures: list[Segment]

    @property
    def middle(self) -> float:
        # the line of a group label beside may stand a little higher or lower
        return sum(_middle(segment.box) for segment in self.figures or self.segments) / len(self.figures or self.segments)

    @property
    def is_row(self) -> bool:
        """It is no page number, and no figure in a list."""
        return len(self.figures) > 1 or (len(self.figures) == 1 and len(self.segments) > 1)


class _Label(NamedTuple):
    """Lines of one label."""

    segments: list[Segment]

    @property
    def box(self) -> Box:
        return surrounding([segment.box for segment in self.segments])

    @property
    def middle(self) -> float:
        return _middle(self.box)

    @property
    def pitch(self) -> float:
        """From one line to the next."""
        middles = [_middle(segment.box) for segment in self.segments]
        return max((after - before for before, after in pairwise(middles)), default=float("inf"))


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
    tables: list[list[PageTable]] = [[] for _ in pages]
    # pages are put under one another, the last line of one just above the first line of the next
    around = [surrounding([s.box for line in page for s in line] or [Box(0, 0, 0, 0)]) for page in pages]
    begins = list(accumulate((box.bottom - box.top + _PAGE_BREAK for box in around), initial=0.0))
    shifts = [begin - box.top for begin, box in zip(begins, around, strict=False)]
    lines = [_line([_lowered(s, shift) for s in line]) for page, shift in zip(pages, shifts, strict=True) for line in page]
    width = max((box.right for box in around), default=0.0) - min((box.left for box in around), default=0.0)
    runs = [run for run in _runs(list(_without_remarks(lines)), width) if _is_table([line for _, line in run])]
    distances = sorted(
        after.middle - row.middle for run in runs for row, after in pairwise(line for _, line in run if line.is_row)
    )
    # between rows whose labels have one line
    pitch = distances[len(distances) // 5] if distances else float("inf")
    for run in runs:
        table = _table([line for _, line in run], pitch)
        tops = [min(cell.box.top for cell in table.cells if cell.row == row) for row in range(table.rows)]
        homes = [bisect_right(begins, top + 0.1) - 1 for top in tops]
        for home in sorted(set(homes)):
            tables[home].append(_part(table, [row for row, at in enumerate(homes) if at == home], -shifts[home]))
    taken = {at for run in runs for at, _ in run}
    number = iter(range(len(lines)))
    return tables, [[line for line in page if next(number) not in taken] for page in pages]


def _lowered(segment: Segment, shift: float) -> Segment:
    return segment_of([word._replace(box=_moved(word.box, shift)) for word in segment.words])


def _moved(box: Box, shift: float) -> Box:
    return Box(box.left, box.top + shift, box.right, box.bottom + shift)


def _part(table: PageTable, rows: Sequence[int], shift: float) -> PageTable:
    """Return some rows of a table as a table of their own, lower on the page."""
    cells = [c._replace(row=rows.index(c.row), box=_moved(c.box, shift)) for c in table.cells if c.row in rows]
    return PageTable(surrounding([cell.box for cell in cells]), table.edges, tuple(cells), len(rows), False)


# --- lines --------------------------------------------------------------------------------------------------------------------


def _line(segments: Sequence[Segment]) -> _Line:
    """Part figures from what stands close before them: wide figures, and labels that fill their column."""
    parted: list[Segment] = []
    for segment in reversed(segments):
        words, apart = segment.words, _CLOSE * segment.height
        gaps = [at for at in range(1, len(words)) if words[at].box.left - words[at - 1].box.right > apart]
        for at in reversed(gaps):
            if not is_figure(segment_of(words[at:]).text) or are_two(words[at - 1], words[at]):
                break
            parted.append(segment_of(words[at:]))
            words = words[:at]
        parted.append(segment_of(words))
    return _Line(parted[::-1], [segment for segment in parted[::-1] if is_figure(segment.text)])


def _without_remarks(lines: Sequence[_Line]) -> Iterator[_Line]:
    """Let figures in a bracket that began in a line above (22（其中修订 / 16件）) be read by nobody as those of the table."""
    opened: list[Box] = []
    for line in lines:
        opened = [box for box in opened if line.middle - _middle(box) < _LONGEST_REMARK * (box.bottom - box.top)]
        inside = [any(_above(box, segment.box) for box in opened) for segment in line.segments]
        segments = [_masked(s) if within and s in line.figures else s for s, within in zip(line.segments, inside, strict=True)]
        yield _Line(segments, [figure for figure in line.figures if figure in segments])
        closed = [s.box for s, within in zip(line.segments, inside, strict=True) if within and _brackets(s) < 0]
        opened = [box for box in opened if not any(_above(box, other) for other in closed)]
        opened += [segment.box for segment in line.segments if _brackets(segment) > 0]


def _masked(segment: Segment) -> Segment:
    return segment_of([word._replace(text=NO_TEXT) for word in segment.words])


def _brackets(segment: Segment) -> int:
    return sum((character in "(（") - (character in ")）") for character in segment.text)


def _runs(lines: Sequence[_Line], width: float) -> list[list[tuple[int, _Line]]]:
    """Return stretches of numbered lines without prose and headings, each up to its last row of figures."""
    runs: list[list[tuple[int, _Line]]] = [[]]
    usual = median([s.height for line in lines for s in line.figures or line.segments] or [0.0])
    for number, line in enumerate(lines):
        first = line.segments[0]
        heading = len(line.segments) == 1 and (first.height > _HEADING * usual or _SECTION.fullmatch(first.text))
        if not line.figures and (heading or max(s.box.right - s.box.left for s in line.segments) > _PROSE_WIDTH * width):
            runs.append([])
        elif len(line.segments) > 1 or len(line.segments[0].text) < _LONGEST_LABEL:
            runs[-1].append((number, line))
    ends = [max((at for at, (_, line) in enumerate(run, 1) if line.is_row), default=0) for run in runs]
    return [run[:end] for run, end in zip(runs, ends, strict=True)]


def _is_table(run: Sequence[_Line]) -> bool:
    figures = [len(line.figures) for line in run if line.is_row]
    return len(figures) >= _FEWEST_ROWS or max(figures, default=0) >= _FEWEST_FIGURES


# --- geometry -----------------------------------------------------------------------------------------------------------------


def _middle(box: Box) -> float:
    return (box.top + box.bottom) / 2


def _across(box: Box) -> _Span:
    return box.left, box.right


def _overlaps(one: Box, other: Box) -> bool:
    return one.top < other.bottom and other.top < one.bottom


def _above(upper: Box, lower: Box, share: float = 0.5) -> bool:
    """Tell whether two lines stand over one another for a share of the shorter one."""
    across = min(upper.right, lower.right) - max(upper.left, lower.left)
    return across > share * min(upper.right - upper.left, lower.right - lower.left) and _middle(upper) < _middle(lower)


def _under(spans: Sequence[_Span], span: _Span) -> list[int]:
    """Return the columns or labels, from left to right, that a span of the page overlaps."""
    return [number for number, (left, right) in enumerate(spans) if span[0] < right and left < span[1]]


def _closest(columns: Sequence[_Span], box: Box) -> int:
    """Return the column under the middle of a box, or beside it."""
    return min(range(len(columns)), key=lambda number: abs(sum(columns[number]) - box.left - box.right))


# --- tables -------------------------------------------------------------------------------------------------------------------


def _table(lines: Sequence[_Line], pitch: float) -> PageTable:
    """Put the lines of a table into rows and columns: figures make the rows, labels join the row beside them."""
    rows = [line for line in lines if line.is_row]
    columns = _columns([_across(figure.box) for row in rows for figure in row.figures])
    texts = [s for line in lines for s in line.segments if not (line.is_row and s in line.figures)]
    texts = [part for segment in texts for part in _torn_apart(segment, texts)]
    # what stands left of the first column of figures is a stub, unless it stands over that column as well
    stubs = [s for s in texts if s.box.left < columns[0][0] and not _under(columns, _across(s.box))]
    stub_columns = _stub_columns(stubs)
    left = len(stub_columns)
    placed = []
    for label in _labels(stubs, rows, pitch):
        over = _under(stub_columns, _across(label.box))
        row = _beside(label, rows)
        placed.append(_Placed(row.middle if row else label.middle, (over[0] - left, over[-1] + 1 - left), label.segments))
    labels = _labels([s for s in texts if s not in stubs], rows, pitch)
    # a figure with a remark may take several lines, between which the other figures of its row stand
    remarks = [(row.middle, label) for label in labels if (row := _beside(label, rows))]
    headers = [label for label in labels if not _beside(label, rows)]
    above, slots = float("-inf"), [(at, at + 1) for at in range(len(columns))]
    for number, row in enumerate(rows):
        section = [label for label in headers if above < label.middle < row.middle]
        above = row.middle
        if section:
            below = min((label.middle for label in headers if label.middle > above), default=float("inf"))
            figures = [figure for other in rows[number:] if other.middle < below for figure in other.figures]
            spans, slots = _header(section, columns, sorted({_closest(columns, figure.box) for figure in figures}))
            placed += [_Placed(label.middle, span, label.segments) for label, span in zip(section, spans, strict=True)]
        printed = [(_closest(columns, figure.box), [figure]) for figure in row.figures]
        printed += [(_closest(columns, label.box), label.segments) for middle, label in remarks if middle == row.middle]
        for slot in slots:
            # two figures in one place are none
            placed.append(_Placed(row.middle, slot, [s for at, pieces in printed if slot[0] <= at < slot[1] for s in pieces]))
    box = surrounding([s.box for line in lines for s in line.segments])
    return _grid(placed, [*stub_columns, *columns], left, {row.middle for row in rows}, box)


def _grid(placed: Sequence[_Placed], columns: Sequence[_Span], left: int, rows: Container[float], box: Box) -> PageTable:
    """Make cells of what stands in columns, of which so many are left of the figures."""
    height = placed[0].segments[0].height
    heights = sorted({item.middle for item in placed})
    number_of = {heights[0]: 0}
    for before, at in pairwise(heights):
        # what stands at nearly the same height is one row, but for rows of figures
        number_of[at] = number_of[before] + (at - before > height / 2 or (before in rows and at in rows))
    cells = []
    for middle, (first, end), segments in sorted(placed, key=lambda item: (number_of[item.middle], item.columns)):
        text = cell_of([word for segment in segments for word in segment.words])
        blank = Box(columns[first + left][0], middle - height / 2, columns[end + left - 1][1], middle + height / 2)
        around = surrounding([s.box for s in segments] or [blank])
        cells.append(PageCell(around, number_of[middle], first + left, 1, end - first, *text))
    edges = (*(begin for begin, _ in columns), box.right)
    return PageTable(box, edges, tuple(cells), number_of[heights[-1]] + 1, False)


def _columns(spans: Iterable[_Span]) -> list[_Span]:
    """Join the intervals that overlap: figures stand under one another."""
    joined: list[_Span] = []
    for span in sorted(spans):
        before = joined.pop() if joined and span[0] < joined[-1][1] else span
        joined.append((before[0], max(before[1], span[1])))
    return joined


def _stub_columns(segments: Iterable[Segment]) -> list[_Span]:
    """Return the columns of labels, from left to right; a label that runs over several of them makes none of its own."""
    spans: list[_Span] = []
    for span in sorted((_across(segment.box) for segment in segments), key=lambda span: span[1] - span[0]):
        if len(_under(spans, span)) < 2:
            spans = _columns([*spans, span])
    return spans


def _torn_apart(segment: Segment, texts: Sequence[Segment]) -> list[Segment]:
    """Part a segment where others begin under one another: two columns of labels may stand close together."""
    near = _ASIDE * segment.height
    for at, (before, word) in enumerate(pairwise(segment.words), start=1):
        begins = sum(abs(other.box.left - word.box.left) < near for other in texts)
        if begins >= _MANY_BEGIN and word.box.left - before.box.right > near:
            return [segment_of(segment.words[:at]), *_torn_apart(segment_of(segment.words[at:]), texts)]
    return [segment]


def _labels(segments: Sequence[Segment], rows: Sequence[_Line], pitch: float) -> list[_Label]:
    """Join the lines of labels."""
    labels: list[_Label] = []
    for segment in sorted(segments, key=lambda segment: segment.box.top):
        over = next((label for label in reversed(labels) if _above(label.segments[-1].box, segment.box)), None)
        if over and _goes_on(over, segment, segments, rows, pitch):
            over.segments.append(segment)
        else:
            labels.append(_Label([segment]))
    return labels


def _goes_on(label: _Label, segment: Segment, segments: Sequence[Segment], rows: Sequence[_Line], pitch: float) -> bool:
    """Tell whether a label goes on in the line below: a number begins another, and no label stands beside two rows."""
    last = label.segments[-1].box
    distance = _middle(segment.box) - _middle(last)
    joined = surrounding([label.box, segment.box])
    numbered = NUMBERING.match(label.segments[0].text)
    # several labels side by side under one are its columns
    level = [other.box for other in segments if abs(_middle(other.box) - _middle(segment.box)) < _LEVEL * segment.height]
    return (
        sum(_above(last, other, _REACHES) for other in level) == 1
        and not _stands_over(last, segment, segments)
        and not NUMBERING.match(segment.text)
        and not label.segments[0].text.startswith("第")
        and distance < min(_LEADING * segment.height, _EVEN * label.pitch, float("inf") if numbered else _CLOSER * pitch)
        and sum(joined.top <= row.middle <= joined.bottom for row in rows) < 2
    )


def _stands_over(upper: Box, segment: Segment, segments: Sequence[Segment]) -> bool:
    """Tell whether a label stands over a segment and its neighbours, above which there is nothing else at its height."""
    level = [other.box for other in segments if _overlaps(other.box, segment.box)]
    before = max((box for box in level if box.right <= segment.box.left), key=lambda box: box.right, default=None)
    behind = min((box for box in level if box.left >= segment.box.right), key=lambda box: box.left, default=None)
    above = [_across(other.box) for other in segments if _overlaps(other.box, upper)]
    return not (before is None or behind is None or _under(above, _across(before)) or _under(above, _across(behind)))


def _beside(label: _Label, rows: Sequence[_Line]) -> _Line | None:
    """Return the first row of figures that a label stands beside."""
    return next((row for row in rows if label.box.top <= row.middle <= label.box.bottom), None)


# --- headers ------------------------------------------------------------------------------------------------------------------


def _header(labels: Sequence[_Label], columns: Sequence[_Span], used: Sequence[int]) -> tuple[list[_Columns], list[_Columns]]:
    """Return the columns of each label of a header, and of each place of the rows below, where figures use some columns."""
    leaves = _leaves(labels)
    count = len(columns)
    slots = [(at, at + 1) for at in range(count)]
    own = [_under(columns, _across(leaf.box)) or [_closest(columns, leaf.box)] for leaf in leaves]
    spans = {id(leaf): (at[0], at[-1] + 1) for leaf, at in zip(leaves, own, strict=True)}
    if len(leaves) == len(used) < count:
        # a wide cell may have its label at the left and its figure in the middle
        starts = [0, *(max(min(at, under[0]), before + 1) for (before, at), under in zip(pairwise(used), own[1:], strict=True))]
        slots = list(pairwise([*starts, count]))
    if len(leaves) == len(slots):
        spans = {id(leaf): slot for leaf, slot in zip(leaves, slots, strict=True)}
    middles = [(before[1] + after[0]) / 2 for before, after in pairwise(columns)]
    bounds = [columns[0][0], *middles, columns[-1][1]]
    # those close to the edge of the table leave the least choice
    outer = sorted(labels, key=lambda label: min(_centre(label) - bounds[0], bounds[-1] - _centre(label)))
    for label in (label for label in outer if id(label) not in spans):
        level = [other for other in labels if other is not label and _overlaps(other.box, label.box)]
        level += [leaf for leaf in leaves if not _is_below(leaf, label)]
        near = [(at, at + 1) for at in (_closest(columns, other.box) for other in level)]
        taken = [spans.get(id(other), closest) for other, closest in zip(level, near, strict=True)]
        spans[id(label)] = _centred(_centre(label), bounds, taken) or (
            _closest(columns, label.box),
            _closest(columns, label.box) + 1,
        )
    return [spans[id(label)] for label in labels], slots


def _leaves(labels: Sequence[_Label]) -> list[_Label]:
    """Return the labels that stand over no other, from left to right, but for one alone in its line over the lowest."""
    over = [
        label for label in labels if not any(_is_below(o, label) and _under([_across(o.box)], _across(label.box)) for o in labels)
    ]
    lowest = max(labels, key=lambda label: label.box.bottom)
    level = [label for label in over if label is lowest or any(o is not label and _overlaps(o.box, label.box) for o in labels)]
    return sorted(level, key=_centre)


def _is_below(lower: _Label, upper: _Label) -> bool:
    return lower.middle > upper.box.bottom


def _centre(label: _Label) -> float:
    return (label.box.left + label.box.right) / 2


def _centred(middle: float, bounds: Sequence[float], taken: Sequence[_Columns]) -> _Columns | None:
    """Return the most columns over whose middle a label stands, of those that are free."""
    off = _OFF_CENTRE * (bounds[-1] - bounds[0]) / (len(bounds) - 1)
    found = [
        (first, end)
        for first, end in combinations(range(len(bounds)), 2)
        if abs((bounds[first] + bounds[end]) / 2 - middle) < off and not _under(taken, (first, end))
    ]
    return max(found, key=lambda span: span[1] - span[0], default=None)
