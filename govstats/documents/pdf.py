"""PDF documents: camelot finds the ruled tables, the characters' own boxes check what it read."""

from __future__ import annotations

import contextlib
import ctypes
import math
import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import pypdfium2
import pypdfium2.raw as pdfium
from tqdm import tqdm

from govstats.documents import unseen
from govstats.documents.document import NO_TEXT, Block, Box, put_back
from govstats.documents.layout import Sheet, lay_out
from govstats.documents.page import ILLEGIBLE, Word, touches, with_marks
from govstats.errors import MissingReader, UnreadableDocument

if TYPE_CHECKING:
    from PIL.Image import Image

    from govstats.documents.scan import Picture

#: Reports have some ten pages, the longest some sixty; a volume of five hundred holds other things.
MOST_PAGES = 200
#: A page of so many lines is a drawing or a map; of fewer, but more than camelot can take, a table with dotted lines.
_MOST_RULINGS, _MOST_FOR_CAMELOT = 20_000, 3000
#: A report has its tables on some pages; in a volume of many reports camelot would take minutes, optical recognition longer.
_MOST_LATTICE_PAGES, _MOST_PICTURES = 40, 40
#: A rectangle that is thinner, in points, is a line; a line that leans by less is straight.
_THIN, _STRAIGHT = 2.5, 0.5
#: A page of A3 in small type has some ten thousand characters; dotted lines may take as many objects.
_MOST_CHARACTERS, _MOST_OBJECTS = 20_000, 100_000
#: Type is at least so high, in points, and a character that is taller is looked at again.
_THINNEST, _TALLEST = 0.1, 100
#: Forms hold forms, but no report so many.
_DEEPEST = 8
#: Pixels a point of a page that nobody looks at.
_GLANCE = 0.1
#: A mark of punctuation begins so close behind its character, in points.
_CLOSE = 2.0
#: A page with fewer characters and a picture is a scan.
_FEWEST_CHARACTERS = 16
#: A page of which so many characters are of no script that a report is written in shows the wrong ones.
_FOREIGN = 0.3
#: Points an inch, and what recognition needs (150 dpi is read with errors, 300 dpi takes twice as long).
_POINTS, _DPI = 72, 200
_MOST_PIXELS = 30_000_000
#: Text that is turned by more than this part of a quarter is no text of the page: a watermark.
_SLANT = 0.05
#: A text layer under a picture is somebody else's recognition, of unknown quality.
_CONFIDENCE_OF_LAYER = 0.9


@dataclass
class _Page:
    """What stands on a page, in points from the upper left corner of the page as it is shown."""

    number: int
    words: list[Word] = field(default_factory=list)
    horizontal: list[Box] = field(default_factory=list)
    vertical: list[Box] = field(default_factory=list)
    #: Turns coordinates of the file into those of the page as it is shown.
    shown: _Turn | None = None
    is_picture: bool = False
    #: It holds more than a page of a report does, and was left alone.
    is_overfull: bool = False
    illegible: int = 0
    #: Characters that the file holds and the page does not show, or that belong to a watermark; what was put on it later.
    unseen: int = 0
    #: Quarters by which the page has to be turned for its text to stand upright.
    turns: int = 0
    pictures: list[Box] = field(default_factory=list)
    #: Tells whether something that is no text is drawn in a box.
    has_ink: Callable[[Box], bool] | None = None
    #: Leads from the page that optical recognition set upright to the page as it is.
    back: Callable[[Box], Box] | None = None

    @property
    def for_camelot(self) -> bool:
        # camelot reads what is not seen as well, and has ways of its own to set a page upright
        odd = self.is_picture or self.unseen or self.turns
        return not odd and len(self.horizontal) + len(self.vertical) <= _MOST_FOR_CAMELOT


class _Turn(NamedTuple):
    """An affine map between two systems of coordinates."""

    a: float
    b: float
    c: float
    d: float
    e: float
    f: float

    def box(self, left: float, bottom: float, right: float, top: float) -> Box:
        x1, y1 = self.a * left + self.c * bottom + self.e, self.b * left + self.d * bottom + self.f
        x2, y2 = self.a * right + self.c * top + self.e, self.b * right + self.d * top + self.f
        return Box(x1 if x1 < x2 else x2, y1 if y1 < y2 else y2, x2 if x1 < x2 else x1, y2 if y1 < y2 else y1)

    def after(self, matrix: pdfium.FS_MATRIX) -> _Turn:
        """Apply a matrix of the file first."""
        m = matrix
        return _Turn(
            self.a * m.a + self.c * m.b,
            self.b * m.a + self.d * m.b,
            self.a * m.c + self.c * m.d,
            self.b * m.c + self.d * m.d,
            self.a * m.e + self.c * m.f + self.e,
            self.b * m.e + self.d * m.f + self.f,
        )


class Pages(NamedTuple):
    """What stands in a PDF document: see `Document`."""

    blocks: tuple[Block, ...]
    unread: tuple[int, ...]
    again: Callable[[Collection[int]], tuple[Block, ...]] | None


def read_pdf(content: bytes, name: str) -> Pages:
    """Read a PDF document.

    Parameters
    ----------
    content : bytes
        The document.
    name : str
        For error messages.

    Returns
    -------
    Pages
        Blocks in reading order, each with its page and box; pages that are pictures and were not recognised; and a way to read
        the document again without camelot, where camelot had a part in it.

    Raises
    ------
    UnreadableDocument
        Damaged, locked with a password, too long, or without anything that can be read as text.
    MissingReader
        The pages are pictures, and the extra ``ocr`` is not installed.

    Notes
    -----
    camelot (lattice, vector engine) goes by the vertical extent of fonts, which some files give as nothing: text then lands
    in the row below. So each of its cells is compared with the characters whose own boxes lie in it, and a table in which many
    differ is made of characters and rulings alone.
    """
    with _opened(content, name) as pdf:
        pages = [_read_page(pdf, number) for number in range(len(pdf))]
        pictures = [page for page in pages if page.is_picture]
        unread: tuple[int, ...] = ()
        if pictures:
            unread = _recognise(pdf, pictures, name, alone=len(pictures) == len(pages))
        unread = tuple(sorted([*unread, *(page.number for page in pages if page.is_overfull)]))
    if not any(page.words for page in pages):
        raise UnreadableDocument(
            f"{name}: none of the {len(pages)} pages holds text ({sum(page.illegible for page in pages)} characters without a "
            "code); expected an annual report: export it anew, or print it to an image and read that"
        )
    sheets = [Sheet(page.words, page.horizontal, page.vertical, page.has_ink, page.pictures) for page in pages]
    back = {page.number: page.back for page in pages if page.back}

    def again(numbers: Collection[int] = ()) -> tuple[Block, ...]:
        from govstats.documents.lattice import lattice_tables

        chosen = {page.number: with_marks(page.words) for page in ruled if not numbers or page.number in numbers}
        return put_back(lay_out(sheets, lattice_tables(content, chosen) if chosen else {}), back)

    blocks = put_back(lay_out(sheets), back)
    ruled = [page for page, sheet in zip(pages, sheets, strict=True) if page.for_camelot and sheet.holds_figures]
    return Pages(blocks, unread, again if 0 < len(ruled) <= _MOST_LATTICE_PAGES else None)


@contextlib.contextmanager
def _opened(content: bytes, name: str) -> Iterator[pypdfium2.PdfDocument]:
    try:
        pdf = pypdfium2.PdfDocument(content)
    except pypdfium2.PdfiumError as error:
        locked = pdfium.FPDF_GetLastError() == pdfium.FPDF_ERR_PASSWORD or "assword" in str(error)
        what = "is locked with a password; save it without one" if locked else f"is damaged ({error}); fetch it anew"
        raise UnreadableDocument(f"{name}: the PDF document {what}") from error
    try:
        # what is filled in is drawn where the file does not say how
        pdf.init_forms()
        if not 0 < len(pdf) <= MOST_PAGES:
            raise UnreadableDocument(
                f"{name}: the PDF document has {len(pdf)} pages; expected one report of 1 to {MOST_PAGES}: "
                "save the pages of the report as a document of their own"
            )
        yield pdf
    finally:
        pdf.close()


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
    page = _Page(index + 1)
    try:
        source = pdf[index]
        if _is_annotated(source):
            # what is typed over, struck out or filled in is painted like everything else from now on
            page.unseen += 1
            # rendering makes what some of them do not bring along: how they look
            source.render(scale=_GLANCE)
            pdfium.FPDFPage_Flatten(source, pdfium.FLAT_NORMALDISPLAY)
            source.close()
            source = pdf[index]
    except pypdfium2.PdfiumError:
        # a page that is lost in a damaged file: the others may still hold the tables
        return page
    text = source.get_textpage()
    if text.count_chars() > _MOST_CHARACTERS or pdfium.FPDFPage_CountObjects(source) > _MOST_OBJECTS:
        page.is_overfull = True
        return page
    page.turns = _turns(source, text)
    page.shown = _shown(source, page.turns)
    objects = _read_objects(source, page.shown)
    characters = list(_read_characters(text, page))
    page.words = [word for _, word in characters]
    width, height = source.get_size()
    look = None
    if not unseen.is_plain(objects, page.words, _painted_at(text, characters, objects), page.shown.box(*source.get_bbox())):
        look = unseen.Look(source, page.turns, objects.texts)
        page.words = _seen(text, characters, look)
    large = any((b.right - b.left) * (b.bottom - b.top) > 0.5 * width * height for b in objects.pictures)
    if large and 2 * len(page.words) < len(characters):
        # a layer of text under a scan
        page.words, page.is_picture = [word for _, word in characters], True
    if len(objects.rulings) <= _MOST_RULINGS:
        # a dot of a dotted line may belong to either
        page.horizontal = [box for box in objects.rulings if box.bottom - box.top <= _THIN]
        page.vertical = [box for box in objects.rulings if box.right - box.left <= _THIN]
    if not page.is_picture:
        page.words = unseen.without_watermark(unseen.without_struck(page.words, page.horizontal))
        if look is not None:
            page.words = look.with_crossed(page.words, page.vertical)
        page.unseen += len(characters) - len(page.words)
        page.has_ink, page.pictures = look.ink if look else partial(unseen.crosses, objects.rulings), objects.pictures
    few = len(page.words) < _FEWEST_CHARACTERS
    page.is_picture |= few and (bool(objects.pictures) or page.illegible > 0)
    foreign = sum(word.text == ILLEGIBLE or _is_foreign(word.text) for word in page.words)
    if foreign > _FOREIGN * len(page.words):
        # a font without a table of its codes: what it draws is all there is to go by
        page.illegible, page.words, page.is_picture = len(page.words), [], True
    text.close()
    source.close()
    return page


def _is_annotated(page: pypdfium2.PdfPage) -> bool:
    """Tell whether more than links is put on a page."""
    for number in range(pdfium.FPDFPage_GetAnnotCount(page)):
        note = pdfium.FPDFPage_GetAnnot(page, number)
        kind = pdfium.FPDFAnnot_GetSubtype(note)
        pdfium.FPDFPage_CloseAnnot(note)
        if kind not in {pdfium.FPDF_ANNOT_LINK, pdfium.FPDF_ANNOT_POPUP}:
            return True
    return False


def _seen(text: pypdfium2.PdfTextPage, characters: Sequence[tuple[int, Word]], look: unseen.Look) -> list[Word]:
    """Return the characters that are seen, of which each is given with its number on the page."""
    words = [word for _, word in characters]

    def piece_of(at: int) -> Any:
        return pdfium.FPDFText_GetTextObject(text, characters[at][0])

    def is_cut(at: int) -> bool:
        # something lies over the rest of the figure
        hidden = [beside for beside in (max(at - 1, 0), min(at + 1, len(words) - 1)) if not seen[beside]]
        hidden = [beside for beside in hidden if touches(words[min(at, beside)], words[max(at, beside)])]
        return any(not unseen.is_without_ink(piece_of(beside)) for beside in hidden)

    seen = look.shows([word.box for word in words])
    for at, word in enumerate(words):
        # a decimal point may be smaller than a pixel: it is seen where the character before it is
        if at and not (seen[at] or word.text.isalnum()):
            seen[at] = seen[at - 1] and abs(word.box.left - words[at - 1].box.right) < _CLOSE
    look.sort_out(words, seen, piece_of)
    if all(seen):
        return words
    return [
        word._replace(text=NO_TEXT) if word.text.isdecimal() and is_cut(at) else word for at, word in enumerate(words) if seen[at]
    ]


def _is_foreign(character: str) -> bool:
    """Tell a character that neither Chinese nor Latin text has."""
    code = ord(character)
    return 0x250 <= code < 0x2000 or 0x2600 <= code < 0x2E80 or 0xA000 <= code < 0xF900 or 0xFB00 <= code < 0xFE10


def _turns(page: pypdfium2.PdfPage, text: pypdfium2.PdfTextPage) -> int:
    """Return by how many quarters, clockwise, a page as it is shown has to be turned for most of its text to stand upright."""
    count = text.count_chars()
    angles = Counter(
        round(pdfium.FPDFText_GetCharAngle(text, index) * 2 / math.pi) % 4 for index in range(0, count, max(1, count // 200))
    )
    # both the angle of characters and the rotation of a page run clockwise
    return -(angles.most_common(1)[0][0] + page.get_rotation() // 90) % 4 if angles else 0


def _shown(page: pypdfium2.PdfPage, turns: int) -> _Turn:
    """Return the map from the coordinates of a page to points from the upper left corner, as it is cropped and set upright."""
    width, height = page.get_size()
    if turns % 2:
        width, height = height, width
    fine = 1000

    def at(x: float, y: float) -> tuple[float, float]:
        right, down = ctypes.c_int(), ctypes.c_int()
        pdfium.FPDF_PageToDevice(page, 0, 0, round(width * fine), round(height * fine), turns, x, y, right, down)
        return right.value / fine, down.value / fine

    (e, f), (x1, y1), (x2, y2) = at(0, 0), at(fine, 0), at(0, fine)
    return _Turn((x1 - e) / fine, (y1 - f) / fine, (x2 - e) / fine, (y2 - f) / fine, e, f)


def _read_characters(text: pypdfium2.PdfTextPage, page: _Page) -> Iterator[tuple[int, Word]]:
    """Yield characters, by their number, with the boxes of their type, which do not depend on the shape of a 1."""
    assert page.shown is not None
    rectangle, handle = pdfium.FS_RECTF(), text.raw
    at = ctypes.byref(rectangle)
    for index in range(text.count_chars()):
        code = pdfium.FPDFText_GetUnicode(handle, index)
        character = chr(code)
        if character.isspace() or not pdfium.FPDFText_GetLooseCharBox(handle, index, at):
            continue
        if _has_no_code(code) or pdfium.FPDFText_HasUnicodeMapError(handle, index) == 1:
            page.illegible += 1
            character = ILLEGIBLE
        slant = pdfium.FPDFText_GetCharAngle(handle, index) * 2 / math.pi
        if abs(slant - round(slant)) > _SLANT:
            page.unseen += 1
            continue
        sides: tuple[float, ...] = rectangle.left, rectangle.bottom, rectangle.right, rectangle.top
        if sides[3] - sides[1] > _TALLEST:
            sides = _plausible(text, index, sides)
        box = page.shown.box(*sides)
        if box.bottom - box.top < max(box.right - box.left, _THINNEST):
            box = _as_tall_as_wide(character, box)
        yield index, Word(character, box)


def _has_no_code(code: int) -> bool:
    """Tell what is no character, or one of private use, or the number of a glyph: the font shows it without saying what it is."""
    return code < 0x20 or 0x7F <= code < 0xA0 or 0xE000 <= code < 0xF900 or 0xFFF0 <= code < 0x10000 or code >= 0xF0000


def _as_tall_as_wide(character: str, box: Box) -> Box:
    """Return the box of a character of a font that is wrong about its height: Chromium's give 一 that of its stroke."""
    if character >= "\u2e80" and unicodedata.category(character) == "Lo":
        middle, half = (box.top + box.bottom) / 2, (box.right - box.left) / 2
        return Box(box.left, middle - half, box.right, middle + half)
    return box._replace(bottom=max(box.bottom, box.top + _THINNEST))


def _plausible(text: pypdfium2.PdfTextPage, index: int, sides: tuple[float, ...]) -> tuple[float, ...]:
    """Return the box of a character; of one that is set from top to bottom pdfium forgets the scale (hongze-2023)."""
    left, right, bottom, top = tight = [ctypes.c_double() for _ in range(4)]
    if not pdfium.FPDFText_GetCharBox(text, index, *tight):
        return sides
    middle = (left.value + right.value) / 2, (bottom.value + top.value) / 2
    half = max(right.value - left.value, top.value - bottom.value) / 2
    if sides[3] - sides[1] < 8 * half:
        return sides
    return middle[0] - half, middle[1] - half, middle[0] + half, middle[1] + half


def _read_objects(page: pypdfium2.PdfPage, shown: _Turn) -> unseen.Painted:
    found = unseen.Painted()

    def look(item: Any, turn: _Turn, depth: int) -> None:
        kind = pdfium.FPDFPageObj_GetType(item)
        if kind == pdfium.FPDF_PAGEOBJ_TEXT:
            found.is_odd = found.is_odd or not unseen.is_plain_text(item)
            found.texts.append(item)
        elif kind == pdfium.FPDF_PAGEOBJ_PATH and len(found.rulings) <= _MOST_RULINGS:
            _read_path(item, turn, found)
        else:
            found.is_odd = True
        if kind == pdfium.FPDF_PAGEOBJ_IMAGE:
            found.pictures.append(_matrix(item, turn).box(0, 0, 1, 1))
        elif kind == pdfium.FPDF_PAGEOBJ_FORM and depth < _DEEPEST:
            inner = _matrix(item, turn)
            for number in range(pdfium.FPDFFormObj_CountObjects(item)):
                look(pdfium.FPDFFormObj_GetObject(item, number), inner, depth + 1)

    for number in range(pdfium.FPDFPage_CountObjects(page)):
        look(pdfium.FPDFPage_GetObject(page, number), shown, 0)
    return found


def _painted_at(text: pypdfium2.PdfTextPage, characters: Sequence[tuple[int, Word]], objects: unseen.Painted) -> list[int]:
    """Return for each character how many pieces of text are painted before it; nothing where that makes no difference."""
    if objects.is_odd or not objects.shades:
        return []
    number_of = {unseen.address(piece): number for number, piece in enumerate(objects.texts)}
    return [number_of.get(unseen.address(pdfium.FPDFText_GetTextObject(text, index)), 0) for index, _ in characters]


def _matrix(item: Any, turn: _Turn) -> _Turn:
    matrix = pdfium.FS_MATRIX()
    return turn.after(matrix) if pdfium.FPDFPageObj_GetMatrix(item, matrix) else turn


def _read_path(path: Any, turn: _Turn, found: unseen.Painted) -> None:
    """Add the straight lines of a path: the sides of what is stroked, and filled rectangles that are as thin as a line."""
    fill, stroke = ctypes.c_int(), ctypes.c_int()
    pdfium.FPDFPath_GetDrawMode(path, fill, stroke)
    turn = _matrix(path, turn)
    shapes = _shapes(path)
    width = ctypes.c_float()
    pdfium.FPDFPageObj_GetStrokeWidth(path, width)
    thick = turn.box(0, 0, width.value, width.value)
    # a broad stroke covers what is beside its middle
    found.is_odd |= not shapes or (bool(stroke.value) and max(thick.right - thick.left, thick.bottom - thick.top) > _THIN)
    for shape in shapes:
        xs, ys = zip(*shape, strict=True)
        box = turn.box(min(xs), min(ys), max(xs), max(ys))
        if min(box.right - box.left, box.bottom - box.top) <= _THIN:
            found.rulings.append(box)
            continue
        if fill.value:
            found.shades.append((len(found.texts), box))
            found.is_odd |= not unseen.is_shade(path)
        if stroke.value:
            sides = [turn.box(*one, *other) for one, other in pairwise(shape)]
            straight = [side for side in sides if min(side.right - side.left, side.bottom - side.top) <= _STRAIGHT]
            found.is_odd |= len(straight) < len(sides)
            found.rulings += straight


def _shapes(path: Any) -> list[list[tuple[float, float]]]:
    """Return the corners of the shapes that a path draws; none where there are curves among them."""
    count = pdfium.FPDFPath_CountSegments(path)
    shapes: list[list[tuple[float, float]]] = []
    x, y = ctypes.c_float(), ctypes.c_float()
    for number in range(count if count <= _MOST_RULINGS else 0):
        segment = pdfium.FPDFPath_GetPathSegment(path, number)
        kind = pdfium.FPDFPathSegment_GetType(segment)
        if kind == pdfium.FPDF_SEGMENT_BEZIERTO or not pdfium.FPDFPathSegment_GetPoint(segment, x, y):
            return []
        if kind == pdfium.FPDF_SEGMENT_MOVETO or not shapes:
            shapes.append([])
        shapes[-1].append((x.value, y.value))
        if pdfium.FPDFPathSegment_GetClose(segment):
            shapes[-1].append(shapes[-1][0])
    return [shape for shape in shapes if len(shape) > 1]


# --- scans ----------------------------------------------------------------------------------------------------------------


def _recognise(pdf: pypdfium2.PdfDocument, pages: Sequence[_Page], name: str, *, alone: bool) -> tuple[int, ...]:
    """Read pages that are pictures by optical recognition, where it is installed; return those that were not read.

    A layer of text under a picture is kept only where nothing better is to be had, as a reading that has to be confirmed.
    """
    from govstats.documents.scan import recognise_picture

    if len(pages) > _MOST_PICTURES:
        raise UnreadableDocument(
            f"{name}: {len(pages)} pages of the PDF document are pictures, and recognising takes seconds a page; "
            f"expected at most {_MOST_PICTURES}: save the pages of the report as a document of their own"
        )
    unread = []
    for page in tqdm(pages, name, unit="page", leave=False, disable=None):
        width, height = pdf[page.number - 1].get_size()
        # a poster is rendered smaller: its text is larger
        scale = min(_DPI / _POINTS, math.sqrt(_MOST_PIXELS / max(width * height, 1.0)))
        rendered = pdf[page.number - 1].render(scale=scale, rotation=90 * page.turns, grayscale=True)
        try:
            picture = recognise_picture(rendered.to_numpy().reshape(rendered.height, rendered.width, -1)[:, :, 0], name)
        except MissingReader:
            if alone and not any(other.words for other in pages):
                raise
            page.words = [word._replace(confidence=_CONFIDENCE_OF_LAYER) for word in page.words]
            unread.append(page.number)
            continue
        page.words = [word._replace(box=_scaled(word.box, 1 / scale)) for word in picture.words]
        page.horizontal = [_scaled(box, 1 / scale) for box in picture.horizontal]
        page.vertical = [_scaled(box, 1 / scale) for box in picture.vertical]
        page.back = partial(_located, picture, scale)
    return tuple(unread)


def _located(picture: Picture, scale: float, box: Box) -> Box:
    return _scaled(picture.locate(_scaled(box, scale)), 1 / scale)


def _scaled(box: Box, scale: float) -> Box:
    return Box(*(side * scale for side in box))
