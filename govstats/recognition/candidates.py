"""Cells with more than one reading: the edits of the table choose where one combination is left, and never guess."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import prod
from typing import NamedTuple

from govstats.characters import figure
from govstats.documents import Cell
from govstats.forms import CellKey, Edit, Form, Table
from govstats.recognition.columns import Placement
from govstats.recognition.notes import note
from govstats.report import Note

#: From this confidence on optical recognition is believed where the edits hold; digits at 150 dpi have 0.96 to 1.00.
CONFIDENT = 0.95
#: From this confidence on a cell stands as recognised although no edit binds it (0 was read as 9 at 0.976), or one fails:
#: agencies make mistakes. Below, the error may as well be ours.
VERY_CONFIDENT = 0.99
#: One edit may confirm what was read first. Two have to agree on another reading: a mistake of the agency in one of them may be
#: just the difference of two readings.
_EDITS_TO_REPLACE = 2
#: So many sums are worked out in one search, less than a second; beyond, nothing is decided.
_MOST_WORK = 300_000
#: So many combinations of one edit are summed; beyond, only the bounds of its sum are compared.
_MOST_SUMS = 4_096
#: Figures are compared in millionths, as whole numbers.
_SCALE = 1_000_000

Domains = dict[CellKey, frozenset[int]]


class Verdict(NamedTuple):
    """What became of a cell: the text chosen, or None where it cannot be decided; and what there is to say about it."""

    text: str | None
    note: Note | None


class _Reading(NamedTuple):
    text: str
    amount: int
    blank: bool


class _Cell(NamedTuple):
    """A cell with its different readings; `read` tells whether the first of them is what was read first."""

    piece: Cell
    readings: tuple[_Reading, ...]
    read: bool

    @property
    def optical(self) -> bool:
        return self.piece.confidence is not None

    def unsure(self, enough: float) -> bool:
        """Tell whether the first reading needs an edit to stand: two engines disagree, or recognition is not confident."""
        if self.piece.confidence is None:
            return not self.read or len(self.readings) > 1
        return not self.read or not self.piece.confidence >= enough

    @property
    def solid(self) -> bool:
        """Whether the cell stands as printed although an edit fails."""
        return self.read and len(self.readings) == 1 and (not self.optical or (self.piece.confidence or 0.0) >= VERY_CONFIDENT)


def decide(table: Table, placements: Mapping[str, Placement], form: Form) -> dict[tuple[str, str], Verdict]:
    """Decide between the readings that cells offer.

    Parameters
    ----------
    table : Table
        Of the form.
    placements : mapping of line to Placement
        The rows that are placed.
    form : Form
        Whose balance edits bind the cells; an open table has none that are sure.

    Returns
    -------
    dict of (line, column) to Verdict
        For cells whose reading was chosen or is undecided. A cell that is not here stands as read.

    Notes
    -----
    A cell is in doubt if two engines read it differently, or if optical recognition has not the confidence `CONFIDENT`,
    where no edit binds it `VERY_CONFIDENT`.
    Edits that share a cell in doubt are solved together. A reading is taken where every combination that satisfies them has
    it; a sum never supplies a figure. Where none does, the other readings of confident cells are admitted too; where even
    then none does, what is in doubt or not solid in the failing edits stays undecided, and the rest stands as printed.
    """
    offered = [piece for placement in placements.values() for piece in placement.fields if piece is not None]
    if not any(piece.readings or piece.confidence is not None for piece in offered):
        return {}
    pieces = {
        (table.id, line, column): piece
        for line, placement in placements.items()
        for column, piece in zip(
            table.columns_of.get(line) or [column.id for column in table.columns], placement.fields, strict=True
        )
        if piece is not None
    }
    cells = {key: cell for key, piece in pieces.items() if (cell := _cell(piece)).readings}
    edits = [] if table.open else form.edits((table.id, line) for line in placements)
    decision = _Decision(table, cells, [edit for edit in edits if edit.table == table.id and edit.relation == "=="])
    return {(line, column): verdict for (_, line, column), verdict in decision.verdicts().items()}


def _cell(piece: Cell) -> _Cell:
    different: dict[tuple[str, float | None, str], _Reading] = {}
    for text in (piece.text, *piece.readings):
        read = figure(text)
        if read.status != "unreadable":
            amount = round((read.value or 0.0) * _SCALE)
            different.setdefault((read.status, read.value, read.unit), _Reading(text, amount, read.value is None))
    return _Cell(piece, tuple(different.values()), figure(piece.text).status != "unreadable")


class _Decision:
    """The doubts of one table, and the edits that may settle them."""

    def __init__(self, table: Table, cells: Mapping[CellKey, _Cell], edits: Sequence[Edit]) -> None:
        self.table, self.cells = table, cells
        self.optical = any(cell.optical for cell in cells.values())
        #: What every combination has in common, for cells that are solved.
        self.solved: dict[CellKey, _Reading] = {}
        #: Cells whose reading an edit contradicts, and those that were too many to try.
        self.contradicted: set[CellKey] = set()
        self.bounded: set[CellKey] = set()
        self.first = {key: cell.readings[0].amount for key, cell in cells.items()}
        self.checkable = [edit for edit in edits if self._checkable(edit)]
        bound = {key for edit in self.checkable for key in edit.cells}
        self.unsure = {key for key, cell in cells.items() if cell.unsure(CONFIDENT if key in bound else VERY_CONFIDENT)}
        self.variables = set(self.unsure)
        # a blank that recognition may have missed decides nothing, but its edit may fail
        self.edits = [edit for edit in self.checkable if not any(self._missed(key) for key in edit.cells)]

    def verdicts(self) -> dict[CellKey, Verdict]:
        """Settle what can be settled."""
        self._contradict([e for e in self.checkable if _supported({key: self._amounts(key) for key in e.cells}, e) is None])
        while self._solve_all():
            pass
        accepted = self._accepted()
        # an edit that what was read first does not satisfy, and that nothing settled, leaves doubt on what is not solid
        open_cells = self.variables - accepted
        unsettled = [edit for edit in self._failing(self.checkable) if not open_cells.isdisjoint(edit.cells)]
        doubted = self.contradicted | {key for edit in unsettled for key in edit.cells if not self.cells[key].solid} - accepted
        found: dict[CellKey, Verdict] = {}
        for key in self.variables | doubted:
            cell = self.cells[key]
            if key not in accepted:
                found[key] = Verdict(None, self._undecided(key))
            elif len(cell.readings) > 1 or not cell.read:
                text, readings = self.solved[key].text, _listed([cell.piece.text, *cell.piece.readings])
                found[key] = Verdict(text, self._note("decided_by_edits", key, printed=text, readings=readings))
        return found

    def _accepted(self) -> set[CellKey]:
        """Return the solved cells of which enough edits tell; an edit tells nothing while it has other cells in doubt."""
        accepted = self.solved.keys() - self.contradicted
        while True:
            kept = {key for key in accepted if self._told(key, accepted)}
            if kept == accepted:
                return kept
            accepted = kept

    def _checkable(self, edit: Edit) -> bool:
        """Tell whether all cells of an edit are there; blanks count nothing among the parts, but a blank total says nothing."""
        return self.cells.keys() >= set(edit.cells) and not any(
            reading.blank for key in edit.cells[len(edit.left) :] for reading in self.cells[key].readings
        )

    def _missed(self, key: CellKey) -> bool:
        """Tell a blank that may be a figure which recognition missed, since it does not say itself how sure it is."""
        cell = self.cells[key]
        only_blank = all(reading.blank for reading in cell.readings)
        return only_blank and self.optical and not (cell.piece.confidence or 0.0) >= VERY_CONFIDENT

    def _amounts(self, key: CellKey) -> frozenset[int]:
        return frozenset(reading.amount for reading in self.cells[key].readings)

    def _domain(self, key: CellKey) -> frozenset[int]:
        return self._amounts(key) if key in self.variables else frozenset({self.cells[key].readings[0].amount})

    def _failing(self, edits: Iterable[Edit]) -> list[Edit]:
        """Return the edits that what was read first does not satisfy."""
        return [edit for edit in edits if edit.difference(self.first)]

    def _contradict(self, edits: Sequence[Edit]) -> None:
        """Doubt the cells of edits that fail, and decide nothing more by what is doubted."""
        self.contradicted |= {key for edit in edits for key in edit.cells if key in self.variables or not self.cells[key].solid}
        self.edits = [edit for edit in self.edits if edit not in edits and self.contradicted.isdisjoint(edit.cells)]

    def _solve_all(self) -> bool:
        """Solve every group of edits that share a cell in doubt; true where it has to be done again."""
        self.solved, self.bounded = {}, set()
        for edits in _groups(self.edits, self.variables):
            domains = {key: self._domain(key) for edit in edits for key in edit.cells}
            try:
                values = _Search(edits).solutions(domains)
            except _TooManyReadings:
                self.bounded |= self.variables & domains.keys()
                self._stand(edits)
                continue
            if all(values.values()):
                self._take(values)
            elif more := {key for key in domains if len(self.cells[key].readings) > 1} - self.variables:
                self.variables |= more
                return True
            else:
                # what was admitted in vain is as confident as before
                self.variables = set(self.unsure)
                self._contradict(self._failing(edits))
                return True
        return False

    def _take(self, values: Mapping[CellKey, set[int]]) -> None:
        for key in values.keys() & self.variables:
            readings = [reading for reading in self.cells[key].readings if reading.amount in values[key]]
            # a blank and a zero are the same to a sum
            if len(readings) == 1:
                self.solved[key] = readings[0]

    def _stand(self, edits: Sequence[Edit]) -> None:
        """Let first readings stand that satisfy all their edits, one of them without any other cell in doubt."""
        doubted = {key for edit in self._failing(edits) for key in edit.cells}
        for edit in edits:
            unsure = [key for key in edit.cells if key in self.variables]
            if len(unsure) == 1 and unsure[0] not in doubted and self.cells[unsure[0]].read:
                self.solved[unsure[0]] = self.cells[unsure[0]].readings[0]

    def _told(self, key: CellKey, accepted: set[CellKey]) -> bool:
        """Tell whether enough edits speak for the reading of a cell."""
        telling = sum(self._tells(edit, key, accepted) for edit in self.edits if key in edit.cells)
        cell = self.cells[key]
        return telling >= (1 if cell.read and self.solved[key] is cell.readings[0] else _EDITS_TO_REPLACE)

    def _tells(self, edit: Edit, key: CellKey, accepted: set[CellKey]) -> bool:
        """Tell whether an edit would notice that a reading is wrong.

        Recognition takes a digit for another wherever it stands: 3 0 0 0 3 read as 8 0 0 0 8 adds up as well. So no digit may
        stand at the same place in another cell in doubt, on the other side.
        """
        unsure = {name: sign for name, sign in edit.terms if name in self.variables}
        if any(name not in accepted for name in unsure):
            return False
        if not self.cells[key].optical:
            return True
        others = [name for name in unsure if name != key and self.cells[name].optical]
        # what was recognised badly and offers nothing else may be any figure
        if others and any(len(self.cells[name].readings) == 1 for name in (key, *others)):
            return False
        digits = set(enumerate(reversed(_digits(self.solved[key]))))
        opposite = (name for name in others if unsure[name] != unsure[key])
        return not any(digits & set(enumerate(reversed(_digits(self.solved[name])))) for name in opposite)

    def _undecided(self, key: CellKey) -> Note:
        piece = self.cells[key].piece
        if key in self.bounded:
            return self._note("too_many_readings", key, readings=_listed([piece.text, *piece.readings]))
        if not piece.readings:
            return self._note("unsure_recognition", key, confidence=f"{piece.confidence:.2f}")
        return self._note("undecided_readings", key, readings=_listed([piece.text, *piece.readings]))

    def _note(self, kind: str, key: CellKey, printed: str | None = None, **details: object) -> Note:
        piece, (_, line, column) = self.cells[key].piece, key
        printed = piece.text if printed is None else printed
        return note(kind, self.table, line, column, printed=printed, page=piece.page, place=piece.place, **details)


def _digits(reading: _Reading) -> str:
    return "" if reading.blank else str(abs(reading.amount) // _SCALE)


def _listed(texts: Iterable[str]) -> str:
    return " | ".join(text or "∅" for text in dict.fromkeys(texts))


def _groups(edits: Sequence[Edit], variables: set[CellKey]) -> list[list[Edit]]:
    """Part edits into those that are linked by a cell in doubt; an edit without any is a group of its own."""
    groups: list[tuple[set[CellKey], list[Edit]]] = []
    for edit in edits:
        names = variables.intersection(edit.cells)
        linked = [group for group in groups if group[0] & names]
        groups = [group for group in groups if not group[0] & names]
        groups.append((names.union(*(group[0] for group in linked)), [*(one for group in linked for one in group[1]), edit]))
    return [members for _, members in groups]


def _supported(domains: Mapping[CellKey, frozenset[int]], edit: Edit) -> Domains | None:
    """Return for each cell of an edit the amounts with which it can balance; None where it cannot."""
    signed = [[(sign * amount, amount) for amount in domains[key]] for key, sign in edit.terms]
    if not all(signed):
        return None
    if prod(map(len, signed)) > _MOST_SUMS:
        low, high = sum(min(one)[0] for one in signed), sum(max(one)[0] for one in signed)
        kept = [[(s, a) for s, a in one if low - min(one)[0] + s <= 0 <= high - max(one)[0] + s] for one in signed]
    else:
        before, after = [{0}], [{0}]
        for one in signed:
            before.append({total + s for total in before[-1] for s, _ in one})
        for one in reversed(signed):
            after.append({total + s for total in after[-1] for s, _ in one})
        after.reverse()
        kept = [
            [(s, a) for s, a in one if any(-s - total in after[at + 1] for total in before[at])] for at, one in enumerate(signed)
        ]
    if not all(kept):
        return None
    return {key: frozenset(amount for _, amount in one) for key, one in zip(edit.cells, kept, strict=True)}


class _TooManyReadings(Exception):
    """The search has reached its bound."""


class _Search:
    """A search for the amounts with which all edits balance."""

    def __init__(self, edits: Sequence[Edit]) -> None:
        self.edits = edits
        self.work = 0

    def narrowed(self, domains: Domains) -> Domains | None:
        """Drop amounts with which an edit cannot balance, until none is left to drop; None where a cell loses all."""
        domains = dict(domains)
        waiting = list(self.edits)
        while waiting:
            edit = waiting.pop()
            self.work += len(edit.cells) + min(_MOST_SUMS, prod(len(domains[key]) for key in edit.cells))
            if self.work > _MOST_WORK:
                raise _TooManyReadings
            kept = _supported(domains, edit)
            if kept is None:
                return None
            fewer = {key for key, amounts in kept.items() if len(amounts) < len(domains[key])}
            domains.update(kept)
            waiting += [other for other in self.edits if other not in waiting and not fewer.isdisjoint(other.cells)]
        return domains

    def solutions(self, domains: Domains) -> dict[CellKey, set[int]]:
        """Return the amounts that each cell has in any combination that satisfies all edits."""
        seen: dict[CellKey, set[int]] = {key: set() for key in domains}
        branches = [domains]
        while branches:
            narrowed = self.narrowed(branches.pop())
            # a branch that can only repeat what is known is not followed
            if narrowed is None or all(amounts <= seen[key] for key, amounts in narrowed.items()):
                continue
            key = min((key for key in narrowed if len(narrowed[key]) > 1), key=lambda key: len(narrowed[key]), default=None)
            if key is None:
                for name, (amount,) in narrowed.items():
                    seen[name].add(amount)
            else:
                branches += [{**narrowed, key: frozenset({amount})} for amount in sorted(narrowed[key])]
        return seen
