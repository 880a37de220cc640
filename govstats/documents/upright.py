"""A picture of a page set upright: its angle, its perspective, and the rulings that stand on it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from govstats.documents.document import Box

Pixels = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.float64]


def quarter_turned(grey: Pixels, quarters: int) -> tuple[Pixels, Numbers]:
    """Return a picture turned by so many right angles, and the projection that did it."""
    height, width = grey.shape
    turns = (
        [[1, 0, 0], [0, 1, 0]],
        [[0, 1, 0], [-1, 0, width]],
        [[-1, 0, width], [0, -1, height]],
        [[0, -1, height], [1, 0, 0]],
    )
    return np.ascontiguousarray(np.rot90(grey, quarters)), np.array([*turns[quarters], [0, 0, 1]], np.float64)


def project(matrix: Numbers, points: Numbers) -> Numbers:
    """Return where a projection brings points, one a row."""
    moved = np.column_stack([points, np.ones(len(points))]) @ matrix.T
    result: Numbers = moved[:, :2] / moved[:, 2:]
    return result


def inverse(matrix: Numbers) -> Numbers:
    """Return the projection that leads back."""
    return np.asarray(np.linalg.inv(matrix), np.float64)


def upright_projection(grey: Pixels, quads: Numbers, height: float) -> tuple[Numbers, tuple[int, int]]:
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
    outline = project(whole, np.array([[0.0, 0.0], [columns, 0], [columns, rows], [0, rows]]))
    low, high = np.floor(outline.min(axis=0)), np.ceil(outline.max(axis=0))
    shift = np.array([[1, 0, -low[0]], [0, 1, -low[1]], [0, 0, 1]])
    width, tall = (high - low).astype(int)
    return shift @ whole, (int(width), int(tall))


# --- rulings --------------------------------------------------------------------------------------------------------------


class _Lines(NamedTuple):
    """Horizontal lines of a picture, and the pixels that they cover."""

    boxes: list[Box]
    slopes: list[float]
    strengths: list[float]
    pixels: Mask


class Rulings(NamedTuple):
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


def find_rulings(grey: Pixels, height: float) -> Rulings:
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
    covered = np.zeros(grey.shape, np.uint8)
    for box in (*across, *down):
        left, top, right, bottom = (round(side) for side in box)
        reach = (slice(max(top - 4, 0), bottom + 4), slice(max(left - 4, 0), right + 4))
        source = rows.pixels if box.right - box.left > box.bottom - box.top else columns.pixels.T
        covered[reach] |= source[reach]
        # a ruling that is broken by noise still parts two cells
        covered[top:bottom, left:right] = 1
    return Rulings(across, down, cv2.dilate(covered, np.ones((5, 5), np.uint8)).astype(np.bool_))


def _ends_on(box: Box, others: Iterable[Box], near: float) -> tuple[bool, bool]:
    """Tell whether a horizontal line begins and ends on others that cross it."""
    crossed = [other.left for other in others if other.top - near <= box.top <= other.bottom + near]
    return any(abs(box.left - at) <= near for at in crossed), any(abs(box.right - at) <= near for at in crossed)


def _touch(across: Box, down: Box, near: float) -> bool:
    return across.left - near <= down.left <= across.right + near and down.top - near <= across.top <= down.bottom + near


def closed_rulings(rulings: Rulings, height: float) -> tuple[tuple[Box, ...], tuple[Box, ...]]:
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
