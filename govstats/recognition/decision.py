"""Which of all the ways is it? The edits of a table decide between the ways to read its rows, and set aside what cannot hold.

An edit that fails costs one; so does, or a part of it, what else speaks against a way. What all the cheapest explanations of a
table say of a cell is read; where they differ, the cell is undecided, and the rest goes on. A figure is never taken from a sum.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import prod

import numpy as np
import numpy.typing as npt

from govstats.characters import figure
from govstats.forms import CellKey, Edit
from govstats.recognition.hypotheses import CONFIDENT, Way

#: An explanation that costs so much more than the cheapest is none, in failing edits.
MARGIN = 1.0
#: So many combinations of rows are tried at once; beyond, their edits decide nothing between them.
_MOST_COMBINATIONS = 50_000
#: A sum is worked out exactly while its terms have at most so many combinations; beyond, only its bounds are compared.
_MOST_SUMS = 100_000
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

    def readings(self, place: int) -> list[str]:
        """Return what the remaining ways say of a cell; one text where it is decided."""
        return list(dict.fromkeys(piece.text if (piece := way.fields[place]) else "" for way in self.chosen))

    @property
    def sure(self) -> bool:
        """Whether labels and positions alone tell what was chosen."""
        return any(way.sure for way in self.chosen)


def decide(rows: Sequence[Row], edits: Sequence[Edit]) -> list[Edit]:
    """Choose between the ways of each row; what is left undecided keeps several, or none.

    Parameters
    ----------
    rows : sequence of Row
        Of one table; their `chosen` and `unconfirmed` are filled.
    edits : sequence of Edit
        The balance edits that bind the lines of the table.

    Returns
    -------
    list of Edit
        Those that what was chosen does not satisfy: the agency's error, or ours.

    Notes
    -----
    A row that its own edits leave one way is taken, if most rows of the table are decided. Rows with several ways that balance
    are decided together, by the edits across rows whose other cells are known. Then every row is held against the others as
    they were chosen, with all its ways.
    """
    doubtful = any(len(row.ways) > 1 or (row.ways and not row.ways[0].sure) for row in rows)
    if doubtful or any(piece and piece.confidence is not None for row in rows for way in row.ways for piece in way.fields):
        _decide(rows, edits)
    else:
        for row in rows:
            row.chosen = row.ways
    figures = {
        key: figure(piece.text).value if piece else None
        for row in rows
        if len(row.chosen) == 1
        for key, piece in zip(row.keys, row.chosen[0].fields, strict=True)
    }
    return [edit for edit in edits if edit.holds(figures, blank=0) is False]


def _decide(rows: Sequence[Row], edits: Sequence[Edit]) -> None:
    terms: dict[CellKey, list[tuple[int, int, bool]]] = {}
    for number, edit in enumerate(edits):
        for at, (key, sign) in enumerate(edit.terms):
            terms.setdefault(key, []).append((number, sign, at >= len(edit.left)))
    sizes = [len(edit.cells) for edit in edits]
    table = _Table([_Sums(row, terms, sizes) for row in rows if row.ways], edits)
    table.narrow()
    table.combine()
    table.hold_against()
    for sums in table.rows:
        sums.row.chosen = [sums.row.ways[at] for at in sums.left]
    _give_up_the_unsupported(table, len(rows))
    _doubt_the_unconfirmed(table)


class _Sums:
    """A row with what each of its ways adds to each edit: NaN where it leaves the sum open."""

    def __init__(self, row: Row, terms: Mapping[CellKey, Sequence[tuple[int, int, bool]]], sizes: Sequence[int]) -> None:
        self.row = row
        amounts, totals = _amounts(row.ways)
        self.parts: Numbers = np.zeros((len(row.ways), len(sizes)))
        inside: Counter[int] = Counter()
        for place, key in enumerate(row.keys):
            for edit, sign, is_total in terms.get(key, ()):
                self.parts[:, edit] += sign * (totals if is_total else amounts)[:, place]
                inside[edit] += 1
        self.own = [edit for edit, count in inside.items() if count == sizes[edit]]
        self.cost: Numbers = np.array([way.cost for way in row.ways]) + (self.parts[:, self.own] != 0).sum(axis=1)
        #: How many edits fail for what is left, at most.
        self.failing = 0
        #: How many edits could be looked at.
        self.told = 0
        self.left: list[int] = np.flatnonzero(self.cost < self.cost.min() + MARGIN).tolist()

    @property
    def balanced(self) -> bool:
        """Whether the row has edits of its own, and all that is left satisfies them."""
        return bool(self.own) and not np.any(self.parts[np.ix_(self.left, self.own)] != 0)

    def keep(self, stays: Mask) -> bool:
        """Keep some of what is left; return whether anything went."""
        self.left = [at for at, stay in zip(self.left, stays, strict=True) if stay]
        return not stays.all()


def _amounts(ways: Sequence[Way]) -> tuple[Numbers, Numbers]:
    """Return the amounts of the cells as parts of a sum, where a blank counts nothing, and as totals, where it is no figure."""
    parts, totals = [], []
    for way in ways:
        read = [figure(piece.text if piece else "") for piece in way.fields]
        parts.append([np.nan if one.status == "unreadable" else one.value or 0.0 for one in read])
        totals.append([np.nan if one.value is None else one.value for one in read])
    return np.array(parts), np.array(totals)


class _Table:
    """The rows of a table and the edits across them."""

    def __init__(self, rows: Sequence[_Sums], edits: Sequence[Edit]) -> None:
        self.rows, self.edits = rows, edits
        owner = {key: sums for sums in rows for key in sums.row.keys}
        self.concerned = [
            list({id(sums): sums for key in edit.cells if (sums := owner.get(key)) is not None}.values()) for edit in edits
        ]
        self._whole = [all(key in owner for key in edit.cells) for edit in edits]
        self.across = [at for at, rows in enumerate(self.concerned) if self._whole[at] and len(rows) > 1]

    def across_of(self, sums: _Sums) -> list[int]:
        return [edit for edit in self.across if sums in self.concerned[edit]]

    def is_known(self, edit: int) -> bool:
        """Whether every row with a cell of an edit was decided."""
        return self._whole[edit] and all(len(sums.row.chosen) == 1 for sums in self.concerned[edit])

    def fails(self, edit: int) -> bool:
        """Whether an edit does not hold for the one way that each row has left; false where one has several."""
        rows = self.concerned[edit]
        return all(len(sums.left) == 1 for sums in rows) and bool(sum(sums.parts[sums.left[0], edit] for sums in rows) != 0)

    def narrow(self) -> None:
        """Drop ways with which an edit across rows cannot hold, until none is left to drop.

        An edit that cannot hold at all is set aside.
        """
        active, changed = set(self.across), True
        while changed and any(len(sums.left) > 1 for sums in self.rows):
            changed = False
            for edit in sorted(active):
                rows = self.concerned[edit]
                kept = _supported([sums.parts[sums.left, edit] for sums in rows])
                if kept is None:
                    active.discard(edit)
                else:
                    went = [sums.keep(stays) for sums, stays in zip(rows, kept, strict=True)]
                    changed = changed or any(went)

    def combine(self) -> None:
        """Keep of the rows that are still open the combinations of least cost."""
        chosen: list[_Sums] = []
        still_open = sorted((sums for sums in self.rows if len(sums.left) > 1), key=lambda sums: len(sums.left))
        for sums in still_open:
            if len(sums.left) <= _MANY_WAYS and prod(len(one.left) for one in (*chosen, sums)) <= _MOST_COMBINATIONS:
                chosen.append(sums)
        rest = [sums for sums in still_open if sums not in chosen]
        edits = [edit for edit in self.across if not any(sums in rest for sums in self.concerned[edit])]
        if not chosen or not edits:
            return
        known = (sums.parts[sums.left[0], edits] for sums in self.rows if sums not in still_open)
        total, cost = sum(known, np.zeros(len(edits)))[None, :], np.zeros(1)
        for sums in chosen:
            total = (total[:, None, :] + sums.parts[np.ix_(sums.left, edits)][None, :, :]).reshape(-1, len(edits))
            cost = (cost[:, None] + sums.cost[sums.left][None, :]).reshape(-1)
        cost = cost + (total != 0).sum(axis=1)
        near = (cost < cost.min() + MARGIN).reshape([len(sums.left) for sums in chosen])
        for axis, sums in enumerate(chosen):
            sums.keep(near.any(axis=tuple(other for other in range(len(chosen)) if other != axis)))

    def hold_against(self) -> None:
        """Hold every way of each row against the other rows: one that explains as well as what was chosen leaves a doubt."""
        before = {id(sums): list(sums.left) for sums in self.rows}
        for sums in self.rows:
            if len(sums.cost) == 1 and sums.row.ways[0].sure:
                continue
            others = {id(other): other for edit in self.across_of(sums) for other in self.concerned[edit] if other is not sums}
            edits = [
                edit
                for edit in self.across_of(sums)
                if all(len(before[id(other)]) == 1 for other in self.concerned[edit] if other is not sums)
            ]
            known = (other.parts[before[key][0], edits] for key, other in others.items())
            beside = sum(known, np.zeros(len(edits)))
            failing = (sums.parts[:, sums.own] != 0).sum(axis=1) + (sums.parts[:, edits] + beside != 0).sum(axis=1)
            cost = np.array([way.cost for way in sums.row.ways]) + failing
            # where its own edits fail, the agency's error and a wrong way may be as good as each other
            doubt = MARGIN if sums.row.ways[0].sure or sums.balanced else 2 * MARGIN
            near = set(np.flatnonzero(cost < cost.min() + doubt).tolist())
            sums.left = sorted(near if len(sums.left) > _MANY_WAYS else near.union(sums.left))
            sums.failing = int(failing[sums.left].max())
            sums.told = len(sums.own) + len(edits)


def _supported(values: Sequence[Numbers]) -> list[Mask] | None:
    """Return for each row the ways with which a sum can be nothing; None where it cannot be."""
    if any(np.isnan(one).all() for one in values):
        return None
    if any(np.isnan(one).any() for one in values):
        return [np.ones(len(one), bool) for one in values]
    sets = [np.unique(one) for one in values]
    kept = []
    if prod(map(len, sets)) <= _MOST_SUMS:
        before, after = [np.zeros(1)], [np.zeros(1)]
        for one, last in zip(sets, reversed(sets), strict=True):
            before.append(np.unique(before[-1][:, None] + one))
            after.append(np.unique(after[-1][:, None] + last))
        after.reverse()
        for at, value in enumerate(values):
            kept.append(np.isin(-value, before[at][:, None] + after[at + 1]))
    else:
        low, high = sum(one[0] for one in sets), sum(one[-1] for one in sets)
        for one, value in zip(sets, values, strict=True):
            kept.append((low - one[0] + value <= 0) & (high - one[-1] + value >= 0))
    return kept if all(keep.any() for keep in kept) else None


def _give_up_the_unsupported(table: _Table, all_rows: int) -> None:
    """Leave undecided what only sums tell, where they do not tell enough.

    A row whose ways are not sure needs an edit of its own that holds, or most of the edits that bind it; and most rows of its
    table have to be decided, since a page whose figures ran together may have blanks that leave no trace.
    """
    out_of_order = [sums for sums in table.rows if not all(way.ordered for way in sums.row.chosen)]
    if any(not sums.balanced for sums in out_of_order):
        for sums in out_of_order:
            sums.row.chosen = []
    for sums in table.rows:
        # sums over lines hold in whatever order the columns stand, and a blank leaves no trace
        parted = all(way.parted for way in sums.row.chosen)
        blank = any(None in way.fields for way in sums.row.chosen)
        across = table.across_of(sums)
        bound = {key for at in across for key in table.edits[at].cells}
        if blank:
            told = not sums.failing and sums.told == len(sums.own) + len(across) and bound.issuperset(sums.row.keys)
        else:
            told = 2 * sums.failing < sums.told
        if not (sums.row.sure or (told if parted else sums.balanced)):
            sums.row.chosen = []
    decided = sum(bool(sums.row.chosen) for sums in table.rows)
    for sums in table.rows:
        if 2 * decided < all_rows and not sums.row.sure and all(way.parted for way in sums.row.chosen):
            sums.row.chosen = []


def _doubt_the_unconfirmed(table: _Table) -> None:
    """Doubt recognised cells that nobody is sure of and no edit confirms.

    Recognition takes a digit for another wherever it stands: 3 0 0 0 3 read as 8 0 0 0 8 adds up as well. So an edit confirms a
    cell only where no cell in doubt on its other side has the same digit at the same place.
    """
    pieces: dict[CellKey, tuple[str, float]] = {}
    for row in (sums.row for sums in table.rows if len(sums.row.chosen) == 1):
        for key, piece in zip(row.keys, row.chosen[0].fields, strict=True):
            if piece is not None and piece.confidence is not None:
                pieces[key] = piece.text, piece.confidence
    if not pieces:
        return
    known = [(edit, table.fails(at)) for at, edit in enumerate(table.edits) if table.is_known(at)]
    bound = {key for edit, _ in known for key in edit.cells}
    blamed = {key for edit, fails in known if fails for key in edit.cells}
    unsure = {key for key, (_, sure) in pieces.items() if not sure >= (CONFIDENT if key in bound else VERY_CONFIDENT)}
    confirmed: set[CellKey] = set()
    for edit, fails in known:
        signs = dict(edit.terms)
        for key in signs.keys() & pieces.keys() if not fails else ():
            others = [other for other in signs.keys() & unsure if signs[other] != signs[key]]
            if not any(_same_digit(pieces[key][0], pieces[other][0]) for other in others):
                confirmed.add(key)
    doubted = (unsure - confirmed) | {key for key in blamed & pieces.keys() - confirmed if not pieces[key][1] >= VERY_CONFIDENT}
    for sums in table.rows:
        sums.row.unconfirmed = {place for place, key in enumerate(sums.row.keys) if key in doubted}


def _same_digit(one: str, other: str) -> bool:
    """Tell whether two figures have a digit in common at the same place, counted from the end."""
    return bool(set(enumerate(reversed(one))) & set(enumerate(reversed(other))))
