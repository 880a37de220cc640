"""What a page holds but does not show: text without ink, in white on white, or under something painted over it."""

from __future__ import annotations

import ctypes
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from statistics import median
from typing import Any, NamedTuple

import pypdfium2.raw as pdfium

from govstats.documents.document import Box
from govstats.documents.page import Word

#: Lighter than this, of 255, is white type, and a ground on which it does not show.
_WHITE, _LIGHT = 245, 200
#: What is narrower or lower, in points, covers no text.
_NARROW = 3.0
#: Height of the strips into which a page is cut, to find what lies at a place.
_STRIP = 24.0
#: A watermark is so much taller than the text on which it lies.
_TALLER = 1.8
#: So many sizes of type and characters of each are looked at.
_MOST_SIZES, _SAMPLE = 5, 20
#: A line strikes out what it crosses in its middle, give or take so much of its height, if it is not longer by more than so much.
_MIDDLE, _LONGER = 0.18, 1.2


class _Ink(NamedTuple):
    """A filled shape or a picture: when it is painted, where, and how it hides what is below."""

    order: int
    box: Box
    opaque: bool
    white: bool


class _Type(NamedTuple):
    """A piece of text: when it is painted and how."""

    order: int
    white: bool
    invisible: bool


class Paint:
    """What is painted on a page, in its order."""

    def __init__(self) -> None:
        self._texts: dict[int, _Type] = {}
        self._strips: defaultdict[int, list[_Ink]] = defaultdict(list)
        self._order = 0

    def add(self, item: Any, kind: int, box: Callable[[float, float, float, float], Box]) -> None:
        """Take note of an object of a page; `box` leads to the page as it is shown."""
        self._order += 1
        if kind == pdfium.FPDF_PAGEOBJ_TEXT:
            white, opaque = _colour(item, _WHITE)
            mode = pdfium.FPDFTextObj_GetTextRenderMode(item)
            without_ink = mode in {pdfium.FPDF_TEXTRENDERMODE_INVISIBLE, pdfium.FPDF_TEXTRENDERMODE_CLIP}
            self._texts[_address(item)] = _Type(self._order, white, without_ink or opaque == 0)
            return
        sides = [ctypes.c_float() for _ in range(4)]
        if not pdfium.FPDFPageObj_GetBounds(item, *sides):
            return
        around = box(*(side.value for side in sides))
        if min(around.right - around.left, around.bottom - around.top) < _NARROW:
            return
        # a stamp is no ground
        white, opaque = bool(pdfium.FPDFPageObj_HasTransparency(item)), 0
        if kind == pdfium.FPDF_PAGEOBJ_PATH:
            fill, stroke = ctypes.c_int(), ctypes.c_int()
            pdfium.FPDFPath_GetDrawMode(item, fill, stroke)
            if not fill.value:
                return
            white, opaque = _colour(item, _LIGHT)
        covers = opaque == 255 and not pdfium.FPDFPageObj_HasTransparency(item) and _is_rectangle(item) and not _is_clipped(item)
        ink = _Ink(self._order, around, covers, white)
        # a page is at most some two hundred inches tall
        for strip in range(max(int(around.top // _STRIP), 0), min(int(around.bottom // _STRIP), 1000) + 1):
            self._strips[strip].append(ink)

    @property
    def hides(self) -> bool:
        """Something on the page may not be seen; on most pages nothing is white, without ink or painted over."""
        covered = any(ink.opaque for strip in self._strips.values() for ink in strip)
        return covered or any(text.white or text.invisible for text in self._texts.values())

    @property
    def mostly_invisible(self) -> bool:
        """Most of the text has no ink: a layer under a scan."""
        return 2 * sum(text.invisible for text in self._texts.values()) > len(self._texts)

    def shows(self, item: Any, box: Box) -> bool:
        """Tell whether a character of a piece of text is to be seen."""
        text = self._texts.get(_address(item)) if item else None
        if text is None:
            return True
        if text.invisible:
            return False
        x, y = (box.left + box.right) / 2, (box.top + box.bottom) / 2
        here = [
            ink
            for ink in self._strips.get(int(y // _STRIP), ())
            if ink.box.left <= x <= ink.box.right and ink.box.top <= y <= ink.box.bottom
        ]
        if any(ink.order > text.order and ink.opaque for ink in here):
            return False
        return not text.white or any(ink.order < text.order and not ink.white for ink in here)


def _address(item: Any) -> int:
    return ctypes.addressof(item.contents)


def _colour(item: Any, light: int) -> tuple[bool, int]:
    """Return whether the fill of an object is lighter than a limit, and its opacity, 0 to 255."""
    parts = [ctypes.c_uint() for _ in range(4)]
    if not pdfium.FPDFPageObj_GetFillColor(item, *parts):
        return False, 1
    return all(part.value > light for part in parts[:3]), parts[3].value


def _is_rectangle(path: Any) -> bool:
    return 4 <= pdfium.FPDFPath_CountSegments(path) <= 5 and all(
        pdfium.FPDFPathSegment_GetType(pdfium.FPDFPath_GetPathSegment(path, number)) != pdfium.FPDF_SEGMENT_BEZIERTO
        for number in range(4)
    )


def _is_clipped(item: Any) -> bool:
    clip = pdfium.FPDFPageObj_GetClipPath(item)
    return bool(clip) and pdfium.FPDFClipPath_CountPaths(clip) > 0


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
