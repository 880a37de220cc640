"""A page as pieces of text with their boxes: lines, paragraphs in reading order, and tables that go on over pages."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, compress, count, pairwise
from operator import attrgetter
from statistics import median
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from govstats.characters import is_figure
from govstats.documents.document import NO_TEXT, NUMBERING, PAGE_NUMBER, Block, Box, Cell, Grid, Paragraph

#: Characters stand this much of their height apart where a new word begins, and where another cell begins.
_SPACE, _GAP = 0.35, 0.6
#: Edges of columns on two pages are the same within so many points (pixels, in a picture of 72 dpi).
_SAME_EDGE = 4.0
#: Stands for a character that the file does not tell.
ILLEGIBLE = "\ufffd"
#: Digits of one figure touch, give or take this part of their height.
_TOUCHING = 0.06
#: They stand equally far apart, give or take this part.
_WIDER = 0.12
#: Digits of one figure are of one height: a smaller one is a mark.
_SMALL = 0.85
#: Of two copies of a character that make it bold, and of two digits that are printed over one another, so much of one is shared.
_COPY, _OVER = 0.7, 0.4
#: Characters are in one line where their middles lie closer than this part of the taller one: where they are of one height,
#: where one is smaller, and where one lies over the other, as bold type that is printed twice does.
_ALIKE, _LEVEL, _LEVEL_SMALLER, _TWICE = 0.87, 0.4, 0.5, 0.25
#: Digits and blanks, which differ between running heads.
_DIGITS = re.compile(r"[\d\s]+")
#: The characters of figures, the marks behind them, and what stands for a character that cannot be read.
_OF_FIGURE = frozenset((*"0123456789.,%+-", NO_TEXT, *(f"[{digit}]" for digit in range(10))))
#: Room that a cell leaves left and right of its text.
_PADDING = 10.0
_DIGIT_LINES = re.compile(r"[\d.,]+(?:\n[\d.,]+)+")
#: A word in Latin letters ends with its line.
_LATIN_BREAK = re.compile(r"(?<=[A-Za-z])\n(?=[ -~])")
#: So many characters in one piece are prose.
_PROSE = 8
#: A heading is set so much larger than the text.
_HEADING, _LONGEST_HEADING = 1.12, 80

_Item = TypeVar("_Item")
#: Leads from a page that was set upright to the page as it was given.
Locate = Callable[[Box], Box]


class Word(NamedTuple):
    """A piece of text on a page: a character of a PDF, or what optical recognition found in one place.

    Attributes
    ----------
    text : str
        As it stands there.
    box : Box
        In points or pixels from the upper left corner of the page as it is shown.
    readings : tuple of str
        What else it may be, see `Cell`.
    confidence : float or None
        Of optical recognition.
    """

    text: str
    box: Box
    readings: tuple[str, ...] = ()
    confidence: float | None = None


class Segment(NamedTuple):
    """Words of one line that stand close to one another.

    Attributes
    ----------
    text : str
        Theirs, with blanks where they stand apart.
    box : Box
        Around them.
    words : tuple of Word
        From left to right.
    height : float
        Of most characters: digits of another font may be taller.
    """

    text: str
    box: Box
    words: tuple[Word, ...]
    height: float


class PageCell(NamedTuple):
    """A cell of a table on a page."""

    box: Box
    row: int
    column: int
    rowspan: int = 1
    colspan: int = 1
    text: str = ""
    readings: tuple[str, ...] = ()
    confidence: float | None = None


@dataclass(frozen=True)
class PageTable:
    """A table, or the part of one that stands on a page.

    Attributes
    ----------
    box : Box
        Around it.
    edges : tuple of float
        Left edges of the columns, and the right edge of the last one.
    cells : tuple of PageCell
        In rows.
    rows : int
        How many rows there are.
    bounded : bool
        Its cells are marked off by lines.
    """

    box: Box
    edges: tuple[float, ...]
    cells: tuple[PageCell, ...]
    rows: int
    bounded: bool


def surrounding(boxes: Sequence[Box]) -> Box:
    """Return the box around boxes."""
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    return Box(min(lefts), min(tops), max(rights), max(bottoms))


def sides_of(boxes: Iterable[Box]) -> npt.NDArray[np.float64]:
    """Return the sides of boxes, a row for each; numpy takes four times as long to look into tuples itself."""
    return np.fromiter(chain.from_iterable(boxes), float).reshape(-1, 4)


def shared(one: Box, other: Box) -> float:
    """Return which part of the narrower of two boxes lies over or under the other; less than 0 where they stand apart."""
    across = min(one.right, other.right) - max(one.left, other.left)
    return across / max(min(one.width, other.width), 1e-6)


# --- lines ----------------------------------------------------------------------------------------------------------------


def lines_of(words: Sequence[Word], *, gap: float = _GAP) -> list[list[Segment]]:
    """Put words into lines, from top to bottom, and part each line where the gap between two words is wide.

    Parameters
    ----------
    words : sequence of Word
        In any order.
    gap : float
        How wide, in heights of the characters.

    Returns
    -------
    list of list of Segment
        One list a line, its segments from left to right.
    """
    lines: list[list[Word]] = []
    for word in sorted(words, key=lambda word: (word.box.y, word.box.height, word)):
        line = next((line for line in lines[:-5:-1] if _is_level(word, line)), None)
        if line is None:
            lines.append([word])
        else:
            # a taller character comes first, since the others are measured by it: a raised digit does not open its own line
            line.insert(0 if line[0].box.height < _ALIKE * word.box.height else len(line), word)
    pieces = []
    for line in lines:
        # a copy of a character makes it bold
        copies = split(sorted(line, key=attrgetter("box.left")), _are_copies)
        pieces.append(parted([first for first, *_ in copies], gap * line[0].box.height))
    return pieces


def _is_level(word: Word, line: Sequence[Word]) -> bool:
    box, first = word.box, line[0].box
    small, tall = sorted((box.height, first.height))
    apart = abs(box.y - first.y)
    if apart < _TWICE * tall:
        return True
    farthest = _LEVEL if small > _ALIKE * tall else _LEVEL_SMALLER
    return apart <= farthest * tall and max(shared(box, other.box) for other in line) <= 0.5


def _are_copies(one: Word, other: Word) -> bool:
    return one.text == other.text and shared(one.box, other.box) > _COPY


def parted(words: Iterable[Word], gap: float) -> list[Segment]:
    """Part words from left to right where the gap between two of them is wider."""
    return [segment_of(group) for group in split(words, lambda one, other: other.box.left - one.box.right <= gap)]


def segment_of(words: Sequence[Word]) -> Segment:
    """Join words of a line."""
    boxes = [word.box for word in words]
    heights = [box.height for box in boxes]
    usual, tallest = median(heights), max(heights)
    gaps = [box.left - before.right for before, box in pairwise(boxes)]
    is_digit = [word.text.isdecimal() and word.confidence is None for word in words]
    are_digits = [one and other for one, other in pairwise(is_digit)]
    space = _SPACE * tallest
    digit_space = min(space, min(compress(gaps, are_digits), default=0.0) + _WIDER * tallest)
    text = words[0].text
    for (before, word), gap, both in zip(pairwise(words), gaps, are_digits, strict=True):
        is_apart = (gap > digit_space or are_two(before, word)) if both else gap > space
        text += " " + word.text if is_apart else word.text
    text = text.replace("][", "")
    if ILLEGIBLE in text:
        # of a label the other characters tell enough
        legible = text.replace(ILLEGIBLE, "").strip()
        text = text if not legible or is_figure(legible) else legible
    return Segment(text, surrounding(boxes), tuple(words), usual)


def are_two(before: Word, word: Word) -> bool:
    """Tell whether two digits are no digits of one figure: one is printed over the other, or smaller."""
    small, tall = sorted((before.box.height, word.box.height))
    return small < _SMALL * tall or shared(before.box, word.box) > _OVER


# --- figures and cells ----------------------------------------------------------------------------------------------------


def with_marks(words: Sequence[Word]) -> list[Word]:
    """Put raised small digits behind a taller one into brackets, as footnote marks stand in HTML, and into its line.

    Parameters
    ----------
    words : sequence of Word
        Of a page.

    Returns
    -------
    list of Word
        In the same order.
    """
    digits = sorted((word for word in words if word.text.isdigit()), key=attrgetter("box.right"))
    rights = [word.box.right for word in digits]
    marks: dict[int, Word] = {}
    for word in sorted(digits, key=attrgetter("box.left")):
        begin, end = (bisect_left(rights, word.box.left + side * word.box.height / 2) for side in (-1, 1))
        for before in digits[begin:end]:
            # a mark that was found is as tall as its line: its second digit stands behind it
            line = marks.get(id(before), before).box
            if word.box.height < _SMALL * line.height and line.top <= word.box.y <= line.y:
                box = word.box._replace(top=line.top, bottom=line.bottom)
                marks[id(word)] = word._replace(text=f"[{word.text}]", box=box)
    return [marks.get(id(word), word) for word in words]


def touches(before: Word, word: Word) -> bool:
    """Tell whether two characters of figures, or a mark behind them, stand so close that they are of one figure."""
    if before.text not in _OF_FIGURE or word.text not in _OF_FIGURE:
        return False
    apart = max(abs(before.box.right - word.box.left), abs(before.box.top - word.box.top))
    return apart < _TOUCHING * before.box.height


def cell_of(words: Sequence[Word], width: float = float("inf")) -> tuple[str, tuple[str, ...], float | None]:
    """Return text, readings and confidence of the words in a cell of a width.

    Digits that fill a line may go on in the next, or be another figure: both readings are there for the edits to decide.
    """
    lines = [line for (line,) in lines_of(words, gap=float("inf"))]
    text = "\n".join(line.text for line in lines)
    confidence = min((word.confidence for word in words if word.confidence is not None), default=None)
    readings: tuple[str, ...] = ()
    doubtful = [at for at, word in enumerate(words) if word.readings]
    # the readings of several pieces are told apart only where one of them is in doubt
    if len(doubtful) == 1:
        pieces, (at,) = list(words), doubtful
        for other in words[at].readings:
            pieces[at] = words[at]._replace(text=other, readings=())
            readings += cell_of(pieces)[:1]
    if len(lines) > 1 and _DIGIT_LINES.fullmatch(text):
        with_one_more = min(line.box.width * (1 + 1 / len(line.text)) for line in lines[:-1])
        if with_one_more > width - _PADDING:
            readings += (text.replace("\n", ""),)
    return text, readings, confidence


# --- page numbers and running heads ---------------------------------------------------------------------------------------


def without_running_heads(pages: Sequence[Sequence[list[Segment]]]) -> list[list[list[Segment]]]:
    """Leave out page numbers, and what stands first or last on most pages but for the digits in it.

    Parameters
    ----------
    pages : sequence of sequence of list of Segment
        For each page its lines outside tables, from top to bottom.

    Returns
    -------
    list of list of list of Segment
        The others, in the same order.
    """
    texts = [["".join(segment.text for segment in line) for line in lines] for lines in pages]
    counts: Counter[str] = Counter()
    for lines in texts:
        counts.update({_DIGITS.sub("", line) for line in (*lines[:1], *lines[-1:])} - {""})
    heads = {text for text, often in counts.items() if often > max(1, len(pages) // 2)}
    # a number alone counts pages, or is the end of a figure that goes on in the next line
    alone = [int(text) - page for page, lines in enumerate(texts) for text in (*lines[:1], *lines[-1:]) if text.isdecimal()]
    counted = {0, 1, *(before for before, often in Counter(alone).items() if often > 1)}
    rest = []
    for page, (segments, plain) in enumerate(zip(pages, texts, strict=True)):
        ends = range(len(plain))[:: max(len(plain) - 1, 1)]
        running = {at for at in ends if PAGE_NUMBER.fullmatch(plain[at]) or _DIGITS.sub("", plain[at]) in heads}
        marks = {at for at in running if not plain[at].isdecimal() or int(plain[at]) - page in counted}
        if page == 0:
            # a title may be the running head of the pages after it
            marks.discard(0)
        rest.append([line for at, line in enumerate(segments) if at not in marks])
    return rest


# --- paragraphs -----------------------------------------------------------------------------------------------------------


def _paragraphs(
    lines: Sequence[tuple[int, Segment]], left: float, right: float, body: float, locate: Sequence[Locate]
) -> Iterator[Paragraph]:
    """Join lines of prose that follow one another, each with its page, between two margins.

    A line goes on in the next where it reaches the right margin and the next one is not indented.
    """

    def goes_on(upper: tuple[int, Segment], lower: tuple[int, Segment]) -> bool:
        (_, line), (_, following) = upper, lower
        return (
            line.box.right > right - (1.0 if line.text.endswith("。") else 2.2) * line.height
            and following.box.left < left + 1.2 * line.height
            and abs(line.height - following.height) < 0.15 * body
            and not NUMBERING.match(following.text)
        )

    for (page, first), *rest in split(lines, goes_on):
        text = _LATIN_BREAK.sub(" ", "\n".join([first.text, *(line.text for _, line in rest)])).replace("\n", "").strip()
        box = surrounding([first.box, *(line.box for number, line in rest if number == page)])
        yield Paragraph(text, str(locate[page - 1](box)), page, first.height > _HEADING * body and len(text) < _LONGEST_HEADING)


# --- from pages to a document ---------------------------------------------------------------------------------------------


def blocks_of(pages: Sequence[Sequence[list[Segment] | PageTable]], locate: Sequence[Locate]) -> tuple[Block, ...]:
    """Make the blocks of a document out of its pages.

    Parameters
    ----------
    pages : sequence
        For each page its tables and lines, from top to bottom.
    locate : sequence of callable
        For each page: where a box on it stands on the page as it was given.

    Returns
    -------
    tuple of Paragraph or Grid
        A table that goes on over pages is one grid.
    """
    numbered = [(page, item) for page, items in enumerate(pages, start=1) for item in items]
    prose = [s for _, item in numbered if isinstance(item, list) for s in item if len(s.text) >= _PROSE]
    body = median([segment.height for segment in prose] or [0.0])
    sides = np.sort([segment.box for segment in prose] or [Box(0.0, 0.0, float("inf"), 0.0)], axis=0)
    left, right = sides[len(sides) // 10, 0], sides[len(sides) * 9 // 10, 2]
    blocks: list[Block] = []
    tables = count(1)
    for group in split(numbered, lambda one, other: type(one[1]) is type(other[1])):
        lines = [(page, _whole(item)) for page, item in group if isinstance(item, list)]
        blocks += _paragraphs(lines, left, right, body, locate)
        parts = [(page, item) for page, item in group if isinstance(item, PageTable)]
        blocks += [_grid(table, next(tables), locate) for table in split(parts, _continues)]
    return tuple(blocks)


def _whole(line: Sequence[Segment]) -> Segment:
    # segments far apart in a line of prose: a list, or a table that was not seen as one
    text = "  ".join(segment.text for segment in line)
    return Segment(text, surrounding([segment.box for segment in line]), (), median(segment.height for segment in line))


def _continues(upper: tuple[int, PageTable], lower: tuple[int, PageTable]) -> bool:
    """Tell whether a table may go on in the next one, of this page or the next: the edges of one are all edges of the other.

    A picture may hold several pages.
    """
    (_, table), (_, other) = upper, lower
    few, many = sorted((table.edges, other.edges), key=len)
    same_edges = bool(np.abs(np.subtract.outer(few, many)).min(axis=1).max() < _SAME_EDGE)
    return table.bounded == other.bounded and same_edges


def _grid(parts: Sequence[tuple[int, PageTable]], number: int, locate: Sequence[Locate]) -> Grid:
    """Make one grid of the parts of a table; a label that ended on the page before goes on in its own cell."""
    edges = merged([edge for _, part in parts for edge in part.edges], _SAME_EDGE)
    rows: list[list[Cell]] = []
    for page, part in parts:
        first = len(rows)
        rows += [[] for _ in range(part.rows)]
        column_of = np.abs(np.subtract.outer(part.edges, edges)).argmin(axis=1).tolist()
        for cell in part.cells:
            row = rows[first + cell.row]
            place = f"table {number} row {first + cell.row + 1} cell {len(row) + 1} {locate[page - 1](cell.box)}"
            start, end = column_of[cell.column], column_of[cell.column + cell.colspan]
            spans = first + cell.row, start, cell.rowspan, max(end - start, 1)
            row.append(Cell(cell.text, *spans, place, page, cell.readings, cell.confidence))
        _merge_upwards(rows, first)
    return Grid(tuple(map(tuple, rows)), True, parts[0][1].bounded, f"table {number}")


def _merge_upwards(rows: list[list[Cell]], first: int) -> None:
    """Let what a page break tore off labels and figures go on in the last row before: text beside cells without any.

    Blank cells below a row of figures are the rest of that row.
    """
    crumbs = [cell for cell in rows[first] if cell.text.strip()]
    above = rows[first - 1] if first else []
    columns, above_columns = ([cell.column for cell in row] for row in (rows[first], above))
    if not crumbs and columns == above_columns and all(is_figure(cell.text) for cell in above):
        rows[first] = []
    ends = {
        (cell.column, cell.colspan): (row, at)
        for row in rows[:first]
        for at, cell in enumerate(row)
        if cell.row + cell.rowspan == first and cell.text.strip()
    }
    torn = [ends[crumb.column, crumb.colspan] for crumb in crumbs if (crumb.column, crumb.colspan) in ends]
    of_figures = [is_figure(crumb.text) for crumb in crumbs]
    if len(torn) < len(crumbs) or any(NUMBERING.match(crumb.text) for crumb in crumbs):
        return
    # of a row that a page break tore each label and figure may have its end below it; a header is repeated below figures
    alike = of_figures == [is_figure(row[at].text) for row, at in torn] and len(crumbs) < len(rows[first])
    if (len(crumbs) > 1 or any(of_figures)) and not alike:
        return
    for crumb, of_figure, (row, at) in zip(crumbs, of_figures, torn, strict=True):
        begun, text = row[at], f"{row[at].text}\n{crumb.text}"
        # the digits may as well be of a row that lost its label
        readings = ("".join(text.split()), begun.text) if of_figure else begun.readings
        row[at] = begun._replace(text=text, readings=readings)
    rows[first] = [cell for cell in rows[first] if cell not in crumbs]


def merged(values: Sequence[float], tolerance: float) -> list[float]:
    """Return values with those that are nearly the same taken together.

    Examples
    --------
    >>> merged([10.0, 80.5, 10.4, 79.9], 1.0)
    [10.2, 80.2]
    """
    groups = split(sorted(values), lambda one, other: other - one <= tolerance)
    return [sum(group) / len(group) for group in groups]


def united(spans: Iterable[tuple[float, float]], gap: float = 0.0) -> list[tuple[float, float]]:
    """Return stretches with those that overlap, or stand no further apart than a gap, taken together.

    Examples
    --------
    >>> united([(4, 6), (1, 3), (2, 3.5)])
    [(1, 3.5), (4, 6)]
    """
    joined: list[tuple[float, float]] = []
    for start, end in sorted(spans):
        before = joined.pop() if joined and start <= joined[-1][1] + gap else (start, end)
        joined.append((before[0], max(before[1], end)))
    return joined


def split(items: Iterable[_Item], belong: Callable[[_Item, _Item], bool]) -> list[list[_Item]]:
    """Part a sequence where two neighbours do not belong together.

    Examples
    --------
    >>> split([1, 2, 5, 6], lambda one, other: other == one + 1)
    [[1, 2], [5, 6]]
    """
    groups: list[list[_Item]] = []
    for item in items:
        if groups and belong(groups[-1][-1], item):
            groups[-1].append(item)
        else:
            groups.append([item])
    return groups
