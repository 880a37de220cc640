"""PDF documents: their characters and rulings as pypdfium2 knows them, and what of it the pages show."""

from __future__ import annotations

import ctypes
import logging
import math
import re
import unicodedata
import zlib
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from statistics import mode
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pypdfium2
import pypdfium2.raw as pdfium
from tqdm import tqdm

from govstats.documents import unseen
from govstats.documents.document import Block, Box, Document
from govstats.documents.limits import limit, require
from govstats.documents.page import ILLEGIBLE, Word, blocks_of, with_marks
from govstats.documents.page_tables import Sheet, arranged, replaced
from govstats.errors import MissingReader, UnreadableDocument

if TYPE_CHECKING:
    from PIL.Image import Image

#: A page of so many lines is a drawing or a map; of fewer, but more than camelot can take, a table with dotted lines.
_MOST_RULINGS, _MOST_FOR_CAMELOT = 20_000, 3000
#: A ruled table with fewer figures is a form or a frame.
_FEWEST_FIGURES = 6
#: A report has its tables on some pages; in a volume of many reports camelot would take minutes.
_MOST_LATTICE_PAGES = 40
#: A rectangle that is thinner, in points, is a line, and a line that leans by less is straight.
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

_Numbers = npt.NDArray[np.float64]


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
        from govstats.documents.lattice import lattice_tables

        chosen = {page.number: with_marks(page.words) for page in ruled if not numbers or page.number in numbers}
        found = lattice_tables(content, chosen) if chosen else {}
        pairs = zip(pages, items, strict=True)
        return blocks_of([replaced(own, found.get(page.number, ()), page) for page, own in pairs], locate)

    may_ask = 0 < len(ruled) <= _MOST_LATTICE_PAGES
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
    look = unseen.Look(source, page.turns, painted.texts)
    page.words = look.shown(every, pieces, page.vertical)
    large = any(2 * box.width * box.height > math.prod(source.get_size()) for box in painted.pictures)
    if large and 2 * len(page.words) < len(every):
        # a layer of text under a scan
        page.words, page.is_picture, page.has_layer = every, True, True
    else:
        page.words = unseen.without_watermark(unseen.without_struck(page.words, page.horizontal))
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
        pixels, scale = unseen.rendered(pdf[page.number - 1], page.turns, _SHARP)
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
