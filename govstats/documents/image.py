"""Pictures and scans: what stands on them, by optical recognition, with everything that the engine thought it might be."""

from __future__ import annotations

import io
import struct
import warnings
from collections.abc import Iterator, Sequence
from functools import partial
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from govstats.documents.document import Block, Box, put_back
from govstats.documents.layout import Sheet, lay_out
from govstats.documents.page import Word
from govstats.documents.recogniser import (
    LOOKALIKE,
    Engine,
    answers_to,
    best_text,
    detect_lines,
    engine_for,
    likely_figures,
)
from govstats.documents.upright import (
    Mask,
    Numbers,
    Pixels,
    Rulings,
    closed_rulings,
    find_rulings,
    inverse,
    project,
    quarter_turned,
    upright_projection,
)
from govstats.errors import MissingReader, UnreadableDocument

if TYPE_CHECKING:
    from PIL.Image import Image as PILImage

#: A0 at 150 dpi has 35 million pixels; what has more is no scan of a report.
_MOST_PIXELS = 50_000_000
#: Recognition gains nothing from a page of more than 220 dpi, and loses small type below 130.
_LONGEST, _SHORTEST = 2600, 1500
#: What is read with less confidence is an invention: of noise, of a photograph, of a stamp.
_FLOOR = 0.5
#: Another reading is worth keeping from this probability on; most cells have none.
_NEGLIGIBLE, _MOST_READINGS = 2e-3, 6
_NUMERIC = frozenset("0123456789.,，%-")
#: Ways of looking at a figure: paper beside and above it, as a share of its height, and how far it is stretched.
_LOOKS = ((0.3, 0.3, 1.0), (0.3, 0.15, 1.4), (0.12, 0.12, 1.0))
#: A figure that is surer than this at the first look needs no second, one that is after two needs no third; a label that is
#: less sure than this at the first look is looked at again.
_OBVIOUS, _CERTAIN, _PLAIN = 0.9995, 0.995, 0.95
#: A line of prose is wider, in heights of its characters; what one look mistakes there does no harm.
_WIDEST_LABEL = 20
#: A stroke that is taller and thinner than this, in heights of characters, is no digit.
_TALLEST_DIGIT, _THIN = 1.2, 0.4
#: What is so dark, as a share of the darkest strokes, is print, where nothing else stands beside it.
_FAINT = 0.3
#: What differs from paper by less, as a share of its brightness, is none.
_NO_INK = 0.1
#: Stands for what cannot be read.
_ILLEGIBLE = "□"
#: A page has so many pieces of text that the detector overlooks, where it is a page of text.
_MOST_OVERLOOKED, _MOST_PAGES = 400, 200
#: Height of the characters of a report, in points.
_USUAL = 9.0
#: Height of the characters, as a share of that of the box that the detector draws around them.
_TYPE_IN_BOX = 0.8
#: What is read with more confidence is text the right way up.
_LEGIBLE = 0.8
#: What Pillow raises where a file is not what it says.
_DAMAGE = (OSError, ValueError, SyntaxError, EOFError, KeyError, IndexError, TypeError, OverflowError, struct.error)


class Picture(NamedTuple):
    """What stands on a picture.

    Attributes
    ----------
    words : tuple of Word
        In coordinates of the picture set upright. No word reaches over a ruling into another cell.
    horizontal, vertical : tuple of Box
        Rulings, in the same coordinates; a table that is open at a side is closed.
    width, height : float
        Of the picture set upright.
    back : array of float
        The projection that leads from there to the picture as it was given, see `locate`.
    """

    words: tuple[Word, ...]
    horizontal: tuple[Box, ...]
    vertical: tuple[Box, ...]
    width: float
    height: float
    back: Numbers

    def locate(self, box: Box) -> Box:
        """Return where a box stands on the picture as it was given: as large, around the same centre.

        Parameters
        ----------
        box : Box
            On the picture set upright.

        Returns
        -------
        Box
            In pixels of the picture that was recognised.
        """
        x, y = (box.left + box.right) / 2, (box.top + box.bottom) / 2
        middle, right, down = project(self.back, np.array([[x, y], [x + 1, y], [x, y + 1]]))
        # the angle that is left must not make a long flat box tall: it keeps its sides, turned by right angles only
        across = np.abs(right - middle) * (box.right - box.left) / 2
        along = np.abs(down - middle) * (box.bottom - box.top) / 2
        half = np.where([across[0] * along[1] >= across[1] * along[0]] * 2, [across[0], along[1]], [along[0], across[1]])
        return Box(*(float(side) for side in (*(middle - half), *(middle + half))))


# --- words ----------------------------------------------------------------------------------------------------------------


class _Sheet(NamedTuple):
    """An upright picture taken apart."""

    grey: Pixels
    paper: Pixels
    ink: Mask
    #: Ink and what is much fainter.
    faint: Mask
    #: which region bounded by rulings a pixel belongs to
    regions: npt.NDArray[np.int32]
    height: float


class _Piece(NamedTuple):
    """What stands in one line of one region."""

    box: tuple[int, int, int, int]
    region: int
    found: bool


class _Look(NamedTuple):
    """What a piece says at one look, and what else it may say, with probabilities, where that is a figure."""

    text: str
    confidence: float
    likely: dict[str, float]


_confidence = attrgetter("confidence")


def recognise_picture(pixels: Pixels, name: str) -> Picture:
    """Recognise what stands on a picture of a page.

    Parameters
    ----------
    pixels : array of uint8
        Height × width, or height × width × 3.
    name : str
        For error messages.

    Returns
    -------
    Picture
        Words and rulings of the picture set upright. What cannot be recognised with some confidence is left out.

    Raises
    ------
    MissingReader
        rapidocr is not installed (the extra ``ocr``).
    UnreadableDocument
        The picture is too large for a scan of a page.
    """
    _reject_huge(pixels.shape[1], pixels.shape[0], name)
    engine = engine_for(name)
    import cv2

    grey = pixels if pixels.ndim == 2 else np.asarray(cv2.cvtColor(pixels[:, :, :3], cv2.COLOR_RGB2GRAY), np.uint8)
    longest = max(grey.shape)
    scale = min(max(1.0, min(2.0, _SHORTEST / longest)), _LONGEST / longest)
    if scale != 1:
        size = (max(round(grey.shape[1] * scale), 32), max(round(grey.shape[0] * scale), 32))
        how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        grey = np.asarray(cv2.resize(grey, size, interpolation=how), np.uint8)
    working = np.diag([grey.shape[1] / pixels.shape[1], grey.shape[0] / pixels.shape[0], 1.0])
    quads = detect_lines(engine, grey)
    quarters = 0
    if _lie_sideways(quads):
        quarters = 1
        quads = detect_lines(engine, quarter_turned(grey, quarters)[0])
    picture, doubt = _read(engine, grey, quads, quarters)
    if doubt:
        # upside down, perhaps
        turned = (quarters + 2) % 4
        other, still = _read(engine, grey, detect_lines(engine, quarter_turned(grey, turned)[0]), turned)
        picture = picture if still else other
    return Picture(
        tuple(word._replace(box=_scaled(word.box, 1 / scale)) for word in picture.words),
        tuple(_scaled(box, 1 / scale) for box in picture.horizontal),
        tuple(_scaled(box, 1 / scale) for box in picture.vertical),
        picture.width / scale,
        picture.height / scale,
        inverse(working) @ picture.back @ np.diag([scale, scale, 1.0]),
    )


def _lie_sideways(quads: Numbers) -> bool:
    """Tell whether lines of text run from top to bottom; a single label that does is no sign."""
    width = np.linalg.norm(quads[:, 1] - quads[:, 0], axis=1)
    height = np.linalg.norm(quads[:, 3] - quads[:, 0], axis=1)
    return int((height > 2 * width).sum()) > max(2, int((width > 2 * height).sum()))


def _read(engine: Engine, grey: Pixels, quads: Numbers, quarters: int) -> tuple[Picture, bool]:
    """Return what stands on a picture, and whether most of it could not be read."""
    import cv2

    grey, turn = quarter_turned(grey, quarters)
    if not len(quads):
        return Picture((), (), (), float(grey.shape[1]), float(grey.shape[0]), inverse(turn)), False
    sides = np.linalg.norm(quads - np.roll(quads, -1, axis=1), axis=2)
    height = float(np.median(np.minimum(sides[:, 0], sides[:, 1]))) * _TYPE_IN_BOX
    upright, size = upright_projection(grey, quads, height)
    # what comes into sight at the edges is paper
    paper = float(np.median(grey))
    grey = np.asarray(cv2.warpPerspective(grey, upright, size, flags=cv2.INTER_CUBIC, borderValue=paper), np.uint8)
    found = [_bounds(project(upright, quad), grey.shape) for quad in quads]
    rulings = find_rulings(grey, height)
    horizontal, vertical = closed_rulings(rulings, height)
    words = _words(engine, _sheet(grey, rulings, (*horizontal, *vertical), found, height), found)
    legible = sum(word.confidence is not None and word.confidence > _LEGIBLE for word in words)
    back = inverse(upright @ turn)
    return Picture(tuple(words), horizontal, vertical, float(size[0]), float(size[1]), back), legible < len(found) / 2


def _reject_huge(width: int, height: int, name: str) -> None:
    if width * height > _MOST_PIXELS:
        raise UnreadableDocument(
            f"{name}: the picture has {width} × {height} pixels; expected a scan of a page, of at most {_MOST_PIXELS:,}: "
            "scale it down to about 200 dpi"
        )


def _bounds(quad: Numbers, shape: tuple[int, ...]) -> tuple[int, int, int, int]:
    left, top = np.maximum(np.floor(quad.min(axis=0)), 0).astype(int)
    right, bottom = np.minimum(np.ceil(quad.max(axis=0)), [shape[1], shape[0]]).astype(int)
    return int(left), int(top), int(right), int(bottom)


def _sheet(
    grey: Pixels,
    rulings: Rulings,
    closed: Sequence[Box],
    found: Sequence[tuple[int, int, int, int]],
    height: float,
) -> _Sheet:
    import cv2

    # paper: what is left where everything as small as text is taken away
    small = cv2.resize(grey, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    paper = cv2.medianBlur(small, 2 * max(int(height / 2), 4) + 1)
    paper = np.asarray(cv2.resize(paper, grey.shape[::-1], interpolation=cv2.INTER_LINEAR), np.uint8)
    contrast = np.clip(255.0 * cv2.GaussianBlur(grey, (0, 0), 0.8) / np.maximum(paper, 1), 0, 255).astype(np.uint8)
    text = np.zeros(grey.shape, np.bool_)
    for left, top, right, bottom in found:
        text[top:bottom, left:right] = True
    printed = contrast[text & ~rulings.covered]
    threshold = cv2.threshold(printed.reshape(1, -1), 0, 255, cv2.THRESH_OTSU)[0] if len(printed) else 0
    walls = rulings.covered.copy()
    for box in closed:
        left, top, right, bottom = (round(side) for side in box)
        walls[max(top, 0) : bottom + 1, max(left, 0) : right + 1] = True
    darkest = float(np.quantile(printed, 0.05)) if len(printed) else 0.0
    ink, faint = (_without_specks((contrast <= level) & ~walls, height) for level in (threshold, 255 - _FAINT * (255 - darkest)))
    _, regions = cv2.connectedComponents((~walls).astype(np.uint8), connectivity=4)
    return _Sheet(grey, np.asarray(paper, np.uint8), ink, faint, np.asarray(regions, np.int32), height)


def _without_specks(ink: Mask, height: float) -> Mask:
    """Leave out specks of noise, and stains."""
    import cv2

    _, labels, stats, _ = cv2.connectedComponentsWithStats(ink.astype(np.uint8))
    size = stats[:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]].max(axis=1)
    kept = (stats[:, cv2.CC_STAT_AREA] >= max(4.0, (0.12 * height) ** 2)) & (size < 8 * height)
    kept[0] = False
    cleaned: Mask = kept[labels]
    return cleaned


def _pieces(sheet: _Sheet, found: Sequence[tuple[int, int, int, int]]) -> Iterator[_Piece]:
    """Yield the ink of each line that was found, parted where a ruling runs through it, and then the ink that was overlooked."""
    import cv2

    rest = sheet.ink.copy()
    for left, top, right, bottom in found:
        part = (slice(top, bottom), slice(left, right))
        ink, regions = sheet.ink[part], sheet.regions[part]
        inside = regions[ink]
        for region in np.unique(inside[inside > 0]):
            own = ink & (regions == region)
            box = _around(own, left, top)
            # the edge of the line above or below reaches into the box
            if box[3] - box[1] >= 0.35 * (bottom - top) or own.sum() > 0.5 * ink.sum():
                yield _Piece(box, int(region), True)
                rest[part] &= ~own
    # a cell without ink is blank only if nothing faint stands there either
    empty = np.ones(int(sheet.regions.max()) + 1, np.bool_)
    empty[[0, *_outside(sheet), *np.unique(sheet.regions[sheet.ink])]] = False
    rest |= sheet.faint & empty[sheet.regions]
    # characters of one line stand less than their height apart
    reach = max(int(0.6 * sheet.height), 3)
    joined = cv2.morphologyEx(rest.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((1, reach), np.uint8))
    joined[sheet.regions == 0] = 0
    _, labels, stats, _ = cv2.connectedComponentsWithStats(joined)
    for number in range(1, len(stats)):
        left, top, wide, tall, _ = (int(value) for value in stats[number])
        if max(tall, wide) < 0.4 * sheet.height or tall > 3 * sheet.height:
            continue
        part = (slice(top, top + tall), slice(left, left + wide))
        own = rest[part] & (labels[part] == number)
        # a ruling may have parted what was joined, and left a side without any ink
        if own.any():
            yield _Piece(_around(own, left, top), int(np.median(sheet.regions[part][own])), False)


def _around(mask: Mask, left: int, top: int) -> tuple[int, int, int, int]:
    xs, ys = np.flatnonzero(mask.any(axis=0)), np.flatnonzero(mask.any(axis=1))
    return left + int(xs[0]), top + int(ys[0]), left + int(xs[-1]) + 1, top + int(ys[-1]) + 1


def _crop(sheet: _Sheet, piece: _Piece, beside: float, above: float, stretch: float = 1.0) -> Pixels:
    """Cut a piece out, with so much paper around as a share of its height; rulings and other cells become paper."""
    import cv2

    left, top, right, bottom = piece.box
    height = max(bottom - top, 0.6 * sheet.height)
    x, y = round(beside * height), round(above * height + (height - (bottom - top)) / 2)
    part = (slice(max(top - y, 0), bottom + y), slice(max(left - x, 0), right + x))
    own = sheet.regions[part] == piece.region
    cut = np.where(own, sheet.grey[part], sheet.paper[part])
    if stretch != 1:
        cut = cv2.resize(cut, None, fx=stretch, fy=1.0, interpolation=cv2.INTER_LINEAR)
    return np.asarray(cut, np.uint8)


def _words(engine: Engine, sheet: _Sheet, found: Sequence[tuple[int, int, int, int]]) -> list[Word]:
    """Read every piece; figures several times over, so that what one reading mistakes the others may tell."""
    pieces = [part for piece in _pieces(sheet, found) for part in _lines_of(sheet, piece)]
    outside = _outside(sheet)
    words: list[Word] = []
    if sum(not piece.found for piece in pieces) > _MOST_OVERLOOKED:
        # noise; or a halftone picture: what of it stands in a cell leaves the cell in doubt
        words += [Word(_ILLEGIBLE, _box(p), (), 0.0) for p in pieces if not p.found and p.region not in outside]
        pieces = [piece for piece in pieces if piece.found]
    figures: list[tuple[_Piece, list[_Look], bool]] = []
    for piece, looks in zip(pieces, _looks(engine, sheet, pieces), strict=True):
        text, confidence, _ = max(looks, key=_confidence)
        left, top, right, bottom = piece.box
        if bottom - top > _TALLEST_DIGIT * sheet.height and right - left < _THIN * sheet.height:
            # what is left of a ruling would be read as a 1
            text = ""
        if _figure_like(text):
            parts = _apart(sheet, piece, 0.8 if piece.region in outside else 2.0)
            for part in parts:
                start = _dash_before(sheet, part)
                whole = part if start is None else part._replace(box=(min(start, part.box[0]), *part.box[1:]))
                figures.append((whole, looks if whole == piece else [], start is not None))
        elif not text and piece.region not in outside:
            words.append(Word(_ILLEGIBLE, _box(piece), (), 0.0))
        elif text and (confidence >= _FLOOR or piece.region not in outside):
            words.append(Word(text, _box(piece), (), confidence))
    parted = iter(_looks(engine, sheet, [piece for piece, looks, _ in figures if not looks]))
    for piece, looks, dashed in figures:
        likely = _mean(looks or next(parted))
        readings = dict(likely)
        if _is_stroke(sheet, piece):
            # to the engine it is as likely a 1 or a 7; the one that has a foot, the other an arm
            readings = {text: probability / 10 for text, probability in likely.items()} | {"/": 0.9}
        text, confidence = max(readings.items(), key=lambda item: item[1])
        if dashed and text.isdecimal():
            # recognition overlooks a minus more often than a digit
            readings[f"-{text}"] = max(readings.get(f"-{text}", 0.0), 0.1 * confidence)
            confidence = min(confidence, _FLOOR)
        others = sorted((other for other in readings if other != text), key=lambda other: -readings[other])
        if confidence >= _FLOOR or piece.region not in outside:
            kept = tuple(other for other in others if readings[other] > _NEGLIGIBLE and other)[:_MOST_READINGS]
            words.append(Word(text or _ILLEGIBLE, _box(piece), kept, round(confidence, 4) if text else 0.0))
    return words


def _looks(engine: Engine, sheet: _Sheet, pieces: Sequence[_Piece]) -> list[list[_Look]]:
    """Look at every piece, and in other ways at what is in doubt: what one look mistakes the others may tell."""
    looks: list[list[_Look]] = [[] for _ in pieces]
    due = list(range(len(pieces)))
    for way, enough in zip(_LOOKS, (_OBVIOUS, _CERTAIN, 0.0), strict=True):
        for at, answer in zip(due, answers_to(engine, [_crop(sheet, pieces[at], *way) for at in due]), strict=True):
            text, confidence = best_text(answer, engine.characters)
            likely = likely_figures(answer, engine.characters) if _figure_like(text) else {text: confidence}
            looks[at].append(_Look(text, confidence, likely))
        # a page that is upside down, or beyond reading, is not worth more looks
        legible = [looks[at][0].confidence > _LEGIBLE for at, piece in enumerate(pieces) if piece.found]
        worth = sum(legible) >= len(legible) / 2
        due = [at for at in due if worth and _in_doubt(looks[at], enough, pieces[at], sheet.height)]
    return looks


def _in_doubt(looks: Sequence[_Look], enough: float, piece: _Piece, height: float) -> bool:
    best = max(looks, key=_confidence)
    if _figure_like(best.text):
        return max(_mean(looks).values()) < enough
    return best.confidence < _PLAIN and piece.box[2] - piece.box[0] < _WIDEST_LABEL * height


def _is_stroke(sheet: _Sheet, piece: _Piece) -> bool:
    """Tell whether a piece is one straight slanted stroke: 不适用 is often printed so."""
    ink = _ink(sheet, piece)
    height, width = ink.shape
    if height < 0.4 * sheet.height or not 0.2 * height < width < 1.2 * height:
        return False
    y, x = np.nonzero(ink)
    slope, start = np.polyfit(y, x, 1)
    off = x - (start + slope * y)
    return bool(slope < -0.2 and off.std() < 0.06 * height and abs(slope) * height > 0.6 * width)


def _dash_before(sheet: _Sheet, piece: _Piece) -> int | None:
    """Return where a minus begins, a short flat stroke halfway up, which may be too faint to be ink; None where none is."""
    left, top, right, bottom = piece.box
    height = bottom - top
    start = max(left - height, 0)
    part = (slice(top, bottom), slice(start, right))
    dark = np.where(sheet.regions[part] == piece.region, sheet.paper[part].astype(np.float64) - sheet.grey[part], 0.0)
    strokes = dark > _FAINT * np.quantile(dark[:, left - start :], 0.98)
    runs = _runs(np.asarray(strokes.any(axis=0)), 1)
    for first, end in runs[:-1]:
        rows = np.flatnonzero(strokes[:, first:end].any(axis=1))
        tall = int(rows[-1]) + 1 - int(rows[0])
        if end - first > max(0.15 * height, 1.3 * tall) and tall < 0.3 * height and 0.3 * height < rows.mean() < 0.75 * height:
            return start + first
        if start + end > left:
            # the first digit
            break
    return None


def _mean(looks: Sequence[_Look]) -> dict[str, float]:
    texts = {text for look in looks for text in look.likely}
    return {text: sum(look.likely.get(text, 0.0) for look in looks) / len(looks) for text in texts}


def _figure_like(text: str) -> bool:
    return bool(text) and all(character in _NUMERIC or character in LOOKALIKE for character in text)


def _outside(sheet: _Sheet) -> set[int]:
    """Return the regions that are no cells: those that reach the edge of the picture."""
    edges = (sheet.regions[0], sheet.regions[-1], sheet.regions[:, 0], sheet.regions[:, -1])
    return {int(number) for edge in edges for number in np.unique(edge)}


def _box(piece: _Piece) -> Box:
    return Box(*(float(side) for side in piece.box))


def _ink(sheet: _Sheet, piece: _Piece) -> Mask:
    left, top, right, bottom = piece.box
    part = (slice(top, bottom), slice(left, right))
    own = sheet.regions[part] == piece.region
    inside: Mask = sheet.ink[part] & own
    return inside if inside.any() else sheet.faint[part] & own


def _runs(filled: Mask, gap: float) -> list[tuple[int, int]]:
    """Return where True stands, with gaps up to a width filled."""
    at = np.flatnonzero(filled)
    breaks = np.flatnonzero(np.diff(at) > gap)
    return [(int(run[0]), int(run[-1]) + 1) for run in np.split(at, breaks + 1)]


def _lines_of(sheet: _Sheet, piece: _Piece) -> list[_Piece]:
    """Part a piece that is taller than a line: characters below one another, or two lines found as one."""
    left, top, right, bottom = piece.box
    if bottom - top < 1.8 * sheet.height or right - left > 12 * sheet.height:
        return [piece]
    ink = _ink(sheet, piece)
    parts = []
    for start, end in _runs(np.asarray(ink.any(axis=1)), 0.08 * sheet.height):
        if end - start >= 0.3 * sheet.height:
            box = _around(ink[start:end], left, top + start)
            parts.append(piece._replace(box=box))
    return parts or [piece]


def _apart(sheet: _Sheet, piece: _Piece, gap: float) -> list[_Piece]:
    """Part figures that were found as one: those of two columns stand farther apart than the digits of one figure."""
    left, top, _, bottom = piece.box
    ink = _ink(sheet, piece)
    parts = []
    for start, end in _runs(np.asarray(ink.any(axis=0)), gap * (bottom - top)):
        box = _around(ink[:, start:end], left + start, top)
        if box[3] - box[1] >= 0.3 * (bottom - top):
            parts.append(piece._replace(box=box))
    return parts or [piece]


# --- files ----------------------------------------------------------------------------------------------------------------


def figure_on(page: Pixels, box: Box, name: str) -> tuple[str, float]:
    """Recognise the one figure in a cell of a page, by nothing but its ink.

    Parameters
    ----------
    page : array of uint8
        Grey, the right way up, with digits at least fifteen pixels tall.
    box : Box
        The cell, or the figure itself, in pixels of the page.
    name : str
        For error messages.

    Returns
    -------
    (str, float)
        The likeliest text and its probability; nothing, for certain, where the cell has no ink, and nothing with probability
        zero where it has several lines.

    Raises
    ------
    MissingReader
        rapidocr is not installed (the extra ``ocr``).
    """
    engine = engine_for(name)
    left, top, right, bottom = (round(side) for side in box)
    cell = page[max(top, 0) : bottom, max(left, 0) : right].copy()
    paper = float(np.quantile(page, 0.9))
    _take_out_border(cell, paper * (1 - _NO_INK))
    darkest = float(cell.min(initial=255))
    if paper - darkest < _NO_INK * paper:
        return "", 1.0
    ink = np.asarray(cell < (paper + darkest) / 2)
    x, y, end, under = _around(ink, 0, 0)
    if paper - darkest < _FAINT * paper or len(_runs(np.asarray(ink.any(axis=1)), 0.25 * (under - y))) > 1:
        return "", 0.0
    digits = cell[max(y - 2, 0) : under + 2, max(x - 2, 0) : end + 2]
    looks: list[_Look] = []
    for beside, above, _ in _LOOKS:
        margins = [(round(share * (under - y)),) * 2 for share in (above, 2 * beside)]
        padded = np.pad(digits, margins, constant_values=round(paper))
        looks.append(_Look("", 0.0, likely_figures(answers_to(engine, [padded])[0], engine.characters)))
        if max(looks[0].likely.values()) > _PLAIN:
            break
    likely = _mean(looks)
    text = max(likely, key=lambda one: likely[one], default="")
    return text, likely.get(text, 0.0)


def _take_out_border(cell: Pixels, paper: float) -> None:
    """Make paper of the rulings along the edges of a cell."""
    for lines in (cell, cell.T):
        edge = max(3, len(lines) // 10)
        for at in {*range(min(edge, len(lines))), *range(max(0, len(lines) - edge), len(lines))}:
            if (lines[at] < paper).mean() > 0.9:
                lines[at] = 255


def pictures_in(content: bytes, name: str) -> Iterator[Pixels]:
    """Open an image file.

    Parameters
    ----------
    content : bytes
        PNG, JPEG, TIFF, BMP or whatever else Pillow opens.
    name : str
        For error messages.

    Yields
    ------
    array of uint8
        Each page, on white, the right way up as the camera noted it.

    Raises
    ------
    MissingReader
        Pillow is not installed.
    UnreadableDocument
        The file is damaged, or too large for a scan.
    """
    try:
        from PIL import Image, ImageOps, ImageSequence
    except ImportError as error:
        raise MissingReader(
            f'{name}: this is a picture, and opening it needs Pillow, which is not installed; run: pip install "govstats[ocr]"'
        ) from error
    try:
        with warnings.catch_warnings():
            # Pillow warns of decompression bombs, and of metadata that no one needs
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(content)) as image:
                for number, page in enumerate(ImageSequence.Iterator(image), start=1):
                    if number > _MOST_PAGES:
                        raise UnreadableDocument(f"{name}: the image has more than {_MOST_PAGES} pages; expected one report")
                    _reject_huge(page.width, page.height, name)
                    upright = ImageOps.exif_transpose(page)
                    yield _on_white(upright)
    except UnreadableDocument:
        raise
    except Image.DecompressionBombError as error:
        raise UnreadableDocument(
            f"{name}: the picture is too large ({error}); expected a scan of a page, of at most {_MOST_PIXELS:,} pixels: "
            "scale it down to about 200 dpi"
        ) from error
    except _DAMAGE as error:
        raise UnreadableDocument(f"{name}: the image is damaged or cut off ({error}); save or scan it anew") from error


def _on_white(image: PILImage) -> Pixels:
    from PIL import Image

    # a picture of 16 bits a pixel would be cut off at 255
    if image.mode.startswith("I;16") or image.mode in {"I", "F"}:
        values = np.asarray(image, np.float64)
        low, high = float(values.min()), float(values.max())
        return np.asarray((values - low) * (255 / max(high - low, 1)), np.uint8)
    if image.mode in {"RGBA", "LA", "PA"} or "transparency" in image.info:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return np.asarray(image.convert("L" if image.mode in {"1", "L"} else "RGB"), np.uint8)


def read_image(content: bytes, name: str) -> tuple[Block, ...]:
    """Read an image of a report: a screenshot, a photograph, a scan of one page or several.

    Parameters
    ----------
    content : bytes
        PNG, JPEG, TIFF or BMP.
    name : str
        For error messages.

    Returns
    -------
    tuple of Paragraph or Grid
        In reading order, with boxes in pixels of the image; nothing where no text was recognised.

    Raises
    ------
    MissingReader
        The extra ``ocr`` is not installed.
    UnreadableDocument
        Damaged, or too large for a scan.
    """
    pictures = [recognise_picture(pixels, name) for pixels in pictures_in(content, name)]
    heights = [word.box.bottom - word.box.top for picture in pictures for word in picture.words]
    if not heights:
        return ()
    # what belongs together on a page is told by distances in points, for text of the usual size
    scale = _USUAL / float(np.median(heights))
    sheets = [
        Sheet(
            [word._replace(box=_scaled(word.box, scale)) for word in picture.words],
            [_scaled(box, scale) for box in picture.horizontal],
            [_scaled(box, scale) for box in picture.vertical],
        )
        for picture in pictures
    ]
    return put_back(lay_out(sheets), {page: partial(_back, picture, scale) for page, picture in enumerate(pictures, start=1)})


def _back(picture: Picture, scale: float, box: Box) -> Box:
    return picture.locate(_scaled(box, 1 / scale))


def _scaled(box: Box, scale: float) -> Box:
    return Box(*(side * scale for side in box))
