"""Figures that ran together: split only where exactly one way of splitting satisfies the edits of the table."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import combinations, product
from math import comb, prod

from govstats.characters import figure
from govstats.documents import Cell
from govstats.forms import CellKey, Edit, Table
from govstats.recognition.across import in_form_order, words_above
from govstats.recognition.alignment import Match
from govstats.recognition.candidates import CONFIDENT
from govstats.recognition.columns import Headers, Placement, balances
from govstats.recognition.labels import key
from govstats.recognition.records import Record

#: 11,398,889 permits are the largest count seen.
_MOST_DIGITS = 9
#: A page without separators has a blank here and there (230 000023); figures that stand apart are no such page.
_FEW_WORDS = 3
#: So many ways to split a table are searched; beyond that nothing is decided.
_MOST_WAYS = 200_000
#: In a table that is otherwise whole so many rows may lack so many figures, merged or lost.
_MOST_TORN, _MOST_LACKING = 3, 2

#: The end of an amount: 13575394432.52元.
_DECIMALS = re.compile(r"(?:\.\d+)?(?:[万亿]?元)?$")

Row = tuple[str, ...]
#: None for a blank.
Figures = dict[CellKey, float | None]


def unglue(table: Table, matches: list[Match], edits: Sequence[Edit], records: Sequence[Record], headers: Headers) -> list[Match]:
    """Split rows whose figures came without separators (``640020470`` in the pingtan texts).

    Parameters
    ----------
    table : Table
        Of the form.
    matches : list of Match
        Lines found; those without a placement are tried.
    edits : sequence of Edit
        The balance edits of the table.
    records : sequence of Record
        Not yet claimed, among them the row in which lines stand side by side.
    headers : Headers
        Of the document: they must not name the columns in another order.

    Returns
    -------
    list of Match
        With a placement, and `glued` set, where one way of splitting is left; a sum never supplies a figure, it only
        decides between splits.

    Notes
    -----
    Where the other rows are whole, a row with too few figures is read as what it may be: some of its figures two that ran
    together, others blank (`_mended`). Where most rows are glued, all are searched at once.

    A blank leaves no trace among glued figures. So a table is split only where each of its lines shows at least as many
    digits as it has columns, which a table with blanks does not; without balance edits only zeros are certain, since
    no number begins with one.
    """
    if table.lines_across:
        return matches or _side_by_side(table, edits, records)
    if any(match.contradicted for match in matches):
        return matches
    torn = {match.line: match for match in matches if is_torn(table, match)} if edits else {}
    for line, mended in _mended(table, matches, torn, edits, headers).items():
        torn[line].placement, torn[line].glued = _placement(torn[line].record, mended), True
    for match in torn.values():
        if match.placement and not match.glued and _looks_merged(table, match, edits):
            match.placement = None
    if all(match.placement for match in matches):
        return matches
    few = sum(match.placement is None and len(match.record.figures) <= _FEW_WORDS for match in matches)
    if 2 * few < len(matches) and edits:
        return matches
    ways: dict[str, list[Row]] = {}
    for match in matches:
        columns = table.columns_of[match.line]
        tokens = tuple(piece.text for piece in match.record.figures)
        if match.placement and all(text.isdecimal() for text in match.placement.texts):
            ways[match.line] = [match.placement.texts]
        elif match.placement is None and _is_glued(match.record, len(columns)) and headers.usual(match.record, table, columns):
            balanced = _own_edits(edits, match.line)
            rows = _balanced(table, match.line, _splits(tokens, len(columns)), balanced)
            ways[match.line] = rows if balanced or set("".join(tokens)) == {"0"} else []
    decided = _decide(table, ways, edits)
    for match in matches:
        row = decided.get(match.line)
        if match.placement is None and row:
            match.placement, match.glued = _placement(match.record, row), True
    return matches


def splits_of(record: Record, table: Table, line: str, columns: Sequence[str]) -> list[Row]:
    """Return the ways to split the figures of a row that came without separators; none where they are no such row.

    Parameters
    ----------
    record : Record
        A row without a placement.
    table, line, columns
        The line it was found to be, with its columns; a way has to satisfy its edits.
    """
    if record.grid is not None:
        return []
    tokens = [piece.text for piece in record.figures]
    tail = _DECIMALS.search(tokens[-1] if tokens else "")
    if tail is None or not tokens:
        return []
    tokens[-1] = tokens[-1][: tail.start()]
    if not _are_glued(tokens, len(columns)):
        return []
    rows = _splits(tuple(tokens), len(columns))
    if not tail[0]:
        rows = _balanced(table, line, rows, _own_edits(table.balance_edits(), line))
    return [(*row[:-1], row[-1] + tail[0]) for row in rows]


def _mended(
    table: Table, matches: Sequence[Match], torn: Mapping[str, Match], edits: Sequence[Edit], headers: Headers
) -> Mapping[str, Row]:
    """Read rows that lost or merged a figure or two, in a table whose other rows are whole (3001733069 for 30017 and 33069).

    A figure may be two, a column may be blank: of all these readings exactly one must satisfy the edits of the row and of
    every column.
    """
    if not 0 < len(torn) <= _MOST_TORN or 2 * len(torn) >= len(matches):
        return {}
    whole = {cell: amount for match in matches if match.line not in torn for cell, amount in _amounts(table, match).items()}
    anything = _figures(table, {line: ("0",) * len(table.columns_of[line]) for line in torn})
    known = [edit for edit in edits if edit.difference({**whole, **anything}, blank=0) is not None]
    optical = any(map(_optical, torn.values()))
    ways: dict[str, list[Row]] = {}
    for line, match in torn.items():
        columns = table.columns_of[line]
        own = _own_edits(known, line)
        bound = {column for edit in known if edit not in own for _, name, column in edit.cells if name == line}
        if not own or bound != set(columns) or not headers.usual(match.record, table, columns):
            return {}
        rows = _fillings(_tokens(match.record), len(columns))
        ways[line] = [row for row in rows if all(_may_hold(edit, _figures(table, {line: row}), optical) for edit in own)]
    if prod(map(len, ways.values())) > _MOST_WAYS:
        return {}
    across = [edit for edit in known if len(edit.lines) > 1 and torn.keys() & edit.lines]
    figures: Figures = {cell: amount or 0.0 for cell, amount in whole.items()}
    found = []
    for chosen in product(*ways.values()):
        rows_of = dict(zip(ways, chosen, strict=True))
        figures |= _figures(table, rows_of)
        if all(_may_hold(edit, figures, optical) for edit in across):
            found.append(rows_of)
    return found[0] if len(found) == 1 and _is_confirmed(_figures(table, found[0]), known, optical) else {}


def _looks_merged(table: Table, match: Match, edits: Sequence[Edit]) -> bool:
    """Tell whether a row with blanks adds up once a figure is split (20 and a blank for 2 and 0), or has one led by zero."""
    columns, tokens = table.columns_of[match.line], _tokens(match.record)
    own = _own_edits(edits, match.line)
    spare = len(columns) - len(tokens)
    return _led_by_zero(tokens) or any(
        row.count("") < spare
        and _is_confirmed(figures := _figures(table, {match.line: row}), own, False)
        and all(_may_hold(edit, figures, False) for edit in own)
        for row in _fillings(tokens, len(columns))
        if own
    )


def _own_edits(edits: Sequence[Edit], line: str) -> list[Edit]:
    return [edit for edit in edits if edit.lines == {line}]


def _tokens(record: Record) -> tuple[str, ...]:
    """Return the words of a row; a gap inside a cell parts two figures."""
    return tuple(text for piece in record.figures for text in piece.text.split())


def _optical(match: Match) -> bool:
    return any(piece.confidence is not None for piece in match.record.fields)


def is_torn(table: Table, match: Match) -> bool:
    """Tell a row that has fewer figures than columns and cannot be placed, or does not add up as it stands."""
    columns = table.columns_of[match.line]
    if not 0 < len(columns) - len(match.record.figures) <= _MOST_LACKING:
        return False
    tokens = _tokens(match.record)
    if (
        len(tokens) > len(columns)
        or any(piece.readings for piece in match.record.fields)
        or not all(token.isdecimal() for token in tokens)
    ):
        return False
    return match.placement is None or _led_by_zero(tokens) or balances(table, match.line, match.placement) is not True


def _led_by_zero(tokens: Sequence[str]) -> bool:
    """Tell whether a figure begins with a zero, as no number does: 0175 beside a blank adds up like 0 and 175."""
    return any(token[0] == "0" and token.strip("0") for token in tokens)


def _amounts(table: Table, match: Match) -> Figures:
    """Return the amounts of a row that is placed, None for a blank; nothing where one of its cells is in doubt."""
    amounts: Figures = {}
    if match.placement is None or not match.placement.certain:
        return {}
    for column, piece in zip(table.columns_of[match.line], match.placement.fields, strict=True):
        read = figure(piece.text) if piece else None
        if piece is None or read is None or read.status == "unreadable" or piece.readings:
            return {}
        # a blank that recognition sees may be a figure that it missed
        if piece.confidence is not None and not (piece.confidence >= CONFIDENT and read.value is not None):
            return {}
        amounts[table.id, match.line, column] = read.value
    return amounts


def _fillings(tokens: tuple[str, ...], parts: int) -> list[Row]:
    """Return every way to part tokens into figures and to leave columns blank; none where there are too many."""
    rows: list[Row] = []
    for blanks in range(parts - len(tokens) + 1):
        split = _splits(tokens, parts - blanks)
        if len(split) * comb(parts, blanks) > _MOST_WAYS:
            return []
        for row in split:
            for places in combinations(range(parts), blanks):
                left = iter(row)
                rows.append(tuple("" if place in places else next(left) for place in range(parts)))
    return rows


def _may_hold(edit: Edit, figures: Figures, optical: bool) -> bool:
    """Tell whether figures can satisfy an edit: a blank counts nothing among the parts, and anything as a total.

    Where recognition shows a blank, it may be any figure.
    """
    surplus = sum(sign * (figures[cell] or 0.0) for cell, sign in edit.terms)
    return surplus == 0 or any(
        sign * surplus < 0 and figures[cell] is None for cell, sign in edit.terms[0 if optical else len(edit.left) :]
    )


def _is_confirmed(figures: Figures, known: Sequence[Edit], optical: bool) -> bool:
    """Tell whether no blank is a total, or one that recognition may have missed."""
    blank = {cell for cell, amount in figures.items() if amount is None}
    return not (blank and optical) and all(blank.isdisjoint(edit.cells[len(edit.left) :]) for edit in known)


def _is_glued(record: Record, columns: int) -> bool:
    """Tell whether a few words hold at least as many digits as there are columns."""
    return _are_glued([piece.text for piece in record.figures], columns)


def _are_glued(tokens: Sequence[str], columns: int) -> bool:
    digits = "".join(tokens)
    return digits.isdecimal() and len(tokens) < columns <= len(digits)


def _placement(record: Record, row: Row) -> Placement:
    """Place the figures that were split; a column without a figure has no cell that could be shown."""
    first = record.fields[0]
    confidence = min((piece.confidence for piece in record.figures if piece.confidence is not None), default=None)
    fields = (Cell(t, 0, 0, place=first.place, page=first.page, confidence=confidence) if t else None for t in row)
    return Placement(tuple(fields), True)


def _splits(tokens: tuple[str, ...], parts: int) -> list[Row]:
    """Return every way to part tokens into figures without leading zeros; a gap between two tokens parts two figures."""

    @cache
    def of(token: str, count: int) -> tuple[Row, ...]:
        if count == 1:
            return ((token,),) if len(token) <= _MOST_DIGITS and (token == "0" or token[:1] != "0") else ()
        ends = [1] if token[:1] == "0" else range(1, min(_MOST_DIGITS, len(token) - count + 1) + 1)
        return tuple((token[:end], *rest) for end in ends for rest in of(token[end:], count - 1) if len(token) > end)

    rows: list[Row] = []
    spare = parts - len(tokens)
    if spare < 0 or (spare > _MOST_LACKING and sum(map(len, tokens)) > 3 * parts + _MOST_DIGITS):
        return rows
    for extra in product(range(spare + 1), repeat=len(tokens)):
        if sum(extra) == spare:
            rows += [
                tuple(text for piece in pieces for text in piece)
                for pieces in product(*(of(token, more + 1) for token, more in zip(tokens, extra, strict=True)))
            ]
    return rows


def _figures(table: Table, rows: Mapping[str, Row]) -> Figures:
    return {
        (table.id, line, column): int(text) if text else None
        for line, row in rows.items()
        for column, text in zip(table.columns_of[line], row, strict=True)
    }


def _balanced(table: Table, line: str, rows: Iterable[Row], edits: Sequence[Edit]) -> list[Row]:
    """Return the ways to split a row that satisfy its own edits."""
    return [row for row in rows if all(edit.holds(_figures(table, {line: row})) for edit in edits)]


def _decide(table: Table, ways: Mapping[str, list[Row]], edits: Sequence[Edit]) -> dict[str, Row]:
    """Return the rows that are the same in every split of the whole table that satisfies its edits.

    Where no split satisfies all of them (agencies make mistakes), only rows without a choice count: as many digits as columns.
    """
    forced = {line: rows[0] for line, rows in ways.items() if len(rows) == 1 and all(len(text) == 1 for text in rows[0])}
    across = [edit for edit in edits if len(edit.lines) > 1]
    needed = {line for edit in across for line in edit.lines}
    if not needed:
        return forced
    if any(not ways.get(line) for line in needed):
        return {}
    feasible = _narrowed(table, {line: ways[line] for line in needed}, across)
    if not all(feasible.values()) or prod(map(len, feasible.values())) > _MOST_WAYS:
        return forced
    open_lines = [line for line, rows in feasible.items() if len(rows) > 1]
    chosen = {line: rows[0] for line, rows in feasible.items()}
    figures = _figures(table, chosen)
    solutions = []
    for rows in product(*(feasible[line] for line in open_lines)):
        changed = dict(zip(open_lines, rows, strict=True))
        figures |= _figures(table, changed)
        if all(edit.holds(figures) for edit in across):
            solutions.append({**chosen, **changed})
    if not solutions:
        return forced
    return {line: row for line, row in solutions[0].items() if all(other[line] == row for other in solutions)}


def _narrowed(table: Table, ways: dict[str, list[Row]], edits: Sequence[Edit]) -> dict[str, list[Row]]:
    """Drop splits that no choice of the other rows can balance, until none is left to drop."""
    while True:
        before = sum(map(len, ways.values()))
        for edit in edits:
            terms = [(line, table.columns_of[line].index(column), sign) for (_, line, column), sign in edit.terms]
            if not all(ways[line] for line, _, _ in terms):
                return ways
            bounds = [
                sorted((sign * int(row[at])) for row in ways[line])[:: max(1, len(ways[line]) - 1)] for line, at, sign in terms
            ]
            low, high = sum(bound[0] for bound in bounds), sum(bound[-1] for bound in bounds)
            for (line, at, sign), bound in zip(terms, bounds, strict=True):
                ways[line] = [row for row in ways[line] if low - bound[0] <= -sign * int(row[at]) <= high - bound[-1]]
                if not ways[line]:
                    return ways
        if sum(map(len, ways.values())) == before:
            return ways


def _side_by_side(table: Table, edits: Sequence[Edit], records: Sequence[Record]) -> list[Match]:
    """Split a row in which all lines of a table stand side by side, by the balance edit of each."""
    names = [key(line.zh).word for line in table.lines]
    width = len(table.columns)
    found = []
    for record in records:
        above = words_above(record)
        named = all(name in "".join(above) for name in names)
        few = len(record.figures) <= _FEW_WORDS
        if few and named and in_form_order(table, above) and _is_glued(record, width * len(names)):
            digits = "".join(piece.text for piece in record.figures)
            found.append((record, list(_blocks(table, edits, digits, [line.id for line in table.lines]))))
    if len(found) != 1 or len(found[0][1]) != 1:
        return []
    record, (rows,) = found[0]
    return [Match(record, line.id, _placement(record, row), True) for line, row in zip(table.lines, rows, strict=True)]


def _blocks(table: Table, edits: Sequence[Edit], digits: str, lines: Sequence[str]) -> Iterator[tuple[Row, ...]]:
    """Yield every way to part digits into one balanced row for each line."""
    width = len(table.columns)
    if not lines:
        if not digits:
            yield ()
        return
    own = [edit for edit in edits if edit.subject == lines[0]]
    shortest = width * (len(lines) - 1)
    for end in range(width, len(digits) - shortest + 1) if len(lines) > 1 else [len(digits)]:
        for row in _balanced(table, lines[0], _splits((digits[:end],), width) if own else (), own):
            for rest in _blocks(table, edits, digits[end:], lines[1:]):
                yield (row, *rest)
