"""A page as pieces of text with their boxes: lines, paragraphs in reading order, and tables that go on over pages."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count, pairwise
from statistics import median
from typing import NamedTuple, TypeVar

from govstats.characters import is_figure
from govstats.documents.document import NO_TEXT, Block, Box, Cell, Grid, Paragraph

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
#: Characters of one height are in one line where their middles lie closer than this part of it; bold type that is printed twice
#: lies closer still.
_ALIKE, _LIKE, _TWICE = 0.87, 0.4, 0.25
_PAGE_NUMBER = re.compile(r"[-—–·.\s]*\d{1,4}[-—–·.\s]*|第\s*\d{1,4}\s*页.{0,14}|\d{1,4}\s*/\s*\d{1,4}")
_HEADING_NUMBER = re.compile(r"\s*(?:[一二三四五六七八九十]+、|[(（][一二三四五六七八九十]+[)）])")
NUMBERING = re.compile(r"\s*(?:[(（]?[一二三四五六七八九十\d]{1,3}\s*[)）、.．]|第[一二三四五六七八九十]+[条章])")
_DIGITS = re.compile(r"\d+")
#: The characters of figures, and what stands for one that cannot be read.
_MARKS = frozenset(f"[{digit}]" for digit in "0123456789")
_OF_FIGURE = frozenset((*"0123456789.,%+-", NO_TEXT, *_MARKS))
#: Room that a cell leaves left and right of its text.
_PADDING = 10.0
_DIGIT_LINES = re.compile(r"[\d.,\n]+")
#: So many characters in one piece are prose.
_PROSE = 8
#: A heading is set so much larger than the text.
_HEADING, _LONGEST_HEADING = 1.12, 80

_Item = TypeVar("_Item")


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

    @property
    def middle(self) -> tuple[float, float]:
        """Centre of the box."""
        return (self.box.left + self.box.right) / 2, (self.box.top + self.box.bottom) / 2


class Segment(NamedTuple):
    """Words of one line that stand close to one another."""

    text: str
    box: Box
    words: tuple[Word, ...]

    @property
    def height(self) -> float:
        """Of most characters: digits of another font may be taller."""
        return median(word.box.bottom - word.box.top for word in self.words)


class PageCell(NamedTuple):
    """A cell of a table on a page."""

    text: str
    box: Box
    row: int
    column: int
    rowspan: int = 1
    colspan: int = 1
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
    # of each line the middle and the height of its tallest character: a raised digit joins it and does not open its own
    tallest: list[tuple[float, float]] = []
    for middle, height, word in sorted(((w.box.top + w.box.bottom) / 2, w.box.bottom - w.box.top, w) for w in words):
        for number in range(len(lines) - 1, max(len(lines) - 5, -1), -1):
            at, high = tallest[number]
            low, tall = (height, high) if height < high else (high, height)
            apart = abs(at - middle) / tall if tall else 0.0
            if apart < (_LIKE if low > _ALIKE * tall else 0.5) and (apart < _TWICE or not _is_under(word, lines[number])):
                lines[number].append(word)
                if low == high < _ALIKE * tall:
                    tallest[number] = middle, height
                break
        else:
            lines.append([word])
            tallest.append((middle, height))
    return [
        _segments(sorted(line, key=lambda word: word.box.left), gap * height)
        for line, (_, height) in zip(lines, tallest, strict=True)
    ]


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
    tall = sorted((word for word in words if word.text.isdigit()), key=_right)
    found: dict[int, Word] = {}
    for word in sorted(tall, key=_left):
        height = word.box.bottom - word.box.top
        begin, end = (bisect_left(tall, word.box.left + side * height / 2, key=_right) for side in (-1, 1))
        near = tall[begin:end]
        for box in [found.get(id(before), before).box for before in near]:
            high = box.bottom - box.top
            if height < _SMALL * high and box.top <= word.middle[1] <= (box.top + box.bottom) / 2:
                found[id(word)] = word._replace(text=f"[{word.text}]", box=word.box._replace(top=box.top, bottom=box.bottom))
    return [found.get(id(word), word) for word in words]


def _left(word: Word) -> float:
    return word.box.left


def _right(word: Word) -> float:
    return word.box.right


def _is_under(word: Word, line: Sequence[Word]) -> bool:
    left, _, right, _ = word.box
    return any(
        min(right, other.box.right) - max(left, other.box.left) > 0.5 * min(right - left, other.box.right - other.box.left)
        for other in line
    )


def _segments(line: Sequence[Word], gap: float) -> list[Segment]:
    groups: list[list[Word]] = []
    end = float("-inf")
    for word in line:
        if groups and _twice(groups[-1][-1], word):
            # bold type is sometimes set by printing twice
            continue
        if not groups or word.box.left - end > gap:
            groups.append([])
        groups[-1].append(word)
        end = max(end, word.box.right)
    return [segment_of(group) for group in groups]


def segment_of(words: Sequence[Word]) -> Segment:
    """Join words of a line."""
    return Segment(_joined(words), surrounding([word.box for word in words]), tuple(words))


def _twice(before: Word, word: Word) -> bool:
    width, height = word.box.right - word.box.left, word.box.bottom - word.box.top
    return (
        before.text == word.text
        and abs(before.box.left - word.box.left) < 0.3 * width
        and abs(before.box.top - word.box.top) < _TWICE * height
    )


def _joined(words: Sequence[Word]) -> str:
    """Join the words of a segment."""
    height = max(word.box.bottom - word.box.top for word in words)
    digits = [(a, b) for a, b in pairwise(words) if a.text.isdecimal() and b.text.isdecimal() and b.confidence is None]
    closest = min((b.box.left - a.box.right for a, b in digits), default=0.0)
    # of two digits that stand apart nobody knows how far digits of one figure do
    apart = _SPACE * height if len(digits) < 2 else min(closest + _WIDER * height, _SPACE * height)
    text = words[0].text
    for before, word in pairwise(words):
        both = before.text.isdecimal() and word.text.isdecimal() and word.confidence is None
        gap = word.box.left - before.box.right
        text += (" " if gap > (apart if both else _SPACE * height) or are_two(before, word) else "") + word.text
    text = text.replace("][", "")
    # of a label the other characters tell enough
    legible = text.replace(ILLEGIBLE, "").strip()
    return text if not legible or is_figure(legible) else legible


def are_two(before: Word, word: Word) -> bool:
    """Tell whether two digits are no digits of one figure: one is printed over the other, or smaller.

    Parameters
    ----------
    before, word : Word
        One behind the other.

    Returns
    -------
    bool
    """
    if word is before or word.confidence is not None or not (before.text.isdecimal() and word.text.isdecimal()):
        return False
    one, other = before.box, word.box
    width = min(one.right - one.left, other.right - other.left)
    highs = one.bottom - one.top, other.bottom - other.top
    return one.right - other.left > 0.4 * width or min(highs) < _SMALL * max(highs)


def text_of(words: Sequence[Word]) -> str:
    """Return the text of a cell: its lines, broken as they are on the page."""
    if len(words) < 2:
        return words[0].text if words else ""
    return "\n".join(line[0].text for line in lines_of(words, gap=1e9))


class Run(NamedTuple):
    """Words that stand in one cell, however far they reach over its edge, and the point that tells in which."""

    words: tuple[Word, ...]
    x: float
    y: float


def runs_of(words: Sequence[Word]) -> list[Run]:
    """Keep the characters of a figure together, with the footnote mark behind it.

    Parameters
    ----------
    words : sequence of Word
        In the order in which they were written.

    Returns
    -------
    list of Run
        Each word once: with those of its figure, or alone.
    """
    groups = split(words, touches)
    # the mark behind a figure does not tell where it stands
    figures = [[word for word in group if word.text not in _MARKS] or group for group in groups]
    middles = [((figure[0].box.left + figure[-1].box.right) / 2, figure[0].middle[1]) for figure in figures]
    return [Run(tuple(group), *middle) for group, middle in zip(groups, middles, strict=True)]


def touches(before: Word, word: Word) -> bool:
    """Tell whether two characters of figures stand so close behind one another that they are of one figure."""
    if not (before.text in _OF_FIGURE and word.text in _OF_FIGURE):
        return False
    one, other = before.box, word.box
    near = _TOUCHING * (one.bottom - one.top)
    return abs(one.right - other.left) < near and abs(one.top - other.top) < near


def cell_of(words: Sequence[Word], width: float = float("inf")) -> tuple[str, tuple[str, ...], float | None]:
    """Return text, readings and confidence of the words in a cell of a width.

    Digits that fill a line may go on in the next, or be another figure: both readings are there for the edits to decide.
    """
    sure = [word.confidence for word in words if word.confidence is not None]
    readings = words[0].readings if len(words) == 1 else ()
    if len(words) > 1 and any(word.readings for word in words):
        # the readings of several pieces are told apart only where one of them is in doubt
        doubtful = [word for word in words if word.readings]
        if len(doubtful) == 1:
            readings = tuple(
                text_of([word._replace(text=other) if word is doubtful[0] else word for word in words])
                for other in doubtful[0].readings
            )
    text = text_of(words)
    if "\n" in text and _DIGIT_LINES.fullmatch(text):
        lines = [line[0] for line in lines_of(words, gap=1e9)]
        room = [width - _PADDING - (line.box.right - line.box.left) * (1 + 1 / len(line.text)) for line in lines]
        if all(left < 0 for left in room[:-1]):
            readings = (*readings, text.replace("\n", ""))
    return text, readings, min(sure) if sure else None


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
    counts = Counter(text for lines in pages for text in {_compact(line) for line in (*lines[:1], *lines[-1:])})
    heads = {text for text, often in counts.items() if text and often > max(1, len(pages) // 2)}

    def is_left_out(page: int, at: int) -> bool:
        line, last = pages[page][at], len(pages[page]) - 1
        # a title may be the running head of the pages after it
        is_edge = page > 0 if at == 0 else at == last
        return is_edge and (_compact(line) in heads or _PAGE_NUMBER.fullmatch(_text(line)) is not None)

    return [[line for at, line in enumerate(lines) if not is_left_out(page, at)] for page, lines in enumerate(pages)]


def _text(line: Sequence[Segment]) -> str:
    return "".join(segment.text for segment in line)


def _compact(line: Sequence[Segment]) -> str:
    return _DIGITS.sub("", "".join(_text(line).split()))


# --- paragraphs -----------------------------------------------------------------------------------------------------------


class TextLine(NamedTuple):
    """A line of prose on a page."""

    text: str
    box: Box
    page: int
    height: float


def paragraphs(lines: Sequence[TextLine], width: tuple[float, float], body: float) -> Iterator[Paragraph]:
    """Join lines of prose to paragraphs.

    Parameters
    ----------
    lines : sequence of TextLine
        That follow one another with no table between them, on one page or several.
    width : (float, float)
        Left and right margin of the text.
    body : float
        Height of the characters of the text; a heading is taller.

    Yields
    ------
    Paragraph
        A line goes on in the next where it reaches the right margin and the next one is not indented.
    """
    for group in split(lines, lambda line, following: _goes_on(line, following, *width, body)):
        yield _paragraph(group, body)


def _goes_on(line: TextLine, following: TextLine, left: float, right: float, body: float) -> bool:
    return (
        line.box.right > right - 2.2 * line.height
        and following.box.left < left + 1.2 * line.height
        and abs(line.height - following.height) < 0.15 * body
        and not (line.text.endswith("。") and line.box.right < right - line.height)
        and not _HEADING_NUMBER.match(following.text)
    )


def _paragraph(group: Sequence[TextLine], body: float) -> Paragraph:
    first = group[0]
    text = ""
    for line in group:
        # a word in Latin letters ends with its line
        text += " " if text[-1:].isascii() and text[-1:].isalpha() and line.text[:1].isascii() else ""
        text += line.text
    box = surrounding([line.box for line in group if line.page == first.page])
    heading = first.height > _HEADING * body and len(text) < _LONGEST_HEADING
    return Paragraph(text.strip(), str(box), first.page, heading)


# --- from pages to a document ---------------------------------------------------------------------------------------------


def blocks_of(pages: Sequence[Sequence[list[Segment] | PageTable]], first: int = 1) -> tuple[Block, ...]:
    """Make the blocks of a document out of its pages.

    Parameters
    ----------
    pages : sequence
        For each page its tables and lines, from top to bottom.
    first : int
        Number of the first one.

    Returns
    -------
    tuple of Paragraph or Grid
        A table that goes on over pages is one grid.
    """
    prose = [s for page in pages for item in page if isinstance(item, list) for s in item if len(s.text) >= _PROSE]
    body = median(segment.height for segment in prose) if prose else 0.0
    lefts, rights = sorted(segment.box.left for segment in prose), sorted(segment.box.right for segment in prose)
    margins = (lefts[len(lefts) // 10], rights[len(rights) * 9 // 10]) if prose else (0.0, float("inf"))
    items = [
        _Part(number, item) if isinstance(item, PageTable) else _text_line(number, item)
        for number, page in enumerate(pages, start=first)
        for item in page
    ]
    blocks: list[Block] = []
    tables = count(1)
    for group in split(items, lambda one, other: type(one) is type(other)):
        blocks += paragraphs([item for item in group if isinstance(item, TextLine)], margins, body)
        parts = split([item for item in group if isinstance(item, _Part)], _continues)
        blocks += [_grid(part, next(tables)) for part in parts]
    return tuple(blocks)


class _Part(NamedTuple):
    page: int
    table: PageTable


def _text_line(page: int, line: Sequence[Segment]) -> TextLine:
    # segments far apart in a line of prose: a list, or a table that was not seen as one
    text = "  ".join(segment.text for segment in line)
    return TextLine(text, surrounding([segment.box for segment in line]), page, max(segment.height for segment in line))


def _continues(upper: _Part, lower: _Part) -> bool:
    return upper.page != lower.page and _same_columns(upper.table, lower.table)


def _same_columns(upper: PageTable, lower: PageTable) -> bool:
    """Tell whether a table may go on in another: the edges of one are all edges of the other."""
    few, many = sorted((upper.edges, lower.edges), key=len)
    return upper.bounded == lower.bounded and all(any(abs(a - b) < _SAME_EDGE for b in many) for a in few)


def _grid(parts: Sequence[_Part], number: int) -> Grid:
    """Make one grid of the parts of a table; a label that ended on the page before goes on in its own cell."""
    edges = merged([edge for _, part in parts for edge in part.edges], _SAME_EDGE)
    rows: list[list[Cell]] = []
    for page, part in parts:
        first = len(rows)
        rows += [[] for _ in range(part.rows)]
        for cell in part.cells:
            start, end = (_nearest(edges, part.edges[at]) for at in (cell.column, cell.column + cell.colspan))
            place = f"table {number} row {first + cell.row + 1} cell {len(rows[first + cell.row]) + 1} {cell.box}"
            spans = first + cell.row, start, cell.rowspan, max(end - start, 1)
            rows[first + cell.row].append(Cell(cell.text, *spans, place, page, cell.readings, cell.confidence))
        if first and part.rows:
            _merge_upwards(rows, first)
    return Grid(tuple(map(tuple, rows)), True, parts[0].table.bounded, f"table {number}")


def _merge_upwards(rows: list[list[Cell]], first: int) -> None:
    """Let the end of a label that a page break tore off go on in the last row before: text beside cells without any."""
    texts = [cell for cell in rows[first] if cell.text.strip()]
    if len(texts) != 1 or any(is_figure(cell.text) for cell in texts) or NUMBERING.match(texts[0].text):
        return
    crumb = texts[0]
    for row in reversed(rows[:first]):
        for at, cell in enumerate(row):
            if (cell.column, cell.colspan) == (crumb.column, crumb.colspan) and cell.text.strip():
                if cell.row + cell.rowspan == first:
                    row[at] = cell._replace(text=f"{cell.text}\n{crumb.text}")
                    rows[first] = [c for c in rows[first] if c is not crumb]
                return


def merged(values: Sequence[float], tolerance: float) -> list[float]:
    """Return values with those that are nearly the same taken together.

    Examples
    --------
    >>> merged([10.0, 80.5, 10.4, 79.9], 1.0)
    [10.2, 80.2]
    """
    groups = split(sorted(values), lambda one, other: other - one <= tolerance)
    return [sum(group) / len(group) for group in groups]


def split(items: Iterable[_Item], belong: Callable[[_Item, _Item], bool]) -> list[list[_Item]]:
    """Part a sequence where two neighbours do not belong together.

    Examples
    --------
    >>> split([1, 2, 5, 6], lambda one, other: other == one + 1)
    [[1, 2], [5, 6]]
    """
    groups: list[list[_Item]] = []
    for item in items:
        if not groups or not belong(groups[-1][-1], item):
            groups.append([])
        groups[-1].append(item)
    return groups


def _nearest(edges: Sequence[float], value: float) -> int:
    return min(range(len(edges)), key=lambda number: abs(edges[number] - value))
