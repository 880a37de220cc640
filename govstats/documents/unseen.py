"""What a page shows of what its file holds: text that leaves a trace when the page is rendered, and ink that is no text."""

from __future__ import annotations

import ctypes
import math
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from statistics import median
from typing import Any

import numpy as np
import numpy.typing as npt
import pypdfium2
import pypdfium2.raw as pdfium

from govstats.documents.document import NO_TEXT, Box
from govstats.documents.page import Word

#: Pixels a point, of a page of up to so many pixels: strokes of the smallest type are fainter than a pixel, but not gone.
_SCALE, _MOST_PIXELS = 1.0, 4_000_000
#: A difference in brightness, of 255, that can be seen, and one that no shade of a cell has.
_VISIBLE, _INK = 12, 60
#: Type that is lighter, of 255, is white.
_WHITE = 240
#: No ground is so light, of 255 in any colour, that type as dark is not seen on it.
_LIGHT, _DARK = 195, 100
#: A character's ink lies inside its box by this share of the box; what lies closer to the edge may be its neighbour's.
_ASIDE, _ABOVE = 0.15, 0.1
#: A ruling is at most so thick, in points; what lies closer to the edge of a cell is no ink in it.
_THICK = 2.5
#: Two characters of a line lie on each other where they share more than this part of their width.
_SHARED = 0.4
#: So many pieces of text that lie on others are looked at one by one.
_MOST_PIECES = 24
#: A watermark is so much taller than the text on which it lies.
_TALLER = 1.8
#: So many sizes of type and characters of each are looked at.
_MOST_SIZES, _SAMPLE = 5, 20
#: A line strikes out what it crosses in its middle, give or take so much of its height, if it is not longer by more than so much.
_MIDDLE, _LONGER = 0.18, 1.2

#: Where pdfium writes a colour.
_PARTS = [ctypes.c_uint() for _ in range(4)]
_FILLED = {pdfium.FPDF_TEXTRENDERMODE_FILL, pdfium.FPDF_TEXTRENDERMODE_FILL_STROKE}

_Pixels = npt.NDArray[np.uint8]
_Mask = npt.NDArray[np.bool_]


@dataclass
class Painted:
    """What is painted on a page, in the coordinates of the page as it is shown.

    Attributes
    ----------
    rulings, pictures : list of Box
        Straight lines; pictures.
    texts : list of page objects
        Pieces of text, in the order in which they are painted.
    shades : list of (int, Box)
        Light shapes, each with the number of pieces of text that are painted before it.
    is_odd : bool
        There is more: text that is not simply black, shapes that may be ink, forms, pictures.
    """

    rulings: list[Box] = field(default_factory=list)
    pictures: list[Box] = field(default_factory=list)
    texts: list[Any] = field(default_factory=list)
    shades: list[tuple[int, Box]] = field(default_factory=list)
    is_odd: bool = False


def is_plain(painted: Painted, words: Sequence[Word], numbers: Sequence[int], page: Box) -> bool:
    """Tell a page that shows all its text, so that nobody has to look.

    Parameters
    ----------
    painted : Painted
        On the page.
    words : sequence of Word
        All characters.
    numbers : sequence of int
        For each one, how many pieces of text are painted before it.
    page : Box
        What is shown.

    Returns
    -------
    bool
        Nothing is odd, no character lies outside the page or on another one, no line runs through a digit, and no shape is
        painted over text.
    """
    if painted.is_odd or not words:
        return False
    boxes = _sides(word.box for word in words)
    if (boxes[:, :2] < page[:2]).any() or (boxes[:, 2:] > page[2:]).any():
        return False
    inner = boxes + np.tile((boxes[:, 2:] - boxes[:, :2]) * (_ASIDE, _ABOVE), 2) * (1, 1, -1, -1)
    after = np.array([number for number, _ in painted.shades])
    if painted.shades and (_meeting(inner, [box for _, box in painted.shades]) & (np.array(numbers)[:, None] < after)).any():
        return False
    middles = _sides(_middle_part(word.box) for word in words if word.text.isdecimal())
    # brackets and commas reach over one another where a font sets them close
    return not _meeting(middles, painted.rulings).any() and not _overlapping(boxes[[word.text.isalnum() for word in words]])


def _meeting(boxes: npt.NDArray[np.float64], others: Sequence[Box]) -> _Mask:
    """Tell which boxes meet which others: a row for each box."""
    left, top, right, bottom = _sides(others).T
    one = boxes.T[:, :, None]
    found: _Mask = (one[0] <= right) & (left <= one[2]) & (one[1] <= bottom) & (top <= one[3])
    return found


def _sides(boxes: Iterable[Box]) -> npt.NDArray[np.float64]:
    return np.fromiter(chain.from_iterable(boxes), float).reshape(-1, 4)


def crosses(rulings: Sequence[Box], box: Box) -> bool:
    """Tell whether a line runs through a cell, where lines are all that is drawn."""
    inner = _inside(box)
    return any(_meet(inner, ruling) for ruling in rulings)


def is_plain_text(item: Any) -> bool:
    """Tell a piece of text that is dark and painted whole, in whatever layer."""
    colour = _colour(item)
    return (
        colour is not None
        and max(colour[:3]) <= _DARK
        and pdfium.FPDFTextObj_GetTextRenderMode(item) in _FILLED
        and not pdfium.FPDFPageObj_HasTransparency(item)
        and pdfium.FPDFClipPath_CountPaths(pdfium.FPDFPageObj_GetClipPath(item)) <= 0
        and not any(_is_layer(pdfium.FPDFPageObj_GetMark(item, at)) for at in range(pdfium.FPDFPageObj_CountMarks(item)))
    )


def _is_layer(mark: Any) -> bool:
    name, length = (ctypes.c_ushort * 3)(), ctypes.c_ulong()
    pdfium.FPDFPageObjMark_GetName(mark, name, ctypes.sizeof(name), length)
    return bytes(name)[:4] == "OC".encode("utf-16-le")


def is_shade(item: Any) -> bool:
    """Tell a shape that is too light to be ink."""
    colour = _colour(item)
    return colour is not None and min(colour[:3]) >= _LIGHT


def is_without_ink(item: Any) -> bool:
    """Tell whether a piece of text has no colour but white, or none at all."""
    colour = _colour(item)
    invisible = {pdfium.FPDF_TEXTRENDERMODE_INVISIBLE, pdfium.FPDF_TEXTRENDERMODE_CLIP}
    unseen = colour is not None and (min(colour[:3]) > _WHITE or colour[3] == 0)
    return unseen or pdfium.FPDFTextObj_GetTextRenderMode(item) in invisible


def _colour(item: Any) -> list[int] | None:
    """Return red, green, blue and opacity of what is filled; None where it is filled with a pattern."""
    return [part.value for part in _PARTS] if pdfium.FPDFPageObj_GetFillColor(item, *_PARTS) else None


class Look:
    """A page as it is rendered, with and without its text.

    Text that makes no difference is not seen, whatever hides it: no ink, white on white, a clip path, a layer that is switched
    off, the edge of the page, or something painted over it.

    Parameters
    ----------
    page : PdfPage
    turns : int
        Quarters by which it is turned, clockwise.
    texts : sequence of page objects
        All pieces of text on the page, in the order in which they are painted.
    """

    def __init__(self, page: pypdfium2.PdfPage, turns: int, texts: Sequence[Any]) -> None:
        self._page, self._turns = page, turns
        width, height = page.get_size()
        self._scale = min(_SCALE, math.sqrt(_MOST_PIXELS / max(width * height, 1.0)))
        self._full = self._rendered()
        _switch(texts, on=False)
        self._bare = self._rendered() if texts else self._full
        _switch(texts, on=True)
        #: Tells whether something that is no text is drawn inside a cell.
        self.ink = partial(_has_ink, self._bare, self._scale)

    def _rendered(self) -> _Pixels:
        bitmap = self._page.render(scale=self._scale, rotation=90 * self._turns, grayscale=True, may_draw_forms=False)
        return np.array(bitmap.to_numpy()).reshape(bitmap.height, bitmap.width)

    def shows(self, boxes: Sequence[Box]) -> list[bool]:
        """Tell of characters with such boxes whether they are seen."""
        return _traced(_differ(self._full, self._bare), self._pixels(boxes))

    def sort_out(self, words: Sequence[Word], seen: list[bool], piece_of: Callable[[int], Any]) -> None:
        """Look again at characters that lie on each other, where the traces may be another's.

        Parameters
        ----------
        words : sequence of Word
            All characters.
        seen : list of bool
            Which of them are seen; those that turn out to be covered are not.
        piece_of : callable
            Returns the piece of text to which a character belongs, by its number.
        """
        # brackets and commas reach over one another where a font sets them close
        numbers = [number for number, word in enumerate(words) if seen[number] and word.text.isalnum()]
        pieces: dict[int, list[int]] = defaultdict(list)
        handles = {}
        for at in _overlapping(_sides(words[number].box for number in numbers)):
            piece = piece_of(numbers[at])
            handles[address(piece)] = piece
            pieces[address(piece)].append(numbers[at])
        for at, members in pieces.items() if len(pieces) <= _MOST_PIECES else ():
            _switch([handles[at]], on=False)
            traced = _traced(_differ(self._full, self._rendered()), self._pixels([words[number].box for number in members]))
            for number, is_traced in zip(members, traced, strict=True):
                seen[number] = is_traced
            # of two copies at one place the other one is seen
            if any(traced):
                _switch([handles[at]], on=True)

    def with_crossed(self, words: Sequence[Word], vertical: Sequence[Box]) -> list[Word]:
        """Return words with another sign for digits through which something is drawn but the edge of a cell."""
        digits = [number for number, word in enumerate(words) if word.text.isdecimal()]
        found = list(words)
        middles = [_middle_part(words[number].box) for number in digits]
        for number, box, (left, top, right, bottom) in zip(digits, middles, self._pixels(middles), strict=True):
            if _has_contrast(self._bare[top:bottom, left:right]) and not any(_meet(box, edge) for edge in vertical):
                found[number] = words[number]._replace(text=NO_TEXT)
        return found

    def _pixels(self, boxes: Sequence[Box]) -> list[list[int]]:
        """Return the pixels inside boxes of characters: left, top, and the right and bottom ones that are no longer inside."""
        sides = _sides(boxes) * self._scale
        inset = (sides[:, 2:] - sides[:, :2]) * (_ASIDE, _ABOVE)
        first = np.floor(sides[:, :2] + inset + 0.5)
        last = np.maximum(np.floor(sides[:, 2:] - inset + 0.5), first + 1)
        pixels: list[list[int]] = np.maximum(np.hstack([first, last]), 0).astype(int).tolist()
        return pixels


def _has_ink(bare: _Pixels, scale: float, box: Box) -> bool:
    left, top, right, bottom = (max(side * scale, 0) for side in _inside(box))
    return _has_contrast(bare[math.ceil(top) : math.floor(bottom) + 1, math.ceil(left) : math.floor(right) + 1])


def _inside(box: Box) -> Box:
    """Return a cell without its edges."""
    edge = min(_THICK, (box.right - box.left) / 4, (box.bottom - box.top) / 4)
    return Box(box.left + edge, box.top + edge, box.right - edge, box.bottom - edge)


def _has_contrast(part: _Pixels) -> bool:
    return part.size > 0 and int(part.max()) - int(part.min()) > _INK


def _middle_part(box: Box) -> Box:
    """Return the part of the box of a character that no underline meets."""
    quarter = (box.bottom - box.top) / 4
    return Box(box.left, box.top + quarter, box.right, box.bottom - quarter)


def _meet(one: Box, other: Box) -> bool:
    return one.left <= other.right and other.left <= one.right and one.top <= other.bottom and other.top <= one.bottom


def _switch(items: Sequence[Any], *, on: bool) -> None:
    for item in items:
        pdfium.FPDFPageObj_SetIsActive(item, on)


def address(item: Any) -> int:
    """Return where a page object is kept, which tells whether two are the same."""
    return ctypes.addressof(item.contents)


def _differ(one: _Pixels, other: _Pixels) -> _Mask:
    return np.maximum(one, other) - np.minimum(one, other) > _VISIBLE


def _traced(traces: _Mask, pixels: Sequence[Sequence[int]]) -> list[bool]:
    return [bool(traces[top:bottom, left:right].any()) for left, top, right, bottom in pixels]


def _overlapping(boxes: npt.NDArray[np.float64]) -> list[int]:
    """Return the numbers of characters that lie on one another."""
    if len(boxes) < 2:
        return []
    found = np.zeros(len(boxes), bool)
    wide, high = (boxes[:, 2:] - boxes[:, :2]).T
    middle = (boxes[:, 1] + boxes[:, 3]) / 2
    for shift in (0.0, 0.5):
        # what stands in one line, from left to right
        order = np.lexsort((boxes[:, 0], np.floor(middle / np.median(high) + shift)))
        for step in (1, 2):
            one, other = order[:-step], order[step:]
            shared = np.minimum(boxes[one, 2], boxes[other, 2]) - np.maximum(boxes[one, 0], boxes[other, 0])
            lie = shared > _SHARED * np.minimum(wide[one], wide[other])
            lie &= np.abs(middle[one] - middle[other]) < _SHARED * np.minimum(high[one], high[other])
            found[one[lie]] = found[other[lie]] = True
    return [int(number) for number in np.flatnonzero(found)]


# --- characters among characters --------------------------------------------------------------------------------------------


def without_watermark(words: Sequence[Word]) -> list[Word]:
    """Leave out tall characters that lie on others."""
    if not words:
        return []
    usual = median(_height(word) for word in words)
    tall = [word for word in words if _height(word) > _TALLER * usual]
    if not tall or len(tall) > len(words) / 4:
        return list(words)
    sizes: defaultdict[int, list[Word]] = defaultdict(list)
    for word in tall:
        sizes[round(_height(word))].append(word)
    marks: set[int] = set()
    for size, alike in sorted(sizes.items(), key=lambda item: -len(item[1]))[:_MOST_SIZES]:
        some = alike[:: 1 + len(alike) // _SAMPLE]
        if any(size > 1.5 * _height(other) and _lies_on(word, other) for word in some for other in words):
            marks.add(size)
    return [word for word in words if not (round(_height(word)) in marks and _height(word) > _TALLER * usual)]


def _height(word: Word) -> float:
    return word.box.bottom - word.box.top


def _lies_on(word: Word, other: Word) -> bool:
    x, y = other.middle
    box = word.box
    aside, above = 0.1 * (box.right - box.left), 0.1 * (box.bottom - box.top)
    return box.left + aside < x < box.right - aside and box.top + above < y < box.bottom - above


def without_struck(words: Sequence[Word], horizontal: Sequence[Box]) -> list[Word]:
    """Leave out characters that a line runs through: deleted text, as in HTML and in Word."""
    struck: set[int] = set()
    downwards = sorted(words, key=_middle)
    half = max(map(_height, words), default=0.0) / 2
    for line in _short(horizontal):
        y = (line.top + line.bottom) / 2
        near = downwards[bisect_left(downwards, y - half, key=_middle) : bisect_right(downwards, y + half, key=_middle)]
        crossed = [word for word in near if word.box.top < y < word.box.bottom and _under(word.box, line)]
        if not crossed:
            continue
        left, right = min(word.box.left for word in crossed), max(word.box.right for word in crossed)
        height = max(_height(word) for word in crossed)
        alike = all(abs(word.middle[1] - y) < _MIDDLE * _height(word) for word in crossed)
        if alike and line.right - line.left < right - left + _LONGER * height:
            struck |= {id(word) for word in crossed}
    return [word for word in words if id(word) not in struck]


def _middle(word: Word) -> float:
    return word.middle[1]


def _short(horizontal: Sequence[Box]) -> Iterator[Box]:
    """Yield the lines that do not hang together with others, as the lines of a table do."""
    rows: defaultdict[int, list[Box]] = defaultdict(list)
    for line in horizontal:
        rows[round(line.top)].append(line)
    for line in horizontal:
        beside = [other for at in (-1, 0, 1) for other in rows[round(line.top) + at] if other is not line]
        if not any(other.left <= line.right + 1 and line.left <= other.right + 1 for other in beside if other != line):
            yield line


def _under(box: Box, line: Box) -> bool:
    return min(box.right, line.right) - max(box.left, line.left) > 0.5 * (box.right - box.left)
