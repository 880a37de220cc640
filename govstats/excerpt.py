"""Where a cell stands: the spot on the page, or the rows of the document around it."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING

from govstats.documents import Document, Grid, open_document, page_picture
from govstats.documents.document import Box
from govstats.errors import GovstatsError

if TYPE_CHECKING:
    from PIL.Image import Image

    from govstats.report import ReadCell, Report

#: Pixels a point, and how much of the page is shown around the cell, in shares of its width and height.
_SCALE, _WIDE, _HIGH = 2.0, 1.0, 0.14
#: Rows of a table, or lines of text, before and after the cell.
_AROUND = 2
_FRAME = "#d55e00"


@dataclass(frozen=True)
class Excerpt:
    """What the document shows where a cell was read; a notebook displays it.

    Attributes
    ----------
    cell : ReadCell
        The cell.
    picture : PIL.Image.Image or None
        The part of the page around the cell, which has a frame; None in documents without pages.
    rows : tuple of tuple of (str, bool)
        The rows of the document around the cell, each field with whether it is the one; empty where there is a picture.
    """

    cell: ReadCell
    picture: Image | None = field(default=None, repr=False)
    rows: tuple[tuple[tuple[str, bool], ...], ...] = ()

    def _repr_png_(self) -> bytes | None:
        if self.picture is None:
            return None
        stored = io.BytesIO()
        self.picture.save(stored, "PNG", optimize=True)
        return stored.getvalue()

    def _repr_html_(self) -> str | None:
        return None if self.picture else f'<table border="1"><tbody>{"".join(map(_row, self.rows))}</tbody></table>'


def _row(fields: Sequence[tuple[str, bool]]) -> str:
    marked = f' style="outline: 2px solid {_FRAME}; font-weight: 600"'
    return "<tr>" + "".join(f"<td{marked * is_it}>{escape(text)}</td>" for text, is_it in fields) + "</tr>"


def excerpt(report: Report, key: tuple[str, str, str]) -> Excerpt:
    """Show a cell in the document it was read from.

    Parameters
    ----------
    report : Report
        Read from a file that is still there, or from bytes.
    key : (table, line, column)
        Ids of the cell.

    Returns
    -------
    Excerpt
        A picture of the page for PDF documents and images, rows of text for the others.

    Raises
    ------
    GovstatsError
        The report has no such cell.
    UnreadableDocument
        The file is gone, or has changed since it was read.
    """
    cell = next((cell for cell in report.read_cells if cell.key == key), None)
    if cell is None:
        raise GovstatsError(f"{report.source}: the report has no cell {'/'.join(key)}; see report.cells and report.notes")
    content = report.content()
    box = Box.in_place(cell.place)
    if cell.page is not None and box is not None and report.format in {"pdf", "image"}:
        page, scale = page_picture(content, report.format, report.source, cell.page, _SCALE)
        return Excerpt(cell, _framed(page, box, scale))
    return Excerpt(cell, rows=tuple(_rows_around(open_document(content), cell.place)))


def _framed(page: Image, box: Box, scale: float) -> Image:
    """Draw a frame around a cell and cut out the part of the page around it."""
    from PIL import ImageDraw

    left, top, right, bottom = (side * scale for side in box)
    page = page.convert("RGB")
    ImageDraw.Draw(page).rectangle(
        (left - 2, top - 2, right + 2, bottom + 2), outline=_FRAME, width=max(2, round(page.width / 400))
    )
    wide, high = _WIDE * page.width, _HIGH * page.height
    above, below = max(0.0, top - high), min(float(page.height), bottom + high)
    return page.crop((round(max(0.0, left - wide)), round(above), round(min(page.width, right + wide)), round(below)))


def _rows_around(document: Document, place: str) -> Iterator[tuple[tuple[str, bool], ...]]:
    for number, block in enumerate(document.blocks):
        if isinstance(block, Grid):
            at = next((row for row, cells in enumerate(block.rows) if any(cell.place == place for cell in cells)), None)
            if at is not None:
                for cells in block.rows[max(0, at - _AROUND) : at + _AROUND + 1]:
                    yield tuple((cell.text, cell.place == place) for cell in cells)
                return
        elif block.place == place:
            for other in document.blocks[max(0, number - _AROUND) : number + _AROUND + 1]:
                text = " ".join(cell.text for row in other.rows for cell in row) if isinstance(other, Grid) else other.text
                yield ((text[:200], other is block),)
            return
