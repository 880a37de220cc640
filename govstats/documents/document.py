"""What every reader yields: paragraphs and grids in reading order, each with its place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple


class Paragraph(NamedTuple):
    """A run of text.

    Attributes
    ----------
    text : str
        As it stands in the document, without surrounding white space.
    place : str
        Where it stands: ``line 12`` in text, ``paragraph 7`` in HTML.
    page : int or None
        The page, in documents that have pages.
    heading : bool
        The document marks it as a heading or title.
    """

    text: str
    place: str
    page: int | None = None
    heading: bool = False


class Cell(NamedTuple):
    """A cell of a grid at its upper left corner, with the rows and columns it spans."""

    text: str
    row: int
    column: int
    rowspan: int = 1
    colspan: int = 1
    place: str = ""
    page: int | None = None


class Grid(NamedTuple):
    """Rows of cells.

    Attributes
    ----------
    rows : tuple of tuple of Cell
        Each cell once, in the row where it begins.
    aligned : bool
        Cells in one column stand under each other, so that a column number means something.
    bounded : bool
        Every cell is marked off, so that a blank is a cell. False for tab-separated text, which loses and gains tabs.
    place : str
        Where the grid stands in the document.
    """

    rows: tuple[tuple[Cell, ...], ...]
    aligned: bool
    bounded: bool
    place: str


Block = Paragraph | Grid


@dataclass(frozen=True)
class Document:
    """A document, whatever its format.

    Attributes
    ----------
    blocks : tuple of Paragraph or Grid
        In reading order.
    format : str
        ``html``, ``text``, ``markdown`` or ``word``.
    source : str
        The file name, or ``<bytes>``.
    sha256 : str
        Of the bytes that were read.
    metadata : dict of str to str
        What the document says of itself beside its text: ``title``, ``publisher``, ``url``.
    """

    blocks: tuple[Block, ...]
    format: str
    source: str
    sha256: str
    metadata: dict[str, str] = field(default_factory=dict)

    @property
    def paragraphs(self) -> Iterator[Paragraph]:
        """The paragraphs, in reading order."""
        return (block for block in self.blocks if isinstance(block, Paragraph))

    @property
    def grids(self) -> Iterator[Grid]:
        """The grids, in reading order."""
        return (block for block in self.blocks if isinstance(block, Grid))
