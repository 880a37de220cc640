"""Pages put together: their tables, found one way after the other, and the prose around them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from types import MappingProxyType

from govstats.documents.borderless import borderless_tables
from govstats.documents.document import NO_TEXT, Block, Box
from govstats.documents.page import PageTable, Segment, Word, blocks_of, lines_of, with_marks, without_running_heads
from govstats.documents.ruled import ruled_tables

#: A ruled table with fewer figures is a form or a frame.
_FEWEST_FIGURES = 6


@dataclass(frozen=True, eq=False)
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
    """

    words: Sequence[Word]
    horizontal: Sequence[Box]
    vertical: Sequence[Box]
    has_ink: Callable[[Box], bool] | None = None
    pictures: Sequence[Box] = ()

    @cached_property
    def ruled(self) -> tuple[list[PageTable], list[Word]]:
        """The tables that rulings mark off, and the words outside; a page may be laid out twice."""
        return ruled_tables(with_marks(self.words), self.horizontal, self.vertical)

    @property
    def holds_figures(self) -> bool:
        """A second reader is worth asking: rulings mark off a table that holds more than a few figures."""
        figures = (sum(any(map(str.isdecimal, cell.text)) for cell in table.cells) for table in self.ruled[0])
        return max(figures, default=0) >= _FEWEST_FIGURES


def lay_out(
    sheets: Sequence[Sheet], read: Mapping[int, Sequence[PageTable]] = MappingProxyType({}), first: int = 1
) -> tuple[Block, ...]:
    """Make the blocks of a document out of its pages.

    Parameters
    ----------
    sheets : sequence of Sheet
        In order.
    read : mapping of int to sequence of PageTable
        Tables that another engine has read already, by the number of their page.
    first : int
        Number of the first one.

    Returns
    -------
    tuple of Paragraph or Grid
        In reading order. Tables that were read already come first, then those that rulings mark off, then those that figures
        make by standing under one another; page numbers and running heads are left out.
    """
    tables: list[list[PageTable]] = []
    outside: list[list[list[Segment]]] = []
    for number, sheet in enumerate(sheets, start=first):
        known = read.get(number, ())
        ruled, rest = sheet.ruled
        tables.append([*known, *(table for table in ruled if not any(_covers(one.box, table.box) for one in known))])
        outside.append(lines_of([word for word in rest if not any(_holds(table.box, word) for table in known)]))
    borderless, prose = borderless_tables(without_running_heads(outside))
    return blocks_of(
        [
            sorted([*lines, *(_with_pictures(table, sheet) for table in (*ruled, *others))], key=_top)
            for lines, ruled, others, sheet in zip(prose, tables, borderless, sheets, strict=True)
        ],
        first,
    )


def _with_pictures(table: PageTable, sheet: Sheet) -> PageTable:
    """Tell cells that hold a picture or a stroke from blank ones, and a figure with a picture beside it from one alone."""
    cells = []
    for cell in table.cells:
        drawn = sheet.has_ink(cell.box) if sheet.has_ink and not cell.text else any(_lies_in(p, cell.box) for p in sheet.pictures)
        cells.append(cell._replace(text=cell.text + NO_TEXT) if drawn else cell)
    return replace(table, cells=tuple(cells))


def _top(item: list[Segment] | PageTable) -> float:
    return item.box.top if isinstance(item, PageTable) else min(segment.box.top for segment in item)


def _lies_in(inner: Box, outer: Box) -> bool:
    left, top, right, bottom = outer
    return left <= inner.left and inner.right <= right and top <= inner.top and inner.bottom <= bottom


def _covers(one: Box, other: Box) -> bool:
    width = min(one.right, other.right) - max(one.left, other.left)
    height = min(one.bottom, other.bottom) - max(one.top, other.top)
    return width > 0 and height > 0 and width * height > 0.5 * (other.right - other.left) * (other.bottom - other.top)


def _holds(box: Box, word: Word) -> bool:
    x, y = word.middle
    return box.left <= x <= box.right and box.top <= y <= box.bottom
