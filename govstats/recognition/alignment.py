"""Which line is it? Records matched with the lines of a table, by their labels and in the order of the form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from govstats.documents import Cell
from govstats.forms import Table
from govstats.recognition.labels import LONGEST, SURE, column_index, key, line_index
from govstats.recognition.notes import note
from govstats.recognition.tokens import LONGEST_LABEL, UNITS, Record
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
#: So many other copies of a table are looked for.
_MOST_COPIES = 4
#: A label has more characters than this; the crumbs of a torn one (果, 度办) do not.
_CRUMB = 3


@dataclass(slots=True, eq=False)
class Match:
    """A record that was found to be a line of the form.

    Attributes
    ----------
    record : Record
    line : str
    likeness : float
        Of its label and the form's, 0 to 1.
    torn : bool
        The label stands elsewhere: the lines before and after place the row.
    contradicted : bool
        The document shows other figures for the same line: no reading of this row alone can decide.
    """

    record: Record
    line: str
    likeness: float = 1.0
    torn: bool = False
    contradicted: bool = False

    @property
    def printed(self) -> tuple[str, ...]:
        """The figures as they stand."""
        return tuple(piece.text for piece in self.record.figures)


class _Candidate(NamedTuple):
    """A line that a record may be: its place in the form, and whether it has as many figures."""

    position: int
    fits: bool
    match: Match

    @property
    def order(self) -> int:
        return self.match.record.order

    @property
    def gain(self) -> float:
        return self.match.likeness + (_FIT if self.fits else 0.0)


def align(table: Table, records: Sequence[Record]) -> tuple[list[Match], list[Note]]:
    """Match records with the lines of a table.

    Parameters
    ----------
    table : Table
        Of the form; not an open one.
    records : sequence of Record
        In reading order; the table's rows among others.

    Returns
    -------
    matches : list of Match
        At most one a line, in the order of the form; none where the table is not there.
    notes : list of Note
        On rows that stand elsewhere, twice, or beyond the form.
    """
    owners = _owners(table, records)
    candidates = [
        _Candidate(table.position[line], _fits(record, len(table.columns_of[line])), Match(record, line, likeness))
        for record in records
        for line, likeness in (owners.get(id(record)) or _lines_of(table, record)).items()
        if owners.get(id(record)) != {} and not _in_another_group(table, record, line)
    ]
    chain = _heaviest_chain(candidates)
    if not _convincing(table, chain):
        return [], []
    notes = _other_copies(table, chain, candidates)
    matches = [candidate.match for candidate in _with_subtotals(table, chain)]
    lines = {match.line for match in matches}
    taken = {id(match.record) for match in matches}
    first, last = chain[0].order, chain[-1].order
    if sum(candidate.fits for candidate in chain) * 3 >= len(chain):
        near = range(first - _NEAR, last + _NEAR + 1)
        free = [c for c in candidates if id(c.match.record) not in taken and c.order in near]
        elsewhere = _out_of_order(table, free, lines)
        notes += [note("out_of_order", table, match.line, place=match.record.place) for match in elsewhere]
        taken |= {id(match.record) for match in elsewhere}
        whole = [m for m in matches if 2 * len(m.record.figures) >= len(table.columns_of[m.line]) or table.line[m.line].subtotal]
        torn = _enclosed(table, [r for r in records if id(r) not in taken], whole + elsewhere)
        notes += [note("torn_label", table, m.line, printed=m.record.printed, place=m.record.place) for m in torn]
        placed = {match.line for match in torn}
        matches = [match for match in matches if match.line not in placed] + elsewhere + torn
    matches.sort(key=lambda match: table.position[match.line])
    grids = {id(chain[0].match.record.grid), id(chain[-1].match.record.grid)} - {id(None)}
    inside = [r for r in records if first - 1 <= r.order <= last + 1 or id(r.grid) in grids]
    return matches, notes + _repeated_or_own(table, inside, matches, candidates)


def _fits(record: Record, columns: int) -> bool:
    """Tell whether a row has as many figures as a line has columns, blanks included."""
    return len(record.figures) == columns or len(record.figures) < columns <= len(record.fields)


# --- labels -----------------------------------------------------------------------------------------------------------------


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
    found = lines_named(table, record.labels or _without_header(table, record.before))
    if not found or record.labels:
        return found
    waiting = _lines_waiting(table, _without_header(table, record.before))
    return found if len(waiting | set(found)) == 1 else {}


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


def _owners(table: Table, records: Sequence[Record]) -> dict[int, dict[str, float]]:
    """Give unlabelled rows to the labels between two labelled rows where a row stands first: labels may stand below their rows.

    A label owns a row only where labels and unlabelled rows are as many; a row without an owner is in the result with nothing.
    """
    owners: dict[int, dict[str, float]] = {}
    run: list[Record] = []
    names: list[str] = []
    begun = False
    for record in records:
        names += [
            line
            for piece in _without_header(table, record.before)
            for line, likeness in line_index(table).find(piece.text).items()
            if likeness >= SURE and not table.line[line].subtotal
        ]
        if not lines_named(table, record.labels):
            if (
                not any(map(_is_label, record.labels))
                and record.figures
                and (run or (begun and not any(key(piece.text).word for piece in record.before)))
            ):
                run.append(record)
            continue
        if run and names:
            as_many = len(run) == len(names)
            owners |= {id(row): {names[at]: SURE} if as_many else {} for at, row in enumerate(run)}
        run, names, begun = [], [], True
    return owners


def _in_another_group(table: Table, record: Record, line: str) -> bool:
    """Tell whether the stub of a row names a group to which a line does not belong: its own label is another's."""
    headings = {key(label.zh).word: label.id for label in (*table.groups, *(one for one in table.lines if one.subtotal))}
    named = {headings[word] for piece in record.labels[:-1] if (word := key(piece.text).word) in headings}
    group = table.line[line].group
    return not named <= {line, group, table.line[group].group if group in table.line else ""}


def _is_label(piece: Cell) -> bool:
    return len(key(piece.text).word) > _CRUMB


# --- the order of the form --------------------------------------------------------------------------------------------------


def _lines_begun(table: Table, label: str) -> set[str]:
    """Return the lines of which a label may be the beginning, torn off."""
    word = key(label).word
    return {line for line, whole in line_index(table).words if len(word) >= 4 and whole.startswith(word) and whole != word}


def _heaviest_chain(candidates: Sequence[_Candidate]) -> list[_Candidate]:
    """Return the matches of greatest weight in which records and lines both go forward (dynamic programming).

    Skipped records weigh against a match, so that of two tables with the same labels the rows of one stay together.
    """
    weights: list[float] = []
    previous: list[int] = []
    for number, candidate in enumerate(candidates):
        best, before = 0.0, -1
        for earlier in range(max(0, number - _LOOKBACK), number):
            skipped = candidate.order - candidates[earlier].order - 1
            if candidates[earlier].position < candidate.position and skipped >= 0:
                weight = weights[earlier] - min(_SKIP * skipped, _FARTHEST)
                if weight > best:
                    best, before = weight, earlier
        weights.append(best + candidate.gain)
        previous.append(before)
    chain = []
    at = max(range(len(weights)), key=weights.__getitem__, default=-1)
    while at >= 0:
        chain.append(candidates[at])
        at = previous[at]
    return chain[::-1]


def _convincing(table: Table, chain: Sequence[_Candidate]) -> bool:
    """Tell whether a chain is the statutory table: half of its lines, or two of them, under a header or a band of the form."""
    columns, bands = column_index(table), {key(band.zh).word for band in table.bands if band.zh}

    def heads(text: str) -> bool:
        word = key(text).word
        sure = max(columns.find(text).values(), default=0) >= SURE or word in bands
        return sure or (len(text) <= LONGEST_LABEL and sum(column in word for _, column in columns.words) > 1)

    headed = any(heads(piece.text) for candidate in chain for piece in candidate.match.record.before)
    if len({candidate.position for candidate in chain}) * 2 >= len({line for _, line, _ in table.cells}):
        # a list of permits and penalties in the prose has the same few labels as the bands
        return headed or not bands
    return headed and sum(candidate.fits for candidate in chain) >= 2


def _other_copies(table: Table, chain: Sequence[_Candidate], candidates: Sequence[_Candidate]) -> list[Note]:
    """Look for other copies of a table or a part of it: of two that differ neither is ours to choose."""
    mine = {candidate.match.line: candidate.match for candidate in chain}
    taken = {candidate.order for candidate in chain}
    notes = []
    for _ in range(_MOST_COPIES):
        other = _heaviest_chain([c for c in candidates if c.order not in taken])
        if not _convincing(table, other):
            break
        taken |= {candidate.order for candidate in other}
        common = [(mine[c.match.line], c.match) for c in other if c.match.line in mine]
        differ = [one for one, again in common if one.printed != again.printed]
        if not differ:
            continue
        # of a whole copy the lines that stand there once may be of either
        for match in mine.values() if len(common) * 2 >= len(mine) else differ:
            match.contradicted = True
        places = sorted((chain[0].match.record.place, other[0].match.record.place))
        notes.append(note("two_tables", table, place=places[0], other=places[1]))
    return notes


def _with_subtotals(table: Table, chain: Sequence[_Candidate]) -> list[_Candidate]:
    """Keep a subtotal only where it is printed as a line of its own, beside its parts or alone.

    A row under the heading of a group that lost its own label looks just like it: the first part is then missing.
    """
    found = {candidate.match.line for candidate in chain}
    kept = []
    for number, candidate in enumerate(chain):
        match = candidate.match
        parts = set(table.parts(match.line)) if table.line[match.line].subtotal else set()
        if parts:
            beside = [c for c in chain[max(number - 1, 0) : number + 2] if c is not candidate]
            near = all(c.match.record.grid is match.record.grid for c in beside)
            following = chain[number + 1].order if number + 1 < len(chain) else candidate.order + 1
            alone = not found & parts and following == candidate.order + 1
            if not near or not (alone or parts <= found):
                continue
        kept.append(candidate)
    return kept


def _out_of_order(table: Table, candidates: Sequence[_Candidate], found: set[str]) -> list[Match]:
    """Return lines that stand elsewhere, as converters put them (stcsm-2024 prints 规章 after the fees)."""
    more: dict[str, list[Match]] = {}
    for candidate in candidates:
        line = table.line[candidate.match.line]
        if line.id not in found and not line.subtotal and candidate.match.likeness == 1.0 and candidate.fits:
            more.setdefault(line.id, []).append(candidate.match)
    return [matches[0] for matches in more.values() if len(matches) == 1]


def _enclosed(table: Table, free: Sequence[Record], matches: Sequence[Match]) -> list[Match]:
    """Place rows whose labels were torn off: between two labelled rows, as many rows as lines are missing (stcsm-2024)."""
    order = [line.id for line in table.lines if not line.subtotal]
    known = sorted((order.index(match.line), match.record.order) for match in matches if match.line in order)
    placed = []
    for (line, record), (next_line, next_record) in pairwise(known):
        missing = order[line + 1 : next_line]
        rows = [row for row in free if record < row.order < next_record and _is_unlabelled(table, row, missing)]
        fitting = all(_fits(row, len(table.columns_of[name])) for row, name in zip(rows, missing, strict=False))
        if missing and len(rows) == len(missing) and fitting:
            placed += [Match(row, name, torn=True) for row, name in zip(rows, missing, strict=True)]
    return placed


def _is_unlabelled(table: Table, record: Record, missing: Sequence[str]) -> bool:
    """Tell a row without a label of its own from an agency's own line: what stands by it is a crumb, or a piece of the form."""
    torn = "\n".join(key(table.line[name].zh).word for name in missing)
    if not record.figures or any(_is_label(piece) and key(piece.text).word not in torn for piece in record.labels):
        return False
    if not record.labels and _lines_of(table, record):
        return False
    whole = "".join(key(label.zh).word for label in (*table.groups, *table.lines, *table.columns))
    near = [piece for piece in _without_header(table, record.before) if _is_label(piece)]
    return record.grid is not None or all(key(piece.text).word in whole for piece in near[-len(missing) - 1 :])


def _repeated_or_own(
    table: Table, inside: Sequence[Record], matches: Sequence[Match], candidates: Sequence[_Candidate]
) -> list[Note]:
    """Note rows of an agency's own, and contradict lines that are printed twice with different figures."""
    notes = []
    by_line = {match.line: match for match in matches}
    orders = [match.record.order for match in matches]
    taken = {id(match.record) for match in matches}
    within = {id(record) for record in inside}
    for candidate in candidates:
        again, first = candidate.match, by_line.get(candidate.match.line)
        record = again.record
        if id(record) in taken or id(record) not in within or first is None:
            continue
        if again.likeness < SURE and (record.grid is None or not record.labels):
            continue
        beside = record.grid is not first.record.grid or record.grid is None
        if beside and again.likeness < 1.0 and not min(orders) < record.order < max(orders):
            continue
        if not (candidate.fits or record.labels or min(orders) < record.order < max(orders)):
            continue
        taken.add(id(record))
        if first.printed != again.printed:
            other = first.record.printed
            notes.append(note("duplicate_line", table, first.line, printed=record.printed, place=record.place, other=other))
            first.contradicted = True
    for record in inside:
        if id(record) in taken or not record.figures or not any(map(_is_label, record.labels)):
            continue
        label = record.labels[-1].text
        for line in _lines_begun(table, label) & by_line.keys():
            by_line[line].contradicted = True
        if min(orders) < record.order < max(orders):
            notes.append(note("outside_form", table, printed=record.printed, place=record.place, label=label))
    return notes
