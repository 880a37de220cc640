"""Pictures and scans: what stands on them, by optical recognition, with everything that the engine thought it might be."""

from __future__ import annotations

import io
import logging
import struct
import threading
import warnings
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from govstats.documents.document import Block, Box, put_back
from govstats.documents.layout import Sheet, lay_out
from govstats.documents.page import Word
from govstats.errors import MissingReader, UnreadableDocument

if TYPE_CHECKING:
    from PIL.Image import Image as PILImage

Pixels = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.float64]
Probabilities = npt.NDArray[np.float32]

#: A0 at 150 dpi has 35 million pixels; what has more is no scan of a report.
_MOST_PIXELS = 50_000_000
#: Recognition gains nothing from a page of more than 220 dpi, and loses small type below 130.
_LONGEST, _SHORTEST, _LONGEST_FOR_LINES = 2600, 1500, 1600
#: Height of the lines that the recognition model takes, and how many of their pixels make a step of its answer.
_HEIGHT, _STEP = 48, 8
_WIDEST, _BATCH = 40 * _HEIGHT, 16
#: What is read with less confidence is an invention: of noise, of a photograph, of a stamp.
_FLOOR = 0.5
#: Another reading is worth keeping from this probability on; most cells have none.
_NEGLIGIBLE, _MOST_READINGS = 2e-3, 6
_BEAM, _CHARACTERS, _RULED_OUT = 12, 4, 1e-4
_DIGITS = "0123456789"
#: What the engine takes for a letter in a cell that has digits only is the digit of this shape.
_SHAPES = {"0": "OoDQ〇○Oo", "1": "lI|丨!|Il", "2": "Zz", "5": "Ss", "6": "b", "8": "B", "9": "gq"}
_LOOKALIKE = {letter: digit for digit, letters in _SHAPES.items() for letter in letters}
_NUMERIC = frozenset(f"{_DIGITS}.,，%")
#: Ways of looking at a figure: paper beside and above it, as a share of its height, and how far it is stretched.
_LOOKS = ((0.3, 0.3, 1.0), (0.3, 0.15, 1.4), (0.2, 0.5, 1.2))
_CERTAIN = 0.995
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
        middle, right, down = _project(self.back, np.array([[x, y], [x + 1, y], [x, y + 1]]))
        # the angle that is left must not make a long flat box tall: it keeps its sides, turned by right angles only
        across = np.abs(right - middle) * (box.right - box.left) / 2
        along = np.abs(down - middle) * (box.bottom - box.top) / 2
        half = np.where([across[0] * along[1] >= across[1] * along[0]] * 2, [across[0], along[1]], [along[0], across[1]])
        return Box(*(float(side) for side in (*(middle - half), *(middle + half))))


def _project(matrix: Numbers, points: Numbers) -> Numbers:
    moved = np.column_stack([points, np.ones(len(points))]) @ matrix.T
    result: Numbers = moved[:, :2] / moved[:, 2:]
    return result


def _inverse(matrix: Numbers) -> Numbers:
    return np.asarray(np.linalg.inv(matrix), np.float64)


# --- the engine -----------------------------------------------------------------------------------------------------------


class _Engine(NamedTuple):
    """The two models: where text stands, and what a line says."""

    detector: Any
    recogniser: Any
    characters: tuple[str, ...]


_LOCK = threading.Lock()


def _engine(name: str) -> _Engine:
    with _LOCK:
        try:
            return _load()
        except ImportError as error:
            raise MissingReader(
                f"{name}: this is a picture, and recognising text needs rapidocr with onnxruntime, which is not installed "
                f'or not whole ({error}); run: pip install "govstats[ocr]"'
            ) from error


@lru_cache(maxsize=1)
def _load() -> _Engine:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import onnxruntime  # noqa: F401  # rapidocr finds out only when it recognises
        import rapidocr
    logging.getLogger("RapidOCR").setLevel(logging.CRITICAL)
    models = Path(rapidocr.__file__).parent / "models"
    parameters: dict[str, Any] = {
        "Global.log_level": "critical",
        "Global.use_cls": False,
        # what is overlooked on a picture of this size is found by its ink; a narrow strip is not blown up
        "Det.limit_type": "max",
        "Det.limit_side_len": _LONGEST_FOR_LINES,
    }
    for task in ("det", "rec"):
        # a model that is not in the wheel would be fetched from the network
        found = sorted(models.glob(f"*_{task}_*.onnx"))
        if not found:
            raise ImportError(f"no {task} model in {models}")
        parameters[f"{task.title()}.model_path"] = str(found[-1])
    engine: Any = rapidocr.RapidOCR(params=parameters)
    # the models are loaded with the first picture that needs them
    engine(np.full((64, 320, 3), 255, np.uint8), use_det=True)
    engine(np.full((64, 320, 3), 255, np.uint8), use_det=False)
    characters = tuple(engine.text_rec.postprocess_op.character)
    return _Engine(engine.text_det, engine.text_rec.session, characters)


def _answers(engine: _Engine, lines: Sequence[Pixels]) -> list[Probabilities]:
    """Return for each picture of a line the probability of every character (0: none) at every step from left to right."""
    import cv2

    widths = [min(max(round(_HEIGHT * line.shape[1] / line.shape[0]), _STEP), _WIDEST) for line in lines]
    answers: list[Probabilities] = [np.empty((0, 0), np.float32)] * len(lines)
    order = sorted(range(len(lines)), key=lambda number: widths[number])
    for start in range(0, len(order), _BATCH):
        batch = order[start : start + _BATCH]
        # at least two digits wide: the model has never seen less
        width = max(-(-max(widths[number] for number in batch) // _STEP) * _STEP, 2 * _HEIGHT)
        tensor = np.zeros((len(batch), 3, _HEIGHT, width), np.float32)
        for row, number in enumerate(batch):
            line, wide = lines[number], widths[number]
            how = cv2.INTER_AREA if line.shape[0] > _HEIGHT else cv2.INTER_CUBIC
            tensor[row, :, :, :wide] = cv2.resize(line, (wide, _HEIGHT), interpolation=how).astype(np.float32) / 127.5 - 1
        for number, answer in zip(batch, engine.recogniser(tensor), strict=True):
            answers[number] = answer
    return answers


def _best(answer: Probabilities, characters: Sequence[str]) -> tuple[str, float]:
    """Return the likeliest text and the mean probability of its characters."""
    best = answer.argmax(axis=1)
    first = np.concatenate([[True], best[1:] != best[:-1]]) & (best > 0)
    if not first.any():
        return "", 0.0
    return "".join(characters[number] for number in best[first]), float(answer.max(axis=1)[first].mean())


def _figures(answer: Probabilities, characters: Sequence[str]) -> dict[str, float]:
    """Return the figures that a line may be, with their probabilities.

    The probability of a text is the sum over all ways of spacing its characters: a digit mistaken, dropped or doubled is all
    one. Letters shaped like a digit count as that digit.
    """
    beams: dict[str, tuple[float, float]] = {"": (1.0, 0.0)}
    for row in answer:
        numbers = np.flatnonzero(row > _RULED_OUT)
        likely: dict[str, float] = defaultdict(float)
        for number in sorted(numbers[numbers > 0], key=lambda number: -row[number])[:_CHARACTERS]:
            likely[_LOOKALIKE.get(characters[number], characters[number])] += float(row[number])
        # probability of each text so far, ending with a space or with its last character
        spaced: dict[str, float] = defaultdict(float)
        ended: dict[str, float] = defaultdict(float)
        for text, (space, end) in beams.items():
            spaced[text] += (space + end) * float(row[0])
            for character, probability in likely.items():
                if text[-1:] == character:
                    ended[text] += end * probability
                    ended[text + character] += space * probability
                else:
                    ended[text + character] += (space + end) * probability
        texts = sorted({*spaced, *ended}, key=lambda text: spaced[text] + ended[text], reverse=True)[:_BEAM]
        beams = {text: (spaced[text], ended[text]) for text in texts}
    found: dict[str, float] = defaultdict(float)
    for text, (space, end) in beams.items():
        found[text.strip()] += space + end
    return dict(found)


# --- lines and angles -----------------------------------------------------------------------------------------------------


class _Lines(NamedTuple):
    """Horizontal lines of a picture, and the pixels that they cover."""

    boxes: list[Box]
    slopes: list[float]
    strengths: list[float]
    pixels: Mask


class _Rulings(NamedTuple):
    """Rulings of a picture, and the pixels that they cover."""

    horizontal: list[Box]
    vertical: list[Box]
    covered: Mask


def _lines_along(grey: Pixels, shortest: int, strength: float | None = None) -> _Lines:
    """Find horizontal lines; vertical ones where the picture is transposed.

    Parameters
    ----------
    grey : array of uint8
        The picture.
    shortest : int
        Length of what counts as a line.
    strength : float or None
        How dark the rulings of this picture are; where it is known, strokes of characters in a row are told from them.
    """
    import cv2

    # averaged along the line, noise vanishes and a faint line stays; what is dark across more than a line is none
    length = 9 if strength is None else 5
    dark = cv2.morphologyEx(cv2.blur(grey, (length, 1)), cv2.MORPH_BLACKHAT, np.ones((13, 1), np.uint8))
    threshold = max(18.0, 3.5 * float(np.median(dark)), 0.4 * (strength or 0.0))
    line = cv2.morphologyEx(
        (dark > threshold).astype(np.uint8), cv2.MORPH_CLOSE, np.ones((1, 5 if strength is None else 3), np.uint8)
    )
    line = cv2.morphologyEx(line, cv2.MORPH_OPEN, np.ones((1, shortest), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(cv2.dilate(line, np.ones((3, 9), np.uint8)))
    sharp = cv2.dilate(cv2.morphologyEx(cv2.blur(grey, (3, 1)), cv2.MORPH_BLACKHAT, np.ones((13, 1), np.uint8)), np.ones((3, 1)))
    ys, xs = np.nonzero(line)
    owners = labels[ys, xs]
    order = np.argsort(owners, kind="stable")
    starts = np.searchsorted(owners[order], np.arange(count + 1))
    found = _Lines([], [], [], np.zeros(grey.shape, np.bool_))
    for number in range(1, count):
        inside = order[starts[number] : starts[number + 1]]
        width = int(stats[number, cv2.CC_STAT_WIDTH]) - 8
        if not len(inside) or len(inside) / width > 10:
            # a bar, the edge of a photograph
            continue
        darkness = sharp[ys[inside], xs[inside]]
        usual = float(np.median(darkness))
        if (darkness < 0.4 * usual).mean() > 0.1:
            # dots, and strokes of characters in a row
            continue
        x, y = xs[inside].astype(np.float64), ys[inside].astype(np.float64)
        slope, height = np.polyfit(x - x.mean(), y, 1) if width > 2 * shortest else (0.0, y.mean())
        found.pixels[ys[inside], xs[inside]] = True
        found.boxes.append(Box(float(x.min()), float(height) - 0.5, float(x.max()) + 1, float(height) + 0.5))
        found.slopes.append(float(slope))
        found.strengths.append(usual)
    return found


def _turned(box: Box) -> Box:
    return Box(box.top, box.left, box.bottom, box.right)


def _tilt(grey: Pixels, height: float) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return how lines lean: slope in the middle of the picture and its change by pixel, of rows and of columns."""
    leaning = []
    for picture in (grey, np.ascontiguousarray(grey.T)):
        boxes, slopes, _, _ = _lines_along(picture, max(int(3 * height), 40))
        length = np.array([box.right - box.left for box in boxes])
        long = length > picture.shape[1] / 8
        if long.sum() < 2:
            leaning.append((0.0, 0.0))
            continue
        at = np.array([box.top for box in boxes])[long] - picture.shape[0] / 2
        weight, slope = length[long], np.array(slopes)[long]
        usual = np.median(slope)
        kept = np.abs(slope - usual) < 0.02
        at, weight, slope = at[kept], weight[kept], slope[kept]
        change = 0.0
        if np.ptp(at) > picture.shape[0] / 5 and len(at) > 3:
            change = float(np.polyfit(at, slope, 1, w=weight)[0])
            slope = slope - change * at
        leaning.append((float(np.average(slope, weights=weight)), change))
    return leaning[0], leaning[1]


def _rulings(grey: Pixels, height: float) -> _Rulings:
    """Find the rulings of an upright picture; lines of text have strokes as long as the short ones, which must touch."""
    import cv2

    turned = np.ascontiguousarray(grey.T)
    long = [line for picture in (grey, turned) for line in zip(*_lines_along(picture, max(int(5 * height), 60))[:3], strict=True)]
    strength = float(np.median([usual for _, _, usual in long])) if long else None
    rows = _lines_along(grey, max(int(1.8 * height), 24), strength)
    columns = _lines_along(turned, max(int(1.1 * height), 16), strength)
    horizontal, vertical = rows.boxes, [_turned(box) for box in columns.boxes]
    near = max(4.0, height / 6)
    # so long is no stroke of a character and no row of strokes; shorter lines hang between such as these
    across = [box for box in horizontal if box.right - box.left > 7 * height]
    down = [box for box in vertical if box.bottom - box.top > 4 * height and any(_touch(line, box, near) for line in across)]
    for _ in range(3):
        down = [box for box in vertical if box in down or all(_ends_on(_turned(box), map(_turned, across), near))]
        across = [box for box in horizontal if box in across or all(_ends_on(box, down, near))]
    horizontal, vertical = across, _trimmed(down, across, height)
    covered = np.zeros(grey.shape, np.uint8)
    for box in (*horizontal, *vertical):
        left, top, right, bottom = (round(side) for side in box)
        reach = (slice(max(top - 4, 0), bottom + 4), slice(max(left - 4, 0), right + 4))
        source = rows.pixels if box.right - box.left > box.bottom - box.top else columns.pixels.T
        covered[reach] |= source[reach]
        # a ruling that is broken by noise still parts two cells
        covered[top:bottom, left:right] = 1
    return _Rulings(horizontal, vertical, cv2.dilate(covered, np.ones((5, 5), np.uint8)).astype(np.bool_))


def _trimmed(down: Sequence[Box], across: Sequence[Box], height: float) -> list[Box]:
    """Cut off the strokes of characters that a vertical line ran into beyond the last line it crosses."""
    near = max(4.0, height / 6)
    trimmed = []
    for box in down:
        levels = [line.top + 0.5 for line in across if _touch(line, box, near)]
        ends = [box.top, box.bottom]
        for at, level in ((0, min(levels, default=box.top)), (1, max(levels, default=box.bottom))):
            # where a page break cut a row open, several lines end together
            together = sum(abs((other.top, other.bottom)[at] - ends[at]) <= near for other in down)
            if together < 3 and abs(ends[at] - level) < 2.5 * height:
                ends[at] = level
        trimmed.append(box._replace(top=ends[0], bottom=ends[1]))
    return trimmed


def _ends_on(box: Box, others: Iterable[Box], near: float) -> tuple[bool, bool]:
    """Tell whether a horizontal line begins and ends on others that cross it."""
    crossed = [other.left for other in others if other.top - near <= box.top <= other.bottom + near]
    return any(abs(box.left - at) <= near for at in crossed), any(abs(box.right - at) <= near for at in crossed)


def _touch(across: Box, down: Box, near: float) -> bool:
    return across.left - near <= down.left <= across.right + near and down.top - near <= across.top <= down.bottom + near


def _closed(rulings: _Rulings, height: float) -> tuple[tuple[Box, ...], tuple[Box, ...]]:
    """Return the rulings with those that a page break or the taste of a designer left away at the sides of a table."""
    near = max(6.0, height / 3)
    across, down = list(rulings.horizontal), list(rulings.vertical)
    _close(across, down, near)
    turned_down, turned_across = [_turned(box) for box in down], [_turned(box) for box in across]
    _close(turned_down, turned_across, near)
    return tuple(across), tuple(_turned(box) for box in turned_down)


def _close(across: list[Box], down: Sequence[Box], near: float) -> None:
    for end in (1, 3):
        loose = [box for box in down if not any(_touch(line, _end(box, end), near) for line in across)]
        while loose:
            level = loose[0][end]
            same = [box for box in loose if abs(box[end] - level) <= 2 * near]
            loose = [box for box in loose if box not in same]
            if len(same) > 1:
                height = sum(box[end] for box in same) / len(same)
                left, right = min(box.left for box in same), max(box.right for box in same)
                across.append(Box(left, height - 0.5, right, height + 0.5))


def _end(box: Box, end: int) -> Box:
    return Box(box.left, box[end] - 1, box.right, box[end] + 1)


# --- words ----------------------------------------------------------------------------------------------------------------


class _Sheet(NamedTuple):
    """An upright picture taken apart."""

    grey: Pixels
    paper: Pixels
    ink: Mask
    #: which region bounded by rulings a pixel belongs to
    regions: npt.NDArray[np.int32]
    height: float


class _Piece(NamedTuple):
    """What stands in one line of one region."""

    box: tuple[int, int, int, int]
    region: int
    found: bool


def recognise_picture(pixels: npt.NDArray[np.uint8], name: str) -> Picture:
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
    longest = max(grey.shape)
    scale = min(max(1.0, min(2.0, _SHORTEST / longest)), _LONGEST / longest)
    if scale != 1:
        size = (max(round(grey.shape[1] * scale), 32), max(round(grey.shape[0] * scale), 32))
        how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        grey = np.asarray(cv2.resize(grey, size, interpolation=how), np.uint8)
    working = np.diag([grey.shape[1] / pixels.shape[1], grey.shape[0] / pixels.shape[0], 1.0])
    quads = _detect(engine, grey)
    quarters = 0
    if _lie_sideways(quads):
        quarters = 1
        quads = _detect(engine, _quarter_turned(grey, quarters)[0])
    picture, doubt = _read(engine, grey, quads, quarters)
    if doubt:
        # upside down, perhaps
        turned = (quarters + 2) % 4
        other, still = _read(engine, grey, _detect(engine, _quarter_turned(grey, turned)[0]), turned)
        picture = picture if still else other
    return Picture(
        tuple(word._replace(box=_scaled(word.box, 1 / scale)) for word in picture.words),
        tuple(_scaled(box, 1 / scale) for box in picture.horizontal),
        tuple(_scaled(box, 1 / scale) for box in picture.vertical),
        picture.width / scale,
        picture.height / scale,
        _inverse(working) @ picture.back @ np.diag([scale, scale, 1.0]),
    )


def _lie_sideways(quads: Numbers) -> bool:
    """Tell whether lines of text run from top to bottom; a single label that does is no sign."""
    width = np.linalg.norm(quads[:, 1] - quads[:, 0], axis=1)
    height = np.linalg.norm(quads[:, 3] - quads[:, 0], axis=1)
    return int((height > 2 * width).sum()) > max(2, int((width > 2 * height).sum()))


def _quarter_turned(grey: Pixels, quarters: int) -> tuple[Pixels, Numbers]:
    """Return a picture turned by so many right angles, and the projection that did it."""
    height, width = grey.shape
    turns = (
        [[1, 0, 0], [0, 1, 0]],
        [[0, 1, 0], [-1, 0, width]],
        [[-1, 0, width], [0, -1, height]],
        [[0, -1, height], [1, 0, 0]],
    )
    return np.ascontiguousarray(np.rot90(grey, quarters)), np.array([*turns[quarters], [0, 0, 1]], np.float64)


def _read(engine: _Engine, grey: Pixels, quads: Numbers, quarters: int) -> tuple[Picture, bool]:
    """Return what stands on a picture, and whether most of it could not be read."""
    import cv2

    grey, turn = _quarter_turned(grey, quarters)
    if not len(quads):
        return Picture((), (), (), float(grey.shape[1]), float(grey.shape[0]), _inverse(turn)), False
    sides = np.linalg.norm(quads - np.roll(quads, -1, axis=1), axis=2)
    height = float(np.median(np.minimum(sides[:, 0], sides[:, 1]))) * _TYPE_IN_BOX
    upright, size = _upright(grey, quads, height)
    # what comes into sight at the edges is paper
    paper = float(np.median(grey))
    grey = np.asarray(cv2.warpPerspective(grey, upright, size, flags=cv2.INTER_CUBIC, borderValue=paper), np.uint8)
    found = [_bounds(_project(upright, quad), grey.shape) for quad in quads]
    rulings = _rulings(grey, height)
    horizontal, vertical = _closed(rulings, height)
    words = _words(engine, _sheet(grey, rulings, (*horizontal, *vertical), found, height), found)
    legible = sum(word.confidence is not None and word.confidence > _LEGIBLE for word in words)
    back = _inverse(upright @ turn)
    return Picture(tuple(words), horizontal, vertical, float(size[0]), float(size[1]), back), legible < len(found) / 2


def _reject_huge(width: int, height: int, name: str) -> None:
    if width * height > _MOST_PIXELS:
        raise UnreadableDocument(
            f"{name}: the picture has {width} × {height} pixels; expected a scan of a page, of at most {_MOST_PIXELS:,}: "
            "scale it down to about 200 dpi"
        )


def _detect(engine: _Engine, grey: Pixels) -> Numbers:
    """Return the corners of the lines of text."""
    import cv2

    found = engine.detector(cv2.cvtColor(grey, cv2.COLOR_GRAY2RGB)).boxes
    return np.empty((0, 4, 2)) if found is None else np.asarray(found, np.float64).reshape(-1, 4, 2)


def _upright(grey: Pixels, quads: Numbers, height: float) -> tuple[Numbers, tuple[int, int]]:
    """Return the projection that sets a picture upright, and the size of the result.

    The lines of text tell the angle roughly; the rulings, where there are any, exactly, and whether they converge.
    """
    import cv2

    rows, columns = grey.shape
    sides = (quads[:, 1] - quads[:, 0] + quads[:, 2] - quads[:, 3]) / 2
    long = sides[np.abs(sides[:, 0]) > 4 * height]
    angle = float(np.median(np.degrees(np.arctan2(long[:, 1], long[:, 0])))) if len(long) else 0.0
    turn = np.vstack([cv2.getRotationMatrix2D((columns / 2, rows / 2), angle, 1), [0, 0, 1]])
    turned = np.asarray(cv2.warpPerspective(grey, turn, (columns, rows), borderMode=cv2.BORDER_REPLICATE), np.uint8)
    (lean, converge), (slant, spread) = _tilt(turned, height)
    corners = np.array([[-columns, -rows], [columns, -rows], [columns, rows], [-columns, rows]]) / 2
    u, v = corners.T
    stand = np.column_stack([u + (slant + spread * u) * v, v + (lean + converge * v) * u])
    middle = np.array([columns, rows]) / 2
    straight = cv2.getPerspectiveTransform((stand + middle).astype(np.float32), (corners + middle).astype(np.float32))
    whole = straight @ turn
    outline = _project(whole, np.array([[0.0, 0.0], [columns, 0], [columns, rows], [0, rows]]))
    low, high = np.floor(outline.min(axis=0)), np.ceil(outline.max(axis=0))
    shift = np.array([[1, 0, -low[0]], [0, 1, -low[1]], [0, 0, 1]])
    width, tall = (high - low).astype(int)
    return shift @ whole, (int(width), int(tall))


def _bounds(quad: Numbers, shape: tuple[int, ...]) -> tuple[int, int, int, int]:
    left, top = np.maximum(np.floor(quad.min(axis=0)), 0).astype(int)
    right, bottom = np.minimum(np.ceil(quad.max(axis=0)), [shape[1], shape[0]]).astype(int)
    return int(left), int(top), int(right), int(bottom)


def _sheet(
    grey: Pixels,
    rulings: _Rulings,
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
    ink = ((contrast <= threshold) & ~walls).astype(np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(ink)
    # specks of noise are no ink; nor are stains
    size = stats[:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]].max(axis=1)
    kept = (stats[:, cv2.CC_STAT_AREA] >= max(4.0, (0.12 * height) ** 2)) & (size < 8 * height)
    kept[0] = False
    _, regions = cv2.connectedComponents((~walls).astype(np.uint8), connectivity=4)
    return _Sheet(grey, np.asarray(paper, np.uint8), kept[labels], np.asarray(regions, np.int32), height)


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
        box = _around(own, left, top)
        regions = sheet.regions[part][own]
        yield _Piece(box, int(np.median(regions)), False)


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


def _words(engine: _Engine, sheet: _Sheet, found: Sequence[tuple[int, int, int, int]]) -> list[Word]:
    """Read every piece; figures several times over, so that what one reading mistakes the others may tell."""
    pieces = [part for piece in _pieces(sheet, found) for part in _lines_of(sheet, piece)]
    overlooked = sum(not piece.found for piece in pieces)
    if overlooked > _MOST_OVERLOOKED:
        # noise; or a halftone picture
        pieces = [piece for piece in pieces if piece.found]
    outside = _outside(sheet)
    answers = _answers(engine, [_crop(sheet, piece, *_LOOKS[0]) for piece in pieces])
    words: list[Word] = []
    figures: list[tuple[_Piece, Probabilities | None]] = []
    for piece, answer in zip(pieces, answers, strict=True):
        text, confidence = _best(answer, engine.characters)
        text = text.strip()
        if _figure_like(text):
            parts = _apart(sheet, piece, 0.8 if piece.region in outside else 2.0)
            figures += [(part, answer if part == piece else None) for part in parts]
        elif not text and piece.region not in outside:
            words.append(Word(_ILLEGIBLE, _box(piece), (), 0.0))
        elif text and (confidence >= _FLOOR or piece.region not in outside):
            words.append(Word(text, _box(piece), (), confidence))
    for (piece, _), likely in zip(figures, _read_figures(engine, sheet, figures), strict=True):
        readings = likely
        if _is_stroke(sheet, piece):
            # to the engine it is as likely a 1 or a 7; the one that has a foot, the other an arm
            readings = {text: probability / 10 for text, probability in likely.items()} | {"/": 0.9}
        text, confidence = max(readings.items(), key=lambda item: item[1])
        others = sorted((other for other in readings if other != text), key=lambda other: -readings[other])
        if text and (confidence >= _FLOOR or piece.region not in outside):
            kept = tuple(other for other in others if readings[other] > _NEGLIGIBLE and other)[:_MOST_READINGS]
            words.append(Word(text, _box(piece), kept, round(confidence, 4)))
    return words


def _read_figures(
    engine: _Engine, sheet: _Sheet, figures: Sequence[tuple[_Piece, Probabilities | None]]
) -> list[dict[str, float]]:
    """Return for each piece the texts that it may be, with their probabilities: the mean over the ways of looking at it."""
    looks = [[] if answer is None else [_figures(answer, engine.characters)] for _, answer in figures]
    for number, look in enumerate(_LOOKS):
        # two looks at each, more where they leave a doubt
        due = [at for at, had in enumerate(looks) if len(had) <= number and (number < 2 or max(_mean(had).values()) < _CERTAIN)]
        for at, answer in zip(due, _answers(engine, [_crop(sheet, figures[at][0], *look) for at in due]), strict=True):
            looks[at].append(_figures(answer, engine.characters))
    return [_mean(several) for several in looks]


def _is_stroke(sheet: _Sheet, piece: _Piece) -> bool:
    """Tell whether a piece is one straight slanted stroke: 不适用 is often printed so."""
    ink = _ink(sheet, piece)
    height, width = ink.shape
    if not 0.2 * height < width < 1.2 * height:
        return False
    y, x = np.nonzero(ink)
    slope, start = np.polyfit(y, x, 1)
    off = x - (start + slope * y)
    return bool(slope < -0.2 and off.std() < 0.06 * height and abs(slope) * height > 0.6 * width)


def _mean(looks: Sequence[dict[str, float]]) -> dict[str, float]:
    texts = {text for look in looks for text in look}
    return {text: sum(look.get(text, 0.0) for look in looks) / len(looks) for text in texts}


def _figure_like(text: str) -> bool:
    return bool(text) and all(character in _NUMERIC or character in _LOOKALIKE for character in text)


def _outside(sheet: _Sheet) -> set[int]:
    """Return the regions that are no cells: those that reach the edge of the picture."""
    edges = (sheet.regions[0], sheet.regions[-1], sheet.regions[:, 0], sheet.regions[:, -1])
    return {int(number) for edge in edges for number in np.unique(edge)}


def _box(piece: _Piece) -> Box:
    return Box(*(float(side) for side in piece.box))


def _ink(sheet: _Sheet, piece: _Piece) -> Mask:
    left, top, right, bottom = piece.box
    part = (slice(top, bottom), slice(left, right))
    inside: Mask = sheet.ink[part] & (sheet.regions[part] == piece.region)
    return inside


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
