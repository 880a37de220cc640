"""Scans and pictures of pages: rapidocr finds and reads the text, rulings part it into cells.

A page is turned upright by one angle. Its rulings make cells, as those of any other page do, see `Sheet.ruled`. Each box of text
that the detector finds is cut at the cells, and so is ink that it overlooked. A figure that has more strokes than characters has
a low confidence: a sum has to confirm it.
"""

from __future__ import annotations

import hashlib
import io
import math
import re
import warnings
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache, partial
from importlib.metadata import version
from itertools import chain, pairwise, starmap
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps, ImageSequence
from tqdm import tqdm

from govstats.documents.document import Block, Box
from govstats.documents.limits import limit, require, start_clock_again
from govstats.documents.page import Word, blocks_of
from govstats.documents.page_tables import Sheet, arranged
from govstats.errors import MissingReader, UnreadableDocument
from govstats.files import answered

#: Pixels of a picture, a truth value for each of them, or other numbers.
Array = npt.NDArray[Any]
#: Left, top, right and bottom, in whole pixels.
Bounds = tuple[int, int, int, int]

#: Five pages of text in one picture have some two thousand pieces; what has more is noise, or a halftone picture.
_MOST_PIECES = 5000
#: Recognition gains nothing from a page of more than 220 dpi, and loses small type below 130.
_LONGEST, _SHORTEST = 2600, 1500
#: Characters are made at least so many pixels high.
_SMALL = 24.0
#: The detector sees a page in this size.
_DETECTED = 1600
#: A page is at most so many times as high as wide; what is higher is looked at in parts.
_TALL = 1.6
#: The margins between two pages are at least so high, as a share of their width; hardly any pixel there is so much darker, in
#: levels of grey, than those around.
_MARGIN, _HARDLY, _INKED = 0.08, 0.002, 40
#: Height of the characters: as a share of the box that is detected around them, and of a report in points.
_TYPE_IN_BOX, _USUAL = 0.8, 9.0
#: Below the first an invention: of noise, of a photograph, of a stamp. Above the second, text the right way up.
_FLOOR, _LEGIBLE = 0.5, 0.8
#: Confidence of a figure whose strokes do not agree with its characters: a sum has to confirm it.
_DOUBTFUL = 0.9
#: A stroke that leans by so much of its height is a slash, and no 1; one that leans by less than the second is none.
_SLASH, _UPRIGHT = 0.1, 0.08
#: As shares of the darkest strokes: what is ink. As a share of paper: what is none.
_FAINT, _NO_INK = 0.3, 0.1
#: So much of a ruling, a short one and a long one, is about as dark as most of it; characters in one line have gaps.
_EVEN, _LONG_EVEN = 0.97, 0.9
#: How dark that is, of a long one, and of a short one, which has to end on two others: characters that stand close make it paler.
_HALF, _PALER = 0.5, 0.4
#: Two rulings are at least so far apart, as a share of the height of characters.
_TIGHT = 0.8
#: What has strokes above and below it, along so much of its length, runs through characters (rulings have 0.12, figures 0.33).
_AMONG_TEXT = 0.2
#: At least so many rulings begin, or end, in the open where a page breaks off.
_IN_ROW = 3
#: It is nowhere paler than so much of what it usually is, and at most so many pixels thick on either side of its middle.
_PALE, _THICK = 0.2, 8
#: A stroke is three pixels longer at either end for being blurred, and four for being dilated, see `_strokes`.
_BLURRED = 7
#: So much paper is left around a piece of text, as a share of its height.
_PAPER = 0.3
#: A picture that is smaller holds no line of text.
_SMALLEST = 12
#: What is taken for a letter in a cell that has digits only is the digit of this shape.
_LOOKALIKE = str.maketrans("COoDQ〇○ΘθØølI|丨!ZzSsbBgq", "0000000000011111225568" + "99")
_FIGURE = re.compile("[0-9.,，%/-]+")


# --- rapidocr -------------------------------------------------------------------------------------------------------------


class _Engine(NamedTuple):
    """rapidocr, and what tells it from others: versions, models, settings."""

    rapidocr: Any
    identity: str


def _engine(name: str) -> _Engine:
    """Return rapidocr, loaded once."""
    try:
        return _load()
    except (ImportError, ValueError) as error:
        raise MissingReader.worded("no_recognition", name=name, error=error) from error


@lru_cache(maxsize=1)
def _load() -> _Engine:
    with warnings.catch_warnings(action="ignore"):
        import onnxruntime  # noqa: F401  # rapidocr finds out only when it recognises
        import rapidocr
    # a model that is not in the wheel would be fetched from the network
    detector, recogniser = sorted(map(str, (Path(rapidocr.__file__).parent / "models").glob("*_[dr]e[tc]_*.onnx")))
    parameters: dict[str, object] = {
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
    settings = repr((version("rapidocr"), version("onnxruntime"), parameters)).encode()
    identity = hashlib.sha256(settings + Path(detector).read_bytes() + Path(recogniser).read_bytes()).hexdigest()
    here: dict[str, object] = {"Det.model_path": detector, "Rec.model_path": recogniser}
    here["EngineConfig.onnxruntime.intra_op_num_threads"] = limit("threads")
    return _Engine(rapidocr.RapidOCR(params=parameters | here), identity)


def _cuts(grey: Array) -> list[int]:
    """Return from where to where the parts of a long picture run: its pages, and parts of what is longer than a page."""
    height, width = grey.shape
    if height <= _TALL * width:
        return [0, height]
    # between two pages lie the margins of both
    ink = (cv2.blur(grey, (width // 20 + 1, 1)).astype(np.int16) - grey > _INKED).mean(axis=1)
    margins = [run for run in _runs(ink < _HARDLY, 1) if run[0] and run[1] < height and run[1] - run[0] > _MARGIN * width]
    # what is blank for more than two margins is the rest of a page
    room = round(_MARGIN * width)
    cuts = {
        side for start, end in margins for side in (min(start + room, (start + end) // 2), max(end - room, (start + end) // 2))
    }
    return [0, *chain.from_iterable(starmap(partial(_parts, grey), pairwise(sorted({0, *cuts, height}))))]


def _parts(grey: Array, top: int, bottom: int) -> list[int]:
    """Return where parts of a long page end, where there is least ink."""
    height, width = bottom - top, grey.shape[1]
    parts = math.ceil(height / (_TALL * width))
    contrast = grey[top:bottom].std(axis=1)
    reach = height // (8 * parts)
    middles = [height * number // parts for number in range(1, parts)]
    return [*(top + middle - reach + int(contrast[middle - reach : middle + reach].argmin()) for middle in middles), bottom]


def _detect(engine: _Engine, grey: Array) -> Array:
    """Return the corners of the lines of text."""
    found = [np.reshape(_boxes(engine, grey[top:end]), (-1, 4, 2)) + np.array([0, top]) for top, end in pairwise(_cuts(grey))]
    return np.concatenate(found)


def _boxes(engine: _Engine, grey: Array) -> list[Any]:
    def ask() -> list[Any]:
        boxes = engine.rapidocr(np.dstack([grey] * 3)).boxes
        return [] if boxes is None else np.asarray(boxes, float).tolist()

    return answered(f"{engine.identity} detection", [grey], ask)


def _recognise(engine: _Engine, crops: Sequence[Array]) -> list[tuple[str, float]]:
    """Return what each picture of a line says, and how probable that is: all of a figure, or text on the average.

    They are recognised in batches; the engine's own call takes one at a time.
    """

    def ask() -> list[tuple[str, float]]:
        found = engine.rapidocr.recognize_txt([np.dstack([crop] * 3) for crop in crops])
        texts = []
        for text, score, word in zip(found.txts, found.scores, found.word_results, strict=True):
            plain = text.strip().translate(_LOOKALIKE)
            # a C is likely to be a 0 of which a ruling took a part
            probable = min(float(np.prod(word.confs)), _DOUBTFUL if "C" in text else 1.0)
            texts.append((plain, probable) if _FIGURE.fullmatch(plain) else (text.strip(), float(score)))
        return texts

    return [(text, score) for text, score in answered(f"{engine.identity} recognition", crops, ask)] if crops else []


# --- upright --------------------------------------------------------------------------------------------------------------


def recognise_picture(pixels: Array, name: str) -> Sheet:
    """Recognise what stands on a picture of a page.

    Parameters
    ----------
    pixels : array of uint8
        Height × width, or height × width × 3.
    name : str
        For error messages.

    Returns
    -------
    Sheet
        Words and rulings of the picture set upright, in its pixels; no word reaches over a ruling into another cell. What cannot
        be recognised with some confidence is left out.

    Raises
    ------
    MissingReader
        rapidocr is not installed (the extra ``ocr``).
    """
    start_clock_again()
    engine = _engine(name)
    grey = pixels if pixels.ndim == 2 else cv2.cvtColor(pixels[:, :, :3], cv2.COLOR_RGB2GRAY)
    height, width = grey.shape
    longest = max(width, min(height, _TALL * width))
    scale = min(max(1.0, min(2.0, _SHORTEST / longest)), _LONGEST / longest)
    quads = scale * _detect(engine, grey) if min(grey.shape) >= _SMALLEST else np.array([])
    grey = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    if not len(quads):
        return Sheet()
    across, down = np.abs(quads[:, 2] - quads[:, 0]).T
    # labels that run from top to bottom are no sign: long lines tell more
    lying, standing = down > 2 * across, across > 2 * down
    quarters = int(lying.sum() > 2 and np.sum(down[lying] ** 2) > np.sum(across[standing] ** 2))
    sheet = _read(engine, grey, quads, quarters)
    if _legible(sheet) < 0.5:
        # upside down, perhaps
        sheet = max(sheet, _read(engine, grey, quads, quarters + 2), key=_legible)
    return sheet.scaled(1 / scale, 1 / scale)


def _legible(sheet: Sheet) -> float:
    """Return the share of the words that are read with confidence."""
    return float(np.mean([(word.confidence or 0) > _LEGIBLE for word in sheet.words] or [False]))


def _read(engine: _Engine, grey: Array, quads: Array, quarters: int) -> Sheet:
    """Read a picture that is turned by so many quarters, and by the angle at which its lines lie then, part by part."""
    # the first corner of a box is always its upper left one
    boxes = np.roll(quads, -quarters, axis=1)
    high = float(np.median(np.linalg.norm(boxes[:, 3] - boxes[:, 0], axis=1))) * _TYPE_IN_BOX
    # rulings between small characters are lost in few pixels
    larger = max(1.0, min(2.0, _SMALL / high))
    parts: list[Array] = []
    backs: dict[int, Array] = {}
    moved = np.zeros_like(quads)
    # pages that were put below one another have an angle each
    for top, bottom in pairwise([0, len(grey)] if quarters else _cuts(grey)):
        own = np.abs(quads[:, :, 1].mean(axis=1) - (top + bottom) / 2) <= (bottom - top) / 2
        turned, turn = _turned(grey[top:bottom], 90 * quarters)
        angle = _angle(turned, cv2.transform(boxes, turn[:2])[own], high)
        part, turn = _turned(grey[top:bottom], 90 * quarters + angle, larger)
        above = sum(map(len, parts))
        turn[:, 2] += [0, above, 0] - top * turn[:, 1]
        moved[own] = cv2.transform(quads, turn[:2])[own]
        backs[above] = np.linalg.inv(turn)
        parts.append(part)
    wide = max(part.shape[1] for part in parts)
    upright = np.vstack([np.pad(part, ((0, 0), (0, wide - part.shape[1])), "edge") for part in parts])
    sides = np.hstack([np.floor(moved.min(axis=1)), np.ceil(moved.max(axis=1))])
    found = np.clip(sides, 0, upright.shape[::-1] * 2).astype(int).tolist()
    page = _taken_apart(upright, high * larger)
    words, (across, down) = list(_words(engine, page, found)), page.rulings
    return Sheet(words, across, down, locate=partial(_given, backs)).scaled(1 / larger)


def _turned(grey: Array, angle: float, scale: float = 1.0) -> tuple[Array, Array]:
    """Turn a picture by so many degrees, counter-clockwise; return the map, 3 × 3, too. What comes into sight is paper."""
    height, width = grey.shape
    turn = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), angle, scale)
    size = np.rint(np.abs(turn[:, :2]) @ [width, height]).astype(int)
    turn[:, 2] += (size - [width, height]) / 2
    turned = cv2.warpAffine(grey, turn, size.tolist(), flags=cv2.INTER_CUBIC, borderValue=float(np.median(grey)))
    return turned, np.vstack([turn, [0, 0, 1]])


def _angle(grey: Array, quads: Array, high: float) -> float:
    """Return by how many degrees lines of text fall to the right; long rulings, where there are some, tell it better."""
    sides = quads[:, 1] - quads[:, 0] + quads[:, 2] - quads[:, 3]
    slopes = [y / x for x, y in sides if x > 8 * high]
    angle = math.degrees(math.atan(np.median(slopes or 0)))
    strokes = _strokes(_turned(grey, angle)[0], max(int(5 * high), 60))
    edges = [edge.reshape(-1, 2) for edge in cv2.findContours(strokes, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0]]
    slopes = [np.polyfit(edge[:, 0], edge[:, 1], 1)[0] for edge in edges if np.ptp(edge[:, 0]) > grey.shape[1] / 8]
    return angle + math.degrees(math.atan(np.median(slopes or 0)))


def _given(backs: dict[int, Array], box: Box) -> Box:
    """Return where a box of a picture set upright stands on the given one, to which an affine map leads back from each height.

    It is as large, around the same centre.
    """
    back = backs[max((top for top in backs if top <= box.y), default=0)]
    middle = back @ [box.x, box.y, 1]
    # a small angle must not make a long flat box tall: the sides are turned by right angles only
    turn = back[:2, :2] * (np.abs(back[:2, :2]) > np.abs(back[:2, :2]).max() / 2)
    half = np.abs(turn) @ [box.width / 2, box.height / 2]
    return Box(*(middle[:2] - half).tolist(), *(middle[:2] + half).tolist())


# --- rulings --------------------------------------------------------------------------------------------------------------


def _dark(grey: Array, averaged: int) -> Array:
    """Return by how much pixels are darker than those above and below; noise averages out over some from left to right."""
    # what is dark over more than the height of a line is none
    return cv2.morphologyEx(cv2.blur(grey, (averaged, 1)), cv2.MORPH_BLACKHAT, np.ones((13, 1), np.uint8))


def _strokes(grey: Array, shortest: int) -> Array:
    """Return where thin dark lines run from left to right for so many pixels."""
    dark = _dark(grey, _BLURRED)
    # strokes that stand in one line are much darker than what is between them
    least = np.maximum(0.2 * cv2.blur(dark, (shortest, 1)), max(18.0, 3.5 * float(np.median(dark))))
    line = (dark > least).astype(np.uint8)
    whole = cv2.morphologyEx(line, cv2.MORPH_CLOSE, np.ones((1, 5), np.uint8))
    long = cv2.morphologyEx(whole, cv2.MORPH_OPEN, np.ones((1, shortest), np.uint8))
    # where one leans it is a row of steps
    return cv2.dilate(long, np.ones((3, 9), np.uint8))


def _rulings(grey: Array, high: float) -> tuple[Array, Array, Array]:
    """Return the rulings of an upright picture, across and down, and the pixels that they cover.

    Each is given by where it runs, and from where to where. Strokes of characters are as long as the shortest rulings, and those
    that stand in one line may join. So a line with gaps is none, and one that is no longer has to end on two that cross it; where
    a page breaks off, one that runs down may begin or end in the open, as others there do.
    """
    # where a ruling crosses another, it is no darker than what is beside it
    dark = np.maximum(_dark(grey, 3), _dark(grey.T, 3).T)
    (labels, across), (turned, down) = _lines(grey, dark, max(1.8 * high, 24)), _lines(grey.T, dark.T, max(1.2 * high, 16))
    near = max(_BLURRED, high / 6)
    is_across = (across[:, 2] - across[:, 1] > 7 * high) & (across[:, 3] > _LONG_EVEN)
    is_down = (down[:, 2] - down[:, 1] > 4 * high) & (down[:, 3] > _LONG_EVEN)
    may_be_down, may_be_across = (
        (lines[:, 4] > _EVEN) & ~_too_close(lines, some, high) for lines, some in ((down, is_down), (across, is_across))
    )
    for _ in range(2):
        is_down |= may_be_down & _crossings(down, across[is_across], near)[1:].all(axis=0)
        is_across |= may_be_across & _crossings(across, down[is_down], near)[1:].all(axis=0)
    # where a page breaks off, rulings begin or end in the open, where others do
    _, begins, ends = _crossings(down, across[is_across], near)
    for side, at_other_end in ((1, ends), (2, begins)):
        is_open = is_down | (down[:, 3] > _EVEN) & at_other_end
        in_row = np.abs(np.subtract.outer(down[:, side], down[is_open, side])) <= near
        is_down |= is_open & (in_row.sum(axis=1) >= _IN_ROW)
    # a row of characters may look like a line, and crosses none, or one at the end of its cell
    is_down &= _crossings(down, across[is_across], near).any(axis=0)
    within, begins, ends = _crossings(across, down[is_down], near)
    is_across &= within | (begins & ends)
    across, down = across[is_across, :3], down[is_down, :3]
    covered = np.append(False, is_across)[labels], np.append(False, is_down)[turned]
    for lines, others, pixels, darker in ((across, down, covered[0], dark), (down, across, covered[1], dark.T)):
        _end_on_others(lines, others, pixels, darker, near)
        _carry_on(lines, others, pixels, darker, near)
    return across, down, cv2.dilate((covered[0] | covered[1].T).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0


def _end_on_others(lines: Array, others: Array, covered: Array, dark: Array, near: float) -> None:
    """Shorten lines that end inside a cell, as no others do: strokes of a label at their height join them.

    A faded ruling goes on behind the cell; in the last one the strokes above and below it tell.
    """
    given = lines.copy()
    for line in lines:
        same = lines[np.abs(lines[:, 0] - line[0]) <= near]
        rows = slice(max(round(line[0] - near), 0), round(line[0] + near) + 1)
        crossing = others[(others[:, 1] - near <= line[0]) & (line[0] <= others[:, 2] + near), 0]
        for side, sign in ((1, -1), (2, 1)):
            end, places = sign * line[side], np.sort(sign * crossing)
            if np.abs(places - end).min(initial=np.inf) <= near:
                line[side] = sign * places[np.abs(places - end).argmin()]
                continue
            inside = places[(sign * line[3 - side] + near < places) & (places < end)]
            beyond = places[places > end]
            in_row = (np.abs(given[:, side] - line[side]) <= near).sum() >= _IN_ROW
            if len(inside) and len(beyond) and (sign * same[:, side]).max() < beyond[0] and not in_row:
                begin, after = sorted((round(sign * (inside[-1] + near)), round(sign * (end + _BLURRED))))
                columns = slice(max(begin, 0), after)
                if len(beyond) > 1 or _among_text(covered[rows, columns], dark[rows, columns]):
                    covered[rows, columns] = False
                    line[side] = sign * inside[-1]


def _carry_on(lines: Array, others: Array, covered: Array, dark: Array, near: float) -> None:
    """Let lines go on up to the next one that crosses them, where they are paler since characters stand close to them."""
    for line in lines:
        at, start, end = (round(side) for side in line)
        rows = slice(max(at - _THICK, 0), at + _THICK + 1)
        own = covered[rows, start:end].mean(axis=1) > 0.5
        along = dark[rows][own].max(axis=0, initial=0)
        is_dark = along > _PALE * float(np.median(along[start:end]))
        crossing = np.sort(others[(others[:, 1] - near <= at) & (at <= others[:, 2] + near), 0])
        for side, places in ((1, crossing[crossing < start - near][::-1]), (2, crossing[crossing > end + near])):
            for place in map(round, places):
                first, last = sorted((round(line[side]), place))
                same = np.broadcast_to(own[:, None], (len(own), last - first))
                if is_dark[first:last].mean() < _LONG_EVEN or _among_text(same, dark[rows, first:last]):
                    break
                covered[rows, first:last] |= own[:, None]
                line[side] = place


def _lines(grey: Array, dark: Array, shortest: float) -> tuple[Array, Array]:
    """Return which line a pixel belongs to, from 1, and of each where it runs, from where to where, and how much is dark or grey.

    One with gaps is cut at them: strokes of a character may stand in line with a ruling.
    """
    _, joined, stats, _ = cv2.connectedComponentsWithStats(_strokes(grey, int(shortest)))
    labels, lines = np.zeros_like(joined), []
    for number, (left, top, width, height, _) in enumerate(stats[1:].tolist(), start=1):
        part = _within((left, top - 2, left + width, top + height + 2))
        own = joined[part] == number
        along = np.where(own, dark[part], 0).max(axis=0)[_BLURRED:-_BLURRED]
        is_dark, is_grey = (along > share * np.median(along) for share in (_HALF, _PALER))
        stretches = [(0, len(along))]
        if np.mean(is_dark) <= (_LONG_EVEN if len(along) > 4 * shortest else _EVEN) and np.mean(is_grey) <= _EVEN:
            # noise makes gaps of a pixel or two; a character is as high as a row of small type
            stretches = [run for run in _runs(is_dark, 2) if run[1] - run[0] > 2 * shortest]
        for start, end in stretches:
            rows, columns = np.nonzero(own[:, start : end + 2 * _BLURRED])
            inside = slice(start + _BLURRED, end + _BLURRED)
            if _among_text(own[:, inside], dark[part][:, inside]):
                continue
            # characters that touch it take up less of a row of pixels than the line does
            at = rows[np.bincount(rows)[rows] > 0.5 * np.bincount(rows).max()].mean()
            dark_share, grey_share = (some[start:end].mean() for some in (is_dark, is_grey))
            lines.append((part[0].start + at, left + _BLURRED + start, left + _BLURRED + end, dark_share, grey_share))
            labels[part[0].start + rows, left + start + columns] = len(lines)
    return labels, np.reshape(lines, (-1, 5))


def _among_text(own: Array, dark: Array) -> bool:
    """Tell whether a line runs through characters: their strokes go on above and below it, one pixel away or two."""
    columns = np.flatnonzero(own.any(axis=0))
    first, last = own[:, columns].argmax(axis=0), len(own) - 1 - own[::-1, columns].argmax(axis=0)
    beside = dark[np.clip([[first - away, last + away] for away in (1, 2)], 0, len(own) - 1), columns]
    usual = np.median(np.where(own, dark, 0).max(axis=0)[columns]) if len(columns) else 0
    strokes: Array = (beside > _HALF * usual).sum(axis=2)
    return bool(strokes.min(axis=1).max() > _AMONG_TEXT * len(columns))


def _too_close(lines: Array, chosen: Array, high: float) -> Array:
    """Tell of each line whether no character fits between it and one of those that were chosen."""
    (at, start, end), (other, first, last) = lines.T[:3, :, None], lines[chosen].T[:3, None]
    close = (np.abs(at - other) < _TIGHT * high) & (first < end) & (start < last)
    return np.array(close.any(axis=1))


def _crossings(lines: Array, others: Array, near: float) -> Array:
    """Tell of each line whether others cross it between its ends, whether it begins on one, and whether it ends on one."""
    (at, start, end), (other, first, last) = lines.T[:3, :, None], others.T[:3, None]
    crosses = (first - near <= at) & (at <= last + near) & (start - near <= other) & (other <= end + near)
    at_begin, at_end = (np.abs(side - other) <= near for side in (start, end))
    return np.array([(crosses & place).any(axis=1) for place in (~at_begin & ~at_end, at_begin, at_end)])


# --- words ----------------------------------------------------------------------------------------------------------------


class _Page(NamedTuple):
    """An upright picture taken apart."""

    #: Without its rulings.
    grey: Array
    paper: Array
    ink: Array
    #: Which cell a pixel belongs to; 0 is outside.
    cells: Array
    #: Height of the characters.
    high: float
    #: Across and down.
    rulings: tuple[list[Box], list[Box]]


class _Piece(NamedTuple):
    """What stands in one line of one cell."""

    box: Bounds
    cell: int


def _taken_apart(grey: Array, high: float) -> _Page:
    across, down, covered = _rulings(grey, high)
    horizontal = [Box(start, at, end, at) for at, start, end in across.tolist()]
    rulings = horizontal, [Box(at, start, at, end) for at, start, end in down.tolist()]
    # paper: what is left where everything as small as text is taken away, and rulings before
    quarter = partial(cv2.resize, dsize=None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    bare, seen = quarter(np.where(covered, 0, grey).astype(np.float32)), quarter((~covered).astype(np.float32))
    around = (2 * int(high / 8) + 3,) * 2
    filled = np.where(seen > 0.5, bare, cv2.blur(bare, around)) / np.where(seen > 0.5, seen, cv2.blur(seen, around) + 1e-6)
    small = cv2.medianBlur(filled.astype(np.uint8), 2 * min(max(int(high / 2), 4), 100) + 1)
    paper = cv2.resize(small, grey.shape[::-1], interpolation=cv2.INTER_LINEAR)
    grey = np.where(covered, paper, grey)
    dark = cv2.subtract(paper, cv2.GaussianBlur(grey, (0, 0), 0.8))
    least = _NO_INK * 255
    ink = dark > max(least, _FAINT * float(np.quantile(np.append(dark[dark > least], 255), 0.9)))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(ink.astype(np.uint8))
    # neither specks of noise nor stains
    kept = (stats[:, cv2.CC_STAT_AREA] >= max(4.0, (0.08 * high) ** 2)) & (stats[:, 2:4].max(axis=1) < 8 * high)
    cells = np.zeros(grey.shape, np.int32)
    scale = _USUAL / high
    tables, _ = Sheet((), *rulings).scaled(scale).ruled
    for number, cell in enumerate((cell for table in tables for cell in table.cells), start=1):
        cells[_within(cell.box.scaled(1 / scale))] = number
    return _Page(grey, paper, ink & kept[labels], cells, high, rulings)


def _pieces(page: _Page, found: Sequence[Bounds]) -> list[_Piece]:
    """Return the ink of each box that was found, cell by cell, and the ink that was overlooked."""
    rest = page.ink.copy()
    pieces: defaultdict[int, list[_Piece]] = defaultdict(list)

    def add(piece: _Piece) -> None:
        # a box may end within a character: 结 is 纟 and 吉
        whole = next((other for other in pieces[piece.cell] if _goes_on(other, piece, page.high)), None)
        if whole:
            pieces[piece.cell].remove(whole)
            piece = piece._replace(box=_union(whole.box, piece.box))
        pieces[piece.cell].append(piece)

    for left, top, right, bottom in found:
        for piece in _by_cell(page, page.ink[top:bottom, left:right], left, top):
            add(piece)
            rest[_within(piece.box)] &= page.cells[_within(piece.box)] != piece.cell
    # characters of one line, and the strokes of 二, stand less than their height apart
    gap = max(int(0.6 * page.high), 3)
    joined = cv2.morphologyEx(rest.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((gap, gap), np.uint8))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(joined)
    for number, (left, top, width, height, _) in enumerate(stats[1:].tolist(), start=1):
        part = _within((left, top, left + width, top + height))
        for piece in _by_cell(page, rest[part] & (labels[part] == number), left, top):
            add(piece)
    return [*chain(*pieces.values())]


def _goes_on(one: _Piece, other: _Piece, high: float) -> bool:
    """Tell whether two pieces of a cell are parts of one line of text: one of them no more than of a character, or one column."""
    (left, top, right, bottom), (start, over, end, under) = one.box, other.box
    in_column = max(right, end) - min(left, start) < 1.4 * high and min(bottom, under) > max(top, over)
    # parts of a character stand close
    close = max(start - right, left - end) <= 0.2 * high and min(right - left, end - start) < high
    # the arc of a stamp is taller
    in_line = min(bottom, under) - max(top, over) > 0.5 * min(bottom - top, under - over)
    return in_column or (close and in_line and max(bottom, under) - min(top, over) < 1.4 * high)


def _union(one: Bounds, other: Bounds) -> Bounds:
    return min(one[0], other[0]), min(one[1], other[1]), max(one[2], other[2]), max(one[3], other[3])


def _by_cell(page: _Page, ink: Array, left: int, top: int) -> Iterator[_Piece]:
    """Part the ink in a box at the cells. The edge of the line above or below, which reaches into the box, is left out."""
    height, width = ink.shape
    cells = page.cells[top : top + height, left : left + width]
    for cell in np.unique(cells[ink]).tolist():
        own = ink & (cells == cell)
        box = _around(own, left, top)
        if box[3] - box[1] >= 0.35 * height or own.sum() > 0.5 * ink.sum():
            yield _Piece(box, cell)


def _around(mask: Array, left: int, top: int) -> Bounds:
    xs, ys = np.flatnonzero(mask.any(axis=0)), np.flatnonzero(mask.any(axis=1))
    return left + int(xs[0]), top + int(ys[0]), left + int(xs[-1]) + 1, top + int(ys[-1]) + 1


def _within(box: Iterable[float]) -> tuple[slice, slice]:
    left, top, right, bottom = (max(round(side), 0) for side in box)
    return slice(top, bottom), slice(left, right)


def _ink(page: _Page, piece: _Piece) -> Array:
    part = _within(piece.box)
    return np.where(page.cells[part] == piece.cell, page.ink[part], False)


def _runs(filled: npt.ArrayLike, gap: float) -> list[tuple[int, int]]:
    """Return where True stands, with gaps up to a width filled."""
    at = np.flatnonzero(filled)
    return [(int(run[0]), int(run[-1]) + 1) for run in np.split(at, np.flatnonzero(np.diff(at) > gap) + 1) if len(run)]


def _parted(page: _Page, piece: _Piece, line: float) -> Iterator[_Piece]:
    """Part lines that were found as one, and what stands in two columns; the ink of most lines is so high."""
    left, top, right, bottom = piece.box
    # the lines of a narrow column have a character each
    is_narrow = 0.6 * page.high < right - left < page.high
    least = 1.8 * (right - left) if is_narrow else 1.4 * line
    is_tall = bottom - top > least and right - left < 12 * page.high and not _stacked(page, piece)
    rows = _runs(_ink(page, piece).any(axis=1), 0.08 * page.high) if is_tall else [(0, bottom - top)]
    if len(rows) > 1:
        # the edge of the line above or below, which has a box of its own, goes on beyond this one
        above, below = (int(_ink(page, piece._replace(box=(left, y, right, y + 1))).any()) for y in (top - 1, bottom))
        rows = rows[above : len(rows) - below] or rows
    for start, end in rows:
        ink = _ink(page, piece._replace(box=(left, top + start, right, top + end)))
        # between labels that stand side by side there is a little more room than a character takes
        gap = 2.0 * page.high if piece.cell else 1.1 * min(page.high, end - start)
        for first, last in _runs(ink.any(axis=0), gap):
            box = _around(ink[:, first:last], left + first, top + start)
            if max(box[3] - box[1], box[2] - box[0]) >= 0.3 * page.high:
                yield piece._replace(box=box)


def _stacked(page: _Page, piece: _Piece) -> list[int]:
    """Return where the characters of a label begin that stand below one another; nothing where it runs from left to right."""
    left, top, right, bottom = piece.box
    width, height = right - left, bottom - top
    ink = _ink(page, piece).sum(axis=1)
    # two that are printed apart are two lines
    is_whole = height > 3 * width or len(_runs(ink, 0.08 * page.high)) == 1
    if not (is_whole and 0.6 * page.high < width < 1.4 * page.high and height >= 1.8 * width):
        return []
    # one begins at most 1.7 of their width below the other: where the cuts between them meet the least ink
    counts = range(round(height / width), math.ceil(height / (1.7 * width)) - 1, -1)
    begins: list[list[int]] = [np.linspace(top, bottom - width, count).astype(int).tolist() for count in counts]
    return min(begins, key=lambda at: float(np.mean([ink[(one + other + width) // 2 - top] for one, other in pairwise(at)])))


def _crop(page: _Page, piece: _Piece) -> Array:
    """Cut a piece out with some paper around; other cells become paper.

    Characters that stand below one another are put side by side.
    """
    left, top, right, bottom = piece.box
    if begins := _stacked(page, piece):
        return np.hstack([page.grey[begin : begin + right - left, left:right] for begin in begins])
    height = max(bottom - top, 0.6 * page.high)
    x, y = round(_PAPER * height), round(_PAPER * height + (height - (bottom - top)) / 2)
    part = _within((left - x, top - y, right + x, bottom + y))
    return np.where(page.cells[part] == piece.cell, page.grey[part], page.paper[part])


def _words(engine: _Engine, page: _Page, found: Sequence[Bounds]) -> Iterator[Word]:
    """Read every piece."""
    found_pieces = _pieces(page, found)
    # a box that was found may hold several lines
    runs = (end - begin for piece in found_pieces for begin, end in _runs(_ink(page, piece).any(axis=1), 1))
    line = float(np.median([run for run in runs if run > 0.5 * page.high] or page.high))
    pieces = [part for piece in found_pieces for part in _parted(page, piece, line)]
    looks = _recognise(engine, [_crop(page, piece) for piece in pieces[:_MOST_PIECES]])
    looks += [("", 0.0)] * (len(pieces) - len(looks))
    for piece, look in zip(pieces, looks, strict=True):
        text, readings, confidence = _checked(_ink(page, piece), *look)
        if piece.cell or confidence >= _FLOOR:
            left, top, right, bottom = piece.box
            # digits have no more than so much of the height of their type, which tells headings from rows
            more = (bottom - top) / 10 if _FIGURE.fullmatch(text) else 0.0
            yield Word(text, Box(left, top - more, right, bottom + more), readings, round(confidence, 4))


def _checked(ink: Array, text: str, confidence: float) -> tuple[str, tuple[str, ...], float]:
    """Return text, other readings and confidence of a piece: a figure has to agree with the strokes of its ink."""
    if not _FIGURE.fullmatch(text):
        # the sign stands for what cannot be read
        return text or "□", (), confidence
    # 不适用 is often printed as a stroke, which is likely to be read as a 1 or a 7
    slant, steep = _slant(ink), 0.4 * ink.shape[1] / ink.shape[0]
    printed = "/" if slant > max(_SLASH, steep) else text
    may_be = {text, "/"} if slant > _UPRIGHT else {text}
    # recognition overlooks a minus, and one of two equal digits
    is_sure = may_be == {printed} and len(_runs(ink.any(axis=0), 1)) <= len(text)
    return printed, tuple(sorted(may_be - {printed})), confidence if is_sure else min(confidence, _DOUBTFUL)


def _slant(ink: Array) -> float:
    """Return by how much ink that is one straight stroke leans to the right, as a share of its height; nothing of other ink."""
    height, width = ink.shape
    y, x = np.nonzero(ink)
    slope = float(np.polyfit(y, x, 1)[0]) if 0.2 * height < width < 1.2 * height else 0.0
    return -slope if np.std(x - slope * y) < 0.08 * height else 0.0


# --- files ----------------------------------------------------------------------------------------------------------------


def figure_on(page: Array, box: Box, name: str) -> tuple[str, float]:
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
        has several lines.

    Raises
    ------
    MissingReader
        rapidocr is not installed (the extra ``ocr``).
    """
    cell = page[_within(box)].copy()
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
    ink = cell < (paper + darkest) / 2
    x, y, end, under = _around(ink, 0, 0)
    if len(_runs(ink.any(axis=1), 0.25 * (under - y))) > 1:
        return "", 0.0
    digits = cell[_within((x - 2, y - 2, end + 2, under + 2))]
    (found,) = _recognise(_engine(name), [np.pad(digits, round(_PAPER * (under - y)), constant_values=round(paper))])
    return found


def pictures_in(content: bytes, name: str) -> Iterator[Array]:
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
    UnreadableDocument
        The file is damaged, or too large for a scan.
    """
    try:
        # Pillow warns of decompression bombs, and of metadata that no one needs
        with warnings.catch_warnings(action="ignore"), Image.open(io.BytesIO(content)) as image:
            for number, page in enumerate(ImageSequence.Iterator(image), start=1):
                require("pages", number, name)
                require("pixels", page.width * page.height, name)
                require("strip", max(page.size) // min(page.size), name)
                yield _on_white(ImageOps.exif_transpose(page))
    except UnreadableDocument:
        raise
    except Exception as error:  # Pillow raises whatever a damaged file makes it run into
        raise UnreadableDocument.worded("damaged_picture", name=name, error=error) from error


def _on_white(image: Image.Image) -> Array:
    if image.mode.startswith(("I", "F")):
        # a picture of 16 bits a pixel would be cut off at 255
        values = np.asarray(image, np.float64)
        return np.interp(values, [values.min(), values.max()], [0, 255]).astype(np.uint8)
    return np.asarray(Image.alpha_composite(Image.new("RGBA", image.size, "white"), image.convert("RGBA")).convert("RGB"))


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
    pages = tqdm(pictures_in(content, name), name, unit="page", leave=False, disable=None)
    sheets = [recognise_picture(pixels, name) for pixels in pages]
    heights = [word.box.height for sheet in sheets for word in sheet.words]
    if not heights:
        return ()
    # what belongs together on a page is told by distances in points, for text of the usual size
    sheets = [sheet.scaled(_USUAL / float(np.median(heights))) for sheet in sheets]
    return blocks_of(arranged(sheets), [sheet.locate for sheet in sheets])
