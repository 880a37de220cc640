"""Which line is it? Records matched with the lines of a table, in the order of the form."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from govstats.characters import figure
from govstats.documents import Cell
from govstats.forms import Edit, Table
from govstats.recognition.across import side_by_side
from govstats.recognition.columns import Headers, Placement
from govstats.recognition.labels import LONGEST, SURE, column_index, key, line_index
from govstats.recognition.notes import note
from govstats.recognition.records import LONGEST_LABEL, UNITS, Record
from govstats.report import Note

#: A label may be torn over this many pieces.
_MOST_PIECES = 6
#: What a row with the right number of figures adds to the likeness of its label.
_FIT = 0.6
#: A line out of its order stands at most so many rows from the others.
_NEAR = 3
#: What a skipped row takes away, and all skipped rows together: a few lines of gain are not worth another table.
_SKIP, _FARTHEST = 0.1, 3.0
#: No table has so many rows; a page of ten thousand rows with familiar labels must not take minutes.
_LOOKBACK = 200


@dataclass(slots=True)
class Match:
    """A record that was found to be a line of the form; without a placement its figures cannot be told apart."""

    record: Record
    line: str
    placement: Placement | None
    #: Its figures came without separators, and were split.
    glued: bool = False
    #: The document shows other figures for the same line: no reading of this row alone can decide.
    contradicted: bool = False

    @property
    def printed(self) -> tuple[str, ...]:
        """The figures by column, or as they stand where their columns are not known."""
        return self.placement.texts if self.placement else tuple(piece.text for piece in self.record.figures)

    def contradict(self) -> None:
        """Take the reading back."""
        self.placement, self.contradicted = None, True


class _Candidate(NamedTuple):
    """A line that a record may be, and how much speaks for it."""

    position: int
    likeness: float
    match: Match

    @property
    def gain(self) -> float:
        return self.likeness + (_FIT if self.match.placement else 0.0)


def align(table: Table, records: Sequence[Record], headers: Headers, edits: Sequence[Edit]) -> tuple[list[Match], list[Note]]:
    """Match records with the lines of a table.

    Parameters
    ----------
    table : Table
        Of the form; not an open one.
    records : sequence of Record
        In reading order; the table's rows among others.
    headers : Headers
        Of the document.
    edits : sequence of Edit
        The balance edits of the table: rows placed by their order alone must not break one.

    Returns
    -------
    matches : list of Match
        At most one a line, in the order of the form; none where the table is not there.
    notes : list of Note
        On rows that stand elsewhere, twice, or beyond the form.
    """
    if table.lines_across:
        rows = [(record, parts) for record in records if (parts := side_by_side(record, table, headers)) is not None]
        if len(rows) > 1 and not all(parts and _texts(parts) == _texts(rows[0][1]) for _, parts in rows):
            return [], [note("two_tables", table, place=rows[0][0].place, other=rows[-1][0].place)]
        if rows and rows[-1][1]:
            record, parts = rows[-1]
            return [Match(record, line.id, parts[line.id]) for line in table.lines], []
    candidates = [
        _Candidate(table.position[match.line], likeness, match) for match, likeness in candidates_of(table, records, headers)
    ]
    chain = _heaviest_chain(candidates)
    if not _convincing(table, chain):
        return [], []
    notes = _second_copy(table, chain, candidates)
    chain = _with_subtotals(table, chain)
    placed = [match for match in chain if match.placement]
    if len(placed) * 3 < len(chain):
        # a line or two of a table that cannot be read may as well be notes below it
        for match in placed:
            match.placement = None
        placed = []
    taken = {id(match.record) for match in chain}
    first, last = chain[0].record.order, chain[-1].record.order
    near = range(first - _NEAR, last + _NEAR + 1)
    free = [c for c in candidates if id(c.match.record) not in taken and c.match.record.order in near]
    elsewhere = _out_of_order(table, free, {match.line for match in chain}) if placed else []
    notes += [note("out_of_order", table, match.line, place=match.record.place) for match in elsewhere]
    placed += elsewhere
    taken |= {id(match.record) for match in elsewhere}
    torn = _enclosed(table, [record for record in records if id(record) not in taken], placed, headers)
    if _breaks(table, edits, placed, torn):
        torn = []
    notes += [note("torn_label", table, match.line, printed=match.record.printed, place=match.record.place) for match in torn]
    placed += torn
    lines = {match.line for match in placed}
    matches = sorted(placed + [m for m in chain if m.line not in lines], key=lambda match: table.position[match.line])
    grids = {id(chain[0].record.grid), id(chain[-1].record.grid)} - {id(None)}
    inside = [r for r in records if first - 1 <= r.order <= last + 1 or id(r.grid) in grids]
    return matches, notes + _repeated_or_own(table, inside, matches, candidates)


def candidates_of(table: Table, records: Sequence[Record], headers: Headers) -> Iterator[tuple[Match, float]]:
    """Yield every line that a record may be, and the likeness of its label."""
    for record in records:
        for line, likeness in _lines_of(table, record).items():
            yield Match(record, line, headers.place(record, table, line)), likeness


def _texts(parts: dict[str, Placement]) -> dict[str, tuple[str, ...]]:
    return {line: placement.texts for line, placement in parts.items()}


def lines_named(table: Table, pieces: Sequence[Cell]) -> Mapping[str, float]:
    """Return the lines that the label next to the figures may mean, alone or with the pieces before it: it may be torn."""
    texts: list[str] = []
    for piece in reversed(pieces):
        if len(piece.text) > LONGEST or len(texts) == _MOST_PIECES:
            break
        if piece.text not in UNITS:
            texts.append(piece.text)
    return _lines_named(table, tuple(texts))


@lru_cache(maxsize=4096)
def _lines_named(table: Table, texts: tuple[str, ...]) -> Mapping[str, float]:
    """Find the pieces of a label, the last one first; the same come again in thousands of reports."""
    index, joined = line_index(table), ""
    for text in texts:
        joined = text + joined
        # a label begins with its number; what stands before belongs to another
        if (lines := index.find(joined)) or key(text).number:
            return lines
    return {}


def _lines_of(table: Table, record: Record) -> Mapping[str, float]:
    """Return the lines that a record's own label may mean; none where several labels wait for their figures."""
    found = lines_nearest(table, record)
    if not found or record.labels:
        return found
    waiting = _lines_waiting(table, _without_header(table, record.before))
    return found if len(waiting | set(found)) == 1 else {}


def lines_nearest(table: Table, record: Record) -> Mapping[str, float]:
    """Return the lines that the label next to the figures may mean, whatever else stands before them."""
    return lines_named(table, record.labels or _without_header(table, record.before))


def told_without_text(table: Table, record: Record) -> bool:
    """Tell whether the labels in the grid of a record leave no say to the text before the grid in which line it is."""
    own = [piece for piece in _without_header(table, record.before) if piece.text not in UNITS]
    return bool(record.labels) or (len(own) >= _MOST_PIECES and not lines_named(table, own))


def _without_header(table: Table, pieces: Sequence[Cell]) -> Sequence[Cell]:
    """Drop the column labels that stand last: the line is named above its header (shuyang-county-2025)."""
    end = len(pieces)
    while end and _is_column(table, pieces[end - 1]):
        end -= 1
    return pieces[:end]


def _is_column(table: Table, piece: Cell) -> bool:
    word = key(piece.text)
    return not word.number and word.plain in column_index(table).exact


def _lines_waiting(table: Table, pieces: Sequence[Cell]) -> set[str]:
    """Return the lines whose labels stand before some figures: whole ones anywhere, torn ones since the last header.

    A torn label keeps its beginning (stcsm-2024). Where all labels come first and all figures after, none owns a row.
    """
    index = line_index(table)
    whole = [piece for piece in pieces if not _is_column(table, piece)]
    waiting = {name for piece in whole for name, _ in index.exact.get(key(piece.text).word, ())}
    last = max((i + 1 for i, p in enumerate(pieces) if _is_column(table, p) or p.text.endswith(("。", "；"))), default=0)
    text = "".join(f"\n{key(piece.text).word}" for piece in pieces[last:] if len(piece.text) <= LONGEST_LABEL)
    waiting |= {
        name
        for name, variant in index.entries
        if len(variant.plain) >= 4 and any(f"{start}{variant.plain[:5]}" in text for start in "\n0123456789")
    }
    return {name for name in waiting if not table.line[name].subtotal}


def _heaviest_chain(candidates: Sequence[_Candidate]) -> list[Match]:
    """Return the matches of greatest weight in which records and lines both go forward (dynamic programming).

    Skipped records weigh against a match, so that of two tables with the same labels the rows of one stay together.
    """
    orders = [candidate.match.record.order for candidate in candidates]
    positions = [candidate.position for candidate in candidates]
    weights: list[float] = []
    previous: list[int] = []
    for number, candidate in enumerate(candidates):
        best, before = 0.0, -1
        order, position = orders[number], positions[number]
        for earlier in range(max(0, number - _LOOKBACK), number):
            skipped = order - orders[earlier] - 1
            if positions[earlier] < position and skipped >= 0:
                weight = weights[earlier] - (min(_SKIP * skipped, _FARTHEST) if skipped else 0.0)
                if weight > best:
                    best, before = weight, earlier
        weights.append(best + candidate.gain)
        previous.append(before)
    chain = []
    at = max(range(len(weights)), key=weights.__getitem__, default=-1)
    while at >= 0:
        chain.append(candidates[at].match)
        at = previous[at]
    return chain[::-1]


def _second_copy(table: Table, chain: Sequence[Match], candidates: Sequence[_Candidate]) -> list[Note]:
    """Look for a second copy of a table: an equal one changes nothing, a different one leaves both undecided."""
    span = range(chain[0].record.order, chain[-1].record.order + 1)
    other = _heaviest_chain([c for c in candidates if c.match.record.order not in span])
    figures = {match.line: match.printed for match in chain}
    again = {match.line: match.printed for match in other}
    common = figures.keys() & again.keys()
    equal = all(figures[line] == again[line] for line in common)
    if equal or len(common) * 2 < len(figures) or not _convincing(table, other):
        return []
    places = sorted(copy[0].record.place for copy in (chain, other))
    for match in chain:
        match.contradict()
    return [note("two_tables", table, place=places[0], other=places[1])]


def _with_subtotals(table: Table, chain: list[Match]) -> list[Match]:
    """Keep a subtotal only where it is printed as a line of its own, beside its parts or alone.

    A row under the heading of a group that lost its own label looks just like it: the first part is then missing.
    """
    found = {match.line for match in chain}
    kept = []
    for number, match in enumerate(chain):
        parts = table.parts(match.line) if table.line[match.line].subtotal else ()
        if parts:
            beside = [m for m in chain[max(number - 1, 0) : number + 2] if m is not match]
            near = all(m.record.grid is match.record.grid for m in beside)
            following = chain[number + 1].record.order if number + 1 < len(chain) else match.record.order + 1
            alone = not found & set(parts) and following == match.record.order + 1
            if not near or not (alone or set(parts) <= found):
                continue
        kept.append(match)
    return kept


def _convincing(table: Table, chain: Sequence[Match]) -> bool:
    """Tell whether a chain is the statutory table: half of its lines, or two of them, under a header or a band of the form."""
    columns, bands = column_index(table), {key(band.zh).word for band in table.bands if band.zh}
    headed = any(
        max(columns.find(piece.text).values(), default=0) >= SURE or key(piece.text).word in bands
        for match in chain
        for piece in match.record.before
    )
    if len({match.line for match in chain}) * 2 >= len({line for _, line, _ in table.cells}):
        # a list of permits and penalties in the prose has the same few labels as the bands
        return headed or not bands
    return headed and sum(match.placement is not None for match in chain) >= 2


def _out_of_order(table: Table, candidates: Sequence[_Candidate], found: set[str]) -> list[Match]:
    """Return lines that stand elsewhere, as converters put them (stcsm-2024 prints 规章 after the fees)."""
    more: dict[str, list[Match]] = {}
    for candidate in candidates:
        line = table.line[candidate.match.line]
        if line.id not in found and not line.subtotal and candidate.likeness == 1.0 and candidate.match.placement:
            more.setdefault(candidate.match.line, []).append(candidate.match)
    return [matches[0] for matches in more.values() if len(matches) == 1]


def _enclosed(table: Table, free: Sequence[Record], anchors: Sequence[Match], headers: Headers) -> list[Match]:
    """Place rows whose labels were torn off: between two anchors, as many rows as lines are missing (stcsm-2024)."""
    order = [line.id for line in table.lines if not line.subtotal]
    known = sorted((order.index(match.line), match.record.order) for match in anchors if match.line in order)
    placed = []
    for (line, record), (next_line, next_record) in pairwise(known):
        missing = order[line + 1 : next_line]
        if not missing:
            continue
        rows = [row for row in free if record < row.order < next_record and _is_unlabelled(table, row)]
        placements = [headers.place(row, table, name) for row, name in zip(rows, missing, strict=False)]
        if len(rows) == len(missing) and all(placements):
            placed += [Match(row, name, p) for row, name, p in zip(rows, missing, placements, strict=True)]
    return placed


def _breaks(table: Table, edits: Sequence[Edit], placed: Sequence[Match], torn: Sequence[Match]) -> bool:
    """Tell whether rows placed by their order break a balance edit whose other cells are known."""
    if not torn:
        return False
    lines = {match.line for match in torn}
    figures = {
        (table.id, match.line, column): figure(piece.text).value
        for match in (*placed, *torn)
        if match.placement
        for column, piece in zip(table.columns_of[match.line], match.placement.fields, strict=True)
        if piece
    }
    return any(edit.holds(figures) is False for edit in edits if lines & edit.lines)


def _is_unlabelled(table: Table, record: Record) -> bool:
    """Tell a row without a label of its own, the crumbs of a torn one (果, 度办) apart."""
    return not any(_is_label(piece) for piece in record.labels) and not _lines_of(table, record)


def _is_label(piece: Cell) -> bool:
    return len(key(piece.text).word) > 3


def _repeated_or_own(
    table: Table, inside: Sequence[Record], matches: Sequence[Match], candidates: Sequence[_Candidate]
) -> list[Note]:
    """Note rows of an agency's own, and take back lines that are printed twice with different figures."""
    notes = []
    by_line = {match.line: match for match in matches}
    orders = [match.record.order for match in matches]
    taken = {id(match.record) for match in matches}
    within = {id(record) for record in inside}
    for candidate in candidates:
        record, line = candidate.match.record, candidate.match.line
        first = by_line.get(line)
        if id(record) in taken or id(record) not in within or first is None or candidate.likeness < SURE:
            continue
        beside = record.grid is not first.record.grid or record.grid is None
        if beside and candidate.likeness < 1.0 and not min(orders) < record.order < max(orders):
            continue
        if candidate.match.placement is None and not record.labels:
            continue
        taken.add(id(record))
        if (
            first.placement is None
            or candidate.match.placement is None
            or first.placement.texts != candidate.match.placement.texts
        ):
            notes.append(
                note("duplicate_line", table, line, printed=record.printed, place=record.place, other=first.record.printed)
            )
            first.contradict()
    for record in inside:
        own = min(orders) < record.order < max(orders) and id(record) not in taken
        if own and record.figures and any(_is_label(piece) for piece in record.labels):
            label = record.labels[-1].text
            notes.append(note("outside_form", table, printed=record.printed, place=record.place, label=label))
    return notes
