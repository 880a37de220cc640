"""Tables drawn with characters, as text browsers and terminals print them: ┌─┬─┐ or +---+, on a page of rows and columns."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import compress, product
from operator import not_

from govstats.documents.document import Box, Cell, Grid
from govstats.documents.page import Word
from govstats.documents.page_tables import filled, frames_of

#: A character is so wide and high, in points: so high that the half of a + that reaches beyond an edge makes no row.
_WIDE, _HIGH = 6.0, 8.0
_OF_ASCII = {"|": {"UP", "DOWN"}, "-": {"LEFT", "RIGHT"}, "=": {"LEFT", "RIGHT"}, "+": {"UP", "DOWN", "LEFT", "RIGHT"}}
#: A minus or a plus alone is text.
_LINE = re.compile(r"[-=+]{3,}")


def drawn_tables(lines: Sequence[str], first: int) -> Iterator[Grid]:
    """Yield the tables that are drawn with characters.

    Parameters
    ----------
    lines : sequence of str
        Of strokes and what stands between them.
    first : int
        The number of the first in the document, from 0.

    Yields
    ------
    Grid
        With the cells that strokes mark off; none where bars stand elsewhere than their edges do.

    Examples
    --------
    >>> [grid] = drawn_tables(["┌────┬─┐", "│规章│3│", "└────┴─┘"], 0)
    >>> grid.texts, grid.rows[0][1].place
    ([['规章', '3']], 'line 2 cell 2')
    """
    # terminals differ in how many columns an ideograph and a quotation mark take: bars stand under one another
    layouts = [[list(_placed(line, *widths)) for line in lines] for widths in product((2, 1), (1, 2))]
    laid_out = min(layouts, key=lambda page: len({left for line in page for left, _, _, strokes in line if "DOWN" in strokes}))
    bars = [{left for left, _, _, strokes in line if strokes & {"UP", "DOWN"}} for line in laid_out]
    is_edge = [any(strokes & {"LEFT", "RIGHT"} for *_, strokes in line) for line in laid_out]
    if not set().union(*compress(bars, map(not_, is_edge))) <= set().union(*compress(bars, is_edge)):
        # the text is wider than its cell: where one ends is not told by columns
        return
    words, horizontal, vertical = [], [], []
    for number, line in enumerate(laid_out):
        top, middle, bottom = (_HIGH * (number + part) for part in (0, 0.5, 1))
        for left, right, sign, strokes in line:
            x = left + _WIDE / 2
            if strokes & {"UP", "DOWN"}:
                vertical.append(Box(x, top if "UP" in strokes else middle, x, bottom if "DOWN" in strokes else middle))
            if strokes & {"LEFT", "RIGHT"}:
                horizontal.append(Box(left if "LEFT" in strokes else x, middle, right if "RIGHT" in strokes else x, middle))
            if not strokes and not sign.isspace():
                words.append(Word(sign, Box(left, top, right, bottom)))
    for table in filled(frames_of(horizontal, vertical), words)[0]:
        rows: list[list[Cell]] = [[] for _ in range(table.rows)]
        for cell in table.cells:
            place = f"line {first + 2 + int(cell.box.top / _HIGH)} cell {len(rows[cell.row]) + 1}"
            rows[cell.row].append(Cell(cell.text, cell.row, cell.column, cell.rowspan, cell.colspan, place))
        yield Grid(tuple(map(tuple, rows)), True, True, f"lines {first + 1}-{first + len(lines)}")


def _placed(line: str, wide: int, ambiguous: int) -> Iterator[tuple[float, float, str, set[str]]]:
    """Yield where characters begin and end, and into which directions their strokes go."""
    drawn = {at for run in _LINE.finditer(line) for at in range(*run.span())}
    columns = 0
    for at, sign in enumerate(line):
        left = columns * _WIDE
        columns += {"W": wide, "F": wide, "A": ambiguous}.get(unicodedata.east_asian_width(sign), 1)
        yield left, columns * _WIDE, sign, _strokes(sign) if at in drawn or sign not in "-=+" else set()


@cache
def _strokes(sign: str) -> set[str]:
    name = unicodedata.name(sign, "").replace("VERTICAL", "UP DOWN").replace("HORIZONTAL", "LEFT RIGHT").split()
    return {"UP", "DOWN", "LEFT", "RIGHT"}.intersection(name) if "BOX" in name else _OF_ASCII.get(sign, set())
