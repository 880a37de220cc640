"""What every reader yields: paragraphs and grids in reading order, each with its place."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

#: Stands in a cell for what is seen there and is no text, such as a picture, and where one figure cannot be told from two.
NO_TEXT = "\ufffc"
#: What numbers a page: marks before a number and behind it, words, or a number alone, which may be a figure as well.
PAGE_NUMBER = re.compile(
    r"(?P<mark>[-—–·. \t\u3000]+)?(?P<number>\d{1,4})(?(mark)[-—–·. \t\u3000]+)|第\s*\d{1,4}\s*页.{0,14}|\d{1,4}\s*/\s*\d{1,4}"
)
#: What begins a heading, a label or an item of a list; and the heading of a section of the report, in whatever size.
NUMBERING = re.compile(r"\s*(?:[(（]?[一二三四五六七八九十\d]{1,3}\s*[)）、.．](?!\d)|第[一二三四五六七八九十]+[条章])")
SECTION = re.compile("[一二三四五六七八九十]+、.*(?:情况|问题|事项).*", re.DOTALL)
#: A row of so many cells is of another table than those in which one figure spans several columns.
WIDE = 6
_BOX = re.compile(r"\bbox (-?[\d.]+) (-?[\d.]+) (-?[\d.]+) (-?[\d.]+)")


class Box(NamedTuple):
    """A rectangle on a page: points (PDF) or pixels (images) from its upper left corner."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        """From left to right."""
        return self.right - self.left

    @property
    def height(self) -> float:
        """From top to bottom."""
        return self.bottom - self.top

    @property
    def x(self) -> float:
        """Middle between left and right."""
        return (self.left + self.right) / 2

    @property
    def y(self) -> float:
        """Middle between top and bottom."""
        return (self.top + self.bottom) / 2

    def scaled(self, scale: float) -> Box:
        """Give the box in another unit, of which the present one has so many."""
        return Box(*(side * scale for side in self))

    def __str__(self) -> str:
        return "box " + " ".join(f"{side:.1f}" for side in self)

    @classmethod
    def in_place(cls, place: str) -> Box | None:
        """Find the box that a `place` names: ``table 2 row 3 cell 1 box 102.3 455.0 130.1 470.2``."""
        found = _BOX.search(place)
        return cls(*map(float, found.groups())) if found else None


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
    """A cell of a grid at its upper left corner, with the rows and columns it spans.

    Attributes
    ----------
    text : str
        As it stands in the document.
    row, column, rowspan, colspan : int
        Its position in the grid.
    place : str
        Where it stands: with its `Box` where the document has pages.
    page : int or None
        The page, in documents that have pages.
    readings : tuple of str
        What else it may say, where it was recognised from an image or read in two ways that differ; without `text` itself.
    confidence : float or None
        How sure optical recognition is of `text`, 0 to 1; None where nothing had to be recognised.
    """

    text: str
    row: int
    column: int
    rowspan: int = 1
    colspan: int = 1
    place: str = ""
    page: int | None = None
    readings: tuple[str, ...] = ()
    confidence: float | None = None


class Grid(NamedTuple):
    """Rows of cells.

    Attributes
    ----------
    rows : sequence of tuple of Cell
        Each cell once, in the row where it begins.
    aligned : bool
        Cells in one column stand under each other, so that a column number means something.
    bounded : bool
        Every cell is marked off, so that a blank is a cell. False for tab-separated text, which loses and gains tabs.
    place : str
        Where the grid stands in the document.
    """

    rows: Sequence[tuple[Cell, ...]]
    aligned: bool
    bounded: bool
    place: str

    @property
    def texts(self) -> list[list[str]]:
        """What the cells say, row by row."""
        return [[cell.text for cell in row] for row in self.rows]


Block = Paragraph | Grid


@dataclass(frozen=True)
class Document:
    """A document, whatever its format.

    Attributes
    ----------
    blocks : tuple of Paragraph or Grid
        In reading order.
    format : str
        ``html``, ``text``, ``markdown``, ``word``, ``pdf`` or ``image``.
    source : str
        The file name, or ``<bytes>``; empty as long as `open_document` has not told.
    sha256 : str
        Of the bytes that were read.
    metadata : dict of str to str
        What the document says of itself beside its text: ``title``, ``publisher``, ``url``, ``published``.
    unread : tuple of int
        Pages that could not be read: pictures where optical recognition is not installed.
    layered : tuple of int
        Pages whose picture was recognised, though the file has a layer of text under it.
    again : callable or None
        Returns the blocks as another engine reads some pages, or all where none is named; for a format with several ways.
    """

    blocks: tuple[Block, ...]
    format: str
    source: str = ""
    sha256: str = ""
    metadata: dict[str, str] = field(default_factory=dict)
    unread: tuple[int, ...] = ()
    layered: tuple[int, ...] = ()
    again: Callable[[Collection[int]], tuple[Block, ...]] | None = None

    @property
    def paragraphs(self) -> Iterator[Paragraph]:
        """The paragraphs, in reading order."""
        return (block for block in self.blocks if isinstance(block, Paragraph))

    @property
    def grids(self) -> Iterator[Grid]:
        """The grids, in reading order."""
        return (block for block in self.blocks if isinstance(block, Grid))
