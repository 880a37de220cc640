"""Pages put together: their tables, found one way after the other, and the prose around them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from govstats.documents.borderless import borderless_tables
from govstats.documents.document import NO_TEXT, Box
from govstats.documents.page import Locate, PageTable, Segment, Word, lines_of, surrounding, with_marks, without_running_heads
from govstats.documents.ruled import ruled_tables

#: What stands on a page from top to bottom: a line of prose, or a table.
Item = list[Segment] | PageTable


@dataclass(eq=False)
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
    locate : callable
        Leads from the page to the one that was given, of which it is a picture set upright.
    """

    words: Sequence[Word] = ()
    horizontal: Sequence[Box] = ()
    vertical: Sequence[Box] = ()
    has_ink: Callable[[Box], bool] | None = None
    pictures: Sequence[Box] = ()
    locate: Locate = Box._make

    @cached_property
    def ruled(self) -> tuple[list[PageTable], list[Word]]:
        """The tables that rulings mark off, and the words outside."""
        return ruled_tables(with_marks(self.words), self.horizontal, self.vertical)

    def in_order(self, lines: Iterable[Item], tables: Iterable[PageTable]) -> list[Item]:
        """Put tables between lines; tell cells that hold a picture or a stroke from blank ones, and from a figure alone."""
        items = list(lines)
        for table in tables:
            cells = [c._replace(text=c.text + NO_TEXT) if self._is_drawn_in(c.box, c.text) else c for c in table.cells]
            items.append(replace(table, cells=tuple(cells)))
        return sorted(items, key=lambda item: _box(item).top)

    def _is_drawn_in(self, box: Box, text: str) -> bool:
        if self.has_ink and not text:
            return self.has_ink(box)
        return any(surrounding([box, picture]) == box for picture in self.pictures)


def arranged(sheets: Sequence[Sheet]) -> list[list[Item]]:
    """Return for each page its tables and lines of prose.

    Words outside the tables that rulings mark off make tables of figures that stand under one another, or prose; page numbers
    and running heads are left out.
    """
    borderless, prose = borderless_tables(without_running_heads([lines_of(sheet.ruled[1]) for sheet in sheets]))
    pages = zip(sheets, prose, borderless, strict=True)
    return [sheet.in_order(lines, [*sheet.ruled[0], *tables]) for sheet, lines, tables in pages]


def replaced(items: Sequence[Item], tables: Sequence[PageTable], sheet: Sheet) -> list[Item]:
    """Put tables that another engine found on a page in the place of what they cover."""
    return sheet.in_order((item for item in items if not any(_covers(table.box, _box(item)) for table in tables)), tables)


def _box(item: Item) -> Box:
    """Return the box of a table; of a line that of its first piece, up to the top of the highest."""
    return item.box if isinstance(item, PageTable) else item[0].box._replace(top=min(piece.box.top for piece in item))


def _covers(one: Box, other: Box) -> bool:
    both = Box(max(one.left, other.left), max(one.top, other.top), min(one.right, other.right), min(one.bottom, other.bottom))
    return max(both.width, 0.0) * max(both.height, 0.0) > 0.5 * other.width * other.height
