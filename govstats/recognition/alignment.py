"""Which line is it? Records matched with the lines of a table, by their labels and in the order of the form."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import pairwise, takewhile
from operator import attrgetter, itemgetter

from govstats.documents import Cell
from govstats.forms import Table
from govstats.recognition.labels import SURE, column_index, key, line_index, words_of, words_of_form
from govstats.recognition.notes import note
from govstats.recognition.tokens import LONGEST_LABEL, TEXT, UNITS, Record
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
#: So many other copies of a table are looked for; one that is no table by itself has at least so many lines under a header.
_MOST_COPIES, _FEWEST_OF_COPY = 4, 3
#: Figures without a label that are no row: page numbers, a figure of a row that is torn.
_MOST_ALONE = 2
#: A label has more characters than this; the crumbs of a torn one (果, 度办) do not.
_CRUMB = 3
#: Of a label, in characters, that its cell had no room for.
_LONGEST_REST = 8
#: By so many characters the beginning of a torn label is told from that of others (属于行政执法案卷, 属于行政查询事项).
_BEGINNING = 5


@dataclass(slots=True, eq=False)
class Match:
    """A record that is, or may be, a line of the form.

    Attributes
    ----------
    record : Record
    line : str
    likeness : float
        Of its label and the form's, 0 to 1.
    fits : bool
        It has as many figures as the line has columns, blanks included.
    torn : bool
        The label stands elsewhere: the lines before and after place the row.
    contradicted : bool
        The document shows other figures for the same line: no reading of this row alone can decide.
    """

    record: Record
    line: str
    likeness: float = 1.0
    fits: bool = True
    torn: bool = False
    contradicted: bool = False

    @property
    def order(self) -> int:
        """The number of the record in the document."""
        return self.record.order

    @property
    def own(self) -> Sequence[Cell]:
        """The text next to the figures, which is their label or ends it."""
        return (self.record.labels or self.record.before)[-1:]

    @property
    def printed(self) -> tuple[str, ...]:
        """The figures as they stand."""
        return tuple(piece.text for piece in self.record.figures)


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
    candidates = _candidates(table, records)
    chain = _heaviest_chain(table, candidates)
    if not _convincing(table, chain):
        return [], []
    elsewhere = _out_of_order(table, records, candidates, chain)
    found = _without_headings(table, chain) + elsewhere
    torn = _enclosed(table, records, candidates, found)
    by_line = {match.line: match for match in (*found, *torn)}
    notes = [note("out_of_order", table, match.line, place=match.record.place) for match in elsewhere]
    notes += [note("torn_label", table, m.line, printed=m.record.printed, place=m.record.place) for m in torn]
    notes += _contradict_copies(table, by_line, records, candidates)
    notes += _contradict_repeated(table, by_line, records, candidates)
    notes += _contradict_blank(table, by_line, records)
    _contradict_shifted(table, by_line, records)
    return sorted(by_line.values(), key=lambda match: table.position[match.line]), notes


# --- labels -----------------------------------------------------------------------------------------------------------------


def lines_named(table: Table, pieces: Sequence[Cell]) -> Mapping[str, float]:
    """Return the lines that the label next to the figures may mean, alone or with the pieces before it: it may be torn."""
    joined = ""
    for text in reversed([piece.text for piece in pieces[-_MOST_PIECES:] if piece.text not in UNITS]):
        joined = text + joined
        # a label begins with its number; what stands before belongs to another
        if (lines := line_index(table).find(joined)) or key(text).number:
            return lines
    return {}


def _candidates(table: Table, records: Sequence[Record]) -> list[Match]:
    """Return every line that a record may be by its label."""
    lines: dict[int, Mapping[str, float]] = {}
    run: list[Record] = []
    begun = False
    for above, record, following in zip([None, *records], records, [*records[1:], None], strict=False):
        named = lines_named(table, record.labels)
        lines[record.order] = named if record.labels else _lines_before(table, record, above)
        if not lines[record.order] and following and record.grid is TEXT:
            around = _lines_around(table, record.before, following.before)
            # below a block of labels the figures may be those of any
            lines[record.order] = around if _lines_waiting(table, record.before) <= around.keys() else {}
        if named:
            lines |= _labels_below(table, run, record)
            run, begun = [], True
        elif not record.labels and (run or (begun and not any(words_of(record.before)))):
            run.append(record)
    return [
        Match(record, line, likeness, _fits(record, len(table.columns_of[line])))
        for record in records
        for line, likeness in lines[record.order].items()
        if not _in_another_group(table, record, line)
    ]


def _fits(record: Record, columns: int) -> bool:
    """Tell whether a row has as many figures as a line has columns, blanks included."""
    return len(record.figures) == columns or len(record.figures) < columns <= len(record.fields)


def _without_header(table: Table, pieces: Sequence[Cell]) -> Sequence[Cell]:
    """Drop the column labels that stand last: the line is named above its header (shuyang-county-2025)."""
    header = takewhile(lambda piece: _is_header(table, piece.text), reversed(pieces))
    return pieces[: len(pieces) - len(list(header))]


def _in_another_group(table: Table, record: Record, line: str) -> bool:
    """Tell whether the stub of a row names a group to which a line does not belong: its own label is another's."""
    named = {_groups(table).get(word, line) for word in words_of(record.labels[:-1])}
    group = table.line[line].group
    return not named <= {line, group, table.line[group].group if group in table.line else ""}


@cache
def _groups(table: Table) -> Mapping[str, str]:
    """Return the groups of a table by their headings."""
    return {key(label.zh).word: label.id for label in (*table.groups, *filter(attrgetter("subtotal"), table.lines))}


def _is_label(piece: Cell) -> bool:
    return len(key(piece.text).word) > _CRUMB


def _begins_label(piece: Cell) -> bool:
    """Tell a label, or the first characters of one with its number, from a crumb."""
    word = key(piece.text)
    return len(word.word) > (1 if word.number else _CRUMB)


# --- torn labels ------------------------------------------------------------------------------------------------------------


def _lines_before(table: Table, record: Record, above: Record | None) -> Mapping[str, float]:
    """Return the lines that the label before a row without one may mean, if no other waits there.

    The end of a label that began just before the row above is no label of this one.
    """
    before = _without_header(table, record.before)
    halves = words_of((*(above.before[-1:] if above else ()), *before[:1]))
    torn = {name for name, label in line_index(table).words if label == "".join(halves) != halves[-1]}
    # a column between label and figures is one of the line's own
    columns = set[str]().union(*(column_index(table).find(piece.text) for piece in record.before[len(before) :]))
    lines = {
        name: likeness
        for name, likeness in lines_named(table, before).items()
        if (likeness >= SURE or name not in torn) and not (columns and columns.isdisjoint(table.columns_of[name]))
    }
    return lines if len(_lines_waiting(table, before).union(lines)) == 1 else {}


def _lines_waiting(table: Table, pieces: Sequence[Cell]) -> set[str]:
    """Return the lines whose labels, whole or torn (stcsm-2024), stand before some figures since the last header."""
    behind = takewhile(lambda piece: not _is_header(table, piece.text), reversed(pieces))
    return set().union(*(_lines_begun(table, piece.text) for piece in behind if len(piece.text) <= LONGEST_LABEL))


@lru_cache(maxsize=4096)
def _lines_begun(table: Table, text: str) -> frozenset[str]:
    """Return the lines of which a text is the label, or begins with its first characters, or is them: it may be torn."""
    word, number, entries = key(text).word, key(text).number, line_index(table).entries
    begun = {
        name
        for name, label in entries
        if label.plain == word
        or (len(label.plain) > _CRUMB and word.startswith(label.plain[:_BEGINNING]))
        or (word and number and number == label.number and label.word.startswith(word))
    }
    return frozenset(name for name in begun if not table.line[name].subtotal)


def _lines_around(table: Table, before: Sequence[Cell], after: Sequence[Cell]) -> Mapping[str, float]:
    """Return the lines whose label is torn over the lines around its figures: its pieces, and nothing else, are all there.

    Pieces of the label of its group may stand between them; before its first and after its last piece may stand anything.
    """
    above = [key(word) for piece in before[-_MOST_PIECES:] for word in piece.text.split()]
    below = [key(word) for piece in after[:_MOST_PIECES] for word in piece.text.split()]
    return {
        name: SURE
        for name, label in line_index(table).entries
        for whole in {label.word, label.plain}
        for at, first in enumerate(above)
        if whole.startswith(first.word or "\n") and first.number in {"", label.number}
        if _is_torn_into(whole, [piece.word for piece in above[at:]], [piece.word for piece in below], "\n".join(_groups(table)))
    }


def _is_torn_into(label: str, above: Sequence[str], below: Sequence[str], crumbs: str) -> bool:
    """Tell whether pieces make a label, in turn, the last beside the figures or below; a crumb may stand between them."""
    rest = label
    for number, piece in enumerate((*above, *below)):
        if piece and rest.startswith(piece):
            rest = rest.removeprefix(piece)
            if not rest:
                return number + 1 >= len(above) and piece != label
        elif piece not in crumbs:
            return False
    return False


def _labels_below(table: Table, run: Sequence[Record], following: Record) -> Mapping[int, Mapping[str, float]]:
    """Give unlabelled rows of which one stands first behind a labelled row the labels below them.

    Where they are not as many, it cannot be told whose a label is, and none owns a row.
    """
    if not run:
        return {}
    pieces = [piece for record in (*run[1:], following) for piece in _without_header(table, record.before)]
    below = [lines for piece in pieces if (lines := line_index(table).find(piece.text))]
    named = below if len(below) == len(run) else [{}] * len(run)
    return {record.order: lines for record, lines in zip(run, named, strict=True)} if below else {}


def rest_of_label(record: Record, following: Sequence[Record]) -> str:
    """Return the end of a label that goes on below its figures: a few characters before the next label with a number."""
    if record.grid is not TEXT or not following or not following[0].before:
        return ""
    *crumbs, label = following[0].before
    rest = "".join(crumb.text for crumb in crumbs)
    torn = len(rest) <= _LONGEST_REST and key(label.text).number and not any(key(crumb.text).number for crumb in crumbs)
    return rest if torn else ""


def _enclosed(table: Table, records: Sequence[Record], candidates: Sequence[Match], matches: Sequence[Match]) -> list[Match]:
    """Place rows whose labels were torn off: between two labelled rows, as many rows as lines are missing (stcsm-2024)."""
    order = [line.id for line in table.lines if not line.subtotal]
    # a row with less than half of its figures is a part of one
    whole = [match for match in matches if 2 * len(match.record.figures) >= len(table.columns_of[match.line])]
    known = sorted([(order.index(match.line), match.order) for match in whole if match.line in order])
    gaps = [(above, below) for above, below in pairwise(known) if below[0] > above[0] + 1]
    labelled = [c for c in candidates if (not c.record.labels or any(map(_is_label, c.record.labels)))]
    taken = {match.order for match in (*matches, *labelled)}
    placed = []
    for (line, above), (next_line, below) in gaps:
        missing = order[line + 1 : next_line]
        free = [row for row in records if above < row.order < below and row.figures and row.order not in taken]
        rows = [row for row in free if _is_unlabelled(table, row, len(missing))]
        if len(rows) == len(missing) and all(map(_fits, rows, [len(table.columns_of[name]) for name in missing])):
            placed += [Match(row, name, torn=True) for row, name in zip(rows, missing, strict=True)]
    return placed


def _is_unlabelled(table: Table, record: Record, missing: int) -> bool:
    """Tell a row without a label of its own from an agency's own line: what stands by it is a crumb, or a piece of the form."""
    pieces = _without_header(table, record.before) if record.grid is TEXT else record.labels
    return all(word in _words(table) for word in words_of(pieces[-missing - 1 :]))


@cache
def _words(table: Table) -> str:
    """Return every label of a table, in which a piece of one is found."""
    return "\n".join(words_of_form((*table.groups, *table.lines, *table.columns)))


def _contradict_shifted(table: Table, matches: Mapping[str, Match], records: Sequence[Record]) -> None:
    """Contradict lines of running text between a row that has no label and a label that has no row: labels may have slipped."""
    order = [line.id for line in table.lines if not line.subtotal]
    taken = {match.order for match in matches.values()}
    stray = [
        record.order
        for record in records
        if record.grid is TEXT and min(taken) < record.order < max(taken) and record.order not in taken
        if not any(words_of(record.before)) and len(record.figures) > _MOST_ALONE
    ]
    for at in stray:
        above = max((name for name in order if name in matches and matches[name].order < at), key=lambda n: matches[n].order)
        rest = order[order.index(above) + 1 :]
        known = list(takewhile(matches.__contains__, rest))
        for name in known if len(known) < len(rest) else ():
            matches[name].contradicted = True


# --- the order of the form --------------------------------------------------------------------------------------------------


def _heaviest_chain(table: Table, candidates: Sequence[Match]) -> list[Match]:
    """Return the matches of greatest weight in which records and lines both go forward (dynamic programming).

    Skipped records weigh against a match, so that of two tables with the same labels the rows of one stay together.
    """
    # the weight of the heaviest chain that ends with each candidate, and the chain itself
    chains: list[tuple[float, list[Match]]] = []
    for match in candidates:
        position = table.position[match.line]
        most: tuple[float, list[Match]] = (0.0, [])
        for weight, chain in chains[: -_LOOKBACK - 1 : -1]:
            last = chain[-1]
            if weight >= most[0] and last.order < match.order and table.position[last.line] < position:
                skipped = min(_SKIP * (match.order - last.order - 1), _FARTHEST)
                most = max((weight - skipped, chain), most, key=itemgetter(0))
        chains.append((most[0] + match.likeness + _FIT * match.fits, [*most[1], match]))
    return max(chains, key=itemgetter(0), default=(0.0, []))[1]


def _convincing(table: Table, chain: Sequence[Match]) -> bool:
    """Tell whether a chain is the statutory table: half of its lines, or two of them, under a header or a band of the form."""
    headed = _is_headed(table, chain)
    if len(chain) * 2 >= len({line for _, line, _ in table.cells}):
        # a list of permits and penalties in the prose has the same few labels as the bands
        return headed or not table.bands[0].zh
    return headed and sum(match.fits for match in chain) >= 2


def _is_headed(table: Table, chain: Sequence[Match]) -> bool:
    return any(_is_header(table, piece.text) for match in chain for piece in match.record.before)


@lru_cache(maxsize=4096)
def _is_header(table: Table, text: str) -> bool:
    """Tell whether a text is a column's or a band's label, or the labels of several columns in one line."""
    label, columns = key(text), column_index(table)
    several = len(text) <= LONGEST_LABEL and sum(column in label.word for _, column in columns.words) > 1
    # （七）总计 is a line
    one = not label.number and label.plain in columns.exact
    return several or one or label.word in {key(band.zh).word for band in table.bands if band.zh}


def _without_headings(table: Table, chain: Sequence[Match]) -> list[Match]:
    """Keep a subtotal only where it is printed as a line of its own, beside its parts or alone.

    A row under the heading of a group that lost its own label looks just like it: the first part is then missing.
    """
    found = {match.line for match in chain}
    kept = []
    for number, match in enumerate(chain):
        parts, around = set(table.parts(match.line)), chain[max(number - 1, 0) : number + 2]
        near = len({id(one.record.grid) for one in around}) == 1
        if not parts or (near and (found.isdisjoint(parts) or parts <= found)):
            kept.append(match)
    return kept


def _out_of_order(table: Table, records: Sequence[Record], candidates: Sequence[Match], chain: Sequence[Match]) -> list[Match]:
    """Return lines that stand elsewhere, as converters put them (stcsm-2024 prints 规章 after the fees)."""
    near = range(chain[0].order - _NEAR, chain[-1].order + _NEAR + 1)
    pieces = [piece for record in records if record.order in near for piece in (*record.before, *record.labels)]
    # a line whose label stands there besides is there, with cells that are blank or belong to nobody
    stands = _count_labels(table, pieces)
    matched = {match.line for match in chain}
    sure = [c for c in candidates if c.likeness == 1.0 and c.fits and c.order in near and not table.line[c.line].subtotal]
    count = Counter(candidate.line for candidate in sure)
    return [
        c for c in sure if c.line not in matched and count[c.line] == 1 and stands[c.line] <= _count_labels(table, c.own)[c.line]
    ]


def _count_labels(table: Table, pieces: Sequence[Cell]) -> Counter[str]:
    """Count for each line the texts that are a label of it."""
    index = line_index(table)
    known = [piece.text for piece in pieces if key(piece.text).word in index.exact]
    return Counter(line for text in known for line, likeness in index.find(text).items() if likeness == 1.0)


# --- lines printed twice ----------------------------------------------------------------------------------------------------


def _contradict_copies(
    table: Table, matches: Mapping[str, Match], records: Sequence[Record], candidates: Sequence[Match]
) -> list[Note]:
    """Look for other copies of the table or of a part of it: of two that differ neither is ours to choose."""
    notes = []
    taken = {match.order for match in matches.values()}
    for _ in range(_MOST_COPIES):
        copy = _heaviest_chain(table, [c for c in candidates if c.order not in taken])
        # of a copy with blanks, or whose rows wrap, few rows have all figures
        if not (_convincing(table, copy) or (len(copy) >= _FEWEST_OF_COPY and _is_headed(table, copy))):
            break
        copy += _enclosed(table, records, candidates, copy)
        taken |= {again.order for again in copy}
        common = [again for again in copy if again.line in matches]
        differ = [again.line for again in common if again.printed != matches[again.line].printed]
        if not differ:
            continue
        # of a whole copy, some rows of which may be blank, the lines that stand there once may be of either
        stands = _count_labels(table, [piece for again in copy for piece in (*again.record.before, *again.record.labels)])
        for line in matches if 2 * len({again.line for again in common} | stands.keys()) >= len(matches) else differ:
            matches[line].contradicted = True
        places = sorted((min(matches.values(), key=attrgetter("order")).record.place, copy[0].record.place))
        notes.append(note("two_tables", table, place=places[0], other=places[1]))
    return notes


def _contradict_repeated(
    table: Table, matches: Mapping[str, Match], records: Sequence[Record], candidates: Sequence[Match]
) -> list[Note]:
    """Contradict lines that stand again among the rows of the table, or begin a label there; note rows of an agency's own."""
    notes = []
    orders = sorted(match.order for match in matches.values())
    # strokes between rows have no label
    labelled = sorted({*orders, *(record.order for record in records if record.labels or record.before)})
    first, last = map(labelled.index, (orders[0], orders[-1]))
    next_to = {*labelled[max(first - 1, 0) : first], *labelled[last + 1 : last + 2]}
    for again in candidates:
        record, known = again.record, matches.get(again.line)
        if known is None or record.order in orders or known.printed == again.printed:
            continue
        among = orders[0] < record.order < orders[-1] or record.grid is known.record.grid is not TEXT
        beside = again.likeness == 1.0 and record.order in next_to
        sure = bool(record.labels) or again.likeness >= SURE
        if beside or (among and sure):
            known.contradicted = True
            other = known.record.printed
            notes.append(note("duplicate_line", table, again.line, printed=record.printed, place=record.place, other=other))
    taken = {*orders, *(candidate.order for candidate in candidates)}
    grids = {id(match.record.grid) for match in matches.values()} - {id(TEXT)}
    for record in records:
        inside = orders[0] < record.order < orders[-1]
        beside = inside or id(record.grid) in grids
        if not beside or record.order in taken or not record.figures or not any(map(_begins_label, record.labels)):
            continue
        label = record.labels[-1].text
        begun = {line for line, whole in line_index(table).words if whole.startswith(key(label).word)}
        for line in begun & matches.keys():
            matches[line].contradicted = True
        if inside:
            notes.append(note("outside_form", table, printed=record.printed, place=record.place, label=label))
    return notes


def _contradict_blank(table: Table, matches: Mapping[str, Match], records: Sequence[Record]) -> Iterator[Note]:
    """Contradict lines of running text whose label stands there again, without figures: a blank row leaves no other trace."""
    orders = {match.order for match in matches.values()}
    rows = [row for row in records if min(orders) <= row.order <= max(orders)]
    # of what stands before the table and behind it, no more than what is next to its lines
    first = records.index(rows[0])
    above = (piece for row in records[first::-1] for piece in reversed((*row.before, *row.labels)))
    next_to = takewhile(lambda piece: not _is_header(table, piece.text), above)
    behind = next((row.before[:1] for row in records if row.order > max(orders)), ())
    stands: Counter[str] = Counter()
    for pieces in ([*next_to], *((*row.before, *row.labels) for row in rows[1:]), behind):
        named = _count_labels(table, [piece for piece in pieces if not _is_header(table, piece.text)])
        # the stub of a table with groups is wide: a label may be written out over it
        stands.update(named.keys() if table.groups else named)
    for match in matches.values():
        if not match.record.grid.bounded and stands[match.line] > 1 and not match.contradicted:
            match.contradicted = True
            yield note("duplicate_line", table, match.line, place=match.record.place, other=match.record.printed)
