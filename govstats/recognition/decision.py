"""Which of all the ways is it? The edits of a table decide between the ways to read its rows, and set aside what cannot hold.

An edit that fails costs one; so does, or a part of it, what else speaks against a way. What all the cheapest explanations of a
table say of a cell is read; where they differ, the cell is undecided, and the rest goes on. A figure is never taken from a sum.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise, product

import numpy as np
import numpy.typing as npt

from govstats.characters import figure
from govstats.documents import Cell
from govstats.forms import CellKey, Edit
from govstats.recognition.hypotheses import CONFIDENT, Way

#: An explanation that costs so much more than the cheapest is none, in failing edits.
MARGIN = 1.0
#: So many combinations of rows are tried at once; beyond, their edits decide nothing between them.
_MOST_COMBINATIONS = 50_000
#: A row of more ways than this is looked at after the others.
_MANY_WAYS = 60
#: From this confidence on a recognised cell stands although no edit binds it (0 was read as 9 at 0.976), or one fails: agencies
#: make mistakes. Below, the error may as well be ours.
VERY_CONFIDENT = 0.99

Numbers = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


@dataclass(eq=False)
class Row:
    """The cells of the form that stand in one row, and the ways to read them.

    Attributes
    ----------
    keys : tuple of (table, line, column)
    ways : list of Way
        The likeliest first; none where nothing is known of the row.
    chosen : list of Way
        Those that the decision leaves.
    unconfirmed : set of int
        Places whose text was recognised without confidence, and which no edit confirms.
    """

    keys: tuple[CellKey, ...]
    ways: list[Way]
    chosen: list[Way] = field(default_factory=list)
    unconfirmed: set[int] = field(default_factory=set)


def decide(rows: Sequence[Row], edits: Sequence[Edit]) -> None:
    """Choose between the ways of each row; what is left undecided keeps several, or none.

    Parameters
    ----------
    rows : sequence of Row
        Of one table; their `chosen` and `unconfirmed` are filled.
    edits : sequence of Edit
        The balance edits that bind the lines of the table.

    Notes
    -----
    A row that its own edits leave one way is taken, if most rows of the table are decided. Rows with several ways that balance
    are decided together, by the edits across rows whose other cells are known. Then every row is held against the others as
    they were chosen, with all its ways.
    """
    if all(len(row.ways) < 2 and all(way.sure for way in row.ways) for row in rows):
        for row in rows:
            row.chosen = row.ways
    else:
        candidates = _Candidates([row for row in rows if row.ways], edits)
        candidates.combine()
        candidates.hold_against_others()
        candidates.choose(len(rows))
    pieces = _pieces(rows)
    seen = {key: (piece.text, piece.confidence) for key, piece in pieces.items() if piece and piece.confidence is not None}
    doubted = _doubted(seen, _known(pieces, edits)) if seen else set()
    for row in rows:
        row.unconfirmed = {place for place, key in enumerate(row.keys) if key in doubted}


def failing(rows: Sequence[Row], edits: Sequence[Edit]) -> list[Edit]:
    """Return the edits that what was chosen does not satisfy: the agency's error, or ours."""
    return [edit for edit, holds in _known(_pieces(rows), edits).items() if holds is False]


def disordered(suspects: Iterable[Row], rows: Sequence[Row], edits: Sequence[Edit]) -> Iterator[tuple[Row, Way]]:
    """Yield those of some rows whose figures, in another order, mend all sums of their columns over other lines, with that order.

    A converter may have moved one of them: the sum of the row cannot tell, if it holds then.
    """
    if not failing(rows, edits):
        return
    values = {key: figure(piece.text).value if piece else 0.0 for key, piece in _pieces(rows).items()}
    over = {key: [edit for edit in edits if len(edit.lines) > 1 and key in edit.cells] for key in values}
    for row in suspects:
        printed = [values.get(key) or 0.0 for key in row.keys]
        for of_columns in zip(*(over.get(key, ()) for key in row.keys), strict=False):
            off = [edit.difference(values, blank=0) for edit in of_columns]
            signs = [dict(edit.terms)[key] for edit, key in zip(of_columns, row.keys, strict=True)]
            needed = [value - (less or 0.0) * sign for value, less, sign in zip(printed, off, signs, strict=True)]
            mended = dict(zip(row.keys, needed, strict=True))
            holds = all(edit.holds(mended) for edit in edits if mended.keys() >= set(edit.cells))
            if None not in off and needed != printed and sorted(needed) == sorted(printed) and holds:
                way = row.chosen[0]
                piece_of = dict(zip(printed, way.fields, strict=True))
                yield row, way._replace(fields=tuple(map(piece_of.__getitem__, needed)))


def _pieces(rows: Sequence[Row]) -> dict[CellKey, Cell | None]:
    """Return the cells of the rows that are decided."""
    decided = [row for row in rows if len(row.chosen) == 1]
    return {key: piece for row in decided for key, piece in zip(row.keys, row.chosen[0].fields, strict=True)}


def _known(pieces: Mapping[CellKey, Cell | None], edits: Sequence[Edit]) -> dict[Edit, bool | None]:
    """Tell of each edit whose cells are all decided whether it holds; None where a blank leaves it open."""
    figures = {key: figure(piece.text if piece else "").value for key, piece in pieces.items()}
    return {edit: edit.holds(figures, blank=0) for edit in edits if figures.keys() >= set(edit.cells)}


class _Candidates:
    """The ways of all rows, one below the other, with what each adds to each edit: NaN where it leaves the sum open.

    Arrays have a place for each way, or one for each row, and then one for each edit.
    """

    def __init__(self, rows: Sequence[Row], edits: Sequence[Edit]) -> None:
        self.rows = rows
        counts = [len(row.ways) for row in rows]
        self.begin = np.cumsum([0, *counts[:-1]])
        self.row_of = np.repeat(np.arange(len(rows)), counts)
        signs, whole = _signs(rows, edits)
        self.parts = np.vstack([_parts(row.ways, of_row) for row, of_row in zip(rows, signs, strict=True)])
        binds = np.array([of_row.any(axis=(0, 1)) for of_row in signs]) & whole
        #: The edits of a row alone, and those that it shares with others.
        self.own, self.across = binds & (binds.sum(axis=0) == 1), binds & (binds.sum(axis=0) > 1)
        #: Whether the edits across rows bind every cell of a row.
        self.bound = np.array([of_row[:, :, at].any(axis=(0, 2)).all() for of_row, at in zip(signs, self.across, strict=True)])
        flags = [(way.sure, way.parted, None in way.fields, way.ordered) for row in rows for way in row.ways]
        self.sure, self.parted, self.blank, self.ordered = np.array(flags).T
        self.way_cost = np.array([way.cost for row in rows for way in row.ways])
        self.failing = (self.own[self.row_of] & (self.parts != 0)).sum(axis=1)
        self.told = self.own.sum(axis=1)
        self.left = self.nearest(np.full(len(rows), MARGIN))

    def nearest(self, margin: Numbers) -> Mask:
        """Return the ways that cost less than the cheapest of their row and a margin."""
        cost = self.way_cost + self.failing
        near: Mask = cost < (np.minimum.reduceat(cost, self.begin) + margin)[self.row_of]
        return near

    def any_left(self, which: Mask) -> Mask:
        """Tell for each row whether one of the ways left is of a kind."""
        found: Mask = np.logical_or.reduceat(self.left & which, self.begin)
        return found

    @property
    def balanced(self) -> Mask:
        """The rows that have edits of their own, which all that is left satisfies."""
        broken = (self.own[self.row_of] & (self.parts != 0)).any(axis=1)
        balanced: Mask = self.own.any(axis=1) & ~self.any_left(broken)
        return balanced

    @property
    def count(self) -> npt.NDArray[np.int_]:
        """How many ways each row has left."""
        counts: npt.NDArray[np.int_] = np.add.reduceat(self.left, self.begin, dtype=int)
        return counts

    @property
    def several(self) -> Mask:
        """The rows with more than one way left."""
        return self.count > 1

    def of_decided_rows(self) -> Numbers:
        """Return what each row with one way left adds to each edit; nothing of the others."""
        decided = self.left & ~self.several[self.row_of]
        return np.add.reduceat(np.where(decided[:, None], self.parts, 0.0), self.begin)

    def combine(self) -> None:
        """Keep of the rows that are still open the combinations of least cost."""
        count = self.count
        order = np.argsort(count, kind="stable")
        within = (np.cumprod(count[order], dtype=float) <= _MOST_COMBINATIONS) & (count[order] <= _MANY_WAYS)
        tried = order[within & (count[order] > 1)]
        rest = np.setdiff1d(np.flatnonzero(self.several), tried)
        edits = self.across.any(axis=0) & ~self.across[rest].any(axis=0)
        combinations = np.array(list(product(*(np.flatnonzero(self.left & (self.row_of == row)) for row in tried))), dtype=int)
        total = self.of_decided_rows()[:, edits].sum(axis=0) + sum(self.parts[ways][:, edits] for ways in combinations.T)
        cost = (self.way_cost + self.failing)[combinations].sum(axis=1) + (total != 0).sum(axis=-1)
        near = combinations[cost < cost.min() + MARGIN]
        self.left &= ~np.isin(self.row_of, tried)
        self.left[near.ravel()] = True

    def hold_against_others(self) -> None:
        """Hold every way of each row against the other rows: one that explains as well as what was chosen leaves a doubt."""
        unclear = self.across & self.several[:, None]
        known = self.across & (unclear.sum(axis=0) - unclear == 0)
        decided = self.of_decided_rows()
        others = np.array([np.delete(decided, row, axis=0).sum(axis=0) for row in range(len(self.rows))])
        self.failing += (known[self.row_of] & (self.parts + others[self.row_of] != 0)).sum(axis=1)
        self.told += known.sum(axis=1)
        # where its own edits fail, the agency's error and a wrong way may be as good as each other
        near = self.nearest(np.where(self.sure[self.begin] | self.balanced, MARGIN, 2 * MARGIN))
        self.left = near | (self.left & (self.count <= _MANY_WAYS)[self.row_of])

    def choose(self, all_rows: int) -> None:
        """Give each row the ways that are left; leave undecided what only sums tell, where they do not tell enough.

        A row whose ways are not sure needs an edit of its own that holds, or most of the edits that bind it; and most rows of
        its table have to be decided, since a page whose figures ran together may have blanks that leave no trace.
        """
        sure, parted, blank = self.any_left(self.sure), ~self.any_left(~self.parted), self.any_left(self.blank)
        failing = np.maximum.reduceat(np.where(self.left, self.failing, 0), self.begin)
        # sums over lines hold in whatever order the columns stand, and a blank leaves no trace
        every = (failing == 0) & (self.told == self.own.sum(axis=1) + self.across.sum(axis=1)) & self.bound
        told = np.where(blank, every, 2 * failing < self.told)
        decided = sure | np.where(parted, told, self.balanced)
        disordered = self.any_left(~self.ordered)
        decided &= ~disordered | ~(disordered & ~self.balanced).any()
        decided &= sure | (2 * decided.sum() >= all_rows)
        for row, stays, begin in zip(self.rows, decided, self.begin, strict=True):
            row.chosen = [way for way, left in zip(row.ways, self.left[begin:], strict=False) if stays and left]


def _signs(rows: Sequence[Row], edits: Sequence[Edit]) -> tuple[list[Numbers], Mask]:
    """Return for each row the signs of its cells in each edit, as parts and as totals, and which edits have all their cells."""
    place = {key: at for at, key in enumerate(key for row in rows for key in row.keys)}
    # the last place is for all cells that no row has
    signs = np.zeros((2, len(place) + 1, len(edits)))
    for number, edit in enumerate(edits):
        for at, (key, sign) in enumerate(edit.terms):
            signs[int(at >= len(edit.left)), place.get(key, -1), number] = sign
    ends = np.cumsum([0, *(len(row.keys) for row in rows)])
    whole: Mask = np.logical_not(signs[:, -1].any(axis=0))
    return [signs[:, begin:end] for begin, end in pairwise(ends)], whole


def _parts(ways: Sequence[Way], signs: Numbers) -> Numbers:
    """Return what each way adds to each edit: a blank among the parts counts nothing, a blank total is no figure."""
    read = [[figure(text) for text in way.texts] for way in ways]
    totals = np.array([[one.value for one in some] for some in read], dtype=float)
    readable = np.array([[one.status != "unreadable" for one in some] for some in read])
    amounts = np.stack([np.where(readable, np.nan_to_num(totals), totals), totals])
    parts: Numbers = (np.nan_to_num(amounts) @ signs).sum(axis=0)
    parts[(np.isnan(amounts) @ np.abs(signs)).any(axis=0)] = np.nan
    return parts


def _doubted(recognised: Mapping[CellKey, tuple[str, float]], known: Mapping[Edit, bool | None]) -> set[CellKey]:
    """Return the recognised cells that nobody is sure of and no edit confirms.

    Recognition takes a digit for another wherever it stands: 3 0 0 0 3 read as 8 0 0 0 8 adds up as well. So an edit confirms a
    cell only where no cell in doubt on its other side has the same digit at the same place.
    """
    held = [edit for edit, holds in known.items() if holds]
    blamed = {key for edit in known.keys() - set(held) for key in edit.cells}
    bound = {key for edit in held for key in edit.cells} - blamed
    unsure = {key for key, (_, sure) in recognised.items() if not sure >= (CONFIDENT if key in bound else VERY_CONFIDENT)}
    digits = {key: set(enumerate(reversed(recognised[key][0]))) for key in unsure}
    confirmed = set()
    for signs in map(dict, (edit.terms for edit in held)):
        doubts = unsure & signs.keys()
        for key in doubts:
            if all(signs[key] == signs[other] or digits[key].isdisjoint(digits[other]) for other in doubts):
                confirmed.add(key)
    return unsure - confirmed
