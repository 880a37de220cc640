"""Where a cell stands: the spot on the page, or the rows of the document around it."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from itertools import chain
from operator import attrgetter
from typing import TYPE_CHECKING

from govstats.characters import is_figure
from govstats.documents import Cell, Document, Grid, open_document, page_picture
from govstats.documents.document import Box
from govstats.errors import GovstatsError

if TYPE_CHECKING:
    from PIL.Image import Image

    from govstats.report import ReadCell, Report

#: Pixels a point, and how much of the page is shown around the cell, in shares of its width and height.
_SCALE, _WIDE, _HIGH = 2.0, 1.0, 0.14
#: Rows of a table, or lines of text, before and after the cell.
_AROUND = 2
#: Characters of a line of text that are shown.
_LONGEST = 200
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
    rows : tuple of tuple of Cell
        The header of the table and the rows around the cell, with their spans; empty where there is a picture.
    """

    cell: ReadCell
    picture: Image | None = field(default=None, repr=False)
    rows: tuple[tuple[Cell, ...], ...] = ()

    def _repr_png_(self) -> bytes | None:
        if self.picture is None:
            return None
        stored = io.BytesIO()
        self.picture.save(stored, "PNG", optimize=True)
        return stored.getvalue()

    def _repr_html_(self) -> str | None:
        if self.picture is not None:
            return None
        rows = ("".join(_td(piece, piece.place == self.cell.place) for piece in row) for row in self.rows)
        return f'<table border="1"><tbody>{"".join(f"<tr>{row}</tr>" for row in rows)}</tbody></table>'

    def _repr_mimebundle_(self, **_: object) -> tuple[dict[str, object], dict[str, object]]:
        # without a style the frame is gone: the text names the cell and what stands in it
        about = f"{'/'.join(self.cell.key)}: {self.cell.printed} ({self.cell.place})"
        shown = {"image/png": self._repr_png_(), "text/html": self._repr_html_(), "text/plain": about}
        return {kind: content for kind, content in shown.items() if content is not None}, {"image/png": {"alt": about}}


def _td(piece: Cell, is_it: bool) -> str:
    spans = "".join(f' {name}="{span}"' for name, span in (("rowspan", piece.rowspan), ("colspan", piece.colspan)) if span > 1)
    text = escape(piece.text)
    if is_it:
        spans += f' style="outline: 2px solid {_FRAME}; font-weight: 600"'
        # a sign that stays where styles are stripped
        text = f"→ {text}"
    return f"<td{spans}>{text}</td>"


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
        raise GovstatsError(
            f"{report.source}: the report has no cell {'/'.join(key)}; see report.cells and report.notes"
            " 年报中没有这一单元格，现有的见 report.cells，未能读取的见 report.notes"
        )
    content = report.content()
    box = Box.in_place(cell.place)
    if cell.page is not None and box is not None and report.format in {"pdf", "image"}:
        page, scale = page_picture(content, report.format, report.source, cell.page, _SCALE)
        return Excerpt(cell, _framed(page, box, scale))
    return Excerpt(cell, rows=_rows_around(open_document(content), cell.place))


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


def _rows_around(document: Document, place: str) -> tuple[tuple[Cell, ...], ...]:
    for number, block in enumerate(document.blocks):
        if isinstance(block, Grid):
            at = next((row for row, cells in enumerate(block.rows) if any(cell.place == place for cell in cells)), None)
            if at is not None:
                around = range(max(0, at - _AROUND), min(len(block.rows), at + _AROUND + 1))
                return _cut(block, sorted({*_header(block, at), *around}))
        elif block.place == place:
            near = document.blocks[max(0, number - _AROUND) : number + _AROUND + 1]
            texts = [" ".join(chain(*one.texts)) if isinstance(one, Grid) else one.text for one in near]
            return tuple((Cell(text[:_LONGEST], 0, 0, place=one.place),) for text, one in zip(texts, near, strict=True))
    return ()


def _header(grid: Grid, at: int) -> range:
    """Return the rows without figures that stand last above a row: its header."""
    words = [not any(is_figure(cell.text) for cell in row) for row in grid.rows[:at]]
    last = next((number for number in reversed(range(at)) if words[number]), -1)
    first = next((number for number in reversed(range(last + 1)) if not words[number]), -1)
    return range(first + 1, last + 1)


def _cut(grid: Grid, numbers: Sequence[int]) -> tuple[tuple[Cell, ...], ...]:
    """Cut some rows out of a grid: a cell that began above stands in the first of its rows that is shown."""
    rows: dict[int, list[Cell]] = {number: [] for number in numbers}
    for cell in (cell for row in grid.rows for cell in row):
        if inside := [number for number in numbers if cell.row <= number < cell.row + cell.rowspan]:
            rows[inside[0]].append(cell._replace(rowspan=len(inside)))
    return tuple(tuple(sorted(row, key=attrgetter("column"))) for row in rows.values())
