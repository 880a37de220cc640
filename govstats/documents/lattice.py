"""Ruled tables of a PDF document as camelot finds them: the second reader, asked where the first one leaves doubts."""

from __future__ import annotations

import logging
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from operator import ne
from statistics import fmean
from typing import Any

from camelot.handlers import PDFHandler

from govstats.characters import is_figure, normalised
from govstats.documents.document import Box
from govstats.documents.page import PageCell, PageTable, Word
from govstats.documents.page_tables import filled, frames_of

#: A font that is taller than this, in thousandths of its size, says nothing true of itself; most Chinese fonts have 880 and -120.
_TALLEST, _ASCENT, _DESCENT = 1500, 880.0, -120.0
#: Of the cells of a table, so many in which two readings differ show that one of them misplaced its text.
_MANY = 0.1

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
    with warnings.catch_warnings(action="ignore"), _Handler(content, pages=",".join(map(str, words))) as handler:
        try:
            tables = handler.parse("lattice", engine="vector")
        except Exception as error:  # noqa: BLE001 camelot and its parser raise whatever a damaged file makes them run into
            logging.getLogger(__name__).info("camelot cannot read this document: %s", error)
            return {}
    of_pages = {page: [table for table in tables if table.page == page] for page in words}
    return {page: list(_checked(of_page, words[page])) if of_page else [] for page, of_page in of_pages.items()}


def _checked(tables: Sequence[Any], words: Sequence[Word]) -> Iterator[PageTable]:
    """Put words and camelot's text between the lines that camelot found; leave out where the two differ in many cells."""
    height, (vertical, horizontal) = tables[0].pdf_size[1], tables[0]._segments
    rulings = (
        [Box(left, height - upper, right, height - lower) for left, lower, right, upper in lines]
        for lines in (horizontal, vertical)
    )
    cells = (cell for cell in chain.from_iterable(chain.from_iterable(table.cells for table in tables)) if cell.text.strip())
    # text in one half of a cell touches no text in the next one
    texts = [
        Word(cell.text.strip(), Box(fmean((cell.x1, cell.x2)), height - cell.y2, cell.x2, height - cell.y1)) for cell in cells
    ]
    frames = frames_of(*rulings)
    for ours, theirs in zip(filled(frames, words)[0], filled(frames, texts)[0], strict=True):
        both = tuple(map(_with_reading, ours.cells, theirs.cells))
        if sum(map(ne, both, ours.cells)) <= _MANY * sum(bool(cell.text) for cell in both):
            yield replace(ours, cells=both)


def _with_reading(cell: PageCell, other: PageCell) -> PageCell:
    one, two = ("".join(normalised(text).split()) for text in (cell.text, other.text))
    # the lines of a label may stand in another order
    same = one == two if is_figure(cell.text) else Counter(one) == Counter(two)
    return cell if same else cell._replace(readings=(*cell.readings, other.text))
