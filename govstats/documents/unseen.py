"""What a page shows of what its file holds: text that leaves a trace when the page is rendered, and ink that is no text."""

from __future__ import annotations

import ctypes
import math
from collections import defaultdict
from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt
import pypdfium2
import pypdfium2.raw as pdfium

from govstats.documents.document import NO_TEXT, Box
from govstats.documents.page import Word, sides_of, touches

#: A poster is rendered smaller, to so many pixels: its text is larger.
_MOST_PIXELS = 30_000_000
#: A difference in brightness, of 255, that can be seen, and one that no shade of a cell has.
_VISIBLE, _INK = 12, 60
#: Type that is lighter, of 255, is white.
_WHITE = 240
#: Shares of the width and height of a character, at each side, in which the ink may be its neighbour's, and an underline.
_INSET, _MIDDLE_PART = (0.15, 0.1), (0.15, 0.3)
#: A ruling is at most so thick, in points; what lies closer to the edge of a cell is no ink in it.
_THICK = 2.5
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

_Numbers = npt.NDArray[np.float64]
_Pixels = npt.NDArray[np.uint8]
_Mask = npt.NDArray[np.bool_]


def rendered(page: pypdfium2.PdfPage, turns: int, scale: float = 1.0) -> tuple[_Pixels, float]:
    """Return the grey pixels of a page turned by some quarters, and how many make a point."""
    scale = min(scale, math.sqrt(_MOST_PIXELS / math.prod(page.get_size())))
    return page.render(scale=scale, rotation=90 * turns, grayscale=True).to_numpy(), scale


# --- characters as they are rendered ----------------------------------------------------------------------------------------


class Look:
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
        pixels = rendered(self._page, self._turns)
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
        edge = min(_THICK, box.width / 4, box.height / 4)
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


# --- characters among characters --------------------------------------------------------------------------------------------


def without_watermark(words: Sequence[Word]) -> list[Word]:
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


def without_struck(words: Sequence[Word], horizontal: Sequence[Box]) -> list[Word]:
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
