"""Ruled tables of a PDF document as camelot finds them: the second reader, asked where the first one leaves doubts."""

from __future__ import annotations

import logging
import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from camelot.handlers import PDFHandler

from govstats.characters import is_figure, normalised
from govstats.documents.page import PageTable, Word, runs_of
from govstats.documents.ruled import Frame, cells_of, filled, parted

#: A font that is taller than this, in thousandths of its size, says nothing true of itself; most Chinese fonts have 880 and -120.
_TALLEST, _ASCENT, _DESCENT = 1500, 880.0, -120.0
#: Of the cells of a table, so many in which two readings differ show that one of them misplaced its text.
_MANY = 0.1

_LOGGER = logging.getLogger(__name__)
# the parser behind camelot prints the whole font to the terminal where its encoding has an unusual form
logging.getLogger("playa").addHandler(logging.NullHandler())


class _Handler(PDFHandler):
    """camelot's reader of pages, with fonts whose vertical extent can be believed.

    Where a font gives none, the extent of its largest glyph is taken, and text lands in the row below
    (LibreOffice with Noto fonts): 407 and 0 become 4070 while camelot reports an accuracy of 95 %.
    """

    def _get_layout(self, page: Any, **layout: Any) -> Any:
        for font in page.fonts.values():
            if not 0 < font.ascent - font.descent <= _TALLEST:
                font.ascent, font.descent = _ASCENT, _DESCENT
        # the order of boxes of text is of no use here, and where characters are set one by one it takes minutes
        return super()._get_layout(page, **(layout | {"boxes_flow": None}))


def lattice_tables(content: bytes, words: Mapping[int, Sequence[Word]]) -> dict[int, list[PageTable]]:
    """Find ruled tables with camelot: lattice, vector engine.

    Parameters
    ----------
    content : bytes
        A PDF document.
    words : mapping of int to sequence of Word
        What stands on the pages that have rulings, by their numbers from 1.

    Returns
    -------
    dict of int to list of PageTable
        By page, with boxes from its upper left corner. A cell in which camelot's text differs from the characters whose own boxes
        lie in it has both as readings; a table with many such cells is left out. Nothing where camelot gives up.
    """
    with warnings.catch_warnings(), _Handler(content, pages=",".join(map(str, words))) as handler:
        warnings.simplefilter("ignore")
        try:
            tables = handler.parse("lattice", engine="vector")
        except Exception as error:  # noqa: BLE001 camelot and its parser raise whatever a damaged file makes them run into
            _LOGGER.info("camelot cannot read this document: %s", error)
            return {}
    found: dict[int, list[PageTable]] = {}
    for table in tables:
        checked = _checked(table, words[table.page])
        if checked is not None:
            found.setdefault(table.page, []).append(checked)
    return found


def _frame(table: Any) -> Frame:
    """Return the cells of a table of camelot, which marks spans by leaving out edges."""
    height = table.pdf_size[1]
    lefts = (*(x for x, _ in table.cols), table.cols[-1][1])
    tops = (*(height - y for y, _ in table.rows), height - table.rows[-1][1])
    first: dict[tuple[int, int], tuple[int, int]] = {}
    for i, row in enumerate(table.cells):
        for j, cell in enumerate(row):
            neighbours = []
            if j and not (cell.left or row[j - 1].right):
                neighbours.append(first[i, j - 1])
            if i and not (cell.top or table.cells[i - 1][j].bottom):
                neighbours.append(first[i - 1, j])
            first[i, j] = min(neighbours, default=(i, j))
    return Frame(lefts, tops, cells_of(first, lefts, tops))


def _checked(table: Any, words: Sequence[Word]) -> PageTable | None:
    """Compare the text that camelot found with the characters that lie in each cell; None where the two differ in many cells."""
    frame = _frame(table)
    read = filled(frame, parted(runs_of(words), frame.box)[0])
    cells = []
    differ = 0
    for cell in read.cells:
        rows = range(cell.row, cell.row + cell.rowspan)
        columns = range(cell.column, cell.column + cell.colspan)
        other = "\n".join(filter(None, (table.cells[row][column].text.strip() for row in rows for column in columns)))
        one, two = _compared(cell.text), _compared(other)
        # the lines of a label may stand in another order
        if one == two or (Counter(one) == Counter(two) and not is_figure(cell.text)):
            cells.append(cell)
        else:
            differ += 1
            cells.append(cell._replace(readings=(*cell.readings, other)))
    printed = sum(bool(cell.text) for cell in cells)
    return replace(read, cells=tuple(cells)) if differ <= _MANY * printed else None


def _compared(text: str) -> str:
    return "".join(normalised(text).split())
