"""Pages put together: their tables, found one way after the other, and the prose around them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from govstats.documents.borderless import borderless_tables
from govstats.documents.document import Block, Box
from govstats.documents.page import PageTable, Word, blocks_of, reading_order, without_running_heads
from govstats.documents.ruled import ruled_tables


class Sheet(NamedTuple):
    """What was found on a page, in points from its upper left corner.

    Attributes
    ----------
    words : sequence of Word
        All of them, in any order.
    horizontal, vertical : sequence of Box
        Rulings.
    tables : sequence of PageTable
        Those that another engine has read already.
    """

    words: Sequence[Word]
    horizontal: Sequence[Box]
    vertical: Sequence[Box]
    tables: Sequence[PageTable] = ()


def lay_out(sheets: Sequence[Sheet]) -> tuple[Block, ...]:
    """Make the blocks of a document out of its pages.

    Parameters
    ----------
    sheets : sequence of Sheet
        In order.

    Returns
    -------
    tuple of Paragraph or Grid
        In reading order. Tables that were read already come first, then those that rulings mark off, then those that figures
        make by standing under one another; page numbers and running heads are left out.
    """
    tables: list[list[PageTable]] = []
    outside: list[list[Word]] = []
    for sheet in sheets:
        ruled, rest = ruled_tables(sheet.words, sheet.horizontal, sheet.vertical)
        tables.append([*sheet.tables, *(t for t in ruled if not any(_covers(first.box, t.box) for first in sheet.tables))])
        outside.append([word for word in rest if not any(_holds(table.box, word) for table in sheet.tables)])
    borderless, prose = borderless_tables(without_running_heads(outside))
    return blocks_of([reading_order(w, [*t, *b]) for w, t, b in zip(prose, tables, borderless, strict=True)])


def _covers(one: Box, other: Box) -> bool:
    width = min(one.right, other.right) - max(one.left, other.left)
    height = min(one.bottom, other.bottom) - max(one.top, other.top)
    return width > 0 and height > 0 and width * height > 0.5 * (other.right - other.left) * (other.bottom - other.top)


def _holds(box: Box, word: Word) -> bool:
    x, y = word.middle
    return box.left <= x <= box.right and box.top <= y <= box.bottom
