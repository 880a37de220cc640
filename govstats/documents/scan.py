"""Scans and pictures of pages: rapidocr finds and reads the text, rulings part it into cells.

A page is turned upright by one angle. Its rulings make cells, as those of any other page do, see `ruled_tables`. Each box of text
that the detector finds is cut at the cells, and so is ink that it overlooked. Figures are recognised twice, with more and less
paper around. Where the two readings differ, or a figure has more strokes than characters, its confidence is low: a sum has to
confirm it.
"""

from __future__ import annotations

import io
import logging
import math
import struct
import threading
import warnings
from collections.abc import Iterator, Sequence
from functools import lru_cache, partial
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from govstats.documents.document import Block, Box, put_back
from govstats.documents.layout import Sheet, lay_out
from govstats.documents.page import Word
from govstats.documents.ruled import ruled_tables
from govstats.errors import MissingReader, UnreadableDocument

if TYPE_CHECKING:
    from PIL.Image import Image as PILImage

Pixels = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.float64]
#: Left, top, right and bottom, in whole pixels.
Bounds = tuple[int, int, int, int]

#: A0 at 150 dpi has 35 million pixels; what has more is no scan of a report.
_MOST_PIXELS, _MOST_PAGES = 50_000_000, 200
#: Recognition gains nothing from a page of more than 220 dpi, and loses small type below 130.
_LONGEST, _SHORTEST = 2600, 1500
#: The detector sees a page in this size.
_DETECTED = 1600
#: A page is at most so many times as high as wide; what is higher is looked at in parts.
_TALL = 1.6
#: Height of the characters: as a share of the box that is detected around them, and of a report in points.
_TYPE_IN_BOX, _USUAL = 0.8, 9.0
#: Below the first an invention: of noise, of a photograph, of a stamp. Above the second, text the right way up.
_FLOOR, _LEGIBLE = 0.5, 0.8
#: A label that is shorter is looked at again where its confidence is lower.
_LONGEST_LABEL, _PLAIN = 20, 0.95
#: Confidence of a figure whose strokes do not agree with its characters: a sum has to confirm it.
_DOUBTFUL = 0.9
#: As shares of the darkest strokes: what is ink. As a share of paper: what is none.
_FAINT, _NO_INK = 0.3, 0.1
#: So much paper is left around a figure, as a share of its height, at the two looks at it.
_MARGINS = (0.3, 0.15)
#: A picture that is smaller holds no line of text.
_SMALLEST = 12
#: Stands for what cannot be read.
_ILLEGIBLE = "□"
#: A page of text has at most so many pieces that the detector overlooks.
_MOST_OVERLOOKED = 400
#: What is taken for a letter in a cell that has digits only is the digit of this shape.
_LOOKALIKE = str.maketrans("OoDQ〇○ΘθØølI|丨!ZzSsbBgq", "000000000011111225568" + "99")
_NUMERIC = frozenset("0123456789.,，%-/")
#: What Pillow raises where a file is not what it says.
_DAMAGE = (OSError, ValueError, SyntaxError, EOFError, KeyError, IndexError, TypeError, OverflowError, struct.error)
_LOCK = threading.Lock()


class Picture(NamedTuple):
    """What stands on a picture.

    Attributes
    ----------
    words : tuple of Word
        In coordinates of the picture set upright. No word reaches over a ruling into another cell.
    horizontal, vertical : tuple of Box
        Rulings, in the same coordinates.
    width, height : float
        Of the picture set upright.
    back : array of float
        The affine map, 3 × 3, that leads from there to the picture as it was given, see `locate`.
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
        middle = self.back @ [(box.left + box.right) / 2, (box.top + box.bottom) / 2, 1]
        # a small angle must not make a long flat box tall: the sides are turned by right angles only
        turn = self.back[:2, :2] * (np.abs(self.back[:2, :2]) > np.abs(self.back[:2, :2]).max() / 2)
        half = np.abs(turn) @ [(box.right - box.left) / 2, (box.bottom - box.top) / 2]
        return Box(*(float(side) for side in (*(middle[:2] - half), *(middle[:2] + half))))


# --- rapidocr -------------------------------------------------------------------------------------------------------------


def _engine(name: str) -> Any:
    """Return rapidocr, loaded once."""
    with _LOCK:
        try:
            return _load()
        except ImportError as error:
            raise MissingReader(
                f"{name}: this is a picture, and recognising text needs rapidocr with onnxruntime, which is not installed "
                f'or not whole ({error}); run: pip install "govstats[ocr]"'
            ) from error


@lru_cache(maxsize=1)
def _load() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import onnxruntime  # noqa: F401  # rapidocr finds out only when it recognises
        import rapidocr
    logging.getLogger("RapidOCR").setLevel(logging.CRITICAL)
    parameters: dict[str, Any] = {
        "Global.log_level": "critical",
        "Global.use_cls": False,
        "Global.use_rec": False,
        "Global.return_word_box": True,
        "Global.max_side_len": _DETECTED,
        # a narrow strip is not blown up
        "Det.limit_type": "max",
        "Det.limit_side_len": _DETECTED,
        "Rec.rec_batch_num": 16,
        # at least two digits wide: the model has never seen less
        "Rec.rec_img_shape": [3, 48, 96],
    }
    for task in ("det", "rec"):
        # a model that is not in the wheel would be fetched from the network
        found = sorted((Path(rapidocr.__file__).parent / "models").glob(f"*_{task}_*.onnx"))
        if not found:
            raise ImportError(f"no {task} model comes with it")
        parameters[f"{task.title()}.model_path"] = str(found[-1])
    return rapidocr.RapidOCR(params=parameters)


def _detect(engine: Any, grey: Pixels) -> Numbers:
    """Return the corners of the lines of text; a long picture is looked at in parts, which part where there is least ink."""
    height, width = grey.shape
    parts = math.ceil(height / (_TALL * width)) if height > _LONGEST else 1
    edges = np.abs(np.diff(grey.astype(np.int16), axis=1)).sum(axis=1)
    reach = height // (8 * parts)
    middles = [height * number // parts for number in range(1, parts)]
    cuts = [0, *(middle - reach + int(edges[middle - reach : middle + reach].argmin()) for middle in middles), height]
    quads = []
    for top, bottom in pairwise(cuts):
        boxes = engine(np.dstack([grey[top:bottom]] * 3), return_word_box=True).boxes
        quads.append(np.empty((0, 4, 2)) if boxes is None else np.asarray(boxes, np.float64) + np.array([0, top]))
    return np.concatenate(quads)


def _recognise(engine: Any, crops: Sequence[Pixels]) -> list[tuple[str, float]]:
    """Return what each picture of a line says, and how probable that is: all of a figure, or text on the average."""
    if not crops:
        return []
    found = engine.recognize_txt([np.dstack([crop] * 3) for crop in crops])
    texts = []
    for text, score, word in zip(found.txts, found.scores, found.word_results, strict=True):
        plain = text.strip().translate(_LOOKALIKE)
        is_figure = _is_figure(plain)
        texts.append((plain, float(np.prod(word.confs))) if is_figure else (text.strip(), float(score)))
    return texts


def _is_figure(text: str) -> bool:
    return bool(text) and _NUMERIC.issuperset(text)


# --- upright --------------------------------------------------------------------------------------------------------------


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
    engine = _engine(name)
    import cv2

    grey = pixels if pixels.ndim == 2 else np.asarray(cv2.cvtColor(pixels[:, :, :3], cv2.COLOR_RGB2GRAY), np.uint8)
    height, width = grey.shape
    if min(height, width) < _SMALLEST:
        return Picture((), (), (), float(width), float(height), np.eye(3))
    longest = max(width, min(height, _TALL * width))
    scale = min(max(1.0, min(2.0, _SHORTEST / longest)), _LONGEST / longest)
    if scale != 1:
        size = round(width * scale), round(height * scale)
        grey = np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC), np.uint8)
    quads = _detect(engine, grey)
    sides = np.abs(quads[:, 2] - quads[:, 0])
    # a label that runs from top to bottom is no sign
    down, across = (int((sides[:, way] > 2 * sides[:, 1 - way]).sum()) for way in (1, 0))
    quarters = 1 if down > max(2, across) else 0
    picture = _read(engine, grey, quarters, None if quarters else quads)
    if picture.words and _legible(picture) < 0.5:
        # upside down, perhaps
        picture = max(picture, _read(engine, grey, quarters + 2, None), key=_legible)
    back = picture.back / [[scale], [scale], [1]] @ np.diag([scale, scale, 1])
    words = tuple(word._replace(box=_scaled(word.box, 1 / scale)) for word in picture.words)
    horizontal, vertical = (tuple(_scaled(box, 1 / scale) for box in boxes) for boxes in picture[1:3])
    return Picture(words, horizontal, vertical, picture.width / scale, picture.height / scale, back)


def _reject_huge(width: int, height: int, name: str) -> None:
    if width * height > _MOST_PIXELS:
        raise UnreadableDocument(
            f"{name}: the picture has {width} × {height} pixels; expected a scan of a page, of at most {_MOST_PIXELS:,}: "
            "scale it down to about 200 dpi"
        )


def _legible(picture: Picture) -> float:
    """Return the share of the words that are read with confidence."""
    return sum((word.confidence or 0) > _LEGIBLE for word in picture.words) / max(len(picture.words), 1)


def _scaled(box: Box, scale: float) -> Box:
    return Box(*(side * scale for side in box))


def _read(engine: Any, grey: Pixels, quarters: int, quads: Numbers | None) -> Picture:
    """Read a picture that is turned by so many quarters first."""
    import cv2

    height, width = grey.shape
    turned = np.ascontiguousarray(np.rot90(grey, quarters))
    turns: list[list[list[float]]] = [
        [[1, 0, 0], [0, 1, 0]],
        [[0, 1, 0], [-1, 0, width]],
        [[-1, 0, width], [0, -1, height]],
        [[0, -1, height], [1, 0, 0]],
    ]
    turn = np.array([*turns[quarters], [0, 0, 1]], np.float64)
    height, width = turned.shape
    if quads is None:
        quads = _detect(engine, turned)
    if not len(quads):
        return Picture((), (), (), float(width), float(height), _inverse(turn))
    high = float(np.median(np.linalg.norm(quads[:, 3] - quads[:, 0], axis=1))) * _TYPE_IN_BOX
    angle = _angle(turned, quads, high)
    rotation = np.vstack([cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1), np.array([0.0, 0.0, 1.0])])
    # what comes into sight at the edges is paper
    paper = float(np.median(turned))
    upright = np.asarray(
        cv2.warpAffine(turned, rotation[:2], (width, height), flags=cv2.INTER_CUBIC, borderValue=paper), np.uint8
    )
    moved = quads @ rotation[:2, :2].T + rotation[:2, 2]
    limit = np.array([width, height])
    lows, highs = np.clip(np.floor(moved.min(axis=1)), 0, limit), np.clip(np.ceil(moved.max(axis=1)), 0, limit)
    found: list[Bounds] = [(int(a), int(b), int(c), int(d)) for (a, b), (c, d) in zip(lows, highs, strict=True)]
    horizontal, vertical, covered = _rulings(upright, high)
    words = _words(engine, _sheet(upright, (horizontal, vertical), covered, high), found)
    return Picture(tuple(words), tuple(horizontal), tuple(vertical), float(width), float(height), _inverse(rotation @ turn))


def _inverse(matrix: Numbers) -> Numbers:
    return np.asarray(np.linalg.inv(matrix), np.float64)


def _angle(grey: Pixels, quads: Numbers, high: float) -> float:
    """Return by how many degrees lines of text fall to the right; long rulings, where there are some, tell it better."""
    import cv2

    sides = quads[:, 1] - quads[:, 0] + quads[:, 2] - quads[:, 3]
    sides = sides[sides[:, 0] > 8 * high]
    angle = float(np.median(np.degrees(np.arctan2(sides[:, 1], sides[:, 0])))) if len(sides) else 0.0
    height, width = grey.shape
    rotation = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1)
    turned = np.asarray(cv2.warpAffine(grey, rotation, (width, height), borderMode=cv2.BORDER_REPLICATE), np.uint8)
    slopes = []
    _, labels, stats, _ = cv2.connectedComponentsWithStats(_strokes(turned, max(int(5 * high), 60)))
    for number in np.flatnonzero(stats[1:, cv2.CC_STAT_WIDTH] > width / 8) + 1:
        left, top, wide, tall = stats[number, :4]
        y, x = np.nonzero(labels[top : top + tall, left : left + wide] == number)
        slopes.append(np.polyfit(x, y, 1)[0])
    return angle + math.degrees(math.atan(float(np.median(slopes)))) if slopes else angle


# --- rulings --------------------------------------------------------------------------------------------------------------


def _strokes(grey: Pixels, shortest: int) -> Pixels:
    """Return where thin dark lines run from left to right for so many pixels."""
    import cv2

    # along the line noise averages out; what is dark over more than the height of a line is none
    dark = cv2.morphologyEx(cv2.blur(grey, (7, 1)), cv2.MORPH_BLACKHAT, np.ones((13, 1), np.uint8))
    line = (dark > max(18.0, 3.5 * float(np.median(dark)))).astype(np.uint8)
    whole = cv2.morphologyEx(line, cv2.MORPH_CLOSE, np.ones((1, 5), np.uint8))
    long = cv2.morphologyEx(whole, cv2.MORPH_OPEN, np.ones((1, shortest), np.uint8))
    # where one leans it is a row of steps
    return np.asarray(cv2.dilate(long, np.ones((3, 9), np.uint8)), np.uint8)


def _rulings(grey: Pixels, high: float) -> tuple[list[Box], list[Box], Mask]:
    """Return the rulings of an upright picture, and the pixels that they cover.

    Strokes of characters are as long as the shortest rulings. So a line that is no longer has to end on two that cross it.
    """
    import cv2

    near = max(4.0, high / 6)
    masks = [_strokes(grey, max(int(1.8 * high), 24)), _strokes(np.ascontiguousarray(grey.T), max(int(1.2 * high), 16))]
    components = [cv2.connectedComponentsWithStats(mask) for mask in masks]
    lines = [_lines(stats, centres) for _, _, stats, centres in components]
    kept = [{at for at, box in enumerate(lines[way]) if box.right - box.left > least * high} for way, least in ((0, 7), (1, 4))]
    for _ in range(3):
        for way in (1, 0):
            crossing = [lines[1 - way][number] for number in kept[1 - way]]
            kept[way] |= {number for number, box in enumerate(lines[way]) if _ends_on(box, crossing, near)}
    crossing = [lines[0][number] for number in kept[0]]
    kept[1] = {number for number in kept[1] if _crossed_at(lines[1][number], crossing, near)}
    covered = [np.isin(components[way][1], [number + 1 for number in kept[way]]) for way in (0, 1)]
    across, down = ([lines[way][number] for number in sorted(kept[way])] for way in (0, 1))
    whole = cv2.dilate((covered[0] | covered[1].T).astype(np.uint8), np.ones((3, 3), np.uint8))
    return across, [_transposed(box) for box in down], whole.astype(np.bool_)


def _lines(stats: npt.NDArray[Any], centres: npt.NDArray[Any]) -> list[Box]:
    # the ends of a stroke are widened, see `_strokes`
    return [Box(left + 4, y - 0.5, left + wide - 4, y + 0.5) for (left, _, wide, *_), (_, y) in zip(stats, centres, strict=True)][
        1:
    ]


def _transposed(box: Box) -> Box:
    return Box(box.top, box.left, box.bottom, box.right)


def _crossed_at(line: Box, crossing: Sequence[Box], near: float) -> list[float]:
    """Return where others cross a line; they are given as the columns of a picture that is transposed."""
    at = [other.top for other in crossing if other.left - near <= line.top <= other.right + near]
    return [one for one in at if line.left - near <= one <= line.right + near]


def _ends_on(line: Box, crossing: Sequence[Box], near: float) -> bool:
    at = _crossed_at(line, crossing, near)
    return all(any(abs(end - one) <= near for one in at) for end in (line.left, line.right))


# --- words ----------------------------------------------------------------------------------------------------------------


class _Sheet(NamedTuple):
    """An upright picture taken apart."""

    #: Without its rulings.
    grey: Pixels
    paper: Pixels
    ink: Mask
    #: Which cell a pixel belongs to; 0 is outside.
    cells: npt.NDArray[np.int32]
    #: Height of the characters.
    high: float


class _Piece(NamedTuple):
    """What stands in one line of one cell."""

    box: Bounds
    cell: int
    found: bool


def _sheet(grey: Pixels, rulings: tuple[list[Box], list[Box]], covered: Mask, high: float) -> _Sheet:
    import cv2

    # paper: what is left where everything as small as text is taken away
    small = cv2.medianBlur(cv2.resize(grey, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA), 2 * max(int(high / 2), 4) + 1)
    paper = np.asarray(cv2.resize(small, grey.shape[::-1], interpolation=cv2.INTER_LINEAR), np.uint8)
    grey = np.where(covered, paper, grey)
    dark = cv2.subtract(paper, np.asarray(cv2.GaussianBlur(grey, (0, 0), 0.8), np.uint8))
    least = _NO_INK * 255
    ink = dark > max(least, _FAINT * float(np.quantile(dark[dark > least], 0.9)) if dark.max() > least else 255)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(ink.astype(np.uint8))
    # neither specks of noise nor stains
    kept = (stats[:, cv2.CC_STAT_AREA] >= max(4.0, (0.12 * high) ** 2)) & (stats[:, 2:4].max(axis=1) < 8 * high)
    kept[0] = False
    cells = np.zeros(grey.shape, np.int32)
    scale = _USUAL / high
    tables, _ = ruled_tables([], *([_scaled(box, scale) for box in boxes] for boxes in rulings))
    for number, cell in enumerate((cell for table in tables for cell in table.cells), start=1):
        left, top, right, bottom = (max(round(side / scale), 0) for side in cell.box)
        cells[top:bottom, left:right] = number
    return _Sheet(grey, paper, np.asarray(kept[labels]), cells, high)


def _pieces(sheet: _Sheet, found: Sequence[Bounds]) -> Iterator[_Piece]:
    """Yield the ink of each box that was found, cell by cell, and then the ink that was overlooked."""
    import cv2

    rest = sheet.ink.copy()
    for left, top, right, bottom in found:
        part = (slice(top, bottom), slice(left, right))
        ink, cells = sheet.ink[part], sheet.cells[part]
        for cell in np.unique(cells[ink]):
            own = ink & (cells == cell)
            box = _around(own, left, top)
            # the edge of the line above or below reaches into the box
            if box[3] - box[1] >= 0.35 * (bottom - top) or own.sum() > 0.5 * ink.sum():
                yield _Piece(box, int(cell), True)
                rest[part] &= ~own
    # characters of one line stand less than their height apart
    joined = cv2.morphologyEx(rest.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((1, max(int(0.6 * sheet.high), 3)), np.uint8))
    # two cells are never one piece
    edges = np.abs(np.diff(sheet.cells, axis=1, prepend=0)) > 0
    joined[edges] = 0
    _, labels, stats, _ = cv2.connectedComponentsWithStats(joined)
    for number, (left, top, wide, tall, _) in enumerate(stats.tolist()):
        if number and max(tall, wide) >= 0.4 * sheet.high and tall <= 3 * sheet.high:
            part = (slice(top, top + tall), slice(left, left + wide))
            own = rest[part] & (labels[part] == number)
            if own.any():
                yield _Piece(_around(own, left, top), int(np.median(sheet.cells[part][own])), False)


def _around(mask: Mask, left: int, top: int) -> Bounds:
    xs, ys = np.flatnonzero(mask.any(axis=0)), np.flatnonzero(mask.any(axis=1))
    return left + int(xs[0]), top + int(ys[0]), left + int(xs[-1]) + 1, top + int(ys[-1]) + 1


def _ink(sheet: _Sheet, piece: _Piece) -> Mask:
    left, top, right, bottom = piece.box
    part = (slice(top, bottom), slice(left, right))
    own: Mask = sheet.ink[part] & (sheet.cells[part] == piece.cell)
    return own


def _runs(filled: Mask, gap: float) -> list[tuple[int, int]]:
    """Return where True stands, with gaps up to a width filled."""
    at = np.flatnonzero(filled)
    return [(int(run[0]), int(run[-1]) + 1) for run in np.split(at, np.flatnonzero(np.diff(at) > gap) + 1) if len(run)]


def _parted(sheet: _Sheet, piece: _Piece) -> list[_Piece]:
    """Part lines that were found as one, characters below one another, and what stands in two columns."""
    left, top, right, bottom = piece.box
    high = sheet.high
    is_tall = bottom - top > 1.8 * high and right - left < 12 * high
    rows = _runs(np.asarray(_ink(sheet, piece).any(axis=1)), 0.08 * high) if is_tall else [(0, bottom - top)]
    parts = []
    for start, end in rows:
        line = _ink(sheet, piece._replace(box=(left, top + start, right, top + end)))
        for first, last in _runs(np.asarray(line.any(axis=0)), (2.0 if piece.cell else 1.2) * high):
            box = _around(line[:, first:last], left + first, top + start)
            if max(box[3] - box[1], box[2] - box[0]) >= 0.3 * high:
                parts.append(piece._replace(box=box))
    return parts


def _crop(sheet: _Sheet, piece: _Piece, margin: float) -> Pixels:
    """Cut a piece out, with so much paper around as a share of its height; other cells become paper."""
    left, top, right, bottom = piece.box
    height = max(bottom - top, 0.6 * sheet.high)
    x, y = round(margin * height), round(margin * height + (height - (bottom - top)) / 2)
    part = (slice(max(top - y, 0), bottom + y), slice(max(left - x, 0), right + x))
    return np.where(sheet.cells[part] == piece.cell, sheet.grey[part], sheet.paper[part])


def _words(engine: Any, sheet: _Sheet, found: Sequence[Bounds]) -> list[Word]:
    """Read every piece, and figures twice."""
    pieces = [part for piece in _pieces(sheet, found) for part in _parted(sheet, piece)]
    words: list[Word] = []
    if sum(not piece.found for piece in pieces) > _MOST_OVERLOOKED:
        # noise, or a halftone picture: what of it stands in a cell leaves the cell in doubt
        words += [_word(_ILLEGIBLE, piece, 0.0) for piece in pieces if piece.cell and not piece.found]
        pieces = [piece for piece in pieces if piece.found]
    first = _recognise(engine, [_crop(sheet, piece, _MARGINS[0]) for piece in pieces])
    # what is mistaken in a line of prose does no harm
    again = [
        at
        for at, (text, confidence) in enumerate(first)
        if not text or _is_figure(text) or (confidence < _PLAIN and len(text) < _LONGEST_LABEL)
    ]
    second = dict(zip(again, _recognise(engine, [_crop(sheet, pieces[at], _MARGINS[1]) for at in again]), strict=True))
    for at, (piece, look) in enumerate(zip(pieces, first, strict=True)):
        looks = sorted((look, second.get(at, look)), key=lambda look: -look[1])
        word = _figure(sheet, piece, *looks) if _is_figure(looks[0][0]) else _word(looks[0][0], piece, looks[0][1])
        if piece.cell or (word.confidence or 0) >= _FLOOR:
            words.append(word)
    return words


def _word(text: str, piece: _Piece, confidence: float, readings: tuple[str, ...] = ()) -> Word:
    return Word(text or _ILLEGIBLE, Box(*map(float, piece.box)), readings, round(confidence, 4) if text else 0.0)


def _figure(sheet: _Sheet, piece: _Piece, *looks: tuple[str, float]) -> Word:
    """Put the two looks at a figure together: they have to agree, with each other and with the number of strokes."""
    (text, confidence), (other, less) = looks
    readings = (other,) if other and other != text else ()
    confidence = (confidence + less) / 2 if text == other else min(confidence - less / 2, _DOUBTFUL)
    strokes = _runs(np.asarray(_ink(sheet, piece).any(axis=0)), 1)
    if len(strokes) > len(text):
        # recognition overlooks a minus, and one of two equal digits
        confidence = min(confidence, _DOUBTFUL)
    if _is_slanted(_ink(sheet, piece)):
        # 不适用 is often printed as a stroke, which is likely to be read as a 1 or a 7
        readings = tuple({text, *readings} - {"/"})
        text, confidence = "/", min(confidence, _DOUBTFUL) if text != "/" else confidence
    return _word(text, piece, confidence, readings)


def _is_slanted(ink: Mask) -> bool:
    """Tell whether a piece is one straight slanted stroke."""
    height, width = ink.shape
    if not 0.2 * height < width < 1.2 * height:
        return False
    y, x = np.nonzero(ink)
    slope, start = np.polyfit(y, x, 1)
    off = x - (start + slope * y)
    return bool(slope < -0.2 and off.std() < 0.06 * height and abs(slope) * height > 0.6 * width)


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
        The text and its probability; nothing, for certain, where the cell has no ink, and nothing with probability zero where it
        has several lines, or where two looks at it differ.

    Raises
    ------
    MissingReader
        rapidocr is not installed (the extra ``ocr``).
    """
    engine = _engine(name)
    left, top, right, bottom = (max(round(side), 0) for side in box)
    cell = page[top:bottom, left:right].copy()
    paper = float(np.quantile(page, 0.9))
    for lines in (cell, cell.T):
        # rulings along the edges become paper
        edge = max(3, len(lines) // 10)
        border = (lines < paper * (1 - _NO_INK)).mean(axis=1) > 0.9
        border[edge:-edge] = False
        lines[border] = 255
    darkest = float(cell.min(initial=255))
    if paper - darkest < _NO_INK * paper:
        return "", 1.0
    ink = np.asarray(cell < (paper + darkest) / 2)
    x, y, end, under = _around(ink, 0, 0)
    if paper - darkest < _FAINT * paper or len(_runs(np.asarray(ink.any(axis=1)), 0.25 * (under - y))) > 1:
        return "", 0.0
    digits = cell[max(y - 2, 0) : under + 2, max(x - 2, 0) : end + 2]
    margins = [round(margin * (under - y)) for margin in _MARGINS]
    (text, one), (other, two) = _recognise(engine, [np.pad(digits, margin, constant_values=round(paper)) for margin in margins])
    return (text, (one + two) / 2) if text == other else ("", 0.0)


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
                    yield _on_white(ImageOps.exif_transpose(page))
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
