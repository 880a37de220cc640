"""Ruled tables of a PDF document as camelot finds them."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Sequence
from typing import Any, NamedTuple

from camelot.handlers import PDFHandler

from govstats.documents.document import Box
from govstats.documents.page import PageCell, PageTable, surrounding, without_gaps

#: A font that is taller than this, in thousandths of its size, says nothing true of itself; most Chinese fonts have 880 and -120.
_TALLEST, _ASCENT, _DESCENT = 1500, 880.0, -120.0

_LOGGER = logging.getLogger(__name__)
# the parser behind camelot prints the whole font to the terminal where its encoding has an unusual form
logging.getLogger("playa").addHandler(logging.NullHandler())


class LatticeTable(NamedTuple):
    """A table and the page it stands on."""

    page: int
    table: PageTable


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


def lattice_tables(content: bytes, pages: Sequence[int]) -> list[LatticeTable]:
    """Find ruled tables with camelot: lattice, vector engine.

    Parameters
    ----------
    content : bytes
        A PDF document.
    pages : sequence of int
        Numbers of the pages that have rulings, from 1.

    Returns
    -------
    list of LatticeTable
        With boxes from the upper left corner of the page. None where camelot gives up: other ways of reading are left.
    """
    with warnings.catch_warnings(), _Handler(content, pages=",".join(map(str, pages))) as handler:
        warnings.simplefilter("ignore")
        try:
            tables = handler.parse("lattice", engine="vector")
        except Exception as error:  # noqa: BLE001 camelot and its parser raise whatever a damaged file makes them run into
            _LOGGER.info("camelot cannot read this document: %s", error)
            return []
    return [LatticeTable(table.page, _page_table(table)) for table in tables]


def _page_table(table: Any) -> PageTable:
    """Turn a table of camelot into rows and columns with spans, which it marks by leaving out edges."""
    height = table.pdf_size[1]
    rows, columns = len(table.rows), len(table.cols)
    anchor: dict[tuple[int, int], tuple[int, int]] = {}
    for i in range(rows):
        for j in range(columns):
            cell = table.cells[i][j]
            open_left = j > 0 and not (cell.left or table.cells[i][j - 1].right)
            open_above = i > 0 and not (cell.top or table.cells[i - 1][j].bottom)
            joined = [anchor[i, j - 1]] if open_left else []
            joined += [anchor[i - 1, j]] if open_above else []
            anchor[i, j] = min(joined, default=(i, j))
    cells = []
    for row, column in sorted(set(anchor.values())):
        members = [at for at, first in anchor.items() if first == (row, column)]
        bottom, right = max(r for r, _ in members) + 1, max(c for _, c in members) + 1
        text = "\n".join(filter(None, (table.cells[r][c].text.strip() for r, c in members)))
        box = Box(
            table.cols[column][0], height - table.rows[row][0], table.cols[right - 1][1], height - table.rows[bottom - 1][1]
        )
        cells.append(PageCell(text, box, row, column, bottom - row, right - column))
    edges = (*(x for x, _ in table.cols), table.cols[-1][1])
    return without_gaps(PageTable(surrounding([cell.box for cell in cells]), edges, tuple(cells), rows, True))
