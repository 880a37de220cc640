"""PDF documents: their characters and rulings as pypdfium2 knows them, and what of it the pages show.

What is shown is told by rendering. camelot is the second reader of ruled tables, asked where the first one leaves doubts.
"""

from __future__ import annotations

import ctypes
import logging
import math
import re
import unicodedata
import warnings
import zlib
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import chain, pairwise, product
from operator import ne
from statistics import fmean, mode
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pypdfium2
import pypdfium2.raw as pdfium
from tqdm import tqdm

from govstats.characters import is_figure, normalised
from govstats.documents.document import NO_TEXT, Block, Box, Document
from govstats.documents.limits import limit, require
from govstats.documents.page import ILLEGIBLE, PageCell, PageTable, Word, blocks_of, sides_of, touches, with_marks
from govstats.documents.page_tables import Sheet, arranged, filled, frames_of, replaced
from govstats.errors import MissingReader, UnreadableDocument

if TYPE_CHECKING:
    from PIL.Image import Image

#: A page of so many lines is a drawing or a map; of fewer, but more than camelot can take, a table with dotted lines.
_MOST_RULINGS, _MOST_FOR_CAMELOT = 20_000, 3000
#: A ruled table with fewer figures is a form or a frame.
_FEWEST_FIGURES = 6
#: A report has its tables on some pages; in a volume of many reports camelot would take minutes.
_MOST_CAMELOT_PAGES = 40
#: A rectangle that is thinner, in points, is a line, and a line that leans by less is straight; what lies closer to the edge of a
#: cell is no ink in it.
_THIN = 2.5
#: Type is between so high and so high, in points, or its font is wrong about it.
_THINNEST, _TALLEST = 0.1, 100
#: Pixels a point of a page that nobody looks at.
_GLANCE = 0.1
#: A page with fewer characters and a picture is a scan.
_FEWEST_CHARACTERS = 16
#: No character, or one of private use, or the number of a glyph: the font shows it without saying what it is.
_NO_CODE = re.compile("[\0-\x1f\x7f-\x9f\ue000-\uf8ff\ufff0-\uffff\U000f0000-\U0010ffff]")
#: A page of which so many characters are of no script that a report is written in shows the wrong ones.
_FOREIGN, _MOST_FOREIGN = re.compile("[\u0250-\u1fff\u2600-\u2e7f\ua000-\uf8ff\ufb00-\ufe0f\ufffd]"), 0.3
#: Pixels a point that recognition needs (150 dpi is read with errors, 300 dpi takes twice as long).
_SHARP = 200 / 72
#: What a file has to hold for forms to be drawn in it, names being written as they are or in numbers; and the drawing of one.
_MAY_DRAW, _DRAWN = re.compile(rb"/(?:Form|ObjStm|Encrypt)\b|/\w*#[\da-fA-F]{2}"), re.compile(rb"/([^\s/]+)\s+Do\b")
_CODE = re.compile(rb"#([\da-fA-F]{2})")
#: Forms inside one another that pdfium draws.
_FORMS_DEEP = 40
#: What begins and ends a mark of content.
_MARK = re.compile(rb"\b(?:BMC|BDC|EMC)\b")
#: Text that is turned by more than this part of a quarter is no text of the page: a watermark.
_SLANT = 0.05
#: A text layer under a picture is somebody else's recognition, of unknown quality.
_CONFIDENCE_OF_LAYER = 0.9

#: A poster is rendered smaller, to so many pixels: its text is larger.
_MOST_PIXELS = 30_000_000
#: A difference in brightness, of 255, that can be seen, and one that no shade of a cell has.
_VISIBLE, _INK = 12, 60
#: Type that is lighter, of 255, is white.
_WHITE = 240
#: Shares of the width and height of a character, at each side, in which the ink may be its neighbour's, and an underline.
_INSET, _MIDDLE_PART = (0.15, 0.1), (0.15, 0.3)
#: A mark of punctuation begins so close behind its character, in points.
_CLOSE = 2.0
#: Two characters of a line lie on each other where they share more than these parts of their width and height.
_SHARED = (0.4, 0.6)
#: So many pieces of text that lie on others are looked at one by one.
_MOST_PIECES = 24
#: A watermark is so much taller than the text on which it lies.
_TALLER = 1.8
#: A line strikes out what it crosses in its middle, give or take so much of its height, if it is not longer by more than that.
_MIDDLE, _LONGER = 0.18, 1.2
#: A font that is taller than this, in thousandths of its size, says nothing true of itself; most Chinese fonts have 880 and -120.
_TALLEST_FONT, _ASCENT, _DESCENT = 1500, 880.0, -120.0
#: Of the cells of a table, so many in which two readings differ show that one of them misplaced its text.
_MANY = 0.1

_Numbers = npt.NDArray[np.float64]
_Pixels = npt.NDArray[np.uint8]
_Mask = npt.NDArray[np.bool_]


@dataclass(eq=False)
class _Page(Sheet):
    """What stands on a page, as it is shown and set upright."""

    number: int = 0
    #: Quarters by which the page has to be turned for its text to stand upright.
    turns: int = 0
    is_picture: bool = False
    #: Under the picture the file has a layer of text, as scanners add it.
    has_layer: bool = False
    #: It holds more than a page of a report does, and was left alone; or it is a picture, and was not recognised.
    is_unread: bool = False
    #: Some of what its file holds is turned, is not seen, or was put on it later.
    is_odd: bool = False

    @property
    def for_camelot(self) -> bool:
        """A second reader is worth asking: rulings mark off a table that holds more than a few figures."""
        # camelot reads what is not seen as well, and has ways of its own to set a page upright
        if self.is_odd or self.is_picture or len(self.horizontal) + len(self.vertical) > _MOST_FOR_CAMELOT:
            return False
        figures = (sum(any(map(str.isdecimal, cell.text)) for cell in table.cells) for table in self.ruled[0])
        return max(figures, default=0) >= _FEWEST_FIGURES


class _Painted(NamedTuple):
    """What is painted on a page, in the coordinates of the page as it is shown; pieces of text as pdfium keeps them.

    An edge is given by its two ends; what is filled, by two corners.
    """

    edges: list[tuple[float, ...]]
    pictures: list[Box]
    texts: list[Any]
    shadings: list[Any]


def read_pdf(content: bytes, name: str) -> Document:
    """Read a PDF document.

    Parameters
    ----------
    content : bytes
        The document.
    name : str
        For error messages.

    Returns
    -------
    Document
        Blocks in reading order, each with its page and box; pages that are pictures and were not recognised; and a way to read
        pages again with the tables that camelot finds, where rulings mark off tables.

    Raises
    ------
    UnreadableDocument
        Damaged, locked with a password, too long, or without anything that can be read as text.
    MissingReader
        The pages are pictures, and the extra ``ocr`` is not installed.
    """
    with _opened(content, name) as pdf:
        pages = [_read_page(pdf, index) for index in range(len(pdf))]
        _recognise(pdf, pages, name)
    if not any(page.words for page in pages):
        raise UnreadableDocument.worded("no_text_on_pages", name=name, count=len(pages))
    items = arranged(pages)
    locate = [page.locate for page in pages]
    unread = tuple(page.number for page in pages if page.is_unread)
    layered = tuple(page.number for page in pages if page.has_layer and not page.is_unread)
    ruled = [page for page in pages if page.for_camelot]

    def again(numbers: Collection[int]) -> tuple[Block, ...]:
        chosen = {page.number: with_marks(page.words) for page in ruled if not numbers or page.number in numbers}
        found = camelot_tables(content, chosen) if chosen else {}
        pairs = zip(pages, items, strict=True)
        return blocks_of([replaced(own, found.get(page.number, ()), page) for page, own in pairs], locate)

    may_ask = 0 < len(ruled) <= _MOST_CAMELOT_PAGES
    return Document(blocks_of(items, locate), "pdf", unread=unread, layered=layered, again=again if may_ask else None)


def _require_few_forms(content: bytes, name: str) -> None:
    """Refuse a document whose forms draw one another so often that pdfium, which expands them all, would take all memory."""
    if not _MAY_DRAW.search(content):
        return
    import playa

    logging.getLogger("playa").addHandler(logging.NullHandler())  # what it says of damage is for nobody
    resolve: Callable[[Any], Any] = playa.resolve
    costs: dict[int | None, int] = {}

    def cost(content: bytes, resources: Any, depth: int) -> int:
        forms = resolve((resolve(resources) or {}).get("XObject")) or {}
        often = Counter(_CODE.sub(lambda code: bytes.fromhex(code[1].decode()), name) for name in _DRAWN.findall(content))
        return sum(times * of_form(forms.get(name.decode("latin-1")), resources, depth) for name, times in often.items())

    def of_form(drawn: Any, resources: Any, depth: int) -> int:
        form = resolve(drawn)
        if not isinstance(form, playa.ContentStream) or playa.asobj(form.get("Subtype")) != "Form" or depth > _FORMS_DEEP:
            return 1
        if form.objid not in costs:
            costs[form.objid] = 1  # what draws itself is drawn once
            costs[form.objid] += cost(form.buffer, form.get("Resources", resources), depth + 1)
        return costs[form.objid]

    drawn = 0
    with suppress(Exception), playa.parse(content) as pdf:  # a damaged file, which pdfium may read nevertheless
        for page in pdf.pages:
            drawn += cost(b"\n".join(stream.buffer for stream in page.streams), page.resources, 0)
    require("forms", drawn, name)


def _require_few_marks(content: bytes, name: str) -> None:
    """Refuse a document whose marks lie too deep inside one another: with each pdfium keeps all around it."""
    depth, deepest, left = 0, 0, limit("part")
    for before in content.split(b"endstream")[:-1]:
        stream = before.partition(b"stream")[2].lstrip(b"\r\n")
        with suppress(zlib.error):  # not packed, or in another way
            stream = zlib.decompressobj().decompress(stream, left)
        for mark in _MARK.findall(stream):
            depth += -1 if mark == b"EMC" else 1
            deepest = max(deepest, depth)
        left -= len(stream)
        if left <= 0:
            break
    require("marks", deepest, name)


def _opened(content: bytes, name: str) -> pypdfium2.PdfDocument:
    _require_few_marks(content, name)
    _require_few_forms(content, name)
    try:
        pdf = pypdfium2.PdfDocument(content)
    except pypdfium2.PdfiumError as error:
        if pdfium.FPDF_GetLastError() == pdfium.FPDF_ERR_PASSWORD or "assword" in str(error):
            raise UnreadableDocument.worded("locked_pdf", name=name) from error
        raise UnreadableDocument.worded("damaged_pdf", name=name, error=error) from error
    require("pages", len(pdf), name)
    # what is filled in is drawn where the file does not say how
    pdf.init_forms()
    return pdf


def picture_of_page(content: bytes, name: str, number: int, scale: float) -> Image:
    """Render a page of a document that was read before, set upright as its boxes are.

    Parameters
    ----------
    content : bytes
        The document.
    name : str
        For error messages.
    number : int
        Of the page, from 1.
    scale : float
        Pixels a point.

    Returns
    -------
    PIL.Image.Image
    """
    with _opened(content, name) as pdf:
        page = pdf[number - 1]
        picture: Image = page.render(scale=scale, rotation=90 * _turns(page, page.get_textpage())).to_pil()
        return picture


# --- characters and rulings -----------------------------------------------------------------------------------------------


def _read_page(pdf: pypdfium2.PdfDocument, index: int) -> _Page:
    """Read the characters and rulings of a page."""
    page = _Page(number=index + 1)
    try:
        source = pdf[index]
        if _is_annotated(source):
            page.is_odd = True
            # rendering makes what some annotations do not bring along: how they look
            source.render(scale=_GLANCE)
            # what is typed over, struck out or filled in is painted like everything else from now on
            pdfium.FPDFPage_Flatten(source, pdfium.FLAT_NORMALDISPLAY)
            source.close()
            source = pdf[index]
    except pypdfium2.PdfiumError:
        # a page that is lost in a damaged file: the others may still hold the tables
        return page
    text = source.get_textpage()
    objects = pdfium.FPDFPage_CountObjects(source)
    page.is_unread = text.count_chars() > limit("page_characters") or objects > limit("page_objects")
    # a crop box beside the page shows nothing of it
    if page.is_unread or not math.prod(source.get_size()):
        return page
    page.turns = _turns(source, text)
    upright = _upright(source, page.turns)
    painted = _Painted([], [], [], [])
    _read_objects(source.raw, pdfium.FPDFPage_CountObjects, pdfium.FPDFPage_GetObject, upright, painted)
    if len(painted.shadings) > limit("page_shadings"):
        page.is_unread = True
        return page
    page.horizontal, page.vertical = _rulings(painted.edges)
    every, pieces = _read_characters(text, upright, page)
    look = _Look(source, page.turns, painted.texts)
    page.words = look.shown(every, pieces, page.vertical)
    large = any(2 * box.width * box.height > math.prod(source.get_size()) for box in painted.pictures)
    if large and 2 * len(page.words) < len(every):
        # a layer of text under a scan
        page.words, page.is_picture, page.has_layer = every, True, True
    else:
        page.words = _without_watermark(_without_struck(page.words, page.horizontal))
        page.has_ink, page.pictures = look.has_ink, painted.pictures
    page.is_odd |= page.turns > 0 or len(page.words) < len(every)
    foreign = len(_FOREIGN.findall("".join(word.text for word in page.words)))
    if foreign > _MOST_FOREIGN * len(page.words):
        # a font without a table of its codes: what it draws is all there is to go by
        page.words = []
    page.is_picture |= len(page.words) < _FEWEST_CHARACTERS and bool(painted.pictures or foreign)
    source.close()
    return page


def _is_annotated(page: pypdfium2.PdfPage) -> bool:
    """Tell whether more than links is put on a page."""
    notes = [pdfium.FPDFPage_GetAnnot(page, number) for number in range(pdfium.FPDFPage_GetAnnotCount(page))]
    kinds = {pdfium.FPDFAnnot_GetSubtype(note) for note in notes}
    for note in notes:
        pdfium.FPDFPage_CloseAnnot(note)
    return not kinds <= {pdfium.FPDF_ANNOT_LINK, pdfium.FPDF_ANNOT_POPUP}


def _turns(page: pypdfium2.PdfPage, text: pypdfium2.PdfTextPage) -> int:
    """Return by how many quarters, clockwise, a page as it is shown has to be turned for most of its text to stand upright."""
    some = range(0, text.count_chars(), max(1, text.count_chars() // 200))
    quarters = [round(pdfium.FPDFText_GetCharAngle(text, index) * 2 / math.pi) % 4 for index in some]
    # both the angle of characters and the rotation of a page run clockwise
    return -(mode(quarters) + page.get_rotation() // 90) % 4 if quarters else 0


def _upright(page: pypdfium2.PdfPage, turns: int) -> pypdfium2.PdfMatrix:
    """Return the map from the coordinates of a page to points from the upper left corner, as it is cropped and set upright."""
    turned = pypdfium2.PdfMatrix().rotate(page.get_rotation() + 90 * turns).mirror(invert_x=False, invert_y=True)
    left, top, _, _ = turned.on_rect(*page.get_bbox())
    return turned.translate(-left, -top)


def _read_characters(text: pypdfium2.PdfTextPage, upright: pypdfium2.PdfMatrix, page: _Page) -> tuple[list[Word], list[Any]]:
    """Return characters with the boxes of their type, which do not depend on the shape of a 1, and the piece of text of each."""
    every = range(text.count_chars())
    characters = [chr(pdfium.FPDFText_GetUnicode(text.raw, index)) for index in every]
    quarters = np.array([pdfium.FPDFText_GetCharAngle(text.raw, index) for index in every]) * 2 / math.pi
    sides = (pdfium.FS_RECTF * len(every))()
    for index, side in enumerate(sides):
        pdfium.FPDFText_GetLooseCharBox(text.raw, index, side)
    is_blank = np.array([character.isspace() for character in characters], bool)
    is_slanted = ~is_blank & (np.abs(quarters - np.rint(quarters)) > _SLANT)
    page.is_odd |= bool(is_slanted.any())
    places = np.flatnonzero(~is_blank & ~is_slanted).tolist()
    boxes = _mapped(np.frombuffer(sides, np.float32).astype(float).reshape(-1, 4)[places], upright)
    width, height = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    # ideographs are as tall as wide
    is_ideograph = [unicodedata.category(characters[index]) == "Lo" for index in places]
    is_likely = (np.where(is_ideograph, width, _THINNEST) <= height) & (height <= _TALLEST)
    for at in np.flatnonzero(~is_likely).tolist():
        # Chromium's fonts give 一 the height of its stroke; of type set downwards pdfium forgets the scale (hongze-2023)
        ink = Box(*upright.on_rect(*text.get_charbox(places[at])))
        half = max(ink.width, ink.height) / 2
        boxes[at] = ink.x - half, ink.y - half, ink.x + half, ink.y + half
    words = []
    for index, box in zip(places, boxes.tolist(), strict=True):
        is_told = not _NO_CODE.match(characters[index]) and pdfium.FPDFText_HasUnicodeMapError(text.raw, index) != 1
        words.append(Word(characters[index] if is_told else ILLEGIBLE, Box._make(box)))
    return words, [pdfium.FPDFText_GetTextObject(text.raw, index) for index in places]


def _mapped(boxes: _Numbers, matrix: pypdfium2.PdfMatrix) -> _Numbers:
    """Map boxes to a page that is turned by quarters."""
    turn, shift = np.array(matrix.get()).reshape(3, 2)[:2], matrix.get()[4:]
    corners = boxes.reshape(-1, 2, 2) @ turn + shift
    return np.hstack([corners.min(axis=1), corners.max(axis=1)])


def _read_objects(
    parent: Any, count: Callable[[Any], int], nth: Callable[[Any, int], Any], outer: pypdfium2.PdfMatrix, found: _Painted
) -> None:
    """Read what is painted on a page, or in a form on it."""
    for number in range(count(parent)):
        item = nth(parent, number)
        kind = pdfium.FPDFPageObj_GetType(item)
        if kind == pdfium.FPDF_PAGEOBJ_TEXT:
            found.texts.append(item)
            continue
        if kind == pdfium.FPDF_PAGEOBJ_SHADING:
            found.shadings.append(item)
        own = pdfium.FS_MATRIX()
        pdfium.FPDFPageObj_GetMatrix(item, own)
        matrix = pypdfium2.PdfMatrix.from_raw(own).multiply(outer)
        if kind == pdfium.FPDF_PAGEOBJ_PATH and len(found.edges) <= _MOST_RULINGS:
            found.edges.extend(_edges(item, matrix))
        elif kind == pdfium.FPDF_PAGEOBJ_IMAGE:
            found.pictures.append(Box(*matrix.on_rect(0, 0, 1, 1)))
        elif kind == pdfium.FPDF_PAGEOBJ_FORM:
            _read_objects(item, pdfium.FPDFFormObj_CountObjects, pdfium.FPDFFormObj_GetObject, matrix, found)


def _edges(path: Any, matrix: pypdfium2.PdfMatrix) -> list[tuple[float, ...]]:
    """Return the sides of what a path strokes, the corners of what is thin or filled, and nothing where there are curves."""
    fill, stroke = ctypes.c_int(), ctypes.c_int()
    pdfium.FPDFPath_GetDrawMode(path, fill, stroke)
    shapes: list[list[tuple[float, float]]] = [[]]
    x, y = ctypes.c_float(), ctypes.c_float()
    for number in range(pdfium.FPDFPath_CountSegments(path)):
        segment = pdfium.FPDFPath_GetPathSegment(path, number)
        kind = pdfium.FPDFPathSegment_GetType(segment)
        if kind == pdfium.FPDF_SEGMENT_BEZIERTO:
            return []
        if kind == pdfium.FPDF_SEGMENT_MOVETO:
            shapes.append([])
        pdfium.FPDFPathSegment_GetPoint(segment, x, y)
        shapes[-1].append(matrix.on_point(x.value, y.value))
        if stroke.value and pdfium.FPDFPathSegment_GetClose(segment):
            shapes[-1].append(shapes[-1][0])
    edges: list[tuple[float, ...]] = []
    for shape in filter(None, shapes):
        left, top, right, bottom = (*map(min, zip(*shape, strict=True)), *map(max, zip(*shape, strict=True)))
        if stroke.value and min(right - left, bottom - top) > _THIN:
            edges += [(*one, *other) for one, other in pairwise(shape)]
        else:
            edges.append((left, top, right, bottom))
    return edges


def _rulings(edges: Sequence[tuple[float, ...]]) -> tuple[list[Box], list[Box]]:
    """Return what runs straight across and what runs straight down; nothing of a drawing."""
    ends = np.array(edges[:0] if len(edges) > _MOST_RULINGS else edges).reshape(-1, 2, 2)
    boxes = np.hstack([ends.min(axis=1), ends.max(axis=1)])
    # a dot of a dotted line may belong to either
    is_thin = boxes[:, 2:] - boxes[:, :2] <= _THIN
    down, across = ([Box._make(box) for box in boxes[thin].tolist()] for thin in is_thin.T)
    return across, down


# --- what the page shows -----------------------------------------------------------------------------------------------------


def _rendered(page: pypdfium2.PdfPage, turns: int, scale: float = 1.0) -> tuple[_Pixels, float]:
    """Return the grey pixels of a page turned by some quarters, and how many make a point."""
    scale = min(scale, math.sqrt(_MOST_PIXELS / math.prod(page.get_size())))
    return page.render(scale=scale, rotation=90 * turns, grayscale=True).to_numpy(), scale


class _Look:
    """A page as it is rendered, with and without its text.

    Text that makes no difference is not seen, whatever hides it: no ink, white on white, a clip path, a layer that is switched
    off, the edge of the page, or something painted over it. Only a character that no font at hand can draw need not leave one.

    Parameters
    ----------
    page : PdfPage
    turns : int
        Quarters by which it is turned, clockwise.
    texts : sequence of PdfObject
        All pieces of text on the page.
    """

    def __init__(self, page: pypdfium2.PdfPage, turns: int, texts: Sequence[pypdfium2.PdfObject]) -> None:
        self._page, self._turns = page, turns
        self._full, self._scale = self._without(())
        self._bare, _ = self._without(texts)

    def _without(self, pieces: Sequence[Any]) -> tuple[_Pixels, float]:
        """Render the page without some pieces of its text."""
        for piece in pieces:
            pdfium.FPDFPageObj_SetIsActive(piece, False)
        pixels = _rendered(self._page, self._turns)
        for piece in pieces:
            pdfium.FPDFPageObj_SetIsActive(piece, True)
        return pixels

    def shown(self, words: Sequence[Word], pieces: Sequence[Any], vertical: Sequence[Box]) -> list[Word]:
        """Leave out characters that are not seen, and put another sign for digits of figures that are not seen whole.

        Parameters
        ----------
        words : sequence of Word
            All characters.
        pieces : sequence of page objects
            The piece of text to which each of them belongs.
        vertical : sequence of Box
            Rulings that may run through a digit, as the edge of a cell.
        """
        boxes = sides_of(word.box for word in words)
        seen = self._traced(self._bare, boxes)
        for at in np.flatnonzero(~seen).tolist():
            seen[at] = _has_no_font(pieces[at], words[at].text)
        # a decimal point may be smaller than a pixel: it is seen where the character before it is
        for at in (np.flatnonzero(~seen[1:]) + 1).tolist():
            if not words[at].text.isalnum():
                seen[at] = seen[at - 1] and abs(words[at].box.left - words[at - 1].box.right) < _CLOSE
        self._look_again(words, boxes, seen, pieces)
        digits = np.flatnonzero([word.text.isdecimal() for word in words])
        crossed = digits[[self._is_drawn_in(*sides) for sides in self._pixels(boxes[digits], _MIDDLE_PART)]]
        # the ink of a ruling reaches a pixel farther than its middle
        reached = boxes[crossed] + np.array([-1, 0, 1, 0]) / self._scale
        spoilt = set(crossed[~_meeting(reached, vertical).any(axis=1)])
        for at in np.flatnonzero(seen[1:] != seen[:-1]).tolist():
            hidden, rest = (at, at + 1) if seen[at + 1] else (at + 1, at)
            # something lies over the rest of the figure
            if touches(words[at], words[at + 1]) and not _is_without_ink(pieces[hidden]):
                spoilt |= {rest} & set(digits)
        return [word._replace(text=NO_TEXT) if at in spoilt else word for at, word in enumerate(words) if seen[at]]

    def has_ink(self, box: Box) -> bool:
        """Tell whether something that is no text is drawn inside a cell."""
        edge = min(_THIN, box.width / 4, box.height / 4)
        left, top = (math.ceil(max(side + edge, 0) * self._scale) for side in box[:2])
        right, bottom = (math.floor(max(side - edge, 0) * self._scale) + 1 for side in box[2:])
        return self._is_drawn_in(left, top, right, bottom)

    def _is_drawn_in(self, left: int, top: int, right: int, bottom: int) -> bool:
        part = self._bare[top:bottom, left:right]
        return part.size > 0 and int(part.max()) - int(part.min()) > _INK

    def _look_again(self, words: Sequence[Word], boxes: _Numbers, seen: _Mask, pieces: Sequence[Any]) -> None:
        """Render the page without each of the pieces of text that lie on others, where the trace may be another's."""
        # brackets and commas reach over one another where a font sets them close
        numbers = np.flatnonzero(seen & np.array([word.text.isalnum() for word in words], bool))
        lying: defaultdict[int, list[int]] = defaultdict(list)
        for at in numbers[_overlapping(boxes[numbers])]:
            lying[ctypes.addressof(pieces[at].contents)].append(at)
        covered: list[Any] = []
        for members in lying.values() if len(lying) <= _MOST_PIECES else ():
            piece = pieces[members[0]]
            seen[members] = self._traced(self._without([*covered, piece])[0], boxes[members])
            # of two copies at one place the other one is seen
            if not seen[members].any():
                covered.append(piece)

    def _traced(self, without: _Pixels, boxes: _Numbers) -> _Mask:
        """Tell in which boxes of characters the page looks different without some of its text."""
        differs = np.maximum(self._full, without) - np.minimum(self._full, without) > _VISIBLE
        pixels = self._pixels(boxes, _INSET)
        return np.array([differs[top:bottom, left:right].any() for left, top, right, bottom in pixels], bool)

    def _pixels(self, boxes: _Numbers, inset: tuple[float, float]) -> list[list[int]]:
        """Return the pixels of boxes of characters, without so much of their width and height on each side."""
        sides = boxes * self._scale
        edge = (sides[:, 2:] - sides[:, :2]) * inset
        first = np.floor(sides[:, :2] + edge + 0.5)
        last = np.maximum(np.floor(sides[:, 2:] - edge + 0.5), first + 1)
        return np.maximum(np.hstack([first, last]), 0).astype(int).tolist()  # type: ignore[no-any-return]


def _meeting(boxes: _Numbers, others: Sequence[Box]) -> _Mask:
    """Tell which boxes meet which others: a row for each box."""
    sides = sides_of(others)
    return np.asarray(((boxes[:, None, :2] <= sides[:, 2:]) & (boxes[:, None, 2:] >= sides[:, :2])).all(axis=2))


def _overlapping(boxes: _Numbers) -> _Mask:
    """Tell which characters lie on one another: neighbours in a line, or those next to them."""
    found = np.zeros(len(boxes), bool)
    size = boxes[:, 2:] - boxes[:, :2]
    middle, usual = (boxes[:, 1] + boxes[:, 3]) / 2, np.median([*size[:, 1], 1])
    for shift, step in product((0.0, 0.5), (1, 2)):
        # what stands in one line, from left to right
        order = np.lexsort((boxes[:, 0], np.floor(middle / usual + shift)))
        one, other = order[:-step], order[step:]
        shared = np.minimum(boxes[one, 2:], boxes[other, 2:]) - np.maximum(boxes[one, :2], boxes[other, :2])
        lie = (shared > _SHARED * np.minimum(size[one], size[other])).all(axis=1)
        found[one[lie]] = found[other[lie]] = True
    return found


def _has_no_font(item: Any, character: str) -> bool:
    """Tell a character that would be seen, if its font were in the file, or another on this machine had it."""
    font = pdfium.FPDFTextObj_GetFont(item)
    is_drawn = pdfium.FPDFFont_GetIsEmbedded(font) or pdfium.FPDFFont_GetGlyphPath(font, ord(character), 1.0)
    return not is_drawn and not _is_without_ink(item)


def _is_without_ink(item: Any) -> bool:
    """Tell whether a piece of text has no colour but white, or none at all."""
    parts = [ctypes.c_uint() for _ in range(4)]
    # a pattern has no colour, and is seen
    is_plain = bool(pdfium.FPDFPageObj_GetFillColor(item, *parts))
    *colour, opacity = (part.value for part in parts)
    invisible = {pdfium.FPDF_TEXTRENDERMODE_INVISIBLE, pdfium.FPDF_TEXTRENDERMODE_CLIP}
    is_white = is_plain and (min(colour) > _WHITE or opacity == 0)
    return is_white or pdfium.FPDFTextObj_GetTextRenderMode(item) in invisible


def _without_watermark(words: Sequence[Word]) -> list[Word]:
    """Leave out tall characters that lie on others, with all of their size."""
    boxes = sides_of(word.box for word in words)
    size = boxes[:, 2:] - boxes[:, :2]
    tall = size[:, 1] > _TALLER * np.median(size[:, 1]) if words else np.zeros(0, bool)
    if not 0 < 4 * tall.sum() <= len(words):
        return list(words)
    middles = (boxes[~tall, :2] + boxes[~tall, 2:]) / 2
    first, last = boxes[tall, :2] + 0.1 * size[tall], boxes[tall, 2:] - 0.1 * size[tall]
    lies = [bool(((middles > one) & (middles < other)).all(axis=1).any()) for one, other in zip(first, last, strict=True)]
    sizes = np.round(size[:, 1])
    marks = tall & np.isin(sizes, sizes[tall][lies])
    return [word for word, is_mark in zip(words, marks, strict=True) if not is_mark]


def _without_struck(words: Sequence[Word], horizontal: Sequence[Box]) -> list[Word]:
    """Leave out characters that a line runs through: deleted text, as in HTML and in Word."""
    boxes, lines = sides_of(word.box for word in words), sides_of(horizontal)
    left, top, right, bottom = boxes.T
    y, tall = (top + bottom) / 2, bottom - top
    struck = np.zeros(len(words), bool)
    # most lines run between lines of text
    levels = np.sort(np.append(y, np.inf))
    middles = (lines[:, 1] + lines[:, 3]) / 2
    next_below = np.searchsorted(levels, middles)
    apart = np.minimum(np.abs(levels[next_below] - middles), np.abs(levels[next_below - 1] - middles))
    for at in np.flatnonzero(apart < _MIDDLE * tall.max(initial=0)):
        line, middle = lines[at], middles[at]
        crossed = (
            (top < middle) & (middle < bottom) & (np.minimum(right, line[2]) - np.maximum(left, line[0]) > (right - left) / 2)
        )
        # the lines of a table hang together
        beside = (np.abs(lines[:, 1] - line[1]) <= 1) & (lines[:, 0] <= line[2] + 1) & (line[0] <= lines[:, 2] + 1)
        if crossed.any() and (lines[beside] == line).all():
            central = np.abs(y[crossed] - middle) < _MIDDLE * tall[crossed]
            short = line[2] - line[0] < np.ptp(boxes[crossed, ::2]) + _LONGER * tall[crossed].max()
            struck |= crossed & central.all() & short
    return [word for word, is_struck in zip(words, struck, strict=True) if not is_struck]


# --- scans ----------------------------------------------------------------------------------------------------------------


def _recognise(pdf: pypdfium2.PdfDocument, pages: Sequence[_Page], name: str) -> None:
    """Read pages that are pictures by optical recognition, where it is installed.

    A layer of text under a picture is kept only where nothing better is to be had, as a reading that has to be confirmed.
    """
    pictures = [page for page in pages if page.is_picture]
    if not pictures:
        return
    from govstats.documents.scan import recognise_picture

    require("scanned_pages", len(pictures), name)
    for page in tqdm(pictures, name, unit="page", leave=False, disable=None):
        pixels, scale = _rendered(pdf[page.number - 1], page.turns, _SHARP)
        try:
            sheet = recognise_picture(pixels, name).scaled(1 / scale, 1 / scale)
        except MissingReader:
            if not any(other.words for other in pages):
                raise
            page.words = [word._replace(confidence=_CONFIDENCE_OF_LAYER) for word in page.words]
            page.is_unread = True
        else:
            page.words, page.horizontal, page.vertical, page.locate = sheet.words, sheet.horizontal, sheet.vertical, sheet.locate
            # what is drawn there has been looked at: of a page set upright, by its own rulings
            page.has_ink, page.pictures = None, ()


# --- the second reader ----------------------------------------------------------------------------------------------------


def camelot_tables(content: bytes, words: Mapping[int, Sequence[Word]]) -> dict[int, list[PageTable]]:
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
    from camelot.handlers import PDFHandler

    # the parser behind camelot prints the whole font to the terminal where its encoding has an unusual form
    logging.getLogger("playa").addHandler(logging.NullHandler())
    with warnings.catch_warnings(action="ignore"), PDFHandler(content, pages=",".join(map(str, words))) as handler:
        layout = handler._get_layout

        def believable_layout(page: Any, **options: Any) -> Any:
            # where a font gives no extent that of its largest glyph is taken, and text lands in the row below (LibreOffice with
            # Noto fonts): 407 and 0 become 4070 while camelot reports an accuracy of 95 %
            for font in page.fonts.values():
                if not 0 < font.ascent - font.descent <= _TALLEST_FONT:
                    font.ascent, font.descent = _ASCENT, _DESCENT
            # the order of boxes of text is of no use here, and where characters are set one by one it takes minutes
            return layout(page, **(options | {"boxes_flow": None}))

        handler._get_layout = believable_layout  # type: ignore[method-assign]
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
