"""The places of figures read again in another way, before anyone is blamed for them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from govstats.characters import figure
from govstats.documents import Document, Grid, Paragraph, open_document, page_picture
from govstats.documents.document import Box
from govstats.errors import MissingReader
from govstats.forms import CellKey
from govstats.recognition.tables import read_tables
from govstats.report import ReadCell, Report

#: Pixels a point: digits of nine points come out as tall as the models want them.
_SCALE = 4.0
#: A picture that is less sure of its figure says nothing.
_SURE = 0.9


class Rereading(NamedTuple):
    """What another way of reading says of a cell.

    Attributes
    ----------
    way : str
        ``engine``: another engine took the page apart; ``order``: labels and figures by nothing but their order, without rows
        and columns; ``picture``: the ink in the cell was recognised.
    printed, status : str
        The text that it found, and the status that this gives the cell.
    value : float or None
        In the form's unit.
    """

    way: str
    printed: str
    status: str
    value: float | None

    def agrees(self, cell: ReadCell) -> bool:
        """Tell whether the cell was read so."""
        return (self.status, self.value) == (cell.status, cell.value)


def reread(report: Report, keys: Collection[CellKey]) -> dict[CellKey, list[Rereading]]:
    """Read cells of a report again in every other way that its format has.

    Parameters
    ----------
    report : Report
        Whose document is still where it was read.
    keys : collection of (table, line, column)
        The cells.

    Returns
    -------
    dict of (table, line, column) to list of Rereading
        Only ways that decide the cell. Empty lists where there is no other way: in text that gives one figure after the other,
        there is nothing to read it by but the order.

    Raises
    ------
    UnreadableDocument
        The document is gone, or has changed.

    Examples
    --------
    >>> from govstats import embedded
    >>> report = embedded.report("平潭综合实验区", 2020)
    >>> found = reread(report, [("requests", "granted", "total")])
    >>> [(again.way, again.printed) for again in found["requests", "granted", "total"]]
    [('order', '7')]
    """
    found: dict[CellKey, list[Rereading]] = {key: [] for key in keys}
    concerned = [cell for cell in report.read_cells if cell.key in found]
    content = report.content()
    # recognising whole pages anew would give the same
    if any(cell.method != "ocr" for cell in concerned):
        for way, document in _other_ways(open_document(content)):
            for cell in read_tables(document, report.statutory_form, report.year)[0]:
                if cell.key in found and cell.status != "unreadable":
                    found[cell.key].append(Rereading(way, cell.printed, cell.status, cell.value))
    with suppress(MissingReader):
        for key, again in _from_pictures(report, content, concerned):
            found[key].append(again)
    return found


def _other_ways(document: Document) -> Iterator[tuple[str, Document]]:
    if document.again is not None:
        yield "engine", replace(document, blocks=document.again(()), again=None)
    elif any(grid.aligned for grid in document.grids):
        blocks = [block for each in document.blocks for block in (_in_order(each) if isinstance(each, Grid) else [each])]
        yield "order", replace(document, blocks=tuple(blocks))


def _in_order(grid: Grid) -> list[Paragraph]:
    return [Paragraph(cell.text, cell.place, cell.page) for row in grid.rows for cell in row if cell.text]


def _from_pictures(report: Report, content: bytes, cells: Iterable[ReadCell]) -> Iterator[tuple[CellKey, Rereading]]:
    """Recognise the ink of each cell that has a box on a page."""
    from govstats.documents.scan import figure_on

    @cache
    def page(number: int) -> tuple[Any, float]:
        picture, scale = page_picture(content, report.format, report.source, number, _SCALE)
        return np.asarray(picture.convert("L")), scale

    for cell in cells:
        box = Box.in_place(cell.place)
        if box is None or cell.page is None:
            continue
        pixels, scale = page(cell.page)
        text, probability = figure_on(pixels, box.scaled(scale), report.source)
        seen, printed = figure(text), figure(cell.printed).value
        value = seen.value
        # 251000 is 25.1 in the form's unit where it was printed so
        if value and printed and cell.value:
            value = round(value * cell.value / printed, 10)
        if probability >= _SURE and seen.status != "unreadable":
            yield cell.key, Rereading("picture", text, seen.status, value)
